"""A second study with the same covariates, drawn at given parameters."""

from __future__ import annotations

import numpy as np
import xarray as xr

from causalstats.core.simulation import Simulation
from causalstats.data import Composition
from causalstats.errors import ModelError
from causalstats.models.partial_correlation.observation import observation_of
from causalstats.models.partial_correlation.priors.base import (
    CovariancePrior,
    ExactPrior,
)
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.regression.row_correlation import coefficients


def with_replication(
    prior: CovariancePrior,
    draws: xr.Dataset,
    data: Composition,
    rng: np.random.Generator,
) -> Simulation:
    """Return the study with a second one behind it, drawn at the one draw given.

    Parameters
    ----------
    prior : CovariancePrior
    draws : Dataset
        With Θ.
    data : Composition
    rng : Generator
        Draws the coefficients of intercept and covariates too, given the observed study.

    Raises
    ------
    ModelError
        If the prior reads the number of rows, rows depend on each other, log-ratios are not
        known, or Θ is not drawn.
    """
    if prior.simulation_fields or not isinstance(prior, ExactPrior):
        raise ModelError(
            "The prior of the covariance reads the number of rows, and is another one for two "
            "studies together: only prior='matching' is the same. Use `cs.calibrate` with as many "
            "rows and parts."
        )
    known = observation_of(data).exact and data.dependence is None
    if not known or "precision" not in draws:
        raise ModelError(
            "A second study is drawn where log-ratios are known, rows are independent and draws "
            "of the whole matrix are kept."
        )
    theta = draws["precision"].to_numpy().reshape(-1, *draws["precision"].shape[-2:])[0]
    ratios = log_ratios.clr(data.values)
    estimate, spread = coefficients(ratios, data.matrix, 0.0, {})
    root = log_ratios.covariance_root(theta)
    rank = len(data.parts) - 1
    of_covariates = np.linalg.cholesky(spread) @ rng.standard_normal(
        (len(estimate), rank)
    )
    mean = data.matrix @ (estimate + of_covariates @ root.T)
    errors = rng.standard_normal((len(data), rank)) @ root.T
    both = data.with_second_study(np.exp(mean + errors))
    truth = draws.drop_vars("covariate_coefficient", errors="ignore")
    return Simulation(data=both, truth=truth, realised={})
