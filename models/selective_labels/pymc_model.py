"""Selective labels as a PyMC graph, and the numbers that it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.knowledge import Known
from causalstats.data import Decisions
from causalstats.errors import ModelError
from causalstats.models.selective_labels import imperfect_test
from causalstats.models.selective_labels.deciders import (
    DECIDERS,
    EFFECTS,
    decider_information,
    refuse_too_few_deciders,
)
from causalstats.models.selective_labels.directions import DIRECTIONS
from causalstats.models.selective_labels.estimands import seen_rows
from causalstats.models.selective_labels.graph_context import GraphContext
from causalstats.models.selective_labels.prevalences import prevalence_of
from causalstats.models.selective_labels.prior_scales import (
    LEAST_SCALE,
    policy_sd,
    prior_scales,
)
from causalstats.models.selective_labels.priors import COEFFICIENT_PRIORS
from causalstats.models.selective_labels.results import RESULTS, add_results
from causalstats.models.shared.half_normal import half_normal
from causalstats.numerics.selection.prevalence_constraint import attenuation

if TYPE_CHECKING:
    import pymc as pm

    from causalstats.models.selective_labels.model import SelectiveLabels


def inputs(model: SelectiveLabels, data: Decisions) -> dict[str, np.ndarray]:
    """Return the people, by what was seen of them, and outside knowledge, by name.

    Raises
    ------
    ModelError
        If the outcome is not 0/1, there are too few deciders, or everybody was tested and the test
        is perfect or something hidden.
    DataError
        If there is no such feature as a negative control.
    """
    if not data.binary:
        raise ModelError(
            "`SelectiveLabels` is for an outcome of 0/1; for one that is a number use `Heckman`."
        )
    for feature in model.negative_controls:
        data.columns_of(feature)  # refused here if there is none
    refuse_too_few_deciders(model, data)
    _refuse_nobody_untested(model, data)
    seen = seen_rows(data)
    values: dict[str, Any] = {
        f"features_{name}": data.matrix[rows] for name, rows in seen.items()
    }
    values |= {
        f"results_{name}": np.full(rows.sum(), RESULTS[name])
        for name, rows in seen.items()
    }
    values["policy_sd"] = policy_sd(model, data)
    values["prior_scales"] = prior_scales(model).as_array()
    values |= COEFFICIENT_PRIORS[model.coefficient_prior].inputs(data)
    values |= prevalence_of(model).inputs(data)
    if isinstance(model.unobserved_scale, Known):
        values["known_unobserved_scale"] = max(
            model.unobserved_scale.value, LEAST_SCALE
        )
    if isinstance(model.response, Known):
        sign = DIRECTIONS[model.decided_for].sign
        values["known_response"] = sign * model.response.value
    values |= imperfect_test.inputs(model)
    # Present only where they are used: other graphs stay as they are.
    if model.excluded:
        values["affects_outcome"] = ~data.feature_mask(model.excluded)
    if model.excluded_from_decision:
        values["affects_decision"] = ~data.feature_mask(model.excluded_from_decision)
    floats = {name: np.asarray(value, float) for name, value in values.items()}
    if not DECIDERS[model.deciders]:
        return floats
    floats["decider_information"] = decider_information(data)
    deciders = np.asarray(data.decider)
    return floats | {f"deciders_{name}": deciders[rows] for name, rows in seen.items()}


def build(model: SelectiveLabels, data: Decisions) -> pm.Model:
    """Return the PyMC graph on these data."""
    import pymc as pm

    refuse_impossible_prevalence(model, data)
    with pm.Model(coords=_coords(model, data)) as graph:
        given = {
            name: pm.Data(name, value) for name, value in inputs(model, data).items()
        }
        context = _context(model, data, given)
        middle, risk = prevalence_of(model).intercept_and_risk(context)
        testing_middle, policy, testing = context.prior.testing(context, middle, risk)
        pm.Deterministic("risk_intercept", middle - context.lower)
        pm.Deterministic("risk_middle", middle)
        pm.Deterministic("policy_intercept", testing_middle - context.response * middle)
        pm.Deterministic("policy_coefficient", policy, dims="feature")
        pm.Deterministic("unobserved_width", context.unobserved_scale)
        pm.Deterministic("testing_response", context.response)
        effects = {
            effect.estimand: effect.add(context) for effect in DECIDERS[model.deciders]
        }
        rates = imperfect_test.add_rates(model, given)
        for event in seen_rows(data):
            features = given[f"features_{event}"]
            index = middle + features @ risk
            testing_index = testing_middle + features @ testing
            _add_likelihood(context, event, index, testing_index, effects, rates)
    return graph


def _context(
    model: SelectiveLabels, data: Decisions, given: Mapping[str, Any]
) -> GraphContext:
    import pymc as pm

    scales = prior_scales(model).read_from(given["prior_scales"])
    scale = given.get("known_unobserved_scale")
    if scale is None:
        scale = half_normal("unobserved_scale", scales.unobserved)
    response = given.get("known_response")
    if response is None:
        sign = DIRECTIONS[model.decided_for].sign
        response = sign * pm.HalfNormal("response", scales.response)
    return GraphContext(
        data=data,
        law=model.law,
        prior=COEFFICIENT_PRIORS[model.coefficient_prior],
        scales=scales,
        given=given,
        unobserved_scale=scale,
        response=response,
        lower=scale * model.law.lower_end,
        risk_attenuation=attenuation(model.law, scale, pm.math),
        testing_attenuation=attenuation(model.law, response * scale, pm.math),
    )


def _add_likelihood(
    context: GraphContext,
    event: str,
    risk: Any,
    testing: Any,
    effects: Mapping[str, Any],
    rates: tuple[Any, ...],
) -> None:
    """Add the log-likelihood of the people of whom the same was seen.

    Parameters
    ----------
    context : GraphContext
    event : str
        "untested", "negative" or "positive".
    risk, testing : vectors (n,)
        The linear predictors at ζ = 0, of a decider without effects.
    effects : mapping of str to vector (J,)
        Those of deciders, where they differ.
    rates : variables
        Sensitivity and specificity, where the test is imperfect.
    """
    response = context.response
    for name, effect in effects.items():
        of_person = effect[context.given[f"deciders_{event}"]]
        testing, response = EFFECTS[name].act(of_person, risk, testing, response)
    if event == "untested":
        rates = ()
    add_results(context, event, risk, testing, response, rates)


def _coords(model: SelectiveLabels, data: Decisions) -> dict[str, Any]:
    coords: dict[str, Any] = {"feature": list(data.features)}
    coords |= prevalence_of(model).coords(data)
    if DECIDERS[model.deciders]:
        coords["decider"] = list(data.deciders)
    return coords


def refuse_impossible_prevalence(model: SelectiveLabels, data: Decisions) -> None:
    """Raise `ModelError` for a prevalence that the outcomes seen contradict.

    It is below what was already found in its group, or above what was not ruled out. Nothing is
    refused where others are in the population, or tests err.
    """
    if data.reference is not None or imperfect_test.is_imperfect(model):
        return
    constraint = prevalence_of(model)
    known = constraint.known_in(data)
    if not known:
        return
    for (level, value), rows in zip(
        known.items(), constraint.group_rows(data), strict=True
    ):
        _refuse_contradicted(level, value, data.weights[rows], data.outcome[rows])


def _refuse_contradicted(
    level: str, known: Known, weights: np.ndarray, outcome: np.ndarray
) -> None:
    """Refuse the prevalence of one group.

    Parameters
    ----------
    level : str
        The group, empty for everybody.
    known : Known
    weights, outcome : arrays (n,)
        Weights and outcomes of the people of the group; outcomes of the untested are -1.
    """
    share = weights / weights.sum()
    for seen, limit, side in (
        (1, known.value, "positive"),
        (0, 1 - known.value, "negative"),
    ):
        already = share[outcome == seen].sum()
        slack = 4 * np.sqrt(already * (1 - already) * (share**2).sum() + known.sd**2)
        if limit + slack < already:
            raise ModelError(
                f"prevalence={known.value:g} is impossible here: {already:.2%} of "
                f"{level or 'everybody'} was already tested {side}, and that is more than "
                f"{limit:.2%}. Check that it is a proportion, of this population and this outcome; "
                "`Known(..., sd=...)` says how sure it is."
            )


def _refuse_nobody_untested(model: SelectiveLabels, data: Decisions) -> None:
    """Raise `ModelError` where everybody was tested and the model has no use for that."""
    if not data.decision.all():
        return
    everybody = (
        f"Everybody was tested ({data.arguments['decision']!r} is 1 in every row)"
    )
    if not imperfect_test.is_imperfect(model):
        raise ModelError(
            f"{everybody}: no label is missing. If the outcome is seen without error, an ordinary "
            "logistic regression, e.g. `statsmodels.api.Logit`, answers the question. If it is the "
            "result of an imperfect test, say so: `sensitivity=`, `specificity=` and "
            "`unobserved_scale=0`."
        )
    if model.unobserved_scale != Known(0.0):
        raise ModelError(
            f"{everybody}, so that nothing is hidden behind the decision: expected "
            f"`unobserved_scale=0`, got {model.unobserved_scale}."
        )
