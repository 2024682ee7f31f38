"""Interface of the dependence between the error of an outcome and that of the selection."""

from __future__ import annotations

from typing import Any

import numpy as np

from causalstats.numerics.selection.error_shapes import ErrorShape, Parameters


class Copula:
    """How the two errors go together, at a strength κ between -1 and 1; 0 is independence.

    κ is the correlation of the elliptical copula that has the same Blomqvist β = (2/π) asin κ: the
    excess of pairs of errors on the same side of their medians over pairs on opposite sides.
    """

    needs_normal_scores = True

    def log_selected(
        self,
        xp: Any,
        shape: ErrorShape,
        error: Any,
        index: Any,
        kappa: Any,
        given: Parameters,
    ) -> Any:
        """Return log P(v > -index) given the standardised error of the outcome.

        Parameters
        ----------
        xp : namespace
            `numpy_functions()` or `pytensor_functions()`.
        shape : ErrorShape
        error, index : arrays
        kappa : array
            The strength of dependence.
        given : mapping
            Values of the parameters of the shape.
        """
        raise NotImplementedError


def blomqvist(xp: Any, kappa: Any) -> Any:
    """Return Blomqvist's β (medial correlation) of an elliptical copula with correlation κ."""
    return 2 / np.pi * xp.arcsin(kappa)
