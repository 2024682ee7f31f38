"""Residuals of the saturated regression, and whether their serial correlation is that of AR(1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.prediction import Prediction
from causalstats.models.event_study.adoption import Adoption
from causalstats.models.event_study.cross_products import first_covariates
from causalstats.models.event_study.observed_units import unit_rows
from causalstats.models.shared.sizes_of_units import size_factors
from causalstats.numerics.panel.ar1_errors import ar1_errors
from causalstats.numerics.panel.within_transformation import demeaned

if TYPE_CHECKING:
    import xarray as xr

    from causalstats.data import Panel
    from causalstats.models.event_study.model import EventStudy

_REPLICATIONS = 200
_MOST_UNITS = 2_000
_MOST_LAGS = 4
_RANK_TOLERANCE = 1e-9  # of the largest singular value


def predictions(
    model: EventStudy, draws: xr.Dataset, data: Panel, rng: np.random.Generator
) -> tuple[Prediction, ...]:
    """Return autocorrelations of residuals by lag, beside those of replicated errors.

    Replicated residuals differ in size between units as those observed do (`size_factors`).

    Parameters
    ----------
    model : EventStudy
    draws : Dataset
    data : Panel
    rng : Generator
    """
    study = model.adoption(data)
    if model.clustered or len(study.periods) < 4:
        return ()
    stop = first_units(study)
    starts, unit = study.starts[study.starts < stop], study.unit[:stop]
    period = study.period[:stop]
    lags = range(1, min(_MOST_LAGS, len(study.periods) - 2) + 1)
    residuals = saturated_residuals(model, data, study)

    def sizes(residual: np.ndarray) -> np.ndarray:
        return np.sqrt(np.maximum(np.add.reduceat(residual**2, starts), 1e-300))

    def correlations(residual: np.ndarray) -> np.ndarray:
        table = np.zeros((len(starts), len(study.periods)))
        table[unit, period] = residual
        return np.array([(table[:, lag:] * table[:, :-lag]).sum() for lag in lags]) / (
            residual @ residual
        )

    gap = unit_rows(model, data).gap[:stop]  # in the units of the likelihood's
    sd = draws["error_sd"].to_numpy().reshape(-1, len(study.groups))
    rho = np.zeros(len(sd))
    if "serial_correlation" in draws:
        rho = draws["serial_correlation"].to_numpy().ravel()
    seen = residuals(data.outcome[study.rows[:stop]])
    drawn = []
    for k in rng.integers(len(sd), size=_REPLICATIONS):
        noise = rng.standard_normal(stop)
        errors = ar1_errors(noise, gap, starts, float(rho[k]))
        drawn.append(residuals(errors * sd[k][study.cohort[unit]]))
    factors = size_factors(sizes(seen), np.array([sizes(each) for each in drawn]))
    replicated = [correlations(each * factors[unit]) for each in drawn]
    observed = correlations(seen)
    return (
        Prediction(
            name="serial correlation of residuals",
            groups=tuple(f"lag {lag}" for lag in lags),
            observed=observed,
            size=np.full(len(lags), len(starts)),
            replicated=np.array(replicated),
            remedy="Errors of a unit last in another way than AR(1): intervals may be too short or "
            "too long. Compare with `errors='cluster'`, `pooling='none'`.",
        ),
    )


def first_units(study: Adoption) -> int:
    """Return the number of rows of the first 2,000 units, or of all where these are fewer."""
    if len(study.starts) <= _MOST_UNITS:
        return len(study.rows)
    return int(study.starts[_MOST_UNITS])


def saturated_residuals(
    model: EventStudy, data: Panel, study: Adoption
) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from values of the rows of `first_units`, (n,), to their residuals.

    Parameters
    ----------
    model : EventStudy
    data : Panel
    study : Adoption
    """
    stop = first_units(study)
    starts = study.starts[study.starts < stop]
    basis = _regressors(model, data, study, stop)

    def residuals(values: np.ndarray) -> np.ndarray:
        within = demeaned(values[:, None], starts)[:, 0]
        return np.asarray(within - basis @ (basis.T @ within))

    return residuals


def _regressors(
    model: EventStudy, data: Panel, study: Adoption, stop: int
) -> np.ndarray:
    """Orthonormal columns of periods times covariates, and of cells, within units.

    Parameters
    ----------
    model : EventStudy
    data : Panel
    study : Adoption
    stop : int
        The number of rows.
    """
    covariates, _ = first_covariates(model, data, study)
    period = study.period[:stop, None]
    dummies = (period == np.arange(1, len(study.periods))).astype(float)
    by_row = covariates[study.unit[:stop]]
    cells = study.cell[:stop, None] == np.arange(len(study.cells))
    parts = [dummies * by_row[:, [j]] for j in range(by_row.shape[1])]
    columns = np.hstack([*parts, cells.astype(float)])
    starts = study.starts[study.starts < stop]
    left, sizes, _ = np.linalg.svd(demeaned(columns, starts), full_matrices=False)
    return left[:, sizes > _RANK_TOLERANCE * sizes[0]]
