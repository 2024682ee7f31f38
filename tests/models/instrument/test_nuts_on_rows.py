"""`Instrument` in closed form is NUTS on a graph of every coefficient, covariance and row.

The graph shares no code with the closed form: it states the priors of the class as they are
written, on rows from which the intercept is taken out by an orthonormal basis.
"""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

ROWS = 80


def simulated(treatments, instruments, direct=0.0):
    """Instruments that move the treatments well; `direct` is the effect of the first of them."""
    rng = np.random.default_rng(2)
    z = rng.standard_normal((ROWS, instruments))
    v = rng.standard_normal((ROWS, treatments))
    slopes = rng.choice([-1.0, 1.0], (instruments, treatments)) * 0.6
    t = z @ slopes + v
    y = t.sum(axis=1) + direct * z[:, 0] + 0.6 * v.sum(axis=1)
    y += 0.8 * rng.standard_normal(ROWS)
    treated = [f"t{each + 1}" for each in range(treatments)]
    named = [f"z{each + 1}" for each in range(instruments)]
    frame = pd.DataFrame(np.column_stack([y, t, z]), columns=["y", *treated, *named])
    return cs.Instrumented.from_frame(
        frame, outcome="y", treatment=treated, instruments=named
    )


def without_the_mean(columns):
    """Return the rows in an orthonormal basis of what is left after the intercept."""
    rows = len(columns)
    basis = np.linalg.svd(np.eye(rows) - 1 / rows)[0][:, : rows - 1]
    return basis.T @ columns


def graph_of_rows(model, data):
    """Return the graph: L of Var(v) = LL', t = L'φ / sd(e), φ the slope of u on v, s, Π, β."""
    import pymc as pm
    import pytensor.tensor as pt

    y = without_the_mean(data.outcome)
    t = without_the_mean(data.treatment.reshape(ROWS, -1))
    z = without_the_mean(data.instruments)
    q, k = t.shape[1], z.shape[1]
    span = np.linalg.qr(z)[0]
    with pm.Model() as graph:
        log_root = pm.Flat("log_root", shape=q, initval=np.log(t.std(axis=0)))
        root = pt.diag(pt.exp(log_root))
        if q == 2:
            root = pt.set_subtensor(root[1, 0], pm.Flat("below"))
        log_error = pm.Flat("log_error")
        s = pm.HalfCauchy("s", model.first_stage_prior_scale * np.sqrt(ROWS - 1 - q))
        # d Var(v), by the diagonal of its root
        volume = (np.arange(q, 0, -1) + 1) @ log_root
        if model.confounding == "uniform":
            standard = pm.Flat("standard", shape=q, initval=np.full(q, 0.1))
            inverse_root = pt.linalg.solve_triangular(root.T, standard, lower=False)
            slope = inverse_root * pt.exp(log_error)
            theta = pm.Flat("theta", shape=q)
            effect = pm.Deterministic("effect", theta - slope)
            length = (standard**2).sum()
            pm.Potential("uniform_in_the_ball", -(2 + q) / 2 * pt.log1p(length))
            pm.Potential("scales", volume + log_root.sum())
        else:
            spread = model.effect_sd * np.sqrt((y @ y) / (t[:, 0] @ t[:, 0]))
            effect = pm.Normal("effect", 0, spread, shape=1)
            slope = pm.Flat("slope", shape=1)
            standard = slope * pt.exp(log_root - log_error)
            pm.Potential("scales", volume)
        m = pt.sqrt(1 + (standard**2).sum())
        pm.Deterministic("correlation", standard / m)
        given_u = root @ (pt.eye(q) - pt.outer(standard, standard) / (m * (m + 1)))
        raw = pm.Normal("raw", shape=(k, q))
        moved = pt.dot(span, s * raw @ given_u.T)
        pm.MvNormal("t", mu=moved, chol=root, observed=t)
        mean = t @ effect + (t - moved) @ slope + direct_part(model, data, z, log_error)
        pm.Normal("y", mean, pt.exp(log_error), observed=y)
    return graph


def direct_part(model, data, z, log_error):
    """Return what instruments add to the outcome besides the treatments."""
    import pymc as pm
    import pytensor.tensor as pt

    if model.learns_direct:
        tau = pm.HalfCauchy("tau", model.direct_prior_scale)
        spread = pm.Deterministic("direct_effect_sd", tau * pt.exp(log_error))
        unit = z / np.sqrt((z**2).sum(axis=0) / (ROWS - 1))
        return pt.dot(unit, spread * pm.Normal("own", shape=z.shape[1]))
    total = 0.0
    for name, known in model.direct_effects.items():
        column = z[:, data.instrument_columns.index(name)]
        total = total + column * pm.Normal(f"direct_{name}", known.value, known.sd)
    return total


KNOWN = {"z1": cs.Known(0.2, sd=0.3)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("treatments", "instruments", "fields"),
    [
        (1, 2, {}),
        (1, 2, {"confounding": "any"}),
        (1, 3, {"direct": KNOWN}),
        (1, 3, {"direct": KNOWN, "confounding": "any"}),
        (1, 4, {"direct": "learned"}),
        (2, 3, {}),
    ],
    ids=str,
)
def test_nuts_on_the_rows_has_the_posterior_in_closed_form(
    treatments, instruments, fields
):
    import arviz as az
    import pymc as pm

    model = cs.Instrument(errors="iid", **fields)
    data = simulated(treatments, instruments, 0.3 if "direct" in fields else 0.0)
    with graph_of_rows(model, data):
        trace = pm.sample(
            draws=3000,
            tune=2000,
            chains=2,
            cores=1,
            nuts_sampler="nutpie",
            target_accept=0.95,
            random_seed=1,
            progressbar=False,
        )
    draws = model.exact_posterior(data)(4, 5000, np.random.default_rng(1))
    draws = model.recover_marginals(draws, data, np.random.default_rng(2))
    by_nuts = trace["posterior"]
    pairs = {
        f"effect {each}": (by_nuts["effect"][..., each], column(draws["effect"], each))
        for each in range(treatments)
    }
    if treatments == 1:
        pairs["correlation"] = (by_nuts["correlation"][..., 0], draws["correlation"])
    else:
        length = np.sqrt((by_nuts["correlation"] ** 2).sum("correlation_dim_0"))
        pairs["length"] = (length, draws["multiple_correlation"])
    if model.learns_direct:
        name = "direct_effect_sd"
        pairs[name] = (by_nuts[name], draws[name])
    if model.direct_effects:
        direct = column(draws["direct_effect"], 0)
        pairs["direct effect"] = (by_nuts["direct_z1"], direct)
    for name, (theirs, ours) in pairs.items():
        ess = float(az.ess(theirs.to_numpy()))
        assert ess > 400, (name, ess)
        for prob in (0.05, 0.25, 0.5, 0.75, 0.95):
            below = float((theirs <= float(ours.quantile(prob))).mean())
            error = np.sqrt(prob * (1 - prob) * (1 / ess + 1 / 20_000))
            assert abs(below - prob) < 4.5 * error, (name, prob, below, ess)


def column(draws, position):
    """Return the draws of one entry, or of the only number."""
    return draws[..., position] if draws.ndim > 2 else draws
