"""Read a causal model from text, in arrow notation or in DOT and dagitty's dialect of it."""

from __future__ import annotations

from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.diagrams.formats.arrow_notation import read_arrows
from causalstats.diagrams.formats.dot import is_dot, read_dot
from causalstats.errors import ModelError


def parse(text: str) -> Hypergraph:
    """Return the causal model that a text describes; see `Diagram.parse`."""
    if not isinstance(text, str):
        raise ModelError(
            "Expected a diagram as text, such as 'x -> y; x <-> y', "
            f"got {type(text).__name__}: {text!r}."
        )
    return read_dot(text) if is_dot(text) else read_arrows(text)
