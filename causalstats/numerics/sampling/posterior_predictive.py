"""Observed rates by group beside the rates that a model's probabilities would give."""

import numpy as np


def quantile_groups(values: np.ndarray, count: int) -> np.ndarray:
    """Group numbers 0 ... count-1 by quantiles of `values`; fewer where values tie."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, count + 1)[1:-1]))
    return np.searchsorted(edges, values, side="right")


def rates_by_group(
    observed: np.ndarray, chance: np.ndarray, groups: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Observed and replicated rates.

    Parameters
    ----------
    observed : bool array (N,)
    chance : array (replication, N)
        Probabilities, a row a posterior draw.
    groups : int array (N,)

    Returns
    -------
    dict with `groups` (G,), `size` (G,), `observed` (G,), `replicated` (replication, G)
    """
    return means_by_group(observed, rng.random(chance.shape) < chance, groups)


def means_by_group(
    observed: np.ndarray, replicated: np.ndarray, groups: np.ndarray
) -> dict[str, np.ndarray]:
    """Observed means, and those of replications (replication, N), in the form of `rates_by_group`."""
    labels, where = np.unique(groups, return_inverse=True)
    membership = np.equal.outer(where, np.arange(len(labels))).astype(float)
    size = membership.sum(axis=0)
    return {
        "groups": labels,
        "size": size,
        "observed": observed @ membership / size,
        "replicated": replicated @ membership / size,
    }


def discrepancy(observed: np.ndarray, replicated: np.ndarray) -> float:
    """Posterior predictive p-value of Σ_g (rate_g - mean_g)² / variance_g, mean and variance those of the replications.

    Small where the observed rates lie further from the replicated ones than these lie from each other.
    """
    mean, variance = replicated.mean(axis=0), np.maximum(replicated.var(axis=0, ddof=1), 1e-12)
    reference = ((replicated - mean) ** 2 / variance).sum(axis=1)
    return float(
        (1 + (reference >= ((observed - mean) ** 2 / variance).sum()).sum()) / (1 + len(reference))
    )
