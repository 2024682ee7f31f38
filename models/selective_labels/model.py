"""Selective labels: the risk of everybody, where the outcome is seen only for those tested."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import xarray as xr

from causalstats.core.abilities import Baseline
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
from causalstats.core.field_names import names_fields
from causalstats.core.knowledge import Known, KnownByGroup, KnownNumber, Penalty
from causalstats.core.model_card import model_card
from causalstats.core.observed_units import ObservedUnits
from causalstats.core.prediction import Prediction
from causalstats.core.score_question import ScoreQuestion
from causalstats.core.simulation import Simulation
from causalstats.core.views import View
from causalstats.data import Decisions
from causalstats.errors import ModelError
from causalstats.models.selective_labels import imperfect_test, pymc_model
from causalstats.models.selective_labels.assumptions import assumptions
from causalstats.models.selective_labels.causal_graph import causal_graph
from causalstats.models.selective_labels.data_checks import (
    data_checks,
    prevalence_moved,
)
from causalstats.models.selective_labels.deciders import DECIDERS, EFFECTS, DecidersName
from causalstats.models.selective_labels.directions import DIRECTIONS, DirectionName
from causalstats.models.selective_labels.estimands import (
    estimands,
    pointwise_log_likelihood,
)
from causalstats.models.selective_labels.group_cautions import (
    coefficient_cautions,
    group_cautions,
)
from causalstats.models.selective_labels.next_tests import next_tests
from causalstats.models.selective_labels.observed_units import observed_units
from causalstats.models.selective_labels.posterior_checks import posterior_checks
from causalstats.models.selective_labels.predictions import (
    group_predictions,
    predictions,
)
from causalstats.models.selective_labels.prevalences import PARAMETER, prevalence_of
from causalstats.models.selective_labels.prior_scales import prior_sds
from causalstats.models.selective_labels.priors import (
    COEFFICIENT_PRIORS,
    CoefficientPriorName,
)
from causalstats.models.selective_labels.relaxations import relaxations
from causalstats.models.selective_labels.replication import with_results
from causalstats.models.selective_labels.score_accuracy import accuracy_of_score
from causalstats.models.selective_labels.simulation import simulate
from causalstats.models.selective_labels.subsample import (
    nearly_gaussian,
    subsample_inputs,
)
from causalstats.models.selective_labels.validation import refuse_senseless
from causalstats.models.selective_labels.views import views
from causalstats.models.shared.groups_asked import about_known_groups
from causalstats.numerics.selection.links import LinkName
from causalstats.numerics.selection.selective_labels_baselines import (
    RULES,
    prevalence_alone,
    recalibrated,
    tested_only,
)
from causalstats.numerics.selection.unobservable import Unobservable
from causalstats.numerics.selection.unobservables import FamilyName

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    import pymc as pm

KnownProportion = Annotated[Known | float, KnownNumber(Number(above=0, below=1))]
Steepness = Annotated[Known | float, KnownNumber(Number(least=0), exact=True)]
TestRate = Annotated[Known | float, KnownNumber(Number(above=0, most=1))]
_CLOSED_FORM = ("uniform", "logit")
_BOUNDS_SEED = 1989
_MOST_FEATURES_TUNED_QUICKLY = 40  # their 100 parameters have a dense metric


@names_fields
@dataclass(frozen=True, kw_only=True)
class SelectiveLabels:
    """Risk when the outcome is seen only for the cases somebody chose to test.

    r_i = β_0 + x_i'β_Y + σ ζ_i          risk on the scale of the link h
    Y_i ~ Bernoulli(h(r_i))              seen only where T_i = 1
    T_i ~ Bernoulli(h(α r_i + Δ_0 + x_i'Δ))
    ζ_i ~ uniform, normal, logistic or Student t with 4 degrees of freedom, integrated out
    σ ~ half-Normal(3),  α ~ half-Normal(3) where it is not known

    ζ_i is observed by the decision-maker and not in the data: outcomes of the untested are missing
    not at random.

    With β_T = α β_Y + Δ, the coefficients of testing, and s(σ) = √(1 + c σ² Var ζ), their
    attenuation by the unobservable, β_Y / s(σ) and β_T / s(ασ) by the standard deviation of each
    feature (by one, of an indicator) have a bivariate Student t distribution with 4 degrees of
    freedom, scales τ_Y, τ_T ~ half-Normal(1) and correlation ρ, artanh ρ ~ Normal(0, 0.75): the
    data determine these attenuated coefficients, so that their number carries no information about
    σ, and how far what drives risk drives testing is learned. Where Δ is known it has that prior,
    and β_T follows. The pair of an excluded feature or a negative control is independent.

    The intercept is solved from the prevalence constraint Σ_i w_i P(Y_i=1 | x_i) = π at every step,
    where π is known, exactly or with a Beta distribution; the attenuated intercepts at the means of
    the features have Normal(0, 3) priors where nothing is known.

    Parameters
    ----------
    prevalence : Known, float, KnownByGroup, Penalty or None
        E[Y] in the population the rows stand for, or in `data.with_reference(...)`: exact, with a
        standard deviation, or not known. Known by group, for a categorical feature, it gives each
        level its intercept. A `Penalty` is the paper's own use of it. It is a mean risk: the share
        that a count among N people found has a standard deviation of √(π(1 - π) / N) around it.
    expertise : sequence of str
        The expertise constraint: features on which testing follows risk and nothing else; their Δ
        is 0.
    expertise_sd : float
        How nearly: with τ > 0 their Δ ~ Normal(0, τ²).
    excluded : sequence of str
        Features that affect the decision and not the outcome, such as a randomised offer or who is
        on duty: exclusion restrictions (instruments). Their β_Y is 0.
    excluded_from_decision : sequence of str
        Features that affect the outcome and not the decision, because who decides does not see
        them: their coefficient of testing, αβ_Y + Δ, is 0.
    unobserved_scale : Known, float or None
        σ: inferred (None) or known exactly; 0 means no unobserved common cause of both. Where there
        is none and σ is inferred, 0 is the edge of its prior: of 700 people with 20 features the
        risk of the untested comes out low by half of its standard deviation, and 95 % intervals
        covered in 48 of 57 data sets.
    response : Known, float or None
        α: how steeply testing rises with risk. Known exactly (1 by default), or inferred (None)
        where σ is known: the data cannot tell a wide ζ from a steep response.
    unobservable : "uniform", "normal", "logistic" or "student"
        The family of ζ. The uniform is the paper's, Uniform(0, σ): β_0 is then the intercept at its
        lower end.
    link : "logit" or "probit"
    decided_for : "high" or "low"
        Whose outcome is seen: that of people at high risk, as where they are tested because they
        may be ill; or of people at low risk, as where they are released or granted a loan because
        they are unlikely to fail. Testing then falls with risk: α is negative.
    coefficient_prior : "correlated", "attenuated" or "paper"
        The priors of coefficients: on the attenuated ones with a correlation that is learned, as
        above; on the same without correlation (ρ = 0), which says that many features confound
        little, and puts the untested too near the tested where many matter and outcomes are few;
        or, as in the paper, on β_Y, Δ, Δ_0 and the intercept themselves, Normal(0, 3) each, which
        with many features overrules the prior of σ.
    coefficient_prior_scale : float or None
        How large coefficients are expected to be, on the scale of the link: the scale of the
        half-Normal priors of τ_Y and τ_T, 1 log-odds (0.59 probits) unless given; with "paper", the
        standard deviation of the coefficients themselves, 3 unless given.
    coefficient_correlation_prior_scale : float
        Standard deviation of artanh ρ with "correlated"; 0.75: 95 % of ρ lie between -.9 and .9.
    unobserved_prior_scale : float
        Scale of the half-Normal prior of σ where it is inferred, in log-odds of the range of a
        uniform ζ; other families get the same prior of their standard deviation (with "paper", the
        number itself, whatever family and link). 3, as in the paper: a hidden range of 3 log-odds
        multiplies the odds by 20.
    response_prior_scale : float
        Scale of the half-Normal prior of α where it is inferred; 3, as in the paper.
    intercept_prior_scale : float
        Standard deviation of the Normal priors of the intercepts, in log-odds; 3, as in the paper:
        95 % of risks lie between .003 and .997.
    deciders : "alike", "leniency" or "response"
        Whether those who decide (a column of the data) differ: in how readily they test,
        Δ_0 + λ_j with λ_j ~ Normal(0, τ²), τ ~ half-Normal(1); or in that and in how steeply they
        respond, α_j = α exp(ω_j) with ω_j ~ Normal(0, υ²), υ ~ half-Normal(0.5).
    leniency_prior_scale : float
        Scale of the half-Normal prior of τ, in log-odds; 1: deciders who are two standard
        deviations apart differ by some 2 log-odds.
    response_ratio_prior_scale : float
        Scale of the half-Normal prior of υ; 0.5: a steep decider responds some 1.6 times as
        steeply as the middle one.
    sensitivity, specificity : Known or float
        P(R=1 | Y=1) and P(R=0 | Y=0) of the result R that is seen in place of Y, an imperfect test:
        exact, or a Beta with a standard deviation. Their sum exceeds 1.
    negative_controls : sequence of str
        Features that affect testing and are believed not to affect the outcome. The model does not
        set their β_Y to 0, as it does with `excluded`: a check compares it with 0. Their
        coefficients are independent, so that nothing but the data says what it is.

    Raises
    ------
    ModelError
        If σ and α are both to be inferred, a proportion has no Beta distribution with its standard
        deviation, or a test is no better than a coin.

    References
    ----------
    Balachandar, Garg & Pierson (2024), Domain constraints improve risk prediction when outcome data
    is missing, ICLR, eq. 1. The prevalence is a prior on π where theirs is a quadratic penalty on
    the log posterior: `Penalty.of_weight(π, λ)`, which keeps the prior of β_0.

    Examples
    --------
    >>> import causalstats as cs
    >>> model = cs.SelectiveLabels(prevalence=cs.Known(0.02, sd=0.005), expertise=["age"])
    >>> print(model.assumptions()[3].statement)
    The prevalence of the outcome in the population is 0.02 ± 0.005 (sd).
    """

    prevalence: KnownProportion | KnownByGroup | Penalty | None = None
    expertise: Sequence[Name] = ()
    expertise_sd: NotNegative = 0.0
    excluded: Sequence[Name] = ()
    excluded_from_decision: Sequence[Name] = ()
    unobserved_scale: Steepness | None = None
    response: Steepness | None = 1.0
    unobservable: FamilyName = "uniform"
    link: LinkName = "logit"
    decided_for: DirectionName = "high"
    coefficient_prior: CoefficientPriorName = "correlated"
    coefficient_prior_scale: Positive | None = None
    coefficient_correlation_prior_scale: Positive = 0.75
    unobserved_prior_scale: Positive = 3.0
    response_prior_scale: Positive = 3.0
    intercept_prior_scale: Positive = 3.0
    deciders: DecidersName = "alike"
    leniency_prior_scale: Positive = 1.0
    response_ratio_prior_scale: Positive = 0.5
    sensitivity: TestRate = 1.0
    specificity: TestRate = 1.0
    negative_controls: Sequence[Name] = ()

    headline = "untested_prevalence"
    data_class = Decisions
    simulation_defaults: ClassVar[Mapping[str, int]] = {"people": 500}

    def __post_init__(self) -> None:
        check_fields(self, ModelError)
        refuse_senseless(self)

    @property
    def law(self) -> Unobservable:
        """Family and link, and whether they have a closed form.

        Examples
        --------
        >>> SelectiveLabels(unobservable="normal").law
        Unobservable(family='normal', link='logit', closed=False)
        """
        effects = DECIDERS[self.deciders]
        closed = (
            (self.unobservable, self.link) == _CLOSED_FORM
            and self.response == Known(1.0)
            and DIRECTIONS[self.decided_for].sign > 0
            and not any(effect.changes_response for effect in effects)
        )
        return Unobservable(self.unobservable, self.link, closed)

    @property
    def imperfect(self) -> bool:
        """Whether a result may differ from the outcome.

        Examples
        --------
        >>> SelectiveLabels(sensitivity=0.9).imperfect
        True
        """
        return imperfect_test.is_imperfect(self)

    def _repr_html_(self) -> str:
        return model_card(self)

    def inputs(self, data: Decisions) -> dict[str, np.ndarray]:
        """Return every number of data and outside knowledge that the graph takes, by name.

        Examples
        --------
        >>> model = SelectiveLabels(prevalence=0.1)
        >>> data = model.simulate(seed=1, people=200, features=1).data
        >>> float(model.inputs(data)["known_prevalence"][0])
        0.1
        """
        return pymc_model.inputs(self, data)

    def nearly_gaussian(self, data: Decisions) -> bool:
        """Return whether `Laplace` is tried before `Nuts`: from 10,000 people on.

        Examples
        --------
        >>> model = SelectiveLabels()
        >>> model.nearly_gaussian(model.simulate(seed=1, people=200, features=1).data)
        False
        """
        return nearly_gaussian(self, data)

    def nuts_options(self, data: Decisions) -> dict[str, Any]:
        """Return half the usual tuning, where few parameters need no more.

        After the parametrisation a draw takes seven gradients and counts as one effective draw or
        nearly so. With 250 steps of tuning in place of 500 that is the same, and a fit takes 15 to
        33 % less time (700 to 1,000 people, 4 and 30 features).

        Examples
        --------
        >>> model = SelectiveLabels()
        >>> model.nuts_options(model.simulate(seed=1, people=200, features=1).data)
        {'tune': 250}
        """
        few = len(data.features) <= _MOST_FEATURES_TUNED_QUICKLY
        return {"tune": 250} if few and not DECIDERS[self.deciders] else {}

    def subsample_inputs(
        self, inputs: Mapping[str, np.ndarray], rng: np.random.Generator
    ) -> tuple[dict[str, np.ndarray], dict[str, float]]:
        """Return the inputs of some people, and how many each stands for, by what was seen.

        Parameters
        ----------
        inputs : mapping of str to array
            Those of everybody.
        rng : Generator
        """
        return subsample_inputs(inputs, rng)

    def headline_for(self, data: Decisions) -> str:
        """Return the risk of the untested, or of everybody where everybody was tested.

        Examples
        --------
        >>> model = SelectiveLabels()
        >>> model.headline_for(model.simulate(seed=1, people=200, features=1).data)
        'untested_prevalence'
        """
        return "prevalence" if data.decision.all() else self.headline

    def build(self, data: Decisions) -> pm.Model:
        """Return the PyMC graph on these data.

        What was seen is in observed variables, one for all people of whom the same was seen:
        `pm.sample_prior_predictive` and `pm.sample_posterior_predictive` replicate it, and
        `pm.compute_log_likelihood` gives the sum over these people. `fit.idata()` has that of each.
        """
        return pymc_model.build(self, data)

    def assumptions(self) -> tuple[Assumption, ...]:
        """Return the assumptions of the answer; those not used are not listed.

        Examples
        --------
        >>> for assumption in SelectiveLabels(prevalence=0.02).assumptions():
        ...     print(assumption.name)
        one unobservable
        response to risk
        linear logit
        prevalence
        independent people
        measured without error
        """
        return assumptions(self)

    def estimands(self) -> Mapping[str, Estimand]:
        """Return the estimands by name, without quantities that are known.

        Examples
        --------
        >>> list(SelectiveLabels().estimands())[:4]
        ['risk', 'untested_risk', 'tested_risk', 'prevalence']
        """
        given = {
            name
            for name in ("unobserved_scale", "response")
            if isinstance(getattr(self, name), Known)
        }
        if not prevalence_of(self).by_group:
            given.add("prevalence_by_group")
        given |= set(EFFECTS) - {effect.estimand for effect in DECIDERS[self.deciders]}
        names = tuple(assumption.name for assumption in self.assumptions())
        return {
            name: replace(
                estimand,
                assumptions=names,
                checks=partial(self._checks_of_answer, name),
            )
            for name, estimand in estimands(self.law, self.prevalence).items()
            if name not in given
        }

    def _checks_of_answer(
        self, name: str, draws: xr.Dataset, data: Decisions
    ) -> tuple[Check, ...]:
        """Return the checks of one answer beside those of the model."""
        return (
            *prevalence_moved(self, draws, data),
            *coefficient_cautions(self, name, data),
        )

    def accuracy(
        self, question: ScoreQuestion, data: Decisions
    ) -> tuple[str, Estimand]:
        """Return how well a test or score tells cases from others, as `Fit.accuracy` asks it."""
        return accuracy_of_score(self, question, data)

    def data_checks(self, data: Decisions) -> tuple[Check, ...]:
        """Return the checks that need data and no draws.

        Examples
        --------
        >>> model = SelectiveLabels()
        >>> data = model.simulate(seed=1, people=200, features=1).data
        >>> for check in model.data_checks(data):
        ...     print(check.name)
        identified by the shape of the unobservable alone
        rows independent of their neighbours
        """
        return data_checks(self, data)

    def posterior_checks(
        self, draws: xr.Dataset, data: Decisions, rng: np.random.Generator
    ) -> tuple[Check, ...]:
        """Return score tests of terms that testing and risk leave out.

        Parameters
        ----------
        draws : Dataset
            The posterior.
        data : Decisions
        rng : Generator
        """
        return posterior_checks(self, draws, data, rng)

    def vary(self, **changes: Any) -> SelectiveLabels:
        """Return the model with other values of some fields, for a table of sensitivity.

        Where the family or the link changes and σ is known, the standard deviation of the
        unobservable is held, on the scale of log-odds, and not σ, whose unit differs by family.

        Examples
        --------
        >>> SelectiveLabels(unobserved_scale=3.0).vary(unobservable="normal").unobserved_scale
        Known(value=0.8660254037844386, sd=0.0)
        """
        changed = replace(self, **changes)
        if "unobserved_scale" in changes or not isinstance(
            self.unobserved_scale, Known
        ):
            return changed
        sds = [
            np.sqrt(law.variance) / law.link_function.log_odds
            for law in (self.law, changed.law)
        ]
        held = self.unobserved_scale.value * float(sds[0] / sds[1])
        if held == self.unobserved_scale.value:
            return changed
        return replace(changed, unobserved_scale=Known(held))

    def parameters(self, data: Decisions) -> tuple[str, ...]:
        """Return names in the posterior whose prior and posterior, and sampling, are checked.

        Examples
        --------
        >>> model = SelectiveLabels(prevalence=0.1, coefficient_prior="paper")
        >>> data = model.simulate(seed=1, people=200, features=1).data
        >>> model.parameters(data)
        ('risk_coefficient', 'policy_intercept', 'policy_coefficient', 'unobserved_scale')
        """
        names = ["risk_coefficient", "policy_intercept", "policy_coefficient"]
        if data.decision.all():  # nothing shows the policy
            names = ["risk_coefficient"]
        inferred = [
            name
            for name in ("unobserved_scale", "response")
            if getattr(self, name) is None
        ]
        return (
            *names,
            *COEFFICIENT_PRIORS[self.coefficient_prior].parameters,
            *inferred,
            *prevalence_of(self).parameters(),
            *(effect.parameter for effect in DECIDERS[self.deciders]),
            *imperfect_test.uncertain_rates(self),
        )

    def priors(self, data: Decisions) -> Mapping[str, float | np.ndarray]:
        """Return prior standard deviations of `parameters()`, NaN where one is fixed.

        Examples
        --------
        >>> model = SelectiveLabels(prevalence=0.1, coefficient_prior="paper")
        >>> data = model.simulate(seed=1, people=200, features=1).data
        >>> model.priors(data)["risk_coefficient"]
        array([3.])
        """
        constraint = prevalence_of(self)
        sds: dict[str, Any] = prior_sds(self, data, constraint.solved_columns(data))
        sds[PARAMETER] = constraint.prior_sd(data)
        sds |= imperfect_test.rate_sds(self)
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
        """Return data with a known truth; features x1, x2, ... ~ Normal(0, 1).

        Parameters
        ----------
        seed : int
        people, features : int
        design : "paper" or "prior"
            The synthetic design of the paper (N = 5000, five coefficients with the intercept):
            β_Y ~ Normal(0, 1) with intercept Normal(-2, 0.1); Δ ~ Normal(0, 1) on the first feature
            only, 0 on the others, with intercept Normal(2, 0.1); σ ~ Normal(2, 0.1); α as it is
            known, else Normal(1, 0.1). Or "prior", a draw from this model's own.
        labels : bool
            Whether outcomes of the untested are kept, withheld from the model.

        Raises
        ------
        ModelError
            If there are fewer than 2 people, or the design is "prior" and the prevalence a
            `Penalty`.

        Examples
        --------
        >>> simulation = SelectiveLabels().simulate(seed=1, people=500, features=2)
        >>> simulation.data.features, len(simulation.data)
        (('x1', 'x2'), 500)
        >>> round(simulation.realised["untested_prevalence"], 2)
        0.11
        """
        if people < 2:
            raise ModelError(f"Expected at least 2 people, got {people}.")
        if design == "prior" and isinstance(self.prevalence, Penalty):
            raise ModelError(
                "A penalty is no distribution to draw a prevalence from; expected "
                "`Known(value, sd=...)` with design='prior'."
            )
        return simulate(self, seed, people, features, design, labels)

    @property
    def parametrising_inputs(self) -> tuple[str, ...]:
        """What is known of coefficients and deciders, by which these are centred or not."""
        return ("information", "decider_information")

    def with_prior_of(self, data: Decisions) -> SelectiveLabels:
        """Return the model itself: its prior reads nothing from outcomes."""
        return self

    def with_replication(
        self, draws: xr.Dataset, data: Decisions, rng: np.random.Generator
    ) -> Simulation:
        """Return the study with a second one behind it, drawn at one draw of the parameters."""
        units = self.observed_units(draws, data, rng)
        return with_results(draws, data, units.replicate()[0])

    def log_likelihood(self, draws: xr.Dataset, data: Decisions) -> xr.DataArray:
        """Return Σ_i log P(what was seen of person i) of every draw, (chain, draw)."""
        values = pointwise_log_likelihood(self.law, draws, data).sum(axis=-1)
        shaped = values.reshape(draws.sizes["chain"], draws.sizes["draw"])
        return xr.DataArray(shaped, dims=("chain", "draw"))

    def observed_units(
        self, draws: xr.Dataset, data: Decisions, rng: np.random.Generator
    ) -> ObservedUnits:
        """Return the result of each person, with its likelihood and replications.

        Parameters
        ----------
        draws : Dataset
            The posterior.
        data : Decisions
        rng : Generator
        """
        return observed_units(self, draws, data, rng)

    def declared_priors(self, data: Decisions) -> tuple[str, ...]:
        """Return the names of priors that are knowledge: of the prevalence, and of the test.

        Examples
        --------
        >>> model = SelectiveLabels(prevalence=Known(0.1, sd=0.02))
        >>> data = model.simulate(seed=1, people=200, features=1).data
        >>> model.declared_priors(data)
        ('population_prevalence',)
        """
        known = prevalence_of(self).declared
        return (*known, *imperfect_test.uncertain_rates(self))

    def hierarchical_priors(self, data: Decisions) -> tuple[str, ...]:
        """Return the names of coefficients, and effects of deciders, whose scale is learned.

        Examples
        --------
        >>> model = SelectiveLabels(deciders="leniency")
        >>> data = model.simulate(seed=1, people=200, features=1).data
        >>> model.hierarchical_priors(data)[-1]
        'leniency_unit'
        """
        of_deciders = [effect.unit for effect in DECIDERS[self.deciders]]
        return (*COEFFICIENT_PRIORS[self.coefficient_prior].learned, *of_deciders)

    def reported(self, draws: xr.Dataset, risk: xr.DataArray) -> xr.DataArray:
        """Return the share of positive results of the imperfect test at a mean risk."""
        return imperfect_test.reported(self, draws, risk)

    def causal_graph(self, data: Decisions) -> nx.DiGraph[str]:
        """Return the causal graph: risk, and what only the decision-maker sees, are hidden.

        Examples
        --------
        >>> model = SelectiveLabels(expertise=["x1"])
        >>> data = model.simulate(seed=1, people=200, features=1).data
        >>> sorted(model.causal_graph(data).edges)
        [('features', 'risk'), ('risk', 'decision'), ('risk', 'outcome'), ('unobservable', 'risk')]
        """
        return causal_graph(self, data)

    def baselines(self, data: Decisions) -> Mapping[str, Baseline]:
        """Return rules that need no model of the decision, by name.

        Each is a function of a Generator that returns draws of the mean risk of the untested; of
        everybody's, by Rogan & Gladen (1978), where everybody was tested. Recalibration is among
        them where the prevalence is one number.

        Examples
        --------
        >>> model = SelectiveLabels()
        >>> data = model.simulate(seed=1, people=200, features=1).data
        >>> list(model.baselines(data))
        ['tested only', 'untested = negative', 'inverse probability weighting', 'pseudo-labels']
        """
        if data.decision.all():
            return imperfect_test.baselines(self, data)
        rules = dict(RULES)
        if isinstance(self.prevalence, Known) and data.reference is None:
            rules["tested only, recalibrated"] = partial(
                recalibrated, self.prevalence.value
            )
            if not self.imperfect:
                rules["prevalence alone"] = partial(
                    prevalence_alone, self.prevalence.value, self.prevalence.sd
                )
        return {
            name: partial(rule, data.matrix, data.decision, data.outcome, data.weights)
            for name, rule in rules.items()
        }

    def worst_case_bounds(self, data: Decisions) -> dict[str, tuple[float, float]]:
        """Return bounds of the risk of the untested without a model of the unobservable.

        Without any assumption an outcome that was not seen may be anything (Manski 1989). With the
        direction of decisions alone, the untested have at most the risk of the tested with the
        same features, or at least that where people are decided for because their risk is low
        (monotone treatment selection, Manski & Pepper 2000); that end is the 97.5 % limit of a
        logistic regression on the tested.

        Examples
        --------
        >>> model = SelectiveLabels()
        >>> data = model.simulate(seed=1, people=200, features=1).data
        >>> model.worst_case_bounds(data)["no assumption (Manski bounds)"]
        (0.0, 1.0)
        """
        if data.decision.all():
            return {}
        bounds = {"no assumption (Manski bounds)": (0.0, 1.0)}
        if self.imperfect:
            return bounds
        rng = np.random.default_rng(_BOUNDS_SEED)
        draws, _ = tested_only(
            data.matrix, data.decision, data.outcome, data.weights, rng
        )
        lower, upper = np.quantile(draws, [0.025, 0.975])
        bounds["direction alone (monotone selection)"] = (
            (0.0, float(upper)) if self.decided_for == "high" else (float(lower), 1.0)
        )
        return bounds

    def next_tests(
        self, draws: xr.Dataset, data: Decisions, budget: int
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return what tests of further people are expected to find, and to say.

        Parameters
        ----------
        draws : Dataset
            The posterior.
        data : Decisions
        budget : int
            How many people are tested.
        """
        return next_tests(self, draws, data, budget)

    def predictions(
        self, draws: xr.Dataset, data: Decisions, rng: np.random.Generator
    ) -> tuple[Prediction, ...]:
        """Return replications of decisions and results, for posterior predictive checks.

        Parameters
        ----------
        draws : Dataset
            The posterior.
        data : Decisions
        rng : Generator
        """
        found = predictions(self, draws, data, rng)
        known = self.prevalence
        if not isinstance(known, KnownByGroup):
            return found
        of_groups = group_predictions(self, draws, data, known.feature, rng)
        return (*found, *about_known_groups(of_groups, "prevalence"))

    def group_predictions(
        self, draws: xr.Dataset, data: Decisions, by: Any, rng: np.random.Generator
    ) -> tuple[Prediction, ...]:
        """Return replications by the groups that an answer is asked for.

        Parameters
        ----------
        draws : Dataset
            The posterior.
        data : Decisions
        by : str or labels
        rng : Generator
        """
        known = self.prevalence
        if (
            isinstance(known, KnownByGroup)
            and isinstance(by, str)
            and by == known.feature
        ):
            return ()  # `predictions` has these
        return group_predictions(self, draws, data, by, rng)

    def group_cautions(self, data: Decisions, by: Any) -> tuple[Check, ...]:
        """Return what an answer by groups rests on that these data cannot show.

        Parameters
        ----------
        data : Decisions
        by : str or labels
        """
        return group_cautions(self, data, by)

    def views(
        self, draws: xr.Dataset, data: Decisions
    ) -> Mapping[str, Callable[[], View]]:
        """Return pictures of decisions: `allocation_curve`."""
        return views(self, draws, data)

    def unused_fields(self, data: Decisions) -> dict[str, str]:
        """Return the fields that cannot change the answer, each with the reason.

        Examples
        --------
        >>> model = SelectiveLabels(unobserved_scale=2.0, deciders="response")
        >>> data = model.simulate(seed=1, people=200, features=1).data
        >>> model.unused_fields(data)["unobserved_prior_scale"]
        '`unobserved_scale` is known.'
        """
        reasons = {}
        if self.coefficient_prior != "correlated":
            reasons["negative_controls"] = (
                "the answer does not use them; `fit.check()` does."
            )
            reasons["coefficient_correlation_prior_scale"] = (
                f"the coefficient prior is {self.coefficient_prior!r}."
            )
        if not self.expertise:
            reasons["expertise_sd"] = "there is no `expertise`."
        if isinstance(self.unobserved_scale, Known):
            reasons["unobserved_prior_scale"] = "`unobserved_scale` is known."
        if isinstance(self.response, Known):
            reasons["response_prior_scale"] = "`response` is known."
        used = {name for effect in DECIDERS[self.deciders] for name in effect.fields}
        for effect in EFFECTS.values():
            unused = set(effect.fields) - used
            reasons |= dict.fromkeys(unused, f"deciders are {self.deciders!r}.")
        return reasons

    def relaxations(self, data: Decisions) -> tuple[Relaxation, ...]:
        """Return the model without each piece of outside knowledge in turn.

        Examples
        --------
        >>> model = SelectiveLabels(prevalence=0.1, expertise=["x1"])
        >>> data = model.simulate(seed=1, people=200, features=1).data
        >>> [relaxation.name for relaxation in model.relaxations(data)]
        ['prevalence', 'expertise on x1']
        """
        return relaxations(self, data)
