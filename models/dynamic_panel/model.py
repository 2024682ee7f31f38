"""The effect of a treatment on an outcome that depends on its own past: `DynamicPanel`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import xarray as xr

from causalstats.core.argument_validation import (
    Count,
    ListOf,
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
from causalstats.core.observed_units import ObservedUnits
from causalstats.core.prediction import Prediction
from causalstats.core.simulation import Simulation
from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.dynamic_panel import density, posterior, pymc_model, simulation
from causalstats.models.dynamic_panel.assumptions import assumptions
from causalstats.models.dynamic_panel.baselines import baselines
from causalstats.models.dynamic_panel.causal_graph import causal_graph
from causalstats.models.dynamic_panel.data_checks import data_checks
from causalstats.models.dynamic_panel.design import design_of
from causalstats.models.dynamic_panel.estimands import estimands
from causalstats.models.dynamic_panel.observed_units import observed_units
from causalstats.models.dynamic_panel.predictions import predictions
from causalstats.models.shared.missing_rows import rows_left_out

if TYPE_CHECKING:
    import networkx as nx
    import pymc as pm


@names_fields
@dataclass(frozen=True, kw_only=True)
class DynamicPanel:
    """Effect of treatments on an outcome that depends on its own past, with unit effects.

    y_it = ρ y_i,t-1 + D_it'θ + x_it'β + λ_t + α_i + e_it,     Var(e_it) = σ_t²
    α_i  = φ y_i0 + Σ_s (D_is, x_is)'κ_s + u_i,                Var(u_i) = σ_u²

    The within transformation and first differences are biased where a lagged outcome is a regressor
    (Nickell 1981). Here the likelihood is that of the outcomes given the first one and the
    treatments of all periods, so that the unit effect may depend on both in any linear way
    (Mundlak, Chamberlain): there is no such bias however few the periods, and no assumption of how
    the process started. Given σ_t and σ_u all coefficients are integrated out, from cross-products
    of the periods; only the standard deviations are sampled.

    Parameters
    ----------
    lags : int, default 1
        How many past outcomes act on the present one; as many first outcomes are the initial
        condition.
    variances : {"by_period", "constant"}, default "by_period"
        Whether errors have a variance of their own in each period. With few periods, persistence is
        biased where variances change over time and the model takes them as constant.
    projection : {"chamberlain", "mundlak"}, default "chamberlain"
        Whether the unit effect depends on treatments and covariates of every period, each with a
        coefficient of its own, or on their means: fewer columns for many periods.
    time_effects : bool, default True
        Whether there are time effects, without a prior.
    errors : {"cluster", "iid"}, default "cluster"
        "cluster": cluster-robust, by unit or by `Panel.from_frame(cluster=)`: draws are stretched
        to the covariance of the sandwich. "iid": normal errors, of the same variance in all units.
    persistence_mean, persistence_sd : float, default 0.5 and 0.5
        Normal prior of the coefficient of the first lag, which takes in independence and a random
        walk; those of further lags have mean 0.
    effect_sd : float, default 5.0
        Standard deviation of the normal prior of θ, in units of `scale`.
    coefficient_sd : float, default 5.0
        That of coefficients of covariates, and of what the unit effect depends on.
    error_scale, unit_scale : float, default 1.0
        Scales of the half-normal priors of σ_t and σ_u, in those of the outcome.
    scale : list of float, optional
        Units of the priors, for each treatment and then the outcome; their standard deviations
        unless given.

    Raises
    ------
    ModelError
        When a field is of another type or range.

    See Also
    --------
    causalstats.PanelDML : Outcomes that do not depend on their own past.

    Notes
    -----
    Maximum of the same likelihood, with constant variances, is the conditional generalised least
    squares of Blundell & Bond (1998), and the transformed likelihood of Hsiao, Pesaran &
    Tahmiscioglu (2002) in other coordinates; with variances by period it is the robust likelihood
    of Alvarez & Arellano (2022). It uses no moments of levels but those of the model, where system
    GMM assumes a stationary start.

    In simulations of 200 units and 3 to 6 times (200 panels each, constant variances), 95 %
    intervals cover .92 to .95 for the effect and .94 to .96 for persistence, with skewed errors and
    variances that differ between units too; but .86 for persistence where there are no unit effects
    at all, which the prior of σ_u does not favour. With persistence .8 the root mean square error
    of the effect is .037, against .053 of fixed effects and .079 of difference GMM. With variances
    by period, the default, intervals cover .93 to .97 for the effect; those of persistence cover
    .88 where variances differ between units, .93 where they grow, and .87 without unit effects. A
    caution, that these data hardly tell unit effects from persistence, stands on .45, .57 and .99
    of these answers; .075, .03 and .005 are wrong without a word (`benchmarks/coverage`). Of 30
    random walks without unit effects 7 were covered; in 26 the answer said that the data cannot
    tell.

    Where treatment and outcome are in proportion to the sizes of units, and the logarithms of these
    have a standard deviation of 1 (1.5), intervals for the effect cover .85 (.81): few units say
    most. A caution stands on .79 (.99) of the answers.

    Feedback, a treatment that errors of earlier outcomes move, is not in the likelihood: it would
    take a model of how treatments arise (Moral-Benito 2013). A check shows it, and system GMM in
    `fit.compare()` allows for it: in panels with strong feedback and an effect of 1 its mean is
    1.02, that of the Arellano-Bond estimator with exogenous treatments 1.22.

    Interactive effects (common factors with a loading for each unit) are not modelled: with few
    periods their number cannot be told from serial correlation.

    References
    ----------
    Alvarez & Arellano (2022), Robust likelihood estimation of dynamic panel data models, Journal of
    Econometrics 226. Hsiao, Pesaran & Tahmiscioglu (2002), Maximum likelihood estimation of fixed
    effects dynamic panel data models covering short time periods, Journal of Econometrics 109.
    Moral-Benito (2013), Likelihood-based estimation of dynamic panels with predetermined
    regressors, Journal of Business & Economic Statistics 31. Arellano & Bond (1991), Some tests of
    specification for panel data, Review of Economic Studies 58.

    Examples
    --------
    >>> import causalstats as cs
    >>> model = cs.DynamicPanel()
    >>> panel = model.simulate(1, units=300, times=6).data  # persistence .5, effect 1
    >>> fit = cs.fit(model, panel, seed=1, progress=False)
    >>> [fit.effect(name).summary()["mean"].round(1).item() for name in ("effect", "persistence")]
    [1.0, 0.5]
    """

    lags: Count = 1
    variances: Literal["by_period", "constant"] = "by_period"
    projection: Literal["chamberlain", "mundlak"] = "chamberlain"
    time_effects: bool = True
    errors: Literal["cluster", "iid"] = "cluster"
    persistence_mean: Annotated[float, Number()] = 0.5
    persistence_sd: Positive = 0.5
    effect_sd: Positive = 5.0
    coefficient_sd: Positive = 5.0
    error_scale: Positive = 1.0
    unit_scale: Positive = 1.0
    scale: Annotated[Sequence[float], ListOf(Number(above=0), least=2)] | None = None

    headline = "effect"
    data_class = Panel
    simulation_defaults: ClassVar[Mapping[str, int]] = {"units": 60, "times": 5}

    def __post_init__(self) -> None:
        check_fields(self, ModelError)

    def inputs(self, data: Panel) -> dict[str, np.ndarray]:
        """Return the cross-products and prior precisions that the graph takes, by name.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.DynamicPanel().simulate(1, units=30, times=4).data
        >>> cs.DynamicPanel().inputs(panel)["gram_0"].shape
        (3, 3, 10, 10)
        """
        self._refuse_crossed(data)
        return pymc_model.inputs(self, data)

    def build(self, data: Panel) -> pm.Model:
        """Return the PyMC graph on these data, with coefficients integrated out.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.DynamicPanel().simulate(1, units=30, times=4).data
        >>> [variable.name for variable in cs.DynamicPanel().build(panel).free_RVs]
        ['standard_error_sd', 'standard_unit_sd']
        """
        self._refuse_crossed(data)
        return pymc_model.build(self, data)

    def importance_draws(self, data: Panel) -> Callable | None:
        """Return a function that draws the standard deviations by importance sampling.

        Examples
        --------
        >>> import numpy as np, causalstats as cs
        >>> panel = cs.DynamicPanel().simulate(1, units=30, times=4).data
        >>> draw = cs.DynamicPanel().importance_draws(panel)
        >>> draws, log_density, pareto_k, ess = draw(2, 50, np.random.default_rng(1))
        >>> draws["standard_unit_sd"].shape
        (2, 50)
        """
        self._refuse_crossed(data)
        return density.importance_draws(self, data)

    def recover_marginals(
        self, draws: xr.Dataset, data: Panel, rng: np.random.Generator
    ) -> xr.Dataset:
        """Return the draws with those of persistence and effects, which the graph integrates out.

        Parameters
        ----------
        draws : Dataset
        data : Panel
        rng : Generator
        """
        return posterior.recover_coefficients(self, draws, data, rng)

    def working_draws(self, draws: xr.Dataset, data: Panel) -> xr.Dataset:
        """Return the draws of persistence and effects under the likelihood alone.

        Parameters
        ----------
        draws : Dataset
            The posterior, with cluster-robust spread.
        data : Panel
        """
        return posterior.working_draws(self, draws, data)

    def observed_units(
        self, draws: xr.Dataset, data: Panel, rng: np.random.Generator
    ) -> ObservedUnits:
        """Return the last outcome of each unit, with its likelihood and replications.

        Parameters
        ----------
        draws : Dataset
        data : Panel
        rng : Generator
        """
        return observed_units(self, draws, data, rng)

    def log_likelihood(self, draws: xr.Dataset, data: Panel) -> xr.DataArray:
        """Return the log likelihood (chain, draw), coefficients integrated out."""
        values = density.log_likelihood(density.scales_of(draws), design_of(self, data))
        shape = (draws.sizes["chain"], draws.sizes["draw"])
        return xr.DataArray(values.reshape(shape), dims=("chain", "draw"))

    def assumptions(self) -> tuple[Assumption, ...]:
        """Return the assumptions of the answers.

        Examples
        --------
        >>> import causalstats as cs
        >>> [assumption.name for assumption in cs.DynamicPanel().assumptions()][2]
        'errors without serial correlation'
        """
        return assumptions(self)

    def estimands(self) -> Mapping[str, Estimand]:
        """Return the answers by name.

        Examples
        --------
        >>> import causalstats as cs
        >>> list(cs.DynamicPanel().estimands())
        ['effect', 'effect_by_horizon', 'long_run_effect', 'persistence']
        """
        return estimands(self)

    def parameters(self, data: Panel) -> tuple[str, ...]:
        """Return the names in the posterior whose sampling is checked.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.DynamicPanel().simulate(1, units=30, times=4).data
        >>> cs.DynamicPanel().parameters(panel)
        ('effect', 'persistence', 'error_sd', 'unit_effect_sd')
        """
        return ("effect", "persistence", "error_sd", "unit_effect_sd")

    def priors(self, data: Panel) -> dict[str, Any]:
        """Return the prior standard deviations of `parameters`, in the units of these data.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.DynamicPanel().simulate(1, units=30, times=4).data
        >>> cs.DynamicPanel().priors(panel)["persistence"]
        array([0.5])
        """
        design = design_of(self, data)
        of_errors, of_units = density.priors_of(self)
        count = density.error_count(self, design)
        return {
            "effect": self.effect_sd * design.unit / design.treatment_units,
            "persistence": np.full(self.lags, self.persistence_sd),
            "error_sd": np.full(count, design.unit * of_errors.sd),
            "unit_effect_sd": design.unit * of_units.sd,
        }

    def with_proper_prior(self) -> DynamicPanel:
        """Return the model with `scale` fixed at 1 for treatment and outcome, unless it is given.

        Examples
        --------
        >>> import causalstats as cs
        >>> cs.DynamicPanel().with_proper_prior().scale
        (1.0, 1.0)
        """
        return self if self.scale is not None else replace(self, scale=(1.0, 1.0))

    @checked(ModelError)
    def simulate(
        self,
        seed: Seed,
        units: Count = 200,
        times: Count = 6,
        persistence: Annotated[float, Number(above=-1, below=1)] = 0.5,
        design: Literal["stationary", "prior"] = "stationary",
    ) -> Simulation:
        """Return a panel with known persistence and effect.

        Parameters
        ----------
        seed : int
        units, times : int
            The first `lags` times are the initial condition.
        persistence : float
            In the stationary design.
        design : {"stationary", "prior"}
            "stationary": an effect of 1, unit effects on treatment and outcome, a process that has
            run for long. "prior": every parameter from this model's prior, in units of `scale`.

        Raises
        ------
        ModelError
            When there are fewer times than the lags and one, or `design="prior"` and the model has
            no `scale` of one treatment.

        Examples
        --------
        >>> import causalstats as cs
        >>> simulation = cs.DynamicPanel().simulate(1, units=30, times=4, persistence=0.3)
        >>> len(simulation.data), simulation.truth["persistence"].item()
        (120, 0.3)
        """
        if design == "prior":
            return simulation.simulate_prior(self, seed, units, times)
        return simulation.simulate_plain(self, seed, units, times, persistence)

    def causal_graph(self, data: Panel) -> nx.DiGraph[str]:
        """Return the graph in which the past outcome and the unit act on the present one.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.DynamicPanel().simulate(1, units=30, times=4).data
        >>> sorted(cs.DynamicPanel().causal_graph(panel).successors("unit"))
        ['outcome', 'past', 'treatment']
        """
        return causal_graph(self, data)

    def baselines(self, data: Panel) -> Mapping[str, Callable[..., Any]]:
        """Return least squares, fixed effects, difference and system GMM, by name.

        Difference GMM (Arellano & Bond) takes treatments and covariates as strictly exogenous, as
        the model does. System GMM (Blundell & Bond) allows for feedback, treatments that earlier
        outcomes move, where changes of outcome and treatments are not correlated with unit effects.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.DynamicPanel().simulate(1, units=30, times=4).data
        >>> list(cs.DynamicPanel().baselines(panel))[2]
        'difference GMM (Arellano-Bond)'
        """
        return baselines(self, data)

    def predictions(
        self, draws: xr.Dataset, data: Panel, rng: np.random.Generator
    ) -> tuple[Prediction, ...]:
        """Return the posterior predictive check of the correlation of residuals by lag.

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
        >>> panel = cs.DynamicPanel().simulate(1, units=60, times=4).data
        >>> [check.name for check in cs.DynamicPanel().data_checks(panel)][:2]
        ['rows in consecutive periods', 'clusters for these columns']
        """
        return (*rows_left_out(data), *data_checks(self, data))

    def unused_fields(self, data: Panel) -> dict[str, str]:
        """Return no fields: each changes the answer, given these data.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.DynamicPanel().simulate(1, units=30, times=4).data
        >>> cs.DynamicPanel().unused_fields(panel)
        {}
        """
        return {}

    def relaxations(self, data: Panel) -> tuple[Relaxation, ...]:
        """Return no relaxations: there is no outside knowledge."""
        return ()

    def _refuse_crossed(self, data: Panel) -> None:
        if data.crossed_effects or data.second_cluster is not None:
            raise ModelError(
                "A dynamic panel has effects of units and times, and clusters of whole units; the "
                f"panel has fixed_effects={list(data.crossed_effects)} and "
                f"cluster={data.arguments['cluster']!r}. Name further groups as covariates, and "
                "one column of clusters that holds whole units."
            )
