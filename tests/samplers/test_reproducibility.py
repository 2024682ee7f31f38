"""The same seed gives the same draws, freshly compiled or read from the cache on disk."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
from tests.laws import golden_draws
from tests.laws.variants import VARIANTS

variant = VARIANTS["nothing known"]
sampler = golden_draws.SAMPLERS["numba"]
print(golden_draws.hash_of_draws(variant.model, variant.data(seed=3), sampler))
"""


@pytest.mark.slow
def test_a_cached_program_draws_what_a_fresh_one_draws(tmp_path):
    environment = os.environ | {"PYTENSOR_FLAGS": f"base_compiledir={tmp_path}"}
    hashes = [
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", PROGRAM],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(2)
    ]
    assert hashes[0] == hashes[1]
