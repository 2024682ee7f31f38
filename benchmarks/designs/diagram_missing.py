"""Designs with missing values for `CausalDiagram`, of labels and of numbers.

A confounder z acts on treatment x and outcome y. Values are missing

    completely at random      whatever the row
    at random                 z by x and y, which are always seen
    by each other             x by y and y by x, both of which may be missing: not at random, and
                              recovered by the missingness graph (Mohan, Pearl & Tian 2013)

so that complete rows are biased in the last two. The truth is that of everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

import causalstats as cs
from designs import Design

_DIAGRAM = "z -> x, y; x -> y"
_BY_EACH_OTHER = f"{_DIAGRAM}; y -> r_x; x -> r_y"
_INDICATORS = {"x": "r_x", "y": "r_y"}
Seen = Callable[[pd.DataFrame], Mapping[str, Any]]
"""The probabilities that variables are seen, by row."""


def _completely(frame: pd.DataFrame) -> dict[str, Any]:
    return {name: np.full(len(frame), 0.8) for name in ("x", "y", "z")}


def _at_random(frame: pd.DataFrame) -> dict[str, Any]:
    return {"z": expit(0.3 - 1.4 * frame["x"] + 1.6 * frame["y"])}


def _by_each_other(frame: pd.DataFrame) -> dict[str, Any]:
    return {"x": expit(0.2 + 1.6 * frame["y"]), "y": expit(1.5 - 1.2 * frame["x"])}


def _labels(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    z = rng.integers(0, 2, rows)
    x = (rng.random(rows) < expit(-0.8 + 1.6 * z)).astype(int)
    y = (rng.random(rows) < _risk(x, z)).astype(int)
    return pd.DataFrame({"z": z, "x": x, "y": y})


def _risk(x: Any, z: Any) -> Any:
    return expit(-1.2 + 1.0 * x + 1.2 * z)


def _numbers(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    z = rng.normal(size=rows)
    x = z + rng.normal(size=rows)
    return pd.DataFrame({"z": z, "x": x, "y": 0.6 * x + z + rng.normal(size=rows)})


def _many_labels(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    z = rng.integers(0, 2, (rows, 6))
    score = (z - 0.5).sum(axis=1) * 0.5
    x = (rng.random(rows) < expit(score)).astype(int)
    y = (rng.random(rows) < expit(-0.3 + x + score)).astype(int)
    columns = {f"z{k}": z[:, k] for k in range(6)}
    return pd.DataFrame({**columns, "x": x, "y": y})


def _first_of_many(frame: pd.DataFrame) -> dict[str, Any]:
    seen = expit(1.0 - 1.0 * frame["x"] + 1.0 * frame["y"])
    return {"z0": seen, "z1": np.full(len(frame), 0.8)}


def missing_design(
    name: str,
    model: cs.CausalDiagram,
    draw: Callable[[np.random.Generator, int], pd.DataFrame],
    rows: int,
    seen: Seen,
    truth: float,
) -> Design:
    """Return a design whose values are missing with probabilities of the row.

    Parameters
    ----------
    name : str
    model : CausalDiagram
    draw : function of a generator and the number of rows
    rows : int
    seen : function of the frame
    truth : float
    """

    def make(seed: int) -> tuple[Any, Any, float]:
        rng = np.random.default_rng(seed)
        whole = draw(rng, rows)
        frame = whole.astype(float)
        for column, probability in seen(whole).items():
            frame.loc[rng.random(rows) >= probability, column] = np.nan
        return model, cs.Observations.from_frame(frame, missing="keep"), truth

    return Design(
        name=f"missing: {name}, {rows} rows",
        family="diagrams",
        make=make,
        estimand="effect",
    )


def _diagram(text: str = _DIAGRAM, **options: Any) -> cs.CausalDiagram:
    return cs.CausalDiagram(text, treatment="x", outcome="y", **options)


_MECHANISMS = {
    "completely at random": (_completely, {}),
    "at random": (_at_random, {}),
    "by each other": (
        _by_each_other,
        {"text": _BY_EACH_OTHER, "indicators": _INDICATORS},
    ),
}
_RISK_DIFFERENCE = float(np.mean([_risk(1, z) - _risk(0, z) for z in (0, 1)]))
_SCORES = (np.indices((2,) * 6).reshape(6, -1) - 0.5).sum(axis=0) * 0.5
_MANY = float((expit(0.7 + _SCORES) - expit(-0.3 + _SCORES)).mean())

MISSING = [
    *(
        missing_design(
            f"labels, {words}",
            _diagram(**options),
            _labels,
            500,
            seen,
            _RISK_DIFFERENCE,
        )
        for words, (seen, options) in _MECHANISMS.items()
    ),
    *(
        missing_design(
            f"numbers, {words}",
            _diagram(**options, route="regression"),
            _numbers,
            300,
            seen,
            0.6,
        )
        for words, (seen, options) in _MECHANISMS.items()
    ),
    missing_design(
        "thin cells, at random",
        _diagram("z0, z1, z2, z3, z4, z5 -> x, y; x -> y"),
        _many_labels,
        300,
        _first_of_many,
        _MANY,
    ),
]
