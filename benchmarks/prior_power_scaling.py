"""How often the check of power-scaling says that default priors move the answer.

    python benchmarks/prior_power_scaling.py        goes on where it was stopped

Worlds with many observations, in which the default priors should not count, and worlds in which
they do: few observations, empty cells, or a prior scale that is far too narrow. Only models with
exact or importance draws, a second or less each.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import causalstats as cs
from causalstats.inference.power_scaling import power_scaling_check
from causalstats.runs.resumable import resume

SETS = 24
SAMPLER = cs.Auto(chains=4, draws=500)
FOLDER = Path("results")
RESULTS = Path(__file__).with_suffix(".json")
EFFECT = 0.3


def trial(people: int, seed: int) -> cs.Observations:
    """Return a randomised trial with an effect of .3 on the probability of the outcome."""
    rng = np.random.default_rng(seed)
    treated = rng.integers(0, 2, people)
    recovered = (rng.random(people) < 0.4 + EFFECT * treated).astype(int)
    return cs.Observations.from_frame(
        pd.DataFrame({"treated": treated, "recovered": recovered})
    )


def confounded(people: int, levels: int, seed: int) -> cs.Observations:
    """Return a confounder of several levels that treatment and outcome depend on.

    Parameters
    ----------
    people, levels, seed : int
    """
    rng = np.random.default_rng(seed)
    z = rng.integers(0, levels, people)
    x = (rng.random(people) < 0.2 + 0.6 * z / levels).astype(int)
    y = (rng.random(people) < 0.2 + 0.3 * x + 0.4 * z / levels).astype(int)
    return cs.Observations.from_frame(pd.DataFrame({"z": z, "x": x, "y": y}))


def panel(units: int, seed: int) -> cs.Panel:
    return cs.PanelDML().simulate(seed, units=units, times=6).data


def composition(rows: int, parts: int, seed: int) -> cs.Composition:
    return cs.PartialCorrelation().simulate(seed, rows=rows, parts=parts).data


BACK_DOOR = cs.CausalDiagram("z -> x, y; x -> y", treatment="x")
WORLDS: Mapping[str, tuple[bool, Any, Callable[[int], Any]]] = {
    "trial, 400 people": (
        False,
        cs.CausalDiagram("treated -> recovered"),
        partial(trial, 400),
    ),
    "trial, 12 people": (
        True,
        cs.CausalDiagram("treated -> recovered"),
        partial(trial, 12),
    ),
    "back-door, 2000 people, 3 levels": (
        False,
        BACK_DOOR,
        partial(confounded, 2000, 3),
    ),
    "back-door, 60 people, 8 levels": (True, BACK_DOOR, partial(confounded, 60, 8)),
    "panel, 100 units": (False, cs.PanelDML(), partial(panel, 100)),
    "panel, 30 units": (False, cs.PanelDML(), partial(panel, 30)),
    "panel, 100 units, effect_sd=0.02": (
        True,
        cs.PanelDML(effect_sd=0.02),
        partial(panel, 100),
    ),
    "composition, 400 rows, 4 parts": (
        False,
        cs.PartialCorrelation(prior="shrunk"),
        partial(composition, 400, 4),
    ),
    "composition, 60 rows, 6 parts": (
        False,
        cs.PartialCorrelation(prior="shrunk"),
        partial(composition, 60, 6),
    ),
    "composition, 8 rows, 6 parts": (
        True,
        cs.PartialCorrelation(prior="shrunk"),
        partial(composition, 8, 6),
    ),
}
"""Whether the prior counts, the model, and its data by seed."""


def one(seed: int) -> dict[str, Any]:
    """Return the sensitivity to the prior in each world, and the seconds that the check took."""
    record = {}
    for name, (_, model, make) in WORLDS.items():
        fit = cs.fit(model, make(seed), seed=seed, sampler=SAMPLER, progress=False)
        started = time.perf_counter()
        checks = power_scaling_check(fit)
        record[name] = {
            "sensitivity": checks[0].value,
            "seconds": time.perf_counter() - started,
        }
    return record


def main() -> None:
    records = resume(
        one,
        range(SETS),
        title="Data sets",
        path=FOLDER / "prior_power_scaling.jsonl",
        description=f"{SAMPLER!r}, {list(WORLDS)}",
    )
    table = {}
    for name, (counts, _, _) in WORLDS.items():
        values = np.array([record[name]["sensitivity"] for record in records])
        table[name] = {
            "prior should count": counts,
            "data sets": len(values),
            "said to count": float((values >= 0.05).mean()),
            "median sensitivity": float(np.median(values)),
            "seconds": float(
                np.median([record[name]["seconds"] for record in records])
            ),
        }
    print(pd.DataFrame(table).T.to_string())
    libraries = {name: version(name) for name in ("arviz", "numpy", "causalstats")}
    about = {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "libraries": libraries,
        "sampler": repr(SAMPLER),
    }
    RESULTS.write_text(json.dumps({"about": about, "results": table}, indent=1) + "\n")


if __name__ == "__main__":
    main()
