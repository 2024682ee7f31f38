"""Time of exact answers of three published Bayesian networks, beside pyAgrum and pgmpy.

All in one run, and from the same tables.

    python benchmarks/network_queries.py

Needs pyagrum, and pgmpy, whose package has the networks: `pip install --target FOLDER pgmpy`, then
PYTHONPATH=FOLDER. One thread.

A question is P(target | five observed variables): target and variables at random, values drawn from
the network. "new" is a question never asked before, all planning included; "again" the same
variables for at least the fifth time. "all marginals of many draws" are those of 1,000 sets of
tables, drawn from Dirichlet distributions around those of the network.
"""

from __future__ import annotations

import gzip
import json
import os
import platform
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import causalstats as cs
from causalstats.diagrams.networks import tensor_contraction as contraction

NETWORKS = ("alarm", "insurance", "hepar2")
QUESTIONS, REPEATS = 20, 10
DRAWS = 1000
LOOPED = 50  # draws on which pyAgrum's loop is timed
RESULTS = Path(__file__).with_suffix(".json")
Question = tuple[str, dict[str, str]]


def load(name: str) -> cs.BayesianNetwork:
    return cs.BayesianNetwork.from_bif(
        gzip.decompress(
            (files("pgmpy") / "utils/example_models" / f"{name}.bif.gz").read_bytes()
        ).decode()
    )


def levels(network: cs.BayesianNetwork) -> dict[str, list[str]]:
    return {wire.name: list(wire.levels) for wire in network.diagram.wires}


def to_pyagrum(network: cs.BayesianNetwork) -> Any:
    import pyagrum as gum

    other = gum.BayesNet()
    for name, states in levels(network).items():
        variable = gum.LabelizedVariable(name, name, 0)
        for state in states:
            variable.addLabel(state)
        other.add(variable)
    for name in levels(network):
        for cause in network.diagram.parents(name):
            other.addArc(cause, name)
    refill(other, network, network.mechanisms)
    return other


def refill(other: Any, network: cs.BayesianNetwork, tables: Any) -> None:
    """Copy probability tables into a network of pyAgrum, which orders their axes differently.

    Parameters
    ----------
    other : pyagrum.BayesNet
        Changed in place.
    network : BayesianNetwork
        The same network, whose axes are the causes and then the variable.
    tables : mapping of variable to array
        Probabilities in the order of `network`.
    """
    for name, order in orders(other, network).items():
        other.cpt(name)[:] = np.ascontiguousarray(tables[name].transpose(order))


def orders(other: Any, network: cs.BayesianNetwork) -> dict[str, list[int]]:
    """Return the axes of each of our tables in the order of pyAgrum's."""
    axes = {}
    for name in levels(network):
        ours = [*network.diagram.parents(name), name]
        theirs = reversed(list(other.cpt(name).names))
        axes[name] = [ours.index(variable) for variable in theirs]
    return axes


def to_pgmpy(network: cs.BayesianNetwork) -> Any:
    from pgmpy.factors.discrete import TabularCPD
    from pgmpy.models import DiscreteBayesianNetwork

    states = levels(network)
    model = DiscreteBayesianNetwork(
        [(cause, name) for name in states for cause in network.diagram.parents(name)]
    )
    model.add_nodes_from(states)
    for name, table in network.mechanisms.items():
        causes = list(network.diagram.parents(name))
        values = np.moveaxis(table, -1, 0).reshape(len(states[name]), -1)
        named = {other: states[other] for other in (name, *causes)}
        model.add_cpds(
            TabularCPD(
                name,
                len(states[name]),
                values,
                causes,
                [len(states[cause]) for cause in causes],
                state_names=named,
            )
        )
    return model


def questions(network: cs.BayesianNetwork) -> list[Question]:
    rng = np.random.default_rng(1)
    sample = network.sample(QUESTIONS, seed=1)
    chosen = [
        rng.choice(list(sample.columns), 6, replace=False) for _ in range(QUESTIONS)
    ]
    return [
        (str(names[0]), {str(name): sample[name].iloc[row] for name in names[1:]})
        for row, names in enumerate(chosen)
    ]


def seconds(ask: Callable[[], Any]) -> float:
    started = time.perf_counter()
    ask()
    return time.perf_counter() - started


def engines(
    network: cs.BayesianNetwork,
) -> dict[str, Callable[[str, dict[str, str]], np.ndarray]]:
    import pyagrum as gum
    from pgmpy.inference import VariableElimination

    theirs = to_pyagrum(network)
    elimination = VariableElimination(to_pgmpy(network))
    without_plans = cs.BayesianNetwork(network.diagram, network.mechanisms)

    def ours_new(target: str, given: dict[str, str]) -> np.ndarray:
        contraction._product_plan.cache_clear()
        without_plans._tables.plans.clear()
        return without_plans.query(target, given=given).values

    def pyagrum_by(kind: Any) -> Callable[[str, dict[str, str]], np.ndarray]:
        def ask(target: str, given: dict[str, str]) -> np.ndarray:
            engine = kind(theirs)
            engine.setTargets({target})
            engine.setEvidence(given)
            engine.makeInference()
            return engine.posterior(target).toarray()

        return ask

    def pgmpy(target: str, given: dict[str, str]) -> np.ndarray:
        answer = elimination.query([target], evidence=given, show_progress=False)
        return np.array(
            [answer.get_value(**{target: state}) for state in levels(network)[target]]
        )

    return {
        "new": ours_new,
        "again": lambda target, given: network.query(target, given=given).values,
        "pyAgrum, lazy propagation": pyagrum_by(gum.LazyPropagation),
        "pyAgrum, variable elimination": pyagrum_by(gum.VariableElimination),
        "pgmpy, variable elimination": pgmpy,
    }


def one_query(name: str) -> dict[str, Any]:
    network = load(name)
    asked = questions(network)
    methods = engines(network)
    row: dict[str, Any] = {"network": name, "variables": len(network.diagram.wires)}
    answers = {
        method: [ask(*question) for question in asked]
        for method, ask in methods.items()
    }
    for _, question in product(range(4), asked):
        methods["again"](*question)
    row["largest difference"] = max(
        float(np.abs(a - b).max())
        for tables in answers.values()
        for a, b in zip(tables, answers["new"], strict=True)
    )
    times = {method: np.full(len(asked), np.inf) for method in methods}
    for (number, question), _ in product(enumerate(asked), range(REPEATS)):
        # Methods take turns, so that other work on the machine slows all of them alike.
        for method, ask in methods.items():
            elapsed = seconds(partial(ask, *question))
            times[method][number] = min(times[method][number], elapsed)
    return row | {
        f"ms, {method}": round(1000 * float(np.median(elapsed)), 3)
        for method, elapsed in times.items()
    }


def tables_drawn(network: cs.BayesianNetwork) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    drawn = {
        name: rng.standard_gamma(
            np.broadcast_to(50 * table + 0.5, (DRAWS, *table.shape))
        )
        for name, table in network.mechanisms.items()
    }
    return {
        name: table / table.sum(axis=-1, keepdims=True) for name, table in drawn.items()
    }


def all_marginals() -> dict[str, Any]:
    """Return the time from arrays of draws to all marginals, and pyAgrum's by a loop over them.

    Ours includes the checks of the arrays.
    """
    import pyagrum as gum

    network = load("alarm")
    tables = tables_drawn(network)

    def ours() -> dict[str, Any]:
        return cs.BayesianNetwork(network.diagram, tables).marginals()

    first = seconds(ours)
    marginals = ours()
    other = to_pyagrum(network)
    turned = {
        name: np.ascontiguousarray(
            tables[name].transpose([0, *(axis + 1 for axis in order)])
        )
        for name, order in orders(other, network).items()
    }
    filling = error = 0.0
    started = time.perf_counter()
    for draw in range(LOOPED):
        before = time.perf_counter()
        for name, table in turned.items():
            other.cpt(name)[:] = table[draw]
        filling += time.perf_counter() - before
        engine = gum.LazyPropagation(other)
        engine.makeInference()
        for name in turned:
            theirs = engine.posterior(name).toarray()
            difference = np.abs(theirs - marginals[name].values[draw]).max()
            error = max(error, float(difference))
    loop = (time.perf_counter() - started) / LOOPED * DRAWS
    row = {
        "network": "alarm",
        "draws": DRAWS,
        "s, first": round(first, 3),
        "s, warm": round(min(seconds(ours) for _ in range(REPEATS)), 4),
    }
    row |= {
        "s, pyAgrum's loop": round(loop, 1),
        "s, of which filling tables": round(filling / LOOPED * DRAWS, 1),
        "largest difference": error,
    }
    return row | {"draws pyAgrum's loop was timed on": LOOPED} | by_jax(network, tables)


def by_jax(
    network: cs.BayesianNetwork, tables: dict[str, np.ndarray]
) -> dict[str, Any]:
    """Return the time of all marginals by the same plan, compiled by JAX."""
    import jax
    import jax.numpy as jnp

    from causalstats.numerics.discrete import tensor_network

    jax.config.update("jax_enable_x64", True)
    whole = cs.BayesianNetwork(network.diagram, tables)._tables
    wires = list(range(len(network.diagram.wires)))
    form, tables_there = contraction.plan_query(whole, wires, marginals=True)
    plan = form.plan
    run = jax.jit(
        lambda arrays: tensor_network.marginals(
            plan,
            tensor_network.forward(plan, arrays, einsum=jnp.einsum),
            wires,
            einsum=jnp.einsum,
        )
    )
    arrays = [jnp.asarray(table) for table in tables_there]
    first = seconds(lambda: jax.block_until_ready(run(arrays)))
    return {
        "s, the same plan in JAX, first": round(first, 1),
        "s, the same plan in JAX, warm": round(
            min(
                seconds(lambda: jax.block_until_ready(run(arrays)))
                for _ in range(REPEATS)
            ),
            4,
        ),
    }


COLD = """
import sys, time, gzip
started = time.perf_counter()
import causalstats as cs
network = cs.BayesianNetwork.from_bif(sys.stdin.read())
read = time.perf_counter()
network.query(sys.argv[1], given={sys.argv[2]: sys.argv[3]})
print(read - started, time.perf_counter() - read)
"""


def cold_start() -> dict[str, float]:
    """Return the seconds in which a new process imports and reads alarm, and answers a question."""
    network = load("alarm")
    target, given = questions(network)[0]
    name, value = next(iter(given.items()))
    done = subprocess.run(
        [sys.executable, "-c", COLD, target, name, value],
        input=network.to_bif(),
        capture_output=True,
        text=True,
        check=True,
    )
    imported, asked = map(float, done.stdout.split())
    return {
        "s, import and read alarm": round(imported, 2),
        "s, first question": round(asked, 4),
    }


def main() -> None:
    warnings.simplefilter("ignore")
    threadpool_limits(1)
    rows = [one_query(name) for name in NETWORKS]
    results = {
        "one query": rows,
        "all marginals of many draws": all_marginals(),
        "a new process": cold_start(),
    }
    machine = {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }
    machine |= {
        package: version(package)
        for package in ("numpy", "opt-einsum", "pyagrum", "pgmpy", "jax")
    }
    print(json.dumps(results | {"machine": machine}, indent=1))
    RESULTS.write_text(json.dumps(results | {"machine": machine}, indent=1) + "\n")


if __name__ == "__main__":
    main()
