"""Selective-labels data with a known truth: the paper's design, or a draw from the prior."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.knowledge import Known, KnownByGroup, as_known
from causalstats.core.simulation import Simulation
from causalstats.data import Decisions
from causalstats.models.selective_labels.deciders import DECIDERS
from causalstats.models.selective_labels.directions import DIRECTIONS
from causalstats.models.selective_labels.imperfect_test import RATES, is_imperfect
from causalstats.models.selective_labels.prevalences import prevalence_of
from causalstats.models.selective_labels.prior_scales import (
    LEAST_SCALE,
    policy_sd,
    prior_scales,
)
from causalstats.models.selective_labels.priors import COEFFICIENT_PRIORS
from causalstats.numerics.selection.prevalence_constraint import attenuation, solve

if TYPE_CHECKING:
    from causalstats.models.selective_labels.model import SelectiveLabels

_DECIDERS = 20  # of simulated data, where deciders differ


def simulate(
    model: SelectiveLabels,
    seed: int,
    people: int,
    features: int,
    design: str,
    labels: bool,
) -> Simulation:
    """Return data with features x1, x2, ... ~ Normal(0, 1), and their truth.

    Parameters
    ----------
    model : SelectiveLabels
    seed : int
    people, features : int
    design : str
        A name in `DESIGNS`.
    labels : bool
        Whether outcomes of the untested are kept, withheld from the model.
    """
    rng = np.random.default_rng(seed)
    frame, arguments = _frame(model, rng, people, features)
    # Read once for its coding, then with what was drawn from it.
    parity = np.arange(people) % 2
    blank = frame.assign(tested=parity, outcome=np.where(parity, 0, np.nan))
    coded = Decisions.from_frame(blank, **arguments)
    parameters = DESIGNS[design](model, rng, coded)
    for effect in DECIDERS[model.deciders]:
        drawn = effect.draw(rng, prior_scales(model), parameters, len(coded.deciders))
        parameters |= drawn
    risk, testing = _linear_predictors(model, rng, coded, parameters)
    inverse = model.law.link_function.inverse
    outcome, decision = (
        rng.random(people) < inverse(index) for index in (risk, testing)
    )
    result = outcome
    if is_imperfect(model):
        for rate in RATES:
            parameters[f"test_{rate}"] = _proportion(rng, getattr(model, rate))
        healthy_positive = 1 - parameters["test_specificity"]
        chance = np.where(outcome, parameters["test_sensitivity"], healthy_positive)
        result = rng.random(people) < chance
    shown = np.where(decision, result, result if labels else np.nan)
    observed: Any = "decided" if labels else "error"
    filled = frame.assign(tested=decision.astype(int), outcome=shown)
    data = Decisions.from_frame(filled, **arguments, observed=observed)
    realised = {
        "prevalence": float(outcome.mean()),
        "untested_prevalence": (
            np.nan if decision.all() else float(outcome[~decision].mean())
        ),
    }
    return Simulation(
        data=data, truth=_truth(model, data, parameters), realised=realised
    )


def _frame(
    model: SelectiveLabels, rng: np.random.Generator, people: int, features: int
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return features, groups and deciders of people, and how `Decisions` reads them.

    Parameters
    ----------
    model : SelectiveLabels
    rng : Generator
    people, features : int
    """
    names = [f"x{k + 1}" for k in range(features)]
    frame = pd.DataFrame(rng.standard_normal((people, features)), columns=names)
    if isinstance(model.prevalence, KnownByGroup):
        levels = list(model.prevalence.values)
        frame[model.prevalence.feature] = pd.Categorical(
            rng.choice(levels, people), levels
        )
    arguments: dict[str, Any] = {
        "outcome": "outcome",
        "decision": "tested",
        "features": list(frame),
        "standardise": False,
    }
    if DECIDERS[model.deciders]:
        deciders = [f"decider {j + 1:02d}" for j in range(_DECIDERS)]
        frame["decider"] = rng.choice(deciders, people)
        arguments["decider"] = "decider"
    return frame, arguments


def _linear_predictors(
    model: SelectiveLabels,
    rng: np.random.Generator,
    data: Decisions,
    parameters: dict[str, Any],
) -> tuple[np.ndarray, np.ndarray]:
    """Return r_i and α_j r_i + Δ_0 + x_i'Δ + λ_j, with a draw of each person's ζ.

    Parameters
    ----------
    model : SelectiveLabels
    rng : Generator
    data : Decisions
        Whose features and deciders are the people's.
    parameters : dict
    """
    people = len(data)
    who = np.zeros(people, int) if data.decider is None else data.decider
    response = parameters["testing_response"]
    risk = parameters["risk_middle"] + data.matrix @ parameters["risk_coefficient"]
    draws = model.law.distribution.draw(rng, people)
    risk = risk + parameters["unobserved_width"] * draws
    testing = (
        response * risk
        + parameters["policy_intercept"]
        + data.matrix @ parameters["policy_coefficient"]
    )
    for effect in DECIDERS[model.deciders]:
        of_person = np.asarray(parameters[effect.estimand])[who]
        testing, response = effect.act(of_person, risk, testing, response)
    return risk, testing


def _paper(
    model: SelectiveLabels, rng: np.random.Generator, data: Decisions
) -> dict[str, Any]:
    """Return parameters of the synthetic design of the paper."""
    features = len(data.features)
    scale, intercept, policy_intercept = rng.normal([2.0, -2.0, 2.0], 0.1)
    risk = rng.standard_normal(features)
    policy = np.where(np.arange(features) == 0, rng.standard_normal(features), 0.0)
    response = _value_or(model.response, lambda: abs(rng.normal(1, 0.1)))
    risk[data.feature_mask(model.excluded)] = 0.0
    excluded_from_decision = data.feature_mask(model.excluded_from_decision)
    policy[excluded_from_decision] = (
        -DIRECTIONS[model.decided_for].sign * response * risk[excluded_from_decision]
    )
    return {
        "unobserved_width": scale,
        "risk_coefficient": risk,
        "risk_middle": intercept + scale * model.law.lower_end,
        "policy_intercept": policy_intercept,
        "policy_coefficient": policy,
        "testing_response": DIRECTIONS[model.decided_for].sign * response,
    }


def _prior(
    model: SelectiveLabels, rng: np.random.Generator, data: Decisions
) -> dict[str, Any]:
    """Return parameters drawn from the model's own prior."""
    scales = prior_scales(model)
    prior = COEFFICIENT_PRIORS[model.coefficient_prior]
    scale = _value_or(
        model.unobserved_scale, lambda: abs(rng.normal(0, scales.unobserved))
    )
    scale = max(scale, LEAST_SCALE)
    response = _value_or(model.response, lambda: abs(rng.normal(0, scales.response)))
    response = DIRECTIONS[model.decided_for].sign * response
    parameters: dict[str, Any] = {
        "unobserved_width": scale,
        "testing_response": response,
    }
    of_risk = attenuation(model.law, scale, np)
    risk, spreads = prior.draw_risk(rng, data, scales, of_risk)
    parameters |= spreads
    risk[data.feature_mask(model.excluded)] = 0.0
    if model.prevalence is None:
        lower = scale * model.law.lower_end
        middle = prior.draw_middle(rng, data, scales, of_risk, lower, risk)
    else:
        middle, drawn = _solved(model, rng, data, scale, risk)
        parameters |= drawn
    parameters |= {"risk_coefficient": risk, "risk_middle": middle}
    of_testing = attenuation(model.law, response * scale, np)
    sd = policy_sd(model, data)
    policy_intercept, policy = prior.draw_policy(
        rng, data, scales, sd, parameters, (of_risk, of_testing)
    )
    excluded_from_decision = data.feature_mask(model.excluded_from_decision)
    policy[excluded_from_decision] = -response * risk[excluded_from_decision]
    return parameters | {
        "policy_intercept": policy_intercept,
        "policy_coefficient": policy,
    }


DESIGNS = {"paper": _paper, "prior": _prior}


def _solved(
    model: SelectiveLabels,
    rng: np.random.Generator,
    data: Decisions,
    scale: float,
    risk: np.ndarray,
) -> tuple[float, dict[str, Any]]:
    """Return the intercept solved from drawn prevalences; fill in the coefficients of groups.

    Parameters
    ----------
    model : SelectiveLabels
    rng : Generator
    data : Decisions
    scale : float
        σ.
    risk : array (D,)
        β_Y, whose entries of solved columns are written.
    """
    constraint = prevalence_of(model)
    columns = constraint.solved_columns(data)
    codes = constraint.group_codes(data)
    known = constraint.known()
    drawn = [_proportion(rng, value) for value in known.values()]
    risk[columns] = 0
    index = data.matrix @ risk
    middles = []
    for group, prevalence in enumerate(drawn):
        members = codes == group
        weights = data.weights[members]
        shares = weights / weights.sum()
        middles.append(
            float(solve(prevalence, index[members], scale, shares, model.law)[0])
        )
    risk[columns] = np.subtract(middles[1:], middles[0])
    pairs = zip(drawn, known.values(), strict=True)
    uncertain = [prevalence for prevalence, value in pairs if not value.exact]
    if not uncertain:
        return middles[0], {}
    reported = uncertain if constraint.by_group else uncertain[0]
    return middles[0], {"population_prevalence": reported}


def _value_or(known: Known | float | None, draw: Callable[[], float]) -> float:
    """Return the value that is known, or a draw where nothing is."""
    return draw() if known is None else as_known(known).value


def _proportion(rng: np.random.Generator, known: Known) -> float:
    return known.value if known.exact else float(rng.beta(*known.as_beta()))


def _truth(
    model: SelectiveLabels, data: Decisions, parameters: dict[str, Any]
) -> xr.Dataset:
    """Return the parameters, and what the posterior derives from them, as one draw."""
    lower = parameters["unobserved_width"] * model.law.lower_end
    derived = {
        "risk_intercept": parameters["risk_middle"] - lower,
        "middle_intercept": parameters["risk_middle"],
        "unobserved_scale": parameters["unobserved_width"],
        "response": abs(parameters["testing_response"]),
    }
    known = prevalence_of(model).known()
    dims = {
        "risk_coefficient": ("feature", data.features),
        "policy_coefficient": ("feature", data.features),
        **{
            effect.estimand: ("decider", data.deciders)
            for effect in DECIDERS[model.deciders]
        },
        "population_prevalence": (
            "prevalence_group",
            [level for level, value in known.items() if not value.exact],
        ),
    }
    return xr.Dataset(
        {
            name: _one_draw(value, *dims.get(name, ("", ())))
            for name, value in (parameters | derived).items()
        }
    )


def _one_draw(value: Any, dim: str, labels: Any) -> xr.DataArray:
    array = np.asarray(value, float)[None, None]
    if array.ndim == 2:
        return xr.DataArray(array, dims=("chain", "draw"))
    dims = ("chain", "draw", dim)
    return xr.DataArray(array, dims=dims, coords={dim: list(labels)})
