"""Held-out outcomes: the true value of the headline, where a study withholds outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.checks.withheld_outcomes import held_out_check
from causalstats.core.abilities import ImperfectlyTested
from causalstats.core.check import Check
from causalstats.data import Decisions
from causalstats.models.shared.sentences import those_not_decided_for

if TYPE_CHECKING:
    from causalstats.inference.fit import Fit


def held_out_rate(fit: Fit) -> float | None:
    """Return the weighted rate of the held-out outcomes, the truth of the headline.

    None unless everybody with decision 0 has a withheld outcome, measured without error.
    """
    data = fit.data
    if (
        not isinstance(data, Decisions)
        or data.withheld is None
        or _imperfectly_tested(fit)
    ):
        return None
    undecided = ~data.decision
    if not np.isfinite(data.withheld[undecided]).all():
        return None
    return float(np.average(data.withheld[undecided], weights=data.weights[undecided]))


def held_out_checks(fit: Fit) -> tuple[Check, ...]:
    """Compare the held-out outcomes with the model's predictions for the same people."""
    data = fit.data
    if not isinstance(data, Decisions) or data.withheld is None:
        return ()
    known = np.isfinite(data.withheld)
    undecided = ~data.decision
    people = those_not_decided_for(data, "those not decided for")
    if not known[undecided].all():
        people = f"{people} ({known.sum():,} of {undecided.sum():,})"
    posterior = fit.draws["posterior"].to_dataset()
    estimand = fit.model.estimands()[fit.headline]
    answer = estimand.compute(posterior, data.part(known))
    if isinstance(fit.model, ImperfectlyTested):
        answer = fit.model.reported(posterior, answer)
    check = held_out_check(
        answer.to_numpy().ravel(),
        data.withheld[known],
        data.weights[known],
        unit=estimand.unit,
        who=people,
        noun="results of the test" if _imperfectly_tested(fit) else "outcomes",
        some=not known[undecided].all(),
    )
    return (check,)


def _imperfectly_tested(fit: Fit) -> bool:
    return isinstance(fit.model, ImperfectlyTested) and fit.model.imperfect
