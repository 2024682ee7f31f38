"""What an intervention does, from data without it: whether the diagram allows to say, by which formula, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.roles import Roles
from causalstats.diagrams.diagram import Diagram
from causalstats.diagrams.identification.adjustment_criteria import (
    Criterion,
    adjustment,
    back_door,
    front_door,
    instruments,
)
from causalstats.diagrams.identification.bit_set_graph import members, union
from causalstats.diagrams.identification.evaluation import Evaluation, JointTable, Source, evaluate
from causalstats.diagrams.identification.expression import Expression, Probability, latex_name
from causalstats.diagrams.identification.id_algorithm import (
    Discard,
    Entangled,
    Move,
    Split,
    conditional,
    effect,
    interchangeable,
    relevant,
)
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.diagrams.identification.selection_bias import SelectionBias, effect_among_selected
from causalstats.diagrams.identification.simplification import simplified
from causalstats.diagrams.networks.distribution import Distribution
from causalstats.errors import ModelError


@dataclass(frozen=True)
class Reason:
    """One line of a certificate: in words, with the comb that it arrives at and the formula of that."""

    words: str
    comb: tuple[str, ...] = ()
    expression: Expression | None = None
    order: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.expression is None:
            return self.words
        return f"{self.words} Q[{', '.join(self.comb)}] = {simplified(self.expression, self.order)}"


@dataclass(frozen=True)
class Hedge:
    """Why an effect is not identified: two combs, one in the other, that nothing pulls apart (Shpitser & Pearl 2006, theorem 4)."""

    larger: tuple[str, ...]
    smaller: tuple[str, ...]
    acted_on: tuple[str, ...]
    confounded: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        around = [name for name in self.larger if name not in self.smaller]
        pairs = ", ".join(f"{one} <-> {other}" for one, other in self.confounded)
        return (
            f"Hidden causes ({pairs}) join {_listed(around)} with {_listed(self.smaller)}, and {_listed(around)} also act{'s' * (len(around) == 1)} on "
            f"{_listed(self.acted_on)}: what is done and what is shared cannot be told apart. Two models can agree on all that is observed and differ in "
            "the answer."
        )


@dataclass(frozen=True, repr=False)
class Identification:
    """What the diagram says about P(outcome | do, given), and why.

    Parameters
    ----------
    outcome, do, given : tuple of str
    order : tuple of str
        The observed variables, causes first.
    expression : Expression or None
        The answer in terms of the observed distribution; None where that does not determine it.
    steps : tuple of Reason
        The certificate: each line follows from those before it.
    hedge : Hedge, SelectionBias or None
        What stands in the way.
    criteria : tuple of Criterion
        Textbook criteria that apply; where the effect is not identified, instruments.
    selected : tuple of str
        What selects those in the data: P in the formula is then the distribution of the selected, while the answer is of everybody
        unless nothing is done.
    surgery : tuple of str
        What was done to the diagram before it was asked: P is then the distribution of the changed diagram, not that of data from
        before.
    """

    outcome: tuple[str, ...]
    do: tuple[str, ...]
    given: tuple[str, ...]
    order: tuple[str, ...]
    expression: Expression | None
    steps: tuple[Reason, ...]
    hedge: Hedge | SelectionBias | None = None
    criteria: tuple[Criterion, ...] = ()
    selected: tuple[str, ...] = ()
    surgery: tuple[str, ...] = ()

    @property
    def identified(self) -> bool:
        return self.expression is not None

    @property
    def irrelevant(self) -> tuple[str, ...]:
        """Variables that the formula takes a value of and whose value does not matter, in a distribution that obeys the diagram."""
        free = self.expression.free if self.expression else frozenset()
        return tuple(name for name in self.order if name in free.difference(self._asked))

    @property
    def _asked(self) -> tuple[str, ...]:
        return self.outcome + self.do + self.given

    @property
    def query(self) -> str:
        among = [f"{' and '.join(self.selected)} selected"] * bool(self.selected and not self.do)
        conditions = [f"do({', '.join(self.do)})"] * bool(self.do) + list(self.given) + among
        return f"P({', '.join(self.outcome)}{' | ' * bool(conditions)}{', '.join(conditions)})"

    @property
    def distribution_meant(self) -> str:
        """Which distribution P is in the formula, where that is not simply what is observed; empty where it is."""
        said = []
        if self.selected and self.identified:
            said.append(
                f"P is the distribution among those whom {' and '.join(self.selected)} selects."
            )
        if self.surgery:
            said.append(
                "P is the distribution of the diagram after surgery, not of data from before it, such as data on which nothing was done: "
                + " ".join(self.surgery)
            )
        return " ".join(said)

    def evaluate(self, source: Source) -> Evaluation:
        """The answer in each distribution of the source: axes (batch..., outcome..., do..., given...). What is `irrelevant` is averaged over."""
        if self.expression is None:
            remedy = (
                "Data of those not selected, or knowledge of them, are needed."
                if self.selected
                else "`bounds` says what can be said of this one."
            )
            raise ModelError(f"{self}\n\nExpected an identified query. {remedy}")
        if not hasattr(source, "probability"):
            raise ModelError(
                f"Expected a distribution of the variables, `JointTable(variables, array)`, got {type(source).__name__}; "
                "`distribution(joint)` takes a `Distribution`."
            )
        return evaluate(self.expression, source, self._asked, self.irrelevant)

    def distribution(self, joint: Distribution) -> Distribution:
        """The answer with the names and levels of a joint distribution; NaN where it is not defined, its title then saying which cells that would need."""
        arguments.a(
            Distribution, "the joint distribution", joint, "Make one with `Distribution.joint`."
        )
        found, names = (
            self.evaluate(JointTable(joint.variables, joint.values)),
            self.do + self.given + self.outcome,
        )
        levels = dict(zip(joint.variables, joint.levels, strict=True))
        lead = found.values.ndim - len(found.axes)
        values = found.values.transpose(
            *range(lead), *(lead + found.axes.index(name) for name in names)
        )
        meant = [self.distribution_meant] * bool(self.surgery)
        title = "; ".join(
            [self.query, *meant, *(missing.text(levels) for missing in found.missing)]
        )
        return Distribution(
            names, tuple(levels[name] for name in names), values, title, self.do + self.given
        )

    def __str__(self) -> str:
        if self.expression is None:
            found = "; ".join(criterion.named for criterion in self.criteria)
            lines = [
                f"{self.query} is not identified."
                + f" Instrument{'s' * (len(self.criteria) > 1)}: {found}." * bool(found)
            ]
        else:
            named = "".join(f": {criterion}" for criterion in self.criteria)
            lines = [
                f"{self.query} is identified{named}.",
                "",
                f"    {self.query} = {self.expression.text(self._asked)}",
            ]
            lines += [f"    at any level of {_listed(self.irrelevant)}"] * bool(self.irrelevant)
        lines += ["", self.distribution_meant] * bool(self.distribution_meant)
        if self.steps:
            lines += [
                "",
                *(f"{number:2}. {step}" for number, step in enumerate(self.steps, start=1)),
            ]
        return "\n".join(lines + ["", str(self.hedge)] * (self.hedge is not None))

    __repr__ = __str__

    def latex(self) -> str:
        """The query and its formula."""
        outcome, do, given = (
            ", ".join(map(latex_name, names)) for names in (self.outcome, self.do, self.given)
        )
        conditions = ", ".join(filter(None, [f"\\mathrm{{do}}({do})" if do else "", given]))
        query = f"P({outcome} \\mid {conditions})" if conditions else f"P({outcome})"
        return (
            f"{query} = {self.expression.latex(self._asked)}"
            if self.expression
            else f"{query} \\text{{ is not identified}}"
        )

    def _repr_markdown_(self) -> str:
        """What notebooks show: the same as the text, the formula set."""
        verdict, *lines = str(self).split("\n")
        formula = [f"$\\displaystyle {self.latex()}$"] * self.identified
        return "\n\n".join(
            [
                verdict,
                *formula,
                *(line.strip() for line in lines if line.strip() and f"{self.query} =" not in line),
            ]
        )


def identify(
    diagram: Diagram | MixedGraph,
    outcome: str | Iterable[str] | None = None,
    do: str | Iterable[str] | None = None,
    given: str | Iterable[str] = (),
) -> Identification:
    """Whether P(outcome | do, given) follows from the distribution of what is observed, in every model of the diagram; complete.

    Where the back-door criterion applies the formula adjusts for a set of the fewest variables; where that does not and the front-door
    criterion applies, for mediators of which none can be left out; otherwise it is that of the algorithm of Shpitser & Pearl, which
    finds one whenever there is one. Of variables that the formula leaves free (`irrelevant`) any level will do.

    Roles of the diagram count: what is `adjusted` is adjusted for, or the question is refused; where there is a variable that
    selects, the formula is in the distribution of the selected and the answer about everybody, or it is not identified.

    Parameters
    ----------
    diagram : Diagram or MixedGraph
    outcome, do : str or iterable of str, optional
        Those with the roles outcome and treatment where they are left out; `do=()` asks for what is seen.
    given : str or iterable of str
        What is observed in the world in which that is done.

    Returns
    -------
    Identification

    Raises
    ------
    ModelError
        A variable that is hidden or unknown, or asked for in two places; adjusted variables that do not make the answer right.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> found = identify(Diagram.parse("z -> x; z -> a, b -> y; x -> y"), "y", "x")
    >>> found.criteria[0].variables
    ('z',)
    >>> print(found.expression)
    Σ_z P(y | z, x) P(z)
    """
    graph = diagram if isinstance(diagram, MixedGraph) else MixedGraph.of(diagram)
    asked = {"outcome": outcome, "do": do, "given": given}
    sets = [
        arguments.names(word, names) if names is not None else _marked(word, graph.roles)
        for word, names in asked.items()
    ]
    if isinstance(diagram, Diagram):
        for name in (name for names in sets for name in names):
            diagram.position(name)
    y, x, z = map(graph.numbers, sets)
    if y & x or y & z or x & z or not y:
        raise ModelError(
            f"Expected an outcome, and each variable in one place; got outcome {sets[0]}, do {sets[1]}, given {sets[2]}."
        )
    study = {"selected": graph.roles.selected, "surgery": graph.surgery}
    if graph.population is not None:
        return _from_selected(graph, sets[0], sets[1], sets[2], study)
    adjusted = _adjusted(graph, y, x, z) if x and graph.roles.adjusted else None
    found = adjusted or _by_criterion(graph, y, x, z)
    steps, expression, hedge = (
        _by_algorithm(graph, y, x, z)
        if found is None
        else (tuple(map(Reason, found.reasons)), found.expression, None)
    )
    if expression is None:
        criteria = () if z else tuple(instruments(graph, y, x))
    else:
        criteria, expression = (found,) if found else (), simplified(expression, graph.nodes)
    return Identification(
        sets[0], sets[1], sets[2], graph.nodes, expression, steps, hedge, criteria, **study
    )


def _marked(word: str, roles: Roles) -> tuple[str, ...]:
    """The variables that the diagram marks as the outcome or the treatment."""
    found = roles.outcome if word == "outcome" else roles.treatment
    if not found:
        raise ModelError(
            f"Expected to be told `{word}`, since the diagram marks no variable as {'outcome' if word == 'outcome' else 'treatment'}. "
            "Say identify('y', do='x'), with do=() for what is seen without doing anything."
        )
    return found


def _adjusted(graph: MixedGraph, outcome: int, do: int, given: int) -> Criterion:
    """Adjustment for what the diagram marks as adjusted, and nothing else; refused where that is not the effect."""
    names = graph.roles.adjusted
    held, said = graph.numbers(names), _listed(names)
    remedy = "Take the role away, `diagram.with_roles(adjusted=())`, to have a formula found."
    if twice := held & (outcome | do):
        raise ModelError(
            f"Expected what is adjusted for to be neither outcome nor treatment, got {graph.names(twice)[0]!r}. {remedy}"
        )
    found = adjustment(graph, outcome, do, held & ~given, given)
    if found is None:
        x, y = (_listed(graph.names(numbers)) for numbers in (do, outcome))
        moved = graph.names(held & graph.numbered.descendants(do))
        why = (
            f"{x} acts on {_listed(moved)}, and holding that takes a part of the effect away or brings bias in"
            if moved
            else "a path that is no effect stays open, or is opened"
        )
        raise ModelError(
            f"Adjusting for {said}, as the diagram marks, does not give the effect of {x} on {y}: {why}. {remedy}"
        )
    return found


def _from_selected(
    graph: MixedGraph,
    outcome: tuple[str, ...],
    do: tuple[str, ...],
    given: tuple[str, ...],
    study: dict[str, tuple[str, ...]],
) -> Identification:
    """The answer about everybody by the distribution of the selected; without doing anything, that of the selected."""
    population = graph.population
    assert population is not None
    if do and graph.roles.adjusted:
        raise ModelError(
            f"Expected a diagram that marks {_listed(graph.roles.adjusted)} as adjusted or {_listed(graph.roles.selected)} as selected, got both. "
            "Take one role away, e.g. `diagram.with_roles(adjusted=())`: the formula says what to adjust for."
        )
    if not do:
        expression: Expression | None = Probability(outcome, given)
        steps = (Reason("Nothing is done: the answer is what is seen, among the selected alone."),)
        return Identification(outcome, do, given, graph.nodes, expression, steps, None, (), **study)
    expression, moves, bias = effect_among_selected(
        population, graph.roles.selected, outcome, do, given
    )
    reasons = tuple(
        Reason(words, comb, formula if comb else None, graph.nodes)
        for words, comb, formula in moves
    )
    if expression is not None:
        expression = simplified(expression, graph.nodes)
    return Identification(outcome, do, given, graph.nodes, expression, reasons, bias, (), **study)


def _by_criterion(graph: MixedGraph, outcome: int, do: int, given: int) -> Criterion | None:
    if not graph.numbered.ancestors(outcome | given) & do:
        return None
    return back_door(graph, outcome, do, given) or (
        None if given else front_door(graph, outcome, do)
    )


def _by_algorithm(
    graph: MixedGraph, outcome: int, do: int, given: int
) -> tuple[tuple[Reason, ...], Expression | None, Hedge | None]:
    if not graph.numbered.ancestors(outcome | given) & do:
        why = (
            f"Nothing that is done acts on {_listed(graph.names(outcome | given))}: the answer is what is seen."
            if do
            else "Nothing is done."
        )
        return (Reason(why),), Probability(graph.names(outcome), graph.names(given)), None
    same = interchangeable(graph, outcome, do, given)
    seen = given & ~same
    expression, moves = effect(graph, outcome | seen, do | same)
    steps = [
        *_first_steps(graph, outcome, do, same, seen),
        *(_step(graph, move) for move in moves if isinstance(move, Split | Discard)),
    ]
    if seen and expression is not None:
        expression = conditional(graph, expression, outcome)
        steps.append(Reason(f"Disintegrate the answer on {_listed(graph.names(seen))}."))
    return tuple(steps), expression, _hedge(graph, moves[-1])


def _first_steps(
    graph: MixedGraph, outcome: int, do: int, same: int, seen: int
) -> Iterator[Reason]:
    everything, needed = relevant(graph, outcome | seen, do | same)
    if same:
        yield Reason(f"To see {_listed(graph.names(same))} is here the same as to set it.")
    if everything != graph.numbered.everything:
        yield Reason(
            f"Discard {_listed(graph.names(graph.numbered.everything & ~everything))}: nothing asked for depends on it."
        )
    y, x = (_listed(graph.names(numbers)) for numbers in (outcome | seen, do | same))
    combs = [f"Q[{', '.join(graph.names(comb))}]" for comb in graph.numbered.districts(needed)]
    summed = graph.names(needed & ~outcome & ~seen)
    over = f", summed over {_listed(summed)}" if summed else ""
    apart = ", which hidden causes hold together in groups," if len(combs) > 1 else ""
    yield Reason(
        f"Cut the arrows into {x}. What then acts on {y}{apart} gives {' '.join(combs)}{over}: that is wanted."
    )


def _step(graph: MixedGraph, move: Split | Discard) -> Reason:
    part, left_out = graph.names(move.part), _listed(graph.names(move.comb & ~move.part))
    observed = move.comb == graph.numbered.ancestors(move.comb)
    if isinstance(move, Discard):
        words = f"Discard {left_out}, on which no other output of this comb depends:"
    elif observed:
        words = "Disintegrate the observed distribution:"
    else:
        words = f"Pull {_listed(part)} apart from {left_out}, with which it shares no hidden cause:"
    return Reason(words, part, move.expression, graph.nodes)


def _hedge(graph: MixedGraph, move: Move) -> Hedge | None:
    if not isinstance(move, Entangled):
        return None
    larger = graph.names(move.comb)
    pairs = [
        (one, other)
        for one, other in combinations(larger, 2)
        if frozenset((one, other)) in graph.bidirected
    ]
    acted_on = (
        union(graph.numbered.children[node] for node in members(move.comb & ~move.part)) & move.part
    )
    return Hedge(larger, graph.names(move.part), graph.names(acted_on), tuple(pairs))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + " and " * (len(names) > 1) + names[-1] if names else "nothing"
