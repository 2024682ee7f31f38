"""Errors of a misspelt field of a model or sampler say which one was meant."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any

from causalstats.core.argument_validation import meant


def names_fields[T](cls: type[T]) -> type[T]:
    """Answer an unknown field of a dataclass with the fields that it has.

    Parameters
    ----------
    cls : type
        A dataclass. Arguments of `from_frame` of its `data_class`, if it has one, are told apart.

    Returns
    -------
    type
        The same class, whose constructor raises a `TypeError` with the name that was meant.
    """
    constructor: Callable[..., None] = cls.__init__

    @wraps(constructor)
    def named(self: T, *positional: Any, **given: Any) -> None:
        known = [field.name for field in fields(cls) if field.init]  # type: ignore[arg-type]
        unknown = next((name for name in given if name not in known), None)
        if unknown is not None:
            raise TypeError(
                f"{cls.__name__}() has no field {unknown!r}. {_advice(cls, unknown, known)}"
            )
        constructor(self, *positional, **given)

    cls.__init__ = named  # type: ignore[method-assign, assignment]
    return cls


def _advice(cls: type, unknown: str, known: list[str]) -> str:
    """Return which field was meant, or that it is an argument of the data."""
    data = getattr(cls, "data_class", None)
    reader = getattr(data, "from_frame", None)
    of_data = reader is not None and unknown in inspect.signature(reader).parameters
    if of_data and isinstance(data, type):
        return (
            "It is an argument of the data: "
            f"`cs.{data.__name__}.from_frame(..., {unknown}=...)`."
        )
    listed = ", ".join(f"`{name}`" for name in known)
    return meant(unknown, known) or (
        f"Its fields are {listed}." if known else "It has no fields."
    )
