"""Which options of which models each sampler runs, and why it refuses the others."""

from __future__ import annotations

from markdown import table


def sampler_table() -> str:
    """Return the page, from what the samplers themselves refuse."""
    from tests.laws.options import options
    from tests.laws.sampler_table import recorded

    names: dict[str, list[str]] = {}
    for option in options():
        names.setdefault(type(option.model).__name__, []).append(option.name)
    refusals = recorded()
    rows = [
        [f"`{family}`", *(_runs(members, refused) for refused in refusals.values())]
        for family, members in names.items()
    ]
    head = ["model", *map(_title, refusals)]
    reasons = [
        f"- {_title(sampler)}: {reason}."
        for sampler, refused in refusals.items()
        for reason in dict.fromkeys(refused.values())
    ]
    count = sum(map(len, names.values()))
    return "\n\n".join(
        [
            "# Which sampler runs which model",
            f"The {count} options of the models: their bases, and one value or more of each of "
            "their fields. A sampler that cannot run an option says so before it samples. "
            "`python -m tests.laws.sampler_table` asks the samplers themselves for this table; "
            "`tests/laws/test_every_backend.py` holds it complete.",
            table(head, rows),
            "Where a sampler refuses an option, this is why:",
            "\n".join(reasons),
            "A graph of your own is refused by samplers that run in JAX where PyTensor has no JAX "
            "implementation of an operation, or where the length of an array depends on a "
            "parameter: `cs.Nuts(backend='numba')` samples it.",
        ]
    )


def _title(sampler: str) -> str:
    return f"`{sampler}`" if "(" in sampler else sampler


def _runs(members: list[str], refused: dict[str, str]) -> str:
    """Return which options of a family a sampler runs, in the shorter way to say it."""
    run = [name for name in members if name not in refused]
    others = [name for name in members if name in refused]
    if not others:
        return "all"
    if not run:
        return "none"
    beginning, listed = ("only", run) if len(run) < len(others) else ("all but", others)
    return f"{beginning} {'; '.join(map(_option, listed))}"


def _option(name: str) -> str:
    family, _, option = name.partition(", ")
    if not option:
        return f"the default of {family}"
    field, _, value = option.partition("=")
    return f"`{value}`" if f"{field}=" in value else f"`{option}`"
