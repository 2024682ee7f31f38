"""Settings and fixtures of all tests."""

import gc
import os
import signal
from collections.abc import Iterator

import pytest

# PyTensor notes at every node of a graph from where it was called, a tenth of the time of building
# a graph; the flag is read when it is imported.
os.environ.setdefault("PYTENSOR_FLAGS", "traceback__limit=0")
# A fifth of that time is garbage collection: graphs are many small objects that stay.
_OBJECTS_BETWEEN_COLLECTIONS = 50_000
_PROGRAMS_OF_A_WORKER = 64  # a user's session keeps fewer


def pytest_configure() -> None:
    """Interrupts reach the tests of interrupts also where a shell started them in the background,
    which ignores SIGINT.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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


@pytest.fixture(scope="session", autouse=True)
def programs_are_shared_between_files() -> Iterator[None]:
    """Compile graphs of one structure once, in whichever tests of a worker they are fitted."""
    from causalstats.samplers import program_cache

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program_cache, "_MOST_PROGRAMS", _PROGRAMS_OF_A_WORKER)
        yield
