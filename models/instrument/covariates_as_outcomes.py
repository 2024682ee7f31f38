"""Covariates that the instruments move as if by way of the treatment: mediators and colliders.

A covariate w that the treatment moves answers to the instruments as another outcome does: with
first stage π and reduced form γ of w, γ = π β. To hold it takes away the part of the effect that
passes through it, and where it shares causes with the outcome, holding it makes the instruments
depend on them. A covariate that comes before the instruments, and is held because they depend on
it, has a γ of another direction unless by chance. With two instruments or more both can be tested,
robust to heteroscedasticity or by clusters: that γ is 0, and with the two-step generalised method
of moments that Σ z_i (w_i - β d_i) is 0 for some β (Hansen 1982), each with the other covariates
held fixed. Beside d itself the fitted treatment π'z then says nothing of a mediator, and the
opposite of β of a collider. Where the instruments depend on w, it mostly tells of w in the
direction of β whatever d is. The data do not show which comes first, so it is a caution.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.data import Instrumented
from causalstats.models.instrument.assumptions import INDEPENDENCE
from causalstats.models.shared.bad_controls import AS_OUTCOMES

_LEVEL = 1e-6  # that instruments do not move the covariate
_LEAST_AGREEMENT = 0.05  # that they move it by way of the treatment
_MOST_BEYOND = 2.0  # standard errors
_LEAST_STRENGTH = 10.0  # robust first-stage F


def covariates_as_outcomes(
    data: Instrumented, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Return the caution that covariates answer to the instruments as outcomes do.

    Parameters
    ----------
    data : Instrumented
        With one treatment.
    estimands : tuple of str
        The answers that the caution stands on.
    """
    if data.covariate_design is None or data.instruments.shape[1] < 2:
        return ()
    names = data.covariate_design.columns
    found: dict[str, tuple[float, float]] = {}
    for position, name in enumerate(names):
        others = replace(data, covariates=np.delete(data.covariates, position, axis=1))
        columns = [data.covariates[:, position], data.treatment.reshape(len(data))]
        left = others.partialled_out(np.column_stack([*columns, data.instruments]))
        slope, moved, agreement = by_way_of_treatment(
            left[:, 0], left[:, 1], left[:, 2:], data.cluster
        )
        p = min(1.0, moved * len(names))
        if p < _LEVEL and agreement > _LEAST_AGREEMENT:
            found[name] = (p, slope)
    if not found:
        return ()
    listed = "; ".join(
        f"{name} by {slope:+.2g} for each unit of the treatment, p = {p:.1g}"
        for name, (p, slope) in found.items()
    )
    held = ", ".join(found)
    return (
        Check(
            name=AS_OUTCOMES,
            passed=None,
            value=min(p for p, _ in found.values()),
            expected="covariates that the instruments do not move, or not in proportion to the "
            "treatment",
            finding=f"the instruments move covariates as if by way of the treatment: {listed}",
            remedy=f"If the treatment moves {held}, leave it out: holding it takes away what "
            "passes through it, and biases the rest where it shares causes with the outcome. If "
            f"{held} was there before the instruments, and they depend on it, it has to stay. The "
            "data do not show which: set the answer without it beside this one.",
            estimands=estimands,
            assumption=INDEPENDENCE,
            caution=True,
        ),
    )


def by_way_of_treatment(
    covariate: np.ndarray,
    treatment: np.ndarray,
    instruments: np.ndarray,
    cluster: np.ndarray | None = None,
) -> tuple[float, float, float]:
    """Return the slope β, the p-value that instruments move a covariate, and that γ = π β.

    The latter is 0 where the first stage is weak, or the instruments are related to the covariate
    beside the treatment too, in the same direction.

    Parameters
    ----------
    covariate, treatment : array, shape (n,)
    instruments : array, shape (n, q)
    cluster : int array, shape (n,), or None

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> z = rng.standard_normal((500, 2))
    >>> d = z @ np.array([0.5, 0.3]) + rng.standard_normal(500)
    >>> slope, moved, agreement = by_way_of_treatment(d + rng.standard_normal(500), d, z)
    >>> moved < 1e-6, agreement > 0.05
    (True, True)
    >>> slope, moved, agreement = by_way_of_treatment(z[:, 0] - z[:, 1], d, z)
    >>> agreement > 0.05
    False
    """
    rows, count = instruments.shape
    basis, _ = np.linalg.qr(instruments)
    basis = basis * np.sqrt(rows)

    def inverse(residual: np.ndarray) -> np.ndarray:
        scores = basis * residual[:, None]
        if cluster is not None:
            scores = np.column_stack([np.bincount(cluster, each) for each in scores.T])
        return np.linalg.pinv(scores.T @ scores, hermitian=True)

    first, second = basis.T @ treatment, basis.T @ covariate
    strength = first @ inverse(treatment - basis @ first / rows) @ first / count
    reduced = second @ inverse(covariate - basis @ second / rows) @ second
    moved = float(stats.chi2.sf(reduced, count))
    slope = float(first @ second / (first @ first))
    weight = inverse(covariate - slope * treatment)
    slope = float(first @ weight @ second / (first @ weight @ first))
    moments = second - slope * first
    agreement = float(stats.chi2.sf(moments @ weight @ moments, count - 1))
    beyond = _beyond_treatment(covariate, treatment, basis @ first / rows, cluster)
    way = strength > _LEAST_STRENGTH and np.sign(slope) * beyond < _MOST_BEYOND
    return slope, moved, agreement if way else 0.0


def _beyond_treatment(
    covariate: np.ndarray,
    treatment: np.ndarray,
    fitted: np.ndarray,
    cluster: np.ndarray | None,
) -> float:
    """Return z of the fitted treatment beside the treatment itself, in a regression of a covariate.

    Parameters
    ----------
    covariate, treatment, fitted : array, shape (n,)
    cluster : int array, shape (n,), or None
    """
    own = fitted - treatment * (treatment @ fitted) / (treatment @ treatment)
    rest = covariate - treatment * (treatment @ covariate) / (treatment @ treatment)
    scores = own * (rest - own * (own @ rest) / (own @ own))
    if cluster is not None:
        scores = np.bincount(cluster, scores)
    return float(own @ rest / np.sqrt((scores**2).sum()))
