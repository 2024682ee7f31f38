"""Panel double machine learning with Mundlak's correlated random effects: `PanelDML`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import xarray as xr

from causalstats.core.abilities import Baseline, DrawByImportance
from causalstats.core.argument_validation import (
    Count,
    Formula,
    ListOf,
    Name,
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
from causalstats.core.model_card import model_card
from causalstats.core.observed_units import ObservedUnits
from causalstats.core.prediction import Prediction
from causalstats.core.simulation import Simulation
from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.panel_dml import simulation
from causalstats.models.panel_dml.assumptions import assumptions
from causalstats.models.panel_dml.bases import BASES, BasisFamily, BasisName
from causalstats.models.panel_dml.coefficients import (
    COEFFICIENTS,
    CoefficientPrior,
    CoefficientsName,
)
from causalstats.models.panel_dml.data_checks import data_checks
from causalstats.models.panel_dml.effects import (
    EFFECTS,
    MODERATED,
    EffectForm,
    EffectsName,
)
from causalstats.models.panel_dml.error_models import ERRORS, ErrorModel, ErrorsName
from causalstats.models.panel_dml.estimands import estimands
from causalstats.models.panel_dml.heterogeneity import (
    HETEROGENEITY,
    HeterogeneityName,
    UnitHeterogeneity,
)
from causalstats.models.panel_dml.heterogeneity.mundlak import statistics_between
from causalstats.models.panel_dml.observed_units import (
    observed_units,
    with_working_effect,
)
from causalstats.models.panel_dml.partialling_out import predictions
from causalstats.models.panel_dml.priors import prior_sds
from causalstats.models.panel_dml.pymc_model import build
from causalstats.models.panel_dml.robust_errors import (
    refuse_few_clusters,
    refuse_few_placebos,
)
from causalstats.models.panel_dml.shrinkage import SHRINKAGE, Shrinkage, ShrinkageName
from causalstats.models.panel_dml.sufficient_statistics import (
    SufficientStatistics,
    log_likelihood,
    statistics_within,
)
from causalstats.models.shared.cached_by_data import cached_by_data
from causalstats.models.shared.missing_rows import rows_left_out

if TYPE_CHECKING:
    import networkx as nx
    import pymc as pm

_NAMED_COVARIATES = 6  # in the causal graph; more are "..."
_COLUMNS_BESIDE_LEARNED = 4  # of a covariate: a line and the smoothest curves


@names_fields
@dataclass(frozen=True, kw_only=True)
class PanelDML:
    """Effect of treatments in a panel, with unit effects and smooth functions of covariates.

    Outcome and treatments depend on the covariates smoothly and additively, each in its own way,
    and on the unit::

        D_it = m(X_it) + c_i + v_it
        Y_it = l(X_it) + a_i + θ'(D_it - m(X_it) - c_i) + e_it
        l = φ(X)'δ, m = φ(X)'γ, (γ_k, δ_k) ~ Normal(0, κ_k diag(τ) C diag(τ)), independent over k

    φ are basis functions of the covariates: splines of every number, a column a level of text, and
    interactions where they are named. κ makes functions smooth, τ is learned, and so is C, the
    correlation of a column's coefficients in the two equations: with C = 1 the part of a confounder
    that is shrunk away in both equations would be taken for an effect. Columns are computed before
    unit means are taken out, so that with the within transformation the unit effects a and c are
    unrestricted.

    δ and γ are integrated out, from the cross-products of the columns alone; θ, τ, C and the
    standard deviations of v and e are sampled. Priors are in units of the standard deviations of
    outcome and treatments, about what units and times explain.

    Parameters
    ----------
    heterogeneity : {"within", "mundlak", "random", "pooled"}, default "within"
        "within": the within transformation (fixed effects); unit effects are unrestricted.
        "mundlak": correlated random effects, the same effect, and the one between units beside it.
        "random": random effects, unrelated to treatment and covariates. "pooled": no unit effects.
        The default assumes least; the last two are for comparison, or a cross-section.
    basis : {"splines", "hsgp", "fourier"}, default "splines"
        "splines": of each number, the cheapest. "hsgp": a Hilbert-space Gaussian process of each,
        with a length-scale that is learned. "fourier": one function of all covariates together, by
        random Fourier features.
    basis_size : int, default 12
        The most columns of a covariate that is a number; 1 is a straight line. With random Fourier
        features it is their number for each covariate. Rougher columns are shrunk more, so that
        a larger size costs time rather than precision. With `nuisance="boosting"` no more than four
        of each are taken: what they miss is learned.
    shrinkage : {"global", "global-local"}, default "global"
        One τ an equation, or a τ for each covariate, so that covariates without effect are shrunk
        to 0 and large effects hardly. The default samples in seconds.
    coefficients : {"correlated", "independent"}, default "correlated"
        "independent": C is the identity, for comparison: biased with many small coefficients or few
        rows (DiTraglia & Liu 2025).
    interactions : {"none", "pairs"} or pairs of covariates, default "none"
        Products of columns. "none" keeps the columns few; a check says where products are missing.
    nuisance : {"basis", "boosting"}, default "basis"
        "boosting": beside the basis, functions of all covariates that are learned: products and
        steps that are significant, and boosted regression trees (gradient boosting by
        scikit-learn). A unit's are learned from other units (cross-fitting, five folds of
        clusters), and they are columns without a prior in both equations. For products and steps
        that nobody can name, with hundreds of units; a fit takes seconds longer. Among 30
        covariates of which two matter, 12 splines of each drew an effect of .5 by -.015 (250 units
        at 10 times), four by -.003.
    moderators : str, optional
        A formula of covariates that the effect depends on, such as "size + C(region)": θ'(1, w) in
        place of θ. The answer is the mean over rows, of groups with `fit.effect("effect", by=...)`,
        of other rows with `at=`.
    effects : {"common", "unit"}, default "common"
        "unit": random slopes, one effect a unit, drawn from a normal distribution.
    time_effects : bool, default False
        Whether there are time effects, without a prior (two-way fixed effects). Further crossed
        fixed effects are those of `Panel.from_frame(fixed_effects=)`.
    unit_trends : bool, default False
        Whether each unit has a linear trend of its own, without a prior: `i[t]` of fixest.
    errors : {"cluster", "iid", "bootstrap", "ar1", "placebo"}, default "cluster"
        "cluster": cluster-robust standard errors, by unit or by `Panel.from_frame(cluster=)`: CR2
        with Bell-McCaffrey degrees of freedom, moderated by a prior, so that they hold with few
        clusters, or few with a treatment; two-way clustering with two columns. "placebo": errors
        of the few clusters that are treated are drawn from those of the others (Conley & Taber
        2011, randomisation inference). "iid": independent, normal, of one variance, which hardly
        any panel has. "bootstrap": Bayesian bootstrap of clusters. "ar1": serial correlation ρ
        within units, sampled.
    effect_sd : float, default 5.0
        Standard deviation of the normal prior of θ: wide, since a standardised slope of 5 would be
        a treatment that moves the outcome by five of its standard deviations.
    error_scale : float, default 1.0
        Scale of the half-normal prior of the standard deviations of v and e, which cannot be far
        above that of the variables themselves.
    coefficient_scale : float, default 2.0
        Scale of the half-normal prior of τ: covariates may explain up to some four times the
        standard deviation within units.
    correlation_eta : float, default 2.0
        η of the LKJ prior of C: 1 is uniform over correlation matrices, 2 keeps off the edges,
        where nothing identifies θ.
    length_scale_median, length_scale_log_sd : float, default 1.0 and 0.6
        Log-normal prior of length-scales, in standard deviations of the covariate: 95 % of it lies
        between a third of one and three. Only `basis="hsgp"` has length-scales.
    variance_prior_degrees : float, default 3.0
        Degrees of freedom of the prior of the cluster-robust variance, about one common
        autocovariance of all units; a third of it where clusters hold three units or more. Chosen
        by coverage (`benchmarks/panel_errors.py`, `few_clusters.py`).
    scale : list of float, optional
        Units of the priors, for each treatment and then the outcome; their standard deviations
        unless given.

    Raises
    ------
    ModelError
        When a field is of another type or range, or fields exclude each other.

    See Also
    --------
    causalstats.Panel.from_frame : Units seen at several times, from a data frame.
    causalstats.panel_dml_estimators : Fixed effects and machine-learned estimators beside it.

    Notes
    -----
    In simulations the default interval covers .92 to .98, and .98 to .99 where one, two or five of
    50 units are treated; but .84 and .88 where one or two treated units have errors twice as large
    as the others, which no data show and the answer says; and .54 where units share shocks that
    `cluster=` does not name, which a check says. With `errors="placebo"` the interval of one, two
    or five treated units of 50 covers .94 to .96 at two thirds of that length, and .64 where their
    errors are twice as large, which a check can show (`benchmarks/few_clusters.json`).

    Standard errors as Bayesian statements: "cluster" is a prior and a likelihood of the variance
    of the effect (scaled inverse χ², Student's t), "placebo" and "bootstrap" are posteriors under
    a Dirichlet process, "ar1" and "iid" are likelihoods. Two-way clustering has no likelihood: its
    variance is a difference, which no distribution of the errors has; crossed random effects would
    be one, and `fixed_effects=` takes the shocks out without a prior.

    "Double machine learning" here is the partially linear model that it is used for, with the
    reduced form of both equations and a learned correlation of their coefficients, which keeps
    shrinkage from confounding (DiTraglia & Liu 2025). By default there is no sample splitting and
    no learner other than the basis: products and steps of covariates have to be named, and a check
    says where they are missing. With `nuisance="boosting"` learners are cross-fitted, and their
    predictions of treatments and outcome are partialled out of both, which is the score of Robinson
    (1988) that is orthogonal (Chernozhukov et al. 2018), with coefficients of the predictions
    estimated rather than 1. It is a posterior given the learned functions: that they are estimates
    is not in the interval, but a check learns them again from half of the units, and fails where
    that moves the effect. Unit effects are the within transformation's, of the outcome and of what
    the trees add to it, so that nothing is assumed of them, where correlated random effects (CRE)
    or first differences of Clarke & Polselli need a model of them or more noise. Cross-fitted
    learners in their scores are `causalstats.panel_dml_estimators`.

    A lagged outcome is no covariate: the within transformation is biased by a term of order 1/T
    (Nickell 1981), which a check says; it is for `cs.DynamicPanel`. Interactive fixed effects
    (common factors with a loading for each unit) are not modelled: their number is not known, with
    few periods it cannot be told from serial correlation, and the within estimator that guesses it
    has bias of order 1/T (Moon & Weidner 2015). `fixed_effects` and `unit_trends` stand for factors
    that are known.

    The wild cluster bootstrap has no Bayesian form: it draws signs of clusters' residuals under a
    null hypothesis, 2^(G-1) of them, and with 6 clusters its p-values are multiples of 1/32. The
    prior of the cluster-robust variance does its work: 6 clusters cover .94.

    Effects add to the outcome, in its own units. An outcome of 0 and 1 has a linear probability
    model: the effect is a difference of probabilities. A count has a difference of counts, and
    Poisson regression with unit effects beside it in `fit.compare()`. A check fails where changes
    depend on the unit's level, as those of rates and odds do.

    References
    ----------
    Fuhr & Papies (2024), Double machine learning meets panel data, arXiv 2409.01266.
    Clarke & Polselli (2026), Double machine learning for static panel models with fixed effects,
    Econometrics Journal 29. Chernozhukov et al. (2018), Double/debiased machine learning for
    treatment and structural parameters, Econometrics Journal 21.
    DiTraglia & Liu (2025), Bayesian double machine learning for causal inference, arXiv
    2508.12688: why a prior of the treatment's equation belongs to the model.
    Mundlak (1978), On the pooling of time series and cross section data, Econometrica 46:69-85.

    Examples
    --------
    >>> import causalstats as cs
    >>> panel = cs.PanelDML().simulate(2, units=100, times=6).data  # the true effect is 1
    >>> fit = cs.fit(cs.PanelDML(basis_size=6), panel, seed=1, progress=False)
    >>> fit.effect("effect").summary().round(1)["mean"].tolist()
    [1.0]
    >>> cs.PanelDML(errors="clustered")
    Traceback (most recent call last):
        ...
    causalstats.errors.ModelError: Expected `errors` as 'cluster', 'iid', 'bootstrap', ...
    """

    heterogeneity: HeterogeneityName = "within"
    basis: BasisName = "splines"
    basis_size: Count = 12
    shrinkage: ShrinkageName = "global"
    coefficients: CoefficientsName = "correlated"
    interactions: Literal["none", "pairs"] | Sequence[tuple[Name, Name]] = "none"
    nuisance: Literal["basis", "boosting"] = "basis"
    moderators: Formula | None = None
    effects: EffectsName = "common"
    time_effects: bool = False
    unit_trends: bool = False
    errors: ErrorsName = "cluster"
    effect_sd: Positive = 5.0
    error_scale: Positive = 1.0
    coefficient_scale: Positive = 2.0
    correlation_eta: Positive = 2.0
    length_scale_median: Positive = 1.0
    length_scale_log_sd: Positive = 0.6
    variance_prior_degrees: Positive = 3.0
    scale: Annotated[Sequence[float], ListOf(Number(above=0), least=1)] | None = None

    headline = "effect"
    data_class = Panel
    simulation_defaults: ClassVar[Mapping[str, int]] = {"units": 50, "times": 5}

    def __post_init__(self) -> None:
        check_fields(self, ModelError)
        if not isinstance(self.interactions, str):
            for one, other in self.interactions:
                if one == other:
                    raise ModelError(
                        "Expected `interactions` as pairs of two different covariates, got "
                        f"{(one, other)}."
                    )
        if self.unit_trends and not self._allows_trends:
            raise ModelError(
                "unit_trends=True goes with heterogeneity='within', effects='common' and other "
                f"errors than 'ar1'; got heterogeneity={self.heterogeneity!r}, "
                f"effects={self.effects!r} and errors={self.errors!r}."
            )
        if self.nuisance == "boosting" and self.heterogeneity in ("mundlak", "random"):
            raise ModelError(
                "nuisance='boosting' goes with heterogeneity='within' or 'pooled': functions are "
                f"learned from changes within units, or from rows; got {self.heterogeneity!r}."
            )
        self.basis_family.refuse(self)
        self.effect_form.refuse(self)

    @property
    def unit_heterogeneity(self) -> UnitHeterogeneity:
        """The treatment of unit effects."""
        return HETEROGENEITY[self.heterogeneity]

    @property
    def basis_family(self) -> BasisFamily:
        """The basis functions of the nuisance functions."""
        return BASES[self.basis]

    @property
    def columns_each(self) -> int:
        """The most columns of a covariate: fewer where functions are learned beside them."""
        if self.nuisance == "boosting" and not self.basis_family.joint:
            return min(self.basis_size, _COLUMNS_BESIDE_LEARNED)
        return self.basis_size

    @property
    def shrinkage_prior(self) -> Shrinkage:
        """The shrinkage prior of the coefficients: global, or global-local."""
        return SHRINKAGE[self.shrinkage]

    @property
    def coefficient_prior(self) -> CoefficientPrior:
        """The prior correlation of a column's coefficients over equations."""
        return COEFFICIENTS[self.coefficients]

    @property
    def effect_form(self) -> EffectForm:
        """Whether effects are constant, differ by moderators, or by unit."""
        moderated = self.moderators is not None and self.effects == "common"
        return MODERATED if moderated else EFFECTS[self.effects]

    @property
    def error_model(self) -> ErrorModel:
        """The model of the errors, and the standard error that follows from it."""
        return ERRORS[self.errors]

    @property
    def within_units(self) -> bool:
        """Whether the effect is estimated from changes within units alone."""
        return self.unit_heterogeneity.within

    @property
    def _allows_trends(self) -> bool:
        plain = self.heterogeneity == "within" and self.effects == "common"
        return plain and not self.error_model.correlations_are_sampled

    def absorbs_time(self, data: Panel) -> bool:
        """Return whether periods have effects: of this model, or of the panel's formula.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.PanelDML().simulate(1, units=30, times=4).data
        >>> cs.PanelDML(time_effects=True).absorbs_time(panel)
        True
        """
        return self.time_effects or data.absorbs_time

    @property
    def needs_cross_products(self) -> bool:
        """Whether the likelihood is of cross-products, rather than of independent pieces.

        It has independent pieces with one τ an equation and independent errors.
        """
        variants = (self.basis_family, self.shrinkage_prior, self.error_model)
        return any(variant.needs_cross_products for variant in variants)

    def nuts_options(self, data: Panel) -> dict[str, Any]:
        """Return the options of `Nuts` that suit the graph.

        A step costs some microseconds by independent pieces, and much more by cross-products,
        which JAX compiles sooner than Numba.
        """
        options: dict[str, Any] = {
            "backend": "jax" if self.needs_cross_products else "numba"
        }
        if self.basis_family.funnel or self.shrinkage_prior.funnel:
            options["target_accept"] = 0.95
        elif self.coefficient_prior.correlated:
            options["target_accept"] = 0.9
        return options

    def importance_draws(self, data: Panel) -> DrawByImportance | None:
        """Return a function that draws from the posterior by importance sampling, if few suffice.

        It takes chains, draws and a generator, and gives draws, log densities, the Pareto k of
        the weights, and their effective sample size.

        Examples
        --------
        >>> import numpy as np, causalstats as cs
        >>> model = cs.PanelDML(basis_size=4)
        >>> panel = model.simulate(1, units=30, times=4).data
        >>> draw = model.importance_draws(panel)
        >>> draws, log_density, pareto_k, ess = draw(2, 50, np.random.default_rng(1))
        >>> draws["effect"].shape, log_density.shape
        ((2, 50, 1), (2, 50))
        """
        from causalstats.models.panel_dml.importance_sampling import importance_draws

        return importance_draws(self, data)

    def statistics(self, data: Panel) -> SufficientStatistics:
        """Return the cross-products of the columns, transformed as in this model.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PanelDML(basis_size=4)
        >>> panel = model.simulate(1, units=30, times=4).data
        >>> model.statistics(panel).gram.shape, model.statistics(panel).rows  # 120 rows, 30 units
        ((1, 6, 6), 90)
        """
        return self.statistics_by_prefix(data)[""]

    def statistics_by_prefix(self, data: Panel) -> Mapping[str, SufficientStatistics]:
        """Return the same, and with the prefix "between_" that of unit means in Mundlak's model."""
        return _statistics_by_prefix(self, data)

    def _repr_html_(self) -> str:
        return model_card(self)

    def inputs(self, data: Panel) -> dict[str, np.ndarray]:
        """Return every number that the graph takes, by name.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PanelDML(basis_size=4)
        >>> panel = model.simulate(1, units=30, times=4).data
        >>> sorted(model.inputs(panel))
        ['eigenvalues', 'pieces', 'units', 'weights']
        """
        return {
            name: value
            for prefix, statistics in self.statistics_by_prefix(data).items()
            for name, value in statistics.inputs(prefix).items()
        }

    def build(self, data: Panel) -> pm.Model:
        """Return the PyMC graph on these data.

        Its likelihood is a `pm.Potential` of the cross-products of all rows, with the coefficients
        integrated out: it has no observed variable that PyMC could replicate, and no row has a
        likelihood in it. `fit.idata()` has both, given coefficients that are drawn.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PanelDML(basis_size=4)
        >>> panel = model.simulate(1, units=30, times=4).data
        >>> [variable.name for variable in model.build(panel).free_RVs][:2]
        ['standard_effect', 'standard_error_sd']
        """
        return build(self, data)

    def recover_marginals(
        self, draws: xr.Dataset, data: Panel, rng: np.random.Generator
    ) -> xr.Dataset:
        """Return the draws with the spread of θ under these errors, and units' effects.

        Parameters
        ----------
        draws : Dataset
            The posterior under independent errors and one effect.
        data : Panel
        rng : Generator
        """
        return self.effect_form.recover_draws(self, draws, data, rng)

    def assumptions(self) -> tuple[Assumption, ...]:
        """Return the assumptions of the answer.

        Examples
        --------
        >>> import causalstats as cs
        >>> [assumption.name for assumption in cs.PanelDML(errors="ar1").assumptions()][-2:]
        ['constant effect', 'AR(1) errors']
        """
        return assumptions(self)

    def estimands(self) -> Mapping[str, Estimand]:
        """Return the estimands by name.

        Examples
        --------
        >>> import causalstats as cs
        >>> answers = cs.PanelDML(heterogeneity="mundlak").estimands()
        >>> answers["effect"].kind, answers["between_effect"].kind
        ('causal', 'associational')
        """
        return estimands(self)

    def parameters(self, data: Panel) -> tuple[str, ...]:
        """Return the names in the posterior whose sampling is checked.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PanelDML(basis_size=4)
        >>> panel = model.simulate(1, units=30, times=4).data
        >>> model.parameters(panel)
        ('effect', 'error_sd', 'coefficient_sd', 'coefficient_correlation')
        """
        names = ["effect", "error_sd", "coefficient_sd"]
        if self.coefficient_prior.correlated:
            names.append("coefficient_correlation")
        between = (
            [f"between_{name}" for name in names]
            if self.unit_heterogeneity.between
            else []
        )
        return (*names, *self.error_model.checked_parameters, *between)

    def priors(self, data: Panel) -> Mapping[str, float | np.ndarray]:
        """Return the prior standard deviations of `parameters`, in the units of these data.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PanelDML(basis_size=4)
        >>> panel = model.simulate(1, units=30, times=4).data
        >>> {name: sd.round(1).tolist() for name, sd in model.priors(panel).items()}
        {'effect': [9.4], 'error_sd': [1.7, 3.2], 'coefficient_sd': [3.4, 6.5]}
        """
        return prior_sds(self, data)

    def with_proper_prior(self) -> PanelDML:
        """Return the model with `scale` fixed at 1 for treatment and outcome, unless it is given.

        Examples
        --------
        >>> import causalstats as cs
        >>> cs.PanelDML().with_proper_prior().scale
        (1.0, 1.0)
        """
        return self if self.scale is not None else replace(self, scale=(1.0, 1.0))

    @checked(ModelError)
    def simulate(
        self,
        seed: Seed,
        units: Count = 500,
        times: Count = 10,
        covariates: Count = 1,
        structure: Literal["A", "B", "C"] = "C",
        shape: Literal["linear", "u-shaped", "product"] = "u-shaped",
        design: Literal["paper", "prior"] = "paper",
    ) -> Simulation:
        """Return a panel with a known effect.

        Parameters
        ----------
        seed : int
        units, times, covariates : int
        structure : {"A", "B", "C"}
            Unit effects on nothing; on treatment and outcome; on the covariates too.
        shape : {"linear", "u-shaped", "product"}
            How covariates act on treatment and outcome, in the design of the paper.
        design : {"paper", "prior"}
            "paper": equations 7 to 12 of Fuhr & Papies, with an effect of 1; γ and δ are drawn
            once and shared by all equations. "prior": from this model's prior, in units of
            `scale`.

        Raises
        ------
        ModelError
            When `design="prior"` and the model has no `scale`, or effects that differ.

        Examples
        --------
        >>> import causalstats as cs
        >>> simulation = cs.PanelDML().simulate(1, units=30, times=4, structure="B")
        >>> len(simulation.data), simulation.truth["effect"].item()
        (120, 1.0)
        """
        if design == "prior":
            return simulation.simulate_prior(
                self, seed, units, times, covariates, structure
            )
        paper = simulation.PaperDesign(structure, shape)
        return simulation.simulate_paper(seed, units, times, covariates, paper)

    def log_likelihood(self, draws: xr.Dataset, data: Panel) -> xr.DataArray:
        """Return the log likelihood (chain, draw) in standard units, without coefficients."""
        return log_likelihood(self, draws, data)

    def observed_units(
        self, draws: xr.Dataset, data: Panel, rng: np.random.Generator
    ) -> ObservedUnits:
        """Return the change of each unit's outcome, with its likelihood and replications.

        Parameters
        ----------
        draws : Dataset
            Under the likelihood alone, `working_draws`.
        data : Panel
        rng : Generator

        Raises
        ------
        ModelError
            If errors are AR(1), or units have effects of their own.
        """
        return observed_units(self, draws, data, rng)

    def working_draws(self, draws: xr.Dataset, data: Panel) -> xr.Dataset:
        """Return the draws with the effect under independent errors, as the likelihood has it.

        Parameters
        ----------
        draws : Dataset
            The posterior, with cluster-robust or bootstrap spread of the effect.
        data : Panel
        """
        return with_working_effect(self, draws, data)

    def causal_graph(self, data: Panel) -> nx.DiGraph[str]:
        """Return the graph in which units and covariates act on treatment and outcome.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PanelDML(basis_size=4)
        >>> panel = model.simulate(1, units=30, times=4).data
        >>> sorted(model.causal_graph(panel).successors("unit"))
        ['covariates', 'd', 'y']
        """
        import networkx as nx

        graph = nx.DiGraph()
        label = data.wording.label
        treatment = ", ".join(map(label, data.treatments))
        outcome = label(data.arguments["outcome"])
        graph.add_node(treatment, role="observed")
        graph.add_node(outcome, role="observed")
        unit = label(data.arguments["unit"]).removeprefix("the ")
        lasting = f"lasting features of each {unit}"
        graph.add_node("unit", label=lasting, role="hidden")
        graph.add_edge(treatment, outcome)
        confounders = ["unit"]
        if data.covariates:
            names = ", ".join(map(label, data.covariates[:_NAMED_COVARIATES]))
            more = ", ..." if len(data.covariates) > _NAMED_COVARIATES else ""
            graph.add_node("covariates", label=names + more, role="observed")
            graph.add_edge("unit", "covariates")
            confounders.append("covariates")
        if self.absorbs_time(data):
            graph.add_node("time", label=label(data.arguments["time"]), role="observed")
            confounders.append("time")
        for confounder in confounders:
            graph.add_edges_from([(confounder, treatment), (confounder, outcome)])
        return graph

    def baselines(self, data: Panel) -> Mapping[str, Baseline]:
        """Return the usual least-squares estimators of panels, by name.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PanelDML(basis_size=4)
        >>> panel = model.simulate(1, units=30, times=4).data
        >>> list(model.baselines(panel))[:4]
        ['simple OLS', 'pooled OLS', 'pooled basis', 'fixed effects']
        """
        from causalstats.models.panel_dml.baselines import baselines

        return baselines(self, data)

    def predictions(
        self, draws: xr.Dataset, data: Panel, rng: np.random.Generator
    ) -> tuple[Prediction, ...]:
        """Return posterior predictive checks of the errors: serial correlation, tails, means.

        Parameters
        ----------
        draws : Dataset
        data : Panel
        rng : Generator
        """
        return predictions(self, draws, data, rng)

    def data_checks(self, data: Panel) -> tuple[Check, ...]:
        """Return the checks that need no draws.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.PanelDML().simulate(1, units=30, times=4).data
        >>> [check.name for check in cs.PanelDML(basis_size=4).data_checks(panel)][:2]
        ['treatment changes', 'rows for these columns']
        """
        return (*rows_left_out(data), *data_checks(self, data))

    def unused_fields(self, data: Panel) -> dict[str, str]:
        """Return the fields that cannot change the answer, each with the reason.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PanelDML(basis_size=4)
        >>> panel = model.simulate(1, units=30, times=4).data
        >>> model.unused_fields(panel)["length_scale_median"]
        "basis='splines' does not use it."
        """
        options = (
            ("basis", BASES, self.basis_family),
            ("coefficients", COEFFICIENTS, self.coefficient_prior),
            ("errors", ERRORS, self.error_model),
        )
        unused: dict[str, str] = {}
        for option, table, chosen in options:
            others = _fields_of_variants(table) - set(chosen.fields)
            reason = f"{option}={getattr(self, option)!r} does not use it."
            unused |= dict.fromkeys(sorted(others), reason)
        if not data.covariates:
            of_covariates = (
                "basis",
                "basis_size",
                "shrinkage",
                "coefficients",
                "interactions",
                "coefficient_scale",
                *sorted(_fields_of_variants(BASES)),
                *sorted(_fields_of_variants(COEFFICIENTS)),
            )
            unused |= dict.fromkeys(of_covariates, "these data have no covariates.")
        return unused

    def relaxations(self, data: Panel) -> tuple[Relaxation, ...]:
        """Return no relaxations: there is no outside knowledge."""
        return ()


def _fields_of_variants(table: Mapping[Any, Any]) -> set[str]:
    """Return the fields of `PanelDML` that only some variants of an option use."""
    return {name for variant in table.values() for name in variant.fields}


@cached_by_data
def _statistics_by_prefix(
    model: PanelDML, data: Panel
) -> Mapping[str, SufficientStatistics]:
    model.effect_form.refuse_data(data)
    by_prefix = {"": statistics_within(model, data)}
    refuse_few_clusters(model, data)
    refuse_few_placebos(model, data)
    if model.unit_heterogeneity.between:
        by_prefix["between_"] = statistics_between(model, data)
    return by_prefix
