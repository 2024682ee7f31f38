"""Figures embedded in a report: SVG or PNG in a data URI."""

from __future__ import annotations

import base64
import io
from typing import Literal

import matplotlib as mpl
from matplotlib.figure import Figure

_MEDIA_TYPES = {"svg": "image/svg+xml", "png": "image/png"}
_DOTS_PER_INCH = 160


def data_uri(figure: Figure, kind: Literal["svg", "png"] = "svg") -> str:
    """Return a figure as an image in a data URI; the same figure gives the same text.

    Parameters
    ----------
    figure : Figure
    kind : "svg" or "png"
        Word processors read PNG alone.

    Examples
    --------
    >>> data_uri(Figure())[:26]
    'data:image/svg+xml;base64,'
    """
    buffer = io.BytesIO()
    metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    # Letters are outlines, since the reader may not have the font; names in the file are fixed.
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "causalstats"}):
        figure.savefig(buffer, format=kind, dpi=_DOTS_PER_INCH, metadata=metadata)
    text = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f"data:{_MEDIA_TYPES[kind]};base64,{text}"
