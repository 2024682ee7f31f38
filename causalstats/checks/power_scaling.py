"""Whether default priors, or the data, move the answer: power-scaling sensitivity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from causalstats.core.check import Check
from causalstats.numerics.sampling.power_scaling import scaled_weights, sensitivity

THRESHOLD = 0.05  # Kallioinen et al. (2024)
_LARGEST_PARETO_K = 0.7
_MOST_ENTRIES = 100


@dataclass(frozen=True, eq=False, kw_only=True)
class ScaledDensities:
    """An answer with the log densities under which it was drawn.

    Parameters
    ----------
    answers : array, shape (draws, entries)
    entries : sequence of str
    log_priors : mapping of str to array, shape (draws,)
        The log density of each default prior; knowledge that the user stated is none of them.
    log_likelihood : array, shape (draws,)
    declared : sequence of str
        Priors that are knowledge, and are not scaled.
    """

    answers: np.ndarray
    entries: Sequence[str]
    log_priors: Mapping[str, np.ndarray]
    log_likelihood: np.ndarray
    declared: Sequence[str] = ()


def power_scaling(headline: str, densities: ScaledDensities) -> Check:
    """Return whether the default priors move the headline.

    Never a failure: little data are no mistake, and a prior may be what an answer needs.

    Parameters
    ----------
    headline : str
    densities : ScaledDensities

    References
    ----------
    Kallioinen, Paananen, Bürkner & Vehtari (2024), Statistics and Computing 34:57.
    """
    answers = densities.answers[:, :_MOST_ENTRIES]
    prior = np.sum(list(densities.log_priors.values()), axis=0)
    by_prior = sensitivity(answers, prior)
    by_data = sensitivity(answers, densities.log_likelihood)
    worst = int(by_prior.argmax())
    value, data = float(by_prior[worst]), float(by_data[worst])
    moves = value >= THRESHOLD
    entry = ""
    if answers.shape[1] > 1:
        share = (by_prior >= THRESHOLD).mean()
        entry = (
            f" ({densities.entries[worst]}; {share:.0%} of all entries at least .05)"
        )
    finding = (
        f"sensitivity to the default priors {value:.2f}, to the data {data:.2f}{entry}"
    )
    remedy = ""
    if moves:
        finding += f"; {_shift(answers[:, worst], prior)}"
        remedy = _remedy(densities.log_priors, answers[:, [worst]], data)
    elif densities.declared:
        finding += "; knowledge that was stated is not counted"
    return Check(
        name="power-scaling of the prior",
        passed=None if moves else True,
        value=value,
        expected=f"sensitivity to the default priors below {THRESHOLD:g}",
        finding=finding,
        remedy=remedy,
        estimands=(headline,),
    )


def _shift(answer: np.ndarray, prior: np.ndarray) -> str:
    """Return how far the mean moves with priors of half and of twice the weight, in words."""
    means = []
    for power in (0.5, 2.0):
        weights = scaled_weights(prior, power)
        if weights.pareto_k > _LARGEST_PARETO_K:
            return "with priors of half or twice the weight it moves beyond these draws"
        means.append(f"{weights.weights @ answer:.3g}")
    mean = f"{answer.mean():.3g}"
    return (
        f"the mean is {mean}, with priors of half the weight {means[0]}, of twice the weight "
        f"{means[1]}"
    )


def _remedy(
    log_priors: Mapping[str, np.ndarray], answer: np.ndarray, data: float
) -> str:
    """Return the advice, with the prior that moves the answer most.

    Parameters
    ----------
    log_priors : mapping of str to array, shape (draws,)
    answer : array, shape (draws, 1)
    data : float
        Sensitivity to the data.
    """
    by_name = {
        name: float(sensitivity(answer, value)[0]) for name, value in log_priors.items()
    }
    most = max(by_name, key=lambda name: by_name[name])
    pull = (
        "Prior and data disagree, or both count: "
        if data >= THRESHOLD
        else "The data say little: "
    )
    return (
        f"{pull}the prior of `{most}` moves the answer most. State what is known in its place, "
        "observe more, or show the answer under other priors: `fit.sensitivity(...)` of the fields "
        "that are prior scales."
    )
