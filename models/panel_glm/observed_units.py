"""What was observed of each unit: its outcomes given their sum, and the last of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from causalstats.core.observed_units import ObservedUnits
from causalstats.models.panel_glm.design import design_of

if TYPE_CHECKING:
    import xarray as xr

    from causalstats.data import Panel
    from causalstats.models.panel_glm.model import PanelGLM


def observed_units(
    model: PanelGLM, draws: xr.Dataset, data: Panel, rng: np.random.Generator
) -> ObservedUnits:
    """Return the last outcome of each unit that says something of effects.

    Parameters
    ----------
    model : PanelGLM
    draws : Dataset
    data : Panel
    rng : Generator
    """
    design, family = design_of(model, data), model.outcome_family
    named = draws["coefficient"].transpose("chain", "draw", "column")
    points = named.to_numpy().reshape(-1, len(design.labels))
    units = np.arange(len(design.unit))
    last = design.seen.sum(axis=1).astype(int) - 1
    labels = np.array(data.units)[design.unit]
    observed = design.outcome[units, last]
    kind = int if np.array_equal(observed, np.round(observed)) else float

    def log_likelihood() -> np.ndarray:
        rows = []
        for point in points:
            predictor = (design.columns @ point)[:, :, None]
            by_unit = family.by_unit(predictor, design.outcome, design.seen)
            rows.append(design.weights * by_unit[:, 0])
        return np.array(rows)

    def replicate() -> np.ndarray:
        rows = []
        for point in points:
            predictor = design.columns @ point
            counts = design.outcome / design.dispersion
            new = family.replicate(predictor, counts, design.seen, rng)
            rows.append(design.dispersion * new[units, last])
        return np.array(rows).astype(kind)

    return ObservedUnits(
        name=str(data.arguments["outcome"]),
        dim="unit",
        labels=labels,
        observed=observed.astype(kind),
        meaning="The last outcome of each unit; its likelihood is of all its outcomes, given their "
        "sum.",
        log_likelihood=log_likelihood,
        replicate=replicate,
        table=pd.DataFrame({"unit": labels}),
    )
