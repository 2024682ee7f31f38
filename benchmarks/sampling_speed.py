"""Smallest bulk ESS per second of `SelectiveLabels` and of its authors' model in NumPyro and Stan.

On one data set, in one run, cold and warm.

    pip install pystan==3.14.0
    python benchmarks/sampling_speed.py [--people 5000] [--draws 250]

The same simulated data (the paper's design), the same prior; the prevalence is exact here and a
penalty of weight 10^6 (a standard deviation of 0.0007) there. The quantities are the coefficients
and the intercept of risk, the free ones of the policy, and σ. Cold counts compiling, warm does not.
Writes benchmarks/sampling_speed.json.
"""

import argparse
import json
import os

os.environ["XLA_FLAGS"] = (
    # So that NumPyro's chains run in parallel, as the others' do.
    "--xla_force_host_platform_device_count=2"
)
import platform
import time
from importlib.metadata import version
from pathlib import Path

import arviz as az
import numpy as np

import causalstats as cs

HERE = Path(__file__).resolve().parent
WEIGHT = 1e6
FREE = ["x1"]


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--people", type=int, default=5000)
    options.add_argument(
        "--draws",
        type=int,
        default=250,
        help="of each of a rival's two chains, after as many of tuning",
    )
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    simulation = cs.SelectiveLabels().simulate(given.seed, people=given.people)
    rows = {
        "causalstats": ours(simulation, given.seed),
        "NumPyro, soft penalty": numpyro_penalty(simulation, given.seed, given.draws),
        "Stan, soft penalty": stan_penalty(simulation, given.seed, given.draws),
    }
    ratios = {
        f"{state} ratio to {name}": rows["causalstats"][f"ess_per_second_{state}"]
        / row[f"ess_per_second_{state}"]
        for name, row in rows.items()
        if name != "causalstats"
        for state in ("warm", "cold")
    }
    machine = {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }
    machine |= {
        name: version(name)
        for name in ("nutpie", "numba", "jax", "numpyro", "pystan", "httpstan")
    }
    result = {
        "people": given.people,
        "seed": given.seed,
        "rows": rows,
        **ratios,
        "machine": machine,
    }
    (HERE / "sampling_speed.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


def ours(simulation, seed: int) -> dict:
    """Return the figures of four chains of 500 tuning steps and 1,000 draws."""
    model = cs.SelectiveLabels(
        prevalence=simulation.realised["prevalence"],
        expertise=[name for name in simulation.data.features if name not in FREE],
        coefficient_prior="paper",
    )
    problem = cs.Problem(model, simulation.data)
    started = time.perf_counter()
    program = cs.Auto().compile(problem)
    compiled = time.perf_counter()
    posterior = program.run(problem, seed)
    ended = time.perf_counter()
    values = posterior["posterior"]
    quantities = [
        values["risk_intercept"],
        *values["risk_coefficient"].transpose("feature", ...),
        values["policy_intercept"],
    ]
    quantities += [values["policy_coefficient"].sel(feature=name) for name in FREE] + [
        values["unobserved_scale"]
    ]
    steps = float(posterior["sample_stats"]["n_steps"].mean())
    return summary(
        [quantity.to_numpy() for quantity in quantities],
        compiled - started,
        ended - compiled,
        steps,
        posterior.attrs["sampler"],
    )


def numpyro_penalty(simulation, seed: int, draws: int) -> dict:
    """Return the figures of the authors' model in NumPyro, with its defaults, in float64.

    Two chains in parallel, each of as many tuning steps as draws. The seconds of sampling include
    some seconds of compiling.

    Parameters
    ----------
    simulation : Simulation
        The data, and the true prevalence.
    seed : int
    draws : int
        Draws of each chain.
    """
    import jax
    import jax.numpy as jnp
    import numpyro
    from numpyro.distributions import HalfNormal, Normal

    data = simulation.data
    columns = [0, *(data.features.index(name) + 1 for name in FREE)]
    x = jnp.asarray(np.column_stack([np.ones(len(data)), data.matrix]))
    tested = jnp.asarray(data.decision)
    positive = jnp.asarray(data.outcome == 1)
    target = simulation.realised["prevalence"]

    def model():
        risk = numpyro.sample("risk", Normal(0, 3).expand([x.shape[1]]).to_event(1))
        policy = numpyro.sample(
            "policy", Normal(0, 3).expand([len(columns)]).to_event(1)
        )
        sigma = numpyro.sample("sigma", HalfNormal(3))
        softplus = jax.nn.softplus
        a = x @ risk
        d = x[:, jnp.asarray(columns)] @ policy
        d = jnp.where(jnp.abs(d) < 1e-6, 1e-6, d)
        b = a + d
        up_a = softplus(a + sigma) - softplus(a)
        up_b = softplus(b + sigma) - softplus(b)
        untested = softplus(-b) - softplus(-b - sigma)
        apart = -jnp.expm1(-d)
        seen = jnp.where(positive, up_a - jnp.exp(-d) * up_b, up_b - up_a) / apart
        numpyro.factor("seen", jnp.log(jnp.where(tested, seen, untested) / sigma).sum())
        numpyro.factor("prevalence", -WEIGHT * (up_a.mean() / sigma - target) ** 2)

    run = numpyro.infer.MCMC(
        numpyro.infer.NUTS(model),
        num_warmup=draws,
        num_samples=draws,
        num_chains=2,
        progress_bar=False,
    )
    started = time.perf_counter()
    run.run(jax.random.key(seed), extra_fields=("num_steps",))
    values = jax.block_until_ready(run.get_samples(group_by_chain=True))
    sampling = time.perf_counter() - started
    quantities = [
        np.asarray(row)
        for name in ("risk", "policy")
        for row in np.moveaxis(values[name], -1, 0)
    ] + [np.asarray(values["sigma"])]
    steps = float(run.get_extra_fields()["num_steps"].mean())
    return summary(
        quantities,
        0.0,
        sampling,
        steps,
        f"2 chains, {draws} + {draws}, NumPyro's defaults",
    )


def stan_penalty(simulation, seed: int, draws: int) -> dict:
    """Return the figures of the authors' model in Stan, with pystan's defaults.

    Two chains, each of as many tuning steps as draws.

    Parameters
    ----------
    simulation : Simulation
        The data, and the true prevalence.
    seed : int
    draws : int
        Draws of each chain.
    """
    import stan

    data = simulation.data
    columns = [0, *(data.features.index(name) + 1 for name in FREE)]
    x = np.column_stack([np.ones(len(data)), data.matrix])
    inputs = {
        "N": len(data),
        "D": x.shape[1],
        "x": x,
        "F": len(columns),
        "free": [column + 1 for column in columns],
        "tested": data.decision.astype(int),
        "outcome": np.maximum(data.outcome, 0).astype(int),
        "prevalence": simulation.realised["prevalence"],
        "weight": WEIGHT,
    }
    started = time.perf_counter()
    program = stan.build(
        (HERE / "soft_penalty.stan").read_text(), data=inputs, random_seed=seed + 1
    )
    compiled = time.perf_counter()
    fit = program.sample(num_chains=2, num_warmup=draws, num_samples=draws)
    ended = time.perf_counter()

    def chains(values):
        return np.reshape(values, (draws, 2)).T  # pystan interleaves the chains

    quantities = [
        chains(row)
        for name in ("risk", "policy", "sigma")
        for row in np.atleast_2d(fit[name])
    ]
    steps = float(np.mean(fit["n_leapfrog__"]))
    return summary(
        quantities,
        compiled - started,
        ended - compiled,
        steps,
        f"2 chains, {draws} + {draws}, pystan's defaults",
    )


def summary(
    quantities: list[np.ndarray],
    compiling: float,
    sampling: float,
    steps: float,
    sampler: str,
) -> dict:
    ess = min(float(az.ess(values, method="bulk")) for values in quantities)
    return {
        "sampler": sampler,
        "smallest_bulk_ess": ess,
        "largest_r_hat": max(float(az.rhat(values)) for values in quantities),
        "leapfrogs_per_draw": steps,
        "seconds_compiling": compiling,
        "seconds_sampling": sampling,
        "ess_per_second_warm": ess / sampling,
        "ess_per_second_cold": ess / (compiling + sampling),
        "means": [float(values.mean()) for values in quantities],
        "sds": [float(values.std()) for values in quantities],
    }


if __name__ == "__main__":
    main()
