"""The PyMC graph of `PanelDML`: effects and scales are sampled, coefficients integrated out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.models.panel_dml.covariances import (
    coefficient_covariance,
    coefficient_factors,
    error_precisions,
    residual_covariance,
)
from causalstats.models.panel_dml.priors import parameters_of

if TYPE_CHECKING:
    import pymc as pm

    from causalstats.data import Panel
    from causalstats.models.panel_dml.model import PanelDML
    from causalstats.models.panel_dml.sufficient_statistics import SufficientStatistics


def build(model: PanelDML, data: Panel) -> pm.Model:
    """Return the graph of effects within units and, beside them, of those between units."""
    import pymc as pm

    by_prefix = model.statistics_by_prefix(data)
    statistics = by_prefix[""]
    equations = [*statistics.columns.effects, "outcome"]
    coords = {
        "treatment": list(statistics.columns.effects),
        "equation": equations,
        "term": list(dict.fromkeys(statistics.basis.terms)),
        "pair": pairs(equations),
    }
    with pm.Model(coords=coords) as graph:
        given = {
            name: pm.Data(name, value) for name, value in model.inputs(data).items()
        }
        effects = {
            prefix: _equations(model, each, _own_inputs(given, prefix), prefix)
            for prefix, each in by_prefix.items()
        }
        if "between_" in effects:
            contextual = effects["between_"] - effects[""]
            pm.Deterministic("contextual_effect", contextual, dims="treatment")
    return graph


def pairs(equations: Sequence[str]) -> list[str]:
    """Return the names of every two equations, in the order of their correlations."""
    return [
        f"{equations[j]} and {equations[i]}"
        for i in range(len(equations))
        for j in range(i)
    ]


def _own_inputs(given: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {
        name.removeprefix(prefix): value
        for name, value in given.items()
        if name.startswith(prefix)
    }


def _equations(
    model: PanelDML,
    statistics: SufficientStatistics,
    given: Mapping[str, Any],
    prefix: str,
) -> Any:
    """Add D = Φγ + v, Y = Φδ + θ'(D - Φγ) + e, with γ and δ integrated out; return θ.

    Parameters
    ----------
    model : PanelDML
    statistics : SufficientStatistics
    given : mapping
        Nodes of the statistics, by name.
    prefix : str
        Prefix of every name: "", or "between_" for effects between units.
    """
    import pymc as pm
    import pytensor.tensor as pt

    sizes = replace(statistics.sizes, lowest=given.get("lowest"))
    parameters = parameters_of(model, sizes)
    scales = {
        parameter.name: parameter.prior.node(
            f"{prefix}{parameter.name}", parameter.extent
        )
        for parameter in parameters
    }
    association = scales.get("standard_association")
    if association is not None:
        ones = pt.ones(sizes.equations)
        correlation = coefficient_covariance(pt, ones, association, sizes.equations)
        lower = correlation[np.tril_indices(sizes.equations, -1)]
        pm.Deterministic(f"{prefix}coefficient_correlation", lower, dims="pair")
    likelihood = _by_cross_products if model.needs_cross_products else _by_pieces
    likelihood(model, given, scales, prefix)
    reported = {
        parameter.reported: pm.Deterministic(
            f"{prefix}{parameter.reported}",
            parameter.in_data_units(scales[parameter.name], given["units"]),
            dims=parameter.reported_dim,
        )
        for parameter in parameters
        if parameter.in_data_units is not None
    }
    return reported["effect"]


def _by_pieces(
    model: PanelDML, given: Mapping[str, Any], scales: Mapping[str, Any], prefix: str
) -> None:
    """Add the likelihood of independent pieces."""
    import pymc as pm
    import pytensor.tensor as pt

    from causalstats.numerics.regression.canonical_regression_ops import (
        pieces_given_scales,
    )

    sd = scales["standard_error_sd"]
    covariance = residual_covariance(
        pt, scales["standard_effect"], scales.get("standard_link"), sd
    )
    prior = coefficient_covariance(
        pt,
        scales["standard_coefficient_sd"],
        scales.get("standard_association"),
        sd.type.shape[0],
    )
    value = pieces_given_scales(
        given["eigenvalues"], given["pieces"], given["weights"], covariance, prior
    )
    pm.Potential(f"{prefix}pieces_given_scales", value)


def _by_cross_products(
    model: PanelDML, given: Mapping[str, Any], scales: Mapping[str, Any], prefix: str
) -> None:
    """Add the likelihood where scales differ by column, or errors are correlated over time."""
    import pymc as pm
    import pytensor.tensor as pt

    from causalstats.numerics.regression.gram_regression_ops import gram_given_scales

    sd = scales["standard_error_sd"]
    grams, volumes = model.error_model.cross_products(pt, given, scales)
    precisions = error_precisions(
        pt, scales["standard_effect"], scales.get("standard_link"), sd
    )
    factors = coefficient_factors(pt, given, scales, sd.type.shape[0])
    value = gram_given_scales(grams, precisions, factors)
    volume = (given["rows"] * pt.log(sd) + volumes / 2).sum()
    pm.Potential(f"{prefix}gram_given_scales", value - volume)
