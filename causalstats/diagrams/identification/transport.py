"""Effects in a target population from several studies: transport and surrogate experiments.

Each study observes some variables, in a population whose mechanisms may differ from the target's
in `changed` variables (selection diagrams), with some variables randomised. The effect in the
target is Σ Π Q[D] over districts D, where Q[D] is the distribution of D when everything else is
set from outside. A study gives Q[D] of the target where no mechanism of D differs in its
population, it observes D and all parents of D, it randomises nothing in D, and the ID algorithm
finds Q[D] in its own diagram, without the arrows into what it randomises. Where one study gives
each factor the effect is identified; with all variables observed in every study this is complete.
Of a study whose rows were selected by what they are, Q[D] has to be recovered from the selected.
A source that gives P(o | g) alone gives Q[D] as an experiment on g, and perhaps on others of o,
would: where rule 2 of the do-calculus makes P(rest | do(these)) = P(rest | these). Where no study
gives a whole Q[D], its conditionals P(v | the district of v among what comes before it, and their
parents) may come from a study each: Q[D] is their product (Tian & Pearl 2002).

References
----------
Bareinboim & Pearl (2014), Transportability from multiple environments with limited experiments,
NeurIPS. Lee, Correa & Bareinboim (2020), General transportability: synthesizing observations and
experiments from heterogeneous domains, AAAI. Lee, Correa & Bareinboim (2019), General
identifiability with arbitrary surrogate experiments, UAI. Correa, Tian & Bareinboim (2018),
Generalized adjustment under confounding and selection biases, AAAI.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations, islice

import numpy as np
import opt_einsum

from causalstats.core.argument_validation import shown
from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.diagrams.identification.bit_sets import (
    EMPTY,
    BitSet,
    members,
    singleton,
    smallest,
    up_to,
)
from causalstats.diagrams.identification.d_separation import separated
from causalstats.diagrams.identification.evaluation import Source, evaluate
from causalstats.diagrams.identification.expression import Expression, Probability
from causalstats.diagrams.identification.id_algorithm import (
    identified_c_factor,
    observed_c_factor,
    relevant,
)
from causalstats.diagrams.identification.mixed_graph import MixedGraph, as_mixed_graph
from causalstats.diagrams.identification.selection_bias import (
    c_factor_of_selected,
    refuse_selection,
)
from causalstats.diagrams.identification.simplification import simplified
from causalstats.diagrams.identification.wording import listed
from causalstats.errors import ModelError

_MOST_SETS = 4096  # of variables that a conditional distribution is also conditioned on


@dataclass(frozen=True)
class Study:
    """What a study observes, randomises, and how its population differs from the target.

    Parameters
    ----------
    randomised : str or list of str
        Variables that were assigned at random, whatever their causes.
    changed : str or list of str
        Variables whose mechanism, or hidden causes, may differ from those of the target.
    observed : list of str, optional
        The variables that it measured; all, without it.
    selected : str or list of str
        Variables of the diagram by which its rows were selected, as respondents or cases are. They
        are in no data.
    given : str or list of str
        Variables that it is conditional on: it gives P(observed | given), as a published table of
        rates or a sample that was stratified by them does, and not how often they occur.

    Examples
    --------
    >>> Study(randomised="x", changed="age")
    Study(randomised=('x',), changed=('age',), observed=None, selected=(), given=())
    """

    randomised: str | Sequence[str] = ()
    changed: str | Sequence[str] = ()
    observed: Sequence[str] | None = None
    selected: str | Sequence[str] = ()
    given: str | Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("randomised", "changed", "selected", "given"):
            value = arguments.names(name, getattr(self, name))
            object.__setattr__(self, name, value)
        if self.observed is not None:
            names = arguments.names("observed", self.observed)
            object.__setattr__(self, "observed", names)
        if self.given and self.selected:
            raise ModelError(
                "Expected rows that were selected, or a distribution given some variables, and not "
                "both of one study: where `given` alone selects, leave out `selected`."
            )

    def graph(self, graph: MixedGraph) -> MixedGraph:
        """Return the diagram of the study's own distribution, of its selection variables too.

        Parameters
        ----------
        graph : MixedGraph
            That of the target.

        Returns
        -------
        MixedGraph

        Raises
        ------
        ModelError
            If it names a variable that is hidden or unknown.

        Examples
        --------
        >>> from causalstats import Diagram
        >>> target = MixedGraph.from_diagram(Diagram.parse("z -> x -> y; z -> y"))
        >>> sorted(Study(randomised="x").graph(target).directed)
        [('x', 'y'), ('z', 'y')]
        """
        seen = graph.nodes
        if self.observed is not None:
            seen = (*self.observed, *self.selected, *self.given)
        for names in (self.randomised, self.changed, self.given, seen):
            graph.bit_set(names)
        directed = [each for each in graph.directed if each[1] not in self.randomised]
        pairs = [pair for pair in graph.bidirected if not pair & set(self.randomised)]
        hidden = [name for name in graph.nodes if name not in seen]
        return MixedGraph.projected(graph.nodes, directed, hidden, pairs)

    def graph_of_rows(self, graph: MixedGraph, studies: Iterable[Study]) -> MixedGraph:
        """Return the diagram of the distribution of its rows.

        Parameters
        ----------
        graph : MixedGraph
            That of the target.
        studies : list of Study
            All of them, for their selection variables.

        Of a conditional distribution, nothing is assumed of the variables that it is conditional
        on: the diagram is complete, and these come first.
        """
        own = self.graph(_without(graph, _signs(studies) - set(self.selected)))
        if self.given:
            rest = [name for name in own.nodes if name not in self.given]
            order = [*dict.fromkeys(self.given), *rest]
            return MixedGraph.projected(order, combinations(order, 2), (), ())
        return own.among_selected(tuple(self.selected)) if self.selected else own


def _signs(studies: Iterable[Study]) -> set[str]:
    return {name for study in studies for name in study.selected}


def _without(graph: MixedGraph, names: Collection[str]) -> MixedGraph:
    """Return the diagram without some of its variables, which are in no data."""
    if not names:
        return graph
    return MixedGraph.projected(graph.nodes, graph.directed, names, graph.bidirected)


@dataclass(frozen=True)
class StudyFactor:
    """A factor of an effect, by the study that gives it.

    Parameters
    ----------
    study : str
    variables : tuple of str
        The district whose distribution it is.
    expression : Expression
        In the distribution of the study.
    """

    study: str
    variables: tuple[str, ...]
    expression: Expression

    def __str__(self) -> str:
        return self.expression.text().replace("P(", f"P_{self.study}(")


@dataclass(frozen=True, repr=False)
class TransportIdentification:
    """A formula of an effect in the target from several studies, or the reason for none.

    Parameters
    ----------
    outcome, do : tuple of str
    factors : tuple of StudyFactor
        Their product, summed over `summed`; empty where there is none.
    summed : tuple of str
    missing : tuple of str
        The district that no study gives; empty where the effect is identified.
    reasons : mapping of study to the reason why it does not give that district

    Examples
    --------
    A trial in younger people, and a survey of the age of the target:

    >>> from causalstats import Diagram
    >>> diagram = Diagram.parse("age -> x, y; x -> y; x <-> y")
    >>> trial = Study(randomised="x", changed="age")
    >>> survey = Study(observed=["age"])
    >>> print(diagram.transport("y", "x", {"trial": trial, "survey": survey}))
    P(y | do(x)) in the target = Σ_age P_survey(age) P_trial(y | age, x)
    """

    outcome: tuple[str, ...]
    do: tuple[str, ...]
    factors: tuple[StudyFactor, ...] = ()
    summed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def identified(self) -> bool:
        """Whether the studies give every factor."""
        return not self.missing

    @property
    def query(self) -> str:
        """Such as "P(y | do(x)) in the target"."""
        done = f" | do({', '.join(self.do)})" if self.do else ""
        return f"P({', '.join(self.outcome)}{done}) in the target"

    def __str__(self) -> str:
        if self.identified:
            sums = f"Σ_{{{', '.join(self.summed)}}} " if len(self.summed) > 1 else ""
            sums = f"Σ_{self.summed[0]} " if len(self.summed) == 1 else sums
            return f"{self.query} = {sums}{' '.join(map(str, self.factors))}"
        lines = [
            f"{self.query} is not identified: it needs the distribution of "
            f"{listed(self.missing)} when everything else is set."
        ]
        lines += [f"  {study}: {reason}" for study, reason in self.reasons.items()]
        return "\n".join(lines)

    __repr__ = __str__

    def evaluate(self, sources: Mapping[str, Source]) -> np.ndarray:
        """Return the effect from the distribution of each study.

        Parameters
        ----------
        sources : mapping of study to JointTable, or another `Source`
            All with the same axes of draws, or none.

        Returns
        -------
        array, shape (batch..., levels of outcome..., levels of do...)
            NaN where a study never saw what the formula needs.

        Raises
        ------
        ModelError
            If the effect is not identified, or a study is missing.

        Examples
        --------
        >>> from causalstats import Diagram
        >>> from causalstats.diagrams import JointTable
        >>> found = Diagram.parse("x -> y; x <-> y").transport(
        ...     "y", "x", {"trial": Study(randomised="x")}
        ... )
        >>> joint = JointTable(("x", "y"), [[0.4, 0.1], [0.1, 0.4]])
        >>> found.evaluate({"trial": joint})
        array([[0.8, 0.2],
               [0.2, 0.8]])
        """
        if not self.identified:
            raise ModelError(f"{self} Expected an identified effect.")
        absent = [each.study for each in self.factors if each.study not in sources]
        if absent:
            raise ModelError(f"Expected the data of the study {absent[0]!r}.")
        names = dict.fromkeys((*self.outcome, *self.do, *self.summed))
        numbers = {name: number for number, name in enumerate(names)}
        operands: list[object] = []
        for factor in self.factors:
            free = factor.expression.free
            axes = [name for name in numbers if name in free]
            averaged = [name for name in free if name not in numbers]
            values = evaluate(
                factor.expression, sources[factor.study], axes, averaged
            ).values
            operands += [values, [..., *(numbers[name] for name in axes)]]
        out = [..., *(numbers[name] for name in (*self.outcome, *self.do))]
        lacking = set(self.do) - {
            name for factor in self.factors for name in factor.expression.free
        }
        if lacking:
            raise ModelError(
                f"{listed(sorted(lacking))} does not act on {listed(self.outcome)}: the answer is "
                "what is seen without doing anything."
            )
        return np.asarray(opt_einsum.contract(*operands, out))


def transport(
    diagram: Hypergraph | MixedGraph,
    outcome: str | Iterable[str],
    do: str | Iterable[str],
    studies: Mapping[str, Study],
) -> TransportIdentification:
    """Return whether an effect in a target population follows from several studies, and how.

    Parameters
    ----------
    diagram : Diagram or MixedGraph
        Of the target. Each study is of the same diagram but for what it randomises.
    outcome, do : str or list of str
    studies : mapping of name to Study
        Data of the target itself are a study without changes.

    Returns
    -------
    TransportIdentification

    Raises
    ------
    ModelError
        If a variable is hidden or unknown, there is no study, or data are of the selected alone.

    Examples
    --------
    A surrogate experiment: nobody randomised x, but z, which acts on x, was randomised.

    >>> from causalstats import Diagram
    >>> diagram = Diagram.parse("x -> z -> y; x <-> y; z <-> y; x <-> z")
    >>> diagram.identify("y", do="x").identified
    False
    >>> both = {"on x": Study(randomised="x"), "on z": Study(randomised="z")}
    >>> diagram.transport("y", "z", both).identified
    True
    """
    graph = as_mixed_graph(diagram)
    refuse_selection(graph, "an effect from several studies")
    if not isinstance(studies, Mapping) or not all(
        isinstance(study, Study) for study in studies.values()
    ):
        raise ModelError(
            "Expected `studies` as a mapping of names to studies, such as {'trial': Study(...)}, "
            f"got {shown(studies)}."
        )
    if not studies:
        raise ModelError("Expected at least one study, such as {'trial': Study(...)}.")
    signs = _signs(studies.values())
    graph.bit_set(signs)
    whole = graph
    graph = _without(whole, signs)
    y = graph.bit_set(arguments.names("outcome", outcome))
    x = graph.bit_set(arguments.names("do", do))
    if not y or y & x:
        raise ModelError(
            f"Expected an outcome other than what is done, got {outcome!r} and {do!r}."
        )
    _, needed = relevant(graph, y, x)
    factors = []
    for district in graph.bits.districts(needed):
        names = graph.names(district)
        factor, reasons = _from_some_study(graph, whole, names, studies)
        found = [factor] if factor else _from_studies_in_turn(graph, district, studies)
        if not found:
            return TransportIdentification(
                graph.names(y), graph.names(x), missing=names, reasons=reasons
            )
        factors += found
    return TransportIdentification(
        graph.names(y),
        graph.names(x),
        tuple(factors),
        graph.names(needed & ~y),
    )


def _from_some_study(
    graph: MixedGraph,
    whole: MixedGraph,
    names: tuple[str, ...],
    studies: Mapping[str, Study],
) -> tuple[StudyFactor | None, dict[str, str]]:
    """Return Q[names] of the target from the first study that gives it, or why none does.

    Parameters
    ----------
    graph, whole : MixedGraph
        Without and with the selection variables of the studies.
    names : tuple of str
    studies : mapping of name to Study
    """
    reasons = {}
    signs = _signs(studies.values())
    for name, study in studies.items():
        reason = _why_not(graph, names, study)
        if reason:
            reasons[name] = reason
            continue
        own = study.graph(_without(whole, signs - set(study.selected)))
        if study.selected:
            expression = c_factor_of_selected(own, tuple(study.selected), names)
        elif study.given:
            expression = _from_conditional(own, names, tuple(study.given))
        else:
            expression = _c_factor(own, names)
        if expression is not None:
            return StudyFactor(name, names, simplified(expression, own.nodes)), {}
        reasons[name] = "hidden causes join it with what is not randomised"
        if study.selected:
            reasons[name] = f"its rows, which {listed(study.selected)} selects, differ"
        if study.given:
            reasons[name] = (
                f"it needs to be known how often {listed(study.given)} occurs"
            )
    return None, reasons


def _from_studies_in_turn(
    graph: MixedGraph, district: BitSet, studies: Mapping[str, Study]
) -> list[StudyFactor]:
    """Return the conditionals of a district, each from some study; none unless all are found.

    Q[D] = Π Q[T] / Q[T without v], where T is the district of v among those of D that come before
    it. In a study whose district of v among the ancestors of T is T as well, the quotient is
    P(v | T and its parents).

    Parameters
    ----------
    graph : MixedGraph
        Of the target, without the selection variables of the studies.
    district : BitSet
    studies : mapping of name to Study
    """
    found = []
    for node in members(district):
        past = graph.bits.district(node, district & up_to(node))
        given = (past | graph.bits.parents_of(past)) & ~singleton(node)
        names = graph.names(given)
        label = next(
            (
                label
                for label, study in studies.items()
                if not set(graph.names(district)).intersection(study.changed)
                and _gives_conditional(study, graph.nodes[node], names)
                and past == _district_in(graph, study, node, past)
            ),
            None,
        )
        if label is None:
            return []
        expression = Probability((graph.nodes[node],), names)
        found.append(StudyFactor(label, (graph.nodes[node],), expression))
    return found


def _gives_conditional(study: Study, name: str, given: Collection[str]) -> bool:
    """Return whether P(name | given) follows from what a study observes, by conditioning alone."""
    measured = study.observed is None or {*study.observed, *study.given}.issuperset(
        (name, *given)
    )
    return (
        measured
        and not study.selected
        and name not in study.given
        and set(study.given) <= set(given)
    )


def _district_in(graph: MixedGraph, study: Study, node: int, past: BitSet) -> BitSet:
    """Return the district of a variable among the ancestors of others, in a study's diagram.

    Empty where the study randomises one of them: their mechanisms are then not those of the target.
    """
    randomised = graph.bit_set(study.randomised)
    if past & randomised:
        return EMPTY
    own = graph.bits.cut(into=randomised)
    return own.district(node, own.ancestors(past))


def _c_factor(own: MixedGraph, names: tuple[str, ...]) -> Expression | None:
    """Return Q[names] in the distribution of a diagram, if the ID algorithm finds it."""
    wanted = own.bit_set(names)
    everything = own.bits.ancestors(wanted)
    district = own.bits.district(smallest(wanted), everything)
    c_factor = observed_c_factor(own, district, everything)
    return identified_c_factor(own, wanted, district, c_factor, [])


def _from_conditional(
    own: MixedGraph, names: tuple[str, ...], given: tuple[str, ...]
) -> Expression | None:
    """Return Q[names] from the distribution of the other variables given some, if it follows.

    Parameters
    ----------
    own : MixedGraph
        Of the study.
    names, given : tuple of str
    """
    others = [name for name in own.nodes if name not in (*given, *names)]
    sets = chain.from_iterable(
        combinations(others, size) for size in range(len(others) + 1)
    )
    for moved in islice(sets, _MOST_SETS):
        expression = _as_if_set(own, names, (*given, *moved))
        if expression is not None:
            return expression
    return None


def _as_if_set(
    own: MixedGraph, names: tuple[str, ...], held: tuple[str, ...]
) -> Expression | None:
    """Return Q[names] from what given `held` is as it would be if they were set (rule 2)."""
    fixed = own.bit_set(held)
    cut = own.bits.cut(out_of=fixed)
    kept = {
        name
        for name in own.nodes
        if name not in held and separated(cut, own.bit_set((name,)), fixed)
    }
    if not kept.issuperset(names) or not set(own.parents(*names)) <= {*kept, *held}:
        return None
    directed = [each for each in own.directed if each[1] not in held]
    pairs = [pair for pair in own.bidirected if not pair & set(held)]
    hidden = [name for name in own.nodes if name not in kept and name not in held]
    return _c_factor(MixedGraph.projected(own.nodes, directed, hidden, pairs), names)


def _why_not(graph: MixedGraph, names: Sequence[str], study: Study) -> str:
    """Return why a study cannot give a factor of the target, before its own diagram is asked."""
    changed = [name for name in names if name in study.changed]
    if changed:
        return f"the mechanism of {listed(changed)} differs in its population"
    randomised = [name for name in names if name in study.randomised]
    if randomised:
        return f"it randomises {listed(randomised)}"
    conditioned = [name for name in names if name in study.given]
    if conditioned:
        return f"it is conditional on {listed(conditioned)}"
    if study.observed is not None:
        seen = (*study.observed, *study.given)
        wanted = dict.fromkeys((*names, *graph.parents(*names)))
        unseen = [name for name in wanted if name not in seen]
        if unseen:
            return f"it does not observe {listed(unseen)}"
    return ""
