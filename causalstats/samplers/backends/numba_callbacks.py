"""C callbacks around a compiled graph, kept on disk by Numba from one process to the next.

nutpie calls a graph through two C functions: its log density with gradient, and the variables that
are kept. nutpie's own read the data by random names, so that Numba has to compile them again in
every process, which takes longer than to sample a small data set. Those below read the same record
of data by position. Their key on disk is PyTensor's key of the graph (its operations with their
versions, and its constants), the types of the data, this source, and the versions of the compilers:
another model or another version never reads them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import numpy as np

_COMPILERS = ("nutpie", "numba", "llvmlite", "pytensor")

_LOG_DENSITY = """
def log_density(dim, x_, out_, logp_, user_data_):
    if dim != {dim}:
        return -1
    try:
        record = carray(user_data_, ({numbers},), int64)
        logp = carray(logp_, ())
        value, gradient = inner(carray(x_, ({dim},)){arguments})
        out = carray(out_, ({dim},))
        logp[()] = value
        finite = True
        for k in range({dim}):
            out[k] = gradient[k]
            finite = finite and isfinite(gradient[k])
        if not finite:
            return 3
        if not isfinite(logp[()]):
            return 4
    except Exception:
        return 1
    return 0
"""

_KEPT_VARIABLES = """
def kept_variables(dim, expanded, x_, out_, user_data_):
    if dim != {dim} or expanded != {expanded}:
        return -1
    try:
        record = carray(user_data_, ({numbers},), int64)
        (values,) = inner(carray(x_, ({dim},)){arguments})
        out = carray(out_, ({expanded},))
        for k in range({expanded}):
            out[k] = values[k]
    except Exception:
        return -2
    return 0
"""


@contextmanager
def kept_on_disk(gradient: str) -> Iterator[dict[str, bool]]:
    """Let nutpie compile the callbacks of this file, and yield its options for that.

    The caller holds the lock of the compiler. A version of nutpie that makes its callbacks
    otherwise compiles them itself, in every process; the draws are the same. The options are
    empty then, and for the gradient "jax", which XLA keeps on disk.
    """
    from nutpie import compile_pymc as nutpie_compiler

    names = ("_make_c_logp_func", "_make_c_expand_func")
    known = all(hasattr(nutpie_compiler, name) for name in names)
    if gradient != "numba" or not known:
        yield {}
        return
    before = {name: getattr(nutpie_compiler, name) for name in names}
    for name, replacement in zip(names, (_log_density, _kept_variables), strict=True):
        setattr(nutpie_compiler, name, replacement)
    try:
        yield {"cache": True}
    finally:
        for name, function in before.items():
            setattr(nutpie_compiler, name, function)


def _log_density(
    n_dim: int,
    inner: Any,
    user_data: np.ndarray,
    keys: Sequence[str],
    data: Mapping[str, np.ndarray],
) -> tuple[Callable[..., int], Any]:
    """Return the callback of log density and gradient, and its signature in C.

    Parameters
    ----------
    n_dim : int
        The number of unconstrained parameters.
    inner : function of the parameters and the data
        Compiled by PyTensor.
    user_data : record
        Addresses, sizes and shapes of the data, all integers of 64 bits.
    keys : sequence of str
        The data that `inner` takes, in order.
    data : mapping of str to array
        All data of the record.
    """
    from numba import types

    number = types.CPointer(types.double)
    signature = types.int64(types.uint64, number, number, number, types.voidptr)
    source = _LOG_DENSITY.format(dim=n_dim, **_read(user_data, keys, data))
    return _function(source, "log_density", inner, keys, data), signature


def _kept_variables(
    n_dim: int,
    n_expanded: int,
    inner: Any,
    user_data: np.ndarray,
    keys: Sequence[str],
    data: Mapping[str, np.ndarray],
) -> tuple[Callable[..., int], Any]:
    """Return the callback of the variables that are kept, and its signature in C.

    Parameters
    ----------
    n_dim, n_expanded : int
        The number of unconstrained parameters, and of values that are kept.
    inner : function of the parameters and the data
    user_data : record
    keys : sequence of str
    data : mapping of str to array
        As in `_log_density`.
    """
    from numba import types

    number = types.CPointer(types.double)
    signature = types.int64(types.uint64, types.uint64, number, number, types.voidptr)
    read = _read(user_data, keys, data)
    source = _KEPT_VARIABLES.format(dim=n_dim, expanded=n_expanded, **read)
    return _function(source, "kept_variables", inner, keys, data), signature


def _read(
    user_data: np.ndarray, keys: Sequence[str], data: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """Return the length of the record, and the source of the arguments that are read from it.

    The record holds the addresses of all data, then their sizes, then their shapes.
    """
    shapes_begin, begin = {}, 2 * len(data)
    for key, value in data.items():
        shapes_begin[key] = begin
        begin += value.ndim
    positions = {key: position for position, key in enumerate(data)}
    assert user_data.nbytes == 8 * begin
    arguments = ""
    for number, key in enumerate(keys):
        first = shapes_begin[key]
        shape = "".join(f"record[{first + axis}], " for axis in range(data[key].ndim))
        arguments += (
            f", carray(pointer(record[{positions[key]}]), ({shape}), type_{number})"
        )
    return {"numbers": begin, "arguments": arguments}


def _function(
    source: str,
    name: str,
    inner: Any,
    keys: Sequence[str],
    data: Mapping[str, np.ndarray],
) -> Callable[..., int]:
    """Return the function of a source, registered by its key among PyTensor's on disk.

    Parameters
    ----------
    source, name : str
    inner : function compiled by PyTensor
    keys : sequence of str
    data : mapping of str to array
    """
    import numba
    from nutpie.compile_pymc import address_as_void_pointer
    from pytensor.link.numba.cache import (
        CACHED_SRC_FUNCTIONS,
        compile_numba_function_src,
    )

    types = [data[key].dtype for key in keys]
    graph = CACHED_SRC_FUNCTIONS.get(inner.py_func)
    parts = [__name__, source, graph, *map(str, types), *map(version, _COMPILERS)]
    scope = {
        "__name__": __name__,  # the module that Numba imports where it reads the function
        "carray": numba.carray,
        "pointer": address_as_void_pointer,
        "isfinite": np.isfinite,
        "int64": np.dtype("int64"),
        "inner": inner,
        **{f"type_{number}": kind for number, kind in enumerate(types)},
    }
    return compile_numba_function_src(
        source,
        name,
        global_env=scope,
        cache_key=None
        if graph is None
        else hashlib.sha256(repr(parts).encode()).hexdigest(),
    )
