"""Conditional distributions where numbers are among the variables: their columns, and their posterior in closed form or as a PyMC graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.data import Observations
from causalstats.models.causal_diagram.tables import Levels, Table
from causalstats.numerics.bases.splines import Smooth, smooth
from causalstats.numerics.discrete import dirichlet
from causalstats.numerics.regression import gaussian_regression

if TYPE_CHECKING:
    import pymc as pm

_ROWS_A_CELL = 10  # on average, in each cell of what a table is given
_LOGIT_SD = 2.5  # of a coefficient on the logit scale at the usual concentration


def logit_sd(concentration: float) -> float:
    """Return the prior standard deviation of a logistic coefficient, for a column with standard deviation 1."""
    return _LOGIT_SD * float(np.sqrt(0.5 / concentration))


@dataclass(frozen=True, eq=False)
class Columns:
    """What a conditional distribution makes of its causes: a few functions of each number, a column a level but the first, and products of pairs."""

    table: Table
    smooths: Mapping[str, Smooth]
    levels: Mapping[str, int]
    pairs: tuple[tuple[str, str], ...]

    @property
    def spectrum(self) -> np.ndarray:
        """Relative prior variances of the coefficients (p,)."""
        own = [
            self.smooths[name].spectrum if name in self.smooths else np.ones(self.levels[name] - 1)
            for name in self.table.given
        ]
        return np.concatenate(
            [
                np.empty(0),
                *own,
                *(np.ones(self._width(one) * self._width(other)) for one, other in self.pairs),
            ]
        )

    def _width(self, name: str) -> int:
        """Columns that go into products: the straight line of a number, every level."""
        return 1 if name in self.smooths else self.levels[name] - 1

    def __call__(self, values: Mapping[str, np.ndarray]) -> Iterator[np.ndarray]:
        """Each column, in the shape of the values of the causes: numbers, or positions of levels."""
        own = {name: list(self._of(name, np.asarray(values[name]))) for name in self.table.given}
        for name in self.table.given:
            yield from own[name]
        for one, other in self.pairs:
            yield from (
                a * b
                for a in own[one][: self._width(one)]
                for b in own[other][: self._width(other)]
            )

    def _of(self, name: str, values: np.ndarray) -> Iterator[np.ndarray]:
        if name in self.smooths:
            flat = self.smooths[name].columns(values.ravel().astype(float))
            yield from (flat[:, k].reshape(values.shape) for k in range(flat.shape[1]))
        else:
            yield from ((values == level).astype(float) for level in range(1, self.levels[name]))


def columns_of(
    table: Table, data: Observations, levels: Levels, functions: int, interactions: str
) -> Columns:
    """By the sample."""
    smooths = {
        name: smooth(np.repeat(data.column(name), data.counts.astype(int)), functions)
        for name in table.given
        if name in data.continuous
    }
    pairs = tuple(combinations(table.given, 2)) if interactions == "pairs" else ()
    return Columns(
        table,
        smooths,
        {name: len(levels[name]) for name in table.given if name not in smooths},
        pairs,
    )


def matrix(columns: Columns, data: Observations, levels: Levels) -> np.ndarray:
    """(r, p)."""
    values = {
        name: data.column(name) if name in data.continuous else data.places(name, levels[name])
        for name in columns.table.given
    }
    found = list(columns(values))
    return np.column_stack(found) if found else np.empty((len(data.counts), 0))


def tabulated(table: Table, data: Observations) -> bool:
    """Whether it has labels alone, and rows enough to fill a table; it is logistic where not."""
    if set(table.axes) & set(data.continuous):
        return False
    cells = float(np.prod([len(data.levels[name]) for name in table.given], dtype=float))
    return not table.given or len(data) >= _ROWS_A_CELL * cells


def conjugate(table: Table, data: Observations) -> bool:
    """Whether its posterior is in closed form."""
    return tabulated(table, data) or table.variable in data.continuous


def names_of(table: Table) -> tuple[str, str]:
    """What its coefficients and the standard deviation of its errors are called."""
    return f"coefficients of {table.name}", f"error sd of {table.name}"


def draw(
    model: Any,
    tables: Sequence[Table],
    data: Observations,
    levels: Levels,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> xr.Dataset:
    """Independent draws of all that is in closed form."""
    found: dict[str, Any] = {}
    coords: dict[str, Any] = {"chain": np.arange(size[0]), "draw": np.arange(size[1])}
    for number, table in enumerate(tables):
        if tabulated(table, data):
            found[table.name] = (
                ("chain", "draw", *table.axes),
                dirichlet.draw(data.table(table.axes, levels) + model.concentration, size, rng),
            )
            coords |= {name: list(levels[name]) for name in table.axes}
        else:
            columns = columns_of(table, data, levels, model.functions, model.interactions)
            given = matrix(columns, data, levels), data.column(table.variable), data.counts
            slopes, sd = gaussian_regression.draw(
                *given, columns.spectrum, model.concentration, size, rng
            )
            coefficients, errors = names_of(table)
            found |= {
                coefficients: (("chain", "draw", f"term_{number}"), slopes),
                errors: (("chain", "draw"), sd),
            }
    return xr.Dataset(found, coords)


def inputs(
    model: Any, tables: Sequence[Table], data: Observations, levels: Levels
) -> dict[str, np.ndarray]:
    """Columns about their means, their spectra and outcomes, by table."""
    found: dict[str, np.ndarray] = {"counts": data.counts}
    for table in tables:
        if tabulated(table, data):
            found[f"counts of {table.name}"] = data.table(table.axes, levels)
            continue
        columns = columns_of(table, data, levels, model.functions, model.interactions)
        outcome = (
            data.column(table.variable)
            if table.variable in data.continuous
            else data.places(table.variable, levels[table.variable])
        )
        design = matrix(columns, data, levels)
        if table.variable in data.continuous:
            prior, determined = gaussian_regression.prior_precision(
                design, data.counts, columns.spectrum, model.concentration
            )
            found[f"prior precision of {table.name}"] = prior
            found[f"determined of {table.name}"] = np.array(determined)
        found |= {
            f"columns of {table.name}": design,
            f"spectrum of {table.name}": columns.spectrum,
            f"outcome of {table.name}": outcome,
        }
    return found


def build(model: Any, tables: Sequence[Table], data: Observations, levels: Levels) -> pm.Model:
    """Tables Dirichlet, numbers linear with normal errors, labels that depend on numbers multinomial logistic; the priors of `gaussian_regression`."""
    import pymc as pm
    import pytensor.tensor as pt

    labels = {
        name: list(levels[name])
        for table in tables
        if tabulated(table, data)
        for name in table.axes
    }
    given = inputs(model, tables, data, levels)
    with pm.Model(coords=labels) as graph:
        values = {name: pm.Data(name, value) for name, value in given.items()}
        counts = values["counts"]
        for number, table in enumerate(tables):
            if tabulated(table, data):
                theta = pm.Dirichlet(
                    table.name,
                    a=np.full(given[f"counts of {table.name}"].shape, float(model.concentration)),
                    dims=table.axes,
                )
                pm.Potential(
                    f"likelihood of {table.name}",
                    (values[f"counts of {table.name}"] * pt.log(theta)).sum(),
                )
            elif table.variable in data.continuous:
                _linear(table, values, given, counts, model.concentration, number)
            else:
                _logistic(table, values, given, counts, len(levels[table.variable]), model, number)
    return graph


def _linear(
    table: Table,
    values: Mapping[str, Any],
    given: Mapping[str, np.ndarray],
    counts: Any,
    weight: float,
    number: int,
) -> None:
    import pymc as pm
    import pytensor.tensor as pt

    y, z = given[f"outcome of {table.name}"], given[f"columns of {table.name}"]
    total = given["counts"].sum()
    middle, centre = given["counts"] @ y / total, given["counts"] @ z / total
    scale = np.sqrt(given["counts"] @ (y - middle) ** 2 / total) or 1.0
    coefficients, errors = names_of(table)
    variance = pm.InverseGamma(f"standard variance of {table.name}", weight / 2, weight / 2)
    pm.modelcontext(None).add_coords(
        {f"term_{number}": np.arange(z.shape[1] + 1), f"column_{number}": np.arange(z.shape[1])}
    )
    slopes = pm.Flat(f"standard slopes of {table.name}", dims=f"column_{number}")
    squares = slopes @ values[f"prior precision of {table.name}"] @ slopes
    # The normal prior's own power of the variance, less that of the coefficients the data determine.
    power = z.shape[1] - values[f"determined of {table.name}"]
    pm.Potential(f"prior of {table.name}", -(squares / variance + power * pt.log(variance)) / 2)
    intercept = pm.Flat(f"standard intercept of {table.name}")
    mean = intercept + (values[f"columns of {table.name}"] - centre) @ slopes
    residual = (values[f"outcome of {table.name}"] - middle) / scale - mean
    pm.Potential(
        f"likelihood of {table.name}",
        -(counts * (residual**2 / variance + pt.log(variance))).sum() / 2,
    )
    intercept = pt.atleast_1d(middle + scale * (intercept - slopes @ centre))
    pm.Deterministic(
        coefficients, pt.concatenate([intercept, scale * slopes]), dims=f"term_{number}"
    )
    pm.Deterministic(errors, scale * pt.sqrt(variance))


def _logistic(
    table: Table,
    values: Mapping[str, Any],
    given: Mapping[str, np.ndarray],
    counts: Any,
    levels: int,
    model: Any,
    number: int,
) -> None:
    import pymc as pm
    import pytensor.tensor as pt

    z = given[f"columns of {table.name}"]
    centre = given["counts"] @ z / given["counts"].sum()
    width = logit_sd(model.concentration)
    sd = width * pt.sqrt(values[f"spectrum of {table.name}"])[:, None]
    event, sizes = (
        f"event_{number}",
        {"term": z.shape[1] + 1, "column": z.shape[1], "event": levels - 1},
    )
    pm.modelcontext(None).add_coords(
        {f"{name}_{number}": np.arange(size) for name, size in sizes.items()}
    )
    slopes = pm.Normal(f"slopes of {table.name}", 0, sd, dims=(f"column_{number}", event))
    intercept = pm.Normal(f"intercept of {table.name}", 0, 2 * width, dims=event)
    logit = intercept + (values[f"columns of {table.name}"] - centre) @ slopes
    logit = pt.concatenate([pt.zeros_like(logit[:, :1]), logit], axis=1)
    chosen = logit[pt.arange(z.shape[0]), values[f"outcome of {table.name}"]]
    pm.Potential(
        f"likelihood of {table.name}", (counts * (chosen - pt.logsumexp(logit, axis=1))).sum()
    )
    pm.Deterministic(
        names_of(table)[0],
        pt.concatenate([(intercept - centre @ slopes)[None], slopes]),
        dims=(f"term_{number}", event),
    )
