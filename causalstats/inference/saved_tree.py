"""Reading the draws of a saved fit: only what `save` writes, in bounded time and memory.

A file is text and arrays, but HDF5 can say more: links to other files, to itself and to nowhere,
arrays whose numbers stand in other files, filters, and arrays that are large without any bytes. The
file is walked before it is read, and whatever `save` does not write is refused.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.errors import StoreError

if TYPE_CHECKING:
    import h5py
    import xarray as xr

GROUPS = frozenset(
    {
        "constant_data",
        "log_likelihood",
        "log_prior",
        "observed_data",
        "posterior",
        "posterior_predictive",
        "prior",
        "prior_predictive",
        "sample_stats",
        "unconstrained_posterior",
        "warmup_posterior",
        "warmup_sample_stats",
    }
)
"""The groups of ArviZ's schema, of which a fit has some."""

_TEXT_REFERENCE = 16  # bytes: a length, the address of a heap and a position in it
_SPARE = (
    4_000_000  # bytes of arrays that are not written, such as dimensions without labels
)
_MOST_TEXTS_OF_AN_ATTRIBUTE = 64


def read_tree(content: memoryview) -> xr.DataTree:
    """Return the groups of a saved fit.

    Parameters
    ----------
    content : memoryview
        The bytes of a netCDF file.

    Raises
    ------
    StoreError
        If the file holds anything that `save` does not write: other groups, links, arrays that
        stand outside the file, are compressed, or are larger than the file.
    """
    import h5py
    import xarray as xr

    with h5py.File(BytesIO(content), "r") as file:
        refuse_strange_contents(file, content)
    with xr.open_datatree(BytesIO(content), engine="h5netcdf") as opened:
        return opened.load()


def refuse_strange_contents(file: h5py.File, content: memoryview) -> None:
    """Refuse what `save` does not write, before anything is read.

    Parameters
    ----------
    file : h5py.File
    content : memoryview
        Its bytes.
    """
    left = len(content) + _SPARE
    _refuse_attributes(file)
    for name in file:
        member = _linked(file, name)
        parts = [member]
        if _is_group(member):
            if name not in GROUPS:
                raise StoreError(f"It has a group {name!r}, which no fit has.")
            _refuse_attributes(member)
            parts = [_linked(member, part) for part in member]
        for dataset in parts:
            _refuse_attributes(dataset)
            left -= _size(dataset, content)
            if left < 0:
                raise StoreError("Its arrays are larger than the file.")


def _linked(group: Any, name: str) -> Any:
    """Return a member of a group; refuse links other than to an object of this group alone."""
    import h5py

    link = group.get(name, getlink=True)
    if not isinstance(link, h5py.HardLink):
        raise StoreError(f"{name!r} is a link to another place, which no fit has.")
    member = group[name]
    if h5py.h5o.get_info(member.id).rc != 1:
        raise StoreError(f"{name!r} stands in several places, which no fit has.")
    return member


def _is_group(member: Any) -> bool:
    import h5py

    return isinstance(member, h5py.Group)


def _size(dataset: Any, content: memoryview) -> int:
    """Return the bytes that an array takes in memory."""
    import h5py

    if not isinstance(dataset, h5py.Dataset):
        raise StoreError(
            f"{dataset.name!r} is neither a group of a fit nor an array of one."
        )
    if dataset.external or dataset.is_virtual:
        raise StoreError(f"The numbers of {dataset.name!r} stand in other files.")
    if dataset.chunks is not None or dataset.id.get_create_plist().get_nfilters():
        raise StoreError(f"{dataset.name!r} is in chunks or compressed, as no fit is.")
    if dataset.shape is None:
        raise StoreError(f"{dataset.name!r} has no shape.")
    if dataset.dtype.kind != "O":
        return int(dataset.size * dataset.dtype.itemsize)
    return _size_of_texts(dataset, content)


def _size_of_texts(dataset: Any, content: memoryview) -> int:
    """Return the sum of the lengths of texts, which HDF5 keeps beside references to them."""
    import h5py

    if h5py.check_string_dtype(dataset.dtype) is None:
        raise StoreError(f"{dataset.name!r} holds neither numbers nor text.")
    start = dataset.id.get_offset()
    if start is None:
        return int(dataset.size) * _TEXT_REFERENCE
    length = int(dataset.size) * _TEXT_REFERENCE
    references = np.frombuffer(content[start : start + length], np.uint8)
    if len(references) < length:
        raise StoreError(f"{dataset.name!r} is larger than the file.")
    lengths = references.reshape(-1, _TEXT_REFERENCE)[:, :4].copy().view("<u4")
    return int(lengths.sum(dtype=np.int64)) + length


def _refuse_attributes(item: Any) -> None:
    """Refuse attributes of many texts: each may be as long as the file."""
    import h5py

    for name in item.attrs:
        attribute = item.attrs.get_id(name)
        texts = attribute.dtype.kind == "O" and (
            h5py.check_ref_dtype(attribute.dtype) is None
        )
        count = int(np.prod(attribute.shape, dtype=float))
        if texts and count > _MOST_TEXTS_OF_AN_ATTRIBUTE:
            raise StoreError(f"The attribute {name!r} has {count:,} texts.")
