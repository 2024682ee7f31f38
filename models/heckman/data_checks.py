"""Checks of a Heckman model against the data: normality of the errors, identification."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.check import Check
from causalstats.core.estimand import answers_except
from causalstats.core.knowledge import KnownByGroup, as_known
from causalstats.data import Decisions
from causalstats.models.heckman.assumptions import NORMALITY
from causalstats.models.heckman.correlation_priors import correlation_prior_of
from causalstats.models.heckman.shape_priors import errors_of
from causalstats.models.shared.exclusion_restrictions import strength_of_exclusion
from causalstats.models.shared.missing_rows import rows_left_out
from causalstats.models.shared.rows_of_people import people_checks
from causalstats.numerics.selection.heckman_baselines import with_intercept
from causalstats.numerics.selection.selection_normality import normality_test

if TYPE_CHECKING:
    from causalstats.models.heckman.model import Heckman

_LIMIT = 0.01
_MOST_SDS_AWAY = 10.0
_CORRELATIONS = np.linspace(-1, 1, 101)
_LEAST_RESIDUALS = 30  # beyond the coefficients
_MOST_PEOPLE = 20_000  # drawn at random: more cost time and add no power that is needed
_SEED = 1979
_NAME = "normality of the errors"
_REMEDY = (
    "Errors that are skewed or have heavy tails are not Normal: model the logarithm of an outcome "
    "that is positive and skewed, or say `errors='skewed'` or `errors='student'`, and rest the "
    "answer on an exclusion or a known mean, not on joint normality. Or the outcome is not linear "
    "in the features, or varies more at some of their values: add splines or interactions through "
    "`formula=`."
)
_ABOUT_THE_SEEN = ("seen_outcome", "selection_coefficient")


def data_checks(model: Heckman, data: Decisions) -> tuple[Check, ...]:
    """Return the normality of the errors, and whether their shape alone identifies the answer.

    Where another shape is assumed, `predictions` holds skewness and kurtosis against it.
    """
    about = answers_except(model, _ABOUT_THE_SEEN)
    normality: tuple[Check, ...] = ()
    if errors_of(model).is_normal:
        check = normality_check(model, data)
        normality = (replace(check, estimands=about, assumption=NORMALITY),)
    return (
        *rows_left_out(data),
        *normality,
        *_identification(model),
        *_mean_in_reach(model, data),
        *strength_of_exclusion(
            model.excluded, data, answers_except(model, _ABOUT_THE_SEEN)
        ),
        *people_checks(data, numeric_outcome=True),
    )


def _mean_in_reach(model: Heckman, data: Decisions) -> tuple[Check, ...]:
    """Compare the mean of the unseen that a known mean implies with the outcomes that are seen.

    With a share τ seen, the mean μ of everybody is that of the unseen, (μ - τ ȳ) / (1 - τ), too.
    Where the outcome alone decides who is seen, κ = 1, that lies 5 standard deviations of the
    outcomes seen from their mean if a tenth is seen, and 9 if a hundredth is.
    """
    if data.reference is not None or data.decision.all():
        return ()
    if model.mean is None or isinstance(model.mean, KnownByGroup):
        return ()
    known = as_known(model.mean)
    weights = data.weights / data.weights.sum()
    seen = data.outcome[data.decision]
    share = float(weights[data.decision].sum())
    middle = float(weights[data.decision] @ seen) / share
    spread = float(seen.std())
    unseen = (known.value - share * middle) / (1 - share)
    uncertain = known.sd / (1 - share)
    away = max(abs(unseen - middle) - 2 * uncertain, 0.0) / max(spread, 1e-300)
    reached = away <= _MOST_SDS_AWAY
    return (
        Check(
            name="known mean in reach",
            passed=reached,
            value=away,
            expected=f"at most {_MOST_SDS_AWAY:g} standard deviations",
            finding=f"outcomes that are seen have mean {middle:.4g} and standard deviation "
            f"{spread:.3g}; with a mean of {known} of everybody, those not seen have the mean "
            f"{unseen:.4g}, {away:.1f} standard deviations away",
            remedy=""
            if reached
            else "Give the mean in the unit of the outcome, such as dollars or thousands of them, "
            "or its logarithm where the outcome is one, and check whose mean it is.",
            estimands=answers_except(model, _ABOUT_THE_SEEN),
            assumption="" if reached else "mean",
        ),
    )


def _identification(model: Heckman) -> tuple[Check, ...]:
    knowledge = (model.mean, model.correlation)
    if any(known is not None for known in knowledge) or (
        model.excluded or model.expertise
    ):
        return ()
    check = Check(
        name="identified by joint normality alone",
        passed=None,
        value=None,
        expected="an exclusion, expertise, a known mean or correlation",
        finding="no feature is excluded from the outcome, no mean is known and no expertise: "
        "the data alone cannot tell selection from errors of another shape",
        remedy="Name a feature that moves the decision and not the outcome, `excluded=[...]`, "
        "or give the mean of the population, `mean=Known(...)`; or show the answer at several "
        "correlations, `fit.sensitivity(correlation=[...])`.",
        estimands=answers_except(model, _ABOUT_THE_SEEN),
        caution=True,
    )
    if errors_of(model).is_normal:
        return (check,)
    return (replace(check, name="identified by the shape of the errors alone"),)


def normality_check(model: Heckman, data: Decisions) -> Check:
    """Compare skewness and kurtosis of the residuals of those seen with those of Normal errors.

    At each third of the chance of being seen, and at every correlation that the model allows:
    selection gives the residuals of Normal errors a skewness, which differs by how strong the
    selection is.
    """
    rng = np.random.default_rng(_SEED)
    chosen = np.arange(len(data.matrix))
    if len(chosen) > _MOST_PEOPLE:
        chosen = np.sort(rng.choice(chosen, _MOST_PEOPLE, replace=False))
    decision = data.decision[chosen]
    outcome = data.outcome[chosen]
    matrix = data.matrix[chosen]
    included = ~data.feature_mask(model.excluded)
    residuals = decision.sum() - included.sum() - 2
    if residuals < _LEAST_RESIDUALS:
        return _too_few(int(residuals))
    test = normality_test(
        outcome[decision],
        _standardised(matrix[:, included]),
        _standardised(matrix[:, ~data.feature_mask(model.excluded_from_decision)]),
        decision,
        correlation_prior_of(model).possible(_CORRELATIONS),
        model.selection_prior_scale,
        rng,
    )
    passed = test.p > _LIMIT
    groups = len(test.observed) // 2
    return Check(
        name=_NAME,
        passed=passed,
        value=test.p,
        expected=f"p-value above {_LIMIT:g}",
        finding="skewness of the residuals, by third of the chance of being seen: "
        f"{_listed(test.observed[:groups])}, where Normal errors give "
        f"{_listed(test.expected[:groups])}; excess kurtosis {_listed(test.observed[groups:])}, "
        f"where they give {_listed(test.expected[groups:])}: p = {test.p:.3f} at the correlation "
        f"that fits best, {test.correlation:.2f}",
        remedy="" if passed else _REMEDY,
    )


def _too_few(residuals: int) -> Check:
    return Check(
        name=_NAME,
        passed=None,
        value=None,
        expected=f"{_LEAST_RESIDUALS} residuals or more",
        finding=f"{max(residuals, 0)} residuals are too few to show the shape of the errors",
        remedy="More people whose outcome is seen.",
    )


def _standardised(matrix: np.ndarray) -> np.ndarray:
    """Standardise the columns, which changes no residual, and put an intercept before them."""
    spread = matrix.std(axis=0)
    return with_intercept(
        (matrix - matrix.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    )


def _listed(values: np.ndarray) -> str:
    return ", ".join(f"{value:.2f}" for value in values)
