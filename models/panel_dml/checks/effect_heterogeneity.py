"""Test of effect modification: whether the effect differs by the residual variance of treatment.

With one effect in the model, rows weigh by the squared residuals v² of their treatment. Where the
effect θ(w) depends on a covariate w and the variance of v does too, the answer is not the mean of
θ(w) over rows, and differs from it by Cov(v², θ(w)) / E(v²). So v times each covariate, and times
its distance from its median, is added to the equation of the outcome, about their means, so that
the coefficient of v becomes the mean effect. A distance has less leverage than a square. Effects
that differ by unit move the average only if they go with the unit's mean of v². So the
least-squares slopes of units are regressed on the logarithm of it, each with the weight
1 / (τ² + σ² / Σ v²) that it has in a meta-analysis with random effects (DerSimonian & Laird 1986).

Units that have more rows weigh more too: the slopes are regressed on the logarithm of their number
as well, and those of few large units compared with the others' (`few_large_units`).

A difference counts where its coefficient differs from 0, and the effect moves when it is added.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.data.formulas import formula_variables
from causalstats.models.panel_dml.checks.few_large_units import few_large_units
from causalstats.models.panel_dml.checks.score_tests import (
    FEWEST_CLUSTERS,
    Adjusted,
    varies,
)
from causalstats.models.shared.treatment_paths import absorbing

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML

_LEVEL = 0.005
_UNEQUAL = 0.5  # sd of log mean squares of the treatment, from which units weigh alike once more
_LEAST_SHIFT = 0.5  # standard errors of the effect
_MOST_LEVELS = 20  # of a text, the most frequent
_FEWEST_VALUES = 5  # of a covariate that can have a curve
_NAME = "one effect"
_BY_SIZE = "goes with the number of rows of a unit"


@dataclass(frozen=True, eq=False)
class _Modification:
    """An effect that differs by a covariate, or by unit where `covariate` is empty.

    `p` is the p-value of the interaction, and `moved` what the effect of `treatment` is more with
    the interaction in the model. `middle` is the median of the covariate, where the interaction
    is with the distance from it. `sizes` is how the effect differs with the weight that a unit has
    by its number of rows, in words; empty where it goes with the variance of the treatment.
    `answer` is the effect before, where other rows were looked at.
    """

    treatment: int
    covariate: str
    label: str
    p: float
    moved: float
    sizes: str = ""
    answer: float | None = None
    middle: float | None = None


@dataclass(frozen=True, eq=False)
class _Column:
    """Values (n,) of a covariate or of its distance from its median, its name and a label."""

    name: str
    label: str
    values: np.ndarray
    middle: float | None = None


def one_effect(
    model: PanelDML, adjusted: Adjusted, whole: Panel, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Return the check of effects that differ together with the residual variance of a treatment.

    Parameters
    ----------
    model : PanelDML
    adjusted : Adjusted
        The residuals of the panel, or of some of its units.
    whole : Panel
    estimands : tuple of str
        The answers that a failure stands on.
    """
    if model.effect_form.by_unit:
        return ()
    data = adjusted.data
    named = (
        set() if model.moderators is None else set(formula_variables(model.moderators))
    )
    columns = _covariates(data, named)
    by_unit = np.flatnonzero(model.within_units & ~absorbing(data))
    if not columns and len(by_unit) == 0:
        return ()
    assumption = model.effect_form.assumption(model).name
    if adjusted.count < FEWEST_CLUSTERS:
        return (_too_few(adjusted.count, estimands, assumption),)
    modifications: list[_Modification] = []
    for k in range(len(data.treatments)):
        modifications += _by_covariates(adjusted, k, columns)
    for treatment in by_unit:
        modifications += _by_unit(adjusted, int(treatment))
        modifications += _by_large_units(adjusted, int(treatment), whole)
    if not modifications:
        return ()
    # A standard error of all rows, where only some of the units are looked at.
    errors = adjusted.standard_errors * np.sqrt(len(data) / len(whole))
    return (_check(model, adjusted, modifications, errors, estimands, assumption),)


def _covariates(data: Panel, named: set[str]) -> list[_Column]:
    """Return the covariates that are no moderators: text by its levels, numbers by two columns."""
    columns: list[_Column] = []
    for name in data.covariates:
        column = data.source[name]
        if name in named:
            continue
        if isinstance(column.dtype, pd.CategoricalDtype):
            counts = column.value_counts()
            levels = list(counts.index[counts > 0])
            kept = levels[1:] if len(levels) <= _MOST_LEVELS else levels[:_MOST_LEVELS]
            for level in kept:
                is_it = (column == level).to_numpy(float)
                columns.append(_Column(name, f"{name} = {level}", is_it))
        else:
            columns += _lines_and_distances(name, column.to_numpy(float))
    return [each for each in columns if np.ptp(each.values) > 0]


def _lines_and_distances(name: str, values: np.ndarray) -> list[_Column]:
    """Return a number and its distance from its median, if it has values enough for a curve."""
    line = _Column(name, name, values)
    if len(np.unique(values)) < _FEWEST_VALUES:
        return [line]
    middle = float(np.median(values))
    label = f"how far {name} is from its median"
    return [line, _Column(name, label, np.abs(values - middle), middle)]


def _by_covariates(
    adjusted: Adjusted, k: int, columns: list[_Column]
) -> list[_Modification]:
    """Interactions of the k-th treatment with covariates.

    Parameters
    ----------
    adjusted : Adjusted
    k : int
    columns : list of _Column
    """
    if not columns:
        return []
    values = np.column_stack([each.values for each in columns])
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    products = adjusted.treatment[:, [k]] * values
    added = adjusted.residuals(products / np.sqrt(adjusted.data.weights)[:, None])
    residuals = adjusted.without_treatment(added)
    modifications = []
    for column in np.flatnonzero(varies(residuals, products)):
        test = adjusted.score_test(residuals[:, [column]])
        slopes = np.linalg.lstsq(adjusted.treatment, added[:, column], rcond=1e-10)[0]
        each = columns[column]
        moved = -float(test.slopes[0] * slopes[k])
        modifications.append(
            _Modification(k, each.name, each.label, test.p, moved, middle=each.middle)
        )
    return modifications


def _by_unit(adjusted: Adjusted, k: int) -> list[_Modification]:
    """By units whose treatment changes: their slopes, by the logarithm of their mean of v².

    Where these differ, as in levels of firms or countries, a few large units say most of such a
    regression, since errors grow with size as well. So it is done a second time with rows weighted
    so that the treatment has the same variance in all units: all of them say as much.

    Slopes are of the outcome less what covariates and times do to it, by least squares with a
    slope for each unit. The coefficient of the logarithm is linear in the outcome, with weights
    that add up to 0 times everything in the model.
    """
    data = adjusted.data
    v = adjusted.treatment[:, k]
    squares = np.add.reduceat(v**2, data.starts)
    seen = ~data.constant_within_units(data.treatment)[:, k]
    seen &= (data.sizes > 2) & (squares > 1e-6 * squares.mean())
    if not seen.any():
        return []
    means = np.where(seen, squares, 1.0) / data.sizes
    spread = np.where(seen, np.log(means), 0.0)
    spread = spread - np.average(spread, weights=data.sizes * seen)
    size = np.where(seen, np.log(data.sizes), 0.0)
    size = size - np.average(size, weights=seen)  # its mean over units
    modifiers = [(spread, ""), (size, _BY_SIZE)]
    unequal = bool(spread[seen].std() >= _UNEQUAL)
    found = _by_slopes(adjusted, k, seen, squares * seen, modifiers, unequal)
    if not unequal:
        return found
    middle = np.exp(np.median(np.log(means[seen])))
    per_row = (np.where(seen, middle / means, 1.0))[data.unit]
    alike = Adjusted(
        replace(data, weights=data.weights * per_row), adjusted.columns, adjusted.within
    )
    return [*found, *_by_slopes(alike, k, seen, squares * seen, [(spread, "")])]


def _by_slopes(
    adjusted: Adjusted,
    k: int,
    seen: np.ndarray,
    in_answer: np.ndarray,
    modifiers: Sequence[tuple[np.ndarray, str]],
    few_say_most: bool = False,
) -> list[_Modification]:
    """Regress the slopes of units on modifiers, each alone.

    Parameters
    ----------
    adjusted : Adjusted
    k : int
        Which treatment.
    seen : bool array, shape (units,)
        The units whose treatment changes.
    in_answer : array, shape (units,)
        The weight of each in the answer; 0 of those that are not seen.
    modifiers : sequence of (array, str)
        Values (units,) about their mean, and what goes with them in words.
    few_say_most : bool
        Whether scores may be those of few units, of which z has Student's distribution.
    """
    data = adjusted.data
    given, d, y = adjusted.without_unit_means(k)
    total = np.add.reduceat(d**2, data.starts)
    count = int(seen.sum())
    rows = seen[data.unit]
    clusters = np.unique(adjusted.clusters[rows])
    free = int(data.sizes[seen].sum()) - 2 * count
    if min(count, len(clusters)) < FEWEST_CLUSTERS or given.shape[1] > free / 2:
        return []
    per_square = np.where(seen, 1 / np.where(seen, total, 1.0), 0.0)

    def slopes(columns: np.ndarray) -> np.ndarray:
        products = np.add.reduceat(columns * d[:, None], data.starts)
        return np.asarray(products * per_square[:, None])

    inner = np.where(rows[:, None], given - slopes(given)[data.unit] * d[:, None], 0.0)
    norms = np.sqrt((inner**2).sum(axis=0))
    kept = norms > 1e-6 * np.sqrt((given**2).sum(axis=0))
    given, inner = given[:, kept] / norms[kept], inner[:, kept] / norms[kept]
    inverse = np.linalg.pinv(inner.T @ inner, rcond=1e-9, hermitian=True)
    rest = y - given @ (inverse @ (inner.T @ y))
    each = slopes(rest[:, None])[:, 0]
    noise = ((rest - each[data.unit] * d)[rows] ** 2).sum() / (free - given.shape[1])
    if noise <= 1e-12 * (y @ y) / len(y):  # outcomes of these units that do not vary
        return []
    weights = np.zeros(len(total))
    weights[seen] = _random_effects(each[seen], noise * per_square[seen])
    null = rest - np.average(each, weights=weights) * d

    def by(modifier: np.ndarray, sizes: str) -> list[_Modification]:
        if modifier[seen].std() < 1e-6:
            return []
        centred = modifier - np.average(modifier, weights=weights)
        row_weights = (weights * centred * per_square)[data.unit] * d
        row_weights = row_weights - inner @ (inverse @ (given.T @ row_weights))
        scores = np.bincount(adjusted.clusters, row_weights * null)
        z = scores.sum() / max(np.sqrt((scores**2).sum()), 1e-300)
        slope = float(scores.sum() / (weights @ centred**2))
        moved = -slope * float(np.average(modifier, weights=in_answer))
        degrees = np.inf
        if few_say_most:
            # As many scores of equal size, if they are normal, have as large a fourth moment.
            alike = 3 * (scores**2).sum() ** 2 / max((scores**4).sum(), 1e-300)
            degrees = max(min(alike, len(clusters)) - 1, 1.0)
        p = float(2 * stats.t.sf(abs(z), degrees))
        return [_Modification(k, "", "unit", p, moved, sizes)]

    return [each for modifier, sizes in modifiers for each in by(modifier, sizes)]


def _by_large_units(adjusted: Adjusted, k: int, whole: Panel) -> list[_Modification]:
    """By whether a unit is one of few that carry the answer."""
    large = few_large_units(adjusted, k, whole)
    if large is None:
        return []
    carried = (
        "the unit that carries"
        if large.count == 1
        else f"the {large.count} units that carry"
    )
    sizes = (
        f"in {carried} {large.share:.0%} of the answer differs by {large.difference:.3g} from that "
        "in the others"
    )
    return [
        _Modification(
            k, "", "unit", large.p, large.mean - large.answer, sizes, large.answer
        )
    ]


def _random_effects(values: np.ndarray, variances: np.ndarray) -> np.ndarray:
    """Weights of values with sampling variances, beside one that they have in common."""
    weights = 1 / variances
    mean = np.average(values, weights=weights)
    excess = weights @ (values - mean) ** 2 - (len(values) - 1)
    tau2 = excess / (weights.sum() - (weights**2).sum() / weights.sum())
    return np.asarray(1 / (variances + max(float(tau2), 0.0)))


def _check(
    model: PanelDML,
    adjusted: Adjusted,
    modifications: list[_Modification],
    errors: np.ndarray,
    estimands: tuple[str, ...],
    assumption: str,
) -> Check:
    count = len(modifications)
    shown: list[_Modification] = []
    for each in sorted(modifications, key=lambda each: (not each.covariate, each.p)):
        clear = count * each.p < _LEVEL
        moves = abs(each.moved) > _LEAST_SHIFT * errors[each.treatment]
        # A line and a distance see each other: of one covariate, the clearer is shown.
        known = [(other.treatment, other.covariate) for other in shown]
        is_known = bool(each.covariate) and (each.treatment, each.covariate) in known
        if clear and moves and not is_known:
            shown.append(each)
    p = min(1.0, count * min(each.p for each in shown or modifications))
    return Check(
        name=_NAME,
        passed=not shown,
        value=p,
        expected=f"p-value of at least {_LEVEL:g}, or an effect that moves by less than "
        f"{_LEAST_SHIFT:g} of its standard errors",
        finding=_finding(adjusted, shown, p),
        remedy=_remedy(model, shown, len(adjusted.data.treatments)) if shown else "",
        estimands=estimands,
        assumption=assumption,
    )


def _finding(adjusted: Adjusted, shown: list[_Modification], p: float) -> str:
    if not shown:
        return f"no sign that the effect differs with the variance of the treatment, p = {p:.2g}"
    first = shown[0]
    name = adjusted.data.treatments[first.treatment]
    before = first.answer
    if before is None:
        before = float(adjusted.effect[first.treatment])
    after = before + first.moved
    if first.sizes:
        return (
            f"the effect of {name} {first.sizes}, p = {p:.2g}: units with more rows weigh more, "
            f"and the mean effect over units is {after:.3g} instead of {before:.3g}"
        )
    by = dict.fromkeys(each.label for each in shown if not each.sizes)
    return (
        f"the effect of {name} and its residual variance both differ by {', '.join(by)}, "
        f"p = {p:.2g}: rows with more of that variance weigh more, and with effects by "
        f"{first.label} the mean effect is {after:.3g} instead of {before:.3g}"
    )


def _remedy(model: PanelDML, shown: list[_Modification], treatments: int) -> str:
    """Covariates first: one that changes within units makes slopes of units differ as well."""
    names = list(dict.fromkeys(each.covariate for each in shown if each.covariate))
    middles: dict[str, float] = {
        each.covariate: each.middle for each in shown if each.middle is not None
    }
    steps = []
    if names:
        moderators = [] if model.moderators is None else [model.moderators]
        plain = {name: re.sub(r"\W", "_", name) for name in names}
        renamed = [f"{name!r} to {new!r}" for name, new in plain.items() if name != new]
        terms = [
            f"{new} + I({_about(new, middles[name])}**2)" if name in middles else new
            for name, new in plain.items()
        ]
        formula = " + ".join([*moderators, *terms])
        first = f"rename {', '.join(renamed)}, and " if renamed else ""
        steps.append(
            f"{first}say `moderators={formula!r}`: the answer is then the mean effect over rows"
        )
    by_unit = [each for each in shown if not each.covariate]
    if by_unit:
        without = (
            ", without `moderators`" if names or model.moderators is not None else ""
        )
        several = (
            ", a model for each treatment, the others as covariates"
            if treatments > 1
            else ""
        )
        steps.append(
            f"say `effects='unit'`{without}{several}: the mean of the units' effects"
        )
    return (
        "The answer is not the mean effect: "
        + "; or, if that leaves a doubt, ".join(steps)
        + "."
    )


def _about(name: str, middle: float) -> str:
    """Return the difference of a column from a number, as a formula writes it."""
    return f"({name} {'-' if middle >= 0 else '+'} {abs(middle):.3g})"


def _too_few(count: int, estimands: tuple[str, ...], assumption: str) -> Check:
    return Check(
        name=_NAME,
        passed=None,
        value=None,
        expected=f"at least {FEWEST_CLUSTERS} units seen more than once",
        finding=f"{count} units are too few to see whether effects differ",
        remedy="Say from outside the data why the effect does not depend on the covariates, or "
        "name `moderators`.",
        estimands=estimands,
        assumption=assumption,
    )
