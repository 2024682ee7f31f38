"""The names that the fields of `SelectiveLabels` take are those of their tables."""

from typing import get_args

import pytest

import causalstats as cs
from causalstats.models.selective_labels.deciders import (
    DECIDERS,
    EFFECTS,
    DecidersName,
)
from causalstats.models.selective_labels.directions import DIRECTIONS, DirectionName
from causalstats.models.selective_labels.priors import (
    COEFFICIENT_PRIORS,
    CoefficientPriorName,
)
from causalstats.numerics.selection.links import LINKS, LinkName
from causalstats.numerics.selection.unobservables import FAMILIES, FamilyName

TABLES = [
    (COEFFICIENT_PRIORS, CoefficientPriorName),
    (DECIDERS, DecidersName),
    (DIRECTIONS, DirectionName),
    (FAMILIES, FamilyName),
    (LINKS, LinkName),
]


@pytest.mark.parametrize(("table", "names"), TABLES)
def test_the_names_that_a_field_takes_are_those_of_its_table(table, names):
    assert get_args(names) == tuple(table)


@pytest.mark.parametrize("deciders", DECIDERS)
def test_only_the_effects_of_these_deciders_have_questions_and_scales(deciders):
    model = cs.SelectiveLabels(deciders=deciders)
    data = cs.SelectiveLabels(deciders="response").simulate(1, people=200).data
    unused = model.unused_fields(data)
    chosen = {effect.estimand for effect in DECIDERS[deciders]}
    for name, effect in EFFECTS.items():
        assert (name in model.estimands()) == (name in chosen)
        assert all((field in unused) == (name not in chosen) for field in effect.fields)
