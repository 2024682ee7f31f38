"""Data of selective labels: a decision about each person, an outcome where the decision was 1."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd

from causalstats.core.argument_types import Frame, Groups, Score
from causalstats.core.html_card import html_card
from causalstats.core.wording import Wording
from causalstats.data.column_roles import (
    binary,
    groups_of,
    numbers,
    refuse_weights,
    weights_of,
)
from causalstats.data.column_words import (
    column_words,
    refuse_unknown_levels,
    wording,
)
from causalstats.data.columns import (
    choice,
    column_name,
    column_names,
    described,
    frozen,
    kept,
    missing_rows,
    positions,
    read,
    refuse_incomplete,
    some,
    switch,
    together,
    unknown,
)
from causalstats.data.feature_coding import Design, check_features, design
from causalstats.data.formulas import formula_labels, formula_variables
from causalstats.data.origin import Origin, origin_of
from causalstats.errors import DataError

UNSEEN = -1


@dataclass(frozen=True, eq=False, kw_only=True)
class People:
    """Some people of a study, or others like them, with their features coded as a matrix.

    Attributes
    ----------
    matrix : array (N, D)
        Coded features.
    weights : array (N,)
    rows : array (N,)
        Their labels in draws.
    decider : int array (N,) or None
        Who decides about each, as positions in `Decisions.deciders`; None where that is not known.

    Examples
    --------
    >>> people = People(matrix=np.zeros((2, 1)), weights=np.ones(2), rows=np.arange(2))
    >>> len(people)
    2
    """

    matrix: np.ndarray
    weights: np.ndarray
    rows: np.ndarray
    decider: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.matrix)

    def take(self, rows: slice | np.ndarray) -> People:
        """Return some of the people.

        Parameters
        ----------
        rows : slice, or array of positions or Booleans

        Examples
        --------
        >>> people = People(matrix=np.zeros((2, 1)), weights=np.ones(2), rows=np.arange(2))
        >>> people.take(slice(1)).rows
        array([0])
        """
        decider = None if self.decider is None else self.decider[rows]
        return People(
            matrix=self.matrix[rows],
            weights=self.weights[rows],
            rows=self.rows[rows],
            decider=decider,
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Decisions:
    """One row a person: features, a decision, and an outcome seen only where the decision was 1.

    The decision is 0/1; people with decision 1 are called decided for. The outcome is 0/1 or a
    number, and missing not at random wherever decisions depend on more than the features. Made by
    `Decisions.from_frame`. Arrays are read-only.

    Attributes
    ----------
    matrix : array (N, D)
        The design matrix: the coded features, without an intercept.
    decision : bool array (N,)
    outcome : array (N,)
        0 or 1 where decided for, -1 elsewhere (integers); a continuous one is NaN elsewhere.
    weights : array (N,)
        How many people of the population a person stands for, scaled to mean 1. They enter averages
        over people (the prevalence, the risk of a group), not the likelihood, which is conditional
        on the features.
    decider : int array (N,) or None
        Who decided about each, as positions in `deciders`.
    deciders : tuple of str
        Who decided, each once: numbers in order of size, else as the frame orders them, or sorted.
    withheld : float array (N,) or None
        Outcomes that the frame had for people not decided for: withheld from the model, kept to
        score it (NaN where not known).
    rows : int array (N,)
        Row numbers in the frame, counted from 0.
    dropped : mapping of column name to the number of rows dropped because it was missing
    origin : Origin
        The frame that was read, with whose rows labels given later are matched.
    people_per_row : float
        The mean of the weights before they were scaled: totals are in people.
    reference : arrays (M, D) and (M,) or None
        Coded features and weights of the population whose prevalence is known, where the rows are
        of another population: see `with_reference`.

    Examples
    --------
    >>> frame = pd.DataFrame(
    ...     {
    ...         "age": [30, 41, 52, 63],
    ...         "region": ["north", "south", "north", "south"],
    ...         "tested": [0, 1, 1, 0],
    ...         "ill": [np.nan, 0, 1, np.nan],
    ...     }
    ... )
    >>> data = Decisions.from_frame(
    ...     frame, outcome="ill", decision="tested", features=["age", "region"]
    ... )
    >>> data
    Decisions
      People: 4
      Decided for: 2 (50.0%), by column 'tested'
      Positive among them: 1 (50.00%), by column 'ill'
      Features: age, region
      Columns of the model: age, region[south]
      Weights: none: everybody counts the same
      Rows dropped: none
    """

    design: Design
    matrix: np.ndarray
    decision: np.ndarray
    outcome: np.ndarray
    weights: np.ndarray
    decider: np.ndarray | None
    deciders: tuple[str, ...]
    withheld: np.ndarray | None
    rows: np.ndarray
    dropped: Mapping[str, int]
    source: pd.DataFrame
    origin: Origin
    arguments: Mapping[str, Any]
    reference: tuple[np.ndarray, np.ndarray] | None = None
    people_per_row: float = 1.0

    @classmethod
    def from_frame(
        cls,
        frame: Frame,
        *,
        outcome: str,
        decision: str,
        features: Sequence[str] | None = None,
        formula: str | None = None,
        weights: str | None = None,
        decider: str | None = None,
        keep: Sequence[str] = (),
        missing: Literal["error", "drop"] = "error",
        observed: Literal["error", "decided"] = "error",
        standardise: bool = True,
        kind: Literal["binary", "continuous"] = "binary",
        labels: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
    ) -> Decisions:
        """Read a pandas, polars or pyarrow frame, which is left as it is.

        Parameters
        ----------
        frame
            One row a person.
        outcome, decision : str
            Columns of 0/1 or booleans, or of numbers for a continuous outcome. The outcome is
            missing where the decision is 0.
        features : list of str
            Columns. Numeric ones are standardised, text and categories get a 0/1 column for every
            level but the first (treatment or dummy coding).
        formula : str
            Instead of `features`: a one-sided formula, such as
            "age + I(age**2) + C(region) + bs(score, df=4)". Outside of `I()`, `**`, `*` and `:`
            make interactions.
        weights, decider : str, optional
            Columns: people of the population each row stands for; who decided.
        keep : list of str
            Columns kept for questions, which need not be features: scores whose accuracy is asked
            (`fit.accuracy`) and whose curves are drawn (`fit.plot("roc_curve of score")`), and
            groups (`by=`).
        missing : "error" or "drop"
            Treatment of rows that lack a feature, the decision, a weight, a decider, a column of
            `keep`, or the outcome where it was decided for.
        observed : "error" or "decided"
            Say "decided" when the frame has outcomes where the decision is 0, for some people or
            for all: they are then withheld from the model, and used only to score it. Where
            outcomes are results of an imperfect test, these are too.
        standardise : bool
            Whether numeric columns are standardised.
        kind : "binary" or "continuous"
            The type of the outcome.
        labels : mapping of column, or of "column=level", to str, optional
            Words for columns in sentences, tables and figures, as they read inside a sentence. The
            decision reads well as a participle, "tested": answers are about "those not tested".
            The outcome is a noun:
            `{"hiv": "an HIV infection"}`.
        units : mapping of column to str, optional
            Units of columns: `{"wage": "US dollars"}`. A unit that begins with "log", such
            as "log US dollars", declares that the column holds natural logarithms; answers about
            it are then told in per cent.

        Returns
        -------
        Decisions

        Raises
        ------
        DataError
            If a column is not there or not of its kind, labels or units are no text, rows lack
            something and `missing` is "error", outcomes stand where the decision is 0 and
            `observed` is "error", or nobody was decided for.

        Examples
        --------
        >>> frame = pd.DataFrame({"x": [1.0, 2.0, 4.0], "t": [1, 0, 1], "y": [0, None, 1]})
        >>> data = Decisions.from_frame(frame, outcome="y", decision="t", features=["x"])
        >>> data.decision, data.outcome
        (array([ True, False,  True]), array([ 0, -1,  1], dtype=int8))
        """
        choice("missing", missing, ("error", "drop"))
        choice("observed", observed, ("error", "decided"))
        choice("kind", kind, ("binary", "continuous"))
        standardise = switch("standardise", standardise)
        if (features is None) == (formula is None):
            raise DataError(
                "Expected either `features=[...]` or `formula='...'`, and not both."
            )
        inputs = (
            formula_variables(formula or "")
            if features is None
            else check_features(features)
        )
        roles = {
            "outcome": outcome,
            "decision": decision,
            "weights": weights,
            "decider": decider,
        }
        together(
            *(
                partial(column_name, role, name)
                for role, name in roles.items()
                if name is not None or role in ("outcome", "decision")
            )
        )
        kept_columns = list(column_names("keep", keep))
        _refuse_shared_columns((*inputs, *kept_columns), roles)
        named = [
            name
            for name in dict.fromkeys((*inputs, *roles.values(), *kept_columns))
            if name is not None
        ]
        words = column_words(labels, units, named)
        categories = [
            *(formula_labels(formula) if formula else ()),
            *([decider] if decider else []),
        ]
        read_outcome = partial(binary, role="outcome") if kind == "binary" else numbers
        table = read(
            frame,
            named,
            labels=categories,
            checks=[
                ([decision], partial(binary, name=decision, role="decision")),
                ([outcome], partial(read_outcome, name=outcome)),
                *(
                    [([weights], partial(refuse_weights, name=weights))]
                    if weights
                    else []
                ),
                (
                    [],
                    partial(_gaps, outcome=outcome, decision=decision, missing=missing),
                ),
            ],
        )
        refuse_unknown_levels(words, table)
        decided = binary(table, decision, "decision")
        result = read_outcome(table, outcome)
        gaps = _gaps(table, outcome, decision, missing)
        origin = origin_of(frame, len(table))
        table, rows = kept(table, gaps)
        decided = decided[rows] == 1
        result = result[rows]
        _refuse_nobody(decided, decision)
        shown = ~np.isnan(result) & ~decided
        if shown.any() and observed == "error":
            made_of_missing = (
                f" All are 0, as `frame[{outcome!r}] == ...` makes of missing values: recode "
                "with `.map` instead."
                if shown.sum() > 1 and not result[shown].any()
                else ""
            )
            raise DataError(
                f"Outcome {outcome!r} has values where decision {decision!r} is 0, in "
                f"{some(rows[shown])}. Expected it to be missing there. If these outcomes should "
                "be withheld from the model and used only to score it, say "
                f'`observed="decided"`; otherwise set them to missing.{made_of_missing}'
            )
        coded = design(
            table[list(inputs)],
            None if features is None else inputs,
            formula,
            standardise,
            rows,
        )
        return cls(
            design=coded,
            matrix=frozen(coded.matrix(table[list(inputs)], rows)),
            decision=frozen(decided),
            outcome=frozen(_outcome(result, decided, kind)),
            weights=frozen(weights_of(table, weights)),
            people_per_row=1.0 if weights is None else float(table[weights].mean()),
            decider=None
            if decider is None
            else frozen(table[decider].cat.codes.astype(int)),
            deciders=() if decider is None else tuple(table[decider].cat.categories),
            withheld=frozen(np.where(decided, np.nan, result)) if shown.any() else None,
            rows=frozen(rows),
            dropped={name: int(mask.sum()) for name, mask in gaps.items()},
            source=table,
            origin=origin,
            arguments={
                "outcome": outcome,
                "decision": decision,
                "features": None if features is None else list(inputs),
                "formula": formula,
                "weights": weights,
                "decider": decider,
                "keep": kept_columns,
                "missing": missing,
                "observed": observed,
                "standardise": standardise,
                "kind": kind,
                **words,
            },
        )

    @property
    def wording(self) -> Wording:
        """Labels and units of the columns."""
        return wording(self.arguments)

    @property
    def features(self) -> tuple[str, ...]:
        """Labels of the columns of `matrix`.

        Examples
        --------
        >>> frame = pd.DataFrame({"job": ["a", "b", "c"], "t": [1, 0, 1], "y": [0, None, 1]})
        >>> Decisions.from_frame(frame, outcome="y", decision="t", features=["job"]).features
        ('job[b]', 'job[c]')
        """
        return self.design.columns

    @property
    def binary(self) -> bool:
        """Whether the outcome is 0/1.

        Examples
        --------
        >>> frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "t": [1, 0, 1], "y": [0, None, 1]})
        >>> data = Decisions.from_frame(frame, outcome="y", decision="t", features=["x"])
        >>> data.binary
        True
        """
        return self.arguments["kind"] == "binary"

    @property
    def tested(self) -> float:
        """Share decided for.

        Examples
        --------
        >>> frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "t": [1, 0, 1], "y": [0, None, 1]})
        >>> data = Decisions.from_frame(frame, outcome="y", decision="t", features=["x"])
        >>> round(data.tested, 3)
        0.667
        """
        return float(self.decision.mean())

    @property
    def fingerprint(self) -> str:
        """SHA-256 of everything a model sees.

        Examples
        --------
        >>> frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "t": [1, 0, 1], "y": [0, None, 1]})
        >>> data = Decisions.from_frame(frame, outcome="y", decision="t", features=["x"])
        >>> data.fingerprint == data.part(data.rows >= 0).fingerprint
        True
        """
        digest = hashlib.sha256("\0".join(self.features).encode())
        seen = (
            self.matrix,
            self.decision,
            self.outcome,
            self.weights,
            *(self.reference or ()),
        )
        for array in seen:
            digest.update(np.ascontiguousarray(array).tobytes())
        deciders = (
            () if self.decider is None else [self.deciders[who] for who in self.decider]
        )
        digest.update("\0".join(deciders).encode())
        return digest.hexdigest()

    def __repr__(self) -> str:
        return described(self)

    def _repr_html_(self) -> str:
        return html_card(type(self).__name__, self.facts())

    def __len__(self) -> int:
        return len(self.decision)

    def with_second_study(self, decision: np.ndarray, outcome: np.ndarray) -> Decisions:
        """Return these people, and behind them the same again with other decisions and outcomes.

        Parameters
        ----------
        decision : bool array (N,)
        outcome : array (N,)
            As in the attribute `outcome`.

        Examples
        --------
        >>> frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "t": [1, 0, 1], "y": [0, None, 1]})
        >>> data = Decisions.from_frame(frame, outcome="y", decision="t", features=["x"])
        >>> data.with_second_study(np.array([True, True, False]), np.array([1, 0, -1])).decision
        array([ True, False,  True,  True,  True, False])
        """
        twice = np.tile(np.arange(len(self)), 2)
        second = outcome.astype(self.outcome.dtype)
        return replace(
            self,
            matrix=frozen(self.matrix[twice]),
            decision=frozen(np.concatenate([self.decision, decision])),
            outcome=frozen(np.concatenate([self.outcome, second])),
            weights=frozen(self.weights[twice]),
            decider=None if self.decider is None else frozen(self.decider[twice]),
            withheld=None,
            rows=frozen(np.arange(len(twice))),
            source=self.source.iloc[twice].reset_index(drop=True),
        )

    def columns_of(self, feature: str) -> tuple[int, ...]:
        """Return positions of the columns of a feature, formula term or formula variable.

        Raises
        ------
        DataError
            If there is no such feature.

        Examples
        --------
        >>> frame = pd.DataFrame({"job": ["a", "b", "c"], "t": [1, 0, 1], "y": [0, None, 1]})
        >>> data = Decisions.from_frame(frame, outcome="y", decision="t", features=["job"])
        >>> data.columns_of("job")
        (0, 1)
        """
        if feature not in self.design.terms:
            raise unknown(feature, self.design.terms, "feature")
        return self.design.terms[feature]

    def feature_mask(self, features: Sequence[str]) -> np.ndarray:
        """Return which columns belong to some features, bool (D,).

        Examples
        --------
        >>> frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "t": [1, 0, 1], "y": [0, None, 1]})
        >>> data = Decisions.from_frame(frame, outcome="y", decision="t", features=["x"])
        >>> data.feature_mask(["x"])
        array([ True])
        """
        columns = [
            column for feature in features for column in self.columns_of(feature)
        ]
        return np.isin(np.arange(len(self.features)), columns)

    def at(self, frame: Frame) -> People:
        """Return other people in the same coding, to predict for.

        Parameters
        ----------
        frame
            Every feature of each person; the column of the decider where there is one.

        Raises
        ------
        DataError
            If a feature is missing, or a level or decider was never seen.

        Examples
        --------
        >>> frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "t": [1, 0, 1], "y": [0, None, 1]})
        >>> data = Decisions.from_frame(frame, outcome="y", decision="t", features=["x"])
        >>> data.at(pd.DataFrame({"x": [2.0]})).matrix
        array([[0.]])
        """
        column = self.arguments["decider"]
        known = list(self.design.variables)
        others = [] if column is None else [column]
        table = read(
            frame, known, optional=others, labels=[*self.design.levels, *others]
        )
        gaps = missing_rows(table)
        if gaps:
            where = "; ".join(
                f"column {name!r} is missing in {some(np.flatnonzero(mask))}"
                for name, mask in gaps.items()
            )
            raise DataError(f"A prediction needs every feature of everybody: {where}.")
        matrix = self.design.matrix(table[known])
        decider = (
            positions(table[column], self.deciders, "decider")
            if column in table
            else None
        )
        return People(
            matrix=matrix,
            weights=np.ones(len(matrix)),
            rows=np.arange(len(matrix)),
            decider=decider,
        )

    def people(self, mask: np.ndarray | None = None) -> People:
        """Return the people of all rows, or of those of a mask (N,).

        Examples
        --------
        >>> frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "t": [1, 0, 1], "y": [0, None, 1]})
        >>> data = Decisions.from_frame(frame, outcome="y", decision="t", features=["x"])
        >>> data.people(~data.decision).rows
        array([1])
        """
        chosen = np.flatnonzero(np.ones(len(self), bool) if mask is None else mask)
        decider = None if self.decider is None else self.decider[chosen]
        return People(
            matrix=self.matrix[chosen],
            weights=self.weights[chosen],
            rows=self.rows[chosen],
            decider=decider,
        )

    def part(self, mask: np.ndarray) -> Decisions:
        """Return the decisions about some people, by a mask (N,).

        The part keeps the coding and the deciders of all rows, and drops a reference population.

        Examples
        --------
        >>> frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "t": [1, 0, 1], "y": [0, None, 1]})
        >>> data = Decisions.from_frame(frame, outcome="y", decision="t", features=["x"])
        >>> data.part(data.rows > 0).outcome
        array([-1,  1], dtype=int8)
        """
        chosen = np.flatnonzero(mask)
        values = {
            name: getattr(self, name)
            for name in (
                "matrix",
                "decision",
                "outcome",
                "weights",
                "rows",
                "decider",
                "withheld",
            )
        }
        arrays: dict[str, Any] = {
            name: None if value is None else frozen(value[chosen])
            for name, value in values.items()
        }
        source = self.source.iloc[chosen].reset_index(drop=True)
        return replace(self, **arrays, source=source, reference=None)

    def groups(self, by: Groups) -> pd.Categorical[Any]:
        """Return the group of each row.

        Parameters
        ----------
        by : str or sequence
            A column of the study, in quarters where it has many numbers; or a label for each row of
            the frame that was read.

        Examples
        --------
        >>> frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "t": [1, 0, 1], "y": [0, None, 1]})
        >>> data = Decisions.from_frame(frame, outcome="y", decision="t", features=["x"])
        >>> list(data.groups(["old", "young", "old"]))
        ['old', 'young', 'old']
        """
        return groups_of(self.source, by, self.origin, self.rows)

    def score(self, score: Score) -> tuple[str, np.ndarray]:
        """Return the name of a score and its value for each row.

        Parameters
        ----------
        score : str or sequence of numbers
            A numeric column of the study, a feature or one of `keep`; or a number for each row of
            the frame that was read, in its order or, as a pandas Series, by its index.

        Returns
        -------
        name : str
            A column's, or "score" with a hash of its values.
        values : array (N,)

        Raises
        ------
        DataError
            If there is no such column, it is text, or numbers are missing.

        Examples
        --------
        >>> frame = pd.DataFrame(
        ...     {"x": [1.0, 2.0, 3.0], "t": [1, 0, 1], "y": [0, None, 1], "s": [0.1, 0.2, 0.9]}
        ... )
        >>> data = Decisions.from_frame(
        ...     frame, outcome="y", decision="t", features=["x"], keep=["s"]
        ... )
        >>> data.score("s")
        ('s', array([0.1, 0.2, 0.9]))
        """
        if not isinstance(score, str):
            values = self.origin.numbers(score, self.rows)
            digest = hashlib.sha256(values.tobytes()).hexdigest()[:6]
            return f"score {digest}", values
        known = [*self.design.variables, *self.kept_columns]
        if score not in known:
            raise unknown(score, known, "feature or column of `keep`")
        column = self.source[score]
        if isinstance(column.dtype, pd.CategoricalDtype):
            raise DataError(
                f"Expected the score {score!r} as numbers, the higher the more likely the outcome; "
                f"got text. Recode it, e.g. `(frame[{score!r}] == 'positive').astype(int)`."
            )
        return score, column.to_numpy(float)

    @property
    def kept_columns(self) -> tuple[str, ...]:
        """Columns kept for questions; the model uses those that are features too.

        Examples
        --------
        >>> frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "t": [1, 0, 1], "y": [0, None, 1]})
        >>> data = Decisions.from_frame(frame, outcome="y", decision="t", features=["x"])
        >>> data.kept_columns
        ()
        """
        return tuple(self.arguments["keep"])

    def population_by(self, by: Groups) -> dict[str, Decisions]:
        """Return the data of each group of the population, by its label.

        With a reference population, only a categorical feature can define the groups: nothing but
        the features of its people is known.

        Raises
        ------
        DataError
            If there is a reference population, and `by` is no categorical feature.

        Examples
        --------
        >>> frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "t": [1, 0, 1], "y": [0, None, 1]})
        >>> data = Decisions.from_frame(frame, outcome="y", decision="t", features=["x"])
        >>> {group: len(part) for group, part in data.population_by(["a", "b", "a"]).items()}
        {'a': 2, 'b': 1}
        """
        if self.reference is None:
            labels = self.groups(by)
            return {
                group: self.part(np.asarray(labels == group))
                for group in labels.categories
            }
        if (
            not isinstance(by, str)
            or by not in self.design.levels
            or self.design.spec is not None
        ):
            known = ", ".join(map(repr, self.design.levels)) or "of which there is none"
            raise DataError(
                "This answer is about the reference population, of which only the features are "
                f"known: expected `by` as a categorical feature, {known}; got {by!r}. Groups of "
                "the study have `effect('risk', by=...)`."
            )
        matrix, weights = self.reference
        levels, codes = self.levels_of(by, matrix)
        return {
            level: replace(
                self,
                reference=(frozen(matrix[codes == g]), frozen(weights[codes == g])),
            )
            for g, level in enumerate(levels)
            if (codes == g).any()
        }

    def levels_of(
        self, feature: str, matrix: np.ndarray
    ) -> tuple[tuple[str, ...], np.ndarray]:
        """Return the levels of a categorical feature, and each row's position among them.

        Parameters
        ----------
        feature : str
        matrix : array (M, D)
            Coded features.

        Raises
        ------
        DataError
            If the feature is not there or not categorical.

        Examples
        --------
        >>> frame = pd.DataFrame({"job": ["a", "b", "c"], "t": [1, 0, 1], "y": [0, None, 1]})
        >>> data = Decisions.from_frame(frame, outcome="y", decision="t", features=["job"])
        >>> data.levels_of("job", data.matrix)
        (('a', 'b', 'c'), array([0, 1, 2]))
        """
        if feature not in self.design.variables:
            raise unknown(feature, self.design.variables, "feature")
        if feature not in self.design.levels or self.design.spec is not None:
            raise DataError(
                f"Expected {feature!r} as a categorical feature in `features=[...]`; make it text "
                "or a category, and give no formula."
            )
        indicators = matrix[:, list(self.columns_of(feature))]
        codes = np.where(indicators.any(axis=1), indicators.argmax(axis=1) + 1, 0)
        return self.design.levels[feature], codes

    def with_reference(self, frame: Frame, *, weights: str | None = None) -> Decisions:
        """Return the same decisions, with the population whose prevalence is known.

        Averages over everybody are then over these people; the outcomes stay those of the rows.

        Parameters
        ----------
        frame
            A survey, a register, or a table of cells with counts: every feature of each person.
        weights : str, optional
            A column: people that each row stands for.

        Examples
        --------
        >>> frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "t": [1, 0, 1], "y": [0, None, 1]})
        >>> data = Decisions.from_frame(frame, outcome="y", decision="t", features=["x"])
        >>> register = pd.DataFrame({"x": [1.0, 3.0], "count": [900, 100]})
        >>> data.with_reference(register, weights="count").population.weights
        array([1.8, 0.2])
        """
        people = self.at(frame)
        counts = people.weights
        if weights is not None:
            table = read(frame, [column_name("weights", weights)])
            refuse_incomplete(missing_rows(table))
            counts = weights_of(table, weights)
        if not len(people):
            raise DataError(
                "Expected at least one person in the reference population, got no rows."
            )
        return replace(self, reference=(frozen(people.matrix), frozen(counts)))

    @property
    def population(self) -> People:
        """Everybody: the reference population, or the people of these rows.

        Examples
        --------
        >>> frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "t": [1, 0, 1], "y": [0, None, 1]})
        >>> data = Decisions.from_frame(frame, outcome="y", decision="t", features=["x"])
        >>> len(data.population)
        3
        """
        if self.reference is None:
            return self.people()
        matrix, weights = self.reference
        return People(matrix=matrix, weights=weights, rows=np.arange(len(matrix)))

    def facts(self) -> dict[str, str]:
        """Return the facts about the data that a report shows.

        Examples
        --------
        >>> frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "t": [1, 0, 1], "y": [0, None, 1]})
        >>> data = Decisions.from_frame(frame, outcome="y", decision="t", features=["x"])
        >>> data.facts()["Decided for"]
        "2 (66.7%), by column 't'"
        """
        seen = self.outcome[self.decision]
        name = self.arguments["outcome"]
        decision = self._by_column(self.arguments["decision"])
        decided = f"{self.decision.sum():,} ({self.tested:.1%})"
        positive = (seen == 1).sum()
        facts = {
            "People": f"{len(self):,}",
            "Decided for": f"{decided}{decision}",
        }
        if self.binary:
            share = f"{positive:,} ({positive / len(seen):.2%})"
            facts["Positive among them"] = f"{share}{self._by_column(name)}"
        else:
            moments = f"mean {seen.mean():.4g}, standard deviation {seen.std():.4g}"
            words = self.wording
            outcome = words.described(name) if words else f"column '{name}'"
            facts["Outcome among them"] = f"{outcome}, {moments}"
        facts |= {
            "Features": self._features_in_words(),
            "Columns of the model": ", ".join(self.features),
            "Weights": self.arguments["weights"] or "none: everybody counts the same",
            "Rows dropped": ", ".join(
                f"{count:,} without '{name}'" for name, count in self.dropped.items()
            )
            or "none",
        }
        if self.kept_columns:
            facts["Kept for questions"] = ", ".join(self.kept_columns)
        if self.reference is not None:
            facts["Reference population"] = (
                f"{len(self.reference[1]):,} rows, in place of these for the prevalence"
            )
        if self.decider is not None:
            facts["Deciders"] = f"{len(self.deciders):,}"
        if self.withheld is not None:
            known = int(np.isfinite(self.withheld).sum())
            facts["Outcomes withheld"] = (
                f"{known:,}: known, not shown to the model, used to score it"
            )
        return facts

    def _by_column(self, column: str) -> str:
        """Return the words of the column that a count is made by, or its name."""
        words = self.wording
        return f": {words.described(column)}" if words else f", by column '{column}'"

    def _features_in_words(self) -> str:
        words = self.wording
        named = ", ".join(map(words.described, self.design.variables))
        formula = self.arguments["formula"]
        if formula is None:
            return named
        return f"{formula}: {named}" if words else formula


def _outcome(result: np.ndarray, decided: np.ndarray, kind: str) -> np.ndarray:
    """Return outcomes as a model sees them: -1 or, continuous, NaN for those not decided for."""
    if kind == "binary":
        return np.where(decided, np.nan_to_num(result), UNSEEN).astype(np.int8)
    return np.where(decided, result, np.nan)


def _refuse_shared_columns(
    inputs: Sequence[str], roles: Mapping[str, str | None]
) -> None:
    seen: dict[str, str] = dict.fromkeys(inputs, "a feature or one of `keep`")
    for role, name in roles.items():
        if name is None:
            continue
        if name in seen:
            raise DataError(
                f"Column {name!r} is named as {role} and as {seen[name]}; expected a column of its "
                "own."
            )
        seen[name] = role


def _gaps(
    table: pd.DataFrame, outcome: str, decision: str, missing: str
) -> dict[str, np.ndarray]:
    """Return where rows lack something, bool arrays by column; refuse them unless dropped.

    Parameters
    ----------
    table : DataFrame
    outcome, decision : str
        Columns; the outcome may be missing where the decision is 0.
    missing : "error" or "drop"
    """
    gaps = missing_rows(table.drop(columns=outcome, errors="ignore"))
    if outcome in table and decision in table:
        lost = table[outcome].isna().to_numpy() & (table[decision] == 1).to_numpy()
        if lost.any():
            gaps[outcome] = lost
    if gaps and missing == "error":
        raise DataError(_missing_message(gaps, outcome, decision))
    return gaps


def _missing_message(
    gaps: Mapping[str, np.ndarray], outcome: str, decision: str
) -> str:
    parts = []
    for name, mask in gaps.items():
        where = f" although decision {decision!r} is 1" if name == outcome else ""
        parts.append(
            f"column {name!r} is missing{where} in {some(np.flatnonzero(mask))}"
        )
    return (
        f"Expected complete rows: {'; '.join(parts)}. Impute or repair them, or say "
        '`missing="drop"` to leave those rows out; the report then says how many.'
    )


def _refuse_nobody(decided: np.ndarray, decision: str) -> None:
    if not decided.any():
        raise DataError(
            f"Nobody was decided for ({decision!r} is 0 in every row): no outcome was ever seen, "
            "and nothing can be learned about risk from these data. The prevalence is all "
            "there is."
        )
