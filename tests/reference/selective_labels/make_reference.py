"""Make data.csv and reference.json: a Stan posterior of the selective-labels model.

Run:    python make_reference.py
Needs:  Python 3.12, a C++ compiler, and
        pip install pystan==3.14.0 arviz==1.3.0 numpy pandas scipy
Takes:  about half an hour on 2 cores, half of it the exact case

It shares no code with the library whose tests read its output. The model is in
program.stan. Before sampling, Stan's log density and gradient are asserted to
agree with a numpy evaluation that integrates Z by adaptive quadrature.
"""

import hashlib
import json
import platform
import re
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path

import arviz
import httpstan
import numpy as np
import pandas as pd
import stan
from scipy.integrate import quad_vec
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import beta, halfnorm, norm

HERE = Path(__file__).resolve().parent
CASES = {"absent": 0, "beta": 1, "exact": 2}

N, D = 600, 3
DATA_SEED = 20261124
TRUTH = {
    "b0": -1.5,
    "b": [0.8, -0.5, 0.6],
    "sigma": 2.0,
    "d0": 0.8,
    "d": [-0.7, 0.0, 0.0],
}
FEATURES = ["x1", "x2", "x3"]
EXPERTISE = ["x2", "x3"]
FREE = [j for j, name in enumerate(FEATURES) if name not in EXPERTISE]
BETA_SD = 0.02

NODES = 30
SAMPLER_SEEDS = {"absent": 101, "beta": 102, "exact": 103}
SAMPLER = {"num_chains": 4, "num_warmup": 1000, "num_samples": 2500, "delta": 0.95}
MIN_ESS, MAX_RHAT = 1000, 1.01
CHECK_SEED = 7


def simulate():
    """Draw the data set; the outcomes of all rows are used only for the prevalence."""
    rng = np.random.default_rng(DATA_SEED)
    x = rng.standard_normal((N, D))
    z = rng.uniform(0, TRUTH["sigma"], N)
    r = TRUTH["b0"] + x @ TRUTH["b"] + z
    y = (rng.random(N) < expit(r)).astype(int)
    t = (rng.random(N) < expit(r + TRUTH["d0"] + x @ TRUTH["d"])).astype(int)
    return x, t, y, round(float(y.mean()), 3)


def write_data(x, t, y):
    lines = [",".join([*FEATURES, "tested", "outcome"])]
    for row, ti, yi in zip(x, t, y, strict=True):
        lines.append(
            ",".join([*(repr(float(v)) for v in row), str(ti), str(yi) if ti else ""])
        )
    (HERE / "data.csv").write_text("\n".join(lines) + "\n", newline="\n")


def stan_data(knowledge, x, t, y, m):
    node, weight = np.polynomial.legendre.leggauss(NODES)
    return {
        "knowledge": knowledge,
        "N": N,
        "D": D,
        "x": x,
        "tested": t,
        "outcome": y * t,
        "F": len(FREE),
        "free": [j + 1 for j in FREE],
        "m": m,
        "s": BETA_SD,
        "K": NODES,
        "node": (node + 1) / 2,
        "weight": weight / 2,
    }


def expectation(f, sigma):
    """E[f(Z)] for Z ~ Uniform(0, sigma), by adaptive quadrature."""
    value, error = quad_vec(f, 0, sigma, epsabs=1e-13, epsrel=1e-13, norm="max")
    assert error < 1e-11
    return value / sigma


def log_posterior(u, case, x, t, y, m):
    """Return the log density at an unconstrained point, written independently of program.stan.

    Parameters
    ----------
    u : array
        Stan's unconstrained parameters.
    case : {"exact", "beta", "absent"}
        The knowledge of the prevalence.
    x : array (N, D)
    t, y : int array (N,)
        Testing and outcome.
    m : float
        The known prevalence.
    """
    u = list(u)
    level = None if case == "exact" else u.pop(0)
    b, t0, t_free, v = np.array(u[:D]), u[D], np.array(u[D + 1 : -1]), u[-1]
    sigma = abs(v)
    xb = x @ b

    def prevalence(b0):
        return expectation(lambda z: expit(b0 + xb + z).mean(), sigma)

    solved = case == "exact"
    b0 = (
        brentq(lambda value: prevalence(value) - m, -60, 60, xtol=1e-14, rtol=1e-14)
        if solved
        else level - 0.03 * sigma**2 - sigma / 2
    )
    d0 = t0 - b0 - sigma / 2
    d_free = t_free - b[FREE]
    d = np.zeros(D)
    d[FREE] = d_free
    r = b0 + xb
    s = r + d0 + x @ d

    p_t0 = expectation(lambda z: expit(-s - z), sigma)
    p_t1_y1 = expectation(lambda z: expit(s + z) * expit(r + z), sigma)
    p_t1_y0 = expectation(lambda z: expit(s + z) * expit(-r - z), sigma)
    lp = np.log(np.where(t == 0, p_t0, np.where(y == 1, p_t1_y1, p_t1_y0))).sum()
    lp += norm.logpdf([*b, d0, *d_free], scale=3).sum()
    # Half-Normal on sigma, less log 2 for the two signs of v.
    lp += halfnorm.logpdf(sigma, scale=3) - np.log(2)
    if case == "absent":
        lp += norm.logpdf(b0, scale=3)
    if case == "beta":
        nu = m * (1 - m) / BETA_SD**2 - 1
        # d prevalence / d b0 by the fundamental theorem, not as in Stan.
        slope = ((expit(r + sigma) - expit(r)) / sigma).mean()
        lp += beta.logpdf(prevalence(b0), m * nu, (1 - m) * nu) + np.log(slope)
    return lp


def check_density(posterior, case, data):
    """Assert Stan's log density and gradient at two random points; return the largest differences.

    Parameters
    ----------
    posterior
        Has `log_prob` and `grad_log_prob` of an unconstrained point.
    case : {"exact", "beta", "absent"}
    data : tuple
        x, t, y and m of `log_posterior`.
    """
    rng = np.random.default_rng(CHECK_SEED)
    size = D + 2 + len(FREE) + (case != "exact")
    worst_value = worst_slope = 0.0
    for _ in range(2):
        u = rng.normal(0, 0.7, size)
        u[-1] = rng.choice([-1, 1]) * rng.uniform(
            1, 8
        )  # try the quadrature on wide Z too
        here = log_posterior(u, case, *data)
        worst_value = max(worst_value, abs(posterior.log_prob(u.tolist()) - here))
        step = 1e-4
        numeric = [
            (log_posterior(u + h, case, *data) - log_posterior(u - h, case, *data))
            / (2 * step)
            for h in step * np.eye(size)
        ]
        gap = np.abs(np.array(posterior.grad_log_prob(u.tolist())) - numeric)
        worst_slope = max(worst_slope, gap.max())
    assert worst_value < 1e-7, (case, worst_value)
    assert worst_slope < 1e-4, (case, worst_slope)  # limited by the differencing
    return float(worst_value), float(worst_slope)


def by_chain(fit, name):
    """Draws as (parameter, chain, draw); pystan stores chains as the fastest axis."""
    draws = fit[name]
    draws = draws.reshape(-1, draws.shape[-1] // fit.num_chains, fit.num_chains)
    return draws.transpose(0, 2, 1)


def summarise(draws, constant=False):
    out = {"mean": float(draws.mean()), "sd": float(draws.std(ddof=1))}
    if constant:  # fixed by construction, so its sampling diagnostics mean nothing
        out["sd"] = 0.0
        return out | {"mcse_mean": 0.0, "mcse_sd": 0.0, "ess_bulk": None, "r_hat": None}
    out["mcse_mean"] = float(arviz.mcse(draws, method="mean"))
    out["mcse_sd"] = float(arviz.mcse(draws, method="sd"))
    out["ess_bulk"] = float(arviz.ess(draws, method="bulk"))
    out["r_hat"] = float(arviz.rhat(draws))
    return out


def run_case(case, data):
    x, t, y, m = data
    posterior = stan.build(
        (HERE / "program.stan").read_text(),
        data=stan_data(CASES[case], *data),
        random_seed=SAMPLER_SEEDS[case],
    )
    value_gap, slope_gap = check_density(posterior, case, data)
    fit = posterior.sample(**SAMPLER)

    draws = {"b0": by_chain(fit, "b0")[0]}
    draws |= {f"b[{j + 1}]": v for j, v in enumerate(by_chain(fit, "b"))}
    draws["d0"] = by_chain(fit, "d0")[0]
    draws |= {
        f"d[{j + 1}]": v for j, v in zip(FREE, by_chain(fit, "d_free"), strict=True)
    }
    draws |= {
        name: by_chain(fit, name)[0]
        for name in ("sigma", "pi", "untested", "log_sigma")
    }
    if case == "exact":
        assert np.abs(draws["pi"] - m).max() < 1e-10

    quantities = {}
    for name, value in draws.items():
        fixed = case == "exact" and name == "pi"
        quantities[name] = q = summarise(value, fixed)
        if not fixed:
            assert q["ess_bulk"] >= MIN_ESS and q["r_hat"] < MAX_RHAT, (case, name, q)
    # The step size is fixed within a chain, so this shows that by_chain tells chains apart.
    step_size = by_chain(fit, "stepsize__")[0]
    assert (step_size == step_size[:, :1]).all() and len(set(step_size[:, 0])) > 1
    return draws, {
        "sampler_seed": SAMPLER_SEEDS[case],
        "divergences": int(by_chain(fit, "divergent__").sum()),
        "max_treedepth_seen": int(by_chain(fit, "treedepth__").max()),
        "log_density_gap": value_gap,
        "gradient_gap": slope_gap,
        "quantities": quantities,
    }


def stan_version():
    text = (Path(httpstan.__file__).parent / "include/stan/version.hpp").read_text()
    return ".".join(
        re.search(rf"STAN_{k} (\d+)", text)[1] for k in ("MAJOR", "MINOR", "PATCH")
    )


def main():
    x, t, y, m = data = simulate()
    write_data(x, t, y)
    # The file must carry the very numbers that are sampled from.
    back = pd.read_csv(HERE / "data.csv", float_precision="round_trip")
    assert (back[FEATURES].to_numpy() == x).all()
    assert (back["outcome"].isna() == (t == 0)).all()

    cases = {}
    for case in CASES:
        start = time.perf_counter()
        _, cases[case] = run_case(case, data)
        print(f"{case}: {time.perf_counter() - start:.0f} s")
        print(pd.DataFrame(cases[case]["quantities"]).T.to_string())

    reference = {
        "made_by": "make_reference.py",
        "date": date.today().isoformat(),
        "versions": {
            "python": platform.python_version(),
            "pystan": version("pystan"),
            "httpstan": version("httpstan"),
            "stan": stan_version(),
            **{name: version(name) for name in ("arviz", "numpy", "scipy")},
        },
        "data": {
            "file": "data.csv",
            "sha256": hashlib.sha256((HERE / "data.csv").read_bytes()).hexdigest(),
            "seed": DATA_SEED,
            "N": N,
            "tested": int(t.sum()),
            "tested_positive": int((t * y).sum()),
            "features": FEATURES,
            "expertise": EXPERTISE,
            "truth": TRUTH,
        },
        "m": m,
        "s": BETA_SD,
        "prior_sd": 3.0,
        "sampler": {
            "algorithm": "NUTS, diagonal metric",
            "quadrature_nodes": NODES,
            **SAMPLER,
        },
        "notes": [
            "pi in case exact is fixed at m: sd and mcse are 0, ess_bulk and r_hat null.",
            "mcse and ess_bulk are ArviZ's; ess_bulk and r_hat are rank-normalised.",
            "log_density_gap and gradient_gap: the worst disagreement between Stan and an "
            "adaptive-quadrature evaluation over two random points, the gradient by differences.",
        ],
        "cases": cases,
    }
    (HERE / "reference.json").write_text(
        json.dumps(reference, indent=2) + "\n", newline="\n"
    )


if __name__ == "__main__":
    main()
