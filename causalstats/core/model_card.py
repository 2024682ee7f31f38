"""The card of a model: the fields that differ from their defaults, and its assumptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from causalstats.core.html_card import html_card
from causalstats.core.knowledge import Known
from causalstats.core.model import Model


def stated_fields(model: Model) -> dict[str, str]:
    """Return the fields of a model that differ from the defaults, by name, as code.

    Examples
    --------
    >>> import causalstats as cs
    >>> stated_fields(cs.PanelDML(errors="iid"))
    {'errors': "'iid'"}
    """
    defaults = {
        field.name: field.default
        if field.default_factory is MISSING
        else field.default_factory()
        for field in fields(model)
    }
    values = {name: repr(getattr(model, name)) for name in defaults}
    return {
        name: value
        for name, value in values.items()
        if value not in (repr(defaults[name]), _as_known(defaults[name]))
    }


def model_card(model: Model) -> str:
    """Return what a notebook shows of a model.

    Examples
    --------
    >>> import causalstats as cs
    >>> "errors" in model_card(cs.PanelDML(errors="iid"))
    True
    """
    stated: Mapping[str, str] = stated_fields(model) or {
        "": "every field has its default"
    }
    lines = tuple(
        f"{assumption.name}: {assumption.statement}"
        for assumption in model.assumptions()
    )
    return html_card(type(model).__name__, stated, lines)


def _as_known(default: Any) -> str:
    """Return how a number reads once a model has taken it as exactly known."""
    is_number = isinstance(default, int | float) and not isinstance(default, bool)
    return repr(Known(float(default))) if is_number else ""
