"""Numbers a person and draw, and their means and totals over people, in blocks that no memory is too small for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import xarray as xr

from causalstats.data import People

_MOST_NUMBERS = 64_000_000
_BLOCK = 50_000

Compute = Callable[[xr.Dataset, People], np.ndarray]
"""Of draws and people, an array (draws, person), chain by chain."""


def flat(draws: xr.Dataset, name: str) -> np.ndarray:
    """(draws, 1) of a scalar or (draws, label), chain by chain; whether a sampler or a simulation gave them."""
    values = draws[name].to_numpy()
    return values.reshape(values.shape[0] * values.shape[1], -1)


def blocks(draws: xr.Dataset, people: People, compute: Compute) -> Iterator[np.ndarray]:
    """Arrays (chain, some draws, person), small enough for the processor's cache; a thread a core."""
    chains, size = draws.sizes["chain"], draws.sizes["draw"]
    step = max(1, _BLOCK // (chains * max(1, len(people))))

    def block(first: int) -> np.ndarray:
        some = draws.isel(draw=slice(first, first + step))
        return compute(some, people).reshape(chains, some.sizes["draw"], len(people))

    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        for start in range(
            0, size, step * workers
        ):  # as many at a time as there are workers, so that no more are kept
            yield from pool.map(block, range(start, min(size, start + step * workers), step))


def per_person(draws: xr.Dataset, people: People, compute: Compute) -> xr.DataArray:
    """Draws (chain, draw, person); thinned alike in every chain where they would take more than half a gigabyte."""
    step = max(1, -(-draws.sizes["chain"] * draws.sizes["draw"] * len(people) // _MOST_NUMBERS))
    thin = draws.isel(draw=slice(None, None, step))
    values = np.concatenate(list(blocks(thin, people, compute)), axis=1)
    return xr.DataArray(
        values,
        dims=("chain", "draw", "person"),
        coords={"chain": thin["chain"], "draw": thin["draw"], "person": people.rows},
    )


def total(draws: xr.Dataset, people: People, compute: Compute) -> xr.DataArray:
    """Draws (chain, draw) of a weighted sum over people."""
    values = np.concatenate(
        [block @ people.weights for block in blocks(draws, people, compute)], axis=1
    )
    return xr.DataArray(
        values, dims=("chain", "draw"), coords={"chain": draws["chain"], "draw": draws["draw"]}
    )


def average(draws: xr.Dataset, people: People, compute: Compute) -> xr.DataArray:
    """Draws (chain, draw) of a weighted mean over people."""
    return total(draws, people, compute) / people.weights.sum()
