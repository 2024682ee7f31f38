"""Updates of all entries of a matrix of correlations, column by column, and of its inverse.

With A the inverse of R without part j and r its column j, A r is kept current while the entries of
r are drawn one after the other (`correlation_entries`). With u = R⁻¹ e_j and v = A r - e_j, the
inverse after a column is

    R⁻¹ - u u' / u_j + v v' / (1 - r'A r)

The vectors of a block of columns are kept, and added to R⁻¹ at the end of the block by products of
matrices: R⁻¹ of hundreds of parts does not fit into the caches, and is then read and written once a
block. Columns of the same block see the pending vectors beside the entries of R⁻¹. Of R⁻¹ the lower
triangle alone is kept: half of it takes half the time.

Changes of entries are multiplied by R⁻¹ in single precision, which is read in half the time. They
are a few standard deviations √(g / m A_kk) of their entries, with g = 1 - r'A r, so that the
rounding error of a product (A r)_k is about 1e-7 √(D / m) of what it is compared with, √(g A_kk),
however close to singular R is. All else is kept in double precision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
import numpy as np

from causalstats.numerics.compositions.correlation_entries import (
    SMALLEST_VARIANCE,
    Mixture,
    draw_entry,
    draw_entry_and_component,
    draw_entry_and_scale,
)
from causalstats.numerics.compositions.symmetric_matrices import (
    add_products,
    add_row,
    column_of_lower,
    row_product,
)

if TYPE_CHECKING:
    from causalstats.numerics.compositions.horseshoe_gibbs import State

_MOST_COLUMNS = 32  # of a block
_BLOCKS = 8  # of fewer parts
_compiled = numba.njit(nogil=True, cache=True, error_model="numpy")


@_compiled
def update_columns(
    state: State,
    scatter: np.ndarray,
    degrees: float,
    mixture: Mixture,
    rng: np.random.Generator,
) -> None:
    """Update all entries R_jk, each twice, and the lower triangle of R⁻¹.

    Parameters
    ----------
    state : State
    scatter : array, shape (D, D)
        S̃, the cross-products of amounts in units of their ω.
    degrees : float
        m.
    mixture : Mixture
        The prior of the entries; that of the horseshoe where it is `NO_MIXTURE`.
    rng : Generator
    """
    correlations = state.correlations
    inverse = state.inverse
    single = inverse.astype(np.float32)
    size = len(correlations)
    width = min(max(size // _BLOCKS, 1), _MOST_COLUMNS)
    vectors = np.zeros((size, 2 * width))
    signed = np.zeros((size, 2 * width))
    diagonal = np.empty(size)
    for part in range(size):
        diagonal[part] = inverse[part, part]
    for first in range(0, size, width):
        last = min(first + width, size)
        for part in range(first, last):
            _update_column(
                part,
                first,
                last,
                vectors,
                signed,
                diagonal,
                single,
                state,
                scatter,
                degrees,
                mixture,
                rng,
            )
        add_products(inverse, single, signed, vectors, 2 * (last - first))
        # Rows of this block as columns of the others, which no column of the block reads
        for other in range(size):
            if first <= other < last:
                continue
            for part in range(first, last):
                correlations[other, part] = correlations[part, other]
                state.local_variances[other, part] = state.local_variances[part, other]


@_compiled
def _update_column(
    part: int,
    first: int,
    last: int,
    vectors: np.ndarray,
    signed: np.ndarray,
    diagonal: np.ndarray,
    single: np.ndarray,
    state: State,
    scatter: np.ndarray,
    degrees: float,
    mixture: Mixture,
    rng: np.random.Generator,
) -> None:
    """Update the entries R_jk of one part j, and write the two vectors of R⁻¹.

    Parameters
    ----------
    part : int
        j.
    first, last : int
        The first part of its block, and the one after its last.
    vectors, signed : array, shape (D, 2 w)
        Those of the parts before in the block, two each, and with their signs: R⁻¹ is the one of
        the state plus the product of `signed` and `vectors`'.
    diagonal : array, shape (D,)
        Of R⁻¹; kept current.
    single : array of float32, shape (D, D)
        R⁻¹ of the state.
    state, scatter, degrees, mixture, rng
        As in `update_columns`.
    """
    correlations = state.correlations
    local_variances = state.local_variances
    inverse = state.inverse
    size = len(correlations)
    pending = 2 * (part - first)
    across = column_of_lower(inverse, part)
    mine = vectors[part].copy()
    for row in range(size):
        across[row] += row_product(signed, row, mine, pending)
    pivot = across[part]
    # A = R⁻¹ - across across' / pivot. A r is kept as product - along * across, without what the
    # pending vectors add: of the entries before the present one whole, of those after it without
    # the changes, which a row adds to.
    product = -across / pivot
    product[part] = 0.0
    changes = np.zeros(size, np.float32)
    moved = np.zeros(size, np.float32)
    pending_changes = np.zeros(vectors.shape[1])
    along = 0.0
    remainder = 1 / pivot
    for other in range(size):
        if other == part:
            continue
        weight = across[other] / pivot
        square = diagonal[other] - across[other] * weight
        product[other] += row_product(single, other, changes, other)
        slope = product[other] + moved[other] - along * across[other]
        slope += row_product(vectors, other, pending_changes, pending)
        local = local_variances[part, other]
        common = state.scalars[0] * state.relative_variances[part, other]
        # A pair is visited twice, and once with its scale.
        if other < part and mixture.spike_variance > 0:
            change, local = draw_entry_and_component(
                correlations[part, other],
                remainder,
                slope,
                square,
                degrees / 2,
                scatter[part, other],
                local,
                mixture,
                rng,
            )
        elif other < part:
            change, local = draw_entry_and_scale(
                correlations[part, other],
                remainder,
                slope,
                square,
                degrees / 2,
                scatter[part, other],
                0.0,
                local,
                common,
                rng,
            )
        else:
            change = draw_entry(
                correlations[part, other],
                remainder,
                slope,
                square,
                degrees / 2,
                scatter[part, other],
                0.0,
                max(common * local, SMALLEST_VARIANCE),
                rng,
            )
        local_variances[part, other] = local
        within = first <= other < last
        if within:
            local_variances[other, part] = local
        if change == 0.0:
            continue
        remainder -= change * (2 * slope + change * square)
        correlations[part, other] += change
        if within:
            correlations[other, part] = correlations[part, other]
        along += change * weight
        changes[other] = change
        add_row(moved, single, other, changes[other], other + 1)
        add_row(pending_changes, signed, other, change, pending)
    shrunk, grown = 1 / np.sqrt(pivot), 1 / np.sqrt(remainder)
    for row in range(size):
        product[row] += moved[row] - along * across[row]
        product[row] += row_product(vectors, row, pending_changes, pending)
    product[part] = -1.0
    for row in range(size):
        less = across[row] * shrunk
        more = product[row] * grown
        vectors[row, pending] = less
        signed[row, pending] = -less
        vectors[row, pending + 1] = more
        signed[row, pending + 1] = more
        diagonal[row] += more * more - less * less
