"""Figures embedded in the page: SVG in a data URI."""

from __future__ import annotations

import base64
import io

import matplotlib as mpl
from matplotlib.figure import Figure


def data_uri(figure: Figure) -> str:
    """Return a figure as an SVG image in a data URI; the same figure gives the same text.

    Examples
    --------
    >>> data_uri(Figure())[:26]
    'data:image/svg+xml;base64,'
    """
    buffer = io.BytesIO()
    # Letters are outlines, since the reader may not have the font; names in the file are fixed.
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "causalstats"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode(
        "ascii"
    )
