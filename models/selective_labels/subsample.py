"""Some of the people of large data, to look for the mode of the posterior on fewer of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from causalstats.models.selective_labels.deciders import DECIDERS
from causalstats.models.selective_labels.results import RESULTS

if TYPE_CHECKING:
    from causalstats.data import Decisions
    from causalstats.models.selective_labels.model import SelectiveLabels

_NEARLY_GAUSSIAN_FROM = 10_000  # people
_MOST_OF_AN_EVENT = 10_000  # of the untested, of the negative, of the positive
_MOST_OF_A_POPULATION = 30_000


def nearly_gaussian(model: SelectiveLabels, data: Decisions) -> bool:
    """Return whether importance sampling about the mode is tried before NUTS.

    Effects of deciders are many parameters with few people each, far from Gaussian.
    """
    return len(data) >= _NEARLY_GAUSSIAN_FROM and not DECIDERS[model.deciders]


def subsample_inputs(
    inputs: Mapping[str, np.ndarray], rng: np.random.Generator
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Return the inputs of some people, and how many each of them stands for, by what was seen.

    At most 10,000 are taken of the untested, of the negative and of the positive each, so that a
    rare outcome keeps its information (case-control sampling), and 30,000 of each population whose
    prevalence is known. Where deciders differ, everybody is kept.

    Parameters
    ----------
    inputs : mapping of str to array
        As `pymc_model.inputs` returns them.
    rng : Generator

    Returns
    -------
    inputs : dict of str to array
    counts : dict of str to float
        By "untested", "negative" and "positive".
    """
    some = dict(inputs)
    if "decider_information" in inputs:
        return some, {}
    counts = {}
    for event in RESULTS:
        rows = len(inputs[f"results_{event}"])
        kept = _some_rows(rows, _MOST_OF_AN_EVENT, rng)
        counts[event] = rows / max(1, len(kept))
        for name in (f"features_{event}", f"results_{event}"):
            some[name] = inputs[name][kept]
    for name in inputs:
        if not name.startswith("everybody_"):
            continue
        weights = name.replace("everybody", "weights")
        kept = _some_rows(len(inputs[name]), _MOST_OF_A_POPULATION, rng)
        some[name] = inputs[name][kept]
        some[weights] = inputs[weights][kept] / inputs[weights][kept].sum()
    return some, counts


def _some_rows(rows: int, most: int, rng: np.random.Generator) -> np.ndarray:
    if rows <= most:
        return np.arange(rows)
    return np.sort(rng.choice(rows, most, replace=False))
