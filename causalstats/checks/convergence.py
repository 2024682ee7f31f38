"""Convergence of sampling: R-hat, effective sample size (ESS), divergences, E-BFMI, Pareto k."""

import re
from collections.abc import Mapping
from typing import Any

import arviz_stats
import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.core.draws_kind import DrawsKind, draws_kind
from causalstats.core.effect import INTERVAL
from causalstats.numerics.sampling.convergence_diagnostics import (
    LARGEST_R_HAT,
    SMALLEST_ESS,
    SUPERCHAIN,
    bulk_ess,
    r_hat,
    superchains,
    tail_ess,
    varies,
)
from causalstats.numerics.sampling.posterior_summaries import entries

_FEWEST_INDEPENDENT = 100  # draws of an exact posterior
_SMALLEST_BFMI = 0.3
_LARGEST_PARETO_K = 0.7
_RIDGE = (
    " If it persists, the data leave a ridge in the posterior: add knowledge, or look at the "
    "`posterior contraction` check."
)
_TARGET_ACCEPTANCES = (
    0.95,
    0.99,
    0.999,
)  # each takes smaller steps than the one before
_FACTOR_OF_DRAWS = 4
_MOST_ENTRIES = 200  # of an answer that is checked itself


def sampling(draws: xr.DataTree, parameters: tuple[str, ...]) -> tuple[Check, ...]:
    """Return whether the draws can be trusted as draws of the posterior.

    Markov chains are checked by R-hat (nested, of many short chains), bulk and tail ESS; those of
    Hamiltonian Monte Carlo also by divergences and the energy's fraction of missing information
    (E-BFMI); importance-weighted draws by the Pareto k and the ESS of their weights; draws of an
    exact posterior by nothing but that they are complete, and no fewer than 100.

    Parameters
    ----------
    draws : DataTree
        With the group `posterior` and, of Hamiltonian Monte Carlo, `sample_stats`.
    parameters : tuple of str
        Variables of the posterior that are checked; all if empty.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021), Rank-normalization, folding, and
    localization: an improved R-hat, Bayesian Analysis 16. Betancourt (2016), Diagnosing suboptimal
    cotangent disintegrations in Hamiltonian Monte Carlo: E-BFMI.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> posterior = xr.Dataset({"effect": (("chain", "draw"), rng.normal(size=(4, 500)))})
    >>> statistics = xr.Dataset(
    ...     {
    ...         "diverging": (("chain", "draw"), np.zeros((4, 500), bool)),
    ...         "energy": (("chain", "draw"), rng.normal(size=(4, 500))),
    ...     }
    ... )
    >>> draws = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": statistics})
    >>> for check in sampling(draws, ("effect",)):
    ...     print(check.name, check.passed)
    R-hat True
    bulk ESS True
    tail ESS True
    divergences True
    E-BFMI True
    complete run True
    """
    kind = draws_kind(draws)
    if kind.is_independent:
        return (*_few_independent(draws), _complete(draws))
    if kind is DrawsKind.IMPORTANCE:
        return (*_importance_weights(draws), _complete(draws))
    has_energy = "sample_stats" in draws and "energy" in draws["sample_stats"]
    hamiltonian = _hamiltonian(draws) if has_energy else ()
    return (*_mixing(draws, parameters), *hamiltonian, _complete(draws))


def _mixing(draws: xr.DataTree, parameters: tuple[str, ...]) -> tuple[Check, ...]:
    """Return R-hat and ESS of the worst parameter."""
    posterior = draws["posterior"].to_dataset()
    values = {
        f"{name}[{label}]" if label else str(name): number
        for name in parameters or posterior.data_vars
        for label, number in entries(posterior[name]).items()
        if varies(number)
    }
    if not values:
        return (_never_moved(draws.attrs),)
    superchain = superchains(posterior)
    r_hats = {name: r_hat(value, superchain) for name, value in values.items()}
    bulks = {name: bulk_ess(value) for name, value in values.items()}
    tails = {name: tail_ess(value, INTERVAL) for name, value in values.items()}
    worst = max(r_hats, key=r_hats.__getitem__)
    least_bulk = min(bulks, key=bulks.__getitem__)
    least_tail = min(tails, key=tails.__getitem__)
    largest = r_hats[worst]
    bulk = bulks[least_bulk]
    tail = tails[least_tail]
    longer = _longer(draws.attrs)
    enough = f"at least {SMALLEST_ESS} for every parameter"
    return (
        _check(
            "R-hat",
            largest < LARGEST_R_HAT,
            largest,
            f"below {LARGEST_R_HAT} for every parameter",
            f"largest R-hat {largest:.4f} ({worst})",
            longer,
        ),
        _check(
            "bulk ESS",
            bulk >= SMALLEST_ESS,
            bulk,
            enough,
            f"smallest bulk ESS {bulk:.0f} ({least_bulk})",
            longer,
        ),
        _check(
            "tail ESS",
            tail >= SMALLEST_ESS,
            tail,
            enough,
            f"smallest tail ESS {tail:.0f} ({least_tail})",
            longer,
        ),
    )


def _never_moved(attrs: Mapping[Any, Any]) -> Check:
    """Return the failed check of draws that are all the same, as one draw alone is."""
    return _check(
        "R-hat",
        False,
        float("nan"),
        f"below {LARGEST_R_HAT} for every parameter",
        "all draws are the same",
        _longer(attrs),
    )


def _hamiltonian(draws: xr.DataTree) -> tuple[Check, ...]:
    """Return the checks of Hamiltonian Monte Carlo: divergences and E-BFMI."""
    diverging = int(draws["sample_stats"]["diverging"].sum())
    bfmi = _smallest_bfmi(draws["sample_stats"].to_dataset()["energy"])
    return (
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
            bfmi > _SMALLEST_BFMI,
            bfmi,
            f"above {_SMALLEST_BFMI} in every chain",
            f"smallest E-BFMI {bfmi:.2f}",
            _longer(draws.attrs),
        ),
    )


def _smallest_bfmi(energy: xr.DataArray) -> float:
    """Return the smallest E-BFMI of a chain, or of a superchain where there are these.

    A chain of a hundred draws says little about the variance of its energy; the chains of a
    superchain, which sample the same posterior, say it together.
    """
    if SUPERCHAIN not in energy.coords:
        return float(np.min(arviz_stats.bfmi(energy.to_numpy())))
    steps = (energy.diff("draw") ** 2).mean("draw").groupby(SUPERCHAIN).mean()
    variances = energy.groupby(SUPERCHAIN).var(...)
    return float((steps / variances).min())


def _few_independent(draws: xr.DataTree) -> tuple[Check, ...]:
    """Return the failed check of fewer independent draws than an interval needs; else nothing."""
    sizes = draws["posterior"].sizes if "posterior" in draws.children else {}
    count = sizes.get("chain", 0) * sizes.get("draw", 0)
    if not 0 < count < _FEWEST_INDEPENDENT:
        return ()
    return (
        _check(
            "bulk ESS",
            False,
            count,
            f"at least {_FEWEST_INDEPENDENT} independent draws",
            f"{count} draws, of which two or fewer lie beyond each end of a 95 % interval",
            "Take more `draws` of the sampler.",
        ),
    )


def _importance_weights(draws: xr.DataTree) -> tuple[Check, ...]:
    """Return the checks of draws that were resampled by importance weights."""
    pareto_k = float(draws.attrs["pareto_k"])
    ess = float(draws.attrs["importance_ess"])
    return (
        _check(
            "Pareto k",
            pareto_k < _LARGEST_PARETO_K,
            pareto_k,
            f"below {_LARGEST_PARETO_K}",
            f"the weights' tail has k = {pareto_k:.2f}",
            "The approximation does not cover the posterior: use `cs.Nuts()`.",
        ),
        _check(
            "importance ESS",
            ess >= SMALLEST_ESS,
            ess,
            f"at least {SMALLEST_ESS}",
            f"the weights are worth {ess:.0f} draws",
            "Take more draws, or use `cs.Nuts()`.",
        ),
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

    Examples
    --------
    >>> values = np.random.default_rng(1).normal([[0.0], [3.0]], 1.0, (2, 500))
    >>> r_hat, ess = answer_sampling(xr.DataArray(values, dims=("chain", "draw")))
    >>> r_hat.passed, ess.passed
    (False, False)
    >>> r_hat.remedy[:37]
    'Sample longer: `cs.Nuts(draws=4000, t'
    """
    draw_count = draws.sizes["draw"]
    if draw_count < 4 or draws.size > _MOST_ENTRIES * draws.sizes["chain"] * draw_count:
        return ()
    values = {name: value for name, value in entries(draws).items() if varies(value)}
    if not values:
        return ()
    superchain = superchains(draws)
    r_hats = {name: r_hat(value, superchain) for name, value in values.items()}
    sizes = {name: bulk_ess(value) for name, value in values.items()}
    worst = max(r_hats, key=r_hats.__getitem__)
    least = min(sizes, key=sizes.__getitem__)
    largest = r_hats[worst]
    bulk = sizes[least]
    longer = _longer(attrs or {})
    return (
        _check(
            "R-hat of this answer",
            largest < LARGEST_R_HAT,
            largest,
            f"below {LARGEST_R_HAT}",
            f"largest R-hat {largest:.4f}" + (f" ({worst})" if worst else ""),
            longer,
        ),
        _check(
            "bulk ESS of this answer",
            bulk >= SMALLEST_ESS,
            bulk,
            f"at least {SMALLEST_ESS}",
            f"smallest bulk ESS {bulk:.0f}" + (f" ({least})" if least else ""),
            longer,
        ),
    )


def _settings(attrs: Mapping[Any, Any]) -> dict[str, float]:
    """Return the numbers among the settings of the sampler that ran, by name."""
    pairs = re.findall(r"(\w+)=([0-9.]+)", str(attrs.get("sampler", "")))
    return {name: float(value) for name, value in pairs}


def _smaller_steps(attrs: Mapping[Any, Any]) -> str:
    """Return the remedy for divergences: a target acceptance above the present one."""
    settings = _settings(attrs)
    now = settings.get("target_accept", _TARGET_ACCEPTANCES[0])
    higher = [target for target in _TARGET_ACCEPTANCES if target > now]
    if not higher:
        return (
            "Steps are as small as they can usefully be: the posterior has a corner that NUTS does "
            "not reach. Simplify the model, or add knowledge of the parameters that hardly learn."
        )
    tune = max(2 * settings.get("tune", 500), 1000)
    name = _sampler_name(attrs)
    return f"Take smaller steps: `cs.{name}(tune={tune:.0f}, target_accept={higher[0]:g})`."


def _longer(attrs: Mapping[Any, Any]) -> str:
    """Return the remedy for poor mixing: more draws, with the same steps."""
    settings = _settings(attrs)
    if str(attrs.get("sampler", "")).startswith("Gibbs") and "thin" in settings:
        thin = _FACTOR_OF_DRAWS * settings["thin"]
        tune = _FACTOR_OF_DRAWS * settings["tune"]
        return f"Sample longer: `cs.Gibbs(thin={thin:.0f}, tune={tune:.0f})`." + _RIDGE
    draws = _FACTOR_OF_DRAWS * settings.get("draws", 1000)
    if str(attrs.get("sampler", "")).startswith("Exact"):
        return f"Sample longer: `cs.Exact(draws={draws:.0f})`." + _RIDGE
    tune = max(2 * settings.get("tune", 500), 2000)
    target = settings.get("target_accept", 0.8)
    steps = f", target_accept={target:g}" if target > 0.8 else ""
    name = _sampler_name(attrs)
    return (
        f"Sample longer: `cs.{name}(draws={draws:.0f}, tune={tune:.0f}{steps})`."
        + _RIDGE
    )


def _sampler_name(attrs: Mapping[Any, Any]) -> str:
    """Return the class of the sampler that ran, or that which replaces importance sampling."""
    return "Chees" if str(attrs.get("sampler", "")).startswith("Chees") else "Nuts"


def _complete(draws: xr.DataTree) -> Check:
    interrupted = bool(draws.attrs.get("interrupted", 0))
    return _check(
        "complete run",
        not interrupted,
        float(not interrupted),
        "not interrupted",
        "interrupted" if interrupted else "ran to its end",
        "Run it again to the end.",
    )


def _check(
    name: str, passed: bool, value: float, expected: str, finding: str, remedy: str
) -> Check:
    """Return a check that has its remedy only where it failed.

    Parameters
    ----------
    name, passed, value, expected, finding, remedy
        As for `Check`.
    """
    return Check(
        name=name,
        passed=passed,
        value=value,
        expected=expected,
        finding=finding,
        remedy="" if passed else remedy,
    )
