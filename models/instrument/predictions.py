"""Posterior predictive checks of an instrumental-variables model: the reduced form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.core.prediction import Prediction
from causalstats.models.instrument.observed_units import parameters_given
from causalstats.models.instrument.posterior import moments_of

if TYPE_CHECKING:
    from causalstats.data import Instrumented
    from causalstats.models.instrument.model import Instrument

_REPLICATIONS = 1000


def predictions(
    model: Instrument, draws: xr.Dataset, data: Instrumented, rng: np.random.Generator
) -> tuple[Prediction, ...]:
    """Return the reduced form, the coefficients of the outcome on the instruments.

    The first stage of each draw and new errors give a new reduced form Πβ + Q'(vβ + u) + Q'Zη of
    orthonormal instruments Q. Nothing with as many instruments as treatments, which always
    reproduce the reduced form.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
    data : Instrumented
    rng : Generator
    """
    if data.original is not None:
        return ()  # the outcome is regressed on columns, and no reduced form is left
    if model.learns_direct:
        return ()  # direct effects of each instrument reproduce any reduced form
    moments = moments_of(model, data)
    first = 1 + len(data.treatments)
    if moments.instruments < first:
        return ()  # as many coefficients as effects are always reproduced
    chosen = {
        name: draws[name].stack(every=("chain", "draw")).transpose("every", ...)
        for name in draws.data_vars
    }
    size = chosen["log_first_stage_variance"].sizes["every"]
    kept = np.sort(rng.choice(size, min(size, _REPLICATIONS), replace=False))
    part = xr.Dataset(
        {
            name: (("chain", "draw", *each.dims[1:]), each.to_numpy()[None, kept])
            for name, each in chosen.items()
        }
    )
    parameters = parameters_given(model, part, data, rng)
    errors = parameters.errors
    shape = errors.first_stage.shape
    new = np.sqrt(errors.variance)[:, None] * rng.standard_normal(shape[:2])
    other = np.einsum("dqr,dkr->dkq", errors.root, rng.standard_normal(shape))
    treatment = errors.first_stage + errors.slope[:, None, :] * new[..., None] + other
    replicated = np.einsum("dkq,dq->dk", treatment, parameters.effect) + new
    replicated = replicated + parameters.direct @ moments.projections[:, first:].T
    to_coefficients = np.linalg.pinv(moments.rotation)
    return (
        Prediction(
            name="outcome by instrument",
            groups=data.instrument_columns,
            observed=to_coefficients @ moments.projections[:, 0],
            size=np.full(len(data.instrument_columns), len(data)),
            replicated=replicated @ to_coefficients.T,
            remedy="One effect of the treatment does not explain how the outcome depends on the "
            "instruments: one of them affects the outcome in another way, or effects differ.",
        ),
    )
