"""Coverage of eleven kinds of standard errors of panels, by which `PanelDML(errors=)` was chosen.

    python benchmarks/panel_errors.py        goes on where it was stopped

Over the designs of `designs/panel.py`, and three more where treated units have twice the standard
deviation of the others, 95 % intervals of least squares after partialling out:

independent      s² (V'V)⁻¹, normal quantiles
CR1, normal      cluster-robust with G/(G-1), normal quantiles
CR1, t(G-1)      the same with Student's t
bootstrap        Bayesian bootstrap of clusters, percentiles of 400
AR(1)            generalised least squares, ρ by restricted maximum likelihood
CR2, t           bias-reduced, with Bell and McCaffrey's degrees of freedom
common           the same autocovariances in all units, t(G-1)
moderated κ      CR2 and common averaged, `models/panel_dml/robust_errors.py`; the default has κ = 3
"""

from __future__ import annotations

import json
import platform
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from designs.panel import DESIGNS, Made, persistent, read, table
from scipy import stats

import causalstats as cs
from causalstats.models.panel_dml.checks.dependence import typical_residuals
from causalstats.models.panel_dml.robust_errors import Residuals, sandwich
from causalstats.numerics.panel import ar1_errors as serial
from causalstats.numerics.panel.cluster_robust import cluster_robust
from causalstats.numerics.panel.common_autocovariance import common_autocovariance
from causalstats.runs.resumable import resume

SETS = 300
WEIGHTS = 400  # bootstrap replications
FOLDER = Path("results")
RESULTS = Path(__file__).with_suffix(".json")
_RHO = np.append(np.linspace(-0.4, 0.9, 27), [0.93, 0.96, 0.98])


def noisy_law(treated: int, seed: int) -> Made:
    """Draw a panel of 50 units whose treated units have errors of twice the others' deviation."""
    rng = np.random.default_rng(seed)
    d = np.zeros((50, 10))
    d[:treated, 5:] = 1.0
    error = persistent(rng, 50, 10, 0.5)
    error[:treated] *= 2.0
    return cs.PanelDML(time_effects=True), read(table(d, error, rng)), 0.5


MAKERS = {
    design.name: design.make
    for design in DESIGNS
    if design.estimand == "effect" and "effects of units" not in design.name
} | {f"{k} of 50 treated, twice the sd": partial(noisy_law, k) for k in (1, 2, 5)}


def intervals(
    partialled: Residuals, data: cs.Panel, rng: np.random.Generator
) -> dict[str, Any]:
    """Return the 95 % interval about the slope by each kind of standard error.

    Parameters
    ----------
    partialled : Residuals
        Treatment and outcome after partialling out units, periods and covariates.
    data : Panel
    rng : Generator
        Draws the bootstrap weights.

    Returns
    -------
    dict
        By kind: the half-width, or the lower and upper end, about the slope, in the model's units.
    """
    v = partialled.regressors[:, 0]
    e = partialled.residuals
    total = v @ v
    cluster = data.cluster[partialled.unit]
    sums = np.bincount(cluster, v * e, minlength=len(data.clusters))
    inner = np.bincount(cluster, v * v, minlength=len(data.clusters))
    varies = inner > 1e-12 * total  # clusters in which the treatment varies
    count = int(varies.sum())
    crude = np.sqrt(count / (count - 1) * (sums @ sums)) / total
    exact = cluster_robust(partialled.regressors, e, partialled.others, cluster)
    period = np.searchsorted(data.periods, data.time)
    middle = common_autocovariance(
        partialled.regressors, e, partialled.unit, period, data.cluster
    )
    common = np.sqrt(max(middle[0, 0], 0.0) * partialled.rows / partialled.free) / total
    weights = rng.dirichlet(np.ones(count), WEIGHTS)
    moved = (weights @ sums[varies]) / (weights @ inner[varies])
    kinds: dict[str, Any] = {
        "independent": 1.96 * np.sqrt(e @ e / partialled.free / total),
        "CR1, normal": 1.96 * crude,
        "CR1, t(G-1)": stats.t.ppf(0.975, count - 1) * crude,
        "bootstrap": np.quantile(moved, [0.025, 0.975]),
        "CR2, t": stats.t.ppf(0.975, max(exact.degrees[0], 0.1))
        * np.sqrt(exact.covariance[0, 0]),
        "common": stats.t.ppf(0.975, count - 1) * common,
    }
    for prior in (2.0, 3.0, 4.0, 8.0):
        moderated = sandwich(partialled, data, prior)
        error = np.sqrt(moderated.covariance[0, 0])
        kinds[f"moderated {prior:g}"] = stats.t.ppf(0.975, moderated.degrees[0]) * error
    return kinds


def autoregressive(model: cs.PanelDML, data: cs.Panel) -> tuple[float, float]:
    """Return the slope under AR(1) errors, and its half-width, linear in the model's columns."""
    columns = model.statistics(data).columns
    phi = columns.basis.columns(data.source)
    x = np.column_stack([data.treatment, phi, data.time_dummies()])
    gap = serial.gaps(data.time, data.starts)
    best = -np.inf
    answer = (np.nan, np.nan)
    for rho in _RHO:
        white, volume = serial.whitened(
            np.column_stack([x, data.outcome]), gap, data.starts, rho, True
        )
        given, y = white[:, :-1], white[:, -1]
        basis, size, turned = np.linalg.svd(given, full_matrices=False)
        kept = size > 1e-8 * size[0]
        fitted = basis[:, kept].T @ y
        free = len(y) - len(data.units) - int(kept.sum())
        s2 = (y @ y - fitted @ fitted) / free
        value = -(free * np.log(s2) + volume + 2 * np.log(size[kept]).sum()) / 2
        if value > best:
            rows = turned[kept, 0] / size[kept]
            best = value
            answer = float(rows @ fitted), float(1.96 * np.sqrt(s2 * rows @ rows))
    return answer


def one(name: str, seed: int) -> dict[str, Any]:
    """Return whether the interval of each kind covers in one data set, and its width."""
    model, data, truth = MAKERS[name](seed)
    partialled = typical_residuals(model, data)
    units = model.statistics(data).units
    scale = units[-1] / units[0]
    slope = scale * partialled.slopes[0]
    rng = np.random.default_rng(seed)
    ends = {}
    for kind, half in intervals(partialled, data, rng).items():
        low, high = (-half, half) if np.ndim(half) == 0 else half
        ends[kind] = (slope + scale * low, slope + scale * high)
    middle, half = autoregressive(model, data)
    ends["AR(1)"] = (middle - half, middle + half)
    return {
        kind: [bool(low <= truth <= high), float(high - low)]
        for kind, (low, high) in ends.items()
    }


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    figures: dict[str, Any] = {}
    for name in MAKERS:
        records = resume(
            partial(one, name),
            range(SETS),
            title=name,
            path=FOLDER / f"panel_errors_{name.replace(' ', '_')}.jsonl",
            description=name,
        )
        width = np.median([record["moderated 3"][1] for record in records])
        figures[name] = {
            kind: {
                "coverage": float(np.mean([record[kind][0] for record in records])),
                "width": float(
                    np.median([record[kind][1] for record in records]) / width
                ),
            }
            for kind in records[0]
        }
        machine = {
            "python": platform.python_version(),
            **{package: version(package) for package in ("numpy", "scipy")},
        }
        written = {"data sets": SETS, "designs": figures, "machine": machine}
        RESULTS.write_text(json.dumps(written, indent=1) + "\n")


if __name__ == "__main__":
    main()
