"""The assumptions of an instrumental-variables model, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalstats.core.assumption import Assumption
from causalstats.models.shared.bad_controls import (
    AS_OUTCOMES,
    IF_MOVED,
    NO_COPY,
    NOT_MOVED,
)
from causalstats.models.shared.independent_rows import INDEPENDENCE_CHECKS
from causalstats.models.shared.measurement import measured_without_error

if TYPE_CHECKING:
    from causalstats.data import Instrumented
    from causalstats.models.instrument.model import Instrument

EXCLUSION = "exclusion"
INDEPENDENCE = "independence of the instruments"
LINEARITY = "linearity"
ONE_EFFECT = "one effect"
MONOTONICITY = "monotone first stage"
CONFOUNDING = "prior of confounding"
INVARIANCE = "outcome invariance"
EXCHANGEABLE = "exchangeable direct effects"


def assumptions(model: Instrument) -> tuple[Assumption, ...]:
    """Return the assumptions of the answer; those not used are not listed."""
    if model.first_stage == "designed":
        return _of_designed_first_stage(model)
    return (
        _exclusion(model),
        Assumption(
            name=INDEPENDENCE,
            statement="Given the covariates, the instruments share no cause with the outcome. "
            f"{NOT_MOVED} And no row is in the data for its treatment or outcome.",
            if_wrong="What they share is taken for an effect of the treatment, and divided by the "
            "first stage: the weaker the instruments, the more a small violation counts. "
            f"{IF_MOVED} Where treatment and outcome decide which rows are seen, such as patients "
            "who were treated or fell ill, instruments go with hidden causes among these rows, and "
            "the rows do not show it: compare the shares of the instruments' values with those of "
            "all who could have been seen, such as the odds of a lottery.",
            formula="Cov(Z, u | W) = 0",
            checks=(
                "overidentification",
                "no instrument made of the treatment",
                NO_COPY,
                AS_OUTCOMES,
            ),
            fields=("direct",),
        ),
        Assumption(
            name=LINEARITY,
            statement="Given the covariates, treatment and outcome are linear in them, in the "
            "instruments and in the treatment.",
            if_wrong="Where the mean of an instrument is not linear in the covariates, the effect "
            "is a mean with weights that can be negative. Where the outcome is a curve in the "
            "treatment, it is the slope at the levels where the instruments move most.",
            formula="T = ZΠ + Wδ + v, y = Tβ + Wγ + u",
            checks=(
                "instruments linear in the covariates",
                "one effect at every level",
            ),
        ),
        _effects(model),
        measured_without_error(
            "Errors of a treatment that are independent of the instruments leave the answer right; "
            "errors of an instrument weaken it; errors of a covariate leave a part of its "
            "confounding of the instruments."
        ),
        _errors(model),
        _confounding(model),
    )


def _of_designed_first_stage(model: Instrument) -> tuple[Assumption, ...]:
    """Return the assumptions of a regression on treatments before and after an augmentation."""
    return (
        Assumption(
            name=INVARIANCE,
            statement="The augmentation changes nothing that the outcome depends on: the outcome "
            "of an augmented row is that of the original.",
            if_wrong="A direction that does affect the outcome is taken for one without an effect: "
            "its effect is pulled to 0. Nothing in the data can show it.",
            formula="y(X̃) = y(X)",
            fields=("first_stage",),
        ),
        Assumption(
            name=LINEARITY,
            statement="The outcome is linear in the treatments and the covariates, and what it "
            "shares with the original treatments is linear in these.",
            if_wrong="Effects are those of the best linear approximation.",
            formula="y = X̃β + Xφ + Wγ + e",
        ),
        _effects(model),
        measured_without_error(
            "Errors of the original treatments make the first stage, which is taken as known, "
            "wrong."
        ),
        _errors(model),
        Assumption(
            name=CONFOUNDING,
            statement="Confounding is about as large in every direction of the treatments; how "
            "large is learned from the directions that the augmentation changes. Half of its prior "
            f"is below {model.control_prior_scale:g} times the outcome's residual.",
            if_wrong="Along directions that the augmentation leaves, the interval misses the "
            "effect.",
            formula="φ ~ Normal(0, c²Var(e) Var(X)⁻¹), c ~ half-Cauchy",
            checks=("directions that the augmentation leaves",),
            fields=("control_prior_scale",),
        ),
    )


def assumptions_for(model: Instrument, data: Instrumented) -> tuple[Assumption, ...]:
    """Return the assumptions in the words of these data, of one treatment or several."""
    if len(data.treatments) == 1 or data.original is not None:
        return assumptions(model)
    in_words = {
        ONE_EFFECT: _one_effect_of_each(),
        CONFOUNDING: _several_confounded(),
    }
    return tuple(in_words.get(each.name, each) for each in assumptions(model))


def _one_effect_of_each() -> Assumption:
    return Assumption(
        name=ONE_EFFECT,
        statement="Each treatment has the same effect in everybody, whatever the other treatments "
        "are.",
        if_wrong="Where effects differ, the answer about one treatment mixes the effects of all "
        "(Bhuller & Sigstad 2024): fit one treatment with the others held, where they share no "
        "cause with the outcome.",
        formula="y_i = Σ_j T_ij β_j + ...",
        checks=("overidentification",),
        fields=("effects",),
    )


def _several_confounded() -> Assumption:
    return Assumption(
        name=CONFOUNDING,
        statement="Before the data, the correlations of the outcome's error with the errors of the "
        "treatments, made uncorrelated, are equally likely everywhere in the unit ball.",
        if_wrong="Where their multiple correlation is near 1 and the instruments say nothing, "
        "intervals miss the effects.",
        formula="Var(v)^(-1/2) Cov(v, u) / sd(u) ~ Uniform in the unit ball",
        checks=("confounding near its limit", "the instruments bound the effect"),
        fields=("confounding",),
    )


def _exclusion(model: Instrument) -> Assumption:
    """Return the exclusion restriction, or the direct effects that take its place."""
    if model.learns_direct:
        return _exchangeable(model)
    if not model.direct_effects:
        return Assumption(
            name=EXCLUSION,
            statement="The instruments affect the outcome only through the treatment.",
            if_wrong="A direct effect is divided by the first stage and added to the answer: give "
            "its size, `direct={...}`.",
            formula="y = Tβ + Wγ + Zη + u with η = 0",
            checks=("overidentification", "predicts the outcome by instrument"),
            fields=("direct",),
        )
    sizes = ", ".join(
        f"{name}: {known}" for name, known in model.direct_effects.items()
    )
    return Assumption(
        name=EXCLUSION,
        statement=f"Direct effects of instruments on the outcome are known: {sizes}; 0 of the "
        "others.",
        if_wrong="A larger direct effect is divided by the first stage and added to the answer.",
        formula="y = Tβ + Wγ + Zη + u with η ~ Normal",
        checks=(
            "overidentification",
            "predicts the outcome by instrument",
            "agrees with the data: direct effect of",
        ),
        fields=("direct",),
    )


def _exchangeable(model: Instrument) -> Assumption:
    """Return what takes the place of the exclusion restriction where direct effects are learned."""
    return Assumption(
        name=EXCHANGEABLE,
        statement="Direct effects of the instruments on the outcome are about as large for all of "
        "them, of either sign, and unrelated to how the instruments move the treatment. Their "
        f"size is learned; half of its prior is below {model.direct_prior_scale:g} standard "
        "deviations of the outcome given the treatment, for one of the instrument.",
        if_wrong="Direct effects that go with the effects on the treatment are taken for an effect "
        "of the treatment; one far larger than the others makes the interval too wide.",
        formula="y = Tβ + Wγ + Zη + u, η_j ~ Normal(0, τ²/Var(z_j)), τ ~ half-Cauchy",
        checks=("direct effects of one spread", "direct effects in both directions"),
        fields=("direct", "direct_prior_scale"),
    )


def _effects(model: Instrument) -> Assumption:
    if model.effects == "one":
        return Assumption(
            name=ONE_EFFECT,
            statement="The treatment has the same effect in everybody.",
            if_wrong="The answer is then about those whose treatment the instruments move, and "
            "only if no treatment is moved the other way: `effects='compliers'`.",
            formula="y_i = T_i β + ...",
            checks=("one effect", "one effect at every level"),
            fields=("effects",),
        )
    return Assumption(
        name=MONOTONICITY,
        statement="The instruments move nobody's treatment the other way.",
        if_wrong="Effects of those who are moved the other way count negatively.",
        formula="T_i(z') >= T_i(z) for z' > z (Imbens & Angrist 1994)",
        fields=("effects",),
    )


def _errors(model: Instrument) -> Assumption:
    if model.errors == "robust":
        return Assumption(
            name="many rows",
            statement="Rows, or clusters, are independent and many, so that sums of scores are "
            "normal. Variances may differ.",
            if_wrong="With few clusters, or a few rows that carry the instruments, intervals are "
            "too short.",
            formula="Σ z_i u_i ~ Normal(0, V)",
            checks=(
                "number of clusters",
                "leverage of the instruments",
                *INDEPENDENCE_CHECKS,
            ),
            fields=("errors",),
        )
    return Assumption(
        name="equal variances",
        statement="Errors are independent, normal, and have the same variance in every row.",
        if_wrong="Intervals can cover far less often than they say: `errors='robust'`.",
        formula="(v_i, u_i) ~ Normal(0, Σ)",
        checks=("equal variances",),
        fields=("errors",),
    )


def _confounding(model: Instrument) -> Assumption:
    if model.confounding == "uniform":
        return Assumption(
            name=CONFOUNDING,
            statement="Before the data, every correlation of the two errors from -1 to 1 is "
            "equally likely.",
            if_wrong="Where the correlation is beyond .95 and the instruments say nothing, the "
            "interval misses the effect.",
            formula="ρ = Corr(u, v) ~ Uniform(-1, 1)",
            checks=("confounding near its limit", "the instruments bound the effect"),
            fields=("confounding",),
        )
    return Assumption(
        name=CONFOUNDING,
        statement="Before the data, the effect is normal about 0, with a standard deviation of "
        f"{model.effect_sd:g} in units of sd(outcome)/sd(treatment)"
        + ("" if model.effect_scale is None else f" = {model.effect_scale:g}")
        + ".",
        if_wrong="Where instruments are weak, the answer is this prior.",
        formula="β ~ Normal(0, b²), p(Σ) ∝ 1/|Σ|",
        checks=("the instruments bound the effect",),
        fields=("effect_sd", "confounding"),
    )
