"""Whether the model reproduces what was observed. It says nothing of the outcomes nobody saw."""

from typing import Any

import numpy as np
import xarray as xr

from causalstats.model import Check
from causalstats.numerics.predictive import discrepancy


def predictive(model: Any, draws: xr.DataTree, data: Any, seed: int) -> tuple[Check, ...]:
    """Posterior predictive p-values of the observed rates by group."""
    rng = np.random.default_rng(seed)
    found = []
    for prediction in model.predictions(draws["posterior"].to_dataset(), data, rng):
        p = discrepancy(prediction.observed, prediction.replicated)
        passed = p > 0.01
        found.append(
            Check(
                name=f"predicts the {prediction.name}",
                passed=passed,
                value=p,
                expected="p-value above 0.01",
                finding=f"posterior predictive p = {p:.3f}",
                remedy="" if passed else "The log-odds are not linear in these features: add splines or interactions through `formula=`.",
            )
        )
    return tuple(found)
