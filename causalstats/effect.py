"""An answer: labelled draws or margins in closed form, with what they are and what they stand on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from causalstats.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

INTERVAL = 0.95  # of every interval shown unless another is asked for; equal-tailed
Kind = Literal["causal", "associational"]
_SHOWN = 10
_NAMED = 4


class Margins(Protocol):
    """The distribution of each entry of an answer in closed form; arrays have one number a label."""

    labels: Sequence[str]

    def mean(self) -> np.ndarray: ...

    def sd(self) -> np.ndarray: ...

    def quantile(self, prob: float) -> np.ndarray: ...

    def cdf(self, value: float) -> np.ndarray: ...


@dataclass(frozen=True, kw_only=True)
class Effect:
    """An answer: labelled draws, with what they are and what they stand on.

    `draws` has dims (chain, draw, ...). Where `margins` has the distribution of each entry in closed form, tables come from it and have no Monte Carlo
    error; an answer with too many entries to draw has only that. `at_zero` gives the Bayes factor of 0 of each entry, where the model has it. `warnings`
    repeats what is wrong with the sampling, so that no summary goes without it.
    """

    name: str
    draws: xr.DataArray
    description: str
    unit: str
    contrast: str
    kind: Kind
    assumptions: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    margins: Margins | None = None
    at_zero: Callable[[], np.ndarray | None] | None = None

    def summary(self, prob: float = INTERVAL) -> pd.DataFrame:
        """Mean, standard deviation, equal-tailed interval, and the Monte Carlo diagnostics, one row a number."""
        from causalstats.numerics.draws import summarise

        if self.margins is None:
            return summarise(self.draws, prob)
        import pandas as pd

        tail = (1 - prob) / 2
        columns = {
            "mean": self.margins.mean(),
            "sd": self.margins.sd(),
            "lower": self.margins.quantile(tail),
            "upper": self.margins.quantile(1 - tail),
        }
        return pd.DataFrame(
            columns, index=pd.Index(self.margins.labels, name=str(self.draws.dims[-1]))
        )

    def decide(self, rope: float = 0.0, fdr: float = 0.05, prob: float = INTERVAL) -> pd.DataFrame:
        """Which entries can be told from nothing, the surest first.

        Columns mean, lower, upper; `positive` and `negligible`, P(x > 0) and P(|x| ≤ rope); `error`, the probability that it would be wrong to report
        the entry with the sign of its median as more than `rope`: 1 - max(P(x > rope), P(x < -rope)); `selected`, the largest set whose mean error is at
        most `fdr` (Bayesian false discovery rate; Müller, Parmigiani & Rice 2007; with rope = 0 that of signs, Stephens 2017). Where the model has the
        density in closed form, `bayes_factor`: p(x = 0 | data) / p(x = 0), above 1 for 0 and below 1 against it (the Savage-Dickey ratio; Dickey 1971).
        """
        import pandas as pd

        below = self._cdf(0.0)
        low, high = (self._cdf(-rope), self._cdf(rope)) if rope else (below, below)
        table = self.summary(prob)[["mean", "lower", "upper"]]
        table = table.assign(
            positive=1 - below,
            negligible=high - low if rope else 0.0,
            error=1 - np.maximum(1 - high, low),
        )
        if self.at_zero is not None and (ratio := self.at_zero()) is not None:
            table = table.assign(bayes_factor=ratio)
        table = table.sort_values("error", kind="stable")
        selected = pd.Series(table["error"].expanding().mean() <= fdr, table.index)
        return table.assign(selected=selected)

    def minus(self, other: Effect, contrast: str) -> Effect:
        """The difference to the same answer of an independent fit, entry by entry; the shorter of the two sets of draws says how many there are.

        The draws of the other run backwards: fits with the same seed share their random numbers, draw by draw.

        Raises
        ------
        ModelError
            If they are not the same answer, or there are no draws.
        """
        if self.name != other.name or self.draws.dims != other.draws.dims:
            raise ModelError(
                f"Expected the same answer of two fits, got {self.name!r} and {other.name!r}."
            )
        entries = {dim: self.draws[dim].isin(other.draws[dim]) for dim in self.draws.dims[2:]}
        size = [min(self.draws.sizes[dim], other.draws.sizes[dim]) for dim in ("chain", "draw")]
        if 0 in size or not all(kept.any() for kept in entries.values()):
            raise ModelError(
                "Expected draws of both fits, of some entry that they share; there are none."
            )
        first = self.draws.sel(entries).isel(chain=slice(size[0]), draw=slice(size[1]))
        second = other.draws.sel({dim: first[dim] for dim in entries}).isel(
            chain=slice(size[0]), draw=slice(size[1])
        )
        difference = first.copy(data=first.to_numpy() - second.to_numpy()[::-1, ::-1])
        assumptions = tuple(dict.fromkeys([*self.assumptions, *other.assumptions]))
        warnings = tuple(dict.fromkeys([*self.warnings, *other.warnings]))
        return replace(
            self,
            draws=difference,
            contrast=contrast,
            margins=None,
            at_zero=None,
            assumptions=assumptions,
            warnings=warnings,
        )

    def average(self) -> Effect:
        """The mean over everything but draws: of a risk per person, the risk of the group."""
        dims = [dim for dim in self.draws.dims if dim not in ("chain", "draw")]
        return replace(
            self,
            draws=self.draws.mean(dims),
            margins=None,
            at_zero=None,
            description=f"Mean of: {self.description}",
        )

    def text(self, prob: float = INTERVAL) -> str:
        """The answer in a sentence, for a few numbers; for many, how many there are and which lie surest on one side of 0."""
        table = self.summary(prob)
        if 1 < len(table) <= _NAMED:
            few = "; ".join(
                f"{label} {row['mean']:.3g} ({row['lower']:.3g} to {row['upper']:.3g})"
                for label, row in table.iterrows()
            )
            return f"{self.name}: {few} ({prob:.0%} intervals; {self.unit}). {self.description} Kind: {self.kind}."
        if len(table) > 1:
            apart = table[(table["lower"] > 0) | (table["upper"] < 0)]
            surest = apart.loc[
                (apart["mean"].abs() / apart["sd"]).sort_values(ascending=False).index[:_NAMED]
            ]
            named = "; ".join(
                f"{label} {row['mean']:.3g} ({row['lower']:.3g} to {row['upper']:.3g})"
                for label, row in surest.iterrows()
            )
            found = f" {len(apart):,} of {len(table):,} have a {prob:.0%} interval on one side of 0{', first ' + named if named else ''}."
            return f"{self.name}: {self.description} Kind: {self.kind}.{found}"
        row = table.iloc[0]
        return (
            f"{self.name}: {row['mean']:.3g} ({prob:.0%} interval {row['lower']:.3g} to {row['upper']:.3g}; {self.unit}). "
            f"{self.description} Kind: {self.kind}. Stands on: {', '.join(self.assumptions) or 'nothing beyond the model'}."
        )

    def _cdf(self, value: float) -> np.ndarray:
        """P(x ≤ value) of each entry."""
        if self.margins is not None:
            return self.margins.cdf(value)
        from causalstats.numerics.draws import entries

        return np.array([(draws <= value).mean() for draws in entries(self.draws).values()])

    def _first(self) -> tuple[pd.DataFrame, str]:
        """The table of the first few entries, with their diagnostics, and how many were left out."""
        (*_, last), size = self.draws.dims, self.draws.shape[-1]
        if last in ("chain", "draw") or size <= _SHOWN:
            return self.summary(), ""
        table = (
            self.summary()
            if self.margins is not None
            else replace(self, draws=self.draws.isel({last: slice(0, _SHOWN)})).summary()
        )
        return table.iloc[:_SHOWN], f"first {_SHOWN} of {size:,} along {last}"

    def __repr__(self) -> str:
        table, left_out = self._first()
        lines = [
            f"Effect {self.name!r} [{self.unit}, {self.kind}]: {self.description}",
            table.to_string(),
            *([left_out] if left_out else []),
        ]
        lines += [f"warning: {warning}" for warning in self.warnings]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        warnings = "".join(
            f"<p><strong>Warning:</strong> {escape(warning)}</p>" for warning in self.warnings
        )
        first, left_out = self._first()
        table = first.to_html(float_format="{:.4g}".format, escape=True) + left_out
        heading = f"{escape(self.name)} — {escape(self.description)} <small>({escape(self.unit)}; {self.kind})</small>"
        return f"<div><p>{heading}</p>{table}{warnings}</div>"
