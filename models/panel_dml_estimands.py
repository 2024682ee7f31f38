"""What can be asked of a panel: the effects, what would be needed to explain them away, and how much of the treatment is left to see them by."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from causalstats.data import Panel
from causalstats.model import Estimand
from causalstats.models.panel_dml_graph import residual_covariance
from causalstats.numerics.within import demeaned


def estimands(model: Any) -> dict[str, Estimand]:
    """By name, with the assumptions of this model."""
    stands_on = tuple(assumption.name for assumption in model.assumptions())
    questions: dict[str, tuple[Callable[[xr.Dataset, Panel], xr.DataArray], str, str, str]] = {
        "effect": (_effect, "causal", "outcome per unit of treatment", "Change of the outcome when the treatment changes by one unit and nothing else does."),
        "robustness_value": (
            _robustness,
            "associational",
            "share of variance",
            "What share of what is left of both treatment and outcome an unobserved cause must explain to bring the effect to 0 (Cinelli & Hazlett 2020).",
        ),
        "treatment_left": (
            partial(_treatment_left, model),
            "associational",
            "share of variance",
            "Share of the treatment's variance that neither units nor covariates explain: what the effect is seen by. By chance it can be above 1.",
        ),
    }
    if model.heterogeneity == "mundlak":
        questions |= {
            "between_effect": (
                _drawn("between_effect"),
                "associational",
                "outcome per unit of treatment",
                "The same between units, of unit means given means of every column: causal only if units with other treatments would else be alike.",
            ),
            "contextual_effect": (
                _drawn("contextual_effect"),
                "associational",
                "outcome per unit of treatment",
                "Between less within: where it is not 0, units with other treatments differ in what matters for the outcome (Mundlak's test).",
            ),
        }
    return {
        name: Estimand(compute=compute, description=description, unit=unit, kind=kind, assumptions=stands_on, contrast="one unit more of the treatment")  # type: ignore[arg-type]
        for name, (compute, kind, unit, description) in questions.items()
    }


def _one_or_many(values: xr.DataArray) -> xr.DataArray:
    return values.isel(treatment=0, drop=True) if values.sizes["treatment"] == 1 else values


def _effect(draws: xr.Dataset, data: Panel) -> xr.DataArray:
    return _one_or_many(draws["effect"])


def _drawn(name: str) -> Callable[[xr.Dataset, Panel], xr.DataArray]:
    return lambda draws, data: _one_or_many(draws[name])


def _robustness(draws: xr.Dataset, data: Panel) -> xr.DataArray:
    """½ (√(f⁴ + 4f²) - f²), f² = θ_j² / (s_e² (Σ_D⁻¹)_jj): Cohen's f of the treatment's partial R²."""
    theta, left, error = _standard(draws)
    f2 = theta**2 * left / error[..., None]
    return _like(draws, (np.sqrt(f2**2 + 4 * f2) - f2) / 2)


def _treatment_left(model: Any, draws: xr.Dataset, data: Panel) -> xr.DataArray:
    """1 / (Σ_D⁻¹)_jj beside the variance of D_j in the sample, about unit means where those are taken out."""
    units = model.prepared(data).units[:-1]
    left = demeaned(data.treatment, data.starts if model.inside else np.zeros(1, int), data.weights)
    total = (data.weights[:, None] * left**2).sum(axis=0) / (len(data) - (len(data.units) if model.inside else 1))
    return _like(draws, _standard(draws)[1] * units**2 / total)


def _standard(draws: xr.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """θ, 1 / (Σ_D⁻¹)_jj, each (chain, draw, treatment), and s_e² (chain, draw)."""
    theta, sd = draws["standard_effect"].to_numpy(), draws["standard_error_sd"].to_numpy()
    links = draws["standard_link"].to_numpy() if "standard_link" in draws else None
    whole = residual_covariance(np, theta, links, sd)[..., :-1, :-1]
    return theta, 1 / np.diagonal(np.linalg.inv(whole), axis1=-2, axis2=-1), sd[..., -1] ** 2


def _like(draws: xr.Dataset, values: np.ndarray) -> xr.DataArray:
    return _one_or_many(draws["effect"].copy(data=values))
