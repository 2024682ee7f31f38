"""What was observed of each row of an instrumental-variables design, and its likelihood.

First stage, variances and coefficients of covariates, which the posterior integrates out, are drawn
given the effect and the strength of the first stage, so that rows are independent given all
parameters. With the weights w, orthonormal instruments Q, covariates and fixed effects W,

    (v_i, u_i) ~ Normal(0, Σ / w_i),   v = T - QΠ - Wδ,   u = y - Tβ - Zη - Wγ

Coefficients of W given the others are Normal about those of least squares: their draws take the
projection on W of noise with covariance Σ out of the residuals.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.observed_units import ObservedUnits
from causalstats.data import Instrumented
from causalstats.errors import ModelError
from causalstats.models.instrument.posterior import (
    errors_given,
    exact_posterior,
    moments_of,
)
from causalstats.numerics.instruments.effect_posterior import ErrorDraws

if TYPE_CHECKING:
    from causalstats.models.instrument.model import Instrument

_MOST_ROWS = 1_000_000  # more are read in blocks
_NUMBERS_AT_ONCE = 4_000_000  # of errors
_WORKING_SEED = 1  # draws under equal variances are the same for the same data


@dataclass(frozen=True, eq=False, kw_only=True)
class Parameters:
    """Draws of all parameters but the coefficients of covariates, chain by chain.

    Attributes
    ----------
    effect : array, shape (draws,)
    direct : array, shape (draws, d)
    errors : ErrorDraws
        Variances, and the first stage of orthonormal instruments.
    """

    effect: np.ndarray
    direct: np.ndarray
    errors: ErrorDraws


@dataclass(frozen=True, eq=False, kw_only=True)
class RowErrors:
    """Errors of every row for some of the draws, times the roots of weights.

    Attributes
    ----------
    draws : slice
        Which of all draws.
    outcome, treatment : arrays, shape (n, draws)
        u and v.
    """

    draws: slice
    outcome: np.ndarray
    treatment: np.ndarray


def observed_units(
    model: Instrument, draws: xr.Dataset, data: Instrumented, rng: np.random.Generator
) -> ObservedUnits:
    """Return the outcome of each row, with the likelihood of its outcome and treatment.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
        Under errors of equal variance: `model.working_draws(...)`.
    data : Instrumented
    rng : Generator

    Raises
    ------
    ModelError
        If there are so many rows that they are read in blocks, or direct effects are learned.
    """
    if model.learns_direct:
        raise ModelError(
            "First stage and variances are integrated out together with direct effects that are "
            "learned, so that rows depend on each other: they have no likelihood one by one."
        )
    if len(data) > _MOST_ROWS:
        raise ModelError(
            f"{len(data):,} rows are read in blocks, and have no likelihood one by one: expected "
            f"at most {_MOST_ROWS:,}. Take a part of the rows."
        )
    parameters = parameters_given(model, draws, data, rng)
    seed = int(rng.integers(2**63))  # the same coefficients in both functions below
    return ObservedUnits(
        name=data.arguments["outcome"],
        dim="row",
        labels=np.asarray(data.rows),
        observed=np.asarray(data.outcome),
        meaning="Outcome of each row; the likelihood is that of outcome and treatment, given "
        "instruments and covariates.",
        log_likelihood=lambda: log_likelihood(model, parameters, data, seed),
        replicate=lambda: _replicate(model, parameters, data, seed),
        table=pd.DataFrame(data.source).reset_index(drop=True),
    )


def parameters_given(
    model: Instrument, draws: xr.Dataset, data: Instrumented, rng: np.random.Generator
) -> Parameters:
    """Return the draws with variances and first stage, which are drawn given the others.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
    data : Instrumented
    rng : Generator
    """
    effect = draws["effect"].to_numpy().ravel()
    direct = np.empty((len(effect), 0))
    if model.direct_effects:
        direct = draws["direct_effect"].to_numpy().reshape(len(effect), -1)
    errors = errors_given(model, draws, data, rng)
    return Parameters(effect=effect, direct=direct, errors=errors)


def row_errors(
    model: Instrument,
    parameters: Parameters,
    data: Instrumented,
    rng: np.random.Generator,
) -> Iterator[RowErrors]:
    """Yield the errors of every row, of as many draws at once as fit into memory.

    Parameters
    ----------
    model : Instrument
    parameters : Parameters
    data : Instrumented
    rng : Generator
        Draws the coefficients of covariates.
    """
    observed = np.column_stack([data.outcome, data.treatment, data.instruments])
    residuals = data.partialled_out(observed)
    treatment, instruments = residuals[:, 1], residuals[:, 2:]
    basis = instruments @ np.linalg.pinv(moments_of(model, data).rotation)
    positions = list(data.instrument_positions(list(model.direct_effects)))
    root = np.sqrt(data.weights)[:, None]
    errors = parameters.errors
    for part in _parts(len(parameters.effect), len(data)):
        effect, direct = parameters.effect[part], parameters.direct[part]
        explained = np.outer(treatment, effect) + instruments[:, positions] @ direct.T
        u = residuals[:, :1] - explained
        v = treatment[:, None] - basis @ errors.first_stage[part].T
        noise = np.hstack(_noise(errors, part, len(data), rng))
        on_covariates = noise - data.partialled_out(noise / root)
        of_u, of_v = np.split(on_covariates, 2, axis=1)
        yield RowErrors(draws=part, outcome=u - of_u, treatment=v - of_v)


def _parts(draws: int, rows: int) -> list[slice]:
    size = max(1, _NUMBERS_AT_ONCE // rows)
    return [slice(start, start + size) for start in range(0, draws, size)]


def _noise(
    errors: ErrorDraws, part: slice, rows: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return new errors u and v, (rows, draws) each.

    Parameters
    ----------
    errors : ErrorDraws
    part : slice
        Which draws.
    rows : int
    rng : Generator
    """
    shape = (rows, len(errors.variance[part]))
    u = np.sqrt(errors.variance[part]) * rng.standard_normal(shape)
    given_u = np.sqrt(errors.residual[part]) * rng.standard_normal(shape)
    return u, errors.slope[part] * u + given_u


def log_likelihood(
    model: Instrument, parameters: Parameters, data: Instrumented, seed: int
) -> np.ndarray:
    """Return the log likelihood of each row, (draws, n).

    Parameters
    ----------
    model : Instrument
    parameters : Parameters
    data : Instrumented
    seed : int
        Of the coefficients of covariates.
    """
    rng = np.random.default_rng(seed)
    values = np.empty((len(parameters.effect), len(data)))
    errors = parameters.errors
    for rows in row_errors(model, parameters, data, rng):
        variance, residual = errors.variance[rows.draws], errors.residual[rows.draws]
        given_u = rows.treatment - errors.slope[rows.draws] * rows.outcome
        squares = rows.outcome**2 / variance + given_u**2 / residual
        log_volume = 2 * np.log(2 * np.pi) + np.log(variance * residual)
        values[rows.draws] = -(squares + log_volume).T / 2
    return values + np.log(data.weights)


def _replicate(
    model: Instrument, parameters: Parameters, data: Instrumented, seed: int
) -> np.ndarray:
    """Return replicated outcomes (draws, n), with treatments that are replicated too.

    Parameters
    ----------
    model : Instrument
    parameters : Parameters
    data : Instrumented
    seed : int
    """
    rng = np.random.default_rng(seed)
    root = np.sqrt(data.weights)[:, None]
    values = np.empty((len(parameters.effect), len(data)))
    for rows in row_errors(model, parameters, data, rng):
        u, v = _noise(parameters.errors, rows.draws, len(data), rng)
        through = (v - rows.treatment) * parameters.effect[rows.draws]
        change = (u - rows.outcome + through) / root
        values[rows.draws] = (data.outcome[:, None] + change).T
    return values


def working_draws(
    model: Instrument, draws: xr.Dataset, data: Instrumented
) -> xr.Dataset:
    """Return draws under errors of equal variance, in the order of the effects.

    The quasi-posterior of robust errors has no likelihood of rows; this one has.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
    data : Instrumented
    """
    if model.errors == "iid":
        return draws
    effect = draws["effect"]
    count = effect.size
    equal = exact_posterior(replace(model, errors="iid"), data)
    drawn = equal(1, count, np.random.default_rng(_WORKING_SEED)).isel(chain=0)
    ascending = np.argsort(drawn["effect"].to_numpy())
    rank = np.argsort(np.argsort(effect.to_numpy().ravel()))
    ordered = drawn.isel(draw=ascending[rank])
    variables = {
        name: (
            ("chain", "draw", *values.dims[1:]),
            values.to_numpy().reshape(*effect.shape, *values.shape[1:]),
        )
        for name, values in ordered.data_vars.items()
    }
    return draws.assign(variables)
