"""Progress in a terminal, a notebook and a log."""

import io
import threading

import pytest

from causalstats.runs import progress
from causalstats.runs.progress import stage


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Handle:
    def __init__(self):
        self.pages = []

    def update(self, page):
        self.pages.append(page.data)


def terminal(monkeypatch):
    """Make standard error a terminal; inside the test, since pytest sets it before each."""
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    return stream


def work(title="Fitting", shown=True):
    with stage(title, shown) as advance:
        for step in range(1000):
            advance(step / 1000, f"{step} divergences")


def test_nothing_is_shown_unless_asked(capsys):
    work(shown=False)
    assert capsys.readouterr() == ("", "")


def test_a_log_has_a_line_at_the_start_and_at_the_end(capsys):
    work()
    assert capsys.readouterr().err == "Fitting ...\nFitting: 100% 0 s\n"


def test_a_log_has_a_line_every_few_seconds(capsys, monkeypatch):
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LOG_LINES", 0.0)
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_UPDATES", 0.0)
    work()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1002 and lines[501] == "Fitting: 50% 500 divergences"


def test_a_terminal_has_a_bar(monkeypatch):
    stream = terminal(monkeypatch)
    work()
    text = stream.getvalue()
    assert "Fitting" in text and "100 %" in text and "━" in text


def test_two_threads_share_a_terminal(monkeypatch):
    stream, failures = terminal(monkeypatch), []

    def run(title):
        try:
            work(title)
        except Exception as error:
            failures.append(error)

    threads = [
        threading.Thread(target=run, args=(title,)) for title in ("first", "second")
    ]
    with stage("whole"):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures and "whole" in stream.getvalue()


def test_a_notebook_has_a_bar_in_its_cell(monkeypatch):
    handle = Handle()

    def display(page, display_id):
        handle.update(page)
        return handle

    monkeypatch.setattr(progress, "_in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", display)
    work("a < b")
    assert len(handle.pages) == 3
    assert "a &lt; b" in handle.pages[0] and "value" not in handle.pages[0]
    assert "100%" in handle.pages[-1] and "value=1.000" in handle.pages[-1]


def test_an_error_ends_the_bar(monkeypatch):
    stream = terminal(monkeypatch)
    with pytest.raises(ValueError, match="broken"), stage("Fitting"):
        raise ValueError("broken")
    assert "Fitting" in stream.getvalue()
