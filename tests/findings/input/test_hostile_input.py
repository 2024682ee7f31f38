"""Frames, fields, formulas, diagrams and files by hypothesis: right, or refused in our own words.

Each family has two dozen examples here and 2,000 with `-m slow`. A value that is taken gives
finite answers; whatever is refused is refused by an error of the library, with few warnings.
"""

import datetime
import decimal
import json
import warnings

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.core.argument_validation import field_kinds

pytest.importorskip("hypothesis")
from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

FEW, MANY = 24, 2000
COUNTS = pytest.mark.parametrize(
    "examples", [FEW, pytest.param(MANY, marks=pytest.mark.slow)]
)
_MOST_WARNINGS = 10
NAMES = st.one_of(
    st.sampled_from(["y", "t", "x", "u", "a b", "x:y", "<b>", "=1+1", "../z", "1", ""]),
    st.text(max_size=6),
)
NUMBERS = st.one_of(
    st.floats(),
    st.integers(-3, 3).map(float),
    st.sampled_from([0.0, 1.0, 1e308, -1e308, 5e-324, 1e-200, 2.0**53]),
)
SCALARS = st.one_of(
    NUMBERS,
    st.integers(),
    st.booleans(),
    st.none(),
    st.text(max_size=4),
    st.just(pd.NA),
    st.just(pd.NaT),
    st.decimals(allow_nan=True),
    st.complex_numbers(),
    st.binary(max_size=3),
    st.datetimes(min_value=datetime.datetime(1700, 1, 1)),
    st.timedeltas(),
    st.just([1, 2]),
    st.just({"a": 1}),
    st.builds(object),
    st.just(decimal.Decimal("1e400")),
)


def columns(rows: int) -> st.SearchStrategy:
    """Return a strategy of columns of so many rows, most of them plausible."""

    def lists(values: st.SearchStrategy) -> st.SearchStrategy:
        return st.lists(values, min_size=rows, max_size=rows)

    whole = lists(st.integers(0, 1))
    plain = lists(st.floats(-3, 3, allow_nan=False))
    return st.one_of(
        whole,
        whole,
        plain,
        plain,
        lists(st.integers(0, 3)),
        lists(NUMBERS),
        lists(SCALARS),
        lists(st.sampled_from(["a", "b"])),
        lists(st.sampled_from(["a", None])).map(pd.Categorical),
        lists(st.sampled_from([1, 2, pd.NA])).map(lambda v: pd.array(v, "Int64")),
        lists(st.just(1.0)),
    )


@st.composite
def frames(draw):
    """Return a frame with the columns y, t, x, u and others, of any kinds."""
    rows = draw(st.integers(0, 14))
    names = ["y", "t", "x", "u", *draw(st.lists(NAMES, max_size=2))]
    parts = [pd.Series(draw(columns(rows)), dtype=None) for _ in names]
    frame = pd.DataFrame(dict(enumerate(parts)))
    frame.columns = names
    if draw(st.booleans()):
        index = draw(st.lists(st.integers(0, 5), min_size=rows, max_size=rows))
        frame.index = pd.Index(index)
    return frame


READERS = {
    "decisions": lambda frame: cs.Decisions.from_frame(
        frame, outcome="y", decision="t", features=["x"], observed="decided"
    ),
    "numeric decisions": lambda frame: cs.Decisions.from_frame(
        frame, outcome="y", decision="t", features=["x", "u"], kind="continuous"
    ),
    "panel": lambda frame: cs.Panel.from_frame(
        frame, unit="u", time="t", outcome="y", treatment="x"
    ),
    "composition": lambda frame: cs.Composition.from_frame(
        frame, parts=["y", "x", "u"], covariates="t"
    ),
    "counts": lambda frame: cs.Composition.from_frame(
        frame, parts=["y", "t", "x"], zeros="counts", missing="drop"
    ),
    "instrument": lambda frame: cs.Instrumented.from_frame(
        frame, outcome="y", treatment="t", instruments=["x"], covariates=["u"]
    ),
    "observations": lambda frame: cs.Observations.from_frame(frame, columns=["t", "y"]),
    "weighted": lambda frame: cs.Decisions.from_frame(
        frame, outcome="y", decision="t", features=["x"], weights="u", missing="drop"
    ),
}
FITTED = {
    "observations": cs.CausalDiagram("t -> y", route="reduced"),
    "instrument": cs.Instrument(errors="iid"),
    "composition": cs.PartialCorrelation(prior="matching"),
}


def run(examples: int, strategy: st.SearchStrategy, examine) -> None:
    """Run a function on examples of a strategy, with warnings counted.

    Parameters
    ----------
    examples : int
    strategy : SearchStrategy
    examine : function of an example
    """

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=examples == FEW,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def one(example):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                examine(example)
            except cs.CausalStatsError as error:
                assert str(error).strip()
        ours = [each for each in caught if issubclass(each.category, RuntimeWarning)]
        assert len(ours) <= _MOST_WARNINGS, [str(each.message) for each in ours[:3]]

    one()


@COUNTS
@pytest.mark.parametrize("reader", READERS)
def test_a_frame_is_read_rightly_or_refused(reader, examples):
    def examine(frame):
        before = frame.copy(deep=True)
        data = READERS[reader](frame)
        assert list(frame.columns) == list(before.columns) and len(frame) == len(before)
        repr(data), data.fingerprint, data._repr_html_()
        for name in ("matrix", "treatment", "instruments", "weights"):
            values = getattr(data, name, None)
            if values is not None:
                assert np.isfinite(np.asarray(values, float)).all()
        model = FITTED.get(reader)
        if model is not None:
            fit = cs.fit(
                model,
                data,
                seed=1,
                sampler=cs.Exact(chains=1, draws=50),
                progress=False,
            )
            numbers = fit.effect(fit.headline).numbers()[["mean", "lower", "upper"]]
            assert np.isfinite(numbers.to_numpy(float)).all()

    run(max(examples // len(READERS) * 2, FEW), frames(), examine)


CLASSES = [
    cs.SelectiveLabels,
    cs.Heckman,
    cs.PanelDML,
    cs.DynamicPanel,
    cs.PanelGLM,
    cs.EventStudy,
    cs.Instrument,
    cs.PartialCorrelation,
    cs.Known,
    cs.Nuts,
    cs.Auto,
    cs.Laplace,
    cs.Exact,
    cs.Gibbs,
    cs.Chees,
]
FIELDS = [(cls, name) for cls in CLASSES for name in field_kinds(cls)]
REQUIRED = {cs.Known: {"value": 0.5}}
WRONG = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.tuples(SCALARS, SCALARS),
    st.dictionaries(st.text(max_size=3), SCALARS, max_size=2),
    st.just(np.ones((2, 2))),
    st.just(pd.DataFrame({"a": [1]})),
    st.just(type),
)


@COUNTS
def test_a_field_takes_what_can_be_meant_or_refuses_it(examples):
    def examine(example):
        (cls, name), value = example
        made = cls(**{**REQUIRED.get(cls, {}), name: value})
        assert made == cls(**{**REQUIRED.get(cls, {}), name: getattr(made, name)})
        assert eval(repr(made), vars(cs) | {each.__name__: each for each in CLASSES})

    run(examples, st.tuples(st.sampled_from(FIELDS), WRONG), examine)


FORMULA_PARTS = st.sampled_from(
    [
        *["x", "t", "u", "C(u)", "I(x**2)", "bs(x, df=4)", "poly(x, 2)", "log(x)"],
        *["x:t", "x*t", "x**9", "1", "0", "-1", "(", ")", "`a b`", "''", "~", "|"],
        *["__import__('os')", "x.__class__", "().__class__", "open('/etc/passwd')"],
        *["lambda: 1", "exec('1')", "9**9**9", "bs(x, df=10**9)", "{x}", "np.exp(x)"],
    ]
)
FORMULAS = st.one_of(
    st.lists(FORMULA_PARTS, min_size=1, max_size=5).map(" + ".join),
    st.lists(FORMULA_PARTS, min_size=1, max_size=5).map("".join),
    st.text(max_size=20),
)
STUDY = pd.DataFrame(
    {
        "y": [0, 1, None, None, 1, 0, None, 1],
        "t": [1, 1, 0, 0, 1, 1, 0, 1],
        "x": np.linspace(1, 2, 8),
        "u": list("abababab"),
    }
)


@COUNTS
def test_a_formula_gives_finite_features_or_is_refused(examples):
    def examine(formula):
        data = cs.Decisions.from_frame(
            STUDY, outcome="y", decision="t", formula=formula
        )
        assert np.isfinite(data.matrix).all() and data.matrix.shape[1] < 200

    run(examples, FORMULAS, examine)


DIAGRAM_PARTS = st.sampled_from(
    [
        *["x", "y", "z", "->", "<->", "<-", "--", ";", ",", "[latent]", "dag {", "}"],
        *["digraph {", "[", "]", '"', "=~", "~", "~~", "|", "(", ")", "\n", " ", "⊥"],
        *["graph", "subgraph", "\\", "#", "//", "/*", "0.5*", "x[exposure]", "do"],
    ]
)
DIAGRAMS = st.one_of(
    st.lists(DIAGRAM_PARTS, max_size=12).map(" ".join), st.text(max_size=30)
)


@COUNTS
def test_a_text_is_a_diagram_or_is_refused(examples):
    def examine(text):
        diagram = cs.Diagram.parse(text)
        assert cs.Diagram.parse(str(diagram)) == diagram

    run(examples, DIAGRAMS, examine)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "items", "value", "sd", "source", "levels", "a"]),
            children,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@COUNTS
def test_a_description_of_a_file_is_read_or_refused(examples, tmp_path):
    from causalstats.inference.store import FORMAT
    from causalstats.runs.seal import sealed

    model = cs.CausalDiagram("x -> y", route="reduced")
    data = model.simulate(1, people=20).data
    sampler = cs.Exact(chains=1, draws=20)
    fit = cs.fit(model, data, seed=1, sampler=sampler, progress=False)
    path = fit.save(tmp_path / "fit.nc")
    from causalstats.inference import store

    tree = store._read_tree(path)
    header = json.loads(tree.attrs["causalstats"])

    def examine(example):
        key, inner, value = example
        changed = json.loads(json.dumps(header))
        if inner and isinstance(changed[key], dict) and changed[key]:
            names = sorted(changed[key])
            changed[key][names[inner % len(names)]] = value
        else:
            changed[key] = value
        spoilt = tree.copy()
        spoilt.attrs["causalstats"] = json.dumps(changed)
        content = bytes(spoilt.to_netcdf(engine="h5netcdf"))
        path.write_bytes(sealed(content, FORMAT))
        loaded = cs.load(path)
        assert loaded.effect("effect").numbers()["mean"].notna().all()

    strategy = st.tuples(st.sampled_from(sorted(header)), st.integers(0, 5), JSON)
    run(examples, strategy, examine)
