"""Categorical variable: hierarchical (multinomial) logistic regression, for thin cells.

log P(level e) / P(first level) = x'b_e + u_{cell, e} + w_{cell, arm, e}; see
`regression.hierarchical.logistic_regression` for the columns x. The posterior is a normal
approximation at several values of the scales, weighted by their evidence; `add_to_graph` has the
model that it approximates, with the propensity and the products that were screened as found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.models.causal_diagram.regression.conditionals.base import (
    Conditional,
    Draws,
    LabelledArrays,
    log_probability_of_level,
    sampled_levels,
)
from causalstats.models.causal_diagram.regression.hierarchical.coding import (
    Coding,
    NumberCoding,
    label_coding,
)
from causalstats.models.causal_diagram.regression.hierarchical.logistic_regression import (
    Kernel,
    KernelData,
    KernelPriors,
    fit_kernel,
)
from causalstats.models.causal_diagram.regression.terms import values_of
from causalstats.numerics.bases.splines import smooth
from causalstats.numerics.regression.hierarchical_logistic import (
    GroupedRows,
    draw_coefficients,
    draw_effects,
    effects_shift,
    level_probabilities,
    mean_shift,
)

if TYPE_CHECKING:
    import xarray as xr

    from causalstats.data import Observations
    from causalstats.models.causal_diagram.levels import Levels
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.tables import Table

_SEED_OF_UNSEEN_CELLS = 0
_KERNELS_KEPT = 16


@dataclass(frozen=True, eq=False)
class HierarchicalLogistic(Conditional):
    """Its posterior is approximated by normal distributions."""

    @property
    def coefficients_name(self) -> str:
        return f"coefficients of {self.table.name}"

    @property
    def scales_name(self) -> str:
        return f"scales of {self.table.name}"

    @property
    def effects_name(self) -> str:
        return f"cell effects of {self.table.name}"

    @property
    def parameters(self) -> tuple[str, ...]:
        return (self.coefficients_name,)

    @property
    def is_conjugate(self) -> bool:
        return True

    @cached_property
    def kernel(self) -> Kernel:
        """The fitted kernel, kept for questions that come later."""
        return _kept_kernel(
            self.data,
            self.table,
            treatment_among(self.model, self.table),
            _priors_of(self.model),
            tuple((name, tuple(states)) for name, states in self.levels.items()),
            self.model.basis_size,
        )

    @property
    def _rows(self) -> GroupedRows:
        return self.kernel.mixture.modes[0].rows

    @property
    def _arms(self) -> np.ndarray:
        """The arm of each row, shape (rows,)."""
        data = self.kernel.data
        if data.treatment and data.treatment_is_label:
            return data.values[data.treatment].astype(int)
        return np.zeros(len(data.counts), int)

    def inputs(self) -> dict[str, np.ndarray]:
        name = self.table.name
        rows = self._rows
        arrays = {
            f"columns of {name}": rows.design,
            f"outcomes of {name}": rows.counts,
        }
        if rows.cells is not None:
            arrays[f"cells of {name}"] = rows.cells
            arrays[f"arms of {name}"] = self._arms
        return arrays

    def add_to_graph(self, values: Mapping[str, Any]) -> None:
        import pymc as pm
        import pytensor.tensor as pt

        name = self.table.name
        rows = self._rows
        term, event, block, cell, arm = self._dimensions
        learned = rows.blocks >= 0
        coords: dict[str, Any] = {
            term: np.arange(rows.design.shape[1]),
            event: np.arange(rows.equations),
        }
        if rows.cells is not None:
            coords[cell] = np.arange(rows.cell_count)
            coords[arm] = np.arange(self.kernel.data.arms)
        if len(rows.scales):
            coords[block] = np.arange(len(rows.scales))
        pm.modelcontext(None).add_coords(coords)
        sds = pt.as_tensor(rows.sds)
        if len(rows.scales):
            scales = pm.HalfNormal(self.scales_name, rows.scales, dims=block)
            sds = pt.where(learned, scales[np.maximum(rows.blocks, 0)], sds)
        root = np.linalg.cholesky(rows.level_covariance)
        standard = pm.Normal(f"standard {name}", dims=(term, event))
        scaled = sds[:, None] * (standard @ root.T)
        coefficients = pm.Deterministic(
            self.coefficients_name, scaled, dims=(term, event)
        )
        predictors = values[f"columns of {name}"] @ coefficients
        if rows.cells is not None:
            shared = pm.Normal(f"standard cells of {name}", dims=(cell, event))
            by_arm = pm.Normal(f"standard arms of {name}", dims=(cell, arm, event))
            effects = (shared[:, None] + by_arm) @ root.T * scales[-1] / np.sqrt(2)
            effects = pm.Deterministic(
                self.effects_name, effects, dims=(cell, arm, event)
            )
            places = (values[f"cells of {name}"], values[f"arms of {name}"])
            predictors = predictors + effects[places]
        logits = pt.concatenate([pt.zeros_like(predictors[:, :1]), predictors], axis=1)
        counts = values[f"outcomes of {name}"]
        likelihood = (counts * logits).sum(axis=1)
        likelihood -= counts.sum(axis=1) * pt.logsumexp(logits, axis=1)
        pm.Potential(f"likelihood of {name}", likelihood.sum())

    @property
    def _dimensions(self) -> tuple[str, ...]:
        axes = ("term", "event", "block", "cell", "arm")
        return tuple(f"{axis}_{self.number}" for axis in axes)

    def draw(self, size: tuple[int, int], rng: np.random.Generator) -> LabelledArrays:
        mixture = self.kernel.mixture
        rows = self._rows
        term, event, block, cell, arm = self._dimensions
        total = size[0] * size[1]
        coefficients, chosen = draw_coefficients(mixture, total, rng)
        shifts = [mean_shift(mode) for mode in mixture.modes]
        scales = np.exp(np.stack([mode.log_scales for mode in mixture.modes]))[chosen]

        def by_chain(values: np.ndarray) -> np.ndarray:
            return values.reshape(*size, *values.shape[1:])

        axes = ("chain", "draw")
        moved = coefficients + np.stack([each.coefficients for each in shifts])[chosen]
        arrays: LabelledArrays = {
            self.coefficients_name: ((*axes, term, event), by_chain(moved))
        }
        if len(rows.scales):
            arrays[self.scales_name] = ((*axes, block), by_chain(scales))
        if rows.cells is None:
            return arrays
        arms = self.kernel.data.arms
        effects = np.empty((total, rows.cell_count, arms, rows.equations))
        for number, mode in enumerate(mixture.modes):
            inside = chosen == number
            drawn = draw_effects(mode, coefficients[inside], self._arms, arms, rng)
            shift = effects_shift(mode, shifts[number], self._arms, arms)
            effects[inside] = drawn + shift
        arrays[self.effects_name] = ((*axes, cell, arm, event), by_chain(effects))
        return arrays

    def mean(self, draws: Draws, causes: Mapping[str, np.ndarray]) -> np.ndarray:
        names = self.table.given
        coefficients = draws[self.coefficients_name]
        if not names:
            return level_probabilities(coefficients[:, :1])
        arrays = [np.asarray(causes[name]) for name in names]
        if any(
            isinstance(self.kernel.data.codings[name], NumberCoding) for name in names
        ):
            return self._mean_of_numbers(coefficients, arrays)
        codes = [_by_person(array).astype(int) for array in arrays]
        shape = tuple(len(self.levels[name]) for name in names)
        numbers = np.ravel_multi_index(np.broadcast_arrays(*codes), shape)
        cells, inverse = np.unique(numbers, return_inverse=True)
        values = dict(zip(names, np.unravel_index(cells, shape), strict=True))
        predictors = self._predictors(coefficients, values, len(cells))
        predictors = predictors + self._effects_of(draws, values, len(cells))
        table = level_probabilities(predictors)
        inverse, shape = inverse.reshape(numbers.shape), numbers.shape
        if shape[0] == 1:
            return table[:, inverse[0]]
        return table[np.arange(len(table))[:, None], inverse]

    def _predictors(
        self, coefficients: np.ndarray, values: Mapping[str, np.ndarray], rows: int
    ) -> np.ndarray:
        """Return log odds without effects of cells, shape (draws, rows, equations)."""
        kernel = self.kernel
        design = kernel.equation.design(kernel.data.codings, values, rows)
        return np.einsum("ik,nke->nie", design, coefficients, optimize=True)

    def _mean_of_numbers(
        self, coefficients: np.ndarray, arrays: list[np.ndarray]
    ) -> np.ndarray:
        """Return probabilities for each draw, with causes that may differ between draws.

        Parameters
        ----------
        coefficients : array, shape (draws, columns, equations)
        arrays : list of array (draws or 1, people or 1)
            The causes in the order of the table.
        """
        parts = [_by_person(array) for array in arrays]
        wide = np.broadcast_arrays(*parts)
        names = self.table.given
        if wide[0].shape[0] == 1:
            values = {name: part[0] for name, part in zip(names, wide, strict=True)}
            rows = wide[0].shape[1]
            return level_probabilities(self._predictors(coefficients, values, rows))
        tables = []
        for number, one in enumerate(coefficients):
            values = {
                name: part[number] for name, part in zip(names, wide, strict=True)
            }
            tables.append(self._predictors(one[None], values, wide[0].shape[1])[0])
        return level_probabilities(np.stack(tables))

    def _effects_of(
        self, draws: Draws, values: Mapping[str, np.ndarray], size: int
    ) -> np.ndarray:
        """Return the random effects of cells; those of cells not seen are from their prior.

        Parameters
        ----------
        draws : mapping of name to array (draws, ...)
        values : mapping of cause to array (cells,)
        size : int
            The number of cells.
        """
        if self._rows.cells is None:
            return np.zeros(1)
        data = self.kernel.data
        seen = data.stratum_values
        known = np.column_stack([seen[name] for name in data.confounders])
        positions = {tuple(row): number for number, row in enumerate(known)}
        asked = np.column_stack([values[name] for name in data.confounders])
        cells = np.array([positions.get(tuple(row), -1) for row in asked])
        arms = values[data.treatment] if data.treatment else np.zeros(size, int)
        effects = draws[self.effects_name][:, cells, arms.astype(int)]
        if (cells < 0).any():
            rng = np.random.default_rng(_SEED_OF_UNSEEN_CELLS)
            root = np.linalg.cholesky(self._rows.level_covariance)
            noise = rng.standard_normal(effects.shape) @ root.T
            noise *= draws[self.scales_name][:, -1, None, None]
            effects[:, cells < 0] = noise[:, cells < 0]
        return effects

    def log_density(
        self, mean: np.ndarray, draws: Draws, values: np.ndarray
    ) -> np.ndarray:
        return log_probability_of_level(mean, values)

    def log_prior(self, draws: xr.Dataset) -> xr.DataArray:
        import xarray as xr

        rows = self._rows
        coefficients = draws[self.coefficients_name].to_numpy()
        learned = rows.blocks >= 0
        shape = (*coefficients.shape[:2], len(rows.sds))
        sds = np.broadcast_to(rows.sds, shape).copy()
        scales = np.empty((*shape[:2], 0))
        if len(rows.scales):
            scales = draws[self.scales_name].to_numpy()
            sds[..., learned] = scales[..., rows.blocks[learned]]
        squares = np.einsum(
            "...ke,ef,...kf->...k", coefficients, rows.level_precision, coefficients
        )
        total = -(squares / sds**2 / 2 + rows.equations * np.log(sds)).sum(-1)
        total = total - ((scales / rows.scales) ** 2).sum(-1) / 2
        return xr.DataArray(total, dims=("chain", "draw"))

    def sample(
        self,
        mean: np.ndarray,
        draws: Draws,
        people: int,
        rng: np.random.Generator,
    ) -> np.ndarray:
        return sampled_levels(mean, people, rng)


def _by_person(array: np.ndarray) -> np.ndarray:
    """Return values of people, with one row where all draws have the same."""
    if len(array) > 1 and (array == array[:1]).all():
        return array[:1]
    return array


def treatment_among(model: CausalDiagram, table: Table) -> str:
    """Return the cause that a kernel takes for its treatment; "" where there is none.

    It is the last of the causes, in the order of the diagram, that is the treatment of the model or
    that the treatment acts on: the mediator in the second kernel of a front-door formula, whose
    other cause is a confounder there.
    """
    reached = {model.treatment, *model.graph.descendants(model.treatment)}
    among = [name for name in model.graph.nodes if name in reached & set(table.given)]
    return among[-1] if among else ""


def _priors_of(model: CausalDiagram) -> KernelPriors:
    return KernelPriors(
        coefficient_sd=model.logit_sd,
        intercept_sd=model.logit_intercept_sd,
        confounder_scale=model.confounder_scale,
        interaction_scale=model.interaction_scale,
    )


@lru_cache(maxsize=_KERNELS_KEPT)
def _kept_kernel(
    data: Observations,
    table: Table,
    treatment: str,
    priors: KernelPriors,
    levels: tuple[tuple[str, tuple[Any, ...]], ...],
    basis_size: int,
) -> Kernel:
    """Return the fitted kernel; questions after the fit ask for it again.

    Parameters
    ----------
    data : Observations
    table : Table
    treatment : str
    priors : KernelPriors
    levels : tuple of (variable, levels)
    basis_size : int
        The most spline columns of a number.
    """
    rows = kernel_data(data, table, treatment, dict(levels), basis_size)
    return fit_kernel(rows, priors)


def kernel_data(
    data: Observations,
    table: Table,
    treatment: str,
    levels: Levels,
    basis_size: int,
) -> KernelData:
    """Return the rows of a kernel, with the coding of its causes.

    Parameters
    ----------
    data : Observations
    table : Table
    treatment : str
        One of the causes, or "".
    levels : mapping of label to its levels
    basis_size : int
        The most spline columns of a number.
    """
    confounders = tuple(name for name in table.given if name != treatment)
    order = (*confounders, treatment) if treatment else confounders
    seen = data.counts > 0
    columns = [values_of(name, data, levels)[seen] for name in order]
    matrix = np.column_stack([np.zeros(seen.sum()), *columns])
    joined, inverse = np.unique(matrix, axis=0, return_inverse=True)
    outcome = data.places(table.variable, levels[table.variable])[seen]
    counts = np.zeros((len(joined), len(levels[table.variable])))
    np.add.at(counts, (inverse.ravel(), outcome), data.counts[seen])
    codings = {}
    values = {}
    for name, joined_values in zip(order, joined.T[1:], strict=True):
        coding = _coding_of(name, joined_values, counts.sum(axis=1), levels, basis_size)
        codings[name] = coding
        values[name] = joined_values
    return KernelData(values, counts, codings, treatment, confounders, table.moderators)


def _coding_of(
    name: str,
    values: np.ndarray,
    counts: np.ndarray,
    levels: Levels,
    basis_size: int,
) -> Coding:
    """Return the coding of one cause.

    Parameters
    ----------
    name : str
    values : array, shape (rows,)
    counts : array, shape (rows,)
    levels : mapping of label to its levels
    basis_size : int
        The most spline columns of a number.
    """
    if name in levels:
        return label_coding(values.astype(int), counts, len(levels[name]))
    return NumberCoding(smooth(np.repeat(values, counts.astype(int)), basis_size))
