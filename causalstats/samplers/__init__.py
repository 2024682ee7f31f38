"""Samplers: frozen values, called with a problem and a seed, that return a DataTree of draws."""

from causalstats.samplers.laplace import Laplace
from causalstats.samplers.nuts import BACKENDS, Auto, Nuts, backend_for
from causalstats.samplers.program import Program, Sampler, same_program

__all__ = ["BACKENDS", "Auto", "Laplace", "Nuts", "Program", "Sampler", "backend_for", "same_program"]
