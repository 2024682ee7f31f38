"""Refusal of a feature to which two fields give different roles."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from causalstats.errors import ModelError


def refuse_shared_features(roles: Mapping[str, Sequence[str]], because: str) -> None:
    """Raise `ModelError` for a feature that two fields list.

    Parameters
    ----------
    roles : mapping of str to sequence of str
        The features of each field.
    because : str
        Why a feature cannot be in both.
    """
    for first, second in itertools.combinations(roles, 2):
        both = sorted({*roles[first]} & {*roles[second]})
        if both:
            raise ModelError(
                f"{both[0]!r} is listed in `{first}` and in `{second}`: {because}"
            )
