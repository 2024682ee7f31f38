"""Models, data and samplers as JSON, and back: by their fields, never by pickling.

A class of causalstats is written by its name. Another model is written by its import path and read
only if the user has imported it: reading a file imports nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from causalstats import models
from causalstats.core.check import Check
from causalstats.core.knowledge import Known, KnownByGroup, Penalty
from causalstats.core.model import Model
from causalstats.data import STUDIES, Panel
from causalstats.data.column_types import absent
from causalstats.data.origin import Origin
from causalstats.data.times import TimeScale
from causalstats.diagrams import Box, Diagram, Monotone, Roles, SurgeryStep, Wire
from causalstats.errors import StoreError
from causalstats.inference.saved_cells import described_cell, read_cell
from causalstats.samplers import SAMPLERS

Json = dict[str, Any]


def _by_name(*kinds: Any) -> dict[str, Any]:
    return {kind.__name__: kind for kind in kinds}


MODELS = {name: getattr(models, name) for name in models.__all__}
DATA = _by_name(*STUDIES)
_VALUES = _by_name(
    *(Known, KnownByGroup, Penalty),
    *(Box, Diagram, Monotone, Roles, SurgeryStep, Wire),
    *SAMPLERS,
)


def describe_model(model: Model) -> Json:
    """Return the class of a model and its fields as JSON."""
    kind = type(model)
    is_ours = MODELS.get(kind.__name__) is kind
    return {
        "type": kind.__name__ if is_ours else f"{kind.__module__}:{kind.__qualname__}",
        "fields": {
            field.name: describe(getattr(model, field.name)) for field in fields(kind)
        },
    }


def read_model(header: Json) -> Model:
    """Return the model that was described.

    Raises
    ------
    StoreError
        If its class is not one of causalstats and was not imported, or has other fields.
    """
    return _make(_model_class(header["type"]), header["fields"])


def _model_class(name: str) -> Any:
    if ":" not in name:
        if name in MODELS:
            return MODELS[name]
        raise StoreError(f"It holds a {name}; this version knows {', '.join(MODELS)}.")
    module, _, path = name.partition(":")
    kind: Any = sys.modules.get(module)
    for part in path.split("."):
        kind = getattr(kind, part, None)
    if isinstance(kind, type) and is_dataclass(kind) and hasattr(kind, "build"):
        return kind
    raise StoreError(
        f"Its model is `{path}` of the module `{module}`, which is not imported: import or define "
        "that first, then load the file again."
    )


def describe_data(data: Any) -> Json:
    """Return data, and the frame that they were read from, as JSON."""
    if isinstance(data, pd.DataFrame):
        return {
            "type": "DataFrame",
            "source": _columns(data),
            "levels": _levels(data),
            "ordered": [
                str(name)
                for name, kind in data.dtypes.items()
                if isinstance(kind, pd.CategoricalDtype) and kind.ordered
            ],
            "dtypes": {str(name): str(kind) for name, kind in data.dtypes.items()},
            "index": [described_cell(name) for name in data.index],
        }
    if type(data).__name__ not in DATA:
        raise StoreError(
            "A fit is kept with data of causalstats or a pandas DataFrame; these are a "
            f"{type(data).__name__}. Keep the draws, `fit.draws.to_netcdf(path)`."
        )
    reference = getattr(data, "reference", None)
    return {
        "type": type(data).__name__,
        "arguments": dict(data.arguments),
        "dropped": dict(data.dropped),
        "rows": data.rows.tolist(),
        "origin": _origin(data),
        "time_scale": _time_scale(data),
        "source": _columns(data.source),
        "levels": _levels(data.source) | _order_of_units(data),
        "reference": None
        if reference is None
        else [part.tolist() for part in reference],
    }


def read_data(header: Json) -> Any:
    """Return the data that were described."""
    if header["type"] == "DataFrame":
        frame = _frame(header)
        names = [read_cell(name) for name in header["index"]]
        several = bool(names) and isinstance(names[0], (list, tuple))
        frame.index = (
            pd.MultiIndex.from_tuples(map(tuple, names)) if several else pd.Index(names)
        )
        kinds = {
            name: kind for name, kind in header["dtypes"].items() if kind != "category"
        }
        return frame.astype(kinds)
    if header["type"] not in DATA:
        raise StoreError(
            f"It holds {header['type']}; this version knows {', '.join(DATA)}."
        )
    data = DATA[header["type"]].from_frame(_frame(header), **header["arguments"])
    changes: Json = {"rows": np.array(header["rows"]), "dropped": header["dropped"]}
    if header["origin"] is not None:
        size, names = header["origin"]
        changes["origin"] = Origin(size, None if names is None else pd.Index(names))
    if header["time_scale"] is not None:
        changes["time_scale"] = TimeScale(*header["time_scale"])
    if header["reference"]:
        changes["reference"] = tuple(np.array(part) for part in header["reference"])
    return replace(data, **changes)


def describe_check(check: Check) -> Json:
    """Return the result of a check as JSON."""
    parts = {field.name: getattr(check, field.name) for field in fields(check)}
    value = None if check.value is None else float(check.value)
    passed = None if check.passed is None else bool(check.passed)
    return {**parts, "value": value, "passed": passed, "caution": bool(check.caution)}


def read_check(described: Json) -> Check:
    """Return the check that was described."""
    return Check(**{**described, "estimands": tuple(described["estimands"])})


def describe(value: Any) -> Any:
    """Return the value of a field as JSON: dataclasses by their fields, tuples as lists."""
    if is_dataclass(value) and not isinstance(value, type):
        parts = {
            field.name: describe(getattr(value, field.name)) for field in fields(value)
        }
        return {"type": type(value).__name__, **parts}
    if isinstance(value, Mapping):
        return {
            "type": "mapping",
            "items": [[key, describe(part)] for key, part in value.items()],
        }
    return [describe(part) for part in value] if isinstance(value, tuple) else value


def read_value(value: Any) -> Any:
    """Return the value that was described."""
    if isinstance(value, list):
        return tuple(read_value(part) for part in value)
    if not isinstance(value, dict):
        return value
    if value["type"] == "mapping":
        return {key: read_value(part) for key, part in value["items"]}
    parts = {name: part for name, part in value.items() if name != "type"}
    return _make(_VALUES[value["type"]], parts)


def _make(kind: Any, parts: Mapping[str, Any]) -> Any:
    """Return the value that was saved, with no default of today for a field that was not saved."""
    expected = {field.name for field in fields(kind)}
    missing = sorted(expected - set(parts))
    unknown = sorted(set(parts) - expected)
    if missing or unknown:
        differences = [f"without {', '.join(missing)}"] * bool(missing)
        differences += [f"with {', '.join(unknown)}"] * bool(unknown)
        raise StoreError(f"`{kind.__name__}` was saved {' and '.join(differences)}.")
    return kind(**{name: read_value(value) for name, value in parts.items()})


def _columns(frame: pd.DataFrame) -> Json:
    return {
        str(name): [described_cell(cell) for cell in column.astype(object)]
        for name, column in frame.items()
    }


def _levels(frame: pd.DataFrame) -> Json:
    return {
        str(name): [described_cell(level) for level in column.cat.categories]
        for name, column in frame.items()
        if isinstance(column.dtype, pd.CategoricalDtype)
    }


def _order_of_units(data: Any) -> dict[str, list[str]]:
    """Return the units of a panel in their order, which whole numbers would have by size."""
    if not isinstance(data, Panel):
        return {}
    return {data.arguments["unit"]: list(data.units)}


def _frame(header: Json) -> pd.DataFrame:
    source = {
        name: [read_cell(cell) for cell in column]
        for name, column in header["source"].items()
    }
    frame = pd.DataFrame(source)
    for name, described in header["levels"].items():
        levels = [read_cell(level) for level in described]
        as_text = all(isinstance(level, str) for level in levels)
        values = [
            str(value) if as_text and not absent(value) else value
            for value in source[name]
        ]
        ordered = name in header.get("ordered", ())
        frame[name] = pd.Categorical(values, categories=levels, ordered=ordered)
    return frame


def _origin(data: Any) -> list | None:
    """Return the size of the frame that was read, and the names of its rows as text."""
    origin = getattr(data, "origin", None)
    return None if origin is None else [origin.size, origin.to_list()]


def _time_scale(data: Any) -> list | None:
    """Return how the times of a panel were written."""
    scale = getattr(data, "time_scale", None)
    return None if scale is None else [scale.kind, scale.detail]
