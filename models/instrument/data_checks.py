"""Checks of the data of an instrumental-variables model.

Weak instruments, overidentification (Sargan-Hansen), leverage, clusters, linear first stages.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.data import Instrumented
from causalstats.models.instrument.assumptions import (
    EXCLUSION,
    INDEPENDENCE,
    LINEARITY,
)
from causalstats.models.instrument.covariates_as_outcomes import (
    covariates_as_outcomes,
)
from causalstats.models.instrument.designed_first_stage_checks import (
    directions_check,
    regression_residuals,
)
from causalstats.models.instrument.effect_modification import one_effect
from causalstats.models.instrument.effect_shape import one_effect_at_every_level
from causalstats.models.instrument.made_of_treatments import not_made_of_treatments
from causalstats.models.instrument.posterior import direct_prior, moments_of
from causalstats.models.instrument.several_treatments_checks import (
    several_treatments_checks,
)
from causalstats.models.shared.bad_controls import no_copy_of_outcome
from causalstats.models.shared.independent_rows import (
    Scores,
    no_row_twice,
    rows_independent,
)
from causalstats.models.shared.measurement import recorded_values
from causalstats.models.shared.missing_rows import rows_left_out
from causalstats.models.shared.rows_of_groups import Residuals, groups_independent
from causalstats.models.shared.weights_of_rows import no_rows_outweigh
from causalstats.numerics.bases.omitted_terms import indicators_of_codes
from causalstats.numerics.instruments.anderson_rubin import (
    anderson_rubin_set,
    overidentification,
)
from causalstats.numerics.instruments.moments import orthonormal_basis, partialled_out
from causalstats.numerics.instruments.several_treatments import (
    k_class_effects,
    liml_kappa,
)

if TYPE_CHECKING:
    from causalstats.models.instrument.model import Instrument

_LEVEL = 0.01
_FEWEST_CLUSTERS = 30
_LARGEST_LEVERAGE = 0.2
_LARGEST_RATIO = 0.95 / np.sqrt(1 - 0.95**2)  # ρ/√(1-ρ²), with probability .95
_MOST_ROWS = 250_000  # that tests of linearity and of equal variances see
_MOST_TERMS = 40  # squares and products of covariates
_ROWS_A_TERM = 15
_ANSWERS = ("effect", "confounding", "least_squares_bias")


def data_checks(model: Instrument, data: Instrumented) -> tuple[Check, ...]:
    """Return checks of the instruments, of the covariates and of the errors."""
    if data.original is not None:
        return _of_designed_first_stage(data)
    checks = [
        *rows_left_out(data),
        *no_rows_outweigh(data.weights),
        *_of_exclusion(model, data),
        *_linearity(data.thinned(_MOST_ROWS)),
        *_no_copy(data.thinned(_MOST_ROWS)),
        leverage_check(data),
    ]
    if len(data.treatments) == 1:
        checks += not_made_of_treatments(data.thinned(_MOST_ROWS), _ANSWERS)
        checks += covariates_as_outcomes(data.thinned(_MOST_ROWS), _ANSWERS)
    if len(data.treatments) == 1 and not model.learns_direct and model.effects == "one":
        checks += one_effect(data.thinned(_MOST_ROWS), _ANSWERS)
        if not model.direct_effects:
            checks += one_effect_at_every_level(data.thinned(_MOST_ROWS), _ANSWERS)
    if data.cluster is not None:
        checks.append(_clusters(data))
    else:
        checks += independence_of_rows(model, data.thinned(_MOST_ROWS))
    arguments = data.arguments
    read = [arguments["outcome"], *data.treatments, *arguments["instruments"]]
    checks += recorded_values(
        data.source, [*read, *arguments["covariates"]], arguments["outcome"]
    )
    if model.errors == "iid":
        thinned = data.thinned(_MOST_ROWS)
        checks.append(equal_variances_check(thinned, model.learns_direct))
    return tuple(
        replace(check, remedy="") if check.passed else check for check in checks
    )


def _of_designed_first_stage(data: Instrumented) -> tuple[Check, ...]:
    """Return checks of a regression on treatments before and after an augmentation."""
    checks = [
        *rows_left_out(data),
        *no_rows_outweigh(data.weights),
        directions_check(data),
    ]
    thinned = data.thinned(_MOST_ROWS)
    residual = regression_residuals(thinned)
    treatments = thinned.before_and_after[:, 1:]
    checks.append(_equal_variances(residual, thinned, treatments))
    left = thinned.partialled_out(treatments)
    checks += _independent(
        Scores(left * residual[:, None], thinned.outcome[:, None]),
        thinned,
        "equal variances",
    )
    arguments = data.arguments
    read = [arguments["outcome"], *data.treatments, *arguments["original"]]
    checks += recorded_values(
        data.source, [*read, *arguments["covariates"]], arguments["outcome"]
    )
    return tuple(
        replace(check, remedy="") if check.passed else check for check in checks
    )


def _of_exclusion(model: Instrument, data: Instrumented) -> tuple[Check, ...]:
    """Return checks that presume exclusion; none where direct effects are learned."""
    if model.learns_direct:
        return ()
    if len(data.treatments) > 1:
        return several_treatments_checks(model, data)
    return (
        weak_instruments_check(model, data),
        *_overidentification(model, data),
    )


def weak_instruments_check(model: Instrument, data: Instrumented) -> Check:
    """Weak instruments: return whether the Anderson-Rubin set is bounded by the data.

    It stands in place of the first-stage F, and of the effective F of Montiel Olea & Pflueger
    (2013).

    Parameters
    ----------
    model : Instrument
    data : Instrumented
    """
    robust = model.errors == "robust"
    mean, sd = direct_prior(model)
    limits = anderson_rubin_set(
        moments_of(model, data),
        robust=robust,
        direct_mean=mean,
        direct_sd=sd,
    )
    bounded = limits.shape in ("interval", "empty")
    moments = data.moments
    reach = _LARGEST_RATIO * moments.residual_ratio
    low, high = moments.least_squares - reach, moments.least_squares + reach
    ends = (
        f"; the prior, in which |ρ| <= .95 with probability .95, allows {low:.3g} to {high:.3g}"
        if model.confounding == "uniform"
        else ""
    )
    return Check(
        name="the instruments bound the effect",
        passed=bounded,
        value=None,
        expected="a bounded 95 % Anderson-Rubin set",
        finding=f"the Anderson-Rubin set is {limits}"
        + ("" if bounded else f": the data do not bound the effect{ends}"),
        remedy="Take the interval as what the prior of confounding allows, not as what the data "
        "say. Look for stronger instruments or more rows.",
        estimands=_ANSWERS,
    )


def _overidentification(model: Instrument, data: Instrumented) -> tuple[Check, ...]:
    moments = data.moments
    if moments.instruments == 1:
        return (
            Check(
                name="overidentification",
                passed=None,
                value=None,
                expected="more than one instrument",
                finding="with one instrument, these data cannot show whether it affects the "
                "outcome other than through the treatment",
                remedy="Answer under direct effects of a plausible size: "
                "`fit.sensitivity(direct=[...])`.",
                estimands=_ANSWERS,
                assumption=EXCLUSION,
                caution=True,
            ),
        )
    mean, sd = direct_prior(model)
    p = overidentification(
        moments_of(model, data),
        robust=model.errors == "robust",
        direct_mean=mean,
        direct_sd=sd,
    )
    names = " or ".join(map(repr, data.arguments["instruments"]))
    return (
        Check(
            name="overidentification",
            passed=p >= _LEVEL,
            value=p,
            expected=f"p >= {_LEVEL:g}",
            finding=f"at the effect that fits best, the instruments explain the residuals with "
            f"p = {p:.2g}",
            remedy=f"An instrument, {names}, affects the outcome other than through the treatment, "
            "or effects differ between those whom the instruments move. Fit each instrument alone, "
            "give its direct effect, `direct={...}`, or learn how large direct effects are, "
            "`direct='learned'`.",
            estimands=_ANSWERS,
            assumption=EXCLUSION,
        ),
    )


def _linearity(data: Instrumented) -> tuple[Check, ...]:
    """Test that the mean of each instrument is linear in the covariates.

    Squares and products of covariates are added to the regression of each instrument (RESET with
    all terms of second order), and indicators of the values of covariates that may be codes; score
    tests robust to heteroscedasticity, with Bonferroni's correction over tests.
    """
    added = {
        "squares and products of the covariates explain": _second_order(data),
        **_codes(data),
    }
    left = data.partialled_out(data.instruments)
    tests = {
        (words, name): _score_test(data, terms, column)
        for words, terms in added.items()
        if terms is not None
        for name, column in zip(data.instrument_columns, left.T, strict=True)
    }
    if not tests:
        return ()
    words, name = min(tests, key=lambda test: tests[test])
    p = min(1.0, tests[words, name] * len(tests))
    return (
        Check(
            name="instruments linear in the covariates",
            passed=p >= _LEVEL,
            value=p,
            expected=f"p >= {_LEVEL:g}",
            finding=f"{words} {name} with p = {p:.2g}",
            remedy="Add these terms, `covariate_formula='x + I(x**2) + x:w'`, or dummies of cells: "
            "otherwise the effect is a mean whose weights can be negative (Blandhol, Bonney, "
            "Mogstad & Torgovitsky 2022). If the numbers of a covariate are codes of categories, "
            "make them text, `frame['x'].astype(str)`.",
            estimands=_ANSWERS,
            assumption=LINEARITY,
        ),
    )


def _no_copy(data: Instrumented) -> tuple[Check, ...]:
    if data.covariate_design is None:
        return ()
    names = data.covariate_design.columns
    covariates = dict(zip(names, data.covariates.T, strict=True))
    return no_copy_of_outcome(data.outcome, covariates, _ANSWERS, INDEPENDENCE)


def _score_test(data: Instrumented, terms: np.ndarray, column: np.ndarray) -> float:
    """Return the p-value of terms (n, m) in the regression of an instrument's residuals (n,)."""
    scale = np.linalg.norm(terms, axis=0)
    basis = orthonormal_basis(data.partialled_out(terms), scale)
    scores = basis * column[:, None]
    total = scores.sum(axis=0)
    statistic = total @ np.linalg.pinv(scores.T @ scores, hermitian=True) @ total
    return float(stats.chi2.sf(statistic, basis.shape[1]))


def _codes(data: Instrumented) -> dict[str, np.ndarray]:
    """Return indicators of the values of each covariate that may be a code, by words for them."""
    if data.covariate_design is None:
        return {}
    most = len(data) // _ROWS_A_TERM - data.covariates.shape[1]
    names = data.covariate_design.columns
    added = {}
    for name, values in zip(names, data.covariates.T, strict=True):
        _, indicators = indicators_of_codes(values, most)
        left = data.partialled_out(indicators)
        varies = np.linalg.norm(left, axis=0) > 1e-6
        if varies.any():
            added[f"the values of {name}, one by one, explain"] = indicators[:, varies]
    return added


def _second_order(data: Instrumented) -> np.ndarray | None:
    """Return squares and products of covariates that are not in their span, or None."""
    covariates = data.covariates
    width = covariates.shape[1]
    if width == 0 or len(data) < 5 * width + 20:
        return None
    pairs = [(i, j) for i in range(width) for j in range(i, width)]
    if len(pairs) > _MOST_TERMS:
        squares = [(i, i) for i in range(width)]
        pairs = squares[:_MOST_TERMS]
    terms = np.column_stack([covariates[:, i] * covariates[:, j] for i, j in pairs])
    left = data.partialled_out(terms)
    size = np.linalg.norm(terms - terms.mean(axis=0), axis=0)
    kept = np.linalg.norm(left, axis=0) > 1e-6 * np.maximum(size, 1e-300)
    return terms[:, kept] if kept.any() else None


def leverage_check(data: Instrumented) -> Check:
    """Return whether a few rows carry the instruments.

    Parameters
    ----------
    data : Instrumented
    """
    largest = data.largest_leverage()
    return Check(
        name="leverage of the instruments",
        passed=largest <= _LARGEST_LEVERAGE * max(1, len(data.instrument_columns)),
        value=largest,
        expected="no row or cluster with more than a fifth of an instrument's variation each",
        finding=f"the largest leverage is {largest:.2g} of {len(data.instrument_columns)}",
        remedy="The sums of scores are then not normal, and intervals are too short: look at "
        "these rows, take the logarithm of a skewed instrument, or leave it out.",
        estimands=_ANSWERS,
        assumption="many rows",
    )


def _clusters(data: Instrumented) -> Check:
    count = len(data.clusters)
    return Check(
        name="number of clusters",
        passed=count >= _FEWEST_CLUSTERS,
        value=float(count),
        expected=f"at least {_FEWEST_CLUSTERS}",
        finding=f"{count} clusters",
        remedy="Standard errors from few clusters are too small: the interval covers less often "
        "than it says.",
        estimands=_ANSWERS,
        assumption="many rows",
    )


def independence_of_rows(model: Instrument, data: Instrumented) -> tuple[Check, ...]:
    """Return whether rows are like their neighbours in the scores, or copies of others.

    The scores are instruments times residuals of LIML, the covariates partialled out.

    Parameters
    ----------
    model : Instrument
    data : Instrumented
    """
    assumption = "many rows" if model.errors == "robust" else "equal variances"
    residual = data.partialled_out(liml_residuals(data)[:, None])
    scores = data.partialled_out(data.instruments) * residual
    # Direct effects give scores a mean, by which neighbours would be alike
    scores = scores - scores.mean(axis=0)
    explained = np.column_stack([data.outcome, data.treatment])
    columns = dict(zip(data.instrument_columns, data.instruments.T, strict=True))
    if data.covariate_design is not None:
        names = data.covariate_design.columns
        columns |= dict(zip(names, data.covariates.T, strict=True))
    return (
        *_independent(Scores(scores, explained), data, assumption),
        *groups_independent(
            [Residuals(residual[:, 0], columns)],
            remedy="Name the groups, `cluster=`.",
            assumption=assumption,
            estimands=_ANSWERS,
        ),
    )


def _independent(
    scores: Scores, data: Instrumented, assumption: str
) -> tuple[Check, ...]:
    """Return whether rows are like their neighbours in the scores, or copies of others.

    Parameters
    ----------
    scores : Scores
    data : Instrumented
    assumption : str
    """
    return (
        *rows_independent(
            [scores],
            remedy="Name the clusters, `cluster=`, or the places and times that rows share, "
            "`fixed_effects=`.",
            assumption=assumption,
            estimands=_ANSWERS,
        ),
        *no_row_twice(data.source, assumption),
    )


def liml_residuals(data: Instrumented) -> np.ndarray:
    """Return outcomes less the treatments times their effects by LIML, shape (n,).

    Parameters
    ----------
    data : Instrumented
    """
    moments = data.moments
    effects = k_class_effects(moments, liml_kappa(moments))
    treatments = data.treatment.reshape(len(data), -1)
    return np.asarray(data.outcome - treatments @ effects)


def equal_variances_check(data: Instrumented, direct: bool = False) -> Check:
    """Test that squared residuals do not depend on instruments and covariates (White).

    n R² of the squared residuals of LIML on instruments, covariates and their squares.

    Parameters
    ----------
    data : Instrumented
    direct : bool
        Whether instruments have direct effects, which residuals are then free of.
    """
    residual = liml_residuals(data)
    held = data.covariates
    if direct:
        held = np.column_stack([held, data.instruments])
    # Errors have the variance σ² / w: times the roots of weights they have one variance
    left = partialled_out(
        residual[:, None], held, weights=data.weights, factors=data.fixed_effects
    )[:, 0]
    return _equal_variances(left, data, data.instruments)


def _equal_variances(
    left: np.ndarray, data: Instrumented, regressors: np.ndarray
) -> Check:
    """Test squared residuals against regressors, covariates and their squares.

    Parameters
    ----------
    left : array, shape (n,)
    data : Instrumented
    regressors : array, shape (n, k)
    """
    squares = left**2 - (left**2).mean()
    columns = np.column_stack([regressors, data.covariates])
    columns = columns - columns.mean(axis=0)
    terms = np.column_stack([columns, columns**2])
    basis = orthonormal_basis(terms - terms.mean(axis=0))
    share = ((basis.T @ squares) ** 2).sum() / (squares**2).sum()
    p = float(stats.chi2.sf(len(data) * share, basis.shape[1]))
    return Check(
        name="equal variances",
        passed=p >= _LEVEL,
        value=p,
        expected=f"p >= {_LEVEL:g}",
        finding=f"squared residuals depend on instruments and covariates with p = {p:.2g}",
        remedy="Take `errors='robust'`."
        if data.original is None
        else "Intervals are then too short or too long: take the logarithm of the outcome, or "
        "weights.",
        estimands=_ANSWERS,
        assumption="equal variances",
    )
