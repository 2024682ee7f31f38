"""The assumptions of a Heckman model, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalstats.core.assumption import Assumption
from causalstats.models.heckman.correlation_priors import correlation_prior_of
from causalstats.models.heckman.shape_priors import errors_of
from causalstats.models.shared.exclusion_restrictions import exclusion_assumptions
from causalstats.models.shared.independent_rows import independent_people
from causalstats.models.shared.measurement import measured_without_error
from causalstats.numerics.selection.joint_errors import JointErrors

if TYPE_CHECKING:
    from causalstats.models.heckman.model import Heckman

NORMALITY = "joint normality"
SHAPE = "shape of the errors"
LINEARITY = "linear outcome"


def assumptions(model: Heckman) -> tuple[Assumption, ...]:
    """Return the assumptions of the answer; those not used are not listed."""
    listed = [
        _normality() if errors_of(model).is_normal else _shape(model),
        _linearity(),
        *correlation_prior_of(model).assumptions,
    ]
    if model.mean is not None:
        listed.append(_known_mean(model))
    listed.extend(exclusion_assumptions(model, "β", "γ"))
    if model.expertise:
        listed.append(_expertise(model))
    return (
        *listed,
        independent_people("decision and outcome"),
        measured_without_error(
            "Errors of a feature leave a part of what it explains to the unobservable; errors of "
            "the outcome that depend on nothing only widen the interval."
        ),
    )


def shape_assumption(joint: JointErrors) -> str:
    """Return the name of the assumption on the shape of the errors."""
    return NORMALITY if joint.is_normal else SHAPE


def _normality() -> Assumption:
    return Assumption(
        name=NORMALITY,
        statement="What the features leave open of the outcome and of the decision is jointly "
        "Normal, and independent of the features.",
        if_wrong="Without an exclusion, expertise or a known mean, the answer rests on this "
        "shape alone, and another shape gives another answer.",
        formula="(u, v) ~ Normal(0, [[σ², κσ], [κσ, 1]])",
        checks=(
            "normality of the errors",
            "one correlation for all",
            "equal variances",
            "no outcomes missing beyond the extremes",
            "outcome of many values",
            "identified by joint normality alone",
        ),
        fields=("mean", "excluded", "errors", "copula"),
    )


def _linearity() -> Assumption:
    return Assumption(
        name=LINEARITY,
        statement="The outcome, and the index of the decision, are linear in the coded "
        "features.",
        if_wrong="Curvature looks like selection; the check of the functional form shows it "
        "for what was observed. Use a formula with splines.",
        formula="Y = β_0 + x'β + u, T = 1[γ_0 + x'γ + v > 0]",
        checks=(
            "functional form",
            "predicts the decision rate by decile of expected outcome",
            "predicts the mean outcome of those seen by decile of expected outcome",
        ),
    )


def _known_mean(model: Heckman) -> Assumption:
    return Assumption(
        name="mean",
        statement=f"The mean of the outcome in the population is {model.mean}.",
        if_wrong="Every unseen outcome moves with it, in full.",
        formula="Σ w_i (β_0 + x_i'β) = E[Y]",
        checks=("agrees with the data: mean", "known mean in reach"),
        fields=("mean",),
    )


def _expertise(model: Heckman) -> Assumption:
    """The expertise constraint of the paper."""
    names = ", ".join(model.expertise)
    value = (
        "= 0" if model.expertise_sd == 0 else f"~ Normal(0, {model.expertise_sd:g}²)"
    )
    return Assumption(
        name="expertise",
        statement=f"On {names}, the decision follows the outcome and nothing else.",
        if_wrong="A feature that drives the decision for another reason then shifts its own "
        "coefficient in the outcome.",
        formula=f"Δ {value} for {names}",
        checks=("agrees with the data: expertise",),
        fields=("expertise", "expertise_sd"),
    )


_SHAPES = {
    "normal": "Normal",
    "student": "jointly Student t with the selection's",
    "skewed": "sinh-arcsinh, skewed and with heavy tails as far as the data say so",
}
_DEPENDENCES = {
    "elliptical": "elliptical (one correlation of their scores)",
    "plackett": "a Plackett copula (one odds ratio)",
    "gumbel": "a Gumbel copula (strongest for high outcomes)",
    "survival_gumbel": "a survival Gumbel copula (strongest for low outcomes)",
}


def _shape(model: Heckman) -> Assumption:
    return Assumption(
        name=SHAPE,
        statement="What the features leave open of the outcome is "
        f"{_SHAPES[model.errors]}; its dependence on what they leave open of the decision is "
        f"{_DEPENDENCES[model.copula]}. Both are independent of the features.",
        if_wrong="Without an exclusion or a known mean, the answer rests on this shape alone; "
        "`fit.sensitivity(errors=[...], copula=[...])` shows how far it moves.",
        formula="u/σ ~ F, (F(u/σ), Φ(v)) ~ C",
        checks=(
            "predicts the skewness and kurtosis of the outcomes seen",
            "one correlation for all",
            "equal variances",
            "no outcomes missing beyond the extremes",
            "outcome of many values",
            "identified by the shape of the errors alone",
        ),
        fields=("mean", "excluded", "errors", "copula"),
    )
