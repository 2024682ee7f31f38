"""Whether rows were left out because they lacked a value: what these data cannot make good."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Protocol

from causalstats.core.check import Check


class HasDropped(Sized, Protocol):
    """A study that knows how many of its rows were left out, by the column that was missing."""

    @property
    def dropped(self) -> Mapping[str, int]: ...


def rows_left_out(data: HasDropped, advice: str = "", assumption: str = "") -> tuple[Check, ...]:
    """Return a caution where rows were left out: the answer is about the complete rows.

    Rows that lack the outcome because of what it would have been bias an answer, and nothing in
    the complete rows can show it.

    Parameters
    ----------
    data
        Any of the studies.
    advice : str
        What these variables allow beside imputation, a sentence without its full stop.
    assumption : str
        The assumption that rows are missing at random, where the model names it.
    """
    lacking = {name: count for name, count in data.dropped.items() if count}
    if not lacking:
        return ()
    listed = ", ".join(f"{count:,} without {name}" for name, count in lacking.items())
    most = max(lacking.values())
    imputed = "Fill in what is missing by multiple imputation and compare the answers"
    return (
        Check(
            name="rows left out",
            passed=None,
            value=most / (len(data) + most),
            expected="no row left out, or rows left out at random",
            finding=f"{listed}; {len(data):,} are left. These data cannot show whether they are "
            "missing at random",
            remedy=f"{advice}. {imputed}." if advice else f"{imputed}.",
            assumption=assumption,
            caution=True,
        ),
    )
