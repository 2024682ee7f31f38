"""Whom to test next: what further tests are expected to find, and to say about the headline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from causalstats.core.check import Check


@dataclass(frozen=True, eq=False, kw_only=True)
class NextTests:
    """The expected gain of testing some of the people who were not tested.

    Parameters
    ----------
    plans : DataFrame
        A row a plan: those at highest risk, those who narrow the headline most, or any at random.
        Columns `found`, `lower` and `upper`, the cases that are found with their 95 % interval, of
        one test a row, whatever its weight; `sd_now` and `sd_expected`, the posterior standard
        deviation of the headline before and, in expectation, after the tests; `narrowing`,
        1 - sd_expected / sd_now.
    people : DataFrame
        A row for each person who was not tested, by their row in the frame, those at highest risk
        first: `risk`, its posterior mean; `sd`; `narrowing` of the headline by this test alone;
        `riskiest` and `most_informative`, whether these plans test the person.
    doubts : tuple of Check
        The checks that the headline carries: the plan rests on the same model.
    """

    plans: pd.DataFrame
    people: pd.DataFrame
    doubts: tuple[Check, ...]

    def __repr__(self) -> str:
        from causalstats.core.effect import in_doubt

        return f"{self.plans.round(4)}\n{in_doubt(self.doubts)}".rstrip()
