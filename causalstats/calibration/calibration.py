"""Simulation-based calibration (SBC): rank statistics and coverage over data from the prior.

If the graph that is sampled and the simulator of data are of the same model, the rank statistics of
the true values among posterior draws are uniform.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from causalstats.core.abilities import (
    HasLogLikelihood,
    PriorFromData,
    Simulates,
    SimulationDefaults,
)
from causalstats.core.argument_types import AxesLike
from causalstats.core.argument_validation import (
    Count,
    File,
    Inside,
    Name,
    Number,
    Seed,
    checked,
    meant,
)
from causalstats.core.check import Check, Checks
from causalstats.core.estimand import answerable
from causalstats.core.model import Model, Problem
from causalstats.core.simulation import Simulation
from causalstats.errors import DataError, ModelError
from causalstats.inference.arguments import refuse_model, refuse_sampler
from causalstats.numerics.sampling.convergence_diagnostics import varies
from causalstats.numerics.sampling.posterior_summaries import entries
from causalstats.runs.progress import stage
from causalstats.runs.resumable import resume
from causalstats.samplers import (
    Auto,
    Exact,
    Gibbs,
    Nuts,
    RunsMany,
    Sampler,
    program_for,
    sample,
    sample_many,
)
from causalstats.samplers.exact import exact_draws
from causalstats.samplers.gibbs import gibbs_kernel
from causalstats.samplers.importance import importance_draws

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Ranks of a true value among 119 draws; the central 50, 80 and 95 % are whole numbers of ranks.
RANKS = 120
_LEVEL = 0.01
_REFUSED = "The ranks are those of the prior without the refused data sets: simulate more people."
_WRONG = (
    "The sampler, the simulator or the graph is wrong for this model: look at `plot()` and at the "
    "quantity named."
)
_BINS = 20
Jobs = Annotated[
    int, Number(least=-1000, most=1000, whole=True)
]  # as joblib has them: -1 for all cores


@dataclass(frozen=True, eq=False, kw_only=True)
class Calibration:
    """Ranks of the truth in the posterior, over many data sets drawn from the prior.

    Parameters
    ----------
    model : Model
    sampler : Sampler
    ranks : DataFrame
        A row a data set and a column a quantity: the number of 119 thinned posterior draws below
        the true value, 0 to 119. NaN where the data determine the quantity, or its true value is
        infinite.
    errors : DataFrame
        (mean - truth) / sd of these draws, in the same shape.
    fits : DataFrame
        Seconds, divergences and leapfrog steps a draw of each data set, or why it was refused;
        the index holds the seeds.

    References
    ----------
    Talts, Betancourt, Simpson, Vehtari & Gelman (2018), Validating Bayesian inference algorithms
    with simulation-based calibration.

    Examples
    --------
    >>> import causalstats as cs
    >>> model = cs.CausalDiagram("smoking -> tar -> cancer; smoking <-> cancer")
    >>> result = cs.calibrate(model, fits=20, seed=1, simulate={"people": 50}, progress=False)
    >>> result.ranks.shape[0]
    20
    >>> list(result.table().columns[:3])
    ['p_uniform', 'coverage_50%', 'se_50%']
    """

    model: Model
    sampler: Sampler
    ranks: pd.DataFrame
    errors: pd.DataFrame
    fits: pd.DataFrame

    @checked(ModelError)
    def table(self, probs: Sequence[Inside] = (0.5, 0.8, 0.95)) -> pd.DataFrame:
        """Summarise each quantity in a row.

        Parameters
        ----------
        probs : sequence of float
            Probabilities of the central intervals whose coverage is counted.

        Returns
        -------
        DataFrame
            The p-value of uniform ranks, the coverage of each interval with its standard error,
            and mean and sd of the errors in posterior standard deviations.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("x -> y")
        >>> result = cs.calibrate(model, fits=10, seed=1, simulate={"people": 50}, progress=False)
        >>> result.table(probs=[0.9]).columns.tolist()[:2]
        ['p_uniform', 'coverage_90%']
        """
        counts = self.ranks.count()
        known = self.ranks.notna()
        columns: dict[str, Any] = {"p_uniform": self.ranks.apply(_p_uniform)}
        for prob in probs:
            outside = (1 - prob) / 2 * RANKS
            # A rank that is partly outside, where these are no whole numbers, counts in part
            last = (self.ranks + 1).clip(upper=RANKS - outside)
            inside = (last - self.ranks.clip(lower=outside)).clip(0, 1)
            columns[f"coverage_{prob:.0%}"] = inside.where(known, 0).sum() / counts
            columns[f"se_{prob:.0%}"] = np.sqrt(prob * (1 - prob) / counts)
        columns |= {"mean_error": self.errors.mean(), "sd_error": self.errors.std()}
        return pd.DataFrame(columns)

    def check(self) -> Checks:
        """Check uniform ranks and coverage of every quantity, with Bonferroni's correction.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("x -> y")
        >>> result = cs.calibrate(model, fits=10, seed=1, simulate={"people": 50}, progress=False)
        >>> [check.name for check in result.check()][:2]
        ['uniform ranks', 'coverage of 95 % intervals']
        """
        table, count = self.table(), len(self.ranks)
        worst = table["p_uniform"].idxmin()
        p = min(1.0, float(table["p_uniform"].min()) * len(table))
        counts = self.ranks.count()
        inside = (table["coverage_95%"] * counts).round().astype(int)
        tails = pd.Series(
            [
                stats.binomtest(k, n, 0.95).pvalue
                for k, n in zip(inside, counts, strict=True)
            ],
            table.index.astype(str),
        )
        covered, share = (
            min(1.0, float(tails.min()) * len(table)),
            float(table["coverage_95%"].iloc[int(tails.argmin())]),
        )
        refused = int(self.fits["refused"].notna().sum())
        divergent = int((self.fits["divergences"] > 0).sum())
        return Checks(
            [
                _check(
                    "uniform ranks",
                    p,
                    f"smallest p = {p:.3g} of {len(table)} quantities ({worst}), {count} data sets",
                ),
                _check(
                    "coverage of 95 % intervals",
                    covered,
                    f"smallest p = {covered:.3g} ({tails.idxmin()}: {share:.1%})",
                ),
                Check(
                    name="every data set was fitted",
                    passed=None if refused else True,
                    value=refused,
                    expected="none refused",
                    finding=f"{refused} refused, {divergent} with divergences",
                    remedy=_REFUSED if refused else "",
                ),
            ]
        )

    def plot(self, *, ax: AxesLike | None = None) -> Figure:
        """Plot the ECDF of the rank statistics (in place of a rank histogram) less that of the
        uniform, with a simultaneous 99 % band.

        Quantities that some data set determines are left out.

        Parameters
        ----------
        ax : matplotlib Axes, or array or list of Axes, optional
            Where it is drawn, an axes for each quantity; a new figure unless given.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("x -> y")
        >>> result = cs.calibrate(model, fits=10, seed=1, simulate={"people": 50}, progress=False)
        >>> len(result.plot().axes) > 0
        True
        """
        from causalstats.plots.rank_ecdf import ranks

        return ranks((self.ranks.dropna(axis="columns") + 0.5) / RANKS, ax)

    def __repr__(self) -> str:
        table = self.table().to_string(float_format="{:.3g}".format)
        return f"Calibration of {self.model}\n{table}\n{self.check()!r}"

    def _repr_html_(self) -> str:
        table = self.table().to_html(float_format="{:.3g}".format)
        return f"<div>{table}{self.check()._repr_html_()}</div>"


@checked(ModelError)
def calibrate(
    model: Model,
    *,
    fits: Count = 200,
    seed: Seed,
    simulate: Mapping[Name, Any] | None = None,
    sampler: Sampler | None = None,
    path: File | None = None,
    jobs: Jobs = 1,
    vectorized: bool = False,
    progress: bool = True,
) -> Calibration:
    """Calibrate a model by simulation: draw data from its prior, fit them, and rank the truth.

    Parameters are drawn from the prior, data from the parameters, and the posterior from the data,
    many times over. The model is compiled once for all data sets (in every worker).

    Parameters
    ----------
    model : Model
        With `simulate(seed, design="prior", ...)`. Prior scales that the model would read from the
        data are fixed (`model.with_proper_prior()`); the result names them.
    fits : int
        Number of data sets.
    seed : int
        The same seed gives the same data sets and draws.
    simulate : mapping, optional
        Arguments of `model.simulate`, such as `{"people": 500, "features": 3}`; by default
        `model.simulation_defaults`.
    sampler : Sampler, optional
        By default independent draws where the posterior is exact, importance or Gibbs sampling
        where the model offers it, and otherwise NUTS with two chains of 250 + 400: enough for 119
        nearly independent draws where the chains mix.
    path : str or Path, optional
        A file of one line a data set. Data sets in the file are not fitted again, so that an
        interrupted run can be resumed.
    jobs : int
        Number of workers, through joblib: within `joblib.parallel_config(backend="dask")` those of
        a cluster.
    vectorized : bool
        Whether one JAX program samples all data sets at once, by NUTS with NumPyro: for a GPU, as
        a CPU is faster with one after the other. Their arrays have to be of equal shapes, as those
        of panels and compositions are. Such a run is not divided: it takes no `path` and no `jobs`.
    progress : bool

    Returns
    -------
    Calibration

    Raises
    ------
    ModelError
        If the model does not simulate from its prior, or `vectorized` comes with `path`, `jobs` or
        a sampler of another kind.
    SamplingError
        If `vectorized` is asked for, and the arrays of two data sets differ in shape.
    StoreError
        If the file is of another model, sampler or simulation.

    Examples
    --------
    >>> import causalstats as cs
    >>> model = cs.CausalDiagram("x -> y")
    >>> result = cs.calibrate(model, fits=20, seed=1, simulate={"people": 50}, progress=False)
    >>> all(check.passed for check in result.check())
    True
    """
    refuse_model(model)
    refuse_sampler(sampler)
    if jobs == 0:
        raise ModelError(
            "Expected `jobs` as the number of workers, or -1 for all cores, got 0."
        )
    if isinstance(model, PriorFromData):
        model = model.with_proper_prior()
    if not isinstance(model, Simulates):
        raise ModelError(
            f"`{type(model).__name__}` does not simulate data, so it has no calibration."
        )
    options = _options(model, simulate)
    seeds = [
        int(np.random.SeedSequence([seed, k]).generate_state(1)[0]) for k in range(fits)
    ]
    if vectorized:
        _refuse_divided(path, jobs)
        sampler = sampler or Nuts(chains=2, draws=400, tune=250, backend="numpyro")
        records = _all_at_once(model, sampler, options, seeds, progress)
    else:
        sampler = sampler or _suited(model, options, seeds)
        records = resume(
            partial(_one, model, sampler, options),
            seeds,
            title=f"Calibrating {type(model).__name__}",
            path=None if path is None else Path(path),
            description=f"{model!r}, {sampler!r}, simulated with {options!r}",
            jobs=jobs,
            progress=progress,
        )
    return _collect(
        model, sampler, pd.DataFrame(records, index=pd.Index(seeds, name="seed"))
    )


class _SimulatedModel(Model, Simulates, Protocol):
    """A model that draws data from its prior."""


def _options(model: Simulates, simulate: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the arguments of `model.simulate` besides seed and design; refuse unknown ones."""
    options = simulate
    if options is None:
        options = (
            model.simulation_defaults if isinstance(model, SimulationDefaults) else {}
        )
    known = [
        name
        for name in inspect.signature(model.simulate).parameters
        if name not in ("seed", "design")
    ]
    strange = [name for name in options if name not in known]
    if strange:
        raise ModelError(
            f"Expected `simulate` with some of {', '.join(known)}, got {strange[0]!r}. "
            f"{meant(strange[0], known)}".rstrip()
        )
    return dict(options)


def _suited(
    model: _SimulatedModel, options: Mapping[str, Any], seeds: Sequence[int]
) -> Sampler:
    """By the first data set that is not refused."""
    for seed in seeds:
        try:
            problem = Problem(
                model, model.simulate(seed, design="prior", **options).data
            )
            if exact_draws(problem) is not None:
                return Exact(chains=1, draws=RANKS - 1)
            if importance_draws(problem) is not None:
                return Auto(chains=2, draws=400, tune=250)
            if gibbs_kernel(problem) is not None:
                return Gibbs(chains=2, draws=400)
            break
        except (DataError, ModelError):
            continue
    return Nuts(chains=2, draws=400, tune=250)


def _one(
    model: _SimulatedModel, sampler: Sampler, options: Mapping[str, Any], seed: int
) -> dict[str, Any]:
    """One data set, drawn, fitted and ranked."""
    started = time.perf_counter()
    try:
        simulation = model.simulate(seed, design="prior", **options)
        problem = Problem(model, simulation.data)
        program = program_for(sampler, problem, structure=f"{model!r} {options!r}")
        draws = sample(program, problem, seed)
    except (DataError, ModelError) as error:
        return {"refused": str(error)}
    draws["posterior"].to_dataset()
    record = _ranked(model, simulation, draws)
    return {"seconds": time.perf_counter() - started, **record}


def _refuse_divided(path: File | None, jobs: int) -> None:
    if path is not None or jobs != 1:
        raise ModelError(
            "Expected `vectorized` without `path` and `jobs`: all data sets are one piece of work. "
            "Leave them out, or leave out `vectorized`."
        )


def _all_at_once(
    model: _SimulatedModel,
    sampler: Sampler,
    options: Mapping[str, Any],
    seeds: Sequence[int],
    progress: bool,
) -> list[dict[str, Any]]:
    """All data sets, drawn, fitted in one program, and ranked.

    Parameters
    ----------
    model : Model
    sampler : Sampler
        Its programs have to be of many problems.
    options : mapping
        Arguments of `model.simulate`.
    seeds : sequence of int
    progress : bool
    """
    started = time.perf_counter()
    records: dict[int, dict[str, Any]] = {}
    simulations = {}
    for seed in seeds:
        try:
            simulation = model.simulate(seed, design="prior", **options)
            simulations[seed] = simulation, Problem(model, simulation.data)
        except (DataError, ModelError) as error:
            records[seed] = {"refused": str(error)}
    problems = [problem for _, problem in simulations.values()]
    if not problems:
        return [records[seed] for seed in seeds]
    with stage(f"Calibrating {type(model).__name__}", progress) as advance:
        advance(0, "compiling")
        program = program_for(sampler, problems[0])
        if not isinstance(program, RunsMany):
            raise ModelError(
                "Expected `sampler` as `cs.Nuts(backend='numpyro')`, which runs all data sets in "
                f"one program, got {sampler!r}. Leave it out, or leave out `vectorized`."
            )
        fitted = sample_many(program, problems, list(simulations), advance)
    seconds = (time.perf_counter() - started) / len(problems)
    for (seed, (simulation, _)), draws in zip(simulations.items(), fitted, strict=True):
        records[seed] = {"seconds": seconds, **_ranked(model, simulation, draws)}
    return [records[seed] for seed in seeds]


def _ranked(model: Model, simulation: Simulation, draws: xr.DataTree) -> dict[str, Any]:
    """Rank the truth of a data set among its draws."""
    posterior = draws["posterior"].to_dataset()
    statistics: Any = draws["sample_stats"] if "sample_stats" in draws.children else {}
    sampled = _quantities(model, _thinned(posterior), simulation.data)
    try:
        truth = _quantities(model, simulation.truth, simulation.data)
    except KeyError as error:
        absent = [
            str(name) for name in posterior.data_vars if name not in simulation.truth
        ]
        if not absent:
            raise
        raise ModelError(
            f"Expected the truth of every variable that an answer is made of, but `simulate` of "
            f"`{type(model).__name__}` returned none of {', '.join(absent)}. Put the values that "
            "it drew into `Simulation(truth=...)`, with the dims that the graph has."
        ) from error
    varying = {
        name: values
        for name, values in sampled.items()
        if varies(values) and np.isfinite(truth[name].item())
    }
    return {
        "divergences": int(statistics["diverging"].sum())
        if "diverging" in statistics
        else 0,
        "steps": float(statistics["n_steps"].mean())
        if "n_steps" in statistics
        else 0.0,
        "ranks": {
            name: int((values < truth[name].item()).sum())
            for name, values in varying.items()
        },
        "errors": {
            name: float((values.mean() - truth[name].item()) / values.std())
            for name, values in varying.items()
        },
    }


def _thinned(posterior: xr.Dataset) -> xr.Dataset:
    """119 draws, evenly spread over all chains, as one chain."""
    keep = (
        np.linspace(
            0, posterior.sizes["chain"] * posterior.sizes["draw"] - 1, RANKS - 1
        )
        .round()
        .astype(int)
    )
    stacked = posterior.drop_vars(["chain", "draw"]).stack(
        every=("chain", "draw"), create_index=False
    )
    return (
        stacked.isel(every=keep)
        .rename(every="draw")
        .expand_dims("chain")
        .transpose("chain", "draw", ...)
    )


def _quantities(model: Model, draws: xr.Dataset, data: Any) -> dict[str, np.ndarray]:
    """Return draws (chain, draw) of every number that is ranked.

    Parameters, answers (those that are a number a person for the first person), and the log
    likelihood.
    """
    arrays = {name: draws[name] for name in model.parameters(data) if name in draws}
    for name, estimand in answerable(model, data).items():
        if estimand.own_posterior:
            continue
        answer = estimand.compute(draws, data)
        if not estimand.per_person:
            arrays[name] = answer
        elif answer.shape[-1]:
            arrays[f"{name} of a person"] = answer[..., 0].drop_vars("person")
    if isinstance(model, HasLogLikelihood):
        arrays["log_likelihood"] = model.log_likelihood(draws, data)
    return {
        f"{name}[{label}]" if label else name: values
        for name, array in arrays.items()
        for label, values in entries(array).items()
    }


def _collect(model: Model, sampler: Sampler, records: pd.DataFrame) -> Calibration:
    fits = records.reindex(columns=["seconds", "divergences", "steps", "refused"])
    if "ranks" not in records:
        raise ModelError(
            f"No data set could be fitted; the first was refused with: {fits['refused'].iloc[0]}"
        )
    done = records[records["ranks"].notna()]
    ranks, errors = (
        pd.DataFrame(done[name].tolist(), index=done.index)
        for name in ("ranks", "errors")
    )
    return Calibration(
        model=model, sampler=sampler, ranks=ranks, errors=errors, fits=fits
    )


def _p_uniform(ranks: pd.Series) -> float:
    """χ² test of uniform ranks in 20 bins, or in as many as leave five data sets a bin.

    Bins that do not divide 120 ranks have a rank more or less each, and expect as much.
    """
    known = ranks.dropna().to_numpy(int)
    bins = int(np.clip(len(known) // 5, 2, _BINS))
    counts = np.bincount(known * bins // RANKS, minlength=bins)
    sizes = np.bincount(np.arange(RANKS) * bins // RANKS, minlength=bins)
    expected = sizes / RANKS * len(known)
    return float(stats.chisquare(counts, expected).pvalue)


def _check(name: str, p: float, finding: str) -> Check:
    passed = p > _LEVEL
    return Check(
        name=name,
        passed=passed,
        value=p,
        expected=f"p above {_LEVEL}, corrected for the number of quantities",
        finding=finding,
        remedy="" if passed else _WRONG,
    )
