"""Test of the nuisance functions' form: interactions, steps or curves beyond the basis; overlap.

The residuals of each treatment and of the outcome are predicted from the covariates, each unit by
learners that saw other units only: boosted trees, which find products, and the one step that serves
best. Where the columns do what they should, no prediction of a treatment's residuals has a
coefficient in the equation of the outcome. The effect is confounded where some prediction moves
both treatment and outcome: so both must be shown, that a prediction of the treatment's residuals
serves in its own equation and in that of the outcome (or one of the outcome's, likewise), and the
effect must move when the predictions are added as columns. An error in one equation alone does no
harm (Robinson 1988).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.panel_dml.checks.score_tests import FEWEST_CLUSTERS, Adjusted
from causalstats.numerics import cross_fitting

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML

Split = list[tuple[np.ndarray, np.ndarray]]
_LEVEL = 0.01
_LEAST_SHIFT = 0.25  # standard errors of the effect
_FOLDS = 3
_MOST_EXPLAINED = 0.99  # of a treatment's residuals, by the covariates
# The same of 0/1 treatments, of which trees miss some rows near a threshold
_MOST_EXPLAINED_BINARY = 0.8
_THRESHOLDS = 24  # of a covariate
_MOST_STEPS = 240  # of all covariates together
_NAME = "covariates act as assumed"


def nuisance_form(
    model: PanelDML, adjusted: Adjusted, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Return the checks of how covariates act, and of whether they leave any treatment (overlap).

    Parameters
    ----------
    model : PanelDML
    adjusted : Adjusted
    estimands : tuple of str
        The answers that a failure stands on.
    """
    features = _features(adjusted.data, model.absorbs_time(adjusted.data))
    if features.shape[1] == 0:
        return ()
    if adjusted.count < FEWEST_CLUSTERS:
        return (_too_few(adjusted.count, estimands),)
    treatment = adjusted.treatment[:, : len(adjusted.data.treatments)]
    targets = np.column_stack([treatment, adjusted.error])
    rng = np.random.default_rng(0)
    split = cross_fitting.folds(
        "unit", _FOLDS, adjusted.clusters, adjusted.clusters, rng
    )
    predicted = [
        adjusted.residuals(_by_trees(features, targets, split, 20)),
        _by_steps(adjusted.residuals(_steps(features)), targets, split),
    ]
    treatments = range(treatment.shape[1])
    tests = [_confounded(adjusted, each, k) for each in predicted for k in treatments]
    p = min(1.0, 2 * len(tests) * min(tests))
    moved = _moved(adjusted, np.column_stack(predicted))
    levels = adjusted.residuals(_by_trees(features, adjusted.data.treatment, split, 5))
    return (
        _form(model, adjusted, p, moved, estimands),
        _overlap(adjusted, treatment, levels, estimands),
    )


def _features(data: Panel, time_effects: bool) -> np.ndarray:
    """Covariates as they are, text by its codes, and time where it has effects, (n, m)."""
    columns = []
    for name in data.covariates:
        column = data.source[name]
        text = isinstance(column.dtype, pd.CategoricalDtype)
        values = column.cat.codes.to_numpy(float) if text else column.to_numpy(float)
        if np.ptp(values) > 0:
            columns.append(values)
    if columns and time_effects:
        columns.append(data.time)
    return np.column_stack(columns) if columns else np.empty((len(data), 0))


def _by_trees(
    features: np.ndarray,
    targets: np.ndarray,
    split: Split,
    leaf: int,
) -> np.ndarray:
    """Predictions of each target (n, k) by boosted trees that saw the other clusters.

    Parameters
    ----------
    features : array, shape (n, m)
    targets : array, shape (n, k)
    split : list of (rows to learn from, rows to predict)
    leaf : int
        The most rows that a leaf must have.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    learner = HistGradientBoostingRegressor(
        max_iter=40,
        learning_rate=0.2,
        max_leaf_nodes=16,
        min_samples_leaf=int(np.clip(len(features) // 40, 4, leaf)),
        l2_regularization=1.0,
        early_stopping=False,
        random_state=0,
    )
    ones = np.ones(len(features))
    with threadpool_limits(1):
        return np.column_stack(
            [
                cross_fitting.cross_fitted(learner, features, target, split, ones)
                for target in targets.T
            ]
        )


def _steps(features: np.ndarray) -> np.ndarray:
    """Whether each covariate is above each of some thresholds, (n, m)."""
    each = max(min(_THRESHOLDS, _MOST_STEPS // features.shape[1]), 1)
    shares = (np.arange(each) + 0.5) / each
    return np.hstack(
        [
            values[:, None] > np.unique(np.quantile(values, shares))
            for values in features.T
        ]
    ).astype(float)


def _by_steps(steps: np.ndarray, targets: np.ndarray, split: Split) -> np.ndarray:
    """Predictions of each target (n, k) by the one step that serves best in the other clusters.

    Parameters
    ----------
    steps : array, shape (n, m)
        Residuals of steps.
    targets : array, shape (n, k)
    split : list of (rows to learn from, rows to predict)
    """
    predicted = np.zeros(targets.shape)
    for seen, held in split:
        products = steps[seen].T @ targets[seen]
        squares = np.maximum((steps[seen] ** 2).sum(axis=0), 1e-9)
        best = np.argmax(products**2 / squares[:, None], axis=0)
        for k, step in enumerate(best):
            predicted[held, k] = steps[held, step] * products[step, k] / squares[step]
    return predicted


def _confounded(adjusted: Adjusted, predicted: np.ndarray, k: int) -> float:
    """The p-value of a prediction moving both the k-th treatment and the outcome.

    Parameters
    ----------
    adjusted : Adjusted
    predicted : array, shape (n, treatments + 1)
        Predictions of each treatment's residuals, and of the outcome's.
    k : int
    """
    treatment = adjusted.treatment[:, k]
    for_treatment, for_outcome = predicted[:, [k]], predicted[:, [-1]]
    by_treatment = max(
        _one_sided(adjusted, for_treatment, treatment),
        adjusted.score_test(for_treatment).p,
    )
    by_outcome = max(
        adjusted.score_test(for_outcome, treatment).p,
        _one_sided(adjusted, adjusted.without_treatment(for_outcome), adjusted.error),
    )
    return min(by_treatment, by_outcome)


def _one_sided(adjusted: Adjusted, column: np.ndarray, target: np.ndarray) -> float:
    """The p-value of a prediction being of use: its covariance with the target is positive."""
    return float(stats.norm.sf(adjusted.score_test(column, target).z[0]))


def _moved(adjusted: Adjusted, predicted: np.ndarray) -> np.ndarray:
    """By how many of its standard errors each effect moves when the predictions are columns."""
    columns = predicted / np.maximum(predicted.std(axis=0), 1e-300)
    decomposed = np.linalg.svd(columns, full_matrices=False)
    basis = decomposed.U[:, 1e-8 * max(decomposed.S[0], 1e-300) < decomposed.S]
    rest = adjusted.treatment - basis @ (basis.T @ adjusted.treatment)
    outcome = adjusted.outcome - basis @ (basis.T @ adjusted.outcome)
    shift = np.linalg.lstsq(rest, outcome, rcond=1e-10)[0] - adjusted.effect
    return shift / np.maximum(adjusted.standard_errors, 1e-300)


def _form(
    model: PanelDML,
    adjusted: Adjusted,
    p: float,
    moved: np.ndarray,
    estimands: tuple[str, ...],
) -> Check:
    farthest = int(np.argmax(abs(moved)))
    name = adjusted.columns.effects[farthest]
    passed = not (p < _LEVEL and bool(abs(moved[farthest]) > _LEAST_SHIFT))
    return Check(
        name=_NAME,
        passed=passed,
        value=p,
        expected=f"p-value of at least {_LEVEL:g}, or an effect that moves by less than "
        f"{_LEAST_SHIFT:g} of its standard errors",
        finding="boosted trees and steps find in the covariates what moves treatment and outcome "
        f"alike with p = {p:.2g}; with their predictions as columns, the effect of {name} moves "
        f"by {moved[farthest]:+.2g} of its standard errors",
        remedy="" if passed else _remedy(model),
        estimands=estimands,
        assumption=model.basis_family.assumption_name,
    )


def _remedy(model: PanelDML) -> str:
    steps = [*model.basis_family.remedy(model)]
    if model.nuisance == "basis" and model.heterogeneity in ("within", "pooled"):
        steps.insert(0, "learn products and steps: say `nuisance='boosting'`")
    steps.append(
        "steps may be missing: give thresholds as covariates of 0 and 1, or see what "
        "`cs.panel_dml_estimators(fit, methods=['CRE'], seed=1)` estimates by boosted trees"
    )
    if model.time_effects:
        steps.append(
            "trends may depend on a covariate: give its product with time as a covariate"
        )
    return (
        "Covariates confound in ways that the columns do not follow: "
        + "; ".join(steps)
        + "."
    )


def _overlap(
    adjusted: Adjusted,
    treatment: np.ndarray,
    predicted: np.ndarray,
    estimands: tuple[str, ...],
) -> Check:
    """Whether a treatment is computed from the covariates, but for what the columns cannot follow.

    Parameters
    ----------
    adjusted : Adjusted
    treatment : array, shape (n, k)
        Residuals of the treatments.
    predicted : array, shape (n, k)
        The same, predicted by boosted trees.
    estimands : tuple of str
    """
    values = adjusted.data.treatment
    binary = ((values == 0) | (values == 1)).all(axis=0)
    squares = np.maximum((treatment**2).sum(axis=0), 1e-300)
    unexplained = ((treatment - predicted) ** 2).sum(axis=0) / squares
    most = np.where(binary, _MOST_EXPLAINED_BINARY, _MOST_EXPLAINED)
    worst = int(np.argmin(unexplained / (1 - most)))
    share = max(1 - float(unexplained[worst]), 0.0)
    limit = float(most[worst])
    overlaps = share < limit
    remedy = (
        "Hardly any rows with the same covariates have different treatments (no overlap): the "
        "effect is seen only by what the columns cannot follow. Leave out the covariate that the "
        "treatment is computed from, and compare rows near the threshold (regression "
        "discontinuity)."
    )
    return Check(
        name="treatment is not a function of the covariates",
        passed=overlaps,
        value=share,
        expected=f"less than {limit:.0%} of the treatment's residuals explained by boosted trees "
        "in units that they did not see",
        finding=f"{share:.0%} of the residuals of {adjusted.data.treatments[worst]} explained",
        remedy="" if overlaps else remedy,
        estimands=estimands,
    )


def _too_few(count: int, estimands: tuple[str, ...]) -> Check:
    return Check(
        name=_NAME,
        passed=None,
        value=None,
        expected=f"at least {FEWEST_CLUSTERS} units seen more than once",
        finding=f"{count} units are too few to learn from some and test on the others",
        remedy="See what `interactions`, `basis_size` and `basis` do to the effect.",
        estimands=estimands,
    )
