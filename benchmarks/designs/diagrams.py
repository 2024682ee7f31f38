"""Designs with a known effect for `CausalDiagram`: tables of labels, and regressions with numbers.

Labels have logistic mechanisms, and confounders are independent coins unless said otherwise. The
truth is Σ_z P(z) [P(y = 1 | x = 1, z) - P(y = 1 | x = 0, z)] over all cells, or over 200,000
draws of the confounders.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

import causalstats as cs
from designs import Design

_MANY = 200_000


def logistic(value: Any) -> Any:
    return 1 / (1 + np.exp(-np.asarray(value)))


Score = Callable[[np.ndarray], np.ndarray]


def table_design(
    name: str,
    levels: tuple[int, ...],
    rows: int,
    treated: Score,
    outcome: Callable[[np.ndarray, np.ndarray], np.ndarray],
    known_failure: str = "",
) -> Design:
    """Return a design of labels; scores take confounders centred on 0, a level apart."""
    middle = (np.array(levels) - 1) / 2
    grid = np.array(list(itertools.product(*map(range, levels)))) - middle
    one, zero = np.ones(len(grid)), np.zeros(len(grid))
    truth = float((logistic(outcome(one, grid)) - logistic(outcome(zero, grid))).mean())
    names = [f"z{k}" for k in range(len(levels))]
    model = cs.CausalDiagram(f"{', '.join(names)} -> x, y; x -> y", treatment="x", outcome="y")

    def make(seed: int) -> tuple[Any, Any, float]:
        rng = np.random.default_rng(seed)
        z = np.column_stack([rng.integers(0, count, rows) for count in levels])
        x = (rng.random(rows) < logistic(treated(z - middle))).astype(int)
        y = (rng.random(rows) < logistic(outcome(x, z - middle))).astype(int)
        frame = pd.DataFrame({**dict(zip(names, z.T, strict=True)), "x": x, "y": y})
        whole = {label: (0, 1) for label in ("x", "y")}
        whole |= {label: tuple(range(count)) for label, count in zip(names, levels, strict=True)}
        for label, known in whole.items():
            frame[label] = pd.Categorical(frame[label], categories=known)
        return model, cs.Observations.from_frame(frame), truth

    return Design(
        name=name,
        family="diagrams",
        make=make,
        estimand="effect",
        known_failure=known_failure,
    )


def parity(z: np.ndarray, *places: int) -> np.ndarray:
    """Return the product of the signs of some confounders."""
    return np.sign(z[:, list(places)]).prod(axis=1)


_THIN = "Most cells of the confounders hold no row of one of the arms; the answer says so."
_EIGHT = np.array([0.6, 0.5, 0.4, 0.3, 0.3, 0.2, 0.2, 0.1])

TABLES = [
    table_design(
        "3 confounders, 200 rows",
        (2,) * 3,
        200,
        lambda z: z @ [0.8, 0.6, 0.4],
        lambda x, z: -0.3 + x + z @ [0.6, 0.6, 0.6],
    ),
    table_design(
        "3 confounders that modify the effect, 500 rows",
        (2,) * 3,
        500,
        lambda z: z @ [0.8, 0.6, 0.4],
        lambda x, z: -0.3 + x + z @ [0.6, 0.6, 0.6] + x * (z @ [1.2, -0.8, 0.0]),
    ),
    table_design(
        "3 confounders that act by their parity, 500 rows",
        (2,) * 3,
        500,
        lambda z: 0.8 * parity(z, 0, 1, 2),
        lambda x, z: -0.3 + 0.8 * x + 0.8 * parity(z, 0, 1, 2),
    ),
    table_design(
        "1 confounder, 40 rows",
        (2,),
        40,
        lambda z: z @ [1.0],
        lambda x, z: -0.3 + x + z @ [1.0],
    ),
    table_design(
        "2 confounders, rare outcome, 1000 rows",
        (2,) * 2,
        1000,
        lambda z: z @ [0.8, 0.6],
        lambda x, z: -4.0 + x + z @ [0.6, 0.6],
    ),
    table_design(
        "no effect, 3 confounders, 500 rows",
        (2,) * 3,
        500,
        lambda z: z @ [1.0, 1.0, 0.5],
        lambda x, z: -0.3 + z @ [1.0, 1.0, 0.5],
    ),
    table_design(
        "2 confounders of 3 and 4 levels, 1000 rows",
        (3, 4),
        1000,
        lambda z: z @ [0.6, 0.4],
        lambda x, z: -0.3 + x + z @ [0.5, 0.4],
    ),
    table_design(
        "3 confounders of 4 levels, 200 rows",
        (4,) * 3,
        200,
        lambda z: z @ [0.4, 0.3, 0.3],
        lambda x, z: -0.3 + x + z @ [0.4, 0.3, 0.3],
        _THIN,
    ),
    table_design(
        "5 confounders, 200 rows",
        (2,) * 5,
        200,
        lambda z: z @ _EIGHT[:5],
        lambda x, z: -0.3 + x + z @ _EIGHT[:5],
        _THIN,
    ),
    table_design(
        "8 confounders, 200 rows",
        (2,) * 8,
        200,
        lambda z: z @ _EIGHT,
        lambda x, z: -0.3 + x + z @ _EIGHT,
        _THIN,
    ),
    table_design(
        "8 confounders, a pair that acts by its parity, 500 rows",
        (2,) * 8,
        500,
        lambda z: 0.8 * parity(z, 0, 1),
        lambda x, z: -0.3 + 0.8 * x + 0.8 * parity(z, 0, 1),
        _THIN,
    ),
    table_design(
        "8 confounders, rare outcome, 2000 rows",
        (2,) * 8,
        2000,
        lambda z: z @ _EIGHT,
        lambda x, z: -3.5 + x + z @ _EIGHT,
        _THIN,
    ),
    table_design(
        "8 confounders, a tenth is treated, 500 rows",
        (2,) * 8,
        500,
        lambda z: -2.2 + z @ _EIGHT,
        lambda x, z: -0.3 + x + z @ _EIGHT,
        _THIN,
    ),
    table_design(
        "8 confounders, poor overlap, 500 rows",
        (2,) * 8,
        500,
        lambda z: 2.5 * (z @ _EIGHT),
        lambda x, z: -0.3 + x + z @ _EIGHT,
        _THIN,
    ),
]

DESIGNS = TABLES
