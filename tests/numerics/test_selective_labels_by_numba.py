"""Nodes of the likelihood by Numba have the values and derivatives that they have by NumPy.

Those of NumPy are held against quadrature and differences in the other tests of this folder.
"""

import numpy as np
import pytest

from causalstats.numerics.selection.selective_labels_ops import (
    LogLikelihood,
    PrevalenceIntercept,
    _numba_log_likelihood,
    _numba_prevalence_intercept,
)
from causalstats.numerics.selection.unobservable import Unobservable

PEOPLE = 40
NORMAL = Unobservable("normal", "logit", False)
EVENTS = ("untested", "negative", "positive", "reported_positive")


def assert_numba_gives_what_numpy_gives(op, translate, inputs):
    inputs = [np.asarray(value) for value in inputs]
    node = op.make_node(*inputs)
    storage = [[None] for _ in node.outputs]
    op.perform(node, inputs, storage)
    compiled, _ = translate(op)
    for value, (expected,) in zip(compiled(*inputs), storage, strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("event", EVENTS)
def test_likelihood_of_an_event(event):
    rng = np.random.default_rng(1)
    risk, testing = rng.normal(0, 2, (2, PEOPLE))
    response = rng.uniform(0.2, 2, PEOPLE)
    of_the_test = (0.9, 0.95) if event.startswith("reported") else ()
    assert_numba_gives_what_numpy_gives(
        LogLikelihood(event, NORMAL),
        _numba_log_likelihood,
        (risk, testing, 1.3, response, *of_the_test),
    )


def test_intercept_of_a_prevalence():
    rng = np.random.default_rng(1)
    index, weights = rng.normal(0, 2, PEOPLE), rng.dirichlet(np.ones(PEOPLE))
    assert_numba_gives_what_numpy_gives(
        PrevalenceIntercept(NORMAL),
        _numba_prevalence_intercept,
        (0.2, index, 1.3, weights),
    )
