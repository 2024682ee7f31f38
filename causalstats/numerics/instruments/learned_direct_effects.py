"""The posterior where every instrument may have a direct effect, of a size that is learned.

    T = Z Π + W δ + v,    y = T β + W γ + Z η + u,    η_j ~ Normal(0, τ² / Var(z_j))

Errors are normal with equal variances, and u = φv + e with e independent of v. Instruments are
rotated to be orthonormal, so that direct effects are independent too, with variances λ_i τ². Write
Ω = Var(v), σ² = Var(e), θ = β + φ for the slope of least squares outside the span of the
instruments, and Π_i ~ Normal(0, S). Of the rotated treatment a_i and outcome b_i,

    inside the span:     a_i ~ Normal(0, Ω + S)
                         b_i | a_i ~ Normal((θ - κφ) a_i, σ² + κΩφ² + λ_i τ²),  κ = S / (Ω + S)
    outside, ν rows:     v ~ Normal(0, Ω),    y | v ~ Normal(θv, σ²)

since E(v | a) = (1 - κ)a and Var(v | a) = κΩ. With φ = tσ/√Ω, where ρ = Corr(u, v) = t/√(1 + t²) is
uniform, with S = s² Var(v | u) = s² Ω / (1 + t²), with τ in units of σ and with c = σ/√Ω, all
variances are multiples of σ²:

    m_i = 1 + κt² + λ_i τ²,    κ = s² / (1 + t² + s²)
    E = R_TT + Σ a_i² / (1 + s²/(1 + t²))
    Q(θ) = |y - θT|² outside + Σ (b_i + κtc a_i - θa_i)² / m_i

θ and σ² are integrated out. With the prior of `effect_posterior`, p(θ, σ², Ω) ∝ Ω^(1/2) / σ², and H
the coefficient of θ² in Q, N = ν + k,

    p(t, s, τ, c) ∝ p(ρ) p(s) p(τ) c^(N-3) (1 + s²/(1+t²))^(-k/2) Π m_i^(-1/2) H^(-1/2)
                    (c²E + min Q)^(-(N-2))    by dt, ds, dτ, d log c

which is summed on a grid. At τ = 0 it is `effect_posterior`. τ is in units of σ and not of
sd(u): sd(u) grows with |β|, and effects far away would allow direct effects of any size.

References
----------
Conley, Hansen & Rossi (2012), Plausibly exogenous, Review of Economics and Statistics 94. Kolesár,
Chetty, Friedman, Glaeser & Imbens (2015), Identification and inference with many invalid
instruments, Journal of Business & Economic Statistics 33. Bowden, Davey Smith & Burgess (2015),
Mendelian randomization with invalid instruments, International Journal of Epidemiology 44.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalstats.numerics.instruments.effect_posterior import LOG_VARIANCE_RANGE
from causalstats.numerics.instruments.grid_cells import drawn_within_cells, nodes_around
from causalstats.numerics.instruments.moments import InstrumentMoments

_COARSE_NODES, _NODES = 21, 25  # of log s² and of log τ²
_RATIO_NODES = 1.25 * np.arange(-4.0, 5.0)  # of log c, in standard deviations
_BETWEEN = 8  # as many steps from one of these to the next, where log c is drawn
_COARSE_ANGLES, _QUANTILES, _EVEN = 401, 140, 60
LOG_DIRECT_RANGE = (-10.0, 14.0)  # of log τ², in 1 / mean λ


@dataclass(frozen=True, eq=False, kw_only=True)
class RotatedDesign:
    """Treatment and outcome inside and outside the span of the instruments.

    Attributes
    ----------
    treatment, outcome : arrays, shape (k,)
        a and b, rotated so that direct effects are independent.
    spread : array, shape (k,)
        λ: variances of the rotated direct effects for τ = 1.
    outside : array, shape (2, 2)
        R: cross-products of outcome and treatment outside.
    rows_outside : int
        ν.
    to_direct : array, shape (p, k)
        Rotated direct effects to those of the instruments, per unit.
    unit : array, shape (p,)
        Standard deviations of the instruments given the covariates.
    """

    treatment: np.ndarray
    outcome: np.ndarray
    spread: np.ndarray
    outside: np.ndarray
    rows_outside: int
    to_direct: np.ndarray
    unit: np.ndarray

    @property
    def log_ratio(self) -> float:
        """The logarithm of the ratio c of residual standard deviations, outside."""
        total = self.outside
        residual = total[0, 0] - total[0, 1] ** 2 / total[1, 1]
        return float(np.log(residual / total[1, 1]) / 2)


def rotated_design(moments: InstrumentMoments) -> RotatedDesign:
    """Return the design in which direct effects of the instruments are independent.

    Parameters
    ----------
    moments : InstrumentMoments
        Of independent instruments (k = p).

    Examples
    --------
    >>> from causalstats.numerics.instruments.moments import instrument_moments
    >>> rng = np.random.default_rng(1)
    >>> y, t, *z = rng.standard_normal((5, 100))
    >>> moments = instrument_moments(y, t, np.column_stack(z), np.empty((100, 0)))
    >>> rotated_design(moments).rows_outside
    96
    """
    rows = moments.degrees + 1
    unit = np.linalg.norm(moments.rotation, axis=0) / np.sqrt(rows)
    standardised = moments.rotation / unit
    spread, vectors = np.linalg.eigh(standardised @ standardised.T)
    projected = vectors.T @ moments.projections[:, :2]
    return RotatedDesign(
        treatment=projected[:, 1],
        outcome=projected[:, 0],
        spread=np.maximum(spread, 0.0),
        outside=moments.products[:2, :2] - moments.explained[:2, :2],
        rows_outside=rows - moments.instruments,
        to_direct=np.linalg.solve(moments.rotation, vectors),
        unit=unit,
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Coordinates:
    """Values of the parameters that are left once θ and σ² are integrated out; they broadcast.

    Attributes
    ----------
    angle : array
        ψ with ρ = sin ψ, so that t = tan ψ.
    log_first_stage : array
        log s².
    log_direct : array
        log τ², τ in units of σ per standard deviation of an instrument.
    log_ratio : array
        log c.
    """

    angle: np.ndarray
    log_first_stage: np.ndarray
    log_direct: np.ndarray
    log_ratio: np.ndarray

    @property
    def tangent(self) -> np.ndarray:
        """t = ρ / √(1 - ρ²)."""
        return np.tan(self.angle)

    @property
    def strength(self) -> np.ndarray:
        """S / Ω = s² / (1 + t²)."""
        return np.exp(self.log_first_stage) * np.cos(self.angle) ** 2

    @property
    def kappa(self) -> np.ndarray:
        """κ = S / (S + Ω)."""
        return self.strength / (1 + self.strength)

    @property
    def confounding(self) -> np.ndarray:
        """φ/σ·√Ω·c = tc, the slope φ of u on v."""
        return self.tangent * np.exp(self.log_ratio)


@dataclass(frozen=True, eq=False, kw_only=True)
class Slope:
    """The conditional posterior of θ and σ², and the log likelihood that they leave.

    Attributes
    ----------
    centre, curvature : array
        θ ~ Normal(centre, σ² / curvature).
    total : array
        c²E + min Q: σ² ~ inverse Gamma(N - 2, total / 2).
    log_likelihood : array
    """

    centre: np.ndarray
    curvature: np.ndarray
    total: np.ndarray
    log_likelihood: np.ndarray


def slope_given(design: RotatedDesign, at: Coordinates) -> Slope:
    """Return what is known of θ and σ² at each value of the other parameters.

    Parameters
    ----------
    design : RotatedDesign
    at : Coordinates
    """
    a, b = design.treatment, design.outcome
    added = at.kappa * at.tangent**2 + 1
    size = np.exp(at.log_direct)
    log_variances, weights = 0.0, [0.0, 0.0, 0.0]
    for first, second, each in zip(a, b, design.spread, strict=True):
        variance = added + each * size
        log_variances = log_variances + np.log(variance)
        weights[0] = weights[0] + first**2 / variance
        weights[1] = weights[1] + first * second / variance
        weights[2] = weights[2] + second**2 / variance
    (outcome, cross), (_, treatment) = design.outside
    moved = at.kappa * at.confounding
    curvature = treatment + weights[0]
    linear = cross + weights[1] + moved * weights[0]
    constant = outcome + weights[2] + moved * (2 * weights[1] + moved * weights[0])
    explained = treatment + (a**2).sum() / (1 + at.strength)
    left = constant - linear**2 / curvature
    total = np.exp(2 * at.log_ratio) * explained + left
    rows = design.rows_outside + len(a)
    log_likelihood = (
        (rows - 3) * at.log_ratio
        - len(a) / 2 * np.log1p(at.strength)
        - log_variances / 2
        - np.log(curvature) / 2
        - (rows - 2) * np.log(total)
    )
    return Slope(
        centre=linear / curvature,
        curvature=curvature,
        total=total,
        log_likelihood=log_likelihood,
    )


def log_prior(
    design: RotatedDesign,
    at: Coordinates,
    *,
    first_stage_scale: float,
    direct_scale: float,
) -> np.ndarray:
    """Return the log prior density by ψ, log s², log τ² and log c, up to a constant.

    Parameters
    ----------
    design : RotatedDesign
    at : Coordinates
    first_stage_scale : float
        Scale of the half-Cauchy prior of s, by √n'.
    direct_scale : float
        Scale of the half-Cauchy prior of τ.
    """
    degrees = design.rows_outside + len(design.treatment) - 1
    first_stage = at.log_first_stage / 2 - np.log1p(
        np.exp(at.log_first_stage) / (first_stage_scale**2 * degrees)
    )
    direct = at.log_direct / 2 - np.log1p(np.exp(at.log_direct) / direct_scale**2)
    return np.log(np.cos(at.angle)) + first_stage + direct


@dataclass(frozen=True, eq=False, kw_only=True)
class LearnedDirectPosterior:
    """The posterior on a grid of ψ, log s², log τ² and log c.

    Attributes
    ----------
    design : RotatedDesign
    nodes : tuple of arrays
        Of ψ, log s², log τ² and log c.
    widths : array, shape (a,)
        Of the cells of ψ, which are not even.
    probability : array, shape (a, s, d, c)
    """

    design: RotatedDesign
    nodes: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
    widths: np.ndarray
    probability: np.ndarray

    def draw(self, size: int, rng: np.random.Generator) -> Coordinates:
        """Return independent draws of the coordinates, even within cells of the grid.

        Parameters
        ----------
        size : int
        rng : Generator
        """
        weight = self.probability.sum(axis=3)
        chosen = rng.choice(weight.size, size, p=weight.ravel())
        positions = np.unravel_index(chosen, weight.shape)
        width = self.widths[positions[0]]
        angle = self.nodes[0][positions[0]] + width * (rng.random(size) - 0.5)
        strengths, sizes = self.nodes[1:3]
        return Coordinates(
            angle=angle,
            log_first_stage=drawn_within_cells(strengths, positions[1], rng),
            log_direct=drawn_within_cells(sizes, positions[2], rng),
            log_ratio=self._log_ratio(positions, rng),
        )

    def _log_ratio(
        self, positions: tuple[np.ndarray, ...], rng: np.random.Generator
    ) -> np.ndarray:
        """Return draws of log c given the nodes of the others.

        Its few nodes are enough to sum a nearly normal density, and too far apart to draw from:
        between them the log density is a spline.

        Parameters
        ----------
        positions : tuple of int arrays, shape (n,)
        rng : Generator
        """
        from scipy.interpolate import CubicSpline

        given = np.maximum(self.probability[positions[:3]], np.finfo(float).tiny)
        nodes = self.nodes[3]
        fine = np.linspace(nodes[0], nodes[-1], _BETWEEN * (len(nodes) - 1) + 1)
        logs = CubicSpline(nodes, np.log(given), axis=1)(fine)
        levels = np.exp(logs - logs.max(axis=1, keepdims=True)).cumsum(axis=1)
        wanted = rng.random((len(levels), 1)) * levels[:, -1:]
        return drawn_within_cells(fine, (levels < wanted).sum(axis=1), rng)


def learned_direct_posterior(
    design: RotatedDesign, *, first_stage_scale: float = 0.3, direct_scale: float = 0.1
) -> LearnedDirectPosterior:
    """Return the posterior of confounding, strength of instruments and direct effects.

    Parameters
    ----------
    design : RotatedDesign
    first_stage_scale : float
        Scale of the half-Cauchy prior of s, by √n'.
    direct_scale : float
        Scale of the half-Cauchy prior of τ.

    Examples
    --------
    >>> from causalstats.numerics.instruments.moments import instrument_moments
    >>> rng = np.random.default_rng(1)
    >>> z, (v, e) = rng.standard_normal((400, 5)), rng.standard_normal((2, 400))
    >>> t = z.sum(axis=1) + v
    >>> moments = instrument_moments(2 * t + v + e, t, z, np.empty((400, 0)))
    >>> design = rotated_design(moments)
    >>> draws = learned_direct_posterior(design).draw(4000, rng)
    >>> round(float(np.sin(draws.angle).mean()), 1)
    0.7
    """
    angles = (np.arange(_COARSE_ANGLES) + 0.5) / _COARSE_ANGLES * np.pi - np.pi / 2
    widths = np.full(_COARSE_ANGLES, np.pi / _COARSE_ANGLES)
    strengths = np.linspace(*LOG_VARIANCE_RANGE, _COARSE_NODES)
    sizes = np.linspace(*log_direct_range(design), _COARSE_NODES)
    middle = np.array([design.log_ratio])
    scales = {"first_stage_scale": first_stage_scale, "direct_scale": direct_scale}
    for _ in range(3):
        coarse = _probability(
            design, (angles, strengths, sizes, middle), widths, scales
        )
        angles, widths = _refined(angles, widths, coarse.sum(axis=(1, 2, 3)))
    strengths = nodes_around(strengths, coarse.sum(axis=(0, 2, 3)), _NODES)
    sizes = nodes_around(sizes, coarse.sum(axis=(0, 1, 3)), _NODES)
    ratios = middle + _RATIO_NODES / np.sqrt(design.rows_outside)
    nodes = (angles, strengths, sizes, ratios)
    return LearnedDirectPosterior(
        design=design,
        nodes=nodes,
        widths=widths,
        probability=_probability(design, nodes, widths, scales),
    )


def log_direct_range(design: RotatedDesign) -> tuple[float, float]:
    """Return limits of log τ², from direct effects far below noise to far above it."""
    low, high = LOG_DIRECT_RANGE
    size = np.log(design.spread.mean())
    return float(low - size), float(high - size)


def _probability(
    design: RotatedDesign,
    nodes: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    widths: np.ndarray,
    scales: dict[str, float],
) -> np.ndarray:
    """Return the posterior probability of the cells of a grid.

    Parameters
    ----------
    design : RotatedDesign
    nodes : tuple of arrays
    widths : array, shape (a,)
    scales : mapping
        Prior scales of s and of τ.
    """
    angle, first_stage, direct, ratio = np.ix_(*nodes)
    at = Coordinates(
        angle=angle, log_first_stage=first_stage, log_direct=direct, log_ratio=ratio
    )
    logs = slope_given(design, at).log_likelihood + log_prior(design, at, **scales)
    logs = logs + np.log(widths)[:, None, None, None]
    density = np.exp(logs - logs.max())
    return density / density.sum()


def _refined(
    angles: np.ndarray, widths: np.ndarray, probability: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes of ψ that are dense where the posterior is, and the widths of their cells.

    Parameters
    ----------
    angles, widths, probability : arrays, shape (a,)
        Of the cells so far.
    """
    edges = np.append(angles - widths / 2, angles[-1] + widths[-1] / 2)
    levels = np.append(0.0, probability.cumsum())
    dense = np.interp(np.linspace(0, 1, _QUANTILES + 2)[1:-1], levels, edges)
    even = np.linspace(-np.pi / 2, np.pi / 2, _EVEN + 2)
    edges = np.unique(np.concatenate([dense, even]))
    return (edges[1:] + edges[:-1]) / 2, np.diff(edges)


@dataclass(frozen=True, eq=False, kw_only=True)
class LearnedDirectDraws:
    """Draws of what the grid integrates out.

    Attributes
    ----------
    effect : array, shape (n,)
    correlation : array, shape (n,)
        ρ.
    first_stage_f : array, shape (n,)
        The expected F statistic, 1 + Π'Π / (kΩ).
    direct_effect : array, shape (n, p)
        η, per unit of each instrument.
    direct_effect_sd : array, shape (n,)
        τσ: the standard deviation of direct effects, per standard deviation of an instrument.
    standardised : array, shape (n, k)
        Rotated reduced form less what treatment and confounding explain, by its standard deviation.
    deviation : array, shape (n, k)
        That standard deviation.
    """

    effect: np.ndarray
    correlation: np.ndarray
    first_stage_f: np.ndarray
    direct_effect: np.ndarray
    direct_effect_sd: np.ndarray
    standardised: np.ndarray
    deviation: np.ndarray


def draw_given(
    design: RotatedDesign, at: Coordinates, rng: np.random.Generator
) -> LearnedDirectDraws:
    """Return draws of effect, direct effects and first stage, given the coordinates.

    Parameters
    ----------
    design : RotatedDesign
    at : Coordinates
        Of n draws.
    rng : Generator
    """
    known = slope_given(design, at)
    size = len(at.angle)
    rows = design.rows_outside + len(design.treatment)
    variance = known.total / 2 / rng.gamma(rows - 2, 1.0, size)
    slope = known.centre + np.sqrt(variance / known.curvature) * rng.standard_normal(
        size
    )
    added = at.kappa * at.tangent**2 + 1
    direct = design.spread * np.exp(at.log_direct)[:, None]
    shares = added[:, None] + direct
    inside = (slope - at.kappa * at.confounding)[:, None]
    residual = design.outcome - inside * design.treatment
    shape = residual.shape
    # Direct effects given the residuals, then v given residuals and direct effects
    spread = np.sqrt(variance[:, None] * direct * added[:, None] / shares)
    rotated = direct / shares * residual + spread * rng.standard_normal(shape)
    confounded = (residual - rotated) / added[:, None]
    kappa, tangent = at.kappa[:, None], at.tangent[:, None]
    scale = np.exp(at.log_ratio)[:, None]
    centre = (1 - kappa) * design.treatment + kappa * tangent / scale * confounded
    noise = np.sqrt(variance[:, None] * kappa / added[:, None]) / scale
    errors = centre + noise * rng.standard_normal(shape)
    first_stage = design.treatment - errors
    treatment_variance = variance / np.exp(2 * at.log_ratio)
    deviation = np.sqrt(variance[:, None] * shares)
    return LearnedDirectDraws(
        effect=slope - at.confounding,
        correlation=np.sin(at.angle),
        first_stage_f=1 + (first_stage**2).mean(axis=1) / treatment_variance,
        direct_effect=rotated @ design.to_direct.T,
        direct_effect_sd=np.sqrt(variance) * np.exp(at.log_direct / 2),
        standardised=residual / deviation,
        deviation=deviation,
    )
