"""From the rows of a panel to what its likelihood needs, and back: transformed columns, their cross-products, what is left of outcome and treatments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.model import Prediction
from causalstats.models.panel_dml_basis import Basis, basis_of
from causalstats.models.panel_dml_graph import residual_covariance
from causalstats.numerics import canonical_regression as regression
from causalstats.numerics.within import demeaned, unit_means

_CHUNK = 100_000  # rows whose columns are held at once
_EXACTLY = 1e-10  # of a treatment's variance: what is left is rounding
_REPLICATIONS = 200
_MOST_ROWS = 50_000  # that are looked at one by one


@dataclass(frozen=True, eq=False)
class Prepared:
    """The likelihood in canonical form, in units (q,) of treatments and outcome, of `rows` free rows.

    `kept` is the share of each unit's means (N,) that is left in the columns where units are not taken out.
    """

    basis: Basis
    form: regression.Canonical
    units: np.ndarray
    rows: float
    kept: np.ndarray

    def inputs(self, prefix: str) -> dict[str, np.ndarray]:
        """What the graph takes."""
        values = regression.with_residual(self.form) | {"units": self.units}
        return {f"{prefix}{name}": np.asarray(value, float) for name, value in values.items()}


def prepared(model: Any, data: Panel) -> Prepared:
    """Every column about its unit mean, or less of it and an intercept beside, and cross-products of them."""
    basis = basis_of(data, model.functions, model.interactions)
    rows = len(data) - (len(data.units) if model.inside else 0)
    if rows == 0:
        raise ModelError("Every unit was seen once: nothing changes within units. For a cross-section say heterogeneity='pooled'.")
    kept, gram = _kept_means(model, data, basis), 0.0
    for part in _parts(data):
        columns = np.hstack(_transformed(model, data, basis, part, kept))
        gram = gram + columns.T @ columns
    return _reduced(model, data, basis, gram, rows, kept)


def between_units(model: Any, data: Panel) -> Prepared:
    """The same of unit means, one row a unit, about their mean."""
    basis = basis_of(data, model.functions, model.interactions)
    columns = np.vstack([unit_means(np.hstack(_levels(model, data, basis, part)), _starts(data, part), data.weights[part]) for part in _parts(data)])
    columns = columns - columns.mean(axis=0)
    return _reduced(model, data, basis, columns.T @ columns, len(columns) - 1, np.ones(len(columns)))


def _reduced(model: Any, data: Panel, basis: Basis, gram: Any, rows: float, kept: np.ndarray) -> Prepared:
    """Without the columns that have no prior, in standard units."""
    aims, width = len(data.treatments) + 1, len(basis.spectrum)
    gram, taken = regression.without(gram, np.arange(width, len(gram) - aims))
    rows = rows - taken
    if rows < aims + 1:
        raise ModelError(f"Only {rows:g} rows are left when units and times have their own effects, and at least {aims + 1} are needed.")
    total = np.diagonal(gram)[width:]
    raw = np.append(data.treatment.var(axis=0), data.outcome.var()) * len(data)
    for name, left, of in zip([*data.treatments, data.arguments["outcome"]], total, raw, strict=True):
        if not left > _EXACTLY * of:
            where = "within any unit" if model.inside else "when units and times have their own effects"
            raise ModelError(f"{name!r} does not vary {where}: there is no change whose effect, or cause, could be seen. Look at heterogeneity='pooled'.")
    units = np.sqrt(total / rows) if model.scale is None else np.array(model.scale)
    if len(units) != aims:
        raise ModelError(f"Expected `scale` as {aims} numbers, for {', '.join(data.treatments)} and the outcome, got {model.scale!r}.")
    scale = np.append(np.ones(width), 1 / units)
    return Prepared(basis, regression.canonical(gram * scale[:, None] * scale, aims, basis.spectrum, rows), units, rows, kept)


def _parts(data: Panel, most: int = _CHUNK) -> Iterator[slice]:
    """Rows of whole units, at most so many at once where units are no larger."""
    edges = np.append(data.starts, len(data))
    start = 0
    while start < len(data):
        stop = max(edges[np.searchsorted(edges, start + most, side="right") - 1], edges[np.searchsorted(edges, start, side="right")])
        yield slice(int(start), int(stop))
        start = stop


def _starts(data: Panel, part: slice) -> np.ndarray:
    """Where units begin in these rows."""
    return data.starts[(data.starts >= part.start) & (data.starts < part.stop)] - part.start


def _levels(model: Any, data: Panel, basis: Basis, part: slice) -> list[np.ndarray]:
    """φ, the columns without a prior, treatments and outcome, as they are."""
    times = data.time_dummies(part) if model.time_effects else np.empty((part.stop - part.start, 0))
    return [basis.columns(data.source.iloc[part]), times, data.treatment[part], data.outcome[part, None]]


def _transformed(model: Any, data: Panel, basis: Basis, part: slice, kept: np.ndarray) -> list[np.ndarray]:
    """The same about the share of unit means that this heterogeneity takes out, each row by the root of its weight."""
    found, weights, starts = _levels(model, data, basis, part), data.weights[part], _starts(data, part)
    if model.inside:
        found = [demeaned(columns, starts, weights) for columns in found]
    else:
        sizes, share = np.diff(starts, append=len(weights)), kept[data.unit[part], None]
        found[1] = np.hstack([np.ones((len(weights), 1)), found[1]])
        found = [columns - (1 - share) * np.repeat(unit_means(columns, starts, weights), sizes, axis=0) for columns in found]
    return [columns * np.sqrt(weights)[:, None] for columns in found]


def _kept_means(model: Any, data: Panel, basis: Basis) -> np.ndarray:
    """√(s² / (s² + T ω²)) of each unit: the share of its means that is left by the quasi-demeaning of random effects (Swamy & Arora 1972); 1 if pooled."""
    if model.heterogeneity != "random":
        return np.ones(len(data.units))
    columns = np.hstack(_levels(model, data, basis, slice(0, len(data))))
    inner = demeaned(columns, data.starts)  # without weights, which change the share of a mean hardly
    slopes = np.linalg.lstsq(inner[:, :-1], inner[:, -1], rcond=1e-10)[0]
    left = columns[:, -1] - columns[:, :-1] @ slopes
    free = max(len(data) - len(data.units) - np.linalg.matrix_rank(inner[:, :-1]), 1)
    s2 = ((inner[:, -1] - inner[:, :-1] @ slopes) ** 2).sum() / free
    between = unit_means(left[:, None], data.starts)[:, 0].var(ddof=1) - s2 * (1 / data.sizes).mean()
    return np.sqrt(s2 / (s2 + data.sizes * max(between, 0.0)))


def log_likelihood(model: Any, draws: xr.Dataset, data: Panel) -> xr.DataArray:
    """For every draw; of effects between units as well, where the model has them."""
    chains, count = draws.sizes["chain"], draws.sizes["draw"]
    total = np.zeros(chains * count)
    for prefix, form in model.forms(data).items():
        values = form.inputs("")
        theta, links, sd, tau = _scales(draws, prefix)
        for k, covariance in enumerate(residual_covariance(np, theta, links, sd)):
            total[k] += regression.log_likelihood(values["eigenvalues"], values["pieces"], values["weights"], covariance, tau[k] ** 2)
    return xr.DataArray(total.reshape(chains, count), dims=("chain", "draw"))


def _scales(draws: xr.Dataset, prefix: str) -> tuple[np.ndarray, np.ndarray | None, np.ndarray, np.ndarray]:
    """θ, links, s and τ in standard units, a row a draw; no links of a single treatment."""
    names = ["standard_effect", "standard_link", "standard_error_sd", "standard_coefficient_sd"]
    count = draws.sizes["chain"] * draws.sizes["draw"]
    theta, links, sd, tau = (draws[prefix + name].to_numpy().reshape(count, -1) if prefix + name in draws else None for name in names)
    assert theta is not None and sd is not None and tau is not None
    return theta, links, sd, tau


def left_over(model: Any, draws: xr.Dataset, data: Panel, most: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is left of treatments and outcome (n, q), in standard units, when φ is taken out at the posterior mean of the scales; the mean of Σ; whose rows.

    With `most`, of the units that make up the first so many rows.
    """
    form = model.prepared(data)
    theta, links, sd, tau = _scales(draws, "")
    tau = tau.mean(axis=0)
    covariance = residual_covariance(np, theta, links, sd).mean(axis=0)
    total = covariance + form.form.eigenvalues[:, None, None] * np.diag(tau**2)
    inner = np.sqrt(form.form.eigenvalues)[:, None] * np.linalg.solve(total, form.form.pieces[..., None])[..., 0] * tau**2
    kept, parts = form.kept, list(_parts(data)) if most is None else [next(_parts(data, most))]
    rows, within, across = [], 0.0, 0.0
    for part in parts:
        phi, times, treatment, outcome = _transformed(model, data, form.basis, part, kept)
        rows.append(np.hstack([treatment, outcome]) / form.units - phi @ (form.form.loadings @ inner))
        within, across = within + times.T @ times, across + times.T @ rows[-1]
    if np.size(within):
        slopes = np.linalg.lstsq(within, across, rcond=1e-10)[0]
        rows = [left - _transformed(model, data, form.basis, part, kept)[1] @ slopes for left, part in zip(rows, parts, strict=True)]
    return np.vstack(rows), covariance, data.unit[: parts[-1].stop]


def clustered(model: Any, draws: xr.Dataset, data: Panel) -> xr.Dataset:
    """The draws of θ about their mean, stretched until their covariance is the sandwich of the units' scores (Müller 2013, Econometrica 81:1805-1849):

    (V'V)⁻¹ Σ_i V_i'e_i e_i'V_i (V'V)⁻¹ · N/(N-1), with V what is left of the treatments and e = Y - θ'V that of the outcome, at the posterior means
    """
    left, _, unit = left_over(model, draws, data)
    theta = _scales(draws, "")[0]
    middle = theta.mean(axis=0)
    v, e = left[:, :-1], left[:, -1] - left[:, :-1] @ middle
    count, bread = len(data.units), np.linalg.inv(v.T @ v)
    scores = np.column_stack([np.bincount(unit, column) for column in (v * e[:, None]).T])
    robust = count / (count - 1) * bread @ (scores.T @ scores) @ bread
    stretch = np.linalg.cholesky(robust) @ np.linalg.inv(np.linalg.cholesky(np.atleast_2d(np.cov(theta, rowvar=False))))
    wider = (middle + (theta - middle) @ stretch.T).reshape(draws["standard_effect"].shape)
    units = model.prepared(data).units
    found = draws.assign(standard_effect=draws["standard_effect"].copy(data=wider), effect=draws["effect"].copy(data=wider * units[-1] / units[:-1]))
    if "between_effect" in found:
        found["contextual_effect"] = found["between_effect"] - found["effect"]
    return found


def predictions(model: Any, draws: xr.Dataset, data: Panel, rng: np.random.Generator) -> tuple[Prediction, ...]:
    """Of what is left of each treatment and the outcome: correlation of a unit's neighbouring rows, tails, and the mean at each time; what is assumed of it."""
    left, covariance, unit = left_over(model, draws, data, _MOST_ROWS)
    names, root = (*data.treatments, data.arguments["outcome"]), np.linalg.cholesky(covariance)
    starts = np.flatnonzero(np.diff(unit, prepend=-1))
    time = data.time[: len(unit)]
    periods, at = np.unique(time, return_inverse=True)

    def statistics(rows: np.ndarray) -> list[np.ndarray]:
        neighbours = np.diff(unit) == 0
        serial = (rows[1:] * rows[:-1])[neighbours].sum(axis=0) / (rows**2).sum(axis=0)
        tails = (rows**4).mean(axis=0) / (rows**2).mean(axis=0) ** 2
        return [serial, tails, np.bincount(at, rows[:, -1]) / np.bincount(at)]

    share = np.sqrt(data.weights[: len(unit)])[:, None]

    def replicate() -> list[np.ndarray]:
        rows = rng.standard_normal(left.shape) @ root.T / share
        return statistics(share * demeaned(rows, starts if model.inside else np.zeros(1, int), share[:, 0] ** 2))

    observed, replicated = statistics(left), [replicate() for _ in range(_REPLICATIONS)]
    labels = (names, names, tuple(f"{value:g}" for value in periods))
    sizes = (np.full(len(names), len(left)), np.full(len(names), len(left)), np.bincount(at))
    described = {
        "serial correlation": "Errors last: intervals are too short. Say `errors='clustered'`.",
        "tails": "A few rows lie far out: look at them, and take logarithms where a variable is positive and skewed.",
        "mean over time": "Something moved all units at once: say `time_effects=True`.",
    }
    return tuple(
        Prediction(name=name, groups=labels[k], observed=observed[k], size=sizes[k], replicated=np.array([each[k] for each in replicated]), remedy=remedy)
        for k, (name, remedy) in enumerate(described.items())
        if not (name in ("serial correlation", "tails") and model.errors == "clustered") and not (name == "mean over time" and model.time_effects)
    )
