"""Functions that are called once a module has been imported, by whoever imports it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


def after_import(module: str, call: Callable[[], object]) -> None:
    """Call a function once a module is imported; at once where it is already.

    Parameters
    ----------
    module : str
        Its full name.
    call : function without arguments

    Examples
    --------
    >>> after_import("sys", lambda: print("imported"))
    imported
    """
    if module in sys.modules:
        call()
        return
    for finder in sys.meta_path:
        if isinstance(finder, _Waiting) and finder.module == module:
            finder.calls.append(call)
            return
    sys.meta_path.insert(0, _Waiting(module, [call]))


class _Waiting(MetaPathFinder):
    """Finds one module by the other finders, once, and sees to the calls that follow.

    Parameters
    ----------
    module : str
    calls : list of functions without arguments
    """

    def __init__(self, module: str, calls: list[Callable[[], object]]):
        self.module = module
        self.calls = calls

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if fullname != self.module:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _ThenCalls(spec.loader, self.calls)
        return spec


class _ThenCalls(Loader):
    """Loads a module by its own loader, and makes the calls.

    Parameters
    ----------
    loader : Loader
    calls : list of functions without arguments
    """

    def __init__(self, loader: Loader, calls: list[Callable[[], object]]):
        self.loader = loader
        self.calls = calls

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        if module.__spec__ is not None:
            module.__spec__.loader = module.__loader__ = self.loader
        for call in self.calls:
            call()
