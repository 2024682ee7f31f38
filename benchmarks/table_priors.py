"""Coverage of 95 % intervals under four priors of tables, by which the default was chosen.

    python benchmarks/table_priors.py [DATA_SETS]

Writes `benchmarks/table_priors.json`: for each design of labels of `CausalDiagram`, and each prior,
the coverage, the bias and the mean width.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from designs.diagrams import TABLES

import causalstats as cs

PRIORS: dict[str, dict[str, Any]] = {
    "1 a cell": {"concentration": 1.0},
    "0.5 a cell": {"concentration": 0.5},
    "BDeu, 1 a table": {"prior": "bdeu", "concentration": 1.0},
    "BDeu, 4 a table": {"prior": "bdeu", "concentration": 4.0},
}


def figures(design: Any, data_sets: int) -> dict[str, dict[str, float]]:
    """Return coverage, bias and width of each prior, on the same data sets."""
    records: dict[str, list[dict[str, float]]] = {name: [] for name in PRIORS}
    for seed in range(data_sets):
        model, data, truth = design.make(seed)
        for name, options in PRIORS.items():
            fit = cs.fit(
                replace(model, **options),
                data,
                seed=seed,
                sampler=cs.Exact(chains=1, draws=300),
                progress=False,
            )
            draws = fit.effect("effect").draws.to_numpy().ravel()
            low, high = np.quantile(draws, [0.025, 0.975])
            records[name].append(
                {
                    "coverage": float(low <= truth <= high),
                    "bias": draws.mean() - truth,
                    "width": high - low,
                }
            )
    return {name: pd.DataFrame(rows).mean().to_dict() for name, rows in records.items()}


def main() -> None:
    data_sets = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    path = Path(__file__).with_suffix(".json")
    table = {design.name: figures(design, data_sets) for design in TABLES}
    path.write_text(
        json.dumps({"data sets": data_sets, "designs": table}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
