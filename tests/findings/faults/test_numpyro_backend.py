"""The backend that is taken on a GPU, run on the CPU.

It samples every model and keeps the draws.
"""

import numpy as np
import pymc as pm
import pytest

import causalstats as cs

SAMPLER = cs.Nuts(chains=2, draws=30, tune=30, backend="numpyro")


def panel():
    model = cs.PanelDML(basis_size=1)
    return model, model.simulate(1, units=20, times=3).data


def tables_with_a_hidden_cause():
    model = cs.CausalDiagram("x -> y; x <-> y", route="structural")
    return model, model.simulate(1, people=100).data


def heckman():
    model = cs.Heckman()
    return model, model.simulate(1, people=100).data


def sparse_composition():
    model = cs.PartialCorrelation(prior="sparse")
    return model, model.simulate(1, rows=40, parts=4).data


def prevalence_by_group():
    data = cs.SelectiveLabels().simulate(1, people=200).data
    frame = data.source.assign(site=np.tile(["north", "south"], 100))
    known = cs.KnownByGroup("site", {"north": 0.3, "south": 0.4})
    arguments = {
        name: value for name, value in data.arguments.items() if value is not None
    }
    arguments["features"] = [*arguments["features"], "site"]
    data = cs.Decisions.from_frame(frame, **arguments)
    return cs.SelectiveLabels(prevalence=known), data


class Vectors:
    """Numbers and vectors without dims, of which some are computed from others."""

    def inputs(self, data):
        return {"shift": np.asarray(data)}

    def build(self, data):
        with pm.Model() as graph:
            shift = pm.Data("shift", np.asarray(data))
            mean = pm.Normal("mean", shift, 1.0)
            vector = pm.Normal("vector", mean, 1.0, shape=3)
            pm.Deterministic("table", vector[:, None] * np.ones(2))
        return graph


def test_numpyro_keeps_and_names_the_draws_of_numbers_vectors_and_tables():
    posterior = SAMPLER(cs.Problem(Vectors(), 2.0), 1)["posterior"]
    shapes = {"mean": (2, 30), "vector": (2, 30, 3), "table": (2, 30, 3, 2)}
    for name, shape in shapes.items():
        assert posterior[name].shape == shape
        assert posterior[name].dims[:2] == ("chain", "draw")
        assert np.isfinite(posterior[name]).all()


# A graph of a family compiles for five seconds; tests/laws/test_every_backend.py labels what is
# kept of each.
@pytest.mark.slow
@pytest.mark.parametrize("study", [panel, tables_with_a_hidden_cause])
def test_numpyro_keeps_and_names_the_draws_of_vectors_without_dims(study):
    model, data = study()
    posterior = cs.fit(model, data, seed=1, sampler=SAMPLER, progress=False).draws[
        "posterior"
    ]
    drawn = {
        name: value
        for name, value in posterior.data_vars.items()
        if "draw" in value.dims
    }
    assert drawn
    for name, value in drawn.items():
        assert value.dims[:2] == ("chain", "draw") and value.shape[:2] == (2, 30)
        assert len(set(value.dims)) == value.ndim
        assert np.isfinite(value).all(), name


@pytest.mark.slow
@pytest.mark.parametrize(
    "study",
    [
        panel,
        tables_with_a_hidden_cause,
        heckman,
        sparse_composition,
        prevalence_by_group,
    ],
)
def test_numpyro_labels_the_draws_as_the_default_backend_does(study):
    model, data = study()
    draws = cs.fit(model, data, seed=1, sampler=SAMPLER, progress=False).draws[
        "posterior"
    ]
    sampler = cs.Nuts(chains=2, draws=30, tune=30, backend="numba")
    default = cs.fit(model, data, seed=1, sampler=sampler, progress=False).draws[
        "posterior"
    ]
    assert {name: value.dims for name, value in draws.data_vars.items()} == {
        name: value.dims for name, value in default.data_vars.items()
    }
    assert all(np.isfinite(value).all() for value in draws.data_vars.values())
