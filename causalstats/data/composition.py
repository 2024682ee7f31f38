"""A study of compositions: rows of positive parts whose ratios alone mean something, with covariates."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from causalstats.data.dependence import Dependence, dependence_of, in_order
from causalstats.data.design import Design, design, formula_variables
from causalstats.data.frames import (
    choice,
    described,
    frozen,
    kept,
    missing_rows,
    read,
    some,
    unknown,
)
from causalstats.data.intervals import Bounds, bounds_of
from causalstats.errors import DataError
from causalstats.numerics import log_ratios

_FEWEST = 3
_EXACTLY = 1e-9
_SAME = 1e-12  # of a log-ratio's variance beside the largest: two parts are then proportional


@dataclass(frozen=True, eq=False, kw_only=True)
class Composition:
    """One row a specimen: positive parts in any unit, of which only ratios are used, or counts of them, and covariates that shift all of them.

    Made by `Composition.from_frame`. Arrays are read-only, and sorted by subject and time where the data name them.

    Attributes
    ----------
    parts : tuple of str
    values : array (n, D)
        As the frame has them. Multiplying a row, or a column, by a number changes no answer, unless they are counts.
    counts : bool
        Whether values are counts, of which the composition is seen with multinomial error.
    bounds : Bounds or None
        Where values lie that are not known exactly.
    design : Design or None
        How covariates became columns of `matrix`; None without any.
    matrix : array (n, q)
        The intercept and the coded covariates.
    dependence : Dependence or None
        Which rows are those of one subject, or of one series in time.
    rows : int array (n,)
        Row numbers in the frame, counted from 0.
    dropped : mapping of column name to the number of rows dropped because it was missing
    """

    parts: tuple[str, ...]
    values: np.ndarray
    counts: bool
    bounds: Bounds | None
    design: Design | None
    matrix: np.ndarray
    dependence: Dependence | None
    rows: np.ndarray
    dropped: Mapping[str, int]
    source: pd.DataFrame
    arguments: Mapping[str, Any]

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        parts: Sequence[str],
        covariates: str | None = None,
        zeros: Literal["error", "counts", "interval"] = "error",
        resolution: float | Mapping[str, float] | None = None,
        limits: float | Mapping[str, float] | None = None,
        missing: Literal["error", "drop", "infer"] = "error",
        subject: str | None = None,
        time: str | None = None,
    ) -> Composition:
        """Read a pandas, polars or pyarrow frame, which is left as it is.

        Parameters
        ----------
        frame
            One row a specimen.
        parts : list of str
            At least three columns of positive numbers, or of counts.
        covariates : str, optional
            A one-sided formula, such as "site + depth", whose effect on every log-ratio is taken out.
        zeros : "error", "counts" or "interval"
            What a 0 is: refused, since it has no logarithm; a count like any other, of parts drawn from a composition in which none is 0; or a number
            that lies between 0 and a bound, as `limits` and `resolution` have it.
        resolution : number, or mapping of part to number, optional
            With "interval", the step to which a part is rounded: the value lies within half of it.
        limits : number, or mapping of part to number, optional
            With "interval", the least that could be measured: what is below lies between 0 and it.
        missing : "error", "drop" or "infer"
            What to do with rows that lack a part or a covariate. "infer" is for parts: one that is missing may be anything, as far as the others tell.
        subject : str, optional
            A column that says which rows are of one subject, and so depend on each other.
        time : str, optional
            A column of numbers or dates: rows of a subject, or all rows, depend on each other the less the further apart they are.

        Raises
        ------
        DataError
        """
        _check_options(zeros, missing, resolution is not None or limits is not None)
        _check_parts(parts)
        variables = () if covariates is None else formula_variables(covariates)
        links = [name for name in (subject, time) if name is not None]
        for role, names in (("covariate", variables), ("subject or time", links)):
            shared = [name for name in names if name in parts]
            if shared:
                raise DataError(
                    f"Column {shared[0]!r} is named as a part and as a {role}; expected a column of its own."
                )
        table = read(frame, [*parts, *variables, *links], times=links)
        gaps = missing_rows(table[[*variables, *links]] if missing == "infer" else table)
        if gaps and missing != "drop":
            where = "; ".join(
                f"column {name!r} is missing in {some(np.flatnonzero(mask))}"
                for name, mask in gaps.items()
            )
            raise DataError(
                f'Expected complete rows: {where}. Say `missing="drop"` to leave those rows out; the report then says how many.'
            )
        table, rows = kept(table, gaps)
        order = in_order(table, subject, time)
        table, rows = table.iloc[order].reset_index(drop=True), rows[order]
        bounds = (
            bounds_of(table, parts, rows, resolution, limits)
            if zeros == "interval" or missing == "infer"
            else None
        )
        values = (
            np.column_stack(
                [(_counts if zeros == "counts" else _positive)(table, name, rows) for name in parts]
            )
            if bounds is None
            else bounds.values
        )
        _refuse_proportional(_seen(values, zeros == "counts"), parts)
        if (values.sum(axis=1) == 0).any():
            raise DataError(
                f"Nothing was counted in {some(rows[values.sum(axis=1) == 0])}. Leave those rows out."
            )
        coded = (
            None
            if covariates is None
            else design(table[list(variables)], None, covariates, standardise=True)
        )
        matrix = np.hstack(
            [
                np.ones((len(table), 1)),
                *([] if coded is None else [coded.matrix(table[list(variables)])]),
            ]
        )
        _refuse_lone_rows(matrix, rows)
        return cls(
            parts=tuple(parts),
            values=frozen(values),
            counts=zeros == "counts",
            bounds=bounds if bounds is not None and bounds.open.any() else None,
            design=coded,
            matrix=frozen(matrix),
            dependence=dependence_of(table, subject, time, rows),
            rows=frozen(rows),
            dropped={name: int(mask.sum()) for name, mask in gaps.items()},
            source=table,
            arguments={
                "parts": list(parts),
                "covariates": covariates,
                "zeros": zeros,
                "resolution": resolution,
                "limits": limits,
                "missing": missing,
                "subject": subject,
                "time": time,
            },
        )

    @cached_property
    def residuals(self) -> np.ndarray:
        """Centred log-ratios less what the intercept and the covariates explain, (n, D); rows sum to 0. Of counts, those of counts + 1/2."""
        ratios, basis = (
            log_ratios.clr(_seen(self.values, self.counts)),
            np.linalg.qr(self.matrix)[0],
        )
        return frozen(ratios - basis @ (basis.T @ ratios))

    @property
    def degrees(self) -> int:
        """n less the intercept and the coded covariates."""
        return len(self) - self.matrix.shape[1]

    @cached_property
    def covariance(self) -> np.ndarray:
        """Γ: of the centred log-ratios about what covariates explain, with the denominator `degrees`, (D, D)."""
        return frozen(self.scatter / self.degrees)

    @cached_property
    def scatter(self) -> np.ndarray:
        """S: the cross-products of `residuals`, (D, D)."""
        return frozen(self.residuals.T @ self.residuals)

    @cached_property
    def eigenvalues(self) -> np.ndarray:
        """Those of S that are not 0 for want of rows, (min(n, D),)."""
        smaller = (
            self.scatter if len(self) >= len(self.parts) else self.residuals @ self.residuals.T
        )
        return frozen(np.maximum(np.linalg.eigvalsh(smaller), 0.0))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of everything a model sees."""
        digest = hashlib.sha256("\0".join(self.parts).encode())
        digest.update(b"counts" if self.counts else b"")
        bounds = [] if self.bounds is None else [self.bounds.lower, self.bounds.upper]
        links = (
            []
            if self.dependence is None
            else [self.dependence.subject, *self.dependence.links.values()]
        )
        for array in (self.values, self.matrix, *bounds, *links):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def __repr__(self) -> str:
        return described(self)

    def __len__(self) -> int:
        return len(self.values)

    def subcomposition(self, parts: Sequence[str]) -> Composition:
        """Some of the parts alone, which is another question: partial correlations given fewer parts."""
        _check_parts(parts)
        columns = list(self.positions(parts))
        arguments = {**self.arguments, "parts": list(parts)}
        for name in ("resolution", "limits"):
            if isinstance(given := self.arguments.get(name), Mapping):
                arguments[name] = {part: value for part, value in given.items() if part in parts}
        bounds = self.bounds and Bounds(
            *(
                frozen(array[:, columns])
                for array in (self.bounds.values, self.bounds.lower, self.bounds.upper)
            )
        )
        return replace(
            self,
            parts=tuple(parts),
            values=frozen(self.values[:, columns]),
            bounds=bounds if bounds is not None and bounds.open.any() else None,
            arguments=arguments,
        )

    at = subcomposition

    def positions(self, parts: Sequence[str]) -> np.ndarray:
        """Where these parts stand among all."""
        for part in parts:
            if part not in self.parts:
                raise unknown(part, self.parts, "part")
        return np.array([self.parts.index(part) for part in parts])

    def facts(self) -> dict[str, str]:
        """What a report says of the data."""
        return {
            "Rows": f"{len(self):,}",
            **(self._counted() if self.counts else {}),
            **(
                {}
                if self.bounds is None
                else {"Known within bounds": f"{self.bounds.open.mean():.1%} of the values"}
            ),
            "Parts": f"{len(self.parts):,}: {', '.join(self.parts[:20])}{', ...' if len(self.parts) > 20 else ''}",
            "Covariates": self.arguments["covariates"] or "none",
            **({} if self.dependence is None else {"Dependent rows": self._dependent()}),
            "Total log-ratio variance": f"{np.trace(self.covariance):.4g}",
            "Rows dropped": ", ".join(
                f"{count:,} without '{name}'" for name, count in self.dropped.items()
            )
            or "none",
        }

    def _dependent(self) -> str:
        subject, time, found = self.arguments["subject"], self.arguments["time"], self.dependence
        assert found is not None
        of = (
            f"of {len(np.unique(found.subject)):,} values of {subject}"
            if subject
            else "of one series"
        )
        return of + (f", in order of {time}, {found.unit:.3g} apart in the median" if time else "")

    def _counted(self) -> dict[str, str]:
        totals = self.values.sum(axis=1)
        return {
            "Counted": f"{totals.min():,.0f} to {totals.max():,.0f} a row; {(self.values == 0).mean():.1%} of the counts are 0"
        }


def _check_options(zeros: str, missing: str, bounded: bool) -> None:
    choice("missing", missing, ("error", "drop", "infer"))
    choice("zeros", zeros, ("error", "counts", "interval"))
    if zeros != "interval" and bounded:
        raise DataError(
            "`resolution` and `limits` say where values lie: they need `zeros='interval'`."
        )
    if zeros == "interval" and not bounded:
        raise DataError(
            "`zeros='interval'` needs `resolution` or `limits`, a number for all parts or one for each, such as limits={'CaO': 0.01}."
        )
    if zeros == "counts" and missing == "infer":
        raise DataError("A count that is missing cannot be inferred here; say `missing='drop'`.")


def _check_parts(parts: Sequence[str]) -> None:
    if isinstance(parts, str) or not all(isinstance(name, str) for name in parts):
        raise DataError(f"Expected parts as a list of column names, got {parts!r}.")
    twice = [name for name in dict.fromkeys(parts) if list(parts).count(name) > 1]
    if twice:
        raise DataError(f"Part {twice[0]!r} is named twice.")
    if len(parts) < _FEWEST:
        raise DataError(
            f"Expected at least {_FEWEST} parts, got {len(parts)}: two parts have one ratio, which has nothing to be correlated with."
        )


def _refuse_lone_rows(matrix: np.ndarray, rows: np.ndarray) -> None:
    """Refuse rows that the covariates fit exactly, whatever their parts: leverage 1."""
    alone = (np.linalg.qr(matrix)[0] ** 2).sum(axis=1) > 1 - _EXACTLY
    if alone.any() and len(matrix) > matrix.shape[1]:
        raise DataError(
            f"The covariates have a value, such as a group, of their own for {some(rows[alone])}: these say nothing of how parts vary. "
            "Leave them out, or join groups."
        )


def _positive(table: pd.DataFrame, name: str, rows: np.ndarray) -> np.ndarray:
    """The numbers of a part, all above 0 and not all the same."""
    column = table[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        raise DataError(
            f"Expected part {name!r} to be numbers, got text such as {column.iloc[0]!r}."
        )
    values = column.to_numpy(float)
    if (values < 0).any():
        raise DataError(
            f"Expected part {name!r} to be positive, got negative values in {some(rows[values < 0])}."
        )
    if (values == 0).any():
        raise DataError(
            f"Part {name!r} is 0 in {some(rows[values == 0])}: it has no logarithm. Say `zeros='counts'` of counts; `zeros='interval'` with `limits=` where "
            "it means 'below what could be measured', or with `resolution=` where it was rounded; otherwise leave the part or the rows out. A small number in "
            "its place would decide the answer."
        )
    if len(values) > 1 and np.ptp(values) == 0:
        raise DataError(
            f"Part {name!r} is {values[0]:g} in every row: it was not measured, or rounded away. Leave it out."
        )
    return values


def _counts(table: pd.DataFrame, name: str, rows: np.ndarray) -> np.ndarray:
    """The counts of a part, not all 0."""
    column = table[name]
    text = isinstance(column.dtype, pd.CategoricalDtype)
    values = np.full(len(column), np.nan) if text else column.to_numpy(float)
    odd = ~((values >= 0) & (values == np.round(values)))
    if odd.any():
        first = repr(column.iloc[0]) if text else f"{values[odd.argmax()]:g}"
        raise DataError(
            f"Expected part {name!r} to be counts, whole numbers of 0 or more, got {first} in {some(rows[odd])}."
        )
    if (values == 0).all():
        raise DataError(
            f"Part {name!r} was counted in no row: nothing can be said of it. Leave it out."
        )
    return values


def _seen(values: np.ndarray, counts: bool) -> np.ndarray:
    return values + 0.5 if counts else values


def _refuse_proportional(values: np.ndarray, parts: Sequence[str]) -> None:
    """Refuse two parts whose ratio never changes."""
    ratios = (
        log_ratios.variation(np.cov(np.log(values), rowvar=False))
        if len(values) > 1
        else np.full((len(parts),) * 2, np.nan)
    )
    np.fill_diagonal(ratios, np.nan)
    if not np.nanmax(ratios, initial=0.0) > 0:
        raise DataError("No log-ratio varies: expected rows that differ in more than their size.")
    one, other = (int(place) for place in np.unravel_index(np.nanargmin(ratios), ratios.shape))
    if ratios[one, other] <= _SAME * np.nanmax(ratios):
        raise DataError(
            f"Parts {parts[one]!r} and {parts[other]!r} are proportional: their ratio is the same in every row. Leave one of them out."
        )
