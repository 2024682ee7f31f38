"""Posterior predictive check: whether the model reproduces what was observed.

It says nothing about outcomes that were not observed.
"""

from collections.abc import Iterable

from causalstats.core.check import Check
from causalstats.core.prediction import Prediction
from causalstats.numerics.sampling.posterior_predictive import (
    posterior_predictive_p_value,
)

_SMALLEST_P = 0.01


def posterior_predictive_checks(predictions: Iterable[Prediction]) -> tuple[Check, ...]:
    """Return a posterior predictive p-value of the observed statistics of each prediction.

    Parameters
    ----------
    predictions : iterable of Prediction
        A prediction that does not hold fails, unless it says why that is `allowed`.

    References
    ----------
    Gelman, Meng & Stern (1996), Posterior predictive assessment of model fitness via realized
    discrepancies, Statistica Sinica 6.

    Examples
    --------
    >>> import numpy as np
    >>> prediction = Prediction(
    ...     name="rate by site",
    ...     groups=("north", "south"),
    ...     observed=np.array([0.9, 0.5]),
    ...     size=np.array([100, 100]),
    ...     replicated=np.random.default_rng(1).normal(0.5, 0.05, (999, 2)),
    ... )
    >>> [check] = posterior_predictive_checks([prediction])
    >>> check.name, check.passed, check.finding
    ('predicts the rate by site', False, 'posterior predictive p = 0.001')
    """
    checks = []
    for prediction in predictions:
        p = posterior_predictive_p_value(prediction.observed, prediction.replicated)
        reproduced = p > _SMALLEST_P
        passed = reproduced or bool(prediction.allowed)
        excuse = "" if reproduced or not passed else f"; {prediction.allowed}"
        alternative = ", or an answer that allows for it" if prediction.allowed else ""
        check = Check(
            name=f"predicts the {prediction.name}",
            passed=passed,
            value=p,
            expected=f"p-value above {_SMALLEST_P}{alternative}",
            finding=f"posterior predictive p = {p:.3f}{excuse}",
            remedy="" if passed else prediction.remedy,
        )
        checks.append(check)
    return tuple(checks)
