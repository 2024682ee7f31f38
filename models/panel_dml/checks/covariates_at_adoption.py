"""Covariates that change where a treatment is adopted for good, and may be moved by it.

To hold a covariate that the treatment moves takes the part of its effect that passes through it
away (a bad control). Where units adopt a treatment and keep it, a covariate that comes before the
treatment has no reason to change at adoption in those units alone. So the covariate is taken for
an outcome, of a regression on treatments with effects of units and periods: the slope of a
treatment that never ends is 0 but for a cluster-robust standard error. The data do not show which
of the two comes first, so that a slope is a caution.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.panel_dml.checks.score_tests import (
    FEWEST_CLUSTERS,
    some_units,
)
from causalstats.models.shared.bad_controls import AT_ADOPTION
from causalstats.models.shared.treatment_paths import absorbing
from causalstats.numerics.panel.absorbed_effects import absorbed

_LEVEL = 0.001


def covariates_at_adoption(
    data: Panel, estimands: tuple[str, ...], assumption: str
) -> tuple[Check, ...]:
    """Return the caution that covariates change at adoption; nothing without any that do.

    Parameters
    ----------
    data : Panel
    estimands : tuple of str
        The answers that the caution stands on.
    assumption : str
        The name of the assumption that no treatment moves a covariate.
    """
    forever = np.flatnonzero(absorbing(data))
    numeric = list(data.numeric_covariates)
    if len(forever) == 0 or not numeric:
        return ()
    some = some_units(data)
    values = np.column_stack(list(some.numeric_covariates.values()))
    moving = np.flatnonzero(~some.constant_within_units(values).all(axis=0))
    slopes, errors, clusters = _slopes(some, values[:, moving])
    if clusters < FEWEST_CLUSTERS:
        return ()
    found: dict[str, tuple[float, float, str]] = {}
    for column, name in enumerate(numeric[position] for position in moving):
        slope, error = slopes[forever, column], errors[forever, column]
        ratio = np.abs(slope) / np.where(error > 0, error, np.inf)
        k = int(ratio.argmax())
        p = 2 * float(stats.t.sf(ratio[k], clusters - 1)) * len(numeric) * len(forever)
        if p < _LEVEL:
            found[name] = (p, float(slope[k]), data.treatments[forever[k]])
    if not found:
        return ()
    listed = "; ".join(
        f"{name} changes by {slope:+.2g} where {treatment} begins, p = {p:.1g}"
        for name, (p, slope, treatment) in found.items()
    )
    names = ", ".join(found)
    return (
        Check(
            name=AT_ADOPTION,
            passed=None,
            value=min(p for p, _, _ in found.values()),
            expected=f"covariates that change alike where the treatment begins and where it does "
            f"not, p above {_LEVEL:g}",
            finding=listed,
            remedy=f"If the treatment moves {names}, the answer is what it does beside that, and "
            "leaves out what passes through it: take the covariate as it was before adoption, as "
            "`cs.EventStudy()` does, or leave it out. If it changed by itself and brought the "
            "adoption about, it has to stay. The data do not show which: set the answer without "
            f"{names} beside this one.",
            estimands=estimands,
            assumption=assumption,
            caution=True,
        ),
    )


def _slopes(data: Panel, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Return slopes on the treatments, their cluster-robust errors, (k, m) each, and clusters.

    Parameters
    ----------
    data : Panel
    values : array, shape (n, m)
        Covariates.
    """
    period = np.unique(data.time, return_inverse=True)[1]
    count = len(data.treatments)
    left = absorbed(np.column_stack([data.treatment, values]), [data.unit, period])
    treatment, covariates = left[:, :count], left[:, count:]
    bread = np.linalg.pinv(treatment.T @ treatment, hermitian=True)
    slopes = bread @ (treatment.T @ covariates)
    residuals = covariates - treatment @ slopes
    cluster = np.unique(data.cluster[data.unit], return_inverse=True)[1]
    clusters = int(cluster.max()) + 1
    errors = np.zeros(slopes.shape)
    for column, residual in enumerate(residuals.T):
        scores = np.column_stack(
            [np.bincount(cluster, each * residual) for each in treatment.T]
        )
        variance = np.diagonal(bread @ (scores.T @ scores) @ bread)
        errors[:, column] = np.sqrt(variance * clusters / max(clusters - 1, 1))
    return slopes, errors, clusters
