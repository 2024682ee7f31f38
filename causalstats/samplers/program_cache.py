"""The cache of compiled programs: one for the process, shared by all threads, of bounded size.

Compiling a graph can take longer than sampling it, so a program is compiled once for every
structure. Two problems have the same structure if their graphs differ in the values of data and
constants alone. Numba's code runs arrays of every size, so that there the number of rows may differ
too, as long as the draws have the same shapes and labels.

- `program_for(sampler, problem)` is what everybody calls who wants to sample: `fit`, its refits,
  the calibration, benchmarks. It keeps no list of its own.
- `cached_program(kind, graph, compile_program)` is what a sampler calls inside `compile`.

Programs are compiled without Numba's `fastmath`. With it, a program that was compiled just now and
the same program read from the cache on disk round differently, and the same seed gave other draws.

The cache keeps the `_MOST_PROGRAMS` used last, and none of a graph with more than `_MOST_BYTES` of
data. A program keeps the data that it was compiled with alive until other programs displace it.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from causalstats.core.model import Problem
from causalstats.errors import SamplingError

if TYPE_CHECKING:
    import pymc as pm

    from causalstats.samplers.base import HasGraph, Program, Sampler

COMPILER_LOCK = threading.RLock()
"""Held while graphs are compiled or compared, and while the cache changes: PyTensor rewrites the
graphs of one thread at a time."""

_MOST_PROGRAMS = 8
_MOST_BYTES = 20_000_000
_OBJECTS_BETWEEN_COLLECTIONS = 50_000  # while a graph is compiled


@dataclass(frozen=True, eq=False)
class _Entry:
    """A compiled program; without a graph, its key alone says what it runs."""

    key: Hashable
    program: Any
    structure: _Structure | None


_entries: list[_Entry] = []  # the one used last at the end


def program_for(
    sampler: Sampler, problem: Problem, *, structure: Hashable | None = None
) -> Program:
    """Return a program of this sampler that runs this problem, compiled only if none is cached.

    Safe to call from several threads. One of them compiles and the others wait.

    Parameters
    ----------
    sampler : Nuts, Auto, Exact, Laplace, or another `Sampler`
    problem : Problem
        A model with its data.
    structure : hashable, optional
        A name under which all problems have graphs of the same structure, such as the model and the
        arguments of its simulator. Then neither building nor comparing graphs is needed to find the
        program, which matters for hundreds of small fits. Nothing checks the promise.

    Returns
    -------
    Program
        With `run(problem, seed)`.

    Raises
    ------
    SamplingError
        If the folder of compiled programs cannot be written.

    Examples
    --------
    >>> import causalstats as cs
    >>> model = cs.PartialCorrelation(prior="matching")
    >>> problem = cs.Problem(model, model.simulate(1, rows=30, parts=4).data)
    >>> program = program_for(cs.Exact(draws=100), problem)
    >>> program.run(problem, seed=1)["posterior"].sizes["draw"]
    100
    """
    with _unwritable_folder_in_words(), numbers_that_fail_in_words():
        if structure is None:
            return sampler.compile(problem)
        return _find_or_compile(
            (repr(sampler), structure), None, lambda: sampler.compile(problem)
        )


@contextmanager
def numbers_that_fail_in_words() -> Iterator[None]:
    """Say what to do where a matrix of the posterior is lost in floating point.

    Raises
    ------
    SamplingError
        In place of the `LinAlgError`.
    """
    import numpy as np

    try:
        yield
    except np.linalg.LinAlgError as error:
        raise SamplingError(
            f"The posterior is lost in floating point ({error}). A prior lies very far from what "
            "the data say, columns nearly determine each other, or the outcome follows exactly "
            "from other columns: bring the fields of the model nearer to the data, change units, "
            "or leave out what the outcome is computed from."
        ) from error


@contextmanager
def _unwritable_folder_in_words() -> Iterator[None]:
    """Say what to do where PyTensor cannot keep compiled programs, as with a read-only home.

    Raises
    ------
    SamplingError
        In place of the `OSError` of importing or compiling.
    """
    try:
        yield
    except OSError as error:
        if "pytensor" not in str(error.filename or error):
            raise
        raise SamplingError(
            f"{str(error.filename)!r}, where compiled programs are kept, cannot be written "
            f"({error.strerror or error}). Name a folder that can, before Python starts: "
            "PYTENSOR_FLAGS=base_compiledir=/tmp/pytensor."
        ) from error


def cached_program[Compiled: HasGraph](
    kind: Hashable,
    graph: pm.Model,
    compile_program: Callable[[], Compiled],
    *,
    any_rows: bool = False,
) -> Compiled:
    """Return the cached program of this kind and structure, or compile and cache it.

    Parameters
    ----------
    kind : hashable
        Everything besides the graph that the compiled code depends on: the backend, for one.
    graph : pm.Model
        The graph of the problem.
    compile_program : function without arguments
        Called if the cache has no such program, while `COMPILER_LOCK` is held.
    any_rows : bool
        Whether the compiled code runs data of other sizes than those it was compiled with.

    Returns
    -------
    What `compile_program` returned
        Its options are those of whoever compiled it first; the caller replaces them by its own.
    """
    return _find_or_compile(kind, graph, compile_program, any_rows=any_rows)


def same_program(first: pm.Model, second: pm.Model) -> bool:
    """Return whether two graphs differ in the values of their data and constants alone.

    Shapes, coordinates and the names of variables have to agree, because they label the draws.

    Examples
    --------
    >>> import pymc as pm
    >>> def graph(prior_sd):
    ...     with pm.Model() as model:
    ...         pm.Normal("location", 0, pm.Data("prior_sd", prior_sd))
    ...     return model
    >>> same_program(graph(1.0), graph(2.0))
    True
    """
    return _same_structure(_Structure(first), _Structure(second))


@dataclass(frozen=True, eq=False)
class _Structure:
    """What a compiled program depends on: labels, which are quick to compare, and computations.

    The computations are derived when two graphs have the same labels. PyMC takes a second to derive
    the log density, as long as many a fit.
    """

    graph: pm.Model

    @cached_property
    def labels(self) -> tuple:
        """Names, shapes of draws, and coordinates."""
        drawn = [*self.graph.value_vars, *self.graph.deterministics]
        return (
            [(value.name, value.ndim) for value in self.graph.data_vars],
            [(variable.name, variable.type.shape) for variable in drawn],
            self.graph.coords,
        )

    @cached_property
    def sizes(self) -> tuple:
        """The shapes of the data."""
        data = [value.get_value(borrow=True) for value in self.graph.data_vars]
        return tuple(value.shape for value in data)

    @cached_property
    def labels_tell_shapes(self) -> bool:
        """Whether the shapes of all draws follow from the labels, whatever the sizes."""
        return _labels_tell_shapes(self.graph)

    @cached_property
    def inputs(self) -> list[Any]:
        """Variables that the computations are functions of."""
        graph = self.graph
        return [*graph.value_vars, *graph.data_vars, *graph.dim_lengths.values()]

    @cached_property
    def outputs(self) -> list[Any]:
        """Variables that hold the log density and what is kept."""
        graph = self.graph
        return [graph.logp(), *graph.replace_rvs_by_values(graph.deterministics)]


def _labels_tell_shapes(graph: pm.Model) -> bool:
    """Return whether each axis of the draws has a fixed size or a coordinate."""
    for variable in [*graph.free_RVs, *graph.deterministics]:
        sizes = variable.type.shape
        dims = graph.named_vars_to_dims.get(variable.name) or [None] * len(sizes)
        for size, dim in zip(sizes, dims, strict=True):
            if size is None and graph.coords.get(dim) is None:
                return False
    return True


def _same_structure(
    first: _Structure, second: _Structure, *, any_rows: bool = False
) -> bool:
    from pytensor.graph.basic import equal_computations

    if first.labels != second.labels:
        return False
    if first.sizes != second.sizes:
        labelled = first.labels_tell_shapes and second.labels_tell_shapes
        if not (any_rows and labelled):
            return False
    return equal_computations(
        first.outputs, second.outputs, first.inputs, second.inputs
    )


def _find_or_compile(
    key: Hashable,
    graph: pm.Model | None,
    compile_program: Callable[[], Any],
    *,
    any_rows: bool = False,
) -> Any:
    """Return the cached program, or compile and cache one.

    Parameters
    ----------
    key : hashable
    graph : pm.Model or None
        Its structure has to be that of the program; without one, the key alone decides.
    compile_program : function without arguments
    any_rows : bool
        Whether the compiled code runs data of other sizes than those it was compiled with.
    """
    import pytensor

    # PyTensor would read the call stack for every node, a tenth of the time of a compilation.
    with (
        COMPILER_LOCK,
        pytensor.config.change_flags(numba__fastmath=False, traceback__limit=0),
    ):
        wanted = _Entry(key, None, None if graph is None else _Structure(graph))
        for entry in _entries:
            if entry.key == key and _same_graph(entry, wanted, any_rows):
                _use(entry)
                return entry.program
        with _rare_garbage_collection():
            program = compile_program()
        if graph is None or _size_of_data(graph) <= _MOST_BYTES:
            _use(replace(wanted, program=program))
        return program


@contextmanager
def _rare_garbage_collection() -> Iterator[None]:
    """Collect garbage less often: a compilation makes nodes that live until it ends.

    Looking through them again and again takes an eighth of its time.
    """
    before = gc.get_threshold()
    objects = max(before[0], _OBJECTS_BETWEEN_COLLECTIONS) if before[0] else 0
    gc.set_threshold(objects, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _same_graph(first: _Entry, second: _Entry, any_rows: bool) -> bool:
    if first.structure is None or second.structure is None:
        return first.structure is second.structure
    return _same_structure(first.structure, second.structure, any_rows=any_rows)


def _use(entry: _Entry) -> None:
    """Put an entry last, and drop the first of too many; the caller holds the lock."""
    others = [kept for kept in _entries if kept is not entry]
    _entries[:] = [*others, entry][-_MOST_PROGRAMS:]


def _size_of_data(graph: pm.Model) -> int:
    return sum(data.get_value(borrow=True).nbytes for data in graph.data_vars)
