"""`PanelDML` beside DoubleML's panel estimators and a table of DiTraglia & Liu, and its speed.

    python benchmarks/panel_peers.py clarke-polselli [--replications 20]
        bias, RMSE, coverage and seconds in the designs of Clarke & Polselli
    python benchmarks/panel_peers.py boosting [--replications 100]
        the same of `PanelDML(nuisance="boosting")`, on the same data and more
    python benchmarks/panel_peers.py cross-section [--replications 200]
        one row a unit, 100 covariates: DiTraglia & Liu (2025), table 1
    python benchmarks/panel_peers.py speed
        seconds from a frame to the effect, each in fresh processes

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
RECORDS_FOLDER = Path("results/panel_peers")
DESIGNS = ("dgp1", "dgp2", "dgp3")
UNITS, TIMES, COVARIATES = 250, 10, 30
EFFECT = 0.5
APPROACHES = ("fd_exact", "cre_general", "cre_normal")
_LINEAR = cs.PanelDML(heterogeneity="pooled", basis_size=1)
# Standard deviations of the outcome's errors, and the published figures for each.
NOISES = (1.0, 2.0, 4.0)
PUBLISHED = {"coverage": (0.94, 0.94, 0.94), "RMSE": (0.09, 0.18, 0.35)}


def read(frame: pd.DataFrame) -> cs.Panel:
    """Return the panel of a frame with the column names of DoubleML's designs."""
    return cs.Panel.from_frame(
        frame,
        unit="id",
        time="time",
        outcome="y",
        treatment="d",
        covariates=[name for name in frame if name[0] == "x"],
    )


def ours(model: cs.PanelDML, data: cs.Panel, truth: float, seed: int) -> dict[str, Any]:
    """Return the estimate of `PanelDML`, whether its 95 % interval covers, and seconds.

    Parameters
    ----------
    model : PanelDML
    data : Panel
    truth : float
        The true effect.
    seed : int
    """
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
    """Return the same of `DoubleMLPLPR` with its defaults, five folds by unit; the truth is .5.

    Parameters
    ----------
    frame : DataFrame
        Columns id, time, y, d, x1, x2, ...
    approach : {"fd_exact", "cre_general", "cre_normal"}
        First differences, or correlated random effects.
    learner : estimator of scikit-learn
        For both nuisance functions.
    seed : int
        Draws the folds.
    """
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
    """Return bias, RMSE, coverage and seconds of every method, on the same data, in one process.

    In the third design covariates act by a product, hence `PanelDML` with products of pairs too.
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
        models = {
            "PanelDML": cs.PanelDML(),
            "PanelDML, products of pairs": cs.PanelDML(interactions="pairs"),
            "PanelDML, x1 by x3": cs.PanelDML(interactions=[("x1", "x3")]),
        }
        estimates = {
            name: ours(model, data, EFFECT, seed) for name, model in models.items()
        }
        for approach in APPROACHES:
            boosting = LGBMRegressor(verbose=-1, n_jobs=1, random_state=seed)
            estimates[f"{approach}, LightGBM"] = theirs(frame, approach, boosting, seed)
            estimates[f"{approach}, lasso"] = theirs(frame, approach, LassoCV(), seed)
        return {"design": design, "estimates": estimates}

    RECORDS_FOLDER.mkdir(parents=True, exist_ok=True)
    records = resume(
        one,
        range(len(jobs)),
        title="Panels",
        path=RECORDS_FOLDER / "clarke_polselli.jsonl",
        description="panels",
    )
    return {
        design: _summary(
            [record["estimates"] for record in records if record["design"] == design],
            EFFECT,
        )
        for design in DESIGNS
    }


def boosting(replications: int) -> dict[str, Any]:
    """Return the figures of `clarke_polselli` for learned functions, over more data sets."""
    jobs = [(design, seed) for seed in range(replications) for design in DESIGNS]

    def one(number: int) -> dict[str, Any]:
        import doubleml.plm.datasets

        design, seed = jobs[number]
        np.random.seed(seed)
        frame = doubleml.plm.datasets.make_plpr_CP2025(
            num_id=UNITS, num_t=TIMES, dim_x=COVARIATES, theta=EFFECT, dgp_type=design
        )
        model = cs.PanelDML(nuisance="boosting")
        estimate = ours(model, read(frame), EFFECT, seed)
        return {"design": design, "estimates": {"PanelDML, boosting": estimate}}

    RECORDS_FOLDER.mkdir(parents=True, exist_ok=True)
    records = resume(
        one,
        range(len(jobs)),
        title="Panels",
        path=RECORDS_FOLDER / "boosting.jsonl",
        description="panels",
    )
    return {
        design: _summary(
            [record["estimates"] for record in records if record["design"] == design],
            EFFECT,
        )
        for design in DESIGNS
    }


def _summary(
    records: list[dict[str, Any]], truth: float
) -> dict[str, dict[str, float]]:
    table = {}
    for method in records[0]:
        estimates = pd.DataFrame([record[method] for record in records])
        errors = estimates["estimate"] - truth
        table[method] = {
            "bias": round(float(errors.mean()), 4),
            "RMSE": round(float(np.sqrt((errors**2).mean())), 4),
            "coverage": round(float(estimates["covered"].mean()), 4),
            "seconds": round(float(estimates["seconds"].median()), 2),
        }
    return table


def cross_section(replications: int) -> dict[str, Any]:
    """Return the figures of table 1 of DiTraglia & Liu (2025): one row a unit.

    n = 200, p = 100, α = 2, γ = 1/√p, β ~ Normal(-γ/2, 1/p), Var V = 1. `PanelDML` with linear
    covariates and pooled rows is their model, but for the priors of τ and C.
    """
    jobs = [(noise, seed) for seed in range(replications) for noise in NOISES]

    def one(number: int) -> dict[str, Any]:
        noise, seed = jobs[number]
        frame = _cross_section(noise, seed)
        others = np.column_stack([frame["d"], np.ones(200), frame.filter(like="x")])
        slope = np.linalg.lstsq(others, frame["y"])[0]
        variance = ((frame["y"] - others @ slope) ** 2).sum() / 98
        error = np.sqrt(variance * np.linalg.inv(others.T @ others)[0, 0])
        least_squares = {
            "estimate": float(slope[0]),
            "covered": bool(abs(slope[0] - 2) < 1.984 * error),
            "seconds": 0.0,
        }
        estimates = {
            f"PanelDML, {kind} coefficients": ours(
                replace(_LINEAR, coefficients=kind), read(frame), 2.0, seed
            )
            for kind in ("correlated", "independent")
        }
        estimates["least squares"] = least_squares
        return {"noise": noise, "estimates": estimates}

    RECORDS_FOLDER.mkdir(parents=True, exist_ok=True)
    records = resume(
        one,
        range(len(jobs)),
        title="Cross-sections",
        path=RECORDS_FOLDER / "cross_section.jsonl",
        description="cross-sections",
    )
    by_noise = {
        str(noise): _summary(
            [record["estimates"] for record in records if record["noise"] == noise], 2.0
        )
        for noise in NOISES
    }
    return {
        "by standard deviation of the error": by_noise,
        "published, BDML-Hier": PUBLISHED,
    }


def _cross_section(noise: float, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((200, 100))
    gamma = np.full(100, 0.1)
    beta = -gamma / 2 + rng.standard_normal(100) / 10
    d = x @ gamma + rng.standard_normal(200)
    y = 2 * d + x @ beta + noise * rng.standard_normal(200)
    return pd.DataFrame(x, columns=[f"x{k}" for k in range(100)]).assign(
        id=range(200), time=0, d=d, y=y
    )


def speed(replications: int) -> dict[str, Any]:
    """Return median seconds over fresh processes, by method.

    From the frame to the effect at first and again, and of the whole process; each by the clock and
    by the processor, on which other work on the machine has less influence.
    """
    medians: dict[str, Any] = {}
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
        medians[name] = pd.DataFrame(runs).median().round(2).to_dict()
        print(name, medians[name], flush=True)
    return medians


def once(method: str) -> None:
    """Print the seconds of two fits of 500 units in 10 periods with one covariate."""
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
        "part",
        choices=["clarke-polselli", "boosting", "cross-section", "speed", "once"],
    )
    options.add_argument("--replications", type=int, default=0)
    options.add_argument("--method", default="")
    given = options.parse_args()
    if given.part == "once":
        return once(given.method)
    parts = {
        "clarke-polselli": (clarke_polselli, 20),
        "boosting": (boosting, 100),
        "cross-section": (cross_section, 200),
        "speed": (speed, 3),
    }
    part, default = parts[given.part]
    started = time.perf_counter()
    replications = given.replications or default
    figures = {"results": part(replications), "replications": replications}
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
    figures |= {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}",
        "libraries": libraries,
        "load": os.getloadavg()[2],
        "seconds of this run": round(time.perf_counter() - started),
    }
    record = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(record | {given.part: figures}, indent=1) + "\n")
    print(json.dumps(figures["results"], indent=1))


if __name__ == "__main__":
    main()
