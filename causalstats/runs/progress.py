"""Progress of long work: a bar in a terminal or a notebook, and few lines in a log.

`rich` draws the terminal's bar. Its bar and tqdm's need ipywidgets in a notebook, and in a log tqdm
writes a line for every update and rich none before the end, so these two are drawn here.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

Advance = Callable[[float, str], None]
"""A function of the share that is done, 0 to 1, and a note; work calls it as it goes on."""

_STOPPED: dict[type[BaseException], str] = {KeyboardInterrupt: "interrupted"}
_SECONDS_BETWEEN_LOG_LINES = 10.0
_SECONDS_BETWEEN_UPDATES = 0.25


def silent(share: float, note: str = "") -> None:
    """Show nothing: the `Advance` of work without a progress bar."""


@contextmanager
def stage(title: str, shown: bool = True) -> Iterator[Advance]:
    """Show the progress of a piece of work while the block runs.

    Parameters
    ----------
    title : str
        Stands before the bar.
    shown : bool
        Whether anything is shown: on standard error, or in the cell of a notebook.

    Yields
    ------
    Advance
        To be called with the share that is done and a note, as often as one likes.

    Examples
    --------
    >>> with stage("Fitting", shown=False) as advance:
    ...     advance(0.5, "halfway")
    """
    if not shown:
        yield silent
        return
    started = time.perf_counter()
    updated = -_SECONDS_BETWEEN_UPDATES
    done = 0.0
    with _display()(title) as show:

        def advance(share: float, note: str = "") -> None:
            nonlocal updated, done
            now = time.perf_counter()
            done = share
            if now - updated >= _SECONDS_BETWEEN_UPDATES:
                updated = now
                show(share, note)

        try:
            yield advance
        except BaseException as error:
            # A bar that stands still would look like work that goes on.
            reason = _STOPPED.get(type(error), "stopped by an error")
            show(done or 1e-9, f"{reason} after {time.perf_counter() - started:.0f} s")
            raise
        show(1.0, f"{time.perf_counter() - started:.0f} s")


def _display() -> Callable[..., Any]:
    if _in_notebook():
        return _notebook
    return _terminal if sys.stderr.isatty() else _log


@contextmanager
def _terminal(title: str) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=None, note="")

        def show(share: float, note: str) -> None:
            total = 1.0 if share else None  # without a total, the bar moves to and fro
            bar.update(task, total=total, completed=share, note=note)

        yield show


@contextmanager
def _notebook(title: str) -> Iterator[Advance]:
    from IPython.display import HTML, display

    def page(share: float, note: str) -> HTML:
        value = f" value={share:.3f}" if share else ""
        bar = f'<progress style="width:16em" max="1"{value}></progress>'
        return HTML(f"<div>{escape(title)} {bar} {share:.0%} {escape(note)}</div>")

    handle = display(page(0.0, ""), display_id=True)
    yield lambda share, note: handle.update(page(share, note))


@contextmanager
def _log(title: str) -> Iterator[Advance]:
    print(f"{title} ...", file=sys.stderr, flush=True)
    logged = time.perf_counter()

    def show(share: float, note: str) -> None:
        nonlocal logged
        now = time.perf_counter()
        ended = share == 1.0 or note.startswith(("stopped", "interrupted"))
        if ended or now - logged >= _SECONDS_BETWEEN_LOG_LINES:
            logged = now
            print(f"{title}: {share:.0%} {note}", file=sys.stderr, flush=True)

    yield show


def _in_notebook() -> bool:
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return type(get_ipython()).__name__ == "ZMQInteractiveShell"
