"""Checks of the data of `PartialCorrelation`: rows, groups of rows, sums and repeated parts."""

from __future__ import annotations

import numpy as np
from scipy import optimize

from causalstats.core.check import Check
from causalstats.data import Composition
from causalstats.models.partial_correlation.assumptions import (
    INDEPENDENT_ROWS,
    shape_name,
)
from causalstats.models.partial_correlation.covariate_checks import covariate_checks
from causalstats.models.partial_correlation.dependence_checks import (
    one_row_correlation,
)
from causalstats.models.partial_correlation.observation import observation_of
from causalstats.models.partial_correlation.observation.depth_checks import (
    independent_of_depth,
)
from causalstats.models.partial_correlation.observation.limits_reached import (
    values_reach_limits,
)
from causalstats.models.partial_correlation.observation.measurement_checks import (
    normalised_counts,
)
from causalstats.models.partial_correlation.observation.recorded_rows import (
    declared_absences_are_no_sampling_zeros,
    outlying_rows,
)
from causalstats.models.partial_correlation.observation.replaced_zeros import (
    amounts_measured,
)
from causalstats.models.partial_correlation.replicate_checks import (
    rows_are_no_replicates,
)
from causalstats.models.partial_correlation.row_dependence import row_dependence_of
from causalstats.models.partial_correlation.student_rows import ErrorsName
from causalstats.models.shared.independent_rows import (
    Scores,
    least_squares_residuals,
    no_row_twice,
    rows_independent,
)
from causalstats.models.shared.measurement import recorded_values
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.compositions.hidden_batches import two_groups

_LEVEL = 0.01
_FEWEST_ROWS = 20  # for the test of two groups
_ROWS_FOR_GROUPS = 40  # from which groups that lie far apart show
_ROWS_THAT_SHOW = 250  # from which most groups show
_ROWS_PER_PART = 2
_SMALLEST_VARIANCE = 1e-3  # of a log-ratio, by the median one
_PARTS_SUMMED = 40
_ROWS_SUMMED = 200
# That a sum of others may leave, by the variance of a part about one of them
_SUM_VARIANCE = 0.01
_SUM_BIAS = 0.03  # mean log-ratio of a part to the sum


def data_checks(data: Composition, errors: ErrorsName = "normal") -> tuple[Check, ...]:
    """Return the checks of these data, each with its remedy."""
    checks = (
        observation_of(data).data_check(data),
        rows_for_parts(data),
        repeated_parts(data),
        groups_of_rows(data, errors),
        rows_for_groups(data, errors),
        sums_among_parts(data),
        _outlying_rows(data, errors),
        declared_absences_are_no_sampling_zeros(data),
    )
    covariates = () if data.design is None else data.design.variables
    return (
        *(check for check in checks if check is not None),
        *(
            (*normalised_counts(data), *independent_of_depth(data))
            if data.counts
            else ()
        ),
        *amounts_measured(data),
        *values_reach_limits(data),
        *covariate_checks(data, errors),
        *independence_of_rows(data),
        *rows_are_no_replicates(data),
        *one_row_correlation(data),
        *recorded_values(data.source, [*data.parts, *covariates]),
    )


def _outlying_rows(data: Composition, errors: ErrorsName) -> Check | None:
    """Return whether a row lies far out, where no predictive check can say so."""
    if errors == "student" or observation_of(data).exact:
        return None
    return outlying_rows(data, shape_name(errors))


def independence_of_rows(data: Composition) -> tuple[Check, ...]:
    """Return whether rows are like their neighbours, or copies of others.

    Rows of a `subject` or in `time` are correlated in the model.

    Parameters
    ----------
    data : Composition
    """
    copies = no_row_twice(data.source, INDEPENDENT_ROWS)
    if data.dependence is not None:
        return copies
    ratios = log_ratios.clr(data.positive_values)
    total = data.values.sum(axis=1, keepdims=True)
    design = data.matrix
    if data.counts:  # how many were counted moves the log-ratios of parts with zeros
        design = np.column_stack([design, np.log(total)])
    residuals = least_squares_residuals(design, ratios)
    sortable = [ratios, total, data.values, data.values / total]
    order = rows_independent(
        [Scores(residuals, np.column_stack(sortable))],
        remedy="Name what they share: `subject=` or `time=` when reading the data, or a batch or "
        "site in `covariates=`. Batches make links that are none.",
        assumption=INDEPENDENT_ROWS,
        together=residuals,
    )
    return (*order, *copies)


def rows_for_parts(data: Composition) -> Check:
    """Return whether there are at least two rows a part."""
    size = len(data.parts)
    enough = data.degrees >= _ROWS_PER_PART * size
    return Check(
        name="rows for these parts",
        passed=True if enough else None,
        value=data.degrees / size,
        expected="at least two rows a part",
        finding=f"{data.degrees} degrees of freedom for {size} parts",
        remedy=""
        if enough
        else "The answer for each pair depends much on the prior: compare prior='shrunk' with "
        "prior='horseshoe', or name fewer parts.",
    )


def repeated_parts(data: Composition) -> Check:
    """Return whether two parts are nearly proportional."""
    variances = log_ratios.variation_matrix(data.covariance)
    np.fill_diagonal(variances, np.inf)
    one, other = np.unravel_index(variances.argmin(), variances.shape)
    least = variances[one, other] / np.median(variances[np.isfinite(variances)])
    distinct = least > _SMALLEST_VARIANCE
    return Check(
        name="no part repeats another",
        passed=True if distinct else None,
        value=float(least),
        expected=f"every log-ratio variance above {_SMALLEST_VARIANCE:g} of the median one",
        finding=f"the ratio of {data.parts[one]} to {data.parts[other]} varies least, "
        f"{least:.2g} of the median",
        remedy=""
        if distinct
        else "Each takes the place of the other in every partial correlation: keep one of them, "
        "or their sum.",
        caution=True,
    )


def groups_of_rows(data: Composition, errors: ErrorsName = "normal") -> Check | None:
    """Return whether rows fall into two groups that no covariate names.

    By the parts that are observed well. None where it cannot be told.
    """
    parts = observation_of(data).well_observed(data)
    if len(parts) < 3:
        return None
    ratios = log_ratios.clr(data.positive_values[:, parts])
    basis = np.linalg.qr(data.matrix)[0]
    residuals = ratios - basis @ (basis.T @ ratios)
    independent = row_dependence_of(data).independent_rows(residuals, data.matrix)
    if independent is None:
        return None
    rows, design = independent
    if len(rows) < max(_FEWEST_ROWS, 2 * design.shape[1] + 10):
        return None
    heavy = errors == "student"
    p, group = two_groups(rows, design, np.random.default_rng(0), heavy)
    passed = p > _LEVEL
    finding = f"p = {p:.3f}"
    if not passed:
        finding += f"; two groups, one of {group.mean():.0%} of the rows, fit better"
    elif len(rows) < _ROWS_THAT_SHOW:
        finding += f"; {len(rows)} rows show only groups that lie far apart"
    return Check(
        name="one group of rows",
        passed=passed,
        value=p,
        expected=f"p-value above {_LEVEL:g}, by simulation of {shape_name(errors)}",
        finding=finding,
        remedy=""
        if passed
        else "Rows of two batches, sites or units make links that are none: name what tells them "
        "apart in `covariates=`; the biplot shows which rows they are.",
        assumption=shape_name(errors),
    )


def rows_for_groups(data: Composition, errors: ErrorsName = "normal") -> Check | None:
    """Return the caution that few rows cannot show groups; None where rows are enough."""
    if len(data) >= _ROWS_FOR_GROUPS:
        return None
    return Check(
        name="rows enough to see groups",
        passed=None,
        value=float(len(data)),
        expected=f"at least {_ROWS_FOR_GROUPS} rows",
        finding=f"{len(data)} rows hardly ever show that they are of two batches or sites",
        remedy="These data cannot show this: name batches, sites and units in `covariates=` where "
        "there are any.",
        assumption=shape_name(errors),
        caution=True,
    )


def sums_among_parts(data: Composition) -> Check | None:
    """Return whether a part is the sum of others, as a total is; None with many parts."""
    size = len(data.parts)
    if size > _PARTS_SUMMED or not observation_of(data).values_known:
        return None
    values = data.values[:_ROWS_SUMMED]
    shares = values / values.sum(axis=1, keepdims=True)
    sums = []
    for part in np.argsort(-shares.mean(axis=0))[: size // 2 + 1]:
        others = np.delete(np.arange(size), part)
        weights = optimize.nnls(shares[:, others], shares[:, part])[0]
        terms = others[weights > 0.5]
        if len(terms) >= 2 and _is_sum(values, 0.5 * data.counts, part, terms):
            sums.append(
                f"{data.parts[part]} is {' + '.join(data.parts[k] for k in terms)}"
            )
    return Check(
        name="no part is a sum of others",
        passed=not sums,
        value=float(len(sums)),
        expected="no total among the parts",
        finding="; ".join(sums) or "none found",
        remedy="A total and what it is made of are counted twice: leave the total out, or its "
        "terms."
        if sums
        else "",
        assumption="these parts",
    )


def _is_sum(
    values: np.ndarray, pseudo_count: float, part: int, terms: np.ndarray
) -> bool:
    """Return whether a part is the sum of others but for rounding.

    Parameters
    ----------
    values : array, shape (n, D)
    pseudo_count : float
        Added to counts before logarithms; 0 otherwise.
    part : int
    terms : int array
        Positions of the others.
    """
    logs = np.log(values + pseudo_count)
    residual = logs[:, part] - np.log(values[:, terms].sum(axis=1) + pseudo_count)
    usual = np.var(logs[:, terms] - logs[:, [part]], axis=0).min()
    return bool(
        abs(residual.mean()) < _SUM_BIAS and residual.var() < _SUM_VARIANCE * usual
    )
