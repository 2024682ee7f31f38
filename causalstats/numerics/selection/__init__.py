"""Likelihoods of outcomes seen only for selected cases, and the baselines they are held against."""
