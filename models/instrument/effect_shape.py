"""Test of one effect at every level of the instruments: of a line between treatment and outcome.

Let x̂ be the treatment as the instruments move it, and g = max(x̂ - median, 0), a bend. Covariates
are partialled out of everything. The errors of the
outcome have mean 0 at every value of the instruments, so that with

    t = g - x̂ (x'g) / (x'x̂)

t'x = 0, and t'(y - xβ) has mean 0 whatever β is: its z statistic is robust to heteroscedasticity,
or to clusters. It does not, where the outcome is a curve in the treatment, where effects differ
between those whom the instruments move at low and at high values (Heckman & Vytlacil 2005, of a
treatment of 0 and 1), or where an instrument affects the outcome along a curve. A bend sees more
than a square does where instruments are skewed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.models.instrument.assumptions import LINEARITY, ONE_EFFECT
from causalstats.models.instrument.partialled_out import partialled_out, score_size

if TYPE_CHECKING:
    from causalstats.data import Instrumented

NAME = "one effect at every level"
_LEVEL = 0.005
_FEWEST_ROWS = 100
_ROWS_AN_INSTRUMENT = 15
_FEWEST_LEVELS = 3  # of the fitted treatment
_LEAST_FIRST_STAGE = 10.0  # F, below which bends say nothing
_SINGULAR = 1e-6


class _FirstStage(NamedTuple):
    """Outcome and treatment given the covariates, the fitted treatment, and its bend."""

    outcome: np.ndarray
    treatment: np.ndarray
    fitted: np.ndarray
    bend: np.ndarray


def one_effect_at_every_level(
    data: Instrumented, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Return the check; none where instruments are weak, or have two levels.

    Parameters
    ----------
    data : Instrumented
        With one treatment.
    estimands : tuple of str
        The answers that a failure stands on.
    """
    count = data.instruments.shape[1] + data.covariates.shape[1]
    if len(data) < max(_FEWEST_ROWS, _ROWS_AN_INSTRUMENT * count):
        return ()
    left = _first_stage(data)
    if left is None:
        return ()
    y, x, fitted, bend = left
    tested = bend - fitted * (bend @ x) / (fitted @ x)
    effect = float(fitted @ y / (fitted @ x))
    scores = tested * (y - effect * x)
    z = scores.sum() / max(score_size(data, scores), 1e-300)
    p = float(2 * stats.norm.sf(abs(z)))
    return (_check(data, left, p, estimands),)


def _first_stage(data: Instrumented) -> _FirstStage | None:
    """Return what the test is made of; None where it would say nothing."""
    y, x, fitted, slopes, strength = partialled_out(data)
    whole = (data.instruments - data.instruments.mean(axis=0)) @ slopes
    if strength < _LEAST_FIRST_STAGE or len(np.unique(whole)) < _FEWEST_LEVELS:
        return None
    above = np.maximum(whole - np.median(whole), 0.0)
    bend = data.partialled_out(above[:, None])[:, 0]
    across = bend - fitted * (bend @ fitted) / (fitted @ fitted)
    if across @ across <= _SINGULAR * ((above - above.mean()) ** 2).sum():
        return None
    return _FirstStage(y, x, fitted, bend)


def _check(
    data: Instrumented, left: _FirstStage, p: float, estimands: tuple[str, ...]
) -> Check:
    failed = p < _LEVEL
    name = data.treatments[0]
    binary = len(np.unique(data.treatment)) == 2
    finding = f"p = {p:.2g} of a bend in what the instruments make of the treatment"
    remedy = ""
    if failed:
        finding = f"the effect differs with the level of the instruments, {finding}"
        if not binary:
            low, high = _slopes(data, left)
            finding += (
                f"; by two-stage least squares with the square of {name}, one unit more changes "
                f"the outcome by {low:.3g} at the lower quartile of {name} and by {high:.3g} at "
                "the upper"
            )
        remedy = _remedy(name, binary)
    return Check(
        name=NAME,
        passed=not failed,
        value=p,
        expected=f"p-value of at least {_LEVEL:g}",
        finding=finding,
        remedy=remedy,
        estimands=estimands,
        assumption=ONE_EFFECT if binary else LINEARITY,
    )


def _slopes(data: Instrumented, left: _FirstStage) -> tuple[float, float]:
    """Return the slopes at the quartiles of the treatment, with its square as a second one."""
    treatment = data.treatment.reshape(len(data))
    middle = treatment.mean()
    square = data.partialled_out((treatment - middle)[:, None] ** 2)[:, 0]
    outer = np.column_stack([left.fitted, left.bend])
    both = np.column_stack([left.treatment, square])
    slope, curve = np.linalg.lstsq(outer.T @ both, outer.T @ left.outcome, rcond=1e-10)[
        0
    ]
    low, high = np.quantile(treatment, (0.25, 0.75)) - middle
    return float(slope + 2 * curve * low), float(slope + 2 * curve * high)


def _remedy(name: str, binary: bool) -> str:
    """Return the remedy, for a treatment of two levels or of more.

    Parameters
    ----------
    name : str
        Of the treatment.
    binary : bool
    """
    weighted = (
        "Or take the answer for what it is, a mean over those whose treatment the instruments "
        "move, weighted by how much they do, `effects='compliers'`."
    )
    if binary:
        return (
            "The answer is not the mean effect: people whom low and high values of the instruments "
            "move have other effects, or an instrument acts on the outcome itself. Cut the "
            f"instrument into levels, and fit each two neighbours alone. {weighted}"
        )
    return (
        f"The answer is not the mean slope. Take the square of {name}, less its mean, as a second "
        "treatment, and the squares of the instruments as further instruments; or the logarithm "
        f"of {name} or of the outcome. {weighted}"
    )
