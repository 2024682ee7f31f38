"""Counts of cells as observed variables of a PyMC graph, without their multinomial coefficient."""

from __future__ import annotations

from typing import Any

import numpy as np


def add_counts(name: str, counts: Any, theta: Any) -> None:
    """Add the counts of a table, multinomial in each row, to the open graph.

    Parameters
    ----------
    name : str
    counts : data variable, shape (given..., variable)
    theta : variable, shape (given..., variable)
    """
    from causalstats.numerics.custom_distribution import CustomDistribution

    CustomDistribution(
        name,
        theta,
        counts.sum(axis=-1),
        log_density=_log_density,
        draw=_draw,
        signature="(k),()->(k)",
        observed=counts,
    )


def add_counts_of_seen_cells(name: str, counts: Any, log_probability: Any) -> None:
    """Add the counts of the cells that were seen to the open graph.

    Replications have other cells too, which are not listed.

    Parameters
    ----------
    name : str
    counts : data variable, shape (cells,)
    log_probability : variable, shape (cells,)
    """
    from causalstats.numerics.custom_distribution import CustomDistribution

    CustomDistribution(
        name,
        log_probability,
        counts.sum(),
        log_density=_log_density_of_seen_cells,
        draw=_draw_seen_cells,
        signature="(k),()->(k)",
        observed=counts,
    )


def _log_density(counts: Any, theta: Any, total: Any) -> Any:
    import pytensor.tensor as pt

    return (counts * pt.log(theta)).sum(axis=-1)


def _draw(
    theta: np.ndarray, total: np.ndarray, rng: np.random.Generator, size: Any = None
) -> np.ndarray:
    shape = np.shape(total) if size is None else size
    drawn = rng.multinomial(np.asarray(total).astype(int), theta, size=shape or None)
    return drawn.astype(float)


def _log_density_of_seen_cells(counts: Any, log_probability: Any, total: Any) -> Any:
    return (counts * log_probability).sum()


def _draw_seen_cells(
    log_probability: np.ndarray,
    total: np.ndarray,
    rng: np.random.Generator,
    size: Any = None,
) -> np.ndarray:
    seen = np.exp(log_probability)
    others = np.maximum(1 - seen.sum(axis=-1, keepdims=True), 0)
    probability = np.concatenate([seen, others], axis=-1)
    probability = probability / probability.sum(axis=-1, keepdims=True)
    return _draw(probability, total, rng, size)[..., :-1]
