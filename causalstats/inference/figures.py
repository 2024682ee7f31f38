"""Figures of a fit, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from causalstats import plots
from causalstats.core.abilities import HasCausalGraph
from causalstats.core.estimand import answerable
from causalstats.core.views import View
from causalstats.errors import ModelError
from causalstats.inference.held_out import held_out_rate
from causalstats.numerics.sampling.posterior_summaries import surest_first, varies

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from causalstats.inference.fit import Fit


def figure(fit: Fit, name: str) -> Figure:
    """Return the figure of this name.

    Raises
    ------
    ModelError
        If there is none of this name.
    """
    makers = _makers(fit)
    if name in makers:
        return makers[name]()
    predictions = fit.predictions()
    if name in predictions:
        return plots.predictive(predictions[name])
    names = ", ".join([*makers, *predictions])
    raise ModelError(f"There is no plot {name!r}. There are: {names}.")


def _makers(fit: Fit) -> dict[str, Callable[[], Figure]]:
    model, parameters = fit.model, fit.parameters()
    makers: dict[str, Callable[[], Figure]] = {"comparison": partial(_comparison, fit)}
    if parameters:
        makers["parameters"] = lambda: plots.figure_of(
            plots.posterior(fit.draws, parameters)
        )
        makers["chains"] = lambda: plots.figure_of(plots.trace(fit.draws, parameters))
        if not fit.contraction().empty:
            makers["contraction"] = lambda: plots.contraction(fit.contraction())
    if isinstance(model, HasCausalGraph):
        makers["diagram"] = lambda: plots.diagram(model.causal_graph(fit.data))
    makers |= {name: partial(_view, make) for name, make in fit.views().items()}
    makers |= {
        name: partial(_effect, fit, name) for name in answerable(model, fit.data)
    }
    return makers


def _comparison(fit: Fit) -> Figure:
    headline = fit.effect(fit.model.headline)
    if headline.draws.ndim > 2:
        return plots.beside(fit.compare(), unit=headline.unit)
    return plots.comparison(fit.compare(), held_out_rate(fit), unit=headline.unit)


def _effect(fit: Fit, name: str) -> Figure:
    import xarray as xr

    effect = fit.effect(name)
    if effect.draws.ndim > 2 or not varies(effect.draws.to_numpy()):
        rows = surest_first(effect.numbers(), plots.MOST_ROWS)
        return plots.effects(rows, unit=effect.unit, title=name)
    draws = xr.DataTree.from_dict({"posterior": effect.draws.to_dataset()})
    return plots.figure_of(plots.posterior(draws, name))


def _view(make: Callable[[], View]) -> Figure:
    return plots.view(make())
