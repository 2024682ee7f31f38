"""The Gibbs sampler of the spike-and-slab prior on known log-ratios."""

import numpy as np
import pytest
from scipy import stats

import causalstats as cs
from causalstats.numerics.compositions import horseshoe_gibbs, spike_slab_gibbs
from causalstats.numerics.compositions.horseshoe_gibbs import Scales, State
from causalstats.numerics.compositions.partial_correlations import (
    partial_correlations,
)
from tests.models.partial_correlation.test_horseshoe import (
    PARTS,
    UPPER,
    log_ratio_rows,
    symmetric,
)

SPIKE, SLAB = 0.1, 0.6
CUT = np.log(stats.norm.cdf(1 / SPIKE) - stats.norm.cdf(-1 / SPIKE)) - np.log(
    stats.norm.cdf(1 / SLAB) - stats.norm.cdf(-1 / SLAB)
)
COMPONENTS = spike_slab_gibbs.Components(SPIKE**2, SLAB**2, float(CUT), 1.0, 4.0)
SCALES = Scales(0.0, 2.0, 1.0, 1.0)


def from_the_prior(rng):
    """Draw π and a state from the prior, by rejection of what is not positive definite."""
    while True:
        share = rng.beta(COMPONENTS.one, COMPONENTS.other)
        sds = np.where(rng.random(6) < share, SLAB, SPIKE)
        entries = stats.truncnorm(-1 / sds, 1 / sds, scale=sds).rvs(random_state=rng)
        correlations = symmetric(entries)
        if np.linalg.eigvalsh(correlations)[0] > 0:
            break
    typical, spread = 2 * rng.standard_normal(), abs(rng.standard_normal())
    logs = typical + spread * rng.standard_normal(PARTS)
    state = State(
        correlations,
        np.linalg.inv(correlations),
        -logs,
        symmetric(sds**2),
        np.array([1.0, typical, spread, 0.0]),
        np.ones((PARTS, PARTS)),
    )
    return state, np.array([share])


def statistics(state, share):
    """Functions of a state with finite moments."""
    r = state.correlations
    in_slab = state.local_variances[UPPER] == COMPONENTS.slab_variance
    pairs = partial_correlations(horseshoe_gibbs.compositional_precision(state))
    return [
        share[0],
        share[0] ** 2,
        in_slab[0],
        in_slab.sum() ** 2,
        in_slab[0] * r[0, 1],
        share[0] * r[2, 3] ** 2,
        r[0, 1],
        r[0, 1] ** 2,
        r[0, 1] * r[1, 2],
        *state.scalars[1:3],
        np.tanh(state.log_precisions[1] - state.log_precisions[2]),
        pairs[0, 1],
        pairs[1, 3] ** 2,
    ]


@pytest.mark.parametrize("rows", [2, 20])
def test_sweeps_leave_the_posterior_as_it_is(rows):
    """Geweke (2004): parameters from the prior, data given them, sweeps given the data."""
    rng = np.random.default_rng(21)
    count = 2000
    changes = []
    for _ in range(count):
        state, share = from_the_prior(rng)
        root = log_ratio_rows(state, rows, rng)
        before = statistics(state, share)
        spike_slab_gibbs.sweeps_of_known_log_ratios(
            3, root, 0, state, share, COMPONENTS, SCALES, rng
        )
        changes.append(np.array(statistics(state, share)) - before)
    changes = np.array(changes)
    z = changes.mean(axis=0) / (changes.std(axis=0) / np.sqrt(count))
    assert np.abs(z).max() < stats.norm.isf(0.0005 / len(z)), z.round(2)


def test_fits_are_drawn_by_sweeps_and_carry_the_inclusion_of_each_pair():
    model = cs.PartialCorrelation(prior="sparse")
    data = model.simulate(seed=2, rows=40, parts=4).data
    assert model.gibbs_kernel(data) is not None
    sampler = cs.Gibbs(chains=2, draws=300, tune=300, thin=4)
    fit = cs.fit(model, data, seed=1, sampler=sampler, progress=False)
    posterior = fit.draws["posterior"]
    assert posterior["inclusion"].dims == ("chain", "draw", "pair")
    r, share = posterior["basis_correlation"], posterior["slab_share"]
    slab, spike = (
        weight
        * stats.truncnorm(-1 / sd, 1 / sd, scale=sd).pdf(r.transpose("pair", ...))
        for weight, sd in (
            (share.to_numpy(), model.slab_sd),
            (1 - share.to_numpy(), model.spike_sd),
        )
    )
    expected = slab / (slab + spike)
    inclusion = posterior["inclusion"].transpose("pair", ...)
    np.testing.assert_allclose(inclusion, expected, atol=1e-10)
    counts = model.simulate(seed=2, rows=20, parts=4, depth=50).data
    assert model.gibbs_kernel(counts) is None


@pytest.mark.slow
def test_sweeps_agree_with_nuts_on_the_graph():
    import arviz as az

    model = cs.PartialCorrelation(prior="sparse")
    data = model.simulate(3, rows=20, parts=4, covariate=True).data
    ours = cs.fit(model, data, seed=1, progress=False).draws["posterior"]
    nuts = cs.Nuts(tune=1500, draws=4000, target_accept=0.97)
    theirs = cs.fit(model, data, seed=2, sampler=nuts, progress=False)
    theirs = theirs.draws["posterior"]
    for name in ("log_typical_variance", "slab_share", "inclusion", "precision"):
        moments = []
        for posterior in (ours, theirs):
            draws = posterior[name]
            size = az.ess(draws.to_dataset(name="x"), method="mean")["x"]
            over = ("chain", "draw")
            moments.append((draws.mean(over), draws.var(over) / size))
        (one, error), (other, second) = moments
        z = np.abs((one - other) / np.sqrt(error + second)).to_numpy()
        assert z.max() < stats.norm.isf(0.0005 / z.size)
