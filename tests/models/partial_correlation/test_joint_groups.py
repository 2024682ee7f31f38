"""Networks of k groups fitted jointly: the horseshoe of what is common and of differences."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import causalstats as cs
from causalstats.numerics.compositions import horseshoe_gibbs, joint_horseshoe_gibbs
from causalstats.numerics.compositions.horseshoe_gibbs import Scales
from causalstats.numerics.compositions.joint_horseshoe_gibbs import (
    JointScales,
    JointState,
)

pytestmark = pytest.mark.usefixtures("without_hidden_groups")

SCALES = JointScales(0.0, 2.0, 1.0, 0.5, 0.5, 0.7)
CUT = SCALES._replace(least_shrinkage=0.3)


def symmetric(above, size):
    """Return the matrix with these entries above a diagonal of 0."""
    matrix = np.zeros((size, size))
    matrix[np.triu_indices(size, 1)] = above
    return matrix + matrix.T


def from_the_prior(rng, groups=2, size=3, least=0.0):
    """Draw a state from the prior, by rejection of what is not positive definite.

    Parameters
    ----------
    rng : Generator
    groups, size : int
        k and D.
    least : float
        τ_min.
    """
    pairs = size * (size - 1) // 2
    while True:
        tau = abs(SCALES.global_shrinkage * rng.standard_cauchy())
        away = abs(SCALES.difference_ratio * rng.standard_cauchy())
        local = rng.standard_cauchy(pairs) ** 2
        kappa = rng.standard_cauchy((groups, pairs)) ** 2
        common = tau * np.sqrt(local) * rng.standard_normal(pairs)
        scale = away * tau * np.sqrt(kappa * local)
        difference = scale * rng.standard_normal((groups, pairs))
        correlations = np.array(
            [np.eye(size) + symmetric(common + each, size) for each in difference]
        )
        if tau >= least and np.linalg.eigvalsh(correlations).min() > 0:
            break
    typical = rng.normal(SCALES.log_variance, SCALES.log_variance_sd)
    spread, apart = abs(rng.standard_normal(2)) * (
        SCALES.variance_spread,
        SCALES.group_spread,
    )
    means = typical + spread * rng.standard_normal(size)
    logs = means + apart * rng.standard_normal((groups, size))
    return JointState(
        correlations,
        np.linalg.inv(correlations),
        -logs,
        symmetric(common, size),
        symmetric(local, size) + np.eye(size),
        np.array([symmetric(each, size) + np.eye(size) for each in kappa]),
        -means,
        np.array([tau**2, away**2, typical, spread, apart]),
    )


def roots_of(state, rows, rng):
    """Draw centred rows of log-ratios of each group given the state."""
    roots = []
    for group, count in enumerate(rows):
        precision = horseshoe_gibbs.basis_precision(
            joint_horseshoe_gibbs.group_state(state, group)
        )
        root = np.linalg.cholesky(np.linalg.inv(precision))
        amounts = rng.standard_normal((count, len(root))) @ root.T
        amounts -= amounts.mean(axis=1, keepdims=True)
        roots.append(np.ascontiguousarray(amounts))
    return roots


def advance(state, roots, scales, sweeps, rng):
    """Sweep over all groups, of log-ratios that are known."""
    degrees = np.array([len(root) for root in roots], float)
    for _ in range(sweeps):
        scatters = np.array(
            [
                horseshoe_gibbs.amounts_scatter(
                    root, 0, joint_horseshoe_gibbs.group_state(state, group), rng
                )
                for group, root in enumerate(roots)
            ]
        )
        joint_horseshoe_gibbs.sweep(scatters, degrees, state, scales, rng)


def statistics(state):
    """Functions of a state with finite moments."""
    r, c = state.correlations, state.common
    tau, away, typical, spread, apart = state.scalars
    return [
        np.arctan(np.sqrt(tau)),
        np.arctan(np.sqrt(away)),
        typical,
        typical**2,
        spread,
        apart,
        r[0, 0, 1],
        r[1, 0, 1] ** 2,
        r[0, 1, 2] * r[1, 1, 2],
        (r[0, 0, 2] - r[1, 0, 2]) ** 2,
        np.tanh(c[0, 1]) ** 2,
        np.tanh(c[0, 2] * r[1, 0, 2]),
        np.tanh(c[1, 2] * (r[0, 1, 2] - c[1, 2])),
        np.arctan(np.sqrt(state.common_variances[0, 1])),
        np.arctan(np.sqrt(state.difference_variances[1, 0, 2])),
        np.arctan(np.sqrt(state.difference_variances[0, 1, 2])),
        state.log_precisions[0, 0],
        np.tanh(state.log_precisions[0, 1] - state.log_precisions[1, 1]) ** 2,
        np.tanh(state.part_means[0] - state.part_means[1]),
    ]


@pytest.mark.parametrize(
    ("groups", "rows", "scales"),
    [(2, (3, 12), SCALES), (3, (6, 2, 4), SCALES), (2, (3, 12), CUT)],
    ids=["two groups", "three groups", "scale of .3 or more"],
)
def test_sweeps_leave_the_joint_posterior_as_it_is(groups, rows, scales):
    """Geweke (2004): parameters from the prior, data given them, sweeps given the data.

    The state after the sweeps has the distribution of the prior again.
    """
    rng = np.random.default_rng(12)
    count = 1000
    change = []
    for _ in range(count):
        state = from_the_prior(rng, groups, least=scales.least_shrinkage)
        roots = roots_of(state, rows, rng)
        before = statistics(state)
        advance(state, roots, scales, 2, rng)
        assert state.scalars[0] >= scales.least_shrinkage**2
        change.append(np.array(statistics(state)) - before)
    change = np.array(change)
    z = change.mean(axis=0) / (change.std(axis=0) / np.sqrt(count))
    assert np.abs(z).max() < stats.norm.isf(0.0005 / len(z)), z.round(2)


def long_run(advance_by, variables, sweeps):
    """Return draws of variables after every second of many sweeps."""
    kept = []
    for sweep in range(sweeps):
        advance_by(2)
        if sweep >= sweeps // 10:
            kept.append(variables())
    return np.array(kept)


def z_scores(one, other):
    """Return differences of means in units of their errors, by means of 20 batches."""
    batches = [
        draws[: len(draws) // 20 * 20].reshape(20, -1, draws.shape[1]).mean(axis=1)
        for draws in (one, other)
    ]
    error = np.sqrt(sum(each.var(axis=0, ddof=1) / 20 for each in batches))
    return (batches[0].mean(axis=0) - batches[1].mean(axis=0)) / error


def test_without_differences_one_group_has_the_posterior_of_a_fit_of_it_alone():
    """At k = 1 and ρ₀ and σ_δ next to 0 the joint model is that of `horseshoe_gibbs`."""
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((15, 3)) @ [[1, 0.7, 0], [0, 0.6, 0.3], [0, 0, 1.0]]
    root = np.ascontiguousarray(rows - rows.mean(axis=1, keepdims=True))
    together = JointScales(0.0, 1.0, 0.5, 1e-2, 0.5, 1e-5)
    joint = joint_horseshoe_gibbs.initial_state(root.var(axis=0)[None], rng)
    joint.scalars[[1, 4]] = 1e-10, 1e-2
    alone = horseshoe_gibbs.initial_state(root.var(axis=0), rng)
    scales = Scales(0.0, 1.0, 0.5, 0.5)

    def variables(correlations, log_precisions, scalars):
        entries = correlations[np.triu_indices(3, 1)]
        return [*entries, *entries**2, *log_precisions, np.arctan(np.sqrt(scalars[0]))]

    ours = long_run(
        lambda count: advance(joint, [root], together, count, rng),
        lambda: variables(
            joint.correlations[0], joint.log_precisions[0], joint.scalars
        ),
        3000,
    )
    theirs = long_run(
        lambda count: horseshoe_gibbs.sweeps_of_known_log_ratios(
            count, root, 0, alone, scales, rng
        ),
        lambda: variables(alone.correlations, alone.log_precisions, alone.scalars),
        3000,
    )
    assert np.abs(z_scores(ours, theirs)).max() < 4, z_scores(ours, theirs).round(2)


def rows_of_groups(changed, parts=6, rows=50, depth=0):
    """Data of three groups with two strong links; in the third one has the other sign, or not.

    Parameters
    ----------
    changed : bool
    parts, rows : int
    depth : int
        Total count of a row; 0 of known amounts.
    """
    rng = np.random.default_rng(6)
    groups = {}
    names = [f"p{k}" for k in range(parts)]
    for name in "abc":
        precision = np.eye(parts)
        for one, link in ((0, -0.7), (2, 0.6)):
            flipped = changed and name == "c" and one == 0
            precision[one, one + 1] = precision[one + 1, one] = (
                -link if flipped else link
            )
        root = np.linalg.cholesky(np.linalg.inv(precision))
        values = np.exp(0.7 * rng.standard_normal((rows, parts)) @ root.T)
        options = {}
        if depth:
            shares = values / values.sum(axis=1, keepdims=True)
            values = rng.multinomial(depth, shares)
            options["zeros"] = "counts"
        frame = pd.DataFrame(values, columns=names)
        groups[name] = cs.Composition.from_frame(frame, parts=names, **options)
    return groups


HORSESHOE = cs.PartialCorrelation(prior="horseshoe")
SHORT = cs.Gibbs(chains=2, draws=200, tune=200, thin=2)


def fits_of(groups, model=HORSESHOE):
    """Fit each group alone, shortly."""
    return {
        name: cs.fit(model, data, seed=1, sampler=SHORT, progress=False)
        for name, data in groups.items()
    }


@pytest.fixture(scope="module")
def fits():
    return fits_of(rows_of_groups(changed=True))


def test_a_joint_fit_shortens_intervals_and_finds_the_pair_that_differs(fits):
    pooled = cs.pool_groups(fits, sampler=SHORT)
    table = pooled.decide()
    chosen = table.index[table["selected"]]
    assert ("a - c", "p0 ~ p1") in chosen and ("b - c", "p0 ~ p1") in chosen
    assert table.loc["a - b", "error"].min() > 0.02
    alone = fits["a"].effect("partial_correlation").numbers()
    jointly = pooled.answers["a"].numbers()
    lengths = [table["upper"] - table["lower"] for table in (alone, jointly)]
    assert lengths[1].mean() < 0.9 * lengths[0].mean()
    assert pooled.pooled is None and 0 < pooled.share_different < 1
    assert "jointly with a, b" in pooled.answers["c"].contrast


def test_a_joint_fit_repeats_by_its_seed_and_answers_carry_their_checks(fits):
    one, same = (
        cs.pool_groups(fits, "excess", sampler=SHORT).answers["b"] for _ in range(2)
    )
    np.testing.assert_array_equal(one.draws, same.draws)
    assert {"closure without links", "R-hat"} & {check.name for check in one.doubts}


@pytest.mark.slow
def test_counted_rows_are_fitted_jointly(fits):
    counted = fits_of(rows_of_groups(changed=True, rows=40, depth=2000))
    pooled = cs.pool_groups(counted, sampler=SHORT)
    known = cs.pool_groups(fits, sampler=SHORT)
    link = [
        each.answers["a"].numbers().loc["p0 ~ p1", "mean"] for each in (pooled, known)
    ]
    assert min(link) > 0.4 and abs(link[0] - link[1]) < 0.2


def test_groups_that_cannot_be_fitted_jointly_are_refused(fits):
    with pytest.raises(cs.ModelError, match="`scale` is that of differences"):
        cs.pool_groups(fits, scale=0.1)
    other = fits_of(
        {"b": fits["b"].data},
        cs.PartialCorrelation(prior="horseshoe", global_shrinkage_scale=0.1),
    )
    with pytest.raises(cs.ModelError, match="Expected one model of all groups"):
        cs.pool_groups({"a": fits["a"], **other})
    order = fits_of({"b": fits["b"].data.subcomposition(["p1", "p0", "p2"])})
    with pytest.raises(cs.ModelError, match="the same parts in the same order"):
        cs.pool_groups({"a": fits["a"], **order})
    student = fits_of(
        {"a": fits["a"].data, "b": fits["b"].data},
        cs.PartialCorrelation(prior="horseshoe", errors="student"),
    )
    with pytest.raises(cs.ModelError, match="Expected errors='normal'"):
        cs.pool_groups(student)
    distant = cs.PartialCorrelation().simulate(1, rows=30, parts=3, related=True).data
    with pytest.raises(cs.ModelError, match="Expected data without distances"):
        cs.pool_groups(fits_of({"a": distant, "b": distant}))
    matching = cs.fit(
        cs.PartialCorrelation(prior="matching"),
        fits["b"].data,
        seed=1,
        progress=False,
    )
    with pytest.raises(cs.ModelError, match="Expected one prior of all groups"):
        cs.pool_groups({"a": fits["a"], "b": matching})
    with pytest.raises(cs.ModelError, match="`sampler` is that of a joint fit"):
        cs.pool_groups({"a": matching, "b": matching}, sampler=SHORT)


def joint_graph(scatters, degrees, scales):
    """Return the PyMC graph of the joint model on cross-products of log-ratios.

    Parameters
    ----------
    scatters : list of array, shape (D, D)
    degrees : list of float
    scales : JointScales
    """
    import pymc as pm
    import pytensor.tensor as pt

    groups, size = len(scatters), len(scatters[0])
    above = np.triu_indices(size, 1)
    pairs = len(above[0])
    with pm.Model() as graph:
        typical = pm.Normal("typical", scales.log_variance, scales.log_variance_sd)
        spread = pm.HalfNormal("spread", scales.variance_spread)
        apart = pm.HalfNormal("apart", scales.group_spread)
        means = typical + spread * pm.Normal("mean", 0, 1, shape=size)
        logs = means + apart * pm.Normal("log", 0, 1, shape=(groups, size))
        tau = pm.HalfCauchy("tau", scales.global_shrinkage)
        ratio = pm.HalfCauchy("ratio", scales.difference_ratio)
        local = pm.HalfCauchy("local", 1, shape=pairs)
        kappa = pm.HalfCauchy("kappa", 1, shape=(groups, pairs))
        common = tau * local * pm.Normal("common", 0, 1, shape=pairs)
        standard = pm.Normal("difference", 0, 1, shape=(groups, pairs))
        entries = pm.Deterministic(
            "entries", common + ratio * tau * kappa * local * standard
        )
        total = 0.0
        for group in range(groups):
            matrix = pt.set_subtensor(pt.zeros((size, size))[above], entries[group])
            root = pt.linalg.cholesky(matrix + matrix.T + np.eye(size), on_error="nan")
            scaled = root.T * pt.exp(-logs[group] / 2)
            along = scaled.sum(axis=1)
            length = (along**2).sum()
            across = scaled - along[:, None] * (along @ scaled) / length
            determinant = 2 * pt.log(pt.diag(root)).sum() - logs[group].sum()
            determinant -= pt.log(length)
            square = (scatters[group] * (across.T @ across)).sum()
            total += (degrees[group] * determinant - square) / 2
        pm.Potential("rows", pt.switch(pt.isnan(total), -np.inf, total))
        pm.Deterministic("logs", logs)
    return graph


@pytest.mark.slow
def test_sweeps_agree_with_nuts_on_the_graph_of_the_joint_model():
    import arviz as az
    import pymc as pm

    rng = np.random.default_rng(8)
    roots = []
    for rows, link in ((14, 0.8), (10, 0.2)):
        amounts = rng.standard_normal((rows, 3)) @ [[1, link, 0], [0, 1, 0], [0, 0, 1]]
        amounts -= amounts.mean(axis=1, keepdims=True)
        roots.append(np.ascontiguousarray(amounts))
    scatters = [root.T @ root for root in roots]
    with joint_graph(scatters, [14.0, 10.0], SCALES):
        theirs = pm.sample(
            4000, tune=1500, chains=2, cores=1, target_accept=0.98, random_seed=1
        )["posterior"]
    chains = []
    for stream in rng.spawn(2):
        variances = np.array([root.var(axis=0) for root in roots])
        state = joint_horseshoe_gibbs.initial_state(variances, stream)
        advance(state, roots, SCALES, 2000, stream)
        kept = []
        for _ in range(8000):
            advance(state, roots, SCALES, 2, stream)
            entries = state.correlations[:, *np.triu_indices(3, 1)].ravel()
            logs = -state.log_precisions.ravel()
            kept.append([*entries, *logs, *np.log(state.scalars[:2]) / 2])
        chains.append(kept)
    ours = np.array(chains)
    values = [theirs[name].to_numpy() for name in ("entries", "logs")]
    values += [np.log(theirs[name].to_numpy())[..., None] for name in ("tau", "ratio")]
    other = np.concatenate([each.reshape(2, 4000, -1) for each in values], axis=2)
    for position in range(ours.shape[2]):
        difference, variance = 0.0, 0.0
        for draws, sign in ((ours, 1), (other, -1)):
            column = draws[:, :, position]
            difference += sign * column.mean()
            variance += column.var() / float(az.ess(column, method="mean"))
        assert abs(difference / np.sqrt(variance)) < 4, position
