"""Tables of a study by hierarchical logistic regressions, for cells that hold few people.

Each conditional distribution of labels given labels is a regression, and its draws are tables: the
probabilities that each draw of the coefficients gives to every cell, seen or not. Distributions
given nothing stay Dirichlet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Observations
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.levels import Levels
from causalstats.models.causal_diagram.regression.conditionals.hierarchical import (
    HierarchicalLogistic,
)
from causalstats.models.causal_diagram.regression.hierarchical.model_checks import (
    kernel_checks,
)
from causalstats.models.causal_diagram.tables import Table
from causalstats.models.causal_diagram.thin_cells import MOST_MAIN, main_coefficients
from causalstats.numerics.regression.hierarchical_logistic import draw_coefficients

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram

_MOST_NUMBERS = 5e7  # of the draws of a table
_LARGEST_MEAN_SHIFT = 0.6
_SEED = 0


def regressions_of(
    model: CausalDiagram, tables: Sequence[Table], levels: Levels, data: Observations
) -> list[HierarchicalLogistic]:
    """Return the regressions of the tables that are given something.

    Parameters
    ----------
    model : CausalDiagram
        Whose priors they have, and whose treatment.
    tables : sequence of Table
    levels : mapping of variable to its levels
    data : Observations

    Raises
    ------
    ModelError
        If a regression has too many coefficients.
    """
    for table in tables:
        size = main_coefficients(model, table, data) if table.given else 0
        if size > MOST_MAIN:
            raise ModelError(
                f"{table.name} has {size:,} coefficients, and at most {MOST_MAIN} can be held. "
                "Join levels, or leave out variables that the answer does not need."
            )
    return [
        HierarchicalLogistic(model, table, number, data, levels)
        for number, table in enumerate(tables)
        if table.given
    ]


def drawn_tables(
    regressions: Sequence[HierarchicalLogistic],
    size: tuple[int, int],
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Return draws of the tables that regressions make, (chain, draw, given..., variable).

    Parameters
    ----------
    regressions : sequence of HierarchicalLogistic
    size : (int, int)
        Chains and draws.
    rng : numpy Generator

    Raises
    ------
    ModelError
        If the draws of a table would be too large to hold.
    """
    tables = {}
    for regression in regressions:
        arrays = {
            name: values for name, (_, values) in regression.draw(size, rng).items()
        }
        name, values = _table_of(regression, arrays, size)
        tables[name] = values
    return tables


def drawn_without_correction(
    regressions: Sequence[HierarchicalLogistic], draws: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the same draws of tables with and without the correction for skewness.

    The normal approximation is about the mode of the coefficients, and draws are moved by the first
    order of the difference of mean and mode.

    Parameters
    ----------
    regressions : sequence of HierarchicalLogistic
    draws : int
    """
    corrected, normal = {}, {}
    for number, regression in enumerate(regressions):
        size = (1, draws)
        seeds = (np.random.default_rng([_SEED, number]) for _ in range(2))
        drawn = regression.draw(size, next(seeds))
        arrays = {name: values for name, (_, values) in drawn.items()}
        coefficients, _ = draw_coefficients(
            regression.kernel.mixture, draws, next(seeds)
        )
        name, corrected_values = _table_of(regression, arrays, size)
        arrays[regression.coefficients_name] = coefficients[None]
        corrected[name] = corrected_values
        normal[name] = _table_of(regression, arrays, size)[1]
    return corrected, normal


def _table_of(
    regression: HierarchicalLogistic,
    arrays: Mapping[str, np.ndarray],
    size: tuple[int, int],
) -> tuple[str, np.ndarray]:
    """Return the name of a table without moderators, and its draws.

    Parameters
    ----------
    regression : HierarchicalLogistic
    arrays : mapping of name to array (chain, draw, ...)
        Draws of the coefficients, scales and effects of cells.
    size : (int, int)
        Chains and draws.
    """
    table, levels = regression.table, regression.levels
    shape = tuple(len(levels[name]) for name in table.axes)
    if prod(shape) * size[0] * size[1] > _MOST_NUMBERS:
        raise ModelError(
            f"Expected {table.name} to have fewer cells than {prod(shape):,}: {size[1]:,} draws of "
            "it cannot be held. Join levels, or ask for fewer draws."
        )
    cells = np.unravel_index(np.arange(prod(shape[:-1])), shape[:-1])
    causes = {name: codes[None] for name, codes in zip(table.given, cells, strict=True)}
    flat = {
        name: values.reshape(-1, *values.shape[2:]) for name, values in arrays.items()
    }
    name = Table(table.variable, table.given).name
    return name, regression.mean(flat, causes).reshape(*size, *shape)


def normal_approximation(shift: np.ndarray, sd: np.ndarray) -> tuple[Check, ...]:
    """Return a failed check where the correction for skewness moves the answer far.

    Parameters
    ----------
    shift, sd : array (entries,)
        By how much it moves the mean of the answer, and the standard deviation of the answer.
    """
    value = float(np.divide(abs(shift), sd, out=np.zeros_like(sd), where=sd > 0).max())
    if value <= _LARGEST_MEAN_SHIFT:
        return ()
    return (
        Check(
            name="normal approximation",
            passed=False,
            value=value,
            expected=f"an answer that skewness moves by at most {_LARGEST_MEAN_SHIFT:g} standard "
            "deviations",
            finding=f"the skewness of the posterior of the regressions moves it by {value:.2g}",
            remedy="Draws correct for it to first order alone: join levels, or observe more.",
        ),
    )


def checks_of_regressions(
    regressions: Mapping[str, Sequence[HierarchicalLogistic]],
    data: Mapping[str, Observations],
) -> tuple[Check, ...]:
    """Return the checks of regressions that failed or cannot be decided, of every study.

    That of the normal approximation is about one coefficient, where `normal_approximation` is about
    the answer.

    Parameters
    ----------
    regressions : mapping of study to its regressions
    data : mapping of study to Observations
    """
    checks = []
    for study, kernels in regressions.items():
        of_study = (*kernel_checks(kernels), *_unseen_levels(study, kernels, data))
        checks += [
            check
            for check in of_study
            if check.passed is not True and check.name != "normal approximation"
        ]
    return tuple(checks)


def _unseen_levels(
    study: str,
    regressions: Sequence[HierarchicalLogistic],
    data: Mapping[str, Observations],
) -> tuple[Check, ...]:
    """Return a failed check where nobody in a study had some level that the target has."""
    for regression in regressions:
        for name in regression.table.given:
            states = regression.levels[name]
            counts = data[study].table([name], {name: states})
            if (counts == 0).any():
                lacking = states[int(np.argmin(counts))]
                return (
                    Check(
                        name="positivity",
                        passed=False,
                        value=1.0,
                        expected="every level was observed in every study that is needed",
                        finding=f"{regression.table.name} is needed at {name}={lacking}, where "
                        f"the study {study} saw nobody",
                        remedy="There the answer is the prior's: join levels, or add a study.",
                    ),
                )
    return ()
