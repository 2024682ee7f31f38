"""Declared structural zeros: parts of counts that cannot be present in some rows."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import causalstats as cs
from causalstats.models.partial_correlation.data_checks import data_checks
from causalstats.numerics.compositions import (
    inverse_wishart,
    log_ratios,
    row_gibbs,
    row_weights,
)
from causalstats.numerics.compositions.present_parts import (
    compared_parts,
    undetermined_directions,
)

pytestmark = pytest.mark.usefixtures("without_hidden_groups")

PARTS = list("vwxyz")
SHORT = cs.Gibbs(chains=2, draws=300, tune=300, thin=5)
HORSESHOE = cs.PartialCorrelation(prior="horseshoe")


def read(frame, absent=None, covariates=None):
    return cs.Composition.from_frame(
        frame, parts=PARTS, covariates=covariates, zeros="counts", absent=absent
    )


@pytest.fixture(scope="module")
def frame():
    """z is no part of group b; there w is e times as much, beside the others. v ~ w by .9."""
    rng = np.random.default_rng(3)
    group = np.repeat(["a", "b"], [45, 15])
    logs = rng.normal([2, 1, 1, 1, 1.5], 0.4, (60, 5))
    logs[:, 1] += 1.5 * (logs[:, 0] - 2) + (group == "b")
    logs[group == "b", 4] = -np.inf
    shares = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    counts = np.array([rng.multinomial(3000, row) for row in shares])
    return pd.DataFrame(counts, columns=PARTS).assign(
        group=group, no_z=group == "b", none=False
    )


def test_the_graph_is_multinomial_over_the_parts_that_are_present(frame):
    """And Normal(0, 1) in the one comparison that no row makes, of z with the others in b."""
    model = cs.PartialCorrelation(prior="shrunk", shrinkage=0.4, basis_variance=1.0)
    small = frame.iloc[[0, 1, 2, 45, 46, 47]]
    data = read(small, {"z": {"group": ["b"]}}, "group")
    compiled = model.build(data).compile_logp(mode="FAST_COMPILE")
    rng = np.random.default_rng(8)
    differences = []
    for _ in range(3):
        z = rng.standard_normal((6, 4))
        ratios = z @ log_ratios.ilr_basis(5).T
        shares = np.exp(ratios) * data.present
        expected = sum(
            stats.multinomial.logpmf(row, int(row.sum()), share / share.sum())
            for row, share in zip(data.values, shares, strict=True)
        )
        coefficients = np.linalg.lstsq(data.matrix, ratios)[0]
        centred = ratios - data.matrix @ coefficients
        expected += inverse_wishart.log_evidence(
            centred, 4, np.ones(5), 4 * 0.4 / 0.6 + 5
        )
        # In group b no row compares z; its mean there is free, whatever that in group a.
        basis = data.undetermined[0]
        expected -= (basis * coefficients).sum() ** 2 / 2
        point = {
            "log_typical_variance": 0.0,
            "variance_spread_softplus__": 0.0,
            "variance_deviation": np.zeros(5),
            "log_ratio_coordinates": z,
        }
        differences.append(float(compiled(point)) - expected)
    np.testing.assert_allclose(differences, differences[0], atol=1e-6)
    assert data.undetermined.shape == (1, 2, 5)


def test_a_group_that_lacks_a_part_is_fitted_where_it_is_declared(frame):
    """The remedy of the refusal, and of the check where no covariate names the group."""
    with pytest.raises(cs.ModelError, match="absent={'z': {'site': ") as refusal:
        cs.PartialCorrelation(prior="shrunk").build(read(frame, covariates="group"))
    assert "declare it" in str(refusal.value)
    declared = read(frame, {"z": {"group": ["b"]}}, "group")
    fit = cs.fit(HORSESHOE, declared, seed=1, sampler=SHORT, progress=False)
    table = fit.effect("covariate_log_ratio").numbers()
    assert not any("z" in str(label) for label in table.index) and len(table) == 6
    assert abs(table.loc["v / w on group[T.b]", "mean"] + 1) < 0.35
    assert table["sd"].max() < 0.5
    effect = fit.effect("covariate_coefficient")
    assert [label[0] for label in effect.numbers().index] == list("vwxy")
    left = [check for check in effect.doubts if check.name == "parts that groups share"]
    assert left[0].passed is None and "z on group[T.b]" in left[0].finding
    assert fit.effect("partial_correlation").numbers().loc["v ~ w", "mean"] > 0.6
    assert np.isfinite(fit.draws["posterior"]["covariate_coefficient"]).all()


def test_the_check_of_absences_names_the_declaration_which_helps(frame):
    model = cs.PartialCorrelation(prior="shrunk")
    before = model.data_checks(read(frame))[0]
    assert before.name == "counted often" and before.passed is False
    assert "absent={'z': {'site'" in before.remedy
    data = read(frame, {"z": "no_z"})
    after = model.data_checks(data)[0]
    assert after.name == "counted often" and after.passed is True
    known = read(frame[frame["group"] == "a"].reset_index(drop=True))
    errors = {}
    fits = {
        name: cs.fit(HORSESHOE, each, seed=1, sampler=SHORT, progress=False)
        .effect("partial_correlation")
        .numbers()["mean"]
        for name, each in (("declared", data), ("silent", read(frame)), ("a", known))
    }
    for name in ("declared", "silent"):
        errors[name] = np.abs(fits[name] - fits["a"])[["v ~ w", "w ~ z", "y ~ z"]].max()
    assert errors["declared"] < 0.3


def test_all_present_is_no_declaration_to_the_last_bit(frame):
    sampler = cs.Gibbs(chains=1, draws=50, tune=5, thin=1)
    one, other = (
        sampler(cs.Problem(HORSESHOE, read(frame, absent)), 1)["posterior"]
        for absent in ({"z": "none"}, None)
    )
    assert one.to_dataset().equals(other.to_dataset())
    assert read(frame, {"z": "none"}).present is None


def test_recentring_leaves_what_rows_know_as_it_was(frame):
    data = read(frame, {"z": {"group": ["b"]}}, "group")
    rng = np.random.default_rng(1)
    directions = data.undetermined.reshape(1, -1)
    empty = np.zeros((0, 0))
    rows = row_gibbs.rows_of_one_type(
        True,
        data.values,
        empty,
        empty,
        data.matrix,
        row_gibbs.links_of(60, {}),
        data.offsets,
        directions,
    )
    state = row_gibbs.initial_state(
        rows, np.log(data.positive_values), None, row_weights.normal_tails(60), rng
    )
    state.coefficients[:] = rng.standard_normal((2, 5))
    logs = state.logs.copy()
    residuals = logs - data.matrix @ state.coefficients
    row_gibbs._recentre.py_func(rows, state)
    change = state.logs - data.matrix @ state.coefficients - residuals
    np.testing.assert_allclose(change, change[:, :1] * np.ones(5), atol=1e-9)
    np.testing.assert_array_equal(state.logs[data.present], logs[data.present])
    np.testing.assert_allclose(directions @ state.coefficients.ravel(), 0, atol=1e-9)


def test_comparisons_that_no_row_makes():
    """Two sets of parts that are never together; a part absent from one group of three."""
    present = np.zeros((6, 4), bool)
    present[:3, :2] = present[3:, 2:] = True
    apart = undetermined_directions(np.ones((6, 1)), present)
    assert apart.shape == (1, 1, 4) and set(compared_parts(apart, 0)) == {0, 1}
    groups = np.column_stack([np.ones(6), np.eye(3).repeat(2, axis=0)[:, 1:]])
    present = np.ones((6, 4), bool)
    present[2:4, 3] = False
    one = undetermined_directions(groups, present)
    assert one.shape == (1, 3, 4)
    assert [compared_parts(one, k)[3] for k in range(3)] == [0, 1, 0]
    present[2:4, 3] = [True, False]
    assert len(undetermined_directions(groups, present)) == 0
    # Absent from the first group: nor is the difference of the others known from its own level
    present[:] = True
    present[:2, 3] = False
    assert [
        compared_parts(undetermined_directions(groups, present), k)[3] for k in (1, 2)
    ] == [1, 1]


@pytest.mark.parametrize(
    ("absent", "words"),
    [
        (
            {"v": {"group": ["b"]}},
            "'v' is declared absent where it was counted, [0-9]+ in rows 45",
        ),
        ({"q": "no_z"}, "no part 'q'"),
        ({"z": "no"}, "no column 'no'"),
        ({"z": {"group": ["c"]}}, "no level of 'group' 'c'"),
        (
            {"z": "group"},
            "True in rows where part 'z' cannot be present.*absent={'z': {'group'",
        ),
        ("no_z", "`absent` as a mapping of parts"),
        ({"z": "w"}, "named as a part and as an absence"),
    ],
)
def test_declarations_that_cannot_be_are_refused(frame, absent, words):
    with pytest.raises(cs.DataError, match=words):
        read(frame, absent)


def test_a_part_that_is_absent_everywhere_and_rows_of_one_part_are_refused(frame):
    in_b = frame[frame["group"] == "b"].assign(z=[1] + [0] * 14)
    with pytest.raises(cs.DataError, match="absent where it was counted, 1 in row 0"):
        read(in_b, {"z": "no_z"})
    four = {name: "no_z" for name in "wxyz"}
    rows = frame.assign(
        **{name: np.where(frame["no_z"], 0, frame[name]) for name in "wxyz"}
    )
    with pytest.raises(
        cs.DataError, match="Fewer than two parts can be present in rows 45"
    ):
        read(rows, four)
    with pytest.raises(cs.DataError, match="counted in no row|absent from every row"):
        read(in_b.assign(z=0), {"z": "no_z"})
    with pytest.raises(cs.DataError, match="missing='infer'"):
        cs.Composition.from_frame(frame[PARTS] + 1, parts=PARTS, absent={"z": "no_z"})


def test_declarations_are_kept_with_the_parts_and_on_disk(frame, tmp_path):
    data = read(frame, {"z": {"group": "b"}})
    assert data.facts()["Declared absent"] == "5.0% of the cells, of z"
    assert data.at(["v", "w", "x"]).present is None
    np.testing.assert_array_equal(
        data.at(["z", "w", "x"]).present[:, 0], ~frame["no_z"]
    )
    assert data.fingerprint != read(frame).fingerprint
    sampler = cs.Gibbs(chains=2, draws=20, tune=5, thin=1)
    fit = cs.fit(HORSESHOE, data, seed=1, sampler=sampler, progress=False)
    fit.save(tmp_path / "fit.nc")
    loaded = cs.load(tmp_path / "fit.nc")
    assert loaded.data.fingerprint == data.fingerprint
    np.testing.assert_array_equal(loaded.data.present, data.present)
    assert HORSESHOE.baselines(data) == {}


def test_pairs_that_few_rows_have_together_are_not_determined(frame):
    few = {"z": "few"}
    rows = frame.assign(few=(np.arange(60) >= 8))
    rows.loc[rows["few"], "z"] = 0
    data = read(rows, few)
    sampler = cs.Gibbs(chains=2, draws=60, tune=5, thin=1)
    fit = cs.fit(HORSESHOE, data, seed=1, sampler=sampler, progress=False)
    table = fit.effect("partial_correlation").decide(rope=0.1)
    with_z = [" z" in str(label) or "z " in str(label) for label in table.index]
    assert not table.loc[with_z, "determined"].any()


@pytest.mark.slow
def test_gibbs_sampling_agrees_with_nuts_where_a_group_lacks_a_part():
    import arviz as az

    simulated = HORSESHOE.simulate(3, rows=24, parts=4, depth=60, absent=True).data
    data = cs.Composition.from_frame(
        simulated.source,
        parts=simulated.parts,
        covariates="absent",
        zeros="counts",
        absent={"p4": "absent"},
    )
    assert len(data.undetermined) == 1
    nuts = cs.Nuts(tune=1500, draws=3000, target_accept=0.97)
    ours = cs.fit(HORSESHOE, data, seed=1, progress=False)
    theirs = cs.fit(HORSESHOE, data, seed=2, sampler=nuts, progress=False)
    for name in ("partial_correlation", "covariate_log_ratio", "basis_correlation"):
        one, other = (fit.effect(name).draws for fit in (ours, theirs))
        errors = [
            values.var(("chain", "draw")) / az.ess(values, method="mean")
            for values in (one, other)
        ]
        difference = one.mean(("chain", "draw")) - other.mean(("chain", "draw"))
        assert np.abs(difference / np.sqrt(sum(errors))).max() < 4, name


def test_zeros_of_counting_are_no_declared_absences(frame):
    """A rare part of rate 1.5 in every row, of which each 0 is declared an absence."""
    rare = np.random.default_rng(4).poisson(1.5, 60)
    named = frame.assign(z=rare, no_z=rare == 0)
    checks = {check.name: check for check in data_checks(read(named, {"z": "no_z"}))}
    check = checks["declared absences are no zeros of counting"]
    assert check.passed is False
    assert "z (at least" in check.finding
    checks = {check.name: check for check in data_checks(read(frame, {"z": "no_z"}))}
    assert checks["declared absences are no zeros of counting"].passed


def test_a_row_of_counts_with_exchanged_parts_is_named(frame):
    spoilt = frame.copy()
    spoilt.loc[30, ["v", "z"]] = [5, 2500]
    checks = {check.name: check for check in data_checks(read(spoilt.iloc[:45]))}
    assert checks["no outlying row"].passed is False
    assert "row 30 " in checks["no outlying row"].finding
    checks = {check.name: check for check in data_checks(read(frame.iloc[:45]))}
    assert checks["no outlying row"].passed
