"""Chunked reading of a table larger than memory (out of core).

Chunks are read into temporary files, a file a column, of a panel sorted by unit and time, and the
table is a frame whose columns are memory-mapped from there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from causalstats.data.column_types import absent, kind_of
from causalstats.data.columns import (
    as_frame,
    column_of,
    incomplete,
    kept,
    missing_rows,
    read,
    together,
    unknown,
)
from causalstats.data.labels import as_numbers, label, levels_in_order, order_of_texts
from causalstats.data.memory_mapping import release
from causalstats.data.times import TimeScale, refuse_unordered, scale_of
from causalstats.errors import DataError

_CHUNK = 250_000  # rows held in memory at once


class _Column:
    """Numbers in a temporary file, which is gone with the last array that looks at it."""

    def __init__(self, folder: str | Path | None, kind: str = "float64") -> None:
        self.kind = np.dtype(kind)
        self.size = 0
        # Kept by the arrays that look at it.
        self.file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115

    def append(self, values: np.ndarray) -> None:
        values.astype(self.kind, copy=False).tofile(self.file)
        self.size += len(values)

    def array(self) -> np.ndarray:
        """Return the numbers, memory-mapped and read-only."""
        self.file.flush()
        return np.asarray(np.memmap(self.file, self.kind, "r", shape=(self.size,)))


@dataclass(frozen=True)
class _Levels:
    """Levels of text by the order in which they were met.

    Parameters
    ----------
    met : dict of str to int
        The position of each level.
    ordered : bool
        Whether the frames have them in that order.
    numeric : bool
        Whether they were numbers.
    """

    met: dict[str, int]
    ordered: bool
    numeric: bool


@dataclass(frozen=True)
class Spooled:
    """Complete rows sorted by unit and time.

    Parameters
    ----------
    table : DataFrame
        Its columns are on disk.
    codes : int array (n,)
        The unit of each row, as a position among `units`.
    units : tuple of str
    time_scale : TimeScale
    rows : int array (n,)
        Row numbers in the source, counted from 0.
    size : int
        How many rows the source had.
    dropped : mapping of column name to the number of rows dropped because it was missing
    """

    table: pd.DataFrame
    codes: np.ndarray
    units: tuple[str, ...]
    time_scale: TimeScale
    rows: np.ndarray
    size: int
    dropped: dict[str, int]


@dataclass
class _Read:
    """Chunks read so far: numbers as they are, text as positions among the levels met."""

    values: dict[str, _Column]
    rows: _Column
    levels: dict[str, _Levels]
    dropped: dict[str, int]
    time_scale: TimeScale | None = None
    size: int = 0


@dataclass(frozen=True)
class SpooledRows:
    """Complete rows in the order of their source.

    Parameters
    ----------
    table : DataFrame
        Its columns are on disk.
    rows : int array (n,)
        Row numbers in the source, counted from 0.
    dropped : mapping of column name to the number of rows dropped because it was missing
    """

    table: pd.DataFrame
    rows: np.ndarray
    dropped: dict[str, int]


def spooled_rows(
    source: Any,
    columns: Sequence[str],
    labels: Sequence[str],
    missing: str,
    folder: str | Path | None,
) -> SpooledRows:
    """Read a source chunk by chunk into files, in its order.

    Parameters
    ----------
    source
        As in `Panel.from_chunks`.
    columns : sequence of str
    labels : sequence of str
        Columns of labels.
    missing : "error" or "drop"
    folder : str, Path or None
        Where the files are.

    Raises
    ------
    DataError
        As `spooled` does.
    """
    source_read = _read(source, columns, labels, None, missing, folder)
    table: dict[str, Any] = {}
    for name, column in source_read.values.items():
        if name not in source_read.levels:
            table[name] = column.array()
            continue
        positions, texts = _coded(column, source_read.levels[name], folder)
        small = _narrow(positions, len(texts), folder).array()
        table[name] = pd.Categorical.from_codes(small, categories=pd.Index(texts))
    return SpooledRows(
        pd.DataFrame(table, copy=False), source_read.rows.array(), source_read.dropped
    )


def stored(
    blocks: Iterable[np.ndarray], width: int, folder: str | Path | None
) -> np.ndarray:
    """Return a matrix on disk, memory-mapped, of blocks of its rows.

    Parameters
    ----------
    blocks : iterable of arrays (m, width)
    width : int
    folder : str, Path or None
    """
    column = _Column(folder)
    for block in blocks:
        column.append(np.ascontiguousarray(block).ravel())
    return column.array().reshape(-1, width)


def row_blocks(
    arrays: Sequence[np.ndarray], rows: int = _CHUNK
) -> Iterator[list[np.ndarray]]:
    """Yield the same rows of some arrays, block by block, and give back the memory of each.

    Parameters
    ----------
    arrays : sequence of arrays of n rows
    rows : int
        Of a block.
    """
    for start in range(0, len(arrays[0]), rows):
        yield [array[start : start + rows] for array in arrays]
        for array in arrays:
            release(array)


def spooled(
    source: Any,
    columns: Sequence[str],
    labels: Sequence[str],
    time: str,
    missing: str,
    folder: str | Path | None,
) -> Spooled:
    """Read a source chunk by chunk into files, sorted by unit and time.

    Parameters
    ----------
    source
        As in `Panel.from_chunks`.
    columns : sequence of str
    labels : sequence of str
        Columns of labels, the unit first.
    time : str
        The column of times.
    missing : "error" or "drop"
    folder : str, Path or None
        Where the files are.

    Raises
    ------
    DataError
        If chunks differ in their columns, no row is complete, or rows have missing values and
        `missing` is "error".
    """
    source_read = _read(source, columns, labels, time, missing, folder)
    unit = labels[0]
    coded = {
        name: _coded(source_read.values[name], levels, folder)
        for name, levels in source_read.levels.items()
    }
    codes, units = coded[unit]
    when = source_read.values[time].array()
    whose = codes.array()
    changes = np.diff(whose)
    is_sorted = ((changes > 0) | (changes == 0) & (np.diff(when) >= 0)).all()
    order = None if is_sorted else np.lexsort((when, whose))
    table: dict[str, Any] = {}
    for name, column in source_read.values.items():
        if name not in coded:
            table[name] = _sorted(column, order, folder)
            continue
        positions, texts = coded[name]
        numbers = as_numbers(texts) if name == unit else None
        if numbers is not None:
            table[name] = _sorted(_looked_up(positions, numbers, folder), order, folder)
            continue
        small = _sorted(_narrow(positions, len(texts), folder), order, folder)
        table[name] = pd.Categorical.from_codes(small, categories=pd.Index(texts))
    return Spooled(
        pd.DataFrame(table, copy=False),
        _sorted(codes, order, folder),
        units,
        source_read.time_scale or TimeScale(),
        _sorted(source_read.rows, order, folder),
        source_read.size,
        source_read.dropped,
    )


def _read(
    source: Any,
    columns: Sequence[str],
    labels: Sequence[str],
    time: str | None,
    missing: str,
    folder: str | Path | None,
) -> _Read:
    read_so_far = _Read(
        {name: _Column(folder) for name in columns}, _Column(folder, "int64"), {}, {}
    )
    kinds: dict[str, str] | None = None
    for number, piece in enumerate(_pieces(source, columns), 1):
        _refuse_lost(piece, columns, number)
        if len(piece) == 0:
            continue
        native = piece.to_native()
        now = together(
            *(partial(_kind, native, piece, name, name in labels) for name in columns)
        )
        kinds = _same_kinds(kinds, dict(zip(columns, now, strict=True)), number)
        if time is not None:
            read_so_far.time_scale = _same_scale(
                read_so_far.time_scale, native, piece, time, number
            )
        _append(read_so_far, native, columns, labels, time, missing, kinds)
    if read_so_far.rows.size == 0:
        raise DataError("Expected at least one complete row, got none in any piece.")
    return read_so_far


def _same_scale(
    before: TimeScale | None, native: Any, piece: Any, time: str, number: int
) -> TimeScale:
    """Return how the times of a piece are written; refuse another way than before.

    Parameters
    ----------
    before : TimeScale or None
    native, piece : the chunk, as it is and as narwhals sees it
    time : str
    number : int
        Of the piece, for the message.
    """
    scale = scale_of(column_of(native, piece, time), time)
    if before not in (None, scale):
        raise DataError(
            f"The columns change: piece {number} has times {time!r} of another time zone or "
            "length of period than those before it. Convert them to one."
        )
    return scale


def _append(
    read_so_far: _Read,
    native: Any,
    columns: Sequence[str],
    labels: Sequence[str],
    time: str | None,
    missing: str,
    kinds: dict[str, str],
) -> None:
    """Add the complete rows of one piece."""
    table = read(native, columns, times=[] if time is None else [time], labels=labels)
    if time is not None:
        refuse_unordered(table[time], time)
    gaps = missing_rows(table)
    first = read_so_far.size
    if gaps and missing == "error":
        raise incomplete(
            {name: first + np.flatnonzero(mask) for name, mask in gaps.items()}
        )
    for name, mask in gaps.items():
        read_so_far.dropped[name] = read_so_far.dropped.get(name, 0) + int(mask.sum())
    read_so_far.size += len(table)
    if gaps and np.logical_or.reduce(list(gaps.values())).all():
        return
    table, where = kept(table, gaps) if gaps else (table, np.arange(len(table)))
    read_so_far.rows.append(first + where)
    for key, column in table.items():
        name = str(key)
        if not isinstance(column.dtype, pd.CategoricalDtype):
            read_so_far.values[name].append(column.to_numpy())
            continue
        if name not in read_so_far.levels:
            order = levels_in_order(column_of(native, as_frame(native), name))
            texts = [label(level) for level in order or ()]
            read_so_far.levels[name] = _Levels(
                {text: k for k, text in enumerate(texts)},
                order is not None,
                kinds[name] == "numbers",
            )
        read_so_far.values[name].append(_positions(column, read_so_far.levels[name]))


def _pieces(source: Any, columns: Sequence[str]) -> Iterator[Any]:
    """Yield frames in memory, as narwhals sees them."""
    if isinstance(source, str | Path):
        yield from _of_parquet(Path(source), columns)
        return
    if type(source).__module__.startswith(
        "dask"
    ):  # narwhals leaves Dask to a package of its own
        yield from (
            nw.from_native(source.partitions[k].compute(), eager_only=True)
            for k in range(source.npartitions)
        )
        return
    if isinstance(source, pd.DataFrame):
        yield as_frame(source, columns)
        return
    frame = nw.from_native(source, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        yield frame
    elif isinstance(frame, nw.LazyFrame):
        yield from _of_lazy_frame(frame, columns)
    elif isinstance(source, Iterable):
        for piece in source:
            try:
                yield as_frame(piece, columns)
            except DataError as error:
                raise DataError(
                    f"Expected pieces that are frames in memory. {error}"
                ) from error
    else:
        raise DataError(
            "Expected a parquet file, a lazy frame or an iterable of frames, got "
            f"{type(source).__name__}."
        )


def _of_parquet(path: Path, columns: Sequence[str]) -> Iterator[Any]:
    try:
        from pyarrow import ArrowInvalid, Table
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise DataError(
            "Reading parquet needs pyarrow: `pip install pyarrow`; or give an iterable of frames."
        ) from error
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not all(file.exists() for file in files) or not files:
        raise DataError(f"There is no parquet file at {str(path)!r}.")
    for file in files:
        try:
            parquet = ParquetFile(
                file, pre_buffer=False
            )  # else it keeps what it has read
        except ArrowInvalid as error:
            raise DataError(
                f"{str(file)!r} is no parquet file. Of text, give pieces: "
                f"`pandas.read_csv({str(file)!r}, chunksize={_CHUNK})`."
            ) from error
        with parquet:
            for batch in parquet.iter_batches(_CHUNK, columns=list(columns)):
                yield nw.from_native(Table.from_batches([batch]), eager_only=True)


def _of_lazy_frame(frame: nw.LazyFrame, columns: Sequence[str]) -> Iterator[Any]:
    known = frame.collect_schema().names()
    for name in columns:
        if name not in known:
            raise unknown(name, known, "column")
    native = frame.select(*columns).to_native()
    if not frame.implementation.is_polars():
        raise DataError(
            f"Expected a lazy frame of Polars or Dask, got {type(native).__name__}. Write it to "
            "parquet first, and give the path."
        )
    for piece in native.collect_batches(chunk_size=_CHUNK, maintain_order=True):
        yield nw.from_native(piece, eager_only=True)


def _refuse_lost(piece: Any, columns: Sequence[str], number: int) -> None:
    """Refuse a piece without all columns."""
    lost = [name for name in columns if name not in piece.columns]
    if lost and number > 1:
        raise DataError(
            f"The columns change: piece {number} has no {lost[0]!r}, which those before it have."
        )


def _kind(native: Any, piece: Any, name: str, names_rows: bool) -> str:
    """Return the kind of a column, empty where all is missing.

    Parameters
    ----------
    native, piece : the chunk, as it is and as narwhals sees it
    name : str
    names_rows : bool
        Whether the column is one of labels, in which True and False are no numbers.
    """
    series = column_of(native, piece, name)
    kind = kind_of(series, name)
    if series.dtype in (nw.Object, nw.Unknown) and all(map(absent, series.to_list())):
        return ""
    same = {"categories": "text", "mixed": "text"}
    return (same if names_rows else {**same, "truth": "numbers"}).get(kind, kind)


def _same_kinds(
    before: dict[str, str] | None, now: dict[str, str], number: int
) -> dict[str, str]:
    if before is None:
        return now
    for name, kind in now.items():
        if before[name] and kind and before[name] != kind:
            raise DataError(
                f"The columns change: piece {number} has {kind} in {name!r}, and those before it "
                f"{before[name]}. Convert them to one type."
            )
    return {name: before[name] or kind for name, kind in now.items()}


def _positions(column: pd.Series, levels: _Levels) -> np.ndarray:
    """Return the position of each value among the levels, to which new ones are added."""
    positions = np.array(
        [
            levels.met.setdefault(str(level), len(levels.met))
            for level in column.cat.categories
        ]
    )
    return positions[column.cat.codes.to_numpy()]


def _coded(
    column: _Column, levels: _Levels, folder: str | Path | None
) -> tuple[_Column, tuple[str, ...]]:
    """Return values as positions among the labels that there are, and these labels.

    They are in the frames' own order, else numbers by size and text sorted.
    """
    values = column.array()
    codes = _Column(folder, "int64")
    blocks = [slice(k, k + _CHUNK) for k in range(0, len(values), _CHUNK)]
    distinct = np.unique(np.concatenate([np.unique(values[block]) for block in blocks]))
    met = list(levels.met)
    present = [met[int(k)] for k in distinct]
    labels = present if levels.ordered else order_of_texts(present, levels.numeric)
    position = {label: k for k, label in enumerate(labels)}
    rank = np.array([position[label] for label in present])
    for block in blocks:
        codes.append(rank[np.searchsorted(distinct, values[block])])
    return codes, tuple(labels)


def _looked_up(
    codes: _Column, numbers: np.ndarray, folder: str | Path | None
) -> _Column:
    """Return the whole number at each position."""
    values = codes.array()
    column = _Column(folder, "int64")
    for k in range(0, len(values), _CHUNK):
        column.append(numbers[values[k : k + _CHUNK]])
    return column


def _narrow(codes: _Column, count: int, folder: str | Path | None) -> _Column:
    """Return the same positions in as few bytes as pandas uses for so many levels.

    pandas then copies none of them.
    """
    kind = next(
        kind for kind in ("int8", "int16", "int32") if count <= np.iinfo(kind).max
    )
    values = codes.array()
    column = _Column(folder, kind)
    for k in range(0, len(values), _CHUNK):
        column.append(values[k : k + _CHUNK])
    return column


def _sorted(
    column: _Column, order: np.ndarray | None, folder: str | Path | None
) -> np.ndarray:
    if order is None:
        return column.array()
    values = column.array()
    sorted_column = _Column(folder, column.kind.name)
    for k in range(0, len(order), _CHUNK):
        sorted_column.append(values[order[k : k + _CHUNK]])
    return sorted_column.array()
