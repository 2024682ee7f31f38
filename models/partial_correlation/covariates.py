"""How a composition moves with covariates: coefficients of log-ratios, in closed form under the exact priors, drawn given the covariance otherwise.

Rows of the log-ratios C (n, D) are W B plus errors of covariance Γ, and B has a flat prior. Given Γ and the correlation R of the rows,

    B | C, Γ ~ Normal(B̂, (W'R⁻¹W)⁻¹ ⊗ Γ),   B̂ = (W'R⁻¹W)⁻¹ W'R⁻¹C

and where Θ ~ Wishart(ν, A⁻¹) a coefficient on the contrast a'C is B̂_k a + t √(c_kk a'Aa / f) with f = ν - D + 2 degrees of freedom, c = (W'W)⁻¹.

The matching prior of these coefficients is p(Σ) ∝ |Σ|^(-p), p = D - 1, under which ν = m + D - 2 and f = m: the t-test of least squares.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from causalstats.core.estimand import Estimand
from causalstats.data import Composition
from causalstats.errors import ModelError
from causalstats.models.partial_correlation.marginal_posteriors import Coefficients, pairs
from causalstats.models.partial_correlation.observation import observation_of
from causalstats.models.partial_correlation.priors.conjugate import posterior_scatter
from causalstats.models.partial_correlation.row_dependence import row_dependence_of
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.regression.row_correlation import coefficients

_NAME = "covariate_coefficient"


def drawn(
    theta: np.ndarray, draws: xr.Dataset, data: Composition, rng: np.random.Generator
) -> xr.Dataset:
    """`draws` with one of the coefficients for each draw of Θ, (chain, draw, covariate, part); as they are without covariates.

    Log-ratios that are not known, and the correlation of rows, are those of the draw.
    """
    if data.design is None:
        return draws
    estimate, spread = _estimates(draws, data)
    flat = theta.reshape(-1, *theta.shape[-2:])
    noise = np.linalg.cholesky(spread) @ rng.standard_normal(
        (len(flat), len(data.design.columns), theta.shape[-1] - 1)
    )
    found = estimate + noise @ log_ratios.root(flat).swapaxes(-1, -2)
    found = found.reshape(*theta.shape[:2], *found.shape[1:]) / data.design.scale[:, None]
    coords = {
        "chain": draws["chain"],
        "draw": draws["draw"],
        "covariate": list(data.design.columns),
        "part": list(data.parts),
    }
    return draws.assign({_NAME: xr.DataArray(found, coords, dims=tuple(coords))})


def _estimates(draws: xr.Dataset, data: Composition) -> tuple[np.ndarray, np.ndarray]:
    """B̂ (draws or 1, q-1, D) and its c (draws or 1, q-1, q-1), of the coded covariates without the intercept."""
    rows = row_dependence_of(data)
    ratios = observation_of(data).drawn_log_ratios(draws, data)
    correlations = rows.correlations(draws)
    count = max(len(ratios), len(correlations))
    ratios = np.broadcast_to(ratios, (count, *ratios.shape[1:]))
    correlations = np.broadcast_to(correlations, count)
    estimates = [
        coefficients(columns, data.matrix, correlation, rows.links)
        for columns, correlation in zip(ratios, correlations, strict=True)
    ]
    estimate = np.array([estimate[1:] for estimate, _ in estimates])
    return estimate, np.array([spread[1:, 1:] for _, spread in estimates])


def marginals(model: Any, data: Composition, of_pairs: bool) -> Coefficients:
    """Of every coefficient on the log-ratio of a part to the mean of all, or on that of two parts."""
    prior = model.covariance_prior
    scatter, degrees = posterior_scatter(prior.conjugate(model, data), data)
    assert data.design is not None
    estimate, spread = coefficients(log_ratios.clr(data.values), data.matrix, 0.0, {})
    location = estimate[1:] / data.design.scale[:, None]
    freedom = prior.coefficient_degrees(data, degrees) - len(data.parts) + 2
    variance = (
        log_ratios.variation(scatter)[pairs(len(data.parts))] if of_pairs else np.diagonal(scatter)
    )
    own = np.diagonal(spread)[1:] / data.design.scale**2
    labels = _labels(data.design.columns, data.parts, of_pairs)
    return Coefficients(
        labels,
        _contrasts(location, of_pairs).ravel(),
        np.sqrt(own[:, None] * variance / freedom).ravel(),
        freedom,
    )


def estimands(exact: Callable | None, assumptions: tuple[str, ...]) -> dict[str, Estimand]:
    """Both questions by name; `exact` makes margins of data and of whether they are of pairs, where the posterior has them."""
    found = {}
    for name, of_pairs, what in (
        (_NAME, False, "a part to the mean of all"),
        ("covariate_log_ratio", True, "two parts, which other parts do not change,"),
    ):
        found[name] = Estimand(
            compute=partial(_asked, of_pairs),
            at=partial(_asked, of_pairs),
            description=f"How the log-ratio of {what} differs with one unit more of a covariate, "
            "the other covariates held.",
            unit="log-ratio",
            contrast="one unit more of the covariate, or a level against the first",
            kind="associational",
            assumptions=assumptions,
            marginals=None if exact is None else partial(exact, of_pairs=of_pairs),
            unavailable_reason=_without_covariates,
        )
    return found


def _without_covariates(data: Composition) -> str:
    return (
        ""
        if data.design is not None
        else "they name no covariates. Read them with `Composition.from_frame(..., covariates='site + depth')`."
    )


def _asked(of_pairs: bool, draws: xr.Dataset, data: Composition) -> xr.DataArray:
    """Draws (chain, draw, coefficient) of the parts of `data`, which may be some of those fitted."""
    if _NAME not in draws:
        raise ModelError(
            "There are too many parts to keep draws; the whole composition has "
            "`fit.effect(...).summary()` in closed form."
        )
    values = draws[_NAME].sel(part=list(data.parts)).transpose("chain", "draw", "covariate", "part")
    found = _contrasts(values.to_numpy() - values.mean("part").to_numpy()[..., None], of_pairs)
    labels = _labels(tuple(values["covariate"].to_numpy()), data.parts, of_pairs)
    coords = {name: draws[name] for name in ("chain", "draw") if name in draws.coords}
    return xr.DataArray(
        found.reshape(*found.shape[:2], -1),
        dims=("chain", "draw", "coefficient"),
        coords=coords | {"coefficient": labels},
    )


def _contrasts(values: np.ndarray, of_pairs: bool) -> np.ndarray:
    """Of coefficients (..., D): as they are, or the differences of each two."""
    one, other = pairs(values.shape[-1])
    return values[..., one] - values[..., other] if of_pairs else values


def _labels(covariates: tuple[str, ...], parts: tuple[str, ...], of_pairs: bool) -> list[str]:
    one, other = pairs(len(parts))
    names = (
        [f"{parts[i]} / {parts[j]}" for i, j in zip(one, other, strict=True)]
        if of_pairs
        else list(parts)
    )
    return [f"{name} on {covariate}" for covariate in covariates for name in names]
