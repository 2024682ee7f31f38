"""Settings and fixtures of all tests."""

import signal


def pytest_configure() -> None:
    """Interrupts reach the tests of interrupts also where a shell started them in the background,
    which ignores SIGINT.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
