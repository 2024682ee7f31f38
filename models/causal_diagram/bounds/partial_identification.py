"""Bounds of an answer, of each draw of the observed distribution: partial identification.

The smallest and the largest answer is a linear program over response types for each draw (Balke &
Pearl 1997). Draws are thinned where programs are large, and moved to the nearest distribution that
the diagram allows where hardly any draw obeys its inequalities.

A lower bound is the largest of several linear functions of the distribution (intersection bounds).
Where two of them are nearly equal the largest of their estimates is too large on average, and that
of draws about these is too large twice:

    E[lower(draws)] - lower(their mean) = b > 0,    E[lower(mean of draws)] - lower(truth) ≈ b

Draws of lower bounds are moved down by 2b, of upper bounds up. With four levels of an instrument
that moves nobody, 400 people, the lower end of the interval is below the truth in .89 of simulated
data sets and in .52 without; with eight levels in .73 and .03. The check `intersection bounds`
names what remains.

References
----------
Chernozhukov, Lee & Rosen (2013), Intersection bounds: estimation and inference, Econometrica 81.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.data import Observations
from causalstats.diagrams import EffectBounds, bounds
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.checks.instrumental_inequalities import (
    SIGNIFICANCE_LEVEL,
    inequalities_p,
    nearest_allowed,
)

if TYPE_CHECKING:
    from causalstats.diagrams.bounds.response_types import Monotone
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.routes.tables import TableRoute

_MOST_DRAWS = 1000
_FEWEST_DRAWS = 50
_MOST_ENTRIES_OF_ALL_DRAWS = 10**7  # of the matrices of the linear programs
_DRAWS_TRIED_FIRST = 25
_SMALLEST_SHARE_ALLOWED = 0.2  # of the draws tried first
_DRAWS_FOR_THE_BIAS = 200
_SMALLEST_BIAS = 0.1  # posterior standard deviations of a bound
_LARGEST_BIAS = 0.5  # posterior standard deviations of a bound
SIDES = ("lower", "upper")

Answer = Callable[[np.ndarray], EffectBounds]
"""Bounds of a joint distribution with axes (chain, draw, levels of each observed variable...)."""
Question = Callable[[np.ndarray], Sequence[EffectBounds]]
"""The bounds of each entry of an answer, as `Answer` gives those of one."""
_REMEDY = (
    "The interval is not to be trusted. Join levels, leave out variables that the bounds do not "
    "need, or observe more."
)


def monotone_among(
    model: CausalDiagram, variables: Sequence[str]
) -> tuple[Monotone, ...]:
    """Return the monotone effects of the model that a question about variables can use.

    Those on what acts on none of them say nothing of it.

    Parameters
    ----------
    model : CausalDiagram
    variables : sequence of str
        The outcome, and what is given.
    """
    causes = set(model.graph.ancestors(*variables))
    return tuple(each for each in model.monotone if each.effect in causes)


def bounds_of(model: CausalDiagram, **options: Any) -> Answer:
    """Return the function that bounds P(outcome | do, given) for observed distributions.

    Parameters
    ----------
    model : CausalDiagram
    options
        As for `causalstats.diagrams.bounds`: outcome, do, given, at, weights.
    """

    outcome = options["outcome"]
    asked = (outcome,) if isinstance(outcome, str) else tuple(outcome)
    assumptions = monotone_among(model, (*asked, *options.get("given", ())))

    def answer(joint: np.ndarray) -> EffectBounds:
        variables = model.graph.nodes
        return bounds(
            model.diagram,
            joint=joint,
            variables=variables,
            assumptions=assumptions,
            **options,
        )

    return answer


def joint_draws(
    route: TableRoute,
    draws: xr.Dataset,
    data: Observations,
    answer: Answer,
) -> np.ndarray:
    """Return draws of P(observed variables), as many as are answered in about a minute.

    Parameters
    ----------
    route : TableRoute
    draws : Dataset
    data : Observations
    answer : function of draws
        Whose linear programs decide how many draws are taken, and which draws are allowed.

    Returns
    -------
    array, shape (chain, draw, levels of each observed variable...)
    """
    model = route.model
    thin = max(1, draws.sizes["chain"] * draws.sizes["draw"] // _MOST_DRAWS)
    network = route.network(draws.isel(draw=slice(None, None, thin)), data)
    joint = np.asarray(network.query(model.graph.nodes).values)
    chains, count = joint.shape[:2]
    entries = max(answer(joint[:1, :1]).entries, 1)
    wanted = max(_MOST_ENTRIES_OF_ALL_DRAWS // entries, _FEWEST_DRAWS) // chains
    joint = joint[:, :: max(1, count // max(wanted, 1))]
    allowed = answer(joint[:, :_DRAWS_TRIED_FIRST]).compatible.mean()
    # Draws know nothing of the inequalities: near their boundary hardly one obeys all of them.
    outside = allowed < _SMALLEST_SHARE_ALLOWED and not model.identification.identified
    if outside and inequalities_p(model, data) > SIGNIFICANCE_LEVEL:
        return nearest_allowed(model, joint)
    return joint


def both_sides(bounded: EffectBounds) -> xr.DataArray:
    """Return lower and upper bounds of the draws that some model of the diagram gives.

    Returns
    -------
    DataArray
        Dims (chain, draw, ..., bound), as many draws of every chain.

    Raises
    ------
    ModelError
        If a chain has no draw that the diagram allows.
    """
    values = np.stack([bounded.lower, bounded.upper], axis=-1)
    kept = bounded.compatible
    fewest = int(kept.sum(axis=1).min())
    if not fewest:
        raise ModelError(
            "No model of the diagram, under its assumptions, gives the observed distribution: "
            f"{bounded.query} has no bounds. Something in them is wrong."
        )
    chains = [chain[mask][:fewest] for chain, mask in zip(values, kept, strict=True)]
    dims = ("chain", "draw", *bounded.axes, "bound")
    return xr.DataArray(np.stack(chains), dims=dims, coords={"bound": list(SIDES)})


def outward_sides(
    model: CausalDiagram, ask: Question, joint: np.ndarray, smallest: float
) -> list[xr.DataArray]:
    """Return lower and upper bounds of each answer, without the bias of intersection bounds.

    Parameters
    ----------
    model : CausalDiagram
    ask : function of draws of the observed distribution
    joint : array, shape (chain, draw, levels of each observed variable...)
    smallest : float
        The least value that an answer can have; the largest is 1.

    Returns
    -------
    list of DataArray
        As `both_sides` returns them.
    """
    answers = ask(joint)
    sides = [both_sides(bounded) for bounded in answers]
    bias = biases(model, ask, joint, answers)
    moved = []
    for values, (low, high) in zip(sides, bias, strict=True):
        shift = xr.DataArray(2 * np.stack([low, high], axis=-1), dims=values.dims[2:])
        # Programs may leave an answer outside by rounding.
        moved.append((values - shift).clip(smallest, 1.0))
    return moved


def biases(
    model: CausalDiagram,
    ask: Question,
    joint: np.ndarray,
    answers: Sequence[EffectBounds],
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return how far the mean draw of each bound is inside the bound at the mean distribution.

    Zero where the answer is identified, where it is less than a tenth of a standard deviation, and
    where nothing near the mean obeys the diagram.

    Parameters
    ----------
    model : CausalDiagram
    ask : function of draws of the observed distribution
    joint : array, shape (chain, draw, levels of each observed variable...)
    answers : sequence of EffectBounds
        Those of `joint`.

    Returns
    -------
    list of (lower, upper)
        Arrays (levels of the axes of the answer...), of lower bounds >= 0 and of upper ones <= 0.
    """
    kept = answers[0].compatible
    centre = joint[kept].mean(axis=0)[None, None]
    at_centre = ask(centre)
    if not at_centre[0].compatible.all() and not model.identification.identified:
        at_centre = ask(nearest_allowed(model, centre))
    found = []
    for bounded, middle in zip(answers, at_centre, strict=True):
        lower = _inside(bounded.lower[kept], middle.lower[0, 0])
        upper = -_inside(-bounded.upper[kept], -middle.upper[0, 0])
        identified = np.array_equal(bounded.lower, bounded.upper, equal_nan=True)
        found.append((0 * lower, 0 * upper) if identified else (lower, upper))
    return found


def _inside(values: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """Return by how much the mean of draws is above their middle; 0 where that is their noise.

    Parameters
    ----------
    values : array, shape (draws, ...)
    middle : array, shape (...)
    """
    bias = values.mean(axis=0) - middle
    noise = _SMALLEST_BIAS * values.std(axis=0)
    return np.where(bias > noise, bias, 0.0)  # 0 for NaN


def labelled_sides(
    parts: Sequence[xr.DataArray], labels: Sequence[str]
) -> xr.DataArray:
    """Return the bounds of several answers along `bound`, each under its label."""
    if len(parts) == 1:
        return parts[0]
    named = [
        part.assign_coords(bound=[f"{label}: {side}" for side in SIDES])
        for part, label in zip(parts, labels, strict=True)
    ]
    return xr.concat(named, "bound")


def state_labels(outcome: str, levels: Sequence[Any]) -> list[str]:
    """Return a label for each level of the outcome."""
    return [f"{outcome}={level}" for level in levels]


def bounds_checks(
    route: TableRoute,
    ask: Question,
    names: Sequence[str],
    draws: xr.Dataset,
    data: Observations,
) -> tuple[Check, ...]:
    """Return whether bounds are those of the diagram, are biased, and are decided by the prior.

    Bounds are made of shares of the people. The prior is weighed by the shares of all levels of
    the variables asked about, and of instruments.

    Parameters
    ----------
    route : TableRoute
    ask : function of draws of the observed distribution
    names : sequence of str
        The outcome, what is set, and what is given.
    draws : Dataset
    data : Observations
    """
    instruments = [
        criterion.variables[0]
        for criterion in route.model.identification.criteria
        if criterion.name == "instrument"
    ]
    asked = tuple(dict.fromkeys((*names, *instruments)))

    def shares(draws: xr.Dataset, data: Observations) -> xr.DataArray:
        return route.probabilities(draws, data, asked)

    weight = [
        replace(
            check,
            finding=f"of the shares that the bounds are made of, {check.finding}",
            remedy="" if check.passed else _REMEDY,
        )
        for check in route.prior_checks(shares, draws, data, ())
    ]
    thin = max(1, draws.sizes["chain"] * draws.sizes["draw"] // _DRAWS_FOR_THE_BIAS)
    some = draws.isel(draw=slice(None, None, thin))
    joint = joint_draws(route, some, data, lambda joint: ask(joint)[0])
    answers = ask(joint)
    bias = intersection_check(route.model, ask, joint, answers)
    return (*sharpness_check(answers[0]), *bias, *weight)


def sharpness_check(bounded: EffectBounds) -> tuple[Check, ...]:
    """Return a caution where bounds may be wider than those of the diagram.

    They are outer (natural) bounds where the linear program is too large, or where it lets
    mechanisms share one hidden cause for which the diagram has several.

    Parameters
    ----------
    bounded : EffectBounds
    """
    if bounded.sharp:
        return ()
    why = [
        remark for remark in bounded.remarks if not remark.startswith("The mechanisms")
    ]
    natural = not bounded.entries
    return (
        Check(
            name="sharpness of the bounds",
            passed=None,
            value=None,
            expected="the smallest and the largest that a model of the diagram gives",
            finding="outer bounds: " + " ".join(why),
            remedy="Join levels, or leave out causes that confound little, and the bounds are "
            "those of the diagram, which can be narrower."
            if natural
            else "They hold, and are those of a diagram in which the hidden causes are one: those "
            "of this diagram may be narrower. If they are one, draw it, `u -> x, y, z; hidden: u`.",
            caution=True,
        ),
    )


def intersection_check(
    model: CausalDiagram,
    ask: Question,
    joint: np.ndarray,
    answers: Sequence[EffectBounds],
) -> tuple[Check, ...]:
    """Return a caution where bounds are the extremes of several that are nearly equal.

    Parameters
    ----------
    model : CausalDiagram
    ask : function of draws of the observed distribution
    joint : array, shape (chain, draw, levels of each observed variable...)
    answers : sequence of EffectBounds
        Those of `joint`.
    """
    largest, ratio = 0.0, 0.0
    kept = answers[0].compatible
    if kept.sum() < 2:
        return ()
    for bounded, bias in zip(answers, biases(model, ask, joint, answers), strict=True):
        for values, each in zip((bounded.lower, bounded.upper), bias, strict=True):
            sd = values[kept].std(axis=0)
            size = np.abs(each)
            largest = max(largest, float(2 * size.max()))
            relative = np.divide(size, sd, out=np.zeros_like(size), where=sd > 0)
            ratio = max(ratio, float(relative.max()))
    if ratio <= _LARGEST_BIAS:
        return ()
    return (
        Check(
            name="intersection bounds",
            passed=None,
            value=ratio,
            expected=f"draws of bounds at most {_LARGEST_BIAS:g} standard deviations inside them",
            finding="several bounds that the diagram gives are nearly equal, and the tightest of "
            f"their estimates is too tight: draws are {ratio:.2g} standard deviations inside, and "
            f"were moved outwards by up to {largest:.2g}",
            remedy="Take the bounds as somewhat too narrow still: with four levels of an "
            "instrument that moves nobody the ends of their intervals held in .89 of simulated "
            "data sets, with eight in .73. Join levels of the instrument, or observe more.",
            caution=True,
        ),
    )
