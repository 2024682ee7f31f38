"""Checks of a Heckman fit: form of decision and outcome, weights, correlation and variances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.data import Decisions
from causalstats.models.heckman.assumptions import LINEARITY, shape_assumption
from causalstats.models.heckman.estimands import indices, shape_parameters
from causalstats.models.heckman.extremes import extremes_check
from causalstats.models.heckman.one_correlation import one_correlation
from causalstats.models.shared.functional_form import (
    functional_form,
    score_check,
    some_people,
)
from causalstats.models.shared.population import flat, some_draws
from causalstats.models.shared.weights_within_features import weights_within_features
from causalstats.numerics.bases.omitted_terms import Term
from causalstats.numerics.selection.error_shapes import Parameters
from causalstats.numerics.selection.joint_errors import JointErrors
from causalstats.numerics.testing.score_tests import Equation, binary_equation

_DRAWS = 200
_REPLICATIONS = 200


def posterior_checks(
    joint: JointErrors,
    draws: xr.Dataset,
    data: Decisions,
    rng: np.random.Generator,
) -> tuple[Check, ...]:
    """Return score tests of terms, weights and errors, and the check of missing extremes.

    Parameters
    ----------
    joint : JointErrors
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
        "who is decided for",
        people,
        data.decision,
        joint.selection_probability(index, shape_parameters(joint, draws)),
    )
    seen = _Seen.from_draws(joint, draws, data)
    equations = (decision, seen.mean_equation())
    return (
        functional_form(data, equations, LINEARITY, rng),
        score_check(
            "equal variances",
            data,
            [seen.variance_equation()],
            _unequal_variances,
            shape_assumption(joint),
            rng,
        ),
        extremes_check(
            seen.outcome,
            seen.expected.mean(axis=0) + seen.errors(rng, _REPLICATIONS),
            shape_assumption(joint),
        ),
        *weights_within_features(data, equations, rng),
        *one_correlation(joint, draws, data, rng),
    )


@dataclass(frozen=True, eq=False)
class _Seen:
    """The outcomes seen, with posterior draws of their distribution given that they are seen.

    Parameters
    ----------
    joint : JointErrors
    rows : int array (n,)
    outcome : array (n,)
    mean, index : arrays (draws, n)
        x'β and x'γ.
    sigma, kappa : arrays (draws, 1)
        Standard deviation of the error, and its correlation with that of the decision.
    given : mapping of arrays (draws, 1)
        Parameters of the shape of the errors.
    """

    joint: JointErrors
    rows: np.ndarray
    outcome: np.ndarray
    mean: np.ndarray
    index: np.ndarray
    sigma: np.ndarray
    kappa: np.ndarray
    given: Parameters

    @classmethod
    def from_draws(
        cls, joint: JointErrors, draws: xr.Dataset, data: Decisions
    ) -> _Seen:
        mean, index = indices(draws, data.people(data.decision))
        return cls(
            joint=joint,
            rows=np.flatnonzero(data.decision),
            outcome=data.outcome[data.decision],
            mean=mean,
            index=index,
            sigma=flat(draws, "outcome_sd"),
            kappa=flat(draws, "correlation"),
            given=shape_parameters(joint, draws),
        )

    @cached_property
    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """E[e | T=1, x] and E[e² | T=1, x] of standardised errors, (draws, n) each."""
        return self.joint.moments(self.index, self.kappa, self.given, selected=True)

    @property
    def expected(self) -> np.ndarray:
        """E[Y | T=1, x], (draws, n)."""
        return self.mean + self.sigma * self.moments[0]

    @property
    def variance(self) -> np.ndarray:
        """Var(Y | T=1, x), (draws, n)."""
        first, second = self.moments
        return self.sigma**2 * (second - first**2)

    def errors(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Return replications of Y - E[Y | T=1, x] at the posterior mean, (count, n)."""
        index = self.index.mean(axis=0, keepdims=True)
        kappa = self.kappa.mean(axis=0, keepdims=True)
        given = {
            name: value.mean(axis=0, keepdims=True)
            for name, value in self.given.items()
        }
        expected, _ = self.joint.moments(index, kappa, given, selected=True)
        repeated = np.broadcast_to(index, (count, index.shape[1]))
        errors = self.joint.draw_seen(rng, repeated, kappa, given)
        return float(self.sigma.mean()) * (errors - expected)

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
