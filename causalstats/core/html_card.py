"""Cards: what a notebook shows of a model or a data set, a table of names and values."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

CARD_STYLE = "border:1px solid #8886;border-radius:6px;padding:0.6em 1em;max-width:48em"


def html_card(title: str, rows: Mapping[str, str], lines: tuple[str, ...] = ()) -> str:
    """Return a card of a title, a table of names and values, and sentences below it.

    Colours are those of the notebook, so that it can be read in a dark theme too.

    Parameters
    ----------
    title : str
    rows : mapping of str to str
    lines : tuple of str

    Examples
    --------
    >>> "<td" in html_card("Panel", {"Units": "50"})
    True
    """
    cells = "".join(
        '<tr><td style="text-align:left;white-space:nowrap;vertical-align:top">'
        f'{escape(name)}</td><td style="text-align:left">{escape(value)}</td></tr>'
        for name, value in rows.items()
    )
    table = f"<table>{cells}</table>" if cells else ""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    below = f'<ul style="margin:0.4em 0">{items}</ul>' if items else ""
    return (
        f'<div style="{CARD_STYLE}"><p><strong>{escape(title)}</strong></p>'
        f"{table}{below}</div>"
    )
