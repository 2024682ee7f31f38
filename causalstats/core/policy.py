"""Policies: interventions that depend on what is seen, or on chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from causalstats.errors import ModelError

_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Policy:
    """A rule that sets a variable by what other variables are (dynamic), or by chance (stochastic).

    Parameters
    ----------
    choose : mapping, or function
        Without `reads`, a mapping of levels to their probabilities. With `reads`, a mapping of a
        level of what is read (a tuple of levels where several are) to the level that is set, or to
        a mapping of levels to probabilities; or a function of arrays of what is read that returns
        what is set.
    reads : str or sequence of str
        The variables that the rule depends on. The one that is set may be among them where it is a
        number: the rule then changes what it would have been (a modified treatment policy).

    Raises
    ------
    ModelError
        If `choose` is neither, or probabilities are negative or do not sum to one.

    References
    ----------
    Robins (1986), A new approach to causal inference in mortality studies. Tian (2008), Identifying
    dynamic sequential plans, UAI. Díaz & van der Laan (2012), Population intervention causal
    effects based on stochastic interventions, Biometrics 68.

    Examples
    --------
    >>> import causalstats as cs
    >>> half = cs.Policy({0: 0.5, 1: 0.5})
    >>> half.shares("x", {"x": (0, 1)})
    array([0.5, 0.5])
    >>> only_old = cs.Policy({"young": 0, "old": 1}, reads="age")
    >>> only_old.shares("x", {"age": ("young", "old"), "x": (0, 1)})
    array([[1., 0.],
           [0., 1.]])
    >>> one_more = cs.Policy(lambda dose: dose + 1, reads="dose")
    """

    choose: Mapping[Any, Any] | Callable[..., Any]
    reads: str | Sequence[str] = ()

    def __post_init__(self) -> None:
        several = isinstance(self.reads, Sequence) and not isinstance(self.reads, str)
        reads = tuple(self.reads) if several else (self.reads,)
        object.__setattr__(self, "reads", reads)
        if not all(isinstance(name, str) for name in reads):
            raise ModelError(f"Expected `reads` as names of variables, got {reads!r}.")
        if callable(self.choose) and not reads:
            raise ModelError(
                "Expected `reads`, the variables that the function of a policy takes, in order."
            )
        if not callable(self.choose) and not isinstance(self.choose, Mapping):
            raise ModelError(
                "Expected `choose` as a mapping, such as {0: 0.5, 1: 0.5}, or as a function of "
                f"what is read, got {self.choose!r}."
            )

    def __repr__(self) -> str:
        rule = "function" if callable(self.choose) else repr(dict(self.choose))
        by = f" by {', '.join(self.reads)}" if self.reads else ""
        return f"policy {rule}{by}"

    def shares(self, variable: str, levels: Mapping[str, Sequence[Any]]) -> np.ndarray:
        """Return the probability of each level that is set, by the levels of what is read.

        Parameters
        ----------
        variable : str
            The variable that is set.
        levels : mapping of variable to its levels

        Returns
        -------
        array, shape (levels of each of `reads`..., levels of the variable)

        Raises
        ------
        ModelError
            If a level is missing or unknown.

        Examples
        --------
        >>> import causalstats as cs
        >>> rule = cs.Policy(lambda age: age > 1, reads="age")
        >>> rule.shares("x", {"age": (1, 2), "x": (0, 1)})
        array([[1., 0.],
               [0., 1.]])
        """
        states = list(levels[variable])
        shape = [len(levels[name]) for name in self.reads]
        shares = np.zeros((*shape, len(states)))
        for cell in product(*map(range, shape)):
            seen = [levels[name][at] for name, at in zip(self.reads, cell, strict=True)]
            for state, share in self._chosen(seen).items():
                shares[(*cell, _position(variable, state, states))] += share
        if (shares < 0).any() or (abs(shares.sum(axis=-1) - 1) > _SUM_TOLERANCE).any():
            raise ModelError(
                f"Expected probabilities of the levels of {variable!r} that sum to one, got "
                f"{self!r}."
            )
        return shares

    def positions(
        self, variable: str, states: Sequence[Any], *columns: np.ndarray
    ) -> np.ndarray:
        """Return the position of the level that a function sets each row to.

        Parameters
        ----------
        variable : str
            The variable that is set.
        states : sequence
            Its levels.
        *columns : arrays, shape (rows,)
            What is read, in the order of `reads`.

        Raises
        ------
        ModelError
            If the function sets something that is no level.

        Examples
        --------
        >>> import causalstats as cs
        >>> rule = cs.Policy(lambda age: np.where(age > 50, "yes", "no"), reads="age")
        >>> rule.positions("x", ("no", "yes"), np.array([40.0, 60.0]))
        array([0, 1])
        """
        assert callable(self.choose)
        chosen = np.asarray(self.choose(*columns))
        positions = np.full(chosen.shape, -1)
        for position, state in enumerate(states):
            positions[chosen == state] = position
        for value in dict.fromkeys(chosen[positions < 0].tolist()):
            positions[chosen == value] = _position(variable, value, states)
        return positions

    def _chosen(self, seen: Sequence[Any]) -> Mapping[Any, float]:
        """Return the probabilities of what is set where this was read."""
        if callable(self.choose):
            value = np.asarray(self.choose(*(np.array([each]) for each in seen)))
            return {value.ravel()[0].item(): 1.0}
        if not self.reads:
            return self.choose
        key = seen[0] if len(seen) == 1 else tuple(seen)
        if key not in self.choose:
            raise ModelError(
                f"Expected a policy that says what is set at {', '.join(self.reads)} = {key!r}, "
                f"got {self!r}."
            )
        chosen = self.choose[key]
        return chosen if isinstance(chosen, Mapping) else {chosen: 1.0}


def _position(variable: str, state: Any, states: Sequence[Any]) -> int:
    """Return the position of a level, or of its text; True is 1 where levels are numbers."""
    plain = int(state) if isinstance(state, bool | np.bool_) else state
    for each in (state, plain):
        if each in states:
            return list(states).index(each)
    texts = [str(each) for each in states]
    if str(state) in texts:
        return texts.index(str(state))
    raise ModelError(
        f"Expected a policy that sets {variable!r} to one of {states}, got {state!r}."
    )
