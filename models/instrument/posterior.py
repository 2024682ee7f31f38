"""The posterior of an instrumental-variables model: on a grid, without a sampler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.data import Instrumented
from causalstats.errors import ModelError
from causalstats.numerics.instruments.direct_effect_grid import direct_effect_grid
from causalstats.numerics.instruments.effect_posterior import (
    EffectPosterior,
    ErrorDraws,
    draw_errors,
    effect_posterior,
)
from causalstats.numerics.instruments.effect_posterior import (
    log_likelihood as log_likelihood_at,
)
from causalstats.numerics.instruments.moments import InstrumentMoments

if TYPE_CHECKING:
    from causalstats.models.instrument.model import Instrument

_MOST_DIRECT = 3  # direct effects with a size, over which the posterior is summed


def moments_of(model: Instrument, data: Instrumented) -> InstrumentMoments:
    """Return the cross-products, with a column for each instrument that has a direct effect.

    Raises
    ------
    ModelError
        If an instrument with a direct effect is not there, is coded as several columns, or more
        than three have one; or if there are no more clusters than instruments.
    """
    _refuse_few_clusters(model, data)
    names = list(model.direct_effects)
    if not names:
        return data.moments
    positions = data.instrument_positions(names)
    if len(positions) > len(names):
        raise ModelError(
            "A direct effect is a number for each coded column: expected names among "
            f"{', '.join(map(repr, data.instrument_columns))}, got "
            f"{', '.join(map(repr, names))}."
        )
    if len(positions) > _MOST_DIRECT:
        raise ModelError(
            f"Expected direct effects of at most {_MOST_DIRECT} instruments, got "
            f"{len(positions)}. Leave the instruments of which you are least sure out."
        )
    return data.moments_with(names)


def _refuse_few_clusters(model: Instrument, data: Instrumented) -> None:
    """Refuse a variance of the scores, a sum over clusters, that cannot be inverted."""
    instruments = data.moments.instruments
    clusters = data.moments.clusters
    if model.errors == "robust" and clusters <= instruments:
        raise ModelError(
            f"Expected more clusters than instruments, got {clusters} and {instruments}: the "
            "cluster-robust variance has no inverse. Take fewer instruments or finer clusters."
        )


def direct_prior(model: Instrument) -> tuple[np.ndarray, np.ndarray]:
    """Return means and standard deviations of the direct effects; empty without any."""
    known = model.direct_effects.values()
    means = np.array([each.value for each in known])
    return means, np.array([each.sd for each in known])


def effect_prior_sd(model: Instrument, moments: InstrumentMoments) -> float:
    """Return the prior standard deviation of the effect, in units of the outcome."""
    scale = model.effect_scale
    if scale is None:
        scale = float(np.sqrt(moments.products[0, 0] / moments.products[1, 1]))
    return model.effect_sd * scale


def grid_posterior(model: Instrument, data: Instrumented) -> EffectPosterior:
    """Return the posterior on a grid of effects, first-stage strengths and direct effects."""
    return _on_a_grid(model, moments_of(model, data))


def _on_a_grid(model: Instrument, moments: InstrumentMoments) -> EffectPosterior:
    mean, sd = direct_prior(model)
    free = np.flatnonzero(sd > 0)
    grid = None
    nodes = [mean] if len(mean) else []
    log_weights = np.zeros(1)
    if len(free):
        grid = direct_effect_grid(moments, mean[free], sd[free], mean, free)
        every = np.tile(mean, (len(grid.nodes), 1))
        every[:, free] = grid.at(grid.nodes)
        nodes, log_weights = list(every), grid.log_weight
    posterior = effect_posterior(
        moments,
        confounding=model.confounding,
        effect_sd=effect_prior_sd(model, moments),
        first_stage_scale=model.first_stage_prior_scale,
        robust=model.errors == "robust",
        direct_nodes=nodes,
        direct_log_weights=log_weights,
    )
    return replace(posterior, direct_grid=grid, free=free)


def exact_posterior(
    model: Instrument, data: Instrumented
) -> Callable[[int, int, np.random.Generator], xr.Dataset]:
    """Return a function of chains, draws and a generator that draws independently."""
    moments = moments_of(model, data)

    @cache
    def posterior() -> EffectPosterior:
        """Summed when draws are first asked for: a sampler is chosen without it."""
        return _on_a_grid(model, moments)

    def draw(chains: int, draws: int, rng: np.random.Generator) -> xr.Dataset:
        values = posterior().draw(chains * draws, rng)
        if not model.direct_effects:
            del values["direct_effect"]
        variables = {
            name: (
                ("chain", "draw", *(["direct_instrument"] if each.ndim > 1 else [])),
                each.reshape(chains, draws, *each.shape[1:]),
            )
            for name, each in values.items()
        }
        coords: dict[str, Any] = {"chain": np.arange(chains), "draw": np.arange(draws)}
        if model.direct_effects:
            coords["direct_instrument"] = list(model.direct_effects)
        return xr.Dataset(variables, coords)

    return draw


def recover_marginals(
    model: Instrument, draws: xr.Dataset, data: Instrumented, rng: np.random.Generator
) -> xr.Dataset:
    """Return draws of the graph with ρ and the expected F statistic, which it integrates out.

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
    effect = draws["effect"]
    return draws.assign(
        correlation=effect.copy(data=errors.correlation.reshape(effect.shape)),
        first_stage_f=effect.copy(data=errors.first_stage_f.reshape(effect.shape)),
    )


def errors_given(
    model: Instrument, draws: xr.Dataset, data: Instrumented, rng: np.random.Generator
) -> ErrorDraws:
    """Return draws of the covariance of the errors, one for each draw of the others.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
    data : Instrumented
    rng : Generator
    """
    flat = _flat(model, draws)
    return draw_errors(moments_of(model, data), *flat, rng, model.confounding)


def _flat(
    model: Instrument, draws: xr.Dataset
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return effect (n,), log s² (n,) and direct effects (n, d), chain by chain."""
    effect = draws["effect"].to_numpy().ravel()
    direct = np.empty((len(effect), 0))
    if model.direct_effects:
        direct = draws["direct_effect"].to_numpy().reshape(len(effect), -1)
    return effect, draws["log_first_stage_variance"].to_numpy().ravel(), direct


def log_likelihood(
    model: Instrument, draws: xr.Dataset, data: Instrumented
) -> xr.DataArray:
    """Return the log likelihood of effect, s and direct effects, the others integrated out.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
    data : Instrumented
    """
    flat = _flat(model, draws)
    values = log_likelihood_at(moments_of(model, data), *flat, model.confounding)
    effect = draws["effect"]
    return effect.copy(data=values.reshape(effect.shape))


def log_prior(model: Instrument, draws: xr.Dataset, data: Instrumented) -> xr.Dataset:
    """Return the log prior density of the parameters whose prior is not flat.

    These are s, the effect with confounding="any", and direct effects that are not exact.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
    data : Instrumented
    """
    moments = moments_of(model, data)
    log_variance = draws["log_first_stage_variance"]
    scale = model.first_stage_prior_scale**2 * moments.degrees
    half_cauchy = log_variance / 2 - np.log1p(np.exp(log_variance) / scale)
    densities = {"log_first_stage_variance": half_cauchy}
    if model.confounding == "any":
        sd = effect_prior_sd(model, moments)
        densities["effect"] = -((draws["effect"] / sd) ** 2) / 2
    means, sds = direct_prior(model)
    if len(sds) and (sds > 0).all():
        standard = (draws["direct_effect"] - means) / sds
        densities["direct_effect"] = -(standard**2) / 2
    return xr.Dataset(densities)
