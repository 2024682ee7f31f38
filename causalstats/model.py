"""The vocabulary: what a model is, what it assumes, what it answers with, and what may be doubted about the answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Annotated, Any, Protocol, runtime_checkable

import numpy as np

from causalstats.effect import Kind, Margins
from causalstats.errors import ModelError
from causalstats.validation import (
    Finite,
    Label,
    MappingOf,
    Name,
    NotNegative,
    Number,
    Positive,
    Refused,
    check_fields,
    checked,
)

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    import pymc as pm
    import xarray as xr
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Known:
    """A number known from outside the data: exactly, or with a standard deviation.

    A proportion with a standard deviation is a Beta distribution with that mean and standard deviation.
    """

    value: Finite
    sd: NotNegative = 0.0

    def __post_init__(self) -> None:
        check_fields(self, ModelError)

    @classmethod
    @checked(ModelError)
    def beta(cls, alpha: Positive, beta: Positive) -> Known:
        """A proportion with a Beta(α, β) distribution: mean α/(α+β), variance αβ / [(α+β)² (α+β+1)]."""
        total = alpha + beta
        return cls(alpha / total, math.sqrt(alpha / total * (beta / total) / (total + 1)))

    def as_beta(self) -> tuple[float, float]:
        """α and β of the Beta distribution with this mean and standard deviation."""
        total = self.value * (1 - self.value) / self.sd**2 - 1
        return self.value * total, (1 - self.value) * total

    @property
    def exact(self) -> bool:
        return self.sd == 0

    def at(self, value: float) -> Known:
        """The same knowledge of another value: the standard deviation is kept."""
        return replace(self, value=value)

    def __str__(self) -> str:
        return f"{self.value:g} (exact)" if self.exact else f"{self.value:g} ± {self.sd:g} (sd)"


@dataclass(frozen=True)
class Penalty(Known):
    """A number known softly: the log posterior loses (x - value)² / (2 sd²), on top of the priors of whatever x is computed from.

    Where `Known` replaces what those priors imply about x, this multiplies it.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sd == 0:
            raise ModelError("`Penalty` needs sd > 0; what is exact is `Known(value)`.")

    @classmethod
    @checked(ModelError)
    def of_weight(cls, value: Finite, weight: Positive) -> Penalty:
        """The penalty weight · (x - value)²."""
        return cls(value, 1 / math.sqrt(2 * weight))


@dataclass(frozen=True)
class KnownNumber:
    """What a field may be that takes a `Known`, or a plain number for an exact one.

    Parameters
    ----------
    of : Number
        The range of the number.
    exact : bool
        Whether it may have no standard deviation.
    """

    of: Number
    exact: bool = False

    @property
    def words(self) -> str:
        return self._said(
            f"{'an exact ' if self.exact else 'a '}{self.of.words.removeprefix('a ')}"
        )

    @property
    def many(self) -> str:
        return self._said(self.of.many)

    def _said(self, numbers: str) -> str:
        return numbers if self.exact else f"{numbers}, or `Known(number, sd=...)`"

    def read(self, value: Any) -> Known:
        if isinstance(value, Penalty):
            raise Refused(
                "A `Penalty` multiplies what the priors imply, and this replaces it: use "
                "`Known(value, sd=...)`."
            )
        if not isinstance(value, Known):
            return Known(self.of.read(value))
        self.of.read(value.value)
        if self.exact and not value.exact:
            raise Refused()
        return value


_EACH = KnownNumber(Number())


@dataclass(frozen=True)
class KnownByGroup:
    """A number known for each level of a categorical feature: `KnownByGroup("region", {"north": 0.02, "south": Known(0.03, sd=0.01)})`."""

    feature: Name
    values: Annotated[Mapping[str, Known], MappingOf(Label(), _EACH, least=1)]

    def __post_init__(self) -> None:
        check_fields(self, ModelError)

    @property
    def exact(self) -> bool:
        return all(value.exact for value in self.values.values())

    def __str__(self) -> str:
        return f"by {self.feature}: " + ", ".join(
            f"{level} {value}" for level, value in self.values.items()
        )


def number(value: float, unit: str) -> str:
    """A proportion in percent, anything else with four digits."""
    return f"{value:.2%}" if unit == "probability" else f"{value:.4g}"


def shown(value: Any) -> str:
    """The value of a model's field in words."""
    if value is None:
        return "not given"
    return ", ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """What must hold for the answer to mean what it says, and what happens where it does not."""

    name: str
    statement: str
    if_wrong: str
    formula: str = ""


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """What an association would need to be an effect, and how far these data and this model go towards it."""

    needed: str
    here: str


@dataclass(frozen=True, kw_only=True)
class Check:
    """A doubt that the data could raise, and what they say of it.

    A failed check stands on every answer that it is about, with its finding and its remedy.

    Parameters
    ----------
    name : str
    passed : bool or None
        None where the data cannot decide, or where the check was not run.
    value : float or None
        The statistic that decided.
    expected : str
        The values of the statistic that pass.
    finding : str
        The statistic of these data, in words.
    remedy : str
        The next step after a failure; following it helps. Empty where the check passed.
    estimands : tuple of str
        The answers, by name, that it is about; empty for all of them.
    assumption : str
        The name of the assumption that a failure contradicts, if it is one.
    caution : bool
        Whether the answer carries an undecided check too, because these data cannot decide
        something that the answer depends on.
    """

    name: str
    passed: bool | None
    value: float | None
    expected: str
    finding: str
    remedy: str
    estimands: tuple[str, ...] = ()
    assumption: str = ""
    caution: bool = False

    def stands_on(self, estimand: str) -> bool:
        """Return whether the answer to `estimand` has to carry this check."""
        concerns = not self.estimands or estimand in self.estimands
        return concerns and (self.passed is False or (self.passed is None and self.caution))

    @property
    def verdict(self) -> str:
        return {True: "passed", False: "failed", None: "undecided"}[self.passed]


class Checks(tuple[Check, ...]):
    """Checks, shown as a table; `to_frame()` gives it as one."""

    def to_frame(self) -> pd.DataFrame:
        """A row a check: verdict, value, finding, expected, remedy."""
        import pandas as pd

        columns = ["verdict", "value", "finding", "expected", "remedy"]
        return pd.DataFrame(
            [[getattr(check, name) for name in columns] for check in self],
            index=[check.name for check in self],
            columns=columns,
        )

    def __repr__(self) -> str:
        lines = [
            f"{check.verdict:9}  {check.name}: {check.finding} (expected: {check.expected})"
            for check in self
        ]
        return "\n".join(
            f"{line}. {check.remedy}".rstrip(". ") for line, check in zip(lines, self, strict=True)
        )

    def _repr_html_(self) -> str:
        cells = [
            [check.verdict, check.name, check.finding, check.expected, check.remedy]
            for check in self
        ]
        rows = "".join(
            "<tr>"
            + "".join(f'<td style="text-align:left">{escape(cell)}</td>' for cell in row)
            + "</tr>"
            for row in cells
        )
        head = "".join(
            f'<th style="text-align:left">{title}</th>'
            for title in ("", "check", "finding", "expected", "what to do")
        )
        return f"<table><tr>{head}</tr>{rows}</table>"


@dataclass(frozen=True, kw_only=True)
class Estimand:
    """A question a model answers: a function of posterior draws and data, and what its answer is called.

    `compute(draws, data)` takes the posterior as a Dataset and returns draws with dims (chain, draw, ...).
    """

    compute: Callable[[xr.Dataset, Any], xr.DataArray]
    description: str
    unit: str
    contrast: str = "none"
    kind: Kind = "associational"
    assumptions: tuple[str, ...] = ()
    at: Callable[[xr.Dataset, Any], xr.DataArray] | None = (
        None  # the same of other people, or of a subcomposition: of what `data.at(...)` gives
    )
    per_person: bool = False
    of_population: bool = False  # over everybody of the reference population, where there is one
    over_people: bool = False  # a mean or total over people, which groups of them have of their own
    margins: Callable[[Any], Margins] | None = None  # of the data, where the posterior is exact
    # The same of `data.at(...)`, given the data and those; where the posterior is exact.
    margins_at: Callable[[Any, Any], Margins] | None = None
    beside: str = ""  # another answer, by name, without which this one misleads
    # Another answer, by name: the same entries less what they would be if there were nothing.
    over_null: str = ""
    at_zero: Callable[[xr.Dataset, Any], np.ndarray | None] | None = (
        None  # of each entry the Bayes factor of 0; None where there is none in closed form
    )
    approximate: bool = False  # whether the margins leave something out, and are for want of draws
    # Of the data: description and contrast in the levels that these have.
    in_words: Callable[[Any], tuple[str, str]] | None = None
    # Checks of this question alone, such as positivity of the people it asks about.
    checks: Callable[[xr.Dataset, Any], tuple[Check, ...]] | None = None
    unless: Callable[[Any], str] | None = (
        None  # of the data: why these cannot answer it, or nothing
    )


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """Data drawn from a model. `truth` has the variables of a posterior, one chain of one draw; `realised` what the people drawn came to."""

    data: Any
    truth: xr.Dataset
    realised: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Relaxation:
    """A model without one piece of outside knowledge (itself, where it does not use it), and the estimand in which the two can disagree."""

    name: str
    model: Any
    estimand: str
    known: Known | Mapping[str, Known]  # for each label, where they differ
    labels: tuple[str, ...] = ()  # of the estimand's entries that were known; all if empty
    suspect: str = ""  # the assumption that alone identifies the estimand where this is lifted
    remedy: str = (
        "The data, under the other assumptions, say otherwise: check the source, or give up one of "
        "the assumptions."
    )


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """An observable statistic by group, beside its replications: arrays (group,), (group,), (replication, group)."""

    name: str
    groups: tuple[str, ...]
    observed: np.ndarray
    size: np.ndarray
    replicated: np.ndarray
    remedy: str = (
        "It is not linear in these features: add splines or interactions through `formula=`."
    )
    allowed: str = ""  # why the answer holds where the model does not reproduce it


@dataclass(frozen=True, kw_only=True)
class NetworkView:
    """Nodes, and edges with columns one, other, value, excess and sign_probability."""

    nodes: tuple[str, ...]
    edges: pd.DataFrame
    label: str
    note: str


@dataclass(frozen=True, kw_only=True)
class MatrixView:
    """Numbers between -1 and 1 for each two labels, another kind above the diagonal than below; `certain` where their interval leaves out 0."""

    labels: tuple[str, ...]
    values: np.ndarray
    certain: np.ndarray
    lower: str
    upper: str


@dataclass(frozen=True, kw_only=True)
class ScatterView:
    """Points (n, 2) of each panel, by the names of its axes."""

    panels: Mapping[tuple[str, str], np.ndarray]
    note: str


@dataclass(frozen=True, kw_only=True)
class BiplotView:
    """Points (n, 2), arrows (label, 2), and the share of the variance of each axis."""

    points: np.ndarray
    arrows: np.ndarray
    labels: tuple[str, ...]
    explained: np.ndarray


@dataclass(frozen=True, kw_only=True)
class TernaryView:
    """Shares (n, 3) of three labels."""

    points: np.ndarray
    labels: tuple[str, ...]
    note: str


@dataclass(frozen=True, kw_only=True)
class DrawnView:
    """A picture that draws itself."""

    draw: Callable[[], Figure]


@dataclass(frozen=True, kw_only=True)
class CurveView:
    """A curve with its interval, a line for comparison, and a point with its own interval: arrays (n,), (n,), (n, 2), (n,); x, y and limits."""

    x: np.ndarray
    curve: np.ndarray
    interval: np.ndarray
    curve_label: str
    line: np.ndarray
    line_label: str
    point: tuple[float, float, float, float]
    point_label: str
    axes: tuple[str, str]
    note: str


@dataclass(frozen=True, kw_only=True)
class BaselineView:
    """Of each label a number with its interval, and the one that it would be without what is asked about: arrays (label,); `certain` where the two differ."""

    labels: tuple[str, ...]
    values: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    baseline: np.ndarray
    certain: np.ndarray
    axes: tuple[str, str]


View = (
    BaselineView
    | CurveView
    | NetworkView
    | MatrixView
    | ScatterView
    | BiplotView
    | TernaryView
    | DrawnView
)


@runtime_checkable
class Model(Protocol):
    """A frozen dataclass whose fields are its assumptions. Nothing to subclass, nothing to register."""

    headline: str
    """The estimand that sensitivity, comparison and report are about."""

    def inputs(self, data: Any) -> dict[str, np.ndarray]:
        """Every number of the data and of the assumptions that the graph takes, by name."""

    def build(self, data: Any) -> pm.Model:
        """The PyMC graph, with `inputs` in `pm.Data`. Pure."""

    def assumptions(self) -> tuple[Assumption, ...]: ...

    def estimands(self) -> Mapping[str, Estimand]: ...

    def simulate(self, seed: int) -> Simulation: ...

    def log_likelihood(self, draws: xr.Dataset, data: Any) -> xr.DataArray:
        """Of the whole data set, for every draw."""

    def causes(self, data: Any) -> nx.DiGraph:
        """Nodes with `role` observed | hidden | selected; edges with an optional `label`."""

    def alternatives(self, data: Any) -> Mapping[str, Callable]:
        """What people would do instead: name -> function of a generator.

        It gives draws of the headline estimand, or an estimate with `mean()` and `quantile(prob)`
        in closed form; and one number a person.
        """

    def predictions(
        self, draws: xr.Dataset, data: Any, rng: np.random.Generator
    ) -> tuple[Prediction, ...]:
        """What the model says of things that were observed, for the posterior predictive check."""

    def relaxations(self, data: Any) -> tuple[Relaxation, ...]: ...

    # Only some models have these:
    # data_class -> the class of their data
    # calibration_design -> what `simulate` is told by `calibrate` unless it is said
    # exact(data) -> None, or a function of chains, draws and a generator that gives independent posterior draws
    # nuts(data) -> options of `Nuts` that suit its graph
    # completed(draws, data, rng) -> the draws with those of what was integrated out
    # question(name, do, given, factual, data) -> how a question about a variable is written, and its Estimand
    # bounds(name, do, factual, data) -> the same of the smallest and the largest answer
    # derivation() -> how the answer follows from the assumptions, a line a step
    # adjustments(data) -> what its associations would need to be effects
    # views(draws, data) -> name -> function that gives a picture of the family's own
    # data_checks(data) -> checks of the data alone
    # unused(data) -> fields that cannot change the headline on these data, and why


def answerable(model: Any, data: Any) -> dict[str, Estimand]:
    """Those of the model's estimands that these data can answer."""
    return {
        name: estimand
        for name, estimand in model.estimands().items()
        if estimand.unless is None or not estimand.unless(data)
    }


@dataclass(frozen=True)
class Problem:
    """A model put to data: what a sampler is given."""

    model: Any
    data: Any

    @cached_property
    def graph(self) -> pm.Model:
        return self.model.build(self.data)

    @cached_property
    def inputs(self) -> dict[str, np.ndarray]:
        return self.model.inputs(self.data)
