"""Interface of observation models: the likelihood of observed rows given their log-ratios."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.data import Composition
from causalstats.models.partial_correlation.graph_context import GraphContext


class Observation(Protocol):
    """The observation model of rows, given their log-ratios."""

    @property
    def exact(self) -> bool:
        """Whether the log-ratios are known from the rows."""

    @property
    def latent(self) -> tuple[str, ...]:
        """Variables of the graph that are dropped from the posterior."""

    @property
    def detection(self) -> str:
        """The word for a part that was detected, such as "counted"."""

    @property
    def values_known(self) -> bool:
        """Whether the observed values themselves are exact."""

    def well_observed(self, data: Composition) -> np.ndarray:
        """Return the positions of parts that are observed well in nearly every row."""

    def data_check(self, data: Composition) -> Check:
        """Return the check that the parts are observed well enough."""

    def inputs(self, data: Composition) -> dict[str, np.ndarray]:
        """Return the numbers of the rows that the graph takes, by name."""

    def log_ratios(self, context: GraphContext) -> Any:
        """Add the likelihood to the open graph and return the log-ratios (n, D)."""

    def drawn_log_ratios(self, draws: xr.Dataset, data: Composition) -> np.ndarray:
        """Return the log-ratios of each draw, (draws, n, D); (1, n, D) where they are known."""

    def detected(self, data: Composition) -> tuple[np.ndarray, np.ndarray] | None:
        """Return in which rows each part was detected, and was below detection, (n, D) each.

        None where every part is detected in every row.
        """
