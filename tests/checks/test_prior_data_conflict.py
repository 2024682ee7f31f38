"""Prior-data conflict: agreement, conflict, and no verdict where the refit decides nothing."""

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import causalstats as cs
from causalstats.checks.prior_data_conflict import prior_data_conflict
from causalstats.core.assumption import Relaxation
from causalstats.core.check import Check

SHAPE = Check(
    name="shape of the errors",
    passed=False,
    value=3.0,
    expected="",
    finding="skewed",
    remedy="",
    assumption="joint normality",
)


@dataclass(frozen=True)
class Refit:
    """A fit that says that the mean is 0 ± 1."""

    checks: tuple[Check, ...] = ()
    ess: float = 1000.0
    data: Any = None

    @property
    def model(self):
        return SimpleNamespace(data_checks=lambda data: self.checks)

    def effect(self, name):
        numbers = {"mean": 0.0, "sd": 1.0, "ess_bulk": self.ess, "r_hat": 1.0}
        return SimpleNamespace(numbers=lambda: pd.DataFrame(numbers, index=[name]))

    def sampling(self):
        return ()


def relaxation(known):
    return Relaxation(
        name="mean",
        model=None,
        estimand="mean",
        known=cs.Known(known, sd=0.1),
        suspect="joint normality",
        remedy="Check the source.",
    )


@pytest.mark.parametrize(("known", "passed"), [(1.0, True), (5.0, False)])
def test_knowledge_conflicts_beyond_the_limit(known, passed):
    (check,) = prior_data_conflict(relaxation(known), Refit())
    assert check.passed is passed
    assert check.remedy == ("" if passed else "Check the source.")


def test_a_poorly_sampled_refit_decides_nothing():
    (check,) = prior_data_conflict(relaxation(5.0), Refit(ess=50.0))
    assert check.passed is None and check.remedy == "Sample longer."


def test_a_refit_that_rests_on_a_contradicted_assumption_decides_nothing():
    (check,) = prior_data_conflict(relaxation(5.0), Refit((SHAPE,)))
    assert check.passed is None and "rests on joint normality alone" in check.finding
    other = replace(SHAPE, assumption="linearity")
    assert prior_data_conflict(relaxation(5.0), Refit((other,)))[0].passed is False
    assert prior_data_conflict(relaxation(1.0), Refit((SHAPE,)))[0].passed is True
