"""Rows whose answers are asked for, far outside the data, by range and by leverage."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.checks.rows_within_the_data import rows_within_the_data

_NAMES = ("a", "b")


def _correlated(rng: np.random.Generator, rows: int) -> np.ndarray:
    first = rng.normal(size=rows)
    return np.column_stack([first, 0.98 * first + 0.2 * rng.normal(size=rows)])


def test_a_number_half_of_the_range_beyond_it_is_outside():
    seen = np.column_stack([np.arange(101.0), np.arange(101.0) % 7])
    assert not rows_within_the_data(
        _NAMES, seen, np.array([[149.0, 3.0], [-49.0, 3.0]])
    )
    (check,) = rows_within_the_data(_NAMES, seen, np.array([[151.0, 3.0], [50.0, 3.0]]))
    assert check.passed is False
    assert check.value == 1
    assert "a = 151, seen from 0 to 100" in check.finding


def test_usual_numbers_in_an_unusual_combination_are_outside():
    """At (2, -2) of a correlation of .98, the leverage is 400/n, the largest seen some 15/n."""
    seen = _correlated(np.random.default_rng(1), 300)
    (check,) = rows_within_the_data(_NAMES, seen, np.array([[2.0, -2.0]]))
    assert "combination" in check.finding
    assert not rows_within_the_data(_NAMES, seen, np.array([[2.0, 2.0]]))


def test_new_rows_of_the_same_population_are_hardly_ever_outside():
    flagged = [
        bool(rows_within_the_data(_NAMES, _correlated(rng, 200), _correlated(rng, 100)))
        for rng in map(np.random.default_rng, range(200))
    ]
    assert np.mean(flagged) <= 0.01


@pytest.fixture(scope="module")
def fit() -> cs.Fit:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"id": np.repeat(range(40), 4), "t": np.tile(range(4), 40)})
    frame["size"] = rng.normal(50, 10, 160)
    frame["d"] = rng.normal(size=160)
    frame["y"] = frame["d"] * (1 + 0.02 * frame["size"]) + rng.normal(size=160)
    data = cs.Panel.from_frame(
        frame, unit="id", time="t", outcome="y", treatment="d", covariates=["size"]
    )
    return cs.fit(cs.PanelDML(moderators="size"), data, seed=1, progress=False)


@pytest.mark.parametrize(("size", "outside"), [(55.0, False), (5_000.0, True)])
def test_the_effect_of_moderators_never_seen_carries_the_word(fit, size, outside):
    effect = fit.effect("effect", at=pd.DataFrame({"size": [size], "other": [1e9]}))
    names = [check.name for check in effect.doubts]
    assert ("within the data" in names) == outside
    assert ("size = 5000, seen from" in effect.text()) == outside
