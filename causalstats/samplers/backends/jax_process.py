"""The process in which JAX started its threads: a fork of it would wait for them without end."""

from __future__ import annotations

import os
from functools import cache

from causalstats.errors import SamplingError


@cache
def _process_of_jax() -> int:
    """Return the process that first used JAX; a fork inherits what was kept."""
    return os.getpid()


def refuse_after_fork() -> None:
    """Raise in a process that was forked after JAX had started in its parent.

    Raises
    ------
    SamplingError
        With what to do instead.
    """
    if _process_of_jax() != os.getpid():
        raise SamplingError(
            "This process was forked after JAX had started its threads, which a fork does not "
            "have: sampling would never end. Start processes with "
            "`multiprocessing.get_context('spawn')`, or sample by `cs.Nuts(backend='numba')`."
        )
