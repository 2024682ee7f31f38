"""Instrumental variables: the effect of a confounded treatment that instruments move."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import xarray as xr

from causalstats.core.abilities import Baseline
from causalstats.core.argument_validation import (
    Count,
    ListOf,
    MappingOf,
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
from causalstats.core.knowledge import Known, KnownNumber
from causalstats.core.observed_units import ObservedUnits
from causalstats.core.prediction import Prediction
from causalstats.core.simulation import Simulation
from causalstats.data import Instrumented
from causalstats.errors import ModelError
from causalstats.models.instrument.assumptions import assumptions, assumptions_for
from causalstats.models.instrument.baselines import baselines, comparison_columns
from causalstats.models.instrument.causal_graph import causal_graph
from causalstats.models.instrument.data_checks import data_checks
from causalstats.models.instrument.estimands import estimands
from causalstats.models.instrument.observed_units import observed_units, working_draws
from causalstats.models.instrument.posterior import effect_prior_sd, moments_of
from causalstats.models.instrument.posterior_checks import posterior_checks
from causalstats.models.instrument.posterior_forms import form_of
from causalstats.models.instrument.predictions import predictions
from causalstats.models.instrument.relaxations import relaxations
from causalstats.models.instrument.replication import with_replication
from causalstats.models.instrument.simulation import simulate, simulate_designed
from causalstats.numerics.instruments.effect_posterior import (
    no_confounding_bayes_factor,
)
from causalstats.numerics.instruments.several_treatments import MOST_TREATMENTS

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    import pymc as pm

KnownDirect = Annotated[
    Mapping[str, Known | float],
    MappingOf(
        Text(empty=False, words="the name of an instrument"),
        KnownNumber(Number()),
        least=1,
        description="a mapping from instruments to their direct effects, "
        "such as `{'z': Known(0, sd=0.01)}`",
    ),
]
Direct = KnownDirect | Literal["learned"]


@names_fields
@dataclass(frozen=True, kw_only=True)
class Instrument:
    """The effect of treatments by instrumental variables, with an interval for weak instruments.

    T = ZΠ + Wδ + v                     Z instruments, W covariates
    y = Tβ + Wγ + Zη + u                η = 0 unless `direct` is given
    rows of (v, u) ~ Normal(0, Σ), or with variances that differ
    Π ~ Normal(0, s² Var(v | u)), rows of orthonormal instruments;  s ~ half-Cauchy(.3 √n')
    ρ = Corr(u, v) ~ Uniform(-1, 1)

    The posterior of β has a closed form in the cross-products of the data. The data enter through
    the Anderson-Rubin statistic, so that the interval is right where instruments are weak or many,
    and is that of the prior where they say nothing. s is learned: flat priors of the first stage
    would be a prior that there is no confounding, which grows with the number of instruments. Under
    a flat prior the mode of β is LIML.

    Two or three treatments have an effect each. Confounding is then r = Var(v)^(-1/2) Cov(v, u) /
    sd(u), uniform in the unit ball; its length is the multiple correlation of u with v. Options
    that go with one treatment are refused: `confounding="any"`, `direct` and
    `effects="compliers"`.

    Parameters
    ----------
    confounding : "uniform" or "any"
        The prior of confounding: "uniform" has ρ uniform on (-1, 1), whatever the effect is. "any"
        has p(Σ) ∝ 1/|Σ| and β ~ Normal(0, b²) with b = `effect_sd` in units of `effect_scale`.
    effect_sd : float
        The prior standard deviation of the effect with "any".
    effect_scale : float or None
        The unit of `effect_sd`, in units of the outcome per unit of the treatment;
        sd(outcome)/sd(treatment) given the covariates unless given.
    errors : "robust" or "iid"
        "robust" takes the variance of the scores from the data, robust to heteroscedasticity, and
        to dependence within the clusters of the data: a quasi-posterior. "iid" has normal errors of
        equal variance.
    direct : mapping of instrument to Known, "learned", or None
        Direct effects of instruments on the outcome, per unit of the instrument, with their
        uncertainty ("plausibly exogenous"): `{"z": Known(0, sd=0.01)}`. With "learned", for three
        instruments or more, each has one, η_j ~ Normal(0, τ²/Var(z_j)), and τ is learned; this
        takes errors of equal variance.
    effects : "one" or "compliers"
        Whether the treatment has one effect in everybody; or effects differ, and the answer is the
        mean over those whose treatment the instruments move (local average treatment effect).
    first_stage : "learned" or "designed"
        Whether the first stage is learned; or data name the treatments before an augmentation that
        leaves the outcome as it is, `original=[...]`, whose first stage is known. Any number of
        treatments; takes `errors="iid"`, and confounding is as large in every direction.
    first_stage_prior_scale : float
        Scale of the half-Cauchy prior of s, by √n'; n' is rows less coefficients of the covariates.
    direct_prior_scale : float
        Scale of the half-Cauchy prior of τ with `direct="learned"`: the effect of one standard
        deviation of an instrument, in standard deviations of the outcome given the treatment. A
        tenth leaves direct effects small unless instruments disagree, and its tail is heavy.
    control_prior_scale : float
        Scale of the half-Cauchy prior of c with `first_stage="designed"`, where φ of y = Tβ + Xφ +
        e, X the original treatments, is Normal(0, c²Var(e) Var(X)⁻¹). At 1, half of the prior has
        confounding of a direction below the outcome's residual.
    shifts : sequence of float
        Multiples γ of the variance of the instruments' part, at which `prediction_coefficient` and
        `worst_risk` answer; 1 is as the data were.

    Raises
    ------
    ModelError
        If an option is out of its range; or `direct="learned"` or `first_stage="designed"` is
        combined with options that do not go with it.

    References
    ----------
    Anderson & Rubin (1949), Estimation of the parameters of a single equation in a complete system
    of stochastic equations, Annals of Mathematical Statistics 20. Chamberlain & Imbens (2004),
    Random effects estimators with many instrumental variables, Econometrica 72. Conley, Hansen &
    Rossi (2012), Plausibly exogenous, Review of Economics and Statistics 94. Imbens & Angrist
    (1994), Identification and estimation of local average treatment effects, Econometrica 62.

    Examples
    --------
    >>> import causalstats as cs
    >>> data = cs.Instrument().simulate(seed=1, rows=500, design="weak").data
    >>> fit = cs.fit(cs.Instrument(), data, seed=1, progress=False)
    >>> fit.effect("effect").numbers()[["lower", "upper"]].round(1)
            lower  upper
    effect   -0.4    0.8
    """

    confounding: Literal["uniform", "any"] = "uniform"
    effect_sd: Positive = 5.0
    effect_scale: Positive | None = None
    errors: Literal["robust", "iid"] = "robust"
    direct: Direct | None = None
    effects: Literal["one", "compliers"] = "one"
    first_stage: Literal["learned", "designed"] = "learned"
    first_stage_prior_scale: Positive = 0.3
    direct_prior_scale: Positive = 0.1
    control_prior_scale: Positive = 1.0
    shifts: Annotated[Sequence[float], ListOf(Number(above=0), least=1)] = (
        1.0,
        3.0,
        10.0,
        100.0,
    )

    headline = "effect"
    data_class = Instrumented
    simulation_defaults: ClassVar[Mapping[str, int]] = {
        "rows": 300,
        "instruments": 2,
        "covariates": 1,
    }

    def __post_init__(self) -> None:
        check_fields(self, ModelError)
        if self.first_stage == "designed":
            self._refuse_with_design()
        if not self.learns_direct:
            return
        if self.errors != "iid" or self.confounding != "uniform":
            raise ModelError(
                "`direct='learned'` takes errors of equal variance and a uniform prior of "
                "confounding: expected `errors='iid'` and `confounding='uniform'`, got "
                f"{self.errors!r} and {self.confounding!r}."
            )

    def _refuse_with_design(self) -> None:
        """Refuse options that do not go with a designed first stage."""
        needed = {
            "errors": "iid",
            "confounding": "uniform",
            "direct": None,
            "effects": "one",
        }
        for name, value in needed.items():
            if getattr(self, name) != value:
                raise ModelError(
                    "`first_stage='designed'` regresses the outcome on treatments before and after "
                    f"the augmentation: expected `{name}={value!r}`, got "
                    f"{getattr(self, name)!r}."
                )

    @property
    def learns_direct(self) -> bool:
        """Whether direct effects of all instruments are learned.

        Examples
        --------
        >>> Instrument(direct="learned", errors="iid").learns_direct
        True
        """
        return self.direct == "learned"

    @property
    def direct_effects(self) -> dict[str, Known]:
        """The direct effects of instruments that are known, by name.

        Examples
        --------
        >>> Instrument(direct={"z": 0.1}).direct_effects
        {'z': Known(value=0.1, sd=0.0)}
        """
        given = {} if self.direct is None or self.direct == "learned" else self.direct
        return {
            name: known if isinstance(known, Known) else Known(known)
            for name, known in given.items()
        }

    def inputs(self, data: Instrumented) -> dict[str, np.ndarray]:
        """Return the cross-products and prior scales that the graph takes, by name.

        Examples
        --------
        >>> model = Instrument()
        >>> model.inputs(model.simulate(seed=1, rows=50).data)["degrees"]
        array(47.)
        """
        return form_of(self, data).inputs(self, data)

    def build(self, data: Instrumented) -> pm.Model:
        """Return the PyMC graph on these data, with all but a few numbers integrated out.

        Its likelihood is a `pm.Potential` of the cross-products of all rows: PyMC has nothing to
        replicate, and no row has a likelihood in it. `fit.idata()` has both, given the first stage,
        variances and coefficients that are drawn.
        """
        return form_of(self, data).build(self, data)

    def parameters(self, data: Instrumented) -> tuple[str, ...]:
        """Return no names: draws are independent, and no sampling is to be checked.

        Examples
        --------
        >>> model = Instrument()
        >>> model.parameters(model.simulate(seed=1, rows=50).data)
        ()
        """
        return ()

    def priors(self, data: Instrumented) -> dict[str, float]:
        """Return no prior standard deviations: no parameter is named by `parameters`.

        Examples
        --------
        >>> model = Instrument()
        >>> model.priors(model.simulate(seed=1, rows=50).data)
        {}
        """
        return {}

    def observed_units(
        self, draws: xr.Dataset, data: Instrumented, rng: np.random.Generator
    ) -> ObservedUnits:
        """Return the outcome of each row, with the likelihood of its outcome and treatment.

        Parameters
        ----------
        draws : Dataset
            Under errors of equal variance, as `working_draws` returns them.
        data : Instrumented
        rng : Generator

        Raises
        ------
        ModelError
            If there are more than a million rows, or direct effects are learned.

        Examples
        --------
        >>> model = Instrument(errors="iid")
        >>> data = model.simulate(seed=1, rows=50).data
        >>> draws = model.exact_posterior(data)(1, 100, np.random.default_rng(1))
        >>> units = model.observed_units(draws, data, np.random.default_rng(1))
        >>> units.log_likelihood().shape
        (100, 50)
        """
        return observed_units(self, draws, data, rng)

    def with_prior_of(self, data: Instrumented) -> Instrument:
        """Return the model with what its prior reads from data fixed at what it reads here."""
        if self.confounding == "uniform" or self.effect_scale is not None:
            return self
        moments = moments_of(self, data)
        return replace(
            self, effect_scale=effect_prior_sd(self, moments) / self.effect_sd
        )

    def with_replication(
        self, draws: xr.Dataset, data: Instrumented, rng: np.random.Generator
    ) -> Simulation:
        """Return the study with a second one behind it, drawn at one draw of the parameters.

        Parameters
        ----------
        draws : Dataset
            One draw.
        data : Instrumented
        rng : Generator
        """
        return with_replication(self, draws, data, rng)

    def working_draws(self, draws: xr.Dataset, data: Instrumented) -> xr.Dataset:
        """Return the draws under errors of equal variance, which rows have a likelihood of.

        Parameters
        ----------
        draws : Dataset
        data : Instrumented

        Examples
        --------
        >>> model = Instrument()
        >>> data = model.simulate(seed=1, rows=50).data
        >>> draws = model.exact_posterior(data)(1, 100, np.random.default_rng(1))
        >>> model.working_draws(draws, data)["effect"].shape
        (1, 100)
        """
        return working_draws(self, draws, data)

    @property
    def parametrising_inputs(self) -> tuple[str, ...]:
        """Inputs of the graph that choose the scale of its angles by the data.

        Examples
        --------
        >>> Instrument().parametrising_inputs
        ('grid', 'centre', 'root')
        """
        return ("grid", "centre", "root")

    def graph_draws(self, draws: xr.Dataset, data: Instrumented) -> xr.Dataset:
        """Return the draws with the free variables of the graph, in which effects are angles.

        Parameters
        ----------
        draws : Dataset
        data : Instrumented

        Examples
        --------
        >>> model = Instrument()
        >>> data = model.simulate(seed=1, rows=50).data
        >>> draws = model.exact_posterior(data)(1, 100, np.random.default_rng(1))
        >>> "angle" in model.graph_draws(draws, data)
        True
        """
        return form_of(self, data).graph_draws(self, draws, data)

    def log_likelihood(self, draws: xr.Dataset, data: Instrumented) -> xr.DataArray:
        """Return log p(data | β, s, η), errors of equal variance, the others integrated out.

        Parameters
        ----------
        draws : Dataset
        data : Instrumented

        Examples
        --------
        >>> model = Instrument()
        >>> data = model.simulate(seed=1, rows=50).data
        >>> draws = model.exact_posterior(data)(1, 100, np.random.default_rng(1))
        >>> model.log_likelihood(draws, data).dims
        ('chain', 'draw')
        """
        return form_of(self, data).log_likelihood(self, draws, data)

    def log_prior(self, draws: xr.Dataset, data: Instrumented) -> xr.Dataset:
        """Return the log prior density, up to a constant, of parameters without a flat prior.

        Parameters
        ----------
        draws : Dataset
        data : Instrumented

        Examples
        --------
        >>> model = Instrument(confounding="any")
        >>> data = model.simulate(seed=1, rows=50).data
        >>> draws = model.exact_posterior(data)(1, 100, np.random.default_rng(1))
        >>> list(model.log_prior(draws, data))
        ['log_first_stage_variance', 'effect']
        """
        return form_of(self, data).log_prior(self, draws, data)

    def declared_priors(self, data: Instrumented) -> tuple[str, ...]:
        """Return the names of priors that are knowledge of the user: direct effects.

        Examples
        --------
        >>> model = Instrument(direct={"z1": 0.1})
        >>> model.declared_priors(model.simulate(seed=1, rows=50).data)
        ('direct_effect',)
        """
        return ("direct_effect",) if self.direct_effects else ()

    def hierarchical_priors(self, data: Instrumented) -> tuple[str, ...]:
        """Return no names: no prior is learned, given others above it.

        Examples
        --------
        >>> model = Instrument()
        >>> model.hierarchical_priors(model.simulate(seed=1, rows=50).data)
        ()
        """
        return ()

    def predictions(
        self, draws: xr.Dataset, data: Instrumented, rng: np.random.Generator
    ) -> tuple[Prediction, ...]:
        """Return the outcome by instrument, the reduced form, beside its replications.

        Parameters
        ----------
        draws : Dataset
        data : Instrumented
        rng : Generator
        """
        return predictions(self, draws, data, rng)

    def relaxations(self, data: Instrumented) -> tuple[Relaxation, ...]:
        """Return models without what is known of one direct effect.

        Examples
        --------
        >>> model = Instrument(direct={"z1": 0.0})
        >>> [each.name for each in model.relaxations(model.simulate(seed=1).data)]
        ['direct effect of z1']
        """
        return relaxations(self, data)

    def assumptions(self) -> tuple[Assumption, ...]:
        """Return the assumptions of the answer; those not used are not listed.

        Examples
        --------
        >>> Instrument().assumptions()[0].statement
        'The instruments affect the outcome only through the treatment.'
        """
        return assumptions(self)

    def assumptions_for(self, data: Instrumented) -> tuple[Assumption, ...]:
        """Return the assumptions in the words of these data, of one treatment or several.

        Parameters
        ----------
        data : Instrumented

        Examples
        --------
        >>> model = Instrument()
        >>> data = model.simulate(seed=1, instruments=3, treatments=2).data
        >>> model.assumptions_for(data)[-1].formula
        'Var(v)^(-1/2) Cov(v, u) / sd(u) ~ Uniform in the unit ball'
        """
        return assumptions_for(self, data)

    def estimands(self) -> Mapping[str, Estimand]:
        """Return the estimands by name.

        Examples
        --------
        >>> list(Instrument().estimands())[:3]
        ['effect', 'confounding', 'least_squares_bias']
        """
        return estimands(self)

    def exact_posterior(
        self, data: Instrumented
    ) -> Callable[[int, int, np.random.Generator], xr.Dataset]:
        """Return a function of chains, draws and a generator that draws independently.

        Examples
        --------
        >>> model = Instrument()
        >>> draw = model.exact_posterior(model.simulate(seed=1, rows=50).data)
        >>> draw(2, 100, np.random.default_rng(1))["effect"].shape
        (2, 100)
        """
        return form_of(self, data).exact_posterior(self, data)

    def recover_marginals(
        self, draws: xr.Dataset, data: Instrumented, rng: np.random.Generator
    ) -> xr.Dataset:
        """Return the draws with ρ and the expected F, which the graph integrates out.

        Parameters
        ----------
        draws : Dataset
        data : Instrumented
        rng : Generator
        """
        return form_of(self, data).recover_marginals(self, draws, data, rng)

    def with_proper_prior(self) -> Instrument:
        """Return the model with `effect_scale` fixed at 1, unless it is given or not used.

        Examples
        --------
        >>> Instrument(confounding="any").with_proper_prior().effect_scale
        1.0
        """
        if self.confounding == "uniform" or self.effect_scale is not None:
            return self
        return replace(self, effect_scale=1.0)

    def comparison_columns(
        self, table: pd.DataFrame, data: Instrumented
    ) -> Mapping[str, np.ndarray]:
        """Return how far each estimate lies from 2SLS (0) towards least squares (1).

        Parameters
        ----------
        table : DataFrame
            `mean`, `lower` and `upper` of each estimate.
        data : Instrumented

        Examples
        --------
        >>> import causalstats as cs
        >>> data = cs.Instrument().simulate(seed=1, rows=500).data
        >>> fit = cs.fit(cs.Instrument(), data, seed=1, progress=False)
        >>> fit.compare().loc[["2SLS", "least squares"], "pull to least squares"].tolist()
        [0.0, 1.0]
        """
        return comparison_columns(table, data)

    @checked(ModelError)
    def simulate(
        self,
        seed: Seed,
        rows: Count = 300,
        instruments: Count = 2,
        covariates: Annotated[int, Number(least=0, most=1000, whole=True)] = 1,
        treatments: Annotated[int, Number(least=1, most=100, whole=True)] = 1,
        design: Literal["weak", "prior"] = "weak",
    ) -> Simulation:
        """Return data with a known truth, with equal variances.

        Parameters
        ----------
        seed : int
        rows, instruments, covariates, treatments : int
            Not fewer instruments than treatments; with a designed first stage they are the
            directions that the augmentation changes, and there may be fewer.
        design : "weak" or "prior"
            ρ = .5, no effect and an expected first-stage F of 10; or a draw from the prior of the
            model, whose flat priors are fixed: the effect at 0, var(u) at 1.

        Raises
        ------
        ModelError
            If `direct` names an instrument other than z1, z2, ..., there are fewer instruments
            than treatments, or more than three treatments.

        Examples
        --------
        >>> simulation = Instrument().simulate(seed=1, rows=100)
        >>> simulation.truth["correlation"].item()
        0.5
        """
        names = [f"z{position + 1}" for position in range(instruments)]
        strange = [name for name in self.direct_effects if name not in names]
        if strange:
            raise ModelError(
                f"Simulated instruments are named {', '.join(names)}: expected `direct` of these, "
                f"got {strange[0]!r}."
            )
        if self.first_stage == "designed":
            sizes = (rows, instruments, covariates, treatments)
            return simulate_designed(self, seed, sizes, design)
        if treatments > MOST_TREATMENTS:
            raise ModelError(
                f"Expected at most {MOST_TREATMENTS} treatments, got {treatments}."
            )
        if instruments < treatments:
            raise ModelError(
                "Expected at least as many instruments as treatments, got "
                f"{instruments} and {treatments}."
            )
        return simulate(
            self,
            seed,
            rows=rows,
            instruments=instruments,
            covariates=covariates,
            treatments=treatments,
            design=design,
        )

    def causal_graph(self, data: Instrumented) -> nx.DiGraph[Any]:
        """Return the causal graph with the unobserved causes of treatment and outcome."""
        return causal_graph(self, data)

    def data_checks(self, data: Instrumented) -> tuple[Check, ...]:
        """Return checks of the instruments, the covariates and the errors.

        Examples
        --------
        >>> model = Instrument()
        >>> model.data_checks(model.simulate(seed=1).data)[0].name
        'the instruments bound the effect'
        """
        return data_checks(self, data)

    def posterior_checks(
        self, draws: xr.Dataset, data: Instrumented, rng: np.random.Generator
    ) -> tuple[Check, ...]:
        """Return whether the posterior leans on the limit of the prior of confounding.

        Parameters
        ----------
        draws : Dataset
        data : Instrumented
        rng : Generator
        """
        return posterior_checks(self, draws, data, rng)

    def baselines(self, data: Instrumented) -> Mapping[str, Baseline]:
        """Return the usual estimators of the same data, by name.

        Examples
        --------
        >>> model = Instrument()
        >>> list(model.baselines(model.simulate(seed=1).data))[:4]
        ['least squares', '2SLS', 'LIML', 'Fuller']
        """
        return baselines(self, data)

    def bayes_factor_of_no_confounding(self, data: Instrumented) -> float:
        """Return the Bayes factor of ρ = 0, in which least squares is right, against ρ uniform.

        Above 1 it speaks for least squares. Errors have equal variances, and instruments no direct
        effects. It is the question of the tests of Durbin, Wu and Hausman.

        Parameters
        ----------
        data : Instrumented

        Raises
        ------
        ModelError
            If there are several treatments.

        Examples
        --------
        >>> model = Instrument()
        >>> data = model.simulate(seed=1, rows=2000, design="weak").data
        >>> model.bayes_factor_of_no_confounding(data) < 1
        True
        """
        if len(data.treatments) > 1 or data.original is not None:
            raise ModelError(
                "The Bayes factor of no confounding is that of one treatment, got "
                f"{', '.join(map(repr, data.treatments))}. `fit.effect('confounding')` has the "
                "correlations of their errors with that of the outcome."
            )
        return no_confounding_bayes_factor(data.moments, self.first_stage_prior_scale)
