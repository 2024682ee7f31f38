"""Whether knowledge from outside contradicts the data."""

from typing import Any

import numpy as np

from causalstats.model import Check, Relaxation

_REMEDY = "The data, under the other assumptions, say otherwise: check the source, or give up one of the assumptions."


def conflict(relaxation: Relaxation, refit: Any) -> tuple[Check, ...]:
    """The posterior of a fit without this knowledge against the known value: z = (mean - known) / sqrt(variance + sd²), |z| < 2."""
    free = refit.effect(relaxation.estimand)
    doubt = f"; undecided, because the refit was not sampled well ({'; '.join(free.warnings)})" if free.warnings else ""
    entries = [free.draws.sel(feature=label) for label in relaxation.labels] if relaxation.labels else [free.draws]
    checks = []
    for label, draws in zip(relaxation.labels or (relaxation.estimand,), entries, strict=True):
        mean, sd = float(draws.mean()), float(draws.std())
        z = (mean - relaxation.known.value) / np.hypot(sd, relaxation.known.sd)
        agrees = bool(abs(z) < 2)
        checks.append(
            Check(
                name=f"agrees with the data: {relaxation.name}" + (f" ({label})" if len(entries) > 1 else ""),
                passed=None if doubt else agrees,
                value=float(z),
                expected="|z| below 2",
                finding=f"{label} is {mean:.3g} ± {sd:.2g} without it, known as {relaxation.known}; z = {z:.1f}{doubt}",
                remedy="Sample longer." if doubt else "" if agrees else _REMEDY,
            )
        )
    return tuple(checks)
