"""The prior that is taken where users name none."""

import pytest

import causalstats as cs

pytestmark = pytest.mark.usefixtures("without_hidden_groups")

MODEL = cs.PartialCorrelation()


@pytest.mark.parametrize(
    ("rows", "parts", "kind", "prior"),
    [
        (40, 5, {}, "matching"),
        (41, 20, {}, "matching"),  # 40 degrees of freedom for 20 parts
        (40, 20, {}, "horseshoe"),
        (40, 5, {"depth": 500}, "horseshoe"),
        (40, 5, {"resolution": 1.0}, "horseshoe"),
        (40, 5, {"repeated": "subject"}, "horseshoe"),
        (40, 5, {"repeated": "time"}, "horseshoe"),
        (40, 5, {"related": True}, "horseshoe"),
    ],
)
def test_it_is_matching_where_rows_are_known_and_enough(rows, parts, kind, prior):
    data = MODEL.simulate(1, rows=rows, parts=parts, **kind).data
    assert MODEL.for_data(data).prior == prior
    assert cs.Problem(MODEL, data).model.prior == prior
    named = cs.PartialCorrelation(prior="shrunk")
    assert named.for_data(data) is named


@pytest.mark.parametrize(
    ("fields", "prior"),
    [
        ({"shrinkage": 0.3}, "shrunk"),
        ({"basis_variance": 1.0}, "horseshoe"),
        ({"global_shrinkage_scale": 0.5}, "horseshoe"),
        ({"slab_sd": 0.4}, "sparse"),
        ({"global_shrinkage_scale": 1.0}, "matching"),  # the default value
    ],
)
def test_it_is_the_first_that_has_the_fields_given(fields, prior):
    data = MODEL.simulate(1, rows=40, parts=5).data
    assert cs.PartialCorrelation(**fields).for_data(data).prior == prior


def test_fields_that_no_prior_has_together_are_refused():
    with pytest.raises(cs.ModelError, match="`shrinkage`, `slab_sd` together"):
        cs.PartialCorrelation(shrinkage=0.3, slab_sd=0.4)


def test_the_fit_and_its_refits_name_the_prior():
    data = MODEL.simulate(1, rows=40, parts=5).data
    fit = cs.fit(MODEL, data, seed=1, progress=False)
    assert fit.model == cs.PartialCorrelation(prior="matching")
    assert fit.refit(MODEL).model == fit.model
    assert "no shrinkage" in [each.name for each in fit.model.assumptions()]


def test_data_that_the_prior_draws_are_fitted_with_it():
    model = cs.PartialCorrelation(basis_variance=1.0)
    data = model.simulate(1, rows=40, parts=5, design="prior").data
    assert model.covariance_prior is model.for_data(data).covariance_prior
