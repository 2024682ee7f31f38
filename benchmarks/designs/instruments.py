"""Designs of instrumental variables: weak, many and irrelevant instruments, unequal variances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

import causalstats as cs
from designs import Design

_NO_FIELDS: Mapping[str, Any] = MappingProxyType({})


def instrumented(
    seed: int,
    *,
    rows: int = 500,
    instruments: int = 1,
    first_stage: float = 10.0,
    correlation: float = 0.5,
    uneven: bool = False,
    clusters: int = 0,
    direct: float = 0.0,
    varied: bool = False,
    fields: Mapping[str, Any] = _NO_FIELDS,
) -> tuple[cs.Instrument, cs.Instrumented, float]:
    """Return the model, the data, and the effect, 1.

    Parameters
    ----------
    seed, rows, instruments : int
    first_stage : float
        The expected F statistic of the first stage.
    correlation : float
        ρ.
    uneven : bool
        Whether the errors' variance is .2 + .8 z².
    clusters : int
        Of rows whose errors and instruments share a part; 0 for none.
    direct : float
        Standard deviation of direct effects of the instruments on the outcome.
    varied : bool
        Whether first-stage coefficients are normal about 0, or all the same.
    fields : mapping
        Of the model.
    """
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((rows, instruments))
    v, e = rng.standard_normal((2, rows))
    u = correlation * v + np.sqrt(1 - correlation**2) * e
    frame = pd.DataFrame({"code": np.zeros(rows, int)})
    if clusters:
        code = rng.integers(clusters, size=rows)
        z = (z + rng.standard_normal((clusters, instruments))[code]) / np.sqrt(2)
        u = u + rng.standard_normal(clusters)[code]
        frame["code"] = code
    if uneven:
        u = u * np.sqrt(0.2 + 0.8 * z[:, 0] ** 2)
    size = np.sqrt((first_stage - 1) / rows)
    slopes = rng.normal(0, size, instruments) if varied else np.full(instruments, size)
    treatment = z @ slopes + v
    u = u + z @ (direct * rng.standard_normal(instruments))
    names = [f"z{position + 1}" for position in range(instruments)]
    frame[names] = z
    frame = frame.assign(t=treatment, y=treatment + u)
    data = cs.Instrumented.from_frame(
        frame,
        outcome="y",
        treatment="t",
        instruments=names,
        cluster="code" if clusters else None,
    )
    return cs.Instrument(**fields), data, 1.0


def several_treatments(
    seed: int,
    *,
    rows: int = 500,
    instruments: int = 4,
    first_stage: Sequence[float] = (20.0, 20.0),
    correlations: Sequence[float] = (0.5, 0.3),
    together: float = 0.0,
    uneven: bool = False,
    clusters: int = 0,
    fields: Mapping[str, Any] = _NO_FIELDS,
) -> tuple[cs.Instrument, cs.Instrumented, dict[str, float]]:
    """Return the model, the data, and the effects of two or three treatments: 1, -1, .5.

    Parameters
    ----------
    seed, rows, instruments : int
    first_stage : sequence of float
        The expected F statistic of each treatment, whose coefficients are random directions.
    correlations : sequence of float
        Of the outcome's error with the errors of treatments, before these are made to go together.
    together : float
        Correlation of the errors of the second and first treatments.
    uneven : bool
        Whether the outcome's errors have variance .2 + .8 z².
    clusters : int
        Of rows whose errors and instruments share a part; 0 for none.
    fields : mapping
        Of the model.
    """
    rng = np.random.default_rng(seed)
    count = len(first_stage)
    z = rng.standard_normal((rows, instruments))
    v = rng.standard_normal((rows, count))
    left = 1 - sum(each**2 for each in correlations)
    u = v @ correlations + np.sqrt(left) * rng.standard_normal(rows)
    v[:, 1] = together * v[:, 0] + np.sqrt(1 - together**2) * v[:, 1]
    code = np.zeros(rows, int)
    if clusters:
        code = rng.integers(clusters, size=rows)
        z = (z + rng.standard_normal((clusters, instruments))[code]) / np.sqrt(2)
        u = u + rng.standard_normal(clusters)[code]
    if uneven:
        u = u * np.sqrt(0.2 + 0.8 * z[:, 0] ** 2)
    slopes = rng.standard_normal((instruments, count))
    slopes = slopes / np.sqrt((slopes**2).mean(axis=0))
    slopes = slopes * np.sqrt((np.array(first_stage) - 1) / rows)
    treatment = z @ slopes + v
    effects = np.array([1.0, -1.0, 0.5])[:count]
    names = [f"t{position + 1}" for position in range(count)]
    z_names = [f"z{position + 1}" for position in range(instruments)]
    frame = pd.DataFrame(treatment, columns=names)
    frame[z_names] = z
    frame = frame.assign(y=treatment @ effects + u, code=code)
    data = cs.Instrumented.from_frame(
        frame,
        outcome="y",
        treatment=names,
        instruments=z_names,
        cluster="code" if clusters else None,
    )
    return (
        cs.Instrument(**fields),
        data,
        dict(zip(names, effects.tolist(), strict=True)),
    )


def augmented(
    seed: int, *, rows: int = 1000, treatments: int = 8, unlike: bool = False
) -> tuple[cs.Instrument, cs.Instrumented, dict[str, float]]:
    """Return the model of a designed first stage, the data, and the effects.

    Parameters
    ----------
    seed, rows, treatments : int
        The augmentation changes all directions but that of the effect.
    unlike : bool
        Whether confounding is four times as large in that direction as in the others.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, treatments))
    effects = rng.standard_normal(treatments)
    raw = rng.standard_normal((treatments, treatments - 1))
    basis = np.linalg.qr(np.hstack([effects[:, None], raw]))[0]
    t = x + rng.standard_normal((rows, treatments - 1)) @ basis.T[1:]
    size = np.ones(treatments)
    size[0] = 4.0 if unlike else 1.0
    control = basis @ (size * rng.standard_normal(treatments))
    names = [f"t{position + 1}" for position in range(treatments)]
    before = [f"x{position + 1}" for position in range(treatments)]
    frame = pd.DataFrame(t, columns=names)
    frame[before] = x
    frame["y"] = x @ (effects + control) + rng.standard_normal(rows)
    data = cs.Instrumented.from_frame(
        frame, outcome="y", treatment=names, original=before
    )
    model = cs.Instrument(first_stage="designed", errors="iid")
    return model, data, dict(zip(names, effects.tolist(), strict=True))


def _several(name: str, **settings: Any) -> Design:
    return Design(
        name=name,
        family="instruments",
        make=partial(several_treatments, **settings),
        estimand="effect",
    )


def _design(name: str, known_failure: str = "", **settings: Any) -> Design:
    return Design(
        name=name,
        family="instruments",
        make=partial(instrumented, **settings),
        estimand="effect",
        known_failure=known_failure,
    )


_EDGE = (
    "ρ is beyond .95 and the instrument says nothing: the prior ends the interval, and the checks "
    "'the instruments bound the effect' and 'confounding near its limit' say so"
)

DESIGNS = [
    _design("1 irrelevant instrument, ρ = .5", first_stage=1.0),
    _design("1 irrelevant instrument, ρ = .9", first_stage=1.0, correlation=0.9),
    _design(
        "1 irrelevant instrument, ρ = .99",
        known_failure=_EDGE,
        first_stage=1.0,
        correlation=0.99,
    ),
    _design("1 instrument, F = 10, ρ = .9", correlation=0.9),
    _design(
        "5 instruments, F = 2, ρ = .9", instruments=5, first_stage=2.0, correlation=0.9
    ),
    _design("20 irrelevant instruments, ρ = .5", instruments=20, first_stage=1.0),
    _design(
        "20 irrelevant instruments, ρ = .9",
        instruments=20,
        first_stage=1.0,
        correlation=0.9,
    ),
    _design(
        "20 instruments, F = 2, ρ = .99",
        instruments=20,
        first_stage=2.0,
        correlation=0.99,
    ),
    _design(
        "20 instruments, F = 5, ρ = .9",
        instruments=20,
        first_stage=5.0,
        correlation=0.9,
    ),
    _design("20 instruments, F = 50", instruments=20, first_stage=50.0),
    _design(
        "100 instruments, F = 1.5, ρ = .7",
        instruments=100,
        first_stage=1.5,
        correlation=0.7,
    ),
    _design("1 instrument, F = 50, unequal variances", first_stage=50.0, uneven=True),
    _design(
        "5 instruments, F = 3, ρ = .9, unequal variances",
        instruments=5,
        first_stage=3.0,
        correlation=0.9,
        uneven=True,
    ),
    _design("50 clusters, F = 20", first_stage=20.0, clusters=50),
    _design("15 clusters, F = 20", first_stage=20.0, clusters=15),
    _design("no confounding, F = 10", correlation=0.0),
    _design("60 rows, F = 10", rows=60),
    *(
        _design(
            f"{count} instruments, F = 20, direct effects of {size:g}, learned",
            instruments=count,
            first_stage=20.0,
            direct=size,
            varied=True,
            fields={"direct": "learned", "errors": "iid"},
        )
        for count, size in ((5, 0.1), (10, 0.0), (10, 0.05), (10, 0.3), (30, 0.3))
    ),
    _design(
        "10 instruments, F = 20, direct effects of .1, learned, unequal variances",
        instruments=10,
        first_stage=20.0,
        direct=0.1,
        varied=True,
        uneven=True,
        fields={"direct": "learned", "errors": "iid"},
    ),
    _several("2 treatments, F = 20"),
    _several("2 treatments, as many instruments, F = 20", instruments=2),
    _several("2 treatments, F = 20 and 2", first_stage=(20.0, 2.0)),
    _several("2 treatments, irrelevant instruments", first_stage=(1.0, 1.0)),
    _several(
        "2 treatments that go together, F = 10", first_stage=(10.0, 10.0), together=0.9
    ),
    _several(
        "2 treatments, 15 instruments, F = 3, R = .9",
        instruments=15,
        first_stage=(3.0, 3.0),
        correlations=(0.75, 0.5),
    ),
    _several("2 treatments, F = 20, unequal variances", uneven=True),
    _several("2 treatments, F = 20, 50 clusters", clusters=50),
    _several("2 treatments, F = 10, 80 rows", rows=80, first_stage=(10.0, 10.0)),
    _several(
        "3 treatments, F = 20",
        instruments=6,
        first_stage=(20.0, 20.0, 20.0),
        correlations=(0.5, 0.3, 0.3),
    ),
    _several(
        "3 treatments, F = 20, 20 and 2",
        instruments=6,
        first_stage=(20.0, 20.0, 2.0),
        correlations=(0.5, 0.3, 0.3),
    ),
    Design(
        name="8 treatments, designed first stage",
        family="instruments",
        make=augmented,
        estimand="effect",
    ),
    Design(
        name="8 treatments, designed first stage, confounding unlike",
        family="instruments",
        make=partial(augmented, unlike=True),
        estimand="effect",
        known_failure="confounding is four times as large in the direction that the augmentation "
        "leaves: the check of these directions stands on every answer",
    ),
]
