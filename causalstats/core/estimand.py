"""Estimands: questions that a model answers as functions of posterior draws and data."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from causalstats.core.check import Check
from causalstats.core.display_scale import DisplayScale
from causalstats.core.effect import Kind, MarginalDistributions
from causalstats.numerics.sampling.centre import Centre

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

    from causalstats.core.model import Model


@dataclass(frozen=True, kw_only=True)
class Estimand:
    """A question that a model answers: a function of posterior draws and data.

    Parameters
    ----------
    compute : function of draws and data
        Takes the posterior as a Dataset and returns draws with dims (chain, draw, ...).
    description : str
        The quantity in a sentence, with its population.
    unit, contrast : str
    kind : {"causal", "associational"}
    assumptions : tuple of str
        Names of the assumptions that the answer depends on.
    at : function of draws and data, optional
        `compute` for other people or for a subcomposition, given as the value of `data.at(...)`.
    at_reads : function of data, optional
        The columns of a frame that `at` reads, which tell whether its rows are like those of the
        study.
    per_person : bool
        Whether the answer is a number a person.
    of_population : bool
        Whether it is about the reference population, where there is one.
    averages_people : bool
        Whether it is a mean or total over people, so that groups of them have one of their own.
    marginals : function of data, optional
        Its distribution in closed form, where the posterior is exact.
    marginals_at : function of two data, optional
        The same for `data.at(...)`, given the data and these.
    companion : str
        Another answer, by name, without which this one misleads.
    over_null : str
        Another answer, by name: the same entries less their value if there were no association.
    savage_dickey : function of draws and data, optional
        The Bayes factor of 0 of each entry; None where it has no closed form.
    determined : function of draws and data, optional
        Whether the data determine each entry; those that they do not are never decided.
    approximate : bool
        Whether the closed form is an approximation that draws are better than.
    sentence : str or function of data, optional
        The answer as a reader would say it, with `{value}` where the number belongs, `{raises}`
        for the verb that its sign asks for (`{changes}` where the number keeps its sign),
        `{multiplies}` where it is a ratio, and `{entry}` where there are several numbers.
    scale : function of data, optional
        The scale on which readers are shown the numbers, by the units of these data; None for that
        of the unit.
    in_words : function of data, optional
        Description and contrast in the levels of these data.
    assumptions_with : function of data, optional
        In place of `assumptions`, where the data choose how the answer is estimated.
    checks : function of draws and data, optional
        Checks of this question alone, such as positivity of the people it is about.
    keeps_draws : bool
        Whether a fit keeps its draws under its name; not where other questions have the same name.
    own_posterior : bool
        Whether it has a posterior of its own, no function of the draws: parameters that simulated
        data are drawn from do not give its true value, so that it cannot be calibrated.
    unavailable_reason : function of data, optional
        Why these data cannot answer the question; empty where they can.
    null : float
        The value without an effect: 0 of differences; of a unit that is a ratio ("ratio", "rate
        ratio", but not "log odds ratio") 1, which no ratio has to say.
    centre : {"mean", "median"}
        The number that stands for the answer: "median" of ratios, quotients and whatever else has
        draws with so heavy a tail that a few of them make the mean.

    Examples
    --------
    >>> import causalstats as cs
    >>> cs.PanelDML().estimands()["effect"].kind
    'causal'
    """

    compute: Callable[[xr.Dataset, Any], xr.DataArray]
    description: str
    unit: str
    contrast: str = "none"
    kind: Kind = "associational"
    assumptions: tuple[str, ...] = ()
    at: Callable[[xr.Dataset, Any], xr.DataArray] | None = None
    at_reads: Callable[[Any], tuple[str, ...]] | None = None
    per_person: bool = False
    of_population: bool = False
    averages_people: bool = False
    marginals: Callable[[Any], MarginalDistributions] | None = None
    marginals_at: Callable[[Any, Any], MarginalDistributions] | None = None
    companion: str = ""
    over_null: str = ""
    savage_dickey: Callable[[xr.Dataset, Any], np.ndarray | None] | None = None
    determined: Callable[[xr.Dataset, Any], np.ndarray | None] | None = None
    approximate: bool = False
    sentence: str | Callable[[Any], str] = ""
    scale: Callable[[Any], DisplayScale | None] | None = None
    in_words: Callable[[Any], tuple[str, str]] | None = None
    assumptions_with: Callable[[Any], tuple[str, ...]] | None = None
    checks: Callable[[xr.Dataset, Any], tuple[Check, ...]] | None = None
    keeps_draws: bool = True
    own_posterior: bool = False
    unavailable_reason: Callable[[Any], str] | None = None
    null: float = 0.0
    centre: Centre = "mean"

    def __post_init__(self) -> None:
        words = self.unit.split()
        is_ratio = words[-1:] == ["ratio"] and not {"log", "logarithm"} & {*words}
        if is_ratio and self.null == 0:  # which no ratio is without an effect
            object.__setattr__(self, "null", 1.0)


def answers_except(model: Model, exempt: Collection[str]) -> tuple[str, ...]:
    """Return the names of the estimands of a model but those that a doubt does not concern.

    A check that concerns some answers names the others, so that a new estimand carries it.

    Examples
    --------
    >>> import causalstats as cs
    >>> answers_except(cs.PanelDML(), ("treatment_left",))[0]
    'effect'
    """
    return tuple(name for name in model.estimands() if name not in exempt)


def answerable(model: Model, data: Any) -> dict[str, Estimand]:
    """Return the estimands of a model that these data can answer, by name."""
    return {
        name: estimand
        for name, estimand in model.estimands().items()
        if estimand.unavailable_reason is None or not estimand.unavailable_reason(data)
    }
