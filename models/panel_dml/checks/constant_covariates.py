"""Covariates that are constant within units: unit effects absorb them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.data.formulas import formula_variables

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML


def covariates_change(
    model: PanelDML, data: Panel, estimands: tuple[str, ...]
) -> Check | None:
    """Return the check that covariates vary within units; None without covariates to look at.

    Moderators are left out, and covariates in interactions: they are not absorbed.

    Parameters
    ----------
    model : PanelDML
    data : Panel
    estimands : tuple of str
        Names of the answers that carry the check if it is undecided.
    """
    values = {name: _codes(data.source[name]) for name in data.covariates}
    if not values:
        return None
    everywhere = [name for name, column in values.items() if np.ptp(column) == 0]
    within: list[str] = []
    others = [name for name in values if name not in everywhere]
    if others and model.within_units:
        columns = np.column_stack([values[name] for name in others])
        constant = data.constant_within_units(columns).all(axis=0)
        still = [name for name, alone in zip(others, constant, strict=True) if alone]
        unmoved = everywhere + still
        within = [
            name
            for name in still
            if not _in_products(model, name, len(values), unmoved)
        ]
    acting = set(formula_variables(model.moderators)) if model.moderators else set()
    names = [name for name in everywhere + within if name not in acting]
    finding = "all of them vary"
    if names:
        verb, pronoun = ("is", "it") if len(names) == 1 else ("are", "them")
        extent = "within every unit" if within else "everywhere"
        finding = (
            f"{', '.join(map(repr, names))} {verb} constant {extent}: nothing is adjusted for by "
            f"{pronoun}"
        )
    return Check(
        name="covariates vary within units"
        if model.within_units
        else "covariates vary",
        passed=None if names else True,
        value=float(len(names)),
        expected="covariates that change within units, which alone can confound changes",
        finding=finding,
        remedy=_remedy(names, within, data.arguments["time"]) if names else "",
        estimands=estimands,
        caution=bool(names),
    )


def _codes(column: pd.Series) -> np.ndarray:
    text = isinstance(column.dtype, pd.CategoricalDtype)
    return np.asarray(column.cat.codes if text else column, float)


def _in_products(
    model: PanelDML, name: str, count: int, unmoved: Collection[str]
) -> bool:
    """Whether a product of this covariate with one that changes within units is in the model.

    Parameters
    ----------
    model : PanelDML
    name : str
    count : int
        How many covariates there are.
    unmoved : collection of str
        Covariates that are constant within units.
    """
    if model.basis_family.joint or model.interactions == "pairs":
        return count > len(unmoved)
    if isinstance(model.interactions, str):
        return False
    pairs = [pair for pair in model.interactions if name in pair]
    return any(
        other not in unmoved for pair in pairs for other in pair if other != name
    )


def _remedy(names: list[str], within: list[str], time: str) -> str:
    if not within:
        return "Leave it out." if len(names) == 1 else "Leave them out."
    name = within[0]
    return (
        "The unit effects absorb it. If trends may depend on it, give its product with time as a "
        f"covariate, `frame['{name}_{time}'] = frame['{name}'] * frame['{time}']`, or a product "
        "with each period; if the effect may depend on it, name it in `moderators`; else leave it "
        "out."
    )
