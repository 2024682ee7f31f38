"""The columns of a dynamic panel: lagged outcomes, treatments, periods, and the unit's history.

Each unit enters by its longest run of consecutive periods. Its first outcomes are given (see
`initial_conditions`); the others have a likelihood given them and the regressors of all periods.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.dynamic_panel.exact_outcomes import refuse_exact
from causalstats.models.dynamic_panel.initial_conditions import histories
from causalstats.models.panel_dml.nuisance_basis import basis_of
from causalstats.models.shared.cached_by_data import cached_by_data
from causalstats.numerics.panel.dynamic_regression import Histories, cross_products

if TYPE_CHECKING:
    from causalstats.models.dynamic_panel.model import DynamicPanel

_UNITS_AT_ONCE = 20_000
_MOST_NUMBERS = 50_000_000  # of cross-products at two periods
_LEAST_VARIATION = 1e-10  # of a treatment's variance, within units and periods


@dataclass(frozen=True, eq=False)
class Runs:
    """Units that were seen in the same consecutive periods.

    Parameters
    ----------
    first : int
        The first period, counted from that of the panel.
    rows : int array, shape (n, L)
        The rows of each unit, a column each period.
    """

    first: int
    rows: np.ndarray


@dataclass(frozen=True, eq=False)
class _Values:
    """Standardised values by row, and what the columns need besides."""

    outcome: np.ndarray
    regressors: np.ndarray
    treatments: int
    lags: int
    leads: int
    periods: np.ndarray
    starts: tuple[int, ...]
    time_effects: bool
    chamberlain: bool

    def columns(self, run: Runs, part: slice) -> np.ndarray:
        """Return the columns of some units, (n, T, k + 1); the outcome is the last."""
        rows = run.rows[part]
        length = rows.shape[1]
        stop = length - self.leads
        outcome = self.outcome[rows]
        lagged = [outcome[:, self.lags - j : stop - j] for j in range(1, self.lags + 1)]
        regressors = self.regressors[rows]
        now = regressors[:, self.lags : stop]
        treated = now[:, :, : self.treatments]
        later = (
            regressors[:, self.lags + 1 :, : self.treatments] if self.leads else None
        )
        period = np.searchsorted(self.periods, run.first + np.arange(self.lags, stop))
        times = np.ones((len(period), 1))
        if self.time_effects:
            times = np.eye(len(self.periods))[period]
        history = self._history(run, outcome, regressors)
        shape = (len(rows), len(period))
        parts = [
            np.stack(lagged, axis=2),
            treated,
            *([] if later is None else [later]),
            now[:, :, self.treatments :],
            np.broadcast_to(times, (*shape, times.shape[1])),
            np.broadcast_to(history[:, None], (*shape, history.shape[1])),
            outcome[:, self.lags : stop, None],
        ]
        return np.concatenate(parts, axis=2)

    def _history(
        self, run: Runs, outcome: np.ndarray, regressors: np.ndarray
    ) -> np.ndarray:
        started = np.asarray(self.starts[1:]) == run.first
        span = None
        if self.chamberlain:
            begin = run.first + self.lags - self.periods[0]
            periods = self.periods[-1] + self.leads - self.periods[0] + 1
            span = (int(begin), int(periods))
        first = outcome[:, : self.lags]
        return histories(first, regressors[:, self.lags :], started, span)


@dataclass(frozen=True, eq=False)
class Design:
    """Columns of a dynamic panel with their priors, and their cross-products.

    Parameters
    ----------
    labels : tuple of str
        The columns: lags, treatments, their leads, covariates, periods, and those of units.
    slopes : int
        How many columns come first that the answers are about: lags, treatments, leads.
    prior_mean, precision : array, shape (k,)
        Of the coefficients, in standard units; 0 is a flat prior.
    histories : tuple of Histories
        The last column is the outcome less columns times their prior mean.
    runs : tuple of Runs
    periods : array, shape (P,)
        The periods that have a likelihood, counted from the first of the panel.
    centre, unit : float
        The outcome is standardised by them.
    treatment_units : array, shape (q,)
    values : _Values
        From which the columns of units are made.
    """

    labels: tuple[str, ...]
    slopes: int
    prior_mean: np.ndarray
    precision: np.ndarray
    histories: tuple[Histories, ...]
    runs: tuple[Runs, ...]
    periods: np.ndarray
    centre: float
    unit: float
    treatment_units: np.ndarray
    values: _Values

    @property
    def units(self) -> int:
        """How many units there are."""
        return sum(len(run.rows) for run in self.runs)

    @property
    def rows(self) -> int:
        """How many rows have a likelihood."""
        pairs = zip(self.runs, self.histories, strict=True)
        return sum(run.rows.shape[0] * len(each.periods) for run, each in pairs)


@dataclass(frozen=True, eq=False)
class UnitBlock:
    """Some units with the same periods.

    Parameters
    ----------
    unit : int array, shape (n,)
        Positions in the panel's units.
    columns : array, shape (n, T, k + 1)
        In standard units; the outcome is the last column.
    periods : int array, shape (T,)
    weights : array, shape (n,)
    """

    unit: np.ndarray
    columns: np.ndarray
    periods: np.ndarray
    weights: np.ndarray


def design_of(model: DynamicPanel, data: Panel, leads: int = 0) -> Design:
    """Return the columns and cross-products of a panel.

    Parameters
    ----------
    model : DynamicPanel
    data : Panel
    leads : 0 or 1
        Whether the treatment of the next period is a column too, for a check.

    Raises
    ------
    ModelError
        If no unit was seen in enough consecutive periods, a treatment or the outcome does not
        change, or there are too many columns.
    """
    return _with_leads(model, data) if leads else _without_leads(model, data)


@cached_by_data
def _without_leads(model: DynamicPanel, data: Panel) -> Design:
    return _design(model, data, 0)


@cached_by_data
def _with_leads(model: DynamicPanel, data: Panel) -> Design:
    return _design(model, data, 1)


def _design(model: DynamicPanel, data: Panel, leads: int) -> Design:
    runs = consecutive_runs(data, model.lags + 1 + leads)
    if not runs:
        raise ModelError(
            f"No unit was seen in {model.lags + 1 + leads} consecutive periods: the first "
            f"{model.lags} are the initial condition, and at least one more is needed. Take "
            f"fewer `lags`, or a model without them (`cs.PanelDML`).{_unequal_steps(data)}"
        )
    used = np.concatenate([run.rows.ravel() for run in runs])
    centre, unit = float(data.outcome[used].mean()), float(data.outcome[used].std())
    if not unit > 0:
        raise ModelError(
            "The outcome is the same in every row: nothing can be learned."
        )
    treatment_units = data.treatment[used].std(axis=0)
    if model.scale is not None:
        _refuse_scale(model, data)
        *given, unit = model.scale
        treatment_units = np.asarray(given, float)
    covariates = basis_of(data, 1, "none").columns(data.source)
    spread = covariates[used].std(axis=0)
    covariates = (covariates - covariates[used].mean(axis=0)) / np.where(
        spread > 0, spread, 1.0
    )
    middle = data.treatment[used].mean(axis=0)
    safe = np.where(treatment_units > 0, treatment_units, 1.0)
    periods = np.unique(
        [
            run.first + t
            for run in runs
            for t in range(model.lags, run.rows.shape[1] - leads)
        ]
    )
    values = _Values(
        outcome=(data.outcome - centre) / unit,
        regressors=np.hstack([(data.treatment - middle) / safe, covariates]),
        treatments=len(data.treatments),
        lags=model.lags,
        leads=leads,
        periods=periods,
        starts=tuple(sorted({run.first for run in runs})),
        time_effects=model.time_effects or data.absorbs_time,
        chamberlain=model.projection == "chamberlain",
    )
    for name, share in zip(data.treatments, _variation(values, runs), strict=True):
        if not share > _LEAST_VARIATION and len(periods) < 2:
            raise ModelError(
                f"One period is left beside the {model.lags} of the initial condition: no "
                f"treatment changes within units in it. Take a panel of {model.lags + 2} periods "
                "or more, or `cs.PanelDML`, which needs no past outcome."
                f"{_unequal_steps(data)}"
            )
        if not share > _LEAST_VARIATION:
            raise ModelError(
                f"{name!r} does not change within units beside what all units share: its effect "
                "cannot be told from unit and period effects. Look at a treatment that changes."
            )
    labels, prior_mean, precision = _priors(model, data, values, covariates.shape[1])
    lengths = np.array([run.rows.shape[1] - model.lags - leads for run in runs])
    numbers = ((lengths * len(labels)) ** 2).sum()
    if numbers > _MOST_NUMBERS:
        raise ModelError(
            f"{len(labels):,} columns in {periods.size} periods are too many: a column of each "
            "regressor in each period is one of them. Take projection='mundlak', which has one "
            "a regressor, or fewer covariates."
        )
    weights = _unit_weights(data)
    refuse_exact(data.arguments["outcome"], _blocks(values, runs))
    histories = [
        _history(values, run, weights[data.unit[run.rows[:, 0]]], prior_mean)
        for run in runs
    ]
    return Design(
        labels=labels,
        slopes=model.lags + values.treatments * (1 + leads),
        prior_mean=prior_mean,
        precision=precision,
        histories=tuple(histories),
        runs=runs,
        periods=periods,
        centre=centre,
        unit=unit,
        treatment_units=safe,
        values=values,
    )


def _blocks(values: _Values, runs: Iterable[Runs]) -> Iterator[np.ndarray]:
    """Yield the columns of some units at a time."""
    for run in runs:
        for begin in range(0, len(run.rows), _UNITS_AT_ONCE):
            yield values.columns(run, slice(begin, begin + _UNITS_AT_ONCE))


def _unequal_steps(data: Panel) -> str:
    """Say where periods are not equally far apart, which leaves few that are consecutive."""
    steps = np.diff(data.periods)
    if len(steps) == 0 or steps.max() == steps.min():
        return ""
    time = data.arguments["time"]
    return (
        f" Periods are consecutive at their shortest distance, {steps.min():g}; these lie up to "
        f"{steps.max():g} apart. Where waves are to count as periods whatever lies between them, "
        f"number them: `frame[{time!r}] = frame[{time!r}].rank(method='dense')`."
    )


def consecutive_runs(data: Panel, least: int) -> tuple[Runs, ...]:
    """Return the longest run of consecutive periods of each unit, the last of several.

    Parameters
    ----------
    data : Panel
    least : int
        The fewest periods of a run.
    """
    period = period_of_rows(data)
    breaks = (np.diff(data.unit, prepend=-1) != 0) | (np.diff(period, prepend=-9) != 1)
    begin = np.flatnonzero(breaks)
    length = np.diff(begin, append=len(data))
    unit = data.unit[begin]
    order = np.lexsort((begin, length, unit))
    last = order[np.diff(unit[order], append=-1) != 0]
    kept = last[length[last] >= least]
    patterns = np.column_stack([period[begin[kept]], length[kept]])
    distinct, code = np.unique(patterns, axis=0, return_inverse=True)
    return tuple(
        Runs(int(first), begin[kept[code.ravel() == k]][:, None] + np.arange(count))
        for k, (first, count) in enumerate(distinct)
    )


def period_of_rows(data: Panel) -> np.ndarray:
    """Return the period of each row, counted from 0 in the shortest step between rows, (n,)."""
    return data.period


def unit_columns(
    model: DynamicPanel, data: Panel, leads: int = 0
) -> Iterator[UnitBlock]:
    """Yield the columns of some units at a time.

    Parameters
    ----------
    model : DynamicPanel
    data : Panel
    leads : 0 or 1
    """
    design = design_of(model, data, leads)
    values = design.values
    weights = _unit_weights(data)
    for run, history in zip(design.runs, design.histories, strict=True):
        for begin in range(0, len(run.rows), _UNITS_AT_ONCE):
            part = slice(begin, begin + _UNITS_AT_ONCE)
            unit = data.unit[run.rows[part, 0]]
            columns = values.columns(run, part)
            yield UnitBlock(unit, columns, history.periods, weights[unit])


def _history(
    values: _Values, run: Runs, weights: np.ndarray, prior_mean: np.ndarray
) -> Histories:
    """Return the cross-products of the units of a run, the outcome less its prior mean.

    Parameters
    ----------
    values : _Values
    run : Runs
    weights : array, shape (n,)
        Of the units.
    prior_mean : array, shape (k,)
    """
    total: Any = None
    for begin in range(0, len(run.rows), _UNITS_AT_ONCE):
        part = slice(begin, begin + _UNITS_AT_ONCE)
        columns = values.columns(run, part)
        columns[:, :, -1] -= columns[:, :, :-1] @ prior_mean
        block = cross_products(columns, weights[part])
        total = block if total is None else total + block
    stop = run.rows.shape[1] - values.leads
    position = np.searchsorted(values.periods, run.first + np.arange(values.lags, stop))
    return Histories(position, total, float(weights.sum()))


def _priors(
    model: DynamicPanel, data: Panel, values: _Values, covariates: int
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Return labels, prior means and prior precisions of the columns, (k,) each.

    Parameters
    ----------
    model : DynamicPanel
    data : Panel
    values : _Values
    covariates : int
        How many columns they have.
    """
    treatments = list(data.treatments)
    lags = [f"lag {j}" for j in range(1, model.lags + 1)]
    leads = [f"{name}, next period" for name in treatments * values.leads]
    times = ["intercept"]
    if values.time_effects:
        times = [f"period {k}" for k in values.periods]
    history = values.regressors.shape[1]
    if values.chamberlain:
        history *= values.periods[-1] + values.leads - values.periods[0] + 1
    history += model.lags + len(values.starts) - 1
    slopes = [*treatments, *leads]
    held = [f"covariate {k}" for k in range(1, covariates + 1)]
    labels = [*lags, *slopes, *held]
    precision = [
        *[1 / model.persistence_sd**2] * len(lags),
        *[1 / model.effect_sd**2] * len(slopes),
        *[1 / model.coefficient_sd**2] * len(held),
    ]
    labels += [*times, *(f"history {k}" for k in range(1, history + 1))]
    precision += [0.0] * len(times) + [1 / model.coefficient_sd**2] * history
    prior_mean = np.zeros(len(labels))
    prior_mean[0] = model.persistence_mean
    return tuple(labels), prior_mean, np.array(precision)


def _variation(values: _Values, runs: tuple[Runs, ...]) -> np.ndarray:
    """Return the share of each treatment's variance that units and periods leave, (q,)."""
    count = values.treatments
    span = len(values.periods)
    left, total = np.zeros(count), np.zeros(count)
    sums, sizes = np.zeros((span, count)), np.zeros(span)
    parts = []
    for run in runs:
        stop = run.rows.shape[1] - values.leads
        treated = values.regressors[run.rows[:, values.lags : stop], :count]
        total += (treated**2).sum(axis=(0, 1))
        within = treated - treated.mean(axis=1, keepdims=True)
        period = np.searchsorted(
            values.periods, run.first + np.arange(values.lags, stop)
        )
        sums[period] += within.sum(axis=0)
        sizes[period] += len(within)
        parts.append((period, within))
    means = sums / np.maximum(sizes, 1)[:, None]
    for period, within in parts:
        shared = means[period] if values.time_effects else 0.0
        left += ((within - shared) ** 2).sum(axis=(0, 1))
    return left / np.maximum(total, 1e-300)


def _unit_weights(data: Panel) -> np.ndarray:
    """Return the weight of each unit (N,), refusing weights that change within a unit."""
    if not data.constant_within_units(data.weights[:, None]).all():
        raise ModelError(
            "Weights change within units, and a dynamic panel has a likelihood of whole units. "
            "Give every row of a unit the same weight."
        )
    return data.weights[data.starts]


def _refuse_scale(model: DynamicPanel, data: Panel) -> None:
    expected = len(data.treatments) + 1
    if model.scale is not None and len(model.scale) != expected:
        raise ModelError(
            f"Expected `scale` as {expected} numbers, for {', '.join(data.treatments)} and the "
            f"outcome, got {model.scale!r}."
        )
