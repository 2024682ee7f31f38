"""Kinds of posterior draws (Markov chains, weighted, exact), which decide how they are checked."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

ATTRIBUTE = "draws_kind"
"""The attribute of the root of a tree of draws that holds their kind, also in a saved file."""


class DrawsKind(StrEnum):
    """The kinds of posterior draws.

    Attributes
    ----------
    EXACT
        Independent draws of a posterior in closed form: nothing about them can fail.
    IMPORTANCE
        Independent draws resampled by importance weights, which the Pareto k of the weights checks.
    CHAINS
        Markov chains, which R-hat, effective sample sizes, divergences and E-BFMI check.

    Examples
    --------
    >>> DrawsKind("exact") is DrawsKind.EXACT
    True
    """

    EXACT = "exact"
    IMPORTANCE = "importance"
    CHAINS = "chains"


def draws_kind(draws: xr.DataTree) -> DrawsKind:
    """Return how the draws were made.

    Draws without the attribute, such as those of a sampler from elsewhere, are taken for Markov
    chains, the kind with the most checks.

    Examples
    --------
    >>> import xarray as xr
    >>> tree = xr.DataTree()
    >>> draws_kind(tree)
    <DrawsKind.CHAINS: 'chains'>
    >>> tree.attrs[ATTRIBUTE] = DrawsKind.EXACT.value
    >>> draws_kind(tree)
    <DrawsKind.EXACT: 'exact'>
    """
    return DrawsKind(draws.attrs.get(ATTRIBUTE, DrawsKind.CHAINS))
