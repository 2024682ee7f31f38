"""Signs that amounts are counts or were put in place of zeros: shared values and whole multiples.

Logarithms need values above 0, so that zeros are often replaced before a table is shared: by half a
count, by one added to every count, or by 65 % of a detection limit (Martín-Fernández, Barceló-Vidal
& Pawlowsky-Glahn 2003). Taken for measurements, they are the extreme log-ratios of the table.
"""

from __future__ import annotations

import numpy as np

_FEWEST_ROWS = 4  # with the shared value
_LEAST_SHARE = 0.03
_MORE_OFTEN = 3  # than any other value of the part
_LARGEST_BELOW = 0.05  # share of smaller values
_MOST_STEPS = 12  # that the smallest value of a row of counts has
_LARGEST_COUNT = 1e7
_WHOLE = 1e-6  # distance from a whole number
_SMALL = 5  # counts, whose noise is a fifth of the value and more


def shared_low_value(values: np.ndarray) -> tuple[float, float] | None:
    """Return a value near the smallest that many rows share, and its share of the rows, or None.

    Parameters
    ----------
    values : array, shape (n,)

    Examples
    --------
    >>> measured = np.arange(2.0, 22.0) ** 1.5
    >>> shared_low_value(np.where(measured < 12, 5.2, measured))
    (5.2, 0.2)
    >>> shared_low_value(measured) is None
    True
    """
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) < 2:
        return None
    most = int(counts.argmax())
    others = int(np.delete(counts, most).max())
    fewest = max(_FEWEST_ROWS, _LEAST_SHARE * len(values), _MORE_OFTEN * others)
    below = counts[:most].sum() / len(values)
    if counts[most] < fewest or below > _LARGEST_BELOW:
        return None
    return float(distinct[most]), float(counts[most] / len(values))


def constant_added_to_counts(values: np.ndarray) -> float | None:
    """Return the fraction that all values are above whole numbers, or None; 0 for whole numbers.

    Parameters
    ----------
    values : array, shape (n, D)

    Examples
    --------
    >>> constant_added_to_counts(np.array([[0.5, 3.5], [12.5, 0.5]]))
    0.5
    >>> constant_added_to_counts(np.array([[0.5, 3.2], [12.5, 0.7]])) is None
    True
    """
    fractions = (values - np.floor(values)).round(6)
    first = float(fractions.flat[0])
    return first if (fractions == first).all() else None


def only_fraction(values: np.ndarray) -> float | None:
    """Return the one value below 1 that stands among whole numbers, as in place of 0, or None.

    Parameters
    ----------
    values : array, shape (n, D)

    Examples
    --------
    >>> only_fraction(np.array([[0.65, 3.0], [12.0, 0.65]]))
    0.65
    """
    odd = np.unique(values[values != np.floor(values)])
    return float(odd[0]) if len(odd) == 1 and odd[0] < 1 else None


def small_counts(values: np.ndarray) -> np.ndarray:
    """Return the share of each part's values that are counts of 5 and fewer, (n, D) -> (D,)."""
    return np.asarray((np.floor(values) <= _SMALL).mean(axis=0))


def rows_of_counts(values: np.ndarray) -> np.ndarray:
    """Return which rows are multiples of a step of their own, of which the smallest value has few.

    Shares of counts are: the step of a row is one by its total. The smallest value may be put in
    place of zeros, and is left out if others are multiples.

    Parameters
    ----------
    values : array, shape (n, D)

    Returns
    -------
    bool array, shape (n,)

    Examples
    --------
    >>> counts = np.array([[3.0, 40.0, 57.0, 9.0], [0.5, 7.0, 31.0, 2.0]])
    >>> shares = counts / counts.sum(axis=1, keepdims=True)
    >>> rows_of_counts(np.vstack([shares, np.sqrt([2.0, 3.0, 5.0, 7.0])]))
    array([ True,  True, False])
    """
    ordered = np.sort(values, axis=1)
    found = _multiples(ordered)
    smallest = ordered == ordered[:, :1]
    # Enough values have to be left for whole multiples not to come about by chance
    enough = smallest.sum(axis=1) <= values.shape[1] - 3
    left = np.where(smallest, np.inf, ordered).min(axis=1, keepdims=True)
    rest = np.where(smallest, left, ordered)
    return np.asarray(found | (enough & _multiples(np.sort(rest, axis=1))))


def steps_differ(values: np.ndarray, rows: np.ndarray) -> bool:
    """Return whether no step is shared by rows of multiples, as that of rounded values is.

    Parameters
    ----------
    values : array, shape (n, D)
    rows : bool array, shape (n,)
    """
    decimals = 10.0 ** np.arange(9)
    scaled = values[rows, :, None] * decimals
    rounded = np.abs(scaled - np.rint(scaled)) < _WHOLE * np.maximum(scaled, 1.0)
    return not rounded.all(axis=(0, 1)).any()


def _multiples(ordered: np.ndarray) -> np.ndarray:
    """Return which rows, sorted, are whole multiples of their smallest value by 1, 2, ..."""
    found = np.zeros(len(ordered), bool)
    distinct = (np.diff(ordered, axis=1) > 0).sum(axis=1) >= 2
    for steps in range(1, _MOST_STEPS + 1):
        counts = ordered / ordered[:, :1] * steps
        whole = np.abs(counts - np.rint(counts)) < _WHOLE
        found |= distinct & (whole & (counts < _LARGEST_COUNT)).all(axis=1)
    return found
