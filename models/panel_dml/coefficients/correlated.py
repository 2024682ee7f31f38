"""Correlated coefficients: a column acts on treatments and outcome with a learned correlation.

The correlation C of its coefficients over equations has an LKJ prior, LKJ(η), η the field
`correlation_eta`. The
parameters are Beta shares, from which canonical partial correlations follow
(`covariances.association_root`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalstats.models.panel_dml.coefficients.base import CoefficientPrior
from causalstats.models.panel_dml.priors import Parameter, Sizes
from causalstats.models.shared.distributions import SymmetricBeta, lkj_shapes

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML


class Correlated(CoefficientPrior):
    """C ~ LKJ(η), C the correlation of a column's coefficients over equations."""

    fields: tuple[str, ...] = ("correlation_eta",)
    correlated = True

    def parameters(self, model: PanelDML, sizes: Sizes) -> tuple[Parameter, ...]:
        shapes = lkj_shapes(sizes.equations, model.correlation_eta)
        prior = SymmetricBeta(shapes)
        return (Parameter("standard_association", prior, shapes.shape, typical=0.5),)
