"""A Markov chain that a model offers for its own posterior, such as Gibbs sampling."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False, kw_only=True)
class GibbsKernel:
    """The sweeps of a Gibbs sampler on some data.

    Parameters
    ----------
    start : callable
        A function of a generator that returns the state of a chain at a dispersed point.
    advance : callable
        A function of a state, a number of sweeps and a generator that changes the state in place.
        It releases Python's lock, so that chains run in threads.
    draw : callable
        A function of a state that returns the arrays of one draw, by name.
    dims : mapping of str to tuple of str
        The dimensions of each array, without chain and draw.
    coords : mapping of str to sequence
        The labels of the dimensions.
    tune, draws, thin : int
        Sweeps that are dropped, draws that are kept of each chain, and sweeps from one draw to the
        next: those that suit the size of the data.
    longest_thin : int
        Sweeps from one draw to the next of chains that go on because their first draws had not
        mixed; 0 if they never do.
    chains : int
        How many suit the time that a sweep takes.
    """

    start: Callable[[np.random.Generator], Any]
    advance: Callable[[Any, int, np.random.Generator], None]
    draw: Callable[[Any], Mapping[str, np.ndarray]]
    dims: Mapping[str, tuple[str, ...]]
    coords: Mapping[str, Sequence[Any]]
    tune: int
    draws: int
    thin: int
    longest_thin: int = 0
    chains: int = 4
