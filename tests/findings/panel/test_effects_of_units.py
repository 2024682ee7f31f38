"""With effects="unit" every headline is the mean of the units' effects."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

pytestmark = pytest.mark.usefixtures("without_trees")

_ROLES = {"unit": "id", "time": "t", "outcome": "y", "treatment": "d"}


def _panel(
    seed: int, units: int = 100, times: int = 8, spread: float = 1.5
) -> pd.DataFrame:
    """Effects of units Normal(1, spread), and treatments whose spread differs by unit."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "id": np.repeat(np.arange(units), times),
            "t": np.tile(np.arange(times), units),
        }
    )
    d = rng.normal(size=len(frame)) * np.exp(0.6 * rng.normal(size=units))[frame["id"]]
    slopes = 1 + spread * rng.normal(size=units)
    noise = rng.normal(size=units)[frame["id"]] + rng.normal(size=len(frame))
    return frame.assign(d=d, y=slopes[frame["id"]] * d + noise)


def _fit(frame: pd.DataFrame, **fields) -> cs.Fit:
    model = cs.PanelDML(effects="unit", **fields)
    return cs.fit(model, cs.Panel.from_frame(frame, **_ROLES), seed=1, progress=False)


@pytest.mark.parametrize("errors", ["cluster", "iid"])
def test_the_headline_is_the_mean_of_units_everywhere(errors):
    fit = _fit(_panel(1), errors=errors)
    mean = fit.effect("average_effect").numbers()
    headline = fit.effect("effect").numbers()
    np.testing.assert_allclose(headline.iloc[0], mean.iloc[0])
    assert fit.compare().loc["PanelDML", "mean"] == pytest.approx(mean["mean"].iloc[0])
    table = cs.panel_dml_estimators(
        fit, methods=["fixed effects"], seed=1, progress=False
    ).table
    assert table.loc["PanelDML", "lower"] == pytest.approx(mean["lower"].iloc[0])
    assert "mean of the distribution of units" in repr(fit)
    used = fit.sensitivity(effect_sd=[4.0]).query("used")
    assert used["mean"].iloc[0] == pytest.approx(mean["mean"].iloc[0])


def _covered(errors: str, sets: int, **fields) -> float:
    hits = 0
    for seed in range(sets):
        row = (
            _fit(_panel(seed, **fields), errors=errors)
            .effect("effect")
            .numbers()
            .iloc[0]
        )
        hits += row["lower"] <= 1 <= row["upper"]
    return hits / sets


def test_the_interval_of_the_mean_covers_it():
    """Ten data sets: fewer than 7 hits have probability .001 at a coverage of .95."""
    assert _covered("cluster", 10) >= 0.7


@pytest.mark.slow
@pytest.mark.parametrize("errors", ["cluster", "iid"])
@pytest.mark.parametrize(("units", "spread"), [(100, 1.5), (40, 0.7)])
def test_the_interval_of_the_mean_has_its_coverage(errors, units, spread):
    coverage = _covered(errors, 200, units=units, spread=spread)
    assert 0.90 <= coverage <= 0.99


def test_two_treatments_are_refused_before_anything_is_sampled():
    frame = _panel(2)
    frame["other"] = np.random.default_rng(3).normal(size=len(frame))
    roles = {**_ROLES, "treatment": ["d", "other"]}
    data = cs.Panel.from_frame(frame, **roles)
    with pytest.raises(cs.ModelError, match="other treatments among the covariates"):
        cs.Problem(cs.PanelDML(effects="unit"), data).inputs  # noqa: B018 - asks for them
    remedied = cs.Panel.from_frame(frame, **_ROLES, covariates=["other"])
    assert cs.fit(cs.PanelDML(effects="unit"), remedied, seed=1, progress=False).effect(
        "effect"
    )
