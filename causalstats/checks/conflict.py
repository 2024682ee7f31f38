"""Whether knowledge from outside contradicts the data."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from causalstats.model import Check, Relaxation


def conflict(relaxation: Relaxation, refit: Callable[[object], xr.DataTree], data: object) -> tuple[Check, ...]:
    """The posterior without this knowledge against the known value: z = (mean - known) / sqrt(variance + sd²), |z| < 2."""
    posterior = refit(relaxation.model)["posterior"].to_dataset()
    free = relaxation.model.estimands()[relaxation.estimand].compute(posterior, data)
    entries = [free.sel(feature=label) for label in relaxation.labels] if relaxation.labels else [free]
    checks = []
    for label, draws in zip(relaxation.labels or (relaxation.estimand,), entries, strict=True):
        mean, sd = float(draws.mean()), float(draws.std())
        z = (mean - relaxation.known.value) / np.hypot(sd, relaxation.known.sd)
        passed = bool(abs(z) < 2)
        checks.append(
            Check(
                name=f"agrees with the data: {relaxation.name}" + (f" ({label})" if len(entries) > 1 else ""),
                passed=passed,
                value=float(z),
                expected="|z| below 2",
                finding=f"{label} is {mean:.3g} ± {sd:.2g} without it, known as {relaxation.known}; z = {z:.1f}",
                remedy="" if passed else "The data, under the other assumptions, say otherwise: check the source, or give up one of the assumptions.",
            )
        )
    return tuple(checks)
