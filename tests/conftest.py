"""Settings and fixtures of all tests."""

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

# PyTensor notes at every node of a graph from where it was called, a tenth of the time of building
# a graph; the flag is read when it is imported.
os.environ.setdefault("PYTENSOR_FLAGS", "traceback__limit=0")
# A fifth of that time is garbage collection: graphs are many small objects that stay.
_OBJECTS_BETWEEN_COLLECTIONS = 200_000
_PROGRAMS_OF_A_WORKER = 64  # a user's session keeps fewer
_TESTS = Path(__file__).parent
# Ten seconds and more each, the longest first: at the end no worker waits for another.
_LONG_FILES = (
    "laws/test_every_backend.py",
    "structure/test_static_types.py",
    "models/partial_correlation/test_partial_correlation.py",
    "models/selective_labels/test_selective_labels.py",
    "laws/test_every_model.py",
    "inference/test_first_fit.py",
    "structure/test_documentation.py",
    "samplers/test_samplers.py",
    "structure/test_examples.py",
    "models/selective_labels/test_general_form.py",
    "samplers/test_laplace_on_large_data.py",
    "models/heckman/test_heckman.py",
    "models/partial_correlation/test_exposures.py",
    "models/partial_correlation/test_joint_groups.py",
    "inference/test_local_calibration.py",
    "models/partial_correlation/test_counts_and_limits.py",
    "samplers/test_laplace.py",
    "models/causal_diagram/test_causal_diagram.py",
    "models/panel_dml/test_panel_dml.py",
    "laws/test_arviz.py",
    "models/partial_correlation/test_dependent_rows.py",
    "calibration/test_calibration.py",
    "findings/panel/test_covariates_act_as_assumed.py",
    "findings/composition/test_data_that_contradict_the_model.py",
    "findings/panel/test_staggered_adoption.py",
    "samplers/test_chees.py",
    "test_cli.py",
    "samplers/test_numba_callbacks.py",
    "structure/test_packaging.py",
)


def pytest_configure() -> None:
    """Interrupts reach the tests of interrupts also where a shell started them in the background,
    which ignores SIGINT.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take long first, and leave the others in their order."""
    places = {_TESTS / name: place for place, name in enumerate(_LONG_FILES)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish() -> None:
    """Collect garbage less often, and look no more at what was imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 10, 10)


@pytest.fixture
def without_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the check of how covariates of a panel act, for tests of its other checks.

    Its boosted trees take nine tenths of the time of all checks of a panel.
    """
    monkeypatch.setattr(
        "causalstats.models.panel_dml.data_checks.nuisance_form", lambda *_: ()
    )


@pytest.fixture
def without_hidden_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the check of hidden groups of rows of a composition, for tests of other things.

    Its 200 simulations take longer than an exact fit.
    """
    monkeypatch.setattr(
        "causalstats.models.partial_correlation.data_checks.groups_of_rows",
        lambda *_: None,
    )


@pytest.fixture
def compiled_quickly() -> Iterator[None]:
    """Let XLA compile in less time, for programs that run for a second or less."""
    import jax

    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture
def densities_by_jax(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `Laplace` compute densities by JAX, as on large data.

    A model of selective labels is compiled by it in a third of the time that Numba takes.
    """
    monkeypatch.setattr("causalstats.samplers.laplace._JAX_PAYS_FROM_NUMBERS", 0)


@pytest.fixture(scope="session", autouse=True)
def programs_are_shared_between_files() -> Iterator[None]:
    """Compile graphs of one structure once, in whichever tests of a worker they are fitted."""
    from causalstats.samplers import program_cache

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program_cache, "_MOST_PROGRAMS", _PROGRAMS_OF_A_WORKER)
        yield


@pytest.fixture(scope="session", autouse=True)
def graphs_in_python_need_no_compiler() -> Iterator[None]:
    """Evaluate a graph in Python with the functions inside it, where a test asks for that.

    PyTensor links inner functions in C otherwise, and runs g++ for a second for each operation.
    """
    from pytensor.compile.mode import predefined_linkers
    from pytensor.link.vm import VMLinker

    in_python = VMLinker(use_cloop=False, c_thunks=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(predefined_linkers, "vm", in_python)
        yield
