"""`Instrument(direct="learned")`: coverage, checks, refusals."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

LEARNED = cs.Instrument(direct="learned", errors="iid")


def data_of(seed, rows=600, direct=0.1, mean=0.0, outlier=0.0, instruments=10):
    """Direct effects of sd `direct` and this mean, instruments signed to raise the treatment."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((rows, instruments))
    v, e = rng.standard_normal((2, rows))
    treatment = z @ rng.uniform(0.1, 0.5, instruments) + v
    own = mean + direct * rng.standard_normal(instruments)
    own[0] += outlier
    outcome = treatment + z @ own + 0.6 * v + 0.8 * e
    names = [f"z{each + 1}" for each in range(instruments)]
    frame = pd.DataFrame(z, columns=names).assign(y=outcome, t=treatment)
    return cs.Instrumented.from_frame(
        frame, outcome="y", treatment="t", instruments=names
    )


def fitted(data, **fields):
    return cs.fit(
        cs.Instrument(direct="learned", errors="iid", **fields),
        data,
        seed=1,
        progress=False,
    )


def failed(data):
    return {check.name for check in fitted(data).check() if check.passed is False}


def test_checks_see_a_large_direct_effect_and_a_common_direction():
    assert not failed(data_of(1))
    assert "direct effects of one spread" in failed(
        data_of(1, direct=0.02, outlier=2.0, instruments=20)
    )
    assert "direct effects in both directions" in failed(
        data_of(1, direct=0.01, mean=0.3, instruments=20)
    )


def test_large_direct_effects_do_not_make_neighbours_alike():
    for seed in range(5):
        checks = LEARNED.data_checks(data_of(seed, direct=0.3))
        named = {check.name: check.passed for check in checks}
        assert named["rows independent of their neighbours"], seed


def test_intervals_cover_where_exclusion_is_wrong():
    """Ten instruments, direct effects of .3: over 40 data sets, beside exclusion."""
    inside = {"learned": 0, "exclusion": 0}
    for seed in range(40):
        data = data_of(seed, direct=0.3)
        for name, model in (
            ("learned", LEARNED),
            ("exclusion", cs.Instrument(errors="iid")),
        ):
            draws = model.exact_posterior(data)(1, 1000, np.random.default_rng(seed))
            lower, upper = np.quantile(draws["effect"], [0.025, 0.975])
            inside[name] += lower < 1 < upper
    # Binomial limit of a coverage of .93 at 1e-4
    assert inside["learned"] >= 30 and inside["exclusion"] < 20


def test_fewer_than_three_instruments_are_refused():
    with pytest.raises(cs.ModelError, match="at least 3 instruments"):
        fitted(data_of(1, instruments=2))
    with pytest.raises(cs.ModelError, match="errors='iid'"):
        cs.Instrument(direct="learned")
    with pytest.raises(cs.ModelError, match="direct"):
        cs.Instrument(direct="unknown", errors="iid")


def test_a_fit_is_saved_and_loaded(tmp_path):
    fit = fitted(data_of(1, instruments=4), direct_prior_scale=0.2)
    again = cs.load(fit.save(tmp_path / "fit.nc"))
    assert again.model == fit.model
    np.testing.assert_array_equal(
        again.effect("direct_effect").draws, fit.effect("direct_effect").draws
    )
