"""Cluster-robust errors of coefficients that rest on groups of few clusters each.

Least squares errs by (V'V)⁻¹V'ε, a sum over clusters. Where clusters fall into groups, as states
into those that adopt in the same year, each group adds a part of its own,

    θ̂ - θ = Σ_c ε_c,   Cov(ε_c) = Σ_{g in c} s_g s_g',   s_g the scores of CR2,

and the variance of an average is known no better than that of the group that most of it rests on: a
t distribution with as many degrees of freedom as there are clusters, whichever group they are in,
is far too short. The part of each group is drawn from a t distribution of its own here, with the
ν_c degrees of freedom of Bell and McCaffrey that its clusters give. Their sum is that of the
Behrens-Fisher problem: means of groups whose variances differ and are all unknown.

Groups of two or three clusters hardly show how these differ by chance, and a group of one does not
show it at all. Groups vary alike until they show otherwise: the variance of each has a prior,
scaled inverse χ² with κ degrees of freedom about the variance under autocovariances that all
clusters share (Smyth 2004, the moderated t; `common_autocovariance`), so that

    Cov(ε_c) = (ν_c CR2 + κ common) / (ν_c + κ),   t with ν_c + κ degrees of freedom,

and common alone, with κ degrees, where one cluster is the group. κ = 4 says that the standard
deviation of a group is mostly within a factor of two of the common one. The common variance is
itself known from G clusters less C groups: 1/κ + 1/(G - C) takes the place of 1/κ.

References
----------
Bell & McCaffrey (2002), Bias reduction in standard errors for linear regression with multi-stage
samples, Survey Methodology 28. Fisher (1935), The fiducial argument in statistical inference,
Annals of Eugenics 6. Welch (1947), The generalization of Student's problem when several different
population variances are involved, Biometrika 34. Smyth (2004), Linear models and empirical Bayes
methods, Statistical Applications in Genetics and Molecular Biology 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalstats.numerics.panel.cluster_robust import (
    adjusted_columns,
    traces_of_quadratic_form,
)
from causalstats.numerics.panel.common_autocovariance import (
    autocovariances,
    middle_of_sandwich,
)

_CLUSTERS_THAT_SHOW = 50  # in each group: the prior is then of no account
_MOST_CLUSTERS = 2_000  # with leverages; CR1 and CR2 are the same beyond
_SMALLEST_SHARE = 0.1  # of the variance of independent errors; a smaller one is chance
_SMALLEST_SHOWN = 1e-6  # share of a group's variance; less is rounding


@dataclass(frozen=True, eq=False)
class GroupedEstimate:
    """Coefficients with errors that are sums over groups of clusters.

    Parameters
    ----------
    coefficients : array, shape (k,)
    covariances : array, shape (C, k, k)
        Squared scales of the t distribution of each group's part.
    degrees : array, shape (C,)
        Their degrees of freedom.

    Examples
    --------
    >>> estimate = GroupedEstimate(np.zeros(1), np.ones((2, 1, 1)), np.array([4.0, 40.0]))
    >>> draws, _ = estimate.draw(40_000, np.random.default_rng(1))
    >>> draws.shape, estimate.covariance.tolist()
    ((40000, 1), [[2.0]])
    """

    coefficients: np.ndarray
    covariances: np.ndarray
    degrees: np.ndarray

    @property
    def covariance(self) -> np.ndarray:
        """Σ_c Cov(ε_c), shape (k, k)."""
        return np.asarray(self.covariances.sum(axis=0))

    def draw(
        self, size: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return draws of the coefficients, and of each group's variance by its estimate.

        Parameters
        ----------
        size : int
        rng : Generator

        Returns
        -------
        coefficients : array, shape (size, k)
        ratio : array, shape (size, C)
        """
        groups = len(self.degrees)
        ratio = self.degrees / rng.chisquare(self.degrees, (size, groups))
        draws = np.tile(self.coefficients, (size, 1))
        for c in range(groups):
            values, vectors = np.linalg.eigh(self.covariances[c])
            root = vectors * np.sqrt(np.maximum(values, 0.0))
            normal = rng.standard_normal((size, len(values))) @ root.T
            draws += np.sqrt(ratio[:, [c]]) * normal
        return draws, ratio


@dataclass(frozen=True, eq=False, kw_only=True)
class ClusteredRows:
    """Rows of a regression of units in clusters in groups.

    Parameters
    ----------
    regressors : array, shape (n, k)
        V, residuals after everything else is partialled out.
    residuals : array, shape (n,)
    others : array, shape (n, m)
        U with UU' the hat matrix of everything else.
    unit : int array, shape (n,)
        Sorted, from 0 on.
    period : int array, shape (n,)
    cluster, group : int array, shape (N,)
        Of each unit; units of a cluster are in one group.
    groups : int
        C.
    """

    regressors: np.ndarray
    residuals: np.ndarray
    others: np.ndarray
    unit: np.ndarray
    period: np.ndarray
    cluster: np.ndarray
    group: np.ndarray
    groups: int


def grouped_estimate(
    coefficients: np.ndarray,
    rows: ClusteredRows,
    contrast: np.ndarray,
    prior_degrees: float,
) -> GroupedEstimate:
    """Return coefficients with the moderated cluster-robust covariance of each group's part.

    Parameters
    ----------
    coefficients : array, shape (k,)
    rows : ClusteredRows
    contrast : array, shape (k,)
        Weights of the average whose degrees of freedom those of the groups are.
    prior_degrees : float
        κ.
    """
    robust = _robust(rows, contrast)
    counts = _clusters_of_groups(rows)
    if counts[counts > 0].min() >= _CLUSTERS_THAT_SHOW:
        known = [each.covariance for each in robust]
        known_degrees = [max(each.degrees, prior_degrees) for each in robust]
        return GroupedEstimate(coefficients, np.array(known), np.array(known_degrees))
    prior = 1 / (1 / prior_degrees + 1 / max(counts.sum() - rows.groups, 1))
    parts = [
        _moderated(each, alike, prior, contrast)
        for each, alike in zip(robust, _common(rows, contrast), strict=True)
    ]
    covariances, degrees = zip(*parts, strict=True)
    return GroupedEstimate(coefficients, np.array(covariances), np.array(degrees))


def _clusters_of_groups(rows: ClusteredRows) -> np.ndarray:
    """Return the number of clusters of each group, int (C,)."""
    _, first = np.unique(rows.cluster, return_index=True)
    return np.bincount(rows.group[first], minlength=rows.groups)


@dataclass(frozen=True, eq=False)
class _RobustPart:
    """The part of one group by CR2.

    Parameters
    ----------
    covariance : array, shape (k, k)
    shown : float
        The share of its variance that residuals show: 0 for a single cluster, which alone decides
        its coefficients.
    degrees : float
        Bell-McCaffrey degrees of freedom.
    """

    covariance: np.ndarray
    shown: float
    degrees: float


def _moderated(
    robust: _RobustPart, common: np.ndarray, prior: float, contrast: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return the covariance of a group's part and its degrees of freedom.

    Parameters
    ----------
    robust : _RobustPart
    common : array, shape (k, k)
        Under autocovariances that all clusters share.
    prior : float
        Degrees of freedom that `common` is worth.
    contrast : array, shape (k,)
    """
    weight = robust.degrees + prior
    known = robust.degrees * robust.covariance + prior * robust.shown * common
    known = known / weight
    assumed = (1 - robust.shown) * common
    sizes = [max(contrast @ part @ contrast, 0.0) for part in (known, assumed)]
    noise = sizes[0] ** 2 / weight + sizes[1] ** 2 / prior
    degrees = sum(sizes) ** 2 / noise if noise > 0 else weight
    return known + assumed, degrees


def _robust(rows: ClusteredRows, contrast: np.ndarray) -> list[_RobustPart]:
    """Return the part of each group by its own clusters.

    Parameters
    ----------
    rows : ClusteredRows
    contrast : array, shape (k,)
    """
    v, size = rows.regressors, rows.regressors.shape[1]
    root = np.linalg.cholesky(np.linalg.inv(v.T @ v))
    hat = np.hstack([rows.others, v @ root])
    code = np.unique(rows.cluster, return_inverse=True)[1][rows.unit]
    order = np.argsort(code, kind="stable")
    pieces = np.split(order, np.flatnonzero(np.diff(code[order])) + 1)
    exact = len(pieces) <= _MOST_CLUSTERS
    group = rows.group[rows.unit[[piece[0] for piece in pieces]]]
    empty = _RobustPart(np.zeros((size, size)), 0.0, 0.0)
    parts = []
    for c in range(rows.groups):
        inside = [pieces[g] for g in np.flatnonzero(group == c)]
        part = _part(hat, rows.residuals, inside, root, contrast, exact)
        parts.append(part if inside else empty)
    return parts


def _part(
    hat: np.ndarray,
    residuals: np.ndarray,
    pieces: list[np.ndarray],
    root: np.ndarray,
    contrast: np.ndarray,
    exact: bool,
) -> _RobustPart:
    """Return the part of one group by CR2, or by CR1 where clusters are many.

    Parameters
    ----------
    hat : array, shape (n, m)
        U.
    residuals : array, shape (n,)
    pieces : list of int arrays
        Rows of each cluster.
    root : array, shape (k, k)
        The Cholesky factor of (V'V)⁻¹.
    contrast : array, shape (k,)
    exact : bool
        Whether leverages are taken into account.
    """
    size = len(root)
    scores, norms = np.empty((len(pieces), size)), np.empty(len(pieces))
    shares = np.zeros((len(pieces), hat.shape[1]))
    total = 0.0
    for g, piece in enumerate(pieces):
        columns = hat[piece]
        raw = columns[:, -size:]
        adjusted = (adjusted_columns(columns, size) if exact else raw) @ root.T
        weights = adjusted @ contrast
        scores[g] = adjusted.T @ residuals[piece]
        norms[g] = weights @ weights
        total += ((raw @ (root.T @ contrast)) ** 2).sum()
        if exact:
            shares[g] = columns.T @ weights
    trace, of_square = traces_of_quadratic_form(norms, shares)
    if trace <= _SMALLEST_SHOWN * total or of_square <= 0:
        return _RobustPart(np.zeros((size, size)), 0.0, 0.0)
    shown = min(trace / total, 1.0)
    return _RobustPart(scores.T @ scores, shown, trace**2 / of_square)


def _common(rows: ClusteredRows, contrast: np.ndarray) -> list[np.ndarray]:
    """Return the covariance of each group's part under autocovariances that all share.

    Residuals of G clusters in C groups vary less than errors by (G - C)/G.

    Parameters
    ----------
    rows : ClusteredRows
    contrast : array, shape (k,)
    """
    v, e = rows.regressors, rows.residuals
    bread = np.linalg.inv(v.T @ v)
    clusters = len(np.unique(rows.cluster))
    inflation = clusters / max(clusters - rows.groups, 1)
    variance = inflation * (e @ e) / len(e)
    seen = np.ones(len(e), bool)
    shared = autocovariances(e, seen, rows.unit, rows.period, rows.cluster)
    parts = []
    for c in range(rows.groups):
        mine = rows.group[rows.unit] == c
        if not mine.any():
            parts.append(np.zeros_like(bread))
            continue
        kept, unit = np.unique(rows.unit[mine], return_inverse=True)
        columns = v[mine]
        middle = middle_of_sandwich(
            columns, unit, rows.period[mine], rows.cluster[kept], shared
        )
        values, vectors = np.linalg.eigh(bread @ middle @ bread)
        part = inflation * (vectors * np.maximum(values, 0.0)) @ vectors.T
        least = _SMALLEST_SHARE * variance * bread @ (columns.T @ columns) @ bread
        enough = contrast @ part @ contrast > contrast @ least @ contrast
        parts.append(part if enough else least)
    return parts
