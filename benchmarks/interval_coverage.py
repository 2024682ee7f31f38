"""Coverage of the 95 % intervals that users get by default, over designs with a known answer.

    python benchmarks/interval_coverage.py FAMILY [--data-sets 500] [--jobs 2] [--only WORDS]
    python benchmarks/interval_coverage.py table           the committed figures, as a table

FAMILY is a module of `benchmarks/designs/`. A run goes on where it was stopped, and writes
`benchmarks/coverage/FAMILY.json`. "Wrong and unsaid" is the share of intervals that miss the truth
although the answer carries no doubt.
"""

from __future__ import annotations

import importlib
import json
import time
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from campaigns import Campaign, doubts_by_default, fitted
from designs import Answered, Design, Truth

from causalstats import Fit
from causalstats.errors import CausalStatsError

FOLDER = Path(__file__).parent / "coverage"
BAND = (0.90, 0.98)


def designs_of(family: str) -> list[Design]:
    return importlib.import_module(f"designs.{family}").DESIGNS


def one(family: str, name: str, seed: int) -> dict[str, Any]:
    """Return the record of one data set of a design, fitted by default.

    Parameters
    ----------
    family, name : str
        The module and the name of the design.
    seed : int

    Returns
    -------
    dict
        Means over the entries of the answer whose truth is known: the share covered, the error and
        its absolute value, and the width of the interval, in the unit of the answer; the doubts
        that it carries, and seconds of the processor. Where the fit was
        refused, the message alone.
    """
    warnings.simplefilter("ignore")
    design = next(design for design in designs_of(family) if design.name == name)
    started = time.process_time()
    model, data, truth = design.make(seed)
    try:
        fit = fitted(family, model, data, seed)
        ask = design.ask or partial(_one_answer, design)
        answered = ask(fit, truth)
    except CausalStatsError as error:
        return {"refused": str(error)[:200]}
    table = answered.numbers
    if not len(table):
        return {"refused": "no entry of the answer with a known truth"}
    covered = (table["lower"] <= table["truth"]) & (table["truth"] <= table["upper"])
    record = {
        "covered": float(covered.mean()),
        "error": float((table["mean"] - table["truth"]).mean()),
        "absolute_error": float((table["mean"] - table["truth"]).abs().mean()),
        "width": float((table["upper"] - table["lower"]).mean()),
        "doubts": doubts_by_default(family, answered.doubts),
        "seconds": time.process_time() - started,
    }
    if design.ask is None:
        return record
    unsaid = ~covered & ~table["doubted"].astype(bool)
    errors = table["mean"] - table["truth"]
    return record | {
        "unsaid": float(unsaid.mean()),
        "entries": {
            name: [bool(covered[name]), float(errors[name])] for name in table.index
        },
        "figures": dict(answered.figures),
    }


def _one_answer(design: Design, fit: Fit, truth: Truth) -> Answered:
    """Return the entries of the answer that a design names, of which the truth is known."""
    answer = fit.effect(design.estimand, **design.arguments)
    table = answer.numbers()
    if isinstance(truth, dict):
        table = table.loc[list(truth)].assign(truth=list(truth.values()))
    else:
        table = table.assign(truth=truth)
    return Answered(table.assign(doubted=bool(answer.doubts)), answer.doubts)


def summarised(records: list[dict[str, Any]], design: Design) -> dict[str, Any]:
    """Return the figures of a design; the standard error of coverage is over data sets."""
    answered = [record for record in records if "refused" not in record]
    refused = len(records) - len(answered)
    if not answered:
        return {"data sets": len(records), "refused": refused}
    covered = np.array([record["covered"] for record in answered])
    doubted = np.array([bool(record["doubts"]) for record in answered])
    names = sorted({name for record in answered for name in record["doubts"]})
    doubt_shares = {
        name: float(np.mean([name in record["doubts"] for record in answered]))
        for name in names
    }
    unsaid = [
        record.get("unsaid", (1 - record["covered"]) * (not record["doubts"]))
        for record in answered
    ]
    figures = {
        "data sets": len(records),
        "refused": refused,
        "coverage": float(covered.mean()),
        "standard error": float(covered.std() / np.sqrt(len(covered))),
        "wrong and unsaid": float(np.mean(unsaid)),
        "doubted": float(doubted.mean()),
        "bias": float(np.mean([record["error"] for record in answered])),
        "mean absolute error": float(
            np.mean([record["absolute_error"] for record in answered])
        ),
        "mean width": float(np.mean([record["width"] for record in answered])),
        "median seconds": float(np.median([record["seconds"] for record in answered])),
        "doubts": {
            name: share for name, share in doubt_shares.items() if share >= 0.02
        },
        "known failure": design.known_failure,
    }
    if design.ask is not None:
        figures["entries"] = _by_entry(answered)
        figures["means"] = {
            name: float(np.mean([record["figures"][name] for record in answered]))
            for name in answered[0].get("figures", {})
        }
    return figures


def _by_entry(records: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return the coverage and the bias of each entry of several answers."""
    found = {}
    for name in records[0]["entries"]:
        of_entry = [r["entries"][name] for r in records if name in r["entries"]]
        covered, error = np.array(of_entry, float).T
        found[name] = {
            "coverage": round(float(covered.mean()), 3),
            "bias": round(float(error.mean()), 4),
        }
    return found


def table() -> str:
    """Return the committed figures in Markdown, coverage outside .90 to .98 in bold."""
    lines = ["| family | design | data sets | coverage | wrong and unsaid | doubted |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    for path in sorted(FOLDER.glob("*.json")):
        for name, row in json.loads(path.read_text()).items():
            if "coverage" not in row:
                lines.append(
                    f"| {path.stem} | {name} | {row['data sets']} | refused | | |"
                )
                continue
            outside = not BAND[0] <= row["coverage"] <= BAND[1]
            coverage = f"{row['coverage']:.3f} ± {row['standard error']:.3f}"
            lines.append(
                f"| {path.stem} | {name} | {row['data sets']} "
                f"| {f'**{coverage}**' if outside else coverage} "
                f"| {row['wrong and unsaid']:.3f} | {row['doubted']:.2f} |"
            )
    return "\n".join(lines)


CAMPAIGN = Campaign(
    name="coverage", entries_of=designs_of, one=one, summarised=summarised, table=table
)

if __name__ == "__main__":
    CAMPAIGN.main(__doc__.splitlines()[0], data_sets=500)
