"""The examples of docstrings run, and print what they say."""

import doctest
import importlib
import pkgutil

import pytest

import causalstats

OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(causalstats.__path__, "causalstats.")
    if not module.name.startswith("causalstats.case_studies")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    module = importlib.import_module(name)
    results = doctest.testmod(module, optionflags=OPTIONS, raise_on_error=False)
    assert results.failed == 0
