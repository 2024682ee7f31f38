"""Compositional data: rows of positive parts of which only ratios matter, with covariates.

Zeros are refused, or read as counts, or as values below a limit of detection (`zeros=`)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np
import pandas as pd

from causalstats.core.argument_types import Frame
from causalstats.core.html_card import html_card
from causalstats.core.wording import Wording
from causalstats.data.abundance_tables import abundance_frame, ranks_of_parts
from causalstats.data.censoring import (
    Bounds,
    bounds_of,
    limits_in_columns,
    plain_numbers,
    refuse_negative,
    refuse_text,
    refuse_text_without_limit,
    refuse_unmeasured,
    split_limits,
    with_limits_in_text,
)
from causalstats.data.column_words import (
    column_words,
    refuse_unknown_levels,
    wording,
    words_within,
)
from causalstats.data.columns import (
    choice,
    column_name,
    column_names,
    described,
    frozen,
    kept,
    missing_rows,
    read,
    refuse_incomplete,
    some,
    together,
    unknown,
)
from causalstats.data.exposures import cancels, exposures_of, split_exposure
from causalstats.data.feature_coding import Design, design
from causalstats.data.formulas import formula_labels, formula_variables
from causalstats.data.part_distances import Given as GivenDistances
from causalstats.data.part_distances import (
    distances_among,
    distances_source,
    part_distances,
    plain_distances,
)
from causalstats.data.row_dependence import Dependence, dependence_of, in_order
from causalstats.data.structural_zeros import (
    declared_absences,
    described_absences,
    present_parts,
    refuse_lone_parts,
)
from causalstats.errors import DataError
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.compositions.present_parts import (
    undetermined_directions,
    with_absent_parts,
)
from causalstats.numerics.compositions.zero_replacement import replace_zeros

_FEWEST_PARTS = 3
_LEVERAGE_TOLERANCE = 1e-9
# Shares of the largest variance, or coefficient, below which one is rounding error:
_CONSTANT_CONTRAST = 1e-10  # of a log-contrast
_CONSTANT_RATIO = 1e-12  # of the log-ratio of two parts, which are then proportional
_NEGLIGIBLE_COEFFICIENT = 1e-4


@dataclass(frozen=True, eq=False, kw_only=True)
class Composition:
    """Rows of positive parts in any unit, of which only ratios are used, or counts of them.

    One row is one specimen. Covariates shift the log-ratios. Made by `Composition.from_frame`.
    Arrays are read-only, and sorted by subject and time where the data name them.

    Attributes
    ----------
    parts : tuple of str
    values : array, shape (n, D)
        As the frame has them. Multiplying a row, or a column, by a number changes no answer, unless
        they are counts.
    counts : bool
        Whether values are counts, by which the composition is seen with multinomial error.
    bounds : Bounds or None
        The bounds of values that are not known exactly: rounded, left-censored or missing.
    design : Design or None
        How covariates became columns of `matrix`; None without any.
    matrix : array, shape (n, q)
        The intercept and the coded covariates.
    dependence : Dependence or None
        Which rows are those of one subject, or of one series in time.
    exposures : array, shape (n, D), or None
        What expected counts are known to be multiplied by; None where it cancels or is not named.
    present : bool array, shape (n, D), or None
        In which rows parts can be present; None where all of them are in all rows.
    distances : array, shape (D, D), or None
        How far parts are apart in a taxonomy or a phylogenetic tree, at most 1.
    rows : int array, shape (n,)
        Row numbers in the frame, counted from 0.
    dropped : mapping
        Column name -> number of rows dropped because it was missing.
    source : DataFrame
        The rows that were kept, in their order here.
    arguments : mapping
        The arguments of `from_frame`.

    Examples
    --------
    >>> import pandas as pd
    >>> import causalstats as cs
    >>> rows = {"sand": [60, 30, 45], "silt": [30, 50, 35], "clay": [10, 20, 20]}
    >>> cs.Composition.from_frame(pd.DataFrame(rows), parts=["sand", "silt", "clay"])
    Composition
      Rows: 3
      Parts: 3: sand, silt, clay
      Covariates: none
      Total log-ratio variance: 0.318
      Rows dropped: none
    """

    parts: tuple[str, ...]
    values: np.ndarray
    counts: bool
    bounds: Bounds | None
    design: Design | None
    matrix: np.ndarray
    dependence: Dependence | None
    exposures: np.ndarray | None
    present: np.ndarray | None
    distances: np.ndarray | None
    rows: np.ndarray
    dropped: Mapping[str, int]
    source: pd.DataFrame
    arguments: Mapping[str, Any]

    @classmethod
    def from_frame(
        cls,
        frame: Frame,
        *,
        parts: Sequence[str],
        covariates: str | None = None,
        zeros: Literal["error", "counts", "interval"] = "error",
        resolution: float | Mapping[str, float] | None = None,
        limits: float | Mapping[str, float | str] | None = None,
        missing: Literal["error", "drop", "infer"] = "error",
        subject: str | None = None,
        time: str | None = None,
        exposure: Mapping[str, float | str] | None = None,
        absent: Mapping[str, str | Mapping[str, Any]] | None = None,
        distances: GivenDistances | None = None,
        labels: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
    ) -> Composition:
        """Read a pandas, polars or pyarrow frame, which is left as it is.

        Parameters
        ----------
        frame : DataFrame
            One row a specimen.
        parts : list of str
            At least three columns of positive numbers, or of counts.
        covariates : str, optional
            A one-sided formula, such as "site + depth", whose effect on every log-ratio is
            partialled out.
        zeros : "error", "counts" or "interval"
            How a 0 is read. "error": refused, since it has no logarithm. "counts": a count like any
            other, of parts drawn from a composition in which none is 0. "interval": a number
            between 0 and a bound (left-censored), given by `limits` and `resolution`.
        resolution : float, or mapping of part to float, optional
            With "interval", the step to which a part is rounded, in its unit: the value lies within
            half of it.
        limits : float, or mapping of part to float or str, optional
            With "interval", the limit of detection of a part, in its unit, or the name of a column
            that has it for each row, missing where there is none: a value below it lies between 0
            and the limit. A text such as '<0.5' in a column is a limit of that row alone.
        missing : "error", "drop" or "infer"
            Treatment of rows that lack a part or a covariate. "infer" is for parts: one that is
            missing may be anything, as far as the others tell.
        subject : str, optional
            A column that says which rows are of one subject, and so depend on each other.
        time : str, optional
            A column of numbers or dates: rows of a subject, or all rows, depend on each other the
            less the further apart they are.
        exposure : mapping of part to float or str, optional
            With "counts", known factors e_ij of the expected counts of a part, y_ij being Poisson
            with the mean e_ij times its amount: a positive number, or the name of a column that has
            one for each row. They are the volume in which a taxon was counted where it differs
            between taxa, the amount of a spike-in that was added to each sample, or a detection
            efficiency that differs between batches; 1 for parts that are not named. The offset of
            Poisson regression is log e_ij. Factors of whole rows (depths, total amounts) and of
            whole parts (copy numbers) cancel, and are refused where nothing else is named.
        absent : mapping of part to str, or to a mapping of column to levels, optional
            With "counts", rows in which a part cannot be present (structural zeros): a column that
            is True there, or the levels of a column, `{"algae": {"habitat": ["cave"]}}`. Such a row
            is a composition of the other parts, whose log-ratios are distributed as in other rows.
            That a part was not counted does not make it absent.
        distances : DataFrame, mapping of mappings, or str, optional
            How far parts are apart, for the prior "horseshoe", in which links of near parts may be
            stronger or weaker than those of distant ones: a frame of distances with the names of
            parts as index and columns; a taxonomy, a frame with a row for each part and a column
            for each rank, from the highest, whose distance is the share of ranks that two parts do
            not have in common; or a tree in Newick format whose tips are named as the parts.
        labels : mapping of column, or of "column=level", to str, optional
            Words for columns in sentences, tables and figures, as they read inside a sentence:
            `{"Al2O3": "aluminium oxide"}`.
        units : mapping of column to str, optional
            Units of columns: `{"depth": "m"}`. Those of parts change no answer.

        Returns
        -------
        Composition

        Raises
        ------
        DataError
            If labels or units are no text; if parts are fewer than three, no positive numbers or
            counts, proportional or linearly dependent; if a value is missing, or lies below 0; if
            the covariates fit a row exactly; if exposures are not positive, or cancel; if a
            part is declared absent where it was counted, or everywhere; if distances lack a
            part, are not symmetric or all equal; or if options contradict each other.

        Examples
        --------
        >>> import pandas as pd
        >>> import causalstats as cs
        >>> rows = {"sand": [60, 30, 45], "silt": [30, 50, 35], "clay": [10, 20, 0]}
        >>> data = cs.Composition.from_frame(
        ...     pd.DataFrame(rows), parts=list(rows), zeros="interval", limits={"clay": 1.0}
        ... )
        >>> data.bounds.upper[2]
        array([45., 35.,  1.])
        """
        given = [each for each in (resolution, limits) if each is not None]
        named = [each for each in given if not isinstance(each, Mapping) or each]
        _check_options(zeros, missing, bool(named))
        parts = _check_parts(parts)
        variables = () if covariates is None else formula_variables(covariates)
        categories = () if covariates is None else formula_labels(covariates)
        links = [
            column_name(role, name)
            for role, name in (("subject", subject), ("time", time))
            if name is not None
        ]
        whole_limits, limit_columns = split_limits(limits, parts)
        limit_names = list(dict.fromkeys(limit_columns.values()))
        exposure_numbers, exposure_columns = split_exposure(exposure, parts, zeros)
        exposure_names = list(dict.fromkeys(exposure_columns.values()))
        absences = declared_absences(absent, parts, zeros)
        absence_names = list(dict.fromkeys(each.column for each in absences))
        _refuse_shared_columns(
            parts,
            {
                "a covariate": variables,
                "a subject or time": links,
                "a limit": limit_names,
                "an exposure": exposure_names,
                "an absence": absence_names,
            },
        )
        # A subject that is a covariate too is read as that.
        named_rows = [subject] if subject and subject not in variables else []
        words = column_words(labels, units, [*parts, *variables, *links])
        known = zeros != "interval" and missing != "infer"
        refuse_values = _refuse_no_counts if zeros == "counts" else _refuse_not_positive
        refuse_words = refuse_text_without_limit if zeros == "interval" else refuse_text
        checks = [([name], partial(refuse_words, name=name)) for name in parts]
        if known:
            checks.append(([*parts], partial(refuse_values, parts=parts)))

        def incomplete(table: pd.DataFrame) -> dict[str, np.ndarray]:
            unread = [*parts] if missing == "infer" else []
            asked = table.drop(columns=[*unread, *limit_names], errors="ignore")
            gaps = missing_rows(asked)
            refuse_incomplete(gaps, missing)
            return gaps

        table = read(
            frame,
            list(
                dict.fromkeys(
                    [
                        *parts,
                        *variables,
                        *links,
                        *limit_names,
                        *exposure_names,
                        *absence_names,
                    ]
                )
            ),
            times=links,
            labels=[*categories, *named_rows],
            checks=[*checks, ([], incomplete)],
        )
        refuse_unknown_levels(words, table)
        gaps = incomplete(table)
        table, rows = kept(table, gaps)
        order = in_order(table, subject, time)
        table = table.iloc[order].reset_index(drop=True)
        rows = rows[order]
        amounts, by_row = with_limits_in_text(table, parts)
        by_row |= limits_in_columns(table, limit_columns, by_row, rows)
        bounds = None
        if zeros == "interval" and not named and not by_row:
            raise DataError(
                "`zeros='interval'` needs `resolution` or `limits`, a number for all parts or one "
                "for each, such as limits={'CaO': 0.01}; or texts such as '<0.01' in the columns."
            )
        if not known:
            bounds = bounds_of(amounts, parts, rows, resolution, whole_limits, by_row)
        values = table[[*parts]].to_numpy(float) if bounds is None else bounds.values
        coded = None
        matrix = np.ones((len(table), 1))
        if covariates is not None:
            columns = table[list(variables)]
            coded = design(columns, None, covariates, standardise=True, rows=rows)
            matrix = np.hstack([matrix, coded.matrix(columns, rows)])
        _refuse_lone_rows(matrix, rows)
        present = present_parts(table, parts, absences, rows)
        exposures = exposures_of(table, parts, exposure_numbers, exposure_columns, rows)
        data = cls(
            parts=tuple(parts),
            values=frozen(values),
            counts=zeros == "counts",
            bounds=bounds if bounds is not None and bounds.open.any() else None,
            design=coded,
            matrix=frozen(matrix),
            dependence=dependence_of(table, subject, time, rows),
            exposures=exposures,
            present=present,
            distances=None
            if distances is None
            else frozen(part_distances(distances, parts)),
            rows=frozen(rows),
            dropped={name: int(mask.sum()) for name, mask in gaps.items()},
            source=table,
            arguments={
                "parts": list(parts),
                "covariates": covariates,
                "zeros": zeros,
                "resolution": plain_numbers(resolution),
                "limits": plain_numbers(limits),
                "missing": missing,
                "subject": subject,
                "time": time,
                "exposure": None if exposure is None else dict(exposure),
                "absent": None if absent is None else _plain(absent),
                "distances": plain_distances(distances, parts),
                **words,
            },
        )
        _refuse_without_ratios(data)
        return data

    @classmethod
    def from_abundances(
        cls,
        table: Any,
        *,
        taxa_in_rows: bool = False,
        taxonomy: pd.DataFrame | None = None,
        rank: str | None = None,
        min_prevalence: float = 0.0,
        min_total: float = 0.0,
        other: str | None = None,
        metadata: pd.DataFrame | None = None,
        sample_id: str | None = None,
        covariates: str | None = None,
        zeros: Literal["error", "counts"] = "counts",
        subject: str | None = None,
        time: str | None = None,
        exposure: Mapping[str, float | str] | None = None,
        absent: Mapping[str, str | Mapping[str, Any]] | None = None,
        distances: GivenDistances | None = None,
    ) -> Composition:
        """Read a table of taxa in samples: a frame, a BIOM file, or an AnnData.

        Parameters
        ----------
        table : DataFrame, str, Path or AnnData
            A frame whose index names the samples; the path of a BIOM file, of format 1 (JSON) or 2
            (HDF5); or an object with X, obs and var. Names may be numbers.
        taxa_in_rows : bool
            Whether the rows of a frame are taxa, and its columns samples.
        taxonomy : DataFrame, optional
            A row for each taxon and a column for each rank, from the highest; by default that of
            the file.
        rank : str, optional
            To which taxa are summed, such as "genus".
        min_prevalence : float
            The least share of samples in which a taxon is found, from 0 to 1.
        min_total : float
            The least sum of a taxon over all samples.
        other : str, optional
            The name of a part that sums all taxa that are rarer. None leaves them out. A taxon
            that is found in no sample is always rare.
        metadata : DataFrame, optional
            A row for each sample, in any order; by default that of the file.
        sample_id : str, optional
            The column of the metadata that names the samples. None: its index does.
        covariates, subject, time, exposure, absent
            Columns of the metadata, as in `from_frame`.
        zeros : "counts" or "error"
            As in `from_frame`.
        distances : "taxonomy", or as in `from_frame`
            "taxonomy": by the share of ranks that two taxa do not have in common, down to `rank`;
            the part `other` has none in common with any.

        Returns
        -------
        Composition

        Raises
        ------
        DataError
            If a cell is no number, a name is repeated, a sample has no metadata, a taxon no
            lineage, or as in `from_frame`.

        Examples
        --------
        >>> import pandas as pd
        >>> import causalstats as cs
        >>> counts = {"s1": [9, 4, 2, 0], "s2": [3, 8, 1, 0], "s3": [5, 5, 7, 1]}
        >>> table = pd.DataFrame(counts, index=["otu1", "otu2", "otu3", "otu4"])
        >>> data = cs.Composition.from_abundances(
        ...     table, taxa_in_rows=True, min_prevalence=0.5, other="other"
        ... )
        >>> data.parts
        ('otu1', 'otu2', 'otu3', 'other')
        """
        rare = {
            "min_prevalence": min_prevalence,
            "min_total": min_total,
            "other": other,
        }
        frame, parts, ranks = abundance_frame(
            table,
            taxa_in_rows=taxa_in_rows,
            taxonomy=taxonomy,
            rank=rank,
            metadata=metadata,
            sample_id=sample_id,
            rare=rare,
        )
        if isinstance(distances, str) and distances == "taxonomy":
            distances = ranks_of_parts(ranks, parts, other)
        return cls.from_frame(
            frame,
            parts=parts,
            covariates=covariates,
            zeros=zeros,
            subject=subject,
            time=time,
            exposure=exposure,
            absent=absent,
            distances=distances,
        )

    @property
    def wording(self) -> Wording:
        """Labels and units of the columns."""
        return wording(self.arguments)

    @cached_property
    def offsets(self) -> np.ndarray:
        """Logarithms of the exposures of counts, (n, D); -∞ of parts that are absent."""
        logs = np.zeros(self.values.shape)
        if self.exposures is not None:
            logs = np.log(self.exposures)
        return frozen(
            logs if self.present is None else np.where(self.present, logs, -np.inf)
        )

    @cached_property
    def undetermined(self) -> np.ndarray:
        """Directions (r, q, D) of intercepts and coefficients that no row knows.

        None are left (r = 0) unless parts are declared absent.
        """
        if self.present is None:
            return frozen(np.zeros((0, self.matrix.shape[1], len(self.parts))))
        return frozen(undetermined_directions(self.matrix, self.present))

    @cached_property
    def positive_values(self) -> np.ndarray:
        """Counts + 1/2 by exposure, and amounts as they are, (n, D).

        Those of absent parts are what the others fit to them. For starting points, checks and
        figures: no answer rests on the 1/2.
        """
        values = replace_zeros(self.values, self.counts)
        if self.exposures is not None:
            values = values / self.exposures
        if self.present is not None:
            logs = with_absent_parts(np.log(values), self.matrix, self.present)
            values = np.exp(logs)
        return frozen(values)

    @cached_property
    def residuals(self) -> np.ndarray:
        """Residuals of the centred log-ratios about intercept and covariates, (n, D).

        Rows sum to 0. With counts, the log-ratios are those of `positive_values`.
        """
        ratios = log_ratios.clr(self.positive_values)
        basis = np.linalg.qr(self.matrix)[0]
        return frozen(ratios - basis @ (basis.T @ ratios))

    @property
    def degrees(self) -> int:
        """Degrees of freedom: n less the intercept and the coded covariates.

        Examples
        --------
        >>> import causalstats as cs
        >>> cs.PartialCorrelation().simulate(1, rows=20, parts=4).data.degrees
        19
        """
        return len(self) - self.matrix.shape[1]

    @cached_property
    def covariance(self) -> np.ndarray:
        """Γ (D, D): the covariance of the `residuals`, with the denominator `degrees`."""
        return frozen(self.scatter / self.degrees)

    @cached_property
    def scatter(self) -> np.ndarray:
        """S (D, D): the cross-products of the `residuals`."""
        return frozen(self.residuals.T @ self.residuals)

    @cached_property
    def eigenvalues(self) -> np.ndarray:
        """The eigenvalues of S that are not 0 for want of rows, (min(n, D),)."""
        smaller = self.scatter
        if len(self) < len(self.parts):
            smaller = self.residuals @ self.residuals.T
        return frozen(np.maximum(np.linalg.eigvalsh(smaller), 0.0))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of everything a model sees."""
        digest = hashlib.sha256("\0".join(self.parts).encode())
        digest.update(b"counts" if self.counts else b"")
        bounds = [] if self.bounds is None else [self.bounds.lower, self.bounds.upper]
        links = []
        if self.dependence is not None:
            links = [self.dependence.subject, *self.dependence.links.values()]
        known = [
            each
            for each in (self.exposures, self.present, self.distances)
            if each is not None
        ]
        for array in (self.values, self.matrix, *bounds, *links, *known):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def __repr__(self) -> str:
        return described(self)

    def _repr_html_(self) -> str:
        return html_card(type(self).__name__, self.facts())

    def __len__(self) -> int:
        return len(self.values)

    def with_second_study(self, values: np.ndarray) -> Composition:
        """Return these rows, and behind them rows of the same covariates with other parts.

        Parameters
        ----------
        values : array, shape (n, D)

        Examples
        --------
        >>> import causalstats as cs
        >>> data = cs.PartialCorrelation().simulate(1, rows=20, parts=4).data
        >>> len(data.with_second_study(data.values))
        40
        """
        twice = np.tile(np.arange(len(self)), 2)
        return replace(
            self,
            values=frozen(np.concatenate([self.values, values])),
            matrix=frozen(self.matrix[twice]),
            rows=frozen(np.arange(len(twice))),
            source=self.source.iloc[twice].reset_index(drop=True),
        )

    def subcomposition(self, parts: Sequence[str]) -> Composition:
        """Return some of the parts alone: partial correlations given fewer parts.

        That is another question than the one about all parts: unlike log-ratios, partial
        correlations have no subcompositional coherence.

        Parameters
        ----------
        parts : list of str
            At least three.

        Returns
        -------
        Composition

        Raises
        ------
        DataError
            If a part is unknown, or these parts are refused as `from_frame` refuses them: a row
            in which none of them was counted, two that are proportional.

        Examples
        --------
        >>> import causalstats as cs
        >>> data = cs.PartialCorrelation().simulate(seed=1, rows=20, parts=5).data
        >>> data.subcomposition(["p1", "p2", "p4"]).parts
        ('p1', 'p2', 'p4')
        """
        chosen = self.at(parts)
        if chosen.present is not None:
            refuse_lone_parts(chosen.present, chosen.rows)
        if chosen.bounds is not None:
            refuse_unmeasured(chosen.bounds, chosen.rows)
        _refuse_without_ratios(chosen)
        return chosen

    def at(self, parts: Sequence[str]) -> Composition:
        """Return some of the parts, for answers about them that follow from a fit of all.

        Parameters
        ----------
        parts : list of str
            At least three.

        Returns
        -------
        Composition

        Raises
        ------
        DataError
            If a part is unknown.

        Examples
        --------
        >>> import causalstats as cs
        >>> data = cs.PartialCorrelation().simulate(seed=1, rows=20, parts=5).data
        >>> data.at(["p5", "p1", "p2"]).parts
        ('p5', 'p1', 'p2')
        """
        parts = _check_parts(parts)
        columns = list(self.positions(parts))
        arguments = {**self.arguments, "parts": list(parts)}
        others = set(self.parts) - set(parts)
        kept_columns = set(map(str, self.source)) - others
        arguments |= words_within(arguments, kept_columns)
        for name in ("resolution", "limits"):
            if isinstance(given := self.arguments.get(name), Mapping):
                arguments[name] = {
                    part: value for part, value in given.items() if part in parts
                }
        bounds = None if self.bounds is None else self.bounds.take(columns)
        exposures = None
        if self.exposures is not None and not cancels(self.exposures[:, columns]):
            exposures = frozen(self.exposures[:, columns])
        given = self.arguments["exposure"] if exposures is not None else None
        if given is not None:
            given = {part: each for part, each in given.items() if part in parts}
        arguments["exposure"] = given
        present = None
        if self.present is not None and not self.present[:, columns].all():
            present = frozen(self.present[:, columns])
        given = self.arguments["absent"] if present is not None else None
        if given is not None:
            given = {part: each for part, each in given.items() if part in parts}
        arguments["absent"] = given
        distances = None
        if self.distances is not None:
            distances = distances_among(self.distances, columns)
        if distances is None:
            arguments["distances"] = None
        return replace(
            self,
            parts=tuple(parts),
            values=frozen(self.values[:, columns]),
            bounds=bounds if bounds is not None and bounds.open.any() else None,
            exposures=exposures,
            present=present,
            distances=None if distances is None else frozen(distances),
            arguments=arguments,
        )

    def positions(self, parts: Sequence[str]) -> np.ndarray:
        """Return the positions of these parts among all.

        Parameters
        ----------
        parts : list of str

        Returns
        -------
        int array

        Raises
        ------
        DataError
            If a part is unknown.

        Examples
        --------
        >>> import causalstats as cs
        >>> data = cs.PartialCorrelation().simulate(seed=1, rows=20, parts=5).data
        >>> data.positions(["p5", "p1"])
        array([4, 0])
        """
        for part in parts:
            if part not in self.parts:
                raise unknown(part, self.parts, "part")
        return np.array([self.parts.index(part) for part in parts])

    def facts(self) -> dict[str, str]:
        """Return the facts about the data that a report shows: name -> text.

        Examples
        --------
        >>> import causalstats as cs
        >>> cs.PartialCorrelation().simulate(seed=1, rows=20, parts=3).data.facts()["Parts"]
        '3: p1, p2, p3'
        """
        facts = {"Rows": f"{len(self):,}"}
        if self.counts:
            facts["Counted"] = self._count_facts()
        if self.bounds is not None:
            facts["Known within bounds"] = (
                f"{self.bounds.open.mean():.1%} of the values"
            )
        more = ", ..." if len(self.parts) > 20 else ""
        shown = map(self.wording.label, self.parts[:20])
        facts["Parts"] = f"{len(self.parts):,}: {', '.join(shown)}{more}"
        facts["Covariates"] = self.arguments["covariates"] or "none"
        if self.exposures is not None:
            named = self.arguments["exposure"].items()
            facts["Exposures"] = ", ".join(
                f"{value} of {part}" for part, value in named
            )
        if self.present is not None:
            absent = self.arguments["absent"]
            facts["Declared absent"] = described_absences(absent, self.present)
        if self.distances is not None:
            near, far = np.quantile(
                self.distances[np.triu_indices(len(self.parts), 1)], [0.1, 0.5]
            )
            facts["Distances of parts"] = (
                f"by {distances_source(self.arguments['distances'], self.parts)}; a tenth of the "
                f"pairs within {near:.2g} of the largest, half within {far:.2g}"
            )
        if self.dependence is not None:
            facts["Dependent rows"] = self._dependence_facts(self.dependence)
        facts["Total log-ratio variance"] = f"{np.trace(self.covariance):.4g}"
        dropped = [
            f"{count:,} without '{name}'" for name, count in self.dropped.items()
        ]
        facts["Rows dropped"] = ", ".join(dropped) or "none"
        return facts

    def _dependence_facts(self, dependence: Dependence) -> str:
        subject = self.arguments["subject"]
        time = self.arguments["time"]
        rows = "of one series"
        if subject:
            rows = f"of {len(np.unique(dependence.subject)):,} values of {subject}"
        if not time:
            return rows
        return f"{rows}, in order of {time}, {dependence.unit:.3g} apart in the median"

    def _count_facts(self) -> str:
        totals = self.values.sum(axis=1)
        zeros = (self.values == 0).mean()
        return f"{totals.min():,.0f} to {totals.max():,.0f} a row; {zeros:.1%} of the counts are 0"


def _plain(absent: Mapping[str, Any]) -> dict[str, Any]:
    """Return declared absences as dictionaries and lists, as they are saved."""
    return {
        part: {
            column: list(np.atleast_1d(levels).tolist())
            for column, levels in where.items()
        }
        if isinstance(where, Mapping)
        else where
        for part, where in absent.items()
    }


def _check_options(zeros: str, missing: str, bounded: bool) -> None:
    choice("missing", missing, ("error", "drop", "infer"))
    choice("zeros", zeros, ("error", "counts", "interval"))
    if zeros != "interval" and bounded:
        raise DataError(
            "`resolution` and `limits` say where values lie: they need `zeros='interval'`."
        )
    if zeros == "counts" and missing == "infer":
        raise DataError(
            "A count that is missing cannot be inferred here; say `missing='drop'`."
        )


def _check_parts(parts: Any) -> tuple[str, ...]:
    """Return the names of at least three parts, each once."""
    names = column_names("parts", parts)
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise DataError(f"Part {twice[0]!r} is named twice.")
    if len(names) < _FEWEST_PARTS:
        raise DataError(
            f"Expected at least {_FEWEST_PARTS} parts, got {len(names)}: two parts have one ratio, "
            "which has nothing to be correlated with."
        )
    return names


def _refuse_shared_columns(
    parts: Sequence[str], roles: Mapping[str, Sequence[str]]
) -> None:
    """Refuse columns that are named as a part and in another role."""
    for role, names in roles.items():
        shared = [name for name in names if name in parts]
        if shared:
            raise DataError(
                f"Column {shared[0]!r} is named as a part and as {role}; expected a column "
                "of its own."
            )


def _refuse_lone_rows(matrix: np.ndarray, rows: np.ndarray) -> None:
    """Refuse rows that the covariates fit exactly, whatever their parts: leverage 1."""
    alone = (np.linalg.qr(matrix)[0] ** 2).sum(axis=1) > 1 - _LEVERAGE_TOLERANCE
    if alone.any() and len(matrix) > matrix.shape[1]:
        raise DataError(
            f"The covariates have a value, such as a group, of their own for {some(rows[alone])}: "
            "these say nothing of how parts vary. Leave them out, or join groups."
        )


def _refuse_not_positive(table: pd.DataFrame, parts: Sequence[str]) -> None:
    """Refuse parts with values of 0 or less, all of them at once."""
    values = _numbers(table, parts)
    together(
        *(
            partial(refuse_negative, name, np.flatnonzero(values[name] < 0))
            for name in values
        ),
        *(
            partial(_refuse_zeros, name, np.flatnonzero(values[name] == 0))
            for name in values
        ),
    )


def _numbers(table: pd.DataFrame, parts: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the parts that are numbers; text is refused elsewhere."""
    return {
        name: table[name].to_numpy(float)
        for name in parts
        if not isinstance(table[name].dtype, pd.CategoricalDtype)
    }


def _refuse_zeros(name: str, rows: np.ndarray) -> None:
    if len(rows):
        raise DataError(
            f"Part {name!r} is 0 in {some(rows)}: it has no logarithm. Say `zeros='counts'` of "
            "counts; `zeros='interval'` with `limits=` where it means 'below what could be "
            "measured', or with `resolution=` where it was rounded; otherwise leave the part or "
            "the rows out. A small number in its place would decide the answer."
        )


def _refuse_no_counts(table: pd.DataFrame, parts: Sequence[str]) -> None:
    """Refuse parts that are no counts, or were never counted, all of them at once."""
    values = _numbers(table, parts)
    together(
        partial(_refuse_shares, values),
        partial(_refuse_never_counted, values),
    )


def _refuse_shares(values: Mapping[str, np.ndarray]) -> None:
    """Refuse numbers that are no counts, naming the first part and how many others have them."""
    places = {
        name: np.flatnonzero(
            (column < 0) | (column != np.round(column)) & ~np.isnan(column)
        )
        for name, column in values.items()
    }
    found = {name: rows for name, rows in places.items() if len(rows)}
    if found:
        name, rows = next(iter(found.items()))
        others = f", and so in {len(found) - 1} other parts" if len(found) > 1 else ""
        raise DataError(
            f"Expected part {name!r} to be counts, whole numbers of 0 or more, got "
            f"{values[name][rows[0]]:g} in {some(rows)}{others}. Shares and per cent do not say "
            "how much was counted: give the counts, or `zeros='error'` where none is 0."
        )


def _refuse_never_counted(values: Mapping[str, np.ndarray]) -> None:
    """Refuse parts that are 0 in every row, naming all of them."""
    never = [name for name, column in values.items() if not (column > 0).any()]
    if never:
        many = len(never) > 1
        remedy = (
            "Leave them out: `parts = [name for name in parts if frame[name].sum() > 0]`."
            if many
            else "Leave it out."
        )
        raise DataError(
            f"Part{'s' * many} {', '.join(map(repr, never))} {'were' if many else 'was'} counted "
            f"in no row: nothing can be said of {'them' if many else 'it'}. {remedy}"
        )


def _refuse_empty(values: np.ndarray, rows: np.ndarray) -> None:
    """Refuse rows in which nothing was counted."""
    empty = values.sum(axis=1) == 0
    if empty.any():
        raise DataError(
            f"Nothing was counted in {some(np.sort(rows[empty]))}. Leave those rows out."
        )


def _refuse_without_ratios(data: Composition) -> None:
    """Refuse parts whose ratios cannot be looked at: none that varies, or some that never do.

    Counts may be proportional, as two taxa are that were each seen once in the same sample: what
    they are drawn from is not.
    """
    if data.counts:
        _refuse_never_counted(dict(zip(data.parts, data.values.T, strict=True)))
        _refuse_empty(data.values, data.rows)
    _refuse_proportional(data.positive_values, data.parts, data.counts)
    if not data.counts and data.bounds is None:
        _refuse_dependent(data)


def _refuse_proportional(
    values: np.ndarray, parts: Sequence[str], counts: bool
) -> None:
    """Refuse parts whose ratio never changes, naming all of them."""
    ratios = (
        log_ratios.variation_matrix(np.cov(np.log(values), rowvar=False))
        if len(values) > 1
        else np.full((len(parts),) * 2, np.nan)
    )
    np.fill_diagonal(ratios, np.nan)
    if not np.nanmax(ratios, initial=0.0) > 0:
        raise DataError(
            "No log-ratio varies: expected rows that differ in more than their size."
        )
    if counts:
        return
    same = np.argwhere(np.triu(ratios <= _CONSTANT_RATIO * np.nanmax(ratios), 1))
    together(*(partial(_refuse_pair, parts[one], parts[other]) for one, other in same))


def _refuse_pair(one: str, other: str) -> None:
    raise DataError(
        f"Parts {one!r} and {other!r} are proportional: their ratio is the same in every row. "
        "Leave one of them out."
    )


def _refuse_dependent(data: Composition) -> None:
    """Refuse parts of which one log-contrast never varies beyond the covariates, naming it."""
    different = np.unique(np.hstack([data.values, data.matrix]), axis=0)
    if len(different) - data.matrix.shape[1] < len(data.parts) - 1:
        return  # so few different rows have such a contrast of any parts
    basis = log_ratios.ilr_basis(len(data.parts))
    sizes, vectors = np.linalg.eigh(basis.T @ data.scatter @ basis)
    still = sizes <= _CONSTANT_CONTRAST * sizes[-1]
    if not still.any():
        return
    contrasts = basis @ vectors[:, still]
    largest = np.abs(contrasts).max(axis=1)
    inside = np.flatnonzero(largest > _NEGLIGIBLE_COEFFICIENT * largest.max())
    beyond = "" if data.design is None else " beyond what the covariates explain"
    statement = (
        f"{still.sum()} of their log-contrasts are the same in every row{beyond}"
    )
    if still.sum() == 1:
        coefficients = contrasts[inside, 0] / contrasts[largest.argmax(), 0]
        terms = zip(coefficients, inside, strict=True)
        written = " ".join(f"{number:+.3g} log {data.parts[k]}" for number, k in terms)
        statement = f"{written} is the same in every row{beyond}"
    raise DataError(
        f"The log-ratios of {', '.join(repr(data.parts[k]) for k in inside)} are linearly "
        f"dependent: {statement}. As many of these parts are computed from the others; leave them "
        "out."
    )
