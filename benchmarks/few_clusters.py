"""Coverage of intervals of `PanelDML` with few clusters, two kinds of them, or few treated ones.

    python benchmarks/few_clusters.py        writes few_clusters.json

95 % intervals of least squares after partialling out unit and period effects. Each design is
compared with what is commonly done:

CR1, normal      cluster-robust with G/(G-1), normal quantiles
CR1, t(G-1)      the same with Student's t; of two kinds, G of the fewer (Cameron, Gelbach & Miller)
one way          clusters of the first kind alone, where there are two
cluster          `PanelDML(errors="cluster")`: CR2, moderated; of two kinds, their sum
placebo          `PanelDML(errors="placebo")`: errors of clusters that are never treated

States of unequal size share shocks and treatments; of two kinds, units and periods have persistent
shocks to both treatment and outcome; treated units are the first of 50. In the rows "twice the sd"
their errors are twice as large as those of the others, which no interval here knows, and a check
may say.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from designs.panel import persistent, read, table
from scipy import stats

import causalstats as cs
from causalstats.models.panel_dml.checks.dependence import (
    typical_residuals,
    variance_of_treated,
)
from causalstats.models.panel_dml.robust_errors import sandwich, unchanged_clusters
from causalstats.numerics.panel.placebo_errors import placebo_errors
from causalstats.numerics.panel.two_way_clustering import intersection_covariance

SETS = 400
EFFECT = 0.5
RESULTS = Path(__file__).with_suffix(".json")


def states(count: int, binary: bool, seed: int) -> tuple[cs.PanelDML, cs.Panel]:
    """Draw states of 2 to 20 units whose treatments and errors are partly those of their state.

    Parameters
    ----------
    count : int
        Number of states, the clusters.
    binary : bool
        Whether every other state adopts a treatment of 0 or 1, and keeps it.
    seed : int
    """
    rng = np.random.default_rng(seed)
    sizes = np.linspace(2, 20, count).round().astype(int)
    state = np.repeat(np.arange(count), sizes)
    d = persistent(rng, count, 10, 0.7)[state]
    if binary:
        start = np.where(np.arange(count) % 2 == 0, 10, rng.integers(2, 9, count))
        d = (np.arange(10) >= start[state][:, None]).astype(float)
    shared = persistent(rng, count, 10, 0.5)[state]
    error = shared + persistent(rng, len(state), 10, 0.5)
    frame = table(d, error, rng)
    frame["state"] = state[frame["unit"]]
    return cs.PanelDML(time_effects=True), read(frame, cluster="state")


def two_ways(units: int, times: int, seed: int) -> tuple[cs.PanelDML, cs.Panel]:
    """Draw shocks that all units of a period share, beside serial correlation of .7.

    Parameters
    ----------
    units, times : int
        Numbers of units and of periods, the clusters.
    seed : int
    """
    rng = np.random.default_rng(seed)
    d = persistent(rng, units, times, 0.7) + rng.standard_normal(times)
    error = persistent(rng, units, times, 0.7) + rng.standard_normal(times)
    frame = table(d, error, rng)
    return cs.PanelDML(), read(frame, cluster=["unit", "time"])


def treated(count: int, sd: float, seed: int) -> tuple[cs.PanelDML, cs.Panel]:
    """Draw 50 units of which `count` are treated from the middle on.

    Parameters
    ----------
    count : int
        Number of treated units.
    sd : float
        Standard deviation of the errors of treated units, in those of the others.
    seed : int
    """
    rng = np.random.default_rng(seed)
    d = np.zeros((50, 10))
    d[:count, 5:] = 1.0
    error = persistent(rng, 50, 10, 0.5)
    error[:count] *= sd
    return cs.PanelDML(time_effects=True), read(table(d, error, rng))


DESIGNS: dict[str, Callable[[int], tuple[cs.PanelDML, cs.Panel]]] = {
    **{
        f"{count} states, {kind}": partial(states, count, kind == "adoption")
        for count in (4, 6, 8, 10, 20)
        for kind in ("dose", "adoption")
    },
    **{
        f"{units} units and {times} periods": partial(two_ways, units, times)
        for units, times in ((50, 50), (50, 20), (50, 10), (20, 20), (10, 10), (6, 6))
    },
    **{f"{k} of 50 treated": partial(treated, k, 1.0) for k in (1, 2, 5, 10)},
    **{f"{k} of 50 treated, twice the sd": partial(treated, k, 2.0) for k in (1, 2, 5)},
}


def intervals(
    model: cs.PanelDML, data: cs.Panel, seed: int
) -> tuple[float, dict[str, tuple[float, float]]]:
    """Return the slope, and the ends of each interval about it, in units of the model.

    Parameters
    ----------
    model : PanelDML
    data : Panel
        With one cluster or two.
    seed : int
        Of the placebo assignments.
    """
    partialled = typical_residuals(model, data)
    v, e = partialled.regressors, partialled.residuals
    first = data.cluster[partialled.unit]
    alone = np.zeros(len(e), int)
    crude = intersection_covariance(v, e, first, alone)[0, 0]
    count = len(data.clusters)
    moderated = sandwich(partialled, data, 3.0)
    halves = {"cluster": _half(moderated.covariance[0, 0], moderated.degrees[0])}
    if data.second_cluster is not None:
        one_way = sandwich(partialled, read(data.source), 3.0)
        halves["one way"] = _half(one_way.covariance[0, 0], one_way.degrees[0])
        second = data.second_cluster
        count = min(count, int(second.max()) + 1)
        crude += intersection_covariance(v, e, second, alone)[0, 0]
        crude -= intersection_covariance(v, e, first, second)[0, 0]
    halves["CR1, normal"] = _half(crude, np.inf)
    halves["CR1, t(G-1)"] = _half(crude, count - 1)
    ends = {kind: (-half, half) for kind, half in halves.items()}
    donors = unchanged_clusters(data)
    if len(donors) >= 30:
        period = np.searchsorted(data.periods, data.time)
        cell = np.column_stack([first, period])
        rng = np.random.default_rng(seed)
        errors = placebo_errors(v, e, cell, donors, 2_000, rng)[:, 0]
        low, high = np.quantile(errors - errors.mean(), [0.025, 0.975])
        ends["placebo"] = (-high, -low)
    return float(partialled.slopes[0]), ends


def _half(variance: float, degrees: float) -> float:
    quantile = stats.norm.ppf(0.975)
    if np.isfinite(degrees):
        quantile = stats.t.ppf(0.975, degrees)
    return float(quantile * np.sqrt(max(variance, 0.0)))


def one(name: str, seed: int) -> dict[str, Any]:
    """Return whether each interval covers in one data set, its width, and what the check says."""
    model, data = DESIGNS[name](seed)
    slope, ends = intervals(model, data, seed)
    units = model.statistics(data).units
    truth = EFFECT * units[0] / units[1] - slope
    result: dict[str, Any] = {
        kind: (low <= truth <= high, (high - low) * units[1] / units[0])
        for kind, (low, high) in ends.items()
    }
    if "placebo" in ends:
        check = variance_of_treated(data, typical_residuals(model, data))
        result["doubted"] = check.passed is not True
    return result


def main() -> None:
    """Run all designs and write the table."""
    summary: dict[str, Any] = {}
    for name in DESIGNS:
        rows = [one(name, seed) for seed in range(SETS)]
        kinds = [kind for kind in rows[0] if kind != "doubted"]
        summary[name] = {
            kind: {
                "coverage": float(np.mean([row[kind][0] for row in rows])),
                "median width": float(np.median([row[kind][1] for row in rows])),
            }
            for kind in kinds
        }
        if "doubted" in rows[0]:
            doubts = float(np.mean([row["doubted"] for row in rows]))
            summary[name]["check of treated clusters speaks"] = doubts
        print(name, summary[name], flush=True)
    text = json.dumps({"data sets": SETS, "designs": summary}, indent=1)
    RESULTS.write_text(text + "\n")


if __name__ == "__main__":
    main()
