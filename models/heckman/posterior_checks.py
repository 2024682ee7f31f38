"""Checks of a Heckman fit: functional form of decision and outcome, and equal variances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.data import Decisions
from causalstats.models.heckman.assumptions import LINEARITY, NORMALITY
from causalstats.models.heckman.estimands import indices
from causalstats.models.shared.functional_form import (
    functional_form,
    score_check,
    some_people,
)
from causalstats.models.shared.population import flat, some_draws
from causalstats.numerics.bases.omitted_terms import Term
from causalstats.numerics.selection.heckman_likelihood import (
    expected_outcome,
    selection_probability,
)
from causalstats.numerics.selection.inverse_mills_ratio import inverse_mills_ratio
from causalstats.numerics.selection.selection_normality import truncated_normal
from causalstats.numerics.testing.score_tests import Equation, binary_equation

_DRAWS = 200


def posterior_checks(
    draws: xr.Dataset, data: Decisions, rng: np.random.Generator
) -> tuple[Check, ...]:
    """Return score tests of terms that the decision and the outcome leave out.

    Parameters
    ----------
    draws : Dataset
        The posterior.
    data : Decisions
    rng : Generator
    """
    data = some_people(data, rng)
    draws = some_draws(draws, _DRAWS, rng)
    _, index = indices(draws, data.people())
    people = np.arange(len(data))
    decision = binary_equation(
        "who is decided for", people, data.decision, selection_probability(index)
    )
    seen = _Seen.from_draws(draws, data)
    equations = (decision, seen.mean_equation())
    return (
        functional_form(data, equations, LINEARITY, rng),
        score_check(
            "equal variances",
            data,
            [seen.variance_equation()],
            _unequal_variances,
            NORMALITY,
            rng,
        ),
    )


@dataclass(frozen=True, eq=False)
class _Seen:
    """The outcomes seen, with posterior draws of their distribution given that they are seen.

    Parameters
    ----------
    rows : int array (n,)
    outcome : array (n,)
    mean, index : arrays (draws, n)
        x'β and x'γ.
    sigma, kappa : arrays (draws, 1)
        Standard deviation of the error, and its correlation with that of the decision.
    """

    rows: np.ndarray
    outcome: np.ndarray
    mean: np.ndarray
    index: np.ndarray
    sigma: np.ndarray
    kappa: np.ndarray

    @classmethod
    def from_draws(cls, draws: xr.Dataset, data: Decisions) -> _Seen:
        mean, index = indices(draws, data.people(data.decision))
        return cls(
            rows=np.flatnonzero(data.decision),
            outcome=data.outcome[data.decision],
            mean=mean,
            index=index,
            sigma=flat(draws, "outcome_sd"),
            kappa=flat(draws, "correlation"),
        )

    @property
    def expected(self) -> np.ndarray:
        """E[Y | T=1, x], (draws, n)."""
        covariance = self.sigma * self.kappa
        return expected_outcome(self.mean, self.index, covariance, decided=True)

    @property
    def variance(self) -> np.ndarray:
        """Var(Y | T=1, x) = σ² (1 - κ² λ (λ + x'γ)), λ the inverse Mills ratio, (draws, n)."""
        mills = inverse_mills_ratio(self.index)
        return self.sigma**2 * (1 - self.kappa**2 * mills * (mills + self.index))

    def errors(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Return replications of Y - E[Y | T=1, x] at the posterior mean, (count, n)."""
        index = self.index.mean(axis=0)
        kappa = float(self.kappa.mean())
        # Given that a person is seen, v is a Normal above -index; u given v is Normal.
        v = truncated_normal(np.broadcast_to(-index, (count, len(index))), rng)
        rest = np.sqrt(1 - kappa**2) * rng.standard_normal(v.shape)
        centred = kappa * (v - inverse_mills_ratio(index)) + rest
        return float(self.sigma.mean()) * centred

    def mean_equation(self) -> Equation:
        expected = self.expected.mean(axis=0)
        return Equation(
            name="the outcomes seen",
            rows=self.rows,
            observed=self.outcome,
            fitted=self.expected,
            variance=self.variance.mean(axis=0),
            slope=np.ones(len(self.rows)),
            replicate=lambda rng, count: expected + self.errors(rng, count),
        )

    def variance_equation(self) -> Equation:
        """Return the equation of squared errors, in units of their variance.

        Squares of heavy-tailed errors vary more than those of Normal ones, wherever they stand:
        that is for the check of normality, and the replications get their spread.
        """
        spread = np.sqrt(self.variance.mean(axis=0))
        squares = ((self.outcome - self.expected.mean(axis=0)) / spread) ** 2
        return Equation(
            name="the squared errors of the outcomes seen",
            rows=self.rows,
            observed=squares,
            fitted=self.variance / spread**2,
            variance=np.full(len(self.rows), squares.var()),
            slope=np.ones(len(self.rows)),
            replicate=self._shuffled(squares),
            linear=False,
        )

    def _shuffled(
        self, squares: np.ndarray
    ) -> Callable[[np.random.Generator, int], np.ndarray]:
        """Return the function that gives permutations of the squared errors."""

        def replicate(rng: np.random.Generator, count: int) -> np.ndarray:
            return rng.permuted(np.tile(squares, (count, 1)), axis=1)

        return replicate


def _unequal_variances(term: Term, equation: str) -> str:
    depends = " and ".join(term.features)
    return (
        f"The variance of the errors depends on {depends}, or the outcome is curved in it, which "
        f"makes errors large where selection hides the curve: add a spline, `formula=` with "
        f"`bs({term.features[0]}, df=5)`. If it still depends, model the logarithm of an outcome "
        "that is positive, and rest the answer on an exclusion or a known mean, because normality "
        "does not tell selection from unequal variances."
    )
