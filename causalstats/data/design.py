"""Features as the columns of a matrix, coded so that new people can be coded the same way."""

import ast
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from causalstats.data.frames import check_name
from causalstats.errors import DataError

# What a formula may call. A formula is evaluated, also when a saved fit is read, so it may not name anything else.
FORMULA_FUNCTIONS = frozenset(
    ["C", "bs", "cs", "cc", "cr", "poly", "center", "scale", "log", "log2", "log10", "exp"]
)
_ALLOWED = (
    ast.Expression,
    ast.Name,
    ast.Call,
    ast.keyword,
    ast.Constant,
    ast.BinOp,
    ast.UnaryOp,
    ast.operator,
    ast.unaryop,
    ast.List,
    ast.Tuple,
    ast.Load,
)


@dataclass(frozen=True, eq=False)
class Design:
    """How columns of a frame become columns of a matrix: terms, levels, scales, all as found in the first frame.

    A numeric feature is standardised, (x - mean) / sd, unless told otherwise; a categorical one has a 0/1 column for every level
    but the first. With a formula, the columns are formulaic's, standardised likewise where they are not 0/1.
    """

    columns: tuple[str, ...]
    terms: Mapping[str, tuple[int, ...]]
    variables: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    center: np.ndarray
    scale: np.ndarray
    spec: Any

    def matrix(self, table: pd.DataFrame) -> np.ndarray:
        """The columns for other people, shape (N, D)."""
        for name, levels in self.levels.items():
            seen = (
                table[name].cat.categories
                if isinstance(table[name].dtype, pd.CategoricalDtype)
                else sorted(set(table[name]))
            )
            unseen = [str(level) for level in seen if str(level) not in levels]
            if unseen:
                raise DataError(
                    f"Feature {name!r} has level{'s' * (len(unseen) > 1)} {', '.join(map(repr, unseen))} that the model was not fitted to; "
                    f"it knows {', '.join(map(repr, levels))}. Recode or leave out these people, or refit with them."
                )
        for name in self.variables:
            if name not in self.levels and isinstance(table[name].dtype, pd.CategoricalDtype):
                raise DataError(
                    f"Feature {name!r} was numeric when the model was fitted and is text now. Convert it to numbers."
                )
        raw = _raw(table, self.levels, self.spec)
        return (raw - self.center) / self.scale


def design(
    table: pd.DataFrame, features: Sequence[str] | None, formula: str | None, standardise: bool
) -> Design:
    """The design of `features` (column names) or of a one-sided `formula`, learned from `table` (no missing values)."""
    if formula is not None:
        spec = _formula_spec(table, formula)
        names, terms = _formula_terms(spec)
        variables = tuple(str(name) for name in table.columns)
    else:
        spec, variables = None, tuple(features or ())
        names, terms = _feature_terms(table, variables)
    levels = {
        name: tuple(table[name].cat.categories)
        for name in variables
        if isinstance(table[name].dtype, pd.CategoricalDtype)
    }
    raw = _raw(table, levels, spec)
    indicator = np.all((raw == 0) | (raw == 1), axis=0)
    scaled = standardise & ~indicator
    constant = np.ptp(raw, axis=0) == 0
    if constant.any():
        raise DataError(
            f"Feature {names[int(np.argmax(constant))]!r} is constant: it says nothing about anybody. Leave it out."
        )
    center = np.where(scaled, raw.mean(axis=0), 0.0)
    spread = np.where(scaled, raw.std(axis=0), 1.0)
    _refuse_dependent((raw - center) / spread, names)
    return Design(tuple(names), terms, variables, levels, center, spread, spec)


def formula_variables(formula: str) -> tuple[str, ...]:
    """The columns a formula names, after refusing anything in it that is not arithmetic on columns."""
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    try:
        parsed = Formula(formula)
        terms = list(parsed)
    except (FormulaicError, SyntaxError, TypeError) as error:
        raise DataError(
            f"Expected a formula such as 'age + C(region) + bs(score, df=4)', got {formula!r}: {error}."
        ) from error
    if hasattr(parsed, "lhs"):
        raise DataError(
            f"Expected a formula without '~': outcome and decision have arguments of their own; got {formula!r}."
        )
    names: dict[str, None] = {}
    for term in terms:
        for factor in term.factors:
            names.update(dict.fromkeys(_names(factor.expr)))
    for name in names:
        check_name(name)
    return tuple(names)


def _names(expression: str) -> list[str]:
    try:
        tree = ast.parse(expression, mode="eval")
    except SyntaxError as error:
        raise DataError(
            f"{expression!r} in the formula is not an expression in column names. Rename columns to plain names first."
        ) from error
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED):
            raise DataError(
                f"{expression!r} is not allowed in a formula: expected column names, numbers, arithmetic and {', '.join(sorted(FORMULA_FUNCTIONS))}."
            )
    for function in called:
        if not (isinstance(function, ast.Name) and function.id in FORMULA_FUNCTIONS):
            raise DataError(
                f"{ast.unparse(function)!r} cannot be called in a formula; there are {', '.join(sorted(FORMULA_FUNCTIONS))}."
            )
    return [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node not in called]


def _formula_spec(table: pd.DataFrame, formula: str) -> Any:
    from formulaic import model_matrix

    try:
        return model_matrix(formula, table, context={}).model_spec
    except (
        Exception
    ) as error:  # formulaic raises many kinds; each means that the formula does not fit the frame
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
            "The formula removes the intercept; the model has one of its own. Leave out '0 +' and '- 1'."
        )
    terms = {term: tuple(index - shift for index in where) for term, where in slices.items()}
    by_variable: dict[str, set[int]] = {}
    for term, variables in spec.term_variables.items():
        for variable in variables:
            by_variable.setdefault(str(variable), set()).update(terms.get(str(term), ()))
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
        added = [feature] if levels is None else [f"{feature}[{level}]" for level in levels]
        if not added:
            raise DataError(
                f"Feature {feature!r} is constant: it has the one level {column.iloc[0]!r}. Leave it out."
            )
        terms[feature] = tuple(range(len(names), len(names) + len(added)))
        names += added
    return names, terms


def _raw(table: pd.DataFrame, levels: Mapping[str, tuple[str, ...]], spec: Any) -> np.ndarray:
    if spec is not None:
        from formulaic.errors import DataMismatchWarning

        recoded = table.assign(
            **{
                name: pd.Categorical(table[name], categories=list(known))
                for name, known in levels.items()
            }
        )
        with warnings.catch_warnings():
            warnings.simplefilter("error", DataMismatchWarning)
            full = spec.get_model_matrix(recoded, context={})
        return np.asarray(full, dtype=float)[:, 1:]
    parts = []
    for name in table.columns:
        values = table[name]
        if name in levels:
            parts += [(values.astype(str) == level).to_numpy(float) for level in levels[name][1:]]
        else:
            parts.append(values.to_numpy(float))
    return np.column_stack(parts)


def _refuse_dependent(matrix: np.ndarray, names: Sequence[str]) -> None:
    """Refuse columns that others (and the intercept) determine, naming the set."""
    whole = np.column_stack(
        [np.ones(len(matrix)), matrix / np.maximum(np.abs(matrix).max(axis=0), 1e-300)]
    )
    labels = ["the intercept", *names]
    left = np.abs(
        np.diagonal(np.linalg.qr(whole, mode="r"))
    )  # of each column, what those before it leave
    sizes = np.linalg.norm(whole, axis=0)
    missing = range(len(left), len(sizes))  # more columns than rows
    column = next(
        (k for k in range(len(left)) if left[k] < 1e-8 * sizes[k]),
        missing.start if missing else None,
    )
    if column is None:
        return
    weights, *_ = np.linalg.lstsq(whole[:, :column], whole[:, column], rcond=None)
    others = [labels[k] for k, weight in enumerate(weights) if abs(weight) > 1e-6]
    verb = "repeats" if len(others) == 1 else "is determined by"
    raise DataError(
        f"Feature {labels[column]!r} {verb} {', '.join(map(repr, others))}. Leave one of them out."
    )


def check_features(features: Sequence[str]) -> None:
    """Names that can be used, each once."""
    if isinstance(features, str):
        raise DataError(
            f"Expected a list of feature names, got the text {features!r}; write [{features!r}], or `formula={features!r}`."
        )
    if len(features) == 0:
        raise DataError("Expected at least one feature.")
    for name in features:
        check_name(name)
    twice = [name for name in dict.fromkeys(features) if list(features).count(name) > 1]
    if twice:
        raise DataError(f"Feature {twice[0]!r} is named twice.")
