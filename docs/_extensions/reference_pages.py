"""The reference: public names by topic, and the command line."""

from __future__ import annotations

import inspect
from pathlib import Path

from markdown import table, toctree, write
from sampler_pages import sampler_table

import causalstats as cs

TOPICS = {
    "models": (
        "Models",
        "A model is a frozen dataclass whose fields are its assumptions.",
        [
            "CausalDiagram",
            "PanelDML",
            "DynamicPanel",
            "PanelGLM",
            "EventStudy",
            "Instrument",
            "SelectiveLabels",
            "Heckman",
            "PartialCorrelation",
        ],
    ),
    "data": (
        "Data",
        "One class a shape of study, checked when it is made. Your frame is never changed.",
        ["Observations", "Panel", "Instrumented", "Decisions", "Composition"],
    ),
    "fits": (
        "Fits and answers",
        "`fit` draws from the posterior; a `Fit` answers, checks itself, compares and reports.",
        ["fit", "Fit", "load", "Effect", "Check", "Assumption", "Problem"],
    ),
    "knowledge": (
        "Outside knowledge",
        "Numbers known from outside the data.",
        ["Known", "KnownByGroup", "Penalty", "Monotone"],
    ),
    "samplers": (
        "Samplers",
        "How the posterior is drawn from. `fit` chooses one unless it is told.",
        ["Auto", "Exact", "Gibbs", "Nuts", "Chees", "Laplace"],
    ),
    "diagrams": (
        "Diagrams and networks",
        "String diagrams, their surgery, identification, and PyMC graphs.",
        [
            "Diagram",
            "BayesianNetwork",
            "Distribution",
            "to_pymc",
            "to_pymc_given",
            "LearnedTable",
            "LinearGaussian",
        ],
    ),
    "calibration": (
        "Calibration and comparison",
        "Whether a model is computed right, and what other estimators say.",
        [
            "calibrate",
            "Calibration",
            "LocalCalibration",
            "TippingPoint",
            "panel_dml_estimators",
            "PanelEstimates",
            "pool_groups",
            "PooledGroups",
            "table",
            "coefficient_plot",
        ],
    ),
    "errors": (
        "Errors",
        "Only a mistake raises; a doubt is a `Check`.",
        ["CausalStatsError", "DataError", "ModelError", "SamplingError", "StoreError"],
    ),
}


def write_pages(folder: Path) -> None:
    """Write a page a topic, a page of names without one, and the command line."""
    for name, (title, words, members) in topics().items():
        write(folder / f"{name}.md", _topic(title, words, members))
        for member in members:
            write(folder / "api" / f"causalstats.{member}.rst", _stub(member))
    write(folder / "command_line.md", _command_line())
    write(folder / "samplers_and_models.md", sampler_table())
    written = ["samplers_and_models", "command_line", "file_format", "glossary"]
    pages = [*topics(), *written]
    words = "Every public name by topic, every command, every file, every term."
    write(folder / "index.md", f"# Reference\n\n{words}\n\n{toctree(pages)}")


def topics() -> dict[str, tuple[str, str, list[str]]]:
    """Return the topics, with the public names of none of them at the end."""
    listed = {name for _, _, members in TOPICS.values() for name in members}
    others = [name for name in cs.__all__ if name not in listed]
    there = {
        key: (title, words, [name for name in members if name in cs.__all__])
        for key, (title, words, members) in TOPICS.items()
    }
    if others:
        there["others"] = ("Other names", "The rest of the public names.", others)
    return there


def _topic(title: str, words: str, members: list[str]) -> str:
    listed = "\n".join(f"   {name}" for name in members)
    return f"""# {title}

{words}

```{{eval-rst}}
.. currentmodule:: causalstats

.. autosummary::
   :toctree: api

{listed}
```"""


def _stub(name: str) -> str:
    """Return the page of a public name: its docstring, and those of its methods."""
    value = getattr(cs, name)
    kind = "class" if inspect.isclass(value) else "function"
    if kind == "class" and issubclass(value, Exception):
        kind = "exception"
    lines = [name, "=" * len(name), "", ".. currentmodule:: causalstats", ""]
    lines.append(f".. auto{kind}:: {name}")
    if kind == "class":
        lines += ["   :members:", "   :member-order: bysource"]
    return "\n".join(lines)


def _command_line() -> str:
    import typer

    from causalstats.cli import app

    group = typer.main.get_command(app)
    parts = [
        "# Command line",
        "`causalstats COMMAND --help` says the same.",
        *_help(group.help),
    ]
    for name, command in sorted(group.commands.items()):  # type: ignore[attr-defined]
        parts += [f"## causalstats {name}", *_help(command.help)]
        rows = [_option(parameter) for parameter in command.params]
        if rows:
            parts.append(table(["", "meaning", "default"], rows))
    return "\n\n".join(parts)


def _help(text: str | None) -> list[str]:
    """Return the paragraphs of a command's help; those marked by a backspace keep their lines."""
    parts = []
    for paragraph in inspect.cleandoc(text or "").split("\n\n"):
        lines = paragraph.strip("\n")
        if lines.startswith("\b"):
            parts.append(f"```text\n{lines[1:].strip()}\n```")
        else:
            parts.append(lines)
    return parts


def _option(parameter) -> list[str]:
    """Return the name, meaning and default of an option or argument of a command."""
    names = parameter.opts
    if parameter.param_type_name == "argument":
        names = [str(parameter.name).upper()]
    default = parameter.default
    plain = default if isinstance(default, str | int | float | Path) else ""
    shown = f"`{plain}`" if plain not in ("", False) else ""
    words = (getattr(parameter, "help", "") or "").replace("*", "\\*")
    return [", ".join(f"`{name}`" for name in names), words, shown]
