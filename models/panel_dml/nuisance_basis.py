"""The columns φ of the nuisance functions: their names, their prior variances, their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from causalstats.data import Panel
from causalstats.data.feature_coding import power_of_two
from causalstats.errors import ModelError
from causalstats.models.panel_dml.bases import BASES, BasisFamily
from causalstats.models.panel_dml.bases.base import CovariateBasis
from causalstats.numerics.bases.random_fourier_features import Fourier

_ROWS_FOR_SCALES = 100_000  # that say how wide covariates spread

Interactions = str | Sequence[tuple[str, str]]


@dataclass(frozen=True, eq=False)
class Basis:
    """Columns made of a table of covariates, in the order of `labels`.

    Parameters
    ----------
    covariates : mapping
        The basis of each number, by name.
    units : mapping
        The power of two that each number is divided by, so that no square of it is lost.
    levels : mapping
        The levels of each text but the first; a column each.
    products : tuple of (str, str, int)
        Two covariates, and how many columns of each enter the product.
    joint : Fourier or None
        Functions of all columns before them.
    labels : tuple of str
    terms : tuple of str
        The covariate, product or joint basis that each column belongs to.
    spectrum : array, shape (p,)
        Relative prior variances κ of the coefficients.
    frequencies : array, shape (p,)
        Frequencies of sines whose prior variance is also the spectral density at a length-scale; 0
        for others.
    """

    covariates: Mapping[str, CovariateBasis]
    units: Mapping[str, float]
    levels: Mapping[str, tuple[str, ...]]
    products: tuple[tuple[str, str, int], ...]
    joint: Fourier | None
    labels: tuple[str, ...]
    terms: tuple[str, ...]
    spectrum: np.ndarray
    frequencies: np.ndarray

    def columns(self, table: pd.DataFrame) -> np.ndarray:
        """Return the columns (n, p) of a table of n rows."""
        return np.hstack([np.empty((len(table), 0)), *self.parts(table)])

    def parts(self, table: pd.DataFrame) -> list[np.ndarray]:
        """Return the columns in pieces: of each covariate, of each product, of all together."""
        main = _main_columns(self.covariates, self.units, self.levels, table)
        products = [
            _products(main[one][:, :count], main[other][:, :count])
            for one, other, count in self.products
        ]
        joint = (
            []
            if self.joint is None
            else [self.joint.columns(np.hstack([*main.values()]))]
        )
        return [*main.values(), *products, *joint]

    def prior_arrays(self) -> dict[str, np.ndarray]:
        """Return `spectrum`, `terms` (p, T) of 0 and 1, and `frequencies` where there are sines."""
        names = tuple(dict.fromkeys(self.terms))
        belongs = np.array(
            [[term == name for name in names] for term in self.terms], float
        )
        arrays = {
            "spectrum": self.spectrum,
            "terms": belongs.reshape(len(self.terms), len(names)),
        }
        if self.frequencies.any():
            arrays["frequencies"] = self.frequencies
        return arrays


def basis_of(
    panel: Panel,
    size: int,
    interactions: Interactions,
    family: BasisFamily = BASES["splines"],
) -> Basis:
    """Return the columns of the covariates of a panel.

    Parameters
    ----------
    panel : Panel
    size : int
        The most columns of a covariate that is a number; of a joint basis, functions for each.
    interactions : "none", "pairs" or pairs of covariates
        "pairs" multiplies each two linear columns, and each with every level. Pairs by name have
        up to three splines of either.
    family : BasisFamily
    """
    table = panel.source
    text = [
        name
        for name in panel.covariates
        if isinstance(table[name].dtype, pd.CategoricalDtype)
    ]
    levels: dict[str, tuple[str, ...]] = {}
    for name in text:
        others = tuple(table[name].cat.categories[1:])
        if others:
            levels[name] = others
    covariates: dict[str, CovariateBasis] = {}
    units: dict[str, float] = {}
    for name in panel.covariates:
        if name in text:
            continue
        values = table[name].to_numpy(float)
        if values.min() < values.max():
            units[name] = float(power_of_two(values[:, None])[0])
            covariates[name] = family.covariate_basis(values / units[name], size)
    spectra = {name: basis.spectrum for name, basis in covariates.items()}
    spectra |= {name: np.ones(len(others)) for name, others in levels.items()}
    labels = _labels(covariates, levels)
    terms = [name for name, spectrum in spectra.items() for _ in spectrum]
    parts = list(spectra.values())
    products = _pairs(tuple(spectra), interactions, family.pair_columns)
    for one, other, count in products:
        parts.append(np.outer(spectra[one][:count], spectra[other][:count]).ravel())
        labels += [f"{one} x {other}, {k}" for k in range(1, len(parts[-1]) + 1)]
        terms += [f"{one} x {other}"] * len(parts[-1])
    joint = None
    if family.joint and spectra:
        some = table[list(panel.covariates)].iloc[:: -(-len(panel) // _ROWS_FOR_SCALES)]
        main = np.hstack([*_main_columns(covariates, units, levels, some).values()])
        joint = family.joint_basis(main, size)
    if joint is not None:
        parts.append(joint.spectrum)
        labels += [f"wave {k}" for k in range(1, len(joint.spectrum) + 1)]
        terms += ["waves"] * len(joint.spectrum)
    spectrum = np.concatenate([np.empty(0), *parts])
    frequencies = np.zeros(len(spectrum))
    sines = [family.frequencies(basis) for basis in covariates.values()]
    if sines:
        frequencies[: sum(map(len, sines))] = np.concatenate(sines)
    return Basis(
        covariates=covariates,
        units=units,
        levels=levels,
        products=products,
        joint=joint,
        labels=tuple(labels),
        terms=tuple(terms),
        spectrum=spectrum,
        frequencies=frequencies,
    )


def _labels(
    covariates: Mapping[str, CovariateBasis], levels: Mapping[str, tuple[str, ...]]
) -> list[str]:
    labels = [
        f"{name}, {k}" if k > 1 else name
        for name, basis in covariates.items()
        for k in range(1, len(basis.spectrum) + 1)
    ]
    return labels + [
        f"{name}: {level}" for name, others in levels.items() for level in others
    ]


def _main_columns(
    covariates: Mapping[str, CovariateBasis],
    units: Mapping[str, float],
    levels: Mapping[str, tuple[str, ...]],
    table: pd.DataFrame,
) -> dict[str, np.ndarray]:
    """Columns (n, r) of each covariate alone, by name."""
    main = {
        name: basis.columns(table[name].to_numpy(float) / units[name])
        for name, basis in covariates.items()
    }
    for name, others in levels.items():
        dummies = [(table[name] == level).to_numpy(float) for level in others]
        main[name] = np.column_stack(dummies)
    return main


def _pairs(
    names: tuple[str, ...], interactions: Interactions, columns: int
) -> tuple[tuple[str, str, int], ...]:
    """Pairs of covariates, and how many columns of each are multiplied."""
    if isinstance(interactions, str):
        every = combinations(names, 2) if interactions == "pairs" else ()
        return tuple((one, other, 1) for one, other in every)
    for pair in interactions:
        unknown = [name for name in pair if name not in names]
        if unknown:
            raise ModelError(
                f"There is no covariate {unknown[0]!r} to interact. There are: {', '.join(names)}."
            )
    return tuple((one, other, columns) for one, other in interactions)


def _products(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (one[:, :, None] * other[:, None, :]).reshape(len(one), -1)
