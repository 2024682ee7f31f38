"""The look of every figure, set for the time of drawing only.

The caller's matplotlib settings and backend stay as they were. Figures are light, and dark where
the caller's are (`plt.style.use("dark_background")`). Axes of the caller keep the caller's style.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import matplotlib.style
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from causalstats.colours import DARK, LIGHT, Palette
from causalstats.errors import ModelError

if TYPE_CHECKING:
    from causalstats.core.argument_types import AxesLike

WIDTH = 5.8  # inches: text of 10 points stays readable on the screen of a phone
_PIXELS_PER_INCH = 96
_PIXEL_RATIO = 2  # of a notebook's picture, for sharp screens

_PAD_BESIDE_NOTES = 0.1  # inches
_LUMINANCE = (0.2126, 0.7152, 0.0722)  # of red, green and blue
_TEXT_IS_TEXT = {"text.parse_math": False}  # a column called "cost_$" is a name
_SETTINGS = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.6,
    "svg.fonttype": "path",
    "svg.hashsalt": "causalstats",  # the same figure gives the same bytes
    **_TEXT_IS_TEXT,
}


def palette_on(ground: Any) -> Palette:
    """Return the colours that are legible on a ground.

    Parameters
    ----------
    ground : matplotlib colour
        A transparent one counts as light.

    Examples
    --------
    >>> palette_on("black").ink, palette_on("white").ink
    ('#e4e9ee', '#1c2733')
    """
    *rgb, opacity = to_rgba(ground)
    if opacity == 0:
        return LIGHT
    is_light = np.dot(rgb, _LUMINANCE) >= 0.5
    return replace(LIGHT if is_light else DARK, ground=to_hex(ground))


def current_palette() -> Palette:
    """Return the colours of new figures: light, or dark where the caller's figures are."""
    palette = palette_on(matplotlib.rcParams["figure.facecolor"])
    return palette if palette.ink == DARK.ink else LIGHT


@contextmanager
def house_style() -> Iterator[Palette]:
    """Draw with matplotlib's defaults and our settings on top, until the block ends.

    Examples
    --------
    >>> import matplotlib as mpl
    >>> with house_style() as palette:
    ...     mpl.rcParams["axes.spines.top"], palette.blue
    (False, '#0072B2')
    """
    palette = current_palette()
    with matplotlib.style.context(["default", _SETTINGS, _colours(palette)]):
        yield palette


def light_style() -> Any:
    """Draw figures for white paper, whatever the caller's style is, until the block ends."""
    return matplotlib.style.context("default")


def _colours(palette: Palette) -> dict[str, Any]:
    """Return matplotlib's settings of colours."""
    return {
        "axes.edgecolor": palette.muted,
        "axes.facecolor": palette.ground,
        "axes.labelcolor": palette.ink,
        "axes.prop_cycle": cycler(color=list(palette.cycle)),
        "figure.facecolor": palette.ground,
        "grid.color": palette.grid,
        "text.color": palette.ink,
        "xtick.color": palette.muted,
        "xtick.labelcolor": palette.ink,
        "ytick.color": palette.muted,
        "ytick.labelcolor": palette.ink,
    }


class Picture(Figure):
    """A matplotlib figure that pyplot does not keep, and that a notebook shows nevertheless."""

    def savefig(self, *args: Any, **options: Any) -> None:
        """Save the figure on its own ground and in its own fonts, whatever the style is by then."""
        if not options.get("transparent"):
            options.setdefault("facecolor", self.get_facecolor())
        with house_style():
            super().savefig(*args, **options)

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        page = io.BytesIO()
        self.savefig(page, format="png", dpi=_PIXELS_PER_INCH * _PIXEL_RATIO)
        width, height = (
            int(_PIXELS_PER_INCH * inches) for inches in self.get_size_inches()
        )
        return page.getvalue(), {"width": width, "height": height}


@dataclass(frozen=True)
class Canvas:
    """Axes to draw into, of a figure of ours or of the caller's.

    Parameters
    ----------
    panels : tuple of Axes
        In reading order.
    palette : Palette
        The colours that are legible on them.
    is_ours : bool
        Whether the whole figure is ours, so that titles and legends stand outside of the axes.
    """

    panels: tuple[Axes, ...]
    palette: Palette
    is_ours: bool

    @property
    def axes(self) -> Axes:
        """The first axes, for a figure that has one."""
        return self.panels[0]

    @property
    def figure(self) -> Figure:
        """The figure of the axes."""
        return figure_of_axes(self.axes)

    def heading(self, title: str) -> None:
        """Write a title over the figure or the axes, flush left; nothing where it is empty."""
        if not title:
            return
        if self.is_ours:
            style: dict[str, Any] = {"ha": "left", "fontsize": 11, "fontweight": "bold"}
            self.figure.suptitle(wrap(title, 64), x=0.01, **style)
        else:
            self.axes.set_title(wrap(title, 40), loc="left")

    def note(self, text: str) -> None:
        """Write what a reader has to know in small letters above the axes."""
        if self.is_ours:
            style: dict[str, Any] = {"fontsize": 8, "color": self.palette.muted}
            self.axes.set_title(wrap(text, 84), loc="left", **style)
            # The layout leaves a title above axes of equal units too little room at first.
            engine = self.figure.get_layout_engine()
            if isinstance(engine, ConstrainedLayoutEngine):
                engine.set(h_pad=_PAD_BESIDE_NOTES)

    def legend(self, handles: Any = None, labels: Any = None, **options: Any) -> None:
        """Draw a legend outside of the axes, above them where they are the caller's.

        Parameters
        ----------
        handles, labels : sequences, optional
            Those of the axes unless given.
        options
            `loc` and `ncols` of matplotlib.
        """
        if handles is None:
            handles, labels = self.axes.get_legend_handles_labels()
        if self.is_ours:
            self.figure.legend(handles, labels, **options)
        else:
            above = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.01)}
            options |= {**above, "borderaxespad": 0.0, "fontsize": 8}
            self.axes.legend(handles, labels, **options)


@contextmanager
def drawing(
    width: float,
    height: float,
    ax: AxesLike | None = None,
    *,
    panels: int = 1,
    columns: int = 1,
) -> Iterator[Canvas]:
    """Draw in the house style on a new figure, or in the caller's style into the caller's axes.

    Parameters
    ----------
    width, height : float
        Inches of a new figure.
    ax : Axes, or array or list of Axes, optional
        The caller's, as many as the figure has panels, in reading order.
    panels, columns : int
        How many axes a new figure has, and how many of them in a row.

    Raises
    ------
    ModelError
        If there are fewer axes than panels, or something else was given.

    Examples
    --------
    >>> with drawing(4, 3) as canvas:
    ...     lines = canvas.axes.plot([0, 1])
    >>> type(canvas.figure).__name__
    'Picture'
    """
    if ax is not None:
        mine = axes_of(ax, panels)
        with matplotlib.style.context(_TEXT_IS_TEXT):
            yield Canvas(mine, palette_on(mine[0].get_facecolor()), is_ours=False)
        return
    with house_style() as palette:
        figure = Picture(figsize=(width, height), layout="constrained")
        rows = -(-panels // columns)
        grid = [figure.add_subplot(rows, columns, k + 1) for k in range(panels)]
        yield Canvas(tuple(grid), palette, is_ours=True)


def axes_of(ax: AxesLike, panels: int) -> tuple[Axes, ...]:
    """Return the caller's axes, as many as there are panels.

    Parameters
    ----------
    ax : Axes, or array or list of Axes
    panels : int

    Raises
    ------
    ModelError
        If there are fewer axes than panels, or something else was given.
    """
    given = list(np.asarray(ax, dtype=object).ravel())
    strange = [each for each in given if not isinstance(each, Axes)]
    if strange:
        raise ModelError(
            "Expected `ax` as axes of matplotlib, or an array of them, such as the second value "
            f"of `plt.subplots()`, got {type(strange[0]).__name__}."
        )
    if len(given) < panels:
        raise ModelError(
            f"This figure has {panels} panels: expected `ax` as {panels} axes, such as "
            f"`plt.subplots({panels})[1]`, got {len(given)}."
        )
    return tuple(given[:panels])


def figure_of_axes(axes: Axes) -> Figure:
    """Return the figure that the axes belong to.

    Raises
    ------
    ModelError
        If they were removed from their figure.
    """
    figure = axes.get_figure(root=True)
    if figure is None:
        raise ModelError(
            "Expected `ax` as axes of a figure, got axes that were removed."
        )
    return figure


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


def axis_label(name: str, unit: str = "") -> str:
    """Return a name with its unit in brackets, wrapped to the width of a figure.

    Examples
    --------
    >>> axis_label("risk", "probability")
    'risk (probability)'
    """
    return wrap(f"{name} ({unit})" if name and unit else name or unit, 70)
