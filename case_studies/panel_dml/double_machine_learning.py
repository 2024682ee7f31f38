"""Double machine learning with boosted trees beside `PanelDML` on the first data sets of the study.

The estimators are those of Fuhr & Papies (2024) and of Clarke & Polselli (2026).
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
    """Return a Markdown table of errors over 10 data sets a design, or 2.

    A run that was stopped goes on where it was.

    Parameters
    ----------
    folder : Path
        Where the estimates of each data set are kept, in `estimators.jsonl`.
    fast : bool
        Whether each design gets 2 data sets in place of 10.
    panels : mapping of design to function
        The function takes a seed to a panel, whose true effect is 1, and the estimate of
        `PanelDML` on it.
    paper : mapping of design to float
        Published mean absolute errors of correlated random effects, where there are any.
    """
    cells = list(panels)
    count = 2 if fast else 10
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
        path=folder / "estimators.jsonl",
        description="boosting",
    )
    return _table(records, cells, count, paper)


def _table(
    records: list[dict], cells: list[str], count: int, paper: Mapping[str, float]
) -> str:
    """Return the mean absolute error and median of each, the paper's median after a slash."""
    heading = ["design", OURS, *METHODS, "paper's CRE, error"]
    rows = [heading, ["---"] * len(heading)]
    for cell in cells:
        estimates = [record for record in records if record["cell"] == cell]
        published = PAPER.get(cell, {})
        rows.append(
            [
                cell,
                *(_cell(estimates, name, published) for name in (OURS, *METHODS)),
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


def _cell(estimates: list[dict], name: str, paper: Mapping[str, float]) -> str:
    values = np.array([record[name] for record in estimates])
    theirs = f"/{paper[name]:.2f}" if name in paper else ""
    return f"{abs(values - 1).mean():.3f} ({np.median(values):.2f}{theirs})"


def _listed(numbers: Mapping[str, float], form: str) -> str:
    return ", ".join(f"{name} {value:{form}}" for name, value in numbers.items())
