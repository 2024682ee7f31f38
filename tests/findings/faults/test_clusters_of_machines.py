"""Work is spread over the workers of joblib, Dask and Ray; a worker that dies loses nothing."""

import contextlib
import json
import os
import signal
import threading
import time
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

import causalstats as cs

FITS = 150


@pytest.fixture
def dask_cluster():
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    )
    with cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture
def ray_cluster():
    ray = pytest.importorskip("ray")
    from ray.util.joblib import register_ray

    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        _node_ip_address="127.0.0.1",
    )
    register_ray()
    yield ray
    ray.shutdown()


def refits(backend, **workers):
    """Return a sensitivity analysis here and by workers."""
    model = cs.CausalDiagram("x -> y", route="reduced")
    fit = cs.fit(model, model.simulate(1, people=60).data, seed=1, progress=False)
    values = {"concentration": [1.0, 2.0]}
    here = fit.sensitivity(**values)
    with joblib.parallel_config(backend, **workers):
        return here, fit.sensitivity(**values)


def chunked_effect():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(160_000, 3)), columns=["y", "d", "x"])
    frame["unit"], frame["time"] = np.divmod(np.arange(len(frame)), 4)
    roles = {"unit": "unit", "time": "time", "outcome": "y", "treatment": "d"}
    data = cs.Panel.from_chunks([frame], covariates=["x"], **roles)
    return (
        cs.fit(cs.PanelDML(), data, seed=1, progress=False).effect("effect").numbers()
    )


def test_the_workers_of_joblib_refit():
    here, there = refits("threading", n_jobs=2)
    pd.testing.assert_frame_equal(here, there)


def kill_half_way(path, of_worker):
    """Kill a worker when a third of the data sets are fitted; returns the thread that does.

    Parameters
    ----------
    path : Path
        Of the ranks that are fitted so far.
    of_worker : callable
        Returns the number of a worker's process.
    """

    def kill():
        while not path.exists() or len(path.read_text().splitlines()) < FITS // 3:
            time.sleep(0.05)
        os.kill(of_worker(), signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    return killer


def ray_worker():
    """Return the number of a process that fits data sets for Ray."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (folder / "cmdline").read_bytes().startswith(b"ray::PoolActor"):
                return int(folder.name)
    raise LookupError("no worker of Ray")


@pytest.mark.slow
def test_dask_calibrates_and_refits_and_a_killed_worker_loses_nothing(
    dask_cluster, tmp_path
):
    path = tmp_path / "ranks.jsonl"
    model = cs.PartialCorrelation(prior="invariant")
    first, _ = dask_cluster.run(os.getpid).values()
    killer = kill_half_way(path, lambda: first)
    with joblib.parallel_config("dask"):
        spread = cs.calibrate(
            model, seed=1, fits=FITS, path=path, jobs=-1, progress=False
        )
    killer.join(1)
    assert not killer.is_alive()
    seeds = [json.loads(line)["seed"] for line in path.read_text().splitlines()[1:]]
    assert len(seeds) == len(set(seeds)) == FITS
    alone = cs.calibrate(model, seed=1, fits=FITS, progress=False)
    pd.testing.assert_frame_equal(spread.ranks, alone.ranks)
    here, there = refits("dask")
    pd.testing.assert_frame_equal(here, there)
    alone = chunked_effect()
    with joblib.parallel_config("dask"):
        np.testing.assert_allclose(chunked_effect(), alone, rtol=1e-9)


@pytest.mark.slow
def test_ray_calibrates_and_refits_and_a_killed_worker_loses_nothing(
    ray_cluster, tmp_path
):
    path = tmp_path / "ranks.jsonl"
    model = cs.PartialCorrelation(prior="invariant")
    killer = kill_half_way(path, ray_worker)
    with joblib.parallel_config("ray"):
        spread = cs.calibrate(
            model, seed=1, fits=FITS, path=path, jobs=2, progress=False
        )
    killer.join(1)
    assert not killer.is_alive()
    seeds = [json.loads(line)["seed"] for line in path.read_text().splitlines()[1:]]
    assert len(seeds) == len(set(seeds)) == FITS
    alone = cs.calibrate(model, seed=1, fits=FITS, progress=False)
    pd.testing.assert_frame_equal(spread.ranks, alone.ranks)
    here, there = refits("ray", n_jobs=2)
    pd.testing.assert_frame_equal(here, there)
