"""Causal diagrams with numbers: regressions, and g-computation by simulation."""
