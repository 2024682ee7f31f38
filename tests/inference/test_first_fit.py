"""One fit of every family with every verb: a quick look at an environment, such as the oldest."""

import datetime

import pytest

import causalstats as cs
from causalstats import models

FEW_DRAWS = cs.Auto(chains=2, draws=50, tune=100)
SIZES = {"Heckman": {"people": 150}, "SelectiveLabels": {"people": 150}}


# Its program is compiled by Numba where its posterior is compared with Stan's, and its report, file
# and checks are tested beside those; `make floors` runs it.
SLOW = {"SelectiveLabels"}
FAMILIES = [
    pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW))
    for name in models.__all__
]


@pytest.mark.parametrize("name", FAMILIES)
def test_fit_check_report_and_save(name, tmp_path):
    model = (
        getattr(cs, name)() if name != "CausalDiagram" else cs.CausalDiagram("x -> y")
    )
    data = model.simulate(1, **SIZES.get(name, {})).data
    fit = cs.fit(model, data, seed=1, sampler=FEW_DRAWS, progress=False)
    assert len(fit.effect(model.headline).summary()) and fit.check()
    day = datetime.date(2026, 3, 1)
    report = fit.report(tmp_path / "report.html", date=day).read_text()
    assert "<html" in report and "CPU, float64" in report
    assert "2026-03-01" in report
    assert "Sampled on" not in repr(fit)
    again = cs.load(fit.save(tmp_path / "fit.nc"))
    assert again.summary().equals(fit.summary())


# XLA compiles a panel of counts in a fifth of the time. Every function of JAX in the likelihood of
# Heckman is run by tests/laws/test_every_backend.py, and by `make floors` here.
@pytest.mark.parametrize(
    ("model", "size"),
    [
        (cs.PanelGLM(), {"units": 40, "times": 4}),
        pytest.param(cs.Heckman(), {"people": 100}, marks=pytest.mark.slow),
    ],
    ids=["PanelGLM", "Heckman"],
)
def test_fit_by_jax(model, size):
    sampler = cs.Nuts(backend="numpyro", chains=2, draws=50, tune=50)
    data = model.simulate(1, **size).data
    fit = cs.fit(model, data, seed=1, sampler=sampler, progress=False)
    assert fit.draws["posterior"].sizes["draw"] == 50
