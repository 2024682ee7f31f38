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

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.numerics.panel.within_transformation import demeaned

INTERFERENCE = "no effect of the treatments of other units"
_LEVEL = 0.002
_FEWEST_CLUSTERS = 20
_LEAST_LEFT = 1e-6  # of the variance of the others' treatment


class Spillover(NamedTuple):
    """What the mean treatment of others says of the outcome.

    Parameters
    ----------
    treatment : str
    p : float
        Of no relation, times the number of treatments that were tested.
    slope : float or None
        What one more of it does to the outcome, in its units, where that is known.
    """

    treatment: str
    p: float
    slope: float | None = None


def can_show_interference(data: Panel, clusters: int) -> bool:
    """Return whether clusters of several units are named, and enough of them are tested.

    Parameters
    ----------
    data : Panel
    clusters : int
        Those that are tested.
    """
    return data.cluster_name is not None and clusters >= _FEWEST_CLUSTERS


def strongest_of(data: Panel, p_values: Sequence[float]) -> Spillover | None:
    """Return the treatment of others that says most; None where none of them can tell.

    Parameters
    ----------
    data : Panel
    p_values : sequence of float
        One for each treatment; NaN where others say nothing beside the own treatment.
    """
    tested = [
        (p, name)
        for p, name in zip(p_values, data.treatments, strict=True)
        if np.isfinite(p)
    ]
    if not tested:
        return None
    p, name = min(tested)
    return Spillover(name, min(1.0, len(tested) * p))


def interference_check(
    data: Panel,
    found: Spillover | None,
    estimands: tuple[str, ...],
    assumption: str,
    remedy: str = "",
) -> tuple[Check, ...]:
    """Return the check of what the mean treatments of others say; nothing where that is nothing.

    Parameters
    ----------
    data : Panel
    found : Spillover or None
    estimands : tuple of str
        The answers that a failure stands on.
    assumption : str
        The name of the assumption that it concerns.
    remedy : str
        In place of naming the treatments of others as a second treatment.
    """
    if found is None:
        return ()
    name, p, slope = found
    group = data.cluster_name
    passed = p >= _LEVEL
    others = f"the mean {name} of the other units of its {group}"
    relation = "hardly goes" if passed else "goes"
    finding = f"the outcome {relation} with {others}, p = {p:.2g}"
    if slope is not None:
        finding = f"the outcome is {slope:+.2g} for one more of {others}, p = {p:.2g}"
    name_them = f"Name the mean {name} of the others as a second treatment, or make"
    return (
        Check(
            name=INTERFERENCE,
            passed=passed,
            value=p,
            expected="no relation of the outcome with the mean treatment of other units of the "
            f"cluster, p above {_LEVEL:g}",
            finding=finding,
            remedy=""
            if passed
            else "Treatments spill over to other units of the cluster, or something that the "
            "cluster shares goes with them: untreated units are no controls for treated ones "
            f"beside them. {remedy or name_them} units of each {group}.",
            estimands=estimands,
            assumption=assumption,
        ),
    )


def tells_more(data: Panel, others: np.ndarray) -> np.ndarray:
    """Return which columns vary within units beside treatments and periods, (k,).

    Parameters
    ----------
    data : Panel
    others : array, shape (n, k)
        Mean treatments of others.
    """
    period = np.unique(data.time, return_inverse=True)[1]
    dummies = np.eye(period.max() + 1)[period]
    within = demeaned(np.hstack([others, data.treatment, dummies]), data.starts)
    columns, held = np.split(within, [others.shape[1]], axis=1)
    left = columns - held @ np.linalg.lstsq(held, columns, rcond=1e-10)[0]
    spread = ((others - others.mean(axis=0)) ** 2).sum(axis=0)
    return np.asarray((left**2).sum(axis=0) > _LEAST_LEFT * np.maximum(spread, 1e-300))


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
