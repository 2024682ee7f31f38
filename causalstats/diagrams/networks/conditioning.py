"""Conditional distributions: contracted tables divided by their sum (Bayes' rule)."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from causalstats.diagrams.networks.mechanisms import NetworkTables, levels_of
from causalstats.diagrams.networks.tensor_contraction import (
    Conditions,
    contract_marginals,
    contract_tables,
)
from causalstats.errors import ModelError

# Smaller probabilities are computed again with every product rescaled
_UNDERFLOW = 1e-250


def conditional(
    tables: NetworkTables,
    axes: Sequence[int],
    conditions: Conditions,
    words: str,
) -> np.ndarray:
    """Return the distribution of some wires given the conditions.

    Parameters
    ----------
    tables : NetworkTables
    axes : list of int
        The opened wires, then those that the distribution is of.
    conditions : Conditions
    words : str
        The conditions, for the error.

    Raises
    ------
    ModelError
        If what is given has probability zero.
    """
    joint = contract_tables(tables, axes, conditions, proportional=True)
    if not (tables.batch or conditions.opened) and (total := joint.sum()) > _UNDERFLOW:
        return joint / total
    outcome_axes = tuple(range(len(conditions.opened) - len(axes), 0))
    totals = joint.sum(axis=outcome_axes, keepdims=True)
    if totals.min() < _UNDERFLOW:
        joint = contract_tables(tables, axes, conditions, rescale=True)
        totals = joint.sum(axis=outcome_axes, keepdims=True)
        _refuse_impossible(tables, totals, conditions, words)
    return joint / totals


def conditional_marginals(
    tables: NetworkTables,
    wires: Sequence[int],
    conditions: Conditions,
    words: str,
) -> dict[int, np.ndarray]:
    """Return the distribution of each of some wires given the conditions.

    Parameters
    ----------
    tables : NetworkTables
    wires : list of int
    conditions : Conditions
    words : str
        The conditions, for the error.

    Raises
    ------
    ModelError
        If what is given has probability zero.
    """
    joints = contract_marginals(tables, wires, conditions)
    if any(joint.sum(axis=-1).min() < _UNDERFLOW for joint in joints.values()):
        joints = contract_marginals(tables, wires, conditions, rescale=True)
        for joint in joints.values():
            totals = joint.sum(axis=-1, keepdims=True)
            _refuse_impossible(tables, totals, conditions, words)
    return {
        wire: joint / joint.sum(axis=-1, keepdims=True)
        for wire, joint in joints.items()
    }


def _refuse_impossible(
    tables: NetworkTables,
    totals: np.ndarray,
    conditions: Conditions,
    words: str,
) -> None:
    """Raise an error if what is given has probability zero, for some opened level or draw.

    Parameters
    ----------
    tables : NetworkTables
    totals : array, shape (batch..., opened levels..., 1...)
    conditions : Conditions
    words : str
    """
    if (totals > 0).all():
        return
    impossible = totals <= 0
    where = ""
    if conditions.opened:
        numbers = np.argwhere(impossible)[0][len(tables.batch) :]
        wires = [tables.diagram.wires[wire] for wire in conditions.opened]
        levels = [
            f"{wire.label}={levels_of(wire)[number]!r}"
            for wire, number in zip(wires, numbers, strict=False)
        ]
        where = f", with do({', '.join(levels)})"
    if tables.batch:
        draws = impossible.reshape(prod(tables.batch), -1).any(axis=1)
        where += f", in {draws.sum()} of {len(draws)} draws"
    raise ModelError(
        f"Expected observations that can occur; the probability of what is given, {words}, is "
        f"zero{where}. Give others or fewer."
    )
