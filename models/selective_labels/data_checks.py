"""Checks of a selective-labels model against the data, and of a declared prevalence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.stats import betabinom, binom

from causalstats.core.check import Check
from causalstats.core.knowledge import Known, as_known
from causalstats.data import Decisions
from causalstats.models.selective_labels.assumptions import of_the_unobservable
from causalstats.models.selective_labels.direction_by_features import (
    features_against_the_direction,
)
from causalstats.models.selective_labels.directions import DIRECTIONS
from causalstats.models.selective_labels.prevalences import PARAMETER, prevalence_of
from causalstats.models.selective_labels.risk_by_the_tested import (
    declared_prevalence,
    mean_risk_by_the_tested,
)
from causalstats.models.shared.exclusion_restrictions import (
    strength_of_controls,
    strength_of_exclusion,
)
from causalstats.models.shared.missing_rows import rows_left_out
from causalstats.models.shared.nothing_hidden import least_visible, nothing_hidden
from causalstats.models.shared.population import flat
from causalstats.models.shared.rows_of_people import people_checks

if TYPE_CHECKING:
    from causalstats.models.selective_labels.model import SelectiveLabels

# Standard errors, on one side: fewer than 1 % where nothing is hidden
_MOST_ERRORS = 2.4
_MOST_SDS = 2.6  # standard deviations by which a declared prevalence may move
_LEAST_P = 0.01  # of a check that an exact Binomial bounds
# Outcomes of the rarer kind for each feature; `benchmarks/coverage/untested_risk.json`
_FEWEST_EVENTS_A_FEATURE = 4
_FEWEST_WITH_INDEPENDENT_PRIORS = 15
_BY_INDEPENDENT_PRIORS = (
    "Where most features matter a little, so few make the risk of the untested look too high, by "
    ".02 to .06 in simulations with a known prevalence, and 95 % intervals covered in 65 to 85 % "
    "of data sets; where one feature mattered they covered in 90 to 100 %"
)
_BY_CORRELATED_PRIORS = (
    "In simulations with a known prevalence, 30 or 60 features and 400 people, the mean was off by "
    "up to .02, and 95 % intervals covered in 80 to 100 % of the 20 data sets of each design; "
    "fewer outcomes for each feature than 1 were not simulated"
)
_CORRELATE = (
    'Leave `coefficient_prior` at its default, "correlated", which learns how far what moves the '
    "outcome moves the decision too: where all of 15 to 60 features mattered, the mean was off by "
    ".02 at most. "
)
_ABOUT_THE_UNTESTED = (
    "risk",
    "untested_risk",
    "prevalence",
    "untested_prevalence",
    "missed_cases",
    "share_found",
    "allocation",
)


def data_checks(model: SelectiveLabels, data: Decisions) -> tuple[Check, ...]:
    """Return what can be said before sampling: rows left out, direction, identification."""
    return (
        *rows_left_out(data),
        *_direction(model, data),
        *features_against_the_direction(model, data),
        *_cases_found(model, data),
        *_events_a_feature(model, data),
        *_identification(model),
        *_nothing_hidden(model, data),
        *strength_of_exclusion(model.excluded, data, _ABOUT_THE_UNTESTED),
        *strength_of_controls(model.negative_controls, data, _ABOUT_THE_UNTESTED),
        *people_checks(data, numeric_outcome=False),
    )


def _nothing_hidden(model: SelectiveLabels, data: Decisions) -> tuple[Check, ...]:
    """Return what stands for the assumption that nothing hidden moves decision and outcome.

    A known prevalence is knowledge of those whom nobody decided for. Where everybody was decided
    for, nothing is missing.
    """
    field = _says_nothing_hidden(model)
    if not field or model.prevalence is not None or data.decision.all():
        return ()
    rates = [as_known(rate).value for rate in (model.sensitivity, model.specificity)]
    controls = [*model.negative_controls, *model.excluded]
    return nothing_hidden(
        {control: least_visible(data, control, *rates) for control in controls},
        field,
        "[0.5, 1.0, 2.0]",
        _ABOUT_THE_UNTESTED,
        of_the_unobservable(model),
    )


def _says_nothing_hidden(model: SelectiveLabels) -> str:
    """Return the field that says that nothing hidden moves decision and outcome, or nothing."""
    fields = ("unobserved_scale", "response")
    return next((name for name in fields if getattr(model, name) == Known(0.0)), "")


def _identification(model: SelectiveLabels) -> tuple[Check, ...]:
    if model.prevalence is not None or model.excluded or _says_nothing_hidden(model):
        return ()
    return (
        Check(
            name="identified by the shape of the unobservable alone",
            passed=None,
            value=None,
            expected="a known prevalence or an exclusion",
            finding="no prevalence is known and no feature is excluded from the outcome: how much "
            "risk the untested have beside their features rests on the assumed family of the "
            "unobservable and its prior",
            remedy="Give the prevalence of the population, `prevalence=Known(value, sd=...)`, or "
            "name a feature that moves the decision and not the outcome, `excluded=[...]`.",
            estimands=_ABOUT_THE_UNTESTED,
            caution=True,
        ),
    )


def _direction(model: SelectiveLabels, data: Decisions) -> tuple[Check, ...]:
    """Compare the declared prevalence with the mean risk by a regression on the tested.

    Where the unobservable raises risk and testing alike, people have at the same features less
    risk than the tested among them; a prevalence that is higher says the opposite. The same holds
    turned round where those of low risk are decided for.
    """
    if model.prevalence is None:
        return ()
    declared, sd = declared_prevalence(model, data)
    mean, error = mean_risk_by_the_tested(model, data)
    z = (declared - mean) / float(np.hypot(sd, error))
    direction = DIRECTIONS[model.decided_for]
    wrong = direction.sign * z > _MOST_ERRORS
    limit = (
        f"z below {_MOST_ERRORS:g}"
        if direction.sign > 0
        else f"z above -{_MOST_ERRORS:g}"
    )
    finding = (
        f"at the risk of the tested with the same features, {mean:.1%} of the population would "
        f"have the outcome, and the prevalence is declared as {declared:.1%}: z = {z:.1f}"
    )
    if wrong:
        finding += (
            f"; at the same features, those not decided for have {direction.more} risk"
        )
    remedy = (
        f"If people are decided for because their risk is {direction.other}, {direction.examples}, "
        f"the direction is the other one: say `decided_for={direction.other!r}`. Otherwise the "
        "prevalence is one of other people or of another outcome: check its source."
    )
    return (
        Check(
            name="direction of the decision",
            passed=not wrong,
            value=float(z),
            expected=limit,
            finding=finding,
            remedy=remedy if wrong else "",
            assumption=of_the_unobservable(model) if wrong else "",
        ),
    )


def _cases_found(model: SelectiveLabels, data: Decisions) -> tuple[Check, ...]:
    """Compare the positive results with the most that the declared prevalence leaves room for.

    Where every case were tested, τ the share tested, the share with a positive result would be
    (1 - specificity) τ + (sensitivity + specificity - 1) π. Outcomes that are independent given
    features vary no more than a Binomial of that mean (Hoeffding 1956). Other people say nothing
    of a prevalence, so that there is no check where the population is `data.with_reference(...)`.
    """
    if model.prevalence is None or data.reference is not None:
        return ()
    constraint = prevalence_of(model)
    known = constraint.known_in(data)
    groups = zip(known.items(), constraint.group_rows(data), strict=True)
    found = [_found(model, data, name, value, rows) for (name, value), rows in groups]
    least = min(found, key=lambda each: each.p)
    possible = bool(least.p * len(found) > _LEAST_P)
    return (
        Check(
            name="room for the cases found",
            passed=possible,
            value=least.p,
            expected=f"p-value above {_LEAST_P / len(found):.2g}",
            finding=f"{least.share:.2%} of {least.people} have a positive result, and "
            f"a prevalence of {least.declared} leaves room for {least.most:.2%}, even if every "
            f"case were tested: p = {least.p:.2g}",
            remedy=""
            if possible
            else "More cases were found than the declared prevalence has: give it as a proportion "
            "(5 % is 0.05), check its source and its population, or give the errors of the test, "
            "`specificity=`.",
            assumption="" if possible else "prevalence",
        ),
    )


def _events_a_feature(model: SelectiveLabels, data: Decisions) -> tuple[Check, ...]:
    """Caution about few outcomes for many features, whose learned prior draws them together.

    Where all features matter a little, the coefficients are shrunk, the unobservable takes their
    part, and the untested are told to be riskier than they are. Correlated priors keep the
    confounding by many features as it is.
    """
    seen = data.outcome[data.decision]
    seen = seen[~np.isnan(seen)]
    events = int(min((seen > 0).sum(), (seen == 0).sum()))
    features = data.matrix.shape[1]
    correlated = model.coefficient_prior == "correlated"
    fewest = _FEWEST_EVENTS_A_FEATURE if correlated else _FEWEST_WITH_INDEPENDENT_PRIORS
    if features == 0 or events >= fewest * features:
        return ()
    return (
        Check(
            name="outcomes for each feature",
            passed=None,
            value=events / features,
            expected=f"{fewest} or more",
            finding=f"{events} outcomes of the rarer kind for {features} features. "
            + (_BY_CORRELATED_PRIORS if correlated else _BY_INDEPENDENT_PRIORS),
            remedy=("" if correlated else _CORRELATE)
            + "Leave out features that cannot move the "
            "outcome, or name fewer; `fit.sensitivity(unobserved_scale=[...])` says how much the "
            "answer depends on what the unobservable takes over.",
            estimands=_ABOUT_THE_UNTESTED,
            caution=True,
        ),
    )


@dataclass(frozen=True)
class _Found:
    """Positive results among people, and the most that their prevalence leaves room for.

    Parameters
    ----------
    people : str
        Which people.
    declared : Known
        Their prevalence.
    share, most : float
        The share of them with a positive result, and the largest that is expected.
    p : float
        The probability of as many results, where the largest share is the mean.
    """

    people: str
    declared: Known
    share: float
    most: float
    p: float


def _found(
    model: SelectiveLabels, data: Decisions, name: str, known: Known, rows: np.ndarray
) -> _Found:
    weights = data.weights[rows] / data.weights[rows].sum()
    share = float(weights @ (data.outcome[rows] == 1))
    tested = float(weights @ data.decision[rows])
    sensitivity = as_known(model.sensitivity)
    specificity = as_known(model.specificity)
    youden = sensitivity.value + specificity.value - 1
    most = (1 - specificity.value) * tested + youden * known.value
    errors = (
        youden * known.sd,
        known.value * sensitivity.sd,
        (tested - known.value) * specificity.sd,
    )
    people = round(1 / float(weights @ weights))  # as many as carry this information
    return _Found(
        people=f"those with {name}" if name else "the people",
        declared=known,
        share=share,
        most=most,
        p=_tail(
            np.ceil(share * people - 1e-6),
            people,
            Known(most, sd=float(np.linalg.norm(errors))),
        ),
    )


def _tail(count: float, people: int, chance: Known) -> float:
    """Return the probability of a count or more, Binomial with a chance that is Beta."""
    if chance.value >= 1 or chance.sd**2 >= chance.value * (1 - chance.value):
        return 1.0
    if chance.exact:
        return float(binom.sf(count - 1, people, chance.value))
    return float(betabinom.sf(count - 1, people, *chance.as_beta()))


def prevalence_moved(
    model: SelectiveLabels, draws: xr.Dataset, data: Decisions
) -> tuple[Check, ...]:
    """Return whether the posterior of a declared prevalence is where it was declared to be.

    Its mean has a standard deviation below the declared one, over data sets of a right model: more
    than 2.6 of these away it is in fewer than 1 % of them.

    Parameters
    ----------
    model : SelectiveLabels
    draws : Dataset
        The posterior.
    data : Decisions
    """
    declared = prevalence_of(model).known_in(data)
    known = {name: value for name, value in declared.items() if not value.exact}
    if not known or PARAMETER not in draws:
        return ()
    means = flat(draws, PARAMETER).mean(axis=0)
    pairs = zip(means, known.values(), strict=True)
    moved = np.array([(mean - value.value) / value.sd for mean, value in pairs])
    worst = int(np.abs(moved).argmax())
    name = list(known)[worst]
    stated = list(known.values())[worst]
    kept = bool(np.abs(moved[worst]) < _MOST_SDS)
    return (
        Check(
            name="prevalence as declared",
            passed=kept,
            value=float(moved[worst]),
            expected=f"within {_MOST_SDS:g} of its standard deviations",
            finding=f"declared {f'for {name} ' if name else ''}as {stated}, and "
            f"{means[worst]:.3g} with these data and this model: {moved[worst]:.1f} standard "
            "deviations away",
            remedy=""
            if kept
            else "The data and the other assumptions contradict the declared prevalence: check its "
            "source and population, and see `fit.check()` for what the model gives without it.",
            assumption="" if kept else "prevalence",
        ),
    )
