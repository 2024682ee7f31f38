"""Covariates that change where a treatment is adopted for good, and may be moved by it.

To hold a covariate that the treatment moves takes the part of its effect that passes through it
away (a bad control). Where units adopt a treatment and keep it, a covariate that comes before the
treatment has no reason to change at adoption in those units alone. So the covariate is taken for
an outcome, of a regression on treatments with effects of units and periods: the slope of a
treatment that never ends is 0 but for a cluster-robust standard error. The data do not show which
of the two comes first, so that a slope is a caution.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.panel_dml.checks.score_tests import (
    FEWEST_CLUSTERS,
    Adjusted,
    some_units,
)
from causalstats.models.panel_dml.checks.strict_exogeneity import absorbing
from causalstats.models.panel_dml.row_blocks import columns_of
from causalstats.models.shared.bad_controls import AT_ADOPTION

_LEVEL = 0.001


def covariates_at_adoption(
    data: Panel, estimands: tuple[str, ...], assumption: str
) -> tuple[Check, ...]:
    """Return the caution that covariates change at adoption; nothing without any that do.

    Parameters
    ----------
    data : Panel
    estimands : tuple of str
        The answers that the caution stands on.
    assumption : str
        The name of the assumption that no treatment moves a covariate.
    """
    from causalstats.models.panel_dml.model import PanelDML  # noqa: PLC0415

    forever = np.flatnonzero(absorbing(data))
    numeric = [
        name
        for name in data.covariates
        if not isinstance(data.source[name].dtype, pd.CategoricalDtype)
    ]
    if len(forever) == 0 or not numeric:
        return ()
    some = some_units(data)
    model = PanelDML(time_effects=True)
    found: dict[str, tuple[float, float, str]] = {}
    for name in numeric:
        values = some.source[name].to_numpy(float)
        if some.constant_within_units(values[:, None]).all():
            continue
        alone = replace(some, outcome=values, covariates=())
        adjusted = Adjusted(alone, columns_of(model, alone), within=True)
        if adjusted.count < FEWEST_CLUSTERS:
            return ()
        error = adjusted.standard_errors
        slopes = np.where(error > 0, adjusted.effect / np.where(error > 0, error, 1), 0)
        k = forever[int(np.abs(slopes[forever]).argmax())]
        p = 2 * stats.t.sf(abs(slopes[k]), adjusted.count - 1)
        p = float(min(1.0, p * len(numeric) * len(forever)))
        if p < _LEVEL:
            found[name] = (p, float(adjusted.effect[k]), data.treatments[k])
    if not found:
        return ()
    listed = "; ".join(
        f"{name} changes by {slope:+.2g} where {treatment} begins, p = {p:.1g}"
        for name, (p, slope, treatment) in found.items()
    )
    names = ", ".join(found)
    return (
        Check(
            name=AT_ADOPTION,
            passed=None,
            value=min(p for p, _, _ in found.values()),
            expected=f"covariates that change alike where the treatment begins and where it does "
            f"not, p above {_LEVEL:g}",
            finding=listed,
            remedy=f"If the treatment moves {names}, the answer is what it does beside that, and "
            "leaves out what passes through it: take the covariate as it was before adoption, as "
            "`cs.EventStudy()` does, or leave it out. If it changed by itself and brought the "
            "adoption about, it has to stay. The data do not show which: set the answer without "
            f"{names} beside this one.",
            estimands=estimands,
            assumption=assumption,
            caution=True,
        ),
    )
