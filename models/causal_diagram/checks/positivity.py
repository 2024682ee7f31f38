"""How far data support an answer about labels: cells that it needs and that nobody was seen in, and the share of it that is the prior.

Both are looked at for the question asked: the formula on the counts themselves, and the answer
at the posterior means of the tables under other priors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.data import Observations
from causalstats.diagrams.bounds.probabilities_of_causation import Aliased
from causalstats.diagrams.identification.evaluation import JointTable, evaluate
from causalstats.diagrams.identification.expression import Expression
from causalstats.diagrams.identification.identification import identify
from causalstats.models.causal_diagram import tables as tables

_MOST_CELLS = 1_000_000  # looked through for cells in which nobody was seen
_MOST_NUMBERS = 2_000_000  # of the tables under all priors that are compared
_FEWEST_DRAWS = 200
MOVED = 0.5  # posterior standard deviations that a prior may move an answer by

Places = Sequence[Mapping[str, int]]
Compute = Callable[[xr.Dataset, Observations], xr.DataArray]


def question_checks(
    model: Any,
    of: str,
    do: Sequence[str],
    given: Sequence[str],
    places: Places,
    compute: Compute,
) -> Callable[[xr.Dataset, Observations], tuple[Check, ...]]:
    """Return the checks of P(of | do, given) at some levels; of all levels where `places` is empty."""

    def checks(draws: xr.Dataset, data: Observations) -> tuple[Check, ...]:
        found = identify(model.graph, of, do, given)
        if found.expression is None:
            return ()
        names = (of, *do, *given)
        own = positivity(model, found.expression, data, names, places, found.irrelevant)
        # Mechanisms of what is hidden have no posterior means in closed form.
        shared = prior_share(model, compute, draws, data, do) if model.route == "reduced" else ()
        return (own, *shared)

    return checks


def positivity(
    model: Any,
    formula: Expression,
    data: Observations,
    names: Sequence[str],
    places: Places,
    irrelevant: Sequence[str] = (),
    aliases: Mapping[str, str] | None = None,
) -> Check:
    """Return whether a formula is defined on the counts themselves: where it is not, the answer is the prior.

    `names` are the outcome, then what is set or seen, whose levels are those of each of `places`,
    or all of them. `aliases` are second names of variables, as a cause has that was one thing and
    is set to another.
    """
    known, second = model.levels(data), dict(aliases or {})
    levels = known | {name: known[own] for name, own in second.items()}
    everything = sorted(
        {second.get(name, name) for name in {*formula.variables, *names}},
        key=model.graph.nodes.index,
    )
    said = partial(
        Check, name="positivity", expected="everything that the formula conditions on was observed"
    )
    if float(np.prod([len(levels[name]) for name in everything], dtype=float)) > _MOST_CELLS:
        return said(
            passed=None,
            value=None,
            finding=f"the formula needs more than {_MOST_CELLS:,} cells, too many to look through",
            remedy="Take it that some were not observed: join levels, or leave out variables that the answer does not need.",
            caution=True,
        )
    of, *asked = names
    table = Aliased(JointTable(tuple(everything), data.table(everything, levels)), second)
    answer = evaluate(formula, table, (*asked, of), irrelevant)
    lacking = np.isnan(answer.values).any(axis=-1)
    if places:
        index = [[place[name] for name in asked] for place in places]
        lacking = np.array([lacking[tuple(each)] for each in index])
    if not lacking.any():
        return said(passed=True, value=0.0, finding="all of it was observed", remedy="")
    cells = "; ".join(missing.text(levels) for missing in answer.missing)
    return said(
        passed=False,
        value=float(lacking.sum()),
        finding=f"{int(lacking.sum())} of the {lacking.size} probabilities asked for cannot be had from the data alone: {cells}",
        remedy="There the answer is the prior's: join levels, leave out variables that the answer does not need, observe more, or ask about people of whom "
        "some were seen with each value.",
    )


def prior_share(
    model: Any, compute: Compute, draws: xr.Dataset, data: Observations, do: Sequence[str]
) -> tuple[Check, ...]:
    """Return whether the prior moves an answer by more than half of its posterior standard deviation.

    The answer is worked out at the posterior means of the tables, once with the prior's
    observations and once without them where there are others. To that difference is added the
    share of the answer that hangs on rows of tables in which nobody was seen: half the range of the
    answer as the prior of these rows gives everything to one level or to another.
    """
    levels = model.levels(data)
    prior = tables.weights(model.tables, levels, model.concentration, model.prior)
    counts = tables.counts(model.tables, levels, data)
    unseen = {name: count.sum(axis=-1) == 0 for name, count in counts.items()}
    variants, kinds = _variants(model, prior, counts, unseen, levels, do)
    answers = compute(_as_draws(variants, model.tables, levels), data).to_numpy()
    answers = answers.reshape(answers.shape[1], -1)
    thin = max(1, draws.sizes["draw"] // _FEWEST_DRAWS)
    found = compute(draws.isel(draw=slice(None, None, thin)), data).to_numpy()
    sd = found.reshape(found.shape[0] * found.shape[1], -1).std(axis=0)
    moved = abs(answers[1] - answers[0])
    for kind in sorted({kind for kind in kinds if kind}):
        own = answers[[at for at, other in enumerate(kinds) if other == kind]]
        moved = moved + (own.max(axis=0) - own.min(axis=0)) / 2
    ratio = np.divide(moved, sd, out=np.zeros_like(moved), where=sd > 0)
    worst = int(ratio.argmax())
    passed = bool(ratio[worst] <= MOVED)
    rows = sum(int(mask.sum()) for mask in unseen.values())
    empty = f", {rows:,} rows of tables have no observation" if rows else ""
    return (
        Check(
            name="weight of the prior",
            passed=passed,
            value=float(ratio[worst]),
            expected=f"an answer that the prior moves by at most {MOVED:g} of its standard deviations",
            finding=f"the prior may move the answer by {moved[worst]:.3g}, {ratio[worst]:.2g} of its standard deviations{empty}",
            remedy="" if passed else _remedy(model, data),
            assumption="prior of the tables",
        ),
    )


def _remedy(model: Any, data: Observations) -> str:
    """Return what makes the prior count for less in this diagram and on these data."""
    ways = ["join levels", "leave out variables that the answer does not need"]
    return f"The interval is not to be trusted. Use route='regression', whose regressions borrow strength between cells, {', '.join(ways)}, or observe more."


def _variants(
    model: Any,
    prior: Mapping[str, np.ndarray],
    counts: Mapping[str, np.ndarray],
    unseen: Mapping[str, np.ndarray],
    levels: tables.Levels,
    do: Sequence[str],
) -> tuple[dict[str, list[np.ndarray]], list[str]]:
    """Return the posterior means of each table under each prior, and which of them make up a range.

    First the prior itself, second rows by their observations alone where there are any; then, for
    each table with rows that nobody was seen in, these rows with all probability on one level, the
    rows of each level of what is done apart.
    """
    usual, alone = {}, {}
    for name, weight in prior.items():
        usual[name] = _normalised(weight + counts[name])
        alone[name] = np.where(
            unseen[name][..., None], usual[name], _normalised(counts[name] + 1e-300)
        )
    made = {name: [usual[name], alone[name]] for name in prior}
    kinds = ["", ""]
    size = sum(array.size for array in usual.values())
    for table in model.tables:
        for arm, rows in _arms(table, unseen[table.name], levels, do):
            for level in range(usual[table.name].shape[-1]):
                if not rows.any() or len(kinds) * size > _MOST_NUMBERS:
                    continue
                for name in prior:
                    made[name].append(usual[name])
                certain = np.eye(usual[table.name].shape[-1])[level]
                made[table.name][-1] = np.where(rows[..., None], certain, usual[table.name])
                kinds.append(f"{table.name} {arm}")
    return made, kinds


def _arms(
    table: tables.Table, rows: np.ndarray, levels: tables.Levels, do: Sequence[str]
) -> list[tuple[str, np.ndarray]]:
    """Return the rows of a table apart by the levels of what is done."""
    found = [("", rows)]
    for name in do:
        if name not in table.given:
            continue
        axis, parted = table.given.index(name), []
        for label, mask in found:
            for level in range(len(levels[name])):
                here = np.zeros_like(mask)
                at = tuple([slice(None)] * axis + [level])
                here[at] = mask[at]
                parted.append((f"{label} {name}={level}", here))
        found = parted
    return found


def _normalised(table: np.ndarray) -> np.ndarray:
    return table / table.sum(axis=-1, keepdims=True)


def _as_draws(
    made: Mapping[str, Sequence[np.ndarray]],
    own: Sequence[tables.Table],
    levels: tables.Levels,
) -> xr.Dataset:
    """Return tables as if they were draws of one chain."""
    count = len(next(iter(made.values())))
    used = dict.fromkeys(name for table in own for name in table.axes)
    return xr.Dataset(
        {
            table.name: (("chain", "draw", *table.axes), np.stack(made[table.name])[None])
            for table in own
        },
        {
            "chain": [0],
            "draw": np.arange(count),
            **{name: list(levels[name]) for name in used},
        },
    )
