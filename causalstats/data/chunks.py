"""A table larger than memory: read piece by piece into files on disk, a file a column, sorted by unit and time, and seen as a frame from there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from causalstats.data.frames import (
    incomplete,
    kept,
    levels_in_order,
    missing_rows,
    names,
    read,
    unknown,
)
from causalstats.errors import DataError

_ROWS = 250_000  # at once


class _Column:
    """Numbers in a temporary file, which is gone with the last array that looks at it."""

    def __init__(self, folder: str | Path | None, kind: str = "float64") -> None:
        self.kind, self.size = np.dtype(kind), 0
        self.file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - kept by the arrays that look at it

    def append(self, values: np.ndarray) -> None:
        values.astype(self.kind, copy=False).tofile(self.file)
        self.size += len(values)

    def array(self) -> np.ndarray:
        """Read-only, from disk."""
        self.file.flush()
        return np.asarray(np.memmap(self.file, self.kind, "r", shape=(self.size,)))


@dataclass(frozen=True)
class _Levels:
    """Levels of text by the order in which they were met; whether the frames themselves have them in that order."""

    met: dict[str, int]
    ordered: bool


def spooled(
    source: Any,
    columns: Sequence[str],
    unit: str,
    time: str,
    missing: str,
    folder: str | Path | None,
) -> tuple[pd.DataFrame, np.ndarray, tuple[str, ...], np.ndarray, dict[str, int]]:
    """Complete rows sorted by unit and time, the unit of each as a position among their labels, the labels, row numbers in the source, rows dropped."""
    values, levels, rows, dropped = _read(source, columns, time, missing, folder)
    coded = {
        name: _coded(column, levels.get(name), folder)
        for name, column in values.items()
        if name == unit or name in levels
    }
    codes, labels = coded[unit]
    when, whose = values[time].array(), codes.array()
    changes = np.diff(whose)
    order = (
        None
        if ((changes > 0) | (changes == 0) & (np.diff(when) >= 0)).all()
        else np.lexsort((when, whose))
    )
    table: dict[str, Any] = {}
    for name, column in values.items():
        numbers: Any = _sorted(coded[name][0] if name in levels else column, order, folder)
        table[name] = (
            pd.Categorical.from_codes(numbers, categories=pd.Index(coded[name][1]))
            if name in levels
            else numbers
        )
    return (
        pd.DataFrame(table, copy=False),
        _sorted(codes, order, folder),
        labels,
        _sorted(rows, order, folder),
        dropped,
    )


def _read(
    source: Any, columns: Sequence[str], time: str, missing: str, folder: str | Path | None
) -> tuple[dict[str, _Column], dict[str, _Levels], _Column, dict[str, int]]:
    """Numbers as they are, text as positions in the order in which its levels were met; those levels; row numbers; rows dropped by column."""
    values = {name: _Column(folder) for name in columns}
    levels: dict[str, _Levels] = {}
    dropped: dict[str, int] = {}
    rows, kinds, start = _Column(folder, "int64"), None, 0
    for number, piece in enumerate(_pieces(source, columns), 1):
        kinds = _same_kinds(kinds, _kinds(piece, columns, number), number)
        if len(piece) == 0:
            continue
        table = read(piece, columns, times=[time])
        gaps = missing_rows(table)
        if gaps and missing == "error":
            raise incomplete({name: start + np.flatnonzero(mask) for name, mask in gaps.items()})
        dropped |= {name: dropped.get(name, 0) + int(mask.sum()) for name, mask in gaps.items()}
        start, first = start + len(table), start
        if gaps and np.logical_or.reduce(list(gaps.values())).all():
            continue
        table, where = kept(table, gaps) if gaps else (table, np.arange(len(table)))
        rows.append(first + where)
        for name, column in table.items():
            text = isinstance(column.dtype, pd.CategoricalDtype)
            if text and name == time:
                raise DataError(
                    f"Expected time {time!r} as numbers or dates, which have an order and distances; got text such as {column.iloc[0]!r}."
                )
            if text and name not in levels:
                order = levels_in_order(piece[name])
                levels[str(name)] = _Levels(
                    {level: k for k, level in enumerate(order or ())}, order is not None
                )
            values[str(name)].append(
                _positions(column, levels[str(name)]) if text else column.to_numpy()
            )
    if rows.size == 0:
        raise DataError("Expected at least one complete row, got none in any piece.")
    return values, levels, rows, dropped


def _pieces(source: Any, columns: Sequence[str]) -> Iterator[Any]:
    """Frames in memory, as narwhals sees them."""
    if isinstance(source, str | Path):
        yield from _of_parquet(Path(source), columns)
        return
    if type(source).__module__.startswith("dask"):  # narwhals leaves Dask to a package of its own
        yield from (
            nw.from_native(source.partitions[k].compute(), eager_only=True)
            for k in range(source.npartitions)
        )
        return
    frame = nw.from_native(source, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        yield frame
    elif isinstance(frame, nw.LazyFrame):
        yield from _of_lazy_frame(frame, columns)
    elif isinstance(source, Iterable):
        for piece in source:
            found = nw.from_native(piece, pass_through=True)
            if not isinstance(found, nw.DataFrame):
                raise DataError(
                    f"Expected pieces that are frames in memory (pandas, polars, pyarrow, ...), got {type(piece).__name__}."
                )
            yield found
    else:
        raise DataError(
            f"Expected a parquet file, a lazy frame or an iterable of frames, got {type(source).__name__}."
        )


def _of_parquet(path: Path, columns: Sequence[str]) -> Iterator[Any]:
    try:
        from pyarrow import Table
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise DataError(
            "Reading parquet needs pyarrow: `pip install pyarrow`; or give an iterable of frames."
        ) from error
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not all(file.exists() for file in files) or not files:
        raise DataError(f"There is no parquet file at {str(path)!r}.")
    for file in files:
        with ParquetFile(file, pre_buffer=False) as opened:  # else it keeps what it has read
            for batch in opened.iter_batches(_ROWS, columns=list(columns)):
                yield nw.from_native(Table.from_batches([batch]), eager_only=True)


def _of_lazy_frame(frame: nw.LazyFrame, columns: Sequence[str]) -> Iterator[Any]:
    known = frame.collect_schema().names()
    for name in columns:
        if name not in known:
            raise unknown(name, known, "column")
    native = frame.select(*columns).to_native()
    if not frame.implementation.is_polars():
        raise DataError(
            f"Expected a lazy frame of Polars or Dask, got {type(native).__name__}. Write it to parquet first, and give the path."
        )
    for piece in native.collect_batches(chunk_size=_ROWS, maintain_order=True):
        yield nw.from_native(piece, eager_only=True)


def _kinds(piece: Any, columns: Sequence[str], number: int) -> dict[str, str]:
    """What each column holds: numbers, dates or text."""
    known = piece.columns
    lost = [name for name in columns if name not in known]
    if lost and number > 1:
        raise DataError(
            f"The columns change: piece {number} has no {lost[0]!r}, which those before it have."
        )
    if lost:
        raise unknown(lost[0], known, "column")
    kinds = {}
    for name in columns:
        dtype = piece[name].dtype
        kinds[name] = (
            "numbers"
            if dtype.is_numeric() or dtype == nw.Boolean
            else "dates"
            if dtype.is_temporal()
            else "text"
        )
    return kinds


def _same_kinds(before: dict[str, str] | None, now: dict[str, str], number: int) -> dict[str, str]:
    for name, kind in now.items():
        if before is not None and before[name] != kind:
            raise DataError(
                f"The columns change: piece {number} has {kind} in {name!r}, and those before it {before[name]}. Convert them to one type."
            )
    return now


def _positions(column: pd.Series, levels: _Levels) -> np.ndarray:
    """Of each value among the levels that are known, which grow."""
    found = np.array(
        [levels.met.setdefault(str(level), len(levels.met)) for level in column.cat.categories]
    )
    return found[column.cat.codes.to_numpy()]


def _coded(
    column: _Column, levels: _Levels | None, folder: str | Path | None
) -> tuple[_Column, tuple[str, ...]]:
    """Each value as a position among the labels that there are: in order, of text in the frames' own order, else the alphabet's."""
    values, codes = column.array(), _Column(folder, "int64")
    blocks = [slice(k, k + _ROWS) for k in range(0, len(values), _ROWS)]
    found = np.unique(np.concatenate([np.unique(values[block]) for block in blocks]))
    labels, rank = names(pd.Series(found)), np.arange(len(found))
    if levels is not None:
        met = list(levels.met)
        present = [met[int(k)] for k in found]
        labels = tuple(present if levels.ordered else sorted(present))
        place = {label: k for k, label in enumerate(labels)}
        rank = np.array([place[label] for label in present])
    for block in blocks:
        codes.append(rank[np.searchsorted(found, values[block])])
    return codes, labels


def _sorted(column: _Column, order: np.ndarray | None, folder: str | Path | None) -> np.ndarray:
    if order is None:
        return column.array()
    values, found = column.array(), _Column(folder, column.kind.name)
    for k in range(0, len(order), _ROWS):
        found.append(values[order[k : k + _ROWS]])
    return found.array()
