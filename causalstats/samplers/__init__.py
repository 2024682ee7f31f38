"""Samplers: frozen values, called with a problem and a seed, that return a DataTree of draws."""

from causalstats.samplers.nuts import BACKENDS, Auto, Nuts, backend_for
from causalstats.samplers.program import Program, same_program

__all__ = ["BACKENDS", "Auto", "Nuts", "Program", "backend_for", "same_program"]
