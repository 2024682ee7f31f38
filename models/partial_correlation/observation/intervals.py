"""Values within bounds: rounded, left-censored below a limit of detection, or missing.

Zeros below a limit (rounded zeros) are sampled within their bounds: no zero replacement.

The logarithm u of such a value is sampled, uniformly between the logarithms of its bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.data import Composition
from causalstats.models.partial_correlation.graph_context import GraphContext
from causalstats.models.partial_correlation.observation.measurement_checks import (
    measured_finely,
)

UNCONSTRAINED = "hidden_logarithm"
LOGARITHM = "hidden_logarithm_value"
_SMALLEST_DISTANCE = 1e-3  # from the start of a logarithm to its upper bound


@dataclass(frozen=True)
class Intervals:
    """Positive parts of which some are known within bounds only: interval censoring."""

    exact = False
    latent: ClassVar[tuple[str, ...]] = (UNCONSTRAINED, LOGARITHM)
    detection = "above its limit"
    values_known = False

    def well_observed(self, data: Composition) -> np.ndarray:
        """Return the positions of parts that are known in every row."""
        assert data.bounds is not None
        return np.flatnonzero(~data.bounds.open.any(axis=0))

    def data_check(self, data: Composition) -> Check:
        return measured_finely(data, self.well_observed(data))

    def inputs(self, data: Composition) -> dict[str, np.ndarray]:
        """Return the log bounds, starts and positions (row, column) of the censored values."""
        assert data.bounds is not None
        censored = data.bounds.open
        row, column = np.nonzero(censored)
        logarithms = np.log(data.values)
        with np.errstate(divide="ignore"):
            lower = np.log(data.bounds.lower[censored])
            upper = np.log(data.bounds.upper[censored])
        return {
            "lower": lower,
            "upper": upper,
            "start": logarithms[censored],
            "censored_row": row,
            "censored_column": column,
            "logarithms": logarithms,
        }

    def log_ratios(self, context: GraphContext) -> Any:
        """Add the censored logarithms u, through an unconstrained v.

        Between two bounds u = a + (b-a) / (1 + e^-v); below one, u = b - e^v; without any, u = v.
        """
        import pymc as pm
        import pytensor.tensor as pt

        inputs = context.inputs
        start = _start(
            *(inputs[name].get_value() for name in ("lower", "upper", "start"))
        )
        between = ~pt.isinf(inputs["lower"])
        below = ~pt.isinf(inputs["upper"])
        v = pm.Flat(UNCONSTRAINED, shape=len(start), initval=start)
        lower = _finite(inputs["lower"])
        upper = _finite(inputs["upper"])
        share = pt.sigmoid(v)
        inside = lower + (upper - lower) * share
        u = pm.Deterministic(
            LOGARITHM,
            pt.switch(between, inside, pt.switch(below, upper - pt.exp(v), v)),
        )
        log_jacobian = pt.log(share) + pt.log1p(-share)
        pm.Potential(
            "uniform_between_bounds",
            pt.switch(between, log_jacobian, pt.switch(below, v, 0.0)).sum(),
        )
        row = pt.cast(inputs["censored_row"], "int64")
        column = pt.cast(inputs["censored_column"], "int64")
        logs = pt.set_subtensor(inputs["logarithms"][row, column], u)
        return logs - logs.mean(axis=1, keepdims=True)

    def drawn_log_ratios(self, draws: xr.Dataset, data: Composition) -> np.ndarray:
        assert data.bounds is not None
        logarithms = draws[LOGARITHM].to_numpy()
        count = logarithms.shape[0] * logarithms.shape[1]
        logs = np.tile(np.log(data.values), (count, 1, 1))
        logs[:, data.bounds.open] = logarithms.reshape(count, -1)
        return logs - logs.mean(axis=-1, keepdims=True)

    def detected(self, data: Composition) -> tuple[np.ndarray, np.ndarray]:
        assert data.bounds is not None
        seen = data.bounds.lower > 0
        return seen, ~seen & np.isfinite(data.bounds.upper)


def _start(lower: np.ndarray, upper: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return the v of each censored logarithm where chains start."""
    bounded = np.isfinite(upper)
    distance = np.where(bounded, upper, 0.0) - start
    below = np.log(np.maximum(distance, _SMALLEST_DISTANCE))
    return np.where(np.isfinite(lower), 0.0, np.where(bounded, below, start))


def _finite(bound: Any) -> Any:
    """Return a bound as a number that no gradient makes NaN of: 0 where there is none."""
    import pytensor.tensor as pt

    return pt.switch(pt.isinf(bound), 0.0, bound)
