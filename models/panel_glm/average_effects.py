"""Average partial effects (average marginal effects) of counts: mean changes of the outcome.

The mean of a row is μ_it = exp(a_i + x_it'β), and one unit more of the treatment changes it by
(exp θ - 1) μ_it. Given a unit's sum its fitted means add up to it, also where the sum is 0, so that
the mean of μ over all rows is estimated by that of the outcome, ȳ. Rows of units whose outcome is 0
throughout belong to it: without them the mean is that of units selected by their outcome, three
times too large where two thirds of the units of one mean have no count.

ȳ varies about the mean of μ with the variance φ Σ w² μ / (Σ w)², φ the dispersion of the counts
within units: 1 of Poisson counts, and Pearson's estimate with errors="cluster". Outcomes of a unit
that last are taken for its level. The mean of μ has a Gamma posterior with that mean and variance,
independent of θ: conditional on the sums of units the counts say nothing of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.data import Panel
from causalstats.models.panel_dml.estimands import one_or_many
from causalstats.models.panel_glm.design import Design, design_of

if TYPE_CHECKING:
    from causalstats.models.panel_glm.model import PanelGLM

_SEED = 1984  # of draws of the mean, which the posterior draws do not hold


def average_effect(model: PanelGLM, draws: xr.Dataset, data: Panel) -> xr.DataArray:
    """Return (exp θ - 1) times draws of the mean of μ, (chain, draw) or with treatments.

    Parameters
    ----------
    model : PanelGLM
    draws : Dataset
        Of the posterior.
    data : Panel
    """
    effect = one_or_many(draws["effect"])
    size = draws.sizes["chain"] * draws.sizes["draw"]
    mean = np.random.default_rng(_SEED).gamma(*gamma_of_mean(model, draws, data), size)
    means = xr.DataArray(
        mean.reshape(draws.sizes["chain"], draws.sizes["draw"]),
        dims=("chain", "draw"),
    )
    change = effect.copy(data=np.expm1(effect.to_numpy())) * means
    return change.transpose(*effect.dims)


def gamma_of_mean(
    model: PanelGLM, draws: xr.Dataset, data: Panel
) -> tuple[float, float]:
    """Return shape and scale of the Gamma posterior of the mean of μ over all rows.

    Parameters
    ----------
    model : PanelGLM
    draws : Dataset
    data : Panel

    Returns
    -------
    (float, float)
    """
    weights, outcome = data.weights, data.outcome
    mean = float(np.average(outcome, weights=weights))
    variance = float((weights**2) @ outcome) / float(weights.sum()) ** 2
    if model.errors == "cluster":
        variance *= dispersion(design_of(model, data), _coefficients(draws))
    return mean**2 / variance, variance / mean


def dispersion(design: Design, coefficients: np.ndarray) -> float:
    """Return Pearson's estimate of Var(y) / E(y) within units, Σ (y - μ)² / μ over free rows.

    Parameters
    ----------
    design : Design
    coefficients : array, shape (k,)

    Returns
    -------
    float
    """
    predictor = np.where(design.seen > 0, design.columns @ coefficients, -np.inf)
    share = np.exp(predictor - predictor.max(axis=1, keepdims=True))
    share = share / share.sum(axis=1, keepdims=True)
    fitted = design.outcome.sum(axis=1, keepdims=True) * share
    squares = (design.outcome - fitted) ** 2 / np.maximum(fitted, 1e-300)
    units = len(design.outcome)
    free = design.seen.sum() - units - len(coefficients)
    return float((squares * design.seen).sum() / max(free, 1.0))


def _coefficients(draws: xr.Dataset) -> np.ndarray:
    return np.asarray(draws["coefficient"].mean(("chain", "draw")).to_numpy())
