"""Figures of a fit, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.abilities import HasCausalGraph
from causalstats.core.argument_validation import meant
from causalstats.core.effect import Effect
from causalstats.core.estimand import answerable
from causalstats.core.views import View
from causalstats.core.wording import heading
from causalstats.errors import ModelError
from causalstats.inference.withheld_outcomes import held_out_rate
from causalstats.numerics.sampling.centre import centre_of
from causalstats.numerics.sampling.convergence_diagnostics import varies
from causalstats.numerics.sampling.posterior_summaries import surest_first
from causalstats.plots.causal_graph import diagram
from causalstats.plots.composition_views import view
from causalstats.plots.forest import (
    MOST_ROWS,
    beside,
    coefficients,
    comparison,
    effects,
)
from causalstats.plots.pairs import pairs
from causalstats.plots.posterior_contraction import contraction
from causalstats.plots.posterior_draws import figure_of, posterior, trace
from causalstats.plots.posterior_predictive import predictive
from causalstats.style import axes_of, axis_label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from causalstats.core.argument_types import AxesLike
    from causalstats.inference.fit import Fit

_MOST_COVARIATES = 6  # with a panel each


@dataclass(frozen=True)
class FitFigure:
    """A figure that the fits of every family can have.

    Parameters
    ----------
    draw : function of a fit, and of axes or None
        Returns the figure.
    caption : str
        A sentence below it in the report.
    applies : function of a fit
        Whether the fit has this figure.
    """

    draw: Callable[[Fit, Any], Figure]
    caption: str
    applies: Callable[[Fit], bool] = lambda fit: True


def captions(fit: Fit) -> dict[str, str]:
    """Return the caption of every figure but those of single answers, by name."""
    replications = "Observed, on 50 % and 95 % of replications."
    return {
        **dict.fromkeys(fit.predictions(), replications),
        **dict.fromkeys(fit.views(), ""),
        **{name: each.caption for name, each in _figures_that_apply(fit).items()},
    }


def figure(fit: Fit, name: str, ax: AxesLike | None = None) -> Figure:
    """Return the figure of this name.

    Parameters
    ----------
    fit : Fit
    name : str
    ax : Axes, or array or list of Axes, optional
        Where it is drawn; a new figure unless given.

    Raises
    ------
    ModelError
        If there is none of this name.
    """
    makers = _makers(fit)
    if name in makers:
        return makers[name](ax)
    predictions = fit.predictions()
    if name in predictions:
        return predictive(predictions[name], ax)
    names = [*makers, *predictions]
    advice = meant(name, names)
    if name.startswith("sensitivity"):
        advice = (
            "Curves of sensitivity are in the report: `fit.report(path, sensitivity={field: "
            "[...]})`."
        )
    elif "_curve of " in name:
        score = name.partition(" of ")[2]
        advice = (
            f"Curves are of columns that are kept: `from_frame(..., keep=[{score!r}])`."
        )
    raise ModelError(
        f"There is no plot {name!r}. {advice} There are: {', '.join(names)}.".replace(
            "  ", " "
        )
    )


def _makers(fit: Fit) -> dict[str, Callable[[Any], Figure]]:
    figures = _figures_that_apply(fit)
    answers = answerable(fit.model, fit.data)
    return {
        **{name: partial(each.draw, fit) for name, each in figures.items()},
        **{name: partial(_view, make) for name, make in fit.views().items()},
        **{name: partial(_effect, fit, name) for name in answers},
    }


def _figures_that_apply(fit: Fit) -> dict[str, FitFigure]:
    return {name: each for name, each in FIGURES.items() if each.applies(fit)}


def _tables_by_covariate(effect: Effect) -> dict[str, pd.DataFrame]:
    """Return the entries "part on covariate" of an answer by covariate; none of other answers."""
    table = effect.numbers()
    if table.index.name != "coefficient" or not table.index.str.contains(" on ").all():
        return {}
    entries: dict[str, dict[str, str]] = {}
    for label in table.index:
        part, _, covariate = label.rpartition(" on ")
        entries.setdefault(covariate, {})[label] = part
    return {
        covariate: _in_words(effect, table.loc[list(parts)]).rename(index=parts)
        for covariate, parts in entries.items()
    }


def _comparison(fit: Fit, ax: AxesLike | None) -> Figure:
    headline = fit.effect(fit.headline)
    table = _in_words(headline, fit.compare())
    unit = _unit_in_words(headline)
    if headline.draws.ndim > 2:
        return beside(table, unit=unit, null=_null_in_words(headline), ax=ax)
    truth = held_out_rate(fit)
    if truth is not None and headline.wording:
        truth = float(headline.display_scale.convert(truth))
    return comparison(table, truth, unit=unit, ax=ax)


def _in_words(effect: Effect, table: pd.DataFrame) -> pd.DataFrame:
    """Return estimates of an answer on the scale that the labels and units of data ask for."""
    return effect.on_display_scale(table) if effect.wording else table


def _null_in_words(effect: Effect) -> float:
    null = effect.null
    return float(effect.display_scale.convert(null) if effect.wording else null)


def _unit_in_words(effect: Effect) -> str:
    return effect.display_scale.unit if effect.wording else effect.unit


def _effect(fit: Fit, name: str, ax: AxesLike | None) -> Figure:
    """Return the density of an answer, or its intervals where it has several entries.

    Parameters
    ----------
    fit : Fit
    name : str
    ax : Axes or None
    """
    import xarray as xr

    effect = fit.effect(name)
    title = heading(name)
    if effect.draws.ndim > 2 or not varies(effect.draws.to_numpy()):
        unit = _unit_in_words(effect)
        by_covariate = _tables_by_covariate(effect)
        if ax is None and 1 < len(by_covariate) <= _MOST_COVARIATES:
            null = _null_in_words(effect)
            return coefficients(by_covariate, unit=unit, title=title, null=null)
        rows = _in_words(effect, surest_first(effect.numbers(), MOST_ROWS, effect.null))
        return effects(rows, unit=unit, title=title, ax=ax)
    values = effect.draws
    if effect.wording:
        values = effect.display_scale.convert(values)
    values = values.rename(title)
    draws = xr.DataTree.from_dict({"posterior": values.to_dataset()})
    centre = centre_of(effect.numbers())
    drawn = figure_of(posterior(draws, title, ax, centre=centre))
    axes = drawn.axes[0] if ax is None else axes_of(ax, 1)[0]
    axes.set_xlabel(axis_label("", _unit_in_words(effect)))
    _leave_out_tails(axes, values.to_numpy())
    return drawn


def _leave_out_tails(axes: Axes, values: np.ndarray) -> None:
    """End the axis one width of the 95 % interval beyond it, where draws lie further out."""
    lower, upper = np.quantile(values, [0.025, 0.975])
    width = upper - lower
    left, right = axes.get_xlim()
    axes.set_xlim(max(left, lower - width), min(right, upper + width))


def _view(make: Callable[[], View], ax: AxesLike | None) -> Figure:
    return view(make(), ax=ax)


def _diagram(fit: Fit, ax: AxesLike | None) -> Figure:
    assert isinstance(fit.model, HasCausalGraph)
    axes = None if ax is None else axes_of(ax, panels=1)[0]
    return diagram(fit.model.causal_graph(fit.data), axes)


def _parameters(fit: Fit, ax: AxesLike | None) -> Figure:
    return figure_of(posterior(fit.draws, fit.parameters(), ax))


def _chains(fit: Fit, ax: AxesLike | None) -> Figure:
    return figure_of(trace(fit.draws, fit.parameters(), ax))


def _pairs(fit: Fit, ax: AxesLike | None) -> Figure:
    return pairs(fit.draws, fit.parameters(), ax)


def _has_parameters(fit: Fit) -> bool:
    return bool(fit.parameters())


def _has_pairs(fit: Fit) -> bool:
    posterior = fit.draws["posterior"].to_dataset()
    draws = posterior.sizes["chain"] * posterior.sizes["draw"]
    numbers = sum(posterior[name].size for name in fit.parameters())
    return draws > 0 and numbers > draws


FIGURES = {
    "comparison": FitFigure(_comparison, "Intervals are 95 %."),
    "diagram": FitFigure(
        _diagram,
        "What is observed, what is hidden, and what is observed for some only.",
        applies=lambda fit: isinstance(fit.model, HasCausalGraph),
    ),
    "contraction": FitFigure(
        lambda fit, ax: contraction(fit.contraction(), ax),
        "Contraction from prior to posterior: what is near 0 is still the prior.",
        applies=lambda fit: not fit.contraction().empty,
    ),
    "parameters": FitFigure(
        _parameters,
        "Posterior densities, means and 95 % intervals.",
        applies=_has_parameters,
    ),
    "pairs": FitFigure(
        _pairs,
        "The pairs of parameters with the strongest correlation: a line is a ridge, and crosses "
        "are divergent transitions.",
        applies=_has_pairs,
    ),
    "chains": FitFigure(
        _chains,
        "Each chain's density, and how its ranks among all draws lie about uniform ones, with p, "
        "the p-value of that: below 0.01 the chains disagree.",
        applies=_has_parameters,
    ),
}
"""The figures of every family, by the name that `Fit.plot` takes, in the order of the report."""
