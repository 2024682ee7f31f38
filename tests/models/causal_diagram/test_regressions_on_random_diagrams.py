"""Random questions about random diagrams, hidden causes included, by regressions and by tables.

The counts are the exact shares of two million people, so that tables answer with the formula.
"""

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import causalstats as cs
from causalstats.errors import ModelError

NAMES = list("abcd")
MATERIAL_DIFFERENCE = 0.02  # hidden causes make mixtures that are not quite logistic


def random_study(rng):
    """Return a diagram as text, and its population."""
    pairs = list(combinations(NAMES, 2))
    arrows = [pair for pair in pairs if rng.random() < 0.65]
    hidden = [pair for pair in pairs if rng.random() < 0.2]
    causes = [f"u{number}" for number in range(len(hidden))]
    cells = np.array(list(product([0, 1], repeat=len(causes) + len(NAMES))))
    columns = dict(zip([*causes, *NAMES], cells.T, strict=True))
    share = np.full(len(cells), 0.5 ** len(causes))
    for name in NAMES:
        score = np.full(len(cells), 0.3 * rng.normal())
        for cause, effect in arrows:
            if effect == name:
                slope = rng.uniform(0.3, 0.8) * rng.choice([-1, 1])
                score += slope * (2 * columns[cause] - 1)
        for cause, pair in zip(causes, hidden, strict=True):
            score += 0.7 * (2 * columns[cause] - 1) * (name in pair)
        risk = expit(score)
        share = share * np.where(columns[name] == 1, risk, 1 - risk)
    frame = pd.DataFrame({name: columns[name] for name in NAMES}).assign(n=share)
    frame = frame.groupby(NAMES, as_index=False)["n"].sum()
    frame["n"] = np.round(2e6 * frame["n"]).astype(int)
    words = [f"{cause} -> {effect}" for cause, effect in arrows]
    words += [f"{one} <-> {other}" for one, other in hidden]
    return "; ".join(words), frame


def random_questions(rng):
    """Yield questions of each kind about variables in random places."""
    y, x, m, w = map(str, rng.permutation(NAMES))
    one, two, three = map(int, rng.integers(0, 2, 3))
    flip = cs.Policy({0: 1, 1: 0}, reads=m)
    follow = cs.Policy({0: 0, 1: 1}, reads=w)
    both = [1, 0]
    yield y, {"do": {x: both}, "given": {m: one}}
    yield y, {"do": {x: both, m: one}}
    yield y, {"do": {x: both, m: one}, "given": {w: two}}
    yield y, {"do": {x: both}, "factual": {x: one}}
    yield y, {"do": {x: both}, "factual": {x: one, m: two}}
    yield y, {"do": {x: [flip, 0]}}
    yield y, {"do": {x: both, m: [follow, 0]}}
    yield f"P({y}[{x}={one}]={two} | {x}={three}, {m}={two})", {}
    yield f"P({y}[{x}={one}]={two}, {m}={three})", {}
    yield f"P({y}[{x}={one}]={two} | {m}[{x}={three}]={one})", {}
    yield f"P({m}={one} | {y}={two}, {w}={three})", {}


@pytest.mark.parametrize("seed", [0, 10, 15])
def test_regressions_answer_as_tables_do(seed):
    rng = np.random.default_rng(seed)
    text, frame = random_study(rng)
    data = cs.Observations.from_frame(frame, counts="n")
    sampler = cs.Exact(chains=2, draws=20)
    treatment = text[0]
    by_tables, by_regressions = (
        cs.fit(
            cs.CausalDiagram(text, treatment=treatment, outcome="d", route=route),
            data,
            sampler=sampler,
            seed=1,
            progress=False,
        )
        for route in ("reduced", "hierarchical")
    )
    answered = 0
    for question, arguments in [
        each for _ in range(3) for each in random_questions(rng)
    ]:
        try:
            right = by_tables.effect(question, **arguments)
        except ModelError:
            continue
        answer = by_regressions.effect(question, **arguments)
        difference = float(answer.draws.mean() - right.draws.mean())
        assert abs(difference) < MATERIAL_DIFFERENCE, (text, question, arguments)
        answered += "regressions" in answer.description
    assert answered > 8
