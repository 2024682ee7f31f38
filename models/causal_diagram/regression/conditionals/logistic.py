"""Categorical variable: (multinomial) logistic regression, where a table would have sparse rows.

log P(level k) / P(first level) = a_k + Z b_k, multinomial where there are more than two levels.
Columns are about their means, b ~ Normal(0, s² κ) with κ the spectrum of the terms and
a ~ Normal(0, t²); s = `logit_sd` and t = `logit_intercept_sd` at a concentration of a half, and
√(0.5 / concentration) times as wide at others.

References
----------
Gelman, Jakulin, Pittau & Su (2008), A weakly informative default prior distribution for logistic
and other regression models, Annals of Applied Statistics 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.models.causal_diagram.regression.conditionals.base import (
    Conditional,
    Draws,
    LabelledArrays,
    log_probability_of_level,
    sampled_levels,
)
from causalstats.numerics.regression import logistic_posterior

if TYPE_CHECKING:
    import xarray as xr

    from causalstats.models.causal_diagram.model import CausalDiagram

_USUAL_CONCENTRATION = 0.5


def prior_sds(model: CausalDiagram) -> tuple[float, float]:
    """Return the prior standard deviations of a coefficient and of the intercept, in logits.

    The coefficient is that of a column with standard deviation 1.
    """
    width = float(np.sqrt(_USUAL_CONCENTRATION / model.concentration))
    return model.logit_sd * width, model.logit_intercept_sd * width


@dataclass(frozen=True, eq=False)
class LogisticRegression(Conditional):
    """Its posterior is sampled; of completions of missing values, by importance resampling."""

    @property
    def coefficients_name(self) -> str:
        return f"coefficients of {self.table.name}"

    @property
    def parameters(self) -> tuple[str, ...]:
        return (self.coefficients_name,)

    @property
    def is_conjugate(self) -> bool:
        return False

    def inputs(self) -> dict[str, np.ndarray]:
        name = self.table.name
        variable = self.table.variable
        return {
            f"columns of {name}": self.design,
            f"spectrum of {name}": self.terms.spectrum,
            f"outcome of {name}": self.data.places(variable, self.levels[variable]),
        }

    def draw(self, size: tuple[int, int], rng: np.random.Generator) -> LabelledArrays:
        """By importance resampling about the mode, for completions of missing values."""
        variable = self.table.variable
        levels = self.levels[variable]
        slope_sd, intercept_sd = prior_sds(self.model)
        coefficients = logistic_posterior.draw(
            self.design,
            self.data.places(variable, levels),
            self.data.counts,
            np.concatenate([[intercept_sd], slope_sd * np.sqrt(self.terms.spectrum)]),
            len(levels),
            size[0] * size[1],
            rng,
        )
        dims = ("chain", "draw", f"term_{self.number}", f"event_{self.number}")
        shape = (*size, *coefficients.shape[1:])
        return {self.coefficients_name: (dims, coefficients.reshape(shape))}

    def add_to_graph(self, values: Mapping[str, Any]) -> None:
        import pymc as pm
        import pytensor.tensor as pt

        name = self.table.name
        (rows, size) = self.design.shape
        term, column, event = (
            f"{axis}_{self.number}" for axis in ("term", "column", "event")
        )
        events = len(self.levels[self.table.variable]) - 1
        counts = values["counts"]
        column_means = self.data.counts @ self.design / self.data.counts.sum()
        slope_sd, intercept_sd = prior_sds(self.model)
        sd = slope_sd * pt.sqrt(values[f"spectrum of {name}"])[:, None]
        coords = {
            term: np.arange(size + 1),
            column: np.arange(size),
            event: np.arange(events),
        }
        pm.modelcontext(None).add_coords(coords)
        slopes = pm.Normal(f"slopes of {name}", 0, sd, dims=(column, event))
        intercept = pm.Normal(f"intercept of {name}", 0, intercept_sd, dims=event)
        logits = intercept + (values[f"columns of {name}"] - column_means) @ slopes
        logits = pt.concatenate([pt.zeros_like(logits[:, :1]), logits], axis=1)
        chosen = logits[pt.arange(rows), values[f"outcome of {name}"]]
        likelihood = counts * (chosen - pt.logsumexp(logits, axis=1))
        pm.Potential(f"likelihood of {name}", likelihood.sum())
        first = (intercept - column_means @ slopes)[None]
        coefficients = pt.concatenate([first, slopes])
        pm.Deterministic(self.coefficients_name, coefficients, dims=(term, event))

    def mean(self, draws: Draws, causes: Mapping[str, np.ndarray]) -> np.ndarray:
        total = self.linear_predictor(draws[self.coefficients_name], causes)
        logits = np.concatenate([np.zeros_like(total[..., :1]), total], axis=-1)
        odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return odds / odds.sum(axis=-1, keepdims=True)

    def log_density(
        self, mean: np.ndarray, draws: Draws, values: np.ndarray
    ) -> np.ndarray:
        return log_probability_of_level(mean, values)

    def log_prior(self, draws: xr.Dataset) -> xr.DataArray:
        import xarray as xr

        coefficients = draws[self.coefficients_name].to_numpy()
        slopes = coefficients[..., 1:, :]
        means = self.data.counts @ self.design / self.data.counts.sum()
        intercept = coefficients[..., 0, :] + np.einsum("k,...ke->...e", means, slopes)
        slope_sd, intercept_sd = prior_sds(self.model)
        sd = slope_sd * np.sqrt(self.terms.spectrum)[:, None]
        squares = ((slopes / sd) ** 2).sum((-2, -1))
        squares = squares + ((intercept / intercept_sd) ** 2).sum(-1)
        return xr.DataArray(-squares / 2, dims=("chain", "draw"))

    def sample(
        self,
        mean: np.ndarray,
        draws: Draws,
        people: int,
        rng: np.random.Generator,
    ) -> np.ndarray:
        return sampled_levels(mean, people, rng)
