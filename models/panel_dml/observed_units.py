"""What was observed of each unit of a panel, one number each, and its likelihood.

Coefficients, which the posterior integrates out, are drawn given the scales, so that units are
independent given all parameters. The likelihood of a unit is that of its treatments and its
outcomes, about its own means where unit effects are unrestricted:

    -½ (f log |2πΣ| + tr(Σ⁻¹ C'G_i C)),  G_i = X_i'X_i,  C the residuals as combinations of columns

with f the rows of the unit, less 1 for its effect. AR(1) errors: `serially_correlated_units`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.observed_units import ObservedUnits
from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.panel_dml import serially_correlated_units as serial_units
from causalstats.models.panel_dml.covariances import residual_covariance
from causalstats.models.panel_dml.partialling_out import with_effects
from causalstats.models.panel_dml.row_blocks import blocks
from causalstats.models.panel_dml.sufficient_statistics import (
    SufficientStatistics,
    drawn_coefficients,
    scales_of,
)

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML

_RANK_TOLERANCE = 1e-10  # of the largest eigenvalue


@dataclass(frozen=True, eq=False)
class UnitProducts:
    """Sums over the rows of each unit that takes part in the likelihood.

    Parameters
    ----------
    unit : int array, shape (N,)
    freedom : array, shape (N,)
        f.
    grams : array, shape (N, M, M)
        G, of φ, columns without a prior, treatments and outcome, transformed.
    difference : array, shape (N, M)
        Columns in the unit's last row less those in its first, not transformed; in its only row.
    variance : array, shape (N,)
        Of the errors' difference, in error variances.
    """

    unit: np.ndarray
    freedom: np.ndarray
    grams: np.ndarray
    difference: np.ndarray
    variance: np.ndarray


def observed_units(
    model: PanelDML,
    draws: xr.Dataset,
    data: Panel,
    rng: np.random.Generator,
) -> ObservedUnits:
    """Return the change of the outcome of each unit from its first time to its last.

    Parameters
    ----------
    model : PanelDML
    draws : Dataset
        Under the likelihood alone: `model.working_draws(...)`.
    data : Panel
    rng : Generator

    Raises
    ------
    ModelError
        If units have effects or trends of their own.
    """
    _refuse(model)
    sizes = data.sizes
    unit = np.flatnonzero(sizes > 1 if model.within_units else sizes > 0)
    last = data.starts + sizes - 1
    outcome = data.outcome[last[unit]]
    changes = bool((sizes[unit] > 1).all())
    if changes:
        outcome = outcome - data.outcome[data.starts[unit]]
    words = "Change of the outcome of each unit from its first time to its last"
    first = data.source.iloc[data.starts[unit]]
    lasting = [
        name
        for name in data.source.columns
        if (data.source[name].to_numpy() == data.source[name].to_numpy()[_first(data)])
        .astype(bool)
        .all()
    ]
    log_likelihood, replicate = _by_unit(model, draws, data, rng)
    return ObservedUnits(
        name=f"change in {data.arguments['outcome']}"
        if changes
        else data.arguments["outcome"],
        dim="unit",
        labels=np.array(data.units)[unit],
        observed=outcome,
        meaning=f"{words if changes else 'Outcome of each unit'}; the likelihood is that of "
        "treatments and outcomes.",
        log_likelihood=log_likelihood,
        replicate=replicate,
        table=pd.DataFrame(first[lasting]).reset_index(drop=True),
        given_data=True,
    )


def _by_unit(
    model: PanelDML, draws: xr.Dataset, data: Panel, rng: np.random.Generator
) -> tuple[Callable[[], np.ndarray], Callable[[], np.ndarray]]:
    """Return the functions that give likelihoods and replications, (draws, units) each.

    Parameters
    ----------
    model : PanelDML
    draws : Dataset
    data : Panel
    rng : Generator
    """
    if model.error_model.correlations_are_sampled:
        rows = serial_units.panel_rows(model, draws, data, rng)
        seed = int(rng.integers(2**63))  # the same coefficients in both functions
        part = np.flatnonzero(rows.sizes > int(rows.within))
        return (
            lambda: serial_units.log_likelihood(rows, seed)[:, part],
            lambda: serial_units.replicate(rows, seed, rng)[:, part],
        )
    products = unit_products(model, data)
    given = (model.statistics(data), products, draws, rng)
    return partial(_log_likelihood, *given), partial(_replicate, *given)


def _first(data: Panel) -> np.ndarray:
    """Return the first row of the unit of each row."""
    return data.starts[data.unit]


def _refuse(model: PanelDML) -> None:
    if model.unit_trends:
        raise ModelError(
            "unit_trends=True takes a trend out of each unit, of which a change from first to last "
            "time is the most part: units have no likelihood at hand. Use unit_trends=False."
        )
    if model.effects == "unit":
        raise ModelError(
            "effects='unit' estimates units' effects in a second step, which has no likelihood of "
            "its own. Use effects='common'."
        )


def unit_products(model: PanelDML, data: Panel) -> UnitProducts:
    """Return the cross-products of each unit, and its change from first time to last."""
    statistics = model.statistics(data)
    sizes = data.sizes
    within = model.within_units
    takes_part = sizes > 1 if within else sizes > 0
    differ = bool((sizes[takes_part] > 1).all())
    grams, differences, variances = [], [], []
    for block in blocks(data, statistics.columns, statistics.kept_share):
        columns = block.transformed()
        levels = block.levels()
        edges = np.append(block.starts, len(columns))
        for start, stop in zip(edges, edges[1:], strict=False):
            if not takes_part[data.unit[block.rows.start + start]]:
                continue
            part = columns[start:stop]
            grams.append(part.T @ part)
            last = levels[stop - 1]
            differences.append(last - levels[start] if differ else last)
            first_share = 1 / block.weights[start] if differ else 0.0
            variances.append(1 / block.weights[stop - 1] + first_share)
    unit = np.flatnonzero(takes_part)
    return UnitProducts(
        unit=unit,
        freedom=sizes[unit] - float(within),
        grams=np.array(grams),
        difference=np.array(differences),
        variance=np.array(variances),
    )


def _combinations(
    statistics: SufficientStatistics,
    products: UnitProducts,
    draws: xr.Dataset,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return C (draws, M, q), residuals of all equations, and their covariance (draws, q, q).

    Coefficients of columns without a prior are drawn given those of φ.

    Parameters
    ----------
    statistics : SufficientStatistics
    products : UnitProducts
    draws : Dataset
    rng : Generator
    """
    scales = scales_of(statistics, draws)
    covariance = residual_covariance(
        np,
        scales["standard_effect"],
        scales.get("standard_link"),
        scales["standard_error_sd"],
    )
    coefficients = drawn_coefficients(statistics, draws, rng)
    width = coefficients.shape[1]
    equations = len(statistics.units)
    total = products.grams.sum(axis=0)
    size = len(total)
    combination = np.zeros((len(coefficients), size, equations))
    combination[:, :width] = -coefficients
    combination[:, size - equations :] = np.diag(1 / statistics.units)
    free = slice(width, size - equations)
    if free.start < free.stop:
        values, vectors = np.linalg.eigh(total[free, free])
        kept = values > _RANK_TOLERANCE * values.max()
        root = vectors[:, kept] / np.sqrt(values[kept])
        fitted = root @ (root.T @ (total[free] @ combination))
        noise = rng.standard_normal((len(coefficients), root.shape[1], equations))
        spread = np.linalg.cholesky(covariance).swapaxes(-1, -2)
        combination[:, free] = root @ (noise @ spread) - fitted
    return combination, covariance


def _log_likelihood(
    statistics: SufficientStatistics,
    products: UnitProducts,
    draws: xr.Dataset,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the log likelihood of each unit, (draws, unit), in units of the data.

    Parameters
    ----------
    statistics : SufficientStatistics
    products : UnitProducts
    draws : Dataset
    rng : Generator
    """
    combination, covariance = _combinations(statistics, products, draws, rng)
    log_volume = np.linalg.slogdet(2 * np.pi * covariance)[1]
    log_volume = log_volume + 2 * np.log(statistics.units).sum()
    precision = np.linalg.inv(covariance)
    values = np.empty((len(combination), len(products.unit)))
    flat = products.grams.reshape(len(products.unit), -1)
    for k, residual in enumerate(combination):
        quadratic = flat @ (residual @ precision[k] @ residual.T).ravel()
        values[k] = -(products.freedom * log_volume[k] + quadratic) / 2
    return values


def _replicate(
    statistics: SufficientStatistics,
    products: UnitProducts,
    draws: xr.Dataset,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return replicated changes of the outcome (draws, unit), treatments held as observed.

    Parameters
    ----------
    statistics : SufficientStatistics
    products : UnitProducts
    draws : Dataset
    rng : Generator
    """
    scales = scales_of(statistics, draws)
    combination, _ = _combinations(statistics, products, draws, rng)
    theta = scales["standard_effect"]
    contrast = np.concatenate([-theta, np.ones((len(theta), 1))], axis=1)
    residual = np.einsum("kmq,kq->km", combination, contrast)
    residual[:, -1] = 0.0  # the outcome itself: what is left is minus its expectation
    expected = -residual @ products.difference.T
    sd = scales["standard_error_sd"][:, -1:] * np.sqrt(products.variance)
    noise = rng.standard_normal(expected.shape)
    return (expected + sd * noise) * statistics.units[-1]


def with_working_effect(model: PanelDML, draws: xr.Dataset, data: Panel) -> xr.Dataset:
    """Return the draws with θ under independent errors, as the likelihood has it.

    Parameters
    ----------
    model : PanelDML
    draws : Dataset
    data : Panel
    """
    if "working_effect" not in draws:
        return draws
    theta = draws["working_effect"].to_numpy()
    return with_effects(model, draws, data, theta)
