"""Random effects (random intercepts): unit effects are draws from one distribution.

They are unrelated to treatment and covariates. Quasi-demeaning takes out a part of each unit mean
and leaves √(s² / (s² + T ω²)) of it, with s² the variance of errors and ω² that of unit effects
(Swamy & Arora 1972).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.errors import ModelError
from causalstats.models.panel_dml.heterogeneity.base import UnitHeterogeneity
from causalstats.models.panel_dml.row_blocks import Block, Columns, blocks, summed
from causalstats.numerics.panel.within_transformation import demeaned, unit_means

if TYPE_CHECKING:
    from causalstats.data import Panel
    from causalstats.models.panel_dml.model import PanelDML

_RANK_TOLERANCE = 1e-10  # of the largest eigenvalue


class RandomEffects(UnitHeterogeneity):
    """Quasi-demeaned rows: for comparison."""

    within = False
    allows_serial_correlation = False
    statement = "Units differ at random, unrelated to their treatment and covariates."
    formula = "a_i, c_i independent of X and D"

    def kept_share(self, model: PanelDML, data: Panel, columns: Columns) -> np.ndarray:
        # Without weights, which hardly change the share of a mean.
        gram = summed(_within_products, blocks(data, columns, None))
        values, vectors = np.linalg.eigh(gram[:-1, :-1])
        kept = values > _RANK_TOLERANCE * values[-1]
        slopes = vectors[:, kept] @ (vectors[:, kept].T @ gram[:-1, -1] / values[kept])
        free = len(data) - len(data.units) - int(kept.sum())
        if free < 1:
            raise ModelError(
                "Random effects need the variance of errors within units, and "
                f"{int(kept.sum()):,} columns take up all {len(data) - len(data.units):,} free "
                "rows. Take a smaller `basis_size`, or heterogeneity='mundlak'."
            )
        residual = gram[-1, -1] - gram[:-1, -1] @ slopes
        error_variance = max(residual, 0.0) / free
        contrast = np.append(-slopes, 1)[:, None]
        means = [
            unit_means(block.levels() @ contrast, block.starts)[:, 0]
            for block in blocks(data, columns, None)
        ]
        sampling = error_variance * (1 / data.sizes).mean()
        unit_variance = max(np.concatenate(means).var(ddof=1) - sampling, 0.0)
        return np.sqrt(error_variance / (error_variance + data.sizes * unit_variance))


def _within_products(block: Block) -> np.ndarray:
    within = demeaned(block.levels(), block.starts)
    return within.T @ within
