"""Whether the draws can be trusted as draws of the posterior."""

import re
from collections.abc import Mapping
from typing import Any

import arviz as az
import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.core.draws_kind import DrawsKind, draws_kind
from causalstats.core.effect import INTERVAL
from causalstats.numerics.sampling.posterior_summaries import entries, varies

_RIDGE = (
    " If it persists, the data leave a ridge in the posterior: add knowledge, or look at the "
    "`contraction`."
)
_STEPS = (0.95, 0.99, 0.999)  # target acceptances, each of smaller steps than the one before
_LONGER = 4  # times as many draws


def sampling(draws: xr.DataTree, parameters: tuple[str, ...]) -> tuple[Check, ...]:
    """R-hat, bulk and tail effective sample size, divergences, and the energy's fraction of missing information (E-BFMI); for draws that
    were weighed, their weights; for independent draws of an exact posterior, nothing but that it is complete. Without parameters, of all there is."""
    kind = draws_kind(draws)
    if kind is DrawsKind.EXACT:
        return (_complete(draws),)
    if kind is DrawsKind.IMPORTANCE:
        return _importance_weights(draws)
    posterior = draws["posterior"].to_dataset()
    numbers = [
        number
        for name in parameters or posterior.data_vars
        for number in entries(posterior[name]).values()
    ]
    values = [number for number in numbers if varies(number)]
    r_hat = max(float(az.rhat(value)) for value in values)
    bulk = min(float(az.ess(value, method="bulk")) for value in values)
    tail = min(float(az.ess(value, method="tail", prob=INTERVAL)) for value in values)
    diverging = int(draws["sample_stats"]["diverging"].sum())
    bfmi = float(np.min(az.bfmi(draws["sample_stats"]["energy"].to_numpy())))
    longer = _longer(draws.attrs)
    return (
        _check(
            "R-hat",
            r_hat < 1.01,
            r_hat,
            "below 1.01 for every parameter",
            f"largest R-hat {r_hat:.4f}",
            longer,
        ),
        _check(
            "bulk ESS",
            bulk >= 400,
            bulk,
            "at least 400 for every parameter",
            f"smallest bulk ESS {bulk:.0f}",
            longer,
        ),
        _check(
            "tail ESS",
            tail >= 400,
            tail,
            "at least 400 for every parameter",
            f"smallest tail ESS {tail:.0f}",
            longer,
        ),
        _check(
            "divergences",
            diverging == 0,
            diverging,
            "none",
            f"{diverging} divergent transitions",
            _smaller_steps(draws.attrs),
        ),
        _check(
            "E-BFMI",
            bfmi > 0.3,
            bfmi,
            "above 0.3 in every chain",
            f"smallest E-BFMI {bfmi:.2f}",
            longer,
        ),
        _complete(draws),
    )


def answer_sampling(
    draws: xr.DataArray, attrs: Mapping[Any, Any] | None = None
) -> tuple[Check, ...]:
    """Return R-hat and bulk ESS of an answer: parameters can mix where a function of them does not.

    Parameters
    ----------
    draws : DataArray, dims (chain, draw, ...)
        Entries that do not vary are left out, as is everything of an answer with more than 200
        entries, one a person: its sampling is that of the parameters.
    attrs : mapping, optional
        Those of the draws of the parameters, which name the sampler and its settings.
    """
    longer = _longer(attrs or {})
    if draws.sizes["draw"] < 4 or draws.size > 200 * draws.sizes["chain"] * draws.sizes["draw"]:
        return ()
    values = {name: value for name, value in entries(draws).items() if varies(value)}
    if not values:
        return ()
    r_hats = {name: float(az.rhat(value)) for name, value in values.items()}
    sizes = {name: float(az.ess(value, method="bulk")) for name, value in values.items()}
    worst, least = max(r_hats, key=r_hats.__getitem__), min(sizes, key=sizes.__getitem__)
    r_hat, bulk = r_hats[worst], sizes[least]
    return (
        _check(
            "R-hat of this answer",
            r_hat < 1.01,
            r_hat,
            "below 1.01",
            f"largest R-hat {r_hat:.4f}" + (f" ({worst})" if worst else ""),
            longer,
        ),
        _check(
            "bulk ESS of this answer",
            bulk >= 400,
            bulk,
            "at least 400",
            f"smallest bulk ESS {bulk:.0f}" + (f" ({least})" if least else ""),
            longer,
        ),
    )


def _settings(attrs: Mapping[Any, Any]) -> dict[str, float]:
    """Return the numbers among the settings of the sampler that ran, by name."""
    found = re.findall(r"(\w+)=([0-9.]+)", str(attrs.get("sampler", "")))
    return {name: float(value) for name, value in found}


def _smaller_steps(attrs: Mapping[Any, Any]) -> str:
    """Return what to do about divergences, with a target acceptance above the one in force."""
    used = _settings(attrs)
    now = used.get("target_accept", _STEPS[0])
    smaller = next((step for step in _STEPS if step > now), None)
    if smaller is None:
        return (
            "Steps are as small as they can usefully be: the posterior has a corner that NUTS does "
            "not reach. Simplify the model, or add knowledge of the parameters that hardly learn."
        )
    tune = max(2 * used.get("tune", 500), 1000)
    return f"Take smaller steps: `cs.Nuts(tune={tune:.0f}, target_accept={smaller:g})`."


def _longer(attrs: Mapping[Any, Any]) -> str:
    """Return what to do about poor mixing: more draws than there were, with the same steps."""
    used = _settings(attrs)
    draws, tune = _LONGER * used.get("draws", 1000), max(2 * used.get("tune", 500), 2000)
    steps = used.get("target_accept", 0.8)
    same = f", target_accept={steps:g}" if steps > 0.8 else ""
    return f"Sample longer: `cs.Nuts(draws={draws:.0f}, tune={tune:.0f}{same})`." + _RIDGE


def _importance_weights(draws: xr.DataTree) -> tuple[Check, ...]:
    """Of draws resampled by importance weights: the shape of the weights' tail, and how many equal weights they are worth."""
    k, ess = float(draws.attrs["pareto_k"]), float(draws.attrs["importance_ess"])
    return (
        _check(
            "Pareto k",
            k < 0.7,
            k,
            "below 0.7",
            f"the weights' tail has k = {k:.2f}",
            "The approximation does not cover the posterior: use `cs.Nuts()`.",
        ),
        _check(
            "importance ESS",
            ess >= 400,
            ess,
            "at least 400",
            f"the weights are worth {ess:.0f} draws",
            "Weigh more draws, or use `cs.Nuts()`.",
        ),
        _complete(draws),
    )


def _complete(draws: xr.DataTree) -> Check:
    interrupted = bool(draws.attrs.get("interrupted", 0))
    finding = "interrupted" if interrupted else "ran to its end"
    return _check(
        "complete run",
        not interrupted,
        float(not interrupted),
        "not interrupted",
        finding,
        "Run it again to the end.",
    )


def _check(
    name: str, passed: bool, value: float, expected: str, finding: str, remedy: str
) -> Check:
    return Check(
        name=name,
        passed=passed,
        value=value,
        expected=expected,
        finding=finding,
        remedy="" if passed else remedy,
    )
