"""Importance sampling from the posterior of the shrinkage prior, by NumPy alone.

With few parts, draws of a Student t around the mode carry the posterior, and nothing is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy import special

from causalstats.data import Composition
from causalstats.models.partial_correlation.hyperpriors import (
    Given,
    HalfNormal,
    Hyperprior,
    Normal,
    Uniform,
)
from causalstats.models.partial_correlation.observation import observation_of
from causalstats.models.partial_correlation.priors.base import ImportanceDraws
from causalstats.models.partial_correlation.row_dependence import row_dependence_of
from causalstats.numerics.compositions.inverse_wishart import log_evidences
from causalstats.numerics.sampling.importance_sampling import importance_sample

_LARGEST_SIZE = 8  # parts: with more, a Student t around the mode misses too much
_PROPOSAL_DEGREES = 8.0  # of that t: the posterior of α and of τ has heavy tails
_COVARIANCE_FACTOR = 1.5  # by which the proposal is wider than the posterior
# Beyond these bounds, which neither prior nor data come near, determinants are inaccurate.
_LARGEST_LOG_ODDS = 20.0  # of α
_LARGEST_LOG_RATIO = 25.0  # of two variances
_LARGEST_LOG_VARIANCE = 250.0


@dataclass(frozen=True, eq=False)
class Posterior:
    """The posterior density of μ, τ, the deviations of log ω, α and the row correlation φ.

    Parameters
    ----------
    hyperpriors : mapping
        The priors of `log_typical_variance`, `variance_spread`, `shrinkage` and, where rows depend
        on each other, `row_correlation`.
    data : Composition
        With known log-ratios.
    """

    hyperpriors: Mapping[str, Hyperprior]
    data: Composition

    @property
    def start(self) -> np.ndarray:
        """The unconstrained point from which the mode is looked for: the prior's middle."""
        start = np.zeros(len(self.data.parts) + 2 + len(self._sampled_shares()))
        start[0] = self._normal().mean
        return start

    def log_density(self, points: np.ndarray) -> np.ndarray:
        """Return the log density up to a constant, (n, d) -> (n,), that of the graph.

        Parameters
        ----------
        points : array, shape (n, d)
            μ, the inverse softplus of τ, the deviations (D) and, unless they are given, the log
            odds of α and of φ.
        """
        spread_prior = self._half_normal()
        typical, free, deviation = self._split(points)
        odds = self._log_odds(points, "shrinkage")
        row_odds = self._log_odds(points, "row_correlation")
        with np.errstate(all="ignore"):
            spread = spread_prior.constrained(free)
            squares = (
                self._normal().squares(typical)
                + (deviation**2).sum(axis=1)
                + spread_prior.squares(spread)
            )
            prior = -squares / 2 + spread_prior.log_jacobian(free)
            for name in self._sampled_shares():
                share_odds = self._log_odds(points, name)
                prior -= np.logaddexp(0, share_odds) + np.logaddexp(0, -share_odds)
            logarithms = typical[:, None] + spread[:, None] * deviation
            accurate = (
                np.isfinite(prior)
                & (np.ptp(logarithms, axis=1) < _LARGEST_LOG_RATIO)
                & (abs(logarithms).max(axis=1) < _LARGEST_LOG_VARIANCE)
                & (abs(odds) < _LARGEST_LOG_ODDS)
                & (row_odds < _LARGEST_LOG_ODDS)
            )
        value = np.full(len(points), -np.inf)
        if not accurate.any():
            return value
        degrees = float(self.data.degrees)
        scatter, determinants = self._cross_products(row_odds[accurate])
        value[accurate] = prior[accurate] + log_evidences(
            scatter,
            degrees,
            np.exp(logarithms[accurate]),
            degrees * np.exp(odds[accurate]),
        )
        value[accurate] -= (logarithms.shape[1] - 1) / 2 * determinants
        return value

    def variables(self, points: np.ndarray) -> dict[str, np.ndarray]:
        """Return the variables of the graph at unconstrained points, by name."""
        typical, free, deviation = self._split(points)
        spread = HalfNormal.constrained(free)
        variables = {
            "log_typical_variance": typical,
            "variance_spread": spread,
            "variance_deviation": deviation,
            "shrinkage": special.expit(self._log_odds(points, "shrinkage")),
            "basis_variance": np.exp(typical[:, None] + spread[:, None] * deviation),
        }
        if "row_correlation" in self.hyperpriors:
            row_odds = self._log_odds(points, "row_correlation")
            variables["row_correlation"] = special.expit(row_odds)
            variables["scatter"] = self._cross_products(row_odds)[0]
        return variables

    def _normal(self) -> Normal:
        prior = self.hyperpriors["log_typical_variance"]
        assert isinstance(prior, Normal)
        return prior

    def _half_normal(self) -> HalfNormal:
        prior = self.hyperpriors["variance_spread"]
        assert isinstance(prior, HalfNormal)
        return prior

    def _sampled_shares(self) -> list[str]:
        """Return the names of those of α and φ that are sampled, as the last coordinates."""
        return [
            name
            for name in ("shrinkage", "row_correlation")
            if isinstance(self.hyperpriors.get(name), Uniform)
        ]

    def _split(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        last = 2 + len(self.data.parts)
        return points[:, 0], points[:, 1], points[:, 2:last]

    def _log_odds(self, points: np.ndarray, name: str) -> np.ndarray:
        """Return the log odds (n,) of α or φ, sampled or given; 0 where there is none."""
        sampled = self._sampled_shares()
        if name in sampled:
            return points[:, sampled.index(name) - len(sampled)]
        prior = self.hyperpriors.get(name)
        odds = special.logit(prior.value) if isinstance(prior, Given) else 0.0
        return np.full(len(points), odds)

    def _cross_products(
        self, row_odds: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | float]:
        """Return S and the log determinants of the rows at each of these log odds of φ."""
        rows = row_dependence_of(self.data)
        return rows.cross_products(self.data, special.expit(row_odds))


def sampler(
    posterior: Posterior,
) -> Callable[[int, int, np.random.Generator], ImportanceDraws] | None:
    """Return a function of chains, draws and a generator that draws by importance sampling.

    None with many parts, and where log-ratios are hidden.
    """
    parts = posterior.data.parts
    if not observation_of(posterior.data).exact or len(parts) > _LARGEST_SIZE:
        return None

    def draw(chains: int, draws: int, rng: np.random.Generator) -> ImportanceDraws:
        sample = importance_sample(
            posterior.log_density,
            posterior.start,
            chains * draws,
            rng,
            degrees_of_freedom=_PROPOSAL_DEGREES,
            covariance_factor=_COVARIANCE_FACTOR,
        )
        variables = posterior.variables(sample.points)
        return (
            _labelled(variables, parts, chains, draws),
            sample.logp.reshape(chains, draws),
            sample.pareto_k,
            sample.ess,
        )

    return draw


def _labelled(
    variables: Mapping[str, np.ndarray], parts: tuple[str, ...], chains: int, draws: int
) -> xr.Dataset:
    """Return variables (chains · draws, ...) with the dims (chain, draw, part, other_part).

    Parameters
    ----------
    variables : mapping
    parts : tuple of str
    chains, draws : int
    """
    coords = {"chain": np.arange(chains), "draw": np.arange(draws), "part": list(parts)}
    if "scatter" in variables:
        coords["other_part"] = list(parts)
    dims = ("chain", "draw", "part", "other_part")
    arrays = {
        name: (dims[: 1 + value.ndim], value.reshape(chains, draws, *value.shape[1:]))
        for name, value in variables.items()
    }
    return xr.Dataset(arrays, coords)
