"""Designs of the questions that a fitted `CausalDiagram` answers beside its headline.

Natural direct and indirect effects, path-specific effects, policies, risk ratios, odds ratios and
numbers needed to treat, effects in subgroups and among the treated. Labels have logistic mechanisms
with independent errors, so that worlds can be mixed: with v(z) the share of what varies,

    E[y[x=a, m=m[x=b]]] = Σ_z P(z) Σ_m P(y = 1 | a, m, z) P(m | b, z)     natural effects

and truths are sums over all cells. Numbers are linear, and their truths are products and sums of
coefficients.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit

import causalstats as cs
from designs import Design

_SLOPES = np.array([0.6, 0.5, 0.4, 0.3, 0.3, 0.2, 0.2, 0.1])
Query = tuple[str, Mapping[str, Any], float]
"""The name of a question, the other arguments of `fit.effect`, and the truth."""


@dataclass(frozen=True)
class Mediated:
    """Confounders z of two levels, treatment x, mediators m and w, and outcome y.

    Parameters
    ----------
    confounders : int
    interaction : float
        How much x and z0 together add to the log odds of y.
    """

    confounders: int
    interaction: float = 0.8

    @property
    def grid(self) -> np.ndarray:
        return np.array(list(itertools.product([0, 1], repeat=self.confounders))) - 0.5

    @property
    def names(self) -> list[str]:
        return [f"z{k}" for k in range(self.confounders)]

    @property
    def diagram(self) -> str:
        return (
            f"{', '.join(self.names)} -> x, m, w, y; x -> m -> y; x -> w -> y; x -> y"
        )

    def _score(self, z: np.ndarray) -> np.ndarray:
        return z @ _SLOPES[: self.confounders]

    def treated(self, z: np.ndarray) -> np.ndarray:
        return expit(self._score(z))

    def first(self, x: Any, z: np.ndarray) -> np.ndarray:
        return expit(-0.6 + 1.2 * x + self._score(z))

    def second(self, x: Any, z: np.ndarray) -> np.ndarray:
        return expit(0.4 - 1.0 * x + 0.5 * self._score(z))

    def risk(self, x: Any, m: Any, w: Any, z: np.ndarray) -> np.ndarray:
        modified = self.interaction * x * z[:, 0]
        return expit(-1.0 + 0.6 * x + m + 0.8 * w + self._score(z) + modified)

    def risks(self, direct: Any, by_m: Any, by_w: Any) -> np.ndarray:
        """Return P(y = 1) in each cell of z with another x on each path.

        Parameters
        ----------
        direct, by_m, by_w : 0, 1, or array (cells,)
            What x is for y itself, for m and for w.
        """
        z = self.grid
        total = np.zeros(len(z))
        for m, w in itertools.product([0, 1], repeat=2):
            share_m = self.first(by_m, z) if m else 1 - self.first(by_m, z)
            share_w = self.second(by_w, z) if w else 1 - self.second(by_w, z)
            total += share_m * share_w * self.risk(direct, m, w, z)
        return total

    def controlled(self, x: Any, m: Any) -> np.ndarray:
        """Return P(y = 1 | do(x, m)) in each cell of z."""
        z = self.grid
        share = self.second(x, z)
        return share * self.risk(x, m, 1, z) + (1 - share) * self.risk(x, m, 0, z)

    def make(self, rng: np.random.Generator, rows: int) -> pd.DataFrame:
        z = rng.integers(0, 2, (rows, self.confounders)) - 0.5

        def drawn(probability: np.ndarray) -> np.ndarray:
            return (rng.random(rows) < probability).astype(int)

        x = drawn(self.treated(z))
        m = drawn(self.first(x, z))
        w = drawn(self.second(x, z))
        y = drawn(self.risk(x, m, w, z))
        frame = pd.DataFrame((z + 0.5).astype(int), columns=self.names)
        return frame.assign(x=x, m=m, w=w, y=y)

    def queries(self) -> dict[str, Query]:
        """Return questions by name, with their truths."""
        z = self.grid
        old = z[:, 0] > 0
        by_age = np.where(old, 1, 0)
        treated = self.treated(z)
        treat_old = cs.Policy({0: 0, 1: 1}, reads="z0")
        mostly = cs.Policy({0: 0.3, 1: 0.7})
        unlike_x = cs.Policy({0: 1, 1: 0}, reads="x")
        one, none = self.risks(1, 1, 1), self.risks(0, 0, 0)
        risk_one, risk_none = one.mean(), none.mean()
        both = {"x": [1, 0]}

        def among(shares: np.ndarray) -> float:
            return float((shares * (one - none)).sum() / shares.sum())

        regime = self.controlled(by_age, 1 - by_age) - self.controlled(0, 0)
        return {
            "natural direct effect": (
                "natural_direct",
                {},
                float((self.risks(1, 0, 0) - none).mean()),
            ),
            "natural indirect effect": (
                "natural_indirect",
                {},
                float((one - self.risks(1, 0, 0)).mean()),
            ),
            "path through one mediator": (
                "y",
                {"do": {"x": 0, "x -> m": [1, 0]}},
                float((self.risks(0, 1, 0) - none).mean()),
            ),
            "controlled direct effect": (
                "y",
                {"do": {"x": [1, 0], "m": 0}},
                float((self.controlled(1, 0) - self.controlled(0, 0)).mean()),
            ),
            "policy that reads a confounder": (
                "y",
                {"do": {"x": [treat_old, 0]}},
                float((by_age * (one - none)).mean()),
            ),
            "policy by chance": (
                "y",
                {"do": {"x": [mostly, 0]}},
                float(0.7 * (one - none).mean()),
            ),
            "policies of two variables": (
                "y",
                {"do": {"x": [treat_old, 0], "m": [unlike_x, 0]}},
                float(regime.mean()),
            ),
            "risk ratio": (
                "y",
                {"do": both, "scale": "ratio"},
                float(risk_one / risk_none),
            ),
            "odds ratio": (
                "y",
                {"do": both, "scale": "odds ratio"},
                float(risk_one / (1 - risk_one) * (1 - risk_none) / risk_none),
            ),
            "number needed to treat": (
                "y",
                {"do": both, "scale": "number needed to treat"},
                float(1 / (risk_one - risk_none)),
            ),
            "subgroup": ("y", {"do": both, "given": {"z0": 1}}, among(1.0 * old)),
            "of the treated": ("y", {"do": both, "factual": {"x": 1}}, among(treated)),
            "of the untreated": (
                "y",
                {"do": both, "factual": {"x": 0}},
                among(1 - treated),
            ),
            "untreated outcome of treated people with z0=1": (
                "P(y[x=0]=1 | x=1, z0=1)",
                {},
                float((old * treated * none).sum() / (old * treated).sum()),
            ),
            "path of the treated": (
                "y",
                {"do": {"x": 0, "x -> m": [1, 0]}, "factual": {"x": 1}},
                float((treated * (self.risks(0, 1, 0) - none)).sum() / treated.sum()),
            ),
        }


def questions_of_labels(confounders: int, rows: int, route: str) -> list[Design]:
    """Return a design for each question about the labels of `Mediated`.

    Parameters
    ----------
    confounders, rows : int
    route : str
        That `route="auto"` takes on such data, for the names.
    """
    world = Mediated(confounders)
    model = cs.CausalDiagram(world.diagram, treatment="x", outcome="y")

    def design(name: str, query: Query) -> Design:
        estimand, arguments, truth = query

        def make(seed: int) -> tuple[Any, Any, float]:
            frame = world.make(np.random.default_rng(seed), rows)
            return model, cs.Observations.from_frame(frame), truth

        return Design(
            name=f"{route}: {name}, {confounders} confounders, {rows} rows",
            family="diagrams",
            make=make,
            estimand=estimand,
            arguments=arguments,
        )

    return [design(name, query) for name, query in world.queries().items()]


def dynamic_regime(name: str, rows: int, confounders: int) -> Design:
    """Return two treatments, the second chosen by a symptom that the first acts on.

    Parameters
    ----------
    name : str
    rows, confounders : int
    """
    slopes = _SLOPES[:confounders]
    grid = np.array(list(itertools.product([0, 1], repeat=confounders))) - 0.5
    names = [f"z{k}" for k in range(confounders)]
    model = cs.CausalDiagram(
        f"{', '.join(names)} -> a, s, b, y; a -> s -> b; a -> y; s -> y; b -> y",
        treatment="a",
        outcome="y",
    )
    when_ill = cs.Policy({0: 0, 1: 1}, reads="s")

    def ill(a: Any, z: np.ndarray) -> np.ndarray:
        return expit(0.5 - a + z @ slopes)

    def risk(a: Any, s: Any, b: Any, z: np.ndarray) -> np.ndarray:
        return expit(-0.5 - 0.4 * a + 1.2 * s - 0.9 * b + z @ slopes)

    def outcome(a: int, rule: Callable[[int], int]) -> np.ndarray:
        share = ill(a, grid)
        seen = risk(a, 1, rule(1), grid), risk(a, 0, rule(0), grid)
        return share * seen[0] + (1 - share) * seen[1]

    truth = float((outcome(1, lambda s: s) - outcome(0, lambda s: 0)).mean())

    def make(seed: int) -> tuple[Any, Any, float]:
        rng = np.random.default_rng(seed)
        z = rng.integers(0, 2, (rows, confounders)) - 0.5
        a = (rng.random(rows) < expit(z @ slopes)).astype(int)
        s = (rng.random(rows) < ill(a, z)).astype(int)
        b = (rng.random(rows) < expit(-0.5 + s + z @ slopes)).astype(int)
        y = (rng.random(rows) < risk(a, s, b, z)).astype(int)
        frame = pd.DataFrame((z + 0.5).astype(int), columns=names)
        frame = frame.assign(a=a, s=s, b=b, y=y)
        return model, cs.Observations.from_frame(frame), truth

    return Design(
        name=name,
        family="diagrams",
        make=make,
        estimand="y",
        arguments={"do": {"a": [1, 0], "b": [when_ill, 0]}},
    )


def questions_of_numbers(rows: int) -> list[Design]:
    """Return a design for each question about a linear mediated effect of a number.

    Parameters
    ----------
    rows : int
    """
    model = cs.CausalDiagram(
        "z -> x, m, y; x -> m -> y; x -> y",
        treatment="x",
        outcome="y",
        route="regression",
    )

    def make_frame(seed: int) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        z = rng.normal(size=rows)
        x = z + rng.normal(size=rows)
        m = 0.8 * x + z + rng.normal(size=rows)
        y = 0.5 * x + 0.7 * m + z + rng.normal(size=rows)
        return pd.DataFrame({"z": z, "x": x, "m": m, "y": y})

    shift = cs.Policy(lambda x: x + 1, reads="x")
    unchanged = cs.Policy(lambda x: x, reads="x")
    queries: dict[str, Query] = {
        "natural direct effect": ("natural_direct", {}, 0.5),
        "natural indirect effect": ("natural_indirect", {}, 0.56),
        "path through the mediator": ("y", {"do": {"x": 0, "x -> m": [1, 0]}}, 0.56),
        "controlled direct effect": ("y", {"do": {"x": [1, 0], "m": 0}}, 0.5),
        "shift of the treatment": ("y", {"do": {"x": [shift, unchanged]}}, 1.06),
        "subgroup of a number": (
            "y",
            {"do": {"x": [1, 0]}, "given": {"z": (0, 2)}},
            1.06,
        ),
    }
    return [
        _of_numbers(f"regression: {name}, {rows} rows", model, make_frame, query)
        for name, query in queries.items()
    ]


def _of_numbers(
    name: str, model: Any, make_frame: Callable[[int], pd.DataFrame], query: Query
) -> Design:
    """Return a design of one question about numbers.

    Parameters
    ----------
    name : str
    model : CausalDiagram
    make_frame : function of a seed
    query : Query
    """
    estimand, arguments, truth = query

    def make(seed: int) -> tuple[Any, Any, float]:
        return model, cs.Observations.from_frame(make_frame(seed)), truth

    return Design(
        name=name,
        family="diagrams",
        make=make,
        estimand=estimand,
        arguments=arguments,
    )


def questions_of_a_modified_effect(rows: int) -> list[Design]:
    """Return questions about a treatment of two levels whose effect is 1 + z / 2.

    Parameters
    ----------
    rows : int
    """
    model = cs.CausalDiagram(
        "z -> x, y; x -> y",
        treatment="x",
        outcome="y",
        route="regression",
        interactions="pairs",
    )

    def make_frame(seed: int) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        z = rng.normal(size=rows)
        x = (rng.random(rows) < expit(z)).astype(int)
        y = x * (1 + 0.5 * z) + z + rng.normal(size=rows)
        return pd.DataFrame({"z": z, "x": x, "y": y})

    mean_of_treated = 2 * stats.norm.expect(lambda z: z * expit(z))
    within = stats.truncnorm(0, 2).mean()
    where_positive = cs.Policy(lambda z: (z > 0).astype(int), reads="z")
    both = {"x": [1, 0]}
    queries: dict[str, Query] = {
        "of the treated": (
            "y",
            {"do": both, "factual": {"x": 1}},
            float(1 + 0.5 * mean_of_treated),
        ),
        "modified effect in a range": (
            "y",
            {"do": both, "given": {"z": (0, 2)}},
            float(1 + 0.5 * within),
        ),
        "policy that reads a number": (
            "y",
            {"do": {"x": [where_positive, 0]}},
            float(0.5 + 0.5 * stats.norm.pdf(0)),
        ),
    }
    return [
        _of_numbers(f"regression: {name}, {rows} rows", model, make_frame, query)
        for name, query in queries.items()
    ]


QUESTIONS = [
    *questions_of_labels(2, 500, "tables"),
    *questions_of_labels(6, 500, "hierarchical"),
    dynamic_regime("tables: dynamic treatment regime, 1 confounder, 500 rows", 500, 1),
    dynamic_regime(
        "hierarchical: dynamic treatment regime, 6 confounders, 500 rows", 500, 6
    ),
    *questions_of_numbers(300),
    *questions_of_a_modified_effect(300),
]
