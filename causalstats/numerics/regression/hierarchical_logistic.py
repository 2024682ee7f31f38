"""Hierarchical (multinomial) logistic regression by the Laplace approximation.

log P(level e) / P(level 0) = x'β_e + u_{cell, e} + w_{row, e},    e = 1, ..., E

Columns of x come in blocks: a coefficient has a prior N(0, s²) with a standard deviation that is
known, or that all columns of its block share and that is learned, s ~ half-normal. Cells are random
effects: one shared by the rows of a cell, u, and one of each row, w, of equal variance, so that two
rows of a cell correlate by a half. Over levels the prior is that of a softmax with a coefficient
for every level, N(0, s²/2) each, so that it does not depend on which level is the first.

The mode is found by Newton's method with the random effects eliminated cell by cell (Rasmussen &
Williams 2006, chapter 3); scales are integrated over a central composite design about the mode of
their evidence, weighted by it (Rue, Martino & Chopin 2009).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg, optimize

_MOST_NEWTON_STEPS = 50
_MOST_HALVINGS = 12
_TOLERANCE = 1e-8  # of the log posterior, in a Newton step
_LOG_SCALE_BOUNDS = (-5.0, 2.0)
_SCALE_STEPS = 40
_CURVATURE_STEP = 0.7
_SD_BOUNDS = (0.3, 1.5)  # of a log scale
_RADIUS = (
    1.1  # of the design, in standard deviations by the root of the number of scales
)


@dataclass(frozen=True, eq=False)
class GroupedRows:
    """Rows of a logistic regression with equal columns joined.

    Parameters
    ----------
    design : array, shape (rows, columns)
    counts : array, shape (rows, levels)
        How often each level of the outcome was seen.
    sds : array, shape (columns,)
        Prior standard deviations of coefficients whose block is -1.
    blocks : int array, shape (columns,)
        The block of each column, -1 where its standard deviation is known.
    scales : array, shape (blocks,) or (blocks + 1,)
        The standard deviation of the half-normal prior of the scale of each block; with cells, that
        of the random effects last.
    cells : int array, shape (rows,), optional
        The cell of each row, in increasing order, none left out.
    """

    design: np.ndarray
    counts: np.ndarray
    sds: np.ndarray
    blocks: np.ndarray
    scales: np.ndarray
    cells: np.ndarray | None = None

    @property
    def equations(self) -> int:
        """The number of levels of the outcome, less one."""
        return self.counts.shape[1] - 1

    @cached_property
    def totals(self) -> np.ndarray:
        """The number of observations of each row."""
        return self.counts.sum(axis=1)

    @cached_property
    def level_precision(self) -> np.ndarray:
        """The precision over equations of a coefficient with standard deviation 1."""
        size = self.equations
        return 2.0 * (np.eye(size) - 1.0 / (size + 1))

    @cached_property
    def level_covariance(self) -> np.ndarray:
        """The covariance over equations of a coefficient with standard deviation 1."""
        return (np.eye(self.equations) + 1.0) / 2

    @cached_property
    def cell_count(self) -> int:
        return 0 if self.cells is None else int(self.cells.max()) + 1

    def column_sds(self, log_scales: np.ndarray) -> np.ndarray:
        """Return the prior standard deviation of each column, shape (columns,)."""
        learned = self.blocks >= 0
        sds = self.sds.copy()
        sds[learned] = np.exp(log_scales[self.blocks[learned]])
        return sds

    def cell_variance(self, log_scales: np.ndarray) -> float:
        """Return the variance of each of the two random effects, 0 without cells."""
        return 0.0 if self.cells is None else float(np.exp(2 * log_scales[-1]) / 2)

    def cell_sums(self, values: np.ndarray) -> np.ndarray:
        """Return sums over the rows of each cell, shape (cells, ...)."""
        return np.add.reduceat(values, self._cell_starts, axis=0)

    @cached_property
    def _cell_starts(self) -> np.ndarray:
        assert self.cells is not None
        return np.flatnonzero(np.diff(self.cells, prepend=-1))

    def log_scale_prior(self, log_scales: np.ndarray) -> float:
        """Return the log density of log scales, half-normal on the scales themselves."""
        ratio = np.exp(log_scales) / self.scales
        return float((log_scales - ratio**2 / 2).sum())


@dataclass(frozen=True, eq=False)
class Mode:
    """The mode of the coefficients at given scales, and the curvature there.

    Parameters
    ----------
    rows : GroupedRows
    log_scales : array, shape (scales,)
    coefficients : array, shape (columns, equations)
    duals : array, shape (rows, equations)
        C⁻¹ times the random effects, with C their prior covariance.
    cholesky : array, shape (equations * columns, equations * columns)
        Lower factor of the precision of the coefficients, random effects integrated out;
        equations outermost.
    curvature : array, shape (rows, equations, equations)
        Minus the second derivative of the log likelihood of each row.
    residuals : array, shape (rows, equations)
        Its gradient: counts less what is expected.
    log_evidence : float
        Of the scales, their prior included.
    """

    rows: GroupedRows
    log_scales: np.ndarray
    coefficients: np.ndarray
    duals: np.ndarray
    cholesky: np.ndarray
    curvature: np.ndarray
    residuals: np.ndarray
    log_evidence: float

    @cached_property
    def predictors(self) -> np.ndarray:
        """Linear predictors of the rows, random effects included, shape (rows, equations)."""
        effects = _cell_covariance(self.rows, self.log_scales, self.duals)
        return self.rows.design @ self.coefficients + effects

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Probabilities of the levels in each row, shape (rows, levels)."""
        return level_probabilities(self.predictors)


def level_probabilities(predictors: np.ndarray) -> np.ndarray:
    """Return probabilities of levels from the log odds of all but the first.

    Parameters
    ----------
    predictors : array, shape (..., equations)

    Returns
    -------
    array, shape (..., 1 + equations)

    Examples
    --------
    >>> level_probabilities(np.log([[1.0, 2.0]])).round(2)
    array([[0.25, 0.25, 0.5 ]])
    """
    zeros = np.zeros_like(predictors[..., :1])
    logits = np.concatenate([zeros, predictors], axis=-1)
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return odds / odds.sum(axis=-1, keepdims=True)


def posterior_mode(
    rows: GroupedRows, log_scales: np.ndarray, start: Mode | None = None
) -> Mode:
    """Return the mode of coefficients and random effects at given scales.

    Parameters
    ----------
    rows : GroupedRows
    log_scales : array, shape (scales,)
    start : Mode, optional
        Where Newton's method begins.
    """
    size = rows.equations
    columns = rows.design.shape[1]
    sds = rows.column_sds(log_scales)
    prior = np.kron(rows.level_precision, np.diag(1 / sds**2))
    beta = np.zeros((columns, size)) if start is None else start.coefficients
    duals = np.zeros((len(rows.design), size)) if start is None else start.duals
    value = _log_posterior(rows, log_scales, prior, beta, duals)
    step = np.inf
    for _ in range(_MOST_NEWTON_STEPS):
        derivatives = _derivatives(rows, log_scales, beta, duals)
        cells = _CellAlgebra(rows, rows.cell_variance(log_scales), derivatives[1])
        cholesky = linalg.cholesky(cells.gram + prior, lower=True)
        if step < _TOLERANCE:
            break
        new_beta, new_duals = _newton_point(
            rows, log_scales, cells, cholesky, derivatives, (beta, duals)
        )
        moved, length = value, 1.0
        for _ in range(_MOST_HALVINGS):
            some_beta = beta + length * (new_beta - beta)
            some_duals = duals + length * (new_duals - duals)
            moved = _log_posterior(rows, log_scales, prior, some_beta, some_duals)
            if moved >= value - 1e-12:
                break
            length /= 2
        step = moved - value
        beta, duals, value = some_beta, some_duals, moved
    log_sds = size * np.log(sds).sum()
    prior_determinant = columns * np.linalg.slogdet(rows.level_precision)[1] / 2
    evidence = value - log_sds + prior_determinant
    evidence -= np.log(np.diag(cholesky)).sum() + cells.log_determinant / 2
    evidence += rows.log_scale_prior(log_scales)
    residuals, curvature = derivatives
    return Mode(
        rows,
        log_scales,
        beta,
        duals,
        cholesky,
        curvature,
        residuals,
        float(evidence),
    )


def _newton_point(
    rows: GroupedRows,
    log_scales: np.ndarray,
    cells: _CellAlgebra,
    cholesky: np.ndarray,
    derivatives: tuple[np.ndarray, np.ndarray],
    point: tuple[np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the maximum of the quadratic approximation at a point.

    Parameters
    ----------
    rows : GroupedRows
    log_scales : array, shape (scales,)
    cells : _CellAlgebra
    cholesky : array
        Lower factor of the precision of the coefficients.
    derivatives : pair of arrays
        Gradient and curvature of the log likelihood of each row.
    point : pair of arrays
        Coefficients (columns, equations), and duals of the random effects (rows, equations).
    """
    residuals = derivatives[0]
    beta, duals = point
    design = rows.design
    effects = _cell_covariance(rows, log_scales, duals)
    target = design @ beta + effects - _cell_covariance(rows, log_scales, residuals)
    right = residuals + cells.weighted(target)
    solved = linalg.cho_solve((cholesky, True), (design.T @ right).T.ravel())
    new_beta = solved.reshape(rows.equations, -1).T
    return new_beta, right - cells.weighted(design @ new_beta)


def _log_posterior(
    rows: GroupedRows,
    log_scales: np.ndarray,
    prior: np.ndarray,
    beta: np.ndarray,
    duals: np.ndarray,
) -> float:
    """Return the log likelihood plus the log prior, without constants.

    Parameters
    ----------
    rows : GroupedRows
    log_scales : array, shape (scales,)
    prior : array
        Precision of the coefficients, equations outermost.
    beta : array, shape (columns, equations)
    duals : array, shape (rows, equations)
    """
    effects = _cell_covariance(rows, log_scales, duals)
    predictors = rows.design @ beta + effects
    # log Σ exp, by hand: that of SciPy takes most of the time of a fit
    largest = np.maximum(predictors.max(axis=1), 0.0)
    odds = np.exp(predictors - largest[:, None]).sum(axis=1) + np.exp(-largest)
    likelihood = (rows.counts[:, 1:] * predictors).sum()
    likelihood -= rows.totals @ (largest + np.log(odds))
    flat = beta.T.ravel()
    return float(likelihood - flat @ prior @ flat / 2 - (effects * duals).sum() / 2)


def _derivatives(
    rows: GroupedRows, log_scales: np.ndarray, beta: np.ndarray, duals: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return gradient and minus the second derivative of the log likelihood of each row.

    Parameters
    ----------
    rows : GroupedRows
    log_scales : array, shape (scales,)
    beta : array, shape (columns, equations)
    duals : array, shape (rows, equations)
    """
    effects = _cell_covariance(rows, log_scales, duals)
    shares = level_probabilities(rows.design @ beta + effects)[:, 1:]
    residuals = rows.counts[:, 1:] - rows.totals[:, None] * shares
    products = shares[:, :, None] * shares[:, None, :]
    diagonal = shares[:, :, None] * np.eye(rows.equations)
    return residuals, rows.totals[:, None, None] * (diagonal - products)


def _cell_covariance(
    rows: GroupedRows, log_scales: np.ndarray, values: np.ndarray
) -> np.ndarray:
    """Return the prior covariance of the random effects times values of the rows."""
    variance = rows.cell_variance(log_scales)
    if variance == 0.0:
        return np.zeros_like(values)
    shared = rows.cell_sums(values)[rows.cells]
    return variance * (values + shared) @ rows.level_covariance


class _CellAlgebra:
    """Products with V = (Ω⁻¹ + C)⁻¹, cell by cell, with Ω the curvature of the rows.

    Parameters
    ----------
    rows : GroupedRows
    variance : float
        Of each of the two random effects; 0 without cells, and V is Ω.
    curvature : array, shape (rows, equations, equations)
    """

    def __init__(self, rows: GroupedRows, variance: float, curvature: np.ndarray):
        self.rows = rows
        self.variance = variance
        self.by_row = curvature
        self.log_determinant = 0.0
        if variance > 0:
            covariance = variance * rows.level_covariance
            inflated = np.eye(rows.equations) + covariance @ curvature
            self.by_row = curvature @ np.linalg.inv(inflated)
            shared = np.eye(rows.equations) + covariance @ rows.cell_sums(self.by_row)
            self.by_cell = np.linalg.inv(shared) @ covariance
            self.log_determinant = float(
                np.linalg.slogdet(inflated)[1].sum()
                + np.linalg.slogdet(shared)[1].sum()
            )

    def weighted(self, values: np.ndarray) -> np.ndarray:
        """Return V times values, shape (rows, equations)."""
        result = np.einsum("ief,if->ie", self.by_row, values)
        if self.variance == 0.0:
            return result
        shared = np.einsum("cef,cf->ce", self.by_cell, self.rows.cell_sums(result))
        return result - np.einsum("ief,if->ie", self.by_row, shared[self.rows.cells])

    @cached_property
    def gram(self) -> np.ndarray:
        """X'VX, equations outermost."""
        design = self.rows.design
        size = self.rows.equations
        columns = design.shape[1]
        blocks = np.empty((size, columns, size, columns))
        for one in range(size):
            for other in range(one + 1):
                part = (design * self.by_row[:, one, other, None]).T @ design
                blocks[one, :, other] = part
                blocks[other, :, one] = part.T
        total = blocks.reshape(size * columns, size * columns)
        if self.variance == 0.0:
            return total
        rows = np.einsum("ief,ik->iefk", self.by_row, design)
        sums = self.rows.cell_sums(rows.reshape(len(rows), size, -1))
        weighted = np.einsum("cef,cfk->cek", self.by_cell, sums)
        return total - sums.reshape(-1, sums.shape[2]).T @ weighted.reshape(
            -1, sums.shape[2]
        )


def mode_of_scales(rows: GroupedRows) -> Mode:
    """Return the mode of the coefficients at the scales with the most evidence.

    Parameters
    ----------
    rows : GroupedRows
    """
    start = np.log(0.5 * rows.scales)
    if not len(start):
        return posterior_mode(rows, start)
    best = posterior_mode(rows, start)
    latest = best

    def loss(log_scales: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal latest, best
        latest = posterior_mode(rows, log_scales, latest)
        if latest.log_evidence > best.log_evidence:
            best = latest
        return -latest.log_evidence, -_evidence_gradient(latest)

    optimize.minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[_LOG_SCALE_BOUNDS] * len(start),
        options={"maxfun": _SCALE_STEPS, "ftol": 1e-5, "gtol": 1e-2},
    )
    return best


def _evidence_gradient(mode: Mode) -> np.ndarray:
    """Return the gradient of the log evidence, at a fixed mode and curvature.

    Moving of the mode is left out: its part is of the order of the error of the approximation.
    """
    rows = mode.rows
    size = rows.equations
    columns = rows.design.shape[1]
    sds = rows.column_sds(mode.log_scales)
    inverse = linalg.cho_solve((mode.cholesky, True), np.eye(len(mode.cholesky)))
    spread = inverse.reshape(size, columns, size, columns)
    variances = np.einsum("ekfk,ef->k", spread, rows.level_precision)
    squares = np.einsum(
        "ke,ef,kf->k", mode.coefficients, rows.level_precision, mode.coefficients
    )
    by_column = (squares + variances) / sds**2 - size
    gradient = 1.0 - (np.exp(mode.log_scales) / rows.scales) ** 2
    learned = rows.blocks >= 0
    np.add.at(gradient, rows.blocks[learned], by_column[learned])
    if rows.cells is not None:
        gradient[-1] += _cell_gradient(mode)
    return gradient


def _cell_gradient(mode: Mode) -> float:
    """Return the derivative of the evidence by the log scale of the random effects."""
    rows = mode.rows
    effects = _cell_covariance(rows, mode.log_scales, mode.duals)
    prior = np.kron(
        rows.level_precision, np.diag(1 / rows.column_sds(mode.log_scales) ** 2)
    )
    determinants = []
    step = 1e-3
    for shift in (-step, step):
        variance = rows.cell_variance(mode.log_scales) * np.exp(2 * shift)
        cells = _CellAlgebra(rows, variance, mode.curvature)
        value = np.linalg.slogdet(cells.gram + prior)[1] + cells.log_determinant
        determinants.append(value / 2)
    slope = (determinants[1] - determinants[0]) / (2 * step)
    return float((effects * mode.duals).sum() - slope)


@dataclass(frozen=True, eq=False)
class LaplaceMixture:
    """Normal approximations at several values of the scales, with their weights.

    Parameters
    ----------
    modes : sequence of Mode
        The first at the scales with the most evidence.
    weights : array, shape (modes,)
    """

    modes: Sequence[Mode]
    weights: np.ndarray


def integrate_scales(best: Mode) -> LaplaceMixture:
    """Return the approximations over a central composite design of the log scales.

    Parameters
    ----------
    best : Mode
        At the scales with the most evidence.
    """
    rows = best.rows
    size = len(best.log_scales)
    if not size:
        return LaplaceMixture([best], np.ones(1))
    modes = [best]
    radius = _RADIUS * np.sqrt(size)
    for axis in range(size):
        sd = _log_scale_sd(best, axis)
        for sign in (-1.0, 1.0):
            shifted = best.log_scales.copy()
            shifted[axis] = np.clip(
                shifted[axis] + sign * radius * sd, *_LOG_SCALE_BOUNDS
            )
            modes.append(posterior_mode(rows, shifted, best))
    evidence = np.array([mode.log_evidence for mode in modes])
    weights = np.exp(evidence - evidence.max())
    # Weights of the star that give a standard normal its variance, by Rue et al. (2009)
    at_point = np.exp(radius**2 / 2) / (2 * size * _RADIUS**2)
    at_centre = 1 - 1 / _RADIUS**2
    weights[1:] *= at_point
    weights[0] *= at_centre
    return LaplaceMixture(modes, weights / weights.sum())


def _log_scale_sd(best: Mode, axis: int) -> float:
    """Return the standard deviation of a log scale by the curvature of its evidence."""
    values = []
    for sign in (-1.0, 1.0):
        shifted = best.log_scales.copy()
        shifted[axis] += sign * _CURVATURE_STEP
        values.append(posterior_mode(best.rows, shifted, best).log_evidence)
    curvature = (2 * best.log_evidence - sum(values)) / _CURVATURE_STEP**2
    sd = 1 / np.sqrt(max(curvature, 1e-6))
    return float(np.clip(sd, *_SD_BOUNDS))


@dataclass(frozen=True, eq=False)
class MeanShift:
    """By how much posterior means differ from a mode, to first order in the skewness.

    Parameters
    ----------
    coefficients : array, shape (columns, equations)
    duals : array, shape (rows, equations)
        C⁻¹ times the shift of the random effects.
    """

    coefficients: np.ndarray
    duals: np.ndarray


def mean_shift(mode: Mode) -> MeanShift:
    """Return the shift from the mode to the mean: H⁻¹ Σ_i J_i' t_i / 2, t_i = ∂³ log p_i : cov_i.

    J_i are the derivatives of the predictors of a row, H the precision of all parameters, and cov_i
    the covariance of the predictors (Tierney & Kadane 1986; van Niekerk & Rue 2024).
    """
    rows = mode.rows
    cells = _CellAlgebra(rows, rows.cell_variance(mode.log_scales), mode.curvature)
    covariance = _predictor_covariance(mode, cells)
    shares = mode.probabilities
    identity = np.vstack([np.zeros(rows.equations), np.eye(rows.equations)])
    deviations = identity[None] - shares[:, None, 1:]
    squares = np.einsum("ike,ief,ikf->ik", deviations, covariance, deviations)
    cumulants = shares * (squares - (shares * squares).sum(axis=1, keepdims=True))
    third = -rows.totals[:, None] * cumulants[:, 1:]
    spread = _cell_covariance(rows, mode.log_scales, third)
    source = (third - cells.weighted(spread)) / 2
    solved = linalg.cho_solve((mode.cholesky, True), (rows.design.T @ source).T.ravel())
    coefficients = solved.reshape(rows.equations, -1).T
    duals = source - cells.weighted(rows.design @ coefficients)
    return MeanShift(coefficients, duals)


def _predictor_covariance(mode: Mode, cells: _CellAlgebra) -> np.ndarray:
    """Return the posterior covariance of the predictors of each row, (rows, E, E)."""
    rows = mode.rows
    size = rows.equations
    columns = rows.design.shape[1]
    jacobian = np.einsum("ef,ik->iefk", np.eye(size), rows.design)
    jacobian = jacobian.reshape(len(rows.design), size, size * columns)
    own = np.zeros((len(rows.design), size, size))
    if cells.variance > 0:
        prior = cells.variance * rows.level_covariance
        of_rows = prior @ np.linalg.inv(np.eye(size) + mode.curvature @ prior)
        kept = np.eye(size) - of_rows @ mode.curvature
        weighted = np.einsum("ief,ik->iefk", cells.by_row, rows.design)
        sums = rows.cell_sums(weighted.reshape(jacobian.shape))
        shared = np.einsum("cef,cfk->cek", cells.by_cell, sums)
        jacobian = kept @ (jacobian - shared[rows.cells])
        own = of_rows + kept @ cells.by_cell[rows.cells] @ kept.swapaxes(1, 2)
    flat = jacobian.reshape(-1, size * columns)
    half = linalg.solve_triangular(mode.cholesky, flat.T, lower=True)
    half = half.reshape(size * columns, len(rows.design), size)
    return own + np.einsum("kie,kif->ief", half, half)


def effects_shift(
    mode: Mode, shift: MeanShift, arms: np.ndarray, arm_count: int
) -> np.ndarray:
    """Return the shift of the random effects of every cell in every arm.

    Parameters
    ----------
    mode : Mode
    shift : MeanShift
    arms : int array, shape (rows,)
    arm_count : int

    Returns
    -------
    array, shape (cells, arms, equations)
    """
    rows = mode.rows
    assert rows.cells is not None
    variance = rows.cell_variance(mode.log_scales)
    scaled = variance * shift.duals @ rows.level_covariance
    total = np.repeat(rows.cell_sums(scaled)[:, None], arm_count, axis=1)
    total[rows.cells, arms] += scaled
    return total


def draw_coefficients(
    mixture: LaplaceMixture, size: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return draws of the coefficients, and the mode that each is of.

    Parameters
    ----------
    mixture : LaplaceMixture
    size : int
        The number of draws.
    rng : Generator

    Returns
    -------
    draws : array, shape (draws, columns, equations)
    chosen : int array, shape (draws,)
    """
    chosen = rng.choice(len(mixture.modes), size, p=mixture.weights)
    columns, equations = mixture.modes[0].coefficients.shape
    draws = np.empty((size, columns, equations))
    for number, mode in enumerate(mixture.modes):
        inside = chosen == number
        noise = rng.standard_normal((columns * equations, int(inside.sum())))
        spread = linalg.solve_triangular(mode.cholesky.T, noise, lower=False)
        spread = spread.T.reshape(-1, equations, columns).transpose(0, 2, 1)
        draws[inside] = mode.coefficients + spread
    return draws, chosen


def draw_effects(
    mode: Mode,
    coefficients: np.ndarray,
    arms: np.ndarray,
    arm_count: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return draws of the random effects of every cell in every arm, given the coefficients.

    Parameters
    ----------
    mode : Mode
        With cells.
    coefficients : array, shape (draws, columns, equations)
    arms : int array, shape (rows,)
        The arm of each row; a cell has at most one row of each.
    arm_count : int
    rng : Generator

    Returns
    -------
    array, shape (draws, cells, arms, equations)
        Of an arm without rows they are drawn given those of the other arms.
    """
    rows = mode.rows
    assert rows.cells is not None
    variance = rows.cell_variance(mode.log_scales)
    size = len(coefficients)
    cells = _CellAlgebra(rows, variance, mode.curvature)
    fixed = np.einsum("ik,nke->nie", rows.design, coefficients)
    covariance = variance * rows.level_covariance
    deflated = np.linalg.inv(np.eye(rows.equations) + mode.curvature @ covariance)
    gradient = np.einsum("ief,if->ie", deflated, mode.residuals)
    target = gradient + np.einsum("ief,if->ie", cells.by_row, mode.predictors)
    missing = target - np.einsum("ief,nif->nie", cells.by_row, fixed)
    sums = rows.cell_sums(missing.transpose(1, 0, 2)).transpose(1, 0, 2)
    shared = np.einsum("cef,ncf->nce", cells.by_cell, sums)
    shared = shared + _correlated_noise(cells.by_cell, size, rng)
    # C (I + ΩC)⁻¹ is the covariance of the effect of a row given that of its cell
    of_rows = covariance @ deflated
    working = mode.residuals + np.einsum("ief,if->ie", mode.curvature, mode.predictors)
    known = fixed + shared[:, rows.cells]
    rest = working - np.einsum("ief,nif->nie", mode.curvature, known)
    effects = np.einsum("ief,nif->nie", of_rows, rest)
    effects = effects + _correlated_noise(of_rows, size, rng)
    prior = np.broadcast_to(covariance, (rows.cell_count, *covariance.shape))
    total = np.stack(
        [shared + _correlated_noise(prior, size, rng) for _ in range(arm_count)], axis=2
    )
    total[:, rows.cells, arms] = shared[:, rows.cells] + effects
    return total


def _correlated_noise(
    covariances: np.ndarray, size: int, rng: np.random.Generator
) -> np.ndarray:
    """Return normal draws with given covariances, shape (size, n, equations)."""
    roots = np.linalg.cholesky((covariances + covariances.swapaxes(1, 2)) / 2)
    noise = rng.standard_normal((size, *covariances.shape[:2]))
    return np.einsum("nef,snf->sne", roots, noise)
