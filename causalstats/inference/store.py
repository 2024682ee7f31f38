"""Saving and loading of fits: one netCDF file each.

A file is written to a temporary name and renamed, so that an existing file stays whole. It ends
with a checksum of all its bytes. Reading a file runs nothing and unpickles nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causalstats.core.check import Check, Checks
from causalstats.core.files import read_whole, write_whole
from causalstats.core.model import Model
from causalstats.errors import CausalStatsError, StoreError
from causalstats.inference.arguments import fingerprint
from causalstats.inference.saved_tree import read_tree
from causalstats.inference.saved_values import (
    describe,
    describe_check,
    describe_data,
    describe_model,
    read_check,
    read_data,
    read_model,
    read_value,
)
from causalstats.runs.seal import has_seal, sealed, unsealed
from causalstats.samplers import SAMPLERS, Sampler

if TYPE_CHECKING:
    import xarray as xr

FORMAT = 3
_MOST_ROWS = 2_000_000


def save(
    path: Path,
    model: Model,
    data: Any,
    sampler: Sampler,
    draws: xr.DataTree,
    provenance: dict[str, Any],
    checks: Mapping[str, Sequence[Check]] | None = None,
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
    checks : mapping of name to sequence of Check, optional
        The results of checks that take refits or simulated studies.

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
        "checks": {
            name: [describe_check(each) for each in results]
            for name, results in (checks or {}).items()
        },
    }
    tree = draws.copy()
    tree.attrs = {**draws.attrs, "causalstats": _as_json(header)}
    # In memory first: HDF5 cannot give up a file that it cannot write, and ends the process.
    content = bytes(tree.to_netcdf(engine="h5netcdf"))
    return write_whole(path, sealed(content, FORMAT))


def load(path: Path) -> dict[str, Any]:
    """Read a saved fit.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict
        Model, data, sampler, draws, provenance and checks, by these names.

    Raises
    ------
    StoreError
        If the file is missing, damaged, foreign, of another format, or holds a model of the
        user's that was not imported.
    """
    tree = _read_tree(path)
    try:
        header = json.loads(tree.attrs.pop("causalstats"))
        model = read_model(header["model"])
        sampler = _read_sampler(header["sampler"])
        data = read_data(header["data"])
        int(header["provenance"]["seed"])
        checks = {
            name: Checks(map(read_check, results))
            for name, results in header.get("checks", {}).items()
        }
    except CausalStatsError as error:
        raise StoreError(
            f"{str(path)!r} cannot be read: {error} If the file was saved by another version "
            f"({_version(header)}), install that version, or fit again."
        ) from error
    except (
        Exception
    ) as error:  # a description that was written by hand can fail in any way
        raise StoreError(
            f"The description in {str(path)!r} lacks or does not know {error}: the file was "
            "changed, or saved by a development version."
        ) from error
    if fingerprint(data) != header.get("fingerprint"):
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
        "checks": checks,
    }


def _read_tree(path: Path) -> xr.DataTree:
    """Return the groups of a file whose checksum holds.

    Nothing is parsed before that.
    """
    content = read_whole(path, "the file of a saved fit, e.g. 'fit.nc'")
    part = unsealed(content)
    if part is None and has_seal(content):
        raise StoreError(
            f"{str(path)!r} is damaged: its checksum does not hold. Take another copy of the file, "
            "or fit again."
        )
    if part is None:
        raise StoreError(
            f"{str(path)!r} is not a fit saved by causalstats, is cut short or damaged at its end, "
            f"or was saved by a version before format {FORMAT}. Draws of another program are read "
            "by `arviz.from_netcdf`."
        )
    inside, file_format = part
    if file_format != FORMAT:
        age = "a newer" if file_format > FORMAT else "an earlier"
        raise StoreError(
            f"{str(path)!r} has format {file_format}, of {age} version of causalstats; this "
            f"version reads {FORMAT}. Install that version to read it."
        )
    try:
        return read_tree(inside)
    except StoreError as error:
        raise StoreError(f"{str(path)!r} was not written by `save`: {error}") from error
    except Exception as error:  # h5py and xarray raise many kinds
        raise StoreError(
            f"{str(path)!r} was not written by `save`: it is no netCDF file."
        ) from error


def _read_sampler(described: Any) -> Sampler:
    sampler = read_value(described)
    if not isinstance(sampler, SAMPLERS):
        raise StoreError(f"Its sampler is {described!r:.100}, which is none.")
    return sampler


def _as_json(header: Mapping[str, Any]) -> str:
    try:
        return json.dumps(header)
    except (TypeError, ValueError) as error:
        raise StoreError(
            "A fit is kept with fields and samplers that JSON can describe; this one has others "
            f"({error}). Keep the draws, `fit.draws.to_netcdf(path)`."
        ) from error


def _version(header: Mapping[str, Any]) -> str:
    provenance = header.get("provenance")
    known = provenance if isinstance(provenance, dict) else {}
    return f"causalstats {known.get('causalstats', 'unknown')}"
