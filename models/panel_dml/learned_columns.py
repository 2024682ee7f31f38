"""Columns learned from other units: products of covariates, and boosted trees.

Treatments and outcome, with the basis and the unit effects partialled out, are predicted in three
steps, for each fold of clusters by what the other folds show (cross-fitting):

1. Products of two covariates, steps at thresholds, and products of steps are added one by one, the
   one that explains most, while it is significant among all of them
   (`numerics.regression.matching_pursuit`).
2. Boosted regression trees are fitted to the residuals. The steps of every few trees lose their
   unit means, and their part in the basis, as treatments and outcome did, before the next are
   fitted: gradient boosting of the within transformation's sum of squares, so that covariates are
   expanded before they are averaged, and never the other way round.
3. Both are done beside the model's basis, and once more beside straight lines: a basis of smooth
   functions takes most of a step, and what it leaves is too little to tell the threshold by. Taken
   are the number of trees, which can be 0, and the start with the least sum of squares in units
   that were not seen.

The predictions are columns without a prior in both equations. A column's values in a unit do not
depend on that unit's errors. Functions that the predictions of a treatment miss confound only as
far as those of the outcome miss them too: the bias is a product of two errors (Robinson 1988;
Chernozhukov et al. 2018).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from causalstats.data import Panel
from causalstats.models.panel_dml.bases import BASES
from causalstats.models.panel_dml.checks.score_tests import (
    Adjusted,
    rows_of,
    some_units,
)
from causalstats.models.panel_dml.nuisance_basis import Basis, basis_of
from causalstats.models.panel_dml.row_blocks import Columns
from causalstats.numerics.regression.matching_pursuit import (
    gains_beside,
    matching_pursuit,
)

_FOLDS = 5
_SEED = 0  # of the folds
_MOST_ROWS = 20_000  # that are learned from
_MOST_NUMBERS = 20_000_000  # of candidates and columns over those rows
_MOST_TERMS = 20  # products and steps in a function
_LEVEL = 0.05  # of selecting any of them where none matters
_THRESHOLDS = 48  # of a covariate
_MOST_STEPS = 240  # of all covariates together
_MOST_FINER = 60  # thresholds between two of those, in a pass
_PASSES = 2
_MOST_JOINT_STEPS = 1_000  # products of steps, of all pairs together
_THRESHOLDS_OF_PAIRS = (3, 2, 1)  # of each covariate, as many as there is room for
_ROUNDS = 15
_TREES_A_ROUND = 10
_PATIENCE = 3  # rounds without a better prediction of the fold that is held out
_LEARNING_RATE = 0.2
_LEAVES = 8  # of a tree
_BINS = 255  # of a feature: the most that the learner has
_FEWEST_ROWS = 20  # of a leaf


@dataclass(frozen=True, eq=False)
class Candidates:
    """Products of two covariates, and steps: terms that may be taken, without a choice by outcome.

    Parameters
    ----------
    basis : Basis
        Straight lines, levels and all products of two.
    thresholds : mapping
        Those of each number, by name: quantiles at equal distances.
    joint : mapping
        Those of steps that are multiplied by steps of every other number; few.
    """

    basis: Basis
    thresholds: Mapping[str, np.ndarray]
    joint: Mapping[str, np.ndarray]

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of each term, such as "x1 x x2", "x1 > 0.5" and "x1 > 0.5 x x2 > 0"."""
        joint = {name: _step_labels(name, few) for name, few in self.joint.items()}
        both = [
            f"{first} x {second}"
            for one, other in combinations(joint, 2)
            for first in joint[one]
            for second in joint[other]
        ]
        steps = [
            label
            for name, thresholds in self.thresholds.items()
            for label in _step_labels(name, thresholds)
        ]
        return (*self.basis.terms, *steps, *both)

    def factors(self, term: int) -> tuple[Step, ...]:
        """Return the steps whose product a term is; none of a product of other columns."""
        position = term - len(self.basis.terms)
        if position < 0:
            return ()
        for name, thresholds in self.thresholds.items():
            if position < len(thresholds):
                return (_step_among(name, thresholds, position),)
            position -= len(thresholds)
        for one, other in combinations(self.joint, 2):
            first, second = self.joint[one], self.joint[other]
            count = len(first) * len(second)
            if position < count:
                row, column = divmod(position, len(second))
                return (
                    _step_among(one, first, row),
                    _step_among(other, second, column),
                )
            position -= count
        return ()

    def columns(self, table: pd.DataFrame) -> np.ndarray:
        """Return the columns (n, c) of a table of n rows."""
        steps = [_steps(table[name], each) for name, each in self.thresholds.items()]
        joint = {name: _steps(table[name], few) for name, few in self.joint.items()}
        both = [
            (joint[one][:, :, None] * joint[other][:, None]).reshape(len(table), -1)
            for one, other in combinations(joint, 2)
        ]
        return np.hstack([self.basis.columns(table), *steps, *both])


@dataclass(frozen=True)
class Step:
    """1 where a covariate is above a threshold, and 0 elsewhere.

    Parameters
    ----------
    name : str
    threshold : float
    lower, upper : float
        The thresholds beside it, between which a better one may lie.
    """

    name: str
    threshold: float
    lower: float
    upper: float

    def column(self, table: pd.DataFrame) -> np.ndarray:
        """Return the values (n,) in a table."""
        return (table[self.name].to_numpy(float) > self.threshold).astype(float)

    def finer(self, table: pd.DataFrame) -> np.ndarray:
        """Return observed values between the thresholds beside it, at most so many."""
        values = np.unique(table[self.name].to_numpy(float))
        between = values[(values > self.lower) & (values < self.upper)]
        return between[:: max(-(-len(between) // _MOST_FINER), 1)]


def _step_among(name: str, thresholds: np.ndarray, position: int) -> Step:
    bounded = np.concatenate([[-np.inf], thresholds, [np.inf]])
    lower, at, upper = map(float, bounded[position : position + 3])
    return Step(name, at, lower, upper)


def _step_labels(name: str, thresholds: np.ndarray) -> list[str]:
    return [f"{name} > {threshold:.3g}" for threshold in thresholds]


def _steps(values: pd.Series, thresholds: np.ndarray) -> np.ndarray:
    return (values.to_numpy(float)[:, None] > thresholds).astype(float)


@dataclass(frozen=True, eq=False)
class Function:
    """Products, steps and boosted trees, which predict one variable.

    Parameters
    ----------
    terms : int array, shape (m,)
        Positions among the candidates.
    slopes : array, shape (m,)
    trees : tuple
        Regressors of scikit-learn, whose predictions are summed.
    steps : mapping
        The factors of each term that is a step or a product of two, by its position in `terms`,
        with thresholds finer than those of the candidates.
    """

    terms: np.ndarray
    slopes: np.ndarray
    trees: tuple[Any, ...]
    steps: Mapping[int, tuple[Step, ...]]

    def cut(self, rounds: int) -> Function:
        """Return the function with the trees of the first rounds alone."""
        return replace(self, trees=self.trees[:rounds])

    def without_trees(self, candidates: np.ndarray, table: pd.DataFrame) -> np.ndarray:
        """Return the sum of products and steps, (n,).

        Parameters
        ----------
        candidates : array, shape (n, c)
        table : DataFrame
            Covariates.
        """
        columns = candidates[:, self.terms]
        for k, factors in self.steps.items():
            columns[:, k] = np.prod([step.column(table) for step in factors], axis=0)
        return np.asarray(columns @ self.slopes)

    def values(
        self, candidates: np.ndarray, table: pd.DataFrame, features: np.ndarray
    ) -> np.ndarray:
        """Return predictions (n,).

        Parameters
        ----------
        candidates : array, shape (n, c)
        table : DataFrame
            Covariates.
        features : array, shape (n, f)
        """
        total = self.without_trees(candidates, table)
        for tree in self.trees:
            total = total + tree.predict(features)
        return np.asarray(total)


@dataclass(frozen=True, eq=False)
class LearnedColumns:
    """Functions of the covariates, one for each fold and each treatment or outcome.

    Parameters
    ----------
    candidates : Candidates
    bins : Bins
    functions : tuple of tuple of Function
        Of each fold, one for each treatment and then the outcome.
    folds : mapping
        The fold of each unit, by its label.
    """

    candidates: Candidates
    bins: Bins
    functions: tuple[tuple[Function, ...], ...]
    folds: Mapping[str, int]

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.functions[0])

    @property
    def trees(self) -> tuple[int, ...]:
        """The number of trees in the predictions of each treatment and of the outcome."""
        return tuple(
            len(function.trees) * _TREES_A_ROUND for function in self.functions[0]
        )

    @property
    def terms(self) -> tuple[str, ...]:
        """The products and steps that were found in more than half of the folds."""
        labels = self.candidates.labels
        counts = np.zeros(len(labels))
        for fold in self.functions:
            anywhere = {int(k) for function in fold for k in function.terms}
            counts[sorted(anywhere)] += 1
        often = np.flatnonzero(counts > len(self.functions) / 2)
        return tuple(labels[k] for k in often)

    def columns(
        self, table: pd.DataFrame, time: np.ndarray, fold: np.ndarray
    ) -> np.ndarray:
        """Return the predictions (n, width) of rows, by functions that other folds showed.

        Parameters
        ----------
        table : DataFrame
            Covariates.
        time : array, shape (n,)
        fold : int array, shape (n,)
        """
        candidates = self.candidates.columns(table)
        features = self.bins.codes(table, time)
        values = np.zeros((len(table), self.width))
        for k in np.unique(fold):
            rows = fold == k
            for j, function in enumerate(self.functions[k]):
                values[rows, j] = function.values(
                    candidates[rows], table[rows], features[rows]
                )
        return values


@dataclass(frozen=True, eq=False)
class Bins:
    """The numbers that trees see: in which bin a covariate is, or the time.

    They are found once. The learner takes four times as long to find quantiles again for every few
    trees as it then does to find bins of whole numbers.

    Parameters
    ----------
    edges : tuple of array
        Of each number, of the codes of each text, and of the time, if trees see it.
    with_time : bool
    """

    edges: tuple[np.ndarray, ...]
    with_time: bool

    def codes(self, table: pd.DataFrame, time: np.ndarray) -> np.ndarray:
        """Return the bins (n, f) of rows, counted from 0.

        Parameters
        ----------
        table : DataFrame
            Covariates.
        time : array, shape (n,)
        """
        values = _tree_features(table, time if self.with_time else None)
        columns = [
            np.searchsorted(edges, each, side="left")
            for edges, each in zip(self.edges, values.T, strict=True)
        ]
        return np.column_stack(columns).astype(float)


def _bins_of(table: pd.DataFrame, time: np.ndarray, with_time: bool) -> Bins:
    """Return bins between adjacent values, or between quantiles where values are many."""
    edges = []
    for each in _tree_features(table, time if with_time else None).T:
        different = np.unique(each)
        if len(different) > _BINS:
            different = np.unique(np.quantile(each, np.linspace(0, 1, _BINS)))
        edges.append((different[1:] + different[:-1]) / 2)
    return Bins(tuple(edges), with_time)


def _tree_features(table: pd.DataFrame, time: np.ndarray | None) -> np.ndarray:
    """Return numbers as they are, text by its codes, and time if it is given, (n, f)."""
    columns = [] if time is None else [time]
    for name in table:
        values = table[name]
        text = isinstance(values.dtype, pd.CategoricalDtype)
        columns.append((values.cat.codes if text else values).to_numpy(float))
    return np.column_stack(columns)


def learned_columns(
    model_columns: Columns, data: Panel, within: bool, folds: int = _FOLDS
) -> LearnedColumns:
    """Learn functions of the covariates, each fold of clusters by the others.

    Parameters
    ----------
    model_columns : Columns
        The columns of the model, which are partialled out.
    data : Panel
    within : bool
        Whether unit means are taken out.
    folds : int
        At least 2.
    """
    # Imported before threads are limited: libraries that come later would not be.
    import sklearn.ensemble  # noqa: F401
    from threadpoolctl import threadpool_limits

    candidates = _candidates(data)
    width = len(candidates.labels) + model_columns.width
    some = some_units(data, min(_MOST_ROWS, _MOST_NUMBERS // width))
    fold_of_unit = _folds(data, folds)
    seen = some.source[list(some.covariates)]
    bins = _bins_of(seen, some.time, with_time=len(model_columns.periods) > 0)
    lines = replace(model_columns, basis=basis_of(data, 1, "none", BASES["splines"]))
    starts = [
        _Rows(some, columns, candidates, bins, within)
        for columns in (model_columns, lines)
    ]
    fold = np.array([fold_of_unit[unit] for unit in some.units])[some.unit]
    with threadpool_limits(1):
        fitted = [[_learned(rows, fold == k) for k in range(folds)] for rows in starts]
    lengths = _best_lengths(starts[0], fitted)
    functions = tuple(
        tuple(
            fitted[start][k].functions[target].cut(rounds)
            for target, (start, rounds) in enumerate(lengths)
        )
        for k in range(folds)
    )
    return LearnedColumns(candidates, bins, functions, fold_of_unit)


def _candidates(data: Panel) -> Candidates:
    basis = basis_of(data, 1, "pairs", BASES["splines"])
    count = len(basis.covariates)
    each = max(min(_THRESHOLDS, _MOST_STEPS // max(count, 1)), 1)
    pairs = count * (count - 1) / 2
    room = [k for k in _THRESHOLDS_OF_PAIRS if pairs * k**2 <= _MOST_JOINT_STEPS]
    some = data.source.iloc[:: -(-len(data) // _MOST_ROWS)]

    def quantiles(name: str, shares: np.ndarray) -> np.ndarray:
        return np.unique(np.quantile(some[name].to_numpy(float), shares))

    single = (np.arange(each) + 0.5) / each
    few = np.arange(1, room[0] + 1) / (room[0] + 1) if room else np.empty(0)
    return Candidates(
        basis,
        {name: quantiles(name, single) for name in basis.covariates},
        {name: quantiles(name, few) for name in basis.covariates},
    )


def _folds(data: Panel, count: int) -> dict[str, int]:
    """Return the fold of each unit: units of a cluster are in the same."""
    rng = np.random.default_rng(_SEED)
    cluster = np.unique(np.asarray(data.cluster), return_inverse=True)[1]
    fold = rng.permutation(np.arange(cluster.max() + 1) % count)[cluster]
    return dict(zip(data.units, fold.tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class _Rows:
    """The rows that functions are learned from."""

    data: Panel
    columns: Columns
    candidates: Candidates
    bins: Bins
    within: bool

    def adjusted(self, data: Panel) -> Adjusted:
        return Adjusted(data, self.columns, self.within)

    def features(self, data: Panel) -> np.ndarray:
        return self.bins.codes(data.source[list(data.covariates)], data.time)


@dataclass(frozen=True, eq=False)
class _Fold:
    """The functions learned from all folds but one, and their predictions in that one.

    Parameters
    ----------
    held : bool array, shape (n,)
        The rows of the fold.
    functions : tuple of Function
        With the trees of all rounds, or of those before three that did not help.
    paths : array, shape (held, targets, rounds + 1)
        Predictions after each round.
    """

    held: np.ndarray
    functions: tuple[Function, ...]
    paths: np.ndarray


def _targets(adjusted: Adjusted) -> np.ndarray:
    return np.column_stack([adjusted.treatment, adjusted.outcome])


def _learned(rows: _Rows, held: np.ndarray) -> _Fold:
    part = rows_of(rows.data, np.flatnonzero(~held))
    rest = rows_of(rows.data, np.flatnonzero(held))
    seen = rows.adjusted(part)
    candidates = seen.residuals(rows.candidates.columns(part.source))
    features, unseen = rows.features(part), rows.features(rest)
    terms = rows.candidates.columns(rest.source)
    aside = rows.adjusted(rest)
    functions, paths = [], []
    for target, hidden in zip(_targets(seen).T, _targets(aside).T, strict=True):
        chosen = matching_pursuit(candidates, target, seen.left, _LEVEL, _MOST_TERMS)
        selected = candidates[:, chosen]
        steps = _refined(rows.candidates, seen, chosen, selected, target)
        slopes = np.linalg.lstsq(selected, target, rcond=1e-10)[0]
        function = Function(chosen, slopes, (), steps)
        path = [function.without_trees(terms, rest.source)]
        errors = [_squared_errors(aside, hidden, path[0][:, None])[0]]
        trees = []
        for tree in _boosted(seen, features, target - selected @ slopes):
            trees.append(tree)
            path.append(path[-1] + tree.predict(unseen))
            errors.append(_squared_errors(aside, hidden, path[-1][:, None])[0])
            if len(errors) - 1 - int(np.argmin(errors)) == _PATIENCE:
                break
        path += [path[-1]] * (_ROUNDS + 1 - len(path))
        functions.append(replace(function, trees=tuple(trees)))
        paths.append(np.column_stack(path))
    return _Fold(held, tuple(functions), np.stack(paths, axis=1))


def _refined(
    candidates: Candidates,
    seen: Adjusted,
    chosen: np.ndarray,
    selected: np.ndarray,
    target: np.ndarray,
) -> dict[int, tuple[Step, ...]]:
    """Return steps with the best thresholds among the observed values; change their columns.

    One threshold after the other is moved to where the residual sum of squares is least, and in the
    next pass between the values beside it.

    Parameters
    ----------
    candidates : Candidates
    seen : Adjusted
    chosen : int array, shape (k,)
    selected : array, shape (n, k)
        The columns of the terms, which are changed in place.
    target : array, shape (n,)
    """
    table = seen.data.source
    steps = {k: candidates.factors(int(term)) for k, term in enumerate(chosen)}
    steps = {k: factors for k, factors in steps.items() if factors}
    for _ in range(_PASSES):
        for k, factors in steps.items():
            others = np.delete(selected, k, axis=1)
            for j, step in enumerate(factors):
                rest = [
                    each.column(table) for each in steps[k] if each.name != step.name
                ]
                thresholds = step.finer(table)
                if not len(thresholds):
                    continue
                finer = _steps(table[step.name], thresholds)
                finer = seen.residuals(finer * np.prod(rest, axis=0)[..., None])
                best = int(np.argmax(gains_beside(finer, target, others)))
                selected[:, k] = finer[:, best]
                moved = list(steps[k])
                moved[j] = _step_among(step.name, thresholds, best)
                steps[k] = tuple(moved)
    return steps


def _boosted(
    seen: Adjusted, features: np.ndarray, residual: np.ndarray
) -> Iterator[Any]:
    """Yield trees fitted to residuals, round by round, within units and beside the basis.

    Parameters
    ----------
    seen : Adjusted
    features : array, shape (n, f)
    residual : array, shape (n,)
        Times the roots of the weights.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    roots = np.sqrt(seen.data.weights)
    for _ in range(_ROUNDS):
        tree = HistGradientBoostingRegressor(
            max_iter=_TREES_A_ROUND,
            learning_rate=_LEARNING_RATE,
            max_leaf_nodes=_LEAVES,
            min_samples_leaf=int(np.clip(len(features) // 40, 4, _FEWEST_ROWS)),
            l2_regularization=1.0,
            early_stopping=False,
            random_state=0,
        )
        # Without weights: with them the learner takes many times as long to find quantiles.
        tree.fit(features, residual / roots)
        step = tree.predict(features)
        residual = residual - seen.residuals(step[:, None])[:, 0]
        yield tree


def _best_lengths(rows: _Rows, fitted: list[list[_Fold]]) -> list[tuple[int, int]]:
    """Return by which start, and after how many rounds, each variable is best predicted.

    Parameters
    ----------
    rows : _Rows
        With the model's columns, which are partialled out of all predictions in unseen units.
    fitted : list of list of _Fold
        Of each start, by fold.
    """
    whole = rows.adjusted(rows.data)
    errors = []
    for folds in fitted:
        paths = np.zeros((len(rows.data), *folds[0].paths.shape[1:]))
        for fold in folds:
            paths[fold.held] = fold.paths
        pairs = zip(_targets(whole).T, np.moveaxis(paths, 1, 0), strict=True)
        errors.append([_squared_errors(whole, target, path) for target, path in pairs])
    lengths = []
    for each in np.moveaxis(np.array(errors), 1, 0):
        start, rounds = np.unravel_index(np.argmin(each), each.shape)
        lengths.append((int(start), int(rounds)))
    return lengths


def _squared_errors(
    whole: Adjusted, target: np.ndarray, predictions: np.ndarray
) -> np.ndarray:
    """Return the sum of squared errors of each column of predictions."""
    errors = target[:, None] - whole.residuals(predictions)
    return np.asarray((errors**2).sum(axis=0))
