"""Score tests of terms that a fitted model leaves out, with replications from the model.

In an equation with mean μ_i(η_i) and variance v_i, a term g that the model leaves out of η has the
score Σ g_i μ'_i (y_i - μ_i) / v_i. The score is computed at the posterior mean of μ. The error of
this mean changes the score, to first order along the principal components of the posterior draws of
μ_i / √v_i. These components and the linear terms are partialled out of g_i μ'_i / √v_i, so that the
score has the distribution that it has at the true parameters, whatever their prior (a score test
with nuisance parameters, Rao 1948).

The largest of many scores is compared with the largest of replications from the model. Each is in
units of its own 99 % quantile, upper or lower, because scores of rare outcomes are skewed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

_REPLICATIONS = 999
_REPLICATIONS_AT_ONCE = 111  # held in memory
_TAIL = 0.99
# Standard deviations; of fewer, a score rests on one outcome or none
_LEAST_QUANTILE = 1.0
_LEAST_COMPONENT = 0.01  # of the variance that one parameter gives the scores
_LEAST_VARIANCE = 1e-12  # of the largest
_LEAST_SHARE = 1e-3  # of the squares of a term, that the components leave
_LARGEST_LEVERAGE = 0.2  # of one row, in a score
_FEWEST_DEGREES = 30


@dataclass(frozen=True, eq=False)
class Equation:
    """One equation of a fitted model, and the rows that it is about.

    Parameters
    ----------
    name : str
    rows : int array, shape (n,)
    observed : array, shape (n,)
    fitted : array, shape (draws, n)
        Posterior draws of the mean.
    variance, slope : arrays, shape (n,)
        Of an observation, and of the mean in its linear predictor, at the posterior mean.
    replicate : function
        Of a Generator and a number of replications: observations from the model at the posterior
        mean, shape (replications, n).
    linear : bool
        Whether the mean has terms linear in the features, which are then partialled out.
    """

    name: str
    rows: np.ndarray
    observed: np.ndarray
    fitted: np.ndarray
    variance: np.ndarray
    slope: np.ndarray
    replicate: Callable[[np.random.Generator, int], np.ndarray]
    linear: bool = True


@dataclass(frozen=True)
class LargestScore:
    """The largest score of all terms in all equations.

    Parameters
    ----------
    p : float
        Of the largest score, by replications.
    z : float
        The score in units of its standard deviation.
    equation : str
    term : int
        Position of the term.
    """

    p: float
    z: float
    equation: str
    term: int


def binary_equation(
    name: str, rows: np.ndarray, observed: np.ndarray, fitted: np.ndarray
) -> Equation:
    """Return the equation of a 0/1 outcome.

    Parameters
    ----------
    name : str
    rows : int array, shape (n,)
    observed : bool array, shape (n,)
    fitted : array, shape (draws, n)
        Posterior draws of the probability.
    """
    chance = fitted.mean(axis=0)
    variance = chance * (1 - chance)
    return Equation(
        name=name,
        rows=rows,
        observed=observed.astype(float),
        fitted=fitted,
        variance=variance,
        slope=variance,  # of the logit link, and nearly so of others
        replicate=lambda rng, count: rng.random((count, len(chance))) < chance,
    )


def largest_score(
    equations: Sequence[Equation],
    terms: np.ndarray,
    linear: np.ndarray,
    rng: np.random.Generator,
) -> LargestScore | None:
    """Return the largest score and its p-value, or None where rows are too few.

    Parameters
    ----------
    equations : sequence of Equation
    terms : array, shape (N, k)
        Columns that the model leaves out.
    linear : array, shape (N, d)
        Columns that it has; with an intercept they are partialled out.
    rng : Generator

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.standard_normal((400, 1))
    >>> chances = np.full((50, 400), 0.5)  # as if nothing depended on x
    >>> outcome = rng.random(400) < np.where(abs(x[:, 0]) > 1, 0.8, 0.4)
    >>> equation = binary_equation("outcome", np.arange(400), outcome, chances)
    >>> score = largest_score([equation], x**2, x, rng)
    >>> score.p, round(score.z, 1)
    (0.001, 4.5)
    """
    parts = []
    for equation in equations:
        columns = _partialled_out(equation, terms, linear)
        if columns is not None:
            parts.append((equation, *columns))
    if not parts:
        return None
    scores = [_scores(equation, weights, rng) for equation, weights, _ in parts]
    every = np.hstack(scores)  # (1 + replications, columns), the observed first
    lower, upper = np.quantile(every, [1 - _TAIL, _TAIL], axis=0)
    relative = np.maximum(every / upper, every / lower)
    relative[:, (lower > -_LEAST_QUANTILE) | (upper < _LEAST_QUANTILE)] = 0.0
    largest = relative.max(axis=1)
    worst = int(relative[0].argmax())
    names = [equation.name for equation, _, kept in parts for _ in kept]
    positions = np.concatenate([kept for _, _, kept in parts])
    return LargestScore(
        p=float((largest >= largest[0]).mean()),
        z=float(every[0, worst]),
        equation=names[worst],
        term=int(positions[worst]),
    )


def _partialled_out(
    equation: Equation, terms: np.ndarray, linear: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the columns by which scores are sums of standardised residuals.

    Returns
    -------
    weights : array, shape (n, kept)
        Each of length 1.
    kept : int array
        Positions of the terms; others are determined by what was partialled out, or by one row.
    """
    scale = (equation.slope / _root_variance(equation))[:, None]
    scale = scale / max(np.abs(scale).max(), 1e-300)  # whatever the unit of the outcome
    size = len(equation.rows)
    columns_of_model = linear[equation.rows] if equation.linear else np.empty((size, 0))
    known = np.column_stack([np.ones(size), columns_of_model]) * scale
    basis = _orthonormal(np.column_stack([known, _components(equation)]))
    if size - basis.shape[1] < _FEWEST_DEGREES:
        return None
    columns = terms[equation.rows] * scale
    total = np.maximum(_squares(columns), _LEAST_VARIANCE)
    columns -= basis @ (basis.T @ columns)
    squares = _squares(columns)
    columns /= np.sqrt(np.maximum(squares, _LEAST_VARIANCE))
    weights = columns
    varies = squares > _LEAST_SHARE * total
    largest = np.maximum(weights.max(axis=0), -weights.min(axis=0))
    spread = largest**2 < _LARGEST_LEVERAGE
    kept = np.flatnonzero(varies & spread)
    return (weights[:, kept], kept) if len(kept) else None


def _squares(columns: np.ndarray) -> np.ndarray:
    """Return the sum of squares of each column, without an array of squares."""
    return np.einsum("ij,ij->j", columns, columns)


def _root_variance(equation: Equation) -> np.ndarray:
    least = max(_LEAST_VARIANCE * float(equation.variance.max()), 1e-300)
    return np.sqrt(np.maximum(equation.variance, least))


def _components(equation: Equation) -> np.ndarray:
    """Return the principal components of the posterior of standardised means, (n, k)."""
    deviation = equation.fitted - equation.fitted.mean(axis=0)
    deviation = deviation / _root_variance(equation) / np.sqrt(len(deviation))
    values, vectors = np.linalg.eigh(deviation @ deviation.T)
    kept = values > _LEAST_COMPONENT
    return deviation.T @ (vectors[:, kept] / np.sqrt(values[kept]))


def _orthonormal(columns: np.ndarray) -> np.ndarray:
    # That of the triangle: a decomposition of all rows would take four times as long.
    basis, triangle = np.linalg.qr(columns)
    left, sizes, _ = np.linalg.svd(triangle)
    return basis @ left[:, sizes > 1e-9 * sizes[0]]


def _scores(
    equation: Equation, weights: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the scores of the data, and below them those of replications."""
    mean = equation.fitted.mean(axis=0)
    scaled = weights / _root_variance(equation)[:, None]
    rows = [(equation.observed - mean)[None] @ scaled]
    for _ in range(_REPLICATIONS // _REPLICATIONS_AT_ONCE):
        drawn = equation.replicate(rng, _REPLICATIONS_AT_ONCE)
        rows.append((drawn - mean) @ scaled)
    return np.vstack(rows)
