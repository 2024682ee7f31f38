"""Optional abilities of a model: small Protocols, tested with `isinstance`.

Each is one or two methods. A model that has these methods has the ability; a method of
`Fit` that needs an ability which the model lacks leaves that part out, or raises `ModelError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np

from causalstats.core.assumption import Adjustment, Assumption, Relaxation
from causalstats.core.check import Check
from causalstats.core.estimand import Estimand
from causalstats.core.gibbs_kernel import GibbsKernel
from causalstats.core.observed_units import ObservedUnits
from causalstats.core.prediction import Prediction
from causalstats.core.score_question import ScoreQuestion
from causalstats.core.simulation import Simulation
from causalstats.core.views import View

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    import xarray as xr

    from causalstats.core.model import Model

ContrastScale = Literal["difference", "ratio", "odds ratio", "number needed to treat"]
"""The scales on which two interventions are compared."""

DrawExactly = Callable[[int, int, np.random.Generator], "xr.Dataset"]
DrawByImportance = Callable[
    [int, int, np.random.Generator], tuple["xr.Dataset", np.ndarray, float, float]
]


@runtime_checkable
class ClosedForm(Protocol):
    """An estimate with quantiles in closed form: numbers, or arrays with one for each entry."""

    def mean(self) -> float | np.ndarray:
        """Return the mean of each entry."""

    def quantile(self, prob: float) -> float | np.ndarray:
        """Return the quantile of each entry."""


Baseline = Callable[
    [np.random.Generator], tuple[np.ndarray | ClosedForm, np.ndarray | None]
]
"""A simpler method: draws of the headline or an estimate, and one number a person or None."""


@runtime_checkable
class ForData(Protocol):
    """A model that names the class of its data."""

    @property
    def data_class(self) -> type:
        """The class of its data."""


@runtime_checkable
class HeadlineByData(Protocol):
    """A model whose headline some data have no answer to, and who has another for them."""

    def headline_for(self, data: Any) -> str:
        """Return the name of the headline of a fit to these data."""


@runtime_checkable
class ExactPosterior(Protocol):
    """A model whose posterior is a known distribution for some data."""

    def exact_posterior(self, data: Any) -> DrawExactly | None:
        """Return a function of chains, draws and a generator that draws independently.

        None where the posterior of these data has to be sampled.
        """


@runtime_checkable
class ImportanceSampled(Protocol):
    """A model of few parameters that computes its own density for many points at once."""

    def importance_draws(self, data: Any) -> DrawByImportance | None:
        """Return a function of chains, draws and a generator that draws by importance sampling.

        It gives the draws, their log densities, the Pareto k of their weights and the effective
        sample size. None where there is no such function for these data.
        """


@runtime_checkable
class GibbsSampled(Protocol):
    """A model that draws each block of its parameters given the others, for some data."""

    def gibbs_kernel(self, data: Any) -> GibbsKernel | None:
        """Return the sweeps of a Gibbs sampler; None where there are none for these data."""


@runtime_checkable
class SubsamplesInputs(Protocol):
    """A model whose mode can be looked for on some of the rows of large data first."""

    def subsample_inputs(
        self, inputs: Mapping[str, np.ndarray], rng: np.random.Generator
    ) -> tuple[Mapping[str, np.ndarray], Mapping[str, float]]:
        """Return the inputs of some rows, and how many rows each of them stands for.

        Parameters
        ----------
        inputs : mapping of str to array
            The inputs of the model on all rows.
        rng : Generator

        Returns
        -------
        inputs : mapping of str to array
        counts : mapping of str to float
            By the name of an observed variable of the graph; 1 where none is given.
        """


@runtime_checkable
class NearlyGaussian(Protocol):
    """A model whose posterior is nearly Gaussian on some data, so that `Laplace` is tried first."""

    def nearly_gaussian(self, data: Any) -> bool:
        """Return whether it is expected to be so on these data."""


@runtime_checkable
class RecoversMarginals(Protocol):
    """A model whose graph integrates variables out that answers need."""

    def recover_marginals(
        self, draws: xr.Dataset, data: Any, rng: np.random.Generator
    ) -> xr.Dataset:
        """Return the draws with those of the variables that were integrated out.

        Parameters
        ----------
        draws : Dataset, dims (chain, draw, ...)
            The posterior of the variables of the graph.
        data
            Data of the class that the model is for.
        rng : Generator
            Draws the variables that were integrated out.
        """


@runtime_checkable
class NutsOptions(Protocol):
    """A model whose graph asks for its own options of NUTS."""

    def nuts_options(self, data: Any) -> Mapping[str, Any]:
        """Return options of `Nuts` that suit the graph of these data."""


@runtime_checkable
class HasPriors(Protocol):
    """A model that compares the posterior of its parameters with their prior."""

    def priors(self, data: Any) -> Mapping[str, float | np.ndarray]:
        """Return prior standard deviations of parameters, NaN where one is fixed."""


@runtime_checkable
class HasLogLikelihood(Protocol):
    """A model that computes its log likelihood without a graph."""

    def log_likelihood(self, draws: xr.Dataset, data: Any) -> xr.DataArray:
        """Return the log likelihood of the whole data set, for every draw."""


@runtime_checkable
class HasObservedUnits(Protocol):
    """A model whose likelihood is a product over people, units or rows, given the parameters."""

    def observed_units(
        self, draws: xr.Dataset, data: Any, rng: np.random.Generator
    ) -> ObservedUnits:
        """Return what was observed of each, with its likelihood and replications.

        Parameters
        ----------
        draws : Dataset, dims (chain, draw, ...)
            The posterior, or draws from the prior.
        data
            Data of the class that the model is for.
        rng : Generator
            Draws the replications.

        Raises
        ------
        ModelError
            If the likelihood of these data is no such product.
        """


@runtime_checkable
class PredictsGroups(Protocol):
    """A model that replicates what was seen in groups of people that an answer is asked for."""

    def group_predictions(
        self, draws: xr.Dataset, data: Any, by: Any, rng: np.random.Generator
    ) -> tuple[Prediction, ...]:
        """Return the observed statistics of each group beside their replications.

        Parameters
        ----------
        draws : Dataset, dims (chain, draw, ...)
            The posterior.
        data
        by : str or labels
        rng : Generator
        """


@runtime_checkable
class CautionsGroups(Protocol):
    """A model that assumes something about groups which these data cannot show."""

    def group_cautions(self, data: Any, by: Any) -> tuple[Check, ...]:
        """Return the cautions on an answer by groups.

        Parameters
        ----------
        data
        by : str or labels
        """


@runtime_checkable
class HasLogPrior(Protocol):
    """A model that computes the density of its prior without a graph."""

    def log_prior(self, draws: xr.Dataset, data: Any) -> xr.Dataset | None:
        """Return the log prior density of each parameter, dims (chain, draw, ...).

        None where that of the graph is meant.

        Raises
        ------
        ModelError
            If the prior has no density.
        """


@runtime_checkable
class ClassifiesPriors(Protocol):
    """A model whose priors differ in kind: default ones, knowledge, and those of a hierarchy."""

    def declared_priors(self, data: Any) -> tuple[str, ...]:
        """Return the names of variables of the graph whose prior is knowledge of the user.

        Their influence on the answer is intended; that of every other prior is not.
        """

    def hierarchical_priors(self, data: Any) -> tuple[str, ...]:
        """Return the names of variables whose prior is learned, given others above them."""


@runtime_checkable
class WorkingPosterior(Protocol):
    """A model whose draws are wider than its likelihood says, by robust standard errors."""

    def working_draws(self, draws: xr.Dataset, data: Any) -> xr.Dataset:
        """Return the draws under the likelihood alone, in the same order."""


@runtime_checkable
class DrawsOfGraph(Protocol):
    """A model whose closed form draws functions of the free variables of its graph."""

    def graph_draws(self, draws: xr.Dataset, data: Any) -> xr.Dataset:
        """Return the draws of which the density of the graph is, with all of its free variables."""


@runtime_checkable
class Simulates(Protocol):
    """A model that draws data from its own prior."""

    def simulate(self, seed: int, *, design: Any = "prior") -> Simulation:
        """Return data with their true parameters."""


@runtime_checkable
class Replicates(Protocol):
    """A model that draws a second study of the same design, for `Fit.calibrate`."""

    def with_prior_of(self, data: Any) -> Model:
        """Return the model with what its prior reads from data fixed at what it reads here."""

    def with_replication(
        self, draws: xr.Dataset, data: Any, rng: np.random.Generator
    ) -> Simulation:
        """Return the study with a second one behind it, of as many rows and the same design.

        The truth of the result is the draw, without what the second study was not drawn from.

        Parameters
        ----------
        draws : Dataset
            One draw of one chain; the second study is drawn at these parameters.
        data
            Data of the class that the model is for.
        rng : Generator

        Raises
        ------
        ModelError
            If no study can be drawn from this posterior.
        """


@runtime_checkable
class ReparametrisedByData(Protocol):
    """A model whose graph chooses the scale of its sampled variables by the data."""

    @property
    def parametrising_inputs(self) -> tuple[str, ...]:
        """Names of the inputs that change sampled variables, and neither prior nor likelihood."""


@runtime_checkable
class SimulationDefaults(Protocol):
    """A model whose `simulate` takes arguments, such as the number of people."""

    @property
    def simulation_defaults(self) -> Mapping[str, Any]:
        """Arguments of `simulate` by which `calibrate` draws unless it is told others."""


@runtime_checkable
class PriorFromData(Protocol):
    """A model whose prior depends on the data unless fields say otherwise."""

    def with_proper_prior(self) -> Model:
        """Return the model with its prior fixed, so that its prior can be drawn from."""


@runtime_checkable
class HasCausalGraph(Protocol):
    """A model that can draw the causal graph it assumes."""

    def causal_graph(self, data: Any) -> nx.DiGraph[Any]:
        """Return a graph of nodes with a `role`, observed, hidden or selected.

        An edge may have a `label`.
        """


@runtime_checkable
class HasBaselines(Protocol):
    """A model that computes the answers of simpler methods, to compare with its own."""

    def baselines(self, data: Any) -> Mapping[str, Baseline]:
        """Return functions of a generator, by name.

        Each gives draws of the headline estimand, or an estimate with `mean()` and
        `quantile(prob)` in closed form; and one number a person, or None.
        """


@runtime_checkable
class HasAnswerBaselines(Protocol):
    """A model that computes other answers than its headline by simpler methods too."""

    def answer_baselines(self, name: str, data: Any) -> Mapping[str, Baseline]:
        """Return functions of a generator, as `baselines` does; none where there are no others.

        Parameters
        ----------
        name : str
            An estimand of the model.
        data
            Data of the class that the model is for.
        """


@runtime_checkable
class AnnotatesComparison(Protocol):
    """A model that says more of each estimate when it is compared with its baselines."""

    def comparison_columns(
        self, table: pd.DataFrame, data: Any
    ) -> Mapping[str, np.ndarray]:
        """Return further columns of the table of `fit.compare`, by name.

        Parameters
        ----------
        table : DataFrame
            A row for each estimate of the headline: `mean`, `lower` and `upper`.
        data
            Data of the class that the model is for.
        """


@runtime_checkable
class Predicts(Protocol):
    """A model that replicates what was observed, for posterior predictive checks."""

    def predictions(
        self, draws: xr.Dataset, data: Any, rng: np.random.Generator
    ) -> tuple[Prediction, ...]:
        """Return observed statistics beside their replications.

        Parameters
        ----------
        draws : Dataset, dims (chain, draw, ...)
            The posterior.
        data
            Data of the class that the model is for.
        rng : Generator
            Draws the replications.
        """


@runtime_checkable
class HasRelaxations(Protocol):
    """A model that can do without one piece of outside knowledge at a time."""

    def relaxations(self, data: Any) -> tuple[Relaxation, ...]:
        """Return the relaxed models, for the check of prior-data conflict."""


@runtime_checkable
class HasDataChecks(Protocol):
    """A model that checks its data before anything is sampled."""

    def data_checks(self, data: Any) -> tuple[Check, ...]:
        """Return checks of the data alone."""


@runtime_checkable
class HasHyperparameters(Protocol):
    """A model with parameters of its priors from which no answer is computed."""

    def hyperparameters(self, data: Any) -> tuple[str, ...]:
        """Return their names, of those in `parameters`.

        Whether chains agree about these does not decide whether they do about an answer that is
        checked itself.
        """


@runtime_checkable
class HasPosteriorChecks(Protocol):
    """A model that checks its fit to what was observed, beside its predictions."""

    def posterior_checks(
        self, draws: xr.Dataset, data: Any, rng: np.random.Generator
    ) -> tuple[Check, ...]:
        """Return checks of the posterior on these data.

        Parameters
        ----------
        draws : Dataset
            The posterior, with dims (chain, draw).
        data
            The data of the fit.
        rng : numpy.random.Generator
            For replicated data.
        """


@runtime_checkable
class HasAdjustments(Protocol):
    """A model whose associations could be effects under more assumptions."""

    def adjustments(self, data: Any) -> tuple[Adjustment, ...]:
        """Return the adjustments under which the associations would be effects."""


@runtime_checkable
class HasDerivation(Protocol):
    """A model whose answer follows from its assumptions in steps."""

    def derivation(self) -> tuple[str, ...]:
        """Return the derivation, a line a step."""


@runtime_checkable
class HasViews(Protocol):
    """A model with figures of its own."""

    def views(self, draws: xr.Dataset, data: Any) -> Mapping[str, Callable[[], View]]:
        """Return functions that gather what each figure shows, by name."""


@runtime_checkable
class HasNetwork(Protocol):
    """A model whose headline has an entry for every two of some nodes."""

    def network_nodes(self, data: Any) -> tuple[str, ...]:
        """Return the nodes; entries are in the order of the upper triangle, row by row."""


@runtime_checkable
class Queryable(Protocol):
    """A model that answers queries P(outcome | do, given)."""

    def question(
        self,
        name: str,
        do: Mapping[str, Any],
        given: Mapping[str, Any],
        factual: Mapping[str, Any],
        data: Any,
        scale: ContrastScale = "difference",
    ) -> tuple[str, Estimand]:
        """Return the notation of the query, and its estimand.

        Parameters
        ----------
        name : str
            The outcome.
        do : mapping of variable to a value, or to several
            The intervention.
        given, factual : mapping of variable to value
            The condition, and the values that the variables in `do` really had.
        data
            Data of the class that the model is for.
        scale : str
            On which two interventions are compared.
        """


@runtime_checkable
class Bounded(Protocol):
    """A model with bounds on effects that are not identified."""

    def bounds(
        self,
        name: str,
        do: Mapping[str, Any] | None,
        given: Mapping[str, Any],
        factual: Mapping[str, Any],
        cause: str | Mapping[str, Any] | None,
        data: Any,
    ) -> tuple[str, Estimand]:
        """Return the notation of the query, and the estimand of its bounds.

        Parameters
        ----------
        name : str
            The outcome.
        do : mapping of variable to a value, or to two; or None
            The intervention.
        given, factual : mapping of variable to value
            As in `Queryable.question`.
        cause : str, mapping of variable to two values, or None
            In place of `do`, `given` and `factual`: the cause of which the probabilities of
            causation are bounded.
        data
            Data of the class that the model is for.
        """


@runtime_checkable
class AssessesScores(Protocol):
    """A model that says how accurate a test or score is."""

    def accuracy(self, question: ScoreQuestion, data: Any) -> tuple[str, Estimand]:
        """Return the name of the answer, and its estimand."""


@runtime_checkable
class PlansTests(Protocol):
    """A model that says what tests of further people are expected to give."""

    def next_tests(
        self, draws: xr.Dataset, data: Any, budget: int
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the plans and the people of `NextTests`.

        Parameters
        ----------
        draws : Dataset, dims (chain, draw, ...)
            The posterior.
        data
            Data of the class that the model is for.
        budget : int
            How many people are tested.
        """


@runtime_checkable
class HasWorstCaseBounds(Protocol):
    """A model whose headline has bounds that need fewer assumptions, or none."""

    def worst_case_bounds(self, data: Any) -> Mapping[str, tuple[float, float]]:
        """Return lower and upper bounds of the headline, by what is assumed."""


@runtime_checkable
class AssumesByData(Protocol):
    """A model some of whose assumptions concern some data alone."""

    def assumptions_for(self, data: Any) -> tuple[Assumption, ...]:
        """Return the assumptions of the answers that these data give."""


@runtime_checkable
class HasUnusedFields(Protocol):
    """A model some of whose fields cannot change the headline on some data."""

    def unused_fields(self, data: Any) -> Mapping[str, str]:
        """Return these fields, and why each changes nothing."""


@runtime_checkable
class HasHiddenConfounding(Protocol):
    """A model whose effect has bounds at every strength of a hidden confounder."""

    def hidden_confounding(
        self, draws: xr.Dataset, data: Any, strengths: Any
    ) -> pd.DataFrame:
        """Return the bounds at each strength, with those of observed confounders.

        Parameters
        ----------
        draws : Dataset
            The posterior.
        data
            Data of the class that the model is for.
        strengths : list of float, or "observed"
        """


@runtime_checkable
class Varies(Protocol):
    """A model that changes other fields along with one, to keep its meaning."""

    def vary(self, **changes: Any) -> Model:
        """Return the model with these fields changed, and others as they follow."""


@runtime_checkable
class ImperfectlyTested(Protocol):
    """A model whose outcomes may be results of a test with errors."""

    @property
    def imperfect(self) -> bool:
        """Whether results differ from outcomes."""

    def reported(self, draws: xr.Dataset, risk: xr.DataArray) -> xr.DataArray:
        """Return the probability of a positive result at this risk."""
