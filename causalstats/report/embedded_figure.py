"""A matplotlib figure as the address of an image that lies inside the page."""

from __future__ import annotations

import base64
import io

import matplotlib as mpl
from matplotlib.figure import Figure


def data_uri(figure: Figure) -> str:
    """The figure as an SVG in a data URI; the same figure gives the same text."""
    buffer = io.BytesIO()
    # Letters as outlines, because the reader may not have the font, and fixed names inside the file.
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "causalstats"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
