"""The roles that a study gives to variables of a diagram: what is asked of it, and whom its data are of.

    treatment, outcome    what `identify` and `CausalDiagram` take where they are not told
    adjusted              adjusted for by the analyst: the answer uses these variables, or is refused
    selected              data exist only for those that this variable selects, as in a case-control study

They are written `[exposure]`, `[outcome]`, `[adjusted]` and `[selected]` by dagitty, and `treatment: x` and so on in our own
text. A role is no arrow: it changes which question is answered from which data, and not what causes what.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from causalstats.errors import ModelError

WORDS: Mapping[str, str] = {
    **dict.fromkeys(("treatment", "exposure", "source", "e"), "treatment"),
    **dict.fromkeys(("outcome", "target", "o"), "outcome"),
    **dict.fromkeys(("adjusted", "a"), "adjusted"),
    **dict.fromkeys(("selected", "s"), "selected"),
    **dict.fromkeys(("latent", "hidden", "unobserved", "l", "u"), "hidden"),
}
"""What dagitty and Graphviz files call each role; hidden is a role there, and with us a wire that is no output."""


@dataclass(frozen=True)
class Roles:
    """Which variables are the treatment, the outcome, adjusted for, and what selects those in the data.

    Parameters
    ----------
    treatment, outcome, adjusted, selected : tuple of str
        Kept in alphabetical order, so that two ways to list the same roles are equal.

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
        for role in fields(self):
            names = getattr(self, role.name)
            listed = (names,) if isinstance(names, str) else tuple(names)
            object.__setattr__(self, role.name, tuple(sorted(set(listed))))
        for one, other in (
            ("treatment", "outcome"),
            ("treatment", "adjusted"),
            ("outcome", "adjusted"),
            ("treatment", "selected"),
            ("outcome", "selected"),
            ("adjusted", "selected"),
        ):
            if both := set(getattr(self, one)) & set(getattr(self, other)):
                raise ModelError(
                    f"Expected one role for each variable; {min(both)!r} is both {one} and {other}. Drop one of the two."
                )

    def __bool__(self) -> bool:
        return any(getattr(self, role.name) for role in fields(self))

    @property
    def variables(self) -> frozenset[str]:
        """All that have a role."""
        return frozenset(name for role in fields(self) for name in getattr(self, role.name))

    @property
    def of_data(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The roles that say how the data are used or came about, which tell diagrams apart; treatment and outcome are only asked about."""
        return self.adjusted, self.selected

    def among(self, names: Iterable[str]) -> Roles:
        """The roles of these variables alone."""
        kept = set(names)
        return Roles(
            *(
                tuple(name for name in getattr(self, role.name) if name in kept)
                for role in fields(self)
            )
        )

    def __or__(self, other: Roles) -> Roles:
        """The roles of both."""
        return Roles(
            *(getattr(self, role.name) + getattr(other, role.name) for role in fields(self))
        )

    def of(self, name: str) -> tuple[str, ...]:
        """The roles of one variable."""
        return tuple(role.name for role in fields(self) if name in getattr(self, role.name))
