"""Accuracy of a test or score where outcomes are verified selectively (verification bias).

The chance of the outcome is P(Y=1 | T=0, x) of the untested. In the superpopulation it is
P(Y=1 | T=1, x) of the tested and people have Bayesian-bootstrap weights, Dirichlet(1, ..., 1), so
that intervals hold for people like those of the study. For the study itself the outcomes that were
seen stay as they are, and those of the untested are drawn.

The score has to add nothing to the features about the outcome; a score test among the tested looks
whether it does.

References
----------
Begg & Greenes (1983), Biometrics 39; Alonzo & Pepe (2005), JRSS C 54. Rubin (1981), The Bayesian
bootstrap, Annals of Statistics 9.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.core.display_scale import DIFFERENCE
from causalstats.core.estimand import Estimand
from causalstats.core.score_question import ScoreQuestion
from causalstats.data import Decisions, People
from causalstats.errors import DataError, ModelError
from causalstats.models.selective_labels.data_checks import data_checks
from causalstats.models.selective_labels.estimands import linear_predictors
from causalstats.models.selective_labels.group_cautions import score_cautions
from causalstats.models.selective_labels.imperfect_test import rates_of
from causalstats.models.selective_labels.predictions import chances_seen
from causalstats.models.selective_labels.score_direction import (
    direction_of_score,
    threshold_of_score,
)
from causalstats.models.shared.functional_form import some_people
from causalstats.models.shared.population import blocks, some_draws
from causalstats.numerics.selection import score_accuracy as accuracy
from causalstats.numerics.selection.misclassification import risk_given_result
from causalstats.numerics.selection.score_accuracy import CasesAndControls, ScoreValues
from causalstats.numerics.selection.selective_labels_likelihood import probability
from causalstats.numerics.testing.score_tests import binary_equation, largest_score

if TYPE_CHECKING:
    import pandas as pd

    from causalstats.models.selective_labels.model import SelectiveLabels

ASSUMPTION = "score within the features"
_SEED = 1983
_MOST_DRAWS = 2_000
_MOST_NUMBERS = 100_000_000  # draws times people
_CHECKED_DRAWS = 200
_MOST_GROUPS = 10  # in each of which the score is tested by itself
_HEADLINE = "untested_prevalence"
_LEVEL = 0.01
_COPY = 0.49  # of the area under the curve beyond .5, among the tested
_BINS = 10
_FALSE_POSITIVE_RATES = np.linspace(0, 1, 51)
_THRESHOLDS = np.linspace(0.01, 0.99, 50)


@dataclass(frozen=True)
class Measure:
    """A measure of accuracy, or a curve.

    Parameters
    ----------
    words : str
        The measure in words, for descriptions.
    compute : function
        Of `CasesAndControls`, and of a threshold, the points of a curve or the bins of a score.
    unit : str
    difference : str
        The unit of a difference of two groups.
    needs : str
        "threshold"; "probability", a score between 0 and 1; "both"; "decision", a score between 0
        and 1 or a test; or nothing.
    axis : str
        The dimension of a curve.
    null : float
        The value of a score that says nothing.
    """

    words: str
    compute: Callable[..., np.ndarray]
    unit: str = "proportion"
    difference: str = DIFFERENCE
    needs: str = ""
    axis: str = ""
    null: float = 0.0


MEASURES: Mapping[str, Measure] = {
    "sensitivity": Measure(
        words="P(positive | Y=1), the true positive rate",
        compute=accuracy.sensitivity,
        needs="threshold",
    ),
    "specificity": Measure(
        words="P(negative | Y=0), 1 less the false positive rate",
        compute=accuracy.specificity,
        needs="threshold",
    ),
    "positive_predictive_value": Measure(
        words="P(Y=1 | positive), the precision",
        compute=accuracy.positive_predictive_value,
        needs="threshold",
    ),
    "negative_predictive_value": Measure(
        words="P(Y=0 | negative)",
        compute=accuracy.negative_predictive_value,
        needs="threshold",
    ),
    "share_positive": Measure(
        words="P(positive), the selection rate",
        compute=accuracy.share_positive,
        needs="threshold",
    ),
    "area_under_curve": Measure(
        words="the area under the ROC curve (AUC): the probability that a case scores above a "
        "control",
        compute=lambda counts, threshold: accuracy.area_under_curve(counts),
        unit="AUC",
        difference="difference of AUC",
        null=0.5,
    ),
    "brier_score": Measure(
        words="the Brier score: the mean of (score - Y)²",
        compute=lambda counts, threshold: accuracy.brier_score(counts),
        unit="squared probability",
        difference="squared probability",
        needs="probability",
    ),
    "calibration_in_the_large": Measure(
        words="calibration in the large: the mean of Y less the mean of the score",
        compute=lambda counts, threshold: accuracy.calibration_in_the_large(counts),
        unit=DIFFERENCE,
        needs="probability",
    ),
    "net_benefit": Measure(
        words="the net benefit: true positives less false positives times the odds of the "
        "threshold, a person",
        compute=accuracy.net_benefit,
        unit="true positives a person",
        difference="true positives a person",
        needs="both",
    ),
    "roc_curve": Measure(
        words="the ROC curve: the sensitivity at each false positive rate",
        compute=lambda counts, threshold: accuracy.roc_curve(
            counts, _FALSE_POSITIVE_RATES
        ),
        axis="false_positive_rate",
    ),
    "calibration_curve": Measure(
        words="the calibration curve: P(Y=1) in each bin of the score, by its mean score",
        compute=accuracy.calibration_curve,
        axis="score",
    ),
    "decision_curve": Measure(
        words="the decision curve: the net benefit by the risk from which people are treated",
        compute=lambda counts, threshold: np.stack(
            [accuracy.net_benefit(counts, each) for each in _THRESHOLDS], axis=-1
        ),
        unit="true positives a person",
        difference="true positives a person",
        needs="decision",
        axis="threshold",
    ),
    "net_benefit_of_all": Measure(
        words="the net benefit of treating everybody, by the risk from which people are treated",
        compute=lambda counts, threshold: np.stack(
            [accuracy.net_benefit_of_all(counts, each) for each in _THRESHOLDS], axis=-1
        ),
        unit="true positives a person",
        difference="true positives a person",
        axis="threshold",
    ),
}
"""Measures and curves by name; those with an axis are asked for by name only."""


def accuracy_of_score(
    model: SelectiveLabels, question: ScoreQuestion, data: Decisions
) -> tuple[str, Estimand]:
    """Return the name of the answer and its estimand.

    Parameters
    ----------
    model : SelectiveLabels
    question : ScoreQuestion
    data : Decisions

    Raises
    ------
    ModelError
        If there is no such measure, or it needs a threshold or a probability.
    DataError
        If the score or the groups do not fit the data.
    """
    label, score = data.score(question.score)
    names = _names_of_measures(question, score)
    groups = _groups(question, data)
    threshold = question.threshold
    if threshold is None and _is_test(score):
        threshold = 1.0
    single = MEASURES[names[0]] if question.measure else None
    statement = f"positive: at least {threshold:g}" if threshold is not None else ""
    words = single.words if single else ", ".join(names).replace("_", " ")
    about = {
        "superpopulation": "people like those of the study",
        "study": "the people of the study themselves",
    }[question.population]
    if question.among != "everybody":
        about += f", the {question.among} among them"
    description = (
        f"Accuracy of {label}{f' ({statement})' if statement else ''}: {words}. Of "
    )
    units = ("measure of accuracy", "difference of measures")
    if single:
        units = (single.unit, single.difference)
    name = f"{question.measure.replace('_', ' ') or 'accuracy'} of {label}"
    return name, Estimand(
        compute=partial(_draws, model, question, score, names, groups, threshold),
        description=f"{description}{about}.",
        unit=units[1] if question.against else units[0],
        null=0.0 if single is None or question.against else single.null,
        contrast=f"each group - {question.against}" if question.against else "none",
        assumptions=(*(each.name for each in model.assumptions()), ASSUMPTION),
        sentence=_sentence(name, question, single, names),
        checks=partial(_checks, model, question, label, score, threshold),
        keeps_draws=False,
    )


def _sentence(
    name: str, question: ScoreQuestion, single: Measure | None, names: list[str]
) -> str:
    """Return the answer in words: of every measure sensitivity and specificity, or the AUC."""
    if question.by is not None:
        return ""
    if single is None:
        label = name.removeprefix("accuracy of ")
        if "sensitivity" in names:
            return (
                f"{label} has a sensitivity of {{value:sensitivity}} and a specificity of "
                "{value:specificity}."
            )
        return f"The area under the ROC curve of {label} is {{value:area_under_curve}}."
    if single.axis:
        return ""
    spelled = name.replace("area under curve", "area under the ROC curve")
    return f"The {spelled.replace('brier', 'Brier')} is about {{value}}."


def _is_test(score: np.ndarray) -> bool:
    return bool(np.isin(score, (0.0, 1.0)).all())


def _names_of_measures(question: ScoreQuestion, score: np.ndarray) -> list[str]:
    """Return the measure asked for, or every one that the score has."""
    has = {""}
    if question.threshold is not None or _is_test(score):
        has.add("threshold")
    if score.min() >= 0 and score.max() <= 1:
        has.add("decision")
        if not _is_test(score):
            has.add("probability")
            if question.threshold is not None and 0 < question.threshold < 1:
                has.add("both")
    if not question.measure:
        return [
            name
            for name, measure in MEASURES.items()
            if measure.needs in has and not measure.axis
        ]
    if question.measure not in MEASURES:
        raise ModelError(
            f"There is no measure of accuracy {question.measure!r}. There are: "
            f"{', '.join(MEASURES)}."
        )
    needs = MEASURES[question.measure].needs
    if needs not in has:
        wanted = {
            "threshold": "the value from which the score is positive, `threshold=...`",
            "probability": "a score between 0 and 1, the probability of the outcome",
            "both": "a score between 0 and 1, and `threshold=...` between 0 and 1",
            "decision": "a score between 0 and 1, or a test of 0 and 1",
        }[needs]
        raise ModelError(f"{question.measure!r} needs {wanted}.")
    return [question.measure]


def _groups(question: ScoreQuestion, data: Decisions) -> dict[str, np.ndarray]:
    """Return the rows of each group, as masks over everybody."""
    among = {
        "everybody": np.ones(len(data), bool),
        "untested": ~data.decision,
        "tested": data.decision,
    }[question.among]
    if question.by is None:
        if question.against:
            raise ModelError(
                f"Expected groups, `by=...`, one of which is {question.against!r}, to differ from."
            )
        return {"": among}
    labels = data.groups(question.by)
    groups = {
        str(group): among & np.asarray(labels == group) for group in labels.categories
    }
    empty = [group for group, rows in groups.items() if not rows.any()]
    if empty:
        raise DataError(f"Nobody of group {empty[0]!r} is {question.among}.")
    if question.against and question.against not in groups:
        raise DataError(
            f"There is no group {question.against!r} to differ from; there are: "
            f"{', '.join(groups)}."
        )
    return groups


def _draws(
    model: SelectiveLabels,
    question: ScoreQuestion,
    score: np.ndarray,
    names: list[str],
    groups: dict[str, np.ndarray],
    threshold: float | None,
    draws: xr.Dataset,
    data: Decisions,
) -> xr.DataArray:
    """Return draws (chain, draw), with dims `measure`, of a curve, and `group` where asked for.

    Parameters
    ----------
    model : SelectiveLabels
    question : ScoreQuestion
    score : array (N,)
    names : list of str
        The measures.
    groups : dict of str to bool array (N,)
    threshold : float or None
    draws : Dataset
        The posterior.
    data : Decisions
    """
    thin = thinned(draws, len(data))
    super_population = question.population == "superpopulation"
    chance = outcome_chance(model, data, seen=not super_population)
    rng = np.random.default_rng(_SEED)
    scores = {
        name: ScoreValues.from_score(score[rows]) for name, rows in groups.items()
    }
    bins = {
        name: accuracy.calibration_bins(
            each.values, each.totals(data.weights[groups[name]]), _BINS
        )
        for name, each in scores.items()
    }
    parts = []
    for block in blocks(thin, data.people(), chance):
        weights = data.weights
        if super_population:
            weights = weights * rng.standard_exponential(block.shape)
        else:
            block = (rng.random(block.shape) < block).astype(float)
        of_groups = []
        for group, rows in groups.items():
            counts = accuracy.cases_and_controls(
                scores[group], block[..., rows], weights[..., rows]
            )
            of_groups.append(_values(counts, names, threshold, bins[group][0]))
        parts.append(np.stack(of_groups, axis=-1))
    values = np.concatenate(parts, axis=1)
    return _labelled(values, question, names, groups, bins, thin)


def _values(
    counts: CasesAndControls,
    names: list[str],
    threshold: float | None,
    bins: np.ndarray,
) -> np.ndarray:
    """Return the measures, or the points of a curve, along a last axis.

    Parameters
    ----------
    counts : CasesAndControls
    names : list of str
    threshold : float or None
    bins : int array
        The bin of each value of the score, for a calibration curve.
    """
    measures = [MEASURES[name] for name in names]
    if measures[0].axis:
        (curve,) = measures
        return curve.compute(counts, bins if curve.axis == "score" else threshold)
    return np.stack([each.compute(counts, threshold) for each in measures], axis=-1)


def _labelled(
    values: np.ndarray,
    question: ScoreQuestion,
    names: list[str],
    groups: dict[str, np.ndarray],
    bins: dict[str, tuple[np.ndarray, np.ndarray]],
    draws: xr.Dataset,
) -> xr.DataArray:
    """Return values with their dims, as differences from a group where that is asked for.

    Parameters
    ----------
    values : array (chain, draw, measures or points, groups)
    question : ScoreQuestion
    names : list of str
    groups : dict of str to bool array
    bins : dict of str to (bins, centres)
    draws : Dataset
        Those that the values are of.
    """
    axis = MEASURES[names[0]].axis
    labels: Any = names
    if axis == "score":
        labels = [f"{centre:.3g}" for centre in bins[next(iter(bins))][1]]
    elif axis:
        points = _FALSE_POSITIVE_RATES if axis == "false_positive_rate" else _THRESHOLDS
        labels = [f"{point:.2f}" for point in points]
    coords = {
        "chain": draws["chain"],
        "draw": draws["draw"],
        axis or "measure": labels,
        "group": list(groups),
    }
    array = xr.DataArray(values, dims=tuple(coords), coords=coords)
    if question.against:
        rest = [group for group in groups if group != question.against]
        array = array.sel(group=rest) - array.sel(group=question.against, drop=True)
        array = array.assign_coords(
            group=[f"{group} - {question.against}" for group in rest]
        )
    if question.by is None:
        array = array.isel(group=0, drop=True)
    if question.measure and not axis:
        array = array.isel(measure=0, drop=True)
    return array


def thinned(draws: xr.Dataset, people: int) -> xr.Dataset:
    """Return as many draws, thinned alike in every chain, as take seconds and no more."""
    size = draws.sizes["chain"] * draws.sizes["draw"]
    step = max(1, -(-size // _MOST_DRAWS), -(-size * people // _MOST_NUMBERS))
    return draws.isel(draw=slice(None, None, step))


def outcome_chance(
    model: SelectiveLabels, data: Decisions, seen: bool
) -> Callable[[xr.Dataset, People], np.ndarray]:
    """Return the function of draws that gives P(Y=1) of every row, (draws, N).

    Parameters
    ----------
    model : SelectiveLabels
    data : Decisions
    seen : bool
        Whether it is given the results of the tested, too, and not only that they were tested.
    """
    law = model.law
    tested = data.decision
    untested_people = data.people(~tested)
    tested_people = data.people(tested)
    positive = data.outcome[tested] == 1

    def compute(draws: xr.Dataset, people: People) -> np.ndarray:
        size = draws.sizes["chain"] * draws.sizes["draw"]
        chances = np.empty((size, len(people)))
        chances[:, ~tested] = probability(
            law, "untested_positive", *linear_predictors(draws, untested_people)
        )
        rates = rates_of(draws)
        if seen and not rates:
            chances[:, tested] = positive
            return chances
        case = probability(
            law, "tested_positive", *linear_predictors(draws, tested_people)
        )
        if seen:
            given_positive = risk_given_result(case, True, *rates)
            case = np.where(
                positive, given_positive, risk_given_result(case, False, *rates)
            )
        chances[:, tested] = case
        return chances

    return compute


def _checks(
    model: SelectiveLabels,
    question: ScoreQuestion,
    label: str,
    score: np.ndarray,
    threshold: float | None,
    draws: xr.Dataset,
    data: Decisions,
) -> tuple[Check, ...]:
    """Return the checks of the score, and the cautions about the untested where it concerns them.

    Parameters
    ----------
    model : SelectiveLabels
    question : ScoreQuestion
    label : str
    score : array (N,)
    threshold : float or None
    draws : Dataset
    data : Decisions
    """
    of_score = (
        *score_check(model, label, score, draws, data, question.by),
        *direction_of_score(label, _areas(model, score, draws, data)),
        *threshold_of_score(label, score, threshold),
    )
    if question.among == "tested":
        return of_score
    of_score += score_cautions(model, data, question.by)
    cautions = [each for each in data_checks(model, data) if each.estimands]
    return (*of_score, *(each for each in cautions if each.stands_on(_HEADLINE)))


def _areas(
    model: SelectiveLabels, score: np.ndarray, draws: xr.Dataset, data: Decisions
) -> np.ndarray:
    """Return draws of the area under the ROC curve among everybody.

    Parameters
    ----------
    model : SelectiveLabels
    score : array (N,)
    draws : Dataset
        The posterior.
    data : Decisions
    """
    rng = np.random.default_rng(_SEED)
    thin = some_draws(thinned(draws, len(data)), _CHECKED_DRAWS, rng)
    names = ["area_under_curve"]
    question = ScoreQuestion(score=score, measure=names[0])
    everybody = {"": np.ones(len(data), bool)}
    return _draws(model, question, score, names, everybody, None, thin, data).to_numpy()


def score_check(
    model: SelectiveLabels,
    label: str,
    score: np.ndarray,
    draws: xr.Dataset,
    data: Decisions,
    by: Any = None,
) -> tuple[Check, ...]:
    """Return whether the score tells more of decision and outcome than the features do.

    Score tests of the score and of its ranks, in who is tested and in the results of the tested;
    where groups are asked for, within each of them, too.

    Parameters
    ----------
    model : SelectiveLabels
    label : str
        The name of the score.
    score : array (N,)
    draws : Dataset
        The posterior.
    data : Decisions
    by : str or labels, optional
        Groups of people.
    """
    rng = np.random.default_rng(_SEED)
    part = some_people(data, rng)
    kept = np.isin(data.rows, part.rows)
    terms = score[kept]
    ranks = np.unique(terms, return_inverse=True)[1]
    columns = np.column_stack([terms, ranks]).astype(float)
    where = ["", ""]
    if by is not None:
        within, names = _within_groups(data.groups(by)[kept], columns[:, 1])
        columns, where = np.hstack([columns, within]), where + names
    chance_of_test, positive = chances_seen(
        model, some_draws(draws, _CHECKED_DRAWS, rng), part
    )
    people = np.arange(len(part))
    tested = part.decision
    results = part.outcome[tested] == 1
    equations = (
        binary_equation("who is tested", people, tested, chance_of_test),
        binary_equation("the results of the tested", people[tested], results, positive),
    )
    largest = largest_score(equations, columns, part.matrix, rng)
    passed = largest is None or largest.p > _LEVEL
    finding = f"{label} is determined by the features, or its tests rest on too few"
    if largest is not None:
        finding = (
            f"beyond the features, {label}{where[largest.term]} has a score of "
            f"z = {largest.z:.1f} in {largest.equation}: p = {largest.p:.3f}"
        )
    return (
        Check(
            name=ASSUMPTION,
            passed=passed,
            value=None if largest is None else largest.p,
            expected=f"p-value above {_LEVEL:g}",
            finding=finding,
            remedy="" if passed else _remedy(label, terms[tested], results, by),
            assumption="" if passed else ASSUMPTION,
        ),
    )


def _remedy(label: str, score: np.ndarray, results: np.ndarray, by: Any) -> str:
    """Return what to do about a score that tells more than the features do.

    Parameters
    ----------
    label : str
    score : array
        Of the tested.
    results : bool array
    by : str, labels or None
    """
    area = 0.5
    if results.any() and not results.all():
        counts = accuracy.cases_and_controls(
            ScoreValues.from_score(score), results.astype(float), np.ones(len(score))
        )
        area = float(accuracy.area_under_curve(counts))
    if abs(area - 0.5) > _COPY:
        return (
            f"{label} tells the results of the tested apart all but perfectly, as a score does "
            "that was made of them: of the untested it then says nothing, and is neither to be "
            "assessed nor a feature. Give a score that was there before the outcome was seen."
        )
    return (
        f"The model does not know what {label} knows of the outcome: add {label!r} to the "
        "features, with a spline or as categories where it is not linear, and fit again."
        f"{' Where it does so in a group, add its product with the group.' * (by is not None)}"
    )


def _within_groups(
    labels: pd.Categorical, ranks: np.ndarray
) -> tuple[np.ndarray, list[str]]:
    """Return the ranks of a score in each of the largest groups, about their mean, and words."""
    sizes = np.bincount(labels.codes, minlength=len(labels.categories))
    largest = np.argsort(-sizes, kind="stable")[:_MOST_GROUPS]
    columns = np.zeros((len(ranks), len(largest)))
    for k, group in enumerate(largest):
        rows = labels.codes == group
        if rows.any():
            columns[rows, k] = ranks[rows] - ranks[rows].mean()
    return columns, [f" among {labels.categories[group]}" for group in largest]
