"""The look of every figure, set for the time of drawing only.

The caller's matplotlib settings and backend stay as they were.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib.style
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from causalstats.colours import CYCLE, INK, MUTED

WIDTH = 5.8  # inches: text of 10 points stays readable on the screen of a phone
_PIXELS_PER_INCH = 96
_PIXEL_RATIO = 2  # of a notebook's picture, for sharp screens

_SETTINGS = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.prop_cycle": cycler(color=list(CYCLE)),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "grid.color": "#e3e8ed",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.6,
    "svg.fonttype": "path",
    "svg.hashsalt": "causalstats",  # the same figure gives the same bytes
    "text.color": INK,
    "text.parse_math": False,  # a column called "cost_$" is a name and not a formula
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw with matplotlib's defaults and our settings on top, until the block ends.

    Examples
    --------
    >>> import matplotlib as mpl
    >>> with house_style():
    ...     mpl.rcParams["axes.spines.top"]
    False
    """
    with matplotlib.style.context(["default", _SETTINGS]):
        yield


class Picture(Figure):
    """A matplotlib figure that pyplot does not keep, and that a notebook shows nevertheless."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        page = io.BytesIO()
        with house_style():
            self.savefig(page, format="png", dpi=_PIXELS_PER_INCH * _PIXEL_RATIO)
        width, height = (
            int(_PIXELS_PER_INCH * inches) for inches in self.get_size_inches()
        )
        return page.getvalue(), {"width": width, "height": height}


def new_axes(width: float, height: float) -> tuple[Picture, Axes]:
    """Return an empty figure with one pair of axes.

    Parameters
    ----------
    width, height : float
        Inches.
    """
    figure = Picture(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def wrap(text: object, width: int) -> str:
    """Return text in lines of at most some characters.

    Lines break at spaces, and only where need be after one of `_-./:` or inside a word.

    Parameters
    ----------
    text : str, or anything to be shown as str
    width : int

    Examples
    --------
    >>> wrap("log_income of_the_household", 12)
    'log_income\\nof_the_\\nhousehold'
    """
    lines: list[str] = []
    for line in textwrap.wrap(str(text), width, break_long_words=False) or [""]:
        while len(line) > width:
            cut = max(line.rfind(mark, 0, width) for mark in "_-./:") + 1 or width
            lines.append(line[:cut])
            line = line[cut:]
        lines.append(line)
    return "\n".join(lines)


def heading(figure: Figure, title: str) -> None:
    """Write a title over the whole figure, flush left; nothing where it is empty."""
    if title:
        figure.suptitle(
            wrap(title, 64), x=0.01, ha="left", fontsize=11, fontweight="bold"
        )


def axis_label(name: str, unit: str = "") -> str:
    """Return a name with its unit in brackets, wrapped to the width of a figure.

    Examples
    --------
    >>> axis_label("risk", "probability")
    'risk (probability)'
    """
    return wrap(f"{name} ({unit})" if name and unit else name or unit, 70)
