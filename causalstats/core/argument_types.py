"""Static types of arguments that many functions take; each function checks what it is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import datetime

    import pandas as pd
    from matplotlib.axes import Axes
    from narwhals.typing import IntoDataFrame

    from causalstats.data import (
        Composition,
        Decisions,
        Instrumented,
        Observations,
        Panel,
    )

type Frame = IntoDataFrame
"""A data frame in memory: of pandas, polars, pyarrow, or another that narwhals reads."""

type Data = Composition | Decisions | Instrumented | Observations | Panel | pd.DataFrame
"""Data that a model is fitted to; those of a model of your own may be a pandas DataFrame."""

type Level = str | float | np.generic
"""A level of a variable; Booleans and whole numbers are numbers."""

type Levels = Mapping[str, Level]
"""A level of each of some variables, by name."""

type Day = str | datetime.date
"""A day, as text or as a date."""

type Groups = str | Iterable[Level]
"""The name of a column, or a label for each row of the frame."""

type Score = str | Iterable[float]
"""The name of a column, or a number for each row of the frame."""

type Rows = slice | np.ndarray | Sequence[int] | Sequence[bool]
"""Rows by number, or by a mask."""

type FieldValues = Mapping[str, object]
"""The values of each field to refit a model with, by the field's name; or "leave one out"."""

type AxesLike = Axes | Sequence[Axes] | np.ndarray
"""Axes of matplotlib, or several of them, as `plt.subplots` returns them."""
