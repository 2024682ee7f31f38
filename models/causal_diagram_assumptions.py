"""What `CausalDiagram` assumes, in words, how its answer follows, and what its data leave in doubt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from scipy import stats

from causalstats.data import Observations
from causalstats.data.observations import MOST_CELLS
from causalstats.model import Assumption, Check
from causalstats.models.causal_diagram_bounds import compatible

_MOST_PAIRS = 200
_UNLIKELY = 0.01
_OUTWEIGHED = 0.1


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
            statement=f"Before the data each row of each table is Dirichlet, with a weight of {model.concentration:g}, in observations, for each {each}."
            + (" A linear regression has the same." if model.route == "regression" else ""),
            if_wrong="Where few were observed the prior draws probabilities towards each other, and effects towards nothing: see the sensitivity to "
            "`concentration`.",
            formula=f"θ ~ Dirichlet({model.concentration:g}{'' if model.prior == 'cells' else ' / cells'})",
        ),
    ]
    if by := model.diagram.roles.selected:
        found.insert(
            1,
            Assumption(
                name="selection as drawn",
                statement=f"The data are of those alone whom {' and '.join(by)} selects, and what acts on that is what the diagram says.",
                if_wrong="The formula takes what is seen among the selected for what holds among everybody, and the answer is biased.",
            ),
        )
    if model.route == "regression":
        shape = (
            "a straight line"
            if model.functions == 1
            else f"a spline of at most {model.functions} columns"
        )
        found.append(
            Assumption(
                name="regressions",
                statement=f"Each number that is conditioned on acts by {shape}, {'with' if model.interactions == 'pairs' else 'without'} products of pairs; "
                "numbers have normal errors of one variance, and labels that depend on numbers are logistic.",
                if_wrong="The answer is that of another curve: see the sensitivity to `functions` and `interactions`.",
            )
        )
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
        return (*rows_left_out(model, data), *independences(model, data))
    return (*rows_left_out(model, data), *compatible(model, data), *independences(model, data))


def rows_left_out(model: Any, data: Observations) -> tuple[Check, ...]:
    """Return what was dropped for a variable that the headline needs, and what for others."""
    lacking = {name: count for name, count in data.dropped.items() if count}
    if not lacking:
        return ()
    formula = model.identification.expression
    needed = model.graph.nodes
    if formula is not None:
        needed = tuple({*formula.variables, model.treatment, model.outcome})
    spare = [name for name in lacking if name not in needed]
    listed = ", ".join(f"{count:,} without {name}" for name, count in lacking.items())
    most = max(lacking.values())
    ways = []
    if spare:
        columns = [name for name in data.variables if name not in spare]
        ways.append(
            f"The answer does not need {' and '.join(spare)}: say `hidden: {', '.join(spare)}` in the diagram and read `columns={columns!r}` to keep their rows"
        )
    if len(spare) < len(lacking):
        ways.append("Fill in what is missing by multiple imputation and compare the answers")
    return (
        Check(
            name="rows left out",
            passed=None,
            value=most / (len(data) + most),
            expected="no row left out, or rows left out at random",
            finding=f"{listed}; {len(data):,} are left. These data cannot show whether they are missing at random",
            remedy=". ".join(ways) + ".",
            assumption="complete rows",
            caution=True,
        ),
    )


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
    """Tests of what the diagram says is independent, one a pair that some others separate, p-values multiplied by their number (Bonferroni): G-tests of labels,
    and where there are numbers, of what is linear.

    A diagram with hidden causes can imply equalities that are no independences (Verma & Pearl 1990); these are not tested.
    """
    levels, tests = model.levels(data), []
    pairs = list(combinations(model.graph.nodes, 2))
    apart = [
        (*pair, given)
        for pair in pairs[:_MOST_PAIRS]
        if (given := separator(model.graph, *pair)) is not None
    ]
    if not apart and len(pairs) <= _MOST_PAIRS:
        return (_irrefutable(),)
    for one, other, given in apart:
        names, statement = (
            (one, other, *given),
            f"{one} and {other}{' given ' if given else ''}{', '.join(given)}",
        )
        if set(names) & set(data.continuous):
            tests.append((wilks_test(*_blocks(one, other, given, data, levels)), statement))
        elif np.prod([len(levels[name]) for name in names], dtype=float) <= MOST_CELLS:
            tests.append((g_test(data.table(names, levels)), statement))
    if not tests:
        return ()
    (p, statement), count = min(tests), len(tests)
    p = min(1.0, p * count)
    return (
        Check(
            name="independences of the diagram",
            passed=p > _UNLIKELY,
            value=p,
            expected=f"p above {_UNLIKELY:g}, multiplied by the number of tests",
            finding=f"{count} tested; least likely independent are {statement}, p = {p:.3g}",
            remedy=""
            if p > _UNLIKELY
            else "The data contradict the diagram: an arrow or a shared cause is missing.",
        ),
    )


def _irrefutable() -> Check:
    return Check(
        name="independences of the diagram",
        passed=None,
        value=0.0,
        expected="two variables that are independent by the diagram, as such or given others",
        finding="there are no such two, so that hardly any data of these variables would contradict the diagram",
        remedy="The answer stands on the diagram alone. Observe more, such as a variable that by the diagram has to do with only some of the others.",
    )


def _blocks(
    one: str, other: str, given: Sequence[str], data: Observations, levels: Any
) -> Iterator[np.ndarray]:
    """The columns (n, ...) of one, of the other, and of the rest with 1."""
    rows = np.repeat(np.arange(len(data.counts)), data.counts.astype(int))
    for names in ((one,), (other,), given):
        parts = [
            data.column(name)[rows, None]
            if name in data.continuous
            else (data.places(name, levels[name])[rows, None] == np.arange(1, len(levels[name])))
            * 1.0
            for name in names
        ]
        yield np.hstack([*parts, np.ones((len(rows), 1))] if names is given else parts)


def wilks_test(one: np.ndarray, other: np.ndarray, given: np.ndarray) -> float:
    """p-value of no linear dependence of two blocks of columns given a third: Bartlett's -(n - q - (a + b + 3) / 2) log Π (1 - r²) against χ², r the canonical
    correlations of what is left of a and b columns after q."""
    left = [block - given @ np.linalg.lstsq(given, block, rcond=None)[0] for block in (one, other)]
    bases = [np.linalg.svd(block, full_matrices=False) for block in left]
    kept = [u[:, s > 1e-8 * max(s.max(initial=0.0), 1e-300)] for u, s, _ in bases]
    a, b = (basis.shape[1] for basis in kept)
    if not (a and b):
        return 1.0
    r = np.linalg.svd(kept[0].T @ kept[1], compute_uv=False).clip(max=1 - 1e-12)
    factor = len(one) - given.shape[1] - (a + b + 1) / 2
    return float(stats.chi2.sf(-factor * np.log1p(-(r**2)).sum(), a * b))


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


def g_test(table: np.ndarray) -> float:
    """p-value of independence of the first two axes at every cell of the others: 2 Σ n log(n / expected) against χ², rows and columns never seen left out."""
    table = table.reshape(*table.shape[:2], -1)
    rows, columns, total = (
        table.sum(axis=1, keepdims=True),
        table.sum(axis=0, keepdims=True),
        table.sum(axis=(0, 1), keepdims=True),
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(table > 0, table * np.log(table * total / (rows * columns)), 0.0)
    free = (((rows > 0).sum(axis=0) - 1).clip(0) * ((columns > 0).sum(axis=1) - 1).clip(0)).sum()
    return float(stats.chi2.sf(2 * terms.sum(), free)) if free else 1.0
