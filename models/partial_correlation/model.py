"""Partial correlations of a composition: which parts vary together, given all the others, whatever the reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import xarray as xr
from scipy import stats

from causalstats.core.argument_validation import (
    Count,
    Inside,
    Number,
    Positive,
    Seed,
    check_fields,
    checked,
)
from causalstats.core.assumption import Adjustment, Assumption, Relaxation
from causalstats.core.check import Check
from causalstats.core.estimand import Estimand
from causalstats.core.prediction import Prediction
from causalstats.core.simulation import Simulation
from causalstats.core.views import View
from causalstats.data import Composition
from causalstats.errors import ModelError
from causalstats.models.partial_correlation import covariates as covariates
from causalstats.models.partial_correlation import simulation as simulation
from causalstats.models.partial_correlation.assumptions import adjustments, assumptions, data_checks
from causalstats.models.partial_correlation.estimands import EXACT, estimands
from causalstats.models.partial_correlation.graph import SLAB, conjugate, shrunk, sparse
from causalstats.models.partial_correlation.propriety import refuse_improper
from causalstats.models.partial_correlation.views import baselines, predictions, views
from causalstats.models.shared.missing_rows import rows_left_out
from causalstats.numerics.compositions import inverse_wishart, log_ratios

if TYPE_CHECKING:
    import networkx as nx
    import pymc as pm

_LATENT = ("scatter", "log_ratio_coordinates", "hidden_logarithm", "free_correlation")
_MOST_NUMBERS = 1e8  # in the draws of Θ that are kept
_MOST_EXACT, _FEWEST_EXACT = 5e6, 1000  # numbers, and draws, of those with answers in closed form
Prior = Literal["shrunk", "matching", "invariant", "sparse"]
Exact = Callable[[int, int, np.random.Generator], xr.Dataset]


@dataclass(frozen=True, kw_only=True)
class PartialCorrelation:
    """Log-ratios are jointly normal, with a covariance that need not have a reference.

    clr(x_i) = W_i B + e_i,  V'e_i ~ Normal(0, Σ),  B flat                 W the covariates, V any orthonormal basis of log-ratios
    Θ = V Σ⁻¹ V',  r_ij = -Θ_ij / √(Θ_ii Θ_jj)                             the partial correlation of parts i and j given all the others

    The priors of Σ; m = n - columns of W, p = D - 1, and α = k / (k + m) is the weight of the prior in the posterior mean of Σ:

    "shrunk"      Σ ~ IW(k + D, k V' diag(ω) V), log ω_j ~ Normal(μ, τ²), μ ~ Normal(log of `basis_variance`, 2), τ ~ half-Normal(1), α ~ Uniform(0, 1):
                  towards independent parts, as far as the data say. Σ is integrated out and only ω and α are sampled
    "invariant"   the same with equal ω, which no rotation of the log-ratios changes; unless given, α is one standard deviation below its
                  posterior mean under Uniform(0, 1), and ω that of most evidence. Exact given both
    "matching"    p(Σ) ∝ |Σ|^(-1) for what follows from Θ, with the intervals of the t-test with n - D + 1 degrees of freedom, and |Σ|^(-p) for coefficients of
                  covariates, with those of least squares. Exact, and needs n > 2 D - 3 at least

    Counts y_i are Multinomial with probabilities proportional to exp(clr(x_i)), and values within bounds are anywhere between them; the log-ratios are then
    sampled too, under the first prior.

    "sparse"      the amounts before closure have a precision K = d R d in which partial correlations -R_ij are near 0, Normal(0, `negligible`²), or not,
                  Normal(0, .5²), by the share π ~ Beta(1, 4); d_j = ω_j^(-1/2), ω as above; all of it sampled

    Rows of one subject, where the data name it, are correlated by φ ~ Uniform(0, 1) alike in every log-ratio, and rows in time by φ^gap, an AR(1) process with
    gaps in units of the median one; Σ is then integrated out given φ (see `numerics.row_correlation`).

    None depends on the order of the parts, on a reference or on the basis: by Schur's lemma the second has all the inverse-Wishart priors that no relabelling
    changes. Intervals of "matching" cover at every size. Those of "shrunk" and "invariant" cover
    over all pairs and too seldom for strong links among many weak ones, which they draw in: of
    pairs .25 and more beyond closure (Fisher's z), 95 % intervals of "shrunk" cover .49 to .80 in 60
    rows of 6 to 8 parts and .94 in 400 rows, those of "invariant" .81 to .95, with 20 and 40 parts
    .19 to .44. The caution `shrinkage of strong links` stands on the answer where a link is sure and
    drawn in by more than one posterior standard deviation (`benchmarks/coverage`). Over all pairs of
    4 parts in 40 rows, intervals of "shrunk" cover .95 with 500 counts a row and .92 with 25 (32 data
    sets each, standard error .02), as where log-ratios are known (.94).
    "invariant" gives all parts one variance. With many parts of unequal variances its weight is
    large and it predicts the spread of the parts wrongly (standard deviations exp(Normal(0, .3²)),
    40 parts, 80 rows: the check `predicts the spread of each part` fails always); "shrunk", which
    learns the variance of each part, then predicts it.
    With "sparse", the cut to positive definite R makes large π less likely than Beta(1, 4) has it, the more so the more parts there are.

    Parameters
    ----------
    prior : "shrunk", "invariant", "matching" or "sparse"
    shrinkage : float or None
        α in (0, 1). None: learned.
    basis_variance : float or None
        Variance of the logarithm of a part, natural logarithms: the prior median, or ω itself of "invariant". None: that of the data.
    negligible : float
        Standard deviation of those partial correlations of the amounts that are next to none; of the sparse prior.
    row_correlation : float or None
        φ in [0, 1), of data that name a subject or a time. None: learned.

    References
    ----------
    Erb (2020), Partial correlations in compositional data analysis, Applied Computing and Geosciences 6:100026. Jin, Notredame & Erb (2022),
    Compositional covariance shrinkage and regularised partial correlations, arXiv 2212.00496: the target of the shrinkage.
    """

    prior: Prior = "shrunk"
    shrinkage: Inside | None = None
    basis_variance: Positive | None = None
    negligible: Annotated[float, Number(above=0, below=SLAB)] = 0.1
    row_correlation: Annotated[float, Number(least=0, below=1)] | None = None

    headline = "partial_correlation"
    data_class = Composition
    simulation_defaults = {"rows": 30, "parts": 4}

    def __post_init__(self) -> None:
        check_fields(self, ModelError)
        if self.prior == "sparse" and self.shrinkage is not None:
            raise ModelError("The sparse prior has no `shrinkage`; leave it out.")
        if self.prior == "matching" and (
            self.shrinkage is not None or self.basis_variance is not None
        ):
            raise ModelError(
                "The matching prior has neither `shrinkage` nor `basis_variance`; leave them out, or use prior='invariant'."
            )

    def nuts_options(self, data: Composition) -> dict[str, Any]:
        """JAX's threads of linear algebra wait for each other; links that come and go are slow to mix; three parts may be independent, or anything else."""
        if self.prior == "sparse":
            return {"backend": "numba", "target_accept": 0.97, "tune": 1500, "draws": 4000}
        return (
            {"backend": "numba", "target_accept": 0.99, "tune": 1000}
            if len(data.parts) > 3
            else {"backend": "numba", "target_accept": 0.995, "tune": 1500}
        )

    def inputs(self, data: Composition) -> dict[str, np.ndarray]:
        """The cross-products S of the centred log-ratios, their degrees of freedom, and the constants of the prior; of an exact prior, its posterior."""
        size = len(data.parts)
        values: dict[str, Any] = {"rows_free": data.degrees}
        if self.prior in EXACT:
            scatter, degrees = self.posterior(data)
            return {"posterior_scatter": scatter, "posterior_degrees": np.asarray(degrees)}
        if self.row_correlation is not None and data.dependence is None:
            raise ModelError(
                "`row_correlation` is that of rows of one `subject`, or in `time`; these data name neither."
            )
        if data.dependence is not None:
            values |= data.dependence.links
            if self.row_correlation is not None:
                values["given_row_correlation"] = self.row_correlation
        if data.counts or data.bounds is not None or data.dependence is not None:
            values["covariate_basis"] = np.linalg.qr(data.matrix)[0]
        if data.counts:
            values |= {"counts": data.values, "totals": data.values.sum(axis=1)}
        elif data.bounds is not None:
            open_ = data.bounds.open
            with np.errstate(divide="ignore"):
                lower, upper = np.log(data.bounds.lower[open_]), np.log(data.bounds.upper[open_])
            row, column = np.nonzero(open_)
            logarithms = np.log(data.values)
            values |= {
                "lower": lower,
                "upper": upper,
                "start": logarithms[open_],
                "row": row,
                "column": column,
            }
            values["logarithms"] = logarithms
        elif data.dependence is not None:
            values["known_log_ratios"] = data.residuals
        else:
            values["scatter"] = data.scatter
        values["log_variance"] = np.log(self.basis_variance or data.covariance.trace() / (size - 1))
        if self.shrinkage is not None:
            values["weight"] = self.shrinkage
        if self.prior == "sparse":
            values["negligible"] = self.negligible
        return {name: np.asarray(value, float) for name, value in values.items()}

    def build(self, data: Composition) -> pm.Model:
        """The PyMC graph on these data."""
        _refuse_what_cannot_be_fitted(data)
        if self.prior == "sparse":
            return sparse(self.inputs(data), data.parts)
        build = shrunk if self.prior == "shrunk" else conjugate
        return build(self.inputs(data), data.parts)

    def posterior(self, data: Composition) -> tuple[np.ndarray, float]:
        """Of the exact priors: Θ ~ Wishart(ν, B), as B⁻¹ = Ψ + S on centred log-ratios (D, D), and ν."""
        strength, variances, degrees = self._conjugate(data)
        return inverse_wishart.scatter_of(data.scatter, variances, strength), degrees

    def posterior_scale(self, data: Composition) -> tuple[np.ndarray, float]:
        """The same as B itself (D, D), and ν; in matrices of the rows where they are fewer than the parts."""
        strength, variances, degrees = self._conjugate(data)
        if strength == 0:
            return log_ratios.pseudo_inverse(data.scatter), degrees
        return inverse_wishart.posterior_scale(
            data.residuals, variances, strength + len(data.parts)
        ), degrees

    def _conjugate(self, data: Composition) -> tuple[float, np.ndarray, float]:
        """k, ω and ν of the exact priors, k = 0 of the matching one; refuses data that are not enough for them."""
        _refuse_what_cannot_be_fitted(data)
        size = len(data.parts)
        if data.counts or data.bounds is not None:
            raise ModelError(
                "The exact priors need log-ratios that are known; of counts, and of values within bounds, use prior='shrunk' or 'sparse'."
            )
        if data.dependence is not None:
            raise ModelError(
                "The exact priors need independent rows; of rows of one subject, or in time, use prior='shrunk' or 'sparse'."
            )
        if self.prior == "invariant":
            weight, variance = self.isotropic(data)
            strength = data.degrees * weight / (1 - weight)
            return strength, np.full(size, variance), strength + size + data.degrees
        if data.degrees < 2 * size - 3:
            raise ModelError(
                f"The matching prior needs {2 * size - 3} rows for {size} parts, not counting one for each covariate, got {data.degrees}: with fewer its "
                "posterior is not a distribution. Use prior='shrunk', which needs no number of rows."
            )
        return 0.0, np.ones(size), data.degrees - size + 2.0

    def isotropic(self, data: Composition) -> tuple[float, float]:
        """α and ω of the invariant prior: as given, otherwise α a standard deviation below its posterior mean, and ω of most evidence."""
        if self.shrinkage is not None and self.basis_variance is not None:
            return self.shrinkage, self.basis_variance
        spectrum, size = data.eigenvalues, len(data.parts)
        if self.shrinkage is None:
            return inverse_wishart.isotropic_cautious(
                spectrum, data.degrees, size, self.basis_variance
            )
        return inverse_wishart.isotropic(spectrum, data.degrees, size, self.shrinkage)

    def exact_posterior(self, data: Composition) -> Exact | None:
        """Where the posterior is a Wishart distribution: a function of chains, draws and a generator that gives independent draws of Θ."""
        if self.prior not in EXACT:
            return None
        self._conjugate(data)  # refuses

        def draw(chains: int, draws: int, rng: np.random.Generator) -> xr.Dataset:
            draws = min(draws, int(_MOST_EXACT / chains / len(data.parts) ** 2))
            if len(data.parts) ** 2 > _MOST_EXACT / _FEWEST_EXACT:
                return xr.Dataset(coords={"chain": np.arange(chains), "draw": np.arange(0)})
            scatter, degrees = self.posterior(data)
            count = chains * draws
            found, of_coefficients = (
                inverse_wishart.draw_precisions(scatter, freedom, count, rng).reshape(
                    chains, draws, *scatter.shape
                )
                for freedom in (degrees, data.degrees + len(data.parts) - 2)
            )
            given = of_coefficients if self.prior == "matching" else found
            return covariates.drawn(given, _dataset(found, data.parts), data, rng)

        return draw

    def importance_draws(self, data: Composition) -> Callable | None:
        """Draws without a sampler, weighed by the posterior's density, which few parts make possible."""
        from causalstats.models.partial_correlation.density import importance_draws

        return importance_draws(self, data)

    def recover_marginals(
        self, draws: xr.Dataset, data: Composition, rng: np.random.Generator
    ) -> xr.Dataset:
        """Draws with those of Θ and of the covariates' coefficients, integrated out, given the others; as many draws of each chain as can be kept."""
        latent = [
            name for name in (*draws.data_vars, *draws.coords) if str(name).startswith(_LATENT)
        ]
        if self.prior != "shrunk":
            return covariates.drawn(draws["precision"].to_numpy(), draws, data, rng).drop_vars(
                latent
            )
        chains, size = draws.sizes["chain"], len(data.parts)
        draws = draws.isel(
            draw=slice(
                None, None, max(1, int(chains * draws.sizes["draw"] * size**2 / _MOST_NUMBERS))
            )
        )
        omega, weight = (
            draws["basis_variance"].to_numpy().reshape(-1, size),
            draws["shrinkage"].to_numpy().ravel(),
        )
        strength = data.degrees * weight / (1 - weight)
        seen = (
            draws["scatter"].to_numpy().reshape(-1, size, size)
            if "scatter" in draws
            else data.scatter
        )
        scatter = inverse_wishart.scatter_of(seen, omega, strength)
        found = inverse_wishart.draw_precisions(
            scatter, strength + size + data.degrees, len(weight), rng
        ).reshape(chains, -1, size, size)
        draws = draws.merge(_dataset(found, data.parts, draws))
        return covariates.drawn(found, draws, data, rng).drop_vars(latent)

    def assumptions(self) -> tuple[Assumption, ...]:
        """What the answer stands on."""
        return assumptions(self)

    def estimands(self) -> Mapping[str, Estimand]:
        """What can be asked of a fit. None of it is causal."""
        return estimands(self)

    def parameters(self, data: Composition) -> tuple[str, ...]:
        """Names in the posterior whose sampling is checked; none where the posterior is exact."""
        if self.prior in EXACT:
            return ()
        own = ("shrinkage",) if self.prior == "shrunk" else ("slab_share", "basis_correlation")
        of_rows = () if data.dependence is None else ("row_correlation",)
        return ("log_typical_variance", "variance_spread", "basis_variance", *own, *of_rows)

    def priors(self, data: Composition) -> dict[str, Any]:
        """Prior standard deviations of the parameters that have one of their own."""
        sds = {
            "log_typical_variance": 2.0,
            "variance_spread": np.sqrt(1 - 2 / np.pi),
            "shrinkage": np.sqrt(1 / 12) if self.shrinkage is None else np.nan,
        }
        sds["slab_share"] = stats.beta(1, 4).std()
        if data.dependence is not None:
            sds["row_correlation"] = np.sqrt(1 / 12) if self.row_correlation is None else np.nan
        return {name: sds[name] for name in self.parameters(data) if name in sds}

    @checked(ModelError)
    def simulate(
        self,
        seed: Seed,
        rows: Count = 60,
        parts: Count = 6,
        design: Literal["band", "prior"] = "band",
        depth: Count | None = None,
        resolution: Positive | None = None,
        repeated: Literal["subject", "time"] | None = None,
        covariate: bool = False,
    ) -> Simulation:
        """Compositions with a known Θ; parts p1, p2, ...

        "band": amounts whose precision links each part to the next, with partial correlations ±.45 in turn, and standard deviations from .3 to 1. "prior":
        this model's own, which needs `basis_variance`, and `shrinkage` too where that is not sampled. With `depth`, that many are counted of each row;
        with `resolution`, the first two parts are rounded to it, of rows whose logarithmic size has a standard deviation of 3. `repeated`: five rows are of
        one subject, or follow each other at times with exponential gaps, correlated by `row_correlation` (.5 in "band" unless given).
        `covariate`: a column x ~ Normal(0, 1) moves the log-ratio of each part to the mean by a coefficient drawn from Normal(0, 1).
        """
        return simulation.simulate(
            self,
            seed,
            rows,
            parts,
            simulation.Design(design, depth, resolution, repeated, covariate),
        )

    def log_likelihood(self, draws: xr.Dataset, data: Composition) -> xr.DataArray:
        """Of the centred log-ratios in an orthonormal basis, with the covariates' coefficients integrated out: m/2 log|Λ| - tr(SΘ)/2 - m p/2 log 2π.

        Of counts, that of the log-ratios of counts + 1/2, and of values within bounds that of their middles: no likelihood of theirs, but a function of
        parameters and data all the same.
        """
        theta, size = draws["precision"].to_numpy(), len(data.parts)
        determinant = np.linalg.slogdet(theta + 1 / size)[1]
        values = (
            data.degrees / 2 * (determinant - (size - 1) * np.log(2 * np.pi))
            - (theta * data.scatter).sum((-1, -2)) / 2
        )
        return xr.DataArray(values, dims=("chain", "draw"))

    def causal_graph(self, data: Composition) -> nx.DiGraph:
        """The amounts are hidden; what is seen are their ratios."""
        import networkx as nx

        graph = nx.DiGraph()
        some = ", ".join(data.parts[:8]) + (", ..." if len(data.parts) > 8 else "")
        graph.add_node("amounts", label=f"amounts of {some}", role="hidden")
        graph.add_node("size", label="size of the specimen", role="hidden")
        graph.add_node("composition", label="composition: their ratios", role="observed")
        graph.add_edges_from([("amounts", "composition"), ("size", "composition")])
        if data.arguments["covariates"]:
            graph.add_node("covariates", label=data.arguments["covariates"], role="observed")
            graph.add_edge("covariates", "amounts")
        return graph

    def baselines(self, data: Composition) -> Mapping[str, Callable]:
        """Other numbers given for each pair of parts."""
        return baselines(data)

    def predictions(
        self, draws: xr.Dataset, data: Composition, rng: np.random.Generator
    ) -> tuple[Prediction, ...]:
        """Spread, skewness and tails of each part's log-ratio to the mean of all, with replications."""
        return (
            predictions(self, draws, data, rng)
            if "precision" in draws and not data.counts and data.bounds is None
            else ()
        )

    def views(self, draws: xr.Dataset, data: Composition) -> Mapping[str, Callable[[], View]]:
        """Pictures of compositions: `network`, `matrix`, `baseline`, `residuals`, `biplot`, `ternary`."""
        return {name: partial(view, self, draws, data) for name, view in views().items()}

    def data_checks(self, data: Composition) -> tuple[Check, ...]:
        """What the data themselves leave in doubt: too few rows, parts rounded to a few values, parts nearly proportional."""
        return (*rows_left_out(data), *data_checks(data))

    def adjustments(self, data: Composition) -> tuple[Adjustment, ...]:
        """What would make a partial correlation the effect of one part on another, and how far these data go towards it."""
        return adjustments(data)

    def unused_fields(self, data: Composition) -> dict[str, str]:
        """Return the fields that cannot change the answer, each with the reason."""
        found = {}
        if self.prior != "sparse":
            found["negligible"] = f"prior={self.prior!r} does not use it, prior='sparse' does."
        if self.prior == "matching":
            found |= dict.fromkeys(
                ("shrinkage", "basis_variance"), "prior='matching' does not use it."
            )
        if self.prior == "sparse":
            found["shrinkage"] = "prior='sparse' does not use it."
        if data.dependence is None:
            found["row_correlation"] = "these data name neither a subject nor a time."
        return found

    def relaxations(self, data: Composition) -> tuple[Relaxation, ...]:
        """None: nothing from outside is imposed."""
        return ()


def _refuse_what_cannot_be_fitted(data: Composition) -> None:
    refuse_improper(data)
    if data.degrees < 2:
        raise ModelError(
            f"Expected at least 2 rows more than the intercept and the covariates take, got {len(data)} rows and {data.matrix.shape[1]} columns."
        )


def _dataset(
    theta: np.ndarray, parts: tuple[str, ...], like: xr.Dataset | None = None
) -> xr.Dataset:
    """Draws (chain, draw, part, other_part) of Θ."""
    chains, draws = (
        (np.arange(size) for size in theta.shape[:2])
        if like is None
        else (like["chain"], like["draw"])
    )
    coords = {"chain": chains, "draw": draws, "part": list(parts), "other_part": list(parts)}
    return xr.Dataset({"precision": (("chain", "draw", "part", "other_part"), theta)}, coords)
