"""Worlds for the checks of `CausalDiagram`: wrong in one respect each, or right and hard."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from designs.diagrams import (
    Score,
    dense_products,
    front_door,
    labelled,
    linear,
    logistic,
    parity,
)
from spoilt_tables import Change, coded, cut_off, every_row_twice, slipped, spoilt

import causalstats as cs
from causalstats.models.causal_diagram.regression.effect_by_covariates import (
    SAME_EFFECT,
)
from causalstats.models.shared.scaled_counts import COMMON_FACTOR
from worlds import World, diagram_answers

Draw = Callable[[np.random.Generator], Any]
_PRIOR, _SUPPORT = "weight of the prior", "positivity"
_POSSIBLE = "possible under the diagram"
_FORM, _IMPLIED = "form of the regressions", "independences of the diagram"
_LEFT, _EVENTS = "confounding left by the regressions", "number of events"
_DENSE = "dense interactions"


def world(
    name: str, wrong: bool, diagram: str, draw: Draw, *catches: str, **options: Any
) -> World:
    """Return a world in which a `CausalDiagram` is fitted to drawn data.

    Parameters
    ----------
    name : str
    wrong : bool
        As in `World`.
    diagram : str
        The causal diagram that the model assumes.
    draw : function of a generator
        Returns the columns of the frame.
    *catches : str
        As in `World`.
    **options
        `undetectable` of `World`, `missing` of `Observations.from_frame`, and fields of
        `CausalDiagram`, whose treatment is x and outcome y by default.
    """
    undetectable = options.pop("undetectable", "")
    missing = options.pop("missing", "error")
    usual = {"treatment": "x", "outcome": "y"}
    model = cs.CausalDiagram(diagram, **(usual | options))

    def make(seed: int) -> tuple[Any, Any]:
        frame = pd.DataFrame(draw(np.random.default_rng(seed)))
        return model, cs.Observations.from_frame(frame, missing=missing)

    return World(
        name=name,
        family="diagrams",
        wrong=wrong,
        make=make,
        catches=catches,
        undetectable=undetectable,
    )


def coin(rng: np.random.Generator, probability: Any, rows: int) -> np.ndarray:
    """Return zeros and ones.

    Parameters
    ----------
    rng : Generator
    probability : float, or array of shape (rows,)
        Of a one.
    rows : int
    """
    return (rng.random(rows) < probability).astype(int)


def confounded(
    rng: np.random.Generator, rows: int, levels: tuple[int, ...], base: float = -0.3
) -> dict[str, np.ndarray]:
    """Return labels z0, z1, ... that act on treatment x and outcome y.

    Parameters
    ----------
    rng : Generator
    rows : int
    levels : tuple of int
        The number of levels of each confounder.
    base : float
        Log odds of y without treatment, at the middle of the confounders.
    """
    z = np.column_stack([rng.integers(0, count, rows) for count in levels])
    score = 1.2 * (z - (np.array(levels) - 1) / 2).sum(axis=1) / np.sqrt(len(levels))
    x = coin(rng, logistic(score), rows)
    y = coin(rng, logistic(base + x + score), rows)
    return {**{f"z{k}": z[:, k] for k in range(len(levels))}, "x": x, "y": y}


def confounders_diagram(count: int) -> str:
    """Return the diagram in which z0, z1, ... are common causes of x and y."""
    names = ", ".join(f"z{k}" for k in range(count))
    return f"{names} -> x, y; x -> y"


def by_products(
    rng: np.random.Generator, rows: int, confounders: int, score: Score
) -> dict[str, np.ndarray]:
    """Return labels z0, z1, ... that act on x and y by one function of them.

    Parameters
    ----------
    rng : Generator
    rows : int
    confounders : int
    score : function of z
        The log odds of x, and of y but for x.
    """
    z = rng.integers(0, 2, (rows, confounders))
    value = score(z - 0.5)
    x = coin(rng, logistic(value), rows)
    y = coin(rng, logistic(-0.3 + 0.8 * x + value), rows)
    return {**{f"z{k}": z[:, k] for k in range(confounders)}, "x": x, "y": y}


def clustered(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return numbers in 20 clusters of 20 rows, which share a part of x and one of y."""
    z, w, of_x, of_y = rng.normal(size=(4, 400))
    cluster = np.repeat(np.arange(20), 20)
    x = z + w + of_x + rng.normal(size=20)[cluster]
    return {
        "z": z,
        "w": w,
        "x": x,
        "y": x + z + w + of_y + rng.normal(size=20)[cluster],
    }


def of_groups(rng: np.random.Generator, shock: float) -> dict[str, np.ndarray]:
    """Return numbers of 30 groups of 20 rows in random order, whose y may share a shock."""
    group = rng.permutation(600) % 30
    of_group, common = rng.normal(size=(2, 30))
    z, w, of_y = rng.normal(size=(3, 600))
    x = of_group[group]
    return {"z": z, "w": w, "x": x, "y": x + z + w + of_y + shock * common[group]}


def in_time(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return labels whose treatment and outcome became more frequent over time."""
    time = np.linspace(0, 1, 4000)
    z = rng.integers(0, 2, 4000)
    x = coin(rng, 0.1 + 0.8 * time, 4000)
    return {"z": z, "x": x, "y": coin(rng, 0.1 + 0.6 * time + 0.2 * z, 4000)}


def one_sided(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return data in which nobody with z = 2 is treated."""
    z = rng.integers(0, 3, 500)
    x = np.where(z == 2, 0, rng.integers(0, 2, 500))
    return {"z": z, "x": x, "y": coin(rng, 0.2 + 0.3 * x + 0.1 * z, 500)}


def chain(
    rng: np.random.Generator, direct: float, rows: int = 1000
) -> dict[str, np.ndarray]:
    """Return labels of z -> x -> y, and z -> y unless `direct` is 0.

    Parameters
    ----------
    rng : Generator
    direct : float
        The effect of z on the probability of y, not by x.
    rows : int
    """
    z = rng.integers(0, 2, rows)
    x = coin(rng, 0.3 + 0.4 * z, rows)
    return {"z": z, "x": x, "y": coin(rng, 0.2 + 0.3 * x + direct * z, rows)}


def sparse(
    rng: np.random.Generator, copied: float, rows: int = 500, levels: int = 4
) -> dict[str, np.ndarray]:
    """Return labels a, b and c that act on x and y; x and y have no arrow unless copied.

    Parameters
    ----------
    rng : Generator
    copied : float
        Share of the rows in which y is set to x.
    rows : int
    levels : int
        The number of levels of every variable.
    """
    causes = np.column_stack(
        [
            rng.choice(levels, rows, p=rng.dirichlet(np.full(levels, 3.0)))
            for _ in range(3)
        ]
    )
    x, y = (
        np.array([rng.choice(levels, p=table[tuple(row)]) for row in causes])
        for table in rng.dirichlet(np.ones(levels), (2, levels, levels, levels))
    )
    y = np.where(rng.random(rows) < copied, x, y)
    return {**dict(zip("abc", causes.T, strict=True)), "x": x, "y": y}


def instrument(
    rng: np.random.Generator, levels: int, direct: float, rows: int = 400
) -> dict[str, np.ndarray]:
    """Return an instrument z with nearly everybody treated, and a hidden cause of x and y.

    Parameters
    ----------
    rng : Generator
    levels : int
        The number of levels of z.
    direct : float
        The effect of z = 0 on the probability of y. The exclusion restriction holds if it is 0.
    rows : int
    """
    u, z = rng.integers(0, 2, rows), rng.integers(0, levels, rows)
    x = coin(rng, np.where(z == 0, 0.85, 0.95), rows)
    return {
        "z": z,
        "x": x,
        "y": coin(rng, 0.15 + 0.2 * x + 0.1 * u + direct * (z == 0), rows),
    }


def compliance(
    rng: np.random.Generator, defiers: float, rows: int = 800
) -> dict[str, np.ndarray]:
    """Return an instrument z that moves half the people's x, and a share of them against it.

    Parameters
    ----------
    rng : Generator
    defiers : float
        The share of people who take x just where z is 0; most of them have y where they take x.
    rows : int
    """
    z, kind = rng.integers(0, 2, rows), rng.random(rows)
    defies, complies = kind < defiers, (kind >= defiers) & (kind < defiers + 0.5)
    x = np.where(complies, z, np.where(defies, 1 - z, 0))
    chance = np.where(defies, 0.1 + 0.8 * x, 0.2 + 0.1 * x)
    return {"z": z, "x": x, "y": coin(rng, chance, rows)}


def front_door_labels(rng: np.random.Generator, direct: float) -> dict[str, np.ndarray]:
    """Return labels of w -> x -> m -> y, x and y with a hidden cause, and w -> m by `direct`."""
    u, w = rng.integers(0, 2, (2, 1500))
    x = coin(rng, 0.2 + 0.4 * u + 0.2 * w, 1500)
    m = coin(rng, 0.2 + 0.4 * x + direct * w, 1500)
    return {"w": w, "x": x, "m": m, "y": coin(rng, 0.2 + 0.3 * m + 0.3 * u, 1500)}


def holes(rng: np.random.Generator) -> pd.DataFrame:
    """Return data in which a fifth of the outcomes are missing."""
    frame = pd.DataFrame(chain(rng, 0.2)).astype(float)
    return frame.assign(y=frame["y"].where(rng.random(len(frame)) > 0.2))


def effect_along_a_curve(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return people in whom the effect is 1 + .8 z², where the confounder z is normal."""
    z = rng.normal(size=800)
    x = coin(rng, logistic(1.5 * z), 800)
    return {"z": z, "x": x, "y": (1 + 0.8 * z**2) * x + z + rng.normal(size=800)}


def opposite_corners(
    rng: np.random.Generator, corner: bool, rows: int = 800
) -> dict[str, np.ndarray]:
    """Return two numbers that act by the XOR of their signs, or along lines.

    Parameters
    ----------
    rng : Generator
    corner : bool
        Whether they act by the XOR.
    rows : int
    """
    z, w = rng.normal(size=(2, rows))
    score = 1.0 * ((z > 0) ^ (w > 0)) if corner else logistic(z + w)
    x = coin(rng, 0.2 + 0.6 * score, rows)
    y = coin(rng, 0.2 + 0.1 * x + 0.5 * score, rows)
    return {"z": z, "w": w, "x": x, "y": y}


def number_and_labels(
    rng: np.random.Generator, shape: str, rows: int = 800
) -> dict[str, np.ndarray]:
    """Return treatment and outcome of two levels, and a confounder that is a number.

    Parameters
    ----------
    rng : Generator
    shape : {"line", "square"}
        Of the confounder's effect on both log-odds.
    rows : int
    """
    z = rng.normal(size=rows)
    score = {"line": z, "square": 1.3 * (z**2 - 1)}[shape]
    x = coin(rng, logistic(score), rows)
    return {"z": z, "x": x, "y": coin(rng, logistic(-0.5 + 0.8 * x + score), rows)}


def product(rng: np.random.Generator, rows: int = 500) -> dict[str, np.ndarray]:
    z, w = rng.normal(size=(2, rows))
    x = z * w + rng.normal(size=rows)
    return {"z": z, "w": w, "x": x, "y": x + z * w + rng.normal(size=rows)}


def step(rng: np.random.Generator, rows: int = 800) -> dict[str, np.ndarray]:
    z, w = rng.normal(size=(2, rows))
    x = coin(rng, logistic(2.0 * (z > 0.5) - 1), rows)
    return {"z": z, "w": w, "x": x, "y": x + 2 * (z > 0.5) + w + rng.normal(size=rows)}


def categories_by_number(
    rng: np.random.Generator, rows: int = 800, size: int = 30
) -> dict[str, np.ndarray]:
    """Return labels z that are numbers in no order, a number w, x and y, on which x acts by 1.

    Parameters
    ----------
    rng : Generator
    rows : int
    size : int
        How many labels there are.
    """
    z = rng.integers(1, size + 1, rows)
    level = rng.permutation(np.linspace(-1, 1, size + 1))[z]
    x = coin(rng, logistic(1.5 * level), rows)
    w = rng.normal(size=rows)
    return {
        "z": z.astype(float),
        "w": w,
        "x": x,
        "y": x + 2 * level + w + rng.normal(size=rows),
    }


def separated(rng: np.random.Generator, rows: int = 500) -> dict[str, np.ndarray]:
    z, w = rng.normal(size=(2, rows))
    return {
        "z": z,
        "w": w,
        "x": (z > 0) * 1,
        "y": (z > 0) + z + w + rng.normal(size=rows),
    }


def chain_of_numbers(
    rng: np.random.Generator, direct: float, rows: int = 400
) -> dict[str, np.ndarray]:
    """Return z, x that follows it along a curve, and y, whose variance grows with x.

    Parameters
    ----------
    rng : Generator
    direct : float
        The slope of y in z given x.
    rows : int
    """
    z = rng.normal(size=rows)
    x = np.abs(z) + z + rng.normal(size=rows)
    return {
        "z": z,
        "x": x,
        "y": x + direct * z + (1 + abs(x) / 2) * rng.normal(size=rows),
    }


def hidden(rng: np.random.Generator, rows: int = 1000) -> dict[str, np.ndarray]:
    """Return x and y with a hidden common cause that the diagram does not have."""
    u, z = rng.integers(0, 2, (2, rows))
    x = coin(rng, 0.2 + 0.4 * u + 0.2 * z, rows)
    return {"z": z, "x": x, "y": coin(rng, 0.2 + 0.2 * x + 0.3 * u + 0.1 * z, rows)}


REGRESSION = {"route": "regression"}
TWO_CONFOUNDERS = "z, w -> x, y; x -> y"


def rarely_treated(
    rng: np.random.Generator, rows: int, slope: float
) -> dict[str, np.ndarray]:
    """Return a number z, labels w and x, which one in four have, and y; x acts by .5 + slope z.

    Parameters
    ----------
    rng : Generator
    rows : int
    slope : float
        0: the effect is the same in everybody.
    """
    z, w = rng.normal(size=rows), coin(rng, 0.5, rows)
    x = coin(rng, 1 / (1 + np.exp(1.5 - 1.2 * z)), rows)
    y = (0.5 + slope * z) * x + 0.7 * z + 0.3 * w + rng.normal(size=rows)
    return {"z": z, "w": w, "x": x, "y": y}


WRONG = [
    world(
        "8 confounders, 200 rows, tables",
        True,
        confounders_diagram(8),
        partial(confounded, rows=200, levels=(2,) * 8),
        _PRIOR,
        route="reduced",
    ),
    world(
        "8 confounders, BDeu prior, tables",
        True,
        confounders_diagram(8),
        partial(confounded, rows=200, levels=(2,) * 8),
        _PRIOR,
        route="reduced",
        prior="bdeu",
    ),
    world(
        "3 confounders of 4 levels, 200 rows, tables",
        True,
        confounders_diagram(3),
        partial(confounded, rows=200, levels=(4,) * 3),
        _PRIOR,
        route="reduced",
    ),
    world(
        "6 confounders, rare outcome, tables",
        True,
        confounders_diagram(6),
        partial(confounded, rows=600, levels=(2,) * 6, base=-3.5),
        _PRIOR,
        route="reduced",
    ),
    world(
        "8 confounders, dense interactions, 2000 rows",
        True,
        confounders_diagram(8),
        partial(by_products, rows=2000, confounders=8, score=dense_products(8, 1, 2.5)),
        _LEFT,
        _DENSE,
        route="hierarchical",
    ),
    world(
        "12 confounders, dense interactions, 500 rows",
        True,
        confounders_diagram(12),
        partial(
            by_products, rows=500, confounders=12, score=dense_products(12, 1, 2.0)
        ),
        _LEFT,
        _DENSE,
    ),
    world(
        "6 confounders, few events",
        True,
        confounders_diagram(6),
        partial(confounded, rows=300, levels=(2,) * 6, base=-5.0),
        _EVENTS,
    ),
    world(
        "a strong prior",
        True,
        confounders_diagram(1),
        partial(confounded, rows=200, levels=(2,)),
        _PRIOR,
        concentration=50.0,
    ),
    world(
        "nobody treated in one stratum", True, "z -> x, y; x -> y", one_sided, _SUPPORT
    ),
    world(
        "a missing arrow", True, "z -> x -> y", partial(chain, direct=0.15), _IMPLIED
    ),
    world(
        "a missing arrow in a sparse table",
        True,
        "a, b, c -> x; a, b, c -> y",
        partial(sparse, copied=0.3),
        _IMPLIED,
        treatment="a",
    ),
    world(
        "a missing arrow of numbers",
        True,
        "z -> x -> y",
        partial(chain_of_numbers, direct=1.0),
        _IMPLIED,
        **REGRESSION,
    ),
    world(
        "an instrument that acts on the outcome",
        True,
        "z -> x -> y; x <-> y",
        partial(instrument, levels=2, direct=0.5, rows=800),
        _POSSIBLE,
    ),
    world(
        "no defiers, and none assumed",
        False,
        "z -> x -> y; x <-> y",
        partial(compliance, defiers=0.0),
        monotone=[("z", "x")],
    ),
    world(
        "a quarter of defiers, and none assumed",
        True,
        "z -> x -> y; x <-> y",
        partial(compliance, defiers=0.25),
        _POSSIBLE,
        monotone=[("z", "x")],
    ),
    world(
        "a centre of 4 levels that acts on the outcome",
        True,
        "z -> x -> y; x <-> y",
        partial(instrument, levels=4, direct=0.6, rows=800),
        _POSSIBLE,
    ),
    world(
        "a front door with an open side",
        True,
        "w -> x -> m -> y; x <-> y",
        partial(front_door_labels, direct=0.2),
        _IMPLIED,
    ),
    world(
        "outcomes missing in a fifth of the rows",
        True,
        "z -> x, y; x -> y",
        holes,
        "rows left out",
        missing="drop",
    ),
    world(
        "outcomes missing in a fifth of the rows, filled in",
        True,
        "z -> x, y; x -> y",
        holes,
        "values filled in",
        missing="keep",
    ),
    world(
        "a square left out",
        True,
        TWO_CONFOUNDERS,
        partial(labelled, rows=400, shape="square"),
        _FORM,
        **REGRESSION,
    ),
    world(
        "a wave left out",
        True,
        TWO_CONFOUNDERS,
        partial(labelled, rows=400, shape="wave"),
        _FORM,
        **REGRESSION,
    ),
    world("a step left out", True, TWO_CONFOUNDERS, step, _FORM, **REGRESSION),
    world(
        "categories by numbers",
        True,
        TWO_CONFOUNDERS,
        categories_by_number,
        _FORM,
        **REGRESSION,
    ),
    world("a product left out", True, TWO_CONFOUNDERS, product, _FORM, **REGRESSION),
    world(
        "two numbers that act by the XOR of their signs",
        True,
        "z -> x, y; w -> x, y; x -> y",
        partial(opposite_corners, corner=True),
        _FORM,
        route="hierarchical",
    ),
    world(
        "an effect along a curve of a confounder",
        True,
        "z -> x, y; x -> y",
        effect_along_a_curve,
        _FORM,
        **REGRESSION,
        basis_size=6,
    ),
    world(
        "a square left out of hierarchical regressions",
        True,
        "z -> x, y; x -> y",
        partial(number_and_labels, shape="square"),
        _FORM,
        route="hierarchical",
    ),
    world(
        "a rare treatment whose effect goes with a confounder",
        True,
        "z, w -> x, y; x -> y",
        partial(rarely_treated, rows=500, slope=0.5),
        SAME_EFFECT,
        **REGRESSION,
    ),
    world("no overlap", True, TWO_CONFOUNDERS, separated, "overlap", **REGRESSION),
    world(
        "unequal variances",
        True,
        TWO_CONFOUNDERS,
        partial(linear, rows=500, noise="unequal"),
        "equal variances",
        **REGRESSION,
    ),
    world(
        "a chain of numbers whose variance grows",
        True,
        "z -> x -> y",
        partial(chain_of_numbers, direct=0.0),
        "equal variances",
        basis_size=6,
        **REGRESSION,
    ),
    world(
        "a hidden cause of treatment and outcome",
        True,
        "z -> x, y; x -> y",
        hidden,
        undetectable="Nothing that these variables show tells it; the check of the independences "
        "is undecided and says that the answer stands on the diagram.",
    ),
]

RIGHT = [
    world(
        "two numbers that act along lines, hierarchically",
        False,
        "z -> x, y; w -> x, y; x -> y",
        partial(opposite_corners, corner=False),
        route="hierarchical",
    ),
    world(
        "8 confounders, 200 rows",
        False,
        confounders_diagram(8),
        partial(confounded, rows=200, levels=(2,) * 8),
    ),
    world(
        "8 confounders, a pair that acts by its parity",
        False,
        confounders_diagram(8),
        partial(
            by_products,
            rows=500,
            confounders=8,
            score=lambda z: 0.8 * parity(z, 0, 1),
        ),
    ),
    world(
        "5 confounders, 2000 rows, hierarchical",
        False,
        confounders_diagram(5),
        partial(confounded, rows=2000, levels=(2,) * 5),
        route="hierarchical",
    ),
    world(
        "2 confounders, 300 rows",
        False,
        confounders_diagram(2),
        partial(confounded, rows=300, levels=(2, 2)),
    ),
    world(
        "a rare outcome",
        False,
        confounders_diagram(1),
        partial(confounded, rows=1500, levels=(2,), base=-4.0),
    ),
    world(
        "sparse tables",
        False,
        "a, b, c -> x; a, b, c -> y",
        partial(sparse, copied=0.0, rows=1500, levels=3),
        treatment="a",
    ),
    world(
        "a chain, 60 rows", False, "z -> x -> y", partial(chain, direct=0.0, rows=60)
    ),
    world(
        "a valid instrument near the boundary",
        False,
        "z -> x -> y; x <-> y",
        partial(instrument, levels=4, direct=0.0),
    ),
    world(
        "a valid instrument of 2 levels",
        False,
        "z -> x -> y; x <-> y",
        partial(instrument, levels=2, direct=0.0),
    ),
    world(
        "a front door of labels",
        False,
        "w -> x -> m -> y; x <-> y",
        partial(front_door_labels, direct=0.0),
    ),
    world(
        "linear, 60 rows",
        False,
        TWO_CONFOUNDERS,
        partial(linear, rows=60),
        **REGRESSION,
    ),
    world(
        "linear, heavy tails",
        False,
        TWO_CONFOUNDERS,
        partial(linear, rows=300, noise="heavy"),
        **REGRESSION,
    ),
    world(
        "a treatment of two levels",
        False,
        TWO_CONFOUNDERS,
        partial(labelled, rows=400),
        **REGRESSION,
    ),
    world(
        "hierarchical regressions with a number, 300 rows",
        False,
        "z -> x, y; x -> y",
        partial(number_and_labels, shape="line", rows=300),
        route="hierarchical",
    ),
    world(
        "hierarchical regressions with splines of a number, 300 rows",
        False,
        "z -> x, y; x -> y",
        partial(number_and_labels, shape="square", rows=300),
        basis_size=6,
        route="hierarchical",
    ),
    world(
        "a square with splines",
        False,
        TWO_CONFOUNDERS,
        partial(labelled, rows=500, shape="square"),
        basis_size=6,
        **REGRESSION,
    ),
    world(
        "a front door of numbers",
        False,
        "x -> m -> y; x <-> y",
        partial(front_door, rows=300),
        **REGRESSION,
    ),
]

_LINEAR = RIGHT[[each.name for each in RIGHT].index("linear, 60 rows")].make


def _spoilt(name: str, change: Change, *catches: str) -> World:
    return World(
        name=name,
        family="diagrams",
        wrong=True,
        make=spoilt(_LINEAR, change),
        catches=catches,
    )


def _multiplied(factor: int, seed: int) -> tuple[Any, Any]:
    """A table of counts of 300 people and two confounders, multiplied by a factor."""
    drawn = confounded(np.random.default_rng(seed), 300, (2, 2))
    cells = pd.DataFrame(drawn).value_counts().reset_index(name="people")
    cells["people"] *= factor
    model = cs.CausalDiagram(confounders_diagram(2), treatment="x", outcome="y")
    return model, cs.Observations.from_frame(cells, counts="people")


RECORDINGS = [
    World(
        name="a table of counts multiplied by 10",
        family="diagrams",
        wrong=True,
        make=partial(_multiplied, 10),
        catches=(COMMON_FACTOR,),
    ),
    World(
        name="a table of counts as they were made",
        family="diagrams",
        wrong=False,
        make=partial(_multiplied, 1),
    ),
    world(
        "rows in the order of 20 clusters, not drawn",
        True,
        TWO_CONFOUNDERS,
        clustered,
        "rows independent of their neighbours",
        **REGRESSION,
    ),
    world(
        "a treatment of 30 groups that share a shock, in random order, not drawn",
        True,
        "z -> y; w -> y; x -> y",
        partial(of_groups, shock=0.7),
        "rows of one group independent",
        **REGRESSION,
    ),
    world(
        "a treatment of 30 groups, with independent rows",
        False,
        "z -> y; w -> y; x -> y",
        partial(of_groups, shock=0.0),
        **REGRESSION,
    ),
    world(
        "rows in the order of time, not drawn",
        True,
        "z -> x, y; x -> y",
        in_time,
        "rows independent of their neighbours",
    ),
    _spoilt("every row twice", every_row_twice, "no row twice"),
    _spoilt(
        "-9 for missing values of a confounder", partial(coded, column="z"), "no codes"
    ),
    _spoilt(
        "one outcome a thousand times too large",
        partial(slipped, column="y"),
        "no value far beyond all others",
    ),
    _spoilt(
        "outcomes cut off at their lowest fifth",
        partial(cut_off, column="y"),
        "outcome not cut off",
    ),
]


def falling(rng: np.random.Generator) -> dict[str, Any]:
    """Return an outcome that the treatment makes rarer in most people, by z."""
    z = rng.integers(0, 3, 400)
    x = (rng.random(400) < 0.3 + 0.2 * z).astype(int)
    y = (rng.random(400) < 0.3 + 0.2 * z - 0.2 * x).astype(int)
    return {"z": z, "x": x, "y": y}


WRONG.append(
    world(
        "monotone, the outcome falls where the treatment rises",
        True,
        "z -> x, y; x -> y",
        falling,
        "monotonicity of",
        monotone=[("x", "y")],
    )
)
WORLDS = WRONG + RECORDINGS + RIGHT + diagram_answers.WORLDS
