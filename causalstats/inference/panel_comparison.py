"""Estimators of a panel side by side, double machine learning among them."""

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
from causalstats.models.panel_dml.double_machine_learning import LEARNED, CrossFitted
from causalstats.models.panel_dml.model import PanelDML
from causalstats.numerics import cross_fitting
from causalstats.numerics.cross_fitting import Regressor
from causalstats.numerics.panel.linear_estimators import Estimate
from causalstats.runs.progress import stage

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from causalstats.inference.fit import Fit

LINEAR = ("simple OLS", "pooled OLS", "fixed effects", "first differences")
_LEFT_OUT_BY_DEFAULT = "dummies"  # with many units it takes tens of times as long
_BUILT_IN_LEARNERS = ("boosting", "lasso")


@dataclass(frozen=True, eq=False)
class PanelEstimates:
    """Estimates of one effect by several methods.

    Parameters
    ----------
    table : DataFrame
        One row a method, and a treatment where there are several. Columns: `estimate`, `se`
        (cluster-robust), `lower` and `upper` in units of the outcome per unit of the treatment,
        `seconds` of the method by itself, and `biased`, where the method is.
    title : str

    Examples
    --------
    >>> import causalstats as cs
    >>> panel = cs.PanelDML().simulate(2, units=40, times=4, structure="B").data
    >>> methods = ["pooled OLS", "fixed effects"]
    >>> estimates = cs.panel_dml_estimators(panel, methods=methods, seed=1, progress=False)
    >>> list(estimates.table.columns)
    ['estimate', 'se', 'lower', 'upper', 'seconds', 'biased']
    """

    table: pd.DataFrame
    title: str

    def plot(self, *, ax: Axes | None = None) -> Figure:
        """Return a figure of the estimates with their intervals, and where each is biased.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where it is drawn; a new figure unless given.
        """
        from causalstats.plots.forest import estimators

        table = self.table.rename(columns={"estimate": "mean"})
        return estimators(table, self.title, ax=ax)

    def __repr__(self) -> str:
        return f"{self.title}\n{self.table.to_string(float_format='{:.4g}'.format)}"

    def _repr_html_(self) -> str:
        return f"<div><p>{self.title}</p>{self.table.to_html(float_format='{:.4g}'.format)}</div>"


def panel_dml_estimators(
    panel: Panel | Fit,
    *,
    learner: Literal["boosting", "lasso"] | Regressor = "boosting",
    split: Literal["observation", "unit", "period", "neighbours"] = "observation",
    folds: int = 5,
    methods: Sequence[str] | None = None,
    time_effects: bool = False,
    seed: int,
    prob: float = INTERVAL,
    progress: bool = True,
) -> PanelEstimates:
    """Estimate the effect of a panel by least squares and by double machine learning.

    The methods are those of Fuhr & Papies (2024) and Clarke & Polselli (2026). Outcome and
    treatment are predicted by a learner that saw other rows (cross-fitting), and residuals of one
    are regressed on residuals of the other, over all folds at once. Standard errors are clustered
    by unit, or by the clusters of the panel; with boosted trees they are often too small.

    Parameters
    ----------
    panel : Panel or Fit of a PanelDML
        The answer of a fit is the first row, and periods have effects where its model says so.
    learner : {"boosting", "lasso"} or regressor of scikit-learn, default "boosting"
        Scaling and the like belong into its pipeline, where each fold learns its own. "lasso" has
        squares and products of the columns.
    split : {"observation", "unit", "period", "neighbours"}, default "observation"
        Rows that are left out together. Fuhr & Papies advise against units, Clarke & Polselli
        take them. "neighbours": adjacent periods, and the folds next to those predicted are not
        learned from.
    folds : int, default 5
    methods : list of str, optional
        Names of rows of the table below; all but "dummies" unless given, which with many units
        takes tens of times as long.
    time_effects : bool, default False
        Whether periods have effects: a column each, and its unit means where those of covariates
        enter.
    seed : int
        Seed of folds and learner.
    prob : float, default 0.95
        Probability of the intervals.
    progress : bool, default True

    Returns
    -------
    PanelEstimates

    Raises
    ------
    ModelError
        When an option is not one of those named, the panel has fewer rows, units or periods than
        folds, a treatment never changes within a unit, or the learner takes no weights and rows
        have them.

    Notes
    -----
    ====================  ==========================================================
    method                how units are dealt with
    ====================  ==========================================================
    "simple OLS"          not at all, nor covariates
    "pooled OLS"          not at all
    "fixed effects"       within transformation, covariates linear
    "first differences"   changes, covariates linear
    "pooled DML"          not at all
    "early FE"            learners see columns about their unit means
    "late FE"             residuals about their unit means
    "dummies"             learners see a dummy for each unit
    "CRE"                 learners see unit means of covariates and treatment (Mundlak)
    "CRE, general"        unit means of covariates; the treatment's residuals demeaned
    "CRE, normal"         unit means; that of the treatment in its own equation alone
    "FD, exact"           changes, learned from the covariates of both rows
    ====================  ==========================================================

    Examples
    --------
    >>> import causalstats as cs
    >>> panel = cs.PanelDML().simulate(4, units=60, times=5, structure="B", shape="linear").data
    >>> methods = ["pooled OLS", "fixed effects", "CRE"]
    >>> from sklearn.linear_model import LinearRegression
    >>> estimates = cs.panel_dml_estimators(
    ...     panel, learner=LinearRegression(), methods=methods, seed=1, progress=False
    ... )
    >>> estimates.table["estimate"].round(1).to_dict()  # the true effect is 1
    {'pooled OLS': 1.3, 'fixed effects': 1.0, 'CRE': 1.0}
    """
    fit = None
    if not isinstance(panel, Panel):
        fit, panel = panel, _panel_of(panel)
        if isinstance(fit.model, PanelDML):
            time_effects = time_effects or fit.model.time_effects
    chosen = _chosen_methods(methods)
    _refuse_options(panel, split, folds, prob)
    _refuse_learner(learner, bool(np.ptp(panel.weights)))
    _refuse_constant_treatment(panel)
    cross_fitted = CrossFitted(
        panel=panel,
        time_effects=time_effects,
        learner=partial(_learner, learner, seed),
        split=split,
        folds=folds,
        seed=seed,
    )
    rows = [] if fit is None else [_row_of_fit(fit, prob)]
    with stage("Estimating", progress) as advance:
        for number, name in enumerate(chosen):
            advance(number / len(chosen), name)
            rows.append(_row(name, cross_fitted, prob))
    table = pd.concat(rows)
    if len(panel.treatments) == 1:
        table = table.droplevel("treatment")
    described = learner if isinstance(learner, str) else type(learner).__name__
    treatments = ", ".join(panel.treatments)
    title = (
        f"Effect of {treatments} on {panel.arguments['outcome']}: {described}, {folds} folds by "
        f"{split}"
    )
    return PanelEstimates(table, title)


def _row(name: str, cross_fitted: CrossFitted, prob: float) -> pd.DataFrame:
    """The rows of one method, one a treatment."""
    estimate, seconds, biased = _estimate(name, cross_fitted)
    se = np.sqrt(np.diag(estimate.covariance))
    half = stats.t.ppf((1 + prob) / 2, estimate.degrees) * se
    columns = {
        "estimate": estimate.coefficients,
        "se": se,
        "lower": estimate.coefficients - half,
        "upper": estimate.coefficients + half,
    }
    index = _index(name, cross_fitted.panel)
    return pd.DataFrame(columns | {"seconds": seconds, "biased": biased}, index=index)


def _estimate(name: str, cross_fitted: CrossFitted) -> tuple[Estimate, float, str]:
    """An estimate, the seconds it took, and where it is biased."""
    from threadpoolctl import threadpool_limits

    # In small fits threads that wait for each other are most of the time.
    with threadpool_limits(1):
        if name in LEARNED:
            method = LEARNED[name]
            return *cross_fitted.estimate(method), method.biased
        started = time.perf_counter()
        estimator = linear(cross_fitted.panel, cross_fitted.time_effects)[name]
        estimate = estimator.estimate()
        return estimate, time.perf_counter() - started, estimator.biased


def _row_of_fit(fit: Fit, prob: float) -> pd.DataFrame:
    """The rows of the fit's own answer."""
    names = {"mean": "estimate", "sd": "se"}
    numbers = fit.effect("effect").numbers(prob).rename(columns=names)
    rows = numbers[["estimate", "se", "lower", "upper"]].copy()
    rows.index = _index(type(fit.model).__name__, fit.data)
    return rows.assign(
        seconds=fit.draws.attrs["seconds"],
        biased="where covariates act jointly and no `interactions` say so",
    )


def _index(method: str, panel: Panel) -> pd.MultiIndex:
    return pd.MultiIndex.from_product(
        [[method], panel.treatments], names=["method", "treatment"]
    )


def _learner(learner: Any, seed: int, expanded: int) -> Any:
    if not isinstance(learner, str):
        return learner
    if learner == "boosting":
        return cross_fitting.boosting(seed)
    return cross_fitting.lasso(seed, expanded)


def _panel_of(fit: Fit) -> Panel:
    data = getattr(fit, "data", None)
    if not isinstance(data, Panel):
        raise ModelError(
            f"Expected a `Panel` or the fit of a `PanelDML`, got {type(fit).__name__}."
        )
    return data


def _chosen_methods(methods: Sequence[str] | None) -> tuple[str, ...]:
    known = (*LINEAR, *LEARNED)
    if methods is None:
        return tuple(name for name in known if name != _LEFT_OUT_BY_DEFAULT)
    if isinstance(methods, str) or not methods or not set(methods) <= set(known):
        raise ModelError(
            f"Expected `methods` as a list of some of {', '.join(map(repr, known))}, got "
            f"{methods!r}."
        )
    return tuple(methods)


def _refuse_options(panel: Panel, split: str, folds: int, prob: float) -> None:
    if split not in cross_fitting.SPLITS:
        raise ModelError(
            f"Expected `split` as one of {', '.join(map(repr, cross_fitting.SPLITS))}, got "
            f"{split!r}."
        )
    fewest = 4 if split == "neighbours" else 2
    if isinstance(folds, bool) or not isinstance(folds, int) or folds < fewest:
        raise ModelError(
            f"Expected `folds` as a whole number of at least {fewest} with split={split!r}, got "
            f"{folds!r}."
        )
    if not 0 < prob < 1:
        raise ModelError(f"Expected `prob` between 0 and 1, got {prob!r}.")
    groups = {"observation": ("row", len(panel)), "unit": ("unit", len(panel.units))}
    kind, count = groups.get(split, ("period", len(panel.periods)))
    if count < folds:
        raise ModelError(
            f"This panel has {count} {kind}s, too few for {folds} folds by {split}. Say fewer "
            "`folds` or another `split`."
        )


def _refuse_learner(learner: Any, weighted: bool) -> None:
    from sklearn.base import is_regressor

    if isinstance(learner, str):
        if learner not in _BUILT_IN_LEARNERS:
            raise ModelError(
                "Expected `learner` as 'boosting', 'lasso' or a regressor of scikit-learn, got "
                f"{learner!r}."
            )
    elif isinstance(learner, type) or not is_regressor(learner):
        raise ModelError(
            f"Expected `learner` as a regressor, such as `RandomForestRegressor()`, got "
            f"{learner!r}."
        )
    elif weighted and not cross_fitting.weights_argument(learner):
        raise ModelError(
            f"{type(learner).__name__} takes no `sample_weight`, and rows of this panel have "
            "weights. Choose another learner."
        )


def _refuse_constant_treatment(panel: Panel) -> None:
    constant = panel.constant_within_units(panel.treatment).all(axis=0)
    if constant.any():
        name = panel.treatments[int(np.argmax(constant))]
        raise ModelError(
            f"{name!r} does not vary within any unit: there is no change whose effect could be "
            "seen."
        )
