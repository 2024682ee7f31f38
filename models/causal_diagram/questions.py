"""Questions to a causal diagram as people put them, read once: one outcome, and values as plain Python ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from causalstats.errors import ModelError


def outcome(name: Any) -> str:
    """The one variable that is asked about; a list of one will do.

    Raises
    ------
    ModelError
    """
    listed = [name] if isinstance(name, str) else name
    if isinstance(listed, list | tuple) and len(listed) == 1 and isinstance(listed[0], str):
        return listed[0]
    if isinstance(listed, list | tuple) and all(isinstance(each, str) for each in listed):
        raise ModelError(
            f"Expected one outcome, got {list(listed)!r}. Ask of one at a time; `diagram.identify` takes several."
        )
    raise ModelError(f"Expected the outcome by its name, such as 'y', got {name!r}.")


def values(word: str, asked: Any, pairs: bool = False) -> dict[str, Any]:
    """What is set, or was seen, by variable; of `do` also several values, as a list: two are compared.

    Parameters
    ----------
    word : str
        The argument: do, given or factual.
    asked : mapping or None
    pairs : bool
        Whether several values are allowed.

    Raises
    ------
    ModelError
    """
    if asked is None:
        return {}
    if not isinstance(asked, Mapping):
        like = f"{word}={{{asked!r}: 1}}" if isinstance(asked, str) else f"{word}={{'x': 1}}"
        raise ModelError(
            f"Expected `{word}` as a mapping of variables to values, such as {like}, got {asked!r}."
        )
    return {_name(word, name): _value(word, name, value, pairs) for name, value in asked.items()}


def _name(word: str, name: Any) -> str:
    if not isinstance(name, str):
        raise ModelError(f"Expected variables by their names in `{word}`, got {name!r}.")
    return name


def _value(word: str, name: str, value: Any, pairs: bool) -> Any:
    several = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
    if hasattr(several, "to_list") and not isinstance(several, str):
        several = several.to_list()
    if isinstance(several, list | tuple):
        if not pairs:
            raise ModelError(f"Expected one value of {name!r} in `{word}`, got {list(several)!r}.")
        plain = [_plain(word, name, each) for each in several]
        if not plain or (len(plain) > 2 and len(set(plain)) < len(plain)):
            raise ModelError(
                f"Expected one value to set {name!r} to, or two whose answers are compared, or more that differ, got {list(several)!r}."
            )
        return plain if len(plain) > 1 else plain[0]
    return _plain(word, name, several)


def _plain(word: str, name: str, value: Any) -> Any:
    """A label or a number."""
    plain = value.item() if isinstance(value, np.generic) else value
    if plain is None or isinstance(plain, Mapping | set | frozenset | list | tuple | np.ndarray):
        raise ModelError(f"Expected a value of {name!r} in `{word}`, got {value!r}.")
    return plain
