"""Conditional independences that a diagram implies in each of several studies, tested on its rows.

The diagram of a study has no arrows into what it randomised, is that of the variables it observed,
and among selected rows that of the selected. Mechanisms that differ from the target's keep their
arguments, so that a study with `changed` variables has the same independences as the target.

References
----------
Bareinboim & Pearl (2016), Causal inference and the data-fusion problem, PNAS 113: selection
diagrams.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from causalstats.core.check import Check
from causalstats.data import Observations
from causalstats.diagrams.identification.implied_independences import separating_set
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.diagrams.identification.transport import Study
from causalstats.models.causal_diagram.checks.implied_independences import (
    SIGNIFICANCE_LEVEL,
    IndependenceTest,
    independence_test,
    smallest_p,
)
from causalstats.models.causal_diagram.levels import Levels

INDEPENDENCES_OF_STUDIES = "independences within each study"
_MOST_PAIRS = 200  # of each study


def independences_of_studies(
    graph: MixedGraph,
    designs: Mapping[str, Study],
    data: Mapping[str, Observations],
    levels: Levels,
) -> tuple[Check, ...]:
    """Return a failed check where a study contradicts its diagram, and else none.

    One test of every pair of variables that others separate, in every study; the p-value is
    multiplied by their number (Bonferroni).

    Parameters
    ----------
    graph : MixedGraph
        Of the target.
    designs : mapping of name to Study
    data : mapping of name to Observations
    levels : mapping of variable to its levels
    """
    tests: list[IndependenceTest] = []
    for name, study in designs.items():
        own = study.graph_of_rows(graph, designs.values())
        tests += _of_study(name, own, data[name], levels)
    if not tests:
        return ()
    p, statement = smallest_p(tests)
    if p > SIGNIFICANCE_LEVEL:
        return ()
    return (
        Check(
            name=INDEPENDENCES_OF_STUDIES,
            passed=False,
            value=p,
            expected=f"p times the number of tests above {SIGNIFICANCE_LEVEL:g}",
            finding=f"{len(tests)} tested; least likely independent are {statement}, p = {p:.3g}",
            remedy="This study contradicts the diagram, or was not randomised as declared: an "
            "arrow or a shared cause is missing between these two, or a variable is not among "
            "`randomised` in truth.",
            assumption="this diagram",
        ),
    )


def _of_study(
    name: str, own: MixedGraph, data: Observations, levels: Levels
) -> list[IndependenceTest]:
    """Return the tests of the pairs of one study that others of its variables separate.

    Parameters
    ----------
    name : str
    own : MixedGraph
        Of the rows of the study.
    data : Observations
    levels : mapping of variable to its levels
    """
    tests = []
    for one, other in list(combinations(own.nodes, 2))[:_MOST_PAIRS]:
        given = separating_set(own, one, other)
        if given is None or not {one, other, *given} <= set(data.levels):
            continue
        own_levels = {each: data.levels[each] for each in (one, other, *given)}
        tests.append(
            independence_test(one, other, given, data, own_levels, f" in {name}")
        )
    return tests
