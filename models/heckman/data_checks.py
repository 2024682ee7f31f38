"""Checks of a Heckman model against the data: normality of the errors, identification."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from causalstats.core.check import Check
from causalstats.core.estimand import answers_except
from causalstats.core.knowledge import Known
from causalstats.data import Decisions
from causalstats.models.heckman.assumptions import NORMALITY
from causalstats.models.heckman.correlation_priors import correlation_prior_of
from causalstats.models.heckman.means import group_means
from causalstats.models.heckman.shape_priors import errors_of
from causalstats.models.shared.exclusion_restrictions import strength_of_exclusion
from causalstats.models.shared.missing_rows import rows_left_out
from causalstats.models.shared.nothing_hidden import nothing_hidden
from causalstats.models.shared.rows_of_people import people_checks
from causalstats.numerics.selection.heckman_baselines import with_intercept
from causalstats.numerics.selection.reachable_mean import (
    ReachableMeans,
    reachable_means,
)
from causalstats.numerics.selection.selection_normality import normality_test, probit

if TYPE_CHECKING:
    from causalstats.models.heckman.model import Heckman

_LIMIT = 0.01
_SDS_ALLOWED = 10.0  # of the residuals, where errors are not Normal
_CORRELATIONS = np.linspace(-1, 1, 101)
_MOST_STEPS = 10  # of a scale or count
_FEWEST_SEEN = 50  # of whom a number would have more values
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
        *_many_values(model, data),
        *_identification(model),
        *_nothing_hidden(model, data),
        *_mean_in_reach(model, data),
        *strength_of_exclusion(
            model.excluded, data, answers_except(model, _ABOUT_THE_SEEN)
        ),
        *people_checks(data, numeric_outcome=True),
    )


def _mean_in_reach(model: Heckman, data: Decisions) -> tuple[Check, ...]:
    """Compare known means, of everybody or of groups, with those that the outcomes seen allow.

    Joint normality bounds them, because the residuals of those seen bound the covariance of the
    errors. Of errors of another shape no such bound is known, and 10 standard deviations of the
    residuals beyond that of Normal ones are allowed: a unit error is often larger.
    """
    if data.decision.all():
        return ()
    known = group_means(model, data)
    reach = _reachable(model, data, [group.rows for group in known]) if known else None
    if reach is None:
        return ()
    values = np.array([group.known.value for group in known])
    sds = np.array([group.known.sd for group in known])
    normal = errors_of(model).is_normal
    z, worst = reach.beyond(values, sds, 0.0 if normal else _SDS_ALLOWED)
    most = float(norm.isf(_LIMIT / (2 * len(known))))
    reached = z <= most
    level = known[worst].level
    lowest, highest = reach.means[:, worst].min(), reach.means[:, worst].max()
    return (
        Check(
            name="known mean in reach",
            passed=reached,
            value=z,
            expected=f"at most {most:.2g} standard errors beyond means that are possible",
            finding=f"the outcomes that are seen allow means of "
            f"{f'those with {level}' if level else 'everybody'} from {lowest:.4g} to {highest:.4g}"
            f"{'' if normal else ' with Normal errors'}, and it is given as {known[worst].known}: "
            f"{z:.1f} standard errors away",
            remedy=""
            if reached
            else "Give the mean in the unit of the outcome, such as dollars or thousands of them, "
            "or its logarithm where the outcome is one, and check whose mean it is. If it is "
            "right, the outcome is curved in the features or its errors are not Normal: see the "
            "checks of both.",
            estimands=answers_except(model, _ABOUT_THE_SEEN),
            assumption="" if reached else "mean",
        ),
    )


def _reachable(
    model: Heckman, data: Decisions, groups: Sequence[np.ndarray]
) -> ReachableMeans | None:
    """Return the means of groups, rows of the population, that are possible; None without bounds.

    Features are standardised, which changes none of them.
    """
    chosen = np.arange(len(data.matrix))
    if len(chosen) > _MOST_PEOPLE:
        rng = np.random.default_rng(_SEED)
        chosen = np.sort(rng.choice(chosen, _MOST_PEOPLE, replace=False))
    decision = data.decision[chosen]
    included = ~data.feature_mask(model.excluded)
    moving = ~data.feature_mask(model.excluded_from_decision)
    if decision.sum() - included.sum() - 2 < _LEAST_RESIDUALS:
        return None
    centre, spread = data.matrix.mean(axis=0), data.matrix.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    coded = (data.matrix[chosen] - centre) / spread
    selection = with_intercept(coded[:, moving])
    gamma, covariance = probit(selection, decision, model.selection_prior_scale)
    people = with_intercept(((data.population.matrix - centre) / spread)[:, included])
    weights = data.population.weights
    moments = [_mean_and_covariance(people[rows], weights[rows]) for rows in groups]
    return reachable_means(
        data.outcome[chosen][decision],
        with_intercept(coded[decision][:, included]),
        (selection[decision], gamma, covariance),
        correlation_prior_of(model).possible(_CORRELATIONS),
        np.array([mean for mean, _ in moments]),
        np.array([of_mean for _, of_mean in moments]),
    )


def _mean_and_covariance(
    columns: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weighted mean of columns, and the covariance of that mean."""
    share = weights / weights.sum()
    mean = share @ columns
    centred = (columns - mean) * share[:, None]
    return mean, centred.T @ centred


def _nothing_hidden(model: Heckman, data: Decisions) -> tuple[Check, ...]:
    """Return the caution that errors of decision and outcome are taken for uncorrelated.

    Where a feature is excluded or a mean is known, the check of the correlation can refute it.
    """
    told = model.excluded or model.mean is not None or data.decision.all()
    if model.correlation != Known(0.0) or told:
        return ()
    return nothing_hidden(
        {},
        "correlation",
        "[-0.5, 0.5]",
        answers_except(model, _ABOUT_THE_SEEN),
        "correlation",
    )


def _many_values(model: Heckman, data: Decisions) -> tuple[Check, ...]:
    """Caution about outcomes of few values, such as steps of a scale: none is a Normal number."""
    seen = data.outcome[data.decision]
    values = len(np.unique(seen))
    if len(seen) < _FEWEST_SEEN or values > _MOST_STEPS:
        return ()
    return (
        Check(
            name="outcome of many values",
            passed=None,
            value=float(values),
            expected=f"more than {_MOST_STEPS} values of the outcomes seen",
            finding=f"the {len(seen):,} outcomes seen have {values} values, as steps of a scale, "
            "counts and 0/1 do. The model has errors that are numbers, and takes the outcomes "
            "not seen to go on below the lowest step and above the highest: in simulations of "
            "counts with many zeros, 95 % intervals of their mean covered in 0 of 6 data sets",
            remedy="Ask `SelectiveLabels` for an outcome of 0/1, whether it is at least some step, "
            "in a fit for each step of interest.",
            estimands=answers_except(model, ("selection_coefficient",)),
            assumption="",
            caution=True,
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
