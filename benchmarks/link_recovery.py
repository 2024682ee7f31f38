"""Average precision by which links among amounts are ranked, beside the graphical lasso.

    pip install scikit-learn
    python benchmarks/link_recovery.py [--replications 3]

Graphs and precisions as in Kurtz et al. (2015), SPIEC-EASI: 50 amounts (20 for the sparse prior,
which samples every pair) with a band, clusters or a scale-free tree of links, weights ±U(2, 3),
condition number 100. Writes benchmarks/link_recovery.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
from sklearn.covariance import GraphicalLassoCV
from sklearn.metrics import average_precision_score

import causalstats as cs
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.compositions.partial_correlations import partial_correlations
from causalstats.samplers import program_for, sample

RESULTS = Path(__file__).with_suffix(".json")
CASES = [(50, 50), (50, 100), (50, 200), (20, 60)]  # amounts, rows
GRAPHS = {
    "band": lambda size, seed: nx.path_graph(size),
    "cluster": lambda size, seed: nx.planted_partition_graph(
        size // 10, 10, 0.25, 0.0, seed=seed
    ),
    "scale-free": lambda size, seed: nx.barabasi_albert_graph(size, 1, seed=seed),
}
CONDITION = 100.0


def precision(links: nx.Graph, rng: np.random.Generator) -> np.ndarray:
    """Return random weights on the links, and the diagonal that gives the condition number."""
    weights = np.zeros((len(links), len(links)))
    for one, other in links.edges:
        weight = rng.uniform(2, 3) * rng.choice([-1, 1])
        weights[one, other] = weights[other, one] = weight
    values = np.linalg.eigvalsh(weights)
    diagonal = (values[-1] - CONDITION * values[0]) / (CONDITION - 1)
    return weights + np.eye(len(links)) * diagonal


def rankings(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return by which each method ranks the pairs.

    The absolute value of its estimate, or the probability of a link.
    """
    values = frame.to_numpy()
    size = frame.shape[1]
    pairs = np.triu_indices(size, 1)
    ratios = log_ratios.clr(values)
    logs = np.log(values / values.sum(axis=1, keepdims=True))
    data = cs.Composition.from_frame(frame, parts=list(frame))
    shrunk = log_ratios.precision_from_covariance(
        log_ratios.centre(log_ratios.shrunk_covariance(logs)[0])
    )
    scores = {
        "sample estimate": partial_correlations(
            np.linalg.pinv(np.cov(ratios, rowvar=False), hermitian=True)
        )[pairs],
        "basis shrinkage": partial_correlations(shrunk)[pairs],
    }
    for prior in ("shrunk", *(["sparse"] if size <= 20 else [])):
        problem = cs.Problem(cs.PartialCorrelation(prior=prior), data)
        program = program_for(cs.Auto(chains=2, draws=400, tune=400), problem)
        draws = sample(program, problem, 1)["posterior"].to_dataset()
        name = "inclusion" if prior == "sparse" else "excess"
        scores[f"{prior}: {name}"] = (
            problem.model.estimands()[name]
            .compute(draws, data)
            .mean(("chain", "draw"))
            .to_numpy()
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lasso = GraphicalLassoCV().fit(ratios / ratios.std(axis=0))
    scores["graphical lasso, cross-validated"] = lasso.precision_[pairs]
    return {name: np.abs(each) for name, each in scores.items()}


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--replications", type=int, default=3)
    replications = options.parse_args().replications
    started = time.perf_counter()
    table: dict[str, dict[str, list[float]]] = {}
    for size, rows in CASES:
        for graph, make in GRAPHS.items():
            case = f"{graph}, {size} amounts, {rows} rows"
            for replication in range(replications):
                rng = np.random.default_rng((size, rows, replication))
                links = make(size, replication)
                covariance = np.linalg.inv(precision(links, rng))
                scale = np.sqrt(np.diagonal(covariance))
                logs = rng.multivariate_normal(
                    np.zeros(size), covariance / np.outer(scale, scale), rows
                )
                frame = pd.DataFrame(
                    np.exp(logs), columns=[f"p{k}" for k in range(size)]
                )
                linked = nx.to_numpy_array(links)[np.triu_indices(size, 1)] > 0
                for name, ranking in rankings(frame).items():
                    table.setdefault(case, {}).setdefault(name, []).append(
                        float(average_precision_score(linked, ranking))
                    )
            print(
                case,
                {name: f"{np.mean(each):.3f}" for name, each in table[case].items()},
                flush=True,
            )
    machine = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "nutpie", "scikit-learn")},
    }
    record = {
        "replications": replications,
        "seconds": round(time.perf_counter() - started),
        "average precision": table,
        "machine": machine,
    }
    RESULTS.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
