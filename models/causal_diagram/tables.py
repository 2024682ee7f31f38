"""Conditional probability tables: which the diagram needs, their counts, posterior and network.

The reduced form has a table for each variable given those that the diagram does not make
irrelevant (the ordered local Markov property); the structural form a table for each mechanism,
those of hidden variables too. Rows are Dirichlet before the data, and Dirichlet after them where
every variable is observed.

References
----------
Richardson (2003), Markov properties for acyclic directed mixed graphs, Scandinavian Journal of
Statistics 30.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import xarray as xr

from causalstats.diagrams.diagram import Diagram
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.diagrams.networks.bayesian_network import BayesianNetwork
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.levels import Levels
from causalstats.models.causal_diagram.table_priors import TablePrior
from causalstats.numerics.discrete import dirichlet

if TYPE_CHECKING:
    from causalstats.data import Observations

_MOST_NUMBERS_OF_ALL_DRAWS = 1e8
_MOST_CELLS_OF_A_TABLE = 1e7
_SMALLEST_PROBABILITY = 1e-30
_SMALLEST_EXPONENT_OF_A_PRODUCT = -280.0  # base 10; floating point ends near -308


@dataclass(frozen=True)
class Table:
    """A conditional distribution P(variable | given) of labels.

    Parameters
    ----------
    variable : str
    given : tuple of str
        The variables that it is conditional on, in the order of its first axes.
    moderators : tuple of str
        Those that a question sets or is divided by, whose coefficients hierarchical regressions do
        not shrink towards those of other variables.
    products : tuple of (str, str)
        Pairs of the given variables whose products a question needs in a linear or logistic
        regression: without them an effect would be the same in every group.

    Examples
    --------
    >>> table = Table("cancer", ("smoking", "tar"))
    >>> table.name
    'P(cancer | smoking, tar)'
    >>> table.axes
    ('smoking', 'tar', 'cancer')
    """

    variable: str
    given: tuple[str, ...] = ()
    moderators: tuple[str, ...] = ()
    products: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """The name of its draws in the posterior."""
        if not self.given:
            return f"P({self.variable})"
        divided = f", by {', '.join(self.moderators)}" if self.moderators else ""
        if self.products:
            divided += f", with {', '.join(map(' * '.join, self.products))}"
        return f"P({self.variable} | {', '.join(self.given)}){divided}"

    @property
    def axes(self) -> tuple[str, ...]:
        """The variables in the order of its axes: the given ones, then its own."""
        return (*self.given, self.variable)


def reduced_form_tables(graph: MixedGraph) -> tuple[Table, ...]:
    """Return the factors of P(v) = Π P(v_i | pillow of v_i among v_1, ..., v_i).

    Variables come in topological order. The pillow of a variable (its Markov pillow) is its
    district (c-component), the group that hidden causes hold together, and the parents of that
    district. The factors leave out what the diagram makes irrelevant, and nothing else.

    Examples
    --------
    >>> from causalstats.diagrams import Diagram
    >>> graph = MixedGraph.from_diagram(Diagram.parse("a -> b -> c; b <-> c"))
    >>> [table.name for table in reduced_form_tables(graph)]
    ['P(a)', 'P(b | a)', 'P(c | a, b)']
    """
    tables = []
    for position, name in enumerate(graph.nodes):
        past = graph.subgraph(graph.nodes[: position + 1])
        district = next(group for group in past.districts() if name in group)
        pillow = {*district, *past.parents(*district)} - {name}
        given = tuple(other for other in graph.nodes if other in pillow)
        tables.append(Table(name, given))
    return tuple(tables)


def mechanism_tables(diagram: Diagram) -> tuple[Table, ...]:
    """Return the table of each mechanism (structural equation), those of hidden variables too."""
    return tuple(Table(wire.name, diagram.parents(wire.name)) for wire in diagram.wires)


def prior_weights(
    tables: Sequence[Table],
    levels: Levels,
    concentration: float,
    prior: TablePrior,
) -> dict[str, np.ndarray]:
    """Return the Dirichlet weights of each table before the data.

    Parameters
    ----------
    tables : sequence of Table
    levels : mapping of variable to its levels
    concentration : float
        In observations.
    prior : TablePrior

    Returns
    -------
    dict of array
        By the name of the table, axes (given..., variable), in observations.

    Raises
    ------
    ModelError
        If a table has more cells than can be held.
    """
    weights = {}
    for table in tables:
        shape = tuple(len(levels[name]) for name in table.axes)
        cells = float(np.prod(shape, dtype=float))
        if cells > _MOST_CELLS_OF_A_TABLE:
            raise ModelError(
                f"{table.name} has {cells:.3g} cells, and cannot be held. Join levels, e.g. with "
                "`pandas.cut`, leave out variables that the answer does not need, or use "
                "route='structural', whose tables are those of the mechanisms."
            )
        weights[table.name] = prior.weights(shape, concentration)
    return weights


def cell_counts(
    tables: Sequence[Table],
    levels: Levels,
    data: Observations,
) -> dict[str, np.ndarray]:
    """Return how often each cell of each table was observed, axes (given..., variable).

    Parameters
    ----------
    tables : sequence of Table
    levels : mapping of variable to its levels
    data : Observations
    """
    return {table.name: data.table(table.axes, levels) for table in tables}


def draw_tables(
    weights: Mapping[str, np.ndarray],
    tables: Sequence[Table],
    levels: Levels,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> xr.Dataset:
    """Return independent Dirichlet draws of every table.

    Parameters
    ----------
    weights : mapping of table name to array (given..., variable)
        Weights of the prior; or of the posterior, those of the prior plus the counts.
    tables : sequence of Table
    levels : mapping of variable to its levels
    size : (int, int)
        Chains and draws.
    rng : numpy Generator

    Returns
    -------
    Dataset
        A variable a table, dims (chain, draw, given..., variable).

    Raises
    ------
    ModelError
        If so many draws of so many cells cannot be held.
    """
    cells = sum(array.size for array in weights.values())
    if cells * size[0] * size[1] > _MOST_NUMBERS_OF_ALL_DRAWS:
        most = max(1, int(_MOST_NUMBERS_OF_ALL_DRAWS / cells))
        raise ModelError(
            f"{size[0] * size[1]:,} draws of {cells:,} cells cannot be held. Take fewer, "
            f"`cs.Exact(chains=1, draws={most})`, join levels, or leave out variables that the "
            "answer does not need."
        )
    arrays = {
        table.name: dirichlet.draw(weights[table.name], size, rng) for table in tables
    }
    return tables_as_draws(arrays, tables, levels)


def tables_as_draws(
    arrays: Mapping[str, np.ndarray],
    tables: Sequence[Table],
    levels: Levels,
) -> xr.Dataset:
    """Return arrays as a labelled data set of draws.

    Parameters
    ----------
    arrays : mapping of table name to array (chain, draw, given..., variable)
    tables : sequence of Table
    levels : mapping of variable to its levels
    """
    chains, draws = next(iter(arrays.values())).shape[:2]
    variables = dict.fromkeys(name for table in tables for name in table.axes)
    return xr.Dataset(
        {
            table.name: (("chain", "draw", *table.axes), arrays[table.name])
            for table in tables
        },
        {
            "chain": np.arange(chains),
            "draw": np.arange(draws),
            **{name: list(levels[name]) for name in variables},
        },
    )


def network_of_draws(
    draws: xr.Dataset,
    tables: Sequence[Table],
    levels: Levels,
) -> BayesianNetwork:
    """Return the tables of all draws as one Bayesian network.

    Answers of the network have axes (chain, draw, ...). No probability is exactly 0, so that
    conditional ones never divide 0 by 0: a weak prior draws numbers that underflow. Products of
    one number from each table stay positive.

    Parameters
    ----------
    draws : Dataset
        As `draw_tables` gives them.
    tables : sequence of Table
    levels : mapping of variable to its levels
    """
    graph = nx.DiGraph()
    graph.add_nodes_from(table.variable for table in tables)
    for table in tables:
        graph.add_edges_from((cause, table.variable) for cause in table.given)
    known = {table.variable: tuple(levels[table.variable]) for table in tables}
    diagram = Diagram.from_networkx(graph).with_levels(known)
    floor = 10.0 ** (_SMALLEST_EXPONENT_OF_A_PRODUCT / len(tables))
    floor = max(_SMALLEST_PROBABILITY, floor)
    mechanisms = {}
    for table in tables:
        dims = ("chain", "draw", *diagram.parents(table.variable), table.variable)
        drawn = draws[table.name].transpose(*dims).to_numpy()
        mechanisms[table.variable] = np.maximum(drawn, floor)
    return BayesianNetwork(diagram, mechanisms)


@dataclass(frozen=True, eq=False)
class ObservedDistribution:
    """The observed distribution of every draw, as identified formulas ask for it."""

    network: BayesianNetwork

    def probability(
        self, outcome: Sequence[str], given: Sequence[str] = ()
    ) -> np.ndarray:
        """Return P(outcome | given) with axes (chain, draw, outcome..., given...)."""
        joint = np.asarray(self.network.query((*outcome, *given)).values)
        if not given:
            return joint
        axes = tuple(range(2, 2 + len(outcome)))
        return joint / joint.sum(axis=axes, keepdims=True)

    @cached_property
    def variables(self) -> tuple[str, ...]:
        return tuple(wire.name for wire in self.network.diagram.wires)
