"""A string diagram in its normal form, a hypergraph: wires that boxes make and take.

A wire has one producer, a box or the diagram's own input, and any number of consumers. A wire taken twice is copied, one taken by nobody is discarded; that
copying is coassociative, commutative and has discarding as its unit thus holds by construction (a CDU category, Jacobs, Kissinger & Zanasi 2019).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, Literal

from causalstats.core.argument_validation import Name, checked
from causalstats.diagrams.core.roles import Roles
from causalstats.errors import ModelError

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from causalstats.diagrams.identification.disintegration import CombDisintegration
    from causalstats.diagrams.identification.identification import Identification
    from causalstats.diagrams.networks.distribution import Distribution

MOST_LEVELS = 10**6  # of one variable; more are numbers, and no levels
Kind = Literal["mechanism", "uniform", "point", "observation"]


@dataclass(frozen=True)
class Wire:
    """What runs along a wire: a variable, in a world.

    Parameters
    ----------
    name : str
    levels : tuple or None
        The values it can have, in order; None where they are not known yet, or are numbers without end.
    world : str
        "" is the actual one; "'" that of a counterfactual.
    """

    name: str
    levels: tuple[Any, ...] | None = None
    world: str = ""

    @property
    def label(self) -> str:
        return f"{self.name}{self.world}"


@dataclass(frozen=True)
class Box:
    """A process from its input wires to its output wires, each by its position in `Diagram.wires`, in the order of its ports.

    Kinds: "mechanism" is to be learned or given; "uniform" gives every level the same probability; "point" is the state that is surely `value`;
    "observation" is the effect that says that its input was `value`. Boxes of one name and kind are one process, wherever they stand.
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    kind: Kind = "mechanism"
    value: Any = None


@dataclass(frozen=True)
class Step:
    """A surgery that made a diagram out of another: its rule ("cut", "do", ...), what it was done to, and the same in words."""

    rule: str
    variables: tuple[str, ...]
    words: str


@dataclass(frozen=True, eq=False, repr=False)
class Diagram:
    """Boxes and wires, and which wires come in from outside and go out to it.

    The diagram of a causal model has no inputs, a box for each variable, and as outputs the variables that are observed; what is hidden is a wire
    that is no output. Variables are called by the labels of their wires. `steps` tells by what surgery it was made, and is no part of what it is:
    diagrams are equal when they are the same hypergraph, whatever the order in which wires and boxes are listed. `roles` says which
    variable is the treatment and the outcome, which are no part of it either, what is adjusted for, and what selects those in the
    data. A variable that selects is no output, since in the data it never varies.
    """

    wires: tuple[Wire, ...]
    boxes: tuple[Box, ...]
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    steps: tuple[Step, ...] = ()
    roles: Roles = Roles()

    def __post_init__(self) -> None:
        made = [*self.inputs, *(wire for box in self.boxes for wire in box.outputs)]
        if sorted(made) != list(range(len(self.wires))):
            raise ModelError(
                f"Expected every wire to be made once, by a box or as an input; {len(self.wires)} wires are made as {sorted(made)}."
            )
        taken = [*self.outputs, *(wire for box in self.boxes for wire in box.inputs)]
        if not set(taken) <= set(made):
            raise ModelError(
                f"Expected boxes and outputs to take wires 0 to {len(self.wires) - 1}; got {sorted(set(taken) - set(made))}."
            )
        takes = {wire: box.inputs for box in self.boxes for wire in box.outputs}
        try:
            TopologicalSorter(takes).prepare()
        except CycleError as error:
            raise cycle_error([self.wires[wire].label for wire in error.args[1]]) from None
        if unknown := self.roles.variables - {wire.label for wire in self.wires}:
            raise ModelError(
                f"Expected roles of variables of the diagram ({', '.join(self.variables)}), got one of {min(unknown)!r}."
            )

    def __eq__(self, other: object) -> bool:
        from causalstats.diagrams.core.equality import equal

        return equal(self, other) if isinstance(other, Diagram) else NotImplemented

    def __hash__(self) -> int:
        from causalstats.diagrams.core.equality import digest

        return digest(self)

    def __repr__(self) -> str:
        from causalstats.diagrams.formats.python_code import written

        return written(self)

    def __str__(self) -> str:
        """The short text of a causal model, without levels; of other diagrams what `repr` gives."""
        from causalstats.diagrams.formats.python_code import notation

        return notation(self) or repr(self)

    def __rshift__(self, after: Diagram) -> Diagram:
        from causalstats.diagrams.core.algebra import then

        return then(self, after)

    def __matmul__(self, right: Diagram) -> Diagram:
        from causalstats.diagrams.core.algebra import beside

        return beside(self, right)

    @property
    def dom(self) -> tuple[Wire, ...]:
        """The wires that come in, in order."""
        return tuple(self.wires[wire] for wire in self.inputs)

    @property
    def cod(self) -> tuple[Wire, ...]:
        """The wires that go out, in order."""
        return tuple(self.wires[wire] for wire in self.outputs)

    @classmethod
    def parse(cls, text: str) -> Diagram:
        """The causal model that a text describes, such as "smoking -> tar -> cancer; smoking <-> cancer".

        `a, b -> c` is an arrow from each, `a <-> b` a hidden common cause of the two, `hidden: h -> a, b, c` one that is named and has any
        number of effects. `treatment: x`, `outcome: y`, `adjusted: w` and `selected: s` give roles (see `Roles`). Statements end with a
        semicolon or a line; a name that is no plain word stands in double quotes. Text that begins with `dag {` or `digraph {`, or has
        brackets or braces, is read as dagitty and Graphviz write it, roles such as `[exposure]` included.

        Parameters
        ----------
        text : str

        Returns
        -------
        Diagram

        Raises
        ------
        ModelError
            If the text is no diagram of a causal model, whatever else it is.

        Examples
        --------
        >>> Diagram.parse("z -> x -> y; x <-> y").observed
        ('z', 'x', 'y')
        >>> Diagram.parse("dag { x [exposure] y [outcome] x -> y }").roles.treatment
        ('x',)
        """
        from causalstats.diagrams.formats.dot import is_dot, read_dot
        from causalstats.diagrams.formats.notation import read

        if not isinstance(text, str):
            raise ModelError(
                f"Expected a diagram as text, such as 'x -> y; x <-> y', got {type(text).__name__}: {text!r}."
            )
        return read_dot(text) if is_dot(text) else read(text)

    @classmethod
    def from_networkx(
        cls,
        graph: nx.DiGraph,
        hidden: Iterable[Hashable] = (),
        *,
        confounded: Iterable[Collection[Hashable]] = (),
    ) -> Diagram:
        """The causal model of a directed acyclic graph from causes to effects.

        Parameters
        ----------
        graph
            Its nodes may carry `levels` (their values in order) and roles as flags, as those of `to_networkx` do: `hidden`, `latent` or
            `observed=False`; `treatment` or `exposure`; `outcome`; `adjusted`; `selected`. Edges with `dir="both"` are hidden common causes.
        hidden
            The nodes that are not observed, besides those that say so themselves.
        confounded
            Groups of nodes; each group gets one hidden common cause, `u_` and their names. In an ADMG every bidirected edge is a group of two.
        """
        from causalstats.diagrams.formats.causal_graph import network

        return network(graph, hidden, confounded)

    def to_networkx(self) -> nx.DiGraph:
        """Variables as nodes with `hidden` and `levels`, an edge from each cause to each effect, causes in the order of their ports."""
        from causalstats.diagrams.formats.causal_graph import graph_of

        return graph_of(self)

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(wire.label for wire in self.wires)

    @property
    def observed(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.wires[wire].label for wire in self.outputs))

    @property
    def hidden(self) -> tuple[str, ...]:
        seen = {*self.inputs, *self.outputs}
        return tuple(wire.label for position, wire in enumerate(self.wires) if position not in seen)

    @property
    def is_network(self) -> bool:
        """Whether it is the diagram of a causal model: nothing comes in, and every variable has a name and a box of its own."""
        alone = all(len(box.outputs) == 1 for box in self.boxes)
        return alone and not self.inputs and len(set(self.variables)) == len(self.wires)

    def position(self, variable: str) -> int:
        """Where in `wires` a variable is; an error that names those there are if it is not."""
        found = [position for position, wire in enumerate(self.wires) if wire.label == variable]
        if len(found) == 1:
            return found[0]
        if found:
            raise ModelError(
                f"Expected one wire called {variable!r}, got {len(found)}; surgery needs a diagram whose wires have names of their own."
            )
        near = get_close_matches(str(variable), self.variables, n=1)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        raise ModelError(
            f"Expected a variable of the diagram ({', '.join(self.variables)}), got {variable!r}.{meant}"
        )

    def maker(self, variable: str) -> Box | None:
        """The box whose output a variable is; None for an input of the diagram."""
        wire = self.position(variable)
        return next((box for box in self.boxes if wire in box.outputs), None)

    def parents(self, variable: str) -> tuple[str, ...]:
        """What the mechanism of a variable reads, in the order of its ports."""
        box = self.maker(variable)
        return () if box is None else tuple(self.wires[wire].label for wire in box.inputs)

    def children(self, variable: str) -> tuple[str, ...]:
        """The variables whose mechanisms read this one."""
        wire = self.position(variable)
        return tuple(
            self.wires[made].label
            for box in self.boxes
            if wire in box.inputs
            for made in box.outputs
        )

    def with_levels(self, levels: Mapping[str, Sequence[Any] | int]) -> Diagram:
        """The same diagram with the values that variables can have, in every world; a number n stands for 0 to n - 1."""
        if not isinstance(levels, Mapping):
            raise ModelError(
                f"Expected a mapping of variables to their levels, such as {{'x': ('no', 'yes')}}, got {levels!r}."
            )
        name_of = {wire.label: wire.name for wire in self.wires} | {
            wire.name: wire.name for wire in self.wires
        }
        given = {
            self._name_in(name_of, variable): as_levels(variable, values)
            for variable, values in levels.items()
        }
        return replace(
            self,
            wires=tuple(
                replace(wire, levels=given.get(wire.name, wire.levels)) for wire in self.wires
            ),
        )

    def _name_in(self, names: Mapping[str, str], variable: str) -> str:
        """The name of a wire of that label or name; an error if there is none."""
        if isinstance(variable, str) and variable in names:
            return names[variable]
        return self.wires[self.position(variable)].name

    def with_roles(
        self,
        *,
        treatment: str | Iterable[str] | None = None,
        outcome: str | Iterable[str] | None = None,
        adjusted: str | Iterable[str] | None = None,
        selected: str | Iterable[str] | None = None,
    ) -> Diagram:
        """Return the same causal model with other roles; a role that is not named stays, and `()` takes it away.

        A variable that selects is no output. One that no longer selects is observed.

        Parameters
        ----------
        treatment, outcome, adjusted, selected : str or list of str, optional

        Returns
        -------
        Diagram

        Raises
        ------
        ModelError
            If a variable is unknown, or would have two roles.

        Examples
        --------
        >>> case_control = Diagram.parse("x -> y -> s").with_roles(selected="s")
        >>> case_control.observed
        ('x', 'y')
        >>> case_control.with_roles(selected=()).observed
        ('x', 'y', 's')
        """
        said = {
            "treatment": treatment,
            "outcome": outcome,
            "adjusted": adjusted,
            "selected": selected,
        }
        new = {name: _several(names) for name, names in said.items() if names is not None}
        for name in (name for names in new.values() for name in names):
            self.position(name)
        roles = replace(self.roles, **new)
        gone = {self.position(name) for name in roles.selected}
        back = {self.position(name) for name in self.roles.selected} - gone
        outputs = {*self.outputs} | back
        if new.get("selected") is None:
            return replace(self, roles=roles)
        kept = [wire for wire in self.outputs if wire not in gone]
        added = [wire for wire in range(len(self.wires)) if wire in outputs - {*self.outputs}]
        return replace(self, outputs=(*kept, *added), roles=roles)

    def without_levels(self) -> Diagram:
        """The same diagram with nothing said of the values that variables can have."""
        return replace(self, wires=tuple(replace(wire, levels=None) for wire in self.wires))

    def to_dagitty(self) -> str:
        """The causal model as text for dagitty.net, roles included; hidden variables are latent, levels are left out."""
        from causalstats.diagrams.formats.dot import dagitty_of

        return dagitty_of(self)

    def to_dot(self) -> str:
        """The causal model as text for Graphviz, roles as flags; hidden variables are dashed, levels are left out."""
        from causalstats.diagrams.formats.dot import dot_of

        return dot_of(self)

    def draw(
        self, before: Diagram | None = None, *, comb: str | None = None, ax: Axes | None = None
    ) -> Figure:
        """The diagram as a matplotlib figure, read upwards.

        Parameters
        ----------
        before
            The diagram that surgery made this one out of; it is drawn to the left, and what was done is said below.
        comb
            A variable at which to take the diagram apart: its mechanism and what shares hidden causes with it is tinted as f, the rest as g.
        ax
            Axes to draw into; what does not fit is made smaller.
        """
        from causalstats.diagrams.drawing.matplotlib_figure import figure
        from causalstats.diagrams.drawing.picture import scene

        return figure(scene(self, before, comb), ax)

    def to_svg(self, before: Diagram | None = None, *, comb: str | None = None) -> str:
        """What `draw` draws as SVG."""
        from causalstats.diagrams.drawing.picture import scene
        from causalstats.diagrams.drawing.svg import svg

        return svg(scene(self, before, comb), "String diagram of " + ", ".join(self.variables))

    def to_tikz(self, before: Diagram | None = None, *, comb: str | None = None) -> str:
        """What `draw` draws as TikZ, for LaTeX with the packages tikz and xcolor."""
        from causalstats.diagrams.drawing.picture import scene
        from causalstats.diagrams.drawing.tikz import tikz

        return tikz(scene(self, before, comb))

    def _repr_svg_(self) -> str | None:
        return (
            self.to_svg() if len(self.boxes) <= 60 else None
        )  # beyond that it takes seconds, and one would not ask for it in passing

    def cut(self, *variables: str) -> Diagram:
        """Each of these variables is drawn uniformly, whatever its causes; see `surgery.cut`."""
        from causalstats.diagrams.core.surgery import cut

        return cut(self, *variables)

    def do(self, values: Mapping[str, Any]) -> Diagram:
        """Each of these variables is set to its value; see `surgery.do`."""
        from causalstats.diagrams.core.surgery import do

        return do(self, values)

    def open(self, *variables: str) -> Diagram:
        """Each of these variables comes in from outside; see `surgery.open_`."""
        from causalstats.diagrams.core.surgery import open_

        return open_(self, *variables)

    @checked(ModelError)
    def soft(self, variable: Name, name: Name) -> Diagram:
        """A new mechanism of that name, with the same causes; see `surgery.soft`."""
        from causalstats.diagrams.core.surgery import soft

        return soft(self, variable, name)

    @checked(ModelError)
    def policy(self, variable: Name, reads: Sequence[Name] = (), *, name: str = "") -> Diagram:
        """A new mechanism that reads other variables; see `surgery.policy`."""
        from causalstats.diagrams.core.surgery import policy

        return policy(self, variable, reads, name=name)

    def edge_do(self, cause: str, effect: str, value: Any) -> Diagram:
        """One effect of a cause reads a value in its place; see `surgery.edge_do`."""
        from causalstats.diagrams.core.surgery import edge_do

        return edge_do(self, cause, effect, value)

    def observe(self, values: Mapping[str, Any]) -> Diagram:
        """Each of these variables was seen to have its value; see `surgery.observe`."""
        from causalstats.diagrams.core.surgery import observe

        return observe(self, values)

    def marginal(self, *variables: str) -> Diagram:
        """Only these variables go out, in this order; see `surgery.marginal`."""
        from causalstats.diagrams.core.surgery import marginal

        return marginal(self, *variables)

    @checked(ModelError)
    def twin(
        self, worlds: Sequence[Name] = ("'",), *, deterministic: Sequence[Name] = ()
    ) -> Diagram:
        """The actual world and others that share its hidden roots and noise; see `worlds.twin`."""
        from causalstats.diagrams.core.twin import twin

        return twin(self, worlds, deterministic=deterministic)

    def pruned(self) -> Diagram:
        """Without the boxes that nothing that goes out or was observed depends on; see `pruning.pruned`."""
        from causalstats.diagrams.core.pruning import pruned

        return pruned(self)

    def comb(self, joint: Distribution, treatment: str) -> CombDisintegration:
        """A joint distribution as two combs: f has the treatment and all that shares hidden causes with it, g the rest.

        Where no child of the treatment is in f, `do` and `cut` of the answer are the intervention; else they say why not.

        Parameters
        ----------
        joint : Distribution
            Of observed variables.
        treatment : str

        Returns
        -------
        CombDisintegration

        Raises
        ------
        ModelError
            If a variable is not observed, or f would have all of them.

        See Also
        --------
        causalstats.diagrams.comb_disintegrate : with other outputs of f.
        """
        from causalstats.diagrams.identification.disintegration import comb_of

        return comb_of(joint, self, treatment)

    def identify(
        self,
        outcome: str | Iterable[str] | None = None,
        do: str | Iterable[str] | None = None,
        given: str | Iterable[str] = (),
    ) -> Identification:
        """Whether P(outcome | do, given) follows from what is observed, by which formula and why.

        Parameters
        ----------
        outcome, do : str or list of str, optional
            Those with the roles outcome and treatment where they are left out; `do=()` asks for what is seen.
        given : str or list of str

        Returns
        -------
        Identification

        Raises
        ------
        ModelError
            If a variable is unknown, hidden or named in two places, or if no role says what is left out.

        See Also
        --------
        causalstats.diagrams.identify : the same as a function.

        Examples
        --------
        >>> Diagram.parse("z -> x, y; x -> y").identify("y", do="x").criteria[0]
        Criterion(name='back-door', variables=('z',), ...
        """
        from causalstats.diagrams.identification.identification import identify

        return identify(self, outcome, do, given)


def _several(names: str | Iterable[str]) -> tuple[str, ...]:
    from causalstats.diagrams.core import arguments

    return arguments.names("role", names)


def cycle_error(variables: Sequence[object]) -> ModelError:
    """What to say of causes that go round in a circle; the first variable is also the last."""
    return ModelError(
        f"Expected a diagram without cycles, got {' -> '.join(map(str, variables))}. "
        "Write a common cause of two variables as a <-> b; write feedback as variables at several times."
    )


def as_levels(name: str, values: Sequence[Any] | int) -> tuple[Any, ...]:
    """The values a variable can have, as plain Python ones."""
    plain = values.tolist() if hasattr(values, "tolist") else values
    if isinstance(plain, int) and not isinstance(plain, bool) and 0 < plain <= MOST_LEVELS:
        return tuple(range(plain))
    if isinstance(plain, str | bytes) or not isinstance(plain, Sequence):
        raise ModelError(
            f"Expected the levels of {name!r} as a sequence such as ('no', 'yes') or as their number, got {values!r}."
        )
    try:
        different = min(len(set(plain)), len(set(map(str, plain))))
    except TypeError:
        raise ModelError(
            f"Expected each level of {name!r} to be a number or a word, got {list(plain)!r}."
        ) from None
    if len(plain) == 0 or different < len(plain):
        raise ModelError(
            f"Expected the levels of {name!r} to be one or more and all different, got {list(plain)}."
        )
    return tuple(plain)
