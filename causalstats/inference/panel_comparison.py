"""Estimators of a panel side by side, the machine-learned among them, each with where it is biased and why."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from causalstats.core.effect import INTERVAL
from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.panel_dml.baselines import linear
from causalstats.models.panel_dml.learners import LEARNED, CrossFitted
from causalstats.numerics import cross_fitting
from causalstats.runs.progress import stage

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LINEAR = ("simple OLS", "pooled OLS", "fixed effects", "first differences")
_SLOW = "dummies"
_BUILT_IN = ("boosting", "lasso")


@dataclass(frozen=True, eq=False)
class PanelEstimates:
    """`table` has a row a method (and treatment, of several): estimate, se (cluster-robust), lower, upper, seconds by itself, and where it is biased."""

    table: pd.DataFrame
    title: str

    def plot(self) -> Figure:
        """Estimates with their intervals, and where each is biased."""
        from causalstats import plots

        return plots.estimators(self.table.rename(columns={"estimate": "mean"}), self.title)

    def __repr__(self) -> str:
        return f"{self.title}\n{self.table.to_string(float_format='{:.4g}'.format)}"

    def _repr_html_(self) -> str:
        return f"<div><p>{self.title}</p>{self.table.to_html(float_format='{:.4g}'.format)}</div>"


def panel_dml_estimators(
    panel: Any,
    *,
    learner: Any = "boosting",
    split: Literal["observation", "unit", "period", "neighbours"] = "observation",
    folds: int = 5,
    methods: Sequence[str] | None = None,
    time_effects: bool = False,
    seed: int,
    prob: float = INTERVAL,
    progress: bool = True,
) -> PanelEstimates:
    """Least squares and double machine learning of a panel, in the ways of Fuhr & Papies (2024) and Clarke & Polselli (2026).

    Outcome and treatment are predicted by a learner that saw other rows, and what is left of one is regressed on what is left of the other, over all folds at
    once. The learner is told of units by nothing (pooled DML), by columns about their unit means (early FE) or what is left about its own (late FE), by a
    column a unit (dummies), or by unit means of covariates and treatment (CRE); in Clarke & Polselli's, treatment enters by its own equation alone (CRE,
    normal), or by what is left of its unit mean (CRE, general), or changes are learned from the covariates of both rows (FD, exact). Errors are clustered by
    unit, or by the clusters of the panel; with boosted trees they are often too small.

    Parameters
    ----------
    panel : Panel, or Fit of a PanelDML
        Of a fit, its answer is the first row, and periods have effects where the model says so.
    learner : "boosting", "lasso" or any regressor of scikit-learn
        Scaling and the like belong into its pipeline, where each fold learns its own. "lasso" has squares and products of the columns.
    split : "observation", "unit", "period" or "neighbours"
        What is left out together. Fuhr & Papies advise against units, Clarke & Polselli take them. "neighbours": adjacent periods, and groups of them next to
        those predicted are not learned from.
    methods : list of str or None
        None: all but "dummies", which with many units takes tens of times as long.
    time_effects : bool
        Whether periods have effects: a column each, and its unit means where those of covariates enter.

    Raises
    ------
    ModelError
    """
    fit, panel, time_effects = (
        (None, panel, time_effects) if isinstance(panel, Panel) else _of_fit(panel, time_effects)
    )
    chosen = _chosen(methods)
    _refuse(panel, learner, split, folds, prob)
    crossed = CrossFitted(panel, time_effects, partial(_learner, learner, seed), split, folds, seed)
    rows = [] if fit is None else [_ours(fit, prob)]
    with stage("Estimating", progress) as advance:
        for number, name in enumerate(chosen):
            advance(number / len(chosen), name)
            rows.append(_row(name, crossed, prob))
    table = pd.concat(rows)
    if len(panel.treatments) == 1:
        table = table.droplevel("treatment")
    described = learner if isinstance(learner, str) else type(learner).__name__
    return PanelEstimates(
        table,
        f"Effect of {', '.join(panel.treatments)} on {panel.arguments['outcome']}: {described}, {folds} folds by {split}",
    )


def _row(name: str, crossed: CrossFitted, prob: float) -> pd.DataFrame:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(
        1
    ):  # of small fits, threads that wait for each other are most of the time
        if name in LEARNED:
            found, seconds = crossed.estimate(LEARNED[name])
            biased = LEARNED[name].biased
        else:
            started = time.perf_counter()
            biased, estimate = linear(crossed.panel, crossed.time_effects)[name]
            found, seconds = estimate(), time.perf_counter() - started
    se = np.sqrt(np.diag(found.covariance))
    half = stats.t.ppf((1 + prob) / 2, found.degrees) * se
    columns = {
        "estimate": found.coefficients,
        "se": se,
        "lower": found.coefficients - half,
        "upper": found.coefficients + half,
    }
    index = pd.MultiIndex.from_product(
        [[name], crossed.panel.treatments], names=["method", "treatment"]
    )
    return pd.DataFrame(columns | {"seconds": seconds, "biased": biased}, index=index)


def _ours(fit: Any, prob: float) -> pd.DataFrame:
    found = (
        fit.effect("effect")
        .numbers(prob)
        .rename(columns={"mean": "estimate", "sd": "se"})[["estimate", "se", "lower", "upper"]]
    )
    found.index = pd.MultiIndex.from_product(
        [[type(fit.model).__name__], fit.data.treatments], names=["method", "treatment"]
    )
    return found.assign(
        seconds=fit.draws.attrs["seconds"],
        biased="where covariates act jointly and no `interactions` say so",
    )


def _learner(learner: Any, seed: int, expanded: int) -> Any:
    if not isinstance(learner, str):
        return learner
    return (
        cross_fitting.boosting(seed)
        if learner == "boosting"
        else cross_fitting.lasso(seed, expanded)
    )


def _of_fit(fit: Any, time_effects: bool) -> tuple[Any, Panel, bool]:
    if not isinstance(getattr(fit, "data", None), Panel):
        raise ModelError(
            f"Expected a `Panel` or the fit of a `PanelDML`, got {type(fit).__name__}."
        )
    return fit, fit.data, time_effects or fit.model.time_effects


def _chosen(methods: Sequence[str] | None) -> tuple[str, ...]:
    known = (*LINEAR, *LEARNED)
    if methods is None:
        return tuple(name for name in known if name != _SLOW)
    if isinstance(methods, str) or not methods or not set(methods) <= set(known):
        raise ModelError(
            f"Expected `methods` as a list of some of {', '.join(map(repr, known))}, got {methods!r}."
        )
    return tuple(methods)


def _refuse(panel: Panel, learner: Any, split: str, folds: int, prob: float) -> None:
    if split not in cross_fitting.SPLITS:
        raise ModelError(
            f"Expected `split` as one of {', '.join(map(repr, cross_fitting.SPLITS))}, got {split!r}."
        )
    fewest = 4 if split == "neighbours" else 2
    if isinstance(folds, bool) or not isinstance(folds, int) or folds < fewest:
        raise ModelError(
            f"Expected `folds` as a whole number of at least {fewest} with split={split!r}, got {folds!r}."
        )
    if not 0 < prob < 1:
        raise ModelError(f"Expected `prob` between 0 and 1, got {prob!r}.")
    kind, there = {"observation": ("row", len(panel)), "unit": ("unit", len(panel.units))}.get(
        split, ("period", len(panel.periods))
    )
    if there < folds:
        raise ModelError(
            f"This panel has {there} {kind}s, too few for {folds} folds by {split}. Say fewer `folds` or another `split`."
        )
    _refuse_learner(learner, bool(np.ptp(panel.weights)))
    still = panel.constant_within_units(panel.treatment).all(axis=0)
    if still.any():
        raise ModelError(
            f"{panel.treatments[int(np.argmax(still))]!r} does not vary within any unit: there is no change whose effect could be seen."
        )


def _refuse_learner(learner: Any, weighted: bool) -> None:
    from sklearn.base import is_regressor

    if isinstance(learner, str):
        if learner not in _BUILT_IN:
            raise ModelError(
                f"Expected `learner` as 'boosting', 'lasso' or a regressor of scikit-learn, got {learner!r}."
            )
    elif isinstance(learner, type) or not is_regressor(learner):
        raise ModelError(
            f"Expected `learner` as a regressor, such as `RandomForestRegressor()`, got {learner!r}."
        )
    elif weighted and not cross_fitting.takes_weights(learner):
        raise ModelError(
            f"{type(learner).__name__} takes no `sample_weight`, and rows of this panel have weights. Choose another learner."
        )
