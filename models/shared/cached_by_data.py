"""Cache of expensive results, kept for as long as their data are in use."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

_MODELS_A_PANEL = 4  # whose results are kept; a sensitivity analysis goes through many


def cached_by_data[M, D, R](function: Callable[[M, D], R]) -> Callable[[M, D], R]:
    """Keep the results of a function of a model and data, of the last four models.

    The data are held weakly: once a user drops them and their fits, the results go too.
    """
    kept: WeakKeyDictionary[Any, OrderedDict[M, R]] = WeakKeyDictionary()
    lock = Lock()

    @wraps(function)
    def remembered(model: M, data: D) -> R:
        with lock:
            results = kept.setdefault(data, OrderedDict())
            if model in results:
                results.move_to_end(model)
                return results[model]
        result = function(model, data)
        with lock:
            results[model] = result
            while len(results) > _MODELS_A_PANEL:
                results.popitem(last=False)
        return result

    return remembered
