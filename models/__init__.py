"""The models, one package a family: frozen dataclasses whose fields are their assumptions.

Each is loaded when it is first used: a first fit waits for no other family.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for static checkers
    from causalstats.models.causal_diagram.model import CausalDiagram as CausalDiagram
    from causalstats.models.dynamic_panel.model import DynamicPanel as DynamicPanel
    from causalstats.models.event_study.model import EventStudy as EventStudy
    from causalstats.models.heckman.model import Heckman as Heckman
    from causalstats.models.instrument.model import Instrument as Instrument
    from causalstats.models.panel_dml.model import PanelDML as PanelDML
    from causalstats.models.panel_glm.model import PanelGLM as PanelGLM
    from causalstats.models.partial_correlation.model import (
        PartialCorrelation as PartialCorrelation,
    )
    from causalstats.models.selective_labels.model import (
        SelectiveLabels as SelectiveLabels,
    )

_WHERE = {
    "CausalDiagram": "causalstats.models.causal_diagram.model",
    "DynamicPanel": "causalstats.models.dynamic_panel.model",
    "EventStudy": "causalstats.models.event_study.model",
    "Heckman": "causalstats.models.heckman.model",
    "Instrument": "causalstats.models.instrument.model",
    "PanelDML": "causalstats.models.panel_dml.model",
    "PanelGLM": "causalstats.models.panel_glm.model",
    "PartialCorrelation": "causalstats.models.partial_correlation.model",
    "SelectiveLabels": "causalstats.models.selective_labels.model",
}
__all__ = sorted(_WHERE)


if not TYPE_CHECKING:  # a checker would take it for every name there could be

    def __getattr__(name: str) -> Any:
        if name not in _WHERE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_WHERE[name]), name)
