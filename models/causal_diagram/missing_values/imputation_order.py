"""The regressions by which missing values are drawn: P(all) as a product of conditionals.

P(v, r) = Π P(v_i | pillow of v_i) Π P(r_i | pillow of r_i)

The pillow is that of the ordered Markov property (`tables.reduced_form_tables`). Variables without
a cause are given each other too, since diagrams seldom say whether confounders go together, and
answers from complete rows do not depend on it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from causalstats.models.causal_diagram.tables import Table, reduced_form_tables

if TYPE_CHECKING:
    from causalstats.diagrams.identification.mixed_graph import MixedGraph


def imputation_tables(
    graph: MixedGraph, missing: Collection[str], indicators: Collection[str]
) -> tuple[Table, ...]:
    """Return the conditional distributions that tell of missing values.

    Parameters
    ----------
    graph : MixedGraph
        With the indicators.
    missing : collection of str
        The variables that have missing values.
    indicators : collection of str

    Examples
    --------
    >>> from causalstats.diagrams import Diagram
    >>> from causalstats.diagrams.identification.mixed_graph import MixedGraph
    >>> graph = MixedGraph.from_diagram(Diagram.parse("z, w -> x, y; x -> y"))
    >>> [table.name for table in imputation_tables(graph, ["w"], [])]
    ['P(w | z)', 'P(x | z, w)', 'P(y | z, w, x)']
    >>> [table.name for table in imputation_tables(graph, ["y"], [])]
    ['P(y | z, w, x)']
    """
    roots: list[str] = []
    tables = []
    for table in reduced_form_tables(graph):
        name = table.variable
        without_cause = not graph.parents(name) and name not in indicators
        if without_cause:
            given = tuple(dict.fromkeys([*roots, *table.given]))
            table = Table(name, tuple(sorted(given, key=graph.nodes.index)))
            roots.append(name)
        if set(table.axes) & set(missing):
            tables.append(table)
    return tuple(tables)
