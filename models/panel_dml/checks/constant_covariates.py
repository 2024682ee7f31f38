"""Whether every covariate of `PanelDML` can adjust for anything: the unit effects absorb those that never change within a unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.data.formulas import formula_variables


def covariates_change(model: Any, data: Panel, estimands: tuple[str, ...]) -> Check | None:
    """Return the check that covariates vary within units; None without covariates to look at.

    Moderators are left out, and covariates whose products with others are asked for: those act.
    """
    acting = set(formula_variables(model.moderators)) if model.moderators else set()
    values = {
        name: column.cat.codes.to_numpy(float)
        if isinstance((column := data.source[name]).dtype, pd.CategoricalDtype)
        else column.to_numpy(float)
        for name in data.covariates
    }
    constant = [name for name, column in values.items() if np.ptp(column) == 0]
    still = [name for name in values if name not in constant]
    if still and model.inside:
        same = data.constant_within_units(np.column_stack([values[name] for name in still]))
        still = [name for name, alone in zip(still, same.all(axis=0), strict=True) if alone]
        still = [name for name in still if not _in_products(model, name, values, constant + still)]
    else:
        still = []
    names = [name for name in constant + still if name not in acting]
    if not values:
        return None
    finding = "all of them vary"
    if names:
        what = "is" if len(names) == 1 else "are"
        where = "within every unit" if still else "everywhere"
        finding = (
            f"{', '.join(map(repr, names))} {what} constant {where}: nothing is adjusted for by "
            f"{'it' if len(names) == 1 else 'them'}"
        )
    time = data.arguments["time"]
    return Check(
        name="covariates vary within units" if model.inside else "covariates vary",
        passed=None if names else True,
        value=float(len(names)),
        expected="covariates that change within units, which alone can confound changes",
        finding=finding,
        remedy="" if not names else _remedy(names, still, time),
        estimands=estimands,
        caution=bool(names),
    )


def _in_products(model: Any, name: str, values: Any, unmoved: list[str]) -> bool:
    """Whether a product of this covariate with one that changes within units is in the model."""
    if model.basis == "fourier":
        return len(values) > len(unmoved)
    if isinstance(model.interactions, str):
        return model.interactions == "pairs" and len(values) > len(unmoved)
    pairs = [pair for pair in model.interactions if name in pair]
    return any(other not in unmoved for pair in pairs for other in pair if other != name)


def _remedy(names: list[str], still: list[str], time: str) -> str:
    if not still:
        return "Leave it out." if len(names) == 1 else "Leave them out."
    name = still[0]
    return (
        "The unit effects absorb it. If trends may depend on it, give its product with time as a "
        f"covariate, `frame['{name}_{time}'] = frame['{name}'] * frame['{time}']`, or a product "
        "with each period; if the effect may depend on it, name it in `moderators`; else leave it "
        "out."
    )
