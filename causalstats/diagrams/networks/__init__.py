"""Bayesian networks: mechanisms as tables, and exact inference in them."""
