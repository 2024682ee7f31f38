"""Gibbs sampling of the shrinkage prior with rows that are counted, within bounds, or dependent.

A sweep updates the prior's parameters given the log-ratios, Σ integrated out (`shrunk_gibbs`);
then Σ given both; then the rows given Σ (`row_gibbs`). Those take the precision K of amounts before
closure, of which Θ = K - K11'K / 1'K1 alone matters: K = Θ + f 11' / D, for any f > 0.
"""

import numba
import numpy as np

from causalstats.numerics.compositions import row_gibbs
from causalstats.numerics.compositions.horseshoe_gibbs import Scales, State
from causalstats.numerics.compositions.row_gibbs import Rows, RowState
from causalstats.numerics.compositions.shrunk_gibbs import (
    ShrunkScales,
    ShrunkState,
    prior_and_scatter,
    strength_of,
    sweep,
)

_compiled = numba.njit(nogil=True, cache=True, error_model="numpy")


@_compiled
def draw_covariance(
    scatter: np.ndarray,
    state: ShrunkState,
    scales: ShrunkScales,
    covariance: State,
    rng: np.random.Generator,
) -> None:
    """Draw Θ ~ Wishart(k + D + m, V (Ψ + V'SV)⁻¹ V') and write a K that has it.

    The centred part of a D-dimensional Wishart matrix with this scale in the directions V, drawn by
    Bartlett's decomposition, has that distribution.

    Parameters
    ----------
    scatter : array, shape (D, D)
        S; rows sum to 0.
    state : ShrunkState
    scales : ShrunkScales
    covariance : State
        Of which R, R⁻¹ and -log ω are written: they give K.
    rng : Generator
    """
    size = len(scatter)
    strength = strength_of(state, scales)
    degrees = strength + size + scales.degrees
    whole = prior_and_scatter(scatter, strength, state.log_variances)[0]
    root = np.linalg.inv(np.linalg.cholesky(whole))
    lower = np.zeros((size, size))
    for row in range(size):
        lower[row, row] = np.sqrt(2 * rng.standard_gamma((degrees - row) / 2))
        for column in range(row):
            lower[row, column] = rng.standard_normal()
    half = np.ascontiguousarray(root.T) @ lower
    for column in range(size):
        mean = half[:, column].mean()
        for row in range(size):
            half[row, column] -= mean
    precision = half @ np.ascontiguousarray(half.T)
    level = 0.0
    for part in range(size):
        level += precision[part, part] / size**2
    for row in range(size):
        for column in range(size):
            precision[row, column] += level
    for part in range(size):
        covariance.log_precisions[part] = np.log(precision[part, part])
    roots = np.exp(covariance.log_precisions / 2)
    for row in range(size):
        for column in range(size):
            scaled = precision[row, column] / (roots[row] * roots[column])
            covariance.correlations[row, column] = scaled
    inverse = np.linalg.inv(covariance.correlations)
    for row in range(size):
        for column in range(size):
            both = inverse[row, column] + inverse[column, row]
            covariance.inverse[row, column] = both / 2


@_compiled
def sweeps_of_rows(
    count: int,
    rows: Rows,
    row_state: RowState,
    state: ShrunkState,
    scales: ShrunkScales,
    correlation_known: bool,
    rng: np.random.Generator,
) -> None:
    """Update the state so many times.

    Parameters
    ----------
    count : int
    rows : Rows
    row_state : RowState
    state : ShrunkState
    scales : ShrunkScales
    correlation_known : bool
        Whether φ is given, or rows are independent.
    rng : Generator
    """
    unused = Scales(
        scales.log_variance,
        scales.log_variance_sd,
        scales.variance_spread,
        1.0,
        0.0,
        0.0,
        np.zeros((0, 0)),
    )
    solved = row_gibbs.solution_of_rows(rows, row_state)
    for _ in range(count):
        if not rows.links.independent:
            solved = row_gibbs.solution_of_rows(rows, row_state)
        scatter = row_gibbs.log_ratio_scatter(rows, solved, row_state)
        sweep(scatter, state, scales, rng)
        draw_covariance(scatter, state, scales, row_state.covariance, rng)
        row_gibbs.update_rows(rows, solved, row_state, unused, correlation_known, rng)
