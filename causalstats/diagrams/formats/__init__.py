"""Diagrams read from and written to notations, files and graphs."""
