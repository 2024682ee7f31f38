"""Rows that repeat earlier ones more often than ties of columns of few values can.

Rows of 0 and 1 agree by chance, and how often depends on what nobody knows: the probabilities of
all combinations. Whatever these are, the numbers f_k of combinations that occur k times among
independent rows are mixtures of Poisson probabilities, E f_k = Σ_j λ_j^k exp(-λ_j) / k!, so that by
the inequality of Cauchy and Schwarz

    (k! E f_k)² ≤ (k-1)! E f_{k-1} · (k+1)! E f_{k+1}

Copies add to f_2 and leave f_3 as it is: the inequality is then tested by the ratio of likelihoods
of three Poisson counts. Where many combinations occur once, pairs are expected among independent
rows too, and few copies cannot be told from them; where all occur often nothing can, but for a
table of which every row stands in it an even number of times.

References
----------
Good (1953), The population frequencies of species and the estimation of population parameters,
Biometrika 40. Chao (1984), Nonparametric estimation of the number of classes in a population,
Scandinavian Journal of Statistics 11: the same inequality, for combinations not seen.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

_TESTS = 3  # pairs, triples, even numbers


def times_seen(values: np.ndarray) -> np.ndarray:
    """Return how often each combination of values occurs.

    Rows are compared by their sums with random weights, in integers that wrap around.

    Parameters
    ----------
    values : int array, shape (n, k)

    Returns
    -------
    int array, shape (m,)

    Examples
    --------
    >>> sorted(times_seen(np.array([[0, 1], [1, 1], [0, 1]])).tolist())
    [1, 2]
    """
    rng = np.random.default_rng(0)
    sums = np.zeros(len(values), np.uint64)
    for column in values.T:
        weight = np.uint64(2 * int(rng.integers(2**62)) + 1)
        sums += column.astype(np.int64).astype(np.uint64) * weight
    return np.unique(sums, return_counts=True)[1]


def copies_p(times: np.ndarray) -> float:
    """Return the p-value that independent rows agree as often as these.

    Parameters
    ----------
    times : int array, shape (m,)
        How often each combination occurs.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> rows = rng.integers(2, size=(300, 16))
    >>> bool(copies_p(times_seen(rows)) > 0.01)
    True
    >>> bool(copies_p(times_seen(np.vstack([rows, rows[:150]]))) < 0.001)
    True
    """
    found = np.bincount(times, minlength=5)
    least = min(_more_than_neighbours(found[k - 1 : k + 2], k) for k in (2, 3))
    if len(times) and not (times % 2).any():
        least = min(least, 2.0 ** (1 - len(times)))
    return min(1.0, _TESTS * least)


def _more_than_neighbours(counts: np.ndarray, k: int) -> float:
    """Return the p-value that f_k is no more than f_{k-1} and f_{k+1} allow.

    At the edge of the hypothesis λ_k = s = √(c λ_{k-1} λ_{k+1}), c = (k+1) / k, the Poisson
    likelihood is largest where λ_{k-1} = f_{k-1} + (f_k - s) / 2, and λ_{k+1} likewise.

    Parameters
    ----------
    counts : array, shape (3,)
        f_{k-1}, f_k, f_{k+1}.
    k : int

    Examples
    --------
    >>> _more_than_neighbours(np.array([100, 20, 4]), 2)
    1.0
    >>> _more_than_neighbours(np.array([100, 60, 0]), 2) < 1e-6
    True
    """
    less, middle, more = counts.astype(float)
    ratio = (k + 1) / k
    if middle**2 <= ratio * less * more:
        return 1.0
    first, second = less + middle / 2, more + middle / 2
    square, line = 1 - ratio / 4, ratio * (first + second) / 2
    s = (np.sqrt(line**2 + 4 * square * ratio * first * second) - line) / (2 * square)
    expected = np.array([first - s / 2, s, second - s / 2])
    seen = counts > 0
    statistic = 2 * float((counts[seen] * np.log(counts[seen] / expected[seen])).sum())
    return float(stats.chi2.sf(max(statistic, 0.0), 1) / 2)
