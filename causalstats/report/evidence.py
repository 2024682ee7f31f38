"""The first screen's evidence: what speaks for an answer, what against it, what cannot be known.

Failed checks are told by the assumption that they contradict, in words; their numbers stand in the
section on checks.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten

import pandas as pd

from causalstats.core.assumption import Assumption
from causalstats.core.check import Check
from causalstats.core.display_scale import rounded_by_interval
from causalstats.core.wording import capitalised
from causalstats.numerics.sampling.centre import centre_of
from causalstats.report.contents import Evidence, Status

_LARGEST_R_HAT = 1.05  # above it chains may be of different posteriors
_LONGEST_FINDING = 160  # characters on the first screen
_FATAL = (
    "divergences",
    "E-BFMI",
    "Pareto k",
    "importance ESS",
    "complete run",
)
_OF_ANSWER = "of this answer"
_MIXING = ("R-hat", "bulk ESS", "tail ESS")
_OF_PRIOR = ("posterior contraction", "power-scaling of the prior")


def status(doubts: Sequence[Check]) -> Status:
    """Return `fail` where the draws cannot be trusted, `warn` where another check failed.

    Few draws of a parameter that mix well enough are a warning, and no reason to distrust an answer
    whose own draws agree.

    Examples
    --------
    >>> status(())
    'pass'
    """
    failed = [check for check in doubts if check.passed is False]
    if any(is_fatal(check) for check in failed):
        return "fail"
    return "warn" if failed else "pass"


def is_fatal(check: Check) -> bool:
    """Return whether a failed check means that the draws are not those of the posterior."""
    if check.passed is not False:
        return False
    if check.name in ("R-hat", "R-hat of this answer"):
        return check.value is None or check.value >= _LARGEST_R_HAT
    return check.name in _FATAL


def evidence(
    assumptions: Sequence[Assumption],
    checks: Sequence[Check],
    comparison: pd.DataFrame | None,
    sensitivity: Sequence[tuple[str, pd.DataFrame]],
    interval: tuple[float, float] | None,
    null: float = 0.0,
    unit: str = "",
) -> Evidence:
    """Return the evidence about the headline.

    Parameters
    ----------
    assumptions : sequence of Assumption
    checks : sequence of Check
        Those of the fit, and the doubts of the headline.
    comparison : DataFrame or None
        A row a method, the first one ours.
    sensitivity : sequence of (field, DataFrame)
    interval : pair of float, or None
        That of the headline, on the scale of these tables; None where it has several entries.
    null : float
        The value without an effect, on that scale.
    unit : str
        Of these numbers.
    """
    supports = [*_not_contradicted(assumptions, checks), *_withheld(checks)]
    failed = [check for check in checks if check.passed is False]
    mixing = [check for check in failed if check.name in _MIXING]
    others = [check for check in failed if check.name not in _MIXING]
    opposes = [_against(check, others, assumptions) for check in others]
    opposes += _too_few_draws(mixing, others)
    if interval is not None:
        supports += _agreeing(comparison, interval)
        for field, table in sensitivity:
            if "used" in table and table["used"].all():
                continue  # no other value was asked for
            name = _in_words(field, assumptions)
            text, holds = _moves(name, table, interval, null, unit)
            (supports if holds else opposes).append(text)
    return Evidence(
        supports=tuple(supports),
        opposes=tuple(dict.fromkeys(opposes)),
        untestable=_untestable(assumptions, checks),
    )


def verdicts(assumption: Assumption, checks: Sequence[Check]) -> set[str]:
    """Return the verdicts of the checks that could refute an assumption."""
    return {check.verdict for check in _checks_of(assumption, checks)}


def _checks_of(assumption: Assumption, checks: Sequence[Check]) -> list[Check]:
    return [
        check
        for check in checks
        if check.assumption == assumption.name
        or check.name.startswith(assumption.checks)
    ]


def _not_contradicted(
    assumptions: Sequence[Assumption], checks: Sequence[Check]
) -> list[str]:
    """Return the tally of checks, and the assumptions that could have been refuted."""
    passed = [check for check in checks if check.passed]
    decided = [check for check in checks if check.passed is not None]
    tested = [each.name for each in assumptions if verdicts(each, checks) == {"passed"}]
    lines = []
    if passed and not _looks_at_data(decided):
        lines.append(
            f"{len(passed)} of {len(decided)} checks of the draws and the prior passed."
        )
    elif passed:
        many = len(decided)
        count = f"All {many}" if len(passed) == many else f"{len(passed)} of {many}"
        lines.append(f"{count} checks that these data can decide passed.")
    if tested:
        lines.append(f"The data could contradict, and do not: {_quoted(tested)}.")
    return lines


def _looks_at_data(checks: Sequence[Check]) -> bool:
    """Return whether one of some checks compares the model with the data."""
    return any(
        not check.name.endswith(_OF_ANSWER)
        and check.name not in (*_FATAL, *_MIXING, *_OF_PRIOR)
        for check in checks
    )


def _withheld(checks: Sequence[Check]) -> list[str]:
    return [
        f"Outcomes that the model was not shown agree with it: {check.finding}."
        for check in checks
        if check.name == "withheld outcomes" and check.passed
    ]


def _against(
    check: Check, checks: Sequence[Check], assumptions: Sequence[Assumption]
) -> str:
    """Return a failed check in words: the assumption that it contradicts, and what follows.

    Those of all failed checks that contradict the same assumption are told together.

    Parameters
    ----------
    check : Check
    checks : sequence of Check
        All failed checks.
    assumptions : sequence of Assumption
    """
    refuted = _refuted(check, assumptions)
    if refuted is None:
        parts = [f"{check.name}: {check.finding}", check.remedy]
        return ". ".join(filter(None, parts))
    names = [each.name for each in checks if _refuted(each, assumptions) is refuted]
    plural = "s" * (len(set(names)) > 1)
    return (
        f"Under the other assumptions, these data contradict “{refuted.name}” (the "
        f"check{plural} {_quoted(names)} failed). {refuted.if_wrong}"
    )


def _refuted(check: Check, assumptions: Sequence[Assumption]) -> Assumption | None:
    """Return the first assumption that a check could refute."""
    return next((one for one in assumptions if _checks_of(one, [check])), None)


def _quoted(names: Sequence[str]) -> str:
    """Return names in quotation marks, with "and" before the last.

    Examples
    --------
    >>> _quoted(["overlap", "these parts"])
    '“overlap” and “these parts”'
    """
    *first, last = (f"“{name}”" for name in dict.fromkeys(names))
    return f"{', '.join(first)} and {last}" if first else last


def _too_few_draws(mixing: Sequence[Check], others: Sequence[Check]) -> list[str]:
    """Return in words that parameters were drawn too few times, and if that concerns the answer.

    Parameters
    ----------
    mixing : sequence of Check
        The failed checks of how chains of parameters mix.
    others : sequence of Check
        The other failed checks.
    """
    if not mixing:
        return []
    findings = ", ".join(check.finding for check in mixing)
    text = f"Some parameters were drawn too few times: {findings}."
    if any(check.name.endswith(_OF_ANSWER) or is_fatal(check) for check in others):
        return [text]
    return [f"{text} The draws of the answer itself pass their checks."]


def _agreeing(
    comparison: pd.DataFrame | None, interval: tuple[float, float]
) -> list[str]:
    """Return which other methods give a number within the interval, and which do not."""
    if comparison is None or len(comparison) < 2:
        return []
    others = comparison[centre_of(comparison)].iloc[1:].dropna()  # bounds have no mean
    inside = others.between(*interval)
    within = [str(name) for name in others.index[inside]]
    outside = [str(name) for name in others.index[~inside]]
    if not within:
        return []
    text = f"Other methods give a number within this interval: {'; '.join(within)}"
    return [f"{text}. Outside it: {'; '.join(outside)}." if outside else f"{text}."]


def _in_words(field: str, assumptions: Sequence[Assumption]) -> str:
    """Return the name of fields, with the assumption that they state in brackets."""
    name = field.replace("_", " ")
    changed = set(field.split(" and "))
    stated = [each.name for each in assumptions if changed & set(each.fields)]
    if not stated or name in stated[0]:
        return name
    return f"{name} (the assumption “{stated[0]}”)"


def _moves(
    name: str,
    table: pd.DataFrame,
    interval: tuple[float, float],
    null: float,
    unit: str,
) -> tuple[str, bool]:
    """Return what happens to the answer under other values of an assumption, and if it holds.

    Parameters
    ----------
    name : str
        The assumption that was changed, in words.
    table : DataFrame
        A row a value.
    interval : pair of float
        That of the answer.
    null : float
        The value without an effect.
    unit : str
    """
    others = table[~table["used"]] if "used" in table else table
    means = others[centre_of(others)]
    if means.between(*interval).all():
        stays = f"The answer stays within its interval at other values of {name}"
        if _reaches(null, others, interval):
            return f"{stays}, but then intervals take in {null:g}.", False
        return f"{stays}.", True
    lowest = means.min()
    highest = means.max()
    _, low, high = rounded_by_interval(lowest, lowest, highest)
    values = low if lowest == highest else f"{low} to {high}"
    alternative = "another value gives" if len(means) == 1 else "other values give"
    measured = f" ({unit})" if unit else ""
    return f"The answer depends on {name}: {alternative} {values}{measured}.", False


def _reaches(null: float, others: pd.DataFrame, interval: tuple[float, float]) -> bool:
    """Return whether an interval without the null takes it in at other values of an assumption.

    Parameters
    ----------
    null : float
    others : DataFrame
        A row for each of the other values.
    interval : pair of float
    """
    lower, upper = interval
    if lower <= null <= upper or "lower" not in others:
        return False
    return bool(((others["lower"] <= null) & (others["upper"] >= null)).any())


def _short(finding: str) -> str:
    """Return a finding, a long list in it cut: the section on checks has it in full."""
    return shorten(finding, _LONGEST_FINDING, placeholder=" ... (see Checks)")


def _untestable(
    assumptions: Sequence[Assumption], checks: Sequence[Check]
) -> tuple[tuple[str, str], ...]:
    """Return assumptions that no check decided, and cautions about anything else.

    An assumption of which one check passed and another is undecided has the caution of the latter.
    """
    undecided = [
        assumption
        for assumption in assumptions
        if not verdicts(assumption, checks) & {"passed", "failed"}
    ]
    cautions = [
        (check.name, f"{capitalised(_short(check.finding))}. {check.remedy}".rstrip())
        for check in checks
        if check.passed is None
        and check.caution
        and not any(_checks_of(assumption, [check]) for assumption in undecided)
    ]
    statements = [(each.name, each.statement) for each in undecided]
    if checks and not _looks_at_data(checks):
        fit_of_model = "No check here compares the model with the data."
        statements.insert(0, ("model and data", fit_of_model))
    return (*statements, *cautions)
