"""Bayesian networks: a structural causal model with its mechanisms as tables, and exact inference.

P(y | do(x), z) = Σ_rest Π_{v not in x} P(v | causes of v) [x, z at their values] / the same, summed
over y too. This is the truncated factorisation (g-formula), computed by variable elimination.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core import argument_validation as validation
from causalstats.core.argument_types import Level, Levels
from causalstats.core.files import write_whole
from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.hypergraph import Box
from causalstats.diagrams.core.normalisation import refuse_normalised
from causalstats.diagrams.core.ordering import in_order
from causalstats.diagrams.diagram import Diagram
from causalstats.diagrams.formats.bif import read_bif, write_bif
from causalstats.diagrams.networks.conditioning import (
    conditional,
    conditional_marginals,
)
from causalstats.diagrams.networks.counterfactual import (
    add_world,
    joint_of_three_worlds,
    probabilities_of_causation,
    refuse_random_mechanisms,
)
from causalstats.diagrams.networks.distribution import Distribution
from causalstats.diagrams.networks.mechanisms import (
    NetworkTables,
    check_distribution,
    level_position,
    levels_of,
    network_tables,
    tabulated,
)
from causalstats.diagrams.networks.tensor_contraction import Conditions, contract_tables
from causalstats.errors import ModelError, StoreError

if TYPE_CHECKING:
    import pandas as pd

Intervention = Mapping[str, Level] | Sequence[str] | str
_MOST_ROWS = 100_000_000
_SEED = validation.Number(least=0, most=2**32 - 1, whole=True)


@dataclass(frozen=True, eq=False, repr=False)
class BayesianNetwork:
    """A causal model with a conditional probability table for each mechanism.

    Parameters
    ----------
    diagram : Diagram
        One box for each variable and no inputs. Variables without levels get 0, 1, ... by the size
        of their table.
    mechanisms : mapping of str to array or function
        For each variable P(variable | causes): an array with axes (batch..., causes in the order of
        their ports..., variable) that sums to 1 over the last. Batch axes are those of posterior
        draws, and every answer then has them. Or a function from levels of the causes to the level
        of the variable.

    Raises
    ------
    ModelError
        If a table is missing, of another shape, or no distribution; if the diagram is no causal
        model.

    References
    ----------
    Pearl (2009), Causality, section 3.2.3: the truncated factorisation. Robins (1986): the
    g-formula.

    Examples
    --------
    >>> network = BayesianNetwork(
    ...     Diagram.parse("z -> x, y; x -> y"),
    ...     {
    ...         "z": [0.5, 0.5],
    ...         "x": [[0.8, 0.2], [0.3, 0.7]],
    ...         "y": [[[0.9, 0.1], [0.6, 0.4]], [[0.5, 0.5], [0.2, 0.8]]],
    ...     },
    ... )
    >>> round(network.query("y", do={"x": 1})[1], 3)
    0.6
    >>> round(network.query("y", given={"x": 1})[1], 3)
    0.711
    """

    diagram: Diagram
    mechanisms: Mapping[str, Any]
    _tables: NetworkTables = field(init=False)

    def __post_init__(self) -> None:
        remedy = "Read text with `Diagram.parse`."
        arguments.instance(Diagram, "the diagram", self.diagram, remedy)
        remedy = "Say {'x': [0.5, 0.5], ...}."
        arguments.instance(Mapping, "the mechanisms", self.mechanisms, remedy)
        if not self.diagram.is_network:
            raise ModelError(
                "Expected the diagram of a causal model: no inputs, and a box of its own for each "
                "variable."
            )
        refuse_normalised(self.diagram)
        boxes = {box.name: box for box in self.diagram.boxes if box.kind == "mechanism"}
        tables = network_tables(
            self.diagram, _as_tables(self.diagram, boxes, self.mechanisms)
        )
        mechanisms = {name: tables.table(box) for name, box in boxes.items()}
        for name, table in mechanisms.items():
            check_distribution(name, table)
        sizes = {
            wire.name: tables.sizes[number]
            for number, wire in enumerate(self.diagram.wires)
            if wire.levels is None
        }
        diagram = self.diagram.with_levels(sizes) if sizes else self.diagram
        object.__setattr__(self, "diagram", diagram)
        object.__setattr__(self, "mechanisms", MappingProxyType(mechanisms))
        object.__setattr__(self, "_tables", replace(tables, diagram=diagram))

    def __repr__(self) -> str:
        batch = self._tables.batch
        draws = (
            f", {'×'.join(map(str, batch))} draws of each mechanism" if batch else ""
        )
        names = self.diagram.variables
        return f"BayesianNetwork({len(names)} variables: {', '.join(names)}{draws})"

    @classmethod
    def from_bif(cls, source: str | Path) -> BayesianNetwork:
        """Return the network of a file in the interchange format BIF, or of its text.

        Levels are strings. Printed probabilities are rounded: those that sum to 1 within 0.02 are
        divided by their sum.

        Parameters
        ----------
        source : str or pathlib.Path

        Returns
        -------
        BayesianNetwork

        Raises
        ------
        DataError
            If the text is not BIF, or its probabilities are no distributions.

        Examples
        --------
        >>> network = BayesianNetwork.from_bif('''
        ... network unknown { }
        ... variable x { type discrete [ 2 ] { no, yes }; }
        ... probability ( x ) { table 0.3, 0.7; }
        ... ''')
        >>> network.query("x")["yes"]
        0.7
        """
        diagram, tables = read_bif(source)
        return cls(Diagram.from_hypergraph(diagram), tables)

    def to_bif(self, path: str | Path | None = None) -> str:
        """Return the text of the network in the interchange format BIF; levels become strings.

        Parameters
        ----------
        path : str or pathlib.Path, optional
            A file to write the text to as well.

        Returns
        -------
        str

        Raises
        ------
        ModelError
            If the mechanisms are many draws and not one table each.
        DataError
            If a name or a level cannot be written in BIF.
        StoreError
            If the file cannot be written; one that was there before is unchanged.

        Examples
        --------
        >>> print(BayesianNetwork(Diagram.parse("x"), {"x": [0.25, 0.75]}).to_bif())
        network unknown {
        }
        variable x {
          type discrete [ 2 ] { 0, 1 };
        }
        probability ( x ) {
          table 0.25, 0.75;
        }
        """
        self._refuse_draws("write")
        names = self.diagram.variables
        tables = {names[box.outputs[0]]: self._table(box) for box in self.diagram.boxes}
        text = write_bif(self.diagram, tables)
        if path is not None:
            file = validation.read(validation.Place(), path, "path", StoreError)
            write_whole(file, text.encode())
        return text

    def query(
        self,
        outcome: str | Sequence[str],
        *,
        do: Intervention | None = None,
        given: Levels | None = None,
    ) -> Distribution:
        """Return P(outcome | do(...), given).

        Parameters
        ----------
        outcome : str or list of str
            Several variables give their joint distribution.
        do : mapping of str to level, str, or list of str, optional
            `{"smoking": 1}` sets a variable; `"smoking"`, or a list of names, sets it to each of
            its levels in turn, each a row of the answer.
        given : mapping of str to level, optional
            Observed in the world in which that was done.

        Returns
        -------
        Distribution

        Raises
        ------
        ModelError
            If what is given has probability zero, if an outcome is done or given itself, or if the
            answer is too large to hold.

        Examples
        --------
        >>> network = BayesianNetwork(
        ...     Diagram.parse("x -> y"), {"x": [0.5, 0.5], "y": [[0.9, 0.1], [0.2, 0.8]]}
        ... )
        >>> network.query("y", do="x").values
        array([[0.9, 0.1],
               [0.2, 0.8]])
        """
        names = _names(outcome)
        words = _condition_words(do, given)
        conditions = self._conditions(do, given, may_open=True)
        axes = (*conditions.opened, *self._outcome_wires(names, conditions))
        values = conditional(self._tables, axes, conditions, words)
        opened = tuple(self.diagram.variables[wire] for wire in conditions.opened)
        levels = tuple(self._levels[wire] for wire in axes)
        title = _title(", ".join(names), words)
        return Distribution((*opened, *names), levels, values, title, opened)

    def counterfactual(
        self,
        outcome: str | Sequence[str],
        *,
        do: Levels,
        factual: Levels,
    ) -> Distribution:
        """Return P(outcome had `do` been done | factual).

        Parameters
        ----------
        outcome : str or list of str
        do : mapping of str to level
            Set in the counterfactual world, which shares with the actual one all that does not
            depend on it.
        factual : mapping of str to level
            Observed in the actual world, in which nothing was done.

        Returns
        -------
        Distribution

        Raises
        ------
        ModelError
            If a mechanism that matters in both worlds is random: its table does not say what it
            would have done. If what was observed has probability zero.

        Examples
        --------
        >>> network = BayesianNetwork(
        ...     Diagram.parse("x -> y; hidden: u -> y").with_levels({"x": 2, "y": 2, "u": 2}),
        ...     {"x": [0.5, 0.5], "u": [0.7, 0.3], "y": lambda x, u: x * u},
        ... )
        >>> network.counterfactual("y", do={"x": 1}, factual={"x": 0, "y": 0}).values.round(2)
        array([0.7, 0.3])
        """
        names = _names(outcome)
        conditions = self._conditions(do, factual)
        worlds, position = add_world(self.diagram, conditions.done)
        wires = self._outcome_wires(names, Conditions(done=conditions.done))
        axes = [position.get(wire, wire) for wire in wires]
        refuse_random_mechanisms(worlds, self._tables.arrays, [*axes, *conditions.seen])
        done = {position[wire]: level for wire, level in conditions.done.items()}
        words = _condition_words(None, factual)
        tables = network_tables(worlds, self.mechanisms)
        values = conditional(
            tables, axes, Conditions(done=done, seen=conditions.seen), words
        )
        title = _title(f"{', '.join(names)} had {_condition_words(do, None)}", words)
        levels = tuple(levels_of(worlds.wires[wire]) for wire in axes)
        return Distribution(names, levels, values, title)

    def causation(
        self,
        cause: str,
        outcome: str,
        *,
        levels: Mapping[str, tuple[Level, Level]] | None = None,
    ) -> Mapping[str, float | np.ndarray]:
        """Return the probabilities of necessity and sufficiency (PNS, PN, PS).

        They are the probabilities that the presence of the cause makes the outcome occur and its
        absence makes it not: "necessary_and_sufficient" among all cases, "necessary" among those in
        which both occurred, "sufficient" among those in which neither did.

        Parameters
        ----------
        cause, outcome : str
        levels : mapping of str to (absent, present), optional
            Needed where a variable has more than two levels. Every other level of the outcome
            counts as absence.

        Returns
        -------
        dict of str to float, or to array of draws
            NaN where there are no such cases.

        Raises
        ------
        ModelError
            As for `counterfactual`; `diagrams.causation_bounds` gives bounds from distributions
            alone.

        References
        ----------
        Tian & Pearl (2000), Probabilities of causation: bounds and identification, Ann. Math.
        Artif. Intell. 28.

        Examples
        --------
        >>> network = BayesianNetwork(
        ...     Diagram.parse("x -> y; hidden: u -> y").with_levels({"x": 2, "y": 2, "u": 2}),
        ...     {"x": [0.5, 0.5], "u": [0.7, 0.3], "y": lambda x, u: x * u},
        ... )
        >>> network.causation("x", "y")
        {'necessary_and_sufficient': 0.3, 'necessary': 1.0, 'sufficient': 0.3}
        """
        cause_wire, outcome_wire = self._wire(cause), self._wire(outcome)
        levels = {} if levels is None else levels
        if not isinstance(levels, Mapping):
            raise ModelError(
                "Expected `levels` as a mapping of variables to their levels, got "
                f"{validation.shown(levels)}."
            )
        pairs = {
            name: levels.get(name, self._levels[wire])
            for name, wire in ((cause, cause_wire), (outcome, outcome_wire))
        }
        for name, pair in pairs.items():
            if not isinstance(pair, list | tuple) or len(pair) != 2 or cause == outcome:
                raise ModelError(
                    "Expected two different variables with a level each for absence and presence, "
                    f"got {name!r} with {pair!r}; say `levels`."
                )
        wires = self.diagram.wires
        off, on = (level_position(wires[cause_wire], level) for level in pairs[cause])
        _, event = (
            level_position(wires[outcome_wire], level) for level in pairs[outcome]
        )
        joint = joint_of_three_worlds(
            self.diagram, self.mechanisms, cause_wire, outcome_wire, off, on
        )
        probabilities = probabilities_of_causation(joint, off, on, event)
        if self._tables.batch:
            return probabilities
        return {name: float(value) for name, value in probabilities.items()}

    def marginals(
        self,
        *,
        do: Levels | None = None,
        given: Levels | None = None,
    ) -> dict[str, Distribution]:
        """Return P(v | do(...), given) of every variable v that is neither done nor given.

        All come from one pass forward and one backward.

        Parameters
        ----------
        do, given : mapping of str to level, optional

        Returns
        -------
        dict of str to Distribution

        Raises
        ------
        ModelError
            If what is given has probability zero.

        Examples
        --------
        >>> network = BayesianNetwork(
        ...     Diagram.parse("x -> y"), {"x": [0.5, 0.5], "y": [[0.9, 0.1], [0.2, 0.8]]}
        ... )
        >>> network.marginals(given={"y": 1})["x"].values.round(3)
        array([0.111, 0.889])
        """
        conditions = self._conditions(do, given)
        words = _condition_words(do, given)
        known = {*conditions.done, *conditions.seen}
        wires = [wire for wire in range(len(self.diagram.wires)) if wire not in known]
        values = conditional_marginals(self._tables, wires, conditions, words)
        marginals = {}
        for wire in wires:
            name = self.diagram.variables[wire]
            levels = (self._levels[wire],)
            marginals[name] = Distribution(
                (name,), levels, values[wire], _title(name, words)
            )
        return marginals

    def joint(self, *, do: Levels | None = None) -> Distribution:
        """Return the joint distribution of the observed variables.

        Parameters
        ----------
        do : mapping of str to level, optional
            These variables are left out of the answer.

        Returns
        -------
        Distribution

        Raises
        ------
        ModelError
            If the answer is too large to hold.

        Examples
        --------
        >>> network = BayesianNetwork(
        ...     Diagram.parse("x -> y"), {"x": [0.5, 0.5], "y": [[0.9, 0.1], [0.2, 0.8]]}
        ... )
        >>> network.joint().values
        array([[0.45, 0.05],
               [0.1 , 0.4 ]])
        """
        done = self._conditions(do, None).done
        names = [
            name for name in self.diagram.observed if self._position[name] not in done
        ]
        return self.query(names, do=do)

    def probability(
        self, event: Levels, *, do: Levels | None = None
    ) -> float | np.ndarray:
        """Return P(event | do(...)); 0 where it cannot happen.

        Parameters
        ----------
        event, do : mapping of str to level

        Returns
        -------
        float, or array of draws

        Raises
        ------
        ModelError
            If a variable or level is unknown.

        Examples
        --------
        >>> network = BayesianNetwork(
        ...     Diagram.parse("x -> y"), {"x": [0.5, 0.5], "y": [[0.9, 0.1], [0.2, 0.8]]}
        ... )
        >>> network.probability({"x": 1, "y": 1})
        0.4
        """
        probability = contract_tables(self._tables, (), self._conditions(do, event))
        return probability if self._tables.batch else float(probability)

    def sample(
        self,
        n: int,
        seed: int,
        *,
        do: Levels | None = None,
    ) -> pd.DataFrame:
        """Return independent draws of the observed variables, by ancestral sampling.

        Parameters
        ----------
        n : int
            The number of rows.
        seed : int
        do : mapping of str to level, optional

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        ModelError
            If the mechanisms are many draws and not one table each.

        Examples
        --------
        >>> network = BayesianNetwork(
        ...     Diagram.parse("x -> y"), {"x": [0.5, 0.5], "y": [[0.9, 0.1], [0.2, 0.8]]}
        ... )
        >>> float(network.sample(1000, seed=1, do={"x": 1})["y"].mean())
        0.812
        """
        import pandas as pd

        self._refuse_draws("sample from")
        rows = validation.Number(least=0, most=_MOST_ROWS, whole=True)
        n = validation.read(rows, n, "n", ModelError)
        seed = validation.read(_SEED, seed, "seed", ModelError)
        draws = self._draws(
            n, np.random.default_rng(seed), self._conditions(do, None).done
        )
        columns = {}
        for wire in dict.fromkeys(self.diagram.outputs):
            levels = pd.Index(self._levels[wire], tupleize_cols=False)
            columns[self.diagram.variables[wire]] = levels.take(draws[wire])
        return pd.DataFrame(columns)

    def _draws(
        self,
        n: int,
        rng: np.random.Generator,
        done: Mapping[int, int],
    ) -> dict[int, np.ndarray]:
        """The level of each wire in each row.

        Parameters
        ----------
        n : int
        rng : numpy.random.Generator
        done : mapping of int to int
        """
        draws: dict[int, np.ndarray] = {}
        for box in in_order(self.diagram):
            (wire,) = box.outputs
            cumulative = np.cumsum(self._table(box), axis=-1)
            thresholds = cumulative[tuple(draws[cause] for cause in box.inputs)][
                ..., :-1
            ]
            if wire in done:
                draws[wire] = np.full(n, done[wire])
            else:
                draws[wire] = (rng.random(n)[:, None] >= thresholds).sum(axis=-1)
        return draws

    def _table(self, box: Box) -> np.ndarray:
        if box.kind == "point":
            (wire,) = box.outputs
            level = level_position(self.diagram.wires[wire], box.value)
            return np.eye(self._tables.sizes[wire])[level]
        return self._tables.arrays[box.name, box.kind]

    def _refuse_draws(self, purpose: str) -> None:
        if self._tables.batch:
            raise ModelError(
                f"Expected one table for each mechanism to {purpose}, "
                f"got draws of shape {self._tables.batch}; choose one of them first."
            )

    @cached_property
    def _position(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.diagram.variables)}

    @cached_property
    def _level_numbers(self) -> dict[tuple[str, Any], int]:
        return {
            (name, level): number
            for name, levels in zip(self.diagram.variables, self._levels, strict=True)
            for number, level in enumerate(levels)
        }

    @cached_property
    def _levels(self) -> tuple[tuple[Any, ...], ...]:
        return tuple(wire.levels or () for wire in self.diagram.wires)

    def _wire(self, name: str) -> int:
        return (
            self._position[name]
            if isinstance(name, str) and name in self._position
            else self.diagram.position(name)
        )

    def _by_number(self, levels: Mapping[str, Any] | None) -> dict[int, int]:
        """Wires with the numbers of their levels."""
        if levels is None:
            return {}
        numbers = {}
        for name, level in arguments.values("do, given or an event", levels).items():
            wire = self._wire(name)
            try:
                numbers[wire] = self._level_numbers[name, level]
            except (KeyError, TypeError):  # an equal level of another kind, or an error
                numbers[wire] = level_position(self.diagram.wires[wire], level)
        return numbers

    def _conditions(
        self,
        do: Intervention | None,
        given: Levels | None,
        *,
        may_open: bool = False,
    ) -> Conditions:
        """The interventions and observations, by wire.

        Parameters
        ----------
        do : mapping of str to level, str, or list of str, or None
        given : mapping of str to level, or None
        may_open : bool
            Whether `do` may be names without levels, which opens these variables.
        """
        if do is None or isinstance(do, Mapping):
            return Conditions(done=self._by_number(do), seen=self._by_number(given))
        if not may_open:
            raise ModelError(
                f"Expected what is done as a mapping such as {{'smoking': 0}}, got {do!r}."
            )
        opened = tuple(self._wire(name) for name in _names(do))
        return Conditions(opened=opened, seen=self._by_number(given))

    def _outcome_wires(self, names: Sequence[str], conditions: Conditions) -> list[int]:
        """The wires of the outcomes, which are neither done nor observed."""
        if not names:
            raise ModelError(
                "Expected at least one outcome, got none; the probability of an event is "
                "`network.probability({...})`."
            )
        wires = [self._wire(name) for name in names]
        for name, wire in zip(names, wires, strict=True):
            if wires.count(wire) > 1:
                problem = "asked for twice"
            elif wire in conditions.seen:
                problem = "given as observed"
            elif wire in conditions.done or wire in conditions.opened:
                problem = "set by `do`"
            else:
                continue
            raise ModelError(
                f"Expected outcomes that are neither done nor given, each once; {name!r} is "
                f"{problem}."
            )
        return wires


def _as_tables(
    diagram: Diagram,
    boxes: Mapping[str, Box],
    mechanisms: Mapping[str, Any],
) -> dict[str, Any]:
    """The mechanisms with functions as tables of 0 and 1.

    Parameters
    ----------
    diagram : Diagram
    boxes : mapping of str to Box
        Those of kind "mechanism".
    mechanisms : mapping of str to array or function
    """
    tables = {}
    for name, mechanism in mechanisms.items():
        if name not in boxes:
            diagram.position(name)  # an error if there is no such variable
            tables[name] = mechanism
        elif callable(mechanism):
            tables[name] = tabulated(diagram, boxes[name], mechanism)
        else:
            tables[name] = mechanism
    return tables


def _names(names: str | Sequence[str]) -> tuple[str, ...]:
    return arguments.names("outcome", names)


def _condition_words(do: Intervention | None, given: Levels | None) -> str:
    """Such as "do(x=1), z=0"."""
    if isinstance(do, Mapping):
        done = [
            f"{name}={level!r}" for name, level in arguments.values("do", do).items()
        ]
    else:
        done = list(arguments.names("do", () if do is None else do))
    seen = {} if given is None else arguments.values("given", given)
    parts = [f"do({', '.join(done)})"] if done else []
    parts += [f"{name}={level!r}" for name, level in seen.items()]
    return ", ".join(parts)


def _title(outcome: str, condition: str) -> str:
    return f"P({outcome} | {condition})" if condition else f"P({outcome})"
