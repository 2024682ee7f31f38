"""Coverage of `PanelDML` where errors are serially correlated, by each kind of `errors`.

    python benchmarks/serial_correlation.py        goes on where it was stopped

200 units in 10 periods. Unit effects and the square of a covariate act on treatment and outcome,
and the errors of both are AR(1) with autocorrelation .7.
"""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np

import causalstats as cs
from causalstats.runs.resumable import resume
from causalstats.samplers import program_for, sample

SETS, UNITS, TIMES = 200, 200, 10
AUTOCORRELATION = 0.7
SAMPLER = cs.Nuts(chains=2, draws=250, tune=200, backend="jax")
ERRORS = ("iid", "cluster", "bootstrap", "ar1")
FOLDER = Path("results")
RESULTS = Path(__file__).with_suffix(".json")


def autoregressive_panel(seed: int) -> cs.Panel:
    """Return a panel with errors v_t = .7 v_{t-1} + z_t, of variance 1, in both equations."""
    frame = cs.PanelDML().simulate(seed, units=UNITS, times=TIMES).data.source
    rng = np.random.default_rng([seed, 1])
    noise = rng.standard_normal((2, UNITS, TIMES))
    for t in range(1, TIMES):
        innovation = np.sqrt(1 - AUTOCORRELATION**2) * noise[:, :, t]
        noise[:, :, t] = AUTOCORRELATION * noise[:, :, t - 1] + innovation
    curve = rng.standard_normal() * frame["x1"] ** 2
    signal = curve + np.repeat(rng.standard_normal(UNITS), TIMES)
    d = signal + noise[0].ravel()
    frame = frame.assign(d=d, y=d + signal + noise[1].ravel())
    return cs.Panel.from_frame(
        frame, unit="unit", time="time", outcome="y", treatment="d", covariates=["x1"]
    )


def one(seed: int) -> dict:
    """Return the error of each kind, the width of its interval, and whether that covers.

    One program serves all but the last kind.
    """
    data = autoregressive_panel(seed)
    record = {}
    for errors in ERRORS:
        problem = cs.Problem(cs.PanelDML(errors=errors), data)
        sampler = SAMPLER if errors == "ar1" else cs.Auto()
        program = program_for(sampler, problem, structure="panel")
        draws = sample(program, problem, seed)["posterior"]["effect"].to_numpy().ravel()
        lower, upper = np.quantile(draws, [0.025, 0.975])
        record[errors] = {
            "error": float(draws.mean() - 1),
            "width": float(upper - lower),
            "covered": bool(lower < 1 < upper),
        }
    return record


def main() -> None:
    records = resume(
        one,
        range(SETS),
        title="Data sets",
        path=FOLDER / "serial_correlation.jsonl",
        description=f"{SAMPLER!r}, {UNITS}, {TIMES}, {AUTOCORRELATION}",
    )
    table = {}
    for errors in ERRORS:
        values = [record[errors] for record in records]
        error = np.array([value["error"] for value in values])
        table[errors] = {
            "data sets": len(values),
            "mean absolute error": float(abs(error).mean()),
            "bias": float(error.mean()),
            "mean width": float(np.mean([value["width"] for value in values])),
            "width that would cover": float(3.92 * error.std()),
            "covered": float(np.mean([value["covered"] for value in values])),
        }
    libraries = {
        library: version(library)
        for library in ("pymc", "pytensor", "nutpie", "jax", "numba")
    } | {"causalstats": cs.__version__}
    about = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}",
        "libraries": libraries,
        "sampler": repr(SAMPLER),
    }
    RESULTS.write_text(json.dumps({"about": about, "results": table}, indent=1) + "\n")
    print(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
