"""Sufficient statistics of a panel: cross-products of transformed columns.

Columns are partialled out that have no prior (Frisch-Waugh-Lovell): dummies of periods, and an
intercept where unit means stay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.panel_dml.covariances import (
    coefficient_covariance,
    coefficient_factors,
    error_precisions,
    residual_covariance,
)
from causalstats.models.panel_dml.learned_columns import learned_columns
from causalstats.models.panel_dml.nuisance_basis import Basis
from causalstats.models.panel_dml.priors import Sizes, parameters_of
from causalstats.models.panel_dml.row_blocks import (
    Block,
    Columns,
    blocks,
    columns_of,
    free_rows,
    summed,
)
from causalstats.numerics.panel import ar1_errors as serial
from causalstats.numerics.regression import canonical_regression, gram_regression

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML

EXACT_FIT = 1e-10  # of a variable's variance: less is rounding
# Columns of all equations, where the cost grows with their third power
_MOST_COEFFICIENTS = 1_500


@dataclass(frozen=True, eq=False)
class SufficientStatistics:
    """Cross-products of φ, treatments and outcome, over the free rows of a panel.

    Parameters
    ----------
    model : PanelDML
    columns : Columns
    gram : array, shape (K, p + q, p + q)
        In standard units; K is 1, or with AR(1) errors the coefficients of polynomials that give
        the cross-products at any serial correlation.
    volume : array, shape (K,)
        The same of the logarithm of the errors' volume.
    units : array, shape (q,)
        Standard deviations of treatments and outcome.
    unexplained : array, shape (q,)
        1 - R² of each treatment on the rest, and of the outcome; NaN with more columns than rows.
    rows : float
        Free rows.
    kept_share : array, shape (N,), or None
        The share of each unit's means that stays.
    lowest : float or None
        The lowest serial correlation.
    """

    model: PanelDML
    columns: Columns
    gram: np.ndarray
    volume: np.ndarray
    units: np.ndarray
    unexplained: np.ndarray
    rows: float
    kept_share: np.ndarray | None
    lowest: float | None

    @property
    def basis(self) -> Basis:
        """φ."""
        return self.columns.basis

    @property
    def sizes(self) -> Sizes:
        """The number of parameters of each kind."""
        arrays = self.basis.prior_arrays()
        return Sizes(
            equations=len(self.units),
            terms=arrays["terms"].shape[1],
            sines="frequencies" in arrays,
            lowest=self.lowest,
        )

    @cached_property
    def canonical(self) -> canonical_regression.Canonical:
        """The likelihood in independent pieces, of errors that are independent."""
        return canonical_regression.canonical(
            self.gram[0], len(self.units), self.basis.spectrum, self.rows
        )

    @property
    def cross_products(self) -> dict[str, Any]:
        """The arrays that the likelihood by cross-products takes, by name."""
        values = {"gram": self.gram, "volume": self.volume, "rows": self.rows}
        values |= self.basis.prior_arrays()
        return values if self.lowest is None else values | {"lowest": self.lowest}

    def inputs(self, prefix: str = "") -> dict[str, np.ndarray]:
        """Return the inputs of the graph, each name after the prefix."""
        dense = self.model.needs_cross_products
        given = (
            self.cross_products
            if dense
            else canonical_regression.with_residual(self.canonical)
        )
        values = {"units": self.units} | given
        return {
            f"{prefix}{name}": np.asarray(value, float)
            for name, value in values.items()
        }


@dataclass(frozen=True, eq=False)
class Products:
    """Sums over blocks of rows, which add up.

    Parameters
    ----------
    grams : array, shape (K, m, m)
        Cross-products.
    volumes : array, shape (K,)
        Logarithms of the errors' volume.
    moments : array, shape (2, q)
        Sums and squares of treatments and outcome, not transformed.
    """

    grams: np.ndarray
    volumes: np.ndarray
    moments: np.ndarray

    def __add__(self, other: Products) -> Products:
        return Products(
            grams=self.grams + other.grams,
            volumes=self.volumes + other.volumes,
            moments=self.moments + other.moments,
        )


def statistics_within(model: PanelDML, data: Panel) -> SufficientStatistics:
    """Return the statistics of rows about their unit means, or as `heterogeneity` has them.

    Raises
    ------
    ModelError
        If nothing changes within units, a treatment or the outcome is collinear with unit or time
        effects or computed from the rest, or there are too few rows or too many coefficients.
    """
    columns = _all_columns(model, data)
    rows = free_rows(data, model.within_units, model.unit_trends)
    if rows == 0:
        raise ModelError(
            "Every unit was seen once: nothing changes within units. For a cross-section say "
            "heterogeneity='pooled'."
        )
    _refuse_too_many(model, columns)
    kept_share = model.unit_heterogeneity.kept_share(model, data, columns)
    correlations, gap = model.error_model.correlations(model, data)
    products = summed(
        partial(_products, correlations=correlations, centre=centre_of(data, columns)),
        blocks(data, columns, kept_share, gap=gap),
    )
    return reduced_statistics(
        model, data, columns, products, rows, kept_share, correlations
    )


def _all_columns(model: PanelDML, data: Panel) -> Columns:
    """Return the columns of a model, with those that are learned where it says so."""
    columns = columns_of(model, data)
    if model.nuisance == "basis" or not columns.basis.labels:
        return columns
    learned = learned_columns(columns, data, model.within_units)
    return replace(columns, learned=learned)


def _refuse_too_many(model: PanelDML, columns: Columns) -> None:
    count = len(columns.basis.spectrum) * (len(columns.effects) + 1)
    if model.needs_cross_products and count > _MOST_COEFFICIENTS:
        raise ModelError(
            f"{count:,} coefficients are too many for basis={model.basis!r}, "
            f"shrinkage={model.shrinkage!r} and errors={model.errors!r}, whose cost grows with "
            f"their third power; expected at most {_MOST_COEFFICIENTS:,}. Take a smaller "
            "`basis_size`, or the defaults of the three."
        )


def centre_of(data: Panel, columns: Columns) -> np.ndarray:
    """About which treatments, without their moderators, and the outcome are squared."""
    copies = len(columns.effects) // len(data.treatments)
    return np.append(np.tile(data.treatment.mean(axis=0), copies), data.outcome.mean())


def moments_of(block: Block, centre: np.ndarray) -> np.ndarray:
    """Return sums and sums of squares of treatments and outcome about a centre, (2, columns)."""
    values = np.column_stack([block.treatments(), block.outcome]) - centre
    return np.array([values.sum(axis=0), (values**2).sum(axis=0)])


def _products(
    block: Block, correlations: serial.Correlations | None, centre: np.ndarray
) -> Products:
    """Cross-products with independent errors, and then whitened ones at each serial correlation."""
    columns = block.transformed()
    grams, volumes = [columns.T @ columns], [0.0]
    if correlations is not None and block.gap is not None:
        levels = block.levels()
        within = block.kept_share is None
        for rho in correlations.nodes:
            white, volume = serial.whitened(
                levels, block.gap, block.starts, rho, within
            )
            grams.append(white.T @ white)
            volumes.append(volume)
    return Products(np.array(grams), np.array(volumes), moments_of(block, centre))


def reduced_statistics(
    model: PanelDML,
    data: Panel,
    columns: Columns,
    products: Products,
    rows: float,
    kept_share: np.ndarray | None,
    correlations: serial.Correlations | None,
) -> SufficientStatistics:
    """Partial out the columns that have no prior, and divide by standard deviations.

    Parameters
    ----------
    model : PanelDML
    data : Panel
    columns : Columns
    products : Products
    rows : float
        Free rows, before columns without a prior are partialled out.
    kept_share : array, shape (N,), or None
    correlations : Correlations or None
    """
    names = [*columns.effects, data.arguments["outcome"]]
    equations, width = len(names), len(columns.basis.spectrum)
    unpenalised = np.arange(width, products.grams.shape[1] - equations)
    reduced = [
        canonical_regression.without(gram, unpenalised) for gram in products.grams
    ]
    grams = np.array([gram for gram, _, _ in reduced])
    rows = rows - reduced[0][1]
    if rows < equations + 1:
        raise ModelError(
            f"Only {rows:g} rows are left when units and times have their own effects, and at "
            f"least {equations + 1} are needed."
        )
    total = np.diagonal(grams[0])[width:]
    raw = products.moments[1] - products.moments[0] ** 2 / len(data)
    within = np.diagonal(products.grams[0])[-equations:]
    for k, name in enumerate(names):
        if not total[k] > EXACT_FIT * raw[k]:
            raise ModelError(
                _absorbed(model, name, bool(within[k] > EXACT_FIT * raw[k]))
            )
    unexplained = _unexplained(grams[0], width, rows)
    _refuse_exact(names, unexplained)
    units = np.sqrt(total / rows) if model.scale is None else np.array(model.scale)
    if len(units) != equations:
        raise ModelError(
            f"Expected `scale` as {equations} numbers, for {', '.join(columns.effects)} and the "
            f"outcome, got {model.scale!r}."
        )
    scale = np.append(np.ones(width), 1 / units)
    grams = grams * scale[:, None] * scale
    volumes = np.zeros(1)
    if correlations is not None:
        log_determinants = np.array([volume for _, _, volume in reduced])
        grams = correlations.coefficients(grams[1:])
        volumes = correlations.coefficients(products.volumes[1:] + log_determinants[1:])
    return SufficientStatistics(
        model=model,
        columns=columns,
        gram=grams,
        volume=volumes,
        units=units,
        unexplained=unexplained,
        rows=rows,
        kept_share=kept_share,
        lowest=None if correlations is None else correlations.lowest,
    )


def _absorbed(model: PanelDML, name: str, varies: bool) -> str:
    """Say why nothing of a variable remains: units' own effects, or those of times, or both."""
    if not varies and model.within_units:
        beside = " beside their trends" if model.unit_trends else ""
        return (
            f"{name!r} does not vary within any unit{beside}: there is no change whose effect, or "
            "cause, could be seen. Look at heterogeneity='pooled'."
        )
    effects = "effects of units and times" if model.within_units else "effects of times"
    if model.unit_trends:
        effects = "effects of units and times, and units' trends"
    return (
        f"{name!r} is collinear with the {effects}: they explain all of it, and no variation "
        "remains to estimate an effect from. A variable that is the same for all units at each "
        "time needs time_effects=False, and its effect cannot be told from other changes over "
        "time; otherwise ask for the effect of a variable that changes differently in different "
        "units."
    )


def _unexplained(gram: np.ndarray, width: int, rows: float) -> np.ndarray:
    """1 - R² of each treatment on φ and the other treatments, and of the outcome on them all."""
    if len(gram) > rows:
        return np.full(len(gram) - width, np.nan)
    norms = np.sqrt(np.maximum(np.diagonal(gram), 0.0))
    norms = np.where(norms > 0, norms, 1.0)
    correlation = gram / norms / norms[:, None]
    shares = []
    for target in range(width, len(gram)):
        others = [k for k in range(len(gram) - 1) if k != target]
        inner = correlation[np.ix_(others, others)]
        across = correlation[others, target]
        shares.append(
            1 - across @ np.linalg.pinv(inner, rcond=1e-9, hermitian=True) @ across
        )
    return np.array(shares)


def _refuse_exact(names: list[str], unexplained: np.ndarray) -> None:
    """Refuse a treatment or outcome that is computed from the rest: only rounding would remain."""
    for name, share in zip(names, unexplained, strict=True):
        if share < EXACT_FIT:
            outcome = name == names[-1]
            source = "treatment and covariates" if outcome else "the rest"
            lost = (
                "no error is left to learn from"
                if outcome
                else "no change of it is left to see"
            )
            raise ModelError(
                f"{name!r} follows exactly from {source}: {lost}. Leave out what it is computed "
                "from."
            )


def log_likelihood(model: PanelDML, draws: xr.Dataset, data: Panel) -> xr.DataArray:
    """Return the log likelihood of every draw, in standard units, coefficients integrated out.

    Parameters
    ----------
    model : PanelDML
    draws : Dataset
    data : Panel

    Returns
    -------
    DataArray
        With dims (chain, draw), but for a constant; that of effects between units included.
    """
    chains, count = draws.sizes["chain"], draws.sizes["draw"]
    total = np.zeros(chains * count)
    likelihood: Callable[..., float] = _of_pieces
    if model.needs_cross_products:
        likelihood = partial(_of_cross_products, model)
    for prefix, statistics in model.statistics_by_prefix(data).items():
        given = (
            statistics.cross_products
            if model.needs_cross_products
            else statistics.inputs()
        )
        scales = scales_of(statistics, draws, prefix)
        for k in range(len(total)):
            total[k] += likelihood(
                given, {name: value[k] for name, value in scales.items()}
            )
    return xr.DataArray(total.reshape(chains, count), dims=("chain", "draw"))


def _of_pieces(given: Mapping[str, np.ndarray], scales: Mapping[str, Any]) -> float:
    covariance = residual_covariance(
        np,
        scales["standard_effect"],
        scales.get("standard_link"),
        scales["standard_error_sd"],
    )
    prior = coefficient_covariance(
        np,
        scales["standard_coefficient_sd"],
        scales.get("standard_association"),
        len(covariance),
    )
    return canonical_regression.log_likelihood(
        given["eigenvalues"], given["pieces"], given["weights"], covariance, prior
    )


def _of_cross_products(
    model: PanelDML, given: Mapping[str, np.ndarray], scales: Mapping[str, Any]
) -> float:
    grams, volumes = model.error_model.cross_products(np, given, scales)
    sd = scales["standard_error_sd"]
    precisions = error_precisions(
        np, scales["standard_effect"], scales.get("standard_link"), sd
    )
    factors = coefficient_factors(np, given, scales, len(sd))
    value = gram_regression.with_derivatives(np, grams, precisions, factors)[0]
    return float(value - (given["rows"] * np.log(sd) + volumes / 2).sum())


def scales_of(
    statistics: SufficientStatistics, draws: xr.Dataset, prefix: str = ""
) -> dict[str, np.ndarray]:
    """Return the parameters in standard units by name, one row a draw.

    Parameters
    ----------
    statistics : SufficientStatistics
    draws : Dataset
    prefix : str
        "between_" for effects between units.
    """
    count = draws.sizes["chain"] * draws.sizes["draw"]
    scales = {}
    for parameter in parameters_of(statistics.model, statistics.sizes):
        values = draws[prefix + parameter.name].to_numpy()
        scales[parameter.name] = values.reshape(count, *values.shape[2:])
    return scales


def posterior_mean_scales(
    statistics: SufficientStatistics, draws: xr.Dataset
) -> dict[str, np.ndarray]:
    """Return the posterior mean of each parameter in standard units, by name."""
    return {
        name: values.mean(axis=0)
        for name, values in scales_of(statistics, draws).items()
    }


def coefficients(
    statistics: SufficientStatistics,
    scales: Mapping[str, np.ndarray],
    gram: np.ndarray | None = None,
) -> np.ndarray:
    """Return the posterior mean of the coefficients of φ (p, q), in standard units.

    Parameters
    ----------
    statistics : SufficientStatistics
    scales : mapping
        One value of each parameter, by name.
    gram : array, shape (p + q, p + q), or None
        Cross-products of other rows in place of the panel's.
    """
    given = statistics.cross_products
    if gram is not None:
        given = given | {"gram": gram[None]}
    model = statistics.model
    grams = model.error_model.cross_products(np, given, scales)[0]
    sd = scales["standard_error_sd"]
    precisions = error_precisions(
        np, scales["standard_effect"], scales.get("standard_link"), sd
    )
    factors = coefficient_factors(np, given, scales, len(sd))
    return gram_regression.coefficients(grams, precisions, factors)


def drawn_coefficients(
    statistics: SufficientStatistics, draws: xr.Dataset, rng: np.random.Generator
) -> np.ndarray:
    """Return coefficients of φ (draws, p, q) in standard units, drawn given the scales.

    Parameters
    ----------
    statistics : SufficientStatistics
    draws : Dataset
    rng : Generator
    """
    scales = scales_of(statistics, draws)
    count = len(scales["standard_error_sd"])
    given = statistics.cross_products
    equations = len(statistics.units)
    drawn = np.empty((count, len(statistics.basis.spectrum), equations))
    for k in range(count):
        values = {name: value[k] for name, value in scales.items()}
        grams, _ = statistics.model.error_model.cross_products(np, given, values)
        precisions = error_precisions(
            np,
            values["standard_effect"],
            values.get("standard_link"),
            values["standard_error_sd"],
        )
        factors = coefficient_factors(np, given, values, equations)
        drawn[k] = gram_regression.draw_coefficients(grams, precisions, factors, rng)
    return drawn
