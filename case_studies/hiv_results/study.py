"""How many are infected among the people who did not come for the result of their HIV test?

In rural Malawi in 2004, Thornton (2008) had people tested for HIV at home and offered a random
reward for coming to a centre to learn the result. Suppose that the result were known only for those
who came, as it is wherever testing is a choice. Here it is known for everybody, so the answer can
be held against the truth.
"""

from pathlib import Path

import causalstats as cs
from causalstats.case_studies import fit_saved

# Kilometres to the centre, reward in kwacha / 100, whether there was a reward.
COMES_FOR_OTHER_REASONS = "distvct + tinc + any"


def data() -> cs.Decisions:
    """The people with a test result, positive or negative, and a record of whether they came for
    it.
    """
    from causaldata import thornton_hiv

    frame = thornton_hiv.load_pandas().data
    frame = frame[frame["got"].notna() & frame["hiv2004"].isin([0, 1])]
    formula = f"poly(age, 2) + {COMES_FOR_OTHER_REASONS}"
    return cs.Decisions.from_frame(
        frame,
        outcome="hiv2004",
        decision="got",
        formula=formula,
        observed="decided",
        missing="drop",
        labels={
            "hiv2004": "an HIV infection",
            "got": "told the result of their test",
            "age": "age",
            "distvct": "distance to the centre",
            "tinc": "reward",
            "any": "any reward",
        },
        units={"age": "years", "distvct": "km", "tinc": "100 kwacha"},
    )


def model() -> cs.SelectiveLabels:
    """The prevalence is what a survey of these villages finds; with age, people come as their risk
    rises and for no other reason.

    The reward was drawn at random: it moves who comes, and cannot move who is infected.
    """
    return cs.SelectiveLabels(
        prevalence=cs.Known(0.064, sd=0.005),
        expertise=["age"],
        negative_controls=["tinc", "any"],
    )


def run(folder: Path, fast: bool = False) -> Path:
    """Fit, check, save, report.

    The path of the report. `fast` takes fewer draws and leaves sensitivity out.
    """
    fit = fit_saved(model(), data(), folder, seed=2004, fast=fast)
    return fit.report(
        folder / "report.html",
        title="HIV among those who did not come for their result",
        question="What share of the people who did not come to learn their HIV status was "
        "infected?",
        source="A field experiment in rural Malawi, 2004; `thornton_hiv` of the package "
        "causaldata.",
        references=[
            "Thornton (2008), The demand for, and impact of, learning HIV status, American "
            "Economic Review 98."
        ],
        sensitivity={} if fast else {"prevalence": [0.05, 0.08]},
    )


if __name__ == "__main__":
    print(run(Path("results/hiv_results")))
