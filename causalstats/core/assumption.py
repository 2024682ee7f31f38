"""Assumptions of a model, conditions for a causal reading, and models with one relaxed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from causalstats.core.knowledge import Known

if TYPE_CHECKING:
    from causalstats.core.model import Model


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """An assumption: what must hold for the answer to mean what it says.

    Parameters
    ----------
    name : str
        A few words, by which answers and checks refer to it.
    statement : str
    if_wrong : str
        The consequence for the answer where it does not hold.
    formula : str
        The assumption in symbols, where there are any.
    checks : tuple of str
        The beginnings of the names of the checks that could refute it, or that say that nothing
        can. Empty where the data of the model cannot show that it is wrong.
    fields : tuple of str
        The fields of the model that state it: `fit.sensitivity` answers under other values.

    Examples
    --------
    >>> import causalstats as cs
    >>> assumption = cs.Heckman(mean=2.0).assumptions()[2]
    >>> assumption.name, assumption.checks, assumption.fields
    ('mean', ('agrees with the data: mean', 'known mean in reach'), ('mean',))
    """

    name: str
    statement: str
    if_wrong: str
    formula: str = ""
    checks: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """A condition under which an association is a causal effect.

    Parameters
    ----------
    needed : str
        The condition.
    here : str
        How far these data and this model go towards it.
    """

    needed: str
    here: str


@dataclass(frozen=True, kw_only=True)
class Relaxation:
    """A model without one piece of outside knowledge, for the check of prior-data conflict.

    Parameters
    ----------
    name : str
    model : Model
        The model without that knowledge; the model itself where it does not use it.
    estimand : str
        The answer in which data and knowledge can disagree.
    known : Known or mapping of label to Known
    labels : tuple of str
        The entries of the answer that were known; all of them if empty.
    suspect : str
        The assumption that alone identifies the answer once the knowledge is given up.
    remedy : str
    """

    name: str
    model: Model
    estimand: str
    known: Known | Mapping[str, Known]
    labels: tuple[str, ...] = ()
    suspect: str = ""
    remedy: str = (
        "The data, under the other assumptions, say otherwise: check the source, or give up one of "
        "the assumptions."
    )
