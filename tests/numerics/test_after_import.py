"""Functions that are called once a module has been imported."""

import importlib
import sys

from causalstats.numerics.after_import import after_import


def test_calls_follow_the_import_and_leave_the_module_with_its_own_loader(
    tmp_path, monkeypatch
):
    (tmp_path / "imported_later.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    finders = list(sys.meta_path)
    seen = []

    def first():
        seen.append(sys.modules["imported_later"].value)

    after_import("imported_later", first)
    after_import("imported_later", lambda: seen.append(2))
    assert seen == []
    module = importlib.import_module("imported_later")
    assert seen == [1, 2]
    assert type(module.__loader__).__name__ == "SourceFileLoader"
    assert sys.meta_path == finders
    after_import("imported_later", lambda: seen.append(3))
    assert seen == [1, 2, 3]
    monkeypatch.delitem(sys.modules, "imported_later")


def test_a_module_that_is_not_there_is_not_found_as_before():
    after_import("nowhere_to_be_found", lambda: None)
    assert importlib.util.find_spec("nowhere_to_be_found") is None
