"""Panel data: the same units at several times, with an outcome, treatments and covariates."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
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
    refuse_out_of_scale,
    refuse_weights,
    text_that_is_no_number,
    weights_of,
)
from causalstats.data.column_words import column_words, wording
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
from causalstats.data.times import TimeScale, refuse_unordered, scale_of
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
      Treatment never changes: in 1 units, which say nothing of its effect
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
        cluster: str | None = None,
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
        cluster : str, optional
            A column of labels, one value a unit: groups of units whose errors may depend on each
            other, such as the state of a county where the treatment is a law of states. Standard
            errors are clustered by it; by unit unless it is given. It may be a covariate too.
        missing : "error" or "drop"
            Treatment of rows that have missing values. Unit means are then those of the complete
            rows.
        labels : mapping of column to str, optional
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
            unit, time, outcome, treatment, covariates, weights, missing, cluster
        )
        wanted = [name for group in roles.values() for name in group]
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
        cluster: str | None = None,
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
        unit, time, outcome, treatment, covariates, weights, cluster, missing, labels, units
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
            unit, time, outcome, treatment, covariates, weights, missing, cluster
        )
        wanted = list(dict.fromkeys(name for group in roles.values() for name in group))
        words = column_words(labels, units, wanted)
        spool = spooled(source, wanted, _named(roles), time, missing, folder)
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
        name = self.arguments["cluster"]
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
        if self.arguments["cluster"] is None:
            return frozen(np.arange(len(self.units)))
        return frozen(self._clusters[0])

    @property
    def _clusters(self) -> tuple[np.ndarray, pd.Index]:
        return pd.factorize(
            self.source[self.arguments["cluster"]].iloc[self.starts], sort=True
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of everything a model sees."""
        digest = hashlib.sha256(
            "\0".join([*self.treatments, *self.covariates]).encode()
        )
        for array in (self.outcome, self.treatment, self.unit, self.time, self.weights):
            digest.update(np.ascontiguousarray(array).tobytes())
        if self.arguments["cluster"] is not None:
            digest.update(np.ascontiguousarray(self.cluster).tobytes())
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
            "Treatment never changes": f"in {still:,} units, which say nothing of its effect",
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
        name = self.arguments["cluster"]
        return (
            {}
            if name is None
            else {"Clusters": f"{len(self.clusters):,} ({self.wording.label(name)})"}
        )


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


def _roles(
    unit: str,
    time: str,
    outcome: str,
    treatment: str | Sequence[str],
    covariates: Sequence[str],
    weights: str | None,
    missing: str,
    cluster: str | None,
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
    if cluster is None or cluster == unit:
        return roles | {"cluster": []}
    taken = {
        name: role
        for role, group in roles.items()
        if role != "covariate"
        for name in group
    }
    if not (isinstance(cluster, str) and cluster) or cluster in taken:
        got = (
            f"{cluster!r}, the {taken[cluster]}" if cluster in taken else repr(cluster)
        )
        raise DataError(
            f"Expected `cluster` as the name of a column of labels, got {got} as cluster. "
            "Name the groups of units that share shocks, such as 'state'; leave it out where "
            "units are independent."
        )
    return roles | {"cluster": [cluster]}


def _named(roles: Mapping[str, Sequence[str]]) -> list[str]:
    """The columns that name something; a cluster that is a covariate too is read as that."""
    clusters = [name for name in roles["cluster"] if name not in roles["covariate"]]
    return [*roles["unit"], *clusters]


def _arguments(
    roles: Mapping[str, Sequence[str]], treatment: str | Sequence[str], missing: str
) -> dict[str, Any]:
    """Return the arguments of `from_frame`."""
    return {
        "unit": roles["unit"][0],
        "time": roles["time"][0],
        "outcome": roles["outcome"][0],
        "treatment": treatment if isinstance(treatment, str) else list(treatment),
        "covariates": list(roles["covariate"]),
        "weights": roles["weights"][0] if roles["weights"] else None,
        "cluster": roles["cluster"][0] if roles["cluster"] else None,
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
            f"{text_that_is_no_number(column)}. Recode it: a column a level."
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
            f"Aggregate them first, e.g. `frame.groupby([{unit!r}, {time!r}]).mean()`."
        )


def _refuse_clusters_within_units(panel: Panel) -> None:
    name = panel.arguments["cluster"]
    if name is None:
        return
    column = panel.source[name]
    if column.dtype == float and abs(column).max() > _LARGEST_EXACT:
        raise DataError(
            f"Cluster {name!r} is a covariate too, and has numbers above 2^53, which cannot all be "
            "told apart. Name the clusters in a column of their own."
        )
    codes, labels = pd.factorize(column)
    moved = np.flatnonzero(~panel.constant_within_units(codes[:, None])[:, 0])
    if len(moved):
        unit = panel.units[moved[0]]
        raise DataError(
            f"Expected one value of cluster {name!r} in each {panel.arguments['unit']!r}; "
            f"{unit!r} has several, and {len(moved):,} units in all. Clusters hold whole units: "
            "cluster by something that lasts, such as where a unit was first seen."
        )
    if len(labels) < 2:
        raise DataError(
            f"Cluster {name!r} is {labels[0]!r} in every row; expected at least two clusters. "
            "Leave `cluster` out, to cluster by unit."
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
