"""Poisson and logistic regression with unit effects: `PanelGLM`."""

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
from causalstats.models.panel_glm import posterior, pymc_model, simulation
from causalstats.models.panel_glm.assumptions import assumptions
from causalstats.models.panel_glm.baselines import baselines
from causalstats.models.panel_glm.causal_graph import causal_graph
from causalstats.models.panel_glm.data_checks import data_checks
from causalstats.models.panel_glm.design import design_of
from causalstats.models.panel_glm.estimands import estimands
from causalstats.models.panel_glm.families import FAMILIES, FamilyName
from causalstats.models.panel_glm.families.base import OutcomeFamily
from causalstats.models.panel_glm.observed_units import observed_units
from causalstats.models.panel_glm.predictions import predictions
from causalstats.models.panel_glm.separation import separated
from causalstats.models.shared.missing_rows import rows_left_out

if TYPE_CHECKING:
    import networkx as nx
    import pymc as pm


@names_fields
@dataclass(frozen=True, kw_only=True)
class PanelGLM:
    """Effect of treatments on a count, or on an outcome of 0 and 1, with unit effects.

    family="poisson"    E(Y_it) = exp(a_i + D_it'θ + x_it'β + λ_t)
    family="logit"      P(Y_it = 1) = 1 / (1 + exp(-a_i - D_it'θ - x_it'β - λ_t))

    Given the sum of a unit's outcomes, their likelihood does not depend on the unit effect a_i:
    it is multinomial for counts, and that of the conditional logit for outcomes of 0 and 1. Unit
    effects are unrestricted, and few periods make no incidental parameters problem.
    Units whose outcome is 0 throughout, or 1 throughout, say nothing.

    Parameters
    ----------
    family : {"poisson", "logit"}, default "poisson"
        "poisson": counts, or any outcome that is not negative and that effects multiply. "logit":
        0 and 1.
    time_effects : bool, default True
        Whether there are time effects, dummies of all periods but the first.
    errors : {"cluster", "iid"}, default "cluster"
        "cluster": cluster-robust, by unit or by `Panel.from_frame(cluster=)`; counts may then be
        overdispersed and last. "iid": the distribution of the family, independent given the unit.
    effect_sd : float, default 2.5
        Standard deviation of the normal prior of θ on the log scale, in units of `scale`: mostly
        below a factor of 150 for one standard deviation of the treatment.
    coefficient_sd : float, default 2.5
        That of the coefficients of standardised covariates, and of time effects.
    scale : list of float, optional
        Unit of the prior of each treatment; their standard deviations unless given.

    Raises
    ------
    ModelError
        When a field is of another type or range.

    See Also
    --------
    causalstats.PanelDML : Effects that add to the outcome; the linear probability model.

    Notes
    -----
    Mean changes of the outcome are identified for counts, whose fitted means add up to what was
    observed; not for the conditional logit, which gives a ratio of odds. There is no conditional
    likelihood for the probit.

    References
    ----------
    Hausman, Hall & Griliches (1984), Econometric models for count data with an application to the
    patents-R&D relationship, Econometrica 52. Wooldridge (1999), Distribution-free estimation of
    some nonlinear panel data models, Journal of Econometrics 90. Chamberlain (1980), Analysis of
    covariance with qualitative data, Review of Economic Studies 47.

    Examples
    --------
    >>> import causalstats as cs
    >>> model = cs.PanelGLM()
    >>> panel = model.simulate(1, units=200, times=4).data  # the true ratio is exp(.5), 1.65
    >>> fit = cs.fit(model, panel, seed=1, progress=False)
    >>> fit.effect("ratio").summary()["mean"].round(1).tolist()
    [1.6]
    """

    family: FamilyName = "poisson"
    time_effects: bool = True
    errors: Literal["cluster", "iid"] = "cluster"
    effect_sd: Positive = 2.5
    coefficient_sd: Positive = 2.5
    scale: Annotated[Sequence[float], ListOf(Number(above=0), least=1)] | None = None

    headline = "ratio"
    data_class = Panel
    simulation_defaults: ClassVar[Mapping[str, int]] = {"units": 50, "times": 4}

    def __post_init__(self) -> None:
        check_fields(self, ModelError)

    @property
    def outcome_family(self) -> OutcomeFamily:
        """The distribution of outcomes."""
        return FAMILIES[self.family]

    def inputs(self, data: Panel) -> dict[str, np.ndarray]:
        """Return the columns, weights and prior standard deviations of the graph, by name.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.PanelGLM().simulate(1, units=30, times=4).data
        >>> cs.PanelGLM().inputs(panel)["prior_sd"].tolist()
        [2.5, 2.5, 2.5, 2.5]
        """
        self._refuse_crossed(data)
        return pymc_model.inputs(self, data)

    def build(self, data: Panel) -> pm.Model:
        """Return the PyMC graph on these data: unit effects are conditioned out.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.PanelGLM().simulate(1, units=30, times=4).data
        >>> [variable.name for variable in cs.PanelGLM().build(panel).free_RVs]
        ['coefficient']
        """
        self._refuse_crossed(data)
        return pymc_model.build(self, data)

    def importance_draws(self, data: Panel) -> Callable | None:
        """Return a function that draws coefficients by importance sampling, if they are few.

        Examples
        --------
        >>> import numpy as np, causalstats as cs
        >>> panel = cs.PanelGLM().simulate(1, units=30, times=4).data
        >>> draw = cs.PanelGLM().importance_draws(panel)
        >>> draws, log_density, pareto_k, ess = draw(2, 50, np.random.default_rng(1))
        >>> draws["coefficient"].shape
        (2, 50, 4)
        """
        self._refuse_crossed(data)
        return posterior.importance_draws(self, data)

    def recover_marginals(
        self, draws: xr.Dataset, data: Panel, rng: np.random.Generator
    ) -> xr.Dataset:
        """Return the draws with the effects per unit of treatment, of cluster-robust spread.

        Parameters
        ----------
        draws : Dataset
        data : Panel
        rng : Generator
        """
        robust = self.errors == "cluster" and not separated(self, data)
        return posterior.recover_effects(self, draws, data, robust=robust)

    def working_draws(self, draws: xr.Dataset, data: Panel) -> xr.Dataset:
        """Return the draws of the effects under the likelihood alone.

        Parameters
        ----------
        draws : Dataset
            The posterior, with cluster-robust spread.
        data : Panel
        """
        return posterior.working_effects(self, draws, data)

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
        """Return the log likelihood (chain, draw) given the sums of units, but for a constant."""
        points = draws["coefficient"].transpose("chain", "draw", "column")
        shape = points.shape[:2]
        flat = points.to_numpy().reshape(-1, points.shape[2])
        values = posterior.log_likelihood(
            flat, self.outcome_family, design_of(self, data)
        )
        return xr.DataArray(values.reshape(shape), dims=("chain", "draw"))

    def assumptions(self) -> tuple[Assumption, ...]:
        """Return the assumptions of the answers.

        Examples
        --------
        >>> import causalstats as cs
        >>> [assumption.name for assumption in cs.PanelGLM().assumptions()][2]
        'multiplicative mean'
        """
        return assumptions(self)

    def estimands(self) -> Mapping[str, Estimand]:
        """Return the answers by name.

        Examples
        --------
        >>> import causalstats as cs
        >>> list(cs.PanelGLM().estimands())
        ['ratio', 'effect', 'average_effect']
        """
        return estimands(self)

    def parameters(self, data: Panel) -> tuple[str, ...]:
        """Return the names in the posterior whose sampling is checked.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.PanelGLM().simulate(1, units=30, times=4).data
        >>> cs.PanelGLM().parameters(panel)
        ('effect', 'coefficient')
        """
        return ("effect", "coefficient")

    def priors(self, data: Panel) -> dict[str, Any]:
        """Return the prior standard deviations of `parameters`.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.PanelGLM().simulate(1, units=30, times=4).data
        >>> cs.PanelGLM(scale=[2.0]).priors(panel)["effect"].tolist()
        [1.25]
        """
        design = design_of(self, data)
        return {
            "effect": self.effect_sd / design.treatment_units,
            "coefficient": design.sds,
        }

    def with_proper_prior(self) -> PanelGLM:
        """Return the model with `scale` fixed at 1, unless it is given.

        Examples
        --------
        >>> import causalstats as cs
        >>> cs.PanelGLM().with_proper_prior().scale
        (1.0,)
        """
        return self if self.scale is not None else replace(self, scale=(1.0,))

    @checked(ModelError)
    def simulate(
        self,
        seed: Seed,
        units: Count = 200,
        times: Count = 6,
        design: Literal["plain", "prior"] = "plain",
    ) -> Simulation:
        """Return a panel with a known effect, and a treatment that depends on the unit effect.

        Parameters
        ----------
        seed : int
        units, times : int
        design : {"plain", "prior"}
            "plain": an effect of .5 on the log scale. "prior": effect and time effects from this
            model's prior, in units of `scale`.

        Raises
        ------
        ModelError
            When `design="prior"` and the model has no `scale` of one treatment.

        Examples
        --------
        >>> import causalstats as cs
        >>> simulation = cs.PanelGLM(family="logit").simulate(1, units=30, times=4)
        >>> len(simulation.data), simulation.truth["effect"].item()
        (120, 0.5)
        """
        return simulation.simulate(self, seed, units, times, design)

    def causal_graph(self, data: Panel) -> nx.DiGraph[str]:
        """Return the graph in which units and covariates act on treatment and outcome.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.PanelGLM().simulate(1, units=30, times=4).data
        >>> sorted(cs.PanelGLM().causal_graph(panel).successors("unit"))
        ['outcome', 'treatment']
        """
        return causal_graph(self, data)

    def baselines(self, data: Panel) -> Mapping[str, Callable[..., Any]]:
        """Return conditional maximum likelihood and pooled regression, by name.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.PanelGLM().simulate(1, units=30, times=4).data
        >>> list(cs.PanelGLM().baselines(panel))
        ['conditional maximum likelihood', 'pooled, no unit effects']
        """
        return baselines(self, data)

    def predictions(
        self, draws: xr.Dataset, data: Panel, rng: np.random.Generator
    ) -> tuple[Prediction, ...]:
        """Return the posterior predictive check of products of adjacent outcomes.

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
        >>> panel = cs.PanelGLM().simulate(1, units=60, times=4).data
        >>> [check.name for check in cs.PanelGLM().data_checks(panel)]
        ['units whose outcome changes', 'strict exogeneity', 'ratio the same at every level', ...]
        """
        return (*rows_left_out(data), *data_checks(self, data))

    def unused_fields(self, data: Panel) -> dict[str, str]:
        """Return the fields that cannot change the answer, each with the reason.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.PanelGLM().simulate(1, units=30, times=4).data
        >>> cs.PanelGLM().unused_fields(panel)
        {}
        """
        if data.covariates or self.time_effects or data.absorbs_time:
            return {}
        reason = "these data have no covariates, and the model no time effects."
        return {"coefficient_sd": reason}

    def relaxations(self, data: Panel) -> tuple[Relaxation, ...]:
        """Return no relaxations: there is no outside knowledge."""
        return ()

    def _refuse_crossed(self, data: Panel) -> None:
        if data.crossed_effects or data.second_cluster is not None:
            raise ModelError(
                "`PanelGLM` has effects of units and times, and clusters of whole units; the panel "
                f"has fixed_effects={list(data.crossed_effects)} and "
                f"cluster={data.arguments['cluster']!r}. Name further groups as covariates, and "
                "one column of clusters that holds whole units."
            )
