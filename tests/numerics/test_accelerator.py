"""JAX is not imported to look for a device where no plugin for one is installed."""

import subprocess
import sys

import pytest

from causalstats.numerics import accelerator

LOOK = """
import sys
import arviz  # registers a module named jax, which loads when it is used
from causalstats.numerics import accelerator
assert "jax" in sys.modules
assert not accelerator.is_available()
print("jaxlib" in sys.modules)
"""


@pytest.mark.skipif(accelerator._has_plugin(), reason="a plugin is installed")
def test_looking_for_a_device_imports_no_jax_after_arviz():
    done = subprocess.run(
        [sys.executable, "-c", LOOK], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
