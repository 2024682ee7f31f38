"""Context of a PyMC graph under construction: its inputs, hyperpriors and sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from causalstats.models.partial_correlation.hyperpriors import Hyperprior


@dataclass(frozen=True, eq=False)
class GraphContext:
    """The graph under construction, as it is given to each function that adds to it.

    Parameters
    ----------
    parts : tuple of str
        Names of the D parts.
    inputs : mapping
        The `pm.Data` of the graph, by name.
    hyperpriors : mapping
        Prior distributions of the scalar parameters, by name.
    """

    parts: tuple[str, ...]
    inputs: Mapping[str, Any]
    hyperpriors: Mapping[str, Hyperprior]

    def variable(self, name: str) -> Any:
        """Add the scalar parameter of this name."""
        return self.hyperpriors[name].variable(name, self.inputs)
