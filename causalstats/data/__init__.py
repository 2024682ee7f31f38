"""Data of the models, one kind a file: frozen, checked, labelled.

The caller's frame is never changed.
"""

from causalstats.data.composition import Composition
from causalstats.data.decisions import Decisions, People
from causalstats.data.instrumented import Instrumented
from causalstats.data.observations import Observations
from causalstats.data.panel import Panel, PanelRows

STUDIES = (
    Composition,
    Decisions,
    Instrumented,
    Observations,
    Panel,
)  # those that `fit` reads

__all__ = [
    "STUDIES",
    "Composition",
    "Decisions",
    "Instrumented",
    "Observations",
    "Panel",
    "PanelRows",
    "People",
]
