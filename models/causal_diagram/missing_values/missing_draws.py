"""Draws of one variable where it is missing, given all others and the regressions.

p(v | rest) ∝ p(v | causes) Π_c p(c | its causes, v among them)

Labels are drawn from all levels. A number is normal where every regression that has it among its
causes is a straight line with normal errors; elsewhere it takes Metropolis steps, from the normal
distribution that these lines and its own regression make, and about its present value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from causalstats.models.causal_diagram.regression.conditionals import (
    Conditional,
    LinearRegression,
)
from causalstats.models.causal_diagram.regression.conditionals.base import Draws

_STEPS = 2  # beside straight lines, whose proposals are nearly the distribution itself
_STEPS_OF_CURVES = 6
_QUARTILES = (0.25, 0.75)
_STEP_SCALE = 1.5


@dataclass(frozen=True, eq=False)
class DrawnConditional:
    """A conditional distribution at one draw of its parameters.

    Parameters
    ----------
    conditional : Conditional
    draws : mapping of name to array (1, ...)
    """

    conditional: Conditional
    draws: Draws

    def log_density(
        self, values: Mapping[str, np.ndarray], changed: str, candidate: np.ndarray
    ) -> np.ndarray:
        """Return the log density of its variable with another value of a cause, (rows,).

        Parameters
        ----------
        values : mapping of variable to array (rows,)
        changed : str
        candidate : array (rows,)
        """
        mean = self.mean({**values, changed: candidate})
        own = values[self.conditional.table.variable]
        return self.conditional.log_density(mean, self.draws, own)[0]

    def mean(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the mean, or the probabilities of levels, (1, rows or 1, 1 or levels)."""
        given = self.conditional.table.given
        return self.conditional.mean(
            self.draws, {name: values[name][None] for name in given}
        )


def draw_label(
    own: DrawnConditional,
    children: Sequence[DrawnConditional],
    values: Mapping[str, np.ndarray],
    rng: np.random.Generator,
) -> np.ndarray:
    """Return positions of levels of a label in the rows in which it is missing, (rows,).

    Parameters
    ----------
    own : DrawnConditional
        Of the label.
    children : sequence of DrawnConditional
        Those that have the label among their causes.
    values : mapping of variable to array (rows,)
    rng : numpy Generator
    """
    name = own.conditional.table.variable
    rows = len(values[name])
    shares = own.mean(values)[0]
    logs = np.log(np.broadcast_to(shares, (rows, shares.shape[-1])))
    for child in children:
        parts = [
            child.log_density(values, name, np.full(rows, level))
            for level in range(logs.shape[1])
        ]
        logs = logs + np.column_stack(parts)
    gumbel = rng.gumbel(size=logs.shape)
    return np.asarray((logs + gumbel).argmax(axis=1))


def draw_number(
    own: DrawnConditional,
    children: Sequence[DrawnConditional],
    values: Mapping[str, np.ndarray],
    seen: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return a number in the rows in which it is missing, (rows,).

    Parameters
    ----------
    own : DrawnConditional
        Of the number, a linear regression.
    children : sequence of DrawnConditional
    values : mapping of variable to array (rows,)
        The number at its present value.
    seen : array (observations,)
        Where the number was seen, whose quartiles straight lines are taken between.
    rng : numpy Generator
    """
    name = own.conditional.table.variable
    rows = len(values[name])
    straight = [
        child for child in children if isinstance(child.conditional, LinearRegression)
    ]
    precision, centre = _normal(own, straight, values, np.quantile(seen, _QUARTILES))
    sd = 1 / np.sqrt(precision)
    proposal = centre + sd * rng.standard_normal(rows)
    basis_size = own.conditional.model.basis_size
    if len(straight) == len(children) and basis_size == 1:
        return proposal

    def target(at: np.ndarray) -> np.ndarray:
        mean = own.mean(values)
        density = own.conditional.log_density(mean, own.draws, at)[0]
        for child in children:
            density = density + child.log_density(values, name, at)
        return np.asarray(density)

    present = values[name]
    height = target(present)
    for step in range(_STEPS if basis_size == 1 else _STEPS_OF_CURVES):
        if step % 2 == 0:
            proposal = centre + sd * rng.standard_normal(rows)
            back = ((proposal - centre) ** 2 - (present - centre) ** 2) / sd**2 / 2
        else:
            proposal = present + _STEP_SCALE * sd * rng.standard_normal(rows)
            back = np.zeros(rows)
        proposed = target(proposal)
        accepted = np.log(rng.random(rows)) < proposed - height + back
        present = np.where(accepted, proposal, present)
        height = np.where(accepted, proposed, height)
    return np.asarray(present)


def _normal(
    own: DrawnConditional,
    straight: Sequence[DrawnConditional],
    values: Mapping[str, np.ndarray],
    ends: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return precision and mean of the normal distribution that straight lines make, (rows,).

    With the own regression N(m, s²) and c = a + b v + e, e ~ N(0, σ²), of each child:
    precision 1/s² + Σ b²/σ², mean (m/s² + Σ b (c - a)/σ²) / precision.

    Parameters
    ----------
    own : DrawnConditional
    straight : sequence of DrawnConditional
        Linear regressions; curves are taken for lines between `ends`.
    values : mapping of variable to array (rows,)
    ends : array (2,)
    """
    name = own.conditional.table.variable
    rows = len(values[name])
    weight = np.full(rows, 1 / _variance(own))
    total = weight * own.mean(values)[0, :, 0]
    low, high = ends if ends[1] > ends[0] else (ends[0], ends[0] + 1.0)
    for child in straight:
        at_low = child.mean({**values, name: np.full(rows, low)})[0, :, 0]
        at_high = child.mean({**values, name: np.full(rows, high)})[0, :, 0]
        slope = (at_high - at_low) / (high - low)
        rest = values[child.conditional.table.variable] - (at_low - slope * low)
        weight = weight + slope**2 / _variance(child)
        total = total + slope * rest / _variance(child)
    return weight, total / weight


def _variance(drawn: DrawnConditional) -> float:
    assert isinstance(drawn.conditional, LinearRegression)
    return float(drawn.draws[drawn.conditional.error_sd_name][0] ** 2)
