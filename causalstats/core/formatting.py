"""Numbers and field values as text."""

from __future__ import annotations

from typing import Any


def number(value: float, unit: str) -> str:
    """Return a proportion in percent, and anything else with four digits."""
    return f"{value:.2%}" if unit == "probability" else f"{value:.4g}"


def shown(value: Any) -> str:
    """Return the value of a field of a model in words."""
    if value is None:
        return "not given"
    return (
        ", ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)
    )
