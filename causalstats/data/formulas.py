"""One-sided Wilkinson formulas: the columns that they name, and refusal of likely mistakes.

In a formula `**`, `*`, `:` and `/` make interactions, as in R: `age**2` and `age*age` are `age`.
Where that can only be a mistake it is refused, with the formula to write.
"""

from __future__ import annotations

import ast
import math
import re
from functools import partial
from typing import Any

from causalstats.data.columns import check_name, together
from causalstats.errors import DataError

# A formula is evaluated, also when a saved fit is read, so that it may call nothing else.
FORMULA_FUNCTIONS = frozenset(
    [
        "C",
        "I",
        "bs",
        "cs",
        "cc",
        "cr",
        "poly",
        "center",
        "scale",
        "log",
        "log2",
        "log10",
        "exp",
    ]
)
_ALLOWED = (
    ast.Expression,
    ast.Name,
    ast.Call,
    ast.keyword,
    ast.Constant,
    ast.BinOp,
    ast.UnaryOp,
    *(ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow),
    *(ast.UAdd, ast.USub),
    ast.List,
    ast.Tuple,
    ast.Load,
)
# Without bounds, a short formula takes minutes and gigabytes.
_LONGEST = 5_000  # characters
_MOST_TERMS = 3_000
_MOST_COLUMNS = 100  # of a spline or a polynomial
_LARGEST_BASE, _LARGEST_EXPONENT = 1_000, 100  # of a power of numbers
_BASES = frozenset(["bs", "cs", "cc", "cr", "poly"])


def formula_variables(formula: str) -> tuple[str, ...]:
    """Return the columns that a formula names.

    Raises
    ------
    DataError
        If anything in it is not arithmetic on columns, or makes an interaction of a column with
        itself.

    Examples
    --------
    >>> formula_variables("age + I(age**2) + C(region)")
    ('age', 'region')
    """
    names: dict[str, None] = {}
    for factor in _factors(formula):
        names.update(dict.fromkeys(_names(factor)))
    if not names:
        raise DataError(
            f"The formula {formula!r} names no column; expected at least one."
        )
    together(*(partial(check_name, name) for name in names))
    return tuple(names)


def formula_labels(formula: str) -> tuple[str, ...]:
    """Return the columns that a formula names as categories alone.

    Examples
    --------
    >>> formula_labels("age + C(site)")
    ('site',)
    """
    inside: dict[str, None] = {}
    outside: set[str] = set()
    for factor in _factors(formula):
        tree = ast.parse(factor, mode="eval").body
        category = isinstance(tree, ast.Call) and getattr(tree.func, "id", "") == "C"
        first = (
            tree.args[0]
            if isinstance(tree, ast.Call) and category and tree.args
            else None
        )
        if isinstance(first, ast.Name):
            inside[first.id] = None
        else:
            outside.update(_names(factor))
    return tuple(name for name in inside if name not in outside)


def _as_a_sum(columns: object) -> str:
    """Return the formula of a list of columns, as advice; empty of anything else."""
    if not isinstance(columns, list | tuple) or not columns:
        return ""
    names = [name for name in columns if isinstance(name, str)]
    if len(names) < len(columns):
        return ""
    terms = [name if name.isidentifier() else f"`{name}`" for name in names]
    return f"Write {' + '.join(terms)!r}."


def _factors(formula: str) -> list[str]:
    """Return the expressions of a formula that are multiplied and added."""
    from formulaic import Formula
    from formulaic.errors import FormulaicError
    from formulaic.parser import DefaultFormulaParser

    if not isinstance(formula, str):
        raise DataError(
            "Expected a formula as text, such as 'age + C(region) + bs(score, df=4)', got "
            f"{formula!r}. {_as_a_sum(formula)}".rstrip()
        )
    if len(formula) > _LONGEST:
        raise DataError(
            f"Expected a formula of at most {_LONGEST:,} characters, got {len(formula):,}. Name "
            "many columns as a list, or compute them first."
        )
    try:
        _refuse_many_terms(DefaultFormulaParser().get_ast(formula), formula)
        parsed = Formula(formula)
        structured = hasattr(parsed, "lhs")
        terms = [] if structured else list(parsed)
        tree = None if structured else DefaultFormulaParser().get_ast(formula)
    except (
        *(FormulaicError, SyntaxError, TypeError, ValueError),
        *(AttributeError, RecursionError, MemoryError),
    ) as error:
        raise DataError(
            "Expected a formula such as 'age + C(region) + bs(score, df=4)', got "
            f"{formula!r}: {_plain(error)}"
        ) from error
    if structured or not all(hasattr(term, "factors") for term in terms):
        raise DataError(
            "Expected a formula without '~' and '|': outcome and decision have arguments of their "
            f"own; got {formula!r}."
        )
    _refuse_misread(tree, formula)
    return [factor.expr for term in terms for factor in term.factors]


def _refuse_many_terms(tree: Any, formula: str) -> None:
    """Refuse products and powers of many columns before they are multiplied out."""
    count = _term_count(tree)
    if count > _MOST_TERMS:
        raise DataError(
            f"Expected a formula of at most {_MOST_TERMS:,} terms; its products and powers make "
            f"more: {formula[:200]!r}. Name the interactions that are meant."
        )


def _term_count(tree: Any) -> float:
    """Return a bound of the number of terms that part of a formula makes."""
    if not hasattr(tree, "operator"):
        return 1.0
    symbol = tree.operator.symbol
    counts = [_term_count(arg) for arg in tree.args]
    if symbol in ("**", "^") and len(counts) == 2:
        power = _written(tree.args[1])
        if not power.isdecimal() or len(power) > 2:
            return float("inf")
        return math.comb(round(min(counts[0], 1e6)) + int(power), int(power))
    if symbol in ("+", "-", "~", "|"):
        return sum(counts)
    return math.prod(1 + count for count in counts)


def _refuse_misread(tree: Any, formula: str) -> None:
    """Refuse operators that make something else than arithmetic where arithmetic must be meant."""
    for node in _nodes(tree):
        symbol = node.operator.symbol
        parts = [_written(arg) for arg in node.args]
        if symbol in ("**", "^") and len(_columns(node.args[0])) < 2:
            raise DataError(
                f"In a formula {parts[0]}{symbol}{parts[1]} makes interactions, of which one "
                f"column has none: it is {parts[0]} alone. For a power write "
                f"`I({parts[0]}**{parts[1]})` or `poly({parts[0]}, {parts[1]})`; got {formula!r}."
            )
        shared = (
            _columns(node.args[0]) & _columns(node.args[-1])
            if len(node.args) == 2
            else set()
        )
        if symbol in ("*", ":", "/") and shared:
            name = min(shared)
            raise DataError(
                f"In a formula {symbol!r} makes interactions, and {name!r} has none with itself: "
                f"it is {name!r} alone. For its square write `I({name}**2)` or `poly({name}, 2)`; "
                f"got {formula!r}."
            )
        if symbol == "/":
            raise DataError(
                f"In a formula {parts[0]}/{parts[1]} is {parts[0]} and its interaction with "
                f"{parts[1]}, no ratio. For a ratio write `I({parts[0]}/{parts[1]})`, for the two "
                f"write `{parts[0]} + {parts[0]}:{parts[1]}`; got {formula!r}."
            )
        if (
            symbol == "-"
            and parts[-1] not in ("0", "1")
            and _removes_nothing(tree, node)
        ):
            raise DataError(
                f"In a formula '- {parts[-1]}' leaves a term out, and there is none. For a "
                f"difference write `I({parts[0].split(' + ')[-1]} - {parts[-1]})`; got {formula!r}."
            )


def _nodes(tree: Any) -> list[Any]:
    """Return every operation of a formula, inner ones last."""
    if not hasattr(tree, "operator"):
        return []
    return [tree, *(node for arg in tree.args for node in _nodes(arg))]


def _written(tree: Any) -> str:
    """Return part of a formula as text."""
    if not hasattr(tree, "operator"):
        return str(getattr(tree, "token", tree))
    symbol = tree.operator.symbol
    parts = [
        _written(arg) for arg in tree.args if not (symbol == "+" and str(arg) == "1")
    ]
    return (f" {symbol} " if symbol in "+-" else symbol).join(parts)


def _columns(tree: Any) -> set[str]:
    """Return the expressions in part of a formula, numbers left out."""
    if not hasattr(tree, "operator"):
        text = _written(tree)
        return set() if text.replace(".", "", 1).isdigit() else {text}
    return set().union(*map(_columns, tree.args))


def _removes_nothing(tree: Any, node: Any) -> bool:
    """Return whether a term is left out that is nowhere else in the formula."""
    removed = node.args[-1]
    others = [part for part in _leaves(tree) if part is not removed]
    return not hasattr(removed, "operator") and _written(removed) not in map(
        _written, others
    )


def _leaves(tree: Any) -> list[Any]:
    if not hasattr(tree, "operator"):
        return [tree]
    return [leaf for arg in tree.args for leaf in _leaves(arg)]


def _names(expression: str) -> list[str]:
    """Return the columns of one expression, after refusing what it may not say."""
    try:
        tree = ast.parse(expression, mode="eval")
        _refuse_large_numbers(tree, expression)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise DataError(
            f"{expression!r} in the formula is not an expression in column names. Rename columns "
            "to plain names first."
        ) from error
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for node in ast.walk(tree):
        if isinstance(node, ast.BitXor):
            raise DataError(f"In {expression!r} write `**` for a power, not `^`.")
        if not isinstance(node, _ALLOWED):
            raise DataError(
                f"{expression!r} is not allowed in a formula: expected column names, numbers, "
                f"arithmetic and {', '.join(sorted(FORMULA_FUNCTIONS))}."
            )
    for function in called:
        if not (isinstance(function, ast.Name) and function.id in FORMULA_FUNCTIONS):
            raise DataError(
                f"{ast.unparse(function)!r} cannot be called in a formula; there are "
                f"{', '.join(sorted(FORMULA_FUNCTIONS))}."
            )
    return [
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node not in called
    ]


def _refuse_large_numbers(tree: ast.Expression, expression: str) -> None:
    """Refuse arithmetic of numbers without an end, and bases of very many columns."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            _refuse_power(node, expression)
        if isinstance(node, ast.Constant) and not isinstance(
            node.value, int | float | str | None
        ):
            raise DataError(f"{node.value!r} in {expression!r} is no number or text.")
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _BASES:
            for given in (*node.args[1:], *(word.value for word in node.keywords)):
                _refuse_columns(given, expression)


def _refuse_power(node: ast.BinOp, expression: str) -> None:
    """Refuse powers of numbers other than of two small ones."""
    base, exponent = _number(node.left), _number(node.right)
    if any(isinstance(part, ast.Name) for part in ast.walk(node.left)):
        return
    small = (
        base is not None
        and exponent is not None
        and abs(base) <= _LARGEST_BASE
        and abs(exponent) <= _LARGEST_EXPONENT
    )
    if not small:
        raise DataError(
            f"The power of numbers {ast.unparse(node)!r:.80} in {expression!r:.80} is too large: "
            f"expected a base up to {_LARGEST_BASE:,} and an exponent up to {_LARGEST_EXPONENT}. "
            "Write the number itself."
        )


def _refuse_columns(given: ast.expr, expression: str) -> None:
    """Refuse arguments of a spline or a polynomial that ask for very many columns."""
    if isinstance(given, ast.List | ast.Tuple):
        if len(given.elts) <= _MOST_COLUMNS:
            return
    elif isinstance(given, ast.Constant) and not isinstance(given.value, int | float):
        return
    else:
        number = _number(given)
        many = isinstance(number, int) and abs(number) > _MOST_COLUMNS
        if number is not None and not many:
            return
    raise DataError(
        f"Expected at most {_MOST_COLUMNS} columns of a spline or a polynomial, as a number, such "
        f"as `bs(x, df=4)`; got {expression!r:.120}."
    )


def _number(node: ast.expr) -> float | None:
    """Return a number as it is written, with its sign; None of anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = _number(node.operand)
        if inner is None:
            return None
        return -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    return None


def _plain(error: Exception) -> str:
    """Return a parser's message on one line, without colours and marks of a terminal."""
    text = re.sub(r"\x1b\[[0-9;]*m|[⧛⧚]", "", str(error))
    return " ".join(text.split()).rstrip(".") + "."
