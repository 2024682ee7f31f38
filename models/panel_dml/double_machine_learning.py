"""Double machine learning of panels as in Fuhr & Papies (2024) and Clarke & Polselli (2026).

Outcome and treatments are predicted by learners, and residuals are regressed on residuals (Robinson
1988): the Neyman-orthogonal score of a partially linear model (Neyman orthogonality). The methods
differ in the rows and columns that learners are given.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from causalstats.data import Panel
from causalstats.models.panel_dml.baselines import linear_columns, time_columns
from causalstats.numerics import cross_fitting
from causalstats.numerics.panel.linear_estimators import Estimate, clustered, within
from causalstats.numerics.panel.within_transformation import demeaned, unit_means


@dataclass(frozen=True)
class Method:
    """A way to estimate an effect by double machine learning.

    Parameters
    ----------
    rows : {"levels", "demeaned", "changes"}
        The rows that are learned from.
    outcome, treatment : str
        The columns that each is learned from.
    second_stage : {"plain", "within", "treatment within"}
        Whether residuals are regressed as they are, after the within transformation of both, or
        of the treatment's.
    biased : str
        Where the estimate is biased.
    """

    rows: Literal["levels", "demeaned", "changes"]
    outcome: str
    treatment: str
    second_stage: Literal["plain", "within", "treatment within"]
    biased: str


_X, _MEANS, _ALL_MEANS, _UNITS = (
    "x",
    "x, means",
    "x, means, treatment means",
    "x, units",
)
LEARNED: Mapping[str, Method] = {
    "pooled DML": Method(
        rows="levels",
        outcome=_X,
        treatment=_X,
        second_stage="plain",
        biased="where units act on treatment and outcome: nothing stands for them",
    ),
    "early FE": Method(
        rows="demeaned",
        outcome=_X,
        treatment=_X,
        second_stage="plain",
        biased="where covariates act in curves: g(x - mean) is not g(x) - mean of g(x), with "
        "however many units",
    ),
    "late FE": Method(
        rows="levels",
        outcome=_X,
        treatment=_X,
        second_stage="within",
        biased="where units move covariates: learners take the units' part for that of the "
        "covariates",
    ),
    "dummies": Method(
        rows="levels",
        outcome=_UNITS,
        treatment=_UNITS,
        second_stage="plain",
        biased="where a unit has few rows: learners shrink it towards others; unit by unit, it was "
        "never seen",
    ),
    "CRE": Method(
        rows="levels",
        outcome=_ALL_MEANS,
        treatment=_ALL_MEANS,
        second_stage="plain",
        biased="where covariates are many for the rows: there are twice as many columns to learn",
    ),
    "CRE, general": Method(
        rows="levels",
        outcome=_MEANS,
        treatment=_MEANS,
        second_stage="treatment within",
        biased="where units move covariates other than by their means, or columns are many for "
        "the rows",
    ),
    "CRE, normal": Method(
        rows="levels",
        outcome=_MEANS,
        treatment=_ALL_MEANS,
        second_stage="plain",
        biased="as CRE, general, or where the treatments of a unit are not normal together",
    ),
    "FD, exact": Method(
        rows="changes",
        outcome=_X,
        treatment=_X,
        second_stage="plain",
        biased="where two periods' covariates are too many to learn from; changes have twice the "
        "noise",
    ),
}


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows by unit and time.

    Parameters
    ----------
    outcome : array, shape (n,)
    treatment : array, shape (n, k)
    columns : mapping
        The columns that learners may be given, by name, with how many of them are numbers.
    unit, time, weights : array, shape (n,)
    dummies : array, shape (n, T - 1)
        Dummies of periods.
    """

    outcome: np.ndarray
    treatment: np.ndarray
    columns: Mapping[str, Callable[[], tuple[np.ndarray, int]]]
    unit: np.ndarray
    time: np.ndarray
    weights: np.ndarray
    dummies: np.ndarray


@dataclass(eq=False)
class CrossFitted:
    """Cross-fitted residuals, each combination of rows and columns learned once for all methods.

    Parameters
    ----------
    panel : Panel
    time_effects : bool
    learner : function
        Takes the number of numeric columns, and returns a regressor of scikit-learn.
    split : str
        How rows are divided into folds.
    folds : int
    seed : int
    """

    panel: Panel
    time_effects: bool
    learner: Callable[[int], Any]
    split: str
    folds: int
    seed: int
    _residuals: dict[tuple[str, str, str], tuple[np.ndarray, float]] = field(
        default_factory=dict
    )
    _rows: dict[str, _Rows] = field(default_factory=dict)

    def estimate(self, method: Method) -> tuple[Estimate, float]:
        """Return the slope of residuals on residuals, and the seconds of the method by itself."""
        started = time.perf_counter()
        rows = self.rows(method.rows)
        before = time.perf_counter() - started
        outcome, first = self.residuals(method.rows, method.outcome, "outcome")
        treatment, second = self.residuals(method.rows, method.treatment, "treatment")
        started = time.perf_counter()
        cluster = self.panel.cluster[rows.unit]
        if method.second_stage == "within":
            estimate = within(
                outcome[:, 0], treatment, rows.dummies, rows.unit, rows.weights, cluster
            )
        else:
            if method.second_stage == "treatment within":
                starts = np.flatnonzero(np.diff(rows.unit, prepend=-1))
                treatment = demeaned(treatment, starts, rows.weights)
            none = np.empty((len(outcome), 0))
            estimate = clustered(outcome[:, 0], treatment, none, cluster, rows.weights)
        return estimate, before + first + second + time.perf_counter() - started

    def residuals(
        self, kind: str, columns: str, target: str
    ) -> tuple[np.ndarray, float]:
        """Return the target less its predictions, and the seconds these took.

        Parameters
        ----------
        kind : str
            The kind of rows.
        columns : str
            That the learner is given.
        target : {"outcome", "treatment"}

        Returns
        -------
        residuals : array, shape (n, 1) or (n, k)
        seconds : float
        """
        key = (kind, columns, target)
        if key not in self._residuals:
            started, rows = time.perf_counter(), self.rows(kind)
            given, expanded = rows.columns[columns]()
            rng = np.random.default_rng(self.seed)
            split = cross_fitting.folds(
                self.split, self.folds, rows.unit, rows.time, rng
            )
            values = np.column_stack([getattr(rows, target)])
            learner = self.learner(expanded)
            predicted = [
                cross_fitting.cross_fitted(learner, given, value, split, rows.weights)
                for value in values.T
            ]
            residuals = values - np.column_stack(predicted)
            self._residuals[key] = residuals, time.perf_counter() - started
        return self._residuals[key]

    def rows(self, kind: str) -> _Rows:
        """Return rows as they are, about unit means, or changes from one row to the next."""
        if kind not in self._rows:
            make = {"levels": _levels, "demeaned": _demeaned, "changes": _changes}[kind]
            self._rows[kind] = make(self.panel, self.time_effects)
        return self._rows[kind]


def _levels(panel: Panel, time_effects: bool) -> _Rows:
    """Rows as they are, with unit means as columns (Mundlak) and a dummy for each unit.

    The columns include unit means of covariates and of period dummies. Without the means of the
    dummies, two-way effects would be wrong in unbalanced panels.
    """
    x, dummies = linear_columns(panel), time_columns(panel, time_effects)

    def means(columns: np.ndarray) -> np.ndarray:
        return unit_means(columns, panel.starts, panel.weights)[panel.unit]

    columns = {
        _X: lambda: _given([x], [dummies]),
        _MEANS: lambda: _given([x, means(x)], [dummies, means(dummies)]),
        _ALL_MEANS: lambda: _given(
            [x, means(x), means(panel.treatment)], [dummies, means(dummies)]
        ),
        _UNITS: lambda: _given([x], [dummies, np.eye(len(panel.units))[panel.unit]]),
    }
    return _Rows(
        outcome=panel.outcome,
        treatment=panel.treatment,
        columns=columns,
        unit=panel.unit,
        time=panel.time,
        weights=panel.weights,
        dummies=dummies,
    )


def _demeaned(panel: Panel, time_effects: bool) -> _Rows:
    """Rows after the within transformation."""

    def about_means(columns: np.ndarray) -> np.ndarray:
        return demeaned(columns, panel.starts, panel.weights)

    x = about_means(linear_columns(panel))
    dummies = about_means(time_columns(panel, time_effects))
    return _Rows(
        outcome=about_means(panel.outcome[:, None])[:, 0],
        treatment=about_means(panel.treatment),
        columns={_X: lambda: _given([x], [dummies])},
        unit=panel.unit,
        time=panel.time,
        weights=panel.weights,
        dummies=dummies,
    )


def _changes(panel: Panel, time_effects: bool) -> _Rows:
    """First differences, over gaps too: they are free of the unit without neighbours in time."""
    x, dummies = linear_columns(panel), time_columns(panel, time_effects)
    same_unit = np.diff(panel.unit) == 0

    def later(columns: np.ndarray) -> np.ndarray:
        return columns[1:][same_unit]

    def earlier(columns: np.ndarray) -> np.ndarray:
        return columns[:-1][same_unit]

    def both() -> tuple[np.ndarray, int]:
        return _given([later(x), earlier(x)], [later(dummies), earlier(dummies)])

    return _Rows(
        outcome=later(panel.outcome) - earlier(panel.outcome),
        treatment=later(panel.treatment) - earlier(panel.treatment),
        columns={_X: both},
        unit=later(panel.unit),
        time=later(panel.time),
        weights=later(panel.weights),
        dummies=later(dummies),
    )


def _given(
    numbers: list[np.ndarray], dummies: list[np.ndarray]
) -> tuple[np.ndarray, int]:
    """All columns, and how many of them are numbers."""
    return np.hstack([*numbers, *dummies]), sum(columns.shape[1] for columns in numbers)
