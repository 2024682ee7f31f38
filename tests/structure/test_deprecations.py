"""Operations of PyTensor's graphs follow its present protocol."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sorted((ROOT / "causalstats" / "numerics").rglob("*_ops.py"))
]
IMPORTS = """
import importlib, json, sys, warnings
import pytensor, pymc, numba
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for name in json.loads(sys.argv[1]):
        importlib.import_module(name)
messages = [str(each.message) for each in caught]
print(json.dumps([message for message in messages if "causalstats" in message]))
"""


def test_no_operation_is_defined_with_a_deprecation_warning():
    """PyTensor warns when a class is made, from a frame that is not ours."""
    assert len(MODULES) > 4
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, json.dumps(MODULES)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == []
