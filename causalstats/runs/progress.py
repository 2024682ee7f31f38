"""What the user sees while waiting: a bar in a terminal or a notebook, lines in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape

Advance = Callable[[float, str], None]
"""Called with the share that is done, 0 to 1, and a note."""

_LOG_EVERY = 10.0  # seconds
_SHOW_EVERY = 0.25


def silent(share: float, note: str = "") -> None:
    """An `Advance` that shows nothing."""


@contextmanager
def stage(title: str, shown: bool = True) -> Iterator[Advance]:
    """A piece of work with a title, on standard error or in the notebook's cell; its end says how long it took."""
    if not shown:
        yield silent
        return
    started = time.perf_counter()
    begin = _notebook if _in_notebook() else _terminal if sys.stderr.isatty() else _log
    with begin(title) as show:
        shown_at = -_SHOW_EVERY

        def advance(share: float, note: str = "") -> None:
            nonlocal shown_at
            if (now := time.perf_counter()) - shown_at >= _SHOW_EVERY:
                shown_at = now
                show(share, note)

        yield advance
        show(1.0, f"{time.perf_counter() - started:.0f} s")


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
            bar.update(task, total=1.0 if share else None, completed=share, note=note)

        yield show


@contextmanager
def _notebook(title: str) -> Iterator[Advance]:
    from IPython.display import HTML, display

    def page(share: float, note: str) -> HTML:
        bar = f'<progress style="width:16em" max="1"{f" value={share:.3f}" if share else ""}></progress>'
        return HTML(f"<div>{escape(title)} {bar} {share:.0%} {escape(note)}</div>")

    handle = display(page(0.0, ""), display_id=True)
    yield lambda share, note: handle.update(page(share, note))


@contextmanager
def _log(title: str) -> Iterator[Advance]:
    print(f"{title} ...", file=sys.stderr, flush=True)
    logged_at = time.perf_counter()

    def show(share: float, note: str) -> None:
        nonlocal logged_at
        if share == 1.0 or time.perf_counter() - logged_at >= _LOG_EVERY:
            logged_at = time.perf_counter()
            print(f"{title}: {share:.0%} {note}", file=sys.stderr, flush=True)

    yield show


def _in_notebook() -> bool:
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return type(get_ipython()).__name__ == "ZMQInteractiveShell"
