"""Signals that end a process, while draws are made that are worth keeping."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """Let the first SIGTERM, as a cluster sends it before it kills, interrupt like Ctrl-C.

    Complete draws are then kept and marked, and can be saved. A second one ends the process, as
    does one outside of the block. A handler of the user's is left alone.

    Examples
    --------
    >>> import os
    >>> try:
    ...     with termination_as_interrupt():
    ...         os.kill(os.getpid(), signal.SIGTERM)
    ... except KeyboardInterrupt as interrupt:
    ...     print(interrupt)
    Terminated
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _interrupt(number: int, frame: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    raise KeyboardInterrupt("Terminated")
