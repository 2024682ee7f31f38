"""Figures as pictures of the pages."""

from __future__ import annotations

import io
from typing import Any


def svg(figure: Any) -> str:
    """Return a figure as SVG, and close it."""
    import matplotlib.pyplot as plt

    picture = io.StringIO()
    figure.savefig(picture, format="svg", metadata={"Date": None})
    plt.close(figure)
    return picture.getvalue()
