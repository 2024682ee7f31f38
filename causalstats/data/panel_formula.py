"""Formulas of panels as fixest and pyfixest have them: "lwage ~ union + expersq | id + year".

Left of the bar the outcome, the treatment and covariates; right of it the fixed effects: the unit,
the time, and any further ones. A formula names columns only: curves and products of covariates are
fields of the model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from causalstats.core.argument_validation import shown
from causalstats.data.columns import column_name, column_names
from causalstats.errors import DataError

_LAG = re.compile(r"^([lf])\((.+?),\s*(\d+)(?::(\d+))?\)$")
_FORM = '"outcome ~ treatment + covariates | unit + time"'


@dataclass(frozen=True)
class PanelFormula:
    """The columns that a formula names, by role.

    Parameters
    ----------
    outcomes : tuple of str
    terms : tuple of str
        Treatments and covariates.
    fixed_effects : tuple of str
        The unit first.
    shifts : mapping of term to tuple of int
        Periods of terms with lags, which are negative, or leads.
    shifted_alone : tuple of str
        Of these, the ones that are no term of the same period.
    """

    outcomes: tuple[str, ...]
    terms: tuple[str, ...]
    fixed_effects: tuple[str, ...]
    shifts: Mapping[str, tuple[int, ...]]
    shifted_alone: tuple[str, ...]


def panel_formula(formula: str) -> PanelFormula:
    """Return the columns of a formula.

    Parameters
    ----------
    formula : str
        `l(d, 1:2)` and `f(d, 1)` are lags and leads of a treatment: these periods and no others.

    Raises
    ------
    DataError
        If it is not of this form, or asks for what a model decides.

    Examples
    --------
    >>> parsed = panel_formula("lwage ~ union + expersq | id + year")
    >>> parsed.outcomes, parsed.terms, parsed.fixed_effects
    (('lwage',), ('union', 'expersq'), ('id', 'year'))
    >>> panel_formula("y ~ d + l(d, 1:2) | id + year").shifts
    {'d': (-1, -2)}
    """
    if not isinstance(formula, str) or formula.count("~") != 1:
        raise DataError(_expected(formula) + _instrument(formula))
    left, right = formula.split("~")
    parts = right.split("|")
    if len(parts) > 2:
        raise DataError(_expected(formula) + _instrument(formula))
    outcomes = tuple(_terms(left))
    written = [term for term in _terms(parts[0]) if term != "1"]
    effects = tuple(_terms(parts[1])) if len(parts) == 2 else ()
    if not outcomes or not written:
        raise DataError(_expected(formula))
    shifts: dict[str, list[int]] = {}
    terms = []
    for term in written:
        match = _LAG.match(term)
        if match is None:
            terms.append(term)
            continue
        direction, name, first, last = match.groups()
        ends = sorted((int(first), int(last or first)))
        sign = -1 if direction == "l" else 1
        periods = [sign * k for k in range(ends[0], ends[1] + 1)]
        if 0 in periods:
            terms.append(name.strip())
        of_term = shifts.setdefault(name.strip(), [])
        of_term += [shift for shift in periods if shift and shift not in of_term]
    lagged = tuple(name for name, periods in shifts.items() if periods)
    for name in (*outcomes, *terms, *lagged, *effects):
        _refuse_expression(name, formula)
    return PanelFormula(
        outcomes=outcomes,
        terms=tuple(dict.fromkeys([*terms, *lagged])),
        fixed_effects=effects,
        shifts={name: tuple(shifts[name]) for name in lagged},
        shifted_alone=tuple(name for name in lagged if name not in terms),
    )


def roles_of_formula(
    parsed: PanelFormula,
    unit: str | None,
    time: str | None,
    treatment: str | Sequence[str] | None,
) -> dict[str, Any]:
    """Return the arguments of `Panel.from_frame` that a formula says, but for the outcome.

    Parameters
    ----------
    parsed : PanelFormula
    unit, time : str or None
        The first and the second of the fixed effects, unless given.
    treatment : str or list of str, or None
        The first of the terms, unless given.

    Examples
    --------
    >>> parsed = panel_formula("lwage ~ union + expersq | id + year")
    >>> roles = roles_of_formula(parsed, None, None, None)
    >>> roles["unit"], roles["time"], roles["treatment"], roles["fixed_effects"]
    ('id', 'year', 'union', ['year'])
    """
    effects = parsed.fixed_effects
    for role, name in (("unit", unit), ("time", time)):
        if name is not None:
            column_name(role, name)
    unit = unit or (effects[0] if effects else None)
    others = [name for name in effects if name != unit]
    time = time or (others[0] if others else None)
    if unit is None or time is None:
        raise DataError(
            f"Expected a formula like {_FORM}, or `unit` and `time` by name, got "
            f"unit={unit!r} and time={time!r}. A panel needs both; the time need not have effects: "
            'Panel.from_formula("y ~ d | id", frame, time="year").'
        )
    if effects and unit not in effects:
        raise DataError(
            f"The fixed effects {list(effects)} leave out the unit {unit!r}, which models of "
            "panels compare with itself. Name it among them, or leave them out and say "
            "`PanelDML(heterogeneity='pooled')`, with columns such as these among the covariates."
        )
    chosen = treatment if treatment is not None else parsed.terms[0]
    names = (
        [chosen] if isinstance(chosen, str) else [*column_names("treatment", chosen)]
    )
    for name in names:
        if name not in parsed.terms:
            raise DataError(
                f"Expected `treatment` among the terms {list(parsed.terms)}, got {name!r}."
            )
    for name in parsed.shifts:
        if name not in names:
            raise DataError(
                f"{name!r} has lags or leads and is no treatment: a covariate's are columns of "
                f"their own. Compute them first, or name it, treatment={[*names, name]}."
            )
    return {
        "unit": unit,
        "time": time,
        "treatment": chosen,
        "covariates": [name for name in parsed.terms if name not in names],
        "fixed_effects": others,
    }


def _terms(text: str) -> list[str]:
    """Split at every + outside brackets."""
    terms, depth, start = [], 0, 0
    for k, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if character == "+" and depth == 0:
            terms.append(text[start:k])
            start = k + 1
    terms.append(text[start:])
    return [term.strip() for term in terms if term.strip()]


def _refuse_expression(name: str, formula: str) -> None:
    """Refuse a term that is not the name of a column."""
    if re.fullmatch(r"[^\W\d][\w. ]*", name):
        return
    advice = "Compute it as a column of its own first."
    if re.match(r"^(sw0?|csw0?)\(", name):
        advice = "Write one formula for each, and put the fits side by side: cs.table([...])."
    elif re.match(r"^(C|i|factor)\(", name):
        advice = (
            "Text is taken as categories: make the column text first, such as "
            "`frame.assign(x=frame.x.astype(str))`, or put it right of the bar."
        )
    elif re.match(r"^(I|poly|bs|ns)\(", name) or "**" in name:
        advice = (
            "Name the column itself: `PanelDML` has smooth functions of every covariate "
            "(`basis_size=1` for straight lines)."
        )
    elif re.search(r"[:*]", name):
        advice = (
            "Name both columns, and the product in the model: "
            '`PanelDML(interactions=[("a", "b")])`, or `moderators=` of a treatment.'
        )
    elif "[" in name:
        advice = (
            "Slopes of units are a field of the model: `PanelDML(unit_trends=True)`."
        )
    elif "^" in name:
        advice = (
            "Combine the columns first: `frame.a.astype(str) + frame.b.astype(str)`."
        )
    raise DataError(f"Expected names of columns in {formula!r}, got {name!r}. {advice}")


def _expected(formula: object) -> str:
    swapped = "" if isinstance(formula, str) else " The formula is the first argument."
    return f"Expected a formula like {_FORM}, got {shown(formula)}.{swapped}"


def _instrument(formula: object) -> str:
    """Send formulas of instruments to their model."""
    if isinstance(formula, str) and formula.count("~") == 2:
        return " Instruments have a model of their own: cs.Instrument."
    return ""
