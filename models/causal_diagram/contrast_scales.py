"""Contrasts of two interventions on other scales: ratio, odds ratio, number needed to treat.

    ratio                     E(y | do(x)) / E(y | do(x'))       risk ratio of probabilities
    odds ratio                odds(y | do(x)) / odds(y | do(x'))
    number needed to treat    1 / [P(y | do(x)) - P(y | do(x'))]

each in every draw of the posterior, and the median of the draws stands for the answer: a few draws
can carry the mean of a quotient beyond its interval. A number needed to treat has no mean, since
draws of the difference near 0 have reciprocals without bound: draws beyond the one-hundredth of
them that is farthest out are drawn in to it, which no 95 % interval sees.

References
----------
Cook & Sackett (1995), The number needed to treat: a clinically useful measure of treatment effect,
BMJ 310. Altman (1998), Confidence intervals for the number needed to treat, BMJ 317.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from causalstats.core.abilities import ContrastScale
from causalstats.core.check import Check
from causalstats.core.estimand import Estimand
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.query_arguments import worlds_of

Query = tuple[str, Estimand]
Ask = Callable[[Mapping[str, Any]], Query]
"""A function from what is done to the question about it."""

_FARTHEST_OUT = 0.01  # share of draws of a number needed to treat that are drawn in
_TAIL = 0.025


def on_scale(scale: ContrastScale, ask: Ask, do: Mapping[str, Any]) -> Query:
    """Return the question that compares two interventions on a scale other than the difference.

    Parameters
    ----------
    scale : str
    ask : function of what is done
    do : mapping of variable to values, of which two are compared

    Raises
    ------
    ModelError
        Unless two interventions are compared, of a probability where the scale asks for one.
    """
    worlds = worlds_of(do)
    if len(worlds) != 2:
        raise ModelError(
            f"Expected two interventions to compare as {scale!r}, such as do={{'x': [1, 0]}}, got "
            f"{dict(do)}."
        )
    first_name, first = ask(worlds[0])
    second_name, second = ask(worlds[1])
    _, pair = ask(do)
    of_means = first_name.startswith("E(")
    if of_means and scale != "ratio":
        raise ModelError(
            f"Expected the scale 'difference' or 'ratio' of the mean of a number, got {scale!r}."
        )

    def compute(draws: xr.Dataset, data: Any) -> xr.DataArray:
        return _compared(scale, first.compute(draws, data), second.compute(draws, data))

    def checks(draws: xr.Dataset, data: Any) -> tuple[Check, ...]:
        usual = pair.checks(draws, data) if pair.checks is not None else ()
        answers = first.compute(draws, data), second.compute(draws, data)
        return (*usual, *_scale_checks(scale, *answers))

    name, unit = _name_and_unit(scale, first_name, second_name)
    return name, replace(
        pair,
        compute=compute,
        unit=unit,
        checks=checks,
        scale=None,
        sentence="",
        centre="median",
        null=1.0 if scale in ("ratio", "odds ratio") else 0.0,
        description=f"{pair.description} On the scale of the {scale}.",
    )


def _name_and_unit(scale: ContrastScale, first: str, second: str) -> tuple[str, str]:
    if scale == "ratio":
        return f"{first} / {second}", "ratio"
    if scale == "odds ratio":
        return f"odds {first} / odds {second}", "odds ratio"
    return f"1 / [{first} - {second}]", "people treated for one event more"


def _compared(
    scale: ContrastScale, first: xr.DataArray, second: xr.DataArray
) -> xr.DataArray:
    if scale == "ratio":
        return first / second
    if scale == "odds ratio":
        return (first / (1 - first)) / (second / (1 - second))
    needed = 1 / (first - second)
    size = abs(needed)
    farthest = size.quantile(1 - _FARTHEST_OUT, dim=("chain", "draw"))
    farthest = farthest.drop_vars("quantile")
    return needed.clip(-farthest, farthest)


def _scale_checks(
    scale: ContrastScale, first: xr.DataArray, second: xr.DataArray
) -> tuple[Check, ...]:
    """Return whether a quotient is bounded: its denominator is not 0 within its interval."""
    if scale == "number needed to treat":
        denominator = first - second
        noun = "the difference of the two probabilities"
        remedy = (
            "No number of people is needed where there is no effect, and the interval runs "
            "through infinity: answer with the difference."
        )
    elif scale == "ratio":
        denominator = second
        noun = "the outcome that is divided by"
        remedy = "A ratio to 0 has no meaning: answer with the difference."
    else:
        return ()
    ends = denominator.quantile([_TAIL, 1 - _TAIL], dim=("chain", "draw")).to_numpy()
    lower, upper = (float(np.atleast_1d(end).min()) for end in ends)
    crossing = bool((np.sign(ends[0]) != np.sign(ends[1])).any())
    return (
        Check(
            name="bounded contrast",
            passed=not crossing,
            value=float(crossing),
            expected="an interval of the denominator without 0",
            finding=f"the 95 % interval of {noun} is {lower:.3g} to {upper:.3g}",
            remedy=remedy if crossing else "",
        ),
    )
