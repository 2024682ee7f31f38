"""Every option of every model: a base model, and one value or more of each of its fields.

Values of fields with named choices or yes and no are read off the types of the fields. The values
of other fields stand in `_VALUES`; `test_every_backend.py` fails where a field has none.

Options that do not exclude each other are also put together into few models, the combinations: one
graph of them is rewritten for JAX in the time of two or three of a single option, and holds ten.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import causalstats as cs
from causalstats.core.argument_validation import Choice

PREVALENCE = cs.Known(0.3, sd=0.05)
PEOPLE = {"people": 150, "features": 3}


@dataclass(frozen=True)
class Family:
    """A base model, how its data are simulated, and what its options need besides.

    Parameters
    ----------
    base : Model
        Every option is this model with some fields replaced.
    simulate : mapping
        Arguments of `simulate`.
    values : mapping of field to values
        Values of the fields that have no named choices. A value is put into the field, or is a
        mapping of all fields that are replaced.
    companions : mapping of (field, value) to fields
        Fields that have to be set too for an option to be valid or to have an effect.
    data : mapping of name to arguments of `simulate`
        Kinds of data for which the graph differs, with "fields" for those of the model.
    shape_data : set of fields
        Those whose options need data of their own; the others share data of the base.
    refused : set of (field, value)
        Options that data from the prior refuse, and whose graph is that of another option.
    combinations : list of mappings of fields to values
        Models that have every option between them.
    combined : set of str
        Kinds of data that other kinds have together with something else: slow tests alone compare
        them by themselves.
    """

    base: Any
    simulate: Mapping[str, Any]
    values: Mapping[str, list[Any]]
    companions: Mapping[tuple[str, Any], Mapping[str, Any]] = field(
        default_factory=dict
    )
    data: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    shape_data: frozenset[str] = frozenset()
    refused: frozenset[tuple[str, Any]] = frozenset()
    combinations: list[Mapping[str, Any]] = field(default_factory=list)
    combined: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Option:
    """A model with one option that differs from its base, and how its data are simulated."""

    name: str
    model: Any
    simulated_by: Any
    simulate: Mapping[str, Any]

    def problem(self, seed: int = 3) -> cs.Problem:
        """Return the model put to data that are drawn from a prior.

        A prior may draw data that no model takes, such as those of people of whom nobody was
        tested: the next seed is then taken.
        """
        while True:
            try:
                simulation = self.simulated_by.simulate(
                    seed, design="prior", **self.simulate
                )
            except cs.DataError:
                seed += 1
            else:
                return cs.Problem(self.model, simulation.data)


def fields_without_values(family: Family) -> list[str]:
    """Return the fields of a model for which there is no option."""
    hints = typing.get_type_hints(type(family.base), include_extras=True)
    return [
        entry.name
        for entry in fields(family.base)
        if entry.name not in family.values and not _choices(hints[entry.name])
    ]


def options() -> Iterator[Option]:
    """Yield each base, each kind of data, and each value of each field."""
    for title, family in FAMILIES.items():
        yield Option(title, family.base, family.base, family.simulate)
        for kind, settings in family.data.items():
            changed = dict(settings)
            model = replace(family.base, **changed.pop("fields", {}))
            simulate = {**family.simulate, **changed}
            yield Option(f"{title}, {kind}", model, model, simulate)
        for name, value in _values_of(family):
            companion = family.companions.get((name, _key(value)), {})
            changes = value if isinstance(value, dict) else {name: value}
            model = replace(family.base, **{**companion, **changes})
            source = model if name in family.shape_data else family.base
            if model != family.base and (name, _key(value)) not in family.refused:
                option = f"{title}, {name}={_in_words(value)}"
                yield Option(option, model, source, family.simulate)


def combinations() -> Iterator[Option]:
    """Yield each base, each kind of data that no other has, and each combination of options."""
    for title, family in FAMILIES.items():
        for option in options():
            kinds = {f"{title}, {kind}" for kind in {*family.data} - family.combined}
            kinds.add(title)
            if option.name in kinds:
                yield option
        for number, changes in enumerate(family.combinations, 1):
            model = replace(family.base, **changes)
            source = model if family.shape_data & changes.keys() else family.base
            name = f"{title}, combination {number}"
            yield Option(name, model, source, family.simulate)


def options_in_no_combination(family: Family) -> list[str]:
    """Return the values of fields that are neither the base's nor those of a combination."""
    models = [family.base]
    models += [replace(family.base, **changes) for changes in family.combinations]
    models += [
        replace(family.base, **settings.get("fields", {}))
        for settings in family.data.values()
    ]
    missing = []
    for name, value in _values_of(family):
        companion = family.companions.get((name, _key(value)), {})
        changes = value if isinstance(value, dict) else {name: value}
        changes = {**companion, **changes}
        alone = replace(family.base, **changes)
        if (name, _key(value)) not in family.refused and not any(
            all(getattr(model, one) == getattr(alone, one) for one in changes)
            for model in models
        ):
            missing.append(_in_words(changes))
    return missing


def _values_of(family: Family) -> Iterator[tuple[str, Any]]:
    hints = typing.get_type_hints(type(family.base), include_extras=True)
    for entry in fields(family.base):
        for value in (*_choices(hints[entry.name]), *family.values.get(entry.name, ())):
            yield entry.name, value


def _choices(hint: Any) -> tuple[Any, ...]:
    """Return the named choices of a type, or those of the types that it is a union of."""
    if hint is bool:
        return False, True
    if typing.get_origin(hint) is typing.Literal:
        return typing.get_args(hint)
    if isinstance(hint, typing.TypeAliasType):
        return _choices(hint.__value__)
    if typing.get_origin(hint) is typing.Annotated:
        kind = typing.get_args(hint)[1]
        return kind.options if isinstance(kind, Choice) else ()
    members = typing.get_args(hint) if _is_union(hint) else ()
    return tuple(choice for member in members for choice in _choices(member))


def _is_union(hint: Any) -> bool:
    import types

    return typing.get_origin(hint) in (typing.Union, types.UnionType)


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={part}" for name, part in value.items())
    return str(value)


def _key(value: Any) -> Any:
    return value if isinstance(value, str | bool) else None


_REGIONS = cs.KnownByGroup(
    "region", {"a": PREVALENCE, "b": cs.Known(0.5, sd=0.1), "c": 0.2}
)
_REGION_MEANS = cs.KnownByGroup(
    "region", {"a": 0.2, "b": cs.Known(0.5, sd=0.1), "c": 0.0}
)

_LABELS = Family(
    base=cs.SelectiveLabels(prevalence=PREVALENCE),
    simulate=PEOPLE,
    values={
        "prevalence": [
            None,
            0.3,
            _REGIONS,
        ],
        "expertise": [["x2"]],
        "expertise_sd": [{"expertise": ["x2"], "expertise_sd": 0.5}],
        "excluded": [["x1"]],
        "excluded_from_decision": [["x3"]],
        "unobserved_scale": [2.0, 0.0],
        "response": [
            0.7,
            {"response": None, "unobserved_scale": 2.0},
        ],
        "coefficient_prior_scale": [0.5],
        "coefficient_correlation_prior_scale": [0.4],
        "unobserved_prior_scale": [2.0],
        "response_prior_scale": [
            {"response": None, "unobserved_scale": 2.0, "response_prior_scale": 1.0}
        ],
        "intercept_prior_scale": [{"prevalence": None, "intercept_prior_scale": 2.0}],
        "leniency_prior_scale": [{"deciders": "leniency", "leniency_prior_scale": 0.5}],
        "response_ratio_prior_scale": [
            {"deciders": "response", "response_ratio_prior_scale": 0.3}
        ],
        "sensitivity": [0.9, cs.Known(0.9, sd=0.03)],
        "specificity": [0.95, cs.Known(0.95, sd=0.02)],
        "negative_controls": [["x3"]],
    },
    shape_data=frozenset(
        {"prevalence", "deciders", "leniency_prior_scale", "response_ratio_prior_scale"}
    ),
    combinations=[
        {
            "prevalence": None,
            "coefficient_prior": "paper",
            "intercept_prior_scale": 2.0,
            "unobservable": "logistic",
            "excluded_from_decision": ["x3"],
            "specificity": cs.Known(0.95, sd=0.02),
            "deciders": "leniency",
            "leniency_prior_scale": 0.5,
        },
        {
            "prevalence": 0.3,
            "unobserved_scale": 2.0,
            "response": None,
            "response_prior_scale": 1.0,
            "link": "probit",
            "sensitivity": 0.9,
            "expertise": ["x2"],
            "expertise_sd": 0.5,
        },
        {
            "prevalence": _REGIONS,
            "unobservable": "normal",
            "excluded": ["x1"],
            "coefficient_correlation_prior_scale": 0.4,
            "decided_for": "low",
            "sensitivity": cs.Known(0.9, sd=0.03),
            "specificity": 0.95,
        },
        {
            "deciders": "response",
            "response_ratio_prior_scale": 0.3,
            "coefficient_prior": "attenuated",
            "unobservable": "student",
            "response": 0.7,
            "negative_controls": ["x3"],
            "unobserved_prior_scale": 2.0,
        },
        {"unobserved_scale": 0.0, "coefficient_prior_scale": 0.5},
    ],
)

_HECKMAN = Family(
    base=cs.Heckman(outcome_scale=(0.0, 1.0)),
    simulate=PEOPLE,
    values={
        "mean": [
            0.2,
            cs.Known(0.2, sd=0.1),
            _REGION_MEANS,
        ],
        "correlation": [0.3, cs.Known(0.3, sd=0.1)],
        "errors": ["student", "skewed"],
        "copula": ["plackett", "gumbel", "survival_gumbel"],
        "degrees_of_freedom_prior_scale": [
            {"errors": "student", "degrees_of_freedom_prior_scale": 5.0}
        ],
        "skewness_prior_scale": [{"errors": "skewed", "skewness_prior_scale": 0.3}],
        "tail_weight_prior_scale": [
            {"errors": "skewed", "tail_weight_prior_scale": 0.3}
        ],
        "excluded": [["x1"]],
        "excluded_from_decision": [["x3"]],
        "expertise": [["x2"]],
        "expertise_sd": [{"expertise": ["x2"], "expertise_sd": 0.5}],
        "outcome_scale": [(0.5, 2.0)],
        "outcome_prior_scale": [2.0],
        "outcome_sd_prior_scale": [2.0],
        "selection_prior_scale": [2.0],
    },
    shape_data=frozenset({"mean"}),
    combinations=[
        {
            "mean": 0.2,
            "excluded": ["x1"],
            "errors": "student",
            "degrees_of_freedom_prior_scale": 5.0,
            "correlation": cs.Known(0.3, sd=0.1),
        },
        {
            "mean": cs.Known(0.2, sd=0.1),
            "selection": "positive",
            "errors": "skewed",
            "skewness_prior_scale": 0.3,
            "tail_weight_prior_scale": 0.3,
            "copula": "gumbel",
        },
        {
            "mean": _REGION_MEANS,
            "copula": "survival_gumbel",
            "outcome_prior_scale": 2.0,
        },
        {
            "copula": "plackett",
            "outcome_scale": (0.5, 2.0),
            "outcome_sd_prior_scale": 2.0,
        },
        {
            "correlation": 0.3,
            "excluded_from_decision": ["x3"],
            "expertise": ["x2"],
            "expertise_sd": 0.5,
            "selection_prior_scale": 2.0,
        },
    ],
)

_PANEL = Family(
    base=cs.PanelDML(scale=(1.0, 1.0), basis_size=4, errors="iid"),
    simulate={"units": 12, "times": 4, "covariates": 2},
    values={
        "basis_size": [1],
        "interactions": [[("x1", "x2")]],
        "moderators": [{"moderators": "x1", "scale": None}],
        "effect_sd": [2.0],
        "error_scale": [2.0],
        "coefficient_scale": [1.0],
        "correlation_eta": [1.0],
        "length_scale_median": [{"basis": "hsgp", "length_scale_median": 2.0}],
        "length_scale_log_sd": [{"basis": "hsgp", "length_scale_log_sd": 0.3}],
        "variance_prior_degrees": [
            {"errors": "cluster", "variance_prior_degrees": 5.0}
        ],
        "scale": [(2.0, 1.0), None],
    },
    refused=frozenset({("errors", "placebo")}),  # every unit's treatment changes
    combinations=[
        {
            "heterogeneity": "mundlak",
            "basis": "hsgp",
            "length_scale_median": 2.0,
            "length_scale_log_sd": 0.3,
            "shrinkage": "global-local",
            "errors": "ar1",
            "time_effects": True,
            "scale": (2.0, 1.0),
        },
        {
            "heterogeneity": "random",
            "basis": "fourier",
            "coefficients": "independent",
            "effect_sd": 2.0,
            "error_scale": 2.0,
        },
        {
            "heterogeneity": "pooled",
            "basis_size": 1,
            "interactions": [("x1", "x2")],
            "moderators": "x1",
            "scale": None,
            "errors": "cluster",
            "variance_prior_degrees": 5.0,
        },
        {"interactions": "pairs", "unit_trends": True, "coefficient_scale": 1.0},
        {"effects": "unit", "correlation_eta": 1.0},
        {"nuisance": "boosting", "errors": "bootstrap"},
    ],
)

_DYNAMIC_PANEL = Family(
    base=cs.DynamicPanel(scale=(1.0, 1.0), errors="iid"),
    simulate={"units": 20, "times": 4},
    values={
        "lags": [2],
        "persistence_mean": [0.0],
        "persistence_sd": [1.0],
        "effect_sd": [2.0],
        "coefficient_sd": [2.0],
        "error_scale": [2.0],
        "unit_scale": [2.0],
        "scale": [(2.0, 1.0), None],
    },
    combinations=[
        {
            "lags": 2,
            "variances": "constant",
            "projection": "mundlak",
            "errors": "cluster",
            "persistence_mean": 0.0,
            "persistence_sd": 1.0,
            "scale": None,
        },
        {
            "time_effects": False,
            "effect_sd": 2.0,
            "coefficient_sd": 2.0,
            "error_scale": 2.0,
            "unit_scale": 2.0,
            "scale": (2.0, 1.0),
        },
    ],
)

_PANEL_GLM = Family(
    base=cs.PanelGLM(scale=(1.0,), errors="iid", effect_sd=0.5, coefficient_sd=0.5),
    simulate={"units": 20, "times": 4},
    values={
        "effect_sd": [2.0],
        "coefficient_sd": [1.0],
        "scale": [(2.0,), None],
    },
    shape_data=frozenset({"family"}),
    combinations=[
        {
            "family": "logit",
            "time_effects": False,
            "errors": "cluster",
            "effect_sd": 2.0,
            "scale": (2.0,),
        },
        {"coefficient_sd": 1.0, "scale": None},
    ],
)

_EVENT_STUDY = Family(
    base=cs.EventStudy(scale=1.0),
    simulate={"units": 20, "times": 5, "cohorts": 2},
    values={
        "anticipation": [1],
        "basis_size": [2],
        "trend_violation": [1.0],
        "walk_scale": [1.0],
        "cell_scale": [1.0],
        "level_scale": [{"pooling": "full", "level_scale": 0.5}],
        "sd_spread": [0.3],
        "error_scale": [2.0],
        "covariate_scale": [1.0],
        "variance_prior_degrees": [
            {"pooling": "none", "errors": "cluster", "variance_prior_degrees": 8.0}
        ],
        "scale": [2.0],
    },
    companions={("errors", "cluster"): {"pooling": "none"}},
    combinations=[
        {
            "pooling": "full",
            "level_scale": 0.5,
            "controls": "never",
            "errors": "iid",
            "anticipation": 1,
            "cell_scale": 1.0,
            "covariate_scale": 1.0,
        },
        {
            "pooling": "none",
            "errors": "cluster",
            "variance_prior_degrees": 8.0,
            "error_scale": 2.0,
        },
        {
            "sd_spread": 0.3,
            "trend_restriction": "smoothness",
            "trend_violation": 1.0,
            "basis_size": 2,
            "walk_scale": 1.0,
            "scale": 2.0,
        },
    ],
)

_COMPOSITION = Family(
    base=cs.PartialCorrelation(prior="shrunk", basis_variance=1.0),
    simulate={"rows": 25, "parts": 4},
    values={
        "shrinkage": [0.3],
        "basis_variance": [None],
        "basis_variance_sd": [1.0],
        "variance_spread_scale": [0.5],
        "spike_sd": [{"prior": "sparse", "spike_sd": 0.05}],
        "slab_sd": [{"prior": "sparse", "slab_sd": 0.3}],
        "prior_inclusion_probability": [
            {"prior": "sparse", "prior_inclusion_probability": 0.4}
        ],
        "global_shrinkage_scale": [
            {"prior": "horseshoe", "global_shrinkage_scale": 0.5}
        ],
        "least_global_shrinkage": [
            {"prior": "horseshoe", "least_global_shrinkage": 0.0}
        ],
        "distance_effect_sd": [],
        "row_correlation": [],
        "degrees_of_freedom": [
            {"prior": "horseshoe", "errors": "student", "degrees_of_freedom": 4.0}
        ],
    },
    companions={("prior", "matching"): {"basis_variance": None}},
    data={
        "counts": {"depth": 300},
        "counts, sparse": {"depth": 300, "fields": {"prior": "sparse"}},
        "counts, horseshoe": {"depth": 300, "fields": {"prior": "horseshoe"}},
        "values within bounds": {"resolution": 1.0},
        "values within bounds, horseshoe": {
            "resolution": 1.0,
            "fields": {"prior": "horseshoe"},
        },
        "values within bounds, Student t rows": {
            "resolution": 1.0,
            "fields": {"prior": "horseshoe", "errors": "student"},
        },
        "rows of subjects": {"repeated": "subject"},
        "rows of subjects, horseshoe": {
            "repeated": "subject",
            "fields": {"prior": "horseshoe"},
        },
        "rows of subjects, known correlation": {
            "repeated": "subject",
            "fields": {"row_correlation": 0.5},
        },
        "rows in time": {"repeated": "time"},
        "counts of subjects": {"depth": 300, "repeated": "subject"},
        "a covariate": {"covariate": True},
        "counts with a covariate": {"depth": 300, "covariate": True},
        "counts with exposures": {"depth": 300, "exposure": True},
        "counts of absent parts": {"depth": 300, "absent": True},
        "distances of parts": {
            "related": True,
            "fields": {"prior": "horseshoe", "distance_effect_sd": 1.0},
        },
        "counts with distances of parts": {
            "depth": 300,
            "related": True,
            "fields": {"prior": "horseshoe"},
        },
    },
    combinations=[
        {"prior": "matching", "basis_variance": None},
        {"prior": "invariant"},
        {"basis_variance": None, "basis_variance_sd": 1.0},
        {"shrinkage": 0.3, "variance_spread_scale": 0.5},
        {
            "prior": "sparse",
            "spike_sd": 0.05,
            "slab_sd": 0.3,
            "prior_inclusion_probability": 0.4,
        },
        {"prior": "horseshoe", "global_shrinkage_scale": 0.5},
        {
            "prior": "horseshoe",
            "errors": "student",
            "degrees_of_freedom": 4.0,
            "least_global_shrinkage": 0.0,
        },
        {"errors": "student"},
    ],
    combined=frozenset(
        {"counts", "counts, horseshoe", "values within bounds", "rows of subjects"}
    ),
)

_FRONT_DOOR = "x -> m -> y; x <-> y"

_LEVELS = cs.Diagram.parse("z -> x -> y; z -> y").with_levels({"z": 3, "x": 3})

_DIAGRAM = Family(
    base=cs.CausalDiagram(_FRONT_DOOR, treatment="x", outcome="y"),
    simulate={"people": 60},
    values={
        "diagram": [
            {"diagram": _LEVELS},
            {"diagram": "w -> z -> x -> y; w <-> x; w <-> y"},
            {"diagram": "z -> x -> y; x <-> y", "route": "structural"},
        ],
        "outcome": [{"outcome": "m"}],
        "treatment": [{"treatment": "m"}],
        "concentration": [1.0],
        "hidden_levels": [{"route": "structural", "hidden_levels": 3}],
        "basis_size": [{"route": "regression", "basis_size": 4}],
        "monotone": [{"diagram": "x -> y; x <-> y", "monotone": [("x", "y")]}],
        "logit_sd": [{"route": "regression", "logit_sd": 1.0}],
        "logit_intercept_sd": [{"route": "regression", "logit_intercept_sd": 2.0}],
        "confounder_scale": [{"route": "hierarchical", "confounder_scale": 0.5}],
        "interaction_scale": [{"route": "hierarchical", "interaction_scale": 0.2}],
        "indicators": [{"diagram": "x -> y; x -> r", "indicators": {"y": "r"}}],
    },
    shape_data=frozenset({"diagram", "monotone", "indicators"}),
    refused=frozenset(
        {
            ("route", "instrument"),  # needs numbers; the graph is Instrument's
            ("indicators", None),  # drawn by data augmentation, without a graph
        }
    ),
    combinations=[
        {"diagram": _LEVELS},
        {"diagram": "w -> z -> x -> y; w <-> x; w <-> y", "concentration": 1.0},
        {"diagram": "z -> x -> y; x <-> y", "route": "structural"},
        {"diagram": "x -> y; x <-> y", "monotone": [("x", "y")]},
        {"outcome": "m", "route": "reduced"},
        {"treatment": "m"},
        {"route": "structural", "hidden_levels": 3},
        {
            "route": "regression",
            "basis_size": 4,
            "logit_sd": 1.0,
            "logit_intercept_sd": 2.0,
            "interactions": "pairs",
        },
        {"route": "hierarchical", "confounder_scale": 0.5, "interaction_scale": 0.2},
        {"prior": "bdeu"},
    ],
)

_INSTRUMENT = Family(
    base=cs.Instrument(),
    simulate={"rows": 60, "instruments": 3, "covariates": 1},
    values={
        "effect_sd": [{"confounding": "any", "effect_sd": 2.0}],
        "effect_scale": [{"confounding": "any", "effect_scale": 0.5}],
        "direct": [
            {"direct": {"z1": cs.Known(0.1, sd=0.1)}},
            {"direct": {"z1": cs.Known(0.0, sd=0.1), "z2": 0.1}},
        ],
        "first_stage_prior_scale": [0.1],
        "direct_prior_scale": [
            {"direct": "learned", "errors": "iid", "direct_prior_scale": 0.2}
        ],
        "shifts": [(2.0, 5.0)],
        "control_prior_scale": [
            {"first_stage": "designed", "errors": "iid", "control_prior_scale": 0.5}
        ],
    },
    companions={
        ("direct", "learned"): {"errors": "iid"},
        ("first_stage", "designed"): {"errors": "iid"},
    },
    shape_data=frozenset({"first_stage", "control_prior_scale"}),
    data={
        "two treatments": {"treatments": 2},
        "two treatments, equal variances": {
            "treatments": 2,
            "fields": {"errors": "iid"},
        },
    },
    combinations=[
        {
            "confounding": "any",
            "effect_sd": 2.0,
            "effect_scale": 0.5,
            "effects": "compliers",
            "shifts": (2.0, 5.0),
        },
        {
            "direct": "learned",
            "errors": "iid",
            "direct_prior_scale": 0.2,
            "first_stage_prior_scale": 0.1,
        },
        {"direct": {"z1": cs.Known(0.1, sd=0.1)}},
        {"direct": {"z1": cs.Known(0.0, sd=0.1), "z2": 0.1}},
        {"first_stage": "designed", "errors": "iid", "control_prior_scale": 0.5},
    ],
)


FAMILIES = {
    "SelectiveLabels": _LABELS,
    "Heckman": _HECKMAN,
    "Instrument": _INSTRUMENT,
    "PanelDML": _PANEL,
    "DynamicPanel": _DYNAMIC_PANEL,
    "PanelGLM": _PANEL_GLM,
    "EventStudy": _EVENT_STUDY,
    "PartialCorrelation": _COMPOSITION,
    "CausalDiagram": _DIAGRAM,
}
