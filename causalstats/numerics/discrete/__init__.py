"""Discrete probabilities: variable elimination, tensor networks, Dirichlet draws, linear programs."""
