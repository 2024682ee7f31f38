"""The copula of jointly Normal or jointly Student t errors."""

from __future__ import annotations

from typing import Any

from causalstats.numerics.selection.copulas.copula import Copula
from causalstats.numerics.selection.error_shapes import ErrorShape, Parameters


class Elliptical(Copula):
    """Scores of the two errors have the correlation κ (a Gaussian copula where they are Normal)."""

    needs_normal_scores = False

    def log_selected(
        self,
        xp: Any,
        shape: ErrorShape,
        error: Any,
        index: Any,
        kappa: Any,
        given: Parameters,
    ) -> Any:
        score = shape.score(xp, error, given)
        return shape.log_selected(xp, score, index, kappa, given)
