"""Cross-fitting: predictions of each row by learners that saw other rows.

Double machine learning needs them (Chernozhukov et al. 2018); its Neyman-orthogonal scores are in
`models.panel_dml.double_machine_learning`. Rows are divided into K folds at random, by unit or by
period. scikit-learn's `KFold` and `GroupKFold` do the first two, but have no folds of adjacent
periods that leave out their neighbours, and take no common seed.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

SPLITS = ("observation", "unit", "period", "neighbours")
_MOST_MULTIPLIED = 30  # columns; with more, a dictionary would have over 500 products

Split = Sequence[tuple[np.ndarray, np.ndarray]]


class Regressor(Protocol):
    """A learner of a number, as regressors of scikit-learn are."""

    def fit(self, X: Any, y: Any) -> Any:  # noqa: N803
        """Learn from the columns of X, shape (n, p), and the targets y, shape (n,)."""

    def predict(self, X: Any) -> Any:  # noqa: N803
        """Return predictions for the rows of X."""


def folds(
    kind: str, count: int, unit: np.ndarray, time: np.ndarray, rng: np.random.Generator
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return rows to learn from and rows to predict, for each fold; every row is predicted once.

    Parameters
    ----------
    kind : {"observation", "unit", "period", "neighbours"}
        Rows, whole units or whole periods are assigned to folds at random. "neighbours": adjacent
        periods are together, and the folds next to the predicted one are not learned from either
        (Semenova, Goldman, Chernozhukov & Taddy 2023).
    count : int
        How many folds.
    unit, time : array, shape (n,)
    rng : Generator

    Returns
    -------
    list of (int array, int array)

    Examples
    --------
    >>> unit, time = np.repeat([0, 1, 2, 3], 2), np.tile([0, 1], 4)
    >>> split = folds("unit", 2, unit, time, np.random.default_rng(1))
    >>> [sorted(set(unit[held].tolist())) for _, held in split]
    [[0, 2], [1, 3]]
    """
    if kind == "neighbours":
        periods, period = np.unique(time, return_inverse=True)
        fold = (np.arange(len(periods)) * count // len(periods))[period]
        return [
            (np.flatnonzero(abs(fold - k) > 1), np.flatnonzero(fold == k))
            for k in range(count)
        ]
    group = {"observation": np.arange(len(unit)), "unit": unit, "period": time}[kind]
    labels, position = np.unique(group, return_inverse=True)
    fold = rng.permutation(np.arange(len(labels)) % count)[position]
    return [
        (np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(count)
    ]


def cross_fitted(
    learner: Regressor,
    columns: np.ndarray,
    target: np.ndarray,
    split: Split,
    weights: np.ndarray,
) -> np.ndarray:
    """Return predictions of each row by a copy of the learner that saw other rows.

    Parameters
    ----------
    learner : regressor of scikit-learn
    columns : array, shape (n, p)
        Without columns, predictions are means.
    target : array, shape (n,)
    split : list of (rows to learn from, rows to predict)
    weights : array, shape (n,)

    Returns
    -------
    array, shape (n,)

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> x = np.arange(6.0)[:, None]
    >>> unit, time = np.repeat([0, 1, 2], 2), np.tile([0, 1], 3)
    >>> split = folds("unit", 3, unit, time, np.random.default_rng(1))
    >>> predicted = cross_fitted(LinearRegression(), x, 2 * x[:, 0] + 1, split, np.ones(6))
    >>> predicted.round(6).tolist()
    [1.0, 3.0, 5.0, 7.0, 9.0, 11.0]
    """
    from sklearn.base import clone

    predicted = np.empty(len(target))
    for seen, held in split:
        if columns.shape[1] == 0:
            predicted[held] = np.average(target[seen], weights=weights[seen])
        else:
            fitted = _fit(clone(learner), columns[seen], target[seen], weights[seen])
            predicted[held] = fitted.predict(columns[held])
    return predicted


def weights_argument(learner: Any) -> str:
    """Return the argument of `fit` that takes weights of rows; "" if the learner has none.

    In a pipeline it is the argument of the last step.
    """
    from sklearn.pipeline import Pipeline
    from sklearn.utils.validation import has_fit_parameter

    prefix = ""
    if isinstance(learner, Pipeline):
        name, learner = learner.steps[-1]
        prefix = f"{name}__"
    return (
        f"{prefix}sample_weight" if has_fit_parameter(learner, "sample_weight") else ""
    )


def _fit(
    learner: Any, columns: np.ndarray, target: np.ndarray, weights: np.ndarray
) -> Any:
    if np.ptp(weights) == 0:
        return learner.fit(columns, target)
    return learner.fit(columns, target, **{weights_argument(learner): weights})


def boosting(seed: int) -> Any:
    """Return boosted trees as in Fuhr & Papies.

    At most 200 trees of depth 6, with a learning rate of 0.3; a tenth of the rows decides how
    many, after ten rounds without gain.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        learning_rate=0.3,
        max_depth=6,
        max_leaf_nodes=64,
        min_samples_leaf=1,
        l2_regularization=1.0,
        max_iter=200,
        early_stopping=True,
        n_iter_no_change=10,
        random_state=seed,
    )


def lasso(seed: int, expanded: int) -> Any:
    """Return the lasso on a dictionary of squares and products, with a cross-validated penalty.

    Parameters
    ----------
    seed : int
        Seed of the five folds that choose the penalty.
    expanded : int
        The first so many columns have squares and, of at most 30, products; others stay as they
        are.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LassoCV
    from sklearn.model_selection import KFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    powers = make_pipeline(
        StandardScaler(), FunctionTransformer(_dictionary), StandardScaler()
    )
    columns = ColumnTransformer(
        [("powers", powers, slice(0, expanded))], remainder="passthrough"
    )
    penalty_folds = KFold(5, shuffle=True, random_state=seed)
    return make_pipeline(
        columns, LassoCV(cv=penalty_folds, alphas=30, max_iter=5000, tol=1e-3)
    )


def _dictionary(columns: np.ndarray) -> np.ndarray:
    if columns.shape[1] > _MOST_MULTIPLIED:
        return np.hstack([columns, columns**2])
    first, second = np.triu_indices(columns.shape[1], 1)
    return np.hstack([columns, columns**2, columns[:, first] * columns[:, second]])
