"""A benchmark over the designs or worlds of a family, each on many data sets.

The record of a data set is kept as soon as it is there, so that a run goes on where it was stopped.
"""

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

import causalstats as cs
from causalstats.runs.resumable import resume

_TIMED_DATA_SETS = 4  # run first; they tell how long the others will take
RECORDS_FOLDER = Path("results")
# `Laplace` draws from the posteriors of these in a tenth of the time of `Nuts`. Its draws are taken
# where its importance weights are good: they then have the quantiles of the posterior.
_FITTED_BY_LAPLACE = {
    "selection": cs.Laplace(),
    "untested_risk": cs.Laplace(draws=250),
    "score_accuracy": cs.Laplace(draws=250),
    "next_tests": cs.Laplace(),
}
_LARGEST_PARETO_K = 0.5
_SMALLEST_ESS_SHARE = 0.25
# A fifth of the draws of the default, from the same posterior: enough for an interval of 95 %.
_SHORT_NUTS = cs.Nuts(chains=2, draws=400)
# Checks of other parameters than the answer, which chains so short fail where the default passes.
_DOUBTS_OF_SHORT_CHAINS = {"R-hat", "bulk ESS", "tail ESS"}
Record = dict[str, Any]


def fitted(family: str, model: Any, data: Any, seed: int) -> cs.Fit:
    """Return a fit by default; of slow families by `Laplace`, or by NUTS with two short chains.

    Parameters
    ----------
    family : str
        The module of the designs or worlds.
    model, data
    seed : int
    """
    if family in _FITTED_BY_LAPLACE:
        sampler = _FITTED_BY_LAPLACE[family]
        fit = cs.fit(model, data, sampler=sampler, seed=seed, progress=False)
        quality = fit.draws.attrs
        fewest = _SMALLEST_ESS_SHARE * sampler.chains * sampler.draws
        good = quality["importance_ess"] >= fewest
        if good and quality["pareto_k"] < _LARGEST_PARETO_K:
            return fit
        return cs.fit(model, data, sampler=_SHORT_NUTS, seed=seed, progress=False)
    return cs.fit(model, data, seed=seed, progress=False)


def doubts_by_default(family: str, checks: Sequence[cs.Check]) -> list[str]:
    """Return the names of checks without those that only short chains fail.

    Parameters
    ----------
    family : str
        The module of the designs or worlds.
    checks : sequence of Check
    """
    names = [check.name for check in checks]
    if family not in _FITTED_BY_LAPLACE:
        return names
    return [name for name in names if name not in _DOUBTS_OF_SHORT_CHAINS]


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """A benchmark: how a data set is run, and how the records are summarised.

    Parameters
    ----------
    name : str
        The name of the benchmark, and of the folder with the figures of each family.
    entries_of : callable
        `entries_of(family)` returns the designs or worlds of a family, each with a `name`.
    one : callable
        `one(family, name, seed)` returns the record of a data set; `seconds` in it is its time of
        the processor.
    summarised : callable
        `summarised(records, entry)` returns the figures of a design or world.
    table : callable
        `table()` returns the committed figures in Markdown.
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
        """Run the data sets without a record, and write the figures after each design or world.

        Parameters
        ----------
        family : str
            The module of the designs or worlds.
        data_sets : int
            The number of data sets of each design or world; their seeds are 0, 1, ...
        jobs : int
            The number of worker processes.
        only : str
            Part of the names of the designs or worlds to run; empty runs all.
        minutes : float
            A design or world that would take longer gets as many data sets as fit, and no fewer
            than the first four, by whose median time this is judged.
        """
        path = self.folder / f"{family}.json"
        self.folder.mkdir(exist_ok=True)
        RECORDS_FOLDER.mkdir(exist_ok=True)
        for entry in self.entries_of(family):
            if only not in entry.name:
                continue
            file = f"{self.name}_{family}_{entry.name}.jsonl".replace(" ", "_").replace(
                "/", "-"
            )
            run_seeds = partial(
                resume,
                partial(self.one, family, entry.name),
                title=entry.name,
                path=RECORDS_FOLDER / file,
                description=f"{family}: {entry.name}",
                jobs=jobs,
            )
            first = run_seeds(range(min(_TIMED_DATA_SETS, data_sets)))
            seconds = np.median([record.get("seconds", 0.0) for record in first])
            affordable = min(60 * minutes / max(seconds, 1e-3), data_sets)
            records = run_seeds(range(max(len(first), int(affordable))))
            figures = json.loads(path.read_text()) if path.exists() else {}
            figures[entry.name] = self.summarised(records, entry)
            path.write_text(json.dumps(figures, indent=1) + "\n")

    def main(self, description: str, data_sets: int) -> None:
        """Read the command line: a family, or `table` for the committed figures."""
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("family")
        parser.add_argument("--data-sets", type=int, default=data_sets)
        parser.add_argument("--jobs", type=int, default=1)
        parser.add_argument(
            "--minutes",
            type=float,
            default=inf,
            help="at most, for each design or world",
        )
        parser.add_argument(
            "--only", default="", help="part of the names of those to run"
        )
        options = parser.parse_args()
        if options.family == "table":
            print(self.table())
        else:
            self.run(
                options.family,
                options.data_sets,
                options.jobs,
                options.only,
                options.minutes,
            )
