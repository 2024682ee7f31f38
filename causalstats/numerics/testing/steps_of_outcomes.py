"""Outcomes that are recorded in another way from one period on, of all units or of some.

A unit of measurement that changes multiplies all outcomes by one factor from a period on: their
mean, what lasts in units and what does not. A new device or definition in some units moves these
alone, by more than an outcome ever changes at other times, and they stay moved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_FEWEST_UNITS = 20
_FEWEST_PERIODS = 4
_LEAST_FACTOR = 1.3
_ERRORS = 5.0  # standard errors of a step of the logarithm of the spread
_OTHER_ERRORS = 3.0  # of a step at another time
_OTHER_STEPS = 0.4  # of that step: the largest at another time
_LEAST_OF_THE_MIDDLE = 0.6  # of the step: the step of the median distance
_LEAST_SHARE = 0.05  # of the units that are moved
_FEWEST_MOVED = 5
_BEYOND = 1.5  # times the 99 % quantile of changes at other times
_LIKE_OTHERS = 0.25  # of the share: such changes in the periods beside it


@dataclass(frozen=True)
class Step:
    """A change of how the outcome is recorded.

    Parameters
    ----------
    period : int
        The first with the new outcomes.
    size : float
        The factor, or the median change of the units that are moved.
    share : float
        Of the units that are moved; 1 of a factor.
    """

    period: int
    size: float
    share: float


def step_of_scale(
    outcome: np.ndarray, residual: np.ndarray, same: np.ndarray
) -> Step | None:
    """Return the period from which outcomes are multiplied by one factor, None without any.

    The spread of `residual` over units, and where outcomes are far from 0 also their mean, has one
    step and is the same before and after it.

    Parameters
    ----------
    outcome : array, shape (units, periods)
        NaN in rows that are missing.
    residual : array, shape (units, periods)
        Outcomes less what treatments and covariates explain of them in each period.
    same : bool array, shape (units, periods)
        Rows whose treatment is that of the row before; others are not compared.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> values = 10 + rng.standard_normal((80, 1)) + rng.standard_normal((80, 6))
    >>> same = np.ones((80, 6), bool)
    >>> step_of_scale(values, values - values.mean(axis=0), same)
    >>> values[:, 3:] *= 1000
    >>> step = step_of_scale(values, values - values.mean(axis=0), same)
    >>> step.period, 800 < step.size < 1250
    (3, True)
    """
    periods = outcome.shape[1]
    if periods < _FEWEST_PERIODS:
        return None
    steps, middles, errors, means = np.full((4, periods), np.nan)
    for t in range(1, periods):
        pair = residual[:, t - 1 : t + 1]
        rows = np.isfinite(pair).all(axis=1)
        if (rows & same[:, t]).sum() >= _FEWEST_UNITS:
            rows &= same[:, t]
        if rows.sum() < _FEWEST_UNITS:
            continue
        distances = np.abs(pair[rows] - np.median(pair[rows], axis=0))
        spread, middle = distances.mean(axis=0), np.median(distances, axis=0)
        if not middle.all():
            continue
        relative = distances / spread
        steps[t] = np.log(spread[1] / spread[0])
        middles[t] = np.log(middle[1] / middle[0])
        errors[t] = np.std(relative[:, 1] - relative[:, 0]) / np.sqrt(rows.sum())
        levels = outcome[rows, t - 1 : t + 1].mean(axis=0)
        far = np.abs(levels) > 2 * spread
        if far.all() and levels[0] * levels[1] > 0:
            means[t] = np.log(levels[1] / levels[0])
    known = np.flatnonzero(np.isfinite(steps))
    if len(known) < 3:
        return None
    t = int(known[np.argmax(np.abs(steps[known]))])
    others = steps[known[known != t]]
    step = steps[t] - np.median(others)
    least = max(np.log(_LEAST_FACTOR), _ERRORS * errors[t])
    most = max(_OTHER_STEPS * abs(step), _OTHER_ERRORS * errors[t])
    if abs(step) < least or np.abs(others - np.median(others)).max() > most:
        return None
    # A few units that err more move the mean distance, a factor the median distance as well
    if middles[t] / step < _LEAST_OF_THE_MIDDLE:
        return None
    if np.isfinite(means[t]) and abs(means[t] - steps[t]) > max(
        0.2 * abs(step), 4 * errors[t]
    ):
        return None
    return Step(t, float(np.exp(means[t] if np.isfinite(means[t]) else steps[t])), 1.0)


def step_of_some_units(outcome: np.ndarray, same: np.ndarray) -> Step | None:
    """Return the period in which some units move beyond all changes at other times, or None.

    Parameters
    ----------
    outcome : array, shape (units, periods)
        NaN in rows that are missing.
    same : bool array, shape (units, periods)
        Rows whose treatment is that of the row before; others are not compared.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> values = rng.standard_normal((80, 1)) + rng.standard_normal((80, 6))
    >>> same = np.ones((80, 6), bool)
    >>> step_of_some_units(values, same)
    >>> values[:20, 3:] += 12
    >>> step = step_of_some_units(values, same)
    >>> step.period, step.share
    (3, 0.25)
    """
    change = np.diff(outcome, axis=1)
    change = np.where(same[:, 1:], change, np.nan)
    counts = np.isfinite(change).sum(axis=0)
    kept = np.flatnonzero(counts >= _FEWEST_UNITS)
    if len(kept) < _FEWEST_PERIODS - 1:
        return None
    change = change[:, kept]
    change = change - np.nanmedian(change, axis=0)
    spreads = np.nanquantile(np.abs(change), 1 - _LEAST_SHARE / 2, axis=0)
    t = int(np.argmax(spreads))
    rest = np.delete(change, t, axis=1)
    usual = float(np.nanquantile(np.abs(rest), 0.99))
    with np.errstate(invalid="ignore"):
        beyond = np.abs(change) > _BEYOND * usual
    moved = beyond[:, t]
    share = float(moved.sum() / counts[kept[t]])
    shares = beyond.sum(axis=0) / counts[kept]
    beside = np.delete(shares, t).max()
    if moved.sum() < _FEWEST_MOVED or share < _LEAST_SHARE or usual == 0:
        return None
    if beside > _LIKE_OTHERS * share:
        return None
    return Step(int(kept[t]) + 1, float(np.median(change[moved, t])), share)
