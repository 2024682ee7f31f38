"""Predictions of each row by learners that saw other rows, the ways to divide rows for it, and the two learners that need no choosing."""

from collections.abc import Sequence
from typing import Any

import numpy as np

SPLITS = ("observation", "unit", "period", "neighbours")
_ALONE = 30  # columns beyond which a dictionary has no products: there would be more than 500


def folds(
    split: str, count: int, unit: np.ndarray, time: np.ndarray, rng: np.random.Generator
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows to learn from and rows to predict, `count` times; every row is predicted once.

    "observation", "unit" and "period" deal rows, whole units or whole periods out at random. "neighbours": adjacent periods are together, and the groups
    next to those predicted are not learned from either (Semenova, Goldman, Chernozhukov & Taddy 2023).
    """
    if split == "neighbours":
        periods, at = np.unique(time, return_inverse=True)
        fold = (np.arange(len(periods)) * count // len(periods))[at]
        return [
            (np.flatnonzero(abs(fold - k) > 1), np.flatnonzero(fold == k)) for k in range(count)
        ]
    whole = {"observation": np.arange(len(unit)), "unit": unit, "period": time}[split]
    labels, at = np.unique(whole, return_inverse=True)
    fold = rng.permutation(np.arange(len(labels)) % count)[at]
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(count)]


def cross_fitted(
    learner: Any,
    columns: np.ndarray,
    target: np.ndarray,
    divided: Sequence[tuple[np.ndarray, np.ndarray]],
    weights: np.ndarray,
) -> np.ndarray:
    """Predictions (n,) of `target` from `columns` (n, p), by a fresh copy of the learner in each fold; without columns, means."""
    from sklearn.base import clone

    found = np.empty(len(target))
    for seen, held in divided:
        if columns.shape[1] == 0:
            found[held] = np.average(target[seen], weights=weights[seen])
        else:
            found[held] = _fitted(
                clone(learner), columns[seen], target[seen], weights[seen]
            ).predict(columns[held])
    return found


def takes_weights(learner: Any) -> str:
    """The argument of `fit` by which a learner, or the last step of a pipeline, is told how many a row stands for; "" if there is none."""
    from sklearn.pipeline import Pipeline
    from sklearn.utils.validation import has_fit_parameter

    last, prefix = (
        (learner.steps[-1][1], f"{learner.steps[-1][0]}__")
        if isinstance(learner, Pipeline)
        else (learner, "")
    )
    return f"{prefix}sample_weight" if has_fit_parameter(last, "sample_weight") else ""


def _fitted(learner: Any, columns: np.ndarray, target: np.ndarray, weights: np.ndarray) -> Any:
    return (
        learner.fit(columns, target)
        if np.ptp(weights) == 0
        else learner.fit(columns, target, **{takes_weights(learner): weights})
    )


def boosting(seed: int) -> Any:
    """Boosted trees as Fuhr & Papies have them: at most 200 of depth 6, steps of 0.3; as many as predict a tenth of the rows best, ten rounds without gain."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    stopping: dict[str, Any] = {
        "max_iter": 200,
        "early_stopping": True,
        "n_iter_no_change": 10,
        "random_state": seed,
    }
    return HistGradientBoostingRegressor(
        learning_rate=0.3,
        max_depth=6,
        max_leaf_nodes=64,
        min_samples_leaf=1,
        l2_regularization=1.0,
        **stopping,
    )


def lasso(seed: int, expanded: int) -> Any:
    """The lasso on the first `expanded` columns, their squares and, of at most 30, products; other columns as they are. Five folds choose the penalty."""
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LassoCV
    from sklearn.model_selection import KFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    powers = make_pipeline(StandardScaler(), FunctionTransformer(_dictionary), StandardScaler())
    columns = ColumnTransformer([("powers", powers, slice(0, expanded))], remainder="passthrough")
    return make_pipeline(
        columns,
        LassoCV(cv=KFold(5, shuffle=True, random_state=seed), alphas=30, max_iter=5000, tol=1e-3),
    )


def _dictionary(columns: np.ndarray) -> np.ndarray:
    first, second = (
        np.triu_indices(columns.shape[1], 1)
        if columns.shape[1] <= _ALONE
        else (np.empty(0, int),) * 2
    )
    return np.hstack([columns, columns**2, columns[:, first] * columns[:, second]])
