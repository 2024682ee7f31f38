"""String diagrams of causal models, with everything that can be done with them as methods.

`Diagram` is a `Hypergraph` (wires and boxes) whose methods are functions of the folders beside this
file: `core` (surgery, composition, twin networks), `formats` (text, networkx, dagitty, Graphviz,
lavaan), `identification` (the ID algorithm, combs) and `drawing`.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from causalstats.diagrams.core.algebra import beside, then
from causalstats.diagrams.core.annotation import with_levels, with_roles, without_levels
from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.diagrams.core.normalisation import normalise
from causalstats.diagrams.core.pruning import pruned
from causalstats.diagrams.core.surgery import (
    cut,
    do,
    edge_do,
    marginal,
    observe,
    open_,
    policy,
    soft,
)
from causalstats.diagrams.core.twin import twin
from causalstats.diagrams.drawing.matplotlib_figure import figure
from causalstats.diagrams.drawing.picture import scene
from causalstats.diagrams.drawing.svg import svg
from causalstats.diagrams.drawing.tikz import tikz
from causalstats.diagrams.formats import causal_graph
from causalstats.diagrams.formats.causal_graph import to_networkx
from causalstats.diagrams.formats.dot import to_dagitty, to_dot
from causalstats.diagrams.formats.lavaan import to_lavaan
from causalstats.diagrams.formats.parsing import parse
from causalstats.diagrams.formats.python_code import to_python, to_text
from causalstats.diagrams.identification.additions import additions
from causalstats.diagrams.identification.counterfactuals import counterfactual
from causalstats.diagrams.identification.disintegration import district_combs
from causalstats.diagrams.identification.explanation import explain
from causalstats.diagrams.identification.identification import identify
from causalstats.diagrams.identification.implied_independences import (
    independences,
    independent,
)
from causalstats.diagrams.identification.markov_equivalence import (
    equivalence_class,
    equivalent,
)
from causalstats.diagrams.identification.minimal_sets import (
    adjustment_sets,
    front_doors,
    instruments,
)
from causalstats.diagrams.identification.missing_data import recover
from causalstats.diagrams.identification.transport import transport

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# In a notebook; a larger picture takes seconds, and nobody asked for it
_MAX_BOXES_SHOWN = 60


@dataclass(frozen=True, eq=False, repr=False)
class Diagram(Hypergraph):
    """A string diagram: boxes and wires, and which wires enter and leave.

    The diagram of a causal model has no inputs, a box for each variable, and the observed variables
    as outputs; a hidden variable is a wire that is no output. Variables are called by the labels of
    their wires. Two diagrams are equal when they are isomorphic as hypergraphs; `steps`, and the
    roles treatment and outcome, do not count. Every operation returns a new diagram.

    Parameters
    ----------
    wires : tuple of Wire
    boxes : tuple of Box
    inputs, outputs : tuple of int
        Positions in `wires` of the wires that enter and leave, in order.
    steps : tuple of SurgeryStep
        The surgery that made the diagram.
    roles : Roles
        The treatment, the outcome, the adjusted variables and the selection variables.

    Raises
    ------
    ModelError
        If a wire has no producer or several, if a box or output takes an unknown wire, if the
        wires form a cycle, or if a role names an unknown variable.

    References
    ----------
    Jacobs, Kissinger & Zanasi (2019), Causal inference by string diagram surgery, FoSSaCS.
    Lorenz & Tull (2023), Causal models in string diagrams.

    Examples
    --------
    >>> smoking = Diagram.parse("smoking -> tar -> cancer; smoking <-> cancer")
    >>> smoking.hidden
    ('u_cancer_smoking',)
    >>> smoking.cut("smoking").parents("smoking")
    ()
    """

    @classmethod
    def from_hypergraph(cls, graph: Hypergraph) -> Diagram:
        """Return the diagram with the wires, boxes, steps and roles of a hypergraph.

        Parameters
        ----------
        graph : Hypergraph

        Returns
        -------
        Diagram

        Examples
        --------
        >>> Diagram.from_hypergraph(Hypergraph((), ()))
        Diagram((), (), (), ())
        """
        return cls(
            **{field.name: getattr(graph, field.name) for field in fields(graph)}
        )

    @classmethod
    def parse(cls, text: str) -> Diagram:
        """Return the causal model that a text describes.

        `a, b -> c` is an arrow from each, `a <-> b` a hidden common cause of the two, and
        `hidden: h -> a, b, c` a hidden variable with a name and any number of effects.
        `treatment: x`, `outcome: y`, `adjusted: w` and `selected: s` give roles (see `Roles`).
        Statements end with a semicolon or a line; a name that is no plain word stands in double
        quotes. Text that begins with `dag {` or `digraph {`, or has brackets or braces, is read as
        dagitty and Graphviz write it, roles such as `[exposure]` included.

        Parameters
        ----------
        text : str

        Returns
        -------
        Diagram

        Raises
        ------
        ModelError
            If the text is no diagram of a causal model.

        Examples
        --------
        >>> Diagram.parse("z -> x -> y; x <-> y").observed
        ('z', 'x', 'y')
        >>> Diagram.parse("dag { x [exposure] y [outcome] x -> y }").roles.treatment
        ('x',)
        """
        return cls.from_hypergraph(parse(text))

    @classmethod
    def from_networkx(
        cls,
        graph: nx.DiGraph[Any],
        hidden: Iterable[Hashable] = (),
        *,
        confounded: Iterable[Collection[Hashable]] = (),
    ) -> Diagram:
        """Return the causal model of a directed acyclic graph.

        Parameters
        ----------
        graph : networkx.DiGraph
            Edges point from causes to effects. Nodes may carry `levels` (their values in order) and
            roles as flags, as those of `to_networkx` do: `hidden`, `latent` or `observed=False`;
            `treatment` or `exposure`; `outcome`; `adjusted`; `selected`. Edges with `dir="both"`
            are hidden common causes.
        hidden : list of nodes
            The nodes that are not observed, besides those flagged in the graph.
        confounded : list of groups of nodes
            Each group gets one hidden common cause, called `u_` and their names. In an ADMG every
            bidirected edge is a group of two.

        Returns
        -------
        Diagram

        Raises
        ------
        ModelError
            If the graph is undirected or has a cycle, or if a node is unknown.

        Examples
        --------
        >>> import networkx as nx
        >>> graph = nx.DiGraph([("x", "y")])
        >>> Diagram.from_networkx(graph, confounded=[("x", "y")]).hidden
        ('u_x_y',)
        """
        return cls.from_hypergraph(
            causal_graph.from_networkx(graph, hidden, confounded)
        )

    to_networkx = to_networkx
    to_dagitty = to_dagitty
    to_dot = to_dot
    to_lavaan = to_lavaan

    with_levels = with_levels
    without_levels = without_levels
    with_roles = with_roles

    cut = cut
    do = do
    open = open_
    soft = soft
    policy = policy
    edge_do = edge_do
    observe = observe
    marginal = marginal
    normalise = normalise
    twin = twin
    pruned = pruned
    __rshift__ = then
    __matmul__ = beside

    identify = identify
    counterfactual = counterfactual
    explain = explain
    adjustment_sets = adjustment_sets
    front_doors = front_doors
    instruments = instruments
    independent = independent
    independences = independences
    equivalence_class = equivalence_class
    equivalent = equivalent
    additions = additions
    transport = transport
    recover = recover
    comb = district_combs

    __repr__ = to_python

    def __str__(self) -> str:
        """Return the text of a causal model, without levels; `repr` of any other diagram."""
        return to_text(self) or repr(self)

    def draw(
        self,
        before: Diagram | None = None,
        *,
        comb: str | None = None,
        labels: Mapping[str, str] | None = None,
        ax: Axes | None = None,
    ) -> Figure:
        """Return the string diagram as a matplotlib figure, read upwards.

        Parameters
        ----------
        before : Diagram, optional
            The diagram before surgery; it is drawn to the left, with the steps in words below.
        comb : str, optional
            A variable. The mechanisms of its district (all that shares hidden causes with it) are
            tinted as comb f, the others as comb g.
        labels : mapping of arrow, such as "x -> y", to text, optional
            Written beside the wires, such as estimated effects; not beside a picture of before.
        ax : matplotlib.axes.Axes, optional
            Axes to draw into; a larger picture is scaled down.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ModelError
            If the variable of `comb` is unknown, or a child of it is in its district.

        Examples
        --------
        >>> type(Diagram.parse("x -> y").draw()).__name__
        'Picture'
        """
        return figure(scene(self, before, comb, labels), ax)

    def to_svg(
        self,
        before: Diagram | None = None,
        *,
        comb: str | None = None,
        labels: Mapping[str, str] | None = None,
        dark: bool = False,
    ) -> str:
        """Return the picture that `draw` makes, as SVG.

        Parameters
        ----------
        before : Diagram, optional
            The diagram before surgery, drawn to the left.
        comb : str, optional
            A variable whose combs are tinted.
        labels : mapping of arrow to text, optional
        dark : bool
            Light lines on a dark ground. Figures of matplotlib are dark where its style is.

        Returns
        -------
        str

        Raises
        ------
        ModelError
            As for `draw`.

        Examples
        --------
        >>> Diagram.parse("x -> y").to_svg()[:4]
        '<svg'
        >>> ">0.3<" in Diagram.parse("x -> y").to_svg(labels={"x -> y": "0.3"}, dark=True)
        True
        """
        title = "String diagram of " + ", ".join(self.variables)
        return svg(scene(self, before, comb, labels), title, dark)

    def to_tikz(self, before: Diagram | None = None, *, comb: str | None = None) -> str:
        """Return the picture that `draw` makes, as TikZ for LaTeX.

        The text needs the packages tikz and xcolor.

        Parameters
        ----------
        before : Diagram, optional
            The diagram before surgery, drawn to the left.
        comb : str, optional
            A variable whose combs are tinted.

        Returns
        -------
        str

        Raises
        ------
        ModelError
            As for `draw`.

        Examples
        --------
        >>> Diagram.parse("x -> y").to_tikz().split("[")[0]
        '\\\\begin{tikzpicture}'
        """
        return tikz(scene(self, before, comb))

    def _repr_svg_(self) -> str | None:
        """Return the picture that notebooks show; None for a large diagram."""
        return self.to_svg() if len(self.boxes) <= _MAX_BOXES_SHOWN else None
