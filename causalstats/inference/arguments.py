"""Refusals of wrong models, data and samplers in calls of `fit` and `calibrate`.

A class in place of a value, a frame in place of data, data of another class, or arguments in the
other order are refused before anything is compiled; the message says what to write instead.
"""

from __future__ import annotations

import hashlib
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from causalstats.core.abilities import ForData
from causalstats.core.argument_validation import meant, shown
from causalstats.core.draws_kind import draws_kind
from causalstats.core.model import Model
from causalstats.core.simulation import Simulation
from causalstats.data import STUDIES
from causalstats.errors import DataError, ModelError
from causalstats.samplers import SAMPLERS

if TYPE_CHECKING:
    import xarray as xr

_MEMBERS = ("headline", "inputs", "build", "parameters", "assumptions", "estimands")
_OWN_MODEL = "docs/how_to/own_model.md has two models in full"


def refuse_exchanged(model: Any, data: Any) -> None:
    """Raise `ModelError` where the data came first and the model second."""
    if _is_model(data) and not _is_model(model):
        raise ModelError(
            f"Expected the model first and the data second, got {_named(model)} and then "
            f"{_named(data)}. Exchange them."
        )


def refuse_model(model: Any) -> None:
    """Raise `ModelError` unless it is a model: what a class of one's own lacks is named."""
    kind = model if isinstance(model, type) else type(model)
    if kind.__module__.startswith("pymc."):
        raise ModelError(
            "Expected a model of causalstats, got a graph of PyMC, which states no assumptions and "
            f"asks no question. Return it from `build` of a class of your own: {_OWN_MODEL}."
        )
    lacks = [name for name in _MEMBERS if not hasattr(model, name)]
    if lacks and len(lacks) < len(_MEMBERS):
        raise ModelError(
            f"Expected a model, but `{kind.__name__}` lacks "
            f"{', '.join(f'`{name}`' for name in lacks)}. What each is: {_OWN_MODEL}."
        )
    if not lacks and not is_dataclass(model):
        raise ModelError(
            f"Expected a model, but `{kind.__name__}` is no dataclass, whose fields would be its "
            "assumptions. Write `@dataclass(frozen=True, kw_only=True)` above its class."
        )
    if _is_model(model):
        return
    advice = "cs.CausalDiagram('x -> y')" if isinstance(model, str) else "cs.PanelDML()"
    if not lacks:
        advice = f"{kind.__name__}()"
    raise ModelError(f"Expected a model, such as `{advice}`, got {_named(model)}.")


def refuse_data(model: Any, data: Any) -> None:
    """Raise `DataError` unless the data are of the study that the model is for."""
    if not isinstance(model, ForData) or isinstance(data, model.data_class):
        return
    study = model.data_class
    reader = f"`cs.{study.__name__}.from_frame(frame, ...)`"
    if isinstance(data, Simulation):
        advice = "A simulation has its data in `simulation.data`."
    elif isinstance(data, STUDIES):
        advice = f"Read the frame with {reader}, or take a model for `{type(data).__name__}`."
    else:
        advice = f"Read a frame with {reader}."
    raise DataError(
        f"Expected `{study.__name__}` as the data of `{type(model).__name__}`, got "
        f"{_named(data)}. {advice}"
    )


def refuse_missing_parameters(model: Model, data: Any, draws: xr.DataTree) -> None:
    """Raise `ModelError` where the posterior lacks a name that `model.parameters` lists.

    The sampling of such a parameter could not be checked.

    Parameters
    ----------
    model : Model
    data
        Data of the class that the model is for.
    draws : DataTree
        Has the group `posterior`.
    """
    missing = [
        name for name in model.parameters(data) if name not in draws["posterior"]
    ]
    if missing and not draws_kind(draws).is_independent:
        raise ModelError(
            f"`{type(model).__name__}.parameters` lists {', '.join(missing)}, which the posterior "
            f"lacks. It has: {', '.join(map(str, draws['posterior'].data_vars))}."
        )


def fingerprint(data: Any) -> str:
    """Return a hash of everything that a model sees: the data's own, or that of a DataFrame.

    Raises
    ------
    DataError
        If the data are neither of causalstats nor a pandas DataFrame, and have no `fingerprint`.
    """
    if isinstance(data, pd.DataFrame):
        digest = hashlib.sha256("\0".join(map(str, data.columns)).encode())
        digest.update(pd.util.hash_pandas_object(data, index=True).to_numpy().tobytes())
        return digest.hexdigest()
    if isinstance(given := getattr(data, "fingerprint", None), str):
        return given
    raise DataError(
        f"Expected data of causalstats or a pandas DataFrame, got {_named(data)}. Data of another "
        "class need a property `fingerprint`, a text that changes with them."
    )


def refuse_sampler(sampler: Any) -> None:
    """Raise `ModelError` unless it is None or a sampler."""
    if sampler is None or (
        not isinstance(sampler, type) and callable(getattr(sampler, "compile", None))
    ):
        return
    name = sampler.__name__ if isinstance(sampler, type) else sampler
    calls = [f"cs.{each.__name__}()" for each in SAMPLERS]
    asked = meant(name, calls) if isinstance(name, str) else ""
    raise ModelError(
        "Expected `sampler` as None or a sampler, such as `cs.Nuts(chains=4)`, got "
        f"{shown(sampler)}. {asked}".rstrip()
    )


def _is_model(value: Any) -> bool:
    return not isinstance(value, type) and callable(getattr(value, "build", None))


def _named(value: Any) -> str:
    known = isinstance(value, STUDIES) or _is_model(value)
    return f"`{type(value).__name__}`" if known else shown(value)
