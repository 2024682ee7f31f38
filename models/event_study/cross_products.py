"""Sufficient statistics of an event study: cross-products by cohort, at several ρ.

Units of a cohort that were seen in the same periods share their design but for the covariates
z_i = (1, x_i). With Y_i their outcomes in T of the periods, and M = W'W for W of
`numerics.panel.serial_correlation` with unit effects taken out, all that the likelihood takes of
them is S = Σ_i w_i (z_i, Y_i)(z_i, Y_i)'. In coefficients δ of z times period, and θ of event times

δ'δ: S_zz ⊗ M,  δ'θ: S_z1 ⊗ M D,  θ'θ: S_11 D'MD,  δ'Y: M S_Yz,  θ'Y: D'M S_Y1,  Y'Y: tr(M S_YY)

so that rows are read once, in (1 + p + T)² numbers for each cohort and pattern of periods.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from causalstats.data import Panel
from causalstats.models.event_study.adoption import Adoption, Cells, adoption
from causalstats.models.panel_dml.nuisance_basis import basis_of
from causalstats.models.shared.cached_by_data import cached_by_data
from causalstats.numerics.panel import serial_correlation as serial

if TYPE_CHECKING:
    from causalstats.models.event_study.model import EventStudy

LOWEST = -0.5  # serial correlation, where gaps are whole numbers
_UNITS_AT_ONCE = 100_000


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
    for cohort, pattern, units in _patterns(study, sizes):
        products = _summed(study, units, weights, covariates, outcome / scale)
        weight = products[0, 0]
        degrees[cohort] += weight * (len(pattern) - 1)
        design = _design(study, cohort, pattern, covariate_count)
        for k, (metric, volume) in enumerate(_metrics(gap, pattern, nodes)):
            volumes[k, cohort] += weight * volume
            grams[k, cohort] += (
                design.T @ _long(metric, products, covariate_count) @ design
            )
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


def _patterns(
    study: Adoption, sizes: np.ndarray
) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """Return cohorts, the periods of each pattern, and the units that were seen in them."""
    if (sizes == len(study.periods)).all():
        every = np.arange(len(study.periods))
        codes = np.unique(study.cohort)
        return [(int(g), every, np.flatnonzero(study.cohort == g)) for g in codes]
    members: dict[tuple[int, bytes], list[int]] = {}
    for unit, (start, size) in enumerate(zip(study.starts, sizes, strict=True)):
        key = study.period[start : start + size].tobytes()
        members.setdefault((int(study.cohort[unit]), key), []).append(unit)
    return [
        (cohort, np.frombuffer(key, study.period.dtype), np.array(units))
        for (cohort, key), units in members.items()
    ]


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


def _design(
    study: Adoption, cohort: int, pattern: np.ndarray, covariates: int
) -> np.ndarray:
    """Return J: the columns of the cross-products of each z times period, and of the outcome.

    Parameters
    ----------
    study : Adoption
    cohort : int
    pattern : int array, shape (T,)
        Periods.
    covariates : int
        The number of columns of z.

    Returns
    -------
    array, shape ((1 + p) T + 1, k)
    """
    length, periods = len(pattern), len(study.periods)
    width = covariates * (periods - 1)
    design = np.zeros((covariates * length + 1, width + len(study.cells) + 1))
    design[-1, -1] = 1
    for j in range(covariates):
        for row, period in enumerate(pattern):
            if period > 0:
                design[j * length + row, j * (periods - 1) + period - 1] = 1
    if cohort < len(study.cohorts):
        own = np.flatnonzero(study.cells.cohort == cohort)
        times = study.times_of_cells[own]
        for row, period in enumerate(pattern):
            design[row, width + own[times == period]] = 1
    return design


def _metrics(
    gap: np.ndarray, pattern: np.ndarray, nodes: np.ndarray
) -> Iterator[tuple[np.ndarray, float]]:
    """Yield M and log |R| (1'R⁻¹1) of a pattern of periods at each ρ.

    Parameters
    ----------
    gap : array, shape (T - 1,)
        Between all periods.
    pattern : int array
    nodes : array
        ρ.
    """
    times = np.append(0.0, np.cumsum(gap))[pattern]
    own_gap = np.diff(times, prepend=np.nan)
    identity = np.eye(len(pattern))
    first = np.zeros(1, int)
    for rho in nodes:
        white, volume = serial.whitened(identity, own_gap, first, float(rho), True)
        yield white.T @ white, volume


def _long(metric: np.ndarray, products: np.ndarray, covariates: int) -> np.ndarray:
    """Return the cross-products of each z times period, and of the outcome.

    Parameters
    ----------
    metric : array, shape (T, T)
        M.
    products : array, shape (1 + p + T, 1 + p + T)
        S.
    covariates : int
        1 + p.
    """
    own, across = products[:covariates, :covariates], products[covariates:, :covariates]
    side = (metric @ across).T.ravel()
    corner = (metric * products[covariates:, covariates:]).sum()
    return np.block([[np.kron(own, metric), side[:, None]], [side, corner]])
