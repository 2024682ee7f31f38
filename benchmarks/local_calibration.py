"""How often `fit.calibrate` finds a planted error, and how often it doubts a right model.

    python benchmarks/local_calibration.py DESIGN RUNS [FOLDER]

Each run simulates a study, fits it and calibrates around the posterior, with nothing planted or
with one of

- narrow, wide: a sampler whose draws stand 10 % closer to their mean, or farther away, in the
  unconstrained space of the graph (of closed forms, in that of the parameters);
- scaled: a likelihood that takes numbers to be 10 % larger than they are;
- counted: a likelihood that counts every observation 1.1 times.

`local_calibration.json` beside this file has the shares that were doubted.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr

import causalstats as cs
from causalstats.core.assumption import Assumption
from causalstats.core.estimand import Estimand
from causalstats.core.simulation import Simulation
from causalstats.data import Decisions, Panel
from causalstats.inference.local_calibration import (
    LEVEL,
    _Clock,
    _of_draws,
    _of_likelihood,
)
from causalstats.runs.resumable import resume

ERROR = 0.1
SECONDS = 100.0
"""The default of `fit.calibrate`; on a machine that does other things it sees less."""


_SCALES: Mapping[
    tuple[bool, bool], Any
] = {  # by whether numbers are positive, within ±1
    (True, False): (np.log, np.exp),
    (False, True): (np.arctanh, np.tanh),
    (False, False): (np.positive, np.positive),
}


@dataclass(frozen=True)
class Planted:
    """A sampler whose draws are moved from their mean by a factor, on the scale of logarithms for
    positive numbers, and of Fisher's z for those within ±1.

    Parameters
    ----------
    sampler : Sampler
    factor : float
    """

    sampler: Any
    factor: float

    def compile(self, problem: cs.Problem) -> PlantedProgram:
        return PlantedProgram(self.sampler.compile(problem), self.factor)


@dataclass(frozen=True)
class PlantedProgram:
    """The program of the sampler, whose draws are moved."""

    program: Any
    factor: float

    def run(self, problem: cs.Problem, seed: int, advance: Any = None) -> xr.DataTree:
        tree = self.program.run(problem, seed)
        moved = {name: tree[name].to_dataset() for name in tree.children}
        moved["posterior"] = moved["posterior"].map(self._moved)
        result = xr.DataTree.from_dict(moved)
        result.attrs = tree.attrs
        return result

    def _moved(self, values: xr.DataArray) -> xr.DataArray:
        positive = bool((values > 0).all())
        within = bool((abs(values) < 1).all())
        forward, back = _SCALES[positive, within and not positive]
        free = forward(values)
        centre = free.mean(["chain", "draw"])
        changed = back(centre + self.factor * (free - centre))
        if positive and np.allclose(values.sum(values.dims[-1]), 1.0):  # probabilities
            changed = changed / changed.sum(values.dims[-1])
        return changed.transpose(*values.dims)


@dataclass(frozen=True)
class Line:
    """A linear regression of `y` on two covariates, whose likelihood can be wrong.

    Parameters
    ----------
    scaled : float
        The likelihood takes outcomes to be so much larger than they are.
    counted : float
        How often the likelihood counts every row.
    """

    scaled: float = 1.0
    counted: float = 1.0
    headline = "slope"

    def inputs(self, data: pd.DataFrame) -> dict[str, np.ndarray]:
        covariates = data[["x", "z"]].to_numpy()
        return {"covariates": covariates, "outcome": data["y"].to_numpy()}

    def build(self, data: pd.DataFrame) -> pm.Model:
        given = self.inputs(data)
        with pm.Model() as graph:
            covariates = pm.Data("covariates", given["covariates"])
            outcome = pm.Data("outcome", given["outcome"])
            intercept = pm.Normal("intercept", 0, 5)
            slopes = pm.Normal("slopes", 0, 5, shape=2)
            sd = pm.HalfNormal("error_sd", 5)
            mean = intercept + covariates @ slopes
            error = pm.Normal.dist(mean, sd)
            density = pm.logp(error, outcome * self.scaled)
            pm.Potential("likelihood", self.counted * density.sum())
        return graph

    def parameters(self, data: pd.DataFrame) -> tuple[str, ...]:
        return ("intercept", "slopes", "error_sd")

    def estimands(self) -> dict[str, cs.Estimand]:
        return {
            "slope": Estimand(
                compute=lambda draws, data: draws["slopes"][..., 0],
                description="The slope of x",
                unit="y per x",
                contrast="",
                kind="associational",
                assumptions=(),
                sentence="The slope of x is {value}.",
            )
        }

    def assumptions(self) -> tuple[Assumption, ...]:
        return ()

    def with_prior_of(self, data: pd.DataFrame) -> Line:
        return self

    def with_replication(
        self, draws: xr.Dataset, data: pd.DataFrame, rng: np.random.Generator
    ) -> Simulation:
        drawn = {name: values.to_numpy()[0, 0] for name, values in draws.items()}
        mean = drawn["intercept"] + data[["x", "z"]].to_numpy() @ drawn["slopes"]
        outcome = rng.normal(mean, drawn["error_sd"])
        both = pd.concat([data, data.assign(y=outcome)], ignore_index=True)
        return Simulation(data=both, truth=draws, realised={})


def _line(rng: np.random.Generator) -> pd.DataFrame:
    frame = pd.DataFrame(rng.standard_normal((200, 2)), columns=["x", "z"])
    return frame.assign(y=1 + frame["x"] + rng.standard_normal(len(frame)))


@dataclass(frozen=True, kw_only=True)
class ScaledHeckman(cs.Heckman):
    """A model whose likelihood takes outcomes to be 10 % larger than they are."""

    def inputs(self, data: Decisions) -> dict[str, np.ndarray]:
        given = dict(super().inputs(data))
        return given | {"outcome": np.asarray(given["outcome"]) * (1 + ERROR)}


def _counted(graph: pm.Model) -> pm.Model:
    """Return the graph, whose observations are counted 1.1 times."""
    with graph:
        pm.Potential("counted_again", ERROR * graph.observedlogp)
    return graph


@dataclass(frozen=True, kw_only=True)
class CountedHeckman(cs.Heckman):
    """A model whose likelihood counts everybody 1.1 times."""

    def build(self, data: Decisions) -> pm.Model:
        return _counted(super().build(data))


@dataclass(frozen=True, kw_only=True)
class CountedLabels(cs.SelectiveLabels):
    """A model whose likelihood counts everybody 1.1 times."""

    def build(self, data: Decisions) -> pm.Model:
        return _counted(super().build(data))


@dataclass(frozen=True, kw_only=True)
class ScaledLabels(cs.SelectiveLabels):
    """A model whose likelihood takes features to be 10 % larger than they are."""

    def inputs(self, data: Decisions) -> dict[str, np.ndarray]:
        given = dict(super().inputs(data))
        larger = {
            name: values * (1 + ERROR)
            for name, values in given.items()
            if name.startswith("features")
        }
        return given | larger


@dataclass(frozen=True, kw_only=True)
class ScaledEventStudy(cs.EventStudy):
    """A model whose likelihood takes outcomes to be 10 % larger than they are."""

    def inputs(self, data: Panel) -> dict[str, np.ndarray]:
        fixed = cs.EventStudy.with_prior_of(self, data)
        larger = data.outcome * (1 + ERROR)
        return cs.EventStudy.inputs(fixed, replace(data, outcome=larger))


@dataclass(frozen=True, kw_only=True)
class ShortcutDiagram(cs.CausalDiagram):
    """A model whose closed form counts every observation 1.1 times, and whose graph does not."""

    def exact_posterior(self, data: cs.Observations) -> Any:
        return super().exact_posterior(_more_often(data))


@dataclass(frozen=True, kw_only=True)
class CountedDiagram(ShortcutDiagram):
    """A model whose closed form and graph count every observation 1.1 times."""

    def inputs(self, data: cs.Observations) -> dict[str, np.ndarray]:
        return super().inputs(_more_often(data))

    def build(self, data: cs.Observations) -> pm.Model:
        return super().build(_more_often(data))


def _more_often(data: cs.Observations) -> cs.Observations:
    return replace(data, counts=data.counts * (1 + ERROR))


@dataclass(frozen=True)
class Design:
    """A simulated study, the right model, and wrong ones by what is planted in them.

    Parameters
    ----------
    data : function of a seed
    models : mapping of str to model
    sampler : Sampler
    studies : int
        The most simulated studies that are fitted, of fewer than time allows: ranks add little to
        the first two checks. Where the first two checks find what is planted, nothing is fitted.
    """

    data: Callable[[int], Any]
    models: Mapping[str, Any]
    sampler: Any = cs.Auto()
    studies: int = 40


PEOPLE = {"people": 500, "features": 3}
KNOWN: dict[str, Any] = {"prevalence": cs.Known(0.3, sd=0.05), "expertise": ["x2"]}
LABELS = cs.SelectiveLabels(**KNOWN)
HECKMAN = cs.Heckman()
DIAGRAM = cs.CausalDiagram("z -> x -> y; z -> y", route="reduced")
DESIGNS = {
    "line": Design(
        lambda seed: _line(np.random.default_rng(seed)),
        {
            "right": Line(),
            "scaled": Line(scaled=1 + ERROR),
            "counted": Line(counted=1 + ERROR),
        },
        cs.Nuts(draws=1000, tune=500, backend="numba"),
        studies=2,
    ),
    "selective labels": Design(
        lambda seed: LABELS.simulate(seed, **PEOPLE).data,
        {
            "right": LABELS,
            "scaled": ScaledLabels(**KNOWN),
            "counted": CountedLabels(**KNOWN),
        },
        studies=3,
    ),
    "heckman": Design(
        lambda seed: HECKMAN.simulate(seed, people=300, features=2).data,
        {"right": HECKMAN, "scaled": ScaledHeckman(), "counted": CountedHeckman()},
        studies=5,
    ),
    "tables": Design(
        lambda seed: DIAGRAM.simulate(seed, people=300).data,
        {
            "right": DIAGRAM,
            "shortcut": ShortcutDiagram("z -> x -> y; z -> y", route="reduced"),
            "counted": CountedDiagram("z -> x -> y; z -> y", route="reduced"),
        },
        studies=100,
    ),
    "event study": Design(
        lambda seed: cs.EventStudy().simulate(seed, units=30, times=5, cohorts=2).data,
        {"right": cs.EventStudy(), "scaled": ScaledEventStudy()},
        studies=10,
    ),
}
SAMPLERS = {"narrow": 1 - ERROR, "wide": 1 + ERROR}


def run(name: str, planted: str, seed: int) -> dict[str, Any]:
    """Return the p-values of one calibration, by check.

    Parameters
    ----------
    name : str
        A design.
    planted : str
    seed : int
    """
    design = DESIGNS[name]
    model = design.models.get(planted, design.models["right"])
    sampler = design.sampler
    if planted in SAMPLERS:
        sampler = Planted(sampler, SAMPLERS[planted])
    fit = cs.fit(model, design.data(seed), seed=seed, sampler=sampler, progress=False)
    found = None if planted == "right" else _found_without_fits(fit)
    if found is not None:
        return found
    result = fit.calibrate(seconds=SECONDS, studies=design.studies)
    p_values = {check.name: check.value for check in result.checks}
    return {
        "p": p_values,
        "studies": len(result.normal_scores),
        "seconds": result.seconds,
        "left_out": list(result.left_out),
    }


def _found_without_fits(fit: cs.Fit) -> dict[str, Any] | None:
    """Return the record of a fit that the first checks doubt, which the others cannot change."""
    clock = _Clock(time.perf_counter(), SECONDS)
    for examine in (partial(_of_draws, fit), partial(_of_likelihood, fit, fit.seed)):
        for check in examine(clock):
            if check.passed is False:
                return {
                    "p": {check.name: check.value},
                    "studies": 0,
                    "seconds": time.perf_counter() - clock.started,
                    "left_out": [],
                }
    return None


def main(name: str, runs: int, folder: Path) -> None:
    """Run a design with everything planted in it, and write the shares that were doubted."""
    folder.mkdir(parents=True, exist_ok=True)
    target = Path(__file__).with_suffix(".json")
    table = json.loads(target.read_text()) if target.exists() else {}
    for planted in [*DESIGNS[name].models, *SAMPLERS]:
        records = resume(
            partial(run, name, planted),
            list(range(1, runs + 1)),
            title=f"{name}, {planted}",
            path=folder / f"{name}, {planted}.jsonl",
            description=f"{name}, {planted}, {DESIGNS[name].studies} studies",
        )
        table.setdefault(name, {})[planted] = {
            "runs": len(records),
            "doubted": sum(min(record["p"].values()) <= LEVEL for record in records),
            "studies": float(np.median([record["studies"] for record in records])),
            "seconds": round(max(record["seconds"] for record in records), 1),
        }
        target.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main(
        sys.argv[1],
        int(sys.argv[2]),
        Path(sys.argv[3] if len(sys.argv) > 3 else "results/local_calibration"),
    )
