"""Sufficient statistics of an event study: cross-products by cohort, at several ρ.

Units of a cohort that were seen in the same periods share their design but for the covariates
z_i = (1, x_i). With Y_i their outcomes in T of the periods, and M = W'W for W of
`numerics.panel.ar1_errors` with unit effects taken out, all that the likelihood takes of
them is S = Σ_i w_i (z_i, Y_i)(z_i, Y_i)'. In coefficients δ of z times period, and θ of event times

δ'δ: S_zz ⊗ M,  δ'θ: S_z1 ⊗ M D,  θ'θ: S_11 D'MD,  δ'Y: M S_Yz,  θ'Y: D'M S_Y1,  Y'Y: tr(M S_YY)

so that rows are read once, in (1 + p + T)² numbers for each cohort and pattern of periods. M of a
pattern is 0 in the periods that its units were not seen in, and S too, so that both add up over the
patterns of a cohort before they meet its design.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.event_study.adoption import Adoption, Cells, adoption
from causalstats.models.panel_dml.nuisance_basis import basis_of
from causalstats.models.shared.cached_by_data import cached_by_data
from causalstats.numerics.panel import ar1_errors as serial
from causalstats.numerics.panel.absorbed_effects import absorbed

if TYPE_CHECKING:
    from causalstats.models.event_study.model import EventStudy

LOWEST = -0.5  # serial correlation, where gaps are whole numbers
_UNITS_AT_ONCE = 100_000
_NUMBERS_AT_ONCE = 2_000_000  # of M, over the patterns that are multiplied together
_EXACT = (
    1e-6  # of the largest change within a unit: errors beyond it are told from rounding
)
_ROUNDING = (
    1e-12  # of the largest outcome: changes as small are digits of floating point
)


@dataclass(frozen=True, eq=False)
class CrossProducts:
    """Cross-products of an event study with a coefficient for every cell.

    Columns are covariates times period (the first period is the reference), cells, and the outcome.

    Parameters
    ----------
    grams : array, shape (nodes, groups, k, k)
        Chebyshev coefficients in ρ; one node where errors are independent.
    volumes : array, shape (nodes, groups)
        The same of log |R| (1'R⁻¹1), summed over units.
    rows : array, shape (groups,)
        Σ_i w_i (T_i - 1).
    units : array, shape (groups,)
        How many units there are in each cohort; those that never adopt are last.
    cells : Cells
    size : array, shape (m,)
        The weight of the rows of each cell.
    spectrum : array, shape (d,)
        Relative prior variance of each coefficient of covariates, 0 for one without a prior.
    lowest : float
        The lowest ρ.
    scale : float
        Standard deviation of the outcome within units.
    """

    grams: np.ndarray
    volumes: np.ndarray
    rows: np.ndarray
    units: np.ndarray
    cells: Cells
    size: np.ndarray
    spectrum: np.ndarray
    lowest: float
    scale: float

    @property
    def width(self) -> int:
        """The number of coefficients of periods and covariates."""
        return len(self.spectrum)

    def combined(self, transform: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return grams and volumes with combinations of cells in place of cells.

        Parameters
        ----------
        transform : array, shape (m, l)
            θ of all cells = transform θ of the combinations.
        """
        count = len(self.cells)
        whole = np.zeros((self.width + count + 1, self.width + transform.shape[1] + 1))
        whole[: self.width, : self.width] = np.eye(self.width)
        whole[self.width : -1, self.width : -1] = transform
        whole[-1, -1] = 1
        return whole.T @ self.grams @ whole, self.volumes


@cached_by_data
def cross_products(model: EventStudy, data: Panel) -> CrossProducts:
    """Return the cross-products of a panel, with a coefficient for every cell."""
    study = adoption(model, data)
    outcome = data.outcome[study.rows]
    sizes = study.sizes
    means = np.add.reduceat(outcome, study.starts) / sizes
    outcome = outcome - np.repeat(means, sizes)
    _refuse_explained(data, study, outcome)
    spread = np.sqrt((outcome**2).sum() / max(len(outcome) - len(sizes), 1))
    scale = model.scale or float(spread) or 1.0
    covariates, spectrum = first_covariates(model, data, study)
    weights = data.weights[study.rows][study.starts]
    gap = gaps_of_periods(study)
    whole = np.array_equal(gap, np.round(gap))
    correlations = serial.Correlations(LOWEST if whole else 0.0)
    correlated = model.errors == "ar1" and sizes.max() > 2
    nodes = correlations.nodes if correlated else np.zeros(1)
    covariate_count, count = covariates.shape[1], len(study.groups)
    width = covariate_count * (len(study.periods) - 1)
    size = width + len(study.cells) + 1
    grams = np.zeros((len(nodes), count, size, size))
    volumes = np.zeros((len(nodes), count))
    degrees = np.zeros(count)
    at_once = max(_NUMBERS_AT_ONCE // (len(nodes) * len(study.periods) ** 2), 1)
    for cohort, patterns in _patterns_of_cohorts(study, sizes).items():
        design = _design(study, cohort, covariate_count)
        for begin in range(0, len(patterns), at_once):
            metrics, products = [], []
            for pattern, units in patterns[begin : begin + at_once]:
                sums = _summed(study, units, weights, covariates, outcome / scale)
                weight = sums[0, 0]
                degrees[cohort] += weight * (len(pattern) - 1)
                metric, volume = _metrics(gap, pattern, nodes)
                volumes[:, cohort] += weight * volume
                metrics.append(metric)
                products.append(_in_all_periods(sums, pattern, len(study.periods)))
            long = _long(np.array(metrics), np.array(products), covariate_count)
            grams[:, cohort] += [design.T @ each @ design for each in long]
    period_spectrum = np.repeat(spectrum, len(study.periods) - 1)
    row_weights = data.weights[study.rows]
    ever = study.cell >= 0
    if correlated:
        grams, volumes = map(correlations.coefficients, (grams, volumes))
    return CrossProducts(
        grams=grams,
        volumes=volumes,
        rows=degrees,
        units=np.bincount(study.cohort, minlength=count),
        cells=study.cells,
        size=np.bincount(study.cell[ever], row_weights[ever]),
        spectrum=period_spectrum,
        lowest=correlations.lowest,
        scale=scale,
    )


def _refuse_explained(data: Panel, study: Adoption, deviations: np.ndarray) -> None:
    """Refuse an outcome that units and periods explain to the last digit, or with cohorts exactly.

    Cohorts of one unit say nothing: their own effects explain them.

    Parameters
    ----------
    data : Panel
    study : Adoption
    deviations : array, shape (n,)
        The outcome of the rows of the study less the mean of its unit.
    """
    factors = [
        np.unique(codes[study.rows], return_inverse=True)[1]
        for codes in (data.unit, data.time)
    ]
    left = np.abs(absorbed(deviations[:, None], factors)).max()
    if left <= _ROUNDING * np.abs(data.outcome[study.rows]).max():
        raise ModelError(
            f"Units and periods explain the outcome {data.arguments['outcome']!r} to the last "
            "digit: it has no changes of its own, in which an effect could be seen. Is it another "
            "column's copy, a count of periods, or a constant?"
        )
    several = np.bincount(study.cohort, minlength=len(study.groups)) > 1
    part = several[study.cohort[study.unit]]
    cells = study.cohort[study.unit] * len(study.periods) + study.period
    factors = [
        np.unique(codes[part], return_inverse=True)[1] for codes in (study.unit, cells)
    ]
    if not part.any():
        return
    left = np.abs(absorbed(deviations[part, None], factors)).max()
    if left <= _EXACT * np.abs(deviations).max():
        raise ModelError(
            f"{data.arguments['outcome']!r} follows exactly from the unit, the period and the "
            "cohort: no error is left to learn from. Is it computed from "
            f"{data.treatments[0]!r}?"
        )


def first_covariates(
    model: EventStudy, data: Panel, study: Adoption
) -> tuple[np.ndarray, np.ndarray]:
    """Return (1, x) of each unit's first row, (N, 1 + p), and the relative variances of x.

    The first row is before adoption, so that the treatment has not moved it.

    Parameters
    ----------
    model : EventStudy
    data : Panel
    study : Adoption

    Returns
    -------
    covariates : array, shape (N, 1 + p)
    spectrum : array, shape (1 + p,)
        0 for the constant, which has no prior.
    """
    basis = basis_of(data, model.basis_size, "none")
    table = data.source.iloc[study.rows[study.starts]]
    columns = basis.columns(table)
    columns = columns - columns.mean(axis=0)
    ones = np.ones((len(columns), 1))
    return np.hstack([ones, columns]), np.append(0.0, basis.spectrum)


def gaps_of_periods(study: Adoption) -> np.ndarray:
    """Return the time from each period to the next, (T - 1,), in units of the median one."""
    if len(study.periods) < 2:
        return np.ones(0)
    return serial.gaps(study.periods, np.array([0]))[1:]


def _patterns_of_cohorts(
    study: Adoption, sizes: np.ndarray
) -> dict[int, list[tuple[np.ndarray, np.ndarray]]]:
    """Return the patterns of each cohort: their periods, and the units that were seen in them."""
    if (sizes == len(study.periods)).all():
        every = np.arange(len(study.periods))
        codes = np.unique(study.cohort)
        return {int(g): [(every, np.flatnonzero(study.cohort == g))] for g in codes}
    members: dict[int, dict[bytes, list[int]]] = {}
    for unit, (start, size) in enumerate(zip(study.starts, sizes, strict=True)):
        key = study.period[start : start + size].tobytes()
        patterns = members.setdefault(int(study.cohort[unit]), {})
        patterns.setdefault(key, []).append(unit)
    return {
        cohort: [
            (np.frombuffer(key, study.period.dtype), np.array(units))
            for key, units in patterns.items()
        ]
        for cohort, patterns in members.items()
    }


def _in_all_periods(
    products: np.ndarray, pattern: np.ndarray, periods: int
) -> np.ndarray:
    """Return S with a row and column for every period, 0 for those of other patterns.

    Parameters
    ----------
    products : array, shape (1 + p + T, 1 + p + T)
        Of a pattern of T periods.
    pattern : int array, shape (T,)
    periods : int
    """
    covariates = len(products) - len(pattern)
    kept = np.append(np.arange(covariates), covariates + pattern)
    whole = np.zeros((covariates + periods, covariates + periods))
    whole[np.ix_(kept, kept)] = products
    return whole


def _summed(
    study: Adoption,
    units: np.ndarray,
    weights: np.ndarray,
    covariates: np.ndarray,
    outcome: np.ndarray,
) -> np.ndarray:
    """Return Σ_i w_i (z_i, Y_i)(z_i, Y_i)' over units that were seen in the same periods.

    Parameters
    ----------
    study : Adoption
    units : int array
    weights : array, shape (N,)
    covariates : array, shape (N, 1 + p)
    outcome : array, shape (n,)
    """
    length = int(study.sizes[units[0]])
    total: np.ndarray | float = 0.0
    for start in range(0, len(units), _UNITS_AT_ONCE):
        part = units[start : start + _UNITS_AT_ONCE]
        rows = study.starts[part][:, None] + np.arange(length)
        columns = np.hstack([covariates[part], outcome[rows]])
        total = total + (columns * weights[part][:, None]).T @ columns
    return np.asarray(total)


def _design(study: Adoption, cohort: int, covariates: int) -> np.ndarray:
    """Return J: the columns of the cross-products of each z times period, and of the outcome.

    Parameters
    ----------
    study : Adoption
    cohort : int
    covariates : int
        The number of columns of z.

    Returns
    -------
    array, shape ((1 + p) T + 1, k)
        T is the number of all periods.
    """
    periods = len(study.periods)
    width = covariates * (periods - 1)
    design = np.zeros((covariates * periods + 1, width + len(study.cells) + 1))
    design[-1, -1] = 1
    for j in range(covariates):
        for period in range(1, periods):
            design[j * periods + period, j * (periods - 1) + period - 1] = 1
    if cohort < len(study.cohorts):
        own = np.flatnonzero(study.cells.cohort == cohort)
        design[study.times_of_cells[own], width + own] = 1
    return design


def _metrics(
    gap: np.ndarray, pattern: np.ndarray, nodes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return M (K, T, T) of a pattern in all T periods, and log |R| (1'R⁻¹1), at each of K ρ.

    Parameters
    ----------
    gap : array, shape (T - 1,)
        Between all periods.
    pattern : int array
    nodes : array, shape (K,)
        ρ.
    """
    times = np.append(0.0, np.cumsum(gap))
    own_gap = np.diff(times[pattern], prepend=np.nan)
    white, volumes = serial.whitening(own_gap, nodes)
    metrics = np.zeros((len(nodes), len(times), len(times)))
    metrics[:, pattern[:, None], pattern] = [each.T @ each for each in white]
    return metrics, volumes


def _long(metrics: np.ndarray, products: np.ndarray, covariates: int) -> np.ndarray:
    """Return the cross-products of each z times period, and of the outcome, over patterns.

    Parameters
    ----------
    metrics : array, shape (P, K, T, T)
        M of each pattern at each ρ.
    products : array, shape (P, 1 + p + T, 1 + p + T)
        S of each pattern.
    covariates : int
        1 + p.

    Returns
    -------
    array, shape (K, (1 + p) T + 1, (1 + p) T + 1)
    """
    count, nodes, periods, _ = metrics.shape
    own = products[:, :covariates, :covariates].reshape(count, -1)
    across = products[:, covariates:, :covariates]
    outcomes = products[:, covariates:, covariates:]
    size = covariates * periods
    long = np.zeros((nodes, size + 1, size + 1))
    for k in range(nodes):
        metric = metrics[:, k]
        kronecker = own.T @ metric.reshape(count, -1)
        blocks = kronecker.reshape(covariates, covariates, periods, periods)
        long[k, :size, :size] = blocks.transpose(0, 2, 1, 3).reshape(size, size)
        side = (metric @ across).sum(axis=0).T.ravel()
        long[k, :size, size] = side
        long[k, size, :size] = side
        long[k, size, size] = (metric * outcomes).sum()
    return long
