"""Modules that wait to be imported until they are used: nothing else must import them.

ArviZ leaves JAX and NumPyro in `sys.modules` as modules that are loaded when an attribute is asked
for. A notebook that shows an error asks every module for its file, by `inspect.getmodule`: the
first mistake of a session took seconds, and ended in a warning of tqdm. SciPy and
Matplotlib ask JAX for the class of its arrays, to see whether an array of NumPy is one: the first
log-sum-exp of a session imported JAX.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

_WAITING = ("jax", "numpyro")
_LAZY = "_LazyModule"  # of importlib.util
# Parts of SciPy and Matplotlib that do
_ASKING_FOR_ARRAYS = ("array_api_compat", "matplotlib.cbook")


class _NoArray:
    """The class of the arrays of a module that was not loaded: there are none."""


def name_waiting_modules() -> None:
    """Let modules that wait to be loaded tell file and name, and SciPy, without being loaded.

    Examples
    --------
    >>> name_waiting_modules()
    """
    for name in _WAITING:
        module = sys.modules.get(name)
        if module is not None and type(module).__name__ == _LAZY:
            object.__setattr__(module, "__class__", _named(type(module)))


def _named(lazy: type[ModuleType]) -> type[ModuleType]:
    """Return a class of modules that become lazy ones when asked for more than that."""

    class Named(lazy):  # type: ignore[valid-type, misc]
        def __getattribute__(self, attribute: str) -> Any:
            if attribute in ("__file__", "__name__"):
                spec = object.__getattribute__(self, "__spec__")
                return spec.origin if attribute == "__file__" else spec.name
            if attribute == "Array":
                asking = sys._getframe(1).f_globals.get("__name__", "")
                if any(name in asking for name in _ASKING_FOR_ARRAYS):
                    return _NoArray
            object.__setattr__(self, "__class__", lazy)
            return getattr(self, attribute)

    return Named
