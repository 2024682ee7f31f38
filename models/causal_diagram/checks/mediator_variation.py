"""Variables through which an effect goes and that do not vary in the data: no data like these have the effect in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from causalstats.data import Observations
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.errors import ModelError


def refuse_constant_mediators(
    graph: MixedGraph,
    cause: str,
    effect: str,
    levels: Mapping[str, Sequence[Any]],
    data: Observations,
) -> None:
    """Raise where a variable on a directed path from cause to effect has one value.

    A table of one level gives the effect through it as exactly 0, with an interval of no width,
    whatever the other values of that variable would do.

    Raises
    ------
    ModelError
    """
    before = set(graph.ancestors(effect))
    for name in graph.descendants(cause):
        if name not in before or name in (cause, effect):
            continue
        if name in levels:
            constant = len(levels[name]) < 2
            value = levels[name][0]
        else:
            column = data.column(name)
            constant, value = bool(np.ptp(column) == 0), f"{column[0]:g}"
        if constant:
            raise ModelError(
                f"Expected {name!r}, through which {cause} acts on {effect}, to vary; all rows have {value!r}, so that these data cannot tell what its "
                f"other values do. Say its levels, e.g. `Diagram.parse(...).with_levels({{{name!r}: [...]}})`, or leave {name} out: say `hidden: {name}` "
                "in the diagram and take its column out of the data."
            )
