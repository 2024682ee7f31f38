"""A misspelt or missing argument is answered with the name of the function and of the argument."""

import pytest

import causalstats as cs


def test_a_misspelt_argument_is_answered_with_the_one_that_was_meant():
    with pytest.raises(
        TypeError, match=r"fit\(\) got an unexpected .* Did you mean 'sampler'\?"
    ):
        cs.fit(cs.PanelDML(), None, seed=1, sample=cs.Nuts())


def test_a_missing_argument_is_answered_with_those_of_the_function():
    with pytest.raises(
        TypeError, match=r"fit\(\) missing .*'data'.* `model`, `data`, `seed`"
    ):
        cs.fit(cs.PanelDML())


def test_a_misspelt_field_of_a_model_is_answered_with_the_one_that_was_meant():
    with pytest.raises(TypeError, match=r"PanelDML\(\) .* Did you mean 'time_effects'"):
        cs.PanelDML(time_effect=True)
    with pytest.raises(TypeError, match=r"Nuts\(\) .* Did you mean 'draws'"):
        cs.Nuts(draw=100)


def test_an_argument_of_the_data_given_to_the_model_is_sent_to_the_data():
    with pytest.raises(
        TypeError, match=r"cs\.Panel\.from_frame\(\.\.\., cluster=\.\.\.\)"
    ):
        cs.PanelDML(cluster="state")
