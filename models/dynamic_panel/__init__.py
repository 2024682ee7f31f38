"""Panels whose outcome depends on its own past: the effect of treatments, and persistence."""
