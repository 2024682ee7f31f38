"""The Gibbs sampler of the shrinkage prior against other samplers of the same posterior."""

import numpy as np
import pytest

import causalstats as cs

PARAMETERS = (
    "log_typical_variance",
    "variance_spread",
    "basis_variance",
    "shrinkage",
)


def assert_one_posterior(ours, theirs, names):
    """Compare means in units of their Monte Carlo errors.

    Parameters
    ----------
    ours, theirs : Fit
    names : iterable of str
        Variables of the posterior, or answers.
    """
    import arviz as az

    for name in names:
        one, other = (
            fit.draws["posterior"][name]
            if name in fit.draws["posterior"]
            else fit.effect(name).draws
            for fit in (ours, theirs)
        )
        errors = [
            values.var(("chain", "draw")) / az.ess(values, method="mean")
            for values in (one, other)
        ]
        difference = one.mean(("chain", "draw")) - other.mean(("chain", "draw"))
        assert np.abs(difference / np.sqrt(sum(errors))).max() < 4, name


@pytest.mark.slow
@pytest.mark.parametrize("fields", [{}, {"shrinkage": 0.3}], ids=["learned", "given"])
def test_sweeps_draw_from_the_posterior_of_importance_sampling(fields):
    """Its density is computed in another way, by |I + R'Θ₀R / k|."""
    model = cs.PartialCorrelation(prior="shrunk", **fields)
    data = cs.PartialCorrelation().simulate(1, rows=12, parts=8).data
    ours = cs.fit(model, data, seed=1, sampler=cs.Gibbs(), progress=False)
    theirs = cs.fit(model, data, seed=2, progress=False)
    assert theirs.draws.attrs["pareto_k"] < 0.7
    names = PARAMETERS[: len(PARAMETERS) - len(fields)]
    assert_one_posterior(ours, theirs, (*names, "partial_correlation"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "rows",
    [
        {"depth": 60},
        {"depth": 60, "absent": True},
        {"depth": 60, "exposure": True},
        {"resolution": 1.0},
        {"repeated": "subject"},
        {"repeated": "time", "depth": 60},
    ],
)
def test_sweeps_over_hidden_rows_agree_with_nuts_on_the_graph(rows):
    model = cs.PartialCorrelation(prior="shrunk")
    data = model.simulate(3, rows=20, parts=4, covariate=True, **rows).data
    ours = cs.fit(model, data, seed=1, sampler=cs.Gibbs(), progress=False)
    nuts = cs.Nuts(tune=1000, draws=2000, target_accept=0.99)
    theirs = cs.fit(model, data, seed=2, sampler=nuts, progress=False)
    names = (*PARAMETERS, "partial_correlation", "covariate_coefficient")
    correlation = ("row_correlation",) if "repeated" in rows else ()
    assert_one_posterior(ours, theirs, (*names, *correlation))


def test_counts_and_many_parts_are_sampled_by_sweeps_and_student_rows_by_nuts():
    model = cs.PartialCorrelation(prior="shrunk")
    counts = model.simulate(1, rows=20, parts=4, depth=60).data
    many = model.simulate(1, rows=20, parts=9).data
    few = model.simulate(1, rows=20, parts=4).data
    student = cs.PartialCorrelation(prior="shrunk", errors="student")
    for data in (counts, many):
        assert isinstance(cs.Auto().choose(cs.Problem(model, data)), cs.Gibbs)
    assert not isinstance(cs.Auto().choose(cs.Problem(model, few)), cs.Gibbs)
    assert isinstance(cs.Auto().choose(cs.Problem(student, counts)), cs.Nuts)
