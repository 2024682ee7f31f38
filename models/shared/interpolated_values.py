"""Values of a panel that were filled in between measured ones (linear interpolation)."""

from __future__ import annotations

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.numerics.testing.filled_between import filled_between

INTERPOLATED = "no values interpolated"


def not_interpolated(data: Panel, assumption: str) -> tuple[Check, ...]:
    """Return the failed check of columns that were interpolated; nothing of others.

    Parameters
    ----------
    data : Panel
    assumption : str
        The name of the assumption that variables were measured.
    """
    outcome = str(data.arguments["outcome"])
    columns = {outcome: data.outcome}
    columns |= dict(zip(data.treatments, data.treatment.T, strict=True))
    columns |= data.numeric_covariates
    time = np.asarray(data.time, float)
    shares = {
        name: filled_between(np.asarray(values, float), data.unit, time)
        for name, values in columns.items()
    }
    found = {name: share for name, share in shares.items() if share is not None}
    if not found:
        return ()
    listed = "; ".join(f"{share:.0%} of {name}" for name, share in found.items())
    return (
        Check(
            name=INTERPOLATED,
            passed=False,
            value=max(found.values()),
            expected="fewer than 10 % of the values on a straight line between those before and "
            "after, in several lines of a unit",
            finding=f"values lie exactly on lines between others of their unit: {listed}",
            remedy="Values between two surveys were not measured: a covariate that was filled in "
            "leaves the confounding of the rows between, an outcome or a treatment has changes "
            "spread over years in which there were none. Keep the rows of the surveys alone, or "
            "average all columns over the time between.",
            assumption=assumption,
        ),
    )
