"""The posterior of the effects of two or three treatments, in closed form, on a grid.

    T = Z Π + W δ + v,    y = T β + W γ + u,    rows of (v, u) ~ Normal(0, Σ)

with q treatments and k >= q instruments. As with one treatment, v is regressed on u: T - uψ' = ZΠ +
E, rows of E independent of u with covariance Ψ, and rows of Π, of instruments rotated to be
orthonormal, are Normal(0, s²Ψ). Covariates W are partialled out. Write G = [y T]'[y T], C its part
that instruments explain, c = (1, -β)', κ = s²/(1 + s²), U = c'Gc, A = c'(G - κC)c, D = |G - κC| and
n' = rows - rank W - q. Π, ψ, Ψ and Var(u) are integrated out with p(Var u, ψ, Ψ) ∝ Var(u)^(q/2-1):

    Π         (1 + s²)^(-kq/2), and (T - uψ')'(I - κP)(T - uψ') = A(ψ - ψ*)(ψ - ψ*)' + S
    ψ         |Ψ|^(1/2) A^(-q/2), and |S| = D / A
    Ψ         (D / A)^(-(n'-2)/2)
    Var(u)    U^(-n'/2)

    p(β, s) = p(s) (1+s²)^(-kq/2) D^(-(n'-2)/2) A^((n'-2-q)/2) U^(-n'/2)

The prior is uniform confounding: with Ω = Var(v) the vector r = Ω^(-1/2) Cov(v, u) / sd(u), whose
length is the multiple correlation of u with v, is uniform in the unit ball. With one treatment it
is ρ. Where instruments say nothing (C = 0), β has a multivariate t distribution with 2 degrees of
freedom about least squares. With `robust`, u'P_Z u / u'u is replaced by g'V⁻¹g / (n' + q - 1), as
with one treatment.

The grid is a product of even angles θ_j in β = β₀ + L tan θ, with centre and scale adapted to the
posterior; it reaches the whole space.

Whether instruments move each treatment apart from the others is asked of the conditional F
statistic of Sanderson & Windmeijer (2016); whether they bound every combination of effects, of the
Anderson-Rubin statistic far away in each direction. With equal variances the least of these is the
statistic of Cragg & Donald.

References
----------
Drèze & Richard (1983), Bayesian analysis of simultaneous equation systems, in Handbook of
Econometrics 1. Cragg & Donald (1993), Testing identifiability and specification in instrumental
variable models, Econometric Theory 9.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, stats

from causalstats.numerics.instruments.effect_posterior import LOG_VARIANCE_RANGE
from causalstats.numerics.instruments.grid_cells import drawn_within_cells, nodes_around
from causalstats.numerics.instruments.moments import InstrumentMoments

_ANGLES = {2: 101, 3: 41}
_COARSE_ANGLES = {2: 61, 3: 27}
_LOG_VARIANCE_NODES = 40
_LARGEST_RATIO = 1 - 1e-9
_ADAPTATIONS = 3
_ADAPTATION_SEED = 0  # the posterior does not depend on it
_DIRECTIONS = 4000  # in which a robust set may be unbounded
MOST_TREATMENTS = max(_ANGLES)


def least_squares(moments: InstrumentMoments) -> np.ndarray:
    """Return the coefficients of the regression of the outcome on the treatments, shape (q,)."""
    return k_class_effects(moments, 0.0)


def k_class_effects(moments: InstrumentMoments, kappa: float) -> np.ndarray:
    """Return k-class estimates of several effects: 0 is least squares, 1 is 2SLS.

    Parameters
    ----------
    moments : InstrumentMoments
    kappa : float
    """
    q = moments.treatments
    weighted = (1 - kappa) * moments.products + kappa * moments.explained
    return np.linalg.solve(weighted[1 : q + 1, 1 : q + 1], weighted[1 : q + 1, 0])


@dataclass(frozen=True, eq=False)
class NormalEstimates:
    """Estimates of several effects, each with a normal interval.

    Parameters
    ----------
    estimate, se : arrays, shape (q,)
    """

    estimate: np.ndarray
    se: np.ndarray

    def mean(self) -> np.ndarray:
        """Return the estimates."""
        return self.estimate

    def quantile(self, prob: float) -> np.ndarray:
        """Return quantiles of the normal distributions about the estimates.

        Parameters
        ----------
        prob : float
        """
        return self.estimate + stats.norm.ppf(prob) * self.se


def k_class(
    moments: InstrumentMoments, kappa: float, *, robust: bool
) -> NormalEstimates:
    """Return k-class estimates of several effects with their standard errors.

    Parameters
    ----------
    moments : InstrumentMoments
    kappa : float
        0 is least squares, 1 is 2SLS.
    robust : bool
        Whether scores have a variance robust to heteroscedasticity, or clustered.
    """
    return NormalEstimates(
        k_class_effects(moments, kappa), k_class_errors(moments, kappa, robust=robust)
    )


def liml_kappa(moments: InstrumentMoments) -> float:
    """Return κ of LIML, which is 1 with as many instruments as treatments.

    Parameters
    ----------
    moments : InstrumentMoments
    """
    size = moments.treatments + 1
    total = moments.products[:size, :size]
    unexplained = total - moments.explained[:size, :size]
    return float(linalg.eigh(total, unexplained, eigvals_only=True)[0])


def k_class_errors(
    moments: InstrumentMoments, kappa: float, *, robust: bool
) -> np.ndarray:
    """Return standard errors of `k_class_effects`, shape (q,).

    Parameters
    ----------
    moments : InstrumentMoments
    kappa : float
    robust : bool
        Whether scores have a variance robust to heteroscedasticity, or clustered.
    """
    q = moments.treatments
    inside = slice(1, q + 1)
    c = np.append(1.0, -k_class_effects(moments, kappa))
    weighted = (1 - kappa) * moments.products + kappa * moments.explained
    bread = np.linalg.inv(weighted[inside, inside])
    if not robust:
        variance = c @ moments.products[: q + 1, : q + 1] @ c / moments.degrees
        spread = weighted if kappa == 0 else moments.explained
        return np.sqrt(variance * np.diag(np.linalg.inv(spread[inside, inside])))
    products = moments.score_products[: q + 1, : q + 1]
    scores = np.einsum("a,abij,b->ij", c, products, c)
    directions = moments.projections[:, inside]
    return np.sqrt(np.diag(bread @ directions.T @ scores @ directions @ bread))


def shares_explained(
    moments: InstrumentMoments, contrast: np.ndarray, robust: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return u'u, and the share of it that instruments explain, for u = [y T] c.

    Parameters
    ----------
    moments : InstrumentMoments
    contrast : array, shape (n, q + 1)
        c.
    robust : bool

    Returns
    -------
    two arrays, shape (n,)
    """
    width = moments.treatments + 1
    products = moments.products[:width, :width]
    size = np.einsum("na,ab,nb->n", contrast, products, contrast)
    scores = contrast @ moments.projections[:, :width].T
    if not robust:
        return size, (scores**2).sum(axis=1) / size
    k = moments.instruments
    flat = moments.score_products[:width, :width].reshape(width**2, k * k)
    outer = (contrast[:, :, None] * contrast[:, None, :]).reshape(len(contrast), -1)
    variance = (outer @ flat).reshape(-1, k, k)
    solved = np.linalg.solve(variance, scores[..., None])[..., 0]
    # n' + q - 1 rows, so that one treatment has n'
    rows = moments.degrees + moments.treatments - 1
    statistic = (scores * solved).sum(axis=1) / rows
    return size, np.minimum(statistic, _LARGEST_RATIO)


def log_density(
    moments: InstrumentMoments,
    effects: np.ndarray,
    log_variance: np.ndarray,
    *,
    first_stage_scale: float,
    robust: bool,
) -> np.ndarray:
    """Return log p(β, log s² | data) up to a constant, at effects by values of log s².

    Parameters
    ----------
    moments : InstrumentMoments
    effects : array, shape (n, q)
    log_variance : array, shape (v,)
    first_stage_scale : float
        Scale of the half-Cauchy prior of s, by √n'.
    robust : bool

    Returns
    -------
    array, shape (n, v)
    """
    variance = np.exp(log_variance)
    kappa = variance / (1 + variance)
    size, share = shares_explained(moments, _contrasts(effects), robust)
    likelihood = _log_likelihood(
        moments, size[:, None], share[:, None], kappa, _log_determinants(moments, kappa)
    )
    scale = first_stage_scale**2 * moments.degrees
    return likelihood + log_variance / 2 - np.log1p(variance / scale)


def log_likelihood(
    moments: InstrumentMoments, effects: np.ndarray, log_variance: np.ndarray
) -> np.ndarray:
    """Return log p(data | β, s) up to a constant, errors of equal variance, others integrated out.

    Parameters
    ----------
    moments : InstrumentMoments
    effects : array, shape (n, q)
    log_variance : array, shape (n,)

    Returns
    -------
    array, shape (n,)
    """
    kappa = np.exp(log_variance) / (1 + np.exp(log_variance))
    size, share = shares_explained(moments, _contrasts(effects), robust=False)
    return _log_likelihood(
        moments, size, share, kappa, _log_determinants(moments, kappa)
    )


def _contrasts(effects: np.ndarray) -> np.ndarray:
    """Return c of u = [y T] c for each row of effects, shape (n, q + 1)."""
    return np.column_stack([np.ones(len(effects)), -effects])


def _log_determinants(moments: InstrumentMoments, kappa: np.ndarray) -> np.ndarray:
    """Return log |G - κC|, one for each κ."""
    width = moments.treatments + 1
    products = moments.products[:width, :width]
    explained = moments.explained[:width, :width]
    return np.linalg.slogdet(products - kappa[:, None, None] * explained)[1]


def _log_likelihood(
    moments: InstrumentMoments,
    size: np.ndarray,
    share: np.ndarray,
    kappa: np.ndarray,
    log_determinant: np.ndarray,
) -> np.ndarray:
    """Return -kq/2 log(1+s²) - (n'-2)/2 log D + (n'-2-q)/2 log(A/U) - (2+q)/2 log U.

    Parameters
    ----------
    moments : InstrumentMoments
    size, share : arrays
        U, and the share of it that instruments explain.
    kappa, log_determinant : arrays that broadcast with them
    """
    q, degrees = moments.treatments, moments.degrees
    return (
        moments.instruments * q / 2 * np.log1p(-kappa)
        - (degrees - 2) / 2 * log_determinant
        + (degrees - 2 - q) / 2 * np.log1p(-kappa * share)
        - (2 + q) / 2 * np.log(size)
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class EffectsPosterior:
    """The posterior of several effects and of s on a grid.

    Attributes
    ----------
    moments : InstrumentMoments
    centre : array, shape (q,)
    root : array, shape (q, q)
        L of β = centre + L tan θ.
    angle : array, shape (a,)
        Nodes of each θ_j.
    log_variance : array, shape (v,)
    probability : array, shape (a^q, v)
    """

    moments: InstrumentMoments
    centre: np.ndarray
    root: np.ndarray
    angle: np.ndarray
    log_variance: np.ndarray
    probability: np.ndarray

    def draw(
        self, size: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return independent draws of β, shape (size, q), and of log s², shape (size,).

        Parameters
        ----------
        size : int
        rng : Generator
        """
        q = len(self.centre)
        chosen = rng.choice(self.probability.size, size, p=self.probability.ravel())
        node, column = np.unravel_index(chosen, self.probability.shape)
        positions = np.stack(np.unravel_index(node, (len(self.angle),) * q), axis=1)
        step = self.angle[1] - self.angle[0]
        angle = self.angle[positions] + step * (rng.random((size, q)) - 0.5)
        log_variance = drawn_within_cells(self.log_variance, column, rng)
        return self.centre + np.tan(angle) @ self.root.T, log_variance


def effects_posterior(
    moments: InstrumentMoments, *, first_stage_scale: float = 0.3, robust: bool = True
) -> EffectsPosterior:
    """Return the posterior of two or three effects.

    Parameters
    ----------
    moments : InstrumentMoments
    first_stage_scale : float
        Scale of the half-Cauchy prior of s, by √n'.
    robust : bool
        Whether scores have a variance robust to heteroscedasticity, or clustered.

    Examples
    --------
    >>> from causalstats.numerics.instruments.moments import instrument_moments
    >>> rng = np.random.default_rng(1)
    >>> z, v = rng.standard_normal((1000, 3)), rng.standard_normal((1000, 2))
    >>> e = rng.standard_normal(1000)
    >>> t = z[:, :2] + z[:, 2:] / 2 + v
    >>> moments = instrument_moments(t @ [2, -1] + v.sum(axis=1) + e, t, z, np.empty((1000, 0)))
    >>> draws, _ = effects_posterior(moments).draw(4000, rng)
    >>> np.median(draws, axis=0).round()
    array([ 2., -1.])
    """
    centre, root = starting_grid(moments)
    log_variance = np.linspace(*LOG_VARIANCE_RANGE, _LOG_VARIANCE_NODES)
    scales = {"first_stage_scale": first_stage_scale, "robust": robust}
    rng = np.random.default_rng(_ADAPTATION_SEED)
    for _ in range(_ADAPTATIONS):
        grid = _grid(moments, centre, root, log_variance[::2], _COARSE_ANGLES, scales)
        centre, root = _adapted(grid.draw(4000, rng)[0])
        found = grid.probability.sum(axis=0)
        log_variance = nodes_around(grid.log_variance, found, _LOG_VARIANCE_NODES)
    return _grid(moments, centre, root, log_variance, _ANGLES, scales)


def starting_grid(moments: InstrumentMoments) -> tuple[np.ndarray, np.ndarray]:
    """Return centre and root L of β = centre + L tan θ, before they are adapted.

    Parameters
    ----------
    moments : InstrumentMoments

    Returns
    -------
    two arrays, shape (q,) and (q, q)
        LIML, and a root of its variance, in which instruments explain a little at least.
    """
    inside = slice(1, moments.treatments + 1)
    c = _contrasts(least_squares(moments)[None])[0]
    error = c @ moments.products[: len(c), : len(c)] @ c / moments.degrees
    centre = k_class_effects(moments, liml_kappa(moments))
    information = moments.explained + 2 / moments.degrees * moments.products
    spread = error * np.linalg.inv(information[inside, inside])
    return centre, np.linalg.cholesky(spread)


def _adapted(effects: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return medians of draws, and a root of the covariance of the inner nine tenths.

    Parameters
    ----------
    effects : array, shape (n, q)
    """
    centre = np.median(effects, axis=0)
    spread = np.diff(np.quantile(effects, [0.16, 0.84], axis=0), axis=0)[0] / 2
    distance = (((effects - centre) / spread) ** 2).sum(axis=1)
    inner = effects[distance <= np.quantile(distance, 0.9)]
    return centre, 1.2 * np.linalg.cholesky(np.cov(inner.T))


def _grid(
    moments: InstrumentMoments,
    centre: np.ndarray,
    root: np.ndarray,
    log_variance: np.ndarray,
    sizes: dict[int, int],
    scales: dict[str, float | bool],
) -> EffectsPosterior:
    """Return the posterior on a grid about a centre.

    Parameters
    ----------
    moments : InstrumentMoments
    centre : array, shape (q,)
    root : array, shape (q, q)
    log_variance : array, shape (v,)
    sizes : mapping of q to the number of angles
    scales : mapping
        `first_stage_scale` and `robust`.
    """
    q = moments.treatments
    count = sizes[q]
    angle = (np.arange(count) + 0.5) / count * np.pi - np.pi / 2
    angles = np.stack(np.meshgrid(*[angle] * q, indexing="ij"), axis=-1).reshape(-1, q)
    effects = centre + np.tan(angles) @ root.T
    logs = log_density(
        moments,
        effects,
        log_variance,
        first_stage_scale=float(scales["first_stage_scale"]),
        robust=bool(scales["robust"]),
    )
    logs = logs - 2 * np.log(np.cos(angles)).sum(axis=1)[:, None]
    density = np.exp(logs - logs.max())
    return EffectsPosterior(
        moments=moments,
        centre=centre,
        root=root,
        angle=angle,
        log_variance=log_variance,
        probability=density / density.sum(),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class SeveralErrorDraws:
    """Draws of the errors and of the first stage, given effects and s.

    Attributes
    ----------
    variance : array, shape (n,)
        Var(u).
    slope : array, shape (n, q)
        ψ, of the regression of v on u.
    root : array, shape (n, q, q)
        R of Ψ = Var(v | u) = RR'.
    first_stage : array, shape (n, k, q)
        Π of orthonormal instruments.
    """

    variance: np.ndarray
    slope: np.ndarray
    root: np.ndarray
    first_stage: np.ndarray

    @property
    def covariance(self) -> np.ndarray:
        """Ω = Ψ + Var(u) ψψ', shape (n, q, q)."""
        residual = self.root @ self.root.transpose(0, 2, 1)
        outer = self.slope[:, :, None] * self.slope[:, None, :]
        return residual + self.variance[:, None, None] * outer

    @property
    def correlation(self) -> np.ndarray:
        """Corr(u, v_j), shape (n, q)."""
        deviations = np.sqrt(np.diagonal(self.covariance, axis1=1, axis2=2))
        return self.slope * np.sqrt(self.variance)[:, None] / deviations

    @property
    def multiple_correlation(self) -> np.ndarray:
        """R of the regression of u on v, shape (n,); R^q is uniform before the data."""
        standard = np.linalg.solve(self.root, self.slope[..., None])[..., 0]
        ratio = self.variance * (standard**2).sum(axis=1)
        return np.sqrt(ratio / (1 + ratio))

    @property
    def first_stage_f(self) -> np.ndarray:
        """1 + λ / k, shape (n,), with λ the least eigenvalue of Ω^(-1/2) Π'Π Ω^(-1/2).

        The expected statistic of Cragg & Donald, for the combination of treatments that instruments
        move least.
        """
        inverse = np.linalg.inv(np.linalg.cholesky(self.covariance))
        whitened = self.first_stage @ inverse.transpose(0, 2, 1)
        least = np.linalg.eigvalsh(whitened.transpose(0, 2, 1) @ whitened)[:, 0]
        return 1 + least / self.first_stage.shape[1]


def draw_errors(
    moments: InstrumentMoments,
    effects: np.ndarray,
    log_variance: np.ndarray,
    rng: np.random.Generator,
) -> SeveralErrorDraws:
    """Return draws from the conjugate posteriors of errors and first stage.

    Var(u) ~ inverse Gamma(n'/2, U/2), Ψ ~ inverse Wishart(n' - 2, S), ψ ~ Normal(ψ*, Ψ/A) and rows
    of Π ~ Normal(κQ'(T - uψ'), κΨ).

    Parameters
    ----------
    moments : InstrumentMoments
    effects : array, shape (n, q)
    log_variance : array, shape (n,)
    rng : Generator
    """
    size, q = effects.shape
    width, degrees = q + 1, moments.degrees
    kappa = (np.exp(log_variance) / (1 + np.exp(log_variance)))[:, None, None]
    left = moments.products[:width, :width] - kappa * moments.explained[:width, :width]
    c = np.column_stack([np.ones(size), -effects])
    total = np.einsum("na,ab,nb->n", c, moments.products[:width, :width], c)
    inside = np.einsum("na,nab,nb->n", c, left, c)
    cross = np.einsum("nab,nb->na", left, c)[:, 1:]
    mean = cross / inside[:, None]
    scale = left[:, 1:, 1:] - cross[:, :, None] * mean[:, None, :]
    variance = total / 2 / rng.gamma(degrees / 2, 1.0, size)
    # Bartlett's decomposition of the inverse of a Wishart matrix
    triangle = np.tril(rng.standard_normal((size, q, q)), -1)
    for position in range(q):
        triangle[:, position, position] = np.sqrt(
            rng.chisquare(degrees - 2 - position, size)
        )
    root = np.linalg.cholesky(scale) @ np.linalg.inv(triangle).transpose(0, 2, 1)
    noise = np.einsum("nab,nb->na", root, rng.standard_normal((size, q)))
    slope = mean + noise / np.sqrt(inside)[:, None]
    scores = c @ moments.projections[:, :width].T
    centre = moments.projections[:, 1:width] - scores[:, :, None] * slope[:, None, :]
    raw = rng.standard_normal((size, moments.instruments, q))
    first_stage = kappa * centre + np.sqrt(kappa) * raw @ root.transpose(0, 2, 1)
    return SeveralErrorDraws(
        variance=variance, slope=slope, root=root, first_stage=first_stage
    )


def least_statistic(
    moments: InstrumentMoments, *, robust: bool
) -> tuple[float, np.ndarray]:
    """Return the least Anderson-Rubin statistic (χ² form) over all effects, and where it is.

    With equal variances that is LIML; otherwise the continuously updated estimator (Hansen, Heaton
    & Yaron 1996), searched from LIML and from 2SLS.

    Parameters
    ----------
    moments : InstrumentMoments
    robust : bool
    """
    from scipy.optimize import minimize

    kappa = liml_kappa(moments)
    liml = k_class_effects(moments, kappa)
    if not robust:
        left = moments.degrees + moments.treatments - moments.instruments
        return (kappa - 1) * left, liml
    spread = np.maximum(k_class_errors(moments, 1.0, robust=True), 1e-300)

    def statistic(steps: np.ndarray) -> float:
        contrast = _contrasts((liml + spread * steps)[None])
        return float(direction_statistics(moments, contrast, robust=True)[0])

    away = (k_class_effects(moments, 1.0) - liml) / spread
    searched = [
        minimize(statistic, start, method="Nelder-Mead")
        for start in (np.zeros(len(liml)), away)
    ]
    best = min(searched, key=lambda each: float(each.fun))
    return float(best.fun), liml + spread * best.x


def overidentification(moments: InstrumentMoments, *, robust: bool) -> float:
    """Return the p-value that all instruments are valid, by the least Anderson-Rubin statistic.

    χ² with k - q degrees of freedom where the variance is robust, and k - q times an F distribution
    where errors have equal variance. NaN with as many instruments as treatments.

    Parameters
    ----------
    moments : InstrumentMoments
    robust : bool
    """
    spare = moments.instruments - moments.treatments
    if spare == 0:
        return float("nan")
    least, _ = least_statistic(moments, robust=robust)
    if robust:
        return float(stats.chi2.sf(least, spare))
    left = moments.degrees + moments.treatments - moments.instruments
    return float(stats.f.sf(least / spare, spare, left))


def direction_statistics(
    moments: InstrumentMoments, contrast: np.ndarray, *, robust: bool
) -> np.ndarray:
    """Return the Anderson-Rubin statistic of u = [y T] c, in its χ² form.

    With no outcome in it, c = (0, -e), it is the limit for effects far away in the direction e.

    Parameters
    ----------
    moments : InstrumentMoments
    contrast : array, shape (n, q + 1)
    robust : bool
    """
    _, share = shares_explained(moments, contrast, robust)
    rows = moments.degrees + moments.treatments - 1
    if robust:
        return share * rows
    return share / (1 - share) * (rows + 1 - moments.instruments)


def conditional_first_stage_f(
    moments: InstrumentMoments, *, robust: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the conditional F statistic of each treatment, and its p-value.

    T_j is regressed on the other treatments by 2SLS; the statistic asks whether instruments explain
    what that leaves, with k - q + 1 degrees of freedom (Sanderson & Windmeijer 2016). With `robust`
    it is the score statistic of it.

    Parameters
    ----------
    moments : InstrumentMoments
    robust : bool

    Returns
    -------
    two arrays, shape (q,)
    """
    q = moments.treatments
    explained = moments.explained[1 : q + 1, 1 : q + 1]
    contrast = np.zeros((q, q + 1))
    for position in range(q):
        others = np.delete(np.arange(q), position)
        slopes = np.linalg.solve(
            explained[np.ix_(others, others)], explained[others, position]
        )
        contrast[position, 1 + position] = 1.0
        contrast[position, 1 + others] = -slopes
    spare = moments.instruments - q + 1
    statistics = direction_statistics(moments, contrast, robust=robust)
    left = moments.degrees + q - moments.instruments
    p_values = stats.f.sf(statistics / spare, spare, left)
    if robust:
        p_values = stats.chi2.sf(statistics, spare)
    return statistics / spare, p_values


def bounded(moments: InstrumentMoments, prob: float = 0.95, *, robust: bool) -> bool:
    """Return whether the Anderson-Rubin set is bounded in every direction.

    Parameters
    ----------
    moments : InstrumentMoments
    prob : float
        Coverage of the set.
    robust : bool
    """
    k = moments.instruments
    left = moments.degrees + moments.treatments - k
    limit = stats.chi2.ppf(prob, k)
    if not robust:
        limit = k * stats.f.ppf(prob, k, left)
    return bool(_least_far_away(moments, robust) > limit)


def _least_far_away(moments: InstrumentMoments, robust: bool) -> float:
    """Return the least Anderson-Rubin statistic of effects far away, over all directions."""
    from scipy.optimize import minimize

    q = moments.treatments
    inside = slice(1, q + 1)
    total = moments.products[inside, inside]
    _, weakest = linalg.eigh(moments.explained[inside, inside], total)

    def statistics(directions: np.ndarray) -> np.ndarray:
        contrast = np.column_stack([np.zeros(len(directions)), -directions])
        return direction_statistics(moments, contrast, robust=robust)

    if not robust:
        return float(statistics(weakest[:, :1].T)[0])
    # In units in which treatments are uncorrelated, so that no direction is rare
    to_units = np.linalg.inv(np.linalg.cholesky(total))
    drawn = np.random.default_rng(0).standard_normal((_DIRECTIONS, q)) @ to_units
    directions = np.concatenate([weakest.T, drawn])
    scale = np.sqrt(np.diag(total))
    best = directions[statistics(directions).argmin()] * scale
    polished = minimize(
        lambda steps: float(statistics((steps / scale)[None])[0]),
        best / np.linalg.norm(best),
        method="Nelder-Mead",
    )
    return float(polished.fun)
