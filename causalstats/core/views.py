"""Plain values for plots: the numbers that each kind of figure shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True)
class NetworkView:
    """A network.

    Parameters
    ----------
    nodes : tuple of str
    edges : DataFrame
        Columns one, other, value, excess and q_value.
    label : str
        The meaning of `value`.
    note : str
    """

    nodes: tuple[str, ...]
    edges: pd.DataFrame
    label: str
    note: str


@dataclass(frozen=True, kw_only=True)
class MatrixView:
    """Numbers between -1 and 1 for each two labels.

    Parameters
    ----------
    labels : tuple of str
    values : array, shape (labels, labels)
        Another quantity above the diagonal than below.
    certain : bool array, shape (labels, labels)
        Where the interval leaves out 0.
    lower, upper : str
        The quantities below and above the diagonal.
    """

    labels: tuple[str, ...]
    values: np.ndarray
    certain: np.ndarray
    lower: str
    upper: str


@dataclass(frozen=True, kw_only=True)
class ScatterView:
    """Points (n, 2) of each panel, by the names of its axes."""

    panels: Mapping[tuple[str, str], np.ndarray]
    note: str


@dataclass(frozen=True, kw_only=True)
class BiplotView:
    """Points (n, 2), arrows (label, 2), and the share of the variance of each axis."""

    points: np.ndarray
    arrows: np.ndarray
    labels: tuple[str, ...]
    explained: np.ndarray


@dataclass(frozen=True, kw_only=True)
class TernaryView:
    """Shares (n, 3) of three labels."""

    points: np.ndarray
    labels: tuple[str, ...]
    note: str


@dataclass(frozen=True, kw_only=True)
class DrawnView:
    """A picture that draws itself, into axes of the caller where they are given."""

    draw: Callable[[Any], Figure]


@dataclass(frozen=True, kw_only=True)
class CurveView:
    """A curve with its interval, a line for comparison, and perhaps a point with an interval.

    Parameters
    ----------
    x, curve : array, shape (n,)
    interval : array, shape (n, 2)
    curve_label : str
    line : array, shape (n,)
    line_label : str
    axes : tuple of str
    note : str
    point : tuple of float, optional
        x, y and the limits of its interval.
    point_label : str
    limits : tuple of float
        Of the vertical axis.
    percent : bool
        Whether the vertical axis is in per cent.
    """

    x: np.ndarray
    curve: np.ndarray
    interval: np.ndarray
    curve_label: str
    line: np.ndarray
    line_label: str
    axes: tuple[str, str]
    note: str
    point: tuple[float, float, float, float] | None = None
    point_label: str = ""
    limits: tuple[float, float] = (0.0, 1.02)
    percent: bool = True


@dataclass(frozen=True, kw_only=True)
class BaselineView:
    """A number with its interval for each label, beside the number without an association.

    Parameters
    ----------
    labels : tuple of str
    values, lower, upper, baseline : array, shape (labels,)
    certain : bool array, shape (labels,)
        Where the interval leaves out the baseline.
    axes : tuple of str
    """

    labels: tuple[str, ...]
    values: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    baseline: np.ndarray
    certain: np.ndarray
    axes: tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class IntervalPathView:
    """A number with its interval at each of some times, and a band around all of them.

    Parameters
    ----------
    x, mean : array, shape (n,)
    interval, band : array, shape (n, 2)
        Pointwise, and simultaneous.
    base : float
        The time at which the number is 0 by convention.
    axes : tuple of str
    note : str
    """

    x: np.ndarray
    mean: np.ndarray
    interval: np.ndarray
    band: np.ndarray
    base: float
    axes: tuple[str, str]
    note: str


View = (
    BaselineView
    | CurveView
    | IntervalPathView
    | NetworkView
    | MatrixView
    | ScatterView
    | BiplotView
    | TernaryView
    | DrawnView
)
