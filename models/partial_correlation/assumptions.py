"""Assumptions of `PartialCorrelation`, and the further ones of a causal interpretation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from causalstats.core.assumption import Adjustment, Assumption
from causalstats.data import Composition
from causalstats.models.partial_correlation import student_rows
from causalstats.models.partial_correlation.student_rows import ErrorsName
from causalstats.models.shared.independent_rows import INDEPENDENCE_CHECKS
from causalstats.models.shared.measurement import measured_without_error

if TYPE_CHECKING:
    from causalstats.models.partial_correlation.model import PartialCorrelation

MULTINOMIAL = "multinomial counts"
INDEPENDENT_ROWS = "independent rows"
ONE_ROW_CORRELATION = "rows alike to one degree in every part"
NO_REPLICATES = "no replicates among the rows"
_NORMAL = "normal log-ratios"
_STUDENT = "Student t log-ratios"


def assumptions(model: PartialCorrelation) -> tuple[Assumption, ...]:
    """Return the assumptions of the answers."""
    correlation = "by as much as the data say"
    if model.row_correlation is not None:
        correlation = f"by {model.row_correlation:g}"
    return (
        _shape(model),
        Assumption(
            name=INDEPENDENT_ROWS,
            statement="Rows are independent given the covariates, but for those of one `subject` "
            "or in `time` where the data name them: these are correlated "
            f"{correlation}, alike in every log-ratio.",
            if_wrong="Repeated specimens of one subject count as many: intervals are too short. "
            "What subjects share may also be correlated otherwise than what differs within them. "
            "A batch that nobody named moves its rows together and makes links that are none: it "
            "shows where its rows stand together in the table, and in another order only as a "
            "group that lies far apart.",
            formula="Cov(row_i, row_j) = ρ_ij Σ, ρ_ij = 0 between subjects",
            checks=(*INDEPENDENCE_CHECKS, NO_REPLICATES, ONE_ROW_CORRELATION),
            fields=("row_correlation",),
        ),
        model.covariance_prior.assumption(model),
        Assumption(
            name=MULTINOMIAL,
            statement="Counts, where the data are counts, are multinomial draws from a "
            "composition in which no part is 0 but those that are declared absent; the others vary "
            "there as they do in all rows. Exposures that are named are right, and how much was "
            "counted of a row says nothing of its composition.",
            if_wrong="Parts that are really absent from some rows look rare and variable there. "
            "Counts that vary more than multinomial ones, from repeated "
            "sequencing or handling, look like variation of the composition: counts made once of "
            "each specimen cannot show this, replicates could. Contaminants, whose share is larger "
            "where less was counted, look linked to each other.",
            formula="counts_i ~ Multinomial(depth_i, x_i), x_i > 0",
            checks=(
                "counts as they were counted",
                "composition independent of depth",
                "counted often",
                "declared absences are no zeros of counting",
                "determined by the counts",
            ),
        ),
        Assumption(
            name="these parts",
            statement="A partial correlation is that of two parts given all the other parts "
            "named, as ratios. It is an association.",
            if_wrong="With other parts the question is another. It is no effect of one part on "
            "another: that would need every common cause among the parts, no common effect among "
            "them, and a meaning for changing one share while the others must give way.",
            formula="r_ij = -Θ_ij / √(Θ_ii Θ_jj)",
            checks=("no part is a sum of others", "no part repeats another"),
        ),
        measured_without_error(
            "Errors of one part, independent of the other parts, draw its partial correlations "
            "towards 0; errors that two parts share look like a link. Values in place of zeros, "
            "and small counts taken for amounts, are such errors, and so is one limit of "
            "detection for rows of laboratories with different ones.",
            numeric_outcome=False,
            more_checks=(
                "no value in place of zeros",
                "amounts that are no counts",
                "values down to their limits",
                "one limit for all rows",
            ),
        ),
    )


def shape_name(errors: ErrorsName) -> str:
    """Return the name of the assumption about the distribution of the log-ratios."""
    return _NORMAL if errors == "normal" else _STUDENT


def _shape(model: PartialCorrelation) -> Assumption:
    """Return the assumption about the distribution of the log-ratios."""
    checks = (
        "one group of rows",
        "rows enough to see groups",
        "covariates act by straight lines",
        "the same links at every covariate",
        "measured finely",
        "no outlying row",
        "predicts the skewness of each part",
        "predicts the tails of each part",
    )
    if model.errors == "student":
        degrees = "learned"
        if model.degrees_of_freedom is not None:
            degrees = f"{model.degrees_of_freedom:g}"
        return Assumption(
            name=_STUDENT,
            statement="The log-ratios are jointly Student t about what the covariates explain, "
            f"with degrees of freedom that are {degrees}: a row lies far out in all log-ratios, "
            "along any direction, or in none.",
            if_wrong="Groups of rows and rounded values look like correlations. Outlying values "
            "of single parts, in rows that are otherwise as all others, still move their links.",
            formula="V' clr(x) ~ t_ν(V' B'w, Σ)",
            checks=checks,
            fields=student_rows.FIELDS,
        )
    return Assumption(
        name=_NORMAL,
        statement="The log-ratios are jointly normal about what the covariates explain, the "
        "same for every row.",
        if_wrong="Outliers, mixtures of groups and rounded values look like correlations. Two "
        "groups show only where they lie far apart or rows are many: 60 rows of 8 parts cannot "
        "show most shifts that a batch of half the rows makes in three parts.",
        formula="V' clr(x) ~ Normal(V' B'w, Σ)",
        checks=checks,
        fields=("errors",),
    )


def assumptions_for(
    model: PartialCorrelation, data: Composition
) -> tuple[Assumption, ...]:
    """Return the assumptions, without that of counts where the data are none.

    That of the prior says where it has no use of the distances of parts that the data have.
    """
    listed = [
        each for each in assumptions(model) if data.counts or each.name != MULTINOMIAL
    ]
    if data.distances is None or "distance_effect_sd" in model.covariance_prior.fields:
        return tuple(listed)
    prior = model.covariance_prior.assumption(model)
    unused = (
        f" The distances of parts in these data are not used: prior={model.prior!r} takes links "
        "of near parts and of distant ones for equally strong, prior='horseshoe' learns it."
    )
    said = replace(prior, statement=prior.statement + unused)
    return tuple(said if each.name == prior.name else each for each in listed)


def adjustments(data: Composition) -> tuple[Adjustment, ...]:
    """Return the assumptions under which a partial correlation would be an effect."""
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
            "`prior='sparse'` infers links among them from their fewness alone.",
        ),
        Adjustment(
            needed="All this is drawn as a diagram, and the effect follows from it.",
            here='`cs.Diagram.parse("clay -> iron; clay -> titanium; iron -> titanium")'
            '.identify("titanium", do="iron")` says what to hold, or that nothing suffices.',
        ),
    )
