"""Posterior draws: summaries, importance sampling, predictive checks."""
