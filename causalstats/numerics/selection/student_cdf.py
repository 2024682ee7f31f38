"""The distribution function of Student's t as a formula that every array library differentiates.

    P(t_ν > x) = c_ν √ν ∫_y^∞ cosh(s)^-ν ds,  y = asinh(x / √ν)

by the substitution t = √ν sinh(s). The integrand is 1 at its start, relative to cosh(y)^-ν, and is
cut off where it is e^-36; between them it is smooth, so that Gauss-Legendre nodes give nine digits
of the logarithm in both tails and at any ν of 2 or more. `scipy.special.stdtr` has no derivative
in ν.
"""

from typing import Any

import numpy as np

_DECAY = 36.0  # the integrand ends at e^-36
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
# Nodes are the denser the closer to the start, where the integrand is large.
_SHARES = ((_NODES + 1) / 2) ** 2
_SHARE_WEIGHTS = (_NODES + 1) / 2 * _WEIGHTS


def log_student_cdf(xp: Any, value: Any, degrees_of_freedom: Any) -> Any:
    """Return log P(t_ν ≤ x).

    Parameters
    ----------
    xp : namespace
        `numpy_functions()` or `pytensor_functions()`.
    value : array (..., n)
        x.
    degrees_of_freedom : array, broadcast against `value`
        ν, 2 or more.

    Examples
    --------
    >>> from causalstats.numerics.selection.array_library import numpy_functions
    >>> log_student_cdf(numpy_functions(), np.array([-2.0, 0.0]), 5.0).round(4)
    array([-2.9765, -0.6931])
    """
    # `abs` has the derivative 0 at 0, where a search for the mode may start.
    size = xp.where(value < 0, -value, value)
    tail = _log_upper_tail(xp, size, degrees_of_freedom)
    return xp.where(value < 0, tail, xp.log1p(-xp.exp(tail)))


def log_student_density(xp: Any, value: Any, degrees_of_freedom: Any) -> Any:
    """Return the log density of Student's t.

    Parameters
    ----------
    xp : namespace
        `numpy_functions()` or `pytensor_functions()`.
    value : array
    degrees_of_freedom : array, broadcast against `value`
        ν.

    Examples
    --------
    >>> from causalstats.numerics.selection.array_library import numpy_functions
    >>> round(float(log_student_density(numpy_functions(), 0.0, 5.0)), 4)
    -0.9686
    """
    nu = degrees_of_freedom
    power = (nu + 1) / 2 * xp.log1p(value**2 / nu)
    return _log_constant(xp, nu) - xp.log(nu) / 2 - power


def _log_constant(xp: Any, nu: Any) -> Any:
    """Return log(c_ν √ν) = log Γ((ν+1)/2) - log Γ(ν/2) - log(π)/2."""
    return xp.gammaln((nu + 1) / 2) - xp.gammaln(nu / 2) - np.log(np.pi) / 2


def _log_upper_tail(xp: Any, value: Any, nu: Any) -> Any:
    """Return log P(t_ν > x) for x ≥ 0."""
    slope = value / xp.sqrt(nu + value**2)  # tanh(y)
    ratio = xp.exp(_DECAY / nu)  # cosh(end) / cosh(y)
    root = xp.sqrt(xp.expm1(2 * _DECAY / nu) + slope**2)
    length = xp.log((ratio + root) / (1 + slope))
    step = length[..., None] * _SHARES
    slope = slope[..., None]
    relative = step + xp.log((1 + slope) / 2 + (1 - slope) / 2 * xp.exp(-2 * step))
    power = (nu + 0 * value)[..., None]
    integral = length * (xp.exp(-power * relative) * _SHARE_WEIGHTS).sum(axis=-1)
    decayed = nu / 2 * xp.log1p(value**2 / nu)
    return _log_constant(xp, nu) - decayed + xp.log(integral)
