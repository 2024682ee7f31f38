"""Accuracy of a test or score: sensitivity, specificity, ROC curve, AUC, calibration, net benefit.

Outcomes enter as chances: P(Y=1) of a person whose outcome was not seen, and 0 or 1 where it was.
Everything is a function of the cases and controls that have each value of the score, which are
weighted sums of these chances. With the outcome independent of who is verified, given the test,
these are the estimates of Begg & Greenes (1983); with a chance of everybody, also of those seen,
they are the full imputation of Alonzo & Pepe (2005), and with outcomes where they were seen their
mean score imputation.

References
----------
Begg & Greenes (1983), Assessment of diagnostic tests when disease verification is subject to
selection bias, Biometrics 39. Alonzo & Pepe (2005), Assessing accuracy of a continuous screening
test in the presence of verification bias, JRSS C 54. Vickers & Elkin (2006), Decision curve
analysis, Medical Decision Making 26.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class ScoreValues:
    """The values of a score and the rows that have each.

    Parameters
    ----------
    values : array, shape (K,)
        Increasing.
    order : int array, shape (N,)
        Rows by increasing score.
    starts : int array, shape (K,)
        Where in `order` the rows with each value begin.
    """

    values: np.ndarray
    order: np.ndarray
    starts: np.ndarray

    @classmethod
    def from_score(cls, score: np.ndarray) -> ScoreValues:
        """Return the values of a score, shape (N,).

        Examples
        --------
        >>> ScoreValues.from_score(np.array([0.5, 0.1, 0.5])).values
        array([0.1, 0.5])
        """
        order = np.argsort(score, kind="stable")
        values, starts = np.unique(score[order], return_index=True)
        return cls(values, order, starts)

    def totals(self, mass: np.ndarray) -> np.ndarray:
        """Return sums over the rows with each value, (..., N) -> (..., K)."""
        return np.add.reduceat(mass[..., self.order], self.starts, axis=-1)


@dataclass(frozen=True, eq=False)
class CasesAndControls:
    """How many cases and controls have each value of a score.

    Parameters
    ----------
    values : array, shape (K,)
        Increasing.
    cases, controls : arrays, shape (..., K)
        Weighted numbers of people with and without the outcome.

    Examples
    --------
    A test of 0/1, by the hepatic scintigraphy data of Begg & Greenes (1983): 429 of 650 patients
    were positive; 231 of the 263 verified among them were diseased, and 27 of the 81 verified among
    the 221 negative ones.

    >>> cases = np.array([221 * 27 / 81, 429 * 231 / 263])
    >>> counts = CasesAndControls(np.array([0.0, 1.0]), cases, np.array([221, 429]) - cases)
    >>> float(sensitivity(counts, 1).round(3)), float(specificity(counts, 1).round(3))
    (0.836, 0.738)
    """

    values: np.ndarray
    cases: np.ndarray
    controls: np.ndarray

    @property
    def people(self) -> np.ndarray:
        """The weighted number of people, shape (...)."""
        return self.cases.sum(axis=-1) + self.controls.sum(axis=-1)

    @property
    def prevalence(self) -> np.ndarray:
        """The share of cases, shape (...)."""
        return self.cases.sum(axis=-1) / self.people


def cases_and_controls(
    scores: ScoreValues, chance: np.ndarray, weights: np.ndarray
) -> CasesAndControls:
    """Return the cases and controls at each value of a score.

    Parameters
    ----------
    scores : ScoreValues
    chance : array, shape (..., N)
        P(Y=1) of each person, 0 or 1 where the outcome is known.
    weights : array, shape (N,) or (..., N)
    """
    everybody = scores.totals(np.broadcast_to(weights, chance.shape))
    cases = scores.totals(chance * weights)
    # Sums in another order may exceed each other by rounding.
    return CasesAndControls(scores.values, cases, np.maximum(everybody - cases, 0.0))


def _share(part: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return part / total, NaN where there is nobody."""
    return np.divide(part, total, out=np.full(total.shape, np.nan), where=total > 0)


def sensitivity(counts: CasesAndControls, threshold: float) -> np.ndarray:
    """Return P(score ≥ threshold | Y=1), the true positive rate."""
    positive = counts.values >= threshold
    return _share(counts.cases[..., positive].sum(axis=-1), counts.cases.sum(axis=-1))


def specificity(counts: CasesAndControls, threshold: float) -> np.ndarray:
    """Return P(score < threshold | Y=0), 1 less the false positive rate."""
    negative = counts.values < threshold
    below = counts.controls[..., negative].sum(axis=-1)
    return _share(below, counts.controls.sum(axis=-1))


def positive_predictive_value(counts: CasesAndControls, threshold: float) -> np.ndarray:
    """Return P(Y=1 | score ≥ threshold), the precision; NaN where nobody is positive."""
    positive = counts.values >= threshold
    cases = counts.cases[..., positive].sum(axis=-1)
    return _share(cases, cases + counts.controls[..., positive].sum(axis=-1))


def negative_predictive_value(counts: CasesAndControls, threshold: float) -> np.ndarray:
    """Return P(Y=0 | score < threshold); NaN where nobody is negative."""
    negative = counts.values < threshold
    controls = counts.controls[..., negative].sum(axis=-1)
    return _share(controls, controls + counts.cases[..., negative].sum(axis=-1))


def share_positive(counts: CasesAndControls, threshold: float) -> np.ndarray:
    """Return P(score ≥ threshold), the selection rate."""
    positive = counts.values >= threshold
    chosen = (counts.cases + counts.controls)[..., positive].sum(axis=-1)
    return _share(chosen, counts.people)


def area_under_curve(counts: CasesAndControls) -> np.ndarray:
    """Return the area under the ROC curve (AUC).

    P(score of a case > score of a control) + P(they are equal) / 2, the Mann-Whitney statistic and
    Harrell's concordance.
    """
    below = np.cumsum(counts.controls, axis=-1) - counts.controls / 2
    pairs = counts.cases.sum(axis=-1) * counts.controls.sum(axis=-1)
    return _share((counts.cases * below).sum(axis=-1), pairs)


def brier_score(counts: CasesAndControls) -> np.ndarray:
    """Return the mean of (score - Y)², for a score that is a probability."""
    squares = counts.cases @ (1 - counts.values) ** 2
    squares += counts.controls @ counts.values**2
    return _share(squares, counts.people)


def calibration_in_the_large(counts: CasesAndControls) -> np.ndarray:
    """Return the mean of Y - score, for a score that is a probability."""
    expected = (counts.cases + counts.controls) @ counts.values
    return _share(counts.cases.sum(axis=-1) - expected, counts.people)


def net_benefit(counts: CasesAndControls, threshold: float) -> np.ndarray:
    """Return true positives less false positives times threshold / (1 - threshold), a person.

    The threshold is the risk from which people are treated, and the score that risk, or a test of
    0/1 (Vickers & Elkin 2006).
    """
    positive = counts.values >= threshold
    cases = counts.cases[..., positive].sum(axis=-1)
    controls = counts.controls[..., positive].sum(axis=-1)
    return _share(cases - controls * threshold / (1 - threshold), counts.people)


def net_benefit_of_all(counts: CasesAndControls, threshold: float) -> np.ndarray:
    """Return the net benefit of treating everybody."""
    prevalence = counts.prevalence
    return prevalence - (1 - prevalence) * threshold / (1 - threshold)


def roc_curve(counts: CasesAndControls, false_positive_rate: np.ndarray) -> np.ndarray:
    """Return the sensitivity at each false positive rate, (..., K) -> (..., R).

    Between two thresholds the curve is a straight line, as a choice between them at random gives.

    Parameters
    ----------
    counts : CasesAndControls
    false_positive_rate : array, shape (R,)
        Increasing, between 0 and 1.
    """
    found = np.cumsum(counts.cases[..., ::-1], axis=-1)
    false = np.cumsum(counts.controls[..., ::-1], axis=-1)
    size = counts.cases.shape[:-1]
    start = np.zeros((*size, 1))
    found = np.concatenate([start, found / found[..., -1:]], axis=-1)
    false = np.concatenate([start, false / false[..., -1:]], axis=-1)
    curves = np.empty((*size, len(false_positive_rate)))
    for position in np.ndindex(*size):
        # At a vertical step np.interp gives its upper end.
        curves[position] = np.interp(
            false_positive_rate, false[position], found[position]
        )
    return curves


def calibration_bins(
    values: np.ndarray, people: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the bin of each value of a score, and the mean score of each bin.

    Bins have about as many people each; a score of few values has a bin a value.

    Parameters
    ----------
    values : array, shape (K,)
        Increasing.
    people : array, shape (K,)
        Weighted number of people with each value.
    most : int
        The largest number of bins.

    Returns
    -------
    bins : int array, shape (K,)
    centres : array, shape (bins,)

    Examples
    --------
    >>> bins, centres = calibration_bins(np.array([0.1, 0.2, 0.6, 0.8]), np.ones(4), most=2)
    >>> bins, centres.round(2)
    (array([0, 0, 1, 1]), array([0.15, 0.7 ]))
    """
    if len(values) <= most:
        return np.arange(len(values)), values
    rank = (np.cumsum(people) - people / 2) / people.sum()
    bins = np.minimum((rank * most).astype(int), most - 1)
    bins = np.unique(bins, return_inverse=True)[1]
    count = np.bincount(bins, people)
    return bins, np.bincount(bins, people * values) / count


def calibration_curve(counts: CasesAndControls, bins: np.ndarray) -> np.ndarray:
    """Return the share of cases in each bin of the score, (..., K) -> (..., bins).

    Parameters
    ----------
    counts : CasesAndControls
    bins : int array, shape (K,)
        The bin of each value of the score, not decreasing.
    """
    starts = np.flatnonzero(np.append(True, np.diff(bins) > 0))
    cases = np.add.reduceat(counts.cases, starts, axis=-1)
    controls = np.add.reduceat(counts.controls, starts, axis=-1)
    return _share(cases, cases + controls)
