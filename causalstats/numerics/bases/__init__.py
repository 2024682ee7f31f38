"""Basis functions: splines, random Fourier features, Hilbert-space Gaussian processes."""
