"""Standard instrumental-variables estimators of the same data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.abilities import Baseline
from causalstats.models.instrument.designed_first_stage_checks import (
    designed_baselines,
)
from causalstats.models.instrument.posterior import direct_prior, moments_of
from causalstats.numerics.instruments import several_treatments
from causalstats.numerics.instruments.anderson_rubin import anderson_rubin_set
from causalstats.numerics.instruments.effect_posterior import flat_first_stage_posterior
from causalstats.numerics.instruments.k_class import k_class, liml_kappa

if TYPE_CHECKING:
    import pandas as pd

    from causalstats.data import Instrumented
    from causalstats.models.instrument.model import Instrument
    from causalstats.numerics.instruments.anderson_rubin import AndersonRubinSet
    from causalstats.numerics.instruments.moments import InstrumentMoments

_VAGUE = 10.0  # prior sd of the effect of the vague model, in sd(outcome)/sd(treatment)


class _Set:
    """An Anderson-Rubin set as an estimate without a mean; unbounded ends are infinite."""

    def __init__(self, limits: AndersonRubinSet) -> None:
        self.limits = limits

    def mean(self) -> float:
        return float("nan")

    def quantile(self, prob: float) -> float:
        limits = self.limits
        if limits.shape == "empty":
            return float("nan")
        if limits.shape != "interval":
            return float("-inf") if prob < 0.5 else float("inf")
        return limits.lower if prob < 0.5 else limits.upper


def comparison_columns(
    table: pd.DataFrame, data: Instrumented
) -> Mapping[str, np.ndarray]:
    """Return how far each estimate lies from 2SLS (0) towards least squares (1).

    Parameters
    ----------
    table : DataFrame
        `mean` of each estimate.
    data : Instrumented
    """
    least = k_class(data.moments, 0.0, robust=False).estimate
    two_stage = k_class(data.moments, 1.0, robust=False).estimate
    pull = (table["mean"] - two_stage) / (least - two_stage)
    return {"pull to least squares": pull.to_numpy()}


def _several(moments: InstrumentMoments, robust: bool) -> Mapping[str, Baseline]:
    """Return k-class estimates of several effects."""
    kappa = several_treatments.liml_kappa(moments)
    left = moments.degrees + moments.treatments - moments.instruments
    kappas = {
        "least squares": 0.0,
        "2SLS": 1.0,
        "LIML": kappa,
        "Fuller": kappa - 1 / left,
    }

    def rule(kappa: float, rng: np.random.Generator) -> tuple[Any, None]:
        estimate = several_treatments.k_class(
            moments, kappa, robust=robust and kappa > 0
        )
        return estimate, None

    return {name: partial(rule, each) for name, each in kappas.items()}


def baselines(model: Instrument, data: Instrumented) -> Mapping[str, Baseline]:
    """Return least squares, 2SLS, LIML, Fuller, the Anderson-Rubin set and a vague-prior fit.

    With several treatments the last two are left out: a set of several effects has no ends.
    """
    if data.original is not None:
        return designed_baselines(model, data)
    moments = data.moments
    robust = model.errors == "robust"
    if len(data.treatments) > 1:
        return _several(moments, robust)
    kappa = liml_kappa(moments)
    left = moments.degrees + 1 - moments.instruments
    mean, sd = direct_prior(model)
    limits = anderson_rubin_set(
        moments_of(model, data),
        robust=robust,
        direct_mean=mean,
        direct_sd=sd,
    )
    spread = np.sqrt(moments.products[0, 0] / moments.products[1, 1])

    def rule(estimate: Callable[[], Any], rng: np.random.Generator) -> tuple[Any, None]:
        return estimate(), None

    shape = "" if limits.shape == "interval" else f": {limits}"
    named: dict[str, Callable[[], Any]] = {
        "least squares": lambda: k_class(moments, 0.0, robust=False),
        "2SLS": lambda: k_class(moments, 1.0, robust=robust),
        "LIML": lambda: k_class(moments, kappa, robust=robust),
        "Fuller": lambda: k_class(moments, kappa - 1 / left, robust=robust),
        f"Anderson-Rubin set{shape}": lambda: _Set(limits),
        "Bayesian, flat first stage": lambda: flat_first_stage_posterior(
            moments, _VAGUE * float(spread)
        ),
    }
    return {name: partial(rule, estimate) for name, estimate in named.items()}
