"""Notation of probabilities, interventions, counterfactuals and contrasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from causalstats.models.causal_diagram.levels import Levels, shown_states

if TYPE_CHECKING:
    from causalstats.data import Observations
    from causalstats.models.causal_diagram.model import CausalDiagram


def event(variable: str, levels: Levels) -> str:
    """Return the event whose probability is wanted: the last of two levels, or any level.

    Examples
    --------
    >>> event("cancer", {"cancer": ("no", "yes")})
    'cancer=yes'
    >>> event("stage", {"stage": (1, 2, 3)})
    'stage'
    """
    states = levels.get(variable, ())
    return f"{variable}={states[1]}" if len(states) == 2 else variable


def conditions(values: Mapping[str, Any]) -> str:
    """Return variables with their values: "x=1, z=0"."""
    return ", ".join(f"{name}={value}" for name, value in values.items())


def interventional(
    symbol: str,
    variable: str,
    do: Mapping[str, Any],
    given: Mapping[str, Any],
) -> str:
    """Return P(variable | do(...), given).

    Parameters
    ----------
    symbol : "P" or "E"
        The symbol of a probability, or of a mean.
    variable : str
        The variable, or an event such as "y=1".
    do, given : mapping of variable to value

    Examples
    --------
    >>> interventional("P", "y=1", {"x": 1}, {"z": 0})
    'P(y=1 | do(x=1), z=0)'
    >>> interventional("P", "y=1", {}, {})
    'P(y=1)'
    """
    done = f"do({conditions(do)})" if do else ""
    condition = ", ".join(filter(None, [done, conditions(given)]))
    return (
        f"{symbol}({variable} | {condition})" if condition else f"{symbol}({variable})"
    )


def counterfactual(
    symbol: str,
    variable: str,
    do: Mapping[str, Any],
    factual: Mapping[str, Any],
) -> str:
    """Return the outcome that those would have had who had another value of the treatment.

    Parameters
    ----------
    symbol : "P" or "E"
    variable : str
        The variable, or an event such as "y=1".
    do : mapping of variable to the value that it is set to
    factual : mapping of variable to the value that it had

    Examples
    --------
    >>> counterfactual("P", "y=1", {"x": 0}, {"x": 1})
    'P(y=1 had x been 0 | x=1)'
    """
    been = " and ".join(f"{name} been {value}" for name, value in do.items())
    return f"{symbol}({variable} had {been} | {conditions(factual)})"


def compared(treatment: str, levels: Levels) -> str:
    """Return which levels of a label are set against which, the first being the reference.

    Examples
    --------
    >>> compared("arm", {"arm": ("drug", "placebo")})
    'arm=placebo against arm=drug, the first level of arm'
    """
    first, *others = levels[treatment]
    reference = f"{treatment}={first}, the first level of {treatment}"
    if len(others) == 1:
        return f"{treatment}={others[0]} against {reference}"
    listed = ", ".join(f"{treatment}={level}" for level in others)
    return f"{listed}, each against {reference}"


def difference(
    outcome: str,
    treatment: str,
    levels: Levels,
    done: bool = True,
) -> str:
    """Return the difference that is asked for, written with its event and its arms.

    Parameters
    ----------
    outcome : str
        An outcome without levels is a number, whose mean is compared.
    treatment : str
    levels : mapping of variable to its levels
    done : bool
        Whether the treatment is set, `do(x)`, or seen.

    Examples
    --------
    >>> difference("y", "x", {"x": (0, 1), "y": (0, 1)})
    'P(y=1 | do(x=1)) - P(y=1 | do(x=0))'
    """
    states = levels.get(outcome, ())
    symbol = "P" if states else "E"
    first, *others = levels[treatment]

    def value(level: Any) -> str:
        arm = {treatment: level}
        do, given = (arm, {}) if done else ({}, arm)
        return interventional(symbol, event(outcome, levels), do, given)

    arms = "; ".join(f"{value(level)} - {value(first)}" for level in others)
    each = f" for each level of {outcome}" if len(states) > 2 else ""
    return f"{arms}{each}"


def contrast_labels(
    treatment: str,
    outcome: str,
    levels: Levels,
) -> list[str]:
    """Return the labels of each level of the treatment against the first, arms first.

    Every arm has an entry for each level of the outcome, or for the last of two.

    Parameters
    ----------
    treatment, outcome : str
    levels : mapping of variable to its levels

    Examples
    --------
    >>> contrast_labels("x", "y", {"x": ("a", "b", "c"), "y": (0, 1)})
    ['b against a', 'c against a']
    """
    first, *others = levels[treatment]
    arms = [f"{level} against {first}" for level in others] if len(others) > 1 else [""]
    states = [f"{outcome}={levels[outcome][k]}" for k in shown_states(levels[outcome])]
    labels = []
    for arm in arms:
        for state in states:
            both = f"{state}: {arm}" if len(states) > 1 else arm
            labels.append(both if arm else state)
    return labels


def words_with_levels(
    model: CausalDiagram,
    words: str,
    done: bool,
    data: Observations,
) -> tuple[str, str]:
    """Return description and contrast of an estimand with labels and levels of the data.

    Parameters
    ----------
    model : CausalDiagram
    words : str
        The beginning of the description, with `{x}` and `{y}` for treatment and outcome.
    done : bool
        Whether the treatment is set, or seen.
    data : Observations
    """
    levels = model.levels(data)
    text = difference(model.outcome, model.treatment, levels, done)
    return (
        f"{named_in(words, model, data)}: {text}.",
        compared_in_words(model, data),
    )


def named_in(words: str, model: CausalDiagram, data: Observations) -> str:
    """Return words with the labels of treatment and outcome at `{x}` and `{y}`.

    Parameters
    ----------
    words : str
    model : CausalDiagram
    data : Observations
    """
    label = data.wording.label
    return words.format(x=label(model.treatment), y=label(model.outcome))


def compared_in_words(model: CausalDiagram, data: Observations) -> str:
    """Return which levels of the treatment are set against which, by its label if it has one."""
    levels = model.levels(data)
    x = model.treatment
    words = data.wording
    if x not in words.labels and x not in words.levels:
        return compared(x, levels)
    first, *others = (words.level(x, level) for level in levels[x])
    each = ", each" if len(others) > 1 else ""
    return f"{words.label(x)}: {', '.join(others)}{each} against {first}"


def effect_in_a_sentence(model: CausalDiagram, data: Observations) -> str:
    """Return the effect of a treatment of two levels as a reader would say it.

    It has `{value}` where the number belongs, and is empty where there are more levels.
    """
    parts = _subject_and_event(model, data)
    if not parts:
        return ""
    verb = "{raises}" if data.wording else "{changes}"
    return f"{parts[0]} {verb} the probability {parts[1]} by {{value}}."


def bounds_in_a_sentence(model: CausalDiagram, data: Observations) -> str:
    """Return the bounds of such an effect as a reader would say them."""
    parts = _subject_and_event(model, data)
    if not parts:
        return ""
    return (
        f"{parts[0]} {{raises}} the probability {parts[1]} by at least {{value:lower}} and at most "
        "{value:upper}. Where between these two the effect lies, the data do not tell."
    )


def _subject_and_event(model: CausalDiagram, data: Observations) -> tuple[str, ...]:
    """Return the treatment as a subject and the event of the outcome; nothing of more levels."""
    levels = model.levels(data)
    arms = levels[model.treatment]
    states = levels[model.outcome]
    if len(arms) != 2 or len(states) != 2:
        return ()
    words = data.wording
    x = model.treatment
    y = model.outcome
    one, other = (words.level(x, arm) for arm in (arms[1], arms[0]))
    subject = f"Setting {words.label(x)} to {one} in place of {other}"
    if x in words.labels and x not in words.levels and _is_absence_and_presence(arms):
        subject = words.label(x)
    if y not in words.labels and y not in words.levels:
        return subject, f"of {event(y, levels)}"
    if y not in words.levels and _is_absence_and_presence(states):
        return subject, f"of {words.label(y)}"
    return subject, f"that {words.label(y)} is {words.level(y, states[1])}"


def _is_absence_and_presence(levels: Sequence[Any]) -> bool:
    """Return whether two levels are 0 and 1, no and yes, or False and True."""
    pair = tuple(str(level).lower() for level in levels)
    return pair in (("0", "1"), ("no", "yes"), ("false", "true"))
