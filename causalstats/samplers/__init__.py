"""Samplers: frozen values, called with a problem and a seed, that return a DataTree of draws."""

from causalstats.samplers.base import Program, Sampler, same_program, sample
from causalstats.samplers.exact import Exact
from causalstats.samplers.laplace import Laplace
from causalstats.samplers.nuts import BACKENDS, Auto, Nuts, backend_for

__all__ = [
    "BACKENDS",
    "Auto",
    "Exact",
    "Laplace",
    "Nuts",
    "Program",
    "Sampler",
    "backend_for",
    "sample",
    "same_program",
]
