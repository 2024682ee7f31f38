"""Questions about a panel: causal and associational slopes.

The robustness value to unobserved confounding is in `unobserved_confounding`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import xarray as xr

from causalstats.core.estimand import Estimand
from causalstats.data import Panel
from causalstats.models.shared.slope_sentences import change_with_labels, slope_scale

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML

Compute = Callable[[xr.Dataset, Any], xr.DataArray]
CHANGE = (
    "Change of the outcome when the treatment changes by one unit and nothing else does"
)
_SLOPE = "outcome per unit of treatment"
CONTRAST = "one unit more of the treatment"


def estimands(model: PanelDML) -> dict[str, Estimand]:
    """Return the questions that a model answers, by name."""
    return {
        **model.effect_form.estimands(model),
        **model.unit_heterogeneity.other_estimands(model),
    }


def assumption_names(model: PanelDML) -> tuple[str, ...]:
    """Return the names of the assumptions of every answer."""
    return tuple(assumption.name for assumption in model.assumptions())


def causal_slope(
    model: PanelDML,
    compute: Compute,
    description: str,
    at: Compute | None = None,
    at_reads: Callable[[Panel], tuple[str, ...]] | None = None,
    averages_people: bool = False,
    sentence: Callable[[Panel], str] | str = "",
    is_change: bool = True,
) -> Estimand:
    """Return the estimand of an effect, in units of the outcome per unit of the treatment.

    Parameters
    ----------
    model : PanelDML
    compute : function of draws and data
    description : str
    at : function of draws and rows, or None
        The same of other rows.
    at_reads : function of data, or None
        The columns of other rows that it reads.
    averages_people : bool
        Whether it is a mean over rows, which groups of them have of their own.
    sentence : str or function of data
        The answer as a reader would say it.
    is_change : bool
        Whether it is a change of the outcome, which the units of the data tell in their scale.
    """
    return Estimand(
        compute=compute,
        description=description,
        unit=_SLOPE,
        contrast=CONTRAST,
        kind="causal",
        at=at,
        at_reads=at_reads,
        averages_people=averages_people,
        sentence=sentence,
        scale=slope_scale if is_change else None,
        in_words=partial(change_with_labels, description) if is_change else None,
        assumptions=assumption_names(model),
    )


def associational_slope(
    model: PanelDML, compute: Compute, description: str
) -> Estimand:
    return Estimand(
        compute=compute,
        description=description,
        unit=_SLOPE,
        contrast=CONTRAST,
        kind="associational",
        scale=slope_scale,
        in_words=partial(change_with_labels, description),
        assumptions=assumption_names(model),
    )


def drawn(name: str) -> Compute:
    """Return the function that takes a variable from the posterior."""
    return lambda draws, data: one_or_many(draws[name])


def one_or_many(values: xr.DataArray) -> xr.DataArray:
    """Return the values without the dimension of treatments where there is one treatment."""
    single = values.sizes.get("treatment") == 1
    return values.isel(treatment=0, drop=True) if single else values
