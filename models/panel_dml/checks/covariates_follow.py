"""Covariates that follow a treatment that comes and goes, and may be moved by it.

To hold a covariate that the treatment moves takes the part of its effect that passes through it
away (a bad control). Both of a confounder x and of a variable that the treatment d moves go with
the treatment of the same period. Periods before and after tell them apart (Sims 1972): with effects
of units and periods,

    x_t = a d_{t+1} + b d_t + c d_{t-1} + ...,    d_t = a' x_{t+1} + b' x_t + c' x_{t-1} + ...

a is 0 where nothing of x brings the treatment about, and a' is 0 where the treatment moves nothing
of x. So a' that is not 0 beside an a that may be is a caution. Where neither lasts, neither a nor
a' is there, and the data say nothing.

References
----------
Sims (1972), Money, income, and causality, American Economic Review 62.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.panel_dml.checks.score_tests import (
    FEWEST_CLUSTERS,
    some_units,
)
from causalstats.models.shared.bad_controls import FOLLOW
from causalstats.models.shared.treatment_paths import absorbing
from causalstats.numerics.panel.absorbed_effects import absorbed

_LEVEL = 0.001
_NO_SIGN = 0.05  # the least p-value of a that may be 0
_TIMES_LARGER = 2.0  # the z statistic of a', by that of a
_FEWEST_ROWS = 50


@dataclass(frozen=True, eq=False)
class _Inner:
    """Rows of a unit between two others of it in adjacent periods.

    Parameters
    ----------
    rows : int array, shape (m,)
    period, unit, cluster : int array, shape (m,)
    """

    rows: np.ndarray
    period: np.ndarray
    unit: np.ndarray
    cluster: np.ndarray

    def z_of_first(self, outcome: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return the clustered z statistics of the first two columns, (m, q)."""
        left = absorbed(np.column_stack([outcome, columns]), [self.unit, self.period])
        left, inside = left[:, 0], left[:, 1:]
        bread = np.linalg.pinv(inside.T @ inside, hermitian=True)
        residual = left - inside @ (bread @ (inside.T @ left))
        scores = np.column_stack(
            [np.bincount(self.cluster, each * residual) for each in inside.T]
        )
        variance = np.diagonal(bread @ (scores.T @ scores) @ bread)[:2]
        slope = (bread @ (inside.T @ left))[:2]
        return np.asarray(slope / np.sqrt(np.maximum(variance, 1e-300)))


def covariates_follow(
    data: Panel, estimands: tuple[str, ...], assumption: str
) -> tuple[Check, ...]:
    """Return the caution that covariates follow a treatment; nothing without any that do.

    Parameters
    ----------
    data : Panel
    estimands : tuple of str
        The answers that the caution stands on.
    assumption : str
        The name of the assumption that no treatment moves a covariate.
    """
    asked = np.flatnonzero(~absorbing(data))
    numeric = list(data.numeric_covariates)
    if len(asked) == 0 or not numeric:
        return ()
    some = some_units(data)
    values = np.column_stack(list(some.numeric_covariates.values()))
    moving = np.flatnonzero(~some.constant_within_units(values).all(axis=0))
    inner = _inner(some)
    clusters = len(np.unique(inner.cluster))
    if clusters < FEWEST_CLUSTERS or len(inner.rows) < _FEWEST_ROWS:
        return ()
    law = stats.t(clusters - 1)
    tests = len(asked) * len(numeric)
    found: dict[str, tuple[float, str]] = {}
    for column in moving:
        others = values[:, np.setdiff1d(moving, column)]
        for k in asked:
            p = _follows(inner, values[:, column], some.treatment[:, k], others, law)
            name = numeric[column]
            if p * tests < min(_LEVEL, found.get(name, (1.0, ""))[0]):
                found[name] = (p * tests, data.treatments[k])
    if not found:
        return ()
    listed = "; ".join(
        f"{name} goes with {treatment} of the period before, p = {p:.1g}, and {treatment} not "
        f"with {name} of the period before"
        for name, (p, treatment) in found.items()
    )
    names = ", ".join(found)
    return (
        Check(
            name=FOLLOW,
            passed=None,
            value=min(p for p, _ in found.values()),
            expected="covariates that go before the treatment, or with it in the same period alone",
            finding=listed,
            remedy=f"The treatment seems to move {names}: the answer is then what it does beside "
            "that, and leaves out what passes through it. Leave the covariate out, or take its "
            f"value of before the treatment began. If {names} by itself brings the treatment "
            "about, it has to stay. The data do not show which for certain: set the answer without "
            "it beside this one.",
            estimands=estimands,
            assumption=assumption,
            caution=True,
        ),
    )


def _inner(data: Panel) -> _Inner:
    """Return the rows of a panel that have those of the period before and after in their unit."""
    period = np.unique(data.time, return_inverse=True)[1]
    step = np.diff(data.unit) + (np.diff(period) != 1)
    rows = np.flatnonzero((step[:-1] == 0) & (step[1:] == 0)) + 1
    cluster = data.cluster[data.unit[rows]]
    return _Inner(
        rows=rows,
        period=np.unique(period[rows], return_inverse=True)[1],
        unit=np.unique(data.unit[rows], return_inverse=True)[1],
        cluster=np.unique(cluster, return_inverse=True)[1],
    )


def _follows(
    inner: _Inner,
    covariate: np.ndarray,
    treatment: np.ndarray,
    others: np.ndarray,
    law: stats.rv_continuous,
) -> float:
    """Return the p-value of a' = 0 where the covariate follows the treatment, and else 1."""
    at = inner.rows
    held = others[at]

    def around(values: np.ndarray) -> np.ndarray:
        return np.column_stack([values[at + 1], values[at], values[at - 1], held])

    before = abs(inner.z_of_first(covariate[at], around(treatment))[0])
    after, same = np.abs(inner.z_of_first(treatment[at], around(covariate)))
    if 2 * law.sf(before) < _NO_SIGN or after < _TIMES_LARGER * before:
        return 1.0
    return float(2 * max(law.sf(after), law.sf(same)))
