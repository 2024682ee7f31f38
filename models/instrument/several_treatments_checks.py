"""Checks of several treatments: do instruments bound their effects, move each, and agree?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalstats.core.check import Check
from causalstats.models.instrument.assumptions import EXCLUSION
from causalstats.models.instrument.posterior import moments_of
from causalstats.numerics.instruments.several_treatments import (
    bounded,
    conditional_first_stage_f,
    overidentification,
)

if TYPE_CHECKING:
    from causalstats.data import Instrumented
    from causalstats.models.instrument.model import Instrument

_LEVEL = 0.01
_LEVEL_OF_MOVING = 0.05
_ANSWERS = ("effect", "confounding", "least_squares_bias", "multiple_correlation")


def several_treatments_checks(
    model: Instrument, data: Instrumented
) -> tuple[Check, ...]:
    """Return checks that presume exclusion."""
    return (
        _bounded(model, data),
        each_treatment_moved(model, data),
        _overidentification(model, data),
    )


def _bounded(model: Instrument, data: Instrumented) -> Check:
    """Weak instruments: return whether the Anderson-Rubin set of all effects is bounded."""
    passed = bounded(moments_of(model, data), robust=model.errors == "robust")
    shape = "bounded" if passed else "unbounded: the data do not bound every effect"
    return Check(
        name="the instruments bound the effect",
        passed=passed,
        value=None,
        expected="a 95 % Anderson-Rubin set of the effects that is bounded in every direction",
        finding=f"the Anderson-Rubin set is {shape}",
        remedy="Take the intervals as what the prior of confounding allows, not as what the data "
        "say. Look for stronger instruments or more rows, or name fewer treatments.",
        estimands=_ANSWERS,
    )


def each_treatment_moved(model: Instrument, data: Instrumented) -> Check:
    """Return whether instruments move each treatment apart from the others.

    The conditional F statistic of Sanderson & Windmeijer (2016).

    Parameters
    ----------
    model : Instrument
    data : Instrumented
        With two treatments or more.
    """
    robust = model.errors == "robust"
    values, p_values = conditional_first_stage_f(moments_of(model, data), robust=robust)
    form = ", in the form of robust scores" if robust else ""
    weak = [
        repr(name)
        for name, p in zip(data.treatments, p_values, strict=True)
        if p > _LEVEL_OF_MOVING
    ]
    listed = ", ".join(
        f"{name} {value:.3g}"
        for name, value in zip(data.treatments, values, strict=True)
    )
    return Check(
        name="the instruments move each treatment",
        passed=not weak,
        value=float(values.min()),
        expected=f"a conditional F statistic of each with p <= {_LEVEL_OF_MOVING:g}",
        finding=f"conditional F statistics (Sanderson & Windmeijer{form}): {listed}",
        remedy=f"Given the other treatments the instruments hardly move {' and '.join(weak)}: look "
        "for an instrument of it, or hold it among the covariates if it shares no cause with the "
        "outcome.",
        estimands=_ANSWERS,
    )


def _overidentification(model: Instrument, data: Instrumented) -> Check:
    """Return whether the instruments agree on the effects; undecided where none is to spare."""
    moments = moments_of(model, data)
    if moments.instruments == moments.treatments:
        return Check(
            name="overidentification",
            passed=None,
            value=None,
            expected="more instruments than treatments",
            finding="with as many instruments as treatments, these data cannot show whether one "
            "affects the outcome other than through the treatments",
            remedy="Exclusion rests on what is known of the instruments: one more than there are "
            "treatments would let these data refute it.",
            estimands=_ANSWERS,
            assumption=EXCLUSION,
            caution=True,
        )
    p = overidentification(moments, robust=model.errors == "robust")
    names = " or ".join(map(repr, data.arguments["instruments"]))
    return Check(
        name="overidentification",
        passed=p >= _LEVEL,
        value=p,
        expected=f"p >= {_LEVEL:g}",
        finding=f"at the effects that fit best, the instruments explain the residuals with "
        f"p = {p:.2g}",
        remedy=f"An instrument, {names}, affects the outcome other than through the treatments, "
        "or effects differ between those whom the instruments move. Leave out one instrument "
        "after another and fit again.",
        estimands=_ANSWERS,
        assumption=EXCLUSION,
    )
