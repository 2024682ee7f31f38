"""Studies of real questions, one folder each.

`study.py` states the question in its docstring and has `run(folder, fast)`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import causalstats as cs


def fit_saved(model: Any, data: Any, folder: Path, *, seed: int, fast: bool) -> cs.Fit:
    """A study's fit, saved as `fit.nc`.

    `fast` takes fewer draws where it has to be sampled by NUTS.
    """
    fit = cs.fit(
        model,
        data,
        seed=seed,
        sampler=cs.Auto(chains=2, draws=500, tune=300) if fast else None,
    )
    fit.save(folder / "fit.nc")
    return fit
