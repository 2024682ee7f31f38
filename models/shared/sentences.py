"""The people and the outcome of decisions in the reader's words."""

from __future__ import annotations

from causalstats.data import Decisions


def those_not_decided_for(data: Decisions, otherwise: str) -> str:
    """Return who was not decided for, by the label of the decision; `otherwise` without one.

    Parameters
    ----------
    data : Decisions
    otherwise : str
    """
    decision = data.arguments["decision"]
    labels = data.wording.labels
    return f"those not {labels[decision]}" if decision in labels else otherwise


def those_decided_for(data: Decisions, otherwise: str) -> str:
    """Return who was decided for, by the label of the decision; `otherwise` without one.

    Parameters
    ----------
    data : Decisions
    otherwise : str
    """
    decision = data.arguments["decision"]
    labels = data.wording.labels
    return f"those {labels[decision]}" if decision in labels else otherwise


def label_of_outcome(data: Decisions, otherwise: str) -> str:
    """Return the label of the outcome; `otherwise` without one.

    Parameters
    ----------
    data : Decisions
    otherwise : str
    """
    return data.wording.labels.get(data.arguments["outcome"], otherwise)
