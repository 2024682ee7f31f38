"""Identification of causal effects: criteria, the ID algorithm, formulas and their values."""
