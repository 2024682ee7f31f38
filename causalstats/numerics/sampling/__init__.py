"""Posterior draws: summaries, importance sampling, false discovery rates, predictive checks."""
