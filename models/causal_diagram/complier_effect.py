"""The local average treatment effect (LATE), of compliers, whom an instrument moves, in tables.

Compliers are a stratum of the principal stratification by the treatments under each level of z.

With an instrument z and a treatment x of two levels each, and nobody whose x goes against z
(monotonicity, no defiers), the effect among compliers is the ratio of two differences between the
levels of z (Wald 1940; Imbens & Angrist 1994),

    E[Y(x1) - Y(x0) | compliers] = [P(y | z1) - P(y | z0)] / [P(x1 | z1) - P(x1 | z0)]

and the denominator is the share of compliers. Where z is no experiment both are differences of
P(. | do(z)): averages over P(w) of differences given w where it is one given covariates w (Frölich
2007). The diagram must identify both; with a hidden cause of z and x it does not, although z may
still be an instrument of a linear effect. Nor does z act on x or y by other ways than its arrow and
x. Each draw of the tables gives a draw of the ratio. Who complies is not seen: they are some of the
people, of whom only the share is known.

References
----------
Imbens & Angrist (1994), Identification and estimation of local average treatment effects,
Econometrica 62. Frölich (2007), Nonparametric IV estimation of local average treatment effects with
covariates, Journal of Econometrics 139.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import xarray as xr

from causalstats.core.check import Check
from causalstats.core.display_scale import DIFFERENCE
from causalstats.core.estimand import Estimand
from causalstats.data import Observations
from causalstats.diagrams.identification.identification import identify
from causalstats.models.causal_diagram.assumptions import assumption_names
from causalstats.models.causal_diagram.contrasts import contrasts_with_first
from causalstats.models.causal_diagram.notation import words_with_levels

if TYPE_CHECKING:
    from causalstats.diagrams.bounds.response_types import Monotone
    from causalstats.models.causal_diagram.checks.prior_sensitivity import Compute
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.routes.tables import TableRoute

_CERTAIN = 0.99  # probability that there are compliers
_REMEDY = (
    "The interval is not to be trusted. Join levels of what is held, leave out variables that the "
    "instrument does not need, or observe more."
)


def complier_estimands(route: TableRoute) -> dict[str, Estimand]:
    """Return the effect among compliers and their share, where a monotone instrument is declared.

    None unless the diagram has an instrument of the treatment and `monotone` says that it moves
    nobody's treatment the other way.
    """
    model = route.model
    declared = _instrument(model)
    if declared is None:
        return {}
    monotone = declared
    x, y, z = model.treatment, model.outcome, monotone.cause
    among = f"among those whose {x} follows {z}, the compliers"
    names = assumption_names(model)
    unavailable = partial(_unavailable, model, monotone)
    effect = partial(_effect, route, monotone)
    share = partial(_share, route, monotone)
    return {
        "complier_effect": Estimand(
            compute=effect,
            description=f"The effect of {x} on {y} {among}.",
            unit=DIFFERENCE,
            contrast=f"each level of {x} against the first",
            kind="causal",
            in_words=partial(
                words_with_levels, model, f"The effect of {{x}} on {{y}} {among}", True
            ),
            companion="compliers",
            assumptions=names,
            unavailable_reason=unavailable,
            checks=partial(_checks, route, monotone, effect),
            centre="median",
        ),
        "compliers": Estimand(
            compute=share,
            description=f"The share of people whose {x} follows {z}, the compliers.",
            unit="probability",
            assumptions=names,
            unavailable_reason=unavailable,
            checks=partial(_checks, route, monotone, share),
        ),
    }


def _instrument(model: CausalDiagram) -> Monotone | None:
    """Return the first declared monotone instrument, one whose compliers are known if there is."""
    instruments = {
        criterion.variables[0]
        for criterion in model.identification.criteria
        if criterion.name == "instrument"
    }
    declared = [
        monotone
        for monotone in model.monotone
        if monotone.effect == model.treatment and monotone.cause in instruments
    ]
    known = [each for each in declared if not _unknown_compliers(model, each)]
    return next(iter(known or declared), None)


def _unavailable(model: CausalDiagram, monotone: Monotone, data: Observations) -> str:
    """Return why these data have no effect among compliers; empty where they have.

    Parameters
    ----------
    model : CausalDiagram
    monotone : Monotone
    data : Observations
    """
    levels = model.levels(data)
    for name in (monotone.cause, monotone.effect):
        if len(levels[name]) != 2:
            return (
                f"{name!r} has {len(levels[name])} levels: compliers are those of an instrument "
                "and a treatment of two levels each."
            )
    if monotone.exceptions:
        return (
            f"for {monotone.exceptions:.1%} of the people {monotone.effect!r} may go against "
            f"{monotone.cause!r}: the ratio is then no effect among compliers."
        )
    return _unknown_compliers(model, monotone)


def _unknown_compliers(model: CausalDiagram, monotone: Monotone) -> str:
    """Return why the diagram does not identify the effect among compliers; empty where it does.

    Parameters
    ----------
    model : CausalDiagram
    monotone : Monotone
    """
    graph = model.graph
    x, y, z = model.treatment, model.outcome, monotone.cause
    children = [effect for cause, effect in graph.directed if cause == z]
    ways = [name for name in children if name != x and x in graph.descendants(name)]
    if ways:
        return (
            f"{z!r} acts on {x!r} through {ways[0]!r} as well, of which `monotone` says nothing: "
            f"compliers are those whose {x} follows {z} by all ways. Leave {ways[0]!r} out of the "
            "diagram, and the assumption is about all of them."
        )
    past = [name for name in children if name != x and y in graph.descendants(name)]
    if past:
        return (
            f"{z!r} acts on {y!r} through {past[0]!r} as well: the ratio is then no effect of "
            f"{x}. Answer with `fit.bounds`."
        )
    for name in (x, y):
        if not identify(graph, name, z).identified:
            return (
                f"P({name} | do({z})) is not identified, since {z!r} shares hidden causes: the "
                f"ratio is then no effect among those whose {x} follows {z}. Answer with "
                "`fit.bounds`."
            )
    return ""


def _difference(
    route: TableRoute,
    draws: xr.Dataset,
    data: Observations,
    variable: str,
    instrument: str,
) -> xr.DataArray:
    """Return P(variable | do(z1)) - P(variable | do(z0)).

    Parameters
    ----------
    route : TableRoute
    draws : Dataset
    data : Observations
    variable, instrument : str
    """
    table = route.probabilities(draws, data, (variable,), do=(instrument,))
    first, second = (table.isel({instrument: each}, drop=True) for each in (0, 1))
    return (second - first).transpose("chain", "draw", variable)


def _moved(
    route: TableRoute,
    draws: xr.Dataset,
    data: Observations,
    monotone: Monotone,
) -> xr.DataArray:
    """Return P(x1 | do(z1)) - P(x1 | do(z0)), negative where the instrument lowers the treatment.

    Parameters
    ----------
    route : TableRoute
    draws : Dataset
    data : Observations
    monotone : Monotone
    """
    treatment = monotone.effect
    moved = _difference(route, draws, data, treatment, monotone.cause)
    return moved.isel({treatment: 1}, drop=True)


def _share(
    route: TableRoute,
    monotone: Monotone,
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    """Return the share of compliers in each draw.

    Parameters
    ----------
    route : TableRoute
    monotone : Monotone
    draws : Dataset
    data : Observations
    """
    moved = _moved(route, draws, data, monotone)
    return moved if monotone.increasing else -moved


def _effect(
    route: TableRoute,
    monotone: Monotone,
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    """Return the effect among compliers in each draw, by the levels of the outcome.

    Parameters
    ----------
    route : TableRoute
    monotone : Monotone
    draws : Dataset
    data : Observations
    """
    treatment, outcome = route.model.treatment, route.model.outcome
    difference = _difference(route, draws, data, outcome, monotone.cause)
    effect = difference / _moved(route, draws, data, monotone)
    table = xr.concat([xr.zeros_like(effect), effect], dim=treatment)
    table = table.transpose("chain", "draw", treatment, outcome)
    return contrasts_with_first(table, treatment, outcome, route.model.levels(data))


def _checks(
    route: TableRoute,
    monotone: Monotone,
    compute: Compute,
    draws: xr.Dataset,
    data: Observations,
) -> tuple[Check, ...]:
    """Return whether the data have compliers, and whether the prior decides the answer.

    The ratio has no bound where the share of compliers is zero.

    Parameters
    ----------
    route : TableRoute
    monotone : Monotone
    compute : function of draws and data
        The answer.
    draws : Dataset
    data : Observations
    """
    share = _share(route, monotone, draws, data)
    positive = float((share > 0).mean())
    return (
        Check(
            name="the instrument moves the treatment",
            passed=positive >= _CERTAIN,
            value=positive,
            expected=f"compliers with probability {_CERTAIN:g} or more",
            finding=f"the share of compliers is {float(share.median()):.2f}, and above zero with "
            f"probability {positive:.3g}",
            remedy=""
            if positive >= _CERTAIN
            else f"{monotone.cause} hardly moves {monotone.effect}, or moves it the other way: "
            "the ratio is not bounded. Answer with `fit.bounds`.",
            estimands=("complier_effect", "compliers"),
            assumption=f"monotone {monotone.effect}",
        ),
        *(
            replace(check, remedy="" if check.passed else _REMEDY)
            for check in route.prior_checks(compute, draws, data, (monotone.cause,))
        ),
    )
