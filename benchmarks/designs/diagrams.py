"""Designs with a known effect for `CausalDiagram`: tables of labels, and regressions with numbers.

Labels have logistic mechanisms and independent confounders whose levels are equally likely. The
truth is Σ_z P(z) [P(y = 1 | x = 1, z) - P(y = 1 | x = 0, z)] over all cells (back-door adjustment).
In regressions one unit of x adds 1 to y.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

import causalstats as cs
from designs import Design
from designs.diagram_missing import MISSING
from designs.diagram_questions import QUESTIONS


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
    **options: Any,
) -> Design:
    """Return a design of labels in which confounders z act on treatment x and outcome y.

    Parameters
    ----------
    name : str
    levels : tuple of int
        The number of levels of each confounder; all levels are equally likely.
    rows : int
    treated : function of z
        Takes the confounders, shape (rows, confounders), centred on 0 with levels 1 apart, to the
        log odds of treatment.
    outcome : function of x and z
        Takes the treatment, 0 or 1, shape (rows,), and the same confounders to the log odds of y.
    known_failure : str
        As in `Design`.
    **options
        Other fields of `CausalDiagram`.
    """
    middle = (np.array(levels) - 1) / 2
    grid = np.array(list(itertools.product(*map(range, levels)))) - middle
    with_treatment = logistic(outcome(np.ones(len(grid)), grid))
    without_treatment = logistic(outcome(np.zeros(len(grid)), grid))
    truth = float((with_treatment - without_treatment).mean())
    names = [f"z{k}" for k in range(len(levels))]
    model = cs.CausalDiagram(
        f"{', '.join(names)} -> x, y; x -> y", treatment="x", outcome="y", **options
    )

    def make(seed: int) -> tuple[Any, Any, float]:
        rng = np.random.default_rng(seed)
        z = np.column_stack([rng.integers(0, count, rows) for count in levels])
        x = (rng.random(rows) < logistic(treated(z - middle))).astype(int)
        y = (rng.random(rows) < logistic(outcome(x, z - middle))).astype(int)
        frame = pd.DataFrame({**dict(zip(names, z.T, strict=True)), "x": x, "y": y})
        counts = dict(zip(names, levels, strict=True)) | {"x": 2, "y": 2}
        for label, count in counts.items():
            frame[label] = pd.Categorical(frame[label], categories=range(count))
        return model, cs.Observations.from_frame(frame), truth

    return Design(
        name=name,
        family="diagrams",
        make=make,
        estimand="effect",
        known_failure=known_failure,
    )


def parity(z: np.ndarray, *columns: int) -> np.ndarray:
    """Return the product of the signs of some confounders."""
    return np.sign(z[:, list(columns)]).prod(axis=1)


_EIGHT_SLOPES = np.array([0.6, 0.5, 0.4, 0.3, 0.3, 0.2, 0.2, 0.1])
_TWELVE_SLOPES = np.append(_EIGHT_SLOPES, np.full(4, 0.1))
_TABLES_WITH_EMPTY_CELLS = (
    "Most cells hold no row; the check `weight of the prior` fails."
)
_DENSE = (
    "Many small products of two and three confounders act on treatment and outcome alike; the "
    "caution `dense interactions` says that it is assumed otherwise."
)


def dense_products(confounders: int, seed: int, strength: float) -> Score:
    """Return the sum of all products of the signs of two and three confounders.

    Parameters
    ----------
    confounders : int
    seed : int
        Of the coefficients, which are all positive.
    strength : float
        The root of the number of products times the mean coefficient, but for √(2/π).
    """
    products = [
        product
        for order in (2, 3)
        for product in itertools.combinations(range(confounders), order)
    ]
    rng = np.random.default_rng(seed)
    coefficients = np.abs(rng.normal(size=len(products)))
    coefficients *= strength / np.sqrt(len(products))

    def score(z: np.ndarray) -> np.ndarray:
        total = np.zeros(len(z))
        for coefficient, product in zip(coefficients, products, strict=True):
            total += coefficient * parity(z, *product)
        return total

    return score


_DENSE_OF_EIGHT = dense_products(8, 1, 1.3)
_DENSE_OF_TWELVE = dense_products(12, 1, 2.0)

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
    ),
    table_design(
        "5 confounders, 200 rows",
        (2,) * 5,
        200,
        lambda z: z @ _EIGHT_SLOPES[:5],
        lambda x, z: -0.3 + x + z @ _EIGHT_SLOPES[:5],
    ),
    table_design(
        "8 confounders, 200 rows",
        (2,) * 8,
        200,
        lambda z: z @ _EIGHT_SLOPES,
        lambda x, z: -0.3 + x + z @ _EIGHT_SLOPES,
    ),
    table_design(
        "8 confounders, a pair that acts by its parity, 500 rows",
        (2,) * 8,
        500,
        lambda z: 0.8 * parity(z, 0, 1),
        lambda x, z: -0.3 + 0.8 * x + 0.8 * parity(z, 0, 1),
    ),
    table_design(
        "8 confounders, rare outcome, 2000 rows",
        (2,) * 8,
        2000,
        lambda z: z @ _EIGHT_SLOPES,
        lambda x, z: -3.5 + x + z @ _EIGHT_SLOPES,
    ),
    table_design(
        "8 confounders, a tenth is treated, 500 rows",
        (2,) * 8,
        500,
        lambda z: -2.2 + z @ _EIGHT_SLOPES,
        lambda x, z: -0.3 + x + z @ _EIGHT_SLOPES,
    ),
    table_design(
        "8 confounders, poor overlap, 500 rows",
        (2,) * 8,
        500,
        lambda z: 2.5 * (z @ _EIGHT_SLOPES),
        lambda x, z: -0.3 + x + z @ _EIGHT_SLOPES,
    ),
    table_design(
        "8 confounders, tables, 200 rows",
        (2,) * 8,
        200,
        lambda z: z @ _EIGHT_SLOPES,
        lambda x, z: -0.3 + x + z @ _EIGHT_SLOPES,
        _TABLES_WITH_EMPTY_CELLS,
        route="reduced",
    ),
    table_design(
        "8 confounders, no confounding and no effect, 200 rows",
        (2,) * 8,
        200,
        lambda z: 0 * z[:, 0],
        lambda x, z: -0.3 + z @ _EIGHT_SLOPES,
    ),
    table_design(
        "8 confounders, signs that alternate, 500 rows",
        (2,) * 8,
        500,
        lambda z: z @ (_EIGHT_SLOPES * [1, -1] * 4),
        lambda x, z: -0.3 + x + z @ _EIGHT_SLOPES,
    ),
    table_design(
        "8 confounders, three that act by their parity, 200 rows",
        (2,) * 8,
        200,
        lambda z: 0.5 * parity(z, 0, 1, 2),
        lambda x, z: -0.3 + 0.8 * x + 0.5 * parity(z, 0, 1, 2),
    ),
    table_design(
        "8 confounders, an effect that reverses with a pair, 500 rows",
        (2,) * 8,
        500,
        lambda z: 0.6 * parity(z, 0, 1),
        lambda x, z: -0.3 + (0.6 + 0.8 * x) * parity(z, 0, 1),
    ),
    table_design(
        "8 confounders, few events, 500 rows",
        (2,) * 8,
        500,
        lambda z: -2.4 + z @ _EIGHT_SLOPES,
        lambda x, z: -3.3 + x + z @ _EIGHT_SLOPES,
    ),
    table_design(
        "12 confounders, a pair that acts by its parity, 2000 rows",
        (2,) * 12,
        2000,
        lambda z: 0.8 * parity(z, 0, 1),
        lambda x, z: -0.3 + 0.8 * x + 0.8 * parity(z, 0, 1),
    ),
    table_design(
        "12 confounders that modify the effect, 500 rows",
        (2,) * 12,
        500,
        lambda z: z @ _TWELVE_SLOPES,
        lambda x, z: (
            -0.3 + x + z @ _TWELVE_SLOPES + x * (1.2 * z[:, 0] - 0.8 * z[:, 1])
        ),
    ),
    table_design(
        "5 confounders of 3 and 4 levels, 500 rows",
        (3, 4, 3, 4, 3),
        500,
        lambda z: 0.32 * z.sum(axis=1),
        lambda x, z: -0.3 + x + 0.3 * z.sum(axis=1),
    ),
    table_design(
        "8 confounders, dense interactions, 500 rows",
        (2,) * 8,
        500,
        _DENSE_OF_EIGHT,
        lambda x, z: -0.3 + 0.8 * x + _DENSE_OF_EIGHT(z),
        _DENSE,
    ),
    table_design(
        "12 confounders, dense interactions, 500 rows",
        (2,) * 12,
        500,
        _DENSE_OF_TWELVE,
        lambda x, z: -0.3 + 0.8 * x + _DENSE_OF_TWELVE(z),
        _DENSE,
    ),
]


def several_levels(name: str, rows: int) -> Design:
    """Return a design in which treatment and outcome have three levels, and 6 confounders two.

    Parameters
    ----------
    name : str
    rows : int
    """
    slopes = _EIGHT_SLOPES[:6]
    grid = np.array(list(itertools.product([0, 1], repeat=6))) - 0.5
    names = [f"z{k}" for k in range(6)]
    model = cs.CausalDiagram(
        f"{', '.join(names)} -> x, y; x -> y", treatment="x", outcome="y"
    )

    def outcome_shares(x: Any, z: np.ndarray) -> np.ndarray:
        score = z @ slopes
        logits = [0 * score, -0.2 + 0.6 * x + score, -0.6 + 0.9 * x - 0.5 * score]
        odds = np.exp(np.stack(logits, axis=-1))
        return odds / odds.sum(axis=-1, keepdims=True)

    means = [outcome_shares(np.full(len(grid), x), grid).mean(axis=0) for x in range(3)]
    truth = {
        f"y={y}: x={x} against x=0": float(means[x][y] - means[0][y])
        for x in (1, 2)
        for y in range(3)
    }

    def make(seed: int) -> tuple[Any, Any, dict[str, float]]:
        rng = np.random.default_rng(seed)
        z = rng.integers(0, 2, (rows, 6))
        score = (z - 0.5) @ slopes
        x = rng.random(rows) < logistic(score)
        x = x.astype(int) + (x & (rng.random(rows) < logistic(score)))
        shares = outcome_shares(x, z - 0.5).cumsum(axis=1)
        y = (rng.random((rows, 1)) > shares).sum(axis=1)
        frame = pd.DataFrame({**dict(zip(names, z.T, strict=True)), "x": x, "y": y})
        return model, cs.Observations.from_frame(frame), truth

    return Design(name=name, family="diagrams", make=make, estimand="effect")


def front_door_of_labels(name: str, rows: int) -> Design:
    """Return a front-door design with 6 confounders of the mediator, and a hidden one of x and y.

    Parameters
    ----------
    name : str
    rows : int
    """
    slopes = _EIGHT_SLOPES[:6]
    grid = np.array(list(itertools.product([0, 1], repeat=6))) - 0.5
    names = [f"z{k}" for k in range(6)]
    model = cs.CausalDiagram(
        f"{', '.join(names)} -> x, m, y; x -> m -> y; x <-> y",
        treatment="x",
        outcome="y",
    )

    def mediated(x: Any, z: np.ndarray) -> np.ndarray:
        return logistic(-0.7 + 1.5 * x + z @ slopes)

    def risk(m: Any, u: Any, z: np.ndarray) -> np.ndarray:
        return logistic(-0.8 + 1.2 * m + 1.0 * u + z @ slopes)

    change = mediated(1, grid) - mediated(0, grid)
    by_mediator = [(risk(m, 0.5, grid) + risk(m, -0.5, grid)) / 2 for m in (0, 1)]
    truth = float((change * (by_mediator[1] - by_mediator[0])).mean())

    def make(seed: int) -> tuple[Any, Any, float]:
        rng = np.random.default_rng(seed)
        z = rng.integers(0, 2, (rows, 6))
        u = rng.integers(0, 2, rows) - 0.5
        x = (rng.random(rows) < logistic(u + (z - 0.5) @ slopes)).astype(int)
        m = (rng.random(rows) < mediated(x, z - 0.5)).astype(int)
        y = (rng.random(rows) < risk(m, u, z - 0.5)).astype(int)
        frame = pd.DataFrame(dict(zip(names, z.T, strict=True)))
        frame = frame.assign(x=x, m=m, y=y)
        return model, cs.Observations.from_frame(frame), truth

    return Design(name=name, family="diagrams", make=make, estimand="effect")


TABLES += [
    several_levels(
        "6 confounders, three levels of treatment and outcome, 500 rows", 500
    ),
    front_door_of_labels("front-door of labels, 6 confounders, 1000 rows", 1000),
]


def regression_design(
    name: str,
    rows: int,
    draw: Callable[[np.random.Generator, int], dict[str, np.ndarray]],
    diagram: str = "z, w -> x, y; x -> y",
    truth: float = 1.0,
    known_failure: str = "",
    **options: Any,
) -> Design:
    """Return a design with numbers, answered by `route="regression"`.

    Parameters
    ----------
    name : str
    rows : int
    draw : function of a generator and the number of rows
        Returns the columns of the frame by name.
    diagram : str
        The causal diagram of x, y and the other columns.
    truth : float
        The effect on y of one unit of x, or of its second level.
    known_failure : str
        As in `Design`.
    **options
        Other fields of `CausalDiagram`.
    """
    model = cs.CausalDiagram(
        diagram, treatment="x", outcome="y", route="regression", **options
    )

    def make(seed: int) -> tuple[Any, Any, float]:
        frame = pd.DataFrame(draw(np.random.default_rng(seed), rows))
        return model, cs.Observations.from_frame(frame), truth

    return Design(
        name=name,
        family="diagrams",
        make=make,
        estimand="effect",
        known_failure=known_failure,
    )


def linear(
    rng: np.random.Generator, rows: int, spread: float = 1.0, noise: str = "normal"
) -> dict[str, np.ndarray]:
    """Return confounders z and w that act linearly on a number x and on y; the effect is 1.

    Parameters
    ----------
    rng : Generator
    rows : int
    spread : float
        Standard deviation of x given z and w; the smaller, the closer x is to a function of them.
    noise : {"normal", "unequal", "heavy"}
        Errors of y: standard normal; with a standard deviation that grows with the distance of x
        from its mean; Student's t with 4 degrees of freedom.
    """
    z, w = rng.normal(size=(2, rows))
    x = z + 0.5 * w + spread * rng.normal(size=rows)
    errors = rng.normal(size=rows)
    if noise == "unequal":
        errors = errors * (0.3 + (x - x.mean()) ** 2 / x.var())
    if noise == "heavy":
        errors = rng.standard_t(4, rows)
    return {"z": z, "w": w, "x": x, "y": x - 2 * z + w + errors}


def labelled(
    rng: np.random.Generator, rows: int, shape: str = "linear", slope: float = 1.0
) -> dict[str, np.ndarray]:
    """Return confounders z and w of a treatment x with two levels and of y; the effect is 1.

    Parameters
    ----------
    rng : Generator
    rows : int
    shape : {"linear", "square", "wave"}
        How z acts on the log odds of x, and on y.
    slope : float
        The coefficient of that function in the log odds of x; the larger, the poorer the overlap.
    """
    z, w = rng.normal(size=(2, rows))
    score = {"linear": z, "square": z**2 - 1, "wave": 1.5 * np.sin(2 * z)}[shape]
    x = (rng.random(rows) < logistic(slope * score + 0.5 * w)).astype(int)
    return {"z": z, "w": w, "x": x, "y": x + 2 * score + w + rng.normal(size=rows)}


def front_door(rng: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
    """Return x that acts through m alone, and shares a hidden cause with y."""
    u = rng.normal(size=rows)
    x = u + rng.normal(size=rows)
    m = x + rng.normal(size=rows)
    return {"x": x, "m": m, "y": m + 1.5 * u + rng.normal(size=rows)}


REGRESSIONS = [
    regression_design("linear, 200 rows", 200, linear),
    regression_design("linear, 30 rows", 30, linear),
    regression_design(
        "linear, treatment close to a confounder, 200 rows",
        200,
        partial(linear, spread=0.3),
    ),
    regression_design(
        "linear, heavy tails, 200 rows", 200, partial(linear, noise="heavy")
    ),
    regression_design(
        "linear, unequal variances, 500 rows",
        500,
        partial(linear, noise="unequal"),
        known_failure="Normal errors of one variance are assumed; `equal variances` fails.",
    ),
    regression_design("treatment of two levels, 300 rows", 300, labelled),
    regression_design("poor overlap, 500 rows", 500, partial(labelled, slope=2.5)),
    regression_design(
        "a square that is left out, 500 rows",
        500,
        partial(labelled, shape="square"),
        known_failure="A straight line is assumed; `form of the regressions` fails.",
    ),
    regression_design(
        "a square with splines, 500 rows",
        500,
        partial(labelled, shape="square"),
        basis_size=6,
    ),
    regression_design(
        "a wave with splines, 500 rows",
        500,
        partial(labelled, shape="wave"),
        basis_size=10,
    ),
    regression_design("front-door, 300 rows", 300, front_door, "x -> m -> y; x <-> y"),
]

DESIGNS = TABLES + REGRESSIONS + QUESTIONS + MISSING
