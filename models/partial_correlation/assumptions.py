"""What `PartialCorrelation` assumes, in words, and what its data leave in doubt."""

from __future__ import annotations

from typing import Any

import numpy as np

from causalstats.core.assumption import Adjustment, Assumption
from causalstats.core.check import Check
from causalstats.data import Composition
from causalstats.models.partial_correlation.data_checks import (
    absent_parts,
    groups_of_rows,
    rows_for_groups,
    sums_among_parts,
)
from causalstats.numerics.compositions import log_ratios

_FEW_VALUES = 10
_MOST_ABSENT = 0.5
_FINER = (
    "Rounding adds noise that the model takes for variation, and weakens what is said of these "
    "parts: get more digits, or read the data with "
    "`zeros='interval'` and the `resolution` of these parts."
)
_NEARLY = 1e-3  # of the median log-ratio variance


def assumptions(model: Any) -> tuple[Assumption, ...]:
    """What the answer stands on."""
    return (
        Assumption(
            name="normal log-ratios",
            statement="The log-ratios are jointly normal about what the covariates explain, the "
            "same for every row.",
            if_wrong="Outliers, mixtures of groups and rounded values look like correlations. Two "
            "groups show only where they lie far apart or rows are many: 60 rows of 8 parts cannot "
            "show most shifts that a batch of half the rows makes in three parts.",
            formula="V' clr(x) ~ Normal(V' B'w, Σ)",
        ),
        Assumption(
            name="independent rows",
            statement="Rows are independent given the covariates, but for those of one `subject` "
            "or in `time` where the data name them: these are correlated "
            + (
                "by as much as the data say"
                if model.row_correlation is None
                else f"by {model.row_correlation:g}"
            )
            + ", alike in every log-ratio.",
            if_wrong="Repeated specimens of one subject count as many: intervals are too short. "
            "What subjects share may also be correlated otherwise than "
            "what differs within them.",
        ),
        model.covariance_prior.assumption(model),
        Assumption(
            name="multinomial counts",
            statement="Counts, where the data are counts, are multinomial draws from a "
            "composition in which no part is 0.",
            if_wrong="Parts that are really absent from some rows look rare and variable there. "
            "Counts that vary more than multinomial ones, from repeated "
            "sequencing or handling, look like variation of the composition: counts made once of "
            "each specimen cannot show this, replicates could.",
        ),
        Assumption(
            name="these parts",
            statement="A partial correlation is that of two parts given all the other parts "
            "named, as ratios. It is an association.",
            if_wrong="With other parts the question is another. It is no effect of one part on "
            "another: that would need every common cause among the "
            "parts, no common effect among them, and a meaning for changing one share while the "
            "others must give way.",
            formula="r_ij = -Θ_ij / √(Θ_ii Θ_jj)",
        ),
    )


def adjustments(data: Composition) -> tuple[Adjustment, ...]:
    """What would make a partial correlation the effect of one part on another."""
    covariates = data.arguments["covariates"]
    others = len(data.parts) - 2
    return (
        Adjustment(
            needed="Every common cause of the two parts is held.",
            here=f"Held are the other {others} parts, as ratios, and "
            f"{covariates or 'no covariates'}. What else moves both, and was not measured, is not: "
            "name what was measured in `covariates=`.",
        ),
        Adjustment(
            needed="Nothing is held that the two parts both act on, or that lies between them.",
            here=f"All {others} others are held, whichever they are: holding a common effect makes "
            "its causes correlate. Leave such parts out with "
            "`fit.effect('partial_correlation', at=[...])`; where the answer changes much, it "
            "hangs on this.",
        ),
        Adjustment(
            needed="It is known which of the two comes first.",
            here="A partial correlation is the same both ways, and `regression_coefficient` takes "
            "no side. Order in time would tell, or an experiment.",
        ),
        Adjustment(
            needed="It is said what gives way when one share changes.",
            here="No share changes alone. To multiply one part and close again is one meaning, to "
            "exchange it for another part a second.",
        ),
        Adjustment(
            needed="Causes act on ratios, or the amounts are known.",
            here="Where causes act on amounts, ratios show them only in part. A count of the "
            "whole, or an added standard, as one part more would give amounts; "
            "prior='sparse' infers links among them from their fewness alone.",
        ),
        Adjustment(
            needed="All this is drawn as a diagram, and the effect follows from it.",
            here='`cs.Diagram.parse("clay -> iron; clay -> titanium; iron -> titanium").identify("titanium", do="iron")` says what to hold, or that '
            "nothing suffices.",
        ),
    )


def data_checks(data: Composition) -> tuple[Check, ...]:
    """Rounding or rare counts, rows against parts, and parts that nearly repeat each other."""
    size, degrees = len(data.parts), data.degrees
    spread = log_ratios.variation(data.covariance)
    np.fill_diagonal(spread, np.inf)
    one, other = np.unravel_index(spread.argmin(), spread.shape)
    least = spread[one, other] / np.median(spread[np.isfinite(spread)])
    further = [groups_of_rows(data), rows_for_groups(data), sums_among_parts(data)]
    return (
        _counted(data) if data.counts else _rounded(data),
        Check(
            name="rows for these parts",
            passed=True if degrees >= 2 * size else None,
            value=degrees / size,
            expected="at least two rows a part",
            finding=f"{degrees} degrees of freedom for {size} parts",
            remedy=""
            if degrees >= 2 * size
            else "What is said of each pair owes much to the prior: see the sensitivity to `shrinkage`, or name fewer parts.",
        ),
        Check(
            name="no part repeats another",
            passed=True if least > _NEARLY else None,
            value=float(least),
            expected=f"every log-ratio variance above {_NEARLY:g} of the median one",
            finding=f"the ratio of {data.parts[one]} to {data.parts[other]} varies least, "
            f"{least:.2g} of the median",
            remedy=""
            if least > _NEARLY
            else "Each takes the place of the other in every partial correlation: keep one of them, or their sum.",
            caution=True,
        ),
        *(check for check in further if check is not None),
    )


def _rounded(data: Composition) -> Check:
    known = np.ones(len(data.parts), bool) if data.bounds is None else ~data.bounds.open.any(axis=0)
    few = {
        name: len(np.unique(column))
        for name, column, exact in zip(data.parts, data.values.T, known, strict=True)
        if exact
    }
    rounded = [
        f"{name} ({count} values)"
        for name, count in few.items()
        if count < min(_FEW_VALUES, len(data) / 2)
    ]
    least = min(few.values(), default=len(data))
    taken = f"; {(~known).sum()} parts are taken within bounds" if not known.all() else ""
    return Check(
        name="measured finely",
        passed=None if rounded else True,
        value=float(least),
        expected=f"at least {_FEW_VALUES} different values of every part",
        finding=(
            f"few different values: {', '.join(rounded)}"
            if rounded
            else f"at least {least} values of every part taken as known"
        )
        + taken,
        remedy=_FINER if rounded else "",
        caution=True,
    )


def _counted(data: Composition) -> Check:
    """Whether parts are absent from rows; where none is, whether they are seen at all often."""
    absences = absent_parts(data)
    return absences if absences is not None and absences.passed is False else _rarely_seen(data)


def _rarely_seen(data: Composition) -> Check:
    absent = dict(zip(data.parts, (data.values == 0).mean(axis=0), strict=True))
    rare = [f"{name} ({share:.0%})" for name, share in absent.items() if share > _MOST_ABSENT]
    return Check(
        name="counted often",
        passed=None if rare else True,
        value=float(max(absent.values())),
        expected=f"every part counted in at least {1 - _MOST_ABSENT:.0%} of the rows",
        finding=f"mostly 0: {', '.join(rare)}"
        if rare
        else f"0 in at most {max(absent.values()):.0%} of the rows",
        remedy="What is said of these parts is mostly the prior: name fewer, or their sum with "
        "others."
        if rare
        else "",
        caution=True,
    )
