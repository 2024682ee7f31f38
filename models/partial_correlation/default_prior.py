"""The prior where none is named: the one whose intervals cover strong links of such data.

The order of `PRIORS` was chosen by the simulated coverage of 95 % intervals over strong pairs,
where few parts are linked and where most are (`benchmarks/default_prior.json`). The matching prior
covers in both wherever it has rows enough, and is exact. With fewer rows, of counts, of
values within bounds and of dependent rows, the horseshoe covers most.
"""

from __future__ import annotations

from dataclasses import fields
from itertools import chain
from typing import TYPE_CHECKING

from causalstats.data import Composition
from causalstats.errors import ModelError
from causalstats.models.partial_correlation.priors import PRIORS

if TYPE_CHECKING:
    from causalstats.models.partial_correlation.model import PartialCorrelation


def prior_for_data(model: PartialCorrelation, data: Composition) -> str:
    """Return the name of the first prior for such data that has the fields given."""
    names = _with_given_fields(model)
    return next(name for name in names if PRIORS[name].suits(model, data))


def prior_without_data(model: PartialCorrelation) -> str:
    """Return the name of the first that is a distribution: the prior for data of few rows."""
    return next(
        name for name in _with_given_fields(model) if PRIORS[name].simulation_fields
    )


def _with_given_fields(model: PartialCorrelation) -> list[str]:
    """Return the priors that have all fields whose value is not the default one, in order.

    Raises
    ------
    ModelError
        If no prior has all of them.
    """
    of_priors = set(chain.from_iterable(prior.fields for prior in PRIORS.values()))
    given = {
        field.name
        for field in fields(model)
        if field.name in of_priors and getattr(model, field.name) != field.default
    }
    names = [name for name, prior in PRIORS.items() if given <= set(prior.fields)]
    if not names:
        listed = ", ".join(f"`{name}`" for name in sorted(given))
        raise ModelError(
            f"No prior has {listed} together: leave one out, or name the `prior`."
        )
    return names
