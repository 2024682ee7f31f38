"""What those would have had who had one value of a cause, had it been another: the effect on the treated, also within groups.

P(y had x been x' | x, w) = P(y, w had x been x' | x) / P(w had x been x' | x), where nothing that is done acts on w.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.core.estimand import Estimand
from causalstats.data import Observations
from causalstats.diagrams.bounds.probabilities_of_causation import Aliased, treated
from causalstats.diagrams.identification.evaluation import evaluate
from causalstats.diagrams.identification.expression import Expression
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.bounds import had_been
from causalstats.models.causal_diagram.checks.mediator_variation import refuse_constant_mediators
from causalstats.models.causal_diagram.checks.positivity import positivity, prior_share
from causalstats.models.causal_diagram.tables import Observed, network_of, place_of


def counterfactual(
    model: Any, of: str, do: Mapping[str, Any], factual: Mapping[str, Any], data: Observations
) -> tuple[str, Estimand]:
    """P(of had it been | it was, also this), where that is identified; of two values in `do` the difference.

    Raises
    ------
    ModelError
        Where the question is none of this kind, or is not identified.
    """
    if len(do) != 1 or next(iter(do)) not in factual:
        raise ModelError(
            "Expected one variable to set, with the value that it had among `factual`, such as do={'x': 0}, factual={'x': 1}; "
            f"got do={dict(do)}, factual={dict(factual)}."
        )
    ((x, asked),) = do.items()
    levels, groups = model.levels(data), [name for name in factual if name != x]
    values = list(asked) if isinstance(asked, list | tuple) else [asked]
    if len(values) > 2:
        raise ModelError(
            f"Expected one value to set {x!r} to, or two whose answers are compared, got {asked!r}."
        )
    moved = [name for name in groups if name in model.graph.descendants(x)]
    if moved:
        raise ModelError(
            f"Expected `factual` of {x} and of what it does not act on; {x} acts on {moved[0]}, which would have been otherwise too. Leave it out."
        )
    refuse_constant_mediators(model.graph, x, of, levels, data)
    formula = treated(model.diagram, (of, *groups), x)
    event = f"{of}={levels[of][-1]}" if len(levels[of]) == 2 else of
    worlds = [{x: value} for value in values]
    name = " - ".join(had_been(event, world, factual) for world in worlds)
    if formula is None:
        raise ModelError(
            f"{name} is not identified; what can be said are its bounds, `fit.bounds({of!r}, do={{{x!r}: {values[0]!r}}}, factual={{{x!r}: {factual[x]!r}}})`."
        )
    was = {other: place_of(other, value, levels) for other, value in factual.items()}
    places = [{f"{x}'": place_of(x, value, levels)} | was for value in values]
    compute = partial(_compute, model, formula, of, x, groups, places)

    def checks(draws: xr.Dataset, data: Observations) -> tuple[Check, ...]:
        names = (of, f"{x}'", x, *groups)
        own = positivity(model, formula, data, names, places, aliases={f"{x}'": x})
        shared = prior_share(model, compute, draws, data, (x,)) if model.route == "reduced" else ()
        return (own, *shared)

    return name, Estimand(
        compute=compute,
        description=f"By the formula {formula}, {x}' what {x} would have been set to"
        + (f", within {', '.join(groups)}." if groups else "."),
        unit="difference of probabilities" if len(values) == 2 else "probability",
        contrast=f"the first value of {x} against the second" if len(values) == 2 else "none",
        kind="causal",
        assumptions=tuple(assumption.name for assumption in model.assumptions()),
        checks=checks,
    )


def _compute(
    model: Any,
    formula: Expression,
    of: str,
    x: str,
    groups: Sequence[str],
    places: Sequence[Mapping[str, int]],
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    levels = model.levels(data)
    source = Aliased(Observed(network_of(draws, model.tables, levels)), {f"{x}'": x})
    axes = (f"{x}'", x, *groups, of)
    values = np.asarray(evaluate(formula, source, axes).values)
    values = values / values.sum(axis=-1, keepdims=True)
    table = xr.DataArray(
        np.broadcast_to(values, (draws.sizes["chain"], draws.sizes["draw"], *values.shape[2:])),
        dims=("chain", "draw", *axes),
        coords={name: draws[name] for name in ("chain", "draw")},
    )
    first, *second = (table.isel(place, drop=True) for place in places)
    answer = first - second[0] if second else first
    if len(levels[of]) == 2:
        return answer.isel({of: 1}, drop=True)
    return answer.rename({of: "level"}).assign_coords(
        level=[f"{of}={level}" for level in levels[of]]
    )
