"""Score tests of the terms that the equations of a fit leave out, as a check."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Decisions
from causalstats.numerics.bases.omitted_terms import Feature, Term, omitted_terms
from causalstats.numerics.testing.score_tests import Equation, largest_score

if TYPE_CHECKING:
    import pandas as pd

_LEVEL = 0.01
_MOST_PEOPLE = 20_000  # drawn at random: more cost time and add no power that is needed
_EXPECTED = f"p-value above {_LEVEL:g}"


def some_people(data: Decisions, rng: np.random.Generator) -> Decisions:
    """Return the decisions, or those about 20,000 people drawn at random."""
    if len(data) <= _MOST_PEOPLE:
        return data
    chosen = rng.choice(len(data), _MOST_PEOPLE, replace=False)
    return data.part(np.isin(np.arange(len(data)), chosen))


def functional_form(
    data: Decisions,
    equations: Sequence[Equation],
    assumption: str,
    rng: np.random.Generator,
) -> Check:
    """Return the check of whether equations are linear in the features.

    Parameters
    ----------
    data : Decisions
    equations : sequence of Equation
        The first is about everybody.
    assumption : str
        The name of the assumption that a failure contradicts.
    rng : Generator
    """
    return score_check("functional form", data, equations, _not_linear, assumption, rng)


def score_check(
    name: str,
    data: Decisions,
    equations: Sequence[Equation],
    remedy: Callable[[Term, str], str],
    assumption: str,
    rng: np.random.Generator,
) -> Check:
    """Return the check of whether equations leave out a term in the features.

    Parameters
    ----------
    name : str
    data : Decisions
    equations : sequence of Equation
    remedy : function
        Of the term with the largest score and of the name of its equation.
    assumption : str
        The name of the assumption that a failure contradicts.
    rng : Generator
    """
    fitted = np.zeros((len(data), len(equations)))
    for column, equation in enumerate(equations):
        fitted[equation.rows, column] = equation.fitted.mean(axis=0)
    terms, columns = omitted_terms(features_of(data), fitted)
    score = largest_score(equations, columns, data.matrix, rng)
    if score is None:
        return _too_few(name, len(data))
    term = terms[score.term]
    passed = score.p > _LEVEL
    return Check(
        name=name,
        passed=passed,
        value=score.p,
        expected=_EXPECTED,
        finding=f"among the terms that are left out, {term} has the largest score in "
        f"{score.equation}: z = {score.z:.1f}, p = {score.p:.3f} for the largest of as many",
        remedy="" if passed else remedy(term, score.equation),
        assumption="" if passed else assumption,
    )


def features_of(data: Decisions) -> list[Feature]:
    """Return the variables of the frame as numbers or indicators of levels."""
    levels = data.design.levels
    return [_feature(name, data.source[name], levels) for name in data.design.variables]


def _feature(
    name: str, values: pd.Series, levels: Mapping[str, tuple[str, ...]]
) -> Feature:
    if name not in levels:
        return Feature(name, values.to_numpy(float)[:, None], (name,))
    others = levels[name][1:]
    text = values.astype(str).to_numpy()
    indicators = text[:, None] == np.array(others)
    labels = tuple(f"{name}[{level}]" for level in others)
    return Feature(name, indicators.astype(float), labels)


def _not_linear(term: Term, equation: str) -> str:
    first = term.features[0]
    spline = f"add a spline, `formula=` with `bs({first}, df=5)` in place of `{first}`"
    step = f"a column that is 1 where {first} is above {term.threshold:.3g}"
    advice = {
        "line": spline,
        "curve": spline,
        "step": f"{spline}; or {step}",
        "code": f"if the numbers of {first} are codes of categories, make them text, "
        f"`frame['{first}'].astype(str)`; otherwise {spline}",
        "product": f"add the product, `formula=` with `{':'.join(term.features)}`",
    }[term.kind]
    return f"Linear terms do not describe {equation}: {advice}."


def _too_few(name: str, people: int) -> Check:
    return Check(
        name=name,
        passed=None,
        value=None,
        expected=_EXPECTED,
        finding=f"{people:,} people are too few to show it, or no feature has more than two "
        "values",
        remedy="More people whose outcome is seen.",
    )
