"""Constant mediators: data in which a variable on the causal path does not vary.

A table of one level gives the effect through it as exactly 0, with an interval of no width,
whatever the other values of that variable would do.
"""

from __future__ import annotations

import numpy as np

from causalstats.data import Observations
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.levels import Levels


def refuse_constant_mediators(
    graph: MixedGraph,
    cause: str,
    effect: str,
    levels: Levels,
    data: Observations,
) -> None:
    """Raise where a variable on a directed path from cause to effect has one value.

    Parameters
    ----------
    graph : MixedGraph
    cause, effect : str
    levels : mapping of variable to its levels
        Numbers have none.
    data : Observations

    Raises
    ------
    ModelError
    """
    ancestors = set(graph.ancestors(effect))
    for name in graph.descendants(cause):
        if name not in ancestors or name in (cause, effect):
            continue
        value = _constant(name, levels, data)
        if value is not None:
            raise ModelError(
                f"Expected {name!r}, through which {cause} acts on {effect}, to vary; all rows "
                f"have {value}, so that these data cannot tell what its other values do. Say its "
                f"levels, e.g. `Diagram.parse(...).with_levels({{{name!r}: [...]}})`, or leave "
                f"{name} out: say `hidden: {name}` in the diagram and take its column out of the "
                "data."
            )


def _constant(
    name: str,
    levels: Levels,
    data: Observations,
) -> str | None:
    """Return the one value of a variable, written; None where it has several."""
    if name in levels:
        return repr(levels[name][0]) if len(levels[name]) < 2 else None
    column = data.column(name)
    return repr(f"{column[0]:g}") if np.ptp(column) == 0 else None
