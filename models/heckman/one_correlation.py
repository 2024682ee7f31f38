"""Whether the correlation of the errors is one for everybody, whatever their features.

Where it is κ + δ x_j, one correlation in its place is right for nobody: the unseen of one group are
put too low and those of another too high, while their mean over all may hold. The score of δ is
tested for each feature.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.data import Decisions
from causalstats.models.heckman.assumptions import shape_assumption
from causalstats.models.heckman.estimands import indices, shape_parameters
from causalstats.models.shared.population import flat
from causalstats.numerics.selection.joint_errors import JointErrors
from causalstats.numerics.testing.constant_parameter import largest_product

NAME = "one correlation for all"
# Nominal: scores by the outer product of gradients are too large in samples of hundreds, and fewer
# than 1 % of right data sets of 1,000 people fail at this level; of 400, 2 %
_LEVEL = 0.001
_STEP = 1e-4  # of central differences
_FEWEST_SEEN = 400


def one_correlation(
    joint: JointErrors, draws: xr.Dataset, data: Decisions, rng: np.random.Generator
) -> tuple[Check, ...]:
    """Return the score tests of a correlation that depends on a feature.

    Nothing where fewer than 400 outcomes are seen, or a score rests on one person.

    Parameters
    ----------
    joint : JointErrors
    draws : Dataset
        The posterior.
    data : Decisions
    rng : Generator
    """
    if data.decision.sum() < _FEWEST_SEEN:
        return ()
    scores = _scores(joint, draws, data)
    with_intercept = np.column_stack([np.ones(len(data)), data.matrix])
    others = [
        with_intercept * scores["mean"][:, None],
        with_intercept * scores["index"][:, None],
        *(scores[name][:, None] for name in scores if name not in ("mean", "index")),
    ]
    largest = largest_product(
        scores["correlation"], data.matrix, np.hstack(others), rng
    )
    if largest is None:
        return ()
    passed = largest.p > _LEVEL
    feature = data.features[largest.column]
    check = Check(
        name=NAME,
        passed=passed,
        value=largest.p,
        expected=f"p-value above {_LEVEL:g}",
        finding=f"of correlations that depend on a feature, that with {feature} has the largest "
        f"score: z = {largest.z:.1f}, p = {largest.p:.3f} for the largest of as many",
        remedy=""
        if passed
        else f"Selection depends on {feature}: one correlation for all puts the unseen too low at "
        f"some of its values and too high at others. Fit the groups of {feature} each by itself, "
        "from frames of their own, and compare their correlations; the mean over all may hold.",
        assumption="" if passed else shape_assumption(joint),
    )
    return (check,)


def _scores(
    joint: JointErrors, draws: xr.Dataset, data: Decisions
) -> dict[str, np.ndarray]:
    """Return the derivatives of each person's log-likelihood at the posterior mean, (N,) each.

    In the units of the errors, whatever the unit of the outcome, by central differences.
    """
    mean, index = (
        each.mean(axis=0, keepdims=True) for each in indices(draws, data.people())
    )
    sigma = flat(draws, "outcome_sd").mean(axis=0, keepdims=True)
    kappa = flat(draws, "correlation").mean(axis=0, keepdims=True)
    given = {
        name: value.mean(axis=0, keepdims=True)
        for name, value in shape_parameters(joint, draws).items()
    }
    names = ["mean", "index", "outcome_sd", "correlation", *given]

    def moved(name: str, step: float) -> np.ndarray:
        by = {each: step if each == name else 0.0 for each in names}
        # Fisher's z, in which a step stays inside of (-1, 1)
        correlation = np.tanh(
            np.arctanh(np.clip(kappa, -0.999, 0.999)) + by["correlation"]
        )
        shape = {each: value * np.exp(by[each]) for each, value in given.items()}
        return joint.log_likelihood(
            data.outcome,
            data.decision,
            mean + by["mean"] * sigma,
            index + by["index"],
            sigma * np.exp(by["outcome_sd"]),
            correlation,
            shape,
        )[0]

    return {
        name: (moved(name, _STEP) - moved(name, -_STEP)) / (2 * _STEP) for name in names
    }
