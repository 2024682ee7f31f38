"""Parallel work: a function of many items by the workers of joblib, Dask or Ray."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import batched
from typing import Any

_ITEMS_A_WORKER = 4  # in a batch, where results do not come one by one


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
            yield from workers(delayed(function)(item) for item in batch)
