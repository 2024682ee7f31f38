"""Formulas evaluate known functions on columns and numbers, of bounded size, or are refused."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(1)
    columns = {name: rng.uniform(1, 2, 40) for name in "abcdefghijklmnopqrstu"}
    seen = np.arange(40) % 2
    ill = np.where(seen == 1, np.arange(40) // 2 % 2, np.nan)
    return pd.DataFrame({**columns, "seen": seen, "ill": ill})


def coded(frame, formula):
    data = cs.Decisions.from_frame(
        frame, outcome="ill", decision="seen", formula=formula
    )
    return data.matrix


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("a + log(2**2**2**2**2**2)", "power of numbers"),
        ("a + log(10**10**8)", "power of numbers"),
        ("log(a + (10**99)**99)", "power of numbers"),
        ("I(a * 2**-99999999)", "power of numbers"),
        ("log(a + (1 << 10**9))", "not allowed in a formula"),
        ("bs(a, df=10**6)", "at most 100 columns"),
        ("bs(a, df=1000000)", "at most 100 columns"),
        ("bs(a, 1000 * 1000)", "at most 100 columns"),
        ("poly(a, 100000)", "at most 100 columns"),
        ("cr(a, df=9999)", "at most 100 columns"),
        ("a**9999999999", "at most 3,000 terms"),
        ("(a + b + c)**99", "at most 3,000 terms"),
        ("*".join("abcdefghijklmnopqrstu"), "at most 3,000 terms"),
        ("log(" + "-" * 4_900 + "a)", "Expected a formula|not an expression"),
        ("a + " * 2_000 + "a", "at most 5,000 characters"),
        ("a | b", "without '~' and '|'|Expected a formula"),
        ("log(a + 1j)", "no number or text"),
        ("log(a.__class__)", "not allowed"),
        ("log(a[0])", "not allowed"),
        ("log([x for x in (1, 2)])", "not allowed"),
        ("log((lambda: 1)())", "not allowed|cannot be called"),
        ("__import__('os')", "cannot be called"),
        ("log(f'{a}')", "not allowed"),
        ("log(a if a else a)", "not allowed"),
        ("log(a := 3)", "Expected a formula|not an expression|not allowed"),
        ("eval('a')", "cannot be called"),
        ("I(a @ a)", "not allowed"),
    ],
)
def test_formulas_that_are_refused(frame, formula, words):
    with pytest.raises(cs.DataError, match=words):
        coded(frame, formula)


@pytest.mark.parametrize(
    ("formula", "columns"),
    [
        ("I(a / 10**3)", 1),
        ("a + I(a**2) + I(a**-0.5)", 3),
        ("bs(a, df=5, degree=3)", 5),
        ("bs(a, knots=[1.3, 1.6], lower_bound=-100.5, upper_bound=1000.5)", 5),
        ("poly(a, 3)", 3),
        ("a * b * c", 7),
        ("(a + b + c)**2", 6),
        ("log(a) + exp(-b)", 2),
    ],
)
def test_formulas_that_are_read(frame, formula, columns):
    assert coded(frame, formula).shape == (40, columns)
