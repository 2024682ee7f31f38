"""Summaries of posterior draws, with the Monte Carlo diagnostics that belong beside them."""

import numpy as np
import pandas as pd
import xarray as xr

COLUMNS = ("mean", "sd", "lower", "upper", "ess_bulk", "ess_tail", "r_hat")
_DIAGNOSE_UP_TO = 200
_ENTRY = " entry"  # a name that no dim of an answer has


def entries(draws: xr.DataArray) -> dict[str, np.ndarray]:
    """Each number of `draws` (chain, draw, ...) by its label, as an array (chain, draw); the label of a single number is empty."""
    others = [dim for dim in draws.dims if dim not in ("chain", "draw")]
    if not others:
        return {"": draws.transpose("chain", "draw").to_numpy()}
    flat = draws.stack({_ENTRY: others}).transpose(_ENTRY, "chain", "draw")
    labels = [
        ", ".join(map(str, label)) if isinstance(label, tuple) else str(label)
        for label in flat[_ENTRY].to_numpy()
    ]
    return dict(zip(labels, flat.to_numpy(), strict=True))


def varies(values: np.ndarray) -> bool:
    """Whether draws differ by more than rounding: what is known exactly has no posterior."""
    return bool(np.ptp(values) > 1e-9 * abs(values).max())


def summarise(draws: xr.DataArray, prob: float) -> pd.DataFrame:
    """Mean, sd, equal-tailed interval, bulk and tail ESS and R-hat, a row for each entry of `draws` (chain, draw, ...).

    Constants (an exactly known prevalence) have no diagnostics: NaN. Nor have tables of more than 200 rows, one a person: their
    sampling is that of the parameters.
    """
    import arviz as az

    columns = entries(draws)
    values = np.stack(list(columns.values())).astype(float)
    tail = (1 - prob) / 2
    lower, upper = np.quantile(values, [tail, 1 - tail], axis=(1, 2))
    rows = {
        "mean": values.mean((1, 2)),
        "sd": values.std((1, 2), ddof=1),
        "lower": lower,
        "upper": upper,
    }
    diagnostics = np.full((3, len(values)), np.nan)
    if len(values) <= _DIAGNOSE_UP_TO:
        for k, one in enumerate(values):
            if varies(one):
                diagnostics[:, k] = (
                    az.ess(one, method="bulk"),
                    az.ess(one, method="tail", prob=prob),
                    az.rhat(one),
                )
    rows |= dict(zip(COLUMNS[4:], diagnostics, strict=True))
    if list(columns) == [""]:
        return pd.DataFrame(rows, index=[str(draws.name or "value")])
    dims = [str(dim) for dim in draws.dims if dim not in ("chain", "draw")]
    return pd.DataFrame(rows, index=pd.Index(list(columns), name=", ".join(dims)))


def surest_first(table: pd.DataFrame, at_least: int) -> pd.DataFrame:
    """A table with columns mean, lower and upper, from what lies surest on one side of 0.

    As it is if it has no more rows than `at_least`, or if all lie on one side and 0 is no question.
    """
    if len(table) <= at_least or (table["lower"] > 0).all():
        return table
    width = (table["upper"] - table["lower"]).replace(0, np.inf)
    return table.loc[
        (table["mean"].abs() / width).sort_values(ascending=False, kind="stable").index
    ]
