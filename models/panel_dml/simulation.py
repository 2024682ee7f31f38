"""Panels with a known effect: the designs of Fuhr & Papies (2024), and draws from the prior."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.simulation import Simulation
from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.panel_dml.covariances import (
    coefficient_covariance,
    coefficient_factors,
)
from causalstats.models.panel_dml.error_models.ar1 import LOWEST
from causalstats.models.panel_dml.nuisance_basis import basis_of
from causalstats.models.panel_dml.priors import Sizes, parameters_of
from causalstats.models.panel_dml.pymc_model import pairs
from causalstats.numerics.panel.ar1_errors import gaps

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML

_EFFECT = 1.0
_read = partial(Panel.from_frame, unit="unit", time="time", outcome="y", treatment="d")


@dataclass(frozen=True)
class PaperDesign:
    """A design of Fuhr & Papies.

    Parameters
    ----------
    structure : "A", "B" or "C"
        No unit effects; unit effects on treatment and outcome; on the covariates too.
    shape : "linear", "u-shaped" or "product"
        How covariates act on treatment and outcome.
    """

    structure: str
    shape: str


def simulate_paper(
    seed: int, units: int, times: int, covariates: int, design: PaperDesign
) -> Simulation:
    """Return a panel of equations 7 to 12 of Fuhr & Papies, with an effect of 1.

    Parameters
    ----------
    seed : int
    units, times, covariates : int
    design : PaperDesign
    """
    rng = np.random.default_rng(seed)
    in_covariates = rng.standard_normal() if design.structure == "C" else 0.0
    frame, unit_effect = _covariates(rng, units, times, covariates, in_covariates)
    names = [f"x{j + 1}" for j in range(covariates)]
    gamma = rng.standard_normal(covariates) / covariates
    delta = in_covariates if design.structure == "C" else rng.standard_normal()
    x = frame[names].to_numpy()
    power = 2 if design.shape == "u-shaped" else 1
    product = design.shape == "product"
    confounding = gamma.sum() * x.prod(axis=1) if product else x**power @ gamma
    lasting = 0.0 if design.structure == "A" else delta * unit_effect
    frame["d"] = (
        rng.standard_normal() + confounding + lasting + rng.standard_normal(len(frame))
    )
    frame["y"] = (
        rng.standard_normal()
        + _EFFECT * frame["d"]
        + confounding
        + lasting
        + rng.standard_normal(len(frame))
    )
    truth = xr.Dataset(
        {"effect": (("chain", "draw", "treatment"), [[[_EFFECT]]])},
        coords={"treatment": ["d"]},
    )
    return Simulation(
        data=_read(frame, covariates=names),
        truth=truth,
        realised={"gamma": float(np.abs(gamma).sum()), "delta": float(delta)},
    )


def _covariates(
    rng: np.random.Generator, units: int, times: int, count: int, delta: float
) -> tuple[pd.DataFrame, np.ndarray]:
    """x_jit = a_j + δ U_i + ε_jit with ε ~ Normal(0, A'A), A ~ Normal(0, 1), and U_i by row.

    One covariate alone has ε ~ Normal(0, 1).

    Parameters
    ----------
    rng : Generator
    units, times, count : int
        `count` is that of covariates.
    delta : float
    """
    unit, time = np.repeat(np.arange(units), times), np.tile(np.arange(times), units)
    frame = pd.DataFrame({"unit": unit, "time": time})
    unit_effect = np.repeat(rng.standard_normal(units), times)
    mixing = rng.standard_normal((count, count)) if count > 1 else np.eye(1)
    intercept = rng.standard_normal(count)
    x = intercept + delta * unit_effect[:, None]
    x = x + rng.standard_normal((len(frame), count)) @ mixing
    return frame.assign(**{f"x{j + 1}": x[:, j] for j in range(count)}), unit_effect


def simulate_prior(
    model: PanelDML, seed: int, units: int, times: int, covariates: int, structure: str
) -> Simulation:
    """Return a panel whose effect, scales and coefficients are drawn from the model's prior.

    Parameters
    ----------
    model : PanelDML
        With `scale`, which the prior is in units of.
    seed : int
    units, times, covariates : int
    structure : "A", "B" or "C"
        "C": units move the covariates.

    Raises
    ------
    ModelError
        If the model has no `scale`, effects between units, moderators, or effects of units.
    """
    if (
        model.scale is None
        or len(model.scale) != 2
        or model.unit_heterogeneity.between
        or model.moderators is not None
        or model.effect_form.by_unit
    ):
        raise ModelError(
            "To draw from the prior, expected `scale` as two numbers, those of treatment and "
            "outcome, effects='common' without `moderators`, and not heterogeneity='mundlak'."
        )
    rng = np.random.default_rng(seed)
    delta = rng.standard_normal() if structure == "C" else 0.0
    frame, _ = _covariates(rng, units, times, covariates, delta)
    names = [f"x{j + 1}" for j in range(covariates)]
    table = frame.assign(
        d=rng.standard_normal(len(frame)), y=rng.standard_normal(len(frame))
    )
    panel = _read(table, covariates=names)
    basis = basis_of(panel, model.columns_each, model.interactions, model.basis_family)
    arrays, scale = basis.prior_arrays(), np.asarray(model.scale, float)
    sizes = Sizes(
        equations=2,
        terms=arrays["terms"].shape[1],
        sines="frequencies" in arrays,
        lowest=LOWEST,
    )
    parameters = parameters_of(model, sizes)
    values = {
        parameter.name: parameter.prior.draw(rng, parameter.shape)
        for parameter in parameters
    }
    theta, sd = values["standard_effect"][0], values["standard_error_sd"]
    factors = coefficient_factors(np, arrays, values, 2)
    standard = rng.standard_normal((len(basis.spectrum), 2))
    coefficients = np.einsum("ajk,kj->ka", factors, standard)
    gap = gaps(panel.time, panel.starts) if times > 1 else None
    correlations = values.get("serial_correlation", np.zeros(2))
    columns = [
        model.error_model.dependent(column, gap, panel.starts, correlation)
        for column, correlation in zip(
            rng.standard_normal((len(table), 2)).T, correlations, strict=True
        )
    ]
    signal, noise = basis.columns(table) @ coefficients, np.column_stack(columns) * sd
    treatment = signal[:, 0] + noise[:, 0]
    outcome = signal[:, 1] + theta * noise[:, 0] + noise[:, 1]
    data = _read(
        table.assign(d=scale[0] * treatment, y=scale[1] * outcome), covariates=names
    )
    variables: dict[str, tuple[tuple[str, ...], np.ndarray]] = {}
    for parameter in parameters:
        value = values[parameter.name]
        dims = parameter.dims or (f"{parameter.name}_dim_0",)
        variables[parameter.name] = (("chain", "draw", *dims), value[None, None])
        if parameter.in_data_units is not None:
            reported = parameter.in_data_units(value, scale)
            dims = ("chain", "draw", parameter.reported_dim)
            variables[parameter.reported] = (dims, reported[None, None])
    if "standard_association" in values:
        matrix = coefficient_covariance(
            np, np.ones(2), values["standard_association"], 2
        )
        variables["coefficient_correlation"] = (
            ("chain", "draw", "pair"),
            matrix[1:, :1][None],
        )
    equations = ["d", "outcome"]
    truth = xr.Dataset(
        variables,
        coords={"treatment": ["d"], "equation": equations, "pair": pairs(equations)},
    )
    effect = float(truth["effect"].to_numpy().item())
    return Simulation(data=data, truth=truth, realised={"effect": effect})
