"""Event studies: difference-in-differences with staggered adoption, pooled by event time.

The effects of event-study leads and lags are those of cohorts at event times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
import xarray as xr

from causalstats.core.abilities import Baseline, DrawByImportance
from causalstats.core.argument_validation import (
    Count,
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
from causalstats.core.observed_units import ObservedUnits
from causalstats.core.prediction import Prediction
from causalstats.core.simulation import Simulation
from causalstats.core.views import View
from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.event_study import density, group_time_effects, simulation
from causalstats.models.event_study.adoption import Adoption, Cells, adoption
from causalstats.models.event_study.assumptions import assumptions
from causalstats.models.event_study.baselines import baselines
from causalstats.models.event_study.cross_products import CrossProducts, cross_products
from causalstats.models.event_study.data_checks import data_checks
from causalstats.models.event_study.estimands import estimands
from causalstats.models.event_study.event_study_regression import grouped_by_cohort
from causalstats.models.event_study.observed_units import observed_units
from causalstats.models.event_study.parameters import Parameter, parameters_of
from causalstats.models.event_study.pooling import (
    POOLING,
    PoolingName,
    flat,
    pooled,
)
from causalstats.models.event_study.posterior_checks import posterior_checks
from causalstats.models.event_study.pymc_model import build
from causalstats.models.event_study.replication import with_replication
from causalstats.models.event_study.residuals import predictions
from causalstats.models.event_study.views import views
from causalstats.models.shared.missing_rows import rows_left_out

if TYPE_CHECKING:
    import networkx as nx
    import pymc as pm

_NUMBERS_AT_ONCE = 4_000_000  # of covariances of effects
_RIDGE = (
    1e-10  # of the largest variance: small cohorts have singular clustered covariances
)


@names_fields
@dataclass(frozen=True, kw_only=True)
class EventStudy:
    """Effects of a treatment that units adopt at different times and keep (staggered adoption).

    With g_i the period in which unit i adopts, and e = t - g_i the event time::

        Y_it = a_i + λ_t + x_i'δ_t + Σ_ge θ_ge 1{g_i = g, t - g = e} + ε_it
        θ_ge = μ_e + c_g + u_ge

    Unit effects a and period effects λ have no prior (two-way fixed effects); covariates x, of each
    unit's first row, act differently in each period (conditional parallel trends). A cohort, the
    units that adopt in one period, has an effect θ_ge of its own at every event time, so that no
    treated row is the control of another (Goodman-Bacon 2021). Effects are partially pooled: μ is a
    random walk over event times, c the level of a cohort, u what is left. Errors are AR(1) within
    units, with a standard deviation for each cohort. Everything but the scales is integrated out,
    from cross-products of each cohort: cost does not depend on the number of units.

    Parameters
    ----------
    pooling : {"shape", "full", "none"}, default "shape"
        "shape": levels of cohorts are unrestricted, their course over event times is pooled.
        "full": levels are pooled too, as of exchangeable cohorts. "none": a saturated regression,
        the imputation estimator of Borusyak, Jaravel & Spiess (2024).
    controls : {"not_yet", "never"}, default "not_yet"
        "not_yet": rows before adoption are controls, whichever cohort they are of. "never": units
        that never adopt alone, against the last period before adoption (Callaway & Sant'Anna 2021).
    errors : {"ar1", "iid", "cluster"}, default "ar1"
        "ar1": serial correlation ρ within units, sampled. "iid": independent. "cluster":
        cluster-robust covariance of least squares, by unit or by `Panel.from_frame(cluster=)`, in
        a part of each cohort with degrees of freedom of its own; it needs pooling="none".
    anticipation : int, default 0
        Periods before adoption in which units may already be affected.
    basis_size : int, default 1
        The most columns of a covariate that is a number; 1 is a straight line.
    trend_violation : float, optional
        How far trends after adoption may be from parallel. The headline is then the smallest and
        the largest ATT: try `fit.sensitivity(trend_violation=[0, 0.5, 1, 2])`.
    trend_restriction : {"relative magnitudes", "smoothness"}
        The unit of `trend_violation`: the largest change of the difference in trends between two
        periods before adoption; or a change of its slope, in units of the outcome.
    walk_scale, cell_scale : float, default 0.5
        Scales of the half-normal priors of the steps of μ and of u, in standard deviations of the
        error. Chosen by simulation; twice as much changes coverage by 1 to 2 points.
    level_scale : float, default 1.0
        Scale of the Rayleigh prior of the standard deviation of c, with pooling="full".
    sd_spread : float, default 0.5
        Prior standard deviation of a cohort's log standard deviation of the error about the common
        one: mostly between a third of it and three times as large.
    error_scale : float, default 1.0
        Scale of the half-normal prior of the error's standard deviation, in units of `scale`.
    covariate_scale : float, default 2.0
        Scale of the half-normal prior of the standard deviation of δ, in those of the error.
    variance_prior_degrees : float, default 4.0
        With errors="cluster": degrees of freedom of the prior that errors of a cohort's clusters
        vary as those of the others. At 4 intervals of the ATT with one to three clusters in a
        cohort cover .94 to .99.
    scale : float, optional
        Unit of the priors; the standard deviation of the outcome within units unless given.

    Raises
    ------
    ModelError
        When a field is of another type or range, or fields exclude each other.

    See Also
    --------
    causalstats.PanelDML : Doses, and treatments that end.

    Notes
    -----
    The weights of the one coefficient of two-way fixed effects are partly negative in nearly every
    such panel; `fit.compare()` has it beside the answer.

    References
    ----------
    Wooldridge (2021), Two-way fixed effects, the two-way Mundlak regression, and
    difference-in-differences estimators. Callaway & Sant'Anna (2021), Difference-in-differences
    with multiple time periods, Journal of Econometrics 225. Borusyak, Jaravel & Spiess (2024),
    Revisiting event-study designs, Review of Economic Studies 91. Rambachan & Roth (2023), A more
    credible approach to parallel trends, Review of Economic Studies 90.

    Examples
    --------
    >>> import causalstats as cs
    >>> panel = cs.EventStudy().simulate(1, units=800, times=6, effect="constant").data
    >>> model = cs.EventStudy(pooling="none", errors="cluster")  # drawn exactly, at once
    >>> fit = cs.fit(model, panel, seed=1, progress=False)
    >>> fit.effect("att").summary().round(1)["mean"].tolist()  # the true effect is 0.5
    [0.5]
    """

    pooling: PoolingName = "shape"
    controls: Literal["not_yet", "never"] = "not_yet"
    errors: Literal["ar1", "iid", "cluster"] = "ar1"
    anticipation: Annotated[int, Number(least=0, most=1000, whole=True)] = 0
    basis_size: Count = 1
    trend_violation: NotNegative | None = None
    trend_restriction: Literal["relative magnitudes", "smoothness"] = (
        "relative magnitudes"
    )
    walk_scale: Positive = 0.5
    cell_scale: Positive = 0.5
    level_scale: Positive = 1.0
    sd_spread: Positive = 0.5
    error_scale: Positive = 1.0
    covariate_scale: Positive = 2.0
    variance_prior_degrees: Positive = 4.0
    scale: Positive | None = None

    data_class = Panel
    simulation_defaults: ClassVar[Mapping[str, int]] = {
        "units": 40,
        "times": 5,
        "cohorts": 2,
    }

    def __post_init__(self) -> None:
        check_fields(self, ModelError)
        if self.clustered and self.pooling != "none":
            raise ModelError(
                f"errors='cluster' does not go with pooling={self.pooling!r}: the "
                "covariance of a small cohort's effects has fewer dimensions than it has effects, "
                "and a prior would take that for knowledge. Take pooling='none', or errors='ar1'."
            )

    @property
    def headline(self) -> str:
        """The ATT, or its bounds where trends may differ."""
        return "att" if self.trend_violation is None else "att_bounds"

    @property
    def clustered(self) -> bool:
        """Whether the covariance is cluster-robust, so that nothing is sampled."""
        return self.errors == "cluster"

    def adoption(self, data: Panel) -> Adoption:
        """Return the cohorts and event times of the rows of a panel.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.EventStudy().simulate(1, units=30, times=5, cohorts=2).data
        >>> cs.EventStudy().adoption(panel).groups
        ('2', '4', 'never')
        """
        self._refuse_two_ways(data)
        return adoption(self.rows_model, data)

    def statistics(self, data: Panel) -> CrossProducts:
        """Return the cross-products of each cohort, with a coefficient for every cell.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.EventStudy().simulate(1, units=30, times=5, cohorts=2).data
        >>> cs.EventStudy().statistics(panel).grams.shape
        (48, 3, 15, 15)
        """
        return cross_products(self.rows_model, data)

    @property
    def rows_model(self) -> EventStudy:
        """The model as far as cohorts and cross-products depend on it, for their cache."""
        return EventStudy(
            errors="iid" if self.errors == "iid" else "ar1",
            anticipation=self.anticipation,
            basis_size=self.basis_size,
            scale=self.scale,
        )

    def in_effect(self, study: Adoption) -> np.ndarray:
        """Return the cells with an effect in the graph, bool (m,)."""
        if self.controls == "never":
            return self.saturated(study)
        return np.asarray(study.cells.event_time > study.base)

    def saturated(self, study: Adoption) -> np.ndarray:
        """Return the cells after the base period, and the leads that rows determine, bool (m,)."""
        return np.asarray((study.cells.event_time > study.base) | study.leads_compared)

    def effect_cells(self, data: Panel) -> Cells:
        """Return the cells with an effect in the graph.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.EventStudy().simulate(1, units=30, times=5, cohorts=2).data
        >>> cs.EventStudy().effect_cells(panel).labels
        ('2 in 2', '2 in 3', '2 in 4', '4 in 4')
        """
        study = self.adoption(data)
        return study.cells.part(self.in_effect(study))

    def cell_sizes(self, data: Panel) -> np.ndarray:
        """Return the weight of the rows of each cell in `effect_cells`, (m,).

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.EventStudy().simulate(1, units=30, times=5, cohorts=2).data
        >>> cs.EventStudy().cell_sizes(panel).tolist()
        [10.0, 10.0, 10.0, 10.0]
        """
        return self.statistics(data).size[self.in_effect(self.adoption(data))]

    def inputs(self, data: Panel) -> dict[str, np.ndarray]:
        """Return every number that the graph takes, by name.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.EventStudy().simulate(1, units=30, times=5, cohorts=2).data
        >>> sorted(cs.EventStudy().inputs(panel))[:4]
        ['grams', 'kind', 'lowest', 'rows']
        """
        if self.clustered:
            estimate, _ = grouped_by_cohort(self.for_rows(), data)
            variances = np.diag(estimate.covariance)
            ridge = _RIDGE * variances.max() * np.eye(len(variances))
            return {
                "estimate": estimate.coefficients,
                "covariances": estimate.covariances + ridge / len(estimate.degrees),
                "degrees": estimate.degrees,
            }
        study = self.adoption(data)
        given = self._selected(data, self.in_effect(study))
        if POOLING[self.pooling].pooled:
            spectrum = self.statistics(data).spectrum
            cells, groups = self.effect_cells(data), len(study.cohorts)
            given |= pooled(spectrum, cells, groups, study.base)
        return given

    def _selected(self, data: Panel, mask: np.ndarray) -> dict[str, np.ndarray]:
        """Return the inputs with a flat coefficient of each cell of a mask."""
        self._refuse_clusters(data)
        statistics = self.statistics(data)
        grams, volumes = statistics.combined(np.eye(len(mask))[:, mask])
        return {
            "grams": grams,
            "volumes": volumes,
            "rows": statistics.rows,
            "width": np.asarray(statistics.width),
            "lowest": np.asarray(statistics.lowest),
            "scale": np.asarray(statistics.scale),
            **flat(statistics.spectrum, int(mask.sum())),
        }

    def for_rows(self) -> EventStudy:
        """Return the model as far as least squares depends on it, for the cache."""
        return replace(
            self.rows_model,
            controls=self.controls,
            variance_prior_degrees=self.variance_prior_degrees,
        )

    def _refuse_two_ways(self, data: Panel) -> None:
        if data.crossed_effects:
            raise ModelError(
                "An event study has effects of units and periods, and the panel has fixed effects "
                f"of {list(data.crossed_effects)} beside them. Leave these out, or name them as "
                "covariates where they are the same at all times of a unit."
            )
        if data.second_cluster is not None:
            raise ModelError(
                "An event study has clusters of whole units, and the panel has two kinds: "
                f"{data.arguments['cluster']}. Periods have effects of their own here, which take "
                "out shocks that all units of a period share: name the units, or groups of them."
            )

    def _refuse_clusters(self, data: Panel) -> None:
        if len(data.clusters) < len(data.units):
            name = data.cluster_name
            raise ModelError(
                f"errors={self.errors!r} takes units as independent of each other, and the panel "
                f"has clusters of them ({name!r}). Take pooling='none', errors='cluster'; or "
                "average the outcome over the units of a cluster, and leave `cluster` out."
            )

    def build(self, data: Panel) -> pm.Model:
        """Return the PyMC graph on these data, with effects integrated out.

        Its likelihood is a `pm.Potential` of cross-products: PyMC has nothing to replicate, and no
        unit has a likelihood in it. `fit.idata()` has both, given effects that are drawn.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.EventStudy().simulate(1, units=30, times=5, cohorts=2).data
        >>> [variable.name for variable in cs.EventStudy().build(panel).free_RVs][-2:]
        ['walk_sd', 'cell_sd']
        """
        return build(self, data)

    def sampled(self, data: Panel) -> tuple[Parameter, ...]:
        """Return the scales that are sampled, with their priors; none with errors="cluster".

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.EventStudy().simulate(1, units=30, times=5, cohorts=2).data
        >>> cs.EventStudy(errors="cluster", pooling="none").sampled(panel)
        ()
        """
        return () if self.clustered else parameters_of(self, self.statistics(data))

    def importance_draws(self, data: Panel) -> DrawByImportance | None:
        """Return a function that draws the scales by importance sampling, if they are few.

        Examples
        --------
        >>> import numpy as np, causalstats as cs
        >>> panel = cs.EventStudy().simulate(1, units=30, times=5, cohorts=2).data
        >>> draw = cs.EventStudy().importance_draws(panel)
        >>> draws, log_density, pareto_k, ess = draw(2, 50, np.random.default_rng(1))
        >>> draws["serial_correlation"].shape
        (2, 50)
        """
        if self.clustered:
            return None
        groups = self.adoption(data).groups
        return density.importance_draws(self.sampled(data), self.inputs(data), groups)

    def exact_posterior(self, data: Panel) -> Callable | None:
        """Return a function that draws effects of clustered errors; None where scales are sampled.

        The errors of each cohort add a part, which has a t distribution of its own
        (`numerics.panel.grouped_clusters`).

        Examples
        --------
        >>> import numpy as np, causalstats as cs
        >>> model = cs.EventStudy(errors="cluster", pooling="none")
        >>> panel = model.simulate(1, units=30, times=5, cohorts=2).data
        >>> draw = model.exact_posterior(panel)
        >>> draw(2, 50, np.random.default_rng(1))["effect"].sizes["cell"]
        4
        """
        if not self.clustered:
            return None
        study = self.adoption(data)
        estimates = grouped_by_cohort(self.for_rows(), data)
        coords = {
            "adoption_group": list(study.groups),
            "cell": list(study.cells.part(self.in_effect(study)).labels),
            "saturated_cell": list(study.cells.part(self.saturated(study)).labels),
        }

        def draw(chains: int, draws: int, rng: np.random.Generator) -> xr.Dataset:
            effects, ratio = estimates[0].draw(chains * draws, rng)
            saturated, _ = estimates[1].draw(chains * draws, rng)
            columns = {
                "effect": ("cell", effects),
                "saturated": ("saturated_cell", saturated),
                "variance_ratio": ("adoption_group", ratio),
            }
            variables = {
                name: (("chain", "draw", dim), values.reshape(chains, draws, -1))
                for name, (dim, values) in columns.items()
            }
            numbers = {"chain": np.arange(chains), "draw": np.arange(draws)}
            return xr.Dataset(variables, numbers | coords)

        return draw

    def recover_marginals(
        self, draws: xr.Dataset, data: Panel, rng: np.random.Generator
    ) -> xr.Dataset:
        """Return the draws with those of the effects, and of leads and effects together.

        Parameters
        ----------
        draws : Dataset
            The posterior of the scales.
        data : Panel
        rng : Generator
        """
        exact = self.exact_posterior(data)
        if exact is not None:  # the chains drew the effects
            apart = exact(draws.sizes["chain"], draws.sizes["draw"], rng)
            return draws.assign(saturated=apart["saturated"])
        study, scale = self.adoption(data), self.statistics(data).scale
        scales = density.scales_of(draws, self.sampled(data))
        log_sds = density.group_log_sds(np, scales)
        shape = (draws.sizes["chain"], draws.sizes["draw"])
        effects = scale * group_time_effects.draw_effects(
            scales, self.inputs(data), rng
        )
        mask = self.saturated(study)
        saturated = scale * group_time_effects.draw_effects(
            scales, self._selected(data, mask), rng
        )
        coords = {
            "cell": list(self.effect_cells(data).labels),
            "saturated_cell": list(study.cells.part(mask).labels),
            "adoption_group": list(study.groups),
        }
        recovered = {
            "effect": ("cell", effects),
            "saturated": ("saturated_cell", saturated),
            "error_sd": ("adoption_group", scale * np.exp(log_sds)),
        }
        variables = {
            name: (("chain", "draw", dim), values.reshape(*shape, -1))
            for name, (dim, values) in recovered.items()
        }
        return draws.assign_coords(coords).assign(variables)

    def assumptions(self) -> tuple[Assumption, ...]:
        """Return the assumptions of the answers.

        Examples
        --------
        >>> import causalstats as cs
        >>> [assumption.name for assumption in cs.EventStudy().assumptions()][:2]
        ['parallel trends', 'no anticipation']
        """
        return assumptions(self)

    def estimands(self) -> Mapping[str, Estimand]:
        """Return the answers by name.

        Examples
        --------
        >>> import causalstats as cs
        >>> list(cs.EventStudy().estimands())[:4]
        ['att', 'event_time', 'cohort', 'calendar_time']
        """
        return estimands(self)

    def parameters(self, data: Panel) -> tuple[str, ...]:
        """Return the names in the posterior whose sampling is checked; none where it is exact.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.EventStudy().simulate(1, units=30, times=5, cohorts=2).data
        >>> cs.EventStudy().parameters(panel)
        ('effect', 'error_sd', 'serial_correlation', 'walk_sd', 'cell_sd')
        """
        if self.clustered:
            return ()
        hidden = ("standard_error_sd", "log_sd_deviation")
        names = [each.name for each in self.sampled(data) if each.name not in hidden]
        return ("effect", "error_sd", *names)

    def priors(self, data: Panel) -> Mapping[str, float | np.ndarray]:
        """Return prior standard deviations of the parameters that the data should inform.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.EventStudy().simulate(1, units=30, times=5, cohorts=2).data
        >>> list(cs.EventStudy().priors(panel))
        ['serial_correlation']
        """
        return {
            each.name: each.prior.sd
            for each in self.sampled(data)
            if each.name == "serial_correlation"
        }

    def with_proper_prior(self) -> EventStudy:
        """Return the model with `scale` fixed at 1, unless it is given.

        Examples
        --------
        >>> import causalstats as cs
        >>> cs.EventStudy().with_proper_prior().scale
        1.0
        """
        return self if self.scale is not None else replace(self, scale=1.0)

    @checked(ModelError)
    def simulate(
        self,
        seed: Seed,
        units: Count = 200,
        times: Count = 8,
        cohorts: Count = 3,
        effect: Literal["constant", "growing", "levels", "zero"] = "growing",
        autocorrelation: Annotated[float, Number(above=-1, below=1)] = 0.5,
        design: Literal["plain", "prior"] = "plain",
    ) -> Simulation:
        """Return a panel with known effects; a quarter or more of the units never adopt.

        Parameters
        ----------
        seed : int
        units, times, cohorts : int
            Cohorts adopt at times spread from the third on.
        effect : {"constant", "growing", "levels", "zero"}
            .5; .2 (1 + event time); a level for each cohort, Normal(.5, .5²); 0. In standard
            deviations of the error, in the plain design.
        autocorrelation : float
            Of the errors, in the plain design.
        design : {"plain", "prior"}
            "prior": scales, serial correlation and effects are drawn from this model's prior.

        Raises
        ------
        ModelError
            When there are too few units or times for the cohorts, or `design="prior"` and the model
            has no `scale`.

        Examples
        --------
        >>> import causalstats as cs
        >>> simulated = cs.EventStudy().simulate(1, units=30, times=5, cohorts=2, effect="zero")
        >>> len(simulated.data), simulated.realised["att"]
        (150, 0.0)
        """
        shape = simulation.Shape(units, times, cohorts)
        if design == "prior":
            return simulation.simulate_prior(self, seed, shape)
        return simulation.simulate_plain(self, seed, shape, effect, autocorrelation)

    def with_prior_of(self, data: Panel) -> EventStudy:
        """Return the model with what its prior reads from data fixed at what it reads here."""
        return replace(self, scale=float(self.statistics(data).scale))

    def with_replication(
        self, draws: xr.Dataset, data: Panel, rng: np.random.Generator
    ) -> Simulation:
        """Return the study with a second one behind it, drawn at one draw of the parameters."""
        return with_replication(self, draws, data, rng)

    def observed_units(
        self, draws: xr.Dataset, data: Panel, rng: np.random.Generator
    ) -> ObservedUnits:
        """Return what was observed of each unit, with its likelihood and replications.

        It is the change of the outcome from the unit's first time to its last. The likelihood is
        that of all its outcomes about their own mean, with coefficients of periods and covariates
        drawn given scales and effects.

        Parameters
        ----------
        draws : Dataset
        data : Panel
        rng : Generator

        Raises
        ------
        ModelError
            If errors are clustered: the posterior is then that of the estimates.

        Examples
        --------
        >>> import numpy as np, causalstats as cs
        >>> model = cs.EventStudy()
        >>> panel = model.simulate(1, units=30, times=5, cohorts=2).data
        >>> rng = np.random.default_rng(1)
        >>> draws, *_ = model.importance_draws(panel)(2, 10, rng)
        >>> draws = model.recover_marginals(draws, panel, rng)
        >>> model.observed_units(draws, panel, rng).log_likelihood().shape
        (20, 30)
        """
        return observed_units(self, draws, data, rng)

    def log_likelihood(self, draws: xr.Dataset, data: Panel) -> xr.DataArray:
        """Return the log likelihood (chain, draw), with effects integrated out.

        With errors="cluster" it is that of the estimates, given the variance of each cohort.
        """
        shape = (draws.sizes["chain"], draws.sizes["draw"])
        inputs = self.inputs(data)
        if self.clustered:
            values = _normal_log_density(
                draws["effect"].to_numpy().reshape(shape[0] * shape[1], -1),
                draws["variance_ratio"].to_numpy().reshape(shape[0] * shape[1], -1),
                inputs,
            )
        else:
            scales = density.scales_of(draws, self.sampled(data))
            values = density.log_likelihood(scales, inputs)
        return xr.DataArray(np.reshape(values, shape), dims=("chain", "draw"))

    def causal_graph(self, data: Panel) -> nx.DiGraph[str]:
        """Return the graph in which units, periods and covariates act on adoption and outcome.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.EventStudy().simulate(1, units=30, times=5, cohorts=2).data
        >>> sorted(cs.EventStudy().causal_graph(panel).successors("unit"))
        ['d', 'y']
        """
        import networkx as nx

        graph = nx.DiGraph()
        label = data.wording.label
        treatment, outcome = data.treatments[0], data.arguments["outcome"]
        graph.add_node(treatment, label=label(treatment), role="observed")
        graph.add_node(outcome, label=label(outcome), role="observed")
        unit = label(data.arguments["unit"]).removeprefix("the ")
        lasting = f"lasting features of each {unit}"
        graph.add_node("unit", label=lasting, role="hidden")
        period = label(data.arguments["time"])
        graph.add_node("period", label=period, role="observed")
        causes = ["unit", "period"]
        if data.covariates:
            names = ", ".join(map(label, data.covariates))
            graph.add_node("covariates", label=f"{names}, at first", role="observed")
            graph.add_edge("unit", "covariates")
            causes.append("covariates")
        graph.add_edge(treatment, outcome)
        for cause in causes:
            graph.add_edges_from([(cause, treatment), (cause, outcome)])
        return graph

    def baselines(self, data: Panel) -> Mapping[str, Baseline]:
        """Return two-way fixed effects, imputation and Callaway-Sant'Anna, by name.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.EventStudy().simulate(1, units=30, times=5, cohorts=2).data
        >>> list(cs.EventStudy().baselines(panel))[0]
        'one coefficient (two-way fixed effects)'
        """
        return baselines(self, data)

    def predictions(
        self, draws: xr.Dataset, data: Panel, rng: np.random.Generator
    ) -> tuple[Prediction, ...]:
        """Return the posterior predictive check of the serial correlation of errors.

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
        >>> panel = cs.EventStudy().simulate(1, units=60, times=5, cohorts=2).data
        >>> [check.name for check in cs.EventStudy().data_checks(panel)][:2]
        ['rows with a comparison', 'treated units']
        """
        return (*rows_left_out(data), *data_checks(self, data))

    def posterior_checks(
        self, draws: xr.Dataset, data: Panel, rng: np.random.Generator
    ) -> tuple[Check, ...]:
        """Return the checks of trends before adoption, and of the one coefficient's weights.

        Parameters
        ----------
        draws : Dataset
        data : Panel
        rng : Generator
        """
        return posterior_checks(self, draws, data)

    def views(self, draws: xr.Dataset, data: Panel) -> Mapping[str, Callable[[], View]]:
        """Return the figure of effects by event time, with its simultaneous band.

        Parameters
        ----------
        draws : Dataset
        data : Panel
        """
        return views(self, draws, data)

    def unused_fields(self, data: Panel) -> dict[str, str]:
        """Return the fields that cannot change the answer, each with the reason.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.EventStudy().simulate(1, units=30, times=5, cohorts=2).data
        >>> cs.EventStudy().unused_fields(panel)["level_scale"]
        "pooling='shape' does not use it."
        """
        fields = {name for each in POOLING.values() for name in each.fields}
        others = sorted(fields - set(POOLING[self.pooling].fields))
        unused = dict.fromkeys(others, f"pooling={self.pooling!r} does not use it.")
        if not data.covariates:
            without = dict.fromkeys(
                ("basis_size", "covariate_scale"), "these data have no covariates."
            )
            unused |= without
        if self.trend_violation is None:
            unused["trend_restriction"] = "no `trend_violation` is given."
        if self.clustered:
            names = ("sd_spread", "error_scale", "covariate_scale", "scale")
            unused |= dict.fromkeys(names, "errors='cluster' does not use it.")
        else:
            reason = f"errors={self.errors!r} does not use it."
            unused["variance_prior_degrees"] = reason
        return unused

    def relaxations(self, data: Panel) -> tuple[Relaxation, ...]:
        """Return no relaxations: there is no outside knowledge."""
        return ()


def _normal_log_density(
    effects: np.ndarray, ratio: np.ndarray, inputs: dict[str, np.ndarray]
) -> np.ndarray:
    """Return the log density of the estimates, given effects and variances, shape (n,).

    Parameters
    ----------
    effects : array, shape (n, m)
    ratio : array, shape (n, groups)
        The variance of each group's part, by its estimate.
    inputs : mapping
        `estimate` and `covariances`.
    """
    size = effects.shape[1]
    at_once = max(_NUMBERS_AT_ONCE // size**2, 1)
    values = np.empty(len(effects))
    for start in range(0, len(effects), at_once):
        part = slice(start, start + at_once)
        covariance = np.tensordot(ratio[part], inputs["covariances"], axes=1)
        root = np.linalg.cholesky(covariance)
        away = (effects[part] - inputs["estimate"])[..., None]
        standard = np.linalg.solve(root, away)[..., 0]
        logs = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
        values[part] = -logs - (standard**2).sum(axis=1) / 2
    return values - size / 2 * np.log(2 * np.pi)
