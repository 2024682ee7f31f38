"""Summaries of posterior draws, with the Monte Carlo diagnostics that belong beside them."""

import numpy as np
import pandas as pd
import xarray as xr

COLUMNS = ("mean", "sd", "lower", "upper", "ess_bulk", "ess_tail", "r_hat")
_DIAGNOSE_UP_TO = 200


def summarise(draws: xr.DataArray, prob: float) -> pd.DataFrame:
    """Mean, sd, equal-tailed interval, bulk and tail ESS and R-hat, a row for each entry of `draws` (chain, draw, ...).

    Constants (an exactly known prevalence) have no diagnostics: NaN. Nor have tables of more than 200 rows, one a person: their
    sampling is that of the parameters.
    """
    import arviz as az

    others = [dim for dim in draws.dims if dim not in ("chain", "draw")]
    flat = draws.stack(entry=others) if others else draws.expand_dims("entry", axis=-1)
    values = flat.transpose("chain", "draw", "entry").to_numpy().astype(float)
    tail = (1 - prob) / 2
    lower, upper = np.quantile(values, [tail, 1 - tail], axis=(0, 1))
    rows = {"mean": values.mean((0, 1)), "sd": values.std((0, 1), ddof=1), "lower": lower, "upper": upper}
    diagnostics = np.full((3, values.shape[2]), np.nan)
    if values.shape[2] <= _DIAGNOSE_UP_TO:
        for k in range(values.shape[2]):
            if np.ptp(values[..., k]) > 1e-12 * abs(values[..., k]).max():
                one = values[..., k]
                diagnostics[:, k] = az.ess(one, method="bulk"), az.ess(one, method="tail", prob=prob), az.rhat(one)
    rows |= dict(zip(COLUMNS[4:], diagnostics, strict=True))
    return pd.DataFrame(rows, index=_labels(flat, others, draws.name))


def _labels(flat: xr.DataArray, others: list, name: object) -> pd.Index:
    if not others:
        return pd.Index([str(name or "value")])
    entries = flat["entry"].to_numpy()
    return pd.Index([", ".join(map(str, entry)) if isinstance(entry, tuple) else str(entry) for entry in entries], name=", ".join(map(str, others)))
