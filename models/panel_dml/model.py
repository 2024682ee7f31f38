"""Panel double machine learning: the effect of a treatment on an outcome when units differ for good, and covariates act in unknown ways on both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import xarray as xr

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
from causalstats.core.prediction import Prediction
from causalstats.core.simulation import Simulation
from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.panel_dml import simulation as simulation
from causalstats.models.panel_dml.assumptions import assumptions, data_checks, refuse_together
from causalstats.models.panel_dml.estimands import estimands
from causalstats.models.panel_dml.graph import build
from causalstats.models.panel_dml.nuisance_basis import BasisKind
from causalstats.models.panel_dml.priors import prior_sds
from causalstats.models.panel_dml.residuals import predictions
from causalstats.models.panel_dml.robust_errors import bootstrapped, clustered, refuse_few_clusters
from causalstats.models.panel_dml.sufficient_statistics import (
    Prepared,
    between_units,
    log_likelihood,
    prepared,
)
from causalstats.models.panel_dml.unit_effects import of_units
from causalstats.models.shared.missing_rows import rows_left_out

if TYPE_CHECKING:
    import networkx as nx
    import pymc as pm

Heterogeneity = Literal["within", "mundlak", "random", "pooled"]
Errors = Literal["cluster", "iid", "bootstrap", "ar1"]


@dataclass(frozen=True, kw_only=True)
class PanelDML:
    """The outcome and the treatments depend on the covariates smoothly and additively, each in its own way, and on the unit.

    D_it = m(X_it) + c_i + v_it
    Y_it = l(X_it) + a_i + θ'(D_it - m(X_it) - c_i) + e_it              v and e independent, normal, and independent over rows
    l = φ(X)'δ, m = φ(X)'γ,  (γ_k, δ_k) ~ Normal(0, κ_k diag(τ) C diag(τ)), over k independently

    φ are splines of every number, a column a level of text, and products where they are asked for; κ makes functions smooth (`numerics.smooth_basis`), τ is
    learned, and so is C, how alike a column acts on treatment and outcome: with C = 1 what is shrunk away of both would be taken for an effect. Columns are
    made first and averaged over units after: with the outcome, the treatments and every column of φ about their unit means, a and c may be anything at all.
    δ and γ are integrated out, from the cross-products of the columns alone (`numerics.canonical_regression`); sampled are θ, τ, C and the standard
    deviations of v and e. Priors, with outcome and treatments in units of their standard deviation: θ ~ Normal(0, `effect_sd`²), τ ~ half-Normal(2), those of
    v and e half-Normal(1), C ~ LKJ(2).

    Parameters
    ----------
    heterogeneity : "within", "mundlak", "random" or "pooled"
        What is known of units. "within": nothing. "mundlak": the same, and beside it the effect between units, of unit means on unit means, which cannot
        leak into the other. "random": a and c are draws from one distribution that X does not tell of. "pooled": units are alike. The last two are for
        comparison, or for a cross-section.
    basis : "splines", "hsgp" or "fourier"
        "hsgp": Gaussian processes of each number, with a length-scale learned for each (`numerics.hilbert_basis`). "fourier": one function of all covariates
        together, with whatever they do in company, by random waves (`numerics.fourier_basis`).
    basis_size : int
        The most columns of a covariate that is a number; 1 is a straight line. Of waves, how many there are for each covariate.
    shrinkage : "global" or "global-local"
        Whether an equation has one τ for all covariates, or each covariate one of its own, τ_j λ_jm with λ ~ half-Normal(1): so that many that do nothing
        take nothing from the few that do much.
    coefficients : "correlated" or "independent"
        "independent": C = 1, as DiTraglia & Liu have it, for comparison: biased where many columns do a little each, or rows are few.
    interactions : "none", "pairs" or list of pairs of covariates
        Products of columns.
    moderators : str, optional
        A formula of covariates that the effect depends on, such as "size + C(region)": θ'(1, w) in place of θ. Each treatment times each moderator is then a
        treatment of its own. The effect that is shown is the mean over rows, of groups with `fit.effect("effect", by=...)`, of other rows with `at=`.
    effects : "common" or "unit"
        "unit": units' own effects, drawn from one normal distribution, beside the one they have in common.
    time_effects : bool
        Whether every time has an effect of its own, without a prior.
    effect_sd : float
        Of the prior of θ.
    errors : "cluster", "iid", "bootstrap" or "ar1"
        "cluster": errors of a unit, or of the units of a cluster (`Panel.from_frame(cluster=)`),
        may depend on each other in any way. The interval has the cluster-robust variance with the
        bias correction CR2, moderated by a prior worth three degrees of freedom that units have
        the same autocovariances, and quantiles of Student's t, so that it holds with few clusters,
        or few with a treatment. "iid": over rows, normal, and of one variance, which
        hardly any panel has. "bootstrap": clusters are weighed at random, without a normal shape.
        "ar1": what is left of each variable follows its own value ρ^g times, g the time
        since the row before, with ρ sampled.
        In simulations (benchmarks/panel_errors.py) the default covers .92 to .98, and .98 to .99
        where one, two or five of 50 units are treated; but .84 and .88 where one or two treated
        units have errors twice as large as the others, which no data show and the answer says;
        and .54 where units share shocks that `cluster=` does not name, which a check says.
    scale : numbers or None
        Of the treatments and then the outcome, for the priors; their standard deviations, about what units and times explain, unless given.

    References
    ----------
    Fuhr & Papies (2024), Double machine learning meets panel data, arXiv 2409.01266. DiTraglia & Liu (2025), Bayesian double machine learning for causal
    inference, arXiv 2508.12688: why a prior of the treatment's equation belongs to the model. Mundlak (1978), Econometrica 46:69-85.
    """

    heterogeneity: Heterogeneity = "within"
    basis: BasisKind = "splines"
    basis_size: Count = 12
    shrinkage: Literal["global", "global-local"] = "global"
    coefficients: Literal["correlated", "independent"] = "correlated"
    interactions: Literal["none", "pairs"] | Sequence[tuple[Name, Name]] = "none"
    moderators: Formula | None = None
    effects: Literal["common", "unit"] = "common"
    time_effects: bool = False
    effect_sd: Positive = 5.0
    errors: Errors = "cluster"
    scale: Annotated[Sequence[float], ListOf(Number(above=0), least=1)] | None = None

    headline = "effect"
    data_class = Panel
    simulation_defaults = {"units": 50, "times": 5}

    def __post_init__(self) -> None:
        check_fields(self, ModelError)
        if not isinstance(self.interactions, str):
            alone = [pair for pair in self.interactions if pair[0] == pair[1]]
            if alone:
                raise ModelError(
                    f"Expected `interactions` as pairs of two different covariates, got {alone[0]}."
                )
        refuse_together(self)

    def nuts_options(self, data: Panel) -> dict[str, Any]:
        """A step costs some microseconds of pieces; of cross-products, which JAX compiles sooner, much more."""
        funnels = self.shrinkage == "global-local" or self.basis == "hsgp"
        return {"backend": "jax" if self.dense else "numba"} | (
            {"target_accept": 0.95 if funnels else 0.9} if funnels or self.correlated else {}
        )

    @property
    def dense(self) -> bool:
        """Whether the likelihood takes the cross-products as they are: it falls apart into independent pieces for one τ an equation and independent errors."""
        return (
            self.basis == "hsgp" or self.shrinkage == "global-local" or self.errors == "ar1"
        )

    def importance_draws(self, data: Panel) -> Callable | None:
        """Draws without a sampler, weighed by the posterior's density, which few parameters make possible."""
        from causalstats.models.panel_dml.density import importance_draws

        return importance_draws(self, data)

    @property
    def correlated(self) -> bool:
        """Whether what a column does to treatments and to the outcome may be alike."""
        return self.coefficients == "correlated"

    @property
    def inside(self) -> bool:
        """Whether changes within units are all that the effect is seen by."""
        return self.heterogeneity in ("within", "mundlak")

    def prepared(self, data: Panel) -> Prepared:
        """The columns, transformed as this model has it, in canonical form."""
        return self.forms(data)[""]

    def forms(self, data: Panel) -> Mapping[str, Prepared]:
        """The same, and with the prefix "between_" that of unit means where the model has it; made once for each model and data."""
        return _forms(self, data)

    def inputs(self, data: Panel) -> dict[str, np.ndarray]:
        """The independent pieces of the likelihood, and the units of outcome and treatments."""
        return {
            name: value
            for prefix, form in self.forms(data).items()
            for name, value in form.inputs(prefix).items()
        }

    def build(self, data: Panel) -> pm.Model:
        """The PyMC graph on these data."""
        form = self.prepared(data)
        return build(
            self.inputs(data),
            form.columns.effects,
            tuple(dict.fromkeys(form.basis.terms)),
            self.effect_sd,
            self.correlated,
        )

    def recover_marginals(
        self, draws: xr.Dataset, data: Panel, rng: np.random.Generator
    ) -> xr.Dataset:
        """The draws, with the spread of θ that errors of this kind have, and the effects of units where those are asked for."""
        if self.effects == "unit":
            return of_units(self, draws, data, rng)
        if self.errors == "cluster":
            return clustered(self, draws, data)
        return bootstrapped(self, draws, data, rng) if self.errors == "bootstrap" else draws

    def assumptions(self) -> tuple[Assumption, ...]:
        """What the answer stands on."""
        return assumptions(self)

    def estimands(self) -> Mapping[str, Estimand]:
        """What can be asked of a fit."""
        return estimands(self)

    def parameters(self, data: Panel) -> tuple[str, ...]:
        """Names in the posterior whose sampling is checked."""
        own = ("effect", "error_sd", "coefficient_sd", "coefficient_correlation")[
            : 3 + self.correlated
        ]
        between = (
            tuple(f"between_{name}" for name in own) if self.heterogeneity == "mundlak" else ()
        )
        return (
            (*own, "serial_correlation", *between)
            if self.errors == "ar1"
            else (*own, *between)
        )

    def priors(self, data: Panel) -> dict[str, Any]:
        """Prior standard deviations of `parameters()`, in the units of these data."""
        return prior_sds(self, data)

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
        """A panel with a known effect, 1 in the paper's designs.

        "paper": structure A has no unit effect, B one on treatment and outcome, C one on the covariates too; γ and δ are drawn once and shared by all
        equations, which act linearly or by squares (Fuhr & Papies, equations 7 to 12), or by the product of all. "prior": this model's own, of covariates
        as in C, in units of 1.
        """
        return simulation.simulate(
            self, seed, units, times, covariates, simulation.Design(structure, shape, design)
        )

    def log_likelihood(self, draws: xr.Dataset, data: Panel) -> xr.DataArray:
        """Of outcome and treatments, in units of their standard deviations, with the coefficients of φ integrated out."""
        return log_likelihood(self, draws, data)

    def causal_graph(self, data: Panel) -> nx.DiGraph:
        """Units and covariates act on treatment and outcome."""
        import networkx as nx

        graph = nx.DiGraph()
        treatment, outcome = ", ".join(data.treatments), data.arguments["outcome"]
        graph.add_node(treatment, role="observed")
        graph.add_node(outcome, role="observed")
        graph.add_node(
            "unit", label=f"what {data.arguments['unit']} is like for good", role="hidden"
        )
        graph.add_edge(treatment, outcome)
        others = ["unit"]
        if data.covariates:
            some = ", ".join(data.covariates[:6]) + (", ..." if len(data.covariates) > 6 else "")
            graph.add_node("covariates", label=some, role="observed")
            graph.add_edge("unit", "covariates")
            others.append("covariates")
        if self.time_effects:
            graph.add_node("time", label=data.arguments["time"], role="observed")
            others.append("time")
        graph.add_edges_from([(one, to) for one in others for to in (treatment, outcome)])
        return graph

    def baselines(self, data: Panel) -> Mapping[str, Callable]:
        """What people would do instead."""
        from causalstats.models.panel_dml.baselines import baselines

        return baselines(self, data)

    def predictions(
        self, draws: xr.Dataset, data: Panel, rng: np.random.Generator
    ) -> tuple[Prediction, ...]:
        """Serial correlation, tails and spread over time of what is left of outcome and treatments, beside replications."""
        return predictions(self, draws, data, rng)

    def data_checks(self, data: Panel) -> tuple[Check, ...]:
        """What the data themselves leave in doubt."""
        return (*rows_left_out(data), *data_checks(self, data))

    def unused_fields(self, data: Panel) -> dict[str, str]:
        """Return the fields that cannot change the answer, each with the reason."""
        if data.covariates:
            return {}
        of_covariates = ("basis", "basis_size", "shrinkage", "coefficients", "interactions")
        return dict.fromkeys(of_covariates, "these data have no covariates.")

    def relaxations(self, data: Panel) -> tuple[Relaxation, ...]:
        """None: nothing from outside is imposed."""
        return ()


@lru_cache(maxsize=4)
def _forms(model: PanelDML, data: Panel) -> Mapping[str, Prepared]:
    if model.effects == "unit" and len(data.treatments) > 1:
        raise ModelError(
            f"effects='unit' has the effect of one treatment in each unit, got "
            f"{len(data.treatments)} treatments: {', '.join(data.treatments)}. Fit one model for "
            "each, with the other treatments among the covariates, or say effects='common'."
        )
    own = prepared(model, data)
    if model.errors in ("cluster", "bootstrap") and model.inside:
        refuse_few_clusters(data, model.errors)
    return {"": own} | (
        {"between_": between_units(model, data)} if model.heterogeneity == "mundlak" else {}
    )
