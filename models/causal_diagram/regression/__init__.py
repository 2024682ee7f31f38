"""Causal diagrams with numeric variables: regressions, and g-computation by simulation."""
