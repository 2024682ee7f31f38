"""Disintegration of joint distributions into channels and combs, and interventions from these.

    ω(a, b) = ω(a) c(b | a)                 a channel c, unique where ω(a) > 0
    ω(a, b, c) = g(b | a) f(a, c | b)       a channel g and a comb f with Σ_c f(a, c | b) free of b:
    g = ω(b | a), f = ω(a) ω(c | a, b)      unique where ω(a) > 0, and where ω(a, b) > 0 or ω(a) = 0

and likewise for combs with any number of outputs, along an order of the variables. Cutting a in f
and composing again gives the intervention, g(b | a) Σ_a' f(a', c | b). Nothing is divided by zero:
a cell that is not determined is NaN, between bounds.

Every joint distribution has f and g; only the diagram says that cutting a in f is the intervention.
Let D be the district of a. Along a topological order Q[D] is the product of P(v | all before v)
over D, and Q[D ∖ a] = Σ_a Q[D] if and only if no child of a is in D. Every v whose factor depends
on a must then be in f if v is in D, and in g if not. By the diagram, the factor of v depends on a
where a is in the district of v among the variables before v, or is a parent of a member of that
district. The condition on children of a, that on f and that on g are checked.

References
----------
Cho & Jacobs (2019), Disintegration and Bayesian inversion via string diagrams, MSCS 29.
Jacobs, Kissinger & Zanasi (2019), Causal inference by string diagram surgery, FoSSaCS.
Tian & Pearl (2002), A general identification condition for causal effects, AAAI, theorem 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.diagrams.identification.mixed_graph import MixedGraph, as_mixed_graph
from causalstats.diagrams.identification.selection_bias import refuse_selection
from causalstats.diagrams.networks.distribution import Distribution
from causalstats.errors import ModelError
from causalstats.numerics.discrete import combs


@dataclass(frozen=True, eq=False, repr=False)
class Disintegration:
    """A channel or comb between bounds, which differ where the joint does not determine it.

    Parameters
    ----------
    lower, upper : Distribution
        The smallest and the largest possible value of each cell.

    Examples
    --------
    >>> joint = Distribution.joint([[0.2, 0.8], [0.0, 0.0]], {"x": 2, "y": 2})
    >>> disintegrate(joint, "x").free_cells
    ({'x': 1},)
    """

    lower: Distribution
    upper: Distribution

    @property
    def channel(self) -> Distribution:
        """The values, NaN where they are not determined."""
        return replace(
            self.lower, values=np.where(self._free, np.nan, self.lower.values)
        )

    @property
    def unique(self) -> bool:
        """Whether every cell is determined."""
        return not self._free.any()

    @property
    def free_cells(self) -> tuple[dict[str, Any], ...]:
        """The cells not determined in some draw: levels by variable.

        A variable that makes no difference is left out.
        """
        variables = list(self.lower.variables)
        levels = list(self.lower.levels)
        free = self._free.any(axis=tuple(range(self._free.ndim - len(variables))))
        for axis in reversed(range(len(variables))):
            if free.ndim > 1 and (free.any(axis=axis) == free.all(axis=axis)).all():
                free = free.any(axis=axis)
                del variables[axis], levels[axis]
        cells = []
        for numbers in np.argwhere(free):
            places = zip(variables, levels, numbers, strict=True)
            cells.append({name: names[number] for name, names, number in places})
        return tuple(cells)

    @property
    def _free(self) -> np.ndarray:
        return self.upper.values > self.lower.values

    def __repr__(self) -> str:
        if self.unique:
            return repr(self.channel)
        cells = []
        for cell in self.free_cells:
            cells.append(", ".join(f"{name}={level!r}" for name, level in cell.items()))
        return f"{self.channel!r}\nnot determined at: {'; '.join(cells)}"


@dataclass(frozen=True, eq=False)
class CombDisintegration:
    """A joint distribution as the composition of two combs, f and g; each feeds the other.

    Parameters
    ----------
    f, g : Disintegration
    order : tuple of str
        All variables, in the order along which the combs were taken.
    graph : MixedGraph or None
        The diagram on these variables, without which no intervention follows.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> joint = Distribution.joint([[0.4, 0.1], [0.1, 0.4]], {"x": 2, "y": 2})
    >>> split = Diagram.parse("x -> y").comb(joint, "x")
    >>> split.g.channel.title
    'g'
    """

    f: Disintegration
    g: Disintegration
    order: tuple[str, ...]
    graph: MixedGraph | None = None

    def do(
        self,
        treatment: str,
        outcome: str | Sequence[str],
        *,
        by_natural: bool = False,
    ) -> Disintegration:
        """Return P(outcome | do(treatment)) at every level of the treatment.

        The treatment that g reads is set, and the one that f makes is summed over.

        Parameters
        ----------
        treatment : str
            An output of f.
        outcome : str or list of str
        by_natural : bool
            Keep the natural value of the treatment as one more outcome; the answer divided by its
            probability is the effect on those who would have had it.

        Returns
        -------
        Disintegration

        Raises
        ------
        ModelError
            If no diagram was given, if a child of the treatment shares hidden causes with it, if f
            is not its district, or if the order puts an effect before its cause. Then no cut of f
            is the intervention; `diagram.identify` may find another formula.

        Examples
        --------
        >>> from causalstats import Diagram
        >>> joint = Distribution.joint([[0.4, 0.1], [0.1, 0.4]], {"x": 2, "y": 2})
        >>> Diagram.parse("x -> y").comb(joint, "x").do("x", "y").channel.values
        array([[0.8, 0.2],
               [0.2, 0.8]])
        """
        outcomes = arguments.names("outcome", outcome)
        inside = [
            name for name in self.f.lower.variables if name not in self.f.lower.opened
        ]
        if treatment not in inside or treatment in outcomes:
            raise ModelError(
                f"Expected as treatment an output of f ({', '.join(inside)}) that is no outcome, "
                f"got {treatment!r}."
            )
        _check_cut_is_intervention(self.graph, self.order, inside, treatment, outcomes)
        lower = _composed(
            self.f.lower, self.g.lower, self.order, treatment, outcomes, by_natural
        )
        upper = _composed(
            self.f.upper, self.g.upper, self.order, treatment, outcomes, by_natural
        )
        outcome_axes = tuple(range(-len(outcomes) - by_natural, 0))
        total = lower.values.sum(axis=outcome_axes, keepdims=True)
        most = 1 - (
            total - lower.values
        )  # the other outcomes have at least their lower bounds
        free = upper.values > lower.values
        values = np.where(free, np.minimum(upper.values, most), lower.values)
        return Disintegration(lower, replace(upper, values=values))

    def cut(self, treatment: str) -> Distribution:
        """Return the joint distribution after the cut of the treatment, which makes it uniform.

        Parameters
        ----------
        treatment : str
            An output of f.

        Returns
        -------
        Distribution

        Raises
        ------
        ModelError
            As for `do`.

        Examples
        --------
        >>> from causalstats import Diagram
        >>> joint = Distribution.joint([[0.4, 0.1], [0.1, 0.4]], {"x": 2, "y": 2})
        >>> Diagram.parse("x -> y").comb(joint, "x").cut("x").values
        array([[0.4, 0.1],
               [0.1, 0.4]])
        """
        others = [name for name in self.order if name != treatment]
        channel = self.do(treatment, others).channel
        axis = channel.values.ndim - len(channel.variables)
        values = channel.values / channel.values.shape[axis]
        return replace(channel, values=values, title=f"cut({treatment})", opened=())


def _composed(
    f: Distribution,
    g: Distribution,
    order: Sequence[str],
    treatment: str,
    outcomes: tuple[str, ...],
    by_natural: bool,
) -> Distribution:
    """g composed with f, in which the treatment is cut off.

    Parameters
    ----------
    f, g : Distribution
    order : list of str
        All variables.
    treatment : str
    outcomes : tuple of str
    by_natural : bool
        Keep the treatment that f makes as an outcome, instead of summing over it.
    """
    axis = {name: number for number, name in enumerate(order)}
    natural = len(order)  # the axis of the treatment that f makes
    f_axes = [natural if name == treatment else axis[name] for name in f.variables]
    g_axes = [axis[name] for name in g.variables]
    levels = dict(zip(f.variables, f.levels, strict=True))
    levels |= dict(zip(g.variables, g.levels, strict=True))
    natural_name = f"natural {treatment}"
    axis[natural_name] = natural
    levels[natural_name] = levels[treatment]
    names = (treatment, *[natural_name] * by_natural, *outcomes)
    operands: list[Any] = [f.values, [..., *f_axes], g.values, [..., *g_axes]]
    operands += [
        np.ones(len(levels[treatment])),
        [axis[treatment]],
    ]  # should g not read it
    values = np.einsum(*operands, [..., *(axis[name] for name in names)])
    title = f"P({', '.join(names[1:])} | do({treatment}))"
    return Distribution(
        names, tuple(levels[name] for name in names), values, title, (treatment,)
    )


def disintegrate(joint: Distribution, given: str | Sequence[str]) -> Disintegration:
    """Return the channel ω(b | a) from some variables of a joint distribution to the others.

    Parameters
    ----------
    joint : Distribution
    given : str or list of str

    Returns
    -------
    Disintegration

    Raises
    ------
    ModelError
        If `given` is none or all of the variables.

    Examples
    --------
    >>> joint = Distribution.joint([[0.4, 0.1], [0.1, 0.4]], {"x": 2, "y": 2})
    >>> disintegrate(joint, "x").channel.values
    array([[0.8, 0.2],
           [0.2, 0.8]])
    """
    causes = _some_of(joint, given)
    others = [name for name in joint.variables if name not in causes]
    title = f"P({', '.join(others)} | {', '.join(causes)})"
    return _comb(_reordered(joint, [*causes, *others]), others, title)


def comb_disintegrate(
    joint: Distribution,
    outputs: str | Sequence[str],
    order: Sequence[str] | None = None,
    *,
    diagram: Hypergraph | MixedGraph | None = None,
) -> CombDisintegration:
    """Return a joint distribution as a comb f with some of its variables as outputs and a comb g.

    Each comb is the product of P(v | all before v) over its outputs.

    Parameters
    ----------
    joint : Distribution
    outputs : str or list of str
        The outputs of f: for an intervention, the district of the treatment (all that shares
        hidden causes with it, directly or through others).
    order : list of str, optional
        All variables in topological order. By default the order of the joint distribution or,
        where the diagram contradicts that, the order of the diagram.
    diagram : Diagram or MixedGraph, optional
        The causal model. `do` and `cut` need it: a joint distribution can be taken apart in many
        ways, and only the diagram says which of them are interventions.

    Returns
    -------
    CombDisintegration

    Raises
    ------
    ModelError
        If outputs or order are not of the joint distribution's variables, or these are not observed
        in the diagram.

    See Also
    --------
    Diagram.comb : f is the district of a treatment.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> smoking = Diagram.parse("smoking -> tar -> cancer; smoking <-> cancer")
    >>> cells = np.reshape([0.5, 0.1, 0.01, 0.02, 0.1, 0.05, 0.02, 0.2], (2, 2, 2))
    >>> joint = Distribution.joint(cells, {"smoking": 2, "tar": 2, "cancer": 2})
    >>> split = comb_disintegrate(joint, ["smoking", "cancer"], diagram=smoking)
    >>> split.do("smoking", "cancer").channel.values.round(4)
    array([[0.7465, 0.2535],
           [0.4577, 0.5423]])
    """
    inside = _some_of(joint, outputs)
    graph = None if diagram is None else _graph_on(diagram, joint)
    if (
        order is None
        and graph is not None
        and not _is_topological(graph, joint.variables)
    ):
        order = graph.nodes
    ordered = joint if order is None else _reordered(joint, order)
    outside = [name for name in ordered.variables if name not in inside]
    f = _comb(ordered, inside, "f")
    g = _comb(ordered, outside, "g")
    return CombDisintegration(f, g, ordered.variables, graph)


def district_combs(
    diagram: Hypergraph | MixedGraph,
    joint: Distribution,
    treatment: str,
) -> CombDisintegration:
    """Return a joint distribution as two combs: f is the district of the treatment, g the rest.

    Where no child of the treatment is in f, `do` and `cut` of the result are the intervention;
    elsewhere they raise an error that says why not.

    Parameters
    ----------
    diagram : Diagram or MixedGraph
    joint : Distribution
        The joint distribution of observed variables.
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

    Examples
    --------
    >>> from causalstats import Diagram
    >>> joint = Distribution.joint([[0.4, 0.1], [0.1, 0.4]], {"x": 2, "y": 2})
    >>> Diagram.parse("x -> y").comb(joint, "x").order
    ('x', 'y')
    """
    remedy = "Make one with `Distribution.joint`."
    arguments.instance(Distribution, "the joint distribution", joint, remedy)
    graph = _graph_on(diagram, joint)
    graph.bit_set([treatment])  # an error where it is not observed
    return comb_disintegrate(joint, _district(graph, treatment), diagram=diagram)


def _district(graph: MixedGraph, variable: str) -> tuple[str, ...]:
    return next(district for district in graph.districts() if variable in district)


def _graph_on(diagram: Hypergraph | MixedGraph, joint: Distribution) -> MixedGraph:
    """The latent projection of a diagram on the variables of a joint distribution."""
    graph = as_mixed_graph(diagram)
    refuse_selection(graph, "an intervention by combs")
    graph.bit_set(joint.variables)  # an error where one is not observed
    rest = [name for name in graph.nodes if name not in joint.variables]
    return MixedGraph.projected(graph.nodes, graph.directed, rest, graph.bidirected)


def _is_topological(graph: MixedGraph, order: Sequence[str]) -> bool:
    rank = {name: number for number, name in enumerate(order)}
    return all(rank[cause] < rank[effect] for cause, effect in graph.directed)


def _check_cut_is_intervention(
    graph: MixedGraph | None,
    order: Sequence[str],
    inside: Sequence[str],
    treatment: str,
    outcomes: Sequence[str],
) -> None:
    """Raise an error unless cutting the treatment in f is the intervention on it.

    Parameters
    ----------
    graph : MixedGraph or None
    order : list of str
        All variables.
    inside : list of str
        The outputs of f.
    treatment : str
    outcomes : list of str
    """
    if graph is None:
        raise ModelError(
            "Expected to be told the diagram: that cutting the treatment in f is the intervention "
            "follows from no joint distribution. Say `comb_disintegrate(..., diagram=diagram)`, or "
            "`diagram.comb(joint, treatment)`."
        )
    _check_topological(graph, order)
    district = _district(graph, treatment)
    for name in district:
        if (treatment, name) in graph.directed:
            raise ModelError(
                f"Expected no child of {treatment!r} in f, got {name!r}, which shares hidden "
                f"causes with it: cutting {treatment} in f leaves in place what it does to {name}. "
                f"Ask `diagram.identify({list(outcomes)}, do={treatment!r})`, which looks for any "
                "formula."
            )
    _check_outputs_of_f(graph, order, inside, treatment)


def _check_topological(graph: MixedGraph, order: Sequence[str]) -> None:
    for cause, effect in sorted(graph.directed):
        if order.index(cause) > order.index(effect):
            raise ModelError(
                "Expected an order in which causes come before their effects; "
                f"{effect!r} comes before {cause!r}. Leave `order` out to take the diagram's."
            )


def _check_outputs_of_f(
    graph: MixedGraph,
    order: Sequence[str],
    inside: Sequence[str],
    treatment: str,
) -> None:
    """Raise an error unless f has the district, and g what else depends on the treatment.

    Parameters
    ----------
    graph : MixedGraph
    order, inside : list of str
        All variables, and the outputs of f.
    treatment : str
    """
    district = _district(graph, treatment)
    first_after = order.index(treatment) + 1
    for number, name in enumerate(order[first_after:], start=first_after):
        before = graph.subgraph(order[: number + 1])
        part = _district(before, name)
        depends = treatment in part or treatment in before.parents(*part)
        if not depends or (name in inside) == (name in district):
            continue
        if name in district:
            why = f"{name!r} shares hidden causes with {treatment!r}, and is not in f"
        else:
            why = f"{name!r} shares none with {treatment!r} and depends on it, and is in f"
        raise ModelError(
            f"Expected f to have what shares hidden causes with {treatment!r}, and nothing else "
            f"that depends on it; {why}. Say outputs={list(district)!r}, or "
            f"`diagram.comb(joint, {treatment!r})`."
        )


def _comb(
    joint: Distribution,
    outputs: Sequence[str],
    title: str,
) -> Disintegration:
    """The product of P(v | all before v) over the outputs, between bounds.

    Parameters
    ----------
    joint : Distribution
    outputs : list of str
    title : str
    """
    axes = len(joint.variables)
    batch_axes = joint.values.ndim - axes
    members = sorted(joint.variables.index(name) for name in outputs)
    last = members[-1]
    inputs = [axis for axis in range(last) if axis not in members]
    kept = (*inputs, *members)
    names = tuple(joint.variables[axis] for axis in kept)
    levels = tuple(joint.levels[axis] for axis in kept)
    order = [*range(batch_axes), *(batch_axes + axis for axis in kept)]
    bounds = [
        values.reshape(values.shape[: batch_axes + last + 1]).transpose(order)
        for values in combs.comb(joint.values, members, axes)
    ]
    lower, upper = (
        Distribution(names, levels, values, title, names[: len(inputs)])
        for values in bounds
    )
    return Disintegration(lower, upper)


def _some_of(joint: Distribution, names: str | Sequence[str]) -> list[str]:
    """Some but not all variables of a joint distribution, which has no inputs."""
    remedy = "Make one with `Distribution.joint`."
    arguments.instance(Distribution, "the joint distribution", joint, remedy)
    chosen = list(arguments.names("outputs", names))
    if joint.opened:
        raise ModelError(
            f"Expected a joint distribution, got one for each level of {', '.join(joint.opened)}."
        )
    proper = set(chosen) < set(joint.variables)
    if not proper or not chosen or len(set(chosen)) < len(chosen):
        raise ModelError(
            f"Expected some but not all of {', '.join(joint.variables)}, each once; "
            f"got {', '.join(map(str, chosen)) or 'none'}."
        )
    return chosen


def _reordered(joint: Distribution, order: Sequence[str]) -> Distribution:
    order = arguments.names("order", order)
    if sorted(order) != sorted(joint.variables):
        raise ModelError(
            f"Expected an order of all variables ({', '.join(joint.variables)}), "
            f"got {', '.join(order)}."
        )
    return replace(joint.marginal(*order), title=joint.title)
