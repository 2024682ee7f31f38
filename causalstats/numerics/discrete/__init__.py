"""Discrete probabilities: variable elimination, tensor networks, linear programs."""
