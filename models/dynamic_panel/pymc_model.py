"""The PyMC graph of a dynamic panel: standard deviations sampled, coefficients integrated out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.models.dynamic_panel.density import (
    error_count,
    period_labels,
    priors_of,
)
from causalstats.models.dynamic_panel.design import Design, design_of

if TYPE_CHECKING:
    import pymc as pm

    from causalstats.data import Panel
    from causalstats.models.dynamic_panel.model import DynamicPanel


def inputs(model: DynamicPanel, data: Panel) -> dict[str, np.ndarray]:
    """Return the cross-products of each group of units, and the prior precisions, by name."""
    design = design_of(model, data)
    values: dict[str, np.ndarray] = {
        "precision": design.precision,
        "outcome_unit": np.asarray(design.unit),
    }
    for k, each in enumerate(design.histories):
        values[f"gram_{k}"] = each.gram
        values[f"units_{k}"] = np.asarray(each.units)
    return values


def build(model: DynamicPanel, data: Panel) -> pm.Model:
    """Return the graph on these data, with its inputs in `pm.Data`."""
    import pymc as pm
    import pytensor.tensor as pt

    design = design_of(model, data)
    of_errors, of_units = priors_of(model)
    coords = {"error_sd_period": period_labels(model, design)}
    with pm.Model(coords=coords) as graph:
        given = {
            # JAX needs sizes that are known before it runs.
            name: pt.specify_shape(pm.Data(name, value), value.shape)
            for name, value in inputs(model, data).items()
        }
        error = of_errors.node("standard_error_sd", {"dims": "error_sd_period"})
        unit = of_units.node("standard_unit_sd", {})
        if error_count(model, design) == 1:
            error = pt.repeat(error, len(design.periods))
        pm.Potential(
            "coefficients_integrated_out", _density(design, given, error, unit)
        )
    return graph


def _density(design: Design, given: dict[str, Any], error: Any, unit: Any) -> Any:
    """Return the log likelihood of `numerics.panel.dynamic_regression` as an expression.

    Parameters
    ----------
    design : Design
    given : mapping of name to variable
    error : vector (P,)
    unit : scalar
    """
    import pytensor.tensor as pt

    total, log_determinant = 0.0, 0.0
    for k, each in enumerate(design.histories):
        d = error[each.periods] ** -2
        inflation = 1 + unit**2 * d.sum()
        inverse = pt.diag(d) - unit**2 / inflation * pt.outer(d, d)
        total = total + (inverse[:, :, None, None] * given[f"gram_{k}"]).sum(
            axis=(0, 1)
        )
        log_determinant = log_determinant + given[f"units_{k}"] * (
            pt.log(inflation) - pt.log(d).sum()
        )
    width = len(design.labels)
    padded = pt.concatenate([given["precision"], pt.zeros(1)])
    root = pt.linalg.cholesky(total + pt.diag(padded))
    diagonal = (root * np.eye(width + 1)).sum(axis=1)
    fit = pt.log(diagonal[:-1]).sum() + diagonal[-1] ** 2 / 2
    return -log_determinant / 2 - fit
