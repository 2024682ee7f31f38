"""Tables of probabilities: variable elimination, Dirichlet draws, linear programs."""
