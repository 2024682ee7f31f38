"""Test of instrumental inequalities, and of other inequalities that a diagram implies.

Where a diagram does not identify an effect it can still imply inequalities of the observed
distribution, as an instrument does (Pearl 1995). The open mechanisms are a mixture of their
response types, with known cells A and unknown shares q, so that Q = A q. The statistic is
the likelihood ratio 2 Σ n log(Q̂ / A q̂), Q̂ unrestricted, q̂ >= 0 of maximum likelihood. Its
distribution under the diagram is simulated from A q̂: on the boundary of what the diagram
allows, where valid instruments often are, chi-squared does not hold.

References
----------
Pearl (1995), On the testability of causal models with latent and instrumental variables, UAI.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.data import Observations
from causalstats.diagrams.bounds.bounds import unidentified_effect_program
from causalstats.diagrams.bounds.response_type_program import ResponseTypeProgram
from causalstats.diagrams.identification.evaluation import JointTable
from causalstats.errors import ModelError
from causalstats.numerics.discrete.mixture_weights import fitted_cells

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram

SIGNIFICANCE_LEVEL = 0.01
_SIMULATED_DATA_SETS = 299
_MOST_NUMBERS = 5e7  # components times cells times data sets
_ROUNDING = 1e-9


def instrumental_inequalities(
    model: CausalDiagram, data: Observations
) -> tuple[Check, ...]:
    """Return whether the data contradict an inequality that the diagram implies.

    There is no such check where the effect is identified.
    """
    if model.identification.identified:
        return ()
    try:
        p = inequalities_p(model, data)
    except ModelError as error:  # there are too many response types
        return (_check(None, None, "not worked out", str(error)),)
    passed = p > SIGNIFICANCE_LEVEL
    remedy = (
        "The data contradict an inequality that the diagram implies: an arrow or a shared cause "
        "is missing. Draw an arrow from the instrument to the outcome, or a shared cause of the "
        "two, where they may have one."
    )
    finding = (
        f"p = {p:.3g} that the distribution observed is one that the diagram allows"
    )
    return (_check(passed, p, finding, "" if passed else remedy),)


def _check(
    passed: bool | None,
    p: float | None,
    finding: str,
    remedy: str,
) -> Check:
    return Check(
        name="possible under the diagram",
        passed=passed,
        value=p,
        expected=f"p above {SIGNIFICANCE_LEVEL:g} of a likelihood-ratio test of the inequalities "
        "that the diagram implies",
        finding=finding,
        remedy=remedy,
        assumption="this diagram",
    )


def inequalities_p(model: CausalDiagram, data: Observations) -> float:
    """Return the p-value of the inequalities that the diagram and its assumptions imply.

    Raises
    ------
    ModelError
        If there are too many response types.
    """
    levels = model.levels(data)
    program = _response_type_program(model, data.table(model.graph.nodes, levels))
    axes = program.strata + program.outside + program.inside
    cells = int(np.prod([len(levels[name]) for name in program.inside]))
    counts = data.table(axes, levels).reshape(-1, len(program.matrix()))
    statistic, fit = _likelihood_ratio(program.matrix(), counts, program.right()[0])
    if statistic < 1e-6:
        return 1.0
    descendants = set(model.graph.descendants(*program.inside)) - set(program.inside)
    feedback = descendants & {*program.outside, *program.strata}
    size = program.matrix().size * _SIMULATED_DATA_SETS * len(counts)
    if feedback or size > _MOST_NUMBERS:
        seen = (counts.reshape(-1, cells).sum(axis=1) > 0).sum()
        return float(stats.chi2.sf(statistic, int(seen) * (cells - 1)))
    return _simulated_p(program, counts, fit, cells, statistic)


def _response_type_program(
    model: CausalDiagram, joint: np.ndarray
) -> ResponseTypeProgram:
    nodes = model.graph.nodes
    return unidentified_effect_program(
        model.diagram, model.outcome, model.treatment, joint, nodes, model.monotone
    )


def _simulated_p(
    program: ResponseTypeProgram,
    counts: np.ndarray,
    fit: np.ndarray,
    cells: int,
    statistic: float,
) -> float:
    """Return the share of data sets from the fitted cells whose statistic is as large.

    Parameters
    ----------
    program : response-type linear program
    counts, fit : array, shape (strata, cells of all blocks)
    cells : int
        Cells within a block, whose probabilities sum to one.
    statistic : float
        The likelihood-ratio statistic of the data.
    """
    rng = np.random.default_rng(0)
    totals = counts.reshape(-1, cells).sum(axis=1).astype(int)
    probabilities = fit.reshape(-1, cells)
    sums = probabilities.sum(axis=1, keepdims=True)
    # Of blocks without anybody nothing is drawn, and no shares are fitted.
    probabilities = np.where(
        sums > 0, probabilities / np.where(sums > 0, sums, 1), 1 / cells
    )
    blocks = [
        rng.multinomial(total, probability, _SIMULATED_DATA_SETS)
        for total, probability in zip(totals, probabilities, strict=True)
    ]
    drawn = np.stack(blocks, axis=1).astype(float)  # (data sets, blocks, cells)
    shares = drawn / np.maximum(drawn.sum(axis=-1, keepdims=True), 1)
    shape = (_SIMULATED_DATA_SETS, *counts.shape)
    simulated, _ = _likelihood_ratio(
        program.matrix(), drawn.reshape(shape), shares.reshape(shape)
    )
    larger = (simulated >= statistic - _ROUNDING).sum()
    return float((1 + larger) / (_SIMULATED_DATA_SETS + 1))


def _likelihood_ratio(
    matrix: np.ndarray,
    counts: np.ndarray,
    observed: np.ndarray,
) -> tuple[Any, np.ndarray]:
    """Return 2 Σ n log(Q̂ / A q̂), summed over cells and strata, and A q̂.

    Parameters
    ----------
    matrix : array, shape (cells, response types)
    counts, observed : array, shape (..., strata, cells)
        Counts n, and shares Q̂.
    """
    fit = fitted_cells(matrix, counts)
    seen = counts > 0
    ratio = np.where(seen, observed, 1.0) / np.where(seen, fit, 1.0)
    terms = np.where(seen, counts * np.log(ratio), 0.0)
    return 2 * terms.sum(axis=(-2, -1)), fit


def nearest_allowed(model: CausalDiagram, joint: np.ndarray) -> np.ndarray:
    """Return draws of the observed distribution, each moved to the nearest that the diagram allows.

    The nearest is the one of the largest likelihood.

    Parameters
    ----------
    model : CausalDiagram
    joint : array, shape (chain, draw, levels of each observed variable...)

    Returns
    -------
    array of the same shape
    """
    nodes = model.graph.nodes
    program = _response_type_program(model, joint)
    axes = program.strata + program.outside + program.inside
    batch = joint.ndim - len(nodes)
    positions = [*range(batch), *(batch + nodes.index(name) for name in axes)]
    mass = np.einsum(JointTable(nodes, joint).array, [*range(joint.ndim)], positions)
    shape = mass.shape
    shares = program.right()
    fit = fitted_cells(program.matrix(), mass.reshape(-1, *shares.shape[1:]))
    ratio = np.divide(fit, shares, out=np.ones_like(fit), where=shares > 0).reshape(
        shape
    )
    in_order = [batch + k for k, name in enumerate(nodes) if name in axes]
    ratio = np.einsum(ratio, positions, [*range(batch), *in_order])
    sizes = [
        joint.shape[batch + k] if name in axes else 1 for k, name in enumerate(nodes)
    ]
    moved = joint * ratio.reshape(*joint.shape[:batch], *sizes)
    return moved / moved.sum(axis=tuple(range(batch, joint.ndim)), keepdims=True)
