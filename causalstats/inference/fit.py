"""`fit` samples the posterior of a model on data; the verbs of a `Fit` answer, check and report.

The verbs call the functions beside this file and compute nothing themselves.
"""

from __future__ import annotations

import datetime
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

import causalstats
from causalstats.core.abilities import (
    AssessesScores,
    Bounded,
    ContrastScale,
    HasNetwork,
    HasViews,
    HeadlineByData,
    PlansTests,
    Predicts,
)
from causalstats.core.argument_types import AxesLike, Data, Day, Frame, Groups, Score
from causalstats.core.argument_validation import (
    Count,
    FieldGrids,
    File,
    Finite,
    Inside,
    Name,
    NotNegative,
    Positive,
    Seed,
    Seen,
    SeenWithin,
    Set,
    checked,
)
from causalstats.core.check import Check, Checks
from causalstats.core.draws_kind import draws_kind
from causalstats.core.effect import INTERVAL, Effect, in_doubt, warnings_of
from causalstats.core.html_card import html_card
from causalstats.core.model import Model, Problem
from causalstats.core.model_card import stated_fields
from causalstats.core.network import Network
from causalstats.core.next_tests import NextTests
from causalstats.core.prediction import Prediction
from causalstats.core.score_question import ScoreQuestion
from causalstats.core.views import View
from causalstats.errors import ModelError, StoreError
from causalstats.inference import (
    answers,
    comparison,
    influence,
    sensitivity_analysis,
    withheld_outcomes,
)
from causalstats.inference.answers import find_estimand
from causalstats.inference.arguments import (
    fingerprint,
    refuse_data,
    refuse_exchanged,
    refuse_missing_parameters,
    refuse_model,
    refuse_sampler,
)
from causalstats.inference.arviz_groups import Group, groups_of
from causalstats.numerics.sampling.posterior_summaries import summarise
from causalstats.runs.interrupts import orderly_interrupts
from causalstats.runs.progress import stage
from causalstats.samplers import Auto, Sampler, program_for, sample
from causalstats.samplers.base import CPU

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from causalstats.inference.local_calibration import LocalCalibration
    from causalstats.inference.tipping_point import TippingPoint

LIBRARIES = (
    "pymc",
    "pytensor",
    "nutpie",
    "numpyro",
    "jax",
    "numba",
    "arviz",
    "numpy",
    "scipy",
    "pandas",
    "xarray",
)

CHECKS = ("checks", "calibration")
"""The names under which the results of `Fit.check` and `Fit.calibrate` are kept."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Fit:
    """A model fitted to data, with its posterior draws. Made by `causalstats.fit`.

    Parameters
    ----------
    model : Model
    data
        Data of the class that the model is for.
    draws : DataTree
        Group `posterior`, with dims (chain, draw, ...), and `sample_stats` where there are any.
    sampler : Sampler
    seed : int
    provenance : dict
        Versions of the libraries, the seed, the sampler and a hash of the data.
    progress : bool
        Whether refits show their progress.

    Examples
    --------
    >>> import pandas as pd
    >>> import causalstats as cs
    >>> frame = pd.DataFrame({"treated": [0, 1] * 50, "recovered": [0, 1, 1, 1] * 25})
    >>> data = cs.Observations.from_frame(frame)
    >>> fit = cs.fit(cs.CausalDiagram("treated -> recovered"), data, seed=1, progress=False)
    >>> fit.effect("effect").numbers().loc["effect", ["mean", "lower", "upper"]].round(2).tolist()
    [0.49, 0.35, 0.63]
    """

    model: Model
    data: Any
    draws: xr.DataTree
    sampler: Sampler
    seed: int
    provenance: dict[str, Any]
    progress: bool = True
    _cache: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def headline(self) -> str:
        """Name of the answer that stands first.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="matching")
        >>> data = model.simulate(1, rows=30, parts=4).data
        >>> cs.fit(model, data, seed=1, progress=False).headline
        'partial_correlation'
        """
        if isinstance(self.model, HeadlineByData):
            return self.model.headline_for(self.data)
        return self.model.headline

    @checked(ModelError)
    def summary(self, prob: Inside = INTERVAL) -> pd.DataFrame:
        """Summarise the posterior of every parameter.

        Parameters
        ----------
        prob : float
            Probability of the equal-tailed intervals.

        Returns
        -------
        DataFrame
            Columns mean, sd, lower, upper, ess_bulk, ess_tail and r_hat, a row a parameter. An
            exact posterior has no sampled parameters: then the summary of the headline.
            The `attrs` of others hold the device, and in which precision it computed.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> fit.summary()[["mean", "lower", "upper"]].round(2)
                mean  lower  upper
        effect -0.32  -0.49  -0.15
        """
        posterior = self.draws["posterior"].to_dataset()
        if not self.parameters():
            return self.effect(self.headline).summary(prob)
        tables = []
        for name in self.parameters():
            table = summarise(posterior[name], prob)
            labels = [
                name if label == name else f"{name}[{label}]" for label in table.index
            ]
            tables.append(table.set_axis(labels))
        summary = pd.concat(tables)
        summary.attrs["device"] = self.provenance["device"]
        return summary

    @checked(ModelError)
    def idata(
        self,
        groups: Sequence[Group] | None = None,
        *,
        draws: Count | None = None,
    ) -> xr.DataTree:
        """Return the fit as a tree of ArviZ's groups, which ArviZ's functions take as it is.

        The pieces of `log_likelihood` are what can be left out: people, units of a panel, rows or
        subjects of a composition. Of each there is one number in `observed_data` and
        `posterior_predictive`; its attribute `meaning` says which. Groups without a meaning for
        this model are left out; the attribute `left_out` of the tree gives the reasons, as JSON.

        Parameters
        ----------
        groups : list of str, optional
            Some of "posterior" (without variables that only the sampler needs), "sample_stats",
            "observed_data", "posterior_predictive", "log_likelihood", "log_prior", "prior" and
            "prior_predictive". All of them by default; fewer take less time.
        draws : int, optional
            The most draws of each chain; they are thinned alike in all groups. By default all,
            or as many as fit into memory.

        Returns
        -------
        DataTree

        Raises
        ------
        ModelError
            If a group that was asked for has no meaning for this model, its data or its draws.

        See Also
        --------
        Fit.influence : the headline without each person, unit or group.

        Examples
        --------
        >>> import arviz as az
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> tree = fit.idata(["posterior", "log_likelihood"])
        >>> round(float(az.loo(tree).elpd))
        -129
        """
        return groups_of(self, groups, draws)

    def parameters(self) -> tuple[str, ...]:
        """Return the names in the posterior whose sampling is checked; none where it is exact.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> fit.parameters()  # the posterior is exact
        ()
        """
        independent = draws_kind(self.draws).is_independent
        return () if independent else self.model.parameters(self.data)

    def effects(self) -> pd.DataFrame:
        """List what can be asked, in words.

        Returns
        -------
        DataFrame
            A row for each name that `effect` takes: the quantity in a sentence, its unit and
            contrast, whether it is causal, whether it is a number a person, and why these data
            cannot answer it, where they cannot.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> fit.effects().loc["association", "kind"]
        'associational'
        >>> list(fit.effects().index)
        ['effect', 'interventional', 'association', 'confounding']
        """
        return answers.list_effects(self)

    @checked(ModelError)
    def effect(
        self,
        name: Name | None = None,
        *,
        at: Frame | Sequence[str] | None = None,
        by: Groups | None = None,
        do: Set | None = None,
        given: SeenWithin | None = None,
        factual: Seen | None = None,
        scale: ContrastScale = "difference",
    ) -> Effect:
        """Answer a question: an estimand of the model, or an intervention on a causal diagram.

        Parameters
        ----------
        name : str, optional
            One of `model.estimands()`, the headline unless given; with `do`, `given` or `factual`,
            a variable; of a causal diagram also a counterfactual query such as
            "P(y[x=1]=1, y[x=0]=0 | z=1)".
        at : DataFrame or list of parts, optional
            Other people, where the answer is a number a person; or the parts of a subcomposition.
        by : str or labels, optional
            The answer for groups of people: by a column of the study (a numeric one in quarters),
            or by a label for each row of the frame that the study was read from, in its order or,
            as a pandas Series, by its index. Answers that are a number a person are averaged.
        do : mapping of variable to level, optional
            Variables of a causal diagram that are set, `{"smoking": 1}`. Two levels,
            `{"smoking": [1, 0]}`, ask for the difference between them. An arrow, such as
            "smoking -> cancer", may carry another value than its variable; and a `cs.Policy` sets
            a variable by what others are, or by chance.
        given : mapping of variable to level, optional
            Variables that are seen to have a level, among those for whom `do` was done; a number
            is within a range, `{"age": (30, 50)}`.
        factual : mapping of variable to level, optional
            The value that the variable in `do` really had: `do={"smoking": 0},
            factual={"smoking": 1}` asks for the smokers' outcome without smoking.
        scale : {"difference", "ratio", "odds ratio", "number needed to treat"}
            How the two interventions of `do` are compared.

        Returns
        -------
        Effect
            Draws with unit, contrast, assumptions and the checks that the answer carries.

        Raises
        ------
        ModelError
            If the model has no such answer, or the data cannot give it.
        DataError
            If `at` or `by` do not fit the data.

        Examples
        --------
        >>> import pandas as pd
        >>> import causalstats as cs
        >>> frame = pd.DataFrame({"treated": [0, 1] * 50, "recovered": [0, 1, 1, 1] * 25})
        >>> data = cs.Observations.from_frame(frame)
        >>> fit = cs.fit(cs.CausalDiagram("treated -> recovered"), data, seed=1, progress=False)
        >>> round(fit.effect("recovered", do={"treated": 0}).draws.mean().item(), 2)
        0.5
        """
        if at is not None and by is not None:
            raise ModelError(
                "Expected `at` or `by`, and not both: groups are groups of the people of the study."
            )
        if name is None:
            if do is not None or given is not None or factual is not None:
                raise ModelError(
                    "Expected the variable that is asked about beside `do`, `given` or `factual`, "
                    "such as fit.effect('cancer', do={'smoking': 1})."
                )
            name = self.headline
        name, estimand = answers.find_estimand(self, name, do, given, factual, scale)
        return answers.answer(self, name, estimand, at, by)

    @checked(ModelError)
    def bounds(
        self,
        name: Name,
        *,
        do: Set | None = None,
        given: Seen | None = None,
        factual: Seen | None = None,
        cause: Name | Set | None = None,
    ) -> Effect:
        """Bound an answer that a causal diagram does not identify.

        The smallest and the largest value among all models of the diagram that give the observed
        distribution, for every posterior draw of that distribution.

        Parameters
        ----------
        name : str
            A variable.
        do, given, factual : mapping of variable to level, optional
            As for `effect`.
        cause : str or mapping, optional
            In place of them: the probabilities of necessity and sufficiency with which this
            variable causes the last level of `name` (Tian & Pearl 2000). `{"smoking": (0, 2)}`
            compares two of its levels, absence first.

        Returns
        -------
        Effect
            Entries `lower` and `upper`, with posterior bands.

        Raises
        ------
        ModelError
            If the model is no causal diagram.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> bounds = fit.bounds("recovered", cause="treated").numbers()["mean"]
        >>> bounds.loc["sufficient: upper"].round(2).item()
        0.39
        """
        if not isinstance(self.model, Bounded):
            raise ModelError(
                f"Bounds are answers of a causal diagram; {type(self.model).__name__} has none."
            )
        question = self.model.bounds(
            name, do, given or {}, factual or {}, cause, self.data
        )
        return answers.answer(self, *question)

    @checked(ModelError)
    def accuracy(
        self,
        score: Score,
        measure: str = "",
        *,
        threshold: Finite | None = None,
        by: Groups | None = None,
        against: str = "",
        among: Literal["everybody", "untested", "tested"] = "everybody",
        population: Literal["superpopulation", "study"] = "superpopulation",
    ) -> Effect:
        """Assess a test, a score or another model's prediction under selective verification.

        Outcomes that were not seen enter with their posterior probability. With no unobservable
        (`unobserved_scale=0`) and a feature for each value of a test, this is the correction of
        verification bias of Begg & Greenes (1983).

        Parameters
        ----------
        score : str or numbers
            A feature or a column of `keep`, or a number for each row of the frame that the study
            was read from; the higher, the more likely the outcome. A test is 0/1.
        measure : str
            "sensitivity", "specificity", "positive_predictive_value", "negative_predictive_value",
            "share_positive", "area_under_curve", and of a score between 0 and 1 "brier_score",
            "calibration_in_the_large" and "net_benefit". Empty for all that the score has. Curves:
            "roc_curve", "calibration_curve", "decision_curve".
        threshold : float, optional
            The score is positive from this value on; 1 for a test. For "net_benefit", the risk from
            which people are treated.
        by : str or labels, optional
            The answer for groups of people, as in `effect`.
        against : str
            A group of these: the answers are then the differences of the other groups from it, as a
            fairness audit asks for (of "sensitivity", equal opportunity).
        among : "everybody", "untested" or "tested"
        population : "superpopulation" or "study"
            About people like those of the study: the posterior chances of everybody, with
            Bayesian-bootstrap weights. Or about these people themselves: outcomes that were seen
            are as they are, and only those of the untested are uncertain.

        Returns
        -------
        Effect
            It stands on the assumption that the score tells no more of the outcome than the
            features do, in each group, and carries checks of that among the tested, and of whether
            groups differ by more than the features say.

        Raises
        ------
        ModelError
            If the model has no such answers, or the measure needs a threshold or a probability.
        DataError
            If score or groups do not fit the data.

        References
        ----------
        Begg & Greenes (1983), Biometrics 39. Alonzo & Pepe (2005), JRSS C 54.
        """
        if not isinstance(self.model, AssessesScores):
            raise ModelError(
                f"{type(self.model).__name__} has no model of verification, by which a score is "
                "assessed; `SelectiveLabels` has."
            )
        question = ScoreQuestion(
            score=score,
            measure=measure,
            threshold=threshold,
            by=by,
            against=against,
            among=among,
            population=population,
        )
        name, estimand = self.model.accuracy(question, self.data)
        return answers.answer(self, name, estimand, compares=by)

    @checked(ModelError)
    def next_tests(self, budget: Count) -> NextTests:
        """Plan tests of people who were not tested: what they find and what they say.

        Parameters
        ----------
        budget : int
            How many rows are tested.

        Returns
        -------
        NextTests
            `plans`, the cases that are expected to be found by testing those at highest risk, those
            whose results narrow the headline most, or any at random, and how far the headline
            narrows; `people`, each person's risk. The expected narrowing is that of Strong, Oakley,
            Brennan & Breeze (2015). Results enter as outcomes of people with decision 0,
            `observed="decided"`, by which the model is scored: with decision 1 they would be said
            to have been chosen as the others were.

        Raises
        ------
        ModelError
            If the model plans no tests, or fewer people were not tested.
        """
        if not isinstance(self.model, PlansTests):
            raise ModelError(
                f"{type(self.model).__name__} is not about people who could be tested next; "
                "`SelectiveLabels` is."
            )
        posterior = self.draws["posterior"].to_dataset()
        plans, people = self.model.next_tests(posterior, self.data, budget)
        doubts = self.effect(self.headline).doubts
        return NextTests(plans=plans, people=people, doubts=doubts)

    def check(self) -> Checks:
        """Run every check that could refute the answers.

        Sampling, the data alone, posterior predictive checks, contraction from prior to posterior,
        prior-data conflict (a refit for each piece of outside knowledge), and held-out outcomes.

        Returns
        -------
        Checks
            Verdict, finding and remedy of each; `.to_frame()` gives a table.

        Examples
        --------
        >>> import pandas as pd
        >>> import causalstats as cs
        >>> frame = pd.DataFrame({"treated": [0, 1] * 50, "recovered": [0, 1, 1, 1] * 25})
        >>> data = cs.Observations.from_frame(frame)
        >>> fit = cs.fit(cs.CausalDiagram("treated -> recovered"), data, seed=1, progress=False)
        >>> fit.check().to_frame()["verdict"].loc["positivity"]
        'passed'
        """
        checks = self.once("checks", lambda: answers.every_check(self))
        return Checks([*checks, *answers.calibration_checks(self)])

    @checked(ModelError)
    def calibrate(
        self, *, seconds: Positive = 100.0, studies: Count = 4000
    ) -> LocalCalibration:
        """Examine sampler, likelihood and intervals around this posterior, on simulated studies.

        The draws are held against the density of the model, the likelihood against studies like
        this one drawn at draws of the posterior, and each such study is put behind the observed
        one and fitted, so that the parameters it was drawn at can be ranked among the new draws
        and the intervals of the headline counted (posterior simulation-based calibration). All of
        it says whether the computation is right for this question and these data; none of it says
        whether the model is right about the world.

        Parameters
        ----------
        seconds : float
            About how long it takes, with compiling. Each finding says what so much time can find.
        studies : int
            The most simulated studies that are fitted. With 4,000 their ranks alone find a sampler
            whose draws of one quantity are 10 % too narrow, of which they show half; chains need
            longer than `seconds` for so many, and their draws are examined by the density.

        Returns
        -------
        LocalCalibration
            Its checks stand on every answer that is asked for afterwards, and in the report.

        See Also
        --------
        causalstats.calibrate : the same around the prior, for a model without data.

        References
        ----------
        Säilynoja, Schmitt, Bürkner & Vehtari (2025), Posterior SBC: simulation-based calibration
        checking conditional on data. Modrák et al. (2025), Simulation-based calibration checking
        for Bayesian computation, Bayesian Analysis 20.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> calibration = fit.calibrate(seconds=3, studies=10)
        >>> all(check.passed for check in calibration.checks)
        True
        """
        from causalstats.inference.local_calibration import calibrate_fit

        made = calibrate_fit(self, seconds=seconds, studies=studies, seed=self.seed)
        self._cache["calibration"] = made.checks
        return made

    @checked(ModelError)
    def compare(
        self, prob: Inside = INTERVAL, *, estimand: str | None = None
    ) -> pd.DataFrame:
        """Compare an answer with baselines: standard estimators on the same data.

        Parameters
        ----------
        prob : float
            Probability of the intervals.
        estimand : str, optional
            Name of the answer: the headline unless given, or another that other methods give too,
            such as `differential_abundance` of compositions.

        Returns
        -------
        DataFrame
            Columns mean, lower and upper, a row a method, and where the model has them bounds that
            need fewer assumptions, without a mean. Where a few bootstrap draws of a method carry
            its mean out of its interval, it is their median. With held-out outcomes also the truth
            and the error of each. A headline of many entries has a row for each entry, and a
            column for each of the other methods.

        Raises
        ------
        ModelError
            If no other method gives the answer.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> fit.compare()["mean"].round(2).index.tolist()
        ['CausalDiagram', 'unadjusted']
        """
        return comparison.compare(self, prob, estimand or self.headline)

    def sensitivity(
        self, **assumptions: Sequence[Any] | Literal["leave one out", "observed"]
    ) -> pd.DataFrame:
        """Refit the model with other values of its assumptions.

        Parameters
        ----------
        **assumptions : sequence
            Fields of the model and the values to try: `prevalence=[0.01, 0.02]`. Several fields
            make the grid of all their values, the fit's own included. A number given for a
            `Known` keeps its standard deviation. A field that lists features can be left without
            each in turn: `expertise="leave one out"`. In place of a field,
            `hidden_confounder="observed"` or a list of strengths: see Notes.

        Returns
        -------
        DataFrame
            Mean, lower and upper of the headline at each value; `used` marks the fit's own,
            `healthy` is whether its sampling checks passed, and `failed` names the checks that the
            answer fails there: data that contradict a value say so. A headline of many entries has
            a row for each of them at each value.

        Raises
        ------
        ModelError
            If a field is none of the model's or cannot change this answer, before any refit.

        Notes
        -----
        `hidden_confounder` asks of a causal diagram whose effect is an adjustment: the bounds of
        the effect (rows `lower` and `upper`) with an unmeasured confounder as strong as each
        observed one, at the tipping points of estimate and interval, of any strength (natural
        bounds), and at the strengths given. Among labels a strength is the risk ratio of the
        confounder with treatment and outcome, and the tipping point of the estimate the E-value
        (VanderWeele & Ding 2017); among numbers, its partial R² with both (Cinelli & Hazlett 2020).
        Nothing is refitted.

        Within `joblib.parallel_config`, the workers of joblib, Dask or Ray refit.

        Examples
        --------
        >>> import pandas as pd
        >>> import causalstats as cs
        >>> frame = pd.DataFrame({"treated": [0, 1] * 50, "recovered": [0, 1, 1, 1] * 25})
        >>> data = cs.Observations.from_frame(frame)
        >>> fit = cs.fit(cs.CausalDiagram("treated -> recovered"), data, seed=1, progress=False)
        >>> fit.sensitivity(concentration=[2.0])[["mean", "used"]].round(2)
                       mean   used
        concentration
        0.5            0.49   True
        2.0            0.46  False
        """
        return sensitivity_analysis.sensitivity(self, assumptions)

    @checked(ModelError)
    def tipping_point(
        self, *, threshold: Finite | None = None, **bends: Any
    ) -> TippingPoint:
        """Find the smallest joint bend of several assumptions that turns the decision.

        The decision is whether the 95 % interval of the headline takes in a threshold, or lies on
        one side of it; of bounds, the interval from the lower to the upper. Draws are weighted to
        the bent assumptions, and refitted where the Pareto k of the weights is above 0.7, or where
        a refit contradicts them; the result is a refit.

        Parameters
        ----------
        threshold : float, optional
            The value without an effect unless given: 0 of a difference, 1 of a ratio.
        **bends : number or Known
            Fields of the model that are numbers, each with its value at one bend:
            `prevalence=0.1, expertise_sd=0.5`. All bend towards these values together, up to
            two bends; positive ones by ratio.

        Returns
        -------
        TippingPoint
            The values there, the answer before and after with the checks that each fails, and a
            sentence.

        Raises
        ------
        ModelError
            If a field is none of the model's, or no number, or the headline is several numbers.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered", route="reduced")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> fit.tipping_point(concentration=200.0).turned
        True
        """
        from causalstats.inference.tipping_point import tipping_point

        if threshold is None:
            threshold = self.model.estimands()[self.headline].null
        return tipping_point(self, bends, threshold)

    @checked(ModelError)
    def influence(
        self,
        by: Name | None = None,
        *,
        entry: Name | None = None,
        refits: NotNegative = 5,
    ) -> pd.DataFrame:
        """Return the headline without each person, unit, row, or group of them.

        Draws are weighted by the inverse likelihood of what is left out (Pareto-smoothed
        importance sampling); where the Pareto k of the weights is above 0.7, the model is fitted
        again without it. The headline stays that about all people of the study. With
        cluster-robust errors it is the change of the estimate, which robust errors do not move.

        Parameters
        ----------
        by : str, optional
            A column with one value a person, unit or row, such as that of the decider or the
            clinic: those that share a value are left out together. Numbers in quarters. Of a
            panel, "cluster" for its clusters.
        entry : str, optional
            Which entry of a headline of several; the first unless given.
        refits : int
            The most refits, of the groups with the largest Pareto k. Where more would be needed
            the mean is NaN.

        Returns
        -------
        DataFrame
            The largest change first: size of the group, mean of the headline without it, change,
            change in posterior standard deviations, Pareto k, and whether it was refitted.

        Raises
        ------
        ModelError
            If the likelihood is not a product over people, units or rows.

        Examples
        --------
        >>> import causalstats as cs
        >>> panel = cs.PanelDML().simulate(2, units=50, times=5).data
        >>> model = cs.PanelDML(basis_size=4)
        >>> fit = cs.fit(model, panel, seed=1, progress=False)
        >>> table = fit.influence(refits=0)
        >>> len(table), bool(table["change_in_sd"].abs().iloc[0] < 2)
        (50, True)
        """
        return influence.influence(self, by, entry, int(refits))

    @checked(ModelError)
    def network(self, rope: NotNegative = 0.0, fdr: Inside = 0.05) -> Network:
        """Return the network of pairs that `Effect.decide` selects, of a model about pairs.

        Parameters
        ----------
        rope : float
            The largest size that counts as no link.
        fdr : float
            The false discovery rate among the edges.

        Returns
        -------
        Network
            With an edge list, `adjacency`, `to_networkx`, `write_graphml`, `modules` and `layout`.

        Raises
        ------
        ModelError
            If the model is not about pairs.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.PartialCorrelation(prior="matching")
        >>> data = model.simulate(1, rows=100, parts=4).data
        >>> network = cs.fit(model, data, seed=1, progress=False).network(fdr=0.1)
        >>> network.nodes
        ('p1', 'p2', 'p3', 'p4')
        """
        if not isinstance(self.model, HasNetwork):
            raise ModelError(
                f"Expected a model about pairs, such as PartialCorrelation, got "
                f"{type(self.model).__name__}: it has no network."
            )
        nodes = self.model.network_nodes(self.data)
        effect = self.effect(self.model.headline)
        decided = effect.decide(rope=rope, fdr=fdr).loc[effect.numbers().index]
        one, other = np.triu_indices(len(nodes), 1)
        pairs = decided.rename(columns={"mean": "weight"}).reset_index(drop=True)
        if "determined" not in pairs:
            pairs = pairs.assign(determined=True)
        pairs.insert(0, "one", np.array(nodes)[one])
        pairs.insert(1, "other", np.array(nodes)[other])
        return Network(
            nodes=nodes, pairs=pairs, rope=rope, fdr=fdr, warnings=effect.warnings
        )

    def contraction(self) -> pd.DataFrame:
        """Return the contraction of each parameter: 1 - posterior variance / prior variance.

        Returns
        -------
        DataFrame
            Columns prior_sd, posterior_sd and contraction, a row a parameter with a prior of its
            own. Contraction near 0 means that the data hold no information about the parameter.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> fit.contraction().empty  # an exact posterior has no sampled parameters
        True
        """
        from causalstats.checks.posterior_contraction import contraction

        return contraction(self.model, self.draws, self.data)

    def predictions(self) -> dict[str, Prediction]:
        """Return observed statistics beside their posterior predictive replications, by name.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> list(fit.predictions())
        ['shares of cells']
        """
        model = self.model
        if not isinstance(model, Predicts):
            return {}
        posterior = self.draws["posterior"].to_dataset()

        def make() -> dict[str, Prediction]:
            rng = np.random.default_rng(self.seed)
            return {
                each.name: each for each in model.predictions(posterior, self.data, rng)
            }

        return self.once("predictions", make)

    def sampling(self) -> tuple[Check, ...]:
        """Return the checks of the draws alone: R-hat, ESS, divergences, E-BFMI, complete run.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> [check.name for check in fit.sampling()]
        ['complete run']
        """
        from causalstats.checks.convergence import sampling

        return self.once("sampling", lambda: sampling(self.draws, self.parameters()))

    @checked(ModelError)
    def answer(self, *, doubts: bool = True) -> str:
        """Return the headline in words, with a second answer where it alone would mislead.

        Parameters
        ----------
        doubts : bool
            Whether the checks that the answer carries follow it.

        Returns
        -------
        str

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> fit.answer(doubts=False).split(' by ')[0]
        'Setting treated to 1 in place of 0 changes the probability of recovered=1'
        """
        effects = self._answers_told()
        statements = " ".join(effect.statement() for effect in effects)
        if not doubts:
            return statements
        carried = dict.fromkeys(check for effect in effects for check in effect.doubts)
        return statements + in_doubt(tuple(carried))

    def _answers_told(self) -> list[Effect]:
        """Return the headline, and a second answer where it alone would mislead."""
        companion = self.model.estimands()[self.headline].companion
        return [self.effect(name) for name in (self.headline, companion) if name]

    def views(self) -> Mapping[str, Callable[[], View]]:
        """Return the figures that only this family of models has, by name.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> list(fit.views())
        ['surgery']
        """
        if not isinstance(self.model, HasViews):
            return {}
        return self.model.views(self.draws["posterior"].to_dataset(), self.data)

    def figures(self) -> dict[str, str]:
        """Return the captions of the figures that `plot` draws besides single answers, by name.

        Posterior predictive checks, figures of this family of models, and those that fits of every
        family can have: comparison, causal diagram, contraction, posterior densities, the pairs of
        parameters with the strongest correlation, chains.

        Returns
        -------
        dict of str to str

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> "comparison" in fit.figures(), "chains" in fit.figures()  # the posterior is exact
        (True, False)
        """
        from causalstats.inference.figures import captions

        return captions(self)

    @checked(ModelError)
    def plot(self, name: str = "", *, ax: AxesLike | None = None) -> Figure:
        """Plot an answer, the posterior, the comparison or the diagram.

        Figures are light, and dark where those of matplotlib are, as after
        `plt.style.use("dark_background")`.

        Parameters
        ----------
        name : str
            An effect by its name, or one of `fit.figures()`. Empty for the headline.
        ax : matplotlib Axes, or array or list of Axes, optional
            Where it is drawn, in your style; a new figure unless given. A figure of several panels
            takes as many axes, in reading order.

        Returns
        -------
        matplotlib Figure
            That of `ax` where it is given.

        Raises
        ------
        ModelError
            If there is no figure of this name, and the message lists those there are; or if there
            are fewer axes than panels.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> len(fit.plot("comparison").axes)
        1

        Beside a figure of your own:

        >>> from matplotlib.figure import Figure
        >>> left, right = Figure().subplots(1, 2)
        >>> fit.plot(ax=right) is left.figure
        True
        """
        from causalstats.inference.figures import figure

        return figure(self, name or self.headline, ax)

    @checked(ModelError)
    def report(
        self,
        path: File,
        *,
        title: str = "",
        question: str = "",
        author: str | Sequence[str] = "",
        date: Day = "",
        source: str = "",
        references: Sequence[str] = (),
        answers: Sequence[Name | Effect] | None = None,
        sections: Mapping[str, str] | None = None,
        sensitivity: FieldGrids = None,
    ) -> Path:
        """Write a report: the answer in a sentence, the evidence for and against it, and the rest.

        Its first screen has the answer in the words of the data (`labels` and `units` of
        `from_frame`), a figure, what speaks for the answer, what speaks against it, and what these
        data cannot tell. Then data, answers, other methods, sensitivity, assumptions and checks;
        parameters and chains stand in an appendix.

        Parameters
        ----------
        path : str or Path
            Its end names the format: `.html`, one page that needs nothing else; `.md`; `.docx`, by
            pandoc or Quarto (`pip install 'causalstats[docx]'` brings pandoc); `.pdf`, by a browser
            or pandoc; or the tables of all answers alone, as `.csv` or `.tex`.
        title : str
        question : str
            The question of the study in words.
        author : str or list of str
        date : str or date
        source : str
            Where the data are from.
        references : list of str
        answers : list of str or Effect, optional
            The answers that are shown, in this order: names of `model.estimands()`, or answers with
            arguments, such as `fit.effect("effect", by="region")` or `fit.accuracy("score")`. All
            that are no number a person, unless given.
        sections : mapping of heading to text, optional
            Sections of your own, after the first screen. Empty lines set paragraphs apart.
        sensitivity : mapping or list of mappings, optional
            Fields of the model and the values to show, as `fit.sensitivity` takes them; a list of
            such mappings, each of one or two fields, for their grids. Each value is a refit.

        Returns
        -------
        Path

        Raises
        ------
        ModelError
            If `sensitivity` names a field, or `answers` an answer, that is none of the model's,
            before any refit.
        StoreError
            If the name has another end, a program that the format needs is missing, or the file
            cannot be written.
        """
        from causalstats import report
        from causalstats.style import light_style

        report.format_of(path)
        if not isinstance(date, str | datetime.date):
            raise ModelError(
                f"Expected `date` as a text or a date, got {type(date).__name__}."
            )
        for answer in answers or ():
            if isinstance(answer, str):
                find_estimand(self, answer, None, None, None)
        grids = [sensitivity] if isinstance(sensitivity, Mapping) else sensitivity or ()
        for assumptions in filter(None, grids):
            sensitivity_analysis.variants(
                self, assumptions
            )  # refuses before anything is refitted
        authorship = report.Authorship(
            title=title,
            question=question,
            author=author if isinstance(author, str) else ", ".join(author),
            date=str(date),
            source=source,
            references=tuple(references),
            sections=tuple((sections or {}).items()),
        )
        with light_style():
            contents = report.compose(self, authorship, answers, sensitivity or {})
        return report.write(contents, path)

    @checked(StoreError)
    def save(self, path: File) -> Path:
        """Write the fit with its data to one netCDF file, to be read by `causalstats.load`.

        Parameters
        ----------
        path : str or Path
            An existing file stays whole until the new one is complete.

        Returns
        -------
        Path

        Raises
        ------
        StoreError
            If the file cannot be written, or the data have more rows than a file keeps.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> from pathlib import Path
        >>> from tempfile import mkdtemp
        >>> fit.save(Path(mkdtemp()) / "fit.nc").name
        'fit.nc'
        """
        from causalstats.inference import store

        parts = (self.model, self.data, self.sampler, self.draws, self.provenance)
        return store.save(Path(path), *parts, self._lasting_checks())

    def held_out_rate(self) -> float | None:
        """Return the rate of the held-out outcomes, which is the truth of the headline.

        None unless everybody with decision 0 has a withheld outcome, measured without error.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> fit.held_out_rate() is None  # nothing was held out
        True
        """
        return withheld_outcomes.held_out_rate(self)

    def refit(self, model: Model, title: str = "Refitting") -> Fit:
        """Fit another model to the same data, with the same sampler and seed.

        A program that was compiled before runs again where only constants differ.

        Parameters
        ----------
        model : Model
        title : str
            The text beside the progress bar.

        Returns
        -------
        Fit

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> other = cs.CausalDiagram("treated -> recovered", concentration=2.0)
        >>> fit.refit(other).effect("effect").numbers()["mean"].round(2).item()
        -0.31
        """
        problem = Problem(model, self.data)
        with orderly_interrupts(), stage(title, self.progress) as advance:
            advance(0, "compiling")
            program = program_for(self.sampler, problem)
            draws = sample(program, problem, self.seed, advance)
        return replace(self, model=problem.model, draws=draws, _cache={})

    def once[T](self, key: str, make: Callable[[], T]) -> T:
        """Return the value kept under a key, made when it is first asked for.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> fit.once("answer to everything", lambda: 42)
        42
        """
        if key not in self._cache:
            self._cache[key] = make()
        return self._cache[key]

    def kept(self, key: str) -> Any:
        """Return the value kept under a key, None before it was asked for.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("treated -> recovered")
        >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
        >>> fit.kept("answer to everything") is None
        True
        """
        return self._cache.get(key)

    def __repr__(self) -> str:
        lines = [f"Fit of {_stated(self.model)}", self._card(), self._device_in_words()]
        return "\n".join(filter(None, lines))

    def _repr_html_(self) -> str:
        stated = _stated(self.model)
        device = self._device_in_words()
        try:
            effects = self._answers_told()
        except ModelError as error:
            lines = [f"{self.headline}: {error}", device]
            return html_card(stated, {}, tuple(filter(None, lines)))
        carried = dict.fromkeys(check for each in effects for check in each.doubts)
        counted = "{count}" in effects[0].sentence  # over the companion
        told = effects[:1] if counted else effects
        return html_card(
            stated,
            {
                "Answer": " ".join(effect.in_words() for effect in told),
                **effects[0].facts(),
                **({"Sampled on": self.provenance["device"]} if device else {}),
            },
            tuple(f"In doubt: {text}." for text in warnings_of(tuple(carried))),
        )

    def __getstate__(self) -> dict[str, Any]:
        # Answers that are kept hold functions, which no copy takes to another process.
        return {**vars(self), "_cache": self._lasting_checks()}

    def _lasting_checks(self) -> dict[str, Any]:
        """Return the checks that took refits or simulated studies: copies and files have them."""
        return {name: self._cache[name] for name in CHECKS if name in self._cache}

    def _device_in_words(self) -> str:
        """Return which devices sampled, how many and in which precision; nothing of the usual."""
        device = self.provenance["device"]
        return "" if device == CPU else f"Sampled on {device}."

    def _card(self) -> str:
        """Return the answer with its doubts, or why there is none: other questions may have one."""
        try:
            return self.answer()
        except ModelError as error:
            return f"{self.headline}: {error}"


@checked(ModelError)
def fit(
    model: Model,
    data: Data,
    *,
    seed: Seed,
    sampler: Sampler | None = None,
    progress: bool = True,
) -> Fit:
    """Sample the posterior of a model on data.

    Parameters
    ----------
    model : Model
        For example `CausalDiagram`, `Heckman`, `PanelDML`, `PartialCorrelation`,
        `SelectiveLabels`, or a model of your own.
    data
        Data of the class that the model is for, such as `Panel.from_frame(frame, ...)`.
    seed : int
        The same seed, machine and versions give the same draws.
    sampler : Sampler, optional
        By default `Auto()`: the exact posterior where there is one, importance sampling where the
        model offers it, NUTS otherwise.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    Fit

    Raises
    ------
    ModelError
        If model and sampler are none, or the assumptions contradict each other or the data,
        before anything is sampled.
    DataError
        If the data are not those that the model is for, before anything is sampled.
    SamplingError
        If the sampler cannot draw from this posterior.

    Examples
    --------
    >>> import pandas as pd
    >>> import causalstats as cs
    >>> frame = pd.DataFrame({"treated": [0, 1] * 50, "recovered": [0, 1, 1, 1] * 25})
    >>> data = cs.Observations.from_frame(frame)
    >>> result = cs.fit(cs.CausalDiagram("treated -> recovered"), data, seed=1, progress=False)
    >>> result.compare()["mean"].round(2)
    CausalDiagram    0.49
    unadjusted       0.49
    Name: mean, dtype: float64
    """
    refuse_exchanged(model, data)
    refuse_model(model)
    refuse_data(model, data)
    refuse_sampler(sampler)
    sampler = Auto() if sampler is None else sampler
    problem = Problem(model, data)
    model = problem.model
    data_hash = fingerprint(data)
    title = f"Fitting {type(model).__name__}"
    with orderly_interrupts(), stage(title, progress) as advance:
        advance(0, "compiling")
        program = program_for(sampler, problem)
        draws = sample(program, problem, seed, advance)
    refuse_missing_parameters(model, data, draws)
    provenance = {
        "causalstats": causalstats.__version__,
        "python": platform.python_version(),
        **{name: _version(name) for name in LIBRARIES},
        "seed": seed,
        "sampler": draws.attrs["sampler"],
        "device": draws.attrs["device"],
        "fingerprint": data_hash,
    }
    return Fit(
        model=model,
        data=data,
        draws=draws,
        sampler=sampler,
        seed=seed,
        provenance=provenance,
        progress=progress,
    )


@checked(StoreError)
def load(path: File) -> Fit:
    """Read a fit that `Fit.save` wrote.

    Nothing in the file is run or unpickled. A model of your own is found by its module and name:
    import it first.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Fit

    Raises
    ------
    StoreError
        If the file is missing or damaged, is no saved fit, or is of another format.

    Examples
    --------
    >>> import causalstats as cs
    >>> model = cs.CausalDiagram("treated -> recovered")
    >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> cs.load(fit.save(Path(mkdtemp()) / "fit.nc")).model == fit.model
    True
    """
    from causalstats.inference import store

    parts = store.load(Path(path))
    checks = parts.pop("checks")
    return Fit(**parts, seed=int(parts["provenance"]["seed"]), _cache=checks)


def _stated(model: Model) -> str:
    """Return a model as its class and the fields that differ from the defaults."""
    stated = [f"{name}={value}" for name, value in stated_fields(model).items()]
    return f"{type(model).__name__}({', '.join(stated)})"


@cache
def _version(name: str) -> str:
    """Return the version of a library, whose metadata take 3 ms to read."""
    return version(name)
