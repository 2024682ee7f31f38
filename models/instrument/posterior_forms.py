"""The forms that the posterior of instrumental variables takes: a table of their functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.data import Instrumented
from causalstats.models.instrument import (
    designed_first_stage,
    learned_direct_effects,
    posterior,
    pymc_model,
    several_treatments,
)

if TYPE_CHECKING:
    from causalstats.models.instrument.model import Instrument

DrawExactly = Callable[[int, int, np.random.Generator], xr.Dataset]


@dataclass(frozen=True)
class Form:
    """Functions of a model and its data by which a posterior is drawn.

    Attributes
    ----------
    inputs : function
        What the graph takes, by name.
    build : function
        The PyMC graph.
    exact_posterior : function
        A function of chains, draws and a generator.
    recover_marginals : function of model, draws, data and a generator
        Draws with what the graph integrates out.
    log_likelihood : function of model, draws and data
    log_prior : function of model, draws and data
        Log densities of the parameters whose prior is not flat.
    graph_draws : function of model, draws and data
        Draws with every free variable of the graph.
    """

    inputs: Callable[[Instrument, Instrumented], dict[str, np.ndarray]]
    build: Callable[[Instrument, Instrumented], Any]
    exact_posterior: Callable[[Instrument, Instrumented], DrawExactly]
    recover_marginals: Callable[
        [Instrument, xr.Dataset, Instrumented, np.random.Generator], xr.Dataset
    ]
    log_likelihood: Callable[[Instrument, xr.Dataset, Instrumented], xr.DataArray]
    log_prior: Callable[[Instrument, xr.Dataset, Instrumented], xr.Dataset]
    graph_draws: Callable[[Instrument, xr.Dataset, Instrumented], xr.Dataset]


def _as_drawn(model: Instrument, draws: xr.Dataset, data: Instrumented) -> xr.Dataset:
    return draws


ONE_TREATMENT = Form(
    inputs=pymc_model.inputs,
    build=pymc_model.build,
    exact_posterior=posterior.exact_posterior,
    recover_marginals=posterior.recover_marginals,
    log_likelihood=posterior.log_likelihood,
    log_prior=posterior.log_prior,
    graph_draws=pymc_model.graph_draws,
)
LEARNED_DIRECT_EFFECTS = Form(
    inputs=learned_direct_effects.inputs,
    build=learned_direct_effects.build,
    exact_posterior=learned_direct_effects.exact_posterior,
    recover_marginals=learned_direct_effects.recover_marginals,
    log_likelihood=learned_direct_effects.log_likelihood,
    log_prior=learned_direct_effects.log_prior,
    graph_draws=_as_drawn,
)


SEVERAL_TREATMENTS = Form(
    inputs=several_treatments.inputs,
    build=several_treatments.build,
    exact_posterior=several_treatments.exact_posterior,
    recover_marginals=several_treatments.recover_marginals,
    log_likelihood=several_treatments.log_likelihood,
    log_prior=several_treatments.log_prior,
    graph_draws=several_treatments.graph_draws,
)


DESIGNED_FIRST_STAGE = Form(
    inputs=designed_first_stage.inputs,
    build=designed_first_stage.build,
    exact_posterior=designed_first_stage.exact_posterior,
    recover_marginals=designed_first_stage.recover_marginals,
    log_likelihood=designed_first_stage.log_likelihood,
    log_prior=designed_first_stage.log_prior,
    graph_draws=_as_drawn,
)


def form_of(model: Instrument, data: Instrumented) -> Form:
    """Return the form that the posterior takes under these options, on these data.

    Raises
    ------
    ModelError
        If there are several treatments, and options that go with one; or if a designed first
        stage comes without treatments before the augmentation, or these without it.
    """
    designed_first_stage.refuse_data(model, data)
    if model.first_stage == "designed":
        return DESIGNED_FIRST_STAGE
    if len(data.treatments) > 1:
        several_treatments.refuse_options(model, data)
        return SEVERAL_TREATMENTS
    return LEARNED_DIRECT_EFFECTS if model.learns_direct else ONE_TREATMENT
