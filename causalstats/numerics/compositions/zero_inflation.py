"""Zero inflation (zero-inflated Poisson): parts absent from rows where counts would be expected.

Counts are Poisson about a log-normal rate, y_i ~ Poisson(exp(o_i + w_i'b + σ z_i)), as under the
multinomial logistic-normal model with an offset o from parts that are always seen; or they are so
with probability 1 - π, and 0 otherwise. The likelihood ratio of π = 0 is half a chi-squared with
one degree of freedom (boundary; Self & Liang 1987). Zero replacement is in `zero_replacement`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, special, stats

_LARGE_COUNT = 30  # from here on a count has a normal logarithm of variance σ² + 1/y
_GRID = np.linspace(-5.5, 5.5, 111)  # of z, for the integral of small counts
_WEIGHTS = stats.norm.pdf(_GRID) / stats.norm.pdf(_GRID).sum()
_LOG_SD = tuple(np.log((0.02, 6.0)))  # bounds of log σ
_LOG_ODDS = (-12.0, 12.0)  # bounds of the log odds of π
_LARGEST_LOG_RATE = 50.0


@dataclass(frozen=True, eq=False)
class _Counts:
    """The likelihood of the counts of a part, at points (b, log σ).

    Parameters
    ----------
    counts, offset : array, shape (n,)
    design : array, shape (n, q)
    """

    counts: np.ndarray
    offset: np.ndarray
    design: np.ndarray

    @property
    def logs(self) -> np.ndarray:
        """Logarithms of the counts, -∞ of 0."""
        with np.errstate(divide="ignore"):
            return np.log(self.counts)

    def log_likelihoods(self, point: np.ndarray) -> np.ndarray:
        """Return the log likelihood of each count, (n,)."""
        large = self.counts >= _LARGE_COUNT
        small = ~large
        mean = self.offset + self.design @ point[:-1]
        sd = np.exp(point[-1])
        logs = self.logs[large]
        values = np.empty(len(self.counts))
        variance = sd**2 + 1 / self.counts[large]
        values[large] = stats.norm.logpdf(logs, mean[large], np.sqrt(variance)) - logs
        log_rate = mean[small, None] + sd * _GRID
        log_rate = np.clip(log_rate, -_LARGEST_LOG_RATE, _LARGEST_LOG_RATE)
        counts = self.counts[small, None]
        terms = counts * log_rate - np.exp(log_rate) - special.gammaln(counts + 1)
        values[small] = special.logsumexp(terms, b=_WEIGHTS, axis=1)
        return values

    def loss(self, point: np.ndarray) -> float:
        """Return minus the log likelihood without absences."""
        return -float(self.log_likelihoods(point).sum())

    def inflated_loss(self, point: np.ndarray) -> float:
        """Return minus the log likelihood with absences; the last entry is the log odds of π."""
        present = self.log_likelihoods(point[:-1]) - np.logaddexp(0, point[-1])
        absent = np.where(self.counts == 0, -np.logaddexp(0, -point[-1]), -np.inf)
        return -float(np.logaddexp(present, absent).sum())

    def starts(self) -> tuple[np.ndarray, np.ndarray]:
        """Return two points from which the likelihood is maximised, of small and of large σ."""
        seen = self.counts > 0
        centred = (self.logs - self.offset)[seen]
        coefficients = np.linalg.lstsq(self.design[seen], centred, rcond=None)[0]
        spread = np.std(centred - self.design[seen] @ coefficients)
        narrow = np.clip(np.log(spread + 1e-3), *_LOG_SD)
        wide = np.clip(np.log(2 * spread + 0.5), *_LOG_SD)
        return np.append(coefficients, narrow), np.append(coefficients, wide)


def excess_zeros(
    counts: np.ndarray, offset: np.ndarray, design: np.ndarray
) -> tuple[float, float]:
    """Return the p-value of no absences, and the share of rows from which the part is absent.

    Parameters
    ----------
    counts : array, shape (n,)
    offset : array, shape (n,)
        Logarithms of what the counts are relative to.
    design : array, shape (n, q)

    Returns
    -------
    p, share : float

    References
    ----------
    Self & Liang (1987), Asymptotic properties of maximum likelihood estimators and likelihood
    ratio tests under nonstandard conditions, Journal of the American Statistical Association
    82:605-610.

    Examples
    --------
    Counts of about 50 in 30 rows, and 0 in 10 more.

    >>> counts = np.append(np.random.default_rng(1).poisson(50, 30), np.zeros(10))
    >>> p, share = excess_zeros(counts, np.zeros(40), np.ones((40, 1)))
    >>> p < 0.001, round(share, 2)
    (True, 0.25)
    """
    model = _Counts(counts, offset, design)
    bounds = [(None, None)] * design.shape[1] + [_LOG_SD]
    narrow, wide = model.starts()
    plain = _best(model.loss, [narrow, wide], bounds)
    log_odds = special.logit(np.clip((counts == 0).mean(), 0.02, 0.9))
    starts = [np.append(start, log_odds) for start in (narrow, plain.x)]
    inflated = _best(model.inflated_loss, starts, [*bounds, _LOG_ODDS])
    ratio = 2 * (plain.fun - inflated.fun)
    p = stats.chi2.sf(ratio, 1) / 2 if ratio > 0 else 1.0
    return float(p), float(special.expit(inflated.x[-1]))


def _best(
    loss: Callable[..., Any], starts: list[np.ndarray], bounds: list
) -> optimize.OptimizeResult:
    """Return the smallest optimum of those reached from several starts."""
    optima = [
        optimize.minimize(loss, start, method="L-BFGS-B", bounds=bounds)
        for start in starts
    ]
    return min(optima, key=lambda optimum: optimum.fun)
