"""Columns of a panel of counts or of outcomes of 0 and 1, padded to one row a unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.panel_dml.nuisance_basis import basis_of
from causalstats.models.shared.cached_by_data import cached_by_data
from causalstats.numerics.panel.within_transformation import demeaned

if TYPE_CHECKING:
    from causalstats.models.panel_glm.model import PanelGLM

_LEAST_VARIATION = 1e-10  # of a column's variance, within units


@dataclass(frozen=True, eq=False)
class Design:
    """The units that say something of effects, with their columns.

    Parameters
    ----------
    labels : tuple of str
        The columns: treatments, covariates, periods.
    columns : array, shape (N, T, k)
        In standard units; 0 where a unit was not seen.
    outcome, seen : array, shape (N, T)
    weights : array, shape (N,)
    unit : int array, shape (N,)
        Positions in the panel's units.
    sds : array, shape (k,)
        Prior standard deviations of the coefficients.
    treatment_units : array, shape (q,)
    """

    labels: tuple[str, ...]
    columns: np.ndarray
    outcome: np.ndarray
    seen: np.ndarray
    weights: np.ndarray
    unit: np.ndarray
    sds: np.ndarray
    treatment_units: np.ndarray


@cached_by_data
def design_of(model: PanelGLM, data: Panel) -> Design:
    """Return the columns of a panel.

    Raises
    ------
    ModelError
        If outcomes are not of the family, no unit's outcome changes, a treatment does not change
        within units, or weights do.
    """
    family = model.outcome_family
    family.refuse(data.outcome)
    if not data.constant_within_units(data.weights[:, None]).all():
        raise ModelError(
            "Weights change within units, and the likelihood is that of whole units given their "
            "sum. Give every row of a unit the same weight."
        )
    (treatments, covariates, times), treatment_units = columns_of_rows(model, data)
    rows = np.hstack([treatments, covariates, times])
    shape = (len(data.units), int(data.sizes.max()))
    position = np.arange(len(data)) - np.repeat(data.starts, data.sizes)
    outcome, seen = np.zeros(shape), np.zeros(shape)
    columns = np.zeros((*shape, rows.shape[1]))
    outcome[data.unit, position] = data.outcome
    seen[data.unit, position] = 1
    columns[data.unit, position] = rows
    kept = family.informative(outcome, seen)
    if not kept.any():
        raise ModelError(
            "No unit says anything of effects: the outcome is the same in every row of each. For a "
            "cross-section take `cs.CausalDiagram`."
        )
    names = [f"period {k}" for k in range(1, times.shape[1] + 1)]
    held = [f"covariate {k}" for k in range(1, covariates.shape[1] + 1)]
    used = kept[data.unit]
    _refuse_constant(data, rows[:, : len(data.treatments)], used)
    return Design(
        labels=(*data.treatments, *held, *names),
        columns=columns[kept],
        outcome=outcome[kept],
        seen=seen[kept],
        weights=data.weights[data.starts][kept],
        unit=np.flatnonzero(kept),
        sds=np.repeat(
            [model.effect_sd, model.coefficient_sd],
            [len(data.treatments), rows.shape[1] - len(data.treatments)],
        ),
        treatment_units=treatment_units,
    )


def columns_of_rows(
    model: PanelGLM, data: Panel
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], np.ndarray]:
    """Return treatments, covariates and dummies of periods of every row, and treatments' units."""
    treatments, treatment_units = _treatments(model, data)
    covariates = basis_of(data, 1, "none").columns(data.source)
    times = np.empty((len(data), 0))
    if model.time_effects or data.absorbs_time:
        times = data.time_dummies()
    return (treatments, covariates, times), treatment_units


def _treatments(model: PanelGLM, data: Panel) -> tuple[np.ndarray, np.ndarray]:
    """Return the treatments about their means in units of `scale`, and the units."""
    units = data.treatment.std(axis=0)
    if model.scale is not None:
        units = np.asarray(model.scale, float)
        if len(units) != len(data.treatments):
            raise ModelError(
                f"Expected `scale` as {len(data.treatments)} numbers, one for each of "
                f"{', '.join(data.treatments)}, got {model.scale!r}."
            )
    units = np.where(units > 0, units, 1.0)
    return (data.treatment - data.treatment.mean(axis=0)) / units, units


def _refuse_constant(data: Panel, treatments: np.ndarray, used: np.ndarray) -> None:
    """Refuse a treatment that changes in no unit that says something of effects."""
    within = demeaned(treatments, data.starts)[used]
    for name, share in zip(data.treatments, (within**2).mean(axis=0), strict=True):
        if not share > _LEAST_VARIATION:
            raise ModelError(
                f"{name!r} does not change within the units whose outcome changes: its effect "
                "cannot be told from unit effects."
            )
