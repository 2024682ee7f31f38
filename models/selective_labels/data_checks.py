"""What the data, and the posterior of what was declared, say against a selective-labels model."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from scipy.special import expit

from causalstats.core.check import Check
from causalstats.core.knowledge import Known, KnownByGroup
from causalstats.data import Decisions
from causalstats.models.selective_labels.graph import known_prevalence
from causalstats.models.shared.population import flat

_FARTHEST = 2.4  # standard errors, on one side: fewer than 1 % where nothing is hidden, fewer else
_WIDEST = 2.6  # standard deviations by which a declared prevalence may move
_RIDGE = 1.0  # precision of the coefficients of the regression on the tested
_STEPS = 50


def data_checks(model: Any, data: Decisions) -> tuple[Check, ...]:
    """Return what can be said before anything is sampled: the direction, and what identifies."""
    return (*_direction(model, data), *_identified(model))


def _identified(model: Any) -> tuple[Check, ...]:
    nothing_hidden = isinstance(model.unobserved_scale, Known) and model.unobserved_scale.value == 0
    if model.prevalence is not None or nothing_hidden:
        return ()
    about = ("risk", "untested_risk", "prevalence", "untested_prevalence", "missed_cases")
    return (
        Check(
            name="identified by the shape of the unobservable alone",
            passed=None,
            value=None,
            expected="a known prevalence",
            finding="no prevalence is known: how much risk the untested have beside their features rests on the assumed family "
            "of the unobservable and its prior",
            remedy="Give the prevalence of the population, `prevalence=Known(value, sd=...)`.",
            estimands=(*about, "share_found", "allocation"),
            caution=True,
        ),
    )


def _direction(model: Any, data: Decisions) -> tuple[Check, ...]:
    """Hold the declared prevalence against the risk that a regression on the tested gives everybody.

    Where the unobservable raises risk and testing alike, people have at the same features less
    risk than the tested among them; a prevalence that is higher says the opposite. Likewise turned
    round where those of low risk are decided for.
    """
    if model.prevalence is None:
        return ()
    declared, sd = _declared(model, data)
    mean, error = _mean_risk_by_the_tested(model, data)
    spread = float(np.hypot(sd, error))
    z = (declared - mean) / spread
    high = model.decided_for == "high"
    wrong = z > _FARTHEST if high else z < -_FARTHEST
    more, other = ("more", "low") if high else ("less", "high")
    examples = "as in bail or credit" if high else "as where the ill are tested"
    return (
        Check(
            name="direction of the decision",
            passed=not wrong,
            value=float(z),
            expected=f"z {'below' if high else 'above -'}{' ' * high}{_FARTHEST:g}",
            finding=f"at the risk of the tested with the same features, {mean:.1%} of the population would have the outcome, and the "
            f"prevalence is declared as {declared:.1%}: z = {z:.1f}"
            + (f"; at the same features, those not decided for have {more} risk" if wrong else ""),
            remedy=""
            if not wrong
            else f"If people are decided for because their risk is {other}, {examples}, the direction is the other one: say "
            f"`decided_for={other!r}`. Otherwise the prevalence is one of other people or of another outcome: check its source.",
            assumption="one unobservable" if wrong else "",
        ),
    )


def _declared(model: Any, data: Decisions) -> tuple[float, float]:
    """Return the declared prevalence of the whole population and its standard deviation."""
    if not isinstance(model.prevalence, KnownByGroup):
        return model.prevalence.value, model.prevalence.sd
    people, known = data.population, known_prevalence(model, data)
    _, codes = data.levels_of(model.prevalence.feature, people.matrix)
    shares = np.bincount(codes, people.weights, len(known)) / people.weights.sum()
    values, sds = (np.array([getattr(k, part) for k in known.values()]) for part in ("value", "sd"))
    return float(shares @ values), float(np.sqrt((shares**2) @ sds**2))


def _mean_risk_by_the_tested(model: Any, data: Decisions) -> tuple[float, float]:
    """Return the mean risk of the population by a ridge logistic regression on the tested, and its standard error."""
    seen, people = data.decision, data.population
    centre, spread = data.matrix.mean(axis=0), data.matrix.std(axis=0)

    def design(matrix: np.ndarray) -> np.ndarray:
        return np.column_stack([np.ones(len(matrix)), (matrix - centre) / spread])

    x, y = design(data.matrix[seen]), (data.outcome[seen] == 1).astype(float)
    ridge = np.diag([1e-4, *[_RIDGE] * (x.shape[1] - 1)])
    beta = np.zeros(x.shape[1])
    beta[0] = np.log((y.sum() + 0.5) / (len(y) - y.sum() + 0.5))
    for _ in range(_STEPS):
        p = expit(x @ beta)
        curvature = (x.T * (p * (1 - p))) @ x + ridge
        step = np.linalg.solve(curvature, x.T @ (y - p) - ridge @ beta)
        beta += np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-6:
            break
    everybody, share = design(people.matrix), people.weights / people.weights.sum()
    p = expit(everybody @ beta)
    gradient = (share * p * (1 - p)) @ everybody
    mean, variance = float(p @ share), float(gradient @ np.linalg.solve(curvature, gradient))
    variance += float((share**2) @ (p - mean) ** 2)  # the population is itself a sample
    if model.imperfect:
        sensitivity, specificity = model.sensitivity, model.specificity
        youden = sensitivity.value + specificity.value - 1
        mean = (mean - 1 + specificity.value) / youden
        variance += (mean * sensitivity.sd) ** 2 + ((1 - mean) * specificity.sd) ** 2
        variance /= youden**2
    return mean, float(np.sqrt(variance))


def kept_its_width(model: Any, draws: xr.Dataset, data: Decisions) -> tuple[Check, ...]:
    """Return whether the posterior of a declared prevalence is where it was declared to be.

    Its mean has a standard deviation below the declared one, over data sets of a right model: more
    than 2.6 of these away it is in fewer than 1 % of them.
    """
    known = {name: k for name, k in known_prevalence(model, data).items() if not k.exact}
    if not known or "population_prevalence" not in draws:
        return ()
    found = flat(draws, "population_prevalence").mean(axis=0)
    moved = np.array(
        [(mean - k.value) / k.sd for mean, k in zip(found, known.values(), strict=True)]
    )
    worst = int(np.abs(moved).argmax())
    name, stated = list(known)[worst], list(known.values())[worst]
    kept = bool(np.abs(moved[worst]) < _WIDEST)
    return (
        Check(
            name="prevalence as declared",
            passed=kept,
            value=float(moved[worst]),
            expected=f"within {_WIDEST:g} of its standard deviations",
            finding=f"declared {f'for {name} ' if name else ''}as {stated}, and {found[worst]:.3g} with these data and this model: "
            f"{moved[worst]:.1f} standard deviations away",
            remedy=""
            if kept
            else "The data and the other assumptions contradict the declared prevalence: check its source and population, and "
            "see `fit.check()` for what the model gives without it.",
            assumption="" if kept else "prevalence",
        ),
    )
