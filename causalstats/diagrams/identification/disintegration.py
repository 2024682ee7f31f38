"""Disintegration: channels and combs out of a joint distribution, with the cells that it leaves open.

    ω(a, b) = ω(a) c(b | a)                     a channel c, unique where ω(a) > 0
    ω(a, b, c) = g(b | a) f(a, c | b)           a channel g and a comb f with Σ_c f(a, c | b) free of b:
    g = ω(b | a), f = ω(a) ω(c | a, b)          unique where ω(a) > 0, and where ω(a, b) > 0 or ω(a) = 0

and likewise for combs with any number of outputs, along an order of the variables. Cutting a in f and putting the two together again gives the intervention,
g(b | a) Σ_a' f(a', c | b). Nothing is divided by zero: an open cell is NaN, between bounds.

That f and g exist is a fact of any joint distribution; that cutting a in f is the intervention is a fact of the diagram. Let D be the
district of a, all that shares hidden causes with it. Along an order that puts causes first Q[D] is the product of P(v | all before v)
over D, and Q[D ∖ a] = Σ_a Q[D] if and only if nothing in D is reached from a within D: if no child of a is in D. Then f and g serve
where f has those v in D, and g those outside, whose factor depends on a; by the diagram it does where a is in D's part before v or is
a parent of that. All three are checked.

References
----------
Cho & Jacobs (2019), Disintegration and Bayesian inversion via string diagrams.
Jacobs, Kissinger & Zanasi (2019), Causal inference by string diagram surgery.
Tian & Pearl (2002), A general identification condition for causal effects, theorem 3: no child of a in the district of a.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from causalstats.diagrams.core import arguments
from causalstats.diagrams.diagram import Diagram
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.diagrams.identification.selection_bias import refuse_selection
from causalstats.diagrams.networks.distribution import Distribution
from causalstats.errors import ModelError
from causalstats.numerics.discrete import combs


@dataclass(frozen=True, eq=False, repr=False)
class Disintegration:
    """A channel or comb: its lowest and highest possible values, which differ in the cells that the joint distribution does not determine."""

    lower: Distribution
    upper: Distribution

    @property
    def channel(self) -> Distribution:
        """The values, NaN where they are not determined."""
        return replace(self.lower, values=np.where(self._free, np.nan, self.lower.values))

    @property
    def unique(self) -> bool:
        return not self._free.any()

    @property
    def free_cells(self) -> tuple[dict[str, Any], ...]:
        """Where it is not determined, in some draw if there are many: levels by variable, a variable that makes no difference left out."""
        variables, levels = list(self.lower.variables), list(self.lower.levels)
        free = self._free.any(axis=tuple(range(self._free.ndim - len(variables))))
        for axis in reversed(range(len(variables))):
            if free.ndim > 1 and (free.any(axis=axis) == free.all(axis=axis)).all():
                free = free.any(axis=axis)
                del variables[axis], levels[axis]
        return tuple(
            {name: names[at] for name, names, at in zip(variables, levels, place, strict=True)}
            for place in np.argwhere(free)
        )

    @property
    def _free(self) -> np.ndarray:
        return self.upper.values > self.lower.values

    def __repr__(self) -> str:
        if self.unique:
            return repr(self.channel)
        cells = "; ".join(
            ", ".join(f"{name}={level!r}" for name, level in cell.items())
            for cell in self.free_cells
        )
        return f"{self.channel!r}\nnot determined at: {cells}"


@dataclass(frozen=True, eq=False)
class CombDisintegration:
    """A joint distribution as two combs, f and g, whose product it is; each feeds the other.

    Parameters
    ----------
    f, g : Disintegration
    order : tuple of str
        All variables, along which the combs were taken.
    graph : MixedGraph or None
        What the diagram says of these variables, without which no intervention follows.
    """

    f: Disintegration
    g: Disintegration
    order: tuple[str, ...]
    graph: MixedGraph | None = None

    def do(
        self, treatment: str, outcome: str | Sequence[str], *, by_natural: bool = False
    ) -> Disintegration:
        """P(outcome | do(treatment)) for every level of a treatment that is an output of f, from which only g reads it.

        Cut off from f, the treatment that g reads is set, and the one that f makes summed over; with `by_natural` it is kept as one more outcome, what the
        treatment would have been by itself, and the answer divided by its probability is the effect on those who would have had it.

        Parameters
        ----------
        treatment : str
        outcome : str or list of str
        by_natural : bool

        Returns
        -------
        Disintegration

        Raises
        ------
        ModelError
            If no diagram was given; if by the diagram a child of the treatment shares hidden causes with it, f has more or less than
            what does, or the order puts an effect before its cause. Then no cut of f is the intervention; `diagram.identify` may find
            another formula.
        """
        outcomes = arguments.names("outcome", outcome)
        inside = [name for name in self.f.lower.variables if name not in self.f.lower.opened]
        if treatment not in inside or treatment in outcomes:
            raise ModelError(
                f"Expected as treatment an output of f ({', '.join(inside)}) that is no outcome, got {treatment!r}."
            )
        _refuse_other_splits(self.graph, self.order, inside, treatment, outcomes)
        lower, upper = (
            self._composed(side, treatment, outcomes, by_natural) for side in ("lower", "upper")
        )
        rest = tuple(range(-len(outcomes) - by_natural, 0))
        most = 1 - (
            lower.values.sum(axis=rest, keepdims=True) - lower.values
        )  # what the other outcomes leave over
        free = upper.values > lower.values
        return Disintegration(
            lower,
            replace(upper, values=np.where(free, np.minimum(upper.values, most), lower.values)),
        )

    def cut(self, treatment: str) -> Distribution:
        """The joint distribution after the cut of the treatment: every level of it with the same probability, the others as they would be then."""
        others = [name for name in self.order if name != treatment]
        done = self.do(treatment, others).channel
        axis = done.values.ndim - len(done.variables)
        return replace(
            done, values=done.values / done.values.shape[axis], title=f"cut({treatment})", opened=()
        )

    def _composed(
        self, side: str, treatment: str, outcomes: tuple[str, ...], by_natural: bool
    ) -> Distribution:
        f, g = getattr(self.f, side), getattr(self.g, side)
        letter = {name: place for place, name in enumerate(self.order)}
        natural = len(self.order)
        inside = [natural if name == treatment else letter[name] for name in f.variables]
        names = (treatment, *(["natural " + treatment] if by_natural else []), *outcomes)
        axes = [
            letter[treatment],
            *([natural] if by_natural else []),
            *(letter[name] for name in outcomes),
        ]
        known = {
            name: levels
            for part in (f, g)
            for name, levels in zip(part.variables, part.levels, strict=True)
        }
        operands: list[Any] = [
            f.values,
            [..., *inside],
            g.values,
            [..., *(letter[name] for name in g.variables)],
        ]
        operands += [
            np.ones(len(known[treatment])),
            [letter[treatment]],
            [..., *axes],
        ]  # an axis of the treatment, should g not read it
        values = np.einsum(*operands)
        levels = tuple(known[name.removeprefix("natural ")] for name in names)
        return Distribution(
            names, levels, values, f"P({', '.join(names[1:])} | do({treatment}))", (treatment,)
        )


def disintegrate(joint: Distribution, given: str | Sequence[str]) -> Disintegration:
    """The channel from some variables of a joint distribution to the others: ω(b | a)."""
    causes = _members(joint, given)
    others = [name for name in joint.variables if name not in causes]
    return _comb(
        _ordered(joint, [*causes, *others]), others, f"P({', '.join(others)} | {', '.join(causes)})"
    )


def comb_disintegrate(
    joint: Distribution,
    outputs: str | Sequence[str],
    order: Sequence[str] | None = None,
    *,
    diagram: Diagram | MixedGraph | None = None,
) -> CombDisintegration:
    """A joint distribution as a comb f with some of its variables as outputs and a comb g with the others, each a product of P(v | all before v).

    Parameters
    ----------
    joint : Distribution
    outputs : str or list of str
        Those of f: with a treatment, all that shares hidden causes with it, directly or through others (its district).
    order : list of str, optional
        All variables, causes before their effects; that of the joint distribution unless given, or if that is no such order of the
        diagram, the diagram's.
    diagram : Diagram or MixedGraph, optional
        Of the causal model. `do` and `cut` need it: a joint distribution can be taken apart in many ways, and only the diagram says
        which of them are interventions.

    Returns
    -------
    CombDisintegration

    Raises
    ------
    ModelError
        If outputs or order are not of the joint distribution's variables, or these are not observed in the diagram.

    See Also
    --------
    Diagram.comb : f is the district of a treatment.

    Examples
    --------
    >>> import numpy as np
    >>> from causalstats import Diagram
    >>> smoking = Diagram.parse("smoking -> tar -> cancer; smoking <-> cancer")
    >>> cells = np.reshape([0.5, 0.1, 0.01, 0.02, 0.1, 0.05, 0.02, 0.2], (2, 2, 2))
    >>> joint = Distribution.joint(cells, {"smoking": 2, "tar": 2, "cancer": 2})
    >>> split = comb_disintegrate(joint, ["smoking", "cancer"], diagram=smoking)
    >>> split.do("smoking", "cancer").channel.values.round(4)
    array([[0.7465, 0.2535],
           [0.4577, 0.5423]])
    """
    inside = _members(joint, outputs)
    graph = None if diagram is None else _graph_of(diagram, joint)
    if order is None and graph is not None and not _causes_first(graph, joint.variables):
        order = graph.nodes
    ordered = joint if order is None else _ordered(joint, order)
    outside = [name for name in ordered.variables if name not in inside]
    return CombDisintegration(
        _comb(ordered, inside, "f"), _comb(ordered, outside, "g"), ordered.variables, graph
    )


def comb_of(joint: Distribution, diagram: Diagram, treatment: str) -> CombDisintegration:
    """See `Diagram.comb`."""
    arguments.a(
        Distribution, "the joint distribution", joint, "Make one with `Distribution.joint`."
    )
    graph = _graph_of(diagram, joint)
    graph.numbers([treatment])
    district = next(district for district in graph.districts() if treatment in district)
    return comb_disintegrate(joint, district, diagram=diagram)


def _graph_of(diagram: Diagram | MixedGraph, joint: Distribution) -> MixedGraph:
    """What a diagram says of the variables of a joint distribution; what else it observes is summed over."""
    graph = diagram if isinstance(diagram, MixedGraph) else MixedGraph.of(diagram)
    refuse_selection(graph, "an intervention by combs")
    graph.numbers(joint.variables)  # refuses what is not observed
    rest = [name for name in graph.nodes if name not in joint.variables]
    return MixedGraph.projected(graph.nodes, graph.directed, rest, graph.bidirected)


def _causes_first(graph: MixedGraph, order: Sequence[str]) -> bool:
    place = {name: number for number, name in enumerate(order)}
    return all(place[cause] < place[effect] for cause, effect in graph.directed)


def _refuse_other_splits(
    graph: MixedGraph | None,
    order: Sequence[str],
    inside: Sequence[str],
    treatment: str,
    outcomes: Sequence[str],
) -> None:
    """An error unless cutting the treatment in the comb of `inside` is the intervention on it."""
    if graph is None:
        raise ModelError(
            "Expected to be told the diagram: that cutting the treatment in f is the intervention follows from no joint distribution. "
            "Say `comb_disintegrate(..., diagram=diagram)`, or `diagram.comb(joint, treatment)`."
        )
    if not _causes_first(graph, order):
        cause, effect = next(
            (one, other)
            for one, other in sorted(graph.directed)
            if order.index(one) > order.index(other)
        )
        raise ModelError(
            f"Expected an order in which causes come before their effects; {effect!r} comes before {cause!r}. Leave `order` out to take the diagram's."
        )
    own = next(district for district in graph.districts() if treatment in district)
    if reads := [name for name in own if (treatment, name) in graph.directed]:
        raise ModelError(
            f"Expected no child of {treatment!r} in f, got {reads[0]!r}, which shares hidden causes with it: cutting {treatment} in f leaves in place what it "
            f"does to {reads[0]}. Ask `diagram.identify({list(outcomes)}, do={treatment!r})`, which looks for any formula."
        )
    for name in order[order.index(treatment) + 1 :]:
        before = graph.subgraph(order[: order.index(name) + 1])
        part = next(district for district in before.districts() if name in district)
        depends = treatment in part or treatment in before.parents(*part)
        if depends and (name in inside) != (name in own):
            why = (
                f"{name!r} shares hidden causes with {treatment!r}, and is not in f"
                if name in own
                else f"{name!r} shares none with {treatment!r} and depends on it, and is in f"
            )
            raise ModelError(
                f"Expected f to have what shares hidden causes with {treatment!r}, and nothing else that depends on it; {why}. "
                f"Say outputs={list(own)!r}, or `diagram.comb(joint, {treatment!r})`."
            )


def _comb(joint: Distribution, outputs: Sequence[str], title: str) -> Disintegration:
    axes = len(joint.variables)
    members = [joint.variables.index(name) for name in outputs]
    lead = joint.values.ndim - axes
    last = max(members)
    inputs = [axis for axis in range(last) if axis not in members]
    members = sorted(members)
    names = tuple(joint.variables[axis] for axis in (*inputs, *members))
    levels = tuple(joint.levels[axis] for axis in (*inputs, *members))

    def labelled(values: np.ndarray) -> Distribution:
        kept = values.reshape(values.shape[: lead + last + 1])
        turned = kept.transpose(*range(lead), *(lead + axis for axis in (*inputs, *members)))
        return Distribution(names, levels, turned, title, names[: len(inputs)])

    lower, upper = combs.comb(joint.values, members, axes)
    return Disintegration(labelled(lower), labelled(upper))


def _members(joint: Distribution, names: str | Sequence[str]) -> list[str]:
    """Some but not all variables of a joint distribution, which has no inputs."""
    arguments.a(
        Distribution, "the joint distribution", joint, "Make one with `Distribution.joint`."
    )
    chosen = list(arguments.names("outputs", names))
    if joint.opened:
        raise ModelError(
            f"Expected a joint distribution, got one for each level of {', '.join(joint.opened)}."
        )
    if not set(chosen) < set(joint.variables) or not chosen or len(set(chosen)) < len(chosen):
        raise ModelError(
            f"Expected some but not all of {', '.join(joint.variables)}, each once; got {', '.join(map(str, chosen)) or 'none'}."
        )
    return chosen


def _ordered(joint: Distribution, order: Sequence[str]) -> Distribution:
    order = arguments.names("order", order)
    if sorted(order) != sorted(joint.variables):
        raise ModelError(
            f"Expected an order of all variables ({', '.join(joint.variables)}), got {', '.join(order)}."
        )
    return replace(joint.marginal(*order), title=joint.title)
