"""Simulation-based calibration of models."""
