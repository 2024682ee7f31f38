"""Separation: data in which the likelihood of a ratio rises without end, so that the prior ends it.

Where the outcome is 1 in every row with more of the treatment, or no count is seen with it, the
maximum of the conditional likelihood is at infinity (Albert & Anderson 1984). The posterior mode
then follows its prior: with a prior S times as wide it lies farther out by about log S² units of
the logarithm. Where the likelihood has a maximum that counts, it hardly moves. The scores of all
clusters vanish with distance, and the sandwich with them, so that the spread of such effects is
that of the posterior.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.panel_glm.assumptions import BOUNDED
from causalstats.models.panel_glm.design import Design, design_of
from causalstats.models.panel_glm.score_test import information_of, posterior_mode
from causalstats.models.shared.cached_by_data import cached_by_data

if TYPE_CHECKING:
    from causalstats.models.panel_glm.model import PanelGLM

_WIDER = 100.0
_MOST = 1.0  # posterior standard deviations


@cached_by_data
def moved_by_prior(model: PanelGLM, data: Panel) -> np.ndarray:
    """Return by how many posterior standard deviations a wider prior moves each effect, (q,)."""
    design = design_of(model, data)
    near, far = _modes(model, design)
    information = information_of(model.outcome_family, design, near)
    precision = information + np.diag(1 / design.sds**2)
    sd = np.sqrt(np.diag(np.linalg.pinv(precision, hermitian=True)))
    return np.asarray(np.abs(far - near) / sd)[: len(data.treatments)]


def separated(model: PanelGLM, data: Panel) -> bool:
    """Return whether the prior decides how large the effect of some treatment is."""
    return bool((moved_by_prior(model, data) > _MOST).any())


def ratio_is_bounded(
    model: PanelGLM, data: Panel, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Return the failed check of ratios that only the prior bounds; nothing of others.

    Parameters
    ----------
    model : PanelGLM
    data : Panel
    estimands : tuple of str
        The answers that a failure stands on.
    """
    moved = moved_by_prior(model, data)
    if not separated(model, data):
        return ()
    design = design_of(model, data)
    worst = int(np.argmax(moved))
    name = data.treatments[worst]
    near, far = (
        f"{np.exp(mode[worst] / design.treatment_units[worst]):.2g}"
        for mode in _modes(model, design)
    )
    return (
        Check(
            name=BOUNDED,
            passed=False,
            value=float(moved[worst]),
            expected=f"a ratio that a prior {_WIDER:g} times as wide moves by at most {_MOST:g} "
            "standard deviation",
            finding=f"under a prior {_WIDER:g} times as wide the ratio of {name} is {far} and not "
            f"{near}: the outcome goes with the treatment nearly without exception (separation)",
            remedy="Report only that end of the interval that is nearer to 1: the prior sets the "
            "other, `fit.sensitivity(effect_sd=[1, 2.5, 5])`. The mean change of the outcome is "
            "bounded: `cs.PanelDML()`.",
            estimands=estimands,
            assumption=model.outcome_family.assumption(model.errors == "cluster").name,
        ),
    )


def _modes(model: PanelGLM, design: Design) -> tuple[np.ndarray, np.ndarray]:
    """Return the posterior modes (k,) under the prior, and under the wider one."""
    wider = replace(design, sds=design.sds * _WIDER)
    family = model.outcome_family
    return posterior_mode(family, design), posterior_mode(family, wider)
