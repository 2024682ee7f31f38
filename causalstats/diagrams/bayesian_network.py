"""A causal model with its mechanisms as tables: what it predicts, under observations and interventions, exactly.

P(y | do(x), z) = Σ_rest Π_{v not in x} P(v | causes of v) [x, z at their values] / the same, summed over y too
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.diagrams import bif, contraction
from causalstats.diagrams.contraction import Known
from causalstats.diagrams.counterfactual import ancestors, refuse_chance, second_world
from causalstats.diagrams.diagram import Box, Diagram
from causalstats.diagrams.distribution import Distribution
from causalstats.diagrams.ordering import in_order
from causalstats.diagrams.tables import Tables, level_position, levels_of, tables
from causalstats.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd

_ROUNDING = 1e-6  # how far from 1 the sum of probabilities may be
_TINY = 1e-250  # probabilities below are computed again with every product rescaled
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
        if not self.diagram.is_network:
            raise ModelError("Expected the diagram of a causal model: no inputs, and a box of its own for each variable.")
        boxes = {box.name: box for box in self.diagram.boxes if box.kind == "mechanism"}
        for name in self.mechanisms:
            if name not in boxes:
                self.diagram.position(name)
        given = {name: _tabulated(self.diagram, boxes[name], how) if callable(how) and name in boxes else how for name, how in self.mechanisms.items()}
        kept = {name: np.array(given[name], dtype=float) for name in boxes if name in given}
        found = tables(self.diagram, kept)
        for name, table in kept.items():
            _check_distribution(name, table)
            table.setflags(write=False)
        unknown = {wire.name: found.sizes[place] for place, wire in enumerate(self.diagram.wires) if wire.levels is None}
        object.__setattr__(self, "diagram", self.diagram.with_levels(unknown) if unknown else self.diagram)
        object.__setattr__(self, "mechanisms", MappingProxyType(kept))
        object.__setattr__(self, "_tables", found)

    def __repr__(self) -> str:
        draws = f", {'×'.join(map(str, self._tables.batch))} draws of each mechanism" if self._tables.batch else ""
        return f"BayesianNetwork({len(self.diagram.wires)} variables: {', '.join(self.diagram.variables)}{draws})"

    @classmethod
    def from_bif(cls, source: str | Path) -> BayesianNetwork:
        """The network of a file in the interchange format BIF, or of the text of one; see `bif.read`."""
        return cls(*bif.read(source))

    def to_bif(self, path: str | Path | None = None) -> str:
        """The text of the network in the interchange format BIF, written to a file if one is named; levels become strings."""
        self._refuse_draws("write")
        text = bif.write(self.diagram, {self.diagram.variables[box.outputs[0]]: self._table(box) for box in self.diagram.boxes})
        if path is not None:
            Path(path).write_text(text)
        return text

    def query(self, outcome: str | Sequence[str], *, do: Do | None = None, given: Mapping[str, Any] | None = None) -> Distribution:
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
        names = _names(outcome)
        known = self._known(do, given)
        axes = (*known.opened, *self._axes(names, known))
        values = self._conditional(self._tables, axes, known, _condition(do, given))
        opened = tuple(self.diagram.variables[wire] for wire in known.opened)
        levels = tuple(self._levels[wire] for wire in axes)
        return Distribution((*opened, *names), levels, values, f"P({', '.join(names)}{_condition(do, given)})", opened)

    def counterfactual(self, outcome: str | Sequence[str], *, do: Mapping[str, Any], factual: Mapping[str, Any]) -> Distribution:
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
        if not isinstance(do, Mapping) or not do:
            raise ModelError(f"Expected what would have been done as a mapping such as {{'smoking': 0}}, got {do!r}.")
        names, known = _names(outcome), self._known(do, factual)
        worlds, place = second_world(self.diagram, known.done)
        axes = [place.get(wire, wire) for wire in self._axes(names, Known(done=known.done))]
        refuse_chance(self.diagram, place, known.done, self._tables.arrays, ancestors(worlds, [*axes, *known.seen]))
        there = Known(done={place[wire]: level for wire, level in known.done.items()}, seen=known.seen)
        values = self._conditional(tables(worlds, self.mechanisms), axes, there, _condition(None, factual))
        title = f"P({', '.join(names)} had {_condition(do, None)[3:]}{_condition(None, factual)})"
        return Distribution(names, tuple(levels_of(worlds.wires[wire]) for wire in axes), values, title)

    def marginals(self, *, do: Mapping[str, Any] | None = None, given: Mapping[str, Any] | None = None) -> dict[str, Distribution]:
        """P(v | do(...), given) of every variable v that is neither done nor given, all from one pass forth and one back."""
        known, condition = self._known(do, given), _condition(do, given)
        wires = [wire for wire in range(len(self.diagram.wires)) if wire not in known.done and wire not in known.seen]
        found = contraction.marginals(self._tables, wires, known)
        totals = {wire: table.sum(axis=-1, keepdims=True) for wire, table in found.items()}
        if any(total.min() < _TINY for total in totals.values()):
            found = contraction.marginals(self._tables, wires, known, rescale=True)
            totals = {wire: table.sum(axis=-1, keepdims=True) for wire, table in found.items()}
            for total in totals.values():
                self._refuse_impossible(total, known, condition)
        names = self.diagram.variables
        return {names[wire]: Distribution((names[wire],), (self._levels[wire],), found[wire] / totals[wire], f"P({names[wire]}{condition})") for wire in wires}

    def joint(self, *, do: Mapping[str, Any] | None = None) -> Distribution:
        """The joint distribution of all variables that are observed, the hidden ones summed over."""
        done = self._known(do, None).done
        return self.query([name for name in self.diagram.observed if self._position[name] not in done], do=do)

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
        drawn = self._drawn(n, np.random.default_rng(seed), self._known(do, None).done)
        observed = dict.fromkeys(self.diagram.outputs)
        return pd.DataFrame({self.diagram.variables[wire]: np.asarray(self._levels[wire])[drawn[wire]] for wire in observed})

    def _drawn(self, n: int, rng: np.random.Generator, done: Mapping[int, int]) -> dict[int, np.ndarray]:
        drawn: dict[int, np.ndarray] = {}
        for box in in_order(self.diagram):
            (wire,) = box.outputs
            below = np.cumsum(self._table(box), axis=-1)[tuple(drawn[cause] for cause in box.inputs)][..., :-1]
            drawn[wire] = np.full(n, done[wire]) if wire in done else (rng.random(n)[:, None] >= below).sum(axis=-1)
        return drawn

    def _table(self, box: Box) -> np.ndarray:
        if box.kind == "point":
            (wire,) = box.outputs
            return np.eye(self._tables.sizes[wire])[level_position(self.diagram.wires[wire], box.value)]
        return self._tables.arrays[box.name, box.kind]

    def _refuse_draws(self, purpose: str) -> None:
        if self._tables.batch:
            raise ModelError(f"Expected one table for each mechanism to {purpose}, got draws of shape {self._tables.batch}; choose one of them first.")

    @cached_property
    def _position(self) -> dict[str, int]:
        return {name: position for position, name in enumerate(self.diagram.variables)}

    @cached_property
    def _levels(self) -> tuple[tuple[Any, ...], ...]:
        return tuple(wire.levels or () for wire in self.diagram.wires)

    def _wire(self, name: str) -> int:
        return self._position[name] if name in self._position else self.diagram.position(name)

    def _values(self, levels: Mapping[str, Any] | None) -> dict[int, int]:
        wires = {self._wire(name): level for name, level in (levels or {}).items()}
        return {wire: level_position(self.diagram.wires[wire], level) for wire, level in wires.items()}

    def _known(self, do: Do | None, given: Mapping[str, Any] | None) -> Known:
        if do is None or isinstance(do, Mapping):
            return Known(done=self._values(do), seen=self._values(given))
        return Known(opened=tuple(self._wire(name) for name in _names(do)), seen=self._values(given))

    def _axes(self, names: Sequence[str], known: Known) -> list[int]:
        wires = [self._wire(name) for name in names]
        for name, wire in zip(names, wires, strict=True):
            if wire in known.done or wire in known.opened or wire in known.seen or wires.count(wire) > 1:
                how = "asked for twice" if wires.count(wire) > 1 else "given as observed" if wire in known.seen else "set by `do`"
                raise ModelError(f"Expected outcomes that are neither done nor given, each once; {name!r} is {how}.")
        if not names:
            raise ModelError("Expected at least one outcome, got none; the probability of an event is `network.probability({...})`.")
        return wires

    def _conditional(self, tables: Tables, axes: Sequence[int], known: Known, condition: str) -> np.ndarray:
        """The distribution over all axes but those that are open, given what is known."""
        inner = tuple(range(len(known.opened) - len(axes), 0))
        joint = contraction.evaluate(tables, axes, known)
        total = joint.sum(axis=inner, keepdims=True)
        if total.min() < _TINY:
            joint = contraction.evaluate(tables, axes, known, rescale=True)
            total = joint.sum(axis=inner, keepdims=True)
            self._refuse_impossible(total, known, condition)
        return joint / total

    def _refuse_impossible(self, total: np.ndarray, known: Known, condition: str) -> None:
        """An error if what is given has probability zero, for some level of what is open or some of the draws."""
        if (total > 0).all():
            return
        bad = (total <= 0).reshape(prod(self._tables.batch), -1).any(axis=1)
        where = f", in {bad.sum()} of {len(bad)} draws" if self._tables.batch else ""
        if known.opened:
            place = np.argwhere(total <= 0)[0][len(self._tables.batch) :]
            at = ", ".join(f"{self.diagram.variables[wire]}={self._levels[wire][level]!r}" for wire, level in zip(known.opened, place, strict=False))
            where = f", with do({at}){where}"
        raise ModelError(f"Expected observations that can occur; the probability of what is given, {condition[3:]}, is zero{where}. Give others or fewer.")


def _names(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _condition(do: Do | None, given: Mapping[str, Any] | None) -> str:
    """ " | do(x=1), z=0", or nothing."""
    done = [f"{name}={level!r}" for name, level in do.items()] if isinstance(do, Mapping) else list(_names(do or ()))
    parts = ([f"do({', '.join(done)})"] if done else []) + [f"{name}={level!r}" for name, level in (given or {}).items()]
    return f" | {', '.join(parts)}" if parts else ""


def _tabulated(diagram: Diagram, box: Box, function: Callable[..., Any]) -> np.ndarray:
    """The table of a mechanism that is a function of its causes' levels."""
    wires = [diagram.wires[wire] for wire in (*box.inputs, *box.outputs)]
    known = [levels_of(wire) for wire in wires]
    table = np.zeros([len(levels) for levels in known])
    for place in np.ndindex(*table.shape[:-1]):
        level = function(*(levels[at] for levels, at in zip(known, place, strict=False)))
        table[(*place, level_position(wires[-1], level))] = 1
    return table


def _check_distribution(name: str, table: np.ndarray) -> None:
    """An error unless the table is non-negative and sums to one over its last axis."""
    if not np.isfinite(table).all() or table.min(initial=0.0) < 0:
        raise ModelError(f"Expected probabilities of 0 or more for {name!r}, got {table[~(table >= 0)][0]}.")
    sums = table.sum(axis=-1)
    wrong = np.argwhere(np.abs(sums - 1) > _ROUNDING)
    if len(wrong):
        at = tuple(map(int, wrong[0]))
        where = f" at {at}" if at else ""
        raise ModelError(f"Expected probabilities of {name!r} that sum to 1 over the last axis, causes coming first; they sum to {sums[at]:.6g}{where}.")
