"""Validation: that a diagram can be fitted, and that the data have its observed variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.argument_validation import meant
from causalstats.diagrams.diagram import Diagram
from causalstats.errors import ModelError

if TYPE_CHECKING:
    from causalstats.data import Observations
    from causalstats.diagrams.identification.adjustment_criteria import Criterion
    from causalstats.diagrams.identification.identification import Identification
    from causalstats.diagrams.identification.mixed_graph import MixedGraph
    from causalstats.models.causal_diagram.levels import Levels

_NAMES_OF_DIMENSIONS = ("chain", "draw")
_ROUNDING = 1e-14  # of the largest value


def refuse_no_network(diagram: Any) -> None:
    """Raise unless a diagram is that of a causal model, without inputs and copies.

    Raises
    ------
    ModelError
    """
    if not isinstance(diagram, Diagram) or not diagram.is_network:
        raise ModelError(
            "Expected the diagram of a causal model, or its text such as 'x -> y; x <-> y', got "
            f"{diagram!r}."
        )


def refuse_surgery(graph: MixedGraph) -> None:
    """Raise where a diagram was changed: data from before the surgery do not follow it.

    Raises
    ------
    ModelError
    """
    if graph.surgery:
        raise ModelError(
            "Expected the diagram that the data come from, got one after surgery: "
            f"{' '.join(graph.surgery)} Data from before the surgery do not follow it. Fit the "
            "diagram before it and ask `fit.effect(..., do=...)`; where the data come from a "
            "trial, draw the treatment without causes."
        )


def refuse_names(diagram: Diagram) -> None:
    """Raise where the name of a variable cannot stand in a file of draws.

    Raises
    ------
    ModelError
    """
    for name in diagram.variables:
        if name in _NAMES_OF_DIMENSIONS or "/" in name:
            raise ModelError(
                "Expected names without '/' and other than "
                f"{' and '.join(_NAMES_OF_DIMENSIONS)}, which files of draws need; got {name!r}. "
                "Rename it."
            )


def refuse_hidden_levels(
    diagram: Diagram, hidden_levels: int | Mapping[str, int]
) -> None:
    """Raise where `hidden_levels` names a variable that is not hidden.

    Raises
    ------
    ModelError
    """
    if not isinstance(hidden_levels, Mapping):
        return
    unknown = [name for name in hidden_levels if name not in diagram.hidden]
    if unknown:
        raise ModelError(
            "Expected `hidden_levels` of hidden variables "
            f"({', '.join(diagram.hidden) or 'there are none'}), got {unknown[0]!r}."
        )


def refuse_unidentified(identification: Identification) -> None:
    """Raise unless the diagram identifies an answer, without a hedge or a selection.

    Raises
    ------
    ModelError
        With the obstacle, and what to observe or ask instead.
    """
    if identification.identified:
        return
    query = identification.query
    hedge = identification.hedge
    if identification.selected:
        raise ModelError(
            f"{query} is not identified. {hedge} Data of those not selected are needed too, or "
            "another question."
        )
    instruments = [
        each for each in identification.criteria if each.name == "instrument"
    ]
    advice = _instrument_in_words(instruments[0]) if instruments else ""
    raise ModelError(
        f"{query} is not identified: no amount of data of these variables tells it. {hedge} "
        f"{advice}Observe more, or add what is known to the diagram; or of labels, ask for its "
        "bounds, `fit.bounds(...)`."
    )


def _instrument_in_words(criterion: Criterion) -> str:
    """Return what an instrument identifies, at the price of which assumptions."""
    return (
        f"{criterion.reasons[0]} It identifies the effect if that is linear and the same in "
        "everybody, or, if it acts on the treatment and moves nobody the other way, the mean "
        "effect over those whom it moves: of numbers, say route='instrument', or for its options "
        "`cs.fit(cs.Instrument(), model.instrumented(data))`. "
    )


def refuse_selection_columns(diagram: Diagram, data: Observations) -> None:
    """Raise where the data have a variable by which everybody in them was selected.

    Raises
    ------
    ModelError
    """
    selecting = [name for name in data.variables if name in diagram.roles.selected]
    if selecting:
        raise ModelError(
            f"Variable {selecting[0]!r} is marked as selected: the data are of those selected "
            "alone, among whom it does not vary. Leave the column out; or if the data are of "
            "everybody, take the role away, `diagram.with_roles(selected=())`."
        )


def refuse_other_variables(diagram: Diagram, data: Observations) -> None:
    """Raise unless the data have the variables that the diagram observes, and no others.

    Raises
    ------
    ModelError
    """
    hidden = [name for name in data.variables if name in diagram.hidden]
    if hidden:
        raise ModelError(
            f"Variable {hidden[0]!r} is hidden in the diagram and observed in the data. Let the "
            "diagram observe it, or leave the column out."
        )
    unknown = [name for name in data.variables if name not in diagram.variables]
    absent = [name for name in diagram.observed if name not in data.variables]
    if unknown:
        advice = (
            meant(unknown[0], absent)
            or "Leave it out with `columns=[...]`, or say in the diagram what it has to do with."
        )
        raise ModelError(
            f"The data have {unknown[0]!r}, and the diagram does not. {advice}"
        )
    if absent:
        raise ModelError(
            f"The diagram observes {absent[0]!r}, and the data do not have it. Add the column, or "
            f"say `hidden: {absent[0]}` in the diagram."
        )


def refuse_numbers(data: Observations, regressions: bool = True) -> None:
    """Raise where the data have numbers, of which there are no tables.

    Parameters
    ----------
    data : Observations
    regressions : bool
        Whether another route takes them.

    Raises
    ------
    ModelError
    """
    if data.continuous:
        raise ModelError(
            f"Expected labels, and {data.continuous[0]!r} is a number. "
            + ("Say route='regression', or cut" if regressions else "Cut")
            + " it into levels, e.g. with `pandas.cut`"
            + ("." if regressions else ", at the same places in every study.")
        )


def refuse_constant_numbers(names: Iterable[str], data: Observations) -> None:
    """Raise where a treatment or an outcome that is a number does not vary.

    Raises
    ------
    ModelError
    """
    for name in names:
        if name not in data.continuous:
            continue
        values = data.seen_numbers(name)
        if len(values) and np.ptp(values) <= _ROUNDING * np.abs(values).max():
            raise ModelError(
                f"{name!r} is {values[0]:g} in every row, but for rounding: no effect of it or on "
                "it could be seen. Look at data in which it varies, or take out what all rows have "
                "in common, such as a large constant."
            )


def refuse_one_level(name: str, levels: Levels) -> None:
    """Raise where a treatment or an outcome that is a label has one level.

    Raises
    ------
    ModelError
    """
    if name in levels and len(levels[name]) < 2:
        raise ModelError(
            f"Expected at least two levels of {name!r}, got {levels[name][0]!r} alone. Say its "
            "levels, e.g. `Diagram.parse(...).with_levels(...)`."
        )
