"""Known exposures of counts: what the expected count of a part in a row is multiplied by."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import causalstats as cs
from causalstats.numerics.compositions import inverse_wishart, log_ratios
from causalstats.numerics.compositions.counting_information import counting_information

pytestmark = pytest.mark.usefixtures("without_hidden_groups")

PARTS = ["spike", "a", "b", "c"]
SHORT = cs.Gibbs(chains=2, draws=300, tune=300, thin=5)
HORSESHOE = cs.PartialCorrelation(prior="horseshoe")


@pytest.fixture(scope="module")
def frame():
    """Amounts of three taxa, two of which double in a group, and a spike-in of unequal amounts."""
    rng = np.random.default_rng(5)
    group = np.repeat([0, 1], 20)
    amounts = np.exp(rng.normal([2.0, 1.0, 0.0], 0.3, (40, 3)))
    amounts[:, 1:] *= np.where(group, 2.0, 1.0)[:, None]
    added = np.where(group, 4.0, 0.5) * np.exp(rng.normal(0, 0.5, 40))
    expected = 50_000 * np.column_stack([added, amounts]) * rng.gamma(5, size=(40, 1))
    counts = pd.DataFrame(rng.poisson(expected), columns=PARTS)
    return counts.assign(added=added, group=group, volume=rng.uniform(1, 9, 40))


def read(frame, exposure=None, covariates=None):
    return cs.Composition.from_frame(
        frame, parts=PARTS, covariates=covariates, zeros="counts", exposure=exposure
    )


def test_the_graph_is_multinomial_with_shares_in_proportion_to_exposures(frame):
    model = cs.PartialCorrelation(prior="shrunk", shrinkage=0.4)
    small = frame.head(6).assign(**(frame[PARTS].head(6) // 10_000))
    data = read(small, {"spike": "added", "b": 2.0})
    np.testing.assert_allclose(data.exposures[:, 0], small["added"])
    np.testing.assert_allclose(data.exposures[:, 1:], [[1.0, 2.0, 1.0]] * 6)
    compiled = model.build(data).compile_logp(mode="FAST_COMPILE")
    rng = np.random.default_rng(8)
    differences = []
    for _ in range(3):
        z = rng.standard_normal((6, 3))
        ratios = z @ log_ratios.ilr_basis(4).T
        shares = data.exposures * np.exp(ratios)
        expected = sum(
            stats.multinomial.logpmf(row, int(row.sum()), share / share.sum())
            for row, share in zip(data.values, shares, strict=True)
        )
        centred = ratios - ratios.mean(axis=0)
        degrees = 5 * 0.4 / 0.6 + 4
        expected += inverse_wishart.log_evidence(centred, 5, np.ones(4), degrees)
        point = {
            "log_typical_variance": 0.0,
            "variance_spread_softplus__": 0.0,
            "variance_deviation": np.zeros(4),
            "log_ratio_coordinates": z,
        }
        differences.append(float(compiled(point)) - expected)
    np.testing.assert_allclose(differences, differences[0], atol=1e-6)


def test_a_spike_in_shows_which_amounts_changed(frame):
    """Amounts of a are equal in both groups, those of b and c double: log 2 = .69."""
    question = "covariate_log_ratio"
    answers = {}
    for name, exposure in (("known", {"spike": "added"}), ("ignored", None)):
        data = read(frame, exposure, "group")
        fit = cs.fit(HORSESHOE, data, seed=1, sampler=SHORT, progress=False)
        answers[name] = fit.effect(question).numbers()["mean"]
    against = [f"spike / {part} on group" for part in "abc"]
    truth = -np.log([1.0, 2.0, 2.0])
    np.testing.assert_allclose(answers["known"][against], truth, atol=0.25)
    assert (np.abs(answers["ignored"][against] - truth) > 1.5).all()


def test_many_counts_by_their_exposures_are_known_amounts(frame):
    counted = read(frame, {"spike": "added", "b": "volume"})
    known = cs.Composition.from_frame(
        pd.DataFrame(counted.positive_values, columns=PARTS), parts=PARTS
    )
    one, other = (
        cs.fit(HORSESHOE, data, seed=1, sampler=SHORT, progress=False)
        .effect("partial_correlation")
        .summary()
        for data in (counted, known)
    )
    error = np.sqrt(
        one["sd"] ** 2 / one["ess_bulk"] + other["sd"] ** 2 / other["ess_bulk"]
    )
    assert (np.abs(one["mean"] - other["mean"]) < 4.5 * error).all()


@pytest.mark.parametrize(
    ("exposure", "words"),
    [
        ("volume", "that all parts of a row share.*one part more"),
        (dict.fromkeys(PARTS, "volume"), "depths, volumes and total amounts.*spike-in"),
        ({"a": 4.0, "b": 7.0}, "same in every row.*cancel in partial correlations"),
        ({"a": "group"}, "exposures above 0 in column 'group', got 0 in rows 0, 1"),
        ({"a": 0.0}, "positive number for part 'a', got 0"),
        ({"d": "volume"}, "no part 'd'"),
        ({"a": "b"}, "named as a part and as an exposure"),
        ({"a": "depth"}, "no column 'depth'"),
    ],
)
def test_exposures_that_cancel_or_cannot_be_are_refused(frame, exposure, words):
    with pytest.raises(cs.DataError, match=words):
        read(frame, exposure)


def test_amounts_are_to_be_divided(frame):
    with pytest.raises(cs.DataError, match="Divide amounts"):
        cs.Composition.from_frame(frame + 1, parts=PARTS, exposure={"spike": "added"})


def test_exposures_are_kept_with_the_parts_and_on_disk(frame, tmp_path):
    data = read(frame, {"spike": "added", "b": 2.0})
    assert data.facts()["Exposures"] == "added of spike, 2.0 of b"
    fewer = data.at(["b", "spike", "a"])
    np.testing.assert_allclose(fewer.exposures[:, 1], frame["added"])
    assert data.at(["a", "b", "c"]).exposures is None
    assert data.at(["a", "b", "c"]).arguments["exposure"] is None
    assert data.fingerprint != read(frame).fingerprint
    sampler = cs.Gibbs(chains=2, draws=20, tune=5, thin=1)
    fit = cs.fit(HORSESHOE, data, seed=1, sampler=sampler, progress=False)
    fit.save(tmp_path / "fit.nc")
    loaded = cs.load(tmp_path / "fit.nc").data
    assert loaded.fingerprint == data.fingerprint
    dropped = cs.Composition.from_frame(
        frame.assign(added=frame["added"].where(frame.index != 3)),
        parts=PARTS,
        zeros="counts",
        missing="drop",
        exposure={"spike": "added"},
    )
    assert dropped.dropped == {"added": 1}


def test_the_correlation_of_the_parts_is_of_counts_by_exposure(frame):
    """Amounts of the spike-in differ by design, not for anything that goes with the taxa."""
    data = read(frame, {"spike": "added"})
    estimate = HORSESHOE.baselines(data)["correlation of the parts"]
    values, _ = estimate(np.random.default_rng(1))
    rates = frame[PARTS].assign(spike=frame["spike"] / frame["added"])
    expected = np.corrcoef(rates, rowvar=False)[np.triu_indices(4, 1)]
    np.testing.assert_allclose(np.sort(values), np.sort(expected))


def test_expected_counts_know_exposures():
    """Counts of a tenth are as informative as their intensity, whatever the exposure."""
    counts = np.array([[1000.0, 100.0], [1000.0, 10.0]] * 5)
    exposures = np.array([[1.0, 1.0], [1.0, 0.1]] * 5)
    precisions = np.ones(2)
    information = counting_information(counts, precisions, exposures)
    np.testing.assert_allclose(information[:2, 1], [100 / 101, 10 / 11], rtol=2e-3)
    plain = counting_information(counts, precisions)
    ones = counting_information(counts, precisions, np.ones_like(exposures))
    np.testing.assert_allclose(ones, plain)


def test_zeros_that_a_small_exposure_makes_are_no_absences():
    """Half of the rows count the part in a thousandth of the volume."""
    rng = np.random.default_rng(2)
    volume = np.tile([1.0, 0.001], 30)
    amounts = np.exp(rng.normal([5.0, 4.0, 4.5, 4.0], 0.3, (60, 4)))
    amounts[:, 3] *= volume
    counts = pd.DataFrame(rng.poisson(amounts), columns=PARTS).assign(volume=volume)
    checks = [
        cs.PartialCorrelation(prior="shrunk").data_checks(read(counts, exposure))[0]
        for exposure in ({"c": "volume"}, None)
    ]
    assert [check.name for check in checks] == ["counted often"] * 2
    assert [check.passed for check in checks] == [True, False]
