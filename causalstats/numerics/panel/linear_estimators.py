"""Linear estimators of a panel, with cluster-robust standard errors."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from causalstats.numerics.panel.within_transformation import demeaned

_NOTHING = 1e-10


@dataclass(frozen=True, eq=False)
class Estimate:
    """Coefficients (k,), their covariance (k, k), and the number of clusters less 1."""

    coefficients: np.ndarray
    covariance: np.ndarray
    degrees: int

    def mean(self) -> np.ndarray:
        """The coefficients (k,)."""
        return self.coefficients

    def quantile(self, prob: float) -> np.ndarray:
        """Ends (k,) of intervals by Student's t."""
        se = np.sqrt(np.maximum(np.diag(self.covariance), 0.0))
        return self.coefficients + stats.t.ppf(prob, self.degrees) * se


def clustered(
    outcome: np.ndarray,
    treatment: np.ndarray,
    others: np.ndarray,
    cluster: np.ndarray,
    weights: np.ndarray | None = None,
) -> Estimate:
    """Least squares of `outcome` (n,) on `treatment` (n, k), with the columns of `others` regressed out of both, and the cluster sandwich

    (D'D)⁻¹ Σ_g D_g'e_g e_g'D_g (D'D)⁻¹ · G/(G-1) · (n-1)/(n-K)     (CR1; Liang & Zeger 1986)
    """
    if weights is not None:
        root = np.sqrt(weights)
        outcome, treatment, others = (
            outcome * root,
            treatment * root[:, None],
            others * root[:, None],
        )
    basis, sizes, _ = (
        np.linalg.svd(others, full_matrices=False)
        if others.shape[1]
        else (others, np.empty(0), None)
    )
    basis = basis[:, sizes > _NOTHING * max(sizes.max(initial=0.0), 1e-300)]
    d, y = treatment - basis @ (basis.T @ treatment), outcome - basis @ (basis.T @ outcome)
    inverse = np.linalg.pinv(d.T @ d)
    coefficients = inverse @ (d.T @ y)
    scores = d * (y - d @ coefficients)[:, None]
    groups, at = np.unique(cluster, return_inverse=True)
    sums = np.column_stack([np.bincount(at, column) for column in scores.T])
    n, count, columns = len(y), len(groups), basis.shape[1] + d.shape[1]
    correction = count / max(count - 1, 1) * (n - 1) / max(n - columns, 1)
    return Estimate(
        coefficients, correction * inverse @ (sums.T @ sums) @ inverse, max(count - 1, 1)
    )


def differences(columns: np.ndarray, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Changes from each row of a unit to its next, and whose they are."""
    same = np.diff(unit) == 0
    return np.diff(columns, axis=0)[same], unit[1:][same]


def within(
    outcome: np.ndarray,
    treatment: np.ndarray,
    others: np.ndarray,
    unit: np.ndarray,
    weights: np.ndarray | None = None,
    cluster: np.ndarray | None = None,
) -> Estimate:
    """`clustered` of everything about its unit means, by unit unless `cluster` (n,) is given.

    Units seen once have nothing left: neither rows nor clusters of theirs are counted.
    """
    starts = np.flatnonzero(np.diff(unit, prepend=-1))
    sizes = np.diff(starts, append=len(unit))
    again = np.repeat(sizes > 1, sizes)
    columns = demeaned(np.column_stack([outcome, treatment, others]), starts, weights)[again]
    return clustered(
        columns[:, 0],
        columns[:, 1 : 1 + treatment.shape[1]],
        columns[:, 1 + treatment.shape[1] :],
        (unit if cluster is None else cluster)[again],
        None if weights is None else weights[again],
    )
