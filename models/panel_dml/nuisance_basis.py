"""The columns of the nuisance functions: what they are called, how smooth their prior has them, and their values in any rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd

from causalstats.data import Panel
from causalstats.data.feature_coding import power_of_two
from causalstats.errors import ModelError
from causalstats.numerics.bases.hilbert_space_gp import Hilbert, hilbert
from causalstats.numerics.bases.random_fourier_features import Fourier, fourier
from causalstats.numerics.bases.splines import Smooth, smooth

BasisKind = Literal["splines", "hsgp", "fourier"]
_OF_A_PAIR = 3  # columns of each, in a product that was asked for by name
_MOST_ROWS = 100_000  # that say how wide covariates spread


@dataclass(frozen=True, eq=False)
class Basis:
    """`columns` of a table of covariates, in the order of `labels`.

    Numbers are taken in `units` of their own size, so that no square of them is lost.
    `spectrum` are the relative variances of their coefficients, `terms` whose they are, `frequencies` those of sines whose variance is also the spectral
    density at a length-scale, 0 for others. Waves are of the columns before them, of all covariates together.
    """

    smooths: Mapping[str, Smooth | Hilbert]
    units: Mapping[str, float]
    levels: Mapping[str, tuple[str, ...]]
    products: tuple[tuple[str, str, int], ...]
    waves: Fourier | None
    labels: tuple[str, ...]
    terms: tuple[str, ...]
    spectrum: np.ndarray
    frequencies: np.ndarray

    def columns(self, table: pd.DataFrame) -> np.ndarray:
        """(n, p)."""
        return np.hstack([np.empty((len(table), 0)), *self.parts(table)])

    def parts(self, table: pd.DataFrame) -> list[np.ndarray]:
        """The same, in pieces."""
        own = _own(self.smooths, self.units, self.levels, table)
        products = [
            _products(own[one][:, :count], own[other][:, :count])
            for one, other, count in self.products
        ]
        return [
            *own.values(),
            *products,
            *([] if self.waves is None else [self.waves.columns(np.hstack([*own.values()]))]),
        ]

    def priors(self) -> dict[str, np.ndarray]:
        """`spectrum`; `terms` as columns (p, T) of 0 and 1, whose coefficients are whose; `frequencies` where there are sines."""
        names = tuple(dict.fromkeys(self.terms))
        found = {
            "spectrum": self.spectrum,
            "terms": np.array(
                [[term == name for name in names] for term in self.terms], float
            ).reshape(len(self.terms), len(names)),
        }
        return found | {"frequencies": self.frequencies} if self.frequencies.any() else found


def basis_of(
    panel: Panel,
    functions: int,
    interactions: str | Sequence[tuple[str, str]],
    kind: BasisKind = "splines",
) -> Basis:
    """Of the covariates of a panel: `basis_size` columns of each number, a column a level of text, and products of pairs.

    "pairs" is the product of each two linear columns and of each with every level; pairs by name have up to three columns of either, of splines. With
    kind="fourier", straight lines and levels, and as many waves of them all together as the functions of each would be.
    """
    text = [
        name
        for name in panel.covariates
        if isinstance(panel.source[name].dtype, pd.CategoricalDtype)
    ]
    levels = {
        name: found for name in text if (found := tuple(panel.source[name].cat.categories[1:]))
    }
    smooths: dict[str, Smooth | Hilbert] = {}
    units: dict[str, float] = {}
    for name in panel.covariates:
        if name in text:
            continue
        values = panel.source[name].to_numpy(float)
        if values.min() < values.max():
            units[name] = float(power_of_two(values[:, None])[0])
            smooths[name] = _form(values / units[name], functions, kind)
    spectrum_of = {name: form.spectrum for name, form in smooths.items()} | {
        name: np.ones(len(found)) for name, found in levels.items()
    }
    labels = [
        f"{name}, {k}" if k > 1 else name
        for name, form in smooths.items()
        for k in range(1, len(form.spectrum) + 1)
    ]
    labels += [f"{name}: {level}" for name, found in levels.items() for level in found]
    terms = [name for name, found in spectrum_of.items() for _ in found]
    spectra = list(spectrum_of.values())
    products = _pairs(tuple(spectrum_of), interactions, _OF_A_PAIR if kind == "splines" else 1)
    for one, other, count in products:
        spectra.append(np.outer(spectrum_of[one][:count], spectrum_of[other][:count]).ravel())
        labels += [f"{one} x {other}, {k}" for k in range(1, len(spectra[-1]) + 1)]
        terms += [f"{one} x {other}"] * len(spectra[-1])
    waves = None
    if kind == "fourier" and spectrum_of:
        own = np.hstack(
            [
                *_own(
                    smooths,
                    units,
                    levels,
                    panel.source[list(panel.covariates)].iloc[:: -(-len(panel) // _MOST_ROWS)],
                ).values()
            ]
        )
        waves = fourier(own, functions * own.shape[1])
        spectra.append(waves.spectrum)
        labels += [f"wave {k}" for k in range(1, len(waves.spectrum) + 1)]
        terms += ["waves"] * len(waves.spectrum)
    spectrum = np.concatenate([np.empty(0), *spectra])
    frequencies = [
        form.frequencies if isinstance(form, Hilbert) else np.zeros(len(form.spectrum))
        for form in smooths.values()
    ]
    frequencies.append(np.zeros(len(spectrum) - sum(map(len, frequencies))))
    return Basis(
        smooths,
        units,
        levels,
        products,
        waves,
        tuple(labels),
        tuple(terms),
        spectrum,
        np.concatenate(frequencies),
    )


def _own(
    smooths: Mapping[str, Smooth | Hilbert],
    units: Mapping[str, float],
    levels: Mapping[str, tuple[str, ...]],
    table: pd.DataFrame,
) -> dict[str, np.ndarray]:
    """Columns of each covariate alone."""
    own = {
        name: form.columns(table[name].to_numpy(float) / units[name])
        for name, form in smooths.items()
    }
    return own | {
        name: np.column_stack([(table[name] == level).to_numpy(float) for level in found])
        for name, found in levels.items()
    }


def _form(values: np.ndarray, functions: int, kind: BasisKind) -> Smooth | Hilbert:
    """A covariate's own columns: one straight line where waves do the rest, or there are two values only."""
    if (
        kind == "hsgp"
        and functions > 1
        and len(np.unique(values[:: -(-len(values) // _MOST_ROWS)])) > 2
    ):
        return hilbert(values, functions)
    return smooth(values, functions if kind == "splines" else 1)


def _pairs(
    names: tuple[str, ...], interactions: str | Sequence[tuple[str, str]], each: int
) -> tuple[tuple[str, str, int], ...]:
    if isinstance(interactions, str):
        return (
            tuple((one, other, 1) for one, other in combinations(names, 2))
            if interactions == "pairs"
            else ()
        )
    for pair in interactions:
        strangers = [name for name in pair if name not in names]
        if strangers:
            raise ModelError(
                f"There is no covariate {strangers[0]!r} to interact. There are: {', '.join(names)}."
            )
    return tuple((one, other, each) for one, other in interactions)


def _products(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (one[:, :, None] * other[:, None, :]).reshape(len(one), -1)
