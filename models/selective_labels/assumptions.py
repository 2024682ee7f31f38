"""What a selective-labels model assumes, in words, and what it may not."""

from __future__ import annotations

from typing import Any

import numpy as np

from causalstats.core.assumption import Assumption
from causalstats.core.formatting import shown
from causalstats.core.knowledge import Known, KnownByGroup, Penalty
from causalstats.errors import ModelError
from causalstats.numerics.selection.unobservable import FAMILIES


def refuse(model: Any) -> None:
    """Raise `ModelError` for fields that no data could make sense of."""
    prevalence, scale, response = model.prevalence, model.unobserved_scale, model.response
    for value in (
        prevalence.values.values()
        if isinstance(prevalence, KnownByGroup)
        else [prevalence]
        if prevalence is not None
        else []
    ):
        if not 0 < value.value < 1:
            raise ModelError(
                f"Expected a prevalence between 0 and 1, got {value.value:g}. Give it as a proportion: 2 % is 0.02."
            )
        if not isinstance(prevalence, Penalty):
            _refuse_spread("prevalence", value)
    if response is None and scale is None:
        raise ModelError(
            "The data cannot tell a wide unobservable from a steep response to risk: only their product shows. "
            "Give one of them, `unobserved_scale=2.0` or `response=1.0`, and look at the sensitivity to it."
        )
    _refuse_test(model)


def _refuse_test(model: Any) -> None:
    for name in ("sensitivity", "specificity"):
        known = getattr(model, name)
        _refuse_spread(name, known)
    if model.sensitivity.value + model.specificity.value <= 1:
        raise ModelError(
            f"A test with sensitivity {model.sensitivity.value:g} and specificity {model.specificity.value:g} finds no more cases than a coin: "
            "expected a sum above 1. If positive and negative were exchanged, exchange them in the frame."
        )


def _refuse_spread(name: str, known: Known) -> None:
    if known.sd > 0 and known.sd**2 >= known.value * (1 - known.value):
        raise ModelError(
            f"No distribution on (0, 1) has mean {known.value:g} and standard deviation {known.sd:g}, given as {name}; "
            f"expected less than {np.sqrt(known.value * (1 - known.value)):.3g}."
        )


def assumptions(model: Any) -> tuple[Assumption, ...]:
    """What the answer stands on; what is not used is not listed."""
    listed = [
        Assumption(
            name="one unobservable",
            statement=f"What the decision-maker sees and we do not is one number, independent of the features, {_alike(model)}, "
            f"and has this distribution times σ: {FAMILIES[model.unobservable]}.",
            if_wrong=_other_way(model),
            formula="ζ independent of x",
        ),
        Assumption(
            name="response to risk",
            statement=_response(model),
            if_wrong="A decision-maker who responds less to risk than assumed leaves more risk among the untested.",
            formula=f"{model.link} P(T=1) = α r + Δ_0 + x'Δ",
        ),
        Assumption(
            name=f"linear {model.link}",
            statement="On the scale of the link, risk and testing are linear in the coded features.",
            if_wrong="Risks of people with unusual features are off; the decile check shows it for what was observed. Use a formula with splines.",
            formula=f"r = β_0 + x'β_Y + σ ζ, {model.link} P(Y=1) = r",
        ),
    ]
    if model.prevalence is not None:
        grouped = isinstance(model.prevalence, KnownByGroup)
        listed.append(
            Assumption(
                name="prevalence",
                statement=f"The prevalence of the outcome in the population is {model.prevalence}.",
                if_wrong="Every risk of the untested moves with it, in full: the sensitivity table shows how far.",
                formula="Σ w_i P(Y_i=1 | x_i) = π" + (", within each group" if grouped else ""),
            )
        )
    if model.expertise:
        hard = model.expertise_sd == 0
        listed.append(
            Assumption(
                name="expertise",
                statement=f"On {', '.join(model.expertise)}, testing follows risk: who is tested depends on them "
                f"{'only' if hard else 'nearly only'} through the risk they carry.",
                if_wrong="A feature that drives testing for another reason (access, age limits) then shifts its own risk coefficient.",
                formula=("Δ = 0" if hard else f"Δ ~ Normal(0, {model.expertise_sd:g}²)")
                + " for "
                + ", ".join(model.expertise),
            )
        )
    if model.deciders != "alike":
        steepness = " and how steeply they respond to risk" if model.deciders == "response" else ""
        listed.append(
            Assumption(
                name="exchangeable deciders",
                statement=f"Deciders differ in how readily they test{steepness}, and who decides about a person has nothing to do with the person's risk.",
                if_wrong="A decider who is sent the riskier people looks lenient, and their risk is put too low.",
                formula="λ_j ~ Normal(0, τ²)"
                + (", α_j = α exp(ω_j), ω_j ~ Normal(0, υ²)" if steepness else ""),
            )
        )
    if model.imperfect:
        listed.append(
            Assumption(
                name="errors of the test",
                statement=f"A result misses or invents a case at rates that are the same for everybody: sensitivity {model.sensitivity}, "
                f"specificity {model.specificity}.",
                if_wrong="Where the outcome is rare, one percent of specificity is as much as the prevalence itself: look at the sensitivity to it.",
                formula="P(R=1 | Y=1), P(R=0 | Y=0), independent of x and ζ",
            )
        )
    return tuple(listed)


def _alike(model: Any) -> str:
    if model.decided_for == "high":
        return "raises risk and testing alike"
    return "raises risk and lowers the chance of being decided for"


def _other_way(model: Any) -> str:
    """What happens where it is the other way round."""
    if model.decided_for == "high":
        return (
            "If the untested are the riskier at the same features, the model cannot say so: it will put their risk too low. Say "
            "`decided_for='low'` where people are decided for because their risk is low."
        )
    return (
        "If those not decided for are the less risky at the same features, the model cannot say so: it will put their risk too high. "
        "Say `decided_for='high'` where people are tested because their risk is high."
    )


def _response(model: Any) -> str:
    """How testing follows risk, in words."""
    if model.response == Known(0.0):
        return (
            "Testing does not depend on risk beyond the features: α is 0, and the untested have the risk of the tested at the "
            "same features."
        )
    verb = "rises" if model.decided_for == "high" else "falls"
    steep = "as steeply as" if model.response == Known(1.0) else "more or less steeply than"
    size = "α" if model.decided_for == "high" else "-α"
    return f"Testing {verb} with risk, {steep} risk itself: {size} is {shown(model.response)}."
