"""One look for every figure, set for the time of drawing only: the caller's matplotlib settings and backend are left as they were."""

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

WIDTH = (
    5.8  # inches: text of 10 points stays readable where a phone shrinks the figure to its screen
)

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
    """Matplotlib's own defaults with our settings on top, until the block ends."""
    with matplotlib.style.context(["default", _SETTINGS]):
        yield


class Picture(Figure):
    """A matplotlib figure that pyplot does not know of, and that a notebook shows all the same."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        page, pixels_per_inch, sharpness = io.BytesIO(), 96, 2
        with house_style():
            self.savefig(page, format="png", dpi=pixels_per_inch * sharpness)
        width, height = (int(pixels_per_inch * inches) for inches in self.get_size_inches())
        return page.getvalue(), {"width": width, "height": height}


def new_axes(width: float, height: float) -> tuple[Picture, Axes]:
    """An empty figure of that many inches, with one pair of axes."""
    figure = Picture(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def wrap(text: object, width: int) -> str:
    """The text broken into lines of at most `width` characters: at spaces, after underscores and inside words only where need be."""
    lines: list[str] = []
    for line in textwrap.wrap(str(text), width, break_long_words=False) or [""]:
        while len(line) > width:
            cut = max(line.rfind(mark, 0, width) for mark in "_-./:") + 1 or width
            lines.append(line[:cut])
            line = line[cut:]
        lines.append(line)
    return "\n".join(lines)


def heading(figure: Figure, title: str) -> None:
    """A title over the whole figure, flush left; none where it is empty."""
    if title:
        figure.suptitle(wrap(title, 64), x=0.01, ha="left", fontsize=11, fontweight="bold")


def axis_label(name: str, unit: str = "") -> str:
    """A name with its unit in brackets, wrapped to the width of a figure."""
    return wrap(f"{name} ({unit})" if name and unit else name or unit, 70)
