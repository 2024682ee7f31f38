"""Likelihoods of outcomes seen only for selected cases, and what others compute from these."""
