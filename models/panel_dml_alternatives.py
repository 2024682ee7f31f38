"""What people would do with a panel instead, each with where it goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from causalstats.data import Panel
from causalstats.models.panel_dml_basis import basis_of
from causalstats.numerics import panel_estimators as estimators
from causalstats.numerics.within import demeaned

_MOST_ROWS = 1_000_000  # beyond, the rows of every estimator would not fit into memory


def alternatives(model: Any, data: Panel) -> Mapping[str, Callable]:
    """Least squares in the ways of Fuhr & Papies (2024), Tables 3 and 4, without machine learning: intervals are clustered by unit.

    Simple OLS and POLS leave out the units; fixed effects and first differences take covariates as linear; early demeaning makes the basis of demeaned
    covariates, which is not the demeaned basis; of the pooled basis units are left out.
    """
    if len(data) > _MOST_ROWS:
        return {}
    linear, smooth = basis_of(data, 1, "none"), basis_of(data, model.functions, model.interactions)
    table, one, unit = data.source, np.ones((len(data), 1)), data.unit
    times = (data.time[:, None] == data.periods[1:]).astype(float) if model.time_effects else np.empty((len(data), 0))
    straight = np.hstack([linear.columns(table), times])
    treatment, outcome = data.treatment, data.outcome

    def first_differences() -> estimators.Estimate:
        changes, whose = estimators.differences(np.column_stack([outcome, treatment, straight]), unit)
        k = treatment.shape[1]
        return estimators.clustered(changes[:, 0], changes[:, 1 : 1 + k], np.hstack([np.ones((len(changes), 1)), changes[:, 1 + k :]]), whose)

    def early() -> estimators.Estimate:
        moved = table.copy()
        names = list(smooth.smooths)
        if names:
            moved[names] = demeaned(table[names].to_numpy(float), data.starts)
        again = _like(model, data, moved)
        return estimators.within(outcome, treatment, np.hstack([again, times]), unit)

    several = {
        "simple OLS": lambda: estimators.clustered(outcome, treatment, one, unit),
        "pooled OLS": lambda: estimators.clustered(outcome, treatment, np.hstack([one, straight]), unit),
        "pooled basis": lambda: estimators.clustered(outcome, treatment, np.hstack([one, smooth.columns(table), times]), unit),
    }
    if data.sizes.max() > 1 and not data.constant_within_units(treatment).all():
        several |= {
            "fixed effects": lambda: estimators.within(outcome, treatment, straight, unit),
            "first differences": first_differences,
            "early demeaning": early,
        }
    return {name: (lambda rng, estimate=estimate: _answer(estimate(), rng)) for name, estimate in several.items()}


def _like(model: Any, data: Panel, table: Any) -> np.ndarray:
    """The basis as it would be made of these covariates."""
    from dataclasses import replace

    return basis_of(replace(data, source=table), model.functions, model.interactions).columns(table)


def _answer(found: estimators.Estimate, rng: np.random.Generator) -> tuple[np.ndarray, None]:
    """Draws of one effect; of several, the estimates."""
    return (found.draws(rng)[:, 0], None) if len(found.coefficients) == 1 else (found.coefficients, None)
