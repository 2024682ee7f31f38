"""Whether weights tell more of decision and outcome than the features do.

The likelihood is that of the decision and the outcome given the features, in the rows as they are.
It is the population's where a row's chance of being among the data, the inverse of its weight,
depends on the features alone. Where it depends on the decision or the outcome beside them (cases
that are all kept, and a part of the others), the weights are informative (Pfeffermann 1993): they
mend averages over people and not the coefficients.

References
----------
DuMouchel & Duncan (1983), Using sample survey weights in multiple regression analyses of stratified
samples, Journal of the American Statistical Association 78(383). Pfeffermann (1993), The role of
sampling weights when modeling survey data, International Statistical Review 61(2).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Decisions
from causalstats.numerics.testing.score_tests import Equation, largest_score

NAME = "weights within the features"
_LEVEL = 0.01
_ROUNDING = 1e-8


def weights_within_features(
    data: Decisions, equations: Sequence[Equation], rng: np.random.Generator
) -> tuple[Check, ...]:
    """Return the score tests of the weights in each equation; nothing without weights.

    The terms are the logarithm of the weights and their ranks.

    Parameters
    ----------
    data : Decisions
    equations : sequence of Equation
        Of the decision and of the outcomes that are seen, given the features.
    rng : Generator
    """
    weights = data.arguments["weights"]
    if weights is None or np.ptp(data.weights) == 0:
        return ()
    ranks = np.unique(data.weights, return_inverse=True)[1]
    terms = np.column_stack([np.log(data.weights), ranks])
    largest = largest_score(equations, terms, data.matrix, rng)
    if largest is None and _determined(terms, data.matrix):
        finding = f"{weights} is determined by the features"
        return (_check(True, None, finding, weights),)
    if largest is None:
        finding = f"too few rows have another weight ({weights}) than most"
        return (_check(None, None, finding, weights),)
    finding = (
        f"beyond the features, {weights} has a score of z = {largest.z:.1f} in "
        f"{largest.equation}: p = {largest.p:.3f}"
    )
    return (_check(largest.p > _LEVEL, largest.p, finding, weights),)


def _determined(terms: np.ndarray, features: np.ndarray) -> bool:
    """Return whether the terms (n, k) are linear in the features (n, p)."""
    design = np.column_stack([np.ones(len(features)), features])
    left = terms - design @ np.linalg.lstsq(design, terms, rcond=None)[0]
    return bool((left.std(axis=0) < _ROUNDING * terms.std(axis=0)).all())


def _check(passed: bool | None, p: float | None, finding: str, weights: str) -> Check:
    return Check(
        name=NAME,
        passed=passed,
        value=p,
        expected=f"p-value above {_LEVEL:g}",
        finding=finding,
        remedy=""
        if passed is not False
        else f"At the same features, rows of another weight have another decision or outcome, and "
        f"{weights} enters averages over people, not the coefficients. Give what the rows were "
        "drawn by (region, year, register) as features. If they were drawn by the decision or the "
        "outcome itself, such as all cases and a part of the others, no feature mends that: draw "
        "the rows again by the same chance for all with the same features, such as a part of the "
        "cases, too, and leave the weights out.",
    )
