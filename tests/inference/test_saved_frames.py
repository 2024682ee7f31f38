"""Frames that a model of one's own is fitted to come back from a file as they were."""

import json

import numpy as np
import pandas as pd
import pytest

from causalstats.inference.arguments import fingerprint
from causalstats.inference.saved_values import describe_data, read_data

ROWS = 12
BASE = pd.DataFrame({"a": np.arange(ROWS) / 7, "b": np.arange(ROWS) % 3})
FRAMES = {
    "categories of numbers": BASE.assign(k=pd.Categorical(BASE["b"])),
    "categories of fractions": BASE.assign(k=pd.Categorical(BASE["b"] / 2)),
    "categories of truth values": BASE.assign(k=pd.Categorical(BASE["b"] > 1)),
    "missing beside words for it": BASE.assign(
        k=pd.Categorical([None, "nan", "None"] * 4)
    ),
    "an order": BASE.assign(
        k=pd.Categorical(list("ab") * 6, categories=["b", "a"], ordered=True)
    ),
    "an index of two levels": BASE.set_axis(
        pd.MultiIndex.from_product([list("xy"), range(6)])
    ),
    "narrow types": BASE.astype({"a": "float32", "b": "int8"}),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_comes_back_as_it_was(kind):
    frame = FRAMES[kind]
    again = read_data(json.loads(json.dumps(describe_data(frame))))
    assert fingerprint(again) == fingerprint(frame)
    pd.testing.assert_frame_equal(again, frame)
