"""From the rows of a panel to what its likelihood needs: cross-products of transformed columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import xarray as xr

from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.panel_dml.nuisance_basis import Basis
from causalstats.models.panel_dml.parameters import (
    coefficient_covariance,
    factors,
    grams_and_volumes,
    precisions,
    residual_covariance,
)
from causalstats.models.panel_dml.row_blocks import Block, Columns, blocks, columns_of, summed
from causalstats.numerics.panel import serial_correlation as serial
from causalstats.numerics.panel.within_transformation import demeaned, unit_means
from causalstats.numerics.regression import canonical_regression as regression
from causalstats.numerics.regression import gram_regression

_EXACTLY = 1e-10  # of a treatment's variance: what is left is rounding
_MOST_COEFFICIENTS = (
    1_500  # of all equations together, where they take the third power of operations
)
LOWEST = -0.5  # serial correlation
_STANDARD = ("effect", "link", "error_sd", "coefficient_sd", "association")
SCALES = (
    *(f"standard_{name}" for name in _STANDARD),
    "covariate_scale",
    "length_scale",
    "serial_correlation",
)


@dataclass(frozen=True, eq=False)
class Prepared:
    """Cross-products (1, p + q, p + q) of φ, treatments and outcome in standard units, over `rows` free rows.

    Of errors that last, the coefficients (48, ...) of polynomials that give them at any correlation from `lowest` on, and of the logarithm of their `volume`.
    `units` (q,) are those of treatments and outcome; `left` (q,) is the share of each that does not follow from the rest, NaN with more columns than rows;
    `share` (N,) is what is left of unit means where they are not taken out.
    """

    columns: Columns
    gram: np.ndarray
    volume: np.ndarray
    units: np.ndarray
    left: np.ndarray
    rows: float
    share: np.ndarray | None
    lowest: float | None
    dense: bool
    own_scales: bool

    @property
    def basis(self) -> Basis:
        return self.columns.basis

    @cached_property
    def form(self) -> regression.Canonical:
        """The likelihood in canonical form, of independent errors."""
        return regression.canonical(self.gram[0], len(self.units), self.basis.spectrum, self.rows)

    def inputs(self, prefix: str = "") -> dict[str, np.ndarray]:
        """What the graph takes."""
        values = {"units": self.units} | (
            self.given if self.dense else regression.with_residual(self.form)
        )
        return {f"{prefix}{name}": np.asarray(value, float) for name, value in values.items()}

    @property
    def given(self) -> dict[str, Any]:
        """What the likelihood by cross-products takes beside the parameters."""
        values = {"gram": self.gram, "volume": self.volume, "rows": self.rows} | self.basis.priors()
        values |= {"own_scales": 1.0} if self.own_scales else {}
        return values if self.lowest is None else values | {"lowest": self.lowest}


@dataclass(frozen=True, eq=False)
class Products:
    """Cross-products (K, m, m), the logarithm of volumes (K,), sums and squares of treatments and outcome as they are (2, q), which add up over blocks."""

    grams: np.ndarray
    volumes: np.ndarray
    moments: np.ndarray

    def __add__(self, other: Products) -> Products:
        return Products(
            self.grams + other.grams, self.volumes + other.volumes, self.moments + other.moments
        )


def prepared(model: Any, data: Panel) -> Prepared:
    """Every column about its unit mean, or less of it and an intercept beside, and cross-products of them."""
    columns = columns_of(model, data)
    rows = len(data) - (len(data.units) if model.inside else 0)
    if rows == 0:
        raise ModelError(
            "Every unit was seen once: nothing changes within units. For a cross-section say heterogeneity='pooled'."
        )
    _refuse_too_many(model, columns)
    share = None if model.inside else _share_left(model, data, columns)
    correlations, gap = correlations_of(model, data)
    found = summed(
        partial(_products, correlations=correlations, middle=_middle(data, columns)),
        blocks(data, columns, share, gap=gap),
    )
    return _reduced(model, data, columns, found, rows, share, correlations)


def _refuse_too_many(model: Any, columns: Columns) -> None:
    count = len(columns.basis.spectrum) * (len(columns.effects) + 1)
    if model.dense and count > _MOST_COEFFICIENTS:
        raise ModelError(
            f"{count:,} coefficients are too many for basis={model.basis!r}, shrinkage={model.shrinkage!r} and errors={model.errors!r}, whose cost grows "
            f"with their third power; expected at most {_MOST_COEFFICIENTS:,}. Take fewer `basis_size`, or the defaults of the three."
        )


def between_units(model: Any, data: Panel) -> Prepared:
    """The same of unit means, one row a unit, about their mean."""
    columns = columns_of(model, data)
    means, moments, middle = [], np.zeros(()), _middle(data, columns)
    for block in blocks(data, columns, None):
        means.append(unit_means(block.levels(), block.starts, block.weights))
        moments = moments + _moments(block, middle)
    centred = np.vstack(means) - np.vstack(means).mean(axis=0)
    return _reduced(
        model,
        data,
        columns,
        Products((centred.T @ centred)[None], np.zeros(1), moments),
        len(centred) - 1,
        None,
        None,
    )


def _middle(data: Panel, columns: Columns) -> np.ndarray:
    """About which treatments, without their moderators, and the outcome are squared."""
    return np.append(
        np.tile(data.treatment.mean(axis=0), len(columns.effects) // len(data.treatments)),
        data.outcome.mean(),
    )


def _moments(block: Block, middle: np.ndarray) -> np.ndarray:
    values = np.column_stack([block.treatments(), block.outcome]) - middle
    return np.array([values.sum(axis=0), (values**2).sum(axis=0)])


def correlations_of(
    model: Any, data: Panel
) -> tuple[serial.Correlations | None, np.ndarray | None]:
    """Those that errors may have, and the time since each unit's row before; none where they are independent."""
    if model.errors != "ar1":
        return None, None
    if model.heterogeneity == "random" or np.ptp(data.weights) > 0:
        what = "weights" if model.heterogeneity != "random" else "heterogeneity='random'"
        raise ModelError(
            f"errors='ar1' does not go with {what}: expected rows of one weight, and units that are 'within', 'mundlak' or 'pooled'."
        )
    if (data.sizes > 1).sum() == 0:
        raise ModelError("Every unit was seen once: no error can last. Say errors='iid'.")
    gap = serial.gaps(data.time, data.starts)
    whole = np.array_equal(gap, np.round(gap), equal_nan=True)
    return serial.Correlations(LOWEST if whole else 0.0), gap


def _products(
    block: Block, correlations: serial.Correlations | None, middle: np.ndarray
) -> Products:
    """At every node those of rows as they come from a model of errors; before them, those of independent errors."""
    columns = block.transformed()
    grams, volumes = [columns.T @ columns], [0.0]
    if correlations is not None and block.gap is not None:
        levels, inside = block.levels(), block.share is None
        for rho in correlations.nodes:
            white, volume = serial.whitened(levels, block.gap, block.starts, rho, inside)
            grams.append(white.T @ white)
            volumes.append(volume)
    return Products(np.array(grams), np.array(volumes), _moments(block, middle))


def _reduced(
    model: Any,
    data: Panel,
    columns: Columns,
    found: Products,
    rows: float,
    share: np.ndarray | None,
    correlations: serial.Correlations | None,
) -> Prepared:
    """Without the columns that have no prior, in standard units."""
    names, basis = [*columns.effects, data.arguments["outcome"]], columns.basis
    aims, width = len(names), len(basis.spectrum)
    flat = np.arange(width, found.grams.shape[1] - aims)
    grams, taken, volumes = zip(
        *(regression.without(gram, flat) for gram in found.grams), strict=True
    )
    rows = rows - taken[0]
    if rows < aims + 1:
        raise ModelError(
            f"Only {rows:g} rows are left when units and times have their own effects, and at least {aims + 1} are needed."
        )
    total = np.diagonal(grams[0])[width:]
    raw = found.moments[1] - found.moments[0] ** 2 / len(data)
    inside = np.diagonal(found.grams[0])[-aims:]
    for name, within, left, of in zip(names, inside, total, raw, strict=True):
        if not left > _EXACTLY * of:
            raise ModelError(_absorbed(model, name, bool(within > _EXACTLY * of)))
    left = _left(grams[0], width, rows)
    _refuse_exact(names, left)
    units = np.sqrt(total / rows) if model.scale is None else np.array(model.scale)
    if len(units) != aims:
        raise ModelError(
            f"Expected `scale` as {aims} numbers, for {', '.join(columns.effects)} and the outcome, got {model.scale!r}."
        )
    scale = np.append(np.ones(width), 1 / units)
    gram, volume, lowest = np.array(grams) * scale[:, None] * scale, np.zeros(1), None
    if correlations is not None:
        lowest = correlations.lowest
        gram, volume = (
            correlations.coefficients(gram[1:]),
            correlations.coefficients(found.volumes[1:] + np.array(volumes[1:])),
        )
    return Prepared(
        columns,
        gram,
        volume,
        units,
        left,
        rows,
        share,
        lowest,
        model.dense,
        model.shrinkage == "global-local",
    )


def _absorbed(model: Any, name: str, varies: bool) -> str:
    """Why nothing of a variable remains, in words: units' own effects, or those of times, or both."""
    if not varies and model.inside:
        return (
            f"{name!r} does not vary within any unit: there is no change whose effect, or cause, "
            "could be seen. Look at heterogeneity='pooled'."
        )
    effects = "effects of units and times" if model.inside else "effects of times"
    return (
        f"{name!r} is collinear with the {effects}: they explain all of it, and no variation "
        "remains to estimate an effect from. A variable that is the same for all units at each "
        "time needs time_effects=False, and its effect cannot be told from other changes over "
        "time; otherwise ask for the effect of a variable that changes differently in different "
        "units."
    )


def _left(gram: np.ndarray, width: int, rows: float) -> np.ndarray:
    """1 - R² of each treatment on φ and the other treatments, and of the outcome on φ and all treatments, by least squares."""
    aims = range(width, len(gram))
    if len(gram) > rows:
        return np.full(len(aims), np.nan)
    norms = np.sqrt(np.maximum(np.diagonal(gram), 0.0))
    unit = gram / np.where(norms > 0, norms, 1.0) / np.where(norms > 0, norms, 1.0)[:, None]
    found = []
    for aim in aims:
        others = [place for place in range(len(gram) - 1) if place != aim]
        with_aim = unit[others, aim]
        found.append(
            1
            - with_aim
            @ np.linalg.pinv(unit[np.ix_(others, others)], rcond=1e-9, hermitian=True)
            @ with_aim
        )
    return np.array(found)


def _refuse_exact(names: list[str], left: np.ndarray) -> None:
    """An error where one of treatments and outcome is computed from the rest: least squares then leaves rounding alone."""
    for name, share in zip(names, left, strict=True):
        if share < _EXACTLY:
            of, remedy = (
                ("treatment and covariates", "no error is left to learn from")
                if name == names[-1]
                else ("the rest", "no change of it is left to see")
            )
            raise ModelError(
                f"{name!r} follows exactly from {of}: {remedy}. Leave out what it is computed from."
            )


def _share_left(model: Any, data: Panel, columns: Columns) -> np.ndarray:
    """√(s² / (s² + T ω²)) of each unit: the share of its means that is left by the quasi-demeaning of random effects (Swamy & Arora 1972); 1 if pooled."""
    if model.heterogeneity != "random":
        return np.ones(len(data.units))
    # Without weights, which change the share of a mean hardly.
    gram = summed(_unweighted, blocks(data, columns, None))
    values, vectors = np.linalg.eigh(gram[:-1, :-1])
    kept = values > _EXACTLY * values[-1]
    slopes = vectors[:, kept] @ (vectors[:, kept].T @ gram[:-1, -1] / values[kept])
    free = len(data) - len(data.units) - int(kept.sum())
    if free < 1:
        raise ModelError(
            f"Random effects need the variance of errors within units, and {int(kept.sum()):,} columns take up all {len(data) - len(data.units):,} free rows. "
            "Take fewer `basis_size`, or heterogeneity='mundlak'."
        )
    s2 = max(gram[-1, -1] - gram[:-1, -1] @ slopes, 0.0) / free
    means = [
        unit_means(block.levels() @ np.append(-slopes, 1)[:, None], block.starts)[:, 0]
        for block in blocks(data, columns, None)
    ]
    between = np.concatenate(means).var(ddof=1) - s2 * (1 / data.sizes).mean()
    return np.sqrt(s2 / (s2 + data.sizes * max(between, 0.0)))


def _unweighted(block: Block) -> np.ndarray:
    inner = demeaned(block.levels(), block.starts)
    return inner.T @ inner


def log_likelihood(model: Any, draws: xr.Dataset, data: Panel) -> xr.DataArray:
    """For every draw; of effects between units as well, where the model has them."""
    chains, count = draws.sizes["chain"], draws.sizes["draw"]
    total = np.zeros(chains * count)
    for prefix, form in model.forms(data).items():
        given, scales = form.given if form.dense else form.inputs(), scales_of(draws, prefix)
        for k in range(len(total)):
            one = {name: value[k] for name, value in scales.items()}
            total[k] += _of_cross_products(given, one) if form.dense else _of_pieces(given, one)
    return xr.DataArray(total.reshape(chains, count), dims=("chain", "draw"))


def _of_pieces(given: Mapping[str, np.ndarray], scales: Mapping[str, Any]) -> float:
    covariance = residual_covariance(
        np, scales["standard_effect"], scales.get("standard_link"), scales["standard_error_sd"]
    )
    prior = coefficient_covariance(
        np, scales["standard_coefficient_sd"], scales.get("standard_association"), len(covariance)
    )
    return regression.log_likelihood(
        given["eigenvalues"], given["pieces"], given["weights"], covariance, prior
    )


def _of_cross_products(given: Mapping[str, np.ndarray], scales: Mapping[str, Any]) -> float:
    grams, volumes = grams_and_volumes(np, given, scales)
    sd = scales["standard_error_sd"]
    omega = precisions(np, scales["standard_effect"], scales.get("standard_link"), sd)
    value = gram_regression.with_derivatives(np, grams, omega, factors(np, given, scales, len(sd)))[
        0
    ]
    return float(value - (given["rows"] * np.log(sd) + volumes / 2).sum())


def scales_of(draws: xr.Dataset, prefix: str) -> dict[str, np.ndarray]:
    """Parameters in standard units by name, a row a draw; those that the model has."""
    count = draws.sizes["chain"] * draws.sizes["draw"]
    found = {name: draws[prefix + name] for name in SCALES if prefix + name in draws}
    return {
        name: values.to_numpy().reshape(count, *values.shape[2:]) for name, values in found.items()
    }


def coefficients(
    form: Prepared, scales: Mapping[str, np.ndarray], gram: np.ndarray | None = None
) -> np.ndarray:
    """The posterior mean of the coefficients of φ (p, q) in standard units, at one value of each scale; with cross-products of other rows, if given."""
    given = form.given if gram is None else form.given | {"gram": gram[None]}
    grams = grams_and_volumes(np, given, scales)[0]
    omega = precisions(
        np, scales["standard_effect"], scales.get("standard_link"), scales["standard_error_sd"]
    )
    return gram_regression.coefficients(grams, omega, factors(np, given, scales, len(omega)))
