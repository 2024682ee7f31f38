"""`PanelGLM`: its likelihood by enumeration and by statsmodels, invariances, robust spread."""

import itertools

import numpy as np
import pandas as pd
import pytest
from statsmodels.discrete.conditional_models import ConditionalLogit, ConditionalPoisson

import causalstats as cs
from causalstats.errors import ModelError
from causalstats.models.panel_glm import posterior
from causalstats.models.panel_glm.design import design_of
from causalstats.models.panel_glm.families import FAMILIES

ROLES = {"unit": "unit", "time": "time", "outcome": "y", "treatment": "d"}
KINDS = {"poisson": ConditionalPoisson, "logit": ConditionalLogit}


def model(family, **fields):
    return cs.PanelGLM(family=family, **fields)


@pytest.fixture(scope="module", params=FAMILIES)
def family(request):
    return request.param


@pytest.fixture(scope="module")
def panel(family):
    return model(family).simulate(2, units=150, times=4).data


def effects(chosen, data, seed=1):
    fit = cs.fit(chosen, data, seed=seed, progress=False)
    return fit.draws["posterior"]["effect"].to_numpy().ravel()


def test_logit_is_the_share_of_one_order_of_outcomes_among_all_of_their_sum():
    rng = np.random.default_rng(1)
    predictor, outcome = rng.normal(size=5), np.array([1.0, 0, 1, 0, 0])
    terms = [
        np.exp(predictor[list(chosen)].sum())
        for chosen in itertools.combinations(range(5), 2)
    ]
    expected = outcome @ predictor - np.log(sum(terms))
    ours = FAMILIES["logit"].by_unit(
        predictor[None, :, None], outcome[None], np.ones((1, 5))
    )
    assert ours.item() == pytest.approx(expected)


def test_unseen_periods_change_nothing(family):
    chosen = FAMILIES[family]
    rng = np.random.default_rng(2)
    predictor, outcome = rng.normal(size=(3, 4, 2)), np.eye(4)[[0, 1, 3]]
    padded = np.concatenate([predictor, np.full((3, 1, 2), 9.0)], axis=1)
    longer = np.hstack([outcome, np.zeros((3, 1))])
    seen = np.hstack([np.ones((3, 4)), np.zeros((3, 1))])
    np.testing.assert_allclose(
        chosen.by_unit(padded, longer, seen),
        chosen.by_unit(predictor, outcome, np.ones((3, 4))),
    )


def test_mode_is_that_of_statsmodels_where_the_prior_is_wide(family, panel):
    chosen = model(family, effect_sd=1e4, coefficient_sd=1e4, errors="iid")
    # statsmodels leaves out units whose count is the same in every row
    rows = panel.source[panel.source.groupby("unit")["y"].transform("std") > 0]
    design = design_of(chosen, cs.Panel.from_frame(rows, **ROLES))
    dummies = pd.get_dummies(rows["time"], drop_first=True, dtype=float)
    columns = np.column_stack([rows["d"], dummies])
    result = KINDS[family](rows["y"], columns, groups=rows["unit"]).fit(disp=0)
    scale = np.append(design.treatment_units, np.ones(3))
    mode = np.asarray(result.params) * scale
    at_mode = posterior.log_density(mode[None], chosen.outcome_family, design)
    for k, step in itertools.product(range(4), (-0.02, 0.02)):
        moved = mode + step * np.eye(4)[k]
        below = posterior.log_density(moved[None], chosen.outcome_family, design)
        assert below < at_mode


def test_posterior_is_that_of_maximum_likelihood_in_many_rows(family, panel):
    chosen = model(family, errors="iid")
    draws = effects(chosen, panel)
    rule = chosen.baselines(panel)["conditional maximum likelihood"]
    estimate = rule(np.random.default_rng(1))[0].logarithm
    sd = np.sqrt(estimate.covariance[0, 0])
    assert draws.mean() == pytest.approx(estimate.mean()[0], abs=0.15 * sd)
    assert draws.std() == pytest.approx(sd, rel=0.1)


def test_density_is_that_of_the_graph(family, panel):
    chosen = model(family)
    graph = chosen.build(panel)
    logp = graph.compile_logp(mode="FAST_COMPILE")
    design = design_of(chosen, panel)
    points = np.array([[0.1, 0.2, -0.3, 0.0], [0.6, -0.1, 0.2, 0.4]])
    theirs = [logp({"coefficient": point}) for point in points]
    ours = posterior.log_density(points, chosen.outcome_family, design)
    np.testing.assert_allclose(np.diff(ours), np.diff(theirs), rtol=1e-8)


def test_units_whose_outcome_says_nothing_change_nothing(family, panel):
    frame = panel.source
    silent = frame[frame["unit"] < 10].assign(
        y=0.0, unit=lambda rows: rows["unit"] + 900
    )
    more = cs.Panel.from_frame(pd.concat([frame, silent]), **ROLES)
    chosen = model(family, scale=[1.0])
    one, other = (design_of(chosen, data).unit for data in (panel, more))
    assert one.tolist() == other.tolist()


def test_scaling_the_counts_of_a_unit_is_taken_up_by_its_effect():
    data = model("poisson").simulate(3, units=40, times=4).data
    chosen = model("poisson", errors="iid")
    point = np.array([[0.3, 0.1, -0.2, 0.2]])
    frame = data.source
    doubled = frame.assign(y=np.where(frame["unit"] == 7, 2.0, 1.0) * frame["y"])
    values = []
    for rows in (frame, doubled):
        design = design_of(chosen, cs.Panel.from_frame(rows, **ROLES))
        predictor = design.columns @ point.T
        by_unit = chosen.outcome_family.by_unit(predictor, design.outcome, design.seen)
        values.append(by_unit[design.unit == 7].item())
    assert values[1] == pytest.approx(2 * values[0])


def test_units_copied_within_clusters_add_no_precision(family, panel):
    frame = panel.source.assign(origin=panel.source["unit"])
    both = pd.concat(
        [frame, frame.assign(unit=frame["unit"] + 1000)], ignore_index=True
    )
    alone = effects(model(family), cs.Panel.from_frame(frame, **ROLES))
    twice = effects(model(family), cs.Panel.from_frame(both, cluster="origin", **ROLES))
    assert twice.std() == pytest.approx(alone.std(), rel=0.1)


def test_overdispersed_counts_have_wider_clustered_intervals():
    rng = np.random.default_rng(4)
    unit = np.repeat(np.arange(200), 5)
    d = rng.normal(size=1000)
    noise = rng.gamma(1.0, 1.0, 1000)
    y = rng.poisson(5 * noise * np.exp(0.3 * d))
    frame = pd.DataFrame(
        {"unit": unit, "time": np.tile(np.arange(5), 200), "y": y, "d": d}
    )
    data = cs.Panel.from_frame(frame, **ROLES)
    robust, plain = (
        effects(model("poisson", errors=errors), data) for errors in ("cluster", "iid")
    )
    assert robust.std() > 1.5 * plain.std()
    assert abs(robust.mean() - 0.3) < 4 * robust.std()


def test_replications_keep_the_sums_of_units(family, panel):
    design = design_of(model(family), panel)
    rng = np.random.default_rng(1)
    predictor = design.columns @ np.array([0.5, 0.0, 0.1, -0.1])
    new = model(family).outcome_family.replicate(
        predictor, design.outcome, design.seen, rng
    )
    np.testing.assert_array_equal(new.sum(axis=1), design.outcome.sum(axis=1))
    if family == "logit":
        assert set(np.unique(new)) == {0.0, 1.0}


def test_replications_of_the_logit_have_its_probabilities():
    """One 1 in three periods: it falls in each with the share of its exponential."""
    predictor = np.tile([0.0, 1.0, -1.0], (20_000, 1))
    outcome = np.tile([1.0, 0.0, 0.0], (20_000, 1))
    new = FAMILIES["logit"].replicate(
        predictor, outcome, np.ones(outcome.shape), np.random.default_rng(1)
    )
    shares = np.exp(predictor[0]) / np.exp(predictor[0]).sum()
    np.testing.assert_allclose(new.mean(axis=0), shares, atol=0.015)


def test_average_effect_is_that_of_all_units_also_of_those_without_a_count():
    """Of 400 units with a mean of .1 in each of 4 rows two thirds have no count at all."""
    rng = np.random.default_rng(0)
    treatment = rng.standard_normal((400, 4))
    mean = 0.1 * np.exp(0.5 * treatment)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(400), 4),
            "time": np.tile(np.arange(4), 400),
            "y": rng.poisson(mean).ravel(),
            "d": treatment.ravel(),
        }
    )
    data = cs.Panel.from_frame(frame, **ROLES)
    fit = cs.fit(model("poisson", time_effects=False), data, seed=1, progress=False)
    answer = fit.effect("average_effect")
    lower, upper = answer.numbers()[["lower", "upper"]].to_numpy()[0]
    assert lower < np.expm1(0.5) * mean.mean() < upper
    of_mean = (answer.draws / (fit.effect("ratio").draws - 1)).to_numpy()
    assert of_mean.mean() == pytest.approx(data.outcome.mean(), rel=0.01)
    # The mean of 1,600 Poisson counts varies by √(ȳ / 1600), times their dispersion, near 1.
    expected = np.sqrt(data.outcome.mean() / 1600)
    assert of_mean.std() == pytest.approx(expected, rel=0.15)


def test_average_effect_is_refused_for_odds():
    binary = model("logit").simulate(5, units=60, times=4).data
    other = cs.fit(model("logit"), binary, seed=1, progress=False)
    with pytest.raises(ModelError, match="odds are no probabilities"):
        other.effect("average_effect")


@pytest.mark.parametrize(
    ("family", "change", "message"),
    [
        ("poisson", {"y": -1.0}, "Expected counts"),
        ("logit", {"y": 2.0}, "Expected an outcome of 0 and 1"),
        ("poisson", {"y": 0.0}, "No unit says anything"),
        ("poisson", {"d": "unit"}, "does not change within"),
    ],
    ids=["negative", "two", "zero", "constant treatment"],
)
def test_data_that_say_nothing_are_refused(family, change, message):
    frame = model("poisson").simulate(1, units=20, times=3).data.source
    changed = {
        name: frame[value] if isinstance(value, str) else value
        for name, value in change.items()
    }
    data = cs.Panel.from_frame(frame.assign(**changed), **ROLES)
    with pytest.raises(ModelError, match=message):
        cs.fit(model(family), data, seed=1, progress=False)


@pytest.mark.parametrize(
    ("spread", "overdispersed", "fewest", "most"),
    [(0.0, True, 0, 1), (0.4, False, 5, 6)],
)
def test_ratio_by_level_is_seen_and_overdispersion_is_not(
    spread, overdispersed, fewest, most
):
    """By the level of the same rows, one overdispersed data set of seven failed."""
    failures = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        grid = np.divmod(np.arange(1200), 6)
        frame = pd.DataFrame(dict(zip(("unit", "time"), grid, strict=True)))
        level = 0.7 * rng.standard_normal(200)[grid[0]]
        frame["d"] = 0.5 * level + rng.standard_normal(1200)
        mean = np.exp(level + (0.5 + spread * level) * frame["d"])
        if overdispersed:
            mean = mean * rng.gamma(1.5, 1 / 1.5, 1200)
        frame["y"] = rng.poisson(mean).astype(float)
        data = cs.Panel.from_frame(frame, **ROLES)
        checks = {each.name: each for each in model("poisson").data_checks(data)}
        failures += checks["ratio the same at every level"].passed is False
    assert fewest <= failures <= most


@pytest.mark.parametrize("shape", ["line", "square", "codes"])
def test_covariates_that_act_by_no_line_are_seen(shape):
    rng = np.random.default_rng(3)
    unit = np.repeat(np.arange(150), 5)
    code = rng.integers(30, size=unit.size)
    by_code = rng.permutation(np.linspace(0, 2, 30))
    x = {"line": code, "square": rng.normal(size=unit.size), "codes": code}[shape]
    moves = {"line": x / 15, "square": x**2 / 2, "codes": by_code[code]}[shape]
    d = moves + rng.normal(size=unit.size)
    frame = pd.DataFrame(
        {
            "unit": unit,
            "time": np.tile(np.arange(5), 150),
            "d": d,
            "x": x,
            "y": rng.poisson(np.exp(0.4 * d + moves - 1)),
        }
    )
    data = cs.Panel.from_frame(frame, covariates=["x"], **ROLES)
    checks = {check.name: check for check in cs.PanelGLM().data_checks(data)}
    seen = checks["covariates act by straight lines"]
    assert seen.passed is (shape == "line")
    assert ("frame['x'].astype(str)" in seen.remedy) is (shape != "line")
