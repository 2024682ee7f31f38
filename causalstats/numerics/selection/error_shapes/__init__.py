"""Distributions of the error of an outcome, by the name that users write.

A new one is a file beside these, and a line in `ERROR_SHAPES`.
"""

from collections.abc import Mapping
from typing import Literal

from causalstats.numerics.selection.error_shapes.error_shape import (
    ErrorShape,
    Parameters,
)
from causalstats.numerics.selection.error_shapes.normal import Normal
from causalstats.numerics.selection.error_shapes.sinh_arcsinh import SinhArcsinh
from causalstats.numerics.selection.error_shapes.student import Student

ErrorsName = Literal["normal", "student", "skewed"]
ERROR_SHAPES: Mapping[ErrorsName, ErrorShape] = {
    "normal": Normal(),
    "student": Student(),
    "skewed": SinhArcsinh(),
}

__all__ = ["ERROR_SHAPES", "ErrorShape", "ErrorsName", "Parameters"]
