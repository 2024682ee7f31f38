"""A causal model with its mechanisms as tables: what it predicts, under observations and interventions, exactly.

P(y | do(x), z) = Σ_rest Π_{v not in x} P(v | causes of v) [x, z at their values] / the same, summed over y too
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.hypergraph import Box
from causalstats.diagrams.core.ordering import in_order
from causalstats.diagrams.diagram import Diagram
from causalstats.diagrams.formats.bif import read_bif, write_bif
from causalstats.diagrams.networks import tensor_contraction as contraction
from causalstats.diagrams.networks.conditioning import conditional, marginals
from causalstats.diagrams.networks.counterfactual import (
    another_world,
    causation,
    refuse_chance,
    three_worlds,
)
from causalstats.diagrams.networks.distribution import Distribution
from causalstats.diagrams.networks.mechanisms import (
    Tables,
    check_distribution,
    level_position,
    levels_of,
    tables,
    tabulated,
)
from causalstats.diagrams.networks.tensor_contraction import Known
from causalstats.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd

Do = Mapping[str, Any] | Sequence[str] | str


@dataclass(frozen=True, eq=False, repr=False)
class BayesianNetwork:
    """The diagram of a causal model, and what each of its boxes does.

    Parameters
    ----------
    diagram : Diagram
        One box for each variable and no inputs. Variables without levels get 0, 1, ... by the size of their table.
    mechanisms : mapping
        For each variable P(variable | causes): an array with axes (batch..., causes in the order of their ports..., variable) that sums to 1 over the last;
        batch axes are those of posterior draws, and every answer then has them. Or a function from levels of the causes to the level of the variable.

    Raises
    ------
    ModelError
        If a table is missing, of another shape, or no distribution; if the diagram is none of a causal model.
    """

    diagram: Diagram
    mechanisms: Mapping[str, Any]
    _tables: Tables = field(init=False)

    def __post_init__(self) -> None:
        arguments.instance(Diagram, "the diagram", self.diagram, "Read text with `Diagram.parse`.")
        arguments.instance(
            Mapping, "the mechanisms", self.mechanisms, "Say {'x': [0.5, 0.5], ...}."
        )
        if not self.diagram.is_network:
            raise ModelError(
                "Expected the diagram of a causal model: no inputs, and a box of its own for each variable."
            )
        boxes = {box.name: box for box in self.diagram.boxes if box.kind == "mechanism"}
        for name in self.mechanisms:
            if name not in boxes:
                self.diagram.position(name)
        given = {
            name: tabulated(self.diagram, boxes[name], how)
            if callable(how) and name in boxes
            else how
            for name, how in self.mechanisms.items()
        }
        found = tables(self.diagram, given)
        kept = {name: found.table(box) for name, box in boxes.items()}
        for name, table in kept.items():
            check_distribution(name, table)
        unknown = {
            wire.name: found.sizes[place]
            for place, wire in enumerate(self.diagram.wires)
            if wire.levels is None
        }
        diagram = self.diagram.with_levels(unknown) if unknown else self.diagram
        for name, value in {
            "diagram": diagram,
            "mechanisms": MappingProxyType(kept),
            "_tables": replace(found, diagram=diagram),
        }.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        draws = (
            f", {'×'.join(map(str, self._tables.batch))} draws of each mechanism"
            if self._tables.batch
            else ""
        )
        return f"BayesianNetwork({len(self.diagram.wires)} variables: {', '.join(self.diagram.variables)}{draws})"

    @classmethod
    def from_bif(cls, source: str | Path) -> BayesianNetwork:
        """The network of a file in the interchange format BIF, or of the text of one; see `read_bif`."""
        graph, tables_of = read_bif(source)
        return cls(Diagram.from_hypergraph(graph), tables_of)

    def to_bif(self, path: str | Path | None = None) -> str:
        """The text of the network in the interchange format BIF, written to a file if one is named; levels become strings."""
        self._refuse_draws("write")
        text = write_bif(
            self.diagram,
            {
                self.diagram.variables[box.outputs[0]]: self._table(box)
                for box in self.diagram.boxes
            },
        )
        if path is not None:
            Path(path).write_text(text)
        return text

    def query(
        self,
        outcome: str | Sequence[str],
        *,
        do: Do | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> Distribution:
        """P(outcome | do(...), given).

        Parameters
        ----------
        outcome
            One variable or several, then their joint distribution.
        do
            `{"smoking": 1}` sets a variable; `"smoking"`, or a list of names, sets it to each of its levels in turn, each a row of the answer.
        given
            What was observed, in the world in which that was done.

        Raises
        ------
        ModelError
            If what is given has probability zero; if an outcome is done or given itself; if the answer is too large to hold.
        """
        names, said = _names(outcome), _said(do, given)
        known = self._known(do, given, opens=True)
        axes = (*known.opened, *self._axes(names, known))
        values = conditional(self._tables, axes, known, said)
        opened = tuple(self.diagram.variables[wire] for wire in known.opened)
        levels = tuple(self._levels[wire] for wire in axes)
        return Distribution(
            (*opened, *names), levels, values, _title(", ".join(names), said), opened
        )

    def counterfactual(
        self, outcome: str | Sequence[str], *, do: Mapping[str, Any], factual: Mapping[str, Any]
    ) -> Distribution:
        """P(outcome had `do` been done | factual): what would have been, in the cases in which that was seen.

        Parameters
        ----------
        do
            What is set in the other world, which shares with the actual one all that does not depend on it.
        factual
            What was seen in the actual world, in which nothing was done.

        Raises
        ------
        ModelError
            If a mechanism that matters in both worlds is random: its table does not say what it would have done. If what was seen has probability zero.
        """
        names, known = _names(outcome), self._known(do, factual)
        worlds, place = another_world(self.diagram, known.done)
        axes = [place.get(wire, wire) for wire in self._axes(names, Known(done=known.done))]
        refuse_chance(worlds, self._tables.arrays, [*axes, *known.seen])
        there = Known(
            done={place[wire]: level for wire, level in known.done.items()}, seen=known.seen
        )
        values = conditional(tables(worlds, self.mechanisms), axes, there, _said(None, factual))
        title = _title(f"{', '.join(names)} had {_said(do, None)}", _said(None, factual))
        return Distribution(
            names, tuple(levels_of(worlds.wires[wire]) for wire in axes), values, title
        )

    def causation(
        self, cause: str, outcome: str, *, levels: Mapping[str, tuple[Any, Any]] | None = None
    ) -> dict[str, Any]:
        """The probabilities that the presence of a cause makes the outcome occur and its absence makes it not (Tian & Pearl 2000).

        "necessary_and_sufficient" of all cases; "necessary" of those in which both occurred; "sufficient" of those in which neither did. A number each or, of
        many draws, an array; NaN where there are no such cases.

        Parameters
        ----------
        levels
            (absent, present) of the cause and the outcome; needed where they have more than two levels. Every other level of the outcome counts as absence.

        Raises
        ------
        ModelError
            As for `counterfactual`; `diagrams.causation_bounds` gives bounds out of distributions alone.
        """
        wires = {name: self._wire(name) for name in (cause, outcome)}
        pairs = {name: (levels or {}).get(name, self._levels[wire]) for name, wire in wires.items()}
        for name, pair in pairs.items():
            if not isinstance(pair, list | tuple) or len(pair) != 2 or cause == outcome:
                raise ModelError(
                    f"Expected two different variables with a level each for absence and presence, got {name!r} with {pair!r}; say `levels`."
                )
        (off, on), (_, event) = (
            [level_position(self.diagram.wires[wires[name]], level) for level in pair]
            for name, pair in pairs.items()
        )
        joint = three_worlds(self.diagram, self.mechanisms, wires[cause], wires[outcome], off, on)
        found = causation(joint, off, on, event)
        return (
            found if self._tables.batch else {name: float(value) for name, value in found.items()}
        )

    def marginals(
        self, *, do: Mapping[str, Any] | None = None, given: Mapping[str, Any] | None = None
    ) -> dict[str, Distribution]:
        """P(v | do(...), given) of every variable v that is neither done nor given, all from one pass forth and one back."""
        known, said = self._known(do, given), _said(do, given)
        wires = [
            wire
            for wire in range(len(self.diagram.wires))
            if wire not in known.done and wire not in known.seen
        ]
        found = marginals(self._tables, wires, known, said)
        names = self.diagram.variables
        return {
            names[wire]: Distribution(
                (names[wire],), (self._levels[wire],), found[wire], _title(names[wire], said)
            )
            for wire in wires
        }

    def joint(self, *, do: Mapping[str, Any] | None = None) -> Distribution:
        """The joint distribution of all variables that are observed, the hidden ones summed over."""
        done = self._known(do, None).done
        return self.query(
            [name for name in self.diagram.observed if self._position[name] not in done], do=do
        )

    def probability(self, event: Mapping[str, Any], *, do: Mapping[str, Any] | None = None) -> Any:
        """P(event | do(...)), a number or, of many draws, an array of them; 0 where it cannot happen."""
        found = contraction.evaluate(self._tables, (), self._known(do, event))
        return found if self._tables.batch else float(found)

    def sample(self, n: int, seed: int, *, do: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Independent draws of all variables that are observed, a row each, drawn along the arrows.

        Raises
        ------
        ModelError
            If the mechanisms are many draws and not one table each.
        """
        import pandas as pd

        self._refuse_draws("sample from")
        if not isinstance(n, int | np.integer) or isinstance(n, bool) or n < 0:
            raise ModelError(f"Expected a number of rows to draw, 0 or more, got {n!r}.")
        drawn = self._drawn(n, np.random.default_rng(seed), self._known(do, None).done)
        observed = dict.fromkeys(self.diagram.outputs)
        return pd.DataFrame(
            {
                self.diagram.variables[wire]: pd.Index(
                    self._levels[wire], tupleize_cols=False
                ).take(drawn[wire])
                for wire in observed
            }
        )

    def _drawn(
        self, n: int, rng: np.random.Generator, done: Mapping[int, int]
    ) -> dict[int, np.ndarray]:
        drawn: dict[int, np.ndarray] = {}
        for box in in_order(self.diagram):
            (wire,) = box.outputs
            below = np.cumsum(self._table(box), axis=-1)[
                tuple(drawn[cause] for cause in box.inputs)
            ][..., :-1]
            drawn[wire] = (
                np.full(n, done[wire])
                if wire in done
                else (rng.random(n)[:, None] >= below).sum(axis=-1)
            )
        return drawn

    def _table(self, box: Box) -> np.ndarray:
        if box.kind == "point":
            (wire,) = box.outputs
            return np.eye(self._tables.sizes[wire])[
                level_position(self.diagram.wires[wire], box.value)
            ]
        return self._tables.arrays[box.name, box.kind]

    def _refuse_draws(self, purpose: str) -> None:
        if self._tables.batch:
            raise ModelError(
                f"Expected one table for each mechanism to {purpose}, got draws of shape {self._tables.batch}; choose one of them first."
            )

    @cached_property
    def _position(self) -> dict[str, int]:
        return {name: position for position, name in enumerate(self.diagram.variables)}

    @cached_property
    def _place(self) -> dict[tuple[str, Any], int]:
        return {
            (name, level): place
            for name, levels in zip(self.diagram.variables, self._levels, strict=True)
            for place, level in enumerate(levels)
        }

    @cached_property
    def _levels(self) -> tuple[tuple[Any, ...], ...]:
        return tuple(wire.levels or () for wire in self.diagram.wires)

    def _wire(self, name: str) -> int:
        return self._position[name] if name in self._position else self.diagram.position(name)

    def _values(self, levels: Mapping[str, Any] | None) -> dict[int, int]:
        found = {}
        for name, level in (
            {} if levels is None else arguments.values("do, given or an event", levels)
        ).items():
            wire = self._wire(name)
            try:
                found[wire] = self._place[name, level]
            except (KeyError, TypeError):  # which says what is wrong with it
                found[wire] = level_position(self.diagram.wires[wire], level)
        return found

    def _known(
        self, do: Do | None, given: Mapping[str, Any] | None, *, opens: bool = False
    ) -> Known:
        """What is done and seen, by wire; a list of names opens these, where that is possible."""
        if do is None or isinstance(do, Mapping):
            return Known(done=self._values(do), seen=self._values(given))
        if not opens:
            raise ModelError(
                f"Expected what is done as a mapping such as {{'smoking': 0}}, got {do!r}."
            )
        return Known(
            opened=tuple(self._wire(name) for name in _names(do)), seen=self._values(given)
        )

    def _axes(self, names: Sequence[str], known: Known) -> list[int]:
        wires = [self._wire(name) for name in names]
        for name, wire in zip(names, wires, strict=True):
            if (
                wire in known.done
                or wire in known.opened
                or wire in known.seen
                or wires.count(wire) > 1
            ):
                how = (
                    "asked for twice"
                    if wires.count(wire) > 1
                    else "given as observed"
                    if wire in known.seen
                    else "set by `do`"
                )
                raise ModelError(
                    f"Expected outcomes that are neither done nor given, each once; {name!r} is {how}."
                )
        if not names:
            raise ModelError(
                "Expected at least one outcome, got none; the probability of an event is `network.probability({...})`."
            )
        return wires


def _names(names: str | Sequence[str]) -> tuple[str, ...]:
    return arguments.names("outcome", names)


def _said(do: Do | None, given: Mapping[str, Any] | None) -> str:
    """Such as "do(x=1), z=0"."""
    done = (
        [f"{name}={level!r}" for name, level in arguments.values("do", do).items()]
        if isinstance(do, Mapping)
        else list(arguments.names("do", () if do is None else do))
    )
    seen = {} if given is None else arguments.values("given", given)
    return ", ".join(
        ([f"do({', '.join(done)})"] if done else [])
        + [f"{name}={level!r}" for name, level in seen.items()]
    )


def _title(what: str, condition: str) -> str:
    return f"P({what} | {condition})" if condition else f"P({what})"
