"""Resumable runs: independent pieces of work whose results are kept as they come.

A run that was killed goes on where it was. The file has a line of JSON for each result (JSON
Lines).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from causalstats.core.files import read_whole, write_whole
from causalstats.core.workers import outliving_workers
from causalstats.errors import StoreError
from causalstats.runs.progress import stage

Record = dict[str, Any]


def resume(
    work: Callable[[int], Record],
    seeds: Sequence[int],
    *,
    title: str,
    path: Path | None,
    description: str,
    jobs: int = 1,
    progress: bool = True,
) -> list[Record]:
    """Return `work(seed)` for every seed, doing only what the file does not have yet.

    Parameters
    ----------
    work : function of a seed
        Returns a record that JSON can hold.
    seeds : sequence of int
        The records come in this order.
    title : str
        Stands before the progress bar, which estimates the time that is left.
    path : Path or None
        A file of one line a record, after a first line with the description. A last line that a
        kill cut short is done again. Without a path, nothing is kept.
    description : str
        Everything that the records depend on besides the seed.
    jobs : int
        Workers, through joblib: within `joblib.parallel_config(backend="dask")` they are those of
        a cluster.
    progress : bool
        Whether the progress bar is shown.

    Raises
    ------
    SamplingError
        If workers died in every attempt.
    StoreError
        If the file holds records with another description, cannot be read or written, or another
        process writes it.

    Examples
    --------
    >>> resume(
    ...     lambda seed: {"square": seed**2},
    ...     [2, 3],
    ...     title="Squaring",
    ...     path=None,
    ...     description="squares",
    ...     progress=False,
    ... )
    [{'square': 4}, {'square': 9}]
    """
    with _alone(path), stage(title, progress) as advance:
        done = {} if path is None else _read(path, description)
        waiting = [seed for seed in seeds if seed not in done]
        advance(0, "compiling")
        results = outliving_workers(work, waiting, jobs)
        started = time.perf_counter()
        for count, (seed, record) in enumerate(results, 1):
            done[seed] = record
            if path is not None:
                _append(path, _line(seed, record))
            seconds = (time.perf_counter() - started) / count
            left = len(waiting) - count
            share = (len(seeds) - left) / len(seeds)
            advance(share, f"{seconds:.2g} s each, {seconds * left:.0f} s to go")
    return [done[seed] for seed in seeds]


def _line(seed: int, record: Record) -> str:
    return json.dumps({"seed": seed, **record}) + "\n"


@contextmanager
def _alone(path: Path | None) -> Iterator[None]:
    """Hold the lock of a file, which ends with the process that holds it.

    Raises
    ------
    StoreError
        If another process or thread holds it, or its folder cannot be written.
    """
    if path is None:
        yield
        return
    lock = FileLock(f"{path}.lock", timeout=0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise StoreError(
            f"Another run writes {str(path)!r}. Wait for its end, or give another path."
        ) from error
    except OSError as error:
        raise StoreError(
            f"{str(path)!r} cannot be written ({error.strerror or error}). Give another path."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _append(path: Path, line: str) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(line)
    except OSError as error:
        raise StoreError(
            f"{str(path)!r} cannot be written ({error.strerror or error}); what it holds is kept. "
            "Run it again with the same path where there is room."
        ) from error


def _read(path: Path, description: str) -> dict[int, Record]:
    """Return the complete records of a file; make the file, or drop what was cut short."""
    expected = json.dumps(description)
    content = read_whole(path, "kept results") if path.exists() else b""
    # A file that a kill or a full disk emptied holds nothing to keep.
    first, *lines = content.decode("utf-8", "replace").splitlines() or [expected]
    if first != expected:
        raise StoreError(
            f"{str(path)!r} holds the results of something else: {first:.200}; expected "
            f"{expected}. Give another path."
        )
    done = {record.pop("seed"): record for record in _complete(lines)}
    kept = [_line(seed, record) for seed, record in done.items()]
    write_whole(path, "".join([first + "\n", *kept]).encode())
    return done


def _complete(lines: list[str]) -> Iterator[Record]:
    """Yield the records up to the first line that was cut short, or is none."""
    for line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            return
        if not isinstance(record, dict) or not isinstance(record.get("seed"), int):
            return
        yield record
