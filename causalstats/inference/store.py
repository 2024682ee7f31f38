"""One file a fit: netCDF, written to a temporary name and renamed. Reading it runs nothing and unpickles nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from causalstats.core.knowledge import Known, KnownByGroup, Penalty
from causalstats.data import Composition, Decisions, Observations, Panel
from causalstats.data.origin import Origin
from causalstats.data.times import TimeScale
from causalstats.diagrams import Box, Diagram, Monotone, Roles, Step, Wire
from causalstats.errors import CausalStatsError, StoreError
from causalstats.models import CausalDiagram, Heckman, PanelDML, PartialCorrelation, SelectiveLabels
from causalstats.runs.files import write_whole
from causalstats.samplers import Auto, Exact, Laplace, Nuts

if TYPE_CHECKING:
    import xarray as xr

FORMAT = 1
_MOST_ROWS = 2_000_000
_MODELS: dict[str, Any] = {
    "CausalDiagram": CausalDiagram,
    "Heckman": Heckman,
    "PanelDML": PanelDML,
    "PartialCorrelation": PartialCorrelation,
    "SelectiveLabels": SelectiveLabels,
}
_DATA: dict[str, Any] = {
    "Composition": Composition,
    "Decisions": Decisions,
    "Observations": Observations,
    "Panel": Panel,
}
_VALUES: dict[str, Any] = {
    **{kind.__name__: kind for kind in (Known, KnownByGroup, Penalty)},
    **{kind.__name__: kind for kind in (Box, Diagram, Monotone, Roles, Step, Wire)},
    **{kind.__name__: kind for kind in (Nuts, Auto, Exact, Laplace)},
}


def save(
    path: Path, model: Any, data: Any, sampler: Any, draws: xr.DataTree, provenance: dict[str, Any]
) -> Path:
    """Write a fit; an existing file stays whole until the new one is complete."""
    if len(data) > _MOST_ROWS:
        raise StoreError(
            f"A fit is kept with its data, of at most {_MOST_ROWS:,} rows; these are {len(data):,}. "
            "Keep the draws, `fit.draws.to_netcdf(path)`, beside their source."
        )
    header = {
        "format": FORMAT,
        "model": {
            "type": type(model).__name__,
            "fields": {field.name: _plain(getattr(model, field.name)) for field in fields(model)},
        },
        "data": {
            "type": type(data).__name__,
            "arguments": dict(data.arguments),
            "dropped": dict(data.dropped),
            "rows": data.rows.tolist(),
            "origin": _origin(data),
            "time_scale": _time_scale(data),
        },
        "source": {
            str(name): column.astype(object).tolist() for name, column in data.source.items()
        },
        "levels": {
            str(name): list(column.cat.categories)
            for name, column in data.source.items()
            if isinstance(column.dtype, pd.CategoricalDtype)
        },
        "reference": None
        if getattr(data, "reference", None) is None
        else [part.tolist() for part in data.reference],
        "fingerprint": data.fingerprint,
        "sampler": _plain(sampler),
        "provenance": provenance,
    }
    tree = draws.copy()
    tree.attrs = {**draws.attrs, "causalstats": _described(header)}
    # In memory first: HDF5 cannot give up a file that it cannot write, and ends the process.
    return write_whole(path, tree.to_netcdf(engine="h5netcdf"))


def _described(header: Mapping[str, Any]) -> str:
    try:
        return json.dumps(header)
    except (TypeError, ValueError) as error:
        raise StoreError(
            f"A fit is kept with models, data and samplers of causalstats; this one has others ({error}). "
            "Keep the draws, `fit.draws.to_netcdf(path)`."
        ) from error


def load(path: Path) -> dict[str, Any]:
    """Model, data, sampler, draws and provenance of a saved fit, by these names."""
    import xarray as xr

    if not path.exists():
        raise StoreError(f"There is no file {str(path)!r}.")
    try:
        with xr.open_datatree(path, engine="h5netcdf") as opened:
            tree = opened.load()
    except Exception as error:  # h5py and xarray raise many kinds for a damaged file
        raise StoreError(
            f"{str(path)!r} cannot be read: it is damaged, cut short, or not a netCDF file ({error})."
        ) from error
    text = tree.attrs.pop("causalstats", None)
    if text is None:
        raise StoreError(f"{str(path)!r} is a netCDF file, but not a fit saved by causalstats.")
    header = json.loads(text)
    if header.get("format") != FORMAT:
        raise StoreError(
            f"{str(path)!r} has format {header.get('format')} ({_version(header)}); this version reads {FORMAT}. Install that version to read it."
        )
    kinds = header["model"]["type"], header["data"]["type"]
    if kinds[0] not in _MODELS or kinds[1] not in _DATA:
        raise StoreError(
            f"{str(path)!r} holds a {kinds[0]} on {kinds[1]}; this version knows {', '.join(_MODELS)}."
        )
    try:
        model = _made(_MODELS[kinds[0]], header["model"]["fields"])
        sampler, data = _rich(header["sampler"]), _data(header)
    except (KeyError, TypeError) as error:
        raise StoreError(
            f"The description in {str(path)!r} lacks or does not know {error}: the file was changed, or saved by a development version."
        ) from error
    except CausalStatsError as error:
        raise StoreError(
            f"{str(path)!r} holds what this version does not take: {error} The file was changed, or saved by another version "
            f"({_version(header)}). Install that version to read it, or fit again."
        ) from error
    if data.fingerprint != header["fingerprint"]:
        raise StoreError(
            f"The data in {str(path)!r} do not code to what the model was fitted to: the file was changed, or a library codes formulas differently."
        )
    return {
        "model": model,
        "data": data,
        "sampler": sampler,
        "draws": tree,
        "provenance": header["provenance"],
    }


def _version(header: dict[str, Any]) -> str:
    return f"causalstats {header.get('provenance', {}).get('causalstats', 'unknown')}"


def _made(kind: Any, kept: Mapping[str, Any]) -> Any:
    """Return the value that was saved, never one with a default of today in place of what was not saved."""
    expected = {field.name for field in fields(kind)}
    missing, unknown = sorted(expected - set(kept)), sorted(set(kept) - expected)
    if missing or unknown:
        said = [f"without {', '.join(missing)}"] * bool(missing)
        said += [f"with {', '.join(unknown)}"] * bool(unknown)
        raise StoreError(f"`{kind.__name__}` was saved {' and '.join(said)}.")
    return kind(**{name: _rich(value) for name, value in kept.items()})


def _data(header: dict[str, Any]) -> Any:
    from dataclasses import replace

    import numpy as np

    frame = pd.DataFrame(header["source"])
    for name, levels in header["levels"].items():
        frame[name] = pd.Categorical(frame[name].astype(str), categories=levels)
    data = _DATA[header["data"]["type"]].from_frame(frame, **header["data"]["arguments"])
    reference = header["reference"] and tuple(np.array(part) for part in header["reference"])
    changes: dict[str, Any] = {
        "rows": np.array(header["data"]["rows"]),
        "dropped": header["data"]["dropped"],
    }
    if (origin := header["data"]["origin"]) is not None:
        size, names = origin
        changes["origin"] = Origin(size, None if names is None else pd.Index(names))
    if (scale := header["data"]["time_scale"]) is not None:
        changes["time_scale"] = TimeScale(*scale)
    return replace(data, **changes, **({} if reference is None else {"reference": reference}))


def _origin(data: Any) -> list | None:
    """Return the size of the frame that was read, and what its rows are called, as text."""
    origin = getattr(data, "origin", None)
    return None if origin is None else [origin.size, origin.to_list()]


def _time_scale(data: Any) -> list | None:
    """Return how the times of a panel were written."""
    scale = getattr(data, "time_scale", None)
    return None if scale is None else [scale.kind, scale.detail]


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {
            "type": type(value).__name__,
            **{field.name: _plain(getattr(value, field.name)) for field in fields(value)},
        }
    if isinstance(value, Mapping):
        return {"type": "mapping", "items": [[key, _plain(part)] for key, part in value.items()]}
    return [_plain(part) for part in value] if isinstance(value, tuple) else value


def _rich(value: Any) -> Any:
    if isinstance(value, dict) and value["type"] == "mapping":
        return {key: _rich(part) for key, part in value["items"]}
    if isinstance(value, dict):
        kept = {name: part for name, part in value.items() if name != "type"}
        return _made(_VALUES[value["type"]], kept)
    return tuple(_rich(part) for part in value) if isinstance(value, list) else value
