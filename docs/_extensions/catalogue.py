"""Which assumptions and which checks there are: read off the models, and off `checks.toml`."""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import causalstats as cs
from causalstats.core.assumption import Assumption

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

BENCH = {  # the file of the refutation bench that has the worlds of a family
    "SelectiveLabels": "selection",
    "Heckman": "selection",
    "PanelDML": "panel",
    "DynamicPanel": "dynamic_panel",
    "PanelGLM": "panel_glm",
    "EventStudy": "event_study",
    "PartialCorrelation": "composition",
    "CausalDiagram": "diagrams",
    "Instrument": "instruments",
}


@dataclass(frozen=True)
class AssumptionEntry:
    """An assumption of a family, with its wordings under the options that change them.

    Parameters
    ----------
    family : str
        The model.
    name : str
    wordings : dict of Assumption to list of str
        The options under which it has this wording, in the words of `tests/laws/options.py`.
    """

    family: str
    name: str
    wordings: dict[Assumption, list[str]] = field(default_factory=dict)

    @property
    def first(self) -> Assumption:
        return next(iter(self.wordings))


@dataclass(frozen=True)
class CheckEntry:
    """What a check computes, and what that is compared with.

    A silent one is not listed where it found nothing.
    """

    families: list[str]
    name: str
    statistic: str
    reference: str
    remedy: str
    code: str
    silent: bool = False


def assumption_entries() -> list[AssumptionEntry]:
    """Return every assumption of every option of every model."""
    from tests.laws.options import options

    entries: dict[tuple[str, str], AssumptionEntry] = {}
    named: list[tuple[str, Any]] = [(each.name, each.model) for each in options()]
    for title, model in [*named, ("CausalDiagram, a selection", _selected())]:
        family = type(model).__name__
        for assumption in model.assumptions():
            key = (family, assumption.name)
            entry = entries.setdefault(key, AssumptionEntry(*key))
            entry.wordings.setdefault(assumption, []).append(title)
    return list(entries.values())


def _selected() -> cs.CausalDiagram:
    diagram = cs.Diagram.parse("dag { x -> y; x -> s; s [selected] }")
    return cs.CausalDiagram(diagram, treatment="x", outcome="y")


def check_entries() -> list[CheckEntry]:
    """Return the checks of `checks.toml`."""
    text = (ROOT / "docs" / "checks.toml").read_text()
    return [CheckEntry(**entry) for entry in tomllib.loads(text)["check"]]


def entry_of(
    name: str, entries: list[CheckEntry], model: str = ""
) -> CheckEntry | None:
    """Return the entry of a check: the longest beginning of its name, first of a model's family."""
    matching = [entry for entry in entries if name.startswith(entry.name)]
    return max(
        matching,
        key=lambda entry: (len(entry.name), BENCH.get(model) in entry.families),
        default=None,
    )
