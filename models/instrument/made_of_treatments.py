"""Instruments that are means of the treatment itself, as the leniency of an examiner often is.

The mean treatment of the rows that share an examiner, a peer group or a place holds each row's own
treatment, and with it the row's own confounding: 1/m of the pull of least squares stays, with m
rows a group, and more where groups differ little (Angrist, Imbens & Krueger 1999, who leave the row
out). Such an instrument gives itself away: among rows that share its value, the mean treatment lies
on one line in it, far closer than the sampling error of means allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.models.instrument.assumptions import INDEPENDENCE

if TYPE_CHECKING:
    from causalstats.data import Instrumented

NAME = "no instrument made of the treatment"
_LEVEL = 1e-6
_FEWEST_GROUPS = 4
_ROWS_A_GROUP = 2.0


def not_made_of_treatments(
    data: Instrumented, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Return the check; none where no instrument has values that rows share.

    Parameters
    ----------
    data : Instrumented
        With one treatment.
    estimands : tuple of str
        The answers that a failure stands on.
    """
    treatment = data.treatment.reshape(len(data))
    found = {
        name: p
        for name, values in zip(
            data.instrument_columns, data.instruments.T, strict=True
        )
        if (p := closeness_of_means(values, treatment)) is not None
    }
    if not found:
        return ()
    name = min(found, key=lambda each: found[each])
    p = min(1.0, found[name] * len(found))
    passed = p >= _LEVEL
    finding = f"means of the treatment lie about the line in {name} as sampling has it, p = {p:.2g}"
    if not passed:
        finding = (
            f"the mean treatment of rows that share a value of {name} lies on a line in it, closer "
            f"than sampling allows (p = {p:.2g}): it holds the treatment of the row itself, which "
            "is confounded"
        )
    return (
        Check(
            name=NAME,
            passed=passed,
            value=p,
            expected=f"p-value of at least {_LEVEL:g}",
            finding=finding,
            remedy=""
            if passed
            else "Leave each row out of its own mean: `sums = frame.groupby(group)[treatment]"
            ".transform('sum')`, `rows = frame.groupby(group)[treatment].transform('count')`, and "
            "the instrument `(sums - frame[treatment]) / (rows - 1)`, with `cluster=group`.",
            estimands=estimands,
            assumption=INDEPENDENCE,
        ),
    )


def closeness_of_means(values: np.ndarray, treatment: np.ndarray) -> float | None:
    """Return the chance that means of a treatment lie as close to a line in an instrument.

    With G values of the instrument, m_g rows of value z_g, and σ² the variance of the treatment
    within them, Σ m_g (x̄_g - a - b z_g)² / σ² is χ² with G - 2 degrees of freedom.

    Parameters
    ----------
    values, treatment : array, shape (n,)

    Returns
    -------
    float or None
        None with fewer than four values, fewer than two rows a value, or a treatment that its
        values determine.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> group = np.repeat(np.arange(20), 5)
    >>> x = rng.standard_normal(100)
    >>> closeness_of_means(np.bincount(group, x)[group] / 5, x) < 1e-6
    True
    >>> closeness_of_means(rng.standard_normal(20)[group], x) > 1e-6
    True
    """
    _, group, rows = np.unique(values, return_inverse=True, return_counts=True)
    groups = len(rows)
    if groups < _FEWEST_GROUPS or len(values) < _ROWS_A_GROUP * groups:
        return None
    means = np.bincount(group, treatment) / rows
    within = ((treatment - means[group]) ** 2).sum() / (len(values) - groups)
    if within <= 1e-12 * treatment.var():
        return None
    levels = np.bincount(group, values) / rows
    root = np.sqrt(rows)
    line = np.column_stack([root, root * (levels - levels.mean())])
    left = root * means - line @ np.linalg.lstsq(line, root * means, rcond=None)[0]
    return float(stats.chi2.cdf((left**2).sum() / within, groups - 2))
