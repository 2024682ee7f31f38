"""Generalised least squares with correlated rows: scatter about covariates, and log determinants.

If C - WB has rows of correlation R(φ) and columns of covariance Σ, and B has a flat prior, the
density of C is, up to a constant,

    |Σ|^(-m/2) exp(-tr(Σ⁻¹ S)/2) (|R| |W'R⁻¹W|)^(-p/2),   m = n - columns of W, p the rank of Σ
    S = C'PC,  P = R⁻¹ - R⁻¹W (W'R⁻¹W)⁻¹ W'R⁻¹

Rows of one subject are equally correlated (a random intercept), R = (1-φ) I + φ M'M with `member`
M (N, n) of 0 and 1; or, sorted by subject and time, by φ^gap, as an AR(1) process: `gap` (n,) is
the time since the row before, and `linked` (n,) is 0 where a subject begins.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

_MOST_AT_ONCE = 1000  # values of φ


def _equal_correlation(xp: Any) -> Callable[..., Any]:
    """A function of X, φ, M and its row sums, of rows of a subject that are equally correlated."""

    def equal(whole: Any, correlation: Any, member: Any, size: Any) -> tuple:
        """X'R⁻¹X and its derivative, R⁻¹X, log |R| and its derivative.

        R⁻¹ = (I - M' diag(φ / (1 - φ + Tφ)) M) / (1-φ), R' = M'M - I.

        Parameters
        ----------
        whole : array, shape (n, k)
            X.
        correlation : float
            φ.
        member : array, shape (N, n)
            M.
        size : array, shape (N,)
            T, rows of each subject.
        """
        single = 1 - correlation
        joint = single + size * correlation
        shares = (correlation / joint).reshape(-1, 1)
        solved = (whole - member.T @ (shares * (member @ whole))) / single
        sums = member @ solved
        log_determinant = (size - 1).sum() * xp.log(single) + xp.log(joint).sum()
        return (
            whole.T @ solved,
            solved.T @ solved - sums.T @ sums,
            solved,
            log_determinant,
            ((size - 1) * (1 / joint - 1 / single)).sum(),
        )

    return equal


def _ar1_correlation(xp: Any) -> Callable[..., Any]:
    """The same function of X, φ, gap and linked, of rows that follow each other in time."""

    def ar1(whole: Any, correlation: Any, gap: Any, linked: Any) -> tuple:
        """The same, from R⁻¹ = A'A with innovations A x = (x_t - ρ_t x_before) / √(1-ρ_t²).

        ρ_t = φ^gap, 0 where a subject begins.

        Parameters
        ----------
        whole : array, shape (n, k)
            X.
        correlation : float
            φ.
        gap, linked : array, shape (n,)
        """
        rho = linked * correlation**gap
        change = linked * gap * correlation ** (gap - 1)
        variance = 1 - rho**2
        root = xp.sqrt(variance).reshape(-1, 1)
        last = xp.concatenate((whole[:1], whole[:-1]))
        innovations = (whole - rho.reshape(-1, 1) * last) / root
        growth = (rho * change / variance).reshape(-1, 1)
        steps = growth * innovations - change.reshape(-1, 1) / root * last
        following = rho.reshape(-1, 1) * innovations / root
        solved = innovations / root - xp.concatenate((following[1:], 0 * following[:1]))
        slope = innovations.T @ steps
        return (
            innovations.T @ innovations,
            slope + slope.T,
            solved,
            xp.log(variance).sum(),
            -2 * (rho * change / variance).sum(),
        )

    return ar1


def program(xp: Any, in_time: bool) -> Callable[..., Any]:
    """Return the function that gives `about_covariates`, and then what its derivatives take.

    Those are the derivatives of both in φ, and PC. The function takes columns, covariates, φ, and M
    with its row sums, or gap and linked.

    Parameters
    ----------
    xp : module
        `numpy` or `jax.numpy`.
    in_time : bool
        Whether rows follow each other in time.
    """
    by_rows = (_ar1_correlation if in_time else _equal_correlation)(xp)

    def reduced(
        columns: Any, covariates: Any, correlation: Any, first: Any, second: Any
    ) -> tuple:
        whole = xp.concatenate((covariates, columns), axis=1)
        inner, slope, solved, determinant, growth = by_rows(
            whole, correlation, first, second
        )
        q = covariates.shape[1]
        inverse = xp.linalg.inv(inner[:q, :q])
        between = inverse @ inner[:q, q:]
        crossed = between.T @ slope[:q, q:]
        explained = between.T @ slope[:q, :q] @ between
        steep = slope[q:, q:] - crossed - crossed.T + explained
        return (
            inner[q:, q:] - between.T @ inner[:q, q:],
            determinant - xp.linalg.slogdet(inverse)[1],
            steep,
            growth + (inverse * slope[:q, :q]).sum(),
            solved[:, q:] - solved[:, :q] @ between,
        )

    return reduced


def about_covariates(
    columns: np.ndarray,
    covariates: np.ndarray,
    correlation: float,
    links: Mapping[str, Any],
) -> tuple[np.ndarray, float]:
    """Return S (D, D) of columns about covariates, and log |R| + log |W'R⁻¹W|.

    Parameters
    ----------
    columns : array, shape (n, D)
        C.
    covariates : array, shape (n, q)
        W.
    correlation : float
        φ.
    links : mapping
        `member`, or `gap` and `linked`.

    Examples
    --------
    Independent rows about a mean have their sum of squares:

    >>> links = {"member": np.eye(3)}
    >>> scatter, _ = about_covariates(np.array([[0.0], [1.0], [5.0]]), np.ones((3, 1)), 0.0, links)
    >>> scatter.round(6)
    array([[14.]])
    """
    first, second, in_time = arguments(links)
    # The derivatives at φ = 0, which are not used, divide by 0.
    with np.errstate(divide="ignore", invalid="ignore"):
        return program(np, in_time)(columns, covariates, correlation, first, second)[:2]


def all_about_covariates(
    columns: np.ndarray,
    covariates: np.ndarray,
    correlations: np.ndarray,
    links: Mapping[str, Any],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the results of `about_covariates` at many φ.

    X'R⁻¹X is linear in functions of φ: of a subject's size, or of the time between two rows.

    Parameters
    ----------
    columns : array, shape (n, D)
    covariates : array, shape (n, q)
    correlations : array, shape (count,)
    links : mapping
        `member`, or `gap` and `linked`.

    Returns
    -------
    scatter : array, shape (count, D, D)
    determinants : array, shape (count,)
    """
    whole, q = np.hstack([covariates, columns]), covariates.shape[1]
    products = _equal_products if "member" in links else _serial_products
    blocks = range(0, len(correlations), _MOST_AT_ONCE)
    parts = [
        products(whole, correlations[k : k + _MOST_AT_ONCE], links) for k in blocks
    ]
    inner = np.concatenate([part[0] for part in parts])
    within, between = inner[:, :q, :q], inner[:, :q, q:]
    scatter = inner[:, q:, q:] - between.swapaxes(1, 2) @ np.linalg.solve(
        within, between
    )
    determinants = np.concatenate([part[1] for part in parts])
    return scatter, determinants + np.linalg.slogdet(within)[1]


def _equal_products(
    whole: np.ndarray, correlations: np.ndarray, links: Mapping[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Return X'R⁻¹X (count, k, k) and log |R| where rows of one subject are equally correlated."""
    member, shape = links["member"], (-1, whole.shape[1], whole.shape[1])
    size, sums = member.sum(axis=1), member @ whole
    alone = 1 - correlations[:, None]
    joint = alone + size * correlations[:, None]
    outer = (sums[:, :, None] * sums[:, None, :]).reshape(len(sums), -1)
    explained = (correlations[:, None] / joint) @ outer
    inner = ((whole.T @ whole).ravel() - explained) / alone
    logs = (size - 1).sum() * np.log(alone[:, 0]) + np.log(joint).sum(axis=1)
    return inner.reshape(shape), logs


def _serial_products(
    whole: np.ndarray, correlations: np.ndarray, links: Mapping[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the same where rows follow each other in time."""
    last = np.concatenate([whole[:1], whole[:-1]])
    crossed = whole[:, :, None] * last[:, None, :]
    outer = [
        whole[:, :, None] * whole[:, None, :],
        -(crossed + crossed.swapaxes(1, 2)),
        last[:, :, None] * last[:, None, :],
    ]
    before = links["linked"] * correlations[:, None] ** links["gap"]
    variance = 1 - before**2
    weights = np.hstack([1 / variance, before / variance, before**2 / variance])
    inner = weights @ np.concatenate(outer).reshape(3 * len(whole), -1)
    return inner.reshape(-1, whole.shape[1], whole.shape[1]), np.log(variance).sum(
        axis=1
    )


def coefficients(
    columns: np.ndarray,
    covariates: np.ndarray,
    correlation: float,
    links: Mapping[str, Any],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the generalised least squares estimate of B, and (W'R⁻¹W)⁻¹.

    Parameters
    ----------
    columns : array, shape (n, D)
        C.
    covariates : array, shape (n, q)
        W.
    correlation : float
        φ.
    links : mapping
        `member`, or `gap` and `linked`; empty for R = I.

    Returns
    -------
    estimate : array, shape (q, D)
    spread : array, shape (q, q)
    """
    whole, q = np.hstack([covariates, columns]), covariates.shape[1]
    inner = whole.T @ whole
    if links:
        first, second, in_time = arguments(links)
        by_rows = (_ar1_correlation if in_time else _equal_correlation)(np)
        with np.errstate(divide="ignore", invalid="ignore"):
            inner = by_rows(whole, correlation, first, second)[0]
    spread = np.linalg.inv(inner[:q, :q])
    return spread @ inner[:q, q:], spread


def arguments(links: Mapping[str, Any]) -> tuple[Any, Any, bool]:
    """Return the last two arguments of a program, and whether rows follow each other in time."""
    if "gap" in links:
        return links["gap"], links["linked"], True
    return links["member"], links["member"].sum(axis=1), False


def correlated(
    noise: np.ndarray,
    correlation: np.ndarray,
    links: Mapping[str, np.ndarray],
    rng: np.random.Generator,
) -> np.ndarray:
    """Return rows of correlation R(φ) from independent ones.

    Parameters
    ----------
    noise : array, shape (..., n, p)
    correlation : array, shape (...)
    links : mapping
        `member`, or `gap` and `linked`.
    rng : Generator

    Returns
    -------
    array, shape (..., n, p)
    """
    share = np.asarray(correlation)[..., None, None]
    if "member" in links:
        shape = (*noise.shape[:-2], len(links["member"]), noise.shape[-1])
        common = rng.standard_normal(shape)
        return np.sqrt(1 - share) * noise + np.sqrt(share) * (
            links["member"].T @ common
        )
    rows = noise.copy()
    for row in np.flatnonzero(links["linked"]):
        rho = np.asarray(correlation)[..., None] ** links["gap"][row]
        new = np.sqrt(1 - rho**2) * rows[..., row, :]
        rows[..., row, :] = rho * rows[..., row - 1, :] + new
    return rows
