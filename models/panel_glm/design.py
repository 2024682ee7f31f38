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
        Over the dispersion, where outcomes are not whole numbers.
    unit : int array, shape (N,)
        Positions in the panel's units.
    sds : array, shape (k,)
        Prior standard deviations of the coefficients.
    treatment_units : array, shape (q,)
    dispersion : float
        Var(y) / E(y) of outcomes that are not whole numbers; 1 of others.
    """

    labels: tuple[str, ...]
    columns: np.ndarray
    outcome: np.ndarray
    seen: np.ndarray
    weights: np.ndarray
    unit: np.ndarray
    sds: np.ndarray
    treatment_units: np.ndarray
    dispersion: float


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
    if model.errors == "iid" and not counted(data):
        raise ModelError(
            "Outcomes that are not whole numbers have no Poisson distribution: with errors='iid' "
            "the interval would depend on their unit. Say errors='cluster'."
        )
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
    dispersion = 1.0 if counted(data) else _dispersion(outcome[kept], seen[kept])
    design = Design(
        labels=(*data.treatments, *held, *names),
        columns=columns[kept],
        outcome=outcome[kept],
        seen=seen[kept],
        weights=data.weights[data.starts][kept] / dispersion,
        unit=np.flatnonzero(kept),
        sds=np.repeat(
            [model.effect_sd, model.coefficient_sd],
            [len(data.treatments), rows.shape[1] - len(data.treatments)],
        ),
        treatment_units=treatment_units,
        dispersion=dispersion,
    )
    return _refuse_collinear(design, data.treatments)


def counted(data: Panel) -> bool:
    """Return whether outcomes are whole numbers, which do not depend on a unit such as per 1,000.

    Examples
    --------
    >>> from causalstats.models.panel_glm.model import PanelGLM
    >>> counted(PanelGLM().simulate(1, units=30, times=4).data)
    True
    """
    return bool((data.outcome == np.round(data.outcome)).all())


def _dispersion(outcome: np.ndarray, seen: np.ndarray) -> float:
    """Return Var(y) / E(y) within units, Σ (y - ȳ_i)² / ȳ_i over free rows.

    The quasi-likelihood of outcomes over it is the same in every unit of measurement: that of rates
    of .01 would else weigh a hundred times less against the prior than that of percentages.

    Parameters
    ----------
    outcome, seen : array, shape (N, T)
    """
    means = outcome.sum(axis=1, keepdims=True) / seen.sum(axis=1, keepdims=True)
    squares = seen * (outcome - means) ** 2 / np.maximum(means, 1e-300)
    free = seen.sum() - len(seen)
    return float(squares.sum()) / max(float(free), 1.0) or 1.0


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


def varies_beside(design: Design) -> np.ndarray:
    """Return the share of each treatment's variance within units that the others leave, (q,).

    The others are covariates, times and the other treatments, by least squares over rows of units
    whose outcome changes.

    Parameters
    ----------
    design : Design
    """
    count = len(design.treatment_units)
    times = design.seen.sum(axis=1)[:, None, None]
    means = design.columns.sum(axis=1, keepdims=True) / times
    within = ((design.columns - means) * design.seen[:, :, None]).reshape(
        -1, design.columns.shape[2]
    )
    shares = np.ones(count)
    for k in range(count):
        others = np.delete(within, k, axis=1)
        if others.shape[1]:
            slopes = np.linalg.lstsq(others, within[:, k], rcond=1e-9)[0]
            left = within[:, k] - others @ slopes
            shares[k] = (left @ left) / (within[:, k] @ within[:, k])
    return shares


def _refuse_collinear(design: Design, treatments: tuple[str, ...]) -> Design:
    """Refuse a treatment of which covariates, times and other treatments leave nothing."""
    for name, share in zip(treatments, varies_beside(design), strict=True):
        if not share > _LEAST_VARIATION:
            raise ModelError(
                f"{name!r} is collinear with the covariates, the other treatments, or the effects "
                "of units and times: no variation remains to estimate its ratio from, and the "
                "prior alone would divide it among them. A variable that is the same for all units "
                "at each time needs time_effects=False, and its effect cannot be told from other "
                "changes over time; else leave out what it is a sum of."
            )
    return design


def _refuse_constant(data: Panel, treatments: np.ndarray, used: np.ndarray) -> None:
    """Refuse a treatment that changes in no unit that says something of effects."""
    within = demeaned(treatments, data.starts)[used]
    for name, share in zip(data.treatments, (within**2).mean(axis=0), strict=True):
        if not share > _LEAST_VARIATION:
            raise ModelError(
                f"{name!r} does not change within the units whose outcome changes: its effect "
                "cannot be told from unit effects."
            )
