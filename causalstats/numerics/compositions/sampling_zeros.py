"""Test of whether counts of 0 were taken out: zeros of counting, beside the counts of 1 and 2.

Of counts that are Poisson given rates λ of any distribution, p_k = E[λᵏ e^-λ] / k!, so that by the
inequality of Cauchy and Schwarz

    p_1² <= 2 p_0 p_2

(Chao 1987, Biometrics 43: at least f_1² / (2 f_2) are not seen). On the boundary 0, 1 and 2 have
the probabilities 1 : λ : λ²/2, and fewer zeros than these are tested by the likelihood ratio.
"""

import numpy as np
from scipy import stats


def missing_zeros(counts: np.ndarray) -> tuple[float, float]:
    """Return the p-value of enough zeros, and how many of them there should be at least.

    Parameters
    ----------
    counts : int array, shape (n,)

    Returns
    -------
    p : float
        1 where there are zeros enough.
    expected : float
        f_1 (f_1 - 1) / (2 (f_2 + 1)), corrected for bias.

    Examples
    --------
    >>> counts = np.random.default_rng(1).poisson(1.0, 100)
    >>> missing_zeros(counts)[0] > 0.01, missing_zeros(counts[counts > 0])[0] < 0.001
    (True, True)
    """
    seen = np.array([(counts == k).sum() for k in range(3)], float)
    expected = float(seen[1] * (seen[1] - 1) / (2 * (seen[2] + 1)))
    if seen[1] ** 2 <= 2 * seen[0] * seen[2] or not seen[2]:
        return 1.0, expected
    total = seen.sum()
    mean = (seen[1] + 2 * seen[2]) / total
    # (λ + λ²) / (1 + λ + λ²/2) = mean, a quadratic in λ
    quadratic = [1 - mean / 2, 1 - mean, -mean]
    rate = max(float(root.real) for root in np.roots(quadratic)) if mean < 2 else np.inf
    weights = np.array([1.0, rate, rate**2 / 2])
    boundary = weights / weights.sum()
    kept = seen > 0
    ratio = 2 * (seen[kept] * np.log(seen[kept] / total / boundary[kept])).sum()
    return float(stats.chi2.sf(max(ratio, 0.0), 1) / 2), expected
