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
    "dates": BASE.assign(k=pd.date_range("2024-03-30", periods=ROWS)),
    "dates with gaps": BASE.assign(
        k=pd.Series(pd.date_range("2024-03-30", periods=ROWS)).where(BASE["b"] > 0)
    ),
    "times to the nanosecond": BASE.assign(
        k=pd.Timestamp("2024-03-30 12:00:00.000000001") + pd.to_timedelta(BASE["b"])
    ),
    "times of a zone, over a change of its clocks": BASE.assign(
        k=pd.date_range("2024-03-30", periods=ROWS, tz="Europe/Berlin")
    ),
    "durations": BASE.assign(k=pd.to_timedelta(BASE["a"], unit="h")),
    "months": BASE.assign(k=pd.period_range("2024-01", periods=ROWS, freq="M")),
    "dates of Python": BASE.assign(
        k=pd.date_range("2024-03-30", periods=ROWS).date.astype(object)
    ),
    "dates as an index": BASE.set_axis(
        pd.date_range("2024-03-30", periods=ROWS, freq=None)
    ),
    "dates in an index of two levels": BASE.set_axis(
        pd.MultiIndex.from_product([list("xy"), pd.date_range("2024-03-30", periods=6)])
    ),
    "categories of intervals": BASE.assign(k=pd.cut(BASE["a"], 3)),
    "categories of dates": BASE.assign(
        k=pd.Categorical(pd.date_range("2024-03-30", periods=ROWS))
    ),
    "narrow types": BASE.astype({"a": "float32", "b": "int8"}),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_comes_back_as_it_was(kind):
    frame = FRAMES[kind]
    again = read_data(json.loads(json.dumps(describe_data(frame))))
    assert fingerprint(again) == fingerprint(frame)
    pd.testing.assert_frame_equal(again, frame, check_freq=False)
