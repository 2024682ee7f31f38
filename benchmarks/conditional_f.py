"""How often the check "the instruments move each treatment" doubts, by itself and without fits.

    python benchmarks/conditional_f.py        writes conditional_f.json

The conditional F statistic of Sanderson & Windmeijer (2016) of each treatment, at p = .05. Right
designs are those of the refutation bench and weaker ones, where a doubt is a false alarm; in the
others one treatment is not moved apart from the other, and a missing doubt is an error. The mean
of the smallest statistic over treatments says how strong the instruments are.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from worlds.instruments import several_treatments

from causalstats.models.instrument.several_treatments_checks import (
    each_treatment_moved,
)

SETS = 500
RESULTS = Path(__file__).with_suffix(".json")
RIGHT: dict[str, dict[str, Any]] = {
    "2 treatments": {},
    "2 treatments, iid errors": {"errors": "iid"},
    "2 treatments, as many instruments": {"instruments": 2},
    "2 treatments, 10 instruments": {"instruments": 10},
    "2 treatments, unequal variances": {"uneven": True},
    "2 treatments in 60 clusters": {"clusters": 60},
    "2 treatments that go together": {"together": 0.8},
    "2 treatments of very different units": {"scale": 1e6},
    "3 treatments": {"treatments": 3, "instruments": 8},
    "2 treatments, 200 rows": {"rows": 200},
    "2 treatments, 20 instruments, 200 rows": {"rows": 200, "instruments": 20},
    "2 treatments, the second moved by .15": {"second": 0.15},
    "2 treatments, the second moved by .1": {"second": 0.1},
    "2 treatments, the second moved by .1, iid errors": {
        "second": 0.1,
        "errors": "iid",
    },
    "3 treatments, the second moved by .1": {
        "treatments": 3,
        "instruments": 8,
        "second": 0.1,
    },
}
WRONG: dict[str, dict[str, Any]] = {
    "the second of 2 not moved": {"second": 0.0},
    "the second of 2 not moved, iid errors": {"second": 0.0, "errors": "iid"},
    "the second of 2 not moved, 10 instruments": {"second": 0.0, "instruments": 10},
    "the second of 2 not moved, unequal variances": {"second": 0.0, "uneven": True},
    "the second of 2 not moved, 60 clusters": {"second": 0.0, "clusters": 60},
    "the second of 3 not moved": {"second": 0.0, "treatments": 3, "instruments": 8},
    "2 treatments moved by the same combination": {"shared": True},
    "2 treatments moved by the same combination, 10 instruments": {
        "shared": True,
        "instruments": 10,
    },
}


def doubts(settings: dict[str, Any]) -> dict[str, float]:
    """Return the share of data sets that the check doubts, and the mean of its statistic."""
    doubted, smallest = [], []
    for seed in range(SETS):
        model, data = several_treatments(seed, **settings)
        check = each_treatment_moved(model, data)
        doubted.append(check.passed is not True)
        smallest.append(check.value)
    return {
        "doubted": float(np.mean(doubted)),
        "mean of the smallest F": round(float(np.mean(smallest)), 2),
    }


def main() -> None:
    """Run all designs and write the table."""
    table = {
        kind: {name: doubts(settings) for name, settings in designs.items()}
        for kind, designs in (("right", RIGHT), ("wrong", WRONG))
    }
    RESULTS.write_text(json.dumps({"data sets": SETS} | table, indent=1) + "\n")


if __name__ == "__main__":
    main()
