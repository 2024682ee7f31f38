"""Whether a reference population is one of which the study can speak.

The prevalence or mean of other people, `Decisions.with_reference`, fixes the intercept by what the
model says of them. It does so rightly where people with the same features have the same outcomes in
both, which no data of the study show. Where many lie beyond the numbers of the study, as where a
register has ages in months, it is the model's form, carried on where no data hold it, that takes
the known number.
"""

from __future__ import annotations

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Decisions

NAME = "reference population within the data"
ALIKE = "reference population like the study"
_MOST = 0.1  # of its people, in one number


def reference_like_the_study(data: Decisions) -> tuple[Check, ...]:
    """Return the caution that a number of other people holds for these at the same features.

    Parameters
    ----------
    data : Decisions
    """
    if data.reference is None:
        return ()
    return (
        Check(
            name=ALIKE,
            passed=None,
            value=None,
            expected="people of the reference population with the outcomes of those of the study "
            "who have the same features",
            finding="the known number is one of other people. Where those of the study came into "
            "it because of what moves the outcome beyond the features, as patients of a clinic do, "
            "their own is another, and nothing in these data shows it",
            remedy="Name features by which people came into the study, or give a number of people "
            "like those of the study without `with_reference`; "
            "`fit.sensitivity` with other values of it shows how far the answer moves.",
            caution=True,
        ),
    )


def reference_within_data(data: Decisions) -> tuple[Check, ...]:
    """Return the failed check of a reference population beyond the study; nothing otherwise.

    More than a tenth of its people have a number above the highest, or below the lowest, of the
    study. Of people like those of a study of n, 2 in n + 1 are expected to.

    Parameters
    ----------
    data : Decisions
    """
    if data.reference is None:
        return ()
    matrix, weights = data.reference
    low, high = data.matrix.min(axis=0), data.matrix.max(axis=0)
    reach = 1e-9 * np.maximum(high - low, 1e-300)
    beyond = (matrix < low - reach) | (matrix > high + reach)
    shares = weights @ beyond / weights.sum()
    worst = int(shares.argmax())
    if shares[worst] <= _MOST:
        return ()
    centre, scale = data.design.center[worst], data.design.scale[worst]
    seen = [float(end[worst] * scale + centre) for end in (low, high)]
    theirs = np.median(matrix[:, worst]) * scale + centre
    name = data.features[worst]
    return (
        Check(
            name=NAME,
            passed=False,
            value=float(shares[worst]),
            expected=f"at most {_MOST:.0%} of its people beyond the numbers of the study".replace(
                "%", " %"
            ),
            finding=f"{100 * shares[worst]:.0f} % of the reference population have a {name} beyond "
            f"those of the study, {seen[0]:.4g} to {seen[1]:.4g}; half of them have one of "
            f"{theirs:.4g} or more",
            remedy=f"Look at the unit of {name} in both frames, such as months and years. If it is "
            "the same, the known number is of people for whom the study says little: give one of "
            "people like those of the study, or widen its standard deviation.",
        ),
    )
