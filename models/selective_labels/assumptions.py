"""The assumptions of a selective-labels model, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalstats.core.assumption import Assumption
from causalstats.core.formatting import shown
from causalstats.core.knowledge import Known
from causalstats.models.selective_labels import imperfect_test
from causalstats.models.selective_labels.deciders import DECIDERS
from causalstats.models.selective_labels.directions import DIRECTIONS
from causalstats.models.selective_labels.prevalences import prevalence_of
from causalstats.models.shared.exclusion_restrictions import exclusion_assumptions
from causalstats.models.shared.independent_rows import independent_people
from causalstats.models.shared.measurement import measured_without_error
from causalstats.models.shared.nothing_hidden import NOTHING_HIDDEN

if TYPE_CHECKING:
    from causalstats.models.selective_labels.model import SelectiveLabels


ONE_UNOBSERVABLE = "one unobservable"
NO_UNOBSERVABLE = "no unobservable"


def of_the_unobservable(model: SelectiveLabels) -> str:
    """Return the name of the assumption on what nobody recorded."""
    none = model.unobserved_scale == Known(0.0)
    return NO_UNOBSERVABLE if none else ONE_UNOBSERVABLE


def assumptions(model: SelectiveLabels) -> tuple[Assumption, ...]:
    """Return the assumptions of the answer; those not used are not listed."""
    ignorable = of_the_unobservable(model) == NO_UNOBSERVABLE
    # With no unobservable and no expertise, α only divides the coefficients of the same decision.
    follows_risk = bool(model.expertise) or not ignorable
    return (
        _no_unobservable() if ignorable else _one_unobservable(model),
        *([_response_to_risk(model)] if follows_risk else []),
        _linear_predictor(model),
        *prevalence_of(model).assumptions(),
        *_expertise(model),
        *exclusion_assumptions(model, "β_Y", "αβ_Y + Δ"),
        *_exchangeable_deciders(model),
        *imperfect_test.assumptions(model),
        independent_people("decision and outcome"),
        measured_without_error(
            "Errors of a feature leave a part of the risk that it explains to the unobservable; "
            "errors of the outcome count as outcomes, unless `sensitivity` and `specificity` say "
            "how often a test errs.",
            numeric_outcome=False,
        ),
    )


def _no_unobservable() -> Assumption:
    """The assumption of no unobservable: outcomes are missing at random, given the features."""
    return Assumption(
        name=NO_UNOBSERVABLE,
        statement="Who is decided for depends on the features alone: at the same features, those "
        "whose outcome was not seen are like those whose outcome was (missing at random). σ is 0.",
        if_wrong="If decisions follow something else that goes with the outcome, such as symptoms "
        "that are not among the features, the answer is that of the wrong people. "
        "`fit.sensitivity(unobserved_scale=[0.5, 1.0, 2.0])` says how far it moves.",
        formula="Y independent of T given x",
        checks=(
            NOTHING_HIDDEN,
            "agrees with the data: negative control",
            "direction of the decision",
            "features go with the direction of the decision",
        ),
        fields=("unobserved_scale",),
    )


def _one_unobservable(model: SelectiveLabels) -> Assumption:
    direction = DIRECTIONS[model.decided_for]
    return Assumption(
        name=ONE_UNOBSERVABLE,
        statement="What the decision-maker sees and we do not is one number, independent of the "
        f"features, {direction.alike}, and has this distribution times σ: "
        f"{model.law.distribution.description}.",
        if_wrong=f"{direction.if_wrong} That it depends on the features, or has another "
        "distribution, these data can hardly show: a known prevalence limits what it does to the "
        "mean of the untested.",
        formula="ζ independent of x",
        checks=(
            "direction of the decision",
            "features go with the direction of the decision",
            "identified by the shape of the unobservable alone",
            "the unobservable is alike in each group",
        ),
        fields=("unobservable", "unobserved_scale", "decided_for"),
    )


def _response_to_risk(model: SelectiveLabels) -> Assumption:
    return Assumption(
        name="response to risk",
        statement=_response(model),
        if_wrong="A decision-maker who responds less to risk than assumed leaves more risk among "
        "the untested.",
        formula=f"{model.link} P(T=1) = α r + Δ_0 + x'Δ",
        fields=("response",),
    )


def _response(model: SelectiveLabels) -> str:
    """Return how testing follows risk, in words."""
    if model.response == Known(0.0):
        return (
            "Testing does not depend on risk beyond the features: α is 0, and the untested have "
            "the risk of the tested at the same features."
        )
    direction = DIRECTIONS[model.decided_for]
    steep = (
        "as steeply as" if model.response == Known(1.0) else "more or less steeply than"
    )
    return (
        f"Testing {direction.verb} with risk, {steep} risk itself: {direction.size} is "
        f"{shown(model.response)}."
    )


def _linear_predictor(model: SelectiveLabels) -> Assumption:
    return Assumption(
        name=f"linear {model.link}",
        statement="On the scale of the link, risk and testing are linear in the coded features.",
        if_wrong="Risks of people with unusual features are off; the check of the functional form "
        "shows it for what was observed. Use a formula with splines.",
        formula=f"r = β_0 + x'β_Y + σ ζ, {model.link} P(Y=1) = r",
        checks=(
            "functional form",
            "predicts the decision rate by decile of risk",
            "predicts the positive rate of the tested by decile of risk",
        ),
        fields=("link",),
    )


def _expertise(model: SelectiveLabels) -> tuple[Assumption, ...]:
    """The expertise constraint of the paper."""
    if not model.expertise:
        return ()
    names = ", ".join(model.expertise)
    hard = model.expertise_sd == 0
    value = "Δ = 0" if hard else f"Δ ~ Normal(0, {model.expertise_sd:g}²)"
    return (
        Assumption(
            name="expertise",
            statement=f"On {names}, testing follows risk: who is tested depends on them "
            f"{'only' if hard else 'nearly only'} through the risk they carry.",
            if_wrong="A feature that drives testing for another reason (access, age limits) then "
            "shifts its own risk coefficient.",
            formula=f"{value} for {names}",
            checks=("agrees with the data: expertise",),
            fields=("expertise", "expertise_sd"),
        ),
    )


def _exchangeable_deciders(model: SelectiveLabels) -> tuple[Assumption, ...]:
    effects = DECIDERS[model.deciders]
    if not effects:
        return ()
    differ = " and ".join(effect.phrase for effect in effects)
    return (
        Assumption(
            name="exchangeable deciders",
            statement=f"Deciders differ in {differ}, and who decides about a person has nothing to "
            "do with the person's risk.",
            if_wrong="A decider who is sent the riskier people looks lenient, and their risk is "
            "put too low.",
            formula=", ".join(effect.formula for effect in effects),
            checks=("deciders as assumed",),
            fields=("deciders",),
        ),
    )
