"""Inequalities that a diagram implies where it does not identify an effect: a likelihood-ratio test of them, and the nearest distribution that obeys them.

The open mechanisms are a mixture of their response types, with known cells A and unknown shares
q, so that Q = A q. The statistic is 2 Σ n log(Q̂ / A q̂), of the unrestricted estimate and of the
one by maximum likelihood over q >= 0. Its distribution under the diagram is simulated from A q̂:
on the boundary of what the diagram allows, where valid instruments often are, chi-squared does
not hold.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from causalstats.data import Observations
from causalstats.diagrams.bounds.bounds import open_mechanisms
from causalstats.diagrams.bounds.response_type_program import ResponseTypeProgram
from causalstats.diagrams.identification.evaluation import JointTable
from causalstats.numerics.discrete.mixture_shares import fitted_cells

_SIMULATED = 299
_MOST_NUMBERS = 5e6  # components times cells times data sets, for one step of the EM algorithm


def possible(model: Any, data: Observations) -> float:
    """Return the p-value of the inequalities that the diagram implies, and of its assumptions.

    Raises
    ------
    ModelError
        If there are too many response types.
    """
    levels, nodes = model.levels(data), model.graph.nodes
    joint = data.table(nodes, levels)
    posed = open_mechanisms(
        model.diagram, model.outcome, model.treatment, joint, nodes, model.monotone
    )
    axes = posed.strata + posed.outside + posed.inside
    within = int(np.prod([len(levels[name]) for name in posed.inside]))
    counts = data.table(axes, levels).reshape(-1, len(posed.matrix()))
    observed = posed.right()[0]
    statistic, fit = _likelihood_ratio(posed.matrix(), counts, observed)
    if statistic < 1e-6:
        return 1.0
    moved = set(model.graph.descendants(*posed.inside)) - set(posed.inside)
    blocks = counts.reshape(-1, within)
    free = int((blocks.sum(axis=1) > 0).sum()) * (within - 1)
    sizes = posed.matrix().size * _SIMULATED * len(counts)
    if moved & {*posed.outside, *posed.strata} or sizes > _MOST_NUMBERS * 10:
        return float(stats.chi2.sf(statistic, free))  # as if the diagram fixed every cell
    return _simulated(posed, counts, fit, within, statistic)


def _simulated(
    posed: ResponseTypeProgram, counts: np.ndarray, fit: np.ndarray, within: int, statistic: float
) -> float:
    """Return the share of data sets from the fitted cells whose statistic is as large."""
    rng = np.random.default_rng(0)
    size = counts.reshape(-1, within).sum(axis=1).astype(int)
    cells = fit.reshape(-1, within)
    cells = cells / cells.sum(axis=1, keepdims=True)
    drawn = np.stack(
        [
            rng.multinomial(total, probability, _SIMULATED)
            for total, probability in zip(size, cells, strict=True)
        ],
        axis=1,
    ).astype(float)  # (data sets, blocks, cells within)
    shares = drawn / np.maximum(drawn.sum(axis=-1, keepdims=True), 1)
    shape = (_SIMULATED, *counts.shape)
    found, _ = _likelihood_ratio(posed.matrix(), drawn.reshape(shape), shares.reshape(shape))
    return float((1 + (found >= statistic - 1e-9).sum()) / (_SIMULATED + 1))


def _likelihood_ratio(
    matrix: np.ndarray, counts: np.ndarray, observed: np.ndarray
) -> tuple[Any, np.ndarray]:
    """Return 2 Σ n log(Q̂ / A q̂), summed over cells and strata, and A q̂; counts (..., strata, cells)."""
    fit = fitted_cells(matrix, counts)
    seen = counts > 0
    terms = np.where(
        seen, counts * np.log(np.where(seen, observed, 1.0) / np.where(seen, fit, 1.0)), 0.0
    )
    return 2 * terms.sum(axis=(-2, -1)), fit


def nearest(model: Any, joint: np.ndarray) -> np.ndarray:
    """Return draws of the observed distribution, each moved to the nearest that the diagram allows.

    Parameters
    ----------
    joint : array, shape (chain, draw, levels of each observed variable...)
    """
    nodes = model.graph.nodes
    posed = open_mechanisms(
        model.diagram, model.outcome, model.treatment, joint, nodes, model.monotone
    )
    axes = posed.strata + posed.outside + posed.inside
    table = JointTable(nodes, joint)
    batch = joint.ndim - len(nodes)
    places = [*range(batch), *(batch + nodes.index(name) for name in axes)]
    mass = np.einsum(table.array, [*range(joint.ndim)], places)
    shape = mass.shape
    mass = mass.reshape(-1, *posed.right().shape[1:])
    fit, own = fitted_cells(posed.matrix(), mass), posed.right()
    ratio = np.divide(fit, own, out=np.ones_like(fit), where=own > 0).reshape(shape)
    order = sorted(axes, key=nodes.index)
    moved = np.einsum(ratio, places, [*range(batch), *(batch + nodes.index(n) for n in order)])
    sizes = [joint.shape[batch + k] if name in axes else 1 for k, name in enumerate(nodes)]
    found = joint * moved.reshape(*joint.shape[:batch], *sizes)
    return found / found.sum(axis=tuple(range(batch, joint.ndim)), keepdims=True)
