"""The effect among compliers: cholestyramine, potential outcomes, no compliers, refusals."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.case_studies.cholesterol_trial.study import MEN
from causalstats.case_studies.cholesterol_trial.study import data as cholesterol

DIAGRAM = "z -> x -> y; x <-> y"


def fitted(data, diagram=DIAGRAM, monotone=("z", "x"), treatment="x", **fields):
    model = cs.CausalDiagram(
        diagram, treatment=treatment, monotone=[monotone], **fields
    )
    return cs.fit(model, data, seed=1, progress=False)


def potential_outcomes(seed, rows=4000, moved=0.5, by_covariate=False):
    """A fifth always, the rest never treated; effects .5 of compliers, none of others."""
    rng = np.random.default_rng(seed)
    w = rng.integers(2, size=rows)
    chance = 0.3 + 0.4 * w if by_covariate else 0.5
    z = (rng.random(rows) < chance).astype(int)
    kind = rng.random(rows)
    share = moved + 0.3 * (w - 0.5) if by_covariate else moved
    complier, always = kind < share, kind > 0.85
    x = np.where(complier, z, always).astype(int)
    base = np.where(always, 0.8, 0.2) + 0.1 * w
    y = (rng.random(rows) < base + 0.5 * (complier & (x == 1))).astype(int)
    return pd.DataFrame({"z": z, "x": x, "y": y, "w": w})


def test_cholestyramine():
    """Balke & Pearl (1997): .464 / .612 = .758 from the printed proportions."""
    fit = fitted(
        cholesterol(),
        "assigned -> taken -> lowered; taken <-> lowered",
        ("assigned", "taken"),
        "taken",
        concentration=0.01,
    )
    effect, share = fit.effect("complier_effect"), fit.effect("compliers")
    assert float(effect.draws.median()) == pytest.approx(0.758, abs=0.01)
    assert float(share.draws.median()) == pytest.approx(0.612, abs=0.01)
    ends = effect.draws.quantile([0.025, 0.975]).to_numpy()
    np.testing.assert_allclose(ends, [0.631, 0.887], atol=0.015)
    assert not [check for check in effect.doubts if check.passed is False]


def test_the_ratio_is_two_stage_least_squares_of_labels_as_numbers():
    """And the posterior of `Instrument` on 0/1 data is nearly that of the tables."""
    rows = [
        [int(level in ("drug", "yes")) for level in cell]
        for cell, men in MEN.items()
        for _ in range(men)
    ]
    frame = pd.DataFrame(rows, columns=["z", "x", "y"])
    data = cs.Instrumented.from_formula("y ~ 1 | x ~ z", frame)
    model = cs.Instrument(effects="compliers")
    fit = cs.fit(model, data, seed=1, progress=False)
    table = fit.compare()
    labels = fitted(cs.Observations.from_frame(frame), concentration=0.01)
    effect = labels.effect("complier_effect").draws
    assert float(effect.mean()) == pytest.approx(table.loc["2SLS", "mean"], abs=0.01)
    ends = effect.quantile([0.025, 0.975]).to_numpy()
    np.testing.assert_allclose(
        table.loc["Instrument", ["lower", "upper"]], ends, atol=0.02
    )


@pytest.mark.parametrize("by_covariate", [False, True])
def test_intervals_cover_the_effect_of_compliers(by_covariate):
    diagram = "w -> z, x, y; z -> x -> y; x <-> y" if by_covariate else DIAGRAM
    names = ["z", "x", "y", "w"] if by_covariate else ["z", "x", "y"]
    inside = 0
    for seed in range(40):
        frame = potential_outcomes(seed, rows=1500, by_covariate=by_covariate)
        data = cs.Observations.from_frame(frame[names])
        draws = fitted(data, diagram).effect("complier_effect").draws
        low, high = draws.quantile([0.025, 0.975]).to_numpy()
        inside += low < 0.5 < high
    assert inside >= 32  # binomial limit of .95 at 1e-4


def test_an_instrument_that_moves_nobody_is_doubted():
    data = cs.Observations.from_frame(
        potential_outcomes(1, 500, moved=0.0)[["z", "x", "y"]]
    )
    effect = fitted(data).effect("complier_effect")
    assert "the instrument moves the treatment" in {each.name for each in effect.doubts}


def test_it_is_asked_only_of_a_monotone_instrument_of_two_levels():
    frame = potential_outcomes(1, 300)[["z", "x", "y"]]
    data = cs.Observations.from_frame(frame)
    fit = cs.fit(cs.CausalDiagram(DIAGRAM, treatment="x"), data, seed=1, progress=False)
    with pytest.raises(cs.ModelError, match="complier_effect"):
        fit.effect("complier_effect")
    three = frame.assign(z=np.arange(300) % 3)
    with pytest.raises(cs.ModelError, match="3 levels"):
        fitted(cs.Observations.from_frame(three)).effect("complier_effect")
    some = cs.Monotone("z", "x", exceptions=0.05)
    with pytest.raises(cs.ModelError, match="5.0%"):
        fitted(data, monotone=some).effect("complier_effect")


def test_thin_strata_of_what_is_held_say_that_the_prior_decides():
    def doubts(rows):
        frame = potential_outcomes(5, rows, by_covariate=True)
        rng = np.random.default_rng(6)
        for name in "abc":
            frame[name] = rng.integers(0, 3, rows)
        diagram = "w, a, b, c -> z, x, y; z -> x -> y; x <-> y"
        fit = fitted(cs.Observations.from_frame(frame), diagram, outcome="y")
        return {check.name for check in fit.effect("complier_effect").doubts}

    assert "weight of the prior" in doubts(300)
    assert "weight of the prior" not in doubts(60_000)


def test_a_cause_of_instrument_and_treatment_is_adjusted_for():
    """Given c the effect of compliers is 0.5; c makes the ratio without it 0.5 / 3 and less."""
    rng = np.random.default_rng(3)
    rows = 40_000
    c = rng.integers(2, size=rows)
    z = (rng.random(rows) < 0.1 + 0.8 * c).astype(int)
    kind = rng.random(rows)
    complier = kind < 0.4
    always = (kind >= 0.4) & (kind < 0.4 + 0.6 * c)
    x = np.where(complier, z, always).astype(int)
    y = (rng.random(rows) < 0.2 + 0.5 * (complier & (x == 1))).astype(int)
    data = cs.Observations.from_frame(pd.DataFrame({"c": c, "z": z, "x": x, "y": y}))
    fit = fitted(data, "c -> z, x; z -> x -> y; x <-> y", outcome="y")
    assert float(fit.effect("complier_effect").draws.mean()) == pytest.approx(
        0.5, abs=0.05
    )
    assert float(fit.effect("compliers").draws.mean()) == pytest.approx(0.4, abs=0.02)


@pytest.mark.parametrize(
    ("diagram", "reason"),
    [
        ("z -> x -> y; x <-> y; z <-> x", "P.x . do.z.. is not identified"),
        ("z -> m -> x; z -> x -> y; x <-> y", "acts on 'x' through 'm'"),
        ("z -> m -> y; z -> x -> y; x <-> y", "acts on 'y' through 'm'"),
    ],
)
def test_no_ratio_where_the_diagram_does_not_say_who_complies(diagram, reason):
    frame = potential_outcomes(1, 300).rename(columns={"w": "m"})
    names = [name for name in "zmxy" if name in diagram]
    data = cs.Observations.from_frame(frame[names])
    with pytest.raises(cs.ModelError, match=reason):
        fitted(data, diagram, outcome="y").effect("complier_effect")
