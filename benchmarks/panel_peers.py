"""`PanelDML` beside DoubleML's panel estimators, the table of DiTraglia & Liu, and the time from a
frame to the effect.

    python benchmarks/panel_peers.py clarke-polselli [--replications 20]
        bias, RMSE, coverage and seconds in the designs of Clarke & Polselli
    python benchmarks/panel_peers.py cross-section [--replications 200]
        one row a unit, 100 covariates: DiTraglia & Liu (2025), table 1
    python benchmarks/panel_peers.py speed
        each in fresh processes

Needs `pip install doubleml lightgbm`. Replications are kept in results/ as they come, so that a
killed run goes on; each part replaces its own in benchmarks/panel_peers.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import causalstats as cs
from causalstats.runs.resumable import resume

RESULTS = Path(__file__).with_suffix(".json")
KEPT = Path("results/panel_peers")
DESIGNS = ("dgp1", "dgp2", "dgp3")
UNITS, TIMES, COVARIATES, EFFECT = 250, 10, 30, 0.5
APPROACHES = ("fd_exact", "cre_general", "cre_normal")
_STRAIGHT = cs.PanelDML(heterogeneity="pooled", basis_size=1)
NOISES, PUBLISHED = (
    (1.0, 2.0, 4.0),
    {"coverage": (0.94, 0.94, 0.94), "RMSE": (0.09, 0.18, 0.35)},
)


def read(frame: pd.DataFrame) -> cs.Panel:
    """Names as DoubleML's designs have them."""
    return cs.Panel.from_frame(
        frame,
        unit="id",
        time="time",
        outcome="y",
        treatment="d",
        covariates=[name for name in frame if name[0] == "x"],
    )


def ours(model: cs.PanelDML, data: cs.Panel, truth: float, seed: int) -> dict[str, Any]:
    """Estimate, whether its interval covers, and seconds, of a fit with its defaults."""
    started = time.perf_counter()
    draws = (
        cs.fit(model, data, seed=seed, progress=False)
        .draws["posterior"]["effect"]
        .to_numpy()
        .ravel()
    )
    lower, upper = np.quantile(draws, [0.025, 0.975])
    return {
        "estimate": float(draws.mean()),
        "covered": bool(lower < truth < upper),
        "seconds": time.perf_counter() - started,
    }


def theirs(
    frame: pd.DataFrame, approach: str, learner: Any, seed: int
) -> dict[str, Any]:
    """`DoubleMLPLPR` with its defaults: five folds by unit, once."""
    import doubleml

    started = time.perf_counter()
    np.random.seed(seed)  # its folds are drawn from the global generator
    names = [name for name in frame if name[0] == "x"]
    data = doubleml.DoubleMLPanelData(
        frame,
        y_col="y",
        d_cols="d",
        t_col="time",
        id_col="id",
        x_cols=names,
        static_panel=True,
    )
    fit = doubleml.DoubleMLPLPR(data, learner, learner, approach=approach)
    fit.fit()
    lower, upper = fit.confint().to_numpy()[0]
    return {
        "estimate": float(fit.coef[0]),
        "covered": bool(lower < EFFECT < upper),
        "seconds": time.perf_counter() - started,
    }


def clarke_polselli(replications: int) -> dict[str, Any]:
    """Every method on the same data, in one process.

    Of the third design, whose covariates act by a product, ours with products of pairs too.
    """
    jobs = [(design, seed) for seed in range(replications) for design in DESIGNS]

    def one(number: int) -> dict[str, Any]:
        import doubleml.plm.datasets
        from lightgbm import LGBMRegressor
        from sklearn.linear_model import LassoCV

        design, seed = jobs[number]
        np.random.seed(seed)
        frame = doubleml.plm.datasets.make_plpr_CP2025(
            num_id=UNITS, num_t=TIMES, dim_x=COVARIATES, theta=EFFECT, dgp_type=design
        )
        data = read(frame)
        found = {"PanelDML": ours(cs.PanelDML(), data, EFFECT, seed)}
        found["PanelDML, products of pairs"] = ours(
            cs.PanelDML(interactions="pairs"), data, EFFECT, seed
        )
        found["PanelDML, x1 by x3"] = ours(
            cs.PanelDML(interactions=[("x1", "x3")]), data, EFFECT, seed
        )
        for approach in APPROACHES:
            found[f"{approach}, LightGBM"] = theirs(
                frame,
                approach,
                LGBMRegressor(verbose=-1, n_jobs=1, random_state=seed),
                seed,
            )
            found[f"{approach}, lasso"] = theirs(frame, approach, LassoCV(), seed)
        return {"design": design, "found": found}

    KEPT.mkdir(parents=True, exist_ok=True)
    records = resume(
        one,
        range(len(jobs)),
        title="Panels",
        path=KEPT / "clarke_polselli.jsonl",
        description="panels",
    )
    return {
        design: _summary(
            [record["found"] for record in records if record["design"] == design],
            EFFECT,
        )
        for design in DESIGNS
    }


def _summary(found: list[dict[str, Any]], truth: float) -> dict[str, dict[str, float]]:
    table = {}
    for name in found[0]:
        errors = np.array([each[name]["estimate"] for each in found]) - truth
        numbers = {
            "bias": errors.mean(),
            "RMSE": np.sqrt((errors**2).mean()),
            "coverage": np.mean([each[name]["covered"] for each in found]),
        }
        table[name] = {
            key: round(float(value), 4) for key, value in numbers.items()
        } | {"seconds": round(np.median([each[name]["seconds"] for each in found]), 2)}
    return table


def cross_section(replications: int) -> dict[str, Any]:
    """n = 200, p = 100, α = 2, γ = 1/√p, β ~ Normal(-γ/2, 1/p), Var V = 1.

    Straight lines and pooled rows make ours theirs but for the priors of τ and C.
    """
    jobs = [(noise, seed) for seed in range(replications) for noise in NOISES]

    def one(number: int) -> dict[str, Any]:
        frame, seed = _cross_section(*jobs[number]), jobs[number][1]
        others = np.column_stack([frame["d"], np.ones(200), frame.filter(like="x")])
        slope = np.linalg.lstsq(others, frame["y"])[0]
        error = np.sqrt(
            ((frame["y"] - others @ slope) ** 2).sum()
            / 98
            * np.linalg.inv(others.T @ others)[0, 0]
        )
        least = {
            "estimate": float(slope[0]),
            "covered": bool(abs(slope[0] - 2) < 1.984 * error),
            "seconds": 0.0,
        }
        found = {
            f"PanelDML, {kind} coefficients": ours(
                replace(_STRAIGHT, coefficients=kind), read(frame), 2.0, seed
            )
            for kind in ("correlated", "independent")
        }
        return {"noise": jobs[number][0], "found": found | {"least squares": least}}

    KEPT.mkdir(parents=True, exist_ok=True)
    records = resume(
        one,
        range(len(jobs)),
        title="Cross-sections",
        path=KEPT / "cross_section.jsonl",
        description="cross-sections",
    )
    found = {
        str(noise): _summary(
            [record["found"] for record in records if record["noise"] == noise], 2.0
        )
        for noise in NOISES
    }
    return {
        "by standard deviation of the error": found,
        "published, BDML-Hier": PUBLISHED,
    }


def _cross_section(noise: float, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x, gamma = rng.standard_normal((200, 100)), np.full(100, 0.1)
    beta = -gamma / 2 + rng.standard_normal(100) / 10
    d = x @ gamma + rng.standard_normal(200)
    y = 2 * d + x @ beta + noise * rng.standard_normal(200)
    return pd.DataFrame(x, columns=[f"x{k}" for k in range(100)]).assign(
        id=range(200), time=0, d=d, y=y
    )


def speed(replications: int) -> dict[str, Any]:
    """Medians over fresh processes.

    All of it, from the frame to the effect at first and again, and processor time, which other work
    leaves alone.
    """
    found: dict[str, Any] = {}
    for name in ("PanelDML", *(f"{approach}, LightGBM" for approach in APPROACHES)):
        runs = []
        for _ in range(replications):
            started = time.perf_counter()
            done = subprocess.run(
                [sys.executable, __file__, "once", "--method", name],
                capture_output=True,
                text=True,
                check=True,
            )
            runs.append(
                json.loads(done.stdout.splitlines()[-1])
                | {"whole process": time.perf_counter() - started}
            )
        found[name] = {
            key: round(float(np.median([run[key] for run in runs])), 2)
            for key in runs[0]
        }
        print(name, found[name], flush=True)
    return found


def once(method: str) -> None:
    """500 units in 10 periods with one covariate, twice, in this process."""
    frame = (
        cs.PanelDML()
        .simulate(1)
        .data.source.rename(columns={"unit": "id"})[["id", "time", "y", "d", "x1"]]
    )
    record = {}
    for when in ("cold", "warm"):
        started, before = time.perf_counter(), time.process_time()
        if method == "PanelDML":
            cs.fit(cs.PanelDML(), read(frame), seed=1, progress=False).effect(
                "effect"
            ).summary()
        else:
            from lightgbm import LGBMRegressor

            theirs(
                frame.copy(),
                method.split(",")[0],
                LGBMRegressor(verbose=-1, n_jobs=1),
                1,
            )
        record |= {
            when: time.perf_counter() - started,
            f"{when}, of processor": time.process_time() - before,
        }
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            record
            | {
                "whole process, of processor": used.ru_utime + used.ru_stime,
                "GiB": used.ru_maxrss / 2**20,
            }
        )
    )


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument(
        "part", choices=["clarke-polselli", "cross-section", "speed", "once"]
    )
    options.add_argument("--replications", type=int, default=0)
    options.add_argument("--method", default="")
    given = options.parse_args()
    if given.part == "once":
        return once(given.method)
    parts = {
        "clarke-polselli": (clarke_polselli, 20),
        "cross-section": (cross_section, 200),
        "speed": (speed, 3),
    }
    (part, usual), started = parts[given.part], time.perf_counter()
    replications = given.replications or usual
    found = {"results": part(replications), "replications": replications}
    libraries = {
        name: version(name)
        for name in (
            "causalstats",
            "doubleml",
            "lightgbm",
            "scikit-learn",
            "pymc",
            "nutpie",
            "numba",
        )
    }
    found |= {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}",
        "libraries": libraries,
    }
    found |= {
        "load": os.getloadavg()[2],
        "seconds of this run": round(time.perf_counter() - started),
    }
    record = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(record | {given.part: found}, indent=1) + "\n")
    print(json.dumps(found["results"], indent=1))


if __name__ == "__main__":
    main()
