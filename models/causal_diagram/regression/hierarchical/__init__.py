"""Hierarchical logistic regressions of labels: their columns, their propensity, their fit."""
