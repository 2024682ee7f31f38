"""Test of linearity in the treatment: whether its effect is in proportion to its change.

The square of a treatment about its mean, and bends at its terciles, are added to the equation of
the outcome as other covariates are (RESET, for the treatment alone). Where they have a
coefficient, a unit of the treatment does more at some of its values than at others, and the answer
is a mean of these with the weights of the residual variance of the treatment (Yitzhaki 1996).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.check import Check
from causalstats.models.panel_dml.checks.score_tests import (
    FEWEST_CLUSTERS,
    Adjusted,
    p_of_added,
    square_and_bends,
)

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML

_LEVEL = 0.002
_BENDS = (1 / 3, 2 / 3)  # quantiles of the treatment
_LARGEST_SHARE = 0.1  # of a cluster in the squares of a term: its score decides alone
_FEWEST_VALUES = 5  # of a treatment that can have a curve


def effect_in_proportion(
    model: PanelDML, adjusted: Adjusted, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Return the check of treatments that take several values; none of others.

    Parameters
    ----------
    model : PanelDML
    adjusted : Adjusted
    estimands : tuple of str
        The answers that a failure stands on.
    """
    data = adjusted.data
    if adjusted.count < FEWEST_CLUSTERS:
        return ()
    p_values = {}
    for name, values in zip(data.treatments, data.treatment.T, strict=True):
        if len(np.unique(values)) < _FEWEST_VALUES:
            continue
        terms = square_and_bends(values, _BENDS)
        p = p_of_added(adjusted, terms, _LARGEST_SHARE)
        if p is not None:
            p_values[name] = p
    if not p_values:
        return ()
    name = min(p_values, key=lambda each: p_values[each])
    p = min(1.0, len(p_values) * p_values[name])
    passed = p >= _LEVEL
    finding = f"a square and bends of {name} have p = {p:.2g}"
    return (
        Check(
            name="effect in proportion to the treatment",
            passed=passed,
            value=p,
            expected=f"p-value of at least {_LEVEL:g}",
            finding=finding
            if passed
            else f"{finding}: a unit of {name} does more at some of its values than at others",
            remedy=""
            if passed
            else f"The answer is a mean of the effects of a unit of {name}, with more weight where "
            "it varies more. Take its logarithm if it is skewed, or read its square as one more "
            "treatment, `treatment=[...]`.",
            estimands=estimands,
            assumption=model.effect_form.assumption(model).name,
        ),
    )
