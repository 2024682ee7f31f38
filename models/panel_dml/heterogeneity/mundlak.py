"""Mundlak's correlated random effects: the effect within units, beside the one between units.

The Mundlak device: unit means of every column are regressors of their own (Mundlak 1978), so that
the effect within is that of the within transformation. The difference of both is Mundlak's test of
random effects, a Hausman test by regression.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.models.panel_dml.estimands import associational_slope, drawn
from causalstats.models.panel_dml.heterogeneity.base import UnitHeterogeneity
from causalstats.models.panel_dml.row_blocks import blocks, columns_of
from causalstats.models.panel_dml.sufficient_statistics import (
    Products,
    SufficientStatistics,
    centre_of,
    moments_of,
    reduced_statistics,
)
from causalstats.numerics.panel.within_transformation import unit_means

if TYPE_CHECKING:
    from causalstats.core.estimand import Estimand
    from causalstats.data import Panel
    from causalstats.models.panel_dml.model import PanelDML


class Mundlak(UnitHeterogeneity):
    """Within and between units, which share no parameter."""

    between = True
    statement = (
        "Units may differ in any way that lasts: the effect is that of changes within them, the "
        "one between them is shown beside it."
    )

    def other_estimands(self, model: PanelDML) -> dict[str, Estimand]:
        """Return the effect between units and, less the one within, the contextual effect."""
        return {
            "between_effect": associational_slope(
                model,
                drawn("between_effect"),
                "The same between units, of unit means given means of every column: causal only "
                "if units with other treatments would else be alike.",
            ),
            "contextual_effect": associational_slope(
                model,
                drawn("contextual_effect"),
                "Between less within: where it is not 0, units with other treatments differ in "
                "what matters for the outcome (Mundlak's test).",
            ),
        }


def statistics_between(model: PanelDML, data: Panel) -> SufficientStatistics:
    """Return the statistics between units: those of unit means, one row per unit.

    A unit counts as often as its rows do on average, by their weights.
    """
    columns = columns_of(model, data)
    centre = centre_of(data, columns)
    means, moments = [], np.zeros(())
    for block in blocks(data, columns, None):
        means.append(unit_means(block.levels(), block.starts, block.weights))
        moments = moments + moments_of(block, centre)
    weights = unit_means(data.weights[:, None], data.starts)[:, 0]
    weights = weights / weights.mean()
    centred = np.vstack(means) - np.average(np.vstack(means), axis=0, weights=weights)
    centred = centred * np.sqrt(weights)[:, None]
    products = Products((centred.T @ centred)[None], np.zeros(1), moments)
    return reduced_statistics(
        model, data, columns, products, len(centred) - 1, None, None
    )
