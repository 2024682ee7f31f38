"""Rows that are correlated, alike in every column: their cross-products about covariates, and the determinants of their likelihood.

If C - WB has rows of correlation R(φ) and columns of covariance Σ, and B has a flat prior, the density of C is

    |Σ|^(-m/2) exp(-tr(Σ⁻¹ S)/2) (|R| |W'R⁻¹W|)^(-p/2)   up to a constant, m = n - columns of W, p the rank of Σ
    S = C'PC,  P = R⁻¹ - R⁻¹W (W'R⁻¹W)⁻¹ W'R⁻¹

Rows of one subject are equally correlated, R = (1-φ) I + φ M'M with `member` M (N, n) of 0 and 1; or, sorted by subject and time, by φ^gap, as an AR(1)
process: `gap` (n,) is the time since the row before, and `linked` (n,) 0 where a subject begins.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

_MOST_AT_ONCE = 1000  # values of φ


def _of_rows(xp: Any, in_time: bool) -> Callable:
    """A function of X, φ, and M with its row sums, or gap and linked, as `program` says."""

    def equally(whole: Any, correlation: Any, member: Any, size: Any) -> tuple:
        """X'R⁻¹X, its derivative, R⁻¹X, log |R|, its derivative; R⁻¹ = (I - M' diag(φ / (1 - φ + Tφ)) M) / (1-φ), R' = M'M - I."""
        own, joint = 1 - correlation, 1 - correlation + size * correlation
        solved = (
            whole - member.T @ ((correlation / joint).reshape(-1, 1) * (member @ whole))
        ) / own
        sums = member @ solved
        determinant = (size - 1).sum() * xp.log(own) + xp.log(joint).sum()
        return (
            whole.T @ solved,
            solved.T @ solved - sums.T @ sums,
            solved,
            determinant,
            ((size - 1) * (1 / joint - 1 / own)).sum(),
        )

    def along(whole: Any, correlation: Any, gap: Any, linked: Any) -> tuple:
        """The same, from R⁻¹ = A'A with innovations A x = (x_t - ρ_t x_before) / √(1-ρ_t²), ρ_t = φ^gap, 0 where a subject begins."""
        before, change = linked * correlation**gap, linked * gap * correlation ** (gap - 1)
        left = 1 - before**2
        root = xp.sqrt(left).reshape(-1, 1)
        last = xp.concatenate((whole[:1], whole[:-1]))
        innovations = (whole - before.reshape(-1, 1) * last) / root
        steps = (before * change / left).reshape(-1, 1) * innovations - change.reshape(
            -1, 1
        ) / root * last
        following = before.reshape(-1, 1) * innovations / root
        solved = innovations / root - xp.concatenate((following[1:], 0 * following[:1]))
        slope = innovations.T @ steps
        return (
            innovations.T @ innovations,
            slope + slope.T,
            solved,
            xp.log(left).sum(),
            -2 * (before * change / left).sum(),
        )

    return along if in_time else equally


def program(xp: Any, in_time: bool) -> Callable:
    """The function that gives `about_covariates`, and then what its derivatives take: those of both in φ, and PC.

    `xp` is NumPy or jax.numpy. The function takes columns, covariates, φ, and M with its row sums, or gap and linked.
    """
    of_rows = _of_rows(xp, in_time)

    def reduced(columns: Any, covariates: Any, correlation: Any, first: Any, second: Any) -> tuple:
        inner, slope, solved, determinant, growth = of_rows(
            xp.concatenate((covariates, columns), axis=1), correlation, first, second
        )
        q, inverse = (
            covariates.shape[1],
            xp.linalg.inv(inner[: covariates.shape[1], : covariates.shape[1]]),
        )
        between = inverse @ inner[:q, q:]
        crossed = between.T @ slope[:q, q:]
        steep = slope[q:, q:] - crossed - crossed.T + between.T @ slope[:q, :q] @ between
        scatter = inner[q:, q:] - between.T @ inner[:q, q:]
        left = solved[:, q:] - solved[:, :q] @ between
        return (
            scatter,
            determinant - xp.linalg.slogdet(inverse)[1],
            steep,
            growth + (inverse * slope[:q, :q]).sum(),
            left,
        )

    return reduced


def about_covariates(
    columns: np.ndarray, covariates: np.ndarray, correlation: float, links: Mapping[str, Any]
) -> tuple[np.ndarray, float]:
    """S (D, D) of `columns` (n, D) about `covariates` (n, q), and log |R| + log |W'R⁻¹W|, at φ = `correlation`."""
    first, second, in_time = arguments(links)
    with np.errstate(
        divide="ignore", invalid="ignore"
    ):  # of the derivatives at φ = 0, which are not used
        return program(np, in_time)(columns, covariates, correlation, first, second)[:2]


def all_about_covariates(
    columns: np.ndarray, covariates: np.ndarray, correlations: np.ndarray, links: Mapping[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Return what `about_covariates` does at many φ.

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
    parts = [products(whole, correlations[k : k + _MOST_AT_ONCE], links) for k in blocks]
    inner = np.concatenate([part[0] for part in parts])
    within, between = inner[:, :q, :q], inner[:, :q, q:]
    scatter = inner[:, q:, q:] - between.swapaxes(1, 2) @ np.linalg.solve(within, between)
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
    taken = (correlations[:, None] / joint) @ outer
    inner = ((whole.T @ whole).ravel() - taken) / alone
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
    left = 1 - before**2
    weights = np.hstack([1 / left, before / left, before**2 / left])
    inner = weights @ np.concatenate(outer).reshape(3 * len(whole), -1)
    return inner.reshape(-1, whole.shape[1], whole.shape[1]), np.log(left).sum(axis=1)


def coefficients(
    columns: np.ndarray, covariates: np.ndarray, correlation: float, links: Mapping[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """The generalised least squares estimate (W'R⁻¹W)⁻¹ W'R⁻¹C of B, (q, D), and (W'R⁻¹W)⁻¹, (q, q), at φ = `correlation`; R = I without `links`."""
    whole, q = np.hstack([covariates, columns]), covariates.shape[1]
    if links:
        first, second, in_time = arguments(links)
        with np.errstate(divide="ignore", invalid="ignore"):
            inner = _of_rows(np, in_time)(whole, correlation, first, second)[0]
    else:
        inner = whole.T @ whole
    spread = np.linalg.inv(inner[:q, :q])
    return spread @ inner[:q, q:], spread


def arguments(links: Mapping[str, Any]) -> tuple[Any, Any, bool]:
    """The last two of what a program takes, and which program."""
    return (
        (links["gap"], links["linked"], True)
        if "gap" in links
        else (links["member"], links["member"].sum(axis=1), False)
    )


def correlated(
    noise: np.ndarray,
    correlation: np.ndarray,
    links: Mapping[str, np.ndarray],
    rng: np.random.Generator,
) -> np.ndarray:
    """Rows of correlation R(φ) from independent ones: `noise` (..., n, p), `correlation` (...)."""
    share = np.asarray(correlation)[..., None, None]
    if "member" in links:
        common = rng.standard_normal((*noise.shape[:-2], len(links["member"]), noise.shape[-1]))
        return np.sqrt(1 - share) * noise + np.sqrt(share) * (links["member"].T @ common)
    found = noise.copy()
    for row in np.flatnonzero(links["linked"]):
        before = np.asarray(correlation)[..., None] ** links["gap"][row]
        found[..., row, :] = (
            before * found[..., row - 1, :] + np.sqrt(1 - before**2) * found[..., row, :]
        )
    return found
