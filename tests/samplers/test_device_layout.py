"""Chains and rows over eight devices that JAX makes of one CPU, in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import causalstats as cs
from causalstats.samplers.backends.device_layout import (
    _refuse_too_large,
    layout_for,
    out_of_memory_in_words,
)

ROOT = Path(__file__).parents[2]
DENSITY = """
import json, sys, warnings
warnings.simplefilter("ignore")
import jax, numpy as np, causalstats as cs
from causalstats.samplers.backends.jax_graph import trace
model = cs.SelectiveLabels(prevalence=cs.Known(0.3, sd=0.05), unobserved_scale=1.0)
results = []
for chains, rows in json.loads(sys.argv[1]):
    data = model.simulate(1, people=rows, features=2).data
    problem = cs.Problem(model, data)
    functions = trace(problem.graph)
    arrays, layout = functions.data(problem, chains)
    start = [part[0] for part in functions.starts(arrays, 1, 1)]
    held = {}
    for array in jax.tree.leaves(arrays):
        for shard in array.addressable_shards:
            held[shard.device.id] = held.get(shard.device.id, 0) + shard.data.nbytes
    results.append({
        "density": [np.asarray(part).tolist() for part in functions.density(start, arrays)],
        "layout": [layout.chain_devices, layout.row_devices],
        "bytes": max(held.values()),
    })
print(json.dumps(results))
"""
SAMPLING = """
import json, sys, warnings
warnings.simplefilter("ignore")
import causalstats as cs
name, options = json.loads(sys.argv[1])
model = cs.SelectiveLabels(prevalence=cs.Known(0.3, sd=0.05), unobserved_scale=1.0)
data = model.simulate(1, people=2003, features=2).data
sampler = getattr(cs, name)(chains=4, draws=100, tune=100, **options)
fit = cs.fit(model, data, seed=1, sampler=sampler, progress=False)
table = fit.effect("untested_prevalence").numbers()
print(json.dumps({
    "mean": table["mean"].item(),
    "error": table["sd"].item() / table["ess_bulk"].item() ** 0.5,
    "device": fit.provenance["device"],
}))
"""
CASES = {  # chains and rows, and over how many of eight devices each is spread
    "chains": ((16, 4001), [8, 1]),
    "chains and uneven rows": ((4, 40001), [4, 2]),
    "uneven rows": ((3, 40001), [1, 8]),
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


def test_eight_devices_compute_the_same_density_with_less_memory_each():
    sizes = [size for size, _ in CASES.values()]
    alone = on_devices(1, DENSITY, sizes)
    shared = on_devices(8, DENSITY, sizes)
    for one, eight, (_, layout) in zip(alone, shared, CASES.values(), strict=True):
        assert eight["layout"] == layout
        for first, second in zip(one["density"], eight["density"], strict=True):
            np.testing.assert_allclose(second, first, rtol=1e-9, atol=1e-9)
        assert eight["bytes"] <= one["bytes"] / layout[1] * 1.01 + 1000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"),
    [("Nuts", {"backend": "numpyro"}), ("Chees", {"superchains": 2})],
)
def test_eight_devices_sample_the_same_posterior(name, options):
    one = on_devices(1, SAMPLING, [name, options])
    eight = on_devices(8, SAMPLING, [name, options])
    assert eight["device"] == "8 x cpu, float64"
    difference = abs(one["mean"] - eight["mean"])
    assert difference < 5 * np.hypot(one["error"], eight["error"])


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
