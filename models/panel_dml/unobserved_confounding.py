"""Sensitivity analysis to unobserved (unmeasured) confounding: robustness value, partial R².

The bias of an omitted variable is bounded by the shares of the residual variances of treatment and
outcome that it explains (Cinelli & Hazlett 2020); the overlap is the share of the treatment's
variance that is left.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.core.estimand import Estimand
from causalstats.data import Panel
from causalstats.models.panel_dml.covariances import residual_covariance
from causalstats.models.panel_dml.estimands import (
    CONTRAST,
    assumption_names,
    one_or_many,
)
from causalstats.numerics.panel.within_transformation import demeaned

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML


def partial_r2_estimands(model: PanelDML) -> dict[str, Estimand]:
    """Return the robustness value, and the share of the treatment that is left unexplained."""
    share = partial(
        Estimand,
        unit="share of variance",
        contrast=CONTRAST,
        kind="associational",
        assumptions=assumption_names(model),
    )
    return {
        "robustness_value": share(
            compute=_robustness_value,
            description="Share of the residual variance of both treatment and outcome that an "
            "unobserved confounder must explain to bring the effect to 0 (Cinelli & Hazlett 2020).",
        ),
        "treatment_left": share(
            compute=partial(_treatment_left, model),
            description="Share of the treatment's variance that neither units nor covariates "
            "explain, and from which the effect is estimated. By chance it can exceed 100 %.",
        ),
    }


def _robustness_value(draws: xr.Dataset, data: Panel) -> xr.DataArray:
    """½ (√(f⁴ + 4f²) - f²), f² = θ_j² / (s_e² (Σ_D⁻¹)_jj): Cohen's f of the partial R².

    With AR(1) errors the treatment's residuals count as the outcome's errors weigh them,
    v_t - ρ_e v_(t-1), with variance s_v² (1 + ρ_e² - 2 ρ_e ρ_v) / (1 - ρ_v²).
    """
    theta, residual_variance, error_variance = _standard_units(draws)
    if "serial_correlation" in draws:
        correlations = draws["serial_correlation"].to_numpy()
        treatment, outcome = np.split(correlations, [-1], axis=-1)
        ratio = 1 + outcome**2 - 2 * outcome * treatment
        residual_variance = residual_variance * ratio / (1 - treatment**2)
    f2 = theta**2 * residual_variance / error_variance[..., None]
    return _like_effect(draws, (np.sqrt(f2**2 + 4 * f2) - f2) / 2)


def _treatment_left(model: PanelDML, draws: xr.Dataset, data: Panel) -> xr.DataArray:
    """1 / (Σ_D⁻¹)_jj over the sample variance of D_j, about unit means in models within units."""
    units = model.statistics(data).units[:-1]
    starts = data.starts if model.within_units else np.zeros(1, int)
    deviations = demeaned(data.treatment, starts, data.weights)
    total = (data.weights[:, None] * deviations**2).sum(axis=0) / (
        len(data) - len(starts)
    )
    residual_variance = _standard_units(draws)[1]
    if "serial_correlation" in draws:
        correlation = draws["serial_correlation"].to_numpy()[..., :-1]
        residual_variance = residual_variance / (1 - correlation**2)
    return _like_effect(draws, residual_variance * units**2 / total)


def _standard_units(draws: xr.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """θ, 1 / (Σ_D⁻¹)_jj, each (chain, draw, treatment), and s_e² (chain, draw)."""
    theta = draws["standard_effect"].to_numpy()
    sd = draws["standard_error_sd"].to_numpy()
    links = draws["standard_link"].to_numpy() if "standard_link" in draws else None
    treatments = residual_covariance(np, theta, links, sd)[..., :-1, :-1]
    precision = np.diagonal(np.linalg.inv(treatments), axis1=-2, axis2=-1)
    return theta, 1 / precision, sd[..., -1] ** 2


def _like_effect(draws: xr.Dataset, values: np.ndarray) -> xr.DataArray:
    return one_or_many(draws["effect"].copy(data=values))
