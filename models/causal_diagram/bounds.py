"""What can be said where a diagram does not identify an effect: for each draw of the observed distribution, the smallest and the largest answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.core.estimand import Estimand
from causalstats.data import Observations
from causalstats.diagrams import Bounds, bounds, causation_bounds, treated_bounds
from causalstats.diagrams.bounds.probabilities_of_causation import Causation
from causalstats.diagrams.identification.evaluation import JointTable
from causalstats.diagrams.identification.identification import identify
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.checks.instrumental_inequalities import nearest, possible
from causalstats.models.causal_diagram.tables import arm_labels, network_of, place_of, written

_MOST_DRAWS, _FEWEST_DRAWS = 1000, 50
_MOST_ENTRIES = 10**7  # of the matrices of all draws together
_TRIED, _FEW = 25, 0.2  # draws that are tried first, and the share of them that is too few
_UNLIKELY = 0.01
_SIDES = ("lower", "upper")


def of_the_effect(model: Any) -> Estimand:
    """Each level of the treatment against the first."""
    x, y = model.treatment, model.outcome
    return Estimand(
        compute=partial(_of_the_effect, model),
        description=f"The smallest and the largest effect of {x} on {y} that a model of the diagram gives to what is observed; where between them it is, "
        "no data of these variables tell.",
        unit="difference of probabilities",
        contrast=f"each level of {x} against the first",
        kind="causal",
        assumptions=tuple(assumption.name for assumption in model.assumptions()),
        checks=partial(_outer, model, _asked(model, outcome=y, do=x)),
    )


def question(
    model: Any,
    of: str,
    do: Mapping[str, Any],
    factual: Mapping[str, Any],
    data: Observations,
    given: Mapping[str, Any] | None = None,
) -> tuple[str, Estimand]:
    """Bounds of P(of | do, given), of a difference for pairs of values; or of what those would have had who had another value of the treatment."""
    levels = model.levels(data)
    pairs = [name for name, value in do.items() if isinstance(value, list | tuple)]
    if (
        not do
        or any(len(do[name]) != 2 for name in pairs)
        or (factual and (pairs or list(factual) != list(do) or len(do) > 1))
    ):
        raise ModelError(
            "Expected variables with a value to set them to, or two that are compared, and as `factual` the value that one variable had; "
            f"got do={do}, factual={factual}."
        )
    given = dict(given or {})
    known = identify(
        model.graph, of, tuple(do), tuple(given)
    ).identified  # which refuses what is unknown, hidden or named twice
    if given and factual:
        raise ModelError("Expected `given` or `factual`, got both.")
    moved = any(name in model.graph.descendants(*do) for name in given)
    worlds = [
        {name: value[k] if name in pairs else value for name, value in do.items()}
        for k in range(1 + bool(pairs))
    ]
    places = [
        {name: place_of(name, value, levels) for name, value in world.items()} for world in worlds
    ]
    event = f"{of}={levels[of][-1]}" if len(levels[of]) == 2 else of
    name = (
        had_been(event, worlds[0], factual)
        if factual
        else " - ".join(written(event, world, given) for world in worlds)
    )
    was, seen = (
        [place_of(name, value, levels) for name, value in factual.items()],
        {name: place_of(name, value, levels) for name, value in given.items()},
    )
    answered = partial(
        _of_each_world if moved or known else _of_a_question, model, of, places, seen
    )
    compute = partial(_of_those, model, of, places[0], was[0]) if was else answered
    described = "The smallest and the largest."
    if moved and pairs and not known:
        described = f"No less than the first and no more than the second; the two worlds, in which {' and '.join(given)} may differ, are bounded one by one."
    stands_on = tuple(assumption.name for assumption in model.assumptions())
    unit = "difference of probabilities" if pairs else "probability"
    (x, *_), asked = do, _asked(model, outcome=of, do=tuple(do), given=tuple(given))
    if factual:
        asked = partial(_of_treated, model, of, x)
    return f"bounds of {name}", Estimand(
        compute=compute,
        description=described,
        unit=unit,
        kind="causal",
        assumptions=stands_on,
        checks=partial(_outer, model, asked),
    )


def caused(
    model: Any, of: str, cause: str | Mapping[str, tuple[Any, Any]], data: Observations
) -> tuple[str, Estimand]:
    """Bounds of the probabilities that a cause is necessary and sufficient for the last level of `of`, was necessary where both occurred, and would suffice."""
    levels = model.levels(data)
    x, pair = (
        next(iter(cause.items()))
        if isinstance(cause, Mapping) and len(cause) == 1
        else (cause, None)
    )
    if not isinstance(x, str):
        raise ModelError(
            f"Expected a variable as the cause, or a mapping of one to two of its levels, got cause={cause!r}."
        )
    identify(model.graph, of, x)  # which refuses what is unknown, hidden or the outcome itself
    pair = levels[x] if pair is None else tuple(pair)
    if len(pair) != 2 or pair[0] == pair[1]:
        raise ModelError(
            f"Expected the levels that are the absence and the presence of {x!r}, such as cause={{{x!r}: {levels[x][:2]!r}}}; got {pair}."
        )
    places = {
        x: (place_of(x, pair[0], levels), place_of(x, pair[1], levels)),
        of: (0, len(levels[of]) - 1),
    }

    def ask(joint: np.ndarray) -> Causation:
        return causation_bounds(
            model.diagram,
            of,
            x,
            joint,
            model.graph.nodes,
            assumptions=model.monotone,
            levels=places,
        )

    def compute(draws: xr.Dataset, data: Observations) -> xr.DataArray:
        found = ask(_joint(model, draws, data, lambda joint: ask(joint).necessary))
        parts = {
            name: _sides(getattr(found, name.replace(" ", "_")))
            for name in ("necessary and sufficient", "necessary", "sufficient")
        }
        return xr.concat(
            [
                part.assign_coords(bound=[f"{name}: {side}" for side in _SIDES])
                for name, part in parts.items()
            ],
            "bound",
        )

    event, off, on = f"{of}={levels[of][-1]}", f"{x}={pair[0]}", f"{x}={pair[1]}"
    described = f"Smallest and largest share: of all cases, of those that have {event} with {on} and not with {off} (necessary and sufficient); of those with "
    described += f"both, of those that would not have it with {off} (necessary); of those with neither, of those that would with {on} (sufficient)."
    stands_on = tuple(assumption.name for assumption in model.assumptions())
    return f"bounds of {on} as the cause of {event}", Estimand(
        compute=compute,
        description=described,
        unit="probability",
        kind="causal",
        assumptions=stands_on,
        checks=partial(_outer, model, ask),
    )


def had_been(event: str, do: Mapping[str, Any], factual: Mapping[str, Any]) -> str:
    """How the outcome of those is written who would have had something else."""
    ((x, value),) = do.items()
    seen = ", ".join(f"{name}={level}" for name, level in factual.items())
    return f"P({event} had {x} been {value} | {seen})"


def compatible(model: Any, data: Observations) -> tuple[Check, ...]:
    """Whether the observed distribution, as far as it is known, is one that the diagram can give: it may imply inequalities."""
    if model.identification.identified or model.route != "reduced":
        return ()
    check = partial(
        Check,
        name="possible under the diagram",
        expected=f"p above {_UNLIKELY:g} of a likelihood-ratio test of the inequalities that the diagram implies",
        assumption="this diagram",
    )
    try:
        p = possible(model, data)
    except ModelError as error:  # too large a program
        return (check(passed=None, value=None, finding="not worked out", remedy=str(error)),)
    remedy = (
        ""
        if p > _UNLIKELY
        else "The data contradict an inequality that the diagram implies: an arrow or a shared cause is missing. Draw an arrow from the instrument to the "
        "outcome, or a shared cause of the two, where they may have one."
    )
    finding = f"p = {p:.3g} that the distribution observed is one that the diagram allows"
    return (check(passed=p > _UNLIKELY, value=p, finding=finding, remedy=remedy),)


def _outer(
    model: Any,
    ask: Callable[[np.ndarray], Bounds | Causation],
    draws: xr.Dataset,
    data: Observations,
) -> tuple[Check, ...]:
    """That bounds are wider than the diagram asks for: natural ones, where its linear program is too large."""
    one = draws.isel(chain=[0], draw=[0])
    found = ask(_joint(model, one, data, lambda joint: _one_of(ask(joint))))
    found = _one_of(found)
    if found.entries or found.sharp:
        return ()
    return (
        Check(
            name="sharpness of the bounds",
            passed=None,
            value=None,
            expected="the smallest and the largest that a model of the diagram gives",
            finding="outer bounds: " + found.remarks[0],
            remedy="Join levels, or leave out causes that confound little, and the bounds are those of the diagram, which can be narrower.",
            caution=True,
        ),
    )


def _one_of(found: Bounds | Causation) -> Bounds:
    return found.necessary if isinstance(found, Causation) else found


def _joint(
    model: Any, draws: xr.Dataset, data: Observations, ask: Callable[[np.ndarray], Bounds]
) -> np.ndarray:
    """P(observed variables) with axes (chain, draw, levels...), of as many draws as `ask` answers in about a minute, and at most a thousand."""
    thin = max(1, draws.sizes["chain"] * draws.sizes["draw"] // _MOST_DRAWS)
    network = network_of(draws.isel(draw=slice(None, None, thin)), model.tables, model.levels(data))
    joint = np.asarray(network.query(model.graph.nodes).values)
    chains, count = joint.shape[:2]
    wanted = max(_MOST_ENTRIES // max(ask(joint[:1, :1]).entries, 1), _FEWEST_DRAWS) // chains
    joint = joint[:, :: max(1, count // max(wanted, 1))]
    few = ask(joint[:, :_TRIED]).compatible.mean() < _FEW
    # Draws know nothing of the inequalities: near their boundary hardly one obeys all of them.
    if few and not model.identification.identified and possible(model, data) > _UNLIKELY:
        return nearest(model, joint)
    return joint


def _asked(model: Any, **options: Any) -> Callable[[np.ndarray], Bounds]:
    return lambda joint: bounds(
        model.diagram,
        joint=joint,
        variables=model.graph.nodes,
        assumptions=model.monotone,
        **options,
    )


def _sides(found: Bounds) -> xr.DataArray:
    """Dims (chain, draw, ..., bound) of the draws that some model gives, as many of every chain."""
    values, kept = np.stack([found.lower, found.upper], axis=-1), found.compatible
    fewest = int(kept.sum(axis=1).min())
    if not fewest:
        raise ModelError(
            f"No model of the diagram, under its assumptions, gives what is observed: {found.query} has no bounds. Something in them is wrong."
        )
    values = np.stack([chain[mask][:fewest] for chain, mask in zip(values, kept, strict=True)])
    return xr.DataArray(
        values, dims=("chain", "draw", *found.axes, "bound"), coords={"bound": list(_SIDES)}
    )


def _of_the_effect(model: Any, draws: xr.Dataset, data: Observations) -> xr.DataArray:
    levels, x, y = model.levels(data), model.treatment, model.outcome
    shape, states, asked = (len(levels[y]), len(levels[x])), _states(levels[y]), []
    for arm in range(1, shape[1]):
        for state in states:
            weights = np.zeros(shape)
            weights[state, arm], weights[state, 0] = 1.0, -1.0
            asked.append(_asked(model, outcome=y, do=x, weights=weights))
    joint = _joint(model, draws, data, asked[0])
    found = [_sides(ask(joint)) for ask in asked]
    labels = arm_labels(x, y, levels)
    if len(found) == 1:
        return found[0]
    parts = [
        part.assign_coords(bound=[f"{label}: {side}" for side in _SIDES])
        for part, label in zip(found, labels, strict=True)
    ]
    return xr.concat(parts, "bound")


def _of_a_question(
    model: Any,
    of: str,
    places: Sequence[Mapping[str, int]],
    seen: Mapping[str, int],
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    """P(of, seen | do) / P(seen), since what is done has no effect on what is seen."""
    levels, outcome, do = model.levels(data), (of, *seen), tuple(places[0])
    asked = []
    for state in _states(levels[of]):
        weights = np.zeros([len(levels[name]) for name in outcome + do])
        for sign, place in zip((1.0, -1.0), places, strict=False):
            cell = {of: state, **seen, **place}
            weights[tuple(cell[name] for name in outcome + do)] += sign
        asked.append(_asked(model, outcome=outcome, do=do, weights=weights))
    joint, here = _joint(model, draws, data, asked[0]), cast(Any, (..., *seen.values()))
    share = (
        JointTable(model.graph.nodes, joint).probability(tuple(seen), ())[here]
        if seen
        else np.ones(joint.shape[:2])
    )
    parts = []
    for found in (
        ask(joint) for ask in asked
    ):  # of distributions that the diagram allows, which these draws may not quite be
        lower, upper = (
            np.clip(side / share, 1.0 - len(places), 1.0) for side in (found.lower, found.upper)
        )
        parts.append(_sides(replace(found, lower=lower, upper=upper)))
    return _by_state(parts, of, levels[of])


def _of_each_world(
    model: Any,
    of: str,
    places: Sequence[Mapping[str, int]],
    seen: Mapping[str, int],
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    """P(of, seen | do) / P(seen | do), of which what is done moves both; of two worlds the widest difference, since that of ratios is no ratio."""
    levels, parts = model.levels(data)[of], []
    asked = [
        [
            _asked(
                model,
                outcome=of,
                do=tuple(place),
                given=tuple(seen),
                at={of: state, **seen, **place},
            )
            for place in places
        ]
        for state in _states(levels)
    ]
    joint = _joint(model, draws, data, asked[0][0])
    for worlds in asked:
        found, *others = (ask(joint) for ask in worlds)
        for other in others:
            found = replace(found, lower=found.lower - other.upper, upper=found.upper - other.lower)
        parts.append(_sides(found))
    return _by_state(parts, of, levels)


def _states(levels: Sequence[Any]) -> Sequence[int]:
    """All levels, or the last of two."""
    return range(len(levels))[1 if len(levels) == 2 else 0 :]


def _by_state(parts: list[xr.DataArray], of: str, levels: Sequence[Any]) -> xr.DataArray:
    if len(parts) == 1:
        return parts[0]
    return xr.concat(
        [
            part.assign_coords(bound=[f"{of}={level}: {side}" for side in _SIDES])
            for part, level in zip(parts, levels, strict=True)
        ],
        "bound",
    )


def _of_those(
    model: Any, of: str, place: Mapping[str, int], was: int, draws: xr.Dataset, data: Observations
) -> xr.DataArray:
    levels, ((x, set_),) = model.levels(data)[of], place.items()
    ask = partial(_of_treated, model, of, x)
    found = ask(_joint(model, draws, data, ask))
    lower, upper = (side[..., set_, was] for side in (found.lower, found.upper))
    sides = _sides(replace(found, lower=lower, upper=upper, axes=("state",)))
    if len(levels) == 2:
        return sides.isel(state=1)
    flat = sides.transpose("chain", "draw", "state", "bound").to_numpy()
    labels = [f"{of}={level}: {side}" for level in levels for side in _SIDES]
    return xr.DataArray(
        flat.reshape(*flat.shape[:2], -1), dims=("chain", "draw", "bound"), coords={"bound": labels}
    )


def _of_treated(model: Any, of: str, x: str, joint: np.ndarray) -> Bounds:
    return treated_bounds(
        model.diagram, of, x, joint, model.graph.nodes, assumptions=model.monotone
    )
