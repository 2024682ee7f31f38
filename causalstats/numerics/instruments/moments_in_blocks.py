"""Cross-products of an instrumental-variables design, block by block of its rows.

Two passes: a QR decomposition of all columns, of which only the triangle is kept, gives the
cross-products to full precision; the variance of the scores then takes the residuals of each row.
Memory is that of one block, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from causalstats.numerics.instruments.moments import (
    InstrumentMoments,
    orthonormal_basis,
)
from causalstats.numerics.regression.triangle import triangle


@dataclass(frozen=True, eq=False, kw_only=True)
class DesignRows:
    """Some rows of a design.

    Attributes
    ----------
    outcome : array, shape (m,)
    treatment : array, shape (m,), or (m, q) of several
    instruments : array, shape (m, p)
    covariates : array, shape (m, w)
    weights : array, shape (m,), or None
    cluster : int array, shape (m,), or None
    """

    outcome: np.ndarray
    treatment: np.ndarray
    instruments: np.ndarray
    covariates: np.ndarray
    weights: np.ndarray | None = None
    cluster: np.ndarray | None = None

    @property
    def columns(self) -> np.ndarray:
        """Constant, covariates, outcome, treatment and instruments, by the roots of weights."""
        whole = np.column_stack(
            [
                np.ones(len(self.outcome)),
                self.covariates,
                self.outcome,
                self.treatment,
                self.instruments,
            ]
        )
        if self.weights is None:
            return whole
        return whole * np.sqrt(self.weights)[:, None]


Blocks = Callable[[], Iterable[DesignRows]]


@dataclass(frozen=True, eq=False, kw_only=True)
class _Rotation:
    """What the triangle of all columns says.

    Attributes
    ----------
    residuals : array, shape (r, 1 + q + p)
        Outcome, treatments and instruments given the covariates, rotated to few rows.
    rotated : array, shape (r, k)
        An orthonormal basis of the residuals of the instruments.
    to_residuals : array, shape (1 + w + 1 + q + p, 1 + q + p)
        Columns of rows times this are residuals.
    to_rotated : array, shape (p, k)
        Residuals of instruments times this are the orthonormal basis.
    rank : int
        Of the covariates with the constant.
    """

    residuals: np.ndarray
    rotated: np.ndarray
    to_residuals: np.ndarray
    to_rotated: np.ndarray
    rank: int


def _rotation(blocks: Blocks, held: int, treatments: int) -> _Rotation:
    """Return the rotation of a design whose first `held` columns are partialled out.

    Parameters
    ----------
    blocks : function without arguments
    held, treatments : int
    """
    first = 1 + treatments
    whole = triangle(rows.columns for rows in blocks())
    basis = orthonormal_basis(whole[:, :held])
    columns = whole[:, held:]
    scale = np.linalg.norm(columns, axis=0)
    slopes = np.linalg.lstsq(whole[:, :held], columns, rcond=None)[0]
    # Subtracted twice: the second time removes the rounding of the first
    for _ in range(2):
        columns = columns - basis @ (basis.T @ columns)
    rotated = orthonormal_basis(columns[:, first:], scale[first:])
    return _Rotation(
        residuals=columns,
        rotated=rotated,
        to_residuals=np.concatenate([-slopes, np.eye(columns.shape[1])]),
        to_rotated=np.linalg.lstsq(columns[:, first:], rotated, rcond=None)[0],
        rank=basis.shape[1],
    )


def _residual_rows(
    blocks: Blocks, rotation: _Rotation, treatments: int
) -> Iterator[tuple[DesignRows, np.ndarray, np.ndarray]]:
    """Yield rows, their residuals (m, 1 + q + p), and their orthonormal instruments (m, k).

    Parameters
    ----------
    blocks : function without arguments
    rotation : _Rotation
    treatments : int
    """
    for rows in blocks():
        left = rows.columns @ rotation.to_residuals
        yield rows, left, left[:, 1 + treatments :] @ rotation.to_rotated


def instrument_moments_in_blocks(
    blocks: Blocks,
    covariates: int,
    *,
    clusters: int | None = None,
    direct: Sequence[int] = (),
    treatments: int = 1,
) -> InstrumentMoments:
    """Return the cross-products of a design whose rows come in blocks.

    Parameters
    ----------
    blocks : function without arguments
        Returns the blocks of rows; called twice.
    covariates : int
        How many covariates there are.
    clusters : int, optional
        How many clusters there are; rows are independent unless given.
    direct : sequence of int
        Positions of instruments that may have an effect of their own on the outcome.
    treatments : int
        q.

    Returns
    -------
    InstrumentMoments
        As `instrument_moments` of all rows.

    Examples
    --------
    >>> z = np.array([0.0, 1.0, 0.0, 1.0])
    >>> rows = DesignRows(
    ...     outcome=z * 2, treatment=z + 1, instruments=z[:, None], covariates=np.empty((4, 0))
    ... )
    >>> instrument_moments_in_blocks(lambda: [rows], 0).degrees
    2
    """
    rotation = _rotation(blocks, 1 + covariates, treatments)
    first = 1 + treatments
    chosen = [*range(first), *(first + position for position in direct)]
    kept = rotation.residuals[:, chosen]
    width = rotation.rotated.shape[1]
    shape = (width, len(chosen))
    products = np.zeros((width * len(chosen),) * 2)
    sums = np.zeros((clusters or 0, width * len(chosen)))
    count = 0
    for rows, left, rotated in _residual_rows(blocks, rotation, treatments):
        scores = (rotated[:, :, None] * left[:, None, chosen]).reshape(len(left), -1)
        count += len(scores)
        if rows.cluster is None:
            products += scores.T @ scores
        else:
            np.add.at(sums, rows.cluster, scores)
    if clusters is not None:
        products = sums.T @ sums * clusters / (clusters - 1)
    return InstrumentMoments(
        products=kept.T @ kept,
        projections=rotation.rotated.T @ kept,
        score_products=products.reshape(shape * 2).transpose(1, 3, 0, 2),
        degrees=count - rotation.rank - treatments,
        clusters=count if clusters is None else clusters,
        rotation=rotation.rotated.T @ rotation.residuals[:, first:],
        treatments=treatments,
    )


def largest_leverage(
    blocks: Blocks,
    covariates: int,
    clusters: int | None = None,
    treatments: int = 1,
) -> float:
    """Return the largest leverage of a row, or of a cluster, on the instruments.

    Parameters
    ----------
    blocks : function without arguments
        As in `instrument_moments_in_blocks`.
    covariates : int
    clusters : int, optional
    treatments : int

    Examples
    --------
    >>> z = np.array([0.0, 1.0, 0.0, 1.0])
    >>> rows = DesignRows(
    ...     outcome=z * 2, treatment=z + 1, instruments=z[:, None], covariates=np.empty((4, 0))
    ... )
    >>> round(largest_leverage(lambda: [rows], 0), 6)
    0.25
    """
    rotation = _rotation(blocks, 1 + covariates, treatments)
    sums = np.zeros(clusters or 0)
    largest = 0.0
    for rows, _, rotated in _residual_rows(blocks, rotation, treatments):
        shares = (rotated**2).sum(axis=1)
        if rows.cluster is None:
            largest = max(largest, float(shares.max()))
        else:
            np.add.at(sums, rows.cluster, shares)
    return largest if clusters is None else float(sums.max())
