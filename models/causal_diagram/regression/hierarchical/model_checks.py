"""Checks of hierarchical regressions: confounding that is left, interactions, overlap, events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.check import Check
from causalstats.models.causal_diagram.regression.conditionals import (
    Conditional,
    HierarchicalLogistic,
)
from causalstats.models.causal_diagram.regression.hierarchical.form_tests import (
    form_tests,
)
from causalstats.models.causal_diagram.regression.hierarchical.logistic_regression import (
    LARGEST_RESIDUAL_COVARIANCE,
    Kernel,
)
from causalstats.models.causal_diagram.regression.left_out import form_check
from causalstats.models.causal_diagram.regression.overlap import overlap_check
from causalstats.models.causal_diagram.regression.specification_checks import (
    rows_looked_at,
)
from causalstats.models.causal_diagram.thin_cells import lacking_levels

if TYPE_CHECKING:
    from causalstats.data import Observations
    from causalstats.models.causal_diagram.model import CausalDiagram

_ASSUMPTION = "hierarchical regressions"
_FEWEST_EVENTS = 5.0
_LARGEST_MEAN_SHIFT = 0.6
_LEAST_SHARE_COMPARABLE = 0.5
_LARGEST_SHARE_ONE_SIDED = 0.05


def hierarchical_model_checks(
    model: CausalDiagram, conditionals: Sequence[Conditional], data: Observations
) -> tuple[Check, ...]:
    """Return the checks of the hierarchical regressions of a formula.

    Parameters
    ----------
    model : CausalDiagram
    conditionals : sequence of Conditional
    data : Observations
    """
    checks = kernel_checks(conditionals)
    if not checks:
        return ()
    return (*checks, *overlap_check(model, data, rows_looked_at(data)))


def kernel_checks(conditionals: Sequence[Conditional]) -> tuple[Check, ...]:
    """Return the checks of hierarchical regressions by themselves; none where there are none.

    Parameters
    ----------
    conditionals : sequence of Conditional
    """
    kernels = [each for each in conditionals if isinstance(each, HierarchicalLogistic)]
    if not kernels:
        return ()
    confounded = [each for each in kernels if each.kernel.propensity is not None]
    checks = [*_form(kernels), _events(kernels), _normal_approximation(kernels)]
    if confounded:
        checks += [
            _confounding_left(confounded),
            *_dense_interactions(confounded),
            _positivity(confounded),
        ]
    return tuple(checks)


def _form(kernels: Sequence[HierarchicalLogistic]) -> tuple[Check, ...]:
    """Return the check of curves in numbers, which products of straight lines are not."""
    tests = [
        test
        for each in kernels
        if any(name in each.data.continuous for name in each.table.given)
        for test in form_tests(each)
    ]
    return (form_check(kernels[0].model, tests, _ASSUMPTION),) if tests else ()


def _confounding_left(kernels: Sequence[HierarchicalLogistic]) -> Check:
    worst = max(kernels, key=lambda each: each.kernel.residual_covariance)
    kernel = worst.kernel
    value = kernel.residual_covariance
    passed = value <= LARGEST_RESIDUAL_COVARIANCE
    finding = (
        f"the residuals of {kernel.data.treatment} and {worst.table.variable} of similar people "
        f"vary together by {value:.2g} standard errors"
    )
    added = [product for each in kernels for product in each.kernel.selected]
    if added:
        terms = ", ".join(" x ".join(product) for product in added[:4])
        finding += f"; in the regressions by score tests: {terms}"
    if any(each.kernel.has_third_order for each in kernels):
        finding += "; all products of three confounders were added because of it"
    remedy = (
        "Interactions of the confounders act on treatment and outcome beyond what the regressions "
        "have, and the answer is not to be trusted. Join levels or leave out variables until "
        "cells are full, or observe more."
    )
    return Check(
        name="confounding left by the regressions",
        passed=passed,
        value=value,
        expected="a residual covariance of treatment and outcome of at most "
        f"{LARGEST_RESIDUAL_COVARIANCE:g} standard errors",
        finding=finding,
        remedy="" if passed else remedy,
        assumption=_ASSUMPTION,
    )


def _dense_interactions(kernels: Sequence[HierarchicalLogistic]) -> tuple[Check, ...]:
    """Return a caution where few people have others with the same confounders to compare with.

    Products of two confounders are always in the regressions: of two there are no others.
    """
    kernels = [each for each in kernels if len(each.kernel.data.confounders) > 2]
    if not kernels:
        return ()
    comparable = min(_share_comparable(each.kernel) for each in kernels)
    if comparable >= _LEAST_SHARE_COMPARABLE:
        return ()
    miss = max(_shift_of_a_missed_product(each.kernel) for each in kernels)
    return (
        Check(
            name="dense interactions",
            passed=None,
            value=comparable,
            expected=f"at least {_LEAST_SHARE_COMPARABLE:.0%} of the people in strata with every "
            "level of the treatment",
            finding=f"{comparable:.0%} of the people are in such strata; a product of confounders "
            "that score tests just miss in both equations moves the answer by about "
            f"{miss:.2g} standard errors, and many small ones of three or more confounders "
            "together by more",
            remedy="It is assumed that there are not many such interactions, which these data "
            "cannot show: join levels, leave out variables that the answer does not need, or "
            "observe more.",
            assumption=_ASSUMPTION,
            caution=True,
        ),
    )


def _positivity(kernels: Sequence[HierarchicalLogistic]) -> Check:
    """Return whether people are in strata that lack a level which chance would hardly leave out."""
    shares = [_share_one_sided(each.kernel) for each in kernels]
    value = max(shares)
    passed = value <= _LARGEST_SHARE_ONE_SIDED
    finding = f"{value:.0%} of the people are in such strata"
    if not passed:
        finding += f", e.g. nobody has {_absent(kernels[int(np.argmax(shares))])}"
    return Check(
        name="positivity",
        passed=passed,
        value=value,
        expected=f"at most {_LARGEST_SHARE_ONE_SIDED:.0%} of the people in strata that lack a "
        "level of the treatment although they are large",
        finding=finding,
        remedy=""
        if passed
        else "There the answer is the regression's, carried on beyond the data. Ask about the "
        "people of whom some were seen with each level, or join levels.",
        assumption=_ASSUMPTION,
    )


def _share_one_sided(kernel: Kernel) -> float:
    """Return the share of observations in strata that lack a level."""
    counts = kernel.data.treatment_counts()
    return float(counts[lacking_levels(counts).any(axis=1)].sum() / counts.sum())


def _absent(conditional: HierarchicalLogistic) -> str:
    """Return a combination of causes that nobody has, the largest of the strata that lack one."""
    data = conditional.kernel.data
    counts = data.treatment_counts()
    lacking = lacking_levels(counts)
    stratum = int((counts.sum(axis=1) * lacking.any(axis=1)).argmax())
    values = {name: column[stratum] for name, column in data.stratum_values.items()}
    values[data.treatment] = int(lacking[stratum].argmax())
    words = []
    for name in conditional.table.given:
        levels = conditional.levels.get(name)
        value = values[name] if levels is None else levels[int(values[name])]
        words.append(f"{name}={value}")
    return ", ".join(words)


def _share_comparable(kernel: Kernel) -> float:
    """Return the share of the observations in strata with every level of the treatment."""
    counts = kernel.data.treatment_counts()
    complete = (counts > 0).all(axis=1)
    return float(counts[complete].sum() / counts.sum())


def _shift_of_a_missed_product(kernel: Kernel) -> float:
    """Return z² / √n: the bias, in standard errors, of a product at the threshold in both."""
    total = float(kernel.data.counts.sum())
    return kernel.screening_z**2 / np.sqrt(total)


def _events(kernels: Sequence[HierarchicalLogistic]) -> Check:
    worst = min(kernels, key=_fewest_events)
    value = _fewest_events(worst)
    passed = value >= _FEWEST_EVENTS
    remedy = (
        "The priors of the regressions widen the interval and draw the answer towards nothing: see "
        "the sensitivity to `logit_sd`; join levels, or observe more."
    )
    return Check(
        name="number of events",
        passed=passed,
        value=value,
        expected=f"at least {_FEWEST_EVENTS:g} observations of every level of the outcome with "
        "every level of the treatment",
        finding=f"the fewest are {value:g}, of {worst.table.variable}",
        remedy="" if passed else remedy,
        assumption=_ASSUMPTION,
    )


def _normal_approximation(kernels: Sequence[HierarchicalLogistic]) -> Check:
    value = max(each.kernel.largest_mean_shift for each in kernels)
    passed = value <= _LARGEST_MEAN_SHIFT
    return Check(
        name="normal approximation",
        passed=passed,
        value=value,
        expected="a mean of the treatment's coefficient within "
        f"{_LARGEST_MEAN_SHIFT:g} standard deviations of its mode",
        finding=f"the skewness of the posterior moves it by {value:.2g}",
        remedy=""
        if passed
        else "Draws correct for it to first order alone. Sample the regressions, "
        "`cs.fit(..., sampler=cs.Nuts(target_accept=0.95))`.",
        assumption=_ASSUMPTION,
    )


def _fewest_events(conditional: HierarchicalLogistic) -> float:
    """Return the smallest count of a level of the variable with a level of the treatment."""
    data = conditional.kernel.data
    if not data.treatment or not data.treatment_is_label:
        return float(data.counts.sum(axis=0).min())
    table = np.zeros((data.arms, data.counts.shape[1]))
    np.add.at(table, data.values[data.treatment].astype(int), data.counts)
    return float(table.min())
