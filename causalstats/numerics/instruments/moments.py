"""Cross-products of outcome, treatment and instruments after partialling out covariates.

By the theorem of Frisch, Waugh & Lovell, covariates W are partialled out of every other column.
Everything that k-class estimators, Anderson-Rubin sets and the posterior need are then a few
matrices, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from causalstats.numerics.panel.absorbed_effects import (
    absorbed,
    absorbed_rank,
    varies_within,
)

_RANK_TOLERANCE = 1e-9  # of the largest column norm


@dataclass(frozen=True, eq=False, kw_only=True)
class InstrumentMoments:
    """Cross-products of the columns X = [y, T, Z_1, ...], the last ones with direct effects.

    There may be several treatments T.

    Instruments are rotated to an orthonormal basis Q (n, k) of what covariates leave of them.

    Attributes
    ----------
    products : array, shape (m, m)
        X'X, of residuals given the covariates.
    projections : array, shape (k, m)
        Q'X, so that X'P_Z X is `projections.T @ projections`.
    score_products : array, shape (m, m, k, k)
        Σ_g (Σ_i q_i X_ia)(Σ_i q_i X_ib)' over clusters g: the variance of the scores Σ q_i u_i,
        robust to heteroscedasticity, and to dependence within clusters.
    degrees : int
        n': rows, less the rank of the covariates, the constant and fixed effects, less the number
        of treatments.
    clusters : int
        The number of independent clusters; of rows where there are none.
    rotation : array, shape (k, p)
        Q'Z of the p instruments.
    treatments : int
        q.
    """

    products: np.ndarray
    projections: np.ndarray
    score_products: np.ndarray
    degrees: int
    clusters: int
    rotation: np.ndarray
    treatments: int = 1

    @property
    def instruments(self) -> int:
        """The rank k of the instruments given the covariates."""
        return len(self.projections)

    @property
    def explained(self) -> np.ndarray:
        """X'P_Z X, shape (m, m): the part of the cross-products that instruments explain."""
        return self.projections.T @ self.projections

    @property
    def least_squares(self) -> float:
        """The coefficient of the only treatment in the regression of the outcome."""
        return float(self.products[0, 1] / self.products[1, 1])

    @property
    def residual_ratio(self) -> float:
        """Residual standard deviation of the outcome by that of the treatment.

        The outcome's is that of its regression on the treatment.
        """
        residual = self.products[0, 0] - self.least_squares * self.products[0, 1]
        return float(np.sqrt(max(residual, 0.0) / self.products[1, 1]))


def orthonormal_basis(
    columns: np.ndarray, scale: np.ndarray | None = None
) -> np.ndarray:
    """Return an orthonormal basis of the space of some columns, by QR with pivoting.

    Parameters
    ----------
    columns : array, shape (n, p)
    scale : array, shape (p,), optional
        Sizes that columns had before others were partialled out: what is left of a column beside
        its scale is rounding where it is less than 1e-9 of it.

    Returns
    -------
    array, shape (n, rank)

    Examples
    --------
    >>> orthonormal_basis(np.ones((4, 2))).shape
    (4, 1)
    """
    if columns.shape[1] == 0:
        return columns
    if scale is None:
        scale = np.linalg.norm(columns, axis=0)
    basis, triangle, _ = linalg.qr(
        columns / np.where(scale > 0, scale, 1.0), mode="economic", pivoting=True
    )
    diagonal = np.abs(np.diagonal(triangle))
    return basis[:, : int((diagonal > _RANK_TOLERANCE).sum())]


def partialled_out(
    columns: np.ndarray,
    covariates: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    factors: Sequence[np.ndarray] = (),
) -> np.ndarray:
    """Return residuals of columns given covariates and a constant (Frisch-Waugh-Lovell).

    Parameters
    ----------
    columns : array, shape (n, m)
    covariates : array, shape (n, w)
    weights : array, shape (n,), optional
        Residuals are then multiplied by the square roots of weights.
    factors : sequence of int arrays, shape (n,)
        Fixed effects, which are partialled out with the covariates.

    Returns
    -------
    array, shape (n, m)

    Examples
    --------
    >>> partialled_out(np.array([[1.0], [3.0]]), np.empty((2, 0)))
    array([[-1.],
           [ 1.]])
    """
    if weights is None and not len(factors):
        centred = columns - columns.mean(axis=0)
        basis = orthonormal_basis(covariates - covariates.mean(axis=0))
        return centred - basis @ (basis.T @ centred)
    root, basis, _ = _held(len(columns), covariates, weights, factors)
    return _left(columns, root, basis, weights, factors)


def rank_of_held(
    rows: int,
    covariates: np.ndarray,
    weights: np.ndarray | None = None,
    factors: Sequence[np.ndarray] = (),
) -> int:
    """Return the rank of the covariates with the constant and fixed effects.

    Parameters
    ----------
    rows : int
    covariates : array, shape (n, w)
    weights : array, shape (n,), optional
    factors : sequence of int arrays, shape (n,)

    Examples
    --------
    >>> rank_of_held(4, np.ones((4, 1)))
    1
    """
    return _held(rows, covariates, weights, factors)[2]


def _held(
    rows: int,
    covariates: np.ndarray,
    weights: np.ndarray | None,
    factors: Sequence[np.ndarray],
) -> tuple[np.ndarray, np.ndarray, int]:
    """Return square roots of weights (n, 1), a basis of the covariates, and the rank of both.

    Parameters
    ----------
    rows : int
    covariates : array, shape (n, w)
    weights : array, shape (n,), or None
    factors : sequence of int arrays, shape (n,)
        Fixed effects stand in place of the constant: they are partialled out of the covariates,
        and count in the rank.
    """
    root = np.ones((rows, 1)) if weights is None else np.sqrt(weights)[:, None]
    if not len(factors):
        held = np.column_stack([np.ones(rows), covariates]) * root
        basis = orthonormal_basis(held)
        return root, basis, basis.shape[1]
    scale = np.linalg.norm(covariates * root, axis=0)
    basis = orthonormal_basis(absorbed(covariates, factors, weights) * root, scale)
    return root, basis, basis.shape[1] + absorbed_rank(factors)


def _left(
    columns: np.ndarray,
    root: np.ndarray,
    basis: np.ndarray,
    weights: np.ndarray | None,
    factors: Sequence[np.ndarray],
) -> np.ndarray:
    """Return weighted residuals given a basis of what is held, and fixed effects.

    Parameters
    ----------
    columns : array, shape (n, m)
    root : array, shape (n, 1)
    basis : array, shape (n, w)
    weights : array, shape (n,), or None
    factors : sequence of int arrays, shape (n,)
    """
    if len(factors):
        columns = absorbed(columns, factors, weights)
    columns = columns * root
    # Subtracted twice: the second time removes the rounding of the first
    for _ in range(2):
        columns = columns - basis @ (basis.T @ columns)
    return columns


def instrument_moments(
    outcome: np.ndarray,
    treatment: np.ndarray,
    instruments: np.ndarray,
    covariates: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    cluster: np.ndarray | None = None,
    direct: tuple[int, ...] = (),
    factors: Sequence[np.ndarray] = (),
) -> InstrumentMoments:
    """Return the cross-products of an instrumental-variables design.

    Parameters
    ----------
    outcome : array, shape (n,)
    treatment : array, shape (n,), or (n, q) of several
    instruments : array, shape (n, p)
    covariates : array, shape (n, w)
        Without a constant, which is always partialled out.
    weights : array, shape (n,), optional
        Sampling weights of mean 1: rows are multiplied by their square roots.
    cluster : int array, shape (n,), optional
        Codes 0, 1, ... of clusters.
    direct : tuple of int
        Positions of instruments that may have an effect of their own on the outcome.
    factors : sequence of int arrays, shape (n,)
        Codes of fixed effects, such as units and years, in place of the constant. Those that are
        not constant within clusters take rows of the variance of the scores.

    Returns
    -------
    InstrumentMoments

    Examples
    --------
    >>> z = np.array([0.0, 1.0, 0.0, 1.0])
    >>> moments = instrument_moments(z * 2, z + 1, z[:, None], np.empty((4, 0)))
    >>> moments.degrees, moments.instruments
    (2, 1)
    """
    rows = len(outcome)
    treatments = 1 if treatment.ndim == 1 else treatment.shape[1]
    first = 1 + treatments
    root, basis, rank = _held(rows, covariates, weights, factors)
    columns = np.column_stack([outcome, treatment, instruments])
    # Means are partialled out in any case: far from 0 they would hide what varies
    columns = columns - columns.mean(axis=0)
    scale = np.linalg.norm(columns * root, axis=0)
    columns = _left(columns, root, basis, weights, factors)
    rotated = orthonormal_basis(columns[:, first:], scale[first:])
    kept = columns[:, [*range(first), *(first + position for position in direct)]]
    scores = rotated[:, :, None] * kept[:, None, :]
    clusters = rows
    if cluster is not None:
        clusters = int(cluster.max()) + 1
        sums = np.zeros((clusters, *scores.shape[1:]))
        np.add.at(sums, cluster, scores)
        scores = sums * np.sqrt(clusters / (clusters - 1))
    scores = scores * np.sqrt(rows / (rows - _rank_across(factors, cluster)))
    flat = scores.reshape(len(scores), -1)
    shape = scores.shape[1:] * 2
    return InstrumentMoments(
        products=kept.T @ kept,
        projections=rotated.T @ kept,
        score_products=(flat.T @ flat).reshape(shape).transpose(1, 3, 0, 2),
        degrees=rows - rank - treatments,
        clusters=clusters,
        rotation=rotated.T @ columns[:, first:],
        treatments=treatments,
    )


def _rank_across(factors: Sequence[np.ndarray], cluster: np.ndarray | None) -> int:
    """Return the rank of the fixed effects that are not constant within clusters."""
    across = [
        codes for codes in factors if cluster is None or varies_within(codes, cluster)
    ]
    if not across:
        return 0
    return absorbed_rank(across) - int(cluster is not None)
