"""Estimands of table routes by name: average treatment effect (ATE), association, confounding.

effect        P(y | do(x)) - P(y | do(x'))    each level of the treatment against the first
association   P(y | x) - P(y | x')            the same without an intervention
confounding   the association less the effect

Where the effect is not identified, its bounds, and the effect among compliers of an instrument that
is declared monotone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import xarray as xr

from causalstats.core.check import Check
from causalstats.core.display_scale import DIFFERENCE
from causalstats.core.estimand import Estimand
from causalstats.data import Observations
from causalstats.models.causal_diagram.assumptions import assumption_names
from causalstats.models.causal_diagram.bounds.queries import effect_bounds
from causalstats.models.causal_diagram.checks.positivity import query_checks
from causalstats.models.causal_diagram.complier_effect import complier_estimands
from causalstats.models.causal_diagram.contrasts import (
    contrasts_with_first,
    joined_axes,
)
from causalstats.models.causal_diagram.counterfactual_query import (
    formula_positivity,
    probability_of,
)
from causalstats.models.causal_diagram.mediation import (
    World,
    contrasts_of_labels,
    direct_and_rest,
    mediation_estimands,
)
from causalstats.models.causal_diagram.notation import (
    compared_in_words,
    effect_in_a_sentence,
    words_with_levels,
)

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.routes.tables import TableRoute

Compute = Callable[[xr.Dataset, Observations], xr.DataArray]


def table_estimands(route: TableRoute) -> dict[str, Estimand]:
    """Return the estimands about the treatment and the outcome of the model, by name.

    Where the diagram does not identify the effect, its bounds take the place of the effect.
    """
    estimands = {"association": _association_estimand(route)}
    if route.model.identification.identified:
        effects = {
            "effect": _effect_estimand(route),
            "interventional": _interventional_estimand(route),
        }
        estimands = effects | estimands | {"confounding": _confounding_estimand(route)}
        parts = partial(_part_of_effect, route)
        checks = partial(_mediation_checks, route)
        words = partial(_words_of_parts, route.model)
        estimands |= mediation_estimands(route.model, DIFFERENCE, parts, checks, words)
    else:
        estimands = {"bounds": effect_bounds(route)} | estimands
        estimands |= complier_estimands(route)
    return estimands | route.extra_estimands()


def _words_of_parts(model: CausalDiagram, data: Observations) -> tuple[str, str]:
    """Return the first level of the treatment, and the contrast of the parts of its effect."""
    first = model.levels(data)[model.treatment][0]
    return f"{model.treatment}={first}", compared_in_words(model, data)


def _contrast(route: TableRoute) -> str:
    return f"each level of {route.model.treatment} against the first"


def _effect_estimand(route: TableRoute) -> Estimand:
    x = route.model.treatment
    y = route.model.outcome
    words = "The effect of {x} on {y}"
    compute = partial(_effect, route)
    return Estimand(
        compute=compute,
        description=f"The effect of {x} on {y}: P({y} | do({x})), {_contrast(route)}.",
        unit=DIFFERENCE,
        contrast=_contrast(route),
        kind="causal",
        assumptions=assumption_names(route.model),
        sentence=partial(effect_in_a_sentence, route.model),
        in_words=partial(words_with_levels, route.model, words, True),
        checks=query_checks(route, y, (x,), (), (), compute),
    )


def _interventional_estimand(route: TableRoute) -> Estimand:
    x = route.model.treatment
    y = route.model.outcome
    compute = partial(_interventional, route)
    return Estimand(
        compute=compute,
        description=f"P({y} | do({x})) at every level of {x}.",
        unit="probability",
        kind="causal",
        assumptions=assumption_names(route.model),
        checks=query_checks(route, y, (x,), (), (), compute),
    )


def _association_estimand(route: TableRoute) -> Estimand:
    x = route.model.treatment
    y = route.model.outcome
    words = "The association of {x} and {y}, without any intervention"
    compute = partial(_association, route)
    return Estimand(
        compute=compute,
        description=f"{words.format(x=x, y=y)}: P({y} | {x}), {_contrast(route)}.",
        unit=DIFFERENCE,
        contrast=_contrast(route),
        in_words=partial(words_with_levels, route.model, words, False),
        checks=query_checks(route, y, (), (x,), (), compute),
    )


def _confounding_estimand(route: TableRoute) -> Estimand:
    x = route.model.treatment
    y = route.model.outcome
    words = (
        "The confounding bias of the association of {x} and {y}: "
        "the association less the effect"
    )
    compute = partial(_confounding, route)
    return Estimand(
        compute=compute,
        description=f"{words.format(x=x, y=y)}.",
        unit=DIFFERENCE,
        contrast=_contrast(route),
        assumptions=assumption_names(route.model),
        in_words=partial(words_with_levels, route.model, f"{words}, which is", True),
        checks=query_checks(route, y, (x,), (), (), compute),
    )


def prior_dependent_effect(route: TableRoute) -> Estimand:
    """Return the effect that the priors of mechanisms give where the data do not identify it."""
    x = route.model.treatment
    y = route.model.outcome
    return Estimand(
        compute=partial(_effect, route),
        description=f"The effect of {x} on {y} under priors of mechanisms that the data cannot "
        "overrule: where it lies between its bounds is what the priors say.",
        unit=DIFFERENCE,
        contrast=_contrast(route),
        kind="causal",
        assumptions=(*assumption_names(route.model), "priors of hidden variables"),
        companion="bounds",
    )


def _effect(
    route: TableRoute,
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    x = route.model.treatment
    y = route.model.outcome
    table = route.probabilities(draws, data, (y,), do=(x,))
    return contrasts_with_first(table, x, y, route.model.levels(data))


def _association(
    route: TableRoute,
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    x = route.model.treatment
    y = route.model.outcome
    table = route.probabilities(draws, data, (y,), given=(x,))
    return contrasts_with_first(table, x, y, route.model.levels(data))


def _confounding(
    route: TableRoute,
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    return _association(route, draws, data) - _effect(route, draws, data)


def _mediation_checks(
    route: TableRoute, draws: xr.Dataset, data: Observations
) -> tuple[Check, ...]:
    """Return whether the formula of natural effects is defined on the counts, and its prior's part.

    Parameters
    ----------
    route : TableRoute
    draws : Dataset
    data : Observations
    """
    model = route.model
    first, *others = model.levels(data)[model.treatment]
    supports = [
        support
        for level in others
        for support in formula_positivity(
            model, direct_and_rest(model, level, first), model.outcome, data
        )
    ]
    failed = [support for support in supports if support.passed is not True]
    compute = partial(_part_of_effect, route, "direct")
    prior = route.prior_checks(compute, draws, data, (model.treatment,))
    return (*(failed or supports)[:1], *prior)


def _part_of_effect(
    route: TableRoute,
    part: str,
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    """Return the natural direct or indirect effect.

    Parameters
    ----------
    route : TableRoute
    part : "direct" or "indirect"
    draws : Dataset
    data : Observations
    """

    def means(
        worlds: Sequence[World], draws: xr.Dataset, data: Observations
    ) -> list[xr.DataArray]:
        model = route.model
        answers = [direct_and_rest(model, *world) for world in worlds]
        return [
            probability_of(route, answer, model.outcome, draws, data)
            for answer in answers
        ]

    return contrasts_of_labels(route.model, means, part, draws, data)


def _interventional(
    route: TableRoute,
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    x = route.model.treatment
    y = route.model.outcome
    levels = route.model.levels(data)
    table = route.probabilities(draws, data, (y,), do=(x,))
    labels = [
        f"{y}={state} | do({x}={arm})" for arm in levels[x] for state in levels[y]
    ]
    return joined_axes(table, (x, y), "probability", labels)
