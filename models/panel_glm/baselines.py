"""Estimators beside the posterior: conditional maximum likelihood, and regression without units."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.models.panel_glm.design import columns_of_rows, design_of
from causalstats.numerics.panel.linear_estimators import Estimate

if TYPE_CHECKING:
    from causalstats.data import Panel
    from causalstats.models.panel_glm.model import PanelGLM


@dataclass(frozen=True, eq=False)
class Ratio:
    """An estimate of a logarithm, told as a ratio.

    Parameters
    ----------
    logarithm : Estimate
    """

    logarithm: Estimate

    def mean(self) -> np.ndarray:
        return self._ratio(self.logarithm.mean())

    def quantile(self, prob: float) -> np.ndarray:
        return self._ratio(self.logarithm.quantile(prob))

    @staticmethod
    def _ratio(logarithm: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):  # infinite where the likelihood has no maximum
            return np.asarray(np.exp(logarithm))


def baselines(model: PanelGLM, data: Panel) -> Mapping[str, Callable[..., Any]]:
    """Return conditional maximum likelihood and pooled regression by statsmodels, by name.

    The first takes no weights, and is left out where rows have different ones.
    """
    estimators = {"pooled, no unit effects": partial(_pooled, model, data)}
    if np.ptp(data.weights) == 0:
        conditional = partial(_conditional, model, data)
        estimators = {"conditional maximum likelihood": conditional, **estimators}

    def rule(
        estimate: Callable[[], Estimate], rng: np.random.Generator
    ) -> tuple[Ratio, None]:
        return Ratio(_treatments(estimate(), model, data)), None

    return {name: partial(rule, estimate) for name, estimate in estimators.items()}


def _conditional(model: PanelGLM, data: Panel) -> Estimate:
    from statsmodels.discrete.conditional_models import (
        ConditionalLogit,
        ConditionalPoisson,
    )

    kind = ConditionalLogit if model.family == "logit" else ConditionalPoisson
    design = design_of(model, data)
    rows = design.seen > 0
    groups = np.repeat(design.unit, rows.sum(axis=1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of units whose outcome does not change
        outcome = design.outcome[rows] / design.dispersion  # quasi-likelihood
        result = kind(outcome, design.columns[rows], groups=groups).fit(disp=0)
    return Estimate(result.params, result.cov_params(), len(design.unit) - 1)


def _pooled(model: PanelGLM, data: Panel) -> Estimate:
    """Estimate from all rows: units whose outcome never changes say something without effects."""
    import statsmodels.api as sm

    family = (
        sm.families.Binomial() if model.family == "logit" else sm.families.Poisson()
    )
    columns = np.hstack(columns_of_rows(model, data)[0])
    columns = sm.add_constant(columns, prepend=False, has_constant="add")
    groups = data.cluster[data.unit]
    regression = sm.GLM(data.outcome, columns, family=family, var_weights=data.weights)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of weights: scores of clusters have them
        result = regression.fit(cov_type="cluster", cov_kwds={"groups": groups})
    return Estimate(result.params, result.cov_params(), len(np.unique(groups)) - 1)


def _treatments(estimate: Estimate, model: PanelGLM, data: Panel) -> Estimate:
    """Return the treatments' part of an estimate, per unit of each treatment."""
    units = design_of(model, data).treatment_units
    part = slice(len(data.treatments))
    covariance = estimate.covariance[part, part] / np.outer(units, units)
    return Estimate(estimate.coefficients[part] / units, covariance, estimate.degrees)
