"""How accurate is a liver scan, when fewer of those with a negative scan were verified?

Of 650 patients who had a hepatic scintigram, 344 were verified by biopsy, autopsy or surgery: 61 %
of those with an abnormal scan and 37 % of the others (Drum & Christacopoulos 1972). Among the
verified the scan finds 90 % of the diseased. That is too many (verification bias): the diseased
with a normal scan are those who were not verified. Begg & Greenes (1983) corrected it under the
assumption that verification depends on the scan alone.
"""

from pathlib import Path

import numpy as np
import pandas as pd

import causalstats as cs
from causalstats.case_studies import fit_saved

# Scan, disease, patients: Drum & Christacopoulos (1972), table as in Begg & Greenes (1983).
VERIFIED = ((1, 1, 231), (1, 0, 32), (0, 1, 27), (0, 0, 54))
NOT_VERIFIED = ((1, 166), (0, 140))


def data() -> cs.Decisions:
    """650 patients; the disease is known of the 344 who were verified."""
    rows: list[tuple[int, int, float]] = []
    rows += [(scan, 1, ill) for scan, ill, count in VERIFIED for _ in range(count)]
    rows += [(scan, 0, np.nan) for scan, count in NOT_VERIFIED for _ in range(count)]
    return cs.Decisions.from_frame(
        pd.DataFrame(rows, columns=["scan", "verified", "disease"]),
        outcome="disease",
        decision="verified",
        features=["scan"],
        standardise=False,
        labels={
            "scan": "an abnormal scan",
            "verified": "verified",
            "disease": "liver disease",
        },
    )


def model() -> cs.SelectiveLabels:
    """Verification depends on the scan alone: nothing else that doctors saw raised both."""
    return cs.SelectiveLabels(unobserved_scale=0.0)


def accuracy_in_words(fit: cs.Fit) -> str:
    """Return sensitivity and specificity of the scan among all patients, with intervals."""
    table = fit.accuracy("scan").numbers()
    parts = []
    for measure in ("sensitivity", "specificity"):
        row = table.loc[measure, ["mean", "lower", "upper"]]
        mean, lower, upper = 100 * np.asarray(row, dtype=float)
        parts.append(f"{mean:.0f} % (95 % interval {lower:.0f} to {upper:.0f} %)")
    return (
        f"The scan finds {parts[0]} of the diseased (sensitivity) and clears {parts[1]} of the "
        "healthy (specificity). Among the verified alone they are 89.5 and 62.8 %; Begg & Greenes "
        "correct them to 83.6 and 73.8 %."
    )


def run(folder: Path, fast: bool = False) -> Path:
    """Fit, check, save, report; the path of the report. `fast` takes fewer draws."""
    fit = fit_saved(model(), data(), folder, seed=1972, fast=fast)
    return fit.report(
        folder / "report.html",
        title="Accuracy of a liver scan under selective verification",
        question="How many of the patients whose liver nobody verified are diseased, and how "
        "accurate does that make the scan?",
        source="650 patients, 344 of them verified; the counts are in `study.py`.",
        references=[
            "Drum & Christacopoulos (1972), Hepatic scintigraphy in clinical decision making, "
            "Journal of Nuclear Medicine 13.",
            "Begg & Greenes (1983), Assessment of diagnostic tests when disease verification is "
            "subject to selection bias, Biometrics 39.",
        ],
        sections={"Accuracy of the scan": accuracy_in_words(fit)},
        sensitivity={} if fast else {"unobserved_scale": [0.0, 1.0, 2.0]},
    )


if __name__ == "__main__":
    print(run(Path("results/liver_scans")))
