"""What an intervention would do, from observations and a diagram of what causes what, hidden causes included."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import xarray as xr

from causalstats.core.argument_validation import (
    Count,
    Name,
    Number,
    Positive,
    Seed,
    Text,
    check_fields,
    checked,
)
from causalstats.core.assumption import Assumption, Relaxation
from causalstats.core.check import Check
from causalstats.core.estimand import Estimand
from causalstats.core.prediction import Prediction
from causalstats.core.simulation import Simulation
from causalstats.core.views import View
from causalstats.data import Observations
from causalstats.diagrams.bounds.response_types import Monotone
from causalstats.diagrams.diagram import Diagram
from causalstats.diagrams.identification.identification import Identification, identify
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.errors import ModelError
from causalstats.models.causal_diagram import graph as graphs
from causalstats.models.causal_diagram import questions as asked
from causalstats.models.causal_diagram import simulation as simulation
from causalstats.models.causal_diagram import tables as tables
from causalstats.models.causal_diagram.assumptions import (
    assumptions,
    data_checks,
    derivation,
    unused,
)
from causalstats.models.causal_diagram.bounds import caused
from causalstats.models.causal_diagram.bounds import question as bounded
from causalstats.models.causal_diagram.checks.mediator_variation import refuse_constant_mediators
from causalstats.models.causal_diagram.effect_on_treated import counterfactual
from causalstats.models.causal_diagram.estimands import (
    estimands,
    interventional,
    question,
    refuse_unidentified,
)
from causalstats.models.causal_diagram.regression import (
    conditional_distributions as regression,
)
from causalstats.models.causal_diagram.regression import estimands as regressed
from causalstats.models.causal_diagram.regression.questions import question as regression_question
from causalstats.models.causal_diagram.regression.simulation_order import recipe
from causalstats.models.causal_diagram.views import baselines, pictured, predictions, surgery

if TYPE_CHECKING:
    import networkx as nx
    import pymc as pm

_RESERVED = ("chain", "draw")
Written = Annotated[str, Text(empty=False, words="its text such as 'x -> y; x <-> y'")]
Levels = Annotated[int, Number(least=2, most=1000, whole=True)]


@dataclass(frozen=True)
class CausalDiagram:
    """Variables cause each other as the arrows say; those that share a hidden cause are joined.

    P(v) = Σ_hidden Π_boxes P(v_i | causes of v_i)                        what is observed
    P(v | do(x)) = the same, with the boxes of x given way to the value x     what is asked: surgery on the diagram

    Where the diagram identifies P(outcome | do(treatment)) it is a formula in the observed distribution alone ("reduced", the default). That has a table for
    each variable given those that the diagram does not make irrelevant, its rows Dirichlet; draws are independent, and each is pushed through the formula.
    "structural" has a table for each box instead, hidden variables with a given number of levels summed out of the likelihood, and is sampled. "regression",
    for numbers, has a regression for each conditional distribution that the formula takes, and the g-formula by simulation; what the formula takes without a
    condition are the rows themselves. Where the effect is not identified, what can be said are bounds.

    Parameters
    ----------
    diagram : Diagram or str
        As text, "smoking -> tar -> cancer; smoking <-> cancer". Levels that it has (`with_levels`) may be more than those of the data; their order is that of
        contrasts. Without it the order is that of a pandas category, else the alphabet's.
    outcome, treatment : str
        What `effect` is the effect of, and on what: the last level of the outcome, at each level of the treatment against the first. Left out, those
        that the diagram marks, `[exposure]` and `[outcome]` in dagitty's text and `treatment: x; outcome: y` in ours; else the one variable with
        observed causes and no observed effect, and the one that acts on it and has no observed cause.
    route : "reduced", "structural" or "regression"
    concentration : float
        What the prior weighs, in observations: of each cell of each table, or of each table; of each linear regression.
    prior : "cells" or "bdeu"
        Of which of the two. 1 a cell is uniform over all tables, 0.5 (the default) Jeffreys' prior; "bdeu" spreads the concentration evenly over the cells of
        each table. None of them covers where most cells hold no row (`benchmarks/table_priors.json`): the check `weight of the prior` then fails.
    hidden_levels : int or mapping of variable to int
        How many levels each hidden variable has, of the structural route.
    functions : int
        The most columns of a number that others depend on, of the regression route: 1 is a straight line, more are splines.
    interactions : "none" or "pairs"
        Whether regressions have products of each two causes.
    monotone : list of Monotone, or of (cause, effect)
        Causes whose rise lowers the effect of nobody, for the bounds of what is not identified.

    References
    ----------
    Jacobs, Kissinger & Zanasi (2019), Causal inference by string diagram surgery, FoSSaCS. Tian & Pearl (2002), AAAI; Shpitser & Pearl (2006), AAAI.
    """

    diagram: Annotated[Any, Diagram | Written]
    _: KW_ONLY
    outcome: str = ""
    treatment: str = ""
    route: Literal["reduced", "structural", "regression"] = "reduced"
    concentration: Positive = 0.5
    prior: Literal["cells", "bdeu"] = "cells"
    hidden_levels: Levels | Mapping[Name, Levels] = 2
    functions: Count = 1
    interactions: Literal["none", "pairs"] = "none"
    monotone: Annotated[Sequence[Any], Sequence[Monotone | tuple[Name, Name]]] = ()

    data_class = Observations
    simulation_defaults = {"people": 500}

    def __post_init__(self) -> None:
        check_fields(self, ModelError)
        if isinstance(self.diagram, str):
            object.__setattr__(self, "diagram", Diagram.parse(self.diagram))
        if not isinstance(self.diagram, Diagram) or not self.diagram.is_network:
            raise ModelError(
                f"Expected the diagram of a causal model, or its text such as 'x -> y; x <-> y', got {self.diagram!r}."
            )
        object.__setattr__(
            self,
            "monotone",
            tuple(
                each if isinstance(each, Monotone) else Monotone(*each) for each in self.monotone
            ),
        )
        if changed := self.graph.surgery:
            raise ModelError(
                f"Expected the diagram that the data come from, got one after surgery: {' '.join(changed)} Data from before the surgery do not follow it. "
                "Fit the diagram before it and ask `fit.effect(..., do=...)`; where the data come from a trial, draw the treatment without causes."
            )
        for name in self.diagram.variables:
            if name in _RESERVED or "/" in name:
                raise ModelError(
                    f"Expected names without '/' and other than {' and '.join(_RESERVED)}, which files of draws need; got {name!r}. Rename it."
                )
        for role in ("outcome", "treatment"):
            given = getattr(self, role) or self._marked(role) or self._only(role)
            if given not in self.diagram.observed:
                self.diagram.position(given)
                raise ModelError(f"Expected an observed variable as {role}; {given!r} is hidden.")
            object.__setattr__(self, role, given)
        if self.outcome == self.treatment:
            raise ModelError(
                f"Expected treatment and outcome to be two variables, got {self.outcome!r} for both."
            )
        self._check_hidden_levels()

    def _marked(self, role: str) -> str:
        """The variable with that role in the diagram; "" where none has it."""
        marked = getattr(self.diagram.roles, role)
        if len(marked) > 1:
            raise ModelError(
                f"Expected to be told the {role}, since the diagram marks {' and '.join(marked)}. Say {role}={marked[0]!r}, or another."
            )
        return marked[0] if marked else ""

    def _only(self, role: str) -> str:
        """The one variable that can be meant; an error that says what to name where there is not one."""
        graph = self.graph
        if role == "outcome":
            candidates = [
                name
                for name in graph.nodes
                if graph.parents(name) and graph.descendants(name) == (name,)
            ]
        else:
            candidates = [
                name
                for name in graph.ancestors(self.outcome)
                if not graph.parents(name) and name != self.outcome
            ]
        if len(candidates) != 1:
            which = (
                "observed causes and no observed effect"
                if role == "outcome"
                else f"an effect on {self.outcome} and no observed cause"
            )
            found = (
                f"more than one variable has {which}: {', '.join(candidates)}"
                if candidates
                else f"no variable has {which}"
            )
            raise ModelError(
                f"Expected to be told the {role}, since {found}. Say {role}={(candidates or self.diagram.observed)[-1]!r}, or another."
            )
        if role == "treatment":
            self._refuse_instrument(candidates[0])
        return candidates[0]

    def _refuse_instrument(self, candidate: str) -> None:
        """An error where the one variable without observed causes may be an instrument, and another the treatment that is meant."""
        graph, y = self.graph.population or self.graph, self.outcome
        confounded = [
            name
            for name in graph.ancestors(y)
            if name not in (candidate, y) and frozenset((name, y)) in graph.bidirected
        ]
        if confounded and frozenset((candidate, y)) not in graph.bidirected:
            raise ModelError(
                f"Expected to be told the treatment: {candidate!r} has no observed cause and may be an instrument of {confounded[0]!r}, which shares "
                f"hidden causes with {y!r}. Say treatment={confounded[0]!r}, or another."
            )

    def _check_hidden_levels(self) -> None:
        given = self.hidden_levels
        if isinstance(given, Mapping):
            strange = [name for name in given if name not in self.diagram.hidden]
            if strange:
                raise ModelError(
                    f"Expected `hidden_levels` of hidden variables ({', '.join(self.diagram.hidden) or 'there are none'}), got {strange[0]!r}."
                )

    @cached_property
    def graph(self) -> MixedGraph:
        """The observed variables, with arrows and shared hidden causes."""
        return MixedGraph.of(self.diagram)

    @cached_property
    def identification(self) -> Identification:
        """Of P(outcome | do(treatment))."""
        return identify(self.graph, self.outcome, self.treatment)

    @property
    def headline(self) -> str:
        """The effect, or its bounds where it is not identified."""
        return "effect" if self.identification.identified else "bounds"

    @cached_property
    def tables(self) -> tuple[tables.Table, ...]:
        """The conditional distributions that are estimated."""
        if self.route == "regression":
            refuse_unidentified(self.identification)
            return recipe(self.identification).tables
        return (
            tables.tables_of(self.graph)
            if self.route == "reduced"
            else tables.boxes_of(self.diagram)
        )

    def levels(self, data: Observations) -> dict[str, tuple[Any, ...]]:
        """The levels of every label: the diagram's where it has them, else those of the data; of hidden variables, numbers.

        Raises
        ------
        ModelError, DataError
            If diagram and data do not have the same variables, or the data have a level that the diagram has not.
        """
        selected = self.diagram.roles.selected
        if selecting := [name for name in data.variables if name in selected]:
            raise ModelError(
                f"Variable {selecting[0]!r} is marked as selected: the data are of those selected alone, among whom it does not vary. Leave the column "
                f"out; or if the data are of everybody, take the role away, `diagram.with_roles(selected=())`."
            )
        if selected and self.route == "structural":
            raise ModelError(
                "The structural route models everybody, and the data are of the selected alone. Use route='reduced'."
            )
        if selected:
            refuse_unidentified(self.identification)
        hidden = [name for name in data.variables if name in self.diagram.hidden]
        if hidden:
            raise ModelError(
                f"Variable {hidden[0]!r} is hidden in the diagram and observed in the data. Let the diagram observe it, or leave the column out."
            )
        strange = [name for name in data.variables if name not in self.diagram.variables]
        if strange:
            raise ModelError(
                f"The data have {strange[0]!r}, and the diagram does not. Leave it out with `columns=[...]`, or say in the diagram what it has to do with."
            )
        absent = [name for name in self.diagram.observed if name not in data.variables]
        if absent:
            raise ModelError(
                f"The diagram observes {absent[0]!r}, and the data do not have it. Add the column, or say `hidden: {absent[0]}` in the diagram."
            )
        if data.continuous and self.route != "regression":
            raise ModelError(
                f"Expected labels, and {data.continuous[0]!r} is a number. Say route='regression', or cut it into levels, e.g. with `pandas.cut`."
            )
        found = {
            name: levels
            for name, levels in self.every_level(data.levels).items()
            if name not in data.continuous
        }
        for name in data.levels:
            data.places(name, found[name])  # refuses
        for name in (self.treatment, self.outcome):
            if name in found and len(found[name]) < 2:
                raise ModelError(
                    f"Expected at least two levels of {name!r}, got {found[name][0]!r} alone. Say its levels, e.g. `Diagram.parse(...).with_levels(...)`."
                )
        refuse_constant_mediators(self.graph, self.treatment, self.outcome, found, data)
        return found

    def every_level(self, known: Mapping[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
        """Those of the diagram, else those known, else 0 and 1; of hidden variables as many as `hidden_levels` has."""
        given = self.hidden_levels
        count = {
            name: given.get(name, 2) if isinstance(given, Mapping) else given
            for name in self.diagram.hidden
        }
        return {
            wire.name: wire.levels or known.get(wire.name) or tuple(range(count.get(wire.name, 2)))
            for wire in self.diagram.wires
        }

    def inputs(self, data: Observations) -> dict[str, np.ndarray]:
        """The prior's weights of every table and the counts: of its cells, or of the cells of all observed variables."""
        levels = self.levels(data)
        if self.route == "regression":
            return regression.inputs(self, self.tables, data, levels)
        given = {
            f"prior {name}": value
            for name, value in tables.weights(
                self.tables, levels, self.concentration, self.prior
            ).items()
        }
        if self.route == "reduced":
            return given | {
                f"counts {name}": value
                for name, value in tables.counts(self.tables, levels, data).items()
            }
        cells = np.column_stack([data.places(name, levels[name]) for name in self.diagram.observed])
        return given | {"cells": cells, "counts": data.counts}

    def build(self, data: Observations) -> pm.Model:
        """The PyMC graph on these data."""
        levels = self.levels(data)
        if self.route == "regression":
            return regression.build(self, self.tables, data, levels)
        if self.route == "reduced":
            return graphs.reduced(self.inputs(data), self.tables, levels)
        return graphs.structural(self.inputs(data), self.tables, levels, self.diagram.observed)

    def exact_posterior(
        self, data: Observations
    ) -> Callable[[int, int, np.random.Generator], xr.Dataset] | None:
        """A function of chains, draws and a generator that gives independent draws, of tables and of linear regressions."""
        if self.route == "structural":
            return None
        levels = self.levels(data)
        if self.route == "regression":
            closed = all(regression.conjugate(table, data) for table in self.tables)
            return (
                (
                    lambda chains, draws, rng: regression.draw(
                        self, self.tables, data, levels, (chains, draws), rng
                    )
                )
                if closed
                else None
            )
        prior, counts = (
            tables.weights(self.tables, levels, self.concentration, self.prior),
            tables.counts(self.tables, levels, data),
        )
        posterior = {name: weight + counts[name] for name, weight in prior.items()}
        return lambda chains, draws, rng: tables.draw(
            posterior, self.tables, levels, (chains, draws), rng
        )

    def recover_marginals(
        self, draws: xr.Dataset, data: Observations, rng: np.random.Generator
    ) -> xr.Dataset:
        """Of the structural route, the draws with those of P(outcome | do(treatment)), which no relabelling of hidden levels changes."""
        if self.route != "structural":
            return draws
        return draws.assign(
            {self._answer: interventional(self, draws, data, (self.outcome,), (self.treatment,))}
        )

    @property
    def _answer(self) -> str:
        """What the draws of P(outcome | do(treatment)) are called."""
        return "interventional" if self.identification.identified else "prior_dependent"

    def assumptions(self) -> tuple[Assumption, ...]:
        """What the answer stands on."""
        return assumptions(self)

    def derivation(self) -> tuple[str, ...]:
        """How the answer follows from the diagram, a line a step; or why it does not."""
        return derivation(self)

    def estimands(self) -> Mapping[str, Estimand]:
        """What can be asked of a fit by name; in its own words anything can, `fit.effect("cancer", do={"smoking": 1})`."""
        return regressed.estimands(self) if self.route == "regression" else estimands(self)

    def bounds(
        self,
        name: str,
        do: Mapping[str, Any] | None,
        given: Mapping[str, Any],
        factual: Mapping[str, Any],
        cause: Any,
        data: Observations,
    ) -> tuple[str, Estimand]:
        """Bounds of P(name | do, given), or of the probabilities that something causes it, and how they are written."""
        name, given = asked.outcome(name), asked.values("given", given)
        factual = asked.values("factual", factual)
        do = None if do is None else asked.values("do", do, pairs=True)
        if self.route == "regression":
            raise ModelError(
                "Bounds are of labels. Cut the numbers into levels, e.g. with `pandas.cut`, and use route='reduced'."
            )
        if (do is None) == (cause is None) or (cause is not None and (given or factual)):
            got = f"do={do!r}, given={given!r}, factual={factual!r}, cause={cause!r}"
            raise ModelError(
                f"Expected `do`, with or without `given` or `factual`, or else `cause` alone; got {got}."
            )
        return (
            caused(self, name, cause, data)
            if do is None
            else bounded(self, name, do, factual, data, given)
        )

    def question(
        self,
        name: str,
        do: Mapping[str, Any],
        given: Mapping[str, Any],
        factual: Mapping[str, Any],
        data: Observations,
    ) -> tuple[str, Estimand]:
        """P(name | do, given), or what those would have had who were something else, and how it is written."""
        name, do = asked.outcome(name), asked.values("do", do, pairs=True)
        given, factual = asked.values("given", given), asked.values("factual", factual)
        if self.route == "regression":
            return regression_question(self, name, do, given, factual, data)
        if factual and given:
            raise ModelError(
                "What people would have had is asked with `do` and `factual` alone; say what else they have in `factual`."
            )
        if factual:
            return counterfactual(self, name, do, factual, data)
        return question(self, name, do, given, data)

    def parameters(self, data: Observations) -> tuple[str, ...]:
        """Names in the posterior whose sampling is checked; none where it is exact. Tables of what is hidden mean the same in any order of its levels."""
        if self.route == "reduced":
            return ()
        if self.route == "regression":
            return tuple(name for table in self.tables for name in regression.names_of(table))
        return (
            self._answer,
            *(
                table.name
                for table in self.tables
                if not set(table.axes) & set(self.diagram.hidden)
            ),
        )

    def priors(self, data: Observations) -> dict[str, Any]:
        """None: no parameter has a standard deviation of its own that says what was learned."""
        return {}

    @checked(ModelError)
    def simulate(
        self, seed: Seed, people: Count = 500, design: Literal["mechanisms", "prior"] = "mechanisms"
    ) -> Simulation:
        """Observations of this diagram with a known truth, two levels a variable unless the diagram has others.

        "mechanisms": each box, those of hidden variables too, is drawn uniformly over all tables. "prior": this model's own, of what it estimates.
        """
        if self.route == "regression":
            raise ModelError(
                "The regression route does not say how numbers arise, so it does not simulate them. Labels are simulated by the other two."
            )
        return simulation.simulate(self, seed, people, design)

    def log_likelihood(self, draws: xr.Dataset, data: Observations) -> xr.DataArray:
        """Of the cells, with what is hidden summed out; not of the regression route, whose rows are no draws from a model."""
        if self.route == "regression":
            raise ModelError(
                "The regression route models some conditional distributions and not the whole data: they have no likelihood."
            )
        levels, names = self.levels(data), self.diagram.observed
        if self.route == "reduced":
            counts, total = (
                tables.counts(self.tables, levels, data),
                xr.zeros_like(draws["draw"], float) + xr.zeros_like(draws["chain"], float),
            )
            for table in self.tables:
                cells = xr.DataArray(counts[table.name], dims=table.axes)
                total = total + (cells * np.log(draws[table.name].where(cells > 0, 1.0))).sum(
                    table.axes
                )
            return total.transpose("chain", "draw")
        joint = np.asarray(tables.network_of(draws, self.tables, levels).query(names).values)
        seen = joint.reshape(*joint.shape[:2], -1)[
            ...,
            np.ravel_multi_index(
                [data.places(name, levels[name]) for name in names], joint.shape[2:]
            ),
        ]
        return xr.DataArray(np.log(seen) @ data.counts, dims=("chain", "draw"))

    def causal_graph(self, data: Observations) -> nx.DiGraph:
        """The diagram, with what is hidden."""
        return pictured(self.diagram)

    def baselines(self, data: Observations) -> Mapping[str, Callable]:
        """What is done without a diagram."""
        return (regressed.baselines if self.route == "regression" else baselines)(self, data)

    def predictions(
        self, draws: xr.Dataset, data: Observations, rng: np.random.Generator
    ) -> tuple[Prediction, ...]:
        """The share of every cell, beside replications."""
        return () if self.route == "regression" else predictions(self, draws, data, rng)

    def views(self, draws: xr.Dataset, data: Observations) -> Mapping[str, Callable[[], View]]:
        """`surgery`: the diagram before and after."""
        return {"surgery": partial(surgery, self)}

    def data_checks(self, data: Observations) -> tuple[Check, ...]:
        """Rows left out, and the independences and inequalities that the diagram implies."""
        return data_checks(self, data)

    def unused_fields(self, data: Observations) -> dict[str, str]:
        """Fields that cannot change the headline on these data, each with the reason."""
        return unused(self, data)

    def relaxations(self, data: Observations) -> tuple[Relaxation, ...]:
        """None: nothing from outside is imposed but the diagram."""
        return ()
