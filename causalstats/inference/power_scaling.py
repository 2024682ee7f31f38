"""The answer of a fit with its log prior and log likelihood, for the check of power-scaling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.checks.power_scaling import ScaledDensities, power_scaling
from causalstats.core.abilities import ClassifiesPriors, HasLogLikelihood
from causalstats.core.check import Check
from causalstats.errors import ModelError
from causalstats.inference.arviz_groups import Source, log_prior

if TYPE_CHECKING:
    import xarray as xr

    from causalstats.inference.fit import Fit

_MOST_DRAWS = 1_000  # in all chains
_MOST_NUMBERS = 40_000_000  # draws times rows of the data
_FEWEST_DRAWS = 200


def power_scaling_check(fit: Fit) -> tuple[Check, ...]:
    """Return whether the default priors move the headline; nothing where that has no meaning.

    It has none where the prior is flat, all of it is knowledge that was stated, or the draws have
    no density at hand.
    """
    try:
        densities = scaled_densities(fit)
    except ModelError:
        return ()
    if not densities.log_priors or not densities.answers.size:
        return ()
    return (power_scaling(fit.headline, densities),)


def scaled_densities(fit: Fit) -> ScaledDensities:
    """Return the headline of some draws, with their log priors and log likelihood.

    Raises
    ------
    ModelError
        If the prior or the likelihood has no density at hand.
    """
    model, data = fit.model, fit.data
    chains = fit.draws["posterior"].sizes["chain"]
    fitting = max(_FEWEST_DRAWS, _MOST_NUMBERS // max(1, len(data)))
    source = Source(fit, max(1, min(_MOST_DRAWS, fitting) // chains))
    if source.draws.sizes["draw"] == 0:
        raise ModelError("The answers are in closed form, and there are no draws.")
    draws = source.working_draws
    answer = model.estimands()[fit.headline].compute(draws, data)
    if answer.sizes["draw"] != draws.sizes["draw"]:
        raise ModelError("The answer takes fewer draws than there are.")
    declared: tuple[str, ...] = ()
    unscaled: tuple[str, ...] = ()
    if isinstance(model, ClassifiesPriors):
        declared = model.declared_priors(data)
        unscaled = (*declared, *model.hierarchical_priors(data))
    totals = {
        str(name): _total(values)
        for name, values in log_prior(source).data_vars.items()
        if name not in unscaled
    }
    # A uniform prior has the same density everywhere, and no weight to scale.
    priors = {name: total for name, total in totals.items() if np.ptp(total) > 0}
    if isinstance(model, HasLogLikelihood):
        likelihood = _total(model.log_likelihood(draws, data))
    else:
        from causalstats.inference.graph_densities import log_likelihood_of_graph

        of_variables = log_likelihood_of_graph(source.graph, draws)
        likelihood = np.sum(
            [_total(values) for values in of_variables.values()], axis=0
        )
    flat = answer.stack(sample=("chain", "draw")).transpose("sample", ...).to_numpy()
    flat = flat.reshape(len(flat), -1)
    return ScaledDensities(
        answers=flat,
        entries=list(map(str, fit.effect(fit.headline).numbers().index)),
        log_priors=priors,
        log_likelihood=likelihood,
        declared=declared,
    )


def _total(values: xr.DataArray) -> np.ndarray:
    """Return the sum of log densities over all but draws, chain by chain."""
    others = [name for name in values.dims if name not in ("chain", "draw")]
    return values.sum(others).transpose("chain", "draw").to_numpy().ravel()
