"""Roles of features in selection models, and how strongly an exclusion moves the decision."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Decisions
from causalstats.errors import ModelError

_LEAST_F = 10.0  # Staiger & Stock (1997), for a decision as for a treatment


def refuse_shared_features(roles: Mapping[str, Sequence[str]], because: str) -> None:
    """Raise `ModelError` for a feature that two fields list.

    Parameters
    ----------
    roles : mapping of str to sequence of str
        The features of each field.
    because : str
        Why a feature cannot be in both.
    """
    for first, second in itertools.combinations(roles, 2):
        both = sorted({*roles[first]} & {*roles[second]})
        if both:
            raise ModelError(
                f"{both[0]!r} is listed in `{first}` and in `{second}`: {because}"
            )


def strength_of_exclusion(
    excluded: Sequence[str], data: Decisions, estimands: tuple[str, ...] = ()
) -> tuple[Check, ...]:
    """Return whether excluded features move the decision, as instruments have to.

    The F statistic of their columns in a linear regression of the decision on all features.

    Parameters
    ----------
    excluded : sequence of str
        Features that affect the decision and not the outcome.
    data : Decisions
    estimands : tuple of str
        The answers that rest on them; empty for all.
    """
    if not excluded:
        return ()
    columns = data.feature_mask(excluded)
    size = len(data)
    others = np.column_stack([np.ones(size), data.matrix[:, ~columns]])
    decision = data.decision.astype(float)
    restricted, rank = _squares(others, decision)
    full, full_rank = _squares(
        np.column_stack([others, data.matrix[:, columns]]), decision
    )
    degrees = size - full_rank
    if degrees < 1 or full_rank == rank:
        return ()
    f = (restricted - full) / (full_rank - rank) / max(full / degrees, 1e-12)
    strong = bool(f >= _LEAST_F)
    return (
        Check(
            name="strength of the exclusion",
            passed=True if strong else None,
            value=float(f),
            expected=f"F at least {_LEAST_F:g}",
            finding=f"{', '.join(excluded)} move the decision with F = {f:.1f}, given the other "
            "features",
            remedy=""
            if strong
            else "An exclusion that hardly moves the decision identifies nothing: the answer rests "
            "on the shape of the model. Name a stronger one, or other outside knowledge.",
            estimands=estimands,
            caution=True,
        ),
    )


def _squares(columns: np.ndarray, outcome: np.ndarray) -> tuple[float, int]:
    """Return the residual sum of squares of least squares, and the rank of the columns."""
    coefficients, _, rank, _ = np.linalg.lstsq(columns, outcome, rcond=None)
    residuals = outcome - columns @ coefficients
    return float(residuals @ residuals), int(rank)
