"""Time to decide whether an effect is identified, and by which formula: `identify` and pyAgrum.

Both on the same random diagrams, in one run.

    python benchmarks/identification_speed.py

Forty diagrams of each size and density; the treatment acts on the outcome. Both build their graph,
identify, and write the formula in LaTeX or say that there is none; nothing is evaluated. The best
of five of each is taken, and the verdicts are compared. Five runs that take more than three seconds
are stopped, and count as three seconds. Needs pyagrum.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyagrum
from pyagrum.causal_model.cmcpp import CausalImpact

from causalstats.diagrams import MixedGraph, identify

SIZES = (8, 16, 32, 64)
PARENTS = {"sparse": 1.5, "dense": 3.0}  # on average
DIAGRAMS = 40
LIMIT = 3  # seconds
RESULTS = Path(__file__).with_suffix(".json")

Arrows = list[tuple[str, str]]


def diagram(
    rng: np.random.Generator, size: int, parents: float
) -> tuple[list[str], Arrows, Arrows]:
    """Return a random diagram whose last variable has at least one cause.

    Parameters
    ----------
    rng : Generator
    size : int
        The number of variables.
    parents : float
        The mean number of causes of a variable.

    Returns
    -------
    names : list of str, in causal order
    arrows : list of pairs (cause, effect)
    confounded : list of pairs
        At most a third as many as variables; each pair shares a hidden cause.
    """
    names = [f"v{number}" for number in range(size)]
    arrows = [
        (names[i], names[j])
        for j in range(size)
        for i in range(j)
        if rng.random() < 2 * parents / size
    ]
    if not any(effect == names[-1] for _, effect in arrows):
        arrows.append((names[0], names[-1]))
    pairs = {
        tuple(sorted(map(int, rng.choice(size, 2, replace=False))))
        for _ in range(size // 3)
    }
    return names, arrows, [(names[one], names[other]) for one, other in sorted(pairs)]


def ours(
    names: list[str], arrows: Arrows, confounded: Arrows, outcome: str, treatment: str
) -> bool:
    graph = MixedGraph.projected(names, arrows, bidirected=confounded)
    estimand = identify(graph, outcome, treatment)
    return bool(estimand.latex()) and estimand.identified


def theirs(
    dag: pyagrum.BayesNet, confounded: Arrows, outcome: str, treatment: str
) -> bool:
    model = pyagrum.CausalModel(
        dag, [(f"u{number}", pair) for number, pair in enumerate(confounded)], True
    )
    impact = CausalImpact(model, on={outcome}, doing={treatment})
    return impact.isIdentified() and bool(impact.toLatex())


def network(names: list[str], arrows: Arrows) -> pyagrum.BayesNet:
    dag = pyagrum.BayesNet()
    for name in names:
        dag.add(pyagrum.LabelizedVariable(name, name, 2))
    dag.addArcs(arrows)
    return dag


def best(call: Callable[..., bool], *arguments: object) -> tuple[float, bool]:
    """Return the least milliseconds of five runs, and the verdict."""
    seconds = []
    verdict = False
    for _ in range(5):
        started = time.perf_counter()
        verdict = call(*arguments)
        seconds.append(time.perf_counter() - started)
    return 1e3 * min(seconds), verdict


def limited(call: Callable[..., bool], *arguments: object) -> tuple[float, bool | None]:
    """Return `best` of a separate process, or the limit and no verdict if it takes longer."""
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    worker = context.Process(target=lambda: sending.send(best(call, *arguments)))
    worker.start()
    timed = receiving.recv() if receiving.poll(LIMIT) else (1e3 * LIMIT, None)
    worker.kill()
    worker.join()
    return timed


def measure(size: int, density: str) -> dict[str, object]:
    rng = np.random.default_rng(size)
    times = []
    verdicts = []
    for _ in range(DIAGRAMS):
        names, arrows, confounded = diagram(rng, size, PARENTS[density])
        causes = MixedGraph.projected(names, arrows).ancestors(names[-1])[:-1]
        treatment = causes[rng.integers(len(causes))]
        one = limited(ours, names, arrows, confounded, names[-1], treatment)
        other = limited(
            theirs, network(names, arrows), confounded, names[-1], treatment
        )
        times.append((one[0], other[0]))
        verdicts.append((one[1], other[1]))
    median = np.median(times, axis=0).round(3).tolist()
    longest = np.max(times, axis=0).round(3).tolist()
    row = {
        "variables": size,
        "density": density,
        "median ms": median[0],
        "longest ms": longest[0],
    }
    row |= {
        "pyAgrum median ms": median[1],
        "pyAgrum longest ms": longest[1],
        "pyAgrum stopped": sum(other is None for _, other in verdicts),
    }
    return row | {
        "identified": sum(map(bool, next(zip(*verdicts, strict=True)))),
        "other verdict": sum(other not in (None, one) for one, other in verdicts),
    }


def main() -> None:
    rows = []
    for density in PARENTS:
        for size in SIZES:
            rows.append(measure(size, density))
            print(rows[-1], flush=True)
    machine = {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }
    machine |= {name: version(name) for name in ("numpy", "pyagrum")}
    RESULTS.write_text(json.dumps({"rows": rows, "machine": machine}, indent=1) + "\n")


if __name__ == "__main__":
    main()
