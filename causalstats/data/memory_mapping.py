"""Memory-mapped arrays: giving their memory back."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np


def release(array: np.ndarray) -> None:
    """Give back the memory of a memory-mapped array, which is read again from disk if it is used.

    Other arrays stay as they are.
    """
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)
