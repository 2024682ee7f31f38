"""Power and false alarms of the checks of panels, over the worlds of the refutation benchmark."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))

from worlds.panel import WORLDS  # noqa: E402

pytestmark = pytest.mark.slow
_POWER, _FALSE_ALARMS, _DATA_SETS = 0.8, 0.01, 40
_NEED_A_FIT = "predicts"


def _failed(world, seed):
    model, data = world.make(seed)
    return {check.name for check in model.data_checks(data) if check.passed is False}


@pytest.mark.parametrize(
    "world",
    [
        world
        for world in WORLDS
        if world.wrong
        and not world.undetectable
        and not world.catches[0].startswith(_NEED_A_FIT)
    ],
    ids=lambda world: world.name,
)
def test_a_wrong_world_is_found_in_four_of_five_data_sets(world):
    caught = [
        bool(_failed(world, seed) & set(world.catches)) for seed in range(_DATA_SETS)
    ]
    lowest = stats.binom(_DATA_SETS, _POWER).ppf(0.001)
    assert sum(caught) >= lowest


@pytest.mark.parametrize(
    "world",
    [world for world in WORLDS if not world.wrong],
    ids=lambda world: world.name,
)
def test_a_right_world_raises_hardly_an_alarm(world):
    failed = [_failed(world, seed) for seed in range(_DATA_SETS)]
    names = {name for each in failed for name in each}
    most = stats.binom(_DATA_SETS, _FALSE_ALARMS).ppf(1 - 0.001 / 10)
    counts = {name: int(np.sum([name in each for each in failed])) for name in names}
    assert all(count <= most for count in counts.values()), counts
