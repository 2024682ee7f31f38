"""Distributions given what was seen: what contraction gives, divided by its sum, and an error where that is zero."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from causalstats.diagrams.networks import tensor_contraction as contraction
from causalstats.diagrams.networks.mechanisms import Tables, levels_of
from causalstats.diagrams.networks.tensor_contraction import Known
from causalstats.errors import ModelError

_TINY = 1e-250  # a probability below it is computed again with every product rescaled, so that none is too small to hold


def conditional(tables: Tables, axes: Sequence[int], known: Known, condition: str) -> np.ndarray:
    """The distribution over all axes but the first, those that are open, given what is known, which `condition` says in words."""
    joint = contraction.evaluate(tables, axes, known, proportional=True)
    if not (tables.batch or known.opened) and (whole := joint.sum()) > _TINY:
        return joint / whole
    inner = tuple(range(len(known.opened) - len(axes), 0))
    total = joint.sum(axis=inner, keepdims=True)
    if total.min() < _TINY:
        joint = contraction.evaluate(tables, axes, known, rescale=True)
        total = joint.sum(axis=inner, keepdims=True)
        _refuse_impossible(tables, total, known, condition)
    return joint / total


def marginals(
    tables: Tables, wires: Sequence[int], known: Known, condition: str
) -> dict[int, np.ndarray]:
    """The distribution of each of some wires, given what is known."""
    found = contraction.marginals(tables, wires, known)
    if any(table.sum(axis=-1).min() < _TINY for table in found.values()):
        found = contraction.marginals(tables, wires, known, rescale=True)
        for table in found.values():
            _refuse_impossible(tables, table.sum(axis=-1, keepdims=True), known, condition)
    return {wire: table / table.sum(axis=-1, keepdims=True) for wire, table in found.items()}


def _refuse_impossible(tables: Tables, total: np.ndarray, known: Known, condition: str) -> None:
    """An error if what is given has probability zero, for some level of what is open or some of the draws."""
    if (total > 0).all():
        return
    bad = (total <= 0).reshape(prod(tables.batch), -1).any(axis=1)
    where = f", in {bad.sum()} of {len(bad)} draws" if tables.batch else ""
    if known.opened:
        place = np.argwhere(total <= 0)[0][len(tables.batch) :]
        wires = [tables.diagram.wires[wire] for wire in known.opened]
        at = ", ".join(
            f"{wire.label}={levels_of(wire)[level]!r}"
            for wire, level in zip(wires, place, strict=False)
        )
        where = f", with do({at}){where}"
    raise ModelError(
        f"Expected observations that can occur; the probability of what is given, {condition}, is zero{where}. Give others or fewer."
    )
