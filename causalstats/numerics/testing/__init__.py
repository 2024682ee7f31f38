"""Frequentist tests: score tests with a sandwich variance, and the false discovery rate."""
