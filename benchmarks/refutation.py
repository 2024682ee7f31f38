"""Power and false alarms of every check, in worlds where a model is wrong, and where it is right.

    python benchmarks/refutation.py FAMILY [--data-sets 100] [--jobs 2] [--only WORDS]
    python benchmarks/refutation.py table        the committed figures, as tables

FAMILY is a module of `benchmarks/worlds/`. A run goes on where it was stopped, and writes
`benchmarks/refutation/FAMILY.json`. The power in a wrong world is the share of data sets in which
one of the checks made for it failed, or stood on the answer as undecidable; a false alarm is a
failed check in a right world. Where the "headline holds", the assumption is wrong and the headline
right: other answers are wrong, which the world's entry names.
"""

from __future__ import annotations

import importlib
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from campaigns import Campaign, doubts_by_default, fitted
from worlds import World

from causalstats.errors import CausalStatsError

FOLDER = Path(__file__).parent / "refutation"
POWER, FALSE_ALARMS = 0.80, 0.01


def worlds_of(family: str) -> list[World]:
    return importlib.import_module(f"worlds.{family}").WORLDS


def one(family: str, name: str, seed: int) -> dict[str, Any]:
    """Return the record of one data set of a world, fitted by default.

    Parameters
    ----------
    family, name : str
        The module and the name of the world.
    seed : int

    Returns
    -------
    dict
        Names of the checks that ran, that failed and that the answer carries, and seconds of the
        processor. Where the fit was refused, the message alone.
    """
    warnings.simplefilter("ignore")
    world = next(world for world in worlds_of(family) if world.name == name)
    started = time.process_time()
    model, data = world.make(seed)
    if world.answer is not None:
        return _of_answer(world, world.answer, seed)
    try:
        fit = fitted(family, model, data, seed)
        checks = fit.check()
        carried = fit.effect(model.headline).doubts
    except CausalStatsError as error:
        return {"refused": str(error)[:200]}
    return {
        "run": [check.name for check in checks if check.passed is not None],
        "failed": doubts_by_default(
            family, [check for check in checks if check.passed is False]
        ),
        "carried": doubts_by_default(family, carried),
        "seconds": time.process_time() - started,
    }


def _of_answer(
    world: World, answer: Callable[[Any, Any], Any], seed: int
) -> dict[str, Any]:
    """Return the record of one data set of a world that is about another answer."""
    started = time.process_time()
    model, data = world.make(seed)
    try:
        doubts = answer(model, data).doubts
    except CausalStatsError as error:
        return {"refused": str(error)[:200]}
    return {
        "run": list(world.runs),
        "failed": [check.name for check in doubts if check.passed is False],
        "carried": [check.name for check in doubts],
        "seconds": time.process_time() - started,
    }


def summarised(records: list[dict[str, Any]], world: World) -> dict[str, Any]:
    """Return how often each check failed, and how often one that should see the world did."""
    answered = [record for record in records if "refused" not in record]
    refused = len(records) - len(answered)
    names = sorted(
        {name for record in answered for name in [*record["run"], *record["carried"]]}
    )
    failed = {
        name: float(np.mean([name in r["failed"] for r in answered])) for name in names
    }
    caught = [
        any(_sees(world, name) for name in [*r["failed"], *r["carried"]])
        for r in answered
    ]
    return {
        "wrong": world.wrong,
        "data sets": len(records),
        "refused": refused,
        "caught": float((sum(caught) + refused) / len(records)),
        "doubt on the answer": float(
            np.mean([bool(r["carried"]) for r in answered] or [1.0])
        ),
        "catches": list(world.catches),
        "headline holds": world.headline_holds,
        "undetectable": world.undetectable,
        "failed": {name: share for name, share in failed.items() if share > 0},
        "run": names,
        "median seconds": float(
            np.median([r["seconds"] for r in answered] or [np.nan])
        ),
    }


def _sees(world: World, name: str) -> bool:
    return any(name.startswith(check) for check in world.catches)


def table() -> str:
    """Return the committed figures in Markdown: a row a world, then a row a check."""
    lines = ["| family | world | | data sets | caught | doubt on the answer |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    alarms: dict[tuple[str, str], list[tuple[float, int]]] = {}
    powers: dict[tuple[str, str], list[float]] = {}
    for path in sorted(FOLDER.glob("*.json")):
        for name, row in json.loads(path.read_text()).items():
            caught = f"{row['caught']:.2f}" if row["wrong"] else ""
            kind = "wrong" if row["wrong"] else "right"
            if row.get("headline holds"):
                kind = "wrong, headline holds"
            lines.append(
                f"| {path.stem} | {name} | {kind} | {row['data sets']} "
                f"| {caught} | {row['doubt on the answer']:.2f} |"
            )
            for check in row["run"]:
                share = row["failed"].get(check, 0.0)
                if not row["wrong"]:
                    alarms.setdefault((path.stem, check), []).append(
                        (share, row["data sets"])
                    )
                elif any(check.startswith(begin) for begin in row["catches"]):
                    powers.setdefault((path.stem, check), []).append(share)
    lines += ["", "| family | check | power, least to most | false alarms |"]
    lines.append("| --- | --- | --- | --- |")
    for family, check in sorted({*alarms, *powers}):
        power = powers.get((family, check))
        ran = alarms.get((family, check), [])
        total = sum(size for _, size in ran)
        false = (
            f"{sum(s * n for s, n in ran) / total:.3f} of {total}"
            if total
            else "not run"
        )
        span = f"{min(power):.2f} to {max(power):.2f}" if power else ""
        lines.append(f"| {family} | {check} | {span} | {false} |")
    return "\n".join(lines)


CAMPAIGN = Campaign(
    name="refutation", entries_of=worlds_of, one=one, summarised=summarised, table=table
)

if __name__ == "__main__":
    CAMPAIGN.main(__doc__.splitlines()[0], data_sets=100)
