"""A benchmark over the modules of a family: every entry on many data sets, kept as they come."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from causalstats.runs.resumable import resume

_FIRST = 4  # data sets by which the time of the others is judged
KEPT = Path("results")
Record = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """The work on each data set, and the summary of the records.

    Parameters
    ----------
    name : str
        Also that of the folder in which the figures of each family stand.
    entries_of : callable
        The designs or worlds of a family, each with a `name`.
    one : callable
        `one(family, name, seed)` gives the record of a data set.
    summarised : callable
        `summarised(records, entry)` gives the figures of a design or world.
    table : callable
        Gives the committed figures in Markdown.
    """

    name: str
    entries_of: Callable[[str], Sequence[Any]]
    one: Callable[[str, str, int], Record]
    summarised: Callable[[list[Record], Any], Record]
    table: Callable[[], str]

    @property
    def folder(self) -> Path:
        return Path(__file__).parent / self.name

    def run(
        self, family: str, data_sets: int, jobs: int, only: str, minutes: float
    ) -> None:
        """Do what is not done yet, and write the figures after each design or world.

        An entry that would take more than `minutes`, by the time of its first data sets, gets as
        many data sets as fit, and no fewer than the first.
        """
        path = self.folder / f"{family}.json"
        self.folder.mkdir(exist_ok=True)
        KEPT.mkdir(exist_ok=True)
        for entry in self.entries_of(family):
            if only not in entry.name:
                continue
            file = f"{self.name}_{family}_{entry.name}.jsonl".replace(" ", "_").replace(
                "/", "-"
            )
            do = partial(
                resume,
                partial(self.one, family, entry.name),
                title=entry.name,
                path=KEPT / file,
                description=f"{family}: {entry.name}",
                jobs=jobs,
            )
            first = do(range(min(_FIRST, data_sets)))
            each = np.median([record.get("seconds", 0.0) for record in first])
            fitting = min(60 * minutes / max(each, 1e-3), data_sets)
            records = do(range(max(len(first), int(fitting))))
            found = json.loads(path.read_text()) if path.exists() else {}
            found[entry.name] = self.summarised(records, entry)
            path.write_text(json.dumps(found, indent=1) + "\n")

    def main(self, description: str, data_sets: int) -> None:
        """Read the command line: a family, or `table` for the committed figures."""
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("family")
        parser.add_argument("--data-sets", type=int, default=data_sets)
        parser.add_argument("--jobs", type=int, default=1)
        parser.add_argument(
            "--minutes", type=float, default=inf, help="at most, for each of them"
        )
        parser.add_argument(
            "--only", default="", help="words in the names of those to do"
        )
        asked = parser.parse_args()
        if asked.family == "table":
            print(self.table())
        else:
            self.run(
                asked.family, asked.data_sets, asked.jobs, asked.only, asked.minutes
            )
