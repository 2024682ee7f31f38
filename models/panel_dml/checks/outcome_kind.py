"""Test of whether changes of a count, or of an outcome of 0 and 1, depend on the unit's level.

`PanelDML` adds effects to the outcome, in its own units. Counts mostly change in proportion to
their level, and probabilities less near 0 and 1: then time effects differ by unit, and confound a
treatment that units of one level have more often; and the effect differs by level. Both give
products of the unit's level L_i with the time and with the treatment coefficients in the outcome's
equation. Instead of its mean outcome ȳ_i, which takes in the row's own error, the level is

    L_it = ȳ_i - y_it / (T_i - 1),   E Σ_t (w_it - w̄_i) L_it (e_it - ē_i) = 0

for independent errors whose variances change with time and treatment, as those of counts do.
"""

from __future__ import annotations

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.panel_dml.checks.score_tests import (
    FEWEST_CLUSTERS,
    Adjusted,
    varies,
)
from causalstats.numerics.panel.within_transformation import demeaned, unit_means

_LEVEL = 0.005
_NAME = "effects add to the outcome"


def is_binary(data: Panel) -> bool:
    """Return whether the outcome is 0 or 1."""
    return bool(np.isin(data.outcome, (0.0, 1.0)).all())


def is_count(data: Panel) -> bool:
    """Return whether the outcome is a count: whole, not negative, 0 in some row, above 1 in some.

    Without a 0 its logarithm can be taken, which the user may have done or not.
    """
    y = data.outcome
    whole = bool((y == np.round(y)).all())
    return whole and y.min() == 0 and not is_binary(data)


def outcome_kind(adjusted: Adjusted, estimands: tuple[str, ...]) -> tuple[Check, ...]:
    """Return the check of counts and of outcomes of 0 and 1; none of other outcomes.

    Parameters
    ----------
    adjusted : Adjusted
        Residuals of a model within units.
    estimands : tuple of str
        The answers that a failure stands on.
    """
    data = adjusted.data
    binary = is_binary(data)
    if not (binary or is_count(data)):
        return ()
    means = unit_means(data.outcome[:, None], data.starts)[data.unit, 0]
    others = np.maximum(data.sizes - 1, 1)[data.unit]
    level = means - data.outcome / others
    moving = demeaned(np.column_stack([data.time, data.treatment]), data.starts)
    columns = level[:, None] * moving
    residuals = adjusted.without_treatment(adjusted.residuals(columns))
    residuals = residuals[:, varies(residuals, columns)]
    if adjusted.count < FEWEST_CLUSTERS or residuals.shape[1] == 0:
        return ()
    test = adjusted.score_test(residuals)
    passed = bool(test.p >= _LEVEL)
    scale = "probability" if binary else "count"
    return (
        Check(
            name=_NAME,
            passed=passed,
            value=test.p,
            expected=f"changes of the {scale} that do not depend on the unit's level, p-value of "
            f"at least {_LEVEL:g}",
            finding=f"the outcome is {'0 or 1' if binary else 'a count'}: the effect is a "
            f"difference of {'probabilities' if binary else 'counts'}, and changes "
            f"{'do not depend' if passed else 'depend'} on the unit's level, p = {test.p:.2g}",
            remedy="" if passed else _remedy(data, binary),
            estimands=estimands,
            assumption="constant effect",
        ),
    )


def _remedy(data: Panel, binary: bool) -> str:
    if binary:
        return (
            "Probabilities change less near 0 and 1: the answer is a mean of differences that "
            "weighs units by their treatment's variance, and takes common changes for equal. Ask "
            "it of units of like levels, `moderators=`; or use a conditional logit model, "
            "`cs.PanelGLM(family='logit')`, whose answer is an odds ratio."
        )
    return (
        "Counts change in proportion to their level. Set the answer beside 'Poisson with unit "
        "effects' in `fit.compare()`, whose coefficient is a ratio of means, here times the mean "
        "count, or fit `cs.PanelGLM()`; do not take the logarithm of "
        f"{data.arguments['outcome']!r} plus 1, whose coefficient depends on its unit (Chen & "
        "Roth 2024)."
    )
