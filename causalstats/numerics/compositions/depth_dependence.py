"""Permutation test of whether compositions go with how much was counted of them.

Rows of more counts know their composition better, and have fewer zeros. Each row is therefore
rarefied to one depth: m of its counts are drawn without replacement, which are multinomial of its
composition whatever the depth was. The logarithms of rarefied counts + 1/2, about their mean, and
the logarithm of the depth, all about the covariates, are correlated. The statistic is the sum of
squared correlations over parts, or the squared multiple correlation with all of them, whichever is
larger by its permutations. Where depth and composition are independent given the covariates, rows
are exchangeable, and the p-value is exact but for residuals of covariates.
"""

from __future__ import annotations

import numpy as np

_PERMUTATIONS = 999
_SHARE_LEFT_OUT = 0.05  # of the rows: those counted least
_RAREFACTIONS = 4  # averaged
_LEAST_MEAN = 2.0  # rarefied count of a part
_ROWS_A_PART = 3  # from which the multiple correlation says more than noise
_FEWEST_PARTS = 3


def depth_dependence(
    counts: np.ndarray, design: np.ndarray, rng: np.random.Generator
) -> tuple[float, int, float] | None:
    """Return the p-value of no dependence, the part that goes most with depth, its correlation.

    Parameters
    ----------
    counts : int array, shape (n, D)
    design : array, shape (n, q)
        With the intercept.
    rng : Generator

    Returns
    -------
    tuple of float, int and float, or None
        None where depths hardly differ, or fewer than three parts are counted often.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> depths = rng.integers(200, 5000, 60)
    >>> shares = rng.dirichlet([5, 5, 5, 5], 60)
    >>> counts = rng.multinomial(depths, shares)
    >>> depth_dependence(counts, np.ones((60, 1)), rng)[0] > 0.01
    True
    >>> counts[:, 2] += rng.poisson(300, 60)
    >>> p, part, correlation = depth_dependence(counts, np.ones((60, 1)), rng)
    >>> p, part, correlation < 0
    (0.001, 2, True)
    """
    totals = counts.sum(axis=1)
    depth = int(np.quantile(totals, _SHARE_LEFT_OUT))
    kept = totals >= depth
    counts, design = counts[kept].astype(np.int64), design[kept]
    logs = np.log(totals[kept])
    often = counts.sum(axis=0) / counts.sum() * depth >= _LEAST_MEAN
    if often.sum() < _FEWEST_PARTS or np.ptp(logs) < 1e-9:
        return None
    ratios = np.mean(
        [_rarefied(counts, depth, often, rng) for _ in range(_RAREFACTIONS)], axis=0
    )
    basis = np.linalg.qr(design)[0]
    values = ratios - basis @ (basis.T @ ratios)
    scores = logs - basis @ (basis.T @ logs)
    if scores.std() < 1e-6 * max(logs.std(), 1e-300):
        return None
    scaled = values / np.maximum(np.linalg.norm(values, axis=0), 1e-300)
    left, sizes, _ = np.linalg.svd(values, full_matrices=False)
    white = left[:, sizes > 1e-6 * sizes[0]]
    orders = np.array([rng.permutation(len(scores)) for _ in range(_PERMUTATIONS)])
    permuted = np.vstack([scores, scores[orders]])
    permuted -= (permuted @ basis) @ basis.T
    permuted /= np.linalg.norm(permuted, axis=1, keepdims=True)
    columns = [scaled]
    if len(scores) >= _ROWS_A_PART * white.shape[1]:
        columns.append(white)
    sums = [((permuted @ each) ** 2).sum(axis=1) for each in columns]
    largest = np.max([(each - each.mean()) / each.std() for each in sums], axis=0)
    p = float((largest >= largest[0] - 1e-12).mean())
    correlations = permuted[0] @ scaled
    most = int(np.abs(correlations).argmax())
    return p, int(np.flatnonzero(often)[most]), float(correlations[most])


def _rarefied(
    counts: np.ndarray, depth: int, often: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return centred log-ratios of rarefied counts + 1/2 of some parts.

    Parameters
    ----------
    counts : int array, shape (n, D)
        Of rows with `depth` counts or more.
    depth : int
    often : bool array, shape (D,)
    rng : Generator
    """
    drawn = np.array([rng.multivariate_hypergeometric(row, depth) for row in counts])
    logs = np.log(drawn[:, often] + 0.5)
    return np.asarray(logs - logs.mean(axis=1, keepdims=True))
