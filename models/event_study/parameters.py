"""The scales of an event study, with their priors: the only parameters that are sampled.

All but the serial correlation are in units: the error's standard deviation in that of the outcome
within units, the others in that of the error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.models.event_study.cross_products import CrossProducts
from causalstats.models.event_study.pooling import POOLING
from causalstats.models.shared.distributions import HalfNormal, Normal, Uniform
from causalstats.numerics.panel.ar1_errors import HIGHEST

if TYPE_CHECKING:
    from causalstats.models.event_study.model import EventStudy


@dataclass(frozen=True)
class Parameter:
    """A scale or a correlation.

    Parameters
    ----------
    name : str
    prior : Distribution
    dims : tuple of str
        Empty, or ("adoption_group",) for a number of each cohort and of the units that never adopt.
    count : int
        How many numbers it has.
    """

    name: str
    prior: Any
    dims: tuple[str, ...] = ()
    count: int = 1


def parameters_of(
    model: EventStudy, statistics: CrossProducts
) -> tuple[Parameter, ...]:
    """Return the parameters in the order in which the graph has them."""
    groups = len(statistics.units)
    parameters = [
        Parameter("standard_error_sd", HalfNormal(model.error_scale)),
        Parameter(
            "log_sd_deviation", Normal(model.sd_spread), ("adoption_group",), groups
        ),
    ]
    if len(statistics.grams) > 1:
        correlation = Uniform(statistics.lowest, HIGHEST)
        parameters.append(Parameter("serial_correlation", correlation))
    if statistics.spectrum.any():
        shrinkage = HalfNormal(model.covariate_scale, "softplus")
        parameters.append(Parameter("covariate_sd", shrinkage))
    pooling = POOLING[model.pooling].priors(model)
    return (*parameters, *(Parameter(name, prior) for name, prior in pooling.items()))


def split(
    points: np.ndarray, parameters: Sequence[Parameter]
) -> Iterator[tuple[Parameter, np.ndarray]]:
    """Yield each parameter with its unconstrained values, (n, d)."""
    edges = np.cumsum([parameter.count for parameter in parameters])[:-1]
    parts = np.split(points, edges, axis=1)
    yield from zip(parameters, parts, strict=True)


def group_log_sds(xp: Any, scales: Mapping[str, Any]) -> Any:
    """Return the logarithm of the error's standard deviation in each cohort, (..., groups).

    Parameters
    ----------
    xp : module
        `numpy` or `pytensor.tensor`.
    scales : mapping
        Values of the parameters by name; scales have a last axis of size 1.
    """
    return xp.log(scales["standard_error_sd"]) + scales["log_sd_deviation"]
