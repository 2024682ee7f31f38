"""Several fits side by side: a table as `etable` of fixest has it, and a coefficient plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.inference.fit import Fit
from causalstats.numerics.sampling.centre import centre_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from causalstats.core.argument_types import AxesLike
    from causalstats.core.effect import Effect

_FACTS = ("Rows", "Units", "Times", "Clusters", "Fixed effects")
Fits = Sequence[Fit] | Mapping[str, Fit]


def table(
    fits: Fits, effect: str = "", *, prob: float = 0.95, digits: int = 3
) -> pd.DataFrame:
    """Return the answers of several fits side by side, with what each is based on.

    Parameters
    ----------
    fits : list of Fit, or mapping of names to Fit
        A list is numbered (1), (2), ...
    effect : str, optional
        An answer that all of them have; the headline of each unless given.
    prob : float, default 0.95
        Probability of the intervals.
    digits : int, default 3
        Digits after the decimal point.

    Returns
    -------
    DataFrame of str
        A column a fit. Rows: each entry of the answer as "mean (lower to upper)", or
        "median (median; lower to upper)" of ratios and quotients; question, contrast and unit,
        where they are not the same in all; the outcome; the model and its errors; rows, units,
        times and clusters of the data; and the doubts, the checks that failed or could not be
        settled. `DataFrame.to_latex` and Great Tables take it.

    Raises
    ------
    ModelError
        If there is no fit, or anything that is no fit.

    Examples
    --------
    >>> import causalstats as cs
    >>> panel = cs.PanelDML().simulate(1, units=60, times=4, shape="linear").data
    >>> within, pooled = cs.PanelDML(basis_size=1), cs.PanelDML(heterogeneity="pooled")
    >>> fits = [cs.fit(model, panel, seed=1, progress=False) for model in (within, pooled)]
    >>> cs.table(fits)["(1)"][["Rows", "Units", "Clusters", "Errors"]].to_list()
    ['240', '60 (unit)', '60 (unit)', 'cluster']
    """
    named = _named(fits)
    answers = {name: _answer(each, effect) for name, each in named.items()}
    columns = {
        name: _column(each, answers[name], effect, prob, digits)
        for name, each in named.items()
    }
    for row, words in _apart(answers, columns).items():
        for name, column in columns.items():
            column[row] = words[name]
    rows = dict.fromkeys(row for column in columns.values() for row in column)
    order = [row for row in rows if row not in _below(rows)] + _below(rows)
    return pd.DataFrame(columns, index=pd.Index(order)).fillna("")


def coefficient_plot(
    fits: Fits,
    effect: str = "",
    *,
    prob: float = 0.95,
    title: str = "",
    ax: AxesLike | None = None,
) -> Figure:
    """Draw the answers of several fits, one below the other, with their intervals.

    Parameters
    ----------
    fits : list of Fit, or mapping of names to Fit
    effect : str, optional
        An answer that all of them have; the headline of each unless given.
    prob : float, default 0.95
        Probability of the intervals.
    title : str, optional
    ax : Axes, optional
        Where it is drawn; a new figure unless given.

    Raises
    ------
    ModelError
        If there is no fit, or their answers are in different units.

    Examples
    --------
    >>> import causalstats as cs
    >>> panel = cs.PanelDML().simulate(1, units=60, times=4, shape="linear").data
    >>> fit = cs.fit(cs.PanelDML(basis_size=1), panel, seed=1, progress=False)
    >>> figure = cs.coefficient_plot({"straight lines": fit, "the same": fit})
    >>> len(figure.axes[0].get_yticklabels())
    2
    """
    from causalstats.plots import forest

    answers = {name: _answer(each, effect) for name, each in _named(fits).items()}
    units = {answer.unit for answer in answers.values()}
    if len(units) > 1:
        raise ModelError(
            f"Expected answers in one unit, to be drawn on one axis, got {sorted(units)}."
        )
    reference = next(iter(answers.values())).null
    tables = {name: answer.numbers(prob) for name, answer in answers.items()}
    if "median" in {centre_of(numbers) for numbers in tables.values()}:
        medians = {
            name: replace(each, centre="median") for name, each in answers.items()
        }
        tables = {name: answer.numbers(prob) for name, answer in medians.items()}
    if all(len(numbers) == 1 for numbers in tables.values()):
        one = pd.concat([numbers.set_axis([name]) for name, numbers in tables.items()])
        return forest.effects(
            one, unit=units.pop(), reference=reference, title=title, ax=ax
        )
    return forest.effects(
        tables, unit=units.pop(), reference=reference, title=title, ax=ax
    )


def _named(fits: Fits) -> dict[str, Fit]:
    named = dict(fits) if isinstance(fits, Mapping) else {}
    if not named and isinstance(fits, Sequence):
        named = {f"({k + 1})": each for k, each in enumerate(fits)}
    if not named or not all(isinstance(each, Fit) for each in named.values()):
        raise ModelError(
            "Expected fits, as a list or by name, such as cs.table({'a': fit, 'b': other}); got "
            f"{type(fits).__name__} of {sorted({type(each).__name__ for each in named.values()})}."
        )
    return named


def _answer(fit: Fit, effect: str) -> Effect:
    return fit.effect(effect or fit.headline)


def _apart(
    answers: Mapping[str, Effect], columns: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    """Return contrast, unit and, where no row names the outcome, question of unlike answers.

    Parameters
    ----------
    answers : mapping of name to Effect
    columns : mapping of name to the entries of its column
    """
    rows = {
        "Contrast": {name: each.contrast for name, each in answers.items()},
        "Unit": {name: each.unit for name, each in answers.items()},
    }
    if not all("Outcome" in column for column in columns.values()):
        rows["Answer"] = {name: each.description for name, each in answers.items()}
    return {row: words for row, words in rows.items() if len({*words.values()}) > 1}


def _column(
    fit: Fit, answer: Effect, effect: str, prob: float, digits: int
) -> dict[str, str]:
    """Return the entries of a column by row.

    Parameters
    ----------
    fit : Fit
    answer : Effect
    effect : str
    prob : float
    digits : int
    """
    numbers = answer.numbers(prob)
    centre = centre_of(numbers)
    median = "median; " if centre == "median" else ""
    labels = [str(label) for label in numbers.index]
    is_effect = effect in ("", fit.headline)
    if len(labels) == 1 and is_effect and isinstance(fit.data, Panel):
        labels = [fit.data.wording.label(fit.data.treatments[0])]
    column = {
        label: f"{row[centre]:.{digits}f} ({median}{row['lower']:.{digits}f} to "
        f"{row['upper']:.{digits}f})"
        for label, (_, row) in zip(labels, numbers.iterrows(), strict=True)
    }
    outcome = getattr(fit.data, "arguments", {}).get("outcome")
    if outcome is not None:
        column["Outcome"] = str(outcome)
    column["Model"] = type(fit.model).__name__
    errors = getattr(fit.model, "errors", None)
    if errors is not None:
        column["Errors"] = str(errors)
    column |= _facts(fit.data)
    column["Doubts"] = "; ".join(check.name for check in answer.doubts) or "none"
    return column


def _facts(data: Any) -> dict[str, str]:
    facts = dict(data.facts()) if hasattr(data, "facts") else {}
    if "Units" in facts:
        facts.setdefault("Clusters", facts["Units"])
    return {name: facts[name].split(";")[0] for name in _FACTS if facts.get(name, "")}


def _below(rows: Mapping[str, None]) -> list[str]:
    """Return the rows that stand below all answers, in their order."""
    last = (
        "Answer",
        "Contrast",
        "Unit",
        "Outcome",
        "Model",
        "Errors",
        *_FACTS,
        "Doubts",
    )
    return [name for name in last if name in rows]
