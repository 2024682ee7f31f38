"""A gallery of every figure that `fit.plot(name)` draws, by family."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kept import kept
from markdown import card, grid, slug, toctree, write
from pictures import svg

import causalstats as cs
from causalstats.core.wording import heading

SEED = 1


def write_pages(folder: Path, fast: bool) -> None:
    """Write a page for each family, with its figures beside it.

    Parameters
    ----------
    folder : Path
    fast : bool
        Whether to leave out families whose fit takes long.
    """
    cards = []
    for family, (make, program, heavy) in FITS.items():
        figures = kept(
            f"gallery|{family}|{program}",
            lambda make=make: _figures(make()),
            leave_out=fast and heavy,
        )
        write(folder / f"{family}.md", _page(family, program, figures))
        for name, (_, picture) in (figures or {}).items():
            write(folder / family / f"{slug(name)}.svg", picture)
        cards.append(_card(family, list(figures or {})))
    words = (
        "Every figure of every family, drawn from small data. `fit.plot()` draws "
        "the answer; `fit.figures()` lists the others. `ax=` draws into axes of yours, "
        '`fit.plot("comparison", ax=axes[0])`; a figure of several panels takes as '
        "many axes. Figures are dark where matplotlib's are, as after "
        '`plt.style.use("dark_background")`.'
    )
    parts = ["# Gallery", words, grid(cards), toctree(FITS, hidden=True)]
    write(folder / "index.md", "\n\n".join(parts))


def _card(family: str, names: list[str]) -> str:
    """Return a card with the answer's figure, where it was drawn, and what else there is."""
    picture = f"{family}/{slug(names[0])}.svg" if names else ""
    return card(family, family, ", ".join(names), picture)


def _page(family: str, program: str, figures: dict[str, list[str]] | None) -> str:
    parts = [f"# Figures of {family}", f"```python\n{program}\n```"]
    if figures is None:
        return "\n\n".join([*parts, "The fit is left out of this quick build."])
    for name, (caption, _) in figures.items():
        parts += [
            f"## {heading(name)}",
            f'```python\nfit.plot("{name}")\n```',
            f"![The figure {name}]({family}/{slug(name)}.svg)",
            caption,
        ]
    return "\n\n".join(parts)


def _figures(fit: cs.Fit) -> dict[str, list[str]]:
    """Return the caption and the SVG of every figure of a fit, by name."""
    captions = {fit.model.headline: "The answer: the headline of the model."}
    captions |= fit.figures()
    return {name: [words, svg(fit.plot(name))] for name, words in captions.items()}


def _panel() -> cs.Fit:
    simulated = cs.PanelDML().simulate(SEED, units=60, times=6, covariates=2)
    return _fit(cs.PanelDML(time_effects=True), simulated.data)


def _composition() -> cs.Fit:
    model = cs.PartialCorrelation(prior="matching")
    simulated = cs.PartialCorrelation().simulate(SEED, rows=60, parts=6)
    return _fit(model, simulated.data)


def _diagram() -> cs.Fit:
    model = cs.CausalDiagram("smoking -> tar -> cancer; smoking <-> cancer")
    return _fit(model, model.simulate(SEED, people=800).data)


def _dynamic() -> cs.Fit:
    simulated = cs.DynamicPanel().simulate(SEED, units=200, times=6)
    return _fit(cs.DynamicPanel(), simulated.data)


def _counts() -> cs.Fit:
    simulated = cs.PanelGLM().simulate(SEED, units=200, times=6)
    return _fit(cs.PanelGLM(), simulated.data)


def _adoption() -> cs.Fit:
    simulated = cs.EventStudy().simulate(SEED, units=120, times=6, cohorts=2)
    return _fit(cs.EventStudy(), simulated.data)


def _instrument() -> cs.Fit:
    return _fit(cs.Instrument(), cs.Instrument().simulate(SEED, rows=500).data)


def _labels() -> cs.Fit:
    model = cs.SelectiveLabels(prevalence=cs.Known(0.3, sd=0.05), expertise=["x2"])
    data = model.simulate(SEED, people=400, features=3).data
    return _fit(model, data, sampler=cs.Laplace())


def _wages() -> cs.Fit:
    model = cs.Heckman(excluded=["x1"], outcome_scale=(0.0, 1.0))
    data = model.simulate(SEED, people=400, features=3).data
    return _fit(model, data, sampler=cs.Laplace())


def _fit(model: Any, data: Any, **options: Any) -> cs.Fit:
    warnings.simplefilter("ignore")
    return cs.fit(model, data, seed=SEED, progress=False, **options)


# How each fit is made, the program that the page shows, and whether it takes long.
FITS: dict[str, tuple[Callable[[], cs.Fit], str, bool]] = {
    "CausalDiagram": (
        _diagram,
        'model = cs.CausalDiagram("smoking -> tar -> cancer; smoking <-> cancer")\n'
        "data = model.simulate(1, people=800).data\n"
        "fit = cs.fit(model, data, seed=1)",
        False,
    ),
    "PanelDML": (
        _panel,
        "data = cs.PanelDML().simulate(1, units=60, times=6, covariates=2).data\n"
        "fit = cs.fit(cs.PanelDML(time_effects=True), data, seed=1)",
        False,
    ),
    "PartialCorrelation": (
        _composition,
        "data = cs.PartialCorrelation().simulate(1, rows=60, parts=6).data\n"
        'fit = cs.fit(cs.PartialCorrelation(prior="matching"), data, seed=1)',
        False,
    ),
    "DynamicPanel": (
        _dynamic,
        "data = cs.DynamicPanel().simulate(1, units=200, times=6).data\n"
        "fit = cs.fit(cs.DynamicPanel(), data, seed=1)",
        False,
    ),
    "PanelGLM": (
        _counts,
        "data = cs.PanelGLM().simulate(1, units=200, times=6).data\n"
        "fit = cs.fit(cs.PanelGLM(), data, seed=1)",
        False,
    ),
    "EventStudy": (
        _adoption,
        "data = cs.EventStudy().simulate(1, units=120, times=6, cohorts=2).data\n"
        "fit = cs.fit(cs.EventStudy(), data, seed=1)",
        False,
    ),
    "Instrument": (
        _instrument,
        "data = cs.Instrument().simulate(1, rows=500).data\n"
        "fit = cs.fit(cs.Instrument(), data, seed=1)",
        False,
    ),
    "SelectiveLabels": (
        _labels,
        "model = cs.SelectiveLabels(prevalence=cs.Known(0.3, sd=0.05), "
        'expertise=["x2"])\n'
        "data = model.simulate(1, people=400, features=3).data\n"
        "fit = cs.fit(model, data, seed=1, sampler=cs.Laplace())",
        True,
    ),
    "Heckman": (
        _wages,
        'model = cs.Heckman(excluded=["x1"], outcome_scale=(0.0, 1.0))\n'
        "data = model.simulate(1, people=400, features=3).data\n"
        "fit = cs.fit(model, data, seed=1, sampler=cs.Laplace())",
        True,
    ),
}
