"""Overlap (positivity, common support): whether similar people received each treatment.

For a categorical treatment the check is of its propensity score, by logistic regression on the
covariates of the outcome's regression; for a numeric one, of the share of its variance that these
covariates explain.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.check import Check
from causalstats.models.causal_diagram.regression.terms import design_matrix, terms_of
from causalstats.models.causal_diagram.tables import Table
from causalstats.numerics.regression.ridge_logistic import (
    fitted_probabilities,
)

if TYPE_CHECKING:
    from causalstats.data import Observations
    from causalstats.models.causal_diagram.model import CausalDiagram

OVERLAP_WITHIN = "overlap within the group"
_LARGEST_ODDS_RATIO = 20.0  # of treatment in a row to those in all rows
_LARGEST_SHARE_OUTSIDE = 0.2  # of rows beyond that ratio
_LARGEST_SHARE_EXPLAINED = 0.98  # of the variance of a numeric treatment
_ROWS_PER_COLUMN = 40
_LARGEST_BASIS_SIZE = 6
_RIDGE = 1.0


def overlap_check(
    model: CausalDiagram,
    data: Observations,
    rows: np.ndarray,
) -> tuple[Check, ...]:
    """Return whether people with like covariates were seen with each treatment.

    There is no such check where the regression of the outcome holds nothing but the treatment, or
    rows are too few.

    Parameters
    ----------
    model : CausalDiagram
    data : Observations
    rows : int array
        Positions of the rows that are used.
    """
    treatment = model.treatment
    table = next(
        (each for each in model.tables if each.variable == model.outcome), None
    )
    if table is None or treatment not in table.given or len(table.given) < 2:
        return ()
    held = tuple(name for name in table.given if name != treatment)
    return _overlap(model, treatment, held, data, rows, "overlap")


def overlap_within(
    model: CausalDiagram,
    treatment: str,
    table: Table,
    group: Collection[str],
    data: Observations,
    rows: np.ndarray,
) -> tuple[Check, ...]:
    """Return a failed check where people of a group are not like others of other treatments.

    Among all people the treatment may overlap, and within a group not. The check is that of
    `overlap`, of the rows of the group alone; it says nothing where it finds nothing.

    Parameters
    ----------
    model : CausalDiagram
    treatment : str
        What the question sets.
    table : Table
        Of the outcome.
    group : collection of str
        The variables that the group is of.
    data : Observations
    rows : int array
        Positions of the rows of the group.
    """
    held = tuple(
        name
        for name in table.given
        if name != treatment and (name not in group or name in data.continuous)
    )
    if treatment not in table.given or not held:
        return ()
    checks = _overlap(model, treatment, held, data, rows, OVERLAP_WITHIN)
    return tuple(check for check in checks if not check.passed)


def _overlap(
    model: CausalDiagram,
    treatment: str,
    held: tuple[str, ...],
    data: Observations,
    rows: np.ndarray,
    name: str,
) -> tuple[Check, ...]:
    """Return the check of these rows; none where they are too few for the propensity score.

    Parameters
    ----------
    model : CausalDiagram
    treatment : str
    held : tuple of str
        The covariates.
    data : Observations
    rows : int array
    name : str
        Of the check.
    """
    design = _propensity_design(model, treatment, data, held, rows)
    if len(rows) < 3 * design.shape[1]:
        return ()
    if treatment in data.continuous:
        share = _explained_share(design, data.column(treatment)[rows])
        largest = _LARGEST_SHARE_EXPLAINED
        expected = (
            f"at most {largest:.0%} of the variance of {treatment} "
            "explained by the covariates"
        )
        finding = (
            f"{', '.join(held)} explain {share:.1%} of the variance of {treatment}"
        )
    else:
        share = _share_outside(model, treatment, data, design, rows)
        largest = _LARGEST_SHARE_OUTSIDE
        expected = (
            f"at most {largest:.0%} of the rows whose odds of {treatment}, given the covariates, "
            f"are more than {_LARGEST_ODDS_RATIO:g} times above or below those of all rows"
        )
        finding = (
            f"{share:.0%} of the rows hardly have a counterpart with another value of "
            f"{treatment}"
        )
    passed = share <= largest
    remedy = (
        "There the answer is the regression's, carried on beyond the data. Leave out people of "
        "whom all have one value of the treatment, and ask about the others, or cut into levels "
        "and see `positivity`."
    )
    return (
        Check(
            name=name,
            passed=passed,
            value=share,
            expected=expected,
            finding=finding,
            remedy="" if passed else remedy,
            assumption="regressions",
        ),
    )


def _propensity_design(
    model: CausalDiagram,
    treatment: str,
    data: Observations,
    held: tuple[str, ...],
    rows: np.ndarray,
) -> np.ndarray:
    """Return columns that explain the treatment, splines of numbers, shape (rows, columns).

    Parameters
    ----------
    model : CausalDiagram
    treatment : str
    data : Observations
    held : tuple of str
        The variables that the regression of the outcome holds besides the treatment.
    rows : int array
    """
    levels = model.levels(data)
    basis_size = len(rows) / (_ROWS_PER_COLUMN * len(held))
    basis_size = int(np.clip(basis_size, 1, _LARGEST_BASIS_SIZE))
    terms = terms_of(Table(treatment, held), data, levels, basis_size, "none")
    return np.column_stack(
        [np.ones(len(rows)), design_matrix(terms, data, levels)[rows]]
    )


def _explained_share(design: np.ndarray, values: np.ndarray) -> float:
    """Return R² of a number on the columns of a design."""
    residual = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    return float(1 - residual.var() / max(values.var(), 1e-300))


def _share_outside(
    model: CausalDiagram,
    treatment: str,
    data: Observations,
    design: np.ndarray,
    rows: np.ndarray,
) -> float:
    """Return the largest share of rows, over levels, with extreme odds of a level."""
    levels = model.levels(data)[treatment]
    codes = data.places(treatment, levels)[rows]
    shares = [0.0]
    for level in range(len(levels)):
        event = (codes == level) * 1.0
        if not 0 < event.mean() < 1:
            continue
        p = np.clip(fitted_probabilities(design, event, _RIDGE), 1e-12, 1 - 1e-12)
        log_ratio = _logit(p) - _logit(event.mean())
        shares.append(float((abs(log_ratio) > np.log(_LARGEST_ODDS_RATIO)).mean()))
    return max(shares)


def _logit(p: np.ndarray) -> np.ndarray:
    return np.log(p / (1 - p))
