"""The machine-learned estimators of Fuhr & Papies and of Clarke & Polselli on the first data sets
of the study, beside ours on the same.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np

import causalstats as cs
from causalstats.runs.resumable import resume

METHODS = (
    "pooled DML",
    "early FE",
    "late FE",
    "CRE",
    "CRE, general",
    "CRE, normal",
    "FD, exact",
)
OURS = "PanelDML"
# Medians of 100 data sets with the paper's own random numbers, read off its figure 4 (± .005).
PAPER = {
    "A, linear": {
        "pooled DML": 0.997,
        "early FE": 0.994,
        "late FE": 0.992,
        "CRE": 0.982,
    },
    "A, u-shaped": {
        "pooled DML": 0.998,
        "early FE": 1.232,
        "late FE": 0.994,
        "CRE": 0.986,
    },
    "B, linear": {
        "pooled DML": 1.287,
        "early FE": 0.992,
        "late FE": 1.002,
        "CRE": 0.987,
    },
    "B, u-shaped": {
        "pooled DML": 1.298,
        "early FE": 1.238,
        "late FE": 1.008,
        "CRE": 1.014,
    },
    "C, linear": {
        "pooled DML": 1.218,
        "early FE": 0.992,
        "late FE": 1.073,
        "CRE": 0.986,
    },
    "C, u-shaped": {
        "pooled DML": 1.223,
        "early FE": 1.527,
        "late FE": 1.077,
        "CRE": 1.005,
    },
}


def run(
    folder: Path,
    fast: bool,
    panels: Mapping[str, Callable[[int], tuple[cs.Panel, float]]],
    paper: Mapping[str, float],
) -> str:
    """A table of errors over 10 data sets a design, or 2.

    `panels` gives of a design and a seed its panel and our estimate. Resumable.
    """
    cells, count = list(panels), 2 if fast else 10
    jobs = [(cell, seed) for seed in range(count) for cell in cells]

    def one(number: int) -> dict:
        cell, seed = jobs[number]
        data, ours = panels[cell](seed)
        table = cs.panel_dml_estimators(
            data, seed=seed, methods=METHODS, progress=False
        ).table
        covered = table["lower"].lt(1) & table["upper"].gt(1)
        return {
            "cell": cell,
            OURS: ours,
            **table["estimate"].to_dict(),
            "covered": covered.to_dict(),
            "seconds": table["seconds"].to_dict(),
        }

    records = resume(
        one,
        range(len(jobs)),
        title="Learners",
        path=folder / "learned.jsonl",
        description="boosting",
    )
    return _table(records, cells, count, paper)


def _table(
    records: list[dict], cells: list[str], count: int, paper: Mapping[str, float]
) -> str:
    """Mean absolute error and median of each, the paper's median after a slash."""
    heading = ["design", OURS, *METHODS, "paper's CRE, error"]
    rows = [heading, ["---"] * len(heading)]
    for cell in cells:
        found = [record for record in records if record["cell"] == cell]
        rows.append(
            [
                cell,
                *(_cell(found, name, PAPER.get(cell, {})) for name in (OURS, *METHODS)),
                f"{paper[cell]:.3f}" if cell in paper else "",
            ]
        )
    covered = {
        name: np.mean([record["covered"][name] for record in records])
        for name in METHODS
    }
    seconds = {
        name: np.median([record["seconds"][name] for record in records])
        for name in METHODS
    }
    libraries = ", ".join(
        f"{name} {version(name)}"
        for name in ("causalstats", "scikit-learn", "nutpie", "numpy")
    )
    lines = [
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
        f"{count} data sets a design. Share of 95 % intervals that cover, over all designs: "
        f"{_listed(covered, '.0%')}. Seconds: {_listed(seconds, '.1f')}.",
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{libraries}.",
    ]
    return "\n".join([*lines, ""])


def _cell(found: list[dict], name: str, paper: Mapping[str, float]) -> str:
    values = np.array([record[name] for record in found])
    theirs = f"/{paper[name]:.2f}" if name in paper else ""
    return f"{abs(values - 1).mean():.3f} ({np.median(values):.2f}{theirs})"


def _listed(numbers: Mapping[str, float], form: str) -> str:
    return ", ".join(f"{name} {value:{form}}" for name, value in numbers.items())
