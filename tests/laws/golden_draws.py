"""Record or compare golden draws: `python -m tests.laws.golden_draws record|compare`.

A change that only moves code leaves every hash as it was. The hashes hold on one machine: another
processor rounds otherwise, so they are compared by hand before and after a move, not in CI.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

import causalstats as cs
from tests.laws.variants import VARIANTS

RECORD = Path(__file__).with_suffix(".json")
SHORT = {"chains": 2, "draws": 60, "tune": 60}
SAMPLERS = {
    "auto": cs.Auto(**SHORT),
    "laplace": cs.Laplace(draws=60),
    "numba": cs.Nuts(**SHORT, backend="numba"),
    "jax": cs.Nuts(**SHORT, backend="jax"),
    "numpyro": cs.Nuts(**SHORT, backend="numpyro"),
    "chees": cs.Chees(chains=16, draws=60, tune=60),
}
EVERY_SAMPLER = (
    "selective labels",
    "panel",
    "shrunk composition",
    "mechanisms of the front-door",
)


def hash_of_draws(model: Any, data: Any, sampler: Any) -> str:
    """Return a hash of every posterior draw, or the name of the error that is raised.

    Parameters
    ----------
    model : Model
    data
        Data of the class that the model is for.
    sampler : Sampler, or None for the default
    """
    try:
        fit = cs.fit(model, data, sampler=sampler, seed=1, progress=False)
    except cs.CausalStatsError as error:
        return type(error).__name__
    posterior = fit.draws["posterior"].to_dataset()
    digest = hashlib.sha256()
    for name in sorted(map(str, posterior.data_vars)):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(posterior[name].to_numpy()).tobytes())
    return digest.hexdigest()[:16]


def draws() -> dict[str, str]:
    """Return the hash of each variant and sampler."""
    hashes = {}
    for name, variant in VARIANTS.items():
        data = variant.data(seed=3)
        for label, sampler in SAMPLERS.items():
            if label == "auto" or name in EVERY_SAMPLER:
                key = f"{name}, {label}"
                hashes[key] = hash_of_draws(variant.model, data, sampler)
                print(key, hashes[key], flush=True)
    return hashes


def signature(value: Any) -> str:
    """Return the signature of a public name, or what kind of thing it is."""
    try:
        return str(inspect.signature(value))
    except (TypeError, ValueError):
        return type(value).__name__


def signatures() -> dict[str, str]:
    """Return the signature of every public name."""
    return {name: signature(getattr(cs, name)) for name in cs.__all__}


def main(action: str) -> int:
    current = {"signatures": signatures(), "draws": draws()}
    if action == "record":
        RECORD.write_text(json.dumps(current, indent=1) + "\n")
        return 0
    recorded = json.loads(RECORD.read_text())
    changes = [
        f"{part}: {name}: {recorded[part].get(name)} -> {current[part].get(name)}"
        for part in current
        for name in {**recorded[part], **current[part]}
        if recorded[part].get(name) != current[part].get(name)
    ]
    print("\n".join(changes) or "nothing changed")
    return 1 if changes else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
