"""Characters that files, figures and terminals cannot hold: controls and surrogates; slashes.

XML, and with it SVG, HTML and Word, has no place for them; HDF5 ends a text at NUL; a terminal
takes escape sequences as commands.
"""

from __future__ import annotations

import unicodedata

_SPACES = frozenset("\t\n\r")
_NO_CHARACTERS = frozenset("\ufffe\uffff")


def unreadable(text: str) -> str:
    """Return the first such character of a text, as Python writes it; empty where there is none.

    Tabs and line breaks are readable.

    Examples
    --------
    >>> unreadable("a\\x07b"), unreadable("naïve café")
    ("'\\\\x07'", '')
    """
    for character in text:
        if character.isprintable() or character in _SPACES:
            continue
        category = unicodedata.category(character)
        if category in ("Cc", "Cs") or character in _NO_CHARACTERS:
            return repr(character)
    return ""


def without_slash(name: str) -> str:
    """Return a name for a variable of xarray's trees, in which a slash divides a path.

    Examples
    --------
    >>> without_slash("km/h") == "km/h", len(without_slash("km/h"))
    (False, 4)
    """
    return name.replace("/", "\N{DIVISION SLASH}")
