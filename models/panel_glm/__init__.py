"""Counts and outcomes of 0 and 1 in a panel: Poisson and logistic regression with unit effects."""
