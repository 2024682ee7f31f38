"""Treatments of other units of a cluster that move outcomes, in every family of panels.

Only `PanelDML` looked for them: adoption that raised the outcomes of neighbours by as much as of
adopters left event studies without a word.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

import causalstats as cs
from causalstats.models.dynamic_panel.data_checks import (
    _interference as of_a_lagged_outcome,
)
from causalstats.models.event_study.interference import no_interference
from causalstats.models.panel_glm.data_checks import _interference
from causalstats.models.panel_glm.design import design_of
from causalstats.models.shared.interference import INTERFERENCE, tells_more

sys.path.append(str(Path(__file__).parents[3] / "benchmarks"))

from worlds import dynamic_panel, event_study, panel_glm  # noqa: E402


def of_counts(model, data):
    return _interference(model, design_of(model, data), data, ())


def of_adoption(model, data):
    return no_interference(model, data, model.adoption(data))


def of_dynamics(model, data):
    return of_a_lagged_outcome(model, data, ())


def villages(kind, spillover, seed):
    if (
        kind == "adoption"
    ):  # its rows before adoption alone are tested: twice the effect shows
        return event_study._villages(2 * spillover, seed)
    if kind == "dynamic":
        return dynamic_panel._villages(spillover / 2, seed)
    return panel_glm._villages(kind, spillover, seed)


CHECKS = {
    "adoption": of_adoption,
    "dynamic": of_dynamics,
    "poisson": of_counts,
    "logit": of_counts,
}


@pytest.mark.parametrize("kind", CHECKS)
def test_spillovers_within_villages_fail(kind):
    found = [CHECKS[kind](*villages(kind, 1.0, seed))[0].passed for seed in range(5)]
    assert found.count(False) >= 4


@pytest.mark.parametrize("kind", CHECKS)
def test_villages_with_shocks_of_their_own_pass(kind):
    p = [CHECKS[kind](*villages(kind, 0.0, seed))[0].value for seed in range(30)]
    assert np.sum(np.array(p) < 0.002) <= 1
    assert np.mean(np.array(p) < 0.5) > 0.2


@pytest.mark.parametrize("kind", ["adoption", "dynamic", "poisson"])
def test_the_check_is_one_of_its_family(kind):
    model, data = villages(kind, 1.0, 1)
    (check,) = [each for each in model.data_checks(data) if each.name == INTERFERENCE]
    assert check.passed is False and "village" in check.finding
    assert check.stands_on(model.headline)


@pytest.mark.parametrize("kind", ["adoption", "dynamic", "poisson"])
def test_without_named_clusters_or_within_whole_clusters_nothing_is_said(kind):
    model, data = villages(kind, 1.0, 1)
    roles = {"unit": "unit", "time": "time", "outcome": "y", "treatment": "d"}
    alone = cs.Panel.from_frame(data.source, **roles)
    assert not CHECKS[kind](model, alone)
    village = data.source["village"].astype(int)
    whole = data.source.assign(d=((village % 2 == 0) & (data.time >= 3)).astype(float))
    together = cs.Panel.from_frame(whole, cluster="village", **roles)
    assert not CHECKS[kind](model, together)


def test_two_units_that_are_treated_in_turn_tell_nothing_more():
    """The treatment of the other is 1 less one's own."""
    _, data = villages("poisson", 0.0, 1)
    assert tells_more(data, 1 - data.treatment).tolist() == [False]
