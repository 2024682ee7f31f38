"""What it does to intervals that a prevalence is a mean risk, and the share of a count another.

    python benchmarks/counted_prevalence.py

N people of one risk .3, without features; half are tested, at random, and nothing is hidden. The
posterior of the risk is that of the results and of a prevalence declared to ± .01, both Normal.
Printed is how often its 95 % interval covers the risk of the untested, where what is declared is
the risk with that error, and where it is the share of the N who have the outcome, with that error.
"""

from __future__ import annotations

import numpy as np

RISK = 0.3
DECLARED_SD = 0.01
DATA_SETS = 20_000


def coverage(people: int, counted: bool, rng: np.random.Generator) -> float:
    """Return the share of data sets whose interval has the risk of the untested.

    Parameters
    ----------
    people : int
    counted : bool
        Whether the share with the outcome is declared, or the risk.
    rng : Generator
    """
    tested = people // 2
    found = rng.binomial(tested, RISK, DATA_SETS)
    missed = rng.binomial(people - tested, RISK, DATA_SETS)
    centre = (found + missed) / people if counted else RISK
    declared = centre + rng.normal(0, DECLARED_SD, DATA_SETS)
    by_results, by_declaration = tested / (RISK * (1 - RISK)), 1 / DECLARED_SD**2
    total = by_results + by_declaration
    mean = (by_results * found / tested + by_declaration * declared) / total
    return float((np.abs(mean - RISK) < 1.96 / np.sqrt(total)).mean())


def main() -> None:
    rng = np.random.default_rng(0)
    print("| people | the risk is declared | a counted share is declared |")
    print("| --- | --- | --- |")
    for people in (400, 1500, 5000):
        risk, count = (coverage(people, counted, rng) for counted in (False, True))
        print(f"| {people:,} | {risk:.2f} | {count:.2f} |")


if __name__ == "__main__":
    main()
