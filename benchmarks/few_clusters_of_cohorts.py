"""Coverage of event studies where cohorts have few clusters.

    python benchmarks/few_clusters_of_cohorts.py        writes few_clusters_of_cohorts.json

States of several units share AR(1) shocks, adopt by cohort and are the clusters; the effect is 1.
95 % intervals of the ATT and of each cohort, of

CR1, t(G-1)      the saturated regression with G/(G-1) and Student's t, as in `fit.compare()`
cluster          `EventStudy(errors="cluster", pooling="none")`

"worst cohort" is the lowest coverage of any cohort. In designs with variances by cohort, log
standard deviations of the errors of cohorts are Normal(0, .5²). Widths are medians, of the ATT.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from designs.event_study import read, states
from scipy import stats

import causalstats as cs
from causalstats.models.event_study import aggregations
from causalstats.models.event_study.event_study_regression import clustered_rows
from causalstats.numerics.panel.grouped_clusters import ClusteredRows, grouped_estimate

SETS, DRAWS = 400, 1_000
RESULTS = Path(__file__).with_suffix(".json")
NEVER = 99
DESIGNS: dict[str, dict[str, Any]] = {
    "1 and 9 of 26 states": {"cohorts": {3: 1, 5: 9, NEVER: 16}},
    "1 in each of 5 cohorts of 15": {
        "cohorts": {2: 1, 3: 1, 4: 1, 5: 1, 6: 1, NEVER: 10}
    },
    "2 of 18": {"cohorts": {3: 2, NEVER: 16}},
    "2 and 3 of 21": {"cohorts": {3: 2, 5: 3, NEVER: 16}},
    "2 in each of 4 cohorts of 24": {"cohorts": {2: 2, 3: 2, 5: 2, 6: 2, NEVER: 16}},
    "3 and 9 of 28": {"cohorts": {3: 3, 5: 9, NEVER: 16}},
    "8 and 8 of 32": {"cohorts": {3: 8, 5: 8, NEVER: 16}},
    "1, 3 and 9 of 29, of unequal size": {
        "cohorts": {4: 1, 6: 3, 7: 9, NEVER: 16},
        "sizes": (2, 20),
    },
    "1 and 9 of 26, variances by cohort": {
        "cohorts": {3: 1, 5: 9, NEVER: 16},
        "spread": 0.5,
    },
    "2 and 3 of 21, variances by cohort": {
        "cohorts": {3: 2, 5: 3, NEVER: 16},
        "spread": 0.5,
    },
    "2 and 3 of 21, independent errors": {
        "cohorts": {3: 2, 5: 3, NEVER: 16},
        "autocorrelation": 0.0,
    },
}


@dataclass(frozen=True)
class Regression:
    """The saturated regression of one design, whose outcomes alone differ.

    Parameters
    ----------
    rows : ClusteredRows
    weights : array, shape (1 + cohorts, k)
        Of the ATT and of the effect in each cohort.
    """

    rows: ClusteredRows
    weights: np.ndarray

    def estimate(self, outcome: np.ndarray) -> tuple[np.ndarray, ClusteredRows]:
        """Return coefficients, and rows with their residuals, of outcomes (n,) by unit."""
        rows = self.rows
        units = int(rows.unit.max()) + 1
        y = outcome.reshape(units, -1)
        y = (y - y.mean(axis=1, keepdims=True)).ravel()
        y = y - rows.others @ (rows.others.T @ y)
        v = rows.regressors
        coefficients = np.linalg.solve(v.T @ v, v.T @ y)
        return coefficients, replace(rows, residuals=y - v @ coefficients)


def regression(settings: Mapping[str, Any]) -> Regression:
    """Return the regression of a design."""
    model = cs.EventStudy(errors="cluster", pooling="none")
    panel = read(states(0, **settings), cluster="state")
    study, mask = model.adoption(panel), model.in_effect(model.adoption(panel))
    cells = model.effect_cells(panel)
    sizes = np.bincount(study.cell[study.cell >= 0])[mask]
    by_cohort, _ = aggregations.by_cohort(study, cells, sizes)
    weights = np.vstack([aggregations.overall(cells, sizes), by_cohort])
    _, rows = clustered_rows(model, panel, study, mask)
    return Regression(rows, weights)


def crude_half_widths(rows: ClusteredRows, weights: np.ndarray) -> np.ndarray:
    """Return half the widths of intervals by CR1 and Student's t with G - 1 degrees.

    Parameters
    ----------
    rows : ClusteredRows
    weights : array, shape (a, k)
    """
    v, count = rows.regressors, len(np.unique(rows.cluster))
    scores = v @ np.linalg.solve(v.T @ v, weights.T) * rows.residuals[:, None]
    sums = np.zeros((count, len(weights)))
    np.add.at(sums, rows.cluster[rows.unit], scores)
    n, columns = len(v), v.shape[1] + rows.others.shape[1]
    correction = count / (count - 1) * (n - 1) / (n - columns)
    error = np.sqrt(correction * (sums**2).sum(axis=0))
    return stats.t.ppf(0.975, count - 1) * error


def intervals(fitted: Regression, outcome: np.ndarray, seed: int) -> dict[str, Any]:
    """Return ends (2, 1 + cohorts) of intervals of the ATT and of each cohort, by method."""
    coefficients, rows = fitted.estimate(outcome)
    weights = fitted.weights
    half = crude_half_widths(rows, weights)
    estimate = grouped_estimate(
        coefficients, rows, weights[0], cs.EventStudy().variance_prior_degrees
    )
    draws, _ = estimate.draw(DRAWS, np.random.default_rng(seed))
    answers = weights @ coefficients
    return {
        "CR1, t(G-1)": np.array([answers - half, answers + half]),
        "cluster": np.quantile(draws @ weights.T, [0.025, 0.975], axis=0),
    }


def measured(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return coverage and width of each method in one design."""
    fitted = regression(settings)
    ends = [
        intervals(fitted, states(seed, **settings)["y"].to_numpy(), seed)
        for seed in range(SETS)
    ]
    row: dict[str, Any] = {}
    for method in ends[0]:
        low, high = np.array([each[method] for each in ends]).transpose(1, 0, 2)
        inside = ((low <= 1) & (high >= 1)).mean(axis=0)
        row[method] = {
            "ATT": round(float(inside[0]), 3),
            "worst cohort": round(float(inside[1:].min()), 3),
            "width": round(float(np.median(high[:, 0] - low[:, 0])), 2),
        }
    return row


def main() -> None:
    """Run all designs and write the table."""
    table: dict[str, Any] = {"data sets": SETS}
    for name, settings in DESIGNS.items():
        table[name] = measured(settings)
        RESULTS.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
