"""A table of probabilities whose axes have names and levels."""

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

_SHOWN = 20  # rows


@dataclass(frozen=True, eq=False, repr=False)
class Distribution:
    """P(outcome) for every level of its variables, or P(outcome | do(...)) for every level of `opened` too.

    Parameters
    ----------
    variables : tuple of str
        One an axis, those of `opened` first.
    levels : tuple of tuple
        The levels of each variable.
    values : numpy.ndarray
        (batch..., levels of each variable...).
    title : str
        What it is, such as "P(cancer | do(smoking))".
    opened : tuple of str
        The variables that it does not sum to one over, but is given for each level of.
    """

    variables: tuple[str, ...]
    levels: tuple[tuple[Any, ...], ...]
    values: np.ndarray
    title: str
    opened: tuple[str, ...] = ()

    @classmethod
    def joint(cls, values: Any, levels: Mapping[str, Sequence[Any] | int]) -> Distribution:
        """A joint distribution from an array (batch..., levels of each variable...); a number n of levels stands for 0 to n - 1.

        Raises
        ------
        ModelError
            If the shape is not that of the levels, or the probabilities are negative or do not sum to one.
        """
        arguments.instance(Mapping, "the levels", levels, "Say {'smoking': 2, 'cancer': 2}.")
        named = {name: as_levels(name, given) for name, given in levels.items()}
        table = np.array(arguments.array("the probabilities", values))
        shape = tuple(map(len, named.values()))
        if not named or table.shape[table.ndim - len(shape) :] != shape:
            raise ModelError(
                f"Expected an array with axes (..., {', '.join(f'{name} {len(own)}' for name, own in named.items())}), got shape {table.shape}."
            )
        sums = table.sum(axis=tuple(range(table.ndim - len(shape), table.ndim)))
        if not ((table >= 0).all() and np.allclose(sums, 1, rtol=0, atol=1e-6)):
            raise ModelError(
                f"Expected probabilities of 0 or more that sum to 1, got some from {table.min():g} that sum to {np.ravel(sums)[0]:.6g}."
            )
        return cls(tuple(named), tuple(named.values()), table, f"P({', '.join(named)})")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.values, dtype=dtype) if copy else np.asarray(self.values, dtype=dtype)

    def __getitem__(self, at: Hashable | Mapping[str, Any]) -> Any:
        """The probability at a level, of one variable, or at `{variable: level, ...}`, of some of them, which leaves the axes of the others."""
        if isinstance(at, Mapping):
            places = {self._axis(name): self._place(name, level) for name, level in at.items()}
        elif len(self.variables) == 1:
            places = {0: self._place(self.variables[0], at)}
        else:
            raise ModelError(
                f"Expected a level for each of {', '.join(self.variables)}, as a mapping from names to levels; got {at!r}."
            )
        found = self.values[
            (..., *(places.get(axis, slice(None)) for axis in range(len(self.variables))))
        ]
        return float(found) if found.ndim == 0 else found

    def marginal(self, *variables: str) -> Distribution:
        """The distribution of some of its variables, summed over the others; what it is given for stays."""
        kept = [*self.opened, *variables]
        axes = [self._axis(name) for name in kept]
        lead = self.values.ndim - len(self.variables)
        summed = self.values.sum(
            axis=tuple(lead + axis for axis in range(len(self.variables)) if axis not in axes)
        )
        order = sorted(range(len(axes)), key=axes.__getitem__)
        places = [lead + order.index(place) for place in range(len(axes))]
        values = summed.transpose(*range(lead), *places)
        return Distribution(
            tuple(kept),
            tuple(self.levels[axis] for axis in axes),
            values,
            f"{', '.join(variables)} of {self.title}",
            self.opened,
        )

    def to_xarray(self) -> xr.DataArray:
        """The same as a DataArray; axes of draws are called "draw", or "chain" and "draw"."""
        import xarray as xr

        lead = self.values.ndim - len(self.variables)
        names = (
            ["chain", "draw"][2 - lead :]
            if lead <= 2
            else [f"batch_{place}" for place in range(lead)]
        )
        return xr.DataArray(
            self.values,
            dims=[*names, *self.variables],
            coords=dict(zip(self.variables, map(list, self.levels), strict=True)),
            name=self.title,
        )

    def to_frame(self) -> pd.DataFrame:
        """A row for each combination of levels, their probability last; of many draws, their mean."""
        import pandas as pd

        lead = self.values.ndim - len(self.variables)
        index = pd.MultiIndex.from_product(self.levels, names=self.variables)
        return pd.DataFrame(
            {"probability": self.values.mean(axis=tuple(range(lead))).ravel()}, index=index
        ).reset_index()

    def __repr__(self) -> str:
        return f"{self._heading}\n{self.to_frame().to_string(index=False, max_rows=_SHOWN, float_format='{:.6g}'.format)}"

    def _repr_html_(self) -> str:
        return f"<div><p>{escape(self._heading)}</p>{self.to_frame().to_html(index=False, max_rows=_SHOWN, float_format='{:.6g}'.format)}</div>"

    @property
    def _heading(self) -> str:
        lead = self.values.shape[: self.values.ndim - len(self.variables)]
        return self.title + (f", mean of {'×'.join(map(str, lead))} draws" if lead else "")

    def _axis(self, name: str) -> int:
        if name not in self.variables:
            raise ModelError(f"Expected one of {', '.join(self.variables)}, got {name!r}.")
        return self.variables.index(name)

    def _place(self, name: str, level: Any) -> int:
        levels = self.levels[self._axis(name)]
        if level not in levels:
            raise ModelError(
                f"Expected a level of {name} ({', '.join(map(repr, levels))}), got {level!r}."
            )
        return levels.index(level)
