"""Gibbs sampling of the log-ratios of counts: coordinate Metropolis steps in the Poisson form.

Counts y_i of a row are multinomial with the probabilities softmax(u_i). With a free level α_i of
the row (flat prior) and w_ij = α_i + u_ij, y_ij ~ Poisson(exp w_ij) has the same posterior of the
log-ratios, and a likelihood that is a product over parts (Poisson trick). The prior w_i ~
Normal(B'x_i, K⁻¹) enters through Θ alone, which leaves the level free. The conditional density of
one w,

    y w - e^w - τ (w - m)² / 2,    τ = Θ_jj,  m = w_ij - (Θ (w_i - μ_i))_j / τ,

has its mode at w* = m + y/τ - u with u + log u = m + y/τ - log τ (Lambert's function). About it, a
proposal of two half normals is accepted nearly always at every size, and a sweep of all w costs
O(n D²): no matrix is factorised for a row (`row_gibbs`). Known exposures e_ij of counts,
y_ij ~ Poisson(e_ij exp w_ij), are offsets log e_ij of w in that density.

References
----------
Baker (1994), The multinomial-Poisson transformation, The Statistician 43. Fritsch, Shafer & Crowley
(1973), Solution of the transcendental equation w e^w = x, Communications of the ACM 16. Aitchison &
Ho (1989), The multivariate Poisson-log normal distribution, Biometrika 76. Yu & Meng (2011), To
center or not to center: ancillarity-sufficiency interweaving, Journal of Computational and
Graphical Statistics 20: the shifts of a whole column with its intercept.
"""

import numba
import numpy as np

_DISTANCE = 2.5  # right standard deviations at which the left half normal is fitted
_WIDE_SHARE = 0.05  # of steps in which left proposals are as wide as the prior
_compiled = numba.njit(nogil=True, cache=True, error_model="numpy")


@_compiled
def shift_columns(
    counts: np.ndarray,
    offsets: np.ndarray,
    covariates: np.ndarray,
    logs: np.ndarray,
    coefficients: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Shift each column of w along a covariate with its coefficient, residuals unchanged.

    For the intercept exactly, Y_j δ - e^δ Σ_i e^(w_ij + o_ij); for the others by a random
    walk.

    Parameters
    ----------
    counts, offsets, logs : array, shape (n, D)
        y, o and w.
    covariates : array, shape (n, q)
        The first column is 1.
    coefficients : array, shape (q, D)
    rng : Generator
    """
    rows = len(logs)
    for part in range(logs.shape[1]):
        intensities = np.empty(rows)
        for row in range(rows):
            intensities[row] = np.exp(logs[row, part] + offsets[row, part])
        seen = counts[:, part]
        total = seen.sum()
        if total > 0:
            shift = np.log(rng.standard_gamma(total) / intensities.sum())
            for row in range(rows):
                logs[row, part] += shift
            intensities *= np.exp(shift)
            coefficients[0, part] += shift
        for column in range(1, covariates.shape[1]):
            covariate = covariates[:, column]
            curvature = 0.0
            for row in range(rows):
                curvature += covariate[row] ** 2 * intensities[row]
            curvature += 0.1
            step = 2.4 / np.sqrt(curvature) * rng.standard_normal()
            growth = np.exp(step * covariate)
            after = 0.0
            along = 0.0
            grown = 0.0
            for row in range(rows):
                after += covariate[row] ** 2 * intensities[row] * growth[row]
                along += seen[row] * covariate[row]
                grown += intensities[row] * growth[row]
            after += 0.1
            gain = step * along - grown + intensities.sum()
            gain += np.log(after / curvature) / 2
            gain -= step**2 * (after - curvature) / (2 * 2.4**2)
            if np.log(rng.random()) < gain:
                for row in range(rows):
                    logs[row, part] += step * covariate[row]
                    intensities[row] *= growth[row]
                coefficients[column, part] += step


@_compiled
def _proposal_spreads(constant: float, spread: float) -> tuple[float, float, float]:
    """Return u at the mode, nearly, and the standard deviations of the two half normals.

    Parameters
    ----------
    constant : float
        c of u + log u = c.
    spread : float
        1 / √τ.
    """
    if constant > 1:
        root = constant - np.log(constant)
    else:
        root = np.exp(constant)
        root /= 1 + root
    # One step of order four (Fritsch, Shafer & Crowley 1973)
    gap = constant - root - np.log(root)
    slope = 1 + root
    ahead = 2 * slope * (slope + 2 * gap / 3)
    root *= 1 + gap / slope * (ahead - gap) / (ahead - 2 * gap)
    right = spread / np.sqrt(1 + root)
    distance = _DISTANCE * right
    # 2 (e^-d - 1 + d) / d², the mean curvature of e^w down to this distance, by Padé
    share = 1 / (1 + distance / 3 + distance**2 / 36)
    return root, right, spread / np.sqrt(1 + root * share)


@_compiled
def draw_log(
    count: float,
    present: float,
    intensity: float,
    mean: float,
    precision: float,
    log_precision: float,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Return a Metropolis draw of w, from y w - e^w - τ (w - m)² / 2, and e^w.

    Proposals do not depend on the present w. In some steps the left half normal is as wide as the
    prior, so that a w far below its mode leaves it.

    Parameters
    ----------
    count, present, intensity, mean, precision, log_precision : float
        y, the present w and e^w, m, τ and log τ.
    rng : Generator
    """
    spread = 1 / np.sqrt(precision)
    peak = mean + count / precision
    root, right, left = _proposal_spreads(peak - log_precision, spread)
    if rng.random() < _WIDE_SHARE:
        left = spread
    mode = peak - root
    size = abs(rng.standard_normal())
    step = right * size if rng.random() * (right + left) < right else -left * size
    proposed = mode + step
    after = np.exp(proposed)
    before = (present - mode) / (right if present >= mode else left)
    middle = (proposed + present) / 2
    gain = (proposed - present) * (count - precision * (middle - mean))
    gain += intensity - after + (size**2 - before**2) / 2
    if gain >= 0 or rng.standard_exponential() > -gain:
        return proposed, after
    return present, intensity
