"""Parallel work: a function of many items by the workers of joblib, Dask or Ray."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from functools import partial
from itertools import batched
from typing import Any

from causalstats.errors import SamplingError

_ITEMS_A_WORKER = 4  # in a batch, where results do not come one by one
_ATTEMPTS = 3


def in_parallel[Item, Result](
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    ordered: bool = True,
    **options: Any,
) -> Iterator[Result]:
    """Yield `function(item)` of each item as it comes.

    The workers are those of `joblib.parallel_config`, and without one as many as `n_jobs`. A
    backend that returns only whole lists, such as Ray's, gets the items in batches.

    Parameters
    ----------
    function : callable
    items : iterable
    ordered : bool
        Whether results come in the order of the items.
    **options
        Of `joblib.Parallel`, such as `n_jobs` and `prefer`.

    Raises
    ------
    BrokenExecutor
        If the process of a worker died.

    Examples
    --------
    >>> list(in_parallel(abs, [-1, 2], n_jobs=1))
    [1, 2]
    """
    from joblib import Parallel, delayed, effective_n_jobs
    from joblib.parallel import SequentialBackend, get_active_backend

    backend, _ = get_active_backend(prefer=options.get("prefer"))
    one_by_one = backend.supports_return_generator
    if one_by_one or isinstance(backend, SequentialBackend):
        kind = "generator" if ordered else "generator_unordered"
        workers = Parallel(return_as=kind, **options)
        yield from workers(delayed(function)(item) for item in items)
        return
    size = _ITEMS_A_WORKER * effective_n_jobs(options.get("n_jobs") or -1)
    with Parallel(**options) as workers:
        for batch in batched(items, size):
            try:
                results = workers(delayed(function)(item) for item in batch)
            except _deaths_in_ray() as error:
                raise BrokenExecutor("A worker of Ray died.") from error
            yield from results


def _deaths_in_ray() -> tuple[type[Exception], ...]:
    """Return the errors by which Ray says that a process died; none where it is not imported."""
    if "ray.exceptions" not in sys.modules:
        return ()
    from ray import exceptions

    return exceptions.RayActorError, exceptions.WorkerCrashedError


def outliving_workers[Result](
    function: Callable[[int], Result], numbers: Iterable[int], jobs: int | None = None
) -> Iterator[tuple[int, Result]]:
    """Yield each number with `function(number)` as it comes, by new workers where one died.

    Parameters
    ----------
    function : callable
    numbers : iterable of int
        Each once.
    jobs : int, optional
        Workers; those of `joblib.parallel_config` by default.

    Raises
    ------
    SamplingError
        If workers died in every attempt.

    Examples
    --------
    >>> dict(outliving_workers(abs, [-1, 2], jobs=1))
    {-1: 1, 2: 2}
    """
    left = dict.fromkeys(numbers)
    count = len(left)
    for _ in range(_ATTEMPTS):
        remaining = list(left)
        try:
            for number, result in in_parallel(
                partial(_with_number, function), remaining, ordered=False, n_jobs=jobs
            ):
                del left[number]
                yield number, result
            return
        except BrokenExecutor as error:
            death = error
    raise SamplingError(
        f"Worker processes died {_ATTEMPTS} times (killed, or out of memory), with {len(left)} of "
        f"{count} pieces of work to go. Take fewer workers; where a path keeps the results, the "
        "next run goes on from there."
    ) from death


def _with_number[Result](
    function: Callable[[int], Result], number: int
) -> tuple[int, Result]:
    return number, function(number)
