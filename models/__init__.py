"""The models: one PyMC graph per file, each a frozen dataclass whose fields are its assumptions."""

from causalstats.models.causal_diagram import CausalDiagram
from causalstats.models.heckman import Heckman
from causalstats.models.panel_dml import PanelDML
from causalstats.models.partial_correlation import PartialCorrelation
from causalstats.models.selective_labels import SelectiveLabels

__all__ = ["CausalDiagram", "Heckman", "PanelDML", "PartialCorrelation", "SelectiveLabels"]
