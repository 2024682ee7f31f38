"""Unit labels that do not follow anybody: repeated cross-sections read as a panel.

Where each wave has other people under the same numbers, unit effects take out nothing, and lasting
differences between people confound as they do without them. Units of a real panel resemble
themselves: the rows of one unit have an intraclass correlation ρ above 0 in the outcome, a
treatment or a covariate, by the analysis of variance with n_i rows of unit i

    F = MS_between / MS_within,   ρ = (F - 1) / (F - 1 + n_0),   n_0 = (N - Σ n_i² / N) / (U - 1)

The caution is said where F of no column differs from 1 in either direction, and the outcome's ρ is
known to be small.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.data import Panel

ALIKE = "units resemble themselves over time"
_LEVEL = 0.01
_MOST_ALIKE = 0.1  # the upper 97.5 % limit of ρ of the outcome
_FEWEST_UNITS = 20


def intraclass(values: np.ndarray, unit: np.ndarray) -> tuple[float, float, float]:
    """Return ρ of rows of one unit, its upper 97.5 % limit, and a two-sided p-value that it is 0.

    Parameters
    ----------
    values : array, shape (n,)
    unit : int array, shape (n,)
        In 0..U - 1, each with a row.

    Examples
    --------
    >>> unit = np.repeat(np.arange(50), 4)
    >>> rng = np.random.default_rng(1)
    >>> bool(intraclass(rng.standard_normal(200), unit)[2] > 0.01)
    True
    >>> bool(intraclass(rng.standard_normal(50)[unit] + rng.standard_normal(200), unit)[2] < 1e-6)
    True
    """
    sizes = np.bincount(unit)
    rows, units = len(values), len(sizes)
    within = rows - units
    if units < 2 or within < 1:
        return 0.0, 1.0, 1.0
    means = np.bincount(unit, values) / sizes
    inner = float(((values - means[unit]) ** 2).sum() / within)
    outer = float((sizes * (means - values.mean()) ** 2).sum() / (units - 1))
    if inner == 0:
        return 1.0, 1.0, 0.0
    ratio = outer / inner
    several = (rows - (sizes**2).sum() / rows) / (units - 1)
    law = stats.f(units - 1, within)
    p = float(2 * min(law.sf(ratio), law.cdf(ratio)))
    upper = ratio / law.ppf(0.025)
    return (
        float((ratio - 1) / (ratio - 1 + several)),
        float((upper - 1) / (upper - 1 + several)),
        p,
    )


def units_alike(
    data: Panel, estimands: tuple[str, ...], assumption: str
) -> tuple[Check, ...]:
    """Return the caution that rows of a unit are no more alike than those of different units.

    Parameters
    ----------
    data : Panel
    estimands : tuple of str
        The answers that the caution stands on.
    assumption : str
        The name of the assumption that units differ in what lasts.
    """
    if len(data.units) < _FEWEST_UNITS:
        return ()
    period = np.unique(data.time, return_inverse=True)[1]
    numeric = data.numeric_covariates.values()
    columns = np.column_stack([data.outcome, data.treatment, *numeric])
    rows = np.bincount(period)
    means = [np.bincount(period, column) / rows for column in columns.T]
    columns = columns - np.column_stack(means)[period]
    found = [intraclass(column, data.unit) for column in columns.T]
    correlation, upper, _ = found[0]
    if upper > _MOST_ALIKE or any(p < _LEVEL for _, _, p in found):
        return ()
    names = [str(data.arguments["outcome"]), *data.treatments, *data.covariates]
    unit = data.arguments["unit"]
    return (
        Check(
            name=ALIKE,
            passed=None,
            value=correlation,
            expected="an outcome, a treatment or a covariate that is alike in the rows of a unit",
            finding=f"{' and '.join(names)} of two rows of one {unit} are no more alike than those "
            f"of two different ones (intraclass correlation of {names[0]} {correlation:.3f}, at "
            f"most {upper:.2f})",
            remedy=f"If waves have other people under the same {unit} (repeated cross-sections), "
            "nothing that lasts in a person is taken out, and it confounds: make units of what is "
            "the same over time, such as regions or years of birth, or adjust for what was "
            f"observed of people by `cs.CausalDiagram`. If each {unit} is one unit at all times, "
            "units differ in nothing that lasts, and the answer stands.",
            estimands=estimands,
            assumption=assumption,
            caution=True,
        ),
    )
