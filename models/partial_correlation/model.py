"""Partial correlations of a composition: which parts vary together, given all the others.

The answers depend on no reference part and no basis of log-ratios.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import xarray as xr

from causalstats.core.abilities import Baseline, DrawByImportance
from causalstats.core.argument_validation import (
    Count,
    Inside,
    NotNegative,
    Number,
    Positive,
    Seed,
    check_fields,
    checked,
)
from causalstats.core.assumption import Adjustment, Assumption, Relaxation
from causalstats.core.check import Check
from causalstats.core.estimand import Estimand
from causalstats.core.field_names import names_fields
from causalstats.core.gibbs_kernel import GibbsKernel
from causalstats.core.model_card import model_card
from causalstats.core.observed_units import ObservedUnits
from causalstats.core.prediction import Prediction
from causalstats.core.simulation import Simulation
from causalstats.core.views import View
from causalstats.data import Composition
from causalstats.errors import ModelError
from causalstats.models.partial_correlation import simulation as simulation
from causalstats.models.partial_correlation import student_rows
from causalstats.models.partial_correlation.abundance_baselines import (
    abundance_baselines,
)
from causalstats.models.partial_correlation.assumptions import (
    adjustments,
    assumptions,
    assumptions_for,
)
from causalstats.models.partial_correlation.covariates import (
    DIFFERENTIAL_ABUNDANCE,
    with_coefficients,
)
from causalstats.models.partial_correlation.data_checks import data_checks
from causalstats.models.partial_correlation.default_prior import (
    prior_for_data,
    prior_without_data,
)
from causalstats.models.partial_correlation.estimands import estimands
from causalstats.models.partial_correlation.graph_context import GraphContext
from causalstats.models.partial_correlation.hyperpriors import Hyperprior
from causalstats.models.partial_correlation.observation import observation_of
from causalstats.models.partial_correlation.observed_units import observed_units
from causalstats.models.partial_correlation.priors import PRIORS, PriorName
from causalstats.models.partial_correlation.priors.base import (
    CovariancePrior,
    ExactPrior,
    GibbsSampledPrior,
    ImportanceSampledPrior,
)
from causalstats.models.partial_correlation.priors.basis_variances import (
    log_variance_of,
)
from causalstats.models.partial_correlation.priors.conjugate import (
    log_prior_of_precision,
    posterior_scatter,
)
from causalstats.models.partial_correlation.priors.horseshoe import DISTANCE_EFFECT
from causalstats.models.partial_correlation.propriety import refuse_improper
from causalstats.models.partial_correlation.replication import with_replication
from causalstats.models.partial_correlation.row_dependence import row_dependence_of
from causalstats.models.partial_correlation.student_rows import ErrorsName
from causalstats.models.partial_correlation.views import baselines, predictions, views
from causalstats.models.shared.missing_rows import rows_left_out
from causalstats.numerics.compositions import inverse_wishart
from causalstats.numerics.memory import memory_of_machine

if TYPE_CHECKING:
    import networkx as nx
    import pymc as pm

_MATRICES = 20  # of all pairs, at the peak of a fit and its table of answers
_LARGEST_EXACT = 5e6  # numbers in the exact draws of Θ that are kept, 40 MB
_FEWEST_EXACT = 1000  # draws; with so many parts that fewer would be kept, none are
Draw = Callable[[int, int, np.random.Generator], xr.Dataset]


def _refuse_too_many(parts: int) -> None:
    needed = _MATRICES * 8.0 * parts**2
    memory = memory_of_machine()
    if needed > memory:
        raise ModelError(
            f"{parts:,} parts take about {needed / 1e9:.0f} GB, for {parts**2 / 2e6:.0f} million "
            f"pairs, and this machine has {memory / 1e9:.0f}. Leave out rare parts, or merge them: "
            "`Composition.from_abundances` keeps those of a prevalence."
        )


@names_fields
@dataclass(frozen=True, kw_only=True)
class PartialCorrelation:
    """Jointly normal log-ratios, whose covariance needs no reference part.

    clr(x_i) = W_i B + e_i,  V'e_i ~ Normal(0, Σ),  B flat
    Θ = V Σ⁻¹ V',  r_ij = -Θ_ij / √(Θ_ii Θ_jj)

    with the centred log-ratios clr(x_i) of row i, the covariates W, and any orthonormal basis V of
    the log-ratios (isometric log-ratios). r_ij is the partial correlation of parts i and j given
    all the others.

    The priors of Σ, with m = n - columns of W, p = D - 1, and α = k / (k + m) the weight of the
    prior in the posterior mean of Σ. Where none is named, `for_data` takes "matching" of log-ratios
    that are known in independent rows, with m at least 2 D and no distances of parts, and
    "horseshoe" of all others.

    "shrunk"
        Σ ~ IW(k + D, k V' diag(ω) V), log ω_j ~ Normal(μ, τ²), μ ~ Normal(log of
        `basis_variance`, `basis_variance_sd`²), τ ~ half-Normal(`variance_spread_scale`),
        α ~ Uniform(0, 1): shrinkage towards independent parts, as far as the data say. Σ is
        integrated out and only ω and α are sampled.
    "invariant"
        The same with equal ω, which no rotation of the log-ratios changes. Unless they are given,
        α is one standard deviation below its posterior mean under Uniform(0, 1), and ω that of
        most evidence. Exact given both.
    "matching"
        p(Σ) ∝ |Σ|^(-1) for answers that follow from Θ, with the intervals of the t-test with
        n - D + 1 degrees of freedom, and |Σ|^(-p) for coefficients of covariates, with those of
        least squares. Exact, and needs n > 2 D - 3 at least.
    "sparse"
        Spike and slab: the amounts before closure have a precision K = d R d in which partial
        correlations -R_ij are near 0, Normal(0, `spike_sd`²), or not, Normal(0, `slab_sd`²), by
        the share π of mean `prior_inclusion_probability`; d_j = ω_j^(-1/2), ω as above. Of
        log-ratios that are known in independent rows sampled by `Gibbs`, 200 parts in a minute; of
        others by NUTS, in minutes with 20 parts and an hour with 60: there, take "horseshoe".

    "horseshoe"
        The amounts before closure have a precision K = d R d as under "sparse", with partial
        correlations -R_ij ~ Normal(0, (τ λ_ij)²), λ_ij ~ half-Cauchy(1),
        τ ~ half-Cauchy(`global_shrinkage_scale`), cut to τ of `least_global_shrinkage` or more and
        to positive definite R (the graphical horseshoe): few links may be strong and the others are
        drawn to none. Where the data have distances of parts, by a taxonomy or a phylogenetic tree,
        the scale of links changes with them. Sampled by `Gibbs`, in seconds with 30 parts.

    Counts y_i are Multinomial with probabilities proportional to exp(clr(x_i)), and values within
    bounds (censored below a limit of detection, or rounded) are anywhere between them; the
    log-ratios are then sampled too, under "horseshoe", "shrunk" or "sparse". Pairs whose parts are
    counted too seldom are not determined, and `decide` says so. Rows of one subject, where the data
    name it, are correlated by the same φ ~ Uniform(0, 1) in every log-ratio, and rows in time by
    φ^gap, an AR(1) process with gaps in units of the median one; under "shrunk", Σ is then
    integrated out given φ.

    Parameters
    ----------
    prior : "matching", "horseshoe", "shrunk", "sparse", "invariant" or None
        None: the one of the data; where fields are given that it does not have, the next that does.
    shrinkage : float or None
        α in (0, 1). None: learned.
    basis_variance : float or None
        Variance of the logarithm of a part, natural logarithms: the prior median, or ω itself of
        "invariant". None: that of the data.
    basis_variance_sd : float
        Standard deviation of μ about its prior median. The default of 2 lets the typical variance
        be 50 times smaller or larger at 95 %, so that the unit of the data hardly matters.
    variance_spread_scale : float
        Scale of the half-normal prior of τ, the standard deviation of log ω between parts. With
        the default of 1 the variances of two parts mostly differ by a factor of up to about 10.
    spike_sd : float
        Standard deviation of those partial correlations of the amounts that are next to none; of
        "sparse". The default of 0.1 is a link that explains 1 % of a variance.
    slab_sd : float
        Standard deviation of the other partial correlations of the amounts, those of links. The
        default of 0.5 is wide on (-1, 1) and still makes links near ±1 rare.
    prior_inclusion_probability : float
        Prior mean q of the share π ~ Beta(5 q, 5 (1-q)) of pairs of amounts that are linked. The
        default of 0.2, Beta(1, 4), favours few links and excludes none.
    global_shrinkage_scale : float
        Scale of the half-Cauchy prior of τ; of "horseshoe". With the default of 1 the share of
        links is left to the data: τ about 1 has as many links as not.
    least_global_shrinkage : float or None
        τ_min, at which the prior of τ is cut; of "horseshoe". None: .25 with 8 parts or fewer, and
        0 with more. Few parts need no sparsity: without the cut, 95 % intervals over pairs of .4 to
        .8 cover .86 (all pairs .94) in 20 rows of 5 parts and .58 (.91) in 25 of 8, with it .94
        (.97) and .81 (.97); in 60 rows of 12 parts it lowers their coverage from .84 to .75.
    distance_effect_sd : float
        Prior standard deviation of β; of "horseshoe", where the data have `distances` of parts. The
        scale of R_ij is then τ λ_ij exp(-β x_ij), with the distance x_ij about its mean, in units
        of the largest: exp(β) is the ratio of the scale of links between parts at no distance to
        that of the parts farthest apart. With the default of 2 it is mostly between 1/50 and 50;
        links of near parts may be the stronger or the weaker ones. In 30 rows of 20 parts whose
        links of .5 are within clades, the root mean squared error over links is .30 with distances
        and .37 without, in 60 rows .18 and .24; where links are anywhere, .36 both times and .22
        (8 data sets each, `benchmarks/related_links.json`). Other priors have no use of
        distances, and where none is named, "horseshoe" is taken of data that have them.
    row_correlation : float or None
        φ in [0, 1), of data that name a subject or a time. None: learned.
    errors : "normal" or "student"
        Distribution of e_i. "student": multivariate t, e_i / √g_i with g_i ~ Gamma(ν/2, ν/2), so
        that rows that lie far out count little; under "horseshoe", "shrunk" or "sparse", of
        independent rows. Σ is then the scale matrix. Of 100 rows of 8 parts of which 5 % lie five
        times as far out, 95 % intervals cover .95 of all pairs and .61 of links of .4 to .85, where
        those of normal errors cover .57 to .62 and .16 to .27; of normal rows they cover as those
        of "horseshoe" (16 data sets each, `benchmarks/robust_rows.json`). Outlying values of single
        parts, in rows that are otherwise as all others, it does not see.
    degrees_of_freedom : float or None
        ν > 0 of "student". None: learned, ν ~ Gamma(2, 0.1) of mean 20.

    Raises
    ------
    ModelError
        If a field is out of its range, or given to a prior that does not have it.

    Notes
    -----
    No answer depends on the order of the parts, on a reference part or on the basis: by Schur's
    lemma "invariant" has all the inverse-Wishart priors that no relabelling of the parts changes.

    Intervals of "matching" cover at every size and whatever the structure: they are those of the
    t-test. No other prior does. Over pairs of .4 to .8, 95 % intervals cover

    ========  ==========================================  ==========================================
    rows x D  few isolated links                          most parts linked
    ========  ==========================================  ==========================================
    60 x 8    matching 1.00, horseshoe .76, shrunk .50    horseshoe .80, shrunk .86
    100 x 20  matching .93, horseshoe .85, shrunk .09     matching .95, horseshoe .63, shrunk .86
    60 x 30   horseshoe .83, shrunk .00                   shrunk .71
    40 x 30   horseshoe .74                               horseshoe .52, shrunk .59
    ========  ==========================================  ==========================================

    (9 to 30 data sets, standard errors .02 to .11; of "horseshoe" at 60 x 8 without the cut of τ:
    of 110 other data sets .87 without it and .88 with it), where over all pairs those of "shrunk"
    cover .9 or more: "shrunk" and "invariant" shrink strong links among many weak ones, and the
    caution `shrinkage of strong links` stands on the answer where a link is sure and shrunk by more
    than one posterior standard deviation, and with ten parts or more and fewer than four rows a
    part, where no link may be sure enough to show it. Under "horseshoe" and "sparse", of known
    log-ratios in two or more rows a part, it stands where a link that the t-test finds among all
    pairs is .7 of a standard deviation nearer to 0 than its estimate without a prior: in .93 of
    data sets of 60 x 8 with strong links, .07 of those without any and .10 of those with weak ones
    (30 each). In 20 other data sets with strong links .08 of them are missed without a word, before
    .19, and under "matching" .13. Of counts there is no such estimate. With ten parts or more and
    fewer than four rows a part, it stands always: where no link shows, these data cannot say which
    strong ones are drawn in. With four parts, "horseshoe" and "shrunk" cover alike. Where most
    amounts are linked, answers of "horseshoe" carry the caution `few links among the amounts`. Over
    all pairs of 4 parts in 40 rows, intervals of "shrunk" cover .95 with 500 counts a row and .92
    with 25 (32 data sets each), as where log-ratios are known.

    "invariant" gives all parts one variance. With many parts of unequal variances its weight is
    large and it predicts the spread of the parts wrongly (standard deviations exp(Normal(0, .3²)),
    40 parts, 80 rows: the check `predicts the spread of each part` fails always); "shrunk", which
    learns the variance of each part, then predicts it.

    With "sparse", the cut to positive definite R makes large π less likely than under its Beta
    prior, and more so with more parts.

    References
    ----------
    Erb (2020), Partial correlations in compositional data analysis, Applied Computing and
    Geosciences 6:100026. Jin, Notredame & Erb (2022), Compositional covariance shrinkage and
    regularised partial correlations, arXiv 2212.00496: the target of the shrinkage.

    Examples
    --------
    >>> import causalstats as cs
    >>> model = cs.PartialCorrelation(prior="matching")
    >>> data = model.simulate(seed=1, rows=200, parts=4).data
    >>> fit = cs.fit(model, data, seed=1, progress=False)
    >>> fit.effect("partial_correlation").numbers().round(2)
             mean    sd  lower  upper
    pair
    p1 ~ p2  0.76  0.03   0.69   0.81
    p1 ~ p3  0.46  0.06   0.35   0.57
    p1 ~ p4  0.08  0.07  -0.06   0.22
    p2 ~ p3 -0.05  0.07  -0.19   0.09
    p2 ~ p4 -0.07  0.07  -0.20   0.07
    p3 ~ p4  0.72  0.03   0.65   0.79
    """

    prior: PriorName | None = None
    shrinkage: Inside | None = None
    basis_variance: Positive | None = None
    basis_variance_sd: Positive = 2.0
    variance_spread_scale: Positive = 1.0
    spike_sd: Positive = 0.1
    slab_sd: Positive = 0.5
    prior_inclusion_probability: Inside = 0.2
    global_shrinkage_scale: Positive = 1.0
    least_global_shrinkage: NotNegative | None = None
    distance_effect_sd: Positive = 2.0
    row_correlation: Annotated[float, Number(least=0, below=1)] | None = None
    errors: ErrorsName = "normal"
    degrees_of_freedom: Positive | None = None

    headline = "partial_correlation"
    data_class = Composition
    simulation_defaults: ClassVar[Mapping[str, int]] = {"rows": 30, "parts": 4}

    def __post_init__(self) -> None:
        check_fields(self, ModelError)
        if self.spike_sd >= self.slab_sd:
            raise ModelError(
                f"Expected `spike_sd` below `slab_sd`, got {self.spike_sd:g} and "
                f"{self.slab_sd:g}: the spike is the narrower of the two."
            )
        if self.errors == "normal" and self.degrees_of_freedom is not None:
            raise ModelError(
                "`degrees_of_freedom` are those of errors='student'; normal errors have none."
            )
        if self.prior is None:
            prior_without_data(self)
            return
        lacking = [
            name
            for name in ("shrinkage", "basis_variance")
            if name not in self.covariance_prior.fields
        ]
        if any(getattr(self, name) is not None for name in lacking):
            raise ModelError(_without_fields(self.prior, lacking))
        if self.errors == "student" and "errors" not in self.covariance_prior.fields:
            raise ModelError(_normal_only(self.prior))

    @property
    def covariance_prior(self) -> CovariancePrior:
        """The prior of Σ by the name `prior`; of data of few rows, where none is named.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="shrunk")
        >>> model.covariance_prior.parameters[-1]
        'shrinkage'
        """
        return PRIORS[self.prior or prior_without_data(self)]

    def for_data(self, data: Composition) -> PartialCorrelation:
        """Return the model with the prior for these data, where `prior` is None: as it is fitted.

        "matching" where log-ratios are known in independent rows, two or more a part beside
        intercept and covariates; "horseshoe" otherwise. Where fields are given that these do not
        have, the first prior that has them.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation()
        >>> model.for_data(model.simulate(seed=1, rows=40, parts=5).data).prior
        'matching'
        >>> model.for_data(model.simulate(seed=1, rows=40, parts=30).data).prior
        'horseshoe'
        """
        if self.prior is not None:
            return self
        return replace(self, prior=prior_for_data(self, data))

    def _prior_for(self, data: Composition) -> CovariancePrior:
        return self.for_data(data).covariance_prior

    def nuts_options(self, data: Composition) -> dict[str, Any]:
        """Return the options of `Nuts` that suit the graph.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="shrunk")
        >>> data = model.simulate(seed=1, rows=20, parts=4).data
        >>> model.nuts_options(data)["target_accept"]
        0.99
        """
        return self._prior_for(data).nuts_options(data)

    def _repr_html_(self) -> str:
        return model_card(self)

    def inputs(self, data: Composition) -> dict[str, np.ndarray]:
        """Return the arrays that the graph takes, by name.

        They are the cross-products S of the centred log-ratios, or what S is sampled from, their
        degrees of freedom and the numbers of the prior; with an exact prior, its posterior.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="shrunk")
        >>> data = model.simulate(seed=1, rows=20, parts=4).data
        >>> model.inputs(data)["scatter"].shape
        (4, 4)
        """
        return self._prior_for(data).inputs(self, data)

    def build(self, data: Composition) -> pm.Model:
        """Return the PyMC graph on these data.

        Its likelihood is a `pm.Potential` of the cross-products of all rows, with Σ and the
        coefficients of covariates integrated out: it has no observed variable that PyMC could
        replicate, and no row has a likelihood in it. `fit.idata()` has both, given Θ.

        Raises
        ------
        ModelError
            If the posterior on these data would not be a distribution.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="shrunk")
        >>> data = model.simulate(seed=1, rows=20, parts=4).data
        >>> sorted(variable.name for variable in model.build(data).free_RVs)
        ['log_typical_variance', 'shrinkage', 'variance_deviation', 'variance_spread']
        """
        import pymc as pm

        self._refuse(data)
        inputs = self.inputs(data)
        rows = row_dependence_of(data)
        observation = observation_of(data)
        hyperpriors = self._hyperpriors(data)
        coords = {"part": list(data.parts), "other_part": list(data.parts)}
        with pm.Model(coords=coords) as graph:
            nodes = {name: pm.Data(name, value) for name, value in inputs.items()}
            context = GraphContext(data.parts, nodes, hyperpriors)
            source = rows if self.errors == "normal" else student_rows
            scatter = partial(source.scatter, observation=observation)
            self._prior_for(data).add_to_graph(context, scatter)
        return graph

    def exact_posterior(self, data: Composition) -> Draw | None:
        """Return a function of chains, draws and a generator that draws Θ independently.

        None where the posterior is not a Wishart distribution.

        Examples
        --------
        >>> import numpy as np
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="matching")
        >>> data = model.simulate(seed=1, rows=20, parts=4).data
        >>> draw = model.exact_posterior(data)
        >>> draws = draw(chains=2, draws=100, rng=np.random.default_rng(1))
        >>> draws["precision"].sizes["draw"]
        100
        """
        prior = self._prior_for(data)
        if not isinstance(prior, ExactPrior):
            return None
        self._refuse(data)
        size = len(data.parts)

        def draw(chains: int, draws: int, rng: np.random.Generator) -> xr.Dataset:
            draws = min(draws, int(_LARGEST_EXACT / chains / size**2))
            if size**2 > _LARGEST_EXACT / _FEWEST_EXACT:
                return xr.Dataset(
                    coords={"chain": np.arange(chains), "draw": np.arange(0)}
                )
            scatter, degrees = posterior_scatter(prior.conjugate(self, data), data)
            shape = (chains, draws, size, size)
            count = chains * draws
            theta = inverse_wishart.draw_precisions(
                scatter, degrees, count, rng
            ).reshape(shape)
            coefficient_theta = theta
            coefficient_degrees = prior.coefficient_degrees(data, degrees)
            if coefficient_degrees != degrees:
                coefficient_theta = inverse_wishart.draw_precisions(
                    scatter, coefficient_degrees, count, rng
                ).reshape(shape)
            return with_coefficients(
                _dataset(theta, data.parts), coefficient_theta, data, rng
            )

        return draw

    def importance_draws(self, data: Composition) -> DrawByImportance | None:
        """Return a function that draws by importance sampling; None with many parts.

        Examples
        --------
        >>> import numpy as np
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="shrunk")
        >>> data = model.simulate(seed=1, rows=20, parts=4).data
        >>> draw = model.importance_draws(data)
        >>> draws, log_density, pareto_k, ess = draw(1, 200, np.random.default_rng(1))
        >>> pareto_k < 0.7
        True
        """
        prior = self._prior_for(data)
        if not isinstance(prior, ImportanceSampledPrior):
            return None
        self._refuse(data)
        return prior.importance_draws(self, data)

    def gibbs_kernel(self, data: Composition) -> GibbsKernel | None:
        """Return the sweeps of a Gibbs sampler; None where the prior has none for these data.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="horseshoe")
        >>> kernel = model.gibbs_kernel(model.simulate(seed=1, rows=20, parts=4).data)
        >>> kernel.draws, kernel.thin
        (1000, 15)
        """
        prior = self._prior_for(data)
        if not isinstance(prior, GibbsSampledPrior):
            return None
        self._refuse(data)
        return prior.gibbs_kernel(self, data)

    def recover_marginals(
        self, draws: xr.Dataset, data: Composition, rng: np.random.Generator
    ) -> xr.Dataset:
        """Return draws with Θ and the coefficients of covariates, which were integrated out.

        As many draws of each chain as can be kept.

        Parameters
        ----------
        draws : Dataset
            Draws of the variables of the graph.
        data : Composition
        rng : Generator

        Examples
        --------
        >>> import numpy as np
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="shrunk")
        >>> data = model.simulate(seed=1, rows=20, parts=4).data
        >>> rng = np.random.default_rng(1)
        >>> draws = model.importance_draws(data)(1, 200, rng)[0]
        >>> model.recover_marginals(draws, data, rng)["precision"].dims
        ('chain', 'draw', 'part', 'other_part')
        """
        prior = self._prior_for(data)
        names = ("scatter", *prior.latent, *observation_of(data).latent)
        latent = [
            name
            for name in (*draws.data_vars, *draws.coords)
            if str(name).startswith(names)
        ]
        draws = prior.recover_precision(draws, data, rng)
        precision = draws["precision"].to_numpy()
        return with_coefficients(draws, precision, data, rng).drop_vars(latent)

    def assumptions(self) -> tuple[Assumption, ...]:
        """Return the assumptions of the answers.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="shrunk")
        >>> [assumption.name for assumption in model.assumptions()][:3]
        ['normal log-ratios', 'independent rows', 'shrinkage']
        """
        return assumptions(self)

    def assumptions_for(self, data: Composition) -> tuple[Assumption, ...]:
        """Return the assumptions that matter for these data: that of counts, of counts alone.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation()
        >>> data = model.simulate(seed=1, rows=20, parts=4).data
        >>> [each.name for each in model.assumptions_for(data)][-2:]
        ['these parts', 'measured without error']
        """
        return assumptions_for(self.for_data(data), data)

    def estimands(self) -> Mapping[str, Estimand]:
        """Return the estimands by name. None of them is causal.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation()
        >>> list(model.estimands())[:3]
        ['partial_correlation', 'excess', 'closure_baseline']
        """
        return estimands(self)

    def parameters(self, data: Composition) -> tuple[str, ...]:
        """Return the names in the posterior whose sampling is checked; none where it is exact.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="shrunk")
        >>> data = model.simulate(seed=1, rows=20, parts=4).data
        >>> model.parameters(data)
        ('log_typical_variance', 'variance_spread', 'basis_variance', 'shrinkage')
        """
        rows = row_dependence_of(data).hyperpriors(self.row_correlation)
        tails = student_rows.hyperpriors(self)
        prior = self._prior_for(data)
        related = data.distances is not None and "distance_effect_sd" in prior.fields
        effect = (DISTANCE_EFFECT,) if related else ()
        return (*prior.parameters, *effect, *rows, *tails)

    def hyperparameters(self, data: Composition) -> tuple[str, ...]:
        """Return the names of sampled parameters from which no answer is computed.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="horseshoe")
        >>> model.hyperparameters(model.simulate(seed=1, rows=20, parts=4).data)
        ('global_shrinkage',)
        """
        return self._prior_for(data).hyperparameters

    def priors(self, data: Composition) -> dict[str, float]:
        """Return the prior standard deviations of scalar parameters; NaN where one is given.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="shrunk")
        >>> data = model.simulate(seed=1, rows=20, parts=4).data
        >>> {name: round(sd, 2) for name, sd in model.priors(data).items()}
        {'log_typical_variance': 2.0, 'variance_spread': 0.6, 'shrinkage': 0.29}
        """
        return {
            name: hyperprior.sd for name, hyperprior in self._hyperpriors(data).items()
        }

    def _hyperpriors(self, data: Composition) -> dict[str, Hyperprior]:
        """Return the priors of scalar parameters: of the covariance and of dependent rows."""
        table = self._prior_for(data).hyperpriors(
            self,
            log_variance_of(self, data),
            len(data.parts),
            data.distances is not None,
        )
        table |= student_rows.hyperpriors(self)
        return table | row_dependence_of(data).hyperpriors(self.row_correlation)

    def _refuse(self, data: Composition) -> None:
        """Raise `ModelError` where the posterior would not be proper, or not fit into memory."""
        _refuse_too_many(len(data.parts))
        refuse_improper(data)
        if data.degrees < 2:
            raise ModelError(
                "Expected at least 2 rows more than the intercept and the covariates take, got "
                f"{len(data)} rows and {data.matrix.shape[1]} columns."
            )
        self._prior_for(data).refuse(self, data)

    def with_proper_prior(self) -> PartialCorrelation:
        """Return the model with the constants fixed that its prior reads from the data.

        `basis_variance` is 1 and, for the invariant prior, `shrinkage` .3, unless they are given.
        The matching prior stays improper.

        Examples
        --------
        >>> import causalstats as cs
        >>> cs.PartialCorrelation().with_proper_prior().basis_variance
        1.0
        """
        needed = self.covariance_prior.simulation_fields
        basis_variance, shrinkage = self.basis_variance, self.shrinkage
        if "basis_variance" in needed and basis_variance is None:
            basis_variance = 1.0
        if "shrinkage" in needed and shrinkage is None:
            shrinkage = 0.3
        return replace(self, basis_variance=basis_variance, shrinkage=shrinkage)

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
        exposure: bool = False,
        absent: bool = False,
        related: bool = False,
    ) -> Simulation:
        """Draw compositions with a known Θ and parts p1, p2, ...

        Parameters
        ----------
        seed : int
        rows, parts : int
        design : "band" or "prior"
            "band": amounts whose precision links each part to the next, with partial correlations
            ±.45 in turn, and standard deviations from .3 to 1. "prior": this model's own, which
            needs `basis_variance`, and `shrinkage` too where that is not sampled.
        depth : int, optional
            That many are counted of each row.
        resolution : float, optional
            The first two parts are rounded to it, of rows whose logarithmic size has a standard
            deviation of 3.
        repeated : "subject" or "time", optional
            Five rows are of one subject, or follow each other at times with exponential gaps,
            correlated by `row_correlation` (.5 in "band" unless given).
        covariate : bool
            Whether a column x ~ Normal(0, 1) moves the log-ratio of each part to the mean by a
            coefficient drawn from Normal(0, 1).
        exposure : bool
            Whether counts of the first part have exposures exp(Normal(0, 1)), a column of that
            name; of counts, so that `depth` is needed.
        absent : bool
            Whether the last part cannot be present in every third row, as a column of that name
            says; of counts too.
        related : bool
            Whether the data have distances of parts: two by two they are of one genus, and two by
            two these of one family. "prior" then needs prior="horseshoe".

        Returns
        -------
        Simulation

        Raises
        ------
        ModelError
            If the prior is no distribution until another field is given, or exposures or absent
            parts are asked for where nothing is counted.

        Examples
        --------
        >>> import causalstats as cs
        >>> simulation = cs.PartialCorrelation().simulate(seed=1, rows=20, parts=3)
        >>> simulation.truth["precision"].sizes["part"]
        3
        """
        if (exposure or absent) and depth is None:
            raise ModelError(
                "Exposures and absent parts are those of counts: say how many are counted of each "
                "row, `depth=`."
            )
        return simulation.simulate(
            self,
            seed,
            rows,
            parts,
            simulation.Design(
                design,
                depth,
                resolution,
                repeated,
                covariate,
                exposure,
                absent,
                related,
            ),
        )

    def log_likelihood(self, draws: xr.Dataset, data: Composition) -> xr.DataArray:
        """Return the log likelihood of isometric log-ratios, coefficients integrated out.

        m/2 log|Λ| - tr(SΘ)/2 - m p/2 log 2π. With counts it is that of the log-ratios of counts +
        1/2, and with values within bounds that of their middles: not their own likelihood, but a
        function of parameters and data all the same.

        Examples
        --------
        >>> import numpy as np
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="matching")
        >>> data = model.simulate(seed=1, rows=20, parts=4).data
        >>> draw = model.exact_posterior(data)
        >>> draws = draw(chains=2, draws=100, rng=np.random.default_rng(1))
        >>> model.log_likelihood(draws, data).dims
        ('chain', 'draw')
        """
        theta, size = draws["precision"].to_numpy(), len(data.parts)
        determinant = np.linalg.slogdet(theta + 1 / size)[1]
        values = (
            data.degrees / 2 * (determinant - (size - 1) * np.log(2 * np.pi))
            - (theta * data.scatter).sum((-1, -2)) / 2
        )
        return xr.DataArray(values, dims=("chain", "draw"))

    def log_prior(self, draws: xr.Dataset, data: Composition) -> xr.Dataset | None:
        """Return the log prior density of Θ under an exact prior; else None, the graph has it.

        Raises
        ------
        ModelError
            If the prior is flat, and no distribution.

        Examples
        --------
        >>> import numpy as np
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="invariant")
        >>> data = model.simulate(seed=1, rows=20, parts=4).data
        >>> rng = np.random.default_rng(1)
        >>> draws = model.exact_posterior(data)(chains=2, draws=100, rng=rng)
        >>> model.log_prior(draws, data)["precision"].dims
        ('chain', 'draw')
        """
        prior = self._prior_for(data)
        if not isinstance(prior, ExactPrior):
            return None
        return log_prior_of_precision(prior.conjugate(self, data), draws)

    def declared_priors(self, data: Composition) -> tuple[str, ...]:
        """Return no priors: none of them is knowledge from outside.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation()
        >>> model.declared_priors(model.simulate(seed=1, rows=20, parts=4).data)
        ()
        """
        return ()

    def hierarchical_priors(self, data: Composition) -> tuple[str, ...]:
        """Return the names of variables whose spread is learned: the variances of the parts.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="shrunk")
        >>> model.hierarchical_priors(model.simulate(seed=1, rows=20, parts=4).data)
        ('variance_deviation',)
        """
        return ("variance_deviation",)

    def with_prior_of(self, data: Composition) -> PartialCorrelation:
        """Return the model with what its prior reads from data fixed at what it reads here."""
        return self.for_data(data)

    def with_replication(
        self, draws: xr.Dataset, data: Composition, rng: np.random.Generator
    ) -> Simulation:
        """Return the study with a second one behind it, drawn at one draw of the parameters.

        Parameters
        ----------
        draws : Dataset
            One draw.
        data : Composition
        rng : Generator
        """
        return with_replication(self._prior_for(data), draws, data, rng)

    def observed_units(
        self, draws: xr.Dataset, data: Composition, rng: np.random.Generator
    ) -> ObservedUnits:
        """Return the distance of each row from the mean, with its likelihood and replications.

        Parameters
        ----------
        draws : Dataset
            Draws with Θ.
        data : Composition
        rng : Generator

        Raises
        ------
        ModelError
            If log-ratios are not known, or the rows are one series in time.

        Examples
        --------
        >>> import numpy as np
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="matching")
        >>> data = model.simulate(seed=1, rows=20, parts=4).data
        >>> rng = np.random.default_rng(1)
        >>> draws = model.exact_posterior(data)(chains=2, draws=100, rng=rng)
        >>> model.observed_units(draws, data, rng).log_likelihood().shape
        (200, 20)
        """
        return observed_units(self.for_data(data), draws, data, rng)

    def causal_graph(self, data: Composition) -> nx.DiGraph[str]:
        """Return the graph in which the amounts are hidden and their ratios are seen.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation()
        >>> data = model.simulate(seed=1, rows=20, parts=4).data
        >>> sorted(model.causal_graph(data).edges)
        [('amounts', 'composition'), ('size', 'composition')]
        """
        import networkx as nx

        graph = nx.DiGraph()
        some = ", ".join(map(data.wording.label, data.parts[:8])) + (
            ", ..." if len(data.parts) > 8 else ""
        )
        graph.add_node("amounts", label=f"amounts of {some}", role="hidden")
        graph.add_node("size", label="size of the specimen", role="hidden")
        graph.add_node(
            "composition", label="composition: their ratios", role="observed"
        )
        graph.add_edges_from([("amounts", "composition"), ("size", "composition")])
        if data.arguments["covariates"]:
            graph.add_node(
                "covariates", label=data.arguments["covariates"], role="observed"
            )
            graph.add_edge("covariates", "amounts")
        return graph

    def baselines(self, data: Composition) -> Mapping[str, Baseline]:
        """Return other estimates for each pair of parts.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation()
        >>> data = model.simulate(seed=1, rows=20, parts=4).data
        >>> list(model.baselines(data))[:3]
        ['sample estimate', 'basis shrinkage', 'proportionality']
        """
        return baselines(data)

    def answer_baselines(self, name: str, data: Composition) -> Mapping[str, Baseline]:
        """Return LinDA and ANCOM-BC for `differential_abundance`; none for other answers.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation()
        >>> data = model.simulate(seed=1, rows=30, parts=9, covariate=True).data
        >>> list(model.answer_baselines("differential_abundance", data))
        ['LinDA', 'ANCOM-BC']
        """
        return abundance_baselines(data) if name == DIFFERENTIAL_ABUNDANCE else {}

    def predictions(
        self, draws: xr.Dataset, data: Composition, rng: np.random.Generator
    ) -> tuple[Prediction, ...]:
        """Return spread, skewness and tails of each centred log-ratio, with replications.

        None where log-ratios are sampled.

        Parameters
        ----------
        draws : Dataset
            Posterior draws.
        data : Composition
        rng : Generator

        Examples
        --------
        >>> import numpy as np
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="matching")
        >>> data = model.simulate(seed=1, rows=20, parts=4).data
        >>> draw = model.exact_posterior(data)
        >>> draws = draw(chains=2, draws=100, rng=np.random.default_rng(1))
        >>> rng = np.random.default_rng(1)
        >>> [prediction.name for prediction in model.predictions(draws, data, rng)]
        ['spread of each part', 'skewness of each part', 'tails of each part']
        """
        return (
            predictions(self.for_data(data), draws, data, rng)
            if "precision" in draws and observation_of(data).exact
            else ()
        )

    def views(
        self, draws: xr.Dataset, data: Composition
    ) -> Mapping[str, Callable[[], View]]:
        """Return the network, matrix, baseline, residuals, biplot and ternary of a composition.

        Examples
        --------
        >>> import numpy as np
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="matching")
        >>> data = model.simulate(seed=1, rows=20, parts=4).data
        >>> draw = model.exact_posterior(data)
        >>> draws = draw(chains=2, draws=100, rng=np.random.default_rng(1))
        >>> list(model.views(draws, data))
        ['network', 'matrix', 'baseline', 'residuals', 'biplot', 'ternary']
        """
        model = self.for_data(data)
        return {
            name: partial(view, model, draws, data) for name, view in views().items()
        }

    def network_nodes(self, data: Composition) -> tuple[str, ...]:
        """Return the parts, between which partial correlations are the edges of a network.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation()
        >>> model.network_nodes(model.simulate(seed=1, rows=20, parts=3).data)
        ('p1', 'p2', 'p3')
        """
        return data.parts

    def data_checks(self, data: Composition) -> tuple[Check, ...]:
        """Return the checks of the data: rows, rounding, absences, groups, proportional parts.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation()
        >>> data = model.simulate(seed=1, rows=20, parts=4).data
        >>> [check.name for check in model.data_checks(data)][:2]
        ['measured finely', 'rows for these parts']
        """
        return (*rows_left_out(data), *data_checks(data, self.errors))

    def adjustments(self, data: Composition) -> tuple[Adjustment, ...]:
        """Return the assumptions under which a partial correlation would be an effect.

        Each says how far these data go towards it.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation()
        >>> data = model.simulate(seed=1, rows=20, parts=4).data
        >>> model.adjustments(data)[0].needed
        'Every common cause of the two parts is held.'
        """
        return adjustments(data)

    def unused_fields(self, data: Composition) -> dict[str, str]:
        """Return the fields that cannot change the answer, each with the reason.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="shrunk")
        >>> data = model.simulate(seed=1, rows=20, parts=4).data
        >>> model.unused_fields(data)["spike_sd"]
        "prior='shrunk' does not use it, prior='sparse' does."
        """
        prior_fields = dict.fromkeys(
            chain.from_iterable(each.fields for each in PRIORS.values())
        )
        prior = self.for_data(data).prior
        assert prior is not None
        reasons = {
            name: _unused_reason(prior, name)
            for name in prior_fields
            if name not in PRIORS[prior].fields
        }
        if row_dependence_of(data).independent:
            reasons["row_correlation"] = "these data name neither a subject nor a time."
        if data.distances is None:
            reasons["distance_effect_sd"] = "these data have no distances of parts."
        if self.errors == "normal":
            reasons["degrees_of_freedom"] = "normal errors have none."
        return reasons

    def relaxations(self, data: Composition) -> tuple[Relaxation, ...]:
        """Return no relaxations: there is no outside knowledge."""
        return ()


def _normal_only(prior: str) -> str:
    """Return the refusal of errors="student" under a prior that is exact for normal rows."""
    having = [repr(name) for name, each in PRIORS.items() if "errors" in each.fields]
    return (
        f"prior={prior!r} is in closed form for normal rows only: with errors='student' expected "
        f"prior={' or '.join(having)}, or none named."
    )


def _without_fields(prior: str, names: list[str]) -> str:
    """Return the refusal of fields that a prior does not have."""
    having = [
        repr(name) for name, each in PRIORS.items() if set(names) <= set(each.fields)
    ]
    remedy = f"leave it out, or use prior={' or '.join(having)}."
    if len(names) == 1:
        return f"The {prior} prior has no `{names[0]}`; {remedy}"
    listed = " nor ".join(f"`{name}`" for name in names)
    return f"The {prior} prior has neither {listed}; {remedy}"


def _unused_reason(prior: str, field: str) -> str:
    """Return why a field cannot change the answer under a prior, and under which it does."""
    using = [repr(name) for name, each in PRIORS.items() if field in each.fields]
    return f"prior={prior!r} does not use it, prior={' or '.join(using)} does."


def _dataset(theta: np.ndarray, parts: tuple[str, ...]) -> xr.Dataset:
    """Return Θ with the dims chain, draw, part and other_part."""
    chains, draws = theta.shape[:2]
    coords = {
        "chain": np.arange(chains),
        "draw": np.arange(draws),
        "part": list(parts),
        "other_part": list(parts),
    }
    return xr.Dataset({"precision": (tuple(coords), theta)}, coords)
