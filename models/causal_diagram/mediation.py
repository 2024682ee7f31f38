"""Mediation: natural direct and indirect effects, in which arrows out of the treatment are set.

natural direct     E[y[x=x', rest at x]] - E[y[x=x]]     the arrow x -> y alone goes from x to x'
natural indirect   E[y[x=x']] - E[y[x=x', rest at x]]    all other arrows follow

where the rest is what every mediator would have been at x. The two add up to the effect. They are
identified where the diagram has no hidden or observed cause of mediator and outcome that the
treatment acts on, or that joins both (Pearl 2001; Avin, Shpitser & Pearl 2005). The controlled
direct effect sets the mediator instead: `fit.effect("y", do={"x": [1, 0], "m": 0})`.

References
----------
Pearl (2001), Direct and indirect effects, UAI. VanderWeele (2015), Explanation in causal inference,
chapter 2: pure direct and total indirect effects.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import xarray as xr

from causalstats.core.check import Check
from causalstats.core.display_scale import DisplayScale
from causalstats.core.estimand import Estimand
from causalstats.data import Observations
from causalstats.diagrams.identification.counterfactuals import (
    CounterfactualIdentification,
    counterfactual,
)
from causalstats.diagrams.identification.potential_outcomes import PotentialOutcome
from causalstats.models.causal_diagram.assumptions import assumption_names
from causalstats.models.causal_diagram.contrasts import contrasts_with_first
from causalstats.models.causal_diagram.counterfactual_query import INDEPENDENT_ERRORS

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram

World = tuple[Any, Any]
"""The value of the treatment on its direct arrow, and on all its others."""

Means = Callable[[Sequence[World], xr.Dataset, Observations], Sequence[xr.DataArray]]
"""The outcome in each of several worlds, dims (chain, draw, level of the outcome or one)."""


def mediators(model: CausalDiagram) -> tuple[str, ...]:
    """Return the variables through which the treatment acts on the outcome, besides directly.

    Empty where there is no direct arrow, or natural effects are not identified.

    Examples
    --------
    >>> import causalstats as cs
    >>> mediators(cs.CausalDiagram("x -> m -> y; x -> y"))
    ('m',)
    >>> hidden = "x -> m -> y; x -> y; m <-> y"
    >>> mediators(cs.CausalDiagram(hidden, treatment="x"))
    ()
    """
    graph = model.graph
    x, y = model.treatment, model.outcome
    if (x, y) not in graph.directed or graph.population is not None:
        return ()
    before = set(graph.ancestors(y))
    between = tuple(
        name for name in graph.descendants(x) if name in before and name not in (x, y)
    )
    if not between or not direct_and_rest(model, 1, 0).identified:
        return ()
    return between


def direct_and_rest(
    model: CausalDiagram, direct: Any, rest: Any
) -> CounterfactualIdentification:
    """Return the outcome with one value on the direct arrow, and another on all others.

    Parameters
    ----------
    model : CausalDiagram
    direct, rest : level or number
    """
    x, y = model.treatment, model.outcome
    do: tuple[Any, ...] = ((x, rest),)
    if direct != rest:
        do = (*do, ((x, y), direct))
    return counterfactual(model.graph, [(PotentialOutcome(y, do), None)])


def mediation_estimands(
    model: CausalDiagram,
    unit: str,
    compute: Callable[..., xr.DataArray],
    checks: Callable[[xr.Dataset, Observations], tuple[Check, ...]],
    words: Callable[[Observations], tuple[str, str]],
    unavailable: Callable[[Observations], str] | None = None,
    scale: Callable[[Observations], DisplayScale] | None = None,
) -> dict[str, Estimand]:
    """Return the natural direct and indirect effect, where the diagram has and identifies them.

    Parameters
    ----------
    model : CausalDiagram
    unit : str
    compute : function of (direct or indirect, draws, data)
    checks : function of draws and data
        Of the formula of either.
    words : function of data
        The value of the treatment that others are compared with, "x=0", and the contrast.
    unavailable : function of data, optional
        Why these data have no such answer; empty where they have.
    scale : function of data, optional
        As in `Estimand`.
    """
    between = mediators(model)
    if not between:
        return {}
    x = model.treatment
    names = (*assumption_names(model), INDEPENDENT_ERRORS)

    def estimand(part: str) -> Estimand:
        def in_words(data: Observations) -> tuple[str, str]:
            reference, contrast = words(data)
            return _description(model, between, part, reference), contrast

        return Estimand(
            compute=partial(compute, part),
            description=_description(model, between, part, f"the first level of {x}"),
            unit=unit,
            contrast=f"each level of {x} against the first; of a number, one unit",
            kind="causal",
            assumptions=names,
            checks=checks,
            unavailable_reason=unavailable,
            in_words=in_words,
            scale=scale,
        )

    return {f"natural_{part}": estimand(part) for part in ("direct", "indirect")}


def _description(
    model: CausalDiagram, between: Sequence[str], part: str, reference: str
) -> str:
    """Return what a natural effect is.

    Parameters
    ----------
    model : CausalDiagram
    between : sequence of str
        The mediators.
    part : "direct" or "indirect"
    reference : str
        The value of the treatment that others are compared with.
    """
    x, y = model.treatment, model.outcome
    through = ", ".join(between)
    several = len(between) > 1
    if part == "direct":
        stays = "stay what they" if several else "stays what it"
        return (
            f"The natural direct effect of {x} on {y}: {x} changes, and {through} {stays} would "
            f"have been at {reference}."
        )
    changes, them = ("change", "them") if several else ("changes", "it")
    return (
        f"The natural indirect effect of {x} on {y}: {through} {changes} as {x} would have "
        f"changed {them}, and {x} itself does not act on {y} otherwise. The natural direct and "
        "indirect effects add up to the effect."
    )


def pairs_of_worlds(part: str, value: Any, reference: Any) -> list[World]:
    """Return the two worlds whose difference is the direct or the indirect part of an effect.

    Parameters
    ----------
    part : "direct" or "indirect"
    value, reference : level or number
        Of the treatment.
    """
    mixed = (value, reference)
    if part == "direct":
        return [mixed, (reference, reference)]
    return [(value, value), mixed]


def contrasts_of_labels(
    model: CausalDiagram,
    means: Means,
    part: str,
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    """Return the part of the effect of each level of a label against the first.

    Parameters
    ----------
    model : CausalDiagram
    means : function of worlds, draws and data
    part : "direct" or "indirect"
    draws : Dataset
    data : Observations
    """
    x, y = model.treatment, model.outcome
    levels = model.levels(data)
    first, *others = levels[x]
    differences = []
    for level in others:
        one, other = means(pairs_of_worlds(part, level, first), draws, data)
        difference = one - other
        differences.append(difference.rename({difference.dims[-1]: y}))
    zero = xr.zeros_like(differences[0])
    table = xr.concat([zero, *differences], dim=x)
    return contrasts_with_first(table.transpose(..., x, y), x, y, levels)
