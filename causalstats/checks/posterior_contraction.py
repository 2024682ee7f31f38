"""How much the data said about each parameter."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.abilities import HasPriors
from causalstats.core.check import Check
from causalstats.core.model import Model

LITTLE = 0.1


def contraction(model: Model, draws: xr.DataTree, data: Any) -> pd.DataFrame:
    """Prior and posterior standard deviation and contraction 1 - posterior variance / prior variance, a row a parameter."""
    rows: dict[str, tuple[float, float, float]] = {}
    posterior = draws["posterior"].to_dataset()
    priors = model.priors(data) if isinstance(model, HasPriors) else {}
    for name, prior in priors.items():
        spread = posterior[name].std(("chain", "draw"), ddof=1)
        labels = (
            [name]
            if spread.ndim == 0
            else [f"{name}[{label}]" for label in spread.coords[spread.dims[0]].to_numpy()]
        )
        for label, sd, prior_sd in zip(
            labels, np.ravel(spread), np.broadcast_to(prior, len(labels)), strict=True
        ):
            if np.isfinite(prior_sd):
                rows[label] = (prior_sd, sd, 1 - (sd / prior_sd) ** 2)
    return pd.DataFrame.from_dict(
        rows, orient="index", columns=["prior_sd", "posterior_sd", "contraction"]
    )


def posterior_contraction(model: Model, draws: xr.DataTree, data: Any) -> tuple[Check, ...]:
    """Whether any parameter is still its prior; never a failure, since knowledge from outside may be all there is. None without parameters."""
    table = contraction(model, draws, data)
    if table.empty:
        return ()
    little = list(table.index[table["contraction"] < LITTLE])
    lowest = table["contraction"].min()
    check = Check(
        name="posterior contraction",
        passed=None if little else True,
        value=float(lowest),
        expected=f"contraction of at least {LITTLE:g} for every parameter",
        finding=f"hardly learned: {', '.join(little)}"
        if little
        else f"least contraction {lowest:.2f} ({table['contraction'].idxmin()})",
        remedy="What the answer owes to these is prior, not data: see the sensitivity to it."
        if little
        else "",
    )
    return (check,)
