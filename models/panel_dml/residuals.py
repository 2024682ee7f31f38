"""What is left of treatments and outcome when covariates are taken out, and what it says: of errors within units, of units' own effects, of the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from causalstats.core.prediction import Prediction
from causalstats.data import Panel
from causalstats.models.panel_dml.parameters import residual_covariance
from causalstats.models.panel_dml.row_blocks import blocks
from causalstats.models.panel_dml.sufficient_statistics import (
    Prepared,
    coefficients,
    correlations_of,
    scales_of,
)
from causalstats.numerics.panel import serial_correlation as serial
from causalstats.numerics.panel.within_transformation import demeaned
from causalstats.numerics.regression import canonical_regression as regression

_REPLICATIONS = 200
_MOST_ROWS = 50_000  # that are looked at one by one
_ALLOWED = "the cluster-robust interval allows for it"
_GROUPS = 500  # of clusters that a bootstrap draws together, where there are more
_NOTHING = 1e-10  # of the largest eigenvalue


def left_over(
    model: Any, draws: xr.Dataset, data: Panel, most: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is left of treatments and outcome (n, q), in standard units, when φ is taken out at the posterior mean of the scales; the mean of Σ; whose rows.

    With `most`, of the units that make up the first so many rows.
    """
    form, scales = model.prepared(data), scales_of(draws, "")
    covariance = residual_covariance(
        np, scales["standard_effect"], scales.get("standard_link"), scales["standard_error_sd"]
    ).mean(axis=0)
    inner = coefficients(form, {name: values.mean(axis=0) for name, values in scales.items()})
    turn = np.vstack([-inner, np.eye(len(form.units))])
    rows, _, unit = combined(turn, form, data, most)
    return rows, covariance, unit


def combined(
    turn: np.ndarray, form: Prepared, data: Panel, most: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(φ, treatments and outcome in standard units) times `turn` (p + q, m), without what columns that have no prior explain of it.

    Then those columns, made orthonormal, and whose rows they are.
    """
    width, aims = len(form.basis.spectrum), len(form.units)
    flat = form.columns.width + (form.share is not None) - width - aims
    rows, within, across, seen = [], np.zeros((flat, flat)), np.zeros((flat, turn.shape[1])), 0
    for block in blocks(data, form.columns, form.share, most):
        phi, times, last = np.split(block.transformed(), [width, -aims], axis=1)
        rows.append([phi @ turn[:width] + last / form.units @ turn[width:], times])
        within, across, seen = (
            within + times.T @ times,
            across + times.T @ rows[-1][0],
            block.rows.stop,
        )
        if most is not None:
            break
    values, vectors = np.linalg.eigh(within)
    kept = values > _NOTHING * max(values.max(initial=0.0), 1e-300)
    root = vectors[:, kept] / np.sqrt(values[kept])
    slopes = root @ (root.T @ across)
    left = np.vstack([left - times @ slopes for left, times in rows])
    return left, np.vstack([times @ root for _, times in rows]), data.unit[:seen]


def with_effects(model: Any, draws: xr.Dataset, data: Panel, theta: np.ndarray) -> xr.Dataset:
    """The draws with other values of θ (draws, k) in standard units, and of what is made of them."""
    units = model.prepared(data).units
    theta = theta.reshape(draws["standard_effect"].shape)
    found = draws.assign(
        standard_effect=draws["standard_effect"].copy(data=theta),
        effect=draws["effect"].copy(data=theta * units[-1] / units[:-1]),
    )
    if "between_effect" in found:
        found["contextual_effect"] = found["between_effect"] - found["effect"]
    return found


def slopes_without_nuisance(
    model: Any, draws: xr.Dataset, data: Panel, rng: np.random.Generator
) -> np.ndarray:
    """θ (draws, k) with clusters weighed at random, by Dirichlet(1, ..., 1), in standard units.

    More than 500 clusters are drawn in 500 groups of neighbours.
    """
    form, scales = (
        model.prepared(data),
        {name: values.mean(axis=0) for name, values in scales_of(draws, "").items()},
    )
    groups, flat = _group_products(model, data), slice(len(form.basis.spectrum), -len(form.units))
    theta = np.empty((draws.sizes["chain"] * draws.sizes["draw"], len(form.units) - 1))
    scale = np.append(np.ones(len(form.basis.spectrum)), 1 / form.units)
    for k in range(len(theta)):
        gram = np.tensordot(len(groups) * rng.dirichlet(np.ones(len(groups))), groups, 1)
        gram = regression.without(gram, np.arange(len(gram))[flat])[0] * scale[:, None] * scale
        turn = np.vstack([-coefficients(form, scales, gram), np.eye(len(form.units))])
        left = turn.T @ gram @ turn
        theta[k] = np.linalg.solve(left[:-1, :-1], left[:-1, -1])
    return theta


def _group_products(model: Any, data: Panel) -> np.ndarray:
    """Cross-products (groups, m, m) of clusters, or of neighbouring ones."""
    form = model.prepared(data)
    told = np.unique(data.cluster[data.sizes > 1]) if model.inside else np.unique(data.cluster)
    count = len(told)
    place = np.searchsorted(told, data.cluster).clip(max=count - 1)
    group = place * min(_GROUPS, count) // count
    width = form.columns.width + (form.share is not None)
    found = np.zeros((group.max() + 1, width, width))
    for block in blocks(data, form.columns, form.share):
        columns, whose = block.transformed(), group[data.unit[block.rows]]
        for rows in np.split(np.arange(len(whose)), np.flatnonzero(np.diff(whose)) + 1):
            found[whose[rows[0]]] += columns[rows].T @ columns[rows]
    return found


def predictions(
    model: Any, draws: xr.Dataset, data: Panel, rng: np.random.Generator
) -> tuple[Prediction, ...]:
    """The errors of the outcome beside replications: serial correlation, tails, means over time.

    The serial correlation is that of the scores v_it e_it of each treatment, since independent
    errors mislead about the effect only where treatment and outcome both persist (Moulton 1986;
    Bertrand, Duflo & Mullainathan 2004): v is held at what was observed, e is replicated. Tails
    are those of an outcome with more than two values.
    """
    left, covariance, unit = left_over(model, draws, data, _MOST_ROWS)
    theta = scales_of(draws, "")["standard_effect"].mean(axis=0)
    changes, error = left[:, : len(data.treatments)], left[:, -1] - left[:, :-1] @ theta
    slope = np.append(-theta, 1.0)
    sd = np.sqrt(slope @ covariance @ slope)
    outcome = data.arguments["outcome"]
    starts = np.flatnonzero(np.diff(unit, prepend=-1))
    time, weights = data.time[: len(unit)], data.weights[: len(unit)]
    periods, at = np.unique(time, return_inverse=True)
    neighbours = np.diff(unit) == 0

    def statistics(error: np.ndarray) -> list[np.ndarray]:
        scores = changes * error[:, None]
        products = (scores[1:] * scores[:-1])[neighbours].sum(axis=0)
        tails = np.array([(error**4).mean() / (error**2).mean() ** 2])
        return [
            products / (scores**2).sum(axis=0),
            tails,
            np.bincount(at, error) / np.bincount(at),
        ]

    share, rho = np.sqrt(weights), scales_of(draws, "").get("serial_correlation")
    gap = correlations_of(model, data)[1]
    middle = starts if model.inside else np.zeros(1, int)

    def replicate() -> list[np.ndarray]:
        new = rng.standard_normal(len(error))
        if rho is not None and gap is not None:
            new = serial.lasting(new, gap[: len(unit)], starts, rho.mean(axis=0)[-1])
        return statistics(share * demeaned((sd * new / share)[:, None], middle, weights)[:, 0])

    observed, replicated = statistics(error), [replicate() for _ in range(_REPLICATIONS)]
    labels = (data.treatments, (outcome,), data.times_as_written(periods))
    sizes = (
        np.full(len(data.treatments), len(left)),
        np.full(1, len(left)),
        np.bincount(at),
    )
    described = {
        "serial correlation": "Errors of a unit depend on each other, and the "
        "interval is too short: say `errors='cluster'`.",
        "tails": "A few rows of the outcome lie far out: look at them, and take its logarithm "
        "where it is positive and skewed.",
        "mean over time": "Something moved all units at once: say `time_effects=True`.",
    }
    robust = model.errors in ("cluster", "bootstrap")
    two_valued = len(np.unique(data.outcome[: len(unit)])) == 2
    unneeded = {
        "tails": two_valued,
        "mean over time": model.time_effects,
    }
    return tuple(
        Prediction(
            name=name,
            groups=labels[k],
            observed=observed[k],
            size=sizes[k],
            replicated=np.array([each[k] for each in replicated]),
            remedy=remedy,
            allowed=_ALLOWED if robust and name in ("serial correlation", "tails") else "",
        )
        for k, (name, remedy) in enumerate(described.items())
        if not unneeded.get(name, False)
    )
