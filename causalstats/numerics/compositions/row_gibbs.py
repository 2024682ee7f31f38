"""Gibbs sampling with rows whose log-ratios are counted, within bounds, or depend on other rows.

The logarithms w_i of a row are known but for its level, or hidden: behind counts, which are y_ij ~
Poisson(exp(w_ij + o_ij)) with a free level of the row and known offsets o (`count_gibbs`), or
within the bounds of a value that was rounded or censored, in which a Gibbs step draws from a
truncated normal. A part that cannot be present in a row has the offset -∞ there: its w is drawn
given the others alone, and is what integrates it out. Rows have the means X B, B flat, the
covariance K⁻¹ of `horseshoe_gibbs`, and the correlation R(φ): none, equal within a subject, or
φ^gap in time. With R⁻¹ = A'A, rows of A (w - X B) are independent, so that K and B are drawn given
A w and A X as those of independent rows are. Given the other rows, a row is

    w_i ~ Normal(μ_i - Σ_k≠i q_ik (w_k - μ_k) / q_ii, (q_ii K)⁻¹),    q = R⁻¹,

and only Θ of K enters where levels are free. φ ~ Uniform(0, 1) is drawn by random walks of its log
odds, with B integrated out. Independent rows of a multivariate t distribution have the weights g of
`row_weights`, with which R⁻¹ = diag(g).

References
----------
Yu & Meng (2011), To center or not to center: ancillarity-sufficiency interweaving, Journal of
Computational and Graphical Statistics 20: the shifts of a whole column with its intercept.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numba
import numpy as np

from causalstats.numerics.compositions import horseshoe_gibbs, row_weights
from causalstats.numerics.compositions.count_gibbs import draw_log, shift_columns
from causalstats.numerics.compositions.horseshoe_gibbs import Scales, State
from causalstats.numerics.compositions.row_weights import Tails
from causalstats.numerics.compositions.truncated_normal import draw_within

_CORRELATION_STEP = 0.8  # of the log odds of φ
_START_NOISE = 0.1  # of logarithms of counts
_PARTS_OF_BLOCK = 32  # whose w are drawn in every row before those of later parts
_compiled = numba.njit(nogil=True, cache=True, error_model="numpy")


class Links(NamedTuple):
    """Which rows depend on each other.

    Attributes
    ----------
    independent, in_time : bool
        Whether no rows do, and whether those do that follow each other in time.
    gap, linked : array, shape (n,)
        The time since the row before, and 0 where a subject begins.
    first, last : int array, shape (n,)
        The first row of the subject of a row, and the one after its last.
    """

    independent: bool
    in_time: bool
    gap: np.ndarray
    linked: np.ndarray
    first: np.ndarray
    last: np.ndarray


class Rows(NamedTuple):
    """What is seen of the rows, and their covariates.

    Attributes
    ----------
    counted : bool
        Whether `counts` are counts; otherwise they are not used.
    counts : array, shape (n, D)
        y.
    lower, upper : array, shape (n, D)
        Logarithms of bounds, equal where a value is known; not used of counts.
    covariates : array, shape (n, q)
        X; the first column is the intercept.
    links : Links
    offsets : array, shape (n, D)
        o, the logarithms of exposures of counts, -∞ of an absent part; not used of values within
        bounds.
    undetermined : array, shape (r, q D)
        Orthonormal directions of B that no row knows, of `present_parts`.
    """

    counted: bool
    counts: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    covariates: np.ndarray
    links: Links
    offsets: np.ndarray
    undetermined: np.ndarray


class Solution(NamedTuple):
    """Least squares on covariates of independent rows.

    Attributes
    ----------
    basis : array, shape (n, q)
        An orthonormal basis of the columns of A X.
    solver : array, shape (q, n)
        (X'R⁻¹X)⁻¹X'A'.
    spread : array, shape (q, q)
        A root of (X'R⁻¹X)⁻¹.
    """

    basis: np.ndarray
    solver: np.ndarray
    spread: np.ndarray


class RowState(NamedTuple):
    """The state of a chain, which sweeps change in place.

    Attributes
    ----------
    covariance : State
        Of K and its prior.
    logs : array, shape (n, D)
        w.
    coefficients : array, shape (q, D)
        B.
    correlation : array, shape (1,)
        φ.
    tails : Tails
        The weights of rows.
    """

    covariance: State
    logs: np.ndarray
    coefficients: np.ndarray
    correlation: np.ndarray
    tails: Tails


def links_of(count: int, links: Mapping[str, np.ndarray]) -> Links:
    """Return the links of rows that are sorted by subject and time.

    Parameters
    ----------
    count : int
        n.
    links : mapping
        As in `row_correlation`: `member`, or `gap` and `linked`; empty of independent rows.

    Examples
    --------
    >>> links_of(3, {"member": np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])}).first
    array([0, 0, 2])
    """
    gap = np.ones(count)
    linked = np.zeros(count)
    if "gap" in links:
        gap = np.array(links["gap"], float)
        linked = np.array(links["linked"], float)
    if "member" in links:
        subject = links["member"].argmax(axis=0)
        linked[1:] = subject[1:] == subject[:-1]
    begins = np.append(np.flatnonzero(linked == 0), count)
    sizes = np.diff(begins)
    return Links(
        independent=not links,
        in_time="gap" in links,
        gap=gap,
        linked=linked,
        first=np.repeat(begins[:-1], sizes),
        last=np.repeat(begins[1:], sizes),
    )


def rows_of_one_type(*fields: object) -> Rows:
    """Return `Rows` of these fields, in order, whose arrays are writable and in order of C.

    Numba compiles the sweeps for each combination of types, for half a minute: with these it does
    so once.

    Examples
    --------
    >>> empty = np.zeros((0, 0))
    >>> fixed = np.broadcast_to(1.0, (3, 1))
    >>> links = links_of(3, {})
    >>> rows = rows_of_one_type(False, empty, empty, empty, fixed, links, empty, empty)
    >>> fixed.flags.writeable, rows.covariates.flags.writeable
    (False, True)
    """
    return Rows._make(
        np.require(field, np.float64, ["C", "W"])
        if isinstance(field, np.ndarray)
        else field
        for field in fields
    )


def initial_state(
    rows: Rows,
    logs: np.ndarray,
    correlation: float | None,
    tails: Tails,
    rng: np.random.Generator,
    least_shrinkage: float = 0.0,
) -> RowState:
    """Return a state about these logarithms.

    Parameters
    ----------
    rows : Rows
    logs : array, shape (n, D)
        Within the bounds of values.
    correlation : float or None
        φ where it is given.
    tails : Tails
    rng : Generator
        Chains start apart from each other.
    least_shrinkage : float
        τ_min.
    """
    noise = rng.standard_normal(logs.shape)
    if rows.counted:
        logs = logs + _START_NOISE * noise
    ratios = logs - logs.mean(axis=1, keepdims=True)
    covariance = horseshoe_gibbs.initial_state(
        ratios.var(axis=0) + 0.01, rng, least_shrinkage
    )
    coefficients = np.linalg.lstsq(rows.covariates, logs)[0]
    start = rng.uniform(0.1, 0.5) if correlation is None else correlation
    logs = np.ascontiguousarray(logs)
    return RowState(covariance, logs, coefficients, np.array([start]), tails)


@_compiled
def _subtract(target: np.ndarray, values: np.ndarray) -> None:
    """Subtract a matrix (n, k) from another in place, as loops: see `symmetric_matrices`."""
    for row in range(target.shape[0]):
        for column in range(target.shape[1]):
            target[row, column] -= values[row, column]


@_compiled
def _without_levels(logs: np.ndarray) -> np.ndarray:
    """Return rows (n, D) less their means."""
    ratios = np.empty_like(logs)
    for row in range(logs.shape[0]):
        level = logs[row].mean()
        for part in range(logs.shape[1]):
            ratios[row, part] = logs[row, part] - level
    return ratios


@_compiled
def whiten(columns: np.ndarray, links: Links, correlation: float) -> np.ndarray:
    """Return A times columns (n, k), with A'A = R(φ)⁻¹.

    Parameters
    ----------
    columns : array, shape (n, k)
    links : Links
    correlation : float
        φ.
    """
    if links.independent:
        return columns
    white = np.empty_like(columns)
    width = columns.shape[1]
    if links.in_time:
        for row in range(len(columns)):
            rho = links.linked[row] * correlation ** links.gap[row]
            sd = np.sqrt(1 - rho**2)
            for column in range(width):
                step = columns[row, column] - rho * columns[row - 1, column]
                white[row, column] = step / sd
        return white
    row = 0
    while row < len(columns):
        end = links.last[row]
        within = np.sqrt(1 - correlation)
        joint = np.sqrt(1 - correlation + (end - row) * correlation)
        for column in range(width):
            total = 0.0
            for each in range(row, end):
                total += columns[each, column]
            mean = total / (end - row)
            for each in range(row, end):
                apart = (columns[each, column] - mean) / within
                white[each, column] = apart + mean / joint
        row = end
    return white


@_compiled
def _independent(columns: np.ndarray, rows: Rows, state: RowState) -> np.ndarray:
    """Return A times columns (n, k), which makes rows independent and of one variance."""
    if state.tails.student:
        weighted = np.empty_like(columns)
        for row in range(len(columns)):
            root = np.sqrt(state.tails.weights[row])
            for column in range(columns.shape[1]):
                weighted[row, column] = columns[row, column] * root
        return weighted
    return whiten(columns, rows.links, state.correlation[0])


@_compiled
def log_determinant(links: Links, correlation: float) -> float:
    """Return log |R(φ)|.

    Parameters
    ----------
    links : Links
    correlation : float
        φ.
    """
    total = 0.0
    for row in range(len(links.gap)):
        if links.in_time:
            rho = links.linked[row] * correlation ** links.gap[row]
            total += np.log(1 - rho**2)
        elif links.linked[row] > 0:
            total += np.log(1 - correlation)
        else:
            size = links.last[row] - row
            total += np.log(1 - correlation + size * correlation)
    return total


@_compiled
def given_other_rows(
    row: int, residuals: np.ndarray, links: Links, correlation: float
) -> tuple[float, np.ndarray]:
    """Return q_ii, and Σ_k≠i q_ik e_k / q_ii, for a row i with q = R(φ)⁻¹.

    Parameters
    ----------
    row : int
    residuals : array, shape (n, D)
        e.
    links : Links
    correlation : float
        φ.
    """
    size = residuals.shape[1]
    shift = np.zeros(size)
    if not links.in_time:
        rows = links.last[row] - links.first[row]
        share = correlation / (1 - correlation + rows * correlation)
        for other in range(links.first[row], links.last[row]):
            if other != row:
                for part in range(size):
                    shift[part] -= share * residuals[other, part]
        return (1 - share) / (1 - correlation), shift / (1 - share)
    rho = links.linked[row] * correlation ** links.gap[row]
    weight = 1 / (1 - rho**2)
    for part in range(size):
        shift[part] -= rho * weight * residuals[row - 1, part]
    if row + 1 < len(residuals):
        following = links.linked[row + 1] * correlation ** links.gap[row + 1]
        gain = following / (1 - following**2)
        weight += following * gain
        for part in range(size):
            shift[part] -= gain * residuals[row + 1, part]
    return weight, shift / weight


@_compiled
def solution(covariates: np.ndarray) -> Solution:
    """Return what least squares on covariates (n, q) of independent rows needs."""
    factor, triangle = np.linalg.qr(covariates)
    basis = np.ascontiguousarray(factor)
    inverse = np.ascontiguousarray(np.linalg.inv(triangle))
    return Solution(basis, inverse @ np.ascontiguousarray(basis.T), inverse)


@_compiled
def _about_covariates(logs: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Return log-ratios (n, D) of rows less what covariates explain.

    Parameters
    ----------
    logs : array, shape (n, D)
        Of independent rows.
    basis : array, shape (n, q)
        Of their covariates.
    """
    ratios = _without_levels(logs)
    _subtract(ratios, basis @ (basis.T @ ratios))
    return ratios


@_compiled
def amounts_scatter(
    logs: np.ndarray, basis: np.ndarray, covariance: State, rng: np.random.Generator
) -> np.ndarray:
    """Return cross-products (D, D) of log amounts about the covariates.

    Coefficients are integrated out, and the direction 1 is drawn given the log-ratios.

    Parameters
    ----------
    logs : array, shape (n, D)
        Of independent rows.
    basis : array, shape (n, q)
        Of their covariates.
    covariance : State
    rng : Generator
    """
    ratios = _about_covariates(logs, basis)
    sums = horseshoe_gibbs.row_sums(horseshoe_gibbs.basis_precision(covariance))
    total = sums.sum()
    noise = np.empty(len(logs))
    for row in range(len(logs)):
        noise[row] = rng.standard_normal() / np.sqrt(total)
    fitted = basis @ (basis.T @ noise)
    tilted = ratios @ sums
    amounts = np.empty_like(ratios)
    for row in range(len(logs)):
        level = noise[row] - fitted[row] - tilted[row] / total
        for part in range(len(sums)):
            amounts[row, part] = ratios[row, part] + level
    return amounts.T @ amounts


@_compiled
def _draw_coefficients(
    logs: np.ndarray, solved: Solution, state: RowState, rng: np.random.Generator
) -> None:
    """Draw B given w and K: Normal((X'X)⁻¹X'w, (X'X)⁻¹ ⊗ K⁻¹), under a flat prior.

    Parameters
    ----------
    logs : array, shape (n, D)
        Of independent rows.
    solved : Solution
        Of their covariates.
    state : RowState
    rng : Generator
    """
    covariance = state.covariance
    root = np.linalg.cholesky(covariance.inverse)
    noise = np.empty(state.coefficients.shape)
    for row in range(noise.shape[0]):
        for column in range(noise.shape[1]):
            noise[row, column] = rng.standard_normal()
    scaled = solved.spread @ noise @ root.T
    fitted = solved.solver @ logs
    scales = np.exp(-covariance.log_precisions / 2)
    for row in range(noise.shape[0]):
        for column in range(noise.shape[1]):
            change = scaled[row, column] * scales[column]
            state.coefficients[row, column] = fitted[row, column] + change


@_compiled
def log_density_of_correlation(
    ratios: np.ndarray, rows: Rows, theta: np.ndarray, correlation: float
) -> float:
    """Return the log density of log-ratios given φ and Θ, B integrated out, up to a constant.

    Parameters
    ----------
    ratios : array, shape (n, D)
        Rows sum to 0.
    rows : Rows
    theta : array, shape (D, D)
        Θ.
    correlation : float
        φ.
    """
    white = whiten(ratios, rows.links, correlation)
    solved = solution(whiten(rows.covariates, rows.links, correlation))
    residuals = white.copy()
    _subtract(residuals, solved.basis @ (solved.basis.T @ white))
    determinants = log_determinant(rows.links, correlation)
    logs = 0.0
    for column in range(len(solved.spread)):
        logs += np.log(np.abs(solved.spread[column, column]))
    determinants -= 2 * logs
    slopes = residuals @ theta
    square = 0.0
    for row in range(len(residuals)):
        for part in range(len(theta)):
            square += slopes[row, part] * residuals[row, part]
    return -((ratios.shape[1] - 1) * determinants + square) / 2


@_compiled
def _update_correlation(
    rows: Rows, theta: np.ndarray, state: RowState, rng: np.random.Generator
) -> None:
    """Update φ by a random walk of its log odds.

    Parameters
    ----------
    rows : Rows
    theta : array, shape (D, D)
        Θ.
    state : RowState
    rng : Generator
    """
    ratios = _without_levels(state.logs)
    present = state.correlation[0]
    step = _CORRELATION_STEP * rng.standard_normal()
    proposed = 1 / (1 + (1 - present) / present * np.exp(-step))
    if not 0 < proposed < 1:
        return
    gain = np.log(proposed * (1 - proposed)) - np.log(present * (1 - present))
    gain += log_density_of_correlation(ratios, rows, theta, proposed)
    gain -= log_density_of_correlation(ratios, rows, theta, present)
    if np.log(rng.random()) < gain:
        state.correlation[0] = proposed


@_compiled
def _update_block(
    begin: int,
    end: int,
    first: int,
    last: int,
    rows: Rows,
    logs: np.ndarray,
    intensities: np.ndarray,
    slopes: np.ndarray,
    weights: np.ndarray,
    theta: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Update the w of some parts in rows that are independent of each other.

    A part is drawn in all of them before the next part, since the processor computes several rows
    at once, while a part has to wait for the one before it.

    Parameters
    ----------
    begin, end, first, last : int
        The first row and the one after the last; the first part and the one after the last.
    rows : Rows
    logs, intensities : array, shape (n, D)
        w, and e^(w + o) of counts.
    slopes : array, shape (last - first, end - begin)
        Θ (w - mean), which is kept current for the parts that are still to be drawn.
    weights : array, shape (n,)
        q_ii.
    theta : array, shape (D, D)
        Θ.
    rng : Generator
    """
    changes = np.empty(end - begin)
    for part in range(first, last):
        diagonal = theta[part, part]
        log_diagonal = np.log(diagonal)
        for row in range(begin, end):
            present = logs[row, part]
            mean = present - slopes[part - first, row - begin] / diagonal
            precision = diagonal * weights[row]
            if not rows.counted:
                new = present
                lower, upper = rows.lower[row, part], rows.upper[row, part]
                if lower != upper:
                    sd = 1 / np.sqrt(precision)
                    low, high = (lower - mean) / sd, (upper - mean) / sd
                    new = mean + sd * draw_within(low, high, rng)
            elif rows.offsets[row, part] == -np.inf:
                new = mean + rng.standard_normal() / np.sqrt(precision)
            else:
                offset = rows.offsets[row, part]
                new, intensities[row, part] = draw_log(
                    rows.counts[row, part],
                    present + offset,
                    intensities[row, part],
                    mean + offset,
                    precision,
                    log_diagonal + np.log(weights[row]),
                    rng,
                )
                new -= offset
            changes[row - begin] = new - present
            logs[row, part] = new
        for other in range(part + 1, last):
            link = theta[part, other]
            for row in range(end - begin):
                slopes[other - first, row] += changes[row] * link


@_compiled
def _draw_levels(
    rows: Rows, logs: np.ndarray, intensities: np.ndarray, rng: np.random.Generator
) -> None:
    """Draw the levels of all rows behind counts, Σ_j e^(w_ij + o_ij) ~ Gamma(N_i).

    Parameters
    ----------
    rows : Rows
    logs, intensities : array, shape (n, D)
        w and e^(w + o).
    rng : Generator
    """
    for row in range(len(logs)):
        total = rows.counts[row].sum()
        if total > 0:
            sum_of_row = intensities[row].sum()
            shift = np.log(rng.standard_gamma(total) / sum_of_row)
            for part in range(logs.shape[1]):
                logs[row, part] += shift


@_compiled
def _update_logs(
    rows: Rows, theta: np.ndarray, state: RowState, rng: np.random.Generator
) -> None:
    """Update every hidden w.

    Of independent rows, a block of parts is drawn in every row before the next block, whose slopes
    are a product of matrices. Others are drawn row by row.

    Parameters
    ----------
    rows : Rows
    theta : array, shape (D, D)
        Θ.
    state : RowState
    rng : Generator
    """
    logs = state.logs
    count, size = logs.shape
    fitted = rows.covariates @ state.coefficients
    residuals = logs.copy()
    _subtract(residuals, fitted)
    intensities = np.empty((count if rows.counted else 0, size))
    for row in range(len(intensities)):
        for part in range(size):
            intensities[row, part] = np.exp(logs[row, part] + rows.offsets[row, part])
    weights = state.tails.weights.copy()
    if rows.links.independent:
        for first in range(0, size, _PARTS_OF_BLOCK):
            last = min(first + _PARTS_OF_BLOCK, size)
            slopes = theta[first:last] @ residuals.T
            _update_block(
                0,
                count,
                first,
                last,
                rows,
                logs,
                intensities,
                slopes,
                weights,
                theta,
                rng,
            )
            for row in range(count):
                for part in range(first, last):
                    residuals[row, part] = logs[row, part] - fitted[row, part]
    else:
        for row in range(count):
            weights[row], shift = given_other_rows(
                row, residuals, rows.links, state.correlation[0]
            )
            for part in range(size):
                shift[part] += residuals[row, part]
            slopes = (shift @ theta).reshape((size, 1))
            _update_block(
                row,
                row + 1,
                0,
                size,
                rows,
                logs,
                intensities,
                slopes,
                weights,
                theta,
                rng,
            )
            for part in range(size):
                residuals[row, part] = logs[row, part] - fitted[row, part]
    if rows.counted:
        _draw_levels(rows, logs, intensities, rng)


@_compiled
def _update_weights(
    rows: Rows,
    theta: np.ndarray,
    state: RowState,
    scales: Scales,
    rng: np.random.Generator,
) -> None:
    """Update the weights of the rows and their degrees of freedom.

    Parameters
    ----------
    rows : Rows
    theta : array, shape (D, D)
        Θ.
    state : RowState
    scales : Scales
    rng : Generator
    """
    residuals = state.logs.copy()
    _subtract(residuals, rows.covariates @ state.coefficients)
    distances = row_weights.squared_distances(residuals, theta)
    row_weights.draw_weights(distances, len(theta) - 1, state.tails, rng)
    row_weights.rescale(
        state.tails,
        state.covariance.log_precisions,
        state.covariance.scalars,
        scales.log_variance,
        scales.log_variance_sd,
        rng,
    )


@_compiled
def _recentre(rows: Rows, state: RowState) -> None:
    """Take B to 0 along directions that no row knows, and the w of absent parts along with it.

    A sweep moves along these freely, and every residual but for the level of its row is unchanged.

    Parameters
    ----------
    rows : Rows
    state : RowState
    """
    along = rows.undetermined @ state.coefficients.copy().reshape(-1)
    change = (along @ rows.undetermined).reshape(state.coefficients.shape)
    _subtract(state.coefficients, change)
    shifts = rows.covariates @ change
    for row in range(len(shifts)):
        absent = rows.offsets[row] == -np.inf
        level = shifts[row][~absent].mean()
        for part in range(len(absent)):
            if absent[part]:
                state.logs[row, part] -= shifts[row, part] - level


@_compiled
def scatter_of_rows(
    rows: Rows, solved: Solution, state: RowState, rng: np.random.Generator
) -> np.ndarray:
    """Return cross-products (D, D) of log amounts, as `amounts_scatter`.

    Parameters
    ----------
    rows : Rows
    solved : Solution
        `solution_of_rows`.
    state : RowState
    rng : Generator
    """
    white = _independent(state.logs, rows, state)
    return amounts_scatter(white, solved.basis, state.covariance, rng)


@_compiled
def log_ratio_scatter(rows: Rows, solved: Solution, state: RowState) -> np.ndarray:
    """Return cross-products (D, D) of log-ratios about the covariates, coefficients integrated out.

    Parameters
    ----------
    rows : Rows
    solved : Solution
        `solution_of_rows`.
    state : RowState
    """
    white = _independent(state.logs, rows, state)
    ratios = _about_covariates(white, solved.basis)
    return np.ascontiguousarray(ratios.T) @ ratios


@_compiled
def solution_of_rows(rows: Rows, state: RowState) -> Solution:
    """Return what least squares on the covariates needs, of rows that are made independent."""
    return solution(_independent(rows.covariates, rows, state))


@_compiled
def update_rows(
    rows: Rows,
    solved: Solution,
    state: RowState,
    scales: Scales,
    correlation_known: bool,
    rng: np.random.Generator,
) -> None:
    """Update all but the covariance of the rows and its prior.

    Parameters
    ----------
    rows : Rows
    solved : Solution
        `solution_of_rows`.
    state : RowState
    scales : Scales
    correlation_known : bool
        As in `sweeps_of_rows`.
    rng : Generator
    """
    theta = horseshoe_gibbs.compositional_precision(state.covariance)
    if not correlation_known:
        _update_correlation(rows, theta, state, rng)
        solved = solution_of_rows(rows, state)
    white = _independent(state.logs, rows, state)
    _draw_coefficients(white, solved, state, rng)
    _update_logs(rows, theta, state, rng)
    if rows.counted:
        shift_columns(
            rows.counts,
            rows.offsets,
            rows.covariates,
            state.logs,
            state.coefficients,
            rng,
        )
    if state.tails.student:
        _update_weights(rows, theta, state, scales, rng)
    if len(rows.undetermined) > 0:
        _recentre(rows, state)


@_compiled
def sweeps_of_rows(
    count: int,
    rows: Rows,
    state: RowState,
    scales: Scales,
    correlation_known: bool,
    rng: np.random.Generator,
) -> None:
    """Update the state so many times.

    Parameters
    ----------
    count : int
    rows : Rows
    state : RowState
    scales : Scales
    correlation_known : bool
        Whether φ is given, or rows are independent.
    rng : Generator
    """
    degrees = float(rows.covariates.shape[0] - rows.covariates.shape[1])
    solved = solution_of_rows(rows, state)
    constant = rows.links.independent and not state.tails.student
    for _ in range(count):
        if not constant:
            solved = solution_of_rows(rows, state)
        scatter = scatter_of_rows(rows, solved, state, rng)
        horseshoe_gibbs.sweep(scatter, degrees, state.covariance, scales, rng)
        update_rows(rows, solved, state, scales, correlation_known, rng)
