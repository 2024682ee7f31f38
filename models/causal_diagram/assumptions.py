"""What `CausalDiagram` assumes, in words, how its answer follows, and what its data leave in doubt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from causalstats.core.assumption import Assumption
from causalstats.core.check import Check
from causalstats.data import Observations
from causalstats.models.causal_diagram.bounds import compatible
from causalstats.models.causal_diagram.checks.conditional_independence import (
    approximate_p,
    covariance_p,
    drawn_p,
    tables_by_stratum,
)
from causalstats.models.causal_diagram.regression.conditional_distributions import logit_sd
from causalstats.models.causal_diagram.regression.model_checks import shape_checks
from causalstats.models.shared.missing_rows import rows_left_out
from causalstats.numerics.bases.splines import smooth

_MOST_PAIRS = 200
_UNLIKELY = 0.01
_LOOKS_SMALL = 0.1  # of a p-value by moments, below which tables are drawn
_DRAWN = 20  # tables that are drawn, for each that would be as unlikely at the level of a test
_MOST_DRAWN = 5  # tests whose tables are drawn
_FUNCTIONS, _ROWS_A_COLUMN = 6, 20  # smooth functions of a number that is held


def assumptions(model: Any) -> tuple[Assumption, ...]:
    """What the answer stands on."""
    each = "cell of each table" if model.prior == "cells" else "table, spread evenly over its cells"
    found = [
        Assumption(
            name="this diagram",
            statement="Between the variables there are no other arrows, and no other shared causes, than are drawn.",
            if_wrong="Another arrow or another hidden cause can change the formula, and the answer with it. The checks have what the data can refute of the "
            "diagram, which is little of it.",
            formula=written(model),
        ),
        Assumption(
            name="independent observations",
            statement="Observations are independent, of one population, and what is done to one does not act on another.",
            if_wrong="Intervals are too short, or there is no one answer.",
        ),
        Assumption(
            name="complete rows",
            statement="Rows that lacked a value, if there were any, were left out, and what is missing is missing at random: complete rows have the same "
            "distribution.",
            if_wrong="The answer is about the people with complete rows, and may be biased even for them.",
        ),
        Assumption(
            name="prior of the tables",
            statement=f"Before the data each row of each table is Dirichlet, with a weight of {model.concentration:g}, in observations, for each {each}.",
            if_wrong="Where few were observed the prior draws probabilities towards each other, and effects towards nothing: see the check `weight of the "
            "prior` and the sensitivity to `concentration`.",
            formula=f"θ ~ Dirichlet({model.concentration:g}{'' if model.prior == 'cells' else ' / cells'})",
        ),
    ]
    if by := model.diagram.roles.selected:
        found.insert(
            1,
            Assumption(
                name="selection as drawn",
                statement=f"The data are of those alone whom {' and '.join(by)} selects, and what "
                "acts on that selection is what the diagram says.",
                if_wrong="The formula takes what is seen among the selected for what holds among "
                "everybody, and the answer is biased.",
            ),
        )
    if model.route == "regression":
        shape = (
            "a straight line"
            if model.functions == 1
            else f"a spline of at most {model.functions} columns"
        )
        found += [
            Assumption(
                name="regressions",
                statement=f"Each number that is conditioned on acts by {shape}, {'with' if model.interactions == 'pairs' else 'without'} products of pairs; "
                "numbers have normal errors of one variance, and labels that depend on numbers, or on more labels than the rows can fill a table of, are "
                "logistic.",
                if_wrong="The answer is that of another curve: see the sensitivity to `functions` and `interactions`.",
            ),
            Assumption(
                name="prior of the regressions",
                statement=f"Linear coefficients have a prior that weighs as much as {model.concentration:g} of the observations and shrinks all of them by one "
                f"factor (g-prior); logistic ones are Normal(0, {logit_sd(model.concentration):.3g}) for a column with standard deviation 1.",
                if_wrong="With few observations, or with events that are rare, effects are drawn towards nothing: see the sensitivity to `concentration`.",
                formula=f"b ~ N(0, σ² n (Z'Z)⁻¹ / {model.concentration:g})",
            ),
        ]
    found += [
        Assumption(
            name=f"monotone {each.effect}",
            statement=f"Nobody's {each.effect} goes {'down' if each.increasing else 'up'} when {each.cause} goes up, "
            + (
                f"but for at most {each.exceptions:.1%} of them."
                if each.exceptions
                else "all else held."
            ),
            if_wrong="The bounds are too narrow.",
        )
        for each in model.monotone
    ]
    if model.route == "structural" and model.diagram.hidden:
        counts = ", ".join(
            f"{name} {len(levels)}"
            for name, levels in model.every_level({}).items()
            if name in model.diagram.hidden
        )
        found.append(
            Assumption(
                name="levels of what is hidden",
                statement=f"Hidden variables have few levels: {counts}.",
                if_wrong="With too few, the model leaves out distributions that the diagram allows.",
            )
        )
    return tuple(found)


def written(model: Any) -> str:
    """The diagram over the observed variables in one line."""
    graph = model.graph.population or model.graph
    effects = {
        cause: [name for name in graph.nodes if (cause, name) in graph.directed]
        for cause in graph.nodes
    }
    arrows = [f"{cause} → {', '.join(found)}" for cause, found in effects.items() if found]
    arcs = [" ↔ ".join(sorted(pair, key=graph.nodes.index)) for pair in graph.bidirected]
    return "; ".join([*arrows, *sorted(arcs)])


def derivation(model: Any) -> tuple[str, ...]:
    """The formula and the certificate, or what stands in its way, a line a step."""
    found = model.identification
    if not found.identified:
        return (f"{found.query} is not identified.", *map(str, found.steps), str(found.hedge))
    names = f" ({', '.join(map(str, found.criteria))})" if found.criteria else ""
    anywhere = f", at any level of {', '.join(found.irrelevant)}" if found.irrelevant else ""
    return (f"{found.query} = {found.expression}{anywhere}{names}.", *map(str, found.steps))


def data_checks(model: Any, data: Observations) -> tuple[Check, ...]:
    """Rows left out, and what the diagram implies: independences, and inequalities where there is no formula."""
    if model.route == "regression":
        return (
            *incomplete_rows(model, data),
            *shape_checks(model, data),
            *independences(model, data),
        )
    return (*incomplete_rows(model, data), *compatible(model, data), *independences(model, data))


def incomplete_rows(model: Any, data: Observations) -> tuple[Check, ...]:
    """Return what was left out, and whether the headline needs the variables that were missing."""
    formula = model.identification.expression
    needed = model.graph.nodes
    if formula is not None:
        needed = tuple({*formula.variables, model.treatment, model.outcome})
    spare = [name for name, count in data.dropped.items() if count and name not in needed]
    advice = ""
    if spare:
        columns = [name for name in data.variables if name not in spare]
        advice = (
            f"The effect of {model.treatment} on {model.outcome}, unlike other questions, does "
            f"not need {' and '.join(spare)}: to ask for it alone, say "
            f"`hidden: {', '.join(spare)}` in the diagram and read `columns={columns!r}`, which "
            "keeps their rows"
        )
    return rows_left_out(data, advice, assumption="complete rows")


def unused(model: Any, data: Observations) -> dict[str, str]:
    """Return the fields that cannot change the headline on these data, each with the reason."""
    found, route = {}, f"route={model.route!r} does not use it."
    if model.route == "regression":
        found["prior"] = "the weight of the prior is that of each cell, or of each regression."
    else:
        found |= {name: route for name in ("functions", "interactions")}
    if model.route != "structural":
        found["hidden_levels"] = f"{route[:-1]}: hidden variables have no mechanism in it."
    elif not model.diagram.hidden:
        found["hidden_levels"] = "no variable is hidden."
    if model.identification.identified:
        found["monotone"] = "it narrows bounds, and the effect is identified without it."
    return found


def independences(model: Any, data: Observations) -> tuple[Check, ...]:
    """Tests of what the diagram says is independent, one a pair that some others separate, p-values multiplied by their number (Bonferroni).

    A diagram with hidden causes can imply equalities that are no independences (Verma & Pearl 1990); these are not tested.
    """
    levels = model.levels(data)
    tests: list[tuple[float, str, np.ndarray | None]] = []
    pairs = list(combinations(model.graph.nodes, 2))
    apart = [
        (*pair, given)
        for pair in pairs[:_MOST_PAIRS]
        if (given := separator(model.graph, *pair)) is not None
    ]
    if not apart and len(pairs) <= _MOST_PAIRS:
        return (_irrefutable(),)
    for one, other, given in apart:
        statement = f"{one} and {other}{' given ' if given else ''}{', '.join(given)}"
        if {one, other, *given} & set(data.continuous):
            p = covariance_p(*_blocks(one, other, given, data, levels))
            tests.append((p, statement, None))
        else:
            table = _strata(one, other, given, data)
            p = float(approximate_p(table[None])[0]) if len(table) else 1.0
            tests.append((p, statement, table))
    p, statement = _least(tests)
    return (
        Check(
            name="independences of the diagram",
            passed=p > _UNLIKELY,
            value=p,
            expected=f"p above {_UNLIKELY:g}, multiplied by the number of tests",
            finding=f"{len(tests)} tested; least likely independent are {statement}, p = {p:.3g}",
            remedy=""
            if p > _UNLIKELY
            else "The data contradict the diagram: an arrow or a shared cause is missing, such as one between these two.",
            assumption="this diagram",
        ),
    )


def _least(tests: Sequence[tuple[float, str, Any]]) -> tuple[float, str]:
    """Return the smallest p-value times the number of tests, those of tables that look small by drawing tables."""
    count, rng, found = len(tests), np.random.default_rng(0), []
    for p, statement, table in sorted(tests, key=lambda test: test[0]):
        if table is not None and len(table) and p * count < _LOOKS_SMALL:
            p = drawn_p(table, int(_DRAWN * count / _UNLIKELY), rng)
        found.append((min(1.0, p * count), statement))
        if found[-1][0] <= _UNLIKELY or p * count >= _LOOKS_SMALL or len(found) >= _MOST_DRAWN:
            break
    return min(found)


def _strata(one: str, other: str, given: Sequence[str], data: Observations) -> np.ndarray:
    """The counts of two labels in each stratum of others."""
    held = np.empty((len(data.counts), len(given)), int)
    for place, name in enumerate(given):
        held[:, place] = data.column(name)
    return tables_by_stratum(data.column(one), data.column(other), held, data.counts)


def _irrefutable() -> Check:
    return Check(
        name="independences of the diagram",
        passed=None,
        caution=True,
        assumption="this diagram",
        value=0.0,
        expected="two variables that are independent by the diagram, as such or given others",
        finding="there are no such two, so that hardly any data of these variables would contradict the diagram",
        remedy="The answer stands on the diagram alone. Observe more, such as a variable that by the diagram has to do with only some of the others.",
    )


def _blocks(
    one: str, other: str, given: Sequence[str], data: Observations, levels: Any
) -> Iterator[np.ndarray]:
    """The columns (n, ...) of one, of the other, and of the rest: smooth functions of numbers, levels, and 1."""
    rows = np.repeat(np.arange(len(data.counts)), data.counts.astype(int))
    functions = int(np.clip(len(rows) / (_ROWS_A_COLUMN * max(len(given), 1)), 1, _FUNCTIONS))

    def columns(name: str, held: bool) -> np.ndarray:
        if name not in data.continuous:
            places = data.places(name, levels[name])[rows, None]
            return (places == np.arange(1, len(levels[name]))) * 1.0
        values = data.column(name)[rows]
        return smooth(values, functions).columns(values) if held else values[:, None]

    for names in ((one,), (other,), given):
        held = names is given
        parts = [columns(name, held) for name in names]
        yield np.hstack([*parts, np.ones((len(rows), 1))] if held else parts)


def separator(graph: Any, one: str, other: str) -> tuple[str, ...] | None:
    """A set that separates two variables, from which nothing can be left out; None where none does.

    If any does, their ancestors do (Richardson & Spirtes 2002).
    """
    given = [name for name in graph.ancestors(one, other) if name not in (one, other)]
    if not graph.separated([one], [other], given):
        return None
    for name in list(given):
        fewer = [kept for kept in given if kept != name]
        if graph.separated([one], [other], fewer):
            given = fewer
    return tuple(given)
