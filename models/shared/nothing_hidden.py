"""The caution that nothing hidden moves both decision and outcome, and the power of controls.

A negative control moves the decision and not the outcome. A hidden cause that moves both makes the
control a risk factor among those decided for: where the control made the decision likely, less of
the hidden cause was needed. How much of one depends on people, decisions and the control. With a
logistic model of few decisions the chance of one is nearly a product of what the control and what
the hidden cause contribute, so that among those decided for the two are nearly independent, and no
control shows anything.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm

from causalstats.core.check import Check
from causalstats.data import Decisions
from causalstats.numerics.regression.ridge_logistic import fitted_probabilities

NOTHING_HIDDEN = "nothing hidden, by assumption"
_LEVEL = 0.01  # of the check of a control, two-sided
_POWER = 0.8
_RIDGE = 1e-3
_MOST_PEOPLE = 20_000  # the first of them; the error is that of all
_NODES = 15
_ATTENUATION = 0.346  # (16 √3 / (15 π))²: a logistic with Normal noise of variance 1
_SMALLEST, _LARGEST, _SIZES = 0.1, 5.0, 60
_SMALL = 0.5  # a hidden cause that multiplies odds by 1.6 for each standard deviation


def nothing_hidden(
    visible: Mapping[str, float],
    field: str,
    values: str,
    estimands: tuple[str, ...],
    assumption: str,
) -> tuple[Check, ...]:
    """Return the caution that a hidden cause is left out, unless a control would show a small one.

    Parameters
    ----------
    visible : mapping of feature to float
        Of negative controls and exclusions, as `least_visible` gives it: infinite where it shows
        none.
    field, values : str
        The field that says so, and other values for `fit.sensitivity`.
    estimands : tuple of str
        The answers that rest on it.
    assumption : str
    """
    seen = "; ".join(_what_it_shows(*each) for each in visible.items())
    least = min(visible.values(), default=np.inf)
    passed = True if least <= _SMALL else None
    no_control = "no negative control is named that could show a hidden cause"
    return (
        Check(
            name=NOTHING_HIDDEN,
            passed=passed,
            value=float(least) if np.isfinite(least) else None,
            expected=f"a negative control that shows hidden causes of {_SMALL:g} log-odds",
            finding=f"`{field}` is 0, and {seen or no_control}",
            remedy=""
            if passed
            else "Those not decided for are taken for people like the others with the same "
            "features. A smaller hidden cause than is seen, or one that moves decision and outcome "
            "in another way, makes the answer wrong without a sign of it: show it at other values, "
            f"`fit.sensitivity({field}={values})`.",
            estimands=estimands,
            assumption=assumption,
            caution=True,
        ),
    )


def _what_it_shows(control: str, size: float) -> str:
    """Return what a negative control shows, in words.

    Examples
    --------
    >>> _what_it_shows("offer", np.inf)
    'offer, which moves decisions alone, would hardly show a hidden cause of any size'
    """
    what = f"{control}, which moves decisions alone,"
    if not np.isfinite(size):
        return f"{what} would hardly show a hidden cause of any size"
    return (
        f"{what} shows in about 4 of 5 data sets a hidden cause of {size:.2g} log-odds (standard "
        "deviation, in decision and outcome), and hardly one of half that size"
    )


def least_visible(
    data: Decisions,
    control: str,
    sensitivity: float = 1.0,
    specificity: float = 1.0,
) -> float:
    """Return the smallest hidden cause that a negative control shows in 4 of 5 data sets.

    A hidden cause ζ ~ Normal(0, s²) in the log-odds of decision and of outcome changes

        P(Y=1 | T=1, x) = E[h(r + ζ) h(η + ζ)] / E[h(η + ζ)]

    with the inverse logit h, and r and η such that the chance of each is as it was estimated. The
    coefficient of the control is that of the weighted regression of its logit on all features, and
    its error that of a logistic regression of the outcomes seen.

    Parameters
    ----------
    data : Decisions
    control : str
        The negative control.
    sensitivity, specificity : float
        Of an imperfect test, whose results are the outcomes.

    Returns
    -------
    float
        The standard deviation s, in log-odds; infinite where none up to 5 is seen.
    """
    chosen = data.feature_mask([control])
    spread = data.matrix.std(axis=0)
    standard = (data.matrix - data.matrix.mean(axis=0)) / np.where(
        spread > 0, spread, 1
    )
    design = np.column_stack([np.ones(len(data)), standard])
    decided = data.decision
    if decided.all() or not chosen.any() or decided.sum() <= design.shape[1]:
        return np.inf
    first = slice(_MOST_PEOPLE)
    of_decision = fitted_probabilities(design[first], decided[first] * 1.0, _RIDGE)
    seen = decided[first]
    columns = design[first][seen]
    results = (data.outcome[first][seen] == 1) * 1.0
    # At the null the control has no coefficient of its own.
    others = columns[:, ~np.concatenate([[False], chosen])]
    share = fitted_probabilities(others, results, _RIDGE)
    weights = share * (1 - share)
    information = (columns * weights[:, None]).T @ columns
    inverse = np.linalg.pinv(information)
    scale = decided.sum() / seen.sum()
    errors = np.sqrt(np.diag(inverse) / scale)[1:][chosen]
    informative = sensitivity + specificity - 1
    risk = np.clip((share - (1 - specificity)) / informative, 1e-4, 1 - 1e-4)
    eta = logit(np.clip(of_decision[seen], 1e-6, 1 - 1e-6))
    limit = norm.ppf((1 + (1 - _LEVEL) ** (1 / len(errors))) / 2) + norm.ppf(_POWER)
    for size in np.geomspace(_SMALLEST, _LARGEST, _SIZES):
        changed = _risk_among_the_decided(logit(risk), eta, size)
        moved = logit(1 - specificity + informative * changed) - logit(share)
        coefficients = inverse @ (columns.T @ (weights * moved))
        if np.max(np.abs(coefficients[1:][chosen]) / errors) >= limit:
            return float(size)
    return np.inf


def _risk_among_the_decided(
    risk: np.ndarray, decision: np.ndarray, size: float
) -> np.ndarray:
    """Return P(Y=1 | T=1, x) with a hidden cause in both.

    Parameters
    ----------
    risk, decision : array, shape (n,)
        Log-odds of the outcome and of the decision, over everybody with the features.
    size : float
        Standard deviation of the hidden cause, in log-odds.

    Examples
    --------
    >>> none = _risk_among_the_decided(np.zeros(1), np.zeros(1), 1e-9)
    >>> some = _risk_among_the_decided(np.zeros(1), np.zeros(1), 2.0)
    >>> none.round(2).tolist(), some.round(2).tolist()
    ([0.5], [0.7])
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    stretch = np.sqrt(1 + _ATTENUATION * size**2)
    seen = expit(stretch * decision[:, None] + size * nodes) @ np.diag(weights)
    event = expit(stretch * risk[:, None] + size * nodes)
    return np.asarray((seen * event).sum(axis=1) / seen.sum(axis=1))
