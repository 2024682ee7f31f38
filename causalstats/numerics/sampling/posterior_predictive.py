"""Posterior predictive checks: observed rates or means by group, and their replications."""

import numpy as np


def quantile_groups(values: np.ndarray, count: int) -> np.ndarray:
    """Return the group of each value, by quantiles.

    Parameters
    ----------
    values : array, shape (N,)
    count : int
        The number of groups; there are fewer where values tie.

    Returns
    -------
    int array, shape (N,)
        From 0 for the smallest values.

    Examples
    --------
    >>> quantile_groups(np.array([0.1, 0.9, 0.5, 0.2]), 2)
    array([0, 1, 1, 0])
    """
    edges = np.unique(np.quantile(values, np.linspace(0, 1, count + 1)[1:-1]))
    return np.searchsorted(edges, values, side="right")


def rates_by_group(
    observed: np.ndarray,
    chance: np.ndarray,
    groups: np.ndarray,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Return observed rates by group, and replicated rates drawn from the model's probabilities.

    Parameters
    ----------
    observed : bool array, shape (N,)
    chance : array, shape (replication, N)
        Probabilities, a row for each posterior draw.
    groups : int array, shape (N,)
    rng : Generator

    Returns
    -------
    dict of arrays
        `groups` (G,), `size` (G,), `observed` (G,) and `replicated` (replication, G).

    Examples
    --------
    >>> rates = rates_by_group(
    ...     np.array([True, False, True]),
    ...     np.full((2, 3), 1.0),
    ...     np.array([0, 0, 1]),
    ...     np.random.default_rng(1),
    ... )
    >>> rates["observed"], rates["size"]
    (array([0.5, 1. ]), array([2., 1.]))
    >>> rates["replicated"]
    array([[1., 1.],
           [1., 1.]])
    """
    return means_by_group(observed, rng.random(chance.shape) < chance, groups)


def means_by_group(
    observed: np.ndarray, replicated: np.ndarray, groups: np.ndarray
) -> dict[str, np.ndarray]:
    """Return observed and replicated means by group.

    Parameters
    ----------
    observed : array, shape (N,)
    replicated : array, shape (replication, N)
    groups : int array, shape (N,)

    Returns
    -------
    dict of arrays
        As from `rates_by_group`.

    Examples
    --------
    >>> means = means_by_group(np.array([1.0, 3.0]), np.array([[2.0, 4.0]]), np.array([5, 5]))
    >>> means["groups"], means["observed"], means["replicated"]
    (array([5]), array([2.]), array([[3.]]))
    """
    labels, positions = np.unique(groups, return_inverse=True)
    membership = np.equal.outer(positions, np.arange(len(labels))).astype(float)
    size = membership.sum(axis=0)
    return {
        "groups": labels,
        "size": size,
        "observed": observed @ membership / size,
        "replicated": replicated @ membership / size,
    }


def posterior_predictive_p_value(observed: np.ndarray, replicated: np.ndarray) -> float:
    """Return the posterior predictive p-value of a χ² discrepancy.

    The discrepancy is Σ_g (rate_g - mean_g)² / variance_g, with the mean and the variance of the
    replications. The p-value is small where the observed rates lie further from the replicated ones
    than these lie from each other.

    Parameters
    ----------
    observed : array, shape (G,)
    replicated : array, shape (replication, G)

    Returns
    -------
    float
        (1 + replications with a discrepancy at least as large) / (1 + replications).

    Examples
    --------
    >>> replicated = np.random.default_rng(1).normal(0.5, 0.1, (999, 2))
    >>> round(posterior_predictive_p_value(np.array([0.5, 0.5]), replicated), 2)
    1.0
    >>> round(posterior_predictive_p_value(np.array([0.5, 1.0]), replicated), 3)
    0.001
    """
    mean = replicated.mean(axis=0)
    variance = np.maximum(replicated.var(axis=0, ddof=1), 1e-12)
    reference = ((replicated - mean) ** 2 / variance).sum(axis=1)
    statistic = ((observed - mean) ** 2 / variance).sum()
    return float((1 + (reference >= statistic).sum()) / (1 + len(reference)))
