"""Pictures of string diagrams are complete, free of overlaps and the same in every format."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.path import Path

from causalstats import Diagram
from causalstats.diagrams import box, copy, discard, identity, swap
from causalstats.diagrams.drawing.picture import TINTS, combs, picture, points_along
from causalstats.diagrams.drawing.placement import nodes_and_links
from causalstats.diagrams.drawing.scene import Dot, Scene, Stroke, TextLabel, extent
from causalstats.errors import ModelError
from causalstats.numerics.layered_layout import _crossings, order, rows

SMOKING = Diagram.parse("smoking -> tar -> cancer; smoking <-> cancer")
NAPKIN = Diagram.parse("Z2 -> Z1 -> X -> Y; Z2 <-> X; Z2 <-> Y")
ASIA = Diagram.parse(
    "asia -> tub; smoke -> lung, bronc; tub, lung -> either; either -> xray; either, bronc -> dysp"
)
TWIN = (
    SMOKING.twin()
    .do({"smoking'": 0})
    .observe({"smoking": 1})
    .marginal("cancer'")
    .pruned()
)


def random_model(seed: int) -> Diagram:
    rng = np.random.default_rng(seed)
    names = [
        f"variable {rank}"[: int(rng.integers(9, 11))]
        for rank in range(int(rng.integers(2, 8)))
    ]
    names = [f"{name}{rank}" for rank, name in enumerate(names)]
    arrows = [
        f'"{names[i]}" -> "{names[j]}"'
        for j in range(len(names))
        for i in range(j)
        if rng.random() < 0.45
    ]
    arrows += [
        f'"{names[i]}" <-> "{names[j]}"'
        for j in range(len(names))
        for i in range(j)
        if rng.random() < 0.15
    ]
    return Diagram.parse("; ".join([*(f'"{name}"' for name in names), *arrows]))


DRAWN = {
    "smoking": SMOKING,
    "cut": SMOKING.cut("smoking"),
    "napkin": NAPKIN,
    "asia": ASIA,
    "twin": TWIN,
    "twins": SMOKING.twin(),
}
DRAWN |= {
    "edge": SMOKING.edge_do("tar", "cancer", 1).open("smoking"),
    "alone": Diagram.parse("a; hidden: h"),
}
DRAWN |= {f"random {seed}": random_model(seed) for seed in range(8)}


def corners(shape) -> tuple[float, float, float, float]:
    points = np.array(extent(shape))
    return (*points.min(axis=0), *points.max(axis=0))


def along(stroke: Stroke) -> np.ndarray:
    """Points on a path, close together."""
    codes = {"M": Path.MOVETO, "L": Path.LINETO, "C": Path.CURVE4}
    path = Path(
        [point for _, part in stroke.path for point in part],
        [codes[name] for name, part in stroke.path for _ in part],
    )
    (flat,) = path.to_polygons(closed_only=False)
    return Path(flat).interpolated(40).vertices


def wires(scene: Scene) -> list[Stroke]:
    return [
        shape
        for shape in scene.marks
        if isinstance(shape, Stroke)
        and shape.fill is None
        and shape.colour not in TINTS.values()
    ]


@pytest.mark.parametrize("diagram", DRAWN.values(), ids=DRAWN)
def test_boxes_labels_and_wires_do_not_overlap(diagram):
    scene = picture(diagram)
    labels = [corners(shape) for shape in scene.marks if isinstance(shape, TextLabel)]
    bodies = [
        corners(shape)
        for shape in scene.marks
        if isinstance(shape, Stroke) and shape.fill
    ]
    for number, (left, low, right, high) in enumerate(labels):
        for left2, low2, right2, high2 in labels[:number]:
            assert left >= right2 or left2 >= right or low >= high2 or low2 >= high
    for wire in wires(scene):
        points = along(wire)
        for left, low, right, high in [*labels, *bodies]:
            inside = (
                (points[:, 0] > left + 1.5)
                & (points[:, 0] < right - 1.5)
                & (points[:, 1] > low + 2.5)
                & (points[:, 1] < high - 2.5)
            )
            assert not inside.any()
    assert all(corner >= 0 for shape in scene.marks for corner in corners(shape)[:2])
    assert (
        max(corners(shape)[2] for shape in scene.marks) <= scene.size[0]
        and max(corners(shape)[3] for shape in scene.marks) <= scene.size[1]
    )


@pytest.mark.parametrize("diagram", DRAWN.values(), ids=DRAWN)
def test_every_box_output_and_copy_is_drawn(diagram):
    scene = picture(diagram)
    texts = [shape.text for shape in scene.marks if isinstance(shape, TextLabel)]
    for wire in diagram.outputs:
        assert texts.count(diagram.wires[wire].label) >= 1
    assert len(texts) == len(diagram.boxes) + len(diagram.outputs) + len(diagram.inputs)
    taken = [wire for box in diagram.boxes for wire in box.inputs] + list(
        diagram.outputs
    )
    assert sum(isinstance(shape, Dot) for shape in scene.marks) == sum(
        taken.count(wire) > 1 for wire in range(len(diagram.wires))
    )


@pytest.mark.parametrize(
    ("diagram", "crossings"),
    [(SMOKING, 0), (SMOKING.cut("smoking"), 0), (NAPKIN, 2), (ASIA, 1), (TWIN, 0)],
)
def test_layouts_have_the_fewest_possible_crossings(diagram, crossings):
    nodes, links = nodes_and_links(diagram)
    row = rows(nodes, links)
    lines = order(row, links, free=True)
    hops = [[] for _ in lines]
    for number, link in enumerate(links):
        steps = [
            link.tail,
            *(
                ("via", number, depth)
                for depth in range(row[link.tail] + 1, row[link.head])
            ),
            link.head,
        ]
        for depth, (tail, head) in enumerate(
            zip(steps[:-1], steps[1:], strict=True), row[link.tail]
        ):
            hops[depth].append((tail, 0.0, head, 0.0))
    assert _crossings(lines, hops) <= crossings


def test_terms_keep_the_order_of_their_ports_and_ends():
    term = (
        (box("f", "a", ("b", "c")) @ identity("d"))
        >> (identity("b") @ swap("c", "d"))
        >> (copy("b") @ discard("d") @ box("g", "c", ("a", "a")))
    )
    scene = picture(term)
    ends = sorted(
        shape.at
        for shape in scene.marks
        if isinstance(shape, TextLabel)
        and shape.bold
        and shape.at[1] > scene.size[1] / 2
    )
    texts = {
        shape.at: shape.text for shape in scene.marks if isinstance(shape, TextLabel)
    }
    assert (
        [texts[at] for at in ends]
        == [wire.label for wire in term.cod]
        == ["b", "b", "a", "a"]
    )
    crossed = picture(swap("a", "b"))
    paths = [along(wire) for wire in wires(crossed)]
    assert (paths[0][0, 0] - paths[1][0, 0]) * (paths[0][-1, 0] - paths[1][-1, 0]) < 0


def test_combs_are_the_districts_joined_by_hidden_wires():
    assert combs(SMOKING, "smoking") == {
        "f": ("u_cancer_smoking", "smoking", "cancer"),
        "g": ("tar",),
    }
    assert combs(SMOKING, "tar") == {
        "f": ("tar",),
        "g": ("u_cancer_smoking", "smoking", "cancer"),
    }
    tinted = picture(SMOKING, combs(SMOKING, "smoking"))
    assert (
        sum(
            isinstance(shape, Stroke) and shape.fill == TINTS["f"]
            for shape in tinted.marks
        )
        == 3
    )
    assert (
        sum(
            isinstance(shape, Stroke) and shape.fill == TINTS["g"]
            for shape in tinted.marks
        )
        == 1
    )


def test_svg_is_valid_deterministic_and_names_every_variable():
    awkward = Diagram.parse('"a<b" -> "c & d"')
    page = ElementTree.fromstring(awkward.to_svg())
    texts = [element.text for element in page.iter("{http://www.w3.org/2000/svg}text")]
    assert sorted(texts) == ["a<b", "a<b", "c & d", "c & d"]
    assert SMOKING.cut("smoking").to_svg(SMOKING, comb="smoking") == SMOKING.cut(
        "smoking"
    ).to_svg(SMOKING, comb="smoking")
    assert SMOKING._repr_svg_() == SMOKING.to_svg()


def test_tikz_is_balanced_and_escaped():
    code = Diagram.parse('"50%_a" -> "b{c}"').to_tikz()
    assert r"50\%\_a" in code and r"b\{c\}" in code
    bare = re.sub(r"\\[{}]", "", code)
    assert (
        bare.count("{") == bare.count("}")
        and code.count("begin{tikzpicture}") == code.count("end{tikzpicture}") == 1
    )
    assert all(line.endswith(";") for line in code.splitlines()[1:-1])


def test_figures_describe_surgery_and_fit_into_given_axes():
    after = SMOKING.cut("smoking")
    figure = after.draw(SMOKING, comb="smoking")
    texts = " ".join(text.get_text() for text in figure.axes[0].texts)
    assert after.steps[0].words in texts and texts.count("cancer") >= 4
    page = Figure(figsize=(2, 2))
    assert SMOKING.draw(ax=page.add_subplot(1, 2, 1)) is page
    assert 0 < page.axes[0].texts[0].get_fontsize() < 9  # made smaller to fit
    assert identity().draw().axes[0].texts[0].get_text() == "the empty diagram"


def test_labels_stand_beside_arrows_and_dark_pictures_have_a_dark_ground():
    diagram = Diagram.parse("x -> m -> y; x <-> y")
    picture = diagram.to_svg(labels={"x -> m": "0.31 (0.28 to 0.35)"}, dark=True)
    assert ">0.31 (0.28 to 0.35)<" in picture
    assert 'fill="#14191f"' in picture and 'fill="white"' not in picture
    assert 'fill="#14191f"' not in diagram.to_svg()
    assert type(diagram.draw(labels={"m -> y": "0.2"})).__name__ == "Picture"
    with pytest.raises(ModelError, match="arrows of the diagram"):
        diagram.draw(labels={"y -> x": "0.2"})


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        ("smoking -> tar -> cancer; smoking <-> cancer", "smoking"),
        ("size -> treatment, stone; treatment -> stone", "treatment"),
        ("a -> b -> c -> d; a -> d; b <-> d", "a"),
    ],
)
def test_the_letter_of_a_comb_stands_on_no_wire_and_no_box(text, variable):
    diagram = Diagram.parse(text)
    scene = picture(diagram, combs(diagram, variable))
    letters = [m for m in scene.marks if isinstance(m, TextLabel) and m.text in "fg"]
    grounds = {m.fill for m in scene.marks if isinstance(m, Stroke)} & {*TINTS.values()}
    lines = [m for m in scene.marks if isinstance(m, Stroke) and m.fill is None]
    points = [p for m in lines for p in points_along(m.path) if m.width < 5]
    assert len(letters) == len(grounds) > 0
    for x, y in (letter.at for letter in letters):
        assert min(max(abs(x - a), abs(y - b)) for a, b in points) > 4
