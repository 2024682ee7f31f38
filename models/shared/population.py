"""Population averages and totals of a quantity that each person has, for every posterior draw.

Arrays of draws times persons are computed in blocks that fit the processor's cache, a thread a
core, so that no memory is too small for many draws of many people.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import xarray as xr

from causalstats.data import Decisions, People

_MOST_NUMBERS_KEPT = 64_000_000  # half a gigabyte
_NUMBERS_OF_A_BLOCK = 25_000
_DRAWS_OF_A_PART = 64  # of all chains
_FEWEST_DRAWS_OF_A_BLOCK = 16  # of each chain

Compute = Callable[[xr.Dataset, People], np.ndarray]
"""Draws and people give an array (draws, person), chain by chain."""


def feature_columns(data: Decisions) -> tuple[str, ...]:
    """Return the columns of a frame of other people that their answers are computed from."""
    return data.design.variables


def flat(draws: xr.Dataset, name: str) -> np.ndarray:
    """Return the draws of a parameter with its chains joined.

    Parameters
    ----------
    draws : Dataset
        Dims (chain, draw, ...), of a sampler or of a simulation.
    name : str
        A scalar, or a vector with one label an entry.

    Returns
    -------
    array, shape (draws, 1) or (draws, labels)

    Examples
    --------
    >>> draws = xr.Dataset({"slope": (("chain", "draw"), [[1.0, 2.0], [3.0, 4.0]])})
    >>> flat(draws, "slope").ravel()
    array([1., 2., 3., 4.])
    """
    values = draws.variables[
        name
    ].to_numpy()  # without its coordinates, which take longer
    return values.reshape(values.shape[0] * values.shape[1], -1)


def some_draws(draws: xr.Dataset, count: int, rng: np.random.Generator) -> xr.Dataset:
    """Return draws chosen at random, as those of one chain.

    Parameters
    ----------
    draws : Dataset
    count : int
        All draws, in random order, where there are fewer.
    rng : Generator

    Examples
    --------
    >>> draws = xr.Dataset({"slope": (("chain", "draw"), [[1.0, 2.0], [3.0, 4.0]])})
    >>> dict(some_draws(draws, 3, np.random.default_rng(1)).sizes)
    {'chain': 1, 'draw': 3}
    """
    size = draws.sizes["draw"]
    total = draws.sizes["chain"] * size
    chosen = rng.choice(total, min(count, total), replace=False)
    draws = draws.isel(
        chain=xr.DataArray(chosen // size, dims="draw"),
        draw=xr.DataArray(chosen % size, dims="draw"),
    )
    return draws.drop_vars("chain", errors="ignore").expand_dims("chain")


def blocks(
    draws: xr.Dataset,
    people: People,
    compute: Compute,
) -> Iterator[np.ndarray]:
    """Yield arrays (chain, some draws, person), small enough for the processor's cache.

    Parameters
    ----------
    draws : Dataset
    people : People
    compute : function of draws and people
    """
    chains = draws.sizes["chain"]
    size = draws.sizes["draw"]
    step = max(1, _NUMBERS_OF_A_BLOCK // (chains * max(1, len(people))))

    def block(first: int) -> np.ndarray:
        some = draws.isel(draw=slice(first, first + step))
        return compute(some, people).reshape(chains, some.sizes["draw"], len(people))

    workers = os.cpu_count() or 1
    at_once = step * workers  # no more blocks are kept than there are workers
    with _workers() as pool:
        for start in range(0, size, at_once):
            firsts = range(start, min(size, start + at_once), step)
            yield from pool.map(block, firsts)


@contextmanager
def _workers() -> Iterator[ThreadPoolExecutor]:
    """Give a thread a core; those of linear algebra would wait for each other."""
    from threadpoolctl import threadpool_limits

    with (
        threadpool_limits(1, "blas"),
        ThreadPoolExecutor(os.cpu_count() or 1) as pool,
    ):
        yield pool


def per_person(
    draws: xr.Dataset,
    people: People,
    compute: Compute,
) -> xr.DataArray:
    """Return a quantity of each person, for every draw.

    Parameters
    ----------
    draws : Dataset
        Thinned alike in every chain where the answer would take more than half a gigabyte.
    people : People
    compute : function of draws and people

    Returns
    -------
    DataArray
        Dims (chain, draw, person).
    """
    numbers = draws.sizes["chain"] * draws.sizes["draw"] * len(people)
    step = max(1, -(-numbers // _MOST_NUMBERS_KEPT))
    thin = draws.isel(draw=slice(None, None, step))
    if _are_many(people, draws):
        pieces = _by_parts(thin, people, compute, lambda values, part: values)
        values = np.concatenate([np.concatenate(each, -1) for each in pieces], axis=1)
    else:
        values = np.concatenate(list(blocks(thin, people, compute)), axis=1)
    coords = {"chain": thin["chain"], "draw": thin["draw"], "person": people.rows}
    return xr.DataArray(values, dims=("chain", "draw", "person"), coords=coords)


def total(
    draws: xr.Dataset,
    people: People,
    compute: Compute,
) -> xr.DataArray:
    """Return the population total: the weighted sum over people, for every draw.

    Parameters
    ----------
    draws : Dataset
    people : People
        With a weight each.
    compute : function of draws and people

    Returns
    -------
    DataArray
        Dims (chain, draw).
    """
    if _are_many(people, draws):
        pieces = _by_parts(draws, people, compute, lambda of, part: of @ part.weights)
        sums = [sum(each) for each in pieces]
    else:
        sums = [block @ people.weights for block in blocks(draws, people, compute)]
    coords = {"chain": draws["chain"], "draw": draws["draw"]}
    return xr.DataArray(
        np.concatenate(sums, axis=1), dims=("chain", "draw"), coords=coords
    )


def _are_many(people: People, draws: xr.Dataset) -> bool:
    """Return whether a block of everybody would have few draws, or one."""
    numbers = _FEWEST_DRAWS_OF_A_BLOCK * draws.sizes["chain"] * len(people)
    return numbers > _NUMBERS_OF_A_BLOCK


def _by_parts(
    draws: xr.Dataset,
    people: People,
    compute: Compute,
    finish: Callable[[np.ndarray, People], np.ndarray],
) -> Iterator[list[np.ndarray]]:
    """Yield arrays of all parts of the people, for some draws after the other.

    People are divided too, because products of matrices are slow where a block has few draws.

    Parameters
    ----------
    draws : Dataset
    people : People
    compute : function of draws and people
    finish : function of an array (chain, some draws, person) and its people
        What is kept of it.
    """
    chains = draws.sizes["chain"]
    step = max(1, _DRAWS_OF_A_PART // chains)
    persons = max(1, _NUMBERS_OF_A_BLOCK // (chains * step))
    parts = [
        people.take(slice(first, first + persons))
        for first in range(0, len(people), persons)
    ]
    with _workers() as pool:
        for first in range(0, draws.sizes["draw"], step):
            some = draws.isel(draw=slice(first, first + step))
            shape = (chains, some.sizes["draw"])

            def of_part(
                part: People,
                some: xr.Dataset = some,
                shape: tuple[int, int] = shape,
            ) -> np.ndarray:
                values = compute(some, part).reshape(*shape, len(part))
                return finish(values, part)

            yield list(pool.map(of_part, parts))


def average(
    draws: xr.Dataset,
    people: People,
    compute: Compute,
) -> xr.DataArray:
    """Return the population average: the weighted mean over people, for every draw.

    Parameters
    ----------
    draws : Dataset
    people : People
        With a weight each.
    compute : function of draws and people

    Returns
    -------
    DataArray
        Dims (chain, draw).
    """
    return total(draws, people, compute) / people.weights.sum()
