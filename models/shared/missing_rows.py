"""Complete-case analysis: rows with missing values are left out, as if missing at random.

Rows that lack the outcome because of its own value (missing not at random) bias an answer, and
nothing in the complete rows can show it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Protocol

from causalstats.core.check import Check


class HasDropped(Sized, Protocol):
    """A study that knows how many of its rows were left out, by the column that was missing."""

    @property
    def dropped(self) -> Mapping[str, int]:
        """The number of rows that lacked each column."""


def rows_left_out(
    data: HasDropped,
    advice: str = "",
    assumption: str = "",
) -> tuple[Check, ...]:
    """Return a caution where rows were left out: the answer is about the complete rows.

    Parameters
    ----------
    data
        Any of the studies.
    advice : str
        The remedy that these variables allow besides imputation, a sentence without its full stop.
    assumption : str
        The assumption that rows are missing at random, where the model names it.

    Returns
    -------
    tuple of Check
        Empty where no row was left out.
    """
    lacking = {name: count for name, count in data.dropped.items() if count}
    if not lacking:
        return ()
    listed = ", ".join(f"{count:,} without {name}" for name, count in lacking.items())
    most = max(lacking.values())
    remedy = "Fill in what is missing by multiple imputation and compare the answers."
    return (
        Check(
            name="rows left out",
            passed=None,
            value=most / (len(data) + most),
            expected="no row left out, or rows left out at random",
            finding=f"{listed}; {len(data):,} are left. These data cannot show whether they are "
            "missing at random",
            remedy=f"{advice}. {remedy}" if advice else remedy,
            assumption=assumption,
            caution=True,
        ),
    )
