"""Does a model's posterior mean what it says? Simulation-based calibration, coverage and recovery over data drawn from its prior."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from causalstats.errors import DataError, ModelError, StoreError
from causalstats.model import Check, Checks, Problem
from causalstats.progress import stage
from causalstats.samplers import Auto, Nuts, Program

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RANKS = 100  # possible ranks of a truth among 99 draws
_LEVEL = 0.01
_BINS = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class Calibration:
    """Ranks of the truth in the posterior, over many data sets drawn from the prior.

    `ranks` has a row a data set and a column a quantity: how many of 99 thinned posterior draws lie below the truth, 0 to 99, and uniform
    if posterior and prior belong together. `errors` is (posterior mean - truth) / posterior sd in the same shape. `fits` has for each data
    set its seed, seconds, divergences, leapfrog steps a draw, or why it was refused.

    References
    ----------
    Talts, Betancourt, Simpson, Vehtari & Gelman (2018), Validating Bayesian inference algorithms with simulation-based calibration.
    """

    model: Any
    sampler: Nuts | Auto
    ranks: pd.DataFrame
    errors: pd.DataFrame
    fits: pd.DataFrame

    def table(self, probs: Sequence[float] = (0.5, 0.8, 0.95)) -> pd.DataFrame:
        """A row a quantity: p-value of uniform ranks, coverage of central intervals with its standard error, and mean and sd of the error in
        posterior standard deviations.
        """
        columns: dict[str, Any] = {"p_uniform": self.ranks.apply(_p_uniform)}
        for prob in probs:
            tail = (1 - prob) / 2
            inside = ((self.ranks + 0.5) / RANKS).apply(lambda u, tail=tail: u.between(tail, 1 - tail).mean())
            columns[f"coverage_{prob:.0%}"] = inside
            columns[f"se_{prob:.0%}"] = np.sqrt(prob * (1 - prob) / len(self.ranks))
        columns |= {"mean_error": self.errors.mean(), "sd_error": self.errors.std()}
        return pd.DataFrame(columns)

    def check(self) -> Checks:
        """Uniform ranks and right coverage for every quantity, each p-value multiplied by the number of quantities (Bonferroni)."""
        table, count = self.table(), len(self.ranks)
        worst = table["p_uniform"].idxmin()
        p = min(1.0, float(table["p_uniform"].min()) * len(table))
        inside = (table["coverage_95%"] * count).round().astype(int)
        tails = inside.apply(lambda k: stats.binomtest(k, count, 0.95).pvalue)
        covered = min(1.0, float(tails.min()) * len(table))
        refused = int(self.fits["refused"].notna().sum())
        divergent = int((self.fits["divergences"] > 0).sum())
        return Checks(
            [
                _check("uniform ranks", p, f"smallest p = {p:.3g} of {len(table)} quantities ({worst}), {count} data sets"),
                _check("coverage of 95 % intervals", covered, f"smallest p = {covered:.3g} ({tails.idxmin()}: {table['coverage_95%'][tails.idxmin()]:.1%})"),
                Check(
                    name="every data set was fitted",
                    passed=None if refused else True,
                    value=refused,
                    expected="none refused",
                    finding=f"{refused} refused, {divergent} with divergences",
                    remedy="Ranks over the rest are those of the prior without the refused: take more people." if refused else "",
                ),
            ]
        )

    def plot(self) -> Figure:
        """The ECDF of the ranks less that of the uniform, with a simultaneous 99 % band (ArviZ)."""
        from causalstats import plots

        return plots.ranks((self.ranks + 0.5) / RANKS)

    def __repr__(self) -> str:
        return f"Calibration of {self.model}\n{self.table().to_string(float_format='{:.3g}'.format)}\n{self.check()!r}"

    def _repr_html_(self) -> str:
        return f"<div>{self.table().to_html(float_format='{:.3g}'.format)}{self.check()._repr_html_()}</div>"


def calibrate(
    model: Any,
    *,
    fits: int = 200,
    seed: int,
    simulate: Mapping[str, Any] | None = None,
    sampler: Nuts | Auto | None = None,
    path: str | Path | None = None,
    jobs: int = 1,
    progress: bool = True,
) -> Calibration:
    """Draw parameters from the prior, data from them, the posterior from the data, and rank the truth in it; many times over.

    The model is compiled once for all data sets (in every worker). Where posterior and prior belong together the ranks are uniform, whatever the model.

    Parameters
    ----------
    model
        With `simulate(seed, design="prior", ...)`.
    fits : int
        Data sets.
    seed : int
        The same seed gives the same data sets and draws.
    simulate : mapping, optional
        What `model.simulate` is told besides, e.g. `{"people": 500, "features": 3}`.
    sampler : Nuts or Auto, optional
        By default two chains of 400 + 750: enough for 99 nearly independent draws where the chains mix.
    path : str or Path, optional
        A file of one line a data set. What it has is not fitted again, so a run that was killed goes on where it was.
    jobs : int
        Workers, through joblib: within `joblib.parallel_config(backend="dask")` they are those of a cluster.

    Raises
    ------
    ModelError
        If the model does not simulate from its prior.
    StoreError
        If the file is of another model, sampler or simulation.
    """
    import joblib

    sampler = sampler or Nuts(chains=2, draws=750, tune=400)
    options = {"people": 500} if simulate is None else dict(simulate)
    seeds = [int(np.random.SeedSequence([seed, k]).generate_state(1)[0]) for k in range(fits)]
    records = _Records(path, {"model": repr(model), "sampler": repr(sampler), "simulate": repr(options)})
    waiting = [each for each in seeds if each not in records.done]
    with stage(f"Calibrating {type(model).__name__}", progress) as advance:
        advance(0, "compiling")
        work = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(joblib.delayed(_one)(model, sampler, options, each) for each in waiting)
        started = time.perf_counter()
        for number, record in enumerate(work, 1):
            records.add(record)
            each = (time.perf_counter() - started) / number
            advance((fits - len(waiting) + number) / fits, f"{each:.2f} s a data set, {each * (len(waiting) - number):.0f} s to go")
    return _collect(model, sampler, [records.done[each] for each in seeds])


class _Records:
    """The results so far, in memory and, if there is a path, in a file of a header and one line a data set."""

    def __init__(self, path: str | Path | None, header: dict[str, str]):
        self.path = None if path is None else Path(path)
        self.done: dict[int, dict[str, Any]] = {}
        if self.path is None:
            return
        if self.path.exists():
            first, *lines = self.path.read_text().splitlines() or [""]
            if first != json.dumps(header):
                raise StoreError(f"{str(self.path)!r} holds the calibration of something else: {first}; expected {json.dumps(header)}. Give another path.")
            self.done = {record["seed"]: record for record in _whole(lines)}
            self.path.write_text("\n".join([first, *(json.dumps(record) for record in self.done.values())]) + "\n")
        else:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(json.dumps(header) + "\n")

    def add(self, record: dict[str, Any]) -> None:
        self.done[record["seed"]] = record
        if self.path is not None:
            with self.path.open("a") as file:
                file.write(json.dumps(record) + "\n")


def _whole(lines: list[str]) -> Iterator[dict[str, Any]]:
    """The lines that a kill did not cut."""
    for line in lines:
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            return


def _one(model: Any, sampler: Nuts | Auto, options: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """One data set, drawn, fitted and ranked."""
    started = time.perf_counter()
    try:
        simulation = model.simulate(seed, design="prior", **options)
        problem = Problem(model, simulation.data)
        draws = _program(_Key(repr((model, sampler, sorted(options.items()))), sampler, problem)).run(problem, seed)
    except (DataError, ModelError) as error:
        return {"seed": seed, "refused": str(error)}
    posterior, statistics = draws["posterior"].to_dataset(), draws["sample_stats"]
    total = posterior.sizes["chain"] * posterior.sizes["draw"]
    keep = np.linspace(0, total - 1, RANKS - 1).round().astype(int)
    truth, sampled = (_quantities(model, values, simulation.data) for values in (simulation.truth, posterior))
    ranks = {name: int((sampled[name].ravel()[keep] < truth[name].item()).sum()) for name in truth}
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = {name: float((sampled[name].mean() - truth[name].item()) / sampled[name].std()) for name in truth}
    return {
        "seed": seed,
        "seconds": time.perf_counter() - started,
        "divergences": int(statistics["diverging"].sum()),
        "steps": float(statistics["n_steps"].mean()),
        "ranks": ranks,
        "errors": errors,
    }


@dataclass(frozen=True)
class _Key:
    """A problem to compile for, known by its text: the programs of two data sets of one model are the same."""

    text: str
    sampler: Nuts | Auto
    problem: Problem

    def __hash__(self) -> int:
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.text == other.text


@lru_cache(maxsize=4)
def _program(key: _Key) -> Program:
    return key.sampler.compile(key.problem)


def _quantities(model: Any, draws: xr.Dataset, data: Any) -> dict[str, np.ndarray]:
    """Draws (chain, draw) of every number that varies: parameters, answers that are one number, and the log likelihood."""
    singles = {name: estimand for name, estimand in model.estimands().items() if estimand.at is None}
    arrays = {name: draws[name] for name in model.parameters()} | {name: estimand.compute(draws, data) for name, estimand in singles.items()}
    arrays["log_likelihood"] = model.log_likelihood(draws, data)
    found = {}
    for name, array in arrays.items():
        values = array.transpose("chain", "draw", ...).to_numpy()
        if values.ndim == 2:
            found[name] = values
        else:
            found |= {f"{name}[{label}]": values[..., k] for k, label in enumerate(array.coords[array.dims[-1]].to_numpy())}
    return found


def _collect(model: Any, sampler: Nuts | Auto, records: list[dict[str, Any]]) -> Calibration:
    fits = pd.DataFrame(records).set_index("seed")
    fits = fits.reindex(columns=["seconds", "divergences", "steps", "refused"])
    done = [record for record in records if "ranks" in record]
    if not done:
        raise ModelError(f"No data set could be fitted; the first was refused with: {records[0]['refused']}")
    index = [record["seed"] for record in done]
    ranks = pd.DataFrame([record["ranks"] for record in done], index=index)
    errors = pd.DataFrame([record["errors"] for record in done], index=index)
    varying = [name for name in errors if np.isfinite(errors[name]).all()]  # what is known has no posterior to be ranked in
    return Calibration(model=model, sampler=sampler, ranks=ranks[varying], errors=errors[varying], fits=fits)


def _p_uniform(ranks: pd.Series) -> float:
    """χ² test of equal counts in 20 bins, or in as many as leave five data sets a bin."""
    bins = int(np.clip(len(ranks) // 5, 2, _BINS))
    counts = np.bincount(ranks.to_numpy() * bins // RANKS, minlength=bins)
    return float(stats.chisquare(counts).pvalue)


def _check(name: str, p: float, finding: str) -> Check:
    passed = p > _LEVEL
    remedy = "" if passed else "The sampler, the simulator or the graph is wrong for this model: look at `plot()` and at the quantity named."
    return Check(name=name, passed=passed, value=p, expected=f"p above {_LEVEL}, corrected for the number of quantities", finding=finding, remedy=remedy)
