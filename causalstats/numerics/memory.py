"""The memory of the machine, to refuse before a run what cannot fit into it."""

from __future__ import annotations

import os
from pathlib import Path

_LIMIT_OF_CONTAINER = Path("/sys/fs/cgroup/memory.max")


def memory_of_machine() -> float:
    """Return the bytes of memory that this process can have; infinite where that is not known.

    Examples
    --------
    >>> memory_of_machine() > 1e8
    True
    """
    try:
        total = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):
        total = float("inf")
    try:
        return min(total, float(_LIMIT_OF_CONTAINER.read_text()))
    except (OSError, ValueError):
        return total
