"""Coverage of the default posterior of `Heckman`, by a likelihood of its own and many data sets.

    python benchmarks/heckman_coverage.py [--data-sets 200]

The designs of `designs/selection.py` that have an exclusion, in which the model is right. The
posterior is written down here anew in JAX, and sampled by importance sampling around its mode, in a
tenth of a second a data set: it shares neither graph nor sampler with the package, whose own
coverage is in `coverage/selection.json`, over fewer data sets.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from designs.selection import numbers
from jax.scipy.stats import norm
from scipy.optimize import minimize

import causalstats as cs

RESULTS = Path(__file__).with_suffix(".json")
DESIGNS: dict[str, dict[str, Any]] = {
    "Heckman with an exclusion": {"excluded": ["x3"]},
    "Heckman with an exclusion, 20 features": {"features": 20, "excluded": ["x20"]},
    "Heckman without selection": {"correlation": 0.0, "excluded": ["x3"]},
}
POINTS = 1200
DEGREES_OF_FREEDOM = 10
INFLATION = 1.05  # of the proposal's scale
LARGEST = 20  # weights are truncated at the 20th largest
PRIOR_VARIANCE = 9.0  # of the coefficients, and of σ's half-Normal


def posterior(
    features: int, included: np.ndarray
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the log posterior density, and the mean of the unseen, of a point and data.

    A point has the coefficients of the outcome and of selection, both intercepts at the mean of the
    features, log σ and 2 atanh κ. Data are features, standardised outcomes, decisions, and the mean
    of the features.

    Parameters
    ----------
    features : int
    included : int array
        Positions of the features that are not excluded.
    """
    split = len(included)

    def equations(point, x, middle):
        beta = jnp.zeros(features).at[included].set(point[:split])
        gamma = point[split : split + features]
        intercepts = point[split + features : split + features + 2]
        intercept = intercepts[0] - middle @ beta
        selection_intercept = intercepts[1] - middle @ gamma
        coefficients = (beta, gamma, intercept, selection_intercept)
        sigma = jnp.exp(point[-2])
        return coefficients, sigma, jnp.tanh(point[-1] / 2)

    def log_density(point, x, y, decision, middle):
        (beta, gamma, intercept, selection_intercept), sigma, kappa = equations(
            point, x, middle
        )
        index = selection_intercept + x @ gamma
        error = jnp.where(decision, (y - intercept - x @ beta) / sigma, 0.0)
        conditional = (index + kappa * error) / jnp.sqrt(1 - kappa**2)
        seen = norm.logpdf(error) - jnp.log(sigma) + norm.logcdf(conditional)
        likelihood = jnp.where(decision, seen, norm.logcdf(-index)).sum()
        squares = (point[: split + features] ** 2).sum() + sigma**2
        squares += intercept**2 + selection_intercept**2
        jacobian = jnp.log(sigma) + jnp.log1p(-(kappa**2))
        return likelihood - squares / (2 * PRIOR_VARIANCE) + jacobian

    def unseen_mean(point, x, y, decision, middle):
        (beta, gamma, intercept, selection_intercept), sigma, kappa = equations(
            point, x, middle
        )
        index = selection_intercept + x @ gamma
        mills = jnp.exp(norm.logpdf(index) - norm.logcdf(-index))
        expected = intercept + x @ beta - kappa * sigma * mills
        return jnp.where(decision, 0.0, expected).sum() / (~decision).sum()

    return log_density, unseen_mean


def coverage(settings: dict[str, Any], data_sets: int) -> dict[str, float]:
    """Return how often the 95 % interval of the unseen mean covers, over data sets of a design."""
    compiled: tuple[Callable[..., Any], ...] | None = None
    rows = []
    for seed in range(data_sets):
        model, data, truth = numbers(seed, **settings)
        seen = data.outcome[data.decision]
        standard = np.where(
            data.decision, (data.outcome - seen.mean()) / seen.std(), 0.0
        )
        given = (data.matrix, standard, data.decision, data.matrix.mean(axis=0))
        if compiled is None:
            included = np.flatnonzero(~data.feature_mask(model.excluded))
            size = len(included) + len(data.features) + 4
            compiled = _compiled(*posterior(len(data.features), included))
        answers, weights = _sampled(compiled, given, size, np.random.default_rng(seed))
        rows.append(_row(seen.mean() + seen.std() * answers, weights, truth))
        if (seed + 1) % 20 == 0:
            print(seed + 1, np.mean([row["covered"] for row in rows]), flush=True)
    means = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    z = [row["z"] for row in rows]
    return {"data sets": len(rows), **means, "sd of z": float(np.std(z))}


def _compiled(
    log_density: Callable[..., Any], answer: Callable[..., Any]
) -> tuple[Callable[..., Any], ...]:
    def loss(point, *given):
        return -log_density(point, *given)

    def both(points, *given):
        def at(point):
            return log_density(point, *given), answer(point, *given)

        return jax.lax.map(at, points, batch_size=8)

    return jax.jit(jax.value_and_grad(loss)), jax.jit(jax.hessian(loss)), jax.jit(both)


def _sampled(
    compiled: tuple[Callable[..., Any], ...],
    given: tuple[np.ndarray, ...],
    size: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return answers at draws of a Student t around the mode, and their importance weights.

    Parameters
    ----------
    compiled : three functions
        Loss with gradient, its Hessian, and density with answer.
    given : arrays
        The data.
    size : int
        The number of parameters.
    rng : Generator
    """
    loss, hessian, both = compiled
    optimum = minimize(
        lambda point: [np.asarray(value) for value in loss(point, *given)],
        np.zeros(size),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 400},
    )
    covariance = np.linalg.inv(np.asarray(hessian(optimum.x, *given)))
    root = np.linalg.cholesky((covariance + covariance.T) / 2)
    chi_square = rng.chisquare(DEGREES_OF_FREEDOM, (POINTS, 1))
    steps = rng.standard_normal((POINTS, size))
    steps = steps / np.sqrt(chi_square / DEGREES_OF_FREEDOM)
    points = optimum.x + INFLATION * steps @ root.T
    density, answers = (np.asarray(value) for value in both(points, *given))
    squares = (steps**2).sum(axis=1) / DEGREES_OF_FREEDOM
    logarithm = density + (DEGREES_OF_FREEDOM + size) / 2 * np.log1p(squares)
    weights = np.exp(logarithm - logarithm.max())
    weights = np.minimum(weights, np.sort(weights)[-LARGEST])
    return answers, weights / weights.sum()


def _row(answers: np.ndarray, weights: np.ndarray, truth: float) -> dict[str, float]:
    """Return whether the interval covers, its width, and what the sampling is worth."""
    order = np.argsort(answers)
    shares = np.cumsum(weights[order])
    lower, upper = answers[order][np.searchsorted(shares, [0.025, 0.975])]
    mean = weights @ answers
    sd = np.sqrt(weights @ (answers - mean) ** 2)
    return {
        "covered": float(lower <= truth <= upper),
        "z": float((truth - mean) / sd),
        "bias": float(mean - truth),
        "width": float(upper - lower),
        "effective sample size": float(1 / (weights**2).sum()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-sets", type=int, default=200)
    data_sets = parser.parse_args().data_sets
    jax.config.update("jax_enable_x64", True)
    figures = {}
    for name, settings in DESIGNS.items():
        figures[name] = coverage(settings, data_sets)
        print(name, figures[name], flush=True)
    about = {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "causalstats": cs.__version__,
        "jax": version("jax"),
    }
    RESULTS.write_text(
        json.dumps({"about": about, "designs": figures}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
