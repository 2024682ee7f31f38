"""What is left of treatments and outcome when covariates are taken out, and what it says: of errors within units, of units' own effects, of the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from causalstats.data import Panel
from causalstats.model import Prediction
from causalstats.models.panel_dml_blocks import blocks
from causalstats.models.panel_dml_rows import Prepared, coefficients, correlations_of, scales_of
from causalstats.models.panel_dml_scales import residual_covariance
from causalstats.numerics import canonical_regression as regression
from causalstats.numerics import serial_correlation as serial
from causalstats.numerics.unit_slopes import slopes_of_units
from causalstats.numerics.within import demeaned

_REPLICATIONS = 200
_MOST_ROWS = 50_000  # that are looked at one by one
_GROUPS = 500  # of units that a bootstrap draws together, where there are more units


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
    rows, unit = _combined(np.vstack([-inner, np.eye(len(form.units))]), form, data, most)
    return rows, covariance, unit


def _combined(
    turn: np.ndarray, form: Prepared, data: Panel, most: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(φ, treatments and outcome in standard units) times `turn` (p + q, m), without what columns that have no prior explain of it; whose rows."""
    rows, within, across, seen = [], 0.0, 0.0, 0
    width, aims = len(form.basis.spectrum), len(form.units)
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
    slopes = np.linalg.pinv(within, rcond=1e-10, hermitian=True) @ across
    return np.vstack([left - times @ slopes for left, times in rows]), data.unit[:seen]


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


def clustered(model: Any, draws: xr.Dataset, data: Panel) -> xr.Dataset:
    """The draws of θ about their mean, stretched until their covariance is the sandwich of the units' scores (Müller 2013, Econometrica 81:1805-1849):

    (V'V)⁻¹ Σ_i V_i'e_i e_i'V_i (V'V)⁻¹ · N/(N-1), with V what is left of the treatments and e = Y - θ'V that of the outcome, at the posterior means
    """
    left, _, unit = left_over(model, draws, data)
    theta = scales_of(draws, "")["standard_effect"]
    middle = theta.mean(axis=0)
    v, e = left[:, :-1], left[:, -1] - left[:, :-1] @ middle
    count, bread = len(data.units), np.linalg.inv(v.T @ v)
    scores = np.column_stack([np.bincount(unit, column) for column in (v * e[:, None]).T])
    robust = count / (count - 1) * bread @ (scores.T @ scores) @ bread
    stretch = np.linalg.cholesky(robust) @ np.linalg.inv(
        np.linalg.cholesky(np.atleast_2d(np.cov(theta, rowvar=False)))
    )
    return with_effects(model, draws, data, middle + (theta - middle) @ stretch.T)


def bootstrapped(
    model: Any, draws: xr.Dataset, data: Panel, rng: np.random.Generator
) -> xr.Dataset:
    """In place of θ the Bayesian bootstrap of units (Rubin 1981): each draw weighs the units by Dirichlet(1, ..., 1), takes out what covariates do under these
    weights, at the posterior means of the scales, and has the slope of what is left. More than 500 units are drawn in 500 groups of neighbours.
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
    return with_effects(model, draws, data, theta)


def _group_products(model: Any, data: Panel) -> np.ndarray:
    """Cross-products (groups, m, m) of neighbouring units."""
    form, count = model.prepared(data), len(data.units)
    group = np.arange(count) * min(_GROUPS, count) // count
    width = form.columns.width + (form.share is not None)
    found = np.zeros((group[-1] + 1, width, width))
    for block in blocks(data, form.columns, form.share):
        columns, whose = block.transformed(), group[data.unit[block.rows]]
        for rows in np.split(np.arange(len(whose)), np.flatnonzero(np.diff(whose)) + 1):
            found[whose[rows[0]]] += columns[rows].T @ columns[rows]
    return found


def of_units(model: Any, draws: xr.Dataset, data: Panel, rng: np.random.Generator) -> xr.Dataset:
    """The draws, with an effect of each unit, their mean and their spread: Y = φ'δ + θ(D - φ'γ) + (θ_i - θ)D + e, with γ and the scales at posterior means.

    δ is drawn anew: without the effects of units it takes in some of them, and they act on what covariates do to D as well.
    """
    form, scales = (
        model.prepared(data),
        {name: values.mean(axis=0) for name, values in scales_of(draws, "").items()},
    )
    width = len(form.basis.spectrum)
    turn = np.zeros((width + 2, width + 3))  # φ, D - φ'γ, Y, D
    turn[:width, :width], turn[:width, width] = np.eye(width), -coefficients(form, scales)[:, 0]
    turn[width, [width, width + 2]] = turn[width + 1, width + 1] = 1.0
    columns, unit = _combined(turn, form, data)
    columns, d = columns[:, :-1], columns[:, -1]
    starts = np.flatnonzero(np.diff(unit, prepend=-1))
    squares, cross = np.add.reduceat(d**2, starts), np.add.reduceat(columns * d[:, None], starts)
    still = data.constant_within_units(data.treatment)[:, 0]
    squares, cross = np.where(still, 0.0, squares), np.where(still[:, None], 0.0, cross)
    chains, count = draws.sizes["chain"], draws.sizes["draw"]
    variances = scales["standard_coefficient_sd"][1] ** 2 * form.basis.spectrum
    mean, spread, own = slopes_of_units(
        columns.T @ columns, cross, squares, variances, form.rows, chains * count, rng
    )
    scale = form.units[1] / form.units[0]
    return draws.assign(
        average_effect=(("chain", "draw"), scale * mean.reshape(chains, count)),
        effect_spread=(("chain", "draw"), scale * spread.reshape(chains, count)),
        unit_effect=xr.DataArray(
            scale * own.reshape(chains, count, -1),
            dims=("chain", "draw", "unit"),
            coords={"unit": list(data.units)},
        ),
    )


def predictions(
    model: Any, draws: xr.Dataset, data: Panel, rng: np.random.Generator
) -> tuple[Prediction, ...]:
    """Of what is left of each treatment and the outcome: correlation of a unit's neighbouring rows, tails, and the mean at each time; what is assumed of it."""
    left, covariance, unit = left_over(model, draws, data, _MOST_ROWS)
    own = [
        *range(len(data.treatments)),
        -1,
    ]  # products with moderators cannot be normal, and need not be
    left, root = left[:, own], np.linalg.cholesky(covariance[np.ix_(own, own)])
    names = (*data.treatments, data.arguments["outcome"])
    starts = np.flatnonzero(np.diff(unit, prepend=-1))
    time, weights = data.time[: len(unit)], data.weights[: len(unit)]
    periods, at = np.unique(time, return_inverse=True)
    neighbours = np.diff(unit) == 0

    def statistics(rows: np.ndarray) -> list[np.ndarray]:
        serial_correlation = (rows[1:] * rows[:-1])[neighbours].sum(axis=0) / (rows**2).sum(axis=0)
        tails = (rows**4).mean(axis=0) / (rows**2).mean(axis=0) ** 2
        return [serial_correlation, tails, np.bincount(at, rows[:, -1]) / np.bincount(at)]

    share, rho = np.sqrt(weights)[:, None], scales_of(draws, "").get("serial_correlation")
    gap = correlations_of(model, data)[1]

    def replicate() -> list[np.ndarray]:
        rows = rng.standard_normal(left.shape)
        if rho is not None and gap is not None:
            rows = np.column_stack(
                [
                    serial.lasting(column, gap[: len(unit)], starts, value)
                    for column, value in zip(rows.T, rho.mean(axis=0)[own], strict=True)
                ]
            )
        rows = rows @ root.T / share
        return statistics(
            share * demeaned(rows, starts if model.inside else np.zeros(1, int), share[:, 0] ** 2)
        )

    observed, replicated = statistics(left), [replicate() for _ in range(_REPLICATIONS)]
    labels = (names, names, tuple(f"{value:g}" for value in periods))
    sizes = (np.full(len(names), len(left)), np.full(len(names), len(left)), np.bincount(at))
    described = {
        "serial correlation": "Errors last: intervals are too short. Say `errors='autoregressive'`, or 'clustered' or 'bootstrap'.",
        "tails": "A few rows lie far out: look at them, and take logarithms where a variable is positive and skewed.",
        "mean over time": "Something moved all units at once: say `time_effects=True`.",
    }
    robust = model.errors in ("clustered", "bootstrap")
    return tuple(
        Prediction(
            name=name,
            groups=labels[k],
            observed=observed[k],
            size=sizes[k],
            replicated=np.array([each[k] for each in replicated]),
            remedy=remedy,
        )
        for k, (name, remedy) in enumerate(described.items())
        if not (name in ("serial correlation", "tails") and robust)
        and not (name == "mean over time" and model.time_effects)
    )
