"""PyMC models of diagrams: surgery commutes, draws follow the exact distributions."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from pymc.testing import assert_equivalent_model
from pytensor.compile.mode import Mode
from scipy import stats

from causalstats.diagrams import BayesianNetwork, Diagram
from causalstats.diagrams.to_pymc.likelihood import to_pymc_given
from causalstats.diagrams.to_pymc.pymc_model import (
    LearnedTable,
    LinearGaussian,
    to_pymc,
)
from causalstats.errors import DataError, ModelError

DRAWS = 20_000
MODE = Mode("py", None)  # compiling would take longer than running


@pytest.fixture(scope="module")
def front_door() -> tuple[Diagram, dict[str, np.ndarray]]:
    diagram = Diagram.parse(
        "smoking -> tar -> cancer; hidden: habit -> smoking, cancer"
    ).with_levels({"smoking": 2, "tar": ("low", "high"), "cancer": 2, "habit": 3})
    rng = np.random.default_rng(8)
    sizes = {wire.name: len(wire.levels) for wire in diagram.wires}
    return diagram, {
        name: rng.dirichlet(
            np.ones(sizes[name]), [sizes[cause] for cause in diagram.parents(name)]
        )
        for name in sizes
    }


@pytest.fixture(scope="module")
def mixed() -> tuple[Diagram, dict[str, object]]:
    diagram = Diagram.parse(
        "arm -> dose -> level -> relapse; arm -> relapse; level -> total"
    ).with_levels({"arm": ("a", "b"), "relapse": 2})

    def level(dose):
        return pm.Normal.dist(0.5 * dose, 0.3)

    def relapse(*causes):  # in the order of the ports
        return pm.Bernoulli.dist(logit_p=sum(causes))

    return diagram, {
        "arm": [0.4, 0.6],
        "dose": lambda arm: pm.Gamma.dist(2 + arm, 1),
        "level": level,
        "relapse": relapse,
        "total": lambda level: 2 * level,
    }


def test_do_in_the_diagram_is_do_in_the_model(front_door, mixed):
    diagram, tables = front_door
    for do, codes in [
        ({"smoking": 1}, {"smoking": 1}),
        ({"tar": "high", "habit": 2}, {"tar": 1, "habit": 2}),
        ({"cancer": 0}, {"cancer": 0}),
    ]:
        assert_equivalent_model(
            to_pymc(diagram.do(do), tables), pm.do(to_pymc(diagram, tables), codes)
        )
    diagram, mechanisms = mixed
    for do, codes in [
        ({"arm": "b"}, {"arm": 1}),
        ({"level": 0.3}, {"level": 0.3}),
        ({"dose": 2.0, "arm": "a"}, {"dose": 2.0, "arm": 0}),
    ]:
        assert_equivalent_model(
            to_pymc(diagram.do(do), mechanisms),
            pm.do(to_pymc(diagram, mechanisms), codes),
        )


def test_equivalence_of_models_detects_other_surgery_and_tables(front_door):
    diagram, tables = front_door
    with pytest.raises(AssertionError):
        assert_equivalent_model(
            to_pymc(diagram.do({"smoking": 1}), tables),
            pm.do(to_pymc(diagram, tables), {"tar": 1}),
        )
    other = tables | {"cancer": np.flip(tables["cancer"], axis=-1)}
    with pytest.raises(AssertionError):
        assert_equivalent_model(
            to_pymc(diagram.do({"smoking": 1}), other),
            pm.do(to_pymc(diagram, tables), {"smoking": 1}),
        )


def test_observing_the_diagram_is_observing_the_model(front_door, mixed):
    diagram, tables = front_door
    assert_equivalent_model(
        to_pymc(diagram.observe({"tar": "high"}), tables),
        pm.observe(to_pymc(diagram, tables), {"tar": 1}),
    )
    diagram, mechanisms = mixed
    assert_equivalent_model(
        to_pymc(diagram.do({"arm": "b"}).observe({"level": 0.1}), mechanisms),
        pm.observe(pm.do(to_pymc(diagram, mechanisms), {"arm": 1}), {"level": 0.1}),
    )


def test_inputs_become_data(front_door):
    diagram, tables = front_door
    with to_pymc(diagram.open("smoking"), tables) as model:
        pm.set_data({"smoking": np.array(1)})
        assert_equivalent_model(model, to_pymc(diagram.do({"smoking": 1}), tables))


def cells(model: pm.Model, names: list[str], sizes: list[int]) -> np.ndarray:
    """Return the shares of all combinations of variables among the cases of one forward draw.

    Parameters
    ----------
    model : pm.Model
    names : list of str
        The variables, each with a number of the level for every case.
    sizes : list of int
        Their numbers of levels, the shape of the result.
    """
    drawn = pm.draw([model[name] for name in names], random_seed=3, mode=MODE)
    result = np.zeros(sizes)
    np.add.at(result, tuple(drawn), 1 / DRAWS)
    return result


@pytest.mark.parametrize("surgery", ["none", "do", "cut", "edge_do", "policy", "open"])
def test_draws_follow_the_exact_distribution(front_door, surgery):
    diagram, tables = front_door
    if surgery == "policy":
        tables = tables | {"rule": np.array([[0.9, 0.1], [0.3, 0.7], [0.5, 0.5]])}
    changed = {
        "none": diagram,
        "do": diagram.do({"smoking": 1}),
        "cut": diagram.cut("smoking"),
        "edge_do": diagram.edge_do("tar", "cancer", "high"),
        "policy": diagram.policy("tar", ["habit"], name="rule"),
        "open": diagram.open("smoking"),
    }[surgery]
    names, sizes = ["smoking", "tar", "cancer"], [2, 2, 2]
    result = cells(to_pymc(changed, tables, cases=DRAWS), names, sizes)
    network = BayesianNetwork(
        changed if surgery != "open" else diagram.do({"smoking": 0}), tables
    )
    expected = np.asarray(network.query(names))
    z = (result - expected)[expected > 0] / np.sqrt(
        expected * (1 - expected) / DRAWS + 1e-12
    )[expected > 0]
    assert np.abs(z).max() < 4.5 and (result[expected == 0] == 0).all()


def test_a_cut_is_a_categorical_of_equal_weights_as_pm_do_makes_it(front_door):
    diagram, tables = front_door
    ours = to_pymc(diagram.cut("smoking"), tables, cases=DRAWS)
    theirs = pm.do(
        to_pymc(diagram, tables, cases=DRAWS),
        {"smoking": pm.Categorical.dist(p=[0.5, 0.5], shape=DRAWS)},
    )
    a, b = (
        cells(model, ["smoking", "tar", "cancer"], [2, 2, 2])
        for model in (ours, theirs)
    )
    assert np.abs((a - b) / np.sqrt((a + b) / DRAWS)).max() < 4.5
    assert (
        ours["smoking"] in ours.free_RVs and theirs["smoking"] in theirs.deterministics
    )


def test_counterfactuals_by_draws():
    """Draws of the twin network that match the evidence follow the exact counterfactual."""
    diagram = Diagram.parse("dose -> cured; hidden: kind -> dose, cured").with_levels(
        {"dose": 2, "cured": 2, "kind": ("doomed", "harmed", "helped", "fine")}
    )

    def rank(dose, kind):
        return pt.eq(kind, 3) + pt.eq(kind, 2) * dose + pt.eq(kind, 1) * (1 - dose)

    def level(dose, kind):
        return {"doomed": 0, "fine": 1, "helped": dose, "harmed": 1 - dose}[kind]

    assert diagram.parents("cured") == ("dose", "kind")
    tables = {
        "kind": [0.3, 0.1, 0.4, 0.2],
        "dose": [[0.5, 0.5], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]],
    }
    exact = BayesianNetwork(diagram, tables | {"cured": level}).counterfactual(
        "cured", do={"dose": 0}, factual={"dose": 1, "cured": 1}
    )[1]
    twin = diagram.twin(deterministic=["cured"]).do({"dose'": 0})
    takes = pt.as_tensor([0.5, 0.2, 0.7, 0.4])
    noise = {
        "noise_dose": lambda: pm.Uniform.dist(),
        "dose": lambda kind, chance: pt.cast(chance < takes[kind], "int64"),
        "cured": rank,
    }
    assert exact == pytest.approx(
        (0.2 * 0.4) / (0.2 * 0.4 + 0.4 * 0.7)
    )  # of those cured who took it, the ones who would have been anyway
    model = to_pymc(twin, tables | noise, cases=DRAWS)
    dose, cured, other = pm.draw(
        [model[name] for name in ("dose", "cured", "cured'")], random_seed=1, mode=MODE
    )
    evidence = (dose == 1) & (cured == 1)
    z = (other[evidence].mean() - exact) / np.sqrt(exact * (1 - exact) / evidence.sum())
    assert abs(z) < 4.5


def unconstrained(model: pm.Model, point: dict[str, object]) -> dict[str, np.ndarray]:
    """The values that the sampler sees of the parameters."""
    values = {}
    for name, value in point.items():
        rv, given = model[name], np.asarray(value, dtype=float)
        transform = model.rvs_to_transforms[rv]
        values[model.rvs_to_values[rv].name] = (
            given
            if transform is None
            else transform.forward(pt.as_tensor(given), *rv.owner.inputs).eval(
                mode=MODE
            )
        )
    return values


def log_density(model: pm.Model, point: dict[str, object]) -> float:
    """The log density of the observed variables alone, without priors."""
    terms = [
        model.logp(vars=[variable]) for variable in model.observed_RVs
    ] + model.potentials
    function = model.compile_fn(
        sum(pt.sum(term) for term in terms),
        inputs=model.value_vars,
        point_fn=True,
        on_unused_input="ignore",
        mode=MODE,
    )
    return float(function(unconstrained(model, point)))


def test_hidden_variables_are_summed_over_in_tables(front_door):
    diagram, tables = front_door
    data = BayesianNetwork(diagram, tables).sample(300, 1)
    learned = {name: LearnedTable() for name in tables}
    model = to_pymc_given(diagram, learned, data)
    names = {
        name: f"P({name}{' | ' if diagram.parents(name) else ''}{', '.join(diagram.parents(name))})"
        for name in tables
    }
    joint = BayesianNetwork(diagram, tables).joint()
    counts = data.value_counts()
    expected = stats.multinomial.logpmf(
        counts.to_numpy(),
        300,
        [
            joint[dict(zip(counts.index.names, cell, strict=True))]
            for cell in counts.index
        ],
    )
    assert log_density(
        model, {names[name]: table for name, table in tables.items()}
    ) == pytest.approx(expected, rel=1e-10)
    weighed = counts.rename("n").reset_index()
    again = to_pymc_given(diagram, learned, weighed, counts=weighed["n"])
    np.testing.assert_array_equal(
        again["cells"].owner and again.rvs_to_values[again["cells"]].data,
        model.rvs_to_values[model["cells"]].data,
    )
    assert {str(rv) for rv in model.free_RVs} == set(
        names.values()
    )  # nothing hidden, nothing discrete left to sample
    slope = model.compile_dlogp(mode=MODE)(
        unconstrained(model, {names[name]: table for name, table in tables.items()})
    )
    assert np.isfinite(slope).all() and np.abs(slope).max() > 1


def test_hidden_variables_are_summed_over_with_continuous_data():
    """A hidden class with a hidden cause acts on a table, a normal mean and a scale."""
    diagram = Diagram.parse(
        "hidden: g -> h; hidden: h -> x, y, s; hidden: s -> y; x -> y; x -> w"
    ).with_levels({"g": 2, "h": 3, "x": 2})
    tables = {
        "g": [0.3, 0.7],
        "h": [[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]],
        "x": [[0.8, 0.2], [0.5, 0.5], [0.1, 0.9]],
    }
    ports = diagram.parents("y")

    def y(*causes):
        named = dict(zip(ports, causes, strict=True))
        return pm.Normal.dist(named["x"] - named["h"], named["s"])

    mechanisms = tables | {
        "s": lambda h: 1.0 + 0.5 * h,
        "y": y,
        "w": lambda x: pm.Normal.dist(3.0 * x, np.float64(2)),
    }  # a plain 2.0 has 32 bits
    data = {"x": [0, 1, 1, 0], "y": [0.3, -1.0, 2.0, 0.1], "w": [0.0, 1.0, 3.5, -2.0]}
    class_share = np.asarray(tables["g"]) @ tables["h"]
    table = np.asarray(tables["x"])
    expected = 0.0
    for x, value, w in zip(*data.values(), strict=True):
        terms = [
            class_share[h] * table[h, x] * stats.norm.pdf(value, x - h, 1 + 0.5 * h)
            for h in range(3)
        ]
        expected += np.log(sum(terms)) + stats.norm.logpdf(w, 3 * x, 2)
    assert log_density(to_pymc_given(diagram, mechanisms, data), {}) == pytest.approx(
        expected, rel=1e-10
    )
    twice = {name: np.repeat(column, 2) for name, column in data.items()}
    assert log_density(to_pymc_given(diagram, mechanisms, twice), {}) == pytest.approx(
        2 * expected, rel=1e-10
    )
    assert log_density(
        to_pymc_given(diagram, mechanisms, data, counts=[2, 2, 2, 2]), {}
    ) == pytest.approx(2 * expected, rel=1e-10)


def test_linear_gaussian_mechanisms():
    diagram = Diagram.parse("arm -> x -> y; arm -> y").with_levels({"arm": (0, 10)})
    mechanisms = {
        "arm": LearnedTable(2.0),
        "x": LinearGaussian(),
        "y": LinearGaussian(noise=3.0),
    }
    data = {"arm": [0, 10, 10], "x": [0.1, 2.0, 1.0], "y": [1.0, -1.0, 0.5]}
    model = to_pymc_given(diagram, mechanisms, data)
    point = {
        "P(arm)": [0.25, 0.75],
        "x intercept": 0.1,
        "x by arm": 0.2,
        "x noise": 0.7,
        "y intercept": -1,
        "y by arm": 0.3,
        "y by x": 0.5,
        "y noise": 1.2,
    }
    arm, x, y = (np.array(column) for column in data.values())
    expected = (
        np.log([0.25, 0.75, 0.75]).sum()
        + stats.norm.logpdf(x, 0.1 + 0.2 * arm, 0.7).sum()
    )
    expected += stats.norm.logpdf(y, -1 + 0.3 * arm + 0.5 * x, 1.2).sum()
    assert log_density(model, point) == pytest.approx(expected, rel=1e-10)
    free = {
        name for name in to_pymc(diagram.do({"x": 1.0}), mechanisms, cases=4).named_vars
    }
    assert free == {
        "arm",
        "P(arm)",
        "x",
        "y",
        "y intercept",
        "y by arm",
        "y by x",
        "y noise",
    }


def test_models_that_cannot_be_built_are_refused(front_door):
    diagram, tables = front_door
    data = BayesianNetwork(diagram, tables).sample(20, 1)
    gaussian = Diagram.parse("hidden: h -> u; hidden: u -> y").with_levels({"h": 2})
    named = Diagram.parse("a -> x").with_levels({"a": ("no", "yes")})
    for call, error, message in [
        (
            lambda: to_pymc(diagram, {"tar": tables["tar"]}),
            ModelError,
            "a mechanism for box 'habit'",
        ),
        (
            lambda: to_pymc(diagram, tables | {"tar": np.ones((3, 2)) / 2}),
            ModelError,
            r"with shape \(2, 2\)",
        ),
        (
            lambda: to_pymc(diagram.do({"tar": "low"}).observe({"tar": "low"}), tables),
            ModelError,
            "tar is set to a value",
        ),
        (
            lambda: to_pymc(named, {"a": [0.5, 0.5], "x": LinearGaussian()}),
            ModelError,
            "levels of a that are numbers",
        ),
        (
            lambda: to_pymc(Diagram.parse("a"), {"a": LearnedTable()}),
            ModelError,
            "Expected the levels of a",
        ),
        (
            lambda: to_pymc_given(diagram, tables, data.assign(habit=0)),
            DataError,
            "habit is hidden",
        ),
        (
            lambda: to_pymc_given(diagram, tables, data[["tar", "cancer"]]),
            DataError,
            "missing",
        ),
        (
            lambda: to_pymc_given(diagram, tables, data.assign(tar="mid")),
            DataError,
            "got 'mid'",
        ),
        (
            lambda: to_pymc_given(diagram, tables, data, counts=[1, 2]),
            DataError,
            "of one length",
        ),
        (
            lambda: to_pymc_given(
                gaussian,
                {
                    "h": [0.5, 0.5],
                    "u": lambda h: pm.Normal.dist(h),
                    "y": lambda u: pm.Normal.dist(u),
                },
                {"y": [1.0]},
            ),
            ModelError,
            "summed over",
        ),
        (
            lambda: to_pymc_given(
                Diagram.parse("x -> y"),
                {"x": lambda: pm.Normal.dist(), "y": lambda x: 2 * x},
                {"x": [1.0], "y": [2.0]},
            ),
            ModelError,
            "y is a function",
        ),
    ]:
        with pytest.raises(error, match=message):
            call()
