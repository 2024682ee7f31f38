"""The posterior of the coefficients: its density by NumPy, draws, and their robust spread.

With errors="cluster" draws of the effects are stretched about their mean so that their covariance
is the sandwich Σ J Σ of the posterior covariance Σ and the products J of clusters' scores (Shaby
2014), so that counts may be overdispersed and outcomes of a cluster may depend on each other. It is
moderated where a few clusters say most (`leverage`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.models.panel_glm.design import Design, design_of
from causalstats.models.shared.leverage import moderated, shares_of_clusters
from causalstats.numerics.sampling.importance_sampling import importance_sample

if TYPE_CHECKING:
    from causalstats.data import Panel
    from causalstats.models.panel_glm.families.base import OutcomeFamily
    from causalstats.models.panel_glm.model import PanelGLM

_MOST_PARAMETERS = 20  # of more, a Student t around the mode misses too much
_NUMBERS_AT_ONCE = 4_000_000
_STEP = 1e-4  # of a coefficient, for scores
_PRIOR_DEGREES = 3.0  # of a dispersion that all clusters have in common

Drawn = tuple[xr.Dataset, np.ndarray, float, float]


def importance_draws(
    model: PanelGLM, data: Panel
) -> Callable[[int, int, np.random.Generator], Drawn] | None:
    """Return a function of chains, draws and a generator; None of many coefficients."""
    design = design_of(model, data)
    size = len(design.labels)
    if size > _MOST_PARAMETERS:
        return None

    def draw(chains: int, draws: int, rng: np.random.Generator) -> Drawn:
        sample = importance_sample(
            lambda points: log_density(points, model.outcome_family, design),
            np.zeros(size),
            chains * draws,
            rng,
        )
        order = rng.permutation(chains * draws)
        points = sample.points[order].reshape(chains, draws, size)
        dataset = xr.Dataset(
            {"coefficient": (("chain", "draw", "column"), points)},
            {
                "chain": np.arange(chains),
                "draw": np.arange(draws),
                "column": list(design.labels),
            },
        )
        logp = sample.logp[order].reshape(chains, draws)
        return dataset, logp, sample.pareto_k, sample.ess

    return draw


def log_density(
    points: np.ndarray, family: OutcomeFamily, design: Design
) -> np.ndarray:
    """Return log posterior densities (n,) of coefficients (n, k), but for a constant.

    Parameters
    ----------
    points : array, shape (n, k)
    family : OutcomeFamily
    design : Design
    """
    prior = -((points / design.sds) ** 2).sum(axis=1) / 2
    with np.errstate(all="ignore"):
        total = prior + log_likelihood(points, family, design)
    return np.where(np.isfinite(total), total, -np.inf)


def log_likelihood(
    points: np.ndarray, family: OutcomeFamily, design: Design
) -> np.ndarray:
    """Return log likelihoods (n,) of coefficients (n, k), but for a constant.

    Parameters
    ----------
    points : array, shape (n, k)
    family : OutcomeFamily
    design : Design
    """
    units, times = design.outcome.shape
    step = max(1, _NUMBERS_AT_ONCE // (units * times * (times + 1)))
    parts = [
        design.weights @ _by_unit(points[start : start + step], family, design)
        for start in range(0, len(points), step)
    ]
    return np.concatenate(parts)


def _by_unit(points: np.ndarray, family: OutcomeFamily, design: Design) -> np.ndarray:
    predictor = design.columns @ points.T
    return family.by_unit(predictor, design.outcome, design.seen)


def recover_effects(
    model: PanelGLM, draws: xr.Dataset, data: Panel, *, robust: bool
) -> xr.Dataset:
    """Return the draws with the effects per unit of each treatment, on the log scale.

    Parameters
    ----------
    model : PanelGLM
    draws : Dataset
    data : Panel
    robust : bool
        Whether their spread is that of the sandwich.
    """
    effects = working_effects(model, draws, data)["effect"]
    if not robust:
        return draws.assign_coords(treatment=list(data.treatments)).assign(
            effect=effects
        )
    design = design_of(model, data)
    points = _points(draws)
    stretch = robust_stretch(model, data, points)
    count = len(data.treatments)
    standard = points[:, :count]
    centre = standard.mean(axis=0)
    stretched = centre + (standard - centre) @ stretch.T
    values = (stretched / design.treatment_units).reshape(effects.shape)
    return draws.assign_coords(treatment=list(data.treatments)).assign(
        effect=(effects.dims, values)
    )


def working_effects(model: PanelGLM, draws: xr.Dataset, data: Panel) -> xr.Dataset:
    """Return the draws with the effects under the likelihood alone.

    Parameters
    ----------
    model : PanelGLM
    draws : Dataset
    data : Panel
    """
    design = design_of(model, data)
    count = len(data.treatments)
    standard = draws["coefficient"].transpose("chain", "draw", "column")
    values = standard.to_numpy()[..., :count] / design.treatment_units
    dims = ("chain", "draw", "treatment")
    labelled = draws.assign_coords(treatment=list(data.treatments))
    return labelled.assign(effect=(dims, values))


def robust_stretch(model: PanelGLM, data: Panel, points: np.ndarray) -> np.ndarray:
    """Return the matrix that stretches effects about their mean, (q, q).

    Parameters
    ----------
    model : PanelGLM
    data : Panel
    points : array, shape (n, k)
        The posterior of the coefficients.
    """
    sandwich, covariance = sandwich_of(model, data, points)
    part = np.s_[: len(data.treatments), : len(data.treatments)]
    inverse = np.linalg.inv(np.linalg.cholesky(covariance[part]))
    return np.linalg.cholesky(sandwich[part]) @ inverse


def sandwich_of(
    model: PanelGLM, data: Panel, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cluster-robust covariance and that of the posterior, (k, k) each.

    Parameters
    ----------
    model : PanelGLM
    data : Panel
    points : array, shape (n, k)
    """
    design = design_of(model, data)
    covariance = np.atleast_2d(np.cov(points.T))
    sd = np.sqrt(np.diag(covariance))
    moves = np.diag(_STEP * np.maximum(sd, _STEP))
    centre = points.mean(axis=0)
    values = _by_unit(
        np.vstack([centre + moves, centre - moves]), model.outcome_family, design
    )
    up, down = np.split(values, 2, axis=1)
    scores = design.weights[:, None] * (up - down) / (2 * np.diag(moves))
    shares = shares_of_clusters(
        by_cluster(model.outcome_family, design, data),
        centre,
        covariance,
        len(data.treatments),
    )
    by_clusters = _summed(scores, design, data)
    robust = moderated(by_clusters, shares, covariance, _PRIOR_DEGREES)
    return robust, covariance


def by_cluster(
    family: OutcomeFamily, design: Design, data: Panel
) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function of points (n, k) that gives log likelihoods of clusters, (G, n).

    Parameters
    ----------
    family : OutcomeFamily
    design : Design
    data : Panel
        It says which units are of one cluster.
    """

    def values(points: np.ndarray) -> np.ndarray:
        by_unit = design.weights[:, None] * _by_unit(points, family, design)
        return _summed(by_unit, design, data)

    return values


def _summed(values: np.ndarray, design: Design, data: Panel) -> np.ndarray:
    """Return the sums (G, n) over the clusters of the design's units of values (N, n)."""
    codes = np.unique(data.cluster[design.unit], return_inverse=True)[1]
    sums = np.zeros((codes.max() + 1, values.shape[1]))
    np.add.at(sums, codes, values)
    return sums


def _points(draws: xr.Dataset) -> np.ndarray:
    values = draws["coefficient"].transpose("chain", "draw", "column")
    return values.to_numpy().reshape(-1, values.sizes["column"])
