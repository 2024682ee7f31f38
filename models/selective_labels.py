"""Selective labels: the graph, what it assumes, what it answers, and what it can be drawn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.data import Decisions
from causalstats.errors import ModelError
from causalstats.model import Assumption, Estimand, Known, Prediction, Relaxation, Simulation
from causalstats.numerics import selection_baselines as baselines
from causalstats.numerics.draws import over_draws
from causalstats.numerics.predictive import binary_by_group, quantile_groups
from causalstats.numerics.uniform_unobservable import probabilities

if TYPE_CHECKING:
    import networkx as nx
    import pymc as pm

COEFFICIENT_SD = 3.0
SCALE_SD = 3.0
NO_UNOBSERVABLE = 1e-9  # σ = 0 is its limit, which the formulas have reached here to all digits
_REPLICATIONS = 400


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
        import pytensor.tensor as pt

        from causalstats.numerics.selection_ops import log_likelihood, prevalence_intercept

        self._refuse_impossible(data)
        free = self._free(data)
        seen = {"untested": ~data.decision, "negative": data.outcome == 0, "positive": data.outcome == 1}
        with pm.Model(coords={"feature": list(data.features), "free_feature": [data.features[k] for k in free]}) as graph:
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
            testing = risk
            if len(free):
                testing_free = pm.Normal("testing_coefficient", risk[free], COEFFICIENT_SD, dims="free_feature")
                testing = pt.set_subtensor(risk[free], testing_free)
            pm.Deterministic("risk_intercept", middle - scale / 2)
            pm.Deterministic("policy_intercept", testing_middle - middle)
            pm.Deterministic("policy_coefficient", testing - risk, dims="feature")
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

    def _free(self, data: Decisions) -> list[int]:
        expert = {column for feature in self.expertise for column in data.columns_of(feature)}
        return [column for column in range(len(data.features)) if column not in expert]

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
                    f"more than {limit:.2%}. Check that the prevalence is of this population, of this outcome and a proportion; `Known(..., sd=...)` says how sure it is."
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
        listed = dict(_ESTIMANDS)
        return {name: replace(estimand, assumptions=stands_on) for name, estimand in listed.items()}

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
        free = set(self._free(data))
        half_normal = np.sqrt(1 - 2 / np.pi)
        sds: dict[str, Any] = {
            "risk_coefficient": COEFFICIENT_SD,
            "policy_intercept": COEFFICIENT_SD,
            "policy_coefficient": [COEFFICIENT_SD if k in free else np.nan for k in range(len(data.features))],
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
        return {name: lambda rng, rule=rule: rule(data.matrix, data.decision, data.outcome, data.weights, rng) for name, rule in baselines.RULES.items()}

    def predictions(self, draws: xr.Dataset, data: Decisions, rng: np.random.Generator) -> tuple[Prediction, ...]:
        """Decision rate, and positive rate of the tested, by decile of posterior mean risk, with replications."""
        stacked = draws.stack(sample=("chain", "draw"))
        chosen = stacked.isel(sample=rng.choice(stacked.sizes["sample"], min(_REPLICATIONS, stacked.sizes["sample"]), replace=False))
        risk, testing, scale = _middle_logits(chosen, data.matrix, self)
        chance = probabilities(risk, testing, scale)
        groups = quantile_groups(chance["positive"].mean(axis=0), 10)
        tested = data.decision
        return (
            binary_by_group("decision rate by decile of risk", data.decision, 1 - chance["untested"], groups, rng),
            binary_by_group("positive rate of the tested by decile of risk", data.outcome[tested] == 1, chance["tested_positive"][:, tested], groups[tested], rng),
        )

    def relaxations(self) -> tuple[Relaxation, ...]:
        """The model without each piece of outside knowledge in turn."""
        lifted = []
        if isinstance(self.prevalence, Known):
            lifted.append(Relaxation(name="prevalence", model=replace(self, prevalence=None), estimand="prevalence", known=self.prevalence))
        for feature in self.expertise:
            rest = tuple(other for other in self.expertise if other != feature)
            lifted.append(Relaxation(name=f"expertise on {feature}", model=replace(self, expertise=rest), estimand="testing_policy", known=Known(0.0), about=feature))
        return tuple(lifted)

    def score(self, data: Decisions, truth: np.ndarray, draws: xr.Dataset) -> np.ndarray:
        """Posterior mean risk of the untested people, for comparison with their withheld outcomes."""
        return _person(draws, data, "untested_positive", ~data.decision).mean(("chain", "draw")).to_numpy()


def _known(value: Known | float | None) -> Known | None:
    if value is None or isinstance(value, Known):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ModelError(f"Expected a number, `Known(number, sd=...)` or None, got {value!r}.")
    return Known(float(value))


def _logistic(logit: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logit))
