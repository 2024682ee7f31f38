"""Whether a score was given in the direction and in the units that its accuracy is asked in.

Accuracy takes a score to be higher where the outcome is likelier. A score that is lower there, such
as a credit score, has the sensitivity of its own opposite, and a threshold of 0.5 for percentages
makes nearly everybody positive: numbers that are right for what was asked, and not what was meant.
"""

from __future__ import annotations

import numpy as np

from causalstats.core.check import Check

DIRECTION = "score rises with the outcome"
THRESHOLD = "threshold within the score"
_HIGHEST = 0.975


def direction_of_score(label: str, areas: np.ndarray) -> tuple[Check, ...]:
    """Return the caution that cases score below controls; nothing otherwise.

    Parameters
    ----------
    label : str
        The name of the score.
    areas : array
        Draws of the area under the ROC curve, among everybody.

    Examples
    --------
    >>> [each.name for each in direction_of_score("credit", np.array([0.2, 0.25, 0.3]))]
    ['score rises with the outcome']
    >>> direction_of_score("risk", np.array([0.45, 0.5, 0.6]))
    ()
    """
    if not np.quantile(areas, _HIGHEST) < 0.5:
        return ()
    area = float(areas.mean())
    return (
        Check(
            name=DIRECTION,
            passed=None,
            value=area,
            expected="cases that score above others: an area under the ROC curve above 0.5",
            finding=f"a case scores above another person with a probability of {area:.2f}: "
            f"{label} is lower where the outcome is likelier",
            remedy=f"If low values of {label} are to predict the outcome, give the score turned "
            "round, such as `fit.accuracy(-frame[...])`, with the threshold turned round too, and "
            "of a test or a probability 1 less it.",
            caution=True,
        ),
    )


def threshold_of_score(
    label: str, score: np.ndarray, threshold: float | None
) -> tuple[Check, ...]:
    """Return the caution about a threshold outside the score, or on another scale; else nothing.

    Parameters
    ----------
    label : str
        The name of the score.
    score : array (N,)
    threshold : float or None
        From which it is positive.

    Examples
    --------
    >>> percent = np.array([0.2, 3.5, 60.0])
    >>> [each.value for each in threshold_of_score("risk", percent, 0.5)]
    [0.5]
    >>> threshold_of_score("points", np.arange(10.0), 0.5)
    ()
    """
    if threshold is None:
        return ()
    low, high = float(score.min()), float(score.max())
    finding = ""
    if not low < threshold <= high:
        everybody = "everybody" if threshold <= low else "nobody"
        finding = f"{label} goes from {low:.4g} to {high:.4g}: {everybody} is positive"
    elif 0 < threshold < 1 < high <= 100 and low >= 0 and (score % 1).any():
        finding = (
            f"{label} goes from {low:.4g} to {high:.4g}, as percentages do, and {threshold:g} is "
            "then less than one percent"
        )
    if not finding:
        return ()
    return (
        Check(
            name=THRESHOLD,
            passed=None,
            value=float(threshold),
            expected="a threshold between the lowest and the highest value, in units of the score",
            finding=finding,
            remedy="Give the threshold in the units of the score: of percentages, 50 and not 0.5.",
            caution=True,
        ),
    )
