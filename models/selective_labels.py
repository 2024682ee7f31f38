"""Selective labels: the graph, what it assumes, what it answers, and what it can be drawn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.data import Decisions
from causalstats.errors import ModelError
from causalstats.model import Assumption, Estimand, Known, Prediction, Relaxation, Simulation
from causalstats.numerics import selection_baselines as baselines
from causalstats.numerics.predictive import quantile_groups, rates_by_group
from causalstats.numerics.uniform_unobservable import probability

if TYPE_CHECKING:
    import networkx as nx
    import pymc as pm

COEFFICIENT_SD = 3.0
SCALE_SD = 3.0
NO_UNOBSERVABLE = 1e-9  # σ = 0 is its limit, which the formulas have reached here to all digits
_REPLICATIONS = 400
_MOST_NUMBERS = 64_000_000


@dataclass(frozen=True, kw_only=True)
class SelectiveLabels:
    """Risk when the outcome is seen only for the cases somebody chose to test.

    r_i = β_0 + x_i'β_Y + Z_i            risk on the log-odds scale; Z_i is seen by whoever decides, not by us
    Y_i ~ Bernoulli(logistic(r_i))       seen only where T_i = 1
    T_i ~ Bernoulli(logistic(r_i + Δ_0 + x_i'Δ))
    Z_i ~ Uniform(0, σ)                  integrated out
    β_Y, Δ_0, Δ ~ Normal(0, 3),  σ ~ half-Normal(3)

    The intercept β_0 is solved from the prevalence Σ_i w_i P(Y_i=1 | x_i) = π at every step, where π is known, exactly or with a Beta
    distribution; it has a Normal(0, 3) prior where nothing is known. Sampled are β_Y, the testing equation's coefficients
    β_T = β_Y + Δ, its intercept at the middle of Z, and σ: a geometry without the ridge of the original one, and the same prior.

    Parameters
    ----------
    prevalence : Known, float or None
        E[Y] in the population the rows stand for: exact, with a standard deviation, or not known.
    expertise : sequence of str
        Features on which testing deviates from risk in no way: their Δ is 0.
    unobserved_scale : Known, float or None
        σ: inferred (None) or known exactly; 0 means that nothing but the features drives both.

    References
    ----------
    Balachandar, Garg & Pierson (2024), Domain constraints improve risk prediction when outcome data is missing, ICLR. Here
    with their α = 1 and uniform Z. The prevalence is a prior on π where theirs is a quadratic penalty on the log posterior.
    """

    prevalence: Known | float | None = None
    expertise: tuple[str, ...] = ()
    unobserved_scale: Known | float | None = None

    headline = "untested_prevalence"

    def __post_init__(self) -> None:
        if isinstance(self.expertise, str):
            raise ModelError(f"Expected expertise as a list of feature names, got the text {self.expertise!r}; write [{self.expertise!r}].")
        object.__setattr__(self, "expertise", tuple(self.expertise))
        object.__setattr__(self, "prevalence", _known(self.prevalence))
        object.__setattr__(self, "unobserved_scale", _known(self.unobserved_scale))
        prevalence, scale = self.prevalence, self.unobserved_scale
        if isinstance(prevalence, Known):
            if not 0 < prevalence.value < 1:
                raise ModelError(f"Expected a prevalence between 0 and 1, got {prevalence.value:g}. Give it as a proportion: 2 % is 0.02.")
            if prevalence.sd**2 >= prevalence.value * (1 - prevalence.value):
                raise ModelError(
                    f"No distribution on (0, 1) has mean {prevalence.value:g} and standard deviation {prevalence.sd:g}; "
                    f"expected less than {np.sqrt(prevalence.value * (1 - prevalence.value)):.3g}."
                )
        if isinstance(scale, Known) and (scale.value < 0 or not scale.exact):
            raise ModelError(f"Expected `unobserved_scale` as None or an exact number of 0 or more, got {scale}.")

    def build(self, data: Decisions) -> pm.Model:
        """The PyMC graph on these data; the people are sorted by what was seen of them."""
        import pymc as pm

        from causalstats.numerics.selection_ops import log_likelihood, prevalence_intercept

        self._refuse_impossible(data)
        seen = {"untested": ~data.decision, "negative": data.outcome == 0, "positive": data.outcome == 1}
        with pm.Model(coords={"feature": list(data.features)}) as graph:
            people = {name: pm.Data(f"features_{name}", data.matrix[rows]) for name, rows in seen.items()}
            risk = pm.Normal("risk_coefficient", 0, COEFFICIENT_SD, dims="feature")
            scale = self._scale(pm)
            if isinstance(self.prevalence, Known):
                everybody = pm.Data("features", data.matrix)
                weights = pm.Data("weights", data.weights / data.weights.sum())
                middle = prevalence_intercept(self._prevalence(pm, self.prevalence), everybody @ risk, scale, weights)
            else:
                middle = pm.Normal("middle_intercept", scale / 2, COEFFICIENT_SD)
            testing_middle = pm.Normal("testing_middle", middle, COEFFICIENT_SD)
            # Where it is 0 the coefficient of testing is that of risk, and the variable drawn for it has no use: every set of
            # expert features is then the same program, with another constant.
            free = pm.Data("policy_is_free", self._free(data).astype(float))
            testing = risk + free * (pm.Normal("testing_coefficient", free * risk, COEFFICIENT_SD, dims="feature") - risk)
            pm.Deterministic("risk_intercept", middle - scale / 2)
            pm.Deterministic("policy_intercept", testing_middle - middle)
            pm.Deterministic("policy_coefficient", testing - risk, dims="feature")
            pm.Deterministic("unobserved_width", scale)
            for name, features in people.items():
                lower = middle - scale / 2 + features @ risk
                pm.Potential(name, log_likelihood(name, lower, testing_middle - scale / 2 + features @ testing, scale))
        return graph

    def _scale(self, pm: Any) -> Any:
        if isinstance(self.unobserved_scale, Known):
            return pm.Data("known_unobserved_scale", max(self.unobserved_scale.value, NO_UNOBSERVABLE))
        # log(e^σ - 1) and not log σ: the posterior is nearly Gaussian in σ on the right, where a logarithm would bend it.
        return pm.HalfNormal("unobserved_scale", SCALE_SD, default_transform=pm.distributions.transforms.log_exp_m1)

    def _prevalence(self, pm: Any, known: Known) -> Any:
        value = pm.Data("known_prevalence", known.value)
        if known.exact:
            return value
        return pm.Beta("population_prevalence", mu=value, sigma=pm.Data("known_prevalence_sd", known.sd))

    def _free(self, data: Decisions) -> np.ndarray:
        """Per coded feature, whether testing may deviate from risk on it."""
        expert = [column for feature in self.expertise for column in data.columns_of(feature)]
        return ~np.isin(np.arange(len(data.features)), expert)

    def _refuse_impossible(self, data: Decisions) -> None:
        if not isinstance(self.prevalence, Known):
            return
        share = data.weights / data.weights.sum()
        for seen, limit, side in ((1, self.prevalence.value, "positive"), (0, 1 - self.prevalence.value, "negative")):
            found = share[data.outcome == seen].sum()
            slack = 4 * np.sqrt(found * (1 - found) * (share**2).sum() + self.prevalence.sd**2)
            if limit + slack < found:
                raise ModelError(
                    f"prevalence={self.prevalence.value:g} is impossible here: {found:.2%} of everybody was already tested {side}, and that is "
                    f"more than {limit:.2%}. Check that it is a proportion, of this population and this outcome; `Known(..., sd=...)` says how sure it is."
                )

    def assumptions(self) -> tuple[Assumption, ...]:
        """What the answer stands on; expertise and prevalence only where they are used."""
        listed = [_ONE_UNOBSERVABLE, _LINEAR]
        if isinstance(self.prevalence, Known):
            listed.append(
                Assumption(
                    name="prevalence",
                    statement=f"The prevalence of the outcome in the population is {self.prevalence}.",
                    if_wrong="Every risk of the untested moves with it, in full: the sensitivity table shows how far.",
                    formula="Σ w_i P(Y_i=1 | x_i) = π",
                )
            )
        if self.expertise:
            listed.append(
                Assumption(
                    name="expertise",
                    statement=f"On {', '.join(self.expertise)}, testing follows risk: who is tested depends on them only through the risk they carry.",
                    if_wrong="A feature that drives testing for another reason (access, age limits) then shifts its own risk coefficient.",
                    formula="Δ = 0 for " + ", ".join(self.expertise),
                )
            )
        return tuple(listed)

    def estimands(self) -> Mapping[str, Estimand]:
        """What can be asked of a fit."""
        stands_on = tuple(assumption.name for assumption in self.assumptions())
        return {name: replace(estimand, assumptions=stands_on) for name, estimand in _ESTIMANDS.items()}

    def parameters(self) -> tuple[str, ...]:
        """Names in the posterior whose prior and posterior are compared, and whose sampling is checked."""
        names = ["risk_coefficient", "policy_intercept", "policy_coefficient"]
        if self.unobserved_scale is None:
            names.append("unobserved_scale")
        if not (isinstance(self.prevalence, Known) and self.prevalence.exact):
            names.append("population_prevalence" if self.prevalence is not None else "middle_intercept")
        return tuple(names)

    def priors(self, data: Decisions) -> dict[str, Any]:
        """Prior standard deviations of `parameters()`, NaN where a parameter is fixed."""
        half_normal = np.sqrt(1 - 2 / np.pi)
        sds: dict[str, Any] = {
            "risk_coefficient": COEFFICIENT_SD,
            "policy_intercept": COEFFICIENT_SD,
            "policy_coefficient": np.where(self._free(data), COEFFICIENT_SD, np.nan),
            "unobserved_scale": SCALE_SD * half_normal,
            "population_prevalence": self.prevalence.sd if isinstance(self.prevalence, Known) else np.nan,
            "middle_intercept": np.hypot(COEFFICIENT_SD, SCALE_SD * half_normal / 2),
        }
        return {name: sds[name] for name in self.parameters()}

    def simulate(self, seed: int, people: int = 5000, features: int = 4) -> Simulation:
        """The synthetic design of the paper (N = 5000, five coefficients with the intercept), its α held at 1.

        x ~ Normal(0, 1); β_Y ~ Normal(0, 1) with intercept Normal(-2, 0.1); Δ ~ Normal(0, 1) on the first feature only, 0 on the others, with
        intercept Normal(2, 0.1); σ ~ Normal(2, 0.1). Features are called x1, x2, ...; the truth goes by the names of the posterior.
        """
        if people < 2 or features < 1:
            raise ModelError(f"Expected at least 2 people and 1 feature, got people={people}, features={features}.")
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((people, features))
        scale, intercept, policy_intercept = rng.normal([2.0, -2.0, 2.0], 0.1)
        risk = rng.standard_normal(features)
        policy = np.where(np.arange(features) == 0, rng.standard_normal(features), 0.0)
        logit = intercept + x @ risk + rng.uniform(0, scale, people)
        outcome = rng.random(people) < _logistic(logit)
        decision = rng.random(people) < _logistic(logit + policy_intercept + x @ policy)
        names = [f"x{k + 1}" for k in range(features)]
        frame = pd.DataFrame(x, columns=names).assign(tested=decision.astype(int), outcome=np.where(decision, outcome, np.nan))
        data = Decisions.from_frame(frame, outcome="outcome", decision="tested", features=names, standardise=False)
        truth = {
            "risk_coefficient": risk,
            "risk_intercept": intercept,
            "policy_coefficient": policy,
            "policy_intercept": policy_intercept,
            "unobserved_scale": scale,
            "prevalence": outcome.mean(),
            "untested_prevalence": outcome[~decision].mean(),
        }
        return Simulation(data=data, truth=truth)

    def diagram(self, data: Decisions) -> nx.DiGraph:
        """Who affects whom: the risk and what the decision-maker alone sees are hidden, the outcome is seen for some."""
        import networkx as nx

        graph = nx.DiGraph()
        outcome, decision = data.arguments["outcome"], data.arguments["decision"]
        graph.add_node("features", label=", ".join(data.design.variables), role="observed")
        graph.add_node("unobservable", label="Z: what only the decision-maker sees", role="hidden")
        graph.add_node("risk", label="risk", role="hidden")
        graph.add_node("decision", label=f"decision: {decision}", role="observed")
        graph.add_node("outcome", label=f"outcome: {outcome} (seen if {decision} = 1)", role="selected")
        graph.add_edges_from([("features", "risk"), ("unobservable", "risk"), ("risk", "outcome"), ("risk", "decision")])
        free = [name for name in data.design.variables if name not in self.expertise]
        if free:
            graph.add_edge("features", "decision", label="Δ: " + ", ".join(free))
        return graph

    def alternatives(self, data: Decisions) -> Mapping[str, Callable]:
        """Tested only, untested = negative, and inverse probability weighting, as draws of the risk of the untested."""
        return {name: partial(rule, data.matrix, data.decision, data.outcome, data.weights) for name, rule in baselines.RULES.items()}

    def predictions(self, draws: xr.Dataset, data: Decisions, rng: np.random.Generator) -> tuple[Prediction, ...]:
        """Decision rate, and positive rate of the tested, by decile of posterior mean risk, with replications."""
        total = draws.sizes["chain"] * draws.sizes["draw"]
        chosen = rng.choice(total, min(_REPLICATIONS, total), replace=False)
        logits, tested = [values[chosen] for values in _logits(draws, data.matrix)], data.decision
        groups = quantile_groups(probability("positive", *logits).mean(axis=0), 10)
        decided = rates_by_group(tested, 1 - probability("untested", *logits), groups, rng)
        found = rates_by_group(data.outcome[tested] == 1, probability("tested_positive", *logits)[:, tested], groups[tested], rng)
        names = ("decision rate by decile of risk", "positive rate of the tested by decile of risk")
        return tuple(_prediction(name, rates) for name, rates in zip(names, (decided, found), strict=True))

    def relaxations(self, data: Decisions) -> tuple[Relaxation, ...]:
        """The model without each piece of outside knowledge in turn: any prevalence as likely as another; testing free on a feature."""
        lifted = []
        if isinstance(self.prevalence, Known):
            lifted.append(Relaxation(name="prevalence", model=replace(self, prevalence=Known.beta(1, 1)), estimand="prevalence", known=self.prevalence))
        for feature in self.expertise:
            rest = tuple(other for other in self.expertise if other != feature)
            labels = tuple(data.features[column] for column in data.columns_of(feature))
            model = replace(self, expertise=rest)
            lifted.append(Relaxation(name=f"expertise on {feature}", model=model, estimand="testing_policy", known=Known(0.0), labels=labels))
        return tuple(lifted)


def _logits(draws: xr.Dataset, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits of risk and of testing at the middle of Z, (draws, N), and σ, (draws, 1), chain by chain."""
    flat = draws.stack(sample=("chain", "draw")).transpose("sample", ...)
    risk, policy = flat["risk_coefficient"].to_numpy(), flat["policy_coefficient"].to_numpy()
    scale = flat["unobserved_width"].to_numpy()[:, None]
    middle = flat["risk_intercept"].to_numpy()[:, None] + scale / 2 + risk @ matrix.T
    return middle, middle + flat["policy_intercept"].to_numpy()[:, None] + policy @ matrix.T, scale


def _per_person(draws: xr.Dataset, matrix: np.ndarray, rows: np.ndarray, what: str) -> xr.DataArray:
    """Draws (chain, draw, person) of a probability; thinned alike in every chain where they would take more than half a gigabyte."""
    step = max(1, -(-draws.sizes["chain"] * draws.sizes["draw"] * len(matrix) // _MOST_NUMBERS))
    thin = draws.isel(draw=slice(None, None, step))
    values = np.concatenate([probability(what, *_logits(thin.isel(draw=[k]), matrix))[:, None] for k in range(thin.sizes["draw"])], axis=1)
    return xr.DataArray(values, dims=("chain", "draw", "person"), coords={"chain": thin["chain"], "draw": thin["draw"], "person": rows})


def _group(draws: xr.Dataset, data: Decisions, members: np.ndarray, what: str) -> xr.DataArray:
    """Draws (chain, draw) of a weighted mean over people, never holding more than one draw of each chain per person."""
    weights = data.weights[members] / data.weights[members].sum()
    matrix = data.matrix[members]
    values = np.stack([probability(what, *_logits(draws.isel(draw=[k]), matrix)) @ weights for k in range(draws.sizes["draw"])], axis=1)
    return xr.DataArray(values, dims=("chain", "draw"), coords={"chain": draws["chain"], "draw": draws["draw"]})


def _everybody(data: Decisions) -> np.ndarray:
    return np.ones(len(data), bool)


def _risk(draws: xr.Dataset, data: Decisions) -> xr.DataArray:
    return _per_person(draws, data.matrix, data.rows, "positive")


def _untested_risk(draws: xr.Dataset, data: Decisions) -> xr.DataArray:
    return _per_person(draws, data.matrix[~data.decision], data.rows[~data.decision], "untested_positive")


_ESTIMANDS = {
    "risk": Estimand(
        compute=_risk,
        at=lambda draws, matrix: _per_person(draws, matrix, np.arange(len(matrix)), "positive"),
        description="P(Y=1 | x) of every person, tested or not.",
        unit="probability",
    ),
    "untested_risk": Estimand(
        compute=_untested_risk,
        at=lambda draws, matrix: _per_person(draws, matrix, np.arange(len(matrix)), "untested_positive"),
        description="P(Y=1 | T=0, x) of every person who was not tested.",
        unit="probability",
    ),
    "prevalence": Estimand(
        compute=lambda draws, data: _group(draws, data, _everybody(data), "positive"),
        description="Mean of P(Y=1 | x) over everybody.",
        unit="probability",
    ),
    "untested_prevalence": Estimand(
        compute=lambda draws, data: _group(draws, data, ~data.decision, "untested_positive"),
        description="Mean of P(Y=1 | T=0, x) over the people who were not tested.",
        unit="probability",
    ),
    "testing_policy": Estimand(
        compute=lambda draws, data: draws["policy_coefficient"],
        description="Δ: how testing depends on each feature among people of the same risk.",
        unit="log-odds per unit of the coded feature",
        contrast="one unit more of the coded feature, at the same risk",
    ),
    "risk_coefficient": Estimand(
        compute=lambda draws, data: draws["risk_coefficient"],
        description="β_Y: how risk depends on each feature.",
        unit="log-odds per unit of the coded feature",
        contrast="one unit more of the coded feature",
    ),
    "unobserved_scale": Estimand(
        compute=lambda draws, data: draws["unobserved_width"],
        description="σ: the range of what only the decision-maker sees.",
        unit="log-odds",
    ),
}

_ONE_UNOBSERVABLE = Assumption(
    name="one unobservable",
    statement="What the decision-maker sees and we do not is one number, independent of the features, uniform, and raises risk and testing alike.",
    if_wrong="If the untested are the riskier at the same features, the model cannot say so: it will put their risk too low.",
    formula="Z ~ Uniform(0, σ), independent of x",
)
_LINEAR = Assumption(
    name="linear log-odds",
    statement="Log-odds of risk and of testing are linear in the coded features.",
    if_wrong="Risks of people with unusual features are off; the decile check shows it for what was observed. Use a formula with splines.",
    formula="logit P(Y=1) = β_0 + x'β_Y + Z",
)


def _prediction(name: str, rates: Mapping[str, np.ndarray]) -> Prediction:
    labels = tuple(str(label + 1) for label in rates["groups"])
    return Prediction(name=name, groups=labels, observed=rates["observed"], size=rates["size"], replicated=rates["replicated"])


def _known(value: Known | float | None) -> Known | None:
    if value is None or isinstance(value, Known):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ModelError(f"Expected a number, `Known(number, sd=...)` or None, got {value!r}.")
    return Known(float(value))


def _logistic(logit: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logit))
