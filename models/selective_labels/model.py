"""Selective labels: the graph, and what it assumes. What can be asked of it and how it is simulated stand in the files beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import xarray as xr

from causalstats.core.argument_validation import (
    Count,
    Name,
    NotNegative,
    Number,
    Positive,
    Seed,
    check_fields,
    checked,
)
from causalstats.core.assumption import Assumption, Relaxation
from causalstats.core.check import Check
from causalstats.core.estimand import Estimand
from causalstats.core.knowledge import Known, KnownByGroup, KnownNumber, Penalty
from causalstats.core.prediction import Prediction
from causalstats.core.simulation import Simulation
from causalstats.core.views import View
from causalstats.data import Decisions
from causalstats.errors import ModelError
from causalstats.models.selective_labels.assumptions import assumptions, refuse
from causalstats.models.selective_labels.data_checks import data_checks, kept_its_width
from causalstats.models.selective_labels.estimands import estimands, logits, pointwise, test_of
from causalstats.models.selective_labels.graph import build, inputs, known_prevalence
from causalstats.models.selective_labels.priors import marginal_sds
from causalstats.models.selective_labels.simulation import simulate
from causalstats.models.selective_labels.views import views
from causalstats.models.shared.missing_rows import rows_left_out
from causalstats.numerics.sampling.posterior_predictive import quantile_groups, rates_by_group
from causalstats.numerics.selection import selective_labels_baselines as baselines
from causalstats.numerics.selection.prevalence_constraint import logits_as_probits
from causalstats.numerics.selection.unobservable import VARIANCE, Unobservable, probability

if TYPE_CHECKING:
    import networkx as nx
    import pymc as pm

_REPLICATIONS = 400
KnownProportion = Annotated[Known | float, KnownNumber(Number(above=0, below=1))]
Steepness = Annotated[Known | float, KnownNumber(Number(least=0), exact=True)]
TestRate = Annotated[Known | float, KnownNumber(Number(above=0, most=1))]


@dataclass(frozen=True, kw_only=True)
class SelectiveLabels:
    """Risk when the outcome is seen only for the cases somebody chose to test.

    r_i = β_0 + x_i'β_Y + σ ζ_i          risk on the scale of the link h; ζ_i is seen by whoever decides, not by us
    Y_i ~ Bernoulli(h(r_i))              seen only where T_i = 1
    T_i ~ Bernoulli(h(α r_i + Δ_0 + x_i'Δ))
    ζ_i ~ uniform, normal, logistic or Student t with 4 degrees of freedom, integrated out
    σ ~ half-Normal(3),  α ~ half-Normal(3) where it is not known

    With β_T = α β_Y + Δ, the coefficients of testing, and s(σ) = √(1 + c σ² Var ζ), by which the unobservable attenuates them,
    β_Y / s(σ) ~ τ_Y t_4 and β_T / s(ασ) ~ τ_T t_4 by the standard deviation of each feature (by one, of an indicator),
    Student t with 4 degrees of freedom, τ_Y, τ_T ~ half-Normal(1): the data fix these attenuated coefficients, so that their
    number says nothing about σ. Where Δ is known it has that prior, and β_T follows.

    The intercept is solved from the prevalence Σ_i w_i P(Y_i=1 | x_i) = π at every step, where π is known, exactly or with a Beta
    distribution; the attenuated intercepts at the means of the features have Normal(0, 3) priors where nothing is known.

    Parameters
    ----------
    prevalence : Known, float, KnownByGroup, Penalty or None
        E[Y] in the population the rows stand for, or in `data.with_reference(...)`: exact, with a standard deviation, or not known.
        Known by group, of a categorical feature, it gives each level its intercept. A `Penalty` is the paper's own use of it.
    expertise : sequence of str
        Features on which testing deviates from risk in no way: their Δ is 0.
    expertise_sd : float
        How nearly: with τ > 0 their Δ ~ Normal(0, τ²).
    unobserved_scale : Known, float or None
        σ: inferred (None) or known exactly; 0 means that nothing but the features drives both.
    response : Known, float or None
        α: how steeply testing rises with risk. Known exactly (1 unless said otherwise), or inferred (None) where σ is known: the
        data cannot tell a wide ζ from a steep response.
    unobservable : "uniform", "normal", "logistic" or "student"
        The family of ζ. The uniform is the paper's, Uniform(0, σ): β_0 is then the intercept at its lower end.
    link : "logit" or "probit"
    decided_for : "high" or "low"
        Whose outcome is seen: of those at high risk, as where people are tested because they may be ill; or of those at low risk, as
        where people are released or granted a loan because they are unlikely to fail. Testing then falls with risk: α is negative.
    coefficient_prior : "attenuated" or "paper"
        Where the priors of coefficients stand: on the attenuated ones, as above; or, as in the paper, on β_Y, Δ, Δ_0 and the intercept
        themselves, Normal(0, 3) each, which with many features overrules the prior of σ. With the first, the risk of the untested covered
        in 6 of 6 data sets of 4 to 100 features and was .01 to .03 too high; where nothing is hidden, in 4 of 6 (`benchmarks/untested_risk.py`).
    coefficient_scale : float or None
        How large coefficients are expected to be, on the scale of the link: with "attenuated", the scale of the half-Normal priors of τ_Y
        and τ_T, 1 log-odds (0.59 probits) unless given; with "paper", the standard deviation of the coefficients themselves, 3 unless given.
    deciders : "alike", "leniency" or "response"
        Whether those who decide (a column of the data) differ: in how readily they test, Δ_0 + λ_j with λ_j ~ Normal(0, τ²), τ ~ half-Normal(1);
        or in that and in how steeply they respond, α_j = α exp(ω_j) with ω_j ~ Normal(0, υ²), υ ~ half-Normal(0.5).
    sensitivity, specificity : Known or float
        P(R=1 | Y=1) and P(R=0 | Y=0) of the result R that is seen in place of Y: exact, or a Beta with a standard deviation. Their sum exceeds 1.
    negative_controls : sequence of str
        Features that move testing and are known to have nothing to do with the outcome, such as a randomised offer. The model does not use this:
        it is a check whether it finds their β_Y to be 0.

    References
    ----------
    Balachandar, Garg & Pierson (2024), Domain constraints improve risk prediction when outcome data is missing, ICLR, eq. 1. The
    prevalence is a prior on π where theirs is a quadratic penalty on the log posterior: `Penalty.of_weight(π, λ)`, which keeps the prior of β_0.
    """

    prevalence: KnownProportion | KnownByGroup | Penalty | None = None
    expertise: Sequence[Name] = ()
    expertise_sd: NotNegative = 0.0
    unobserved_scale: Steepness | None = None
    response: Steepness | None = 1.0
    unobservable: Literal["uniform", "normal", "logistic", "student"] = "uniform"
    link: Literal["logit", "probit"] = "logit"
    decided_for: Literal["high", "low"] = "high"
    coefficient_prior: Literal["attenuated", "paper"] = "attenuated"
    coefficient_scale: Positive | None = None
    deciders: Literal["alike", "leniency", "response"] = "alike"
    sensitivity: TestRate = 1.0
    specificity: TestRate = 1.0
    negative_controls: Sequence[Name] = ()

    headline = "untested_prevalence"
    data_class = Decisions
    simulation_defaults = {"people": 500}

    def __post_init__(self) -> None:
        check_fields(self, ModelError)
        refuse(self)

    @property
    def law(self) -> Unobservable:
        """Family, link, and whether they have a closed form."""
        closed = (
            self.unobservable == "uniform"
            and self.link == "logit"
            and self.response == Known(1.0)
            and self.decided_for == "high"
            and self.deciders != "response"
        )
        return Unobservable(self.unobservable, self.link, closed)

    @property
    def imperfect(self) -> bool:
        """Whether a result may differ from the outcome."""
        return (self.sensitivity, self.specificity) != (Known(1.0), Known(1.0))

    def inputs(self, data: Decisions) -> dict[str, np.ndarray]:
        """Every number of the data and of what is known that the graph takes, by name."""
        return inputs(self, data)

    def build(self, data: Decisions) -> pm.Model:
        """The PyMC graph on these data."""
        return build(self, data)

    def assumptions(self) -> tuple[Assumption, ...]:
        """What the answer stands on; what is not used is not listed."""
        return assumptions(self)

    def estimands(self) -> Mapping[str, Estimand]:
        """What can be asked of a fit; not what was given to it."""
        stands_on = tuple(assumption.name for assumption in self.assumptions())
        given = {
            name
            for name in ("unobserved_scale", "response")
            if isinstance(getattr(self, name), Known)
        }
        if not isinstance(self.prevalence, KnownByGroup):
            given.add("prevalence_by_group")
        given |= {
            "alike": {"leniency", "decider_response"},
            "leniency": {"decider_response"},
            "response": set(),
        }[self.deciders]
        asked = {
            name: estimand
            for name, estimand in estimands(self.law, self.prevalence).items()
            if name not in given
        }
        return {
            name: replace(estimand, assumptions=stands_on, checks=partial(kept_its_width, self))
            for name, estimand in asked.items()
        }

    def data_checks(self, data: Decisions) -> tuple[Check, ...]:
        """Return what the data alone say against the model, or cannot say."""
        return (*rows_left_out(data), *data_checks(self, data))

    def vary(self, **changes: Any) -> SelectiveLabels:
        """Return the model with other values of some fields, for a table of sensitivity.

        Where the family or the link changes and σ is known, the standard deviation of the
        unobservable is held, on the scale of log-odds, and not σ, whose unit differs by family.
        """
        changed = replace(self, **changes)
        if "unobserved_scale" in changes or not isinstance(self.unobserved_scale, Known):
            return changed
        per_scale = [
            np.sqrt(VARIANCE[model.unobservable]) / logits_as_probits(model.law)
            for model in (self, changed)
        ]
        held = self.unobserved_scale.value * float(per_scale[0] / per_scale[1])
        return (
            replace(changed, unobserved_scale=Known(held))
            if held != self.unobserved_scale.value
            else changed
        )

    def parameters(self, data: Decisions) -> tuple[str, ...]:
        """Names in the posterior whose prior and posterior are compared, and whose sampling is checked."""
        names = ["risk_coefficient", "policy_intercept", "policy_coefficient"]
        if self.coefficient_prior == "attenuated":
            names += ["risk_coefficient_sd", "testing_coefficient_sd"]
        names += [name for name in ("unobserved_scale", "response") if getattr(self, name) is None]
        if not (isinstance(self.prevalence, Known | KnownByGroup) and self.prevalence.exact):
            names.append(
                "population_prevalence" if self.prevalence is not None else "middle_intercept"
            )
        names += {
            "alike": [],
            "leniency": ["leniency_sd"],
            "response": ["leniency_sd", "response_sd"],
        }[self.deciders]
        return (
            *names,
            *(
                f"test_{name}"
                for name in ("sensitivity", "specificity")
                if not getattr(self, name).exact
            ),
        )

    def priors(self, data: Decisions) -> dict[str, Any]:
        """Prior standard deviations of `parameters()`, NaN where a parameter is fixed."""
        by_group = isinstance(self.prevalence, KnownByGroup)
        solved = (
            data.columns_of(self.prevalence.feature)
            if isinstance(self.prevalence, KnownByGroup)
            else ()
        )
        uncertain = [value.sd for value in known_prevalence(self, data).values() if not value.exact]
        sds: dict[str, Any] = marginal_sds(self, data, np.array(solved, int)) | {
            "population_prevalence": uncertain if by_group else sum(uncertain),
            # What was learned of these shows in the coefficients.
            "risk_coefficient_sd": np.nan,
            "testing_coefficient_sd": np.nan,
            **{f"test_{name}": getattr(self, name).sd for name in ("sensitivity", "specificity")},
        }
        return {name: sds[name] for name in self.parameters(data)}

    @checked(ModelError)
    def simulate(
        self,
        seed: Seed,
        people: Count = 5000,
        features: Count = 4,
        design: Literal["paper", "prior"] = "paper",
        labels: bool = False,
    ) -> Simulation:
        """Data with a known truth; features x1, x2, ... ~ Normal(0, 1); `labels` keeps the outcomes of the untested, withheld from the model.

        The synthetic design of the paper (N = 5000, five coefficients with the intercept): β_Y ~ Normal(0, 1) with intercept Normal(-2, 0.1);
        Δ ~ Normal(0, 1) on the first feature only, 0 on the others, with intercept Normal(2, 0.1); σ ~ Normal(2, 0.1); α as it is known,
        else Normal(1, 0.1). Or "prior", this model's own, as `causalstats.calibrate` needs it.
        """
        if people < 2:
            raise ModelError(f"Expected at least 2 people, got {people}.")
        if design == "prior" and isinstance(self.prevalence, Penalty):
            raise ModelError(
                "A penalty is no distribution to draw a prevalence from; expected `Known(value, sd=...)` with design='prior'."
            )
        return simulate(self, seed, people, features, design, labels)

    def log_likelihood(self, draws: xr.Dataset, data: Decisions) -> xr.DataArray:
        """Σ_i log P(what was seen of person i) of every draw."""
        return xr.DataArray(pointwise(self.law, draws, data), dims=("chain", "draw"))

    def reported(self, draws: xr.Dataset, risk: xr.DataArray) -> xr.DataArray:
        """Return the share of positive results, of the test that others had, at a mean risk."""
        if not self.imperfect:
            return risk
        sensitivity, specificity = draws["test_sensitivity"], draws["test_specificity"]
        return sensitivity * risk + (1 - specificity) * (1 - risk)

    def causal_graph(self, data: Decisions) -> nx.DiGraph:
        """Who affects whom: the risk and what the decision-maker alone sees are hidden, the outcome is seen for some."""
        import networkx as nx

        graph = nx.DiGraph()
        outcome, decision = data.arguments["outcome"], data.arguments["decision"]
        graph.add_node("features", label=", ".join(data.design.variables), role="observed")
        graph.add_node("unobservable", label="Z: what only the decision-maker sees", role="hidden")
        graph.add_node("risk", label="risk", role="hidden")
        graph.add_node("decision", label=f"decision: {decision}", role="observed")
        graph.add_node(
            "outcome", label=f"outcome: {outcome} (seen if {decision} = 1)", role="selected"
        )
        graph.add_edges_from(
            [
                ("features", "risk"),
                ("unobservable", "risk"),
                ("risk", "outcome"),
                ("risk", "decision"),
            ]
        )
        free = [name for name in data.design.variables if name not in self.expertise]
        if free:
            graph.add_edge("features", "decision", label="Δ: " + ", ".join(free))
        return graph

    def baselines(self, data: Decisions) -> Mapping[str, Callable]:
        """Rules that need no such model, as draws of the risk of the untested; recalibration where the prevalence is one number."""
        rules = dict(baselines.RULES)
        if isinstance(self.prevalence, Known) and data.reference is None:
            rules["tested only, recalibrated"] = partial(
                baselines.recalibrated, self.prevalence.value
            )
        return {
            name: partial(rule, data.matrix, data.decision, data.outcome, data.weights)
            for name, rule in rules.items()
        }

    def predictions(
        self, draws: xr.Dataset, data: Decisions, rng: np.random.Generator
    ) -> tuple[Prediction, ...]:
        """Decision rate, and positive rate of the tested, by decile of posterior mean risk, with replications."""
        total = draws.sizes["chain"] * draws.sizes["draw"]
        chosen = rng.choice(total, min(_REPLICATIONS, total), replace=False)
        parts, tested = [values[chosen] for values in logits(draws, data.people())], data.decision
        groups = quantile_groups(probability(self.law, "positive", *parts).mean(axis=0), 10)
        decided = rates_by_group(tested, 1 - probability(self.law, "untested", *parts), groups, rng)
        positive = probability(self.law, "tested_positive", *parts)[:, tested]
        if self.imperfect:
            sensitivity, specificity = (values[chosen] for values in test_of(draws))
            positive = sensitivity * positive + (1 - specificity) * (1 - positive)
        found = rates_by_group(data.outcome[tested] == 1, positive, groups[tested], rng)
        names = ("decision rate by decile of risk", "positive rate of the tested by decile of risk")
        return tuple(
            _prediction(name, rates) for name, rates in zip(names, (decided, found), strict=True)
        )

    def views(self, draws: xr.Dataset, data: Decisions) -> Mapping[str, Callable[[], View]]:
        """Pictures of decisions: `allocation_curve`."""
        return views(self, draws, data)

    def unused_fields(self, data: Decisions) -> dict[str, str]:
        """Return the fields that cannot change the answer, each with the reason."""
        found = {} if self.expertise else {"expertise_sd": "there is no `expertise`."}
        return found | {"negative_controls": "the answer does not use them; `fit.check()` does."}

    def relaxations(self, data: Decisions) -> tuple[Relaxation, ...]:
        """The model without each piece of outside knowledge in turn: any prevalence as likely as another; testing free on a feature.

        Negative controls are knowledge that the model itself does without.
        """
        lifted = []
        if isinstance(self.prevalence, Known):
            lifted.append(
                Relaxation(
                    name="prevalence",
                    model=replace(self, prevalence=Known.beta(1, 1)),
                    estimand="prevalence",
                    known=self.prevalence,
                )
            )
        if isinstance(self.prevalence, KnownByGroup):
            anything = KnownByGroup(
                self.prevalence.feature, dict.fromkeys(self.prevalence.values, Known.beta(1, 1))
            )
            known_values = known_prevalence(self, data)
            model = replace(self, prevalence=anything)
            lifted.append(
                Relaxation(
                    name="prevalence",
                    model=model,
                    estimand="prevalence_by_group",
                    known=known_values,
                    labels=tuple(known_values),
                )
            )
        for feature in self.expertise:
            rest = tuple(other for other in self.expertise if other != feature)
            labels = tuple(data.features[column] for column in data.columns_of(feature))
            model, known = replace(self, expertise=rest), Known(0.0, sd=self.expertise_sd)
            lifted.append(
                Relaxation(
                    name=f"expertise on {feature}",
                    model=model,
                    estimand="testing_policy",
                    known=known,
                    labels=labels,
                )
            )
        for feature in self.negative_controls:
            labels = tuple(data.features[column] for column in data.columns_of(feature))
            lifted.append(
                Relaxation(
                    name=f"negative control {feature}",
                    model=self,
                    estimand="risk_coefficient",
                    known=Known(0.0),
                    labels=labels,
                )
            )
        return tuple(lifted)


def _prediction(name: str, rates: Mapping[str, np.ndarray]) -> Prediction:
    labels = tuple(str(label + 1) for label in rates["groups"])
    return Prediction(
        name=name,
        groups=labels,
        observed=rates["observed"],
        size=rates["size"],
        replicated=rates["replicated"],
    )
