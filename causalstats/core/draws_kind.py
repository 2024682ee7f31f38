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
    LAPLACE
        Independent draws of normal approximations of a posterior, at several values of its scales;
        a check of the model says how far the approximation can be trusted.
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
    LAPLACE = "laplace"
    IMPORTANCE = "importance"
    CHAINS = "chains"

    @property
    def is_independent(self) -> bool:
        """Whether the draws are independent and unweighted, so that only their number counts.

        Examples
        --------
        >>> DrawsKind.LAPLACE.is_independent, DrawsKind.IMPORTANCE.is_independent
        (True, False)
        """
        return self in (DrawsKind.EXACT, DrawsKind.LAPLACE)


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
