"""AR(1) errors within units (serial correlation): cross-products at any ρ.

u_t = ρ^g u_{t-1} + ..., g the time since the row before. u has covariance s² R, R⁻¹ = W'W with
(Wx)_1 = √(1-ρ²) x_1 and (Wx)_t = √((1-ρ²) / (1-ρ^2g)) (x_t - ρ^g x_{t-1}), so that s is the
standard deviation of the innovation over one unit of time. A unit effect with a flat prior takes W1
out of Wx, and leaves |R|^-½ (1'R⁻¹1)^-½. Cross-products and the logarithm of these volumes are
smooth in σ = -log(1-ρ), up to ρ → 1, where they are those of first differences: Chebyshev
polynomials in σ have them to ten digits.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

HIGHEST = 0.99
_NODES = 48


@dataclass(frozen=True)
class Correlations:
    """Serial correlations from `lowest` to 0.99, and Chebyshev polynomials over them.

    Parameters
    ----------
    lowest : float

    Examples
    --------
    >>> correlations = Correlations(0.0)
    >>> coefficients = correlations.coefficients(correlations.nodes**2)
    >>> values = polynomials(np, np.array([0.5]), 0.0) @ coefficients
    >>> values.round(8)
    array([0.25])
    """

    lowest: float

    @property
    def nodes(self) -> np.ndarray:
        """ρ (48,) at which cross-products are made."""
        low = -np.log1p(-self.lowest)
        high = -np.log1p(-HIGHEST)
        middle = (low + high) / 2
        sigma = middle + (high - low) / 2 * np.cos(_chebyshev_angles())
        return -np.expm1(-sigma)

    def coefficients(self, values: np.ndarray) -> np.ndarray:
        """Return the coefficients of the polynomials through values (48, ...) at the nodes."""
        orders = np.arange(_NODES)[:, None]
        basis = np.cos(orders * _chebyshev_angles()) * 2 / _NODES
        basis[0] /= 2
        return np.tensordot(basis, values, 1)


def _chebyshev_angles() -> np.ndarray:
    return np.pi * (np.arange(_NODES) + 0.5) / _NODES


def polynomials(xp: Any, rho: Any, lowest: Any) -> Any:
    """Return the values (q, 48) of the polynomials at ρ (q,).

    Parameters
    ----------
    xp : module
        `numpy` or `pytensor.tensor`.
    rho : array or node, shape (q,)
    lowest : float or node
    """
    low = -xp.log(1 - lowest)
    high = -np.log1p(-HIGHEST)
    position = (-2 * xp.log(1 - rho) - low - high) / (high - low)
    angle = xp.arccos(position)
    return xp.cos(angle[:, None] * np.arange(_NODES))


def gaps(time: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return the time since the row before, in units of the median gap.

    Whole numbers where gaps nearly are; NaN for the first row of a unit.

    Examples
    --------
    >>> gaps(np.array([2000.0, 2002.0, 2004.0, 2008.0]), np.array([0]))
    array([nan,  1.,  1.,  2.])
    """
    gap = np.diff(time, prepend=np.nan)
    gap[starts] = np.nan
    gap = gap / np.nanmedian(gap)
    whole = np.round(gap)
    nearly_whole = np.nanmax(abs(gap - whole)) < 0.1 and np.nanmin(whole) >= 1
    return whole if nearly_whole else gap


def _innovations(gap: np.ndarray, rho: float) -> tuple[np.ndarray, np.ndarray]:
    """ρ^g, 0 for a unit's first row, and the factor of x_t - ρ^g x_{t-1} in W."""
    first = np.isnan(gap)
    power = np.where(first, 1, gap)
    powers = np.sign(rho) ** power * abs(rho) ** power
    carried = np.where(first, 0.0, powers)
    variance = np.where(first, 1.0, 1 - carried**2)
    return carried, np.sqrt((1 - rho**2) / variance)


def whitened(
    columns: np.ndarray,
    gap: np.ndarray,
    starts: np.ndarray,
    rho: float,
    unit_effects: bool,
) -> tuple[np.ndarray, float]:
    """Return columns whose errors are independent, and the logarithm of the errors' volume.

    Parameters
    ----------
    columns : array, shape (n, p)
    gap : array, shape (n,)
        As `gaps` returns it.
    starts : int array, shape (N,)
        First row of each unit.
    rho : float
    unit_effects : bool
        Whether unit effects are integrated out.

    Returns
    -------
    white : array, shape (n, p)
        Wx, without W1 where there are unit effects.
    volume : float
        log Π |R| (1'R⁻¹1) over units, or log Π |R|.
    """
    carried, factor = _innovations(gap, rho)
    nothing = np.zeros((1, columns.shape[1]))
    before = np.vstack([nothing, columns[:-1]])
    news = columns - carried[:, None] * before
    white = factor[:, None] * news
    volume = -2 * np.log(factor).sum()
    if unit_effects:
        ones = factor * (1 - carried)
        total = np.add.reduceat(ones**2, starts)
        products = np.add.reduceat(ones[:, None] * white, starts, axis=0)
        means = products / total[:, None]
        sizes = np.diff(starts, append=len(columns))
        unit_effect = np.repeat(means, sizes, axis=0)
        white = white - ones[:, None] * unit_effect
        volume = volume + np.log(total).sum()
    return white, volume


def whitening(gap: np.ndarray, rho: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return W of one unit at each ρ, unit effects integrated out, and the errors' volume.

    `whitened` of the identity, at several ρ.

    Parameters
    ----------
    gap : array, shape (T,)
        As `gaps` returns it.
    rho : array, shape (K,)

    Returns
    -------
    white : array, shape (K, T, T)
    volume : array, shape (K,)
        log |R| (1'R⁻¹1).

    Examples
    --------
    >>> white, volume = whitening(np.array([np.nan, 1.0]), np.zeros(1))
    >>> white.round(3), volume.round(3)  # differences from the mean, and log 2
    (array([[[ 0.5, -0.5],
            [-0.5,  0.5]]]), array([0.693]))
    """
    each = [_innovations(gap, float(value)) for value in rho]
    carried = np.array([carried for carried, _ in each])
    factor = np.array([factor for _, factor in each])
    news = np.eye(len(gap)) - carried[:, :, None] * np.eye(len(gap), k=-1)
    white = factor[:, :, None] * news
    ones = factor * (1 - carried)
    total = (ones**2).sum(axis=1)
    means = (ones[:, :, None] * white).sum(axis=1) / total[:, None]
    white = white - ones[:, :, None] * means[:, None]
    return white, np.log(total) - 2 * np.log(factor).sum(axis=1)


def log_determinants(
    gap: np.ndarray, starts: np.ndarray, rho: float, unit_effects: bool = True
) -> np.ndarray:
    """Return log |R| (1'R⁻¹1) of the errors of each unit, or log |R|, shape (N,).

    Parameters
    ----------
    gap : array, shape (n,)
        As `gaps` returns it.
    starts : int array, shape (N,)
        First row of each unit.
    rho : float
    unit_effects : bool
        Whether unit effects are integrated out.

    Examples
    --------
    >>> log_determinants(np.array([np.nan, 1.0]), np.array([0]), 0.0).round(3)  # log 2
    array([0.693])
    """
    carried, factor = _innovations(gap, rho)
    volumes = -2 * np.add.reduceat(np.log(factor), starts)
    if not unit_effects:
        return np.asarray(volumes)
    ones = factor * (1 - carried)
    return np.asarray(volumes + np.log(np.add.reduceat(ones**2, starts)))


def ar1_errors(
    noise: np.ndarray, gap: np.ndarray, starts: np.ndarray, rho: float
) -> np.ndarray:
    """Return AR(1) errors W⁻¹z from standard normal noise z.

    x_t = a_t x_{t-1} + b_t by doubling: after k passes each row has its last 2^k terms, so that the
    time taken is of order n log(longest unit), and a_t = 0 at the first row of a unit.

    Parameters
    ----------
    noise : array, shape (n,)
    gap : array, shape (n,)
        As `gaps` returns it.
    starts : int array, shape (N,)
        First row of each unit.
    rho : float

    Returns
    -------
    array, shape (n,)

    Examples
    --------
    >>> ar1_errors(np.array([1.0, 0.0, 0.0]), np.array([np.nan, 1.0, 1.0]), np.array([0]), 0.6)
    array([1.25, 0.75, 0.45])
    """
    carried, factor = _innovations(gap, rho)
    errors = noise / factor
    reach = carried.copy()
    sizes = np.diff(starts, append=len(noise))
    longest = int(sizes.max())
    step = 1
    while step < longest and reach.any():
        errors[step:] = errors[step:] + reach[step:] * errors[:-step]
        reach[step:] = reach[step:] * reach[:-step]
        step *= 2
    return errors
