"""Designs of the risk of the untested: features by people, with and without an unobservable.

The model is right and the mean risk of everybody is known to ± 0.01. One feature matters, or all
do. The priors of coefficients are those of the default, correlated, or independent ones.
"""

from __future__ import annotations

from functools import partial
from itertools import product

from designs import Design
from designs.selection import labels

FEATURES = (4, 15, 30, 60, 200)
PEOPLE = (400, 1500, 5000)
WIDTHS = {"hidden": 3.0, "nothing hidden": 0.0}
TRUTHS = {"one matters": False, "all matter": True}
# Values of `coefficient_prior`, the default first, and how the names of their designs end
PRIORS = {"correlated": "", "attenuated": ", independent priors"}


def _design(features: int, people: int, hidden: str, truth: str, prior: str) -> Design:
    return Design(
        name=f"{features} features, {people} people, {hidden}, {truth}{PRIORS[prior]}",
        family="untested_risk",
        make=partial(
            labels,
            features=features,
            people=people,
            width=WIDTHS[hidden],
            dense=TRUTHS[truth],
            counted=False,
            coefficient_prior=prior,
        ),
        estimand="untested_prevalence",
    )


# More features than people are refused when the data are read.
DESIGNS = [
    _design(*settings) for settings in product(FEATURES, PEOPLE, WIDTHS, TRUTHS, PRIORS)
]
