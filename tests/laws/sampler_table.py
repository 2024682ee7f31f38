"""Which options of which models a sampler refuses, by the code that refuses before sampling.

    python -m tests.laws.sampler_table

writes `docs/samplers.json`, from which the table of the documentation is made. What JAX refuses is
compared with it by `test_every_backend.py`, which traces every option.
"""

from __future__ import annotations

import json
from pathlib import Path

import causalstats as cs
from causalstats.samplers.backends.jax_graph import refuse_unequal_shapes
from tests.laws.options import Option, options

PATH = Path(__file__).parents[2] / "docs" / "samplers.json"
BY_JAX = "NUTS on every backend, and ChEES-HMC"
VECTORIZED = "cs.calibrate(vectorized=True)"
Refusals = dict[str, dict[str, str]]
"""The reason why a sampler refuses an option, by sampler and option."""


def recorded() -> Refusals:
    """Return the refusals of the documentation."""
    return json.loads(PATH.read_text())


def refusals() -> Refusals:
    """Return what samplers refuse without compiling a graph."""
    table: Refusals = {"cs.Exact()": {}, "cs.Gibbs()": {}, VECTORIZED: {}, BY_JAX: {}}
    for option in options():
        for sampler, reason in refusals_of(option).items():
            table[sampler][option.name] = reason
    return table


def refusals_of(option: Option, problem: cs.Problem | None = None) -> dict[str, str]:
    """Return the samplers that refuse an option, and why.

    Parameters
    ----------
    option : Option
    problem : Problem, optional
        That of the option, where it was made before.
    """
    problem = problem or option.problem()
    reasons = {
        "cs.Exact()": cs.Exact().refusal(problem),
        "cs.Gibbs()": cs.Gibbs().refusal(problem),
        VECTORIZED: refusal_of_many(option, problem),
    }
    return {sampler: reason for sampler, reason in reasons.items() if reason}


def refusal_of_many(option: Option, problem: cs.Problem) -> str | None:
    """Return why two data sets of an option cannot be fitted in one program."""
    try:
        refuse_unequal_shapes([problem, option.problem(seed=4)])
    except cs.SamplingError:
        return "the arrays of data sets differ in shape"
    return None


if __name__ == "__main__":
    PATH.write_text(json.dumps(refusals(), indent=1) + "\n")
