"""String diagrams: their syntax, surgery, identification, and what they mean as numbers and as PyMC graphs."""

from causalstats.diagrams.diagram import Box, Diagram, Step, Wire

__all__ = ["Box", "Diagram", "Step", "Wire"]
