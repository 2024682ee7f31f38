"""One variant of every model for each way in which its graph or its sampler differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import causalstats as cs

PREVALENCE = cs.Known(0.3, sd=0.05)
PEOPLE = {"people": 500, "features": 3}


@dataclass(frozen=True)
class Variant:
    """A model and the arguments of its `simulate` besides seed and design."""

    model: Any
    simulate: Mapping[str, Any] = field(default_factory=dict)

    def data(self, seed: int) -> Any:
        """Return a data set drawn from the prior of the model."""
        return self.model.simulate(seed, design="prior", **self.simulate).data


VARIANTS = {
    "selective labels": Variant(
        cs.SelectiveLabels(prevalence=PREVALENCE, expertise=["x2"]), PEOPLE
    ),
    "nothing known": Variant(cs.SelectiveLabels(), PEOPLE),
    "normal, soft expertise": Variant(
        cs.SelectiveLabels(
            prevalence=PREVALENCE,
            expertise=["x2"],
            expertise_sd=0.5,
            unobservable="normal",
        ),
        PEOPLE,
    ),
    "deciders": Variant(
        cs.SelectiveLabels(prevalence=PREVALENCE, deciders="leniency"), PEOPLE
    ),
    "imperfect test": Variant(
        cs.SelectiveLabels(
            prevalence=PREVALENCE,
            sensitivity=cs.Known(0.9, sd=0.03),
            specificity=cs.Known(0.95, sd=0.02),
        ),
        PEOPLE,
    ),
    "by group": Variant(
        cs.SelectiveLabels(
            prevalence=cs.KnownByGroup(
                "region", {"a": PREVALENCE, "b": cs.Known(0.5, sd=0.1), "c": 0.2}
            )
        ),
        PEOPLE,
    ),
    "shrunk composition": Variant(
        cs.PartialCorrelation(prior="shrunk", basis_variance=1.0),
        {"rows": 25, "parts": 4},
    ),
    "few rows of a composition": Variant(
        cs.PartialCorrelation(prior="shrunk", basis_variance=1.0),
        {"rows": 6, "parts": 8},
    ),
    "invariant composition": Variant(
        cs.PartialCorrelation(prior="invariant", shrinkage=0.3, basis_variance=1.0),
        {"rows": 25, "parts": 4},
    ),
    "values within bounds": Variant(
        cs.PartialCorrelation(prior="shrunk", basis_variance=1.0),
        {"rows": 25, "parts": 4, "resolution": 1.0},
    ),
    "sparse composition": Variant(
        cs.PartialCorrelation(prior="sparse", basis_variance=1.0),
        {"rows": 25, "parts": 4},
    ),
    "horseshoe composition": Variant(
        cs.PartialCorrelation(prior="horseshoe", basis_variance=1.0),
        {"rows": 25, "parts": 4},
    ),
    "counts": Variant(
        cs.PartialCorrelation(prior="shrunk", basis_variance=1.0),
        {"rows": 25, "parts": 4, "depth": 300},
    ),
    "rows of subjects": Variant(
        cs.PartialCorrelation(prior="shrunk", basis_variance=1.0),
        {"rows": 25, "parts": 4, "repeated": "subject"},
    ),
    "rows in time": Variant(
        cs.PartialCorrelation(prior="shrunk", basis_variance=1.0),
        {"rows": 25, "parts": 4, "repeated": "time"},
    ),
    "panel": Variant(
        cs.PanelDML(scale=(1.0, 1.0), basis_size=6, errors="iid"),
        {"units": 30, "times": 4},
    ),
    "panel with global-local shrinkage": Variant(
        cs.PanelDML(
            scale=(1.0, 1.0), basis_size=4, errors="iid", shrinkage="global-local"
        ),
        {"units": 30, "times": 4, "covariates": 2},
    ),
    "panel of gaussian processes": Variant(
        cs.PanelDML(scale=(1.0, 1.0), basis_size=8, errors="iid", basis="hsgp"),
        {"units": 30, "times": 4},
    ),
    "panel of random Fourier features": Variant(
        cs.PanelDML(scale=(1.0, 1.0), basis_size=8, errors="iid", basis="fourier"),
        {"units": 30, "times": 4, "covariates": 2},
    ),
    "panel of learned functions": Variant(
        cs.PanelDML(scale=(1.0, 1.0), basis_size=4, errors="iid", nuisance="boosting"),
        {"units": 30, "times": 4, "covariates": 2},
    ),
    "panel with autoregressive errors": Variant(
        cs.PanelDML(scale=(1.0, 1.0), basis_size=4, errors="ar1"),
        {"units": 30, "times": 6},
    ),
    "pooled panel": Variant(
        cs.PanelDML(
            scale=(1.0, 1.0), basis_size=6, errors="iid", heterogeneity="pooled"
        ),
        {"units": 30, "times": 2},
    ),
    "dynamic panel": Variant(
        cs.DynamicPanel(scale=(1.0, 1.0), errors="iid"), {"units": 40, "times": 4}
    ),
    "panel of counts": Variant(
        cs.PanelGLM(scale=(1.0,), errors="iid", effect_sd=0.5, coefficient_sd=0.5),
        {"units": 40, "times": 4},
    ),
    "panel of zeros and ones": Variant(
        cs.PanelGLM(family="logit", scale=(1.0,), errors="iid"),
        {"units": 60, "times": 4},
    ),
    "event study": Variant(
        cs.EventStudy(scale=1.0), {"units": 30, "times": 5, "cohorts": 2}
    ),
    "front-door": Variant(
        cs.CausalDiagram(
            "smoking -> tar -> cancer; smoking <-> cancer", route="reduced"
        ),
        {"people": 200},
    ),
    "back-door": Variant(
        cs.CausalDiagram(
            cs.Diagram.parse("z -> x -> y; z -> y").with_levels({"z": 3, "x": 3}),
            treatment="x",
            route="reduced",
        ),
        {"people": 100},
    ),
    "napkin": Variant(
        cs.CausalDiagram(
            "w -> z -> x -> y; w <-> x; w <-> y", treatment="x", concentration=0.5
        ),
        {"people": 200},
    ),
    "mechanisms of the front-door": Variant(
        cs.CausalDiagram(
            "smoking -> tar -> cancer; smoking <-> cancer", route="structural"
        ),
        {"people": 200},
    ),
    "heckman": Variant(
        cs.Heckman(outcome_scale=(0.0, 1.0), excluded=["x1"], expertise=["x2"]), PEOPLE
    ),
    "instruments": Variant(
        cs.Instrument(errors="iid"), {"rows": 100, "instruments": 3, "covariates": 1}
    ),
    "instrument with a direct effect": Variant(
        cs.Instrument(errors="iid", direct={"z1": cs.Known(0.1, sd=0.2)}),
        {"rows": 100, "instruments": 1, "covariates": 0},
    ),
    "instruments of two treatments": Variant(
        cs.Instrument(errors="iid"),
        {"rows": 100, "instruments": 3, "covariates": 1, "treatments": 2},
    ),
    "designed first stage": Variant(
        cs.Instrument(first_stage="designed", errors="iid"),
        {"rows": 100, "instruments": 3, "covariates": 1, "treatments": 4},
    ),
    "instruments with direct effects": Variant(
        cs.Instrument(errors="iid", direct="learned"),
        {"rows": 100, "instruments": 4, "covariates": 1},
    ),
}
