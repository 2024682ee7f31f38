"""A first stage that is known by design: treatments before and after an augmentation.

Rows are augmented by changes of the treatments that leave the outcome as it is, X̃ = X + change.
The change is an instrument, and the error of the first stage is the original row X itself:

    y = X̃β + Xφ + Wγ + e,    e ~ Normal(0, σ²),    φ ~ Normal(0, c²σ²(X'X/N)⁻¹)

β has a flat prior, p(σ²) ∝ 1/σ², and c is half-Cauchy, of scale 1 by default: confounding is as
large in every direction, and how large is learned from the directions that the augmentation
changes. Covariates W are partialled out, N = rows - rank W. With M the projection off X̃, R = X'MX,
g = X'My, s = y'My, Λ = X'X/N and eigenvectors V of R with V'ΛV = 1, V'RV = λ,

    p(c | data) ∝ p(c) Π_j (1 + c²λ_j)^(-1/2) (s - Σ_j (V'g)_j² c²/(1 + c²λ_j))^(-(N-q)/2)

and the others are conjugate given c. Along directions that the augmentation leaves, λ_j = 0: there
φ has its prior, and β is least squares less a draw of it.

References
----------
Rothenhäusler, Meinshausen, Bühlmann & Peters (2021), Anchor regression. Zellner (1986), On
assessing prior distributions and Bayesian regression analysis with g-prior distributions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from causalstats.numerics.instruments.grid_cells import drawn_within_cells

LOG_SCALE_RANGE = (np.log(1e-3), np.log(1e3))
_LOG_SCALES = 400
_RANK_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class DesignedFirstStage:
    """Cross-products of outcome, augmented and original treatments, in the basis of confounding.

    Attributes
    ----------
    loadings : array, shape (q,)
        V'g.
    curvature : array, shape (q,)
        λ.
    to_control : array, shape (q, q)
        V, from coordinates of confounding to φ.
    least_squares : array, shape (q,)
        (X̃'X̃)⁻¹X̃'y.
    shift : array, shape (q, q)
        (X̃'X̃)⁻¹X̃'X: β is least squares less this times φ.
    root : array, shape (q, q)
        A root of (X̃'X̃)⁻¹.
    residual : float
        s.
    original : array, shape (q, q)
        Λ.
    rows : int
        N.
    unchanged : int
        How many directions of the treatments the augmentation leaves as they are.
    """

    loadings: np.ndarray
    curvature: np.ndarray
    to_control: np.ndarray
    least_squares: np.ndarray
    shift: np.ndarray
    root: np.ndarray
    residual: float
    original: np.ndarray
    rows: int
    unchanged: int

    @property
    def degrees(self) -> int:
        """N - q."""
        return self.rows - len(self.loadings)


def designed_first_stage(
    outcome: np.ndarray, treatment: np.ndarray, original: np.ndarray, rank: int
) -> DesignedFirstStage:
    """Return the cross-products of a design whose covariates are partialled out.

    Parameters
    ----------
    outcome : array, shape (n,)
    treatment, original : arrays, shape (n, q)
        Augmented and original treatments.
    rank : int
        Of the covariates with the constant.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> original, change, e = rng.standard_normal((3, 500))
    >>> treatment = (original + change)[:, None]
    >>> design = designed_first_stage(original + e, treatment, original[:, None], 0)
    >>> design.unchanged
    0
    """
    rows = len(outcome) - rank
    whole = treatment.T @ treatment
    lower = np.linalg.cholesky(whole)
    half = linalg.solve_triangular(lower, treatment.T, lower=True)
    y, x = half @ outcome, half @ original
    curvature = original.T @ original - x.T @ x
    scale = original.T @ original / rows
    values, vectors = linalg.eigh(curvature, scale)
    small = values <= _RANK_TOLERANCE * rows
    values = np.where(small, 0.0, values)
    loadings = vectors.T @ (original.T @ outcome - x.T @ y)
    return DesignedFirstStage(
        loadings=np.where(small, 0.0, loadings),
        curvature=values,
        to_control=vectors,
        least_squares=linalg.solve_triangular(lower.T, y),
        shift=linalg.solve_triangular(lower.T, x),
        root=linalg.solve_triangular(lower.T, np.eye(len(lower))),
        residual=float(outcome @ outcome - y @ y),
        original=scale,
        rows=rows,
        unchanged=int(small.sum()),
    )


def log_likelihood(design: DesignedFirstStage, log_scale: np.ndarray) -> np.ndarray:
    """Return log p(data | c) up to a constant, at values of log c.

    Parameters
    ----------
    design : DesignedFirstStage
    log_scale : array, shape (n,)
    """
    square = np.exp(2 * log_scale)[:, None]
    growth = 1 + square * design.curvature
    explained = (design.loadings**2 * square / growth).sum(axis=1)
    left = np.log(design.residual - explained)
    return -np.log(growth).sum(axis=1) / 2 - design.degrees / 2 * left


@dataclass(frozen=True, eq=False, kw_only=True)
class DesignedDraws:
    """Draws of the regression on augmented and original treatments, given c.

    Attributes
    ----------
    effect, control : arrays, shape (n, q)
        β and φ.
    variance : array, shape (n,)
        σ².
    correlation : array, shape (n, q)
        Corr(u, X_j) for u = Xφ + e.
    multiple_correlation : array, shape (n,)
    """

    effect: np.ndarray
    control: np.ndarray
    variance: np.ndarray
    correlation: np.ndarray
    multiple_correlation: np.ndarray


def draw_scale(
    design: DesignedFirstStage,
    size: int,
    rng: np.random.Generator,
    prior_scale: float = 1.0,
) -> np.ndarray:
    """Return independent draws of log c, shape (size,), by a grid.

    Parameters
    ----------
    design : DesignedFirstStage
    size : int
    rng : Generator
    prior_scale : float
        Of the half-Cauchy prior of c.
    """
    grid = np.linspace(*LOG_SCALE_RANGE, _LOG_SCALES)
    prior = grid - np.log1p(np.exp(2 * grid) / prior_scale**2)
    logs = log_likelihood(design, grid) + prior
    density = np.exp(logs - logs.max())
    chosen = rng.choice(len(grid), size, p=density / density.sum())
    return drawn_within_cells(grid, chosen, rng)


def draw_given(
    design: DesignedFirstStage, log_scale: np.ndarray, rng: np.random.Generator
) -> DesignedDraws:
    """Return draws of effects, confounding and variance given c, each from its conjugate posterior.

    Parameters
    ----------
    design : DesignedFirstStage
    log_scale : array, shape (n,)
    rng : Generator
    """
    size, q = len(log_scale), len(design.loadings)
    square = np.exp(2 * log_scale)[:, None]
    growth = 1 + square * design.curvature
    spread = square / growth
    left = design.residual - (design.loadings**2 * spread).sum(axis=1)
    variance = left / 2 / rng.gamma(design.degrees / 2, 1.0, size)
    noise = np.sqrt(variance[:, None] * spread) * rng.standard_normal((size, q))
    control = (spread * design.loadings + noise) @ design.to_control.T
    given = design.least_squares - control @ design.shift.T
    own = np.sqrt(variance)[:, None] * rng.standard_normal((size, q))
    shared = control @ design.original
    total = (control * shared).sum(axis=1)
    whole = np.sqrt(total + variance)
    return DesignedDraws(
        effect=given + own @ design.root.T,
        control=control,
        variance=variance,
        correlation=shared / np.sqrt(np.diag(design.original)) / whole[:, None],
        multiple_correlation=np.sqrt(total) / whole,
    )
