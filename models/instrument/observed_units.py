"""What was observed of each row of an instrumental-variables design, and its likelihood.

First stage, variances and coefficients of covariates, which the posterior integrates out, are drawn
given the effect and the strength of the first stage, so that rows are independent given all
parameters. With the weights w, orthonormal instruments Q, covariates and fixed effects W,

    (v_i, u_i) ~ Normal(0, Σ / w_i),   v = T - QΠ - Wδ,   u = y - Tβ - Zη - Wγ

There may be several treatments T: v is then a row of as many errors.
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
from causalstats.models.instrument import several_treatments
from causalstats.models.instrument.posterior import (
    errors_given,
    exact_posterior,
    moments_of,
)
from causalstats.numerics.instruments.several_treatments import SeveralErrorDraws

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
    effect : array, shape (draws, q)
    direct : array, shape (draws, d)
    errors : SeveralErrorDraws
        Variances, and the first stage of orthonormal instruments, of one treatment or several.
    """

    effect: np.ndarray
    direct: np.ndarray
    errors: SeveralErrorDraws


@dataclass(frozen=True, eq=False, kw_only=True)
class RowErrors:
    """Errors of every row for some of the draws, times the roots of weights.

    Attributes
    ----------
    draws : slice
        Which of all draws.
    outcome : array, shape (n, draws)
        u.
    treatment : array, shape (n, draws, q)
        v.
    """

    draws: slice
    outcome: np.ndarray
    treatment: np.ndarray


@dataclass(frozen=True, eq=False, kw_only=True)
class NewRows:
    """Outcomes and treatments of new rows, for some of the draws.

    Attributes
    ----------
    draws : slice
        Which of all draws.
    outcome : array, shape (n, draws)
    treatment : array, shape (n, draws, treatments)
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
    if data.original is not None:
        raise ModelError(
            "Effects and variance are integrated out together with confounding whose size is "
            "learned: rows of a designed first stage have no likelihood one by one."
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
        given_data=True,
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
    size = draws["log_first_stage_variance"].size
    effect = draws["effect"].to_numpy().reshape(size, -1)
    direct = np.empty((size, 0))
    if len(data.treatments) > 1:
        errors = several_treatments.errors_given(model, draws, data, rng)
        return Parameters(effect=effect, direct=direct, errors=errors)
    if model.direct_effects:
        direct = draws["direct_effect"].to_numpy().reshape(size, -1)
    one = errors_given(model, draws, data, rng)
    errors = SeveralErrorDraws(
        variance=one.variance,
        slope=one.slope[:, None],
        root=np.sqrt(one.residual)[:, None, None],
        first_stage=one.first_stage[:, :, None],
    )
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
    first = 1 + len(data.treatments)
    treatment, instruments = residuals[:, 1:first], residuals[:, first:]
    basis = instruments @ np.linalg.pinv(moments_of(model, data).rotation)
    positions = list(data.instrument_positions(list(model.direct_effects)))
    root = np.sqrt(data.weights)[:, None]
    errors = parameters.errors
    for part in _parts(len(parameters.effect), len(data)):
        effect, direct = parameters.effect[part], parameters.direct[part]
        explained = treatment @ effect.T + instruments[:, positions] @ direct.T
        u = residuals[:, :1] - explained
        moved = np.einsum("nk,dkq->ndq", basis, errors.first_stage[part])
        v = treatment[:, None, :] - moved
        new_u, new_v = _noise(errors, part, len(data), rng)
        noise = np.concatenate([new_u[:, :, None], new_v], axis=2)
        flat = noise.reshape(len(data), -1)
        on_covariates = flat - data.partialled_out(flat / root)
        shares = on_covariates.reshape(noise.shape)
        yield RowErrors(
            draws=part, outcome=u - shares[:, :, 0], treatment=v - shares[:, :, 1:]
        )


def _parts(draws: int, rows: int) -> list[slice]:
    size = max(1, _NUMBERS_AT_ONCE // rows)
    return [slice(start, start + size) for start in range(0, draws, size)]


def _noise(
    errors: SeveralErrorDraws, part: slice, rows: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return new errors u (rows, draws) and v (rows, draws, q).

    Parameters
    ----------
    errors : SeveralErrorDraws
    part : slice
        Which draws.
    rows : int
    rng : Generator
    """
    shape = (rows, len(errors.variance[part]))
    u = np.sqrt(errors.variance[part]) * rng.standard_normal(shape)
    standard = rng.standard_normal((*shape, errors.slope.shape[1]))
    given_u = np.einsum("dqr,ndr->ndq", errors.root[part], standard)
    return u, errors.slope[part] * u[:, :, None] + given_u


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
    columns = 1 + len(data.treatments)
    for rows in row_errors(model, parameters, data, rng):
        variance, root = errors.variance[rows.draws], errors.root[rows.draws]
        given_u = rows.treatment - errors.slope[rows.draws] * rows.outcome[:, :, None]
        standard = np.einsum("dqr,ndr->ndq", np.linalg.inv(root), given_u)
        squares = rows.outcome**2 / variance + (standard**2).sum(axis=2)
        log_volume = columns * np.log(2 * np.pi) + np.log(variance)
        log_volume = log_volume + 2 * np.linalg.slogdet(root)[1]
        values[rows.draws] = -(squares + log_volume).T / 2
    return values + columns / 2 * np.log(data.weights)


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
    values = np.empty((len(parameters.effect), len(data)))
    for rows in new_rows(model, parameters, data, rng):
        values[rows.draws] = rows.outcome.T
    return values


def new_rows(
    model: Instrument,
    parameters: Parameters,
    data: Instrumented,
    rng: np.random.Generator,
) -> Iterator[NewRows]:
    """Yield outcomes and treatments of new rows with the same instruments and covariates.

    Parameters
    ----------
    model : Instrument
    parameters : Parameters
    data : Instrumented
    rng : Generator
    """
    root = np.sqrt(data.weights)[:, None]
    for rows in row_errors(model, parameters, data, rng):
        u, v = _noise(parameters.errors, rows.draws, len(data), rng)
        through = np.einsum(
            "ndq,dq->nd", v - rows.treatment, parameters.effect[rows.draws]
        )
        outcome = data.outcome[:, None] + (u - rows.outcome + through) / root
        moved = (v - rows.treatment) / root[:, :, None]
        treatment = data.treatment.reshape(len(data), 1, -1) + moved
        yield NewRows(draws=rows.draws, outcome=outcome, treatment=treatment)


def working_draws(
    model: Instrument, draws: xr.Dataset, data: Instrumented
) -> xr.Dataset:
    """Return draws under errors of equal variance, in the order of the effect where there is one.

    The quasi-posterior of robust errors has no likelihood of rows; this one has.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
    data : Instrumented
    """
    if model.errors == "iid":
        return draws
    shape = draws["log_first_stage_variance"].shape
    iid, rng = replace(model, errors="iid"), np.random.default_rng(_WORKING_SEED)
    if len(data.treatments) > 1:
        chains, count = shape
        several = several_treatments.exact_posterior(iid, data)(chains, count, rng)
        # Without labels of draws, which may be those of a part
        return draws.assign(
            {name: (each.dims, each.to_numpy()) for name, each in several.items()}
        )
    effect = draws["effect"]
    drawn = exact_posterior(iid, data)(1, effect.size, rng).isel(chain=0)
    ascending = np.argsort(drawn["effect"].to_numpy())
    rank = np.argsort(np.argsort(effect.to_numpy().ravel()))
    ordered = drawn.isel(draw=ascending[rank])
    variables = {
        name: (
            ("chain", "draw", *values.dims[1:]),
            values.to_numpy().reshape(*shape, *values.shape[1:]),
        )
        for name, values in ordered.data_vars.items()
    }
    return draws.assign(variables)
