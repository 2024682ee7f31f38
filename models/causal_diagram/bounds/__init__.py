"""Bounds of effects that a diagram does not identify, for each draw of what is observed."""
