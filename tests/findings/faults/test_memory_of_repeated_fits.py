"""Hundreds of fits in one process take hardly more memory than the first ones."""

import subprocess
import sys

import pytest

FITTING = """
import os, sys
import psutil
import causalstats as cs
from tests.laws.variants import VARIANTS
variant, repeats = VARIANTS[sys.argv[1]], int(sys.argv[2])
process = psutil.Process()
sizes = []
for seed in range(repeats):
    data = variant.data(seed % 5)
    fit = cs.fit(variant.model, data, seed=seed, sampler={sampler}, progress=False)
    fit.effect(fit.headline).numbers()
    if seed in (repeats // 5, repeats - 1):
        sizes.append(process.memory_info().rss)
print(sizes[1] - sizes[0])
"""
AUTO = "cs.Auto(chains=2, draws=60, tune=60)"
MOST_GROWTH = 60_000_000  # bytes, in four fifths of the fits


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "repeats"),
    [
        ("front-door", 1000),
        ("back-door", 1000),
        ("instruments", 1000),
        ("panel", 1000),
        ("dynamic panel", 1000),
        ("panel of counts", 1000),
        ("event study", 1000),
        ("shrunk composition", 1000),
        ("selective labels", 1000),
        ("heckman", 1000),
    ],
)
def test_memory_stays_flat_over_many_fits(name, repeats):
    code = FITTING.format(sampler=AUTO)
    run = subprocess.run(
        [sys.executable, "-c", code, name, str(repeats)],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-400:]
    assert int(run.stdout.split()[-1]) < MOST_GROWTH
