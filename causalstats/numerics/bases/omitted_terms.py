"""Terms that an equation may leave out: lines, squares, hinges, steps, codes and products.

They are columns for score tests of the functional form, not a basis for a fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

_HINGES = (0.25, 0.5, 0.75)  # quantiles
_STEPS = (0.05, *np.arange(1, 10) / 10, 0.95)
_MOST_COLUMNS_MULTIPLIED = 24  # 276 products
_FEWEST_CODES = 5  # values; curves go through fewer
_FEWEST_ROWS_OF_A_CODE = 5
_MOST_CODES = 40  # of one feature


@dataclass(frozen=True, eq=False)
class Feature:
    """A variable as it is in the frame.

    Parameters
    ----------
    name : str
    columns : array, shape (n, k)
        A number, k = 1; or an indicator of each level but the first.
    labels : tuple of str
        What each column is called.
    """

    name: str
    columns: np.ndarray
    labels: tuple[str, ...]

    @property
    def is_number(self) -> bool:
        """Whether it has more than two values, all in one column."""
        return self.columns.shape[1] == 1 and len(np.unique(self.columns)) > 2


@dataclass(frozen=True)
class Term:
    """A term that is left out.

    Parameters
    ----------
    kind : "line", "curve", "step", "code" or "product"
    features : tuple of str
        Labels of the features that it is a function of.
    threshold : float
        Of a step, above which it is 1; of a code, at which it is 1; NaN for other terms.
    """

    kind: str
    features: tuple[str, ...]
    threshold: float = float("nan")

    def __str__(self) -> str:
        return {
            "line": f"a line in {self.features[0]}",
            "curve": f"a curve in {self.features[0]}",
            "step": f"a step of {self.features[0]} at {self.threshold:.3g}",
            "code": f"the value {self.threshold:g} of {self.features[0]}",
            "product": f"a product, {':'.join(self.features)}",
        }[self.kind]


def omitted_terms(
    features: list[Feature], relevance: np.ndarray
) -> tuple[list[Term], np.ndarray]:
    """Return terms in one feature and products of two, and their columns.

    Lines are for equations whose mean is constant.

    Parameters
    ----------
    features : list of Feature
    relevance : array, shape (n, r)
        Fitted values: where features are many, products are of those whose columns are
        correlated most with one of them.

    Returns
    -------
    terms : list of Term
    columns : array, shape (n, terms)

    Examples
    --------
    >>> x = Feature("x", np.arange(20.0)[:, None], ("x",))
    >>> terms, columns = omitted_terms([x], np.zeros((20, 1)))
    >>> len(terms), str(terms[1]), str(terms[6])
    (16, 'a curve in x', 'a step of x at 1.9')
    """
    pairs = [*_of_one(features), *_products(features, relevance)]
    columns = np.column_stack([column for _, column in pairs]) if pairs else None
    if columns is None:
        return [], np.empty((len(relevance), 0))
    return [term for term, _ in pairs], columns


def indicators_of_codes(values: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return values that many rows share, and indicators of them, for a test of lack of fit.

    A number with few values may be a code: of industries, counties or clinics. No line and no
    smooth curve follows what differs between categories. Of numbers that hardly repeat, and of
    fewer than five values, which curves go through, nothing is returned.

    Parameters
    ----------
    values : array, shape (n,)
    most : int
        The most indicators; the values with most rows are taken.

    Returns
    -------
    codes : array, shape (k,)
    indicators : array, shape (n, k)

    Examples
    --------
    >>> codes, indicators = indicators_of_codes(np.repeat(np.arange(6.0), 5), 3)
    >>> codes.tolist(), indicators.sum(axis=0).tolist()
    ([0.0, 1.0, 2.0], [5.0, 5.0, 5.0])
    """
    codes, counts = np.unique(values, return_counts=True)
    common = counts >= _FEWEST_ROWS_OF_A_CODE
    if common.sum() < _FEWEST_CODES:
        return np.empty(0), np.empty((len(values), 0))
    order = np.argsort(-counts[common], kind="stable")[: max(most, 0)]
    chosen = codes[common][order]
    return chosen, (values[:, None] == chosen).astype(float)


def _of_one(features: list[Feature]) -> Iterator[tuple[Term, np.ndarray]]:
    """Yield every column, and the square, hinges and steps of every number."""
    for feature in features:
        for label, column in zip(feature.labels, feature.columns.T, strict=True):
            yield Term("line", (label,)), _standardised(column)
        if not feature.is_number:
            continue
        values = feature.columns[:, 0]
        standard = _standardised(values)
        curve = Term("curve", (feature.name,))
        yield curve, standard**2
        for knot in np.unique(np.quantile(standard, _HINGES)):
            yield curve, np.maximum(standard - knot, 0.0)
        for threshold in np.unique(np.quantile(values, _STEPS)):
            above = values > threshold
            if above.any():
                step = Term("step", (feature.name,), float(threshold))
                yield step, above.astype(float)
        codes, indicators = indicators_of_codes(values, _MOST_CODES)
        for code, indicator in zip(codes, indicators.T, strict=True):
            yield Term("code", (feature.name,), float(code)), indicator


def _products(
    features: list[Feature], relevance: np.ndarray
) -> Iterator[tuple[Term, np.ndarray]]:
    """Yield products of columns of two features."""
    labelled = [
        (position, label, _standardised(column))
        for position, feature in enumerate(features)
        for label, column in zip(feature.labels, feature.columns.T, strict=True)
    ]
    if len(labelled) > _MOST_COLUMNS_MULTIPLIED:
        fitted = np.column_stack([_standardised(column) for column in relevance.T])
        size = [np.abs(column @ fitted).max() for _, _, column in labelled]
        chosen = np.sort(np.argsort(size)[-_MOST_COLUMNS_MULTIPLIED:])
        labelled = [labelled[k] for k in chosen]
    for (first, one, left), (second, other, right) in combinations(labelled, 2):
        if first != second:
            yield Term("product", (one, other)), left * right


def _standardised(values: np.ndarray) -> np.ndarray:
    spread = values.std()
    return (values - values.mean()) / (spread if spread > 0 else 1.0)
