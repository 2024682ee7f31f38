"""Resumable runs: independent pieces of work whose results are kept as they come.

A run that was killed goes on where it was. The file has a line of JSON for each result (JSON
Lines).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

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
    StoreError
        If the file holds records with another description.

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
    import joblib

    done = {} if path is None else _read(path, description)
    waiting = [seed for seed in seeds if seed not in done]
    with stage(title, progress) as advance:
        advance(0, "compiling")
        results = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(
            joblib.delayed(_with_seed)(work, seed) for seed in waiting
        )
        started = time.perf_counter()
        for count, (seed, record) in enumerate(results, 1):
            done[seed] = record
            if path is not None:
                with path.open("a") as file:
                    file.write(_line(seed, record))
            seconds = (time.perf_counter() - started) / count
            left = len(waiting) - count
            share = (len(seeds) - left) / len(seeds)
            advance(share, f"{seconds:.2g} s each, {seconds * left:.0f} s to go")
    return [done[seed] for seed in seeds]


def _with_seed(work: Callable[[int], Record], seed: int) -> tuple[int, Record]:
    return seed, work(seed)


def _line(seed: int, record: Record) -> str:
    return json.dumps({"seed": seed, **record}) + "\n"


def _read(path: Path, description: str) -> dict[int, Record]:
    """Return the complete records of a file; make the file, or drop a line that was cut short."""
    expected = json.dumps(description)
    first, *lines = path.read_text().splitlines() if path.exists() else [expected]
    if first != expected:
        raise StoreError(
            f"{str(path)!r} holds the results of something else: {first}; expected {expected}. "
            "Give another path."
        )
    done = {record.pop("seed"): record for record in _complete(lines)}
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = [_line(seed, record) for seed, record in done.items()]
    path.write_text(first + "\n" + "".join(kept))
    return done


def _complete(lines: list[str]) -> Iterator[Record]:
    for line in lines:
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            return
