"""How effects of cohorts by event time are pooled: θ_ge = μ_e + c_g + u_ge, in units of σ.

μ is a random walk over event times, of first or second order with equal prior weight, so that the
data decide how smooth it is; c_g is the level of a cohort, u_ge what is left. Every prior is
θ = σ Λ diag(s) η, η ~ Normal(0, I), with fixed loadings Λ and scales s, some of them learned::

    columns     scale
    start       30                     the level of all effects
    slope       1 (second order)       their first change
    walk        `walk_sd`
    level       3.2, or `level_sd`     a column for each cohort
    cell        `cell_sd`              a column for each cell

The defaults were chosen by simulation: with levels of cohorts unpooled and only the shape over
event times pooled, coverage holds also for a cohort that is unlike the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from causalstats.core.assumption import Assumption
from causalstats.models.shared.distributions import HalfNormal, Rayleigh

if TYPE_CHECKING:
    from causalstats.models.event_study.adoption import Cells
    from causalstats.models.event_study.model import EventStudy

PoolingName = Literal["shape", "full", "none"]

_START_SD = 30.0
_SLOPE_SD = 1.0
_WIDE_LEVEL_SD = 3.2
KINDS = ("flat", "covariate", "start", "slope", "walk", "level", "cell")


@dataclass(frozen=True)
class Pooling:
    """A prior of the effects; without one they are flat.

    Parameters
    ----------
    pooled : bool
        Whether effects have a prior.
    levels_learned : bool
        Whether the spread of the cohorts' levels is learned.
    fields : tuple of str
        The fields of the model that the prior uses.
    name, statement, if_wrong, formula : str
        Of the assumption.
    """

    pooled: bool
    levels_learned: bool
    fields: tuple[str, ...]
    name: str
    statement: str
    if_wrong: str
    formula: str

    def assumption(self) -> Assumption:
        """Return what the prior assumes of effects."""
        return Assumption(
            name=self.name,
            statement=self.statement,
            if_wrong=self.if_wrong,
            formula=self.formula,
            fields=("pooling", *self.fields),
        )

    def priors(self, model: EventStudy) -> dict[str, Any]:
        """Return the priors of the scales that are learned, by name."""
        if not self.pooled:
            return {}
        priors: dict[str, Any] = {
            "walk_sd": HalfNormal(model.walk_scale, "softplus"),
            "cell_sd": HalfNormal(model.cell_scale, "softplus"),
        }
        if self.levels_learned:
            priors["level_sd"] = Rayleigh(model.level_scale)
        return priors


def flat(spectrum: np.ndarray, cells: int) -> dict[str, np.ndarray]:
    """Return the columns of coefficients of covariates and of effects without a prior.

    Parameters
    ----------
    spectrum : array, shape (d,)
        Relative prior variances κ of the coefficients of covariates; 0 for one without a prior.
    cells : int

    Returns
    -------
    dict
        `transforms` (1, k, k), which gives coefficients from columns η; `kind` int (k,), positions
        in `KINDS`; the last column is the outcome.
    """
    return _columns(spectrum, [np.eye(cells)], np.zeros(cells, int))


def pooled(
    spectrum: np.ndarray, cells: Cells, groups: int, base: int
) -> dict[str, np.ndarray]:
    """Return the same with Λ of a first-order walk, and of a second-order one.

    Parameters
    ----------
    spectrum : array, shape (d,)
    cells : Cells
        Leads among them have a wide prior of their own.
    groups : int
        The number of cohorts.
    base : int
        The event time before the affected ones.
    """
    affected = cells.event_time > base
    since = np.where(affected, cells.event_time - base - 1, 0)
    steps = np.arange(1, since.max() + 1)
    reached = np.maximum(since[:, None] - steps + 1, 0)
    level = (cells.cohort[:, None] == np.arange(groups)) * affected[:, None]
    own = np.diag(affected.astype(float))[:, affected]
    start = np.column_stack([affected, np.diag(~affected)[:, ~affected]])
    nothing = np.zeros((len(cells), 1))
    first = [start, nothing, np.minimum(reached, 1), level, own]
    second = [start, since[:, None], np.maximum(reached - 1, 0), level, own]
    widths = [part.shape[1] for part in first]
    kind = np.repeat(np.arange(KINDS.index("start"), len(KINDS)), widths)
    orders = [np.hstack(order).astype(float) for order in (first, second)]
    return _columns(spectrum, orders, kind)


def _columns(
    spectrum: np.ndarray, orders: Sequence[np.ndarray], kind: np.ndarray
) -> dict[str, np.ndarray]:
    """Put coefficients of covariates before the effects, and the outcome after them.

    Parameters
    ----------
    spectrum : array, shape (d,)
    orders : sequence of arrays, shape (m, q)
        Λ.
    kind : int array, shape (q,)
    """
    width, (count, columns) = len(spectrum), orders[0].shape
    transforms = np.zeros((len(orders), width + count + 1, width + columns + 1))
    own = np.arange(width)
    transforms[:, own, own] = np.where(spectrum > 0, np.sqrt(spectrum), 1.0)
    for transform, loadings in zip(transforms, orders, strict=True):
        transform[width:-1, width:-1] = loadings
    transforms[:, -1, -1] = 1
    of_covariates = np.where(spectrum > 0, KINDS.index("covariate"), 0)
    return {
        "transforms": transforms,
        "kind": np.concatenate([of_covariates, kind, [0]]).astype(int),
    }


def scales_of_kinds(xp: Any, scales: Mapping[str, Any]) -> list[Any]:
    """Return the prior standard deviation of each kind of column, in the order of `KINDS`.

    Parameters
    ----------
    xp : module
        `numpy` or `pytensor.tensor`.
    scales : mapping
        Values of the parameters by name.

    Returns
    -------
    list
        1 for columns without a prior.
    """
    sigma = scales["standard_error_sd"]
    one = xp.ones_like(sigma)
    level = scales.get("level_sd", _WIDE_LEVEL_SD * one)
    covariate = scales.get("covariate_sd", one)
    walk, cell = scales.get("walk_sd", one), scales.get("cell_sd", one)
    in_sigma = [covariate, _START_SD * one, _SLOPE_SD * one, walk, level, cell]
    return [one, *(sigma * scale for scale in in_sigma)]


POOLING: dict[PoolingName, Pooling] = {
    "shape": Pooling(
        pooled=True,
        levels_learned=False,
        fields=("walk_scale", "cell_scale"),
        name="pooled shape of effects",
        statement="Effects of cohorts differ in level without restriction, and their course over "
        "event times is similar, to a degree that is learned.",
        if_wrong="Effects of single cells are drawn towards the common course: compare with "
        "`pooling='none'`. Averages over cells hardly depend on it.",
        formula="θ_ge = μ_e + c_g + u_ge, c_g ~ Normal(0, (3.2 σ)²), u ~ Normal(0, ω²), μ a walk",
    ),
    "full": Pooling(
        pooled=True,
        levels_learned=True,
        fields=("walk_scale", "cell_scale", "level_scale"),
        name="exchangeable cohorts",
        statement="Before the data are seen, no cohort is known to have other effects than the "
        "others: levels, and courses over event times, come from common distributions.",
        if_wrong="The effect of a small cohort that is unlike the others is drawn to theirs, and "
        "its interval is too short: see `pooling='shape'`.",
        formula="θ_ge = μ_e + c_g + u_ge, c_g ~ Normal(0, κ²), u_ge ~ Normal(0, ω²), μ a walk",
    ),
    "none": Pooling(
        pooled=False,
        levels_learned=False,
        fields=(),
        name="unrestricted effects",
        statement="The effect of every cohort at every event time is its own (saturated "
        "regression; the imputation estimator of Borusyak, Jaravel & Spiess).",
        if_wrong="Nothing is assumed of effects; intervals of small cohorts are wide.",
        formula="p(θ_ge) flat",
    ),
}
"""Priors of the effects by the name in the field `pooling`."""
