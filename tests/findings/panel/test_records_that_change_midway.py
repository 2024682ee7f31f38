"""Records that change midway: the outcome's unit or device, labels, zeros for missing months.

Treatments that spill over to other units of a cluster, and a covariate that a treatment moves which
comes and goes, are here too.

Each had a wrong answer without a word.
"""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.shared.bad_controls import FOLLOW
from causalstats.models.shared.interference import (
    INTERFERENCE,
    mean_of_others,
)
from causalstats.models.shared.measurement import LABELS, ONE_UNIT, ONE_WAY, ZEROS
from causalstats.models.shared.records_over_time import records_over_time

pytestmark = pytest.mark.usefixtures("without_trees")

ROLES = {"unit": "unit", "time": "year", "outcome": "y", "treatment": "d"}
UNITS, YEARS, MIDWAY = 240, 8, 4
NUMBERS = [
    cs.EventStudy(errors="cluster", pooling="none"),
    cs.PanelDML(time_effects=True),
    cs.DynamicPanel(),
]


def panel(columns, covariates=()):
    frame = pd.DataFrame({name: column.ravel() for name, column in columns.items()})
    frame["unit"] = np.repeat(np.arange(UNITS), YEARS)
    frame["year"] = np.tile(np.arange(2000, 2000 + YEARS), UNITS)
    return cs.Panel.from_frame(frame, covariates=list(covariates), **ROLES)


def adopted(change=None):
    """Return a panel of units of which a third adopt; `change` makes other outcomes of it."""
    rng = np.random.default_rng(1)
    d = (np.arange(YEARS) >= 5) & (np.arange(UNITS) < 80)[:, None]
    y = 20 + 2 * rng.normal(size=(UNITS, 1)) + d + rng.normal(size=d.shape)
    if change is not None:
        y = change(y.copy(), rng)
    return panel({"d": d.astype(float), "y": y})


def names_of(model, data):
    return [check.name for check in model.data_checks(data)]


def a_month_for_a_year(y, rng):
    y[:, :MIDWAY] /= 12
    return y


def by_a_new_device(y, rng):
    y[::5, MIDWAY:] += 15
    return y


def under_other_labels(y, rng):
    y[80:, MIDWAY:] = y[80 + rng.permutation(UNITS - 80), MIDWAY:]
    return y


@pytest.mark.parametrize(
    ("change", "name", "said"),
    [
        (a_month_for_a_year, ONE_UNIT, "times as large from 2004 on"),
        (by_a_new_device, ONE_WAY, "20% of the units changes at 2004"),
        (under_other_labels, LABELS, "before and from 2004 on"),
    ],
)
@pytest.mark.parametrize("model", NUMBERS, ids=lambda model: type(model).__name__)
def test_records_that_change_midway_are_a_caution(model, change, name, said):
    (caution,) = [
        check for check in model.data_checks(adopted(change)) if check.name == name
    ]
    assert caution.caution
    assert said in caution.finding
    assert caution.assumption in {each.name for each in model.assumptions()}


@pytest.mark.parametrize("model", NUMBERS, ids=lambda model: type(model).__name__)
def test_records_that_do_not_change_are_no_caution(model):
    assert not {ONE_UNIT, ONE_WAY, LABELS, ZEROS} & set(names_of(model, adopted()))


@pytest.mark.parametrize("factor", [1e-6, 7.0, 1e9])
def test_findings_do_not_depend_on_the_unit_of_the_whole_table(factor):
    for change in (None, a_month_for_a_year, by_a_new_device, under_other_labels):
        data = adopted(change)
        rescaled = panel({"d": data.treatment, "y": data.outcome * factor})
        found, again = (
            [
                (check.name, check.finding)
                for check in records_over_time(each, "", numeric_outcome=True)
            ]
            for each in (data, rescaled)
        )
        assert [name for name, _ in found] == [name for name, _ in again]
        if change is not by_a_new_device:  # whose size is in the unit of the outcome
            assert found == again


def test_an_effect_that_differs_between_units_is_no_exchange_of_labels():
    """All adopt at once, and what they gain varies more than what lasts in units."""

    def gained(y, rng):
        y[:80, 5:] += 6 * rng.normal(size=(80, 1))
        return y

    assert LABELS not in names_of(cs.EventStudy(), adopted(gained))


@pytest.mark.parametrize("filled", [0.0, 0.1])
def test_zeros_in_place_of_missing_counts_are_a_caution(filled):
    rng = np.random.default_rng(1)
    d = rng.normal(size=(UNITS, YEARS))
    y = rng.poisson(15 * np.exp(0.3 * rng.normal(size=(UNITS, 1)) + 0.1 * d))
    y = np.where(rng.random(y.shape) < filled, 0, y).astype(float)
    for model in (cs.PanelGLM(), cs.PanelDML(time_effects=True)):
        assert (ZEROS in names_of(model, panel({"d": d, "y": y}))) is (filled > 0)


@pytest.mark.parametrize("shape", [0.5, 1.5])
def test_zeros_of_overdispersed_counts_are_no_caution(shape):
    rng = np.random.default_rng(1)
    mixture = rng.gamma(shape, 1 / shape, (UNITS, YEARS))
    y = rng.poisson(15 * mixture).astype(float)
    assert (y == 0).mean() > 0.01
    data = panel({"d": rng.normal(size=y.shape), "y": y})
    assert ZEROS not in names_of(cs.PanelGLM(), data)


def in_spells(moves_covariate):
    """Return a treatment in spells that moves a covariate, or that a lasting covariate moves."""
    rng = np.random.default_rng(1)
    own, noise = np.zeros((2, UNITS, YEARS + 10))
    for year in range(1, YEARS + 10):
        own[:, year] = 0.8 * own[:, year - 1] + rng.normal(size=UNITS)
        noise[:, year] = rng.normal(size=UNITS)
    lasting = own[:, 10:]
    brief = noise[:, 10:]
    if moves_covariate:
        d = (lasting > 0).astype(float)
        x = 2 * d + brief
    else:
        x = lasting
        d = (lasting + brief > 0).astype(float)
    level = 0.3 * d + 0.2 * x
    return d, x, level, rng


@pytest.mark.parametrize("moves_covariate", [True, False])
@pytest.mark.parametrize(
    "model",
    [cs.PanelDML(time_effects=True, basis_size=1), cs.DynamicPanel(), cs.PanelGLM()],
    ids=lambda model: type(model).__name__,
)
def test_covariates_that_a_treatment_in_spells_moves_are_a_caution(
    model, moves_covariate
):
    d, x, level, rng = in_spells(moves_covariate)
    y = level + rng.normal(size=d.shape)
    if isinstance(model, cs.PanelGLM):
        y = rng.poisson(np.exp(level)).astype(float)
    data = panel({"d": d, "x": x, "y": y}, ["x"])
    found = [check for check in model.data_checks(data) if check.name == FOLLOW]
    assert bool(found) is moves_covariate
    for caution in found:
        assert caution.caution
        assert "x goes with d of the period before" in caution.finding


@pytest.mark.parametrize("spillover", [0.0, 2.0])
def test_treatments_that_move_other_units_of_a_cluster_fail(spillover):
    """Villages have shocks of their own, which alone are no spillover."""
    rng = np.random.default_rng(1)
    village = np.arange(UNITS) // 6
    share = rng.uniform(0.1, 0.9, (UNITS // 6, YEARS))[village]
    d = (rng.random(share.shape) < share).astype(float)
    totals = d.reshape(-1, 6, YEARS).sum(axis=1)[village]
    shock = 0.5 * rng.normal(size=(UNITS // 6, YEARS))[village]
    y = d + spillover * (totals - d) / 5 + shock + rng.normal(size=d.shape)
    alone = panel({"d": d, "y": y})
    frame = alone.source.assign(village=village[alone.unit])
    clustered = cs.Panel.from_frame(frame, cluster="village", **ROLES)
    model = cs.PanelDML(time_effects=True)
    (check,) = [
        each for each in model.data_checks(clustered) if each.name == INTERFERENCE
    ]
    assert check.passed is (spillover == 0)
    assert INTERFERENCE not in names_of(model, alone)
    others = mean_of_others(clustered).reshape(UNITS, YEARS)
    np.testing.assert_allclose(others, (totals - d) / 5)
