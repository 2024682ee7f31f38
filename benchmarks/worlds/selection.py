"""Worlds of selective labels and of Heckman's model: right ones that are hard, and wrong ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit
from spoilt_tables import Change, coded, cut_off, every_row_twice, spoilt

import causalstats as cs
from causalstats.models.shared.nothing_hidden import NOTHING_HIDDEN
from causalstats.numerics.selection.joint_errors import joint_errors
from worlds import World

NAMES = ["a", "b", "c"]
WIDTH = 3.0


def labels(
    seed: int,
    *,
    people: int = 1200,
    features: int = 3,
    intercept: float = -1.0,
    width: float = WIDTH,
    sign: float = 1.0,
    response: float = 1.0,
    policy: tuple[float, ...] = (0.0, 0.0, 0.0),
    curve: float = 0.0,
    testing_curve: float = 0.0,
    declared: float | None = None,
    shift: float = 0.0,
    sensitivity: float = 1.0,
    specificity: float = 1.0,
    declared_test: tuple[float, float] | None = None,
    proxy: float = 0.0,
    jump: float = 0.0,
    controls: tuple[str, ...] = (),
    expertise: tuple[str, ...] = (),
    withheld: bool = False,
    **fields: Any,
) -> tuple[cs.SelectiveLabels, cs.Decisions]:
    """Return a model that knows what `fields` say, and data that the other arguments describe.

    Parameters
    ----------
    seed, people, features : int
    intercept : float
        Of risk, in log-odds.
    width : float
        Range of the unobservable, in log-odds.
    sign : float
        The direction in which the unobservable moves testing.
    response : float
        How steeply testing rises with risk.
    policy : tuple of float
        Effects of the first features on testing beside risk.
    curve, testing_curve : float
        Coefficients of a square, in risk and in testing.
    declared, shift : float
        The prevalence that is declared; without one the realised share, with `shift` added.
    sensitivity, specificity : float
        Those of the test.
    declared_test : (sensitivity, specificity), optional
        Those that the model is told.
    proxy : float
        Slope of the unobservable on the first feature.
    jump : float
        What risk gains where the second feature is above 1.
    controls, expertise : tuple of str
        Features that the model is told to be negative controls, or expertise.
    withheld : bool
        Whether the data hold the outcomes of the untested.
    **fields
        Fields of the model.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((people, features))
    hidden = width * (rng.random(people) - 0.5) + proxy * x[:, 0]
    coefficients = np.concatenate([[1.0, 0.5], np.zeros(features - 2)])
    feature_risk = x @ coefficients + curve * (x[:, 0] ** 2 - 1) + jump * (x[:, 1] > 1)
    risk = intercept + feature_risk + hidden
    deviation = np.concatenate([policy, np.zeros(features - len(policy))])
    testing = 0.3 + response * feature_risk + sign * response * hidden + x @ deviation
    testing = testing + testing_curve * (x[:, 1] ** 2 - 1)
    outcome = rng.random(people) < expit(risk)
    tested = rng.random(people) < expit(testing)
    result = rng.random(people) < np.where(outcome, sensitivity, 1 - specificity)
    prevalence = declared if declared is not None else float(outcome.mean()) + shift
    names = [f"x{k + 1}" for k in range(features)]
    shown = np.where(tested | withheld, result, np.nan)
    frame = pd.DataFrame(x, columns=names).assign(tested=tested, y=shown)
    data = cs.Decisions.from_frame(
        frame,
        outcome="y",
        decision="tested",
        features=names,
        observed="decided" if withheld else "error",
    )
    sd = 0.01 if intercept > -3 else 0.003
    declared_rates = declared_test or (sensitivity, specificity)
    known: dict[str, Any] = {"prevalence": cs.Known(prevalence, sd=sd)} | fields
    model = cs.SelectiveLabels(
        **known,
        sensitivity=declared_rates[0],
        specificity=declared_rates[1],
        expertise=list(expertise),
        negative_controls=list(controls),
    )
    return model, data


def numbers(
    seed: int,
    *,
    people: int = 1500,
    drawn_errors: str = "normal",
    drawn_shape: tuple[str, str, Mapping[str, float]] | None = None,
    correlation: float = 0.5,
    effect_of_c: float = 0.3,
    curve: float = 0.0,
    uneven: float = 0.0,
    shift: float | None = None,
    slope_of_policy: float = 0.0,
    told_correlation: float | None = None,
    correlation_by_a: float = 0.0,
    **fields: Any,
) -> tuple[cs.Heckman, cs.Decisions]:
    """Return a model that knows what `fields` say, and outcomes that a probit lets be seen.

    Parameters
    ----------
    seed, people : int
    drawn_errors : {"normal", "gamma", "lognormal", "heavy"}
        The distribution of the errors of the outcome, standardised.
    drawn_shape : (errors, copula, parameters), optional
        In place of it, errors and their dependence as `Heckman` has them under these names.
    correlation : float
        Of the errors of outcome and selection.
    effect_of_c : float
        Coefficient of the third feature in the outcome; 0 makes it an exclusion.
    curve, slope_of_policy : float
        Coefficients of a square, in the outcome and in the selection.
    uneven : float
        Slope of the logarithm of the errors' standard deviation on the first feature.
    shift : float, optional
        The model is told the mean of everybody, with this error.
    told_correlation : float, optional
        The model is told that this is the correlation, to .05.
    correlation_by_a : float
        What the correlation is more where the first feature is above 0, and less elsewhere.
    **fields
        Fields of the model.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((people, 3))
    v = rng.standard_normal(people)
    standardised = {
        "normal": lambda: rng.standard_normal(people),
        "gamma": lambda: (rng.gamma(4, size=people) - 4) / 2,
        "lognormal": lambda: _standard(np.exp(0.7 * rng.standard_normal(people))),
        "heavy": lambda: _standard(rng.standard_t(3, people)),
    }[drawn_errors]()
    index = 0.3 + x @ [0.8, 0.4, -0.6] + slope_of_policy * (x[:, 1] ** 2 - 1)
    of_person = correlation + correlation_by_a * np.sign(x[:, 0])
    u = of_person * v + np.sqrt(1 - of_person**2) * standardised
    seen = index + v > 0
    if drawn_shape is not None:
        u, seen = _drawn(rng, index, correlation, *drawn_shape)
    y = 1 + x @ [0.5, -0.5, effect_of_c] + curve * (x[:, 0] ** 2 - 1)
    y = y + u * np.exp(uneven * x[:, 0])
    frame = pd.DataFrame(x, columns=NAMES).assign(
        seen=seen, y=np.where(seen, y, np.nan)
    )
    data = cs.Decisions.from_frame(
        frame, outcome="y", decision="seen", features=NAMES, kind="continuous"
    )
    if shift is not None:
        fields = fields | {"mean": cs.Known(float(y.mean()) + shift, sd=0.03)}
    if told_correlation is not None:
        fields = fields | {"correlation": cs.Known(told_correlation, sd=0.05)}
    return cs.Heckman(**fields), data


def outcomes_of_groups(seed: int, shock: float) -> tuple[cs.Heckman, cs.Decisions]:
    """Return 1,200 people of 30 groups in random order, whose outcomes may share a shock."""
    rng = np.random.default_rng(seed)
    group = rng.permutation(1200) % 30
    of_group, common = rng.standard_normal((2, 30))
    x, z, v, e = rng.standard_normal((4, 1200))
    seen = 0.3 + 0.5 * x + 0.8 * z + 0.3 * of_group[group] + v > 0
    y = 1 + 0.5 * x - 0.5 * of_group[group] + 0.5 * v + e + shock * common[group]
    columns = {"x": x, "z": z, "of_group": of_group[group], "seen": seen}
    data = cs.Decisions.from_frame(
        pd.DataFrame(columns).assign(y=np.where(seen, y, np.nan)),
        outcome="y",
        decision="seen",
        features=["x", "z", "of_group"],
        kind="continuous",
    )
    return cs.Heckman(excluded=["z"]), data


def _drawn(
    rng: np.random.Generator,
    index: np.ndarray,
    correlation: float,
    errors: str,
    copula: str,
    parameters: Mapping[str, float],
) -> tuple[np.ndarray, np.ndarray]:
    """Return errors of the outcome and who is seen, of a shape that `Heckman` has."""
    joint = joint_errors(errors, copula)
    given = {name: np.array([[value]]) for name, value in parameters.items()}
    u, seen = joint.draw(rng, index[None], np.array([[correlation]]), given)
    return u[0], seen[0]


def _audited(
    seed: int,
    *,
    of_group: float = 0.0,
    named: bool = False,
    slope: float = 0.0,
    ranges: tuple[float, float] = (WIDTH, WIDTH),
) -> tuple[cs.SelectiveLabels, cs.Decisions]:
    """Return 1,500 people with a score, and two groups by which its accuracy is compared.

    Parameters
    ----------
    seed : int
    of_group : float
        Effect of the group on the risk of the same features, in log-odds.
    named : bool
        Whether the group is a feature.
    slope : float
        What the score's slope is more in one group.
    ranges : (float, float)
        Ranges of the unobservable in group a and in group b, in log-odds.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((1500, 3))
    member = rng.random(1500) < 0.4
    linear = x @ np.array([0.8, -0.6, 0.4])
    score = expit(linear - 1)
    risk = linear - 1 + of_group * member + slope * (member - 0.4) * linear
    risk += np.where(member, *ranges) * (rng.random(1500) - 0.5)
    outcome = rng.random(1500) < expit(risk)
    tested = rng.random(1500) < expit(risk + 0.3 + 0.6 * x[:, 0])
    frame = pd.DataFrame(x, columns=NAMES).assign(
        tested=tested,
        y=np.where(tested, outcome, np.nan),
        score=score,
        group=np.where(member, "a", "b"),
        member=member.astype(float),
    )
    data = cs.Decisions.from_frame(
        frame,
        outcome="y",
        decision="tested",
        features=[*NAMES, "member"] if named else NAMES,
        keep=["score", "group"],
    )
    known = cs.Known(float(outcome.mean()), sd=0.02)
    return cs.SelectiveLabels(prevalence=known), data


def _gap(model: Any, data: Any) -> cs.Effect:
    """Return the difference of predictive values between the groups, as an audit asks for it."""
    sampler = cs.Laplace(draws=400)
    fit = cs.fit(model, data, seed=1, progress=False, sampler=sampler)
    measure = "positive_predictive_value"
    return fit.accuracy("score", measure, threshold=0.4, by="group", against="b")


def _standard(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / values.std()


def _make(draw: Callable[..., Any], settings: dict[str, Any]) -> Callable[[int], Any]:
    return partial(draw, **settings)


def _wrong(
    name: str,
    draw: Callable[..., Any],
    catches: tuple[str, ...],
    undetectable: str = "",
    headline_holds: str = "",
    **settings: Any,
) -> World:
    return World(
        name=name,
        family="selection",
        wrong=True,
        make=_make(draw, settings),
        catches=catches,
        undetectable=undetectable,
        headline_holds=headline_holds,
    )


def _audit(name: str, wrong: bool, **settings: Any) -> World:
    return World(
        name=name,
        family="selection",
        wrong=wrong,
        make=_make(_audited, settings),
        catches=AUDIT if wrong else (),
        answer=_gap,
        runs=AUDIT,
    )


def _right(name: str, draw: Callable[..., Any], **settings: Any) -> World:
    return World(name=name, family="selection", wrong=False, make=_make(draw, settings))


AUDIT = (
    "score within the features",
    "predicts the positive rate of the tested by group",
    "predicts the decision rate by group",
)
SHAPE = ("normality of the errors", "identified by joint normality")
KNOWN = (
    "direction of the decision",
    "room for the cases found",
    "prevalence as declared",
    "agrees with the data: prevalence",
)
FORM = ("functional form", "predicts the decision rate", "predicts the positive rate")
OTHER_SHAPE = (
    "predicts the skewness and kurtosis of the outcomes seen",
    "identified by the shape of the errors",
)
HECKMAN_FORM = (
    "functional form",
    "equal variances",
    "predicts the decision rate",
    "predicts the mean outcome",
    SHAPE[0],
)

WORLDS = [
    _wrong(
        "decided for because the risk is low",
        labels,
        ("direction of the decision",),
        response=-1.0,
        width=4.0,
    ),
    _wrong(
        "decided for because the risk is low, no prevalence known",
        labels,
        ("features go with the direction of the decision",),
        response=-1.0,
        prevalence=None,
    ),
    _wrong("prevalence far too high", labels, KNOWN, shift=0.20),
    _wrong("prevalence far too low", labels, KNOWN, shift=-0.10),
    _wrong(
        "prevalence of another outcome, rare", labels, KNOWN, intercept=-3.5, shift=0.06
    ),
    _wrong("risk is curved in a feature", labels, FORM, curve=0.8),
    _wrong(
        "testing is curved in a feature",
        labels,
        FORM,
        headline_holds="the prevalence and the results of the tested fix the mean of the untested, "
        "up to a curve of 2; it is 85 % and 75 % that the intervals of the untested with a feature "
        "above 1 and below -1 cover (20 data sets)",
        testing_curve=0.8,
    ),
    _wrong(
        "risk jumps at a value",
        labels,
        FORM,
        headline_holds="the prevalence and the results of the tested fix the mean of the untested, "
        "up to a jump of 5; of the untested beyond the jump, the risk is put .16 too low and its "
        "intervals cover 30 % (20 data sets)",
        jump=2.5,
    ),
    _wrong(
        "expertise on a feature that drives testing otherwise",
        labels,
        ("agrees with the data: expertise",),
        policy=(0.0, 0.0, 1.0),
        expertise=("x3",),
    ),
    _wrong(
        "expertise on a barrier to testing",
        labels,
        ("agrees with the data: expertise",),
        policy=(0.0, -1.2, 0.0),
        expertise=("x2", "x3"),
    ),
    _wrong(
        "a hidden cause, and a model without one",
        labels,
        (NOTHING_HIDDEN, "agrees with the data: negative control"),
        policy=(0.0, 0.0, 1.5),
        controls=("x3",),
        prevalence=None,
        unobserved_scale=0.0,
    ),
    _wrong(
        "negative control that moves the outcome",
        labels,
        ("agrees with the data: negative control",),
        controls=("x2",),
    ),
    _wrong(
        "test less specific than said",
        labels,
        KNOWN,
        sensitivity=0.9,
        specificity=0.8,
        declared_test=(0.9, 0.99),
        width=1.0,
    ),
    _wrong(
        "the untested are the riskier, with their outcomes withheld",
        labels,
        ("direction of the decision", "withheld outcomes"),
        sign=-1.0,
        width=4.0,
        withheld=True,
    ),
    _wrong(
        "no prevalence known, wide unobservable",
        labels,
        ("identified by the shape",),
        undetectable="the width of the unobservable shows only in curvature; the answer says that "
        "its shape alone identifies it",
        width=5.0,
        prevalence=None,
    ),
    _wrong(
        "Heckman, skewed errors, nothing excluded",
        numbers,
        SHAPE,
        drawn_errors="gamma",
        correlation=0.0,
    ),
    _wrong(
        "Heckman, log-normal errors, nothing excluded",
        numbers,
        SHAPE,
        drawn_errors="lognormal",
        correlation=0.0,
    ),
    _wrong(
        "Heckman, heavy-tailed errors, nothing excluded",
        numbers,
        SHAPE,
        drawn_errors="heavy",
        correlation=0.0,
    ),
    _wrong(
        "Heckman, log-normal errors, taken for Student t, nothing excluded",
        numbers,
        OTHER_SHAPE,
        drawn_errors="lognormal",
        correlation=0.0,
        errors="student",
    ),
    _wrong(
        "Heckman, dependence of high outcomes, taken for a correlation, nothing excluded",
        numbers,
        SHAPE,
        drawn_shape=("normal", "gumbel", {}),
        correlation=0.7,
    ),
    _wrong("Heckman, outcome curved in a feature", numbers, HECKMAN_FORM, curve=0.5),
    _wrong(
        "Heckman, decision curved in a feature",
        numbers,
        HECKMAN_FORM,
        slope_of_policy=0.6,
    ),
    _wrong(
        "Heckman, an excluded feature moves the outcome",
        numbers,
        ("agrees with the data: exclusion",),
        effect_of_c=1.0,
        excluded=["c"],
    ),
    _wrong(
        "Heckman, a wrong mean, with an exclusion",
        numbers,
        ("agrees with the data: mean",),
        effect_of_c=0.0,
        excluded=["c"],
        shift=0.6,
    ),
    _wrong(
        "Heckman, a feature said not to move the decision moves it",
        numbers,
        ("agrees with the data: exclusion from the decision",),
        effect_of_c=0.0,
        excluded=["c"],
        excluded_from_decision=["b"],
    ),
    _wrong("Heckman, errors uneven in a feature", numbers, HECKMAN_FORM, uneven=0.4),
    _right("prevalence known", labels),
    _right("nothing hidden", labels, width=0.0),
    _right("rare outcome", labels, people=1500, intercept=-3.5),
    _right("few people", labels, people=250),
    _right("20 features", labels, features=20),
    _right(
        "decided for because the risk is low, and said so",
        labels,
        response=-1.0,
        decided_for="low",
    ),
    _right("expertise", labels, expertise=("x2", "x3"), policy=(1.0, 0.0, 0.0)),
    _right("imperfect test", labels, sensitivity=0.9, specificity=0.97),
    _right("withheld outcomes", labels, withheld=True),
    _right("Heckman with an exclusion", numbers, effect_of_c=0.0, excluded=["c"]),
    _right("Heckman, nothing excluded", numbers, people=800),
    _right(
        "Heckman with a feature of 30 groups, and independent people",
        outcomes_of_groups,
        shock=0.0,
    ),
    _wrong(
        "Heckman with a feature of 30 groups that share a shock, in random order",
        outcomes_of_groups,
        ("rows of one group independent",),
        shock=0.7,
    ),
    _right(
        "Heckman, no selection, with an exclusion",
        numbers,
        correlation=0.0,
        effect_of_c=0.0,
        excluded=["c"],
    ),
    _right(
        "Heckman with a known mean and an exclusion",
        numbers,
        effect_of_c=0.0,
        excluded=["c"],
        shift=0.0,
    ),
    _right(
        "Heckman with Student t errors, said so, with an exclusion",
        numbers,
        drawn_shape=("student", "elliptical", {"degrees_of_freedom": 5.0}),
        effect_of_c=0.0,
        errors="student",
        excluded=["c"],
    ),
    _right(
        "Heckman with skewed errors, said so, with an exclusion",
        numbers,
        drawn_shape=("skewed", "elliptical", {"skewness": 0.5, "tail_weight": 1.0}),
        effect_of_c=0.0,
        errors="skewed",
        excluded=["c"],
    ),
    _right(
        "Heckman with a Plackett copula, said so, with an exclusion",
        numbers,
        drawn_shape=("normal", "plackett", {}),
        effect_of_c=0.0,
        copula="plackett",
        excluded=["c"],
    ),
    _right(
        "Heckman with a Gumbel copula, said so, with an exclusion",
        numbers,
        drawn_shape=("normal", "gumbel", {}),
        effect_of_c=0.0,
        copula="gumbel",
        excluded=["c"],
    ),
]

WORLDS += [
    _wrong(
        "an excluded feature moves the outcome",
        labels,
        ("agrees with the data: exclusion",),
        excluded=["x2"],
    ),
    _wrong(
        "a feature said not to move the decision moves it",
        labels,
        ("agrees with the data: exclusion from the decision",),
        excluded_from_decision=["x2"],
    ),
    _wrong(
        "risk is curved in a feature, by probit", labels, FORM, curve=0.8, link="probit"
    ),
    _wrong(
        "Heckman, expertise on a feature that drives the decision otherwise",
        numbers,
        ("agrees with the data: expertise",),
        effect_of_c=0.0,
        excluded=["c"],
        expertise=["b"],
    ),
    _wrong(
        "Heckman, a wrong correlation, with an exclusion",
        numbers,
        ("agrees with the data: correlation",),
        effect_of_c=0.0,
        excluded=["c"],
        told_correlation=-0.3,
    ),
]


def _spoilt(
    name: str, draw: Callable[..., Any], change: Change, *catches: str, **settings: Any
) -> World:
    return World(
        name=name,
        family="selection",
        wrong=True,
        make=spoilt(_make(draw, settings), change),
        catches=catches,
    )


_EXCLUDED = {"effect_of_c": 0.0, "excluded": ["c"]}
WORLDS += [
    _spoilt("every person twice", labels, every_row_twice, "no row twice"),
    _spoilt(
        "-9 for missing values of a feature",
        labels,
        partial(coded, column="x1"),
        "no codes",
    ),
    _spoilt(
        "Heckman, every person twice",
        numbers,
        every_row_twice,
        "no row twice",
        **_EXCLUDED,
    ),
    _spoilt(
        "Heckman, outcomes cut off at their lowest fifth",
        numbers,
        partial(cut_off, column="y"),
        "outcome not cut off",
        **_EXCLUDED,
    ),
]


def _filled_in(
    table: pd.DataFrame, rng: np.random.Generator, column: str, decision: str
) -> pd.DataFrame:
    """Return a table in which a column was recorded for those decided for, and filled with a mean.

    Parameters
    ----------
    table : DataFrame
    rng : Generator
    column, decision : str
    """
    recorded = table[column].where(table[decision].astype(bool))
    return table.assign(**{column: recorded.fillna(recorded.mean())})


def _left_out_below(
    table: pd.DataFrame, rng: np.random.Generator, column: str
) -> pd.DataFrame:
    """Return a table without the rows of the lowest third of the outcomes seen.

    Parameters
    ----------
    table : DataFrame
    rng : Generator
    column : str
    """
    kept = ~(table[column] < table[column].quantile(1 / 3))
    return table[kept].reset_index(drop=True)


def _in_steps(
    table: pd.DataFrame, rng: np.random.Generator, column: str
) -> pd.DataFrame:
    """Return a table in which a number was recorded as one of four steps, most often the lowest."""
    steps = np.digitize(table[column], [1.5, 2.2, 2.8]).astype(float)
    return table.assign(**{column: np.where(table[column].isna(), np.nan, steps)})


def _one_heavy_weight(seed: int) -> tuple[cs.SelectiveLabels, cs.Decisions]:
    """Return the usual world, in which one person is said to stand for a million."""
    model, data = labels(seed)
    person = np.random.default_rng(seed).integers(len(data))
    weights = np.where(np.arange(len(data)) == person, 1e6, 1.0)
    arguments = {**data.arguments, "weights": "weight"}
    table = data.source.assign(weight=weights)
    return model, cs.Decisions.from_frame(table, **arguments)


WORLDS += [
    _spoilt(
        "a feature recorded for the tested only, its mean for the others",
        labels,
        partial(_filled_in, column="x1", decision="tested"),
        "overlap of those decided for and not",
    ),
    _spoilt(
        "Heckman, a feature recorded for those seen only, its mean for the others",
        numbers,
        partial(_filled_in, column="a", decision="seen"),
        "overlap of those decided for and not",
        **_EXCLUDED,
    ),
    _spoilt(
        "Heckman, rows of the lowest third of outcomes left out",
        numbers,
        partial(_left_out_below, column="y"),
        "no outcomes missing beyond the extremes",
        **_EXCLUDED,
    ),
    _spoilt(
        "Heckman, a scale of four steps",
        numbers,
        partial(_in_steps, column="y"),
        "outcome of many values",
        **_EXCLUDED,
    ),
    World(
        name="one weight of a million",
        family="selection",
        wrong=True,
        make=_one_heavy_weight,
        catches=("no few rows outweigh all others",),
    ),
    _wrong(
        "Heckman, a mean that no correlation allows, nothing excluded",
        numbers,
        ("known mean in reach",),
        correlation=0.0,
        shift=2.0,
    ),
    _audit("accuracy by a group that is no feature", True, of_group=1.0),
    _audit("accuracy by a group that is a feature", False, of_group=1.0, named=True),
    _audit("accuracy by a group that moves nothing", False),
    _audit(
        "accuracy by a group in which the score tells more",
        True,
        of_group=0.0,
        named=True,
        slope=1.0,
    ),
]


def _sampled(
    draw: Callable[..., Any], settings: dict[str, Any], by: str, seed: int
) -> tuple[Any, cs.Decisions]:
    """Return a world of which rows were kept by their features, decision or outcome, with weights.

    Parameters
    ----------
    draw : callable
        `labels` or `numbers`.
    settings : dict
    by : {"feature", "decision", "outcome"}
        A third is kept of those with the first feature below 0, of those not decided for, or of
        those seen with an outcome of at most 1/2.
    seed : int
    """
    model, data = draw(seed, people=2400, **settings)
    table = data.source
    few = {
        "feature": data.matrix[:, 0] < 0,
        "decision": ~data.decision,
        "outcome": data.decision & (data.outcome < 0.5),
    }[by]
    weights = np.where(few, 3.0, 1.0)
    kept = np.random.default_rng(seed + 1).random(len(table)) < 1 / weights
    drawn = table.assign(weight=weights)[kept].reset_index(drop=True)
    return model, cs.Decisions.from_frame(
        drawn, **{**data.arguments, "weights": "weight"}
    )


def _weighted(name: str, draw: Callable[..., Any], by: str, **settings: Any) -> World:
    return World(
        name=name,
        family="selection",
        wrong=by != "feature",
        make=partial(_sampled, draw, settings, by),
        catches=() if by == "feature" else ("weights within the features",),
    )


WORLDS += [
    _weighted("weights by a feature", labels, "feature"),
    _weighted("weights by the decision", labels, "decision"),
    _weighted("weights by the outcome", labels, "outcome"),
    _weighted("Heckman, weights by a feature", numbers, "feature", **_EXCLUDED),
    _weighted("Heckman, weights by the decision", numbers, "decision", **_EXCLUDED),
    _weighted("Heckman, weights by the outcome", numbers, "outcome", **_EXCLUDED),
    _wrong(
        "Heckman, correlations of .7 and -.3 by the sign of a feature",
        numbers,
        ("one correlation for all",),
        headline_holds="with correlations of -.3 and .9 in two groups, the mean of all "
        "unseen was covered in 5 of 5 data sets, and that of either group in none",
        correlation=0.2,
        correlation_by_a=0.5,
        **_EXCLUDED,
    ),
]


def _sent(
    seed: int, *, by_hidden: float = 0.0, blind: bool = False, model: str = "leniency"
) -> tuple[cs.SelectiveLabels, cs.Decisions]:
    """Return 2,500 people and 20 deciders of different leniency.

    Parameters
    ----------
    seed : int
    by_hidden : float
        By how much the deciders are sent people by what they see beyond the features, in log-odds,
        beside a standard normal chance.
    blind : bool
        Whether half of the deciders see nothing beyond the features, and the others respond twice
        as steeply.
    model : str
        How deciders are said to differ.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((2500, 2))
    hidden = WIDTH * (rng.random(2500) - 0.5)
    order = np.argsort(np.argsort(by_hidden * hidden + rng.standard_normal(2500)))
    decider = rng.permutation(20)[order * 20 // 2500]
    leniency = rng.standard_normal(20)[decider]
    response = np.where(decider < 10, 0.0, 2.0) if blind else 1.0
    of_features = -1 + x @ np.array([1.0, 0.5])
    outcome = rng.random(2500) < expit(of_features + hidden)
    tested = rng.random(2500) < expit(0.3 + of_features + leniency + response * hidden)
    frame = pd.DataFrame(x, columns=["x1", "x2"]).assign(
        tested=tested,
        y=np.where(tested, outcome, np.nan),
        decider=[f"decider {who}" for who in decider],
    )
    data = cs.Decisions.from_frame(
        frame, outcome="y", decision="tested", features=["x1", "x2"], decider="decider"
    )
    known = cs.Known(float(outcome.mean()), sd=0.01)
    return cs.SelectiveLabels(prevalence=known, deciders=model), data


def _asked_by_sex(model: Any, data: Any) -> cs.Effect:
    """Return the risk of the untested of each group."""
    sampler = cs.Laplace(draws=400)
    fit = cs.fit(model, data, seed=1, progress=False, sampler=sampler)
    return fit.effect("untested_prevalence", by="sex")


def _seen_more_of_one(
    seed: int,
    *,
    known: bool,
    exchanged: bool = False,
    ranges: tuple[float, float] = (4.8, 0.6),
) -> tuple[cs.SelectiveLabels, cs.Decisions]:
    """Return 1,000 people of two groups, of one of which the decision-maker sees much more.

    Parameters
    ----------
    seed : int
    known : bool
        Whether the prevalence is known of each group, or of everybody.
    exchanged : bool
        Whether each group is told the prevalence of the other, which differs by .6 log-odds.
    ranges : (float, float)
        Ranges of what is seen beyond the features of men and of women, in log-odds.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((1000, 2))
    sex = np.where(rng.random(1000) < 0.4, "woman", "man")
    hidden = np.where(sex == "man", *ranges) * (rng.random(1000) - 0.5)
    risk = -1 + x @ np.array([1.0, 0.5]) + hidden + 0.6 * exchanged * (sex == "woman")
    outcome = rng.random(1000) < expit(risk)
    tested = rng.random(1000) < expit(0.3 + risk)
    frame = pd.DataFrame(x, columns=["x1", "x2"]).assign(
        sex=sex, tested=tested, y=np.where(tested, outcome, np.nan)
    )
    data = cs.Decisions.from_frame(
        frame, outcome="y", decision="tested", features=["x1", "x2", "sex"]
    )
    groups = ["man", "woman"]
    told = groups[::-1] if exchanged else groups
    of_group = {
        group: cs.Known(float(outcome[sex == other].mean()), sd=0.015)
        for group, other in zip(groups, told, strict=True)
    }
    everybody = cs.Known(float(outcome.mean()), sd=0.01)
    prevalence = cs.KnownByGroup("sex", of_group) if known else everybody
    return cs.SelectiveLabels(prevalence=prevalence), data


ALIKE = ("the unobservable is alike in each group",)
DECIDERS = ("deciders as assumed",)
WORLDS += [
    _right("deciders of different leniency", _sent),
    _wrong(
        "deciders of different leniency, taken for alike",
        _sent,
        DECIDERS,
        model="alike",
    ),
    _wrong(
        "deciders sent the people whom they see to be at risk",
        _sent,
        DECIDERS,
        by_hidden=1.0,
    ),
    World(
        name="more seen of one group, its prevalence not known",
        family="selection",
        wrong=True,
        make=partial(_seen_more_of_one, known=False),
        catches=ALIKE,
        undetectable="how much who decides sees of each group shows in no data on the tested; an "
        "answer by groups says so",
        answer=_asked_by_sex,
    ),
    World(
        name="more seen of one group, the prevalence of each known",
        family="selection",
        wrong=False,
        make=partial(_seen_more_of_one, known=True),
        answer=_asked_by_sex,
        runs=ALIKE,
    ),
    World(
        name="accuracy by a group of which more is seen",
        family="selection",
        wrong=True,
        make=partial(_audited, named=True, ranges=(4.8, 0.6)),
        catches=ALIKE,
        undetectable="how much who decides sees of each group shows in no data on the tested; an "
        "accuracy by groups says so",
        answer=_gap,
        runs=AUDIT,
    ),
]


def _registered(seed: int, *, unit: float) -> tuple[cs.SelectiveLabels, cs.Decisions]:
    """Return the usual people, of whose older register the prevalence is known.

    Parameters
    ----------
    seed : int
    unit : float
        By which the register has the age multiplied.
    """
    rng = np.random.default_rng(seed)
    age, other = rng.normal(45, 10, 1200), rng.standard_normal(1200)
    older, others = rng.normal(50, 10, 3000), rng.standard_normal(3000)
    hidden = WIDTH * (rng.random(4200) - 0.5)
    risk = -1 + 0.1 * (np.append(age, older) - 45) + 0.5 * np.append(other, others)
    risk += hidden
    outcome = rng.random(4200) < expit(risk)
    tested = rng.random(1200) < expit(risk[:1200] + 0.3)
    frame = pd.DataFrame({"age": age, "other": other, "tested": tested})
    data = cs.Decisions.from_frame(
        frame.assign(y=np.where(tested, outcome[:1200], np.nan)),
        outcome="y",
        decision="tested",
        features=["age", "other"],
    )
    register = pd.DataFrame({"age": unit * older, "other": others})
    known = cs.Known(float(outcome[1200:].mean()), sd=0.01)
    return cs.SelectiveLabels(prevalence=known), data.with_reference(register)


WORLDS += [
    World(
        name="a register of older people",
        family="selection",
        wrong=False,
        make=partial(_registered, unit=1.0),
    ),
    World(
        name="a register with ages in months",
        family="selection",
        wrong=True,
        make=partial(_registered, unit=12.0),
        catches=("reference population within the data",),
    ),
]

_ONE_RANGE = {"known": True, "ranges": (WIDTH, WIDTH)}
WORLDS += [
    _right("prevalence of each group known", _seen_more_of_one, **_ONE_RANGE),
    _wrong(
        "prevalences of two groups exchanged",
        _seen_more_of_one,
        ("predicts the positive rate of the tested by sex",),
        exchanged=True,
        **_ONE_RANGE,
    ),
]
