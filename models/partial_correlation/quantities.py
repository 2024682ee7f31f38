"""Quantities that follow from Θ: partial correlations, R², log-ratio variances and others.

Each has its values with labels and, where there are any, its closed-form marginals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from causalstats.models.partial_correlation.marginal_posteriors import (
    Coefficients,
    Correlations,
    Variances,
    pair_labels,
    pairs,
)
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.compositions.pair_names import (
    coefficient_name,
    pair_name,
    ratio_name,
)
from causalstats.numerics.compositions.partial_correlations import (
    closure_baseline,
    partial_correlations,
    partial_variances,
    r_squared,
    r_squared_by_reference,
    regression_coefficients,
)

Parts = tuple[str, ...]
Labelled = tuple[str, list[str], np.ndarray]
"""A dimension (empty of a scalar), its labels, and values (..., label)."""


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A function of Θ that users ask for.

    Parameters
    ----------
    values : callable
        A function of Θ (..., D, D) and the names of the parts.
    description, unit : str
    marginals : callable, optional
        The distribution of each entry where Θ ~ Wishart(ν, B), of B, ν and the names of the parts.
    approximate : bool
        Whether these marginals leave something out, and serve only without draws.
    """

    values: Callable[[np.ndarray, Parts], Labelled]
    description: str
    unit: str
    marginals: Callable[[np.ndarray, float, Parts], Any] | None = None
    approximate: bool = False


def _pair_values(matrix: Callable[[np.ndarray], np.ndarray]) -> Callable[..., Any]:
    """Return the values above the diagonal of a matrix that follows from Θ, by pair."""

    def values(theta: np.ndarray, parts: Parts) -> Labelled:
        return "pair", pair_labels(parts), matrix(theta)[(..., *pairs(len(parts)))]

    return values


def _part_values(vector: Callable[[np.ndarray], np.ndarray]) -> Callable[..., Any]:
    """Return a vector that follows from Θ, by part."""
    return lambda theta, parts: ("part", list(parts), vector(theta))


def _entries(matrix: Callable[[np.ndarray], np.ndarray]) -> Callable[..., Any]:
    """Return the entries on and above the diagonal of a matrix that follows from Θ."""

    def values(theta: np.ndarray, parts: Parts) -> Labelled:
        upper = (..., *np.triu_indices(len(parts)))
        return "element", list(_element_labels(tuple(parts))), matrix(theta)[upper]

    return values


@lru_cache(maxsize=8)
def _element_labels(parts: Parts) -> tuple[str, ...]:
    return tuple(
        pair_name(one, other)
        for index, one in enumerate(parts)
        for other in parts[index:]
    )


def _closure_baseline(theta: np.ndarray) -> np.ndarray:
    return closure_baseline(partial_variances(theta))


def _excess(theta: np.ndarray, parts: Parts) -> Labelled:
    upper = (..., *pairs(len(parts)))
    r = partial_correlations(theta)[upper]
    baseline = _closure_baseline(theta)[upper]
    excess = np.tanh(np.arctanh(r) - np.arctanh(baseline))
    return "pair", pair_labels(parts), excess.astype(theta.dtype, copy=False)


def _off_diagonal(parts: Parts) -> np.ndarray:
    return ~np.eye(len(parts), dtype=bool)


@lru_cache(maxsize=8)
def _regression_labels(parts: Parts) -> tuple[str, ...]:
    return tuple(
        coefficient_name(one, other) for one in parts for other in parts if one != other
    )


@lru_cache(maxsize=8)
def _ratio_labels(parts: Parts) -> tuple[str, ...]:
    return tuple(
        ratio_name(one, other) for one in parts for other in parts if one != other
    )


def _regression_coefficients(theta: np.ndarray, parts: Parts) -> Labelled:
    coefficients = regression_coefficients(theta)[..., _off_diagonal(parts)]
    return "coefficient", list(_regression_labels(tuple(parts))), coefficients


def _r_squared(theta: np.ndarray) -> np.ndarray:
    return r_squared(log_ratios.covariance_from_precision(theta), theta)


def _r_squared_by_reference(theta: np.ndarray, parts: Parts) -> Labelled:
    labels = list(_ratio_labels(tuple(parts)))
    shares = r_squared_by_reference(log_ratios.covariance_from_precision(theta), theta)
    return "log_ratio", labels, shares[..., _off_diagonal(parts)]


def _variation(theta: np.ndarray) -> np.ndarray:
    return log_ratios.variation_matrix(log_ratios.covariance_from_precision(theta))


def _total_variance(theta: np.ndarray, parts: Parts) -> Labelled:
    return (
        "",
        [],
        np.trace(log_ratios.covariance_from_precision(theta), axis1=-2, axis2=-1),
    )


def _precision(theta: np.ndarray) -> np.ndarray:
    return theta


def _correlation_marginals(
    scale: np.ndarray, degrees: float, parts: Parts
) -> Correlations:
    rho = partial_correlations(scale)[pairs(len(parts))]
    return Correlations(pair_labels(parts), rho, degrees)


def _excess_marginals(scale: np.ndarray, degrees: float, parts: Parts) -> Correlations:
    marginals = _correlation_marginals(scale, degrees, parts)
    return replace(marginals, baseline=_closure_baseline(scale)[pairs(len(parts))])


def _variance_marginals(scale: np.ndarray, degrees: float, parts: Parts) -> Variances:
    return Variances(list(parts), np.diagonal(scale), degrees)


def _coefficient_marginals(
    scale: np.ndarray, degrees: float, parts: Parts
) -> Coefficients:
    """Return the Student t of each coefficient b_ij, with ν degrees of freedom."""
    off = _off_diagonal(parts)
    diagonal = np.diagonal(scale)
    residual = np.maximum(diagonal[None, :] - scale**2 / diagonal[:, None], 0)
    spread = np.sqrt(residual / (degrees * diagonal[:, None]))
    location = -scale / diagonal[:, None]
    return Coefficients(
        list(_regression_labels(parts)), location[off], spread[off], degrees
    )


QUANTITIES: Mapping[str, Quantity] = {
    "partial_correlation": Quantity(
        values=_pair_values(partial_correlations),
        description="Partial correlation of two parts given all the others, the same for every "
        "reference.",
        unit="correlation",
        marginals=_correlation_marginals,
    ),
    "excess": Quantity(
        values=_excess,
        description="Partial correlation beyond what closure alone would make of parts with these "
        "partial variances: tanh(atanh r - atanh r⁰). It is 0 where no parts are linked, and only "
        "there: a link leaves an excess of order 1/D in other pairs, and a part linked alike to "
        "all others has none: among few parts it is no list of links. Three positively correlated "
        "parts have no excess.",
        unit="correlation",
        marginals=_excess_marginals,
        approximate=True,
    ),
    "closure_baseline": Quantity(
        values=_pair_values(_closure_baseline),
        description="Partial correlation r⁰ that closure alone makes of parts with these partial "
        "variances.",
        unit="correlation",
    ),
    "partial_variance": Quantity(
        values=_part_values(partial_variances),
        description="Variance of a part's logarithm about its best log-contrast in the others.",
        unit="squared log-ratio",
        marginals=_variance_marginals,
    ),
    "r_squared": Quantity(
        values=_part_values(_r_squared),
        description="Share of the variance of a part's log-ratio to the mean of the others that "
        "the others explain.",
        unit="share",
    ),
    "r_squared_by_reference": Quantity(
        values=_r_squared_by_reference,
        description="Share of the variance of the log-ratio of one part to another that the other "
        "log-ratios explain; the second part is the reference.",
        unit="share",
    ),
    "regression_coefficient": Quantity(
        values=_regression_coefficients,
        description="Coefficient of one part's logarithm on another's, all the others held; those "
        "of one part sum to 1.",
        unit="log per log",
        marginals=_coefficient_marginals,
    ),
    "clr_covariance": Quantity(
        values=_entries(log_ratios.covariance_from_precision),
        description="Γ: covariance of the centred log-ratios, each part's to the mean of all. Its "
        "rows sum to 0, so that some entries must be negative.",
        unit="squared log-ratio",
    ),
    "clr_precision": Quantity(
        values=_entries(_precision),
        description="Θ: pseudo-inverse of the covariance of the centred log-ratios, from which "
        "everything follows. Its rows sum to 0.",
        unit="inverse squared log-ratio",
    ),
    "log_ratio_variance": Quantity(
        values=_pair_values(_variation),
        description="Variance of the log-ratio of two parts.",
        unit="squared log-ratio",
    ),
    "total_variance": Quantity(
        values=_total_variance,
        description="Total log-ratio variance: the sum of the variances of the centred log-ratios.",
        unit="squared log-ratio",
    ),
}
