"""Contrasts of a table of probabilities: each level of the treatment against the first."""

from __future__ import annotations

import xarray as xr

from causalstats.models.causal_diagram.levels import Levels, shown_states
from causalstats.models.causal_diagram.notation import contrast_labels


def contrasts_with_first(
    table: xr.DataArray,
    treatment: str,
    outcome: str,
    levels: Levels,
) -> xr.DataArray:
    """Return P(outcome | treatment) at each level of the treatment less that at the first.

    Parameters
    ----------
    table : DataArray
        Dims (..., treatment, outcome).
    treatment, outcome : str
    levels : mapping of variable to its levels

    Returns
    -------
    DataArray
        Dims (..., contrast); without `contrast` where both variables have two levels.
    """
    later = table.isel({treatment: slice(1, None)})
    contrasts = later - table.isel({treatment: 0}, drop=True)
    contrasts = contrasts.isel({outcome: list(shown_states(levels[outcome]))})
    if contrasts.sizes[treatment] * contrasts.sizes[outcome] == 1:
        return contrasts.isel({treatment: 0, outcome: 0}, drop=True)
    labels = contrast_labels(treatment, outcome, levels)
    return joined_axes(contrasts, (treatment, outcome), "contrast", labels)


def joined_axes(
    table: xr.DataArray,
    dims: tuple[str, ...],
    name: str,
    labels: list[str],
) -> xr.DataArray:
    """Return some axes as one, the last, with labels.

    Parameters
    ----------
    table : DataArray
    dims : tuple of str
        The axes, in order.
    name : str
        Of the new axis.
    labels : list of str
        Of the new axis.
    """
    others = [dim for dim in table.dims if dim not in dims]
    values = table.transpose(*others, *dims).to_numpy()
    values = values.reshape(*values.shape[: len(others)], -1)
    coords = {dim: table[dim] for dim in others if dim in table.coords}
    return xr.DataArray(values, dims=(*others, name), coords={**coords, name: labels})
