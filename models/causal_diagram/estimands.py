"""What can be asked of a causal diagram: by name, or in the words of the question, `do` and `given`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from causalstats.core.estimand import Estimand
from causalstats.data import Observations
from causalstats.diagrams.identification.evaluation import evaluate
from causalstats.diagrams.identification.identification import Identification, identify
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.bounds import of_the_effect
from causalstats.models.causal_diagram.checks.mediator_variation import refuse_constant_mediators
from causalstats.models.causal_diagram.checks.positivity import question_checks
from causalstats.models.causal_diagram.contrasts import compared, difference
from causalstats.models.causal_diagram.tables import (
    Observed,
    arm_labels,
    network_of,
    place_of,
    written,
)

_DIFFERENCE = "difference of probabilities"


def estimands(model: Any) -> dict[str, Estimand]:
    """By name, about the model's own treatment and outcome."""
    stands_on = tuple(assumption.name for assumption in model.assumptions())
    x, y = model.treatment, model.outcome
    against = f"each level of {x} against the first"
    seen = Estimand(
        compute=partial(_association, model),
        description=f"What goes with {x} without any intervention: P({y} | {x}), {against}.",
        unit=_DIFFERENCE,
        contrast=against,
        in_words=partial(_in_words, model, f"What goes with {x} without any intervention", False),
        checks=question_checks(model, y, (), (x,), (), partial(_association, model)),
    )
    if not model.identification.identified:
        bounds = replace(
            of_the_effect(model),
            in_words=partial(
                _in_words,
                model,
                f"The smallest and the largest effect of {x} on {y} that a model of the diagram "
                "gives to what is observed (where between them it is, no data of these variables "
                "tell)",
                True,
            ),
        )
        only = (
            {"prior_dependent": _prior_dependent(model, against)}
            if model.route == "structural"
            else {}
        )
        return {"bounds": bounds, "association": seen} | only
    effect = Estimand(
        compute=partial(_effect, model),
        description=f"What setting {x} does to {y}: P({y} | do({x})), {against}.",
        unit=_DIFFERENCE,
        contrast=against,
        kind="causal",
        assumptions=stands_on,
        in_words=partial(_in_words, model, f"What setting {x} does to {y}", True),
        checks=question_checks(model, y, (x,), (), (), partial(_effect, model)),
    )
    interventional = Estimand(
        compute=partial(_interventional, model),
        description=f"P({y} | do({x})) at every level of {x}.",
        unit="probability",
        kind="causal",
        assumptions=stands_on,
        checks=question_checks(model, y, (x,), (), (), partial(_interventional, model)),
    )
    beyond = Estimand(
        compute=partial(_confounding, model),
        description=f"What seeing {x} tells of {y} beyond what setting it does: the association less the effect.",
        unit=_DIFFERENCE,
        contrast=against,
        assumptions=stands_on,
        in_words=partial(
            _in_words,
            model,
            f"What seeing {x} tells of {y} beyond what setting it does: the association less the effect, which is",
            True,
        ),
        checks=question_checks(model, y, (x,), (), (), partial(_confounding, model)),
    )
    return {
        "effect": effect,
        "interventional": interventional,
        "association": seen,
        "confounding": beyond,
    }


def _in_words(model: Any, what: str, done: bool, data: Observations) -> tuple[str, str]:
    """Description and contrast with the levels of the data."""
    levels, x, y = model.levels(data), model.treatment, model.outcome
    return f"{what}: {difference(y, x, levels, done)}.", compared(x, levels)


def _prior_dependent(model: Any, against: str) -> Estimand:
    return Estimand(
        compute=partial(_effect, model),
        description=f"The effect of {model.treatment} on {model.outcome} under priors of mechanisms that the data cannot overrule: where it lies between its "
        "bounds is what the priors say.",
        unit=_DIFFERENCE,
        contrast=against,
        kind="causal",
        assumptions=(
            *(assumption.name for assumption in model.assumptions()),
            "priors of what is hidden",
        ),
        companion="bounds",
    )


def question(
    model: Any, of: str, do: Mapping[str, Any], given: Mapping[str, Any], data: Observations
) -> tuple[str, Estimand]:
    """P(of | do, given), and how it is written; of a variable with two levels the last, and for a pair of values in `do` their difference."""
    levels = model.levels(data)
    found = identify(model.graph, of, tuple(do), tuple(given))
    refuse_unidentified(found)
    for cause in do:
        refuse_constant_mediators(model.graph, cause, of, levels, data)
    pairs = [name for name, value in do.items() if isinstance(value, list | tuple)]
    count = max((len(do[name]) for name in pairs), default=1)
    if any(len(do[name]) != count for name in pairs):
        raise ModelError(f"Expected as many values of each of {', '.join(pairs)}, got {dict(do)}.")
    worlds = [
        {name: value[k] if name in pairs else value for name, value in do.items()}
        for k in range(count)
    ]
    places = [
        {name: place_of(name, value, levels) for name, value in (world | dict(given)).items()}
        for world in worlds
    ]
    event = f"{of}={levels[of][1]}" if len(levels[of]) == 2 else of
    name = " - ".join(written(event, world, given) for world in worlds)
    if count > 2:
        name = f"P({event} | do({', '.join(do)}){''.join(f', {n}={v}' for n, v in given.items())})"
    compute = partial(_answer, model, of, tuple(do), tuple(given), places)
    return name, Estimand(
        compute=compute,
        description=f"By the formula {found.query} = {found.expression}."
        if do
        else "As observed, without any intervention.",
        unit=_DIFFERENCE if count == 2 else "probability",
        contrast=f"the first value of {', '.join(pairs)} against the second"
        if count == 2
        else "none",
        kind="causal" if do else "associational",
        assumptions=tuple(assumption.name for assumption in model.assumptions()),
        checks=question_checks(model, of, tuple(do), tuple(given), places, compute),
    )


def refuse_unidentified(found: Identification) -> None:
    """An error that says what stands in the way, and what to do, unless the formula exists."""
    if not found.identified and found.selected:
        raise ModelError(
            f"{found.query} is not identified. {found.hedge} Data of those not selected are needed too, or another question."
        )
    if not found.identified:
        raise ModelError(
            f"{found.query} is not identified: no amount of data of these variables tells it. {found.hedge} "
            "Observe more, or add what is known to the diagram; what can be said all the same are bounds, `fit.bounds(...)`."
        )


def interventional(
    model: Any,
    draws: xr.Dataset,
    data: Observations,
    of: Sequence[str],
    do: Sequence[str],
    given: Sequence[str] = (),
) -> xr.DataArray:
    """P(of | do, given) at every level of all of them, dims (chain, draw, do..., given..., of...)."""
    levels = model.levels(data)
    network = network_of(draws, model.tables, levels)
    if model.route == "structural":
        joint = np.asarray(network.query((*given, *of), do=list(do) or None).values)
        names = (*do, *given, *of)
        values = joint / joint.sum(
            axis=tuple(range(2 + len(do) + len(given), joint.ndim)), keepdims=True
        )
    else:
        found = identify(model.graph, of, do, given)
        assert found.expression is not None
        names = (*do, *given, *of)
        values = evaluate(found.expression, Observed(network), names, found.irrelevant).values
    table = xr.DataArray(
        values,
        dims=("chain", "draw", *names),
        coords={name: draws[name] for name in ("chain", "draw")},
    )
    return table.transpose("chain", "draw", *do, *given, *of)


def against_first(
    model: Any, table: xr.DataArray, levels: Mapping[str, Sequence[Any]]
) -> xr.DataArray:
    """Of P(outcome | treatment), dims (..., treatment, outcome): each level of the treatment less the first; one number of two levels each."""
    x, y = model.treatment, model.outcome
    difference = table.isel({x: slice(1, None)}) - table.isel({x: 0}, drop=True)
    kept = list(range(len(levels[y])))[1 if len(levels[y]) == 2 else 0 :]
    difference = difference.isel({y: kept})
    if difference.sizes[x] * difference.sizes[y] == 1:
        return difference.isel({x: 0, y: 0}, drop=True)
    return _flat(difference, (x, y), "contrast", arm_labels(x, y, levels))


def _flat(table: xr.DataArray, dims: Sequence[str], name: str, labels: list[str]) -> xr.DataArray:
    """Some axes as one, with labels."""
    rest = [dim for dim in table.dims if dim not in dims]
    values = table.transpose(*rest, *dims).to_numpy()
    coords = {dim: table[dim] for dim in rest if dim in table.coords}
    return xr.DataArray(
        values.reshape(*values.shape[: len(rest)], -1),
        dims=(*rest, name),
        coords={**coords, name: labels},
    )


def _effect(model: Any, draws: xr.Dataset, data: Observations) -> xr.DataArray:
    table = interventional(model, draws, data, (model.outcome,), (model.treatment,))
    return against_first(model, table, model.levels(data))


def _confounding(model: Any, draws: xr.Dataset, data: Observations) -> xr.DataArray:
    return _association(model, draws, data) - _effect(model, draws, data)


def _association(model: Any, draws: xr.Dataset, data: Observations) -> xr.DataArray:
    table = interventional(model, draws, data, (model.outcome,), (), (model.treatment,))
    return against_first(model, table, model.levels(data))


def _interventional(model: Any, draws: xr.Dataset, data: Observations) -> xr.DataArray:
    levels, x, y = model.levels(data), model.treatment, model.outcome
    table = interventional(model, draws, data, (y,), (x,))
    return _flat(
        table,
        (x, y),
        "probability",
        [f"{y}={state} | do({x}={arm})" for arm in levels[x] for state in levels[y]],
    )


def _answer(
    model: Any,
    of: str,
    do: Sequence[str],
    given: Sequence[str],
    places: Sequence[Mapping[str, int]],
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    table, levels = interventional(model, draws, data, (of,), do, given), model.levels(data)[of]
    answers = [table.isel(place, drop=True) for place in places]
    if len(answers) > 2:
        return _doses(answers, of, levels, [model.levels(data), *places], do)
    answer = answers[0] - answers[1] if len(answers) == 2 else answers[0]
    if len(levels) == 2:
        return answer.isel({of: 1}, drop=True)
    return answer.rename({of: "level"}).assign_coords(level=[f"{of}={level}" for level in levels])


def _doses(
    answers: Sequence[xr.DataArray],
    of: str,
    states: Sequence[Any],
    known: Sequence[Mapping[str, Any]],
    do: Sequence[str],
) -> xr.DataArray:
    """Several answers as one with an entry for each value, and each level of the outcome."""
    levels, *places = known
    shown = range(len(states))[1:] if len(states) == 2 else range(len(states))
    parts, labels = [], []
    for answer, place in zip(answers, places, strict=True):
        done = ", ".join(f"{name}={levels[name][place[name]]}" for name in do)
        for state in shown:
            parts.append(answer.isel({of: state}, drop=True))
            labels.append(f"{of}={states[state]} | do({done})")
    return xr.concat(parts, xr.DataArray(labels, dims="dose", name="dose")).transpose(
        "chain", "draw", "dose"
    )
