"""`Instrumented` with fixed effects of units and years: as with dummies, and as linearmodels."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.instrument.posterior import grid_posterior
from causalstats.numerics.instruments.k_class import k_class
from causalstats.numerics.panel import absorbed_effects
from causalstats.numerics.panel.absorbed_effects import absorbed, absorbed_rank

FORMULA = "y ~ x | unit + year | t ~ z"


def panel(seed=1, units=60, years=5, kept=0.8, effect=0.7):
    rng = np.random.default_rng(seed)
    rows = units * years
    unit = np.repeat(np.arange(units), years)
    year = np.tile(np.arange(years), units)
    level = rng.standard_normal(units)[unit]
    trend = rng.standard_normal(years)[year]
    noise = rng.standard_normal((4, rows))
    z = noise[0] + level
    treatment = 0.5 * z + noise[1] + noise[2] + level + trend
    outcome = effect * treatment + noise[1] + 0.6 * noise[2] + noise[3]
    frame = pd.DataFrame(
        {
            "y": outcome + 2 * level - trend,
            "t": treatment,
            "z": z,
            "x": noise[1],
            "unit": [f"u{k}" for k in unit],
            "year": 2000 + year,
            "w": rng.uniform(0.5, 2, rows),
        }
    )
    return frame[rng.random(rows) < kept].reset_index(drop=True)


def with_dummies(frame, **options):
    dummies = pd.get_dummies(frame[["unit", "year"]].astype(str), drop_first=True)
    whole = pd.concat([frame, dummies.astype(float)], axis=1)
    roles = {"outcome": "y", "treatment": "t", "instruments": ["z"]}
    return cs.Instrumented.from_frame(
        whole, **roles, covariates=["x", *dummies.columns], cluster="unit", **options
    )


@pytest.mark.parametrize("weights", [None, "w"])
def test_absorbed_effects_are_those_of_dummies(weights):
    frame = panel()
    ours = cs.Instrumented.from_formula(FORMULA, frame, weights=weights).moments
    dummies = with_dummies(frame, weights=weights).moments
    assert ours.degrees == dummies.degrees
    np.testing.assert_allclose(ours.products, dummies.products, rtol=1e-9)
    np.testing.assert_allclose(ours.explained, dummies.explained, rtol=1e-9)


def test_the_exact_posterior_is_that_with_dummies():
    frame = panel()
    model = cs.Instrument(errors="iid")
    data = cs.Instrumented.from_formula(FORMULA, frame)
    ours, dummies = (
        grid_posterior(model, each) for each in (data, with_dummies(frame))
    )
    for prob in (0.025, 0.5, 0.975):
        assert ours.quantile(prob) == pytest.approx(dummies.quantile(prob), rel=1e-7)


def test_two_stage_least_squares_is_that_of_linearmodels():
    iv = pytest.importorskip("linearmodels.iv")
    frame = panel()
    dummies = pd.get_dummies(frame[["unit", "year"]].astype(str), drop_first=True)
    held = pd.concat([frame["x"], dummies.astype(float)], axis=1).assign(const=1.0)
    theirs = iv.IV2SLS(frame["y"], held, frame["t"], frame["z"]).fit(
        cov_type="unadjusted", debiased=True
    )
    data = cs.Instrumented.from_formula(FORMULA, frame)
    ours = k_class(data.moments, 1.0, robust=False)
    assert ours.estimate == pytest.approx(theirs.params["t"], rel=1e-8)
    assert ours.se == pytest.approx(theirs.std_errors["t"], rel=1e-8)
    clustered = iv.IV2SLS(frame["y"], held, frame["t"], frame["z"]).fit(
        cov_type="clustered", clusters=frame["unit"].astype("category").cat.codes
    )
    units = frame["unit"].nunique()
    # Years are not constant within units: their rank takes rows of the variance
    rows = len(frame) / (len(frame) - (frame["year"].nunique() - 1))
    adjusted = clustered.std_errors["t"] * np.sqrt(units / (units - 1) * rows)
    assert k_class(data.moments, 1.0).se == pytest.approx(adjusted, rel=1e-8)


def test_many_levels_are_solved_as_few_are(monkeypatch):
    rng = np.random.default_rng(1)
    worker = np.repeat(np.arange(150), 4)
    firm = rng.integers(40, size=600)
    firm = np.unique(firm, return_inverse=True)[1]
    columns = rng.standard_normal((600, 2))
    dense, rank = absorbed(columns, [worker, firm]), absorbed_rank([worker, firm])
    monkeypatch.setattr(absorbed_effects, "_MOST_DENSE", 0)
    np.testing.assert_allclose(absorbed(columns, [worker, firm]), dense, atol=1e-9)
    assert absorbed_rank([worker, firm]) == rank
    dummies = np.column_stack(
        [worker[:, None] == np.arange(150), firm[:, None] == np.arange(firm.max() + 1)]
    ).astype(float)
    left = columns - dummies @ np.linalg.lstsq(dummies, columns, rcond=None)[0]
    np.testing.assert_allclose(dense, left, atol=1e-9)
    assert rank == np.linalg.matrix_rank(dummies)


def test_two_groups_without_a_link_have_a_constant_each():
    worker = np.repeat(np.arange(6), 2)
    firm = np.array([0, 1, 0, 1, 1, 0, 2, 3, 2, 3, 3, 2])
    assert absorbed_rank([worker, firm]) == 6 + 4 - 2


def test_rows_are_clustered_by_the_first_effect_unless_said_otherwise():
    frame = panel().assign(state=lambda table: table["unit"].str[-1])
    data = cs.Instrumented.from_formula(FORMULA, frame)
    assert len(data.clusters) == 60
    assert data.facts()["Clusters"] == "60 (unit)"
    assert data.facts()["Fixed effects"] == "unit (60), year (5)"
    data = cs.Instrumented.from_formula(FORMULA, frame, cluster="state")
    assert len(data.clusters) == 10


def test_columns_that_fixed_effects_determine_are_refused():
    frame = panel()
    frame["fixed"] = frame["unit"].str[1:].astype(float)
    with pytest.raises(cs.DataError, match=r"'fixed' is determined by the fixed eff"):
        cs.Instrumented.from_formula("y ~ 1 | unit | t ~ fixed", frame)
    with pytest.raises(cs.DataError, match=r"'fixed' is determined by the covariates"):
        cs.Instrumented.from_formula("y ~ x | unit | fixed ~ z", frame)
    with pytest.raises(cs.DataError, match="unit \\+ year"):
        cs.Instrumented.from_formula("y ~ x | unit | year | t ~ z", frame)


def test_a_fit_with_fixed_effects_is_saved_and_loaded(tmp_path):
    data = cs.Instrumented.from_formula(FORMULA, panel())
    fit = cs.fit(cs.Instrument(), data, seed=1, progress=False)
    again = cs.load(fit.save(tmp_path / "fit.nc"))
    assert again.data.fingerprint == data.fingerprint
    assert again.data.facts() == data.facts()
    fit.report(tmp_path / "report.html")


@pytest.mark.slow
def test_intervals_cover_with_two_years_of_each_unit():
    """Squared residuals of two rows a unit are half as large: clusters make up for it."""
    inside = []
    for seed in range(300):
        frame = panel(seed, units=100, years=2, kept=1.0)
        data = cs.Instrumented.from_formula(FORMULA, frame)
        posterior = grid_posterior(cs.Instrument(), data)
        ends = [posterior.quantile(prob) for prob in (0.025, 0.975)]
        inside.append(ends[0] <= 0.7 <= ends[1])
    assert 0.90 <= np.mean(inside) <= 0.99, np.mean(inside)


def test_a_function_of_the_outcome_is_asked_for_as_a_column():
    frame = pd.DataFrame(np.ones((3, 3)), columns=["y", "t", "z"])
    with pytest.raises(cs.DataError, match=r"'log\(y\)'. Compute it as a column"):
        cs.Instrumented.from_formula("log(y) ~ 1 | t ~ z", frame)
