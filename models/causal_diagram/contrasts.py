"""Contrasts and events of a causal diagram in the levels that its data have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Levels = Mapping[str, Sequence[Any]]


def compared(treatment: str, levels: Levels) -> str:
    """Return which levels of a label are set against which, the first being the reference."""
    first, *others = levels[treatment]
    reference = f"{treatment}={first}, the first level of {treatment}"
    if len(others) == 1:
        return f"{treatment}={others[0]} against {reference}"
    listed = ", ".join(f"{treatment}={level}" for level in others)
    return f"{listed}, each against {reference}"


def difference(outcome: str, treatment: str, levels: Levels, done: bool = True) -> str:
    """Return the difference that is asked for, written with its event and its arms.

    An outcome without levels is a number, whose mean is compared.
    """
    states = levels.get(outcome, ())
    event = f"{outcome}={states[1]}" if len(states) == 2 else outcome
    symbol = "P" if states else "E"
    first, *others = levels[treatment]

    def value(level: Any) -> str:
        condition = f"{treatment}={level}"
        return f"{symbol}({event} | {f'do({condition})' if done else condition})"

    arms = "; ".join(f"{value(level)} - {value(first)}" for level in others)
    each = f" for each level of {outcome}" if len(states) > 2 else ""
    return f"{arms}{each}"
