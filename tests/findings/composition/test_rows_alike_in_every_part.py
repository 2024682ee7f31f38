"""Subjects who differ in one part alone make intervals of it too short, and a check says so."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.partial_correlation.assumptions import ONE_ROW_CORRELATION
from causalstats.models.partial_correlation.data_checks import data_checks

PARTS = [f"p{k}" for k in range(8)]


def visits(seed, between, counts=False, shuffled=False):
    """Four visits of each of 20 subjects; the first part differs between them by `between`."""
    rng = np.random.default_rng(seed)
    subject = np.repeat(np.arange(20), 4)
    own = rng.normal(size=(20, 8)) * np.array([between, *[0.1] * 7])
    amounts = np.exp(own[subject] + rng.normal(0, 0.3, (80, 8)))
    if counts:
        shares = amounts / amounts.sum(axis=1, keepdims=True)
        amounts = np.array([rng.multinomial(20_000, row) for row in shares])
    frame = pd.DataFrame(amounts, columns=PARTS).assign(
        subject=[f"s{k}" for k in subject], treated=subject >= 10
    )
    if shuffled:
        frame = frame.sample(frac=1, random_state=seed)
    return cs.Composition.from_frame(
        frame,
        parts=PARTS,
        covariates="treated",
        subject="subject",
        zeros="counts" if counts else "error",
    )


def series(seed, persistence):
    """A hundred days; the first part lasts with its own persistence, the others with .3."""
    rng = np.random.default_rng(seed)
    rho = np.array([persistence, *[0.3] * 7])
    logs = rng.normal(size=(100, 8))
    for day in range(1, 100):
        logs[day] = rho * logs[day - 1] + np.sqrt(1 - rho**2) * logs[day]
    frame = pd.DataFrame(np.exp(logs), columns=PARTS).assign(day=np.arange(100))
    return cs.Composition.from_frame(frame, parts=PARTS, time="day")


def found(data):
    [check] = [each for each in data_checks(data) if each.name == ONE_ROW_CORRELATION]
    return check


@pytest.mark.parametrize(
    "options",
    [{}, {"counts": True}, {"shuffled": True}],
    ids=["known", "counts", "shuffled"],
)
def test_a_part_that_is_a_subject_s_own_is_named(options):
    check = found(visits(1, 0.6, **options))
    assert check.passed is False
    assert "more alike in 'p0'" in check.finding


def test_a_part_that_lasts_longer_is_named():
    check = found(series(1, 0.9))
    assert check.passed is False
    assert "rows that follow each other are more alike in 'p0'" in check.finding


@pytest.mark.parametrize("seed", range(2))
def test_equal_likeness_raises_no_doubt(seed):
    for data in (visits(seed, 0.1), visits(seed, 0.1, counts=True), series(seed, 0.3)):
        assert found(data).passed


def test_independent_rows_have_no_such_check():
    data = cs.PartialCorrelation().simulate(1, rows=40, parts=4).data
    assert all(each.name != ONE_ROW_CORRELATION for each in data_checks(data))
