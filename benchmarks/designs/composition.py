"""Compositions for the coverage benchmark: partial correlations that are known."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

import causalstats as cs
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.compositions.counting_information import (
    counting_information,
    shared_information,
)
from causalstats.numerics.compositions.partial_correlations import (
    closure_baseline,
    partial_correlations,
    partial_variances,
)
from designs import Design

MATCHING = cs.PartialCorrelation(prior="matching")
SHRUNK = cs.PartialCorrelation(prior="shrunk")
FAILS_FOR_STRONG_LINKS = (
    "prior='shrunk' draws few strong links to independence: "
    "check `shrinkage of strong links`"
)
FAILS_FOR_MANY_LINKS = (
    "prior='horseshoe' takes most links for none: check `few links among the amounts`"
)


def precision(
    rng: np.random.Generator, parts: int, links: float, strength: float
) -> np.ndarray:
    """Return a precision matrix of log amounts with unequal variances.

    The parts 0 and 1, 2 and 3, ... may be linked; no others are.

    Parameters
    ----------
    rng : Generator
    parts : int
    links : float
        Probability that a pair of neighbours is linked.
    strength : float
        Absolute partial correlation of a linked pair; its sign is drawn.

    Returns
    -------
    array (parts, parts)
    """
    standardised = np.eye(parts)
    for first in range(0, parts - 1, 2):
        if rng.random() < links:
            link = strength * rng.choice([-1, 1])
            standardised[first, first + 1] = link
            standardised[first + 1, first] = link
    scale = np.exp(rng.normal(0, 0.4, parts)) / 0.5
    return standardised * scale[:, None] * scale


def design(
    name: str,
    model: Any = SHRUNK,
    rows: int = 60,
    parts: int = 6,
    links: float = 1.0,
    strength: float = 0.45,
    depth: int = 0,
    limit: float = 0.0,
    covariate: bool = False,
    estimand: str = "partial_correlation",
    known_failure: str = "",
) -> Design:
    """Return a design of log-normal amounts, of which shares or counts are observed.

    Parameters
    ----------
    name : str
    model : PartialCorrelation
    rows, parts : int
    links, strength : float
        As in `precision`.
    depth : int
        Total count of each row, multinomial; 0 observes the amounts themselves.
    limit : float
        Share of the rows in which the first part is below its limit of detection.
    covariate : bool
        Whether the rows are in three groups, the second of which shifts the log amounts.
    estimand : {"partial_correlation", "excess", "covariate_coefficient"}
    known_failure : str
        As in `Design`.
    """

    def make(seed: int) -> tuple[Any, Any, dict[str, float]]:
        rng = np.random.default_rng(seed)
        basis = np.linalg.inv(precision(rng, parts, links, strength))
        logs = rng.standard_normal((rows, parts)) @ np.linalg.cholesky(basis).T
        names = [f"p{k}" for k in range(parts)]
        columns = {}
        slope = np.zeros(parts)
        if covariate:
            group = np.arange(rows) % 3
            slope = rng.normal(0, 1, parts)
            logs = logs + np.outer(group == 1, slope)
            columns = {"group": np.array(list("abc"))[group]}
        values = np.exp(logs)
        options = {}
        if depth:
            shares = values / values.sum(axis=1, keepdims=True)
            values = np.array([rng.multinomial(depth, share) for share in shares])
            options = {"zeros": "counts"}
        if limit:
            least = np.quantile(values[:, 0], limit)
            values[:, 0] = np.where(values[:, 0] < least, 0.0, values[:, 0])
            options = {"zeros": "interval", "limits": {"p0": float(least)}}
        frame = pd.DataFrame(values, columns=names).assign(**columns)
        data = cs.Composition.from_frame(
            frame, parts=names, covariates="group" if covariate else None, **options
        )
        return model, data, truth(basis, slope, names)

    def truth(
        basis: np.ndarray, slope: np.ndarray, names: list[str]
    ) -> dict[str, float]:
        if estimand == "covariate_coefficient":
            known = slope - slope.mean()
            levels = {"b": known, "c": np.zeros(parts)}
            return {
                f"{name} on group[T.{level}]": float(value)
                for level, values in levels.items()
                for name, value in zip(names, values, strict=True)
            }
        theta = log_ratios.precision_from_covariance(log_ratios.centre(basis))
        r = partial_correlations(theta.copy())
        base = closure_baseline(partial_variances(theta))
        value = r
        if estimand == "excess":
            with np.errstate(divide="ignore", invalid="ignore"):
                value = np.tanh(np.arctanh(r) - np.arctanh(base))
        return {
            f"{names[i]} ~ {names[j]}": float(value[i, j])
            for i, j in combinations(range(parts), 2)
        }

    return Design(
        name=name,
        family="composition",
        make=make,
        estimand=estimand,
        known_failure=known_failure,
    )


def isolated_links(rng: np.random.Generator, parts: int) -> np.ndarray:
    """Return a covariance of log amounts of which few are linked.

    Six in ten parts are linked in pairs, with basis partial correlations of .45 to .8 in size, and
    a tenth of as many weak links (.1 to .25) lie between others.

    Parameters
    ----------
    rng : Generator
    parts : int

    Returns
    -------
    array (parts, parts)
    """
    standardised = np.eye(parts)
    for first in range(0, int(0.6 * parts) - 1, 2):
        link = rng.uniform(0.45, 0.8) * rng.choice([-1, 1])
        standardised[first, first + 1] = link
        standardised[first + 1, first] = link
    for first in range(1, int(0.6 * parts) - 2, 10):
        link = rng.uniform(0.1, 0.25) * rng.choice([-1, 1])
        standardised[first, first + 1] = link
        standardised[first + 1, first] = link
    return np.linalg.inv(standardised)


def many_links(rng: np.random.Generator, parts: int) -> np.ndarray:
    """Return a covariance of log amounts that are all linked: an inverse Wishart matrix.

    Parameters
    ----------
    rng : Generator
    parts : int

    Returns
    -------
    array (parts, parts)
    """
    factor = rng.standard_normal((parts, parts + 5))
    return np.linalg.inv(factor @ factor.T)


STRUCTURES = {"strong links alone": isolated_links, "many links": many_links}


def strong_links(
    structure: str,
    prior: str | None,
    rows: int,
    parts: int,
    depth: int = 0,
    known_failure: str = "",
) -> Design:
    """Return a design of the coverage over strong, informed pairs alone.

    The truth has the pairs of partial correlations from .4 to .8 in size; of counts, those that the
    counts determine. Log amounts have standard deviations of .7 to 1.5.

    Parameters
    ----------
    structure : str
        A key of `STRUCTURES`.
    prior : str or None
        None: by default.
    rows, parts : int
    depth : int
        Greatest total count of a row, of log-uniform totals from a fiftieth of it; 0 observes the
        amounts themselves.
    known_failure : str
        As in `Design`.
    """
    names = [f"p{k}" for k in range(parts)]

    def make(seed: int) -> tuple[Any, Any, dict[str, float]]:
        rng = np.random.default_rng(seed)
        covariance = STRUCTURES[structure](rng, parts)
        scale = rng.uniform(0.7, 1.5, parts) / np.sqrt(np.diagonal(covariance))
        covariance = covariance * scale[:, None] * scale
        logs = rng.standard_normal((rows, parts)) @ np.linalg.cholesky(covariance).T
        values = np.exp(logs)
        zeros = "error"
        kept = np.arange(parts)
        if depth:
            shares = values / values.sum(axis=1, keepdims=True)
            totals = np.exp(rng.uniform(np.log(depth / 50), np.log(depth), rows))
            counts = map(rng.multinomial, totals.astype(int), shares)
            values = np.array(list(counts))
            zeros = "counts"
            kept = np.flatnonzero(values.any(axis=0))
        inside = covariance[np.ix_(kept, kept)]
        theta = log_ratios.precision_from_covariance(log_ratios.centre(inside))
        r = partial_correlations(theta)
        informed = np.ones((len(kept), len(kept)))
        if depth:
            shares = counting_information(values[:, kept], np.diagonal(theta))
            informed = shared_information(shares)
        seen = [names[part] for part in kept]
        strong = {
            f"{seen[i]} ~ {seen[j]}": float(r[i, j])
            for i, j in combinations(range(len(seen)), 2)
            if 0.4 < abs(r[i, j]) < 0.8 and informed[i, j] >= 0.5
        }
        frame = pd.DataFrame(values, columns=names)
        data = cs.Composition.from_frame(frame, parts=seen, zeros=zeros)
        return cs.PartialCorrelation(prior=prior), data, strong

    kind = f"counts up to {depth:,}" if depth else "known"
    return Design(
        name=f"{structure}, {rows} x {parts}, {kind}, {prior or 'default'}",
        family="composition",
        make=make,
        estimand="partial_correlation",
        known_failure=known_failure,
    )


# The size, and the priors that are compared where log-ratios are known
SIZES = {
    (60, 8): ("matching", "horseshoe", "shrunk"),
    (100, 20): ("matching", "horseshoe", "shrunk"),
    (60, 30): ("horseshoe", "shrunk"),
    (200, 100): ("horseshoe", "shrunk"),
}
STRONG_LINKS = [
    strong_links(
        structure,
        prior,
        rows,
        parts,
        known_failure=FAILS_FOR_STRONG_LINKS
        if prior == "shrunk" and structure == "strong links alone"
        else FAILS_FOR_MANY_LINKS
        if prior == "horseshoe" and structure == "many links"
        else "",
    )
    for structure in STRUCTURES
    for (rows, parts), priors in SIZES.items()
    for prior in priors
    if not (structure == "many links" and parts == 100)
]
STRONG_LINKS += [
    strong_links("strong links alone", None, rows, parts, 50_000)
    for rows, parts in ((100, 20), (60, 30))
]
DESIGNS = [
    *STRONG_LINKS,
    design("a few links", rows=60, parts=6),
    design("a few links, matching prior", MATCHING, rows=60, parts=6),
    design("few rows, matching prior", MATCHING, rows=20, parts=6),
    design("no links", links=0.0, parts=8),
    design("no links: excess", links=0.0, parts=8, estimand="excess"),
    design("few rows", rows=15, parts=6),
    design(
        "strong sparse links",
        rows=60,
        parts=8,
        links=0.5,
        strength=0.8,
        known_failure=FAILS_FOR_STRONG_LINKS,
    ),
    design("strong links in every part", MATCHING, rows=80, parts=8, strength=0.8),
    design(
        "many parts",
        cs.PartialCorrelation(prior="invariant"),
        rows=60,
        parts=40,
        links=0.3,
    ),
    design("many rows", rows=400, parts=8),
    design("counts", rows=40, parts=4, depth=500),
    design("sparse counts", rows=40, parts=4, depth=25),
    design(
        "a part below its limit in a fifth of the rows", rows=40, parts=4, limit=0.2
    ),
    design("groups as a covariate", MATCHING, rows=60, parts=6, covariate=True),
    design(
        "coefficients of groups",
        MATCHING,
        covariate=True,
        estimand="covariate_coefficient",
    ),
    design(
        "coefficients of groups, shrunk",
        covariate=True,
        estimand="covariate_coefficient",
    ),
]
