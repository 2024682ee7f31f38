"""Baselines without a diagram: unadjusted, and adjusted for every observed variable.

Σ_w P(w) [P(y | x, w) - P(y | x', w)], with w empty, or all other variables: stratification
(standardisation) over every observed variable, whatever the diagram says of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.abilities import Baseline
from causalstats.data import Observations
from causalstats.models.causal_diagram.contrasts import contrasts_with_first
from causalstats.numerics.discrete import dirichlet

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram

_DRAWS = 1000
_MOST_NUMBERS = 2e7  # cells times draws


def table_baselines(model: CausalDiagram, data: Observations) -> Mapping[str, Baseline]:
    """Return the estimates that people make without a diagram, by name.

    Each is a function of a generator. Strata of all observed variables are left out where their
    tables are too large.
    """
    levels = model.levels(data)
    asked = (model.treatment, model.outcome)
    others = [name for name in model.graph.nodes if name not in asked]
    estimates: dict[str, Callable[..., Any]] = {
        "unadjusted": partial(_stratified, model, data, [])
    }
    cells = np.prod([len(levels[name]) for name in model.graph.nodes], dtype=float)
    if others and _DRAWS * cells <= _MOST_NUMBERS:
        estimates["adjusted for all observed"] = partial(
            _stratified, model, data, others
        )
    return estimates


def _stratified(
    model: CausalDiagram,
    data: Observations,
    strata: Sequence[str],
    rng: np.random.Generator,
) -> tuple[np.ndarray, None]:
    """Return draws of the effect adjusted for some variables; of several entries their means.

    Parameters
    ----------
    model : CausalDiagram
    data : Observations
    strata : sequence of str
        The variables that are adjusted for.
    rng : numpy Generator
    """
    levels = model.levels(data)
    counts = data.table([*strata, model.treatment, model.outcome], levels)
    conditional = dirichlet.draw(counts + model.concentration, (_DRAWS,), rng)
    share = np.ones(_DRAWS)
    if strata:
        sizes = counts.sum(axis=(-2, -1))
        share = dirichlet.draw(sizes.ravel() + model.concentration, (_DRAWS,), rng)
        share = share.reshape(_DRAWS, *sizes.shape)
    weighted = share[..., None, None] * conditional
    table = weighted.reshape(_DRAWS, -1, *counts.shape[-2:]).sum(axis=1)
    dims = ("chain", "draw", model.treatment, model.outcome)
    contrasts = contrasts_with_first(
        xr.DataArray(table[None], dims=dims), model.treatment, model.outcome, levels
    ).to_numpy()[0]
    if model.headline == "bounds":  # both of which it stands beside
        return np.repeat(contrasts.reshape(_DRAWS, -1).mean(axis=0), 2), None
    return (contrasts, None) if contrasts.ndim == 1 else (contrasts.mean(axis=0), None)
