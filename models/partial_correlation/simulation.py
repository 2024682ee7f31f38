"""Simulated compositions with a known precision of their log-ratios."""

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
from causalstats.data.part_distances import part_distances
from causalstats.data.row_dependence import dependence_of
from causalstats.errors import ModelError
from causalstats.models.partial_correlation import student_rows
from causalstats.models.partial_correlation.marginal_posteriors import pair_labels
from causalstats.models.partial_correlation.priors import PRIORS
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.regression.row_correlation import correlated

if TYPE_CHECKING:
    from causalstats.models.partial_correlation.model import PartialCorrelation

_BAND_LINK = 0.45  # partial correlation of neighbours, in size
_BAND_SDS = (0.3, 1.0)  # of the logarithms
_BAND_ROW_CORRELATION = 0.5
_BAND_DEGREES = 4.0  # of freedom, of Student t rows
_ROWS_PER_SUBJECT = 5
_SIZE_SD = 1.0  # of the logarithm of a row's size
# The same where values are rounded, so that some rows are rounded much
_ROUNDED_SIZE_SD = 3.0
_ROUNDED_PARTS = 2
_ABSENT_FROM = 3  # every third row, where a part is
_DIMS = {
    "basis_variance": ("part",),
    "precision": ("part", "other_part"),
    "basis_correlation": ("pair",),
    "inclusion": ("pair",),
    "covariate_coefficient": ("covariate", "part"),
    student_rows.WEIGHT: ("row",),
}


@dataclass(frozen=True)
class Design:
    """The design of simulated compositions.

    Parameters
    ----------
    origin : "band" or "prior"
        Where parameters come from.
    depth : int or None
        The total of the counts of each row, where rows are counts.
    resolution : float or None
        To which the first two parts are rounded.
    repeated : "subject", "time" or None
        Which rows depend on each other.
    covariate : bool
        Whether a covariate moves the log-ratios.
    exposure : bool
        Whether the first part is counted with an exposure of its own in each row.
    absent : bool
        Whether the last part cannot be present in a third of the rows.
    related : bool
        Whether the data have distances of parts.
    """

    origin: str
    depth: int | None
    resolution: float | None
    repeated: str | None
    covariate: bool
    exposure: bool
    absent: bool
    related: bool = False

    @property
    def subject(self) -> str | None:
        """The column of subjects, where rows depend on each other."""
        return "subject" if self.repeated else None

    @property
    def time(self) -> str | None:
        """The column of times, where rows depend on each other in time."""
        return "time" if self.repeated == "time" else None


def simulate(
    model: PartialCorrelation, seed: int, rows: int, parts: int, design: Design
) -> Simulation:
    """Return simulated compositions, as documented in `PartialCorrelation.simulate`.

    Parameters
    ----------
    model : PartialCorrelation
    seed, rows, parts : int
    design : Design
    """
    rng = np.random.default_rng(seed)
    names = [f"p{k + 1}" for k in range(parts)]
    degrees = rows - 1 - design.covariate
    values: dict[str, Any] = (
        _draw_from_prior(model, degrees, parts, rng, design.related)
        if design.origin == "prior"
        else {"precision": _band(rng, parts)}
    )
    noise = rng.standard_normal((rows, parts - 1))
    frame = pd.DataFrame(index=range(rows))
    if design.repeated is not None:
        frame = _subjects(rows, rng)
        values["row_correlation"] = _row_correlation(model, design, rng)
        dependence = dependence_of(frame, design.subject, design.time, np.arange(rows))
        assert dependence is not None
        noise = correlated(noise, values["row_correlation"], dependence.links, rng)
    if model.errors == "student":
        if design.repeated is not None:
            raise ModelError(
                "errors='student' is for independent rows: leave out `repeated`."
            )
        degrees_drawn = _degrees_of_freedom(model, design, rng)
        weights = student_rows.draw_weights(degrees_drawn, rows, rng)
        values |= {student_rows.DEGREES: degrees_drawn, student_rows.WEIGHT: weights}
        noise /= np.sqrt(weights)[:, None]
    size_sd = _SIZE_SD if design.resolution is None else _ROUNDED_SIZE_SD
    sizes = rng.normal(0, size_sd, (rows, 1))
    logs = noise @ log_ratios.covariance_root(values["precision"]).T + sizes
    if design.covariate:
        frame["x"] = rng.standard_normal(rows)
        slope = rng.standard_normal(parts)
        values["covariate_coefficient"] = (slope - slope.mean())[None]
        logs = logs + frame[["x"]].to_numpy() * values["covariate_coefficient"]
    if design.resolution is not None:
        # What is known of a row's size, from parts that are not rounded, says nothing of the others
        logs = logs - (logs - sizes)[:, _ROUNDED_PARTS:].mean(axis=1, keepdims=True)
    data = _composition(logs, names, frame, design, rng)
    total_variance = float(np.trace(data.covariance))
    return Simulation(
        data=data,
        truth=_truth(values, tuple(names)),
        realised={"total_variance": total_variance},
    )


def _subjects(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return a subject and a time of each row, with exponential gaps."""
    return pd.DataFrame(
        {
            "subject": [f"s{row // _ROWS_PER_SUBJECT:03}" for row in range(rows)],
            "time": rng.exponential(1, rows).cumsum(),
        }
    )


def _row_correlation(
    model: PartialCorrelation, design: Design, rng: np.random.Generator
) -> float:
    """Return φ: as given, from its prior, or that of the band.

    Parameters
    ----------
    model : PartialCorrelation
    design : Design
    rng : Generator
    """
    if model.row_correlation is not None:
        return model.row_correlation
    return rng.uniform() if design.origin == "prior" else _BAND_ROW_CORRELATION


def _degrees_of_freedom(
    model: PartialCorrelation, design: Design, rng: np.random.Generator
) -> float:
    """Return ν: as given, from its prior, or that of the band.

    Parameters
    ----------
    model : PartialCorrelation
    design : Design
    rng : Generator
    """
    if design.origin == "prior" or model.degrees_of_freedom is not None:
        prior = student_rows.hyperpriors(model)[student_rows.DEGREES]
        return float(prior.draw(rng))
    return _BAND_DEGREES


def _truth(values: dict[str, Any], names: tuple[str, ...]) -> xr.Dataset:
    """Return parameters as a posterior of one chain and one draw."""
    coords: dict[str, Any] = {
        "part": list(names),
        "other_part": list(names),
        "pair": pair_labels(names),
    }
    if "covariate_coefficient" in values:
        coords["covariate"] = ["x"]
    if student_rows.WEIGHT in values:
        coords["row"] = np.arange(len(values[student_rows.WEIGHT]))
    arrays = {
        name: (
            ("chain", "draw", *_DIMS.get(name, ())),
            np.asarray(value, float)[None, None],
        )
        for name, value in values.items()
    }
    return xr.Dataset(arrays, coords)


def _composition(
    logs: np.ndarray,
    names: list[str],
    columns: pd.DataFrame,
    design: Design,
    rng: np.random.Generator,
) -> Composition:
    """Return the amounts exp(logs) as they are, counted, or rounded.

    Parameters
    ----------
    logs : array, shape (n, D)
    names : list of str
    columns : DataFrame
        Subject, time and covariate of each row.
    design : Design
    rng : Generator
    """
    read = partial(
        Composition.from_frame,
        parts=names,
        covariates="x" if design.covariate else None,
        subject=design.subject,
        time=design.time,
        distances=_taxonomy(names) if design.related else None,
    )
    if design.depth is not None:
        exposure = None
        if design.exposure:
            columns = columns.assign(exposure=np.exp(rng.standard_normal(len(logs))))
            logs = logs.copy()
            logs[:, 0] += np.log(columns["exposure"])
            exposure = {names[0]: "exposure"}
        absent = None
        if design.absent:
            without = np.arange(len(logs)) % _ABSENT_FROM == 0
            columns = columns.assign(absent=without)
            logs = logs.copy()
            logs[without, -1] = -np.inf
            absent = {names[-1]: "absent"}
        counts = rng.multinomial(design.depth, softmax(logs, axis=1))
        frame = pd.DataFrame(counts, columns=names).join(columns)
        return read(frame, zeros="counts", exposure=exposure, absent=absent)
    frame = pd.DataFrame(np.exp(logs), columns=names).join(columns)
    if design.resolution is None:
        return read(frame)
    rounded = names[:_ROUNDED_PARTS]
    frame[rounded] = (frame[rounded] / design.resolution).round() * design.resolution
    return read(
        frame, zeros="interval", resolution=dict.fromkeys(rounded, design.resolution)
    )


def _band(rng: np.random.Generator, parts: int) -> np.ndarray:
    """Return Θ of amounts whose precision links each part to the next, by ±.45 in turn."""
    links = -_BAND_LINK * (-1.0) ** np.arange(parts - 1)
    precision = np.eye(parts) + np.diag(links, 1) + np.diag(links, -1)
    scale = 1 / rng.uniform(*_BAND_SDS, parts)
    covariance = np.linalg.inv(precision * scale[:, None] * scale)
    return log_ratios.precision_from_covariance(log_ratios.centre(covariance))


def _taxonomy(names: list[str]) -> pd.DataFrame:
    """Return a taxonomy in which two parts are of one genus, and two genera of one family."""
    numbers = np.arange(len(names))
    ranks = {"family": numbers // 4, "genus": numbers // 2}
    return pd.DataFrame(ranks, index=names)


def _draw_from_prior(
    model: PartialCorrelation,
    degrees: int,
    parts: int,
    rng: np.random.Generator,
    related: bool,
) -> dict[str, Any]:
    """Return parameters and Θ drawn from the prior of the model, by name.

    Parameters
    ----------
    model : PartialCorrelation
    degrees : int
        Rows less the intercept and the covariates.
    parts : int
    rng : Generator
    related : bool
        Whether parts have distances.

    Raises
    ------
    ModelError
        If the prior is no distribution until a field is given, or has no use of distances.
    """
    prior = model.covariance_prior
    needed = prior.simulation_fields
    if not needed:
        proper = [repr(name) for name, each in PRIORS.items() if each.simulation_fields]
        raise ModelError(
            f"prior={model.prior!r} is no distribution to draw from: expected prior "
            f"{' or '.join(proper)}."
        )
    if any(getattr(model, name) is None for name in needed):
        raise ModelError(
            f"To draw from prior={model.prior!r}, expected a number for {' and '.join(needed)}."
        )
    if not related:
        return prior.simulate(model, degrees, parts, rng)
    if "distance_effect_sd" not in prior.fields:
        raise ModelError(
            f"prior={model.prior!r} has no use of distances: expected prior='horseshoe'."
        )
    names = [f"p{k + 1}" for k in range(parts)]
    apart = part_distances(_taxonomy(names), names)
    return prior.simulate(model, degrees, parts, rng, apart)
