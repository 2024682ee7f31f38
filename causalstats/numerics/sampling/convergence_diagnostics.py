"""Convergence diagnostics of Markov chains: R-hat, effective sample size, nested R-hat.

R-hat is the potential scale reduction factor (Gelman-Rubin 1992), of ranks in split chains.
"""

import numpy as np
import xarray as xr

SUPERCHAIN = "superchain"
"""A coordinate of chains: the number of the starting point that a chain shares with others."""
LARGEST_R_HAT = 1.01
SMALLEST_ESS = 400
_INTERVAL = 0.95  # whose ends tail_ess is for


def varies(values: np.ndarray) -> bool:
    """Return whether draws differ by more than rounding; an exactly known number does not.

    Neither does one that is infinite in some draws, of which there is no variance.

    Examples
    --------
    >>> varies(np.array([0.3, 0.3])), varies(np.array([0.3, 0.4])), varies(np.array([0.3, np.inf]))
    (False, True, False)
    """
    largest = abs(values).max()
    return bool(np.isfinite(largest) and np.ptp(values) > 1e-9 * largest)


def superchains(draws: xr.DataArray | xr.Dataset) -> list[int] | None:
    """Return the superchain of each chain, or None where every chain has its own start."""
    return draws[SUPERCHAIN].to_numpy().tolist() if SUPERCHAIN in draws.coords else None


def with_superchains_of(posterior: xr.Dataset, answer: xr.DataArray) -> xr.DataArray:
    """Return an answer whose chains know the superchains of the posterior, where it has any."""
    if SUPERCHAIN not in posterior.coords or SUPERCHAIN in answer.coords:
        return answer
    return answer.assign_coords({SUPERCHAIN: posterior[SUPERCHAIN]})


def bulk_ess(values: np.ndarray) -> float:
    """Return the effective sample size (ESS) for the centre of a distribution.

    Parameters
    ----------
    values : array, shape (chain, draw)
    """
    import arviz_stats

    return float(arviz_stats.ess(values, method="bulk"))


def tail_ess(values: np.ndarray, prob: float) -> float:
    """Return the effective sample size (ESS) for the ends of the central interval.

    Parameters
    ----------
    values : array, shape (chain, draw)
    prob : float
        Of the interval.
    """
    import arviz_stats

    return float(arviz_stats.ess(values, method="tail", prob=prob))


def r_hat(values: np.ndarray, superchain: list[int] | None = None) -> float:
    """Return the rank-normalised R-hat of draws, nested where chains share starting points.

    Chains that are too short for R-hat have a nested R-hat all the same: it compares the means of
    superchains, each of many chains.

    Parameters
    ----------
    values : array (chain, draw)
    superchain : list of int, optional
        The superchain of each chain.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021), Rank-normalization, folding, and
    localization: an improved R-hat, Bayesian Analysis 16. Margossian et al. (2024), Nested R-hat,
    Bayesian Analysis.

    Examples
    --------
    >>> values = np.random.default_rng(1).normal(size=(64, 200))
    >>> members = np.repeat(np.arange(8), 8)
    >>> round(r_hat(values, members.tolist()), 2)
    1.0
    >>> apart = values + (members == 0)[:, None]
    >>> round(r_hat(apart, members.tolist()), 1)
    1.1
    """
    import arviz_stats

    if superchain is None:
        return float(arviz_stats.rhat(values))
    return float(arviz_stats.rhat_nested(values, superchain_ids=superchain))


def have_mixed(values: np.ndarray) -> bool:
    """Return whether chains agree, and are worth enough independent draws.

    Parameters
    ----------
    values : array, shape (chain, draw)
        Constants have.
    """
    if not varies(values):
        return True
    if r_hat(values) > LARGEST_R_HAT or bulk_ess(values) < SMALLEST_ESS:
        return False
    return tail_ess(values, _INTERVAL) >= SMALLEST_ESS


def split_r_hats(values: np.ndarray) -> np.ndarray:
    """Return the R-hat of many bounded numbers, of halves of chains, without ranks.

    Parameters
    ----------
    values : array, shape (chain, draw, k)
        At least four draws a chain.

    Returns
    -------
    array, shape (k,)

    Examples
    --------
    >>> values = np.random.default_rng(1).normal(size=(4, 500, 2))
    >>> values[0, :, 1] += 1.0
    >>> split_r_hats(values).round(2)
    array([1. , 1.1])
    """
    size = values.shape[1] // 2
    halves = np.concatenate([values[:, :size], values[:, -size:]])
    within = halves.var(axis=1, ddof=1).mean(axis=0)
    between = halves.mean(axis=1).var(axis=0, ddof=1)
    return np.sqrt((size - 1) / size + between / within)
