"""The assumptions of a causal diagram in words, and how its answer follows from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalstats.core.assumption import Assumption
from causalstats.diagrams.bounds.response_types import Monotone
from causalstats.models.causal_diagram.table_priors import TABLE_PRIORS
from causalstats.models.shared.independent_rows import INDEPENDENCE_CHECKS
from causalstats.models.shared.measurement import measured_without_error
from causalstats.models.shared.scaled_counts import COMMON_FACTOR

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.routes import Route

DIAGRAM = "this diagram"
TABLE_PRIOR = "prior of the tables"
INDEPENDENT_OBSERVATIONS = "independent observations"
MISSING_VALUES = "missing values"


def assumptions(
    model: CausalDiagram, route: Route, kept: bool = False
) -> tuple[Assumption, ...]:
    """Return the assumptions of the answer, those of the route among them.

    Parameters
    ----------
    model : CausalDiagram
    route : Route
    kept : bool
        Whether rows with missing values are kept.
    """
    return (
        _diagram(model),
        *_selection(model),
        _INDEPENDENT_OBSERVATIONS,
        _missing_values(model, kept),
        _MEASUREMENT,
        _table_prior(model),
        *route.assumptions(),
        *map(_monotone, model.monotone),
    )


def assumption_names(model: CausalDiagram) -> tuple[str, ...]:
    """Return the names of the assumptions of every causal answer."""
    return tuple(assumption.name for assumption in model.assumptions())


def _diagram(model: CausalDiagram) -> Assumption:
    return Assumption(
        name=DIAGRAM,
        statement="Between the variables there are no other arrows, and no other shared causes, "
        "than are drawn.",
        if_wrong="Another arrow or another hidden cause can change the formula, and the answer "
        "with it. The checks have what the data can refute of the diagram, which is little of it.",
        formula=diagram_text(model),
        checks=(
            "independences of the diagram",
            "possible under the diagram",
            "arrows from treatment to outcome",
        ),
        fields=("diagram",),
    )


def _selection(model: CausalDiagram) -> tuple[Assumption, ...]:
    selecting = model.diagram.roles.selected
    if not selecting:
        return ()
    return (
        Assumption(
            name="selection as drawn",
            statement=f"The data are of those alone whom {' and '.join(selecting)} selects, and "
            "what acts on that selection is what the diagram says.",
            if_wrong="The formula takes what is seen among the selected for what holds among "
            "everybody, and the answer is biased.",
            formula="P(variables | selected), and the arrows into the selection",
            fields=("diagram",),
        ),
    )


_INDEPENDENT_OBSERVATIONS = Assumption(
    name=INDEPENDENT_OBSERVATIONS,
    statement="Observations are independent, of one population, and what is done to one does not "
    "act on another.",
    if_wrong="Intervals are too short, or there is no one answer.",
    formula="p(rows | θ) = Π_i p(row_i | θ)",
    checks=(*INDEPENDENCE_CHECKS, COMMON_FACTOR),
)
_MEASUREMENT = measured_without_error(
    "Errors of a treatment draw its effect towards 0, errors of a confounder leave a part of the "
    "confounding, and errors of a label mix its levels."
)


def _missing_values(model: CausalDiagram, kept: bool) -> Assumption:
    """Return what is assumed of missing values: by the diagram, at random, or in no rows kept."""
    if model.indicators:
        listed = ", ".join(
            f"{sign} of {name}" for name, sign in model.indicators.items()
        )
        statement = (
            f"Whether values were seen ({listed}) depends on what the diagram says alone, the "
            "values themselves among it only where an arrow says so."
        )
        formula = "P(seen | all values) as drawn"
    elif kept:
        statement = (
            "Values are missing at random: whether one was seen depends on nothing but what was "
            "seen in the same row. They are drawn from the distributions of the diagram, numbers "
            "by straight lines with normal errors."
        )
        formula = "P(seen | all values) = P(seen | values that were seen)"
    else:
        statement = (
            "Rows that lacked a value, if there were any, were left out, and what is missing is "
            "missing at random: complete rows have the same distribution."
        )
        formula = "p(row | complete) = p(row)"
    return Assumption(
        name=MISSING_VALUES,
        statement=statement,
        if_wrong="The answer is about people of whom more was seen, and may be biased even for "
        "them. Another missingness graph, `CausalDiagram(..., indicators=...)`, shows by how much.",
        formula=formula,
        checks=("rows left out", "values filled in"),
        fields=("indicators",),
    )


def _table_prior(model: CausalDiagram) -> Assumption:
    prior = TABLE_PRIORS[model.prior]
    concentration = model.concentration
    return Assumption(
        name=TABLE_PRIOR,
        statement="Before the data each row of each table is Dirichlet, with a weight of "
        f"{concentration:g}, in observations, for each {prior.unit}.",
        if_wrong="Where few were observed the prior draws probabilities towards each other, and "
        "effects towards nothing: see the check `weight of the prior` and the sensitivity to "
        "`concentration`.",
        formula=f"θ ~ Dirichlet({concentration:g}{prior.divisor})",
        checks=("weight of the prior", "positivity"),
        fields=("concentration", "prior"),
    )


def _monotone(monotone: Monotone) -> Assumption:
    direction = "down" if monotone.increasing else "up"
    sign = "≥" if monotone.increasing else "≤"
    exceptions = "all else held."
    if monotone.exceptions:
        exceptions = f"but for at most {monotone.exceptions:.1%} of them."
    return Assumption(
        name=f"monotone {monotone.effect}",
        statement=f"Nobody's {monotone.effect} goes {direction} when {monotone.cause} goes up, "
        f"{exceptions}",
        if_wrong="The bounds are too narrow.",
        formula=f"{monotone.effect}(a) {sign} {monotone.effect}(b) for a > b in {monotone.cause}",
        checks=("possible under the diagram", "monotonicity of"),
        fields=("monotone",),
    )


def diagram_text(model: CausalDiagram) -> str:
    """Return the arrows and arcs between the observed variables in one line."""
    graph = model.graph.population or model.graph
    parts = []
    for cause in graph.nodes:
        effects = [name for name in graph.nodes if (cause, name) in graph.directed]
        if effects:
            parts.append(f"{cause} → {', '.join(effects)}")
    arcs = [
        " ↔ ".join(sorted(pair, key=graph.nodes.index)) for pair in graph.bidirected
    ]
    return "; ".join([*parts, *sorted(arcs)])


def derivation(model: CausalDiagram) -> tuple[str, ...]:
    """Return the formula and its certificate, or the hedge in its way, a line a step."""
    identification = model.identification
    query = identification.query
    steps = map(str, identification.steps)
    if not identification.identified:
        return (f"{query} is not identified.", *steps, str(identification.hedge))
    criteria = ", ".join(map(str, identification.criteria))
    by = f" ({criteria})" if criteria else ""
    irrelevant = ", ".join(identification.irrelevant)
    anywhere = f", at any level of {irrelevant}" if irrelevant else ""
    return (f"{query} = {identification.expression}{anywhere}{by}.", *steps)
