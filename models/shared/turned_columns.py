"""The caution that a column of 0 and 1 is coded the other way round in one group or site."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from causalstats.core.check import Check
from causalstats.numerics.testing.turned_columns import Turned, turned_in_a_group

ONE_CODING = "one coding of 0 and 1 in all groups"
_MOST_LEVELS = 20
_MOST_ROWS = 50_000  # the first of them
_MOST_COLUMNS = 40


def one_coding(table: pd.DataFrame, assumption: str) -> tuple[Check, ...]:
    """Return the caution that a column is turned in one level of a column of text, or nothing.

    Parameters
    ----------
    table : DataFrame
    assumption : str
        The name of the assumption that variables were measured.
    """
    table = table.iloc[:_MOST_ROWS]
    numeric = [name for name in table if is_numeric_dtype(table[name])]
    numeric = [name for name in numeric if table[name].nunique() > 1][:_MOST_COLUMNS]
    values = {name: table[name].to_numpy(float, na_value=np.nan) for name in numeric}
    found: list[tuple[Turned, str, str, str]] = []
    for by in [name for name in table if name not in numeric]:
        codes, levels = pd.factorize(table[by].astype(str))
        if not 2 <= len(levels) <= _MOST_LEVELS:
            continue
        for name in numeric:
            if set(np.unique(values[name][np.isfinite(values[name])])) != {0.0, 1.0}:
                continue
            others = [values[other] for other in numeric if other != name]
            if len(others) < 2:
                continue
            turned = turned_in_a_group(values[name], np.column_stack(others), codes)
            if turned is not None:
                found.append((turned, str(name), str(by), str(levels[turned.group])))
    if not found:
        return ()
    turned, name, by, level = max(found, key=lambda each: each[0].ratio)
    return (
        Check(
            name=ONE_CODING,
            passed=None,
            value=turned.ratio,
            expected="no column of 0 and 1 whose correlations all have the other sign in one group",
            finding=f"where {by} is {level!r}, the correlations of {name} with other columns have "
            "the other sign than elsewhere, and the same size",
            remedy=f"If 1 is written there for what is 0 elsewhere, turn it: "
            f"`frame.loc[frame[{by!r}] == {level!r}, {name!r}] = 1 - frame[{name!r}]`. If {name} "
            "goes the other way there in truth, look at that group by itself.",
            assumption=assumption,
            caution=True,
        ),
    )
