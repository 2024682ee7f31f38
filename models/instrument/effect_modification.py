"""Test of one effect: whether the effect of the treatment differs by a covariate.

With x̂ the treatment as the instruments move it, covariates partialled out of everything, and h a
covariate or its distance from its median, about its mean and itself partialled out, the product
x̂h has no part in the outcome where the effect is the same at every h. With

    t = x̂h - x̂ (x'x̂h) / (x'x̂)

t'x = 0, so that t'(y - xβ) does not depend on β: its z statistic is robust to heteroscedasticity,
or to clusters. By how much the mean effect then moves is that of two-stage least squares with xh as
a second treatment and x̂h as its instrument.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.models.instrument.assumptions import ONE_EFFECT
from causalstats.models.instrument.partialled_out import partialled_out, score_size

if TYPE_CHECKING:
    from causalstats.data import Instrumented

_LEVEL = 0.005
_LEAST_SHIFT = 0.5  # standard errors of the effect
_LEAST_FIRST_STAGE = 20.0  # F of the fitted treatment, below which products say nothing
_FEWEST_VALUES = 5  # of a covariate that can have a curve
_FEWEST_ROWS = 60
_ROWS_A_COVARIATE = 15
_SINGULAR = 1e-8


class _Modification(NamedTuple):
    """How the effect goes with a covariate: its p-value, and by how much its mean moves."""

    p: float
    moved: float
    label: str
    column: str


def one_effect(data: Instrumented, estimands: tuple[str, ...]) -> tuple[Check, ...]:
    """Return the check of an effect that differs by covariates; none without covariates.

    Parameters
    ----------
    data : Instrumented
        With one treatment.
    estimands : tuple of str
        The answers that a failure stands on.
    """
    design = data.covariate_design
    enough = max(_FEWEST_ROWS, _ROWS_A_COVARIATE * data.covariates.shape[1])
    if design is None or len(data) < enough:
        return ()
    y, x, moved_by, first_stage, strength = partialled_out(data)
    if strength < _LEAST_FIRST_STAGE:
        return ()
    effect = float((moved_by @ y) / (moved_by @ x))
    error = score_size(data, moved_by * (y - effect * x)) / float(moved_by @ x)
    fitted = data.instruments @ first_stage
    treatment = data.treatment.reshape(len(data))
    found = [
        modification
        for label, column, values in _modifiers(data)
        if (
            modification := _modification(
                data, (y, x, moved_by), (treatment, fitted), values, label, column
            )
        )
    ]
    if not found:
        return ()
    clear = [
        each
        for each in found
        if each.p * len(found) < _LEVEL and abs(each.moved) > _LEAST_SHIFT * error
    ]
    return (_check(min(clear or found), bool(clear), len(found), effect, estimands),)


def _modifiers(data: Instrumented) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield a label, how to make it, and values (n,), of covariates and their distances."""
    assert data.covariate_design is not None
    names = data.covariate_design.columns
    for name, values in zip(names, data.covariates.T, strict=True):
        if np.ptp(values) == 0:
            continue
        yield name, name, values - values.mean()
        if len(np.unique(values)) >= _FEWEST_VALUES:
            middle = float(np.median(values))
            distance = np.abs(values - middle)
            label = f"how far {name} is from its median"
            square = f"({name} {'-' if middle >= 0 else '+'} {abs(middle):.3g})**2"
            yield label, square, distance - distance.mean()


def _modification(
    data: Instrumented,
    left: tuple[np.ndarray, np.ndarray, np.ndarray],
    whole: tuple[np.ndarray, np.ndarray],
    values: np.ndarray,
    label: str,
    column: str,
) -> _Modification | None:
    """Return how the effect goes with values (n,); None where they add no column.

    Parameters
    ----------
    data : Instrumented
    left : tuple of array, shape (n,)
        Outcome, treatment and fitted treatment with covariates partialled out.
    whole : tuple of array, shape (n,)
        Treatment and fitted treatment.
    values : array, shape (n,)
    label, column : str
    """
    treatment, fitted = whole
    columns = np.column_stack([values, treatment * values, fitted * values])
    itself, by_treatment, product = data.partialled_out(columns).T
    if itself @ itself > _SINGULAR * (values @ values):
        itself = itself / np.linalg.norm(itself)
        y, x, moved_by, by_treatment, product = (
            each - itself * (itself @ each) for each in (*left, by_treatment, product)
        )
    else:
        y, x, moved_by = left
    size = product @ product
    tested = product - moved_by * (product @ x) / (moved_by @ x)
    if tested @ tested < _SINGULAR * size or size == 0:
        return None
    effect = (moved_by @ y) / (moved_by @ x)
    scores = tested * (y - effect * x)
    z = scores.sum() / max(score_size(data, scores), 1e-300)
    outer = np.column_stack([moved_by, product])
    both = np.linalg.lstsq(
        outer.T @ np.column_stack([x, by_treatment]), outer.T @ y, rcond=1e-10
    )[0]
    p = float(2 * stats.norm.sf(abs(z)))
    return _Modification(p, float(both[0] - effect), label, column)


def _check(
    worst: _Modification,
    failed: bool,
    count: int,
    effect: float,
    estimands: tuple[str, ...],
) -> Check:
    p = min(1.0, worst.p * count)
    finding = f"no sign that the effect goes with a covariate, p = {p:.2g}"
    remedy = ""
    if failed:
        finding = (
            f"the effect goes with {worst.label}, p = {p:.2g}: people whom the instruments move "
            f"more weigh more, and with effects by it the mean is {effect + worst.moved:.3g} by "
            f"two-stage least squares instead of {effect:.3g}"
        )
        remedy = (
            f"The answer is not the mean effect. Take {worst.column}, less its mean, as a "
            "covariate h, and the products of h with the treatment and with each instrument as a "
            "second treatment and instruments of it: the effect of the first treatment is then the "
            "mean. Or fit groups apart that are alike in it."
        )
    return Check(
        name="one effect",
        passed=not failed,
        value=p,
        expected=f"p-value of at least {_LEVEL:g}, or an effect that moves by less than "
        f"{_LEAST_SHIFT:g} of its standard errors",
        finding=finding,
        remedy=remedy,
        estimands=estimands,
        assumption=ONE_EFFECT,
    )
