"""The Gibbs sampler of the shrinkage prior, on rows observed and dependent in any way.

The prior's parameters are updated with Σ integrated out, in D³ operations a sweep. Of log-ratios
that are known in independent rows nothing else is sampled; of others, the log-ratios, Σ, the
coefficients and the row correlation are.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from causalstats.core.gibbs_kernel import GibbsKernel
from causalstats.data import Composition
from causalstats.models.partial_correlation.covariates import COEFFICIENT
from causalstats.models.partial_correlation.priors.basis_variances import (
    log_variance_of,
)
from causalstats.models.partial_correlation.priors.horseshoe import (
    coefficients_at,
    knows_log_ratios,
    rows_of,
)
from causalstats.models.partial_correlation.row_dependence import row_dependence_of
from causalstats.models.partial_correlation.row_dependence.correlated import CORRELATION

if TYPE_CHECKING:
    from causalstats.models.partial_correlation.model import PartialCorrelation

_DRAWS = 1000  # of a chain
_FEWEST_DRAWS = 200
_NUMBERS_KEPT = 2.5e6  # in the draws of Θ of a chain, 20 MB
_FIRST_SHARE = 0.2  # of so many sweeps more, which are dropped
_THIN = 3
_ROW_THIN = 6  # hidden log-ratios mix more slowly
_DIMS = {
    "log_typical_variance": (),
    "variance_spread": (),
    "variance_deviation": ("part",),
    "basis_variance": ("part",),
    "shrinkage": (),
}


def shrunk_kernel(model: PartialCorrelation, data: Composition) -> GibbsKernel:
    """Return the sweeps for these data, over hidden log-ratios where there are any."""
    if knows_log_ratios(data):
        return _of_known_log_ratios(model, data)
    return _of_rows(model, data)


def _scales(model: PartialCorrelation, data: Composition) -> Any:
    """Return the constants of the prior, as the sweeps take them."""
    from causalstats.numerics.compositions.shrunk_gibbs import ShrunkScales

    return ShrunkScales(
        float(log_variance_of(model, data)),
        float(model.basis_variance_sd),
        float(model.variance_spread_scale),
        float(data.degrees),
        model.shrinkage is not None,
    )


def _of_known_log_ratios(model: PartialCorrelation, data: Composition) -> GibbsKernel:
    """Return the sweeps given log-ratios, which enter by their cross-products alone."""
    from causalstats.numerics.compositions import shrunk_gibbs

    scales = _scales(model, data)
    scatter = np.require(data.scatter, float, ["C", "W"])
    variances = np.diagonal(scatter) / data.degrees

    def advance(state: Any, sweeps: int, rng: np.random.Generator) -> None:
        shrunk_gibbs.sweeps_of_known_log_ratios(sweeps, scatter, state, scales, rng)

    return GibbsKernel(
        start=partial(shrunk_gibbs.initial_state, variances, model.shrinkage),
        advance=advance,
        draw=_parameters,
        dims=_DIMS,
        coords={"part": list(data.parts)},
        tune=int(_FIRST_SHARE * _THIN * _DRAWS),
        draws=_DRAWS,
        thin=_THIN,
    )


def _of_rows(model: PartialCorrelation, data: Composition) -> GibbsKernel:
    """Return the sweeps over hidden log-ratios, coefficients, row correlation and covariance."""
    from causalstats.numerics.compositions import (
        row_gibbs,
        row_weights,
        shrunk_gibbs,
        shrunk_row_gibbs,
    )
    from causalstats.numerics.compositions.horseshoe_gibbs import (
        compositional_precision,
    )

    scales = _scales(model, data)
    rows = rows_of(data)
    links = row_dependence_of(data).links
    correlation_known = not links or model.row_correlation is not None
    size = len(data.parts)
    draws = int(np.clip(_NUMBERS_KEPT / size**2, _FEWEST_DRAWS, _DRAWS))
    dims = {**_DIMS, "precision": ("part", "other_part")}
    coords: dict[str, Any] = {"part": list(data.parts), "other_part": list(data.parts)}
    if links:
        dims[CORRELATION] = ()
    if data.design is not None:
        dims[COEFFICIENT] = ("covariate", "part")
        coords["covariate"] = list(data.design.columns)

    def start(rng: np.random.Generator) -> tuple[Any, Any]:
        logs = np.log(data.positive_values)
        tails = row_weights.normal_tails(len(data))
        of_rows = row_gibbs.initial_state(rows, logs, model.row_correlation, tails, rng)
        variances = np.exp(-of_rows.covariance.log_precisions)
        return of_rows, shrunk_gibbs.initial_state(variances, model.shrinkage, rng)

    def advance(state: Any, sweeps: int, rng: np.random.Generator) -> None:
        of_rows, parameters = state
        shrunk_row_gibbs.sweeps_of_rows(
            sweeps, rows, of_rows, parameters, scales, correlation_known, rng
        )

    def draw(state: Any) -> dict[str, np.ndarray]:
        of_rows, parameters = state
        precision = compositional_precision(of_rows.covariance)
        variables = {**_parameters(parameters), "precision": precision}
        if links:
            variables[CORRELATION] = np.asarray(of_rows.correlation[0])
        return variables | coefficients_at(of_rows, data)

    return GibbsKernel(
        start=start,
        advance=advance,
        draw=draw,
        dims=dims,
        coords=coords,
        tune=int(_FIRST_SHARE * _ROW_THIN * _DRAWS),
        draws=draws,
        thin=_ROW_THIN * _DRAWS // draws,
    )


def _parameters(state: Any) -> dict[str, np.ndarray]:
    """Return the parameters of the prior at a state of the sampler."""
    typical, spread, odds = state.scalars
    return {
        "log_typical_variance": np.asarray(typical),
        "variance_spread": np.asarray(spread),
        "variance_deviation": (state.log_variances - typical) / spread,
        "basis_variance": np.exp(state.log_variances),
        "shrinkage": np.asarray(special.expit(odds)),
    }
