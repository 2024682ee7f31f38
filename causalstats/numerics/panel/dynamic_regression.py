"""Dynamic panel regression with unit effects given the first outcome: its integrated likelihood.

y_it = ρ y_i,t-1 + x_it'β + α_i + e_it,    α_i = φ y_i0 + Σ_s x_is'λ_s + u_i

The unit effect depends on the first outcome (the initial conditions problem).
Given the first outcome y_i0 and the regressors of all periods, the Jacobian of the outcomes in
the errors is 1, so that the likelihood is that of generalised least squares of y_it on y_i,t-1,
x_it, y_i0 and x_i1 ... x_iT, with covariance Ω = diag(σ_t²) + σ_u² 11' within a unit. Given σ_t
and σ_u all coefficients are integrated out, from sums over units of products of columns at two
periods.

References
----------
Blundell & Bond (1998), Initial conditions and moment restrictions in dynamic panel data models,
Journal of Econometrics 87, section 5 (conditional generalised least squares). Hsiao, Pesaran &
Tahmiscioglu (2002), Maximum likelihood estimation of fixed effects dynamic panel data models
covering short time periods, Journal of Econometrics 109. Alvarez & Arellano (2022), Robust
likelihood estimation of dynamic panel data models, Journal of Econometrics 226.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from causalstats.numerics.regression.stacked_cholesky import cholesky_or_nan


@dataclass(frozen=True, eq=False)
class Histories:
    """Cross-products of the units that were observed in the same periods.

    Parameters
    ----------
    periods : array of int, shape (T,)
        The positions of their periods among those of the panel.
    gram : array, shape (T, T, k + 1, k + 1)
        Sums over units of the products of columns at two periods; the outcome is the last column.
    units : float
        Their weight.
    """

    periods: np.ndarray
    gram: np.ndarray
    units: float


def cross_products(columns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return sums over units of products of columns at two periods, (T, T, k + 1, k + 1).

    Parameters
    ----------
    columns : array, shape (n, T, k + 1)
    weights : array, shape (n,)
    """
    units, times, width = columns.shape
    wide = columns.reshape(units, times * width)
    gram = (wide.T @ (wide * weights[:, None])).reshape(times, width, times, width)
    return gram.transpose(0, 2, 1, 3)


def weighted_gram(
    histories: Sequence[Histories],
    error_variance: np.ndarray,
    unit_variance: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return Σ_i Z_i'Ω⁻¹Z_i (n, k + 1, k + 1) and Σ_i log|Ω| (n,), Z the columns of a unit.

    Ω⁻¹ = D - c dd', with D = diag(d), d = 1/σ_t² and c = σ_u² / (1 + σ_u² Σd).

    Parameters
    ----------
    histories : sequence of Histories
    error_variance : array, shape (n, periods)
        σ_t².
    unit_variance : array, shape (n,)
        σ_u².
    """
    total: Any = 0.0
    log_determinant: Any = 0.0
    for each in histories:
        d = 1 / error_variance[:, each.periods]
        inflation = 1 + unit_variance * d.sum(axis=1)
        c = unit_variance / inflation
        across = -c[:, None, None] * d[:, :, None] * d[:, None, :]
        count = len(each.periods)
        across[:, np.arange(count), np.arange(count)] += d
        width = each.gram.shape[-1]
        products = across.reshape(len(d), -1) @ each.gram.reshape(-1, width**2)
        total = total + products.reshape(-1, width, width)
        log_determinant = log_determinant + each.units * (
            np.log(inflation) - np.log(d).sum(axis=1)
        )
    return total, log_determinant


def log_marginal(
    gram: np.ndarray, log_determinant: np.ndarray, precision: np.ndarray
) -> np.ndarray:
    """Return the log likelihood with coefficients integrated out, but for a constant, (n,).

    Parameters
    ----------
    gram, log_determinant : array, shape (n, k + 1, k + 1) and (n,)
        Of `weighted_gram`.
    precision : array, shape (k,)
        Prior precision of the coefficients; 0 is a flat prior.
    """
    width = gram.shape[-1]
    penalised = gram.copy()
    penalised[:, np.arange(width - 1), np.arange(width - 1)] += precision
    diagonal = np.diagonal(cholesky_or_nan(penalised), axis1=1, axis2=2)
    fit = np.log(diagonal[:, :-1]).sum(axis=1) + diagonal[:, -1] ** 2 / 2
    return -log_determinant / 2 - fit


def coefficients_given(
    gram: np.ndarray, precision: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean (n, k) and covariance (n, k, k) of the coefficients given the variances.

    Parameters
    ----------
    gram : array, shape (n, k + 1, k + 1)
    precision : array, shape (k,)
    """
    inner = gram[:, :-1, :-1] + np.diag(precision)
    covariance = np.linalg.inv(inner)
    mean = np.einsum("nij,nj->ni", covariance, gram[:, :-1, -1])
    return mean, covariance


def unit_scores(
    residuals: np.ndarray,
    columns: np.ndarray,
    error_sd: np.ndarray,
    unit_sd: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each unit's score of coefficients (n, k), of σ_t (n, T) and of σ_u (n, 1).

    With a = Ω⁻¹r of the residuals r: X'a, σ_t (a_t² - (Ω⁻¹)_tt), σ_u ((1'a)² - 1'Ω⁻¹1).

    Parameters
    ----------
    residuals : array, shape (n, T)
    columns : array, shape (n, T, k)
    error_sd : array, shape (T,)
    unit_sd : float
    """
    inverse = np.linalg.inv(np.diag(error_sd**2) + unit_sd**2)
    weighted = residuals @ inverse
    of_coefficients = np.einsum("nt,ntk->nk", weighted, columns)
    of_errors = error_sd * (weighted**2 - np.diag(inverse))
    of_units = unit_sd * (weighted.sum(axis=1) ** 2 - inverse.sum())
    return of_coefficients, of_errors, of_units[:, None]
