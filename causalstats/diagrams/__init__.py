"""String diagrams: their syntax, surgery, identification, and what they mean as numbers and as PyMC graphs."""

from causalstats.diagrams.bayesian_network import BayesianNetwork
from causalstats.diagrams.bounds import Bounds, bounds
from causalstats.diagrams.causation import causation_bounds, treated_bounds
from causalstats.diagrams.contraction import contract
from causalstats.diagrams.diagram import Box, Diagram, Step, Wire
from causalstats.diagrams.disintegration import comb_disintegrate, disintegrate
from causalstats.diagrams.distribution import Distribution
from causalstats.diagrams.evaluation import JointTable
from causalstats.diagrams.identification import Identification, identify
from causalstats.diagrams.mixed_graph import MixedGraph
from causalstats.diagrams.response_types import Monotone
from causalstats.diagrams.roles import Roles
from causalstats.diagrams.terms import box, copy, discard, effect, identity, state, swap, uniform

__all__ = [
    "BayesianNetwork",
    "Bounds",
    "Box",
    "Diagram",
    "Distribution",
    "Identification",
    "JointTable",
    "MixedGraph",
    "Monotone",
    "Roles",
    "Step",
    "Wire",
    "bounds",
    "box",
    "causation_bounds",
    "comb_disintegrate",
    "contract",
    "copy",
    "discard",
    "disintegrate",
    "effect",
    "identify",
    "identity",
    "state",
    "swap",
    "treated_bounds",
    "uniform",
]
