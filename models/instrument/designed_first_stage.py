"""Instrumental variables with a designed first stage: known treatments before an augmentation.

The density is that of `causalstats.numerics.instruments.designed_first_stage`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.data import Instrumented
from causalstats.errors import ModelError
from causalstats.numerics.instruments import designed_first_stage as designed

if TYPE_CHECKING:
    import pymc as pm

    from causalstats.models.instrument.model import Instrument


def refuse_data(model: Instrument, data: Instrumented) -> None:
    """Refuse data with treatments before an augmentation for a model without, and the reverse.

    Raises
    ------
    ModelError
        If one of the two is without the other, or rows are clustered.
    """
    if model.first_stage == "designed" and data.original is None:
        raise ModelError(
            "`first_stage='designed'` takes the treatments before the augmentation too: expected "
            "`Instrumented.from_frame(..., original=[...])`, got data without `original`."
        )
    if model.first_stage != "designed" and data.original is not None:
        raise ModelError(
            "These data have treatments before an augmentation, `original=[...]`: expected "
            f"`first_stage='designed'` and `errors='iid'`, got {model.first_stage!r} and "
            f"{model.errors!r}."
        )
    if data.original is not None and data.cluster is not None:
        raise ModelError(
            "`first_stage='designed'` has independent rows: expected data without clusters, got "
            f"{len(data.clusters):,}. Keep one augmented copy of each row."
        )


def design_of(data: Instrumented) -> designed.DesignedFirstStage:
    """Return the cross-products given the covariates."""
    count = len(data.treatments)
    left = data.partialled_out(data.before_and_after)
    return designed.designed_first_stage(
        left[:, 0], left[:, 1 : count + 1], left[:, count + 1 :], data.covariate_rank
    )


def inputs(model: Instrument, data: Instrumented) -> dict[str, np.ndarray]:
    """Return the cross-products that the graph takes, by name."""
    design = design_of(data)
    values: dict[str, Any] = {
        "loadings": design.loadings,
        "curvature": design.curvature,
        "residual": design.residual,
        "degrees": design.degrees,
        "control_scale": model.control_prior_scale,
    }
    return {name: np.asarray(value, float) for name, value in values.items()}


def build(model: Instrument, data: Instrumented) -> pm.Model:
    """Return the PyMC graph of c; effects, confounding and variance are integrated out."""
    import pymc as pm
    import pytensor.tensor as pt

    with pm.Model(coords={"treatment": list(data.treatments)}) as graph:
        given = {
            name: pm.Data(name, value) for name, value in inputs(model, data).items()
        }
        log_scale = pm.Uniform("log_confounding_scale", *designed.LOG_SCALE_RANGE)
        square = pt.exp(2 * log_scale)
        growth = 1 + square * given["curvature"]
        explained = (given["loadings"] ** 2 * square / growth).sum()
        left = pt.log(given["residual"] - explained)
        pm.Potential(
            "likelihood", -pt.log(growth).sum() / 2 - given["degrees"] / 2 * left
        )
        scale = given["control_scale"] ** 2
        pm.Potential("prior", log_scale - pt.log1p(square / scale))
    return graph


def exact_posterior(
    model: Instrument, data: Instrumented
) -> Callable[[int, int, np.random.Generator], xr.Dataset]:
    """Return a function of chains, draws and a generator that draws independently."""
    design = design_of(data)

    def draw(chains: int, draws: int, rng: np.random.Generator) -> xr.Dataset:
        values = designed.draw_scale(
            design, chains * draws, rng, model.control_prior_scale
        )
        drawn = xr.Dataset(
            {
                "log_confounding_scale": (
                    ("chain", "draw"),
                    values.reshape(chains, draws),
                )
            },
            {"chain": np.arange(chains), "draw": np.arange(draws)},
        )
        return recover_marginals(model, drawn, data, rng)

    return draw


def recover_marginals(
    model: Instrument, draws: xr.Dataset, data: Instrumented, rng: np.random.Generator
) -> xr.Dataset:
    """Return draws with effects and confounding, which the graph integrates out.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
    data : Instrumented
    rng : Generator
    """
    if "effect" in draws:
        return draws
    scale = draws["log_confounding_scale"]
    values = designed.draw_given(design_of(data), scale.to_numpy().ravel(), rng)
    dims = ("chain", "draw", "treatment")
    return draws.assign(
        effect=(dims, values.effect.reshape(*scale.shape, -1)),
        correlation=(dims, values.correlation.reshape(*scale.shape, -1)),
        multiple_correlation=scale.copy(
            data=values.multiple_correlation.reshape(scale.shape)
        ),
    ).assign_coords(treatment=list(data.treatments))


def log_likelihood(
    model: Instrument, draws: xr.Dataset, data: Instrumented
) -> xr.DataArray:
    """Return the log likelihood of c, the others integrated out.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
    data : Instrumented
    """
    scale = draws["log_confounding_scale"]
    values = designed.log_likelihood(design_of(data), scale.to_numpy().ravel())
    return scale.copy(data=values.reshape(scale.shape))


def log_prior(model: Instrument, draws: xr.Dataset, data: Instrumented) -> xr.Dataset:
    """Return the log prior density of log c.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
    data : Instrumented
    """
    scale = draws["log_confounding_scale"]
    density = scale - np.log1p(np.exp(2 * scale) / model.control_prior_scale**2)
    return xr.Dataset({"log_confounding_scale": density})
