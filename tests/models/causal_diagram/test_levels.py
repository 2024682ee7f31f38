"""Levels of variables, as questions write them."""

import pytest

import causalstats as cs
from causalstats.models.causal_diagram.levels import level_index


def test_a_boolean_is_told_how_its_column_was_read():
    with pytest.raises(cs.ModelError, match=r"read as 0 and 1: write 1\."):
        level_index("treated", True, {"treated": (0, 1)})
    assert level_index("treated", True, {"treated": (False, True)}) == 1
