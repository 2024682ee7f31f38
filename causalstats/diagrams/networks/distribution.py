"""Probability tables whose axes have names and levels."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.annotation import as_levels
from causalstats.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from numpy.typing import ArrayLike

_MAX_ROWS_SHOWN = 20
_NUMBER_FORMAT = "{:.6g}".format


@dataclass(frozen=True, eq=False, repr=False)
class Distribution:
    """P(outcome), or P(outcome | do(...)) for every level of the opened variables.

    Parameters
    ----------
    variables : tuple of str
        One for each axis, those of `opened` first.
    levels : tuple of tuple
        The levels of each variable.
    values : array, shape (batch..., levels of each variable...)
    title : str
        Such as "P(cancer | do(smoking))".
    opened : tuple of str
        The variables that the distribution is conditional on: for each of their levels it sums to
        one over the others.

    Examples
    --------
    >>> Distribution.joint([[0.4, 0.1], [0.1, 0.4]], {"x": 2, "y": ("no", "yes")})
    P(x, y)
     x   y  probability
     0  no          0.4
     0 yes          0.1
     1  no          0.1
     1 yes          0.4
    """

    variables: tuple[str, ...]
    levels: tuple[tuple[Any, ...], ...]
    values: np.ndarray
    title: str
    opened: tuple[str, ...] = ()

    @classmethod
    def joint(
        cls, values: ArrayLike, levels: Mapping[str, Sequence[Any] | int]
    ) -> Distribution:
        """Return a joint distribution.

        Parameters
        ----------
        values : array-like, shape (batch..., levels of each variable...)
        levels : mapping of str to list of levels, or to int
            In the order of the axes; a number n stands for the levels 0 to n - 1.

        Returns
        -------
        Distribution

        Raises
        ------
        ModelError
            If the shape is not that of the levels, or the probabilities are negative or do not sum
            to one.

        Examples
        --------
        >>> Distribution.joint([0.25, 0.75], {"x": 2})[1]
        0.75
        """
        arguments.instance(
            Mapping, "the levels", levels, "Say {'smoking': 2, 'cancer': 2}."
        )
        by_name = {name: as_levels(name, given) for name, given in levels.items()}
        table = np.array(arguments.array("the probabilities", values))
        shape = tuple(map(len, by_name.values()))
        batch_axes = table.ndim - len(shape)
        if not by_name or table.shape[batch_axes:] != shape:
            axes = ", ".join(
                f"{name} {len(states)}" for name, states in by_name.items()
            )
            raise ModelError(
                f"Expected an array with axes (..., {axes}), got shape {table.shape}."
            )
        sums = table.sum(axis=tuple(range(batch_axes, table.ndim)))
        if not ((table >= 0).all() and np.allclose(sums, 1, rtol=0, atol=1e-6)):
            raise ModelError(
                "Expected probabilities of 0 or more that sum to 1, "
                f"got some from {table.min():g} that sum to {np.ravel(sums)[0]:.6g}."
            )
        title = f"P({', '.join(by_name)})"
        return cls(tuple(by_name), tuple(by_name.values()), table, title)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return (
            np.array(self.values, dtype=dtype)
            if copy
            else np.asarray(self.values, dtype=dtype)
        )

    def __getitem__(self, at: Hashable | Mapping[str, Any]) -> Any:
        """Return the probability at a level, or at `{variable: level, ...}`.

        Variables that are left out stay as axes.
        """
        if isinstance(at, Mapping):
            numbers = {
                self._axis(name): self._number(name, level)
                for name, level in at.items()
            }
        elif len(self.variables) == 1:
            numbers = {0: self._number(self.variables[0], at)}
        else:
            raise ModelError(
                f"Expected a level for each of {', '.join(self.variables)}, as a mapping from "
                f"names to levels; got {at!r}."
            )
        index = [numbers.get(axis, slice(None)) for axis in range(len(self.variables))]
        values = self.values[(..., *index)]
        return float(values) if values.ndim == 0 else values

    def marginal(self, *variables: str) -> Distribution:
        """Return the marginal distribution of some variables, summed over the others.

        The opened variables stay.

        Parameters
        ----------
        *variables : str

        Returns
        -------
        Distribution

        Raises
        ------
        ModelError
            If a variable is unknown.

        Examples
        --------
        >>> joint = Distribution.joint([[0.4, 0.1], [0.1, 0.4]], {"x": 2, "y": 2})
        >>> joint.marginal("y").values
        array([0.5, 0.5])
        """
        kept = (*self.opened, *variables)
        axes = [self._axis(name) for name in kept]
        batch = self._batch_axes
        summed = [
            batch + axis for axis in range(len(self.variables)) if axis not in axes
        ]
        values = self.values.sum(axis=tuple(summed))
        remaining = sorted(axes)
        order = [batch + remaining.index(axis) for axis in axes]
        return Distribution(
            kept,
            tuple(self.levels[axis] for axis in axes),
            values.transpose(*range(batch), *order),
            f"{', '.join(variables)} of {self.title}",
            self.opened,
        )

    def to_xarray(self) -> xr.DataArray:
        """Return the distribution as a DataArray.

        Returns
        -------
        xarray.DataArray
            Batch axes are called "draw", or "chain" and "draw".

        Examples
        --------
        >>> Distribution.joint([[0.4, 0.6], [0.5, 0.5]], {"x": 2}).to_xarray().dims
        ('draw', 'x')
        """
        import xarray as xr

        batch = self._batch_axes
        names = ["chain", "draw"][2 - batch :]
        if batch > 2:
            names = [f"batch_{number}" for number in range(batch)]
        levels = map(list, self.levels)
        return xr.DataArray(
            self.values,
            dims=[*names, *self.variables],
            coords=dict(zip(self.variables, levels, strict=True)),
            name=self.title,
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each combination of levels, with its probability.

        Returns
        -------
        pandas.DataFrame
            The mean probability, if there are many draws.

        Examples
        --------
        >>> Distribution.joint([0.25, 0.75], {"x": 2}).to_frame()["probability"].tolist()
        [0.25, 0.75]
        """
        import pandas as pd

        index = pd.MultiIndex.from_product(self.levels, names=self.variables)
        means = self.values.mean(axis=tuple(range(self._batch_axes)))
        return pd.DataFrame({"probability": means.ravel()}, index=index).reset_index()

    def __repr__(self) -> str:
        rows = self.to_frame().to_string(
            index=False, max_rows=_MAX_ROWS_SHOWN, float_format=_NUMBER_FORMAT
        )
        return f"{self._heading}\n{rows}"

    def _repr_html_(self) -> str:
        rows = self.to_frame().to_html(
            index=False, max_rows=_MAX_ROWS_SHOWN, float_format=_NUMBER_FORMAT
        )
        return f"<div><p>{escape(self._heading)}</p>{rows}</div>"

    @property
    def _batch_axes(self) -> int:
        return self.values.ndim - len(self.variables)

    @property
    def _heading(self) -> str:
        batch = self.values.shape[: self._batch_axes]
        return self.title + (
            f", mean of {'×'.join(map(str, batch))} draws" if batch else ""
        )

    def _axis(self, name: str) -> int:
        if name not in self.variables:
            raise ModelError(
                f"Expected one of {', '.join(self.variables)}, got {name!r}."
            )
        return self.variables.index(name)

    def _number(self, name: str, level: Any) -> int:
        levels = self.levels[self._axis(name)]
        if level not in levels:
            raise ModelError(
                f"Expected a level of {name} ({', '.join(map(repr, levels))}), got {level!r}."
            )
        return levels.index(level)
