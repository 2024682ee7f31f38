"""Bounds on effects that are not identified, and probabilities of causation."""
