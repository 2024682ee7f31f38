"""G-computation: the Monte Carlo g-formula (Robins 1986), for each draw of the posterior.

People are simulated under an intervention, and their outcomes averaged; labels between treatment
and outcome are summed over rather than drawn, where that can be held. Variables without a
condition come from the observed rows themselves, with weights that are a draw of the Bayesian
bootstrap (Rubin 1981). Arms of an intervention share their random numbers, so that the difference
between arms is that of the intervention.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.models.causal_diagram.levels import Levels
from causalstats.models.causal_diagram.regression.conditionals import (
    Conditional,
    conditionals_of,
)
from causalstats.models.causal_diagram.regression.conditionals.base import Draws
from causalstats.models.causal_diagram.regression.g_formula import SimulationOrder, Step
from causalstats.models.causal_diagram.regression.terms import values_of

if TYPE_CHECKING:
    from causalstats.data import Observations
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.tables import Table

SEED = 0
"""The seed of the simulated people: one for all queries, so that answers can be compared."""

SIMULATION = "simulation"
"""An attribute of draws with a number of its own for people who are simulated with them."""

_MOST_PEOPLE = 2000  # made for each draw
_FEWEST_PEOPLE = 200
_MOST_PEOPLE_BY_LEVEL = (
    20_000  # of one draw, with the levels of labels that are not drawn
)
_PEOPLE_AT_ONCE = 1_000_000  # of several draws
_MOST_DRAWS = 1000

RowFunction = Callable[[Mapping[str, np.ndarray]], np.ndarray]
"""A function of what people are, by its name in the simulation, shape (draws or 1, people)."""

Arm = Mapping[str, float | tuple[float, float] | RowFunction]
"""The values that variables are set to, or were seen at: numbers, positions of levels, ranges of
numbers that were seen, or functions of the people."""


@dataclass(frozen=True, eq=False)
class GComputation:
    """The simulation of a g-formula on data.

    Parameters
    ----------
    order : SimulationOrder
    conditionals : mapping of Table to Conditional
    data : Observations
    levels : mapping of variable to its levels
    inside : Boolean array (rows,), or None
        The rows of the group that the answer is about; all of them without it.
    share : function of the people, or None
        The share of each person that the answer counts; all of them without it.
    """

    order: SimulationOrder
    conditionals: Mapping[Table, Conditional]
    data: Observations
    levels: Levels
    inside: np.ndarray | None = None
    share: RowFunction | None = None

    @property
    def people(self) -> int:
        """The number of people that are made for each draw."""
        rows = len(self.data.counts)
        return min(_MOST_PEOPLE, rows * ceil(_FEWEST_PEOPLE / rows))

    @property
    def people_with_levels(self) -> int:
        """The number of people once they are divided over levels of labels."""
        people = self.people
        for step in self.order.steps[:-1]:
            levels = len(self.levels.get(step.table.variable, ()))
            drawn = step.name not in self.order.seen
            if drawn and levels and people * levels <= _MOST_PEOPLE_BY_LEVEL:
                people *= levels
        return people

    def mean_outcome(
        self,
        draws: Draws,
        arm: Arm,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Return the mean outcome in one arm, shape (draws, 1 or levels of the outcome).

        Where something was seen, that of the people who have it.

        Parameters
        ----------
        draws : mapping of name to array (draws, ...)
        arm : mapping of variable to its value
        rng : numpy Generator
        """
        *before, last = self.order.steps
        values, weights = self._simulated(draws, arm, before, rng)
        mean = self.conditionals[last.table].mean(draws, _causes(last, values))
        if self.order.seen and weights is not None:
            weights = weights / weights.sum(axis=1, keepdims=True)
        if self.share is not None:
            if weights is None:
                weights = np.full((1, mean.shape[1]), 1 / mean.shape[1])
            weights = weights * self.share(values)
        elif weights is None or (mean.shape[1] == 1 and not self.order.seen):
            return mean.mean(axis=1)
        return (mean * weights[:, :, None]).sum(axis=1)

    def probability(
        self, draws: Draws, arm: Arm, rng: np.random.Generator
    ) -> np.ndarray:
        """Return the probability of all that was seen, shape (draws, 1).

        Parameters
        ----------
        draws : mapping of name to array (draws, ...)
        arm : mapping of variable to its value
        rng : numpy Generator
        """
        _, weights = self._simulated(draws, arm, self.order.steps, rng)
        assert weights is not None
        return weights.sum(axis=1, keepdims=True)

    def _simulated(
        self, draws: Draws, arm: Arm, steps: Sequence[Step], rng: np.random.Generator
    ) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
        """Return simulated people, and their weights; None where all count the same.

        Parameters
        ----------
        draws : mapping of name to array (draws, ...)
        arm : mapping of variable to its value
        steps : sequence of Step
            Those to simulate.
        rng : numpy Generator
        """
        size = len(next(iter(draws.values()))) if draws else 1
        values = {
            name: np.full((size, 1), value)
            for name, value in arm.items()
            if not callable(value) and not isinstance(value, tuple)
        }
        waiting = {name: value for name, value in arm.items() if callable(value)}
        weights = None
        for k, group in enumerate(self.order.groups):
            columns = {
                name: values_of(variable, self.data, self.levels)
                for variable, name in group
            }
            seen = [
                _is_seen(column, arm[name])
                for name, column in columns.items()
                if name in self.order.seen
            ]
            kept = np.logical_and.reduce(seen) if seen else None
            rows, row_weights = self._rows(size, k, rng, kept)
            if k == 0:
                weights = row_weights
            elif kept is not None:
                weights = weights * row_weights.sum(axis=1, keepdims=True)
            values |= {name: column[rows] for name, column in columns.items()}
        people = self.people
        for step in steps:
            _set_by_policy(waiting, step.given, values)
            conditional = self.conditionals[step.table]
            mean = conditional.mean(draws, _causes(step, values))
            levels = len(self.levels.get(step.table.variable, ()))
            if step.name in self.order.seen:
                if weights is None:
                    weights = np.full((size, people), 1 / people)
                level = int(arm[step.name])  # type: ignore[arg-type]
                weights = weights * mean.take(level, axis=-1)
            elif levels and people * levels <= _MOST_PEOPLE_BY_LEVEL:
                weights = _weights_by_level(mean, weights, people)
                values = {
                    name: _repeated(each, levels) for name, each in values.items()
                }
                values[step.name] = np.tile(np.arange(levels), people)[None]
                people *= levels
            else:
                values[step.name] = conditional.sample(mean, draws, people, rng)
        if self.order.steps:
            _set_by_policy(waiting, self.order.steps[-1].given, values)
        return values, weights

    def _rows(
        self,
        size: int,
        group: int,
        rng: np.random.Generator,
        kept: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return rows of a group (draws or 1, people), and their weights.

        The first group has all rows, each as often as there is room for, with weights that are a
        draw of the Bayesian bootstrap; other groups, and rows that are too many, are drawn by it,
        from those alone that count. The weights sum to the share of the rows that are kept.

        Parameters
        ----------
        size : int
            Draws.
        group : int
        rng : numpy Generator
        kept : Boolean array (rows,), optional
            The rows with what was seen; all of them without it.
        """
        counts = self.data.counts
        people = self.people
        weights = rng.standard_gamma(counts, (size, len(counts)))
        counted = np.ones(len(counts), bool)
        if self.inside is not None and group == 0:
            weights *= self.inside
            counted &= self.inside
        weights /= weights.sum(axis=1, keepdims=True)
        if kept is not None:
            weights *= kept
            counted &= kept
        if group == 0 and len(counts) <= people:
            times = people // len(counts)
            rows = np.tile(np.arange(len(counts)), times)[None]
            return rows, np.tile(weights, times) / times
        places = np.flatnonzero(counted)
        if not len(places):
            return np.zeros((1, people), int), np.zeros((size, people))
        weights = weights[:, places]
        if group == 0 and len(places) <= people:
            times = people // len(places)
            filled = times * len(places)
            rows = np.zeros((1, people), int)
            rows[0, :filled] = np.tile(places, times)
            spread = np.zeros((size, people))
            spread[:, :filled] = np.tile(weights, times) / times
            return rows, spread
        cumulative = np.cumsum(weights, axis=1)
        share = cumulative[:, -1:]
        uniform = rng.random((size, people)) * share
        found = np.stack(
            [np.searchsorted(*pair) for pair in zip(cumulative, uniform, strict=True)]
        )
        rows = places[found.clip(max=len(places) - 1)]
        return rows, np.broadcast_to(share / people, (size, people))


def _is_seen(column: np.ndarray, value: Any) -> np.ndarray:
    """Return which people have the value that was seen, or are within its range."""
    if isinstance(value, tuple):
        low, high = value
        return (column >= low) & (column <= high)
    return column == value


def _set_by_policy(
    waiting: dict[str, Any], needed: Sequence[str], values: dict[str, np.ndarray]
) -> None:
    """Set the variables that are needed next by their policies; what these read is known by now.

    Parameters
    ----------
    waiting : dict of name to function of the people
        Those that are set are taken out.
    needed : sequence of str
    values : dict of name to array (draws or 1, people)
        Grows.
    """
    for name in [name for name in needed if name in waiting]:
        values[name] = waiting.pop(name)(values)


def _weights_by_level(
    mean: np.ndarray, weights: np.ndarray | None, people: int
) -> np.ndarray:
    """Return the weights of people who are divided over the levels of a label.

    In place of a drawn level a person has all of them, with their probabilities as weights: nothing
    is left to chance.

    Parameters
    ----------
    mean : array, shape (draws, people or 1, levels)
        The probabilities.
    weights : array, shape (draws, people), or None
    people : int

    Returns
    -------
    array, shape (draws, people * levels)
    """
    shape = (len(mean), people, mean.shape[-1])
    if weights is None:
        weights = np.full(shape[:2], 1 / people)
    return (weights[:, :, None] * np.broadcast_to(mean, shape)).reshape(len(mean), -1)


def _repeated(values: np.ndarray, times: int) -> np.ndarray:
    """Return values of people, each as often in a row; those that all share stay as they are."""
    return values if values.shape[1] == 1 else np.repeat(values, times, axis=1)


def _causes(step: Step, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the values of the causes of a step, by variable."""
    return {
        cause: values[name]
        for cause, name in zip(step.table.given, step.given, strict=True)
    }


def mean_outcomes(
    model: CausalDiagram,
    order: SimulationOrder,
    draws: xr.Dataset,
    data: Observations,
    arms: Sequence[Arm],
    inside: np.ndarray | None = None,
    share: RowFunction | None = None,
) -> xr.DataArray:
    """Return E[outcome | do(arm)], or the probability of each level of a label.

    Parameters
    ----------
    model : CausalDiagram
    order : SimulationOrder
        The g-formula.
    draws : Dataset
        Draws of the conditional distributions; thinned to some thousand.
    data : Observations
    arms : sequence of mapping of variable to its value
    inside : Boolean array (rows,), optional
        The rows of the group that the answer is about; all of them without it.
    share : function of the people, optional
        The share of each person that the answer counts.

    Returns
    -------
    DataArray
        Dims (chain, draw, arm, event), one event for a number, one a level for a label.
    """
    simulation = _simulation(model, order, data, inside, share)
    return _by_draw(simulation.mean_outcome, simulation, draws, arms)


def probabilities(
    model: CausalDiagram,
    order: SimulationOrder,
    draws: xr.Dataset,
    data: Observations,
    arms: Sequence[Arm],
) -> xr.DataArray:
    """Return the probability of all that was seen, where each arm sets and sees other values.

    Parameters
    ----------
    model : CausalDiagram
    order : SimulationOrder
        The g-formula, without an outcome.
    draws : Dataset
    data : Observations
    arms : sequence of mapping of variable to its value

    Returns
    -------
    DataArray, dims (chain, draw, arm)
    """
    simulation = _simulation(model, order, data)
    table = _by_draw(simulation.probability, simulation, draws, arms)
    return table.isel(event=0)


def _simulation(
    model: CausalDiagram,
    order: SimulationOrder,
    data: Observations,
    inside: np.ndarray | None = None,
    share: RowFunction | None = None,
) -> GComputation:
    conditionals = conditionals_of(model, order.tables, data)
    return GComputation(order, conditionals, data, model.levels(data), inside, share)


def simulation_of(draws: xr.Dataset) -> list[int]:
    """Return the number that draws have for simulated people, in a list; none where they have none.

    Examples
    --------
    >>> simulation_of(xr.Dataset(attrs={SIMULATION: 3})), simulation_of(xr.Dataset())
    ([3], [])
    """
    return [int(draws.attrs[SIMULATION])] if SIMULATION in draws.attrs else []


def _by_draw(
    answer: Callable[[Draws, Arm, np.random.Generator], np.ndarray],
    simulation: GComputation,
    draws: xr.Dataset,
    arms: Sequence[Arm],
) -> xr.DataArray:
    """Return an answer for each draw and arm, dims (chain, draw, arm, event).

    Parameters
    ----------
    answer : function of draws, an arm and a generator
        The method of the simulation.
    simulation : GComputation
    draws : Dataset
        Thinned to some thousand.
    arms : sequence of mapping of variable to its value
        They share their random numbers.
    """
    thin = max(1, draws.sizes["chain"] * draws.sizes["draw"] // _MOST_DRAWS)
    draws = draws.isel(draw=slice(None, None, thin))
    own = simulation_of(draws)
    flat = {
        str(name): values.to_numpy().reshape(-1, *values.shape[2:])
        for name, values in draws.transpose("chain", "draw", ...).data_vars.items()
    }
    chains = draws.sizes["chain"]
    size = draws.sizes["draw"]
    step = max(1, _PEOPLE_AT_ONCE // simulation.people_with_levels)
    parts = []
    for start in range(0, chains * size, step):
        some = {name: values[start : start + step] for name, values in flat.items()}
        answers = [
            answer(some, arm, np.random.default_rng([SEED, start, *own]))
            for arm in arms
        ]
        parts.append(np.stack(answers, axis=1))
    values = np.concatenate(parts).reshape(chains, size, len(arms), -1)
    return xr.DataArray(values, dims=("chain", "draw", "arm", "event"))
