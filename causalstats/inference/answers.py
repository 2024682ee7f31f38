"""Answers of a fit: draws of an estimand for people or groups, with the checks that they carry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.checks.convergence import answer_sampling, sampling
from causalstats.checks.posterior_contraction import posterior_contraction
from causalstats.checks.posterior_predictive import posterior_predictive_checks
from causalstats.checks.prior_data_conflict import conflict_name, prior_data_conflict
from causalstats.checks.rows_within_the_data import rows_within_the_data
from causalstats.core.abilities import (
    AssumesByData,
    CautionsGroups,
    ContrastScale,
    HasDataChecks,
    HasDerivation,
    HasHyperparameters,
    HasPosteriorChecks,
    HasRelaxations,
    PredictsGroups,
    Queryable,
)
from causalstats.core.check import Check, Checks
from causalstats.core.draws_kind import draws_kind
from causalstats.core.effect import Effect
from causalstats.core.estimand import Estimand, answerable
from causalstats.core.wording import wording_of
from causalstats.data import Decisions
from causalstats.data.columns import read
from causalstats.errors import DataError, ModelError
from causalstats.inference.power_scaling import power_scaling_check
from causalstats.inference.withheld_outcomes import held_out_checks
from causalstats.numerics.sampling.convergence_diagnostics import with_superchains_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from causalstats.core.effect import MarginalDistributions
    from causalstats.core.model import Model
    from causalstats.inference.fit import Fit

_LARGEST_ANSWER = 1e100  # its square is still a floating-point number
# Checks of so many take a second, most of it in long arrays, which leave the interpreter free
_PEOPLE_FOR_TWO_THREADS = 20_000


def list_effects(fit: Fit) -> pd.DataFrame:
    """Return what can be asked of a fit, in words, as `Fit.effects` says."""
    import pandas as pd

    rows = {}
    for name, estimand in fit.model.estimands().items():
        reason = estimand.unavailable_reason and estimand.unavailable_reason(fit.data)
        description, contrast = estimand.description, estimand.contrast
        if estimand.in_words is not None and not reason:
            description, contrast = estimand.in_words(fit.data)
        rows[name] = {
            "question": description,
            "unit": estimand.unit,
            "contrast": contrast,
            "kind": estimand.kind,
            "per_person": estimand.per_person,
            "unavailable": reason or "",
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("effect")


def find_estimand(
    fit: Fit,
    name: str,
    do: Mapping[str, Any] | None,
    given: Mapping[str, Any] | None,
    factual: Mapping[str, Any] | None,
    scale: ContrastScale = "difference",
) -> tuple[str, Estimand]:
    """Return an estimand by its name, or by a question about variables that are set or seen.

    Parameters
    ----------
    fit : Fit
    name : str
        An estimand, or a variable where one of the following is given.
    do, given, factual : mapping of variable to level, optional
    scale : str
        On which two interventions are compared.

    Returns
    -------
    name, estimand

    Raises
    ------
    ModelError
        If the model has no such estimand or takes no such questions, or the data cannot answer.
    """
    model = fit.model
    text = isinstance(model, Queryable) and name.strip().startswith("P(")
    if text or not (do is given is factual is None):
        if not isinstance(model, Queryable):
            raise ModelError(
                "`do`, `given` and `factual` are questions to a causal diagram; "
                f"{type(model).__name__} has no such variables. Leave them out."
            )
        return model.question(
            name, do or {}, given or {}, factual or {}, fit.data, scale
        )
    if scale != "difference":
        raise ModelError(
            f"Expected `do` with two values to compare as {scale!r}, such as do={{'x': [1, 0]}}."
        )
    estimands = model.estimands()
    if name not in estimands:
        known = ", ".join(answerable(model, fit.data))
        main = "" if name == model.headline else f" The main one is {model.headline!r}."
        raise ModelError(
            f"There is no effect {name!r}{_why(model, name)} There are: {known}.{main}"
        )
    estimand = estimands[name]
    reason = estimand.unavailable_reason and estimand.unavailable_reason(fit.data)
    if reason:
        raise ModelError(f"These data cannot answer {name!r}: {reason}")
    return name, estimand


def _why(model: Model, name: str) -> str:
    """Return why the effect is not identified, where that was asked for, and a full stop."""
    if name != "effect" or not isinstance(model, HasDerivation):
        return "."
    verdict, *_, obstacle = model.derivation()
    return f": {verdict} {obstacle}"


def answer(
    fit: Fit,
    name: str,
    estimand: Estimand,
    at: Any = None,
    by: Any = None,
    compares: Any = None,
) -> Effect:
    """Return the answer to an estimand.

    Parameters
    ----------
    fit : Fit
    name : str
    estimand : Estimand
    at : frame or list of parts, optional
        Other people, or the parts of a subcomposition.
    by : str or labels, optional
        Groups of people.
    compares : str or labels, optional
        Groups that the estimand itself tells apart.

    Returns
    -------
    Effect
    """
    description, contrast = estimand.description, estimand.contrast
    if estimand.in_words is not None:
        description, contrast = estimand.in_words(fit.data)
    assumptions = estimand.assumptions
    if estimand.assumptions_with is not None:
        assumptions = estimand.assumptions_with(fit.data)
    if isinstance(fit.model, AssumesByData):
        concerned = {each.name for each in fit.model.assumptions_for(fit.data)}
        assumptions = tuple(name for name in assumptions if name in concerned)
    if by is not None:
        group = by if isinstance(by, str) else "group"
        description = f"By {group}: {description}"
    sentence = ""
    if at is None and by is None:
        template = estimand.sentence
        sentence = template if isinstance(template, str) else template(fit.data)
    scale = None if estimand.scale is None else estimand.scale(fit.data)
    savage_dickey = None
    if at is None and by is None and estimand.savage_dickey is not None:
        savage_dickey = partial(estimand.savage_dickey, _posterior(fit), fit.data)
    determined = None
    if at is None and by is None and estimand.determined is not None:
        determined = partial(estimand.determined, _posterior(fit), fit.data)
    over_null = None
    if estimand.over_null:
        over_null = partial(fit.effect, estimand.over_null, at=at, by=by)
    marginals, draws = _values(fit, name, estimand, at, by)
    if by is not None:
        draws, nobody = _without_empty_groups(draws, name)
        description += nobody
    draws = with_superchains_of(_posterior(fit), draws)
    return Effect(
        name=name,
        draws=draws.rename(name),
        description=description,
        unit=estimand.unit if scale is None else scale.raw_unit or estimand.unit,
        contrast=contrast,
        kind=estimand.kind,
        assumptions=assumptions,
        make_doubts=partial(
            carried_checks,
            fit,
            name,
            estimand,
            draws,
            compares if by is None else by,
            at,
        ),
        find_untested=partial(untested_knowledge, fit),
        sentence=sentence,
        marginals=marginals,
        savage_dickey=savage_dickey,
        over_null=over_null,
        determined=determined,
        scale=scale,
        wording=wording_of(fit.data),
        drawn_from=_drawn_from(fit),
        null=estimand.null,
        centre=estimand.centre,
        weights=_weights_of_people(fit.data, draws) if at is None else None,
    )


def _weights_of_people(data: object, draws: xr.DataArray) -> xr.DataArray | None:
    """Return the weights of the people that an answer has a number for; None without any.

    Parameters
    ----------
    data : study
    draws : DataArray
        With a dim `person`, or an answer about nobody in particular.
    """
    import xarray as xr

    if draws.dims[-1] != "person" or not isinstance(data, Decisions):
        return None
    weights = xr.DataArray(data.weights, dims="person", coords={"person": data.rows})
    return weights.sel(person=draws["person"])


def _drawn_from(fit: Fit) -> str:
    """Return a name of the draws that all answers are computed from; none where none are kept."""
    if fit.draws["posterior"].sizes.get("draw", 0) == 0:
        return ""
    return f"{fit.model!r} {fit.provenance['fingerprint']} {fit.sampler!r} {fit.seed}"


def _posterior(fit: Fit) -> xr.Dataset:
    return fit.draws["posterior"].to_dataset()


def _values(
    fit: Fit, name: str, estimand: Estimand, at: Any, by: Any
) -> tuple[MarginalDistributions | None, xr.DataArray]:
    """Return marginal distributions in closed form, where there are any, and draws."""
    if at is not None:
        return _values_at(fit, name, estimand, at)
    posterior = _posterior(fit)
    if by is not None:
        return None, _draws_by_group(fit, name, estimand, posterior, by)
    has_draws = posterior.sizes["draw"] > 0
    if estimand.per_person or not estimand.keeps_draws:
        # A number a person and draw is too much to keep.
        return None, estimand.compute(posterior, fit.data)
    marginals = None
    if estimand.marginals is not None and not (has_draws and estimand.approximate):
        marginals = _once(
            fit, name, f"marginals of {name}", partial(estimand.marginals, fit.data)
        )
        if not has_draws:
            return marginals, _without_draws(marginals, posterior)
    draws = _once(fit, name, name, lambda: estimand.compute(posterior, fit.data))
    return marginals, draws


def _once[T](fit: Fit, name: str, key: str, make: Callable[[], T]) -> T:
    """Return what is kept under a key, where the name stands for one answer of the model.

    Nothing is kept of other questions: two may be written alike, as policies by two functions are.

    Parameters
    ----------
    fit : Fit
    name : str
        The question.
    key : str
    make : function without arguments
    """
    return fit.once(key, make) if name in fit.model.estimands() else make()


def _values_at(
    fit: Fit, name: str, estimand: Estimand, at: Any
) -> tuple[MarginalDistributions | None, xr.DataArray]:
    if estimand.at is None:
        raise ModelError(
            f"{name!r} is about these data as a whole and has no other value; leave out `at`."
        )
    part, posterior = fit.data.at(at), _posterior(fit)
    marginals = None
    if estimand.marginals_at is not None:
        marginals = estimand.marginals_at(fit.data, part)
    if marginals is not None and posterior.sizes["draw"] == 0:
        return marginals, _without_draws(marginals, posterior)
    draws = estimand.at(posterior, part)
    if (abs(draws.to_numpy()) > _LARGEST_ANSWER).any():
        raise DataError(
            f"{name!r} is beyond {_LARGEST_ANSWER:g} at these rows: a value in them is far out of "
            "the scale of the study. Look at their largest values, and at their units."
        )
    return marginals, draws


def _without_draws(
    marginals: MarginalDistributions, posterior: xr.Dataset
) -> xr.DataArray:
    """Return no draws of an answer whose marginal distributions are in closed form."""
    import xarray as xr

    shape = (posterior.sizes["chain"], 0, len(marginals.labels))
    return xr.DataArray(np.empty(shape), dims=("chain", "draw", "entry"))


def _draws_by_group(
    fit: Fit, name: str, estimand: Estimand, posterior: xr.Dataset, by: Any
) -> xr.DataArray:
    """Return draws with a last dim `group`."""
    data = fit.data
    if not (estimand.averages_people or estimand.per_person):
        advice = (
            "Ask about one group: `fit.effect(outcome, do={...}, given={...})`."
            if isinstance(fit.model, Queryable)
            else "Leave out `by`."
        )
        raise ModelError(
            f"{name!r} is one answer about everybody, not about people in groups. {advice}"
        )
    if estimand.of_population:
        groups = data.population_by(by)
        return _by_group(
            groups, [estimand.compute(posterior, part) for part in groups.values()]
        )
    labels = data.groups(by)
    masks = {group: np.asarray(labels == group) for group in labels.categories}
    if estimand.averages_people:
        parts = [
            estimand.compute(posterior, data.part(mask)) for mask in masks.values()
        ]
        return _by_group(masks, parts)
    return _by_group(
        masks, _means_of_groups(estimand.compute(posterior, data), data, masks)
    )


def _without_empty_groups(draws: xr.DataArray, name: str) -> tuple[xr.DataArray, str]:
    """Return the draws of the groups that have an answer, and which have none, in words.

    Of a group in which everybody was tested there is no risk of those who were not.

    Raises
    ------
    DataError
        If no group has an answer.
    """
    others = [dim for dim in draws.dims if dim != "group"]
    empty = draws.isnull().all(others).to_numpy()
    if not draws.size or not empty.any():
        return draws, ""
    names = ", ".join(map(str, draws["group"].to_numpy()[empty]))
    if empty.all():
        raise DataError(
            f"{name!r} is about people of whom there is nobody in any of the groups {names}. Ask "
            "without `by`, or of other groups."
        )
    reason = "nobody there is among the people that it is about"
    return draws.isel(group=~empty), f" Left out, since {reason}: {names}."


def _means_of_groups(
    draws: xr.DataArray, data: Any, masks: Mapping[Any, np.ndarray]
) -> list[xr.DataArray]:
    """Return the weighted mean over the people of each group, for every draw."""

    weights = _weights_of_people(data, draws)
    assert weights is not None
    inside = [np.isin(draws["person"], data.rows[mask]) for mask in masks.values()]
    return [draws[..., mask].weighted(weights[mask]).mean("person") for mask in inside]


def _by_group(groups: Mapping[Any, Any], draws: list[xr.DataArray]) -> xr.DataArray:
    import xarray as xr

    labels = xr.DataArray(list(groups), dims="group", name="group")
    return xr.concat(draws, labels).transpose(..., "group")


def carried_checks(
    fit: Fit,
    name: str,
    estimand: Estimand,
    draws: xr.DataArray,
    by: Any = None,
    at: Any = None,
) -> tuple[Check, ...]:
    """Return the failed checks, and the cautions, that an answer carries.

    Checks of the sampling of the parameters and of the answer itself, of the data alone, of the
    question asked, and of the predictions of what was observed; with the refits of `fit.check`
    once that has run.

    Parameters
    ----------
    fit : Fit
    name : str
        The question: a name in `model.estimands()`, or e.g. "P(y=1 | do(x=1))".
    estimand : Estimand
    draws : DataArray
        The draws of the answer.
    by : str or labels, optional
        Groups of people.
    at : frame or list of parts, optional
        Other people, or the parts of a subcomposition.

    Returns
    -------
    tuple of Check
    """
    of_answer: tuple[Check, ...] = ()
    if not draws_kind(fit.draws).is_independent:
        of_answer = answer_sampling(draws, fit.draws.attrs)
    candidates = [*_sampling_behind(fit, bool(of_answer)), *of_answer]
    candidates += question_checks(fit, name, estimand)
    candidates += _group_checks(fit, name, by)
    candidates += _extrapolation_checks(fit, name, estimand, at)
    candidates += fit.kept("checks") or checks_without_refits(fit)
    candidates += calibration_checks(fit)
    standing = [check for check in candidates if check.stands_on(name)]
    return tuple(dict.fromkeys(_explained(fit, standing)))


def untested_knowledge(fit: Fit) -> tuple[str, ...]:
    """Return the assumptions that only the refits of `fit.check` can contradict, before it ran.

    Parameters
    ----------
    fit : Fit
    """
    model = fit.model
    if fit.kept("checks") is not None or not isinstance(model, HasRelaxations):
        return ()
    checks = [conflict_name(each) for each in model.relaxations(fit.data)]
    return tuple(
        assumption.name
        for assumption in model.assumptions()
        if any(name.startswith(assumption.checks) for name in checks)
    )


def _group_checks(fit: Fit, name: str, by: Any) -> list[Check]:
    """Return whether the groups of an answer differ by more than the model says."""
    model = fit.model
    if by is None or not isinstance(model, PredictsGroups):
        return []
    cautions = (
        model.group_cautions(fit.data, by) if isinstance(model, CautionsGroups) else ()
    )
    rng = np.random.default_rng(fit.seed)
    predictions = model.group_predictions(_posterior(fit), fit.data, by, rng)
    checks = posterior_predictive_checks(predictions)
    return [*(replace(check, estimands=(name,)) for check in checks), *cautions]


def _extrapolation_checks(
    fit: Fit, name: str, estimand: Estimand, at: Any
) -> list[Check]:
    """Return whether the rows in `at` are like those of the study, in the numbers it is read by."""
    if at is None or estimand.at_reads is None:
        return []
    import pandas as pd

    study = fit.data.source
    numbers = tuple(
        column
        for column in estimand.at_reads(fit.data)
        if not isinstance(study[column].dtype, pd.CategoricalDtype)
    )
    observed = study[list(numbers)].to_numpy(float)
    asked = read(at, numbers).to_numpy(float)
    checks = rows_within_the_data(numbers, observed, asked)
    return [replace(check, estimands=(name,)) for check in checks]


def _sampling_behind(fit: Fit, answer_checked: bool) -> tuple[Check, ...]:
    """Return the checks of the sampling of the parameters that an answer stands on.

    Parameters
    ----------
    fit : Fit
    answer_checked : bool
        Whether the draws of the answer have an R-hat and ESS of their own. Hyperparameters from
        which it is not computed are then left out: a global scale of shrinkage mixes slower than
        what it shrinks.
    """
    if not answer_checked or not isinstance(fit.model, HasHyperparameters):
        return fit.sampling()
    hidden = fit.model.hyperparameters(fit.data)
    asked = tuple(name for name in fit.parameters() if name not in hidden)
    if not hidden or not asked:
        return fit.sampling()
    return fit.once("sampling behind answers", lambda: sampling(fit.draws, asked))


def _explained(fit: Fit, checks: Iterable[Check]) -> list[Check]:
    """Return the checks with labels of columns in their findings, where the data have labels."""
    words = wording_of(fit.data)
    return [replace(each, finding=words.explained(each.finding)) for each in checks]


def question_checks(fit: Fit, name: str, estimand: Estimand) -> list[Check]:
    """Return the checks of one question, which concern its answer alone.

    Parameters
    ----------
    fit : Fit
    name : str
        The question: a name in `model.estimands()`, or e.g. "P(y=1 | do(x=1))".
    estimand : Estimand
    """
    make = estimand.checks
    if make is None:
        return []
    results = _once(
        fit,
        name,
        f"checks of {name}",
        lambda: make(_posterior(fit), fit.data),
    )
    return [replace(check, estimands=(name,)) for check in results]


def checks_without_refits(fit: Fit) -> tuple[Check, ...]:
    """Return the checks of the data alone, of the posterior on them, and predictive ones."""

    def of_data() -> tuple[Check, ...]:
        model = fit.model
        return model.data_checks(fit.data) if isinstance(model, HasDataChecks) else ()

    def of_draws() -> tuple[Check, ...]:
        model = fit.model
        of_posterior: tuple[Check, ...] = ()
        if isinstance(model, HasPosteriorChecks):
            rng = np.random.default_rng(fit.seed)
            of_posterior = model.posterior_checks(_posterior(fit), fit.data, rng)
        return (
            *of_posterior,
            *posterior_predictive_checks(fit.predictions().values()),
        )

    def make() -> tuple[Check, ...]:
        data = fit.data
        if not isinstance(data, Decisions) or len(data) < _PEOPLE_FOR_TWO_THREADS:
            return of_data() + of_draws()
        from threadpoolctl import threadpool_limits

        # Each thread has a core; those of linear algebra would wait for each other.
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(1) as other:
            checked = other.submit(of_data)
            found = of_draws()
            return checked.result() + found

    return fit.once("checks without refits", make)


def calibration_checks(fit: Fit) -> tuple[Check, ...]:
    """Return the checks of `Fit.calibrate`; none before it has run."""
    return tuple(fit.kept("calibration") or ())


def every_check(fit: Fit) -> Checks:
    """Return every check, those with refits and of held-out outcomes included."""
    model, headline = fit.model, fit.headline
    results = [*fit.sampling(), *checks_without_refits(fit)]
    results += question_checks(fit, headline, model.estimands()[headline])
    results += posterior_contraction(model, fit.draws, fit.data)
    results += power_scaling_check(fit)
    relaxations = (
        model.relaxations(fit.data) if isinstance(model, HasRelaxations) else ()
    )
    for relaxation in relaxations:
        without = fit
        if relaxation.model != model:
            without = fit.refit(
                relaxation.model, f"Refitting without {relaxation.name}"
            )
        results += prior_data_conflict(relaxation, without)
    return Checks(_explained(fit, [*results, *held_out_checks(fit)]))
