"""Whether a part is absent from rows in which its counts would be expected.

Counts are Poisson about a log-normal rate, y_i ~ Poisson(exp(o_i + w_i'b + σ z_i)), as under the
multinomial logistic-normal model with an offset o from parts that are always seen; or they are so
with probability 1 - π, and 0 otherwise. The likelihood ratio of π = 0 is half a chi-squared with
one degree of freedom (boundary; Self & Liang 1987).
"""

import numpy as np
from scipy import optimize, special, stats

_MANY = 30  # a count from here on has a normal logarithm of variance σ² + 1/y
_GRID = np.linspace(-5.5, 5.5, 111)
_WEIGHTS = stats.norm.pdf(_GRID) / stats.norm.pdf(_GRID).sum()
_SD = (0.02, 6.0)


def excess_zeros(counts: np.ndarray, offset: np.ndarray, design: np.ndarray) -> tuple[float, float]:
    """Return the p-value of no absences, and the share of rows from which the part is absent.

    Parameters
    ----------
    counts : array, shape (n,)
    offset : array, shape (n,)
        Logarithms of what the counts are relative to.
    design : array, shape (n, q)
    """
    many = counts >= _MANY
    some = counts[~many, None]
    with np.errstate(divide="ignore"):
        logs = np.log(counts)

    def log_likelihoods(at: np.ndarray) -> np.ndarray:
        mean, sd = offset + design @ at[:-1], np.exp(at[-1])
        found = np.empty(len(counts))
        variance = sd**2 + 1 / counts[many]
        found[many] = stats.norm.logpdf(logs[many], mean[many], np.sqrt(variance)) - logs[many]
        rate = np.clip(mean[~many, None] + sd * _GRID, -50, 50)
        terms = some * rate - np.exp(rate) - special.gammaln(some + 1)
        found[~many] = special.logsumexp(terms, b=_WEIGHTS, axis=1)
        return found

    def loss(at: np.ndarray) -> float:
        return -float(log_likelihoods(at).sum())

    def loss_with_absences(at: np.ndarray) -> float:
        usual = log_likelihoods(at[:-1]) - np.logaddexp(0, at[-1])
        absent = np.where(counts == 0, -np.logaddexp(0, -at[-1]), -np.inf)
        return -float(np.logaddexp(usual, absent).sum())

    seen = counts > 0
    start = np.linalg.lstsq(design[seen], (logs - offset)[seen], rcond=None)[0]
    spread = np.std((logs - offset)[seen] - design[seen] @ start)
    limits = [(None, None)] * design.shape[1] + [tuple(np.log(_SD))]
    first = np.append(start, np.clip(np.log(spread + 1e-3), *np.log(_SD)))
    wide = np.append(start, np.clip(np.log(2 * spread + 0.5), *np.log(_SD)))
    without = min(
        (optimize.minimize(loss, each, method="L-BFGS-B", bounds=limits) for each in (first, wide)),
        key=lambda found: found.fun,
    )
    share = special.logit(np.clip((counts == 0).mean(), 0.02, 0.9))
    bounds = [*limits, (-12.0, 12.0)]
    with_absences = min(
        (
            optimize.minimize(
                loss_with_absences, np.append(each, share), method="L-BFGS-B", bounds=bounds
            )
            for each in (first, without.x)
        ),
        key=lambda found: found.fun,
    )
    ratio = 2 * (without.fun - with_absences.fun)
    p = stats.chi2.sf(ratio, 1) / 2 if ratio > 0 else 1.0
    return float(p), float(special.expit(with_absences.x[-1]))
