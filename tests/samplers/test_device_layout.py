"""Chains and rows over eight devices that JAX makes of one CPU, in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from causalstats.samplers.backends.device_layout import layout_for

ROOT = Path(__file__).parents[2]
PROGRAM = """
import json, sys, warnings
warnings.simplefilter("ignore")
import jax, numpy as np, causalstats as cs
from causalstats.samplers.backends.jax_graph import trace
chains, rows, sampler = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
model = cs.SelectiveLabels(prevalence=cs.Known(0.3, sd=0.05), unobserved_scale=1.0)
data = model.simulate(1, people=rows, features=2).data
problem = cs.Problem(model, data)
functions = trace(problem.graph)
arrays, layout = functions.data(problem, chains)
starts = functions.starts(arrays, 1, 1)
density = [np.asarray(part).tolist() for part in functions.density([p[0] for p in starts], arrays)]
held = {}
for array in jax.tree.leaves(arrays):
    for shard in array.addressable_shards:
        held[shard.device.id] = held.get(shard.device.id, 0) + shard.data.nbytes
result = {
    "density": density,
    "layout": [layout.chain_devices, layout.row_devices],
    "bytes": max(held.values()),
    "devices": len(jax.devices()),
}
if sampler != "none":
    options = {"Nuts": dict(backend="numpyro"), "Chees": dict(superchains=2)}[sampler]
    options |= dict(chains=chains, draws=100, tune=100)
    fit = cs.fit(model, data, seed=1, sampler=getattr(cs, sampler)(**options), progress=False)
    table = fit.effect("untested_prevalence").numbers()
    result["mean"], result["error"] = (
        table["mean"].item(), table["sd"].item() / table["ess_bulk"].item() ** 0.5
    )
    result["device"] = fit.provenance["device"]
print(json.dumps(result))
"""


def on_devices(count: int, chains: int, rows: int, sampler: str = "none") -> dict:
    """Return what the program finds with so many devices."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={count}",
    }
    command = [sys.executable, "-c", PROGRAM, str(chains), str(rows), sampler]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("chains", "rows", "layout"),
    [
        (16, 4001, [8, 1]),
        (4, 4001, [4, 2]),
        (3, 9001, [1, 8]),
    ],
    ids=["chains", "chains and uneven rows", "uneven rows"],
)
def test_eight_devices_compute_the_same_density_with_less_memory_each(
    chains, rows, layout
):
    one = on_devices(1, chains, rows)
    eight = on_devices(8, chains, rows)
    assert eight["devices"] == 8
    assert eight["layout"] == layout
    for first, second in zip(one["density"], eight["density"], strict=True):
        np.testing.assert_allclose(second, first, rtol=1e-9, atol=1e-9)
    assert eight["bytes"] <= one["bytes"] / layout[1] * 1.05 + 1000


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["Nuts", "Chees"])
def test_eight_devices_sample_the_same_posterior(sampler):
    one = on_devices(1, 4, 2003, sampler)
    eight = on_devices(8, 4, 2003, sampler)
    assert eight["layout"] == [4, 2]
    assert eight["device"] == "8 x cpu, float64"
    difference = abs(one["mean"] - eight["mean"])
    assert difference < 5 * np.hypot(one["error"], eight["error"])


def test_one_device_holds_everything():
    layout = layout_for(4, [np.zeros((5000, 3)), np.zeros(2)])
    assert (layout.chain_devices, layout.row_devices) == (1, 1)
