"""The committed results of the refutation bench: power and false alarms of checks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@dataclass(frozen=True)
class WorldResult:
    """What the checks said of the data sets of one world.

    Parameters
    ----------
    family, name : str
        The file of the bench, and the world.
    row : mapping
        Its entry there.
    """

    family: str
    name: str
    row: dict[str, Any]

    @property
    def wrong(self) -> bool:
        return self.row["wrong"]

    def looked_for(self, check: str) -> bool:
        """Whether the world is one that this check, by the beginning of its name, should see."""
        return self.wrong and any(
            _are_one(name, check) or check.startswith(name)
            for name in self.row["catches"]
        )

    def ran(self, check: str) -> bool:
        return any(_are_one(name, check) for name in self.row["run"])

    def failed(self, check: str) -> float:
        """The largest share of data sets in which a check of this beginning failed."""
        shares = [
            share for name, share in self.row["failed"].items() if _are_one(name, check)
        ]
        return max(shares, default=0.0)


def _are_one(name: str, check: str) -> bool:
    """Whether a name begins like that of a check, and is not that of another one."""
    other = check == "one effect" and name != check
    return name.startswith(check) and not other


def results() -> list[WorldResult]:
    """Return the results of every world, in the order of the files."""
    return [
        WorldResult(path.stem, name, row)
        for path in sorted((BENCHMARKS / "refutation").glob("*.json"))
        for name, row in json.loads(path.read_text()).items()
    ]


def check_names() -> set[str]:
    """Return the names of all checks that ran in some world, or should see one."""
    names = set()
    for result in results():
        names |= {*result.row["run"], *result.row["failed"], *result.row["catches"]}
    return names
