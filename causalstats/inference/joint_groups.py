"""The joint fit of k groups of compositions: the answer of each group, from draws of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import xarray as xr

from causalstats.core.draws_kind import DrawsKind
from causalstats.core.effect import Effect
from causalstats.data import Composition
from causalstats.errors import ModelError
from causalstats.inference.arguments import fingerprint
from causalstats.inference.fit import Fit
from causalstats.models.partial_correlation import PartialCorrelation
from causalstats.models.partial_correlation.joint_groups import (
    draws_of_group,
    joint_kernel,
)
from causalstats.models.partial_correlation.rows_of_groups import refuse_shared_rows
from causalstats.runs.interrupts import orderly_interrupts
from causalstats.runs.progress import stage
from causalstats.samplers.base import describe_run
from causalstats.samplers.gibbs import Gibbs, run_kernel

_JOINTLY = (
    " Fitted jointly with the other groups, of which most links are taken to be alike."
)


def joint_answers(
    fits: Mapping[str, Fit], estimand: str, sampler: Gibbs
) -> dict[str, Effect]:
    """Return the answer of each group from a joint fit of all.

    Parameters
    ----------
    fits : mapping of str to Fit
        Each of one group alone, whose model, data and seed are taken.
    estimand : str
    sampler : Gibbs

    Raises
    ------
    ModelError
        If groups have different models or parts, or rows in common, their rows are of Student t
        errors, or their parts have distances.
    """
    first = next(iter(fits.values()))
    model = _common_model(fits)
    groups = {name: fit.data for name, fit in fits.items()}
    refuse_shared_rows(groups)
    kernel = joint_kernel(model, groups)
    with orderly_interrupts(), stage("Fitting groups", first.progress) as advance:
        tree = run_kernel(kernel, sampler, first.seed, advance)
    draws = tree["posterior"].to_dataset()
    key = f"jointly {model!r} {sampler!r} {first.seed} " + " ".join(
        fingerprint(fit.data) for fit in fits.values()
    )
    answers = {}
    names = list(fits)
    for k, (name, fit) in enumerate(fits.items()):
        group = describe_run(
            xr.DataTree.from_dict({"posterior": draws_of_group(draws, k)}),
            DrawsKind.CHAINS,
            sampler=sampler,
            seed=first.seed,
            seconds=tree.attrs["seconds"],
        )
        others = ", ".join(each for each in names if each != name)
        answer = replace(fit, model=model, draws=group, _cache={}).effect(estimand)
        answers[name] = _jointly(answer, f"{name}, fitted jointly with {others}", key)
    return answers


def _jointly(answer: Effect, contrast: str, key: str) -> Effect:
    """Return an answer of one group as one of draws that all groups share.

    Parameters
    ----------
    answer : Effect
    contrast : str
    key : str
        Names the draws of all groups.
    """
    over_null = None
    if answer.over_null is not None:
        over_null = partial(_over_null_jointly, answer.over_null, contrast, key)
    return replace(
        answer,
        contrast=contrast,
        description=answer.description + _JOINTLY,
        over_null=over_null,
        drawn_from=key,
    )


def _over_null_jointly(
    over_null: Callable[[], Effect], contrast: str, key: str
) -> Effect:
    return _jointly(over_null(), contrast, key)


def _common_model(fits: Mapping[str, Fit]) -> PartialCorrelation:
    """Return the model of all groups, as it is fitted.

    Raises
    ------
    ModelError
        If groups have different models or parts, or their rows are of Student t errors.
    """
    models, parts = {}, {}
    for name, fit in fits.items():
        assert isinstance(fit.model, PartialCorrelation)
        models[name] = fit.model.for_data(fit.data)
        parts[name] = fit.data.parts
    first = next(iter(fits))
    for name in fits:
        if models[name] != models[first]:
            raise ModelError(
                f"Expected one model of all groups, got {models[first]!r} of {first!r} and "
                f"{models[name]!r} of {name!r}."
            )
        if parts[name] != parts[first]:
            raise ModelError(
                f"Expected the same parts in the same order in every group, got others in {name!r}"
                f": fit `data.subcomposition({list(parts[first])})`, or of the parts that all "
                "groups have."
            )
    if models[first].errors == "student":
        raise ModelError(
            "Expected errors='normal', got 'student': groups are fitted jointly with normal "
            "log-ratios only."
        )
    related = [name for name, fit in fits.items() if _has_distances(fit)]
    if related:
        raise ModelError(
            "Expected data without distances of parts, got some with in "
            f"{', '.join(map(repr, related))}: a joint fit takes links of near parts and of "
            "distant ones for equally strong. Read the data without `distances=`."
        )
    return models[first]


def _has_distances(fit: Fit) -> bool:
    """Return whether the data of a fit are compositions with distances of parts."""
    return isinstance(fit.data, Composition) and fit.data.distances is not None
