"""Checks and other estimates of a designed first stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.abilities import Baseline
from causalstats.core.check import Check
from causalstats.data import Instrumented
from causalstats.models.instrument.assumptions import CONFOUNDING
from causalstats.models.instrument.designed_first_stage import design_of

if TYPE_CHECKING:
    from causalstats.models.instrument.model import Instrument

_ANSWERS = ("effect", "confounding", "least_squares_bias", "multiple_correlation")


def directions_check(data: Instrumented) -> Check:
    """Return how many directions of the treatments the augmentation leaves as they are.

    Where it changes all of them, invariance of the outcome would mean that nothing has an effect.

    Parameters
    ----------
    data : Instrumented
    """
    left, count = design_of(data).unchanged, len(data.treatments)
    if left == 0:
        return Check(
            name="directions that the augmentation leaves",
            passed=False,
            value=0.0,
            expected="a direction of the treatments that the augmentation does not change",
            finding=f"the augmentation changes all {count} directions",
            remedy="An outcome that none of these changes alters has no effect of any treatment: "
            "the answer is 0 by design. Augment along directions that are known to leave the "
            "outcome alone.",
            estimands=_ANSWERS,
        )
    return Check(
        name="directions that the augmentation leaves",
        passed=None,
        value=float(left),
        expected="confounding seen in every direction of the treatments",
        finding=f"the augmentation leaves {left} of {count} directions as they are: there the "
        "effect rests on confounding being as large as in the others",
        remedy="Compare `fit.sensitivity(control_prior_scale=[...])`.",
        estimands=_ANSWERS,
        assumption=CONFOUNDING,
        caution=True,
    )


def regression_residuals(data: Instrumented) -> np.ndarray:
    """Return residuals of the outcome given augmented and original treatments, shape (n,).

    Parameters
    ----------
    data : Instrumented
    """
    left = data.partialled_out(data.before_and_after)
    slopes = np.linalg.lstsq(left[:, 1:], left[:, 0], rcond=None)[0]
    return np.asarray(left[:, 0] - left[:, 1:] @ slopes)


def designed_baselines(model: Instrument, data: Instrumented) -> Mapping[str, Baseline]:
    """Return least squares of augmented and of original treatments, and the k-class of α = q/n.

    The last minimises |Π(y - X̃h)|² + α|y - X̃h|², Π the projection on the changes: anchor
    regression with γ = 1 + 1/α.

    Parameters
    ----------
    model : Instrument
    data : Instrumented
    """
    count = len(data.treatments)
    left = data.partialled_out(np.hstack([data.before_and_after, data.instruments]))
    y = left[:, 0]
    augmented, plain, change = np.split(left[:, 1:], [count, 2 * count], axis=1)

    def least_squares(treatment: np.ndarray) -> np.ndarray:
        return np.asarray(np.linalg.lstsq(treatment, y, rcond=None)[0])

    def k_class() -> np.ndarray:
        moved = np.column_stack([augmented, y])
        moved = change @ np.linalg.lstsq(change, moved, rcond=None)[0]
        alpha = count / len(data)
        whole = moved[:, :-1].T @ moved[:, :-1] + alpha * augmented.T @ augmented
        cross = moved[:, :-1].T @ moved[:, -1] + alpha * augmented.T @ y
        return np.linalg.solve(whole, cross)

    def rule(
        estimate: Callable[[], np.ndarray], rng: np.random.Generator
    ) -> tuple[np.ndarray, Any]:
        return estimate(), None

    return {
        "least squares": partial(rule, partial(least_squares, augmented)),
        "least squares, original": partial(rule, partial(least_squares, plain)),
        "k-class, α = q/n": partial(rule, k_class),
    }
