"""Whether features that raise the risk move decisions the way that the model's direction says.

Who decides because the risk is high sees features too. With β of the outcome among the tested, γ of
the decision, and S the covariance of the features, the linear predictors of both have the
covariance β'Sγ. Where it is clearly negative, people whose features say that they are at risk are
decided for less, and the unobservable, which moves decisions the other way by assumption, would
differ from the features in this (Altonji, Elder & Taber 2005: selection on observed variables as a
guide to that on unobserved ones). Barriers to testing do that as well, so that it is a caution, and
none where a declared prevalence lies clearly on the side that the direction says.

Altonji, Elder & Taber (2005), Selection on observed and unobserved variables, Journal of Political
Economy 113.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.check import Check
from causalstats.core.knowledge import Known
from causalstats.data import Decisions
from causalstats.models.selective_labels.assumptions import of_the_unobservable
from causalstats.models.selective_labels.directions import DIRECTIONS
from causalstats.models.selective_labels.risk_by_the_tested import (
    declared_prevalence,
    mean_risk_by_the_tested,
    ridge_logistic,
)
from causalstats.numerics.selection.heckman_baselines import with_intercept

if TYPE_CHECKING:
    from causalstats.models.selective_labels.model import SelectiveLabels

_MOST_ERRORS = 3.0
_MOST_CORRELATION = 0.3
_CLEAR = 2.4  # standard errors by which a prevalence says the direction


def features_against_the_direction(
    model: SelectiveLabels, data: Decisions
) -> tuple[Check, ...]:
    """Return a caution where features move risk and decisions against the stated direction.

    Parameters
    ----------
    model : SelectiveLabels
    data : Decisions
    """
    nothing_hidden = Known(0.0) in (model.unobserved_scale, model.response)
    if nothing_hidden or data.decision.all() or data.matrix.shape[1] == 0:
        return ()
    direction = DIRECTIONS[model.decided_for]
    correlation, z = risk_and_decision(data)
    against = (
        direction.sign * z < -_MOST_ERRORS
        and direction.sign * correlation < -_MOST_CORRELATION
    )
    if not against or _prevalence_says_so(model, data):
        return ()
    less, side = ("less", "below") if direction.sign > 0 else ("more", "above")
    return (
        Check(
            name="features go with the direction of the decision",
            passed=None,
            value=correlation,
            expected=f"a correlation of the risk and the decision that features predict that is "
            f"not {'below -' if direction.sign > 0 else 'above '}{_MOST_CORRELATION:g} by more "
            f"than {_MOST_ERRORS:g} standard errors",
            finding="people whose features say that they are at risk are decided for "
            f"{less} often: the correlation is {correlation:.2f}, z = {z:.1f}. The model says that "
            "what nobody recorded moves decisions the other way, and puts the risk of those not "
            f"decided for {side} that of the others at the same features",
            remedy=f"If people are decided for because their risk is {direction.other}, "
            f"{direction.examples}, say `decided_for={direction.other!r}`. Otherwise say what "
            "keeps decisions from those whose features say that they are at risk; a known "
            "prevalence decides.",
            assumption=of_the_unobservable(model),
            caution=True,
        ),
    )


def risk_and_decision(data: Decisions) -> tuple[float, float]:
    """Return the correlation of the linear predictors of outcome and decision, and z.

    Parameters
    ----------
    data : Decisions
    """
    spread = data.matrix.std(axis=0)
    features = (data.matrix - data.matrix.mean(axis=0)) / np.where(
        spread > 0, spread, 1.0
    )
    seen = data.decision
    columns = with_intercept(features)
    outcome = (data.outcome[seen] == 1).astype(float)
    of_risk, risk_curvature = ridge_logistic(columns[seen], outcome)
    of_decision, decision_curvature = ridge_logistic(columns, seen.astype(float))
    together = np.cov(features.T).reshape(features.shape[1], -1)
    beta, gamma = of_risk[1:], of_decision[1:]
    covariance = float(beta @ together @ gamma)
    sizes = float(beta @ together @ beta), float(gamma @ together @ gamma)
    risk_error = np.linalg.inv(risk_curvature)[1:, 1:]
    decision_error = np.linalg.inv(decision_curvature)[1:, 1:]
    toward_risk, toward_decision = together @ gamma, together @ beta
    variance = float(
        toward_risk @ risk_error @ toward_risk
        + toward_decision @ decision_error @ toward_decision
        + np.trace(together @ risk_error @ together @ decision_error)
    )
    correlation = covariance / max(float(np.sqrt(sizes[0] * sizes[1])), 1e-300)
    return correlation, covariance / max(float(np.sqrt(variance)), 1e-300)


def _prevalence_says_so(model: SelectiveLabels, data: Decisions) -> bool:
    """Whether a declared prevalence lies clearly on the side of the stated direction."""
    if model.prevalence is None:
        return False
    declared, sd = declared_prevalence(model, data)
    mean, error = mean_risk_by_the_tested(model, data)
    z = (declared - mean) / float(np.hypot(sd, error))
    return bool(DIRECTIONS[model.decided_for].sign * z < -_CLEAR)
