"""Test of monotonicity where what the cause does to the effect is seen in the data.

Where a variable shares no hidden cause with another, P(effect | parents) is what happens when its
parents are set. If raising the cause lowers the effect for at most a share ε of people, then

    P(effect >= k | cause = a, other parents) - P(effect >= k | cause = b, other parents) <= ε

for every k and a < b: stochastic dominance. Adjacent levels are compared in each stratum of the
other parents, and over all strata together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.data import Observations
from causalstats.diagrams.bounds.response_types import Monotone
from causalstats.errors import DataError

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram

SIGNIFICANCE_LEVEL = 0.01


def monotone_responses(model: CausalDiagram, data: Observations) -> tuple[Check, ...]:
    """Return a check of each monotone effect that the data could contradict."""
    checks = (_check(model, data, each) for each in model.monotone)
    return tuple(check for check in checks if check is not None)


def _check(
    model: CausalDiagram, data: Observations, monotone: Monotone
) -> Check | None:
    graph = model.graph
    if (monotone.effect,) not in graph.districts():
        return None
    parents = graph.parents(monotone.effect)
    others = [name for name in parents if name != monotone.cause]
    variables = [*others, monotone.cause, monotone.effect]
    levels = model.levels(data)
    if not set(variables) <= set(levels):
        return None
    try:
        counts = data.table(variables, levels)
    except DataError:  # more cells than a table can have
        return None
    counts = counts.reshape(-1, *counts.shape[-2:])
    if not monotone.increasing:
        counts = counts[:, ::-1]
    p = dominance_p(counts, monotone.exceptions)
    passed = bool(p > SIGNIFICANCE_LEVEL)
    direction = "down" if monotone.increasing else "up"
    return Check(
        name=f"monotonicity of {monotone.effect} in {monotone.cause}",
        passed=passed,
        value=p,
        expected=f"p above {SIGNIFICANCE_LEVEL:g} that {monotone.effect} goes {direction} with "
        f"{monotone.cause} in no group, beyond the exceptions that are allowed",
        finding=f"p = {p:.3g} that the shares observed are those of responses in one direction",
        remedy=""
        if passed
        else f"Some people's {monotone.effect} goes {direction} when {monotone.cause} goes up: "
        "leave `monotone` out, allow for `exceptions`, or look at the order of the levels.",
        assumption=f"monotone {monotone.effect}",
    )


def dominance_p(counts: np.ndarray, exceptions: float = 0.0) -> float:
    """Return the p-value that higher levels of a cause give the higher distribution of an effect.

    Differences of shares within a stratum have one observation added to each side (Agresti & Caffo
    2000). Their averages over strata have none: the observations added would pull the share of few
    people further towards one half than that of many, in all strata in the same direction. The
    variance is that of shares which are alike (Mantel & Haenszel 1959). The smallest p-value over
    strata and over averages is multiplied by the number of comparisons (Bonferroni), the two kinds
    having half of the level each.

    Parameters
    ----------
    counts : array, shape (strata, levels of the cause, levels of the effect)
    exceptions : float
        The difference in the wrong direction that is allowed.

    Returns
    -------
    float

    Examples
    --------
    >>> round(dominance_p(np.array([[[60, 40], [50, 50]]])), 3)
    1.0
    >>> round(dominance_p(np.array([[[40, 60], [60, 40]]])), 3)
    0.004
    """
    totals = counts.sum(axis=-1, keepdims=True)
    above = np.cumsum(counts[..., ::-1], axis=-1)[..., -2::-1]  # at level k or higher
    shares = (above + 1) / (totals + 2)
    variances = shares * (1 - shares) / (totals + 2)
    fall = shares[:, :-1] - shares[:, 1:] - exceptions
    variance = variances[:, :-1] + variances[:, 1:]
    low = totals[:, :-1]
    high = totals[:, 1:]
    weight = low * high / np.maximum(low + high, 1)
    compared = np.broadcast_to(weight > 0, fall.shape)
    if not compared.any():
        return 1.0
    single = stats.norm.sf(fall[compared] / np.sqrt(variance[compared]))
    observed = above / np.maximum(totals, 1)
    excess = observed[:, :-1] - observed[:, 1:] - exceptions
    pooled = (above[:, :-1] + above[:, 1:] + 1) / (low + high + 2)
    average = (weight * excess).sum(axis=0)
    spread = np.sqrt((weight * pooled * (1 - pooled)).sum(axis=0))
    seen = spread > 0
    together = stats.norm.sf(average[seen] / spread[seen])
    smallest = min(single.min() * single.size, together.min() * together.size)
    return float(min(1.0, 2 * smallest))
