"""Results of people as observed variables of the graph: not tested, negative or positive.

People of whom the same was seen are one variable, whose log density is a sum by one operation over
all of them. PyMC then draws prior and posterior predictive results, and its pointwise log
likelihood is that of each group; `SelectiveLabels.observed_units` has that of each person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.numerics.selection.misclassification import share_positive
from causalstats.numerics.selection.selective_labels_likelihood import probability
from causalstats.numerics.selection.unobservable import Unobservable

if TYPE_CHECKING:
    from causalstats.models.selective_labels.graph_context import GraphContext

RESULTS = {"untested": -1, "negative": 0, "positive": 1}
"""The number of each event."""


def add_results(
    context: GraphContext,
    event: str,
    risk: Any,
    testing: Any,
    response: Any,
    rates: tuple[Any, ...],
) -> None:
    """Add the results of the people of whom the same was seen.

    Parameters
    ----------
    context : GraphContext
    event : str
        "untested", "negative" or "positive".
    risk, testing : vectors (n,)
        The linear predictors at ζ = 0.
    response : scalar or vector (n,)
        α.
    rates : variables
        Sensitivity and specificity, where the test is imperfect.
    """
    import pymc as pm

    from causalstats.numerics.custom_distribution import CustomDistribution

    CustomDistribution(
        event,
        risk,
        testing,
        context.unobserved_scale,
        response * pm.math.ones_like(risk),
        *rates,
        log_density=_log_density,
        draw=_draw,
        constants=(context.law, event),
        signature=f"(n),(n),(),(n){',()' * len(rates)}->(n)",
        observed=context.given[f"results_{event}"],
    )


def _log_density(law: Unobservable, event: str, value: Any, *arguments: Any) -> Any:
    """Return the log density of people who all have the result of an event.

    Parameters
    ----------
    law : Unobservable
    event : str
    value : vector (n,)
        Other results than that of the event have no density here: a graph is built for its data.
    *arguments : variables
        Risk, testing, scale, response, and the rates of an imperfect test.
    """
    import pytensor.tensor as pt

    from causalstats.numerics.selection.selective_labels_ops import log_likelihood

    name = f"reported_{event}" if len(arguments) > 4 else event
    density = log_likelihood(law, name, *arguments)
    return pt.switch(pt.all(pt.eq(value, RESULTS[event])), density, -np.inf)


def _draw(law: Unobservable, event: str, *arguments: Any, **random: Any) -> np.ndarray:
    """Return results of people of the group of an event, which replications leave."""
    return draw_results(law, *arguments, **random)


def draw_results(
    law: Unobservable,
    risk: np.ndarray,
    testing: np.ndarray,
    scale: np.ndarray,
    response: np.ndarray,
    *rates: np.ndarray,
    rng: np.random.Generator,
    size: Any = None,
) -> np.ndarray:
    """Return results of people, -1, 0 or 1.

    Parameters
    ----------
    law : Unobservable
    risk, testing, response : arrays (..., n)
    scale : array (...)
    *rates : arrays (...)
        Sensitivity and specificity, where the test is imperfect.
    rng : Generator
    size : tuple of int, optional
        The shape before people.
    """
    arguments = (risk, testing, np.asarray(scale)[..., None], response)
    untested = probability(law, "untested", *arguments)
    positive = probability(law, "tested_positive", *arguments)
    if rates:
        positive = share_positive(
            positive, *(np.asarray(rate)[..., None] for rate in rates)
        )
    shape = np.shape(positive) if size is None else (*size, np.shape(positive)[-1])
    results = np.where(rng.random(shape) < positive, 1, 0)
    return np.where(rng.random(shape) < untested, RESULTS["untested"], results)
