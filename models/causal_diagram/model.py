"""The effect of an intervention from observations and a causal diagram, hidden causes included."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import xarray as xr

from causalstats.core.abilities import Baseline, ContrastScale, DrawExactly
from causalstats.core.argument_types import Level, Levels
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
from causalstats.core.field_names import names_fields
from causalstats.core.model_card import model_card
from causalstats.core.observed_units import ObservedUnits
from causalstats.core.prediction import Prediction
from causalstats.core.simulation import Simulation
from causalstats.core.views import View
from causalstats.data import Instrumented, Observations
from causalstats.diagrams.bounds.response_types import Monotone
from causalstats.diagrams.diagram import Diagram
from causalstats.diagrams.identification.identification import Identification, identify
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.errors import ModelError
from causalstats.models.causal_diagram import (
    assumptions,
    levels,
    query_arguments,
    validation,
)
from causalstats.models.causal_diagram.checks.directed_path import directed_path
from causalstats.models.causal_diagram.checks.implied_independences import (
    implied_independences,
    tested_independences,
)
from causalstats.models.causal_diagram.checks.independent_rows import row_checks
from causalstats.models.causal_diagram.checks.mediator_variation import (
    refuse_constant_mediators,
)
from causalstats.models.causal_diagram.checks.missing_rows import missing_rows
from causalstats.models.causal_diagram.checks.monotone_responses import (
    monotone_responses,
)
from causalstats.models.causal_diagram.checks.same_people import with_same_people
from causalstats.models.causal_diagram.checks.values_filled_in import values_filled_in
from causalstats.models.causal_diagram.contrast_scales import on_scale
from causalstats.models.causal_diagram.counterfactual_query import (
    arrows_question,
    has_arrows,
    is_counterfactual,
    text_question,
)
from causalstats.models.causal_diagram.instruments import instrumented
from causalstats.models.causal_diagram.missing_values.completion import (
    first_completion,
    is_incomplete,
)
from causalstats.models.causal_diagram.missing_values.route import Augmented
from causalstats.models.causal_diagram.missing_values.verdict import refuse_indicators
from causalstats.models.causal_diagram.replication import with_replication
from causalstats.models.causal_diagram.roles import outcome_of, treatment_of
from causalstats.models.causal_diagram.routes import (
    ROUTES,
    ROUTES_OF_PRIORS,
    Route,
    RouteName,
    TableRoute,
    route_on,
)
from causalstats.models.causal_diagram.table_priors import PriorName
from causalstats.models.causal_diagram.tables import Table
from causalstats.models.causal_diagram.unobserved_confounding import (
    hidden_confounding,
    strengths_of,
)
from causalstats.models.causal_diagram.views import (
    arrow_effects,
    causal_graph,
    surgery,
)

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    import pymc as pm

    from causalstats.models.causal_diagram.regression.conditionals import Conditional

DiagramText = Annotated[
    str, Text(empty=False, words="its text such as 'x -> y; x <-> y'")
]
LevelCount = Annotated[int, Number(least=2, most=1000, whole=True)]


@names_fields
@dataclass(frozen=True)
class CausalDiagram:
    """The effect of a treatment on an outcome by a causal diagram: do-calculus, then estimation.

    P(v) = Σ_hidden Π P(v_i | causes of v_i)                      observed distribution
    P(v | do(x)) = the same, without the factors of x, at x       surgery: truncated factorisation

    Variables cause each other as the arrows say; those that share a hidden cause are joined by
    `<->`. Where the diagram identifies P(outcome | do(treatment)), by back-door or front-door
    adjustment or whatever else the ID algorithm finds, the formula is estimated from the data.
    Where it does not, the answer is the bounds that the diagram allows (partial identification).

    Parameters
    ----------
    diagram : Diagram or str
        As text, "smoking -> tar -> cancer; smoking <-> cancer". Levels that it has
        (`with_levels`) may be more than those of the data, and their order is that of contrasts;
        without them the order is that of a pandas category, else the alphabet's.
    outcome, treatment : str, default ""
        The variables of the headline: the last level of the outcome, at each level of the treatment
        against the first. If omitted, those that the diagram marks (`[exposure]` and `[outcome]` in
        dagitty's text, `treatment: x; outcome: y` in ours); else the one variable with observed
        causes and no observed effect, and the one that acts on it and has no observed cause.
    route : "auto", "reduced", "hierarchical", "structural", "regression" or "instrument"
        "reduced": tables of the observed distribution, put into the formula; draws are independent,
        and no hidden variable has to be guessed. "hierarchical": a hierarchical logistic regression
        for each conditional distribution of the formula, and g-computation; for labels with cells
        that hold few observations. "auto": the second of these where more than a tenth of the
        people are in strata of the confounders in which some level of the treatment was seen fewer
        than five times (large strata that lack one do not count), the first otherwise.
        "structural": a table for each mechanism, with hidden variables summed out of the
        likelihood; sampled by NUTS. "regression": for numeric variables, a regression for each
        conditional distribution of the formula, and g-computation. "instrument": for numbers whose
        effect the diagram alone does not identify, and of whose treatment it names instruments:
        `cs.Instrument`, which adds that the effect is linear and the same in everybody. "auto" by
        default.
    concentration : float, default 0.5
        The weight of the prior in observations: of each cell of each table, or of each table
        (`prior`); of each linear regression (its g-prior). 0.5 a cell is Jeffreys' prior, 1 is
        uniform over all tables. No value has intervals of tables that cover where most cells are
        empty; the check `weight of the prior` then fails.
    prior : "cells" or "bdeu", default "cells"
        Whether the concentration is that of each cell, or is spread evenly over the cells of each
        table (Bayesian Dirichlet equivalent uniform). Cells by default, as in Jeffreys' prior.
    hidden_levels : int or mapping of variable to int, default 2
        The number of levels of each hidden variable, from 2 to 1000, in the structural route. Two
        is the least; more allow more distributions, and cost time.
    basis_size : int, default 1
        The largest number of spline columns of a numeric cause, in the regression route. By default
        1, a straight line: the check `form of the regressions` says where that is too few.
    interactions : "none" or "pairs", default "none"
        Whether regressions have interactions of each two causes: products of the columns of labels
        and of the straight lines of numbers, and with a `basis_size` above 1 also of the smoother
        half of the splines of one number with the other cause, where ten rows a column are left.
        None by default: the same check tests for them. Questions about a group, a policy, several
        interventions or natural effects have the products of what they are about in any case, and
        those about the treated all products of the treatment where ten rows a column are left.
    monotone : list of Monotone, or of (cause, effect), default ()
        Monotonicity: raising the cause lowers the effect for nobody. It narrows the bounds of an
        effect that is not identified. None by default: the data cannot show it.
    logit_sd : float, default 2.5
        The prior standard deviation of a logistic coefficient on a column with standard deviation
        1, in logits, in the regression route: weakly informative (Gelman et al. 2008). It is that
        at a concentration of 0.5; at others it is √(0.5 / concentration) times as wide. In the
        hierarchical route, that of the log odds ratio of the treatment, of the propensity, and of
        products that score tests enter.
    logit_intercept_sd : float, default 5.0
        The prior standard deviation of the intercept, with columns about their means: events may be
        as rare as one in 20,000.
    confounder_scale : float, default 1.0
        The standard deviation of the half-normal prior of how much the log odds ratios of
        confounders spread, in logits, in the hierarchical route.
    interaction_scale : float, default 0.5
        The same of products of two causes and of the random effects of cells: interactions are
        smaller than main effects, mostly.
    indicators : mapping of variable to its indicator, default {}
        The variables of a missingness graph that say whether a value was seen, 1, or is missing, 0:
        `{"weight": "asked"}` for a diagram with "age -> weight, asked". Data are read with
        `missing="keep"`, and need no columns of indicators. By default values are taken to be
        missing at random: what is missing depends on what was seen in the same row alone.

    Raises
    ------
    ModelError
        If the diagram is not that of a causal model or was changed by surgery, if treatment and
        outcome are not two observed variables or are ambiguous, or if a field is out of its range.

    See Also
    --------
    causalstats.Diagram.identify : the formula alone, without data.

    Notes
    -----
    The estimands, by name, of `fit.effect(name)`:

    effect
        The average treatment effect, P(y | do(x)) - P(y | do(x')), each level of the treatment
        against the first. For numeric variables (route "regression"): the change of E(y | do(x))
        for one unit of x, on average between its quartiles.
    interventional
        P(y | do(x)) at every level of the treatment, or at the quartiles of a numeric one.
    association
        P(y | x) - P(y | x'), without an intervention.
    confounding
        The association less the effect.
    natural_direct, natural_indirect
        The parts of the effect along the arrow from treatment to outcome, and through what lies
        between (mediation); where the diagram has both and identifies them.
    bounds
        The smallest and the largest effect, in place of the effect where it is not identified.
    prior_dependent
        The effect under the priors of mechanisms where the data do not identify it (route
        "structural").

    The hierarchical regressions assume that there are not many small interactions of three or more
    confounders that act on treatment and outcome alike. With 286 of them, among twelve confounders
    of 500 people, their intervals covered in 18 of 24 simulated data sets, and fewer where they are
    stronger. No check sees it; the caution `dense interactions` says so wherever few people have
    others like them.

    Other queries: `fit.effect(outcome, do=..., given=...)` of any outcome and treatment, the effect
    of treatment on the treated with `factual=`, path-specific effects with an arrow among `do`,
    counterfactual queries as text, "P(y[x=1]=1 | x=0)", and bounds with `fit.bounds`.

    References
    ----------
    Pearl (2009), Causality, 2nd edition. Tian & Pearl (2002), A general identification condition
    for causal effects, AAAI. Shpitser & Pearl (2006), Identification of joint interventional
    distributions, AAAI. Jacobs, Kissinger & Zanasi (2019), Causal inference by string diagram
    surgery, FoSSaCS. Balke & Pearl (1997), Bounds on treatment effects from studies with
    imperfect compliance, JASA 92.

    Examples
    --------
    A front-door diagram: smoking and cancer share hidden causes, and smoking acts through tar.

    >>> from itertools import product
    >>> import pandas as pd
    >>> import causalstats as cs
    >>> cells = pd.DataFrame(product([0, 1], repeat=3), columns=["smoking", "tar", "cancer"])
    >>> cells["n"] = [500, 100, 10, 20, 100, 50, 20, 200]
    >>> data = cs.Observations.from_frame(cells, counts="n")
    >>> model = cs.CausalDiagram("smoking -> tar -> cancer; smoking <-> cancer")
    >>> print(model.derivation()[0])
    P(cancer | do(smoking)) = Σ_tar P(tar | smoking) Σ_smoking' P(cancer | smoking', tar)
    P(smoking') (front-door (tar)).
    >>> fit = cs.fit(model, data, seed=1, progress=False)
    >>> fit.effect("effect").summary()[["mean", "lower", "upper"]].round(2)
            mean  lower  upper
    effect  0.29   0.22   0.35
    >>> fit.effect("cancer", do={"smoking": 1}).summary()["mean"].round(2).tolist()
    [0.54]

    Without tar the effect is not identified, and has bounds:

    >>> direct = cs.CausalDiagram("smoking -> cancer; smoking <-> cancer")
    >>> data = cs.Observations.from_frame(cells, columns=["smoking", "cancer"], counts="n")
    >>> bounds = cs.fit(direct, data, seed=1, progress=False).effect("bounds")
    >>> bounds.summary()["mean"].round(2).to_dict()
    {'lower': -0.24, 'upper': 0.76}

    With numbers, the effect of one unit by g-computation:

    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"age": rng.normal(size=1000)})
    >>> frame["dose"] = frame["age"] + rng.normal(size=1000)
    >>> frame["pain"] = frame["age"] - 2 * frame["dose"] + rng.normal(size=1000)
    >>> diagram = "age -> dose, pain; dose -> pain"
    >>> linear = cs.CausalDiagram(diagram, treatment="dose", route="regression")
    >>> fit = cs.fit(linear, cs.Observations.from_frame(frame), seed=1, progress=False)
    >>> fit.effect("effect").summary()["mean"].round(1).tolist()
    [-2.0]
    """

    diagram: Annotated[Any, Diagram | DiagramText]
    _: KW_ONLY
    outcome: str = ""
    treatment: str = ""
    route: RouteName = "auto"
    concentration: Positive = 0.5
    prior: PriorName = "cells"
    hidden_levels: LevelCount | Mapping[Name, LevelCount] = 2
    basis_size: Count = 1
    interactions: Literal["none", "pairs"] = "none"
    monotone: Annotated[Sequence[Any], Sequence[Monotone | tuple[Name, Name]]] = ()
    logit_sd: Positive = 2.5
    logit_intercept_sd: Positive = 5.0
    confounder_scale: Positive = 1.0
    interaction_scale: Positive = 0.5
    indicators: Mapping[Name, Name] = field(default_factory=dict)

    data_class = Observations
    simulation_defaults: ClassVar[Mapping[str, int]] = {"people": 500}

    def __post_init__(self) -> None:
        check_fields(self, ModelError)
        diagram = self.diagram
        if isinstance(diagram, str):
            diagram = Diagram.parse(diagram)
        validation.refuse_no_network(diagram)
        object.__setattr__(self, "diagram", diagram)
        monotone = [
            each if isinstance(each, Monotone) else Monotone(*each)
            for each in self.monotone
        ]
        object.__setattr__(self, "monotone", tuple(monotone))
        validation.refuse_surgery(self.graph)
        validation.refuse_names(diagram)
        object.__setattr__(self, "indicators", dict(self.indicators))
        refuse_indicators(self.graph, self.indicators)
        signs = set(self.indicators.values())
        variables = [name for name in self.graph.nodes if name not in signs]
        graph = self.graph.subgraph(variables) if signs else self.graph
        outcome = outcome_of(diagram, graph, self.outcome)
        treatment = treatment_of(diagram, graph, self.treatment, outcome)
        object.__setattr__(self, "outcome", outcome)
        object.__setattr__(self, "treatment", treatment)
        validation.refuse_hidden_levels(diagram, self.hidden_levels)

    @cached_property
    def _route(self) -> Route:
        """The route with its own methods for this model."""
        return ROUTES[self.route](self)

    @cached_property
    def _augmented(self) -> Augmented:
        """The route on data with missing values."""
        return Augmented(self, self._route)

    def _on(self, data: Observations) -> Route:
        """Return the route on these data."""
        return self._augmented if is_incomplete(self, data) else self._route

    def _whole(self, data: Observations) -> Observations:
        """Return the data, or one completion of them where values are missing."""
        return first_completion(self, data) if is_incomplete(self, data) else data

    @cached_property
    def graph(self) -> MixedGraph:
        """The observed variables, with arrows and shared hidden causes."""
        return MixedGraph.from_diagram(self.diagram)

    @cached_property
    def identification(self) -> Identification:
        """Whether P(outcome | do(treatment)) is identified, its formula and certificate.

        Examples
        --------
        >>> CausalDiagram("z -> x, y; x -> y", treatment="x").identification.expression
        Σ_z P(y | z, x) P(z)
        """
        return identify(self.graph, self.outcome, self.treatment)

    @property
    def headline(self) -> str:
        """The effect, or its bounds where it is not identified.

        Examples
        --------
        >>> CausalDiagram("x -> y").headline, CausalDiagram("x -> y; x <-> y").headline
        ('effect', 'bounds')
        """
        return self._route.headline

    @property
    def tables(self) -> tuple[Table, ...]:
        """The conditional distributions that are estimated.

        Examples
        --------
        >>> model = CausalDiagram("smoking -> tar -> cancer; smoking <-> cancer")
        >>> [table.name for table in model.tables]
        ['P(smoking)', 'P(tar | smoking)', 'P(cancer | smoking, tar)']
        """
        return self._route.tables

    def kind_of(self, table: Table, data: Observations) -> type[Conditional]:
        """Return how the route estimates a conditional distribution on these data.

        Examples
        --------
        >>> model = CausalDiagram("z -> x, y; x -> y", treatment="x", route="hierarchical")
        >>> data = model.simulate(1, people=50).data
        >>> model.kind_of(model.tables[0], data).__name__
        'HierarchicalLogistic'
        """
        return self._on(data).kind_of(table, data)

    def levels(self, data: Observations) -> dict[str, tuple[Any, ...]]:
        """Return the levels of every categorical variable: the diagram's, else those of the data.

        Levels of hidden variables are numbers from 0.

        Raises
        ------
        ModelError, DataError
            If diagram and data do not have the same variables, if the data have a level that the
            diagram has not, or if treatment, outcome or a mediator has one level.

        Examples
        --------
        >>> data = CausalDiagram("x -> y").simulate(1, people=20).data
        >>> CausalDiagram("x -> y").levels(data)
        {'x': (0, 1), 'y': (0, 1)}
        """
        data = self._whole(data)
        validation.refuse_selection_columns(self.diagram, data)
        validation.refuse_other_variables(self.diagram, data)
        self._route.refuse(data)
        known = {
            name: states
            for name, states in self.default_levels(data.levels).items()
            if name not in data.continuous
        }
        for name in data.levels:
            data.places(
                name, known[name]
            )  # refuses levels that the diagram does not have
        validation.refuse_one_level(self.treatment, known)
        validation.refuse_one_level(self.outcome, known)
        refuse_constant_mediators(self.graph, self.treatment, self.outcome, known, data)
        return known

    def default_levels(
        self, known: Mapping[str, tuple[Any, ...]]
    ) -> dict[str, tuple[Any, ...]]:
        """Return levels without data: the diagram's, else those known, else 0 and 1.

        Hidden variables have as many as `hidden_levels` says.

        Parameters
        ----------
        known : mapping of variable to its levels

        Examples
        --------
        >>> CausalDiagram("x -> y").default_levels({"y": ("no", "yes")})
        {'x': (0, 1), 'y': ('no', 'yes')}
        """
        return levels.default_levels(self, known)

    def _repr_html_(self) -> str:
        return model_card(self)

    def inputs(self, data: Observations) -> dict[str, np.ndarray]:
        """Return every array that the graph takes: counts, weights of priors, and columns.

        Examples
        --------
        >>> model = CausalDiagram("x -> y")
        >>> data = model.simulate(1, people=50).data
        >>> sorted(model.inputs(data))
        ['counts P(x)', 'counts P(y | x)', 'prior P(x)', 'prior P(y | x)']
        """
        return self._on(data).inputs(data)

    def build(self, data: Observations) -> pm.Model:
        """Return the PyMC graph on these data.

        Counts of tables are observed variables. Regressions are a `pm.Potential` each, since a row
        counts as often as it was seen, and their g-prior is flat in the intercept, so that PyMC
        cannot draw from it; `fit.idata()` has their likelihood and replications.
        """
        return self._on(data).build(data)

    def exact_posterior(self, data: Observations) -> DrawExactly | None:
        """Return a function that draws from the posterior in closed form; None where there is none.

        It takes the numbers of chains and draws, and a generator.

        Examples
        --------
        >>> model = CausalDiagram("x -> y")
        >>> data = model.simulate(1, people=50).data
        >>> draws = model.exact_posterior(data)(2, 100, np.random.default_rng(1))
        >>> dict(draws["P(y | x)"].sizes)
        {'chain': 2, 'draw': 100, 'x': 2, 'y': 2}
        """
        return self._on(data).exact_posterior(data)

    def recover_marginals(
        self,
        draws: xr.Dataset,
        data: Observations,
        rng: np.random.Generator,
    ) -> xr.Dataset:
        """Return the draws with those of P(outcome | do(treatment)), in the structural route.

        Parameters
        ----------
        draws : Dataset
            Draws of the tables.
        data : Observations
        rng : numpy Generator
        """
        return self._on(data).recover_marginals(draws, data, rng)

    def assumptions(self) -> tuple[Assumption, ...]:
        """Return the assumptions of the answers.

        Examples
        --------
        >>> for assumption in CausalDiagram("x -> y").assumptions():
        ...     print(assumption.name)
        this diagram
        independent observations
        missing values
        measured without error
        prior of the tables
        hierarchical regressions
        """
        return assumptions.assumptions(self, self._route)

    def assumptions_for(self, data: Observations) -> tuple[Assumption, ...]:
        """Return the assumptions of the answers, by the route that these data choose.

        Examples
        --------
        >>> model = CausalDiagram("x -> y")
        >>> data = model.simulate(1, people=50).data
        >>> model.assumptions_for(data)[2].name
        'missing values'
        """
        kept = bool(data.gaps)
        route = self._route if kept else route_on(self._route, data)
        return assumptions.assumptions(self, route, kept)

    def derivation(self) -> tuple[str, ...]:
        """Return how the answer follows from the diagram, or why it does not, a line a step.

        Examples
        --------
        >>> print(CausalDiagram("z -> x, y; x -> y", treatment="x").derivation()[0])
        P(y | do(x)) = Σ_z P(y | z, x) P(z) (back-door (z)).
        """
        return assumptions.derivation(self)

    def estimands(self) -> Mapping[str, Estimand]:
        """Return the estimands by name.

        Other queries name the variables, as in `fit.effect("cancer", do={"smoking": 1})`.

        Examples
        --------
        >>> list(CausalDiagram("x -> y").estimands())
        ['effect', 'interventional', 'association', 'confounding']
        >>> list(CausalDiagram("x -> y; x <-> y").estimands())
        ['bounds', 'association']
        """
        return self._augmented.estimands()

    def bounds(
        self,
        name: str,
        do: Mapping[str, Level | Sequence[Level]] | None,
        given: Levels,
        factual: Levels,
        cause: str | Mapping[str, tuple[Level, Level]] | None,
        data: Observations,
    ) -> tuple[str, Estimand]:
        """Return the notation and the estimand of the bounds of an answer: `fit.bounds`.

        Parameters
        ----------
        name : str
            The outcome.
        do : mapping of variable to a level, or to two; or None
        given, factual : mapping of variable to level
        cause : str, mapping of variable to two levels, or None
            In place of the others: for bounds of the probabilities of causation.
        data : Observations

        Examples
        --------
        >>> model = CausalDiagram("x -> y; x <-> y")
        >>> data = model.simulate(1, people=50).data
        >>> name, estimand = model.bounds("y", {"x": 1}, {}, {}, None, data)
        >>> name, estimand.unit
        ('bounds of P(y=1 | do(x=1))', 'probability')
        """
        outcome = query_arguments.outcome_name(name)
        given = query_arguments.plain_values("given", given)
        factual = query_arguments.plain_values("factual", factual)
        if do is not None:
            do = query_arguments.plain_values("do", do, several=True)
        query = self._on(data).bounds(outcome, do, given, factual, cause, data)
        return with_same_people(self.graph, do or {}, given, query)

    def instrumented(self, data: Observations) -> Instrumented:
        """Return the data of `Instrument`, where the diagram names instruments of the treatment.

        The instruments that hold the same variables are taken together. The diagram alone does not
        identify the effect: `Instrument` says what it assumes besides.

        Parameters
        ----------
        data : Observations
            Of numbers, or labels of 0 and 1.

        Raises
        ------
        ModelError
            If the diagram names no instrument of the treatment.

        Examples
        --------
        >>> import numpy as np, pandas as pd, causalstats as cs
        >>> rng = np.random.default_rng(1)
        >>> frame = pd.DataFrame(rng.standard_normal((40, 3)), columns=["z", "t", "y"])
        >>> model = CausalDiagram("z -> t -> y; t <-> y", treatment="t", outcome="y")
        >>> model.instrumented(cs.Observations.from_frame(frame)).arguments["instruments"]
        ['z']
        """
        return instrumented(self, data)

    def question(
        self,
        name: str,
        do: Mapping[str, Level | Sequence[Level]],
        given: Levels,
        factual: Levels,
        data: Observations,
        scale: ContrastScale = "difference",
    ) -> tuple[str, Estimand]:
        """Return the notation and the estimand of P(name | do, given): `fit.effect`.

        With `factual` it is the outcome under `do` of the people with other observed values (the
        effect of treatment on the treated). An arrow among `do`, `{"x": 0, "x -> y": 1}`, carries
        another value than its variable (path-specific effects). A name such as
        "P(y[x=1]=1, y[x=0]=0 | z=1)" is a counterfactual query; see `Diagram.counterfactual`.

        Parameters
        ----------
        name : str
            The outcome, or a counterfactual query.
        do : mapping of variable or arrow to a level, or to several
        given, factual : mapping of variable to level
        data : Observations
        scale : str
            On which two interventions are compared.

        Examples
        --------
        >>> model = CausalDiagram("x -> y")
        >>> data = model.simulate(1, people=50).data
        >>> name, estimand = model.question("y", {"x": [1, 0]}, {}, {}, data)
        >>> name, estimand.kind
        ('P(y=1 | do(x=1)) - P(y=1 | do(x=0))', 'causal')
        """
        if is_counterfactual(name):
            if scale != "difference":
                raise ModelError(
                    f"A query in text is one probability and no {scale}: compare two answers, or "
                    "ask with `do`."
                )
            question = text_question(self, name, data)
            return self._on(data).counterfactual(question, data)
        outcome = query_arguments.outcome_name(name)
        do = query_arguments.plain_values("do", do, several=True)
        if scale != "difference":

            def ask(world: Mapping[str, Any]) -> tuple[str, Estimand]:
                return self.question(outcome, world, given, factual, data)

            return on_scale(scale, ask, do)
        given = query_arguments.plain_values("given", given)
        factual = query_arguments.plain_values("factual", factual)
        if has_arrows(do):
            query_arguments.refuse_given_with_arrows(given)
            question = arrows_question(self, outcome, do, factual, data)
            return self._on(data).counterfactual(question, data)
        query = self._on(data).query(outcome, do, given, factual, data)
        return with_same_people(self.graph, do, given, query)

    def parameters(self, data: Observations) -> tuple[str, ...]:
        """Return names in the posterior whose sampling is checked; none where it is exact.

        Examples
        --------
        >>> model = CausalDiagram("x -> y")
        >>> data = model.simulate(1, people=50).data
        >>> model.parameters(data)
        ()
        >>> CausalDiagram("x -> y", route="structural").parameters(data)
        ('interventional', 'P(x)', 'P(y | x)')
        """
        return self._on(data).parameters(data)

    def priors(self, data: Observations) -> Mapping[str, float | np.ndarray]:
        """Return no priors: parameters are probabilities with joint Dirichlet priors."""
        return {}

    def with_proper_prior(self) -> CausalDiagram:
        """Return the model by tables, if the data were to choose between tables and regressions.

        Examples
        --------
        >>> import causalstats as cs
        >>> cs.CausalDiagram("x -> y").with_proper_prior().route
        'reduced'
        """
        return replace(self, route=ROUTES_OF_PRIORS.get(self.route, self.route))

    @checked(ModelError)
    def simulate(
        self,
        seed: Seed,
        people: Count = 500,
        design: Literal["mechanisms", "prior"] = "mechanisms",
    ) -> Simulation:
        """Return observations of this diagram with a known truth.

        Variables have two levels unless the diagram has others.

        Parameters
        ----------
        seed : int
        people : int, default 500
        design : "mechanisms" or "prior", default "mechanisms"
            "mechanisms": each mechanism, those of hidden variables too, is drawn uniformly over
            all tables. "prior": the tables that the route estimates are drawn from its prior.

        Raises
        ------
        ModelError
            In the regression route, which does not say how numbers arise.

        Examples
        --------
        >>> simulation = CausalDiagram("x -> y; x <-> y").simulate(1, people=30)
        >>> len(simulation.data), simulation.data.variables
        (30, ('x', 'y'))
        """
        return self._route.simulate(seed, people, design)

    def log_likelihood(self, draws: xr.Dataset, data: Observations) -> xr.DataArray:
        """Return the log likelihood of all cells, dims (chain, draw), hidden variables summed out.

        Raises
        ------
        ModelError
            In the regression route, whose rows are no draws from a model.

        Examples
        --------
        >>> simulation = CausalDiagram("x -> y").simulate(1, people=50)
        >>> model = CausalDiagram("x -> y")
        >>> model.log_likelihood(simulation.truth, simulation.data).dims
        ('chain', 'draw')
        """
        return self._on(data).log_likelihood(draws, data)

    def with_prior_of(self, data: Observations) -> CausalDiagram:
        """Return the model with the route that it takes on these data."""
        return route_on(self._route, self._whole(data)).model

    def with_replication(
        self, draws: xr.Dataset, data: Observations, rng: np.random.Generator
    ) -> Simulation:
        """Return the study with a second one behind it, drawn at one draw of the parameters."""
        if is_incomplete(self, data):
            raise ModelError(
                "A second study is drawn beside complete rows. Read them with `missing='drop'`."
            )
        route = route_on(self._route, data)
        if not isinstance(route, TableRoute):
            raise ModelError(
                "A second study is drawn from tables of labels: regressions do not say how "
                "confounders arise. Use route='reduced' where cells are full."
            )
        return with_replication(route, draws, data, rng)

    def observed_units(
        self, draws: xr.Dataset, data: Observations, rng: np.random.Generator
    ) -> ObservedUnits:
        """Return what was observed of each person, with its likelihood and replications.

        The cell of all variables; in the regression route, the outcome.

        Parameters
        ----------
        draws : Dataset
            The posterior.
        data : Observations
        rng : numpy Generator

        Raises
        ------
        ModelError
            With more people than can be listed.

        Examples
        --------
        >>> simulation = CausalDiagram("x -> y").simulate(1, people=50)
        >>> rng = np.random.default_rng(1)
        >>> model = CausalDiagram("x -> y")
        >>> units = model.observed_units(simulation.truth, simulation.data, rng)
        >>> units.dim, units.log_likelihood().shape
        ('person', (1, 50))
        """
        return self._on(data).observed_units(draws, data, rng)

    def log_prior(self, draws: xr.Dataset, data: Observations) -> xr.Dataset:
        """Return the log prior density of each table or regression, dims (chain, draw, ...).

        Examples
        --------
        >>> simulation = CausalDiagram("x -> y").simulate(1, people=50)
        >>> model = CausalDiagram("x -> y")
        >>> list(model.log_prior(simulation.truth, simulation.data))
        ['P(x)', 'P(y | x)']
        """
        return self._on(data).log_prior(draws, data)

    def causal_graph(self, data: Observations) -> nx.DiGraph[str]:
        """Return the diagram as a graph, hidden variables included.

        Examples
        --------
        >>> model = CausalDiagram("x -> y; x <-> y")
        >>> data = model.simulate(1, people=50).data
        >>> dict(model.causal_graph(data).nodes(data="role"))
        {'u_x_y': 'hidden', 'x': 'observed', 'y': 'observed'}
        """
        graph = causal_graph(self.diagram)
        for name, label in data.wording.labels.items():
            if name in graph:
                graph.nodes[name]["label"] = label
        return graph

    def baselines(self, data: Observations) -> Mapping[str, Baseline]:
        """Return estimates without a diagram: unadjusted, and adjusted for all observed.

        Examples
        --------
        >>> model = CausalDiagram("z -> x, y; x -> y", treatment="x")
        >>> list(model.baselines(model.simulate(1, people=50).data))
        ['unadjusted', 'adjusted for all observed']
        """
        return self._on(data).baselines(data)

    def predictions(
        self,
        draws: xr.Dataset,
        data: Observations,
        rng: np.random.Generator,
    ) -> tuple[Prediction, ...]:
        """Return the share of every cell beside replications: a posterior predictive check.

        Parameters
        ----------
        draws : Dataset
        data : Observations
        rng : numpy Generator
        """
        return self._on(data).predictions(draws, data, rng)

    def views(
        self, draws: xr.Dataset, data: Observations
    ) -> Mapping[str, Callable[[], View]]:
        """Return pictures by name: `surgery`, the diagram before and after.

        Examples
        --------
        >>> simulation = CausalDiagram("x -> y").simulate(1, people=50)
        >>> list(CausalDiagram("x -> y").views(simulation.truth, simulation.data))
        ['surgery']
        """
        return {"surgery": partial(surgery, self)}

    def arrow_effects(self, draws: xr.Dataset, data: Observations) -> dict[str, str]:
        """Return the effect along each arrow as text, for `diagram.draw(labels=...)`.

        The cause goes from its first level to its last, a number one unit up from its mean, on this
        arrow alone. Arrows whose effect is not identified have a "?".

        Parameters
        ----------
        draws : Dataset
            The posterior, `fit.draws["posterior"].to_dataset()`.
        data : Observations

        Examples
        --------
        >>> simulation = CausalDiagram("x -> y").simulate(1, people=50)
        >>> list(CausalDiagram("x -> y").arrow_effects(simulation.truth, simulation.data))
        ['x -> y']
        """
        return arrow_effects(self, draws, data)

    def data_checks(self, data: Observations) -> tuple[Check, ...]:
        """Return checks of the data alone: rows left out, and what the diagram implies.

        Examples
        --------
        >>> model = CausalDiagram("z -> x -> y")
        >>> data = model.simulate(1, people=100).data
        >>> [(check.name, check.passed) for check in model.data_checks(data)]
        [('independences of the diagram', True)]
        """
        whole = self._whole(data)
        return (
            *missing_rows(self, data),
            *values_filled_in(self, data),
            *row_checks(self, whole),
            *directed_path(self),
            *self._on(data).data_checks(data),
            *implied_independences(self, whole),
            *monotone_responses(self, whole),
        )

    def independences(self, data: Observations) -> pd.DataFrame:
        """Return every independence that the diagram implies, with its p-value on the data.

        Tables have an exact conditional test, numbers the generalised covariance measure; the
        p-values are uniform or larger where the diagram is right, whatever the variances.

        Returns
        -------
        DataFrame
            A row for each statement: `one`, `other`, `given`, `p_value`, and `p_adjusted` for
            their number (Holm); smallest first.

        Examples
        --------
        >>> model = CausalDiagram("z -> x -> y")
        >>> data = model.simulate(1, people=100).data
        >>> model.independences(data)["p_value"].round(2)
        statement
        z and y given x    0.16
        Name: p_value, dtype: float64
        """
        return tested_independences(self, self._whole(data))

    def hidden_confounding(
        self, draws: xr.Dataset, data: Observations, strengths: Any
    ) -> pd.DataFrame:
        """Return the bounds of the effect with a hidden confounder: `fit.sensitivity`.

        Parameters
        ----------
        draws : Dataset
            The posterior.
        data : Observations
        strengths : list of float, or "observed"

        Raises
        ------
        ModelError
            If the effect is no adjustment for observed confounders.
        """
        whole = self._whole(data)
        return hidden_confounding(self, draws, whole, strengths_of(strengths))

    def unused_fields(self, data: Observations) -> dict[str, str]:
        """Return the fields that cannot change the headline on these data, each with the reason.

        Examples
        --------
        >>> model = CausalDiagram("x -> y")
        >>> data = model.simulate(1, people=50).data
        >>> model.unused_fields(data)["interactions"]
        "route='reduced' does not use it."
        """
        unused = self._on(data).unused_fields(data)
        if self.identification.identified:
            unused["monotone"] = (
                "it narrows bounds, and the effect is identified without it."
            )
        return unused

    def relaxations(self, data: Observations) -> tuple[Relaxation, ...]:
        """Return no relaxations: the diagram is the only outside knowledge."""
        return ()
