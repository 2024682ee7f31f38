"""Double machine learning of a panel as Fuhr & Papies and Clarke & Polselli have it: what the learners are given, and what is made of what they leave."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from causalstats.data import Panel
from causalstats.models.panel_dml.baselines import straight_columns
from causalstats.numerics import cross_fitting
from causalstats.numerics.panel.linear_estimators import Estimate, clustered, within
from causalstats.numerics.panel.within_transformation import demeaned, unit_means


@dataclass(frozen=True)
class Method:
    """From which `rows`, and from which of their columns, outcome and treatment are learned, how what is left is regressed, and where the slope is biased."""

    rows: Literal["levels", "demeaned", "changes"]
    outcome: str
    treatment: str
    final: Literal["plain", "within", "treatment within"]
    biased: str


_MEANS, _ALL_MEANS, _UNITS = "x, means", "x, means, treatment means", "x, units"
LEARNED: Mapping[str, Method] = {
    "pooled DML": Method(
        "levels",
        "x",
        "x",
        "plain",
        "where units act on treatment and outcome: nothing stands for them",
    ),
    "early FE": Method(
        "demeaned",
        "x",
        "x",
        "plain",
        "where covariates act in curves: g(x - mean) is not g(x) - mean of g(x), with however many units",
    ),
    "late FE": Method(
        "levels",
        "x",
        "x",
        "within",
        "where units move covariates: learners take the units' part for that of the covariates",
    ),
    "dummies": Method(
        "levels",
        _UNITS,
        _UNITS,
        "plain",
        "where a unit has few rows: learners shrink it towards others; unit by unit, it was never seen",
    ),
    "CRE": Method(
        "levels",
        _ALL_MEANS,
        _ALL_MEANS,
        "plain",
        "where covariates are many for the rows: there are twice as many columns to learn",
    ),
    "CRE, general": Method(
        "levels",
        _MEANS,
        _MEANS,
        "treatment within",
        "where units move covariates other than by their means, or columns are many for the rows",
    ),
    "CRE, normal": Method(
        "levels",
        _MEANS,
        _ALL_MEANS,
        "plain",
        "as CRE, general, or where the treatments of a unit are not normal together",
    ),
    "FD, exact": Method(
        "changes",
        "x",
        "x",
        "plain",
        "where two periods' covariates are too many to learn from; changes have twice the noise",
    ),
}


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows by unit and time; what learners may be given, by name, with how many of the columns are numbers; dummies of periods."""

    outcome: np.ndarray
    treatment: np.ndarray
    columns: Mapping[str, Callable[[], tuple[np.ndarray, int]]]
    unit: np.ndarray
    time: np.ndarray
    weights: np.ndarray
    times: np.ndarray


@dataclass(eq=False)
class CrossFitted:
    """What learners leave of outcome and treatments, each combination of rows and columns learned once for all methods that share it."""

    panel: Panel
    time_effects: bool
    learner: Callable[[int], Any]
    split: str
    folds: int
    seed: int
    _left: dict[tuple[str, str, str], tuple[np.ndarray, float]] = field(default_factory=dict)
    _rows: dict[str, _Rows] = field(default_factory=dict)

    def estimate(self, method: Method) -> tuple[Estimate, float]:
        """The slope of what is left on what is left, with cluster-robust errors; and the seconds that the method takes by itself."""
        started = time.perf_counter()
        rows = self.rows(method.rows)
        before = time.perf_counter() - started
        (outcome, first), (treatment, second) = (
            self.left(method.rows, getattr(method, target), target)
            for target in ("outcome", "treatment")
        )
        started = time.perf_counter()
        cluster = self.panel.cluster[rows.unit]
        if method.final == "within":
            found = within(outcome[:, 0], treatment, rows.times, rows.unit, rows.weights, cluster)
        else:
            if method.final == "treatment within":
                treatment = demeaned(
                    treatment, np.flatnonzero(np.diff(rows.unit, prepend=-1)), rows.weights
                )
            found = clustered(
                outcome[:, 0], treatment, np.empty((len(outcome), 0)), cluster, rows.weights
            )
        return found, before + first + second + time.perf_counter() - started

    def left(self, kind: str, columns: str, target: str) -> tuple[np.ndarray, float]:
        """Outcome (n, 1) or treatments (n, k) less their predictions, and the seconds these took."""
        key = (kind, columns, target)
        if key not in self._left:
            started, rows = time.perf_counter(), self.rows(kind)
            given, expanded = rows.columns[columns]()
            divided = cross_fitting.folds(
                self.split, self.folds, rows.unit, rows.time, np.random.default_rng(self.seed)
            )
            values = np.column_stack([getattr(rows, target)])
            learner = self.learner(expanded)
            predicted = [
                cross_fitting.cross_fitted(learner, given, value, divided, rows.weights)
                for value in values.T
            ]
            self._left[key] = values - np.column_stack(predicted), time.perf_counter() - started
        return self._left[key]

    def rows(self, kind: str) -> _Rows:
        """As they are, about their unit means, or changes from one row of a unit to its next."""
        if kind not in self._rows:
            self._rows[kind] = {"levels": _levels, "demeaned": _demeaned, "changes": _changes}[
                kind
            ](self.panel, self.time_effects)
        return self._rows[kind]


def _levels(panel: Panel, time_effects: bool) -> _Rows:
    """Unit means are of covariates and of dummies of periods, without which two-way effects of unbalanced panels would be others."""
    x, times = straight_columns(panel), _dummies(panel, time_effects)

    def of_unit(columns: np.ndarray) -> np.ndarray:
        return unit_means(columns, panel.starts, panel.weights)[panel.unit]

    columns = {
        "x": lambda: _given([x], [times]),
        _MEANS: lambda: _given([x, of_unit(x)], [times, of_unit(times)]),
        _ALL_MEANS: lambda: _given(
            [x, of_unit(x), of_unit(panel.treatment)], [times, of_unit(times)]
        ),
        _UNITS: lambda: _given([x], [times, np.eye(len(panel.units))[panel.unit]]),
    }
    return _Rows(
        panel.outcome, panel.treatment, columns, panel.unit, panel.time, panel.weights, times
    )


def _demeaned(panel: Panel, time_effects: bool) -> _Rows:
    groups = [
        panel.outcome[:, None],
        panel.treatment,
        straight_columns(panel),
        _dummies(panel, time_effects),
    ]
    outcome, treatment, x, times = (
        demeaned(columns, panel.starts, panel.weights) for columns in groups
    )
    return _Rows(
        outcome[:, 0],
        treatment,
        {"x": lambda: _given([x], [times])},
        panel.unit,
        panel.time,
        panel.weights,
        times,
    )


def _changes(panel: Panel, time_effects: bool) -> _Rows:
    """Of a gap, over the gap: a difference needs no neighbours in time to be free of the unit."""
    x, times, same = (
        straight_columns(panel),
        _dummies(panel, time_effects),
        np.diff(panel.unit) == 0,
    )
    later, earlier = (lambda columns: columns[1:][same]), (lambda columns: columns[:-1][same])
    outcome, treatment = (
        later(panel.outcome) - earlier(panel.outcome),
        later(panel.treatment) - earlier(panel.treatment),
    )
    columns = {"x": lambda: _given([later(x), earlier(x)], [later(times), earlier(times)])}
    return _Rows(
        outcome, treatment, columns, *map(later, (panel.unit, panel.time, panel.weights, times))
    )


def _given(numbers: list[np.ndarray], dummies: list[np.ndarray]) -> tuple[np.ndarray, int]:
    """All columns, and how many of them are numbers."""
    return np.hstack([*numbers, *dummies]), sum(columns.shape[1] for columns in numbers)


def _dummies(panel: Panel, time_effects: bool) -> np.ndarray:
    return panel.time_dummies() if time_effects else np.empty((len(panel), 0))
