"""A model that a user writes, from the page of the documentation alone, works with every verb."""

import re
import sys
import types
from pathlib import Path

import numpy as np
import pytest

import causalstats as cs

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how_to" / "own_model.md"
MODULE = "own_model_of_the_documentation"


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """The names that the programs of the page define, run in an empty folder."""
    programs = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    module = types.ModuleType(MODULE)
    sys.modules[MODULE] = module
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("own"))
        for program in programs:
            exec(compile(program, str(PAGE), "exec"), vars(module))
        yield vars(module)
    del sys.modules[MODULE]


def test_the_answer_is_near_the_difference_of_means(names):
    frame, fit = names["frame"], names["fit"]
    table = fit.effect("effect").summary().iloc[0]
    means = frame.groupby("treated")["y"].mean()
    assert abs(table["mean"] - (means[1] - means[0])) < table["sd"]
    assert table["r_hat"] < 1.02


def test_checks_and_contraction_cover_its_parameters(names):
    assert set(names["fit"].contraction().index) == {"intercept", "slope"}
    assert {check.name for check in names["fit"].check()} >= {
        "R-hat",
        "posterior contraction",
    }


def test_the_comparison_has_the_model_alone(names):
    assert list(names["fit"].compare().index) == ["RobustTrial"]


def test_the_report_is_written(names):
    text = Path("trial.html").read_text()
    assert "RobustTrial" in text
    assert "Treatment was assigned by chance." in text


def test_a_saved_fit_is_the_same(names):
    fit, again = names["fit"], names["again"]
    assert again.model == fit.model
    assert again.data.equals(fit.data)
    np.testing.assert_array_equal(
        again.effect("effect").draws.to_numpy(), fit.effect("effect").draws.to_numpy()
    )


def test_a_saved_fit_of_a_model_that_is_not_imported_is_refused(names, monkeypatch):
    monkeypatch.delitem(sys.modules, MODULE)
    with pytest.raises(cs.StoreError, match="RobustTrial.*not imported"):
        cs.load("trial.nc")


def test_calibration_ranks_every_parameter_and_the_answer(names):
    assert list(names["calibration"].ranks) == ["intercept", "slope", "sigma", "effect"]


def test_other_data_are_refused(names):
    with pytest.raises(cs.DataError, match="DataFrame"):
        cs.fit(names["RobustTrial"](), [1, 2], seed=1)


def test_a_parameter_that_the_posterior_lacks_is_an_error(names):
    class Misnamed(names["RobustTrial"]):
        def parameters(self, data):
            return ("intercept", "slop")

    sampler = cs.Nuts(chains=1, draws=60, tune=60)
    with pytest.raises(cs.ModelError, match="lists slop, which the posterior lacks"):
        cs.fit(Misnamed(), names["frame"], seed=1, sampler=sampler, progress=False)


QUESTIONS = {
    "another answer": lambda fit: fit.effect("other"),
    "other people": lambda fit: fit.effect("effect", at=[1]),
    "groups": lambda fit: fit.effect("effect", by="treated"),
    "an intervention": lambda fit: fit.effect("effect", do={"treated": 1}),
    "bounds": lambda fit: fit.bounds("effect"),
    "a diagram": lambda fit: fit.plot("diagram"),
    "another field": lambda fit: fit.sensitivity(prior=[1]),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_ability_that_it_lacks_is_refused_in_words(names, question):
    with pytest.raises(cs.ModelError):
        QUESTIONS[question](names["fit"])


def test_a_trial_of_a_meta_analysis_is_left_out(names):
    table = names["meta"].influence("trial", refits=0)
    assert set(table.index) == set("abcdef")
    assert (table["change"].isna() == (table["pareto_k"] > 0.7)).all()
    tree = names["meta"].idata()
    assert set(tree["posterior"].data_vars) == {"mean_effect", "spread", "trial_effect"}
    assert tree["log_likelihood"]["reported"].dims == ("chain", "draw", "trial")
