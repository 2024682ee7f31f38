"""The posterior of the effect in linear instrumental-variables regression, in closed form.

    T = Z Π + W δ + v,    y = T β + W γ + u,    rows of (v, u) ~ Normal(0, Σ)

Covariates W have flat priors. Rows of Π, of instruments rotated to be orthonormal, are
Normal(0, s² σ²_{v|u}), with s ~ half-Cauchy(.3 √n') by default. Write κ = s²/(1 + s²),
G = [y T]'[y T] and C = [y T]'P_Z[y T] given W, c = (1, -β)', U = c'Gc, A = c'(G - κC)c,
D = |G - κC|, k for the number of instruments and n' for rows less the rank of W less 1. Then, up to
a constant,

    ρ ~ Uniform(-1, 1):     p(β, s) = p(s) (1+s²)^(-k/2) D^(-(n'-2)/2) A^((n'-3)/2) U^(-n'/2)
    β ~ Normal(0, b²):      p(β, s) = p(β) p(s) (1+s²)^(-k/2) D^(-n'/2) (A / U)^((n'-1)/2)

Given β, (v, u) are regressed on u: T - φu = ZΠ + e with e independent of u. Π, φ, and the variances
of u and of e are then integrated out, each with its conjugate prior. In the first prior, ρ is
uniform whatever β is; in the second, p(Σ) ∝ 1/|Σ|.

A / U = 1 - κ u'P_Z u / u'u: the data speak through the Anderson-Rubin statistic, so that the
posterior is right where instruments are weak. A flat prior of Π would add the factor U^(-k/2),
that is (1-ρ²)^(k/2): a prior that there is no confounding, which grows with the instruments.

With `robust`, u'P_Z u / u'u is replaced by g'V⁻¹g / n', where g = Z'u are the scores and V is
their variance robust to heteroscedasticity or clustered: a quasi-posterior (Chernozhukov & Hong
2003). Both agree where errors are independent of equal variance.

References
----------
Anderson & Rubin (1949), Estimation of the parameters of a single equation in a complete system of
stochastic equations. Drèze (1976), Bayesian limited information analysis of the simultaneous
equations model, Econometrica 44: the posterior under flat priors. Kleibergen & van Dijk (1998),
Bayesian simultaneous equations analysis using reduced rank structures. Kleibergen & Zivot (2003),
Bayesian and classical approaches to instrumental variable regression, Journal of Econometrics 114.
Chamberlain & Imbens (2004), Random effects estimators with many
instrumental variables, Econometrica 72. Chernozhukov & Hong (2003), An MCMC approach to classical
estimation, Journal of Econometrics 115.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from causalstats.numerics.instruments.direct_effect_grid import DirectEffectGrid
from causalstats.numerics.instruments.grid_cells import drawn_within_cells, nodes_around
from causalstats.numerics.instruments.moments import InstrumentMoments

_ANGLES = 4001
_LOG_VARIANCE_NODES = 60
_COARSE_STEP = 10  # every so many angles tell where the strength of the first stage is
LOG_VARIANCE_RANGE = (np.log(0.01), np.log(1e6))
_LARGEST_RATIO = 1 - 1e-9  # of the robust statistic to n', which it may exceed
_SMALLEST = 1e-300

ConfoundingPrior = Literal["uniform", "any"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Residuals:
    """Quadratic forms of the residuals u = y - Tβ - Zη, for many values of β.

    Attributes
    ----------
    size : array, shape (...)
        U = u'u.
    fit : array, shape (...)
        The share of it that instruments explain, or its robust form.
    """

    size: np.ndarray
    fit: np.ndarray


def contrasts(effect: np.ndarray, direct: np.ndarray) -> np.ndarray:
    """Return c of u = Xc, for each effect: 1, -β, and minus the direct effects.

    Parameters
    ----------
    effect : array, shape (n,)
    direct : array, shape (d,)

    Returns
    -------
    array, shape (n, 2 + d)
    """
    fixed = np.broadcast_to(-np.asarray(direct), (len(effect), len(direct)))
    return np.column_stack([np.ones(len(effect)), -effect, fixed])


def residuals(
    moments: InstrumentMoments, effect: np.ndarray, direct: np.ndarray, robust: bool
) -> Residuals:
    """Return u'u, and the share of it that instruments explain, at each effect.

    Parameters
    ----------
    moments : InstrumentMoments
    effect : array, shape (n,)
    direct : array, shape (d,)
        Direct effects η of the instruments that may have one.
    robust : bool
        Whether the share is g'V⁻¹g / n', robust to unequal variances, or u'P_Z u / u'u.
    """
    c = contrasts(effect, direct)
    size = np.einsum("na,ab,nb->n", c, moments.products, c)
    scores = c @ moments.projections.T
    if not robust:
        return Residuals(size=size, fit=(scores**2).sum(axis=1) / size)
    variance = np.einsum("na,abij,nb->nij", c, moments.score_products, c, optimize=True)
    solved = np.linalg.solve(variance, scores[..., None])[..., 0]
    statistic = (scores * solved).sum(axis=1) / moments.degrees
    return Residuals(size=size, fit=np.minimum(statistic, _LARGEST_RATIO))


def log_density(
    moments: InstrumentMoments,
    effect: np.ndarray,
    log_variance: np.ndarray,
    direct: np.ndarray,
    *,
    confounding: ConfoundingPrior,
    effect_sd: float,
    first_stage_scale: float,
    robust: bool,
) -> np.ndarray:
    """Return log p(β, log s² | data) up to a constant, at effects by values of log s².

    Parameters
    ----------
    moments : InstrumentMoments
    effect : array, shape (n,)
    log_variance : array, shape (v,)
        log s².
    direct : array, shape (d,)
    confounding : "uniform" or "any"
    effect_sd : float
        b; used with "any".
    first_stage_scale : float
        Scale of the half-Cauchy prior of s, by √n'.
    robust : bool

    Returns
    -------
    array, shape (n, v)
    """
    degrees = moments.degrees
    variance = np.exp(log_variance)
    kappa = variance / (1 + variance)
    forms = residuals(moments, effect, direct, robust)
    ratio = np.maximum(1 - kappa * forms.fit[:, None], _SMALLEST)
    log_size = np.log(forms.size)[:, None]
    log_determinant = _log_determinants(moments, kappa, direct)
    scale = first_stage_scale**2 * degrees
    first_stage = (
        log_variance / 2
        - np.log1p(variance / scale)
        - moments.instruments / 2 * np.log1p(variance)
    )
    if confounding == "uniform":
        likelihood = (degrees - 3) / 2 * np.log(ratio) - 1.5 * log_size
        return first_stage - (degrees - 2) / 2 * log_determinant + likelihood
    prior = -((effect / effect_sd) ** 2) / 2
    likelihood = (degrees - 1) / 2 * np.log(ratio) + prior[:, None]
    return first_stage - degrees / 2 * log_determinant + likelihood


def _log_determinants(
    moments: InstrumentMoments, kappa: np.ndarray, direct: np.ndarray
) -> np.ndarray:
    """Return log |G - κC| of [y - Zη, T], one for each κ."""
    columns = np.zeros((len(moments.products), 2))
    columns[:, 0] = contrasts(np.zeros(1), direct)[0]
    columns[1, 1] = 1.0
    total = columns.T @ moments.products @ columns
    explained = columns.T @ moments.explained @ columns
    left = total - kappa[:, None, None] * explained
    return np.linalg.slogdet(left)[1]


@dataclass(frozen=True, eq=False, kw_only=True)
class EffectPosterior:
    """The posterior of effect, first stage and direct effects, on a grid.

    The effect is β = b + r tan θ, b least squares and r the residual ratio, so that a grid of θ
    reaches the whole line.

    Attributes
    ----------
    moments : InstrumentMoments
    log_variance : array, shape (v,)
        Nodes of log s².
    angle : array, shape (a,)
        Nodes of θ.
    direct : array, shape (e, d)
        Nodes of direct effects; one row of none where there are none.
    probability : array, shape (e, a, v)
        Of the nodes; they sum to 1.
    confounding : "uniform" or "any"
    direct_grid : DirectEffectGrid or None
        The nodes of direct effects that are not exact, between which draws lie.
    free : int array
        Positions of these among the direct effects.
    """

    moments: InstrumentMoments
    log_variance: np.ndarray
    angle: np.ndarray
    direct: np.ndarray
    probability: np.ndarray
    confounding: ConfoundingPrior = "uniform"
    direct_grid: DirectEffectGrid | None = None
    free: np.ndarray | None = None

    @cached_property
    def _by_angle(self) -> np.ndarray:
        return self.probability.sum(axis=(0, 2))

    def effect_at(self, angle: np.ndarray) -> np.ndarray:
        """Return β = b + r tan θ."""
        moments = self.moments
        return moments.least_squares + moments.residual_ratio * np.tan(angle)

    def mean(self) -> float:
        """Return the posterior mean of the effect; it exists, but the variance does not."""
        return float(self._by_angle @ self.effect_at(self.angle))

    def quantile(self, prob: float) -> float:
        """Return a quantile of the effect, without Monte Carlo error.

        Parameters
        ----------
        prob : float
        """
        levels = self._by_angle.cumsum() - self._by_angle / 2
        return float(self.effect_at(np.interp(prob, levels, self.angle)))

    def cdf(self, value: float) -> float:
        """Return the posterior probability that the effect is at most a value.

        Parameters
        ----------
        value : float
        """
        moments = self.moments
        ratio = (value - moments.least_squares) / moments.residual_ratio
        levels = self._by_angle.cumsum() - self._by_angle / 2
        return float(np.interp(np.arctan(ratio), self.angle, levels))

    def draw(self, size: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return independent draws of the effect, log s², direct effects, ρ and the expected F.

        Parameters
        ----------
        size : int
        rng : Generator

        Returns
        -------
        dict of arrays, shape (size,) or (size, d)
            `effect`, `log_first_stage_variance`, `direct_effect`, `correlation` and
            `first_stage_f`.
        """
        chosen = rng.choice(self.probability.size, size, p=self.probability.ravel())
        node, position, column = np.unravel_index(chosen, self.probability.shape)
        step = self.angle[1] - self.angle[0]
        angle = self.angle[position] + step * (rng.random(size) - 0.5)
        log_variance = drawn_within_cells(self.log_variance, column, rng)
        effect = self.effect_at(angle)
        direct = self.direct[node]
        if self.direct_grid is not None:
            between = self._between_nodes(node, rng)
            effect = effect + self._moved_by(between - direct, log_variance)
            direct = between
        errors = draw_errors(
            self.moments, effect, log_variance, direct, rng, self.confounding
        )
        return {
            "effect": effect,
            "log_first_stage_variance": log_variance,
            "direct_effect": direct,
            "correlation": errors.correlation,
            "first_stage_f": errors.first_stage_f,
        }

    def _between_nodes(self, node: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return direct effects (n, d) somewhere in the cells of some nodes.

        Parameters
        ----------
        node : int array, shape (n,)
        rng : Generator
        """
        grid = self.direct_grid
        assert grid is not None
        x = grid.nodes[node]
        x = x + grid.step * (rng.random(x.shape) - 0.5)
        direct = self.direct[node].copy()
        direct[:, self.free] = grid.at(x)
        return direct

    def _moved_by(self, change: np.ndarray, log_variance: np.ndarray) -> np.ndarray:
        """Return how far the k-class estimate of κ moves with direct effects, shape (n,).

        Parameters
        ----------
        change : array, shape (n, d)
        log_variance : array, shape (n,)
        """
        moments = self.moments
        kappa = np.exp(log_variance) / (1 + np.exp(log_variance))
        total, explained = moments.products[1, 1], moments.explained[1, 1]
        curvature = (1 - kappa) * total + kappa * explained
        return -(change @ moments.products[1, 2:]) / curvature


@dataclass(frozen=True, eq=False, kw_only=True)
class ErrorDraws:
    """Draws of the covariance of the errors (v, u), given the effect.

    Attributes
    ----------
    variance : array, shape (n,)
        σ_u², of the outcome's error.
    slope : array, shape (n,)
        φ, of the regression of v on u.
    residual : array, shape (n,)
        Var(v | u).
    first_stage : array, shape (n, k)
        Π of orthonormal instruments.
    """

    variance: np.ndarray
    slope: np.ndarray
    residual: np.ndarray
    first_stage: np.ndarray

    @property
    def correlation(self) -> np.ndarray:
        """ρ = φσ_u / √(φ²σ_u² + Var(v | u)), shape (n,)."""
        shared = self.slope * np.sqrt(self.variance)
        return shared / np.sqrt(shared**2 + self.residual)

    @property
    def first_stage_f(self) -> np.ndarray:
        """The expected first-stage F statistic, 1 + Π'Π / (k Var v), shape (n,)."""
        variance = self.slope**2 * self.variance + self.residual
        return 1 + (self.first_stage**2).mean(axis=1) / variance


def draw_errors(
    moments: InstrumentMoments,
    effect: np.ndarray,
    log_variance: np.ndarray,
    direct: np.ndarray,
    rng: np.random.Generator,
    confounding: ConfoundingPrior = "uniform",
) -> ErrorDraws:
    """Return draws of the errors' covariance and of the first stage, from conjugate posteriors.

    σ_u² ~ inverse Gamma(n'/2, U/2), Var(v | u) ~ inverse Gamma((n'-2)/2, D/2A),
    φ ~ Normal(u'(1-κP)T / A, Var(v | u) / A) and Π ~ Normal(κQ'(T - φu), κ Var(v | u)). With
    confounding="any" the shapes are (n'-1)/2 and n'/2.

    Parameters
    ----------
    moments : InstrumentMoments
    effect, log_variance : arrays, shape (n,)
    direct : array, shape (n, d)
    rng : Generator
    confounding : "uniform" or "any"
    """
    uniform = confounding == "uniform"
    variance = np.exp(log_variance)
    kappa = variance / (1 + variance)
    c = np.column_stack([np.ones(len(effect)), -effect, -direct])
    products, explained = moments.products, moments.explained

    def form(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        whole = np.einsum("na,ab,nb->n", left, products, right)
        part = np.einsum("na,ab,nb->n", left, explained, right)
        return whole - kappa * part

    treatment = np.zeros_like(c)
    treatment[:, 1] = 1.0
    size = np.einsum("na,ab,nb->n", c, products, c)
    inside = form(c, c)
    cross = form(treatment, c)
    left = form(treatment, treatment) - cross**2 / inside
    n = moments.degrees
    residual = left / 2 / rng.gamma((n - 2 if uniform else n) / 2, 1.0, len(c))
    error = size / 2 / rng.gamma((n if uniform else n - 1) / 2, 1.0, len(c))
    noise = np.sqrt(residual / inside) * rng.standard_normal(len(c))
    slope = cross / inside + noise
    scores = c @ moments.projections.T
    centre = kappa[:, None] * (moments.projections[:, 1] - slope[:, None] * scores)
    spread = np.sqrt(kappa * residual)[:, None]
    return ErrorDraws(
        variance=error,
        slope=slope,
        residual=residual,
        first_stage=centre + spread * rng.standard_normal(centre.shape),
    )


def log_likelihood(
    moments: InstrumentMoments,
    effect: np.ndarray,
    log_variance: np.ndarray,
    direct: np.ndarray,
    confounding: ConfoundingPrior = "uniform",
) -> np.ndarray:
    """Return log p(data | β, s, η) up to a constant, errors of equal variance, others integrated.

    Parameters
    ----------
    moments : InstrumentMoments
    effect, log_variance : arrays, shape (n,)
    direct : array, shape (n, d)
    confounding : "uniform" or "any"
        The prior of what is integrated out.

    Returns
    -------
    array, shape (n,)
    """
    n = moments.degrees
    variance = np.exp(log_variance)
    kappa = variance / (1 + variance)
    c = np.column_stack([np.ones(len(effect)), -effect, -direct])
    size = np.einsum("na,ab,nb->n", c, moments.products, c)
    explained = ((c @ moments.projections.T) ** 2).sum(axis=1)
    inside = np.log(size - kappa * explained)
    determinants = np.array(
        [
            _log_determinants(moments, np.array([each]), node)[0]
            for each, node in zip(kappa, direct, strict=True)
        ]
    )
    first_stage = moments.instruments / 2 * np.log1p(variance)
    if confounding == "any":
        residual = (n - 1) / 2 * (inside - np.log(size))
        return residual - n / 2 * determinants - first_stage
    residual = (n - 3) / 2 * inside - n / 2 * np.log(size)
    return residual - (n - 2) / 2 * determinants - first_stage


def effect_posterior(
    moments: InstrumentMoments,
    *,
    confounding: ConfoundingPrior = "uniform",
    effect_sd: float = np.inf,
    first_stage_scale: float = 0.3,
    robust: bool = True,
    direct_nodes: Sequence[np.ndarray] = (),
    direct_log_weights: Sequence[float] | np.ndarray = (),
) -> EffectPosterior:
    """Return the posterior of the effect on a grid.

    Parameters
    ----------
    moments : InstrumentMoments
    confounding : "uniform" or "any"
        The prior of confounding: ρ uniform; or β ~ Normal(0, effect_sd²).
    effect_sd : float
    first_stage_scale : float
        Scale of the half-Cauchy prior of s, by √n'.
    robust : bool
        Whether scores have a variance robust to heteroscedasticity, or to dependence in clusters.
    direct_nodes : sequence of arrays, shape (d,)
        Nodes of a quadrature over the prior of the direct effects; none where there are none.
    direct_log_weights : sequence of float, or array

    Returns
    -------
    EffectPosterior

    Examples
    --------
    >>> from causalstats.numerics.instruments.moments import instrument_moments
    >>> rng = np.random.default_rng(1)
    >>> z, hidden, noise = rng.standard_normal((3, 500))
    >>> treatment = z + hidden
    >>> moments = instrument_moments(
    ...     2 * treatment + hidden + noise, treatment, z[:, None], np.empty((500, 0))
    ... )
    >>> posterior = effect_posterior(moments)
    >>> round(moments.least_squares, 1), round(posterior.quantile(0.5), 1)
    (2.6, 2.0)
    """
    angle = (np.arange(_ANGLES) + 0.5) / _ANGLES * np.pi - np.pi / 2
    nodes = [np.asarray(node, float) for node in direct_nodes] or [np.empty(0)]
    weights = np.asarray(
        direct_log_weights if len(direct_log_weights) else [0.0], float
    )

    def density(angle: np.ndarray, log_variance: np.ndarray) -> np.ndarray:
        """Return the density at all nodes, shape (direct, angles, variances)."""
        effect = moments.least_squares + moments.residual_ratio * np.tan(angle)
        logs = np.stack(
            [
                log_density(
                    moments,
                    effect,
                    log_variance,
                    node,
                    confounding=confounding,
                    effect_sd=effect_sd,
                    first_stage_scale=first_stage_scale,
                    robust=robust,
                )
                + weight
                for node, weight in zip(nodes, weights, strict=True)
            ]
        )
        logs -= 2 * np.log(np.cos(angle))[:, None]
        return np.exp(logs - logs.max())

    log_variance = np.linspace(*LOG_VARIANCE_RANGE, _LOG_VARIANCE_NODES)
    coarse = density(angle[::_COARSE_STEP], log_variance).sum(axis=(0, 1))
    # The strength of many instruments is known within less than a step of this grid.
    log_variance = nodes_around(log_variance, coarse / coarse.sum(), len(log_variance))
    probability = density(angle, log_variance)
    return EffectPosterior(
        moments=moments,
        log_variance=log_variance,
        angle=angle,
        direct=np.stack(nodes),
        probability=probability / probability.sum(),
        confounding=confounding,
    )


def flat_first_stage_posterior(
    moments: InstrumentMoments, effect_sd: float
) -> EffectPosterior:
    """Return the posterior with a flat prior of the first stage, p(Σ) ∝ 1/|Σ|, β ~ Normal.

    p(β) = Normal(β; 0, b²) (A / U)^((n'-k-1)/2) U^(-k/2) at κ = 1. It is what a Bayesian model with
    vague priors gives: the factor U^(-k/2) is a prior that there is no confounding.

    Parameters
    ----------
    moments : InstrumentMoments
    effect_sd : float
        b.
    """
    angle = (np.arange(_ANGLES) + 0.5) / _ANGLES * np.pi - np.pi / 2
    effect = moments.least_squares + moments.residual_ratio * np.tan(angle)
    forms = residuals(moments, effect, np.empty(0), robust=False)
    k = moments.instruments
    density = (
        (moments.degrees - k - 1) / 2 * np.log(np.maximum(1 - forms.fit, _SMALLEST))
    )
    density = density - k / 2 * np.log(forms.size) - (effect / effect_sd) ** 2 / 2
    density = density - 2 * np.log(np.cos(angle))
    probability = np.exp(density - density.max())
    return EffectPosterior(
        moments=moments,
        log_variance=np.array([np.inf]),
        angle=angle,
        direct=np.empty((1, 0)),
        probability=(probability / probability.sum())[None, :, None],
    )


def no_confounding_bayes_factor(
    moments: InstrumentMoments, first_stage_scale: float = 0.3
) -> float:
    """Return the Bayes factor of no confounding, ρ = 0, against ρ ~ Uniform(-1, 1).

    It compares least squares with instrumental variables, as the test of Hausman and of Durbin and
    Wu does; above 1 it speaks for least squares. Errors are independent of equal variance. Both
    evidences are averaged over the prior of s.

    Parameters
    ----------
    moments : InstrumentMoments
    first_stage_scale : float
        Scale of the half-Cauchy prior of s, by √n'.

    Returns
    -------
    float
    """
    from scipy.special import gammaln, logsumexp

    n, k = moments.degrees, moments.instruments
    angle = (np.arange(_ANGLES) + 0.5) / _ANGLES * np.pi - np.pi / 2
    log_variance = np.linspace(*LOG_VARIANCE_RANGE, _LOG_VARIANCE_NODES)
    variance = np.exp(log_variance)
    kappa = variance / (1 + variance)
    effect = moments.least_squares + moments.residual_ratio * np.tan(angle)
    forms = residuals(moments, effect, np.empty(0), robust=False)
    inside = forms.size[:, None] * (1 - kappa * forms.fit[:, None])
    log_determinant = _log_determinants(moments, kappa, np.empty(0))
    prior = log_variance / 2 - np.log1p(variance / (first_stage_scale**2 * n))
    prior = prior - k / 2 * np.log1p(variance)
    gammas = gammaln(n / 2) + gammaln(n / 2 - 1)
    confounded = (
        np.log(0.5)
        + np.log(2 * np.pi) / 2
        - n / 2 * np.log(forms.size / 2)[:, None]
        - np.log(inside) / 2
        - (n / 2 - 1) * (log_determinant - np.log(2 * inside))
        - 2 * np.log(np.cos(angle))[:, None]
        + np.log(np.pi / _ANGLES * moments.residual_ratio)
    )
    total, explained = moments.products[1, 1], moments.explained[1, 1]
    least = moments.residual_ratio**2 * total
    unconfounded = (
        (np.log(2 * np.pi) - np.log(total)) / 2
        - n / 2 * np.log(least / 2)
        - (n / 2 - 1) * np.log((total - kappa * explained) / 2)
    )
    with_confounding = logsumexp(confounded + prior) + gammas
    without = logsumexp(unconfounded + prior) + gammas
    return float(np.exp(without - with_confounding))
