"""Whether knowledge from outside contradicts the data."""

from typing import Any

import numpy as np

from causalstats.model import Check, Known, Relaxation

_ENOUGH = 100  # effective draws: the Monte Carlo error of z is then below 0.1
_REMEDY = "The data, under the other assumptions, say otherwise: check the source, or give up one of the assumptions."


def conflict(relaxation: Relaxation, refit: Any) -> tuple[Check, ...]:
    """The posterior of a fit without this knowledge against the known value: z = (mean - known) / sqrt(variance + sd²), |z| < 2."""
    table = refit.effect(relaxation.estimand).numbers()
    failed = [
        check.finding
        for check in refit.sampling()
        if check.passed is False and check.name in ("divergences", "complete run")
    ]
    checks = []
    for label in relaxation.labels or (relaxation.estimand,):
        row = table.loc[label]
        known = relaxation.known if isinstance(relaxation.known, Known) else relaxation.known[label]
        z = (row["mean"] - known.value) / np.hypot(row["sd"], known.sd)
        agrees = bool(abs(z) < 2)
        poor = [
            *failed,
            *(
                [f"ESS {row['ess_bulk']:.0f}, R-hat {row['r_hat']:.3f}"]
                if row["ess_bulk"] < _ENOUGH or row["r_hat"] > 1.01
                else []
            ),
        ]
        doubt = (
            f"; undecided, because the refit was not sampled well ({', '.join(poor)})"
            if poor
            else ""
        )
        checks.append(
            Check(
                name=f"agrees with the data: {relaxation.name}"
                + (f" ({label})" if len(relaxation.labels) > 1 else ""),
                passed=None if doubt else agrees,
                value=float(z),
                expected="|z| below 2",
                finding=f"{label} is {row['mean']:.3g} ± {row['sd']:.2g} where that is not imposed, known as {known}; z = {z:.1f}{doubt}",
                remedy="Sample longer." if doubt else "" if agrees else _REMEDY,
            )
        )
    return tuple(checks)
