"""Few outcomes for many features are a caution on answers about the untested."""

import dataclasses

import causalstats as cs

MODEL = cs.SelectiveLabels(prevalence=cs.Known(0.3, sd=0.05))
NAME = "outcomes for each feature"


def _cautions(people, features):
    data = MODEL.simulate(1, people=people, features=features).data
    return data, [each for each in MODEL.data_checks(data) if each.name == NAME]


def test_few_outcomes_for_each_feature_are_counted_and_carried_by_the_untested_risk():
    data, (check,) = _cautions(people=300, features=20)
    seen = data.outcome[data.decision]
    assert check.value == min((seen == 1).sum(), (seen == 0).sum()) / 20
    assert check.passed is None
    assert "untested_risk" in check.estimands


def test_many_outcomes_for_each_feature_are_no_caution():
    _, cautions = _cautions(people=600, features=2)
    assert cautions == []


def test_correlated_priors_are_advised_where_they_are_not_used():
    data, (check,) = _cautions(people=300, features=20)
    independent = dataclasses.replace(MODEL, coefficient_prior="attenuated")
    (other,) = [each for each in independent.data_checks(data) if each.name == NAME]
    assert '"correlated"' in other.remedy
    assert '"correlated"' not in check.remedy
