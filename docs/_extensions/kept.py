"""A cache on disk of results that pages show, under a hash of the code that makes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cache
from typing import Any

from catalogue import ROOT

KEPT = ROOT / "docs" / "_build" / "kept"
FOLDERS = ("causalstats", "models", "benchmarks/worlds")
MAKERS = ("planted.py", "gallery_pages.py", "pictures.py")
LATER = {"report", "case_studies", "cli.py"}  # cannot change a result


def kept(key: str, make: Callable[[], Any], *, leave_out: bool = False) -> Any:
    """Return what `make` returns, from its file where there is one.

    Parameters
    ----------
    key : str
        Names the result; the code belongs to the key as well.
    make : function
        Returns what JSON can hold.
    leave_out : bool
        Whether to return None where there is no file yet.
    """
    name = hashlib.sha256(f"{key}|{_digest_of_code()}".encode()).hexdigest()[:24]
    path = KEPT / f"{name}.json"
    if path.exists():
        return json.loads(path.read_text())
    if leave_out:
        return None
    made = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(made))
    return made


@cache
def _digest_of_code() -> str:
    digest = hashlib.sha256()
    for name in MAKERS:
        digest.update((ROOT / "docs" / "_extensions" / name).read_bytes())
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            if not LATER & {*file.relative_to(ROOT).parts}:
                digest.update(file.read_bytes())
    return digest.hexdigest()
