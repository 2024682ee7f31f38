"""Checks of a panel model against data."""
