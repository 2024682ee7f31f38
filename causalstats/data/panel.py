"""Panel data: the same units at several times, with an outcome, treatments and covariates."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from causalstats.core.argument_types import Frame, Groups, Rows
from causalstats.core.html_card import html_card
from causalstats.core.wording import Wording
from causalstats.data.column_roles import (
    groups_of,
    numbers,
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
    choice,
    column_name,
    column_names,
    column_of,
    described,
    frozen,
    kept,
    missing_rows,
    opened,
    read,
    read_only,
    refuse_incomplete,
    some,
    together,
)
from causalstats.data.feature_coding import power_of_two
from causalstats.data.labels import as_given, label
from causalstats.data.origin import Origin, origin_of
from causalstats.data.out_of_core import spooled
from causalstats.data.panel_formula import panel_formula, roles_of_formula
from causalstats.data.times import TimeScale, periods_of, refuse_unordered, scale_of
from causalstats.errors import DataError

if TYPE_CHECKING:
    from narwhals.typing import IntoLazyFrame

_LARGEST_EXACT = 2.0**53  # whole numbers up to this are floats as well
_COLLINEAR = 1e-10  # of a column's variance: a residual as small is rounding


@dataclass(frozen=True, eq=False, kw_only=True)
class Panel:
    """Panel data sorted by unit and time: an outcome, treatments, covariates.

    The panel may be unbalanced: units may be seen at different times, and any number of times. Made
    by `Panel.from_frame`, or by `Panel.from_chunks` where it is larger than memory. Arrays are
    read-only.

    Attributes
    ----------
    outcome : array (n,)
    treatment : array (n, k)
    treatments, covariates : tuple of str
    unit : int array (n,)
        Positions in `units`, in order.
    units : tuple of str
    time : array (n,)
        As numbers; of dates, days since 1970; of periods, how many there are since 1970.
    time_scale : TimeScale
        How times were written in the frame: see `times_as_written`.
    weights : array (n,)
        With mean 1.
    rows : int array (n,)
        Row numbers in the frame, counted from 0.
    dropped : mapping of column name to the number of rows dropped because it was missing
    source : DataFrame
        The columns that were read, in the order of the rows here.
    origin : Origin
        The frame that was read, with whose rows labels given later are matched.

    Examples
    --------
    >>> frame = pd.DataFrame(
    ...     {
    ...         "firm": ["a", "a", "b", "b"],
    ...         "year": [2000, 2001, 2000, 2001],
    ...         "sales": [5.0, 7.0, 2.0, 3.0],
    ...         "adverts": [0.0, 1.0, 0.0, 0.0],
    ...     }
    ... )
    >>> data = Panel.from_frame(
    ...     frame, unit="firm", time="year", outcome="sales", treatment="adverts"
    ... )
    >>> data
    Panel
      Rows: 4
      Units: 2 (firm)
      Times: 2 (year); 2 of each unit
      Seen once: 0 units, which say nothing about change
      Treatment never changes: in 1 units, which can only be controls
      Treatment: adverts
      Covariates: none
      Rows dropped: none
    """

    outcome: np.ndarray
    treatment: np.ndarray
    treatments: tuple[str, ...]
    covariates: tuple[str, ...]
    unit: np.ndarray
    units: tuple[str, ...]
    time: np.ndarray
    time_scale: TimeScale
    weights: np.ndarray
    rows: np.ndarray
    dropped: Mapping[str, int]
    source: pd.DataFrame
    origin: Origin
    arguments: Mapping[str, Any]

    @classmethod
    def from_frame(
        cls,
        frame: Frame,
        *,
        unit: str,
        time: str,
        outcome: str,
        treatment: str | Sequence[str],
        covariates: Sequence[str] = (),
        weights: str | None = None,
        cluster: str | Sequence[str] | None = None,
        fixed_effects: Sequence[str] = (),
        missing: Literal["error", "drop"] = "error",
        labels: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
    ) -> Panel:
        """Read a pandas, polars or pyarrow frame, which is left as it is.

        Parameters
        ----------
        frame
            One row a unit and time, in any order.
        unit, time : str
            Columns that together name a row: any labels, and numbers, dates or periods. Labels
            are kept as text, whole numbers with all their digits.
        outcome : str
            A column of numbers.
        treatment : str or list of str
            One or more columns of numbers or True/False, whose effects are asked for.
        covariates : list of str
            Columns of numbers, text or categories that may affect treatment and outcome, and that
            the treatment does not affect. Not a lagged outcome.
        weights : str, optional
            Positive numbers, how many a row stands for.
        cluster : str or list of two str, optional
            A column of labels, one value a unit: groups of units whose errors may depend on each
            other, such as the state of a county where the treatment is a law of states. Standard
            errors are clustered by it; by unit unless it is given. It may be a covariate too. Of
            two columns (two-way clustering) one may change within units, as in
            `cluster=["firm", "year"]`.
        fixed_effects : list of str, optional
            Columns of labels, each label of which has an effect of its own, without a prior, beside
            those of units (crossed fixed effects), such as the industry that a worker may change.
            The time among them is the same as `PanelDML(time_effects=True)`.
        missing : "error" or "drop"
            Treatment of rows that have missing values. Unit means are then those of the complete
            rows.
        labels : mapping of column, or of "column=level", to str, optional
            Words for columns in sentences, tables and figures, as they read inside a sentence; of a
            treatment of 0 and 1, words that can be its subject:
            `{"union": "joining a union", "lwage": "a man's hourly wage"}`.
        units : mapping of column to str, optional
            Units of columns: `{"wage": "US dollars"}`. A unit that begins with "log", such
            as "log US dollars", declares that the column holds natural logarithms; answers about
            it are then told in per cent.

        Returns
        -------
        Panel

        Raises
        ------
        DataError
            If a column is not there or not of its kind, labels or units are no text, a unit has two
            rows of one time, a treatment is constant or a copy of another column, a unit is in two
            clusters, or rows have missing values and `missing` is "error".

        Examples
        --------
        >>> frame = pd.DataFrame({"i": [2, 1, 1], "t": [0, 1, 0], "y": [5.0, 3.0, 1.0]})
        >>> frame["d"] = [0.0, 1.0, 0.0]
        >>> data = Panel.from_frame(frame, unit="i", time="t", outcome="y", treatment="d")
        >>> data.units, data.outcome
        (('1', '2'), array([1., 3., 5.]))
        """
        roles = _roles(
            unit, time, outcome, treatment, covariates, weights, missing
        ) | _groupings(unit, time, cluster, fixed_effects)
        _refuse_grouping_by_numbers(roles)
        wanted = list(dict.fromkeys(name for group in roles.values() for name in group))
        words = column_words(labels, units, wanted)
        checks: list[tuple[Sequence[str], Callable[[pd.DataFrame], Any]]] = [
            ([time], lambda table: refuse_unordered(table[time], time)),
            ([outcome], partial(numbers, name=outcome)),
            *(
                ([name], partial(_numbers_of_treatment, name=name))
                for name in roles["treatment"]
            ),
            *(
                ([name], partial(refuse_weights, name=name))
                for name in roles["weights"]
            ),
            ([], lambda table: refuse_incomplete(missing_rows(table), missing)),
        ]
        table = read(frame, wanted, times=[time], labels=_named(roles), checks=checks)
        refuse_unknown_levels(words, table)
        gaps = missing_rows(table)
        origin = origin_of(frame, len(table))
        table, rows = kept(table, gaps)
        codes = table[unit].cat.codes.to_numpy(int)
        unit_names = tuple(table[unit].cat.categories)
        table[unit] = as_given(table[unit])
        order = np.lexsort((table[time], codes))
        return _assembled(
            table.iloc[order].reset_index(drop=True),
            frozen(codes[order]),
            unit_names,
            scale_of(column_of(frame, opened(frame, [time]), time), time),
            frozen(rows[order]),
            origin,
            {name: int(mask.sum()) for name, mask in gaps.items()},
            _arguments(roles, treatment, missing) | words,
        )

    @classmethod
    def from_chunks(
        cls,
        source: Frame | IntoLazyFrame | str | Path | Iterable[Frame],
        *,
        unit: str,
        time: str,
        outcome: str,
        treatment: str | Sequence[str],
        covariates: Sequence[str] = (),
        weights: str | None = None,
        cluster: str | Sequence[str] | None = None,
        fixed_effects: Sequence[str] = (),
        missing: Literal["error", "drop"] = "error",
        folder: str | Path | None = None,
        labels: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
    ) -> Panel:
        """Read a panel larger than memory in chunks (out of core).

        The panel, and every answer, is that of `from_frame`. The columns are kept in temporary
        files, sorted by unit and time, until the panel is no longer used; a unit's rows may come in
        several chunks. Cross-products are summed over blocks of whole units: by threads, or by the
        workers of `joblib.parallel_config(backend="dask")` and its like.

        Parameters
        ----------
        source
            A parquet file or a folder of them (which needs pyarrow), a Polars or Dask lazy frame,
            or any iterable of frames, read once.
        unit, time, outcome, treatment, covariates, weights, cluster, fixed_effects, missing
            As in `from_frame`.
        labels, units
            As in `from_frame`.
        folder : str or Path, optional
            The folder of the temporary files, 8 bytes a number; the system's temporary folder
            unless given.

        Raises
        ------
        DataError
            As in `from_frame`, and if the columns of a chunk are not those of the first.

        Examples
        --------
        >>> frame = pd.DataFrame({"i": [2, 1, 1], "t": [0, 1, 0], "y": [5.0, 3.0, 1.0]})
        >>> frame["d"] = [0.0, 1.0, 0.0]
        >>> chunks = [frame[:2], frame[2:]]
        >>> data = Panel.from_chunks(chunks, unit="i", time="t", outcome="y", treatment="d")
        >>> data.units, data.outcome
        (('1', '2'), array([1., 3., 5.]))
        """
        roles = _roles(
            unit, time, outcome, treatment, covariates, weights, missing
        ) | _groupings(unit, time, cluster, fixed_effects)
        _refuse_grouping_by_numbers(roles)
        wanted = list(dict.fromkeys(name for group in roles.values() for name in group))
        words = column_words(labels, units, wanted)
        spool = spooled(source, wanted, _named(roles), time, missing, folder)
        refuse_unknown_levels(words, spool.table)
        return _assembled(
            spool.table,
            spool.codes,
            spool.units,
            spool.time_scale,
            spool.rows,
            Origin(spool.size),
            spool.dropped,
            _arguments(roles, treatment, missing) | words,
        )

    @classmethod
    def from_formula(
        cls,
        formula: str,
        frame: Frame,
        *,
        unit: str | None = None,
        time: str | None = None,
        treatment: str | Sequence[str] | None = None,
        weights: str | None = None,
        cluster: str | Sequence[str] | None = None,
        missing: Literal["error", "drop"] = "error",
        labels: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
    ) -> Panel:
        """Read a panel by a formula as `feols` has it: "lwage ~ union + expersq | id + year".

        Covariates are partialled out as the model says: `PanelDML` has smooth functions of them,
        and straight lines with `basis_size=1`.

        Parameters
        ----------
        formula : str
            Outcome ~ treatment + covariates | unit + time + further fixed effects. `l(d, 1:2)` and
            `f(d, 1)` are lags and leads of a treatment (`with_lags`).
        frame
            As in `from_frame`.
        unit, time : str, optional
            The first and the second fixed effect unless given. A time that is only given here has
            no effects.
        treatment : str or list of str, optional
            The first term right of ~ unless given.
        weights, cluster, missing, labels, units
            As in `from_frame`.

        Raises
        ------
        DataError
            If the formula is of another form, has several outcomes, or as in `from_frame`.

        See Also
        --------
        causalstats.Panel.by_outcome : One panel of each of several outcomes.

        Examples
        --------
        >>> frame = pd.DataFrame({"id": [2, 1, 1], "year": [0, 1, 0], "y": [5.0, 3.0, 1.0]})
        >>> frame = frame.assign(d=[0.0, 1.0, 0.0], x=[4.0, 6.0, 2.0])
        >>> data = Panel.from_formula("y ~ d + x | id + year", frame)
        >>> data.treatments, data.covariates, data.arguments["fixed_effects"]
        (('d',), ('x',), ['year'])
        """
        parsed = panel_formula(formula)
        if len(parsed.outcomes) > 1:
            raise DataError(
                f"Expected one outcome, got {list(parsed.outcomes)}. `Panel.by_outcome` reads a "
                "panel of each."
            )
        data = cls.from_frame(
            frame,
            outcome=parsed.outcomes[0],
            **roles_of_formula(parsed, unit, time, treatment),
            weights=weights,
            cluster=cluster,
            missing=missing,
            labels=labels,
            units=units,
        )
        if not parsed.shifts:
            return data
        return data._with_shifts(parsed.shifts, parsed.shifted_alone)

    @classmethod
    def by_outcome(
        cls,
        formula: str,
        frame: Frame,
        *,
        unit: str | None = None,
        time: str | None = None,
        treatment: str | Sequence[str] | None = None,
        weights: str | None = None,
        cluster: str | Sequence[str] | None = None,
        missing: Literal["error", "drop"] = "error",
        labels: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
    ) -> dict[str, Panel]:
        """Read a panel of each of several outcomes: "lwage + hours ~ union | id + year".

        Parameters
        ----------
        formula, frame, unit, time, treatment, weights, cluster, missing, labels, units
            As in `from_formula`. Rows with missing values are dropped for each outcome by itself.

        Returns
        -------
        dict of str to Panel

        Raises
        ------
        DataError
            As in `from_formula`.

        Examples
        --------
        >>> frame = pd.DataFrame({"id": [2, 1, 1], "year": [0, 1, 0], "y": [5.0, 3.0, 1.0]})
        >>> frame = frame.assign(d=[0.0, 1.0, 0.0], z=[4.0, 6.0, 2.0])
        >>> list(Panel.by_outcome("y + z ~ d | id + year", frame))
        ['y', 'z']
        """
        right = formula.partition("~")[2] if isinstance(formula, str) else formula
        return {
            outcome: cls.from_formula(
                f"{outcome} ~ {right}",
                frame,
                unit=unit,
                time=time,
                treatment=treatment,
                weights=weights,
                cluster=cluster,
                missing=missing,
                labels=labels,
                units=units,
            )
            for outcome in panel_formula(formula).outcomes
        }

    def with_lags(
        self, lags: int = 0, leads: int = 0, of: Sequence[str] | None = None
    ) -> Panel:
        """Return the panel with lags and leads of the treatments as further treatments.

        Effects of lags are those that last (distributed lags); leads are treatments that have not
        happened yet, whose effects should be 0 (strict exogeneity, pre-trends). Rows are left out
        whose unit was not seen at all of these times.

        Parameters
        ----------
        lags, leads : int
            How many periods back and ahead; a period is the least gap between two rows of a unit,
            of dates a calendar month or several where days are of no even number.
        of : list of str, optional
            The treatments that are shifted; all of them unless given.

        Raises
        ------
        DataError
            If a number is negative or both are 0, a treatment is unknown, or no rows remain.

        Examples
        --------
        >>> frame = pd.DataFrame({"i": [1, 1, 1, 2, 2, 2], "t": [0, 1, 2] * 2})
        >>> frame = frame.assign(y=[1.0, 3.0, 2.0, 4.0, 0.0, 1.0], d=[0.0, 1.0, 1.0, 0.0, 0.0, 1.0])
        >>> data = Panel.from_frame(frame, unit="i", time="t", outcome="y", treatment="d")
        >>> data.with_lags(lags=1).treatments, data.with_lags(lags=1).treatment.tolist()
        (('d', 'd (lag 1)'), [[1.0, 0.0], [1.0, 1.0], [0.0, 0.0], [1.0, 0.0]])
        """
        asked = self.treatments if of is None else of
        names = [asked] if isinstance(asked, str) else [*column_names("of", asked)]
        unknown = [name for name in names if name not in self.treatments]
        whole = isinstance(lags, int) and isinstance(leads, int)
        too_many = whole and lags + leads > len(self)
        if (
            unknown
            or not whole
            or min(lags, leads) < 0
            or lags + leads == 0
            or too_many
        ):
            raise DataError(
                "Expected `lags` and `leads` as whole numbers from 0 on, not both 0, of treatments "
                f"{list(self.treatments)}; got lags={lags!r}, leads={leads!r}, of={names}."
            )
        shifts = (*range(-1, -lags - 1, -1), *range(1, leads + 1))
        return self._with_shifts(dict.fromkeys(names, shifts))

    def _with_shifts(
        self, shifts: Mapping[str, Sequence[int]], left_out: Sequence[str] = ()
    ) -> Panel:
        """Return the panel with treatments of other periods as further treatments.

        Parameters
        ----------
        shifts : mapping of treatment to periods
            Negative for lags.
        left_out : sequence of str
            Treatments of which the same period is none.
        """
        every = sorted({shift for each in shifts.values() for shift in each})
        rows = {shift: _shifted_rows(self, shift) for shift in every}
        kept = np.all([shifted >= 0 for shifted in rows.values()], axis=0)
        if not kept.any():
            lags, leads = max(0, -every[0]), max(0, every[-1])
            raise DataError(
                f"No unit was seen at all of these periods: no row has lags={lags} and "
                f"leads={leads}."
            )
        table = self.source[kept].copy()
        added = []
        for name, periods in shifts.items():
            values = self.treatment[:, self.treatments.index(name)]
            for shift in periods:
                word = f"lag {-shift}" if shift < 0 else f"lead {shift}"
                table[f"{name} ({word})"] = values[rows[shift][kept]]
                added.append(f"{name} ({word})")
        same = [name for name in self.treatments if name not in left_out]
        arguments = {**self.arguments, "treatment": [*same, *added]}
        shifted = Panel.from_frame(table, **arguments)
        # Rows, times and what was left out are those of the frame that was read first.
        return replace(
            shifted,
            time_scale=self.time_scale,
            rows=frozen(self.rows[kept][shifted.rows]),
            origin=self.origin,
            dropped=self.dropped,
        )

    @property
    def wording(self) -> Wording:
        """Labels and units of the columns."""
        return wording(self.arguments)

    @cached_property
    def starts(self) -> np.ndarray:
        """The row at which each unit begins, (N,).

        Examples
        --------
        >>> frame = pd.DataFrame({"i": [2, 1, 1], "t": [0, 1, 0], "y": [5.0, 3.0, 1.0]})
        >>> frame["d"] = [0.0, 1.0, 0.0]
        >>> data = Panel.from_frame(frame, unit="i", time="t", outcome="y", treatment="d")
        >>> data.starts
        array([0, 2])
        """
        return frozen(np.flatnonzero(np.diff(self.unit, prepend=-1)))

    @cached_property
    def sizes(self) -> np.ndarray:
        """The number of rows of each unit, (N,).

        Examples
        --------
        >>> frame = pd.DataFrame({"i": [2, 1, 1], "t": [0, 1, 0], "y": [5.0, 3.0, 1.0]})
        >>> frame["d"] = [0.0, 1.0, 0.0]
        >>> data = Panel.from_frame(frame, unit="i", time="t", outcome="y", treatment="d")
        >>> data.sizes
        array([2, 1])
        """
        return frozen(np.diff(self.starts, append=len(self)))

    @cached_property
    def periods(self) -> np.ndarray:
        """The times at which any unit was observed, in order.

        Examples
        --------
        >>> frame = pd.DataFrame({"i": [2, 1, 1], "t": [0, 1, 0], "y": [5.0, 3.0, 1.0]})
        >>> frame["d"] = [0.0, 1.0, 0.0]
        >>> data = Panel.from_frame(frame, unit="i", time="t", outcome="y", treatment="d")
        >>> data.periods
        array([0., 1.])
        """
        return frozen(np.unique(self.time))

    @cached_property
    def period(self) -> np.ndarray:
        """The period of each row, counted from 0 in the least step between rows of a unit, (n,).

        Dates are counted in calendar months where their steps are no multiples of one number of
        days, and no unit has two rows in a month.

        Examples
        --------
        >>> dates = pd.to_datetime(["2020-01-31", "2020-02-29", "2020-03-31", "2020-05-31"])
        >>> frame = pd.DataFrame({"t": dates, "y": [1.0, 3.0, 2.0, 5.0], "d": [0, 0, 1, 1], "i": 1})
        >>> data = Panel.from_frame(frame, unit="i", time="t", outcome="y", treatment="d")
        >>> data.period
        array([0, 1, 2, 4])
        """
        return frozen(periods_of(self.time, self.unit, self.time_scale))

    @cached_property
    def clusters(self) -> tuple[str, ...]:
        """Labels of the groups of units that are independent of each other; units by default.

        Examples
        --------
        >>> frame = pd.DataFrame({"i": [2, 1, 1], "t": [0, 1, 0], "y": [5.0, 3.0, 1.0]})
        >>> frame["d"] = [0.0, 1.0, 0.0]
        >>> data = Panel.from_frame(frame, unit="i", time="t", outcome="y", treatment="d")
        >>> data.clusters
        ('1', '2')
        """
        name = self.cluster_name
        return self.units if name is None else tuple(map(label, self._clusters[1]))

    @cached_property
    def cluster(self) -> np.ndarray:
        """Each unit's position in `clusters`, int array (N,).

        Examples
        --------
        >>> frame = pd.DataFrame({"i": [2, 1, 1], "t": [0, 1, 0], "y": [5.0, 3.0, 1.0]})
        >>> frame["d"] = [0.0, 1.0, 0.0]
        >>> data = Panel.from_frame(frame, unit="i", time="t", outcome="y", treatment="d")
        >>> data.cluster
        array([0, 1])
        """
        if self.cluster_name is None:
            return frozen(np.arange(len(self.units)))
        return frozen(self._clusters[0])

    @cached_property
    def cluster_name(self) -> str | None:
        """The column of `clusters`; None where they are the units.

        Examples
        --------
        >>> frame = pd.DataFrame({"i": [2, 1, 1], "t": [0, 1, 0], "y": [5.0, 3.0, 1.0]})
        >>> frame["d"] = [0.0, 1.0, 0.0]
        >>> roles = {"unit": "i", "time": "t", "outcome": "y", "treatment": "d"}
        >>> data = Panel.from_frame(frame.assign(state=["a", "b", "b"]), **roles, cluster="state")
        >>> data.cluster_name
        'state'
        """
        name = self._cluster_names[0]
        return None if name == self.arguments["unit"] else name

    @cached_property
    def second_cluster_name(self) -> str | None:
        """The other column of two-way clustering, which may change within units; None without.

        Examples
        --------
        >>> frame = pd.DataFrame({"i": [2, 1, 1], "t": [0, 1, 0], "y": [5.0, 3.0, 1.0]})
        >>> frame["d"] = [0.0, 1.0, 0.0]
        >>> roles = {"unit": "i", "time": "t", "outcome": "y", "treatment": "d"}
        >>> data = Panel.from_frame(frame, **roles, cluster=["i", "t"])
        >>> data.second_cluster_name
        't'
        """
        return self._cluster_names[1]

    @cached_property
    def second_cluster(self) -> np.ndarray | None:
        """The second cluster of each row, counted from 0, int array (n,); None without one.

        Examples
        --------
        >>> frame = pd.DataFrame({"i": [2, 1, 1], "t": [0, 1, 0], "y": [5.0, 3.0, 1.0]})
        >>> frame["d"] = [0.0, 1.0, 0.0]
        >>> roles = {"unit": "i", "time": "t", "outcome": "y", "treatment": "d"}
        >>> Panel.from_frame(frame, **roles, cluster=["i", "t"]).second_cluster
        array([0, 1, 0])
        """
        name = self.second_cluster_name
        return None if name is None else frozen(self.codes(name))

    @cached_property
    def _cluster_names(self) -> tuple[str, str | None]:
        """Clusters of whole units, and the others."""
        unit = self.arguments["unit"]
        given = self.arguments["cluster"]
        names = (
            [unit] if given is None else [given] if isinstance(given, str) else given
        )
        whole = [name for name in names if self._holds_whole_units(name)]
        first = whole[0] if whole else names[0]
        others = [name for name in names if name != first]
        return first, others[0] if others else None

    def _holds_whole_units(self, name: str) -> bool:
        codes = self.codes(name)
        return bool(self.constant_within_units(codes[:, None]).all())

    def codes(self, name: str) -> np.ndarray:
        """Return the positions of the values of a column of labels in their order, int (n,).

        Examples
        --------
        >>> frame = pd.DataFrame({"i": [2, 1, 1], "t": [0, 1, 0], "y": [5.0, 3.0, 1.0]})
        >>> frame["d"] = [0.0, 1.0, 0.0]
        >>> data = Panel.from_frame(frame, unit="i", time="t", outcome="y", treatment="d")
        >>> data.codes("t")
        array([0, 1, 0])
        """
        if name == self.arguments["unit"]:
            return self.unit
        return pd.factorize(self.source[name], sort=True)[0]

    @property
    def absorbs_time(self) -> bool:
        """Whether the time is among `fixed_effects`.

        Examples
        --------
        >>> import causalstats as cs
        >>> cs.PanelDML().simulate(1, units=4, times=3).data.absorbs_time
        False
        """
        return self.arguments["time"] in self.arguments["fixed_effects"]

    @property
    def crossed_effects(self) -> tuple[str, ...]:
        """Columns with fixed effects beside units and times."""
        both = (self.arguments["unit"], self.arguments["time"])
        return tuple(
            name for name in self.arguments["fixed_effects"] if name not in both
        )

    @property
    def _clusters(self) -> tuple[np.ndarray, pd.Index]:
        return pd.factorize(self.source[self.cluster_name].iloc[self.starts], sort=True)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of everything a model sees."""
        digest = hashlib.sha256(
            "\0".join([*self.treatments, *self.covariates]).encode()
        )
        for array in (self.outcome, self.treatment, self.unit, self.time, self.weights):
            digest.update(np.ascontiguousarray(array).tobytes())
        if self.cluster_name is not None:
            digest.update(np.ascontiguousarray(self.cluster).tobytes())
        if self.second_cluster is not None:
            digest.update(np.ascontiguousarray(self.second_cluster).tobytes())
        for name in self.arguments["fixed_effects"]:
            digest.update(np.ascontiguousarray(self.codes(name)).tobytes())
        for name in self.covariates:
            column = self.source[name]
            text = isinstance(column.dtype, pd.CategoricalDtype)
            digest.update(
                "\0".join(map(str, column)).encode()
                if text
                else np.ascontiguousarray(column.to_numpy()).tobytes()
            )
        return digest.hexdigest()

    def __repr__(self) -> str:
        return described(self)

    def _repr_html_(self) -> str:
        return html_card(type(self).__name__, self.facts())

    def __len__(self) -> int:
        return len(self.outcome)

    def with_second_study(self, outcome: np.ndarray) -> Panel:
        """Return this panel, and as many other units of the same design with other outcomes.

        Parameters
        ----------
        outcome : array, shape (n,)

        Examples
        --------
        >>> import causalstats as cs
        >>> data = cs.PanelDML().simulate(1, units=4, times=3).data
        >>> data.with_second_study(data.outcome).unit.max()
        np.int64(7)
        """
        twice = np.tile(np.arange(len(self)), 2)
        second = np.repeat([0, len(self.units)], len(self))
        return replace(
            self,
            outcome=frozen(np.concatenate([self.outcome, outcome])),
            treatment=frozen(self.treatment[twice]),
            unit=frozen(self.unit[twice] + second),
            units=(*self.units, *(f"{unit}, second study" for unit in self.units)),
            time=frozen(self.time[twice]),
            weights=frozen(self.weights[twice]),
            rows=frozen(np.arange(len(twice))),
            source=self.source.iloc[twice].reset_index(drop=True),
        )

    @property
    def numeric_covariates(self) -> dict[str, np.ndarray]:
        """The covariates that are numbers and no labels, by name.

        Examples
        --------
        >>> import causalstats as cs
        >>> list(cs.PanelDML().simulate(1, units=20, times=3).data.numeric_covariates)
        ['x1']
        """
        return {
            name: self.source[name].to_numpy(float)
            for name in self.covariates
            if not isinstance(self.source[name].dtype, pd.CategoricalDtype)
        }

    def constant_within_units(self, values: np.ndarray) -> np.ndarray:
        """Return whether columns (n, p) are time-invariant in each unit, (N, p).

        Examples
        --------
        >>> frame = pd.DataFrame({"i": [2, 1, 1], "t": [0, 1, 0], "y": [5.0, 3.0, 1.0]})
        >>> frame["d"] = [0.0, 1.0, 0.0]
        >>> data = Panel.from_frame(frame, unit="i", time="t", outcome="y", treatment="d")
        >>> data.constant_within_units(data.treatment)
        array([[False],
               [ True]])
        """
        highest = np.maximum.reduceat(values, self.starts, axis=0)
        lowest = np.minimum.reduceat(values, self.starts, axis=0)
        return highest == lowest

    def at(self, frame: Frame) -> PanelRows:
        """Return other rows, with the covariates that the frame has in the coding of these.

        Raises
        ------
        DataError
            If a covariate has missing values.

        Examples
        --------
        >>> frame = pd.DataFrame({"i": [2, 1, 1], "t": [0, 1, 0], "y": [5.0, 3.0, 1.0]})
        >>> frame = frame.assign(d=[0.0, 1.0, 0.0], x=[4.0, 6.0, 2.0])
        >>> roles = {"unit": "i", "time": "t", "outcome": "y", "treatment": "d"}
        >>> data = Panel.from_frame(frame, **roles, covariates=["x"])
        >>> data.at(pd.DataFrame({"x": [3.0]})).table
             x
        0  3.0
        """
        texts = [
            name
            for name in self.covariates
            if isinstance(self.source[name].dtype, pd.CategoricalDtype)
        ]
        table = read(frame, [], optional=self.covariates, labels=texts)
        refuse_incomplete(missing_rows(table))
        return PanelRows(panel=self, table=table, weights=np.ones(len(table)))

    def part(self, rows: Rows) -> PanelRows:
        """Return some of these rows, by a mask or a slice.

        Examples
        --------
        >>> frame = pd.DataFrame({"i": [2, 1, 1], "t": [0, 1, 0], "y": [5.0, 3.0, 1.0]})
        >>> frame = frame.assign(d=[0.0, 1.0, 0.0], x=[4.0, 6.0, 2.0])
        >>> roles = {"unit": "i", "time": "t", "outcome": "y", "treatment": "d"}
        >>> data = Panel.from_frame(frame, **roles, covariates=["x"])
        >>> data.part(data.time == 0).table
             x
        0  2.0
        2  4.0
        """
        table = self.source[list(self.covariates)][rows]
        return PanelRows(panel=self, table=table, weights=self.weights[rows])

    def times_as_written(self, times: np.ndarray) -> tuple[str, ...]:
        """Return times as the frame has them: dates as dates, whole numbers with all digits.

        Examples
        --------
        >>> dates = pd.to_datetime(["2020-01-01", "2020-06-01", "2021-01-01"])
        >>> frame = pd.DataFrame({"t": dates, "y": [1.0, 3.0, 2.0], "d": [0.0, 0.0, 1.0], "i": 1})
        >>> data = Panel.from_frame(frame, unit="i", time="t", outcome="y", treatment="d")
        >>> data.times_as_written(data.time)
        ('2020-01-01', '2020-06-01', '2021-01-01')
        """
        return self.time_scale.labels(times)

    def groups(self, by: Groups) -> pd.Categorical[Any]:
        """Return the group of each row.

        Parameters
        ----------
        by : str or sequence
            A column, in quarters where it has many numbers; or a label for each row of the frame
            that was read.

        Examples
        --------
        >>> frame = pd.DataFrame({"i": [2, 1, 1], "t": [0, 1, 0], "y": [5.0, 3.0, 1.0]})
        >>> frame["d"] = [0.0, 1.0, 0.0]
        >>> data = Panel.from_frame(frame, unit="i", time="t", outcome="y", treatment="d")
        >>> list(data.groups("i")), list(data.groups(["new", "old", "old"]))
        (['1', '1', '2'], ['old', 'old', 'new'])
        """
        if isinstance(by, str) and by == self.arguments["unit"]:
            return pd.Categorical.from_codes(self.unit, categories=pd.Index(self.units))
        return groups_of(self.source, by, self.origin, self.rows)

    def time_dummies(self, part: slice = slice(None)) -> np.ndarray:
        """Return time dummies, (n, number of periods - 1): one for every period but the first.

        Examples
        --------
        >>> frame = pd.DataFrame({"i": [2, 1, 1], "t": [0, 1, 0], "y": [5.0, 3.0, 1.0]})
        >>> frame["d"] = [0.0, 1.0, 0.0]
        >>> data = Panel.from_frame(frame, unit="i", time="t", outcome="y", treatment="d")
        >>> data.time_dummies()
        array([[0.],
               [1.],
               [0.]])
        """
        return (self.time[part, None] == self.periods[1:]).astype(float)

    def facts(self) -> dict[str, str]:
        """Return the facts about the data that a report shows.

        Examples
        --------
        >>> frame = pd.DataFrame({"i": [2, 1, 1], "t": [0, 1, 0], "y": [5.0, 3.0, 1.0]})
        >>> frame["d"] = [0.0, 1.0, 0.0]
        >>> data = Panel.from_frame(frame, unit="i", time="t", outcome="y", treatment="d")
        >>> data.facts()["Times"]
        '2 (t); 1 to 2, 1.5 on average of each unit'
        """
        least = self.sizes.min()
        most = self.sizes.max()
        times = f"{least:,}"
        if least < most:
            times = f"{least:,} to {most:,}, {self.sizes.mean():.1f} on average"
        words = self.wording
        unit = words.label(self.arguments["unit"])
        alone = int((self.sizes == 1).sum())
        still = int(self.constant_within_units(self.treatment).all(axis=1).sum())
        return {
            "Rows": f"{len(self):,}",
            "Units": f"{len(self.units):,} ({unit})",
            **self._clustering(),
            "Times": f"{len(self.periods):,} ({words.label(self.arguments['time'])}); {times} of "
            "each unit",
            "Seen once": f"{alone:,} units, which say nothing about change",
            "Treatment never changes": f"in {still:,} units, which can only be controls",
            **self._outcome_in_words(),
            "Treatment": ", ".join(map(words.described, self.treatments)),
            "Covariates": ", ".join(map(words.described, self.covariates)) or "none",
            "Rows dropped": ", ".join(
                f"{count:,} without '{name}'" for name, count in self.dropped.items()
            )
            or "none",
        }

    def _outcome_in_words(self) -> dict[str, str]:
        words = self.wording
        return {"Outcome": words.described(self.arguments["outcome"])} if words else {}

    def _clustering(self) -> dict[str, str]:
        names = {self.cluster_name: len(self.clusters)}
        if self.second_cluster is not None:
            names = {self._cluster_names[0]: len(self.clusters)}
            names[self.second_cluster_name] = int(self.second_cluster.max()) + 1
        clusters = " and ".join(
            f"{count:,} ({self.wording.label(name)})"
            for name, count in names.items()
            if name is not None
        )
        effects = ", ".join(map(self.wording.label, self.arguments["fixed_effects"]))
        facts = {"Clusters": clusters, "Fixed effects": effects}
        return {name: fact for name, fact in facts.items() if fact}


@dataclass(frozen=True, eq=False, kw_only=True)
class PanelRows:
    """Covariates of some rows, of a panel or of other units, in the coding of that panel.

    Parameters
    ----------
    panel : Panel
    table : DataFrame
        The covariates.
    weights : array (n,)

    Examples
    --------
    >>> frame = pd.DataFrame({"i": [1, 1, 2], "t": [0, 1, 0], "y": [1.0, 3.0, 2.0]})
    >>> frame["d"] = [0.0, 0.0, 1.0]
    >>> data = Panel.from_frame(frame, unit="i", time="t", outcome="y", treatment="d")
    >>> data.part(slice(1)).weights
    array([1.])
    """

    panel: Panel
    table: pd.DataFrame
    weights: np.ndarray


def _shifted_rows(panel: Panel, shift: int) -> np.ndarray:
    """Return the row of the same unit so many periods later, (n,); -1 where there is none.

    Parameters
    ----------
    panel : Panel
    shift : int
        Periods; negative for earlier ones.
    """
    period = panel.period
    width = int(period.max()) + 1 + 2 * abs(shift)
    key = panel.unit.astype(np.int64) * width + period + abs(shift)
    position = np.searchsorted(key, key + shift).clip(max=len(key) - 1)
    return np.where(key[position] == key + shift, position, -1)


def _roles(
    unit: str,
    time: str,
    outcome: str,
    treatment: str | Sequence[str],
    covariates: Sequence[str],
    weights: str | None,
    missing: str,
) -> dict[str, Sequence[str]]:
    """Return column names by role, none of them twice; arguments are those of `from_frame`."""
    choice("missing", missing, ("error", "drop"))
    one = isinstance(treatment, str) or not hasattr(treatment, "__iter__")
    single = {"unit": unit, "time": time, "outcome": outcome, "weights": weights}
    names = together(
        *(
            partial(column_name, role, name)
            for role, name in single.items()
            if not (role == "weights" and name is None)
        ),
        partial(column_name, "treatment", treatment)
        if one
        else partial(column_names, "treatment", treatment),
        partial(column_names, "covariates", covariates),
    )
    *named, treatments, covariates = names
    roles = {
        "unit": named[:1],
        "time": named[1:2],
        "outcome": named[2:3],
        "treatment": (treatments,) if one else treatments,
        "covariate": covariates,
        "weights": named[3:],
    }
    _check_roles(roles)
    return roles


def _groupings(
    unit: str, time: str, cluster: str | Sequence[str] | None, effects: Sequence[str]
) -> dict[str, Sequence[str]]:
    """Return the columns of clusters and of crossed fixed effects, by role.

    Parameters
    ----------
    unit, time : str
    cluster : str or list of str, or None
    effects : list of str
        `fixed_effects`.
    """
    clusters: Sequence[str] = []
    if isinstance(cluster, str):
        clusters = [cluster] if cluster != unit else []
    elif cluster is not None:
        clusters = column_names("cluster", cluster)
    if len(clusters) > 2 or len(set(map(str, clusters))) < len(clusters):
        raise DataError(
            f"Expected `cluster` as one column, or as two different ones, got {cluster!r}."
        )
    crossed = [name for name in column_names("fixed_effects", effects) if name != unit]
    return {"cluster": clusters, "fixed effects": crossed}


def _refuse_grouping_by_numbers(roles: Mapping[str, Sequence[str]]) -> None:
    """Refuse clusters and fixed effects by outcome, treatment or weights."""
    taken = {
        name: role
        for role in ("unit", "time", "outcome", "treatment", "weights")
        for name in roles[role]
    }
    allowed = {"fixed effects": ["time"], "cluster": []}
    if len(roles["cluster"]) == 2:
        allowed["cluster"] = ["unit", "time"]
    for kind, roles_allowed in allowed.items():
        argument = kind.replace(" ", "_")
        for name in roles[kind]:
            fine = isinstance(name, str) and name
            if fine and taken.get(name) in (None, *roles_allowed):
                continue
            got = f"{name!r}, the {taken[name]}" if name in taken else repr(name)
            advice = (
                "Name the groups of units that share shocks, such as 'state'; leave it out where "
                "units are independent."
                if kind == "cluster"
                else "Name groups of rows that have an effect of their own, such as 'industry'."
            )
            raise DataError(
                f"Expected `{argument}` as the name of a column of labels, got {got} as "
                f"{kind}. {advice}"
            )


def _named(roles: Mapping[str, Sequence[str]]) -> list[str]:
    """The columns that name something; a cluster that is a covariate too is read as that."""
    numbers_too = {*roles["covariate"], *roles["time"], *roles["unit"]}
    groupings = dict.fromkeys([*roles["cluster"], *roles["fixed effects"]])
    return [*roles["unit"], *(name for name in groupings if name not in numbers_too)]


def _arguments(
    roles: Mapping[str, Sequence[str]],
    treatment: str | Sequence[str],
    missing: str,
) -> dict[str, Any]:
    """Return the arguments of `from_frame`.

    Parameters
    ----------
    roles : mapping
        Columns by role.
    treatment : str or sequence of str
    missing : str
    """
    cluster: str | list[str] | None = None
    if roles["cluster"]:
        several = len(roles["cluster"]) > 1
        cluster = list(roles["cluster"]) if several else roles["cluster"][0]
    return {
        "unit": roles["unit"][0],
        "time": roles["time"][0],
        "outcome": roles["outcome"][0],
        "treatment": treatment
        if isinstance(treatment, str)
        else list(roles["treatment"]),
        "covariates": list(roles["covariate"]),
        "weights": roles["weights"][0] if roles["weights"] else None,
        "cluster": cluster,
        "fixed_effects": list(roles["fixed effects"]),
        "missing": missing,
    }


def _assembled(
    table: pd.DataFrame,
    codes: np.ndarray,
    units: tuple[str, ...],
    time_scale: TimeScale,
    rows: np.ndarray,
    origin: Origin,
    dropped: Mapping[str, int],
    arguments: Mapping[str, Any],
) -> Panel:
    """Return the panel of a table sorted by unit and time; columns on disk stay there.

    Parameters
    ----------
    table : DataFrame
    codes : int array (n,)
        The unit of each row, as a position in `units`.
    units : tuple of str
    time_scale : TimeScale
    rows : int array (n,)
        Row numbers in the frame.
    origin : Origin
    dropped : mapping of str to int
    arguments : mapping
        Those of `from_frame`.
    """
    treatment = arguments["treatment"]
    treatments = (treatment,) if isinstance(treatment, str) else tuple(treatment)
    outcome, weights, *columns = together(
        lambda: numbers(table, arguments["outcome"]),
        lambda: weights_of(table, arguments["weights"]),
        *(partial(_treatment, table, name) for name in treatments),
    )
    panel = Panel(
        outcome=read_only(outcome),
        treatment=read_only(
            columns[0][:, None] if len(columns) == 1 else np.column_stack(columns)
        ),
        treatments=treatments,
        covariates=tuple(arguments["covariates"]),
        unit=codes,
        units=units,
        time=read_only(table[arguments["time"]].to_numpy(float)),
        time_scale=time_scale,
        weights=read_only(weights),
        rows=rows,
        dropped=dropped,
        source=table,
        origin=origin,
        arguments=arguments,
    )
    together(
        partial(_refuse_twice, panel),
        partial(_refuse_copies, panel),
        partial(_refuse_clusters_within_units, panel),
    )
    return panel


def _check_roles(roles: Mapping[str, Sequence[str]]) -> None:
    taken: dict[str, str] = {}
    for role, columns in roles.items():
        for name in columns:
            if name in taken:
                raise DataError(
                    f"Column {name!r} is named as {taken[name]} and as {role}; expected a column "
                    "of its own."
                )
            taken[name] = role
    if not roles["treatment"]:
        raise DataError("Expected at least one treatment, got none.")


def _numbers_of_treatment(table: pd.DataFrame, name: str) -> np.ndarray:
    column = table[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        raise DataError(
            f"Expected treatment {name!r} to be numbers or True/False, got text such as "
            f"{text_that_is_no_number(column)}.{recoding_of_text(column)}"
        )
    return column.to_numpy(float)


def _treatment(table: pd.DataFrame, name: str) -> np.ndarray:
    values = _numbers_of_treatment(table, name)
    if values.min() == values.max():
        raise DataError(
            f"Treatment {name!r} is {label(values[0])} in every row: it has no effect to be seen."
        )
    refuse_out_of_scale(f"Treatment {name!r}", values)
    return values


def _refuse_twice(panel: Panel) -> None:
    again = np.flatnonzero((np.diff(panel.unit) == 0) & (np.diff(panel.time) == 0))
    if len(again):
        unit = panel.arguments["unit"]
        time = panel.arguments["time"]
        (when,) = panel.times_as_written(panel.time[again[:1]])
        label_of_unit = panel.units[panel.unit[again[0]]]
        raise DataError(
            f"Expected one row of each {unit!r} and {time!r}; {label_of_unit!r} "
            f"has two at {when}: {some(np.sort(panel.rows[again + 1]))}. "
            "If the rows are copies, keep one of each, `frame.drop_duplicates()`. If units of "
            f"several groups share a code, join both, `frame[{unit!r}] = frame['group'] + ' ' + "
            f"frame[{unit!r}].astype(str)`. If the rows are people, or shorter times, aggregate "
            f"them, `frame.groupby([{unit!r}, {time!r}], as_index=False)"
            ".mean(numeric_only=True)`."
        )


def _refuse_clusters_within_units(panel: Panel) -> None:
    given = panel.arguments["cluster"]
    names = [] if given is None else [given] if isinstance(given, str) else given
    if panel.arguments["unit"] not in names:
        _refuse_moving(panel, names)
    for name in (*names, *panel.arguments["fixed_effects"]):
        _refuse_indistinct(panel, name)


def _refuse_moving(panel: Panel, names: Sequence[str]) -> None:
    """Refuse clusters none of which holds whole units."""
    moved = {}
    for name in names:
        codes = panel.codes(name)
        still = panel.constant_within_units(codes[:, None])[:, 0]
        moved[name] = np.flatnonzero(~still)
    if not moved or any(len(units) == 0 for units in moved.values()):
        return
    name, units = next(iter(moved.items()))
    unit = panel.units[units[0]]
    raise DataError(
        f"Expected one value of cluster {name!r} in each {panel.arguments['unit']!r}; "
        f"{unit!r} has several, and {len(units):,} units in all. Clusters hold whole units: "
        "cluster by something that lasts, such as where a unit was first seen; or two ways, "
        f"cluster=[{panel.arguments['unit']!r}, {name!r}]."
    )


def _refuse_indistinct(panel: Panel, name: str) -> None:
    """Refuse groups that floating point cannot tell apart, or of which there is one."""
    column = panel.source[name]
    if column.dtype == float and abs(column).max() > _LARGEST_EXACT:
        raise DataError(
            f"{name!r} groups rows and has numbers above 2^53, which cannot all be "
            "told apart. Name the groups in a column of their own."
        )
    labels = column.unique()
    if len(labels) < 2:
        raise DataError(
            f"{name!r} is {labels[0]!r} in every row; expected at least two clusters, or groups "
            "with a fixed effect. Leave it out."
        )


def _refuse_copies(panel: Panel) -> None:
    """Refuse a covariate or treatment that is another treatment or the outcome but for scale."""
    aims = {
        panel.arguments["outcome"]: panel.outcome,
        **dict(zip(panel.treatments, panel.treatment.T, strict=True)),
    }
    numeric = {
        name: panel.source[name].to_numpy(float)
        for name in panel.covariates
        if not isinstance(panel.source[name].dtype, pd.CategoricalDtype)
    }
    for name, values in [*numeric.items(), *list(aims.items())[1:]]:
        for aim, target in aims.items():
            if aim != name and _same(values, target):
                raise DataError(
                    f"Column {name!r} is {aim!r} itself, but for its scale: nothing is left of one "
                    "when the other is held. Leave it out."
                )


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    """Return whether two columns are one but for unit and origin, whatever their sizes."""
    a, b = (
        values - values.mean()
        for values in (
            one / power_of_two(one[:, None]),
            other / power_of_two(other[:, None]),
        )
    )
    return bool(
        a @ a > 0 and b @ b > 0 and 1 - (a @ b) ** 2 / (a @ a) / (b @ b) < _COLLINEAR
    )
