"""Whether decisions and results differ between deciders by no more than the model says.

Where deciders are alike, decisions do not go with who decides. Where they differ in leniency, the
results of those tested by each are what leniency and features say: a lenient decider, who tests
people of less risk, has fewer positive results. Who is sent riskier people has more.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Decisions
from causalstats.models.selective_labels.deciders import DECIDERS, DecidersName
from causalstats.numerics.testing.score_tests import Equation

NAME = "deciders as assumed"
_LEVEL = 0.01
_REPLICATIONS = 999
_AT_ONCE = 111  # held in memory


def deciders_as_assumed(
    deciders: DecidersName,
    data: Decisions,
    equations: Sequence[Equation],
    rng: np.random.Generator,
) -> tuple[Check, ...]:
    """Return the test of decisions and results by decider; nothing where deciders are not named.

    In each equation it is Σ_j (Σ_i e_i)² / Σ_i v_i of the residuals and variances of the people of
    decider j, beside replications from the model at the posterior mean.

    Parameters
    ----------
    deciders : "alike", "leniency" or "response"
    data : Decisions
    equations : sequence of Equation
        Of the decision and of the results of the tested.
    rng : Generator
    """
    if data.decider is None or len(data.deciders) < 2:
        return ()
    found = [_by_decider(data.decider, equation, rng) for equation in equations]
    p, who, sum_of_residuals, name = min(found)
    p = min(p * len(found), 1.0)
    passed = p > _LEVEL
    more = "more" if sum_of_residuals > 0 else "fewer"
    return (
        Check(
            name=NAME,
            passed=passed,
            value=p,
            expected=f"p-value above {_LEVEL:g}",
            finding=f"deciders differ most in {name}, p = {p:.3f}: {data.deciders[who]} has "
            f"{abs(sum_of_residuals):.1f} {more} than the model says",
            remedy="" if passed else _remedy(deciders),
            assumption="exchangeable deciders"
            if not passed and DECIDERS[deciders]
            else "",
        ),
    )


def _by_decider(
    decider: np.ndarray, equation: Equation, rng: np.random.Generator
) -> tuple[float, int, float, str]:
    """Return the p-value, the decider who differs most, by how many, and the equation.

    Parameters
    ----------
    decider : int array (N,)
    equation : Equation
    rng : Generator
    """
    codes = decider[equation.rows]
    order = np.argsort(codes, kind="stable")
    who, starts = np.unique(codes[order], return_index=True)
    fitted = equation.fitted.mean(axis=0)
    variance = np.add.reduceat(equation.variance[order], starts)
    root = np.sqrt(np.maximum(variance, 1e-12))

    def standardised(observed: np.ndarray) -> np.ndarray:
        sums = np.add.reduceat((observed - fitted)[:, order], starts, axis=1)
        return np.asarray(sums / root)

    observed = standardised(equation.observed[None])[0]
    largest = int(np.abs(observed).argmax())
    as_large = 0
    for start in range(0, _REPLICATIONS, _AT_ONCE):
        count = min(_AT_ONCE, _REPLICATIONS - start)
        replicated = standardised(equation.replicate(rng, count))
        as_large += int(((replicated**2).sum(axis=1) >= (observed**2).sum()).sum())
    p = (1 + as_large) / (1 + _REPLICATIONS)
    return p, int(who[largest]), float(observed[largest] * root[largest]), equation.name


def _remedy(deciders: DecidersName) -> str:
    sent = (
        "if some deciders are sent other people (a severity, a ward, a kind of case), give what "
        "these are sent by as a feature, since the model takes who decides for unrelated to risk"
    )
    more = {
        "alike": 'Say `deciders="leniency"`, by which they differ; ',
        "leniency": 'Say `deciders="response"`, by which they differ in how steeply they respond '
        "to risk, too; ",
        "response": "",
    }[deciders]
    words = f"{more}{sent}."
    return f"{words[0].upper()}{words[1:]}"
