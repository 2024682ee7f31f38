"""Test of linear moderation: whether the effect is a straight line in its moderators.

The residuals of a treatment times the square of a moderator, and times bends at its outer fifths,
are added to the equation of the outcome. Where they have a coefficient, the effect at a value of
the moderator is not what a straight line says, though the mean effect over rows may be right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from causalstats.core.check import Check
from causalstats.data.formulas import formula_variables
from causalstats.models.panel_dml.checks.score_tests import (
    FEWEST_CLUSTERS,
    Adjusted,
    p_of_added,
    square_and_bends,
)

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML

_LEVEL = 0.005
_BENDS = (0.2, 0.8)  # quantiles of the moderator
_LARGEST_SHARE = 0.2  # of a cluster in the squares of a term: its score decides alone
_FEWEST_VALUES = 5  # of a moderator that can have a curve


def linear_moderation(
    model: PanelDML, adjusted: Adjusted, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Return the check of numeric moderators with several values; none of others.

    Parameters
    ----------
    model : PanelDML
    adjusted : Adjusted
    estimands : tuple of str
        The answers that a failure stands on.
    """
    if model.moderators is None or adjusted.count < FEWEST_CLUSTERS:
        return ()
    data = adjusted.data
    p_values = {}
    for name in formula_variables(model.moderators):
        column = data.source[name]
        if not pd.api.types.is_numeric_dtype(column.dtype):
            continue
        values = column.to_numpy(float)
        if len(np.unique(values)) < _FEWEST_VALUES:
            continue
        curves = square_and_bends(values, _BENDS)
        curves = (curves - curves.mean(axis=0)) / np.sqrt(data.weights)[:, None]
        for k, treatment in enumerate(data.treatments):
            products = adjusted.treatment[:, [k]] * curves
            p = p_of_added(adjusted, products, _LARGEST_SHARE)
            if p is not None:
                p_values[name, treatment] = p
    if not p_values:
        return ()
    name, treatment = min(p_values, key=lambda each: p_values[each])
    p = min(1.0, len(p_values) * p_values[name, treatment])
    passed = p >= _LEVEL
    finding = f"{treatment} times a square and bends of {name} has p = {p:.2g}"
    return (
        Check(
            name="effect linear in its moderators",
            passed=passed,
            value=p,
            expected=f"p-value of at least {_LEVEL:g}",
            finding=finding
            if passed
            else f"{finding}: effects at values of {name} are not on a straight line",
            remedy=""
            if passed
            else f"Cut {name} into groups (`pandas.cut`) and name them as the moderator: the "
            "effect of each group is then its own.",
            estimands=estimands,
            assumption=model.effect_form.assumption(model).name,
        ),
    )
