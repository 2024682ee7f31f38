"""Bounds of effects that are not identified, for each draw of the observed distribution."""
