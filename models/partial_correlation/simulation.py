"""Compositions with a known precision of their log-ratios."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import softmax

from causalstats.core.simulation import Simulation
from causalstats.data import Composition
from causalstats.data.row_dependence import dependence_of
from causalstats.errors import ModelError
from causalstats.models.partial_correlation.marginal_posteriors import pair_labels
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.regression.row_correlation import correlated

if TYPE_CHECKING:
    from causalstats.models.partial_correlation.model import PartialCorrelation

_LINK = 0.45
_REPEATS = 5  # rows of a subject
_BETWEEN_ROWS = 0.5  # their correlation


@dataclass(frozen=True)
class Design:
    """Where parameters come from, how deep counts are, how rounded values, which rows depend on each other, and whether a covariate moves them."""

    origin: str
    depth: int | None
    resolution: float | None
    repeated: str | None
    covariate: bool


def simulate(
    model: PartialCorrelation, seed: int, rows: int, parts: int, design: Design
) -> Simulation:
    """As `PartialCorrelation.simulate` says."""
    rng = np.random.default_rng(seed)
    names = [f"p{k + 1}" for k in range(parts)]
    values: dict[str, Any] = (
        _draw_from_prior(model, rows - 1 - design.covariate, parts, rng)
        if design.origin == "prior"
        else {"precision": _band(rng, parts)}
    )
    noise, link = rng.standard_normal((rows, parts - 1)), pd.DataFrame(index=range(rows))
    if design.repeated is not None:
        link = pd.DataFrame(
            {
                "subject": [f"s{row // _REPEATS:03}" for row in range(rows)],
                "time": rng.exponential(1, rows).cumsum(),
            }
        )
        found = dependence_of(
            link, "subject", "time" if design.repeated == "time" else None, np.arange(rows)
        )
        assert found is not None
        known = model.row_correlation
        values["row_correlation"] = (
            known
            if known is not None
            else rng.uniform()
            if design.origin == "prior"
            else _BETWEEN_ROWS
        )
        noise = correlated(noise, values["row_correlation"], found.links, rng)
    logs = noise @ log_ratios.root(values["precision"]).T + rng.normal(
        0, 1 if design.resolution is None else 3, (rows, 1)
    )
    if design.covariate:
        link["x"], slope = rng.standard_normal(rows), rng.standard_normal(parts)
        values["covariate_coefficient"] = (slope - slope.mean())[None]
        logs = logs + link[["x"]].to_numpy() * values["covariate_coefficient"]
    data = _composition(logs, names, link, design, rng)
    dims = {0: (), 1: ("part",), 2: ("part", "other_part")}
    own = {
        "basis_correlation": ("pair",),
        "inclusion": ("pair",),
        "covariate_coefficient": ("covariate", "part"),
    }
    truth = xr.Dataset(
        {
            name: (
                ("chain", "draw", *own.get(name, dims[np.ndim(value)])),
                np.asarray(value, float)[None, None],
            )
            for name, value in values.items()
        },
        coords={"part": names, "other_part": names, "pair": pair_labels(tuple(names))}
        | ({"covariate": ["x"]} if design.covariate else {}),
    )
    return Simulation(
        data=data, truth=truth, realised={"total_variance": float(np.trace(data.covariance))}
    )


def _composition(
    logs: np.ndarray, names: list[str], link: pd.DataFrame, design: Design, rng: np.random.Generator
) -> Composition:
    """Amounts exp(logs) as they are, counted, or rounded."""
    read = partial(
        Composition.from_frame,
        parts=names,
        covariates="x" if design.covariate else None,
        subject="subject" if design.repeated else None,
        time="time" if design.repeated == "time" else None,
    )
    if design.depth is not None:
        counts = pd.DataFrame(rng.multinomial(design.depth, softmax(logs, axis=1)), columns=names)
        return read(counts.join(link), zeros="counts")
    frame = pd.DataFrame(np.exp(logs), columns=names).join(link)
    if design.resolution is None:
        return read(frame)
    frame[names[:2]] = (frame[names[:2]] / design.resolution).round() * design.resolution
    return read(frame, zeros="interval", resolution=dict.fromkeys(names[:2], design.resolution))


def _band(rng: np.random.Generator, parts: int) -> np.ndarray:
    """Θ of parts whose basis precision has ones and, beside the diagonal, ±.45, with standard deviations between .3 and 1."""
    links = -_LINK * (-1.0) ** np.arange(parts - 1)
    precision = np.eye(parts) + np.diag(links, 1) + np.diag(links, -1)
    scale = 1 / rng.uniform(0.3, 1.0, parts)
    return log_ratios.pseudo_inverse(
        log_ratios.centre(np.linalg.inv(precision * scale[:, None] * scale))
    )


def _draw_from_prior(
    model: PartialCorrelation, degrees: int, parts: int, rng: np.random.Generator
) -> dict[str, Any]:
    """Return parameters and Θ drawn from the prior of the model, by name.

    Parameters
    ----------
    model : PartialCorrelation
    degrees : int
        Rows less the intercept and the covariates.
    parts : int
    rng : Generator

    Raises
    ------
    ModelError
        If the prior is no distribution until a field is given.
    """
    prior = model.covariance_prior
    needed = prior.simulation_fields
    if not needed:
        raise ModelError(
            f"prior={model.prior!r} is no distribution to draw from: expected prior='shrunk', "
            "'sparse' or 'invariant'."
        )
    if any(getattr(model, name) is None for name in needed):
        raise ModelError(
            f"To draw from prior={model.prior!r}, expected a number for {' and '.join(needed)}."
        )
    return prior.simulate(model, degrees, parts, rng)
