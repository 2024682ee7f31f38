"""Causal diagrams: effects of interventions from observations and a diagram."""

from causalstats.models.causal_diagram.model import CausalDiagram

__all__ = ["CausalDiagram"]
