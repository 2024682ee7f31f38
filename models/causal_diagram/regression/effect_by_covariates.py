"""Whether the mean effect changes where the effect may differ along the covariates.

In the regression of the outcome without products the treatment has one coefficient, a mean of
effects that counts people most whose treatment the covariates say least of (Angrist 1998). With the
products of the treatment and each covariate about its mean, the coefficient is the mean effect over
all people. Where effects differ the two differ, and the difference is tested: a Hausman test with
heteroskedasticity-robust variance (HC3), of one degree of freedom where the score test of all
products has many.

References
----------
Angrist (1998), Estimating the labor market impact of voluntary military service using Social
Security data on military applicants, Econometrica 66. Hausman (1978), Specification tests in
econometrics, Econometrica 46.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.models.causal_diagram.regression.terms import (
    design_matrix,
    terms_of,
    values_of,
)
from causalstats.models.causal_diagram.tables import Table

if TYPE_CHECKING:
    from causalstats.data import Observations
    from causalstats.models.causal_diagram.model import CausalDiagram

SAME_EFFECT = "one effect along the covariates"
_LEVEL = 0.003
_ROWS_PER_COLUMN = 10


class MeanEffects(NamedTuple):
    """The slope on a treatment without products and with them, and the p-value of no difference."""

    without: float
    with_products: float
    p: float


def mean_effects(
    outcome: np.ndarray, treatment: np.ndarray, covariates: np.ndarray
) -> MeanEffects:
    """Return the mean effect by least squares without and with products.

    Parameters
    ----------
    outcome, treatment : array, shape (rows,)
    covariates : array, shape (rows, columns)

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> z = rng.normal(size=2000)
    >>> x = (rng.random(2000) < 1 / (1 + np.exp(1.5 - z))) * 1.0
    >>> y = x * (1 + z) + z + rng.normal(size=2000)
    >>> found = mean_effects(y, x, z[:, None])
    >>> abs(found.with_products - 1) < 0.2, found.without > 1.2, found.p < 0.001
    (True, True, True)
    """
    centred = covariates - covariates.mean(axis=0)
    short = np.column_stack([treatment, np.ones(len(outcome)), centred])
    long = np.column_stack([short, centred * treatment[:, None]])
    to_short, solution = np.linalg.pinv(short)[0], np.linalg.pinv(long)
    leverage = np.minimum(np.einsum("ij,ji->i", long, solution), 0.99)
    residual = (outcome - long @ (solution @ outcome)) / (1 - leverage)
    variance = float(np.sum(((solution[0] - to_short) * residual) ** 2))
    effects = float(to_short @ outcome), float(solution[0] @ outcome)
    if variance <= 1e-12 * outcome.var():
        return MeanEffects(*effects, 1.0)
    degrees = max(len(outcome) - long.shape[1], 1)
    z = abs(effects[1] - effects[0]) / np.sqrt(variance)
    return MeanEffects(*effects, float(2 * stats.t.sf(z, degrees)))


def same_effect(
    model: CausalDiagram, data: Observations, rows: np.ndarray
) -> tuple[Check, ...]:
    """Return a failed check where products of the treatment move the mean effect; else nothing.

    Of numbers alone: without products a logistic regression has other effects on the probability
    where that is another one.

    Parameters
    ----------
    model : CausalDiagram
    data : Observations
    rows : int array
        Positions of the rows that are looked at.
    """
    treatment, levels = model.treatment, model.levels(data)
    table = next(
        (each for each in model.tables if each.variable == model.outcome), None
    )
    if (
        table is None
        or model.outcome not in data.continuous
        or treatment not in table.given
        or len(table.given) < 2
        or model.interactions != "none"
        or len(levels.get(treatment, (0, 1))) != 2
        or (treatment in data.continuous and model.basis_size > 1)
    ):
        return ()
    held = tuple(name for name in table.given if name != treatment)
    terms = terms_of(Table(model.outcome, held), data, levels, model.basis_size, "none")
    if len(rows) < _ROWS_PER_COLUMN * 2 * (terms.size + 1):
        return ()
    found = mean_effects(
        data.column(model.outcome)[rows],
        values_of(treatment, data, levels)[rows].astype(float),
        design_matrix(terms, data, levels)[rows],
    )
    if found.p > _LEVEL:
        return ()
    return (
        Check(
            name=SAME_EFFECT,
            passed=False,
            value=found.p,
            expected=f"p-value above {_LEVEL:g} of no change of the mean effect by products",
            finding=f"with products of {treatment} and {', '.join(held)} the mean effect by least "
            f"squares is {found.with_products:.3g} in place of {found.without:.3g} "
            f"(p = {found.p:.2g})",
            remedy="The effect differs between people, and without products the answer is a mean "
            "that counts some of them more: take `interactions='pairs'`.",
            assumption="regressions",
            estimands=("effect", "interventional"),
        ),
    )
