"""Grids on which a density is computed: where their nodes are, and draws between them."""

from __future__ import annotations

import numpy as np

_NEGLIGIBLE = 1e-6  # probability of a node beyond which there is nothing to sum


def nodes_around(nodes: np.ndarray, probability: np.ndarray, count: int) -> np.ndarray:
    """Return even nodes over the part of a grid that is not negligible.

    Parameters
    ----------
    nodes, probability : arrays, shape (m,)
    count : int
        Of the nodes that are returned.

    Examples
    --------
    >>> nodes_around(np.arange(6.0), np.array([0, 0, 0.2, 0.8, 0, 0]), 4)
    array([1., 2., 3., 4.])
    """
    used = np.flatnonzero(probability > _NEGLIGIBLE)
    low, high = max(used[0] - 1, 0), min(used[-1] + 1, len(nodes) - 1)
    return np.linspace(nodes[low], nodes[high], count)


def drawn_within_cells(
    nodes: np.ndarray, positions: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return a uniform draw from the cell of each node that was chosen.

    A cell reaches half a step to either side; at the ends of the grid, which are those of the
    prior, what lies beyond is reflected.

    Parameters
    ----------
    nodes : array, shape (m,)
        Equally spaced.
    positions : int array
        Those that were chosen.
    rng : Generator

    Returns
    -------
    array
        Of the shape of `positions`, within the first and the last node.

    Examples
    --------
    >>> nodes = np.array([0.0, 1.0, 2.0])
    >>> drawn = drawn_within_cells(nodes, np.array([0, 1, 2]), np.random.default_rng(1))
    >>> bool((abs(drawn - nodes) <= 0.5).all() and drawn.min() >= 0 and drawn.max() <= 2)
    True
    """
    step = nodes[1] - nodes[0]
    drawn = nodes[positions] + step * (rng.random(np.shape(positions)) - 0.5)
    above = nodes[0] + np.abs(drawn - nodes[0])
    return nodes[-1] - np.abs(nodes[-1] - above)
