"""A conditional distribution of the g-formula: its prior, its draws, its mean."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.models.causal_diagram.regression.terms import (
    Terms,
    design_matrix,
    terms_of,
)

if TYPE_CHECKING:
    import xarray as xr

    from causalstats.data import Observations
    from causalstats.models.causal_diagram.levels import Levels
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.tables import Table

Draws = Mapping[str, np.ndarray]
"""Posterior draws by name, chains joined: (draws, ...)."""

LabelledArrays = dict[str, tuple[tuple[str, ...], np.ndarray]]
"""Dimensions and values by name."""


@dataclass(frozen=True, eq=False)
class Conditional(ABC):
    """P(variable | given) on data.

    Parameters
    ----------
    model : CausalDiagram
    table : Table
    number : int
        Its place among those of the model, which names its dimensions.
    data : Observations
    levels : mapping of variable to its levels
    """

    model: CausalDiagram
    table: Table
    number: int
    data: Observations
    levels: Levels

    @property
    @abstractmethod
    def parameters(self) -> tuple[str, ...]:
        """The names of its parameters in the posterior."""

    @property
    @abstractmethod
    def is_conjugate(self) -> bool:
        """Whether its posterior is in closed form."""

    @abstractmethod
    def inputs(self) -> dict[str, np.ndarray]:
        """Return the arrays that its part of the graph takes, by name."""

    @abstractmethod
    def add_to_graph(self, values: Mapping[str, Any]) -> None:
        """Add prior and likelihood to the PyMC model whose context is open.

        Parameters
        ----------
        values : mapping of name to tensor
            The `inputs`, and the `counts` of the rows.
        """

    @abstractmethod
    def draw(self, size: tuple[int, int], rng: np.random.Generator) -> LabelledArrays:
        """Return independent posterior draws (chain, draw, ...)."""

    @abstractmethod
    def mean(self, draws: Draws, causes: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the mean of a number, or the probabilities of the levels of a label.

        Parameters
        ----------
        draws : mapping of name to array (draws, ...)
        causes : mapping of cause to array (draws or 1, people or 1)

        Returns
        -------
        array, shape (draws, people or 1, 1 or levels)
        """

    @abstractmethod
    def sample(
        self,
        mean: np.ndarray,
        draws: Draws,
        people: int,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Return values of people, numbers or positions of levels, shape (draws, people).

        Parameters
        ----------
        mean : array, shape (draws, people or 1, 1 or levels)
            As `mean` gives it.
        draws : mapping of name to array (draws, ...)
        people : int
        rng : numpy Generator
        """

    @abstractmethod
    def log_density(
        self, mean: np.ndarray, draws: Draws, values: np.ndarray
    ) -> np.ndarray:
        """Return the log density of values of people, shape (draws, people).

        Parameters
        ----------
        mean : array, shape (draws, people or 1, 1 or levels)
            As `mean` gives it.
        draws : mapping of name to array (draws, ...)
        values : array, shape (people,)
            Numbers, or positions of levels.
        """

    @abstractmethod
    def log_prior(self, draws: xr.Dataset) -> xr.DataArray:
        """Return the log prior density of the parameters, dims (chain, draw)."""

    @cached_property
    def terms(self) -> Terms:
        """The columns of the regression."""
        model = self.model
        return terms_of(
            self.table, self.data, self.levels, model.basis_size, model.interactions
        )

    @cached_property
    def design(self) -> np.ndarray:
        """The columns of the regression over the rows, shape (rows, columns)."""
        return design_matrix(self.terms, self.data, self.levels)

    def linear_predictor(
        self, coefficients: np.ndarray, causes: Mapping[str, np.ndarray]
    ) -> np.ndarray:
        """Return a + Σ_k b_k u_k of each equation.

        Parameters
        ----------
        coefficients : array, shape (draws, 1 + columns, equations)
        causes : mapping of cause to array (draws or 1, people or 1)

        Returns
        -------
        array, shape (draws, people or 1, equations)
        """
        total = coefficients[:, None, 0]
        for k, column in enumerate(self.terms.columns(causes), start=1):
            total = total + column[..., None] * coefficients[:, None, k]
        return total


def log_probability_of_level(mean: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the log probability of the level of each person, shape (draws, people).

    Parameters
    ----------
    mean : array, shape (draws, people or 1, levels)
        Probabilities.
    values : int array, shape (people,)
        Positions of levels.
    """
    wide = np.broadcast_to(mean, (len(mean), len(values), mean.shape[-1]))
    return np.log(np.take_along_axis(wide, values[None, :, None], axis=2)[..., 0])


def sampled_levels(
    probabilities: np.ndarray,
    people: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return positions of levels drawn with given probabilities, shape (draws, people).

    Parameters
    ----------
    probabilities : array, shape (draws, people or 1, levels)
    people : int
    rng : numpy Generator
    """
    shape = (
        len(probabilities),
        people if probabilities.shape[1] == 1 else probabilities.shape[1],
    )
    below = np.cumsum(probabilities, axis=-1)[..., :-1]
    return (rng.random(shape)[..., None] >= below).sum(axis=-1)
