"""The models, one package a family: frozen dataclasses whose fields are their assumptions."""

from causalstats.models.causal_diagram.model import CausalDiagram
from causalstats.models.event_study.model import EventStudy
from causalstats.models.heckman.model import Heckman
from causalstats.models.instrument.model import Instrument
from causalstats.models.panel_dml.model import PanelDML
from causalstats.models.partial_correlation.model import PartialCorrelation
from causalstats.models.selective_labels.model import SelectiveLabels

__all__ = [
    "CausalDiagram",
    "EventStudy",
    "Heckman",
    "Instrument",
    "PanelDML",
    "PartialCorrelation",
    "SelectiveLabels",
]
