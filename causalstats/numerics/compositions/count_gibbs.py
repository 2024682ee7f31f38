"""Gibbs sampling of the log-ratios of counts: coordinate Metropolis steps in the Poisson form.

Counts y_i of a row are multinomial with the probabilities softmax(u_i). With a free level α_i of
the row (flat prior) and w_ij = α_i + u_ij, y_ij ~ Poisson(exp w_ij) has the same posterior of the
log-ratios, and a likelihood that is a product over parts (Poisson trick). The prior w_i ~
Normal(B'x_i, K⁻¹) enters through Θ alone, which leaves the level free. The conditional density of
one w,

    y w - e^w - τ (w - m)² / 2,    τ = Θ_jj,  m = w_ij - (Θ (w_i - μ_i))_j / τ,

has its mode at w* = m + y/τ - u with u + log u = m + y/τ - log τ. About it, a proposal of two half
normals is accepted nearly always at every size, and a sweep of all w costs O(n D²): no matrix is
factorised for a row (`row_gibbs`).

References
----------
Baker (1994), The multinomial-Poisson transformation, The Statistician 43. Aitchison & Ho (1989),
The multivariate Poisson-log normal distribution, Biometrika 76. Yu & Meng (2011), To center or not
to center: ancillarity-sufficiency interweaving, Journal of Computational and Graphical Statistics
20: the shifts of a whole column with its intercept.
"""

import numba
import numpy as np

_NEWTON_STEPS = 4
_DISTANCE = 2.5  # right standard deviations at which the left half normal is fitted
_WIDE_SHARE = 0.05  # of left proposals that are as wide as the prior
_compiled = numba.njit(nogil=True, cache=True, error_model="numpy")


@_compiled
def shift_columns(
    counts: np.ndarray,
    covariates: np.ndarray,
    logs: np.ndarray,
    coefficients: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Shift each column of w along a covariate with its coefficient, residuals unchanged.

    For the intercept exactly, Y_j δ - e^δ Σ_i e^w_ij; for the others by a random walk.

    Parameters
    ----------
    counts, logs : array, shape (n, D)
        y and w.
    covariates : array, shape (n, q)
        The first column is 1.
    coefficients : array, shape (q, D)
    rng : Generator
    """
    for part in range(logs.shape[1]):
        intensities = np.exp(logs[:, part])
        seen = counts[:, part]
        total = seen.sum()
        if total > 0:
            shift = np.log(rng.standard_gamma(total) / intensities.sum())
            logs[:, part] += shift
            intensities *= np.exp(shift)
            coefficients[0, part] += shift
        for column in range(1, covariates.shape[1]):
            covariate = covariates[:, column]
            curvature = (covariate**2 * intensities).sum() + 0.1
            step = 2.4 / np.sqrt(curvature) * rng.standard_normal()
            growth = np.exp(step * covariate)
            after = (covariate**2 * intensities * growth).sum() + 0.1
            gain = step * (seen * covariate).sum() - (intensities * growth).sum()
            gain += intensities.sum()
            gain += np.log(after / curvature) / 2
            gain -= step**2 * (after - curvature) / (2 * 2.4**2)
            if np.log(rng.random()) < gain:
                logs[:, part] += step * covariate
                intensities *= growth
                coefficients[column, part] += step


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
def draw_log(
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
