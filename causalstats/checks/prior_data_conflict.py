"""Prior-data conflict: whether knowledge from outside contradicts the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd
from scipy.stats import norm

from causalstats.core.abilities import HasDataChecks
from causalstats.core.assumption import Relaxation
from causalstats.core.check import Check
from causalstats.core.knowledge import Known

if TYPE_CHECKING:
    from causalstats.inference.fit import Fit

_SMALLEST_ESS = 100  # the Monte Carlo error of z is then below 0.1
_LARGEST_R_HAT = 1.01
_LEVEL = 0.01  # of one check, however many labels it holds


def prior_data_conflict(relaxation: Relaxation, refit: Fit) -> tuple[Check, ...]:
    """Compare a known value with its posterior in a fit that does not use it.

    z = (mean - known) / sqrt(variance + sd²) for each label. The largest |z| is compared with
    Šidák's limit, which as many independent z pass together with probability 0.99; for correlated
    ones it is conservative. The check is undecided where the refit was not sampled well, or where
    the data contradict the only assumption that identifies it.

    Parameters
    ----------
    relaxation : Relaxation
        The knowledge, and the estimand that it is about.
    refit : Fit
        The fit of `relaxation.model`.

    References
    ----------
    Evans & Moshonov (2006), Checking for prior-data conflict, Bayesian Analysis 1.
    """
    table = refit.effect(relaxation.estimand).numbers()
    labels = list(relaxation.labels or (relaxation.estimand,))
    known = {label: _known(relaxation, label) for label in labels}
    z = {
        label: _z(cast(pd.Series, table.loc[label]), value)
        for label, value in known.items()
    }
    limit = float(norm.ppf((1 + (1 - _LEVEL) ** (1 / len(labels))) / 2))
    worst = max(z, key=lambda label: abs(z[label]))
    agrees = bool(abs(z[worst]) < limit)
    row = table.loc[worst]
    poor = _poorly_sampled(table.loc[labels], refit)
    doubt = poor or ("" if agrees else _not_identified(relaxation, refit))
    among = f", the largest of {len(labels)}" if len(labels) > 1 else ""
    finding = (
        f"{worst} is {row['mean']:.3g} ± {row['sd']:.2g} where that is not imposed, known as "
        f"{known[worst]}; z = {z[worst]:.1f}{among}"
    )
    remedy = "" if agrees else relaxation.remedy
    if doubt:
        finding = f"{finding}; undecided, because {doubt}"
        remedy = "Sample longer." if poor else ""
    check = Check(
        name=conflict_name(relaxation),
        passed=None if doubt else agrees,
        value=float(z[worst]),
        expected=f"|z| below {limit:.2f}",
        finding=finding,
        remedy=remedy,
    )
    return (check,)


def conflict_name(relaxation: Relaxation) -> str:
    """Return the name of the check of a piece of knowledge."""
    return f"agrees with the data: {relaxation.name}"


def _known(relaxation: Relaxation, label: str) -> Known:
    return (
        relaxation.known
        if isinstance(relaxation.known, Known)
        else relaxation.known[label]
    )


def _z(row: pd.Series, known: Known) -> float:
    return (row["mean"] - known.value) / max(np.hypot(row["sd"], known.sd), 1e-300)


def _poorly_sampled(rows: pd.DataFrame, refit: Fit) -> str:
    """Return why the draws of the refit cannot be used, or nothing."""
    poor = [
        check.finding
        for check in refit.sampling()
        if check.passed is False and check.name in ("divergences", "complete run")
    ]
    ess, r_hat = rows["ess_bulk"].min(), rows["r_hat"].max()
    if ess < _SMALLEST_ESS or r_hat > _LARGEST_R_HAT:
        poor.append(f"ESS {ess:.0f}, R-hat {r_hat:.3f}")
    return f"the refit was not sampled well ({', '.join(poor)})" if poor else ""


def _not_identified(relaxation: Relaxation, refit: Fit) -> str:
    """Return that the data contradict the assumption on which the refit alone rests, or nothing."""
    suspect = relaxation.suspect
    if not suspect or not isinstance(refit.model, HasDataChecks):
        return ""
    contradicted = [
        check.name
        for check in refit.model.data_checks(refit.data)
        if check.passed is False and check.assumption == suspect
    ]
    if not contradicted:
        return ""
    return (
        f"without it the answer rests on {suspect} alone, and that is what the data contradict "
        f"({', '.join(contradicted)})"
    )
