"""Rows of a multivariate Student t distribution: each with a weight of its own.

    clr(x_i) = W_i B + e_i / √g_i,  V'e_i ~ Normal(0, Σ),  g_i ~ Gamma(ν/2, ν/2)

Σ is then the scale matrix, the covariance of a row of weight 1, and partial correlations are those
of Σ. A row far from all others gets a small weight and moves the answers little.

References
----------
Lange, Little & Taylor (1989), Robust statistical modeling using the t distribution, Journal of the
American Statistical Association 84. Finegold & Drton (2011), Robust graphical modeling of gene
networks using classical and alternative t-distributions, Annals of Applied Statistics 5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import xarray as xr
from scipy import special

from causalstats.data import Composition
from causalstats.errors import ModelError
from causalstats.models.partial_correlation.graph_context import GraphContext
from causalstats.models.partial_correlation.hyperpriors import (
    Gamma,
    Given,
    Hyperprior,
)
from causalstats.models.partial_correlation.observation.base import Observation
from causalstats.numerics.compositions.row_weights import RATE, SHAPE

if TYPE_CHECKING:
    from causalstats.models.partial_correlation.model import PartialCorrelation

ErrorsName = Literal["normal", "student"]
FIELDS = ("errors", "degrees_of_freedom")
DEGREES = "degrees_of_freedom"
WEIGHT = "row_weight"


def hyperpriors(model: PartialCorrelation) -> dict[str, Hyperprior]:
    """Return the prior of ν; none where rows are normal."""
    if model.errors == "normal":
        return {}
    if model.degrees_of_freedom is not None:
        return {DEGREES: Given(model.degrees_of_freedom)}
    return {DEGREES: Gamma(SHAPE, RATE)}


def refuse_dependent(data: Composition) -> None:
    """Refuse weights of rows that depend on each other.

    Raises
    ------
    ModelError
        Saying what to do.
    """
    if data.dependence is not None:
        raise ModelError(
            "errors='student' gives each row a weight of its own, which rows of one `subject` or "
            "in `time` would share: expected independent rows. Use errors='normal', and see the "
            "answer without the rows that lie far out."
        )


def inputs(data: Composition, observation: Observation) -> dict[str, np.ndarray]:
    """Return the numbers of the rows that the graph takes, by name."""
    basis = np.linalg.qr(data.matrix)[0]
    return {"covariate_basis": basis, **observation.inputs(data)}


def scatter(context: GraphContext, observation: Observation) -> Any:
    """Add the weights to the open graph and return S of the weighted rows, (D, D).

    The log-ratios have the density Π g_i^(p/2) |W'GW|^(-p/2) times that of rows of weight 1 with
    the cross-products S, coefficients integrated out.

    Parameters
    ----------
    context : GraphContext
    observation : Observation
    """
    import pymc as pm
    import pytensor.tensor as pt

    ratios = observation.log_ratios(context)
    basis = context.inputs["covariate_basis"]
    half = context.variable(DEGREES) / 2
    rows = basis.get_value().shape[0]
    pm.modelcontext(None).add_coord("row", np.arange(rows))
    weights = pm.Gamma(WEIGHT, half, half, dims="row")
    rank = len(context.parts) - 1
    white = weights[:, None] * ratios
    inner = basis.T @ (weights[:, None] * basis)
    across = basis.T @ white
    volume = pt.log(weights).sum() - pt.log(pt.linalg.det(inner))
    pm.Potential("weighted_rows", rank / 2 * volume)
    products = ratios.T @ white - across.T @ pt.linalg.inv(inner) @ across
    return pm.Deterministic("scatter", products, dims=("part", "other_part"))


def draw_weights(
    degrees: float | np.ndarray, rows: int, rng: np.random.Generator
) -> np.ndarray:
    """Return weights of rows from their prior, (n,), or (draws, n) for as many ν.

    Parameters
    ----------
    degrees : float or array, shape (draws,)
        ν.
    rows : int
    rng : Generator
    """
    half = np.asarray(degrees, float)[..., None] / 2
    return rng.gamma(half, 1 / half, (*np.shape(degrees), rows))


def weights_of(draws: xr.Dataset) -> np.ndarray | None:
    """Return the weights of rows at each draw, (draws, n); None where rows are normal."""
    if WEIGHT not in draws:
        return None
    weights = draws[WEIGHT].transpose("chain", "draw", "row").to_numpy()
    return weights.reshape(-1, weights.shape[-1])


def degrees_of(draws: xr.Dataset) -> np.ndarray | None:
    """Return ν at each draw, (draws,); None where rows are normal."""
    return draws[DEGREES].to_numpy().ravel() if DEGREES in draws else None


def log_density(
    squares: np.ndarray, log_determinant: float, degrees: float, rank: int
) -> np.ndarray:
    """Return the log density of rows of a multivariate t distribution.

    Parameters
    ----------
    squares : array, shape (n,)
        Squared distances d².
    log_determinant : float
        Of Σ⁻¹.
    degrees : float
        ν.
    rank : int
        p.

    Examples
    --------
    >>> log_density(np.array([0.0, 4.0]), 0.0, 3.0, 1).round(4)
    array([-1.0009, -2.6955])
    """
    constant = special.gammaln((degrees + rank) / 2) - special.gammaln(degrees / 2)
    constant -= rank / 2 * np.log(degrees * np.pi)
    tails = (degrees + rank) / 2 * np.log1p(squares / degrees)
    return constant + log_determinant / 2 - tails
