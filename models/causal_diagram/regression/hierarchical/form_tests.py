"""Score tests of the curves in numbers that a hierarchical regression leaves out.

The residuals are those at the mode. Their scores with what a term has beyond the columns of the
regression do not change, to first order, with the shrinkage of the coefficients of these columns.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from causalstats.models.causal_diagram.regression.conditionals import (
    HierarchicalLogistic,
)
from causalstats.models.causal_diagram.regression.left_out import (
    LeftOut,
    Residuals,
    ScoreTest,
    score_tests,
)
from causalstats.models.causal_diagram.regression.specification_checks import (
    rows_seen,
)
from causalstats.models.causal_diagram.regression.terms import values_of
from causalstats.numerics.regression.hierarchical_logistic import level_probabilities

_FEWEST_ROWS = 5


def form_tests(conditional: HierarchicalLogistic) -> list[ScoreTest]:
    """Return a test of each curve, of codes, and of products of curves that it leaves out.

    Parameters
    ----------
    conditional : HierarchicalLogistic
        With a number among its causes.
    """
    data, levels = conditional.data, conditional.levels
    rows = rows_seen(data, (conditional.table.variable, *conditional.table.given))
    if len(rows) < _FEWEST_ROWS:
        return []
    kernel = conditional.kernel
    values = {
        name: values_of(name, data, levels)[rows] for name in conditional.table.given
    }
    design = kernel.equation.design(kernel.data.codings, values, len(rows))
    predictors = design @ kernel.mixture.modes[0].coefficients
    variable = conditional.table.variable
    codes = data.places(variable, levels[variable])[rows]
    left_out = LeftOut(
        model=conditional.model,
        table=conditional.table,
        data=data,
        levels=levels,
        rows=rows,
        design=design,
        has_products=True,
    )
    residuals = _residuals(level_probabilities(predictors), codes)
    return score_tests(left_out, residuals, events=True)


def _residuals(probabilities: np.ndarray, codes: np.ndarray) -> Iterator[Residuals]:
    """Yield the residuals of each level against the most frequent one, among rows with either.

    Parameters
    ----------
    probabilities : array, shape (rows, levels)
    codes : int array, shape (rows,)
    """
    count = probabilities.shape[1]
    usual = int(np.bincount(codes, minlength=count).argmax())
    for level in range(count):
        if level == usual:
            continue
        pair = np.flatnonzero((codes == level) | (codes == usual))
        of_both = probabilities[pair][:, [level, usual]]
        p = of_both[:, 0] / of_both.sum(axis=1)
        yield Residuals(pair, (codes[pair] == level) - p, p * (1 - p))
