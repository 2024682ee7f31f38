"""String diagrams: their syntax, surgery, identification, and what they mean as numbers and as PyMC graphs."""

from causalstats.diagrams.bayesian_network import BayesianNetwork
from causalstats.diagrams.contraction import contract
from causalstats.diagrams.diagram import Box, Diagram, Step, Wire
from causalstats.diagrams.disintegration import comb_disintegrate, disintegrate
from causalstats.diagrams.distribution import Distribution
from causalstats.diagrams.terms import box, copy, discard, effect, identity, state, swap, uniform

__all__ = [
    "BayesianNetwork",
    "Box",
    "Diagram",
    "Distribution",
    "Step",
    "Wire",
    "box",
    "comb_disintegrate",
    "contract",
    "copy",
    "discard",
    "disintegrate",
    "effect",
    "identity",
    "state",
    "swap",
    "uniform",
]
