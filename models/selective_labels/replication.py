"""A second study of the same people, with decisions and outcomes drawn at given parameters."""

from __future__ import annotations

import numpy as np
import xarray as xr

from causalstats.core.simulation import Simulation
from causalstats.data import Decisions
from causalstats.data.decisions import UNSEEN
from causalstats.models.selective_labels.results import RESULTS


def with_results(draws: xr.Dataset, data: Decisions, results: np.ndarray) -> Simulation:
    """Return the study with a second one behind it, in which people have these results.

    Parameters
    ----------
    draws : Dataset
    data : Decisions
    results : int array (N,)
        -1, 0 or 1, as `observed_units` has them.
    """
    decision = results != RESULTS["untested"]
    both = data.with_second_study(decision, np.where(decision, results, UNSEEN))
    return Simulation(data=both, truth=draws, realised={})
