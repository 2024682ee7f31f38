"""Positivity (overlap) of categorical variables: whether a formula conditions on an empty cell.

A formula that conditions on an empty cell has no value in the data alone: there the answer is the
prior.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.data import Observations
from causalstats.diagrams.identification.evaluation import (
    Aliased,
    Evaluation,
    JointTable,
    evaluate,
)
from causalstats.diagrams.identification.expression import Expression
from causalstats.diagrams.identification.identification import identify
from causalstats.models.causal_diagram.levels import Levels

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.checks.prior_sensitivity import Compute
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.routes.tables import TableRoute

_MOST_CELLS_TO_LOOK_THROUGH = 1_000_000
_EXPECTED = "every combination of values that the formula conditions on was observed"

Worlds = Sequence[Mapping[str, int]]
QueryChecks = Callable[[xr.Dataset, Observations], tuple[Check, ...]]


def query_checks(
    route: TableRoute,
    outcome: str,
    do: Sequence[str],
    given: Sequence[str],
    worlds: Worlds,
    compute: Compute,
) -> QueryChecks:
    """Return a function that checks the question P(outcome | do, given).

    Parameters
    ----------
    route : TableRoute
    outcome : str
    do, given : sequence of str
    worlds : sequence of mapping of variable to the position of its level
        The values asked about; all levels where it is empty.
    compute : function of draws and data
        The answer.
    """

    def checks(draws: xr.Dataset, data: Observations) -> tuple[Check, ...]:
        identification = identify(route.model.graph, outcome, do, given)
        formula = identification.expression
        if formula is None:
            return ()
        names = (outcome, *do, *given)
        irrelevant = identification.irrelevant
        support = positivity(route.model, formula, data, names, worlds, irrelevant)
        return (support, *route.prior_checks(compute, draws, data, do))

    return checks


def positivity(
    model: CausalDiagram,
    formula: Expression,
    data: Observations,
    names: Sequence[str],
    worlds: Worlds,
    irrelevant: Sequence[str] = (),
    aliases: Mapping[str, str] | None = None,
) -> Check:
    """Return whether a formula is defined on the counts themselves.

    Parameters
    ----------
    model : CausalDiagram
    formula : Expression
    data : Observations
    names : sequence of str
        The outcome, then the variables that are set or conditioned on.
    worlds : sequence of mapping of variable to the position of its level
        The values asked about; all levels where it is empty.
    irrelevant : sequence of str
        Variables whose level does not change the formula.
    aliases : mapping of name to variable
        Second names, as a treatment has that was one thing and is set to another.
    """
    aliases = dict(aliases or {})
    known = model.levels(data)
    levels = {**known, **{alias: known[name] for alias, name in aliases.items()}}
    needed = {aliases.get(name, name) for name in {*formula.variables, *names}}
    variables = sorted(needed, key=model.graph.nodes.index)
    cells = float(np.prod([len(levels[name]) for name in variables], dtype=float))
    if cells > _MOST_CELLS_TO_LOOK_THROUGH:
        return _too_many_cells()
    outcome, *conditions = names
    table = JointTable(tuple(variables), data.table(variables, levels))
    answer = evaluate(
        formula, Aliased(table, aliases), (*conditions, outcome), irrelevant
    )
    undefined = np.isnan(answer.values).any(axis=-1)
    if worlds:
        cells_asked = [tuple(world[name] for name in conditions) for world in worlds]
        undefined = np.array([undefined[cell] for cell in cells_asked])
    return _positivity_check(undefined, answer, levels)


def _too_many_cells() -> Check:
    return Check(
        name="positivity",
        passed=None,
        value=None,
        expected=_EXPECTED,
        finding=f"the formula needs more than {_MOST_CELLS_TO_LOOK_THROUGH:,} cells, too many to "
        "look through",
        remedy="Take it that some were not observed: join levels, or leave out variables that the "
        "answer does not need.",
        caution=True,
    )


def _positivity_check(
    undefined: np.ndarray,
    answer: Evaluation,
    levels: Levels,
) -> Check:
    passed = not undefined.any()
    finding, remedy = "every such combination was observed", ""
    if not passed:
        cells = "; ".join(missing.text(levels) for missing in answer.missing)
        finding = (
            f"{int(undefined.sum())} of the {undefined.size} probabilities asked for cannot be "
            f"had from the data alone: {cells}"
        )
        remedy = (
            "There the answer is the prior's: join levels, leave out variables that the answer "
            "does not need, observe more, or ask about people of whom some were seen with each "
            "value."
        )
    return Check(
        name="positivity",
        passed=passed,
        value=float(undefined.sum()),
        expected=_EXPECTED,
        finding=finding,
        remedy=remedy,
    )
