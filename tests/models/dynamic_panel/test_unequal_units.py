"""Units of unequal size in a dynamic panel: what each says, intervals, and effects that differ."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import causalstats as cs
from causalstats.models.dynamic_panel import density
from causalstats.models.dynamic_panel.clusters import clusters_of
from causalstats.models.dynamic_panel.design import design_of, unit_columns
from causalstats.models.dynamic_panel.posterior import robust_stretch
from causalstats.models.shared.sizes_of_units import root_mean_squares, size_factors

ROLES = {"unit": "firm", "time": "year", "outcome": "sales", "treatment": "price"}
MODEL = cs.DynamicPanel()


def firms(seed, spread, slope=0.0, count=150, years=7):
    """Firms of log-normal size, in whose levels everything is large; the effect is 1 on average.

    Parameters
    ----------
    seed : int
    spread : float
        The standard deviation of the logarithms of sizes.
    slope : float
        By which effects go with these logarithms.
    count, years : int
    """
    rng = np.random.default_rng(seed)
    logs = spread * stats.norm.ppf((np.arange(count) + 0.5) / count)
    size, effect = np.exp(logs), 1 + slope * logs
    lasting = rng.normal(size=count)
    sales = size * (2 * lasting + rng.normal(size=count))
    rows = []
    for year in range(years):
        price = size * (rng.normal(size=count) + 0.5 * lasting)
        sales = 0.5 * sales + effect * price + size * (lasting + rng.normal(size=count))
        rows.append(
            pd.DataFrame(
                {"firm": range(count), "year": year, "price": price, "sales": sales}
            )
        )
    return pd.concat(rows)


def panel(frame):
    return cs.Panel.from_frame(frame, **ROLES)


def moments(data, draws=200):
    design = design_of(MODEL, data)
    points = density.sample_scales(
        MODEL, design, draws, np.random.default_rng(1)
    ).points
    scales = density.Scales(*density.constrained(MODEL, points))
    return scales, *density.coefficient_moments(scales, design)


def check(data, name):
    return next(each for each in MODEL.data_checks(data) if each.name == name)


def test_shares_are_the_curvature_of_the_likelihood_of_each_unit():
    data = MODEL.simulate(3, units=30, times=4).data
    scales, means, covariances = moments(data)
    said = clusters_of(MODEL, data, scales, means, covariances)
    block = next(unit_columns(MODEL, data))
    width = means.shape[1]
    direction = said.covariance[:width, 1] / np.sqrt(said.covariance[1, 1])
    sd, unit = scales.error.mean(axis=0), scales.unit.mean()
    law = stats.multivariate_normal(cov=np.diag(sd**2) + unit**2)

    def likelihood(step):
        at = means.mean(axis=0) + step * direction
        return law.logpdf(block.columns[:, :, -1] - block.columns[:, :, :-1] @ at)

    curvature = 2 * likelihood(0.0) - likelihood(1.0) - likelihood(-1.0)
    np.testing.assert_allclose(said.shares.information[:, 1], curvature, rtol=1e-6)


def test_few_large_units_are_a_caution_and_equal_ones_are_not():
    name = "no few clusters say most"
    assert check(panel(firms(1, 0.0)), name).passed is True
    unequal = check(panel(firms(1, 1.5)), name)
    assert unequal.passed is None and unequal.caution and unequal.value < 12


def test_five_units_thirty_times_as_large_say_as_much_as_five_and_intervals_allow_for_it():
    frame = MODEL.simulate(2, units=150, times=6).data.source
    large = np.where(frame["unit"].isin(frame["unit"].unique()[:5]), 30.0, 1.0)
    roles = {"unit": "unit", "time": "time", "outcome": "y", "treatment": "d"}
    frame = frame.assign(y=large * frame["y"], d=large * frame["d"])
    data = cs.Panel.from_frame(frame, **roles)
    said = clusters_of(MODEL, data, *moments(data))
    assert 1.5 < said.shares.effective < 6
    stretch = robust_stretch(MODEL, data, *moments(data))
    part = said.covariance[:2, :2]
    moved = said.scores @ said.covariance[:, :2]
    plain = np.sqrt(np.diag(moved.T @ moved))
    assert (np.sqrt(np.diag(stretch @ part @ stretch.T)) > 1.3 * plain).all()


@pytest.mark.parametrize("seed", range(3))
def test_effects_that_go_with_size_are_doubted_and_the_remedy_helps(seed):
    frame = firms(seed, 0.7, slope=-0.5, count=400)
    doubted = check(panel(frame), "one effect")
    assert (
        doubted.passed is False
        and "standard deviation of its treatment" in doubted.remedy
    )
    sd = frame.groupby("firm")["price"].transform("std")
    scaled = panel(frame.assign(price=frame["price"] / sd, sales=frame["sales"] / sd))
    assert check(scaled, "one effect").passed is True
    assert effect(panel(frame)) < 0.8
    assert effect(scaled) == pytest.approx(1.0, abs=0.12)


def effect(data):
    design = design_of(MODEL, data)
    _, means, _ = moments(data)
    return means[:, 1].mean() * design.unit / design.treatment_units[0]


def test_one_effect_is_not_doubted_where_only_sizes_differ():
    assert check(panel(firms(1, 1.0)), "one effect").passed is True
    whole = panel(firms(2, 0.7, slope=-0.5, count=400))
    weighted = replace(whole, weights=np.ones(len(whole)) * 2.0)
    assert check(weighted, "one effect").passed is False


def test_units_of_unequal_size_are_not_taken_for_serial_correlation():
    """Replications from one variance failed in 18 of 20 such data sets."""
    for seed in (1, 2):
        fit = cs.fit(MODEL, panel(firms(seed, 1.5)), seed=1, progress=False)
        (found,) = fit.predictions().values()
        apart = found.observed - found.replicated.mean(axis=0)
        assert (np.abs(apart) < 4 * found.replicated.std(axis=0)).all()


def test_sizes_of_units_of_one_variance_are_left_as_they_are():
    """Chance alone makes sizes differ: factors are 1 to within what a thousand units say."""
    rng = np.random.default_rng(1)
    drawn = [root_mean_squares(rng.normal(size=(1000, 5))) for _ in range(60)]
    assert np.log(size_factors(drawn[0], np.array(drawn[1:]))).std() < 0.04
    scales = np.exp(rng.normal(size=1000))
    factors = size_factors(scales * drawn[0], np.array(drawn[1:]))
    assert np.corrcoef(np.log(factors), np.log(scales))[0, 1] > 0.9
