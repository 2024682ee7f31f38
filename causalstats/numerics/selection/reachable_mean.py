"""Means of everybody that the outcomes seen allow, at every correlation of outcome and selection.

y = x'β + u where x'γ + v > 0,  E[u | seen] = c λ,  Var(u | seen) = σ² - c² δ,  c = κσ,

λ the inverse Mills ratio at x'γ and δ = λ (λ + x'γ). The mean of people whose features have the
average a is a'β(c), where β(c) = B (y - c λ), B of least squares: a line in c. Since |κ| <= 1, the
residual sum of squares S(c) bounds c: with σ² = c²/κ² and h the leverages,

c² Σ (1 - h) (1/κ² - δ) = S(c) = r_y'r_y - 2 c r_y'r_λ + c² r_λ'r_λ,

r the residuals of y and of λ on the features. Without a feature, and with half seen, the mean lies
within 1.3 standard deviations of the outcomes seen from their mean, and with a tenth seen within
4.3: of Normal errors no others are possible.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalstats.numerics.selection.inverse_mills_ratio import inverse_mills_ratio

_STEPS = 101
_OUTSIDE = 1e-6  # of an average whose features were not seen, beside its length


@dataclass(frozen=True)
class ReachableMeans:
    """The means of groups of people at each covariance c of a grid.

    Parameters
    ----------
    means, errors : arrays (C, G)
        Their standard errors are those of β(c), of γ, of the limits of c and of the people.
    spread : float
        The standard deviation of the residuals at c = 0.
    """

    means: np.ndarray
    errors: np.ndarray
    spread: float

    def beyond(
        self, known: np.ndarray, sds: np.ndarray, allowed: float = 0.0
    ) -> tuple[float, int]:
        """Return how many standard errors known means are away at the best c, and which most.

        Parameters
        ----------
        known, sds : arrays (G,)
            Means as they are known, and standard deviations of these.
        allowed : float
            Standard deviations of the residuals that are taken off the distance.
        """
        away = np.abs(known - self.means) - allowed * self.spread
        z = np.maximum(away, 0) / np.sqrt(self.errors**2 + sds**2)
        best = int(z.max(axis=1).argmin())
        return float(z[best].max()), int(z[best].argmax())


def reachable_means(
    outcome: np.ndarray,
    features: np.ndarray,
    selection: tuple[np.ndarray, np.ndarray, np.ndarray],
    correlations: np.ndarray,
    averages: np.ndarray,
    spreads: np.ndarray,
) -> ReachableMeans | None:
    """Return the means that are possible, None where the residuals do not bound them.

    Parameters
    ----------
    outcome : array (n,)
        Outcomes of those seen.
    features : array (n, K)
        Their columns that may affect the outcome, with an intercept.
    selection : arrays (n, L), (L,) and (L, L)
        Their columns that may affect the decision, the coefficients of a probit, and the
        covariance of these.
    correlations : array
        The correlations κ that are possible.
    averages : array (G, K)
        Means of the columns among the people of each group.
    spreads : array (G, K, K)
        The covariance of each of these means.

    Examples
    --------
    Half are seen, and errors are Normal: at κ = 1 everybody's mean is λ = √(2/π) standard
    deviations σ below that of those seen, whose own is σ √(1 - 2/π).

    >>> features, gamma = np.ones((1000, 1)), (np.ones((1000, 1)), np.zeros(1), np.zeros((1, 1)))
    >>> seen = np.sqrt(1 - 2 / np.pi) * np.tile([-1.0, 1.0], 500)
    >>> one = np.ones((1, 1))
    >>> found = reachable_means(seen, features, gamma, np.array([-1, 1]), one, 0 * one[None])
    >>> found.means[[0, -1], 0].round(2)
    array([ 0.8, -0.8])
    """
    columns, gamma, covariance = selection
    index = columns @ gamma
    mills = inverse_mills_ratio(index)
    delta = mills * (mills + index)
    inverse = np.linalg.pinv(features)  # B, (K, n)
    leverage = np.einsum("nk,kn->n", features, inverse)
    missed = averages - averages @ inverse @ features
    if (
        np.linalg.norm(missed, axis=1) > _OUTSIDE * np.linalg.norm(averages, axis=1)
    ).any():
        return None
    of_outcome = outcome - features @ (inverse @ outcome)
    of_mills = mills - features @ (inverse @ mills)
    sums = (of_outcome @ of_outcome, of_outcome @ of_mills, of_mills @ of_mills)
    free = (1 - leverage).sum()
    ends = [
        _covariance_at(float(kappa), free, (1 - leverage) @ delta, sums)
        for kappa in (correlations.min(), correlations.max())
    ]
    if not np.isfinite(ends).all():
        return None
    c = np.linspace(ends[0], ends[1], _STEPS)[:, None]
    rows = averages @ inverse  # (G, n)
    of_gamma = (rows * delta) @ columns
    beta = inverse @ outcome - c * (inverse @ mills)  # (C, K)
    residual = (sums[0] - 2 * c * sums[1] + c**2 * sums[2]) / free
    slope = rows @ mills
    variance = residual * np.einsum("gn,gn->g", rows, rows)
    variance = variance + c**2 * np.einsum(
        "gl,lm,gm->g", of_gamma, covariance, of_gamma
    )
    variance = variance + c**2 * slope**2 / len(outcome)
    variance = variance + np.einsum("ck,gkl,cl->cg", beta, spreads, beta)
    return ReachableMeans(
        means=rows @ outcome - c * slope,
        errors=np.sqrt(variance),
        spread=float(np.sqrt(sums[0] / free)),
    )


def _covariance_at(
    kappa: float, free: float, explained: float, sums: tuple[float, float, float]
) -> float:
    """Return c at a correlation; infinite where the residuals do not bound it.

    Parameters
    ----------
    kappa, free, explained : float
        κ, Σ (1 - h) and Σ (1 - h) δ.
    sums : floats
        r_y'r_y, r_y'r_λ and r_λ'r_λ.
    """
    if kappa == 0:
        return 0.0
    of_outcome, of_both, of_mills = sums
    curvature = free / kappa**2 - explained - of_mills
    if curvature <= 0:
        return float(np.sign(kappa) * np.inf)
    root = np.sqrt(of_both**2 + curvature * of_outcome)
    return float((np.sign(kappa) * root - of_both) / curvature)
