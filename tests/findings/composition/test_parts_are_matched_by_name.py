"""Parts are known by their names, whatever their order, and refused all together or not at all."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.numerics.compositions.pair_names import matched

pytestmark = pytest.mark.usefixtures("without_hidden_groups")

PARTS = list("abcd")


def amounts(seed, rows=40, parts=PARTS):
    values = np.exp(np.random.default_rng(seed).normal(0, 0.5, (rows, len(parts))))
    return pd.DataFrame(values, columns=parts)


def answer(seed, parts, name="partial_correlation"):
    frame = amounts(seed).assign(x=np.random.default_rng(9).normal(size=40))
    data = cs.Composition.from_frame(frame, parts=parts, covariates="x")
    model = cs.PartialCorrelation(prior="matching")
    return cs.fit(model, data, seed=1, progress=False).effect(name)


@pytest.mark.parametrize("order", ["bacd", "dcba", "cadb"])
@pytest.mark.parametrize(
    "name", ["partial_correlation", "regression_coefficient", "covariate_log_ratio"]
)
def test_differences_of_groups_do_not_depend_on_the_order_of_parts(order, name):
    one, other, turned = (
        answer(0, PARTS, name),
        answer(1, PARTS, name),
        answer(1, [*order], name),
    )
    reordered = one.minus(turned, "one - other").numbers()
    expected = one.minus(other, "one - other").numbers()
    assert list(reordered.index) == list(expected.index)
    error = np.hypot(reordered["sd"], expected["sd"]) / 20
    assert (abs(reordered["mean"] - expected["mean"]) < 5 * error).all()


@pytest.mark.parametrize("order", list(permutations(range(3)))[1:])
def test_pairs_are_found_the_other_way_round_with_their_sign(order):
    names = ["sand", "fine ~ clay", "silt / loam"]
    turned = [names[k] for k in order]
    for mark, sign in ((" ~ ", 1), (" / ", -1)):
        end = "" if sign == 1 else " on depth on site"
        one = [
            f"{a}{mark}{b}{end}" for k, a in enumerate(names) for b in names[k + 1 :]
        ]
        other = [
            f"{a}{mark}{b}{end}" for k, a in enumerate(turned) for b in turned[k + 1 :]
        ]
        pairs = matched(one, other)
        assert not pairs.unmatched and len(pairs.here) == 3
        same = [
            one[h] == other[t] for h, t in zip(pairs.here, pairs.there, strict=True)
        ]
        assert list(pairs.signs) == [1 if alike else sign for alike in same]


def test_entries_that_one_group_lacks_are_named():
    one = answer(0, PARTS)
    model = cs.PartialCorrelation(prior="matching")
    data = cs.Composition.from_frame(amounts(1, parts=list("abce")), parts=list("abce"))
    other = cs.fit(model, data, seed=1, progress=False).effect("partial_correlation")
    difference = one.minus(other, "one - other")
    assert difference.draws.sizes["pair"] == 3
    for pair in ("a ~ d", "a ~ e"):
        assert pair in difference.description


@pytest.mark.parametrize("prior", ["matching", "invariant"])
@pytest.mark.parametrize("covariates", [None, "x"])
def test_a_part_that_is_one_number_is_a_part_like_any_other(prior, covariates):
    frame = amounts(0).assign(e=10.0, x=np.arange(40.0))
    parts = [*PARTS, "e"]
    closed = frame.assign(**frame[parts].div(frame[parts].sum(axis=1), axis=0))
    means = [
        cs.fit(
            cs.PartialCorrelation(prior=prior),
            cs.Composition.from_frame(table, parts=parts, covariates=covariates),
            seed=1,
            progress=False,
        )
        .effect("partial_correlation")
        .numbers()["mean"]
        for table in (frame, closed)
    ]
    np.testing.assert_allclose(means[0], means[1], atol=1e-9)


@pytest.mark.parametrize(
    ("compute", "named"),
    [
        (lambda t: np.sqrt(t["a"] * t["b"]), "abf"),
        (lambda t: t["a"] * t["b"] / t["d"], "abdf"),
        (lambda t: t["a"] ** 0.2 * t["b"] ** 0.3 * t["c"] ** 0.5, "abcf"),
        (lambda t: 3 * t["a"] ** 2 / t["c"], "acf"),
    ],
)
@pytest.mark.parametrize("scale", [1.0, 1e-6])
def test_parts_computed_from_others_are_refused_by_name(compute, named, scale):
    frame = amounts(0)
    frame["f"] = scale * compute(frame)
    with pytest.raises(cs.DataError, match="linearly dependent") as raised:
        cs.Composition.from_frame(frame, parts=[*PARTS, "f"])
    assert [p for p in [*PARTS, "f"] if f"'{p}'" in str(raised.value)] == [*named]


def test_parts_that_nearly_depend_are_accepted():
    frame = amounts(0)
    noise = np.random.default_rng(1).normal(0, 1e-3, 40)
    frame["f"] = np.sqrt(frame["a"] * frame["b"]) * np.exp(noise)
    assert len(cs.Composition.from_frame(frame, parts=[*PARTS, "f"])) == 40


def counts(seed=3, rows=30):
    drawn = np.random.default_rng(seed).multinomial(500, [0.5, 0.3, 0.2], rows)
    return pd.DataFrame(drawn, columns=list("abc"))


@pytest.mark.parametrize("rows", [(7, 9), (0, 0)])
def test_taxa_with_equal_counts_are_accepted(rows):
    frame = counts().assign(d=0, e=0, f=0, g=0)
    frame.loc[rows[0], ["d", "e"]] = 1
    frame.loc[rows[1], ["f", "g"]] = 2
    data = cs.Composition.from_frame(frame, parts=list("abcdefg"), zeros="counts")
    inputs = cs.PartialCorrelation(prior="shrunk").inputs(data)
    assert all(np.isfinite(value).all() for value in inputs.values())


@pytest.mark.parametrize("many", [1, 2, 40])
def test_taxa_that_were_never_counted_are_named_at_once(many):
    never = [f"t{k}" for k in range(many)]
    frame = counts().assign(**dict.fromkeys(never, 0))
    with pytest.raises(cs.DataError, match="counted in no row") as raised:
        cs.Composition.from_frame(frame, parts=list(frame), zeros="counts")
    assert all(f"'{name}'" in str(raised.value) for name in never)
    parts = [name for name in frame if frame[name].sum() > 0]
    assert len(cs.Composition.from_frame(frame, parts=parts, zeros="counts").parts) == 3


def test_every_part_with_zeros_is_named_at_once():
    frame = amounts(0)
    frame.loc[3, "a"], frame.loc[5, ["b", "c"]] = 0.0, [0.0, -1.0]
    with pytest.raises(cs.DataError) as raised:
        cs.Composition.from_frame(frame, parts=PARTS)
    for fault in ("'a' is 0 in row 3", "'b' is 0 in row 5", "negative values in row 5"):
        assert fault in str(raised.value)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("<0.5", {}),
        ("< 0.5", {}),
        ("n.d.", {}),
        ("n.d.", {"zeros": "interval", "limits": {"d": 0.7}}),
        ("<", {"zeros": "interval"}),
    ],
)
def test_text_among_numbers_is_quoted_with_its_rows(text, options):
    frame = amounts(0)
    frame["d"] = frame["d"].map("{:.2f}".format)
    frame.loc[[4, 7], "d"] = text
    with pytest.raises(cs.DataError, match=rf"'{text}' in rows 4, 7") as raised:
        cs.Composition.from_frame(frame, parts=PARTS, **options)
    assert ("zeros='interval'" in str(raised.value)) == (text[:1] == "<" != text)


def test_texts_below_a_limit_are_values_below_the_limit_of_their_row():
    frame = amounts(0)
    frame["d"] = frame["d"].map("{:.2f}".format)
    frame.loc[[4, 7], "d"] = ["<0.5", "≤ 0.2"]
    data = cs.Composition.from_frame(frame, parts=PARTS, zeros="interval")
    column = PARTS.index("d")
    assert np.flatnonzero(data.bounds.open.any(axis=1)).tolist() == [4, 7]
    assert data.bounds.upper[[4, 7], column].tolist() == [0.5, 0.2]
    assert data.bounds.lower[[4, 7], column].tolist() == [0.0, 0.0]
    again = cs.Composition.from_frame(data.source, **data.arguments)
    np.testing.assert_array_equal(again.bounds.upper, data.bounds.upper)


def test_texts_below_a_limit_go_before_the_limit_of_the_part():
    frame = amounts(0)
    frame["d"] = frame["d"].map("{:.2f}".format)
    frame.loc[[4, 7], "d"] = ["<0.5", "0"]
    data = cs.Composition.from_frame(
        frame, parts=PARTS, zeros="interval", limits={"d": 0.001}
    )
    assert data.bounds.upper[[4, 7], PARTS.index("d")].tolist() == [0.5, 0.001]


@pytest.mark.parametrize("stored", [object, pd.SparseDtype("int", 0), "Int64", "uint8"])
def test_counts_are_read_however_they_are_stored(stored):
    frame = counts().clip(upper=255)
    plain = cs.Composition.from_frame(frame, parts=list("abc"), zeros="counts")
    other = cs.Composition.from_frame(
        frame.astype(stored), parts=list("abc"), zeros="counts"
    )
    assert plain.fingerprint == other.fingerprint


def test_names_that_are_numbers_or_stand_twice_are_refused_with_what_to_type():
    ids = [4479944, 4479945, 4479946]
    with pytest.raises(cs.DataError, match=r"columns.astype\(str\)"):
        cs.Composition.from_frame(
            counts().set_axis(ids, axis=1), parts=ids, zeros="counts"
        )
    with pytest.raises(cs.DataError, match="stands twice"):
        cs.Composition.from_frame(
            counts().set_axis(list("aab"), axis=1), parts=list("abc")
        )


def test_a_subcomposition_is_refused_as_its_frame_would_be():
    drawn = np.random.default_rng(3).multinomial(50, [0.6, 0.3, 0.05, 0.03, 0.02], 30)
    frame = pd.DataFrame(drawn, columns=list("abcde"))
    frame.loc[3, list("cde")] = 0
    data = cs.Composition.from_frame(frame, parts=list("abcde"), zeros="counts")
    with pytest.raises(cs.DataError, match="Nothing was counted in row 3 "):
        data.subcomposition(list("cde"))
    assert data.at(list("cde")).parts == tuple(
        "cde"
    )  # answers about them follow from all parts


def test_a_difference_of_fits_of_other_parts_is_a_caution():
    """A partial correlation given other parts is another one."""
    model = cs.PartialCorrelation(prior="matching")
    data = [model.simulate(seed, rows=30, parts=5).data for seed in (1, 2)]
    fewer = data[1].subcomposition(data[1].parts[:4])
    name = "partial_correlation"
    one, same, other = (
        cs.fit(model, each, seed=1, progress=False).effect(name)
        for each in (*data, fewer)
    )
    parts = "the same parts in both answers"
    assert parts not in [check.name for check in one.minus(same, "a - b").doubts]
    [doubt] = [
        check for check in one.minus(other, "a - b").doubts if check.name == parts
    ]
    assert doubt.value == 4 and "subcomposition" in doubt.remedy
