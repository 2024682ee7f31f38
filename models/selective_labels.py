"""Selective labels: the graph, and what it assumes. What can be asked of it and how it is simulated stand in the files beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import xarray as xr

from causalstats.data import Decisions
from causalstats.errors import ModelError
from causalstats.model import Assumption, Estimand, Known, Prediction, Relaxation, Simulation, shown
from causalstats.models.selective_labels_estimands import estimands, logits, pointwise, seen_rows
from causalstats.models.selective_labels_simulation import COEFFICIENT_SD, LEAST_SCALE, RESPONSE_SD, SCALE_SD, simulate
from causalstats.numerics import selection_baselines as baselines
from causalstats.numerics.predictive import quantile_groups, rates_by_group
from causalstats.numerics.unobservable import FAMILIES, LINKS, Unobservable, probability

if TYPE_CHECKING:
    import networkx as nx
    import pymc as pm

_CENTRED_FROM = 1.0  # standard deviation of a Δ from which the coefficient of testing is sampled instead of Δ
_REPLICATIONS = 400


@dataclass(frozen=True, kw_only=True)
class SelectiveLabels:
    """Risk when the outcome is seen only for the cases somebody chose to test.

    r_i = β_0 + x_i'β_Y + σ ζ_i          risk on the scale of the link h; ζ_i is seen by whoever decides, not by us
    Y_i ~ Bernoulli(h(r_i))              seen only where T_i = 1
    T_i ~ Bernoulli(h(α r_i + Δ_0 + x_i'Δ))
    ζ_i ~ uniform, normal, logistic or Student t with 4 degrees of freedom, integrated out
    β_Y, Δ_0, Δ ~ Normal(0, 3),  σ ~ half-Normal(3),  α ~ half-Normal(3) where it is not known

    The intercept is solved from the prevalence Σ_i w_i P(Y_i=1 | x_i) = π at every step, where π is known, exactly or with a Beta
    distribution; β_0 has a Normal(0, 3) prior where nothing is known. Sampled are β_Y, the testing equation's coefficients
    β_T = α β_Y + Δ, its intercept at ζ = 0, and σ: a geometry without the ridge of the original one, and the same prior.

    Parameters
    ----------
    prevalence : Known, float or None
        E[Y] in the population the rows stand for, or in `data.with_reference(...)`: exact, with a standard deviation, or not known.
    expertise : sequence of str
        Features on which testing deviates from risk in no way: their Δ is 0.
    expertise_sd : float
        How nearly: with τ > 0 their Δ ~ Normal(0, τ²).
    unobserved_scale : Known, float or None
        σ: inferred (None) or known exactly; 0 means that nothing but the features drives both.
    response : Known, float or None
        α: how steeply testing rises with risk. Known exactly (1 unless said otherwise), or inferred (None) where σ is known: the
        data cannot tell a wide ζ from a steep response.
    unobservable : "uniform", "normal", "logistic" or "student"
        The family of ζ. The uniform is the paper's, Uniform(0, σ): β_0 is then the intercept at its lower end.
    link : "logit" or "probit"

    References
    ----------
    Balachandar, Garg & Pierson (2024), Domain constraints improve risk prediction when outcome data is missing, ICLR, eq. 1. The
    prevalence is a prior on π where theirs is a quadratic penalty on the log posterior.
    """

    prevalence: Known | float | None = None
    expertise: tuple[str, ...] = ()
    expertise_sd: float = 0.0
    unobserved_scale: Known | float | None = None
    response: Known | float | None = 1.0
    unobservable: Literal["uniform", "normal", "logistic", "student"] = "uniform"
    link: Literal["logit", "probit"] = "logit"

    headline = "untested_prevalence"

    def __post_init__(self) -> None:
        if isinstance(self.expertise, str):
            raise ModelError(f"Expected expertise as a list of feature names, got the text {self.expertise!r}; write [{self.expertise!r}].")
        object.__setattr__(self, "expertise", tuple(self.expertise))
        object.__setattr__(self, "prevalence", _known(self.prevalence))
        for name in ("unobserved_scale", "response"):
            object.__setattr__(self, name, _known(getattr(self, name)))
        prevalence, scale, response = self.prevalence, self.unobserved_scale, self.response
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
        if isinstance(response, Known) and (response.value < 0 or not response.exact):
            raise ModelError(f"Expected `response` as None or an exact number of 0 or more, got {response}.")
        if response is None and scale is None:
            raise ModelError(
                "The data cannot tell a wide unobservable from a steep response to risk: only their product shows. "
                "Give one of them, `unobserved_scale=2.0` or `response=1.0`, and look at the sensitivity to it."
            )
        if not (isinstance(self.expertise_sd, int | float) and 0 <= self.expertise_sd < np.inf):
            raise ModelError(f"Expected `expertise_sd` as a number of 0 or more, got {self.expertise_sd!r}.")
        for name, known in (("unobservable", FAMILIES), ("link", LINKS)):
            if getattr(self, name) not in known:
                raise ModelError(f"Expected `{name}` as one of {', '.join(known)}, got {getattr(self, name)!r}.")

    @property
    def law(self) -> Unobservable:
        """Family, link, and whether they have a closed form."""
        closed = self.unobservable == "uniform" and self.link == "logit" and self.response == Known(1.0)
        return Unobservable(self.unobservable, self.link, closed)

    def inputs(self, data: Decisions) -> dict[str, np.ndarray]:
        """The people, sorted by what was seen of them, and what is known, by the names it has in the graph."""
        values: dict[str, Any] = {f"features_{name}": data.matrix[rows] for name, rows in seen_rows(data).items()}
        values["policy_sd"] = self._policy_sd(data)
        if isinstance(self.prevalence, Known):
            everybody, weights = data.population
            values |= {"features": everybody, "weights": weights / weights.sum(), "known_prevalence": self.prevalence.value}
            if not self.prevalence.exact:
                values["known_prevalence_sd"] = self.prevalence.sd
        if isinstance(self.unobserved_scale, Known):
            values["known_unobserved_scale"] = max(self.unobserved_scale.value, LEAST_SCALE)
        if isinstance(self.response, Known):
            values["known_response"] = self.response.value
        return {name: np.asarray(value, float) for name, value in values.items()}

    def build(self, data: Decisions) -> pm.Model:
        """The PyMC graph on these data."""
        import pymc as pm

        from causalstats.numerics.selection_ops import log_likelihood, prevalence_intercept

        self._refuse_impossible(data)
        with pm.Model(coords={"feature": list(data.features)}) as graph:
            given = {name: pm.Data(name, value) for name, value in self.inputs(data).items()}
            risk = pm.Normal("risk_coefficient", 0, COEFFICIENT_SD, dims="feature")
            scale = given.get("known_unobserved_scale")
            if scale is None:
                # log(e^σ - 1) and not log σ: the posterior is nearly Gaussian in σ on the right, where a logarithm would bend it.
                scale = pm.HalfNormal("unobserved_scale", SCALE_SD, default_transform=pm.distributions.transforms.log_exp_m1)
            response = given.get("known_response")
            if response is None:
                response = pm.HalfNormal("response", RESPONSE_SD)
            lower = scale * self.law.lower_end
            if isinstance(self.prevalence, Known):
                prevalence = given["known_prevalence"]
                if not self.prevalence.exact:
                    prevalence = pm.Beta("population_prevalence", mu=prevalence, sigma=given["known_prevalence_sd"])
                middle = prevalence_intercept(self.law, prevalence, given["features"] @ risk, scale, given["weights"])
            else:
                middle = pm.Normal("middle_intercept", lower, COEFFICIENT_SD)
            testing_middle = pm.Normal("testing_middle", response * middle, COEFFICIENT_SD)
            policy = self._policy(pm, given["policy_sd"], response * risk)
            testing = response * risk + policy
            pm.Deterministic("risk_intercept", middle - lower)
            pm.Deterministic("risk_middle", middle)
            pm.Deterministic("policy_intercept", testing_middle - response * middle)
            pm.Deterministic("policy_coefficient", policy, dims="feature")
            pm.Deterministic("unobserved_width", scale)
            pm.Deterministic("testing_response", response)
            for name in seen_rows(data):
                people = given[f"features_{name}"]
                pm.Potential(name, log_likelihood(self.law, name, middle + people @ risk, testing_middle + people @ testing, scale, response))
        return graph

    def _policy(self, pm: Any, sd: Any, expected: Any) -> Any:
        """Δ ~ Normal(0, sd²) per feature: by the coefficient of testing where sd is large, in units of sd where it is small or 0.

        Every set of expert features, hard or soft, is so the same program with other constants; where sd is 0 the variable has no use.
        """
        centred = pm.math.ge(sd, _CENTRED_FROM)
        sampled = pm.Normal("testing_coefficient", centred * expected, pm.math.switch(centred, sd, 1.0), dims="feature")
        return pm.math.switch(centred, sampled - expected, sd * sampled)

    def _policy_sd(self, data: Decisions) -> np.ndarray:
        """Prior standard deviation of Δ per coded feature."""
        expert = [column for feature in self.expertise for column in data.columns_of(feature)]
        return np.where(np.isin(np.arange(len(data.features)), expert), float(self.expertise_sd), COEFFICIENT_SD)

    def _refuse_impossible(self, data: Decisions) -> None:
        if not isinstance(self.prevalence, Known) or data.reference is not None:
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
        steep = "as steeply as" if self.response == Known(1.0) else "more or less steeply than"
        listed = [
            Assumption(
                name="one unobservable",
                statement="What the decision-maker sees and we do not is one number, independent of the features, raises risk and testing alike, "
                f"and has this distribution times σ: {FAMILIES[self.unobservable]}.",
                if_wrong="If the untested are the riskier at the same features, the model cannot say so: it will put their risk too low.",
                formula="ζ independent of x",
            ),
            Assumption(
                name="response to risk",
                statement=f"Testing rises with risk, {steep} risk itself: α is {shown(self.response)}.",
                if_wrong="A decision-maker who responds less to risk than assumed leaves more risk among the untested.",
                formula=f"{self.link} P(T=1) = α r + Δ_0 + x'Δ",
            ),
            Assumption(
                name=f"linear {self.link}",
                statement="On the scale of the link, risk and testing are linear in the coded features.",
                if_wrong="Risks of people with unusual features are off; the decile check shows it for what was observed. Use a formula with splines.",
                formula=f"r = β_0 + x'β_Y + σ ζ, {self.link} P(Y=1) = r",
            ),
        ]
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
                    statement=f"On {', '.join(self.expertise)}, testing follows risk: who is tested depends on them "
                    + ("only" if self.expertise_sd == 0 else "nearly only")
                    + " through the risk they carry.",
                    if_wrong="A feature that drives testing for another reason (access, age limits) then shifts its own risk coefficient.",
                    formula=("Δ = 0" if self.expertise_sd == 0 else f"Δ ~ Normal(0, {self.expertise_sd:g}²)") + " for " + ", ".join(self.expertise),
                )
            )
        return tuple(listed)

    def estimands(self) -> Mapping[str, Estimand]:
        """What can be asked of a fit; not what was given to it."""
        stands_on = tuple(assumption.name for assumption in self.assumptions())
        given = {name for name in ("unobserved_scale", "response") if isinstance(getattr(self, name), Known)}
        return {name: replace(estimand, assumptions=stands_on) for name, estimand in estimands(self.law).items() if name not in given}

    def parameters(self) -> tuple[str, ...]:
        """Names in the posterior whose prior and posterior are compared, and whose sampling is checked."""
        names = ["risk_coefficient", "policy_intercept", "policy_coefficient"]
        if self.unobserved_scale is None:
            names.append("unobserved_scale")
        if self.response is None:
            names.append("response")
        if not (isinstance(self.prevalence, Known) and self.prevalence.exact):
            names.append("population_prevalence" if self.prevalence is not None else "middle_intercept")
        return tuple(names)

    def priors(self, data: Decisions) -> dict[str, Any]:
        """Prior standard deviations of `parameters()`, NaN where a parameter is fixed."""
        half_normal = np.sqrt(1 - 2 / np.pi)
        sds: dict[str, Any] = {
            "risk_coefficient": COEFFICIENT_SD,
            "policy_intercept": COEFFICIENT_SD,
            "policy_coefficient": np.where(self._policy_sd(data) > 0, self._policy_sd(data), np.nan),
            "response": RESPONSE_SD * half_normal,
            "unobserved_scale": SCALE_SD * half_normal,
            "population_prevalence": self.prevalence.sd if isinstance(self.prevalence, Known) else np.nan,
            "middle_intercept": np.hypot(COEFFICIENT_SD, SCALE_SD * half_normal / 2),
        }
        return {name: sds[name] for name in self.parameters()}

    def simulate(self, seed: int, people: int = 5000, features: int = 4, design: Literal["paper", "prior"] = "paper") -> Simulation:
        """Data with a known truth; features x1, x2, ... ~ Normal(0, 1).

        The synthetic design of the paper (N = 5000, five coefficients with the intercept): β_Y ~ Normal(0, 1) with intercept Normal(-2, 0.1);
        Δ ~ Normal(0, 1) on the first feature only, 0 on the others, with intercept Normal(2, 0.1); σ ~ Normal(2, 0.1); α as it is known,
        else Normal(1, 0.1). Or "prior", this model's own, as `causalstats.calibrate` needs it.
        """
        if people < 2 or features < 1:
            raise ModelError(f"Expected at least 2 people and 1 feature, got people={people}, features={features}.")
        if design not in ("paper", "prior"):
            raise ModelError(f"Expected design 'paper' or 'prior', got {design!r}.")
        return simulate(self, seed, people, features, design)

    def log_likelihood(self, draws: xr.Dataset, data: Decisions) -> xr.DataArray:
        """Σ_i log P(what was seen of person i) of every draw."""
        return xr.DataArray(pointwise(self.law, draws, data), dims=("chain", "draw"))

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
        parts, tested = [values[chosen] for values in logits(draws, data.matrix)], data.decision
        groups = quantile_groups(probability(self.law, "positive", *parts).mean(axis=0), 10)
        decided = rates_by_group(tested, 1 - probability(self.law, "untested", *parts), groups, rng)
        found = rates_by_group(data.outcome[tested] == 1, probability(self.law, "tested_positive", *parts)[:, tested], groups[tested], rng)
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
            model, known = replace(self, expertise=rest), Known(0.0, sd=self.expertise_sd)
            lifted.append(Relaxation(name=f"expertise on {feature}", model=model, estimand="testing_policy", known=known, labels=labels))
        return tuple(lifted)


def _prediction(name: str, rates: Mapping[str, np.ndarray]) -> Prediction:
    labels = tuple(str(label + 1) for label in rates["groups"])
    return Prediction(name=name, groups=labels, observed=rates["observed"], size=rates["size"], replicated=rates["replicated"])


def _known(value: Known | float | None) -> Known | None:
    if value is None or isinstance(value, Known):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ModelError(f"Expected a number, `Known(number, sd=...)` or None, got {value!r}.")
    return Known(float(value))
