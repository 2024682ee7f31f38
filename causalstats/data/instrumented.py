"""Data of an instrumental-variables design: outcome, treatments, instruments and covariates."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy import linalg

from causalstats.core.argument_validation import shown
from causalstats.core.html_card import html_card
from causalstats.core.wording import Wording
from causalstats.data.column_roles import (
    recoding_of_text,
    refuse_out_of_scale,
    refuse_weights,
    text_that_is_no_number,
    weights_of,
)
from causalstats.data.column_words import (
    column_words,
    refuse_unknown_levels,
    wording,
)
from causalstats.data.columns import (
    as_frame,
    choice,
    column_name,
    column_names,
    described,
    frozen,
    kept,
    missing_rows,
    read,
    read_only,
    refuse_incomplete,
    together,
    unknown,
)
from causalstats.data.feature_coding import Design, design
from causalstats.data.formulas import formula_labels, formula_variables
from causalstats.data.labels import label
from causalstats.data.memory_mapping import release
from causalstats.data.out_of_core import row_blocks, spooled_rows, stored
from causalstats.errors import DataError
from causalstats.numerics.instruments.moments import (
    InstrumentMoments,
    instrument_moments,
    orthonormal_basis,
    partialled_out,
    rank_of_held,
)
from causalstats.numerics.instruments.moments_in_blocks import (
    DesignRows,
    instrument_moments_in_blocks,
    largest_leverage,
)
from causalstats.numerics.panel.absorbed_effects import absorbed_rank

if TYPE_CHECKING:
    from collections.abc import Iterator

    from narwhals.typing import IntoLazyFrame

    from causalstats.core.argument_types import Frame

_ROWS_OF_A_BLOCK = 250_000
_MOST_ROWS_AT_ONCE = 1_000_000  # more are read in blocks
_EXPLAINED = 1e-10  # the share that instruments leave of a treatment: less is rounding
_FEWEST_DEGREES = 5  # rows left beyond instruments and covariates
_COLLINEAR = (
    1e-10  # the least eigenvalue of correlations of treatments: less is rounding
)
_LARGEST_EXACT = 2.0**53  # whole numbers up to this are floats as well
_CONSTANT = 1e-12  # of a column's variance: as little as this is rounding
_CATEGORIES = re.compile(r"C\(\s*([^()]+?)\s*\)").fullmatch


@dataclass(frozen=True, eq=False, kw_only=True)
class Instrumented:
    """One row an individual: outcome, treatment, instruments, and covariates that are held fixed.

    An instrument moves the treatment, and the outcome only through it. There may be several
    treatments (endogenous regressors), with as many instruments at least. Made by
    `Instrumented.from_frame` or `Instrumented.from_formula`, or by `Instrumented.from_chunks` where
    they are larger than memory. Arrays are read-only.

    Attributes
    ----------
    outcome : array (n,)
    treatment : array (n,), or (n, q) of several
    instruments : array (n, p)
        Coded instruments: a 0/1 column for every level of text but the first.
    covariates : array (n, w)
        Coded covariates, without a constant.
    weights : array (n,)
        Sampling weights with mean 1.
    cluster : int array (n,) or None
        Positions in `clusters`.
    clusters : tuple of str
    fixed_effects : tuple of int arrays (n,)
        Codes of the levels of each factor that is partialled out.
    rows : int array (n,)
        Row numbers in the frame, counted from 0.
    dropped : mapping of column name to the number of rows dropped because it was missing
    source : DataFrame
        The columns that were read.
    original : array (n, q) or None
        Treatments before an augmentation, whose changes are the instruments.

    Examples
    --------
    >>> frame = pd.DataFrame(
    ...     {
    ...         "wage": [1.2, 2.0, 1.7, 2.9, 2.2, 1.1, 2.8, 1.9],
    ...         "school": [10.0, 12.0, 12.0, 16.0, 13.0, 9.0, 15.0, 12.0],
    ...         "near": [0, 1, 0, 1, 1, 0, 1, 0],
    ...     }
    ... )
    >>> data = Instrumented.from_formula("wage ~ 1 | school ~ near", frame)
    >>> data
    Instrumented
      Rows: 8
      Outcome: wage
      Treatment: school
      Instruments: near
      Covariates: none
      Clusters: none: rows are independent
      Weights: none
      Rows dropped: none
    """

    outcome: np.ndarray
    treatment: np.ndarray
    instruments: np.ndarray
    covariates: np.ndarray
    instrument_design: Design | None
    covariate_design: Design | None
    weights: np.ndarray
    cluster: np.ndarray | None
    clusters: tuple[str, ...]
    fixed_effects: tuple[np.ndarray, ...]
    rows: np.ndarray
    dropped: Mapping[str, int]
    source: pd.DataFrame
    arguments: Mapping[str, Any]
    original: np.ndarray | None = None

    @classmethod
    def from_frame(
        cls,
        frame: Frame,
        *,
        outcome: str,
        treatment: str | Sequence[str],
        instruments: Sequence[str] = (),
        original: Sequence[str] = (),
        covariates: Sequence[str] = (),
        covariate_formula: str | None = None,
        fixed_effects: Sequence[str] = (),
        weights: str | None = None,
        cluster: str | None = None,
        missing: Literal["error", "drop"] = "error",
        labels: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
    ) -> Instrumented:
        """Read a pandas, polars or pyarrow frame, which is left as it is.

        Parameters
        ----------
        frame
            One row an individual.
        outcome : str
            A column of numbers, or True/False.
        treatment : str or list of str
            One such column, or several treatments that share causes with the outcome.
        instruments : list of str
            Columns of numbers, text or categories, as many as treatments at least. "C(judge)" reads
            the numbers of a column as categories: a 0/1 column for every level but the first.
        original : list of str
            In place of instruments, for a designed first stage: the treatments before an
            augmentation that is known to leave the outcome as it is, in the order of `treatment`.
        covariates : list of str
            Columns of numbers, text or categories that affect instrument and outcome.
        covariate_formula : str, optional
            Instead of `covariates`: a one-sided formula, such as "age + I(age**2) + C(region)".
        fixed_effects : list of str
            Columns of labels, such as the unit and the year of a panel: a constant for every level
            of each is partialled out (the within transformation). Rows are clustered by the first
            of them unless `cluster` is given.
        weights : str, optional
            Positive numbers, how many of the population a row stands for.
        cluster : str, optional
            A column of labels: rows with the same label may depend on each other.
        missing : "error" or "drop"
            Treatment of rows that have missing values.
        labels : mapping of column, or of "column=level", to str, optional
            The reader's words for columns, used in sentences, tables and figures.
        units : mapping of column to str, optional
            Units of columns. One that begins with "log " declares natural logarithms: effects are
            then shown in per cent.

        Returns
        -------
        Instrumented

        Raises
        ------
        DataError
            If a column is not there, not of its kind or has two roles; if rows have missing values
            and `missing` is "error"; if there are fewer instruments than treatments; or if
            covariates determine the outcome, a treatment or an instrument, treatments determine
            each other, instruments determine a treatment, or there are too few rows.

        Examples
        --------
        >>> rng = np.random.default_rng(1)
        >>> frame = pd.DataFrame(rng.standard_normal((20, 3)), columns=["y", "t", "z"])
        >>> data = Instrumented.from_frame(frame, outcome="y", treatment="t", instruments=["z"])
        >>> data.instruments.shape, data.covariates.shape
        ((20, 1), (20, 0))
        """
        roles = _Roles.checked(
            outcome=outcome,
            treatment=treatment,
            instruments=instruments,
            original=original,
            covariates=covariates,
            covariate_formula=covariate_formula,
            fixed_effects=fixed_effects,
            weights=weights,
            cluster=cluster,
            columns=as_frame(frame).columns,
        )
        choice("missing", missing, ("error", "drop"))
        words = column_words(labels, units, roles.worded)
        table = read(
            frame, roles.columns, labels=roles.labels, checks=roles.checks(missing)
        )
        refuse_unknown_levels(words, table)
        gaps = missing_rows(table)
        table, rows = kept(table, gaps)
        dropped = {name: int(mask.sum()) for name, mask in gaps.items()}
        arguments = {**roles.arguments, "missing": missing, **words}

        def matrix(coding: Design) -> np.ndarray:
            return frozen(coding.matrix(table[list(coding.variables)], rows))

        return _assembled(
            roles, table, frozen(rows), dropped, arguments, matrix, frozen
        )

    @classmethod
    def from_chunks(
        cls,
        source: Frame | IntoLazyFrame | str | Path | Iterable[Frame],
        *,
        outcome: str,
        treatment: str | Sequence[str],
        instruments: Sequence[str],
        covariates: Sequence[str] = (),
        fixed_effects: Sequence[str] = (),
        weights: str | None = None,
        cluster: str | None = None,
        missing: Literal["error", "drop"] = "error",
        folder: str | Path | None = None,
        labels: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
    ) -> Instrumented:
        """Read data larger than memory in chunks (out of core).

        The data, and every answer, are those of `from_frame`. Columns are kept in temporary files
        until the data are no longer used, and cross-products are summed over blocks of rows. With
        fixed effects, columns are held in memory all the same.

        Parameters
        ----------
        source
            A parquet file or a folder of them (which needs pyarrow), a Polars or Dask lazy frame,
            or any iterable of frames, read once.
        outcome, treatment, instruments, covariates, fixed_effects, weights, cluster, missing
            As in `from_frame`.
        folder : str or Path, optional
            The folder of the temporary files, 8 bytes a number; the system's temporary folder
            unless given.
        labels, units
            As in `from_frame`.

        Raises
        ------
        DataError
            As in `from_frame`, and if the columns of a chunk are not those of the first.

        Examples
        --------
        >>> rng = np.random.default_rng(1)
        >>> frame = pd.DataFrame(rng.standard_normal((20, 3)), columns=["y", "t", "z"])
        >>> roles = {"outcome": "y", "treatment": "t", "instruments": ["z"]}
        >>> data = Instrumented.from_chunks([frame[:9], frame[9:]], **roles)
        >>> data.fingerprint == Instrumented.from_frame(frame, **roles).fingerprint
        True
        """
        roles = _Roles.checked(
            outcome=outcome,
            treatment=treatment,
            instruments=instruments,
            original=(),
            covariates=covariates,
            covariate_formula=None,
            fixed_effects=fixed_effects,
            weights=weights,
            cluster=cluster,
        )
        choice("missing", missing, ("error", "drop"))
        words = column_words(labels, units, roles.worded)
        spool = spooled_rows(source, roles.columns, roles.labels, missing, folder)
        refuse_unknown_levels(words, spool.table)
        together(
            *(partial(check, spool.table) for _, check in roles.checks(missing)[:-1])
        )
        arguments = {**roles.arguments, "missing": missing, **words}

        def matrix(coding: Design) -> np.ndarray:
            table = spool.table[list(coding.variables)]
            rows = spool.rows
            blocks = (
                coding.matrix(table.iloc[part], rows[part])
                for part in _parts(len(rows))
            )
            return read_only(stored(blocks, len(coding.columns), folder))

        return _assembled(
            roles,
            spool.table,
            spool.rows,
            spool.dropped,
            arguments,
            matrix,
            read_only,
        )

    @classmethod
    def from_formula(
        cls,
        formula: str,
        frame: Frame,
        *,
        weights: str | None = None,
        cluster: str | None = None,
        missing: Literal["error", "drop"] = "error",
        labels: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
    ) -> Instrumented:
        """Read a frame by a formula, "outcome ~ covariates | treatment ~ instruments".

        Parameters
        ----------
        formula : str
            As users of fixest and ivreg write it, "lwage ~ exper + I(exper**2) | educ ~ near", with
            1 for no covariates; with fixed effects between the two, "lwage ~ exper | person + year
            | educ ~ near"; with several treatments, "lwage ~ age | educ + exper ~ near + birth".
            Treatments and fixed effects are columns; so are instruments, or "C(judge)" for numbers
            that are read as categories.
        frame
            As in `from_frame`.
        weights, cluster, missing, labels, units
            As in `from_frame`.

        Raises
        ------
        DataError
            If the formula is not of this form, and as in `from_frame`.

        Examples
        --------
        >>> rng = np.random.default_rng(1)
        >>> frame = pd.DataFrame(rng.standard_normal((20, 4)), columns=["y", "t", "z", "x"])
        >>> Instrumented.from_formula("y ~ x + I(x**2) | t ~ z", frame).covariates.shape
        (20, 2)
        >>> frame["unit"] = np.repeat(list("abcde"), 4)
        >>> Instrumented.from_formula("y ~ x | unit | t ~ z", frame).clusters
        ('a', 'b', 'c', 'd', 'e')
        """
        parts = [part.split("~") for part in str(formula).split("|")]
        of_this_form = [len(part) for part in parts] in ([2, 2], [2, 1, 2])
        if not of_this_form or not parts[0][1].strip():
            raise DataError(
                'Expected "outcome ~ covariates | treatment ~ instruments", got '
                f"{shown(formula)}. "
                'Without covariates, write "outcome ~ 1 | treatment ~ instruments"; with fixed '
                'effects, "outcome ~ covariates | unit + year | treatment ~ instruments".'
            )
        (outcome, held), *middle, (treatment, instruments) = parts
        held = held.strip()
        moving = [name for name in _summands(instruments) if not _CATEGORIES(name)]
        names = (outcome.strip(), *_summands(treatment), *moving)
        _refuse_expressions(names, as_frame(frame).columns)
        return cls.from_frame(
            frame,
            outcome=outcome.strip(),
            treatment=_summands(treatment),
            instruments=_summands(instruments),
            covariate_formula=None if held == "1" else held,
            fixed_effects=_summands(middle[0][0]) if middle else [],
            weights=weights,
            cluster=cluster,
            missing=missing,
            labels=labels,
            units=units,
        )

    def __len__(self) -> int:
        return len(self.outcome)

    def __repr__(self) -> str:
        return described(self)

    def _repr_html_(self) -> str:
        return html_card(type(self).__name__, self.facts())

    @property
    def wording(self) -> Wording:
        """Labels and units of the columns."""
        return wording(self.arguments)

    @property
    def treatments(self) -> tuple[str, ...]:
        """The names of the treatments.

        Examples
        --------
        >>> rng = np.random.default_rng(1)
        >>> frame = pd.DataFrame(rng.standard_normal((20, 3)), columns=["y", "t", "z"])
        >>> Instrumented.from_formula("y ~ 1 | t ~ z", frame).treatments
        ('t',)
        """
        named = self.arguments["treatment"]
        return (named,) if isinstance(named, str) else tuple(named)

    @property
    def instrument_columns(self) -> tuple[str, ...]:
        """Labels of the columns of `instruments`.

        Examples
        --------
        >>> rng = np.random.default_rng(1)
        >>> frame = pd.DataFrame(rng.standard_normal((20, 3)), columns=["y", "t", "z"])
        >>> Instrumented.from_formula("y ~ 1 | t ~ z", frame).instrument_columns
        ('z',)
        """
        if self.instrument_design is None:
            return tuple(f"change of {name}" for name in self.treatments)
        return self.instrument_design.columns

    def instrument_positions(self, names: Sequence[str]) -> tuple[int, ...]:
        """Return positions in `instrument_columns` of some instruments.

        Parameters
        ----------
        names : sequence of str
            Columns of the frame, or labels of coded columns.

        Raises
        ------
        DataError
            If there is no such instrument.

        Examples
        --------
        >>> rng = np.random.default_rng(1)
        >>> frame = pd.DataFrame(rng.standard_normal((20, 3)), columns=["y", "t", "z"])
        >>> Instrumented.from_formula("y ~ 1 | t ~ z", frame).instrument_positions(["z"])
        (0,)
        """
        positions: list[int] = []
        coding = self.instrument_design
        terms = {} if coding is None else coding.terms
        for name in names:
            if name in self.instrument_columns:
                positions.append(self.instrument_columns.index(name))
            elif name in terms:
                positions += terms[name]
            else:
                raise unknown(name, terms or self.instrument_columns, "instrument")
        return tuple(positions)

    @cached_property
    def moments(self) -> InstrumentMoments:
        """Cross-products of outcome, treatment and instruments, with the covariates partialled out.

        Examples
        --------
        >>> rng = np.random.default_rng(1)
        >>> frame = pd.DataFrame(rng.standard_normal((20, 3)), columns=["y", "t", "z"])
        >>> Instrumented.from_formula("y ~ 1 | t ~ z", frame).moments.degrees
        18
        """
        return self.moments_with(())

    def moments_with(self, direct: Sequence[str]) -> InstrumentMoments:
        """Return the cross-products, with columns of the instruments that have direct effects.

        Parameters
        ----------
        direct : sequence of str
            Instruments that may affect the outcome other than through the treatment.

        Examples
        --------
        >>> rng = np.random.default_rng(1)
        >>> frame = pd.DataFrame(rng.standard_normal((20, 3)), columns=["y", "t", "z"])
        >>> data = Instrumented.from_formula("y ~ 1 | t ~ z", frame)
        >>> data.moments_with(["z"]).products.shape
        (3, 3)
        """
        if self._in_blocks:
            return instrument_moments_in_blocks(
                self._blocks,
                self.covariates.shape[1],
                clusters=None if self.cluster is None else len(self.clusters),
                direct=self.instrument_positions(direct),
                treatments=len(self.treatments),
            )
        return instrument_moments(
            self.outcome,
            self.treatment,
            self.instruments,
            self.covariates,
            weights=self._row_weights,
            cluster=self.cluster,
            direct=self.instrument_positions(direct),
            factors=self.fixed_effects,
        )

    @property
    def _in_blocks(self) -> bool:
        return len(self) > _MOST_ROWS_AT_ONCE and not self.fixed_effects

    def _blocks(self) -> Iterator[DesignRows]:
        """Yield the rows in blocks, with outcome, treatments and instruments about their means."""
        named = {
            "outcome": self.outcome,
            "treatment": self.treatment,
            "instruments": self.instruments,
            "covariates": self.covariates,
            "weights": self._row_weights,
            "cluster": self.cluster,
        }
        given = {name: each for name, each in named.items() if each is not None}
        means = self._means
        for arrays in row_blocks(list(given.values()), _ROWS_OF_A_BLOCK // 5):
            rows = dict(zip(given, arrays, strict=True))
            about = {name: rows[name] - mean for name, mean in means.items()}
            yield DesignRows(**{**rows, **about})

    @cached_property
    def _means(self) -> dict[str, np.ndarray]:
        """The means of outcome, treatments and instruments: far from 0, squares lose digits."""
        columns = {
            "outcome": self.outcome,
            "treatment": self.treatment,
            "instruments": self.instruments,
        }
        means = {name: values.mean(axis=0) for name, values in columns.items()}
        for values in columns.values():
            release(values)
        return means

    def largest_leverage(self) -> float:
        """Return the largest share of the instruments' variation that a row or cluster carries.

        Examples
        --------
        >>> frame = pd.DataFrame({"y": np.arange(10.0) ** 2, "t": np.arange(10.0) % 3})
        >>> frame["z"] = np.arange(10) % 2
        >>> data = Instrumented.from_formula("y ~ 1 | t ~ z", frame)
        >>> round(data.largest_leverage(), 3)
        0.1
        """
        count = None if self.cluster is None else len(self.clusters)
        if not self.fixed_effects:
            return largest_leverage(
                self._blocks,
                self.covariates.shape[1],
                count,
                treatments=len(self.treatments),
            )
        basis = orthonormal_basis(self.partialled_out(self.instruments))
        shares = (basis**2).sum(axis=1)
        if self.cluster is not None:
            shares = np.bincount(self.cluster, shares)
        return float(shares.max())

    def with_second_study(
        self, outcome: np.ndarray, treatment: np.ndarray
    ) -> Instrumented:
        """Return these rows, and behind them the same again with other outcomes and treatments.

        Parameters
        ----------
        outcome, treatment : arrays
            In the shapes of the attributes.

        Examples
        --------
        >>> rng = np.random.default_rng(1)
        >>> frame = pd.DataFrame(rng.standard_normal((20, 3)), columns=["y", "t", "z"])
        >>> data = Instrumented.from_formula("y ~ 1 | t ~ z", frame)
        >>> len(data.with_second_study(data.outcome, data.treatment))
        40
        """
        twice = np.tile(np.arange(len(self)), 2)
        return replace(
            self,
            outcome=np.concatenate([self.outcome, outcome]),
            treatment=np.concatenate([self.treatment, treatment]),
            instruments=self.instruments[twice],
            covariates=self.covariates[twice],
            weights=self.weights[twice],
            fixed_effects=tuple(codes[twice] for codes in self.fixed_effects),
            cluster=None if self.cluster is None else self.cluster[twice],
            rows=np.arange(len(twice)),
        )

    def thinned(self, most: int) -> Instrumented:
        """Return evenly spaced rows, at most so many, for checks that need not see all.

        With fixed effects all rows are kept, since few of a unit would be left.

        Parameters
        ----------
        most : int

        Examples
        --------
        >>> rng = np.random.default_rng(1)
        >>> frame = pd.DataFrame(rng.standard_normal((20, 3)), columns=["y", "t", "z"])
        >>> len(Instrumented.from_formula("y ~ 1 | t ~ z", frame).thinned(5))
        5
        """
        step = -(-len(self) // most)
        if step == 1 or self.fixed_effects:
            return self

        def chosen(array: np.ndarray) -> np.ndarray:
            blocks = row_blocks([array], step * _ROWS_OF_A_BLOCK // 10)
            return np.concatenate([part[::step] for (part,) in blocks])

        return replace(
            self,
            outcome=chosen(self.outcome),
            treatment=chosen(self.treatment),
            instruments=chosen(self.instruments),
            covariates=chosen(self.covariates),
            weights=chosen(self.weights),
            cluster=None if self.cluster is None else chosen(self.cluster),
            rows=chosen(self.rows),
            original=None if self.original is None else chosen(self.original),
        )

    @property
    def _row_weights(self) -> np.ndarray | None:
        return None if self.arguments["weights"] is None else self.weights

    @property
    def before_and_after(self) -> np.ndarray:
        """Outcome, treatments, and treatments before an augmentation, side by side.

        Examples
        --------
        >>> rng = np.random.default_rng(1)
        >>> frame = pd.DataFrame(rng.standard_normal((20, 3)), columns=["y", "t", "x"])
        >>> roles = {"outcome": "y", "treatment": "t", "original": ["x"]}
        >>> Instrumented.from_frame(frame, **roles).before_and_after.shape
        (20, 3)
        """
        before = [] if self.original is None else [self.original]
        return np.column_stack([self.outcome, self.treatment, *before])

    @property
    def covariate_rank(self) -> int:
        """Rank of the covariates, the constant and fixed effects.

        Examples
        --------
        >>> rng = np.random.default_rng(1)
        >>> frame = pd.DataFrame(rng.standard_normal((20, 3)), columns=["y", "t", "z"])
        >>> Instrumented.from_formula("y ~ 1 | t ~ z", frame).covariate_rank
        1
        """
        return rank_of_held(
            len(self), self.covariates, self._row_weights, self.fixed_effects
        )

    def partialled_out(self, columns: np.ndarray) -> np.ndarray:
        """Return residuals of columns given covariates, the constant and fixed effects.

        With weights they are multiplied by the square roots of these.

        Parameters
        ----------
        columns : array (n, m)

        Examples
        --------
        >>> rng = np.random.default_rng(1)
        >>> frame = pd.DataFrame(rng.standard_normal((20, 3)), columns=["y", "t", "z"])
        >>> data = Instrumented.from_formula("y ~ 1 | t ~ z", frame)
        >>> data.partialled_out(np.ones((20, 1))).any()
        np.False_
        """
        return partialled_out(
            columns,
            self.covariates,
            weights=self._row_weights,
            factors=self.fixed_effects,
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of everything a model sees.

        Examples
        --------
        >>> rng = np.random.default_rng(1)
        >>> frame = pd.DataFrame(rng.standard_normal((20, 3)), columns=["y", "t", "z"])
        >>> data = Instrumented.from_formula("y ~ 1 | t ~ z", frame)
        >>> len(data.fingerprint)
        64
        """
        digest = hashlib.sha256("\0".join(self.instrument_columns).encode())
        arrays = (
            self.outcome,
            self.treatment,
            self.instruments,
            self.covariates,
            self.weights,
        )
        codes = [] if self.cluster is None else [self.cluster]
        if self.original is not None:
            codes.append(self.original)
        for array in (*arrays, *codes, *self.fixed_effects):
            for (part,) in row_blocks([array]):
                digest.update(np.ascontiguousarray(part))
        return digest.hexdigest()

    def facts(self) -> dict[str, str]:
        """Return the facts about the data that a report shows.

        Examples
        --------
        >>> rng = np.random.default_rng(1)
        >>> frame = pd.DataFrame(rng.standard_normal((20, 3)), columns=["y", "t", "z"])
        >>> Instrumented.from_formula("y ~ 1 | t ~ z", frame).facts()["Instruments"]
        'z'
        """
        given = self.arguments
        words = self.wording
        held = given["covariate_formula"]
        held = held or ", ".join(map(words.described, given["covariates"]))
        cluster = "none: rows are independent"
        factors = given["fixed_effects"]
        if self.cluster is not None:
            cluster = f"{len(self.clusters):,} ({given['cluster'] or factors[0]})"
        levels = [
            f"{words.label(name)} ({int(codes.max()) + 1:,})"
            for name, codes in zip(factors, self.fixed_effects, strict=True)
        ]
        return {
            "Rows": f"{len(self):,}",
            "Outcome": words.described(given["outcome"]),
            "Treatment": ", ".join(map(words.described, self.treatments)),
            "Instruments": ", ".join(map(words.described, self.instrument_columns)),
            "Covariates": held or "none",
            **({"Fixed effects": ", ".join(levels)} if levels else {}),
            "Clusters": cluster,
            "Weights": given["weights"] or "none",
            "Rows dropped": ", ".join(
                f"{count:,} without '{name}'" for name, count in self.dropped.items()
            )
            or "none",
        }


@dataclass(frozen=True, eq=False, kw_only=True)
class _Roles:
    """Names of columns by role.

    Attributes
    ----------
    arguments : mapping of role to what was given, lists copied
    held : tuple of str
        Columns of the covariates, or of their formula.
    categories : tuple of str
        Instruments that are read as categories, whatever they hold.
    """

    arguments: Mapping[str, Any]
    held: tuple[str, ...]
    categories: tuple[str, ...]

    @classmethod
    def checked(cls, **given: Any) -> _Roles:
        """Return roles; refuse names that are none and columns with two roles.

        `columns` are those of the frame where they are known: a column may be named "C(z)".
        """
        outcome = given["outcome"]
        treatments: list[str] = []
        original = column_names("original", given["original"])
        together(
            partial(column_name, "outcome", outcome),
            lambda: treatments.extend(_treatment_names(given["treatment"])),
        )
        named, categories = _instrument_names(
            given["instruments"], given.get("columns", ())
        )
        formula = given["covariate_formula"]
        held = _covariate_names(given["covariates"], formula)
        factors = column_names("fixed_effects", given["fixed_effects"])
        weights = given["weights"]
        for role in ("weights", "cluster"):
            if given[role] is not None:
                column_name(role, given[role])
        _refuse_shared(
            {
                "outcome": [outcome],
                "treatment": treatments,
                "instruments": list(named),
                "original": list(original),
                "covariates": list(held),
                "fixed_effects": list(factors),
                "weights": [] if weights is None else [weights],
            }
        )
        _refuse_clusters_by_numbers(
            given["cluster"], [outcome, *treatments, *original, weights]
        )
        if original:
            _refuse_unpaired(named, original, treatments)
        elif not named:
            raise DataError(
                "Expected at least one instrument, a column that moves the treatment and affects "
                "the outcome only through it; got none."
            )
        arguments = {
            "outcome": outcome,
            "treatment": treatments[0] if len(treatments) == 1 else treatments,
            "instruments": list(named),
            "original": list(original),
            "covariates": [] if formula else list(held),
            "covariate_formula": formula,
            "fixed_effects": list(factors),
            "weights": weights,
            "cluster": given["cluster"],
        }
        return cls(arguments=arguments, held=held, categories=categories)

    def __getitem__(self, role: str) -> Any:
        return self.arguments[role]

    @property
    def treatments(self) -> tuple[str, ...]:
        """Columns of the treatments."""
        return _treatment_names(self["treatment"])

    @property
    def grouped(self) -> str | None:
        """The column of clusters: the first fixed effect unless one is given."""
        factors = self["fixed_effects"]
        return factors[0] if self["cluster"] is None and factors else self["cluster"]

    @property
    def worded(self) -> list[str]:
        """Columns that have words of the reader."""
        return [
            self["outcome"],
            *self.treatments,
            *self["instruments"],
            *self["original"],
            *self.held,
        ]

    @property
    def columns(self) -> list[str]:
        """All columns, each once."""
        optional = [self[role] for role in ("weights", "cluster") if self[role]]
        named = [*self.worded, *self["fixed_effects"], *optional]
        return list(dict.fromkeys(named))

    @property
    def labels(self) -> list[str]:
        """Columns that are read as labels; a cluster that is a covariate too is read as that."""
        formula = self["covariate_formula"]
        categories = list(formula_labels(formula)) if formula else []
        alone = self["cluster"] not in (None, *self["instruments"], *self.held)
        cluster = [self["cluster"]] if alone else []
        return [*categories, *self.categories, *self["fixed_effects"], *cluster]

    def checks(
        self, missing: str
    ) -> list[tuple[Sequence[str], Callable[[pd.DataFrame], Any]]]:
        """Return checks of columns, that of complete rows last."""
        outcome, weights = self["outcome"], self["weights"]
        return [
            ([outcome], partial(_numbers, name=outcome, role="outcome")),
            *(
                ([name], partial(_numbers, name=name, role="treatment"))
                for name in (*self.treatments, *self["original"])
            ),
            *([([weights], partial(refuse_weights, name=weights))] if weights else []),
            ([], lambda table: refuse_incomplete(missing_rows(table), missing)),
        ]


def _assembled(
    roles: _Roles,
    table: pd.DataFrame,
    rows: np.ndarray,
    dropped: Mapping[str, int],
    arguments: Mapping[str, Any],
    matrix: Callable[[Design], np.ndarray],
    keep: Callable[[np.ndarray], np.ndarray],
) -> Instrumented:
    """Return the data of complete rows.

    Parameters
    ----------
    roles : _Roles
    table : DataFrame
    rows : int array (n,)
        Row numbers in the source.
    dropped : mapping of column to the number of rows dropped
    arguments : mapping
        As given by the user.
    matrix : function of a coding
        Returns its columns (n, p) for these rows.
    keep : function of an array
        Returns a read-only copy, or a view of what is on disk.
    """
    named, held = roles["instruments"], roles.held
    instrument_design = None
    if named:
        instrument_design = design(table[named], named, None, False, rows)
    covariate_design = None
    covariates = np.empty((len(table), 0))
    if held:
        formula = roles["covariate_formula"]
        features = None if formula else held
        covariate_design = design(table[list(held)], features, formula, True, rows)
        covariates = matrix(covariate_design)
    codes, clusters = _clusters(table, roles.grouped)
    treatments = [_numbers(table, name, "treatment") for name in roles.treatments]
    one = len(treatments) == 1
    treatment = keep(treatments[0] if one else np.column_stack(treatments))
    original = None
    if instrument_design is None:
        before = [_numbers(table, name, "treatment") for name in roles["original"]]
        original = keep(np.column_stack(before))
        instruments = keep(np.column_stack(treatments) - original)
    else:
        instruments = matrix(instrument_design)
    data = Instrumented(
        outcome=keep(_numbers(table, roles["outcome"], "outcome")),
        treatment=treatment,
        instruments=instruments,
        covariates=read_only(covariates),
        instrument_design=instrument_design,
        covariate_design=covariate_design,
        weights=read_only(weights_of(table, roles["weights"])),
        cluster=codes,
        clusters=clusters,
        fixed_effects=tuple(_codes(table, name) for name in roles["fixed_effects"]),
        rows=rows,
        dropped=dropped,
        source=table,
        arguments=arguments,
        original=original,
    )
    if original is None:
        _refuse_degenerate(data)
    else:
        _refuse_degenerate_augmentation(data)
    return data


def _parts(rows: int) -> list[slice]:
    """Return slices of blocks of rows."""
    return [
        slice(start, start + _ROWS_OF_A_BLOCK)
        for start in range(0, rows, _ROWS_OF_A_BLOCK)
    ]


def _instrument_names(
    given: Any, columns: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns of the instruments, and which of them are written as "C(column)"."""
    names = column_names("instruments", given)
    matches = [None if name in columns else _CATEGORIES(name) for name in names]
    named = [
        match[1] if match else name for name, match in zip(names, matches, strict=True)
    ]
    return tuple(named), tuple(match[1] for match in matches if match)


def _treatment_names(treatment: str | Sequence[str]) -> tuple[str, ...]:
    """Return the columns of one treatment or of several; refuse names that are none."""
    if isinstance(treatment, str) or not isinstance(treatment, Iterable):
        return (column_name("treatment", treatment),)
    names = column_names("treatment", treatment)
    if not names:
        raise DataError("Expected a treatment, the name of a column; got none.")
    return names


def _covariate_names(covariates: Sequence[str], formula: str | None) -> tuple[str, ...]:
    if formula is None:
        return column_names("covariates", covariates)
    if len(covariates):
        raise DataError(
            "Expected either `covariates=[...]` or `covariate_formula='...'`, and not both."
        )
    return formula_variables(formula)


def _refuse_shared(roles: Mapping[str, Sequence[str]]) -> None:
    """Refuse a column that has two roles."""
    taken: dict[str, str] = {}
    for role, names in roles.items():
        for name in names:
            if name in taken:
                raise DataError(
                    f"Column {name!r} is named in `{taken[name]}` and in `{role}`; expected a "
                    "column of its own for each role."
                )
            taken[name] = role


def _numbers(table: pd.DataFrame, name: str, role: str) -> np.ndarray:
    """Return a column of numbers; refuse text and numbers out of scale.

    Parameters
    ----------
    table : DataFrame
    name : str
    role : str
        For messages.
    """
    column = table[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        raise DataError(
            f"Expected {role} {name!r} to be numbers, got text such as "
            f"{text_that_is_no_number(column)}.{recoding_of_text(column)}"
        )
    values = column.to_numpy(float)
    refuse_out_of_scale(f"{role.capitalize()} {name!r}", values)
    return values


def _clusters(
    table: pd.DataFrame, cluster: str | None
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    if cluster is None:
        return None, ()
    codes, labels = _levels(table[cluster])
    if len(labels) < 2:
        raise DataError(
            f"Expected at least two clusters in {cluster!r}, got {len(labels)}."
        )
    return codes, labels


def _codes(table: pd.DataFrame, name: str) -> np.ndarray:
    """Return positions among the levels that a column of labels has."""
    return _levels(table[name])[0]


def _levels(column: pd.Series) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the position of each row among the levels of a column, and these levels."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        used = column.cat.remove_unused_categories()
        return frozen(used.cat.codes.to_numpy(int)), tuple(
            map(str, used.cat.categories)
        )
    values, codes = np.unique(column.to_numpy(float), return_inverse=True)
    if np.abs(values).max() > _LARGEST_EXACT:
        raise DataError(
            f"{column.name!r} groups rows and has numbers above 2^53, which cannot all be told "
            "apart. Name the groups in a column of their own."
        )
    return frozen(codes), tuple(map(label, values))


def _refuse_clusters_by_numbers(cluster: Any, numbers: Sequence[str | None]) -> None:
    """Refuse clusters by the outcome, a treatment or the weights."""
    if cluster is not None and cluster in numbers:
        raise DataError(
            f"Expected `cluster` as the name of a column of labels, got {cluster!r}, which is the "
            "outcome, a treatment or the weights. Name the groups of rows that share shocks, such "
            "as 'state'; leave it out where rows are independent."
        )


def _refuse_expressions(names: Iterable[str], columns: Sequence[str]) -> None:
    """Refuse terms but among the covariates that are calls or products, and no column's name."""
    for name in names:
        if name not in columns and re.match(r"\w+\(.*\)$|.*[*:^]", name):
            raise DataError(
                f"Expected the name of a column, got {name!r}. Compute it as a column of its own "
                "first: only covariates are made by formulas, and instruments by C(column)."
            )


def _summands(text: str) -> list[str]:
    return [name.strip() for name in text.split("+")]


def _refuse_degenerate(data: Instrumented) -> None:
    """Refuse designs in which nothing is left of a column once others are held fixed."""
    given, treatments = data.arguments, data.treatments
    columns = len(data.instrument_columns) + data.covariates.shape[1] + 1
    columns += len(treatments)
    if data.fixed_effects:
        columns += absorbed_rank(data.fixed_effects) - 1
    if len(data) < columns + _FEWEST_DEGREES:
        raise DataError(
            f"Expected at least {columns + _FEWEST_DEGREES} rows for {columns} coefficients, got "
            f"{len(data)}. Leave out covariates, fixed effects or instruments."
        )
    if len(data.instrument_columns) < len(treatments):
        raise DataError(
            f"Expected at least as many instruments as treatments, got "
            f"{len(data.instrument_columns)} and {len(treatments)}: nothing tells the effects of "
            f"{_listed(treatments)} apart. Name more instruments, or fewer treatments."
        )
    moments = data.moments
    names = [f"outcome {given['outcome']!r}", *(f"treatment {t!r}" for t in treatments)]
    values = [data.outcome, *np.atleast_2d(data.treatment.T)]
    for position, (subject, column) in enumerate(zip(names, values, strict=True)):
        spread = column.var() * len(column)
        if moments.products[position, position] <= _CONSTANT * spread or spread == 0:
            determined = f"is determined by the {_held_words(data)}"
            why = "is constant" if spread == 0 else determined
            raise DataError(
                f"The {subject} {why}: nothing is left of it to explain. Leave out "
                "covariates, or name another column."
            )
    release(data.outcome)
    release(data.treatment)
    _refuse_determined_treatments(data)
    if _residual_share(moments) <= _CONSTANT:
        noun = "treatments" if len(treatments) > 1 else "treatment"
        raise DataError(
            f"The outcome {given['outcome']!r} is determined by the {noun} {_listed(treatments)} "
            "and the covariates: there is nothing to estimate. Check that it is not computed from "
            "them."
        )
    _refuse_useless_instruments(data)


def _refuse_unpaired(
    named: Sequence[str], original: Sequence[str], treatments: Sequence[str]
) -> None:
    """Refuse treatments before an augmentation that do not go with those after it.

    Parameters
    ----------
    named : sequence of str
        Instruments.
    original, treatments : sequence of str
    """
    if named:
        raise DataError(
            "With `original` the changes of the treatments are the instruments: expected no "
            f"`instruments`, got {_listed(named)}."
        )
    if len(original) != len(treatments):
        raise DataError(
            "Expected `original` as the columns of the treatments before the augmentation, in the "
            f"order of `treatment`: got {len(original)} for {len(treatments)} treatments."
        )


def _refuse_degenerate_augmentation(data: Instrumented) -> None:
    """Refuse augmentations without rows, changes, or an outcome that is left to explain."""
    count = len(data.treatments)
    needed = data.covariate_rank + 2 * count + _FEWEST_DEGREES
    if len(data) < needed:
        raise DataError(
            f"Expected at least {needed} rows for {count} treatments before and after the "
            f"augmentation, got {len(data)}. Leave out covariates or treatments."
        )
    columns = data.before_and_after
    left = data.partialled_out(columns)
    sizes = np.linalg.norm(left, axis=0)
    spread = np.linalg.norm(columns - columns.mean(axis=0), axis=0)
    names = [data.arguments["outcome"], *data.treatments, *data.arguments["original"]]
    for name, size, whole in zip(names, sizes, spread, strict=True):
        if size <= np.sqrt(_CONSTANT) * whole or whole == 0:
            why = "constant" if whole == 0 else f"determined by the {_held_words(data)}"
            raise DataError(
                f"The column {name!r} is {why}: nothing is left of it. Leave it out."
            )
    after = left[:, 1 : count + 1] / sizes[1 : count + 1]
    if np.linalg.svd(after, compute_uv=False)[-1] <= np.sqrt(_COLLINEAR):
        raise DataError(
            f"The treatments {_listed(data.treatments)} determine each other given the "
            f"{_held_words(data)}. Leave out those that repeat others."
        )
    before = left[:, count + 1 :] / sizes[count + 1 :]
    if np.linalg.svd(before, compute_uv=False)[-1] <= np.sqrt(_COLLINEAR):
        raise DataError(
            f"The columns {_listed(data.arguments['original'])} determine each other given the "
            f"{_held_words(data)}. Leave out those that repeat others."
        )
    if not data.instruments.any():
        raise DataError(
            "The augmentation changes no treatment: `treatment` and `original` are the same."
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))


def _residual_share(moments: InstrumentMoments) -> float:
    """Return the share of the outcome's variance that its regression on treatments leaves."""
    if moments.treatments == 1:
        residual = moments.residual_ratio**2 * moments.products[1, 1]
        return float(residual / moments.products[0, 0])
    correlations = _correlations(moments.products)
    slopes = np.linalg.solve(correlations[1:, 1:], correlations[1:, 0])
    return float(1 - correlations[0, 1:] @ slopes)


def _correlations(products: np.ndarray) -> np.ndarray:
    deviations = np.sqrt(np.diag(products))
    return products / np.outer(deviations, deviations)


def _refuse_determined_treatments(data: Instrumented) -> None:
    """Refuse treatments that determine each other."""
    moments = data.moments
    inside = slice(1, moments.treatments + 1)
    correlations = _correlations(moments.products[inside, inside])
    if np.linalg.eigvalsh(correlations)[0] <= _COLLINEAR:
        raise DataError(
            f"The treatments {_listed(data.treatments)} determine each other given the "
            f"{_held_words(data)}: their effects cannot be told apart. Leave out those that repeat "
            "others."
        )


def _held_words(data: Instrumented) -> str:
    factors = data.arguments["fixed_effects"]
    names = f"fixed effects of {', '.join(map(repr, factors))}"
    if not factors:
        return "covariates"
    return f"covariates and {names}" if data.covariates.shape[1] else names


def _refuse_useless_instruments(data: Instrumented) -> None:
    """Refuse instruments that covariates, or other instruments, determine."""
    moments = data.moments
    rank = moments.instruments
    if rank < len(data.instrument_columns):
        left = np.linalg.norm(data.partialled_out(data.instruments), axis=0)
        size = np.linalg.norm(data.instruments, axis=0)
        for name, small in zip(
            data.instrument_columns, left <= 1e-8 * size, strict=True
        ):
            if small:
                raise DataError(
                    f"The instrument {name!r} is determined by the {_held_words(data)}: given "
                    "them it moves nothing. Leave it out of one of the two."
                )
        raise DataError(
            f"The instruments {', '.join(map(repr, data.instrument_columns))} determine each "
            "other given the covariates. Leave out those that repeat others."
        )
    _refuse_explained_treatments(data)


def _refuse_explained_treatments(data: Instrumented) -> None:
    """Refuse treatments, and combinations of them, that instruments determine."""
    moments = data.moments
    inside = slice(1, moments.treatments + 1)
    total = moments.products[inside, inside]
    left = total - moments.explained[inside, inside]
    several = len(data.treatments) > 1
    for name, share in zip(
        data.treatments, np.diag(left) / np.diag(total), strict=True
    ):
        if share <= _EXPLAINED:
            remedy = ", and regression answers the question."
            if several:
                remedy = ". Name it among the covariates."
            raise DataError(
                f"The instruments determine the treatment {name!r}: it is not confounded beyond "
                f"them{remedy}"
            )
    if several and linalg.eigvalsh(left, total)[0] <= _EXPLAINED:
        raise DataError(
            f"The instruments determine a combination of the treatments "
            f"{_listed(data.treatments)}, which is not confounded beyond them. Leave out an "
            "instrument that is computed from treatments."
        )
