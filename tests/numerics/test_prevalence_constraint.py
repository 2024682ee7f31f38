"""The solved intercept has the prevalence it was asked for, and the derivatives of the solution."""

import numpy as np
import pytest

from causalstats.numerics.selection.links import LINKS
from causalstats.numerics.selection.prevalence_constraint import solve
from causalstats.numerics.selection.selective_labels_likelihood import (
    event_probabilities,
)
from causalstats.numerics.selection.unobservable import Unobservable
from causalstats.numerics.selection.unobservables import FAMILIES

LAWS = [
    Unobservable(),
    *(Unobservable(family, link, False) for family in FAMILIES for link in LINKS),
]


@pytest.mark.parametrize("unobservable", LAWS, ids=str)
@pytest.mark.parametrize("prevalence", [1e-4, 0.02, 0.5, 0.97])
@pytest.mark.parametrize(("spread", "scale"), [(0.3, 1e-6), (1.0, 2.0), (6.0, 9.0)])
def test_solution_and_derivatives(unobservable, prevalence, spread, scale):
    rng = np.random.default_rng(1)
    index, weights = rng.standard_t(4, 200) * spread, rng.dirichlet(np.ones(200))
    c, in_prevalence, in_index, in_scale = solve(
        prevalence, index, scale, weights, unobservable
    )
    functions = event_probabilities(unobservable, np)
    reached = functions.mean(c + index, scale, functions.prepare(scale))[0] @ weights
    assert abs(reached - prevalence) < 1e-12
    step = prevalence * 1e-5
    assert in_prevalence == pytest.approx(
        (
            solve(prevalence + step, index, scale, weights, unobservable)[0]
            - solve(prevalence - step, index, scale, weights, unobservable)[0]
        )
        / (2 * step),
        rel=1e-5,
    )
    direction = rng.standard_normal(200)
    moved = [
        solve(
            prevalence, index + sign * 1e-5 * direction, scale, weights, unobservable
        )[0]
        for sign in (1, -1)
    ]
    assert in_index @ direction == pytest.approx(
        (moved[0] - moved[1]) / 2e-5, rel=1e-4, abs=1e-7
    )
    if scale > 1e-3:
        moved = [
            solve(prevalence, index, scale + sign * 1e-5, weights, unobservable)[0]
            for sign in (1, -1)
        ]
        assert in_scale == pytest.approx(
            (moved[0] - moved[1]) / 2e-5, rel=1e-4, abs=1e-7
        )


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["NUMBA", "JAX"])
def test_many_people_have_the_same_solution_when_it_starts_from_bins_or_some(mode):
    import pytensor
    import pytensor.tensor as pt

    from causalstats.numerics.selection.prevalence_constraint import BINNED_FROM
    from causalstats.numerics.selection.selective_labels_ops import prevalence_intercept

    law = Unobservable()
    inputs = [pt.dscalar(), pt.dvector(), pt.dscalar(), pt.dvector()]
    solution = prevalence_intercept(law, *inputs)
    partials = pytensor.gradient.grad(solution, inputs[:3])
    compiled = pytensor.function(inputs, [solution, *partials], mode=mode)
    rng = np.random.default_rng(1)
    people = BINNED_FROM + 500
    weights = rng.dirichlet(np.ones(people))
    outlier = rng.standard_normal(people)
    outlier[0] = 500.0
    for index in (rng.standard_normal(people), outlier, np.zeros(people)):
        for scale in (1e-3, 3.0):
            given = (0.03, index, scale, weights)
            c, *derivatives = compiled(*given)
            expected, *partial = solve(*given, law)
            assert c == pytest.approx(expected, abs=1e-12)
            for value, other in zip(derivatives, partial, strict=True):
                largest = np.abs(other).max()
                np.testing.assert_allclose(value, other, atol=2e-5 * largest)
