"""Bayesian linear regression in closed form, from cross-products."""
