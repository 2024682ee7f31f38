"""Response types: every way in which a discrete variable can depend on its causes.

A mechanism with unknown hidden causes is a distribution over the functions from its observed causes
to its levels. Variables that share hidden causes have a joint distribution over their functions,
which only the observed distribution and the assumptions restrict.

References
----------
Balke & Pearl (1994), Counterfactual probabilities: computational methods, bounds and applications,
UAI. Frangakis & Rubin (2002): principal strata are response types of one variable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Annotated

import numpy as np

from causalstats.core.argument_validation import Name, Number, check_fields
from causalstats.errors import ModelError

Array = np.ndarray


@dataclass(frozen=True)
class Monotone:
    """Monotonicity: raising the cause lowers the effect for nobody, other causes held fixed.

    Levels are in their order. With a binary instrument and treatment: there are no defiers.

    Parameters
    ----------
    cause, effect : str
        The first acts on the second directly.
    increasing : bool
        False: for nobody does the effect go up.
    exceptions : float, in [0, 1)
        The largest share of people for whom the assumption may fail.

    Raises
    ------
    ModelError
        If a field is of another kind or out of its range.

    References
    ----------
    Imbens & Angrist (1994), Identification and estimation of local average treatment effects,
    Econometrica 62.

    Examples
    --------
    >>> print(Monotone("offer", "treatment", exceptions=0.02))
    offer never lowers treatment but for 2.0%
    """

    cause: Name
    effect: Name
    increasing: bool = True
    exceptions: Annotated[float, Number(least=0, below=1)] = 0.0

    def __post_init__(self) -> None:
        check_fields(self, ModelError)

    def __str__(self) -> str:
        verb = "lowers" if self.increasing else "raises"
        exceptions = f" but for {self.exceptions:.1%}" if self.exceptions else ""
        return f"{self.cause} never {verb} {self.effect}{exceptions}"

    def obeyed(self, functions: Array, parents: Sequence[str]) -> Array:
        """Return whether each response function obeys the assumption.

        Parameters
        ----------
        functions : array of int, shape (types, levels of each parent...)
        parents : list of str

        Returns
        -------
        array of bool, shape (types,)

        Raises
        ------
        ModelError
            If the cause is not among the parents.

        Examples
        --------
        >>> Monotone("z", "x").obeyed(response_functions(2, [2]), ["z"])
        array([ True,  True, False,  True])
        """
        if self.cause not in parents:
            raise ModelError(
                f"Expected a direct cause of {self.effect!r}, one of {list(parents)}; "
                f"got {self.cause!r}."
            )
        steps = np.diff(functions, axis=1 + parents.index(self.cause))
        if not self.increasing:
            steps = -steps
        return (steps >= 0).reshape(len(functions), -1).all(axis=1)


def response_functions(levels: int, parents: Sequence[int]) -> Array:
    """Return every function from the levels of the parents to the levels of a variable.

    Parameters
    ----------
    levels : int
    parents : list of int
        The number of levels of each parent.

    Returns
    -------
    array of int, shape (types, levels of each parent...)

    Examples
    --------
    >>> response_functions(2, [2]).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    functions = list(product(range(levels), repeat=prod(parents)))
    return np.array(functions).reshape(-1, *parents)


def indicators(functions: Array, levels: int) -> Array:
    """Return 1 where a response function gives a level.

    Parameters
    ----------
    functions : array of int, shape (types, levels of each parent...)
    levels : int

    Returns
    -------
    array, shape (types, levels of each parent..., levels)
    """
    return (functions[..., None] == np.arange(levels)).astype(float)


def count_types(
    levels: Mapping[str, int], parents: Mapping[str, Sequence[str]]
) -> float:
    """Return the number of joint response types of the variables in `parents`.

    Parameters
    ----------
    levels : mapping of str to int
        The number of levels of each variable.
    parents : mapping of str to list of str

    Examples
    --------
    >>> count_types({"z": 2, "x": 2, "y": 2}, {"x": ["z"], "y": ["x"]})
    16.0
    """
    total = 1.0
    for name, causes in parents.items():
        inputs = prod(float(levels[cause]) for cause in causes)
        total *= float(levels[name]) ** inputs
    return total
