"""The PyMC graph of an event study: scales are sampled, effects integrated out.

With errors="cluster" nothing is sampled: the graph is the normal approximation that the exact draws
are from, with a cluster-robust covariance of each cohort's part, whose variance is known from its
clusters: parts have t distributions of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.models.event_study.parameters import group_log_sds, parameters_of
from causalstats.models.event_study.pooling import scales_of_kinds
from causalstats.numerics.panel.ar1_errors import polynomials

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
        "adoption_group": list(study.groups),
        "cell": list(model.effect_cells(data).labels),
    }
    with pm.Model(coords=coords) as graph:
        given = {
            # JAX needs sizes that are known before it runs.
            name: pt.specify_shape(pm.Data(name, value), value.shape)
            for name, value in model.inputs(data).items()
        }
        if model.clustered:
            half = given["degrees"] / 2
            ratio = pm.InverseGamma(
                "variance_ratio", alpha=half, beta=half, dims="adoption_group"
            )
            covariance = (ratio[:, None, None] * given["covariances"]).sum(axis=0)
            pm.MvNormal("effect", mu=given["estimate"], cov=covariance, dims="cell")
        else:
            _likelihood(model, data, given)
    return graph


def _likelihood(model: EventStudy, data: Panel, given: Mapping[str, Any]) -> None:
    """Add the scales, and the likelihood with effects integrated out.

    Parameters
    ----------
    model : EventStudy
    data : Panel
    given : mapping
        Nodes of the inputs, by name.
    """
    import pymc as pm
    import pytensor.tensor as pt

    scales = {
        parameter.name: parameter.prior.node(
            parameter.name, {"dims": parameter.dims} if parameter.dims else {}
        )
        for parameter in parameters_of(model, model.statistics(data))
    }
    log_sds = group_log_sds(pt, scales)
    pm.Deterministic(
        "error_sd", given["scale"] * pt.exp(log_sds), dims="adoption_group"
    )
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
    deviations = pt.stack(scales_of_kinds(pt, scales))[given["kind"]]
    penalised = np.diag(model.inputs(data)["kind"] > 0).astype(float)
    values = []
    for order in range(given["transforms"].type.shape[0]):
        transform = given["transforms"][order] * deviations
        joint = transform.T @ system @ transform + penalised
        size = joint.type.shape[0]
        root = (pt.linalg.cholesky(joint) * np.eye(size)).sum(axis=1)
        values.append(-pt.log(root[:-1]).sum() - root[-1] ** 2 / 2)
    average = values[0]
    if len(values) > 1:
        average = pt.logaddexp(*values) - np.log(2)
    pm.Potential("effects_integrated_out", volume + average)
