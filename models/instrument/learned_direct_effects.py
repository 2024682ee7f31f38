"""Instrumental variables with direct effects of all instruments, whose size is learned.

The density is that of `causalstats.numerics.instruments.learned_direct_effects`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.data import Instrumented
from causalstats.errors import ModelError
from causalstats.numerics.instruments.effect_posterior import LOG_VARIANCE_RANGE
from causalstats.numerics.instruments.learned_direct_effects import (
    Coordinates,
    LearnedDirectDraws,
    LearnedDirectPosterior,
    RotatedDesign,
    draw_given,
    learned_direct_posterior,
    log_direct_range,
    rotated_design,
    slope_given,
)

if TYPE_CHECKING:
    import pymc as pm

    from causalstats.models.instrument.model import Instrument

_FEWEST = 3  # instruments, of which one is spent on the effect
_WIDEST = 3.0  # on either side of the least-squares ratio of residuals, in logarithms


def design_of(data: Instrumented) -> RotatedDesign:
    """Return the rotated design.

    Raises
    ------
    ModelError
        If there are fewer than three instruments.
    """
    count = len(data.instrument_columns)
    if count < _FEWEST:
        raise ModelError(
            f"Expected at least {_FEWEST} instruments with `direct='learned'`, got {count}: "
            "nothing tells direct effects from the effect. Say their size, "
            "`direct={'z': Known(0, sd=...)}`."
        )
    return rotated_design(data.moments)


def _scales(model: Instrument) -> dict[str, float]:
    return {
        "first_stage_scale": model.first_stage_prior_scale,
        "direct_scale": model.direct_prior_scale,
    }


def inputs(model: Instrument, data: Instrumented) -> dict[str, np.ndarray]:
    """Return the rotated design and prior scales, by name."""
    design = design_of(data)
    values: dict[str, Any] = {
        "treatment": design.treatment,
        "outcome": design.outcome,
        "spread": design.spread,
        "outside": design.outside,
        "rows_outside": design.rows_outside,
        "log_ratio_centre": design.log_ratio,
        "log_direct_range": log_direct_range(design),
        **_scales(model),
    }
    return {name: np.asarray(value, float) for name, value in values.items()}


def build(model: Instrument, data: Instrumented) -> pm.Model:
    """Return the PyMC graph of ρ, s, τ and the ratio c of residual standard deviations."""
    import pymc as pm
    import pytensor.tensor as pt

    with pm.Model() as graph:
        given = {
            name: pm.Data(name, value) for name, value in inputs(model, data).items()
        }
        rho = pm.Uniform("correlation", -1, 1)
        log_first_stage = pm.Uniform("log_first_stage_variance", *LOG_VARIANCE_RANGE)
        low, high = log_direct_range(design_of(data))
        log_direct = pm.Uniform("log_direct_variance", low, high)
        centre = given["log_ratio_centre"]
        log_ratio = pm.Uniform("log_ratio", centre - _WIDEST, centre + _WIDEST)
        tangent = rho / pt.sqrt(1 - rho**2)
        strength = pt.exp(log_first_stage) * (1 - rho**2)
        kappa = strength / (1 + strength)
        variance = kappa * tangent**2 + 1 + given["spread"] * pt.exp(log_direct)
        moved = (
            given["outcome"] + kappa * tangent * pt.exp(log_ratio) * given["treatment"]
        )
        outside, a = given["outside"], given["treatment"]
        curvature = outside[1, 1] + (a**2 / variance).sum()
        linear = outside[0, 1] + (a * moved / variance).sum()
        least = outside[0, 0] + (moved**2 / variance).sum() - linear**2 / curvature
        explained = outside[1, 1] + (a**2).sum() / (1 + strength)
        count = a.shape[0]
        rows = given["rows_outside"] + count
        degrees = rows - 1
        pm.Potential(
            "likelihood",
            (rows - 3) * log_ratio
            - count / 2 * pt.log1p(strength)
            - pt.log(variance).sum() / 2
            - pt.log(curvature) / 2
            - (rows - 2) * pt.log(pt.exp(2 * log_ratio) * explained + least),
        )
        first_stage_size = given["first_stage_scale"] ** 2 * degrees
        pm.Potential(
            "prior",
            log_first_stage / 2
            - pt.log1p(pt.exp(log_first_stage) / first_stage_size)
            + log_direct / 2
            - pt.log1p(pt.exp(log_direct) / given["direct_scale"] ** 2),
        )
    return graph


def exact_posterior(
    model: Instrument, data: Instrumented
) -> Callable[[int, int, np.random.Generator], xr.Dataset]:
    """Return a function of chains, draws and a generator that draws independently."""
    design = design_of(data)

    @cache
    def posterior() -> LearnedDirectPosterior:
        """Summed when draws are first asked for: a sampler is chosen without it."""
        return learned_direct_posterior(design, **_scales(model))

    def draw(chains: int, draws: int, rng: np.random.Generator) -> xr.Dataset:
        at = posterior().draw(chains * draws, rng)
        values = {
            "correlation": np.sin(at.angle),
            "log_first_stage_variance": at.log_first_stage,
            "log_direct_variance": at.log_direct,
            "log_ratio": at.log_ratio,
        }
        drawn = xr.Dataset(
            {
                name: (("chain", "draw"), each.reshape(chains, draws))
                for name, each in values.items()
            },
            {"chain": np.arange(chains), "draw": np.arange(draws)},
        )
        return recover_marginals(model, drawn, data, rng)

    return draw


def recover_marginals(
    model: Instrument, draws: xr.Dataset, data: Instrumented, rng: np.random.Generator
) -> xr.Dataset:
    """Return draws with the effect, direct effects and the expected F statistic.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
    data : Instrumented
    rng : Generator
    """
    if "effect" in draws:
        return draws
    values = draws_given(draws, data, rng)
    shape = draws["correlation"].shape
    named = {
        "effect": values.effect,
        "first_stage_f": values.first_stage_f,
        "direct_effect_sd": values.direct_effect_sd,
    }
    dims = ("chain", "draw")
    by_instrument = values.direct_effect.reshape(*shape, -1)
    return draws.assign(
        {name: (dims, each.reshape(shape)) for name, each in named.items()}
        | {"direct_effect": ((*dims, "direct_instrument"), by_instrument)}
    ).assign_coords(direct_instrument=list(data.instrument_columns))


def draws_given(
    draws: xr.Dataset, data: Instrumented, rng: np.random.Generator
) -> LearnedDirectDraws:
    """Return draws of what the graph integrates out, chain by chain.

    Parameters
    ----------
    draws : Dataset
    data : Instrumented
    rng : Generator
    """
    return draw_given(design_of(data), _coordinates(draws), rng)


def _coordinates(draws: xr.Dataset) -> Coordinates:
    return Coordinates(
        angle=np.arcsin(draws["correlation"].to_numpy().ravel()),
        log_first_stage=draws["log_first_stage_variance"].to_numpy().ravel(),
        log_direct=draws["log_direct_variance"].to_numpy().ravel(),
        log_ratio=draws["log_ratio"].to_numpy().ravel(),
    )


def log_likelihood(
    model: Instrument, draws: xr.Dataset, data: Instrumented
) -> xr.DataArray:
    """Return the log likelihood of ρ, s, τ and c, the others integrated out.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
    data : Instrumented
    """
    known = slope_given(design_of(data), _coordinates(draws))
    like = draws["correlation"]
    return like.copy(data=known.log_likelihood.reshape(like.shape))


def log_prior(model: Instrument, draws: xr.Dataset, data: Instrumented) -> xr.Dataset:
    """Return the log prior density of s and of the spread of direct effects; ρ is uniform.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
    data : Instrumented
    """
    scales = {
        "log_first_stage_variance": model.first_stage_prior_scale**2
        * data.moments.degrees,
        "log_direct_variance": model.direct_prior_scale**2,
    }
    return xr.Dataset(
        {
            name: draws[name] / 2 - np.log1p(np.exp(draws[name]) / scale)
            for name, scale in scales.items()
        }
    )
