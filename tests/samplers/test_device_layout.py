"""Chains and rows over eight devices that JAX makes of one CPU, in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import causalstats as cs
from causalstats.samplers.backends.device_layout import (
    _refuse_too_large,
    layout_for,
    out_of_memory_in_words,
)
from causalstats.samplers.backends.jax_graph import JaxGraph, trace
from tests.samplers.test_compilation import NormalMean

ROOT = Path(__file__).parents[2]
DENSITY = """
import json, sys, warnings
warnings.simplefilter("ignore")
from tests.samplers.test_device_layout import densities
print(json.dumps(densities(*json.loads(sys.argv[1]))))
"""
SAMPLING = """
import json, sys, warnings
warnings.simplefilter("ignore")
import numpy as np, causalstats as cs
from causalstats.core.model import Problem
from tests.samplers.test_compilation import NormalMean
results = []
for name, options, rows in json.loads(sys.argv[1]):
    data = np.random.default_rng(1).normal(size=rows)
    sampler = getattr(cs, name)(draws=100, tune=200, **options)
    draws = sampler(Problem(NormalMean(), data), seed=1)
    values = draws["posterior"]["mean"]
    results.append({
        "device": draws.attrs["device"],
        "shape": values.shape,
        "standardised": ((values - data.mean()) * rows**0.5).to_numpy().ravel().tolist(),
    })
print(json.dumps(results))
"""
CASES = {  # chains and rows, and over how many of eight devices each is spread
    "chains": ((16, 40001), [8, 1]),
    "chains and uneven rows": ((4, 40001), [4, 2]),
    "uneven rows": ((3, 40001), [1, 8]),
    "uneven chains and few rows": ((12, 500), [6, 1]),
}
SAMPLED = {  # sampler, options, rows, and how many of eight devices work
    "uneven rows": ("Nuts", {"chains": 3, "backend": "numpyro"}, 16_003, 8),
    "more chains than devices": ("Nuts", {"chains": 11, "backend": "numpyro"}, 501, 6),
    "fewer chains than devices": ("Nuts", {"chains": 3, "backend": "numpyro"}, 501, 3),
    "chains that adapt together": ("Chees", {"chains": 24, "superchains": 6}, 501, 8),
}


def on_devices(count: int, program: str, argument: object) -> Any:
    """Return what a program prints with so many devices.

    Parameters
    ----------
    count : int
        Number of devices that XLA is told to show.
    program : str
        Lines of Python; the last line that they print is JSON.
    argument : object
        What the program gets, as JSON, in `sys.argv[1]`.
    """
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={count}",
    }
    command = [sys.executable, "-c", program, json.dumps(argument)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def normal_mean(rows: int) -> cs.Problem:
    return cs.Problem(NormalMean(), np.random.default_rng(1).normal(size=rows))


def selective_labels(rows: int) -> cs.Problem:
    model = cs.SelectiveLabels(prevalence=cs.Known(0.3, sd=0.05), unobserved_scale=1.0)
    return cs.Problem(model, model.simulate(1, people=rows, features=2).data)


PROBLEMS = {each.__name__: each for each in (normal_mean, selective_labels)}


def densities(name: str, cases: list[tuple[int, int]]) -> list[dict[str, Any]]:
    """Return log density, layout and the most bytes on a device, for numbers of chains and rows."""
    problems = {rows: PROBLEMS[name](rows) for rows in {rows for _, rows in cases}}
    rows = cases[-1][1]
    functions = trace(problems[rows].graph)
    jax.config.update("jax_disable_most_optimizations", True)  # programs run once
    try:
        return [density(functions, problems[rows], chains) for chains, rows in cases]
    finally:
        jax.config.update("jax_disable_most_optimizations", False)


def density(functions: JaxGraph, problem: cs.Problem, chains: int) -> dict[str, Any]:
    arrays, layout = functions.data(problem, chains)
    held: dict[int, int] = {}
    for array in jax.tree.leaves(arrays):
        for shard in array.addressable_shards:
            held[shard.device.id] = held.get(shard.device.id, 0) + shard.data.nbytes
    value = functions.density(functions.start, arrays)
    return {
        "density": [np.asarray(part).tolist() for part in value],
        "layout": [layout.chain_devices, layout.row_devices],
        "bytes": max(held.values()),
    }


@pytest.mark.parametrize(
    "name", ["normal_mean", pytest.param("selective_labels", marks=pytest.mark.slow)]
)
def test_eight_devices_compute_the_same_density_with_less_memory_each(name):
    asked = (name, [size for size, _ in CASES.values()])
    here = len(jax.devices()) == 1
    alone = densities(*asked) if here else on_devices(1, DENSITY, asked)
    shared = on_devices(8, DENSITY, asked)
    for one, eight, (_, layout) in zip(alone, shared, CASES.values(), strict=True):
        assert eight["layout"] == layout
        for first, second in zip(one["density"], eight["density"], strict=True):
            np.testing.assert_allclose(second, first, rtol=1e-9, atol=1e-9)
        assert eight["bytes"] <= one["bytes"] / layout[1] * 1.01 + 1000


@pytest.mark.slow
def test_eight_devices_sample_the_same_posterior_as_one():
    """Which is Normal in closed form, but for a prior that is hardly felt."""
    cases = [case[:3] for case in SAMPLED.values()]
    alone = on_devices(1, SAMPLING, cases)
    shared = on_devices(8, SAMPLING, cases)
    for one, eight, case in zip(alone, shared, SAMPLED.values(), strict=True):
        assert one["device"] == "cpu, float64"
        assert eight["device"] == f"{case[3]} x cpu, float64"
        assert eight["shape"] == one["shape"] == [case[1]["chains"], 100]
        for result in (one, eight):
            values = np.array(result["standardised"])
            error = 2 / np.sqrt(values.size)  # a quarter of the draws are effective
            assert abs(values.mean()) < 5 * error
            assert abs(values.std() - 1) < 5 * error


def test_one_device_holds_everything():
    layout = layout_for(4, [np.zeros((5000, 3)), np.zeros(2)])
    assert (layout.chain_devices, layout.row_devices) == (1, 1)


class SmallDevice:
    def memory_stats(self):
        return {"bytes_limit": 2**30}

    def __repr__(self):
        return "a small device"


def test_too_little_memory_is_told_before_sampling():
    _refuse_too_large(2.0**29, SmallDevice())
    with pytest.raises(cs.SamplingError, match=r"2\.0 GiB .* has 1\.0 GiB"):
        _refuse_too_large(2.0**31, SmallDevice())


def test_a_device_out_of_memory_is_told_in_words():
    with (
        pytest.raises(cs.SamplingError, match="fewer chains"),
        out_of_memory_in_words(),
    ):
        raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 8 bytes")
    with pytest.raises(ZeroDivisionError), out_of_memory_in_words():
        raise ZeroDivisionError
