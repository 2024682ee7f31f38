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
from pathlib import Path
from typing import Any

import numpy as np
from designs.event_study import states

import causalstats as cs
from causalstats.models.event_study import aggregations
from causalstats.models.event_study.event_study_regression import (
    average,
    saturated_by_rows,
)

SETS, DRAWS = 150, 1_000
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


def intervals(panel: cs.Panel, seed: int) -> Mapping[str, np.ndarray]:
    """Return ends (2, 1 + cohorts) of intervals of the ATT and of each cohort, by method."""
    model = cs.EventStudy(errors="cluster", pooling="none")
    study, cells = model.adoption(panel), model.effect_cells(panel)
    rows = np.bincount(study.cell[study.cell >= 0])[model.in_effect(study)]
    by_cohort, _ = aggregations.by_cohort(study, cells, rows)
    weights = np.vstack([aggregations.overall(cells, rows), by_cohort])
    crude = average(saturated_by_rows(model.for_rows(), panel)[0], weights)
    posterior = model.exact_posterior(panel)
    assert posterior is not None
    draws = posterior(1, DRAWS, np.random.default_rng(seed))
    answers = draws["effect"].to_numpy()[0] @ weights.T
    return {
        "CR1, t(G-1)": np.array([crude.quantile(0.025), crude.quantile(0.975)]),
        "cluster": np.quantile(answers, [0.025, 0.975], axis=0),
    }


def measured(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return coverage and width of each method in one design."""
    ends = [intervals(states(seed, **settings), seed) for seed in range(SETS)]
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
