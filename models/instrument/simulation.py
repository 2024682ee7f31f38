"""Data of an instrumental-variables model with a known truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.simulation import Simulation
from causalstats.data import Instrumented
from causalstats.numerics.instruments.designed_first_stage import LOG_SCALE_RANGE
from causalstats.numerics.instruments.effect_posterior import LOG_VARIANCE_RANGE
from causalstats.numerics.instruments.learned_direct_effects import LOG_DIRECT_RANGE
from causalstats.numerics.instruments.moments import orthonormal_basis, partialled_out
from causalstats.numerics.instruments.several_treatments import least_squares

if TYPE_CHECKING:
    from causalstats.models.instrument.model import Instrument

_WEAK, _CORRELATION = 10.0, 0.5  # the expected F statistic and ρ of the weak design


def simulate(
    model: Instrument,
    seed: int,
    *,
    rows: int,
    instruments: int,
    covariates: int,
    treatments: int,
    design: str,
) -> Simulation:
    """Return data with instruments z1, z2, ... and covariates x1, x2, ..., and their truth.

    Given the covariates, var(u) = 1 and var(v | u) = 1 - ρ²; with several treatments t1, t2, ...,
    Var(v | u) = I - rr' with r = Corr(u, v).

    Parameters
    ----------
    model : Instrument
    seed : int
    rows, instruments, covariates, treatments : int
    design : "prior" or "weak"
        A draw from the prior of the model; or ρ = .5, no effect, and an expected F of 10. Where the
        prior of the effect is flat, the effect is 0.
    """
    if treatments > 1:
        sizes = (rows, instruments, covariates, treatments)
        return _several_treatments(model, np.random.default_rng(seed), sizes, design)
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, covariates))
    slopes = rng.standard_normal((covariates, instruments)) / 2
    z = rng.standard_normal((rows, instruments)) + x @ slopes
    names = [f"z{position + 1}" for position in range(instruments)]
    truth = _truth(model, rng, rows - covariates - 2, design)
    rho = truth["correlation"]
    u = rng.standard_normal(rows)
    v = rho * u + np.sqrt(1 - rho**2) * rng.standard_normal(rows)
    basis = orthonormal_basis(partialled_out(z, x))
    scale = np.exp(truth["log_first_stage_variance"] / 2) * np.sqrt(1 - rho**2)
    first_stage = scale * rng.standard_normal(instruments)
    if design == "weak":
        first_stage = np.full(instruments, scale)
    truth["first_stage_f"] = 1 + (first_stage**2).mean()
    held = rng.standard_normal((covariates, 2))
    treatment = basis @ first_stage + x @ held[:, 0] + v
    outcome = treatment * truth["effect"] + x @ held[:, 1] + u
    if model.learns_direct:
        left = partialled_out(z, x)
        truth |= _learned_direct(model, rng, left, rows - covariates - 2, rho, design)
        outcome = outcome + z @ truth["direct_effect"]
    elif model.direct_effects:
        known = model.direct_effects.values()
        drawn = [rng.normal(each.value, each.sd) for each in known]
        truth["direct_effect"] = np.array(drawn)
        columns = [names.index(name) for name in model.direct_effects]
        outcome = outcome + z[:, columns] @ truth["direct_effect"]
    frame = pd.DataFrame({"y": outcome, "t": treatment})
    frame[names] = z
    held_names = [f"x{position + 1}" for position in range(covariates)]
    frame[held_names] = x
    data = Instrumented.from_frame(
        frame,
        outcome="y",
        treatment="t",
        instruments=names,
        covariates=held_names,
    )
    realised = {"least_squares": data.moments.least_squares}
    return Simulation(data=data, truth=_dataset(model, truth, names), realised=realised)


def simulate_designed(
    model: Instrument, seed: int, sizes: tuple[int, int, int, int], design: str
) -> Simulation:
    """Return treatments before and after an augmentation, with no effects and Var(e) = 1.

    Parameters
    ----------
    model : Instrument
    seed : int
    sizes : tuple of int
        Rows, directions that the augmentation changes, covariates and treatments.
    design : "prior" or "weak"
        A draw of c from its prior, or c = .5.
    """
    rng = np.random.default_rng(seed)
    rows, directions, covariates, treatments = sizes
    x = rng.standard_normal((rows, covariates))
    slopes = rng.standard_normal((covariates, 1 + treatments)) / 2
    original = rng.standard_normal((rows, treatments)) + x @ slopes[:, 1:]
    moved = min(directions, treatments)
    across = np.linalg.qr(rng.standard_normal((treatments, treatments)))[0][:moved]
    augmented = original + rng.standard_normal((rows, moved)) @ across
    low, high = LOG_SCALE_RANGE
    log_scale = np.log(_CORRELATION) if design == "weak" else np.inf
    while not low < log_scale < high:
        log_scale = np.log(model.control_prior_scale * abs(rng.standard_cauchy()))
    left = partialled_out(original, x)
    spread = left.T @ left / (rows - covariates - 1)
    root = np.linalg.inv(np.linalg.cholesky(spread)).T
    control = np.exp(log_scale) * root @ rng.standard_normal(treatments)
    outcome = original @ control + x @ slopes[:, 0] + rng.standard_normal(rows)
    names = [f"t{position + 1}" for position in range(treatments)]
    before = [f"x{position + 1}" for position in range(treatments)]
    held = [f"w{position + 1}" for position in range(covariates)]
    frame = pd.DataFrame(augmented, columns=names).assign(y=outcome)
    frame[before] = original
    frame[held] = x
    data = Instrumented.from_frame(
        frame, outcome="y", treatment=names, original=before, covariates=held
    )
    shared = spread @ control
    total = float(control @ shared)
    correlation = shared / np.sqrt(np.diag(spread) * (total + 1))
    dims = ("chain", "draw", "treatment")
    known = xr.Dataset(
        {
            "effect": (dims, np.zeros((1, 1, treatments))),
            "correlation": (dims, correlation[None, None]),
            "multiple_correlation": (dims[:2], [[np.sqrt(total / (total + 1))]]),
            "log_confounding_scale": (dims[:2], [[log_scale]]),
        },
        {"chain": [0], "draw": [0], "treatment": names},
    )
    return Simulation(data=data, truth=known, realised={})


def _several_treatments(
    model: Instrument,
    rng: np.random.Generator,
    sizes: tuple[int, int, int, int],
    design: str,
) -> Simulation:
    """Return data with several treatments: r uniform in the unit ball, Var(v) = I, no effects.

    Parameters
    ----------
    model : Instrument
    rng : Generator
    sizes : tuple of int
        Rows, instruments, covariates and treatments.
    design : "prior" or "weak"
        With "weak" the multiple correlation is .5, and each orthonormal instrument moves one
        treatment.
    """
    rows, instruments, covariates, treatments = sizes
    x = rng.standard_normal((rows, covariates))
    slopes = rng.standard_normal((covariates, instruments)) / 2
    z = rng.standard_normal((rows, instruments)) + x @ slopes
    truth = _truth(model, rng, rows - covariates - 1 - treatments, design)
    direction = rng.standard_normal(treatments)
    radius = rng.random() ** (1 / treatments) if design == "prior" else _CORRELATION
    r = radius * direction / np.linalg.norm(direction)
    u = rng.standard_normal(rows)
    root = np.linalg.cholesky(np.eye(treatments) - np.outer(r, r))
    v = np.outer(u, r) + rng.standard_normal((rows, treatments)) @ root.T
    scale = np.exp(truth["log_first_stage_variance"] / 2)
    first_stage = scale * rng.standard_normal((instruments, treatments)) @ root.T
    if design == "weak":
        moved = np.resize(np.eye(treatments), (instruments, treatments))
        first_stage = scale * np.sqrt(treatments) * moved
    least = np.linalg.eigvalsh(first_stage.T @ first_stage)[0]
    held = rng.standard_normal((covariates, 1 + treatments))
    basis = orthonormal_basis(partialled_out(z, x))
    names = [f"t{position + 1}" for position in range(treatments)]
    z_names = [f"z{position + 1}" for position in range(instruments)]
    x_names = [f"x{position + 1}" for position in range(covariates)]
    treatment = basis @ first_stage + x @ held[:, 1:] + v
    frame = pd.DataFrame(treatment, columns=names)
    frame["y"] = x @ held[:, 0] + u
    frame[z_names] = z
    frame[x_names] = x
    data = Instrumented.from_frame(
        frame, outcome="y", treatment=names, instruments=z_names, covariates=x_names
    )
    by_treatment = ("chain", "draw", "treatment")
    known = xr.Dataset(
        {
            "effect": (by_treatment, np.zeros((1, 1, treatments))),
            "correlation": (by_treatment, r[None, None]),
            "multiple_correlation": (("chain", "draw"), [[radius]]),
            "log_first_stage_variance": (
                ("chain", "draw"),
                [[truth["log_first_stage_variance"]]],
            ),
            "first_stage_f": (("chain", "draw"), [[1 + least / instruments]]),
        },
        {"chain": [0], "draw": [0], "treatment": names},
    )
    bias = least_squares(data.moments)
    realised = {
        f"least_squares_{name}": each for name, each in zip(names, bias, strict=True)
    }
    return Simulation(data=data, truth=known, realised=realised)


def _learned_direct(
    model: Instrument,
    rng: np.random.Generator,
    instruments: np.ndarray,
    degrees: int,
    correlation: float,
    design: str,
) -> dict[str, Any]:
    """Return direct effects of all instruments, and their spread.

    Parameters
    ----------
    model : Instrument
    rng : Generator
    instruments : array, shape (n, p)
        Given the covariates.
    degrees : int
        n'.
    correlation : float
        ρ, so that sd(u | v) = √(1 - ρ²).
    design : str
    """
    low, high = np.array(LOG_DIRECT_RANGE) - np.log(degrees + 1)
    log_direct = 2 * np.log(model.direct_prior_scale)
    if design != "weak":
        log_direct = np.inf
    while not low < log_direct < high:
        spread = model.direct_prior_scale * abs(rng.standard_cauchy())
        log_direct = 2 * np.log(spread)
    size = np.exp(log_direct / 2) * np.sqrt(1 - correlation**2)
    unit = np.linalg.norm(instruments, axis=0) / np.sqrt(degrees + 1)
    drawn = rng.standard_normal(instruments.shape[1]) * size / unit
    return {
        "log_direct_variance": log_direct,
        "log_ratio": np.log(1 - correlation**2) / 2,
        "direct_effect_sd": size,
        "direct_effect": drawn,
    }


def _truth(
    model: Instrument, rng: np.random.Generator, degrees: int, design: str
) -> dict[str, Any]:
    """Return effect, correlation and first-stage strength.

    Parameters
    ----------
    model : Instrument
    rng : Generator
    degrees : int
        n'.
    design : str
    """
    if design == "weak":
        return {
            "effect": 0.0,
            "correlation": _CORRELATION,
            "log_first_stage_variance": np.log(_WEAK - 1),
        }
    low, high = LOG_VARIANCE_RANGE
    log_variance = np.inf
    while not low < log_variance < high:
        strength = model.first_stage_prior_scale * np.sqrt(degrees)
        log_variance = 2 * np.log(abs(strength * rng.standard_cauchy()))
    effect = 0.0
    if model.confounding == "any":
        effect = model.effect_sd * (model.effect_scale or 1.0) * rng.standard_normal()
    return {
        "effect": effect,
        "correlation": rng.uniform(-1, 1),
        "log_first_stage_variance": log_variance,
    }


def _dataset(
    model: Instrument, truth: dict[str, Any], instruments: list[str]
) -> xr.Dataset:
    variables: dict[str, Any] = {}
    for name, value in truth.items():
        dims = ["chain", "draw"] + (["direct_instrument"] if np.ndim(value) else [])
        variables[name] = (dims, np.asarray(value, float)[None, None])
    coords: dict[str, Any] = {"chain": [0], "draw": [0]}
    if model.direct:
        coords["direct_instrument"] = list(model.direct_effects) or instruments
    return xr.Dataset(variables, coords)
