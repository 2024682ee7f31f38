"""Worlds for answers of diagrams besides the headline: bounds, compliers, and transport."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

import causalstats as cs
from causalstats.models.causal_diagram.checks.independences_of_studies import (
    INDEPENDENCES_OF_STUDIES,
)
from causalstats.models.causal_diagram.checks.populations_alike import POPULATIONS_ALIKE
from causalstats.models.causal_diagram.checks.same_people import SAME_PEOPLE
from causalstats.models.causal_diagram.regression.extrapolation import WITHIN_DATA
from causalstats.models.causal_diagram.regression.overlap import OVERLAP_WITHIN
from causalstats.models.causal_diagram.regression.queries import TREATED_AS_ALL
from worlds import World

Draw = Callable[[np.random.Generator], Any]
_INSTRUMENT = "z -> x -> y; x <-> y"
_POSSIBLE, _PRIOR = "possible under the diagram", "weight of the prior"
_TIES, _MOVES = "intersection bounds", "the instrument moves the treatment"
_OF_BOUNDS = (_POSSIBLE, _PRIOR, _TIES)
_OF_COMPLIERS = (_POSSIBLE, _PRIOR, _MOVES)
_OF_TRANSPORT = ("positivity", _PRIOR, INDEPENDENCES_OF_STUDIES)
_OF_REGRESSIONS = (
    INDEPENDENCES_OF_STUDIES,
    "positivity",
    "confounding left by the regressions",
    "normal approximation",
)


def coin(rng: np.random.Generator, probability: Any) -> np.ndarray:
    """Return 1 with these probabilities, one for each person."""
    return (rng.random(len(probability)) < probability).astype(int)


def moved(
    rng: np.random.Generator,
    rows: int,
    compliers: float,
    levels: int = 2,
    direct: float = 0.0,
) -> dict[str, np.ndarray]:
    """Return an instrument z, and x and y with a hidden cause u; x acts on y by .3.

    Parameters
    ----------
    rng : Generator
    rows : int
    compliers : float
        The share of people whose x follows z, from its lowest level to its highest.
    levels : int
        Of z.
    direct : float
        The effect of the highest z on the probability of y: 0 where z is an instrument.
    """
    z, u = rng.integers(0, levels, rows), rng.integers(0, 2, rows)
    threshold = rng.random(rows) * (levels - 1)
    always = (0.2 + 0.4 * u) * (1 - compliers)
    kind = rng.random(rows)
    follows = (z > threshold).astype(int)
    x = np.where(kind < compliers, follows, kind < compliers + always).astype(int)
    chance = 0.1 + 0.3 * x + 0.3 * u + direct * (z == levels - 1)
    return {"z": z, "x": x, "y": coin(rng, chance)}


def offered_by_age(
    rng: np.random.Generator, rows: int, covariates: int
) -> dict[str, np.ndarray]:
    """Return covariates w0, ... of four levels that act on an instrument, on x and on y.

    Parameters
    ----------
    rng : Generator
    rows, covariates : int
    """
    w = rng.integers(0, 4, (rows, covariates))
    score = w.mean(axis=1) / 3
    z = coin(rng, 0.3 + 0.4 * score)
    complier = rng.random(rows) < 0.6
    x = np.where(complier, z, coin(rng, 0.2 + 0.4 * score))
    y = coin(rng, 0.1 + 0.3 * x * complier + 0.4 * score)
    return {**{f"w{k}": w[:, k] for k in range(covariates)}, "z": z, "x": x, "y": y}


def covariates_diagram(count: int) -> str:
    """Return the diagram of an instrument given w0, w1, ..."""
    names = ", ".join(f"w{k}" for k in range(count))
    return f"{names} -> z, x, y; {_INSTRUMENT}"


def _of_instrument(
    name: str,
    draw: Draw,
    question: str,
    *catches: str,
    wrong: bool = True,
    diagram: str = _INSTRUMENT,
    **options: Any,
) -> World:
    """Return a world of an instrument, and an answer of a fit by default.

    Parameters
    ----------
    name : str
    draw : function of a generator
        Returns the columns of the frame.
    question : str
        "bounds" or "complier_effect".
    *catches : str
    wrong : bool
    diagram : str
    **options
        `undetectable` of `World`.
    """
    model = cs.CausalDiagram(
        diagram,
        treatment="x",
        outcome="y",
        monotone=[("z", "x")] if question == "complier_effect" else (),
    )

    def make(seed: int) -> tuple[Any, Any]:
        frame = pd.DataFrame(draw(np.random.default_rng(seed)))
        return model, cs.Observations.from_frame(frame)

    def answer(model: Any, data: Any) -> cs.Effect:
        return cs.fit(model, data, seed=1, progress=False).effect(question)

    return World(
        name=name,
        family="diagrams",
        wrong=wrong,
        make=make,
        catches=catches,
        answer=answer,
        runs=_OF_BOUNDS if question == "bounds" else _OF_COMPLIERS,
        **options,
    )


def _within_a_group(name: str, group: str, *catches: str, wrong: bool = True) -> World:
    """Return a world of a contrast within a group: w is before x, and x moves m, and y nowhere.

    Parameters
    ----------
    name : str
    group : str
        "w" or "m".
    *catches : str
    wrong : bool
    """
    model = cs.CausalDiagram(
        "w -> x, y; x -> m, y; m <-> y", treatment="x", outcome="y"
    )

    def make(seed: int) -> tuple[Any, Any]:
        rng = np.random.default_rng(seed)
        w, u = rng.integers(0, 2, (2, 600))
        x = coin(rng, 0.3 + 0.4 * w)
        columns = {
            "w": w,
            "x": x,
            "m": coin(rng, 0.05 + 0.45 * x + 0.45 * u),
            "y": coin(rng, 0.1 + 0.6 * u + 0.2 * w),
        }
        return model, cs.Observations.from_frame(pd.DataFrame(columns))

    def answer(model: Any, data: Any) -> cs.Effect:
        fit = cs.fit(model, data, seed=1, progress=False)
        return fit.effect("y", do={"x": [1, 0]}, given={group: 1})

    return World(
        name=name,
        family="diagrams",
        wrong=wrong,
        make=make,
        catches=catches,
        answer=answer,
        runs=("positivity", _PRIOR),
    )


def sorted_group(
    rng: np.random.Generator,
    rows: int,
    slope: float,
    covariates: int = 1,
    share: float = 0.2,
) -> dict[str, np.ndarray]:
    """Return numbers c0, ..., labels w and x, and y, on which x acts by .5 + .6 (w = b).

    Parameters
    ----------
    rng : Generator
    rows : int
    slope : float
        Of the log odds of x in c0 where w = b; elsewhere it is .3.
    covariates : int
    share : float
        Of the rows in which w = b.
    """
    c, w = rng.normal(size=(rows, covariates)), rng.random(rows) < share
    x = coin(rng, 1 / (1 + np.exp(-np.where(w, slope, 0.3) * c[:, 0])))
    y = (0.5 + 0.6 * w) * x + 0.5 * c.sum(axis=1) + rng.normal(size=rows)
    names = {f"c{k}": c[:, k] for k in range(covariates)}
    labels = {"w": np.where(w, "b", "a"), "x": np.where(x, "yes", "no")}
    return {**names, **labels, "y": y}


def treated_when_old(
    rng: np.random.Generator, rows: int, treated: float
) -> dict[str, np.ndarray]:
    """Return ages, a number c, x and y; x acts by .5, and by 1.5 on those older than 70.

    Parameters
    ----------
    rng : Generator
    rows : int
    treated : float
        The probability of x of those older than 70; of others .4.
    """
    age, c = rng.uniform(20, 80, rows), rng.normal(size=rows)
    x = coin(rng, np.where(age > 70, treated, 0.4))
    y = (0.5 + (age > 70)) * x + 0.02 * age + 0.5 * c + rng.normal(size=rows)
    return {"c0": c, "w": age, "x": np.where(x, "yes", "no"), "y": y}


def treated_by_confounder(
    rng: np.random.Generator, rows: int, covariates: int
) -> dict[str, np.ndarray]:
    """Return numbers c0, ..., a label w, x and y; x acts by .5 + .5 c0, and c0 raises x.

    Parameters
    ----------
    rng : Generator
    rows, covariates : int
    """
    c, w = rng.normal(size=(rows, covariates)), rng.random(rows) < 0.5
    x = coin(rng, 1 / (1 + np.exp(-c[:, 0])))
    y = (0.5 + 0.5 * c[:, 0]) * x + 0.5 * c.sum(axis=1) + rng.normal(size=rows)
    names = {f"c{k}": c[:, k] for k in range(covariates)}
    labels = {"w": np.where(w, "b", "a"), "x": np.where(x, "yes", "no")}
    return {**names, **labels, "y": y}


def _by_regressions(
    name: str,
    draw: Draw,
    group: Any,
    *catches: str,
    wrong: bool = True,
    covariates: int = 1,
) -> World:
    """Return a world of an effect in a group by regressions.

    Parameters
    ----------
    name : str
    draw : function of a generator
        Returns the columns of the frame.
    group : level or range of w, or None of the treated
    *catches : str
    wrong : bool
    covariates : int
        Numbers c0, c1, ...
    """
    asked: dict[str, Any] = {"given": {"w": group}}
    if group is None:
        asked = {"factual": {"x": "yes"}}
    numbers = ", ".join(f"c{k}" for k in range(covariates))
    model = cs.CausalDiagram(
        f"{numbers}, w -> x, y; x -> y", treatment="x", outcome="y", route="regression"
    )

    def make(seed: int) -> tuple[Any, Any]:
        frame = pd.DataFrame(draw(np.random.default_rng(seed)))
        return model, cs.Observations.from_frame(frame)

    def answer(model: Any, data: Any) -> cs.Effect:
        fit = cs.fit(model, data, seed=1, progress=False)
        return fit.effect("y", do={"x": ["yes", "no"]}, **asked)

    return World(
        name=name,
        family="diagrams",
        wrong=wrong,
        make=make,
        catches=catches,
        answer=answer,
        runs=("overlap", OVERLAP_WITHIN, WITHIN_DATA, TREATED_AS_ALL),
    )


def trial_and_survey(
    rng: np.random.Generator, rows: int, ages: int, oldest: int, covariates: int = 1
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a trial among the young, and a survey of a target that is older.

    Parameters
    ----------
    rng : Generator
    rows : int
        Of each.
    ages : int
        The levels of each covariate.
    oldest : int
        The highest of them in the trial.
    covariates : int
        Those that differ between trial and target.
    """
    names = [f"w{k}" for k in range(covariates)]
    w = np.minimum(rng.integers(0, ages, (rows, covariates)), oldest)
    x = rng.integers(0, 2, rows)
    y = coin(rng, 0.2 + 0.1 * x + 0.4 * x * w[:, 0] / (ages - 1))
    trial = pd.DataFrame(w, columns=names).assign(x=x, y=y)
    older = np.maximum(*rng.integers(0, ages, (2, rows, covariates)))
    return trial, pd.DataFrame(older, columns=names)


def two_covariates(
    rng: np.random.Generator, alike: float = 0.5, assigned: float = 0.0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a trial of 600 whose x acts where w0 = w1, and a survey of 800.

    Parameters
    ----------
    rng : Generator
    alike : float
        The probability of w0 = w1 in the survey: .5 where they are independent.
    assigned : float
        By how much w0 raises the probability of x in the trial: 0 where x is randomised.
    """
    w = rng.integers(0, 2, (2, 600))
    x = coin(rng, 0.5 + assigned * (w[0] - 0.5))
    y = coin(rng, 0.3 + 0.4 * x * (w[0] == w[1]))
    first = rng.integers(0, 2, 800)
    second = np.where(rng.random(800) < alike, first, 1 - first)
    trial = pd.DataFrame({"w0": w[0], "w1": w[1], "x": x, "y": y})
    return trial, pd.DataFrame({"w0": first, "w1": second})


def _of_studies(
    name: str,
    draw: Draw,
    *catches: str,
    wrong: bool = True,
    covariates: int = 1,
    route: str = "reduced",
    declared: bool = True,
) -> World:
    """Return a world of an effect transported from a trial to the people of a survey.

    Parameters
    ----------
    name : str
    draw : function of a generator
        Returns the frames of the trial and of the survey.
    *catches : str
    wrong : bool
    covariates : int
    route : "reduced" or "hierarchical"
    declared : bool
        Whether the trial is said to differ from the target in the covariates.
    """
    names = [f"w{k}" for k in range(covariates)]
    diagram = f"{', '.join(names)} -> x, y; x -> y"

    def make(seed: int) -> tuple[Any, Any]:
        trial, survey = map(
            cs.Observations.from_frame, draw(np.random.default_rng(seed))
        )
        return diagram, {
            "trial": (
                cs.Study(randomised="x", changed=names if declared else ()),
                trial,
            ),
            "survey": (cs.Study(observed=names), survey),
        }

    def answer(model: Any, data: Any) -> cs.Effect:
        return cs.transported_effect(
            model, "y", {"x": [1, 0]}, data, seed=1, route=route
        )

    return World(
        name=name,
        family="diagrams",
        wrong=wrong,
        make=make,
        catches=catches,
        answer=answer,
        runs=_OF_TRANSPORT if route == "reduced" else _OF_REGRESSIONS,
    )


WORLDS = [
    _of_instrument(
        "bounds: an instrument that moves half of the people",
        partial(moved, rows=400, compliers=0.5),
        "bounds",
        wrong=False,
    ),
    _of_instrument(
        "bounds: an instrument of 4 levels that moves nobody",
        partial(moved, rows=400, compliers=0.0, levels=4),
        "bounds",
        _TIES,
    ),
    _of_instrument(
        "bounds: 3 covariates of 4 levels, 300 rows",
        partial(offered_by_age, rows=300, covariates=3),
        "bounds",
        _PRIOR,
        diagram=covariates_diagram(3),
    ),
    _of_instrument(
        "compliers: half of the people",
        partial(moved, rows=600, compliers=0.5),
        "complier_effect",
        wrong=False,
    ),
    _of_instrument(
        "compliers: an instrument given a covariate of 4 levels",
        partial(offered_by_age, rows=1500, covariates=1),
        "complier_effect",
        wrong=False,
        diagram=covariates_diagram(1),
    ),
    _of_instrument(
        "compliers: an instrument that moves nobody",
        partial(moved, rows=600, compliers=0.0),
        "complier_effect",
        _MOVES,
    ),
    _of_instrument(
        "compliers: 3 covariates of 4 levels, 300 rows",
        partial(offered_by_age, rows=300, covariates=3),
        "complier_effect",
        _PRIOR,
        diagram=covariates_diagram(3),
    ),
    _of_instrument(
        "compliers: the instrument acts on the outcome, half comply",
        partial(moved, rows=1000, compliers=0.5, direct=0.25),
        "complier_effect",
        _POSSIBLE,
        undetectable="An effect of the instrument on the outcome breaks an inequality only where "
        "few are moved, or where it is large.",
    ),
    _of_instrument(
        "compliers: the instrument acts on the outcome, a tenth comply",
        partial(moved, rows=1000, compliers=0.1, direct=0.35),
        "complier_effect",
        _POSSIBLE,
    ),
    _within_a_group("a contrast within a group before the treatment", "w", wrong=False),
    _within_a_group(
        "a contrast within a group that the treatment makes", "m", SAME_PEOPLE
    ),
    _by_regressions(
        "regressions: a group with overlap, 300 rows",
        partial(sorted_group, rows=300, slope=0.6),
        "b",
        wrong=False,
    ),
    _by_regressions(
        "regressions: a group with overlap, 4 covariates, 300 rows",
        partial(sorted_group, rows=300, slope=1.0, covariates=4),
        "b",
        wrong=False,
        covariates=4,
    ),
    _by_regressions(
        "regressions: a group with overlap, 4 covariates, 1,000 rows",
        partial(sorted_group, rows=1000, slope=1.5, covariates=4),
        "b",
        wrong=False,
        covariates=4,
    ),
    _by_regressions(
        "regressions: the treated, whom a covariate of the effect chose, 300 rows",
        partial(treated_by_confounder, rows=300, covariates=4),
        None,
        wrong=False,
        covariates=4,
    ),
    _by_regressions(
        "regressions: the treated, 8 covariates, 100 rows",
        partial(treated_by_confounder, rows=100, covariates=8),
        None,
        TREATED_AS_ALL,
        covariates=8,
    ),
    _by_regressions(
        "regressions: a group that a covariate sorts into treatments, 300 rows",
        partial(sorted_group, rows=300, slope=30.0),
        "b",
        OVERLAP_WITHIN,
    ),
    _by_regressions(
        "regressions: a group that a covariate sorts into treatments, 1,000 rows",
        partial(sorted_group, rows=1000, slope=12.0, covariates=4),
        "b",
        OVERLAP_WITHIN,
        covariates=4,
    ),
    _by_regressions(
        "regressions: a range of ages in which all were treated",
        partial(treated_when_old, rows=300, treated=1.0),
        (70.0, 80.0),
        WITHIN_DATA,
    ),
    _of_studies(
        "transport: a trial and an older target",
        partial(trial_and_survey, rows=600, ages=3, oldest=2),
        wrong=False,
    ),
    _of_studies(
        "transport: an older target, not declared",
        partial(trial_and_survey, rows=600, ages=3, oldest=2),
        POPULATIONS_ALIKE,
        declared=False,
    ),
    _of_studies(
        "transport: 4 covariates of 3 levels, a trial of 1000, regressions",
        partial(trial_and_survey, rows=1000, ages=3, oldest=2, covariates=4),
        wrong=False,
        covariates=4,
        route="hierarchical",
    ),
    _of_studies(
        "transport: an age that the trial never saw",
        partial(trial_and_survey, rows=600, ages=3, oldest=1),
        "positivity",
    ),
    _of_studies(
        "transport: 4 covariates of 3 levels, a trial of 300",
        partial(trial_and_survey, rows=300, ages=3, oldest=2, covariates=4),
        "positivity",
        _PRIOR,
        covariates=4,
    ),
    _of_studies(
        "transport: a randomised trial and two independent covariates",
        two_covariates,
        wrong=False,
        covariates=2,
    ),
    _of_studies(
        "transport: covariates that go together against the diagram",
        partial(two_covariates, alike=0.75),
        INDEPENDENCES_OF_STUDIES,
        covariates=2,
    ),
    _of_studies(
        "transport: a trial that a covariate assigns by a quarter",
        partial(two_covariates, assigned=0.25),
        INDEPENDENCES_OF_STUDIES,
        covariates=2,
    ),
]
