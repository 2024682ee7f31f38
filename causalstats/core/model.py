"""The contract of a model, and a model put to data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from causalstats.core.assumption import Assumption, Relaxation
from causalstats.core.estimand import Estimand
from causalstats.core.prediction import Prediction
from causalstats.core.simulation import Simulation

if TYPE_CHECKING:
    import networkx as nx
    import pymc as pm
    import xarray as xr


@runtime_checkable
class Model(Protocol):
    """A frozen dataclass whose fields are its assumptions. Nothing to subclass, nothing to register."""

    headline: str
    """The estimand that sensitivity, comparison and report are about."""

    def inputs(self, data: Any) -> dict[str, np.ndarray]:
        """Every number of the data and of the assumptions that the graph takes, by name."""

    def build(self, data: Any) -> pm.Model:
        """The PyMC graph, with `inputs` in `pm.Data`. Pure."""

    def assumptions(self) -> tuple[Assumption, ...]: ...

    def estimands(self) -> Mapping[str, Estimand]: ...

    def simulate(self, seed: int) -> Simulation: ...

    def log_likelihood(self, draws: xr.Dataset, data: Any) -> xr.DataArray:
        """Of the whole data set, for every draw."""

    def causal_graph(self, data: Any) -> nx.DiGraph:
        """Nodes with `role` observed | hidden | selected; edges with an optional `label`."""

    def baselines(self, data: Any) -> Mapping[str, Callable]:
        """What people would do instead: name -> function of a generator.

        It gives draws of the headline estimand, or an estimate with `mean()` and `quantile(prob)`
        in closed form; and one number a person.
        """

    def predictions(
        self, draws: xr.Dataset, data: Any, rng: np.random.Generator
    ) -> tuple[Prediction, ...]:
        """What the model says of things that were observed, for the posterior predictive check."""

    def relaxations(self, data: Any) -> tuple[Relaxation, ...]: ...

    # Only some models have these:
    # data_class -> the class of their data
    # calibration_design -> what `simulate` is told by `calibrate` unless it is said
    # exact(data) -> None, or a function of chains, draws and a generator that gives independent posterior draws
    # nuts(data) -> options of `Nuts` that suit its graph
    # completed(draws, data, rng) -> the draws with those of what was integrated out
    # question(name, do, given, factual, data) -> how a question about a variable is written, and its Estimand
    # bounds(name, do, factual, data) -> the same of the smallest and the largest answer
    # derivation() -> how the answer follows from the assumptions, a line a step
    # adjustments(data) -> what its associations would need to be effects
    # views(draws, data) -> name -> function that gives a picture of the family's own
    # data_checks(data) -> checks of the data alone
    # unused(data) -> fields that cannot change the headline on these data, and why


@dataclass(frozen=True)
class Problem:
    """A model put to data: what a sampler is given."""

    model: Any
    data: Any

    @cached_property
    def graph(self) -> pm.Model:
        return self.model.build(self.data)

    @cached_property
    def inputs(self) -> dict[str, np.ndarray]:
        return self.model.inputs(self.data)
