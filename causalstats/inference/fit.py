"""`fit` puts a model to data and samples it; a `Fit` answers. Its verbs call the rooms and compute nothing themselves."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import partial
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

import causalstats
from causalstats.core.abilities import (
    Bounded,
    HasBaselines,
    HasCausalGraph,
    HasDataChecks,
    HasRelaxations,
    HasViews,
    ImperfectlyTested,
    Predicts,
    Queryable,
)
from causalstats.core.argument_validation import File, Inside, Name, Seed, Seen, Set, checked
from causalstats.core.check import Check, Checks
from causalstats.core.draws_kind import DrawsKind, draws_kind
from causalstats.core.effect import INTERVAL, Effect, in_doubt
from causalstats.core.estimand import Estimand, answerable
from causalstats.core.knowledge import Known
from causalstats.core.model import Model, Problem
from causalstats.core.prediction import Prediction
from causalstats.core.views import View
from causalstats.data import Decisions
from causalstats.errors import DataError, ModelError, StoreError
from causalstats.inference.arguments import (
    fingerprint,
    refuse_data,
    refuse_exchanged,
    refuse_missing_parameters,
    refuse_model,
    refuse_sampler,
)
from causalstats.numerics.panel.linear_estimators import Estimate
from causalstats.numerics.sampling.posterior_summaries import summarise, surest_first, varies
from causalstats.runs.progress import stage
from causalstats.samplers import Auto, Program, Sampler, sample

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from causalstats.core.effect import MarginalDistributions

_LARGEST = 1e100  # of an answer, whose square is then still a number
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


@dataclass(frozen=True, eq=False, kw_only=True)
class Fit:
    """A model put to data, with its posterior draws."""

    model: Model
    data: Any
    draws: xr.DataTree
    sampler: Sampler
    seed: int
    provenance: dict[str, Any]
    progress: bool = True
    _kept: dict[str, Any] = field(default_factory=dict, repr=False)

    @checked(ModelError)
    def summary(self, prob: Inside = INTERVAL) -> pd.DataFrame:
        """Every parameter: mean, sd, equal-tailed interval, ESS and R-hat; of an exact posterior, which has none, the headline."""
        posterior = self.draws["posterior"].to_dataset()
        tables = []
        if not self.parameters():
            return self.effect(self.model.headline).summary(prob)
        for name in self.parameters():
            table = summarise(posterior[name], prob)
            tables.append(
                table.set_axis(
                    [name if label == name else f"{name}[{label}]" for label in table.index]
                )
            )
        return pd.concat(tables)

    def parameters(self) -> tuple[str, ...]:
        """Names in the posterior whose sampling is checked; none where it is exact."""
        exact = draws_kind(self.draws) is DrawsKind.EXACT
        return () if exact else self.model.parameters(self.data)

    @checked(ModelError)
    def effect(
        self,
        name: Name,
        *,
        at: Any = None,
        by: Any = None,
        do: Set | None = None,
        given: Seen | None = None,
        factual: Seen | None = None,
    ) -> Effect:
        """An answer by name, one of `model.estimands()`; of a causal diagram also a variable, when others are set or seen.

        Parameters
        ----------
        name : str
        at : frame or list of parts, optional
            Other people, for an answer that is one a person; or the parts of a composition that alone are to be held, for one about parts.
        by : str or labels, optional
            The answer for groups of people instead: by a column of the study (a numeric one in quarters), or by a label for each row of the
            frame that the study was read from, in its order or, as a pandas Series, by its index. An answer that is one a person is averaged over
            the group.
        do : mapping of variable to level, optional
            Variables of a causal diagram that are set, `{"smoking": 1}`; two levels, `{"smoking": [1, 0]}`, ask for the difference between them.
        given : mapping of variable to level, optional
            Variables that are seen to have a level, among those for whom `do` was done.
        factual : mapping of variable to level, optional
            What the variable in `do` really was: `do={"smoking": 0}, factual={"smoking": 1}` asks what the smokers would have had without smoking.
        """
        if at is not None and by is not None:
            raise ModelError(
                "Expected `at` or `by`, and not both: groups are groups of the people of the study."
            )
        return self._answered(*self._estimand(name, do, given, factual), at, by)

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
        """The smallest and the largest answer that a causal diagram allows, where it does not identify the one there is, with posterior bands.

        Parameters
        ----------
        do, given, factual
            As for `effect`.
        cause : variable, or mapping of it to its absence and presence
            In place of them: the probabilities that it was or would be the cause of the last level of `name` (Tian & Pearl 2000). `{"smoking": (0, 2)}`
            compares two of its levels.
        """
        if not isinstance(self.model, Bounded):
            raise ModelError(
                f"Bounds are answers of a causal diagram; {type(self.model).__name__} has none."
            )
        question = self.model.bounds(name, do, given or {}, factual or {}, cause, self.data)
        return self._answered(*question)

    def _answered(self, name: str, estimand: Estimand, at: Any = None, by: Any = None) -> Effect:
        """The effect of an estimand."""
        margins = None
        posterior = self.draws["posterior"].to_dataset()
        drawn = posterior.sizes["draw"] > 0
        if at is not None:
            if estimand.at is None:
                raise ModelError(
                    f"{name!r} is about these data as a whole and has no other value; leave out `at`."
                )
            part = self.data.at(at)
            if estimand.marginals_at is not None:
                margins = estimand.marginals_at(self.data, part)
            draws = (
                estimand.at(posterior, part)
                if drawn or margins is None
                else _without_draws(margins, posterior)
            )
            _refuse_infinite(name, draws)
        elif by is not None:
            draws = self._by_group(name, estimand, posterior, by)
        else:
            if estimand.marginals is not None and not (drawn and estimand.approximate):
                margins = self._once(f"margins of {name}", partial(estimand.marginals, self.data))
            if margins is not None and not drawn:
                draws = _without_draws(margins, posterior)
            else:
                # A number a person and draw is too much to keep.
                draws = (
                    estimand.compute(posterior, self.data)
                    if estimand.per_person
                    else self._once(name, lambda: estimand.compute(posterior, self.data))
                )
        description, contrast = estimand.description, estimand.contrast
        if estimand.in_words is not None:
            description, contrast = estimand.in_words(self.data)
        return Effect(
            name=name,
            draws=draws.rename(name),
            description=description
            if by is None
            else f"By {by if isinstance(by, str) else 'group'}: {description}",
            unit=estimand.unit,
            contrast=contrast,
            kind=estimand.kind,
            assumptions=estimand.assumptions,
            make_doubts=partial(self._doubts, name, estimand, draws),
            marginals=margins,
            savage_dickey=None
            if at is not None or by is not None or estimand.savage_dickey is None
            else partial(estimand.savage_dickey, posterior, self.data),
            over_null=partial(self.effect, estimand.over_null, at=at, by=by)
            if estimand.over_null
            else None,
        )

    def _doubts(self, name: str, estimand: Estimand, draws: xr.DataArray) -> tuple[Check, ...]:
        """Return the checks that an answer carries.

        Sampling of the parameters and of the answer itself, the data alone, the question asked,
        and the predictions of what was observed; with the refits of `check`, once that has run.
        """
        from causalstats import checks

        found = list(self.sampling())
        if draws_kind(self.draws) is not DrawsKind.EXACT:
            found += checks.answer_sampling(draws, self.draws.attrs)
        found += self._question_checks(name, estimand)
        found += self._kept.get("checks") or self._cheap_checks()
        return tuple(dict.fromkeys(check for check in found if check.stands_on(name)))

    def _question_checks(self, name: str, estimand: Estimand) -> list[Check]:
        """Return the checks of one question, about its answer alone."""
        if estimand.checks is None:
            return []
        posterior, checks = self.draws["posterior"].to_dataset(), estimand.checks
        found = self._once(f"checks of {name}", lambda: checks(posterior, self.data))
        return [replace(check, estimands=(name,)) for check in found]

    def _cheap_checks(self) -> Sequence[Check]:
        """Return the checks that need no refit: of the data alone, and of the predictions."""
        from causalstats import checks

        def make() -> tuple[Check, ...]:
            model = self.model
            of_data = model.data_checks(self.data) if isinstance(model, HasDataChecks) else ()
            return (*of_data, *checks.predictive(self.predictions().values()))

        return self._once("cheap checks", make)

    def _estimand(self, name: str, *question: Mapping[str, Any] | None) -> tuple[str, Estimand]:
        """By its name; or in the model's own terms, by what is set, what is seen and what was so."""
        if any(part is not None for part in question):
            if not isinstance(self.model, Queryable):
                raise ModelError(
                    f"`do`, `given` and `factual` are questions to a causal diagram; {type(self.model).__name__} has no such variables. Leave them out."
                )
            do, given, factual = (part or {} for part in question)
            return self.model.question(name, do, given, factual, self.data)
        estimands = self.model.estimands()
        if not isinstance(name, str) or name not in estimands:
            raise ModelError(
                f"There is no effect {name!r}. There are: {', '.join(answerable(self.model, self.data))}."
            )
        if (refused := estimands[name].unavailable_reason) is not None and (
            reason := refused(self.data)
        ):
            raise ModelError(f"These data cannot answer {name!r}: {reason}")
        return name, estimands[name]

    def _by_group(
        self, name: str, estimand: Estimand, posterior: xr.Dataset, by: Any
    ) -> xr.DataArray:
        """Draws with a last dim `group`."""
        import xarray as xr

        if not (estimand.averages_people or estimand.per_person):
            raise ModelError(
                f"{name!r} is not about people, so groups of them have none of their own; leave out `by`."
            )
        if estimand.of_population:
            groups = self.data.population_by(by)
            drawn = [estimand.compute(posterior, part) for part in groups.values()]
            return xr.concat(
                drawn, xr.DataArray(list(groups), dims="group", name="group")
            ).transpose(..., "group")
        labels = self.data.groups(by)
        masks = {group: np.asarray(labels == group) for group in labels.categories}
        if estimand.averages_people:
            parts = [estimand.compute(posterior, self.data.part(mask)) for mask in masks.values()]
        else:
            draws = estimand.compute(posterior, self.data)
            weights = xr.DataArray(
                self.data.weights, dims="person", coords={"person": self.data.rows}
            ).sel(person=draws["person"])
            inside = [np.isin(draws["person"], self.data.rows[mask]) for mask in masks.values()]
            parts = [draws[..., mask].weighted(weights[mask]).mean("person") for mask in inside]
        return xr.concat(parts, xr.DataArray(list(masks), dims="group", name="group")).transpose(
            ..., "group"
        )

    def check(self) -> Checks:
        """Sampling, the data alone, prediction of what was observed, learning, conflict with outside knowledge (a refit each), withheld outcomes."""
        from causalstats import checks

        def make() -> Checks:
            headline = self.model.headline
            found = [*self.sampling(), *self._cheap_checks()]
            found += self._question_checks(headline, self.model.estimands()[headline])
            found += checks.posterior_contraction(self.model, self.draws, self.data)
            relaxations = (
                self.model.relaxations(self.data) if isinstance(self.model, HasRelaxations) else ()
            )
            for relaxation in relaxations:
                without = (
                    self
                    if relaxation.model == self.model
                    else self.refit(relaxation.model, f"Refitting without {relaxation.name}")
                )
                found += checks.conflict(relaxation, without)
            found += self._withheld()
            return Checks(found)

        return self._once("checks", make)

    @checked(ModelError)
    def compare(self, prob: Inside = INTERVAL) -> pd.DataFrame:
        """The headline beside what people would do instead; with withheld outcomes, the truth and each one's error.

        A headline of many entries has a row for each, and a column for each of the other methods.
        """
        answer = self.effect(self.model.headline)
        baselines = self._once("baselines", self._baselines)
        tails = (1 - prob) / 2, (1 + prob) / 2
        if answer.draws.ndim > 2:
            columns: dict[str, Any] = {}
            for name, found in baselines.items():
                columns |= _columns(name, found, tails)
            return answer.numbers(prob)[["mean", "lower", "upper"]].assign(**columns)
        rows = {type(self.model).__name__: answer.draws.to_numpy().ravel()} | baselines
        table = pd.DataFrame(
            {name: _row(found, tails) for name, found in rows.items()},
            index=["mean", "lower", "upper"],
        ).T
        truth = self.withheld_rate()
        return table if truth is None else table.assign(truth=truth, error=table["mean"] - truth)

    def sensitivity(self, **assumptions: Sequence[Any] | Literal["leave one out"]) -> pd.DataFrame:
        """The headline at other values of an assumption, a field of the model: `fit.sensitivity(prevalence=[0.01, 0.02])`.

        Several assumptions make the grid of all their values, the fit's own included. A number given for a `Known` keeps its standard deviation; a
        field that lists features can be left without each in turn, `expertise="leave one out"`. A program is compiled once where only constants change.
        A headline of many entries has a row for each of them at each value.
        """
        from causalstats.inference.refits import sensitivity

        return sensitivity(self, assumptions)

    def contraction(self) -> pd.DataFrame:
        """Prior and posterior standard deviation of each parameter, and the contraction 1 - posterior variance / prior variance."""
        from causalstats import checks

        return checks.contraction(self.model, self.draws, self.data)

    def predictions(self) -> dict[str, Prediction]:
        """What was observed beside what the model would have expected, by name."""
        model = self.model
        if not isinstance(model, Predicts):
            return {}
        posterior = self.draws["posterior"].to_dataset()
        rng = np.random.default_rng(self.seed)
        return self._once(
            "predictions",
            lambda: {each.name: each for each in model.predictions(posterior, self.data, rng)},
        )

    def answer(self, *, doubts: bool = True) -> str:
        """Return the headline in words, with the answer without which it misleads.

        Parameters
        ----------
        doubts : bool
            Whether the checks that the answer carries follow it.
        """
        told = self._told_together()
        carried = tuple(dict.fromkeys(check for effect in told for check in effect.doubts))
        said = " ".join(effect.statement() for effect in told)
        return said + in_doubt(carried) if doubts else said

    def _told_together(self) -> list[Effect]:
        """Return the headline and the answer without which it misleads, if there is one."""
        beside = self.model.estimands()[self.model.headline].companion
        return [self.effect(name) for name in (self.model.headline, beside) if name]

    def views(self) -> Mapping[str, Callable[[], View]]:
        """Pictures that only this family of models has, by name, as functions that gather what they show."""
        if not isinstance(self.model, HasViews):
            return {}
        return self.model.views(self.draws["posterior"].to_dataset(), self.data)

    @checked(ModelError)
    def plot(self, what: str = "") -> Figure:
        """A figure: an effect or a prediction by its name, `parameters`, `chains`, `learned`, `comparison` or `diagram`, or one of
        its family's own, `fit.views()`; without a name, the headline."""
        from causalstats import plots

        what = what or self.model.headline
        figures: dict[str, Callable[[], Figure]] = {
            "parameters": lambda: plots.figure_of(plots.posterior(self.draws, self.parameters())),
            "chains": lambda: plots.figure_of(plots.trace(self.draws, self.parameters())),
            "contraction": lambda: plots.contraction(self.contraction()),
            "comparison": self._plot_comparison,
        }
        if self.contraction().empty:
            del figures["contraction"]
        if not self.parameters():
            figures = {"comparison": self._plot_comparison}
        model = self.model
        if isinstance(model, HasCausalGraph):
            figures["diagram"] = lambda: plots.diagram(model.causal_graph(self.data))
        figures |= {name: partial(_drawn, make) for name, make in self.views().items()}
        figures |= {
            name: partial(self._plot_effect, name) for name in answerable(self.model, self.data)
        }
        if what in figures:
            return figures[what]()
        if what in self.predictions():
            return plots.predictive(self.predictions()[what])
        raise ModelError(
            f"There is no plot {what!r}. There are: {', '.join([*figures, *self.predictions()])}."
        )

    def _plot_comparison(self) -> Figure:
        from causalstats import plots

        headline = self.effect(self.model.headline)
        if headline.draws.ndim > 2:
            return plots.beside(self.compare(), unit=headline.unit)
        return plots.comparison(self.compare(), self.withheld_rate(), unit=headline.unit)

    @checked(ModelError)
    def report(
        self,
        path: File,
        *,
        title: str = "",
        question: str = "",
        sensitivity: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> Path:
        """Write one self-contained HTML file: answer, assumptions, data, effects, comparison, every check, sensitivity, how to reproduce.

        `sensitivity` maps fields of the model to the values to show, as `fit.sensitivity` takes them; or it lists such mappings, each of one or two
        fields, for the grids of both. Each value is a refit.
        """
        from causalstats import report
        from causalstats.inference.refits import variants

        each = [sensitivity] if isinstance(sensitivity, Mapping) else sensitivity or ()
        for assumptions in each:
            if assumptions:
                variants(self, assumptions)  # refuses before anything is refitted
        return report.write(report.compose(self, title, question, sensitivity or {}), path)

    @checked(StoreError)
    def save(self, path: File) -> Path:
        """Write everything to one file, to be read by `causalstats.load`."""
        from causalstats.inference.store import save

        return save(Path(path), self.model, self.data, self.sampler, self.draws, self.provenance)

    def sampling(self) -> tuple[Check, ...]:
        """The checks of the draws alone: R-hat, ESS, divergences, E-BFMI, complete."""
        from causalstats import checks

        return self._once("sampling", lambda: checks.sampling(self.draws, self.parameters()))

    def _plot_effect(self, name: str) -> Figure:
        import xarray as xr

        from causalstats import plots

        effect = self.effect(name)
        if effect.draws.ndim > 2 or not varies(effect.draws.to_numpy()):
            return plots.effects(
                surest_first(effect.numbers(), plots.MOST_ROWS), unit=effect.unit, title=name
            )
        return plots.figure_of(
            plots.posterior(xr.DataTree.from_dict({"posterior": effect.draws.to_dataset()}), name)
        )

    def _once(self, key: str, make: Callable[[], Any]) -> Any:
        """What `make` gives, made the first time that it is asked for."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def _baselines(self) -> dict[str, Any]:
        if not isinstance(self.model, HasBaselines):
            return {}
        rng = np.random.default_rng(self.seed)
        return {name: rule(rng)[0] for name, rule in self.model.baselines(self.data).items()}

    def refit(self, model: Model, title: str = "Refitting") -> Fit:
        """Another model on the same data, with a program compiled before where one fits."""
        problem = Problem(model, self.data)
        programs: list[Program] = self._once("programs", list)
        with stage(title, self.progress) as advance:
            program = next((known for known in programs if known.fits(problem)), None)
            if program is None:
                advance(0, "compiling")
                program = self.sampler.compile(problem)
                programs.append(program)
            return replace(
                self,
                model=model,
                draws=sample(program, problem, self.seed, advance),
                _kept={"programs": programs},
            )

    @property
    def _imperfect(self) -> bool:
        return isinstance(self.model, ImperfectlyTested) and self.model.imperfect

    def withheld_rate(self) -> float | None:
        """Return the weighted rate of the withheld outcomes, the truth of the headline.

        None unless everybody who was not decided for has an outcome, and seen without error.
        """
        known = _withheld_outcomes(self.data)
        if known is None or self._imperfect:
            return None
        mask = ~self.data.decision
        if not np.isfinite(known[mask]).all():
            return None
        return float(np.average(known[mask], weights=self.data.weights[mask]))

    def _withheld(self) -> tuple[Check, ...]:
        """Hold the withheld outcomes against what the model says of the same people."""
        from causalstats import checks

        known = _withheld_outcomes(self.data)
        if known is None:
            return ()
        mask = np.isfinite(known)
        posterior = self.draws["posterior"].to_dataset()
        estimand = self.model.estimands()[self.model.headline]
        answer = estimand.compute(posterior, self.data.part(mask))
        if isinstance(self.model, ImperfectlyTested):
            answer = self.model.reported(posterior, answer)
        everybody = bool(np.isfinite(known[~self.data.decision]).all())
        return (
            checks.withheld(
                answer.to_numpy().ravel(),
                known[mask],
                self.data.weights[mask],
                unit=estimand.unit,
                who="everybody not decided for"
                if everybody
                else f"{mask.sum():,} of the {(~self.data.decision).sum():,} not decided for",
                what="results of the test" if self._imperfect else "outcomes",
            ),
        )

    def __repr__(self) -> str:
        return f"Fit of {_stated(self.model)}\n{self._card()}"

    def _repr_html_(self) -> str:
        style = "border:1px solid #bbb;border-radius:6px;padding:0.6em 1em;max-width:48em"
        stated, answer = escape(_stated(self.model)), escape(self._card())
        return f'<div style="{style}"><p><strong>{stated}</strong></p><p>{answer}</p></div>'

    def _card(self) -> str:
        """Return the answer with its doubts, or why there is none: other questions may have one."""
        try:
            return self.answer()
        except ModelError as error:
            return f"{self.model.headline}: {error}"


@checked(ModelError)
def fit(
    model: Model,
    data: Any,
    *,
    seed: Seed,
    sampler: Sampler | None = None,
    progress: bool = True,
) -> Fit:
    """Sample a model on data. The same seed, machine and versions give the same draws.

    Raises
    ------
    ModelError, DataError
        Before anything is sampled.
    """
    refuse_exchanged(model, data)
    refuse_model(model)
    refuse_data(model, data)
    refuse_sampler(sampler)
    sampler = Auto() if sampler is None else sampler
    problem = Problem(model, data)
    data_hash = fingerprint(data)
    with stage(f"Fitting {type(model).__name__}", progress) as advance:
        advance(0, "compiling")
        program = sampler.compile(problem)
        draws = sample(program, problem, seed, advance)
    refuse_missing_parameters(model, data, draws)
    provenance: dict[str, Any] = {
        "causalstats": causalstats.__version__,
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }
    provenance |= {
        "seed": seed,
        "sampler": draws.attrs["sampler"],
        "fingerprint": data_hash,
    }
    kept = {"programs": [program]}
    return Fit(
        model=model,
        data=data,
        draws=draws,
        sampler=sampler,
        seed=seed,
        provenance=provenance,
        progress=progress,
        _kept=kept,
    )


@checked(StoreError)
def load(path: File) -> Fit:
    """Read a fit that `Fit.save` wrote. Raises `StoreError` for a file that is damaged, foreign or of another format."""
    from causalstats.inference import store

    parts = store.load(Path(path))
    return Fit(**parts, seed=int(parts["provenance"]["seed"]))


def _refuse_infinite(name: str, draws: xr.DataArray) -> None:
    """Raise `DataError` where rows are so far out of scale that their answer is no number."""
    if (abs(draws.to_numpy()) > _LARGEST).any():
        raise DataError(
            f"{name!r} is beyond {_LARGEST:g} at these rows: a value in them is far out of the "
            "scale of the study. Look at their largest values, and at their units."
        )


def _stated(model: Model) -> str:
    """A model by what it assumes otherwise than by default."""
    usual = {
        field.name: field.default if field.default_factory is MISSING else field.default_factory()
        for field in fields(model)
    }
    said = [
        f"{name}={value}"
        for name, default in usual.items()
        if (value := repr(getattr(model, name))) not in (repr(default), _as_known(default))
    ]
    return f"{type(model).__name__}({', '.join(said)})"


def _row(found: Any, tails: tuple[float, float]) -> list[float]:
    """Mean and interval of draws, or of an estimate that has its quantiles in closed form."""
    if isinstance(found, Estimate):
        return [float(values[0]) for values in (found.mean(), *map(found.quantile, tails))]
    return [found.mean(), *np.quantile(found, tails)]


def _columns(name: str, found: Any, tails: tuple[float, float]) -> dict[str, Any]:
    """The numbers of another method, a row an entry, with its interval where it has one."""
    if not isinstance(found, Estimate):
        return {name: found}
    lower, upper = map(found.quantile, tails)
    return {name: found.mean(), f"{name}, lower": lower, f"{name}, upper": upper}


def _without_draws(margins: MarginalDistributions, posterior: xr.Dataset) -> xr.DataArray:
    """Return no draws of an answer that has its margins in closed form."""
    import xarray as xr

    shape = (posterior.sizes["chain"], 0, len(margins.labels))
    return xr.DataArray(np.empty(shape), dims=("chain", "draw", "entry"))


def _withheld_outcomes(data: Any) -> np.ndarray | None:
    """Return the outcomes that the model was not shown, where the data have any."""
    return data.withheld if isinstance(data, Decisions) else None


def _as_known(default: Any) -> str:
    """Return how a number reads once a model has taken it for what is exactly known."""
    is_number = isinstance(default, int | float) and not isinstance(default, bool)
    return repr(Known(float(default))) if is_number else ""


def _drawn(make: Callable[[], View]) -> Figure:
    from causalstats import plots

    return plots.view(make())
