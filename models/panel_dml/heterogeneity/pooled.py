"""Pooled rows: units differ in their covariates only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.models.panel_dml.heterogeneity.base import UnitHeterogeneity

if TYPE_CHECKING:
    from causalstats.data import Panel
    from causalstats.models.panel_dml.model import PanelDML
    from causalstats.models.panel_dml.row_blocks import Columns


class Pooled(UnitHeterogeneity):
    """Rows as they are: for comparison, or for a cross-section."""

    within = False
    statement = "Units do not differ, but for their covariates."
    formula = "a_i = c_i = 0"

    def kept_share(self, model: PanelDML, data: Panel, columns: Columns) -> np.ndarray:
        return np.ones(len(data.units))
