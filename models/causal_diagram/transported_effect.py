"""An effect in a target population from several studies of labels, with its posterior.

The tables of each study have a posterior of their own, Dirichlet or of hierarchical regressions;
each draw of all of them makes a draw of the formula that `Diagram.transport` gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.argument_types import Level
from causalstats.core.check import Check
from causalstats.core.display_scale import DIFFERENCE
from causalstats.core.effect import Effect
from causalstats.data import Observations
from causalstats.diagrams.diagram import Diagram
from causalstats.diagrams.identification.evaluation import JointTable, evaluate
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.diagrams.identification.transport import (
    Study,
    TransportIdentification,
    transport,
)
from causalstats.errors import ModelError
from causalstats.models.causal_diagram import notation
from causalstats.models.causal_diagram.checks.independences_of_studies import (
    independences_of_studies,
)
from causalstats.models.causal_diagram.checks.populations_alike import (
    populations_alike,
)
from causalstats.models.causal_diagram.checks.prior_of_studies import (
    TablesOfStudy,
    prior_of_studies,
)
from causalstats.models.causal_diagram.interventional_query import shown_levels
from causalstats.models.causal_diagram.levels import Levels, level_indices
from causalstats.models.causal_diagram.model import CausalDiagram
from causalstats.models.causal_diagram.query_arguments import plain_values, worlds_of
from causalstats.models.causal_diagram.regression.conditionals import (
    HierarchicalLogistic,
)
from causalstats.models.causal_diagram.regressions_of_studies import (
    checks_of_regressions,
    drawn_tables,
    drawn_without_correction,
    normal_approximation,
    regressions_of,
)
from causalstats.models.causal_diagram.table_priors import TABLE_PRIORS
from causalstats.models.causal_diagram.tables import (
    ObservedDistribution,
    Table,
    cell_counts,
    draw_tables,
    network_of_draws,
    prior_weights,
    reduced_form_tables,
    tables_as_draws,
)
from causalstats.models.causal_diagram.validation import refuse_numbers
from causalstats.models.shared.labels_written_alike import labels_written_alike

_CHAINS = 4
_DRAWS_OF_SKEWNESS = 200


def transported_effect(
    diagram: Diagram | str,
    outcome: str,
    do: Mapping[str, Level | Sequence[Level]],
    studies: Mapping[str, tuple[Study, Observations]],
    *,
    concentration: float = 0.5,
    route: Literal["reduced", "hierarchical"] = "reduced",
    draws: int = 1000,
    seed: int = 0,
) -> Effect:
    """Return an effect in a target population from several studies, with its posterior.

    Parameters
    ----------
    diagram : Diagram or str
        Of the target; studies differ from it in what they randomise and in `changed` variables.
    outcome : str
    do : mapping of variable to a level, or to two whose answers are compared
    studies : mapping of name to (Study, Observations)
        Observations of labels, which have the variables that the study observes.
    concentration : float, default 0.5
        The weight of the prior of each cell of each table, in observations.
    route : "reduced" or "hierarchical", default "reduced"
        Whether conditional distributions are tables, or hierarchical logistic regressions that
        borrow strength between cells, with the priors of `CausalDiagram`: for studies with few
        people in the cells of the formula. Tables by default, which assume nothing of
        interactions; the check `weight of the prior` says where they are too thin.
    draws : int, default 1000
        In each of four chains; they are independent.
    seed : int

    Returns
    -------
    Effect
        With failed checks of positivity, by study, and of the weight of the prior, or of the
        regressions, among its doubts.

    Raises
    ------
    ModelError
        If the studies do not identify the effect, data lack a variable, or `route` is neither.

    References
    ----------
    Bareinboim & Pearl (2016), Causal inference and the data-fusion problem, PNAS 113.

    Examples
    --------
    A trial among the young says what the drug does at each age, a survey how old the target is:

    >>> import pandas as pd
    >>> import causalstats as cs
    >>> trial = pd.DataFrame(
    ...     [(a, x, y) for a in (0, 1) for x in (0, 1) for y in (0, 1)], columns=["age", "x", "y"]
    ... ).assign(n=[80, 20, 40, 60, 20, 5, 20, 5])
    >>> survey = pd.DataFrame({"age": [0, 1], "n": [100, 300]})
    >>> effect = cs.transported_effect(
    ...     "age -> x, y; x -> y; x <-> y",
    ...     "y",
    ...     {"x": [1, 0]},
    ...     {
    ...         "trial": (
    ...             cs.Study(randomised="x", changed="age"),
    ...             cs.Observations.from_frame(trial, counts="n"),
    ...         ),
    ...         "survey": (
    ...             cs.Study(observed=["age"]),
    ...             cs.Observations.from_frame(survey, counts="n"),
    ...         ),
    ...     },
    ... )
    >>> round(float(effect.draws.mean()), 1)
    0.1
    """
    if isinstance(diagram, str):
        diagram = Diagram.parse(diagram)
    do = plain_values("do", do, several=True)
    graph = MixedGraph.from_diagram(diagram)
    designs = {name: study for name, (study, _) in studies.items()}
    data = {name: observations for name, (_, observations) in studies.items()}
    for each in data.values():
        refuse_numbers(each, regressions=False)
    found = transport(graph, outcome, tuple(do), designs)
    if not found.identified:
        raise ModelError(
            f"{found}\nExpected studies that identify the effect: add one that observes or "
            "randomises what is missing."
        )
    levels = _levels(diagram, designs, data)
    worlds = worlds_of(do)
    if len(worlds) > 2:
        raise ModelError(
            "Expected one intervention, or two whose answers are compared."
        )
    indices = [level_indices(world, levels) for world in worlds]
    if route not in ("reduced", "hierarchical"):
        raise ModelError(
            f"Expected route='reduced' or route='hierarchical', got {route!r}."
        )
    rng = np.random.default_rng(seed)
    tables = {}
    drawn = {}
    regressions: dict[str, list[HierarchicalLogistic]] = {}
    for name in dict.fromkeys(factor.study for factor in found.factors):
        own = designs[name].graph_of_rows(graph, designs.values())
        _refuse_missing(name, own, data[name])
        tables[name] = _tables(own, levels, data[name], concentration)
        size = (_CHAINS, draws)
        drawn[name] = _posterior(tables[name], levels, size, rng)
        if route == "hierarchical":
            priors = CausalDiagram(diagram, outcome=outcome, treatment=found.do[0])
            regressions[name] = regressions_of(
                priors, _moderated(tables[name].tables, designs), levels, data[name]
            )
            for table, values in drawn_tables(regressions[name], size, rng).items():
                drawn[name][table] = (drawn[name][table].dims, values)
    answer = _answer(found, drawn, tables, levels, indices)
    sd = np.atleast_1d(answer.std(("chain", "draw")).to_numpy())

    def under_priors(arrays: Mapping[str, Mapping[str, np.ndarray]]) -> np.ndarray:
        means = {
            name: tables_as_draws(each, tables[name].tables, levels)
            for name, each in arrays.items()
        }
        values = _answer(found, means, tables, levels, indices).to_numpy()
        return values.reshape(values.shape[1], -1)

    def shift() -> np.ndarray:
        few = {
            name: each.isel(chain=[0], draw=slice(_DRAWS_OF_SKEWNESS))
            for name, each in drawn.items()
        }
        sides: tuple[dict[str, xr.Dataset], ...] = ({}, {})
        for name, each in few.items():
            pair = drawn_without_correction(regressions[name], each.sizes["draw"])
            for side, arrays in zip(sides, pair, strict=True):
                side[name] = each.assign(
                    {
                        table: (each[table].dims, values)
                        for table, values in arrays.items()
                    }
                )
        means = [
            _answer(found, side, tables, levels, indices).mean(("chain", "draw"))
            for side in sides
        ]
        return np.atleast_1d((means[0] - means[1]).to_numpy())

    def of_data() -> tuple[Check, ...]:
        return (
            *_spellings(data),
            *independences_of_studies(graph, designs, data, levels),
            *populations_alike(graph, designs, data),
            _DECLARED,
        )

    def doubts() -> tuple[Check, ...]:
        if route == "hierarchical":
            return (
                *checks_of_regressions(regressions, data),
                *normal_approximation(shift(), sd),
                *of_data(),
            )
        weight = prior_of_studies(tables, under_priors, sd, levels, found.do)
        failed = () if weight.passed else (weight,)
        return (
            *_doubts(found, graph, designs, data, levels, indices),
            *failed,
            *of_data(),
        )

    event = notation.event(outcome, levels)
    name = " - ".join(
        notation.interventional("P", event, world, {}) for world in worlds
    )
    pair = len(worlds) == 2
    return Effect(
        name=name,
        draws=shown_levels(answer, outcome, levels[outcome]).rename(name),
        description=f"In the target population, by the formula {found}."
        + (" Its factors are hierarchical regressions." if regressions else ""),
        unit=DIFFERENCE if pair else "probability",
        contrast="the first value against the second" if pair else "none",
        kind="causal",
        assumptions=("this diagram", "differences between populations as declared"),
        make_doubts=doubts,
    )


def _spellings(data: Mapping[str, Observations]) -> tuple[Check, ...]:
    """Return the caution that labels of one study or of two differ by capitals or blanks alone."""
    frames = [
        each.source[list(each.variables)].astype(object) for each in data.values()
    ]
    together = pd.concat(frames, ignore_index=True)
    return labels_written_alike(together, "this diagram")


def _levels(
    diagram: Diagram, designs: Mapping[str, Study], data: Mapping[str, Observations]
) -> dict[str, tuple[Any, ...]]:
    """Return the levels of each variable: the diagram's, else those of all studies together."""
    levels: dict[str, tuple[Any, ...]] = {}
    for wire in diagram.wires:
        seen: dict[Any, None] = {}
        for each in data.values():
            seen |= dict.fromkeys(each.levels.get(wire.name, ()))
        together = sorted(seen, key=lambda level: (isinstance(level, str), level))
        if len({str(level) for level in together}) < len(together):
            raise ModelError(
                f"Expected the levels of {wire.name!r} written alike in all studies, got "
                f"{together}: turn the text into numbers, or the numbers into text."
            )
        levels[wire.name] = wire.levels or tuple(together) or (0, 1)
    return levels


def _moderated(
    tables: Sequence[Table], designs: Mapping[str, Study]
) -> tuple[Table, ...]:
    """Return the tables with what populations differ in as moderators, which are not shrunk.

    How the effect varies with these is what carries it over.

    Parameters
    ----------
    tables : sequence of Table
    designs : mapping of name to Study
    """
    changed = {name for study in designs.values() for name in study.changed}
    return tuple(
        replace(
            table, moderators=tuple(name for name in table.given if name in changed)
        )
        for table in tables
    )


def _refuse_missing(name: str, graph: MixedGraph, data: Observations) -> None:
    absent = [each for each in graph.nodes if each not in data.variables]
    if absent:
        raise ModelError(
            f"The study {name!r} observes {absent[0]!r} by its design, and its data do not have "
            "it. Say `observed=`, the variables that it measured."
        )


def _tables(
    graph: MixedGraph, levels: Levels, data: Observations, concentration: float
) -> TablesOfStudy:
    """Return the tables of one study, with their priors and counts.

    Parameters
    ----------
    graph : MixedGraph
        Of the study.
    levels : mapping of variable to its levels
    data : Observations
    concentration : float
    """
    tables = reduced_form_tables(graph)
    weights = prior_weights(tables, levels, concentration, TABLE_PRIORS["cells"])
    return TablesOfStudy(tables, weights, cell_counts(tables, levels, data))


def _posterior(
    study: TablesOfStudy,
    levels: Levels,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> xr.Dataset:
    """Return draws of the tables of one study.

    Parameters
    ----------
    study : TablesOfStudy
    levels : mapping of variable to its levels
    size : (int, int)
        Chains and draws.
    rng : numpy Generator
    """
    posterior = {
        name: weight + study.counts[name] for name, weight in study.weights.items()
    }
    return draw_tables(posterior, study.tables, levels, size, rng)


def _answer(
    found: TransportIdentification,
    drawn: Mapping[str, xr.Dataset],
    tables: Mapping[str, TablesOfStudy],
    levels: Levels,
    indices: Sequence[Mapping[str, int]],
) -> xr.DataArray:
    """Return the effect, or the difference of two, dims (chain, draw, outcome).

    Parameters
    ----------
    found : TransportIdentification
    drawn : mapping of study to draws of its tables
    tables : mapping of study to TablesOfStudy
    levels : mapping of variable to its levels
    indices : sequence of mapping of variable to the position of its level
        What is set.
    """
    sources = {
        name: ObservedDistribution(network_of_draws(each, tables[name].tables, levels))
        for name, each in drawn.items()
    }
    first = next(iter(drawn.values()))
    table = xr.DataArray(
        found.evaluate(sources),
        dims=("chain", "draw", *found.outcome, *found.do),
        coords={name: first[name] for name in ("chain", "draw")},
    )
    answers = [table.isel(index, drop=True) for index in indices]
    return answers[0] if len(answers) == 1 else answers[0] - answers[1]


def _doubts(
    found: TransportIdentification,
    graph: MixedGraph,
    designs: Mapping[str, Study],
    data: Mapping[str, Observations],
    levels: Levels,
    indices: Sequence[Mapping[str, int]],
) -> tuple[Check, ...]:
    """Return the failed check of positivity of each study.

    Parameters
    ----------
    found : TransportIdentification
    graph : MixedGraph
        Of the target.
    designs : mapping of name to Study
    data : mapping of name to Observations
    levels : mapping of variable to its levels
    indices : sequence of mapping of variable to the position of its level
        What is set.
    """
    checks = []
    for factor in found.factors:
        observed = data[factor.study]
        names = designs[factor.study].graph_of_rows(graph, designs.values()).nodes
        table = JointTable(names, observed.table(names, levels))
        axes = sorted(factor.expression.free)
        values = evaluate(factor.expression, table, axes).values
        for index in indices:
            cell = tuple(index.get(name, slice(None)) for name in axes)
            if np.isnan(values[cell]).any():
                checks.append(_empty_cells(factor.study, str(factor)))
                break
    return tuple(checks)


def _empty_cells(study: str, factor: str) -> Check:
    return Check(
        name="positivity",
        passed=False,
        value=1.0,
        expected="every combination of values that the formula conditions on was observed",
        finding=f"{factor} is needed where the study {study} saw nobody",
        remedy="There the answer is the prior's: join levels, or add a study.",
    )


_DECLARED = Check(
    name="differences between populations",
    passed=None,
    caution=True,
    value=0.0,
    expected="mechanisms that are the same in a study and in the target, but for `changed`",
    finding="the data of the target that would show another difference are not here",
    remedy="Name every variable whose mechanism may differ in `changed=`: the formula then does "
    "without it, or is refused.",
)
