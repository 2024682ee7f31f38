"""Instrumental variables with several treatments: the posterior, its graph and its refusals.

The density is that of `causalstats.numerics.instruments.several_treatments`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.data import Instrumented
from causalstats.errors import ModelError
from causalstats.models.instrument.posterior import moments_of
from causalstats.numerics.instruments.effect_posterior import LOG_VARIANCE_RANGE
from causalstats.numerics.instruments.several_treatments import (
    MOST_TREATMENTS,
    EffectsPosterior,
    SeveralErrorDraws,
    draw_errors,
    effects_posterior,
    starting_grid,
)
from causalstats.numerics.instruments.several_treatments import (
    log_likelihood as log_likelihood_at,
)

if TYPE_CHECKING:
    import pymc as pm

    from causalstats.models.instrument.model import Instrument

_LARGEST_RATIO = 1 - 1e-9


def refuse_options(model: Instrument, data: Instrumented) -> None:
    """Refuse options that go with one treatment alone.

    Raises
    ------
    ModelError
        If there are more than three treatments, or direct effects, another prior of confounding or
        effects that differ are asked for.
    """
    count = len(data.treatments)
    named = ", ".join(map(repr, data.treatments))
    if count > MOST_TREATMENTS:
        raise ModelError(
            f"Expected at most {MOST_TREATMENTS} treatments, got {count}: {named}. Their posterior "
            "is summed on a grid of all effects. Hold those that share no cause with the outcome "
            "among the covariates."
        )
    instead = f"Name one treatment, or leave it out for the {count} treatments {named}."
    if model.direct is not None:
        raise ModelError(
            f"`direct` goes with one treatment: direct effects are integrated out there. {instead}"
        )
    if model.confounding != "uniform":
        raise ModelError(
            "`confounding='any'` goes with one treatment, whose effect has a normal prior. "
            f"{instead}"
        )
    if model.effects != "one":
        raise ModelError(
            "`effects='compliers'` goes with one treatment: where effects differ, two-stage least "
            "squares of several treatments mixes their effects, and is a mean over nobody "
            f"(Bhuller & Sigstad 2024). {instead}"
        )


def inputs(model: Instrument, data: Instrumented) -> dict[str, np.ndarray]:
    """Return the cross-products and prior scales that the graph takes, by name."""
    moments = moments_of(model, data)
    centre, root = starting_grid(moments)
    values: dict[str, Any] = {
        "products": moments.products,
        "projections": moments.projections,
        "degrees": moments.degrees,
        "centre": centre,
        "root": root,
        "first_stage_scale": model.first_stage_prior_scale,
    }
    if model.errors == "robust":
        values["score_products"] = moments.score_products
    return {name: np.asarray(value, float) for name, value in values.items()}


def build(model: Instrument, data: Instrumented) -> pm.Model:
    """Return the PyMC graph of all effects and of s; the others are integrated out."""
    import pymc as pm
    import pytensor.tensor as pt

    count = len(data.treatments)
    with pm.Model(coords={"treatment": list(data.treatments)}) as graph:
        given = {
            name: pm.Data(name, value) for name, value in inputs(model, data).items()
        }
        angle = pm.Uniform("angle", -np.pi / 2, np.pi / 2, shape=count)
        log_variance = pm.Uniform("log_first_stage_variance", *LOG_VARIANCE_RANGE)
        # JAX compiles no gradient of parts of a matrix of unknown size
        width = count + 1
        given["products"] = pt.specify_shape(given["products"], (width, width))
        given["projections"] = pt.specify_shape(given["projections"], (None, width))
        centre = pt.specify_shape(given["centre"], (count,))
        root = pt.specify_shape(given["root"], (count, count))
        effect = centre + root @ pt.tan(angle)
        pm.Deterministic("effect", effect, dims="treatment")
        contrast = pt.stack([pt.ones(()), *(-effect[each] for each in range(count))])
        density = _log_density(given, contrast, log_variance, count)
        pm.Potential("posterior", density - 2 * pt.log(pt.cos(angle)).sum())
    return graph


def graph_draws(model: Instrument, draws: xr.Dataset, data: Instrumented) -> xr.Dataset:
    """Return draws with the angles of the graph, of which the closed form draws the effects.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
    data : Instrumented
    """
    centre, root = starting_grid(moments_of(model, data))
    effect = draws["effect"].transpose("chain", "draw", "treatment")
    steps = np.linalg.solve(root, (effect.to_numpy() - centre)[..., None])[..., 0]
    return draws.assign(angle=(("chain", "draw", "angle_dim_0"), np.arctan(steps)))


def _log_density(
    given: dict[str, Any], contrast: Any, log_variance: Any, count: int
) -> Any:
    """Return log p(β, log s² | data) as an expression.

    Parameters
    ----------
    given : mapping of name to variable
    contrast : vector (q + 1,)
        (1, -β).
    log_variance : variable
        log s².
    count : int
        q.
    """
    import pytensor.tensor as pt

    products, projections = given["products"], given["projections"]
    degrees = given["degrees"]
    variance = pt.exp(log_variance)
    kappa = variance / (1 + variance)
    size = contrast @ products @ contrast
    scores = projections @ contrast
    share = (scores**2).sum() / size
    if "score_products" in given:
        spread = (
            given["score_products"]
            * contrast[:, None, None, None]
            * contrast[None, :, None, None]
        ).sum(axis=(0, 1))
        statistic = (scores * pt.linalg.solve(spread, scores, b_ndim=1)).sum()
        share = pt.minimum(statistic / (degrees + count - 1), _LARGEST_RATIO)
    left = products - kappa * projections.T @ projections
    log_determinant = _log_determinant(left, count + 1)
    first_stage = (
        log_variance / 2
        - pt.log1p(variance / (given["first_stage_scale"] ** 2 * degrees))
        - projections.shape[0] * count / 2 * pt.log1p(variance)
    )
    return (
        first_stage
        - (degrees - 2) / 2 * log_determinant
        + (degrees - 2 - count) / 2 * pt.log1p(-kappa * share)
        - (2 + count) / 2 * pt.log(size)
    )


def _log_determinant(matrix: Any, size: int) -> Any:
    """Return log |A| of a positive definite matrix by its pivots, without a decomposition.

    The gradient of a decomposition takes lengths that are unknown when JAX compiles it.

    Parameters
    ----------
    matrix : variable (m, m)
    size : int
        m.
    """
    import pytensor.tensor as pt

    total = pt.log(matrix[0, 0])
    for _ in range(size - 1):
        column = matrix[1:, 0]
        matrix = matrix[1:, 1:] - column[:, None] * column[None, :] / matrix[0, 0]
        total = total + pt.log(matrix[0, 0])
    return total


def exact_posterior(
    model: Instrument, data: Instrumented
) -> Callable[[int, int, np.random.Generator], xr.Dataset]:
    """Return a function of chains, draws and a generator that draws independently."""
    moments = moments_of(model, data)

    @cache
    def posterior() -> EffectsPosterior:
        """Summed when draws are first asked for: a sampler is chosen without it."""
        return effects_posterior(
            moments,
            first_stage_scale=model.first_stage_prior_scale,
            robust=model.errors == "robust",
        )

    def draw(chains: int, draws: int, rng: np.random.Generator) -> xr.Dataset:
        effects, log_variance = posterior().draw(chains * draws, rng)
        dims = ("chain", "draw")
        drawn = xr.Dataset(
            {
                "effect": (
                    (*dims, "treatment"),
                    effects.reshape(chains, draws, -1),
                ),
                "log_first_stage_variance": (dims, log_variance.reshape(chains, draws)),
            },
            {
                "chain": np.arange(chains),
                "draw": np.arange(draws),
                "treatment": list(data.treatments),
            },
        )
        return recover_marginals(model, drawn, data, rng)

    return draw


def recover_marginals(
    model: Instrument, draws: xr.Dataset, data: Instrumented, rng: np.random.Generator
) -> xr.Dataset:
    """Return draws with correlations of the errors and the expected F of Cragg & Donald.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
    data : Instrumented
    rng : Generator
    """
    if "correlation" in draws:
        return draws
    errors = errors_given(model, draws, data, rng)
    effect, shape = draws["effect"], draws["log_first_stage_variance"].shape
    dims = ("chain", "draw")
    return draws.assign(
        correlation=effect.copy(data=errors.correlation.reshape(effect.shape)),
        multiple_correlation=(dims, errors.multiple_correlation.reshape(shape)),
        first_stage_f=(dims, errors.first_stage_f.reshape(shape)),
    )


def errors_given(
    model: Instrument, draws: xr.Dataset, data: Instrumented, rng: np.random.Generator
) -> SeveralErrorDraws:
    """Return draws of the errors' covariance and the first stage, chain by chain.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
    data : Instrumented
    rng : Generator
    """
    return draw_errors(moments_of(model, data), *_flat(draws), rng)


def _flat(draws: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return effects (n, q) and log s² (n,), chain by chain."""
    effects = draws["effect"].transpose("chain", "draw", "treatment").to_numpy()
    log_variance = draws["log_first_stage_variance"].to_numpy().ravel()
    return effects.reshape(len(log_variance), -1), log_variance


def log_likelihood(
    model: Instrument, draws: xr.Dataset, data: Instrumented
) -> xr.DataArray:
    """Return the log likelihood of effects and s, the others integrated out.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
    data : Instrumented
    """
    like = draws["log_first_stage_variance"]
    values = log_likelihood_at(moments_of(model, data), *_flat(draws))
    return like.copy(data=values.reshape(like.shape))


def log_prior(model: Instrument, draws: xr.Dataset, data: Instrumented) -> xr.Dataset:
    """Return the log prior density of s; the others have flat or integrated priors.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
    data : Instrumented
    """
    log_variance = draws["log_first_stage_variance"]
    scale = model.first_stage_prior_scale**2 * moments_of(model, data).degrees
    density = log_variance / 2 - np.log1p(np.exp(log_variance) / scale)
    return xr.Dataset({"log_first_stage_variance": density})
