"""Signals that interrupt: kept from cutting imports short, and SIGTERM while draws are made."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_MOMENT = 0.02  # seconds
# Python functions within which an interrupt does harm, by the end of their file's name: importing
# a module, and being called back by compiled code, which ends in a SystemError.
_HARMED = ("importlib._bootstrap>", "numba/core/serialize.py")


@contextmanager
def orderly_interrupts() -> Iterator[None]:
    """Postpone Ctrl-C by moments while a module is imported, or compiled code calls back.

    Python cannot import again a package whose import was cut short: the session would have to be
    started anew. A handler of the user's is left alone.

    Examples
    --------
    >>> with orderly_interrupts():
    ...     import json
    """
    outermost = sys._getframe(2)
    with _handled(signal.SIGINT, signal.default_int_handler, outermost, ""):
        yield


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
    outermost = sys._getframe(2)
    with _handled(signal.SIGTERM, signal.SIG_DFL, outermost, "Terminated"):
        yield


@contextmanager
def _handled(
    number: signal.Signals, usual: Any, outermost: FrameType, message: str
) -> Iterator[None]:
    """Handle a signal in the main thread, if it is handled as usual.

    Parameters
    ----------
    number : Signals
    usual : signal handler
        Which is set again when the signal was handled, or the block ends.
    outermost : frame
        Only imports that it began are waited for.
    message : str
        Of the `KeyboardInterrupt`.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(number) != usual:
        yield
        return
    signal.signal(number, _interrupt(usual, outermost, message))
    try:
        yield
    finally:
        signal.signal(number, usual)


def _interrupt(
    usual: Any, outermost: FrameType, message: str
) -> Callable[[int, FrameType | None], None]:
    def handle(number: int, frame: FrameType | None) -> None:
        if _does_harm(frame, outermost):
            again = threading.Timer(_MOMENT, _signal_main_thread, [number])
            again.daemon = True
            again.start()
            return
        signal.signal(number, usual)
        raise KeyboardInterrupt(*[message] if message else [])

    return handle


def _signal_main_thread(number: int) -> None:
    """Send the signal to the main thread, whose waiting it ends where the system can do so."""
    if sys.platform == "win32":
        signal.raise_signal(number)
        return
    identity = threading.main_thread().ident
    assert identity is not None
    signal.pthread_kill(identity, number)


def _does_harm(frame: FrameType | None, outermost: FrameType) -> bool:
    while frame is not None and frame is not outermost:
        if frame.f_code.co_filename.endswith(_HARMED):
            return True
        frame = frame.f_back
    return False
