"""Names such as "km/h" are drawn, reported and handed to ArviZ, whose trees divide paths by "/"."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.plots.rank_ecdf import ranks


@pytest.fixture(scope="module")
def fit():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(60, 3)), columns=["km/h", "a/1", "b/2"])
    frame["unit"], frame["time"] = np.divmod(np.arange(60), 4)
    data = cs.Panel.from_frame(
        frame, unit="unit", time="time", outcome="km/h", treatment=["a/1", "b/2"]
    )
    sampler = cs.Auto(chains=2, draws=60)
    model = cs.PanelDML(basis_size=1)
    return cs.fit(model, data, seed=1, sampler=sampler, progress=False)


@pytest.mark.parametrize("name", ["parameters", "chains", "pairs"])
def test_parameters_of_columns_with_slashes_are_drawn(fit, name):
    assert fit.plot(name).axes


def test_groups_of_columns_with_slashes_are_handed_to_arviz(fit):
    tree = fit.idata()
    observed, predicted = tree["observed_data"], tree["posterior_predictive"]
    assert set(observed.data_vars) <= set(predicted.data_vars)
    assert all("/" not in str(name) for name in observed.data_vars)


def test_ranks_of_quotients_are_drawn():
    uniform = np.linspace(0.02, 0.98, 30)
    assert len(ranks(pd.DataFrame({"a / b": uniform, "b / a": uniform})).axes) == 2


@pytest.mark.slow
def test_a_calibration_of_compositions_is_drawn():
    model = cs.PartialCorrelation(prior="invariant")
    result = cs.calibrate(model, seed=1, fits=3, progress=False)
    assert any("/" in name for name in result.ranks)
    assert result.plot().axes
