"""The assumptions of a Heckman model, in words."""

from __future__ import annotations

from typing import Any

from causalstats.core.assumption import Assumption
from causalstats.models.heckman.correlation_priors import correlation_prior_of
from causalstats.models.shared.exclusion_restrictions import exclusion_assumptions

NORMALITY = "joint normality"
LINEARITY = "linear outcome"


def assumptions(model: Any) -> tuple[Assumption, ...]:
    """Return the assumptions of the answer; those not used are not listed."""
    listed = [
        Assumption(
            name=NORMALITY,
            statement="What the features leave open of the outcome and of the decision is jointly "
            "Normal, and independent of the features.",
            if_wrong="Without an exclusion, expertise or a known mean, the answer rests on this "
            "shape alone, and another shape gives another answer.",
            formula="(u, v) ~ Normal(0, [[σ², κσ], [κσ, 1]])",
            checks=(
                "normality of the errors",
                "equal variances",
                "identified by joint normality alone",
            ),
            fields=("mean", "excluded"),
        ),
        Assumption(
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
        ),
        *correlation_prior_of(model).assumptions,
    ]
    if model.mean is not None:
        listed.append(_known_mean(model))
    listed.extend(exclusion_assumptions(model, "β", "γ"))
    if model.expertise:
        listed.append(_expertise(model))
    return tuple(listed)


def _known_mean(model: Any) -> Assumption:
    return Assumption(
        name="mean",
        statement=f"The mean of the outcome in the population is {model.mean}.",
        if_wrong="Every unseen outcome moves with it, in full.",
        formula="Σ w_i (β_0 + x_i'β) = E[Y]",
        checks=("agrees with the data: mean",),
        fields=("mean",),
    )


def _expertise(model: Any) -> Assumption:
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
