"""What can be asked of a panel: the effects, what would be needed to explain them away, and how much of the treatment is left to see them by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from causalstats.core.estimand import Estimand
from causalstats.data import Panel, PanelRows
from causalstats.data.columns import unknown
from causalstats.models.panel_dml.parameters import residual_covariance
from causalstats.numerics.panel.within_transformation import demeaned


def estimands(model: Any) -> dict[str, Estimand]:
    """By name, with the assumptions of this model."""
    stands_on = tuple(assumption.name for assumption in model.assumptions())
    slope, contrast = "outcome per unit of treatment", "one unit more of the treatment"
    per_unit = partial(Estimand, unit=slope, contrast=contrast, assumptions=stands_on)
    share = partial(
        Estimand,
        unit="share of variance",
        contrast=contrast,
        kind="associational",
        assumptions=stands_on,
    )
    text = "Change of the outcome when the treatment changes by one unit and nothing else does"
    mean_of_units = f"{text}, as a mean of the distribution of units."
    told = mean_of_units if model.effects == "unit" else f"{text}."
    found = {"effect": per_unit(compute=_effect, description=told, kind="causal")}
    if model.moderators is not None:
        average = partial(_average_effect, model)
        found["effect"] = per_unit(
            compute=average,
            at=partial(_effect_at, model),
            averages_people=True,
            description=f"{text}, as a mean over the rows of the study.",
            kind="causal",
        )
        found["moderation"] = per_unit(
            compute=partial(_moderation, model),
            description="By how much more the outcome changes for each unit that the moderator is higher; of text, against its first level.",
            unit="outcome per unit of treatment and unit of moderator",
            contrast="one unit more of the moderator",
            kind="associational",
        )
    else:
        found |= {
            "robustness_value": share(
                compute=_robustness,
                description="What share of what is left of both treatment and outcome an unobserved cause must explain to bring the effect to 0 "
                "(Cinelli & Hazlett 2020).",
            ),
            "treatment_left": share(
                compute=partial(_treatment_left, model),
                description="Share of the treatment's variance that neither units nor covariates explain: what the effect is seen by. "
                "By chance it can be above 1.",
            ),
        }
    if model.effects == "unit":
        found |= {
            "average_effect": per_unit(
                compute=_drawn("average_effect"),
                kind="causal",
                description=mean_of_units,
            ),
            "effect_spread": per_unit(
                compute=_drawn("effect_spread"),
                kind="causal",
                description="Standard deviation of units' effects.",
            ),
            "unit_effect": per_unit(
                compute=_drawn("unit_effect"), kind="causal", description=f"{text}, of each unit."
            ),
        }
    if model.heterogeneity == "mundlak":
        found |= {
            "between_effect": per_unit(
                compute=_drawn("between_effect"),
                kind="associational",
                description="The same between units, of unit means given means of every column: causal only if units with other treatments would "
                "else be alike.",
            ),
            "contextual_effect": per_unit(
                compute=_drawn("contextual_effect"),
                kind="associational",
                description="Between less within: where it is not 0, units with other treatments differ in what matters for the outcome (Mundlak's test).",
            ),
        }
    return found


def _one_or_many(values: xr.DataArray) -> xr.DataArray:
    return values.isel(treatment=0, drop=True) if values.sizes.get("treatment") == 1 else values


def _effect(draws: xr.Dataset, data: Panel) -> xr.DataArray:
    return _one_or_many(draws["effect"])


def _drawn(name: str) -> Callable[[xr.Dataset, Panel], xr.DataArray]:
    return lambda draws, data: _one_or_many(draws[name])


def _average_effect(model: Any, draws: xr.Dataset, data: Panel | PanelRows) -> xr.DataArray:
    """θ'(1, w) at the mean of w over these rows, each as often as its weight says."""
    rows = data if isinstance(data, PanelRows) else data.part(slice(None))
    mean = np.average(_moderators(model, rows), axis=0, weights=rows.weights)
    return _one_or_many(_at(draws, mean[None], rows.panel.treatments).isel(row=0, drop=True))


def _effect_at(model: Any, draws: xr.Dataset, rows: PanelRows) -> xr.DataArray:
    """θ'(1, w) of other rows."""
    return _one_or_many(_at(draws, _moderators(model, rows), rows.panel.treatments))


def _moderators(model: Any, rows: PanelRows) -> np.ndarray:
    columns = model.prepared(rows.panel).columns
    for name in columns.moderation.variables:
        if name not in rows.table:
            raise unknown(name, rows.table.columns, "column")
    return columns.moderators(rows.table)


def _at(draws: xr.Dataset, moderators: np.ndarray, treatments: Sequence[str]) -> xr.DataArray:
    """Draws with dims (chain, draw, row, treatment)."""
    theta = draws["effect"].to_numpy()
    values = np.einsum(
        "cdmk,nm->cdnk", theta.reshape(*theta.shape[:2], -1, len(treatments)), moderators
    )
    return xr.DataArray(
        values,
        dims=("chain", "draw", "row", "treatment"),
        coords={
            "chain": draws["chain"],
            "draw": draws["draw"],
            "row": np.arange(len(moderators)),
            "treatment": list(treatments),
        },
    )


def _moderation(model: Any, draws: xr.Dataset, data: Panel) -> xr.DataArray:
    """Effects of treatments times moderators."""
    found = draws["effect"].isel(treatment=slice(len(data.treatments), None))
    return found.rename(treatment="moderator")


def _robustness(draws: xr.Dataset, data: Panel) -> xr.DataArray:
    """½ (√(f⁴ + 4f²) - f²), f² = θ_j² / (s_e² (Σ_D⁻¹)_jj): Cohen's f of the treatment's partial R².

    Of errors that last, with what is left of the treatment as the outcome's errors weigh it, v_t - ρ_e v_(t-1), whose variance is
    s_v² (1 + ρ_e² - 2 ρ_e ρ_v) / (1 - ρ_v²).
    """
    theta, left, error = _standard(draws)
    if "serial_correlation" in draws:
        of_treatment, of_outcome = np.split(draws["serial_correlation"].to_numpy(), [-1], axis=-1)
        left = left * (1 + of_outcome**2 - 2 * of_outcome * of_treatment) / (1 - of_treatment**2)
    f2 = theta**2 * left / error[..., None]
    return _like(draws, (np.sqrt(f2**2 + 4 * f2) - f2) / 2)


def _treatment_left(model: Any, draws: xr.Dataset, data: Panel) -> xr.DataArray:
    """1 / (Σ_D⁻¹)_jj beside the variance of D_j in the sample, about unit means where those are taken out."""
    units = model.prepared(data).units[:-1]
    left = demeaned(data.treatment, data.starts if model.inside else np.zeros(1, int), data.weights)
    total = (data.weights[:, None] * left**2).sum(axis=0) / (
        len(data) - (len(data.units) if model.inside else 1)
    )
    left = _standard(draws)[1]
    if "serial_correlation" in draws:
        left = left / (1 - draws["serial_correlation"].to_numpy()[..., :-1] ** 2)
    return _like(draws, left * units**2 / total)


def _standard(draws: xr.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """θ, 1 / (Σ_D⁻¹)_jj, each (chain, draw, treatment), and s_e² (chain, draw)."""
    theta, sd = draws["standard_effect"].to_numpy(), draws["standard_error_sd"].to_numpy()
    links = draws["standard_link"].to_numpy() if "standard_link" in draws else None
    whole = residual_covariance(np, theta, links, sd)[..., :-1, :-1]
    return theta, 1 / np.diagonal(np.linalg.inv(whole), axis1=-2, axis2=-1), sd[..., -1] ** 2


def _like(draws: xr.Dataset, values: np.ndarray) -> xr.DataArray:
    return _one_or_many(draws["effect"].copy(data=values))
