"""Families of the unobservable, by the name that users write.

A new family is a file beside these, and a line in `FAMILIES`.
"""

from collections.abc import Mapping
from typing import Literal

from causalstats.numerics.selection.unobservables.family import Family
from causalstats.numerics.selection.unobservables.logistic import LOGISTIC
from causalstats.numerics.selection.unobservables.normal import NORMAL
from causalstats.numerics.selection.unobservables.student import STUDENT
from causalstats.numerics.selection.unobservables.uniform import UNIFORM

FamilyName = Literal["uniform", "normal", "logistic", "student"]
FAMILIES: Mapping[FamilyName, Family] = {
    "uniform": UNIFORM,
    "normal": NORMAL,
    "logistic": LOGISTIC,
    "student": STUDENT,
}

__all__ = ["FAMILIES", "Family", "FamilyName"]
