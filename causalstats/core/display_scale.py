"""The scale on which the numbers of an answer are shown: per cent, points, or as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from causalstats.core.formatting import with_decimals

DIFFERENCE = "difference of probabilities"
_PROPORTIONS = ("probability", "proportion", "share")  # the beginnings of their units
_MOST_DECIMALS = 6


def unchanged(numbers: Any) -> Any:
    """Return the numbers as they are."""
    return numbers


@dataclass(frozen=True, kw_only=True)
class DisplayScale:
    """The scale on which the numbers of an answer are shown to readers.

    Parameters
    ----------
    unit : str
        The unit of the numbers as shown: on axes and above tables.
    suffix : str
        The text that follows a number in a sentence, with its space.
    convert : function of arrays
        Increasing: from the numbers of the answer to those that are shown.
    raw_unit : str
        The unit of the numbers before; empty where that is the unit of the estimand.
    """

    unit: str
    suffix: str = ""
    convert: Callable[[Any], Any] = unchanged
    raw_unit: str = ""

    @property
    def in_per_cent(self) -> bool:
        """Whether numbers are followed by a percent sign, as both ends of intervals are."""
        return self.suffix == " %"


def per_cent(numbers: Any) -> Any:
    """Return proportions in per cent.

    Examples
    --------
    >>> per_cent(0.5)
    50.0
    """
    return 100.0 * numbers


def per_cent_of_logarithms(numbers: Any) -> Any:
    """Return differences of natural logarithms as changes in per cent: 100 (exp(x) - 1).

    Examples
    --------
    >>> float(round(per_cent_of_logarithms(0.0953), 1))
    10.0
    """
    with np.errstate(over="ignore"):
        return 100.0 * np.expm1(numbers)


def exponential(numbers: Any) -> Any:
    """Return the numbers of which these are the natural logarithms."""
    with np.errstate(over="ignore"):
        return np.exp(numbers)


def scale_of_differences(scale: DisplayScale) -> DisplayScale:
    """Return the scale of a difference of two answers that are shown on a scale.

    A difference of logarithms is a ratio of the numbers themselves, and no amount of them: it is
    shown as it is. The difference of two proportions is in percentage points.

    Examples
    --------
    >>> log = DisplayScale(unit="dollars", convert=exponential, raw_unit="log dollars")
    >>> scale_of_differences(log).unit
    'log dollars'
    """
    if scale.convert in (exponential, per_cent_of_logarithms):
        return DisplayScale(unit=scale.raw_unit or "difference of logarithms")
    if scale.convert is per_cent and scale.in_per_cent:
        return scale_of_unit(DIFFERENCE)
    return scale


def scale_of_unit(unit: str) -> DisplayScale:
    """Return the scale of a unit: proportions in per cent, differences of them in points.

    Examples
    --------
    >>> scale_of_unit("probability").unit, scale_of_unit("years").suffix
    ('probability, %', '')
    """
    if unit.startswith(_PROPORTIONS):
        return DisplayScale(unit=f"{unit}, %", suffix=" %", convert=per_cent)
    if unit == DIFFERENCE:
        points = "percentage points"
        return DisplayScale(unit=points, suffix=f" {points}", convert=per_cent)
    return DisplayScale(unit=unit)


def rounded_by_interval(
    mean: float, lower: float, upper: float, *, each_by_itself: bool = False
) -> tuple[str, str, str]:
    """Return a number and the ends of its interval with the digits that the interval leaves.

    The last digit is a sixth of the interval's width or less, and more digits would be noise. An
    interval that leaves out 0 has one digit or two more where its end would be shown as 0.
    Numbers without an interval have three significant digits.

    Parameters
    ----------
    mean, lower, upper : float
        The number and the ends of its interval, in one unit.
    each_by_itself : bool
        Of numbers with a heavy tail, whose interval may reach over orders of magnitude: each end
        then has at least two digits of its own.

    Examples
    --------
    >>> rounded_by_interval(7.246, 2.61, 11.92)
    ('7', '3', '12')
    >>> rounded_by_interval(5.39, 2.14, 7.28)
    ('5.4', '2.1', '7.3')
    >>> rounded_by_interval(-0.29, -0.604, -0.012)
    ('-0.29', '-0.60', '-0.01')
    >>> rounded_by_interval(1734.0, 70.3, 1.54e6, each_by_itself=True)
    ('1,700', '70', '1,500,000')
    """
    decimals = _decimals(abs(upper - lower))
    if decimals is not None and lower * upper > 0:
        decimals = _apart_from_zero(min(abs(lower), abs(upper)), decimals)
    middle, low, high = (
        _rounded(value, _own_decimals(value, decimals) if each_by_itself else decimals)
        for value in (mean, lower, upper)
    )
    return middle, low, high


def _apart_from_zero(end: float, decimals: int) -> int:
    """Return decimals that do not show an end of an interval as 0, at most two more."""
    for more in (0, 1, 2):
        if round(end, decimals + more) != 0:
            return decimals + more
    return decimals


def _own_decimals(value: float, decimals: int | None) -> int | None:
    """Return the decimals of an interval, or more where these leave a number less than 2 digits."""
    if decimals is None or not np.isfinite(value) or value == 0:
        return decimals
    return max(decimals, 1 - int(np.floor(np.log10(abs(value)))))


def _decimals(width: float) -> int | None:
    """Return how many decimals an interval of this width leaves; None where it says nothing."""
    if not np.isfinite(width) or width == 0:
        return None
    return -int(np.floor(np.log10(width / 6)))


def _rounded(number: float, decimals: int | None) -> str:
    if decimals is None or not np.isfinite(number):
        return f"{number:.3g}"
    return with_decimals(number, decimals, _MOST_DECIMALS)
