"""Gibbs sampling of the log-ratios of counts: coordinate Metropolis steps in the Poisson form.

Counts y_i of a row are multinomial with the probabilities softmax(u_i). With a free level α_i of
the row (flat prior) and w_ij = α_i + u_ij, y_ij ~ Poisson(exp w_ij) has the same posterior of the
log-ratios, and a likelihood that is a product over parts (Poisson trick). The prior w_i ~
Normal(B'x_i, K⁻¹) enters through Θ alone, which leaves the level free. The conditional density of
one w,

    y w - e^w - τ (w - m)² / 2,    τ = Θ_jj,  m = w_ij - (Θ (w_i - μ_i))_j / τ,

has its mode at w* = m + y/τ - u with u + log u = m + y/τ - log τ. About it, a proposal of two half
normals is accepted nearly always at every size, and a sweep costs O(n D²): no matrix is factorised
for a row.

References
----------
Baker (1994), The multinomial-Poisson transformation, The Statistician 43. Aitchison & Ho (1989),
The multivariate Poisson-log normal distribution, Biometrika 76. Yu & Meng (2011), To center or not
to center: ancillarity-sufficiency interweaving, Journal of Computational and Graphical Statistics
20: the shifts of a whole column with its intercept.
"""

from typing import NamedTuple

import numba
import numpy as np

from causalstats.numerics.compositions import horseshoe_gibbs
from causalstats.numerics.compositions.horseshoe_gibbs import Scales, State

_NEWTON_STEPS = 4
_DISTANCE = 2.5  # right standard deviations at which the left half normal is fitted
_WIDE_SHARE = 0.05  # of left proposals that are as wide as the prior
_compiled = numba.njit(nogil=True, cache=True, error_model="numpy")


class Rows(NamedTuple):
    """Counts and covariates of the rows, with what follows from them once.

    Attributes
    ----------
    counts : array, shape (n, D)
        y.
    covariates : array, shape (n, q)
        X; the first column is the intercept.
    basis : array, shape (n, q)
        An orthonormal basis of the columns of X.
    solver : array, shape (q, n)
        (X'X)⁻¹X'.
    spread : array, shape (q, q)
        A root of (X'X)⁻¹.
    """

    counts: np.ndarray
    covariates: np.ndarray
    basis: np.ndarray
    solver: np.ndarray
    spread: np.ndarray


class CountState(NamedTuple):
    """The state of a chain, which sweeps change in place.

    Attributes
    ----------
    covariance : State
        Of K and its prior.
    logs : array, shape (n, D)
        w.
    coefficients : array, shape (q, D)
        B.
    """

    covariance: State
    logs: np.ndarray
    coefficients: np.ndarray


def rows_of(counts: np.ndarray, covariates: np.ndarray) -> Rows:
    """Return the rows with what follows from their covariates.

    Parameters
    ----------
    counts : array, shape (n, D)
    covariates : array, shape (n, q)
        Of full rank; the first column is 1.
    """
    basis, triangle = np.linalg.qr(covariates)
    inverse = np.linalg.inv(triangle)
    contiguous = [counts, covariates, basis, inverse @ basis.T, inverse]
    return Rows(*(np.ascontiguousarray(each, dtype=float) for each in contiguous))


def initial_state(rows: Rows, rng: np.random.Generator) -> CountState:
    """Return a state about the logarithms of counts + 1/2.

    Parameters
    ----------
    rows : Rows
    rng : Generator
        Chains start apart from each other.
    """
    logs = np.log(rows.counts + 0.5) + 0.1 * rng.standard_normal(rows.counts.shape)
    ratios = logs - logs.mean(axis=1, keepdims=True)
    covariance = horseshoe_gibbs.initial_state(ratios.var(axis=0) + 0.01, rng)
    return CountState(covariance, logs, rows.solver @ logs)


@_compiled
def _amounts_scatter(
    rows: Rows, state: CountState, rng: np.random.Generator
) -> np.ndarray:
    """Return cross-products (D, D) of log amounts about the covariates.

    Coefficients are integrated out, and the direction 1 is drawn given the log-ratios.

    Parameters
    ----------
    rows : Rows
    state : CountState
    rng : Generator
    """
    logs = state.logs
    ratios = np.empty_like(logs)
    for row in range(len(logs)):
        ratios[row] = logs[row] - logs[row].mean()
    ratios -= rows.basis @ (rows.basis.T @ ratios)
    sums = horseshoe_gibbs.basis_precision(state.covariance).sum(axis=1)
    total = sums.sum()
    noise = np.empty(len(logs))
    for row in range(len(logs)):
        noise[row] = rng.standard_normal() / np.sqrt(total)
    noise -= rows.basis @ (rows.basis.T @ noise)
    amounts = ratios + (noise - ratios @ sums / total).reshape(-1, 1)
    return amounts.T @ amounts


@_compiled
def _draw_coefficients(rows: Rows, state: CountState, rng: np.random.Generator) -> None:
    """Draw B given w and K: Normal((X'X)⁻¹X'w, (X'X)⁻¹ ⊗ K⁻¹), under a flat prior.

    Parameters
    ----------
    rows : Rows
    state : CountState
    rng : Generator
    """
    covariance = state.covariance
    root = np.linalg.cholesky(covariance.inverse)
    noise = np.empty(state.coefficients.shape)
    for row in range(noise.shape[0]):
        for column in range(noise.shape[1]):
            noise[row, column] = rng.standard_normal()
    scaled = (rows.spread @ noise @ root.T) * np.exp(-covariance.log_precisions / 2)
    state.coefficients[:] = rows.solver @ state.logs + scaled


@_compiled
def _shift_columns(rows: Rows, state: CountState, rng: np.random.Generator) -> None:
    """Shift each column of w along a covariate with its coefficient, residuals unchanged.

    For the intercept exactly, Y_j δ - e^δ Σ_i e^w_ij; for the others by a random walk.

    Parameters
    ----------
    rows : Rows
    state : CountState
    rng : Generator
    """
    logs = state.logs
    count, parts = logs.shape
    for part in range(parts):
        intensities = np.exp(logs[:, part])
        counts = rows.counts[:, part]
        total = counts.sum()
        if total > 0:
            shift = np.log(rng.standard_gamma(total) / intensities.sum())
            logs[:, part] += shift
            intensities *= np.exp(shift)
            state.coefficients[0, part] += shift
        for column in range(1, rows.covariates.shape[1]):
            covariate = rows.covariates[:, column]
            curvature = (covariate**2 * intensities).sum() + 0.1
            step = 2.4 / np.sqrt(curvature) * rng.standard_normal()
            growth = np.exp(step * covariate)
            after = (covariate**2 * intensities * growth).sum() + 0.1
            gain = step * (counts * covariate).sum() - (intensities * growth).sum()
            gain += intensities.sum()
            gain += np.log(after / curvature) / 2
            gain -= step**2 * (after - curvature) / (2 * 2.4**2)
            if np.log(rng.random()) < gain:
                logs[:, part] += step * covariate
                intensities *= growth
                state.coefficients[column, part] += step


@_compiled
def _log_proposal(change: float, right: float, left: float, wide: float) -> float:
    """Return the log density of a change under two half normals, up to a constant.

    Parameters
    ----------
    change : float
        Less the mode.
    right, left, wide : float
        Standard deviations on the right, on the left, and of the wide part of the left.
    """
    if change >= 0:
        return -((change / right) ** 2) / 2
    near = np.log(1 - _WIDE_SHARE) - (change / left) ** 2 / 2
    far = np.log(_WIDE_SHARE * left / wide) - (change / wide) ** 2 / 2
    return np.logaddexp(near, far)


@_compiled
def _draw_log(
    count: float,
    present: float,
    mean: float,
    precision: float,
    rng: np.random.Generator,
) -> float:
    """Return a Metropolis draw of w, from the density y w - e^w - τ (w - m)² / 2.

    Parameters
    ----------
    count, present, mean, precision : float
        y, the present w, m and τ.
    rng : Generator
    """
    peak = mean + count / precision
    constant = peak - np.log(precision)
    root = constant - np.log(constant) if constant > 1 else np.exp(constant)
    if constant <= 1:
        root /= 1 + root
    for _ in range(_NEWTON_STEPS):
        root *= (1 + constant - np.log(root)) / (1 + root)
    mode = peak - root
    right = 1 / np.sqrt(precision * (1 + root))
    distance = _DISTANCE * right
    share = 2 * (np.exp(-distance) - 1 + distance) / distance**2
    left = 1 / np.sqrt(precision * (1 + root * share))
    wide = 1 / np.sqrt(precision)
    size = abs(rng.standard_normal())
    if rng.random() * (right + left) < right:
        new = right * size
    elif rng.random() < _WIDE_SHARE:
        new = -wide * size
    else:
        new = -left * size
    old = present - mode
    gain = -precision / 2 * (new**2 - old**2)
    gain -= precision * root * (np.exp(new) - new - np.exp(old) + old)
    gain += _log_proposal(old, right, left, wide)
    gain -= _log_proposal(new, right, left, wide)
    return mode + new if np.log(rng.random()) < gain else present


@_compiled
def _update_logs(
    rows: Rows, theta: np.ndarray, state: CountState, rng: np.random.Generator
) -> None:
    """Update every w, row by row, and then the level of the row: Σ_j e^w_ij ~ Gamma(N_i).

    Parameters
    ----------
    rows : Rows
    theta : array, shape (D, D)
        Θ.
    state : CountState
    rng : Generator
    """
    logs = state.logs
    parts = logs.shape[1]
    means = rows.covariates @ state.coefficients
    slopes = (logs - means) @ theta
    for row in range(len(logs)):
        slope = slopes[row]
        for part in range(parts):
            precision = theta[part, part]
            present = logs[row, part]
            new = _draw_log(
                rows.counts[row, part],
                present,
                present - slope[part] / precision,
                precision,
                rng,
            )
            change = new - present
            if change != 0.0:
                logs[row, part] = new
                for other in range(parts):
                    slope[other] += change * theta[part, other]
        total = rows.counts[row].sum()
        if total > 0:
            level = rng.standard_gamma(total) / np.exp(logs[row]).sum()
            logs[row] += np.log(level)


@_compiled
def sweeps_of_counts(
    count: int,
    rows: Rows,
    state: CountState,
    scales: Scales,
    rng: np.random.Generator,
) -> None:
    """Update the state so many times.

    Parameters
    ----------
    count : int
    rows : Rows
    state : CountState
    scales : Scales
    rng : Generator
    """
    degrees = float(len(rows.counts) - rows.covariates.shape[1])
    for _ in range(count):
        scatter = _amounts_scatter(rows, state, rng)
        horseshoe_gibbs.sweep(scatter, degrees, state.covariance, scales, rng)
        _draw_coefficients(rows, state, rng)
        theta = horseshoe_gibbs.compositional_precision(state.covariance)
        _update_logs(rows, theta, state, rng)
        _shift_columns(rows, state, rng)
