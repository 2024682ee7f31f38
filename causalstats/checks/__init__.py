"""Checks of an answer, one kind a file, each with its finding and a remedy in words."""
