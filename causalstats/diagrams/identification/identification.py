"""Identification of causal effects: does P(outcome | do) follow from observational data, and how.

`identify` tries the back-door and front-door criteria, then the ID algorithm, which finds a formula
whenever there is one (as the do-calculus does).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.diagrams.core.roles import Roles
from causalstats.diagrams.identification.adjustment_criteria import (
    Criterion,
    adjustment,
    back_door,
    front_door,
    instruments,
)
from causalstats.diagrams.identification.bit_sets import BitSet, members, union
from causalstats.diagrams.identification.evaluation import (
    Evaluation,
    JointTable,
    Source,
    evaluate,
)
from causalstats.diagrams.identification.expression import (
    Expression,
    Probability,
    latex_name,
)
from causalstats.diagrams.identification.id_algorithm import (
    CFactorMarginal,
    CFactorSplit,
    HedgeFound,
    Step,
    conditional,
    effect,
    relevant,
    rule_2_exchangeable,
)
from causalstats.diagrams.identification.mixed_graph import MixedGraph, as_mixed_graph
from causalstats.diagrams.identification.selection_bias import (
    SelectionBias,
    effect_among_selected,
)
from causalstats.diagrams.identification.simplification import simplified
from causalstats.diagrams.identification.wording import listed
from causalstats.diagrams.networks.distribution import Distribution
from causalstats.errors import ModelError


@dataclass(frozen=True)
class Reason:
    """One line of a certificate: a step in words, the c-factor it arrives at and its formula.

    Parameters
    ----------
    words : str
    c_factor : tuple of str
        The variables T of the c-factor Q[T].
    expression : Expression or None
        The formula of Q[T].
    order : tuple of str
        The topological order in which the formula is simplified.
    """

    words: str
    c_factor: tuple[str, ...] = ()
    expression: Expression | None = None
    order: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.expression is None:
            return self.words
        formula = simplified(self.expression, self.order)
        return f"{self.words} Q[{', '.join(self.c_factor)}] = {formula}"


@dataclass(frozen=True)
class Hedge:
    """The reason why an effect is not identified (Shpitser & Pearl 2006, theorem 4).

    Parameters
    ----------
    larger, smaller : tuple of str
        Two c-factors, one inside the other, that nothing separates.
    acted_on : tuple of str
        The variables of the smaller c-factor that the rest of the larger one acts on.
    confounded : tuple of pairs of str
        The pairs in the larger c-factor that share a hidden cause.
    """

    larger: tuple[str, ...]
    smaller: tuple[str, ...]
    acted_on: tuple[str, ...]
    confounded: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        around = [name for name in self.larger if name not in self.smaller]
        pairs = ", ".join(f"{one} <-> {other}" for one, other in self.confounded)
        verb = "acts" if len(around) == 1 else "act"
        return (
            f"Hidden causes ({pairs}) join {listed(around)} with {listed(self.smaller)}, and "
            f"{listed(around)} also {verb} on {listed(self.acted_on)}: what is done and what is "
            "shared cannot be told apart. Two models can agree on all that is observed and differ "
            "in the answer."
        )


@dataclass(frozen=True, repr=False)
class Identification:
    """The result of `identify`: a formula for P(outcome | do, given) or the reason for none.

    Parameters
    ----------
    outcome, do, given : tuple of str
    order : tuple of str
        The observed variables in topological order.
    expression : Expression or None
        The answer in terms of the observed distribution; None where that does not determine it.
    steps : tuple of Reason
        The certificate: each line follows from those before it.
    hedge : Hedge, SelectionBias or None
        The reason why the effect is not identified.
    criteria : tuple of Criterion
        Textbook criteria that apply; instruments where the effect is not identified.
    selected : tuple of str
        The selection variables. P in the formula is then the distribution of the selected, while
        the answer is about everybody (about the selected if nothing is done).
    surgery : tuple of str
        Earlier surgery on the diagram. P is then the distribution of the changed diagram, not that
        of the data.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> print(Diagram.parse("x -> m -> y; x <-> y").identify("y", "x").expression)
    Σ_m P(m | x) Σ_x' P(y | x', m) P(x')
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
        """Whether there is a formula."""
        return self.expression is not None

    @property
    def irrelevant(self) -> tuple[str, ...]:
        """Variables of the formula whose value does not matter, by the diagram."""
        if self.expression is None:
            return ()
        free = self.expression.free.difference(self._query_variables)
        return tuple(name for name in self.order if name in free)

    @property
    def _query_variables(self) -> tuple[str, ...]:
        return self.outcome + self.do + self.given

    @property
    def query(self) -> str:
        """Such as "P(y | do(x), z)"."""
        conditions = [f"do({', '.join(self.do)})"] * bool(self.do)
        conditions += self.given
        if self.selected and not self.do:
            conditions.append(f"{' and '.join(self.selected)} selected")
        bar = " | " if conditions else ""
        return f"P({', '.join(self.outcome)}{bar}{', '.join(conditions)})"

    @property
    def distribution_meant(self) -> str:
        """Which distribution P is in the formula, if not that of the data; empty otherwise."""
        sentences = []
        if self.selected and self.identified:
            who = " and ".join(self.selected)
            sentences.append(f"P is the distribution among those whom {who} selects.")
        if self.surgery:
            sentences.append(
                "P is the distribution of the diagram after surgery, not of data from before it, "
                f"such as data on which nothing was done: {' '.join(self.surgery)}"
            )
        return " ".join(sentences)

    def evaluate(self, source: Source) -> Evaluation:
        """Return the answer in each distribution of a source.

        The variables in `irrelevant` are averaged over.

        Parameters
        ----------
        source : JointTable, or another `Source`

        Returns
        -------
        Evaluation
            Values with axes (batch..., outcome..., do..., given...).

        Raises
        ------
        ModelError
            If the effect is not identified, or the source has no `probability`.

        Examples
        --------
        >>> from causalstats import Diagram
        >>> from causalstats.diagrams import JointTable
        >>> effect = Diagram.parse("x -> y").identify("y", "x")
        >>> effect.evaluate(JointTable(("x", "y"), [[0.4, 0.1], [0.1, 0.4]])).values
        array([[0.8, 0.2],
               [0.2, 0.8]])
        """
        if self.expression is None:
            remedy = (
                "Data of those not selected, or knowledge of them, are needed."
                if self.selected
                else "`bounds` says what can be said of this one."
            )
            raise ModelError(f"{self}\n\nExpected an identified query. {remedy}")
        if not hasattr(source, "probability"):
            raise ModelError(
                "Expected a distribution of the variables, `JointTable(variables, array)`, "
                f"got {type(source).__name__}; `distribution(joint)` takes a `Distribution`."
            )
        return evaluate(self.expression, source, self._query_variables, self.irrelevant)

    def distribution(self, joint: Distribution) -> Distribution:
        """Return the answer with the names and levels of a joint distribution.

        Parameters
        ----------
        joint : Distribution

        Returns
        -------
        Distribution
            NaN where the answer is not defined; the title then names the empty cells it needs.

        Raises
        ------
        ModelError
            If the effect is not identified.

        Examples
        --------
        >>> from causalstats import Diagram
        >>> from causalstats.diagrams import Distribution
        >>> joint = Distribution.joint([[0.4, 0.1], [0.1, 0.4]], {"x": 2, "y": 2})
        >>> Diagram.parse("x -> y").identify("y", "x").distribution(joint)[{"x": 1, "y": 1}]
        0.8
        """
        remedy = "Make one with `Distribution.joint`."
        arguments.instance(Distribution, "the joint distribution", joint, remedy)
        evaluation = self.evaluate(JointTable(joint.variables, joint.values))
        names = self.do + self.given + self.outcome
        levels = dict(zip(joint.variables, joint.levels, strict=True))
        batch_axes = evaluation.values.ndim - len(evaluation.axes)
        order = [batch_axes + evaluation.axes.index(name) for name in names]
        parts = [self.query, *[self.distribution_meant] * bool(self.surgery)]
        parts += [missing.text(levels) for missing in evaluation.missing]
        return Distribution(
            names,
            tuple(levels[name] for name in names),
            evaluation.values.transpose(*range(batch_axes), *order),
            "; ".join(parts),
            self.do + self.given,
        )

    def __str__(self) -> str:
        lines = self._verdict()
        if self.distribution_meant:
            lines += ["", self.distribution_meant]
        if self.steps:
            lines.append("")
            lines += [
                f"{number:2}. {step}" for number, step in enumerate(self.steps, start=1)
            ]
        if self.hedge is not None:
            lines += ["", str(self.hedge)]
        return "\n".join(lines)

    __repr__ = __str__

    def _verdict(self) -> list[str]:
        if self.expression is None:
            names = "; ".join(criterion.named for criterion in self.criteria)
            noun = "Instruments" if len(self.criteria) > 1 else "Instrument"
            hint = f" {noun}: {names}." if names else ""
            return [f"{self.query} is not identified.{hint}"]
        named = "".join(f": {criterion}" for criterion in self.criteria)
        lines = [
            f"{self.query} is identified{named}.",
            "",
            f"    {self.query} = {self.expression.text(self._query_variables)}",
        ]
        if self.irrelevant:
            lines.append(f"    at any level of {listed(self.irrelevant)}")
        return lines

    def latex(self) -> str:
        """Return the query and its formula in LaTeX.

        Returns
        -------
        str

        Examples
        --------
        >>> from causalstats import Diagram
        >>> print(Diagram.parse("x -> y").identify("y", "x").latex())
        P(y \\mid \\mathrm{do}(x)) = P(y \\mid x)
        """
        outcome, do, given = (
            ", ".join(map(latex_name, names))
            for names in (self.outcome, self.do, self.given)
        )
        done = f"\\mathrm{{do}}({do})" if do else ""
        conditions = ", ".join(filter(None, [done, given]))
        query = f"P({outcome} \\mid {conditions})" if conditions else f"P({outcome})"
        if self.expression is None:
            return f"{query} \\text{{ is not identified}}"
        return f"{query} = {self.expression.latex(self._query_variables)}"

    def _repr_markdown_(self) -> str:
        """Return the text that notebooks show, with the formula typeset."""
        verdict, *lines = str(self).split("\n")
        paragraphs = [verdict]
        if self.identified:
            paragraphs.append(f"$\\displaystyle {self.latex()}$")
        paragraphs += [
            line.strip()
            for line in lines
            if line.strip() and f"{self.query} =" not in line
        ]
        return "\n\n".join(paragraphs)


def identify(
    diagram: Hypergraph | MixedGraph,
    outcome: str | Iterable[str] | None = None,
    do: str | Iterable[str] | None = None,
    given: str | Iterable[str] = (),
) -> Identification:
    """Return whether P(outcome | do, given) is identified, by which formula and why.

    An effect is identified if it follows from the observed distribution in every model of the
    diagram; the answer is complete. Where the back-door criterion applies the formula adjusts for
    a set of the fewest variables. Where it does not and the front-door criterion applies, the
    formula uses mediators of which none can be left out. Elsewhere it is that of the ID algorithm
    (Shpitser & Pearl), which finds one whenever there is one.

    Roles of the diagram count: the answer adjusts for the `adjusted` variables or the question is
    refused; with a selection variable the formula is in the distribution of the selected.

    Parameters
    ----------
    diagram : Diagram or MixedGraph
    outcome, do : str or list of str, optional
        The variables with the roles outcome and treatment if left out; `do=()` asks for the
        observational distribution.
    given : str or list of str
        Variables observed in the world in which that is done.

    Returns
    -------
    Identification

    Raises
    ------
    ModelError
        If a variable is hidden, unknown or named in two places, if no role says what is left out,
        or if the adjusted variables do not give the effect.

    References
    ----------
    Shpitser & Pearl (2006), Identification of joint interventional distributions in recursive
    semi-Markovian causal models, AAAI.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> effect = identify(Diagram.parse("z -> x; z -> a, b -> y; x -> y"), "y", "x")
    >>> effect.criteria[0].variables
    ('z',)
    >>> print(effect.expression)
    Σ_z P(y | z, x) P(z)
    """
    graph = as_mixed_graph(diagram)
    query = _query(diagram, graph, outcome, do, given)
    if graph.population is not None:
        return _from_selected(graph, graph.population, query)
    y, x, z = (graph.bit_set(names) for names in (query.outcome, query.do, query.given))
    if x and graph.roles.adjusted:
        criterion: Criterion | None = _prescribed_adjustment(graph, y, x, z)
    else:
        criterion = _criterion(graph, y, x, z)
    if criterion is not None:
        reasons = tuple(map(Reason, criterion.reasons))
        result = replace(
            query, expression=criterion.expression, steps=reasons, criteria=(criterion,)
        )
    else:
        steps, expression, hedge = _by_id_algorithm(graph, y, x, z)
        result = replace(query, expression=expression, steps=steps, hedge=hedge)
    if result.expression is None:
        return replace(result, criteria=() if z else tuple(instruments(graph, y, x)))
    return replace(result, expression=simplified(result.expression, graph.nodes))


def _query(
    diagram: Hypergraph | MixedGraph,
    graph: MixedGraph,
    outcome: str | Iterable[str] | None,
    do: str | Iterable[str] | None,
    given: str | Iterable[str],
) -> Identification:
    """The question with its variables as tuples, and no answer yet.

    Parameters
    ----------
    diagram : Hypergraph or MixedGraph
    graph : MixedGraph
        The graph of the diagram.
    outcome, do, given : str or list of str, or None
    """
    variables = []
    for word, names in (("outcome", outcome), ("do", do), ("given", given)):
        known = names is not None
        variables.append(
            arguments.names(word, names) if known else _by_role(word, graph.roles)
        )
    if isinstance(diagram, Hypergraph):
        for name in (name for names in variables for name in names):
            diagram.position(name)
    y, x, z = map(graph.bit_set, variables)
    if y & x or y & z or x & z or not y:
        raise ModelError(
            "Expected an outcome, and each variable in one place; "
            f"got outcome {variables[0]}, do {variables[1]}, given {variables[2]}."
        )
    return Identification(
        outcome=variables[0],
        do=variables[1],
        given=variables[2],
        order=graph.nodes,
        expression=None,
        steps=(),
        selected=graph.roles.selected,
        surgery=graph.surgery,
    )


def _by_role(word: str, roles: Roles) -> tuple[str, ...]:
    """The variables that the diagram marks as the outcome or the treatment."""
    role = "outcome" if word == "outcome" else "treatment"
    names: tuple[str, ...] = getattr(roles, role)
    if not names:
        raise ModelError(
            f"Expected to be told `{word}`, since the diagram marks no variable as {role}. Say "
            "identify('y', do='x'), with do=() for what is seen without doing anything."
        )
    return names


def _prescribed_adjustment(
    graph: MixedGraph,
    outcome: BitSet,
    do: BitSet,
    given: BitSet,
) -> Criterion:
    """Adjustment for the variables with the role adjusted, and no others.

    Parameters
    ----------
    graph : MixedGraph
    outcome, do, given : BitSet

    Raises
    ------
    ModelError
        If the formula is not the effect.
    """
    names = graph.roles.adjusted
    adjusted = graph.bit_set(names)
    remedy = "Take the role away, `diagram.with_roles(adjusted=())`, to have a formula found."
    if doubled := adjusted & (outcome | do):
        raise ModelError(
            "Expected what is adjusted for to be neither outcome nor treatment, "
            f"got {graph.names(doubled)[0]!r}. {remedy}"
        )
    criterion = adjustment(graph, outcome, do, adjusted & ~given, given)
    if criterion is not None:
        return criterion
    x, y = (listed(graph.names(nodes)) for nodes in (do, outcome))
    affected = graph.names(adjusted & graph.bits.descendants(do))
    why = (
        f"{x} acts on {listed(affected)}, and holding that takes a part of the effect away or "
        "brings bias in"
        if affected
        else "a path that is no effect stays open, or is opened"
    )
    raise ModelError(
        f"Adjusting for {listed(names)}, as the diagram marks, does not give the effect of {x} on "
        f"{y}: {why}. {remedy}"
    )


def _from_selected(
    graph: MixedGraph,
    population: MixedGraph,
    query: Identification,
) -> Identification:
    """The answer about everybody from the selected; about the selected if nothing is done."""
    roles = graph.roles
    if query.do and roles.adjusted:
        raise ModelError(
            f"Expected a diagram that marks {listed(roles.adjusted)} as adjusted or "
            f"{listed(roles.selected)} as selected, got both. Take one role away, e.g. "
            "`diagram.with_roles(adjusted=())`: the formula says what to adjust for."
        )
    if not query.do:
        words = "Nothing is done: the answer is what is seen, among the selected alone."
        expression = Probability(query.outcome, query.given)
        return replace(query, expression=expression, steps=(Reason(words),))
    recovered = effect_among_selected(
        population, roles.selected, query.outcome, query.do, query.given
    )
    steps = tuple(
        Reason(words, c_factor, formula if c_factor else None, graph.nodes)
        for words, c_factor, formula in recovered.derivation
    )
    if recovered.expression is None:
        return replace(query, steps=steps, hedge=recovered.bias)
    return replace(
        query, expression=simplified(recovered.expression, graph.nodes), steps=steps
    )


def _criterion(
    graph: MixedGraph,
    outcome: BitSet,
    do: BitSet,
    given: BitSet,
) -> Criterion | None:
    """The back-door or the front-door criterion, where one applies.

    Parameters
    ----------
    graph : MixedGraph
    outcome, do, given : BitSet
    """
    if not graph.bits.ancestors(outcome | given) & do:
        return None
    criterion = back_door(graph, outcome, do, given)
    if criterion is None and not given:
        return front_door(graph, outcome, do)
    return criterion


def _by_id_algorithm(
    graph: MixedGraph,
    outcome: BitSet,
    do: BitSet,
    given: BitSet,
) -> tuple[tuple[Reason, ...], Expression | None, Hedge | None]:
    """The certificate, the formula, and the hedge where there is no formula.

    Parameters
    ----------
    graph : MixedGraph
    outcome, do, given : BitSet
    """
    if not graph.bits.ancestors(outcome | given) & do:
        names = listed(graph.names(outcome | given))
        why = (
            f"Nothing that is done acts on {names}: the answer is what is seen."
            if do
            else "Nothing is done."
        )
        return (
            (Reason(why),),
            Probability(graph.names(outcome), graph.names(given)),
            None,
        )
    settable = rule_2_exchangeable(graph, outcome, do, given)
    seen = given & ~settable
    expression, derivation = effect(graph, outcome | seen, do | settable)
    steps = list(_first_steps(graph, outcome, do, settable, seen))
    steps += [
        _step(graph, step) for step in derivation if not isinstance(step, HedgeFound)
    ]
    if seen and expression is not None:
        expression = conditional(graph, expression, outcome)
        steps.append(Reason(f"Disintegrate the answer on {listed(graph.names(seen))}."))
    return tuple(steps), expression, _hedge(graph, derivation[-1])


def _first_steps(
    graph: MixedGraph,
    outcome: BitSet,
    do: BitSet,
    settable: BitSet,
    seen: BitSet,
) -> Iterator[Reason]:
    """The exchanges, what is discarded, and the c-factors that are wanted.

    Parameters
    ----------
    graph : MixedGraph
    outcome, do, settable, seen : BitSet
        `settable` and `seen` are the two parts of what is given.
    """
    wanted = outcome | seen
    fixed = do | settable
    everything, needed = relevant(graph, wanted, fixed)
    if settable:
        yield Reason(
            f"To see {listed(graph.names(settable))} is here the same as to set it."
        )
    if everything != graph.bits.everything:
        dropped = listed(graph.names(graph.bits.everything & ~everything))
        yield Reason(f"Discard {dropped}: nothing asked for depends on it.")
    y, x = (listed(graph.names(nodes)) for nodes in (wanted, fixed))
    districts = map(graph.names, graph.bits.districts(needed))
    c_factors = [f"Q[{', '.join(district)}]" for district in districts]
    summed = graph.names(needed & ~wanted)
    sums = f", summed over {listed(summed)}" if summed else ""
    apart = (
        ", which hidden causes hold together in groups," if len(c_factors) > 1 else ""
    )
    yield Reason(
        f"Cut the arrows into {x}. What then acts on {y}{apart} gives {' '.join(c_factors)}{sums}: "
        "that is wanted."
    )


def _step(graph: MixedGraph, step: CFactorSplit | CFactorMarginal) -> Reason:
    part = graph.names(step.part)
    rest = listed(graph.names(step.whole & ~step.part))
    if isinstance(step, CFactorMarginal):
        words = f"Discard {rest}, on which no other variable of this c-factor depends:"
    elif step.whole == graph.bits.ancestors(step.whole):
        words = "Disintegrate the observed distribution:"
    else:
        words = f"Pull {listed(part)} apart from {rest}, with which it shares no hidden cause:"
    return Reason(words, part, step.expression, graph.nodes)


def _hedge(graph: MixedGraph, step: Step) -> Hedge | None:
    if not isinstance(step, HedgeFound):
        return None
    larger = graph.names(step.whole)
    pairs = [
        (one, other)
        for one, other in combinations(larger, 2)
        if frozenset((one, other)) in graph.bidirected
    ]
    around = members(step.whole & ~step.part)
    acted_on = union(graph.bits.children[node] for node in around) & step.part
    return Hedge(larger, graph.names(step.part), graph.names(acted_on), tuple(pairs))
