"""Whether the errors of the outcome are Normal, as far as those seen show it."""

from __future__ import annotations

from typing import Any

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Decisions
from causalstats.numerics.selection.selected_errors import shape

_LIMIT = 0.01
_CORRELATIONS = np.linspace(-1, 1, 101)
_FEWEST = 30  # residuals beyond the coefficients
_MOST = 20_000  # people compared, drawn at random: more cost time and add no power that is needed
_SEED = 1979
_NAME = "normality of the errors"
_REMEDY = (
    "Errors that are skewed or have heavy tails are not Normal: model the logarithm of an outcome that is positive and skewed, and "
    "rest the answer on an exclusion or a known mean, not on joint normality. Or the outcome is not linear in the features, or varies "
    "more at some of their values: add splines or interactions through `formula=`."
)


def shape_check(model: Any, data: Decisions) -> Check:
    """Compare skewness and kurtosis of the residuals of those seen with those of Normal errors.

    At each third of the chance of being seen, and at every correlation that the model allows:
    selection gives the residuals of Normal errors a skewness, which differs by how strong the
    selection is.

    Parameters
    ----------
    model : Heckman
    data : Decisions
    """
    rng = np.random.default_rng(_SEED)
    chosen = np.arange(len(data.matrix))
    if len(chosen) > _MOST:
        chosen = np.sort(rng.choice(chosen, _MOST, replace=False))
    decision, outcome = data.decision[chosen], data.outcome[chosen]
    matrix = data.matrix[chosen]
    included = ~data.are_of(model.excluded)
    freedom = decision.sum() - included.sum() - 2
    if freedom < _FEWEST:
        return Check(
            name=_NAME,
            passed=None,
            value=None,
            expected=f"{_FEWEST} residuals or more",
            finding=f"{max(freedom, 0)} residuals are too few to show the shape of the errors",
            remedy="More people whose outcome is seen.",
        )
    correlations = _CORRELATIONS
    if model.selection == "positive":
        correlations = correlations[correlations >= 0]
    found = shape(
        outcome[decision],
        _with_intercept(matrix[:, included]),
        _with_intercept(matrix[:, ~data.are_of(model.undecisive)]),
        decision,
        correlations,
        rng,
    )
    passed = found.p > _LIMIT
    groups = len(found.observed) // 2
    return Check(
        name=_NAME,
        passed=passed,
        value=found.p,
        expected=f"p-value above {_LIMIT:g}",
        finding=f"skewness of the residuals, by third of the chance of being seen: {_listed(found.observed[:groups])}, where Normal errors "
        f"give {_listed(found.expected[:groups])}; excess kurtosis {_listed(found.observed[groups:])}, where they give "
        f"{_listed(found.expected[groups:])}: p = {found.p:.3f} at the correlation that fits best, {found.correlation:.2f}",
        remedy="" if passed else _REMEDY,
    )


def _with_intercept(matrix: np.ndarray) -> np.ndarray:
    """Standardise the columns, which changes no residual, and put an intercept before them."""
    spread = matrix.std(axis=0)
    standard = (matrix - matrix.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.column_stack([np.ones(len(matrix)), standard])


def _listed(values: np.ndarray) -> str:
    return ", ".join(f"{value:.2f}" for value in values)
