"""Queries of regressions: several doses, groups, the treated (ATT), and other outcomes.

E[y | do(x), w]           = Σ_z P(z | w) E[y | x, z, w]
E[y had x been x' | x, w] = Σ_z P(z | x, w) E[y | x', z, w]     z and w meet the back-door criterion

The second is the effect of treatment on the treated. The first factor is that of the rows in the
group, weighted by a draw of the Bayesian bootstrap; the second a regression, drawn when the
headline has not drawn it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.core.estimand import Estimand
from causalstats.data import Observations
from causalstats.diagrams.identification.d_separation import separated
from causalstats.diagrams.identification.identification import identify
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.errors import ModelError
from causalstats.models.causal_diagram import notation
from causalstats.models.causal_diagram.assumptions import assumption_names
from causalstats.models.causal_diagram.levels import Levels, level_indices
from causalstats.models.causal_diagram.regression.conditionals import (
    HierarchicalLogistic,
    LinearRegression,
    LogisticRegression,
    TableOfLabels,
    conditionals_of,
)
from causalstats.models.causal_diagram.regression.conditionals.hierarchical import (
    treatment_among,
)
from causalstats.models.causal_diagram.regression.event_labels import (
    labelled_events,
    unit_of,
)
from causalstats.models.causal_diagram.regression.extrapolation import (
    values_within_the_data,
)
from causalstats.models.causal_diagram.regression.g_computation import (
    SEED,
    mean_outcomes,
    simulation_of,
)
from causalstats.models.causal_diagram.regression.g_formula import (
    SimulationOrder,
    Step,
    adjustment_order,
    simulation_order,
)
from causalstats.models.causal_diagram.regression.hierarchical.model_checks import (
    hierarchical_model_checks,
)
from causalstats.models.causal_diagram.regression.overlap import overlap_within
from causalstats.models.causal_diagram.regression.specification_checks import (
    form_checks,
    rows_looked_at,
)
from causalstats.models.causal_diagram.regression.terms import terms_of
from causalstats.models.causal_diagram.tables import Table
from causalstats.models.causal_diagram.validation import refuse_unidentified

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram


TREATED_AS_ALL = "the treated differ from others"
_ROWS_PER_COLUMN = 10
Group = Mapping[str, Any]
"""Positions of levels by label, and (lowest, highest) by number."""


@dataclass(frozen=True)
class _Question:
    """A mean, the difference of two, or one for each dose.

    Parameters
    ----------
    outcome : str
    worlds : sequence of mapping of variable to value
        The interventions, as they were asked.
    arms : sequence of mapping of variable to float
        The same as numbers, or positions of levels.
    order : SimulationOrder
    """

    outcome: str
    worlds: Sequence[Mapping[str, Any]]
    arms: Sequence[Mapping[str, float]]
    order: SimulationOrder


def adjusted(
    model: CausalDiagram,
    outcome: str,
    worlds: Sequence[Mapping[str, Any]],
    arms: Sequence[Mapping[str, float]],
    group: Mapping[str, Any],
    data: Observations,
    factual: Collection[str] = (),
) -> Estimand:
    """Return the estimand of an answer about everybody, or by adjustment about a group.

    Parameters
    ----------
    model : CausalDiagram
    outcome : str
    worlds : sequence of mapping of variable to value
        The interventions, as they were asked.
    arms : sequence of mapping of variable to float
        The same as numbers, or positions of levels.
    group : mapping of label to level, or of number to its range
        Those whom the answer is about; with the treatment among it, what it really was.
    data : Observations
    factual : collection of str
        The variables of the group that are those before the intervention.

    Raises
    ------
    ModelError
        Where the answer is not identified, or is no adjustment within the group.
    """
    levels = model.levels(data)
    treatments = tuple(worlds[0])
    order = _order(model, outcome, treatments, group)
    if factual and not is_exchangeable(model.graph, outcome, treatments, order):
        raise ModelError(
            f"Those with {notation.conditions(group)} are not comparable to others after the "
            "adjustment."
        )
    treated = set(factual).intersection(treatments)
    order = divided_by(model, order, (*group, *treatments), data, treated)
    undrawn = undrawn_of_tables(model, order.tables)
    question = _Question(outcome, worlds, arms, order)
    indices = indices_of_group(group, levels)

    def checks(draws: xr.Dataset, data: Observations) -> tuple[Check, ...]:
        others = {name: at for name, at in indices.items() if name not in treatments}
        asked = rows_of_group(others, data, levels)
        within = [
            check
            for cause in treatments
            for check in values_within_the_data(
                cause, [arm[cause] for arm in arms], asked, data, levels
            )
        ]
        return (
            *within,
            *overlap_of_group(model, treatments, order, indices, data),
            *treated_as_all(model, order, treated, data),
            *checks_of_undrawn(model, undrawn, data),
        )

    within = f", among those with {notation.conditions(group)}" if group else ""
    contrast = "none"
    if len(question.worlds) == 2:
        one, other = (notation.conditions(world) for world in question.worlds)
        contrast = f"{one} against {other}"
    return Estimand(
        compute=partial(_answer, model, question, undrawn, indices),
        description=f"By the g-formula{within}.",
        unit=unit_of(outcome, levels, contrast),
        contrast=contrast,
        kind="causal",
        assumptions=assumption_names(model),
        checks=checks,
    )


def overlap_of_group(
    model: CausalDiagram,
    treatments: Collection[str],
    order: SimulationOrder,
    indices: Group,
    data: Observations,
) -> tuple[Check, ...]:
    """Return a failed check where what is set does not overlap in a group; nothing of everybody.

    The treated, whom what is set distinguishes from others, are compared with them by the overlap
    among all.

    Parameters
    ----------
    model : CausalDiagram
    treatments : collection of str
        What is set.
    order : SimulationOrder
        An adjustment.
    indices : mapping of label to the position of its level, of number to its range
        The group.
    data : Observations
    """
    group = {name: at for name, at in indices.items() if name not in treatments}
    if not group or len(treatments) != 1:
        return ()
    rows = rows_looked_at(data)
    rows = rows[rows_of_group(group, data, model.levels(data))[rows]]
    (treatment,) = treatments
    return overlap_within(model, treatment, order.steps[-1].table, group, data, rows)


def treated_as_all(
    model: CausalDiagram,
    order: SimulationOrder,
    treated: Collection[str],
    data: Observations,
) -> tuple[Check, ...]:
    """Return the caution that the rows are too few to tell the treated from others.

    Parameters
    ----------
    model : CausalDiagram
    order : SimulationOrder
        As `divided_by` returns it.
    treated : collection of str
        What is set of people of whom it is known what it really was.
    data : Observations
    """
    if model.interactions != "none":
        return ()
    lacking = [
        (one, other)
        for table in order.tables
        if model.kind_of(table, data) in (LinearRegression, LogisticRegression)
        for one, other in combinations(table.given, 2)
        if {one, other} & set(treated) and (one, other) not in table.products
    ]
    if not lacking:
        return ()
    cause = next(name for name in lacking[0] if name in treated)
    names = [name for pair in lacking for name in pair if name != cause]
    others = ", ".join(dict.fromkeys(names))
    return (
        Check(
            name=TREATED_AS_ALL,
            passed=None,
            value=float(len(data)),
            expected=f"{_ROWS_PER_COLUMN} rows for each column of the regression, with products",
            finding=f"the {len(data):,} rows are too few for products of {cause} with {others}: "
            f"the effect of {cause} is taken to be the same at all their values, and that of "
            "those who had it to be that of all",
            remedy="Read the answer as the effect in all people; `interactions='pairs'` has the "
            "products all the same.",
            caution=True,
        ),
    )


def _order(
    model: CausalDiagram,
    outcome: str,
    treatments: tuple[str, ...],
    group: Mapping[str, Any],
) -> SimulationOrder:
    """Return the order of simulation of an identified answer, of all or of a group.

    Parameters
    ----------
    model : CausalDiagram
    outcome : str
    treatments : tuple of str
    group : mapping of label to level
    """
    others = tuple(name for name in group if name not in treatments)
    identification = identify(model.graph, outcome, treatments, others)
    refuse_unidentified(identification)
    if group:
        return adjustment_order(identification, tuple(group), treatments)
    return simulation_order(identification)


def is_exchangeable(
    graph: MixedGraph,
    outcome: str,
    treatments: Sequence[str],
    order: SimulationOrder,
) -> bool:
    """Return whether people with other values of the treatments are comparable in each stratum.

    y(x) ⊥ x | z and P(y | do(x), z) = P(y | x, z), where z is what comes from the rows: the group,
    and what is adjusted for. P(y | do(x)) may be identified without it, as where x does not act
    on y and hidden causes join them.

    Parameters
    ----------
    graph : MixedGraph
    outcome : str
    treatments : sequence of str
    order : SimulationOrder
        Of an adjustment: the rows, and the outcome.
    """
    treated = graph.bit_set(treatments)
    after = graph.bit_set(graph.descendants(*treatments))
    rows = graph.bit_set([variable for variable, _ in order.groups[0]]) & ~treated
    if rows & after:
        return False
    asked = graph.bit_set([outcome])
    given = graph.bit_set(order.steps[-1].table.given)
    without_effects = graph.bits.cut(out_of=treated)
    return separated(without_effects, asked, treated, rows) and separated(
        graph.bits, asked, rows & ~given, given | treated
    )


def draw_conditionals(
    model: CausalDiagram,
    tables: Sequence[Table],
    data: Observations,
    size: tuple[int, int],
    own: Sequence[int] = (),
) -> xr.Dataset:
    """Return independent posterior draws of conditional distributions.

    Parameters
    ----------
    model : CausalDiagram
    tables : sequence of Table
    data : Observations
    size : (int, int)
        Chains and draws.
    own : sequence of int
        The number that the draws beside them have for simulated people.
    """
    rng = np.random.default_rng([SEED, *own] if own else SEED)
    arrays: dict[str, Any] = {}
    for conditional in conditionals_of(model, tables, data).values():
        arrays |= conditional.draw(size, rng)
    coords = {"chain": np.arange(size[0]), "draw": np.arange(size[1])}
    return xr.Dataset(arrays, coords)


def undrawn_of_tables(model: CausalDiagram, tables: Sequence[Table]) -> list[Table]:
    """Return the conditional distributions that the fit has not drawn.

    Parameters
    ----------
    model : CausalDiagram
    tables : sequence of Table
    """
    return [table for table in tables if table not in model.tables]


def divided_by(
    model: CausalDiagram,
    order: SimulationOrder,
    names: Iterable[str],
    data: Observations,
    whole: Collection[str] = (),
    mediators: Collection[str] = (),
) -> SimulationOrder:
    """Return the order with regressions in which an effect may be another in each group.

    Hierarchical regressions do not shrink what the question is about; linear and logistic ones have
    the products of it, where the model has no products of all causes. Without the product of x and
    w, the effect of x among those with w is by assumption that among all.

    Parameters
    ----------
    model : CausalDiagram
    order : SimulationOrder
    names : iterable of str
        The variables that are set, of the group, or that policies read.
    data : Observations
    whole : collection of str
        Those whose products with every other cause are taken where the rows allow it: what is set
        of people who differ from others in everything that goes with it, such as the treated.
    mediators : collection of str
        Those whose products with `names` are taken besides.
    """
    wanted = set(names)

    def divided(step: Step) -> Step:
        table = step.table
        kind = model.kind_of(table, data)
        if kind is HierarchicalLogistic:
            treatment = treatment_among(model, table)
            moderators = tuple(
                name for name in table.given if name in wanted and name != treatment
            )
            return replace(step, table=replace(table, moderators=moderators))
        if kind is TableOfLabels or model.interactions != "none":
            return step
        pairs = list(combinations(table.given, 2))
        asked = [
            pair
            for pair in pairs
            if wanted & set(pair) and wanted.union(mediators) >= set(pair)
        ]
        more = [pair for pair in pairs if pair in asked or set(pair) & set(whole)]
        table = replace(table, products=tuple(more))
        if len(more) > len(asked) and not _rows_suffice(model, table, data):
            table = replace(table, products=tuple(asked))
        return replace(step, table=table)

    return replace(order, steps=tuple(map(divided, order.steps)))


def _rows_suffice(model: CausalDiagram, table: Table, data: Observations) -> bool:
    """Return whether there are ten rows for each column of a regression."""
    columns = terms_of(table, data, model.levels(data), model.basis_size, "none").size
    return bool(len(data) >= _ROWS_PER_COLUMN * columns)


def with_undrawn(
    model: CausalDiagram,
    tables: Sequence[Table],
    draws: xr.Dataset,
    data: Observations,
) -> xr.Dataset:
    """Return the draws with those of conditional distributions that the fit has not drawn.

    Parameters
    ----------
    model : CausalDiagram
    tables : sequence of Table
    draws : Dataset
    data : Observations
    """
    undrawn = undrawn_of_tables(model, tuple(dict.fromkeys(tables)))
    if not undrawn:
        return draws
    size = (draws.sizes["chain"], draws.sizes["draw"])
    added = draw_conditionals(model, undrawn, data, size, simulation_of(draws))
    again = [
        dim
        for dim, length in added.sizes.items()
        if draws.sizes.get(dim, length) != length
    ]
    added = added.rename_dims({dim: f"{dim} of the question" for dim in again})
    return draws.merge(added, join="override")


def checks_of_undrawn(
    model: CausalDiagram, undrawn: Sequence[Table], data: Observations
) -> tuple[Check, ...]:
    """Return the checks of regressions that only this question needs.

    A caution that the fit itself carries is not said twice.

    Parameters
    ----------
    model : CausalDiagram
    undrawn : sequence of Table
    data : Observations
    """
    conditionals = list(conditionals_of(model, undrawn, data).values())
    if any(isinstance(each, HierarchicalLogistic) for each in conditionals):
        usual = list(conditionals_of(model, model.tables, data).values())
        checks = hierarchical_model_checks(model, usual, data)
        cautions = {check.name for check in checks if check.caution}
        return tuple(
            check
            for check in hierarchical_model_checks(model, conditionals, data)
            if check.name not in cautions
        )
    return form_checks(model, undrawn, data)


def _answer(
    model: CausalDiagram,
    question: _Question,
    undrawn: Sequence[Table],
    indices: Group,
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    """Return one mean, the difference of two, or one for each dose.

    Parameters
    ----------
    model : CausalDiagram
    question : _Question
    undrawn : sequence of Table
        The conditional distributions that the fit has not drawn.
    indices : mapping of label to the position of its level, of number to its range
        The group.
    draws : Dataset
    data : Observations
    """
    levels = model.levels(data)
    outcome = question.outcome
    draws = with_undrawn(model, undrawn, draws, data)
    inside = rows_of_group(indices, data, levels)
    arms = question.arms
    table = mean_outcomes(model, question.order, draws, data, arms, inside)
    if len(arms) == 1:
        return labelled_events(table.isel(arm=0), outcome, levels, "level")
    if len(arms) == 2:
        difference = table.isel(arm=0) - table.isel(arm=1)
        return labelled_events(difference, outcome, levels, "level")
    parts = [
        labelled_events(table.isel(arm=k), outcome, levels, "level")
        for k in range(len(arms))
    ]
    labels = [f"do({notation.conditions(world)})" for world in question.worlds]
    return _dose_response(parts, labels)


def indices_of_group(group: Mapping[str, Any], levels: Levels) -> Group:
    """Return a group with the positions of levels in place of levels.

    Parameters
    ----------
    group : mapping of label to level, or of number to its range
    levels : mapping of label to its levels
    """
    labels = {name: value for name, value in group.items() if name in levels}
    return {**group, **level_indices(labels, levels)}


def rows_of_group(
    indices: Group,
    data: Observations,
    levels: Levels,
) -> np.ndarray:
    """Return which rows make up a group, shape (rows,).

    Parameters
    ----------
    indices : mapping of label to the position of its level, of number to its range
    data : Observations
    levels : mapping of label to its levels

    Raises
    ------
    ModelError
        If nobody is in it.
    """
    inside = np.ones(len(data.counts), bool)
    for name, index in indices.items():
        if isinstance(index, tuple):
            low, high = index
            column = data.column(name)
            inside &= (column >= low) & (column <= high)
        else:
            inside &= data.places(name, levels[name]) == index
    if not inside.any():
        raise ModelError(f"Nobody in the data has {indices}: there is no such group.")
    return inside


def _dose_response(
    parts: Sequence[xr.DataArray], labels: Sequence[str]
) -> xr.DataArray:
    """Return an entry for each dose, and for each level of the outcome."""
    if "level" not in parts[0].dims:
        along = xr.DataArray(labels, dims="dose", name="dose")
        return xr.concat(parts, along).transpose("chain", "draw", "dose")
    named = [
        part.assign_coords(
            level=[f"{level} | {label}" for level in part["level"].values]
        )
        for part, label in zip(parts, labels, strict=True)
    ]
    return xr.concat(named, "level").transpose("chain", "draw", "level")
