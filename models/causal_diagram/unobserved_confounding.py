"""Sensitivity analysis to unobserved confounding: E-values, tipping points, robustness values.

Labels of two levels. Among people alike in what is adjusted for, those who had x=0 would, with x=1,
have the outcome with a probability that is c by the diagram. A hidden confounder that is s times as
frequent with the one treatment as with the other, and multiplies the risk of the outcome by s,
moves c by a factor between 1/B and B, B = s² / (2s - 1) (Ding & VanderWeele 2016). Hence

    P(y | do(x=1)) = P(y, x=1) + P(x=0) c,    c / B <= c <= min(1, B c)

and the same of x=0. The effect is between two bounds, which are the natural bounds (Manski 1990) as
s grows. The strength at which they reach 0 is the E-value (VanderWeele & Ding 2017).

Numbers. A hidden confounder that explains the shares r of what is left of treatment and outcome,
after partialling out the rest, moves a linear effect by r / √(1 - r) sd(y) / sd(x) of the residuals
(Cinelli & Hazlett 2020); the strength at which the effect is 0 is their robustness value.

References
----------
Ding & VanderWeele (2016), Sensitivity analysis without assumptions, Epidemiology 27. VanderWeele &
Ding (2017), Sensitivity analysis in observational research: introducing the E-value, Annals of
Internal Medicine 167. Cinelli & Hazlett (2020), Making sense of sensitivity: extending omitted
variable bias, JRSS B 82. Manski (1990), Nonparametric bounds on treatment effects, AER 80.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.argument_validation import Number, Refused, entries, shown
from causalstats.data import Observations
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.regression.terms import design_matrix, terms_of
from causalstats.models.causal_diagram.tables import Table

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram

_TAIL = 0.025
_DRAWS_OF_A_BENCHMARK = 200
_SEED = 0
_LARGEST_SHARE = 0.999
OBSERVED = "observed"


def hidden_confounding(
    model: CausalDiagram,
    draws: xr.Dataset,
    data: Observations,
    strengths: Sequence[float] = (),
) -> pd.DataFrame:
    """Return the bounds of the effect at each strength of a hidden confounder.

    Parameters
    ----------
    model : CausalDiagram
        Whose effect is an adjustment for observed confounders.
    draws : Dataset
        The posterior.
    data : Observations
    strengths : sequence of float
        Of labels, the risk ratio s of the hidden confounder with treatment and outcome, 1 or more;
        of numbers, the share r of what is left of either, below 1.

    Returns
    -------
    DataFrame
        A row for each bound at each strength: posterior mean, lower and upper, `used` for the
        strength that the model assumes, and `meaning`. Among strengths that are given, those of
        observed confounders stand where refits need no chains.

    Raises
    ------
    ModelError
        If the effect is no adjustment, treatment or outcome have more levels, or a strength is out
        of its range.
    """
    _refuse_no_adjustment(model)
    x, y = model.treatment, model.outcome
    levels = model.levels(data)
    if y not in levels:
        return _of_numbers(model, draws, data, strengths)
    if x not in levels:
        raise ModelError(
            f"Expected a treatment of two levels beside the label {y!r}, and {x!r} is a number: "
            "cut it into two levels, e.g. with `pandas.cut`."
        )
    for name in (x, y):
        if len(levels[name]) != 2:
            raise ModelError(
                f"Expected two levels of {name!r} for a hidden confounder, got "
                f"{len(levels[name])}. Join levels, or answer with `fit.bounds`."
            )
    low = [each for each in strengths if not each >= 1]
    if low:
        raise ModelError(
            f"Expected the strength of a hidden confounder as a risk ratio of 1 or more, got "
            f"{low[0]!r}."
        )
    return _of_labels(model, draws, data, strengths)


def _refuse_no_adjustment(model: CausalDiagram) -> None:
    identification = model.identification
    names = {criterion.name for criterion in identification.criteria}
    if identification.identified and names & {"back-door", "adjustment"}:
        return
    if not identification.identified:
        raise ModelError(
            "The effect is not identified, and its bounds allow every hidden confounder that the "
            "diagram has: `fit.effect('bounds')`."
        )
    raise ModelError(
        f"{identification.query} is no adjustment for observed confounders, and one more hidden "
        "cause changes it in other ways: see "
        f"`diagram.additions({model.outcome!r}, do={model.treatment!r})`, and "
        "`fit.sensitivity(diagram=[...])` for other diagrams."
    )


@dataclass(frozen=True, eq=False)
class _Arms:
    """What the bounds are made of, each in every draw.

    Parameters
    ----------
    seen : array (draws, 2)
        P(y, x) of each level of the treatment.
    moved : array (draws, 2)
        P(x') P(y had x been set | x'): the part that is not seen, of the level that is set.
    share : array (draws, 2)
        P(x') of those whom that part is of.
    """

    seen: np.ndarray
    moved: np.ndarray
    share: np.ndarray

    def effect(self, factor: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the lower and the upper bound of the effect where B is a factor."""
        with np.errstate(invalid="ignore"):
            most = np.minimum(self.share, self.moved * factor)
        least = self.moved / factor
        lower = self.seen[:, 1] + least[:, 1] - self.seen[:, 0] - most[:, 0]
        upper = self.seen[:, 1] + most[:, 1] - self.seen[:, 0] - least[:, 0]
        return lower, upper

    def factor_at_zero(self) -> np.ndarray:
        """Return the factor at which the bounds reach 0; 1 where the effect has another sign."""
        effect = self.effect(1.0)[0]
        sign = 1 if np.median(effect) >= 0 else -1
        first, second = (1, 0) if sign > 0 else (0, 1)
        a, b = self.seen[:, first], self.moved[:, first]
        d, e = self.seen[:, second], self.moved[:, second]
        e = np.maximum(e, 1e-300)
        factor = ((a - d) + np.sqrt((a - d) ** 2 + 4 * e * b)) / (2 * e)
        share = self.share[:, second]
        capped = factor * e > share
        beyond = d + share - a
        reached = np.divide(
            b, beyond, out=np.full_like(b, np.inf), where=capped & (beyond > 0)
        )
        factor = np.where(capped, reached, factor)
        return np.where(effect * sign > 0, np.maximum(factor, 1.0), 1.0)


def bounding_factor(strength: float) -> float:
    """Return B = s² / (2s - 1), the largest factor of a confounder of strength s.

    Examples
    --------
    >>> bounding_factor(2.0)
    1.3333333333333333
    """
    if np.isinf(strength):
        return np.inf
    return strength**2 / (2 * strength - 1)


def strength_of_factor(factor: np.ndarray) -> np.ndarray:
    """Return the strength whose bounding factor this is: B + √(B (B - 1)), the E-value.

    Examples
    --------
    >>> strength_of_factor(np.array([1.0, 3.9])).round(2)
    array([1.  , 7.26])
    """
    with np.errstate(invalid="ignore"):
        return factor + np.sqrt(factor * (factor - 1))


def _of_labels(
    model: CausalDiagram,
    draws: xr.Dataset,
    data: Observations,
    strengths: Sequence[float],
) -> pd.DataFrame:
    arms = _arms(model, draws, data)
    rows = [_Row(1.0, "no hidden confounder", *arms.effect(1.0))]
    rows += [_Row(s, "", *arms.effect(bounding_factor(s))) for s in strengths if s > 1]
    compared = not strengths or model.exact_posterior(data) is not None
    benchmarks = _benchmarks(model, data) if compared else {}
    for name, factor in benchmarks.items():
        strength = float(strength_of_factor(np.array(factor)))
        rows.append(_Row(strength, f"as strong as {name}", *arms.effect(factor)))
    tipping = strength_of_factor(arms.factor_at_zero())
    for words, strength in _tipping_points(tipping):
        if np.isfinite(strength) and strength > 1:
            sides = arms.effect(bounding_factor(strength))
            rows.append(_Row(strength, words, *sides))
    rows.append(_Row(np.inf, "of any strength: natural bounds", *arms.effect(np.inf)))
    return _table(rows)


def _tipping_points(strengths: np.ndarray) -> list[tuple[str, float]]:
    """Return the strengths at which the mean, and the 95 % interval, reach 0."""
    return [
        ("tipping point of the interval", float(np.quantile(strengths, _TAIL))),
        ("E-value: tipping point of the estimate", float(np.median(strengths))),
    ]


@dataclass(frozen=True, eq=False)
class _Row:
    """The draws of both bounds at a strength."""

    strength: float
    meaning: str
    lower: np.ndarray
    upper: np.ndarray


def _table(rows: Sequence[_Row]) -> pd.DataFrame:
    ordered = sorted(rows, key=lambda row: row.strength)
    listed = []
    for row in ordered:
        for entry, values in (("lower", row.lower), ("upper", row.upper)):
            ends = np.quantile(values, [_TAIL, 1 - _TAIL])
            listed.append(
                {
                    "hidden_confounder": row.strength,
                    "entry": entry,
                    "mean": float(values.mean()),
                    "lower": float(ends[0]),
                    "upper": float(ends[1]),
                    "used": row.strength == rows[0].strength,
                    "meaning": row.meaning,
                }
            )
    return pd.DataFrame(listed).set_index(["hidden_confounder", "entry"])


def _arms(model: CausalDiagram, draws: xr.Dataset, data: Observations) -> _Arms:
    """Return the seen and the unseen parts of P(y | do(x)) in every draw."""
    x, y = model.treatment, model.outcome
    levels = model.levels(data)
    arms = levels[x]
    mean: dict[tuple[int, int], np.ndarray] = {}
    for was in (0, 1):
        for had in (0, 1):
            do, factual = {x: arms[had]}, {x: arms[was]}
            _, estimand = model.question(y, do, {}, factual, data)
            mean[had, was] = np.asarray(estimand.compute(draws, data)).ravel()
    count = len(mean[0, 0])
    treated = _share_of_treated(data, x, levels[x], count)
    share = np.column_stack([1 - treated, treated])
    seen = np.column_stack([share[:, had] * mean[had, had] for had in (0, 1)])
    moved = [share[:, 1 - had] * mean[had, 1 - had] for had in (0, 1)]
    return _Arms(seen, np.column_stack(moved), share[:, ::-1])


def _share_of_treated(
    data: Observations, treatment: str, levels: Sequence[Any], count: int
) -> np.ndarray:
    """Return posterior draws of P(x=1): Beta, under Jeffreys' prior."""
    places = data.places(treatment, levels)
    ones = float(data.counts[places == 1].sum())
    zeros = float(data.counts[places == 0].sum())
    rng = np.random.default_rng(_SEED)
    return rng.beta(ones + 0.5, zeros + 0.5, size=count)


def _benchmarks(model: CausalDiagram, data: Observations) -> dict[str, float]:
    """Return by how much leaving out each observed confounder moves the unseen parts.

    The larger of the two factors, given all other confounders.
    """
    adjusted = model.identification.criteria[0].variables
    usual = _unseen(model, data, adjusted)
    factors = {}
    for name in adjusted:
        others = tuple(other for other in adjusted if other != name)
        ratios = _unseen(model, data, others) / usual
        factors[name] = float(np.maximum(ratios, 1 / ratios).max())
    return factors


def _unseen(
    model: CausalDiagram, data: Observations, adjusted: Sequence[str]
) -> np.ndarray:
    """Return P(y had x been set | x') by adjustment for some confounders, of both levels set."""
    x, y = model.treatment, model.outcome
    causes = f"{', '.join(map(_quoted, adjusted))} -> {_quoted(x)}, {_quoted(y)}; "
    text = f"{causes if adjusted else ''}{_quoted(x)} -> {_quoted(y)}"
    smaller = replace(
        model,
        diagram=text,
        treatment=x,
        outcome=y,
        monotone=(),
        hidden_levels=2,
        indicators={},
    )
    kept = [x, y, *adjusted]
    counts = data.arguments["counts"]
    columns = kept if counts is None else [*kept, counts]
    part = Observations.from_frame(
        data.source[columns],
        counts=counts,
        continuous=[name for name in data.continuous if name in kept],
    )
    exact = smaller.exact_posterior(part)
    if exact is None:
        raise ModelError(
            "Expected a route whose draws are independent, such as route='hierarchical', to "
            "compare with observed confounders. With this route, give strengths: "
            "hidden_confounder=[1.5, 2, 3]."
        )
    draws = exact(1, _DRAWS_OF_A_BENCHMARK, np.random.default_rng(_SEED))
    levels = smaller.levels(part)[x]
    means = []
    for had in (0, 1):
        _, estimand = smaller.question(
            y, {x: levels[had]}, {}, {x: levels[1 - had]}, part
        )
        means.append(float(estimand.compute(draws, part).mean()))
    return np.array(means)


def _quoted(name: str) -> str:
    return f'"{name}"'


def _of_numbers(
    model: CausalDiagram,
    draws: xr.Dataset,
    data: Observations,
    strengths: Sequence[float],
) -> pd.DataFrame:
    """Return the bounds of a linear effect by partial R² of a hidden confounder."""
    high = [each for each in strengths if not 0 <= each < 1]
    if high:
        raise ModelError(
            "Expected the strength of a hidden confounder of numbers as a share of what is left of "
            f"treatment and outcome, from 0 to below 1, got {high[0]!r}."
        )
    x = model.treatment
    if x in model.levels(data) and len(model.levels(data)[x]) != 2:
        raise ModelError(f"Expected a number or two levels as the treatment {x!r}.")
    estimand = model.estimands()["effect"]
    effect = np.asarray(estimand.compute(draws, data)).ravel()
    adjusted = model.identification.criteria[0].variables
    left = _residuals(model, data, adjusted)
    scale = left.outcome_given_treatment / left.treatment

    def row(share: float, meaning: str) -> _Row:
        bias = scale * share / np.sqrt(1 - share)
        return _Row(share, meaning, effect - bias, effect + bias)

    rows = [row(0.0, "no hidden confounder")]
    rows += [row(share, "") for share in strengths if share > 0]
    for name in adjusted:
        share = _partial_share(model, data, adjusted, name)
        rows.append(row(share, f"as strong as {name}"))
    ratio = np.abs(effect) / scale
    at_zero = (np.sqrt(ratio**4 + 4 * ratio**2) - ratio**2) / 2
    same_sign = np.sign(effect) == np.sign(np.median(effect))
    at_zero = np.where(same_sign, at_zero, 0.0)
    words = (
        "tipping point of the interval",
        "robustness value: tipping point of the estimate",
    )
    ends = (float(np.quantile(at_zero, _TAIL)), float(np.median(at_zero)))
    rows += [row(end, text) for end, text in zip(ends, words, strict=True) if end > 0]
    return _table(rows)


@dataclass(frozen=True)
class _Residuals:
    """Standard deviations of residuals: of the treatment, and of the outcome given it too."""

    treatment: float
    outcome_given_treatment: float


def _columns(
    model: CausalDiagram, data: Observations, names: Sequence[str]
) -> np.ndarray:
    """Return the columns of some variables with an intercept, a row for each observation."""
    rows = np.repeat(np.arange(len(data.counts)), data.counts.astype(int))
    ones = np.ones((len(rows), 1))
    if not names:
        return ones
    table = Table(model.outcome, tuple(names))
    terms = terms_of(
        table, data, model.levels(data), model.basis_size, model.interactions
    )
    return np.hstack([ones, design_matrix(terms, data, model.levels(data))[rows]])


def _number(model: CausalDiagram, data: Observations, name: str) -> np.ndarray:
    rows = np.repeat(np.arange(len(data.counts)), data.counts.astype(int))
    levels = model.levels(data)
    values = data.places(name, levels[name]) if name in levels else data.column(name)
    return values[rows].astype(float)


def _residual(target: np.ndarray, columns: np.ndarray) -> np.ndarray:
    return target - columns @ np.linalg.lstsq(columns, target, rcond=None)[0]


def _residuals(
    model: CausalDiagram, data: Observations, adjusted: Sequence[str]
) -> _Residuals:
    held = _columns(model, data, adjusted)
    x = _number(model, data, model.treatment)
    y = _number(model, data, model.outcome)
    of_x = _residual(x, held)
    of_y = _residual(y, np.column_stack([held, x]))
    return _Residuals(float(of_x.std()), float(of_y.std()))


def _partial_share(
    model: CausalDiagram, data: Observations, adjusted: Sequence[str], name: str
) -> float:
    """Return the one share that stands for those of an observed confounder, given the others.

    A confounder with the shares r_x and r_y moves the effect as one with the same share r in both
    does, where r² / (1 - r) = r_y r_x / (1 - r_x).
    """
    others = [other for other in adjusted if other != name]
    without = _columns(model, data, others)
    held = _columns(model, data, adjusted)
    x = _number(model, data, model.treatment)
    y = _number(model, data, model.outcome)

    def share(target: np.ndarray, fewer: np.ndarray, more: np.ndarray) -> float:
        left = _residual(target, more).var() / _residual(target, fewer).var()
        return float(np.clip(1 - left, 0.0, _LARGEST_SHARE))

    of_x = share(x, without, held)
    of_y = share(y, np.column_stack([without, x]), np.column_stack([held, x]))
    bias = of_y * of_x / (1 - of_x)
    return float((np.sqrt(bias**2 + 4 * bias) - bias) / 2)


def strengths_of(values: Any) -> tuple[float, ...]:
    """Return the strengths that were asked for; none for "observed".

    Raises
    ------
    ModelError
        If they are neither numbers nor that word.
    """
    if isinstance(values, str) and values == OBSERVED:
        return ()
    listed = [values] if isinstance(values, Real) else values
    try:
        return tuple(map(Number().read, entries(listed)))
    except Refused:
        raise ModelError(
            f"Expected hidden_confounder={OBSERVED!r}, or a list of strengths such as [1.5, 2], "
            f"got {shown(values)}."
        ) from None
