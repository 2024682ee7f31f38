"""Callbacks that Numba keeps on disk: the numbers of nutpie, and never those of another graph."""

import ctypes

import numpy as np
import nutpie
import pymc as pm
import pytest
from pytensor.configdefaults import config

from causalstats.samplers.backends.numba_callbacks import kept_on_disk


def graph(power):
    """Data of several ranks, and a constant that is part of the program."""
    with pm.Model() as model:
        matrix = pm.Data("matrix", np.array([[1.0, 2.0, 3.0], [0.5, 0.25, 4.0]]))
        unit = pm.Data("unit", 2.0)
        location = pm.Normal("location", 0, unit, shape=3)
        spread = pm.HalfNormal("spread", 1)
        index = pm.Deterministic("index", matrix @ location)
        pm.Normal("outcome", index**power, spread, observed=np.array([0.3, -0.2]))
    return model


def compiled(power, on_disk):
    with config.change_flags(numba__fastmath=False):
        if not on_disk:
            return nutpie.compile_pymc_model(graph(power), freeze_model=False)
        with kept_on_disk("numba") as options:
            return nutpie.compile_pymc_model(
                graph(power), freeze_model=False, **options
            )


def density_and_gradient(program, point):
    gradient = np.empty_like(point)
    density = np.empty(())
    arrays = [
        array.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
        for array in (point, gradient, density)
    ]
    record = program.user_data.ctypes.data_as(ctypes.c_void_p)
    status = program.compiled_logp_func.ctypes(len(point), *arrays, record)
    return status, float(density), gradient


@pytest.fixture(scope="module")
def programs():
    return {
        "nutpie's own": compiled(2, on_disk=False),
        "on disk": compiled(2, on_disk=True),
        "read from disk": compiled(2, on_disk=True),
        "another constant": compiled(3, on_disk=True),
    }


def test_density_and_gradient_are_those_of_nutpie(programs):
    point = np.array([0.3, -0.4, 0.2, 0.1])
    expected = density_and_gradient(programs["nutpie's own"], point)
    for name in ("on disk", "read from disk"):
        status, density, gradient = density_and_gradient(programs[name], point)
        assert (status, density) == expected[:2]
        np.testing.assert_array_equal(gradient, expected[2])


def test_other_data_are_read_from_the_record(programs):
    point = np.array([0.3, -0.4, 0.2, 0.1])
    data = {"matrix": np.array([[1.0, 0.0, 2.0], [3.0, 1.0, 1.0]]), "unit": 0.5}
    expected, got = (
        density_and_gradient(programs[name].with_data(**data), point)
        for name in ("nutpie's own", "read from disk")
    )
    assert got[:2] == expected[:2]
    assert got[1] != density_and_gradient(programs["read from disk"], point)[1]


def test_a_program_is_read_only_for_the_same_graph(programs):
    point = np.array([0.3, -0.4, 0.2, 0.1])
    assert programs["read from disk"].compiled_logp_func.cache_hits == 1
    assert programs["read from disk"].compiled_expand_func.cache_hits == 1
    _, density, _ = density_and_gradient(programs["another constant"], point)
    assert density != density_and_gradient(programs["on disk"], point)[1]


def test_a_density_that_is_not_finite_is_an_error_of_the_step(programs):
    point = np.array([0.3, -0.4, 0.2, np.nan])
    statuses = {
        density_and_gradient(programs[name], point)[0]
        for name in ("nutpie's own", "read from disk")
    }
    assert statuses == {3}
