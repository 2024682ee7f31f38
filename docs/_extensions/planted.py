"""Planted data: worlds of the refutation bench in which one assumption is wrong, fitted once."""

from __future__ import annotations

import importlib
import inspect
import sys
import warnings
from functools import cache, partial
from typing import Any

from catalogue import BENCH, ROOT
from kept import kept
from pictures import svg

SEED = 1

# The world in which each assumption is wrong, and is what its checks are there to see.
WORLDS = {
    ("PanelDML", "no unobserved time-varying confounder"): "shocks common to all units",
    ("PanelDML", "strict exogeneity"): "feedback",
    ("PanelDML", "smooth and additive"): "product of two covariates",
    ("PanelDML", "smooth"): "curve, taken for a line",
    ("PanelDML", "constant effect"): "staggered adoption, fading effects",
    ("PanelDML", "independent errors"): "serial correlation, taken as independent",
    (
        "DynamicPanel",
        "no unobserved time-varying confounder",
    ): "a hidden cause that lasts",
    (
        "DynamicPanel",
        "strict exogeneity given the past outcome",
    ): "errors move the next treatment",
    (
        "DynamicPanel",
        "errors without serial correlation",
    ): "errors of adjacent periods are correlated (.5)",
    ("DynamicPanel", "constant variance"): "variances that grow, taken for constant",
    (
        "PanelGLM",
        "no unobserved time-varying confounder",
    ): "counts move the next treatment",
    (
        "PanelGLM",
        "strict exogeneity",
    ): "outcomes of 0 and 1 move the next treatment",
    (
        "PanelGLM",
        "multiplicative mean",
    ): "the ratio grows with the level of the unit",
    (
        "PanelGLM",
        "logit, independent given the unit",
    ): "outcomes of 0 and 1 that last",
    (
        "PanelGLM",
        "distribution of the outcome",
    ): "counts that last, taken as independent",
    ("EventStudy", "parallel trends"): "trends differ by .3 a period",
    ("EventStudy", "no anticipation"): "effect of .8 one period early",
    ("EventStudy", "AR(1) errors"): "errors of a random walk and noise",
    (
        "EventStudy",
        "covariates before adoption",
    ): "no control as large as those that adopt",
    ("EventStudy", "many clusters"): "three treated units",
    ("CausalDiagram", "this diagram"): "a missing arrow",
    ("CausalDiagram", "missing values"): "outcomes missing in a fifth of the rows",
    ("CausalDiagram", "prior of the tables"): "a strong prior",
    ("CausalDiagram", "regressions"): "a square left out",
    (
        "CausalDiagram",
        "hierarchical regressions",
    ): "8 confounders, dense interactions, 2000 rows",
    ("PartialCorrelation", "normal log-ratios"): "heavy tails",
    ("PartialCorrelation", "these parts"): "a total of two parts",
    (
        "PartialCorrelation",
        "shrinkage",
    ): "many parts of unequal variances, taken for equal",
    (
        "PartialCorrelation",
        "sparsity",
    ): "most amounts linked, taken for few links",
    ("PartialCorrelation", "multinomial counts"): "a fifth of the rows lack two taxa",
    ("SelectiveLabels", "one unobservable"): "decided for because the risk is low",
    ("SelectiveLabels", "linear logit"): "risk is curved in a feature",
    ("SelectiveLabels", "prevalence"): "prevalence far too high",
    ("SelectiveLabels", "expertise"): "expertise on a barrier to testing",
    ("SelectiveLabels", "errors of the test"): "test less specific than said",
    ("Instrument", "exclusion"): "one of two instruments acts on the outcome",
    (
        "Instrument",
        "independence of the instruments",
    ): "the only instrument acts on the outcome",
    ("Instrument", "one effect"): "effects differ between the instruments' compliers",
    ("Instrument", "linearity"): "an instrument curved in a covariate",
    ("Instrument", "many rows"): "instruments that a few rows carry",
    ("Instrument", "equal variances"): "unequal variances, taken for equal",
    ("Instrument", "prior of confounding"): "an irrelevant instrument",
    (
        "Instrument",
        "exchangeable direct effects",
    ): "direct effects in one direction, learned",
    (
        "Instrument",
        "outcome invariance",
    ): "an augmentation along a direction that moves the outcome",
    ("Heckman", "joint normality"): "Heckman, skewed errors, nothing excluded",
    (
        "Heckman",
        "shape of the errors",
    ): "Heckman, log-normal errors, taken for Student t, nothing excluded",
    ("Heckman", "linear outcome"): "Heckman, outcome curved in a feature",
    ("Heckman", "mean"): "Heckman, a wrong mean, with an exclusion",
    ("Heckman", "exclusion"): "Heckman, an excluded feature moves the outcome",
    (
        "Heckman",
        "exclusion from the decision",
    ): "Heckman, a feature said not to move the decision moves it",
    (
        "PanelDML",
        "effect modification",
    ): "an effect that jumps at a value of its moderator",
    ("PanelDML", "random slopes"): "effects of units' own, and carry-over",
    (
        "DynamicPanel",
        "measured without error",
    ): "-9 for missing values of the treatment",
    ("PanelGLM", "measured without error"): "-9 for missing values of the treatment",
    ("EventStudy", "independent errors"): "serial correlation, taken as independent",
    (
        "PartialCorrelation",
        "measured without error",
    ): "-9 for missing values of a covariate",
    (
        "CausalDiagram",
        "monotone y",
    ): "monotone, the outcome falls where the treatment rises",
    ("SelectiveLabels", "exclusion"): "an excluded feature moves the outcome",
    (
        "SelectiveLabels",
        "exclusion from the decision",
    ): "a feature said not to move the decision moves it",
    ("SelectiveLabels", "linear probit"): "risk is curved in a feature, by probit",
    (
        "Heckman",
        "expertise",
    ): "Heckman, expertise on a feature that drives the decision otherwise",
    ("Heckman", "correlation"): "Heckman, a wrong correlation, with an exclusion",
    ("PanelDML", "measured without error"): "outcomes cut off at their lowest fifth",
    ("PanelDML", "independent clusters"): "every unit twice",
    ("EventStudy", "measured without error"): "outcomes cut off at their lowest fifth",
    (
        "CausalDiagram",
        "independent observations",
    ): "rows in the order of 20 clusters, not drawn",
    (
        "CausalDiagram",
        "measured without error",
    ): "-9 for missing values of a confounder",
    ("PartialCorrelation", "independent rows"): "specimens of ten subjects, not named",
    ("SelectiveLabels", "independent people"): "every person twice",
    ("SelectiveLabels", "measured without error"): "-9 for missing values of a feature",
    ("Instrument", "measured without error"): "outcomes cut off at their lowest fifth",
    ("Heckman", "independent people"): "Heckman, every person twice",
    (
        "Heckman",
        "measured without error",
    ): "Heckman, outcomes cut off at their lowest fifth",
}

# Values at which the answer to the planted data, or to data from the prior, is given again.
SENSITIVITY: dict[tuple[str, str], dict[str, list[Any]]] = {
    ("PanelDML", "smooth and additive"): {"basis_size": [1, 4, 12]},
    ("PanelDML", "independent errors"): {"errors": ["cluster", "bootstrap", "ar1"]},
    ("PanelDML", "unit heterogeneity"): {"heterogeneity": ["random", "pooled"]},
    ("PanelDML", "independent clusters"): {"errors": ["iid", "bootstrap", "ar1"]},
    ("PanelDML", "AR(1) errors"): {"errors": ["iid", "cluster"]},
    ("CausalDiagram", "this diagram"): {"diagram": ["z -> x, y; x -> y"]},
    ("CausalDiagram", "levels of hidden variables"): {"hidden_levels": [3]},
    ("SelectiveLabels", "response to risk"): {"response": [0.5, 0.75, 1.5]},
    ("SelectiveLabels", "one unobservable"): {"unobservable": ["normal", "logistic"]},
    ("PanelDML", "no unobserved time-varying confounder"): {"time_effects": [True]},
    ("DynamicPanel", "errors without serial correlation"): {"lags": [2]},
    ("DynamicPanel", "constant variance"): {"variances": ["by_period"]},
    ("DynamicPanel", "variances by period"): {"variances": ["constant"]},
    ("DynamicPanel", "linear initial condition"): {"projection": ["mundlak"]},
    ("DynamicPanel", "many clusters"): {"errors": ["iid"]},
    ("DynamicPanel", "normal errors"): {"errors": ["cluster"]},
    ("PanelGLM", "distribution of the outcome"): {"errors": ["cluster"]},
    ("PanelGLM", "many clusters"): {"errors": ["iid"]},
    ("EventStudy", "parallel trends"): {"trend_violation": [0.0, 0.5, 1.0, 2.0]},
    ("EventStudy", "no anticipation"): {"anticipation": [1, 2]},
    ("EventStudy", "pooled shape of effects"): {"pooling": ["full", "none"]},
    ("EventStudy", "exchangeable cohorts"): {"pooling": ["shape", "none"]},
    ("EventStudy", "unrestricted effects"): {"pooling": ["shape", "full"]},
    ("EventStudy", "independent errors"): {"errors": ["ar1"]},
    ("CausalDiagram", "prior of the tables"): {"concentration": [0.1, 0.5, 2.0, 5.0]},
    ("CausalDiagram", "regressions"): {"basis_size": [3, 5, 8]},
    ("CausalDiagram", "hierarchical regressions"): {
        "interaction_scale": [0.1, 0.25, 1.0, 2.0]
    },
    ("PartialCorrelation", "shrinkage"): {"shrinkage": [0.1, 0.3, 0.5, 0.7]},
    ("SelectiveLabels", "prevalence"): {"prevalence": [0.2, 0.3, 0.4]},
    ("Instrument", "exchangeable direct effects"): {
        "direct_prior_scale": [0.02, 0.05, 0.2, 0.5]
    },
    ("Heckman", "mean"): {"mean": [-0.5, 0.0, 0.5]},
    ("Heckman", "shape of the errors"): {"errors": ["normal", "skewed"]},
}
_PANEL = {"units": 60, "times": 6, "covariates": 1}
_DYNAMIC = {"units": 150, "times": 5}
_COHORTS = {"units": 100, "times": 6, "cohorts": 2}
SIMULATED: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = {
    # the model and its simulated data, for the curve of an assumption that no world plants
    ("PanelDML", "unit heterogeneity"): ({}, _PANEL),
    ("PanelDML", "independent clusters"): ({}, _PANEL),
    ("PanelDML", "AR(1) errors"): ({"errors": "ar1"}, _PANEL),
    ("DynamicPanel", "variances by period"): ({}, _DYNAMIC),
    ("DynamicPanel", "linear initial condition"): ({}, _DYNAMIC),
    ("DynamicPanel", "many clusters"): ({}, _DYNAMIC),
    ("DynamicPanel", "normal errors"): ({"errors": "iid"}, _DYNAMIC),
    ("PanelGLM", "many clusters"): ({}, _DYNAMIC),
    ("EventStudy", "pooled shape of effects"): ({}, _COHORTS),
    ("EventStudy", "exchangeable cohorts"): ({"pooling": "full"}, _COHORTS),
    ("EventStudy", "unrestricted effects"): ({"pooling": "none"}, _COHORTS),
    ("EventStudy", "independent errors"): ({"errors": "iid"}, _COHORTS),
    ("CausalDiagram", "levels of hidden variables"): (
        {
            "diagram": "z -> x -> y; x <-> y",
            "treatment": "x",
            "route": "structural",
        },
        {"people": 300},
    ),
    ("SelectiveLabels", "response to risk"): (
        {"prevalence": 0.3},
        {"people": 600, "features": 2},
    ),
}
COUNTED = {"a fifth of the rows lack two taxa"}


@cache
def worlds() -> dict[Any, Any]:
    """Return the worlds of all families by the file of the bench and their name."""
    folder = str(ROOT / "benchmarks")
    if folder not in sys.path:
        sys.path.append(folder)
    files = sorted((ROOT / "benchmarks" / "worlds").glob("[a-z]*.py"))
    modules = [importlib.import_module(f"worlds.{file.stem}") for file in files]
    listed = [world for module in modules for world in module.WORLDS]
    return {(world.family, world.name): world for world in listed}


def world_of(key: tuple[str, str]) -> Any:
    """Return the world in which an assumption is wrong; None where there is none."""
    return worlds().get((BENCH.get(key[0]), WORLDS.get(key)))


def is_heavy(key: tuple[str, str]) -> bool:
    """Whether its fit compiles and samples a graph, which takes a minute."""
    counted = WORLDS.get(key) in COUNTED
    return BENCH.get(key[0]) == "selection" or key in SIMULATED or counted


def source(world: Any) -> str:
    """Return the program that draws the data of a world, as text."""
    make = world.make
    function = make
    settings = []
    for value in _captured(make):
        if inspect.isfunction(value) or isinstance(value, partial):
            function = value
    while isinstance(function, partial):
        settings += [f"{key}={value!r}" for key, value in function.keywords.items()]
        function = function.func
    text = inspect.getsource(function).rstrip()
    if settings:
        text += f"\n\n# called with {', '.join(settings)}"
    return text


def _captured(function: Any) -> list[Any]:
    cells = getattr(function, "__closure__", None) or ()
    return [cell.cell_contents for cell in cells]


def record(key: tuple[str, str], fast: bool) -> dict[str, Any] | None:
    """Return what the checks and the sensitivity analysis say of the planted data.

    Parameters
    ----------
    key : (family, name of the assumption)
    fast : bool
        Whether to leave out what takes long, unless its record is kept.

    Returns
    -------
    dict or None
        None where there is no such world, or it was left out.
    """
    if key not in WORLDS and key not in SIMULATED:
        return None
    name = "|".join([*key, WORLDS.get(key, "")])
    return kept(name, lambda: _make(key), leave_out=fast and is_heavy(key))


def _make(key: tuple[str, str]) -> dict[str, Any]:
    import causalstats as cs

    warnings.simplefilter("ignore")
    world = world_of(key)
    if world is None:
        fields, sizes = SIMULATED[key]
        model = getattr(cs, key[0])(**fields)
        data = model.simulate(SEED, **sizes).data
    else:
        model, data = world.make(SEED)
    sampled = is_heavy(key) and key[0] != "EventStudy"
    sampler = {"sampler": cs.Laplace()} if sampled else {}
    fit = cs.fit(model, data, seed=SEED, progress=False, **sampler)
    made: dict[str, Any] = {"model": repr(model), "rows": len(data)}
    if world is not None:
        checks = fit.check()
        shown = [
            each
            for each in checks
            if each.passed is False
            or (each.passed is None and each.caution)
            or any(each.name.startswith(name) for name in world.catches)
        ]
        made["checks"] = [
            [each.name, each.verdict, each.finding, each.remedy] for each in shown
        ]
    if key in SENSITIVITY:
        made["sensitivity"] = _sensitivity(fit, SENSITIVITY[key])
    return made


def _sensitivity(fit: Any, assumptions: dict[str, list[Any]]) -> dict[str, str]:
    """Return the curve, as SVG, and the line of Python that draws it."""
    from causalstats.plots.sensitivity_curve import sensitivity, strongest

    headline = fit.effect(fit.model.headline)
    table = fit.sensitivity(**assumptions)
    if table.index.nlevels > 1:
        table = strongest(table, str(table.index.names[-1]))
    figure = sensitivity(table, headline.name, unit=headline.unit)
    arguments = ", ".join(f"{name}={values!r}" for name, values in assumptions.items())
    return {"svg": svg(figure), "code": f"fit.sensitivity({arguments})"}
