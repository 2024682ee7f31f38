"""Whether two interventions are compared among the same people, where a group is asked about.

P(y | do(x), w) - P(y | do(x'), w), with w a variable on which x acts, compares those who have w
after x with those who have it after x': other people, and so no effect on anybody (Rosenbaum 1984;
Frangakis & Rubin 2002). A difference may come of who is in the group alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import xarray as xr

from causalstats.core.check import Check
from causalstats.data import Observations
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.models.causal_diagram.query_arguments import (
    variables_with_several_values,
)

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.routes.base import Query

SAME_PEOPLE = "groups of the same people"


def moved_groups(
    graph: MixedGraph, do: Mapping[str, Any], given: Collection[str]
) -> dict[str, str]:
    """Return the groups on which what is compared acts, each with a variable that does.

    Arrows into what is set are cut: a group beyond a variable that is held is the same.

    Parameters
    ----------
    graph : MixedGraph
    do : mapping of variable to a value, or to several that are compared
    given : collection of str

    Examples
    --------
    >>> chain = MixedGraph.projected("xmw", [("x", "m"), ("m", "w")])
    >>> moved_groups(chain, {"x": [1, 0]}, ["w"])
    {'w': 'x'}
    >>> moved_groups(chain, {"x": [1, 0], "m": 0}, ["w"])
    {}
    """
    arrows = [arrow for arrow in graph.directed if arrow[1] not in do]
    after = MixedGraph.projected(graph.nodes, arrows)
    return {
        group: name
        for name in variables_with_several_values(do)
        for group in given
        if group in after.descendants(name)
    }


def with_same_people(
    graph: MixedGraph, do: Mapping[str, Any], given: Mapping[str, Any], query: Query
) -> Query:
    """Return a question with the caution that it compares different people, where it does.

    Parameters
    ----------
    graph : MixedGraph
    do, given : mapping of variable to what it is set to, or was seen to be
    query : (str, Estimand)
    """
    moved = moved_groups(graph, do, given)
    if not moved:
        return query
    name, estimand = query
    caution = _different_people(moved)

    def checks(draws: xr.Dataset, data: Observations) -> tuple[Check, ...]:
        usual = estimand.checks(draws, data) if estimand.checks is not None else ()
        return (*usual, caution)

    return name, replace(estimand, checks=checks)


def _different_people(moved: Mapping[str, str]) -> Check:
    group, cause = next(iter(moved.items()))
    return Check(
        name=SAME_PEOPLE,
        passed=None,
        caution=True,
        value=float(len(moved)),
        expected="a group on which what is set does not act",
        finding=f"by the diagram {cause} acts on {group}: those with this {group} are other people "
        f"after each value of {cause}, and the contrast may come of who they are: it is the effect "
        "on nobody",
        remedy=f"Ask without `given`, or hold {group} by `do` (a controlled direct effect), or ask "
        f"about people who are known by one world, in text: 'P(... | {group}[{cause}=...]=...)'.",
        assumption="this diagram",
    )
