"""The Blundell-Bond estimator: system GMM of a dynamic panel in one step, robust variance.

Equations in differences have lagged levels as instruments (Arellano & Bond 1991), and equations in
levels have lagged differences (Arellano & Bover 1995): these are not correlated with the unit
effect where outcome and regressors started from their stationary mean. Regressors may depend on
earlier errors (predetermined), or on those of the same period too (endogenous).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from causalstats.numerics.panel.difference_gmm import scaled_inverse
from causalstats.numerics.panel.linear_estimators import Estimate

Key = tuple[str, int, int]  # kind of equation, its period and the variable's, variable


@dataclass(frozen=True, eq=False)
class SystemUnits:
    """Units that were seen in the same consecutive periods.

    Parameters
    ----------
    first : int
        The first period.
    variables : array, shape (n, L, 1 + m)
        The outcome in all periods, of which the first `L - T` are the initial condition, and the
        regressors whose own lags are instruments.
    regressors : array, shape (n, T, r)
        Lagged outcomes first, and last those that are their own instruments.
    cluster : array, shape (n,)
    """

    first: int
    variables: np.ndarray
    regressors: np.ndarray
    cluster: np.ndarray


@dataclass(frozen=True, eq=False)
class _Equations:
    """The equations of some units: differences, and then levels.

    Parameters
    ----------
    instruments : array, shape (n, E, z)
    columns : array, shape (n, E, r + 1)
        Regressors and outcome.
    metric : array, shape (E, E)
        The covariance of errors that are independent and of one variance.
    cluster : array, shape (n,)
    """

    instruments: np.ndarray
    columns: np.ndarray
    metric: np.ndarray
    cluster: np.ndarray


def system_gmm(
    blocks: Sequence[SystemUnits], exogenous: int, latest: int = 2, most_lags: int = 99
) -> Estimate:
    """Return the one-step estimate of all coefficients with its cluster-robust covariance.

    Parameters
    ----------
    blocks : sequence of SystemUnits
    exogenous : int
        How many regressors come last that are their own instruments, in levels: dummies, which
        are not correlated with unit effects.
    latest : {1, 2}
        The lag of the latest level of a regressor that is an instrument: 1 where regressors depend
        on earlier errors only (predetermined), 2 where they depend on those of the same period.
    most_lags : int
        The most levels that are instruments of a period, the latest first.

    Raises
    ------
    ValueError
        If no unit was seen for two periods or more after the lags.

    References
    ----------
    Blundell & Bond (1998), Initial conditions and moment restrictions in dynamic panel data models,
    Journal of Econometrics 87:115-143.
    """
    parts = [block for block in blocks if block.regressors.shape[1] > 1]
    if not parts:
        raise ValueError("Expected units with two periods or more after the lags.")
    sources = [_sources(block, latest, most_lags) for block in parts]
    names = sorted({key for each in sources for equation in each for key in equation})
    column = {name: k for k, name in enumerate(names)}
    systems = [
        _equations(block, each, column, exogenous)
        for block, each in zip(parts, sources, strict=True)
    ]
    width = systems[0].instruments.shape[2]
    weight = np.zeros((width, width))
    moments = np.zeros((width, systems[0].columns.shape[2]))
    for system in systems:
        z = system.instruments
        weight += np.einsum("nek,ef,nfl->kl", z, system.metric, z, optimize=True)
        moments += np.einsum("nek,nel->kl", z, system.columns)
    inverse = scaled_inverse(weight)
    x, y = moments[:, :-1], moments[:, -1]
    bread = scaled_inverse(x.T @ inverse @ x)
    coefficients = bread @ x.T @ inverse @ y
    clusters = np.unique(np.concatenate([system.cluster for system in systems]))
    scores = np.zeros((len(clusters), width))
    for system in systems:
        residual = system.columns[:, :, -1] - system.columns[:, :, :-1] @ coefficients
        each = np.einsum("nek,ne->nk", system.instruments, residual)
        np.add.at(scores, np.searchsorted(clusters, system.cluster), each)
    half = bread @ x.T @ inverse @ scores.T
    return Estimate(coefficients, half @ half.T, len(clusters) - 1)


def _sources(block: SystemUnits, latest: int, most_lags: int) -> list[list[Key]]:
    """Return the instruments of each equation, differences first.

    A key names the equation's kind and period, the lag of the instrument, and its variable.
    """
    length, variables = block.variables.shape[1:]
    initial = length - block.regressors.shape[1]
    nearest = [2, *[latest] * (variables - 1)]

    def of_difference(period: int) -> list[Key]:
        return [
            (f"difference {block.first + period:05d}", lag, variable)
            for variable, shortest in enumerate(nearest)
            for lag in range(shortest, min(period, shortest + most_lags - 1) + 1)
        ]

    def of_level(period: int) -> list[Key]:
        return [
            (f"level {block.first + period:05d}", shortest - 1, variable)
            for variable, shortest in enumerate(nearest)
            if period >= shortest
        ]

    differences = map(of_difference, range(initial + 1, length))
    return [*differences, *map(of_level, range(initial, length))]


def _equations(
    block: SystemUnits,
    sources: Sequence[Sequence[Key]],
    column: dict[Key, int],
    exogenous: int,
) -> _Equations:
    """Return the equations of a block, with zeros where an instrument is another equation's."""
    units, length, _ = block.variables.shape
    initial = length - block.regressors.shape[1]
    outcome = block.variables[:, initial:, :1]
    levels = np.concatenate([block.regressors, outcome], axis=2)
    columns = np.concatenate([np.diff(levels, axis=1), levels], axis=1)
    changes = np.diff(block.variables, axis=1, prepend=np.nan)
    times = length - initial
    z = np.zeros((units, 2 * times - 1, len(column) + exogenous))
    for row, keys in enumerate(sources):
        in_levels = row >= times - 1
        period = initial + (row - times + 1 if in_levels else row + 1)
        values = changes if in_levels else block.variables
        for key in keys:
            _, lag, variable = key
            z[:, row, column[key]] = values[:, period - lag, variable]
    if exogenous:
        z[:, times - 1 :, len(column) :] = levels[:, :, -1 - exogenous : -1]
    steps = np.eye(times - 1, times, 1) - np.eye(times - 1, times)
    both = np.vstack([steps, np.eye(times)])
    return _Equations(z, columns, both @ both.T, block.cluster)
