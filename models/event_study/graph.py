"""The PyMC graph of an event study: scales are sampled, effects integrated out.

With errors="cluster" nothing is sampled: the graph is the normal approximation that the exact draws
are from, a Student t with the cluster-robust covariance.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.models.event_study.parameters import group_log_sds, parameters_of
from causalstats.models.event_study.pooling import POOLING, column_scales
from causalstats.numerics.panel.serial_correlation import polynomials

if TYPE_CHECKING:
    import pymc as pm

    from causalstats.data import Panel
    from causalstats.models.event_study.model import EventStudy


def build(model: EventStudy, data: Panel) -> pm.Model:
    """Return the graph on these data, with its inputs in `pm.Data`."""
    import pymc as pm
    import pytensor.tensor as pt

    study = model.adoption(data)
    coords = {
        "group": list(study.groups),
        "cell": list(model.effect_cells(data).labels),
    }
    with pm.Model(coords=coords) as graph:
        given = {
            # JAX needs sizes that are known before it runs.
            name: pt.specify_shape(pm.Data(name, value), value.shape)
            for name, value in model.inputs(data).items()
        }
        if model.clustered:
            pm.MvStudentT(
                "effect",
                nu=given["degrees"],
                mu=given["estimate"],
                scale=given["covariance"],
                dims="cell",
            )
        else:
            _likelihood(model, data, given)
    return graph


def _likelihood(model: EventStudy, data: Panel, given: Mapping[str, Any]) -> None:
    """Add the scales, and the likelihood with effects integrated out."""
    import pymc as pm
    import pytensor.tensor as pt

    scales = {
        parameter.name: parameter.prior.node(
            parameter.name, {"dims": parameter.dims} if parameter.dims else {}
        )
        for parameter in parameters_of(model, model.statistics(data))
    }
    log_sds = group_log_sds(pt, scales)
    pm.Deterministic("error_sd", given["scale"] * pt.exp(log_sds), dims="group")
    grams, volumes = given["grams"], given["volumes"]
    weights = pt.ones(1)
    if "serial_correlation" in scales:
        rho = scales["serial_correlation"]
        weights = polynomials(pt, rho[None], given["lowest"])[0]
    by_group = weights[:, None] * pt.exp(-2 * log_sds)
    system = (by_group[:, :, None, None] * grams).sum(axis=(0, 1))
    volume = (
        -(weights * volumes.sum(axis=1)).sum() / 2 - (log_sds * given["rows"]).sum()
    )
    values = [
        _log_evidence(system, given, scales, factor)
        for factor in _effect_factors(model, given, scales)
    ]
    average = values[0]
    if len(values) > 1:
        average = pt.logaddexp(*values) - np.log(2)
    pm.Potential("effects_integrated_out", volume + average)


def _effect_factors(
    model: EventStudy, given: Mapping[str, Any], scales: Mapping[str, Any]
) -> list[Any]:
    """σ Λ diag(s), (m, q), for each order of the walk; None where effects are flat."""
    import pytensor.tensor as pt

    if not POOLING[model.pooling].pooled:
        return [None]
    by_kind = pt.stack(column_scales(pt, scales))
    by_column = by_kind[given["kind"]] * scales["standard_error_sd"]
    return [given["loadings"][order] * by_column for order in range(2)]


def _log_evidence(
    system: Any, given: Mapping[str, Any], scales: Mapping[str, Any], factor: Any
) -> Any:
    """The log likelihood with coefficients integrated out, but for log volumes.

    Parameters
    ----------
    system : node, shape (k, k)
        Cross-products over the errors' variances.
    given, scales : mapping
        Nodes by name.
    factor : node, shape (m, q), or None
    """
    import pytensor.tensor as pt

    spectrum = given["spectrum"]
    width = spectrum.type.shape[0]
    penalised = pt.gt(spectrum, 0)
    scaling = pt.ones_like(spectrum)
    if "covariate_sd" in scales:
        sd = scales["covariate_sd"] * scales["standard_error_sd"]
        scaling = pt.where(penalised, sd * pt.sqrt(spectrum), 1.0)
    outer = system[:width, :width] * scaling[:, None] * scaling
    outer = outer + np.eye(width) * penalised
    side = scaling[:, None] * system[:width, width:-1]
    inner, right = system[width:-1, width:-1], system[width:-1, -1]
    if factor is not None:
        side = side @ factor
        inner = factor.T @ inner @ factor + np.eye(factor.type.shape[1])
        right = factor.T @ right
    first = scaling * system[:width, -1]
    joint = pt.concatenate(
        [
            pt.concatenate([outer, side, first[:, None]], axis=1),
            pt.concatenate([side.T, inner, right[:, None]], axis=1),
            pt.concatenate([first, right, system[-1, -1:]])[None, :],
        ],
        axis=0,
    )
    size = joint.type.shape[0]
    root = (pt.linalg.cholesky(joint) * np.eye(size)).sum(axis=1)
    return -pt.log(root[:-1]).sum() - root[-1] ** 2 / 2
