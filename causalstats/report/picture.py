"""A matplotlib figure as the address of an image that lies inside the page."""

from __future__ import annotations

import base64
import io

import matplotlib as mpl
from matplotlib.figure import Figure

# Letters as outlines, because the reader may not have the font, and fixed names inside the file, so that the same figure gives the same bytes.
_SETTINGS = {"svg.fonttype": "path", "svg.hashsalt": "causalstats"}


def data_uri(figure: Figure) -> str:
    """The figure as an SVG in a data URI; the same figure gives the same text."""
    buffer = io.BytesIO()
    with mpl.rc_context(_SETTINGS):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
