"""Numbers and field values as text."""

from __future__ import annotations

from typing import Any


def number(value: float, unit: str) -> str:
    """A proportion in percent, anything else with four digits."""
    return f"{value:.2%}" if unit == "probability" else f"{value:.4g}"


def shown(value: Any) -> str:
    """The value of a model's field in words."""
    if value is None:
        return "not given"
    return ", ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)
