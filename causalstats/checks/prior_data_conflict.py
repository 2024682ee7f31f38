"""Whether knowledge from outside contradicts the data."""

from typing import Any

import numpy as np
from scipy.stats import norm

from causalstats.checks.posterior_predictive import predictive
from causalstats.core.assumption import Relaxation
from causalstats.core.check import Check
from causalstats.core.knowledge import Known

_ENOUGH = 100  # effective draws: the Monte Carlo error of z is then below 0.1
_LEVEL = 0.01  # of one check, however many labels it holds


def conflict(relaxation: Relaxation, refit: Any) -> tuple[Check, ...]:
    """Hold the posterior of a fit without this knowledge against the known value.

    z = (mean - known) / sqrt(variance + sd²) of each label; the largest |z| is held to the limit
    that as many independent ones pass together with probability 0.99 (Šidák), which is a bound for
    correlated ones. Undecided where the refit was not sampled well, or where what identifies it
    without this knowledge is an assumption that the data contradict.
    """
    table = refit.effect(relaxation.estimand).numbers()
    labels = list(relaxation.labels or (relaxation.estimand,))
    known = {
        label: relaxation.known if isinstance(relaxation.known, Known) else relaxation.known[label]
        for label in labels
    }
    z = {
        label: (table.loc[label, "mean"] - value.value)
        / max(np.hypot(table.loc[label, "sd"], value.sd), 1e-300)
        for label, value in known.items()
    }
    limit = float(norm.ppf((1 + (1 - _LEVEL) ** (1 / len(labels))) / 2))
    worst = max(z, key=lambda label: abs(z[label]))
    agrees, row = bool(abs(z[worst]) < limit), table.loc[worst]
    doubt = _poorly_sampled(table.loc[labels], refit)
    if not doubt and not agrees and relaxation.suspect:
        doubt = _not_identified(relaxation, refit)
    among = f", the largest of {len(labels)}" if len(labels) > 1 else ""
    finding = (
        f"{worst} is {row['mean']:.3g} ± {row['sd']:.2g} where that is not imposed, known as "
        f"{known[worst]}; z = {z[worst]:.1f}{among}"
    )
    check = Check(
        name=f"agrees with the data: {relaxation.name}",
        passed=None if doubt else agrees,
        value=float(z[worst]),
        expected=f"|z| below {limit:.2f}",
        finding=f"{finding}; undecided, because {doubt}" if doubt else finding,
        remedy="Sample longer."
        if doubt.startswith("the refit was")
        else ""
        if agrees or doubt
        else relaxation.remedy,
    )
    return (check,)


def _poorly_sampled(rows: Any, refit: Any) -> str:
    """Return why the draws of the refit cannot be used, or nothing."""
    poor = [
        check.finding
        for check in refit.sampling()
        if check.passed is False and check.name in ("divergences", "complete run")
    ]
    fewest, largest = rows["ess_bulk"].min(), rows["r_hat"].max()
    if fewest < _ENOUGH or largest > 1.01:
        poor.append(f"ESS {fewest:.0f}, R-hat {largest:.3f}")
    return f"the refit was not sampled well ({', '.join(poor)})" if poor else ""


def _not_identified(relaxation: Relaxation, refit: Any) -> str:
    """Return that the data contradict the assumption on which the refit alone rests, or nothing."""
    contradicted = [
        check.name
        for check in predictive(refit.predictions().values())
        if check.passed is False and check.assumption == relaxation.suspect
    ]
    if not contradicted:
        return ""
    return (
        f"without it the answer rests on {relaxation.suspect} alone, and that is what the data "
        f"contradict ({', '.join(contradicted)})"
    )
