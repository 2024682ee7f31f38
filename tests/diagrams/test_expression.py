"""Formulas of the observed distribution: text, LaTeX and simplification."""

import numpy as np
import pytest

from causalstats.diagrams.identification.evaluation import JointTable, evaluate
from causalstats.diagrams.identification.expression import (
    Probability,
    Product,
    Quotient,
    Sum,
)
from causalstats.diagrams.identification.simplification import simplified
from causalstats.errors import ModelError


def test_bound_variables_of_sums_get_primes():
    inner = Sum(("s",), Product((Probability(("c",), ("s", "t")), Probability(("s",)))))
    expression = Product(
        (inner, Sum(("t",), Product((Probability(("t",), ("s",)), inner))))
    )
    assert (
        str(expression)
        == "[Σ_s' P(c | s', t) P(s')] Σ_t' P(t' | s) Σ_s' P(c | s', t') P(s')"
    )
    assert inner.latex() == "\\sum_{s} P(c \\mid s, t) P(s)"
    assert (
        Probability(("z2",), ("lung cancer",)).latex()
        == "P(z_{2} \\mid \\mathrm{lung\\ cancer})"
    )
    joint = np.random.default_rng(7).dirichlet(np.ones(8)).reshape(2, 2, 2)
    p = JointTable(("s", "t", "c"), joint).probability
    first = np.einsum("cst,s->ct", p(("c",), ("s", "t")), p(("s",), ()))
    second = np.einsum("ts,ct->cs", p(("t",), ("s",)), first)
    np.testing.assert_allclose(
        evaluate(
            expression, JointTable(("s", "t", "c"), joint), ("c", "s", "t")
        ).values,
        np.einsum("ct,cs->cst", first, second),
    )


def test_simplification_rules():
    a, b, c = "abc"
    assert (
        str(
            simplified(
                Sum(
                    (b,), Product((Probability((a,), (b, c)), Probability((b,), (c,))))
                ),
                "abc",
            )
        )
        == "P(a | c)"
    )
    assert (
        str(
            simplified(
                Quotient(Probability((a, b), (c,)), Probability((b,), (c,))), "abc"
            )
        )
        == "P(a | b, c)"
    )
    assert (
        str(
            simplified(
                Product(
                    (Quotient(Probability((a,)), Probability((b,))), Probability((b,)))
                ),
                "abc",
            )
        )
        == "P(a)"
    )
    assert (
        str(
            simplified(
                Sum(
                    (a,),
                    Product(
                        (
                            Probability((b,)),
                            Probability((c,), (a, b)),
                            Probability((a,)),
                        )
                    ),
                ),
                "abc",
            )
        )
        == "P(b) Σ_a P(c | a, b) P(a)"
    )
    with pytest.raises(ModelError, match="depends on"):
        Sum((a,), Probability((b,)))
