"""Panels with a known effect: the designs of Fuhr & Papies (2024), and draws from the model's own prior."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.simulation import Simulation
from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.panel_dml.graph import COEFFICIENT_SD, LENGTH_SCALE, pairs
from causalstats.models.panel_dml.nuisance_basis import basis_of
from causalstats.models.panel_dml.parameters import (
    association_shapes,
    coefficient_covariance,
    factors,
)
from causalstats.models.panel_dml.sufficient_statistics import LOWEST
from causalstats.numerics.panel.serial_correlation import HIGHEST, gaps, lasting

_EFFECT = 1.0
_read = partial(Panel.from_frame, unit="unit", time="time", outcome="y", treatment="d")


@dataclass(frozen=True)
class Design:
    """How units and covariates act."""

    structure: str
    shape: str
    origin: str


def simulate(
    model: Any, seed: int, units: int, times: int, covariates: int, design: Design
) -> Simulation:
    """As `PanelDML.simulate` says."""
    if (
        design.structure not in ("A", "B", "C")
        or design.shape not in ("linear", "u-shaped", "product")
        or design.origin not in ("paper", "prior")
    ):
        raise ModelError(
            f"Expected a structure A, B or C, a shape 'linear', 'u-shaped' or 'product' and a design 'paper' or 'prior', got {design}."
        )
    rng = np.random.default_rng(seed)
    frame = _covariates(
        rng, units, times, covariates, 0.0 if design.structure != "C" else rng.standard_normal()
    )
    names = [f"x{j + 1}" for j in range(covariates)]
    if design.origin == "prior":
        return _prior(model, rng, frame, names)
    gamma, delta = (
        rng.standard_normal(covariates) / covariates,
        frame.attrs["delta"] if design.structure == "C" else rng.standard_normal(),
    )
    x = frame[names].to_numpy()
    values = (
        gamma.sum() * x.prod(axis=1)
        if design.shape == "product"
        else x ** (2 if design.shape == "u-shaped" else 1) @ gamma
    )
    of_unit = 0.0 if design.structure == "A" else delta * frame["of_unit"].to_numpy()
    frame["d"] = rng.standard_normal() + values + of_unit + rng.standard_normal(len(frame))
    frame["y"] = (
        rng.standard_normal()
        + _EFFECT * frame["d"]
        + values
        + of_unit
        + rng.standard_normal(len(frame))
    )
    data = _read(frame, covariates=names)
    truth = xr.Dataset(
        {"effect": (("chain", "draw", "treatment"), [[[_EFFECT]]])}, coords={"treatment": ["d"]}
    )
    return Simulation(
        data=data,
        truth=truth,
        realised={"gamma": float(np.abs(gamma).sum()), "delta": float(delta)},
    )


def _covariates(
    rng: np.random.Generator, units: int, times: int, count: int, delta: float
) -> pd.DataFrame:
    """x_jit = a_j + δ U_i + ε_jit with ε ~ Normal(0, A'A), A ~ Normal(0, 1), of one covariate Normal(0, 1)."""
    frame = pd.DataFrame(
        {"unit": np.repeat(np.arange(units), times), "time": np.tile(np.arange(times), units)}
    )
    frame["of_unit"] = np.repeat(rng.standard_normal(units), times)
    mixing = rng.standard_normal((count, count)) if count > 1 else np.eye(1)
    x = (
        rng.standard_normal(count)
        + delta * frame["of_unit"].to_numpy()[:, None]
        + rng.standard_normal((len(frame), count)) @ mixing
    )
    found = frame.assign(**{f"x{j + 1}": x[:, j] for j in range(count)})
    found.attrs["delta"] = delta
    return found


def _prior(
    model: Any, rng: np.random.Generator, frame: pd.DataFrame, names: list[str]
) -> Simulation:
    """δ, γ, τ, s and θ from their priors, in units of 1, which `units` must be told."""
    if (
        model.scale is None
        or model.heterogeneity == "mundlak"
        or model.moderators is not None
        or model.effects == "unit"
    ):
        raise ModelError(
            "To draw from the prior, expected `scale` as two numbers, those of treatment and outcome, one effect, and not heterogeneity='mundlak'."
        )
    table = frame.assign(d=rng.standard_normal(len(frame)), y=rng.standard_normal(len(frame)))
    panel = _read(table, covariates=names)
    basis = basis_of(panel, model.basis_size, model.interactions, model.basis)
    units, scales = (
        np.asarray(model.scale, float),
        _scales(model, rng, basis.priors()["terms"].shape[1]),
    )
    theta, sd = scales["standard_effect"][0], scales["standard_error_sd"]
    coefficients = np.einsum(
        "ajk,kj->ka",
        factors(np, basis.priors(), scales, 2),
        rng.standard_normal((len(basis.spectrum), 2)),
    )
    noise = rng.standard_normal((len(table), 2))
    if "serial_correlation" in scales:
        gap = gaps(panel.time, panel.starts)
        noise = np.column_stack(
            [
                lasting(column, gap, panel.starts, rho)
                for column, rho in zip(noise.T, scales["serial_correlation"], strict=True)
            ]
        )
    signal, noise = basis.columns(table) @ coefficients, noise * sd
    treatment = signal[:, 0] + noise[:, 0]
    outcome = signal[:, 1] + theta * noise[:, 0] + noise[:, 1]
    data = _read(table.assign(d=units[0] * treatment, y=units[1] * outcome), covariates=names)
    shown = {
        "effect": (("chain", "draw", "treatment"), [[[theta * units[1] / units[0]]]]),
        "error_sd": (("chain", "draw", "equation"), (sd * units)[None, None]),
        "coefficient_sd": (
            ("chain", "draw", "equation"),
            (scales["standard_coefficient_sd"] * units)[None, None],
        ),
    }
    if model.correlated:
        correlation = coefficient_covariance(np, np.ones(2), scales["standard_association"], 2)[
            1, 0
        ]
        shown["coefficient_correlation"] = (("chain", "draw", "pair"), [[[correlation]]])
    dims = {
        "serial_correlation": ["equation"],
        "covariate_scale": ["equation", "term"],
        "length_scale": ["equation", "term"],
    }
    values = {
        name: (("chain", "draw", *dims.get(name, [f"{name}_dim_0"])), value[None, None])
        for name, value in scales.items()
    }
    truth = xr.Dataset(
        {**values, **shown},
        coords={"treatment": ["d"], "equation": ["d", "outcome"], "pair": pairs(["d", "outcome"])},
    )
    return Simulation(
        data=data, truth=truth, realised={"effect": float(theta * units[1] / units[0])}
    )


def _scales(model: Any, rng: np.random.Generator, terms: int) -> dict[str, np.ndarray]:
    """Everything that `panel_dml_graph` samples, of one treatment, from its priors."""
    found = {
        "standard_effect": rng.normal(0, model.effect_sd, 1),
        "standard_error_sd": abs(rng.standard_normal(2)),
        "standard_coefficient_sd": COEFFICIENT_SD * abs(rng.standard_normal(2)),
    }
    if model.correlated:
        found["standard_association"] = rng.beta(*[association_shapes(2)] * 2)
    if model.shrinkage == "global-local":
        found["covariate_scale"] = abs(rng.standard_normal((2, terms)))
    if model.basis == "hsgp":
        found["length_scale"] = np.exp(rng.normal(*LENGTH_SCALE, (2, terms)))
    if model.errors == "ar1":
        found["serial_correlation"] = rng.uniform(LOWEST, HIGHEST, 2)
    return found
