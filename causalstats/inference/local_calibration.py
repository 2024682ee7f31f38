"""Calibration around the posterior of a fit: of its draws, its likelihood and its intervals.

1. The draws of the fit are held against the density of the graph, by Stein's identities.
2. Studies like this one are drawn at draws of the posterior, and the likelihood is held against
   them, by Bartlett's identities.
3. Posterior simulation-based calibration: such a study is put behind the observed one, and the
   posterior of both together is sampled. The parameters that it was drawn at are ranked among the
   new draws, and the intervals of the answer are counted.

The first two need a gradient each time, and see a wrong sampler or likelihood where a hundred fits
could not; the third sees everything from the likelihood to the answer, as sharply as there is time
for fits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
from scipy import stats

from causalstats.core.abilities import (
    DrawsOfGraph,
    HasLogLikelihood,
    ReparametrisedByData,
    Replicates,
    WorkingPosterior,
)
from causalstats.core.argument_types import AxesLike
from causalstats.core.check import Check, Checks
from causalstats.core.draws_kind import DrawsKind, draws_kind
from causalstats.core.model import Model, Problem
from causalstats.errors import DataError, ModelError, SamplingError
from causalstats.inference.graph_gradient import GraphGradient, graph_gradient
from causalstats.numerics.sampling import calibration_tests as tests
from causalstats.numerics.sampling.convergence_diagnostics import varies
from causalstats.numerics.sampling.posterior_summaries import entries
from causalstats.runs.progress import Advance, stage
from causalstats.samplers import (
    Auto,
    Exact,
    Gibbs,
    Laplace,
    Nuts,
    Sampler,
    program_for,
    sample,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from causalstats.inference.fit import Fit

LEVEL = 0.005
"""Of each of the four checks: a right model is doubted in at most 2 of 100 runs, which leaves room
for the error of normal approximations."""
_PROB = 0.95
_SHARE_OF_DRAWS = 0.15  # of the time, for gradients at the draws, without compiling
_SHARE_OF_LIKELIHOOD = 0.35  # of the time, for gradients at simulated studies
_MOST_POINTS = 4000
_FEWEST_POINTS = 400
_MOST_STUDIES = 4000
_FEWEST_STUDIES = 50
_STUDIES_AT_ONCE = 10
# Enough studies for the likelihood: data counted so much too often are found in 9 of 10 runs
_SHARP = 0.09
_STUDIES_OF_SHIFTS = 500
_LEAST_CURVATURE = 0.25  # of the observed study at a draw; 1 on average
_STEP = 0.02  # posterior standard deviations, for second derivatives
_MOST_QUANTITIES = 30
_DISTANCE, _HEIGHT = _JOINT = ("distance from the centre", "log likelihood")
_MOST_ENTRIES = 10
_OTHER_DRAWS = (
    "Draw more, with another sampler; the answers rest on draws of something else."
)
_OF_ALL_DRAWS = (
    "is made of all draws together, so that no single one has the true value of it."
)
_NOT_TOGETHER = (
    "Sampler, likelihood and answer do not belong together: look at `plot()`."
)
_RANKED_DRAWS = {True: 400, False: 100}  # of independent draws, and of chains
_SMALLER: Mapping[type, Mapping[str, Any]] = {
    Auto: {"chains": 2, "draws": 400},
    Exact: {"chains": 1, "draws": 400},
    Gibbs: {"chains": 2, "draws": 400},
    Laplace: {"chains": 2, "draws": 400},
    Nuts: {"chains": 2, "draws": 400},
}


@dataclass(frozen=True, eq=False, kw_only=True)
class LocalCalibration:
    """Whether sampler, likelihood and intervals are right around one posterior.

    Made by `Fit.calibrate`.

    Parameters
    ----------
    checks : Checks
        Of the draws, the likelihood, the ranks and the coverage, as far as they could be run.
    normal_scores : DataFrame
        A row a simulated study that was fitted and a column a quantity: the rank of the true value
        among the draws, as a standard normal number.
    covered : array of bool
        Whether the 95 % interval of the answer covered the truth, by study and entry.
    left_out : tuple of str
        What could not be examined, and why.
    seconds : float

    Examples
    --------
    >>> import causalstats as cs
    >>> model = cs.CausalDiagram("treated -> recovered")
    >>> fit = cs.fit(model, model.simulate(1, people=100).data, seed=1, progress=False)
    >>> result = fit.calibrate(seconds=3, studies=10)
    >>> for check in result.checks:
    ...     print(check.name)
    draws fit the density
    likelihood fits simulated studies
    ranks around the posterior
    coverage around the posterior
    """

    checks: Checks
    normal_scores: pd.DataFrame
    covered: np.ndarray
    left_out: tuple[str, ...]
    seconds: float

    def plot(self, *, ax: AxesLike | None = None) -> Figure:
        """Plot the ECDF of the ranks less that of the uniform, with a simultaneous 99 % band.

        Parameters
        ----------
        ax : matplotlib Axes, or array or list of Axes, optional
            Where it is drawn, an axes for each quantity; a new figure unless given.

        Raises
        ------
        ModelError
            If no simulated study was fitted.
        """
        from causalstats.plots.rank_ecdf import ranks

        if self.normal_scores.empty:
            raise ModelError("No simulated study was fitted, so there are no ranks.")
        uniform = stats.norm.cdf(self.normal_scores)
        return ranks(pd.DataFrame(uniform, columns=self.normal_scores.columns), ax)

    def __repr__(self) -> str:
        lines = [
            f"Calibration around the posterior, {self.seconds:.0f} s",
            repr(self.checks),
        ]
        lines += [f"Not examined: {reason}" for reason in self.left_out]
        return "\n".join(lines)


def calibrate_fit(
    fit: Fit, *, seconds: float, studies: int, seed: int
) -> LocalCalibration:
    """Return the calibration around the posterior of a fit, as `Fit.calibrate` says.

    Parameters
    ----------
    fit : Fit
    seconds : float
        About how long it takes.
    studies : int
        The most simulated studies that are fitted.
    seed : int
    """
    clock = _Clock(time.perf_counter(), seconds)
    results: list[Check] = []
    left_out: list[str] = []
    parts: tuple[tuple[str, Callable[[], list[Check]]], ...] = (
        (
            "the draws against the density",
            lambda: _of_draws(fit, clock),
        ),
        (
            "the likelihood against simulated studies",
            lambda: _of_likelihood(fit, seed, clock),
        ),
    )
    with stage("Calibrating around the posterior", fit.progress) as advance:
        advance(0, "compiling")
        for name, examine in parts:
            try:
                results += examine()
            except (ModelError, DataError, SamplingError) as error:
                left_out.append(f"{name}: {error}")
            advance(min(1.0, clock.share()), name)
        ranked = _Ranked([], [], ())
        try:
            ranked = _refits(fit, studies, seed, clock, advance)
            results += _rank_checks(fit, ranked)
            if fit.model.estimands()[fit.headline].own_posterior:
                left_out.append(f"coverage: {fit.headline!r} {_OF_ALL_DRAWS}")
        except (ModelError, DataError, SamplingError) as error:
            left_out.append(f"ranks and coverage: {error}")
    return LocalCalibration(
        checks=Checks(results),
        normal_scores=pd.DataFrame(ranked.scores),
        covered=np.array(ranked.covered, bool),
        left_out=(*left_out, *ranked.refused),
        seconds=time.perf_counter() - clock.started,
    )


@dataclass(frozen=True)
class _Clock:
    started: float
    seconds: float

    def share(self) -> float:
        return (time.perf_counter() - self.started) / self.seconds

    def left(self, share: float) -> Callable[[], bool]:
        """Return whether some of this share of the time, from now on, is left, as a function."""
        end = min(1.0, self.share() + share)
        return lambda: self.share() < end


def _of_graph(model: Model, draws: xr.Dataset, data: Any) -> xr.Dataset:
    """Return the draws of which the density of the graph is."""
    if isinstance(model, DrawsOfGraph):
        return model.graph_draws(draws, data)
    if isinstance(model, WorkingPosterior):
        return model.working_draws(draws, data)
    return draws


def _drawn(fit: Fit) -> xr.Dataset:
    posterior = fit.draws["posterior"].to_dataset()
    if posterior.sizes["draw"] == 0:
        raise ModelError("the answers are in closed form, and there are no draws.")
    return posterior


def _working(fit: Fit) -> xr.Dataset:
    """Return the draws under the likelihood alone."""
    posterior = _drawn(fit)
    if isinstance(fit.model, WorkingPosterior):
        return fit.model.working_draws(posterior, fit.data)
    return posterior


def _gradient(fit: Fit, model: Model) -> GraphGradient:
    """Return the gradient of a model on the data of a fit.

    Compiling pays where a sampler needs thousands of gradients, and a closed form needs none.
    """
    closed_form = draws_kind(fit.draws) is DrawsKind.EXACT
    return graph_gradient(Problem(model, fit.data), compiled=not closed_form)


def _of_draws(fit: Fit, clock: _Clock) -> list[Check]:
    """Hold the draws of the fit against the gradient of the density."""
    draws = _of_graph(fit.model, _drawn(fit), fit.data)
    gradient = _gradient(fit, fit.model)
    time_left = clock.left(_SHARE_OF_DRAWS)
    chains, size = draws.sizes["chain"], draws.sizes["draw"]
    step = max(1, -(-chains * size // _MOST_POINTS))
    thinned = draws.isel(draw=slice(None, None, step))
    points = gradient.unconstrained(thinned)
    points = points.reshape(chains, -1, points.shape[-1])
    slopes: list[np.ndarray] = []
    for column in np.moveaxis(points, 1, 0):
        if len(slopes) * chains >= _FEWEST_POINTS and not time_left():
            break
        slopes.append(gradient.at(column))
    points = points[:, : len(slopes)]
    slope = np.stack(slopes, axis=1)
    outside = ~(np.isfinite(points) & np.isfinite(slope)).all(axis=-1)
    if outside.any():
        return [_outside(int(outside.sum()), outside.size)]
    attributes = fit.draws.attrs
    share = min(1.0, attributes.get("importance_ess", np.inf) / (chains * size))
    shifts, spreads, total = tests.stein_z(points, slope, share)
    z = np.array([*shifts, *spreads, total])
    p = min(1.0, float(2 * stats.norm.sf(abs(z).max())) * len(z))
    count = points.shape[0] * points.shape[1] * share
    shift = tests.detectable_shift(count, len(z), LEVEL)
    spread = tests.detectable_spread(count, len(z), LEVEL)
    finding = (
        f"p = {p:.2g} at {points.shape[0] * points.shape[1]:,} draws; a shift of {shift:.2f} "
        f"posterior standard deviations, or a spread wrong by {spread:.0%}, is found in 9 of 10 "
        "runs"
    )
    return [_check("draws fit the density", p, finding, _OTHER_DRAWS)]


def _outside(count: int, size: int) -> Check:
    """Return the check of draws that no density could have given."""
    finding = (
        f"{count:,} of {size:,} draws lie where the density is 0 or has no gradient"
    )
    return _check("draws fit the density", 0.0, finding, _OTHER_DRAWS)


def _of_likelihood(fit: Fit, seed: int, clock: _Clock) -> list[Check]:
    """Hold the likelihood against studies drawn at draws of the posterior."""
    model, draws = _replicating(fit)
    observed = Problem(model, fit.data)
    gradient = _gradient(fit, model)
    time_left = clock.left(_SHARE_OF_LIKELIHOOD)
    # Both densities are of the same variables.
    fixed = {}
    if isinstance(model, ReparametrisedByData):
        names = set(model.parametrising_inputs) & set(observed.inputs)
        fixed = {name: observed.inputs[name] for name in names}
    points = gradient.unconstrained(_of_graph(model, draws, fit.data))
    if not np.isfinite(points).all():
        raise SamplingError("some draws lie where the density is 0.")
    directions = _directions(points, np.random.default_rng(seed))
    chosen = np.random.default_rng(seed).integers(len(points), size=_MOST_STUDIES)
    scores: list[np.ndarray] = []
    curvatures: list[np.ndarray] = []
    steps = np.vstack([np.zeros(len(directions)), directions.T])
    for first in range(0, _MOST_STUDIES, _STUDIES_AT_ONCE):
        if len(scores) >= _STUDIES_OF_SHIFTS and (
            _weight_found(np.array(scores), np.array(curvatures)) < _SHARP
        ):
            break
        if len(scores) >= _FEWEST_STUDIES and not time_left():
            break
        rng = np.random.default_rng([seed, first])
        rows = chosen[first : first + _STUDIES_AT_ONCE]
        signs = rng.choice([-_STEP, _STEP], size=len(rows))
        moved = points[rows][:, None] + signs[:, None, None] * steps
        flat = moved.reshape(-1, moved.shape[-1])
        observed_slopes = gradient.on(observed).at(flat).reshape(moved.shape)
        for row, sign, places, before in zip(
            rows, signs, moved, observed_slopes, strict=True
        ):
            draw = _single(draws, int(row))
            study = model.with_replication(draw, fit.data, rng)
            _refuse_other_parameters(gradient, draw, study.truth)
            slopes = gradient.on(Problem(model, study.data), fixed).at(places) - before
            # Where the observed study says much, so does another: numbers of one size.
            size = np.maximum(-_second(before, directions, sign), _LEAST_CURVATURE)
            scores.append(slopes[0] @ directions / np.sqrt(size))
            curvatures.append(_second(slopes, directions, sign) / size)
    score, curvature = np.array(scores), np.array(curvatures)
    of_mean, of_information = tests.bartlett_p_values(score, curvature)
    count = len(of_mean) + 1
    p = min(1.0, min(float(of_mean.min()), of_information) * count)
    shift = tests.detectable_shift(len(scores), count, LEVEL)
    weight = _weight_found(score, curvature)
    finding = (
        f"p = {p:.2g} at {len(scores):,} simulated studies; parameters put {shift:.2f} posterior "
        f"standard deviations away, or data counted {weight:.0%} too often or too seldom, are "
        "found in 9 of 10 runs"
    )
    remedy = (
        "Likelihood and simulator of the model differ: report this with the model, and do not "
        "rely on the answer."
    )
    return [_check("likelihood fits simulated studies", p, finding, remedy)]


def _refuse_other_parameters(
    gradient: GraphGradient, draw: xr.Dataset, truth: xr.Dataset
) -> None:
    """Refuse studies that together have other parameters than one of them."""
    for variable in gradient.graph.free_RVs:
        name = variable.name
        both = name in draw and name in truth
        if both and not np.array_equal(draw[name].to_numpy(), truth[name].to_numpy()):
            raise ModelError(
                f"`{name}` is in units that change with the number of rows."
            )


def _second(slopes: np.ndarray, directions: np.ndarray, step: float) -> np.ndarray:
    """Return second derivatives (m,) along directions (d, m).

    Parameters
    ----------
    slopes : array, shape (1 + m, d)
        The gradient at a point, and a step away from it in every direction.
    directions : array
    step : float
    """
    return np.einsum("jd,dj->j", (slopes[1:] - slopes[0]) / step, directions)


def _weight_found(scores: np.ndarray, curvatures: np.ndarray) -> float:
    """Return by how much data can be counted too often without being found, in 1 of 10 runs."""
    spread = float(tests.information_excess(scores, curvatures).std())
    return spread * tests.detectable_shift(len(scores), scores.shape[1] + 1, LEVEL)


def _replicating(fit: Fit) -> tuple[_ReplicatingModel, xr.Dataset]:
    """Return the model with its prior fixed, and the draws of the fit.

    Raises
    ------
    ModelError
        If the model draws no second study, or the draws are wider than its likelihood says.
    """
    model = fit.model
    if not isinstance(model, Replicates):
        raise ModelError(
            f"`{type(model).__name__}` does not draw a second study of the same design."
        )
    draws = _drawn(fit)
    fixed: Any = model.with_prior_of(fit.data)
    if isinstance(model, WorkingPosterior) and not _working(fit).equals(draws):
        raise ModelError(
            "errors are robust, and the posterior is that of no likelihood."
        )
    return fixed, draws


class _ReplicatingModel(Model, Replicates, Protocol):
    """A model that draws a second study."""


def _single(draws: xr.Dataset, row: int) -> xr.Dataset:
    """Return one draw, counted chain by chain, as one chain."""
    chain, draw = divmod(row, draws.sizes["draw"])
    single = draws.isel(chain=[chain], draw=[draw])
    return single.assign_coords(chain=[0], draw=[0])


def _directions(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return directions (d, m) along which the posterior has variance 1 and no correlation."""
    covariance = np.atleast_2d(np.cov(points, rowvar=False))
    sizes, axes = np.linalg.eigh(covariance)
    kept = sizes > 1e-10 * sizes[-1]
    every = axes[:, kept] * np.sqrt(sizes[kept])
    if every.shape[1] <= _MOST_QUANTITIES:
        return every
    mixing = np.linalg.qr(rng.standard_normal((every.shape[1], _MOST_QUANTITIES)))[0]
    return every @ mixing


@dataclass(frozen=True)
class _Ranked:
    """Normal scores and covered entries of each study, and how many were refused.

    Parameters
    ----------
    scores : list of dict
    covered : list of list of bool
    refused : tuple of str
    """

    scores: list[dict[str, float]]
    covered: list[list[bool]]
    refused: tuple[str, ...]


def _refits(
    fit: Fit, studies: int, seed: int, clock: _Clock, advance: Advance
) -> _Ranked:
    """Fit simulated studies behind the observed one, and rank the truth, while there is time.

    Parameters
    ----------
    fit : Fit
    studies : int
    seed : int
    clock : _Clock
    advance : function of a share and a note
    """
    model, draws = _replicating(fit)
    sampler = _smaller(fit.sampler)
    size = draws.sizes["chain"] * draws.sizes["draw"]
    chosen = np.random.default_rng([seed, size]).integers(size, size=studies)
    scores: list[dict[str, float]] = []
    covered: list[list[bool]] = []
    refusals: list[str] = []
    begun = clock.share()
    for number, row in enumerate(chosen):
        # The next one takes as long as those before it took.
        each = (clock.share() - begun) / max(number, 1)
        if number >= 2 and clock.share() + each > 1:
            break
        study_seed = int(
            np.random.SeedSequence([seed, number, size]).generate_state(1)[0]
        )
        rng = np.random.default_rng(study_seed)
        try:
            study = model.with_replication(_single(draws, int(row)), fit.data, rng)
            problem = Problem(model, study.data)
            program = program_for(sampler, problem)
            fitted = sample(program, problem, study_seed)
        except (DataError, SamplingError) as error:
            refusals.append(str(error))
            continue
        posterior = fitted["posterior"].to_dataset()
        independent = "sample_stats" not in fitted.children
        kept = _thinned(posterior, _RANKED_DRAWS[independent])
        ranked, inside = _rank(fit, study.truth, kept, study.data, rng)
        scores.append(ranked)
        covered.append(inside)
        advance(min(1.0, clock.share()), f"{len(scores)} studies fitted")
    if not scores:
        raise ModelError(refusals[0] if refusals else "there was no time for a fit.")
    refused = (
        (f"{len(refusals)} simulated studies were refused: {refusals[0]}",)
        if refusals
        else ()
    )
    return _Ranked(scores, covered, refused)


def _smaller(sampler: Sampler) -> Sampler:
    """Return the sampler with fewer chains and draws, enough to rank one number."""
    options = _SMALLER.get(type(sampler))
    made: Any = sampler
    return made if options is None else replace(made, **options)


def _thinned(posterior: xr.Dataset, most: int) -> xr.Dataset:
    """Return evenly spread draws of all chains, as one chain."""
    stacked = posterior.drop_vars(["chain", "draw"]).stack(
        every=("chain", "draw"), create_index=False
    )
    size = stacked.sizes["every"]
    keep = np.linspace(0, size - 1, min(most, size)).round().astype(int)
    one_chain = stacked.isel(every=keep).rename(every="draw").expand_dims("chain")
    return one_chain.transpose("chain", "draw", ...)


def _rank(
    fit: Fit, truth: xr.Dataset, draws: xr.Dataset, data: Any, rng: np.random.Generator
) -> tuple[dict[str, float], list[bool]]:
    """Return the normal score of each quantity, and which entries of the answer were covered.

    Parameters
    ----------
    fit : Fit
    truth, draws : Dataset
    data
        Both studies.
    rng : Generator
    """
    model = fit.model
    answer = model.estimands()[fit.headline]
    drawn: dict[str, np.ndarray] = {}
    true: dict[str, np.ndarray] = {}
    inside = []
    if not answer.own_posterior:
        drawn = _numbers(fit.headline, answer.compute(draws, data), _MOST_ENTRIES)
        true = _numbers(fit.headline, answer.compute(truth, data), _MOST_ENTRIES)
    for name, values in drawn.items():
        inside.append(tests.is_covered(true[name].item(), values, _PROB, rng))
    for name in map(str, model.parameters(data) or draws.data_vars):
        if (
            name in draws
            and name in truth
            and draws[name].shape[2:] == truth[name].shape[2:]
        ):
            drawn |= _numbers(name, draws[name], _MOST_QUANTITIES)
            true |= _numbers(name, truth[name], _MOST_QUANTITIES)
    varying = {name: each for name, each in drawn.items() if varies(each)}
    names = list(varying)[:_MOST_QUANTITIES]
    ranks = {
        name: (int((varying[name] < true[name].item()).sum()), varying[name].size)
        for name in names
    }
    if len(names) > 1:
        table = np.column_stack([varying[name].ravel() for name in names])
        point = np.array([true[name].item() for name in names])
        ranks[_DISTANCE] = tests.outlyingness_rank(point, table)
    if isinstance(model, HasLogLikelihood):
        heights = model.log_likelihood(draws, data).to_numpy()
        height = model.log_likelihood(truth, data).item()
        ranks[_HEIGHT] = int((heights < height).sum()), heights.size
    scores = {
        name: tests.normal_score(rank, count, rng)
        for name, (rank, count) in ranks.items()
    }
    return scores, inside


def _numbers(name: str, values: xr.DataArray, most: int) -> dict[str, np.ndarray]:
    """Return the entries of an array by name, evenly spaced ones where they are many."""
    flat = entries(values)
    labels = list(flat)
    keep = np.linspace(0, len(labels) - 1, min(most, len(labels))).round().astype(int)
    return {
        f"{name}[{labels[k]}]" if labels[k] else name: flat[labels[k]] for k in keep
    }


def _rank_checks(fit: Fit, ranked: _Ranked) -> list[Check]:
    """Return the checks of ranks and of coverage."""
    scores = pd.DataFrame(ranked.scores).dropna(axis="columns")
    count = len(scores)
    p_values = {
        str(name): min(tests.normal_p_values(column.to_numpy()))
        for name, column in scores.items()
    }
    tested = {name: 2 * _numbers_beside(name, list(p_values)) for name in p_values}
    corrected_p = {name: p * tested[name] for name, p in p_values.items()}
    worst = min(corrected_p, key=lambda name: corrected_p[name])
    p = min(1.0, corrected_p[worst])
    corrected = max(tested.values())
    shift = tests.detectable_shift(count, corrected, LEVEL)
    spread = tests.detectable_spread(count, corrected, LEVEL)
    ranks = _check(
        "ranks around the posterior",
        p,
        f"smallest p = {p:.2g} of {len(p_values)} quantities ({worst}), {count} studies fitted; "
        f"a shift of {shift:.2f} posterior standard deviations, or a spread wrong by {spread:.0%}, "
        "is found in 9 of 10 runs",
        _NOT_TOGETHER,
    )
    covered = np.array(ranked.covered, bool)
    return [ranks, _coverage(fit.headline, covered)] if covered.size else [ranks]


def _coverage(headline: str, covered: np.ndarray) -> Check:
    """Return the check of how often the interval of the answer covered the truth.

    Parameters
    ----------
    headline : str
    covered : bool array, shape (studies, entries of the answer)
    """
    count = len(covered)
    inside = covered.sum(axis=0)
    tails = [stats.binomtest(int(k), count, _PROB).pvalue for k in inside]
    p = min(1.0, float(min(tails)) * len(tails))
    share = float(covered.mean())
    low, high = stats.binom.interval(1 - LEVEL / len(tails), count, _PROB)
    return _check(
        "coverage around the posterior",
        p,
        f"the 95 % interval of {headline!r} covered the truth in {share:.0%} of {count} "
        f"studies; between {low / count:.0%} and {high / count:.0%} is expected",
        _NOT_TOGETHER,
    )


def _numbers_beside(name: str, names: list[str]) -> int:
    """Return how many quantities a p-value is corrected for.

    Those of all parameters together see what is wrong in each of them, and have half of the level.
    """
    joint = [each for each in names if each in _JOINT]
    if not joint or len(joint) == len(names):
        return len(names)
    return 2 * (len(joint) if name in _JOINT else len(names) - len(joint))


def _check(name: str, p: float, finding: str, remedy: str) -> Check:
    passed = bool(p > LEVEL)
    return Check(
        name=name,
        passed=passed,
        value=p,
        expected=f"p above {LEVEL}, corrected for the number of tests",
        finding=finding,
        remedy="" if passed else remedy,
    )
