"""Roles of variables in a study: treatment, outcome, adjusted, selected.

    treatment, outcome    the question that `identify` and `CausalDiagram` answer by default
    adjusted              the analyst adjusts for it: the answer uses it, or is refused
    selected              data exist only for those that it selects, as in a case-control study

dagitty writes them `[exposure]`, `[outcome]`, `[adjusted]` and `[selected]`; our notation writes
`treatment: x` and so on. A role is no arrow: it changes which question is answered from which
data, and not what causes what.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from itertools import combinations

from causalstats.errors import ModelError

ROLE_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("treatment", "exposure", "source", "e"), "treatment"),
    **dict.fromkeys(("outcome", "target", "o"), "outcome"),
    **dict.fromkeys(("adjusted", "a"), "adjusted"),
    **dict.fromkeys(("selected", "s"), "selected"),
    **dict.fromkeys(("latent", "hidden", "unobserved", "l", "u"), "hidden"),
}
"""The role that each word of dagitty and Graphviz files means. There, hidden is a role too."""


@dataclass(frozen=True)
class Roles:
    """The treatment, the outcome, the adjusted variables and the selection variables.

    Parameters
    ----------
    treatment, outcome, adjusted, selected : tuple of str
        Kept in alphabetical order, so that two ways to list the same roles are equal.

    Raises
    ------
    ModelError
        If a variable has two roles.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> Diagram.parse("dag { x [exposure] y [outcome] x -> y -> s  s [selected] }").roles
    Roles(treatment=('x',), outcome=('y',), adjusted=(), selected=('s',))
    """

    treatment: tuple[str, ...] = ()
    outcome: tuple[str, ...] = ()
    adjusted: tuple[str, ...] = ()
    selected: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for role, names in self._by_role().items():
            listed = (names,) if isinstance(names, str) else tuple(names)
            object.__setattr__(self, role, tuple(sorted(set(listed))))
        for (one, names), (other, more) in combinations(self._by_role().items(), 2):
            if both := set(names) & set(more):
                raise ModelError(
                    f"Expected one role for each variable; {min(both)!r} is both {one} and "
                    f"{other}. Drop one of the two."
                )

    def _by_role(self) -> dict[str, tuple[str, ...]]:
        return {role.name: getattr(self, role.name) for role in fields(self)}

    def __bool__(self) -> bool:
        return any(self._by_role().values())

    @property
    def variables(self) -> frozenset[str]:
        """All variables that have a role."""
        return frozenset(name for names in self._by_role().values() for name in names)

    @property
    def of_data(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The roles that say how the data came about or are used, which tell diagrams apart."""
        return self.adjusted, self.selected

    def among(self, names: Iterable[str]) -> Roles:
        """Return the roles of these variables alone.

        Parameters
        ----------
        names : iterable of str

        Returns
        -------
        Roles

        Examples
        --------
        >>> Roles(treatment="x", outcome="y").among(["x"]).outcome
        ()
        """
        kept = set(names)
        return Roles(
            *(
                tuple(name for name in listed if name in kept)
                for listed in self._by_role().values()
            )
        )

    def __or__(self, other: Roles) -> Roles:
        """Return the roles of both."""
        pairs = zip(self._by_role().values(), other._by_role().values(), strict=True)
        return Roles(*(ours + theirs for ours, theirs in pairs))

    def of(self, name: str) -> tuple[str, ...]:
        """Return the roles of one variable.

        Parameters
        ----------
        name : str

        Returns
        -------
        tuple of str

        Examples
        --------
        >>> Roles(treatment="x").of("x")
        ('treatment',)
        """
        return tuple(role for role, names in self._by_role().items() if name in names)
