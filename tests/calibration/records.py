"""Records of calibrations, which the documentation shows: `benchmarks/calibration`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import causalstats as cs

FOLDER = Path(__file__).parents[2] / "benchmarks" / "calibration"


def keep(
    name: str, model: Any, simulate: Mapping[str, Any], calibration: cs.Calibration
) -> None:
    """Write a calibration's table with its sampler, data sets and the machine's seconds.

    Parameters
    ----------
    name : str
        Of the file.
    model : Model
    simulate : mapping
        Arguments of `model.simulate`.
    calibration : Calibration
    """
    fits = calibration.fits
    kept = {
        "model": repr(model),
        "sampler": repr(calibration.sampler),
        "simulate": simulate,
        "data sets": len(calibration.ranks),
        "refused": int(fits["refused"].notna().sum()) if "refused" in fits else 0,
        "median seconds": round(float(fits["seconds"].dropna().median()), 2),
        "checks": {
            check.name: {"passed": check.passed, "finding": check.finding}
            for check in calibration.check()
        },
        "table": calibration.table().round(4).to_dict("index"),
    }
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n")
