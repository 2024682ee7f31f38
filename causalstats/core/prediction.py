"""Observable statistics beside their posterior predictive replications."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """An observable statistic by group, beside its replications: arrays (group,), (group,), (replication, group)."""

    name: str
    groups: tuple[str, ...]
    observed: np.ndarray
    size: np.ndarray
    replicated: np.ndarray
    remedy: str = (
        "It is not linear in these features: add splines or interactions through `formula=`."
    )
    allowed: str = ""  # why the answer holds where the model does not reproduce it
