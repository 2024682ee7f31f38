"""Small pieces of Markdown for the pages that are made from the code and its results."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

WRITTEN: set[Path] = set()  # the pages of this build; others are of an earlier one


def slug(name: str) -> str:
    """Return a name as a file name."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, with bars in cells escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"
        for line in lines
    )


def toctree(entries: Iterable[str], caption: str = "", hidden: bool = False) -> str:
    """Return a table of contents.

    Parameters
    ----------
    entries : iterable of str
        Names of pages, relative to the page that holds the table.
    caption : str
    hidden : bool
        Whether the table stands in the sidebar only.
    """
    options = [":maxdepth: 1"]
    if caption:
        options.append(f":caption: {caption}")
    if hidden:
        options.append(":hidden:")
    return "\n".join(["```{toctree}", *options, "", *entries, "```"])


def grid(cards: Iterable[str]) -> str:
    """Return cards side by side, three in a row where the window is wide."""
    return "\n".join(["::::{grid} 1 2 2 3", ":gutter: 3", "", *cards, "::::"])


def card(title: str, page: str, words: str, picture: str = "") -> str:
    """Return a card of a grid.

    Parameters
    ----------
    title, page : str
        The page that it leads to, relative to the page that holds the grid.
    words : str
    picture : str
        A file to show above the title.
    """
    shown = [f":img-top: {picture}", f":img-alt: {title}"] if picture else []
    head = [f":::{{grid-item-card}} {title}", f":link: {page}", ":link-type: doc"]
    return "\n".join([*head, *shown, "", words, ":::"])


def share(value: float) -> str:
    """Return a share in whole per cent."""
    return f"{100 * value:.0f} %"


def write(path: Path, text: str) -> None:
    """Write a page, unless it says so already, so that only what changed is built again."""
    WRITTEN.add(path.resolve())
    path.parent.mkdir(parents=True, exist_ok=True)
    text = text.rstrip() + "\n"
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def remove_others(folder: Path) -> None:
    """Remove the pages of a folder that this build did not write."""
    for path in folder.rglob("*.*"):
        if path.is_file() and path.resolve() not in WRITTEN:
            path.unlink()
