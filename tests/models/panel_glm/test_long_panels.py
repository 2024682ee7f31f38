"""The conditional logit of hundreds of periods, whose sums floating point does not hold."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode

from causalstats.models.panel_glm.families.logit import LOGIT


def reference(predictor, outcome, seen):
    """Log likelihood of one unit by the recursion in logarithms."""
    ones = int(outcome.sum())
    sums = np.full(ones + 1, -np.inf)
    sums[0] = 0.0
    for value in predictor[seen > 0]:
        sums[1:] = np.logaddexp(sums[1:], sums[:-1] + value)
    return float(outcome @ predictor) - sums[ones]


def rows(units, times, sd, seed=0):
    rng = np.random.default_rng(seed)
    predictor = sd * rng.standard_normal((units, times))
    seen = (rng.random((units, times)) < 0.9).astype(float)
    outcome = (rng.random((units, times)) < 1 / (1 + np.exp(-predictor))) * seen
    outcome[:, :2], seen[:, :2] = [1.0, 0.0], 1.0
    return predictor, outcome, seen


def test_likelihood_of_a_strong_effect_in_400_periods_is_that_of_the_recursion_in_logarithms():
    """It was infinite where coefficients were large: 1.75 (1.73 to 1.76) for an effect of 4."""
    for sd in (0.1, 1.0, 4.0):
        predictor, outcome, seen = rows(3, 400, sd)
        found = LOGIT.by_unit(predictor[:, :, None], outcome, seen)[:, 0]
        expected = [
            reference(*unit) for unit in zip(predictor, outcome, seen, strict=True)
        ]
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_graph_has_that_likelihood_and_finite_slopes():
    predictor, outcome, seen = rows(4, 8, 30.0)
    values = pt.dmatrix()
    node = LOGIT.node(values, outcome, seen)
    plain = Mode(linker="py", optimizer=None)  # nothing is compiled
    function = pytensor.function(
        [values], [node, pt.grad(node.sum(), values)], mode=plain
    )
    found, slopes = function(predictor)
    expected = [reference(*unit) for unit in zip(predictor, outcome, seen, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert np.isfinite(slopes).all()


def test_replications_of_400_periods_have_the_ones_that_were_seen():
    predictor, outcome, seen = rows(3, 400, 3.0)
    new = LOGIT.replicate(predictor, outcome, seen, np.random.default_rng(1))
    np.testing.assert_array_equal(new.sum(axis=1), outcome.sum(axis=1))
    assert (new[seen == 0] == 0).all()
