"""Many independent pieces of work whose results are kept as they come: a run that was killed goes on where it was."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from causalstats.errors import StoreError
from causalstats.runs.progress import stage


def resume(
    do: Callable[[int], dict[str, Any]],
    seeds: Sequence[int],
    *,
    title: str,
    path: Path | None,
    of: str,
    jobs: int = 1,
    progress: bool = True,
) -> list[dict[str, Any]]:
    """`do(seed)` for every seed, in the order of `seeds`; a time estimate is shown.

    Parameters
    ----------
    do
        Gives a record that JSON can hold.
    path : Path or None
        A file of one line a record, after a line that says what they are records `of`. What it has is not done again; a line that a kill
        cut is.
    jobs : int
        Workers, through joblib: within `joblib.parallel_config(backend="dask")` they are those of a cluster.

    Raises
    ------
    StoreError
        If the file holds records of something else.
    """
    import joblib

    done = {} if path is None else _read(path, of)
    waiting = [seed for seed in seeds if seed not in done]
    with stage(title, progress) as advance:
        advance(0, "compiling")
        work = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(
            joblib.delayed(_numbered)(do, seed) for seed in waiting
        )
        started = time.perf_counter()
        for number, (seed, record) in enumerate(work, 1):
            done[seed] = record
            if path is not None:
                with path.open("a") as file:
                    file.write(_line(seed, record))
            each = (time.perf_counter() - started) / number
            advance(
                (len(seeds) - len(waiting) + number) / len(seeds),
                f"{each:.2g} s each, {each * (len(waiting) - number):.0f} s to go",
            )
    return [done[seed] for seed in seeds]


def _numbered(do: Callable[[int], dict[str, Any]], seed: int) -> tuple[int, dict[str, Any]]:
    return seed, do(seed)


def _line(seed: int, record: dict[str, Any]) -> str:
    return json.dumps({"seed": seed, **record}) + "\n"


def _read(path: Path, of: str) -> dict[int, dict[str, Any]]:
    """The records of the file, which is made where there is none and loses a line that was cut."""
    first, *lines = path.read_text().splitlines() if path.exists() else [json.dumps(of)]
    if first != json.dumps(of):
        raise StoreError(
            f"{str(path)!r} holds the results of something else: {first}; expected {json.dumps(of)}. Give another path."
        )
    done = {record.pop("seed"): record for record in _whole(lines)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(first + "\n" + "".join(_line(seed, record) for seed, record in done.items()))
    return done


def _whole(lines: list[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            return
