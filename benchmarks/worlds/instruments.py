"""Worlds of instrumental variables: invalid, weak and skewed instruments, and right ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from spoilt_tables import Change, coded, cut_off, every_row_twice, slipped, spoilt

import causalstats as cs
from worlds import World


def instrumented(
    seed: int,
    *,
    rows: int = 800,
    strength: float = 0.3,
    second: float = 0.0,
    curved: float = 0.0,
    categories: int = 0,
    uneven: bool = False,
    effects_differ: float = 0.0,
    correlation: float = 0.5,
    heavy_instrument: bool = False,
    clusters: int = 0,
    instruments: int = 2,
    direct_sd: float = 0.0,
    direct_mean: float = 0.0,
    strengths_differ: float = 0.0,
    **fields: Any,
) -> tuple[cs.Instrument, cs.Instrumented]:
    """Return a model with these fields, and data with instruments z1, z2, ... and a covariate x.

    Parameters
    ----------
    seed, rows, instruments : int
    strength : float
        First-stage coefficient of every instrument.
    second : float
        Direct effect of the last instrument on the outcome.
    curved : float
        Coefficient of x² in the first instrument.
    categories : int
        The covariate is the number of one of so many categories; 0 for a normal one.
    uneven : bool
        Whether the errors' variance rises with the square of the first instrument.
    effects_differ : float
        Difference between the effects in those whom the first and the last instrument move.
    correlation : float
        ρ.
    heavy_instrument : bool
        Whether the instruments are log-normal with heavy tails.
    clusters : int
        Of rows whose errors and instruments share a part; 0 for none.
    direct_sd, direct_mean : float
        Of direct effects of all instruments on the outcome.
    strengths_differ : float
        Half the range of first-stage coefficients, by their mean.
    **fields
        Fields of the model.
    """
    rng = np.random.default_rng(seed)
    x, v, e = rng.standard_normal((3, rows))
    z = rng.standard_normal((rows, instruments)) + 0.5 * x[:, None]
    if heavy_instrument:
        z = np.exp(2.5 * rng.standard_normal((rows, instruments)))
        strength = strength / 50
    z[:, 0] += curved * x**2
    covariate = x
    if categories:
        covariate = rng.integers(categories, size=rows)
        x = rng.permutation(np.linspace(-1.5, 1.5, categories))[covariate]
        z += x[:, None]
    u = correlation * v + np.sqrt(1 - correlation**2) * e
    code = None
    if clusters:
        code = np.sort(rng.integers(clusters, size=rows))
        z = z + rng.standard_normal((clusters, instruments))[code]
        u = u + rng.standard_normal(clusters)[code]
    if uneven:
        u = u * np.sqrt(0.2 + 0.8 * z[:, 0] ** 2)
    slopes = 1 + strengths_differ * np.linspace(-1, 1, instruments)
    treatment = strength * z @ slopes + x + v
    outcome = treatment + x + u + second * z[:, -1]
    outcome = outcome + effects_differ * strength * z[:, 0]
    if direct_sd or direct_mean:
        own = direct_mean + direct_sd * rng.standard_normal(instruments)
        outcome = outcome + z @ own
    names = [f"z{position + 1}" for position in range(instruments)]
    frame = pd.DataFrame(z, columns=names).assign(y=outcome, t=treatment, x=covariate)
    named = bool(clusters) and fields.pop("named", True)
    if named:
        frame["group"] = code
    data = cs.Instrumented.from_frame(
        frame,
        outcome="y",
        treatment="t",
        instruments=names,
        covariates=["x"],
        cluster="group" if named else None,
    )
    return cs.Instrument(**fields), data


def instrument_of_groups(
    seed: int, shock: float
) -> tuple[cs.Instrument, cs.Instrumented]:
    """Return 600 rows in random order, with an instrument of 30 groups that may share a shock."""
    rng = np.random.default_rng(seed)
    group = rng.permutation(600) % 30
    z, common = rng.normal(size=(2, 30))
    x, v, e = rng.normal(size=(3, 600))
    treatment = 0.6 * z[group] + x + v
    outcome = treatment + x + 0.5 * v + e + shock * common[group]
    frame = pd.DataFrame({"y": outcome, "t": treatment, "z": z[group], "x": x})
    data = cs.Instrumented.from_formula("y ~ x | t ~ z", frame)
    return cs.Instrument(), data


def several_treatments(
    seed: int,
    *,
    rows: int = 800,
    treatments: int = 2,
    instruments: int = 4,
    strength: float = 0.3,
    second: float = 0.3,
    shared: bool = False,
    together: float = 0.0,
    direct: float = 0.0,
    uneven: bool = False,
    clusters: int = 0,
    scale: float = 1.0,
    **fields: Any,
) -> tuple[cs.Instrument, cs.Instrumented]:
    """Return a model with these fields, and data with treatments t1, t2, ... and a covariate x.

    Parameters
    ----------
    seed, rows, treatments, instruments : int
    strength, second : float
        First-stage coefficients of the treatments but the second, and of the second.
    shared : bool
        Whether instruments move all treatments in the same direction.
    together : float
        Correlation of the errors of the first two treatments.
    direct : float
        Direct effect of the last instrument on the outcome.
    uneven : bool
        Whether the errors' variance rises with the square of the first instrument.
    clusters : int
        Of rows whose errors and instruments share a part; 0 for none.
    scale : float
        The unit of the first treatment.
    **fields
        Fields of the model.
    """
    rng = np.random.default_rng(seed)
    x, e = rng.standard_normal((2, rows))
    z = rng.standard_normal((rows, instruments)) + 0.5 * x[:, None]
    v = rng.standard_normal((rows, treatments))
    v[:, 1] = together * v[:, 0] + np.sqrt(1 - together**2) * v[:, 1]
    u = 0.4 * v[:, :2].sum(axis=1) + 0.8 * e
    code = np.zeros(rows, int)
    if clusters:
        code = np.sort(rng.integers(clusters, size=rows))
        z = z + rng.standard_normal((clusters, instruments))[code]
        u = u + rng.standard_normal(clusters)[code]
    if uneven:
        u = u * np.sqrt(0.2 + 0.8 * z[:, 0] ** 2)
    # Signs that differ between treatments, so that instruments move them apart
    positions = np.arange(instruments)
    signs = np.stack(
        [np.where(positions // 2**j % 2, -1.0, 1.0) for j in range(treatments)]
    )
    if shared:
        signs[:] = 1.0
    slopes = strength * signs.T
    slopes[:, 1] = second * signs[1]
    treatment = z @ slopes + x[:, None] + v
    outcome = treatment.sum(axis=1) + x + u + direct * z[:, -1]
    names = [f"t{position + 1}" for position in range(treatments)]
    z_names = [f"z{position + 1}" for position in range(instruments)]
    treatment[:, 0] *= scale
    frame = pd.DataFrame(treatment, columns=names)
    frame[z_names] = z
    frame = frame.assign(y=outcome, x=x, group=code)
    data = cs.Instrumented.from_frame(
        frame,
        outcome="y",
        treatment=names,
        instruments=z_names,
        covariates=["x"],
        cluster="group" if clusters else None,
    )
    return cs.Instrument(**fields), data


def augmented(
    seed: int,
    *,
    rows: int = 600,
    treatments: int = 5,
    directions: int = 4,
    wrong: bool = False,
) -> tuple[cs.Instrument, cs.Instrumented]:
    """Return a model with a designed first stage, and treatments t1, ... augmented from x1, ...

    Parameters
    ----------
    seed, rows, treatments : int
    directions : int
        That the augmentation changes.
    wrong : bool
        Whether one of these moves the outcome.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, treatments))
    effects = rng.standard_normal(treatments)
    first = effects[:, None] if not wrong else rng.standard_normal((treatments, 1))
    raw = rng.standard_normal((treatments, treatments - 1))
    # The first column of the basis is the direction of the effect, which is left
    basis = np.linalg.qr(np.hstack([first, raw]))[0]
    across = basis.T[1 : 1 + directions] if directions < treatments else basis.T
    t = x + rng.standard_normal((rows, len(across))) @ across
    control = 0.5 * rng.standard_normal(treatments)
    y = x @ (effects + control) + rng.standard_normal(rows)
    names = [f"t{position + 1}" for position in range(treatments)]
    before = [f"x{position + 1}" for position in range(treatments)]
    frame = pd.DataFrame(t, columns=names).assign(y=y)
    frame[before] = x
    data = cs.Instrumented.from_frame(
        frame, outcome="y", treatment=names, original=before
    )
    return cs.Instrument(first_stage="designed", errors="iid"), data


def _effect_by_curve(seed: int) -> tuple[cs.Instrument, cs.Instrumented]:
    """Effect and first stage rise with the square of the covariate; the mean effect is 1."""
    rng = np.random.default_rng(seed)
    z, x, u, v, e = rng.normal(size=(5, 800))
    t = z * (1 + 0.8 * x**2) + x + u + v
    y = t * (1 + 0.8 * (x**2 - 1)) + x + u + e
    frame = pd.DataFrame({"z": z, "x": x, "t": t, "y": y})
    return cs.Instrument(), cs.Instrumented.from_formula("y ~ x | t ~ z", frame)


def _curve(
    seed: int, bent: float, rows: int = 800
) -> tuple[cs.Instrument, cs.Instrumented]:
    """Return an outcome that is a curve in the treatment, and an exponential instrument."""
    rng = np.random.default_rng(seed)
    z = rng.exponential(size=rows)
    u, v, e = rng.normal(size=(3, rows))
    t = z + u + v
    frame = pd.DataFrame({"z": z, "t": t, "y": t + bent * t**2 + u + e})
    return cs.Instrument(), cs.Instrumented.from_formula("y ~ 1 | t ~ z", frame)


def _gains(seed: int, spread: float) -> tuple[cs.Instrument, cs.Instrumented]:
    """Return a treatment of 0 and 1 that those take who gain more, where gains are spread."""
    rng = np.random.default_rng(seed)
    z, u, e = rng.normal(size=(3, 2000))
    t = (u + z > 0).astype(int)
    y = (1 + spread * u) * t + u + 0.5 * e
    frame = pd.DataFrame({"z": z, "t": t, "y": y})
    return cs.Instrument(), cs.Instrumented.from_formula("y ~ 1 | t ~ z", frame)


def _held_fixed(
    seed: int, moved: float, collides: float = 0.0
) -> tuple[cs.Instrument, cs.Instrumented]:
    """Hold a covariate that the treatment moves; the effect is 1 and what passes through it.

    Parameters
    ----------
    seed : int
    moved : float
        What a unit of the treatment adds to the covariate; with 0 the instruments depend on it.
    collides : float
        What the confounder adds to the covariate, which then does not act on the outcome.
    """
    rng = np.random.default_rng(seed)
    u, v, w, e = rng.standard_normal((4, 1000))
    z = rng.standard_normal((1000, 2))
    if not moved:
        z = z + w[:, None] * np.array([0.6, 0.1])
    d = z @ np.array([0.5, 0.4]) + u + v
    held = w + moved * d + collides * u
    y = d + u + e + (0.0 if collides else held)
    frame = pd.DataFrame(dict(y=y, d=d, z1=z[:, 0], z2=z[:, 1], w=held))
    data = cs.Instrumented.from_formula("y ~ w | d ~ z1 + z2", frame)
    return cs.Instrument(), data


def _judges(seed: int, left_out: bool) -> tuple[cs.Instrument, cs.Instrumented]:
    """Return cases of 60 judges: mean decisions, with the case or without, are the instrument."""
    rng = np.random.default_rng(seed)
    judge = rng.permutation(900) % 60
    lenient = 0.5 * rng.normal(size=60)
    u, v, e = rng.normal(size=(3, 900))
    t = (lenient[judge] + u + v > 0).astype(float)
    own = t * left_out
    z = (np.bincount(judge, t)[judge] - own) / (15 - left_out)
    frame = pd.DataFrame({"z": z, "t": t, "y": t + u + e, "judge": judge})
    data = cs.Instrumented.from_formula("y ~ 1 | t ~ z", frame, cluster="judge")
    return cs.Instrument(), data


def _one(
    name: str, make: Callable[[int], Any], *catches: str, undetectable: str = ""
) -> World:
    return World(
        name=name,
        family="instruments",
        wrong=bool(catches),
        make=make,
        catches=catches,
        undetectable=undetectable,
    )


def _several(name: str, *catches: str, **settings: Any) -> World:
    return World(
        name=name,
        family="instruments",
        wrong=bool(catches),
        make=partial(several_treatments, **settings),
        catches=catches,
    )


def _wrong(
    name: str, catches: tuple[str, ...], undetectable: str = "", **settings: Any
) -> World:
    return World(
        name=name,
        family="instruments",
        wrong=True,
        make=_make(settings),
        catches=catches,
        undetectable=undetectable,
    )


def _right(name: str, **settings: Any) -> World:
    return World(name=name, family="instruments", wrong=False, make=_make(settings))


def _spoilt(name: str, change: Change, *catches: str) -> World:
    return World(
        name=name,
        family="instruments",
        wrong=True,
        make=spoilt(instrumented, change),
        catches=catches,
    )


def _make(settings: dict[str, Any]) -> Callable[[int], Any]:
    return partial(instrumented, **settings)


WORLDS = [
    World(
        name="effect and first stage go with a covariate along a curve",
        family="instruments",
        wrong=True,
        make=_effect_by_curve,
        catches=("one effect",),
    ),
    _one(
        "an outcome that is a curve in the treatment",
        partial(_curve, bent=0.5),
        "one effect at every level",
    ),
    _one("a line, and a skewed instrument", partial(_curve, bent=0.0)),
    _one(
        "a treatment that those take who gain from it",
        partial(_gains, spread=1.0),
        "one effect at every level",
        undetectable="2,000 people: a bend of the marginal effects shows in half the data sets",
    ),
    _one("a treatment of 0 and 1 of one effect", partial(_gains, spread=0.0)),
    _one(
        "mean decisions of judges, the case itself among them",
        partial(_judges, left_out=False),
        "no instrument made of the treatment",
    ),
    _one(
        "mean decisions of judges without the case itself",
        partial(_judges, left_out=True),
    ),
    _one(
        "a mediator is held fixed",
        partial(_held_fixed, moved=0.7),
        "covariates do not answer to the instruments",
    ),
    _one(
        "a collider is held fixed",
        partial(_held_fixed, moved=1.0, collides=1.0),
        "covariates do not answer to the instruments",
    ),
    _one(
        "a covariate that the instruments depend on is held fixed",
        partial(_held_fixed, moved=0.0),
    ),
    _right("two instruments"),
    _right("ten instruments", instruments=10),
    _right("unequal variances, robust errors", uneven=True),
    _right("equal variances, iid errors", errors="iid"),
    _right("one strong instrument", instruments=1, strength=1.0),
    _right("sixty clusters, named", clusters=60),
    _right(
        "a known direct effect",
        second=0.2,
        direct={"z2": cs.Known(0.2, sd=0.1)},
    ),
    _right(
        "direct effects of ten instruments, learned",
        instruments=10,
        direct_sd=0.2,
        direct="learned",
        errors="iid",
    ),
    _right(
        "no direct effects of ten instruments, learned",
        instruments=10,
        direct="learned",
        errors="iid",
    ),
    _wrong(
        "one direct effect far beyond nineteen others, learned",
        ("direct effects of one spread",),
        instruments=20,
        direct_sd=0.02,
        second=2.0,
        direct="learned",
        errors="iid",
    ),
    _wrong(
        "direct effects in one direction, learned",
        ("direct effects in both directions",),
        instruments=20,
        direct_sd=0.02,
        direct_mean=0.3,
        strengths_differ=0.7,
        direct="learned",
        errors="iid",
    ),
    _wrong(
        "an irrelevant instrument",
        ("the instruments bound the effect",),
        instruments=1,
        strength=0.0,
    ),
    _wrong(
        "ten irrelevant instruments, ρ = .9",
        ("the instruments bound the effect", "confounding near its limit"),
        instruments=10,
        strength=0.0,
        correlation=0.9,
    ),
    _wrong(
        "one of two instruments acts on the outcome",
        ("overidentification", "predicts the outcome by instrument"),
        second=0.3,
    ),
    _wrong(
        "the only instrument acts on the outcome",
        ("overidentification",),
        undetectable="with one instrument nothing can show it: the check is undecided",
        instruments=1,
        second=0.3,
    ),
    _wrong(
        "effects differ between the instruments' compliers",
        ("overidentification", "predicts the outcome by instrument"),
        effects_differ=1.0,
    ),
    _wrong(
        "an instrument curved in a covariate",
        ("instruments linear in the covariates",),
        curved=0.5,
    ),
    _wrong(
        "categories by numbers",
        ("instruments linear in the covariates",),
        categories=30,
    ),
    _wrong(
        "unequal variances, taken for equal",
        ("equal variances",),
        uneven=True,
        errors="iid",
    ),
    _wrong(
        "instruments that a few rows carry",
        ("leverage of the instruments",),
        heavy_instrument=True,
    ),
    _wrong("eight clusters", ("number of clusters",), clusters=8),
    _wrong(
        "a direct effect of another size",
        ("agrees with the data: direct effect of", "overidentification"),
        second=0.5,
        direct={"z2": cs.Known(0.0, sd=0.05)},
    ),
    _spoilt(
        "every row twice",
        every_row_twice,
        "rows independent of their neighbours",
        "no row twice",
    ),
    _spoilt(
        "-9 for missing values of a covariate", partial(coded, column="x"), "no codes"
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
    _wrong(
        "sixty clusters, not named",
        ("rows independent of their neighbours",),
        clusters=60,
        named=False,
    ),
    World(
        name="an instrument of thirty groups, with independent rows",
        family="instruments",
        wrong=False,
        make=partial(instrument_of_groups, shock=0.0),
    ),
    World(
        name="an instrument of thirty groups that share a shock, in random order, not named",
        family="instruments",
        wrong=True,
        make=partial(instrument_of_groups, shock=0.7),
        catches=("rows of one group independent",),
    ),
    _several("two treatments"),
    _several("two treatments, iid errors", errors="iid"),
    _several("two treatments, as many instruments", instruments=2),
    _several("two treatments, ten instruments", instruments=10),
    _several("two treatments, unequal variances", uneven=True),
    _several("two treatments in sixty clusters, named", clusters=60),
    _several("two treatments that go together", together=0.8),
    _several("two treatments of very different units", scale=1e6),
    _several("three treatments", treatments=3, instruments=8),
    _several(
        "two treatments, the second hardly moved",
        "the instruments move each treatment",
        "the instruments bound the effect",
        second=0.01,
    ),
    _several(
        "two treatments, moved by the same combination of instruments",
        "the instruments move each treatment",
        "the instruments bound the effect",
        shared=True,
    ),
    _several(
        "two treatments, one of four instruments acts on the outcome",
        "overidentification",
        "predicts the outcome by instrument",
        direct=0.3,
    ),
    World(
        name="a designed augmentation",
        family="instruments",
        wrong=False,
        make=augmented,
    ),
    World(
        name="an augmentation along a direction that moves the outcome",
        family="instruments",
        wrong=True,
        make=partial(augmented, wrong=True),
        catches=("directions that the augmentation leaves",),
        undetectable="outcomes are those of the original rows, whatever the augmentation is",
    ),
    World(
        name="an augmentation of every direction",
        family="instruments",
        wrong=True,
        make=partial(augmented, directions=5),
        catches=("directions that the augmentation leaves",),
    ),
]
