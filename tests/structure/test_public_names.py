"""The names of the README, whatever was imported before."""

import inspect

import causalstats as cs

# A module with the name of a function would now hide that function.
import causalstats.inference.fit  # noqa: F401


def test_every_public_name_is_there():
    assert all(getattr(cs, name) is not None for name in cs.__all__)
    assert inspect.isfunction(cs.fit) and inspect.isfunction(cs.load)
