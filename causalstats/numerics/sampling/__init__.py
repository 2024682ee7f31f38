"""Summaries, weights and error rates of posterior draws."""
