"""Causal models as linear structural equation models, in the syntax of lavaan.

    y ~ x + z      a regression of an effect on its causes
    x ~~ y         a covariance of the errors of two variables that share a hidden cause

lavaan for R and semopy for Python read it, and estimate path coefficients with global tests of fit.
"""

from __future__ import annotations

import re

from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.errors import ModelError

_NAME = re.compile(r"[A-Za-z.][A-Za-z0-9._]*")


def to_lavaan(diagram: Hypergraph) -> str:
    """Return the latent projection of the causal model as a path model for lavaan.

    A hidden common cause becomes a covariance of the errors of the variables that it acts on, so
    that no latent variable is left. Roles, levels and variables without arrows are left out. The
    equations are linear, which the diagram does not say.

    Parameters
    ----------
    diagram : Diagram

    Returns
    -------
    str
        A line for each regression and each covariance of errors.

    Raises
    ------
    ModelError
        If the diagram has inputs, selection, or was changed by surgery, or if lavaan cannot read
        the name of a variable.

    References
    ----------
    Rosseel (2012), lavaan: An R package for structural equation modeling, Journal of Statistical
    Software 48(2).

    Examples
    --------
    >>> from causalstats import Diagram
    >>> print(Diagram.parse("smoking -> tar -> cancer; smoking <-> cancer").to_lavaan())
    tar ~ smoking
    cancer ~ tar
    smoking ~~ cancer
    """
    graph = MixedGraph.from_diagram(diagram)
    _refuse(graph)
    equations = [
        f"{effect} ~ {' + '.join(graph.parents(effect))}"
        for effect in graph.nodes
        if graph.parents(effect)
    ]
    pairs = [sorted(pair, key=graph.nodes.index) for pair in graph.bidirected]
    pairs.sort(key=lambda pair: [graph.nodes.index(name) for name in pair])
    return "\n".join(equations + [f"{first} ~~ {second}" for first, second in pairs])


def _refuse(graph: MixedGraph) -> None:
    """Raise `ModelError` where lavaan has no such model or no such names."""
    if graph.surgery or graph.population is not None:
        change = "; ".join(graph.surgery) or "only the selected are seen"
        raise ModelError(
            "Expected the diagram of a causal model as it was observed, without selection; got "
            f"one in which {change}. Write the diagram before surgery."
        )
    wrong = [name for name in graph.nodes if not _NAME.fullmatch(name)]
    if wrong:
        raise ModelError(
            "Expected names of letters, digits, dots and underscores, which lavaan reads; got "
            f"{', '.join(map(repr, wrong))}. Rename them."
        )
