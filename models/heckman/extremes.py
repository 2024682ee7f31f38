"""Truncation: whether outcomes beyond the least and the largest that are seen should have been.

Rows that are left out of a table because their outcome is low, such as firms below a turnover, are
a selection that no decision describes. A fit to the others expects outcomes below them all.
"""

from __future__ import annotations

import numpy as np

from causalstats.core.check import Check

EXTREMES = "no outcomes missing beyond the extremes"
_LIMIT = 0.01
_REMEDY = (
    "If people are left out because of their outcome (truncation), get their rows back: the model "
    "knows who was not seen only by the decision. If no outcome can lie there, as on a scale that "
    "ends, the errors are not Normal: model the logarithm of an outcome that is positive, and rest "
    "the answer on an exclusion or a known mean, or ask for being above a step of a scale, "
    "as 0/1, by `SelectiveLabels`."
)


def extremes_check(
    observed: np.ndarray, replicated: np.ndarray, assumption: str
) -> Check:
    """Return the check of how many outcomes beyond the extremes the model expects.

    Of independent outcomes none lies beyond with probability Π (1 - p_i) <= exp(-Σ p_i). Values
    that were rounded stand for those up to half the usual step between two of them.

    Parameters
    ----------
    observed : array (n,)
        Outcomes of those seen.
    replicated : array (replications, n)
        Draws from the posterior predictive distribution of these.
    assumption : str
        The name of the assumption on the shape of the errors.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> drawn = rng.normal(size=(200, 500))
    >>> extremes_check(drawn[0], drawn, "shape").passed
    True
    >>> extremes_check(np.abs(drawn[0]), drawn, "shape").passed
    False
    """
    values = np.unique(observed)
    step = float(np.median(np.diff(values))) / 2 if len(values) > 1 else 0.0
    low, high = values[0] - step, values[-1] + step
    below = float((replicated < low).sum(axis=1).mean())
    above = float((replicated > high).sum(axis=1).mean())
    most = max(below, above)
    p = min(2 * float(np.exp(-most)), 1.0)
    passed = p > _LIMIT
    side, limit = ("below", low) if below >= above else ("above", high)
    return Check(
        name=EXTREMES,
        passed=passed,
        value=p,
        expected=f"p-value above {_LIMIT:g}",
        finding=f"the model expects {most:.1f} of the outcomes seen {side} {limit:.4g}, where none "
        f"is: p = {p:.2g}",
        remedy="" if passed else _REMEDY,
        assumption="" if passed else assumption,
    )
