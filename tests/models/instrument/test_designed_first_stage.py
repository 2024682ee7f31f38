"""`Instrument(first_stage="designed")`: outside numbers, invariance, coverage, refusals."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import causalstats as cs
from causalstats.numerics.instruments.designed_first_stage import (
    designed_first_stage,
    draw_given,
    draw_scale,
    log_likelihood,
)

MODEL = cs.Instrument(first_stage="designed", errors="iid")
NAMES, BEFORE = ["t1", "t2", "t3"], ["x1", "x2", "x3"]


def frame_of(seed=1, rows=500, effects=(1.0, -1.0, 0.5), control=(0.8, 0.3, -0.5)):
    """Augmented along the two directions that the effects are orthogonal to."""
    rng = np.random.default_rng(seed)
    x, w = rng.standard_normal((rows, 3)), rng.standard_normal(rows)
    x = x + 0.5 * w[:, None]
    first = np.array([effects, [1, 0, 0], [0, 1, 0]]).T
    across = np.linalg.qr(first)[0].T[1:]
    t = x + rng.standard_normal((rows, 2)) @ across
    y = x @ (np.array(effects) + control) + w + rng.standard_normal(rows)
    frame = pd.DataFrame(t, columns=NAMES).assign(y=y, w=w)
    frame[BEFORE] = x
    return frame


def data_of(frame, **roles):
    given = {"outcome": "y", "treatment": NAMES, "original": BEFORE}
    given |= {"covariates": ["w"], **roles}
    return cs.Instrumented.from_frame(frame, **given)


def fitted(data, **fields):
    model = cs.Instrument(first_stage="designed", errors="iid", **fields)
    return cs.fit(model, data, seed=1, progress=False)


def test_with_a_wide_prior_and_every_direction_changed_it_is_least_squares():
    """Of both sets of columns, by statsmodels."""
    frame = frame_of()
    frame["t1"] += np.random.default_rng(2).standard_normal(len(frame))
    held = sm.add_constant(frame[["w"]])
    theirs = sm.OLS(frame["y"], held.join(frame[NAMES + BEFORE])).fit()
    left = [sm.OLS(frame[name], held).fit().resid.to_numpy() for name in ["y"] + NAMES]
    before = np.stack([sm.OLS(frame[x], held).fit().resid for x in BEFORE], axis=1)
    design = designed_first_stage(left[0], np.stack(left[1:], axis=1), before, 2)
    draws = draw_given(design, np.full(20_000, np.log(900.0)), np.random.default_rng(1))
    away = (draws.effect.mean(axis=0) - theirs.params[NAMES]) / theirs.bse[NAMES]
    assert (abs(away) < 0.05).all()
    np.testing.assert_allclose(draws.effect.std(axis=0), theirs.bse[NAMES], rtol=0.05)


def test_the_evidence_is_that_of_a_normal_outcome_integrated_by_quadrature():
    """p(y | c) of one treatment: β, φ and σ by a sum over grids."""
    rng = np.random.default_rng(4)
    x, change, e = rng.standard_normal((3, 12))
    t, y = x + change, 0.7 * x + e
    design = designed_first_stage(y, t[:, None], x[:, None], 0)
    grids = (np.linspace(-6, 6, 161), np.linspace(-6, 6, 161), np.linspace(-2, 3, 81))
    effect, control, log_sigma = np.meshgrid(*grids, indexing="ij")
    sigma = np.exp(log_sigma)
    squares = np.zeros_like(effect)
    for row in range(12):
        squares += (y[row] - t[row] * effect - x[row] * control) ** 2
    logs = -12 * log_sigma - squares / 2 / sigma**2
    spread = sigma / np.sqrt((x**2).mean())
    values = []
    for log_scale in (-0.5, 0.0, 0.7):
        sd = np.exp(log_scale) * spread
        prior = -np.log(sd) - (control / sd) ** 2 / 2
        values.append(np.log(np.exp(logs + prior).sum()))
    ours = log_likelihood(design, np.array([-0.5, 0.0, 0.7]))
    np.testing.assert_allclose(np.diff(values), np.diff(ours), atol=2e-3)


def test_answers_are_near_the_effects_along_changed_directions():
    """Whose combination with the effects is known to be 0."""
    fit = fitted(data_of(frame_of(rows=3000)))
    draws = fit.effect("effect").draws.stack(every=("chain", "draw")).to_numpy()
    effects = np.array([1.0, -1.0, 0.5])
    across = np.linalg.qr(np.array([effects, [1, 0, 0], [0, 1, 0]]).T)[0].T[1:]
    along = across @ draws
    assert (abs(along.mean(axis=1)) < 4 * along.std(axis=1)).all()
    assert (along.std(axis=1) < 0.1).all()
    lower, upper = np.quantile(draws, [0.005, 0.995], axis=1)
    assert ((lower < effects) & (effects < upper)).all()
    assert fit.compare().loc["t1", "least squares"] > 1.2


def test_intervals_cover_where_confounding_is_alike_in_every_direction():
    inside = []
    for seed in range(60):
        rng = np.random.default_rng(1000 + seed)
        frame = frame_of(seed, rows=200, control=rng.standard_normal(3))
        left = data_of(frame)
        draws = MODEL.exact_posterior(left)(1, 800, rng)["effect"].to_numpy()[0]
        lower, upper = np.quantile(draws, [0.025, 0.975], axis=0)
        truth = np.array([1.0, -1.0, 0.5])
        inside.append(((lower < truth) & (truth < upper)).mean())
    # .95 less four standard errors of data sets whose three intervals go together
    assert np.mean(inside) > 0.83


def test_checks_name_the_directions_that_the_augmentation_leaves():
    fit = fitted(data_of(frame_of()))
    (check,) = [c for c in fit.check() if "augmentation leaves" in c.name]
    assert check.passed is None and check.value == 1.0
    assert check in fit.effect("effect").doubts
    frame = frame_of()
    frame["t1"] += np.random.default_rng(2).standard_normal(len(frame))
    (check,) = [
        c for c in fitted(data_of(frame)).check() if "augmentation leaves" in c.name
    ]
    assert check.passed is False
    uneven = frame_of()
    uneven["y"] += 3 * uneven["x1"] * np.random.default_rng(3).standard_normal(500)
    doubts = fitted(data_of(uneven)).effect("effect").doubts
    assert "equal variances" in {each.name for each in doubts}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"instruments": ["w2"]}, "expected no `instruments`, got 'w2'"),
        ({"original": ["x1"]}, "got 1 for 3 treatments"),
        ({"original": NAMES}, "named in `treatment` and in `original`"),
        ({"original": ["c1", "c2", "c3"]}, "changes no treatment"),
        ({"treatment": ["t1", "t2", "sum"]}, "'t1', 't2', 'sum' determine each other"),
        ({"original": ["x1", "x2", "one"]}, "'one' is constant"),
        ({"original": ["x1", "x2", "holes"]}, "'holes' is missing"),
    ],
)
def test_designs_that_cannot_be_meant_are_refused(change, words):
    frame = frame_of(rows=60).assign(w2=1.0, one=1.0)
    frame[["c1", "c2", "c3"]] = frame[NAMES]
    frame["sum"] = frame["t1"] + frame["t2"]
    frame["holes"] = frame["x3"].where(frame.index > 0)
    with pytest.raises(cs.DataError, match=words):
        data_of(frame, **change)


def test_options_and_data_that_do_not_go_together_are_refused():
    data = data_of(frame_of(rows=60))
    with pytest.raises(cs.ModelError, match="`original=\\[...\\]`: expected `first_st"):
        cs.fit(cs.Instrument(), data, seed=1, progress=False)
    plain = cs.Instrument().simulate(seed=1).data
    with pytest.raises(cs.ModelError, match="takes the treatments before"):
        cs.fit(MODEL, plain, seed=1, progress=False)
    with pytest.raises(cs.ModelError, match="expected `errors='iid'`, got 'robust'"):
        cs.Instrument(first_stage="designed")
    with pytest.raises(cs.ModelError, match="expected `direct=None`"):
        cs.Instrument(first_stage="designed", errors="iid", direct={"z": 0.1})
    clustered = data_of(frame_of(rows=60).assign(g=np.arange(60) % 20), cluster="g")
    with pytest.raises(cs.ModelError, match="without clusters, got 20"):
        fitted(clustered)
    with pytest.raises(cs.ModelError, match="rows of a designed first stage"):
        fitted(data).idata(["log_likelihood"])
    with pytest.raises(cs.ModelError, match="one treatment"):
        MODEL.bayes_factor_of_no_confounding(data)


def test_a_fit_is_saved_and_loaded(tmp_path):
    fit = fitted(data_of(frame_of(rows=80)), control_prior_scale=0.5)
    again = cs.load(fit.save(tmp_path / "fit.nc"))
    assert again.model == fit.model
    assert again.data.fingerprint == fit.data.fingerprint
    np.testing.assert_array_equal(
        again.effect("effect").draws, fit.effect("effect").draws
    )


def test_units_of_the_columns_change_nothing_but_the_unit():
    frame = frame_of(rows=200)
    plain = fitted(data_of(frame)).effect("effect").draws
    frame[["t1", "x1"]] *= 1e7
    frame["y"] *= 1e-6
    scaled = fitted(data_of(frame)).effect("effect").draws
    for name, factor in zip(NAMES, (1e13, 1e6, 1e6), strict=True):
        ours, theirs = plain.sel(treatment=name), scaled.sel(treatment=name) * factor
        assert abs(float(theirs.median() - ours.median())) < 0.1 * float(ours.std())


def test_the_graph_has_the_density_of_the_closed_form():
    data = data_of(frame_of(rows=60))
    graph = MODEL.build(data)
    logp = graph.compile_logp(mode="FAST_COMPILE")
    (name,) = graph.initial_point()
    from scipy.special import expit

    from causalstats.models.instrument.designed_first_stage import design_of
    from causalstats.numerics.instruments.designed_first_stage import LOG_SCALE_RANGE

    low, high = LOG_SCALE_RANGE
    points = np.array([-0.5, 0.0, 0.8])
    at = low + (high - low) * expit(points)
    ours = log_likelihood(design_of(data), at) + at - np.log1p(np.exp(2 * at))
    jacobian = np.log(expit(points)) + np.log(expit(-points))
    theirs = np.array([float(logp({name: np.asarray(each)})) for each in points])
    theirs = theirs - jacobian
    np.testing.assert_allclose(theirs - theirs[0], ours - ours[0], atol=1e-8)
    draws = draw_scale(design_of(data), 50, np.random.default_rng(1))
    assert ((low < draws) & (draws < high)).all()
