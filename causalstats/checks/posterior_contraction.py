"""Posterior contraction: how much the data say about each parameter."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.abilities import HasPriors
from causalstats.core.check import Check
from causalstats.core.model import Model

LEAST_CONTRACTION = 0.1


def contraction(model: Model, draws: xr.DataTree, data: Any) -> pd.DataFrame:
    """Return the contraction 1 - posterior variance / prior variance of each parameter.

    Parameters
    ----------
    model : Model
        With `priors(data)`; a model without has an empty table.
    draws : DataTree
        With the group `posterior`.
    data
        Data of the class that the model is for.

    Returns
    -------
    DataFrame
        Columns prior_sd, posterior_sd and contraction; a row for each number whose prior standard
        deviation is finite.

    References
    ----------
    Betancourt (2018), Calibrating model-based inferences and decisions, arXiv:1803.08393.
    """
    rows: dict[str, tuple[float, float, float]] = {}
    posterior = draws["posterior"].to_dataset()
    priors = model.priors(data) if isinstance(model, HasPriors) else {}
    for name, prior in priors.items():
        spread = posterior[name].std(("chain", "draw"), ddof=1)
        labels = [name]
        if spread.ndim > 0:
            levels = spread.coords[spread.dims[0]].to_numpy()
            labels = [f"{name}[{level}]" for level in levels]
        prior_sds = np.broadcast_to(prior, len(labels))
        for label, sd, prior_sd in zip(
            labels, np.ravel(spread), prior_sds, strict=True
        ):
            if np.isfinite(prior_sd):
                rows[label] = (prior_sd, sd, 1 - (sd / prior_sd) ** 2)
    columns = ["prior_sd", "posterior_sd", "contraction"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def posterior_contraction(
    model: Model, draws: xr.DataTree, data: Any
) -> tuple[Check, ...]:
    """Return whether any parameter is still its prior; nothing for a model without priors.

    Never a failure, since knowledge from outside may be all there is.

    Parameters
    ----------
    model, draws, data
        As for `contraction`.
    """
    table = contraction(model, draws, data)
    if table.empty:
        return ()
    little = list(table.index[table["contraction"] < LEAST_CONTRACTION])
    lowest = table["contraction"].min()
    if little:
        finding = f"hardly learned: {', '.join(little)}"
        remedy = "What the answer owes to these is prior, not data: see the sensitivity to it."
    else:
        finding = f"least contraction {lowest:.2f} ({table['contraction'].idxmin()})"
        remedy = ""
    check = Check(
        name="posterior contraction",
        passed=None if little else True,
        value=float(lowest),
        expected=f"contraction of at least {LEAST_CONTRACTION:g} for every parameter",
        finding=finding,
        remedy=remedy,
    )
    return (check,)
