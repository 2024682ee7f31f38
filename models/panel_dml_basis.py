"""The columns of the nuisance functions: what they are called, how smooth their prior has them, and their values in any rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.numerics.smooth_basis import Smooth, smooth

_OF_A_PAIR = 3  # columns of each, in a product that was asked for by name


@dataclass(frozen=True, eq=False)
class Basis:
    """`columns` of a table of covariates, in the order of `labels`; `spectrum` are the relative variances of their coefficients, `terms` whose they are."""

    smooths: Mapping[str, Smooth]
    levels: Mapping[str, tuple[str, ...]]
    products: tuple[tuple[str, str, int], ...]
    labels: tuple[str, ...]
    terms: tuple[str, ...]
    spectrum: np.ndarray

    def columns(self, table: pd.DataFrame) -> np.ndarray:
        """(n, p)."""
        own = {name: form.columns(table[name].to_numpy(float)) for name, form in self.smooths.items()}
        own |= {name: np.column_stack([(table[name] == level).to_numpy(float) for level in levels]) for name, levels in self.levels.items()}
        products = [_products(own[one][:, :count], own[other][:, :count]) for one, other, count in self.products]
        return np.hstack([*own.values(), *products]) if own else np.empty((len(table), 0))


def basis_of(panel: Panel, functions: int, interactions: str | Sequence[tuple[str, str]]) -> Basis:
    """Of the covariates of a panel: `functions` columns of each number, a column a level of text, and products of pairs.

    "pairs" is the product of each two linear columns and of each with every level; pairs by name have up to three columns of either.
    """
    text = [name for name in panel.covariates if isinstance(panel.source[name].dtype, pd.CategoricalDtype)]
    levels = {name: tuple(panel.source[name].cat.categories[1:]) for name in text}
    levels = {name: found for name, found in levels.items() if found}
    smooths, spectra, labels, terms = {}, [], [], []
    for name in panel.covariates:
        if name in text or np.ptp(values := panel.source[name].to_numpy(float)) == 0:
            continue
        smooths[name] = form = smooth(values, functions)
        spectra.append(form.spectrum)
        labels += [name, *[f"{name}, {k}" for k in range(2, len(form.spectrum) + 1)]]
        terms += [name] * len(form.spectrum)
    for name, found in levels.items():
        spectra.append(np.ones(len(found)))
        labels += [f"{name}: {level}" for level in found]
        terms += [name] * len(found)
    widths = {name: len(form.spectrum) for name, form in smooths.items()} | {name: len(found) for name, found in levels.items()}
    products = _pairs(tuple(widths), interactions)
    spectrum_of = {name: form.spectrum for name, form in smooths.items()} | {name: np.ones(len(found)) for name, found in levels.items()}
    for one, other, count in products:
        first, second = spectrum_of[one][:count], spectrum_of[other][:count]
        spectra.append(np.outer(first, second).ravel())
        labels += [f"{one} x {other}, {k}" for k in range(1, len(spectra[-1]) + 1)]
        terms += [f"{one} x {other}"] * len(spectra[-1])
    return Basis(smooths, levels, products, tuple(labels), tuple(terms), np.concatenate([np.empty(0), *spectra]))


def _pairs(names: tuple[str, ...], interactions: str | Sequence[tuple[str, str]]) -> tuple[tuple[str, str, int], ...]:
    if isinstance(interactions, str):
        return tuple((one, other, 1) for one, other in combinations(names, 2)) if interactions == "pairs" else ()
    for pair in interactions:
        strangers = [name for name in pair if name not in names]
        if strangers:
            raise ModelError(f"There is no covariate {strangers[0]!r} to interact. There are: {', '.join(names)}.")
    return tuple((one, other, _OF_A_PAIR) for one, other in interactions)


def _products(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (one[:, :, None] * other[:, None, :]).reshape(len(one), -1)
