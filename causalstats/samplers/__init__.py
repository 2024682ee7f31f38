"""Samplers: frozen values, called with a problem and a seed, that return a DataTree of draws."""

from causalstats.samplers.nuts import Auto, Nuts, Program

__all__ = ["Auto", "Nuts", "Program"]
