"""What was observed of each unit of an event study, one number each, and its likelihood.

Coefficients of periods and covariates, which the posterior integrates out, are drawn given scales
and effects, so that units are independent given all parameters. The likelihood of a unit is that of
its outcomes about their own mean, with f rows less 1 for the unit's effect:

    -½ (f log 2πσ² + log |R| (1'R⁻¹1) / n + r'Mr / σ²),  M = R⁻¹ - R⁻¹11'R⁻¹ / 1'R⁻¹1
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.observed_units import ObservedUnits
from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.event_study import density, group_time_effects
from causalstats.models.event_study.adoption import Adoption
from causalstats.models.event_study.cross_products import (
    first_covariates,
    gaps_of_periods,
)
from causalstats.models.event_study.parameters import group_log_sds
from causalstats.numerics.panel import ar1_errors as serial

if TYPE_CHECKING:
    from causalstats.models.event_study.model import EventStudy


@dataclass(frozen=True, eq=False)
class ParameterDraws:
    """Draws of every parameter, in standard units, chain by chain.

    Parameters
    ----------
    coefficients : array, shape (n, 1 + p, T)
        Of the constant and the covariates in each period; 0 in the first.
    effects : array, shape (n, cells + 1)
        θ of every cell, and 0 for rows that are not treated.
    log_sds : array, shape (n, groups)
        Of the errors of each cohort.
    correlations : array, shape (n,)
        ρ.
    """

    coefficients: np.ndarray
    effects: np.ndarray
    log_sds: np.ndarray
    correlations: np.ndarray


@dataclass(frozen=True, eq=False)
class UnitRows:
    """The rows of the panel that take part, unit after unit.

    Parameters
    ----------
    study : Adoption
    covariates : array, shape (N, 1 + p)
        1 and those of each unit's first row.
    outcome : array, shape (n,)
        In standard units.
    gap : array, shape (n,)
        The time since the row before; NaN in the first row of a unit.
    weights : array, shape (N,)
    scale : float
        The unit of the outcome.
    """

    study: Adoption
    covariates: np.ndarray
    outcome: np.ndarray
    gap: np.ndarray
    weights: np.ndarray
    scale: float

    def expected(self, draws: ParameterDraws) -> Iterator[np.ndarray]:
        """Yield the outcomes expected of each draw (n,), but for the units' effects."""
        by_row = self.covariates[self.study.unit].T
        pairs = zip(draws.coefficients, draws.effects, strict=True)
        for coefficients, effects in pairs:
            of_periods = coefficients[:, self.study.period]
            yield (by_row * of_periods).sum(axis=0) + effects[self.study.cell]

    def last(self) -> np.ndarray:
        """Return the position of the last row of each unit."""
        return self.study.starts + self.study.sizes - 1

    def change(self, values: np.ndarray) -> np.ndarray:
        """Return the change of each unit from its first row to its last, (N,)."""
        return values[self.last()] - values[self.study.starts]


def observed_units(
    model: EventStudy, draws: xr.Dataset, data: Panel, rng: np.random.Generator
) -> ObservedUnits:
    """Return the change of the outcome of each unit from its first time to its last.

    Parameters
    ----------
    model : EventStudy
    draws : Dataset
        With the scales and the effects.
    data : Panel
    rng : Generator

    Raises
    ------
    ModelError
        If errors are clustered: the posterior is then that of the estimates. If the draws are of
        the prior.
    """
    if model.clustered:
        raise ModelError(
            "errors='cluster': the posterior is that of estimates with their clustered "
            "covariance, and rows have no likelihood of their own. Use errors='ar1' or 'iid'."
        )
    if "effect" not in draws:
        raise ModelError(
            "These draws have no effects: coefficients of units and periods, which are flat, have "
            "no draws from the prior."
        )
    rows = unit_rows(model, data)
    drawn = parameter_draws(model, draws, data, rng)
    taking_part = rows.study.sizes > 1
    first = rows.study.rows[rows.study.starts]
    outcome = data.arguments["outcome"]
    table = data.source.iloc[first[taking_part]]
    return ObservedUnits(
        name=f"change in {outcome}",
        dim="unit",
        labels=np.array(data.units)[data.unit[first]][taking_part],
        observed=rows.change(rows.outcome)[taking_part] * rows.scale,
        meaning="Change of the outcome of each unit from its first time to its last; the "
        "likelihood is that of its outcomes about their own mean.",
        log_likelihood=lambda: log_likelihood_by_unit(rows, drawn)[:, taking_part],
        replicate=lambda: _replicate(rows, drawn, rng)[:, taking_part],
        table=pd.DataFrame(table).reset_index(drop=True),
    )


def unit_rows(model: EventStudy, data: Panel) -> UnitRows:
    """Return the rows of the panel that take part in the likelihood."""
    study = model.adoption(data)
    scale = model.statistics(data).scale
    times = np.append(0.0, np.cumsum(gaps_of_periods(study)))[study.period]
    gap = np.diff(times, prepend=np.nan)
    gap[study.starts] = np.nan
    return UnitRows(
        study=study,
        covariates=first_covariates(model.rows_model, data, study)[0],
        outcome=data.outcome[study.rows] / scale,
        gap=gap,
        weights=data.weights[study.rows][study.starts],
        scale=scale,
    )


def parameter_draws(
    model: EventStudy, draws: xr.Dataset, data: Panel, rng: np.random.Generator
) -> ParameterDraws:
    """Return the draws with coefficients of periods and covariates, given the others.

    Parameters
    ----------
    model : EventStudy
    draws : Dataset
    data : Panel
    rng : Generator
    """
    study, statistics = model.adoption(data), model.statistics(data)
    scales = density.scales_of(draws, model.sampled(data))
    count = len(scales["standard_error_sd"])
    effects = draws["effect"].to_numpy().reshape(count, -1) / statistics.scale
    drawn = group_time_effects.draw_covariate_coefficients(
        effects, scales, model.inputs(data), statistics.spectrum, rng
    )
    by_period = drawn.reshape(count, -1, len(study.periods) - 1)
    every = np.zeros((count, len(study.cells) + 1))
    every[:, :-1][:, model.in_effect(study)] = effects
    rho = scales.get("serial_correlation", np.zeros((count, 1)))
    return ParameterDraws(
        coefficients=np.pad(by_period, ((0, 0), (0, 0), (1, 0))),
        effects=every,
        log_sds=group_log_sds(np, scales),
        correlations=rho[:, 0],
    )


def log_likelihood_by_unit(rows: UnitRows, draws: ParameterDraws) -> np.ndarray:
    """Return the log likelihood (draws, unit), 0 of a unit that was seen once."""
    study = rows.study
    freedom = study.sizes - 1
    values = np.empty((len(draws.effects), len(study.sizes)))
    for k, expected in enumerate(rows.expected(draws)):
        rho = float(draws.correlations[k])
        residual = (rows.outcome - expected)[:, None]
        white, _ = serial.whitened(residual, rows.gap, study.starts, rho, True)
        squares = np.add.reduceat(white[:, 0] ** 2, study.starts)
        log_sd = draws.log_sds[k][study.cohort]
        volume = serial.log_determinants(rows.gap, study.starts, rho) - np.log(
            study.sizes
        )
        log_scale = np.log(2 * np.pi) + 2 * (log_sd + np.log(rows.scale))
        deviance = freedom * log_scale + volume + squares * np.exp(-2 * log_sd)
        values[k] = -rows.weights * deviance / 2
    return values


def _replicate(
    rows: UnitRows, draws: ParameterDraws, rng: np.random.Generator
) -> np.ndarray:
    """Return replicated changes of the outcome, (draws, unit).

    Parameters
    ----------
    rows : UnitRows
    draws : ParameterDraws
    rng : Generator
    """
    study = rows.study
    span = np.add.reduceat(np.nan_to_num(rows.gap), study.starts)
    values = np.empty((len(draws.effects), len(study.sizes)))
    for k, expected in enumerate(rows.expected(draws)):
        rho = draws.correlations[k]
        carried = np.sign(rho) ** span * abs(rho) ** span
        variance = 2 * (1 - carried) / (1 - rho**2)  # σ is that of the innovations
        sd = np.exp(draws.log_sds[k][study.cohort]) * np.sqrt(variance)
        noise = rng.standard_normal(len(span))
        values[k] = rows.change(expected) + sd * noise
    return values * rows.scale
