"""Which groups of gut bacteria go together, and is it otherwise in obese people than in lean ones?

Counts of bacterial groups in 300 people of the HITChip atlas (Lahti et al. 2014). A count is a
share of those counted, groups that were not seen in somebody are rare and not absent, and people of
different ages and regions differ in all groups at once.
"""

from pathlib import Path

import pandas as pd

import causalstats as cs
from causalstats.case_studies import fit_saved

DATA = Path(__file__).with_name("atlas.csv")
# Many groups are linked here, which the sparse prior that is the default of counts takes for few
MODEL = cs.PartialCorrelation(prior="shrunk")
RARE = ("Cyanobacteria", "Spirochaetes")  # 0 in over four fifths of the people


def data(weight: str | None = None) -> cs.Composition:
    """Counts of all groups but the two rarest; of everybody, or of those of one weight."""
    frame = pd.read_csv(DATA)
    if weight:
        frame = frame[frame["bmi"] == weight]
    parts = [name for name in frame.columns[3:] if name not in RARE]
    return cs.Composition.from_frame(
        frame,
        parts=parts,
        covariates="age + region" + ("" if weight else " + bmi"),
        zeros="counts",
    )


def run(folder: Path, fast: bool = False) -> Path:
    """Fit, check, save, report, and compare the obese with the lean.

    The path of the report. `fast` takes fewer draws and leaves the comparison out.
    """
    fit = fit_saved(MODEL, data(), folder, seed=2014, fast=fast)
    fit.effect("excess").decide(rope=0.1).to_csv(folder / "edges.csv")
    if not fast:
        obese, lean = (
            cs.fit(MODEL, data(weight), seed=2014).effect("partial_correlation")
            for weight in ("obese", "lean")
        )
        obese.minus(lean, "obese - lean").decide(rope=0.1).to_csv(
            folder / "obese_minus_lean.csv"
        )
    return fit.report(
        folder / "report.html",
        title="Groups of gut bacteria that go together",
        question="Which two groups of bacteria vary together, or against each other, given all "
        "the other groups, age, region and weight?",
        answers=["partial_correlation", "excess", "covariate_coefficient"],
        source="300 people of the HITChip atlas; `atlas.csv` beside this study.",
        references=[
            "Lahti, Salojärvi, Salonen, Scheffer & de Vos (2014), Tipping elements in the human "
            "intestinal ecosystem, Nature Communications 5."
        ],
    )


if __name__ == "__main__":
    print(run(Path("results/gut_bacteria")))
