"""Assumptions that concern some compositions alone."""

import pytest

import causalstats as cs

pytestmark = pytest.mark.usefixtures("without_hidden_groups")


@pytest.mark.parametrize(("depth", "counted"), [(None, False), (300, True)])
def test_multinomial_counts_are_an_assumption_of_counts_alone(depth, counted):
    model = cs.PartialCorrelation(prior="shrunk", basis_variance=1.0)
    data = model.simulate(1, rows=25, parts=4, depth=depth).data
    names = [each.name for each in model.assumptions_for(data)]
    assert ("multinomial counts" in names) == counted


def test_answers_and_reports_leave_it_out_where_there_are_no_counts(tmp_path):
    model = cs.PartialCorrelation(prior="matching")
    data = model.simulate(1, rows=40, parts=4).data
    fit = cs.fit(model, data, seed=1, progress=False)
    assert "multinomial counts" not in fit.effect("partial_correlation").assumptions
    assert "ultinomial" not in fit.report(tmp_path / "report.md").read_text()


@pytest.mark.parametrize("prior", ["matching", "invariant", "shrunk", "sparse"])
def test_priors_without_use_of_distances_say_so_where_data_have_them(prior):
    model = cs.PartialCorrelation(prior=prior)
    simulate = cs.PartialCorrelation().simulate
    related = simulate(1, rows=40, parts=4, related=True).data
    alone = simulate(1, rows=40, parts=4).data
    said = " ".join(each.statement for each in model.assumptions_for(related))
    assert f"distances of parts in these data are not used: prior={prior!r}" in said
    for learns, data in (
        (model, alone),
        (cs.PartialCorrelation(prior="horseshoe"), related),
    ):
        assert all("not used" not in a.statement for a in learns.assumptions_for(data))
