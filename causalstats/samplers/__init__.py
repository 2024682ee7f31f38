"""Samplers: frozen values, called with a problem and a seed, that return a DataTree of draws."""

from causalstats.samplers.auto import Auto, backend_for
from causalstats.samplers.base import (
    Program,
    RunsMany,
    Sampler,
    sample,
    sample_many,
)
from causalstats.samplers.chees import Chees
from causalstats.samplers.exact import Exact
from causalstats.samplers.gibbs import Gibbs
from causalstats.samplers.laplace import Laplace
from causalstats.samplers.nuts import BACKENDS, Nuts
from causalstats.samplers.program_cache import program_for, same_program

SAMPLERS = (Auto, Chees, Exact, Gibbs, Laplace, Nuts)  # those that a saved fit can name

__all__ = [
    "BACKENDS",
    "SAMPLERS",
    "Auto",
    "Chees",
    "Exact",
    "Gibbs",
    "Laplace",
    "Nuts",
    "Program",
    "RunsMany",
    "Sampler",
    "backend_for",
    "program_for",
    "same_program",
    "sample",
    "sample_many",
]
