"""String diagrams: syntax, surgery, identification, bounds, Bayesian networks and PyMC graphs."""

from causalstats.diagrams.bounds.bounds import EffectBounds, bounds
from causalstats.diagrams.bounds.probabilities_of_causation import (
    causation_bounds,
    treated_bounds,
)
from causalstats.diagrams.bounds.response_types import Monotone
from causalstats.diagrams.core.hypergraph import Box, SurgeryStep, Wire
from causalstats.diagrams.core.roles import Roles
from causalstats.diagrams.diagram import Diagram
from causalstats.diagrams.generators import (
    box,
    copy,
    discard,
    effect,
    identity,
    state,
    swap,
    uniform,
)
from causalstats.diagrams.identification.disintegration import (
    comb_disintegrate,
    disintegrate,
)
from causalstats.diagrams.identification.evaluation import JointTable
from causalstats.diagrams.identification.identification import Identification, identify
from causalstats.diagrams.identification.missing_data import Recovery
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.diagrams.identification.potential_outcomes import PotentialOutcome
from causalstats.diagrams.identification.transport import Study, TransportIdentification
from causalstats.diagrams.networks.bayesian_network import BayesianNetwork
from causalstats.diagrams.networks.distribution import Distribution
from causalstats.diagrams.networks.tensor_contraction import contract

__all__ = [
    "BayesianNetwork",
    "EffectBounds",
    "Box",
    "Diagram",
    "Distribution",
    "Identification",
    "JointTable",
    "MixedGraph",
    "Monotone",
    "PotentialOutcome",
    "Recovery",
    "Roles",
    "Study",
    "SurgeryStep",
    "TransportIdentification",
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
