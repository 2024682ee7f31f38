"""An answer carries the checks that concern it: in its sentence, its table, the card of its fit."""

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import norm

import causalstats as cs
from causalstats.checks.convergence import answer_sampling
from causalstats.core.check import Check
from causalstats.core.display_scale import DisplayScale, exponential
from causalstats.core.effect import Effect, _listed
from causalstats.core.estimand import Estimand
from causalstats.inference import answers


def check(name: str, passed: bool | None = False, **more) -> Check:
    return Check(
        name=name,
        passed=passed,
        value=None,
        expected="",
        finding=f"{name} was found",
        remedy="" if passed else f"Mend {name}.",
        **more,
    )


def effect(*checks: Check, draws: np.ndarray | None = None, **more) -> Effect:
    values = np.random.default_rng(0).normal(size=(4, 500)) if draws is None else draws
    dims = ("chain", "draw", "pair")[: values.ndim]
    arguments = dict(
        name="risk",
        draws=xr.DataArray(values, dims=dims, name="risk"),
        description="A risk.",
        unit="probability",
        contrast="none",
        kind="causal",
        assumptions=("overlap", "no hidden cause"),
        make_doubts=lambda: checks,
    )
    return Effect(**(arguments | more))


def test_a_doubt_stands_in_the_sentence_the_table_and_both_forms_of_the_card():
    answer = effect(check("overlap"))
    for shown in (answer.text(), repr(answer), answer._repr_html_()):
        assert "overlap was found" in shown and "Mend overlap" in shown
    assert list(answer.summary()["doubts"]) == ["overlap"]
    assert list(effect().summary()["doubts"]) == [""]
    assert list(answer.decide()["doubts"]) == ["overlap"]
    assert list(effect().decide()["doubts"]) == [""]
    assert "In doubt" not in effect().text()


def test_a_contradicted_assumption_is_marked_where_the_answer_stands_on_it():
    text = effect(check("positivity", assumption="overlap")).text()
    assert "overlap (contradicted by these data), no hidden cause" in text
    undecided = effect(
        check("positivity", None, assumption="overlap", caution=True)
    ).text()
    assert "contradicted" not in undecided and "positivity was found" in undecided


def test_the_contrast_is_told_with_the_answer():
    answer = effect(contrast="treated minus untreated")
    assert "treated minus untreated" in answer.text()
    assert "treated minus untreated" in repr(answer)


@pytest.mark.parametrize(
    ("passed", "caution", "estimands", "stands"),
    [
        (False, False, (), True),
        (False, False, ("risk",), True),
        (False, False, ("other",), False),
        (True, False, (), False),
        (True, True, (), False),
        (None, False, (), False),
        (None, True, (), True),
        (None, True, ("other",), False),
    ],
)
def test_failed_checks_and_cautions_stand_on_the_answers_they_are_about(
    passed, caution, estimands, stands
):
    assert (
        check("any", passed, caution=caution, estimands=estimands).stands_on("risk")
        is stands
    )


def test_a_difference_carries_the_doubts_of_both_answers_once():
    first, second = effect(check("overlap"), check("shared")), effect(check("shared"))
    difference = first.minus(
        replace(second, draws=second.draws + 1), contrast="men - women"
    )
    assert [doubt.name for doubt in difference.doubts] == ["overlap", "shared"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("description", "On log wage."), ("contrast", "per cent"), ("unit", "dollars")],
)
def test_a_difference_of_unlike_answers_is_a_caution(field, value):
    first = effect(drawn_from="one fit")
    other = replace(first, draws=first.draws + 1, drawn_from="another fit")
    assert first.minus(other, "men - women").doubts == ()
    unlike = replace(other, **{field: value})
    [doubt] = first.minus(unlike, "men - women").doubts
    assert doubt.name == "one quantity in both answers" and value in doubt.finding
    assert first.minus(replace(unlike, drawn_from="one fit"), "a - b").doubts == ()


def test_a_difference_of_effects_on_other_columns_is_a_caution():
    told = "One unit more of d {changes} wage by {value}."
    first = effect(drawn_from="one fit", sentence=told)
    other = replace(first, draws=first.draws + 1, drawn_from="another fit")
    assert first.minus(other, "men - women").doubts == ()
    unlike = replace(other, sentence=told.replace("wage", "log wage"))
    [doubt] = first.minus(unlike, "men - women").doubts
    assert "'One unit more of d ... log wage by ....'" in doubt.finding
    assert first.minus(replace(unlike, sentence=""), "men - women").doubts == ()


def test_answers_of_one_fit_are_subtracted_at_the_same_draws():
    whole = effect(drawn_from="a fit")
    coords = {"chain": np.arange(4), "draw": np.arange(500)}
    whole = replace(whole, draws=whole.draws.assign_coords(coords))
    thinned = replace(whole, draws=whole.draws[:, ::5] - 1)
    for one, other, sign in ((whole, thinned, 1), (thinned, whole, -1)):
        difference = one.minus(other, "all - some").draws
        assert difference.sizes["draw"] == 100
        np.testing.assert_allclose(difference, sign, rtol=1e-12)


def test_a_difference_of_answers_is_not_told_as_one_of_them():
    sentence = "Joining a union {raises} the wage by {value}."
    first = effect(sentence=sentence)
    difference = first.minus(replace(first, draws=first.draws / 2), "men - women")
    assert first.in_words().startswith("Joining a union")
    assert "union" not in difference.text()
    assert "men - women" in difference.text()


def test_a_difference_of_logarithms_is_shown_as_it_is_and_not_as_an_amount():
    """exp(log 20 - log 18) = 1.11 is a ratio, and was shown as 1.11 dollars."""
    scale = DisplayScale(
        unit="wage, dollars",
        suffix=" dollars",
        convert=exponential,
        raw_unit="log dollars",
    )
    values = np.log(20) + np.zeros((4, 500))
    first = effect(draws=values, unit="units of the outcome", scale=scale)
    other = replace(first, draws=first.draws + np.log(18 / 20))
    difference = first.minus(other, "first - second")
    assert first.readable()["mean"].item() == pytest.approx(20)
    assert difference.readable()["mean"].item() == pytest.approx(np.log(20 / 18))
    assert difference.display_scale.unit == "log dollars"
    assert "dollars (" not in difference.text().replace("log dollars", "")


def test_a_difference_of_proportions_is_in_percentage_points():
    first = effect(draws=0.3 + np.zeros((4, 500)), unit="probability")
    difference = first.minus(replace(first, draws=first.draws - 0.1), "a - b")
    assert "10 percentage points" in difference.text()


def test_a_ratio_is_decided_against_one():
    values = 1 + np.random.default_rng(4).normal(size=(4, 500, 6)) / 10
    values[..., 0] += 0.9
    ratio = effect(draws=values, null=1.0, unit="ratio")
    decided = ratio.decide()
    assert decided.index[decided["selected"]].tolist() == ["0"]
    assert (decided["positive"].iloc[1:] < 0.99).all()
    assert "1 of 6 have a 95% interval on one side of 1" in ratio.text()
    assert ratio.decide(rope=0.95)["selected"].sum() == 0
    logarithm = replace(ratio, draws=np.log(ratio.draws), null=0.0).decide()
    pd.testing.assert_series_equal(
        decided["error"].sort_index(), logarithm["error"].sort_index(), atol=2e-3
    )
    assert ratio.minus(ratio, "a - b").null == 0
    assert ratio.linear_combination({"0": 1, "1": -1}).null == 0


def test_an_entry_without_a_number_leaves_the_others_as_they_are():
    values = 0.3 + np.random.default_rng(4).normal(size=(4, 500, 3)) / 100
    values[..., 1] = np.nan
    answer = effect(draws=values, unit="points")
    assert answer.text().count("0.300 (0.28") == 2
    decided = answer.decide()
    assert decided["selected"].tolist() == [True, True, False]


def test_groups_without_anybody_are_named_and_left_out():
    values = np.ones((2, 5, 3)) * [0.2, np.nan, 0.3]
    groups = {"group": ["a", "b", "c"]}
    draws = xr.DataArray(values, dims=("chain", "draw", "group"), coords=groups)
    left, words = answers._without_empty_groups(draws, "untested_risk")
    assert left["group"].to_numpy().tolist() == ["a", "c"]
    assert words.endswith("it is about: b.")
    with pytest.raises(cs.DataError, match="nobody in any of the groups b"):
        answers._without_empty_groups(draws.isel(group=[1]), "untested_risk")


def test_a_mean_over_entries_is_decided_by_itself_and_not_by_the_entries_beyond_their_null():
    values = 1 + np.random.default_rng(4).normal(size=(4, 500, 3)) / 10
    over = effect(name="excess", draws=values - 1)
    mean = effect(draws=values, over_null=lambda: over).average()
    decided = mean.decide()
    assert (
        len(decided) == 1
        and "excess" not in decided
        and bool(decided["selected"].iloc[0])
    )


def test_doubts_are_looked_for_only_when_they_are_read():
    def never() -> tuple[Check, ...]:
        raise AssertionError

    assert effect(make_doubts=never).numbers().shape == (1, 7)


def test_an_answer_that_has_not_mixed_is_doubted_though_its_parameters_are_not_asked():
    rng = np.random.default_rng(1)
    mixed = rng.normal(size=(4, 1000, 3))
    apart = mixed + np.arange(4)[:, None, None] * np.array([0, 0, 0.2])
    stuck = np.repeat(rng.normal(size=(4, 20, 3)), 50, axis=1)

    def failed(values: np.ndarray) -> list[str]:
        draws = xr.DataArray(
            values, dims=("chain", "draw", "pair"), coords={"pair": list("abc")}
        )
        return [check.name for check in answer_sampling(draws) if not check.passed]

    assert failed(mixed) == []
    assert "R-hat of this answer" in failed(apart)
    assert "bulk ESS of this answer" in failed(stuck)


def test_independent_draws_are_not_called_unmixed():
    rng = np.random.default_rng(2)
    alarms = sum(
        any(not check.passed for check in answer_sampling(draws))
        for draws in (
            xr.DataArray(rng.normal(size=(4, 1000)), dims=("chain", "draw"))
            for _ in range(200)
        )
    )
    assert (
        alarms <= 6
    )  # a true rate of 1 % gives seven or more once in two hundred runs


def test_a_question_has_checks_of_its_own_and_those_of_the_data():
    frame = _people()
    data = cs.Observations.from_frame(frame)
    fit = cs.fit(cs.CausalDiagram("x -> y"), data, seed=1, progress=False)
    estimand = fit.model.estimands()[fit.model.headline]
    asked = replace(estimand, checks=lambda draws, data: (check("this question"),))
    assert "this question" in [
        doubt.name for doubt in answers.answer(fit, "asked", asked).doubts
    ]
    assert "this question" not in [doubt.name for doubt in fit.effect("effect").doubts]
    assert isinstance(asked, Estimand)


def _people():
    import pandas as pd

    rng = np.random.default_rng(3)
    x = rng.integers(0, 2, 200)
    return pd.DataFrame(
        {"x": x, "y": np.where(rng.random(200) < 0.3 + 0.3 * x, "ill", "well")}
    )


def test_two_entries_are_compared_draw_by_draw():
    """Two pairs that share a part depend on each other, which their intervals do not show."""
    model = cs.PartialCorrelation(prior="matching")
    data = model.simulate(1, rows=60, parts=4).data
    fit = cs.fit(model, data, seed=1, progress=False)
    effect = fit.effect("partial_correlation")
    draws = {name: effect.draws.sel(pair=name) for name in ("p2 ~ p3", "p2 ~ p4")}
    one, other = draws.values()
    expected = float((one > other).mean())
    assert 0 < expected < 1
    assert effect.probability("p2 ~ p3", exceeds="p4 ~ p2") == expected
    reverse = effect.probability("p2 ~ p4", exceeds="p3 ~ p2")
    assert expected + reverse == pytest.approx(1)
    in_size = float((abs(one) > abs(other)).mean())
    assert effect.probability("p2 ~ p3", "p2 ~ p4", in_size=True) == in_size
    with pytest.raises(cs.ModelError, match="two entries of 'partial_correlation'"):
        effect.probability("p2 ~ p3", exceeds="p1 ~ p9")


def test_an_answer_without_a_name_is_the_headline():
    model = cs.CausalDiagram("z -> x; x, z -> y", outcome="y", treatment="x")
    fit = cs.fit(model, model.simulate(1, people=60).data, seed=1, progress=False)
    np.testing.assert_array_equal(fit.effect().draws, fit.effect(fit.headline).draws)
    with pytest.raises(cs.ModelError, match="the variable that is asked about"):
        fit.effect(do={"x": 1})


def test_a_scale_of_readers_leaves_columns_of_another_scale_alone():
    table = pd.DataFrame({"mean": [0.5], "pull to least squares": [1.0], "sd": [0.1]})
    shown = effect().on_display_scale(table)
    assert shown.iloc[0].tolist() == [50.0, 1.0, 0.1]


def test_many_numbers_are_told_with_the_digits_that_their_intervals_leave():
    table = pd.DataFrame({"mean": [0.7511], "lower": [0.5763], "upper": [0.8712]})
    assert _listed(table.set_axis(["a ~ b"])) == "a ~ b 0.75 (0.58 to 0.87)"


@pytest.mark.parametrize(
    ("verb", "null", "told"),
    [
        ("raises", 0.0, "It changes the mean by -0.10 (95 % interval -0.29 to 0.09)"),
        ("changes", 0.0, "It changes the mean by -0.10 (95 % interval -0.29 to 0.09)"),
        (
            "multiplies",
            1.0,
            "It multiplies the mean by 0.90 (95 % interval 0.71 to 1.09)",
        ),
    ],
)
def test_an_interval_that_holds_no_change_is_told_so(verb, null, told):
    draws = np.random.default_rng(0).normal(null - 0.1, 0.1, (4, 500))
    sentence = f"It {{{verb}}} the mean by {{value}}."
    near = effect(draws=draws, unit="ratio", sentence=sentence).in_words()
    assert near == f"{told}: these data are compatible with no change."
    far = effect(draws=draws - 0.5, unit="ratio", sentence=sentence).in_words()
    assert "no change" not in far


def test_an_average_of_people_takes_their_weights():
    values = np.array([[[0.1, 0.3], [0.2, 0.6]]])
    weights = xr.DataArray([3.0, 1.0], dims="pair")
    mean = effect(draws=values, weights=weights).average()
    np.testing.assert_allclose(mean.draws, [[0.15, 0.3]])


def heavy_tailed(**more) -> Effect:
    """Return the quantiles of exp(Normal(7, 3²)): median e⁷, interval e^(7 ± 1.96 * 3)."""
    normal = norm.ppf((np.arange(4000) + 0.5) / 4000)
    values = np.exp(7 + 3 * np.random.default_rng(6).permutation(normal)).reshape(
        4, 1000
    )
    values[values == values.max()] = 1e10  # as the largest of many such draws is
    arguments = dict(draws=values, unit="ratio", null=1.0, description="A factor.")
    return effect(**(arguments | more))


@pytest.mark.parametrize("declared", ["mean", "median"])
def test_the_median_stands_for_draws_whose_mean_is_outside_their_interval(declared):
    answer = heavy_tailed(centre=declared, sentence="One {multiplies} it by {value}.")
    row = answer.summary().iloc[0]
    assert list(answer.readable()) == ["median", "lower", "upper"]
    assert row["lower"] < row["median"] < row["upper"] < row["mean"]
    assert row["median"] == pytest.approx(np.exp(7), rel=0.01)
    told = "by 1,100 (median; 95 % interval 3.1 to 390,000)"
    assert told in answer.text() and told in answer.in_words()
    assert "median" in repr(answer) and "median" in answer._repr_html_()
    assert "median" in answer.decide()
    band = answer.simultaneous().iloc[0]
    assert 0 < band["lower"] < band["median"] < band["upper"]


def test_the_median_of_one_entry_brings_those_of_all_into_the_list():
    values = np.random.default_rng(2).normal(5, 1, size=(4, 500, 2))
    assert list(effect(draws=values, unit="points").readable())[0] == "mean"
    values[0, 0, 1] = 1e7
    answer = effect(draws=values, unit="points")
    assert list(answer.readable())[0] == "median"
    assert "medians; 95% intervals" in answer.text()


def test_means_of_constants_and_short_intervals_are_not_taken_for_heavy_tails():
    constant = effect(draws=0.3 + np.zeros((4, 500)))
    assert "median" not in constant.numbers()
    skewed = effect(draws=np.random.default_rng(3).exponential(size=(4, 500)))
    assert "median" not in skewed.numbers(prob=0.05)


def test_knowledge_that_no_refit_was_set_against_is_marked_until_one_is():
    rng = np.random.default_rng(3)
    z1, z2, hidden = rng.normal(size=(3, 500))
    t = z1 + z2 + hidden + rng.normal(size=500)
    y = t + hidden + rng.normal(size=500)
    frame = pd.DataFrame({"z1": z1, "z2": z2, "t": t, "y": y})
    data = cs.Instrumented.from_formula("y ~ 1 | t ~ z1 + z2", frame)
    model = cs.Instrument(direct={"z2": cs.Known(0.0, sd=0.01)})
    fit = cs.fit(model, data, seed=1, progress=False)
    before = fit.effect("effect")
    copied = pickle.loads(pickle.dumps(before))
    mark = "(not yet set against the data: `fit.check()`)"
    name = next(
        name for name in before.assumptions if f"{name} {mark}" in before.text()
    )
    assert f"{name} {mark}" in copied.text()
    fit.check()
    after = fit.effect("effect")
    assert mark not in after.text() and mark in before.text()
