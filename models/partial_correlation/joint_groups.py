"""Sweeps of the joint posterior of k groups under the horseshoe prior.

The model of `horseshoe_gibbs` in each group, with the prior of `joint_horseshoe_gibbs` over all.
The rows of a group are known, counted, within bounds or dependent, as those of a fit of it alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from causalstats.core.gibbs_kernel import GibbsKernel
from causalstats.data import Composition
from causalstats.models.partial_correlation.covariates import COEFFICIENT
from causalstats.models.partial_correlation.marginal_posteriors import pair_labels
from causalstats.models.partial_correlation.model import PartialCorrelation
from causalstats.models.partial_correlation.priors.basis_variances import (
    log_variance_of,
)
from causalstats.models.partial_correlation.priors.horseshoe import (
    DIMS,
    coefficients_at,
    draw_covariance,
    knows_log_ratios,
    rows_of,
    scatter_root,
)
from causalstats.models.partial_correlation.row_dependence import row_dependence_of
from causalstats.models.partial_correlation.row_dependence.correlated import CORRELATION

DIFFERENCE_RATIO = "difference_ratio"
_RATIO_SCALE = 1.0  # of differences to what is in common
_SWEEPS_BY_PARTS = 1e5
_FEWEST_SWEEPS = 1000
_MOST_SWEEPS = 15_000
_FIRST_SHARE = 0.2  # of so many sweeps more, which are dropped
_DRAWS = 1000  # of a chain
_FEWEST_DRAWS = 200
_NUMBERS_KEPT = 5e6  # in the draws of all Θ of a chain, 40 MB


class _Group(NamedTuple):
    """How the rows of a group enter.

    Attributes
    ----------
    start : callable
        Of the `State` of its covariance and a generator: the state of its rows.
    scatter : callable
        Of the state of rows, the `State` and a generator: cross-products (D, D) of log amounts.
    update : callable
        Of the state of rows and a generator: changes it in place, given the covariance.
    draw : callable
        Of the state of rows: what is kept of it, by name.
    degrees : float
        m.
    variances : array, shape (D,)
        Of the centred log-ratios.
    """

    start: Callable[[Any, np.random.Generator], Any]
    scatter: Callable[[Any, Any, np.random.Generator], np.ndarray]
    update: Callable[[Any, np.random.Generator], None]
    draw: Callable[[Any], dict[str, np.ndarray]]
    degrees: float
    variances: np.ndarray


def joint_kernel(
    model: PartialCorrelation, groups: Mapping[str, Composition]
) -> GibbsKernel:
    """Return the sweeps of k groups; `draws_of_group` takes what it draws apart.

    Parameters
    ----------
    model : PartialCorrelation
        prior="horseshoe" with normal errors.
    groups : mapping of str to Composition
        The rows of each group, of the same parts in the same order.
    """
    from causalstats.numerics.compositions import joint_horseshoe_gibbs as joint

    rows = [_group(model, data) for data in groups.values()]
    first = next(iter(groups.values()))
    size = len(first.parts)
    log_variance = np.mean([log_variance_of(model, data) for data in groups.values()])
    scales = joint.JointScales(
        float(log_variance),
        model.basis_variance_sd,
        model.variance_spread_scale,
        model.variance_spread_scale,
        model.global_shrinkage_scale,
        _RATIO_SCALE,
        model.least_global_shrinkage or 0.0,
    )
    degrees = np.array([group.degrees for group in rows])
    variances = np.array([group.variances for group in rows])

    def start(rng: np.random.Generator) -> Any:
        state = joint.initial_state(variances, rng, scales.least_shrinkage)
        hidden = [
            group.start(joint.group_state(state, k), rng)
            for k, group in enumerate(rows)
        ]
        return state, hidden

    def advance(state: Any, sweeps: int, rng: np.random.Generator) -> None:
        covariances, hidden = state
        scatters = np.empty((len(rows), size, size))
        for _ in range(sweeps):
            for k, group in enumerate(rows):
                covariance = joint.group_state(covariances, k)
                scatters[k] = group.scatter(hidden[k], covariance, rng)
            joint.sweep(scatters, degrees, covariances, scales, rng)
            for k, group in enumerate(rows):
                group.update(hidden[k], rng)

    def draw(state: Any) -> dict[str, np.ndarray]:
        covariances, hidden = state
        kept = {DIFFERENCE_RATIO: np.sqrt(covariances.scalars[joint.RATIO])}
        for k, group in enumerate(rows):
            values = draw_covariance(joint.group_state(covariances, k))
            values |= group.draw(hidden[k])
            kept |= {_of_group(k, name): value for name, value in values.items()}
        return kept

    draws = int(np.clip(_NUMBERS_KEPT / len(rows) / size**2, _FEWEST_DRAWS, _DRAWS))
    sweeps = int(np.clip(_SWEEPS_BY_PARTS / size, _FEWEST_SWEEPS, _MOST_SWEEPS))
    dims: dict[str, tuple[str, ...]] = {DIFFERENCE_RATIO: ()}
    coords: dict[str, list[str]] = {
        "part": list(first.parts),
        "other_part": list(first.parts),
        "pair": pair_labels(first.parts),
    }
    for k, data in enumerate(groups.values()):
        dims |= {_of_group(k, name): value for name, value in DIMS.items()}
        if row_dependence_of(data).links:
            dims[_of_group(k, CORRELATION)] = ()
        if data.design is not None and not knows_log_ratios(data):
            covariate = _of_group(k, "covariate")
            dims[_of_group(k, COEFFICIENT)] = (covariate, "part")
            coords[covariate] = list(data.design.columns)
    return GibbsKernel(
        start=start,
        advance=advance,
        draw=draw,
        dims=dims,
        coords=coords,
        tune=int(_FIRST_SHARE * sweeps),
        draws=draws,
        thin=max(sweeps // draws, 1),
    )


def draws_of_group(draws: xr.Dataset, group: int) -> xr.Dataset:
    """Return the draws of one group, by the names that a fit of it alone has.

    Parameters
    ----------
    draws : Dataset
        Of `joint_kernel`.
    group : int
        Its position.
    """
    suffix = _of_group(group, "")
    names = [name for name in draws.data_vars if str(name).endswith(suffix)]
    own = draws[[*names, DIFFERENCE_RATIO]]
    listed = [*names, *(dim for dim in own.dims if str(dim).endswith(suffix))]
    return own.rename({name: str(name).removesuffix(suffix) for name in listed})


def _of_group(group: int, name: str) -> str:
    return f"{name} of group {group}"


def _group(model: PartialCorrelation, data: Composition) -> _Group:
    """Return how the rows of a group enter: by their cross-products, or sampled."""
    if knows_log_ratios(data):
        return _known(data)
    return _hidden(model, data)


def _known(data: Composition) -> _Group:
    from causalstats.numerics.compositions import horseshoe_gibbs

    degrees = int(data.degrees)
    root = scatter_root(data.scatter, degrees)
    spare = degrees - len(root)

    def scatter(_: Any, covariance: Any, rng: np.random.Generator) -> np.ndarray:
        return horseshoe_gibbs.amounts_scatter(root, spare, covariance, rng)

    return _Group(
        start=lambda covariance, rng: None,
        scatter=scatter,
        update=lambda state, rng: None,
        draw=lambda state: {},
        degrees=float(degrees),
        variances=np.diagonal(data.scatter) / degrees,
    )


def _hidden(model: PartialCorrelation, data: Composition) -> _Group:
    """Return rows that are counted, within bounds or dependent on each other."""
    from causalstats.numerics.compositions import row_gibbs, row_weights
    from causalstats.numerics.compositions.horseshoe_gibbs import Scales

    rows = rows_of(data)
    logs = np.log(data.positive_values)
    links = row_dependence_of(data).links
    correlation_known = not links or model.row_correlation is not None
    unused = Scales(0.0, 1.0, 1.0, 1.0)  # of weights, which normal rows do not have
    constant = not links

    def start(covariance: Any, rng: np.random.Generator) -> Any:
        tails = row_weights.normal_tails(len(data))
        alone = row_gibbs.initial_state(rows, logs, model.row_correlation, tails, rng)
        return alone._replace(covariance=covariance)

    fixed = row_gibbs.solution(rows.covariates)

    def solution_at(state: Any) -> Any:
        return fixed if constant else row_gibbs.solution_of_rows(rows, state)

    def scatter(state: Any, _: Any, rng: np.random.Generator) -> np.ndarray:
        return row_gibbs.scatter_of_rows(rows, solution_at(state), state, rng)

    def update(state: Any, rng: np.random.Generator) -> None:
        solved = solution_at(state)
        row_gibbs.update_rows(rows, solved, state, unused, correlation_known, rng)

    def draw(state: Any) -> dict[str, np.ndarray]:
        values = coefficients_at(state, data)
        if links:
            values[CORRELATION] = np.asarray(state.correlation[0])
        return values

    ratios = logs - logs.mean(axis=1, keepdims=True)
    return _Group(
        start=start,
        scatter=scatter,
        update=update,
        draw=draw,
        degrees=float(np.subtract(*rows.covariates.shape)),
        variances=ratios.var(axis=0) + 0.01,
    )
