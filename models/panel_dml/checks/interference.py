"""Test of spillovers: whether outcomes answer to the treatments of other units of a cluster.

An effect is that of a unit's own treatment where no other treatment moves its outcome (no
interference, SUTVA). Where it does, untreated units near treated ones are no controls. The mean
treatment of the cluster's other units in the same period must then have no coefficient in the
outcome's equation. A cause that a cluster shares with its treatments has one as well.

References
----------
Manski (1993), Identification of endogenous social effects, Review of Economic Studies 60.
"""

from __future__ import annotations

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.panel_dml.checks.score_tests import Adjusted, strongest

INTERFERENCE = "no effect of the treatments of other units"
_LEVEL = 0.002
_FEWEST_CLUSTERS = 20


def no_interference(
    data: Panel, adjusted: Adjusted, estimands: tuple[str, ...], assumption: str
) -> tuple[Check, ...]:
    """Return the check of treatments of other units; nothing where clusters are the units.

    Parameters
    ----------
    data : Panel
        All units.
    adjusted : Adjusted
        The residuals of the panel, or of some of its units.
    estimands : tuple of str
        The answers that a failure stands on.
    assumption : str
        The name of the assumption that it concerns.
    """
    if data.cluster_name is None or adjusted.count < _FEWEST_CLUSTERS:
        return ()
    exposure = mean_of_others(data)[np.isin(data.rows, adjusted.data.rows)]
    found = strongest(adjusted, exposure)
    if found is None:
        return ()
    column, p, slope = found
    passed = p >= _LEVEL
    name = data.treatments[column]
    return (
        Check(
            name=INTERFERENCE,
            passed=passed,
            value=p,
            expected="no relation of the outcome with the mean treatment of other units of the "
            f"cluster, p above {_LEVEL:g}",
            finding=f"the outcome is {slope:+.2g} for one more of the mean {name} of the other "
            f"units of its {data.cluster_name}, p = {p:.2g}",
            remedy=""
            if passed
            else "Treatments spill over to other units of the cluster, or something that the "
            "cluster shares goes with them: untreated units are no controls for treated ones "
            f"beside them. Name the mean {name} of the others as a second treatment, or make "
            f"units of each {data.cluster_name}.",
            estimands=estimands,
            assumption=assumption,
        ),
    )


def mean_of_others(data: Panel) -> np.ndarray:
    """Return the mean treatments of a row's cluster in its period without the row's own, (n, k).

    The row's own treatments where it is alone.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"i": [1, 2, 3, 1, 2, 3], "t": [1, 1, 1, 2, 2, 2]})
    >>> frame = frame.assign(d=[0.0, 1, 1, 1, 0, 1], y=[1.0, 2, 0, 4, 3, 1], g=["a"] * 6)
    >>> roles = {"unit": "i", "time": "t", "outcome": "y", "treatment": "d", "cluster": "g"}
    >>> data = Panel.from_frame(frame.assign(g=frame["i"].map({1: "a", 2: "a", 3: "b"})), **roles)
    >>> mean_of_others(data).ravel().tolist()  # of units 1, 1, 2, 2, 3, 3
    [1.0, 0.0, 0.0, 1.0, 1.0, 1.0]
    """
    times, period = np.unique(data.time, return_inverse=True)
    cell = np.asarray(data.cluster)[data.unit] * len(times) + period
    cell = np.unique(cell, return_inverse=True)[1]
    others = (np.bincount(cell) - 1)[cell]
    columns = [
        np.where(
            others > 0,
            (np.bincount(cell, values)[cell] - values) / np.maximum(others, 1),
            values,
        )
        for values in data.treatment.T
    ]
    return np.column_stack(columns)
