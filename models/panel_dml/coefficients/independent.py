"""Independent coefficients: in the treatment and outcome equations, without prior correlation.

Biased where many columns do a little each, or rows are few: the part of a confounder that is shrunk
away in both equations is taken for an effect (regularisation-induced confounding; Hahn, Carvalho,
Puelz & He 2018; DiTraglia & Liu 2025).
"""

from causalstats.models.panel_dml.coefficients.base import CoefficientPrior


class Independent(CoefficientPrior):
    """C = 1: the correlation of a column's coefficients over equations is the identity."""

    formula = ", C = 1"
