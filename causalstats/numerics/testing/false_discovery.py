"""Multiple testing: false discovery rates (q-values) from posterior tail probabilities.

Under a flat or matching prior, twice the posterior probability of the wrong side is the p-value of
a two-sided test. The step-up rule of Benjamini & Hochberg (1995) on these holds the false discovery
rate, of signs too (Benjamini & Yekutieli 2005), however many entries are null. A prior that shrinks
entries towards the null makes the probabilities larger and the rule safer.
"""

import numpy as np
from scipy import stats

_SMALLEST_TAIL = 40  # draws in a tail whose share is taken as its probability


def tail_probability(draws: np.ndarray, value: float) -> np.ndarray:
    """Return P(x ≤ value) for each row of draws, also where hardly any draw is as small.

    The estimate is the share of draws that are as small. Where fewer than 40 are, the tail below
    the 40th smallest is assumed exponential, which is heavier than that of a normal distribution.

    Parameters
    ----------
    draws : array, shape (entry, draw)
    value : float

    Returns
    -------
    array, shape (entry,)

    Examples
    --------
    >>> draws = np.random.default_rng(1).normal([[0.0], [5.0]], 1.0, (2, 4000))
    >>> tail_probability(draws, 0.0).round(3)
    array([0.507, 0.   ])
    """
    count = draws.shape[1]
    below = (draws <= value).sum(axis=1)
    if count < 4 * _SMALLEST_TAIL:
        return np.maximum(below, 0.5) / count
    probability = below / count
    rare = below < _SMALLEST_TAIL
    if rare.any():
        smallest = np.partition(draws[rare], _SMALLEST_TAIL, axis=1)[
            :, : _SMALLEST_TAIL + 1
        ]
        tail = np.sort(smallest, axis=1)
        edge = tail[:, -1]
        mean_excess = (edge[:, None] - tail[:, :-1]).mean(axis=1)
        excess = np.maximum(edge - value, 0) / np.maximum(
            mean_excess, np.finfo(float).tiny
        )
        probability[rare] = _SMALLEST_TAIL / count * np.exp(-excess)
    return probability


def q_values(error: np.ndarray) -> np.ndarray:
    """Return the smallest false discovery rate at which each entry is selected.

    Parameters
    ----------
    error : array, shape (entry,)
        Posterior probability that the entry does not lie beyond the null on the side it is
        reported on.

    Returns
    -------
    array, shape (entry,)
        Benjamini-Hochberg adjusted two-sided tail probabilities.

    Examples
    --------
    >>> q_values(np.array([0.001, 0.02, 0.4]))
    array([0.006, 0.06 , 0.8  ])
    """
    return stats.false_discovery_control(np.clip(2 * error, 0, 1))
