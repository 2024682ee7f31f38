"""Wrong values of every field and argument are refused, by the declarations themselves.

The values are made from the annotations, so that a new field is tried with all of them; which
values are right for an annotation is said here a second time, by its Python types alone.
"""

import inspect
import typing
from collections.abc import Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from types import NoneType, UnionType

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.core.effect import Effect
from causalstats.inference.fit import Fit

CLASSES = {
    cs.CausalDiagram: {"diagram": "x -> y"},
    cs.DynamicPanel: {},
    cs.Heckman: {},
    cs.PanelDML: {},
    cs.PanelGLM: {},
    cs.PartialCorrelation: {},
    cs.SelectiveLabels: {},
    cs.Auto: {},
    cs.Exact: {},
    cs.Laplace: {},
    cs.Nuts: {},
    cs.Known: {"value": 0.5},
    cs.Penalty: {"value": 0.5, "sd": 0.1},
    cs.KnownByGroup: {"feature": "region", "values": {"north": 0.1}},
    cs.Monotone: {"cause": "x", "effect": "y"},
}
EVERY_FIELD = [(cls, field.name) for cls in CLASSES for field in fields(cls)]


class Broken:
    """A value whose `repr` fails, as of classes half written."""

    def __repr__(self):
        raise RuntimeError("no repr")


WRONG = {
    "True": True,
    "a NumPy Boolean": np.bool_(True),
    "a text": "1",
    "NaN": float("nan"),
    "infinity": float("inf"),
    "minus infinity": float("-inf"),
    "a number beyond floating point": 10**400,
    "a subnormal number": 1e-320,
    "a number near the largest": 1e300,
    "None": None,
    "an empty list": [],
    "a list of None": [None],
    "an empty mapping": {},
    "a mapping": {1: None},
    "a set": {"a", "b"},
    "an object": object(),
    "a broken object": Broken(),
    "a Series": pd.Series([0.5, 0.25]),
    "a Series of texts": pd.Series(["a", "b"]),
    "an array": np.array([-0.5, np.nan]),
    "a frame": pd.DataFrame({"a": [1.0]}),
    "bytes": b"x",
    "a class": float,
    "a function": len,
    "a complex number": 1j,
    "a decimal NaN": Decimal("nan"),
    "pandas' missing value": pd.NA,
}
NEVER = {
    name for name in WRONG if name not in ("True", "a NumPy Boolean", "a text", "None")
} - {
    "an empty list",
    "an empty mapping",
}


def python_types(hint):
    """The Python types that an annotation names, those inside lists and mappings aside."""
    if isinstance(hint, typing.TypeAliasType):
        try:
            return python_types(hint.__value__)
        except NameError:  # of a type that only checkers see
            return {typing.Any}
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        return python_types(typing.get_args(hint)[0])
    if origin in (typing.Union, UnionType):
        return set().union(*map(python_types, typing.get_args(hint)))
    return {origin or hint}


def is_right(name, hint):
    """Return whether the annotation allows a value of `WRONG`, or says nothing against it."""
    types = python_types(hint)
    if typing.Any in types:
        return True
    right = {
        "True": bool in types,
        "a NumPy Boolean": bool in types,
        "a text": str in types or Path in types,
        "None": NoneType in types,
        "an empty list": bool(types & {Sequence, tuple, list}),
        "an empty mapping": Mapping in types,
    }
    return right.get(name, False)


def options(hint):
    """The texts of a `Literal` anywhere at the top of an annotation."""
    if typing.get_origin(hint) is typing.Literal:
        return typing.get_args(hint)
    inside = (
        typing.get_args(hint)
        if typing.get_origin(hint) in (typing.Union, UnionType)
        else ()
    )
    return tuple(option for part in inside for option in options(part))


def hints_of(cls):
    return typing.get_type_hints(cls, include_extras=True)


@pytest.mark.parametrize(
    ("cls", "field"),
    EVERY_FIELD,
    ids=[f"{cls.__name__}-{name}" for cls, name in EVERY_FIELD],
)
def test_no_field_takes_a_value_of_another_type(cls, field):
    hint = hints_of(cls)[field]
    taken = []
    for name, value in WRONG.items():
        if field != "diagram" and is_right(name, hint) and name not in NEVER:
            continue
        if field == "diagram" and name == "a text":
            continue
        try:
            cls(**{**CLASSES[cls], field: value})
            taken.append(name)
        except cs.CausalStatsError as error:
            assert len(str(error)) < 600, "a message fits on a screen"
    assert not taken


@pytest.mark.parametrize(
    ("cls", "field"),
    EVERY_FIELD,
    ids=[f"{cls.__name__}-{name}" for cls, name in EVERY_FIELD],
)
def test_a_misspelt_option_is_refused_with_the_one_that_was_meant(cls, field):
    for option in options(hints_of(cls)[field]):
        for misspelt in (option[:-1], option + "s", option.upper() + "."):
            with pytest.raises(cs.CausalStatsError, match=f"Did you mean '{option}'"):
                cls(**{**CLASSES[cls], field: misspelt})


@pytest.mark.parametrize(
    ("cls", "field"),
    EVERY_FIELD,
    ids=[f"{cls.__name__}-{name}" for cls, name in EVERY_FIELD],
)
def test_numpy_scalars_and_whole_floats_are_kept_as_python_numbers(cls, field):
    hint = hints_of(cls)[field]
    if not python_types(hint) & {int, float}:
        return
    for number in (0.25, 3.0, 400.0):
        kinds = [float, np.float64, np.float32]
        kinds += [int, np.int64, np.uint16, np.array] if number > 1 else [np.float16]
        taken = []
        for kind in kinds:
            try:
                taken.append(
                    getattr(cls(**{**CLASSES[cls], field: kind(number)}), field)
                )
            except cs.CausalStatsError:
                taken.append(None)
        kept = [getattr(value, "value", value) for value in taken]
        assert len(set(kept)) == 1, f"{number} is one number, whatever its type: {kept}"
        assert all(type(value) in (int, float, NoneType) for value in kept)


def test_switches_of_numpy_are_kept_as_python_ones():
    assert cs.PanelDML(time_effects=np.bool_(True)).time_effects is True
    for wrong in ("False", "no", "", 0, 1, 0.5, np.int64(1), [True]):
        with pytest.raises(cs.ModelError, match="`time_effects` as True or False"):
            cs.PanelDML(time_effects=wrong)


MESSAGES = [
    (lambda: cs.SelectiveLabels(expertise="age"), r"write \['age'\]"),
    (lambda: cs.SelectiveLabels(expertise={"age": 1}), "as a list of names"),
    (lambda: cs.SelectiveLabels(expertise={"age", "sex"}), "A set has no order"),
    (lambda: cs.Heckman(excluded=b"x"), "as a list of names"),
    (lambda: cs.Heckman(excluded=["x", None]), "The second entry, None, is not a name"),
    (lambda: cs.PanelDML(interactions=["xw"]), "The first entry, 'xw', is not a pair"),
    (lambda: cs.PanelDML(interactions=[("x", "x")]), "two different covariates"),
    (lambda: cs.PanelDML(scale="12"), "list of positive numbers"),
    (lambda: cs.PanelDML(scale=[1, "2"]), "The second entry, '2'"),
    (lambda: cs.PanelDML(scale=(True, True)), "True and False are not numbers"),
    (lambda: cs.PanelDML(scale=[]), "The list is empty"),
    (lambda: cs.PanelDML(scale=[1e300, 1]), "change the unit"),
    (lambda: cs.PanelDML(scale=[1e-300, 1]), "change the unit"),
    (lambda: cs.PanelDML(effect_sd=1e-320), "change the unit"),
    (lambda: cs.Heckman(outcome_scale=(0, 1e-320)), "The second entry"),
    (lambda: cs.Heckman(outcome_scale=(0, 1, 2)), "3 entries in place of 2"),
    (lambda: cs.Known.beta(True, 2), "`alpha`"),
    (lambda: cs.Known.beta("1", 2), "without quotes"),
    (lambda: cs.Penalty.of_weight(0.5, True), "`weight`"),
    (lambda: cs.KnownByGroup(None, {"n": 0.1}), "`feature` as a name"),
    (lambda: cs.KnownByGroup("region", {"n": True}), "True and False are not numbers"),
    (lambda: cs.KnownByGroup("region", {}), "It is empty"),
    (lambda: cs.SelectiveLabels(prevalence=95), r"95 % is 0\.95"),
    (lambda: cs.SelectiveLabels(unobservable="Normal"), "Did you mean 'normal'"),
    (lambda: cs.CausalDiagram("x -> y", monotone=[1]), "The first entry, 1"),
    (lambda: cs.CausalDiagram("x -> y", outcome=0), "`outcome` as a text"),
]


@pytest.mark.parametrize(
    ("make", "message"),
    MESSAGES,
    ids=[f"{number} {message}" for number, (_, message) in enumerate(MESSAGES)],
)
def test_the_message_says_what_to_write(make, message):
    with pytest.raises(cs.CausalStatsError, match=message):
        make()


def test_lists_of_names_may_be_lists_tuples_and_an_index():
    for names in (["a", "b"], ("a", "b"), pd.Index(["a", "b"]), np.array(["a", "b"])):
        kept = cs.SelectiveLabels(expertise=names).expertise
        assert kept == ("a", "b") and all(type(name) is str for name in kept)


def test_a_penalty_is_taken_only_where_the_model_has_one():
    """A penalty multiplies what the priors imply; a `Known` replaces it. They are not the same."""
    penalty = cs.Penalty(0.4, sd=0.1)
    assert cs.SelectiveLabels(prevalence=penalty).prevalence == penalty
    for make in (
        lambda: cs.Heckman(mean=penalty),
        lambda: cs.SelectiveLabels(sensitivity=penalty),
        lambda: cs.KnownByGroup("region", {"north": penalty}),
        lambda: cs.SelectiveLabels(response=penalty),
    ):
        with pytest.raises(cs.ModelError, match="multiplies what the priors imply"):
            make()


@pytest.fixture(scope="module")
def fit():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.integers(0, 2, 60), "y": rng.integers(0, 2, 60)})
    data = cs.Observations.from_frame(frame)
    return cs.fit(cs.CausalDiagram("x -> y"), data, seed=1, progress=False)


VERBS = {
    "summary": (Fit.summary, {}),
    "effect": (Fit.effect, {"name": "y", "do": {"x": 1}}),
    "bounds": (Fit.bounds, {"name": "y", "do": {"x": 1}}),
    "compare": (Fit.compare, {}),
    "answer": (Fit.answer, {}),
    "tipping_point": (Fit.tipping_point, {"concentration": 2.0}),
    "plot": (Fit.plot, {}),
    "report": (Fit.report, {"path": "never.html"}),
    "save": (Fit.save, {"path": "never.nc"}),
    "Effect.summary": (Effect.summary, {}),
    "Effect.numbers": (Effect.numbers, {}),
    "Effect.decide": (Effect.decide, {}),
    "Effect.text": (Effect.text, {}),
    "Effect.minus": (Effect.minus, {"other": None, "contrast": "a - b"}),
    "fit": (cs.fit, {"model": None, "data": None, "seed": 1}),
    "calibrate": (cs.calibrate, {"model": None, "seed": 1}),
    "load": (cs.load, {}),
    **{
        f"{cls.__name__}.simulate": (cls.simulate, {"seed": 1})
        for cls in list(CLASSES)[:5]
    },
}
ARGUMENTS = [
    (verb, name)
    for verb, (function, _) in VERBS.items()
    for name, parameter in inspect.signature(function).parameters.items()
    if parameter.annotation not in (parameter.empty, "Any")
]


@pytest.mark.parametrize(
    ("verb", "argument"), ARGUMENTS, ids=[" ".join(each) for each in ARGUMENTS]
)
def test_no_verb_takes_an_argument_of_another_type(
    fit, verb, argument, monkeypatch, tmp_path
):
    """Every wrong value ends in an error of the library before anything is sampled or written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "causalstats.inference.fit.sample", lambda *_: pytest.fail("it was sampled")
    )
    function, given = VERBS[verb]
    given = dict(given)
    first = {
        "fit": {"model": fit.model, "data": fit.data},
        "calibrate": {"model": fit.model},
        "load": {},
        "Effect.minus": {
            "self": fit.effect("effect"),
            "other": fit.effect("association"),
        },
    }
    model = next((cls for cls in CLASSES if verb == f"{cls.__name__}.simulate"), None)
    owner = fit.effect("effect") if verb.startswith("Effect.") else fit
    owner = owner if model is None else model(**CLASSES[model])
    given |= first.get(verb, {"self": owner})
    annotation = inspect.signature(function).parameters[argument].annotation
    hint = eval(annotation, inspect.unwrap(function).__globals__)
    taken = []
    for name, value in WRONG.items():
        if name not in NEVER and is_right(name, hint):
            continue
        try:
            function(**{**given, argument: value})
            taken.append(name)
        except cs.CausalStatsError:
            pass
    assert not taken
    assert not list(tmp_path.iterdir())
