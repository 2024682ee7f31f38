"""Heckman's selection model: a number seen only for those somebody chose, or who chose themselves."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import ndtri

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
from causalstats.core.knowledge import Known, KnownNumber
from causalstats.core.prediction import Prediction
from causalstats.core.simulation import Simulation
from causalstats.data import Decisions
from causalstats.errors import ModelError
from causalstats.models.heckman.estimands import estimands, indices
from causalstats.models.heckman.normality_check import shape_check
from causalstats.models.shared.missing_rows import rows_left_out
from causalstats.models.shared.population import flat
from causalstats.numerics.sampling.posterior_predictive import (
    means_by_group,
    quantile_groups,
    rates_by_group,
)
from causalstats.numerics.selection import heckman_baselines as baselines
from causalstats.numerics.selection.heckman_likelihood import chance, log_likelihood

if TYPE_CHECKING:
    import networkx as nx
    import pymc as pm

_SD = 3.0  # of the priors, as in the paper: of coefficients, and of σ, in units of the outcome's scale
_REPLICATIONS = 400
_SHAPE = "joint normality"
_LIFTED = {
    "excluded": "exclusion of",
    "undecisive": "exclusion from the decision of",
    "expertise": "expertise on",
}
_CONFLICT = (
    "The data, under the other assumptions, say otherwise, joint normality among them: look at the shape of the outcome first, "
    "then check the source of this knowledge."
)
_NOT_LINEAR = (
    "Either the outcome is not linear in these features: add splines or interactions through `formula=`; or its errors are not "
    "Normal: see the check of their normality, and model the logarithm of an outcome that is positive and skewed."
)
_OF_THE_UNSEEN = (
    "outcome",
    "unseen_outcome",
    "mean",
    "unseen_mean",
    "outcome_coefficient",
    "correlation",
    "covariance",
    "response",
    "policy",
)
KnownMean = Annotated[Known | float, KnownNumber(Number())]


@dataclass(frozen=True, kw_only=True)
class Heckman:
    """A continuous outcome seen only where the decision was 1.

    Y_i = β_0 + x_i'β + u_i                    seen only where T_i = 1
    T_i = 1[γ_0 + x_i'γ + v_i > 0]
    (u_i, v_i) ~ Normal(0, [[σ², κσ], [κσ, 1]])
    β_0, β ~ Normal(0, 3), σ ~ half-Normal(3), both in units of the outcome's scale; γ_0, γ ~ Normal(0, 3); κ ~ Uniform

    It is the model of `SelectiveLabels` with Y = r and a Normal unobservable: P(T=1 | Y) = Φ(αY + Δ_0 + x'Δ), where α = κ / (σ √(1-κ²)) and
    Δ = γ / √(1-κ²) - αβ. What a feature is known to be spared is an exclusion (its β is 0) or expertise (its Δ is 0, so γ = βκ/σ).

    Parameters
    ----------
    mean : Known, float or None
        E[Y] in the population the rows stand for, or in `data.with_reference(...)`.
    excluded : sequence of str
        Features that affect the decision and not the outcome.
    undecisive : sequence of str
        Features that affect the outcome and not the decision: they are left out of the selection equation, their γ is 0. This makes the
        estimate of the selection equation more precise, but unlike `excluded` it does not identify the correlation.
    expertise : sequence of str
        Features on which the decision follows the outcome and nothing else.
    expertise_sd : float
        How nearly: with τ > 0 their Δ ~ Normal(0, τ²).
    selection : "any" or "positive"
        Whether those decided for may have the lower outcomes at the same features (κ on (-1, 1)), or not (κ on (0, 1), as in the paper).
    outcome_scale : (location, scale) or None
        Of the outcome, for the priors; the mean and standard deviation of those seen unless given.

    References
    ----------
    Heckman (1979), Sample selection bias as a specification error, Econometrica 47(1). Balachandar, Garg & Pierson (2024), Domain constraints
    improve risk prediction when outcome data is missing, ICLR, proposition 3.1.
    """

    mean: KnownMean | None = None
    excluded: Sequence[Name] = ()
    undecisive: Sequence[Name] = ()
    expertise: Sequence[Name] = ()
    expertise_sd: NotNegative = 0.0
    selection: Literal["any", "positive"] = "any"
    outcome_scale: tuple[Finite, Positive] | None = None

    headline = "unseen_mean"
    data_class = Decisions
    simulation_defaults = {"people": 500}

    def __post_init__(self) -> None:
        check_fields(self, ModelError)
        roles = {"excluded": self.excluded, "undecisive": self.undecisive}
        roles["expertise"] = self.expertise
        for first, second in itertools.combinations(roles, 2):
            both = sorted({*roles[first]} & {*roles[second]})
            if both:
                raise ModelError(
                    f"{both[0]!r} is listed in `{first}` and in `{second}`: it then affects neither outcome nor decision. Leave it out of the features."
                )

    def inputs(self, data: Decisions) -> dict[str, np.ndarray]:
        """The people, sorted by whether their outcome was seen, and what is known, in units of the outcome's scale."""
        if data.binary:
            raise ModelError(
                "`Heckman` is for an outcome that is a number; for 0/1 use `SelectiveLabels`, or read it with `kind='continuous'`."
            )
        location, scale = self._units(data)
        people = data.population
        values: dict[str, Any] = {
            "features_seen": data.matrix[data.decision],
            "features_unseen": data.matrix[~data.decision],
            "outcome": (data.outcome[data.decision] - location) / scale,
            "policy_sd": self._policy_sd(data),
            "decisive": ~data.are_of(self.undecisive),
            "outcome_units": [location, scale],
            "middle": data.matrix.mean(axis=0),
        }
        if isinstance(self.mean, Known):
            values |= {
                "average_features": people.weights @ people.matrix / people.weights.sum(),
                "known_mean": (self.mean.value - location) / scale,
            }
            if not self.mean.exact:
                values["known_mean_sd"] = self.mean.sd / scale
        return {name: np.asarray(value, float) for name, value in values.items()}

    def build(self, data: Decisions) -> pm.Model:
        """The PyMC graph on these data."""
        import pymc as pm
        import pytensor.tensor as pt
        from pymc.distributions.dist_math import normal_lcdf

        included = self._included(data)
        with pm.Model(coords={"feature": list(data.features)}) as graph:
            given = {name: pm.Data(name, value) for name, value in self.inputs(data).items()}
            location, scale, middle = (
                given["outcome_units"][0],
                given["outcome_units"][1],
                given["middle"],
            )
            beta = pt.zeros(len(data.features))[included].set(
                pm.Normal("standard_coefficient", 0, _SD, shape=len(included))
            )
            sigma = pm.HalfNormal("standard_sd", _SD)
            if not isinstance(self.mean, Known):
                # Intercepts are sampled at the mean of the features, where they owe nothing to the slopes; their priors stay at x = 0.
                intercept = pm.Normal("standard_middle", middle @ beta, _SD) - middle @ beta
            else:
                mean = given["known_mean"]
                if not self.mean.exact:
                    mean = pm.Normal("standard_mean", mean, given["known_mean_sd"])
                    pm.Deterministic("population_mean", location + scale * mean)
                intercept = mean - given["average_features"] @ beta
            kappa = pm.Uniform("correlation", -1 if self.selection == "any" else 0, 1)
            spread = pt.sqrt(1 - kappa**2)
            sampled, sd = (
                pm.Normal(
                    "sampled_selection",
                    0,
                    pt.switch(given["policy_sd"] < 0, _SD, 1.0),
                    dims="feature",
                ),
                given["policy_sd"],
            )
            gamma = given["decisive"] * pt.switch(
                sd < 0, sampled, beta * kappa / sigma + spread * sd * sampled
            )
            index = pm.Deterministic(
                "selection_intercept",
                pm.Normal("selection_middle", middle @ gamma, _SD) - middle @ gamma,
            )
            error = (given["outcome"] - intercept - given["features_seen"] @ beta) / sigma
            pm.Potential(
                "outcomes",
                -(error**2 + np.log(2 * np.pi)).sum() / 2
                - given["outcome"].shape[0] * pt.log(sigma),
            )
            pm.Potential(
                "seen",
                normal_lcdf(
                    0, 1, (index + given["features_seen"] @ gamma + kappa * error) / spread
                ).sum(),
            )
            pm.Potential(
                "unseen", normal_lcdf(0, 1, -index - given["features_unseen"] @ gamma).sum()
            )
            pm.Deterministic("outcome_coefficient", scale * beta, dims="feature")
            pm.Deterministic("outcome_intercept", location + scale * intercept)
            pm.Deterministic("outcome_sd", scale * sigma)
            pm.Deterministic("selection_coefficient", gamma, dims="feature")
            # Of what expertise is known on, Δ itself, and not a difference that is 0 but for rounding.
            policy = pt.switch(sd < 0, (gamma - beta * kappa / sigma) / spread, sd * sampled)
            pm.Deterministic("policy_coefficient", policy, dims="feature")
        return graph

    def _units(self, data: Decisions) -> tuple[float, float]:
        seen = data.outcome[data.decision]
        location, scale = self.outcome_scale or (seen.mean(), seen.std())
        if not scale > 0:
            raise ModelError(
                f"All {len(seen):,} outcomes that were seen are {location:g}: nothing can be learned about how they vary."
            )
        return float(location), float(scale)

    def _included(self, data: Decisions) -> np.ndarray:
        """Positions of the columns that may affect the outcome."""
        return np.flatnonzero(~data.are_of(self.excluded))

    def _policy_sd(self, data: Decisions) -> np.ndarray:
        """Prior standard deviation of Δ on the columns of expertise; -1 where γ has a prior of its own."""
        return np.where(data.are_of(self.expertise), float(self.expertise_sd), -1.0)

    def assumptions(self) -> tuple[Assumption, ...]:
        """What the answer stands on; what is not used is not listed."""
        listed = [
            Assumption(
                name="joint normality",
                statement="What the features leave open of the outcome and of the decision is jointly Normal, and independent of the features.",
                if_wrong="Without an exclusion, expertise or a known mean, the answer rests on this shape alone, and another shape gives another answer.",
                formula="(u, v) ~ Normal(0, [[σ², κσ], [κσ, 1]])",
            ),
            Assumption(
                name="linear outcome",
                statement="The outcome, and the index of the decision, are linear in the coded features.",
                if_wrong="Curvature looks like selection. Use a formula with splines.",
                formula="Y = β_0 + x'β + u, T = 1[γ_0 + x'γ + v > 0]",
            ),
        ]
        if self.selection == "positive":
            listed.append(
                Assumption(
                    name="positive selection",
                    statement="At the same features, those decided for have the higher outcomes.",
                    if_wrong="If they have the lower ones, the model cannot say so.",
                    formula="κ > 0",
                )
            )
        if self.mean is not None:
            listed.append(
                Assumption(
                    name="mean",
                    statement=f"The mean of the outcome in the population is {self.mean}.",
                    if_wrong="Every unseen outcome moves with it, in full.",
                    formula="Σ w_i (β_0 + x_i'β) = E[Y]",
                )
            )
        if self.excluded:
            listed.append(
                Assumption(
                    name="exclusion",
                    statement=f"{', '.join(self.excluded)} affect the decision and not the outcome.",
                    if_wrong="What they do to the outcome is then taken for selection.",
                    formula="β = 0 for " + ", ".join(self.excluded),
                )
            )
        if self.undecisive:
            listed.append(
                Assumption(
                    name="exclusion from the decision",
                    statement=f"{', '.join(self.undecisive)} affect the outcome and not the decision.",
                    if_wrong="What they do to the decision is then taken for what its other features do.",
                    formula="γ = 0 for " + ", ".join(self.undecisive),
                )
            )
        if self.expertise:
            listed.append(
                Assumption(
                    name="expertise",
                    statement=f"On {', '.join(self.expertise)}, the decision follows the outcome and nothing else.",
                    if_wrong="A feature that drives the decision for another reason then shifts its own coefficient in the outcome.",
                    formula=f"Δ {'= 0' if self.expertise_sd == 0 else f'~ Normal(0, {self.expertise_sd:g}²)'} for "
                    + ", ".join(self.expertise),
                )
            )
        return tuple(listed)

    def estimands(self) -> Mapping[str, Estimand]:
        """What can be asked of a fit."""
        stands_on = tuple(assumption.name for assumption in self.assumptions())
        return {
            name: replace(estimand, assumptions=stands_on) for name, estimand in estimands().items()
        }

    def parameters(self, data: Decisions) -> tuple[str, ...]:
        """Names in the posterior whose prior and posterior are compared, and whose sampling is checked."""
        names = [
            "outcome_coefficient",
            "outcome_sd",
            "selection_intercept",
            "selection_coefficient",
            "correlation",
        ]
        if not (isinstance(self.mean, Known) and self.mean.exact):
            names.append("outcome_intercept" if self.mean is None else "population_mean")
        return tuple(names)

    def priors(self, data: Decisions) -> dict[str, Any]:
        """Prior standard deviations of `parameters()`, NaN where a parameter is fixed or follows from others."""
        scale = self._units(data)[1]
        sds: dict[str, Any] = {
            "outcome_coefficient": np.where(data.are_of(self.excluded), np.nan, _SD * scale),
            "outcome_sd": _SD * scale * np.sqrt(1 - 2 / np.pi),
            "selection_intercept": _SD,
            "selection_coefficient": np.where(
                (self._policy_sd(data) < 0) & ~data.are_of(self.undecisive), _SD, np.nan
            ),
            "correlation": (2 if self.selection == "any" else 1) / np.sqrt(12),
            "outcome_intercept": _SD * scale,
            "population_mean": self.mean.sd if isinstance(self.mean, Known) else np.nan,
        }
        return {name: sds[name] for name in self.parameters(data)}

    @checked(ModelError)
    def simulate(
        self,
        seed: Seed,
        people: Count = 5000,
        features: Count = 4,
        design: Literal["paper", "prior"] = "paper",
    ) -> Simulation:
        """Data with a known truth; features x1, x2, ... ~ Normal(0, 1).

        The synthetic design of the paper: β ~ Normal(0, 1) with intercept Normal(-2, 0.1); σ ~ Normal(2, 0.1), covariance κσ ~ Normal(1, 0.1);
        γ ~ Normal(0, 1) on the first feature, Δ = 0 on the others, γ_0 ~ Normal(2, 0.1). Or "prior", this model's own, which needs an
        `outcome_scale`.
        """
        if design == "prior" and self.outcome_scale is None:
            raise ModelError(
                "The prior is in units of the outcome: expected `outcome_scale=(location, scale)` to draw from it."
            )
        rng = np.random.default_rng(seed)
        names = [f"x{k + 1}" for k in range(features)]
        x = rng.standard_normal((people, features))
        parameters = _paper(rng, features) if design == "paper" else self._prior(rng, x, names)
        kappa = parameters["correlation"]
        u = rng.standard_normal(people)
        v = kappa * u + np.sqrt(1 - kappa**2) * rng.standard_normal(people)
        outcome = (
            parameters["outcome_intercept"]
            + x @ parameters["outcome_coefficient"]
            + parameters["outcome_sd"] * u
        )
        decision = (
            parameters["selection_intercept"] + x @ parameters["selection_coefficient"] + v > 0
        )
        frame = pd.DataFrame(x, columns=names).assign(
            seen=decision.astype(int), outcome=np.where(decision, outcome, np.nan)
        )
        data = Decisions.from_frame(
            frame,
            outcome="outcome",
            decision="seen",
            features=names,
            standardise=False,
            kind="continuous",
        )
        truth = xr.Dataset(
            {
                name: (
                    ("chain", "draw", *["feature"] * np.ndim(value)),
                    np.asarray(value, float)[None, None],
                )
                for name, value in parameters.items()
            },
            coords={"feature": names},
        )
        return Simulation(
            data=data,
            truth=truth,
            realised={
                "mean": float(outcome.mean()),
                "unseen_mean": float(outcome[~decision].mean()),
            },
        )

    def _prior(self, rng: np.random.Generator, x: np.ndarray, names: list[str]) -> dict[str, Any]:
        location, scale = self.outcome_scale or (0.0, 1.0)
        beta = np.where(np.isin(names, self.excluded), 0, rng.normal(0, _SD, len(names)))
        sigma, kappa = abs(rng.normal(0, _SD)), rng.uniform(-1 if self.selection == "any" else 0, 1)
        sampled = rng.standard_normal(len(names))
        expert, spread = np.isin(names, self.expertise), np.sqrt(1 - kappa**2)
        by_outcome, delta = beta * kappa / sigma, self.expertise_sd * sampled
        gamma = np.where(expert, by_outcome + spread * delta, _SD * sampled)
        gamma[np.isin(names, self.undecisive)] = 0.0
        parameters = {
            "outcome_coefficient": scale * beta,
            "outcome_sd": scale * sigma,
            "correlation": kappa,
            "selection_coefficient": gamma,
            "policy_coefficient": np.where(expert, delta, (gamma - by_outcome) / spread),
            "selection_intercept": rng.normal(0, _SD),
        }
        if isinstance(self.mean, Known):
            parameters["population_mean"] = rng.normal(self.mean.value, self.mean.sd)
            return parameters | {
                "outcome_intercept": parameters["population_mean"]
                - (x @ parameters["outcome_coefficient"]).mean()
            }
        return parameters | {"outcome_intercept": location + scale * rng.normal(0, _SD)}

    def log_likelihood(self, draws: xr.Dataset, data: Decisions) -> xr.DataArray:
        """Σ_i log p(T_i, Y_i where seen) of every draw."""
        values = log_likelihood(
            data.outcome,
            data.decision,
            *indices(draws, data.people()),
            flat(draws, "outcome_sd"),
            flat(draws, "correlation"),
        )
        return xr.DataArray(
            values.sum(axis=-1).reshape(draws.sizes["chain"], -1), dims=("chain", "draw")
        )

    def causal_graph(self, data: Decisions) -> nx.DiGraph:
        """Who affects whom: outcome and decision share what is not seen."""
        import networkx as nx

        graph = nx.DiGraph()
        outcome, decision = data.arguments["outcome"], data.arguments["decision"]
        common = [name for name in data.design.variables if name not in self.excluded]
        graph.add_node("features", label=", ".join(common), role="observed")
        graph.add_node("unobservable", label="what outcome and decision share", role="hidden")
        graph.add_node("decision", label=f"decision: {decision}", role="observed")
        graph.add_node(
            "outcome", label=f"outcome: {outcome} (seen if {decision} = 1)", role="selected"
        )
        graph.add_edges_from(
            [
                ("features", "outcome"),
                ("features", "decision"),
                ("unobservable", "outcome"),
                ("unobservable", "decision"),
            ]
        )
        if self.excluded:
            graph.add_node("excluded", label=", ".join(self.excluded), role="observed")
            graph.add_edge("excluded", "decision")
        return graph

    def baselines(self, data: Decisions) -> Mapping[str, Callable]:
        """Least squares on those seen, and Heckman's two steps, as draws of the mean of the others."""
        included = self._included(data)
        return {
            name: partial(rule, data.matrix, included, data.decision, data.outcome, data.weights)
            for name, rule in baselines.RULES.items()
        }

    def predictions(
        self, draws: xr.Dataset, data: Decisions, rng: np.random.Generator
    ) -> tuple[Prediction, ...]:
        """Decision rate, and mean outcome of those seen, by decile of expected outcome, with replications."""
        size = draws.sizes["draw"]
        chosen = rng.choice(
            draws.sizes["chain"] * size,
            min(_REPLICATIONS, draws.sizes["chain"] * size),
            replace=False,
        )
        draws = draws.isel(
            chain=xr.DataArray(chosen // size, dims="draw"),
            draw=xr.DataArray(chosen % size, dims="draw"),
        )
        draws = draws.drop_vars("chain", errors="ignore").expand_dims("chain")
        mean, index = indices(draws, data.people())
        groups, seen = quantile_groups(mean.mean(axis=0), 10), data.decision
        sigma, kappa = (flat(draws, name) for name in ("outcome_sd", "correlation"))
        # Of those seen, v is a Normal cut at -index; u given v is Normal.
        lower = chance(-index[:, seen])
        v = ndtri(np.clip(lower + rng.random(lower.shape) * (1 - lower), 1e-15, 1 - 1e-15))
        outcomes = mean[:, seen] + sigma * (
            kappa * v + np.sqrt(1 - kappa**2) * rng.standard_normal(lower.shape)
        )
        decided = rates_by_group(seen, chance(index), groups, rng)
        found = means_by_group(data.outcome[seen], outcomes, groups[seen])
        names = (
            "decision rate by decile of expected outcome",
            "mean outcome of those seen by decile of expected outcome",
        )
        return tuple(
            Prediction(
                name=name,
                groups=tuple(str(label + 1) for label in rate["groups"]),
                observed=rate["observed"],
                size=rate["size"],
                replicated=rate["replicated"],
                remedy=_NOT_LINEAR,
            )
            for name, rate in zip(names, (decided, found), strict=True)
        )

    def data_checks(self, data: Decisions) -> tuple[Check, ...]:
        """Return what those seen show of the shape of the errors, and whether that alone identifies the answer."""
        left_out = rows_left_out(data)
        shape = replace(shape_check(self, data), estimands=_OF_THE_UNSEEN, assumption=_SHAPE)
        if self.mean is not None or self.excluded or self.expertise:
            return (*left_out, shape)
        return (
            *left_out,
            shape,
            Check(
                name="identified by joint normality alone",
                passed=None,
                value=None,
                expected="an exclusion, a known mean or expertise",
                finding="no feature is excluded from the outcome, no mean is known and no expertise: the data alone cannot tell "
                "selection from errors of another shape",
                remedy="Name a feature that moves the decision and not the outcome, `excluded=[...]`, or give the mean of the "
                "population, `mean=Known(...)`.",
                estimands=_OF_THE_UNSEEN,
                caution=True,
            ),
        )

    def unused_fields(self, data: Decisions) -> dict[str, str]:
        """Return the fields that cannot change the answer, each with the reason."""
        return {} if self.expertise else {"expertise_sd": "there is no `expertise`."}

    def relaxations(self, data: Decisions) -> tuple[Relaxation, ...]:
        """The model without each piece of outside knowledge in turn."""
        lifted = []
        if isinstance(self.mean, Known):
            location, scale = self._units(data)
            model = replace(self, mean=Known(location, sd=10 * scale))
            lifted.append(
                Relaxation(
                    name="mean",
                    model=model,
                    estimand="mean",
                    known=self.mean,
                    suspect=_SHAPE,
                    remedy=_CONFLICT,
                )
            )
        for field, estimand, sd in (
            ("excluded", "outcome_coefficient", 0.0),
            ("undecisive", "selection_coefficient", 0.0),
            ("expertise", "policy", self.expertise_sd),
        ):
            for feature in getattr(self, field):
                rest = tuple(other for other in getattr(self, field) if other != feature)
                labels = tuple(data.features[column] for column in data.columns_of(feature))
                name = f"{_LIFTED[field]} {feature}"
                change: dict[str, Any] = {field: rest}
                lifted.append(
                    Relaxation(
                        name=name,
                        model=replace(self, **change),
                        estimand=estimand,
                        known=Known(0.0, sd=sd),
                        labels=labels,
                        suspect="" if field == "undecisive" else _SHAPE,
                        remedy=_CONFLICT,
                    )
                )
        return tuple(lifted)


def _paper(rng: np.random.Generator, features: int) -> dict[str, Any]:
    sigma, covariance, intercept, selection_intercept = rng.normal([2.0, 1.0, -2.0, 2.0], 0.1)
    beta, free, kappa = rng.standard_normal(features), np.arange(features) == 0, covariance / sigma
    gamma = np.where(free, rng.standard_normal(features), beta * kappa / sigma)
    return {
        "outcome_coefficient": beta,
        "outcome_intercept": intercept,
        "outcome_sd": sigma,
        "correlation": kappa,
        "selection_coefficient": gamma,
        "policy_coefficient": np.where(
            free, (gamma - beta * kappa / sigma) / np.sqrt(1 - kappa**2), 0.0
        ),
        "selection_intercept": selection_intercept,
    }
