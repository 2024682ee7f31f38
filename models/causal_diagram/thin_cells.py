"""Thin cells: whether the strata of a formula hold enough observations for tables.

A stratum is a combination of levels of the confounders of a conditional distribution. It is thin
where some level of the treatment was seen in it fewer than five times: a table then has its prior
there, in place of data. A large stratum that lacks a level altogether is not thin: there is no
overlap, and regressions would only carry on beyond the data.

Two to five confounders, 60 data sets each, standard error .03: with a twentieth of the people or
fewer in thin strata, tables covered .88 to .98 and regressions .90 to .98, at nearly one length;
with few treated, few events and more than a tenth in thin strata, tables covered .48 to .98 with a
bias of up to .09, and regressions .90 to 1.00 with a bias of up to .02.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.errors import ModelError
from causalstats.models.causal_diagram.regression.conditionals.hierarchical import (
    treatment_among,
)
from causalstats.models.causal_diagram.regression.g_formula import simulation_order

if TYPE_CHECKING:
    from causalstats.data import Observations
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.tables import Table

_FEWEST_OF_A_LEVEL = 5
_LARGEST_SHARE_THIN = 0.1
_CHANCE_OF_NONE = 0.01
MOST_MAIN = 600  # coefficients of the causes by themselves that regressions hold


def share_in_thin_strata(
    model: CausalDiagram, table: Table, data: Observations
) -> float:
    """Return the share of the observations in strata where some level was hardly seen.

    Parameters
    ----------
    model : CausalDiagram
    table : Table
        The conditional distribution.
    data : Observations
    """
    levels = model.levels(data)
    treatment = treatment_among(model, table)
    confounders = [name for name in table.given if name != treatment]
    columns = [data.places(name, levels[name]) for name in confounders]
    matrix = np.column_stack([np.zeros(len(data.counts)), *columns])
    strata = np.unique(matrix, axis=0, return_inverse=True)[1].ravel()
    arms = np.zeros(len(data.counts), int)
    arm_count = 1
    if treatment:
        arms = data.places(treatment, levels[treatment])
        arm_count = len(levels[treatment])
    counts = np.zeros((int(strata.max()) + 1, arm_count))
    np.add.at(counts, (strata, arms), data.counts)
    thin = counts.min(axis=1) < _FEWEST_OF_A_LEVEL
    thin &= ~lacking_levels(counts).any(axis=1)
    return float(counts[thin].sum() / max(counts.sum(), 1.0))


def lacking_levels(counts: np.ndarray) -> np.ndarray:
    """Return which levels strata lack although they are large, shape (strata, levels).

    Nobody has the level, and of as many people with the shares of all somebody would, with a
    probability of .99.

    Parameters
    ----------
    counts : array, shape (strata, levels)

    Examples
    --------
    >>> lacking_levels(np.array([[50.0, 50.0], [40.0, 0.0], [2.0, 0.0]])).any(axis=1)
    array([False,  True, False])
    """
    shares = counts.sum(axis=0) / max(counts.sum(), 1.0)
    chance = (1 - shares) ** counts.sum(axis=1, keepdims=True)
    return (counts == 0) & (shares > 0) & (chance < _CHANCE_OF_NONE)


def regressions_are_needed(model: CausalDiagram, data: Observations) -> bool:
    """Return whether more than a tenth of the observations are in thin strata of the formula.

    False where hierarchical regressions cannot give the answer: it is not identified, its formula
    is no product of conditional distributions, a variable is a number, or levels are too many.

    Parameters
    ----------
    model : CausalDiagram
    data : Observations
    """
    if not model.identification.identified or data.continuous:
        return False
    try:
        tables = simulation_order(model.identification).tables
    except ModelError:
        return False
    if any(main_coefficients(model, table, data) > MOST_MAIN for table in tables):
        return False
    shares = [share_in_thin_strata(model, table, data) for table in tables]
    return max(shares) > _LARGEST_SHARE_THIN


def main_coefficients(model: CausalDiagram, table: Table, data: Observations) -> int:
    """Return the number of coefficients of the causes by themselves, numbers counted as one.

    Parameters
    ----------
    model : CausalDiagram
    table : Table
    data : Observations
    """
    levels = model.default_levels(data.levels)
    widths = [
        len(levels[name]) - 1 if name not in data.continuous else model.basis_size
        for name in table.given
    ]
    return sum(widths) * (len(levels[table.variable]) - 1)
