"""Panel double machine learning with correlated random effects (Mundlak)."""

from causalstats.models.panel_dml.model import PanelDML

__all__ = ["PanelDML"]
