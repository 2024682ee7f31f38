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
