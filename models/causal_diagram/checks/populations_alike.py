"""Whether variables without causes are distributed alike in studies said not to change them.

A study without a variable among those `changed` says that its mechanism is the target's. Two such
studies have one distribution of a variable that nothing observed acts on.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.data import Observations
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.diagrams.identification.transport import Study

POPULATIONS_ALIKE = "populations differ as declared"
_LEVEL = 0.005  # over all variables
_FEWEST_EXPECTED = 5.0


def populations_alike(
    graph: MixedGraph,
    designs: Mapping[str, Study],
    data: Mapping[str, Observations],
) -> tuple[Check, ...]:
    """Return a failed check where a variable without causes differs between studies, and else none.

    Pearson's χ² of levels by studies, of levels expected five times or more in each; multiplied by
    the number of variables.

    Parameters
    ----------
    graph : MixedGraph
        Of the target.
    designs : mapping of name to Study
    data : mapping of name to Observations
    """
    with_causes = {effect for _, effect in graph.directed}
    tests: dict[str, tuple[float, list[str]]] = {}
    for variable in graph.nodes:
        names = [name for name in designs if _unchanged(designs[name], variable)]
        names = [name for name in names if variable in data[name].levels]
        if variable in with_causes or len(names) < 2:
            continue
        p_value = _homogeneity([data[name] for name in names], variable)
        if p_value is not None:
            tests[variable] = (p_value, names)
    if not tests:
        return ()
    worst = min(tests, key=lambda name: tests[name][0])
    p_value, names = tests[worst]
    p_value = min(1.0, len(tests) * p_value)
    if p_value > _LEVEL:
        return ()
    return (
        Check(
            name=POPULATIONS_ALIKE,
            passed=False,
            value=p_value,
            expected=f"one distribution in studies that do not name a variable in `changed`: p "
            f"above {_LEVEL:g}",
            finding=f"{worst!r} is distributed otherwise in {' and '.join(names)}, p = "
            f"{p_value:.2g}",
            remedy=f"Say which of these studies is not the target's in {worst!r}, "
            f"`cs.Study(changed=[{worst!r}])`: the formula then takes it from another, or is "
            "refused.",
            assumption="differences between populations as declared",
        ),
    )


def _unchanged(study: Study, variable: str) -> bool:
    """Whether the study has the target's distribution of a variable that nothing acts on."""
    named = (*study.changed, *study.randomised, *study.given)
    observed = study.observed is None or variable in study.observed
    return observed and variable not in named and not study.selected


def _homogeneity(studies: list[Observations], variable: str) -> float | None:
    """Return the p-value of one distribution; None where counts are too few."""
    levels = sorted({each for one in studies for each in one.levels[variable]}, key=str)
    table = np.zeros((len(studies), len(levels)))
    for row, one in zip(table, studies, strict=True):
        counts = one.table([variable])
        for level, count in zip(one.levels[variable], counts, strict=True):
            row[levels.index(level)] = count
    shares = table.sum(axis=0) / table.sum()
    enough = (table.sum(axis=1)[:, None] * shares >= _FEWEST_EXPECTED).all(axis=0)
    kept = np.column_stack([table[:, enough], table[:, ~enough].sum(axis=1)])
    kept = kept[:, kept.sum(axis=0) > 0]
    if kept.shape[1] < 2:
        return None
    return float(stats.chi2_contingency(kept, correction=False).pvalue)
