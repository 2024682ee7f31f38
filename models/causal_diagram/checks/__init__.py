"""Checks of a causal diagram against data."""
