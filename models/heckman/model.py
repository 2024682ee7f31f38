"""Heckman's sample selection model (type II Tobit): a numeric outcome of selected cases only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import xarray as xr

from causalstats.core.abilities import Baseline
from causalstats.core.argument_validation import (
    Count,
    Finite,
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
from causalstats.core.knowledge import Known, KnownByGroup, KnownNumber
from causalstats.core.model_card import model_card
from causalstats.core.observed_units import ObservedUnits
from causalstats.core.prediction import Prediction
from causalstats.core.simulation import Simulation
from causalstats.data import Decisions
from causalstats.errors import ModelError
from causalstats.models.heckman import pymc_model
from causalstats.models.heckman.assumptions import assumptions
from causalstats.models.heckman.causal_graph import causal_graph
from causalstats.models.heckman.data_checks import data_checks
from causalstats.models.heckman.estimands import estimands
from causalstats.models.heckman.observed_units import (
    observed_units,
    pointwise_log_likelihood,
)
from causalstats.models.heckman.posterior_checks import posterior_checks
from causalstats.models.heckman.predictions import group_predictions, predictions
from causalstats.models.heckman.priors import included, outcome_units, prior_sds
from causalstats.models.heckman.relaxations import relaxations
from causalstats.models.heckman.replication import with_replication
from causalstats.models.heckman.shape_priors import errors_of, unused_shape_fields
from causalstats.models.heckman.simulation import simulate
from causalstats.models.heckman.validation import refuse_senseless
from causalstats.models.shared.groups_asked import about_known_groups
from causalstats.numerics.selection.copulas import CopulaName
from causalstats.numerics.selection.error_shapes import ErrorsName
from causalstats.numerics.selection.heckman_baselines import seen_only, two_step

if TYPE_CHECKING:
    import networkx as nx
    import pymc as pm

KnownMean = Annotated[Known | float, KnownNumber(Number())]
KnownCorrelation = Annotated[Known | float, KnownNumber(Number(above=-1, below=1))]


@names_fields
@dataclass(frozen=True, kw_only=True)
class Heckman:
    """A continuous outcome seen only where the decision was 1 (sample selection).

    Y_i = β_0 + x_i'β + u_i                    seen only where T_i = 1
    T_i = 1[γ_0 + x_i'γ + v_i > 0]
    (u_i, v_i) ~ Normal(0, [[σ², κσ], [κσ, 1]])
    β_0, β ~ Normal(0, 3), σ ~ half-Normal(3), both in units of the outcome's scale
    γ_0, γ ~ Normal(0, 3), κ ~ Uniform

    It is the model of `SelectiveLabels` with Y = r and a Normal unobservable:
    P(T=1 | Y) = Φ(αY + Δ_0 + x'Δ), where α = κ / (σ √(1-κ²)) and Δ = γ / √(1-κ²) - αβ. Outside
    knowledge of a feature is an exclusion restriction (its β is 0) or expertise (its Δ is 0, so
    that γ = βκ/σ).

    Parameters
    ----------
    mean : Known, float, KnownByGroup or None
        E[Y] in the population the rows stand for, or in `data.with_reference(...)`; of everybody,
        or of each level of a categorical feature, whose coefficients then follow from it.
    excluded : sequence of str
        Features that affect the decision and not the outcome: exclusion restrictions.
    excluded_from_decision : sequence of str
        Features that affect the outcome and not the decision: they are left out of the selection
        equation, their γ is 0. This makes the estimate of the selection equation more precise, but
        unlike `excluded` it does not identify the correlation.
    expertise : sequence of str
        Expertise constraint: features that affect the decision only through the outcome (Δ = 0).
    expertise_sd : float
        How nearly: with τ > 0 their Δ ~ Normal(0, τ²).
    selection : "any" or "positive"
        Whether those decided for may have the lower outcomes at the same features (κ on (-1, 1)),
        or not (κ on (0, 1), as in the paper).
    errors : {"normal", "student", "skewed"}, default "normal"
        Distribution of u. "student": (u, v) are jointly Student t, with heavy tails that are
        learned; ν - 2 ~ Gamma(2, `degrees_of_freedom_prior_scale`) (Marchenko & Genton 2012).
        "skewed": a sinh-arcsinh distribution, whose skewness and weight of tails are learned (Jones
        & Pewsey 2009). σ is the standard deviation of u for each. With these, and with another
        copula, there is no `expertise`, whose equation holds for Normal errors alone.
    copula : {"elliptical", "plackett", "gumbel", "survival_gumbel"}, default "elliptical"
        Dependence of u and v. "elliptical": that of jointly Normal (or Student t) errors.
        "plackett": one odds ratio of being seen and of an outcome above any value, and independent
        tails. "gumbel": the highest outcomes go with being seen, or not seen where κ < 0, more than
        others do; "survival_gumbel": the lowest. Both have an edge at κ = 0: where `Laplace` has a
        Pareto k above 0.7, use `Nuts`. κ is the correlation of the elliptical copula with the same
        Blomqvist β. Student errors have their own dependence, the elliptical.
    correlation : Known, float or None
        κ: inferred (None), or known: exactly, as a grid of values for `fit.sensitivity` takes it,
        or with a Beta distribution on (-1, 1). 0 means that decisions depend on the features alone.
    outcome_scale : (location, scale) or None
        Location and scale of the outcome, for the priors; the mean and standard deviation of the
        observed outcomes unless given.
    outcome_prior_scale : float
        Prior standard deviation of β_0 and β, in units of `outcome_scale`; 3, as in the paper: a
        standard deviation of a feature that moves the outcome by 3 of its own is beyond most.
    outcome_sd_prior_scale : float
        Scale of the half-Normal prior of σ, in units of `outcome_scale`; 3, as in the paper.
    selection_prior_scale : float
        Prior standard deviation of γ_0 and γ, in probits; 3, as in the paper: vague, but finite
        under complete separation.
    degrees_of_freedom_prior_scale : float
        Scale of the Gamma prior of ν - 2; 10 has a mean of 20 and puts a tenth below ν = 7 (Juárez
        & Steel 2010).
    skewness_prior_scale : float
        Prior standard deviation of the sinh-arcsinh ε; 0.5 lets the mean lie up to half a standard
        deviation from the median.
    tail_weight_prior_scale : float
        Prior standard deviation of log w, the weight of tails; with 0.5 a kurtosis of 10 is not
        rare.

    Raises
    ------
    ModelError
        If a feature is listed in two of `excluded`, `excluded_from_decision` and `expertise`,
        or `expertise` or a `copula` does not go with `errors`.

    Notes
    -----
    There are no robust or clustered standard errors. A sandwich variance repairs the interval of an
    estimate that stays consistent where variances differ or errors are dependent; this one does
    not, because the correction for selection is computed from their distribution (Arabmazar &
    Schmidt 1981 for a Tobit). Where variances differ, the check `equal variances` says so: model
    the logarithm, or set `errors="student"`. Where people come in clusters (families, sites), add
    the cluster as a feature if it has many people, or keep one person of each, or refit on
    resampled clusters: the standard deviation of the posterior means over some 50 resamples is the
    clustered standard error.

    References
    ----------
    Marchenko & Genton (2012), A Heckman selection-t model, Journal of the American Statistical
    Association 107(497).
    Jones & Pewsey (2009), Sinh-arcsinh distributions, Biometrika 96(4).
    Smith (2003), Modelling sample selection using Archimedean copulas, Econometrics Journal 6(1).
    Juárez & Steel (2010), Model-based clustering of non-Gaussian panel data based on skew-t
    distributions, Journal of Business & Economic Statistics 28(1).
    Arabmazar & Schmidt (1981), Further evidence on the robustness of the Tobit estimator to
    heteroskedasticity, Journal of Econometrics 17(2).
    Heckman (1979), Sample selection bias as a specification error, Econometrica 47(1).
    Balachandar, Garg & Pierson (2024), Domain constraints improve risk prediction when outcome data
    is missing, ICLR, proposition 3.1.

    Examples
    --------
    The wage of those who do not work, where small children keep from work and change no wage:

    >>> import causalstats as cs
    >>> model = cs.Heckman(excluded=["children"])
    >>> print(model.assumptions()[2].statement)
    The decision depends on children, and the outcome does not.
    """

    mean: KnownMean | KnownByGroup | None = None
    excluded: Sequence[Name] = ()
    excluded_from_decision: Sequence[Name] = ()
    expertise: Sequence[Name] = ()
    expertise_sd: NotNegative = 0.0
    selection: Literal["any", "positive"] = "any"
    errors: ErrorsName = "normal"
    copula: CopulaName = "elliptical"
    correlation: KnownCorrelation | None = None
    outcome_scale: tuple[Finite, Positive] | None = None
    outcome_prior_scale: Positive = 3.0
    outcome_sd_prior_scale: Positive = 3.0
    selection_prior_scale: Positive = 3.0
    degrees_of_freedom_prior_scale: Positive = 10.0
    skewness_prior_scale: Positive = 0.5
    tail_weight_prior_scale: Positive = 0.5

    headline = "unseen_mean"
    data_class = Decisions
    simulation_defaults: ClassVar[Mapping[str, int]] = {"people": 500}

    def __post_init__(self) -> None:
        check_fields(self, ModelError)
        refuse_senseless(self)

    def _repr_html_(self) -> str:
        return model_card(self)

    def inputs(self, data: Decisions) -> dict[str, np.ndarray]:
        """Return every number of data and outside knowledge that the graph takes, by name.

        Examples
        --------
        >>> model = Heckman(outcome_scale=(0.0, 2.0))
        >>> data = model.simulate(seed=1, people=200, features=2).data
        >>> model.inputs(data)["outcome_units"]
        array([0., 2.])
        """
        return pymc_model.inputs(self, data)

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
        >>> for assumption in Heckman(excluded=["distance"]).assumptions():
        ...     print(assumption.name)
        joint normality
        linear outcome
        exclusion
        independent people
        measured without error
        """
        return assumptions(self)

    def estimands(self) -> Mapping[str, Estimand]:
        """Return the estimands by name.

        Examples
        --------
        >>> list(Heckman().estimands())[:5]
        ['outcome', 'unseen_outcome', 'seen_outcome', 'mean', 'unseen_mean']
        """
        names = tuple(assumption.name for assumption in self.assumptions())
        return {
            name: replace(estimand, assumptions=names)
            for name, estimand in estimands(self).items()
        }

    def parameters(self, data: Decisions) -> tuple[str, ...]:
        """Return names in the posterior whose prior and posterior, and sampling, are checked.

        Examples
        --------
        >>> model = Heckman(mean=1.0)
        >>> data = model.simulate(seed=1, people=200, features=2).data
        >>> model.parameters(data)[-1]
        'correlation'
        """
        names = [
            "outcome_coefficient",
            "outcome_sd",
            "selection_intercept",
            "selection_coefficient",
        ]
        if not isinstance(self.correlation, Known) or not self.correlation.exact:
            names.append("correlation")
        if self.mean is None:
            names.append("outcome_intercept")
        elif isinstance(self.mean, Known | KnownByGroup) and not self.mean.exact:
            names.append("population_mean")
        return (*names, *errors_of(self).shape.parameters)

    def priors(self, data: Decisions) -> Mapping[str, float | np.ndarray]:
        """Return prior standard deviations of `parameters()`, NaN where one is fixed.

        Examples
        --------
        >>> model = Heckman(outcome_scale=(0.0, 2.0), excluded=["x1"])
        >>> data = model.simulate(seed=1, people=200, features=2).data
        >>> model.priors(data)["outcome_coefficient"]
        array([nan,  6.])
        """
        sds = prior_sds(self, data)
        return {name: sds[name] for name in self.parameters(data)}

    def with_proper_prior(self) -> Heckman:
        """Return the model with `outcome_scale` fixed at (0, 1), unless it is given.

        Examples
        --------
        >>> import causalstats as cs
        >>> cs.Heckman().with_proper_prior().outcome_scale
        (0.0, 1.0)
        """
        return (
            self
            if self.outcome_scale is not None
            else replace(self, outcome_scale=(0.0, 1.0))
        )

    @checked(ModelError)
    def simulate(
        self,
        seed: Seed,
        people: Count = 5000,
        features: Count = 4,
        design: Literal["paper", "prior"] = "paper",
    ) -> Simulation:
        """Return data with a known truth; features x1, x2, ... ~ Normal(0, 1).

        Parameters
        ----------
        seed : int
        people, features : int
        design : "paper" or "prior"
            The synthetic design of the paper: β ~ Normal(0, 1) with intercept Normal(-2, 0.1);
            σ ~ Normal(2, 0.1), covariance κσ ~ Normal(1, 0.1); γ ~ Normal(0, 1) on the first
            feature, Δ = 0 on the others, γ_0 ~ Normal(2, 0.1). Or "prior", a draw from this model's
            own, which needs an `outcome_scale`.

        Raises
        ------
        ModelError
            If design is "prior" and the model has no `outcome_scale`.

        Examples
        --------
        >>> simulation = Heckman().simulate(seed=1, people=500, features=2)
        >>> simulation.data.features, len(simulation.data)
        (('x1', 'x2'), 500)
        """
        if design == "prior" and self.outcome_scale is None:
            raise ModelError(
                "The prior is in units of the outcome: expected `outcome_scale=(location, scale)` "
                "to draw from it."
            )
        return simulate(self, seed, people, features, design)

    def with_prior_of(self, data: Decisions) -> Heckman:
        """Return the model with what its prior reads from data fixed at what it reads here."""
        return replace(self, outcome_scale=outcome_units(self, data))

    def with_replication(
        self, draws: xr.Dataset, data: Decisions, rng: np.random.Generator
    ) -> Simulation:
        """Return the study with a second one behind it, drawn at one draw of the parameters."""
        return with_replication(errors_of(self), draws, data, rng)

    def log_likelihood(self, draws: xr.Dataset, data: Decisions) -> xr.DataArray:
        """Return Σ_i log p(T_i, Y_i where seen) of every draw, (chain, draw)."""
        values = pointwise_log_likelihood(errors_of(self), draws, data)
        shaped = values.sum(axis=-1).reshape(draws.sizes["chain"], -1)
        return xr.DataArray(shaped, dims=("chain", "draw"))

    def observed_units(
        self, draws: xr.Dataset, data: Decisions, rng: np.random.Generator
    ) -> ObservedUnits:
        """Return the outcome of each person, where seen, with its likelihood and replications.

        Parameters
        ----------
        draws : Dataset
            The posterior.
        data : Decisions
        rng : Generator
        """
        return observed_units(errors_of(self), draws, data, rng)

    def declared_priors(self, data: Decisions) -> tuple[str, ...]:
        """Return the names of priors that are knowledge: of means, and of the correlation.

        Examples
        --------
        >>> model = Heckman(mean=Known(1.0, sd=0.1))
        >>> data = model.simulate(seed=1, people=200, features=2).data
        >>> model.declared_priors(data)
        ('standard_mean',)
        """
        mean = isinstance(self.mean, Known | KnownByGroup) and not self.mean.exact
        correlation = isinstance(self.correlation, Known) and not self.correlation.exact
        known = {"standard_mean": mean, "correlation_share": correlation}
        return tuple(name for name, declared in known.items() if declared)

    def hierarchical_priors(self, data: Decisions) -> tuple[str, ...]:
        """Return no priors: the scale of none is learned.

        Examples
        --------
        >>> model = Heckman()
        >>> data = model.simulate(seed=1, people=200, features=2).data
        >>> model.hierarchical_priors(data)
        ()
        """
        return ()

    def causal_graph(self, data: Decisions) -> nx.DiGraph[str]:
        """Return the causal graph: outcome and decision share unobserved causes.

        Examples
        --------
        >>> model = Heckman(excluded=["x1"])
        >>> data = model.simulate(seed=1, people=200, features=2).data
        >>> sorted(model.causal_graph(data).successors("excluded"))
        ['decision']
        """
        return causal_graph(self, data)

    def baselines(self, data: Decisions) -> Mapping[str, Baseline]:
        """Return least squares on those seen, and Heckman's two steps, by name.

        Each is a function of a Generator that returns draws of the mean of the unseen.

        Examples
        --------
        >>> model = Heckman(excluded=["x1"])
        >>> data = model.simulate(seed=1, people=200, features=2).data
        >>> list(model.baselines(data))
        ['seen only', 'Heckman two-step']
        """
        arrays = (
            data.matrix,
            included(self, data),
            data.decision,
            data.outcome,
            data.weights,
        )
        deciding = np.flatnonzero(~data.feature_mask(self.excluded_from_decision))
        return {
            "seen only": partial(seen_only, *arrays),
            "Heckman two-step": partial(two_step, *arrays, deciding=deciding),
        }

    def predictions(
        self, draws: xr.Dataset, data: Decisions, rng: np.random.Generator
    ) -> tuple[Prediction, ...]:
        """Return replications of decisions and outcomes, for posterior predictive checks.

        Parameters
        ----------
        draws : Dataset
            The posterior.
        data : Decisions
        rng : Generator
        """
        found = predictions(errors_of(self), draws, data, rng)
        known = self.mean
        if not isinstance(known, KnownByGroup):
            return found
        of_groups = group_predictions(errors_of(self), draws, data, known.feature, rng)
        return (*found, *about_known_groups(of_groups, "mean"))

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
        known = self.mean
        if (
            isinstance(known, KnownByGroup)
            and isinstance(by, str)
            and by == known.feature
        ):
            return ()  # `predictions` has these
        return group_predictions(errors_of(self), draws, data, by, rng)

    def data_checks(self, data: Decisions) -> tuple[Check, ...]:
        """Return checks of the errors' normality, and of what identifies the answer."""
        return data_checks(self, data)

    def posterior_checks(
        self, draws: xr.Dataset, data: Decisions, rng: np.random.Generator
    ) -> tuple[Check, ...]:
        """Return score tests of terms that the decision and the outcome leave out.

        Parameters
        ----------
        draws : Dataset
            The posterior.
        data : Decisions
        rng : Generator
        """
        return posterior_checks(errors_of(self), draws, data, rng)

    def unused_fields(self, data: Decisions) -> dict[str, str]:
        """Return the fields that cannot change the answer, each with the reason.

        Examples
        --------
        >>> model = Heckman()
        >>> data = model.simulate(seed=1, people=200, features=2).data
        >>> model.unused_fields(data)["expertise_sd"]
        'there is no `expertise`.'
        """
        unused = unused_shape_fields(self)
        if not self.expertise:
            unused["expertise_sd"] = "there is no `expertise`."
        return unused

    def relaxations(self, data: Decisions) -> tuple[Relaxation, ...]:
        """Return the model without each piece of outside knowledge in turn.

        Examples
        --------
        >>> model = Heckman(mean=1.0, excluded=["x1"])
        >>> data = model.simulate(seed=1, people=200, features=2).data
        >>> [relaxation.name for relaxation in model.relaxations(data)]
        ['mean', 'exclusion of x1']
        """
        return relaxations(self, data)
