"""Lists of names in sentences."""

from __future__ import annotations

from collections.abc import Sequence


def listed(names: Sequence[str]) -> str:
    """Return names as in "a, b and c"; "nothing" for none.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    if not names:
        return "nothing"
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} and {names[-1]}"
