"""Errors of a unit that follow u_t = ρ^g u_{t-1} + ..., g the time since the row before, with unit effects integrated out: cross-products at any ρ.

u has covariance s² R, R^-1 = W'W with (Wx)_1 = √(1-ρ²) x_1, (Wx)_t = √((1-ρ²) / (1-ρ^2g)) (x_t - ρ^g x_{t-1}), so that s is the standard deviation of what is
new within one unit of time. A unit effect with a flat prior takes W1 out of Wx, and leaves |R|^-½ (1'R⁻¹1)^-½. Cross-products and the logarithm of these
volumes are smooth in σ = -log(1-ρ), up to ρ → 1, where they are those of first differences: Chebyshev polynomials in σ have them to ten digits.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

HIGHEST = 0.99
_NODES = 48


@dataclass(frozen=True)
class Correlations:
    """ρ between `lowest` and `HIGHEST`, and the polynomials' nodes."""

    lowest: float

    @property
    def nodes(self) -> np.ndarray:
        """ρ (48,) at which cross-products are made."""
        low, high = -np.log1p(-self.lowest), -np.log1p(-HIGHEST)
        return -np.expm1(
            -(
                (low + high) / 2
                + (high - low) / 2 * np.cos(np.pi * (np.arange(_NODES) + 0.5) / _NODES)
            )
        )

    def coefficients(self, values: np.ndarray) -> np.ndarray:
        """Of the polynomials that go through values (48, ...) at the nodes."""
        angles = np.pi * (np.arange(_NODES) + 0.5) / _NODES
        basis = np.cos(np.arange(_NODES)[:, None] * angles) * 2 / _NODES
        basis[0] /= 2
        return np.tensordot(basis, values, 1)


def polynomials(xp: Any, rho: Any, lowest: Any) -> Any:
    """Of ρ (q,), the polynomials' values (q, 48); of NumPy or of a PyTensor graph."""
    low, high = -xp.log(1 - lowest), -np.log1p(-HIGHEST)
    place = (-2 * xp.log(1 - rho) - low - high) / (high - low)
    return xp.cos(xp.arccos(place)[:, None] * np.arange(_NODES))


def gaps(time: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Time since the row before, in units of the median; whole numbers where they nearly are; NaN for the first row of a unit."""
    found = np.diff(time, prepend=np.nan)
    found[starts] = np.nan
    found = found / np.nanmedian(found)
    whole = np.round(found)
    return whole if np.nanmax(abs(found - whole)) < 0.1 and np.nanmin(whole) >= 1 else found


def _links(gap: np.ndarray, rho: float) -> tuple[np.ndarray, np.ndarray]:
    """ρ^g, 0 for a unit's first row, and what W multiplies with."""
    first = np.isnan(gap)
    link = np.where(
        first, 0.0, np.sign(rho) ** np.where(first, 1, gap) * abs(rho) ** np.where(first, 1, gap)
    )
    return link, np.sqrt((1 - rho**2) / np.where(first, 1.0, 1 - link**2))


def whitened(
    columns: np.ndarray, gap: np.ndarray, starts: np.ndarray, rho: float, unit_effects: bool
) -> tuple[np.ndarray, float]:
    """W x without unit effects, (n, p), and the logarithm of Π |R| (1'R⁻¹1), or of Π |R|, over units."""
    link, factor = _links(gap, rho)
    before = np.vstack([np.zeros((1, columns.shape[1])), columns[:-1]])
    found = factor[:, None] * (columns - link[:, None] * before)
    volume = -2 * np.log(factor).sum()
    if unit_effects:
        ones = factor * (1 - link)
        total = np.add.reduceat(ones**2, starts)
        shares = np.add.reduceat(ones[:, None] * found, starts, axis=0) / total[:, None]
        found = found - ones[:, None] * np.repeat(
            shares, np.diff(starts, append=len(columns)), axis=0
        )
        volume = volume + np.log(total).sum()
    return found, volume


def lasting(new: np.ndarray, gap: np.ndarray, starts: np.ndarray, rho: float) -> np.ndarray:
    """Errors (n,) from standard normal numbers: W⁻¹ of them.

    x_t = a_t x_{t-1} + b_t by doubling: after k passes each row has its last 2^k terms, so that the
    time taken is of order n log(longest unit), and a_t = 0 at the first row of a unit.
    """
    link, factor = _links(gap, rho)
    found, reach = new / factor, link.copy()
    longest = int(np.diff(starts, append=len(new)).max())
    step = 1
    while step < longest and reach.any():
        found[step:] = found[step:] + reach[step:] * found[:-step]
        reach[step:] = reach[step:] * reach[:-step]
        step *= 2
    return found
