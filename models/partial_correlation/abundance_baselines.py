"""Differential abundance by other methods, beside ours in `fit.compare`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from causalstats.core.abilities import Baseline
from causalstats.data import Composition
from causalstats.models.partial_correlation.covariates import coefficient_labels
from causalstats.models.partial_correlation.marginal_posteriors import Coefficients
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.compositions.bias_corrected_regression import (
    bias_by_mixture,
    mode,
    regressions,
)


def abundance_baselines(data: Composition) -> Mapping[str, Baseline]:
    """Return LinDA and ANCOM-BC, as `numerics.compositions.bias_corrected_regression` says.

    Parameters
    ----------
    data : Composition
        With covariates. Counts have 1/2 added, and rows are taken as independent. Neither method
        knows of parts that are declared absent: none is returned then.
    """
    if data.present is not None:
        return {}
    return {"LinDA": partial(_linda, data), "ANCOM-BC": partial(_ancom_bc, data)}


def _fitted(data: Composition) -> tuple[np.ndarray, np.ndarray, int]:
    """Return b and ν of each covariate in its own unit, (q - 1, D), and n - q."""
    assert data.design is not None
    ratios = log_ratios.clr(data.positive_values)
    fitted = regressions(ratios, data.matrix)
    unit = data.design.scale[:, None]
    return fitted.coefficients[1:] / unit, fitted.errors[1:] / unit, fitted.degrees


def _closed(
    data: Composition, location: np.ndarray, scale: np.ndarray, degrees: float
) -> Coefficients:
    """Return estimates with their labels, in the order of the answer."""
    assert data.design is not None
    labels = coefficient_labels(data.design.columns, data.parts, by_pair=False)
    return Coefficients(labels, location.ravel(), scale.ravel(), degrees)


def _linda(data: Composition, rng: np.random.Generator) -> tuple[Coefficients, None]:
    coefficients, errors, degrees = _fitted(data)
    biases = np.array([mode(each) for each in coefficients])
    return _closed(data, coefficients - biases[:, None], errors, degrees), None


def _ancom_bc(data: Composition, rng: np.random.Generator) -> tuple[Coefficients, None]:
    coefficients, errors, _ = _fitted(data)
    mixtures = [
        bias_by_mixture(*each) for each in zip(coefficients, errors, strict=True)
    ]
    biases = np.array([[each.bias] for each in mixtures])
    spread = np.array([[np.sqrt(each.bias_variance)] for each in mixtures])
    # The variance of a difference is at most that of errors of correlation -1
    return _closed(data, coefficients - biases, errors + spread, np.inf), None
