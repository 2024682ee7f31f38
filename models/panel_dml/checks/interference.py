"""Test of spillovers between units of a cluster, in the outcome's equation of `PanelDML`."""

from __future__ import annotations

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.panel_dml.checks.score_tests import Adjusted, strongest
from causalstats.models.shared.interference import (
    Spillover,
    can_show_interference,
    interference_check,
    mean_of_others,
)


def no_interference(
    data: Panel, adjusted: Adjusted, estimands: tuple[str, ...], assumption: str
) -> tuple[Check, ...]:
    """Return the check of treatments of other units; nothing where clusters are the units.

    Parameters
    ----------
    data : Panel
        All units.
    adjusted : Adjusted
        The residuals of the panel, or of some of its units.
    estimands : tuple of str
        The answers that a failure stands on.
    assumption : str
        The name of the assumption that it concerns.
    """
    if not can_show_interference(data, adjusted.count):
        return ()
    exposure = mean_of_others(data)[np.isin(data.rows, adjusted.data.rows)]
    found = strongest(adjusted, exposure)
    if found is None:
        return ()
    column, p, slope = found
    spillover = Spillover(data.treatments[column], p, slope)
    return interference_check(data, spillover, estimands, assumption)
