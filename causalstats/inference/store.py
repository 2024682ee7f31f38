"""Saving and loading of fits: one netCDF file each.

A file is written to a temporary name and renamed, so that an existing file stays whole. Reading a
file runs nothing and unpickles nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causalstats.core.model import Model
from causalstats.errors import CausalStatsError, StoreError
from causalstats.inference.arguments import fingerprint
from causalstats.inference.saved_values import (
    describe,
    describe_data,
    describe_model,
    read_data,
    read_model,
    read_value,
)
from causalstats.runs.files import write_whole
from causalstats.samplers import Sampler

if TYPE_CHECKING:
    import xarray as xr

FORMAT = 2
_MOST_ROWS = 2_000_000


def save(
    path: Path,
    model: Model,
    data: Any,
    sampler: Sampler,
    draws: xr.DataTree,
    provenance: dict[str, Any],
) -> Path:
    """Write a fit to one file.

    Parameters
    ----------
    path : Path
        An existing file stays whole until the new one is complete.
    model : Model
    data
        Data of causalstats or a pandas DataFrame.
    sampler : Sampler
    draws : DataTree
    provenance : dict
        Versions, seed and sampler.

    Returns
    -------
    Path

    Raises
    ------
    StoreError
        If the data have too many rows or a part of the fit has no description in JSON.
    """
    if len(data) > _MOST_ROWS:
        raise StoreError(
            f"A fit is kept with its data, of at most {_MOST_ROWS:,} rows; these are "
            f"{len(data):,}. Keep the draws, `fit.draws.to_netcdf(path)`, beside their source."
        )
    header = {
        "format": FORMAT,
        "model": describe_model(model),
        "data": describe_data(data),
        "fingerprint": fingerprint(data),
        "sampler": describe(sampler),
        "provenance": provenance,
    }
    tree = draws.copy()
    tree.attrs = {**draws.attrs, "causalstats": _as_json(header)}
    # In memory first: HDF5 cannot give up a file that it cannot write, and ends the process.
    return write_whole(path, tree.to_netcdf(engine="h5netcdf"))


def load(path: Path) -> dict[str, Any]:
    """Read a saved fit.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict
        Model, data, sampler, draws and provenance, by these names.

    Raises
    ------
    StoreError
        If the file is missing, damaged, foreign, of another format, or holds a model of the
        user's that was not imported.
    """
    tree = _read_tree(path)
    text = tree.attrs.pop("causalstats", None)
    if text is None:
        raise StoreError(
            f"{str(path)!r} is a netCDF file, but not a fit saved by causalstats."
        )
    header = json.loads(text)
    if header.get("format") != FORMAT:
        raise StoreError(
            f"{str(path)!r} has format {header.get('format')} ({_version(header)}); this version "
            f"reads {FORMAT}. Install that version to read it."
        )
    try:
        model = read_model(header["model"])
        sampler = read_value(header["sampler"])
        data = read_data(header["data"])
    except (KeyError, TypeError) as error:
        raise StoreError(
            f"The description in {str(path)!r} lacks or does not know {error}: the file was "
            "changed, or saved by a development version."
        ) from error
    except CausalStatsError as error:
        raise StoreError(
            f"{str(path)!r} cannot be read: {error} If the file was saved by another version "
            f"({_version(header)}), install that version, or fit again."
        ) from error
    if fingerprint(data) != header["fingerprint"]:
        raise StoreError(
            f"The data in {str(path)!r} do not code to what the model was fitted to: the file was "
            "changed, or a library codes formulas differently."
        )
    return {
        "model": model,
        "data": data,
        "sampler": sampler,
        "draws": tree,
        "provenance": header["provenance"],
    }


def _read_tree(path: Path) -> xr.DataTree:
    import xarray as xr

    if not path.exists():
        raise StoreError(f"There is no file {str(path)!r}.")
    if path.is_dir():
        raise StoreError(
            f"Expected the file of a saved fit, got the folder {str(path)!r}. Name the file, e.g. "
            f"{str(path / 'fit.nc')!r}."
        )
    try:
        with xr.open_datatree(path, engine="h5netcdf") as opened:
            return opened.load()
    except Exception as error:  # h5py and xarray raise many kinds for a damaged file
        raise StoreError(
            f"{str(path)!r} cannot be read: it is damaged, cut short, or not a netCDF file."
        ) from error


def _as_json(header: Mapping[str, Any]) -> str:
    try:
        return json.dumps(header)
    except (TypeError, ValueError) as error:
        raise StoreError(
            "A fit is kept with fields and samplers that JSON can describe; this one has others "
            f"({error}). Keep the draws, `fit.draws.to_netcdf(path)`."
        ) from error


def _version(header: Mapping[str, Any]) -> str:
    return f"causalstats {header.get('provenance', {}).get('causalstats', 'unknown')}"
