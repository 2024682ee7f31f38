"""The PyMC graph of a panel of counts or of outcomes of 0 and 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.models.panel_glm.design import design_of

if TYPE_CHECKING:
    import pymc as pm

    from causalstats.data import Panel
    from causalstats.models.panel_glm.model import PanelGLM


def inputs(model: PanelGLM, data: Panel) -> dict[str, np.ndarray]:
    """Return the columns, weights and prior standard deviations that the graph takes, by name."""
    design = design_of(model, data)
    return {
        "columns": design.columns,
        "weights": design.weights,
        "prior_sd": design.sds,
    }


def build(model: PanelGLM, data: Panel) -> pm.Model:
    """Return the graph on these data: unit effects are conditioned out."""
    import pymc as pm
    import pytensor.tensor as pt

    design = design_of(model, data)
    with pm.Model(coords={"column": list(design.labels)}) as graph:
        given = {
            # JAX needs sizes that are known before it runs.
            name: pt.specify_shape(pm.Data(name, value), value.shape)
            for name, value in inputs(model, data).items()
        }
        coefficient = pm.Normal("coefficient", 0, given["prior_sd"], dims="column")
        predictor = (given["columns"] * coefficient).sum(axis=2)
        by_unit = model.outcome_family.node(predictor, design.outcome, design.seen)
        pm.Potential("given_the_sum_of_a_unit", (given["weights"] * by_unit).sum())
    return graph
