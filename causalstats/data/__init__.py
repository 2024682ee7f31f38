"""The shapes of a study, one per file: frozen, checked, labelled. The caller's frame is never changed."""

from causalstats.data.composition import Composition
from causalstats.data.decisions import Decisions, People

__all__ = ["Composition", "Decisions", "People"]
