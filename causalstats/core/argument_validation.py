"""Validation of fields and arguments against their annotations, in one place.

A type, a range and a list of options are declared once, beside the name that they are of::

    chains: Count = 4
    basis: Literal["splines", "hsgp", "fourier"] = "splines"
    scale: Sequence[Positive] | None = None

`check_fields` in a `__post_init__`, and the decorator `checked` on a function, hold what was given
against these declarations and keep it as plain Python values. Whole floats and NumPy scalars are
numbers; Booleans are not; numbers and texts are no switches; a text is no list of letters.
Libraries that read annotations take `True` for 1, or refuse NumPy's numbers, and cost more to
import than all of causalstats.
"""

from __future__ import annotations

import difflib
import inspect
import math
import reprlib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, wraps
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    Protocol,
    TypeAliasType,
    Union,
    get_args,
    get_origin,
    runtime_checkable,
)

import numpy as np

from causalstats.core import argument_types
from causalstats.core.policy import Policy
from causalstats.errors import CausalStatsError

# Absolute values of numbers other than 0: the square of a square is then still a number.
SMALLEST = 1e-50
LARGEST = 1e50
_ORDINALS = ("first", "second", "third", "fourth", "fifth")


class Refused(Exception):
    """A value is not of the declared kind. The text says what to do, empty where that is plain."""


@runtime_checkable
class Kind(Protocol):
    """The type and range that a value may have."""

    @property
    def words(self) -> str:
        """The expectation, to follow "Expected `name` as"."""

    @property
    def many(self) -> str:
        """The same of several, to follow "a list of"."""

    def read(self, value: Any) -> Any:
        """Return the value as a plain Python one, or raise `Refused`."""


@dataclass(frozen=True)
class Number:
    """A finite number within limits; with `whole`, an integer."""

    least: float | None = None
    above: float | None = None
    most: float | None = None
    below: float | None = None
    whole: bool = False

    @property
    def words(self) -> str:
        return f"a {self._range('number')}"

    @property
    def many(self) -> str:
        return self._range("numbers")

    def _range(self, noun: str) -> str:
        noun = f"whole {noun}" if self.whole else noun
        limits = {
            "above": self.above,
            "of at least": self.least,
            "below": self.below,
            "up to": self.most,
        }
        match {how: limit for how, limit in limits.items() if limit is not None}:
            case {"above": 0, **others} if not others:
                return f"positive {noun}"
            case {"of at least": 0, **others} if not others:
                return f"{noun} of 0 or more"
            case {"above": lower, "below": upper}:
                return f"{noun} between {lower:,} and {upper:,}, both excluded"
            case {"of at least": lower, "up to": upper}:
                return f"{noun} from {lower:,} to {upper:,}"
            case given:
                bounds = [f"{how} {limit:,}" for how, limit in given.items()]
                return f"{noun} {' and '.join(bounds)}".rstrip()

    def read(self, value: Any) -> float:
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value[()]
        if isinstance(value, bool | np.bool_):
            raise Refused("True and False are not numbers here.")
        if isinstance(value, str):
            raise Refused("Write the number without quotes.")
        if not isinstance(value, Real):
            raise Refused()
        try:
            number = float(value)
        except Exception as error:  # too large, or the `float` of somebody else's class
            raise Refused() from error
        if not math.isfinite(number):
            raise Refused()
        self._refuse_outside(number)
        if not self.whole:
            return number
        if not number.is_integer():
            raise Refused()
        return int(value) if isinstance(value, Integral) else int(number)

    def _refuse_outside(self, number: float) -> None:
        inside = (
            (self.least is None or number >= self.least)
            and (self.above is None or number > self.above)
            and (self.most is None or number <= self.most)
            and (self.below is None or number < self.below)
        )
        if not inside:
            percent = (self.most or self.below) == 1 and 2 <= number <= 100
            raise Refused(f"{number:g} % is {number / 100:g}." if percent else "")
        if number and not SMALLEST <= abs(number) <= LARGEST:
            raise Refused(
                f"Numbers other than 0 lie between {SMALLEST:g} and {LARGEST:g} in size; change "
                "the unit."
            )


@dataclass(frozen=True)
class Switch:
    """True or False, and nothing that Python would take for them."""

    words: ClassVar[str] = "True or False"
    many: ClassVar[str] = "True or False"

    def read(self, value: Any) -> bool:
        if not isinstance(value, bool | np.bool_):
            raise Refused("Write it without quotes." if isinstance(value, str) else "")
        return bool(value)


@dataclass(frozen=True)
class Choice:
    """One of a few texts."""

    options: tuple[str, ...]

    @property
    def words(self) -> str:
        return _either([repr(option) for option in self.options])

    many = words

    def read(self, value: Any) -> str:
        if not isinstance(value, str):
            raise Refused()
        if value not in self.options:
            raise Refused(meant(value, self.options))
        return str(value)


@dataclass(frozen=True)
class Text:
    """A text, empty only where that is said."""

    empty: bool = True
    words: str = "a text"

    @property
    def many(self) -> str:
        return f"{self.words.removeprefix('a ')}s"

    def read(self, value: Any) -> str:
        if not isinstance(value, str) or not (value.strip() or self.empty):
            raise Refused()
        return str(value)


@dataclass(frozen=True)
class Label:
    """The name of a level, kept as a text: numbers and Booleans name levels too."""

    words: ClassVar[str] = "a label"
    many: ClassVar[str] = "labels"

    def read(self, value: Any) -> str:
        if not isinstance(value, str | bool | np.bool_ | Real) or value != value:
            raise Refused()
        return str(value)


@dataclass(frozen=True)
class Level:
    """A level of a variable; NumPy's scalars as Python's own."""

    words: ClassVar[str] = "a level"
    many: ClassVar[str] = "levels"

    def read(self, value: Any) -> Any:
        if isinstance(value, np.generic):
            value = value.item()
        if not isinstance(value, str | bool | Real) or value != value:
            raise Refused()
        if isinstance(value, int | float) and abs(value) > LARGEST:
            raise Refused(f"Numbers are at most {LARGEST:g} in size; change the unit.")
        return value


@dataclass(frozen=True)
class ListOf:
    """A list in its order, kept as a tuple."""

    kind: Kind
    least: int = 0

    @property
    def words(self) -> str:
        return f"a list of {self.kind.many}"

    @property
    def many(self) -> str:
        return f"lists of {self.kind.many}"

    def read(self, value: Any) -> tuple[Any, ...]:
        read_entries = [
            _entry(self.kind, position, part)
            for position, part in enumerate(self._listed(value))
        ]
        if len(read_entries) < self.least:
            raise Refused("The list is empty.")
        return tuple(read_entries)

    def _listed(self, value: Any) -> list[Any]:
        if isinstance(value, str) and isinstance(self.kind, Text):
            raise Refused(f"A text is not a list; write [{value!r}].")
        return entries(value)


@dataclass(frozen=True)
class PairOf:
    """A pair, each of the two of a kind of its own."""

    kinds: tuple[Kind, Kind]

    @property
    def words(self) -> str:
        return f"a {self.many.replace('pairs', 'pair', 1)}"

    @property
    def many(self) -> str:
        return f"pairs ({', '.join(kind.words for kind in self.kinds)})"

    def read(self, value: Any) -> tuple[Any, ...]:
        parts = entries(value)
        if len(parts) != 2:
            raise Refused(f"It has {len(parts)} entries in place of 2.")
        return tuple(
            _entry(kind, position, part)
            for position, (kind, part) in enumerate(zip(self.kinds, parts, strict=True))
        )


@dataclass(frozen=True)
class MappingOf:
    """A mapping, kept as a dict; `description` replaces its words in messages."""

    key: Kind
    value: Kind
    least: int = 0
    description: str = ""

    @property
    def words(self) -> str:
        return (
            self.description or f"a mapping from {self.key.many} to {self.value.many}"
        )

    many = words

    def read(self, value: Any) -> dict[Any, Any]:
        if not isinstance(value, Mapping):
            raise Refused()
        if len(value) < self.least:
            raise Refused("It is empty.")
        return {
            _entry(self.key, None, key): _entry(self.value, None, part)
            for key, part in value.items()
        }


@dataclass(frozen=True)
class Instance:
    """A value of a class, and not of one derived from it, which may mean something else."""

    cls: type

    @property
    def words(self) -> str:
        return f"a `{self.cls.__name__}`"

    @property
    def many(self) -> str:
        return f"`{self.cls.__name__}`"

    def read(self, value: Any) -> Any:
        if type(value) is not self.cls:
            raise Refused()
        return value


@dataclass(frozen=True)
class Place:
    """A file, as a text or a `pathlib.Path`."""

    words: ClassVar[str] = "the path of a file"
    many: ClassVar[str] = "paths of files"

    def read(self, value: Any) -> Path:
        if (
            not isinstance(value, str | Path)
            or not str(value).strip()
            or "\0" in str(value)
        ):
            raise Refused()
        return Path(value)


@dataclass(frozen=True)
class Nothing:
    """None."""

    words: ClassVar[str] = "None"
    many: ClassVar[str] = "None"

    def read(self, value: Any) -> None:
        if value is not None:
            raise Refused()


@dataclass(frozen=True)
class Anything:
    """Any value, also one of a Protocol or an alias, which the function checks itself."""

    words: ClassVar[str] = "anything"
    many: ClassVar[str] = "anything"

    def read(self, value: Any) -> Any:
        return value


@dataclass(frozen=True)
class Either:
    """A value of one of several kinds, the first that takes it."""

    kinds: tuple[Kind, ...]

    @property
    def words(self) -> str:
        in_order = sorted(self.kinds, key=lambda kind: not isinstance(kind, Nothing))
        return _either([kind.words for kind in in_order])

    @property
    def many(self) -> str:
        return _either([kind.many for kind in self.kinds])

    def read(self, value: Any) -> Any:
        advice = []
        for kind in self.kinds:
            try:
                return kind.read(value)
            except Refused as refused:
                advice.append(str(refused))
        raise Refused(next(filter(None, advice), ""))


Finite = Annotated[float, Number()]
Positive = Annotated[float, Number(above=0)]
NotNegative = Annotated[float, Number(least=0)]
Inside = Annotated[float, Number(above=0, below=1)]
Count = Annotated[int, Number(least=1, most=10_000_000, whole=True)]
Seed = Annotated[int, Number(least=0, most=2**32 - 1, whole=True)]
Name = Annotated[str, Text(empty=False, words="a name")]
Formula = Annotated[str, Text(empty=False, words="a formula")]
_VARIABLE, _LEVEL = Text(empty=False, words="a name"), Level()
Seen = Annotated[
    argument_types.Levels,
    MappingOf(
        _VARIABLE, _LEVEL, description="a mapping of variables to a level of each"
    ),
]
_SET_TO = Either((Instance(Policy), _LEVEL))
Set = Annotated[
    Mapping[
        str, argument_types.Level | Policy | Sequence[argument_types.Level | Policy]
    ],
    MappingOf(
        _VARIABLE,
        Either((Instance(Policy), _LEVEL, ListOf(_SET_TO, least=1))),
        description="a mapping of variables to one level of each, or to a list of several",
    ),
]
SeenWithin = Annotated[
    Mapping[
        str, argument_types.Level | tuple[argument_types.Level, argument_types.Level]
    ],
    MappingOf(
        _VARIABLE,
        Either((_LEVEL, ListOf(_LEVEL, least=1))),
        description="a mapping of variables to a level, or of numbers to (lowest, highest)",
    ),
]
_FIELD_VALUES = MappingOf(
    _VARIABLE,
    Anything(),
    description="a mapping of fields to lists of their values",
)
FieldGrids = Annotated[
    argument_types.FieldValues | Sequence[argument_types.FieldValues] | None,
    Either((Nothing(), _FIELD_VALUES, ListOf(_FIELD_VALUES))),
]
File = Annotated[str | Path, Place()]


def declared(hint: Any) -> Kind:
    """Return the kind that an annotation declares.

    Raises
    ------
    TypeError
        If it declares none that is known: an annotation that nobody would check.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if isinstance(hint, Kind) and not isinstance(hint, type):
        return hint
    if isinstance(hint, TypeAliasType):  # of `argument_types`
        return Anything()
    if origin is Annotated:
        return declared(hint.__metadata__[0])
    if origin in (Union, UnionType):
        return Either(tuple(map(declared, arguments)))
    if origin is Literal:
        return Choice(arguments)
    if origin is tuple and arguments[-1:] != (Ellipsis,):
        one, other = map(declared, arguments)
        return PairOf((one, other))
    if origin is not None and issubclass(origin, Mapping):
        return MappingOf(declared(arguments[0]), declared(arguments[1]))
    if origin is not None and issubclass(origin, Sequence):
        return ListOf(declared(arguments[0]))
    if getattr(hint, "_is_protocol", False):
        return Anything()
    plain: dict[Any, Kind] = {
        bool: Switch(),
        float: Number(),
        int: Number(whole=True),
        str: Text(),
        NoneType: Nothing(),
        None: Nothing(),
        Any: Anything(),
    }
    if hint in plain:
        return plain[hint]
    if isinstance(hint, type) and "causalstats" in hint.__module__:
        return Instance(hint)
    raise TypeError(f"{hint!r} declares nothing that can be checked.")


@cache
def field_kinds(cls: Any) -> Mapping[str, Kind]:
    """Return the kind of each field of a dataclass, by name."""
    return {
        field.name: declared(
            _evaluated(field.type, vars(sys.modules[_declares(cls, field.name)]))
        )
        for field in fields(cls)
    }


def _declares(cls: Any, name: str) -> str:
    """Return the module of the class that declares a field: a subclass has other names."""
    declaring = (
        each for each in cls.__mro__ if name in vars(each).get("__annotations__", {})
    )
    return next(declaring, cls).__module__


def check_fields(value: Any, error: type[CausalStatsError]) -> None:
    """Hold the fields of a frozen dataclass against their annotations; keep plain values.

    Parameters
    ----------
    value : dataclass
    error : type
        The class of the error that a wrong field raises.
    """
    for name, kind in field_kinds(value.__class__).items():
        object.__setattr__(value, name, read(kind, getattr(value, name), name, error))


def read_field(cls: Any, name: str, value: Any, error: type[CausalStatsError]) -> Any:
    """Return a value that a field of a dataclass may have, as a plain Python value.

    A class whose annotations declare no kinds takes any value.

    Parameters
    ----------
    cls : type
        The dataclass.
    name : str
        One of its fields.
    value
    error : type
        The exception that a wrong value raises.

    Raises
    ------
    CausalStatsError
        An `error`, if the field cannot have this value.
    """
    try:
        kinds = field_kinds(cls)
    except (TypeError, NameError):
        return value
    return read(kinds[name], value, name, error)


def checked[**P, R](
    error: type[CausalStatsError],
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Hold the arguments of a function against their annotations before it runs.

    Parameters
    ----------
    error : type
        The class of the error that a wrong argument raises.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @wraps(function)
        def held(*positional: P.args, **named: P.kwargs) -> R:
            try:
                given = signature.bind(*positional, **named)
            except TypeError as mismatch:
                raise _mismatch(function, signature, named, mismatch) from None
            kinds = argument_kinds(function)
            for name in given.arguments.keys() & kinds.keys():
                given.arguments[name] = read(
                    kinds[name], given.arguments[name], name, error
                )
            return function(*given.args, **given.kwargs)

        return held

    return decorate


def _mismatch(
    function: Callable[..., Any],
    signature: inspect.Signature,
    named: Mapping[str, Any],
    mismatch: TypeError,
) -> TypeError:
    """Return the error of a call whose arguments do not fit, with the names that do."""
    known = [name for name in signature.parameters if name != "self"]
    unknown = next((name for name in named if name not in known), None)
    advice = meant(unknown, known) if unknown else ""
    taken = ", ".join(f"`{name}`" for name in known)
    return TypeError(
        f"{function.__qualname__}() {mismatch}. "
        + (advice or f"Its arguments are {taken}.")
    )


@cache
def argument_kinds(function: Callable[..., Any]) -> Mapping[str, Kind]:
    """Return the kind of each annotated argument of a function, by name."""
    function = inspect.unwrap(function)
    anything = {
        parameter.__name__: Any
        for parameter in getattr(function, "__type_params__", ())
    }
    names: dict[str, Any] = {**getattr(function, "__globals__", {}), **anything}
    return {
        name: declared(_evaluated(parameter.annotation, names))
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.annotation is not parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }


def read(kind: Kind, value: Any, name: str, error: type[CausalStatsError]) -> Any:
    """Return a value of this kind as a plain Python value.

    Parameters
    ----------
    kind : Kind
    value
    name : str
        The field or argument that a message names.
    error : type
        The exception that a wrong value raises.

    Raises
    ------
    CausalStatsError
        An `error`, if the value is of another kind.
    """
    try:
        return kind.read(value)
    except Refused as refused:
        advice = f" {refused}" if str(refused) else ""
        raise error(
            f"Expected `{name}` as {kind.words}, got {shown(value)}.{advice}"
        ) from None


def shown(value: Any) -> str:
    """Return a value as a message shows it: short, and whatever its own `repr` does."""
    if isinstance(value, type):
        return f"the class `{value.__name__}`"
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"{_indefinite(type(value).__name__)} of shape {shape}"
    try:
        return _SHORT.repr(value)
    except Exception:  # a `repr` of somebody else's class may raise anything
        return _indefinite(type(value).__name__)


def meant(value: str, options: Iterable[str]) -> str:
    """Return a question that names the closest options; empty if none is close."""
    by_case = {option.lower(): option for option in options}
    near = difflib.get_close_matches(value.lower(), list(by_case), n=2)
    return (
        f"Did you mean {_either([repr(by_case[each]) for each in near])}?"
        if near
        else ""
    )


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80


def _evaluated(annotation: Any, names: Mapping[str, Any]) -> Any:
    return eval(annotation, dict(names)) if isinstance(annotation, str) else annotation


def entries(value: Any) -> list[Any]:
    """Return the entries of a list, tuple, range, vector or index, or raise `Refused`."""
    if isinstance(value, set | frozenset):
        raise Refused("A set has no order; write a list.")
    is_vector = isinstance(value, np.ndarray) and value.ndim == 1 or _is_index(value)
    if not is_vector and not isinstance(value, list | tuple | range):
        raise Refused("Write a list.")
    try:
        return list(value)
    except Exception as error:  # of somebody else's class of lists
        raise Refused() from error


def _is_index(value: Any) -> bool:
    import pandas as pd

    return isinstance(value, pd.Index)


def _entry(kind: Kind, position: int | None, value: Any) -> Any:
    """Return an entry of a list or mapping; a refusal names it."""
    try:
        return kind.read(value)
    except Refused as refused:
        which = "entry" if position is None else f"{_ordinal(position)} entry"
        raise Refused(
            f"The {which}, {shown(value)}, is not {kind.words}. {refused}".rstrip()
        ) from None


def _ordinal(position: int) -> str:
    return _ORDINALS[position] if position < len(_ORDINALS) else f"{position + 1}th"


def _either(words: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _indefinite(noun: str) -> str:
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"
