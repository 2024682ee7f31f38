"""Extreme and odd arguments of answers give finite numbers, or are refused in our own words."""

import warnings

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

FEW = cs.Auto(chains=2, draws=60)


@pytest.fixture(scope="module")
def composition():
    model = cs.PartialCorrelation(prior="matching")
    data = model.simulate(1, rows=60, parts=4).data
    return cs.fit(model, data, seed=1, sampler=FEW, progress=False)


@pytest.fixture(scope="module")
def numbers():
    frame = pd.DataFrame(
        np.random.default_rng(3).normal(size=(60, 3)), columns=list("zxy")
    )
    model = cs.CausalDiagram("z -> x -> y; z -> y", route="regression")
    data = cs.Observations.from_frame(frame)
    return cs.fit(model, data, seed=1, sampler=FEW, progress=False)


@pytest.mark.parametrize("rope", [1.0, 2.0, 1e49])
def test_no_correlation_lies_beyond_1(composition, rope):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        decided = composition.effect().decide(rope=rope)
        network = composition.network(rope=rope)
    assert (decided["negligible"] == 1).all() and (decided["error"] == 1).all()
    assert not decided["selected"].any() and network.edges.empty


@pytest.mark.parametrize("prob", [1 - 1e-12, 1 - 1e-16, 1e-12])
def test_intervals_of_extreme_probabilities_are_finite_and_in_order(composition, prob):
    table = composition.effect().numbers(prob=prob)
    assert (table["lower"] <= table["upper"]).all() and table.notna().all(axis=None)
    assert table[["lower", "upper"]].abs().max(axis=None) < 1


@pytest.mark.parametrize("path", [0, 1.5, "", "a\0b", "."])
def test_a_network_is_written_to_a_file_or_to_none(
    composition, path, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(cs.StoreError):
        composition.network().write_graphml(path)
    assert not list(tmp_path.iterdir())


def test_draws_without_numbered_chains_are_plotted(numbers):
    assert len(numbers.plot().axes) == 1


@pytest.mark.parametrize("level", [1e300, -1e51, 10**60])
def test_a_variable_is_not_set_beyond_floating_point(numbers, level):
    with pytest.raises(cs.ModelError, match="change the unit"):
        numbers.effect("y", do={"x": level})


def test_one_strength_of_a_hidden_confounder_may_be_of_any_type(numbers):
    given = [np.float32(0.5), np.float64(0.5), 0.5, [0.5]]
    tables = [numbers.sensitivity(hidden_confounder=each) for each in given]
    for table in tables:
        pd.testing.assert_frame_equal(table, tables[0])


@pytest.mark.parametrize("wrong", [pd.NA, "x", {"a": 1}, [np.nan], iter([0.5])])
def test_strengths_that_are_none_are_refused(numbers, wrong):
    with pytest.raises(cs.ModelError, match="list of strengths"):
        numbers.sensitivity(hidden_confounder=wrong)


@pytest.mark.parametrize("levels", [1, True, (1,), "10", {1, 0}])
def test_a_cause_has_two_levels(levels):
    frame = pd.DataFrame({"x": [0, 1] * 20, "y": [0, 1, 1, 1] * 10})
    data = cs.Observations.from_frame(frame)
    model = cs.CausalDiagram("x -> y")
    fit = cs.fit(model, data, seed=1, sampler=FEW, progress=False)
    with pytest.raises(cs.ModelError, match="two of its levels|absence|level"):
        fit.bounds("y", cause={"x": levels})


@pytest.mark.parametrize("threshold", ["", "x", np.nan, np.inf, 1j, True, pd.NA])
def test_a_threshold_is_a_number(numbers, threshold):
    with pytest.raises(cs.ModelError, match="`threshold`"):
        numbers.tipping_point(threshold=threshold, effect_sd=2.0)


class _Unfactored:
    """NUTS whose compiled gradient meets a matrix that has no Cholesky factor."""

    def compile(self, problem):
        return self

    def run(self, problem, seed, advance):
        raise np.linalg.LinAlgError("Matrix is not positive definite.")


# By Numba itself, which compiles the gradient for twenty seconds, the matrix is met in a slow test.
@pytest.mark.parametrize(
    "nuts", ["as it fails", pytest.param("compiled", marks=pytest.mark.slow)]
)
def test_a_prior_beyond_floating_point_is_refused_in_words(nuts, monkeypatch):
    if nuts == "as it fails":
        monkeypatch.setattr(cs.Auto, "nuts_for", lambda *_: _Unfactored())
    model = cs.DynamicPanel(persistence_mean=1e30)
    data = cs.DynamicPanel().simulate(1, units=20, times=5).data
    with pytest.raises(cs.SamplingError, match="lost in floating point"):
        cs.fit(model, data, seed=1, sampler=FEW, progress=False)
