"""Categorical coding, standardisation and the design matrix of features.

The coding is kept, so that new people are coded the same way.
"""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from causalstats.data.columns import check_name, column_names, some, together
from causalstats.data.labels import label
from causalstats.data.memory_mapping import release
from causalstats.errors import DataError
from causalstats.numerics.regression.triangle import triangle

_ROWS_AT_ONCE = 250_000
_ROUNDING = (
    1e-14  # of the size of a column: it varies no more than that if it is constant
)


@dataclass(frozen=True, eq=False)
class Design:
    """The coding of columns of a frame as columns of a design matrix.

    A numeric feature is standardised, (x - mean) / sd, unless that is turned off; a categorical one
    has a 0/1 column for every level but the first (treatment coding). With a formula, the columns
    are formulaic's, standardised likewise where they are not 0/1.

    Parameters
    ----------
    columns : tuple of str
        Labels of the columns of the matrix.
    terms : mapping of str to tuple of int
        The columns of each feature or formula term.
    variables : tuple of str
        Columns of the frame.
    levels : mapping of str to tuple of str
        Levels of the categorical variables, as in the first frame.
    center, scale : arrays (D,)
        Means and standard deviations in the first frame; 0 and 1 where columns are kept as they
        are.
    spec
        formulaic's specification of a formula; None without one.
    """

    columns: tuple[str, ...]
    terms: Mapping[str, tuple[int, ...]]
    variables: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    center: np.ndarray
    scale: np.ndarray
    spec: Any

    def matrix(self, table: pd.DataFrame, rows: np.ndarray | None = None) -> np.ndarray:
        """Return the columns for other people, shape (N, D).

        Parameters
        ----------
        table : DataFrame
            The variables; those with levels as text or categories.
        rows : int array (N,), optional
            Row numbers in messages; positions unless given.

        Raises
        ------
        DataError
            If a level was never seen, numbers came as text, or a column is not finite.
        """
        for name, levels in self.levels.items():
            unseen = [
                str(level) for level in _levels(table[name]) if str(level) not in levels
            ]
            if unseen:
                raise DataError(
                    f"Feature {name!r} has level{'s' * (len(unseen) > 1)} "
                    f"{', '.join(map(repr, unseen))} that the model was not fitted to; it knows "
                    f"{', '.join(map(repr, levels))}. Recode or leave out these people, or refit "
                    "with them."
                )
        for name in self.variables:
            if name not in self.levels and isinstance(
                table[name].dtype, pd.CategoricalDtype
            ):
                raise DataError(
                    f"Feature {name!r} was numeric when the model was fitted and is text now. "
                    "Convert it to numbers."
                )
        raw = _raw(table, self.levels, self.spec)
        _refuse_infinite(raw, self.columns, rows)
        return _standardised(raw, self.center, self.scale)


def design(
    table: pd.DataFrame,
    features: Sequence[str] | None,
    formula: str | None,
    standardise: bool,
    rows: np.ndarray | None = None,
) -> Design:
    """Return the design of features or of a formula, as learned from these rows.

    Parameters
    ----------
    table : DataFrame
        The columns, without missing values.
    features : sequence of str, optional
        Names of columns.
    formula : str, optional
        A one-sided formula in their place.
    standardise : bool
        Whether columns that are not 0/1 get mean 0 and standard deviation 1.
    rows : int array, optional
        Row numbers in messages; positions unless given.

    Raises
    ------
    DataError
        If a column is constant, not finite, or follows from others.

    Examples
    --------
    >>> table = pd.DataFrame({"x": [1.0, 3.0, 1.0, 3.0], "g": pd.Categorical(list("abba"))})
    >>> coding = design(table, ["x", "g"], None, standardise=True)
    >>> coding.columns
    ('x', 'g[b]')
    >>> coding.matrix(table)[:2]
    array([[-1.,  0.],
           [ 1.,  1.]])
    """
    if formula is not None:
        spec = _formula_spec(table, formula)
        names, terms = _formula_terms(spec)
        variables = tuple(str(name) for name in table.columns)
    else:
        spec = None
        variables = tuple(features or ())
        names, terms = _feature_terms(table, variables)
    levels = {
        name: tuple(table[name].cat.categories)
        for name in variables
        if isinstance(table[name].dtype, pd.CategoricalDtype)
    }
    facts = _ColumnFacts.learned(_blocks(table, levels, spec), names, rows)
    scaled = standardise & ~facts.indicator
    constant = _constant(facts.lowest, facts.highest)
    if constant.any():
        shown = ", ".join(
            repr(name) for name, still in zip(names, constant, strict=True) if still
        )
        many = int(constant.sum()) > 1
        raise DataError(
            f"Feature{'s' * many} {shown} {'are' if many else 'is'} constant: "
            f"{'they do' if many else 'it does'} not tell people apart. "
            f"Leave {'them' if many else 'it'} out."
        )
    unit = power_of_two(np.stack([facts.lowest, facts.highest]))
    mean, sd = _moments(_blocks(table, levels, spec), unit)
    center = np.where(scaled, mean * unit, 0.0)
    spread = np.where(scaled, sd * unit, 1.0)
    # Whether columns follow from others is seen about their means, however far these are from 0
    middle = np.where(facts.indicator, 0.0, mean * unit)
    width = np.where(facts.indicator | (sd == 0), 1.0, sd * unit)
    ends = _standardised(np.stack([facts.lowest, facts.highest]), middle, width)
    largest = np.maximum(np.abs(ends).max(axis=0), 1e-300)
    whole = (
        np.column_stack(
            [np.ones(len(raw)), _standardised(raw, middle, width) / largest]
        )
        for raw in _blocks(table, levels, spec)
    )
    _refuse_dependent(triangle(whole), len(table), names)
    return Design(tuple(names), terms, variables, levels, center, spread, spec)


def _constant(lowest: np.ndarray, highest: np.ndarray) -> np.ndarray:
    """Return which columns (p,) vary by rounding alone, or not at all."""
    size = np.maximum(np.abs(lowest), np.abs(highest))
    return highest / 2 - lowest / 2 <= _ROUNDING * size


@dataclass(frozen=True, eq=False)
class _ColumnFacts:
    """Extremes of columns, and whether they hold 0 and 1 only; arrays (p,)."""

    lowest: np.ndarray
    highest: np.ndarray
    indicator: np.ndarray

    @classmethod
    def learned(
        cls,
        blocks: Iterable[np.ndarray],
        names: Sequence[str],
        rows: np.ndarray | None,
    ) -> "_ColumnFacts":
        """Return the facts over all blocks; refuse columns that are not finite.

        Parameters
        ----------
        blocks : iterable of arrays (m, p)
        names : sequence of str
        rows : int array or None
            Row numbers in messages.
        """
        lowest, highest, indicator = [], [], []
        start = 0
        for raw in blocks:
            part = np.arange(start, start + len(raw)) if rows is None else None
            called = rows[start : start + len(raw)] if rows is not None else part
            _refuse_infinite(raw, names, called)
            lowest.append(raw.min(axis=0))
            highest.append(raw.max(axis=0))
            indicator.append(np.all((raw == 0) | (raw == 1), axis=0))
            start += len(raw)
        return cls(np.min(lowest, 0), np.max(highest, 0), np.all(indicator, 0))


def _moments(
    blocks: Iterable[np.ndarray], unit: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return means and standard deviations of columns in some units, over all blocks.

    Moments of blocks are joined as Chan, Golub & LeVeque (1983) do.
    """
    count, mean, squares = 0, np.zeros(len(unit)), np.zeros(len(unit))
    for raw in blocks:
        scaled = raw / unit
        new = scaled.mean(axis=0)
        spread = scaled.std(axis=0)
        if count == 0:
            count, mean, squares = len(raw), new, spread**2 * len(raw)
            deviation = spread
            continue
        total = count + len(raw)
        squares = squares + spread**2 * len(raw)
        squares = squares + (new - mean) ** 2 * count * len(raw) / total
        mean = mean + (new - mean) * len(raw) / total
        count = total
        deviation = np.sqrt(squares / count)
    return mean, deviation


def _blocks(
    table: pd.DataFrame, levels: Mapping[str, tuple[str, ...]], spec: Any
) -> Iterator[np.ndarray]:
    """Yield the columns of the design as they are, for blocks of rows."""
    for start in range(0, len(table), _ROWS_AT_ONCE):
        yield _raw(table.iloc[start : start + _ROWS_AT_ONCE], levels, spec)
        for name in table.columns:
            if name not in levels:
                release(table[name].to_numpy())


def power_of_two(columns: np.ndarray) -> np.ndarray:
    """Return a power of two of the size of each column (n, p), by which division is exact.

    Squares and sums of columns that were divided by it neither overflow nor vanish.
    """
    largest = np.maximum(np.abs(columns.max(axis=0)), np.abs(columns.min(axis=0)))
    return np.exp2(np.floor(np.log2(np.where(largest > 0, largest, 1.0))))


def _standardised(raw: np.ndarray, center: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return (raw - center) / scale; halves of numbers near the largest have a difference."""
    large = np.abs(raw).max(axis=0, initial=0.0) > np.finfo(float).max / 4
    half = np.where(large, 0.5, 1.0)
    return (raw * half - center * half) / (scale * half)


def _levels(column: pd.Series) -> list:
    """Return the levels that a column has, or values in place of them."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return list(column.cat.categories)
    return [label(value) for value in np.unique(column)]


def _refuse_infinite(
    raw: np.ndarray, names: Sequence[str], rows: np.ndarray | None = None
) -> None:
    """Refuse columns that are not finite somewhere, naming all of them and the rows."""
    bad = ~np.isfinite(raw)
    if not bad.any():
        return
    called = np.arange(len(raw)) if rows is None else rows
    terms = "; ".join(
        f"{name!r} in {some(np.sort(called[where]))}"
        for name, where in zip(names, bad.T, strict=True)
        if where.any()
    )
    raise DataError(
        f"The formula has no finite value for {terms}: a logarithm of 0 or of a negative number, a "
        "division by 0, or a number too large. Leave these rows out, or change the formula, e.g. "
        "log(1 + x)."
    )


def _formula_spec(table: pd.DataFrame, formula: str) -> Any:
    from formulaic import model_matrix

    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)
            # Rows without a value stay, and are refused by name: dropped ones would shift people.
            return model_matrix(
                formula, table, context={}, na_action="ignore"
            ).model_spec
    except Exception as error:
        # formulaic raises many kinds; each means that the formula does not fit the frame.
        raise DataError(
            f"The formula {formula!r} cannot be evaluated on these columns: {error}"
        ) from error


def _formula_terms(spec: Any) -> tuple[list[str], dict[str, tuple[int, ...]]]:
    slices = {
        str(term): tuple(range(*where.indices(len(spec.column_names))))
        for term, where in spec.term_slices.items()
    }
    shift = len(slices.pop("1", ()))
    if shift == 0:
        raise DataError(
            "The formula removes the intercept; the model has one of its own. Leave out '0 +' and "
            "'- 1'."
        )
    terms = {
        term: tuple(index - shift for index in where) for term, where in slices.items()
    }
    by_variable: dict[str, set[int]] = {}
    for term, variables in spec.term_variables.items():
        for variable in variables:
            by_variable.setdefault(str(variable), set()).update(
                terms.get(str(term), ())
            )
    terms |= {
        name: tuple(sorted(where))
        for name, where in by_variable.items()
        if name not in terms and name in spec.required_variables
    }
    return [str(name) for name in spec.column_names[shift:]], terms


def _feature_terms(
    table: pd.DataFrame, features: Sequence[str]
) -> tuple[list[str], dict[str, tuple[int, ...]]]:
    names: list[str] = []
    terms = {}
    for feature in features:
        column = table[feature]
        levels = (
            list(column.cat.categories)[1:]
            if isinstance(column.dtype, pd.CategoricalDtype)
            else None
        )
        added = (
            [feature] if levels is None else [f"{feature}[{level}]" for level in levels]
        )
        if not added:
            raise DataError(
                f"Feature {feature!r} is constant: it has the one level {column.iloc[0]!r}. Leave "
                "it out."
            )
        terms[feature] = tuple(range(len(names), len(names) + len(added)))
        names += added
    return names, terms


def _raw(
    table: pd.DataFrame, levels: Mapping[str, tuple[str, ...]], spec: Any
) -> np.ndarray:
    if spec is not None:
        return _of_formula(table, levels, spec)
    parts = []
    for name in table.columns:
        values = table[name]
        if name in levels:
            parts += [
                (values.astype(str) == level).to_numpy(float)
                for level in levels[name][1:]
            ]
        else:
            parts.append(values.to_numpy(float))
    return np.column_stack(parts)


def _of_formula(
    table: pd.DataFrame, levels: Mapping[str, tuple[str, ...]], spec: Any
) -> np.ndarray:
    """Return the columns of a formula without the intercept, one row for each row of the table."""
    from formulaic.errors import DataMismatchWarning

    recoded = table.assign(
        **{
            name: pd.Categorical(table[name], categories=list(known))
            for name, known in levels.items()
        }
    )
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("error", DataMismatchWarning)
            warnings.simplefilter("ignore", RuntimeWarning)
            full = spec.get_model_matrix(recoded, context={})
    except Exception as error:  # as in `_formula_spec`
        extend = (
            " Say what a spline is there, e.g. `bs(x, df=4, extrapolation='clip')`."
        )
        raise DataError(
            f"The formula {spec.formula} has no value for some of these rows: {error}."
            f"{extend if 'bound' in str(error) else ''}"
        ) from error
    columns = np.asarray(full, dtype=float)[:, 1:]
    assert len(columns) == len(table)
    return columns


def _refuse_dependent(whole: np.ndarray, rows: int, names: Sequence[str]) -> None:
    """Refuse perfect multicollinearity: columns that others and the intercept determine.

    Parameters
    ----------
    whole : array (p + 1, p + 1)
        The triangle of a QR decomposition of the intercept and the columns.
    rows : int
        How many rows the columns have.
    names : sequence of str
    """
    labels = ["the intercept", *names]
    # How long the residual of each column is, after those before it are partialled out.
    left = np.abs(np.diagonal(whole))
    sizes = np.linalg.norm(whole, axis=0)
    column = next(
        (k for k in range(min(rows, len(left))) if left[k] < 1e-8 * sizes[k]), None
    )
    if column is None and len(names) < rows:
        return
    if column is None:
        raise DataError(
            f"Expected fewer coded features than rows, got {len(names):,} features of {rows:,} "
            "rows. Leave some out, or summarise them by fewer."
        )
    weights, *_ = np.linalg.lstsq(whole[:, :column], whole[:, column], rcond=None)
    others = [labels[k] for k, weight in enumerate(weights) if abs(weight) > 1e-6]
    verb = "repeats" if len(others) == 1 else "is determined by"
    raise DataError(
        f"Feature {labels[column]!r} {verb} {', '.join(map(repr, others))}. Leave one of them out."
    )


def check_features(features: Any) -> tuple[str, ...]:
    """Return names that can be used, each once."""
    if isinstance(features, str):
        raise DataError(
            f"Expected a list of feature names, got the text {features!r}; write [{features!r}], "
            f"or `formula={features!r}`."
        )
    names = column_names("features", features)
    if len(names) == 0:
        raise DataError("Expected at least one feature.")
    together(*(partial(check_name, name) for name in names))
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise DataError(f"Feature {twice[0]!r} is named twice.")
    return names
