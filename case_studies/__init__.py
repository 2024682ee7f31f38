"""Studies of real questions, one folder each.

`study.py` states the question in its docstring and has `run(folder, fast)`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import causalstats as cs


def fit_saved(model: Any, data: Any, folder: Path, *, seed: int, fast: bool) -> cs.Fit:
    """Return the fit of a study, saved as `fit.nc`.

    Parameters
    ----------
    model : Model
    data
        Data of the class that the model is for.
    folder : Path
        Where `fit.nc` is written.
    seed : int
    fast : bool
        Whether NUTS, where it is needed, runs 2 chains of 500 draws rather than its defaults.
    """
    fit = cs.fit(
        model,
        data,
        seed=seed,
        sampler=cs.Auto(chains=2, draws=500, tune=300) if fast else None,
    )
    fit.save(folder / "fit.nc")
    return fit
