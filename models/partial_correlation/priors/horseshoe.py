"""The horseshoe prior of the precision of the amounts before closure (graphical horseshoe).

The precision K = d R d of the log amounts, d_j = ω_j^(-1/2), has partial correlations -R_ij with a
global and a local scale each,

    R_ij ~ Normal(0, (τ λ_ij)²),  λ_ij ~ half-Cauchy(1),  τ ~ half-Cauchy(`global_shrinkage_scale`)

cut to positive definite R. A small τ draws most of them to 0, and the heavy tail of λ leaves strong
links as they are. With few parts τ is cut to values of at least τ_min: there are then rows enough
not to draw links to 0, and doing so is the main cause of intervals that miss strong links. Where
the data have distances of parts, the scale is τ λ_ij exp(-β x_ij), with the distance x_ij about its
mean and β ~ Normal(0, `distance_effect_sd`²). R is in units of the variances ω, so that no part's
scale matters. The Θ of the composition is K - K11'K / 1'K1.

It is sampled by Gibbs sweeps: of log-ratios that are known in independent rows, given their
cross-products alone; of others, over the hidden log-ratios and the row correlation too.

References
----------
Carvalho, Polson & Scott (2010), The horseshoe estimator for sparse signals, Biometrika 97.
Li, Craig & Bhadra (2019), The graphical horseshoe estimator for inverse covariance matrices,
Journal of Computational and Graphical Statistics 28.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from causalstats.core.assumption import Assumption
from causalstats.core.gibbs_kernel import GibbsKernel
from causalstats.data import Composition
from causalstats.errors import ModelError
from causalstats.models.partial_correlation import student_rows
from causalstats.models.partial_correlation.covariates import COEFFICIENT
from causalstats.models.partial_correlation.graph_context import GraphContext
from causalstats.models.partial_correlation.hyperpriors import (
    HalfCauchy,
    HalfCauchyAbove,
    Hyperprior,
    Normal,
)
from causalstats.models.partial_correlation.marginal_posteriors import (
    pair_labels,
    pairs,
    with_unit_diagonal,
)
from causalstats.models.partial_correlation.observation import observation_of
from causalstats.models.partial_correlation.priors.base import AnswerText, Scatter
from causalstats.models.partial_correlation.priors.basis_variances import (
    FIELDS,
    PARAMETERS,
    add_basis_variances,
    draw_basis_variances,
    log_variance_of,
    variance_hyperpriors,
)
from causalstats.models.partial_correlation.priors.sampled import SampledPrior
from causalstats.models.partial_correlation.row_dependence import row_dependence_of
from causalstats.models.partial_correlation.row_dependence.correlated import CORRELATION

if TYPE_CHECKING:
    from causalstats.models.partial_correlation.model import PartialCorrelation

_MOST_TRIES = 10_000
DISTANCE_EFFECT = "distance_effect"
# Sweeps of a chain by the number of parts: those of few are quick, and mix slowly. Of 20 to 100
# parts, 1,000 sweeps are worth some 100 independent draws of τ, and 200 of the slowest pair.
_SWEEPS_BY_PARTS = 6e4
_FEWEST_SWEEPS = 2000
_MOST_SWEEPS = 20_000
# Those over hidden log-ratios and dependent rows take longer. Of 200 taxa in 200 samples, 99 % of
# the pairs that counts determine then have 400 effective draws.
_ROW_SWEEPS_OF_MANY_PARTS = 4e5
_FEWEST_ROW_SWEEPS = (600, 1500)
# A sweep over 1,000 taxa in 500 samples takes .75 s: two chains, one for each of two cores
_TWO_CHAINS_FROM_PARTS = 600
# Times as many, of up to so many parts, where these have not mixed: of rare counts
_LONGER = 5
_MOST_PARTS_OF_LONGER = 60
# τ_min with few parts: see `benchmarks/default_prior.json`
_LEAST_SHRINKAGE = 0.25
_FEW_PARTS = 8
_DISTANCES = "distances"
_FIRST_SHARE = 0.2  # of so many sweeps more, which are dropped
_MOST_DRAWS = 1000  # of a chain
_FEWEST_DRAWS = (100, 200)
_NUMBERS_KEPT = 2.5e6  # in the draws of Θ of a chain, 20 MB
_MOST_NUMBERS_KEPT = 4.8e8  # of all chains, where these are too few: 1.9 GB
_LARGEST_DOUBLE = 100  # parts; draws of more are kept in single precision
DIMS: Mapping[str, tuple[str, ...]] = {
    "log_typical_variance": (),
    "variance_spread": (),
    "basis_variance": ("part",),
    "global_shrinkage": (),
    "basis_correlation": ("pair",),
    "precision": ("part", "other_part"),
}


def _without_distances(data: Composition) -> str:
    if data.distances is not None:
        return ""
    return "these data have no distances of parts: give `distances=` of `Composition`."


@dataclass(frozen=True)
class Horseshoe(SampledPrior):
    """Partial correlations of the amounts with one global scale, and a local scale each."""

    fields: ClassVar[tuple[str, ...]] = (
        *FIELDS,
        *student_rows.FIELDS,
        "global_shrinkage_scale",
        "least_global_shrinkage",
        "distance_effect_sd",
    )
    hyperparameters: ClassVar[tuple[str, ...]] = ("global_shrinkage",)
    parameters: ClassVar[tuple[str, ...]] = (*PARAMETERS, *hyperparameters)
    latent: ClassVar[tuple[str, ...]] = ("local_shrinkage", "standard_correlation")
    simulation_fields: ClassVar[tuple[str, ...]] = ("basis_variance",)
    answers: ClassVar[Mapping[str, AnswerText]] = {
        "basis_correlation": AnswerText(
            "Partial correlation of two amounts before closure, given all the other amounts; "
            "known by its sparsity alone.",
            "correlation",
        ),
        DISTANCE_EFFECT: AnswerText(
            "Logarithm of the ratio of the scale of links between parts at distance 0 to that "
            "between parts farthest apart: 0 where distances say nothing.",
            "log ratio",
            _without_distances,
        ),
    }

    def assumption(self, model: PartialCorrelation) -> Assumption:
        return Assumption(
            name="sparsity",
            statement="Of the amounts before closure, most partial correlations are next to none, "
            "and few are strong; how few is learned.",
            if_wrong="With links between most parts, they are understated, and 95 % intervals "
            "cover .70 to .85. What is said of amounts stands on sparsity alone.",
            formula="R_ij ~ Normal(0, (τ λ_ij)²), λ_ij ~ half-Cauchy(1), τ ~ half-Cauchy("
            f"{model.global_shrinkage_scale:g}), cut to τ >= τ_min",
            checks=("few links among the amounts", "shrinkage of strong links"),
            fields=("global_shrinkage_scale", "least_global_shrinkage", "prior"),
        )

    def hyperpriors(
        self,
        model: PartialCorrelation,
        log_variance: float,
        parts: int,
        related: bool = False,
    ) -> dict[str, Hyperprior]:
        table = variance_hyperpriors(model, log_variance)
        scale = model.global_shrinkage_scale
        least = least_shrinkage(model, parts)
        shrinkage = HalfCauchyAbove(scale, least) if least else HalfCauchy(scale)
        table["global_shrinkage"] = shrinkage
        if related:
            table[DISTANCE_EFFECT] = Normal(0.0, model.distance_effect_sd)
        return table

    def inputs(self, model: PartialCorrelation, data: Composition) -> dict[str, Any]:
        inputs = super().inputs(model, data)
        if data.distances is None:
            return inputs
        return {**inputs, _DISTANCES: about_mean(data.distances)}

    def add_to_graph(self, context: GraphContext, scatter: Scatter) -> None:
        """Add ω, τ, λ, R = τ λ z and the density of the log-ratios, |Λ|^(m/2) exp(-tr(SΘ)/2).

        |Λ| = |K| D / 1'K1. Where R is not positive definite the density is 0.
        """
        import pymc as pm
        import pytensor.tensor as pt

        parts = context.parts
        size = len(parts)
        one, other = pairs(size)
        pm.modelcontext(None).add_coord("pair", pair_labels(parts))
        m = context.inputs["rows_free"]
        omega = add_basis_variances(context)
        scale = context.variable("global_shrinkage")
        local = pm.HalfCauchy("local_shrinkage", 1, dims="pair")
        standard = pm.Normal("standard_correlation", 0, 1, dims="pair")
        entries = scale * local * standard
        if _DISTANCES in context.inputs:
            apart = context.inputs[_DISTANCES][one, other]
            entries *= pt.exp(-context.variable(DISTANCE_EFFECT) * apart)
        above = pt.set_subtensor(pt.zeros((size, size))[one, other], entries)
        correlations = above + above.T + np.eye(size)
        root = pt.linalg.cholesky(correlations, on_error="nan")
        # K = A'A, and Θ = A'(I - uu')A with u along A1: a square too, whatever the rounding.
        root_precision = root.T / pt.sqrt(omega)
        along = root_precision.sum(axis=1)
        length = (along**2).sum()
        across = root_precision - along[:, None] * (along @ root_precision) / length
        theta = pm.Deterministic(
            "precision", across.T @ across, dims=("part", "other_part")
        )
        log_determinant = 2 * pt.log(pt.diag(root)).sum() - pt.log(omega).sum()
        log_determinant += np.log(size) - pt.log(length)
        density = m / 2 * log_determinant - (scatter(context) * theta).sum() / 2
        inside = pt.switch(pt.isnan(density), -np.inf, density)
        pm.Potential("log_ratios", inside)
        pm.Deterministic("basis_correlation", -entries, dims="pair")

    def nuts_options(self, data: Composition) -> dict[str, Any]:
        """Return long runs with small steps: the scales have heavy tails."""
        return {"backend": "numba", "target_accept": 0.97, "tune": 1500, "draws": 4000}

    def gibbs_kernel(self, model: PartialCorrelation, data: Composition) -> GibbsKernel:
        """Return the sweeps, over hidden log-ratios and the row correlation where there are any."""
        size = len(data.parts)
        kernel, lengths = _of_known_log_ratios, chain_lengths(size)
        if not knows_log_ratios(data) or model.errors == "student":
            kernel = _of_rows
            fewest = np.clip(_ROW_SWEEPS_OF_MANY_PARTS / size, *_FEWEST_ROW_SWEEPS)
            lengths = chain_lengths(size, float(fewest))
        dims = DIMS
        if data.distances is not None:
            dims = {**DIMS, DISTANCE_EFFECT: ()}
        return kernel(
            model,
            data,
            dims=dims,
            coords={
                "part": list(data.parts),
                "other_part": list(data.parts),
                "pair": pair_labels(data.parts),
            },
            **lengths,
        )

    def simulate(
        self,
        model: PartialCorrelation,
        degrees: int,
        parts: int,
        rng: np.random.Generator,
        distances: np.ndarray | None = None,
    ) -> dict[str, Any]:
        """Return parameters from the prior, by rejection of what is not positive definite.

        Parameters
        ----------
        model : PartialCorrelation
        degrees, parts : int
        rng : Generator
        distances : array, shape (D, D), optional
            Of parts.
        """
        assert model.basis_variance is not None
        log_variance = float(np.log(model.basis_variance))
        table = self.hyperpriors(model, log_variance, parts, distances is not None)
        scale, effect, entries = _draw_correlations(table, distances, parts, rng)
        values = draw_basis_variances(table, parts, rng)
        omega = values["basis_variance"]
        precision = with_unit_diagonal(entries, parts) / np.sqrt(omega[:, None] * omega)
        sums = precision.sum(axis=1)
        if distances is not None:
            values[DISTANCE_EFFECT] = effect
        return {
            **values,
            "global_shrinkage": scale,
            "basis_correlation": -entries,
            "precision": precision - sums[:, None] * sums / sums.sum(),
        }


def chain_lengths(
    parts: int, fewest_sweeps: float = _FEWEST_SWEEPS, longer: int = _LONGER
) -> dict[str, int]:
    """Return the lengths of the chains of a `GibbsKernel` of so many parts, and their number.

    Parameters
    ----------
    parts : int
    fewest_sweeps : float
        Of a chain, after the first.
    longer : int
        How many times as long a chain is that goes on, of up to 60 parts.

    Examples
    --------
    >>> chain_lengths(20)
    {'tune': 600, 'draws': 1000, 'thin': 3, 'longest_thin': 15, 'chains': 4}
    """
    chains = 2 if parts >= _TWO_CHAINS_FROM_PARTS else 4
    fewest = np.clip(_MOST_NUMBERS_KEPT / chains / parts**2, *_FEWEST_DRAWS)
    draws = int(np.clip(_NUMBERS_KEPT / parts**2, fewest, _MOST_DRAWS))
    sweeps = np.clip(_SWEEPS_BY_PARTS / parts, fewest_sweeps, _MOST_SWEEPS)
    longest = int(longer * sweeps // draws)
    return {
        "tune": int(_FIRST_SHARE * sweeps),
        "draws": draws,
        "thin": int(sweeps // draws),
        "longest_thin": longest if parts <= _MOST_PARTS_OF_LONGER else 0,
        "chains": chains,
    }


def least_shrinkage(model: PartialCorrelation, parts: int) -> float:
    """Return τ_min: as given, or by the number of parts."""
    if model.least_global_shrinkage is not None:
        return model.least_global_shrinkage
    return _LEAST_SHRINKAGE if parts <= _FEW_PARTS else 0.0


def about_mean(distances: np.ndarray) -> np.ndarray:
    """Return the distances of parts (D, D) less the mean of those of pairs."""
    return distances - distances[pairs(len(distances))].mean()


def knows_log_ratios(data: Composition) -> bool:
    """Return whether log-ratios are known in independent rows."""
    return observation_of(data).exact and row_dependence_of(data).independent


def _scales(model: PartialCorrelation, data: Composition) -> Any:
    """Return the constants of the prior, as the sweeps take them."""
    from causalstats.numerics.compositions.horseshoe_gibbs import Scales

    scales = Scales(
        float(log_variance_of(model, data)),
        float(model.basis_variance_sd),
        float(model.variance_spread_scale),
        float(model.global_shrinkage_scale),
        float(least_shrinkage(model, len(data.parts))),
    )
    if data.distances is None:
        return scales
    return scales._replace(
        distance_effect_sd=float(model.distance_effect_sd),
        distances=about_mean(data.distances),
    )


def _of_known_log_ratios(
    model: PartialCorrelation, data: Composition, **options: Any
) -> GibbsKernel:
    """Return the sweeps given log-ratios, which enter by their cross-products alone."""
    from causalstats.numerics.compositions import horseshoe_gibbs

    degrees = int(data.degrees)
    root = scatter_root(data.scatter, degrees)
    spare = degrees - len(root)
    scales = _scales(model, data)
    variances = np.diagonal(data.scatter) / degrees

    def advance(state: Any, sweeps: int, rng: np.random.Generator) -> None:
        horseshoe_gibbs.sweeps_of_known_log_ratios(
            sweeps, root, spare, state, scales, rng
        )

    return GibbsKernel(
        start=partial(
            horseshoe_gibbs.initial_state,
            variances,
            least_shrinkage=scales.least_shrinkage,
        ),
        advance=advance,
        draw=draw_covariance if data.distances is None else _draw_with_effect,
        **options,
    )


def rows_of(data: Composition) -> Any:
    """Return what is seen of the rows, as the sweeps over hidden log-ratios take it."""
    from causalstats.numerics.compositions import row_gibbs

    lower, upper = _log_bounds(data)
    return row_gibbs.rows_of_one_type(
        data.counts,
        np.ascontiguousarray(data.values, float),
        lower,
        upper,
        np.ascontiguousarray(data.matrix, float),
        row_gibbs.links_of(len(data), row_dependence_of(data).links),
        data.offsets,
        data.undetermined.reshape(
            len(data.undetermined), data.matrix.shape[1] * len(data.parts)
        ),
    )


def _of_rows(
    model: PartialCorrelation, data: Composition, **options: Any
) -> GibbsKernel:
    """Return the sweeps over hidden log-ratios, coefficients, row correlation and covariance."""
    from causalstats.numerics.compositions import row_gibbs, row_weights

    student = model.errors == "student"
    links = row_dependence_of(data).links
    rows = rows_of(data)
    scales = _scales(model, data)
    correlation_known = not links or model.row_correlation is not None
    draw = draw_covariance if data.distances is None else _draw_with_effect
    options["dims"] = dict(options["dims"])
    if links:
        options["dims"][CORRELATION] = ()
    if student:
        options["dims"] |= {student_rows.WEIGHT: ("row",), student_rows.DEGREES: ()}
        options["coords"]["row"] = np.arange(len(data))
    if data.design is not None:
        options["dims"][COEFFICIENT] = ("covariate", "part")
        options["coords"]["covariate"] = list(data.design.columns)

    def start(rng: np.random.Generator) -> Any:
        logs = np.log(data.positive_values)
        tails = row_weights.normal_tails(len(data))
        if student:
            given = model.degrees_of_freedom
            tails = row_weights.student_tails(len(data), given, rng)
        return row_gibbs.initial_state(
            rows, logs, model.row_correlation, tails, rng, scales.least_shrinkage
        )

    def advance(state: Any, sweeps: int, rng: np.random.Generator) -> None:
        row_gibbs.sweeps_of_rows(sweeps, rows, state, scales, correlation_known, rng)

    def draw_all(state: Any) -> dict[str, np.ndarray]:
        variables = draw(state.covariance)
        if links:
            variables[CORRELATION] = np.asarray(state.correlation[0])
        if student:
            variables[student_rows.WEIGHT] = state.tails.weights.copy()
            variables[student_rows.DEGREES] = np.asarray(state.tails.degrees[0])
        return variables | coefficients_at(state, data)

    return GibbsKernel(start=start, advance=advance, draw=draw_all, **options)


def coefficients_at(state: Any, data: Composition) -> dict[str, np.ndarray]:
    """Return the coefficients of covariates at a state of rows; nothing without covariates."""
    if data.design is None:
        return {}
    slopes = state.coefficients[1:]
    centred = slopes - slopes.mean(axis=1, keepdims=True)
    return {COEFFICIENT: centred / data.design.scale[:, None]}


def _log_bounds(data: Composition) -> tuple[np.ndarray, np.ndarray]:
    """Return the logarithms of the bounds of values, (n, D) each; equal where one is known."""
    if data.bounds is None:
        with np.errstate(divide="ignore"):
            known = np.log(np.ascontiguousarray(data.values, float))
        return known, known
    with np.errstate(divide="ignore"):
        lower = np.log(np.ascontiguousarray(data.bounds.lower, float))
        upper = np.log(np.ascontiguousarray(data.bounds.upper, float))
    return lower, upper


def draw_covariance(state: Any) -> dict[str, np.ndarray]:
    """Return the variables of the posterior at a state of the sampler."""
    from causalstats.numerics.compositions import horseshoe_gibbs

    size = len(state.log_precisions)
    kind = np.float64 if size <= _LARGEST_DOUBLE else np.float32
    variance, typical, spread = state.scalars[:3]
    precision = horseshoe_gibbs.compositional_precision(state)
    return {
        "log_typical_variance": np.asarray(typical),
        "variance_spread": np.asarray(spread),
        "basis_variance": np.exp(-state.log_precisions),
        "global_shrinkage": np.sqrt(variance),
        "basis_correlation": -state.correlations[pairs(size)].astype(kind),
        "precision": precision.astype(kind),
    }


def _draw_with_effect(state: Any) -> dict[str, np.ndarray]:
    """Return the variables of the posterior at a state, with the effect of distances."""
    return {**draw_covariance(state), DISTANCE_EFFECT: np.asarray(state.scalars[3])}


def scatter_root(scatter: np.ndarray, degrees: int) -> np.ndarray:
    """Return a root (q, D) of cross-products of `degrees` rows, L'L = S, with q at most D - 1."""
    rank = min(degrees, len(scatter) - 1)
    values, vectors = np.linalg.eigh(scatter)
    root = vectors[:, -rank:] * np.sqrt(np.maximum(values[-rank:], 0))
    return np.ascontiguousarray((root - root.mean(axis=0)).T)


def _draw_correlations(
    table: Mapping[str, Hyperprior],
    distances: np.ndarray | None,
    parts: int,
    rng: np.random.Generator,
) -> tuple[float, float, np.ndarray]:
    """Return draws of τ, of β and of the R_ij above the diagonal, with R positive definite.

    Parameters
    ----------
    table : mapping
        The priors of scalar parameters.
    distances : array, shape (D, D), or None
        Of parts; without them β is 0.
    parts : int
    rng : Generator

    Raises
    ------
    ModelError
        If none of many draws is positive definite.
    """
    count = parts * (parts - 1) // 2
    effect = 0.0
    relative: np.ndarray | float = 1.0
    for _ in range(_MOST_TRIES):
        scale = table["global_shrinkage"].draw(rng)
        if distances is not None:
            effect = table[DISTANCE_EFFECT].draw(rng)
            relative = np.exp(-effect * about_mean(distances)[pairs(parts)])
        local = abs(rng.standard_cauchy(count))
        entries = scale * relative * local * rng.standard_normal(count)
        if np.linalg.eigvalsh(with_unit_diagonal(entries, parts))[0] > 0:
            return scale, effect, entries
    raise ModelError(
        f"Among {_MOST_TRIES:,} draws of the correlations of {parts} parts none was positive "
        "definite: take fewer parts, or smaller `global_shrinkage_scale` and "
        "`least_global_shrinkage`."
    )
