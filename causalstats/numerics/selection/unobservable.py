"""The unobservable of a selective-labels model: its family, and the link it acts through."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from causalstats.numerics.selection.links import LINKS, Link, LinkName
from causalstats.numerics.selection.unobservables import FAMILIES, Family, FamilyName


@dataclass(frozen=True)
class Unobservable:
    """Family and link of the unobservable, by their names in `FAMILIES` and `LINKS`.

    Parameters
    ----------
    family : str
        A name in `unobservables.FAMILIES`.
    link : str
        A name in `links.LINKS`.
    closed : bool
        Whether to integrate by the closed form, which there is for a uniform unobservable, the
        logit and α = 1; otherwise by quadrature.
    """

    family: FamilyName = "uniform"
    link: LinkName = "logit"
    closed: bool = True

    @property
    def distribution(self) -> Family:
        """The distribution of ζ."""
        return FAMILIES[self.family]

    @property
    def link_function(self) -> Link:
        """The link h."""
        return LINKS[self.link]

    @property
    def variance(self) -> float:
        """Var ζ."""
        return self.distribution.variance

    @property
    def lower_end(self) -> float:
        """Distance of the paper's intercept below ζ = 0, in units of σ: its Z starts at 0."""
        return self.distribution.lower_end


@cache
def quadrature_rule(family: FamilyName) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes ζ and weights of sum 1, (K,) each, of a family by its name."""
    return FAMILIES[family].quadrature()
