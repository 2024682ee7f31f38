"""A network of pairs that were selected at a false discovery rate."""

from __future__ import annotations

import bz2
import gzip
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from causalstats.core.argument_validation import File, checked
from causalstats.core.files import write_whole
from causalstats.errors import StoreError

if TYPE_CHECKING:
    import networkx as nx

_SEED = 0  # of the modules and of the layout, which start at random
_ATTRIBUTES = ("weight", "lower", "upper", "q_value")
_SHOWN = ("one", "other", "weight", "lower", "upper", "excess", "q_value")
_MOST_SHOWN = 20  # edges


@dataclass(frozen=True, eq=False, kw_only=True)
class Network:
    """Nodes, and the pairs of them that were selected as linked.

    Parameters
    ----------
    nodes : tuple of str
    pairs : DataFrame
        A row for each pair: the columns one, other, weight (the posterior mean), lower, upper,
        q_value, determined, selected and doubts.
    rope, fdr : float
        As in `Effect.decide`, by which the pairs were selected.
    warnings : tuple of str
        The doubts that stand on the answer of the pairs, in words.

    Examples
    --------
    >>> import causalstats as cs
    >>> model = cs.PartialCorrelation(prior="matching")
    >>> data = model.simulate(1, rows=100, parts=5).data
    >>> network = cs.fit(model, data, seed=1, progress=False).network()
    >>> network.edges[["one", "other", "weight"]].head(2).round(1)
      one other  weight
    0  p3    p4     0.8
    1  p4    p5    -0.6
    >>> print(str(network).splitlines()[0])
    Network of 5 nodes: 7 of 10 pairs selected (fdr=0.05, rope=0)
    """

    nodes: tuple[str, ...]
    pairs: pd.DataFrame
    rope: float
    fdr: float
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return how many pairs were selected, these with weights and intervals, and warnings.

        The excess is what the weight is beyond that of no link, by which they were selected.
        """
        warned = [f"warning: {warning}" for warning in self.warnings]
        return "\n".join([self._selected_in_words(), *warned])

    def _selected_in_words(self) -> str:
        edges = self.edges
        title = (
            f"Network of {len(self.nodes)} nodes: {len(edges)} of {len(self.pairs)} pairs selected "
            f"(fdr={self.fdr:g}, rope={self.rope:g})"
        )
        if edges.empty:
            return title
        names = [name for name in _SHOWN if name in edges]
        shown = edges[names].head(_MOST_SHOWN)
        rest = len(edges) - len(shown)
        more = f"\n... and {rest} more: see `.edges`" if rest else ""
        return f"{title}\n{shown.round(3).to_string(index=False)}{more}"

    @property
    def edges(self) -> pd.DataFrame:
        """The edge list: the selected pairs, the surest first."""
        chosen = self.pairs[self.pairs["selected"]]
        return chosen.sort_values("q_value", kind="stable").reset_index(drop=True)

    def adjacency(self) -> pd.DataFrame:
        """Return the weighted adjacency matrix: 0 without an edge, NaN where not determined.

        An entry is the weight of a selected pair. Partial correlations of parts are selected by
        their excess over what closure alone makes, 1 / (parts - 1) at equal variances: a
        selected entry can be near 0, which is a link all the same, and the excess is the column
        `excess` of `edges`.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="matching")
        >>> data = model.simulate(1, rows=100, parts=4).data
        >>> network = cs.fit(model, data, seed=1, progress=False).network()
        >>> network.adjacency().shape
        (4, 4)
        """
        positions = {node: index for index, node in enumerate(self.nodes)}
        one = self.pairs["one"].map(positions).to_numpy()
        other = self.pairs["other"].map(positions).to_numpy()
        weights = np.where(self.pairs["selected"], self.pairs["weight"], 0.0)
        weights = np.where(self.pairs["determined"], weights, np.nan)
        matrix = np.zeros((len(self.nodes), len(self.nodes)))
        matrix[one, other] = weights
        matrix[other, one] = weights
        return pd.DataFrame(matrix, index=list(self.nodes), columns=list(self.nodes))

    def to_networkx(self) -> nx.Graph[str]:
        """Return the graph, with weight, interval and q-value at each edge.

        A node has its `module`, and `not_determined`, the number of its pairs of which the data say
        too little; the graph has `rope`, `fdr` and `warnings`.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="matching")
        >>> data = model.simulate(1, rows=100, parts=4).data
        >>> network = cs.fit(model, data, seed=1, progress=False).network()
        >>> graph = network.to_networkx()
        >>> graph.number_of_nodes(), graph.number_of_edges() == len(network.edges)
        (4, True)
        """
        graph = self._graph()
        missing = self.pairs[~self.pairs["determined"]]
        counts = pd.concat([missing["one"], missing["other"]]).value_counts()
        for number, module in enumerate(self.modules()):
            for node in module:
                graph.nodes[node]["module"] = number
                graph.nodes[node]["not_determined"] = int(counts.get(node, 0))
        return graph

    @checked(StoreError)
    def write_graphml(self, path: File) -> None:
        """Write the graph of `to_networkx` as GraphML, for Cytoscape, Gephi or igraph.

        Parameters
        ----------
        path : str or Path
            Compressed where it ends with ".gz" or ".bz2".

        Raises
        ------
        StoreError
            If the file cannot be written; one that was there before is unchanged.
        """
        import networkx as nx

        place = Path(path)
        content = io.BytesIO()
        try:
            nx.write_graphml(self.to_networkx(), content)
        except ValueError as error:
            raise StoreError(
                f"GraphML cannot hold the names of this network ({error})."
            ) from error
        written = content.getvalue()
        if place.suffix == ".gz":
            written = gzip.compress(written)
        elif place.suffix == ".bz2":
            written = bz2.compress(written)
        write_whole(place, written)

    def modules(self) -> tuple[tuple[str, ...], ...]:
        """Return groups of nodes with many edges among them, the largest first.

        By the Louvain method, on the sizes of the weights; a node without an edge is its own.

        References
        ----------
        Blondel, Guillaume, Lambiotte & Lefebvre (2008), Fast unfolding of communities in large
        networks, Journal of Statistical Mechanics.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="matching")
        >>> data = model.simulate(1, rows=100, parts=4).data
        >>> network = cs.fit(model, data, seed=1, progress=False).network()
        >>> sorted(node for module in network.modules() for node in module)
        ['p1', 'p2', 'p3', 'p4']
        """
        import networkx as nx

        groups = nx.community.louvain_communities(
            self._graph(), weight="size", seed=_SEED
        )
        order = {node: index for index, node in enumerate(self.nodes)}
        ordered = [tuple(sorted(group, key=order.__getitem__)) for group in groups]
        return tuple(sorted(ordered, key=lambda group: (-len(group), order[group[0]])))

    def layout(self) -> pd.DataFrame:
        """Return positions of the nodes with an edge, columns x and y.

        By the forces of Fruchterman & Reingold (1991), linked nodes near each other; each
        component of the network has a place of its own, the largest in the middle.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="matching")
        >>> data = model.simulate(1, rows=100, parts=4).data
        >>> network = cs.fit(model, data, seed=1, progress=False).network()
        >>> list(network.layout().columns)
        ['x', 'y']
        """
        graph = self._graph()
        linked = graph.subgraph([node for node, degree in graph.degree if degree])
        return force_layout(linked)

    def _graph(self) -> nx.Graph[str]:
        import networkx as nx

        told = {"warnings": "\n".join(self.warnings)} if self.warnings else {}
        graph = nx.Graph(rope=self.rope, fdr=self.fdr, **told)
        graph.add_nodes_from(self.nodes)
        for row in self.edges.to_dict("records"):
            values = {name: float(row[name]) for name in _ATTRIBUTES}
            size = abs(values["weight"])
            graph.add_edge(row["one"], row["other"], size=size, **values)
        return graph


def force_layout(graph: nx.Graph[str]) -> pd.DataFrame:
    """Return positions of all nodes: components on a spiral, by forces within each.

    Parameters
    ----------
    graph : Graph
        With `size` at each edge.

    Returns
    -------
    DataFrame
        Columns x and y, a row a node.
    """
    import networkx as nx

    components = sorted(map(sorted, nx.connected_components(graph)))
    components.sort(key=len, reverse=True)
    positions: dict[str, np.ndarray] = {}
    area = 0.0
    for number, component in enumerate(components):
        radius = np.sqrt(len(component))
        distance = np.sqrt(area) + radius if number else 0.0
        angle = 2.4 * number  # the golden angle, which leaves no gaps
        centre = distance * np.array([np.cos(angle), np.sin(angle)])
        part: nx.Graph[str] = (
            nx.Graph()
        )  # in one order, which a view of the graph has not
        part.add_nodes_from(component)
        part.add_edges_from(graph.subgraph(component).edges(data=True))
        positions |= nx.spring_layout(
            part,
            weight="size",
            seed=_SEED,
            scale=0.8 * radius if len(component) > 1 else None,
            center=centre,
        )
        area += (1.3 * radius) ** 2
    nodes = list(positions)
    values = np.array([positions[node] for node in nodes]).reshape(-1, 2)
    return pd.DataFrame(values, index=nodes, columns=["x", "y"])
