"""The spike-and-slab prior of the precision of the amounts before closure.

The precision K = d R d of the log amounts, d_j = ω_j^(-1/2), has partial correlations -R_ij from a
mixture: near 0 (the spike) or not (the slab),

    R_ij ~ (1-π) Normal(0, spike_sd²) + π Normal(0, slab_sd²),  π ~ Beta(5 q, 5 (1-q))

with q the `prior_inclusion_probability`, both cut to (-1, 1) and jointly to positive definite R.
The indicator of spike or slab is marginalised out. The Θ of the composition is K - K11'K / 1'K1.
All of it is sampled: of log-ratios that are known in independent rows by Gibbs sweeps, in which
the indicators are drawn too (`spike_slab_gibbs`); of others by NUTS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy import special, stats

from causalstats.core.assumption import Assumption
from causalstats.core.gibbs_kernel import GibbsKernel
from causalstats.data import Composition
from causalstats.errors import ModelError
from causalstats.models.partial_correlation import student_rows
from causalstats.models.partial_correlation.graph_context import GraphContext
from causalstats.models.partial_correlation.hyperpriors import Beta, Hyperprior
from causalstats.models.partial_correlation.marginal_posteriors import (
    pair_labels,
    with_unit_diagonal,
)
from causalstats.models.partial_correlation.priors.base import AnswerText, Scatter
from causalstats.models.partial_correlation.priors.basis_variances import (
    FIELDS,
    PARAMETERS,
    add_basis_variances,
    draw_basis_variances,
    log_variance_of,
    variance_hyperpriors,
)
from causalstats.models.partial_correlation.priors.horseshoe import (
    DIMS,
    chain_lengths,
    draw_covariance,
    knows_log_ratios,
    scatter_root,
)
from causalstats.models.partial_correlation.priors.sampled import SampledPrior
from causalstats.numerics.compositions.pair_names import pair_name

if TYPE_CHECKING:
    from causalstats.models.partial_correlation.model import PartialCorrelation

_SHARE_COUNT = 5.0  # pseudo-observations of the Beta prior of π: Beta(1, 4) at q = 0.2
_MOST_TRIES = 10_000
_FEWEST_SWEEPS = 4000  # of a chain, of many parts: π mixes slowly
_LONGER = 20  # times as long, where chains have not mixed: links that come and go


@dataclass(frozen=True)
class SpikeAndSlab(SampledPrior):
    """Partial correlations of the amounts: most near 0 (the spike), the others not (the slab)."""

    fields: ClassVar[tuple[str, ...]] = (
        *student_rows.FIELDS,
        *FIELDS,
        "spike_sd",
        "slab_sd",
        "prior_inclusion_probability",
    )
    parameters: ClassVar[tuple[str, ...]] = (
        *PARAMETERS,
        "slab_share",
        "basis_correlation",
    )
    latent: ClassVar[tuple[str, ...]] = ("free_correlation",)
    simulation_fields: ClassVar[tuple[str, ...]] = ("basis_variance",)
    answers: ClassVar[Mapping[str, AnswerText]] = {
        "basis_correlation": AnswerText(
            "Partial correlation of two amounts before closure, given all the other amounts; "
            "known by its sparsity alone.",
            "correlation",
        ),
        "inclusion": AnswerText(
            "Probability, at each draw, that the partial correlation of two amounts before "
            "closure is more than negligible.",
            "probability",
        ),
    }

    def assumption(self, model: PartialCorrelation) -> Assumption:
        share = self._share_prior(model)
        return Assumption(
            name="sparsity",
            statement="Of the amounts before closure, most partial correlations are next to none, "
            f"within {model.spike_sd:g} (standard deviation) of 0.",
            if_wrong="What is said of amounts stands on this alone: with many links among them, "
            "composition and amounts cannot be told apart.",
            formula=f"R_ij ~ (1-π) Normal(0, {model.spike_sd:g}²) + π Normal(0, "
            f"{model.slab_sd:g}²), π ~ Beta({share.one:g}, {share.other:g})",
            checks=("few links among the amounts",),
            fields=("spike_sd", "slab_sd", "prior_inclusion_probability"),
        )

    def hyperpriors(
        self,
        model: PartialCorrelation,
        log_variance: float,
        parts: int,
        related: bool = False,
    ) -> dict[str, Hyperprior]:
        table = variance_hyperpriors(model, log_variance)
        return {**table, "slab_share": self._share_prior(model)}

    def inputs(self, model: PartialCorrelation, data: Composition) -> dict[str, Any]:
        spread = {"spike_sd": model.spike_sd, "slab_sd": model.slab_sd}
        return super().inputs(model, data) | {
            name: np.asarray(value, float) for name, value in spread.items()
        }

    def add_to_graph(self, context: GraphContext, scatter: Scatter) -> None:
        """Add ω, π, R and the density of the log-ratios, |Λ|^(m/2) exp(-tr(SΘ)/2).

        |Λ| = |K| D / 1'K1. R has a Cholesky factor of rows L_ij = z_ij Π_{k<j} √(1 - z_ik²), with
        the Jacobian Π_{i>j} (1 - z_ij²)^((D-j-2)/2), columns counted from 0 (Lewandowski,
        Kurowicka & Joe 2009).
        """
        import pymc as pm
        import pytensor.tensor as pt

        parts = context.parts
        size = len(parts)
        rows, columns = np.tril_indices(size, -1)
        order = np.lexsort((rows, columns))  # of the pairs, as tables have them
        pairs = zip(rows[order], columns[order], strict=True)
        pm.modelcontext(None).add_coord(
            "pair", [pair_name(parts[j], parts[i]) for i, j in pairs]
        )
        m = context.inputs["rows_free"]
        omega = add_basis_variances(context)
        share = context.variable("slab_share")
        v = pm.Flat("free_correlation", shape=len(rows), initval=np.zeros(len(rows)))
        log_remainder = 2 * (
            np.log(2) - pt.abs(v) - pt.softplus(-2 * pt.abs(v))
        )  # log(1 - z²)
        lower = _cholesky_factor(v, log_remainder, size)
        jacobian = ((size - columns - 2) / 2 + 1) * log_remainder
        pm.Potential("uniform_correlations", jacobian.sum())
        r = (lower @ lower.T)[rows, columns]
        slab = _log_component(pt.log(share), r, context.inputs["slab_sd"])
        spike = _log_component(pt.log1p(-share), r, context.inputs["spike_sd"])
        pm.Potential("spike_and_slab_prior", pt.logaddexp(slab, spike).sum())
        # K = A'A, and Θ = A'(I - uu')A with u along A1 as a square too: as a difference it could
        # be negative by rounding, and a chain would stay there.
        root = lower.T / pt.sqrt(omega)
        along = root.sum(axis=1)
        length = (along**2).sum()
        across = root - along[:, None] * (along @ root) / length
        theta = pm.Deterministic(
            "precision", across.T @ across, dims=("part", "other_part")
        )
        determinant = (
            log_remainder.sum() - pt.log(omega).sum() + np.log(size) - pt.log(length)
        )
        pm.Potential(
            "log_ratios", m / 2 * determinant - (scatter(context) * theta).sum() / 2
        )
        pm.Deterministic("basis_correlation", -r[order], dims="pair")
        pm.Deterministic("inclusion", pt.sigmoid(slab - spike)[order], dims="pair")

    def nuts_options(self, data: Composition) -> dict[str, Any]:
        """Return long runs: links that come and go are slow to mix."""
        return {"backend": "numba", "target_accept": 0.97, "tune": 1500, "draws": 4000}

    def gibbs_kernel(
        self, model: PartialCorrelation, data: Composition
    ) -> GibbsKernel | None:
        """Return the sweeps given log-ratios; None where these are not known, or rows depend."""
        if not knows_log_ratios(data) or model.errors == "student":
            return None
        from causalstats.numerics.compositions import horseshoe_gibbs, spike_slab_gibbs

        degrees = int(data.degrees)
        root = scatter_root(data.scatter, degrees)
        spare = degrees - len(root)
        variances = np.diagonal(data.scatter) / degrees
        prior = self._share_prior(model)
        spike, slab = float(model.spike_sd), float(model.slab_sd)
        inside = special.log_ndtr(-1 / np.array([spike, slab]))
        cut = np.log1p(-2 * np.exp(inside))
        components = spike_slab_gibbs.Components(
            spike**2, slab**2, float(cut[0] - cut[1]), prior.one, prior.other
        )
        scales = horseshoe_gibbs.Scales(
            float(log_variance_of(model, data)),
            float(model.basis_variance_sd),
            float(model.variance_spread_scale),
            1.0,
        )

        def start(rng: np.random.Generator) -> Any:
            state = horseshoe_gibbs.initial_state(variances, rng)
            state.scalars[0] = 1.0
            state.local_variances[:] = spike**2
            return state, np.array([rng.uniform(0.1, 0.5)])

        def advance(state: Any, sweeps: int, rng: np.random.Generator) -> None:
            covariance, share = state
            spike_slab_gibbs.sweeps_of_known_log_ratios(
                sweeps, root, spare, covariance, share, components, scales, rng
            )

        def draw(state: Any) -> dict[str, np.ndarray]:
            covariance, share = state
            variables = draw_covariance(covariance)
            del variables["global_shrinkage"]
            r = -variables["basis_correlation"]
            odds = stats.norm.logpdf(r, scale=slab) - stats.norm.logpdf(r, scale=spike)
            odds += np.log(share[0] / (1 - share[0])) + components.log_cut
            variables["inclusion"] = special.expit(odds).astype(r.dtype)
            return {**variables, "slab_share": np.asarray(share[0])}

        dims = {
            name: value for name, value in DIMS.items() if name != "global_shrinkage"
        }
        return GibbsKernel(
            start=start,
            advance=advance,
            draw=draw,
            dims={**dims, "inclusion": ("pair",), "slab_share": ()},
            coords={
                "part": list(data.parts),
                "other_part": list(data.parts),
                "pair": pair_labels(data.parts),
            },
            **chain_lengths(len(data.parts), _FEWEST_SWEEPS, _LONGER),
        )

    def simulate(
        self,
        model: PartialCorrelation,
        degrees: int,
        parts: int,
        rng: np.random.Generator,
        distances: np.ndarray | None = None,
    ) -> dict[str, Any]:
        # By rejection of what is not positive definite.
        assert model.basis_variance is not None
        table = self.hyperpriors(model, float(np.log(model.basis_variance)), parts)
        share, r = _draw_correlations(model, table["slab_share"], parts, rng)
        values = draw_basis_variances(table, parts, rng)
        omega = values["basis_variance"]
        precision = with_unit_diagonal(r, parts) / np.sqrt(omega[:, None] * omega)
        sums = precision.sum(axis=1)
        slab = share * _truncated_normal(model.slab_sd).pdf(r)
        spike = (1 - share) * _truncated_normal(model.spike_sd).pdf(r)
        return {
            **values,
            "slab_share": share,
            "basis_correlation": -r,
            "inclusion": slab / (slab + spike),
            "precision": precision - sums[:, None] * sums / sums.sum(),
        }

    def _share_prior(self, model: PartialCorrelation) -> Beta:
        share = model.prior_inclusion_probability
        return Beta(_SHARE_COUNT * share, _SHARE_COUNT * (1 - share))


def _cholesky_factor(v: Any, log_remainder: Any, size: int) -> Any:
    """Return the Cholesky factor of R, whose rows have unit length.

    Parameters
    ----------
    v : node, shape (D (D-1) / 2,)
        atanh z_ij below the diagonal, row by row.
    log_remainder : node, shape (D (D-1) / 2,)
        log(1 - z_ij²).
    size : int
        D.
    """
    import pytensor.tensor as pt

    below = np.tril_indices(size, -1)
    z = pt.set_subtensor(pt.zeros((size, size))[below], pt.tanh(v))
    halves = pt.set_subtensor(pt.zeros((size, size))[below], log_remainder / 2)
    log_product = halves @ np.triu(np.ones((size, size)), 1)
    return (z + np.eye(size)) * np.tril(np.ones((size, size))) * pt.exp(log_product)


def _log_component(log_weight: Any, r: Any, sd: Any) -> Any:
    """Return the log density of a component of the mixture: Normal(0, sd²) cut to (-1, 1)."""
    import pytensor.tensor as pt

    log_inside = pt.log(pt.erf(1 / (np.sqrt(2) * sd)))
    return log_weight - (r / sd) ** 2 / 2 - pt.log(sd) - log_inside


def _truncated_normal(sd: np.ndarray | float) -> Any:
    return stats.truncnorm(-1 / sd, 1 / sd, scale=sd)


def _draw_correlations(
    model: PartialCorrelation,
    share_prior: Hyperprior,
    parts: int,
    rng: np.random.Generator,
) -> tuple[float, np.ndarray]:
    """Return draws of π and of the R_ij above the diagonal, with R positive definite.

    Parameters
    ----------
    model : PartialCorrelation
    share_prior : Hyperprior
        The prior of π.
    parts : int
    rng : Generator

    Raises
    ------
    ModelError
        If none of many draws is positive definite.
    """
    pairs = parts * (parts - 1) // 2
    for _ in range(_MOST_TRIES):
        share = share_prior.draw(rng)
        sds = np.where(rng.random(pairs) < share, model.slab_sd, model.spike_sd)
        r = _truncated_normal(sds).rvs(random_state=rng)
        if np.linalg.eigvalsh(with_unit_diagonal(r, parts))[0] > 0:
            return share, r
    raise ModelError(
        f"Among {_MOST_TRIES:,} draws of the correlations of {parts} parts none was positive "
        "definite: take fewer parts."
    )
