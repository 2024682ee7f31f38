"""Figures: what they show, and that they leave matplotlib as it was."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import matplotlib as mpl
import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

import causalstats as cs
from causalstats.core.prediction import Prediction
from causalstats.core.views import BiplotView, IntervalPathView
from causalstats.errors import ModelError
from causalstats.plots.causal_graph import diagram
from causalstats.plots.composition_views import view
from causalstats.plots.forest import beside, comparison, effects
from causalstats.plots.pairs import pairs
from causalstats.plots.posterior_contraction import contraction
from causalstats.plots.posterior_draws import figure_of, posterior, trace
from causalstats.plots.posterior_predictive import predictive
from causalstats.plots.sensitivity_curve import sensitivity, strongest


@pytest.fixture(autouse=True)
def matplotlib_is_left_alone():
    """pyplot knows of no new figure afterwards, and the settings are the caller's."""
    figures, settings = plt.get_fignums(), dict(mpl.rcParams)
    yield
    assert plt.get_fignums() == figures
    assert dict(mpl.rcParams) == settings


def selective_labels() -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_node("features", label="age, distance", role="observed")
    graph.add_node("unobservable", label="Z", role="hidden")
    graph.add_node("risk", label="risk", role="hidden")
    graph.add_node("decision", label="decision", role="observed")
    graph.add_node("outcome", label="outcome", role="selected")
    graph.add_edges_from(
        [
            ("features", "risk"),
            ("unobservable", "risk"),
            ("risk", "outcome"),
            ("risk", "decision"),
        ]
    )
    graph.add_edge("features", "decision", label="Δ: age, distance")
    return graph


def intervals(index: list) -> pd.DataFrame:
    middle = np.linspace(0.1, 0.3, len(index))
    return pd.DataFrame(
        {"mean": middle, "lower": middle - 0.05, "upper": middle + 0.05}, index=index
    )


def words(figure: Figure) -> list[str]:
    """Every text a reader would find in a figure, on one line each."""
    figure.draw_without_rendering()
    return [
        text.get_text().replace("\n", " ")
        for text in figure.findobj(mpl.text.Text)
        if text.get_text()
    ]


def flat(values) -> list[float]:
    return [float(value) for value in np.ravel(values)]


def test_diagram_has_every_node_every_arrow_and_the_roles():
    figure = diagram(selective_labels())
    shown = words(figure)
    assert {
        "age, distance",
        "Z",
        "risk",
        "decision",
        "outcome",
        "Δ: age, distance",
    } <= set(shown)
    assert len(figure.findobj(FancyArrowPatch)) == 5
    assert len(figure.legends[0].get_texts()) == 3
    height = {
        text.get_text(): text.get_window_extent().y0 for text in figure.axes[0].texts
    }
    assert height["Z"] > height["risk"] > height["outcome"]


def test_diagram_texts_do_not_cover_each_other():
    figure = diagram(selective_labels())
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert not [(a, b) for k, a in enumerate(boxes) for b in boxes[:k] if a.overlaps(b)]


def test_diagram_refuses_what_it_cannot_draw():
    with pytest.raises(ModelError, match="cycle"):
        diagram(nx.DiGraph([("a", "b"), ("b", "a")]))
    graph = nx.DiGraph()
    graph.add_node("a", role="latent")
    with pytest.raises(ModelError, match="observed, selected, hidden"):
        diagram(graph)


def test_comparison_has_a_row_for_each_method_and_the_truth():
    table = intervals(["ours", "tested only"])
    axes = comparison(
        table, 0.25, "mean risk of the untested", unit="probability"
    ).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "ours",
        "tested only",
    ]
    assert axes.get_xlabel() == "probability"
    segments = [flat(line.get_xdata()) for line in axes.lines]
    assert [0.05, 0.15] in [pytest.approx(segment) for segment in segments] and [
        0.25,
        0.25,
    ] in segments
    assert len(comparison(table).axes[0].lines) == len(axes.lines) - 1


def test_effects_stacks_tables_under_their_names():
    shown = words(
        effects(
            {"risk": intervals(["age"]), "testing": intervals(["age", "distance"])},
            unit="log-odds",
            reference=0.0,
        )
    )
    assert {"risk", "testing", "age", "distance", "log-odds"} <= set(shown)


def test_sensitivity_marks_the_value_used_and_doubtful_sampling():
    table = intervals([0.01, 0.02, 0.04]).assign(
        used=[False, True, False],
        healthy=[True, True, False],
        failed=["known prevalence", "", ""],
    )
    figure = sensitivity(table.rename_axis("prevalence"), "mean risk", truth=0.2)
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("prevalence", "mean risk")
    marked = {
        line.get_label(): (flat(line.get_xdata()), line.get_markerfacecolor())
        for line in axes.lines
        if not line.get_label().startswith("_")
    }
    assert marked["the value used"][0] == [0.02]
    assert marked["a check fails"] == ([0.01, 0.04], axes.get_facecolor())
    assert "truth 0.2" in words(figure)


def test_sensitivity_takes_text_values():
    table = (
        intervals(["none", "distance"])
        .assign(used=[True, False], healthy=True)
        .rename_axis("expertise")
    )
    axes = sensitivity(table, "mean risk").axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        "none",
        "distance",
    ]


def test_sensitivity_to_two_assumptions_draws_a_curve_for_each_value_of_the_second():
    grid = pd.MultiIndex.from_product(
        [[0.01, 0.02, 0.04], [0.5, 1.0]], names=["prevalence", "response"]
    )
    table = intervals(grid).assign(
        used=[False] * 3 + [True] + [False] * 2, healthy=True
    )
    figure = sensitivity(table, "mean risk")
    curves = {
        line.get_label(): line
        for line in figure.axes[0].lines
        if line.get_label().startswith("response")
    }
    assert list(curves) == ["response 0.5", "response 1.0"]
    np.testing.assert_allclose(
        curves["response 1.0"].get_ydata(), table.xs(1.0, level="response")["mean"]
    )
    with pytest.raises(
        cs.ModelError, match="one assumption or two, got link, prevalence"
    ):
        sensitivity(pd.concat({"a": table}, names=["link"]), "mean risk")


def test_predictive_puts_the_observed_on_its_replications():
    replicated = np.random.default_rng(1).uniform(size=(200, 3))
    observed = np.array([0.2, 0.5, 0.7])
    prediction = Prediction(
        name="decision rate by decile",
        groups=("1", "2", "3"),
        observed=observed,
        size=np.array([10, 1200, 3]),
        replicated=replicated,
    )
    figure = predictive(prediction)
    axes = figure.axes[0]
    assert flat(axes.lines[0].get_ydata()) == flat(observed)
    drawn = [
        np.array([segment[:, 1] for segment in lines.get_segments()]).T
        for lines in axes.collections
    ]
    np.testing.assert_allclose(
        drawn[0], np.quantile(replicated, [0.025, 0.975], axis=0)
    )
    np.testing.assert_allclose(drawn[1], np.quantile(replicated, [0.25, 0.75], axis=0))
    assert axes.get_ylabel() == "decision rate" and "2 (1,200)" in words(figure)


def test_contraction_has_a_bar_for_each_parameter():
    table = pd.DataFrame(
        {
            "prior_sd": [3.0, 1.0],
            "posterior_sd": [0.3, 0.0],
            "contraction": [0.99, np.nan],
        },
        index=["age", "prevalence"],
    )
    figure = contraction(table)
    axes = figure.axes[0]
    assert [bar.get_width() for bar in axes.patches] == [0.99, 0.0]
    assert axes.get_xlim() == (0.0, 1.0)
    assert "held fixed" in words(figure)


def draws(chains: int = 4) -> xr.DataTree:
    rng = np.random.default_rng(1)
    coefficient = xr.DataArray(
        rng.normal(size=(chains, 50, 2)),
        dims=("chain", "draw", "feature"),
        coords={"feature": ["age", "distance"]},
    )
    scale = xr.DataArray(rng.gamma(2.0, size=(chains, 50)), dims=("chain", "draw"))
    group = xr.Dataset({"coefficient": coefficient, "scale": scale}).assign_coords(
        chain=range(chains), draw=range(50)
    )
    return xr.DataTree.from_dict({"posterior": group})


@pytest.mark.parametrize("plot", [posterior, trace])
@pytest.mark.parametrize("names", ["scale", ["coefficient", "scale"]])
def test_draws_have_a_panel_for_each_number(plot, names):
    figure = figure_of(plot(draws(), names))
    assert isinstance(figure, Figure)
    shown = " ".join(words(figure))
    assert all(name in shown for name in ([names] if isinstance(names, str) else names))


def test_pairs_show_the_strongest_correlations_first_and_divergences_as_crosses():
    rng = np.random.default_rng(1)
    x, noise = rng.normal(size=(2, 2, 100))
    values = {"a": x, "b": x + noise, "c": -x, "fixed": 0 * x}
    dims = ("chain", "draw")
    groups = {
        "posterior": {name: (dims, value) for name, value in values.items()},
        "sample_stats": {"diverging": (dims, x > 2)},
    }
    axes = {"chain": range(2), "draw": range(100)}
    tree = {name: xr.Dataset(group, axes) for name, group in groups.items()}
    panels = pairs(xr.DataTree.from_dict(tree), list(values)).axes
    assert [panel.get_title() for panel in panels][0] == "correlation -1.00"
    assert len(panels) == 3
    assert len(panels[0].collections[1].get_offsets()) == (x > 2).sum()


def test_trace_of_one_chain():
    assert isinstance(figure_of(trace(draws(1), ["scale"])), Figure)


def test_names_with_dollars_are_names():
    assert "cost_$ and $x^2$" in words(
        contraction(
            pd.DataFrame(
                {"prior_sd": 1.0, "posterior_sd": 0.5, "contraction": 0.75},
                index=["cost_$ and $x^2$"],
            )
        )
    )


def test_arviz_waits_until_it_is_needed():
    late = ["arviz", "arviz_plots", "pymc", "matplotlib.pyplot"]
    code = (
        "import sys, causalstats.plots.posterior_draws, causalstats.plots.causal_graph; "
        f"print([name for name in {late} if name in sys.modules])"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.1 of two colours, 1 to 21."""

    def luminance(colour) -> float:
        values = np.array(mpl.colors.to_rgb(colour))
        linear = np.where(
            values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4
        )
        return float(linear @ [0.2126, 0.7152, 0.0722])

    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def bent() -> pd.DataFrame:
    return intervals([0.01, 0.02]).assign(used=[True, False]).rename_axis("scale")


def prediction() -> Prediction:
    return Prediction(
        name="rate by site",
        groups=("north", "south"),
        observed=np.array([0.2, 0.5]),
        size=np.array([10, 20]),
        replicated=np.random.default_rng(1).uniform(size=(100, 2)),
    )


def learned() -> pd.DataFrame:
    row = {"prior_sd": 1.0, "posterior_sd": 0.5, "contraction": 0.75}
    return pd.DataFrame(row, index=["effect"])


WITH_ONE_PANEL = {
    "comparison": lambda ax: comparison(intervals(["ours", "theirs"]), 0.2, ax=ax),
    "effects": lambda ax: effects(intervals(["age"]), title="risk", ax=ax),
    "sensitivity": lambda ax: sensitivity(bent(), "risk", ax=ax),
    "predictive": lambda ax: predictive(prediction(), ax),
    "contraction": lambda ax: contraction(learned(), ax),
    "diagram": lambda ax: diagram(selective_labels(), ax),
    "string diagram": lambda ax: cs.Diagram.parse("x -> m -> y").draw(ax=ax),
    "posterior": lambda ax: figure_of(posterior(draws(2), "scale", ax)),
}


@pytest.mark.parametrize("name", WITH_ONE_PANEL)
def test_figures_are_drawn_into_axes_of_the_caller(name):
    figure = Figure(figsize=(8, 4))
    left, right = figure.subplots(1, 2)
    before = set(left.get_children())
    assert WITH_ONE_PANEL[name](right) is figure
    assert figure.axes == [left, right]
    assert set(left.get_children()) == before
    assert words(figure)


@pytest.mark.parametrize("name", WITH_ONE_PANEL)
@pytest.mark.parametrize("style", ["default", "dark_background"])
@pytest.mark.parametrize("of_the_caller", [False, True])
def test_text_is_legible_on_light_and_dark_ground(name, style, of_the_caller):
    with mpl.style.context(style):
        ax = Figure().subplots() if of_the_caller else None
        figure = WITH_ONE_PANEL[name](ax)
    figure.draw_without_rendering()
    ground = figure.get_facecolor()
    assert contrast(ground, "white" if style == "default" else "black") < 1.2
    texts = [each for each in figure.findobj(mpl.text.Text) if each.get_text()]
    assert min(contrast(each.get_color(), ground) for each in texts) > 4.5


def test_a_figure_is_saved_on_its_own_ground_whatever_the_style_is(tmp_path):
    figure = comparison(intervals(["ours"]))
    with mpl.style.context("dark_background"):
        figure.savefig(tmp_path / "figure.png")
    assert plt.imread(tmp_path / "figure.png")[0, 0, :3] == pytest.approx([1, 1, 1])


def test_figures_of_several_panels_take_as_many_axes():
    figure = Figure()
    grid = figure.subplots(2, 2)
    drawn = figure_of(trace(draws(2), "scale", grid[0]))
    assert drawn is figure and grid[0, 0].lines and not grid[1, 0].lines
    with pytest.raises(ModelError, match=r"has 2 panels.*subplots\(2\).*got 1"):
        trace(draws(2), "scale", grid[0, 0])
    with pytest.raises(ModelError, match="`ax` as axes of matplotlib.*got str"):
        comparison(intervals(["ours"]), ax="axes")


def test_ratios_are_drawn_beside_one_and_the_furthest_from_one_are_the_strongest():
    """A ratio of .2 is further from no effect than one of 1.5, and 0 is no ratio."""
    mean = np.append(np.full(40, 1.5), 0.2)
    table = pd.DataFrame({"mean": mean, "lower": mean - 0.1, "upper": mean + 0.1})
    table.index = [f"ratio {k}" for k in range(41)]
    axes = beside(table, null=1.0).axes[0]
    assert axes.get_yticklabels()[0].get_text() == "ratio 40"
    assert any(np.allclose(line.get_xdata(), 1) for line in axes.lines)
    index = pd.MultiIndex.from_product([[0.1], table.index], names=["scale", "entry"])
    kept = strongest(table.set_axis(index), "entry", null=1.0)
    assert "ratio 40" in kept.index.get_level_values("entry")


def test_every_arrow_of_a_biplot_is_within_the_axes():
    arrows = np.array([[2.0, 0.0], [-1.0, 0.5]])
    points = np.array([[-3.0, 0.0], [-2.0, 0.5], [0.2, -0.4]])
    content = BiplotView(
        points=points, arrows=arrows, labels=("a", "b"), explained=np.array([0.9, 0.1])
    )
    axes = view(content).axes[0]
    assert axes.get_xlim()[1] > 0.8 * 3


def test_one_very_wide_band_does_not_hide_the_others_and_is_said_to_go_on():
    half = np.array([400.0, 2.0, 3.0, 2.0])
    ends = np.column_stack([-half, half])
    content = IntervalPathView(
        x=np.arange(4.0),
        mean=np.zeros(4),
        interval=ends / 2,
        band=ends,
        base=0.0,
        axes=("time", "effect"),
        note="A note.",
    )
    axes = view(content).axes[0]
    assert 3 < axes.get_ylim()[1] < 4
    assert "go on beyond it" in axes.get_title(loc="left")
    alike = view(replace(content, band=np.tile([-1.0, 1.0], (4, 1)))).axes[0]
    assert "beyond" not in alike.get_title(loc="left")


def test_bounds_do_not_hide_the_intervals_of_estimates():
    table = pd.DataFrame(
        {"mean": [0.09, np.nan], "lower": [0.06, 0.0], "upper": [0.14, 1.0]},
        index=["ours", "bounds"],
    )
    axes = comparison(table, unit="probability").axes[0]
    left, right = axes.get_xlim()
    assert left <= 0.06 and right == pytest.approx(0.22)
    assert "go on beyond" in axes.get_xlabel()
    near = table.assign(upper=[0.14, 0.2], lower=[0.06, 0.05])
    assert "go on" not in comparison(near).axes[0].get_xlabel()


def test_a_long_unit_stays_within_the_figure():
    label = "imputation, errors of those never treated (Conley-Taber)"
    table = pd.DataFrame({"mean": 1.0, "lower": 0.5, "upper": 1.5}, index=[label])
    unit = "change of the share without insurance, percentage points"
    figure = comparison(table, unit=unit)
    figure.canvas.draw()
    extent = figure.axes[0].xaxis.label.get_window_extent()
    assert extent.x0 >= figure.bbox.x0 and extent.x1 <= figure.bbox.x1
