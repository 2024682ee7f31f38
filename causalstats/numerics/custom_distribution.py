"""Variables of PyMC graphs given by a log density and by a function that draws.

`pm.CustomDist` makes a class of every variable. PyMC registers it, and keeps with it the functions
of every graph that was ever built: 800 fits of one model took 78 MB. Here one class serves all
variables, and the operation of each has its functions. PyTensor too keeps operations, but one of
those that are equal, so that what the functions are given beside variables must compare by value.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
from pymc.distributions.custom import default_support_point
from pymc.distributions.distribution import (
    Distribution,
    _call_rv_op,
    _support_point,
)
from pymc.logprob.abstract import _logprob
from pytensor.tensor.random.op import RandomVariable
from pytensor.tensor.utils import safe_signature


class CustomRandomVariable(RandomVariable):
    """The operation of a random variable whose log density and draws are functions.

    Parameters
    ----------
    log_density : callable
        Returns the log density as a variable, of the constants and of the value and the parameters
        as variables.
    draw : callable
        Returns draws, of the constants, the parameters as arrays, and `rng` and `size`.
    constants : tuple
        Hashable.
    signature : str
        Dimensions of the parameters and of the value, such as "(n),()->(n)".
    dtype : str, default "floatX"
    inplace : bool, default False
        Whether the state of the random numbers is changed in its place.
    """

    name = "CustomDist"
    _print_name = ("CustomDist", r"\operatorname{CustomDist}")
    __props__: tuple[str, ...] = (  # type: ignore[assignment]
        "log_density",
        "draw",
        "constants",
        "signature",
        "dtype",
        "inplace",
    )

    def __init__(
        self,
        log_density: Callable[..., Any],
        draw: Callable[..., np.ndarray],
        constants: tuple[Hashable, ...],
        signature: str,
        dtype: str = "floatX",
        inplace: bool = False,
    ):
        super().__init__(dtype=dtype, inplace=inplace, signature=signature)
        self.log_density = log_density
        self.draw = draw
        self.constants = constants

    def rng_fn(self, rng: np.random.Generator, *arguments: Any) -> np.ndarray:
        *parameters, size = arguments
        return self.draw(*self.constants, *parameters, rng=rng, size=size)


class CustomDistribution(Distribution):
    """A variable of the open graph, in place of `pm.CustomDist`.

    Parameters
    ----------
    name : str
    *parameters : variables
    log_density, draw : callable
    constants : tuple, default ()
        What both functions are given first, see `CustomRandomVariable`.
    signature : str, optional
        Dimensions of the parameters and of the value. Without it all are scalars, and the elements
        of the value independent.
    **of_variable
        `observed`, `dims` and what else `pm.Distribution` takes.
    """

    rv_type = CustomRandomVariable

    @classmethod
    def dist(
        cls,
        *parameters: Any,
        log_density: Callable[..., Any],
        draw: Callable[..., np.ndarray],
        constants: tuple[Hashable, ...] = (),
        signature: str | None = None,
        **of_variable: Any,
    ) -> Any:
        if signature is None:
            signature = safe_signature([0] * len(parameters), [0])
        operation = CustomRandomVariable(log_density, draw, constants, signature)
        return super().dist(parameters, operation=operation, **of_variable)

    @staticmethod
    def rv_op(*parameters: Any, operation: CustomRandomVariable, **options: Any) -> Any:
        return _call_rv_op(operation, *parameters, **options)[1]


@_logprob.register(CustomRandomVariable)
def _log_density(
    op: CustomRandomVariable,
    values: Any,
    rng: Any,
    size: Any,
    *parameters: Any,
    **unused: Any,
) -> Any:
    return op.log_density(*op.constants, values[0], *parameters)


@_support_point.register(CustomRandomVariable)
def _starting_value(
    op: CustomRandomVariable, rv: Any, rng: Any, size: Any, *parameters: Any
) -> Any:
    return default_support_point(rv, size, *parameters, has_fallback=True)
